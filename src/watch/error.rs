//! Why deliveries could not be looked into, or results not be kept.

use std::io;
use std::path::PathBuf;

use crate::engine::Error as EngineError;

/// Why results cannot be kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// A file or folder cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A folder lies where a result is to be.
    #[error("{} is a folder: it is in the way of a result", path.display())]
    InTheWay {
        /// The folder.
        path: PathBuf,
    },
    /// Somebody else writes results there.
    #[error("another watch writes to this folder (it holds {})", path.display())]
    Locked {
        /// The lock.
        path: PathBuf,
    },
}

impl WatchError {
    /// [`WatchError::Io`] about `path`.
    pub fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> WatchError {
        let path = path.into();
        |source| WatchError::Io { path, source }
    }
}

/// Why a delivery could not be looked into.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// Results cannot be kept.
    #[error(transparent)]
    Watch(#[from] WatchError),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The folder of deliveries cannot be read.
    #[error("cannot look into {}: {source}", dir.display())]
    Queue {
        /// The folder.
        dir: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A result cannot be written.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
    /// One of those, with the delivery that it was met at.
    #[error("{delivery}: {source}")]
    At {
        /// Name of the delivery.
        delivery: String,
        /// The cause.
        source: Box<ServiceError>,
    },
}
