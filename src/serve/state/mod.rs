//! What the service remembers, in a folder of its own: jobs and uploads in SQLite, records and audio as files.
//!
//! ```text
//! STATE/desk.sqlite      jobs, uploads, where their records stand; a copy of the reviews
//! STATE/records/j_….jsonl  the records of each job, as `scan --format jsonl` writes them
//! STATE/uploads/j_…/     audio that was sent, with what was declared about it
//! STATE/cache/           what can be made again
//! STATE/jobs, notes.jsonl, acts.jsonl  of which, with records and log, the tables can be made anew
//! ```
//!
//! Decisions are not kept here: the log of decisions is the authority, and what the tables say of it is a copy.
//! What is acknowledged is on disk: every change is one transaction, synced before it is answered.

mod accounts;
mod acts;
mod backup;
mod checks;
mod erase;
mod jobs;
mod kept;
mod messages;
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
pub use acts::Act;
pub use backup::{Backup, backup};
pub use checks::Check;
pub use erase::{Erasure, Kept};
pub use jobs::{Delivery, Job, JobState, NewJob, Source, Submitted};
pub use messages::{EVENTS, Message, Wants};
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
    /// The tables know nothing of jobs that were taken.
    #[error(
        "{dir} holds jobs of which its tables know nothing: they were lost or taken away; make them anew with \
         `soundalike desk rebuild --state {dir}`, or put back a copy"
    )]
    Lost {
        /// The folder.
        dir: PathBuf,
    },
    /// The system gives no random numbers.
    #[error("no name can be made: {0}")]
    Random(String),
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
    /// Held by who adds to remarks and acts, and by who writes them anew: a line added in between would be lost.
    journals: Mutex<()>,
    readers: Mutex<Vec<Connection>>,
    /// Who is told of what.
    wants: Mutex<Vec<Wants>>,
    _lock: Lock,
}

impl Store {
    /// Opens the state in `dir`, or begins it.
    ///
    /// # Errors
    /// It cannot be written, another service uses it, or a later version wrote it.
    pub fn open(dir: &Path) -> Result<Store, StateError> {
        // Not in silence with empty tables where there were others: what was taken stands in a file each.
        let has_tables = std::fs::metadata(dir.join("desk.sqlite")).is_ok_and(|m| m.len() > 0);
        let has_jobs =
            std::fs::read_dir(dir.join("jobs")).is_ok_and(|mut all| all.next().is_some());
        if has_jobs && !has_tables {
            return Err(StateError::Lost { dir: dir.to_owned() });
        }
        Store::open_with(dir, false).map(|(store, _)| store)
    }

    /// The same with empty tables, whatever there was; where those of before are, if there were any.
    ///
    /// # Errors
    /// As for [`Store::open`].
    pub fn open_anew(dir: &Path) -> Result<(Store, Option<PathBuf>), StateError> {
        Store::open_with(dir, true)
    }

    fn open_with(dir: &Path, anew: bool) -> Result<(Store, Option<PathBuf>), StateError> {
        for folder in ["", "records", "uploads", "cache", "jobs"].map(|name| dir.join(name)) {
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
        let before = if anew { backup::set_aside(&path)? } else { None };
        let mut db = Connection::open(&path)?;
        db.busy_timeout(BUSY)?;
        db.pragma_update(None, "journal_mode", "wal")?;
        // What was answered is on disk, even if power is lost.
        db.pragma_update(None, "synchronous", "full")?;
        db.pragma_update(None, "foreign_keys", true)?;
        // What was erased is overwritten.
        db.pragma_update(None, "secure_delete", true)?;
        if !schema::migrate(&mut db)? {
            return Err(StateError::Later { path });
        }
        let (writer, readers, wants) = (Mutex::new(db), Mutex::default(), Mutex::default());
        let journals = Mutex::default();
        let store = Store { dir, writer, journals, readers, wants, _lock: lock };
        if !anew {
            store.keep_older_acts()?;
        }
        Ok((store, before))
    }

    /// Removes what requests left that were never acknowledged. A job that was written down, with all that was sent, is
    /// taken: whoever sent it may know of it, if tables of before were put back.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn tidy(&self) -> Result<(), StateError> {
        self.take_kept_jobs()?;
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
