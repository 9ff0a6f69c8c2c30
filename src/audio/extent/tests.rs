use std::io::Cursor;
use std::time::{Duration, Instant};

use super::*;
use crate::progress::Cancel;

fn parts_of(bytes: &[u8]) -> Vec<Part> {
    let deadline = Instant::now() + Duration::from_secs(60);
    let stop = Stop { deadline, cancel: Cancel::new() };
    parts(&mut Cursor::new(bytes), bytes.len() as u64, &stop).unwrap().0
}

fn cut_of(bytes: &[u8]) -> Option<Cut> {
    parts_of(bytes).pop().unwrap().cut
}

fn atom(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes()[..], name, body].concat()
}

#[test]
fn files_joined_end_to_end_are_told_apart() {
    let formats: [&[u8]; 5] = [
        include_bytes!("../../../tests/data/formats/flac.flac"),
        include_bytes!("../../../tests/data/formats/reference.wav"),
        include_bytes!("../../../tests/data/formats/s16.aiff"),
        include_bytes!("../../../tests/data/formats/s16.caf"),
        include_bytes!("../../../tests/data/formats/aac.m4a"),
    ];
    for first in formats {
        for second in formats {
            let starts: Vec<u64> =
                parts_of(&[first, second].concat()).iter().map(|part| part.start).collect();
            assert_eq!(starts, [0, first.len() as u64]);
        }
    }
    let chained = include_bytes!("../../../tests/data/formats/vorbis.ogg");
    assert_eq!(parts_of(&chained.repeat(3)).len(), 3);
}

#[test]
fn damaged_pages_are_counted() {
    let whole = include_bytes!("../../../tests/data/formats/vorbis.ogg").to_vec();
    let pages: Vec<usize> =
        (0..whole.len()).filter(|&at| whole[at..].starts_with(b"OggS\0")).collect();
    assert_eq!(parts_of(&whole)[0].damaged, 0);
    let mut body = whole.clone();
    body[pages[2] + 200] ^= 1;
    let mut name = whole.clone();
    name[pages[2]] = b'o';
    let mut short = whole;
    short.drain(pages[2] + 100..pages[2] + 150);
    for damaged in [body, name, short] {
        let parts = parts_of(&damaged);
        assert_eq!((parts.len(), parts[0].cut.as_ref()), (1, None));
        assert!((1..=2).contains(&parts[0].damaged), "{}", parts[0].damaged);
    }
}

#[test]
fn what_is_cut_off_is_told() {
    let [ftyp, moov] = [atom(b"ftyp", b"M4A \0\0\0\0M4A "), atom(b"moov", &[0; 90])];
    let mdat = atom(b"mdat", &[7; 500]);
    assert_eq!(cut_of(&[&ftyp[..], &moov, &mdat].concat()), None);
    assert_eq!(cut_of(&[&ftyp[..], &mdat, &moov].concat()), None);
    let reason = |bytes: &[u8]| cut_of(bytes).map(|cut| (cut.is_fatal, cut.reason));
    let at_the_end = [&ftyp[..], &mdat, &moov].concat();
    for len in [30, 300, ftyp.len() + 508, at_the_end.len() - 1] {
        let (is_fatal, reason) = reason(&at_the_end[..len]).unwrap();
        assert!(is_fatal && reason.contains("index (moov)"), "{len}: {reason}");
    }
    let in_front = [&ftyp[..], &moov, &mdat].concat();
    let cut = cut_of(&in_front[..300]).unwrap();
    let at = (ftyp.len() + moov.len()) as u64;
    let size = (300 - at as u32).to_be_bytes().to_vec();
    assert!(!cut.is_fatal && cut.reason.contains("mdat"));
    assert_eq!(cut.patches, [Patch { at, bytes: size }]);
}

#[test]
fn no_bytes_lead_a_walk_astray() {
    let files: [&[u8]; 4] = [
        include_bytes!("../../../tests/data/formats/opus.webm"),
        include_bytes!("../../../tests/data/formats/aac.m4a"),
        include_bytes!("../../../tests/data/formats/s16.caf"),
        include_bytes!("../../../tests/data/formats/vorbis.ogg"),
    ];
    for file in files {
        for len in (0..file.len()).step_by(97) {
            let parts = parts_of(&file[..len]);
            let last = parts.last().unwrap();
            assert!(last.end == len as u64 || last.cut.is_some(), "{last:?}");
        }
        for at in 0..400.min(file.len()) {
            for byte in [0, 1, 0x7f, 0xff] {
                let mut damaged = file.to_vec();
                damaged[at] = byte;
                let parts = parts_of(&damaged);
                assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start));
            }
        }
    }
}
