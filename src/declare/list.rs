//! Lists of paths (`--files-from`): one a line, as `find`, file managers and playlists write them.
//!
//! Windows tools put a byte order mark first or write UTF-16; playlists (M3U) have comments and may write
//! paths from their own folder; what is copied out of a file manager stands in quotation marks; `find -print0`
//! ends names with a zero. File names of Unix need not be text, so a line that names a file as it stands is
//! taken as it stands.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::delivery::folder_of;
use super::ern::file_names;
use super::misnamed::hint;
use super::text;
use crate::regular;

/// A path that cannot be read, and why.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {source}{}", path.display(), hint(path))]
pub struct InputError {
    /// The path.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// Longest line accepted in a list of paths.
const MAX_PATH_BYTES: usize = 64 << 10;
/// Largest list read, in bytes.
const MAX_BYTES: u64 = 256 << 20;

/// Reads a list of paths, one a line, from `list` (`-` is standard input). A pipe is read only where one is
/// meant: standard input, or the files of a shell (`<(command)`).
pub fn read_list(list: &Path) -> Result<Vec<PathBuf>, InputError> {
    let error = |source| InputError { path: list.to_owned(), source };
    contents(list).and_then(|bytes| paths(bytes, &folder_of(list))).map_err(error)
}

/// Reads a list of paths that end with a zero byte each, as they stand, from `list` as [`read_list`] does.
pub fn read_null_list(list: &Path) -> Result<Vec<PathBuf>, InputError> {
    let bytes = contents(list).map_err(|source| InputError { path: list.to_owned(), source })?;
    let names = bytes.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    Ok(names.map(path_from_bytes).collect())
}

/// What `list` holds.
fn contents(list: &Path) -> io::Result<Vec<u8>> {
    let reader: Box<dyn Read> = if list == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        let about = std::fs::metadata(list)?;
        if !is_of_the_shell(list) {
            regular::ensure(&about)?;
        }
        Box::new(File::open(list)?)
    };
    let mut bytes = Vec::new();
    reader.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(invalid("larger than any list of paths"));
    }
    Ok(bytes)
}

/// Whether a pipe is given on purpose, as `<(command)` does.
fn is_of_the_shell(list: &Path) -> bool {
    ["/dev/fd", "/proc/self/fd"].iter().any(|folder| list.starts_with(folder))
        || list == Path::new("/dev/stdin")
}

fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

/// The paths in `bytes`, a list that lies in `folder`.
fn paths(bytes: Vec<u8>, folder: &Path) -> io::Result<Vec<PathBuf>> {
    let bytes = match text::is_utf16_or_marked(&bytes) {
        true => text::decode(&bytes).into_bytes(),
        false => bytes,
    };
    let separator = match bytes.contains(&0) {
        true => b'\0',
        // Line ends of old Macs.
        false if !bytes.contains(&b'\n') && bytes.contains(&b'\r') => b'\r',
        false => b'\n',
    };
    let mut is_playlist = false;
    let mut paths = Vec::new();
    for (number, line) in bytes.split(|byte| *byte == separator).enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > MAX_PATH_BYTES {
            return Err(invalid(&format!("line {} is too long for a path", number + 1)));
        }
        let is_comment =
            |start: &[u8]| line.get(..start.len()).is_some_and(|l| l.eq_ignore_ascii_case(start));
        is_playlist |= is_comment(b"#EXTM3U");
        // Without that head a `#` is part of a name, but for the comments that only playlists have.
        if line.iter().all(u8::is_ascii_whitespace)
            || is_playlist && line.starts_with(b"#")
            || is_comment(b"#EXTINF")
        {
            continue;
        }
        paths.push(path(line, folder));
    }
    Ok(paths)
}

