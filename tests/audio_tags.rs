//! Tags as files from everywhere carry them: who made what must be read right, for identity rules rest on it.

// Helpers may unwrap like the tests they serve: a panic here is the report.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use encoding_rs::{SHIFT_JIS, WINDOWS_1251};
use soundalike::audio::{AudioInfo, DecodeOptions, Tags, decode_bytes};

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/formats");
    std::fs::read(folder.join(name)).unwrap()
}

fn info(bytes: Vec<u8>) -> AudioInfo {
    decode_bytes("x", bytes, &DecodeOptions::default(), &mut |_| {}).unwrap()
}

fn tags(bytes: Vec<u8>) -> Tags {
    info(bytes).tags
}

/// A frame of ID3v2.3, or of 2.4 as long as it is short.
fn frame(id: &str, body: &[u8]) -> Vec<u8> {
    [id.as_bytes(), &(body.len() as u32).to_be_bytes(), &[0, 0], body].concat()
}

/// A tag of ID3v2.`version`.
fn id3(version: u8, frames: &[Vec<u8>]) -> Vec<u8> {
    let frames = frames.concat();
    let n = frames.len();
    let size = [n >> 21 & 127, n >> 14 & 127, n >> 7 & 127, n & 127].map(|b| b as u8);
    [b"ID3".as_slice(), &[version, 0, 0], &size, &frames].concat()
}

fn latin(text: &str) -> Vec<u8> {
    [b"\0", text.as_bytes()].concat()
}

fn id3v1(title: &[u8], artist: &[u8]) -> Vec<u8> {
    let field = |text: &[u8]| {
        let mut field = text[..text.len().min(30)].to_vec();
        field.resize(30, 0);
        field
    };
    [b"TAG", &field(title)[..], &field(artist), &[0; 64], &[255]].concat()
}

/// An APEv2 tag with header and footer.
fn ape(items: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (key, value) in items {
        body.extend((value.len() as u32).to_le_bytes());
        body.extend([0; 4]);
        body.extend(key.as_bytes());
        body.push(0);
        body.extend(*value);
    }
    let frame = |flags: u32| {
        let mut frame = b"APETAGEX".to_vec();
        for word in [2000, body.len() as u32 + 32, items.len() as u32, flags, 0, 0] {
            frame.extend(word.to_le_bytes());
        }
        frame
    };
    [frame(0xa000_0000), body.clone(), frame(0x8000_0000)].concat()
}

fn chunk(id: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut chunk = [&id[..], &(body.len() as u32).to_le_bytes(), body].concat();
    if body.len() % 2 == 1 {
        chunk.push(0);
    }
    chunk
}

fn big_chunk(id: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut chunk = [&id[..], &(body.len() as u32).to_be_bytes(), body].concat();
    if body.len() % 2 == 1 {
        chunk.push(0);
    }
    chunk
}

fn list(items: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let items: Vec<u8> = items.iter().flat_map(|(id, text)| chunk(id, text)).collect();
    chunk(b"LIST", &[b"INFO", &items[..]].concat())
}

/// A WAV with chunks before and behind its samples.
fn wav(before: &[u8], behind: &[u8]) -> Vec<u8> {
    let sound = fixture("reference.wav");
    let at = sound.windows(4).position(|w| w == b"data").unwrap();
    let body = [b"WAVE", &sound[12..at], before, &sound[at..], behind].concat();
    [b"RIFF", &(body.len() as u32).to_le_bytes()[..], &body].concat()
}

fn aiff(behind: &[u8]) -> Vec<u8> {
    let sound = fixture("s16.aiff");
    let body = [&sound[8..], behind].concat();
    [b"FORM", &(body.len() as u32).to_be_bytes()[..], &body].concat()
}

fn names(tags: &Tags) -> (Option<&str>, Vec<&str>) {
    (tags.title.as_deref(), tags.artists.iter().map(String::as_str).collect())
}

