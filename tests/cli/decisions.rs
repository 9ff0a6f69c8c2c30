//! Decisions: made, listed, taken back, and proved by the log.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;
use soundalike::decisions::change::{Proposal, decide};
use soundalike::decisions::log::append_verdicts;
use soundalike::decisions::{Decisions, Effect, Expiry, Target, VerdictEntry};

use crate::place::{Outcome, Place};

/// Runs a command on decisions with `--index index` and a name.
fn decision(place: &Place, args: &[&str]) -> Outcome {
    let mut command = place.command(args);
    command.args(["--index", "index"]).env("USER", "ada");
    Outcome::of(command.stdin(Stdio::null()).output().unwrap())
}

/// The record of a decision that is made.
#[track_caller]
fn decided(place: &Place, args: &[&str]) -> Value {
    let args = [args, &["--reason", "licensed", "--format", "jsonl"]].concat();
    decision(place, &args).expect(0).one("decision")
}

fn audit(place: &Place, args: &[&str]) -> Outcome {
    place.run(&[&["audit"], args, &["--index", "index"]].concat())
}

fn log(place: &Place) -> PathBuf {
    place.path("index/decisions.jsonl")
}

/// Identifier of the reference indexed from a path.
fn ref_id(place: &Place, path: &str) -> String {
    let list = place.run(&["index", "list", "--index", "index", "--format", "jsonl"]).expect(0);
    let found = list.all("reference").into_iter().find(|r| r["path"] == path);
    found.unwrap()["ref_id"].as_str().unwrap().to_owned()
}

#[test]
fn files_and_references_go_by_whatever_names_them() {
    let place = Place::indexed(&["main-theme", "zalek"]);
    let theme = ref_id(&place, "references/main-theme.ogg");
    let by_path = ["allow", "add", "--pair", "incoming/night-drive.mp3", "references/zalek.ogg"];
    let pair = decided(&place, &by_path);
    assert_eq!(pair["target"]["type"], "pair");
    let (a, b) = (pair["target"]["a"].as_str().unwrap(), pair["target"]["b"].as_str().unwrap());
    assert_eq!((a.len(), b.len()), (64, 64), "hashed in full");
    assert!(b.starts_with(&ref_id(&place, "references/zalek.ogg")[2..]));
    assert_eq!((&pair["effect"], &pair["who"]), (&"allow".into(), &"ada".into()));
    assert!(pair["index_id"].is_string(), "{pair}");

    // As indexed, when the file is there no more; by identifier; by hash.
    fs::rename(place.path("references"), place.path("moved")).unwrap();
    let reference = decided(&place, &["allow", "add", "--reference", "references/main-theme.ogg"]);
    assert_eq!(reference["target"]["ref_id"], theme.as_str());
    let by_file = decided(&place, &["block", "add", "--reference", "moved/main-theme.ogg"]);
    assert_eq!(by_file["target"]["ref_id"], theme.as_str());
    let part =
        decided(&place, &["allow", "add", "--reference", &theme, "--interval", "0:02-0:04.5"]);
    assert_eq!(
        (&part["target"]["begin_ms"], &part["target"]["end_ms"]),
        (&2000.into(), &4500.into())
    );
    decided(&place, &["allow", "add", "--pair", a, &theme]);

    for (args, told) in [
        (&["--pair", "incoming/none.mp3", &theme][..], "incoming/none.mp3"),
        (&["--pair", &theme, "moved/main-theme.ogg"], "same file"),
        (&["--reference", "r_0123456789abcdef"], "no such reference"),
        (&["--reference", "incoming/night-drive.mp3"], "no such reference"),
        (&["--reference", &theme, "--interval", "0:31-0:12"], "0:31-0:12"),
        (&["--reference", &theme, "--interval", "9:00-9:10"], "after the end"),
        (&["--registrant", "12345"], "12345"),
        (&["--account", "a", "--expires", "someday"], "someday"),
        (&["--account", "a", "--expires", "2020-01-01"], "past"),
        (&["--account", "a", "--interval", "0:01-0:02"], "--reference"),
        (&["--account", "a", "--registrant", "USABC"], "cannot be used with"),
        (&[], "--pair"),
    ] {
        let args = [&["allow", "add", "--reason", "x"], args].concat();
        let outcome = decision(&place, &args).expect(2);
        assert!(outcome.stderr.contains(told), "{told}: {}", outcome.stderr);
    }
    decision(&place, &["allow", "add", "--account", "a"]).expect(2);
    decision(&place, &["allow", "add", "--account", "a", "--reason", " "]).expect(2);
    decision(&place, &["allow", "add", "--account", "a", "--reason", "…"]).expect(2);
    let entries = audit(&place, &["list", "--format", "jsonl"]).expect(0).all("audit_entry").len();
    assert_eq!(entries, 5, "what was refused left no trace");
}

