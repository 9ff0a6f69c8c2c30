//! Killed at any moment while an index is changed: it is as it was before, or as it is after.
//!
//! A child is killed at moments spread over the time that it takes unharmed. Which moments those are depends on the
//! machine; what must hold does not.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::place::Place;

/// Moments at which a child is killed.
const MOMENTS: u32 = 12;

fn copy(from: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// Runs `args` on a copy of the folder `index` again and again, each time killed at another moment, and makes sure of
/// `holds` every time; afterwards it runs to its end.
fn killed(place: &Place, args: &[&str], holds: &dyn Fn(&Place)) {
    let (index, original) = (place.path("index"), place.path("original"));
    copy(&index, &original);
    let begun = Instant::now();
    place.run(args).expect(0);
    let whole = begun.elapsed();
    for moment in 0..MOMENTS {
        copy(&original, &index);
        let mut command = place.command(args);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(whole * moment / MOMENTS + Duration::from_millis(1));
        child.kill().unwrap();
        child.wait().unwrap();
        place.run(&["index", "verify", "--index", "index"]).expect(0);
        holds(place);
    }
    place.run(args).expect(0);
    place.run(&["index", "verify", "--index", "index"]).expect(0);
    holds(place);
}

fn tracks(place: &Place) -> usize {
    let args = ["index", "list", "--index", "index", "--format", "jsonl"];
    place.run(&args).expect(0).all("reference").len()
}

#[test]
fn while_works_are_added_to_what_is_there() {
    let place = Place::indexed(&["main-theme", "zalek"]);
    place.add(&["references"]);
    let before = tracks(&place);
    let matches = |place: &Place| place.scan(&["incoming/night-drive.mp3"]).expect(1).all("match");
    let expected = matches(&place);
    let add = ["index", "add", "references", "--index", "index", "--works", "--threads", "1"];
    killed(&place, &add, &|place| {
        assert_eq!(tracks(place), before);
        assert_eq!(matches(place), expected);
    });
    // At the end all of it is there, once.
    let again = place.add(&["references", "--works"]);
    assert_eq!((&again["enriched"], &again["added"]), (&0.into(), &0.into()));
}

#[test]
fn while_segments_become_one() {
    let place = Place::demo();
    for reference in ["main-theme", "zalek", "geoscape"] {
        place.add(&[&format!("references/{reference}.ogg"), "--works"]);
    }
    place.run(&["index", "remove", "--index", "index", "references/zalek.ogg"]).expect(0);
    let before = tracks(&place);
    let scan = ["scan", "incoming", "--index", "index", "--works", "--format", "jsonl"];
    let found = |place: &Place| place.run(&scan).expect(1).all("match");
    let expected = found(&place);
    killed(&place, &["index", "compact", "--index", "index"], &|place| {
        assert_eq!(tracks(place), before);
        assert_eq!(found(place), expected);
    });
}

#[test]
fn while_an_older_format_is_upgraded() {
    let place = Place::demo();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/index-v2"), &place.path("index"));
    let found = |place: &Place| place.scan(&["incoming"]).all("match");
    let expected = found(&place);
    assert!(!expected.is_empty());
    killed(&place, &["index", "upgrade", "--index", "index"], &|place| {
        assert_eq!(found(place), expected);
    });
}
