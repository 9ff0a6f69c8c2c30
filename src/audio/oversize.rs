//! Tags and pictures within containers that are larger than anybody's: found before the demuxer reads them all
//! into memory, and hidden from it.
//!
//! FLAC (RFC 9639): metadata blocks. MP4 (ISO 14496-12): the item list in `moov`. Matroska (RFC 9559): tags,
//! attachments and chapters. CAF (Apple): the `info` chunk. Ogg needs nothing of the kind: its demuxer takes no
//! packet above 16 MB.

use std::io::{self, Read, Seek, SeekFrom};

use super::veil::Patch;

/// Most bytes of tags that are left to the demuxer; in memory they become some 20 times as much.
const MAX_TAGS: u64 = 1 << 20;
/// Longest single tag.
const MAX_ITEM: u64 = 64 << 10;
/// Most parts of a container that are looked at, and most of a list.
const MAX_PARTS: usize = 100_000;
/// Most items of a list of tags.
const MAX_ITEMS: usize = 4_096;

/// What is to be hidden in the container between `start` and `end`.
pub(super) fn hidden<R: Read + Seek>(
    inner: &mut R,
    start: u64,
    end: u64,
) -> io::Result<Vec<Patch>> {
    let mut walk = Walk { inner, end, patches: Vec::new(), tags: 0 };
    let head = walk.peek::<12>(start)?;
    match &head {
        [b'f', b'L', b'a', b'C', ..] => walk.flac(start + 4)?,
        [b'c', b'a', b'f', b'f', ..] => walk.caf(start + 8)?,
        [0x1a, 0x45, 0xdf, 0xa3, ..] => walk.matroska(start)?,
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => walk.mp4(start, end, &[])?,
        _ => {}
    }
    Ok(walk.patches)
}

struct Walk<'a, R> {
    inner: &'a mut R,
    end: u64,
    patches: Vec<Patch>,
    /// Bytes of tags left to the demuxer so far.
    tags: u64,
}

/// A box of MP4.
struct Atom {
    name: [u8; 4],
    /// Where it begins, where its content, and where it ends.
    at: u64,
    body: u64,
    end: u64,
}

