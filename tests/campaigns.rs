//! A short version of the campaigns in `tests/campaigns`, where there is a python3.

#![cfg(unix)]
// A panic here is the report.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;

fn campaign(name: &str, rounds: &str) {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("not run: there is no python3");
        return;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/campaigns/{name}.sh"));
    let mut command = Command::new(script);
    command.env("SOUNDALIKE", env!("CARGO_BIN_EXE_soundalike")).env("ROUNDS", rounds);
    let done = command.env("PYTHONDONTWRITEBYTECODE", "1").output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(done.status.success(), "{}{}", text(&done.stderr), text(&done.stdout));
}

#[test]
fn kill() {
    campaign("kill", "2");
}

#[test]
fn damage() {
    campaign("damage", "4");
}

#[test]
fn inject() {
    campaign("inject", "1");
}

#[test]
fn attack() {
    campaign("attack", "1");
}
