//! Tags that stand before, behind or beside the audio: ID3v2, ID3v1, APEv2, the text chunks of WAV and AIFF.
//!
//! They are read here and hidden from the demuxer. It would read all of them into memory, whatever their
//! number and size, follow chapters within chapters until the stack ends, let a cut-off ID3v1 tag win, know
//! no lists of artists, and read no tags of a WAV at all. Vorbis comments and the tags of MP4 and Matroska lie
//! within what a demuxer must understand anyway, so those come from there.

mod ape;
mod chunks;
mod code_page;
mod genres;
mod id3v1;
mod id3v2;

use std::io::{self, Read, Seek, SeekFrom};

use super::tags::{Field, Tags};
use super::veil::Patch;
use code_page::CodePage;
pub(crate) use code_page::guessed_encoding;

/// Longest text of a tag that is read; more than any title or comment that a person wrote.
const MAX_TEXT: u64 = 64 << 10;
/// Most bytes of text that are read of one file's tags.
const MAX_BYTES: u64 = 1 << 20;
/// Most items that are looked at in one tag.
const MAX_ITEMS: usize = 4_096;
/// Most tags that stand one behind the other.
const MAX_TAGS: usize = 16;

/// End of a Lyrics3v2 block: its size and name.
const LYRICS3_END: u64 = 15;

/// How far into a file the first tag is searched for.
const JUNK: u64 = 16 << 10;

/// A text as it lies in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Text {
    /// Its encoding is declared.
    Known(String),
    /// In whatever the writer took for plain text: the standard says Latin-1 or nothing.
    Plain(Vec<u8>),
}

/// The values of one field.
#[derive(Debug, PartialEq, Eq)]
struct Item {
    field: Field,
    values: Vec<Text>,
}

/// Kinds of tags, the one that is believed first: ID3v2 is written by whoever edited the file last, ID3v1 is cut
/// to 30 characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Id3v2,
    Ape,
    Chunks,
    Id3v1,
}

/// One tag.
#[derive(Debug)]
struct Block {
    kind: Kind,
    items: Vec<Item>,
}

/// What was found around the audio.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Where the audio begins.
    pub(super) start: u64,
    /// Where it ends.
    pub(super) end: u64,
    /// What the tags say.
    pub(super) tags: Tags,
    /// What the demuxer must not see within the audio's container.
    pub(super) hidden: Vec<Patch>,
}

/// Looks for tags in a source of `len` bytes.
pub(super) fn read<R: Read + Seek>(inner: &mut R, len: u64) -> io::Result<Found> {
    let mut bytes = Input { inner, left: MAX_BYTES };
    let mut blocks = Vec::new();
    let start = leading(&mut bytes, len, &mut blocks)?;
    let end = trailing(&mut bytes, start, len, &mut blocks)?;
    let hidden = chunks::read(&mut bytes, start, end, &mut blocks)?;
    Ok(Found { start, end, tags: told(blocks), hidden })
}

/// Tags at the start, one behind the other; where they end.
fn leading<R: Read + Seek>(
    bytes: &mut Input<'_, R>,
    len: u64,
    blocks: &mut Vec<Block>,
) -> io::Result<u64> {
    let mut at = behind_junk(&bytes.peek(0, JUNK)?);
    for _ in 0..MAX_TAGS {
        let head = bytes.peek(at, 32)?;
        let (size, kind) = match (id3v2::size(&head), ape::size_of_header(&head)) {
            // The size is damaged: only the header is passed over, and the audio is searched for.
            (Some(size), _) if size > len - at => return Ok(at + 10),
            (Some(size), _) => (size, Kind::Id3v2),
            (None, Some(size)) if size <= len - at => (size, Kind::Ape),
            _ => break,
        };
        let items = match kind {
            Kind::Ape => ape::read(bytes, at + 32, size - 32)?,
            _ => id3v2::read(bytes, at, size)?,
        };
        blocks.push(Block { kind, items });
        at += size;
    }
    Ok(at)
}

/// Where the first ID3v2 tag begins, if something stands before it that is no audio: zeros, or the header of a
/// server's answer. 0 where there is no such tag.
fn behind_junk(head: &[u8]) -> u64 {
    let is_junk =
        head.iter().take_while(|byte| **byte == 0).count() > 0 || head.starts_with(b"HTTP/");
    let is_tag = |w: &[u8]| {
        w.starts_with(b"ID3") && matches!(w[3], 2..=4) && w[6..].iter().all(|byte| *byte < 0x80)
    };
    let at = if is_junk { head.windows(10).position(is_tag) } else { None };
    at.unwrap_or(0) as u64
}

/// Tags at the end, one behind the other; where they begin.
fn trailing<R: Read + Seek>(
    bytes: &mut Input<'_, R>,
    start: u64,
    len: u64,
    blocks: &mut Vec<Block>,
) -> io::Result<u64> {
    let mut end = len;
    for _ in 0..MAX_TAGS {
        let Some((at, block)) = last(bytes, start, end)? else { break };
        blocks.extend(block);
        end = at;
    }
    Ok(end)
}

