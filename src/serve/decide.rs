//! Decisions of reviewers: into the log, and from there into the queue.

use std::sync::PoisonError;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Desk;
use super::follow::FollowError;
use super::records::RecordsError;
use super::state::{ReviewRow, StateError, UploadRow};
use crate::decisions::change::ChangeError;
use crate::decisions::decision::TargetError;
use crate::decisions::review::{Action, MAX_RULINGS, Proposal, review};
use crate::decisions::terms::TermError;
use crate::decisions::{Decision, Decisions, Effect, Expiry, Identity, Target};
use crate::report::records::MatchRecord;

/// How far a pass reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "serve", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum Reach {
    /// These matches: what is found against other references later is asked about again.
    Matches,
    /// This very file, whatever it is found to match.
    File,
}

/// What a reviewer wants.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub(super) action: Action,
    pub(super) reason: String,
    pub(super) who: String,
    pub(super) reach: Option<Reach>,
    pub(super) until: Option<String>,
    /// The revision that the reviewer has seen.
    pub(super) seen: Option<i64>,
}

/// Why nothing was decided.
#[derive(Debug, thiserror::Error)]
pub(super) enum DecideError {
    #[error("this upload was decided on meanwhile; look again")]
    Conflict,
    #[error("there is nothing to take back")]
    NothingToUndo,
    #[error(
        "it matches {0} references; that many are not allowed one by one: pass the file instead"
    )]
    TooMany(usize),
    #[error("`until` is for what is passed or parked: {0} has no end")]
    NoEnd(&'static str),
    #[error(
        "passing it would not count: {target} is blocked by {id} ({who}: {reason}); take that back first, with \
         `soundalike block remove {id}`"
    )]
    Blocked { id: String, target: String, who: String, reason: String },
    #[error("there is no log of decisions to write into")]
    NoLog,
    #[error(transparent)]
    Term(#[from] TermError),
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error(transparent)]
    Change(#[from] ChangeError),
    #[error(transparent)]
    Records(#[from] RecordsError),
    #[error(transparent)]
    Follow(#[from] FollowError),
    #[error(transparent)]
    State(#[from] StateError),
}

impl DecideError {
    fn blocked(decision: &Decision) -> DecideError {
        DecideError::Blocked {
            id: decision.id.clone(),
            target: decision.target.to_string(),
            who: decision.who.clone(),
            reason: decision.reason.clone(),
        }
    }
}

impl Desk {
    /// Enters a decision on the upload `id` in the log; none where there is no such upload.
    pub(super) fn decide(
        &self,
        id: &str,
        wish: Wish,
    ) -> Result<Option<(UploadRow, ReviewRow)>, DecideError> {
        let mut known = self.decisions.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Timestamp::now();
        // What was decided elsewhere counts, too.
        self.take_reviews_with(&mut known, now)?;
        let Some(upload) = self.store.upload(id)? else { return Ok(None) };
        if wish.seen.is_some_and(|seen| seen != upload.revision) {
            return Err(DecideError::Conflict);
        }
        let path = self.log().ok_or(DecideError::NoLog)?;
        let until = wish.until.as_deref().filter(|text| !text.trim().is_empty());
        let until = until.map(|text| Expiry::parse(text, now)).transpose()?;
        if until.is_some() && !matches!(wish.action, Action::Pass | Action::Park) {
            return Err(DecideError::NoEnd(wish.action.name()));
        }
        let (undoes, mut ends) = self.undone(&upload, wish.action)?;
        let targets = self.targets(&upload, &wish, &known)?;
        if wish.action == Action::Pass {
            ends.extend(lifted(&upload, &ends, &known)?);
        }
        let proposal = Proposal {
            action: wish.action,
            upload: upload.id.clone(),
            subject: upload.path.clone(),
            sha256: upload.sha256.clone(),
            verdict: Some(upload.verdict.name().to_owned()),
            reason: wish.reason.clone(),
            who: wish.who.clone(),
            until,
            index_id: upload.index_id.clone(),
            targets,
            undoes,
            ends,
        };
        let done = review(&path, now, proposal, &mut known)?;
        done.repaired.iter().for_each(|torn| self.say(&torn.repaired()));
        self.metrics.decided();
        self.take_reviews_with(&mut known, now)?;
        let row = self.store.upload(id)?;
        let last = self.store.reviews(id)?.pop();
        Ok(row.zip(last))
    }

    /// What is allowed or blocked with a decision.
    fn targets(
        &self,
        upload: &UploadRow,
        wish: &Wish,
        known: &Decisions,
    ) -> Result<Vec<(Effect, Target)>, DecideError> {
        if upload.sha256.is_empty() {
            return Ok(Vec::new());
        }
        let file = |effect| -> Result<_, DecideError> {
            Ok(vec![(effect, Target::audio(&upload.sha256)?)])
        };
        match wish.action {
            Action::Reject => file(Effect::Block),
            Action::Pass => match wish.reach.unwrap_or(reach_of(upload)) {
                Reach::Matches => {
                    let mut targets = self.pairs(upload, known, |_| true)?;
                    targets.extend(self.alike(upload, &targets)?);
                    Ok(targets)
                }
                Reach::File => {
                    let mut targets = file(Effect::Allow)?;
                    // A blocked reference counts for more than a file that is let through, and less than a pair.
                    let is_blocked = |m: &MatchRecord| {
                        known
                            .match_blocked(&m.query.sha256, &m.reference.ref_id, &spans(m))
                            .is_some()
                    };
                    targets.extend(self.pairs(upload, known, is_blocked)?);
                    Ok(targets)
                }
            },
            Action::Hold | Action::Park | Action::Reopen => Ok(Vec::new()),
        }
    }

    /// The file with each reference that it matches and that is `concerned`, unless that is allowed already.
    fn pairs(
        &self,
        upload: &UploadRow,
        known: &Decisions,
        concerned: impl Fn(&MatchRecord) -> bool,
    ) -> Result<Vec<(Effect, Target)>, DecideError> {
        let matches = self.matches_of(upload)?;
        let standing = matches.iter().filter(|m| m.accepted && m.allowed_by.is_none());
        let mut targets = Vec::new();
        for m in standing.filter(|m| concerned(m)) {
            let blocked = known.match_blocked(&m.query.sha256, &m.reference.ref_id, &spans(m));
            let by_pair =
                blocked.filter(|d| matches!(d.target, Target::Pair { .. } | Target::Match { .. }));
            if let Some(decision) = by_pair {
                return Err(DecideError::blocked(decision));
            }
            let sides = Identity::parse(&m.query.sha256).zip(Identity::parse(&m.reference.ref_id));
            let target = match sides.map(|(a, b)| Target::pair(a, b)) {
                Some(Ok(pair)) => pair,
                // The file is the reference: the match has a name all the same.
                _ => Target::matched(&m.match_id)?,
            };
            targets.push((Effect::Allow, target));
        }
        match targets.len() {
            n if n > MAX_RULINGS => Err(DecideError::TooMany(n)),
            _ => Ok(targets),
        }
    }

    /// Each resemblance of the upload by its name, unless it is allowed, or the two are among `targets` already.
    fn alike(
        &self,
        upload: &UploadRow,
        targets: &[(Effect, Target)],
    ) -> Result<Vec<(Effect, Target)>, DecideError> {
        let mut more = Vec::new();
        for r in self.resemblances_of(upload)? {
            let reference = Identity::parse(&r.reference.ref_id);
            let is_among = targets.iter().any(|(_, target)| match target {
                Target::Pair { b, .. } => reference.as_ref().is_some_and(|it| it.same(b)),
                _ => false,
            });
            if r.accepted && r.allowed_by.is_none() && !is_among {
                more.push((Effect::Allow, Target::matched(&r.resemblance_id)?));
            }
        }
        Ok(more)
    }

    /// The review that is taken back, and what was decided with it.
    fn undone(
        &self,
        upload: &UploadRow,
        action: Action,
    ) -> Result<(Option<String>, Vec<String>), DecideError> {
        let last = self.store.reviews(&upload.id)?.pop();
        let last = last.filter(|review| review.action != Action::Reopen);
        match (action, last) {
            (Action::Reopen, None) => Err(DecideError::NothingToUndo),
            // Another decision takes the place of the one before, with all that was made with it.
            (_, Some(review)) => Ok((Some(review.id), review.rulings)),
            (_, None) => Ok((None, Vec::new())),
        }
    }
}

/// Blocks that end with a pass of `upload`, besides those that end anyhow: of the same content, made at the desk on
/// another upload. Where the file, its account or its registrant is blocked by a decision made elsewhere, a pass would
/// say what is not so.
fn lifted(
    upload: &UploadRow,
    ends: &[String],
    known: &Decisions,
) -> Result<Vec<String>, DecideError> {
    let blocks = known.blocks_of(&upload.sha256);
    let open = blocks.iter().filter(|decision| !ends.contains(&decision.id));
    let (desk, others): (Vec<&Decision>, Vec<&Decision>) =
        open.copied().partition(|decision| known.is_of_a_review(&decision.id));
    let (account, isrc) = (upload.account.as_deref(), upload.isrc.as_deref());
    let as_reference = || {
        let blocked = known.upload_blocked(&upload.sha256, account, isrc)?;
        matches!(blocked.target, Target::Reference { .. }).then_some(blocked)
    };
    // The file is named first: what else holds is seen without it.
    let by_sender = || known.upload_blocked("", account, isrc);
    match others.first().copied().or_else(by_sender).or_else(as_reference) {
        Some(decision) => Err(DecideError::blocked(decision)),
        None => Ok(desk.into_iter().map(|decision| decision.id.clone()).collect()),
    }
}

/// Where a match runs in the reference.
fn spans(m: &MatchRecord) -> Vec<(u64, u64)> {
    m.own_segments().map(|s| (s.db_begin_time_offset_ms, s.db_end_time_offset_ms)).collect()
}

/// How far a pass reaches unless that is said: to the matches and resemblances that speak against it, where there are any.
pub(super) fn reach_of(upload: &UploadRow) -> Reach {
    if upload.matches + upload.resemblances > 0 { Reach::Matches } else { Reach::File }
}
