//! What the service knows of deliveries, in a folder that nobody else writes to.
//!
//! A result may lie where senders can write, and says nothing there about who made it. So what proves that a
//! delivery is done is an entry here. An *attempt* is noted before a delivery is begun and struck out when
//! that came to an end, however it did: what is found at a start was under way when the service died.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::WatchError;
use crate::engine::JudgedBatch;
use crate::id::{hex, path_of_text, path_text};
use crate::journal::{Draft, Lock};
use crate::regular;

/// Held by the one who writes results.
const LOCK: &str = ".soundalike-watch.lock";
/// Where entries lie.
const ENTRIES: &str = ".soundalike-watch";
/// Longest entry that is read.
const MAX_ENTRY: u64 = 1 << 16;
/// The same of what was found: some kilobytes for each upload.
const MAX_EVIDENCE: u64 = 1 << 30;

/// A delivery that is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Done {
    /// Its name.
    pub(super) name: String,
    /// Digest of its names and contents.
    pub(super) state: String,
    /// How it looked at a glance, where the same look means the same content.
    pub(super) glance: Option<String>,
    /// SHA-256 of its result.
    pub(super) result: String,
    /// The decisions that were in force when it was judged; none in entries of versions before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ruled: Option<String>,
}

impl Done {
    /// The delivery called `name` is done in `state`, with a `result` of this digest.
    pub(super) fn new(name: &OsStr, state: &str, result: String) -> Done {
        Done {
            name: path_text(Path::new(name)),
            state: state.to_owned(),
            glance: None,
            result,
            ruled: None,
        }
    }
}

/// What was found in a delivery, and in which state of it.
#[derive(Serialize, Deserialize)]
struct EvidenceIn<H> {
    state: String,
    evidence: H,
}

/// A delivery that was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Attempt {
    name: String,
    /// How it looked.
    glance: String,
    /// Attempts at this state of it, this one included, that had no end.
    attempts: u32,
}

/// The folder. Holds its lock until dropped.
#[derive(Debug)]
pub(super) struct Ledger {
    dir: PathBuf,
    _lock: Lock,
}

impl Ledger {
    /// Opens the ledger in `dir`, and creates it if need be.
    pub(super) fn open(dir: &Path) -> Result<Ledger, WatchError> {
        let entries = dir.join(ENTRIES);
        create(&entries).map_err(WatchError::io(&entries))?;
        Ok(Ledger { dir: entries, _lock: Lock::take(&dir.join(LOCK))? })
    }

    /// What is known of the delivery called `name`, if it is done.
    pub(super) fn done(&self, name: &OsStr) -> Option<Done> {
        read(&self.path(name, "done"), MAX_ENTRY)
    }

    /// Notes that the delivery called `name` is done.
    pub(super) fn set_done(&self, name: &OsStr, done: &Done) -> Result<(), WatchError> {
        write(&self.path(name, "done"), done)
    }

    /// Everything that is done, by name.
    pub(super) fn all_done(&self) -> Result<Vec<(OsString, Done)>, WatchError> {
        let entries = std::fs::read_dir(&self.dir).map_err(WatchError::io(&self.dir))?;
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let done = paths.filter(|path| path.to_string_lossy().ends_with(".done.json"));
        let mut all: Vec<(OsString, Done)> = done
            .filter_map(|path| {
                let done: Done = read(&path, MAX_ENTRY)?;
                let name = path_of_text(&done.name).into_os_string();
                (self.path(&name, "done") == path).then_some((name, done))
            })
            .collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(all)
    }

    /// What was found in this state of the delivery called `name`; none where a version before looked into it.
    pub(super) fn evidence(&self, name: &OsStr, state: &str) -> Option<JudgedBatch> {
        let kept: EvidenceIn<JudgedBatch> = read(&self.path(name, "evidence"), MAX_EVIDENCE)?;
        (kept.state == state).then_some(kept.evidence)
    }

    /// Notes what was found in this state of the delivery called `name`.
    pub(super) fn set_evidence(
        &self,
        name: &OsStr,
        state: &str,
        evidence: &JudgedBatch,
    ) -> Result<(), WatchError> {
        write(&self.path(name, "evidence"), &EvidenceIn { state: state.to_owned(), evidence })
    }

