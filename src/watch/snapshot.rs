//! The state of a delivery: what lies in it, by a glance and by its content.
//!
//! A glance takes names, sizes, times and inode numbers, and opens nothing. It tells that something changed,
//! and that nothing did: a sender may set the size of a file and the time of its change, but not the time at
//! which the system last noted one (ctime). The digest of the contents says whether it matters.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sha2::{Digest, Sha256};
use walkdir::WalkDir;

use super::queue::{Unit, UnitKind, is_passing, noted};
use crate::id::{digest_of, hex, path_text};
use crate::progress::Cancel;
use crate::regular;
use crate::report::records::DeliveryInfo;

/// Where the receiver of a DDEX batch answers: no part of the delivery.
const ANSWERS: &str = "acknowledgements";
/// A file that was changed so shortly before it was read may change again without a sign: clocks of file
/// systems tick a few milliseconds apart, those of servers differ, and what is written through a mapping is
/// noted late.
const UNSURE: Duration = Duration::from_secs(60);

/// The state of a delivery by a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Digest of the names, sizes, times and inode numbers of its files, in hexadecimal. Hidden and temporary
    /// files do not count.
    pub glance: String,
    /// The same with hidden and temporary files: changes as long as somebody writes.
    pub pulse: [u8; 32],
    /// Files.
    pub files: u64,
    /// Their size.
    pub bytes: u64,
    /// When the system last noted a change; none where it does not say for all of them.
    changed: Option<SystemTime>,
}

impl Snapshot {
    /// Takes the state of `unit`. What cannot be read is part of it.
    pub fn of(unit: &Unit) -> Snapshot {
        let mut taker = Taker::default();
        for (path, name) in files(unit) {
            taker.file(&name, &path);
        }
        Snapshot {
            glance: hex(&taker.glance.finalize()),
            pulse: taker.pulse.finalize().into(),
            files: taker.files,
            bytes: taker.bytes,
            changed: taker.known.then_some(taker.changed),
        }
    }

    #[cfg(test)]
    pub(super) fn for_tests(glance: &str, bytes: u64) -> Snapshot {
        let changed = Some(UNIX_EPOCH);
        Snapshot { glance: glance.to_owned(), pulse: [0; 32], files: 1, bytes, changed }
    }

    /// Whether another glance that gives the same, taken when it was `now` or later, means that nothing changed.
    pub fn is_sure(&self, now: SystemTime) -> bool {
        let changed = self.changed.and_then(|changed| changed.checked_add(UNSURE));
        changed.is_some_and(|sure| sure <= now)
    }

    /// As it stands in a result.
    pub fn info(&self, name: &OsStr, state: &str) -> DeliveryInfo {
        DeliveryInfo {
            name: path_text(Path::new(name)),
            state: state.to_owned(),
            files: self.files,
            bytes: self.bytes,
        }
    }
}

/// Digest of the names and contents of the files of `unit`, in hexadecimal; none if a request to stop came.
/// Hidden and temporary files do not count. What is no file counts by what it is, and is not opened.
pub fn content_state(unit: &Unit, cancel: &Cancel) -> Option<String> {
    let mut state = Sha256::new();
    for (path, name) in files(unit) {
        if cancel.is_cancelled() {
            return None;
        }
        if name.file_name().is_some_and(is_passing) {
            continue;
        }
        let name = name.as_os_str().as_encoded_bytes();
        state.update((name.len() as u64).to_le_bytes());
        state.update(name);
        match digest(&path, cancel) {
            _ if cancel.is_cancelled() => return None,
            Ok(digest) => {
                state.update(b"file");
                state.update(digest);
            }
            Err(_) => state.update(strange(&path)),
        }
    }
    Some(hex(&state.finalize()))
}

/// Digest of the file as long as it is now: one to which somebody adds without end has an end all the same.
fn digest(path: &Path, cancel: &Cancel) -> io::Result<[u8; 32]> {
    let file = regular::open_itself(path)?;
    let length = file.metadata()?.len();
    let input = Stoppable { input: file, cancel }.take(length);
    Ok(digest_of::<Sha256>(input)?.finalize().into())
}

