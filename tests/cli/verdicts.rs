//! From uploads to verdicts: declarations, policies, decisions, and what the exit status makes of them.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::material::put;
use crate::place::{Outcome, Place, file_name};

/// Part of one reference with new tags.
const DRIVE: &str = "incoming/night-drive.mp3";
/// Music that is in no reference.
const SAX: &str = "incoming/funky-sax.mp3";

/// The only verdict on the file with this name.
#[track_caller]
fn verdict(outcome: &Outcome, name: &str) -> Value {
    let mut all = outcome.all("verdict");
    all.retain(|v| file_name(&v["subject"]) == name);
    assert_eq!(all.len(), 1, "verdicts on {name} in {outcome:#?}");
    all.remove(0)
}

/// Rules of the findings about the file with this name.
fn rules(outcome: &Outcome, name: &str) -> BTreeSet<String> {
    let findings = outcome.all("finding");
    let about = findings.iter().filter(|f| file_name(&f["subject"]) == name);
    about.map(|f| f["rule"].as_str().unwrap().to_owned()).collect()
}

/// A declaration that leaves nothing to ask.
fn whole(path: &str, title: &str, isrc: &str) -> String {
    format!("{path},{title},Ada,{isrc},none,yes\n")
}

const HEADER: &str = "path,title,artist,isrc,ai,rights\n";

#[test]
fn policies_are_applied_and_the_strictest_wins() {
    let place = Place::indexed(&["main-theme", "zalek"]);
    let rows = [whole(DRIVE, "Drive", "QZABA2600001"), whole(SAX, "Sax", "QZABA2600002")];
    place.write("manifest.csv", HEADER.to_owned() + &rows.concat());
    let policies = ["--manifest", "manifest.csv", "--policy", "spotify,cdbaby"];
    let outcome = place.scan(&[&[DRIVE, SAX], &policies[..]].concat()).expect(1);

    let packs: Vec<Value> = outcome.one("begin")["policy"].as_array().unwrap().clone();
    assert_eq!(packs.iter().map(|p| &p["id"]).collect::<Vec<_>>(), ["spotify", "cdbaby"]);
    let drive = verdict(&outcome, "night-drive.mp3");
    let levels = drive["by_policy"].as_object().unwrap();
    assert_eq!(levels.len(), 2);
    let order = ["clear", "review", "hold", "reject"];
    let rank = |level: &Value| order.iter().position(|name| level == name).unwrap();
    assert_eq!(levels.values().map(rank).max(), Some(rank(&drive["verdict"])), "{drive}");
    assert_eq!(drive["declared"]["title"], "Drive");
    assert_eq!(drive["ai_disclosure"]["level"], "none");
    assert_eq!(drive["reasons"], serde_json::json!(["AUDIO-003"]), "{drive}");
    assert!(rank(&drive["verdict"]) >= 1);
    // A clip of a generator that is declared to be none: its sound says otherwise.
    let sax = verdict(&outcome, "funky-sax.mp3");
    assert_eq!(
        (&sax["verdict"], &sax["reasons"]),
        (&"review".into(), &serde_json::json!(["DISC-002"]))
    );

    // What a finding says can be looked up: rule, level, policy, its source and date, and the match.
    let matches = outcome.all("match");
    let shown: Vec<&Value> = matches.iter().map(|m| &m["match_id"]).collect();
    let findings = outcome.all("finding");
    assert!(findings.iter().any(|f| f["policy"] == "cdbaby"));
    for finding in &findings {
        for field in ["rule", "level", "policy", "source", "verified_on", "message", "subject"] {
            assert!(finding[field].as_str().is_some_and(|v| !v.is_empty()), "{field}: {finding}");
        }
        for id in finding["evidence"].as_array().unwrap() {
            assert!(shown.contains(&id), "{finding}");
        }
    }
    assert!(findings.iter().any(|f| f["rule"] == "AUDIO-003" && f["evidence"][0].is_string()));
    let counted = &outcome.one("summary")["verdicts"];
    assert_eq!(counted["review"], 2, "{counted}");

    let table = ["scan", DRIVE, "--index", "index", "--format", "csv"];
    let table = place.run(&[&table[..], &policies].concat()).expect(1).stdout;
    let (head, row) = table.split_once('\n').unwrap();
    let values: Vec<&str> = row.trim_end().split(',').collect();
    let value = |column| values[head.split(',').position(|name| name == column).unwrap()];
    assert_eq!(
        (value("verdict"), value("reasons")),
        (drive["verdict"].as_str().unwrap(), "AUDIO-003")
    );
    assert_eq!(value("ai_disclosure"), "none");
}

