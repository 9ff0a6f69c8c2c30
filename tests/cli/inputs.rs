//! Which files are read: paths, folders, lists, and paths that lead nowhere.

use std::fs;

use crate::place::{Place, file_name};

#[test]
fn path_that_does_not_exist_is_an_error_record_and_the_rest_is_scanned() {
    let place = Place::indexed(&["main-theme"]);
    let outcome = place.scan(&["incoming/funky-sax.mp3", "gone.mp3"]).expect(3);
    let error = outcome.one("error");
    assert_eq!((&error["code"], &error["subject"]), (&"io_error".into(), &"gone.mp3".into()));
    assert_eq!(outcome.all("scanned").len(), 1);
    let summary = outcome.one("summary");
    assert_eq!((&summary["inputs"], &summary["errors"]), (&2.into(), &1.into()));

    let added = place.run(&["index", "add", "--index", "index", "gone.mp3"]).expect(3);
    assert!(added.stderr.contains("gone.mp3"), "{}", added.stderr);
}

#[test]
fn empty_folder_is_mentioned_and_no_failure() {
    let place = Place::indexed(&["main-theme"]);
    fs::create_dir(place.path("empty")).unwrap();
    let outcome = place.scan(&["empty"]).expect(0);
    assert!(outcome.stderr.contains("empty: no audio files"), "{}", outcome.stderr);
    assert_eq!(outcome.one("summary")["inputs"], 0);
}

#[test]
fn command_lines_that_make_no_sense_are_usage_errors() {
    let place = Place::demo();
    for args in [
        &["scan", "--index", "index"][..],
        &["scan", "incoming"],
        &["scan", "incoming", "--index", "a", "--references", "references"],
        &["scan", "incoming", "--references", "references", "--threads", "0"],
        &["scan", "--files-from", "no-such-list", "--references", "references"],
        &["index", "add", "--index", "index"],
        &["index", "add", "references"],
        &["index", "remove", "--index", "index"],
        &["compare", "references/zalek.ogg"],
        &["launder", "incoming"],
    ] {
        let outcome = place.run(args).expect(2);
        assert!(!outcome.stderr.is_empty() && outcome.stdout.is_empty(), "{args:?}: {outcome:#?}");
    }
}

#[test]
fn index_that_is_not_there_is_said_with_the_way_out() {
    let place = Place::demo();
    let outcome = place.scan(&["incoming/funky-sax.mp3"]).expect(4);
    assert!(outcome.stdout.is_empty(), "{outcome:#?}");
    assert!(outcome.stderr.contains("soundalike index add"), "{}", outcome.stderr);
    for command in ["list", "stats", "compact"] {
        place.run(&["index", command, "--index", "index"]).expect(4);
    }
    place.run(&["index", "remove", "--index", "index", "r_0"]).expect(4);
    assert!(!place.path("index").exists(), "a command that only reads has made an index up");
}

#[test]
fn index_may_be_named_by_the_environment() {
    let place = Place::indexed(&["main-theme"]);
    let mut scan = place.command(&["scan", "incoming/night-drive.mp3"]);
    assert_eq!(scan.env("SOUNDALIKE_INDEX", "index").output().unwrap().status.code(), Some(1));

    // What is asked for on the command line goes before the environment.
    let args = ["scan", "incoming/night-drive.mp3", "--references", "references/zalek.ogg"];
    let output = place.command(&args).env("SOUNDALIKE_INDEX", "index").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn list_of_paths_may_come_from_standard_input() {
    let place = Place::indexed(&["main-theme"]);
    place.copy("incoming/night-drive.mp3", " Größe – 音楽 .mp3");
    let list = "incoming/funky-sax.mp3\r\n\r\n Größe – 音楽 .mp3\nincoming/funky-sax.mp3";
    let args = ["scan", "--files-from", "-", "--index", "index", "--format", "jsonl"];
    let outcome = place.run_with_input(&args, list.as_bytes()).expect(1);
    let paths: Vec<_> = outcome.all("scanned").iter().map(|s| s["query"]["path"].clone()).collect();
    assert_eq!(paths, ["incoming/funky-sax.mp3", " Größe – 音楽 .mp3"]);
    assert_eq!(outcome.matched(" Größe – 音楽 .mp3"), ["main-theme.ogg"]);
}

#[test]
fn list_of_paths_serves_index_add_as_well() {
    let place = Place::demo();
    place.write("list.txt", "references/zalek.ogg\nreferences/geoscape.ogg\n");
    assert_eq!(place.add(&["--files-from", "list.txt"])["added"], 2);
}

#[cfg(unix)]
#[test]
fn file_name_that_is_no_utf8_is_read() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let place = Place::indexed(&["main-theme"]);
    let name = OsStr::from_bytes(b"night\xff.mp3");
    // Some file systems take no such name; there is nothing to test there.
    if fs::copy(place.path("incoming/night-drive.mp3"), place.path("").join(name)).is_err() {
        return;
    }
    let args = [OsStr::new("scan"), OsStr::new("--index"), OsStr::new("index"), name];
    place.run(&args).expect(1);
}

#[test]
fn folder_stands_for_the_audio_below_it_and_a_named_file_is_read_whatever_its_name() {
    let place = Place::indexed(&["main-theme"]);
    fs::create_dir_all(place.path("batch/deep")).unwrap();
    place.copy("incoming/night-drive.mp3", "batch/deep/b.MP3");
    place.copy("incoming/night-drive.mp3", "batch/cover.jpg");
    place.copy("incoming/night-drive.mp3", "batch/.hidden.mp3");
    place.copy("incoming/night-drive.mp3", "no-extension");
    let outcome = place.scan(&["batch", "no-extension"]).expect(1);
    let names: Vec<_> =
        outcome.all("scanned").iter().map(|s| file_name(&s["query"]["path"])).collect();
    assert_eq!(names, ["b.MP3", "no-extension"]);
}
