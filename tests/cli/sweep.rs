//! Sweeps: what is new on either side, once, whatever cuts them short.

use std::fs::{self, OpenOptions};
use std::io::Read;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::place::{Outcome, Place, assert_ms, file_name};
use crate::test_random::Random;

const SIDES: [&str; 7] = ["sweep", "--index", "refs", "--catalogue", "own", "--state", "state"];

fn sweep(place: &Place, args: &[&str]) -> Outcome {
    place.run(&[&SIDES[..], &["--format", "jsonl"], args].concat())
}

/// Adds clips of the demo to an index.
fn add(place: &Place, index: &str, clips: &[&str]) {
    place.run(&[&["index", "add", "--index", index], clips].concat()).expect(0);
}

fn night(references: &[&str], catalogue: &[&str]) -> Place {
    let place = Place::demo();
    add(&place, "refs", references);
    add(&place, "own", catalogue);
    place
}

/// File names of track and reference of every match reported.
fn pairs(outcome: &Outcome) -> Vec<(String, String)> {
    let name = |m: &Value, side: &str| file_name(&m[side]["path"]);
    outcome.all("match").iter().map(|m| (name(m, "query"), name(m, "reference"))).collect()
}

fn pair(track: &str, reference: &str) -> (String, String) {
    (track.to_owned(), reference.to_owned())
}

fn findings(place: &Place) -> PathBuf {
    place.path("state/findings.jsonl")
}

/// Match lines on record, without the time and the number of the run.
fn on_record(place: &Place) -> Vec<Value> {
    let text = fs::read_to_string(findings(place)).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["type"] == "match").collect()
}

const THEME: &str = "references/main-theme.ogg";
const GEOSCAPE: &str = "references/geoscape.ogg";
const JAZZ: &str = "references/typing-to-jazz.ogg";
const ZALEK: &str = "references/zalek.ogg";
const DRIVE: &str = "incoming/night-drive.mp3";
const MEDLEY: &str = "incoming/summer-medley.m4a";
const VOID: &str = "incoming/void-sensor.ogg";

#[test]
fn what_is_new_is_reported_once() {
    let place = night(&[THEME, ZALEK], &[DRIVE, VOID]);
    let first = sweep(&place, &["--fail-on", "review"]).expect(1);
    assert_eq!(pairs(&first), [pair("night-drive.mp3", "main-theme.ogg")]);
    let record = first.one("sweep");
    assert_eq!((&record["pairs"], &record["matches"]), (&4.into(), &1.into()));
    assert_eq!(record["references"]["new"], 2);
    assert_eq!(record["catalogue"]["new"], 2);
    assert_eq!(first.one("verdict")["verdict"], "review");
    assert_eq!(first.one("finding")["rule"], "AUDIO-003");
    assert_eq!(first.one("summary")["exit_code"], 1);
    let progress = fs::read(place.path("state/progress.jsonl")).unwrap();

    let second = sweep(&place, &["--fail-on", "clear"]).expect(0);
    assert!(pairs(&second).is_empty(), "{second:#?}");
    assert_eq!(second.one("sweep")["unchanged"], true);
    assert_eq!(fs::read(place.path("state/progress.jsonl")).unwrap(), progress);

    let all = sweep(&place, &["--all", "--fail-on", "clear"]).expect(1);
    assert_eq!(all.all("match"), first.all("match"));
    assert_eq!(all.all("finding"), first.all("finding"));
}

