//! What people decided: who may use what, what is never to come in again, and the log that proves it.
//!
//! Decisions are never kept anywhere but in the log: an append-only file of JSON Lines in which every
//! entry carries the hash of the one before it ([`log`]). The set in force at a time ([`active`]) is
//! computed from it. The verdicts of scans are entries of the same log, with the state of the index
//! and the versions of the policies they rest on, so that one file tells what was known, what was
//! found and who decided what, in that order.
//!
//! The chain shows edits, removals and insertions inside the log. It cannot show that entries are
//! missing at its end, nor that the whole of it was made anew; for that, compare its head with one that
//! was written down elsewhere: every scan puts it into its records.

pub mod active;
pub mod change;
pub mod decision;
pub mod entry;
mod error;
mod follow;
pub mod log;
pub mod place;
pub mod review;
mod reviewed;
pub mod terms;

pub use active::{Decisions, Status};
pub use decision::{Decision, Effect, Identity, Target};
pub use entry::{Entry, Event, Fault, VerdictEntry};
pub use follow::Followed;
pub use log::LogError;
pub use terms::Expiry;

/// `text` without control characters, trimmed, at most `max` characters long.
fn clean(text: &str, max: usize) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(max).collect()
}