/// The path that a line means: the first reading that names something; as it stands where none does.
fn path(line: &[u8], folder: &Path) -> PathBuf {
    let written = path_from_bytes(line);
    if written.exists() {
        return written;
    }
    let decoded = text::decode(line);
    let trimmed = decoded.trim();
    let quoted = |sign: char| trimmed.strip_prefix(sign).and_then(|rest| rest.strip_suffix(sign));
    let bare = quoted('"').or_else(|| quoted('\'')).unwrap_or(trimmed);
    let bare = bare
        .strip_prefix("file://localhost")
        .or_else(|| bare.strip_prefix("file://"))
        .unwrap_or(bare);
    if bare.is_empty() {
        return written;
    }
    let names = file_names(bare);
    let readings = std::iter::once(PathBuf::from(bare)).chain(names);
    let readings: Vec<PathBuf> =
        readings.flat_map(|name| [name.clone(), folder.join(name)]).collect();
    let found = readings.iter().find(|reading| reading.exists());
    // What is nowhere is named as it would be read.
    found.cloned().unwrap_or_else(|| if bare == decoded { written } else { PathBuf::from(bare) })
}

#[cfg(unix)]
fn path_from_bytes(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

#[cfg(not(unix))]
fn path_from_bytes(bytes: &[u8]) -> PathBuf {
    PathBuf::from(text::decode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Vec<PathBuf> {
        paths(bytes.to_vec(), Path::new("nowhere")).unwrap()
    }

    #[test]
    fn lists_take_all_line_ends_and_skip_blank_lines() {
        let expected = ["a.mp3", "b c.ogg", "last"].map(PathBuf::from);
        for list in
            ["a.mp3\r\n\n b c.ogg\nlast", "a.mp3\r b c.ogg\r\rlast\r", "a.mp3\0b c.ogg\0last\0"]
        {
            assert_eq!(read(list.as_bytes()), expected, "{list:?}");
        }
    }

    #[test]
    fn lists_of_windows_and_of_playlists_are_understood() {
        let expected = ["Ä b.mp3", "c.mp3"].map(PathBuf::from);
        let list = "\u{feff}\"Ä b.mp3\"\r\nc.mp3\r\n";
        let utf16 = |list: &str, order: fn(u16) -> [u8; 2]| -> Vec<u8> {
            list.encode_utf16().flat_map(order).collect()
        };
        let bare = &list['\u{feff}'.len_utf8()..];
        for bytes in [
            list.as_bytes().to_vec(),
            utf16(list, u16::to_le_bytes),
            utf16(list, u16::to_be_bytes),
            utf16(bare, u16::to_le_bytes),
            utf16(bare, u16::to_be_bytes),
            b"#EXTM3U\n#EXTINF:123,Ann - One\n\"\xC4 b.mp3\"\n# more\nc.mp3\n".to_vec(),
        ] {
            assert_eq!(read(&bytes), expected);
        }
        assert_eq!(read(b"#1 hit.mp3\n#EXTINF:1,x\n"), [PathBuf::from("#1 hit.mp3")], "a name");
    }

    #[test]
    fn a_line_is_read_as_what_is_there() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["\"quoted\".mp3", "sub/b c.mp3", "Bjo\u{308}rk.mp3"] {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        let list = dir.path().join("list.m3u8");
        let whole = dir.path().join("sub/b c.mp3");
        let whole = whole.to_str().unwrap();
        let lines = format!(
            "#EXTM3U\nsub\\b c.mp3\nfile://{}\n\"quoted\".mp3\nBj\u{f6}rk.mp3\nnone.mp3\n",
            whole.replace(' ', "%20")
        );
        std::fs::write(&list, lines).unwrap();
        let found = read_list(&list).unwrap();
        assert!(found[..4].iter().all(|path| path.is_file()), "{found:?}");
        assert_eq!(found[4], Path::new("none.mp3"));
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_no_text_stay_as_they_are_and_devices_are_not_read() {
        use std::os::unix::ffi::OsStrExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(std::ffi::OsStr::from_bytes(b"a\xff.mp3"));
        std::fs::write(&path, "x").unwrap();
        assert_eq!(read(path.as_os_str().as_bytes()), [path]);
        assert!(read_list(Path::new("/dev/zero")).is_err());
    }
}
