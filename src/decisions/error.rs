//! Why a log of decisions cannot be used.

use std::io;
use std::path::PathBuf;

use super::entry::Fault;

/// Why a log cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// It cannot be opened, read or written.
    #[error("cannot use the decision log {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A folder, a pipe or the like.
    #[error("{} is no file, so it cannot be a decision log", path.display())]
    NotAFile {
        /// What was named.
        path: PathBuf,
    },
    /// A line of it is not what it should be.
    #[error("the decision log {} is damaged at line {line}: {fault}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// First line at fault, from 1.
        line: u64,
        /// What is wrong with it.
        fault: Fault,
    },
    /// Fewer entries are there than were.
    #[error(
        "the decision log {} holds {found} entries, but {expected} were written: it was cut, emptied or taken \
         away; put back a copy of it or, if it is to begin anew, remove {}",
        path.display(), anchor.display()
    )]
    Shorter {
        /// The file.
        path: PathBuf,
        /// Entries in it.
        found: u64,
        /// Entries that there were.
        expected: u64,
        /// What says so.
        anchor: PathBuf,
    },
    /// Two logs of one index.
    #[error(
        "the decision logs {} and {} say different things, and both belong to one index: put one of them \
         aside, or name the right one with --decisions", path.display(), other.display()
    )]
    Disagree {
        /// The one.
        path: PathBuf,
        /// The other.
        other: PathBuf,
    },
    /// What was to be written does not fit.
    #[error("cannot write to the decision log {}: {fault}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// The cause.
        fault: Fault,
    },
}
