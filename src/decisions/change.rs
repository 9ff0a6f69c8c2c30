//! Makes decisions, and takes them back.

use std::path::Path;

use jiff::Timestamp;

use super::active::{Decisions, Status};
use super::clean;
use super::decision::{Decision, Effect, MAX_NAME, MAX_REASON, Target};
use super::entry::{Event, Revocation, Ruling};
use super::log::{Appender, LogError, Torn};
use super::terms::Expiry;

/// What is to be decided.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// What follows.
    pub effect: Effect,
    /// What it is about.
    pub target: Target,
    /// Why; required.
    pub reason: String,
    /// Who decides; required.
    pub who: String,
    /// Until when it holds.
    pub expires: Option<Expiry>,
    /// State of the index it is decided on.
    pub index_id: Option<String>,
}

/// Why nothing was decided.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// The log cannot be used.
    #[error(transparent)]
    Log(#[from] LogError),
    /// No reason given.
    #[error("a decision needs a reason")]
    NoReason,
    /// Nobody decides.
    #[error("a decision needs the name of who makes it")]
    Nobody,
    /// No decision of this identifier.
    #[error("{id}: there is no such decision")]
    Unknown {
        /// As given.
        id: String,
    },
    /// A decision of the other kind.
    #[error("{id} does not {} but {} something", wanted.name(), found.name())]
    OtherEffect {
        /// As given.
        id: String,
        /// What was to be taken back.
        wanted: Effect,
        /// What it is.
        found: Effect,
    },
    /// It was taken back before.
    #[error("{id} was removed already, on {at} by {who}")]
    Revoked {
        /// As given.
        id: String,
        /// When.
        at: Timestamp,
        /// By whom.
        who: String,
    },
}

/// A change that was made.
#[derive(Debug, Clone)]
pub struct Change {
    /// The decision made or taken back.
    pub decision: Decision,
    /// What a killed run had left incomplete in the log, repaired before.
    pub repaired: Option<Torn>,
}

/// Writes a decision into the log at `path`, which is created if need be.
pub fn decide(path: &Path, now: Timestamp, proposal: Proposal) -> Result<Change, ChangeError> {
    let (reason, who) = explained(&proposal.reason, &proposal.who)?;
    let mut log = Appender::open(path, now)?;
    let Proposal { effect, target, expires, index_id, .. } = proposal;
    let ruling = Ruling { id: log.chain().next_id(), target, reason, who, expires, index_id };
    let entry = log.push(match effect {
        Effect::Allow => Event::Allow(ruling.clone()),
        Effect::Block => Event::Block(ruling.clone()),
    })?;
    let repaired = log.torn();
    log.commit()?;
    let Ruling { id, target, reason, who, expires, index_id } = ruling;
    let decision = Decision { id, effect, target, reason, who, at: entry.at, expires, index_id };
    Ok(Change { decision, repaired })
}

/// Takes back the decision `id`, which must be an `effect`. All of the log is checked on the way.
pub fn revoke(
    path: &Path,
    now: Timestamp,
    effect: Effect,
    id: &str,
    reason: &str,
    who: &str,
) -> Result<Change, ChangeError> {
    let (reason, who) = explained(reason, who)?;
    let mut log = Appender::open(path, now)?;
    let decisions = Decisions::from_entries(&mut log.entries()?, now)?;
    let Some((decision, status)) = decisions.get(id) else {
        return Err(ChangeError::Unknown { id: clean(id, MAX_NAME) });
    };
    let id = decision.id.clone();
    if decision.effect != effect {
        return Err(ChangeError::OtherEffect { id, wanted: effect, found: decision.effect });
    }
    if let Status::Revoked { at, who, .. } = status {
        return Err(ChangeError::Revoked { id, at: *at, who: who.clone() });
    }
    log.push(Event::Revoke(Revocation { id, reason, who }))?;
    let repaired = log.torn();
    let decision = decision.clone();
    log.commit()?;
    Ok(Change { decision, repaired })
}

pub(super) fn explained(reason: &str, who: &str) -> Result<(String, String), ChangeError> {
    let (reason, who) = (clean(reason, MAX_REASON), clean(who, MAX_NAME));
    // Nor is the "…" of a command that is offered.
    if !reason.contains(char::is_alphanumeric) {
        return Err(ChangeError::NoReason);
    }
    if who.is_empty() {
        return Err(ChangeError::Nobody);
    }
    Ok((reason, who))
}
