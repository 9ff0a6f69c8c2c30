//! Why a sweep cannot go on.

use std::io;
use std::path::{Path, PathBuf};

use soundalike_index::Error as IndexError;

use crate::engine::Error as EngineError;

/// Why a sweep cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SweepError {
    /// A file of the state folder cannot be read or written.
    #[error("cannot use {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Another sweep uses the state folder.
    #[error("{}: another sweep is using this state", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// A file of the state folder is not what a sweep wrote.
    #[error("the state of the sweep is damaged: {}, line {line}: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
    /// The state was written by a later version.
    #[error("{}: format version {found} of a sweep's state, this build reads version {supported}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        found: u32,
        /// The version this build reads.
        supported: u32,
    },
    /// Nothing that the state knows is in the indexes.
    #[error("{}: this is the state of a sweep of other indexes: nothing that it knows is in these", path.display())]
    OtherIndexes {
        /// The state folder.
        path: PathBuf,
    },
    /// An index is damaged.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// Verdicts could not be entered in the log of decisions.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Records could not be written.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
}

impl SweepError {
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> SweepError + '_ {
        |source| SweepError::Io { path: path.to_owned(), source }
    }

    pub(super) fn damaged(path: &Path, line: u64, what: impl Into<String>) -> SweepError {
        SweepError::Damaged { path: path.to_owned(), line, what: what.into() }
    }
}
