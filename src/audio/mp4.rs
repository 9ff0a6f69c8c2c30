//! Which tracks of an MP4 file are enabled (ISO/IEC 14496-12): those are the ones that players play.

use std::io::{self, Read, Seek};

use super::sniff::read_at;

/// Most boxes of one level that are looked at.
const MAX_BOXES: usize = 4_096;
/// The flag of a track header that says so.
const ENABLED: u8 = 1;

/// A box: name, and where its content lies.
type Atom = ([u8; 4], u64, u64);

/// Is this the beginning of an MP4 file?
pub(super) fn is_mp4(head: &[u8]) -> bool {
    head.get(4..8) == Some(b"ftyp")
}

/// Numbers of the tracks that are enabled.
pub(super) fn enabled<R: Read + Seek>(
    source: &mut R,
    start: u64,
    end: u64,
) -> io::Result<Vec<u32>> {
    let mut enabled = Vec::new();
    for (_, start, end) in named(source, start, end, b"moov")? {
        for (_, start, end) in named(source, start, end, b"trak")? {
            for (_, start, _) in named(source, start, end, b"tkhd")? {
                enabled.extend(track_of(&read_at(source, start, 24)?));
            }
        }
    }
    Ok(enabled)
}

/// Number of the track with this header, if it is enabled.
fn track_of(header: &[u8]) -> Option<u32> {
    let at = if *header.first()? == 1 { 20 } else { 12 };
    let number = header.get(at..at + 4)?;
    (header.get(3)? & ENABLED != 0)
        .then(|| u32::from_be_bytes([number[0], number[1], number[2], number[3]]))
}

/// The boxes called `name` between `at` and `end`.
fn named<R: Read + Seek>(
    source: &mut R,
    mut at: u64,
    end: u64,
    name: &[u8; 4],
) -> io::Result<Vec<Atom>> {
    let mut found = Vec::new();
    for _ in 0..MAX_BOXES {
        let header = read_at(source, at, 16)?;
        let [a, b, c, d, ref id @ .., _, _, _, _, _, _, _, _] = header[..] else { break };
        let (header_len, size) = match u32::from_be_bytes([a, b, c, d]) {
            0 => (8, end - at),
            1 => (16, header[8..].iter().fold(0, |size, b| size << 8 | u64::from(*b))),
            size => (8, size.into()),
        };
        let Some(next) = at.checked_add(size).filter(|&next| size >= header_len && next <= end)
        else {
            break;
        };
        if id == name {
            found.push((*name, at + header_len, next));
        }
        at = next;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
        [&(content.len() as u32 + 8).to_be_bytes()[..], name, content].concat()
    }

    fn trak(flags: u8, number: u8) -> Vec<u8> {
        let mut header = vec![0, 0, 0, flags, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, number];
        header.resize(84, 0);
        made(b"trak", &[made(b"edts", &[0; 20]), made(b"tkhd", &header)].concat())
    }

    #[test]
    fn enabled_tracks_are_found() {
        let moov = [made(b"mvhd", &[0; 100]), trak(2, 1), trak(3, 2)].concat();
        let file = [made(b"ftyp", &[0; 8]), made(b"mdat", &[9; 50]), made(b"moov", &moov)].concat();
        let read = |file: &[u8]| enabled(&mut io::Cursor::new(file), 0, file.len() as u64).unwrap();
        assert_eq!(read(&file), [2]);
        for end in 0..file.len() {
            assert!(read(&file[..end]).len() <= 1);
        }
    }
}