#[test]
fn the_exit_status_follows_matches_and_verdicts() {
    let place = Place::indexed(&["main-theme"]);
    let all = whole(DRIVE, "Drive", "QZABA2600001") + &whole(SAX, "Sax", "QZABA2600002");
    place.write("whole.csv", HEADER.to_owned() + &all);
    place.write("bare.csv", format!("path,isrc,rights\n{SAX},,\n"));
    let scan = |args: &[&str]| place.scan(args).code.unwrap();
    // Any match; any hold (here: no ISRC, no rights); nothing.
    let declared = ["--manifest", "whole.csv"];
    assert_eq!(scan(&[DRIVE, declared[0], declared[1]]), 1);
    assert_eq!(scan(&[SAX, "--manifest", "bare.csv"]), 1);
    assert_eq!(scan(&[SAX, declared[0], declared[1]]), 0);
    assert_eq!(scan(&[DRIVE, "--exit-zero"]), 0);
    // A line of one's own, whatever matched.
    assert_eq!(scan(&[SAX, "--manifest", "bare.csv", "--fail-on", "hold"]), 1);
    assert_eq!(scan(&[SAX, "--manifest", "bare.csv", "--fail-on", "reject"]), 0);
    let untraced = ["--fail-on", "review", "--no-trace"];
    assert_eq!(scan(&[&[SAX, declared[0], declared[1]], &untraced[..]].concat()), 0);
    assert_eq!(scan(&[SAX, declared[0], declared[1], "--fail-on", "review"]), 1);
    assert_eq!(scan(&[DRIVE, declared[0], declared[1], "--fail-on", "review"]), 1);
    assert_eq!(scan(&[DRIVE, declared[0], declared[1], "--fail-on", "reject"]), 0);

    // Generators are declared, and CD Baby takes none of that.
    let args = [SAX, "--ai", "partly", "--policy", "cdbaby", "--fail-on", "reject"];
    let outcome = place.scan(&args).expect(1);
    let rejected = verdict(&outcome, "funky-sax.mp3");
    assert_eq!(rejected["verdict"], "reject");
    assert_eq!(rejected["reasons"][0], "DISC-003", "{rejected}");
    assert_eq!(rejected["ai_disclosure"]["level"], "partly");
}

