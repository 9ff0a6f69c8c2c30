//! What the service remembers, in a folder of its own: jobs and uploads in SQLite, records and audio as files.
//!
//! ```text
//! STATE/desk.sqlite      jobs, uploads, where their records stand; a copy of the reviews
//! STATE/records/j_….jsonl  the records of each job, as `scan --format jsonl` writes them
//! STATE/uploads/j_…/     audio that was sent, with what was declared about it
//! STATE/cache/           what can be made again
//! ```
//!
//! Decisions are not kept here: the log of decisions is the authority, and what the tables say of it is a copy.
//! What is acknowledged is on disk: every change is one transaction, synced before it is answered.

mod accounts;
mod checks;
mod jobs;
mod notes;
mod quality;
mod reviews;
mod rows;
mod schema;
mod uploads;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::journal::{self, Lock};

pub use accounts::{DayRow, Used, UsedRow};
pub use checks::Check;
pub use jobs::{Job, JobState, NewJob, Source, Submitted};
pub use notes::Note;
pub use quality::{Audited, FilterRow, Tally};
pub use reviews::ReviewRow;
pub use rows::{ClusterRow, LineRow, NewCluster, NewUpload, Status, UploadRow, Verdict};
pub use uploads::{Counts, Filter, Order};

/// How long a writer waits for another.
const BUSY: Duration = Duration::from_secs(30);
/// Connections that are kept for reading.
const MAX_READERS: usize = 8;

/// Why the state cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// A file or folder of it.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another service has it.
    #[error(transparent)]
    Locked(#[from] journal::Error),
    /// A later version wrote it.
    #[error("{path} was written by a later version of this program")]
    Later {
        /// The file.
        path: PathBuf,
    },
    /// The database.
    #[error("the state cannot be read or written: {0}")]
    Database(#[from] rusqlite::Error),
    /// What stands in it.
    #[error("the state holds something that cannot be read: {0}")]
    Content(#[from] serde_json::Error),
}

impl StateError {
    fn io(path: &Path) -> impl FnOnce(std::io::Error) -> StateError {
        let path = path.to_owned();
        move |source| StateError::Io { path, source }
    }
}

/// The state of one service.
pub struct Store {
    dir: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    _lock: Lock,
}

impl Store {
    /// Opens the state in `dir`, or begins it.
    ///
    /// # Errors
    /// It cannot be written, another service uses it, or a later version wrote it.
    pub fn open(dir: &Path) -> Result<Store, StateError> {
        for folder in [dir.to_owned(), dir.join("records"), dir.join("uploads"), dir.join("cache")]
        {
            std::fs::create_dir_all(&folder).map_err(StateError::io(&folder))?;
        }
        // Audio, names of accounts: for nobody else on the machine.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let private = std::fs::Permissions::from_mode(0o700);
            std::fs::set_permissions(dir, private).map_err(StateError::io(dir))?;
        }
        let dir = dir.canonicalize().map_err(StateError::io(dir))?;
        let lock = Lock::take(&dir.join("lock"))?;
        let path = dir.join("desk.sqlite");
        let mut db = Connection::open(&path)?;
        db.busy_timeout(BUSY)?;
        db.pragma_update(None, "journal_mode", "wal")?;
        // What was answered is on disk, even if power is lost.
        db.pragma_update(None, "synchronous", "full")?;
        db.pragma_update(None, "foreign_keys", true)?;
        if !schema::migrate(&mut db)? {
            return Err(StateError::Later { path });
        }
        Ok(Store { dir, writer: Mutex::new(db), readers: Mutex::default(), _lock: lock })
    }

    /// Removes what requests left that were never acknowledged.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn tidy(&self) -> Result<(), StateError> {
        let folder = self.dir.join("uploads");
        for entry in std::fs::read_dir(&folder).map_err(StateError::io(&folder))?.flatten() {
            let name = entry.file_name();
            let Some(job) = name.to_str().filter(|name| name.starts_with("j_")) else { continue };
            if self.job(job)?.is_none() {
                // What cannot be removed is in nobody's way.
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
        Ok(())
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where the records of a job stand.
    pub fn records(&self, job: &str) -> PathBuf {
        self.dir.join("records").join(format!("{job}.jsonl"))
    }

    /// Where what was sent for a job lies.
    pub fn folder(&self, job: &str) -> PathBuf {
        self.dir.join("uploads").join(job)
    }

    /// Where what can be made again is kept.
    pub fn cache(&self) -> PathBuf {
        self.dir.join("cache")
    }

    fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StateError>,
    ) -> Result<T, StateError> {
        let mut db = locked(&self.writer);
        let change = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&change)?;
        change.commit()?;
        Ok(done)
    }

    fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StateError>,
    ) -> Result<T, StateError> {
        let waiting = locked(&self.readers).pop();
        let db = match waiting {
            Some(db) => db,
            None => {
                let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                let db = Connection::open_with_flags(self.dir.join("desk.sqlite"), flags)?;
                db.busy_timeout(BUSY)?;
                db
            }
        };
        let done = work(&db);
        let mut readers = locked(&self.readers);
        if readers.len() < MAX_READERS {
            readers.push(db);
        }
        done
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
