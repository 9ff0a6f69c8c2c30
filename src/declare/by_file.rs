//! Which row of a table, or recording of a message, is about which audio file.
//!
//! A table may have a million rows, so paths are kept as hashes of 64 bits: two of a million share one in
//! one of 40 million tables, and then a row is about a file of the same delivery that it does not name.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::path::{Component, Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

use super::ern::file_names;

/// Stands for several entries.
const SEVERAL: u32 = u32::MAX;

/// How closely a file is to be named, the closest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closeness {
    /// By its path.
    Path,
    /// By its path in other case: `A.MP3` for `a.mp3`.
    PathInOtherCase,
    /// By its name, wherever it lies: a table may have the paths of the machine it was made on.
    Name,
    /// By its name in other case.
    NameInOtherCase,
}

/// Entries and files that belong together.
#[derive(Debug)]
pub(super) struct Assigned {
    /// The entry about each of the files.
    pub(super) found: Vec<Option<usize>>,
    /// For each entry that names one of the files, how many have its name.
    pub(super) taken: HashMap<usize, usize>,
}

impl Closeness {
    const ALL: [Closeness; 4] =
        [Closeness::Path, Closeness::PathInOtherCase, Closeness::Name, Closeness::NameInOtherCase];
}

/// Entries by the files they are about, known by their numbers.
#[derive(Debug, Default)]
pub(super) struct ByFile {
    /// Folders of the tables, from the root.
    folders: Vec<PathBuf>,
    /// The same as they were given.
    given: Vec<PathBuf>,
    paths: HashMap<u64, u32>,
    folded_paths: HashMap<u64, u32>,
    names: HashMap<u64, u32>,
    folded_names: HashMap<u64, u32>,
}

impl ByFile {
    /// The entries that are about `file` by its path already, as it is written in a table in `folder`.
    pub(super) fn known(&self, folder: &Path, file: &str) -> Option<usize> {
        let folder = self.folder(folder)?;
        let names = file_names(file);
        let mut found =
            names.iter().filter_map(|name| self.paths.get(&self.key(folder, name)).copied());
        found.next().map(|entry| entry as usize)
    }

    /// Adds an entry about `file`, as it is written in a table in `folder`.
    pub(super) fn add(&mut self, folder: &Path, file: &str, entry: usize) {
        let entry = u32::try_from(entry).unwrap_or(SEVERAL);
        let folder = match self.folder(folder) {
            Some(known) => known,
            None => {
                self.folders.push(normalised(folder));
                self.given.push(folder.to_owned());
                self.folders.len() - 1
            }
        };
        for name in file_names(file) {
            let key = self.key(folder, &name);
            self.paths.insert(key, entry);
            let folded = self.folded_key(folder, &name);
            one_or_several(&mut self.folded_paths, folded, entry);
        }
        if let Some(name) = base_name(Path::new(&file.replace('\\', "/"))) {
            one_or_several(&mut self.names, hash(&name), entry);
            one_or_several(&mut self.folded_names, hash(&folded(&name)), entry);
        }
    }

    /// Which entry is about which of the files `audio`: by its path, or by its file name where one entry alone has
    /// it and no file of that very path is among them. A bare name that several of the files have is about none.
    pub(super) fn assign(&self, audio: &[&Path]) -> Assigned {
        let mut taken: HashMap<usize, usize> = HashMap::new();
        let mut found: Vec<Option<usize>> = vec![None; audio.len()];
        let mut closer: HashSet<usize> = HashSet::new();
        for closeness in Closeness::ALL {
            let mut of_this = Vec::new();
            let open = found.iter_mut().zip(audio).filter(|(place, _)| place.is_none());
            for (place, path) in open {
                *place = self.find(path, closeness).filter(|entry| !closer.contains(entry));
                of_this.extend(*place);
            }
            for entry in &of_this {
                match closeness {
                    // The same file given twice is one file.
                    Closeness::Path => drop(taken.insert(*entry, 1)),
                    _ => *taken.entry(*entry).or_default() += 1,
                }
            }
            closer.extend(of_this);
        }
        for place in &mut found {
            *place = place.filter(|entry| taken[entry] == 1);
        }
        Assigned { found, taken }
    }

