//! What the tables are made anew of, should they be lost: a file for each job that was taken, one of remarks, and one of
//! what else people did.
//!
//! ```text
//! STATE/jobs/j_….json   what was sent, by whom, when; written before the job is acknowledged
//! STATE/notes.jsonl     remarks of reviewers, a line each
//! STATE/acts.jsonl      checks, audits, views that are kept, erasures (see [`Act`](super::Act))
//! ```
//!
//! With the records of jobs and the log of decisions they say all that the tables say.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{NewJob, Note, Source, StateError, Store};
use crate::journal::{Draft, LineFile};

/// A remark with what it is about.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeptNote {
    /// The upload.
    pub upload: String,
    /// The remark.
    #[serde(flatten)]
    pub note: Note,
}

impl Store {
    fn job_file(&self, id: &str) -> PathBuf {
        self.dir.join("jobs").join(format!("{id}.json"))
    }

    /// Writes down a job before it is taken.
    pub(super) fn keep_job(&self, job: &NewJob) -> Result<(), StateError> {
        let path = self.job_file(&job.id);
        write(&path, &serde_json::to_vec(job)?)
    }

    /// Forgets a job that was not taken.
    pub(super) fn drop_job(&self, id: &str) {
        // At worst it is taken once more when the tables are made anew.
        let _ = std::fs::remove_file(self.job_file(id));
    }

    /// The jobs that were written down.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn kept_jobs(&self) -> Result<Vec<NewJob>, StateError> {
        let folder = self.dir.join("jobs");
        let mut jobs = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(StateError::io(&folder))?.flatten() {
            let path = entry.path();
            if path.extension().is_none_or(|end| end != "json") {
                continue;
            }
            let text = std::fs::read(&path).map_err(StateError::io(&path))?;
            jobs.push(serde_json::from_slice(&text)?);
        }
        Ok(jobs)
    }

    /// Takes jobs that were written down and that the tables do not know.
    pub(super) fn take_kept_jobs(&self) -> Result<(), StateError> {
        let folder = self.dir.join("jobs");
        let known: HashSet<String> = self.read(|db| {
            let mut query = db.prepare("SELECT id FROM jobs")?;
            let ids = query.query_map([], |row| row.get(0))?;
            Ok(ids.collect::<rusqlite::Result<_>>()?)
        })?;
        for entry in std::fs::read_dir(&folder).map_err(StateError::io(&folder))?.flatten() {
            let path = entry.path();
            let is_job = path.extension().is_some_and(|end| end == "json");
            let name = path.file_stem().and_then(|name| name.to_str()).filter(|_| is_job);
            if name.is_none_or(|name| known.contains(name)) {
                continue;
            }
            let text = std::fs::read(&path).map_err(StateError::io(&path))?;
            self.enter_anew(&serde_json::from_slice(&text)?)?;
        }
        Ok(())
    }

    /// Takes out of what was written down of a job that was looked at what says of whom it is.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn forget_job_file(&self, id: &str) -> Result<(), StateError> {
        let path = self.job_file(id);
        let Ok(text) = std::fs::read(&path) else { return Ok(()) };
        let job: NewJob = serde_json::from_slice(&text)?;
        write(&path, &serde_json::to_vec(&NewJob { source: Source::default(), ..job })?)
    }

    fn notes_file(&self) -> PathBuf {
        self.dir.join("notes.jsonl")
    }

    pub(super) fn keep_note(&self, upload: &str, note: &Note) -> Result<(), StateError> {
        let _one = super::locked(&self.journals);
        append(&self.notes_file(), &KeptNote { upload: upload.to_owned(), note: note.clone() })
    }

    /// The remarks that were written down.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn kept_notes(&self) -> Result<Vec<KeptNote>, StateError> {
        lines(&self.notes_file())
    }

    /// Forgets the remarks on an upload.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn forget_notes(&self, upload: &str) -> Result<(), StateError> {
        let _one = super::locked(&self.journals);
        let mut notes = self.kept_notes()?;
        let before = notes.len();
        notes.retain(|note| note.upload != upload);
        if notes.len() == before {
            return Ok(());
        }
        write_lines(&self.notes_file(), &notes)
    }
}

/// Adds a line to a file; on disk when it returns.
pub(super) fn append(path: &Path, value: &impl Serialize) -> Result<(), StateError> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    let mut file = LineFile::open_locked(path).map_err(StateError::io(path))?;
    // What a kill cut short was not acknowledged.
    let ending = file.ending(1 << 20).map_err(StateError::io(path))?;
    file.end_at(file.end() - ending.torn.len() as u64);
    file.append(&line).map_err(StateError::io(path))
}

/// The lines of a file; none where there is no file.
pub(super) fn lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, StateError> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let file = File::open(path).map_err(StateError::io(path))?;
    let mut all = Vec::new();
    for line in BufReader::new(file).lines() {
        let line = line.map_err(StateError::io(path))?;
        // The last may be incomplete.
        all.extend(serde_json::from_str::<T>(&line).ok());
    }
    Ok(all)
}

/// Writes a file of lines anew, at once.
pub(super) fn write_lines(path: &Path, all: &[impl Serialize]) -> Result<(), StateError> {
    let mut text = Vec::new();
    for value in all {
        serde_json::to_writer(&mut text, value)?;
        text.push(b'\n');
    }
    write(path, &text)
}

fn write(path: &Path, text: &[u8]) -> Result<(), StateError> {
    let (draft, mut file) = Draft::beside(path, ".kept-", ".part")?;
    file.write_all(text).map_err(StateError::io(path))?;
    Ok(draft.put_in_place(file)?)
}