#[test]
fn decisions_are_listed_until_they_are_removed_or_expire() {
    let place = Place::indexed(&["zalek"]);
    let account = decided(&place, &["allow", "add", "--account", "acc-1", "--expires", "90d"]);
    let registrant = decided(&place, &["allow", "add", "--registrant", "us-abc-26-00001"]);
    assert_eq!(registrant["target"]["registrant"], "USABC");
    let block = decided(&place, &["block", "add", "--account", "acc-2"]);
    // One that has expired by now, made when it had not.
    let then = "2020-01-01T00:00:00Z".parse().unwrap();
    let proposal = Proposal {
        effect: Effect::Allow,
        target: Target::account("acc-3").unwrap(),
        reason: "trial".into(),
        who: "bob".into(),
        expires: Some(Expiry::parse("30d", then).unwrap()),
        index_id: None,
    };
    let expired = decide(&log(&place), then, proposal).unwrap().decision;

    let ids = |effect: &str, more: &[&str]| -> Vec<(Value, Value)> {
        let args = [&[effect, "list", "--format", "jsonl"], more].concat();
        let records = decision(&place, &args).expect(0).all("decision");
        records.iter().map(|r| (r["id"].clone(), r["status"].clone())).collect()
    };
    let active = |record: &Value| (record["id"].clone(), "active".into());
    assert_eq!(ids("allow", &[]), [active(&account), active(&registrant)]);
    assert_eq!(ids("block", &[]), [active(&block)]);

    let id = account["id"].as_str().unwrap();
    let why = ["--reason", "contract ended"];
    let wrong = decision(&place, &[&["block", "remove", id], &why[..]].concat()).expect(2);
    assert!(wrong.stderr.contains("soundalike allow remove"), "{}", wrong.stderr);
    decision(&place, &["allow", "remove", id]).expect(2);
    decision(&place, &[&["allow", "remove", id], &why[..]].concat()).expect(0);
    let again = decision(&place, &[&["allow", "remove", id], &why[..]].concat()).expect(2);
    assert!(again.stderr.contains("already"), "{}", again.stderr);
    decision(&place, &[&["allow", "remove", "d_0000"], &why[..]].concat()).expect(2);

    assert_eq!(ids("allow", &[]), [active(&registrant)]);
    let revoked = (account["id"].clone(), "revoked".into());
    let expired = (expired.id.into(), "expired".into());
    assert_eq!(ids("allow", &["--all"]), [revoked, active(&registrant), expired]);
    let text = decision(&place, &["allow", "list", "--all"]).expect(0).stdout;
    assert!(text.contains("[removed") && text.contains("by ada: contract ended"), "{text}");
    assert!(text.contains("[expired]"), "{text}");
}