#[test]
fn a_new_reference_finds_the_tracks_that_were_there_before() {
    let place = night(&[ZALEK], &[DRIVE, MEDLEY, VOID]);
    assert!(pairs(&sweep(&place, &[]).expect(0)).is_empty());
    add(&place, "refs", &[GEOSCAPE, JAZZ]);
    let found = sweep(&place, &[]).expect(0);
    let medley = |reference| pair("summer-medley.m4a", reference);
    assert_eq!(pairs(&found), [medley("geoscape.ogg"), medley("typing-to-jazz.ogg")]);
    let record = found.one("sweep");
    assert_eq!((&record["pairs"], &record["references"]["new"]), (&6.into(), &2.into()));
    assert_eq!(record["catalogue"]["new"], 0);

    // The track is the query, as in a scan: offsets and coverage on their sides.
    let scan = place.run(&["scan", "--index", "refs", "--format", "jsonl", MEDLEY]).expect(1);
    for (m, scanned) in found.all("match").iter().zip(scan.all("match")) {
        assert_eq!(m["match_id"], scanned["match_id"]);
        assert_eq!(m["match_kind"], scanned["match_kind"]);
        for side in ["query", "reference"] {
            assert_eq!(m[side]["path"], scanned[side]["path"]);
            assert_eq!(m[side]["title"], scanned[side]["title"]);
            assert_eq!(m[side]["duration_ms"], scanned[side]["duration_ms"]);
        }
        let (ours, theirs) = (&m["segments"][0], &scanned["segments"][0]);
        for offset in [
            "sample_begin_time_offset_ms",
            "sample_end_time_offset_ms",
            "db_begin_time_offset_ms",
            "db_end_time_offset_ms",
        ] {
            assert_ms(&ours[offset], theirs[offset].as_i64().unwrap(), 500);
        }
        for pct in ["query_match_pct", "asset_match_pct"] {
            let (ours, theirs) = (m[pct].as_f64().unwrap(), scanned[pct].as_f64().unwrap());
            assert!((ours - theirs).abs() < 4.0, "{pct}: {ours}, {theirs}");
        }
    }
}

#[test]
fn a_new_track_is_compared_with_all_references() {
    let place = night(&[THEME, GEOSCAPE, JAZZ, ZALEK], &[VOID]);
    assert!(pairs(&sweep(&place, &[]).expect(0)).is_empty());
    // Added by the sweep itself; what is there already is passed over.
    let found = sweep(&place, &["--fail-on", "review", DRIVE, VOID]).expect(1);
    assert_eq!(pairs(&found), [pair("night-drive.mp3", "main-theme.ogg")]);
    let record = found.one("sweep");
    assert_eq!((&record["pairs"], &record["catalogue"]["new"]), (&4.into(), &1.into()));
    assert_eq!(record["catalogue"]["index"]["tracks"], 2);
    let unreadable = sweep(&place, &["incoming/not-audio.mp3"]).expect(3);
    assert_eq!(unreadable.one("error")["subject"], "incoming/not-audio.mp3");
}

#[test]
fn many_new_references_report_no_known_pair_again() {
    let place = night(&[THEME], &[DRIVE, MEDLEY]);
    assert_eq!(pairs(&sweep(&place, &[]).expect(0)).len(), 1);
    // More references than tracks: the tracks are gone over anew.
    add(&place, "refs", &[GEOSCAPE, JAZZ, ZALEK]);
    let found = sweep(&place, &[]).expect(0);
    assert!(pairs(&found).iter().all(|(track, _)| track == "summer-medley.m4a"), "{found:#?}");
    assert_eq!(pairs(&found).len(), 2);
    let record = found.one("sweep");
    assert_eq!((&record["known"], &record["catalogue"]["new"]), (&1.into(), &0.into()));
    assert_eq!(record["references"]["new"], 3);
}

#[test]
fn what_was_removed_is_forgotten_and_new_when_it_comes_back() {
    let place = night(&[THEME, ZALEK], &[DRIVE, VOID]);
    sweep(&place, &[]).expect(0);
    place.run(&["index", "remove", "--index", "refs", THEME]).expect(0);
    let record = sweep(&place, &["--all"]).expect(0).one("sweep");
    assert_eq!((&record["references"]["removed"], &record["matches"]), (&1.into(), &0.into()));
    add(&place, "refs", &[THEME]);
    let found = sweep(&place, &[]).expect(0);
    assert_eq!(pairs(&found), [pair("night-drive.mp3", "main-theme.ogg")]);
}

