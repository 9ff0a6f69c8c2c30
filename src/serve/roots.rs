//! Folders that paths from outside may lead to, and no others.

use std::io;
use std::path::{Path, PathBuf};

/// The folder that `path` names, as paths are compared with it: absolute and without links.
///
/// # Errors
/// There is none.
pub fn folder(path: &Path) -> io::Result<PathBuf> {
    let folder = path.canonicalize()?;
    match folder.is_dir() {
        true => Ok(folder),
        false => Err(io::Error::new(io::ErrorKind::NotADirectory, "it is no folder")),
    }
}

/// Where `path` really leads, if that lies below one of `roots`.
pub(super) fn below(path: &Path, roots: &[PathBuf]) -> Option<PathBuf> {
    let real = path.canonicalize().ok()?;
    roots.iter().any(|root| real.starts_with(root)).then_some(real)
}

/// Places where the file that was indexed from `path` may lie: there, or with the end of its path below one of
/// `roots`, the longest end first.
pub(super) fn candidates(path: &Path, roots: &[PathBuf]) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = below(path, roots).into_iter().collect();
    let parts: Vec<_> = path
        .components()
        .filter_map(|part| match part {
            std::path::Component::Normal(name) => Some(name),
            _ => None,
        })
        .collect();
    for skipped in 0..parts.len() {
        let end: PathBuf = parts.iter().skip(skipped).collect();
        for root in roots {
            let place = root.join(&end);
            if place.is_file() {
                found.extend(below(&place, roots).filter(|real| !found.contains(real)));
            }
        }
    }
    found
}

/// `name` as the name of a file of ours: what a sender calls a file is no path.
pub(super) fn file_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept = |c: &char| {
        !c.is_control() && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let clean: String = last.chars().filter(kept).collect();
    let clean = clean.trim().trim_start_matches(['.', '-']).trim_end_matches('.');
    // File systems take 255 bytes; the end of the name says what it is.
    let mut from = clean.len().saturating_sub(200);
    while !clean.is_char_boundary(from) {
        from += 1;
    }
    let name = clean.get(from..).unwrap_or_default();
    if name.is_empty() { "upload".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_senders_lead_nowhere() {
        let cases = [
            ("a.mp3", "a.mp3"),
            ("../../etc/passwd", "passwd"),
            ("C:\\x\\Ünï.wav", "Ünï.wav"),
            ("..", "upload"),
            ("", "upload"),
            ("/", "upload"),
            ("-rf.wav", "rf.wav"),
            (".hidden", "hidden"),
            ("a\0b\n\u{202e}3pm.exe", "ab3pm.exe"),
        ];
        for (given, kept) in cases {
            assert_eq!(file_name(given), kept, "{given:?}");
        }
        assert!(file_name(&"ä".repeat(500)).len() <= 200);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_a_root_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (inside, outside) = (dir.path().join("in"), dir.path().join("out"));
        for folder in [&inside, &outside] {
            std::fs::create_dir(folder).unwrap();
            std::fs::write(folder.join("a.wav"), "x").unwrap();
        }
        std::os::unix::fs::symlink(outside.join("a.wav"), inside.join("link.wav")).unwrap();
        let roots = [folder(&inside).unwrap()];
        assert!(below(&inside.join("a.wav"), &roots).is_some());
        assert_eq!(below(&inside.join("link.wav"), &roots), None);
        assert_eq!(below(&inside.join("../out/a.wav"), &roots), None);
        // As it was indexed on another machine.
        let found = candidates(Path::new("/mnt/music/a.wav"), &roots);
        assert_eq!(found, [roots[0].join("a.wav")]);
        assert!(candidates(Path::new("/mnt/../link.wav"), &roots).is_empty());
    }
}