#[test]
fn blocked_audio_is_found_again_in_other_clothes() {
    let place = Place::indexed(&["zalek"]);
    place.scan(&["incoming/night-drive.mp3"]).expect(0);
    let theme = "references/main-theme.ogg";
    let before = place.run(&["index", "stats", "--index", "index", "--format", "jsonl"]);
    let block = decided(&place, &["block", "add", "--audio", theme]);
    assert_eq!((&block["target"]["type"], &block["indexed"]), (&"audio".into(), &"added".into()));
    assert_eq!(block["index_id"], before.one("index_stats")["index_id"], "what it was decided on");

    // A filtered part of it, encoded anew, matches, and the decision says so.
    let found = place.scan(&["incoming/night-drive.mp3"]).expect(1).one("match");
    assert_eq!(found["reference"]["catalog"], "blocklist");
    let decisions = Decisions::load(&log(&place), jiff::Timestamp::now()).unwrap();
    let sha256 = found["query"]["sha256"].as_str().unwrap();
    let reference = found["reference"]["ref_id"].as_str().unwrap();
    let by = decisions.match_blocked(sha256, reference, &[(7000, 19_000)]).unwrap();
    assert_eq!(block["id"], by.id.as_str());
    assert!(
        decisions.upload_blocked(block["target"]["sha256"].as_str().unwrap(), None, None).is_some()
    );

    let again = decided(&place, &["block", "add", "--audio", theme]);
    assert_eq!(again["indexed"], "present");
    // What is no audio can be blocked as the file it is.
    let args = ["block", "add", "--audio", "incoming/not-audio.mp3", "--reason", "spam"];
    let outcome = decision(&place, &args).expect(0);
    assert!(outcome.stderr.contains("copies of it will not be found"), "{}", outcome.stderr);
    decision(&place, &["block", "add", "--audio", "none.mp3", "--reason", "spam"]).expect(2);
    // Allowing a file leaves the index alone.
    let allowed = decided(&place, &["allow", "add", "--audio", "incoming/funky-sax.mp3"]);
    assert_eq!(allowed["indexed"], Value::Null);
    let list = place.run(&["index", "list", "--index", "index"]).expect(0).stdout;
    assert_eq!(list.lines().count(), 2, "{list}");
}

#[test]
fn nothing_is_held_against_an_allowed_file_of_what_it_shares_with_others() {
    let place = Place::indexed(&["zalek"]);
    let clip = std::fs::read(place.path("incoming/night-drive.mp3")).unwrap();
    for (name, tail) in [("a.mp3", 1), ("b.mp3", 2), ("c.mp3", 3)] {
        place.write(name, [&clip[..], &vec![0; tail]].concat());
    }
    let rows = ["a.mp3,Night,Ann,acc-1", "b.mp3,Day,Bob,acc-2", "c.mp3,Dusk,Cid,acc-3"];
    place.write("m.csv", format!("file,title,artist,account\n{}\n", rows.join("\n")));
    let verdicts = |code: i32| -> Vec<(String, String, bool)> {
        let files = ["scan", "a.mp3", "b.mp3", "c.mp3", "--index", "index", "--manifest", "m.csv"];
        let told = place.run(&[&files[..], &["--format", "jsonl"]].concat()).expect(code);
        let text = |v: &Value| v.as_str().unwrap().to_owned();
        let of = |v: &Value| {
            let decided = !v["decisions"].as_array().unwrap().is_empty();
            (text(&v["subject"]), text(&v["verdict"]), decided)
        };
        told.all("verdict").iter().map(of).collect()
    };
    let is = |told: Vec<(String, String, bool)>, expected: [(&str, bool); 3]| {
        let told: Vec<(&str, bool)> = told.iter().map(|(_, level, by)| (&**level, *by)).collect();
        assert_eq!(told, expected);
    };
    is(verdicts(1), [("hold", false), ("hold", false), ("hold", false)]);
    decided(&place, &["allow", "add", "--audio", "a.mp3"]);
    is(verdicts(1), [("clear", true), ("hold", false), ("hold", false)]);
    decided(&place, &["allow", "add", "--account", "acc-2"]);
    is(verdicts(1), [("clear", true), ("clear", true), ("hold", false)]);
}

#[test]
fn decisions_survive_the_life_of_the_index_beside_them() {
    let place = Place::indexed(&["zalek"]);
    decided(&place, &["allow", "add", "--account", "acc-1"]);
    let before = fs::read(log(&place)).unwrap();
    place.add(&["references"]);
    place.run(&["index", "remove", "--index", "index", "references/zalek.ogg"]).expect(0);
    place.run(&["index", "compact", "--index", "index"]).expect(0);
    place.run(&["index", "verify", "--index", "index"]).expect(0);
    assert_eq!(fs::read(log(&place)).unwrap(), before);
}