#[test]
fn wav_tells_title_artist_and_code_wherever_the_chunk_is() {
    let info_list =
        list(&[(b"INAM", b"Tram\0"), (b"IART", b"Birds"), (b"ISRC", b"USRC17607839\0")]);
    let id3 = id3(
        3,
        &[frame("TIT2", b"\0Tram"), frame("TPE1", b"\0Birds"), frame("TSRC", b"\0USRC17607839")],
    );
    let small = chunk(b"id3 ", &id3);
    let capital = chunk(b"ID3 ", &id3);
    for chunks in [info_list, small, capital] {
        for bytes in [wav(&chunks, b""), wav(b"", &chunks)] {
            let tags = tags(bytes);
            assert_eq!(names(&tags), (Some("Tram"), vec!["Birds"]));
            assert_eq!(tags.isrc.as_deref(), Some("USRC17607839"));
        }
    }
    // By the book, ISRC is a source.
    let tags = tags(wav(b"", &list(&[(b"ISRC", b"Tape archive, box 12")])));
    assert_eq!(tags.isrc, None);
}

#[test]
fn an_isrc_in_axml_is_read() {
    let xml = b"<ebucore><dc:identifier>ISRC:USRC17607839</dc:identifier></ebucore>";
    assert_eq!(tags(wav(b"", &chunk(b"axml", xml))).isrc.as_deref(), Some("USRC17607839"));
}

#[test]
fn a_text_that_leaves_its_list_is_left_out_and_the_rest_stays() {
    let mut chunks = list(&[(b"INAM", b"Tram"), (b"IART", b"Birds")]);
    let at = chunks.windows(4).position(|w| w == b"IART").unwrap();
    chunks[at + 4] = 200;
    let plain = info(wav(b"", b""));
    let found = info(wav(&chunks, b""));
    assert_eq!(names(&found.tags), (Some("Tram"), vec![]));
    assert_eq!(found.duration_ms, plain.duration_ms);
}

#[test]
fn aiff_tells_title_and_artist() {
    let chunks = [big_chunk(b"NAME", "Земфира".as_bytes()), big_chunk(b"AUTH", b"Birds")].concat();
    assert_eq!(names(&tags(aiff(&chunks))), (Some("Земфира"), vec!["Birds"]));
    let id3 = id3(4, &[frame("TIT2", b"\x03Tram"), frame("TPE1", b"\x03Ann\0Bob")]);
    let both = [big_chunk(b"NAME", b"Other"), big_chunk(b"ID3 ", &id3)].concat();
    assert_eq!(names(&tags(aiff(&both))), (Some("Tram"), vec!["Ann", "Bob"]));
}

#[test]
fn id3v2_is_believed_before_ape_and_both_before_id3v1() {
    let (sound, long) = (fixture("bare.mp3"), "A Title That Is Longer Than Thirty Characters");
    let v2 = id3(3, &[frame("TIT2", &latin(long))]);
    let v1 = id3v1(long.as_bytes(), b"Birds");
    let ape = ape(&[("Title", b"From APE"), ("ARTIST", b"Ann\0Bob")]);
    let all = [&v2[..], &sound, &ape, &v1].concat();
    assert_eq!(names(&tags(all)), (Some(long), vec!["Ann", "Bob"]));
    let two = [&v2[..], &sound, &v1].concat();
    assert_eq!(names(&tags(two)), (Some(long), vec!["Birds"]));
    let two = [&ape[..], &sound, &v1].concat();
    assert_eq!(names(&tags(two)), (Some("From APE"), vec!["Ann", "Bob"]));
    let one = [&sound[..], &v1].concat();
    let found = info(one);
    assert_eq!(names(&found.tags), (Some(long[..30].trim_end()), vec!["Birds"]));
    assert_eq!(found.duration_ms, info(sound).duration_ms, "a tag is no sound");
}

#[test]
fn tags_of_the_format_itself_are_believed_before_those_around_it() {
    let sound = fixture("flac.flac");
    let own = tags(sound.clone());
    assert!(own.title.is_some());
    let v2 = id3(3, &[frame("TIT2", b"\0Other"), frame("TCOM", b"\0Composer")]);
    let around = info([&v2[..], &sound, &id3v1(b"Another", b"Someone")].concat());
    assert_eq!((&around.tags.title, &around.tags.artists), (&own.title, &own.artists));
    assert_eq!(around.tags.composer.as_deref(), Some("Composer"));
    assert_eq!(around.duration_ms, info(sound).duration_ms, "the last frame counts");
}

