//! `soundalike advise`: one track, several ways.

use serde_json::Value;

use crate::place::{Outcome, Place};

const WAYS: &[&str] = &["--to", "spotify", "--via", "distrokid,tunecore,cdbaby,amuse"];

fn advise(place: &Place, more: &[&str]) -> Outcome {
    let mut args = vec!["advise", "incoming/night-drive.mp3"];
    args.extend(more);
    place.run(&args)
}

fn json(place: &Place, more: &[&str], status: i32) -> Value {
    let mut args = more.to_vec();
    args.extend(["--format", "json"]);
    serde_json::from_str(&advise(place, &args).expect(status).stdout).unwrap()
}

fn party<'v>(advice: &'v Value, policy: &str) -> &'v Value {
    let parties = advice["parties"].as_array().unwrap();
    parties.iter().find(|p| p["policy"] == policy).unwrap_or_else(|| panic!("{policy}"))
}

fn fields(party: &Value) -> Vec<&str> {
    let declare = party["declare"].as_array().unwrap();
    declare.iter().filter_map(|w| w["field"].as_str()).collect()
}

#[test]
fn each_way_is_told_with_what_is_refused_asked_declared_and_attached() {
    let place = Place::demo();
    let mut args = WAYS.to_vec();
    args.extend(["--made-with", "riffusion", "--human", "lyrics, vocals, arrangement"]);
    args.extend(["--jurisdiction", "us"]);
    let advice = json(&place, &args, 1);
    assert_eq!(advice["type"], "advice");
    assert_eq!(advice["said"]["level"], "partly");
    assert_eq!(advice["said"]["generated"], serde_json::json!(["instruments", "composition"]));
    assert_eq!(advice["said"]["family"], "Riffusion → Producer.ai → Flow Music");
    let ways: Vec<(&str, &str)> = advice["routes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (r["via"].as_str().unwrap(), r["level"].as_str().unwrap()))
        .collect();
    assert_eq!(
        ways.iter().map(|w| w.0).collect::<Vec<_>>(),
        ["distrokid", "tunecore", "cdbaby", "amuse"]
    );
    assert_eq!(ways[2].1, "reject", "{ways:?}");
    assert!(ways.iter().filter(|w| w.0 != "cdbaby").all(|w| w.1 != "reject"), "{ways:?}");
    let distrokid = party(&advice, "distrokid");
    let declared = fields(distrokid);
    assert!(
        declared.contains(&"AI Credits: audio") && declared.contains(&"AI Credits: composition")
    );
    assert!(!declared.contains(&"AI Credits: lyrics"), "people wrote them: {declared:?}");
    assert!(!distrokid["attach"].as_array().unwrap().is_empty());
    let spotify = fields(party(&advice, "spotify"));
    assert!(
        spotify.contains(&"AI Credits: instrumentals") && !spotify.contains(&"AI Credits: vocals")
    );
    // Of Riffusion nothing was read at TuneCore; of Flow Music something was.
    let text = party(&advice, "tunecore")["generator"]["text"].as_str().unwrap();
    assert!(
        text.contains("nothing was read on Riffusion") && text.contains("Flow Music"),
        "{text}"
    );
    let unknown = advice["cannot_be_told"].to_string();
    assert!(unknown.contains("Copyright Office") && unknown.contains("2025-01-29"), "{unknown}");
    assert!(unknown.contains("Whether the voice imitates a person cannot be told here"));
    for party in advice["parties"].as_array().unwrap() {
        for list in ["refused", "asked", "notes", "declare", "attach"] {
            for word in party[list].as_array().unwrap() {
                let dated = word["date"].as_str().is_some_and(|d| d.starts_with("20"));
                assert!(dated && !word["source"].as_str().unwrap().is_empty(), "{word}");
            }
        }
    }
}

#[test]
fn what_is_in_the_audio_is_told_where_there_is_something_to_compare_it_with() {
    let place = Place::indexed(&["main-theme", "zalek"]);
    let bare = json(&place, &["--via", "distrokid"], 0);
    assert_eq!(bare["found"]["compared_with"], Value::Null);
    let found = json(&place, &["--via", "distrokid", "--index", "index"], 0);
    assert_eq!(found["found"]["compared_with"], 2);
    assert_eq!(found["found"]["matches"].as_array().unwrap().len(), 1);
    assert!(party(&found, "distrokid")["asked"].to_string().contains("AUDIO-003"));
    assert!(found["eligibility"].to_string().contains("\"excerpt\""), "{found:#}");
    let files = json(&place, &["--via", "distrokid", "--references", "references"], 0);
    assert_eq!(files["found"]["compared_with"], 4);
}

#[test]
fn the_present_name_of_the_family_is_the_one_that_is_licensed() {
    let place = Place::demo();
    let level = |tool: &str, status| {
        let advice = json(&place, &["--via", "tunecore", "--rights", "--made-with", tool], status);
        party(&advice, "tunecore")["level"].as_str().unwrap().to_owned()
    };
    assert_eq!(level("Flow Music", 0), "hold");
    assert_eq!(level("Producer.ai", 1), "reject");
    assert_eq!(level("Suno", 1), "reject");
}

#[test]
fn mistakes_are_usage_errors_and_a_file_that_is_none_is_named() {
    let place = Place::demo();
    let none = advise(&place, &[]).expect(2);
    assert!(none.stderr.contains("--to, --via"), "{}", none.stderr);
    let wrong = advise(&place, &["--to", "spotfy"]).expect(2);
    assert!(wrong.stderr.contains("did you mean `spotify`?"), "{}", wrong.stderr);
    let broken = place.run(&["advise", "incoming/not-audio.mp3", "--to", "spotify"]);
    assert!(broken.code != Some(0) && broken.stderr.contains("not-audio.mp3"), "{broken:#?}");
    let unknown = advise(&place, &["--to", "spotify", "--jurisdiction", "mars"]).expect(0);
    assert!(unknown.stderr.contains("known: us, uk, eu"), "{}", unknown.stderr);
    assert!(unknown.stdout.contains("nothing was read on mars"), "{}", unknown.stdout);
}

#[test]
fn people_get_all_of_it_in_words() {
    let place = Place::demo();
    let mut args = WAYS.to_vec();
    args.extend(["--made-with", "Suno", "--voice", "cloned", "--voice-of", "Ann"]);
    let text = advise(&place, &args).expect(1).stdout;
    for words in [
        "Made with: Suno",
        "would be refused as it is by TuneCore",
        "would be refused as it is by CD Baby",
        "To declare:",
        "To attach or keep at hand:",
        "Sources contradict each other about",
        "Nothing was found on:",
        "It is no legal advice.",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn what_the_sound_tells_of_a_codec_is_found_with_and_without_references() {
    let place = Place::indexed(&["zalek"]);
    for more in [&[][..], &["--index", "index"]] {
        let args = [&["advise", "incoming/funky-sax.mp3", "--format", "json"], WAYS, more].concat();
        let advice: Value = serde_json::from_str(&place.run(&args).stdout).unwrap();
        let traces = advice["found"]["traces"].as_array().unwrap();
        assert_eq!(traces.len(), 1, "{more:?}");
        let words = traces[0].as_str().unwrap();
        assert!(words.contains("as Riffusion v1's decoder leaves it"), "{words}");
        assert!(words.contains("a person's own recording included"), "{words}");
    }
}
