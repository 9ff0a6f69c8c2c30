//! What is played anew: the same piece on other instruments, in another key and tempo.

use serde_json::Value;
use soundalike_index::{MAX_SPACES, Reader, TrackRecord, Window, Writer};

use crate::place::{Outcome, Place, file_name};
use crate::played::{OTHERS, piece, place};

fn resemblances(outcome: &Outcome) -> Vec<(String, String)> {
    let told = outcome.all("resemblance");
    let names = |r: &Value| (file_name(&r["query"]["path"]), file_name(&r["reference"]["path"]));
    told.iter().map(names).collect()
}

#[test]
fn a_piece_played_anew_is_found_with_its_key_and_tempo() {
    let place = Place::empty();
    let (band, piano, other) = (piece("band.ogg"), piece("piano.ogg"), piece("other.ogg"));
    let compare = |a: &str, b: &str, more: &[&str]| {
        place.run(&[&["compare", a, b, "--format", "jsonl"], more].concat())
    };
    // Of the tune alone, of the chords alone, and of both.
    let found = compare(&band, &piano, &["--works"]).expect(1);
    let both = found.one("resemblance");
    assert!(both["melody_z"].as_f64().unwrap() > 5.0, "{both}");
    let found = compare(&band, &piano, &["--works=harmony"]).expect(1);
    assert!(found.all("match").is_empty(), "it is no copy");
    let r = found.one("resemblance");
    assert!(r["log10_evalue"].as_f64() > both["log10_evalue"].as_f64(), "both say more");
    assert_eq!((&r["channel"], &r["accepted"]), (&"harmony".into(), &true.into()));
    assert_eq!(r["transposition_semitones"], 3);
    assert!((r["time_factor"].as_f64().unwrap() - 1.1).abs() < 0.02, "{r}");
    assert!(r["agreement_pct"].as_f64().unwrap() > 60.0, "{r}");
    let length = r["sample_end_time_offset_ms"].as_i64().unwrap()
        - r["sample_begin_time_offset_ms"].as_i64().unwrap();
    assert!(length > 25_000, "{r}");
    // The other way round it is lower and slower.
    let back = compare(&piano, &band, &["--works"]).expect(1).one("resemblance");
    assert_eq!(back["transposition_semitones"], -3);
    assert!((back["time_factor"].as_f64().unwrap() - 1.0 / 1.1).abs() < 0.02, "{back}");
    // The same chords in another order are no find, and without being asked nobody looks.
    assert!(compare(&band, &other, &["--works"]).expect(0).all("resemblance").is_empty());
    let plain = compare(&band, &piano, &[]).expect(0);
    assert!(plain.all("resemblance").is_empty());
    assert!(plain.one("scanned").get("resemblances").is_none());
}

#[test]
fn among_works_it_stands_out_and_goes_to_review_with_its_exhibit() {
    let place = place();
    let (band, piano) = (piece("band.ogg"), piece("piano.ogg"));
    place.add(&["others", &piano, "--works"]);
    let scan = ["scan", &band, "--index", "index", "--works", "--format", "jsonl"];
    let found = place.run(&scan).expect(0);
    assert_eq!(resemblances(&found), [("band.ogg".to_owned(), "piano.ogg".to_owned())]);
    let r = found.one("resemblance");
    assert_eq!(r["works"], OTHERS + 1);
    assert_eq!(r["next_best"].as_array().unwrap().len(), 3);
    let exhibit = &r["exhibit"];
    let rows = |side: &str| exhibit[side].as_array().unwrap().len();
    assert!(rows("query") > 80 && rows("query") == rows("reference"), "{exhibit}");
    let verdict = found.one("verdict");
    assert_eq!(verdict["verdict"], "review");
    assert!(verdict["reasons"].as_array().unwrap().contains(&"WORK-001".into()), "{verdict}");
    assert_eq!(found.one("summary")["resembling"], 1);
    assert!(found.one("begin")["work_params"].as_str().unwrap().starts_with("works-v1 "));

    // The same whatever the threads; in words, as a table and on the page.
    let again = place.run(&[&scan[..], &["--threads", "1"]].concat()).expect(0);
    assert_eq!(again.one("resemblance"), r);
    let text = place.run(&["scan", &band, "--index", "index", "--works", "--report", "page.html"]);
    let text = text.expect(0).stdout;
    assert!(text.contains("the same chords in the same rhythm, 3 semitones higher, 1"), "{text}");
    assert!(text.contains("no copy among 33 references"), "{text}");
    let page = std::fs::read_to_string(place.path("page.html")).unwrap();
    assert!(page.contains("Chromagrams of this file"), "the exhibit is drawn");
    let table = place.run(&["scan", &band, "--index", "index", "--works", "--format", "csv"]);
    let table = table.expect(0).stdout;
    assert!(table.lines().nth(1).unwrap().contains(",resembles,"), "{table}");
}

