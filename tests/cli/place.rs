//! A temporary folder to run the binary in, and what came of a run.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// All commands with those below them, as help lists them.
pub const COMMANDS: &[&str] = &[
    "",
    "index",
    "index add",
    "index stats",
    "index list",
    "index remove",
    "index verify",
    "index compact",
    "index merge",
    "index upgrade",
    "scan",
    "advise",
    "watch",
    "serve",
    "token",
    "cluster",
    "compare",
    "allow",
    "allow add",
    "allow list",
    "allow remove",
    "block",
    "block add",
    "audit",
    "audit list",
    "audit verify",
    "policy",
    "policy list",
    "policy show",
    "policy check",
    "policy matrix",
    "policy test",
    "policy diff",
    "policy generators",
    "explain",
    "columns",
    "sweep",
    "report",
    "eval",
    "completions",
    "man",
];

/// A folder of its own for one test.
pub struct Place {
    dir: TempDir,
}

impl Place {
    /// An empty folder.
    pub fn empty() -> Place {
        Place { dir: tempfile::tempdir().unwrap() }
    }

    /// A folder with the demo's `references/` and `incoming/`.
    pub fn demo() -> Place {
        let place = Place::empty();
        for folder in ["references", "incoming"] {
            fs::create_dir(place.path(folder)).unwrap();
            for entry in fs::read_dir(demo(folder)).unwrap() {
                let from = entry.unwrap().path();
                fs::copy(&from, place.path(folder).join(from.file_name().unwrap())).unwrap();
            }
        }
        place
    }

    /// The demo, with the references named (without `.ogg`) indexed in `index/`.
    pub fn indexed(references: &[&str]) -> Place {
        let place = Place::demo();
        let files: Vec<_> = references.iter().map(|r| format!("references/{r}.ogg")).collect();
        let mut args = vec!["index", "add", "--index", "index"];
        args.extend(files.iter().map(String::as_str));
        place.run(&args).expect(0);
        place
    }

    /// `name` within the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    /// Copies a clip of the demo (`references/…` or `incoming/…`) to `name`.
    pub fn copy(&self, clip: &str, name: &str) {
        fs::copy(demo(clip), self.path(name)).unwrap();
    }

    /// The binary with its arguments, to be run in this folder.
    pub fn command<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_soundalike"));
        command.args(args).current_dir(self.dir.path()).env_remove("SOUNDALIKE_INDEX");
        command.env_remove("SOUNDALIKE_DECISIONS").env_remove("STATE_DIRECTORY");
        command.env("XDG_STATE_HOME", self.path("state"));
        command
    }

    /// Runs the binary.
    pub fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> Outcome {
        Outcome::of(self.command(args).stdin(Stdio::null()).output().unwrap())
    }

    /// Runs the binary with `input` on its standard input.
    pub fn run_with_input(&self, args: &[&str], input: &[u8]) -> Outcome {
        let mut child = self
            .command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        Outcome::of(child.wait_with_output().unwrap())
    }

    /// `scan … --index index --format jsonl`.
    pub fn scan(&self, paths: &[&str]) -> Outcome {
        let mut args = vec!["scan", "--index", "index", "--format", "jsonl"];
        args.extend(paths);
        self.run(&args)
    }

    /// `index add … --index index --format jsonl`: its record.
    pub fn add(&self, args: &[&str]) -> Value {
        let mut all = vec!["index", "add", "--index", "index", "--format", "jsonl"];
        all.extend(args);
        self.run(&all).expect(0).one("index_add")
    }
}

/// A file or folder of the demo.
pub fn demo(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/demo").join(name)
}

/// What a run printed and returned.
#[derive(Debug)]
pub struct Outcome {
    /// Exit status; none if a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Outcome {
    /// Takes over the output of a process. Whatever happened, it must not be a panic.
    pub fn of(output: Output) -> Outcome {
        let outcome = Outcome {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        let panics = ["panicked at", "internal error: "];
        assert!(!panics.iter().any(|p| outcome.stderr.contains(p)), "{outcome:#?}");
        outcome
    }

    /// Asserts the exit status.
    #[track_caller]
    pub fn expect(self, code: i32) -> Outcome {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// Standard output as JSON Lines.
    #[track_caller]
    pub fn records(&self) -> Vec<Value> {
        let parse = |line| match serde_json::from_str(line) {
            Ok(value) => value,
            Err(e) => panic!("{e}: {line}"),
        };
        self.stdout.lines().map(parse).collect()
    }

    /// The records of one type.
    #[track_caller]
    pub fn all(&self, kind: &str) -> Vec<Value> {
        self.records().into_iter().filter(|r| r["type"] == kind).collect()
    }

    /// The only record of a type.
    #[track_caller]
    pub fn one(&self, kind: &str) -> Value {
        let mut all = self.all(kind);
        assert_eq!(all.len(), 1, "records of type {kind} in {self:#?}");
        all.remove(0)
    }

    /// File names of the references that the query `name` was matched with.
    #[track_caller]
    pub fn matched(&self, name: &str) -> Vec<String> {
        self.all("match")
            .iter()
            .filter(|m| file_name(&m["query"]["path"]) == name)
            .map(|m| file_name(&m["reference"]["path"]))
            .collect()
    }
}

/// The last part of a path in a record.
pub fn file_name(path: &Value) -> String {
    Path::new(path.as_str().unwrap()).file_name().unwrap().to_str().unwrap().to_owned()
}

/// Asserts that a time in a record is `expected_ms`, give or take `tolerance_ms`.
#[track_caller]
pub fn assert_ms(value: &Value, expected_ms: i64, tolerance_ms: i64) {
    let ms = value.as_i64().unwrap();
    assert!((ms - expected_ms).abs() <= tolerance_ms, "{ms} ms is not about {expected_ms} ms");
}
