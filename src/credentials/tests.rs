//! Where a credential is looked for, and what is said of it.

use std::io::Cursor;

use super::credential::{Claim, Credential, Origin, State};
use super::locate::locate;
use super::words::{failure, source_origin, source_words, statement};

fn place(bytes: &[u8]) -> Option<&'static str> {
    locate(&mut Cursor::new(bytes)).unwrap().map(|located| located.place())
}

fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let size = u32::try_from(content.len()).unwrap();
    let padding = vec![0; content.len() % 2];
    [&name[..], &size.to_le_bytes(), content, &padding].concat()
}

fn wave(chunks: &[Vec<u8>]) -> Vec<u8> {
    [&b"RIFF\xff\xff\xff\xffWAVE"[..], &chunks.concat()].concat()
}

fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let size = u32::try_from(content.len() + 8).unwrap();
    [&size.to_be_bytes()[..], kind, content].concat()
}

fn tag(content: &[u8]) -> Vec<u8> {
    let size = content.len();
    let size = [21, 14, 7, 0].map(|shift| (size >> shift & 0x7f) as u8);
    [&b"ID3\x04\0\0"[..], &size, content].concat()
}

const STORE: [u8; 16] = [
    0xd8, 0xfe, 0xc3, 0xd6, 0x1b, 0x0e, 0x48, 0x3c, 0x92, 0x97, 0x58, 0x28, 0x87, 0x7e, 0xc4, 0x81,
];

#[test]
fn it_is_found_in_each_container() {
    let sound = chunk(b"data", &[1, 2, 3]);
    let there = wave(&[sound.clone(), chunk(b"C2PA", b"jumb")]);
    assert_eq!(place(&there), Some("a chunk of the WAV file"));
    let xmp = chunk(b"_PMX", b"<x dcterms:provenance=\"https://example.org\"/>");
    assert_eq!(place(&wave(&[xmp, sound.clone()])), Some("the XMP of the WAV file"));

    let head = boxed(b"ftyp", b"M4A \0\0\0\0");
    let store = boxed(b"uuid", &STORE);
    assert_eq!(place(&[head.clone(), store].concat()), Some("a box of the MP4 file"));

    let frame = tag(b"GEOB....application/c2pa\0");
    assert_eq!(place(&[&frame[..], b"\xff\xfb\x90\x00"].concat()), Some("the ID3 tag"));
    let old = tag(b"GEOB....application/x-c2pa-manifest-store\0");
    assert_eq!(place(&[&old[..], b"fLaC"].concat()), Some("the ID3 tag of the FLAC file"));
}

#[test]
fn it_is_found_wherever_in_a_large_tag_it_stands() {
    // Around the edges of the blocks in which a tag is searched.
    for before in (65_500..65_560).chain([0, 200_000]) {
        let content = [&vec![b'x'; before][..], b"application/c2pa", &[0; 9]].concat();
        assert_eq!(place(&tag(&content)), Some("the ID3 tag"), "{before}");
    }
}

#[test]
fn it_is_not_found_where_it_is_not() {
    let sound = chunk(b"data", b"C2PA and application/c2pa");
    let quiet = [
        Vec::new(),
        b"RIFF".to_vec(),
        wave(std::slice::from_ref(&sound)),
        wave(&[chunk(b"_PMX", b"<x/>"), sound]),
        boxed(b"ftyp", b"M4A \0\0\0\0"),
        [boxed(b"ftyp", b"M4A \0\0\0\0"), boxed(b"uuid", &[7; 16])].concat(),
        tag(b"TIT2....Song"),
        b"OggS application/c2pa".to_vec(),
        // Sizes that lead nowhere.
        [&b"RIFF\0\0\0\0WAVEdata\xff\xff\xff\xff"[..], b"C2PA"].concat(),
        b"\0\0\0\x01ftyp\xff\xff\xff\xff\xff\xff\xff\xff".to_vec(),
        b"\0\0\0\x03ftypM4A ".to_vec(),
        b"ID3\x04\0\0\x7f\x7f\x7f\x7fapplication".to_vec(),
    ];
    for bytes in quiet {
        assert_eq!(place(&bytes), None, "{:?}", String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn what_is_too_large_says_how_large() {
    let mut store = chunk(b"C2PA", b"");
    store[4..8].copy_from_slice(&(20u32 << 20).to_le_bytes());
    let located = locate(&mut Cursor::new(wave(&[store]))).unwrap().unwrap();
    assert_eq!(located.too_large().unwrap(), "it has 20 MB; at most 16 MB are read");
}

/// A credential in this state of a maker with a name.
fn of(state: State) -> Credential {
    let claim = Claim { signer: Some("Maker".into()), ..Claim::default() };
    Credential { state, place: "a box".into(), claim: Some(claim), ..Credential::default() }
}

#[test]
fn words_hold_and_accuse_nobody() {
    for state in State::ALL {
        let mut credential = of(state);
        credential.reasons = vec!["a reason".into()];
        let text = statement(&credential);
        assert!(text.ends_with('.'), "{text}");
        for word in ["fake", "fraud", "stolen", "proves that", "%", "certain"] {
            assert!(!text.contains(word), "{text}");
        }
    }
    assert!(statement(&of(State::Intact)).contains("is on no trust list"));
    assert!(statement(&of(State::Trusted)).contains("is on the trust list"));
    assert!(statement(&of(State::None)).contains("proves nothing"));
    assert!(statement(&of(State::Remote)).contains("nothing was fetched"));
}

#[test]
fn kinds_of_source_and_failures_have_words_also_unknown_ones() {
    assert_eq!(source_words("trainedAlgorithmicMedia"), "made by a trained model");
    assert_eq!(source_words("somethingNew"), "source type somethingNew");
    assert_eq!(source_origin("somethingNew"), Origin::NotSaid);
    assert_eq!(failure("claimSignature.mismatch"), "its signature is wrong");
    assert_eq!(failure("some.new.check"), "a check failed (some.new.check)");
}
