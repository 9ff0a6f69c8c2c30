//! The examples do what their first lines say, on the demo.

// A panic here is the report.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The example as cargo builds it for the tests: beside their folder.
fn example(name: &str) -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let folder = tests.parent().and_then(Path::parent).unwrap();
    let path = folder.join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(path.exists(), "this test alone does not build them: cargo build --examples");
    path
}

fn run(name: &str, args: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(example(name));
    let Output { status, stdout, stderr } =
        command.args(args).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(stderr.is_empty(), "{}", String::from_utf8_lossy(&stderr));
    (status.code(), String::from_utf8(stdout).unwrap())
}

const REFERENCES: &str = "tests/data/demo/references";
const DRIVE: &str = "tests/data/demo/incoming/night-drive.mp3";

#[test]
fn a_queue_is_told_in_records() {
    let (code, records) = run("ingest_queue", &[REFERENCES, "tests/data/demo/incoming"]);
    assert_eq!(code, Some(0), "nothing is held");
    let kind = |kind: &str| records.matches(&format!("{{\"type\":\"{kind}\"")).count();
    assert_eq!((kind("begin"), kind("match"), kind("verdict"), kind("error")), (1, 3, 4, 1));
}

#[test]
fn a_maker_is_told_where_to_listen() {
    let (code, text) = run("check_one_track", &[DRIVE, REFERENCES]);
    assert_eq!(code, Some(0));
    assert!(text.contains("UFO: AI Main Theme: 100 % of your track"), "{text}");
    assert!(text.contains("theirs 7.4-19.3 s"), "{text}");
}

#[test]
fn a_night_tells_what_is_new_once() {
    let state = tempfile::tempdir().unwrap();
    let args = [REFERENCES, "tests/data/demo/incoming", state.path().to_str().unwrap()];
    let (_, first) = run("nightly_sweep", &args);
    assert!(
        first.contains("night-drive.mp3: 100 % of it runs along UFO: AI Main Theme"),
        "{first}"
    );
    let (_, second) = run("nightly_sweep", &args);
    assert_eq!(second, "0 pairs compared\n");
}
