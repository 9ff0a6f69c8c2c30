//! Where the sound of a file ends and the tags behind it begin.
//!
//! A FLAC frame has no length; its end is where a checksum comes out right and the next frame, or the end
//! of the file, follows. With a tag behind it the last frame is not recognised.

use std::io::{self, Read, Seek};

use super::sniff::read_at;

/// ID3v1, and the extended tag that may stand in front of it.
const ID3V1: u64 = 128;
const ID3V1_EXTENDED: u64 = 227;
/// Header and footer of an APE tag; of a Lyrics3v2 tag, the end.
const APE: u64 = 32;
const LYRICS3: u64 = 15;
/// Most tags behind one another.
const MAX_TAGS: usize = 8;

/// End of what is left of `source` without the tags at its end; it ends at `end` with them.
pub(super) fn without_tags<R: Read + Seek>(source: &mut R, mut end: u64) -> io::Result<u64> {
    for _ in 0..MAX_TAGS {
        match last_tag(source, end)? {
            Some(size) if size <= end => end -= size,
            _ => break,
        }
    }
    Ok(end)
}

/// Size of the tag that ends at `end`.
fn last_tag<R: Read + Seek>(source: &mut R, end: u64) -> io::Result<Option<u64>> {
    let mut before = |count: u64| match end.checked_sub(count) {
        Some(at) => read_at(source, at, count),
        None => Ok(Vec::new()),
    };
    if before(ID3V1)?.starts_with(b"TAG") {
        return Ok(Some(ID3V1));
    }
    if before(ID3V1_EXTENDED)?.starts_with(b"TAG+") {
        return Ok(Some(ID3V1_EXTENDED));
    }
    let footer = before(APE)?;
    if footer.starts_with(b"APETAGEX") {
        let word = |at: usize| {
            let bytes = [footer[at], footer[at + 1], footer[at + 2], footer[at + 3]];
            u64::from(u32::from_le_bytes(bytes))
        };
        let header = if word(20) & 0x8000_0000 != 0 { APE } else { 0 };
        return Ok(Some(word(12) + header));
    }
    let footer = before(10)?;
    if let [b'3', b'D', b'I', _, _, _, a, b, c, d] = footer[..] {
        let size = [a, b, c, d].iter().fold(0, |size, byte| size << 7 | u64::from(byte & 0x7f));
        return Ok(Some(size + 20));
    }
    let lyrics = before(LYRICS3)?;
    let size =
        lyrics.strip_suffix(b"LYRICS200").and_then(|digits| std::str::from_utf8(digits).ok());
    Ok(size.and_then(|digits| digits.parse::<u64>().ok()).map(|size| size + LYRICS3))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn end(file: &[u8]) -> u64 {
        without_tags(&mut Cursor::new(file), file.len() as u64).unwrap()
    }

    #[test]
    fn tags_at_the_end_are_taken_off() {
        let id3v1 = [&b"TAG"[..], &[b' '; 125]].concat();
        let mut ape = b"APETAGEX\xd0\x07\0\0\x20\0\0\0\0\0\0\0\0\0\0\xa0\0\0\0\0\0\0\0\0".to_vec();
        ape.extend_from_within(..);
        let lyrics = b"LYRICSBEGIN000011LYRICS200".to_vec();
        let with = |tags: &[&[u8]]| [&[&b"sound"[..]], tags].concat().concat();
        assert_eq!(end(b"sound"), 5);
        assert_eq!(end(&with(&[&id3v1])), 5);
        assert_eq!(end(&with(&[&ape, &id3v1])), 5);
        assert_eq!(end(&with(&[&id3v1, &ape])), 5);
        assert_eq!(end(&with(&[&lyrics, &id3v1])), 5);
        assert_eq!(end(b""), 0);
    }

    #[test]
    fn a_tag_that_is_larger_than_the_file_is_none() {
        let mut ape = [0u8; 32];
        ape[..8].copy_from_slice(b"APETAGEX");
        ape[12..16].fill(0xff);
        assert_eq!(end(&ape), 32);
    }
}