#[test]
fn what_was_decided_on_a_resemblance_is_not_asked_again() {
    let place = place();
    let (band, piano) = (piece("band.ogg"), piece("piano.ogg"));
    place.add(&["others", &piano, "--works"]);
    let scan = ["scan", &band, "--index", "index", "--works"];
    let records = || place.run(&[&scan[..], &["--format", "jsonl"]].concat()).expect(0);
    let found = records().one("resemblance");
    let (name, reference) = (&found["resemblance_id"], &found["reference"]["ref_id"]);
    let (name, reference) = (name.as_str().unwrap(), reference.as_str().unwrap());
    // The command is offered, and does what it says.
    let text = place.run(&scan).expect(0).stdout;
    assert!(text.contains(&format!("allow add --match {name} --index index")), "{text}");
    let log = ["--index", "index", "--reason", "our own song", "--who", "ana"];
    let asks =
        |verdict: &Value| verdict["reasons"].as_array().unwrap().contains(&"WORK-001".into());
    let decided = |what: &[&str]| {
        place.run(&[&["allow", "add"], what, &log].concat()).expect(0);
        let now = records();
        let (r, verdict) = (now.one("resemblance"), now.one("verdict"));
        let decision = r["allowed_by"].as_str().unwrap().to_owned();
        assert!(verdict["decisions"].as_array().unwrap().contains(&r["allowed_by"]), "{verdict}");
        assert!(!asks(&verdict), "{verdict}");
        let text = place.run(&scan).expect(0).stdout;
        assert!(text.contains("ALLOWED") && text.contains(&decision), "{text}");
        place.run(&["allow", "remove", &decision, "--index", "index", "--reason", "x"]).expect(0);
        assert!(asks(&records().one("verdict")));
    };
    decided(&["--match", name]);
    decided(&["--reference", reference]);
    decided(&["--pair", &band, reference]);
    decided(&["--audio", &band]);
    // A stretch of the reference elsewhere is not what was found.
    let elsewhere = ["allow", "add", "--reference", reference, "--interval", "0:00-0:01"];
    place.run(&[&elsewhere[..], &log].concat()).expect(0);
    assert!(asks(&records().one("verdict")));
    // What plays the same is never refused for that alone.
    let block = ["block", "add", "--reference", reference];
    place.run(&[&block[..], &log].concat()).expect(0);
    let verdict = records().one("verdict");
    assert!(asks(&verdict) && verdict["verdict"] == "review", "{verdict}");
}

#[test]
fn a_copy_is_a_match_and_not_told_again_as_a_resemblance() {
    let place = place();
    let piano = piece("piano.ogg");
    place.add(&["others", &piano, "--works"]);
    let found = place.run(&["scan", &piano, "--index", "index", "--works", "--format", "jsonl"]);
    let found = found.expect(1);
    assert_eq!(found.all("match").len(), 1);
    assert!(found.all("resemblance").is_empty());
    assert_eq!(found.one("scanned")["resemblances"], 0);
}

