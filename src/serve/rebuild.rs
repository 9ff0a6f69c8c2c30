//! Makes the tables anew from what lies beside them: jobs that were taken, their records, remarks, checks, audits, views
//! and erasures. What was decided is taken over from the log when the service starts.
//!
//! What exists only in the tables is lost: which messages to receivers wait, how often a job was tried. A job without
//! records is looked at again.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use jiff::Timestamp;

use super::state::{Act, NewJob, Source, StateError, Store};
use super::tell::{Told, read_records};

/// What was made anew.
#[derive(Debug, Clone, Default)]
pub struct Rebuilt {
    /// Jobs.
    pub jobs: usize,
    /// Uploads.
    pub uploads: usize,
    /// Jobs that are looked at again.
    pub again: usize,
    /// Remarks.
    pub notes: usize,
    /// Checks, audits, views, erasures.
    pub acts: usize,
    /// Where the tables of before are.
    pub before: Option<std::path::PathBuf>,
}

/// Makes the tables of the state in `dir` anew.
///
/// # Errors
/// The state is in use, or something cannot be read or written.
pub fn rebuild(dir: &Path) -> Result<Rebuilt, StateError> {
    let (store, before) = Store::open_anew(dir)?;
    let mut rebuilt = Rebuilt { before, ..Rebuilt::default() };
    let mut jobs: BTreeMap<String, NewJob> =
        store.kept_jobs()?.into_iter().map(|job| (job.id.clone(), job)).collect();
    let records = dir.join("records");
    let io_error = |source| StateError::Io { path: records.clone(), source };
    let mut times = BTreeMap::new();
    for entry in std::fs::read_dir(&records).map_err(io_error)? {
        let path = entry.map_err(io_error)?.path();
        let is_records = path.extension().is_some_and(|end| end == "jsonl");
        let name = path.file_stem().and_then(|name| name.to_str()).filter(|_| is_records);
        let Some(name) = name.filter(|name| name.starts_with("j_")) else { continue };
        let time = made_at(&path).map_err(io_error)?;
        // One that a version before took, which wrote nothing down.
        jobs.entry(name.to_owned()).or_insert_with(|| NewJob {
            id: name.to_owned(),
            key: None,
            request: String::new(),
            source: Source::default(),
            sent_by: None,
            created_at: time.clone(),
        });
        times.insert(name.to_owned(), time);
    }
    // What is a check waits for nobody: that is known before its records are entered.
    let (checks, acts): (Vec<Act>, Vec<Act>) =
        store.kept_acts()?.into_iter().partition(|act| matches!(act, Act::Check(_)));
    for check in &checks {
        store.enter_act(check)?;
    }
    let mut jobs: Vec<NewJob> = jobs.into_values().collect();
    jobs.sort_by(|a, b| (&a.created_at, &a.id).cmp(&(&b.created_at, &b.id)));
    for job in &jobs {
        store.enter_anew(job)?;
        rebuilt.jobs += 1;
    }
    // In the order in which they were done, which is that of the queue.
    let mut done: Vec<(&String, &String)> = times.iter().map(|(id, time)| (time, id)).collect();
    done.sort();
    for (time, id) in done {
        let file = File::open(store.records(id)).map_err(io_error)?;
        let (Told { uploads, clusters }, summary) =
            read_records(BufReader::new(file)).map_err(io_error)?;
        rebuilt.uploads += uploads.len();
        store.finish(id, &uploads, &clusters, &summary, time)?;
    }
    rebuilt.again = rebuilt.jobs - times.len();
    for kept in store.kept_notes()? {
        store.enter_note(&kept.upload, &kept.note)?;
        rebuilt.notes += 1;
    }
    for act in &acts {
        store.enter_act(act)?;
    }
    rebuilt.acts = checks.len() + acts.len();
    Ok(rebuilt)
}

/// When records were put in their place, as the state keeps times.
fn made_at(path: &Path) -> io::Result<String> {
    let time = Timestamp::try_from(std::fs::metadata(path)?.modified()?).unwrap_or_default();
    Ok(Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time).to_string())
}
