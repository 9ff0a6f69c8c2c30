//! ID3v2.2, 2.3 and 2.4 (id3.org): frames with a name and a size; only texts and names are read.
//!
//! Frames within frames (`CHAP`, `CTOC`), pictures and other objects are passed over, so depth and size of a
//! tag cost nothing. Compressed and encrypted frames, which next to nobody writes, are passed over, too.

use std::io::{self, Read, Seek};

use super::{Input, Item, MAX_ITEMS, MAX_TEXT, Text, genres, split_zero};
use crate::audio::tags::Field;

const HEADER: u64 = 10;
/// Of frames that hold objects, this much is read: type and names stand first.
const OBJECT_HEAD: u64 = 1_024;

/// Length with header and footer of the tag that begins with `head`.
pub(super) fn size(head: &[u8]) -> Option<u64> {
    match *head {
        [b'I', b'D', b'3', version, _, flags, a, b, c, d, ..] => {
            let footer = if version == 4 && flags & 0x10 != 0 { HEADER } else { 0 };
            Some(HEADER + synchsafe([a, b, c, d]) + footer)
        }
        _ => None,
    }
}

/// Length with header and footer of the tag that ends with the footer `foot`.
pub(super) fn size_by_footer(foot: &[u8]) -> Option<u64> {
    match *foot {
        [b'3', b'D', b'I', _, _, _, a, b, c, d] => Some(synchsafe([a, b, c, d]) + 2 * HEADER),
        _ => None,
    }
}

/// Seven bits of each byte count.
fn synchsafe(bytes: [u8; 4]) -> u64 {
    bytes.iter().fold(0, |size, byte| size << 7 | u64::from(byte & 0x7f))
}

/// The texts of the tag of `len` bytes at `at`.
pub(super) fn read<R: Read + Seek>(
    bytes: &mut Input<'_, R>,
    at: u64,
    len: u64,
) -> io::Result<Vec<Item>> {
    let head = bytes.peek(at, HEADER)?;
    let [b'I', b'D', b'3', version @ 2..=4, _, flags, ..] = head[..] else { return Ok(Vec::new()) };
    let (start, end) = (at + HEADER, at + len);
    // Before version 2.4 the whole tag may hide false sync marks, and sizes count what was there before.
    let unsync = flags & 0x80 != 0 && version < 4;
    let mut tag = if unsync {
        let whole = bytes.peek(start, (end - start).min(super::MAX_BYTES))?;
        let whole = without_sync_marks(&whole);
        Body { input: None, whole, version, at: 0, end: 0 }
    } else {
        Body { input: Some(bytes), whole: Vec::new(), version, at: start, end }
    };
    if unsync {
        tag.end = tag.whole.len() as u64;
    }
    if flags & 0x40 != 0 && !tag.skip_extended_header()? {
        return Ok(Vec::new());
    }
    let mut items = Vec::new();
    for _ in 0..MAX_ITEMS {
        match tag.next()? {
            Some(Frame { id, body: Some(body) }) => items.extend(item(&id, &body)),
            Some(_) => {}
            None => break,
        }
    }
    Ok(items)
}

/// Takes out the zeros that keep players from taking tags for audio.
fn without_sync_marks(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut previous = 0;
    for &byte in bytes {
        if !(previous == 0xff && byte == 0) {
            out.push(byte);
        }
        previous = byte;
    }
    out
}

/// A frame; without its body where that is none of ours.
struct Frame {
    id: String,
    body: Option<Vec<u8>>,
}

/// The frames of a tag, in the file or in memory.
struct Body<'a, 'b, R> {
    input: Option<&'a mut Input<'b, R>>,
    whole: Vec<u8>,
    version: u8,
    at: u64,
    end: u64,
}

impl<R: Read + Seek> Body<'_, '_, R> {
    fn peek(&mut self, at: u64, n: u64) -> io::Result<Vec<u8>> {
        match &mut self.input {
            Some(input) => input.peek(at, n),
            None => Ok(self.in_memory(at, n)),
        }
    }

    fn text(&mut self, at: u64, n: u64) -> io::Result<Option<Vec<u8>>> {
        match &mut self.input {
            Some(input) => input.text(at, n),
            None => Ok(Some(self.in_memory(at, n)).filter(|bytes| bytes.len() as u64 == n)),
        }
    }

    fn in_memory(&self, at: u64, n: u64) -> Vec<u8> {
        let len = self.whole.len() as u64;
        let (from, to) = (at.min(len), at.saturating_add(n).min(len));
        self.whole[from as usize..to as usize].to_vec()
    }

    fn skip_extended_header(&mut self) -> io::Result<bool> {
        let head = self.peek(self.at, 4)?;
        let [a, b, c, d] = head[..] else { return Ok(false) };
        self.at += match self.version {
            4 => synchsafe([a, b, c, d]).max(4),
            // Version 2.3 does not count the size itself.
            3 => 4 + u64::from(u32::from_be_bytes([a, b, c, d])),
            // In version 2.2 the bit means a compression that was never defined.
            _ => return Ok(false),
        };
        Ok(self.at < self.end)
    }

