//! `compare`: two files, no index.

use serde_json::Value;

use crate::place::{Outcome, Place, assert_ms};

fn compare(place: &Place, query: &str, reference: &str) -> Outcome {
    place.run(&["compare", query, reference, "--format", "jsonl"])
}

#[test]
fn a_file_is_the_same_as_itself_and_as_its_copy() {
    let place = Place::demo();
    place.copy("references/geoscape.ogg", "copy.ogg");
    for other in ["references/geoscape.ogg", "copy.ogg"] {
        let found = compare(&place, "references/geoscape.ogg", other).expect(1).one("match");
        assert_eq!(found["match_kind"], "same_file");
        assert!(found["query_match_pct"].as_f64().unwrap() >= 99.0);
    }
}

#[test]
fn different_music_is_no_match() {
    let outcome = compare(&Place::demo(), "references/geoscape.ogg", "references/main-theme.ogg");
    let outcome = outcome.expect(0);
    assert!(outcome.all("match").is_empty());
    assert_eq!(outcome.one("scanned")["result"], "no_match");
}

#[test]
fn excerpt_is_found_inside_the_whole() {
    let place = Place::demo();
    let found = compare(&place, "incoming/night-drive.mp3", "references/main-theme.ogg");
    let found = found.expect(1).one("match");
    assert_eq!(found["match_kind"], "contained_in_reference");
    assert_ms(&found["segments"][0]["sample_begin_time_offset_ms"], 0, 300);
    assert_ms(&found["segments"][0]["db_begin_time_offset_ms"], 7370, 300);
}

/// The theme repeats itself, so that nearly all of it resembles some part of the excerpt. It is
/// twice as long all the same, and no two of them are the same recording from end to end.
#[test]
fn whole_that_repeats_itself_is_more_than_its_excerpt() {
    let place = Place::demo();
    let found = compare(&place, "references/main-theme.ogg", "incoming/night-drive.mp3");
    let found = found.expect(1).one("match");
    assert_eq!(found["match_kind"], "contains_reference");
    let begins = |s: &Value| s["sample_begin_time_offset_ms"].as_i64().unwrap();
    let segments = found["segments"].as_array().unwrap();
    assert!(segments.iter().any(|s| (begins(s) - 7370).abs() <= 300), "{found:#}");
}

#[test]
fn records_are_framed_like_those_of_a_scan() {
    let place = Place::demo();
    let records =
        compare(&place, "incoming/night-drive.mp3", "references/main-theme.ogg").records();
    let types: Vec<_> = records.iter().map(|r| r["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["begin", "match", "scanned", "summary"]);
    assert_eq!(records[3]["exit_code"], 1);
}

#[test]
fn file_that_cannot_be_read_is_an_error_whichever_side_it_is_on() {
    let place = Place::demo();
    for (query, reference) in
        [("incoming/not-audio.mp3", "references/zalek.ogg"), ("references/zalek.ogg", "gone.ogg")]
    {
        let outcome = compare(&place, query, reference).expect(3);
        assert_eq!(outcome.all("error").len(), 1);
        assert!(outcome.all("match").is_empty());
    }
}
