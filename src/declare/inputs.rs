//! Turns the paths a user gives into the list of files to read.
//!
//! A folder stands for the audio files below it (known extensions, hidden ones left out); a file
//! named one by one is read whatever it is called. The list is sorted within each folder and free
//! of repeats, so that results do not depend on the file system's order; a file that several links lead to
//! is one file. Files of a folder that are sound but are not read are told.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

pub use super::list::{InputError, read_list, read_null_list};
pub use super::others::NotLookedAt;
use super::others::not_looked_at;
use super::same_file::{FileId, are_links, file_id};
use crate::audio::is_audio_extension;

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
    /// Files of folders that are not read and should be known of.
    pub others: Vec<NotLookedAt>,
    /// Links to files that are in the list, with the path under which they are.
    pub links: Vec<(PathBuf, PathBuf)>,
    /// Links to files or folders outside of the one that was to be stayed in.
    pub outside: Vec<PathBuf>,
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

    /// Files that are read, and links and errors that take the place of one.
    fn taken(&self) -> usize {
        self.files.len() + self.links.len() + self.outside.len() + self.errors.len()
    }
}

/// Collects the files that `paths` name.
pub fn collect(paths: &[PathBuf]) -> Inputs {
    let mut inputs = Inputs::default();
    for path in paths {
        match std::fs::metadata(path) {
            Err(source) => inputs.errors.push(InputError { path: path.clone(), source }),
            Ok(meta) if meta.is_dir() => walk(path, None, &mut inputs),
            // A pipe may be given on purpose; devices are refused where audio is opened.
            Ok(_) => inputs.add(path.clone()),
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
    walk(folder, Some(root), &mut inputs);
    inputs
}

/// Whether what `path` names, symbolic links followed, lies in the folder `root` or is it.
pub fn lies_within(path: &Path, root: &Path) -> bool {
    match (path.canonicalize(), root.canonicalize()) {
        (Ok(path), Ok(root)) => path.starts_with(root),
        _ => false,
    }
}

fn walk(folder: &Path, root: Option<&Path>, inputs: &mut Inputs) {
    let hidden = |name: &std::ffi::OsStr| name.as_encoded_bytes().starts_with(b".");
    let entries = WalkDir::new(folder)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|e| e.depth() == 0 || !hidden(e.file_name()));
    let before = inputs.taken();
    for entry in entries {
        match entry {
            Ok(e) if e.file_type().is_dir() => {}
            Ok(e) => look_at(&e, root, inputs),
            Err(e) => {
                let path = e.path().unwrap_or(folder).to_owned();
                inputs.errors.push(InputError { path, source: e.into() });
            }
        }
    }
    if inputs.taken() == before {
        inputs.empty_folders.push(folder.to_owned());
    }
}

/// Takes a file if it is audio by its name. Symbolic links to files are followed, to folders not: they may
/// lead in circles, and what they hold lies elsewhere in the folder if it is to be looked at.
fn look_at(entry: &DirEntry, root: Option<&Path>, inputs: &mut Inputs) {
    let path = entry.path().to_owned();
    let is_link = entry.file_type().is_symlink();
    let leads_to = std::fs::metadata(&path);
    let is_folder = leads_to.as_ref().is_ok_and(|meta| meta.is_dir());
    let is_audio = is_audio_extension(&path);
    let leads_out = || root.is_some_and(|root| !lies_within(&path, root));
    if is_link && leads_to.is_ok() && (is_audio || is_folder) && leads_out() {
        inputs.outside.push(path);
        return;
    }
    if is_folder {
        return;
    }
    if !is_audio {
        if let Some(why) = not_looked_at(&path) {
            inputs.pass_over(path, why);
        }
    } else if leads_to.is_ok_and(|meta| meta.is_file()) {
        inputs.add(path);
    } else if is_link {
        inputs.pass_over(path, "a link that leads to no file".to_owned());
    } else {
        inputs.pass_over(path, "a pipe or a device, and no file".to_owned());
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
        let passed_over = |inputs: &Inputs| -> Vec<PathBuf> {
            inputs.others.iter().map(|other| other.path.clone()).collect()
        };
        let links = |inputs: &Inputs| -> Vec<PathBuf> {
            inputs.links.iter().map(|(link, _)| link.clone()).collect()
        };
        let own = collect(std::slice::from_ref(&inside));
        assert_eq!(names(&own.files), ["a.mp3", "c.mp3"]);
        assert_eq!(names(&links(&own)), ["b.mp3"], "a further name of the first");
        assert_eq!(names(&passed_over(&own)), ["e.mp3", "f.mp3"], "nothing in silence");
        let foreign = collect_within(&inside, &inside);
        assert_eq!(
            (names(&foreign.files), names(&links(&foreign))),
            (vec!["a.mp3".into()], vec!["b.mp3".into()])
        );
        assert_eq!(names(&foreign.outside), ["c.mp3", "d"]);
        assert_eq!(names(&passed_over(&foreign)), ["e.mp3", "f.mp3"]);
        let elsewhere = collect_within(&inside.join("d"), &inside);
        assert_eq!((elsewhere.files.len(), elsewhere.outside.len()), (0, 1));
    }
}
