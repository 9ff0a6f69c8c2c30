//! Signed credentials in what the program says: states, the trust list, verdicts, tables, pages.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::place::{Outcome, Place, file_name};

/// The demo's references, and a delivery of signed files.
fn place() -> Place {
    let place = Place::indexed(&["main-theme"]);
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/credentials");
    fs::create_dir(place.path("delivery")).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let file = entry.unwrap().path();
        let name = file.file_name().unwrap().to_str().unwrap();
        let to = if name.ends_with(".pem") { name.to_owned() } else { format!("delivery/{name}") };
        fs::copy(&file, place.path(&to)).unwrap();
    }
    for name in ["make.sh", "README.md"] {
        fs::remove_file(place.path("delivery").join(name)).unwrap();
    }
    let plain = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/formats/bare.mp3");
    fs::copy(plain, place.path("delivery/plain.mp3")).unwrap();
    let mut broken = fs::read(place.path("delivery/generated.wav")).unwrap();
    broken[5_000] ^= 1;
    place.write("delivery/broken.wav", broken);
    place
}

fn state_of(outcome: &Outcome, name: &str) -> Value {
    let all = outcome.all("scanned");
    let scanned = all.iter().find(|s| file_name(&s["query"]["path"]) == name);
    scanned.unwrap_or_else(|| panic!("{name} was scanned"))["credential"].clone()
}

fn record_of(outcome: &Outcome, name: &str) -> Value {
    let all = outcome.all("credential");
    let record = all.into_iter().find(|c| file_name(&c["query"]["path"]) == name);
    record.unwrap_or_else(|| panic!("{name} has a record"))
}

#[test]
fn each_state_is_told_by_its_name_and_what_it_means() {
    let place = place();
    let scan = place.scan(&["delivery", "--trust", "ca.pem", "--no-cluster"]);
    for (name, state) in [
        ("generated.wav", "trusted"),
        ("generated.mp3", "trusted"),
        ("generated.flac", "trusted"),
        ("generated.m4a", "trusted"),
        ("edited.mp3", "trusted"),
        ("recorded.mp3", "intact"),
        ("broken.wav", "broken"),
        ("remote.mp3", "remote"),
        ("plain.mp3", "none"),
    ] {
        assert_eq!(state_of(&scan, name), state, "{name}");
        if state != "none" {
            assert_eq!(record_of(&scan, name)["state"], state, "{name}");
        }
    }
    assert_eq!(scan.all("credential").len(), 8, "none has no record");
    let generated = record_of(&scan, "generated.mp3");
    assert_eq!(generated["says"], "generated");
    assert_eq!(generated["claim"]["signer"], "Example Generator signing");
    assert_eq!(generated["claim"]["actions"][0]["source_type"], "trainedAlgorithmicMedia");
    let broken = record_of(&scan, "broken.wav");
    assert_eq!(broken["altered"], true);
    assert_eq!(broken["reasons"][0], "the file was changed after it was signed");

    // Without a list nobody is known; where it is not wanted, nothing is said.
    let scan = place.scan(&["delivery/generated.wav"]);
    assert_eq!(state_of(&scan, "generated.wav"), "intact");
    let scan = place.scan(&["delivery/generated.wav", "--no-credentials"]);
    assert_eq!(state_of(&scan, "generated.wav"), Value::Null);
    assert!(scan.all("credential").is_empty());
}

#[test]
fn a_list_that_is_none_is_one_clear_error() {
    let place = place();
    place.write("empty.pem", "nothing\n");
    for (list, why) in [
        ("empty.pem", "there is no certificate in it"),
        ("missing.pem", "cannot be read"),
        ("delivery/generated.wav", "no trust list"),
        ("delivery", "cannot be read"),
    ] {
        let refused = place.scan(&["delivery", "--trust", list]).expect(2);
        assert!(refused.stderr.contains(why) && refused.stderr.contains(list), "{refused:?}");
        assert_eq!(refused.stderr.lines().count(), 1, "{refused:?}");
        assert!(refused.stdout.is_empty());
    }
    let watch = place.run(&["watch", "delivery", "--index", "index", "--trust", "empty.pem"]);
    assert!(watch.expect(2).stderr.contains("empty.pem"));
    let serve = ["serve", "--state", "s", "--index", "index", "--trust", "empty.pem"];
    assert!(place.run(&serve).expect(2).stderr.contains("empty.pem"));
}

#[test]
fn a_declaration_that_a_credential_contradicts_is_for_a_look() {
    let place = place();
    place.write(
        "manifest.csv",
        "path,title,artist,isrc,rights,ai\n\
         delivery/generated.mp3,One,Ann,USS1Z2600001,yes,none\n\
         delivery/recorded.mp3,Two,Ann,USS1Z2600002,yes,none\n\
         delivery/broken.wav,Three,Ann,USS1Z2600003,yes,none\n\
         delivery/generated.m4a,Four,Ann,USS1Z2600004,yes,all\n",
    );
    let files = ["generated.mp3", "recorded.mp3", "broken.wav", "generated.m4a"];
    let mut args: Vec<String> = files.iter().map(|f| format!("delivery/{f}")).collect();
    args.extend(
        ["--manifest", "manifest.csv", "--policy", "generic", "--no-cluster"].map(str::to_owned),
    );
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let scan = place.scan(&args);
    let verdicts = scan.all("verdict");
    let of = |name: &str| {
        let verdict = verdicts.iter().find(|v| file_name(&v["subject"]) == name).unwrap();
        (verdict["verdict"].as_str().unwrap().to_owned(), verdict["reasons"].to_string())
    };
    let (level, reasons) = of("generated.mp3");
    assert_eq!(level, "review", "{scan:?}");
    assert!(reasons.contains("DISC-002"), "{reasons}");
    let (level, reasons) = of("broken.wav");
    assert_eq!(level, "review");
    assert!(reasons.contains("DISC-006"), "{reasons}");
    for quiet in ["recorded.mp3", "generated.m4a"] {
        let (_, reasons) = of(quiet);
        assert!(
            !reasons.contains("DISC-002") && !reasons.contains("DISC-006"),
            "{quiet}: {reasons}"
        );
    }
    let finding = scan.all("finding").into_iter().find(|f| f["rule"] == "DISC-002").unwrap();
    assert!(finding["message"].as_str().unwrap().contains("made by a trained model"), "{finding}");
}