#[test]
fn works_are_asked_for_and_can_be_added_later() {
    let place = place();
    let (band, piano) = (piece("band.ogg"), piece("piano.ogg"));
    place.add(&[&piano]);
    let scan = ["scan", &band, "--index", "index", "--works", "--format", "jsonl"];
    let refused = place.run(&scan).expect(2);
    assert!(refused.stderr.contains("add them again with --works"), "{}", refused.stderr);

    // What is there gets what it plays, once.
    let added = place.add(&[&piano, "--works"]);
    assert_eq!((&added["present"], &added["enriched"]), (&1.into(), &1.into()));
    let again = place.add(&[&piano, "--works"]);
    assert_eq!((&again["present"], &again["enriched"]), (&1.into(), &0.into()));
    // One work alone is not enough to tell anything.
    let few = place.run(&[&scan[..], &["--min-level", "candidate"]].concat()).expect(0);
    assert_eq!(few.one("resemblance")["can_tell"], false);
    assert_eq!(few.one("resemblance")["accepted"], false);

    // The tune is a further one.
    let tune = place.add(&[&piano, "--works=all"]);
    assert_eq!((&tune["present"], &tune["enriched"]), (&1.into(), &1.into()));
    assert!(place.run(&scan).expect(0).all("resemblance").is_empty());

    // What comes later has it without being asked; recordings are found as before, and the index is sound.
    place.add(&["others"]);
    let found = place.run(&scan).expect(0);
    assert_eq!(resemblances(&found), [("band.ogg".to_owned(), "piano.ogg".to_owned())]);
    place.run(&["index", "verify", "--index", "index"]).expect(0);
    place.run(&["index", "compact", "--index", "index"]).expect(0);
    assert_eq!(place.run(&scan).expect(0).one("resemblance"), found.one("resemblance"));
    let copy = place.run(&["scan", &piano, "--index", "index", "--format", "jsonl"]).expect(1);
    assert_eq!(copy.all("match").len(), 1);
}

/// A family as (size, recordings, members with their transposition).
fn family(family: &Value) -> (i64, i64, Vec<(String, i64)>) {
    let number = |value: &Value| value.as_i64().unwrap();
    let members = family["member_details"].as_array().unwrap().iter();
    let member = |m: &Value| (file_name(&m["path"]), number(&m["transposition_semitones"]));
    (number(&family["size"]), number(&family["recordings"]), members.map(member).collect())
}

#[test]
fn what_plays_the_same_is_a_family_and_no_near_duplicate() {
    let place = Place::empty();
    let (band, piano, other) = (piece("band.ogg"), piece("piano.ogg"), piece("other.ogg"));
    std::fs::copy(&piano, place.path("again.ogg")).unwrap();
    let files = ["cluster", &band, &piano, &other, "again.ogg", "--format", "jsonl"];
    let plain = place.run(&files).expect(0);
    let found = place.run(&[&files[..], &["--works"]].concat()).expect(0);

    // Near-duplicates are as they were; the copy counts as the same recording.
    assert_eq!(plain.all("cluster").len(), 1);
    assert_eq!(found.all("cluster"), plain.all("cluster"));
    assert!(plain.all("family").is_empty() && plain.one("begin").get("work_params").is_none());
    let f = found.one("family");
    let names = |name: &str, up| (name.to_owned(), up);
    let (size, recordings, members) = family(&f);
    assert_eq!((size, recordings), (3, 2));
    let of_piano = [names("band.ogg", 0), names("piano.ogg", -3), names("again.ogg", -3)];
    let of_band = [names("band.ogg", 3), names("piano.ogg", 0), names("again.ogg", 0)];
    let sorted = |mut all: Vec<(String, i64)>| {
        all.sort();
        all
    };
    let members = sorted(members);
    assert!(members == sorted(of_piano.to_vec()) || members == sorted(of_band.to_vec()), "{f}");
    let cluster = found.one("cluster")["cluster_id"].clone();
    // Other music on the same piano is a near-duplicate by its peaks, and still not of the family.
    for member in f["member_details"].as_array().unwrap() {
        let is_band = file_name(&member["path"]) == "band.ogg";
        assert_eq!(member["cluster_id"] == cluster, !is_band, "{member}");
    }
    let ties = f["ties"].as_array().unwrap();
    assert_eq!(ties.len(), 1, "one for two recordings: {f}");
    assert!(ties[0]["log10_evalue"].as_f64().unwrap() < -3.0, "{f}");
    assert_eq!((&f["level"], &f["measured_by"]), (&"review".into(), &"shuffled_bars".into()));
    assert_eq!(found.one("summary")["families"], 1);

    // The same whatever the threads; in words, as a table and on the page; from chords alone, too.
    let one = place.run(&[&files[..], &["--works", "--threads", "1"]].concat()).expect(0);
    assert_eq!(one.one("family"), f);
    let chords = place.run(&[&files[..], &["--works=harmony"]].concat()).expect(0);
    assert_eq!(chords.one("family")["ties"][0]["channel"], "harmony");
    let text = ["cluster", &band, &piano, &other, "--works", "--report", "page.html"];
    let text = place.run(&text).expect(0).stdout;
    assert!(text.contains("FAMILY  f_") && text.contains("2 recordings play the same"), "{text}");
    assert!(text.contains("1 family that play the same"), "{text}");
    let page = std::fs::read_to_string(place.path("page.html")).unwrap();
    assert!(page.contains("Families that play the same"), "a family has its part of the page");
    let table = place.run(&["cluster", &band, &piano, "--works", "--format", "csv"]).expect(0);
    let rows: Vec<&str> = table.stdout.lines().skip(1).collect();
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows.iter().all(|row| row.contains(",family,") && row.contains(",f_")), "{rows:?}");
}

