//! Where the content of a file begins, and its first bytes.
//!
//! What a file is decides its content, not its name, and the content begins behind any ID3v2 tags
//! that a tagger put in front of it, whatever the format.

use std::io::{self, Read, Seek, SeekFrom};

/// Bytes at the start of the content that are looked at: a header of a tar, five packets of an MPEG
/// transport stream, the longest frame of AC-3 and the beginning of the next.
const HEAD: u64 = 4_096;
/// Most ID3v2 tags in a row that are passed over.
const MAX_TAGS: usize = 8;

/// The start of a file's content.
pub(super) struct Head {
    /// Where it begins.
    pub(super) start: u64,
    /// Where the file ends.
    pub(super) end: u64,
    /// Its first bytes.
    pub(super) bytes: Vec<u8>,
}

/// Looks at `source`, which is `len` bytes long, and goes back to its beginning.
pub(super) fn look<R: Read + Seek>(source: &mut R, len: u64) -> io::Result<Head> {
    let mut start = 0;
    for _ in 0..MAX_TAGS {
        match id3v2_size(&read_at(source, start, 10)?) {
            Some(size) if size <= len - start => start += size,
            _ => break,
        }
    }
    let bytes = read_at(source, start, HEAD)?;
    source.seek(SeekFrom::Start(0))?;
    Ok(Head { start, end: len, bytes })
}

/// Up to `count` bytes from `at` on: fewer at the end of the file.
pub(super) fn read_at<R: Read + Seek>(source: &mut R, at: u64, count: u64) -> io::Result<Vec<u8>> {
    source.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    source.by_ref().take(count).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Length of the ID3v2 tag that begins with `bytes`, with its header and footer.
pub(super) fn id3v2_size(bytes: &[u8]) -> Option<u64> {
    let [b'I', b'D', b'3', major, _, flags, a, b, c, d, ..] = *bytes else { return None };
    let size = [a, b, c, d].iter().fold(0, |size, byte| size << 7 | u64::from(byte & 0x7f));
    let footer = if major >= 4 && flags & 0x10 != 0 { 10 } else { 0 };
    Some(10 + size + footer)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn tags_in_front_are_passed_over() {
        let mut file = b"ID3\x04\0\0\0\0\0\x05aaaaa".to_vec();
        file.extend(b"ID3\x04\0\x10\0\0\0\x01b3DI\x04\0\x10\0\0\0\x01");
        file.extend(b"fLaC");
        let len = file.len() as u64;
        let head = look(&mut Cursor::new(file), len).unwrap();
        assert_eq!((head.start, &head.bytes[..]), (len - 4, &b"fLaC"[..]));
    }

    #[test]
    fn a_tag_beyond_the_end_is_none() {
        let file = b"ID3\x04\0\0\x7f\x7f\x7f\x7fxyz";
        let head = look(&mut Cursor::new(file), file.len() as u64).unwrap();
        assert_eq!(head.start, 0);
        assert_eq!(look(&mut Cursor::new(b""), 0).unwrap().bytes, b"");
    }
}