#[test]
fn decisions_and_policies_apply() {
    let place = night(&[THEME], &[DRIVE]);
    place
        .command(&[
            "allow", "add", "--pair", DRIVE, THEME, "--reason", "licensed", "--index", "refs",
        ])
        .env("USER", "ada")
        .output()
        .unwrap();
    let found = sweep(&place, &["--policy", "spotify", "--fail-on", "review"]).expect(0);
    assert!(found.one("match")["allowed_by"].is_string(), "{found:#?}");
    assert_eq!(found.one("verdict")["verdict"], "clear");
    assert_eq!(found.one("begin")["policy"][0]["id"], "spotify");
    let log = place.run(&["audit", "list", "--index", "refs", "--kind", "verdict"]).expect(0);
    assert!(log.stdout.contains("night-drive.mp3"), "{log:#?}");
    sweep(&place, &["--policy", "nonesuch"]).expect(2);
}

#[test]
fn a_changed_copy_reads_from_the_track_to_the_reference() {
    // The same samples said to be taken at a rate a tenth higher.
    let place = Place::demo();
    place.write("fast.wav", wav(24_255));
    add(&place, "own", &["fast.wav"]);
    add(&place, "refs", &[ZALEK]);
    sweep(&place, &[]).expect(0);
    place.write("slow.wav", wav(22_050));
    add(&place, "refs", &["slow.wav"]);
    let found = sweep(&place, &[]).expect(1);
    assert_eq!(found.one("finding")["rule"], "AUDIO-002");
    let Some(m) = found.all("match").into_iter().next() else { panic!("{found:#?}") };
    assert_eq!(file_name(&m["query"]["path"]), "fast.wav");
    let factor = m["time_factor"].as_f64().unwrap();
    assert!((factor - 24_255.0 / 22_050.0).abs() < 0.01, "{factor}");
    assert!(m["pitch_cents"].as_f64().unwrap() > 100.0, "{m}");
}

/// Eleven seconds of made-up melody as 16-bit samples that claim to be taken at `rate`.
fn wav(rate: u32) -> Vec<u8> {
    let mut random = Random::new(7);
    let mut samples = Vec::new();
    for _ in 0..80 {
        let mut voices = [0.0f64; 3];
        for voice in &mut voices {
            *voice = 220.0 * 2f64.powf(f64::from(random.below(32)) / 12.0);
        }
        for i in 0..3000u32 {
            let t = f64::from(i) / 22_050.0;
            let tone = |hz: &f64| (t * hz * std::f64::consts::TAU).sin() * (-6.0 * t).exp();
            samples.push((voices.iter().map(tone).sum::<f64>() * 9000.0) as i16);
        }
    }
    let length = 2 * samples.len() as u32;
    let mut out = b"RIFF".to_vec();
    out.extend((36 + length).to_le_bytes());
    out.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    out.extend(rate.to_le_bytes());
    out.extend((2 * rate).to_le_bytes());
    out.extend(b"\x02\0\x10\0data");
    out.extend(length.to_le_bytes());
    samples.iter().for_each(|s| out.extend(s.to_le_bytes()));
    out
}

#[test]
fn the_text_is_one_screen_after_the_matches() {
    let place = night(&[THEME], &[DRIVE]);
    let text = place.run(&SIDES).expect(0).stdout;
    let summary = &text[text.find("Sweep 1 of").unwrap()..];
    assert!(text.contains("MATCH") && summary.lines().count() <= 24, "{text}");
    for word in ["AUDIO-003", "1 new", "Night Drive", "0:07", "--all"] {
        assert!(summary.contains(word), "{word}: {text}");
    }
    let again = place.run(&SIDES).expect(0).stdout;
    assert!(again.contains("nothing has changed") && !again.contains("MATCH"), "{again}");
}

/// Cuts a file to `bytes`, as a crash would.
fn cut(path: &PathBuf, bytes: usize) {
    OpenOptions::new().write(true).open(path).unwrap().set_len(bytes as u64).unwrap();
}

