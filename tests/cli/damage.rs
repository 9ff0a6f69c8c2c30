//! An index that is damaged, or in use by another writer.

use std::fs;
use std::path::PathBuf;

use soundalike::fingerprint::stored::params_id;
use soundalike::params::FingerprintParams;
use soundalike_index::Writer;

use crate::place::Place;

fn index_files(place: &Place) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(place.path("index"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| fs::metadata(path).unwrap().len() > 0)
        .collect();
    files.sort();
    files
}

/// Runs `check` for every file of an index, damaged in one of several ways at a time.
fn for_each_damage(place: &Place, check: impl Fn(&str, &str)) {
    let files = index_files(place);
    assert!(files.len() >= 2, "a manifest and a segment");
    for path in files {
        let name = path.file_name().unwrap().to_str().unwrap();
        let sound = fs::read(&path).unwrap();
        let flipped = |at: usize| {
            let mut bytes = sound.clone();
            bytes[at] ^= 0x40;
            bytes
        };
        let end = sound.len();
        let damages = [
            ("first byte flipped", flipped(0)),
            ("a byte of the header flipped", flipped(20)),
            ("a byte in the middle flipped", flipped(end / 2)),
            ("last byte flipped", flipped(end - 1)),
            ("cut in the middle", sound[..end / 2].to_vec()),
            ("emptied", Vec::new()),
        ];
        for (what, bytes) in damages {
            fs::write(&path, bytes).unwrap();
            check(name, what);
        }
        fs::write(&path, sound).unwrap();
    }
}

#[test]
fn damaged_index_file_is_refused_by_name() {
    let place = Place::indexed(&["zalek", "main-theme"]);
    for_each_damage(&place, |name, what| {
        let scan = place.scan(&["incoming/funky-sax.mp3"]);
        assert_eq!(scan.code, Some(4), "{name}, {what}: {scan:#?}");
        assert!(scan.stderr.contains(name), "{name}, {what}: {}", scan.stderr);

        let verify = place.run(&["index", "verify", "--index", "index"]);
        assert_eq!(verify.code, Some(4), "{name}, {what}: {verify:#?}");
        assert!(verify.stdout.contains(name), "{name}, {what}: {}", verify.stdout);

        for command in ["list", "stats"] {
            let outcome = place.run(&["index", command, "--index", "index"]);
            let told = outcome.code == Some(4) && outcome.stderr.contains(name);
            // What does not read the damaged part may do without it.
            assert!(told || outcome.code == Some(0), "{command}: {name}, {what}: {outcome:#?}");
        }
    });
    // Put back, all is well: none of the commands has made it worse.
    place.run(&["index", "verify", "--index", "index"]).expect(0);
    place.scan(&["incoming/night-drive.mp3"]).expect(1);
}

#[test]
fn missing_segment_is_refused_by_name() {
    let place = Place::indexed(&["zalek"]);
    let files = index_files(&place);
    let segment = files.iter().find(|p| !p.ends_with("MANIFEST")).unwrap();
    let name = segment.file_name().unwrap().to_str().unwrap();
    fs::remove_file(segment).unwrap();
    let scan = place.scan(&["incoming/funky-sax.mp3"]).expect(4);
    assert!(scan.stderr.contains(name), "{}", scan.stderr);
    place.run(&["index", "verify", "--index", "index"]).expect(4);
}

#[test]
fn second_writer_is_turned_away_and_readers_are_not() {
    let place = Place::indexed(&["main-theme"]);
    let params = params_id(&FingerprintParams::V2);
    let writer = Writer::open_or_create(&place.path("index"), params).unwrap();
    let add = ["index", "add", "--index", "index", "references/zalek.ogg"];
    let outcome = place.run(&add).expect(5);
    assert!(outcome.stderr.contains("another process"), "{}", outcome.stderr);
    place.run(&["index", "remove", "--index", "index", "references"]).expect(5);
    place.run(&["index", "compact", "--index", "index"]).expect(5);
    place.scan(&["incoming/night-drive.mp3"]).expect(1);
    drop(writer);
    // A child that another test starts at this moment may hold the lock until it is a program of its own.
    let again = || place.run(&add);
    let outcomes = (0..20).map(|_| again()).find(|outcome| outcome.code != Some(5));
    outcomes.unwrap().expect(0);
}

#[test]
fn index_of_other_fingerprints_is_refused() {
    let place = Place::demo();
    let mut params = params_id(&FingerprintParams::V2);
    params.digest[0] ^= 1;
    drop(Writer::open_or_create(&place.path("index"), params).unwrap());
    let outcome = place.scan(&["incoming/funky-sax.mp3"]).expect(4);
    assert!(outcome.stderr.contains("build the index anew"), "{}", outcome.stderr);
    place.run(&["index", "add", "--index", "index", "references/zalek.ogg"]).expect(4);
}

#[cfg(unix)]
#[test]
fn devices_are_refused_and_not_read_for_ever() {
    let place = Place::indexed(&["zalek"]);
    let outcome = place.scan(&["/dev/zero"]).expect(3);
    let message = outcome.one("error")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("not a regular file"), "{message}");
    place.run(&["cluster", "/dev/zero"]).expect(3);
}