/// The tag that ends at `end`: where it begins, and what is read of it.
fn last<R: Read + Seek>(
    bytes: &mut Input<'_, R>,
    start: u64,
    end: u64,
) -> io::Result<Option<(u64, Option<Block>)>> {
    let mut foot = |n: u64| match end - start >= n {
        true => bytes.peek(end - n, n),
        false => Ok(Vec::new()),
    };
    if let Some(items) = id3v1::read(&foot(id3v1::LEN)?) {
        return Ok(Some((end - id3v1::LEN, Some(Block { kind: Kind::Id3v1, items }))));
    }
    // Longer fields of the ID3v1 tag behind it; few programs wrote it.
    if foot(id3v1::EXTENDED)?.starts_with(b"TAG+") {
        return Ok(Some((end - id3v1::EXTENDED, None)));
    }
    let lyrics = lyrics3_size(&foot(LYRICS3_END)?);
    let (ape, id3v2) = (ape::from_footer(&foot(32)?, end), id3v2::size_by_footer(&foot(10)?));
    let inside = |at: &u64| *at >= start;
    if let Some(at) = lyrics.and_then(|size| end.checked_sub(size)).filter(inside) {
        return Ok(Some((at, None)));
    }
    if let Some((items_at, at)) = ape.filter(|(_, at)| inside(at)) {
        let items = ape::read(bytes, items_at, end - 32 - items_at)?;
        return Ok(Some((at, Some(Block { kind: Kind::Ape, items }))));
    }
    if let Some(at) = id3v2.and_then(|size| end.checked_sub(size)).filter(inside) {
        let items = id3v2::read(bytes, at, end - at)?;
        return Ok(Some((at, Some(Block { kind: Kind::Id3v2, items }))));
    }
    Ok(None)
}

/// Length of a whole Lyrics3v2 block that ends with `foot`: six digits and a name.
fn lyrics3_size(foot: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(foot.strip_suffix(b"LYRICS200")?).ok()?;
    digits.parse::<u64>().ok().map(|size| size + LYRICS3_END)
}

/// What all tags together say: of the kind believed first what it has, gaps filled from the others.
fn told(mut blocks: Vec<Block>) -> Tags {
    blocks.sort_by_key(|block| block.kind);
    let plain = blocks.iter().flat_map(|b| &b.items).flat_map(|item| &item.values);
    let plain = plain.filter_map(|text| match text {
        Text::Plain(bytes) => Some(bytes.as_slice()),
        Text::Known(_) => None,
    });
    let page = CodePage::of(plain);
    let mut all = Tags::default();
    for block in blocks {
        let mut tags = Tags::default();
        for Item { field, values } in block.items {
            let values = values.into_iter().map(|text| match text {
                Text::Known(text) => text,
                Text::Plain(bytes) => page.decode(&bytes),
            });
            tags.put(&field, values.collect());
        }
        all.complete(tags);
    }
    all
}

/// A source that is read here and there, as much as the tags of one file deserve.
struct Input<'a, R> {
    inner: &'a mut R,
    /// Bytes that may still be read.
    left: u64,
}

impl<R: Read + Seek> Input<'_, R> {
    /// Up to `n` bytes at `at`; fewer where the source ends. For headers: not counted.
    fn peek(&mut self, at: u64, n: u64) -> io::Result<Vec<u8>> {
        self.inner.seek(SeekFrom::Start(at))?;
        let mut bytes = Vec::with_capacity(n.min(MAX_TEXT) as usize);
        self.inner.by_ref().take(n).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The text of `n` bytes at `at`; nothing where it is longer than a text, or enough was read.
    fn text(&mut self, at: u64, n: u64) -> io::Result<Option<Vec<u8>>> {
        if n > MAX_TEXT || n > self.left {
            return Ok(None);
        }
        self.left -= n;
        let bytes = self.peek(at, n)?;
        Ok((bytes.len() as u64 == n).then_some(bytes))
    }
}

/// Cuts at zero bytes: several values, or a text and what follows its end.
fn split_zero(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|b| *b == 0)
}

/// A text in UTF-8 or, where it is none, in whatever it may be.
fn utf8_or_plain(bytes: &[u8]) -> Text {
    match std::str::from_utf8(bytes) {
        Ok(text) => Text::Known(text.to_owned()),
        Err(_) => Text::Plain(bytes.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn end(file: &[u8]) -> u64 {
        read(&mut Cursor::new(file), file.len() as u64).unwrap().end
    }

    #[test]
    fn tags_at_the_end_are_taken_off_in_any_order() {
        let id3v1 = [&b"TAG"[..], &[b' '; 125]].concat();
        let extended = [&b"TAG+"[..], &[b' '; 223]].concat();
        let frame = |flags: &[u8; 4]| {
            let head = *b"APETAGEX\xd0\x07\0\0\x20\0\0\0\0\0\0\0";
            [&head[..], flags, &[0; 8]].concat()
        };
        let ape = [frame(b"\0\0\0\xa0"), frame(b"\0\0\0\x80")].concat();
        let lyrics = b"LYRICSBEGIN000011LYRICS200".to_vec();
        let id3v2 = b"ID3\x04\0\x10\0\0\0\x03\0\0\x003DI\x04\0\x10\0\0\0\x03".to_vec();
        let all = [&id3v1, &extended, &ape, &lyrics, &id3v2];
        assert_eq!(end(b"sound"), 5);
        for first in all {
            assert_eq!(end(&[b"sound", &first[..]].concat()), 5, "{first:?}");
            for second in all {
                assert_eq!(
                    end(&[b"sound", &first[..], second].concat()),
                    5,
                    "{first:?} {second:?}"
                );
            }
        }
        assert_eq!(end(b""), 0);
    }

    #[test]
    fn a_tag_that_is_larger_than_the_file_is_none() {
        let mut ape = [0u8; 40];
        ape[8..16].copy_from_slice(b"APETAGEX");
        ape[20..24].fill(0xff);
        let lyrics = b"sound999999LYRICS200";
        let id3v2 = b"sound3DI\x04\0\x10\x7f\x7f\x7f\x7f";
        for file in [&ape[..], lyrics, id3v2] {
            assert_eq!(end(file), file.len() as u64, "{file:?}");
        }
    }
}