#[test]
fn cut_short_anywhere_it_ends_as_if_it_had_not_been() {
    let all = [THEME, GEOSCAPE, JAZZ, ZALEK];
    let place = night(&all, &[DRIVE, MEDLEY, VOID]);
    let whole = sweep(&place, &[]).expect(0);
    let record = on_record(&place);
    assert_eq!(record.len(), 3);
    let progress = fs::read(place.path("state/progress.jsonl")).unwrap();
    let found = fs::read(findings(&place)).unwrap();
    let header = progress.iter().position(|b| *b == b'\n').unwrap() + 1;
    let run_line = found.iter().position(|b| *b == b'\n').unwrap() + 1;
    // Findings are written before progress: with all of the findings, any progress; without, none yet.
    let mut states = vec![];
    for at in [header, header + 40, progress.len() - 60, progress.len() - 1] {
        states.push((at, found.len()));
    }
    let first_lines = progress[..header].len();
    for at in [run_line, run_line + 100, found.len() - 1, found.len() / 2] {
        states.push((first_lines, at));
    }
    for (progress_at, found_at) in states {
        fs::write(place.path("state/progress.jsonl"), &progress).unwrap();
        fs::write(findings(&place), &found).unwrap();
        cut(&place.path("state/progress.jsonl"), progress_at);
        cut(&findings(&place), found_at);
        let resumed = sweep(&place, &[]).expect(0);
        let what = format!("cut at {progress_at}, {found_at}: {resumed:#?}");
        assert_eq!(resumed.all("match"), whole.all("match"), "{what}");
        assert_eq!(resumed.all("verdict"), whole.all("verdict"), "{what}");
        assert_eq!(resumed.one("sweep")["resumed"], true, "{what}");
        assert_eq!(on_record(&place), record, "{what}");
        assert!(pairs(&sweep(&place, &[]).expect(0)).is_empty(), "{what}");
    }
}

/// Tracks enough to be killed among: the clips, each with a byte more to make another file of it.
fn crowd(place: &Place, copies: usize) {
    fs::create_dir(place.path("crowd")).unwrap();
    for clip in [DRIVE, VOID] {
        let bytes = fs::read(place.path(clip)).unwrap();
        let (stem, end) = clip.rsplit_once('/').unwrap().1.split_once('.').unwrap();
        for i in 0..copies {
            let mut bytes = bytes.clone();
            bytes.extend([0, i as u8]);
            place.write(&format!("crowd/{stem}-{i}.{end}"), bytes);
        }
    }
    add(place, "own", &["crowd"]);
}

#[test]
fn killed_at_any_time_it_goes_on_where_it_was() {
    let place = Place::demo();
    add(&place, "refs", &[THEME, GEOSCAPE, JAZZ, ZALEK]);
    crowd(&place, 40);
    let whole = sweep(&place, &["--limit", "1000"]).expect(0);
    assert_eq!(pairs(&whole).len(), 40);
    fs::rename(place.path("state"), place.path("whole")).unwrap();

    let mut kills = 0;
    for delay in 1..12 {
        let mut child = place
            .command(&[&SIDES[..], &["--format", "jsonl", "--threads", "1"]].concat())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // A little later each time, so that it gets on.
        let deadline = Instant::now() + Duration::from_millis(60 * delay);
        while Instant::now() < deadline && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(5));
        }
        if child.try_wait().unwrap().is_some() {
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
    }
    assert!(kills > 0);
    // The last of them may have come to its end; what counts is what is on record.
    let last = sweep(&place, &["--all", "--limit", "1000"]).expect(0);
    assert_eq!(last.all("match"), whole.all("match"));
    assert_eq!(last.all("verdict"), whole.all("verdict"));
    assert_eq!(on_record(&place).len(), 40);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let place = night(&[THEME, GEOSCAPE, JAZZ, ZALEK], &[DRIVE, MEDLEY, VOID]);
    sweep(&place, &["--threads", "1"]).expect(0);
    let one = on_record(&place);
    sweep(&place, &["--restart", "--threads", "4"]).expect(0);
    assert_eq!(on_record(&place), one);
    assert!(place.path("state/findings.jsonl.old").exists());
}

