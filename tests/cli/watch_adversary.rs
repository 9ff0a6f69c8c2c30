//! Deliveries that somebody laid out to make the service write, read, skip or wait where it should not.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::{Duration, Instant, UNIX_EPOCH};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::place::{Outcome, Place};

fn place() -> Place {
    let place = Place::indexed(&["main-theme", "zalek"]);
    fs::create_dir(place.path("in")).unwrap();
    place
}

/// Results beside the deliveries, without `--out`, as many run it.
fn watch_beside(place: &Place) -> Outcome {
    place.run(&["watch", "in", "--index", "index", "--settle", "0", "--once"])
}

fn watch(place: &Place) -> Outcome {
    place.run(&["watch", "in", "--index", "index", "--out", "out", "--settle", "0", "--once"])
}

fn text(place: &Place, name: &str) -> String {
    fs::read_to_string(place.path(name)).unwrap()
}

fn records(place: &Place, name: &str) -> Vec<Value> {
    let text = text(place, &format!("out/{name}.soundalike.jsonl"));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn errors(place: &Place, name: &str) -> Vec<(String, String)> {
    let part = |record: &Value, field: &str| record[field].as_str().unwrap().to_owned();
    let all = records(place, name).into_iter().filter(|record| record["type"] == "error");
    all.map(|record| (part(&record, "subject"), part(&record, "code"))).collect()
}

#[test]
fn nothing_is_written_through_links_in_the_queue() {
    let place = place();
    place.write("victim", "precious");
    place.copy("incoming/funky-sax.mp3", "in/s.mp3");
    for name in [
        ".s.mp3.soundalike.jsonl.tmp",
        ".s.mp3.soundalike.csv.tmp",
        ".s.mp3.soundalike.html.tmp",
        "s.mp3.soundalike.jsonl",
        "s.mp3.soundalike.jsonl.1",
        "s.mp3.soundalike.csv",
        "s.mp3.soundalike.html",
        ".soundalike-watch.lock",
    ] {
        symlink("../victim", place.path(&format!("in/{name}"))).unwrap();
    }
    symlink("../elsewhere", place.path("in/.soundalike-watch")).unwrap();
    let args = ["watch", "in", "--index", "index", "--settle", "0", "--once", "--csv", "--report"];
    place.run(&args).expect(0);
    assert_eq!(text(&place, "victim"), "precious");
    assert!(!place.path("elsewhere").exists());
    for form in ["jsonl", "csv", "html"] {
        let path = place.path(&format!("in/s.mp3.soundalike.{form}"));
        assert!(path.symlink_metadata().unwrap().is_file(), "{form}");
    }
    // A folder is no one's result and keeps nobody else from being looked into.
    place.copy("incoming/night-drive.mp3", "in/t.mp3");
    place.copy("incoming/night-drive.mp3", "in/u.mp3");
    fs::create_dir(place.path("in/t.mp3.soundalike.jsonl")).unwrap();
    let outcome = watch_beside(&place);
    assert!(outcome.stderr.contains("in the way"), "{outcome:#?}");
    assert!(place.path("in/u.mp3.soundalike.jsonl").is_file());
}

/// A result as a sender could make it up.
fn forged(place: &Place, name: &str) -> String {
    let meta = fs::metadata(place.path(&format!("in/{name}"))).unwrap();
    let time = meta.modified().unwrap().duration_since(UNIX_EPOCH).unwrap().as_nanos() as i128;
    let mut line = format!("{name}\0").into_bytes();
    line.extend(meta.len().to_le_bytes());
    line.extend(time.to_le_bytes());
    line.push(b'\n');
    let state: String = Sha256::digest(&line).iter().map(|b| format!("{b:02x}")).collect();
    let delivery = json!({"name": name, "state": state, "files": 1, "bytes": meta.len()});
    let begin = json!({"type": "begin", "schema": "soundalike/1", "scan_id": "s_0",
        "tool_version": "0.1.0", "delivery": delivery});
    let verdict = json!({"type": "verdict", "subject": format!("in/{name}"), "verdict": "clear",
        "reasons": []});
    format!("{begin}\n{verdict}\n")
}

#[test]
fn a_forged_result_is_no_proof() {
    let place = place();
    place.copy("incoming/night-drive.mp3", "in/x.mp3");
    place.write("in/x.mp3.soundalike.jsonl", forged(&place, "x.mp3"));
    watch_beside(&place).expect(1);
    assert!(text(&place, "in/x.mp3.soundalike.jsonl").contains("AUDIO-003"));
    watch_beside(&place).expect(0);
    // One that was made for another delivery, or worked on, is none either.
    place.copy("incoming/funky-sax.mp3", "in/y.mp3");
    watch_beside(&place).expect(0);
    let harmless = text(&place, "in/y.mp3.soundalike.jsonl");
    place.copy("incoming/night-drive.mp3", "in/z.mp3");
    place.write("in/z.mp3.soundalike.jsonl", &harmless);
    place.write("in/x.mp3.soundalike.jsonl", &harmless);
    let outcome = watch_beside(&place).expect(1);
    assert!(outcome.stderr.contains("x.mp3: begun again"), "{outcome:#?}");
    assert!(text(&place, "in/x.mp3.soundalike.jsonl").contains("AUDIO-003"));
    assert!(text(&place, "in/z.mp3.soundalike.jsonl").contains("AUDIO-003"));
    // Where it is kept what is done must be out of reach.
    let state = ["--state", "in/state"];
    let args = ["watch", "in", "--index", "index", "--settle", "0", "--once"];
    place.run(&[&args[..], &state].concat()).expect(2);
}

#[test]
fn a_name_like_that_of_a_result_hides_nothing() {
    let place = place();
    fs::create_dir(place.path("in/a.soundalike.jsonl")).unwrap();
    place.copy("incoming/night-drive.mp3", "in/a.soundalike.jsonl/song.mp3");
    watch(&place).expect(1);
    assert_eq!(records(&place, "a.soundalike.jsonl").last().unwrap()["matched"], 1);
}

#[test]
fn other_content_under_the_same_size_and_time_is_looked_into() {
    let place = place();
    let harmful = fs::read(place.path("incoming/night-drive.mp3")).unwrap();
    let mut harmless = fs::read(place.path("incoming/funky-sax.mp3")).unwrap();
    harmless.resize(harmful.len(), 0);
    let put = |content: &[u8]| {
        for name in ["in/x.mp3", "in/folder/y.mp3"] {
            fs::create_dir_all(place.path("in/folder")).unwrap();
            place.write(name, content);
            let time = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
            let file = fs::File::options().write(true).open(place.path(name)).unwrap();
            file.set_modified(time).unwrap();
        }
    };
    put(&harmless);
    watch(&place).expect(0);
    put(&harmful);
    let outcome = watch(&place).expect(1);
    assert_eq!(outcome.stderr.matches("again, as it changed").count(), 2, "{outcome:#?}");
    // The same content once more, written anew: nothing to do.
    put(&harmful);
    let outcome = watch(&place).expect(0);
    assert!(!outcome.stderr.contains("begun"), "{outcome:#?}");
}

#[test]
fn links_do_not_lead_out_of_a_delivery() {
    let place = place();
    fs::create_dir_all(place.path("secret/resources")).unwrap();
    place.copy("incoming/night-drive.mp3", "secret/unreleased.mp3");
    place.copy("incoming/night-drive.mp3", "secret/resources/unreleased.mp3");
    place.write("secret/passwd", "root:x:0:0:secret words\n");
    // A folder, a file, a list, each a link; links to them inside of folders; a link to another delivery.
    symlink("../secret", place.path("in/d1")).unwrap();
    symlink("../secret/unreleased.mp3", place.path("in/d2.mp3")).unwrap();
    symlink("../secret/passwd", place.path("in/d3.csv")).unwrap();
    for folder in ["d4", "d5", "d6"] {
        fs::create_dir(place.path(&format!("in/{folder}"))).unwrap();
        place.copy("incoming/funky-sax.mp3", &format!("in/{folder}/own.mp3"));
    }
    symlink("../../secret/unreleased.mp3", place.path("in/d4/a.mp3")).unwrap();
    symlink("../../secret", place.path("in/d4/b")).unwrap();
    symlink("own.mp3", place.path("in/d4/inside.mp3")).unwrap();
    symlink("/etc/passwd", place.path("in/d5/m.csv")).unwrap();
    symlink("../../secret/passwd", place.path("in/d5/n.jsonl")).unwrap();
    symlink("../d5/own.mp3", place.path("in/d6/other.mp3")).unwrap();
    // A DDEX message whose resources are a link, and a marker that is one.
    let release = "in/N_20261124000000/036000291452";
    fs::create_dir_all(place.path(release)).unwrap();
    let message = include_str!("../data/ern/album_382.xml");
    place.write(&format!("{release}/036000291452.xml"), message);
    symlink("../../../secret/resources", place.path(&format!("{release}/resources"))).unwrap();
    place.write("in/N_20261124000000/BatchComplete_20261124000000.xml", "");
    fs::create_dir_all(place.path("in/N_20261125000000/rel")).unwrap();
    place.write("in/N_20261125000000/rel/rel.xml", message);
    let marker = place.path("in/N_20261125000000/BatchComplete_1.xml");
    symlink("../../secret/passwd", marker).unwrap();

    let outcome = watch(&place);
    for entry in fs::read_dir(place.path("out")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let told = fs::read_to_string(&path).unwrap();
            assert!(!told.contains("secret words") && !told.contains("root:"), "{path:?}");
            assert!(!told.contains("\"matched\":1"), "{path:?}: {told}");
        }
    }
    assert!(!outcome.stderr.contains("secret words"), "{outcome:#?}");
    let outside = |name: &str| -> Vec<String> {
        let found = errors(&place, name);
        found.into_iter().filter(|e| e.1 == "path_outside_delivery").map(|e| e.0).collect()
    };
    for name in ["d1", "d2.mp3", "d3.csv"] {
        assert!(outside(name)[0].ends_with(&format!("in/{name}")), "{:?}", errors(&place, name));
        assert_eq!(records(&place, name).last().unwrap()["exit_code"], 3);
    }
    let told = |name: &str, links: &[&str]| {
        let found = outside(name);
        assert_eq!(found.len(), links.len(), "{name}: {found:?}");
        assert!(
            links.iter().all(|link| found.iter().any(|path| path.ends_with(link))),
            "{found:?}"
        );
    };
    told("d4", &["d4/a.mp3", "d4/b"]);
    let last = records(&place, "d4").pop().unwrap();
    assert_eq!(last["scanned"], 1, "a link inside is another name of its file");
    told("d5", &["d5/m.csv", "d5/n.jsonl"]);
    told("d6", &["d6/other.mp3"]);
    assert_eq!(records(&place, "N_20261124000000").last().unwrap()["scanned"], 0);
    assert!(outcome.stderr.contains("N_20261125000000: waits for BatchComplete"), "{outcome:#?}");
}

