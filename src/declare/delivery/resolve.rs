//! Names of files, as strangers write them, to files inside a folder.

use std::path::{Component, Path, PathBuf};

use crate::declare::ern::file_names;
use crate::declare::inputs::lies_within;

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
