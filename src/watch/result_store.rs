//! Results: where they lie, which state of a delivery they are about, and how they get there whole.
//!
//! A result is written under a hidden name, synced and renamed; its first record names the state of the
//! delivery it was made of. That a delivery is done is said by its entry in the [ledger](super::ledger)
//! and by the result together: a result that is gone is made again, and so is one that somebody replaced.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::ledger::{Done, Ledger};
use super::{Known, Snapshot, WatchError};
use crate::engine::JudgedBatch;
use crate::id::{digest_of, hex};
use crate::journal;
use crate::regular;
use crate::report::records::Record;

/// Between the name of a delivery and the form of a result.
const MARK: &str = ".soundalike.";
/// Added to the result about an older state.
const PREVIOUS: &str = ".1";
/// Longest name of a delivery that is taken over as it is; file systems allow 255 bytes in all.
const MAX_NAME: usize = 200;
/// Longest first record that is read.
const MAX_BEGIN: u64 = 1 << 20;

/// Forms of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultFormat {
    /// Records, a line each: the result proper.
    Records,
    /// A table.
    Table,
    /// A page.
    Page,
}

impl ResultFormat {
    const ALL: [ResultFormat; 3] = [ResultFormat::Records, ResultFormat::Table, ResultFormat::Page];

    fn extension(self) -> &'static str {
        match self {
            ResultFormat::Records => "jsonl",
            ResultFormat::Table => "csv",
            ResultFormat::Page => "html",
        }
    }
}

impl Known for ResultStore {
    fn recorded(&self, name: &OsStr, glance: &str) -> Recorded {
        self.look_up(name, glance)
    }

    fn confirm(&self, name: &OsStr, snapshot: &Snapshot, read_at: SystemTime) {
        if let Some(done) = self.ledger.done(name).filter(|_| snapshot.is_sure(read_at)) {
            let glance = Some(snapshot.glance.clone());
            let _ = self.ledger.set_done(name, &Done { glance, ..done });
        }
    }
}

/// Whether a file is called like a result, newer or older.
pub(super) fn is_result(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let name = name.strip_suffix(PREVIOUS).unwrap_or(&name);
    ResultFormat::ALL.iter().any(|form| name.ends_with(&format!("{MARK}{}", form.extension())))
}

/// What is known of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// Nothing.
    Nothing,
    /// It looks as it did when its result was made.
    Same,
    /// It looks different, or may have changed without a sign. Its result is about the content with this digest.
    Other(String),
    /// Its result was removed.
    Removed,
    /// Something else lies in the place of its result.
    Replaced,
}

/// The folder of results, and the ledger that says what they prove.
#[derive(Debug)]
pub struct ResultStore {
    dir: PathBuf,
    ledger: Ledger,
    /// Others may write to the folder.
    shared: bool,
}

impl ResultStore {
    /// Opens the folder, which nobody else writes to, and creates it if need be.
    pub fn open(dir: &Path) -> Result<ResultStore, WatchError> {
        std::fs::create_dir_all(dir).map_err(WatchError::io(dir))?;
        Ok(ResultStore { dir: dir.to_owned(), ledger: Ledger::open(dir)?, shared: false })
    }

    /// Opens a folder that others may write to. What is done is kept in `state`, which they may not.
    pub fn open_shared(dir: &Path, state: &Path) -> Result<ResultStore, WatchError> {
        std::fs::create_dir_all(dir).map_err(WatchError::io(dir))?;
        Ok(ResultStore { dir: dir.to_owned(), ledger: Ledger::open(state)?, shared: true })
    }

    /// Where the result about the delivery called `name` lies, or would lie.
    pub fn result(&self, name: &OsStr, form: ResultFormat) -> PathBuf {
        self.dir.join(result_name(name, form))
    }

    fn look_up(&self, name: &OsStr, glance: &str) -> Recorded {
        let Some(done) = self.ledger.done(name) else { return Recorded::Nothing };
        let path = self.result(name, ResultFormat::Records);
        if path.symlink_metadata().is_err() {
            return Recorded::Removed;
        }
        if !self.is_ours(&path, &done) {
            return Recorded::Replaced;
        }
        match done.glance.as_deref() == Some(glance) {
            true => Recorded::Same,
            false => Recorded::Other(done.state),
        }
    }