#[test]
fn lists_of_artists_are_lists_in_every_encoding() {
    let sound = fixture("bare.mp3");
    let utf16 = |names: &[&str], mark: bool| {
        let mut body = vec![1];
        for (i, name) in names.iter().enumerate() {
            if i > 0 {
                body.extend([0, 0]);
            }
            if mark || i == 0 {
                body.extend([0xff, 0xfe]);
            }
            body.extend(name.encode_utf16().flat_map(u16::to_le_bytes));
        }
        body
    };
    let three = ["Ann", "Böb", "Цой"];
    let bodies = [
        (4, [&b"\x03"[..], three.join("\0").as_bytes()].concat()),
        (4, utf16(&three, true)),
        (4, utf16(&three, false)),
        (3, utf16(&three, true)),
        (4, [&b"\x03"[..], three.join("\0").as_bytes(), b"\0"].concat()),
    ];
    for (version, body) in bodies {
        let bytes = [&id3(version, &[frame("TPE1", &body)])[..], &sound].concat();
        assert_eq!(tags(bytes).artists, three, "{version} {body:?}");
    }
    // A slash may be part of a name.
    let bytes = [&id3(3, &[frame("TPE1", b"\0AC/DC")])[..], &sound].concat();
    assert_eq!(tags(bytes).artists, ["AC/DC"]);
    let separate = id3(4, &[frame("TPE1", b"\0Ann & Bob"), frame("TXXX", b"\0ARTISTS\0Ann\0Bob")]);
    assert_eq!(tags([&separate[..], &sound].concat()).artists, ["Ann", "Bob"]);
}

#[test]
fn the_list_of_artists_wins_over_the_joint_credit() {
    let sound = fixture("bare.mp3");
    let artists = |frames: &[Vec<u8>]| tags([&id3(4, frames)[..], &sound].concat()).artists;
    let list = |names: &str| frame("TXXX", &[b"\0ARTISTS\0", names.as_bytes()].concat());
    let both = ["Ann", "Bob"];
    for credit in
        [&b"\0Ann & Bob"[..], b"\0Ann & Bob\0Ann\0Bob", b"\0Ann\0Bob", b"\0Ann\0Ann & Bob"]
    {
        for names in ["Ann\0Bob", "Ann; Bob", "Ann;Bob"] {
            assert_eq!(
                artists(&[frame("TPE1", credit), list(names)]),
                both,
                "{credit:?} {names:?}"
            );
        }
    }
    // ID3v2.3 cuts by slashes, which may also be part of a name.
    assert_eq!(artists(&[frame("TPE1", b"\0Ann & Bob"), list("Ann/Bob")]), both);
    assert_eq!(artists(&[frame("TPE1", b"\0AC/DC & Bob"), list("AC/DC/Bob")]), ["AC/DC & Bob"]);
    assert_eq!(artists(&[frame("TPE1", b"\0Ann & Bob"), list("Ann & Bob")]), ["Ann & Bob"]);
    // Who is named beside the list stays.
    assert_eq!(
        artists(&[frame("TPE1", b"\0Ann\0Bob\0Cid"), list("Ann\0Bob")]),
        ["Ann", "Bob", "Cid"]
    );
    let apes = [("Artist", &b"Ann & Bob"[..]), ("ARTISTS", b"Ann\0Bob")];
    assert_eq!(tags([&sound[..], &ape(&apes)].concat()).artists, both);
    assert_eq!(tags(mp4_with_artists("Ann & Bob", &both)).artists, both);
    assert_eq!(tags(flac(&["ARTIST=Ann & Bob", "ARTISTS=Ann", "ARTISTS=Bob"])).artists, both);
}

