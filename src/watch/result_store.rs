//! Results: where they lie, which state of a delivery they are about, and how they get there whole.
//!
//! The first record of a result names the state of the delivery, so that the result itself says that the
//! delivery is done: there is no second book that could disagree with it. A result is written under a
//! hidden name, synced and renamed.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::WatchError;
use crate::id::hex;
use crate::journal::{self, Lock};
use crate::report::records::Record;

/// Held by the one who writes results.
const LOCK: &str = ".soundalike-watch.lock";
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

/// Whether a file is called like a result, newer or older.
pub(super) fn is_result(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let name = name.strip_suffix(PREVIOUS).unwrap_or(&name);
    ResultFormat::ALL.iter().any(|form| name.ends_with(&format!("{MARK}{}", form.extension())))
}

/// What is known of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// Nothing.
    Nothing,
    /// A result about this very state.
    Same,
    /// A result about another one.
    Other,
}

/// The folder of results. Holds its lock until dropped.
#[derive(Debug)]
pub struct ResultStore {
    dir: PathBuf,
    _lock: Lock,
}

impl ResultStore {
    /// Opens the folder, and creates it if need be.
    pub fn open(dir: &Path) -> Result<ResultStore, WatchError> {
        std::fs::create_dir_all(dir).map_err(WatchError::io(dir))?;
        Ok(ResultStore { dir: dir.to_owned(), _lock: Lock::take(&dir.join(LOCK))? })
    }

    /// Where the result about the delivery called `name` lies, or would lie.
    pub fn result(&self, name: &OsStr, form: ResultFormat) -> PathBuf {
        self.dir.join(result_name(name, form))
    }

    /// Whether there is a result about `state` of the delivery called `name`.
    pub fn recorded(&self, name: &OsStr, state: &str) -> Recorded {
        let Ok(file) = File::open(self.result(name, ResultFormat::Records)) else {
            return Recorded::Nothing;
        };
        let mut line = Vec::new();
        let read = BufReader::new(file.take(MAX_BEGIN)).read_until(b'\n', &mut line);
        match read.ok().and_then(|_| serde_json::from_slice(&line).ok()) {
            Some(Record::Begin(begin))
                if begin.delivery.as_ref().is_some_and(|d| d.state == state) =>
            {
                Recorded::Same
            }
            _ => Recorded::Other,
        }
    }

    /// Begins a result. What an earlier attempt left is overwritten.
    pub fn draft(&self, name: &OsStr, form: ResultFormat) -> Result<(Draft, File), WatchError> {
        let result = result_name(name, form);
        let mut hidden = OsString::from(".");
        hidden.push(&result);
        hidden.push(".tmp");
        let (draft, file) = journal::Draft::at(&self.dir.join(hidden), &self.dir.join(result))?;
        Ok((Draft(draft), file))
    }
}

fn result_name(name: &OsStr, form: ResultFormat) -> OsString {
    let mut result = match name.len() <= MAX_NAME {
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
    use crate::report::records::{Begin, DeliveryInfo};

    fn publish(results: &ResultStore, name: &OsStr, state: &str, keep: bool) {
        let (draft, mut file) = results.draft(name, ResultFormat::Records).unwrap();
        let mut begin = Begin::new("s_1".into(), None, jiff::Timestamp::UNIX_EPOCH);
        let name = name.to_string_lossy().into_owned();
        begin.delivery = Some(DeliveryInfo { name, state: state.into(), files: 1, bytes: 2 });
        writeln!(file, "{}", serde_json::to_string(&Record::Begin(begin)).unwrap()).unwrap();
        draft.publish(file, keep).unwrap();
    }

    #[test]
    fn a_result_says_which_state_is_done_and_the_older_one_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let results = ResultStore::open(dir.path()).unwrap();
        let name = OsStr::new("a.wav");
        assert_eq!(results.recorded(name, "1"), Recorded::Nothing);
        publish(&results, name, "1", true);
        assert_eq!(results.recorded(name, "1"), Recorded::Same);
        assert_eq!(results.recorded(name, "2"), Recorded::Other);
        publish(&results, name, "2", true);
        assert_eq!(results.recorded(name, "2"), Recorded::Same);
        let mut names: Vec<_> =
            std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, [LOCK, "a.wav.soundalike.jsonl", "a.wav.soundalike.jsonl.1"]);
        assert!(names[1..].iter().all(|name| is_result(name)));
        assert!(!is_result(OsStr::new("soundalike.jsonl")));
        // Whatever else lies there is no proof.
        std::fs::write(results.result(name, ResultFormat::Records), "{}").unwrap();
        assert_eq!(results.recorded(name, "2"), Recorded::Other);
    }

    #[test]
    fn what_is_not_published_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let results = ResultStore::open(dir.path()).unwrap();
        drop(results.draft(OsStr::new("a"), ResultFormat::Page).unwrap());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "the lock");
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
    }
}
