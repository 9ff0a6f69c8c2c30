//! What can go wrong, for whoever calls the engine.

use std::io;
use std::path::PathBuf;

use soundalike_index::Error as IndexError;

use crate::audio::AudioError;
use crate::decisions::LogError;
use crate::policy::PackError;

/// Why the engine could not do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file cannot be read, or is no audio that can be decoded.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// An index cannot be opened, read or written.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// Peaks could not be kept in a temporary folder while they were needed.
    #[error("cannot keep peaks in a temporary folder: {0}")]
    Scratch(#[source] IndexError),
    /// The log of decisions cannot be used.
    #[error(transparent)]
    Decisions(#[from] LogError),
    /// A policy cannot be used.
    #[error(transparent)]
    Policy(#[from] PackError),
    /// Matches were asked for, but there are no references to find.
    #[error("there is nothing to compare with: the engine was given no references")]
    NothingToCompareWith,
    /// Tracks were to be compared with those of an index by what they play, but it was made without that.
    #[error("{}: indexed without what the tracks play; add them again with --works", dir.display())]
    IndexWithoutWorks {
        /// The index.
        dir: PathBuf,
    },
    /// Records could not be written.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
}