impl<R: Read + Seek> Walk<'_, R> {
    /// `N` bytes at `at`; zeros where the source ends.
    fn peek<const N: usize>(&mut self, at: u64) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.inner.seek(SeekFrom::Start(at))?;
        let mut filled = 0;
        while filled < N {
            match self.inner.read(&mut bytes[filled..])? {
                0 => break,
                n => filled += n,
            }
        }
        Ok(bytes)
    }

    fn hide(&mut self, at: u64, bytes: impl Into<Vec<u8>>) {
        self.patches.push(Patch { at, bytes: bytes.into() });
    }

    /// Takes `len` bytes of tags to the account; whether they are too many.
    fn is_too_much(&mut self, len: u64) -> bool {
        if len > MAX_TAGS - self.tags {
            return true;
        }
        self.tags += len;
        false
    }

    /// Pictures and what exceeds the account become padding; so does what nobody asks for.
    fn flac(&mut self, mut at: u64) -> io::Result<()> {
        const PADDING: u8 = 1;
        const STREAM_INFO: u8 = 0;
        const COMMENT: u8 = 4;
        let mut info = None;
        for _ in 0..MAX_PARTS {
            let [kind, a, b, c] = self.peek(at)?;
            let len = u64::from(u32::from_be_bytes([0, a, b, c]));
            let (last, kind) = (kind & 0x80, kind & 0x7f);
            let keep = match kind {
                STREAM_INFO | PADDING | 127 => true,
                COMMENT => !self.is_too_much(len),
                _ => false,
            };
            if !keep {
                self.hide(at, [last | PADDING]);
            }
            if kind == STREAM_INFO && len >= 34 {
                info = Some(at + 4);
            }
            at += 4 + len;
            if last != 0 || kind == 127 || at >= self.end {
                break;
            }
        }
        match info {
            Some(info) if at + 2 <= self.end => self.block_sizes(info, at),
            _ => Ok(()),
        }
    }

    /// Whether blocks of FLAC are of one size is said by their first bits (RFC 9639, 9.1.1). The demuxer goes by the
    /// smallest and the largest of STREAMINFO, where some encoders count the shorter one at the end, and finds none.
    fn block_sizes(&mut self, info: u64, frame: u64) -> io::Result<()> {
        let [least @ .., a, b] = self.peek::<4>(info)?;
        let most = [a, b];
        match self.peek::<2>(frame)? {
            [0xff, 0xf8] if least != most => self.hide(info, most),
            [0xff, 0xf9] if least == most => self.hide(info, [0, 16]),
            _ => {}
        }
        Ok(())
    }

    fn caf(&mut self, mut at: u64) -> io::Result<()> {
        for _ in 0..MAX_PARTS {
            let [name @ .., a, b, c, d, e, f, g, h] = self.peek::<12>(at)?;
            let len = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
            let is_text =
                matches!(&name, b"info" | b"strg" | b"uuid" | b"mark" | b"regn" | b"midi");
            if is_text && self.is_too_much(len) {
                self.hide(at, b"free".as_slice());
            }
            at = match at.checked_add(12).and_then(|body| body.checked_add(len)) {
                Some(next) if next < self.end => next,
                _ => break,
            };
        }
        Ok(())
    }

    /// The boxes between `at` and `end`, which lie within those of `path`.
    fn mp4(&mut self, mut at: u64, end: u64, path: &[[u8; 4]]) -> io::Result<()> {
        for _ in 0..MAX_PARTS {
            let Some(atom) = self.atom(at, end)? else { break };
            let inside = |name: &[u8; 4]| path.last() == Some(name);
            match &atom.name {
                b"moov" if path.is_empty() => self.mp4(atom.body, atom.end, &[atom.name])?,
                b"trak" if inside(b"moov") => self.mp4(atom.body, atom.end, &[atom.name])?,
                b"udta" if inside(b"moov") || inside(b"trak") => {
                    self.mp4(atom.body, atom.end, &[atom.name])?;
                }
                b"meta" if !path.is_empty() => self.meta(&atom)?,
                _ => {}
            }
            at = atom.end;
        }
        Ok(())
    }

    /// The box at `at` within what ends at `end`.
    fn atom(&mut self, at: u64, end: u64) -> io::Result<Option<Atom>> {
        if end.saturating_sub(at) < 8 {
            return Ok(None);
        }
        let [a, b, c, d, name @ ..] = self.peek::<8>(at)?;
        let (body, len) = match u64::from(u32::from_be_bytes([a, b, c, d])) {
            0 => (at + 8, end - at),
            1 => (at + 16, u64::from_be_bytes(self.peek(at + 8)?)),
            len => (at + 8, len),
        };
        let stop = at.checked_add(len).filter(|stop| *stop >= body);
        Ok(stop.map(|stop| Atom { name, at, body: body.min(end), end: stop.min(end) }))
    }

    /// Tags: a box with a version, except in QuickTime.
    fn meta(&mut self, meta: &Atom) -> io::Result<()> {
        let quicktime = self.peek::<8>(meta.body)?[4..] == *b"hdlr";
        let mut at = meta.body + if quicktime { 0 } else { 4 };
        for _ in 0..MAX_ITEMS {
            let Some(atom) = self.atom(at, meta.end)? else { break };
            if atom.name == *b"ilst" {
                self.item_list(&atom)?;
            }
            at = atom.end;
        }
        Ok(())
    }

    /// Hides pictures and other large items; the whole list where too much is left.
    fn item_list(&mut self, list: &Atom) -> io::Result<()> {
        let (mut at, mut kept, mut large) = (list.body, 0, Vec::new());
        let mut is_whole = false;
        for _ in 0..MAX_ITEMS {
            let Some(item) = self.atom(at, list.end)? else {
                is_whole = true;
                break;
            };
            let len = item.end - item.at;
            if item.name == *b"covr" || len > MAX_ITEM {
                large.push(item.at + 4);
            } else {
                kept += len;
            }
            at = item.end;
        }
        if !is_whole || self.is_too_much(kept) {
            large = vec![list.at + 4];
        }
        for name_at in large {
            self.hide(name_at, b"free".as_slice());
        }
        Ok(())
    }

    /// Top-level elements of the segment. One of unknown length, as in live streams, ends the search.
    fn matroska(&mut self, start: u64) -> io::Result<()> {
        const SEGMENT: u32 = 0x1853_8067;
        let (mut at, mut end) = (start, self.end);
        for _ in 0..MAX_PARTS {
            if at >= end {
                break;
            }
            let Some(element) = self.element(at)? else { break };
            if element.id == SEGMENT {
                end = element.len.map_or(end, |len| end.min(element.body.saturating_add(len)));
                at = element.body;
                continue;
            }
            let Some(len) = element.len else { break };
            let hide = match element.id {
                // Attachments.
                0x1941_a469 => true,
                // Tags, chapters.
                0x1254_c367 | 0x1043_a770 => self.is_too_much(len),
                _ => false,
            };
            if hide {
                self.hide(at, void(at, element.body, len));
            }
            at = match element.body.checked_add(len) {
                Some(next) => next,
                None => break,
            };
        }
        Ok(())
    }

    /// The element at `at`, if one begins there.
    fn element(&mut self, at: u64) -> io::Result<Option<Element>> {
        let bytes = self.peek::<12>(at)?;
        let id_len = bytes[0].leading_zeros() as usize + 1;
        if id_len > 4 {
            return Ok(None);
        }
        let id = bytes[..id_len].iter().fold(0, |id, byte| id << 8 | u32::from(*byte));
        let size_len = bytes[id_len].leading_zeros() as usize + 1;
        if size_len > 8 {
            return Ok(None);
        }
        let digits = &bytes[id_len..id_len + size_len];
        let size = digits.iter().fold(0, |size, byte| size << 8 | u64::from(*byte));
        let mask = (1u64 << (7 * size_len)) - 1;
        let len = Some(size & mask).filter(|len| *len != mask);
        Ok(Some(Element { id, len, body: at + (id_len + size_len) as u64 }))
    }
}

