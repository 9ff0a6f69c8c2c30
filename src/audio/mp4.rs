//! Which tracks of an MP4 file are enabled (ISO/IEC 14496-12), as those are the ones that players play, and what the
//! codecs are called that Symphonia leaves out.

use std::io::{self, Read, Seek};

use super::facts::TrackFacts;
use super::sniff::read_at;

/// Most boxes of one level that are looked at.
const MAX_BOXES: usize = 4_096;
/// Most bytes of a sample entry that are read.
const MAX_ENTRY: u64 = 4_096;
/// The flag of a track header that says so.
const ENABLED: u8 = 1;

/// A box: name, and where its content lies.
type Atom = ([u8; 4], u64, u64);

/// Is this the beginning of an MP4 file?
pub(super) fn is_mp4(head: &[u8]) -> bool {
    head.get(4..8) == Some(b"ftyp")
}

/// What the file says of its tracks: which are enabled, how many there are, and what they hold.
pub(super) fn facts<R: Read + Seek>(
    source: &mut R,
    start: u64,
    end: u64,
) -> io::Result<TrackFacts> {
    let mut facts = TrackFacts::default();
    for (_, start, end) in named(source, start, end, b"moov")? {
        for (_, start, end) in named(source, start, end, b"trak")? {
            let mut number = None;
            for (_, start, _) in named(source, start, end, b"tkhd")? {
                let header = read_at(source, start, 24)?;
                number = number_of(&header);
                let is_enabled = header.get(3).is_some_and(|flags| flags & ENABLED != 0);
                facts.preferred.extend(number.filter(|_| is_enabled));
            }
            if let (Some(number), Some(entry)) = (number, sample_entry(source, start, end)?) {
                facts.audio_tracks += 1;
                facts.names.extend(codec_name(&entry).map(|name| (number, name)));
            }
        }
    }
    Ok(facts)
}

/// The description of the samples of an audio track.
fn sample_entry<R: Read + Seek>(
    source: &mut R,
    start: u64,
    end: u64,
) -> io::Result<Option<Vec<u8>>> {
    let Some((_, start, end)) = first(source, start, end, b"mdia")? else { return Ok(None) };
    let handler = first(source, start, end, b"hdlr")?;
    let kind = handler.map(|(_, start, _)| read_at(source, start + 8, 4)).transpose()?;
    if kind.as_deref() != Some(b"soun") {
        return Ok(None);
    }
    let mut place = (start, end);
    for name in [b"minf", b"stbl", b"stsd"] {
        match first(source, place.0, place.1, name)? {
            Some((_, start, end)) => place = (start, end),
            None => return Ok(None),
        }
    }
    // Behind a version and the number of entries.
    let (start, end) = place;
    let len = end.saturating_sub(start + 8).min(MAX_ENTRY);
    Ok(Some(read_at(source, start + 8, len)?).filter(|entry| entry.len() >= 8))
}

fn first<R: Read + Seek>(
    source: &mut R,
    start: u64,
    end: u64,
    name: &[u8; 4],
) -> io::Result<Option<Atom>> {
    Ok(named(source, start, end, name)?.into_iter().next())
}

/// Name of the codec in a sample entry, where it is not decoded (MP4 Registration Authority, QuickTime).
fn codec_name(entry: &[u8]) -> Option<String> {
    const DECODED: [&[u8; 4]; 16] = [
        b"alac", b"fLaC", b"Opus", b".mp3", b"lpcm", b"wave", b"raw ", b"sowt", b"twos", b"in24",
        b"in32", b"fl32", b"fl64", b"NONE", b"ipcm", b"fpcm",
    ];
    const NAMES: [(&[u8; 4], &str); 30] = [
        (b"alaw", "A-law"),
        (b"ulaw", "µ-law"),
        (b"samr", "AMR"),
        (b"sawb", "AMR-WB"),
        (b"sawp", "AMR-WB+"),
        (b"sevc", "EVRC"),
        (b"sqcp", "QCELP"),
        (b"Qclp", "QCELP"),
        (b"ac-3", "AC-3 (Dolby Digital)"),
        (b"ec-3", "E-AC-3 (Dolby Digital Plus)"),
        (b"ac-4", "AC-4"),
        (b"mlpa", "TrueHD"),
        (b"dtsc", "DTS"),
        (b"dtse", "DTS"),
        (b"dtsh", "DTS-HD"),
        (b"dtsl", "DTS-HD"),
        (b"dtsx", "DTS:X"),
        (b"mha1", "MPEG-H 3D Audio"),
        (b"mhm1", "MPEG-H 3D Audio"),
        (b"enca", "an encrypted one"),
        (b"drms", "an encrypted one (FairPlay)"),
        (b"agsm", "GSM 6.10"),
        (b"QDM2", "QDesign Music"),
        (b"QDMC", "QDesign Music"),
        (b"ima4", "IMA ADPCM"),
        (b"ms\0\x02", "Microsoft ADPCM"),
        (b"ms\0\x11", "IMA ADPCM"),
        (b"MAC3", "MACE"),
        (b"MAC6", "MACE"),
        (b"spex", "Speex"),
    ];
    let name: &[u8; 4] = entry.get(4..8)?.try_into().ok()?;
    match name {
        b"mp4a" => object_name(entry),
        _ if DECODED.contains(&name) => None,
        _ => {
            let known = NAMES.iter().find(|(known, _)| *known == name).map(|(_, name)| *name);
            Some(known.map_or_else(|| name.escape_ascii().to_string(), str::to_owned))
        }
    }
}