#[test]
fn a_log_can_be_kept_apart_from_any_index() {
    let place = Place::demo();
    let pair = ["--pair", "incoming/night-drive.mp3", "references/zalek.ogg"];
    let args = [&["allow", "add"], &pair[..], &["--reason", "x", "--who", "bob"]].concat();
    let outcome = place.run(&args).expect(2);
    assert!(outcome.stderr.contains("--decisions"), "{}", outcome.stderr);
    let mut command = place.command(&args);
    let output = command.env("SOUNDALIKE_DECISIONS", "log.jsonl").output().unwrap();
    Outcome::of(output).expect(0);
    let at = ["--decisions", "log.jsonl"];
    let list = place.run(&[&["allow", "list"], &at[..]].concat()).expect(0).stdout;
    assert!(list.contains("bob: x"), "{list}");
    let by_path = ["block", "add", "--reference", "references/zalek.ogg", "--reason", "x"];
    let outcome = place.run(&[&by_path, &at[..], &["--who", "bob"]].concat()).expect(2);
    assert!(outcome.stderr.contains("--index"), "{}", outcome.stderr);
    place.run(&["audit", "verify", "--decisions", "other.jsonl"]).expect(4);
    place.run(&["audit", "verify", "--decisions", "references"]).expect(4);
}

#[test]
fn audit_tells_everything_in_order_and_names_what_was_tampered_with() {
    let place = Place::indexed(&["zalek"]);
    let allow = decided(&place, &["allow", "add", "--account", "acc-1"]);
    let id = allow["id"].as_str().unwrap();
    let entry = VerdictEntry {
        subject: "in/\u{1b}[2Ja.mp3".into(),
        sha256: "ab".repeat(32),
        verdict: "hold".into(),
        rules: vec!["AUDIO-001".into()],
        index_id: Some("i_7".into()),
        ..VerdictEntry::default()
    };
    append_verdicts(&log(&place), &[entry]).unwrap();
    decision(&place, &["allow", "remove", id, "--reason", "over"]).expect(0);
    let text = audit(&place, &["list"]).expect(0).stdout;
    let kinds: Vec<_> = text.lines().map(|l| l.split_whitespace().nth(2).unwrap()).collect();
    assert_eq!(kinds, ["allow", "verdict", "revoke"]);
    assert!(text.contains("index i_7") && !text.contains('\u{1b}'), "{text}");
    let count = |args: &[&str]| {
        let args = [&["list", "--format", "jsonl"], args].concat();
        audit(&place, &args).expect(0).all("audit_entry").len()
    };
    assert_eq!(count(&["--kind", "verdict"]), 1);
    assert_eq!(count(&["--about", id]), 2);
    assert_eq!(count(&["--about", "r_abababababababab"]), 1);

    let sound = audit(&place, &["verify", "--format", "jsonl"]).expect(0).one("audit_verify");
    assert_eq!((&sound["sound"], &sound["entries"]), (&true.into(), &3.into()));
    let head = sound["head"].as_str().unwrap();
    audit(&place, &["verify", "--head", head]).expect(0);

    // The last entry vanishes: the chain alone cannot tell, a head kept elsewhere can, such as the anchor in the
    // index.
    let whole = fs::read_to_string(log(&place)).unwrap();
    let shorter: String = whole.split_inclusive('\n').take(2).collect();
    fs::write(log(&place), &shorter).unwrap();
    let outcome = audit(&place, &["verify"]).expect(4);
    assert!(outcome.stderr.contains("holds 2 entries, but 3 were written"), "{outcome:#?}");
    fs::copy(log(&place), place.path("copy.jsonl")).unwrap();
    let of_copy = ["audit", "verify", "--decisions", "copy.jsonl"];
    place.run(&of_copy).expect(0);
    let outcome = place.run(&[&of_copy[..], &["--head", head]].concat()).expect(4);
    assert!(outcome.stdout.contains("missing at the end"), "{}", outcome.stdout);

    fs::write(log(&place), whole.replacen("\"hold\"", "\"clear\"", 1)).unwrap();
    let outcome = audit(&place, &["verify"]).expect(4);
    assert!(outcome.stdout.contains("line 2: the entry was edited"), "{}", outcome.stdout);
    let record = audit(&place, &["verify", "--format", "jsonl"]).expect(4).one("audit_verify");
    assert_eq!((&record["line"], &record["sound"]), (&2.into(), &false.into()));
    // Nothing is decided or told on such ground.
    for args in [
        &["allow", "add", "--account", "acc-2", "--reason", "x"][..],
        &["block", "add", "--audio", "references/geoscape.ogg", "--reason", "x"],
        &["allow", "list"],
        &["allow", "remove", id, "--reason", "x"],
        &["audit", "list"],
    ] {
        let outcome = decision(&place, args).expect(4);
        assert!(outcome.stderr.contains("line 2"), "{}", outcome.stderr);
    }
    let list = place.run(&["index", "list", "--index", "index"]).expect(0).stdout;
    assert!(!list.contains("geoscape"), "{list}");
}

