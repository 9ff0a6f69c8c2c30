//! Deliveries that come into a folder: when they are looked into, what is left behind, what a restart does.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::place::{Outcome, Place};

const ALBUM_382: &str = include_str!("../data/ern/album_382.xml");

/// The demo's index and an empty folder of deliveries.
fn place() -> Place {
    let place = Place::indexed(&["main-theme", "zalek"]);
    fs::create_dir(place.path("in")).unwrap();
    place
}

fn copy(place: &Place, clip: &str, name: &str) {
    fs::create_dir_all(place.path(name).parent().unwrap()).unwrap();
    place.copy(clip, name);
}

fn watch(place: &Place, more: &[&str]) -> Outcome {
    let args = ["watch", "in", "--index", "index", "--out", "out", "--settle", "0", "--once"];
    place.run(&[&args, more].concat())
}

fn records(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn result(place: &Place, name: &str) -> Vec<Value> {
    records(&place.path(&format!("out/{name}.soundalike.jsonl")))
}

#[track_caller]
fn all(records: &[Value], kind: &str) -> Vec<Value> {
    records.iter().filter(|r| r["type"] == kind).cloned().collect()
}

/// Everything below a folder with sizes and times.
fn listing(folder: &Path) -> Vec<(PathBuf, u64, std::time::SystemTime)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let meta = entry.metadata().unwrap();
        if meta.is_dir() {
            all.extend(listing(&entry.path()));
        }
        all.push((entry.path(), meta.len(), meta.modified().unwrap()));
    }
    all.sort();
    all
}

#[test]
fn a_batch_is_left_alone_until_its_marker_is_there() {
    let place = place();
    let release = "in/N_20260912100000/036000291452";
    copy(&place, "incoming/night-drive.mp3", &format!("{release}/resources/A1_01.flac"));
    let outcome = watch(&place, &[]).expect(0);
    assert!(outcome.stderr.contains("waits for BatchComplete"), "no message yet: {outcome:#?}");
    place.write(&format!("{release}/036000291452.xml"), ALBUM_382);
    watch(&place, &[]).expect(0);
    assert!(!place.path("out/N_20260912100000.soundalike.jsonl").exists());

    place.write("in/N_20260912100000/BatchComplete_20260912100000.xml", "");
    let before = listing(&place.path("in"));
    let outcome = watch(&place, &["--csv", "--report"]).expect(1);
    assert!(outcome.stdout.is_empty());
    assert_eq!(listing(&place.path("in")), before, "deliveries stay as they are");
    let records = result(&place, "N_20260912100000");
    assert_eq!(records[0]["delivery"]["name"], "N_20260912100000");
    assert_eq!(records[0]["delivery"]["files"], 3);
    assert_eq!(all(&records, "match").len(), 1);
    assert_eq!(all(&records, "verdict")[0]["declared"]["batch_id"], "20260912100000");
    let errors = all(&records, "error");
    assert_eq!(errors[0]["code"], "missing_resource", "{errors:?}");
    let summary = records.last().unwrap();
    assert_eq!((&summary["type"], &summary["exit_code"]), (&"summary".into(), &1.into()));
    let page = fs::read_to_string(place.path("out/N_20260912100000.soundalike.html")).unwrap();
    assert!(page.contains("Delivery N_20260912100000"));
    let table = fs::read_to_string(place.path("out/N_20260912100000.soundalike.csv")).unwrap();
    assert!(table.lines().count() >= 3, "{table}");
}

