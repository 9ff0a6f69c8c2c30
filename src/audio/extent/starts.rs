//! FLAC and bare streams say nowhere where they end: the next file is found by how it begins.

use std::io::{self, Read, Seek};

use memchr::memmem::Finder;

use super::super::{frames, riff};
use super::Walk;

/// Bytes looked through at a time.
const BLOCK: u64 = 1 << 20;
/// Bytes that a start is told by, and so the overlap of blocks.
const START: u64 = 4_096;
/// Most tags that are looked behind.
const MAX_LOOKS: usize = 10_000;
/// What a start is searched for by; `is_container` looks closer. The second number is how far it stands from the start.
const MARKS: [(&[u8], usize); 8] = [
    (b"fLaC", 0),
    (b"OggS\0\x02", 0),
    (b"caff\0\x01", 0),
    (b"WAVE", 8),
    (b"FORM", 0),
    (b"riff\x2e\x91", 0),
    (b"\x1a\x45\xdf\xa3", 0),
    (b"ftyp", 4),
];

/// Does a file in one of the containers begin with `head`? By more than chance in any number of bytes would give.
pub(in crate::audio) fn is_container(head: &[u8]) -> bool {
    let at = |at: usize, bytes: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(bytes));
    match head {
        // The first block is the description of the stream, 34 bytes long.
        [b'f', b'L', b'a', b'C', 0 | 0x80, 0, 0, 34, ..] => true,
        // The first page of a stream: number 0, no time.
        [b'O', b'g', b'g', b'S', 0, 2, ..] => at(6, &[0; 8]) && at(18, &[0; 4]),
        [b'c', b'a', b'f', b'f', 0, 1, 0, 0, ..] => at(8, b"desc"),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => {
            let head = &head[..head.len().min(64)];
            let holds = |name: &[u8]| head.windows(name.len()).any(|w| w == name);
            holds(b"webm") || holds(b"matroska")
        }
        [0, 0, 0, size, b'f', b't', b'y', b'p', brand @ ..] => {
            let is_brand = |b: &[u8]| b.iter().all(|b| b.is_ascii_alphanumeric() || *b == b' ');
            size.is_multiple_of(4) && *size >= 16 && brand.get(..4).is_some_and(is_brand)
        }
        _ if riff::is_wave64(head) => true,
        _ => {
            let chunk = head.get(12..16);
            let is_name = |b: &[u8]| b.iter().all(|b| b.is_ascii_alphanumeric() || *b == b' ');
            riff::is_riff(head) && chunk.is_some_and(is_name)
        }
    }
}

impl<R: Read + Seek> Walk<'_, R> {
    /// Does a file begin at `at`?
    pub(super) fn is_start(&mut self, at: u64) -> io::Result<bool> {
        let mut content = at;
        while let Some(size) = self.id3v2(content)? {
            content += size;
        }
        let head = self.bytes(content, START)?;
        Ok(is_container(&head) || frames::run(&head, 0).is_some())
    }

    /// Where the FLAC at `start` ends: where another file begins behind its blocks of metadata.
    pub(super) fn flac(&mut self, start: u64) -> io::Result<u64> {
        let mut at = start + 4;
        while let Some([kind, a, b, c]) = self.exact::<4>(at)? {
            at += 4 + u64::from(u32::from_be_bytes([0, a, b, c]));
            if kind & 0x80 != 0 {
                return self.next_start(at, &[b"ID3\x02", b"ID3\x03", b"ID3\x04"]);
            }
        }
        Ok(self.len)
    }

    /// Where the stream of MPEG audio or AAC at `start` ends. Streams of one kind go on in one another.
    pub(super) fn bare(&mut self, start: u64) -> io::Result<u64> {
        let head = self.bytes(start, START)?;
        match frames::run(&head, 0) {
            Some(_) => self.next_start(start, &[]),
            None => Ok(self.len),
        }
    }

    /// The first place from `from` on where a file begins, as its own start or with one of `tags` in front.
    pub(super) fn next_start(&mut self, from: u64, tags: &[&[u8]]) -> io::Result<u64> {
        let marks = MARKS.into_iter().chain(tags.iter().map(|tag| (*tag, 0)));
        let finders: Vec<(Finder<'_>, usize)> =
            marks.map(|(mark, before)| (Finder::new(mark), before)).collect();
        let (mut at, mut looks) = (from, 0);
        while at < self.len {
            // Often, as it takes long.
            self.steps |= 255;
            let block = self.bytes(at, BLOCK + START)?;
            let mut found: Vec<usize> = Vec::new();
            for (finder, before) in &finders {
                found.extend(finder.find_iter(&block).filter_map(|i| i.checked_sub(*before)));
            }
            found.sort_unstable();
            for place in found.into_iter().filter(|i| at + *i as u64 > from) {
                let head = &block[place..];
                if is_container(head) {
                    return Ok(at + place as u64);
                }
                // Only behind a tag is it worth reading on.
                if head.starts_with(b"ID3") && looks < MAX_LOOKS {
                    looks += 1;
                    if self.is_start(at + place as u64)? {
                        return Ok(at + place as u64);
                    }
                }
            }
            at += BLOCK;
        }
        Ok(self.len)
    }
}
