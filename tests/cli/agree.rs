//! What two commands say of one match or one delivery must be the same.

use jiff::Timestamp;
use serde_json::{Value, json};
use soundalike::decisions::change::{Proposal, decide};
use soundalike::decisions::{Effect, Expiry, Target};

use crate::material::put;
use crate::place::{Outcome, Place};

#[test]
fn a_duo_delivered_again_is_one_artist_credit() {
    let place = Place::indexed(&["zalek"]);
    let table =
        |file: &str| format!("file,title,artists,account\n{file},Main Theme,\"Ann; Bob\",acme\n");
    std::fs::create_dir_all(place.path("queue/one")).unwrap();
    place.copy("references/main-theme.ogg", "queue/one/first.ogg");
    place.write("queue/one/batch.csv", table("first.ogg"));
    let watch = ["watch", "queue", "--index", "index", "--out", "results", "--keep", "kept"];
    place.run(&[&watch[..], &["--once", "--settle", "0", "--exit-zero"]].concat()).expect(0);
    // The same recording, encoded anew, by the same two.
    put(&place, "anew.wav", "again.wav");
    place.write("again.csv", table("again.wav"));
    let again = place.run(&[
        "scan",
        "again.csv",
        "--index",
        "index",
        "--earlier",
        "kept",
        "--format",
        "jsonl",
    ]);
    let cluster = again.one("cluster");
    assert_eq!(cluster["identity"]["artists"], 1, "{cluster}");
    let credits: Vec<&Value> =
        cluster["member_details"].as_array().unwrap().iter().map(|m| &m["artists"]).collect();
    assert_eq!(credits, [&json!(["Ann", "Bob"]), &json!(["Ann", "Bob"])]);
}

#[test]
fn who_is_credited_on_the_reference_imitates_nobody_there() {
    let place = Place::demo();
    let table = |file: &str| format!("file,title,artists\n{file},UFO,MC Menor DJ; MC Menor DR\n");
    place.write("refs.csv", table("references/main-theme.ogg"));
    place.write("own.csv", table("incoming/night-drive.mp3"));
    let add = ["index", "add", "--index", "index", "references/main-theme.ogg"];
    place.run(&[&add[..], &["--metadata", "refs.csv"]].concat()).expect(0);
    let scan = place.scan(&["own.csv"]);
    // Both are named wherever the reference is.
    let both = "by MC Menor DJ, MC Menor DR";
    let text = place.run(&["scan", "incoming/night-drive.mp3", "--index", "index"]).stdout;
    assert!(text.contains(both), "{text}");
    place.write("scan.jsonl", &scan.stdout);
    place.run(&["report", "scan.jsonl"]).expect(0);
    let page = std::fs::read_to_string(place.path("scan.html")).unwrap();
    assert!(page.contains("MC Menor DJ, MC Menor DR"), "the page names one");
    place.run(&["index", "add", "--index", "own", "incoming/night-drive.mp3"]).expect(0);
    let sweep = ["sweep", "--index", "index", "--catalogue", "own", "--state", "state"];
    let worst = place.run(&[&sweep[..], &["--format", "jsonl"]].concat()).one("sweep");
    let named = worst["worst"][0]["reference"].as_str().unwrap();
    assert!(named.contains("MC Menor DJ, MC Menor DR"), "{named}");
    let rules: Vec<Value> = scan.all("finding").iter().map(|f| f["rule"].clone()).collect();
    assert!(!rules.contains(&json!("META-011")), "{rules:?}");
}

#[test]
fn the_environment_brings_back_no_decision_that_has_expired() {
    let place = Place::indexed(&["main-theme"]);
    let clip = "incoming/night-drive.mp3";
    let log = ["--decisions", "log.jsonl"];
    let reference = place.scan(&[clip]).one("match")["reference"]["ref_id"].clone();
    let then: Timestamp = "2025-12-01T00:00:00Z".parse().unwrap();
    let allow = Proposal {
        effect: Effect::Allow,
        target: Target::reference(reference.as_str().unwrap()).unwrap(),
        reason: "licence".into(),
        who: "ana".into(),
        expires: Some(Expiry::parse("30d", then).unwrap()),
        index_id: None,
    };
    decide(&place.path("log.jsonl"), then, allow).unwrap();
    let scan = [&["scan", clip, "--index", "index", "--format", "jsonl"], &log[..]].concat();
    let mut command = place.command(&scan);
    let pinned = command.env("SOURCE_DATE_EPOCH", "315532800").output().unwrap();
    let pinned = Outcome::of(pinned).expect(1);
    assert_eq!(pinned.one("begin")["started_at"], "1980-01-01T00:00:00Z");
    assert_eq!(pinned.one("match")["allowed_by"], Value::Null);
    let then = place.run(&[&scan[..], &["--now", "2025-12-01T00:00:00Z"]].concat()).expect(0);
    assert!(then.one("match")["allowed_by"].is_string(), "who says so sees it as it stood then");
}

#[test]
fn a_row_of_metadata_that_cannot_be_used_shows_in_the_exit_status() {
    let place = Place::demo();
    let rows = "references/geoscape.ogg,T\n".repeat(1200);
    place.write("m.csv", format!("path,title\n{rows}"));
    let add =
        ["index", "add", "--index", "index", "references/geoscape.ogg", "--metadata", "m.csv"];
    let outcome = place.run(&[&add[..], &["--format", "jsonl"]].concat()).expect(3);
    let added = outcome.one("index_add");
    assert_eq!((&added["added"], &added["bad_rows"]), (&json!(1), &json!(1199)));
    let told = outcome.all("error");
    assert_eq!(told.len(), 1001, "not one line for each");
    assert!(
        told[1000]["message"].as_str().unwrap().starts_with("199 more rows"),
        "{:?}",
        told[1000]
    );
}