    /// The one entry that names the file at `path` as closely as `closeness` says.
    fn find(&self, path: &Path, closeness: Closeness) -> Option<usize> {
        let found = match closeness {
            Closeness::Path => self.by_path(path, &self.paths, |this, at, name| this.key(at, name)),
            Closeness::PathInOtherCase => {
                self.by_path(path, &self.folded_paths, |this, at, name| this.folded_key(at, name))
            }
            Closeness::Name => self.names.get(&hash(&base_name(path)?)).copied(),
            Closeness::NameInOtherCase => {
                self.folded_names.get(&hash(&folded(&base_name(path)?))).copied()
            }
        };
        found.filter(|entry| *entry != SEVERAL).map(|entry| entry as usize)
    }

    fn by_path(
        &self,
        path: &Path,
        entries: &HashMap<u64, u32>,
        key: impl Fn(&ByFile, usize, &Path) -> u64,
    ) -> Option<u32> {
        let path = normalised(path);
        let numbered = || self.folders.iter().enumerate().rev();
        // From the folder of a table; else as written, for lists made in the folder the command runs in.
        let from_table =
            numbered().filter_map(|(at, folder)| Some((at, path.strip_prefix(folder).ok()?)));
        let here = normalised(Path::new("."));
        let from_here = numbered().filter_map(|(at, _)| Some((at, path.strip_prefix(&here).ok()?)));
        let whole = numbered().map(|(at, _)| (at, path.as_path()));
        let mut ways = from_table.chain(from_here).chain(whole);
        ways.find_map(|(at, name)| entries.get(&key(self, at, name)).copied())
    }

    fn folder(&self, folder: &Path) -> Option<usize> {
        if let Some(known) = self.given.iter().position(|known| known == folder) {
            return Some(known);
        }
        let folder = normalised(folder);
        self.folders.iter().position(|known| *known == folder)
    }

    fn key(&self, folder: usize, name: &Path) -> u64 {
        hash(&(folder, self.place(folder, name).nfc().collect::<String>()))
    }

    fn folded_key(&self, folder: usize, name: &Path) -> u64 {
        hash(&(folder, folded(&self.place(folder, name))))
    }

    /// `name` from the folder with this number; from the root where it leads out of it.
    fn place(&self, folder: usize, name: &Path) -> String {
        let is_inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        let mut place = PathBuf::new();
        if name.components().all(is_inside) {
            place.extend(name.components().filter(|part| *part != Component::CurDir));
        } else {
            place = normalised(&self.folders[folder].join(name));
            if let Ok(inside) = place.strip_prefix(&self.folders[folder]) {
                place = inside.to_owned();
            }
        }
        place.to_string_lossy().into_owned()
    }
}

fn one_or_several(entries: &mut HashMap<u64, u32>, key: u64, entry: u32) {
    let known = entries.entry(key).or_insert(entry);
    if *known != entry {
        *known = SEVERAL;
    }
}

/// The same in every run: which entry is found may not depend on chance.
pub(super) fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The file name, composed, so that names compare equal whichever system wrote them.
pub(super) fn base_name(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_string_lossy().nfc().collect())
}

/// `name` without regard to case, composed.
pub(super) fn folded(name: &str) -> String {
    name.nfc().flat_map(char::to_lowercase).nfc().collect()
}

/// `path` from the root of the file system, without `.` and `..`.
fn normalised(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut parts = PathBuf::new();
    for component in absolute.components() {
        match component {
            Component::ParentDir => {
                parts.pop();
            }
            Component::CurDir => {}
            part => parts.push(part),
        }
    }
    parts
}
