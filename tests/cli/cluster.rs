//! `soundalike cluster`: near-duplicates in a batch, among earlier uploads, and in an index.

use std::fs;

use serde_json::Value;

use crate::material::{COPIES, SERIES, SPEED, STRANGERS, TRIM_S, USERS, batch, put};
use crate::place::{Outcome, Place, assert_ms, file_name};

/// `cluster … --format jsonl`.
fn find(place: &Place, args: &[&str]) -> Outcome {
    let fixed = ["--format", "jsonl", "--now", "2026-11-28T12:00:00Z"];
    place.run(&[&["cluster"], args, &fixed].concat())
}

/// File names of the members of a cluster.
fn members(cluster: &Value) -> Vec<String> {
    cluster["members"].as_array().unwrap().iter().map(file_name).collect()
}

/// What is known of the member with this file name.
#[track_caller]
fn member<'a>(cluster: &'a Value, name: &str) -> &'a Value {
    let details = cluster["member_details"].as_array().unwrap();
    details.iter().find(|m| file_name(&m["path"]) == name).unwrap()
}

/// Names of the signals behind a score.
fn signals(cluster: &Value) -> Vec<&str> {
    let all = cluster["contributions"].as_array().unwrap();
    all.iter().map(|c| c["signal"].as_str().unwrap()).collect()
}

/// The theme and its copies, as they are listed.
fn family() -> Vec<String> {
    let mut all: Vec<String> = COPIES.iter().map(|name| (*name).to_owned()).collect();
    all.push("theme.ogg".into());
    all.sort();
    all
}

#[test]
fn copies_are_one_group_and_strangers_stay_outside() {
    let place = batch();
    let outcome = find(&place, &["batch", "--threads", "1"]).expect(0);
    let cluster = outcome.one("cluster");
    assert_eq!(members(&cluster), family());
    assert_eq!(
        (&cluster["size"], &cluster["level"]),
        (&5.into(), &"clear".into()),
        "nothing declared"
    );
    let summary = outcome.one("summary");
    assert_eq!((&summary["scanned"], &summary["clusters"]), (&7.into(), &1.into()));

    // How each differs, against the same member.
    let fast = member(&cluster, "faster.wav");
    let factor = fast["time_factor"].as_f64().unwrap();
    assert!((factor - SPEED).abs() < 0.004, "{factor}");
    assert!((fast["pitch_cents"].as_f64().unwrap() - 67.9).abs() < 5.0, "{fast}");
    assert!(fast["differs"].as_str().unwrap().contains("speed +4.0 %"), "{fast}");
    let late = member(&cluster, "trimmed.wav");
    assert_ms(&late["offset_ms"], (TRIM_S * 1000.0) as i64, 60);
    assert!(late["differs"].as_str().unwrap().contains("2.0 s cut off the beginning"), "{late}");

    // Every pair of the five is verified, with the share of each.
    let edges = cluster["edges"].as_array().unwrap();
    assert_eq!(edges.len(), 10, "{edges:?}");
    assert_eq!(cluster["density"], 1.0);
    for edge in edges {
        for share in ["a_pct", "b_pct"] {
            assert!(edge[share].as_f64().unwrap() > 80.0, "{edge}");
        }
        assert!(edge["log10_evalue"].as_f64().unwrap() < -20.0, "{edge}");
    }
    let place_of = |name: &str| family().iter().position(|n| n == name).unwrap();
    let same = [place_of("exact.ogg"), place_of("theme.ogg")].map(Value::from);
    let edge = edges.iter().find(|e| [&e["a"], &e["b"]] == [&same[0], &same[1]]).unwrap();
    assert_eq!((&edge["kind"], &edge["a_pct"]), (&"same_file".into(), &100.0.into()));

    // As many threads as you like: the same.
    let steady = |outcome: &Outcome| -> Vec<Value> {
        let mut records = outcome.records();
        for record in records.iter_mut().filter(|r| r["type"] == "summary") {
            record["wall_ms"] = 0.into();
            record["realtime_factor"] = 0.into();
        }
        records
    };
    let again = find(&place, &["batch", "--threads", "4"]).expect(0);
    assert_eq!(steady(&again), steady(&outcome));

    // For people, and as a table.
    let text = place.run(&["cluster", "batch"]).expect(0).stdout;
    for told in ["CLUSTER  c_", "speed +4.0 %", "2.0 s cut off the beginning", "1 cluster"] {
        assert!(text.contains(told), "{told}: {text}");
    }
    assert!(!STRANGERS.iter().any(|name| text.contains(name)), "{text}");
    let table = place.run(&["cluster", "batch", "--format", "csv"]).expect(0).stdout;
    let rows: Vec<_> = table.lines().filter(|row| row.contains(",grouped,")).collect();
    assert_eq!((table.lines().count(), rows.len()), (6, 5), "{table}");
    let id = cluster["cluster_id"].as_str().unwrap();
    assert!(rows.iter().all(|row| row.contains(id)), "{table}");
}