    /// How often the service died over the delivery called `name` while it looked like `glance`.
    pub(super) fn deaths(&self, name: &OsStr, glance: &str) -> u32 {
        let attempt: Option<Attempt> = read(&self.path(name, "begun"), MAX_ENTRY);
        attempt.filter(|attempt| attempt.glance == glance).map_or(0, |attempt| attempt.attempts)
    }

    /// Notes that the delivery called `name` is begun.
    pub(super) fn begin(&self, name: &OsStr, glance: &str) -> Result<(), WatchError> {
        let attempts = self.deaths(name, glance).saturating_add(1);
        let glance = glance.to_owned();
        let shown = path_text(Path::new(name));
        write(&self.path(name, "begun"), &Attempt { name: shown, glance, attempts })
    }

    /// Strikes out the attempt.
    pub(super) fn end(&self, name: &OsStr) -> Result<(), WatchError> {
        let path = self.path(name, "begun");
        match std::fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(WatchError::io(path)(e)),
            _ => Ok(()),
        }
    }

    /// By the bytes of the name, so that no two deliveries share an entry.
    fn path(&self, name: &OsStr, kind: &str) -> PathBuf {
        let digest = Sha256::digest(name.as_encoded_bytes());
        self.dir.join(format!("{}.{kind}.json", hex(&digest[..16])))
    }
}

/// Makes a folder for the service alone.
fn create(dir: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// An entry; none if there is none, or none that can be read: then the delivery is looked into again.
fn read<T: DeserializeOwned>(path: &Path, most: u64) -> Option<T> {
    let file: File = regular::open_itself(path).ok()?;
    serde_json::from_reader(BufReader::new(file.take(most))).ok()
}

fn write<T: Serialize>(path: &Path, entry: &T) -> Result<(), WatchError> {
    let (draft, file) = Draft::at(&path.with_extension("tmp"), path)?;
    let mut out = BufWriter::new(&file);
    let written = serde_json::to_writer(&mut out, entry).map_err(io::Error::from);
    written.and_then(|()| out.flush()).map_err(WatchError::io(path))?;
    drop(out);
    Ok(draft.put_in_place(file)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_without_an_end_are_counted_until_the_delivery_changes() {
        let dir = tempfile::tempdir().unwrap();
        let name = OsStr::new("a");
        for n in 0..3 {
            let ledger = Ledger::open(dir.path()).unwrap();
            assert_eq!(ledger.deaths(name, "1"), n);
            ledger.begin(name, "1").unwrap();
        }
        let ledger = Ledger::open(dir.path()).unwrap();
        assert_eq!((ledger.deaths(name, "1"), ledger.deaths(name, "2")), (3, 0));
        assert_eq!(ledger.deaths(OsStr::new("b"), "1"), 0);
        ledger.begin(name, "2").unwrap();
        assert_eq!(ledger.deaths(name, "2"), 1);
        ledger.end(name).unwrap();
        ledger.end(name).unwrap();
        assert_eq!(ledger.deaths(name, "2"), 0);
        assert!(matches!(Ledger::open(dir.path()), Err(WatchError::Locked { .. })));
    }

    #[test]
    fn entries_are_by_bytes_and_damage_is_no_entry() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path()).unwrap();
        let entry = |name: &OsStr, i: usize| Done::new(name, &i.to_string(), "0".into());
        let names: Vec<std::ffi::OsString> = names();
        for (i, name) in names.iter().enumerate() {
            assert_eq!(ledger.done(name), None);
            ledger.set_done(name, &entry(name, i)).unwrap();
        }
        for (i, name) in names.iter().enumerate() {
            assert_eq!(ledger.done(name), Some(entry(name, i)));
        }
        let mut sorted = names.clone();
        sorted.sort();
        let all: Vec<_> = ledger.all_done().unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(all, sorted, "whatever is no text has its name back");
        std::fs::write(ledger.path(&names[0], "done"), "{").unwrap();
        assert_eq!(ledger.done(&names[0]), None);
        assert_eq!(ledger.all_done().unwrap().len(), names.len() - 1);
    }

    #[cfg(unix)]
    fn names() -> Vec<std::ffi::OsString> {
        use std::os::unix::ffi::OsStringExt;
        [&b"a\xfe"[..], b"a\xff", "a\u{fffd}".as_bytes()]
            .map(|name| std::ffi::OsString::from_vec(name.to_vec()))
            .into()
    }

    #[cfg(not(unix))]
    fn names() -> Vec<std::ffi::OsString> {
        ["a", "b"].map(Into::into).into()
    }
}
