//! Files that kill whoever decodes them, runs that are killed while they decode, and what is left then.
//!
//! No file is known that gets past the limits, so the tests end the decoding processes themselves. They find
//! them in `/proc`.

#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use crate::place::{Outcome, Place};

/// A WAV of four hours of silence that takes next to no room on disk: decoding it takes a while anywhere.
fn long(place: &Place, name: &str) {
    let samples: u32 = 4 * 3600 * 8000;
    let mut header = b"RIFF".to_vec();
    header.extend((36 + samples).to_le_bytes());
    header.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    header.extend(8000u32.to_le_bytes());
    header.extend(8000u32.to_le_bytes());
    header.extend(b"\x01\0\x08\0data");
    header.extend(samples.to_le_bytes());
    place.write(name, &header);
    let file = File::options().write(true).open(place.path(name)).unwrap();
    file.set_len(u64::from(samples) + 44).unwrap();
}

fn start(place: &Place, args: &[&str]) -> Child {
    let mut command = place.command(args);
    let tmp = place.path("tmp");
    fs::create_dir_all(&tmp).unwrap();
    command.env("TMPDIR", tmp).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits for a process that decodes for `parent`, other than `known`.
fn worker(parent: u32, known: Option<u32>) -> u32 {
    for _ in 0..6_000 {
        for task in fs::read_dir(format!("/proc/{parent}/task")).unwrap().flatten() {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            let ids = children.split_whitespace().map(|id| id.parse().unwrap());
            if let Some(id) = ids.filter(|id| Some(*id) != known).find(|id| is_worker(*id)) {
                return id;
            }
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("nothing decodes for {parent}");
}

/// Waits for the process, other than `known`, that decodes the file `name` for `parent`.
fn decoding(parent: u32, name: &str, known: Option<u32>) -> u32 {
    for _ in 0..6_000 {
        let id = worker(parent, known);
        let open = fs::read_dir(format!("/proc/{id}/fd")).into_iter().flatten().flatten();
        let mut open = open.filter_map(|fd| fs::read_link(fd.path()).ok());
        if open.any(|path| path.ends_with(name)) {
            return id;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("nothing decodes {name}");
}

/// Is it the program that runs there, not yet another on its way to becoming it?
fn is_worker(id: u32) -> bool {
    let line = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
    line.windows(8).any(|w| w == b"--decode")
}

fn signal(id: u32, name: &str) {
    let sent = Command::new("kill").args([name, &id.to_string()]).status().unwrap();
    assert!(sent.success());
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

#[test]
fn a_file_that_kills_its_decoder_costs_nothing_else() {
    let place = Place::indexed(&["main-theme"]);
    long(&place, "long.wav");
    let args = ["scan", "--index", "index", "--format", "jsonl", "--threads", "1"];
    let child = start(&place, &[&args[..], &["incoming/night-drive.mp3", "long.wav"]].concat());
    let first = decoding(child.id(), "long.wav", None);
    signal(first, "-KILL");
    // The next one is asked again: the file before might be to blame. It dies of it, too.
    let second = decoding(child.id(), "long.wav", Some(first));
    signal(second, "-KILL");
    let outcome = Outcome::of(child.wait_with_output().unwrap()).expect(1);
    let error = outcome.one("error");
    assert_eq!((&error["subject"], &error["code"]), (&"long.wav".into(), &"crashed".into()));
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("long.wav") && message.contains("signal"), "{message}");
    assert_eq!(outcome.matched("night-drive.mp3"), ["main-theme.ogg"]);
}

#[test]
fn killed_while_decoding_nothing_stays() {
    let place = Place::indexed(&["main-theme"]);
    long(&place, "long.wav");
    let mut child =
        start(&place, &["scan", "--index", "index", "long.wav", "incoming/night-drive.mp3"]);
    let id = worker(child.id(), None);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(is_empty(&place.path("tmp")), "temporary files are left behind");
    for _ in 0..6_000 {
        if !is_worker(id) {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the decoding process goes on without its parent");
}

#[test]
fn ctrl_c_ends_a_run_within_a_file() {
    let place = Place::indexed(&["main-theme"]);
    long(&place, "long.wav");
    let args = ["scan", "--index", "index", "--format", "jsonl", "--threads", "1", "long.wav"];
    let child = start(&place, &args);
    worker(child.id(), None);
    // As a terminal does: to the group, in which the workers are not.
    signal(child.id(), "-INT");
    let outcome = Outcome::of(child.wait_with_output().unwrap()).expect(130);
    let summary = outcome.one("summary");
    assert_eq!((&summary["interrupted"], &summary["scanned"]), (&true.into(), &0.into()));
    assert!(outcome.all("error").is_empty(), "{outcome:#?}");
    assert!(is_empty(&place.path("tmp")));
}

#[test]
fn the_folder_of_a_killed_run_goes_with_the_next() {
    let place = Place::indexed(&["main-theme"]);
    let (old, held) = ("tmp/soundalike-scratch-old", "tmp/soundalike-scratch-held");
    for folder in [old, held] {
        fs::create_dir_all(place.path(folder)).unwrap();
        place.write(&format!("{folder}/LOCK"), "");
        let hour_ago = SystemTime::now() - Duration::from_secs(3600);
        File::open(place.path(folder)).unwrap().set_modified(hour_ago).unwrap();
    }
    let lock = File::open(place.path(held).join("LOCK")).unwrap();
    lock.lock().unwrap();
    let child = start(&place, &["scan", "--index", "index", "incoming/funky-sax.mp3"]);
    Outcome::of(child.wait_with_output().unwrap()).expect(0);
    assert!(!place.path(old).exists());
    assert!(place.path(held).exists());
}

#[test]
fn what_cannot_be_written_is_no_bug_and_who_stops_reading_hides_nothing() {
    let place = Place::indexed(&["main-theme"]);
    let scan = ["scan", "--index", "index", "--format", "jsonl", "incoming"];
    let full = File::options().write(true).open("/dev/full").unwrap();
    let status = place.command(&scan).stdout(full).stderr(Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(74));
    let mut child = start(&place, &scan);
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(1), "something matched, read or not");
    let tmp = place.command(&scan).env("TMPDIR", place.path("missing")).output().unwrap();
    assert_eq!(tmp.status.code(), Some(74), "{tmp:?}");
}
