//! The chunks of a RIFF or AIFF file, as far as they are really there.
//!
//! Both are EA IFF 85 (Electronic Arts, 1985): a name of four letters, a size, the content, padded to an
//! even length. Recorders that were switched off, pipes, and programs that count wrongly leave sizes
//! that are 0, too large, or that leave something out, and players play such files. So the size of
//! the whole form is never looked at, every chunk ends where the file ends at the latest, and a chunk
//! of sound whose size was never filled in goes on to the end of the file.

use std::io::{self, Read, Seek};

use super::super::extent::is_container;
use super::super::frames;
use super::super::sniff::{id3v2_size, read_at};

/// More chunks than any program writes.
pub(super) const MAX_CHUNKS: usize = 10_000;
/// Most bytes without a name that may lie behind the sound and be none.
const RUN_ON: u64 = 4_096;
/// How far the sound is searched for where the sizes of chunks do not lead to it.
const MAX_SEARCH: u64 = 64 << 20;
/// A size that a chunk of sound has as long as its length is not known lies this close below a power
/// of two: 0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000, or one of them less the header.
const PLACEHOLDER: u64 = 8_192;

/// Chunks that are met in practice: what follows an unpadded chunk, or a chunk of no size, is told by
/// them.
const KNOWN: &[&[u8; 4]] = &[
    b"fmt ", b"data", b"fact", b"LIST", b"bext", b"iXML", b"axml", b"_PMX", b"id3 ", b"ID3 ",
    b"JUNK", b"junk", b"PAD ", b"FLLR", b"cue ", b"smpl", b"inst", b"PEAK", b"cart", b"levl",
    b"umid", b"chna", b"ds64", b"afsp", b"DISP", b"plst", b"wavl", b"slnt", b"acid", b"strc",
    b"minf", b"elm1", b"regn", b"COMM", b"SSND", b"MARK", b"INST", b"COMT", b"NAME", b"AUTH",
    b"(c) ", b"ANNO", b"APPL", b"CHAN", b"FVER", b"MIDI", b"AESD", b"basc", b"trns", b"cate",
    b"SAXL",
];

/// Which end of a number comes first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Order {
    /// RIFF.
    Little,
    /// AIFF and RIFX.
    Big,
}

impl Order {
    pub(super) fn u16(self, b: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(b),
            Self::Big => u16::from_be_bytes(b),
        }
    }

    pub(super) fn u32(self, b: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(b),
            Self::Big => u32::from_be_bytes(b),
        }
    }
}

/// One chunk.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::audio) struct Chunk {
    pub(in crate::audio) id: [u8; 4],
    /// Where its content begins.
    pub(in crate::audio) start: u64,
    /// Length of the content that is there.
    pub(in crate::audio) len: u64,
    /// Length as declared; `None` where it never was.
    pub(in crate::audio) declared: Option<u64>,
}

/// What is needed to walk through the chunks of one file.
pub(super) struct Walk<'a, R> {
    pub(super) source: &'a mut R,
    pub(super) order: Order,
    /// Name of the chunk that holds the sound.
    pub(super) sound: &'a [u8; 4],
    /// Where the file ends.
    pub(super) end: u64,
    sizes: Sizes,
}

/// Sizes beyond 4 GB, from the `ds64` chunk (EBU Tech 3306, ITU-R BS.2088).
#[derive(Default)]
struct Sizes {
    data: Option<u64>,
    others: Vec<([u8; 4], u64)>,
}

impl<'a, R: Read + Seek> Walk<'a, R> {
    pub(super) fn new(source: &'a mut R, order: Order, sound: &'a [u8; 4], end: u64) -> Self {
        Self { source, order, sound, end, sizes: Sizes::default() }
    }