fn pipe(place: &Place, name: &str) {
    fs::create_dir_all(place.path(name).parent().unwrap()).unwrap();
    assert!(Command::new("mkfifo").arg(place.path(name)).status().unwrap().success());
}

#[test]
fn pipes_are_not_waited_for() {
    let place = place();
    let message = include_str!("../data/ern/single_411.xml");
    for batch in ["in/N_20261124000000", "in/N_20261125000000"] {
        fs::create_dir_all(place.path(&format!("{batch}/rel"))).unwrap();
        place.write(&format!("{batch}/rel/rel.xml"), message);
    }
    pipe(&place, "in/N_20261124000000/BatchComplete_1.xml");
    place.write("in/N_20261125000000/BatchComplete_1.xml", "");
    pipe(&place, "in/N_20261125000000/rel/second.xml");
    pipe(&place, "in/N_20261125000000/rel/resources/a.wav");
    for name in ["song.mp3", "list.csv", "message.xml", "old.zip", "album/a.mp3", "album/t.csv"] {
        pipe(&place, &format!("in/{name}"));
    }
    place.copy("incoming/funky-sax.mp3", "in/album/own.mp3");
    place.copy("incoming/night-drive.mp3", "in/good.mp3");
    let begun = Instant::now();
    watch(&place).expect(1);
    assert!(begun.elapsed() < Duration::from_secs(100));
    for name in ["song.mp3", "list.csv", "message.xml", "old.zip"] {
        assert_eq!(errors(&place, name)[0].1, "io_error", "{name}");
    }
    let album = records(&place, "album");
    let told = |kind: &str, name: &str| {
        let of = |r: &&Value| r["type"] == kind && r["subject"].as_str().unwrap().ends_with(name);
        assert!(album.iter().any(|r| of(&r)), "{album:?}");
    };
    told("note", "album/a.mp3");
    told("error", "album/t.csv");
    assert_eq!(records(&place, "album").last().unwrap()["scanned"], 1);
    assert_eq!(records(&place, "good.mp3").last().unwrap()["matched"], 1);
    // Named by the user, they are refused as well.
    pipe(&place, "m.csv");
    pipe(&place, "p.toml");
    let args = ["scan", "in/good.mp3", "--index", "index", "--manifest", "m.csv"];
    let outcome = place.run(&args);
    assert!(outcome.code.is_some_and(|code| code != 0), "{outcome:#?}");
    assert!(outcome.stderr.contains("m.csv"), "{outcome:#?}");
}

