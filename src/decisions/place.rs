//! Where the log of an index lies, and how it shows that one is gone or cut.
//!
//! An index can be made anew, what people decided cannot. So the log of the index `NAME` lies beside it, as
//! `NAME.decisions.jsonl`, and under its old name in the folder as well: both are names of one file (a hard
//! link), so that what only knows the old one goes on, and `rm -r NAME` leaves the other. Where both cannot be
//! had, one has to do.
//!
//! An *anchor* in the folder of the index says how long the log was, and its head. The chain of the log cannot
//! show that entries are missing at its end, nor a missing file that there was one; with the anchor, that is an
//! error instead of no decisions.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::entry::Chain;
use super::error::LogError;

/// Name of the log in the folder of an index.
pub const LOG_NAME: &str = "decisions.jsonl";
/// What its name beside the index ends with.
const BESIDE: &str = ".decisions.jsonl";
/// Name of the anchor.
const ANCHOR_NAME: &str = "decisions.head";
/// Longest anchor that is read.
const MAX_ANCHOR: u64 = 4096;

/// The log of the index in `dir`: where it lies, or would.
///
/// # Errors
/// There are two that say different things.
pub fn of_index(dir: &Path) -> Result<PathBuf, LogError> {
    let inside = dir.join(LOG_NAME);
    let Some(beside) = beside(dir) else { return Ok(inside) };
    match (inside.exists(), beside.exists()) {
        (false, _) => Ok(beside),
        (true, false) => {
            // As a version before left it.
            link(&inside, &beside);
            Ok(if beside.exists() { beside } else { inside })
        }
        (true, true) => longer(inside, beside),
    }
}

/// The name of the log beside the index in `dir`; none where there is nothing beside it.
fn beside(dir: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(dir).ok()?;
    let whole = match absolute.file_name() {
        Some(_) if !absolute.ends_with("..") => absolute,
        _ => dir.canonicalize().ok()?,
    };
    let mut name = whole.file_name()?.to_owned();
    name.push(BESIDE);
    // As it was given, so that messages show what the user knows.
    match dir.file_name() {
        Some(_) => Some(dir.with_file_name(name)),
        None => Some(whole.with_file_name(name)),
    }
}

/// The index that the log at `path` belongs to by its name, if it lies where it is looked for.
fn index_of(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?;
    if name == LOG_NAME {
        let dir = path.parent()?.to_owned();
        return Some(if dir.as_os_str().is_empty() { PathBuf::from(".") } else { dir })
            .filter(|dir| is_index(dir));
    }
    let stem = name.to_str()?.strip_suffix(BESIDE)?;
    Some(path.with_file_name(stem)).filter(|dir| is_index(dir))
}

fn is_index(dir: &Path) -> bool {
    dir.join("MANIFEST").exists()
}

/// Where a new log at `path` is to be made: there, or in the folder of its index if nothing can be made beside
/// it.
pub(super) fn to_create(path: &Path) -> PathBuf {
    let Some(index) = index_of(path).filter(|_| !path.exists()) else { return path.to_owned() };
    match File::options().append(true).create(true).open(path) {
        Err(e)
            if matches!(
                e.kind(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
            ) =>
        {
            index.join(LOG_NAME)
        }
        _ => path.to_owned(),
    }
}

/// Where the log that was looked for at `path` is to be read: there, or in the folder of its index if it could
/// not be made beside it.
pub(super) fn to_read(path: &Path) -> PathBuf {
    let inside = index_of(path).map(|index| index.join(LOG_NAME));
    inside.filter(|inside| !path.exists() && inside.exists()).unwrap_or_else(|| path.to_owned())
}

/// Gives the log at `path`, to which something was added, both of its names, as far as that is possible.
pub(super) fn keep_names(path: &Path) {
    let Some(index) = index_of(path) else { return };
    let inside = index.join(LOG_NAME);
    let other = if path == inside { beside(&index) } else { Some(inside) };
    if let Some(other) = other.filter(|other| !is_same(path, other)) {
        link(path, &other);
    }
}

/// Makes `name` a name of the log at `path`. What lies there is replaced: it is a part of the log, or nothing.
fn link(path: &Path, name: &Path) {
    let mut hidden = name.as_os_str().to_owned();
    hidden.push(".link");
    let hidden = PathBuf::from(hidden);
    let _ = std::fs::remove_file(&hidden);
    let linked = std::fs::hard_link(path, &hidden).and_then(|()| std::fs::rename(&hidden, name));
    if linked.is_err() {
        let _ = std::fs::remove_file(&hidden);
    }
}

/// Of two logs, the one that goes on where the other ends.
fn longer(inside: PathBuf, beside: PathBuf) -> Result<PathBuf, LogError> {
    if is_same(&inside, &beside) {
        return Ok(beside);
    }
    let length = |path: &Path| std::fs::metadata(path).map_or(0, |meta| meta.len());
    let (shorter, longer) = match length(&inside) <= length(&beside) {
        true => (inside, beside),
        false => (beside, inside),
    };
    let begins = |a: &Path, b: &Path| -> io::Result<bool> {
        let (mut a, mut b) =
            (io::BufReader::new(File::open(a)?), io::BufReader::new(File::open(b)?));
        let (mut left, mut right) = (vec![0; 1 << 16], vec![0; 1 << 16]);
        loop {
            let n = a.read(&mut left)?;
            if n == 0 {
                return Ok(true);
            }
            b.read_exact(&mut right[..n])?;
            if left[..n] != right[..n] {
                return Ok(false);
            }
        }
    };
    match begins(&shorter, &longer) {
        Ok(true) => Ok(longer),
        _ => Err(LogError::Disagree { path: longer, other: shorter }),
    }
}

#[cfg(unix)]
fn is_same(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |path: &Path| std::fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()));
    id(a).is_some() && id(a) == id(b)
}