/// An MP4 file with this artist and a list of artists beside it.
fn mp4_with_artists(credit: &str, names: &[&str]) -> Vec<u8> {
    let data = |text: &str| atom(b"data", &[b"\0\0\0\x01\0\0\0\0", text.as_bytes()].concat());
    let mean = atom(b"mean", b"\0\0\0\0com.apple.iTunes");
    let name = atom(b"name", b"\0\0\0\0ARTISTS");
    let all: Vec<u8> = names.iter().flat_map(|name| data(name)).collect();
    let list = [atom(b"\xa9ART", &data(credit)), atom(b"----", &[mean, name, all].concat())];
    let handler = atom(b"hdlr", b"\0\0\0\0\0\0\0\0mdirappl\0\0\0\0\0\0\0\0\0");
    let meta = [&b"\0\0\0\0"[..], &handler, &atom(b"ilst", &list.concat())].concat();
    let tags = atom(b"udta", &atom(b"meta", &meta));
    // The index is the last box of the fixture; its own tags go.
    let mut file = fixture("aac.m4a");
    let at = file.windows(4).rposition(|name| name == b"moov").unwrap() - 4;
    let own = at + file[at..].windows(4).position(|name| name == b"udta").unwrap();
    file[own..own + 4].copy_from_slice(b"free");
    file.extend(&tags);
    let size = (file.len() - at) as u32;
    file[at..at + 4].copy_from_slice(&size.to_be_bytes());
    file
}

/// A box of MP4.
fn atom(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes()[..], name, body].concat()
}

/// A FLAC file with these comments alone.
fn flac(comments: &[&str]) -> Vec<u8> {
    let sound = fixture("flac.flac");
    let mut body = [0u32.to_le_bytes(), (comments.len() as u32).to_le_bytes()].concat();
    for comment in comments {
        body.extend((comment.len() as u32).to_le_bytes());
        body.extend(comment.as_bytes());
    }
    // The stream's description is the first block; the others go.
    let mut at = 4;
    loop {
        let last = sound[at] & 0x80 != 0;
        at += 4 + u32::from_be_bytes([0, sound[at + 1], sound[at + 2], sound[at + 3]]) as usize;
        if last {
            break;
        }
    }
    let head = [&[0x84][..], &(body.len() as u32).to_be_bytes()[1..]].concat();
    [b"fLaC\0", &sound[5..42], &head, &body, &sound[at..]].concat()
}

#[test]
fn vorbis_comments_name_an_artist_each() {
    let bytes = flac(&["TITLE=Song", "ARTIST=Ann", "ARTIST=Bob", "ISRC=USRC17607839"]);
    let tags = tags(bytes);
    assert_eq!(names(&tags), (Some("Song"), vec!["Ann", "Bob"]));
    assert_eq!(tags.isrc.as_deref(), Some("USRC17607839"));
}

#[test]
fn code_pages_are_recognised_across_the_texts_of_a_file() {
    let sound = fixture("bare.mp3");
    let (artist, title) = (WINDOWS_1251.encode("Земфира").0, WINDOWS_1251.encode("Хочешь?").0);
    let v2 = id3(
        3,
        &[
            frame("TPE1", &[b"\0", &artist[..]].concat()),
            frame("TIT2", &[b"\0", &title[..]].concat()),
        ],
    );
    let v1 = id3v1(&title, &artist);
    for bytes in [[&v2[..], &sound].concat(), [&sound[..], &v1].concat()] {
        assert_eq!(names(&tags(bytes)), (Some("Хочешь?"), vec!["Земфира"]));
    }
    let japanese = SHIFT_JIS.encode("宇多田ヒカル").0;
    let chunks = list(&[(b"IART", &japanese), (b"INAM", b"First Love")]);
    assert_eq!(names(&tags(wav(b"", &chunks))), (Some("First Love"), vec!["宇多田ヒカル"]));
    let utf8 = list(&[(b"IART", "Sigur Rós".as_bytes())]);
    assert_eq!(tags(wav(b"", &utf8)).artists, ["Sigur Rós"]);
    // Latin-1, as declared.
    let latin = id3(3, &[frame("TPE1", b"\0Beyonc\xe9"), frame("TIT2", b"\0D\xe9j\xe0 vu")]);
    assert_eq!(names(&tags([&latin[..], &sound].concat())), (Some("Déjà vu"), vec!["Beyoncé"]));
}