/// Name of what an `esds` box says is in an `mp4a` entry (ISO/IEC 14496-1 and -3), where it is not decoded.
fn object_name(entry: &[u8]) -> Option<String> {
    let at = entry.windows(4).position(|name| name == b"esds")? + 8;
    let mut rest = entry.get(at..)?;
    let mut object = None;
    // An ES descriptor, in it that of the decoder, and in that the one for the codec.
    for (tag, skip) in [(3, 3), (4, 13), (5, 0)] {
        let (&found, behind) = rest.split_first()?;
        if found != tag {
            break;
        }
        let digits = behind.iter().take(4).take_while(|byte| **byte & 0x80 != 0).count() + 1;
        let body = behind.get(digits..)?;
        if tag == 4 {
            object = body.first().copied();
        }
        rest = body.get(skip..)?;
    }
    let kind = match *rest {
        [a, b, ..] if a >> 3 == 31 => 32 + ((a & 7) << 3 | b >> 5),
        [a, ..] => a >> 3,
        [] => 0,
    };
    Some(match (object?, kind) {
        (0x40, 1) => "AAC Main".to_owned(),
        (0x40, 3) => "AAC-SSR".to_owned(),
        (0x40, 4) => "AAC-LTP".to_owned(),
        (0x40, 7) => "TwinVQ".to_owned(),
        (0x40, 8) => "CELP".to_owned(),
        (0x40, 23) => "AAC-LD".to_owned(),
        (0x40, 36) => "MPEG-4 ALS".to_owned(),
        (0x40, 39) => "AAC-ELD".to_owned(),
        (0x40, 42) => "xHE-AAC (USAC)".to_owned(),
        (0x40 | 0x66..=0x69 | 0x6b, _) => return None,
        (0xa5, _) => "AC-3 (Dolby Digital)".to_owned(),
        (0xa6, _) => "E-AC-3 (Dolby Digital Plus)".to_owned(),
        (0xa9..=0xac, _) => "DTS".to_owned(),
        (0xdd, _) => "Vorbis in MP4".to_owned(),
        (0xe1, _) => "QCELP".to_owned(),
        (other, _) => format!("an object of type {other:#04x}"),
    })
}

/// Number of the track with this header.
fn number_of(header: &[u8]) -> Option<u32> {
    let at = if *header.first()? == 1 { 20 } else { 12 };
    let number = header.get(at..at + 4)?;
    Some(u32::from_be_bytes([number[0], number[1], number[2], number[3]]))
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
        let read = |file: &[u8]| {
            facts(&mut io::Cursor::new(file), 0, file.len() as u64).unwrap().preferred
        };
        assert_eq!(read(&file), [2]);
        for end in 0..file.len() {
            assert!(read(&file[..end]).len() <= 1);
        }
    }

    #[test]
    fn codecs_that_are_not_decoded_have_names() {
        let entry = |name: &[u8; 4], inside: &[u8]| {
            let len = 36 + inside.len() as u32;
            [&len.to_be_bytes()[..], name, &[0; 28], inside].concat()
        };
        let described = |object: u8, specific: &[u8]| {
            let mut esds = vec![0, 0, 0, 0, 3, 0x80, 0x80, 0x80, 40, 0, 1, 0, 4, 30, object];
            esds.extend([0; 12]);
            esds.extend([5, specific.len() as u8]);
            esds.extend(specific);
            entry(b"mp4a", &made(b"esds", &esds))
        };
        let name = |entry: &[u8]| codec_name(entry).unwrap_or_default();
        assert_eq!(name(&entry(b"samr", b"")), "AMR");
        assert_eq!(name(&entry(b"zzzz", b"")), "zzzz");
        assert_eq!(name(&entry(b"alac", b"")), "");
        assert_eq!(name(&described(0x40, &[0x12, 0x10])), "");
        assert_eq!(name(&described(0x69, b"")), "");
        assert_eq!(name(&described(0xdd, b"")), "Vorbis in MP4");
        assert_eq!(name(&described(0x40, &[0xf9, 0x50])), "xHE-AAC (USAC)");
        assert_eq!(name(&entry(b"mp4a", b"")), "");
    }
}