#[test]
fn a_decision_cut_short_by_a_kill_is_told_and_repaired() {
    let place = Place::indexed(&["zalek"]);
    decided(&place, &["allow", "add", "--account", "acc-1"]);
    let whole = fs::read(log(&place)).unwrap();
    let mut file = OpenOptions::new().append(true).open(log(&place)).unwrap();
    file.write_all(&whole[..100]).unwrap();
    drop(file);

    let listed = decision(&place, &["allow", "list"]).expect(0);
    assert!(listed.stdout.contains("acc-1"), "{}", listed.stdout);
    assert!(listed.stderr.contains("line 2"), "{}", listed.stderr);
    let outcome = audit(&place, &["verify"]).expect(4);
    assert!(outcome.stdout.contains("incomplete"), "{}", outcome.stdout);

    let add = ["allow", "add", "--account", "acc-2", "--reason", "x"];
    let outcome = decision(&place, &add).expect(0);
    assert!(outcome.stderr.contains("100 bytes were cut off"), "{}", outcome.stderr);
    audit(&place, &["verify"]).expect(0);
    let kinds: Vec<Value> = audit(&place, &["list", "--format", "jsonl"])
        .expect(0)
        .all("audit_entry")
        .iter()
        .map(|e| e["kind"].clone())
        .collect();
    assert_eq!(kinds, ["allow", "repair", "allow"]);
    assert!(fs::read(log(&place)).unwrap().starts_with(&whole));
}