#[cfg(not(unix))]
fn is_same(a: &Path, b: &Path) -> bool {
    // Links are kept up by being made anew.
    let length = |path: &Path| std::fs::metadata(path).ok().map(|meta| meta.len());
    length(a).is_some() && length(a) == length(b)
}

/// How long a log was, and the hash of its last entry then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Anchor {
    pub(super) entries: u64,
    pub(super) head: String,
}

impl Anchor {
    fn path(log: &Path) -> Option<PathBuf> {
        Some(index_of(log)?.join(ANCHOR_NAME))
    }

    /// What is known of the log at `log`; none if nothing is.
    pub(super) fn of(log: &Path) -> Option<Anchor> {
        let mut text = Vec::new();
        File::open(Anchor::path(log)?).ok()?.take(MAX_ANCHOR).read_to_end(&mut text).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Notes how long the log is. If that is impossible, what was noted before is still true.
    pub(super) fn note(log: &Path, chain: &Chain) {
        let Some(path) = Anchor::path(log) else { return };
        let anchor = Anchor { entries: chain.entries, head: chain.head.clone() };
        let hidden = path.with_extension("head.tmp");
        let Ok(text) = serde_json::to_vec(&anchor) else { return };
        let _ = std::fs::remove_file(&hidden);
        if std::fs::write(&hidden, text).and_then(|()| std::fs::rename(&hidden, path)).is_err() {
            let _ = std::fs::remove_file(&hidden);
        }
    }

    /// The error for a log of which only `found` entries are there.
    pub(super) fn missing(&self, log: &Path, found: u64) -> LogError {
        let anchor = Anchor::path(log).unwrap_or_default();
        LogError::Shorter { path: log.to_owned(), found, expected: self.entries, anchor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_follows_from_the_name_of_the_index_however_it_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let index = dir.path().join("refs.v2");
        std::fs::create_dir(&index).unwrap();
        std::fs::write(index.join("MANIFEST"), "x").unwrap();
        let expected = dir.path().join("refs.v2.decisions.jsonl");
        assert_eq!(of_index(&index).unwrap(), expected);
        assert_eq!(of_index(&index.join("")).unwrap(), expected);
        assert_eq!(index_of(&expected), Some(index.clone()));
        assert_eq!(index_of(&index.join(LOG_NAME)), Some(index.clone()));
        assert_eq!(index_of(&dir.path().join("other.decisions.jsonl")), None);
        assert_eq!(
            of_index(&index.join("../refs.v2/.")).unwrap().file_name(),
            expected.file_name()
        );
        assert!(of_index(Path::new("/")).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn both_names_stay_names_of_one_log() {
        let dir = tempfile::tempdir().unwrap();
        let index = dir.path().join("refs");
        std::fs::create_dir(&index).unwrap();
        std::fs::write(index.join("MANIFEST"), "x").unwrap();
        let (inside, beside) = (index.join(LOG_NAME), dir.path().join("refs.decisions.jsonl"));
        // As a version before left it.
        std::fs::write(&inside, "one\n").unwrap();
        assert_eq!(of_index(&index).unwrap(), beside);
        assert!(is_same(&inside, &beside));
        // The index was made anew.
        std::fs::remove_file(&inside).unwrap();
        assert_eq!(of_index(&index).unwrap(), beside);
        keep_names(&beside);
        assert!(is_same(&inside, &beside));
        // A copy of an earlier state was put into the folder, or of a later one.
        std::fs::remove_file(&inside).unwrap();
        std::fs::write(&inside, "on").unwrap();
        assert_eq!(of_index(&index).unwrap(), beside);
        std::fs::write(&inside, "one\ntwo\n").unwrap();
        assert_eq!(of_index(&index).unwrap(), inside);
        keep_names(&inside);
        assert_eq!(std::fs::read(&beside).unwrap(), b"one\ntwo\n");
        std::fs::remove_file(&inside).unwrap();
        std::fs::write(&inside, "another\n").unwrap();
        assert!(matches!(of_index(&index), Err(LogError::Disagree { .. })));
    }
}