/// An element of Matroska.
struct Element {
    id: u32,
    /// Unknown in live streams.
    len: Option<u64>,
    body: u64,
}

/// Header of a `Void` element in place of the one from `at` to `body`, with the same end.
pub(super) fn void(at: u64, body: u64, len: u64) -> Vec<u8> {
    let head = body - at;
    let digits = (head - 1).min(8);
    let len = len + (head - 1 - digits);
    let marker = 1u64 << (7 * digits);
    let size = (len | marker).to_be_bytes();
    let mut bytes = vec![0xec];
    bytes.extend(&size[8 - digits as usize..]);
    bytes
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn hidden_in(bytes: &[u8]) -> Vec<Patch> {
        hidden(&mut Cursor::new(bytes), 0, bytes.len() as u64).unwrap()
    }

    #[test]
    fn large_blocks_of_flac_are_padding_and_small_ones_stay() {
        let mut bytes = b"fLaC".to_vec();
        let mut add = |kind: u8, len: usize| {
            let at = bytes.len() as u64;
            bytes.push(kind);
            bytes.extend(&(len as u32).to_be_bytes()[1..]);
            bytes.resize(bytes.len() + len, 0);
            at
        };
        add(0, 34);
        add(4, 1_000);
        let (picture, comment) = (add(6, 5_000), add(4, 2 << 20));
        let last = add(0x86, 10);
        let expected = [(picture, 1), (comment, 1), (last, 0x81)];
        let expected = expected.map(|(at, byte)| Patch { at, bytes: vec![byte] });
        assert_eq!(hidden_in(&bytes), expected);
    }

    #[test]
    fn blocks_of_flac_are_of_one_size_where_they_say_so_themselves() {
        let stream = |least: u16, most: u16, sync: [u8; 2]| {
            let sizes = [least.to_be_bytes(), most.to_be_bytes()].concat();
            [&b"fLaC\x80\0\0\x22"[..], &sizes, &[0; 30], &sync].concat()
        };
        let patch = |bytes: [u8; 2]| vec![Patch { at: 8, bytes: bytes.to_vec() }];
        assert_eq!(hidden_in(&stream(3_072, 4_096, [0xff, 0xf8])), patch([0x10, 0]));
        assert_eq!(hidden_in(&stream(4_096, 4_096, [0xff, 0xf9])), patch([0, 16]));
        for (least, sync) in [(4_096, 0xf8), (16, 0xf9), (3_072, 0xfa)] {
            assert_eq!(hidden_in(&stream(least, 4_096, [0xff, sync])), []);
        }
    }

    #[test]
    fn a_void_element_has_the_same_end() {
        // 4 bytes of name, 8 of length.
        let bytes = void(100, 112, 5);
        assert_eq!(bytes.len(), 9);
        assert_eq!(bytes[..2], [0xec, 0x01]);
        assert_eq!(bytes[2..], [0, 0, 0, 0, 0, 0, 8], "109 + 8 is 112 + 5");
        // 4 bytes of name, 3 of length: the new length fills what is left.
        assert_eq!(void(0, 7, 300), [0xec, 0x04, 0, 0, 0, 0x01, 0x2c]);
    }

    #[test]
    fn covers_in_mp4_are_hidden_and_titles_stay() {
        fn atom(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
            let mut bytes = (body.len() as u32 + 8).to_be_bytes().to_vec();
            bytes.extend(name);
            bytes.extend(body);
            bytes
        }
        let list = [atom(b"\xa9nam", &[0; 20]), atom(b"covr", &[0; 100])].concat();
        let meta = [[0; 4].to_vec(), atom(b"hdlr", &[0; 4]), atom(b"ilst", &list)].concat();
        let moov = atom(b"moov", &atom(b"udta", &atom(b"meta", &meta)));
        let bytes = [atom(b"ftyp", b"M4A "), moov].concat();
        let cover = bytes.windows(4).position(|w| w == b"covr").unwrap() as u64;
        assert_eq!(hidden_in(&bytes), [Patch { at: cover, bytes: b"free".to_vec() }]);
        let many = atom(b"\xa9nam", &[0; 400]).repeat(3_000);
        let meta = [[0; 4].to_vec(), atom(b"hdlr", &[0; 4]), atom(b"ilst", &many)].concat();
        let bytes = [atom(b"ftyp", b"M4A "), atom(b"moov", &atom(b"meta", &meta))].concat();
        let list = bytes.windows(4).position(|w| w == b"ilst").unwrap() as u64;
        assert_eq!(hidden_in(&bytes), [Patch { at: list, bytes: b"free".to_vec() }]);
    }
}