#[test]
fn families_of_an_index_stand_out_among_its_works_and_of_a_batch_among_earlier_ones() {
    let place = place();
    let (band, piano) = (piece("band.ogg"), piece("piano.ogg"));
    place.add(&["others", &piano]);
    let cluster = ["cluster", "--index", "index", "--works", "--format", "jsonl"];
    let refused = place.run(&cluster).expect(2);
    assert!(refused.stderr.contains("add them again with --works"), "{}", refused.stderr);
    let batch = ["cluster", &band, "--index", "index", "--works=harmony", "--format", "jsonl"];
    let refused = place.run(&batch).expect(2);
    assert!(refused.stderr.contains("index: indexed without"), "{}", refused.stderr);

    place.add(&["others", &piano, "--works"]);
    let found = place.run(&cluster).expect(0);
    assert!(found.all("family").is_empty(), "one recording alone is no family");
    let earlier = place.run(&batch).expect(0).one("family");
    assert_eq!(family(&earlier).0, 2);
    let is_earlier = |m: &&Value| m["earlier"] == true;
    let members = earlier["member_details"].as_array().unwrap();
    assert_eq!(members.iter().filter(is_earlier).count(), 1, "{earlier}");
    assert_eq!((&earlier["works"], &earlier["measured_by"]), (&33.into(), &"works".into()));

    place.add(&[&band, "--works"]);
    let plain = place.run(&["cluster", "--index", "index", "--format", "jsonl"]).expect(0);
    let found = place.run(&cluster).expect(0);
    assert_eq!(found.all("cluster"), plain.all("cluster"));
    let f = found.one("family");
    assert_eq!(family(&f).0, 2);
    // Every one of 34 is asked about: chance has more pairs to do with than in the batch of one file.
    let weakest = |f: &Value| f["weakest_log10_evalue"].as_f64().unwrap();
    assert!(weakest(&f) > weakest(&earlier) + 1.0, "{f} {earlier}");
    let again = place.run(&[&cluster[..], &["--threads", "1"]].concat()).expect(0);
    assert_eq!(again.one("family"), f);
}

