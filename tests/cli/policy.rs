//! `soundalike policy` and `soundalike explain`.

use serde_json::Value;

use crate::place::{Outcome, Place};

const HOUSE: &str = "id = 'house'\ntitle = 'House rules'\nversion = '1'\nverified_on = 2026-03-01\nextends = 'spotify'\n\
    [[sources]]\nid = 'H'\npublication = 'our handbook'\ntag = 'P'\n\
    [[rules]]\nrule = 'META-001'\nlevel = 'reject'\ntext = 'We need one.'\nsource = 'H'\n";

fn with_house(text: &str) -> Place {
    let place = Place::empty();
    std::fs::create_dir(place.path("packs")).unwrap();
    place.write("packs/house.toml", text);
    place
}

fn run(place: &Place, args: &[&str]) -> Outcome {
    Outcome::of(place.command(args).env_remove("SOUNDALIKE_POLICIES").output().unwrap())
}

fn ids(outcome: &Outcome) -> Vec<String> {
    outcome.all("policy").iter().map(|p| p["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_services_of_the_promise_are_there() {
    let place = Place::empty();
    let list = run(&place, &["policy", "list", "--format", "jsonl"]).expect(0);
    let ids = ids(&list);
    assert_eq!(ids[0], "generic", "the default first");
    for id in [
        "distrokid",
        "tunecore",
        "cdbaby",
        "amuse",
        "spotify",
        "youtube",
        "youtube-cid",
        "soundcloud",
        "deezer",
        "apple",
        "tidal",
    ] {
        assert!(ids.iter().any(|i| i == id), "{id}");
    }
    let text = run(&place, &["policy", "list"]).expect(0).stdout;
    assert!(text.contains("CD Baby") && text.contains("(default)"), "{text}");
}

#[test]
fn show_prints_condition_level_text_source_and_date() {
    let place = Place::empty();
    let shown = run(&place, &["policy", "show", "CDBaby", "--on", "2026-11-24"]).expect(0);
    for words in [
        "when declared use of generators: partly or all",
        "reject",
        "whatever the licence",
        "(secondary report), 2026-02-27",
        "[generic]",
    ] {
        assert!(shown.stdout.contains(words), "{words}: {}", shown.stdout);
    }
    assert!(shown.stderr.is_empty(), "{}", shown.stderr);
    let records = run(&place, &["policy", "show", "cdbaby", "--format", "jsonl"]).expect(0);
    let rules = records.all("policy_rule");
    assert!(rules.len() > 40, "with what it inherits");
    for rule in rules {
        for field in
            ["rule", "level", "when", "text", "source", "confidence", "date", "verified_on"]
        {
            assert!(rule[field].as_str().is_some_and(|v| !v.is_empty()), "{field}: {rule}");
        }
    }
}

#[test]
fn a_misspelt_policy_is_a_usage_error_with_a_hint() {
    let place = Place::empty();
    let wrong = run(&place, &["policy", "show", "spotfy"]).expect(2);
    assert!(wrong.stderr.contains("did you mean `spotify`?"), "{}", wrong.stderr);
    assert!(wrong.stdout.is_empty());
}

#[test]
fn policies_out_of_date_warn_and_do_not_fail() {
    let place = with_house(HOUSE);
    let dir = ["--policy-dir", "packs"];
    let check = |on: &str| {
        let mut args = vec!["policy", "check", "house", "--on", on, "--format", "jsonl"];
        args.extend(dir);
        run(&place, &args).expect(0)
    };
    let fresh = check("2026-08-28");
    assert_eq!(fresh.one("policy_check")["stale"], Value::Bool(false));
    assert!(fresh.stderr.is_empty());
    let stale = check("2026-08-29");
    assert_eq!(stale.one("policy_check")["stale"], Value::Bool(true));
    assert!(stale.stderr.contains("out of date"), "{}", stale.stderr);
}

#[test]
fn a_folder_adds_policies_by_option_or_variable() {
    let place = with_house(HOUSE);
    let by_option =
        run(&place, &["policy", "list", "--format", "jsonl", "--policy-dir", "packs"]).expect(0);
    assert!(ids(&by_option).contains(&"house".to_owned()));
    let mut command = place.command(&["policy", "list", "--format", "jsonl"]);
    let by_variable =
        Outcome::of(command.env("SOUNDALIKE_POLICIES", "packs").output().unwrap()).expect(0);
    assert_eq!(ids(&by_variable), ids(&by_option));
    let mut command = place.command(&["policy", "list"]);
    Outcome::of(command.env("SOUNDALIKE_POLICIES", "").output().unwrap()).expect(0);
}

#[test]
fn every_bad_policy_of_a_folder_is_named_with_its_line() {
    let place = with_house(&HOUSE.replace("META-001", "META-01"));
    place.write("packs/other.toml", "id = \n");
    let check = run(&place, &["policy", "check", "--policy-dir", "packs"]).expect(2);
    assert!(
        check.stdout.contains("house.toml:10: unknown rule `META-01`; did you mean"),
        "{check:#?}"
    );
    assert!(check.stdout.contains("other.toml:1:"), "{check:#?}");
    assert!(
        check.stdout.lines().any(|l| l.starts_with("ok") && l.contains("spotify")),
        "{check:#?}"
    );
    // Nothing is judged with half of the policies.
    run(&place, &["policy", "list", "--policy-dir", "packs"]).expect(2);
    let one = run(&place, &["policy", "check", "packs/other.toml"]).expect(2);
    assert_eq!(one.stdout.lines().count(), 1);
    let folder = run(&place, &["policy", "check", "packs"]).expect(2);
    assert_eq!(folder.stdout.lines().count(), 2, "{folder:#?}");
    run(&place, &["policy", "check", "missing.toml"]).expect(2);
}

#[test]
fn explain_says_what_a_rule_means_and_what_each_policy_makes_of_it() {
    let place = Place::empty();
    let text = run(&place, &["explain", "disc-003"]).expect(0).stdout;
    for words in
        ["DISC-003", "Generated parts are declared", "CD Baby", "TuneCore", "What no verdict says"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
    let all = run(&place, &["explain", "--format", "jsonl"]).expect(0);
    assert!(all.all("rule").len() > 25);
    let wrong = run(&place, &["explain", "AUDIO-01"]).expect(2);
    assert!(wrong.stderr.contains("did you mean AUDIO-00"), "{}", wrong.stderr);
}
