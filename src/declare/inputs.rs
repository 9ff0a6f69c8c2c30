//! Turns the paths a user gives into the list of files to read.
//!
//! A folder stands for the audio files below it (known extensions, hidden ones left out); a file
//! named one by one is read whatever it is called. The list is sorted within each folder and free
//! of repeats, so that results do not depend on the file system's order; a file that several links lead to
//! is one file. Files of a folder that are sound but are not read are told.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

pub use super::list::{InputError, read_list};
pub use super::others::NotLookedAt;
use super::others::not_looked_at;
use super::same_file::{FileId, are_links, file_id};
use crate::audio::is_audio_extension;

/// The files to read, and the paths that could not be looked into.
#[derive(Debug, Default)]
pub struct Inputs {
    /// Files in the order they were asked for.
    pub files: Vec<PathBuf>,
    /// Paths that do not exist or cannot be listed.
    pub errors: Vec<InputError>,
    /// Folders given that hold no audio file.
    pub empty_folders: Vec<PathBuf>,
    /// Files of folders that are not read and should be known of.
    pub others: Vec<NotLookedAt>,
    /// Links to files that are in the list, with the path under which they are.
    pub links: Vec<(PathBuf, PathBuf)>,
    /// Places in `files`.
    seen: HashMap<FileId, usize>,
    /// Paths in `others` and `links`: named twice, they are told once.
    told: HashSet<PathBuf>,
}

impl Inputs {
    fn add(&mut self, path: PathBuf) {
        let id = file_id(&path);
        match self.seen.get(&id) {
            Some(first) if are_links(&path, &self.files[*first]) => {
                if self.told.insert(path.clone()) {
                    self.links.push((path, self.files[*first].clone()));
                }
            }
            Some(_) => {}
            None => {
                self.seen.insert(id, self.files.len());
                self.files.push(path);
            }
        }
    }

    fn pass_over(&mut self, path: PathBuf, why: String) {
        if self.told.insert(path.clone()) {
            self.others.push(NotLookedAt { path, why });
        }
    }
}

/// Collects the files that `paths` name.
pub fn collect(paths: &[PathBuf]) -> Inputs {
    let mut inputs = Inputs::default();
    for path in paths {
        match std::fs::metadata(path) {
            Err(source) => inputs.errors.push(InputError { path: path.clone(), source }),
            Ok(meta) if meta.is_dir() => walk(path, &mut inputs),
            // A pipe may be given on purpose; devices are refused where audio is opened.
            Ok(_) => inputs.add(path.clone()),
        }
    }
    inputs
}

fn walk(folder: &Path, inputs: &mut Inputs) {
    let hidden = |name: &std::ffi::OsStr| name.as_encoded_bytes().starts_with(b".");
    let entries = WalkDir::new(folder)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|e| e.depth() == 0 || !hidden(e.file_name()));
    let mut holds_audio = false;
    for entry in entries {
        match entry {
            // Symbolic links to files are followed, to folders not: they may lead in circles.
            Ok(e) if !e.file_type().is_dir() && is_audio_extension(e.path()) => {
                let is_link = e.path_is_symlink();
                let path = e.into_path();
                if path.is_file() {
                    holds_audio = true;
                    inputs.add(path);
                } else if is_link {
                    inputs.pass_over(path, "a link that leads to no file".to_owned());
                } else {
                    inputs.pass_over(path, "a pipe or a device, and no file".to_owned());
                }
            }
            Ok(e) if e.file_type().is_dir() => {}
            Ok(e) => {
                if let Some(why) = not_looked_at(e.path()) {
                    inputs.pass_over(e.into_path(), why);
                }
            }
            Err(e) => {
                let path = e.path().unwrap_or(folder).to_owned();
                inputs.errors.push(InputError { path, source: e.into() });
            }
        }
    }
    if !holds_audio {
        inputs.empty_folders.push(folder.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn one_file_is_one_whatever_links_lead_to_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        std::fs::write(path("b.mp3"), b"x").unwrap();
        std::fs::write(path("c.mp3"), b"x").unwrap();
        std::fs::hard_link(path("b.mp3"), path("hard.mp3")).unwrap();
        std::os::unix::fs::symlink("b.mp3", path("a.mp3")).unwrap();
        std::os::unix::fs::symlink("nowhere.mp3", path("broken.mp3")).unwrap();
        std::fs::create_dir(path("sub")).unwrap();
        let again = [dir.path().to_owned(), path("sub/../c.mp3"), path("hard.mp3")];
        let inputs = collect(&again);
        assert_eq!(
            inputs.files,
            [path("a.mp3"), path("c.mp3")],
            "an equal copy is a file of its own"
        );
        let links = [path("b.mp3"), path("hard.mp3")].map(|link| (link, path("a.mp3")));
        assert_eq!(inputs.links, links);
        assert_eq!(inputs.others[0].path, path("broken.mp3"));
    }
}
