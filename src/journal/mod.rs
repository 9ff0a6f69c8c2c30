//! Files that are whole whatever happens to the process that writes them.
//!
//! A process may be killed, and a machine may lose power, between any two steps of a program. Three
//! ideas keep what is on disk readable all the same:
//!
//! - A [`Lock`]: one process at a time. The system takes it back when the process ends, however it
//!   ends, so that none is ever left behind.
//! - A [`Draft`]: a file is written beside the one it replaces, synced (its bytes are on the disk, not
//!   only handed to the system) and renamed. A rename happens in one step: whoever opens the file sees
//!   the old one or the new one, never a part.
//! - A [`LineFile`]: lines are only ever added, whole ones, synced before success is reported. A run
//!   that is killed leaves at most a *torn end*: a last line without its newline. [`Lines`] tells it
//!   apart, and the next writer cuts it off or completes it.
//!
//! What the lines and files mean is for the layers above.

mod draft;
mod line_file;
mod lines;
mod lock;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

pub use draft::{Draft, set_aside};
pub use line_file::{Ending, LineFile, read_committed};
pub use lines::{Line, LineError, Lines};
pub use lock::Lock;

/// Why a file cannot be had or replaced.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Somebody else holds the lock.
    #[error("{} is locked", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot use {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl Error {
    fn io(path: &Path) -> impl FnOnce(io::Error) -> Error + '_ {
        |source| Error::Io { path: path.to_owned(), source }
    }
}

/// The bare cause, for callers that name the file themselves.
impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        match error {
            Error::Io { source, .. } => source,
            Error::Locked { .. } => io::Error::new(io::ErrorKind::WouldBlock, error),
        }
    }
}

/// The folder that holds `file`.
fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes new names in a folder last through a loss of power. Only Unix lets a folder be synced.
fn sync_folder(folder: &Path) -> io::Result<()> {
    match cfg!(unix) {
        true => File::open(folder)?.sync_all(),
        false => Ok(()),
    }
}
