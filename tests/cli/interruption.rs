//! Runs that are cut short: nothing committed is lost, and the next run goes on.
//!
//! A named pipe among the inputs holds the program at a known point, however fast the machine is.

#![cfg(unix)]

use std::fs::{File, OpenOptions};
use std::process::{Child, Command, Stdio};

use crate::place::{Outcome, Place};

fn make_pipe(place: &Place, name: &str) {
    assert!(Command::new("mkfifo").arg(place.path(name)).status().unwrap().success());
}

/// Waits until the program has come to reading the pipe.
fn reached(place: &Place, pipe: &str) -> File {
    OpenOptions::new().write(true).open(place.path(pipe)).unwrap()
}

fn start(place: &Place, args: &[&str]) -> Child {
    place.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// What came of a run that was interrupted when it had come to the pipe.
fn interrupted(place: &Place, args: &[&str], pipe: &str) -> Outcome {
    let child = start(place, args);
    let _pipe = reached(place, pipe);
    signal(&child, "-INT");
    Outcome::of(child.wait_with_output().unwrap()).expect(130)
}

#[test]
fn killed_while_adding_the_index_keeps_what_was_committed_and_goes_on() {
    let place = Place::demo();
    make_pipe(&place, "pipe.ogg");
    // More files than one commit takes, then the pipe: by then the first commit has happened.
    let mut list = "references/zalek.ogg\n".to_owned();
    for i in 0..300 {
        place.write(&format!("{i}.mp3"), "no audio");
        list += &format!("{i}.mp3\n");
    }
    place.write("list.txt", list + "pipe.ogg\nreferences/geoscape.ogg\n");
    let args = ["index", "add", "--index", "index", "--files-from", "list.txt", "--threads", "1"];
    let mut child = start(&place, &args);
    let pipe = reached(&place, "pipe.ogg");
    child.kill().unwrap();
    child.wait().unwrap();
    drop(pipe);

    place.run(&["index", "verify", "--index", "index"]).expect(0);
    let list = place.run(&["index", "list", "--index", "index"]).expect(0).stdout;
    assert!(list.contains("zalek"), "the first commit is lost: {list:?}");
    let added = place.add(&["references"]);
    assert_eq!((&added["present"], &added["tracks"]), (&1.into(), &4.into()));
    place.run(&["index", "verify", "--index", "index"]).expect(0);
    place.scan(&["incoming/night-drive.mp3"]).expect(1);
}

#[test]
fn killed_before_the_first_commit_the_index_is_empty_and_sound() {
    let place = Place::demo();
    make_pipe(&place, "pipe.ogg");
    let args = ["index", "add", "--index", "index", "references/zalek.ogg", "pipe.ogg"];
    let mut child = start(&place, &args);
    let pipe = reached(&place, "pipe.ogg");
    child.kill().unwrap();
    child.wait().unwrap();
    drop(pipe);

    place.run(&["index", "verify", "--index", "index"]).expect(0);
    place.scan(&["incoming/night-drive.mp3"]).expect(0);
    assert_eq!(place.add(&["references"])["added"], 4);
}

#[test]
fn interrupted_scan_ends_with_a_summary() {
    let place = Place::indexed(&["main-theme"]);
    make_pipe(&place, "pipe.mp3");
    let args = ["scan", "--index", "index", "--format", "jsonl", "--threads", "1"];
    let args = [&args[..], &["pipe.mp3", "incoming/night-drive.mp3"]].concat();
    let outcome = interrupted(&place, &args, "pipe.mp3");
    let summary = outcome.one("summary");
    assert_eq!(summary["interrupted"], true);
    assert_eq!(summary["exit_code"], 130);
}

#[test]
fn interrupted_add_keeps_what_was_read() {
    let place = Place::demo();
    make_pipe(&place, "pipe.ogg");
    let args = ["index", "add", "--index", "index", "--format", "jsonl", "--threads", "1"];
    let args = [&args[..], &["references/zalek.ogg", "pipe.ogg", "references/geoscape.ogg"]];
    let outcome = interrupted(&place, &args.concat(), "pipe.ogg");
    let added = outcome.one("index_add");
    assert_eq!(added["interrupted"], true);
    assert_eq!(added["tracks"], 1, "{outcome:#?}");
    place.run(&["index", "verify", "--index", "index"]).expect(0);
}

#[test]
fn a_pipe_is_waited_for_no_longer_than_is_wanted() {
    let place = Place::indexed(&["main-theme"]);
    make_pipe(&place, "pipe.mp3");
    // Nobody writes to it, and then somebody opens it and does not write.
    let scan = ["scan", "--index", "index", "--format", "jsonl", "--timeout-per-file", "1"];
    let args = [&scan[..], &["pipe.mp3", "incoming/night-drive.mp3"]].concat();
    let outcome = place.run(&args).expect(1);
    assert_eq!(outcome.one("error")["code"], "timeout");
    assert_eq!(outcome.matched("night-drive.mp3"), ["main-theme.ogg"]);
    for end in ["-TERM", "-INT"] {
        let add = ["index", "add", "--index", "index", "--threads", "1", "pipe.mp3"];
        let child = start(&place, &add);
        let _pipe = reached(&place, "pipe.mp3");
        signal(&child, end);
        Outcome::of(child.wait_with_output().unwrap()).expect(130);
    }
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}
