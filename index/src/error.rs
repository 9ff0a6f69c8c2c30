//! What can go wrong, with the file it went wrong in.

use std::path::{Path, PathBuf};

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Every failure of the index. Files are hostile until proven otherwise, so damage is an ordinary
/// value here and never a panic.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused an operation on a file.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file or folder concerned.
        path: PathBuf,
        /// The cause as reported by the system.
        source: std::io::Error,
    },
    /// The lock or the manifest is not the one that the writer had: another one may be at work.
    #[error(
        "{path}: it was removed or replaced while this process wrote to the index, so another may write to it, \
         too; nothing of this change was kept: try again", path = path.display()
    )]
    Displaced {
        /// The lock, or the manifest.
        path: PathBuf,
    },
    /// Another writer holds the index.
    #[error("{path}: another process is writing to this index", path = path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// The folder holds no index.
    #[error("{path}: not an index (no MANIFEST)", path = path.display())]
    NotAnIndex {
        /// The folder.
        path: PathBuf,
    },
    /// A file is damaged, truncated or inconsistent.
    #[error("{path}: damaged index file: {what}", path = path.display())]
    Corrupt {
        /// The damaged file.
        path: PathBuf,
        /// What does not hold.
        what: String,
    },
    /// A file was written by an incompatible version of the format.
    #[error("{path}: index format version {found}, this build reads up to version {supported}: update soundalike, or make the index anew", path = path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        found: u32,
        /// The newest version that this build reads.
        supported: u32,
    },
    /// The fingerprints in the index were made with other parameters, so no comparison is valid.
    #[error("{path}: index was made with parameters [{index}], these are [{given}]", path = path.display())]
    ParamsMismatch {
        /// The index folder.
        path: PathBuf,
        /// Parameters of the index.
        index: String,
        /// Parameters of the caller.
        given: String,
    },
    /// A segment holds codes that this build can keep, but not group into cells anew.
    #[error("{path}: it holds codes of another width, which this build cannot merge: update soundalike", path = path.display())]
    OtherCodes {
        /// The segment.
        path: PathBuf,
    },
    /// A payload has a name that none may have, or that another of its track has.
    #[error("a payload cannot be called {name:?} here")]
    BadPayload {
        /// The name.
        name: String,
    },
    /// A store that is not a folder on this machine did not answer.
    #[error("{store}: {what}")]
    Store {
        /// Which one.
        store: String,
        /// What it said.
        what: String,
    },
    /// A record cannot be stored.
    #[error("{what}: {value} exceeds the limit of {limit}")]
    TooLarge {
        /// The quantity.
        what: &'static str,
        /// Its value.
        value: u64,
        /// The largest value allowed.
        limit: u64,
    },
}

impl Error {
    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        Error::Io { path: path.to_path_buf(), source }
    }

    pub(crate) fn corrupt(path: &Path, what: impl Into<String>) -> Self {
        Error::Corrupt { path: path.to_path_buf(), what: what.into() }
    }

    /// True when a file that was expected does not exist.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Error::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound)
    }
}