#[test]
fn a_delivery_over_which_the_service_dies_is_given_up_and_told_of() {
    let place = place();
    place.copy("incoming/night-drive.mp3", "in/poison.mp3");
    place.copy("incoming/funky-sax.mp3", "in/second.mp3");
    // As if it had been killed there again and again: the note of an attempt without an end.
    fs::create_dir(place.path("away")).unwrap();
    let mut child = {
        for i in 0..70 {
            let mut bytes = fs::read(place.path("incoming/night-drive.mp3")).unwrap();
            bytes.truncate(bytes.len() - 100 * i);
            fs::create_dir_all(place.path("in/big")).unwrap();
            place.write(&format!("in/big/{i:02}.mp3"), bytes);
        }
        start(&place)
    };
    let begun = |place: &Place| -> Vec<Value> {
        let entries = fs::read_dir(place.path("out/.soundalike-watch")).into_iter().flatten();
        let paths = entries.map(|entry| entry.unwrap().path());
        let paths = paths.filter(|path| path.to_string_lossy().ends_with(".begun.json"));
        paths.filter_map(|path| serde_json::from_slice(&fs::read(path).ok()?).ok()).collect()
    };
    let is_big = |place: &Place| begun(place).iter().any(|attempt| attempt["name"] == "big");
    for attempt in 1..=5 {
        let end = Instant::now() + Duration::from_secs(240);
        while !begun(&place).iter().any(|a| a["name"] == "big" && a["attempts"] == attempt) {
            assert!(Instant::now() < end, "attempt {attempt}");
            std::thread::sleep(Duration::from_millis(5));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(is_big(&place));
        if attempt < 5 {
            child = start(&place);
        }
    }
    let outcome = watch(&place);
    assert!(
        outcome.stderr.contains("big: looking into it ended the service 5 times"),
        "{outcome:#?}"
    );
    assert_eq!(errors(&place, "big")[0].1, "crashed");
    assert_eq!(records(&place, "big").last().unwrap()["exit_code"], 3);
    assert_eq!(records(&place, "second.mp3").last().unwrap()["scanned"], 1);
    assert!(!is_big(&place));
    watch(&place).expect(0);
    // Until somebody says otherwise.
    fs::remove_file(place.path("out/big.soundalike.jsonl")).unwrap();
    watch(&place).expect(1);
    assert_eq!(records(&place, "big").last().unwrap()["scanned"], 70);
}

fn start(place: &Place) -> std::process::Child {
    let args = ["watch", "in", "--index", "index", "--out", "out", "--settle", "0"];
    let mut command = place.command(&[&args[..], &["--interval", "1", "--threads", "1"]].concat());
    command.stdin(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap()
}
