//! Turns the paths a user gives into the list of files to read.
//!
//! A folder stands for the audio files below it (known extensions, hidden ones left out); a file
//! named one by one is read whatever it is called. The list is sorted within each folder and free
//! of repeats, so that results do not depend on the file system's order.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use crate::audio::is_audio_extension;

/// Longest line accepted in a list of paths.
const MAX_PATH_BYTES: usize = 64 << 10;

/// A path that cannot be read, and why.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {source}", path.display())]
pub struct InputError {
    /// The path.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// The files to read, and the paths that could not be looked into.
///
/// A folder that came from strangers is looked into with [`collect_within`], which follows no link out of it.
#[derive(Debug, Default)]
pub struct Inputs {
    /// Files in the order they were asked for.
    pub files: Vec<PathBuf>,
    /// Paths that do not exist or cannot be listed.
    pub errors: Vec<InputError>,
    /// Folders given that hold no audio file.
    pub empty_folders: Vec<PathBuf>,
    /// Links to files or folders outside of the one that was to be stayed in.
    pub outside: Vec<PathBuf>,
}

/// Collects the files that `paths` name.
pub fn collect(paths: &[PathBuf]) -> Inputs {
    let mut inputs = Inputs::default();
    let mut seen = HashSet::new();
    for path in paths {
        match std::fs::metadata(path) {
            Err(source) => inputs.errors.push(InputError { path: path.clone(), source }),
            Ok(meta) if meta.is_dir() => walk(path, None, &mut inputs, &mut seen),
            Ok(_) => {
                if seen.insert(path.clone()) {
                    inputs.files.push(path.clone());
                }
            }
        }
    }
    inputs
}

/// Collects the audio files below `folder`, and none that lies outside of `root`: a link that leads out is
/// not followed but told.
pub fn collect_within(folder: &Path, root: &Path) -> Inputs {
    let mut inputs = Inputs::default();
    if !lies_within(folder, root) {
        inputs.outside.push(folder.to_owned());
        return inputs;
    }
    walk(folder, Some(root), &mut inputs, &mut HashSet::new());
    inputs
}

/// Whether what `path` names, symbolic links followed, lies in the folder `root` or is it.
pub fn lies_within(path: &Path, root: &Path) -> bool {
    match (path.canonicalize(), root.canonicalize()) {
        (Ok(path), Ok(root)) => path.starts_with(root),
        _ => false,
    }
}

fn walk(folder: &Path, root: Option<&Path>, inputs: &mut Inputs, seen: &mut HashSet<PathBuf>) {
    let hidden = |name: &std::ffi::OsStr| name.as_encoded_bytes().starts_with(b".");
    let entries = WalkDir::new(folder)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|e| e.depth() == 0 || !hidden(e.file_name()));
    let found = |inputs: &Inputs| inputs.files.len() + inputs.outside.len() + inputs.errors.len();
    let before = found(inputs);
    for entry in entries {
        match entry {
            Ok(e) if e.file_type().is_dir() => {}
            Ok(e) => look_at(&e, root, inputs, seen),
            Err(e) => {
                let path = e.path().unwrap_or(folder).to_owned();
                inputs.errors.push(InputError { path, source: e.into() });
            }
        }
    }
    if found(inputs) == before {
        inputs.empty_folders.push(folder.to_owned());
    }
}

/// Takes a file if it is audio by its name. Symbolic links to files are followed, to folders not: they may
/// lead in circles.
fn look_at(
    entry: &DirEntry,
    root: Option<&Path>,
    inputs: &mut Inputs,
    seen: &mut HashSet<PathBuf>,
) {
    let path = entry.path();
    let is_link = entry.file_type().is_symlink();
    if !is_link && !is_audio_extension(path) {
        return;
    }
    let leads_to = std::fs::metadata(path);
    let is_folder = is_link && leads_to.as_ref().is_ok_and(|meta| meta.is_dir());
    if !is_audio_extension(path) && !is_folder {
        return;
    }
    if is_link && leads_to.is_ok() && root.is_some_and(|root| !lies_within(path, root)) {
        inputs.outside.push(path.to_owned());
        return;
    }
    match leads_to {
        // What it holds lies elsewhere in the folder, if it is to be looked at.
        Ok(_) if is_folder => {}
        Ok(meta) if meta.is_file() => {
            if seen.insert(path.to_owned()) {
                inputs.files.push(path.to_owned());
            }
        }
        other => {
            let is_none = io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file");
            let source = other.err().unwrap_or(is_none);
            inputs.errors.push(InputError { path: path.to_owned(), source });
        }
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

    #[cfg(unix)]
    #[test]
    fn links_are_followed_where_they_stay_inside_or_the_folder_is_ones_own() {
        use std::os::unix::fs::symlink;

        let dir = tempfile::tempdir().unwrap();
        let (inside, outside) = (dir.path().join("in"), dir.path().join("out"));
        for folder in [&inside, &outside] {
            std::fs::create_dir(folder).unwrap();
            std::fs::write(folder.join("a.mp3"), b"x").unwrap();
        }
        symlink("a.mp3", inside.join("b.mp3")).unwrap();
        symlink("../out/a.mp3", inside.join("c.mp3")).unwrap();
        symlink(&outside, inside.join("d")).unwrap();
        symlink("none", inside.join("e.mp3")).unwrap();
        let pipe = std::process::Command::new("mkfifo").arg(inside.join("f.mp3")).status();
        assert!(pipe.unwrap().success());
        let names = |paths: &[PathBuf]| -> Vec<String> {
            let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
            paths.iter().map(name).collect()
        };
        let failed = |inputs: &Inputs| -> Vec<PathBuf> {
            inputs.errors.iter().map(|error| error.path.clone()).collect()
        };
        let own = collect(std::slice::from_ref(&inside));
        assert_eq!(names(&own.files), ["a.mp3", "b.mp3", "c.mp3"]);
        assert_eq!(names(&failed(&own)), ["e.mp3", "f.mp3"], "nothing is passed over in silence");
        let foreign = collect_within(&inside, &inside);
        assert_eq!(names(&foreign.files), ["a.mp3", "b.mp3"]);
        assert_eq!(names(&foreign.outside), ["c.mp3", "d"]);
        assert_eq!(names(&failed(&foreign)), ["e.mp3", "f.mp3"]);
        let elsewhere = collect_within(&inside.join("d"), &inside);
        assert_eq!((elsewhere.files.len(), elsewhere.outside.len()), (0, 1));
    }
}