    /// All chunks from `at` to the end of the file.
    pub(super) fn chunks(mut self, mut at: u64) -> io::Result<Vec<Chunk>> {
        let mut chunks: Vec<Chunk> = Vec::new();
        while chunks.len() < MAX_CHUNKS {
            let Some((id, size)) = self.header(at)? else { break };
            if !KNOWN.contains(&&id) && self.is_file(at)? {
                // Another file was joined to this one.
                break;
            }
            let chunk = self.chunk(id, at + 8, size)?;
            if chunk.id == *b"ds64" {
                self.sizes =
                    Sizes::parse(&read_at(self.source, chunk.start, chunk.len.min(65_536))?);
            }
            let next = chunk.start + chunk.len;
            at = next;
            if chunk.len % 2 == 1 {
                let unpadded = !self.is_chunk(next + 1)? && self.is_chunk(next)?;
                at += u64::from(!unpadded);
            }
            chunks.push(chunk);
        }
        Ok(chunks)
    }

    fn chunk(&mut self, id: [u8; 4], start: u64, size: u32) -> io::Result<Chunk> {
        let there = self.end.saturating_sub(start);
        let declared = match size {
            u32::MAX => self.sizes.of(id).unwrap_or(u64::from(u32::MAX)),
            size => size.into(),
        };
        let unknown = id == *self.sound
            && match declared {
                0 => !self.is_chunk(start)?,
                _ => declared > there && is_placeholder(declared),
            };
        let unknown = unknown || (id == *self.sound && self.runs_on(start, declared)?);
        let len = if unknown { there } else { declared.min(there) };
        Ok(Chunk { id, start, len, declared: (!unknown).then_some(declared) })
    }

    /// Does another file begin at `at`?
    fn is_file(&mut self, at: u64) -> io::Result<bool> {
        let head = read_at(self.source, at, RUN_ON)?;
        let tag = id3v2_size(&head).filter(|size| *size < self.end.saturating_sub(at));
        Ok(is_container(&head) || frames::run(&head, 0).is_some() || tag.is_some())
    }