    fn next(&mut self) -> io::Result<Option<Frame>> {
        let (name, head_len) = if self.version == 2 { (3, 6) } else { (4, 10) };
        if self.end.saturating_sub(self.at) <= head_len {
            return Ok(None);
        }
        let head = self.peek(self.at, head_len)?;
        if head.len() < head_len as usize || !is_id(&head[..name]) {
            return Ok(None);
        }
        let size = self.size_of(&head)?;
        let body_at = self.at + head_len;
        self.at = body_at + size;
        if self.at > self.end {
            return Ok(None);
        }
        let id = String::from_utf8_lossy(&head[..name]).into_owned();
        let flags = head.get(9).copied().unwrap_or(0);
        let body = self.body_of(&id, flags, body_at, size)?;
        Ok(Some(Frame { id, body }))
    }

    /// Size of the frame with this header at the current place.
    fn size_of(&mut self, head: &[u8]) -> io::Result<u64> {
        let digits = match *head {
            [_, _, _, a, b, c] => return Ok(u64::from(u32::from_be_bytes([0, a, b, c]))),
            [_, _, _, _, a, b, c, d, ..] => [a, b, c, d],
            _ => return Ok(0),
        };
        let plain = u64::from(u32::from_be_bytes(digits));
        let safe = synchsafe(digits);
        if self.version == 3 || plain == safe {
            return Ok(plain);
        }
        // Some writers of version 2.4 (iTunes) count as version 2.3 does: whichever way leads to another frame.
        if digits.iter().any(|byte| byte & 0x80 != 0) {
            return Ok(plain);
        }
        Ok(if !self.follows(safe)? && self.follows(plain)? { plain } else { safe })
    }

    /// Does a frame, padding or the end follow a frame of this size?
    fn follows(&mut self, size: u64) -> io::Result<bool> {
        let next = self.at + HEADER + size;
        if next >= self.end {
            return Ok(next == self.end);
        }
        let id = self.peek(next, 4.min(self.end - next))?;
        Ok(is_id(&id) || id.iter().all(|byte| *byte == 0))
    }

    /// The text of a frame that is one of ours.
    fn body_of(&mut self, id: &str, flags: u8, at: u64, size: u64) -> io::Result<Option<Vec<u8>>> {
        let is_object = matches!(id, "GEOB" | "GEO" | "PRIV" | "UFID" | "UFI");
        let is_text = id.starts_with(['T', 'W']) || matches!(id, "COMM" | "COM");
        let (grouped, unreadable, unsync, counted) = match self.version {
            4 => (flags & 0x40 != 0, flags & 0x0c != 0, flags & 0x02 != 0, flags & 0x01 != 0),
            3 => (flags & 0x20 != 0, flags & 0xc0 != 0, false, false),
            _ => (false, false, false, false),
        };
        if unreadable || !(is_object || is_text) {
            return Ok(None);
        }
        let head = u64::from(grouped) + if counted { 4 } else { 0 };
        let Some(size) = size.checked_sub(head) else { return Ok(None) };
        let wanted = if is_object { size.min(OBJECT_HEAD) } else { size };
        if wanted > MAX_TEXT {
            return Ok(None);
        }
        let text = self.text(at + head, wanted)?;
        Ok(if unsync { text.map(|text| without_sync_marks(&text)) } else { text })
    }
}