/// Reads until a request to stop comes.
struct Stoppable<'a> {
    input: File,
    cancel: &'a Cancel,
}

impl Read for Stoppable<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self.cancel.is_cancelled() {
            true => Err(io::Error::other("stopped")),
            false => self.input.read(bytes),
        }
    }
}

/// What there is in the place of a file: where a link leads, or that it is none and cannot be read.
fn strange(path: &Path) -> Vec<u8> {
    match std::fs::read_link(path) {
        Ok(target) => [b"link", target.as_os_str().as_encoded_bytes(), b"\0"].concat(),
        Err(_) => b"none".to_vec(),
    }
}

/// The files of a delivery in order, each with its name in it. Links are not followed.
fn files(unit: &Unit) -> Vec<(PathBuf, PathBuf)> {
    let named = |path: &Path, folder: &Path| {
        (path.to_owned(), path.strip_prefix(folder).unwrap_or(path).to_owned())
    };
    if unit.kind != UnitKind::Folder {
        let files = std::iter::once(&unit.path).chain(&unit.named);
        return files.map(|path| named(path, unit.folder())).collect();
    }
    let part = |entry: &walkdir::DirEntry| {
        let name = entry.file_name().as_encoded_bytes();
        let hidden = name.starts_with(b".") || name == ANSWERS.as_bytes();
        entry.depth() == 0 || !(hidden && entry.file_type().is_dir())
    };
    let entries = WalkDir::new(&unit.path).sort_by_file_name().into_iter().filter_entry(part);
    let mut files = Vec::new();
    for entry in entries {
        match entry {
            Ok(entry) if entry.file_type().is_dir() => {}
            Ok(entry) => files.push(named(entry.path(), &unit.path)),
            Err(error) => files.push(named(error.path().unwrap_or(&unit.path), &unit.path)),
        }
    }
    files
}

struct Taker {
    glance: Sha256,
    pulse: Sha256,
    files: u64,
    bytes: u64,
    /// The latest change.
    changed: SystemTime,
    /// The system says so of each file.
    known: bool,
}

impl Default for Taker {
    fn default() -> Taker {
        Taker {
            glance: Sha256::new(),
            pulse: Sha256::new(),
            files: 0,
            bytes: 0,
            changed: UNIX_EPOCH,
            known: true,
        }
    }
}

impl Taker {
    /// Enters a file.
    fn file(&mut self, name: &Path, path: &Path) {
        // Without `meta` it is there, or should be, and cannot be looked at.
        let meta = std::fs::symlink_metadata(path).ok();
        let mut line = Vec::from(name.as_os_str().as_encoded_bytes());
        line.push(0);
        let noted = meta.as_ref().and_then(noted);
        if let Some(meta) = &meta {
            line.extend(meta.len().to_le_bytes());
            line.extend(meta.modified().map_or(0, nanoseconds).to_le_bytes());
            line.extend(noted.map_or(0, nanoseconds).to_le_bytes());
            line.extend(inode(meta).to_le_bytes());
            if !meta.is_file() {
                line.extend(strange(path));
            }
        }
        line.push(b'\n');
        self.pulse.update(&line);
        if name.file_name().is_some_and(is_passing) {
            return;
        }
        self.glance.update(&line);
        self.known &= noted.is_some();
        self.changed = self.changed.max(noted.unwrap_or(UNIX_EPOCH));
        if let Some(meta) = meta {
            self.files += 1;
            self.bytes = self.bytes.saturating_add(meta.len());
        }
    }
}

