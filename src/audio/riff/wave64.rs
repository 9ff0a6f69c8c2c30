//! Sony Wave64: WAV with names of 16 bytes and sizes of 64 bits.
//!
//! The chunks are those of WAV, and so is what stands in them. A name is a GUID whose first four bytes are the
//! letters of WAV, the rest one constant; a size counts the 24 bytes of its own header, and the next chunk begins
//! at a multiple of 8 (Sonic Foundry / Sony Pictures Digital, Wave64 file format, 2006).

use std::io::{self, Read, Seek};

use super::super::sniff::read_at;
use super::chunks::{Chunk, MAX_CHUNKS, is_placeholder};

/// Name of the whole: `riff`.
const RIFF: [u8; 16] = *b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0";
/// End of the name of every other chunk.
const TAIL: [u8; 12] = *b"\xf3\xac\xd3\x11\x8c\xd1\0\xc0\x4f\x8e\xdb\x8a";
/// Bytes of a name and a size.
const HEADER: u64 = 24;
/// Bytes in front of the first chunk: the header of the whole, and `wave`.
pub(super) const START: u64 = HEADER + 16;

/// Is this the beginning of a Wave64 file?
pub(in crate::audio) fn is_wave64(head: &[u8]) -> bool {
    head.starts_with(&RIFF)
        && head.get(24..START as usize).is_some_and(|n| n[..4] == *b"wave" && n[4..] == TAIL)
}

/// All chunks of the file that lies between `first` and `end`, by the names they have in WAV.
pub(super) fn chunks<R: Read + Seek>(
    source: &mut R,
    first: u64,
    end: u64,
) -> io::Result<Vec<Chunk>> {
    let mut chunks = Vec::new();
    let mut at = first + START;
    while chunks.len() < MAX_CHUNKS {
        let header = read_at(source, at, HEADER)?;
        let Some((name, size)) = header.split_first_chunk::<16>() else { break };
        let Ok(size) = size.try_into().map(u64::from_le_bytes) else { break };
        if *name == RIFF {
            // Another file was joined to this one.
            break;
        }
        let id = match name {
            [a, b, c, d, tail @ ..] if *tail == TAIL => [*a, *b, *c, *d],
            _ => *b"????",
        };
        let start = at + HEADER;
        let there = end.saturating_sub(start);
        let size = size.checked_sub(HEADER);
        let open = id == *b"data" && size.is_none_or(|n| n > there && is_placeholder(n));
        let declared = if open { None } else { size };
        let len = declared.unwrap_or(if open { there } else { 0 }).min(there);
        chunks.push(Chunk { id, start, len, declared });
        at = first + (start + len - first).next_multiple_of(8);
    }
    Ok(chunks)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn chunk(id: &[u8; 4], size: u64, content: &[u8]) -> Vec<u8> {
        let mut chunk = [&id[..], &TAIL, &size.to_le_bytes(), content].concat();
        chunk.resize(chunk.len().next_multiple_of(8), 0);
        chunk
    }

    fn walked(file: &[u8]) -> Vec<(String, u64, Option<u64>)> {
        let file = [&[0; START as usize], file].concat();
        let end = file.len() as u64;
        let chunks = chunks(&mut Cursor::new(file), 0, end).unwrap();
        let name = |c: &Chunk| String::from_utf8_lossy(&c.id).into_owned();
        chunks.iter().map(|c| (name(c), c.len, c.declared)).collect()
    }

    #[test]
    fn chunks_are_walked_by_their_own_sizes() {
        let fmt = chunk(b"fmt ", 24 + 18, &[1; 18]);
        let file = [&fmt[..], &chunk(b"data", 24 + 5, b"abcde"), &RIFF, &[9; 40]].concat();
        let expected = [("fmt ".into(), 18, Some(18)), ("data".into(), 5, Some(5))];
        assert_eq!(walked(&file), expected);
        let cut = [&fmt[..], &chunk(b"data", 24 + 500, b"abcdefgh")].concat();
        assert_eq!(walked(&cut)[1], ("data".into(), 8, Some(500)));
    }

    #[test]
    fn sound_of_no_size_goes_on_to_the_end() {
        for size in [0, 23, u64::MAX, i64::MAX as u64, i64::MAX as u64 - 100] {
            assert_eq!(walked(&chunk(b"data", size, &[7; 64])), [("data".into(), 64, None)]);
        }
        assert_eq!(walked(&chunk(b"junk", 0, b"")), [("junk".into(), 0, None)]);
    }
}
