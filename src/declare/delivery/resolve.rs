//! Names of files, as strangers write them, to files inside a folder.
//!
//! Tables and messages are made on other systems: case may differ from that of the file, and a path may be that
//! of the machine it was written on (`C:\\Users\\ann\\song.mp3`). What is not there as it is written is therefore
//! looked for among all files of the folder, by as much of the end of its path as one file alone has.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use walkdir::WalkDir;

use crate::declare::by_file::folded;
use crate::declare::ern::file_names;
use crate::declare::inputs::lies_within;

/// Most files of a folder among which a name is looked for.
const MAX_LISTED: usize = 500_000;
/// Most folders of a path that are looked at from its end.
const MAX_TAIL: usize = 8;

/// The folder of a table or message.
#[derive(Debug)]
pub(super) struct Folder<'a> {
    root: &'a Path,
    /// Folders in it in which files are looked for, too.
    places: &'a [&'a str],
    /// All files, by the ends of their paths, without regard to case; `None` where several share one.
    listed: OnceCell<HashMap<String, Option<PathBuf>>>,
}

impl<'a> Folder<'a> {
    pub fn new(root: &'a Path, places: &'a [&'a str]) -> Folder<'a> {
        Folder { root, places, listed: OnceCell::new() }
    }

    pub fn root(&self) -> &Path {
        self.root
    }

    /// The file that `name` means, and how it was found.
    pub fn find(&self, name: &str) -> Result<(PathBuf, Found), ResolveError> {
        let error = match resolve(self.root, self.places, name) {
            Ok(path) => return Ok((path, Found::AsWritten)),
            Err(error) => error,
        };
        if error == ResolveError::Remote {
            return Err(error);
        }
        // A relative path has to be there as a whole; of one of another machine only its end can be.
        let whole = error == ResolveError::Missing;
        let names = file_names(name.rsplit_once("file:").map_or(name, |(_, rest)| rest));
        let found = names.iter().find_map(|name| self.by_tail(name, whole));
        // Nothing but the end of a path is believed of one that leads out.
        found.filter(|(path, _)| lies_within(path, self.root)).ok_or(error)
    }

    /// The one file with the longest end of the path `name`, or with `whole` of it.
    fn by_tail(&self, name: &Path, whole: bool) -> Option<(PathBuf, Found)> {
        let parts: Vec<String> = name
            .components()
            .filter_map(|part| match part {
                Component::Normal(part) => Some(folded(&part.to_string_lossy())),
                _ => None,
            })
            .collect();
        let listed = self.listed.get_or_init(|| list(self.root));
        let least = if whole { parts.len() } else { 1 };
        let tails = (least.max(1)..=parts.len().min(MAX_TAIL)).rev();
        let mut found =
            tails.filter_map(|n| Some((n, listed.get(&parts[parts.len() - n..].join("/"))?)));
        let (length, path) = found.next()?;
        let how = if length == 1 && !whole { Found::ByName } else { Found::ByPath };
        Some((path.clone()?, how))
    }
}

/// How closely a file has the path that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// It has it.
    AsWritten,
    /// It has it, or the end of it, in other case or in the folder of another machine.
    ByPath,
    /// It has the name at its end, and no other file has.
    ByName,
}

/// The files below `root` by the ends of their paths.
fn list(root: &Path) -> HashMap<String, Option<PathBuf>> {
    let mut listed: HashMap<String, Option<PathBuf>> = HashMap::new();
    let files = WalkDir::new(root).max_depth(MAX_TAIL).sort_by_file_name().into_iter().flatten();
    for file in files.filter(|entry| entry.path().is_file()).take(MAX_LISTED) {
        let Ok(inside) = file.path().strip_prefix(root) else { continue };
        let parts: Vec<String> =
            inside.components().map(|part| folded(&part.as_os_str().to_string_lossy())).collect();
        let path =
            file.path().strip_prefix(".").map_or_else(|_| file.path().to_owned(), Path::to_owned);
        for n in 1..=parts.len() {
            let tail = parts[parts.len() - n..].join("/");
            listed
                .entry(tail)
                .and_modify(|known| *known = None)
                .or_insert_with(|| Some(path.clone()));
        }
    }
    listed
}

/// Why a name leads to no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum ResolveError {
    /// There is none.
    #[error("does not exist")]
    Missing,
    /// It would lie outside of the delivery.
    #[error("leads out of the folder of the delivery, which is not allowed")]
    Outside,
    /// It is an address.
    #[error("is an address; nothing is downloaded")]
    Remote,
}

impl ResolveError {
    pub fn code(self) -> &'static str {
        match self {
            ResolveError::Missing => "missing_resource",
            ResolveError::Outside => "path_outside_delivery",
            ResolveError::Remote => "remote_resource",
        }
    }
}

