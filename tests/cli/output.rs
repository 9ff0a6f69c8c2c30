//! The forms of output that other programs read.

use std::process::Stdio;

use serde_json::Value;

use crate::place::{Outcome, Place};

/// A field that programs outside rely on, and the kind of value it has.
type Field = (&'static str, fn(&Value) -> bool);

const MATCH_FIELDS: &[Field] = &[
    ("match_id", Value::is_string),
    ("match_kind", Value::is_string),
    ("accepted", Value::is_boolean),
    ("score", Value::is_number),
    ("log10_evalue", Value::is_number),
    ("query", Value::is_object),
    ("reference", Value::is_object),
    ("query_match_pct", Value::is_number),
    ("asset_match_pct", Value::is_number),
    ("modified", Value::is_boolean),
    ("time_factor", Value::is_number),
    ("frequency_factor", Value::is_number),
    ("pitch_cents", Value::is_number),
    ("segments", Value::is_array),
];
const QUERY_FIELDS: &[Field] = &[
    ("path", Value::is_string),
    ("sha256", Value::is_string),
    ("duration_ms", Value::is_u64),
    ("title", Value::is_string),
    ("artists", Value::is_array),
    ("external_ids", Value::is_object),
];
const REFERENCE_FIELDS: &[Field] = &[
    ("ref_id", Value::is_string),
    ("path", Value::is_string),
    ("title", Value::is_string),
    ("artists", Value::is_array),
    ("external_ids", Value::is_object),
    ("duration_ms", Value::is_u64),
];
const SEGMENT_FIELDS: &[Field] = &[
    ("sample_begin_time_offset_ms", Value::is_u64),
    ("sample_end_time_offset_ms", Value::is_u64),
    ("db_begin_time_offset_ms", Value::is_u64),
    ("db_end_time_offset_ms", Value::is_u64),
    ("time_factor", Value::is_number),
    ("pitch_cents", Value::is_number),
];
const SUMMARY_FIELDS: &[Field] = &[
    ("inputs", Value::is_u64),
    ("scanned", Value::is_u64),
    ("errors", Value::is_u64),
    ("audio_seconds", Value::is_number),
    ("wall_ms", Value::is_u64),
    ("realtime_factor", Value::is_number),
    ("exit_code", Value::is_u64),
];

const CSV_HEADER: &str = "path,result,match_kind,score,log10_evalue,ref_id,ref_path,ref_title,ref_artist,\
    ref_isrc,query_match_pct,asset_match_pct,modified,time_factor,pitch_cents,\
    sample_begin_ms,sample_end_ms,db_begin_ms,db_end_ms,segments,peaks_per_second,\
    isrc,title,artist,duration_ms,message,verdict,reasons,cluster_id,cluster_size,\
    cluster_score,ai_disclosure,account_id,match_id,started_at,channel,family_id,family_size,eligibility,decoder_trace,decoder_trace_score,credential,credential_says,credential_signer";

#[track_caller]
fn assert_fields(record: &Value, fields: &[Field]) {
    for (name, is_right) in fields {
        assert!(is_right(&record[name]), "{name} is {} in {record:#}", record[name]);
    }
}

#[test]
fn json_lines_keep_their_contract() {
    let place = Place::indexed(&["main-theme", "geoscape", "typing-to-jazz"]);
    let outcome = place.scan(&["incoming"]).expect(1);
    let records = outcome.records();
    assert!(records.iter().all(|r| r["type"].is_string()));
    assert_eq!(records.first().unwrap()["type"], "begin");
    assert_eq!(records.first().unwrap()["schema"], "soundalike/1");
    assert_eq!(records.first().unwrap()["index"]["tracks"], 3);
    assert_eq!(records.last().unwrap()["type"], "summary");
    assert_fields(records.last().unwrap(), SUMMARY_FIELDS);

    let matches = outcome.all("match");
    assert_eq!(matches.len(), 3);
    for found in &matches {
        assert_fields(found, MATCH_FIELDS);
        assert_fields(&found["query"], QUERY_FIELDS);
        assert_fields(&found["reference"], REFERENCE_FIELDS);
        for segment in found["segments"].as_array().unwrap() {
            assert_fields(segment, SEGMENT_FIELDS);
            let of = |field: &str| segment[field].as_u64().unwrap();
            assert!(of("sample_begin_time_offset_ms") < of("sample_end_time_offset_ms"));
            assert!(of("db_begin_time_offset_ms") < of("db_end_time_offset_ms"));
            let length = found["query"]["duration_ms"].as_u64().unwrap();
            assert!(of("sample_end_time_offset_ms") <= length, "beyond the end in {found:#}");
        }
    }
}

const NOW: &str = "2026-11-28T12:00:00Z";

#[test]
fn the_first_record_says_when_the_run_began_and_that_can_be_pinned() {
    let place = Place::indexed(&["main-theme"]);
    let clip = "incoming/night-drive.mp3";
    let began = |outcome: &Outcome| outcome.one("begin")["started_at"].as_str().unwrap().to_owned();
    let before = jiff::Timestamp::now().as_second();
    let time: jiff::Timestamp = began(&place.scan(&[clip])).parse().unwrap();
    assert!(before <= time.as_second() && time <= jiff::Timestamp::now());
    assert_eq!(began(&place.scan(&[clip, "--now", NOW])), NOW);
    let mut epoch = place.command(&["scan", clip, "--index", "index", "--format", "jsonl"]);
    let pinned = epoch.env("SOURCE_DATE_EPOCH", "1795867200").output().unwrap();
    assert_eq!(began(&Outcome::of(pinned)), NOW);
    let wrong = epoch.env("SOURCE_DATE_EPOCH", "noon").output().unwrap();
    assert!(Outcome::of(wrong).expect(2).stderr.contains("SOURCE_DATE_EPOCH"));

    // It is shown on the page, and kept with every verdict that is entered.
    let log = ["--audit", "--decisions", "log.jsonl", "--now", NOW];
    let scan = place.scan(&[&[clip], &log[..]].concat());
    let scan_params = scan.one("begin")["scan_params"].clone();
    place.write("scan.jsonl", scan.stdout);
    place.run(&["report", "scan.jsonl"]).expect(0);
    let page = std::fs::read_to_string(place.path("scan.html")).unwrap();
    assert!(page.contains("28 November 2026, 12:00 UTC"), "the page says when");
    let audit = ["audit", "list", "--decisions", "log.jsonl"];
    let entries = place.run(&[&audit[..], &["--format", "jsonl"]].concat()).expect(0);
    let entry: Value = serde_json::from_str(entries.stdout.lines().next().unwrap()).unwrap();
    assert_eq!(entry["started_at"], NOW);
    // So are the parameters that its E-values rest on.
    assert!(scan_params.as_str().is_some_and(|id| id.starts_with("v1 ")), "{scan_params}");
    assert_eq!(entry["scan_params"], scan_params);
    let text = place.run(&audit).expect(0).stdout;
    assert!(text.contains("scan of 2026-11-28T12:00:00Z"), "{text}");
    let text = place.run(&["scan", clip, "--index", "index", "--now", NOW]).expect(1).stdout;
    assert!(text.contains("on 2026-11-28 at 12:00 UTC"), "{text}");
}

#[test]
fn records_do_not_depend_on_the_number_of_threads() {
    let place = Place::demo();
    let run = |threads: &str| {
        let index = format!("index-{threads}");
        let add = ["index", "add", "references", "--index", &index, "--threads", threads];
        place.run(&add).expect(0);
        let scan = ["scan", "incoming", "--index", &index, "--format", "jsonl", "--min-level"];
        let outcome =
            place.run(&[&scan[..], &["candidate", "--now", NOW, "--threads", threads]].concat());
        without_times(&outcome.expect(1))
    };
    assert_eq!(run("1"), run("2"));
}

/// The lines of `outcome`, less what a clock has measured.
fn without_times(outcome: &Outcome) -> String {
    let (records, summary) = outcome.stdout.trim_end().rsplit_once('\n').unwrap();
    let mut summary: Value = serde_json::from_str(summary).unwrap();
    for field in ["wall_ms", "realtime_factor"] {
        assert!(summary.as_object_mut().unwrap().remove(field).is_some());
    }
    format!("{records}\n{summary}")
}

#[test]
fn candidates_below_the_line_are_shown_on_request_and_marked() {
    let place = Place::indexed(&["main-theme", "geoscape"]);
    let paths = ["incoming/night-drive.mp3", "incoming/void-sensor.ogg"];
    let scan = |extra: &[&str]| place.scan(&[&paths[..], extra].concat()).expect(1);
    let all = scan(&["--min-level", "candidate"]).all("match");
    for found in &all {
        let above = found["score"].as_f64().unwrap() >= 50.0;
        assert_eq!(found["accepted"], above, "{found:#}");
    }
    let accepted: Vec<_> = all.into_iter().filter(|m| m["accepted"] == true).collect();
    assert_eq!(accepted, scan(&[]).all("match"));
}

#[test]
fn limit_keeps_the_best_matches_of_each_file() {
    let place = Place::indexed(&["geoscape", "typing-to-jazz"]);
    let all = place.scan(&["incoming/summer-medley.m4a"]).expect(1).all("match");
    assert_eq!(all.len(), 2);
    let best = place.scan(&["incoming/summer-medley.m4a", "--limit", "1"]).expect(1).one("match");
    assert_eq!(best, all[0]);
    assert!(all[0]["score"].as_f64() >= all[1]["score"].as_f64());
}

#[test]
fn csv_has_stable_columns_and_a_row_for_every_input() {
    let place = Place::demo();
    let args = ["scan", "incoming", "--references", "references", "--format", "csv"];
    let outcome = place.run(&args).expect(1);
    assert_eq!(outcome.stdout.lines().next(), Some(CSV_HEADER));
    let mut table = csv::Reader::from_reader(outcome.stdout.as_bytes());
    let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    for (file, result) in [
        ("night-drive.mp3", "matched"),
        ("summer-medley.m4a", "matched"),
        ("funky-sax.mp3", "no_match"),
        ("void-sensor.ogg", "no_match"),
        ("not-audio.mp3", "error:not_audio"),
    ] {
        let row = rows.iter().find(|row| row[0].ends_with(file)).expect(file);
        assert_eq!(&row[1], result, "{file}");
    }
}

#[test]
fn csv_holds_no_formula_from_a_file_name_or_a_tag() {
    let place = Place::indexed(&["main-theme"]);
    place.copy("incoming/night-drive.mp3", "=cmd|' ,A1.mp3");
    place.write("catalogue.csv", "path,title,artist\nzalek.ogg,@SUM(A1),+1+1\n");
    place.add(&["references/zalek.ogg", "--metadata", "catalogue.csv"]);
    let args = ["scan", "--index", "index", "--format", "csv"];
    let args = [&args[..], &["=cmd|' ,A1.mp3", "references/zalek.ogg"]].concat();
    let outcome = place.run(&args).expect(1);
    let mut table = csv::Reader::from_reader(outcome.stdout.as_bytes());
    let header = table.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    let cell = |row: usize, column: &str| {
        let at = header.iter().position(|h| h == column).unwrap();
        rows[row][at].to_owned()
    };
    assert_eq!(cell(0, "path"), "'=cmd|' ,A1.mp3");
    assert_eq!(cell(1, "ref_title"), "'@SUM(A1)");
    assert_eq!(cell(1, "ref_artist"), "'+1+1");
    // Numbers stay numbers.
    assert!(cell(0, "log10_evalue").parse::<f64>().unwrap() < 0.0);
}

#[test]
fn control_characters_of_a_tag_do_not_reach_the_terminal() {
    let place = Place::demo();
    let index = place.run(&["index", "add", "references/zalek.ogg", "--index", "index"]);
    index.expect(0);
    let name = if cfg!(windows) { "plain.ogg" } else { "\u{1b}[2Jz.ogg" };
    place.copy("references/zalek.ogg", name);
    let outcome = place.run(&["scan", "--index", "index", name]).expect(1);
    assert!(!outcome.stdout.contains('\u{1b}'), "{:?}", outcome.stdout);
}

#[test]
fn reader_that_has_seen_enough_is_no_failure_and_hides_no_finding() {
    let place = Place::indexed(&["main-theme"]);
    for format in ["text", "jsonl", "csv"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let args = ["scan", "incoming/night-drive.mp3", "--index", "index", "--format", format];
        let output = place.command(&args).stdin(Stdio::null()).stdout(writer).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), stderr.as_str()), (Some(1), ""), "{format}");
    }
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let list = place.command(&["index", "list", "--index", "index"]).stdout(writer).output();
    assert_eq!(list.unwrap().status.code(), Some(0));
}
