//! What somebody probably meant by a path that names no file here.

use std::path::Path;

/// Schemes of addresses under which audio lies elsewhere.
const SCHEMES: &[&str] = &["http", "https", "ftp", "sftp", "s3", "gs", "file"];

/// What to do about a path that cannot be read, to follow the cause; empty where there is nothing to say.
pub fn hint(path: &Path) -> &'static str {
    let text = path.to_string_lossy();
    let scheme = text.split_once(":/").map(|(scheme, _)| scheme.to_ascii_lowercase());
    match scheme.as_deref() {
        Some("file") => "; give the path without file://",
        Some(scheme) if SCHEMES.contains(&scheme) => "; this is an address: download it first",
        _ if text == "-" => "; audio is read from files only (for a list of them, --files-from -)",
        _ if text.contains(['*', '?']) => "; the pattern matches no file",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_pipes_and_patterns_are_told_apart_from_names() {
        let of = |path: &str| hint(Path::new(path));
        for address in
            ["https://example.org/a.mp3", "HTTP://x", "s3://bucket/a.wav", "http:/x/a.mp3"]
        {
            assert!(of(address).contains("download it first"), "{address}");
        }
        assert!(of("file:///home/a.mp3").contains("without file://"));
        assert!(of("-").contains("--files-from -"));
        assert!(of("incoming/*.mp3").contains("pattern"));
        for name in ["a.mp3", "C:/a.mp3", "my http notes.mp3", "odd:/name.mp3"] {
            assert_eq!(of(name), "", "{name}");
        }
    }
}