    /// Does the sound at `start` go on behind the size it declares? So it is where no chunk follows, nor anything else that
    /// has a name or a beginning of its own, but much of something.
    fn runs_on(&mut self, start: u64, declared: u64) -> io::Result<bool> {
        let Some(next) = start.checked_add(declared).filter(|_| declared > 0) else {
            return Ok(false);
        };
        if self.end.saturating_sub(next) < RUN_ON {
            return Ok(false);
        }
        for next in [next, next + 1] {
            let head = read_at(self.source, next, RUN_ON)?;
            let is_name = head.iter().take(4).all(|b| b.is_ascii_graphic() || *b == b' ');
            let is_padding = head.iter().all(|b| *b == 0);
            if is_name || is_padding || self.is_file(next)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Name and size of the chunk at `at`, if there is still room for one.
    fn header(&mut self, at: u64) -> io::Result<Option<([u8; 4], u32)>> {
        Ok(match read_at(self.source, at, 8)?[..] {
            [a, b, c, d, e, f, g, h] => Some(([a, b, c, d], self.order.u32([e, f, g, h]))),
            _ => None,
        })
    }

    /// Does a chunk that is met in practice begin at `at`, and fit?
    fn is_chunk(&mut self, at: u64) -> io::Result<bool> {
        let room = self.end.saturating_sub(at).saturating_sub(8);
        Ok(self
            .header(at)?
            .is_some_and(|(id, size)| KNOWN.contains(&&id) && u64::from(size) <= room + 1))
    }
}

/// The chunk `id` that begins anywhere between `from` and `end` and fits, or has no size: for files in which a chunk
/// before it claims a size that is not its own.
pub(super) fn find<R: Read + Seek>(
    source: &mut R,
    id: &[u8; 4],
    order: Order,
    from: u64,
    end: u64,
) -> io::Result<Option<Chunk>> {
    const BLOCK: u64 = 1 << 20;
    let mut at = from;
    while at < end.min(from.saturating_add(MAX_SEARCH)) {
        let block = read_at(source, at, BLOCK + 8)?;
        for (i, head) in block.windows(8).enumerate().filter(|(_, head)| head.starts_with(id)) {
            let start = at + i as u64 + 8;
            let there = end.saturating_sub(start);
            let size = u64::from(order.u32([head[4], head[5], head[6], head[7]]));
            let open = size > there && is_placeholder(size);
            if there > 0 && size > 0 && (size <= there || open) {
                let len = size.min(there);
                return Ok(Some(Chunk { id: *id, start, len, declared: (!open).then_some(size) }));
            }
        }
        at += BLOCK;
    }
    Ok(None)
}

pub(super) fn is_placeholder(size: u64) -> bool {
    [1u64 << 31, 1 << 32, 1 << 63]
        .iter()
        .any(|power| (1..=PLACEHOLDER).contains(&power.wrapping_sub(size)))
        || size == 1 << 31
        || size >= u64::MAX - PLACEHOLDER
}

impl Sizes {
    fn parse(chunk: &[u8]) -> Self {
        let u64_at = |at: usize| {
            let bytes = chunk.get(at..at + 8)?;
            bytes.try_into().ok().map(u64::from_le_bytes)
        };
        let count = chunk.get(24..28).map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        let other = |n: usize| {
            let id = chunk.get(28 + 12 * n..32 + 12 * n)?.try_into().ok()?;
            Some((id, u64_at(32 + 12 * n)?))
        };
        let others = (0..count as usize).map_while(other).collect();
        Self { data: u64_at(8), others }
    }

    fn of(&self, id: [u8; 4]) -> Option<u64> {
        let table = || self.others.iter().find(|(other, _)| *other == id).map(|(_, size)| *size);
        if id == *b"data" { self.data } else { table() }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn walked(file: &[u8]) -> Vec<(String, u64, Option<u64>)> {
        let end = file.len() as u64;
        let chunks =
            Walk::new(&mut Cursor::new(file), Order::Little, b"data", end).chunks(0).unwrap();
        let name = |c: &Chunk| String::from_utf8_lossy(&c.id).into_owned();
        chunks.iter().map(|c| (name(c), c.len, c.declared)).collect()
    }

    fn chunk(id: &str, size: u32, content: &[u8]) -> Vec<u8> {
        [id.as_bytes(), &size.to_le_bytes(), content].concat()
    }

    #[test]
    fn sound_of_no_size_goes_on_to_the_end() {
        for size in [0, u32::MAX, 0x7fff_ffff, 0x7fff_f000, u32::MAX - 36, 0x7fff_ffff - 36] {
            let file = [chunk("fmt ", 2, b"ab"), chunk("data", size, &[7; 100])].concat();
            assert_eq!(walked(&file)[1], ("data".into(), 100, None), "{size:#x}");
        }
        let file = [chunk("data", 0, b""), chunk("LIST", 4, b"INFO")].concat();
        assert_eq!(walked(&file)[0], ("data".into(), 0, Some(0)));
        assert_eq!(walked(&file).len(), 2);
    }

    #[test]
    fn a_size_too_large_ends_with_the_file_and_is_remembered() {
        let file = chunk("data", 400, &[7; 100]);
        assert_eq!(walked(&file), [("data".into(), 100, Some(400))]);
    }

    #[test]
    fn padding_may_be_missing() {
        for padding in [&b""[..], b"\0"] {
            let file =
                [chunk("LIST", 3, b"abc"), padding.to_vec(), chunk("data", 2, b"xy")].concat();
            assert_eq!(walked(&file).len(), 2, "{padding:?}");
            assert_eq!(walked(&file)[1], ("data".into(), 2, Some(2)));
        }
    }

    #[test]
    fn ds64_gives_the_sizes_that_do_not_fit() {
        let mut ds64 = [0u64, 60, 0].map(u64::to_le_bytes).concat();
        ds64.extend(1u32.to_le_bytes());
        ds64.extend(b"big ");
        ds64.extend(10u64.to_le_bytes());
        let file = [
            chunk("ds64", 40, &ds64),
            chunk("big ", u32::MAX, &[1; 10]),
            chunk("data", u32::MAX, &[7; 60]),
            chunk("LIST", 2, b"ab"),
        ];
        let chunks = walked(&file.concat());
        assert_eq!(chunks[1..3], [("big ".into(), 10, Some(10)), ("data".into(), 60, Some(60))]);
        assert_eq!(chunks.len(), 4);
    }
}
