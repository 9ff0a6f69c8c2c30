//! APEv1 and APEv2: items with a length, a key, and text in UTF-8; several values are cut by zeros.

use std::io::{self, Read, Seek};

use super::{Input, Item, MAX_ITEMS, MAX_TEXT, split_zero, utf8_or_plain};
use crate::audio::tags::Field;

const MAGIC: &[u8] = b"APETAGEX";
/// Length of header and footer.
const FRAME: u64 = 32;
/// Longest key that the format allows.
const MAX_KEY: usize = 255;

/// Flags and size (items and footer) of a header or footer.
fn frame(bytes: &[u8]) -> Option<(u32, u64)> {
    let rest = bytes.strip_prefix(MAGIC).filter(|rest| rest.len() >= 24)?;
    let word = |at: usize| u32::from_le_bytes([rest[at], rest[at + 1], rest[at + 2], rest[at + 3]]);
    Some((word(12), word(4).into()))
}

/// Length of a whole tag that begins with the header `bytes`.
pub(super) fn size_of_header(bytes: &[u8]) -> Option<u64> {
    let (flags, size) = frame(bytes)?;
    let is_header = flags & 0x2000_0000 != 0;
    (is_header && size >= FRAME).then_some(size + FRAME)
}

/// Where the items and the tag begin whose footer `bytes` ends at `end`.
pub(super) fn from_footer(bytes: &[u8], end: u64) -> Option<(u64, u64)> {
    let (flags, size) = frame(bytes)?;
    let items = end.checked_sub(size).filter(|_| size >= FRAME)?;
    let has_header = flags & 0x8000_0000 != 0;
    let tag = if has_header { items.checked_sub(FRAME)? } else { items };
    Some((items, tag))
}

/// The items in the `len` bytes from `at` on.
pub(super) fn read<R: Read + Seek>(
    bytes: &mut Input<'_, R>,
    mut at: u64,
    len: u64,
) -> io::Result<Vec<Item>> {
    let end = at.saturating_add(len);
    let mut items = Vec::new();
    for _ in 0..MAX_ITEMS {
        if end.saturating_sub(at) < 11 {
            break;
        }
        let head = bytes.peek(at, 8 + MAX_KEY as u64 + 1)?;
        let Some((fixed, rest)) = head.split_first_chunk::<8>() else { break };
        let [a, b, c, d, flags, ..] = *fixed;
        let size = u64::from(u32::from_le_bytes([a, b, c, d]));
        let Some(key_len) = rest.iter().position(|b| *b == 0) else { break };
        let value_at = at + 8 + key_len as u64 + 1;
        at = value_at + size;
        if at > end {
            break;
        }
        let is_text = flags & 0b110 == 0 || flags & 0b110 == 0b100;
        let Ok(key) = std::str::from_utf8(&rest[..key_len]) else { continue };
        if !is_text || size > MAX_TEXT {
            continue;
        }
        if let Some(value) = bytes.text(value_at, size)? {
            let values = split_zero(&value).filter(|v| !v.is_empty()).map(utf8_or_plain).collect();
            items.push(Item { field: field(key), values });
        }
    }
    Ok(items)
}

fn field(key: &str) -> Field {
    match key.to_ascii_lowercase().as_str() {
        "title" => Field::Title,
        "artist" => Field::Artist,
        "album" => Field::Album,
        "album artist" | "albumartist" => Field::AlbumArtist,
        "composer" => Field::Composer,
        "isrc" => Field::Isrc,
        "ean/upc" | "upc" | "barcode" => Field::Upc,
        "label" | "publisher" => Field::Label,
        "copyright" => Field::Copyright,
        "genre" => Field::Genre,
        "year" | "record date" => Field::Date,
        "encoder" => Field::Encoder,
        "encoder settings" => Field::EncoderSettings,
        "encodedby" => Field::EncodedBy,
        "comment" => Field::Comment,
        "related" | "file" => Field::Url,
        "subtitle" => Field::Version,
        "track" => Field::TrackNumber,
        _ => Field::Other(key.to_owned()),
    }
}
