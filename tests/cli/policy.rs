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
        "meta",
        "tiktok",
        "bandcamp",
        "qobuz",
        "symphonic",
        "landr",
        "routenote",
        "believe",
        "beatchain",
        "recordjet",
        "emastered",
        "amazon",
        "beatport",
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

#[test]
fn the_matrix_says_the_same_in_words_records_and_tables() {
    let place = Place::empty();
    let records = run(&place, &["policy", "matrix", "--format", "jsonl"]).expect(0);
    let cells = records.all("policy_matrix");
    let cell = |policy: &str, question: &str| {
        let found = cells.iter().find(|c| c["policy"] == policy && c["question"] == question);
        found.unwrap_or_else(|| panic!("{policy} {question}")).clone()
    };
    assert_eq!(cell("cdbaby", "generated_all")["level"], "reject");
    assert_eq!(cell("cdbaby", "generated_all")["grade"], "S");
    assert_eq!(cell("beatport", "copy")["own"], false, "by common practice");
    assert!(records.all("policy_eligibility").iter().any(|c| c["case"] == "karaoke"));
    let text = run(&place, &["policy", "matrix"]).expect(0).stdout;
    assert!(text.contains("Grades of sources: P primary text"), "{text}");
    let table = run(&place, &["policy", "matrix", "--format", "markdown"]).expect(0).stdout;
    let rows: Vec<&str> = table.lines().take_while(|l| !l.is_empty()).collect();
    let columns = |row: &str| row.matches('|').count();
    assert!(rows.len() > 20 && rows.iter().all(|r| columns(r) == columns(rows[0])), "{table}");
}

#[test]
fn a_policy_is_tried_on_saved_records() {
    let place = Place::demo();
    let scan = place.run(&[
        "scan",
        "incoming",
        "--references",
        "references",
        "--ai",
        "all",
        "--format",
        "jsonl",
    ]);
    place.write("scan.jsonl", &scan.stdout);
    let test = |args: &[&str]| {
        let mut all = vec!["policy", "test", "scan.jsonl", "--format", "jsonl"];
        all.extend(args);
        run(&place, &all)
    };
    let refused = test(&["--policy", "cdbaby", "--rule", "disc-003"]).expect(1);
    let fired: Vec<Value> =
        refused.all("policy_test").into_iter().filter(|t| t["fires"] == true).collect();
    assert_eq!(fired[0]["level"], "reject");
    assert_eq!(fired[0]["uploads"], 4, "{fired:#?}");
    let total = refused.one("policy_test_summary");
    assert_eq!((&total["uploads"], &total["changed"]), (&Value::from(4), &Value::from(4)));
    test(&["--policy", "distrokid", "--rule", "disc-003"]).expect(0);
    test(&["--policy", "distrokid", "--rule", "disc-003", "--fail-on", "clear"]).expect(1);
    // The same policy gives the same verdicts as the scan did.
    let same = test(&["--policy", "generic", "--exit-zero"]).expect(0);
    assert_eq!(same.one("policy_test_summary")["changed"], 0);
    place.write("house.toml", HOUSE);
    let house = test(&["--policy", "house.toml", "--exit-zero"]).expect(0);
    assert!(
        house.all("policy_test").iter().any(|t| t["rule"] == "META-001" && t["fires"] == false)
    );
    place.write("none.jsonl", "{\"type\":\"begin\"}\n");
    run(&place, &["policy", "test", "none.jsonl", "--policy", "generic"]).expect(2);
    place.write("old.jsonl", "{\"type\":\"verdict\",\"subject\":\"a\",\"verdict\":\"hold\",\"reasons\":[\"META-001\"]}\n");
    let old = run(&place, &["policy", "test", "old.jsonl", "--policy", "generic"]).expect(3);
    assert!(old.stderr.contains("scan again"), "{}", old.stderr);
    let bad = "{\"type\":\"verdict\",\"subject\":7}\n";
    place.write("bad.jsonl", format!("{bad}{}", scan.stdout));
    let bad = run(&place, &["policy", "test", "bad.jsonl", "--policy", "generic", "--exit-zero"])
        .expect(0);
    assert!(bad.stderr.contains("bad.jsonl: line 1"), "{}", bad.stderr);
}

#[test]
fn what_differs_between_two_policies_is_told_entry_by_entry() {
    let place = with_house(HOUSE);
    place.write(
        "newer.toml",
        HOUSE.replace("reject", "hold").replace("version = '1'", "version = '2'"),
    );
    let diff =
        run(&place, &["policy", "diff", "packs/house.toml", "newer.toml", "--format", "jsonl"])
            .expect(0);
    let all = diff.all("policy_difference");
    assert_eq!(all.len(), 2, "{all:#?}");
    assert_eq!(all[1]["levels"], serde_json::json!(["reject", "hold"]));
    let text = run(&place, &["policy", "diff", "packs/house.toml", "newer.toml"]).expect(0).stdout;
    assert!(text.contains("META-001 always: reject → hold"), "{text}");
    let same = run(&place, &["policy", "diff", "spotify", "spotify"]).expect(0).stdout;
    assert_eq!(same.trim(), "no difference");
    run(&place, &["policy", "diff", "spotify", "spotfy"]).expect(2);
}

#[test]
fn generators_are_listed_by_any_name_with_what_services_say() {
    let place = Place::empty();
    for name in ["Riffusion", "producer.ai", "Flow Music"] {
        let one = run(&place, &["policy", "generators", name, "--format", "jsonl"]).expect(0);
        let family = one.one("generator");
        assert_eq!(family["family"], "riffusion", "{name}");
        assert_eq!(family["names"].as_array().unwrap().len(), 3);
        let services = family["services"].as_array().unwrap();
        assert!(services.iter().any(|s| s["policy"] == "tunecore" && s["standing"] == "licensed"));
        assert!(services.iter().all(|s| s["date"].as_str().unwrap().starts_with("20")));
    }
    let text = run(&place, &["policy", "generators"]).expect(0).stdout;
    assert!(
        text.contains("Riffusion → Producer.ai → Flow Music") && text.contains("suno"),
        "{text}"
    );
    run(&place, &["policy", "generators", "kazoo"]).expect(2);
}

#[test]
fn a_weak_source_does_not_carry_a_hold() {
    let place = with_house(&HOUSE.replace("tag = 'P'", "tag = 'W'"));
    let check = run(&place, &["policy", "check", "--policy-dir", "packs"]).expect(2);
    assert!(check.stdout.contains("hearsay carries no more than review"), "{check:#?}");
}