#[test]
fn a_damaged_state_is_named_and_can_be_put_aside() {
    let place = night(&[THEME], &[DRIVE]);
    sweep(&place, &[]).expect(0);
    for (name, content, told) in [
        ("progress.jsonl", &b""[..], "first line is missing"),
        ("progress.jsonl", b"{}\n", "line 1"),
        ("progress.jsonl", b"\xff\xfe\n", "line 1"),
        ("progress.jsonl", b"{\"format\":\"soundalike-sweep\",\"version\":9}\n", "version 9"),
        ("findings.jsonl", b"{\"type\":\"match\"}\n", "line 1"),
        ("findings.jsonl", b"no json\n", "line 1"),
        ("findings.jsonl", b"", "shorter"),
    ] {
        let path = place.path(&format!("state/{name}"));
        let sound = fs::read(&path).unwrap();
        fs::write(&path, content).unwrap();
        let failed = sweep(&place, &[]).expect(4);
        assert!(failed.stderr.contains(name) && failed.stderr.contains(told), "{failed:#?}");
        assert!(failed.stderr.contains("--restart"), "{failed:#?}");
        fs::write(&path, sound).unwrap();
    }
    place.write("state/progress.jsonl", "no json\n");
    let anew = sweep(&place, &["--restart"]).expect(0);
    assert_eq!(pairs(&anew).len(), 1);
}

#[test]
fn a_bit_that_flips_in_what_was_found_is_an_error_and_no_other_result() {
    let place = night(&[THEME, ZALEK], &[DRIVE, MEDLEY]);
    sweep(&place, &[]).expect(0);
    let sound = fs::read(findings(&place)).unwrap();
    let whole = sweep(&place, &["--all"]).expect(0);
    let mut random = Random::new(11);
    for _ in 0..60 {
        let bit = (random.bits() % (8 * sound.len() as u64)) as usize;
        let mut bytes = sound.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(findings(&place), &bytes).unwrap();
        let line = sound[..bit / 8].iter().filter(|b| **b == b'\n').count() + 1;
        let told = sweep(&place, &["--all"]);
        // Where the end of a line went, the two of them are one that is too much.
        assert_eq!(told.code, Some(4), "bit {bit}: {told:#?}");
        let named = format!("findings.jsonl, line {line}");
        let is_end = sound[bit / 8] == b'\n';
        assert!(is_end || told.stderr.contains(&named), "bit {bit}, line {line}: {told:#?}");
    }
    fs::write(findings(&place), &sound).unwrap();
    assert_eq!(sweep(&place, &["--all"]).expect(0).all("match"), whole.all("match"));
    // A line less, with all that is recorded about the length made good.
    let lines: Vec<&[u8]> = sound.split_inclusive(|b| *b == b'\n').collect();
    add(&place, "own", &[VOID]);
    sweep(&place, &[]).expect(0);
    let more = fs::read(findings(&place)).unwrap();
    fs::write(findings(&place), &more[lines[0].len()..]).unwrap();
    sweep(&place, &["--all"]).expect(4);
}

