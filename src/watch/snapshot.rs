//! The state of a delivery: what lies in it, how large it is, and when it was last changed.

use std::ffi::OsStr;
use std::fs::Metadata;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};
use walkdir::WalkDir;

use super::queue::{Unit, UnitKind, is_passing};
use crate::report::records::DeliveryInfo;

/// Where the receiver of a DDEX batch answers: no part of the delivery.
const ANSWERS: &str = "acknowledgements";

/// The state of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Digest of the names, sizes and times of change of its files, in hexadecimal. Hidden and temporary
    /// files do not count.
    pub state: String,
    /// The same with hidden and temporary files: changes as long as somebody writes.
    pub pulse: [u8; 32],
    /// Files.
    pub files: u64,
    /// Their size.
    pub bytes: u64,
}

impl Snapshot {
    /// Takes the state of `unit`. What cannot be read is part of it.
    pub fn of(unit: &Unit) -> Snapshot {
        let mut taker = Taker::default();
        match unit.kind {
            UnitKind::Folder => taker.walk(&unit.path),
            _ => {
                for path in std::iter::once(&unit.path).chain(&unit.named) {
                    let name = path.strip_prefix(unit.folder()).unwrap_or(path);
                    taker.file(name, std::fs::metadata(path).ok().as_ref());
                }
            }
        }
        Snapshot {
            state: crate::id::hex(&taker.state.finalize()),
            pulse: taker.pulse.finalize().into(),
            files: taker.files,
            bytes: taker.bytes,
        }
    }

    /// As it stands in a result.
    pub fn info(&self, name: &OsStr) -> DeliveryInfo {
        DeliveryInfo {
            name: name.to_string_lossy().into_owned(),
            state: self.state.clone(),
            files: self.files,
            bytes: self.bytes,
        }
    }
}

#[derive(Default)]
struct Taker {
    state: Sha256,
    pulse: Sha256,
    files: u64,
    bytes: u64,
}

impl Taker {
    fn walk(&mut self, folder: &Path) {
        let part = |entry: &walkdir::DirEntry| {
            let name = entry.file_name().to_string_lossy();
            let hidden = name.starts_with('.') || name == ANSWERS;
            entry.depth() == 0 || !(hidden && entry.file_type().is_dir())
        };
        for entry in WalkDir::new(folder).sort_by_file_name().into_iter().filter_entry(part) {
            match entry {
                Ok(entry) if entry.file_type().is_dir() => {}
                Ok(entry) => {
                    let name = entry.path().strip_prefix(folder).unwrap_or(entry.path());
                    self.file(name, std::fs::metadata(entry.path()).ok().as_ref());
                }
                Err(error) => self.file(error.path().unwrap_or(folder), None),
            }
        }
    }

    /// Enters a file; without `meta` it is there, or should be, and cannot be looked at.
    fn file(&mut self, name: &Path, meta: Option<&Metadata>) {
        let mut line = Vec::from(name.as_os_str().as_encoded_bytes());
        line.push(0);
        if let Some(meta) = meta {
            let changed = meta.modified().map_or(0, nanoseconds);
            line.extend(meta.len().to_le_bytes());
            line.extend(changed.to_le_bytes());
        }
        line.push(b'\n');
        self.pulse.update(&line);
        if name.file_name().is_some_and(is_passing) {
            return;
        }
        self.state.update(&line);
        if let Some(meta) = meta {
            self.files += 1;
            self.bytes = self.bytes.saturating_add(meta.len());
        }
    }
}

/// Since 1970; negative before.
fn nanoseconds(time: SystemTime) -> i128 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => after.as_nanos() as i128,
        Err(before) => -(before.duration().as_nanos() as i128),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn unit(path: &Path) -> Unit {
        Unit::folder_at(path)
    }

    #[test]
    fn what_arrives_changes_the_state_and_what_is_being_written_the_pulse_only() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("delivery");
        fs::create_dir_all(folder.join("sub/.hidden")).unwrap();
        fs::write(folder.join("sub/a.wav"), b"12").unwrap();
        let before = Snapshot::of(&unit(&folder));
        assert_eq!((before.files, before.bytes), (1, 2));
        assert_eq!(Snapshot::of(&unit(&folder)), before);

        fs::write(folder.join("b.wav.filepart"), b"1").unwrap();
        let writing = Snapshot::of(&unit(&folder));
        assert_eq!(writing.state, before.state);
        assert_ne!(writing.pulse, before.pulse);

        fs::rename(folder.join("b.wav.filepart"), folder.join("b.wav")).unwrap();
        let whole = Snapshot::of(&unit(&folder));
        assert_ne!(whole.state, before.state);

        // What is answered to the sender, and folders of snapshots, are no part of it.
        fs::write(folder.join("sub/.hidden/old.wav"), b"1").unwrap();
        fs::create_dir(folder.join("acknowledgements")).unwrap();
        fs::write(folder.join("acknowledgements/ok.xml"), b"1").unwrap();
        assert_eq!(Snapshot::of(&unit(&folder)), whole);

        let time = SystemTime::UNIX_EPOCH;
        fs::File::options()
            .write(true)
            .open(folder.join("b.wav"))
            .unwrap()
            .set_modified(time)
            .unwrap();
        assert_ne!(Snapshot::of(&unit(&folder)).state, whole.state, "the same size, another time");
    }

    #[test]
    fn names_of_files_in_the_making_are_known() {
        for name in [".x.wav.Ab12", "a.wav.part", "a.WAV.FilePart", "a.tmp", "a.wav~"] {
            assert!(is_passing(OsStr::new(name)), "{name}");
        }
        assert!(!is_passing(OsStr::new("part.wav")));
    }
}
