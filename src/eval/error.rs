//! Why an evaluation cannot be made at all.

use std::io;
use std::path::PathBuf;

/// Reason why there is no report. A single unreadable file is no such reason: it is listed in the
/// report as skipped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvalError {
    /// Known and unknown music is needed.
    #[error(
        "eval needs at least two different audio files of {shortest_s} s or more, one to index \
         and one to hold out as unknown; {usable} found"
    )]
    TooLittle {
        /// Files that can be used.
        usable: usize,
        /// Shortest query length asked for.
        shortest_s: u32,
    },
    /// An option has no sensible meaning.
    #[error("{0}")]
    Option(String),
    /// The temporary folder, or a file in it, cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Io {
        /// Folder or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The temporary index failed.
    #[error(transparent)]
    Index(#[from] soundalike_index::Error),
    /// The user asked to stop.
    #[error("interrupted")]
    Cancelled,
}
