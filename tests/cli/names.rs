//! Names of files are bytes, and come from strangers: two files never fall together, and none commands a
//! terminal.

#![cfg(unix)]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use serde_json::Value;

use crate::place::{Outcome, Place};

const COPY: &str = "incoming/night-drive.mp3";
const HARMLESS: &str = "incoming/funky-sax.mp3";

fn put(place: &Place, clip: &str, folder: &str, name: &[u8]) {
    fs::create_dir_all(place.path(folder)).unwrap();
    fs::copy(place.path(clip), place.path(folder).join(OsStr::from_bytes(name))).unwrap();
}

/// Names that were one after they were made text: two that are no UTF-8, the text that stood for both, and the
/// text that stands for the first of them now.
fn names() -> [(&'static str, Vec<u8>); 4] {
    [
        (COPY, b"a\xfe.mp3".to_vec()),
        (HARMLESS, b"a\xff.mp3".to_vec()),
        (HARMLESS, "a\u{fffd}.mp3".into()),
        (HARMLESS, "a\u{fffd}<FE>.mp3".into()),
    ]
}

/// Verdicts by path, as the table tells them.
fn table(outcome: &Outcome) -> Vec<(String, String, String)> {
    let mut reader = csv::Reader::from_reader(outcome.stdout.as_bytes());
    let headers = reader.headers().unwrap().clone();
    let at = |name: &str| headers.iter().position(|h| h == name).unwrap();
    let [path, result, verdict] = ["path", "result", "verdict"].map(at);
    let rows = reader.records().map(Result::unwrap);
    rows.map(|r| (r[path].to_owned(), r[result].to_owned(), r[verdict].to_owned())).collect()
}

#[test]
fn names_that_are_no_text_are_told_apart() {
    let place = Place::indexed(&["main-theme", "zalek"]);
    for (clip, name) in names() {
        put(&place, clip, "n", &name);
    }
    // The harmless ones are copies of each other, which is not what this is about.
    let args = ["scan", "n", "--index", "index", "-q", "--no-cluster", "--format"];
    let rows = table(&place.run(&[&args[..], &["csv"]].concat()).expect(1));
    assert_eq!(rows.len(), 4);
    for (path, result, verdict) in &rows {
        let is_copy = path == "n/a\u{fffd}<FE>.mp3";
        let expected = if is_copy { ("matched", "review") } else { ("no_match", "clear") };
        assert_eq!((result.as_str(), verdict.as_str()), expected, "{rows:?}");
    }
    let text = place.run(&[&args[..], &["text"]].concat()).expect(1);
    assert_eq!(text.stdout.matches("no match among").count(), 3, "{text:#?}");
    let headings = text.stdout.lines().filter(|line| line.starts_with("n/a\u{fffd}"));
    assert_eq!(headings.count(), 4, "{text:#?}");

    let outcome = place.run(&[&args[..], &["jsonl"]].concat()).expect(1);
    let verdicts = outcome.all("verdict");
    let subjects: std::collections::BTreeSet<&str> =
        verdicts.iter().map(|v| v["subject"].as_str().unwrap()).collect();
    assert_eq!(subjects.len(), 4, "{subjects:?}");
    place.write("n.jsonl", &outcome.stdout);
    let page = place.run(&["report", "n.jsonl", "-o", "n.html", "--no-audio"]).expect(0);
    assert!(page.stderr.contains("4 uploads, 1 match"), "{page:#?}");
    // The page finds the audio again by the text of its name.
    place.run(&["report", "n.jsonl", "-o", "n.html"]).expect(0);
    let html = fs::read_to_string(place.path("n.html")).unwrap();
    assert!(!html.contains("No such file"), "audio was not found");
}

#[test]
fn names_that_are_no_text_are_told_apart_in_deliveries_and_in_an_index() {
    let place = Place::indexed(&["main-theme", "zalek"]);
    for (clip, name) in names() {
        put(&place, clip, "in", &name);
    }
    let args = ["watch", "in", "--index", "index", "--out", "out", "--settle", "0", "--once"];
    place.run(&args).expect(1);
    let results = fs::read_dir(place.path("out")).unwrap().map(|e| e.unwrap().path());
    let results: Vec<_> = results.filter(|path| path.is_file()).collect();
    let told: std::collections::BTreeSet<String> = results
        .iter()
        .filter(|path| path.to_string_lossy().ends_with(".jsonl"))
        .map(|path| {
            let text = fs::read_to_string(path).unwrap();
            let begin: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
            begin["delivery"]["name"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(told.len(), 4, "{told:?}");
    place.run(&args).expect(0);

    place.run(&["index", "add", "in", "--index", "all", "-q"]).expect(0);
    let listed = place.run(&["index", "list", "--index", "all", "--format", "jsonl"]).expect(0);
    let path = |r: &Value| r["path"].as_str().unwrap().to_owned();
    assert!(listed.all("reference").iter().map(path).any(|p| p == "in/a\u{fffd}<FE>.mp3"));
}

#[test]
fn copies_of_one_file_have_their_match_each() {
    let place = Place::indexed(&["main-theme", "zalek"]);
    for name in ["a.mp3", "b.mp3", "c.mp3"] {
        put(&place, COPY, "t", name.as_bytes());
    }
    for cluster in [&["--no-cluster"][..], &[]] {
        let args = [&["scan", "t", "--index", "index", "-q", "--format"], cluster].concat();
        let with = |format: &str| {
            let mut args = args.clone();
            args.insert(6, format);
            place.run(&args).expect(1)
        };
        let outcome = with("jsonl");
        assert_eq!(outcome.all("match").len(), 3);
        place.write("t.jsonl", &outcome.stdout);
        let page = place.run(&["report", "t.jsonl", "-o", "t.html", "--no-audio"]).expect(0);
        assert!(page.stderr.contains("3 uploads, 3 matches"), "{page:#?}");
        let html = fs::read_to_string(place.path("t.html")).unwrap();
        for part in ["id=\"m1\"", "id=\"m2\"", "id=\"m3\"", "href=\"#m2\"", "href=\"#m3\""] {
            assert!(html.contains(part), "{part}");
        }
        let rows = table(&with("csv"));
        assert!(rows.len() == 3 && rows.iter().all(|row| row.1 == "matched"), "{rows:?}");
        assert_eq!(with("text").stdout.matches("  MATCH  ").count(), 3);
        // Records of the same run twice are no more matches.
        place.write("t2.jsonl", outcome.stdout.repeat(2));
        let page = place.run(&["report", "t2.jsonl", "-o", "t.html", "--no-audio"]).expect(0);
        assert!(page.stderr.contains("3 uploads, 3 matches"), "{page:#?}");
    }
}

/// What no terminal may be told: the start of a command, a bell, an override of the order of letters, the end
/// of a line.
const COMMANDS: &[char] =
    &['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}', '\u{2066}', '\u{2028}', '\r', '\u{8}'];

#[test]
fn names_tags_and_notes_do_not_command_the_terminal() {
    let evil = "\u{1b}]0;PWNED\u{7}\u{202e}\u{9b}31m\u{2066}\u{2028}\r\u{8}\n\nforged line";
    let place = Place::indexed(&["main-theme"]);
    // Once a line begins with it, it was let through.
    let harmless = |outcome: Outcome| {
        for text in [&outcome.stdout, &outcome.stderr] {
            assert!(!text.contains(COMMANDS), "{text:?}");
            assert!(!text.lines().any(|line| line.starts_with("forged line")), "{text:?}");
        }
        outcome
    };
    let name = format!("{evil}.mp3");
    put(&place, COPY, "x", name.as_bytes());
    put(&place, "incoming/not-audio.mp3", "x", format!("b{evil}.mp3").as_bytes());
    let meta = format!("file,title,artist\n\"{0}.mp3\",\"{0}\",\"{0}\"\n", evil.replace('"', ""));
    place.write("meta.csv", meta);
    let path = format!("x/{name}");
    let strange = format!("no{evil}ne");
    place.write(&format!("index/{}", "\u{1b}[31mforeign\n"), "x");
    for args in [
        &["index", "add", "x", "--index", "ix", "--metadata", "meta.csv"][..],
        &["index", "list", "--index", "ix"],
        &["index", "stats", "--index", "ix"],
        &["index", "verify", "--index", "index"],
        &["scan", "x", "--index", "index"],
        &["scan", &strange, "--index", "index"],
        &["compare", &path, "references/zalek.ogg"],
        &["cluster", "x"],
        &["allow", "add", "--account", evil, "--reason", evil, "--who", evil, "--index", "index"],
        &["block", "add", "--audio", &path, "--reason", evil, "--who", evil, "--index", "index"],
        &["block", "add", "--audio", &strange, "--reason", "r", "--who", "w", "--index", "index"],
        &["allow", "list", "--index", "index"],
        &["block", "list", "--index", "index"],
        &["audit", "list", "--index", "index"],
        &["audit", "verify", "--index", "index", "--head", evil],
        &["watch", "x", "--index", "index", "--out", "out", "--settle", "0", "--once"],
        &["index", "merge", "--index", "index", &strange],
        &["index", "remove", &strange, "--index", "ix"],
        &["report", &strange, "-o", "x.html"],
        &["sweep", "x", "--index", "index", "--state", "s"],
        &["index", "remove", &path, "--index", "ix"],
    ] {
        let outcome = harmless(place.run(args));
        assert!(outcome.code.is_some_and(|code| code < 70), "{args:?}: {outcome:#?}");
    }
}