/// The file that `name` means below `root`, or below one of its `folders`.
///
/// Neither `..` nor an absolute path may lead out of `root`, and no symbolic link either.
pub(super) fn resolve(root: &Path, folders: &[&str], name: &str) -> Result<PathBuf, ResolveError> {
    let name = match name.split_once(':') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("file") => {
            rest.strip_prefix("//").unwrap_or(rest)
        }
        Some((_, rest)) if rest.starts_with("//") => return Err(ResolveError::Remote),
        _ => name,
    };
    let mut inside = Vec::new();
    for name in file_names(name) {
        inside.push(relative(root, &name).ok_or(ResolveError::Outside)?);
    }
    let places = std::iter::once(root.to_owned()).chain(folders.iter().map(|f| root.join(f)));
    for place in places {
        for name in &inside {
            let path = place.join(name);
            // As a user would write it: `a.wav`, not `./a.wav`.
            let path = path.strip_prefix(".").map_or(path.clone(), Path::to_owned);
            if path.is_file() {
                return if lies_within(&path, root) {
                    Ok(path)
                } else {
                    Err(ResolveError::Outside)
                };
            }
        }
    }
    Err(ResolveError::Missing)
}

/// `name` as a path below `root`; `None` where it leads out.
fn relative(root: &Path, name: &Path) -> Option<PathBuf> {
    let name = if name.is_absolute() { name.strip_prefix(root).ok()? } else { name };
    // `C:\…` of another system.
    let drive = name.to_string_lossy().as_bytes().get(1) == Some(&b':');
    let mut path = PathBuf::new();
    for component in name.components() {
        match component {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            _ => return None,
        }
    }
    (!drive).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_inside_the_delivery() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("release");
        std::fs::create_dir_all(root.join("resources")).unwrap();
        for name in ["resources/my song.wav", "100%20.wav", "resources/Bjo\u{308}rk.wav"] {
            std::fs::write(root.join(name), b"x").unwrap();
        }
        std::fs::write(dir.path().join("secret.wav"), b"x").unwrap();
        let folders = ["resources"];
        let ok = |name: &str| resolve(&root, &folders, name).is_ok();
        assert!(ok("resources/my%20song.wav"));
        assert!(ok("resources\\my song.wav"));
        assert!(ok("./my song.wav"));
        assert!(ok("file:resources/my%20song.wav"));
        assert!(ok("100%20.wav"), "a name that only looks encoded");
        assert!(ok("resources/Bj\u{f6}rk.wav"), "composed here, taken apart there");
        assert!(ok(root.join("100%20.wav").to_str().unwrap()));
        for name in
            ["../secret.wav", "%2e%2e/secret.wav", "/etc/passwd", "file:///etc/passwd", "C:\\x"]
        {
            assert_eq!(resolve(&root, &folders, name), Err(ResolveError::Outside), "{name}");
        }
        assert_eq!(resolve(&root, &folders, "https://x.org/a.wav"), Err(ResolveError::Remote));
        assert_eq!(resolve(&root, &folders, "none.wav"), Err(ResolveError::Missing));
        assert_eq!(resolve(&root, &folders, ""), Err(ResolveError::Missing));
    }

    #[test]
    fn other_case_and_paths_of_other_machines_are_found_where_one_file_alone_fits() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("release");
        for name in ["CD1/01.wav", "CD2/01.wav", "resources/Song.MP3", "a/x.wav", "b/X.wav"] {
            std::fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            std::fs::write(root.join(name), b"x").unwrap();
        }
        std::fs::write(dir.path().join("secret.wav"), b"x").unwrap();
        let folder = Folder::new(&root, &["resources"]);
        let find = |name: &str| {
            let (path, how) = folder.find(name)?;
            Ok((path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned(), how))
        };
        let found = |name: &str, how| Ok((name.to_owned(), how));
        assert_eq!(find("CD1/01.wav"), found("CD1/01.wav", Found::AsWritten));
        assert_eq!(find("song.mp3"), found("resources/Song.MP3", Found::ByPath));
        assert_eq!(find("C:\\Users\\ann\\cd2\\01.WAV"), found("CD2/01.wav", Found::ByPath));
        assert_eq!(find("/Users/ann/Music/song.mp3"), found("resources/Song.MP3", Found::ByName));
        assert_eq!(find("file:///C:/Music/CD1/01.wav"), found("CD1/01.wav", Found::ByPath));
        assert_eq!(find("D:\\01.wav"), Err(ResolveError::Outside), "two files have that name");
        assert_eq!(find("x.wav"), Err(ResolveError::Missing), "two files have that name");
        assert_eq!(find("../secret.wav"), Err(ResolveError::Outside));
        assert_eq!(find("/etc/passwd"), Err(ResolveError::Outside));
        assert_eq!(find("https://x.org/song.mp3"), Err(ResolveError::Remote));
    }

    #[cfg(unix)]
    #[test]
    fn links_do_not_lead_out() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("release");
        std::fs::create_dir(&root).unwrap();
        std::fs::write(dir.path().join("secret.wav"), b"x").unwrap();
        std::os::unix::fs::symlink(dir.path().join("secret.wav"), root.join("a.wav")).unwrap();
        assert_eq!(resolve(&root, &[], "a.wav"), Err(ResolveError::Outside));
    }
}
