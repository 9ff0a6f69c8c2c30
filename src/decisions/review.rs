//! What a reviewer decided on an upload: passed, held, refused, put aside, or taken back.
//!
//! A review is an entry of the log of its own, beside the decisions that follow from it: passing a match allows
//! the pair of files, refusing an upload blocks its audio. Both are written in one step, the review last, so that
//! the log tells who decided what on which upload, and scans honour it without knowing of reviews. Holding and
//! putting aside change no verdict; they are remembered, that is all.

use std::path::Path;

use super::active::{Decisions, Status};
use super::change::{ChangeError, explained};
use super::clean;
use super::decision::{Effect, MAX_NAME, Target};
use super::entry::{Chain, Event, Revocation, Ruling};
use super::log::{Appender, Torn};
pub use super::reviewed::{Action, ReviewEntry};
use super::terms::Expiry;
use jiff::Timestamp;

/// Longest path kept, in characters.
const MAX_SUBJECT: usize = 4096;
/// Most decisions that follow from one review.
pub const MAX_RULINGS: usize = 200;

/// What is to be decided on an upload.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// What is done.
    pub action: Action,
    /// The upload, as the desk names it.
    pub upload: String,
    /// Its path.
    pub subject: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// The verdict it is made on.
    pub verdict: Option<String>,
    /// Why; required.
    pub reason: String,
    /// Who decides; required.
    pub who: String,
    /// Until when it holds.
    pub until: Option<Expiry>,
    /// State of the index.
    pub index_id: Option<String>,
    /// What is allowed or blocked with it.
    pub targets: Vec<(Effect, Target)>,
    /// The review that is taken back, with the decisions that were made with it.
    pub undoes: Option<(String, Vec<String>)>,
}

/// A review that was entered.
#[derive(Debug, Clone)]
pub struct Reviewed {
    /// The entry.
    pub entry: ReviewEntry,
    /// When, as the log has it.
    pub at: Timestamp,
    /// Its number in the log.
    pub seq: u64,
    /// Its hash.
    pub head: String,
    /// How long the log was before, and its head.
    pub before: Chain,
    /// What a killed run had left incomplete in the log, repaired before.
    pub repaired: Option<Torn>,
}

/// Enters a review, and what follows from it, in the log at `path`.
///
/// # Errors
/// The log cannot be used, or reason or name are missing. Nothing is entered then.
pub fn review(path: &Path, now: Timestamp, proposal: Proposal) -> Result<Reviewed, ChangeError> {
    let (reason, who) = explained(&proposal.reason, &proposal.who)?;
    let mut log = Appender::open(path, now)?;
    let (p, before) = (proposal, log.chain().clone());
    let mut rulings = Vec::new();
    for (effect, target) in p.targets.into_iter().take(MAX_RULINGS) {
        let ruling = Ruling {
            id: log.chain().next_id(),
            target,
            reason: reason.clone(),
            who: who.clone(),
            // Looking again later is no end of a decision.
            expires: p.until.filter(|_| p.action == Action::Pass),
            index_id: p.index_id.clone(),
        };
        rulings.push(ruling.id.clone());
        log.push(match effect {
            Effect::Allow => Event::Allow(ruling),
            Effect::Block => Event::Block(ruling),
        })?;
    }
    let undoes = match p.undoes {
        None => None,
        Some((id, made)) => {
            let decisions = Decisions::from_entries(&mut log.entries()?, now)?;
            let in_force = |id: &String| {
                decisions.get(id).is_some_and(|(_, status)| *status == Status::Active)
            };
            for id in made.into_iter().filter(in_force) {
                rulings.push(id.clone());
                let (reason, who) = (reason.clone(), who.clone());
                log.push(Event::Revoke(Revocation { id, reason, who }))?;
            }
            Some(id)
        }
    };
    let entry = ReviewEntry {
        id: log.chain().next_id(),
        action: p.action,
        upload: clean(&p.upload, MAX_NAME),
        subject: p.subject.chars().take(MAX_SUBJECT).collect(),
        sha256: clean(&p.sha256, MAX_NAME),
        verdict: p.verdict,
        reason,
        who,
        until: p.until,
        index_id: p.index_id,
        rulings,
        undoes,
    };
    let written = log.push(Event::Review(Box::new(entry.clone())))?;
    let repaired = log.torn();
    log.commit()?;
    Ok(Reviewed { entry, at: written.at, seq: written.seq, head: written.hash, before, repaired })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decisions::log;

    fn proposal(action: Action) -> Proposal {
        Proposal {
            action,
            upload: "u_1".into(),
            subject: "in/a.mp3".into(),
            sha256: "ab".repeat(32),
            verdict: Some("hold".into()),
            reason: "licence 2026-117".into(),
            who: "ana".into(),
            until: None,
            index_id: None,
            targets: Vec::new(),
            undoes: None,
        }
    }

    #[test]
    fn a_pass_allows_and_taking_it_back_ends_that() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.jsonl");
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let target = Target::matched("m_0123456789abcdef").unwrap();
        let targets = vec![(Effect::Allow, target)];
        let passed =
            review(&path, now, Proposal { targets, ..proposal(Action::Pass) }).unwrap().entry;
        assert_eq!(passed.rulings.len(), 1);
        let decisions = Decisions::load(&path, now).unwrap();
        assert_eq!(decisions.get(&passed.rulings[0]).unwrap().1, &Status::Active);
        let undoes = Some((passed.id.clone(), passed.rulings.clone()));
        let back = Proposal { undoes, ..proposal(Action::Reopen) };
        let back = review(&path, now, back).unwrap().entry;
        assert_eq!((back.undoes, &back.rulings), (Some(passed.id), &passed.rulings));
        let decisions = Decisions::load(&path, now).unwrap();
        assert!(matches!(decisions.get(&passed.rulings[0]).unwrap().1, Status::Revoked { .. }));
        let verified = log::verify(&path, None).unwrap().unwrap();
        assert_eq!(verified.chain.entries, 4, "allow, review, revoke, review");
    }

    #[test]
    fn nothing_is_entered_without_a_reason() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.jsonl");
        let proposal = Proposal { reason: " … ".into(), ..proposal(Action::Hold) };
        let refused = review(&path, Timestamp::UNIX_EPOCH, proposal);
        assert!(matches!(refused, Err(ChangeError::NoReason)));
        assert!(!path.exists());
    }
}