#[test]
fn processes_that_decide_at_once_make_one_chain() {
    let place = Place::indexed(&["zalek"]);
    let children: Vec<_> = (0..8)
        .map(|i| {
            let account = format!("acc-{i}");
            let args = ["block", "add", "--account", &account, "--reason", "x", "--who", "bob"];
            let args = [&args[..], &["--index", "index"]].concat();
            place.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for child in children {
        Outcome::of(child.wait_with_output().unwrap()).expect(0);
    }
    let verified = audit(&place, &["verify", "--format", "jsonl"]).expect(0).one("audit_verify");
    assert_eq!(verified["entries"], 8);
    let list = decision(&place, &["block", "list", "--format", "jsonl"]).expect(0);
    let mut ids: Vec<String> =
        list.all("decision").iter().map(|d| d["id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 8);
}

#[test]
fn decisions_outlive_an_index_that_is_made_anew() {
    let place = Place::indexed(&["main-theme", "zalek"]);
    decided(&place, &["block", "add", "--account", "acc-1"]);
    let beside = place.path("index.decisions.jsonl");
    assert_eq!(fs::read(&beside).unwrap(), fs::read(log(&place)).unwrap());
    let list = |place: &Place| decision(place, &["block", "list"]).expect(0).stdout;
    let before = list(&place);
    fs::remove_dir_all(place.path("index")).unwrap();
    place.add(&["references"]);
    assert_eq!(list(&place), before);
    decided(&place, &["block", "add", "--account", "acc-2"]);
    assert_eq!(fs::read(&beside).unwrap(), fs::read(log(&place)).unwrap());
    assert!(list(&place).contains("acc-1") && list(&place).contains("acc-2"));
    audit(&place, &["verify"]).expect(0);
    place.run(&["index", "verify", "--index", "index"]).expect(0);

    // As a version before left it: in the folder alone. Any command gives it its second name.
    fs::remove_file(&beside).unwrap();
    place.scan(&["incoming/void-sensor.ogg"]);
    fs::remove_dir_all(place.path("index")).unwrap();
    place.add(&["references"]);
    assert!(list(&place).contains("acc-1") && list(&place).contains("acc-2"));
}

#[test]
fn a_log_that_is_gone_emptied_or_cut_is_not_taken_for_no_decisions() {
    let place = Place::indexed(&["main-theme", "zalek"]);
    decided(&place, &["block", "add", "--account", "acc-1"]);
    decided(&place, &["block", "add", "--account", "acc-2"]);
    let beside = place.path("index.decisions.jsonl");
    let whole = fs::read_to_string(&beside).unwrap();
    let first = whole.split_inclusive('\n').next().unwrap();
    let other = whole.replace("acc-2", "acc-3");
    let remove = |place: &Place| {
        fs::remove_file(place.path("index.decisions.jsonl")).unwrap();
        fs::remove_file(log(place)).unwrap();
    };
    for (name, content, told) in [
        ("emptied", Some(""), "holds 0 entries, but 2 were written"),
        ("cut", Some(first), "holds 1 entries, but 2 were written"),
        ("gone", None, "holds 0 entries, but 2 were written"),
        ("another", Some(&other), "edited"),
    ] {
        remove(&place);
        if let Some(content) = content {
            fs::write(&beside, content).unwrap();
        }
        let add = ["block", "add", "--account", "acc-4", "--reason", "x"];
        for outcome in [
            place.scan(&["incoming/void-sensor.ogg"]),
            decision(&place, &["block", "list"]),
            decision(&place, &add),
            place.run(&["index", "verify", "--index", "index"]),
        ] {
            assert_eq!(outcome.code, Some(4), "{name}: {outcome:#?}");
            let text = [outcome.stdout.as_str(), &outcome.stderr].concat();
            assert!(text.contains(told), "{name}: {text}");
        }
        fs::write(&beside, &whole).unwrap();
        fs::write(log(&place), &whole).unwrap();
        decision(&place, &["block", "list"]).expect(0);
    }
    // On purpose, it takes a second step.
    remove(&place);
    fs::remove_file(place.path("index/decisions.head")).unwrap();
    decision(&place, &["block", "list"]).expect(0);
    decided(&place, &["block", "add", "--account", "acc-5"]);
}

#[test]
fn a_match_is_decided_on_by_its_name_for_every_copy_of_the_file() {
    let place = Place::indexed(&["main-theme", "zalek"]);
    let found = place.scan(&["incoming/night-drive.mp3"]).expect(1).one("match");
    let id = found["match_id"].as_str().unwrap();
    for wrong in ["m_1", "r_0123456789abcdef", "m_0123456789abcdeg", ""] {
        let args = ["allow", "add", "--match", wrong, "--reason", "x"];
        decision(&place, &args).expect(2);
    }
    let allowed = decided(&place, &["allow", "add", "--match", id]);
    assert_eq!(allowed["target"]["match_id"], id);
    place.copy("incoming/night-drive.mp3", "copy of it.mp3");
    for file in ["incoming/night-drive.mp3", "copy of it.mp3"] {
        let outcome = place.scan(&[file]).expect(0);
        assert_eq!(outcome.one("match")["allowed_by"], allowed["id"], "{file}");
    }
    // The more recent block of the same match weighs more.
    let blocked = decided(&place, &["block", "add", "--match", id]);
    let outcome = place.scan(&["copy of it.mp3"]).expect(1);
    assert_eq!(outcome.one("verdict")["decisions"][0], blocked["id"]);
    let listed = decision(&place, &["block", "list"]).expect(0).stdout;
    assert!(listed.contains(&format!("block match {id}")), "{listed}");
    let told = audit(&place, &["list", "--about", id]).expect(0).stdout;
    assert_eq!(told.lines().count(), 2, "{told}");
}