#[test]
fn a_bad_row_is_one_error_and_rows_that_meet_nothing_are_told() {
    let place = Place::indexed(&["main-theme"]);
    let lines = [
        format!(r#"{{"path": "{SAX}", "title": "Sax", "isrc": "QZABA2600002"}}"#),
        r#"{"path": "incoming/void-sensor.ogg", "title": "#.to_owned(),
        format!(r#"{{"path": "{DRIVE}", "title": "Drive", "isrc": "QZABA2600001"}}"#),
    ];
    place.write("queue.jsonl", lines.join("\n"));
    let outcome = place.scan(&["queue.jsonl"]).expect(1);
    let error = outcome.one("error");
    assert_eq!(file_name(&error["subject"]), "queue.jsonl");
    assert!(error["message"].as_str().unwrap().contains("line 2"), "{error}");
    let subjects: Vec<String> =
        outcome.all("verdict").iter().map(|v| file_name(&v["subject"])).collect();
    assert_eq!(subjects, ["funky-sax.mp3", "night-drive.mp3"]);
    let summary = outcome.one("summary");
    assert_eq!((&summary["scanned"], &summary["errors"]), (&2.into(), &1.into()));

    // The same table beside the files: one of its rows is about none of them.
    let outcome = place.scan(&[SAX, "--manifest", "queue.jsonl"]).expect(3);
    assert_eq!(verdict(&outcome, "funky-sax.mp3")["declared"]["title"], "Sax");
    assert!(outcome.stderr.contains("(the first in line 3) is not among"), "{}", outcome.stderr);
    for (name, content, told) in [
        ("none.csv", "title,artist\nA,B\n".into(), "no column names the audio file"),
        ("binary.csv", fs::read(place.path(DRIVE)).unwrap(), "not a text file"),
    ] {
        let content: Vec<u8> = content;
        place.write(name, content);
        let outcome = place.scan(&[SAX, "--manifest", name]).expect(2);
        assert_eq!(outcome.stderr.matches(name).count(), 1, "{}", outcome.stderr);
        assert!(outcome.stderr.contains(told), "{}", outcome.stderr);
    }
}

#[test]
fn an_allowed_pair_is_shown_and_held_against_nobody() {
    let place = Place::indexed(&["main-theme"]);
    place.write("whole.csv", HEADER.to_owned() + &whole(DRIVE, "Drive", "QZABA2600001"));
    let args = [DRIVE, "--manifest", "whole.csv", "--audit"];
    let outcome = place.scan(&args).expect(1);
    let before = verdict(&outcome, "night-drive.mp3");
    assert_ne!(before["verdict"], "clear");

    // The verdict is in the log, and the log holds together.
    let list = ["audit", "list", "--index", "index", "--format", "jsonl"];
    let entry = place.run(&list).expect(0).one("audit_entry");
    let text = entry.to_string();
    assert!(text.contains(outcome.one("begin")["index"]["id"].as_str().unwrap()), "{text}");
    assert!(
        text.contains(before["sha256"].as_str().unwrap()) && text.contains("AUDIO-003"),
        "{text}"
    );
    place.run(&["audit", "verify", "--index", "index"]).expect(0);

    let allow = ["allow", "add", "--pair", DRIVE, "references/main-theme.ogg", "--index", "index"];
    let why = ["--reason", "licensed", "--who", "ada", "--format", "jsonl"];
    let decision = place.run(&[&allow[..], &why].concat()).expect(0).one("decision");
    let outcome = place.scan(&args).expect(0);
    let found = outcome.one("match");
    assert_eq!(found["allowed_by"], decision["id"]);
    let after = verdict(&outcome, "night-drive.mp3");
    assert_eq!(after["verdict"], "clear", "{after}");
    assert!(after["decisions"].as_array().unwrap().contains(&decision["id"]), "{after}");
    assert_eq!(outcome.one("summary")["matches"], 0);
    assert!(outcome.one("begin")["decisions"]["entries"].as_u64() >= Some(2));
    // A clear verdict is no entry.
    assert_eq!(place.run(&list).expect(0).all("audit_entry").len(), 2);
    place.run(&["audit", "verify", "--index", "index"]).expect(0);
}

#[test]
fn one_file_is_answered_as_its_maker_would_ask() {
    let place = Place::indexed(&["main-theme"]);
    let args = ["scan", DRIVE, "--index", "index", "--policy", "spotify"];
    let text = place.run(&args).expect(1).stdout;
    for told in ["AUDIO-003", "source:", "last checked", "What this cannot tell:"] {
        assert!(text.contains(told), "{told}: {text}");
    }
}

#[test]
fn damage_and_silence_are_findings() {
    let place = Place::indexed(&["main-theme"]);
    put(&place, "silence.wav", "silence.wav");
    put(&place, "anew.wav", "whole.wav");
    let bytes = fs::read(place.path("whole.wav")).unwrap();
    place.write("cut.wav", &bytes[..bytes.len() / 2]);
    let outcome = place.scan(&["silence.wav", "cut.wav"]).expect(1);
    assert!(rules(&outcome, "silence.wav").contains("TECH-001"), "{outcome:#?}");
    assert!(rules(&outcome, "cut.wav").contains("TECH-004"), "{outcome:#?}");
    assert!(!rules(&outcome, "silence.wav").contains("TECH-004"));
}

/// A message in the manner of ERN 4.3.2 about one file.
fn message(uri: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<ern:NewReleaseMessage xmlns:ern="http://ddex.net/xml/ern/432">
  <MessageHeader><MessageId>m-1</MessageId></MessageHeader>
  <ResourceList>
    <SoundRecording>
      <ResourceReference>A1</ResourceReference>
      <SoundRecordingEdition>
        <ResourceId><ISRC>GBSLT2600007</ISRC></ResourceId>
        <TechnicalDetails><DeliveryFile><File><URI>{uri}</URI></File></DeliveryFile></TechnicalDetails>
      </SoundRecordingEdition>
      <DisplayTitleText>Salt Water</DisplayTitleText>
      <DisplayTitle><TitleText>Salt Water</TitleText></DisplayTitle>
    </SoundRecording>
  </ResourceList>
  <ReleaseList/>
</ern:NewReleaseMessage>"#
    )
}

#[test]
fn ddex_deliveries_are_read_as_they_come() {
    let place = Place::indexed(&["main-theme"]);
    let release = "drop/N_20260912100000/5012345678900";
    fs::create_dir_all(place.path(&format!("{release}/resources"))).unwrap();
    place.copy(DRIVE, &format!("{release}/resources/a1.mp3"));
    place.write(&format!("{release}/5012345678900.xml"), message("resources/a1.mp3"));
    place.write("drop/N_20260912100000/BatchComplete_20260912100000.xml", "");
    let outcome = place.scan(&["drop"]).expect(1);
    let found = outcome.one("match");
    assert_eq!(found["query"]["title"], "Salt Water", "the message before the tags");
    assert_eq!(found["query"]["external_ids"]["isrc"], "GBSLT2600007");
    assert_eq!(found["query"]["batch_id"], "20260912100000");
    let declared = verdict(&outcome, "a1.mp3");
    assert_eq!(declared["declared"]["isrc"], "GBSLT2600007");

    // A generator declared as standards have it: the fixture names `resources/a1.wav` as made by one.
    fs::create_dir_all(place.path("ai/resources")).unwrap();
    place.write("ai/message.xml", include_str!("../data/ern/ai_432.xml"));
    put(&place, "anew.wav", "ai/resources/a1.wav");
    let outcome = place.scan(&["ai"]).expect(1);
    assert_eq!(verdict(&outcome, "a1.wav")["ai_disclosure"]["level"], "all");
    assert!(outcome.all("error").iter().all(|e| e["code"] == "missing_resource"), "{outcome:#?}");

    // Names in messages lead to nothing outside.
    fs::create_dir(place.path("evil")).unwrap();
    place.write("evil/evil.xml", message("../incoming/night-drive.mp3"));
    let outcome = place.scan(&["evil"]).expect(3);
    assert_eq!(outcome.one("error")["code"], "path_outside_delivery");
    assert!(outcome.all("verdict").is_empty());
    place.write(
        "evil/evil.xml",
        "<!DOCTYPE x [<!ENTITY a \"b\">]><ReleaseMessage>&a;</ReleaseMessage>",
    );
    let outcome = place.scan(&["evil"]).expect(3);
    assert_eq!(outcome.one("error")["code"], "bad_message");
}
