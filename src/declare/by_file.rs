//! Which row of a table, or recording of a message, is about which audio file.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

use super::ern::file_names;

/// Entries by the files they are about, known by their numbers.
#[derive(Debug, Default)]
pub(super) struct ByFile {
    paths: HashMap<PathBuf, usize>,
    /// File names; `None` where several entries share one.
    names: HashMap<String, Option<usize>>,
}

impl ByFile {
    /// The entries that are about `file` by its path already, as it is written in a table in `folder`.
    pub(super) fn known(&self, folder: &Path, file: &str) -> impl Iterator<Item = usize> {
        let paths = file_names(file).into_iter().map(|name| normalised(&folder.join(name)));
        paths.filter_map(|path| self.paths.get(&path).copied())
    }

    /// Adds an entry about `file`, as it is written in a table in `folder`.
    pub(super) fn add(&mut self, folder: &Path, file: &str, entry: usize) {
        for name in file_names(file) {
            self.paths.insert(normalised(&folder.join(&name)), entry);
            // As written, for lists that were made in the folder the command runs in.
            self.paths.entry(normalised(&name)).or_insert(entry);
        }
        if let Some(name) = base_name(Path::new(&file.replace('\\', "/"))) {
            self.names.entry(name).and_modify(|known| *known = None).or_insert(Some(entry));
        }
    }

    /// The entry about the file at `path`.
    pub(super) fn by_path(&self, path: &Path) -> Option<usize> {
        self.paths.get(&normalised(path)).copied()
    }

    /// The one entry about files called as the one at `path` is, wherever they lie.
    pub(super) fn by_name(&self, path: &Path) -> Option<usize> {
        self.names.get(&base_name(path)?).copied().flatten()
    }
}

/// The file name, composed, so that names compare equal whichever system wrote them.
fn base_name(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_string_lossy().nfc().collect())
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
