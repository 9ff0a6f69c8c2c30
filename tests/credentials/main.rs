//! Signed credentials (C2PA) of real files: what is read of them, with and without a trust list, whole, changed and
//! damaged.

// A panic here is the report.
#![allow(clippy::unwrap_used)]

mod make;

use std::path::{Path, PathBuf};

use soundalike::DecodeOptions;
use soundalike::audio::read_credential;
use soundalike::credentials::{Credential, Origin, State, TrustList};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn list() -> TrustList {
    TrustList::open(&data("credentials/ca.pem")).unwrap()
}

fn read(path: &Path, trust: Option<&TrustList>) -> Credential {
    read_credential(path, trust, &DecodeOptions::default()).unwrap().unwrap_or_default()
}

fn of(name: &str, trust: Option<&TrustList>) -> Credential {
    read(&data(&format!("credentials/{name}")), trust)
}

fn claim(credential: &Credential) -> &soundalike::credentials::Claim {
    credential.claim.as_ref().unwrap()
}

/// Files of each container that are signed by somebody on the list.
const SIGNED: [&str; 4] = ["generated.wav", "generated.mp3", "generated.flac", "generated.m4a"];

#[test]
fn a_signer_on_the_list_is_trusted_and_what_it_says_is_told() {
    for name in SIGNED {
        let credential = of(name, Some(&list()));
        assert_eq!(credential.state, State::Trusted, "{name}: {credential:?}");
        assert_eq!(credential.reasons, [""; 0], "{name}");
        let claim = claim(&credential);
        assert_eq!(claim.signer.as_deref(), Some("Example Generator signing"), "{name}");
        assert_eq!(claim.issuer.as_deref(), Some("Example Music Generator"), "{name}");
        assert_eq!(claim.generator.as_deref(), Some("Example Generator 4.5"), "{name}");
        assert_eq!(claim.agents, ["Example Model 4"], "{name}");
        assert_eq!(claim.signed_at, None, "nobody stamped it: {name}");
        let created = &claim.actions[0];
        assert_eq!(created.action, "c2pa.created", "{name}");
        assert_eq!(created.source_type.as_deref(), Some("trainedAlgorithmicMedia"), "{name}");
        assert_eq!(credential.origin(), Origin::Generated, "{name}");
    }
}

#[test]
fn without_a_list_or_off_it_a_signer_is_not_known() {
    for name in SIGNED {
        let credential = of(name, None);
        assert_eq!(credential.state, State::Intact, "{name}: {credential:?}");
        assert_eq!(credential.reasons, [""; 0], "that nobody knows the signer is the state itself");
        assert_eq!(credential.origin(), Origin::Generated, "{name}");
    }
    let stranger = of("recorded.mp3", Some(&list()));
    assert_eq!(stranger.state, State::Intact, "{stranger:?}");
    assert_eq!(claim(&stranger).signer.as_deref(), Some("Example Studio signing"));
    assert_eq!(stranger.origin(), Origin::Human);
}

#[test]
fn a_byte_of_the_sound_changed_breaks_it() {
    let folder = tempfile::tempdir().unwrap();
    // A place in the sound of each: after the head and the tag, before a manifest at the end.
    for (name, place) in
        [("generated.wav", 5_000), ("generated.mp3", -2_000), ("generated.flac", -2_000)]
    {
        let mut bytes = std::fs::read(data(&format!("credentials/{name}"))).unwrap();
        let at = if place < 0 { bytes.len() as i64 + place } else { place };
        bytes[at as usize] ^= 1;
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let credential = read(&path, Some(&list()));
        assert_eq!(credential.state, State::Broken, "{name}: {credential:?}");
        assert!(credential.altered, "{name}");
        assert_eq!(credential.reasons, ["the file was changed after it was signed"], "{name}");
        // What it said is told all the same.
        assert_eq!(credential.origin(), Origin::Generated, "{name}");
    }
}