#[test]
fn what_is_in_the_delivery_is_missed_in_the_derivative() {
    let place = place();
    place.write(
        "manifest.csv",
        "path,title,artist,isrc,rights,ai\n\
         delivery/generated.mp3,One,Ann,USS1Z2600001,yes,all\n\
         delivery/plain.mp3,One,Ann,USS1Z2600001,yes,all\n\
         delivery/generated.wav,Other,Ann,USS1Z2600009,yes,all\n",
    );
    let args = [
        "delivery/generated.mp3",
        "delivery/plain.mp3",
        "--manifest",
        "manifest.csv",
        "--policy",
        "generic",
    ];
    let scan = place.scan(&args);
    let missed: Vec<Value> =
        scan.all("finding").into_iter().filter(|f| f["rule"] == "DISC-007").collect();
    assert_eq!(missed.len(), 1, "{scan:?}");
    assert_eq!(file_name(&missed[0]["subject"]), "plain.mp3");
    let message = missed[0]["message"].as_str().unwrap();
    assert!(message.contains("present in the delivery, absent in the derivative"), "{message}");
    assert!(message.contains("generated.mp3"), "{message}");
    // Another recording has none to miss.
    place.copy("incoming/void-sensor.ogg", "delivery/other.ogg");
    let scan = place.scan(&["delivery/generated.mp3", "delivery/other.ogg", "--policy", "generic"]);
    assert!(scan.all("finding").iter().all(|f| f["rule"] != "DISC-007"), "{scan:?}");
}

#[test]
fn people_and_tables_are_told_the_same() {
    let place = place();
    let files = ["delivery/generated.wav", "delivery/broken.wav", "delivery/plain.mp3"];
    let run = |format: &str| {
        let mut args = vec!["scan", "--index", "index", "--trust", "ca.pem", "--format", format];
        args.extend(files);
        place.run(&args)
    };
    let text = run("text").stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("CREDENTIAL trusted: Carries a Content Credential, unchanged since it was signed by Example Generator signing"), "{text}");
    assert!(text.contains("CREDENTIAL broken: Carries a Content Credential that does not hold: the file was changed after it was signed."), "{text}");
    assert_eq!(text.matches("CREDENTIAL").count(), 2, "{text}");

    let table = run("csv").stdout;
    let mut lines = table.lines();
    let head: Vec<&str> = lines.next().unwrap().split(',').collect();
    let column = |name: &str| head.iter().position(|h| *h == name).unwrap();
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    let row = |name: &str| {
        let row = rows.iter().find(|r| r[0].ends_with(name)).unwrap();
        ["credential", "credential_says", "credential_signer"].map(|c| row[column(c)].to_owned())
    };
    assert_eq!(row("generated.wav"), ["trusted", "generated", "Example Generator signing"]);
    assert_eq!(row("broken.wav")[..2], ["broken", "generated"]);
    assert_eq!(row("plain.mp3"), ["none", "", ""]);
}

#[test]
fn the_report_shows_what_it_proves_and_what_not() {
    let place = place();
    let scan = place.scan(&["delivery/generated.wav", "delivery/broken.wav", "--trust", "ca.pem"]);
    place.write("scan.jsonl", &scan.stdout);
    place.run(&["report", "scan.jsonl", "-o", "report.html"]).expect(0);
    let page = fs::read_to_string(place.path("report.html")).unwrap();
    for part in [
        "Signed credential: intact, signer trusted",
        "Signed credential: does not hold",
        "Example Generator signing",
        "made by a trained model",
        "is the signer's word",
        "SynthID",
    ] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn whoever_asks_before_submitting_is_told_of_it() {
    let place = place();
    let advise = |file: &str| {
        place.run(&["advise", file, "--to", "spotify", "--trust", "ca.pem", "--format", "json"])
    };
    let advice: Value = serde_json::from_str(&advise("delivery/generated.m4a").stdout).unwrap();
    let told = advice["found"]["traces"].to_string();
    assert!(told.contains("Carries a Content Credential") && told.contains("trust list"), "{told}");
    let advice: Value = serde_json::from_str(&advise("delivery/plain.mp3").stdout).unwrap();
    assert!(!advice["found"]["traces"].to_string().contains("Credential"));
}

#[test]
fn threads_change_nothing() {
    let place = place();
    let one = place.scan(&["delivery", "--trust", "ca.pem", "--threads", "1"]);
    let four = place.scan(&["delivery", "--trust", "ca.pem", "--threads", "4"]);
    let credentials = |outcome: &Outcome| outcome.all("credential");
    assert_eq!(credentials(&one), credentials(&four));
}
