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
use crate::decisions::{Effect, Expiry, Identity, Target};

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

impl Desk {
    /// Enters a decision on the upload `id` in the log; none where there is no such upload.
    pub(super) fn decide(
        &self,
        id: &str,
        wish: Wish,
    ) -> Result<Option<(UploadRow, ReviewRow)>, DecideError> {
        let _one = self.deciding.lock().unwrap_or_else(PoisonError::into_inner);
        // What was decided elsewhere counts, too.
        self.take_reviews()?;
        let Some(upload) = self.store.upload(id)? else { return Ok(None) };
        if wish.seen.is_some_and(|seen| seen != upload.revision) {
            return Err(DecideError::Conflict);
        }
        let path = self.log().ok_or(DecideError::NoLog)?;
        let now = Timestamp::now();
        let until = wish.until.as_deref().filter(|text| !text.trim().is_empty());
        let until = until.map(|text| Expiry::parse(text, now)).transpose()?;
        if until.is_some() && !matches!(wish.action, Action::Pass | Action::Park) {
            return Err(DecideError::NoEnd(wish.action.name()));
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
            targets: self.targets(&upload, &wish)?,
            undoes: self.undone(&upload, wish.action)?,
        };
        let done = review(&path, now, proposal)?;
        done.repaired.iter().for_each(|torn| self.say(&torn.repaired()));
        self.metrics.decided();
        let known = self.store.log_read()?;
        let before = done.before;
        // Where the log is as it was known, there is no need to read all of it again.
        if (before.entries, before.head) == known || (known.0 == 0 && before.entries == 0) {
            let taken = (done.seq, done.at.to_string(), done.entry);
            self.store.take_reviews(&[taken], &(done.seq, done.head), false)?;
        } else {
            self.take_reviews()?;
        }
        let row = self.store.upload(id)?;
        let last = self.store.reviews(id)?.pop();
        Ok(row.zip(last))
    }

    /// What is allowed or blocked with a decision.
    fn targets(
        &self,
        upload: &UploadRow,
        wish: &Wish,
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
                Reach::File => file(Effect::Allow),
                Reach::Matches => self.pairs(upload),
            },
            Action::Hold | Action::Park | Action::Reopen => Ok(Vec::new()),
        }
    }

    /// The file with each reference that it matches, unless that is allowed already.
    fn pairs(&self, upload: &UploadRow) -> Result<Vec<(Effect, Target)>, DecideError> {
        let matches = self.matches_of(upload)?;
        let standing = matches.iter().filter(|m| m.accepted && m.allowed_by.is_none());
        let mut targets = Vec::new();
        for m in standing {
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

    /// What a reopening takes back.
    fn undone(
        &self,
        upload: &UploadRow,
        action: Action,
    ) -> Result<Option<(String, Vec<String>)>, DecideError> {
        let last = self.store.reviews(&upload.id)?.pop();
        let last = last.filter(|review| review.action != Action::Reopen);
        match (action, last) {
            (Action::Reopen, None) => Err(DecideError::NothingToUndo),
            // Another decision takes the place of the one before, with all that was made with it.
            (_, Some(review)) => Ok(Some((review.id, review.rulings))),
            (_, None) => Ok(None),
        }
    }
}

/// How far a pass reaches unless that is said: to the matches that speak against it, where there are any.
pub(super) fn reach_of(upload: &UploadRow) -> Reach {
    if upload.matches > 0 { Reach::Matches } else { Reach::File }
}
