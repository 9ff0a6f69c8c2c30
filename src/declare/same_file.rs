//! Whether two paths lead to one file: spelled in two ways, or by hard and symbolic links.

use std::path::{Path, PathBuf};

/// What a file is, whatever path leads to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum FileId {
    /// Device and number in its file system.
    #[cfg(unix)]
    Number(u64, u64),
    /// Where links lead.
    Place(PathBuf),
}

/// The file that `path` leads to, links followed.
pub(super) fn file_id(path: &Path) -> FileId {
    #[cfg(unix)]
    if let Ok(about) = std::fs::metadata(path) {
        use std::os::unix::fs::MetadataExt;
        return FileId::Number(about.dev(), about.ino());
    }
    FileId::Place(path.canonicalize().unwrap_or_else(|_| path.to_owned()))
}

/// Whether `path` and `other`, which lead to one file, are two names of it and not two spellings of one name.
pub(super) fn are_links(path: &Path, other: &Path) -> bool {
    name(path) != name(other)
}

/// The name itself, its folder without links.
fn name(path: &Path) -> PathBuf {
    let folder = super::delivery::folder_of(path).canonicalize();
    folder.ok().zip(path.file_name()).map_or_else(|| path.to_owned(), |(f, name)| f.join(name))
}
