//! A copy of the state of a running service, whole and of one moment.
//!
//! SQLite writes a copy of the database as of one transaction (`VACUUM INTO`), while the service goes on. What the
//! database tells of lies on disk before it does and is never changed in place, so it is copied after it; the log of
//! decisions is copied last, and the copy of the state catches up with it when it is opened. The folder gets its name
//! when all of it is on disk.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use serde::Serialize;

use super::StateError;
use crate::journal;

/// Name of the log in a copy.
const LOG: &str = "decisions.jsonl";
/// What is copied beside the database.
const FOLDERS: [&str; 2] = ["records", "jobs"];
const FILES: [&str; 2] = ["notes.jsonl", "acts.jsonl"];

/// What was copied.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Backup {
    /// Uploads in it.
    pub uploads: u64,
    /// Jobs in it.
    pub jobs: u64,
    /// Files, the database aside.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The log of decisions is in it.
    pub log: bool,
    /// Audio that was sent is in it.
    pub audio: bool,
}

/// Copies the state in `dir` to the new folder `to`, with the log of decisions at `log` and, if wanted, the audio that
/// was sent.
///
/// # Errors
/// Something cannot be read or written; there is no folder `to` then.
pub fn backup(
    dir: &Path,
    to: &Path,
    log: Option<&Path>,
    audio: bool,
) -> Result<Backup, StateError> {
    if to.exists() {
        let source = io::Error::new(io::ErrorKind::AlreadyExists, "it is there already");
        return Err(StateError::Io { path: to.to_owned(), source });
    }
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = to.with_file_name(name);
    let _ = std::fs::remove_dir_all(&part);
    std::fs::create_dir_all(&part).map_err(StateError::io(&part))?;
    private(&part)?;
    let copied = copy_all(dir, &part, log, audio);
    if copied.is_err() {
        let _ = std::fs::remove_dir_all(&part);
    }
    let copied = copied?;
    sync(&part)?;
    std::fs::rename(&part, to).map_err(StateError::io(to))?;
    sync(to.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new(".")))?;
    Ok(copied)
}

fn copy_all(dir: &Path, to: &Path, log: Option<&Path>, audio: bool) -> Result<Backup, StateError> {
    let mut done = Backup { audio, ..Backup::default() };
    let database = to.join("desk.sqlite");
    {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(dir.join("desk.sqlite"), flags)?;
        db.busy_timeout(super::BUSY)?;
        db.execute("VACUUM INTO ?1", [database.to_string_lossy()])?;
    }
    {
        let db = Connection::open_with_flags(&database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let sound: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
        if sound != "ok" {
            let source = io::Error::new(io::ErrorKind::InvalidData, sound);
            return Err(StateError::Io { path: database, source });
        }
        let count = |table: &str| {
            let query = format!("SELECT count(*) FROM {table}");
            db.query_row(&query, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
        };
        (done.uploads, done.jobs) = (count("uploads")?, count("jobs")?);
    }
    sync(&database)?;
    for folder in FOLDERS.into_iter().chain(audio.then_some("uploads")) {
        copy_folder(&dir.join(folder), &to.join(folder), &mut done)?;
    }
    for name in FILES {
        if dir.join(name).exists() {
            copy(&dir.join(name), &to.join(name), &mut done)?;
        }
    }
    if let Some(log) = log.filter(|log| log.exists()) {
        let target = to.join(LOG);
        let mut input = journal::read_committed(log).map_err(StateError::io(log))?;
        let mut file = File::create(&target).map_err(StateError::io(&target))?;
        io::copy(&mut input, &mut file).map_err(StateError::io(&target))?;
        file.sync_all().map_err(StateError::io(&target))?;
        done.log = true;
    }
    Ok(done)
}

fn copy_folder(from: &Path, to: &Path, done: &mut Backup) -> Result<(), StateError> {
    std::fs::create_dir_all(to).map_err(StateError::io(to))?;
    let entries = match std::fs::read_dir(from) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(StateError::io(from)(e)),
    };
    for entry in entries {
        let entry = entry.map_err(StateError::io(from))?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(StateError::io(&path))?;
        if kind.is_dir() {
            copy_folder(&path, &target, done)?;
        } else if kind.is_file() && !is_in_the_making(&path) {
            copy(&path, &target, done)?;
        }
    }
    sync(to)
}

fn is_in_the_making(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "part")
}

fn copy(from: &Path, to: &Path, done: &mut Backup) -> Result<(), StateError> {
    let copied = std::fs::copy(from, to);
    match copied {
        Ok(bytes) => {
            (done.files, done.bytes) = (done.files + 1, done.bytes + bytes);
            keep_time(from, to);
            sync(to)
        }
        // It was erased meanwhile.
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(StateError::io(to)(e)),
    }
}

/// Records tell by their time when they were made.
fn keep_time(from: &Path, to: &Path) {
    let time = std::fs::metadata(from).and_then(|meta| meta.modified());
    let file = File::options().append(true).open(to);
    if let (Ok(time), Ok(file)) = (time, file) {
        // The time of the copy does as well.
        let _ = file.set_modified(time);
    }
}

fn sync(path: &Path) -> Result<(), StateError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(StateError::io(path))
}

/// For nobody else on the machine.
fn private(dir: &Path) -> Result<(), StateError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let private = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(dir, private).map_err(StateError::io(dir))?;
    }
    #[cfg(not(unix))]
    let _ = dir;
    Ok(())
}

/// Where an older database is put when the tables are made anew.
pub(super) fn set_aside(database: &Path) -> Result<Option<PathBuf>, StateError> {
    if !database.exists() {
        return Ok(None);
    }
    let named = |n: u32| PathBuf::from(format!("{}.before-{n}", database.display()));
    let free = (1..).map(named).find(|path| !path.exists()).unwrap_or_else(|| named(0));
    // Its own log first: without it, the database would be older than it is.
    for end in ["-wal", "-shm", ""] {
        let from = PathBuf::from(format!("{}{end}", database.display()));
        let to = PathBuf::from(format!("{}{end}", free.display()));
        match std::fs::rename(&from, &to) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(StateError::io(&from)(e)),
            _ => {}
        }
    }
    Ok(Some(free))
}