    /// Whether the result at `path` is the one that was made. Where nobody else writes it may be worked on, as
    /// long as it says what it is about.
    fn is_ours(&self, path: &Path, done: &Done) -> bool {
        let Ok(file) = regular::open_itself(path) else { return false };
        if self.shared {
            let digest = digest_of::<Sha256>(file);
            return digest.is_ok_and(|digest| hex(&digest.finalize()) == done.result);
        }
        let mut line = Vec::new();
        let read = BufReader::new(file.take(MAX_BEGIN)).read_until(b'\n', &mut line);
        let record = read.ok().and_then(|_| serde_json::from_slice(&line).ok());
        let Some(Record::Begin(begin)) = record else { return false };
        begin.delivery.is_some_and(|delivery| delivery.state == done.state)
    }

    /// How often the service died over the delivery called `name` while it looked like `glance`.
    pub fn deaths(&self, name: &OsStr, glance: &str) -> u32 {
        self.ledger.deaths(name, glance)
    }

    /// Notes that the delivery called `name` is begun.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn begun(&self, name: &OsStr, glance: &str) -> Result<(), WatchError> {
        self.ledger.begin(name, glance)
    }

    /// Notes that the work on the delivery called `name` came to an end, done or not.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub fn ended(&self, name: &OsStr) -> Result<(), WatchError> {
        self.ledger.end(name)
    }

    /// Puts the records of the delivery called `name` in their place, and notes that `state` of it is done, which
    /// looked like `snapshot` when its content was read at `read_at`.
    ///
    /// # Errors
    /// The result or the ledger cannot be written.
    pub fn publish(
        &self,
        name: &OsStr,
        (draft, mut file): (Draft, File),
        state: &str,
        (snapshot, read_at): (&Snapshot, SystemTime),
    ) -> Result<(), WatchError> {
        let path = draft.path().to_owned();
        file.rewind().map_err(WatchError::io(&path))?;
        let digest = digest_of::<Sha256>(&file).map_err(WatchError::io(&path))?;
        // An older one is kept if it is about another state, not if it was made by a run that was killed
        // before it could say that it was done.
        let result = self.result(name, ResultFormat::Records);
        let older = self.ledger.done(name).filter(|done| done.state != state);
        let keep = older.is_some_and(|done| self.is_ours(&result, &done));
        draft.publish(file, keep)?;
        let glance = snapshot.is_sure(read_at).then(|| snapshot.glance.clone());
        let done = Done { glance, ..Done::new(name, state, hex(&digest.finalize())) };
        self.ledger.set_done(name, &done)
    }

    /// Notes what was found in this `state` of the delivery called `name`, so that it can be judged again.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub(super) fn keep_evidence(
        &self,
        name: &OsStr,
        state: &str,
        evidence: &JudgedBatch,
    ) -> Result<(), WatchError> {
        self.ledger.set_evidence(name, state, evidence)
    }

    /// What is done and was judged while other decisions were in force than `in_force`.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(super) fn ruled_otherwise(
        &self,
        in_force: &str,
    ) -> Result<Vec<(OsString, Done)>, WatchError> {
        let mut all = self.ledger.all_done()?;
        all.retain(|(_, done)| done.ruled.as_deref() != Some(in_force));
        Ok(all)
    }

    /// What was found in the delivery called `name`, and its result; none if that is gone, or something else
    /// lies in its place.
    pub(super) fn result_and_evidence(
        &self,
        name: &OsStr,
        done: &Done,
    ) -> Option<(File, Option<JudgedBatch>)> {
        let path = self.result(name, ResultFormat::Records);
        let file = regular::open_itself(&path).ok().filter(|_| self.is_ours(&path, done))?;
        Some((file, self.ledger.evidence(name, &done.state)))
    }

    /// Notes that the result of the delivery called `name` stands while the decisions `in_force` are.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub(super) fn set_ruled(&self, name: &OsStr, in_force: &str) -> Result<(), WatchError> {
        let Some(done) = self.ledger.done(name) else { return Ok(()) };
        self.ledger.set_done(name, &Done { ruled: Some(in_force.to_owned()), ..done })
    }

    /// Puts records that were judged again in the place of those about the same state of the delivery.
    ///
    /// # Errors
    /// The result or the ledger cannot be written.
    pub(super) fn replace(
        &self,
        name: &OsStr,
        (draft, mut file): (Draft, File),
        done: Done,
    ) -> Result<(), WatchError> {
        let path = draft.path().to_owned();
        file.rewind().map_err(WatchError::io(&path))?;
        let digest = digest_of::<Sha256>(&file).map_err(WatchError::io(&path))?;
        draft.publish(file, false)?;
        self.ledger.set_done(name, &Done { result: hex(&digest.finalize()), ..done })
    }

    /// Begins a result. What an earlier attempt left is removed.
    ///
    /// # Errors
    /// A folder lies where the result is to be, or nothing can be written there.
    pub fn draft(&self, name: &OsStr, form: ResultFormat) -> Result<(Draft, File), WatchError> {
        let result = result_name(name, form);
        let path = self.dir.join(&result);
        if path.symlink_metadata().is_ok_and(|meta| meta.is_dir()) {
            return Err(WatchError::InTheWay { path });
        }
        let mut hidden = OsString::from(".");
        hidden.push(&result);
        hidden.push(".tmp");
        let (draft, file) = journal::Draft::at(&self.dir.join(hidden), &self.dir.join(result))?;
        Ok((Draft(draft), file))
    }
}