#[test]
fn a_sweep_finds_what_plays_the_same_once_whichever_side_is_new() {
    let place = place();
    let (band, piano) = (piece("band.ogg"), piece("piano.ogg"));
    let add = |index: &str, files: &[&str]| {
        let options = ["--index", index, "--works=harmony"];
        place.run(&[&["index", "add"], files, &options].concat()).expect(0);
    };
    let sweep = |state: &str, more: &[&str]| {
        let command = ["sweep", "--index", "references", "--catalogue", "own", "--state", state];
        place.run(&[&command[..], &["--format", "jsonl"], more].concat())
    };
    add("references", &["others"]);
    add("own", &[&band, "others/00.wav"]);
    // As recordings; then what is played is asked for, and is told beside what is known.
    let first = sweep("state", &[]).expect(1);
    assert_eq!((first.all("match").len(), first.all("resemblance").len()), (1, 0));
    let nothing = sweep("state", &["--works"]).expect(0);
    assert!(nothing.all("match").is_empty() && nothing.all("resemblance").is_empty());

    // A new reference meets the tracks that are there.
    add("references", &[&piano]);
    let new = sweep("state", &["--works"]).expect(0);
    assert_eq!(resemblances(&new), [("band.ogg".to_owned(), "piano.ogg".to_owned())]);
    let r = new.one("resemblance");
    assert_eq!((&r["accepted"], &r["works"]), (&true.into(), &(OTHERS + 1).into()));
    assert_eq!(new.one("verdict")["reasons"], serde_json::json!(["WORK-001"]));
    assert_eq!(new.one("summary")["resembling"], 1);
    assert_eq!(new.one("sweep")["resemblances"], 1);
    assert!(new.one("begin")["work_params"].as_str().unwrap().starts_with("works-v1 "));

    // It is told once, until everything is asked for again; from the other side it is the same.
    assert!(sweep("state", &["--works"]).expect(0).all("resemblance").is_empty());
    let all = sweep("state", &["--works", "--all", "--threads", "1"]).expect(1);
    assert_eq!(all.one("resemblance"), r);
    assert_eq!(all.all("match").len(), 1);
    let anew = sweep("another", &["--works"]).expect(1);
    assert_eq!(anew.one("resemblance"), r);
    let text = ["sweep", "--index", "references", "--catalogue", "own", "--state", "another"];
    let text = place.run(&[&text[..], &["--works", "--all"]].concat()).expect(1).stdout;
    assert!(text.contains("RESEMBLES") && text.contains("1 resemblance of"), "{text}");

    // An index without is refused.
    place.run(&["index", "add", &band, "--index", "plain"]).expect(0);
    let refused = ["sweep", "--index", "references", "--catalogue", "plain", "--state", "third"];
    let refused = place.run(&[&refused[..], &["--works"]].concat()).expect(2).stderr;
    assert!(refused.contains("plain: indexed without"), "{refused}");
}

#[test]
fn works_of_a_later_version_are_one_clear_error_and_recordings_are_found_as_before() {
    let place = Place::empty();
    let (band, piano) = (piece("band.ogg"), piece("piano.ogg"));
    place.add(&[&piano, "--works=harmony"]);
    let reader = Reader::open(&place.path("index")).unwrap();
    let (track, meta) = reader.tracks().next().unwrap();
    let mut payloads = reader.payloads(track).unwrap();
    let harmony = payloads.iter_mut().find(|payload| payload.name == "harmony").unwrap();
    harmony.codec += 1;
    let windows = (0..MAX_SPACES as u8).flat_map(|space| {
        let windows = reader.windows(track, space).into_iter();
        windows.map(move |(time, code)| Window { space, time, code })
    });
    let later = TrackRecord { meta: meta.clone(), payloads, windows: windows.collect() };
    std::fs::rename(place.path("index"), place.path("before")).unwrap();
    let mut writer = Writer::open_or_create(&place.path("index"), reader.params().clone()).unwrap();
    for space in reader.spaces() {
        writer = writer.with_space(space.space, space.digest).unwrap();
    }
    writer.commit(vec![later]).unwrap();
    drop(writer);

    for command in [["scan", &band, "--index", "index"], ["cluster", &band, "--index", "index"]] {
        let refused = place.run(&[&command[..], &["--works"]].concat()).expect(4).stderr;
        let told: Vec<&str> = refused.lines().collect();
        assert!(
            matches!(told[..], [line] if line.contains("stored in form 2, which this version")),
            "{told:?}"
        );
    }
    let found = place.run(&["scan", &piano, "--index", "index", "--format", "jsonl"]).expect(1);
    assert_eq!(found.all("match").len(), 1);
}