fn is_id(id: &[u8]) -> bool {
    id.len() >= 3 && id.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// What a frame says.
fn item(id: &str, body: &[u8]) -> Option<Item> {
    let (&encoding, text) = body.split_first()?;
    let (field, values) = match id {
        "TXXX" | "TXX" => {
            let (name, values) = described(encoding, text)?;
            (user_defined(&name).unwrap_or(Field::Other(name)), values)
        }
        "COMM" | "COM" => (Field::Comment, described(encoding, text.get(3..)?)?.1),
        "WXXX" | "WXX" => {
            let (name, rest) = cut(encoding, text);
            let name = spelled(encoding, name);
            let url = vec![Text::Plain(split_zero(rest).next()?.to_vec())];
            (if name.trim().is_empty() { Field::Url } else { Field::Other(name) }, url)
        }
        "GEOB" | "GEO" => {
            let (mime, rest) = cut(0, text);
            let (file, rest) = cut(encoding, rest);
            let (about, _) = cut(encoding, rest);
            let names = [spelled(0, mime), spelled(encoding, file), spelled(encoding, about)];
            (Field::Other(object(id, &names)), vec![Text::Known("(binary)".to_owned())])
        }
        "PRIV" | "UFID" | "UFI" => {
            let (owner, _) = cut(0, body);
            (
                Field::Other(object(id, &[spelled(0, owner)])),
                vec![Text::Known("(binary)".to_owned())],
            )
        }
        _ if id.starts_with('W') => {
            (field(id)?, vec![Text::Plain(split_zero(body).next()?.to_vec())])
        }
        _ => (field(id)?, values(encoding, text)),
    };
    let genre = |text| match text {
        Text::Plain(bytes) => Text::Known(genres::in_words(&String::from_utf8_lossy(&bytes))),
        Text::Known(text) => Text::Known(genres::in_words(&text)),
    };
    let values =
        if field == Field::Genre { values.into_iter().map(genre).collect() } else { values };
    Some(Item { field, values })
}

fn object(id: &str, names: &[String]) -> String {
    let names: Vec<&str> = names.iter().map(|n| n.trim()).filter(|n| !n.is_empty()).collect();
    format!("{id}:{}", names.join(":"))
}

/// A description and the values behind it.
fn described(encoding: u8, text: &[u8]) -> Option<(String, Vec<Text>)> {
    let (name, rest) = cut(encoding, text);
    Some((spelled(encoding, name), values(encoding, rest)))
}

/// Two bytes a character?
fn is_wide(encoding: u8) -> bool {
    matches!(encoding, 1 | 2)
}

/// What stands before the first zero character, and what behind it.
fn cut(encoding: u8, text: &[u8]) -> (&[u8], &[u8]) {
    let step = if is_wide(encoding) { 2 } else { 1 };
    let end = text.chunks_exact(step).position(|c| c.iter().all(|b| *b == 0));
    match end.map(|n| n * step) {
        Some(at) => (&text[..at], &text[at + step..]),
        None => (text, &[]),
    }
}

/// The values of a text: zeros cut them. Version 2.4 says so; writers of older versions do it as well.
fn values(encoding: u8, mut text: &[u8]) -> Vec<Text> {
    let mut values = Vec::new();
    let mut order = ByteOrder::of(encoding, text);
    while !text.is_empty() {
        let (value, rest) = cut(encoding, text);
        text = rest;
        order = order.marked(value);
        match encoding {
            _ if value.is_empty() => {}
            0 => values.push(Text::Plain(value.to_vec())),
            1 | 2 => values.push(Text::Known(order.decode(value))),
            3 => values.push(super::utf8_or_plain(value)),
            _ => return Vec::new(),
        }
    }
    values
}

/// A name that only programs write: no code page is guessed.
fn spelled(encoding: u8, text: &[u8]) -> String {
    match encoding {
        1 | 2 => ByteOrder::of(encoding, text).marked(text).decode(text),
        _ => String::from_utf8_lossy(text).into_owned(),
    }
}

/// Order of the bytes in UTF-16.
#[derive(Clone, Copy)]
enum ByteOrder {
    Little,
    Big,
}

impl ByteOrder {
    /// As the encoding has it before any mark.
    fn of(encoding: u8, text: &[u8]) -> ByteOrder {
        let is_big = encoding == 2 || text.starts_with(&[0xfe, 0xff]);
        if is_big { ByteOrder::Big } else { ByteOrder::Little }
    }

    /// As the mark at the start of `value` says; the first value may be the only one with a mark.
    fn marked(self, value: &[u8]) -> ByteOrder {
        match value {
            [0xff, 0xfe, ..] => ByteOrder::Little,
            [0xfe, 0xff, ..] => ByteOrder::Big,
            _ => self,
        }
    }

    fn decode(self, value: &[u8]) -> String {
        let unit = |pair: &[u8]| match self {
            ByteOrder::Little => u16::from_le_bytes([pair[0], pair[1]]),
            ByteOrder::Big => u16::from_be_bytes([pair[0], pair[1]]),
        };
        let units: Vec<u16> = value.chunks_exact(2).map(unit).collect();
        String::from_utf16_lossy(&units).trim_start_matches('\u{feff}').to_owned()
    }
}

/// Tags for which the standard has no frame, under the names that programs gave them.
fn user_defined(name: &str) -> Option<Field> {
    Some(match name.trim().to_ascii_uppercase().as_str() {
        "ISRC" => Field::Isrc,
        "BARCODE" | "UPC" | "EAN" | "EAN/UPC" => Field::Upc,
        "LABEL" => Field::Label,
        "ALBUM ARTIST" | "ALBUMARTIST" => Field::AlbumArtist,
        _ => return None,
    })
}

/// The field of a frame; none for those that say nothing of who made what.
fn field(id: &str) -> Option<Field> {
    Some(match id {
        "TIT2" | "TT2" => Field::Title,
        "TPE1" | "TP1" => Field::Artist,
        "TALB" | "TAL" => Field::Album,
        "TPE2" | "TP2" => Field::AlbumArtist,
        "TCOM" | "TCM" => Field::Composer,
        "TSRC" | "TRC" => Field::Isrc,
        "TPUB" | "TPB" => Field::Label,
        "TCOP" | "TCR" => Field::Copyright,
        "TCON" | "TCO" => Field::Genre,
        "TDRC" | "TYER" | "TYE" | "TDRL" => Field::Date,
        "TSSE" | "TSS" => Field::Encoder,
        "TENC" | "TEN" => Field::EncodedBy,
        "TDES" => Field::Description,
        "TIT3" | "TT3" => Field::Version,
        "TRCK" | "TRK" => Field::TrackNumber,
        "WOAS" | "WAS" | "WOAF" | "WAF" => Field::Url,
        // Lengths, dates, sort orders, languages, links of shops.
        _ => return None,
    })
}