#[test]
fn a_manifest_of_another_file_breaks_it() {
    // The tag of a signed file in front of other music.
    let signed = std::fs::read(data("credentials/generated.mp3")).unwrap();
    let end = 10 + signed[6..10].iter().fold(0, |size, byte| size << 7 | usize::from(*byte));
    let other = std::fs::read(data("formats/mono.mp3")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("taken.mp3");
    std::fs::write(&path, [&signed[..end], &other].concat()).unwrap();
    let credential = read(&path, Some(&list()));
    assert_eq!((credential.state, credential.altered), (State::Broken, true), "{credential:?}");
}

#[test]
fn what_was_made_from_something_generated_is_partly_so() {
    let credential = of("edited.mp3", Some(&list()));
    assert_eq!(credential.state, State::Trusted, "{credential:?}");
    let claim = claim(&credential);
    assert_eq!(claim.ingredients, 1);
    assert_eq!(claim.ingredient_sources, ["trainedAlgorithmicMedia"]);
    assert!(claim.agents.contains(&"Example Studio 2".to_owned()), "{claim:?}");
    assert_eq!(credential.origin(), Origin::PartlyGenerated);
}

#[test]
fn a_manifest_elsewhere_is_named_and_not_fetched() {
    let credential = of("remote.mp3", Some(&list()));
    assert_eq!(credential.state, State::Remote, "{credential:?}");
    assert_eq!(credential.remote.as_deref(), Some("https://example.org/manifests/1"));
    assert_eq!(credential.origin(), Origin::NotSaid);
}

#[test]
fn files_without_one_have_none() {
    for name in
        ["bare.mp3", "lame.mp3", "aac.m4a", "flac.flac", "u8_8k.wav", "opus.opus", "s16.aiff"]
    {
        let path = data(&format!("formats/{name}"));
        let options = DecodeOptions::default();
        assert_eq!(read_credential(&path, None, &options).unwrap(), None, "{name}");
    }
    let missing = read_credential(&data("nothing.wav"), None, &DecodeOptions::default());
    assert_eq!(missing.unwrap(), None, "that it cannot be read is told by decoding");
}

#[test]
fn one_that_is_too_large_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.wav");
    let mut bytes = std::fs::read(data("credentials/generated.wav")).unwrap();
    let at = bytes.windows(4).position(|name| name == b"C2PA").unwrap();
    bytes[at + 4..at + 8].copy_from_slice(&(17u32 << 20).to_le_bytes());
    std::fs::write(&path, bytes).unwrap();
    let credential = read(&path, None);
    assert_eq!(credential.state, State::NotRead, "{credential:?}");
    assert!(credential.reasons[0].contains("16 MB"), "{credential:?}");
}

#[test]
fn whatever_is_changed_in_a_file_its_reading_ends_and_nobody_new_is_trusted() {
    // A generator of its own: the same changes on every machine.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let folder = tempfile::tempdir().unwrap();
    for name in SIGNED {
        let whole = std::fs::read(data(&format!("credentials/{name}"))).unwrap();
        for round in 0..40 {
            let mut bytes = whole.clone();
            match round % 4 {
                0 => bytes.truncate(next(whole.len())),
                1 => {
                    let at = next(whole.len());
                    bytes[at] ^= 1 << next(8);
                }
                2 => {
                    let at = next(whole.len() - 8);
                    bytes[at..at + 4].fill(0xff);
                }
                _ => {
                    let (from, to) = (next(whole.len()), next(whole.len()));
                    let len = next(200).min(whole.len() - from.max(to));
                    bytes.copy_within(from..from + len, to);
                }
            }
            let path = folder.path().join(name);
            std::fs::write(&path, &bytes).unwrap();
            let credential = read(&path, Some(&list()));
            // Padding and what the specification leaves out of the hash may change.
            let same = claim(&of(name, Some(&list()))).clone();
            if credential.state == State::Trusted {
                assert_eq!(credential.claim, Some(same), "{name} {round}");
            }
        }
    }
}

/// Not a test: called by tests/data/credentials/make.sh.
#[test]
#[ignore = "writes tests/data/credentials"]
fn make() {
    make::all(Path::new(&std::env::var_os("KEYS").unwrap()));
}