/// Declares the batch: `isrc` makes the code of each file from its place in the list.
fn manifest(place: &Place, isrc: impl Fn(usize) -> String) {
    let mut rows = String::from("path,title,artist,isrc,account,received_at\n");
    for (i, name) in family().iter().chain(&STRANGERS.map(str::to_owned)).enumerate() {
        let code = isrc(i);
        rows += &format!("{name},Title {i},Artist {i},{code},acc-1,2026-09-12T10:0{i}:00Z\n");
    }
    place.write("batch/manifest.csv", rows);
}

#[test]
fn many_identities_of_one_recording_reach_hold_and_one_isrc_excuses_them() {
    let place = batch();
    let run = |place: &Place| find(place, &["batch", "--manifest", "batch/manifest.csv"]);
    manifest(&place, |i| format!("QZAB{}2600001", (b'A' + i as u8) as char));
    let cluster = run(&place).expect(1).one("cluster");
    assert_eq!(members(&cluster), family());
    assert_eq!(cluster["level"], "hold", "{}", cluster["score"]);
    let identity = &cluster["identity"];
    for (what, count) in [("titles", 5), ("artists", 5), ("isrcs", 5), ("accounts", 1)] {
        assert_eq!(identity[what], count, "{what}: {identity}");
    }
    assert_eq!(
        (&cluster["window"]["seconds"], &member(&cluster, "exact.ogg")["account"]),
        (&240.into(), &"acc-1".into())
    );
    let signals_found = signals(&cluster);
    for signal in ["identity_spread", "registrant_spread", "account_concentration", "burst"] {
        assert!(signals_found.contains(&signal), "{signal}: {signals_found:?}");
    }
    let text = cluster["explanation"].as_str().unwrap();
    assert!(text.contains("from account acc-1") && text.contains("no ISRC repeats"), "{text}");
    let quiet = ["cluster", "batch", "--manifest", "batch/manifest.csv", "--exit-zero"];
    place.run(&quiet).expect(0);
    // From a score on.
    let args = ["batch", "--manifest", "batch/manifest.csv", "--min-score", "100"];
    assert!(find(&place, &args).expect(0).all("cluster").is_empty());

    manifest(&place, |_| "QZABA2600001".into());
    let excused = run(&place).expect(0).one("cluster");
    assert!(signals(&excused).contains(&"same_isrc"), "{excused}");
    let score = |cluster: &Value| cluster["score"].as_f64().unwrap();
    assert!(score(&excused) < 0.3 * score(&cluster), "{} {}", score(&excused), score(&cluster));
    assert_eq!(excused["level"], "clear");
}