#[test]
fn a_restart_does_nothing_twice_and_a_change_is_looked_into() {
    let place = place();
    copy(&place, "incoming/night-drive.mp3", "in/monday/drive.mp3");
    copy(&place, "incoming/void-sensor.ogg", "in/single.ogg");
    copy(&place, "incoming/not-audio.mp3", "in/broken.mp3");
    copy(&place, "incoming/night-drive.mp3", "in/later.mp3.part");
    fs::create_dir(place.path("in/empty")).unwrap();
    watch(&place, &[]).expect(1);
    let names = listing(&place.path("out"));
    let results = names.iter().filter(|n| n.0.extension().is_some_and(|e| e == "jsonl"));
    assert_eq!(results.count(), 3, "{names:?}");
    let broken = result(&place, "broken.mp3");
    assert_eq!(all(&broken, "error").len(), 1);
    assert_eq!(broken.last().unwrap()["exit_code"], 3);

    let outcome = watch(&place, &[]).expect(0);
    assert!(!outcome.stderr.contains("begun"), "{outcome:#?}");
    assert_eq!(listing(&place.path("out")), names, "nothing is written");

    place.write("in/monday/meta.csv", "file,title,isrc\ndrive.mp3,Night Drive,USRC17607839\n");
    let outcome = watch(&place, &[]).expect(1);
    assert!(outcome.stderr.contains("monday: begun again"), "{outcome:#?}");
    assert_eq!(outcome.stderr.matches("begun").count(), 1);
    let records = result(&place, "monday");
    assert_eq!(all(&records, "verdict")[0]["declared"]["title"], "Night Drive");
    let older = self::records(&place.path("out/monday.soundalike.jsonl.1"));
    assert_ne!(older[0]["delivery"]["state"], records[0]["delivery"]["state"]);
}

#[test]
fn results_may_lie_beside_deliveries_and_are_none() {
    let place = place();
    copy(&place, "incoming/void-sensor.ogg", "in/single.ogg");
    let args = ["watch", "in", "--index", "index", "--settle", "0", "--once", "--csv", "--report"];
    place.run(&args).expect(0);
    for form in ["jsonl", "csv", "html"] {
        assert!(place.path(&format!("in/single.ogg.soundalike.{form}")).exists(), "{form}");
    }
    let before = listing(&place.path("in"));
    place.run(&args).expect(0);
    assert_eq!(listing(&place.path("in")), before);
}

#[test]
fn what_came_days_before_is_seen_again() {
    let place = place();
    let keep = ["--keep", "seen"];
    copy(&place, "incoming/void-sensor.ogg", "in/monday/first.ogg");
    let cluster = |name: &str| all(&result(&place, name), "cluster");
    watch(&place, &keep).expect(0);
    assert!(cluster("monday").is_empty());
    // The same file under another name, and one that is cut at its end.
    copy(&place, "incoming/void-sensor.ogg", "in/tuesday/other name.ogg");
    watch(&place, &keep);
    let clip = fs::read(place.path("incoming/void-sensor.ogg")).unwrap();
    fs::create_dir(place.path("in/wednesday")).unwrap();
    place.write("in/wednesday/cut.ogg", &clip[..clip.len() * 9 / 10]);
    watch(&place, &keep);
    for (day, own) in [("tuesday", "other name.ogg"), ("wednesday", "cut.ogg")] {
        let clusters = cluster(day);
        assert_eq!(clusters.len(), 1, "{day}");
        let members = clusters[0]["member_details"].as_array().unwrap();
        let earlier: Vec<&Value> = members.iter().filter(|m| m["earlier"] == true).collect();
        assert_eq!((members.len(), earlier.len()), (2, 1), "{day}: {members:?}");
        assert!(earlier[0]["path"].as_str().unwrap().ends_with("monday/first.ogg"));
        assert!(members.iter().any(|m| m["path"].as_str().unwrap().ends_with(own)), "{day}");
    }
    // Killed after its tracks were added and before the result was there: the next run ends as this one.
    let whole = result(&place, "tuesday");
    fs::remove_file(place.path("out/tuesday.soundalike.jsonl")).unwrap();
    watch(&place, &keep);
    assert_eq!(all(&result(&place, "tuesday"), "cluster").len(), all(&whole, "cluster").len());
    let seen = place.run(&["index", "list", "--index", "seen", "--format", "jsonl"]).expect(0);
    assert_eq!(seen.all("reference").len(), 2, "each content once");
}