#[test]
fn findings_of_a_version_before_are_taken_over_and_vouched_for_from_then_on() {
    let place = night(&[THEME, ZALEK], &[DRIVE, MEDLEY]);
    sweep(&place, &[]).expect(0);
    let whole = sweep(&place, &["--all"]).expect(0);
    // As it was written before: no sums. All of the state is longer than it was.
    let text = fs::read_to_string(findings(&place)).unwrap();
    let old: String = text
        .lines()
        .map(|line| match line.split_once(",\"before\":").or(line.split_once(",\"sum\":")) {
            Some((text, _)) => format!("{text}}}\n"),
            None => unreachable!(),
        })
        .collect();
    let progress = fs::read_to_string(place.path("state/progress.jsonl")).unwrap();
    let length = format!(":{}", text.len());
    let shorter = progress.replace(&length, &format!(":{}", old.len()));
    fs::write(place.path("state/progress.jsonl"), shorter).unwrap();
    fs::write(findings(&place), &old).unwrap();
    let told = sweep(&place, &["--all"]).expect(0);
    assert!(told.stderr.contains("without checksums"), "{told:#?}");
    assert_eq!(told.all("match"), whole.all("match"));
    let told = sweep(&place, &["--all"]).expect(0);
    assert!(!told.stderr.contains("without checksums"), "{told:#?}");
    let taken = fs::read_to_string(findings(&place)).unwrap();
    assert!(taken.starts_with(&old));
    fs::write(findings(&place), taken.replacen("\"score\":", "\"score\":1", 1)).unwrap();
    let told = sweep(&place, &["--all"]).expect(4);
    assert!(told.stderr.contains("findings.jsonl, line"), "{told:#?}");
}

#[test]
fn wrong_indexes_are_refused() {
    let place = night(&[THEME, ZALEK], &[DRIVE, VOID]);
    let args = ["--state", "state", "--format", "jsonl"];
    let same = [&["sweep", "--index", "refs", "--catalogue", "refs"], &args[..]].concat();
    place.run(&same).expect(2);
    let none = [&["sweep", "--index", "refs", "--catalogue", "none"], &args[..]].concat();
    place.run(&none).expect(4);
    sweep(&place, &[]).expect(0);
    // The other way round, the state would be lost without a word.
    let turned = [&["sweep", "--index", "own", "--catalogue", "refs"], &args[..]].concat();
    let refused = place.run(&turned).expect(2);
    assert!(refused.stderr.contains("other indexes"), "{refused:#?}");
    assert!(pairs(&sweep(&place, &[]).expect(0)).is_empty());
}

#[test]
#[cfg(unix)]
fn two_sweeps_at_once_are_refused() {
    let place = night(&[THEME], &[DRIVE]);
    // The first waits for a pipe among its PATHs, with the state in its hands.
    let pipe = std::process::Command::new("mkfifo").arg(place.path("pipe.ogg")).status();
    assert!(pipe.unwrap().success());
    let args = [&SIDES[..], &["--format", "jsonl", "pipe.ogg"]].concat();
    let mut first = place.command(&args).stdout(Stdio::piped()).spawn().unwrap();
    let held = OpenOptions::new().write(true).open(place.path("pipe.ogg")).unwrap();
    let second = sweep(&place, &[]).expect(5);
    assert!(second.stderr.contains("another sweep"), "{second:#?}");
    first.kill().unwrap();
    first.wait().unwrap();
    drop(held);
    let mut told = String::new();
    first.stdout.take().unwrap().read_to_string(&mut told).unwrap();
    sweep(&place, &[]).expect(0);
}

#[test]
#[cfg(unix)]
fn interrupted_it_keeps_what_was_done_and_says_so() {
    let place = night(&[THEME], &[DRIVE]);
    let pipe = std::process::Command::new("mkfifo").arg(place.path("pipe.ogg")).status();
    assert!(pipe.unwrap().success());
    let args = [&SIDES[..], &["--format", "jsonl", "pipe.ogg"]].concat();
    let child = place.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _held = OpenOptions::new().write(true).open(place.path("pipe.ogg")).unwrap();
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let outcome = Outcome::of(child.wait_with_output().unwrap()).expect(130);
    let record = outcome.one("sweep");
    assert_eq!((&record["interrupted"], &record["matches"]), (&true.into(), &0.into()));
    assert_eq!(outcome.one("summary")["exit_code"], 130);
    let next = sweep(&place, &[]).expect(0);
    assert_eq!(pairs(&next), [pair("night-drive.mp3", "main-theme.ogg")]);
}