#[test]
fn indexes_are_looked_through_and_serve_as_earlier_uploads() {
    let place = batch();
    place.run(&["index", "add", "batch", "--index", "index"]).expect(0);
    let outcome = find(&place, &["--index", "index"]).expect(0);
    let cluster = outcome.one("cluster");
    // The index holds a content once, by whatever name it came first.
    let mut names = members(&cluster);
    names.retain(|name| !["exact.ogg", "theme.ogg"].contains(&name.as_str()));
    assert_eq!(
        (cluster["size"].as_u64(), names),
        (Some(4), ["anew.wav", "faster.wav", "trimmed.wav"].map(str::to_owned).to_vec())
    );
    assert_eq!(outcome.one("begin")["index"]["tracks"], 6);

    // New uploads against the earlier ones.
    place
        .run(&["index", "add", "batch/anew.wav", "batch/zalek.ogg", "--index", "earlier"])
        .expect(0);
    let new = ["batch/faster.wav", "batch/geoscape.ogg"];
    let cluster = find(&place, &[&new[..], &["--index", "earlier"]].concat()).expect(0);
    let cluster = cluster.one("cluster");
    assert_eq!(members(&cluster), ["anew.wav", "faster.wav"]);
    let earlier = |name| member(&cluster, name)["earlier"].as_bool().unwrap();
    assert!(earlier("anew.wav") && !earlier("faster.wav"));
    let text = place.run(&["cluster", new[0], "--index", "earlier"]).expect(0).stdout;
    assert!(text.contains("anew.wav") && text.contains("(earlier upload)"), "{text}");
}

#[test]
fn a_shared_loop_makes_no_group() {
    let place = Place::empty();
    for name in ["loop-a.wav", "loop-b.wav"] {
        put(&place, name, name);
    }
    let outcome = find(&place, &["loop-a.wav", "loop-b.wav"]).expect(0);
    assert!(outcome.all("cluster").is_empty(), "{}", outcome.stdout);
    // Though it is there to be found.
    place.run(&["compare", "loop-a.wav", "loop-b.wav"]).expect(1);
}

#[test]
fn the_same_file_twice_is_a_group_and_one_path_given_twice_is_not() {
    let place = batch();
    fs::create_dir(place.path("more")).unwrap();
    place.copy("references/zalek.ogg", "more/zalek.ogg");
    let cluster = find(&place, &["batch/zalek.ogg", "more/zalek.ogg"]).expect(0).one("cluster");
    assert_eq!(cluster["size"], 2);
    assert_eq!(cluster["edges"][0]["kind"], "same_file");
    assert!(signals(&cluster).contains(&"size") || cluster["score"] == 0.0, "{cluster}");
    let once = find(&place, &["batch/zalek.ogg", "batch/../batch/zalek.ogg", "batch/zalek.ogg"]);
    assert!(once.expect(0).all("cluster").is_empty());
}

#[test]
fn what_is_known_of_some_members_is_not_told_of_all() {
    let place = batch();
    let told = |rows: &[&str]| {
        place.write("m.csv", format!("file,account,title,uploaded at\n{}\n", rows.join("\n")));
        let cluster = find(&place, &["batch", "--manifest", "m.csv"]).one("cluster");
        (cluster["explanation"].as_str().unwrap().to_owned(), signals(&cluster).join(" "))
    };
    let names = family();
    let row = |i: usize| format!("batch/{},acc-1,T{i},2026-11-24 09:{i:02}", names[i]);
    let rows: Vec<String> = (0..names.len()).map(row).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let (text, signals) = told(&rows);
    assert!(text.starts_with("5 tracks from account acc-1 within 4 min "), "{text}");
    assert!(signals.contains("burst"), "{signals}");
    let (text, signals) = told(&rows[..2]);
    let origin = "5 tracks (2 of them from account acc-1, 2 of them within 60 s) ";
    assert!(text.starts_with(origin) && text.contains("as far as they are named"), "{text}");
    assert!(!signals.contains("burst"), "{signals}");
    let (text, _) = told(&rows[..1]);
    assert!(text.starts_with("5 tracks (1 of them from account acc-1) "), "{text}");
}

