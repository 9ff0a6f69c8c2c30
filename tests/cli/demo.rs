//! The first command of the README, and what it promises.

use serde_json::Value;

use crate::place::{Outcome, Place, assert_ms, file_name};

fn scan_demo(place: &Place) -> Outcome {
    let args = ["scan", "incoming", "--references", "references", "--format", "jsonl"];
    place.run(&args).expect(1)
}

/// Where the reference runs relative to the query, by the first segment.
fn offset_ms(found: &Value) -> i64 {
    let segment = &found["segments"][0];
    segment["db_begin_time_offset_ms"].as_i64().unwrap()
        - segment["sample_begin_time_offset_ms"].as_i64().unwrap()
}

#[test]
fn laundered_copy_is_traced_to_the_spot_it_was_cut_from() {
    let outcome = scan_demo(&Place::demo());
    assert_eq!(outcome.matched("night-drive.mp3"), ["main-theme.ogg"]);
    let matches = outcome.all("match");
    let found = matches.iter().find(|m| m["query"]["title"] == "Night Drive").unwrap();
    assert_eq!(found["reference"]["title"], "UFO: AI Main Theme");
    assert_eq!(found["match_kind"], "contained_in_reference");
    assert_eq!(found["accepted"], true);
    assert_eq!(found["modified"], false);
    assert!(found["score"].as_f64().unwrap() > 50.0);
    assert!(found["query_match_pct"].as_f64().unwrap() > 90.0);
    let offset = offset_ms(found);
    assert!((offset - 7370).abs() <= 100, "{offset} ms");
}

#[test]
fn medley_is_traced_to_both_sources_in_order() {
    let outcome = scan_demo(&Place::demo());
    let mut found: Vec<Value> = outcome
        .all("match")
        .into_iter()
        .filter(|m| file_name(&m["query"]["path"]) == "summer-medley.m4a")
        .collect();
    found.sort_by_key(|m| m["segments"][0]["sample_begin_time_offset_ms"].as_u64());
    let names: Vec<_> = found.iter().map(|m| file_name(&m["reference"]["path"])).collect();
    assert_eq!(names, ["geoscape.ogg", "typing-to-jazz.ogg"]);

    let [first, second] = &found[..] else { unreachable!() };
    assert!((offset_ms(first) - 4200).abs() <= 100, "{first:#}");
    assert!((offset_ms(second) - 3600).abs() <= 100, "{second:#}");
    // The join is at 8 s; a segment may reach over it by what the ear would grant.
    assert_ms(&first["segments"][0]["sample_end_time_offset_ms"], 8000, 700);
    assert_ms(&second["segments"][0]["sample_begin_time_offset_ms"], 8000, 700);
    assert!(found.iter().all(|m| m["match_kind"] == "excerpt"));
}

#[test]
fn unrelated_clips_stay_unmatched() {
    let outcome = scan_demo(&Place::demo());
    for name in ["funky-sax.mp3", "void-sensor.ogg"] {
        assert!(outcome.matched(name).is_empty(), "{name}");
        let scanned = outcome.all("scanned");
        let outcome = scanned.iter().find(|s| file_name(&s["query"]["path"]) == name).unwrap();
        assert_eq!(outcome["result"], "no_match");
        assert_eq!(outcome["matches"], 0);
    }
}

#[test]
fn one_file_that_is_no_audio_does_not_end_the_run() {
    let outcome = scan_demo(&Place::demo());
    let error = outcome.one("error");
    assert_eq!(error["code"], "not_audio");
    assert_eq!(file_name(&error["subject"]), "not-audio.mp3");
    let summary = outcome.one("summary");
    for (field, expected) in
        [("inputs", 5), ("scanned", 4), ("matched", 2), ("errors", 1), ("exit_code", 1)]
    {
        assert_eq!(summary[field], expected, "{field} in {summary}");
    }
}

#[test]
fn text_for_people_says_what_matched_where_and_how_sure() {
    let place = Place::demo();
    let text = place.run(&["scan", "incoming", "--references", "references"]).expect(1).stdout;
    for part in [
        "\"UFO: AI Main Theme\" by Manuel 'Vanethian' Marino",
        "all of it is a part of the reference; score ",
        "no match among 4 references",
        "ERROR  not an audio file: ",
        " UTC: 2 matched, 2 without match, 1 unreadable",
    ] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
}

#[test]
fn exit_status_tells_found_from_clean_from_unreadable() {
    let place = Place::demo();
    let scan = |extra: &[&str]| {
        let mut args = vec!["scan", "--references", "references/main-theme.ogg"];
        args.extend(extra);
        place.run(&args)
    };
    scan(&["--format", "csv", "incoming/funky-sax.mp3"]).expect(0);
    scan(&["--format", "csv", "incoming/night-drive.mp3"]).expect(1);
    scan(&["--exit-zero", "incoming/night-drive.mp3"]).expect(0);
    scan(&["--format", "csv", "incoming/funky-sax.mp3", "incoming/not-audio.mp3"]).expect(3);
    // Findings win over unreadable files.
    scan(&["--format", "csv", "incoming/night-drive.mp3", "incoming/not-audio.mp3"]).expect(1);
}

#[test]
fn references_that_cannot_be_used_are_named_and_the_others_serve() {
    let place = Place::demo();
    place.write("references/broken.mp3", "no audio either");
    let outcome =
        place.run(&["scan", "incoming/night-drive.mp3", "--references", "references"]).expect(1);
    assert!(outcome.stderr.contains("broken.mp3"), "{}", outcome.stderr);

    let none = ["scan", "incoming/night-drive.mp3", "--references", "incoming/not-audio.mp3"];
    assert!(place.run(&none).expect(2).stderr.contains("not-audio.mp3"));
}

#[test]
fn the_trace_of_a_decoder_is_told_where_there_is_one_and_only_there() {
    let place = Place::demo();
    let outcome = scan_demo(&place);
    let traces = outcome.all("decoder_trace");
    let of = |name: &str| {
        let found = traces.iter().find(|t| file_name(&t["query"]["path"]) == name);
        found.unwrap_or_else(|| panic!("{name} has a record"))
    };
    let sax = of("funky-sax.mp3");
    assert_eq!((&sax["result"], &sax["lattice"]), (&"strong".into(), &"mel_512_10k".into()));
    assert!(sax["score"].as_f64().unwrap() > 10.0, "{sax}");
    assert!(sax["statement"].as_str().unwrap().contains("own recording included"), "{sax}");
    for human in ["night-drive.mp3", "void-sensor.ogg"] {
        assert_ne!(of(human)["result"], "strong", "{human}");
        assert_ne!(of(human)["result"], "weak", "{human}");
    }
}