#[test]
fn a_decision_made_since_the_last_sweep_is_told_without_listening_again() {
    let place = night(&[THEME, ZALEK], &[DRIVE, MEDLEY]);
    let first = sweep(&place, &[]).expect(0);
    assert!(sweep(&place, &[]).expect(0).all("match").is_empty());
    let found = first
        .all("match")
        .into_iter()
        .find(|m| file_name(&m["query"]["path"]) == "night-drive.mp3");
    let id = found.unwrap()["match_id"].as_str().unwrap().to_owned();
    let decide = |effect: &str| {
        let args =
            [effect, "add", "--match", &id, "--index", "refs", "--reason", "r", "--who", "w"];
        place.run(&args).expect(0).stdout[..18].to_owned()
    };
    let blocked = decide("block");
    // Its audio is not there any more.
    fs::remove_file(place.path(DRIVE)).unwrap();
    let told = sweep(&place, &[]).expect(0);
    assert_eq!(told.one("sweep")["judged_again"], 1);
    let verdict = told.one("verdict");
    assert_eq!(verdict["decisions"].as_array().map(Vec::len), Some(1), "{verdict}");
    assert!(told.stderr.contains("nothing was heard again"), "{told:#?}");
    let told = sweep(&place, &[]).expect(0);
    assert!(told.all("verdict").is_empty(), "told once: {told:#?}");
    let back = ["block", "remove", &blocked, "--index", "refs", "--reason", "r", "--who", "w"];
    place.run(&back).expect(0);
    let told = place.run(&SIDES).expect(0).stdout;
    assert!(!told.contains("nothing has changed") && told.contains("but decisions"), "{told}");
    assert!(told.contains("0 matches in 0 tracks"), "nothing is new: {told}");
    assert!(told.contains("told again  1 match in 1 track, judged otherwise by"), "{told}");
    let told = place.run(&SIDES).expect(0).stdout;
    assert!(told.contains("nothing has changed since"), "{told}");
}

/// Nobody decides anything: the time of a decision is over, and the next sweep says so, once.
#[test]
fn a_decision_that_runs_out_is_told_by_the_next_sweep() {
    let place = night(&[THEME, ZALEK], &[DRIVE, MEDLEY]);
    let at = |now: &str| sweep(&place, &["--now", now]).expect(0);
    let first = at("2090-03-01T08:00:00Z");
    let found = first.all("match").into_iter();
    let mut found = found.filter(|m| file_name(&m["query"]["path"]) == "night-drive.mp3");
    let id = found.next().unwrap()["match_id"].as_str().unwrap().to_owned();
    let until = ["--expires", "2090-03-10", "--reason", "r", "--who", "w"];
    place
        .run(&[&["allow", "add", "--match", &id, "--index", "refs"][..], &until].concat())
        .expect(0);
    let again = |told: &Outcome| told.one("sweep")["judged_again"].as_u64().unwrap_or(0);
    let level = |told: &Outcome| told.one("verdict")["verdict"].as_str().unwrap().to_owned();
    let held = first.all("verdict").into_iter();
    let mut held = held.filter(|v| file_name(&v["subject"]) == "night-drive.mp3");
    let held = held.next().unwrap()["verdict"].as_str().unwrap().to_owned();

    let allowed = at("2090-03-02T08:00:00Z");
    assert_eq!((again(&allowed), level(&allowed).as_str()), (1, "clear"));
    // The whole of its last day it holds.
    let told = at("2090-03-10T23:59:59Z");
    assert!(told.all("verdict").is_empty() && again(&told) == 0, "{told:#?}");
    let over = at("2090-03-11T00:00:00Z");
    assert_eq!((again(&over), level(&over)), (1, held));
    assert!(over.stderr.contains("by decisions made or run out since"), "{over:#?}");
    let told = at("2090-03-12T00:00:00Z");
    assert!(told.all("verdict").is_empty(), "told once: {told:#?}");
}
