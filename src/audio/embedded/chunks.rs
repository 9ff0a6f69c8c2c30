//! The text chunks of WAV (`LIST` `INFO`, `id3 `, `axml`) and AIFF (`NAME`, `AUTH`, `ID3 `).
//!
//! Sources: RIFF MCI (Microsoft 1991) and Audio Interchange File Format 1.3 (Apple 1989) for chunks and their
//! names; EBU Tech 3352 for an ISRC in `axml`. Chunks whose size leads out of the file end the search; texts that
//! lead out of their list are left out.

use std::io::{self, Read, Seek};

use super::{Block, Input, Item, Kind, MAX_ITEMS, Text, id3v2};
use crate::audio::tags::Field;
use crate::audio::veil::Patch;

/// What a chunk is called that nobody looks at.
const JUNK: &[u8] = b"JUNK";

/// The two containers of chunks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// RIFF and RF64: sizes are little-endian.
    Wave,
    /// The same with big-endian sizes.
    Rifx,
    Aiff,
}

impl Form {
    fn of(head: &[u8]) -> Option<Form> {
        match (head.get(..4)?, head.get(8..12)?) {
            (b"RIFF" | b"RF64" | b"BW64", b"WAVE") => Some(Form::Wave),
            (b"RIFX", b"WAVE") => Some(Form::Rifx),
            (b"FORM", b"AIFF" | b"AIFC") => Some(Form::Aiff),
            _ => None,
        }
    }

    fn number(self, bytes: [u8; 4]) -> u64 {
        match self {
            Form::Wave => u32::from_le_bytes(bytes).into(),
            _ => u32::from_be_bytes(bytes).into(),
        }
    }
}

/// A chunk.
struct Chunk {
    id: [u8; 4],
    /// Where its content begins.
    at: u64,
    len: u64,
}

/// Reads the text chunks of a file that begins at `start`, and says which chunks the demuxer must not see.
pub(super) fn read<R: Read + Seek>(
    bytes: &mut Input<'_, R>,
    start: u64,
    end: u64,
    blocks: &mut Vec<Block>,
) -> io::Result<Vec<Patch>> {
    let Some(form) = Form::of(&bytes.peek(start, 12)?) else { return Ok(Vec::new()) };
    let mut hidden = Vec::new();
    let mut long_data = None;
    let mut at = start + 12;
    let mut texts = Vec::new();
    for _ in 0..MAX_ITEMS {
        let Some(mut chunk) = next(bytes, form, at, end)? else { break };
        // Of files beyond 4 GB, the length of the samples stands in a chunk of its own.
        match (&chunk.id, long_data) {
            (b"ds64", _) => long_data = ds64(&bytes.peek(chunk.at, 16)?),
            (b"data", Some(len)) if chunk.len == u64::from(u32::MAX) => chunk.len = len,
            _ => {}
        }
        if look_into(bytes, form, &chunk, end, &mut texts, blocks)? {
            hidden.push(Patch { at: chunk.at - 8, bytes: JUNK.to_vec() });
        }
        let Some(next) = chunk.at.checked_add(chunk.len).map(|end| end + (chunk.len & 1)) else {
            break;
        };
        at = next;
    }
    if !texts.is_empty() {
        blocks.push(Block { kind: Kind::Chunks, items: texts });
    }
    Ok(hidden)
}