#[cfg(unix)]
fn inode(meta: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(meta)
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> u64 {
    0
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

    fn state(path: &Path) -> String {
        content_state(&unit(path), &Cancel::new()).unwrap()
    }

    fn set_modified(path: &Path, time: SystemTime) {
        fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
    }

    #[test]
    fn what_arrives_changes_the_state_and_what_is_being_written_the_pulse_only() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("delivery");
        fs::create_dir_all(folder.join("sub/.hidden")).unwrap();
        fs::write(folder.join("sub/a.wav"), b"12").unwrap();
        let before = Snapshot::of(&unit(&folder));
        let content = state(&folder);
        assert_eq!((before.files, before.bytes), (1, 2));
        assert_eq!(Snapshot::of(&unit(&folder)), before);

        fs::write(folder.join("b.wav.filepart"), b"1").unwrap();
        let writing = Snapshot::of(&unit(&folder));
        assert_eq!((&writing.glance, state(&folder)), (&before.glance, content.clone()));
        assert_ne!(writing.pulse, before.pulse);

        fs::rename(folder.join("b.wav.filepart"), folder.join("b.wav")).unwrap();
        let whole = Snapshot::of(&unit(&folder));
        assert_ne!(whole.glance, before.glance);
        assert_ne!(state(&folder), content);

        // What is answered to the sender, and folders of snapshots, are no part of it.
        fs::write(folder.join("sub/.hidden/old.wav"), b"1").unwrap();
        fs::create_dir(folder.join("acknowledgements")).unwrap();
        fs::write(folder.join("acknowledgements/ok.xml"), b"1").unwrap();
        assert_eq!(Snapshot::of(&unit(&folder)), whole);
    }

    #[cfg(unix)]
    #[test]
    fn neither_size_nor_time_hides_another_content() {
        let dir = tempfile::tempdir().unwrap();
        let (path, time) = (dir.path().join("a.wav"), UNIX_EPOCH + Duration::from_secs(1_000_000));
        fs::write(&path, b"harmless").unwrap();
        set_modified(&path, time);
        let (before, content) = (Snapshot::of(&unit(dir.path())), state(dir.path()));
        // Clocks of file systems tick a few milliseconds apart.
        std::thread::sleep(Duration::from_millis(30));
        fs::write(&path, b"stolen!!").unwrap();
        set_modified(&path, time);
        assert_ne!(Snapshot::of(&unit(dir.path())).glance, before.glance);
        assert_ne!(state(dir.path()), content);
        // The same content again is the same state, however it looks.
        fs::write(&path, b"harmless").unwrap();
        assert_ne!(Snapshot::of(&unit(dir.path())).glance, before.glance);
        assert_eq!(state(dir.path()), content);
        let now = SystemTime::now();
        assert!(!before.is_sure(now), "it was changed just now");
        assert!(before.is_sure(now + UNSURE));
    }

    #[cfg(unix)]
    #[test]
    fn links_and_pipes_are_seen_and_not_opened() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("delivery");
        fs::create_dir(&folder).unwrap();
        let secret = dir.path().join("secret.wav");
        fs::write(&secret, b"1").unwrap();
        std::os::unix::fs::symlink(&secret, folder.join("a.wav")).unwrap();
        let pipe = std::process::Command::new("mkfifo").arg(folder.join("b.wav")).status();
        assert!(pipe.unwrap().success());
        let (before, content) = (Snapshot::of(&unit(&folder)), state(&folder));
        assert_eq!(before.files, 2);
        fs::write(&secret, b"22").unwrap();
        assert_eq!(Snapshot::of(&unit(&folder)), before, "what a link leads to is no part of it");
        assert_eq!(state(&folder), content);
        fs::remove_file(folder.join("a.wav")).unwrap();
        std::os::unix::fs::symlink("b.wav", folder.join("a.wav")).unwrap();
        assert_ne!(state(&folder), content);
    }

    #[test]
    fn names_of_files_in_the_making_are_known() {
        for name in [".x.wav.Ab12", "a.wav.part", "a.WAV.FilePart", "a.tmp", "a.wav~"] {
            assert!(is_passing(OsStr::new(name)), "{name}");
        }
        assert!(!is_passing(OsStr::new("part.wav")));
    }
}