#[test]
fn what_shows_that_files_were_made_in_a_series_is_told_on_their_cluster() {
    let place = Place::empty();
    fs::create_dir(place.path("queue")).unwrap();
    for name in SERIES {
        put(&place, name, &format!("queue/{name}"));
    }
    for name in STRANGERS {
        place.copy(&format!("references/{name}"), &format!("queue/{name}"));
    }
    let cluster = find(&place, &["queue"]).one("cluster");
    let series = cluster["series"].as_array().unwrap();
    let facts: Vec<&str> = series.iter().map(|f| f["fact"].as_str().unwrap()).collect();
    assert_eq!(facts, ["length", "file_size", "seams"]);
    for fact in series {
        let counts =
            ["members", "of", "others", "others_of"].map(|name| fact[name].as_u64().unwrap());
        assert_eq!(counts, [3, 3, 0, 2], "{fact}");
    }
    let seams = series[2]["text"].as_str().unwrap();
    assert!(seams.starts_with("3 of 3 files are joined of clips of 5.146 s"), "{seams}");
    let text = place.run(&["cluster", "queue"]).expect(0).stdout;
    assert!(text.contains("series: 3 of 3 files are exactly 20.584 s long"), "{text}");
    // Copies of which each is another kind of file are no series.
    let other = find(&batch(), &["batch"]).one("cluster");
    let told: Vec<&str> = other["series"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|f| f["fact"].as_str().unwrap())
        .collect();
    assert!(!told.contains(&"file_size") && !told.contains(&"seams"), "{told:?}");
}

#[test]
fn a_loop_that_four_artists_share_is_suggested_as_one() {
    let place = Place::empty();
    fs::create_dir(place.path("queue")).unwrap();
    let mut table = "path,artist,title\n".to_owned();
    for (n, name) in USERS.iter().enumerate() {
        put(&place, name, &format!("queue/{name}"));
        table += &format!("queue/{name},Artist {n},Song {n}\n");
    }
    place.write("manifest.csv", &table);
    let found = find(&place, &["manifest.csv"]).expect(0);
    assert!(found.all("cluster").is_empty(), "{:?}", found.all("cluster"));
    let shared = found.one("shared_loop");
    let tracks: Vec<String> =
        shared["tracks"].as_array().unwrap().iter().map(|t| file_name(&t["path"])).collect();
    assert_eq!(tracks, USERS);
    assert_eq!(shared["artists"], 4);
    let length = shared["end_ms"].as_u64().unwrap() - shared["begin_ms"].as_u64().unwrap();
    assert!((3_500..=8_500).contains(&length), "{shared}");
    let text = place.run(&["cluster", "manifest.csv"]).expect(0).stdout;
    assert!(text.contains("LOOP?  4 tracks by 4 artists share"), "{text}");
    // Of one artist it is that artist's business.
    place.write(
        "manifest.csv",
        table.replace("Artist 1", "Artist 0").replace("Artist 2", "Artist 0"),
    );
    assert!(find(&place, &["manifest.csv"]).all("shared_loop").is_empty());
    // A sweep over them says the same of a reference.
    place.write("manifest.csv", &table);
    let add = |index: &str, names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| format!("queue/{name}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let add = ["index", "add", "--index", index, "--metadata", "manifest.csv"];
        place.run(&[&add[..], &names].concat()).expect(0);
    };
    add("references", &USERS[..1]);
    add("catalogue", &USERS[1..]);
    let sweep = ["sweep", "--index", "references", "--catalogue", "catalogue"];
    let swept = place.run(&[&sweep[..], &["--state", "state", "--format", "jsonl"]].concat());
    assert_eq!(swept.one("shared_loop")["tracks"].as_array().unwrap().len(), 4, "{swept:?}");
}