#[test]
fn older_and_odd_id3v2_is_read() {
    let sound = fixture("bare.mp3");
    let v22 = |id: &str, body: &[u8]| {
        [id.as_bytes(), &(body.len() as u32).to_be_bytes()[1..], body].concat()
    };
    let old = id3(2, &[v22("TT2", b"\0Old"), v22("TP1", b"\0Ann"), v22("TRC", b"\0USRC17607839")]);
    let old = tags([&old[..], &sound].concat());
    assert_eq!(
        (names(&old), old.isrc.as_deref()),
        ((Some("Old"), vec!["Ann"]), Some("USRC17607839"))
    );

    // False sync marks: every 0xff is followed by a zero that does not count.
    let mut unsync = id3(3, &[frame("TIT2", b"\x01\xff\xfeT\0"), frame("TPE1", b"\0Ann")]);
    let at = unsync.windows(2).position(|w| w == b"\xff\xfe").unwrap();
    unsync.insert(at + 1, 0);
    unsync[5] |= 0x80;
    unsync[9] += 1;
    assert_eq!(names(&tags([&unsync[..], &sound].concat())), (Some("T"), vec!["Ann"]));

    // Sizes in the manner of 2.3 in a tag of 2.4.
    let long = "x".repeat(200);
    let plain = id3(4, &[frame("TIT2", &latin(&long)), frame("TPE1", b"\0Ann")]);
    assert_eq!(names(&tags([&plain[..], &sound].concat())), (Some(&long[..]), vec!["Ann"]));

    let codes = id3(
        4,
        &[frame("TXXX", b"\0ISRC\0USRC17607839"), frame("TXXX", b"\0BARCODE\x00036000291452")],
    );
    let codes = tags([&codes[..], &sound].concat());
    assert_eq!(codes.isrc.as_deref(), Some("USRC17607839"));
    assert_eq!(codes.upc.as_deref(), Some("036000291452"));

    let first = id3(3, &[frame("TIT2", b"\0First")]);
    let second = id3(3, &[frame("TIT2", b"\0Second"), frame("TPE1", b"\0Ann")]);
    let both = [&first[..], &second, &sound].concat();
    assert_eq!(names(&tags(both)), (Some("First"), vec!["Ann"]));
}

#[test]
fn chapters_within_chapters_cost_nothing_and_hide_nothing() {
    let sound = fixture("bare.mp3");
    let synchsafe =
        |n: usize| [n >> 21 & 127, n >> 14 & 127, n >> 7 & 127, n & 127].map(|b| b as u8);
    let mut nested = Vec::new();
    for _ in 0..10_000 {
        let head = [b"CHAP", &synchsafe(nested.len() + 18)[..], &[0; 2], b"c\0", &[0; 16]].concat();
        nested.splice(0..0, head);
    }
    let bytes =
        [&id3(4, &[frame("TIT2", b"\0Before"), nested, frame("TPE1", b"\0Behind")])[..], &sound];
    assert_eq!(names(&tags(bytes.concat())), (Some("Before"), vec!["Behind"]));
}

#[test]
fn masses_of_tags_are_cut_short_and_the_sound_is_whole() {
    let sound = fixture("bare.mp3");
    let whole = info(sound.clone()).duration_ms;
    let many = vec![frame("TXXX", b"\0a\0b"); 50_000];
    let found = info([&id3(3, &many)[..], &sound].concat());
    assert_eq!(found.duration_ms, whole);
    let pairs: Vec<Vec<u8>> = (0..50_000).map(|_| chunk(b"INAM", b"a\0")).collect();
    let chunks = chunk(b"LIST", &[b"INFO", &pairs.concat()[..]].concat());
    assert_eq!(info(wav(&chunks, b"")).duration_ms, info(wav(b"", b"")).duration_ms);
}

#[test]
fn packets_that_no_codec_has_are_refused_by_name() {
    // ADPCM in CAF, one packet of 2^32 - 1 frames.
    let mut caf = b"caff\0\x01\0\0desc\0\0\0\0\0\0\0\x20".to_vec();
    caf.extend(44_100f64.to_be_bytes());
    caf.extend(b"ima4");
    for word in [0u32, 34, u32::MAX, 1, 0] {
        caf.extend(word.to_be_bytes());
    }
    caf.extend(b"data");
    caf.extend(104u64.to_be_bytes());
    caf.extend([0; 104]);
    let error = decode_bytes("x", caf, &DecodeOptions::default(), &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("packets of 4294967295 frames"), "{error}");
}
