//! Identifiers and how they are written: hexadecimal, digests of files, paths, `r_…`, `m_…`, `w_…`, `s_…`.
//!
//! Everything that is named is named by content, so that the same thing has the same name wherever and
//! whenever it is met: a reference by the first 8 bytes of its SHA-256, a match by both sides, a run by
//! its inputs, what they are compared with, and the version.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// Bytes of a digest that an identifier shows.
const SHOWN: usize = 8;
/// Bytes read at a time.
const BUFFER: usize = 1 << 18;

/// Lower-case hexadecimal. Every entry of a decision log is hashed: no detour through the formatter.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}

/// Reads lower-case hexadecimal of exactly `N` bytes.
pub fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N || !digits.iter().all(|d| matches!(d, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// Stands before a byte of a path that is no text.
const NOT_TEXT: char = char::REPLACEMENT_CHARACTER;

/// A path as records show it, where it names a file: no two paths have the same text.
///
/// Names of files are bytes. A byte that is not UTF-8 is written as `U+FFFD<FE>`: the replacement character, by
/// which people see that something is wrong, and the byte in hexadecimal. All other names stay as they are,
/// apart from those that hold just that: their replacement character is written in this way, as three bytes.
/// [`path_of_text`] goes the other way.
pub fn path_text(path: &Path) -> String {
    text_of_bytes(path.as_os_str().as_encoded_bytes())
}

fn text_of_bytes(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let write = |text: &mut String, bytes: &[u8]| {
        for byte in bytes {
            text.push_str(&format!("{NOT_TEXT}<{byte:02X}>"));
        }
    };
    for chunk in bytes.utf8_chunks() {
        let mut rest = chunk.valid();
        while let Some(at) = rest.find(NOT_TEXT) {
            let (before, found) = rest.split_at(at);
            text.push_str(before);
            let (mark, after) = found.split_at(NOT_TEXT.len_utf8());
            match escaped(found) {
                Some(_) => write(&mut text, mark.as_bytes()),
                None => text.push_str(mark),
            }
            rest = after;
        }
        text.push_str(rest);
        write(&mut text, chunk.invalid());
    }
    text
}

/// The byte that `text` begins with, if it begins with one that is no text.
fn escaped(text: &str) -> Option<u8> {
    let digits = text.strip_prefix(NOT_TEXT)?.strip_prefix('<')?.as_bytes();
    let &[high, low, b'>', ..] = digits else { return None };
    let digit = |d: u8| match d {
        b'0'..=b'9' => Some(d - b'0'),
        b'A'..=b'F' => Some(d - b'A' + 10),
        _ => None,
    };
    Some(digit(high)? << 4 | digit(low)?)
}

/// The path that [`path_text`] shows as `text`. Where paths are no bytes, what was none stays as written.
pub fn path_of_text(text: &str) -> PathBuf {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt;
        PathBuf::from(std::ffi::OsString::from_vec(bytes_of_text(text)))
    }
    #[cfg(not(unix))]
    PathBuf::from(text)
}

#[cfg_attr(not(unix), allow(dead_code))]
fn bytes_of_text(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(NOT_TEXT) {
        let (before, found) = rest.split_at(at);
        bytes.extend(before.as_bytes());
        let length = match escaped(found) {
            Some(byte) => {
                bytes.push(byte);
                NOT_TEXT.len_utf8() + "<FE>".len()
            }
            None => {
                bytes.extend(NOT_TEXT.to_string().as_bytes());
                NOT_TEXT.len_utf8()
            }
        };
        rest = &found[length..];
    }
    bytes.extend(rest.as_bytes());
    bytes
}

/// Identifier of a reference: that of its content.
pub fn ref_id(sha256: &[u8; 32]) -> String {
    format!("r_{}", hex(&sha256[..SHOWN]))
}

/// The bytes that the identifier of a reference shows.
pub fn parse_ref_id(text: &str) -> Option<[u8; SHOWN]> {
    from_hex(text.strip_prefix("r_")?)
}

/// Identifier of the match of a file, by its SHA-256 in hexadecimal, with a reference.
pub fn match_id(query_sha256: &str, ref_id: &str) -> String {
    let name = format!("{query_sha256}/{ref_id}");
    format!("m_{}", hex(&Sha256::digest(name.as_bytes())[..SHOWN]))
}

/// Identifier of the resemblance of a file, by its SHA-256 in hexadecimal, with a reference.
pub fn resemblance_id(query_sha256: &str, ref_id: &str) -> String {
    let name = format!("works/{query_sha256}/{ref_id}");
    format!("w_{}", hex(&Sha256::digest(name.as_bytes())[..SHOWN]))
}

/// Identifier of a run of this version: the same for the same `parts`.
pub fn scan_id<T: AsRef<[u8]>>(parts: impl IntoIterator<Item = T>) -> String {
    let mut hash = Sha256::new_with_prefix(env!("CARGO_PKG_VERSION"));
    for part in parts {
        hash.update(part.as_ref());
    }
    format!("s_{}", hex(&hash.finalize()[..SHOWN]))
}

/// A short name for something that has a long one.
pub fn digest_name(long: &[u8]) -> String {
    hex(&Sha256::digest(long)[..SHOWN])
}

/// Digest of all that `input` holds.
///
/// # Errors
/// Whatever reading gives, apart from interruptions.
pub fn digest_of<D: Digest>(mut input: impl Read) -> io::Result<D> {
    let mut hash = D::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        match input.read(&mut buffer) {
            Ok(0) => return Ok(hash),
            Ok(n) => hash.update(&buffer[..n]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn paths_have_a_text_of_their_own_from_which_they_come_back(
            parts in prop::collection::vec(
                prop_oneof![
                    Just(b"\xef\xbf\xbd".to_vec()), Just(b"<FE>".to_vec()), Just(b"<".to_vec()),
                    Just(b"\xef".to_vec()), Just(b"\xbf".to_vec()), Just(b"41>".to_vec()),
                    prop::collection::vec(any::<u8>(), 0..3),
                ],
                0..12,
            ),
        ) {
            let bytes = parts.concat();
            let text = text_of_bytes(&bytes);
            prop_assert_eq!(bytes_of_text(&text), &bytes[..]);
            let is_plain = String::from_utf8(bytes).is_ok_and(|name| {
                !name.match_indices(NOT_TEXT).any(|(at, _)| escaped(&name[at..]).is_some())
            });
            prop_assert!(!is_plain || text == String::from_utf8(bytes_of_text(&text)).unwrap());
        }
    }

    #[test]
    fn names_that_are_text_stay_and_others_show_their_bytes() {
        for name in ["a.mp3", "Bj\u{f6}rk \u{fffd}.mp3", "\u{1f3b5}", "a\\xFE.mp3", "\u{fffd}<fe>"]
        {
            assert_eq!(text_of_bytes(name.as_bytes()), name);
        }
        assert_eq!(text_of_bytes(b"a\xfe.mp3"), "a\u{fffd}<FE>.mp3");
        let forged = text_of_bytes("a\u{fffd}<FE>.mp3".as_bytes());
        assert_eq!(forged, "a\u{fffd}<EF>\u{fffd}<BF>\u{fffd}<BD><FE>.mp3");
    }

    #[test]
    fn hexadecimal_there_and_back() {
        let bytes = [0, 9, 10, 0xab, 0xff];
        assert_eq!(hex(&bytes), "00090aabff");
        assert_eq!(from_hex(&hex(&bytes)), Some(bytes));
        for wrong in ["00090aabf", "00090AABFF", "00090aabffff", "00090aabfg", "+0090aabff"] {
            assert_eq!(from_hex::<5>(wrong), None, "{wrong}");
        }
        assert_eq!(parse_ref_id(&ref_id(&[7; 32])), Some([7; 8]));
    }
}
