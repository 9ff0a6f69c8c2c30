//! Turns the paths a user gives into the list of files to read.
//!
//! A folder stands for the audio files below it (known extensions, hidden ones left out); a file
//! named one by one is read whatever it is called. The list is sorted within each folder and free
//! of repeats, so that results do not depend on the file system's order.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::misnamed::hint;
use crate::audio::is_audio_extension;

/// Longest line accepted in a list of paths.
const MAX_PATH_BYTES: usize = 64 << 10;

/// A path that cannot be read, and why.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {source}{}", path.display(), hint(path))]
pub struct InputError {
    /// The path.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// The files to read, and the paths that could not be looked into.
#[derive(Debug, Default)]
pub struct Inputs {
    /// Files in the order they were asked for.
    pub files: Vec<PathBuf>,
    /// Paths that do not exist or cannot be listed.
    pub errors: Vec<InputError>,
    /// Folders given that hold no audio file.
    pub empty_folders: Vec<PathBuf>,
}

/// Collects the files that `paths` name.
pub fn collect(paths: &[PathBuf]) -> Inputs {
    let mut inputs = Inputs::default();
    let mut seen = HashSet::new();
    for path in paths {
        match std::fs::metadata(path) {
            Err(source) => inputs.errors.push(InputError { path: path.clone(), source }),
            Ok(meta) if meta.is_dir() => walk(path, &mut inputs, &mut seen),
            Ok(_) => {
                if seen.insert(path.clone()) {
                    inputs.files.push(path.clone());
                }
            }
        }
    }
    inputs
}

fn walk(folder: &Path, inputs: &mut Inputs, seen: &mut HashSet<PathBuf>) {
    let hidden = |name: &std::ffi::OsStr| name.as_encoded_bytes().starts_with(b".");
    let entries = WalkDir::new(folder)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|e| e.depth() == 0 || !hidden(e.file_name()));
    let before = inputs.files.len();
    for entry in entries {
        match entry {
            // Symbolic links to files are followed, to folders not: they may lead in circles.
            Ok(e) if !e.file_type().is_dir() && is_audio_extension(e.path()) => {
                let path = e.into_path();
                if path.is_file() && seen.insert(path.clone()) {
                    inputs.files.push(path);
                }
            }
            Ok(_) => {}
            Err(e) => {
                let path = e.path().unwrap_or(folder).to_owned();
                inputs.errors.push(InputError { path, source: e.into() });
            }
        }
    }
    if inputs.files.len() == before {
        inputs.empty_folders.push(folder.to_owned());
    }
}

/// Reads a list of paths, one a line, from `list` (`-` is standard input).
pub fn read_list(list: &Path) -> Result<Vec<PathBuf>, InputError> {
    let error = |source| InputError { path: list.to_owned(), source };
    let reader: Box<dyn Read> = if list == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(list).map_err(error)?)
    };
    lines(BufReader::new(reader)).map_err(error)
}

fn lines(mut reader: impl BufRead) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        let n = reader.by_ref().take(MAX_PATH_BYTES as u64).read_until(b'\n', &mut line)?;
        if n == 0 {
            return Ok(paths);
        }
        if n == MAX_PATH_BYTES {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a line is too long for a path",
            ));
        }
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if !text.is_empty() {
            paths.push(path_from_bytes(text));
        }
    }
}

#[cfg(unix)]
fn path_from_bytes(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

#[cfg(not(unix))]
fn path_from_bytes(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_take_both_line_ends_and_skip_blank_lines() {
        let paths = lines(&b"a.mp3\r\n\n b c.ogg\nlast"[..]).unwrap();
        assert_eq!(paths, ["a.mp3", " b c.ogg", "last"].map(PathBuf::from));
    }

    #[test]
    fn folders_are_walked_in_order_without_hidden_or_other_files() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.mp3", "a.ogg", "notes.txt", ".hidden.mp3"] {
            std::fs::write(dir.path().join(name), b"x").unwrap();
        }
        let twice = [dir.path().to_owned(), dir.path().join("a.ogg"), dir.path().join("none")];
        let inputs = collect(&twice);
        let names: Vec<_> = inputs.files.iter().map(|f| f.file_name().unwrap()).collect();
        assert_eq!(names, ["a.ogg", "b.mp3"]);
        assert_eq!(inputs.errors.len(), 1);
    }
}