/// Runs without end, with its folder looked at each second.
fn start(place: &Place) -> Child {
    let args = ["watch", "in", "--index", "index", "--out", "out", "--settle", "0"];
    let mut command = place.command(&[&args[..], &["--interval", "1", "--threads", "1"]].concat());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[track_caller]
fn wait_for(what: &str, mut there: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(120);
    while !there() {
        assert!(Instant::now() < end, "waited for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A delivery that takes a while, and a run that has begun it.
fn begun(place: &Place) -> (Child, PathBuf) {
    for i in 0..70 {
        // Contents that differ, so that each is work.
        let name = format!("in/big/{i:02}.mp3");
        copy(place, "incoming/night-drive.mp3", &name);
        let mut bytes = fs::read(place.path(&name)).unwrap();
        bytes.truncate(bytes.len() - 100 * i);
        place.write(&name, bytes);
    }
    let child = start(place);
    let draft = place.path("out/.big.soundalike.jsonl.tmp");
    wait_for("the draft", || fs::metadata(&draft).is_ok_and(|m| m.len() > 0));
    (child, draft)
}

#[test]
fn killed_on_the_way_the_next_run_gives_the_whole_result() {
    let place = place();
    let (mut child, draft) = begun(&place);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(draft.exists() && !place.path("out/big.soundalike.jsonl").exists());

    watch(&place, &[]).expect(1);
    let records = result(&place, "big");
    assert_eq!(records.last().unwrap()["scanned"], 70);
    assert_eq!(records.last().unwrap()["interrupted"], false);
    assert!(!draft.exists());
}

#[cfg(unix)]
fn signal(child: &Child, name: &str) {
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args([name, &pid]).status().unwrap().success());
}

#[cfg(unix)]
#[test]
fn a_signal_on_the_way_leaves_no_half_result() {
    let place = place();
    let (child, draft) = begun(&place);
    signal(&child, "-INT");
    let outcome = Outcome::of(child.wait_with_output().unwrap()).expect(130);
    assert!(outcome.stderr.contains("big: cut short"), "{outcome:#?}");
    assert!(!draft.exists() && !place.path("out/big.soundalike.jsonl").exists());
}

#[cfg(unix)]
#[test]
fn an_index_that_is_away_for_a_while_is_waited_for() {
    let place = place();
    let child = start(&place);
    let lock = place.path("out/.soundalike-watch.lock");
    wait_for("the lock", || lock.exists());
    // Until it watches, the index is opened.
    wait_for("the second to be refused", || watch(&place, &[]).code == Some(5));
    copy(&place, "incoming/void-sensor.ogg", "in/first.ogg");
    wait_for("a result", || place.path("out/first.ogg.soundalike.jsonl").exists());
    fs::rename(place.path("index"), place.path("away")).unwrap();
    copy(&place, "incoming/night-drive.mp3", "in/second.mp3");
    std::thread::sleep(Duration::from_secs(3));
    assert!(!place.path("out/second.mp3.soundalike.jsonl").exists());
    fs::rename(place.path("away"), place.path("index")).unwrap();
    wait_for("a result", || place.path("out/second.mp3.soundalike.jsonl").exists());
    signal(&child, "-TERM");
    let outcome = Outcome::of(child.wait_with_output().unwrap()).expect(130);
    assert!(outcome.stderr.contains("next attempt in 2 s"), "{outcome:#?}");
}

#[cfg(unix)]
#[test]
fn one_watches_until_a_signal_comes() {
    let place = place();
    let child = start(&place);
    let lock = place.path("out/.soundalike-watch.lock");
    wait_for("the lock", || lock.exists());
    wait_for("the second to be refused", || watch(&place, &[]).code == Some(5));
    copy(&place, "incoming/night-drive.mp3", "single.mp3");
    fs::rename(place.path("single.mp3"), place.path("in/single.mp3")).unwrap();
    let done = place.path("out/single.mp3.soundalike.jsonl");
    wait_for("the result", || done.exists());
    signal(&child, "-TERM");
    let outcome = Outcome::of(child.wait_with_output().unwrap()).expect(130);
    assert!(outcome.stderr.contains("single.mp3: done: 1 upload"), "{outcome:#?}");
    assert!(outcome.stderr.contains("stopped"), "{outcome:#?}");
    watch(&place, &[]).expect(0);
}

#[test]
fn mistakes_show_at_the_start() {
    let place = place();
    for args in [
        &["watch", "none", "--index", "index", "--once"][..],
        &["watch", "in", "--once"],
        &["watch", "in", "--index", "index", "--once", "--policy", "none"],
        &["watch", "in", "--index", "index", "--keep", "a", "--earlier", "b"],
    ] {
        place.run(args).expect(2);
    }
    place.run(&["watch", "in", "--index", "none", "--once"]).expect(4);
}

/// Whoever watches `in` into `out` decides on its index.
fn decide(place: &Place, args: &[&str]) -> Outcome {
    let rest = ["--index", "index", "--reason", "told so", "--who", "ana"];
    place.run(&[args, &rest].concat()).expect(0)
}

fn verdict(records: &[Value]) -> (String, Vec<String>) {
    let verdict = &all(records, "verdict")[0];
    let decisions = verdict["decisions"].as_array().unwrap().iter();
    let decisions = decisions.map(|d| d.as_str().unwrap().to_owned()).collect();
    (verdict["verdict"].as_str().unwrap().to_owned(), decisions)
}

#[test]
fn what_was_held_is_released_and_what_passed_is_told_of_once_somebody_has_decided() {
    let place = place();
    copy(&place, "incoming/night-drive.mp3", "in/drive.mp3");
    copy(&place, "incoming/void-sensor.ogg", "in/void.ogg");
    let args = ["--fail-on", "review", "--csv", "--report", "--audit"];
    watch(&place, &args).expect(1);
    let before = result(&place, "drive.mp3");
    assert_eq!(verdict(&before), ("review".into(), vec![]));
    assert_eq!(verdict(&result(&place, "void.ogg")).0, "clear");
    // No audio is read: there is none any more, and the deliveries have left the folder.
    fs::copy(place.path("in/void.ogg"), place.path("void.ogg")).unwrap();
    fs::remove_file(place.path("in/drive.mp3")).unwrap();
    fs::remove_file(place.path("in/void.ogg")).unwrap();

    let id = all(&before, "match")[0]["match_id"].as_str().unwrap().to_owned();
    let allowed = decide(&place, &["allow", "add", "--match", &id]).stdout;
    let blocked = decide(&place, &["block", "add", "--audio", "void.ogg"]).stdout;
    let outcome = watch(&place, &args).expect(1);
    assert_eq!(outcome.stderr.matches("judged again").count(), 2, "{outcome:#?}");
    assert!(!outcome.stderr.contains("begun"), "{outcome:#?}");
    let released = result(&place, "drive.mp3");
    let (level, decisions) = verdict(&released);
    assert_eq!(level, "clear");
    assert!(allowed.starts_with(&decisions[0]), "{allowed} {decisions:?}");
    assert_eq!(all(&released, "match")[0]["allowed_by"].as_str(), Some(&*decisions[0]));
    assert_eq!(all(&released, "summary")[0]["matched"], 0);
    assert_eq!(all(&released, "summary")[0]["exit_code"], 0);
    assert_eq!(all(&released, "evidence"), all(&before, "evidence"), "what was heard stays");
    assert!(released[0]["judged_at"].is_string() && before[0]["judged_at"].is_null());
    assert_eq!(released[0]["started_at"], before[0]["started_at"]);
    let note = &all(&released, "note")[0];
    assert_eq!(note["code"], "judged_again");
    assert!(note["message"].as_str().unwrap().contains("was review, is clear now"), "{note}");
    let table = fs::read_to_string(place.path("out/drive.mp3.soundalike.csv")).unwrap();
    assert!(table.contains(",clear,") && !table.contains(",review,"), "{table}");
    let flagged = result(&place, "void.ogg");
    let (level, decisions) = verdict(&flagged);
    assert_eq!(level, "reject");
    assert!(blocked.starts_with(&decisions[0]), "{blocked} {decisions:?}");
    let page = fs::read_to_string(place.path("out/void.ogg.soundalike.html")).unwrap();
    assert!(page.contains(&decisions[0]), "the page says what the records say");

    // Once, and a restart does nothing twice.
    let files = listing(&place.path("out"));
    let outcome = watch(&place, &args).expect(0);
    assert!(!outcome.stderr.contains("judged again"), "{outcome:#?}");
    assert_eq!(listing(&place.path("out")), files);

    // What is decided is taken back.
    decide(&place, &["allow", "remove", &allowed[..18]]);
    let outcome = watch(&place, &args).expect(1);
    assert_eq!(outcome.stderr.matches("judged again").count(), 1, "{outcome:#?}");
    let again = result(&place, "drive.mp3");
    assert_eq!(verdict(&again), ("review".into(), vec![]));
    assert_eq!(all(&again, "match"), all(&before, "match"));
    assert_eq!(all(&again, "finding"), all(&before, "finding"));
    let log = fs::read_to_string(place.path("index.decisions.jsonl")).unwrap();
    let entered: Vec<&str> = log.lines().filter(|l| l.contains("\"verdict\":")).collect();
    assert_eq!(entered.len(), 4, "each change is entered, too: {entered:#?}");
}

/// Nobody does anything but wait: what was allowed until the end of a day is held again on the next, and told of once.
#[test]
fn a_decision_that_runs_out_is_judged_without_anybody_doing_anything() {
    let place = place();
    copy(&place, "incoming/night-drive.mp3", "in/drive.mp3");
    let at = |now: &str| watch(&place, &["--fail-on", "review", "--now", now]);
    at("2090-03-01T08:00:00Z").expect(1);
    let before = result(&place, "drive.mp3");
    let id = all(&before, "match")[0]["match_id"].as_str().unwrap().to_owned();
    decide(&place, &["allow", "add", "--match", &id, "--expires", "2090-03-10"]);
    let levels = [
        ("2090-03-02T08:00:00Z", "clear", 0, true),
        // The whole of its last day it holds.
        ("2090-03-10T23:59:59Z", "clear", 0, false),
        ("2090-03-11T00:00:00Z", "review", 1, true),
        ("2090-03-12T00:00:00Z", "reject", 1, true),
        ("2090-03-20T11:59:59Z", "reject", 0, false),
        ("2090-03-20T12:00:00Z", "review", 1, true),
        ("2090-04-01T00:00:00Z", "review", 0, false),
    ];
    for (now, level, exit, is_told) in levels {
        if now.starts_with("2090-03-12") {
            let block = ["block", "add", "--audio", "in/drive.mp3", "--reason", "told so"];
            let until =
                ["--decisions", "index.decisions.jsonl", "--expires", "2090-03-20T12:00:00Z"];
            place.run(&[&block[..], &until].concat()).expect(0);
        }
        let outcome = at(now).expect(exit);
        assert_eq!(outcome.stderr.contains("judged again"), is_told, "{now}: {outcome:#?}");
        assert!(!outcome.stderr.contains("begun"), "{now}: nothing is heard again: {outcome:#?}");
        assert_eq!(verdict(&result(&place, "drive.mp3")).0, level, "{now}");
    }
    let again = result(&place, "drive.mp3");
    assert_eq!(again[0]["judged_at"], "2090-03-20T12:00:00Z");
    let note = all(&again, "note")[0]["message"].as_str().unwrap().to_owned();
    assert!(note.contains("was reject, is review now, as a decision is not in force"), "{note}");
    assert_eq!(all(&again, "finding"), all(&before, "finding"));
    place.run(&["watch", "in", "--index", "index", "--now", "2090-03-01T08:00:00Z"]).expect(2);
}

#[test]
fn a_decision_about_members_counts_for_their_cluster_as_long_as_it_stands() {
    let place = place();
    for n in 1..=3 {
        copy(&place, "incoming/void-sensor.ogg", &format!("in/bulk/{n}.ogg"));
    }
    place.write(
        "in/bulk/meta.csv",
        "file,title,artist,account\n1.ogg,A,X,acc\n2.ogg,B,Y,acc\n3.ogg,C,Z,acc\n",
    );
    watch(&place, &[]);
    let before = result(&place, "bulk");
    let score = |records: &[Value]| all(records, "cluster")[0]["score"].as_f64().unwrap();
    assert!(score(&before) > 40.0, "{before:#?}");
    let id = decide(&place, &["allow", "add", "--account", "acc"]).stdout[..18].to_owned();
    watch(&place, &[]).expect(0);
    let released = result(&place, "bulk");
    assert!(score(&released) < 1.0);
    assert!(all(&released, "verdict").iter().all(|v| v["verdict"] == "clear"));
    decide(&place, &["allow", "remove", &id]);
    watch(&place, &[]);
    let again = result(&place, "bulk");
    for kind in ["cluster", "finding", "verdict"] {
        assert_eq!(all(&again, kind), all(&before, kind), "{kind}");
    }
}