/// Each name has one of its own: one that looks like a shortened one is shortened, too.
fn result_name(name: &OsStr, form: ResultFormat) -> OsString {
    let tail = name.as_encoded_bytes().last_chunk::<17>();
    let looks_shortened =
        tail.is_some_and(|tail| tail[0] == b'~' && tail[1..].iter().all(|b| b.is_ascii_hexdigit()));
    let mut result = match name.len() <= MAX_NAME && !looks_shortened {
        true => name.to_owned(),
        false => {
            let begin: String = name.to_string_lossy().chars().take(MAX_NAME / 4 - 17).collect();
            let digest = Sha256::digest(name.as_encoded_bytes());
            format!("{begin}~{}", hex(&digest[..8])).into()
        }
    };
    result.push(MARK);
    result.push(form.extension());
    result
}

/// A result in the making; goes away unless it is published.
#[derive(Debug)]
pub struct Draft(journal::Draft);

impl Draft {
    /// The file as long as it is in the making.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Puts the result in its place. With `keep`, the one that is there stays with `.1` after its name.
    pub fn publish(self, file: File, keep: bool) -> Result<(), WatchError> {
        Ok(self.0.publish(file, keep.then_some(PREVIOUS))?)
    }
}

impl From<journal::Error> for WatchError {
    fn from(error: journal::Error) -> WatchError {
        match error {
            journal::Error::Locked { path } => WatchError::Locked { path },
            journal::Error::Io { path, source } => WatchError::Io { path, source },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::report::records::Begin;

    fn snapshot(glance: &str, bytes: u64) -> Snapshot {
        Snapshot::for_tests(glance, bytes)
    }

    fn publish(results: &ResultStore, name: &OsStr, state: &str) {
        let (draft, mut file) = results.draft(name, ResultFormat::Records).unwrap();
        let mut begin = Begin::new("s_1".into(), None, jiff::Timestamp::UNIX_EPOCH);
        let snapshot = snapshot(&format!("glance at {state}"), 2);
        begin.delivery = Some(snapshot.info(name, state));
        writeln!(file, "{}", serde_json::to_string(&Record::Begin(begin)).unwrap()).unwrap();
        let now = SystemTime::now();
        results.publish(name, (draft, file), state, (&snapshot, now)).unwrap();
    }

    fn names(dir: &Path) -> Vec<OsString> {
        let mut names: Vec<_> =
            std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_result_says_which_state_is_done_and_the_older_one_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let results = ResultStore::open(dir.path()).unwrap();
        let name = OsStr::new("a.wav");
        assert_eq!(results.recorded(name, "glance at 1"), Recorded::Nothing);
        publish(&results, name, "1");
        assert_eq!(results.recorded(name, "glance at 1"), Recorded::Same);
        assert_eq!(results.recorded(name, "glance at 2"), Recorded::Other("1".into()));
        publish(&results, name, "1");
        assert_eq!(names(dir.path()).len(), 3, "the same state again is no older one");
        publish(&results, name, "2");
        assert_eq!(results.recorded(name, "glance at 2"), Recorded::Same);
        let names = names(dir.path());
        assert_eq!(
            names[2..],
            ["a.wav.soundalike.jsonl", "a.wav.soundalike.jsonl.1"],
            "beside the lock and the ledger"
        );
        assert!(names[2..].iter().all(|name| is_result(name)));
        assert!(!is_result(OsStr::new("soundalike.jsonl")));
        // Whatever else lies there is no proof.
        std::fs::write(results.result(name, ResultFormat::Records), "{}").unwrap();
        assert_eq!(results.recorded(name, "glance at 2"), Recorded::Replaced);
        std::fs::remove_file(results.result(name, ResultFormat::Records)).unwrap();
        assert_eq!(results.recorded(name, "glance at 2"), Recorded::Removed);
    }

    #[test]
    fn where_others_write_a_result_proves_nothing_by_itself() {
        let dir = tempfile::tempdir().unwrap();
        let (queue, state) = (dir.path().join("queue"), dir.path().join("state"));
        let results = ResultStore::open_shared(&queue, &state).unwrap();
        let name = OsStr::new("a.wav");
        publish(&results, name, "1");
        let path = results.result(name, ResultFormat::Records);
        let made = std::fs::read_to_string(&path).unwrap();
        assert_eq!(names(&queue), ["a.wav.soundalike.jsonl"], "what is known lies elsewhere");
        assert_eq!(results.recorded(name, "glance at 1"), Recorded::Same);
        // The right state, made up by somebody else, or added to what was made.
        std::fs::write(results.result(OsStr::new("b.wav"), ResultFormat::Records), &made).unwrap();
        assert_eq!(results.recorded(OsStr::new("b.wav"), "glance at 1"), Recorded::Nothing);
        std::fs::write(&path, format!("{made}{{}}\n")).unwrap();
        assert_eq!(results.recorded(name, "glance at 1"), Recorded::Replaced);
        // What lies in the way of a result is not followed, and not kept as an older one.
        #[cfg(unix)]
        {
            std::fs::remove_file(&path).unwrap();
            std::fs::write(dir.path().join("foreign"), &made).unwrap();
            std::os::unix::fs::symlink(dir.path().join("foreign"), &path).unwrap();
            assert_eq!(results.recorded(name, "glance at 1"), Recorded::Replaced);
            publish(&results, name, "2");
            assert_eq!(std::fs::read_to_string(dir.path().join("foreign")).unwrap(), made);
        }
        publish(&results, name, "2");
        assert_eq!(results.recorded(name, "glance at 2"), Recorded::Same);
        std::fs::create_dir(queue.join("c.wav.soundalike.jsonl")).unwrap();
        let refused = results.draft(OsStr::new("c.wav"), ResultFormat::Records).unwrap_err();
        assert!(matches!(refused, WatchError::InTheWay { .. }));
    }

    #[test]
    fn what_is_not_published_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let results = ResultStore::open(dir.path()).unwrap();
        drop(results.draft(OsStr::new("a"), ResultFormat::Page).unwrap());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2, "lock and ledger");
        assert!(matches!(ResultStore::open(dir.path()), Err(WatchError::Locked { .. })));
    }

    #[test]
    fn names_as_long_as_file_systems_allow_have_results_of_their_own() {
        let long = |end: &str| OsString::from("ü".repeat(126) + end);
        let (a, b) = (
            result_name(&long("a"), ResultFormat::Records),
            result_name(&long("b"), ResultFormat::Page),
        );
        assert!(a.len() < 240 && is_result(&a) && is_result(&b));
        assert_ne!(a, result_name(&long("b"), ResultFormat::Records));
        // Nor can a short name be made to share the result of a long one.
        let text = a.to_str().unwrap().strip_suffix(".soundalike.jsonl").unwrap().to_owned();
        assert_ne!(a, result_name(OsStr::new(&text), ResultFormat::Records));
    }
}
