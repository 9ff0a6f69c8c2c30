//! What a reviewer decided on an upload: passed, held, refused, put aside, or taken back.
//!
//! A review is an entry of the log that carries the decisions that follow from it: passing a match allows
//! the pair of files, refusing an upload blocks its audio. All of it is one line of the log: whatever happens, either
//! the review and what follows from it are there, or nothing is. Holding and putting aside change no verdict; they
//! are remembered, that is all.

use std::collections::BTreeSet;
use std::path::Path;

use super::active::{Decisions, Status};
use super::change::{ChangeError, explained};
use super::clean;
use super::decision::{Effect, MAX_NAME, Target};
use super::entry::Event;
use super::log::{Appender, Torn};
pub use super::reviewed::{Action, Made, ReviewEntry};
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
    /// The review that is taken back.
    pub undoes: Option<String>,
    /// Decisions that end with it, as far as they are in force: those made with the review that is taken back, and
    /// what else stands in its way.
    pub ends: Vec<String>,
}

/// A review that was entered.
#[derive(Debug, Clone)]
pub struct Reviewed {
    /// The entry.
    pub entry: ReviewEntry,
    /// What a killed run had left incomplete in the log, repaired before.
    pub repaired: Option<Torn>,
}

/// Enters a review, and what follows from it, in the log at `path`, of which `known` is what was read before; it is
/// brought up to date.
///
/// # Errors
/// The log cannot be used, or reason or name are missing. Nothing is entered then.
pub fn review(
    path: &Path,
    now: Timestamp,
    proposal: Proposal,
    known: &mut Decisions,
) -> Result<Reviewed, ChangeError> {
    let (reason, who) = explained(&proposal.reason, &proposal.who)?;
    let mut log = Appender::open(path, now)?;
    known.catch_up_locked(&log, now)?;
    let p = proposal;
    // Looking again later is no end of a decision.
    let expires = p.until.filter(|_| p.action == Action::Pass);
    let targets = p.targets.into_iter().take(MAX_RULINGS).enumerate();
    let made: Vec<Made> = targets
        .map(|(at, (effect, target))| Made {
            id: log.chain().next_id_within(at),
            effect,
            target,
            expires,
        })
        .collect();
    let in_force = |id: &String| known.get(id).is_some_and(|(_, status)| *status == Status::Active);
    let ended: Vec<String> =
        p.ends.into_iter().filter(in_force).collect::<BTreeSet<_>>().into_iter().collect();
    let rulings = made.iter().map(|made| &made.id).chain(&ended).cloned().collect();
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
        made,
        ended,
        undoes: p.undoes,
    };
    log.push(Event::Review(Box::new(entry.clone())))?;
    let repaired = log.torn();
    log.commit()?;
    Ok(Reviewed { entry, repaired })
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
            ends: Vec::new(),
        }
    }

    /// The review that came of a proposal.
    fn entered(path: &Path, proposal: Proposal, known: &mut Decisions) -> ReviewEntry {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        review(path, now, proposal, known).unwrap().entry
    }

    #[test]
    fn a_pass_allows_and_taking_it_back_ends_that() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.jsonl");
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let mut known = Decisions::default();
        let targets = ["m_0123456789abcdef", "m_1123456789abcdef"]
            .map(|id| (Effect::Allow, Target::matched(id).unwrap()))
            .to_vec();
        let passed = entered(&path, Proposal { targets, ..proposal(Action::Pass) }, &mut known);
        assert_eq!(passed.rulings.len(), 2);
        let decisions = Decisions::load(&path, now).unwrap();
        for id in &passed.rulings {
            assert_eq!(decisions.get(id).unwrap().1, &Status::Active);
        }
        let (undoes, ends) = (Some(passed.id.clone()), passed.rulings.clone());
        let back = Proposal { undoes, ends, ..proposal(Action::Reopen) };
        let back = entered(&path, back, &mut known);
        let both: BTreeSet<&String> = passed.rulings.iter().collect();
        assert_eq!((back.undoes, back.ended.iter().collect()), (Some(passed.id), both));
        let decisions = Decisions::load(&path, now).unwrap();
        for id in &passed.rulings {
            assert!(matches!(decisions.get(id).unwrap().1, Status::Revoked { .. }));
        }
        let verified = log::verify(&path, None).unwrap().unwrap();
        assert_eq!(verified.chain.entries, 2, "a line each");
    }

    #[test]
    fn wherever_a_kill_cuts_the_log_a_review_is_there_with_all_that_follows_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.jsonl");
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let targets: Vec<_> = (0..MAX_RULINGS)
            .map(|n| (Effect::Allow, Target::matched(&format!("m_{n:016x}")).unwrap()))
            .collect();
        let wish = Proposal { targets, ..proposal(Action::Pass) };
        let first = entered(&path, wish.clone(), &mut Decisions::default());
        let again = Proposal {
            undoes: Some(first.id),
            ends: first.rulings.clone(),
            upload: "u_2".into(),
            ..wish
        };
        entered(&path, again, &mut Decisions::default());
        let whole = std::fs::read(&path).unwrap();
        for cut in (0..whole.len()).step_by(997).chain([whole.len() - 1, whole.len()]) {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let decisions = Decisions::load(&path, now).unwrap();
            let active = decisions.all().filter(|(_, s)| **s == Status::Active).count();
            let lines = decisions.chain().entries;
            assert_eq!(active, if lines == 0 { 0 } else { MAX_RULINGS }, "cut at {cut}");
        }
    }

    #[test]
    fn reviews_of_versions_before_are_read_with_their_decisions_beside_them() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.jsonl");
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let mut log = Appender::open(&path, now).unwrap();
        let ruling = super::super::entry::Ruling {
            id: "d_0000000000000001".into(),
            target: Target::audio(&"ab".repeat(32)).unwrap(),
            reason: "a copy".into(),
            who: "ana".into(),
            expires: None,
            index_id: None,
        };
        log.push(Event::Block(ruling)).unwrap();
        let text = format!(
            "{{\"id\":\"d_0000000000000002\",\"action\":\"reject\",\"upload\":\"u_1\",\"subject\":\"a\",\
             \"sha256\":\"{}\",\"reason\":\"a copy\",\"who\":\"ana\",\"rulings\":[\"d_0000000000000001\"]}}",
            "ab".repeat(32)
        );
        log.push(Event::Review(Box::new(serde_json::from_str(&text).unwrap()))).unwrap();
        log.commit().unwrap();
        let mut known = Decisions::load(&path, now).unwrap();
        assert!(known.is_of_a_review("d_0000000000000001"));
        assert_eq!(known.blocks_of(&"ab".repeat(32)).len(), 1);
        let (undoes, ends) =
            (Some("d_0000000000000002".into()), vec!["d_0000000000000001".to_owned()]);
        let back = Proposal { undoes, ends, ..proposal(Action::Reopen) };
        entered(&path, back, &mut known);
        assert!(Decisions::load(&path, now).unwrap().blocks_of(&"ab".repeat(32)).is_empty());
    }

    #[test]
    fn nothing_is_entered_without_a_reason() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.jsonl");
        let proposal = Proposal { reason: " … ".into(), ..proposal(Action::Hold) };
        let refused = review(&path, Timestamp::UNIX_EPOCH, proposal, &mut Decisions::default());
        assert!(matches!(refused, Err(ChangeError::NoReason)));
        assert!(!path.exists());
    }
}