/// Takes what a chunk says; whether it is one that only says something.
fn look_into<R: Read + Seek>(
    bytes: &mut Input<'_, R>,
    form: Form,
    chunk: &Chunk,
    end: u64,
    texts: &mut Vec<Item>,
    blocks: &mut Vec<Block>,
) -> io::Result<bool> {
    let is_whole = chunk.len <= end - chunk.at;
    match (form, &chunk.id) {
        (_, b"id3 " | b"ID3 ") => {
            let size = id3v2::size(&bytes.peek(chunk.at, 10)?);
            if let Some(size) = size.filter(|size| *size <= end - chunk.at) {
                let items = id3v2::read(bytes, chunk.at, size)?;
                blocks.push(Block { kind: Kind::Id3v2, items });
            }
        }
        (Form::Aiff, b"NAME" | b"AUTH" | b"(c) " | b"ANNO") => {
            if is_whole && let Some(text) = bytes.text(chunk.at, chunk.len)? {
                texts.push(Item { field: aiff_field(&chunk.id), values: vec![plain(&text)] });
            }
        }
        // Markers, instruments, remarks with times: of no use here, and of any size.
        (Form::Aiff, b"MARK" | b"COMT" | b"APPL") => {}
        (Form::Wave | Form::Rifx, b"LIST") => info(bytes, form, chunk, end, texts)?,
        (Form::Wave | Form::Rifx, b"axml") => {
            if let Some(xml) = bytes.text(chunk.at, chunk.len)? {
                let isrc = isrc_in(&String::from_utf8_lossy(&xml));
                texts.extend(isrc.map(|isrc| item(Field::Isrc, Text::Known(isrc))));
            }
            return Ok(false);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// The chunk at `at`.
fn next<R: Read + Seek>(
    bytes: &mut Input<'_, R>,
    form: Form,
    at: u64,
    end: u64,
) -> io::Result<Option<Chunk>> {
    if at >= end {
        return Ok(None);
    }
    let head = bytes.peek(at, 8.min(end - at))?;
    let [i, j, k, l, a, b, c, d] = head[..] else { return Ok(None) };
    let id = [i, j, k, l];
    // Past the end of a damaged file everything looks like a chunk, but not like a name.
    let is_name = id.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    Ok(is_name.then(|| Chunk { id, at: at + 8, len: form.number([a, b, c, d]) }))
}

/// Length of the samples by a `ds64` chunk.
fn ds64(body: &[u8]) -> Option<u64> {
    body.get(8..16)?.try_into().ok().map(u64::from_le_bytes)
}

/// The texts of a `LIST` of the kind `INFO`.
fn info<R: Read + Seek>(
    bytes: &mut Input<'_, R>,
    form: Form,
    list: &Chunk,
    end: u64,
    texts: &mut Vec<Item>,
) -> io::Result<()> {
    let end = list.at.saturating_add(list.len).min(end);
    if bytes.peek(list.at, 4)? != b"INFO" {
        return Ok(());
    }
    let mut at = list.at + 4;
    for _ in 0..MAX_ITEMS {
        let Some(chunk) = next(bytes, form, at, end)? else { break };
        if chunk.len > end - chunk.at {
            break;
        }
        if let Some(text) = bytes.text(chunk.at, chunk.len)? {
            texts.extend(info_field(&chunk.id, &text).map(|field| item(field, plain(&text))));
        }
        at = chunk.at + chunk.len;
        // Some writers forget that chunks begin at even places.
        if chunk.len & 1 == 1
            && bytes.peek(at, 1)?.first().is_none_or(|byte| !byte.is_ascii_graphic())
        {
            at += 1;
        }
    }
    Ok(())
}

fn item(field: Field, text: Text) -> Item {
    Item { field, values: vec![text] }
}

/// A text up to the zero that ends it.
fn plain(text: &[u8]) -> Text {
    Text::Plain(super::split_zero(text).next().unwrap_or_default().to_vec())
}

fn aiff_field(id: &[u8; 4]) -> Field {
    match id {
        b"NAME" => Field::Title,
        b"AUTH" => Field::Artist,
        b"(c) " => Field::Copyright,
        _ => Field::Comment,
    }
}

fn info_field(id: &[u8; 4], text: &[u8]) -> Option<Field> {
    Some(match id.to_ascii_uppercase().as_slice() {
        b"INAM" | b"TITL" => Field::Title,
        b"IART" => Field::Artist,
        b"IPRD" | b"IALB" => Field::Album,
        b"IAAR" => Field::AlbumArtist,
        b"IMUS" | b"IWRI" => Field::Composer,
        b"IPUB" => Field::Label,
        b"ICOP" => Field::Copyright,
        b"IGNR" | b"GENR" => Field::Genre,
        b"ICRD" | b"YEAR" => Field::Date,
        b"ISFT" => Field::Encoder,
        b"ITCH" | b"IENC" => Field::EncodedBy,
        b"ICMT" | b"CMNT" => Field::Comment,
        b"ISBJ" => Field::Description,
        b"IWEB" => Field::Url,
        b"ITRK" | b"IPRT" | b"TRCK" => Field::TrackNumber,
        // By the standard `ISRC` is the source of the file; taggers put the code there.
        b"ISRC" | b"IISR" => match isrc_in(&String::from_utf8_lossy(text)) {
            Some(_) => Field::Isrc,
            None => Field::Other("ISRC".to_owned()),
        },
        _ => Field::Other(String::from_utf8_lossy(id).into_owned()),
    })
}

/// The first recording code in `text`: by itself, or behind its name.
fn isrc_in(text: &str) -> Option<String> {
    let is_code = |text: &str| {
        let code: Vec<u8> = text.bytes().filter(|byte| *byte != b'-').collect();
        code.len() == 12
            && code[..2].iter().all(u8::is_ascii_alphabetic)
            && code[2..5].iter().all(u8::is_ascii_alphanumeric)
            && code[5..].iter().all(u8::is_ascii_digit)
    };
    let alone = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    if is_code(alone) {
        return Some(alone.to_owned());
    }
    let behind = text.match_indices("ISRC:").map(|(at, name)| &text[at + name.len()..]);
    let word = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect()
    };
    behind.map(word).find(|word| is_code(word))
}
