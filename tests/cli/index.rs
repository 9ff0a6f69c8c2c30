//! The life of an index: add, list, remove, compact, merge.

use std::fs;
use std::path::Path;

use crate::place::{Place, file_name};

#[test]
fn adding_again_adds_nothing_and_new_files_only_are_added() {
    let place = Place::demo();
    let first = place.add(&["references"]);
    assert_eq!((&first["added"], &first["present"]), (&4.into(), &0.into()));

    let again = place.add(&["references"]);
    assert_eq!((&again["added"], &again["present"]), (&0.into(), &4.into()));

    // The same bytes under another name are the same reference.
    place.copy("references/zalek.ogg", "references/renamed.ogg");
    place.copy("incoming/void-sensor.ogg", "references/void-sensor.ogg");
    let more = place.add(&["references"]);
    assert_eq!(
        (&more["added"], &more["present"], &more["tracks"]),
        (&1.into(), &5.into(), &5.into())
    );
}

#[test]
fn list_names_every_reference_and_stats_count_them() {
    let place = Place::indexed(&["main-theme", "geoscape"]);
    let list = place.run(&["index", "list", "--index", "index", "--format", "jsonl"]).expect(0);
    let mut titles: Vec<_> =
        list.all("reference").iter().map(|r| r["title"].as_str().unwrap().to_owned()).collect();
    titles.sort();
    assert_eq!(titles, ["Geoscape Theme #1", "UFO: AI Main Theme"]);
    let text = place.run(&["index", "list", "--index", "index"]).expect(0).stdout;
    assert!(text.contains("Karl Macklin – Geoscape Theme #1"), "{text}");

    let stats = place.run(&["index", "stats", "--index", "index", "--format", "jsonl"]).expect(0);
    let stats = stats.one("index_stats");
    assert_eq!((&stats["tracks"], &stats["dead"]), (&2.into(), &0.into()));
    assert!(stats["duration_ms"].as_u64().unwrap().abs_diff(50_000) < 200, "{stats}");
    let text = place.run(&["index", "stats", "--index", "index"]).expect(0).stdout;
    assert!(text.contains("references     2"), "{text}");
}

#[test]
fn removed_reference_is_matched_no_more_and_comes_back_when_added() {
    let place = Place::indexed(&["main-theme", "geoscape"]);
    let found = place.scan(&["incoming/night-drive.mp3"]).expect(1).one("match");
    let ref_id = found["reference"]["ref_id"].as_str().unwrap().to_owned();

    let removed = place.run(&["index", "remove", "--index", "index", &ref_id]).expect(0);
    assert!(removed.stdout.contains("1 removed, 1 left"), "{}", removed.stdout);
    place.scan(&["incoming/night-drive.mp3"]).expect(0);

    place.run(&["index", "compact", "--index", "index"]).expect(0);
    place.scan(&["incoming/night-drive.mp3"]).expect(0);
    place.run(&["index", "verify", "--index", "index"]).expect(0);
    let list = place.run(&["index", "list", "--index", "index"]).expect(0).stdout;
    assert!(!list.contains(&ref_id) && list.contains("geoscape"), "{list}");

    assert_eq!(place.add(&["references/main-theme.ogg"])["added"], 1);
    place.scan(&["incoming/night-drive.mp3"]).expect(1);
}

#[test]
fn references_are_removed_by_path_folder_or_catalogue() {
    let place = Place::demo();
    place.add(&["references/main-theme.ogg", "--catalogue", "summer"]);
    place.add(&["references"]);
    let remove = |what: &[&str]| {
        let mut args = vec!["index", "remove", "--index", "index"];
        args.extend(what);
        place.run(&args)
    };
    assert!(remove(&["--catalogue", "summer"]).expect(0).stdout.contains("1 removed, 3 left"));
    assert!(remove(&["references/zalek.ogg"]).expect(0).stdout.contains("1 removed, 2 left"));
    // A path stands for itself or a folder, not for whatever begins like it.
    assert!(remove(&["ref"]).expect(2).stderr.contains("soundalike index list"));
    assert!(remove(&["references"]).expect(0).stdout.contains("2 removed, 0 left"));
    place.scan(&["incoming/summer-medley.m4a"]).expect(0);
}

#[test]
fn merged_index_finds_what_each_part_found() {
    let place = Place::demo();
    let add = |index: &str, files: &[&str]| {
        let mut args = vec!["index", "add", "--index", index];
        args.extend(files);
        place.run(&args).expect(0);
    };
    add("a", &["references/main-theme.ogg", "references/geoscape.ogg"]);
    add("b", &["references/geoscape.ogg", "references/typing-to-jazz.ogg"]);
    let merge = ["index", "merge", "--index", "index", "a", "b", "--format", "jsonl"];
    place.run(&merge).expect(0);

    let list = place.run(&["index", "list", "--index", "index", "--format", "jsonl"]).expect(0);
    assert_eq!(list.all("reference").len(), 3, "{}", list.stdout);
    let outcome = place.scan(&["incoming/night-drive.mp3", "incoming/summer-medley.m4a"]).expect(1);
    assert_eq!(outcome.matched("night-drive.mp3"), ["main-theme.ogg"]);
    let mut medley = outcome.matched("summer-medley.m4a");
    medley.sort();
    assert_eq!(medley, ["geoscape.ogg", "typing-to-jazz.ogg"]);
    // The sources are only read.
    place.run(&["scan", "--index", "b", "incoming/night-drive.mp3"]).expect(0);
    place.run(&["index", "merge", "--index", "index", "no-such-index"]).expect(4);
}

#[test]
fn index_of_an_older_format_is_searched_as_it_is_and_after_an_upgrade() {
    let place = Place::demo();
    fs::create_dir(place.path("index")).unwrap();
    let old = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/index-v2");
    for entry in fs::read_dir(old).unwrap() {
        let from = entry.unwrap().path();
        fs::copy(&from, place.path("index").join(from.file_name().unwrap())).unwrap();
    }
    // No audio of the references is left.
    fs::remove_dir_all(place.path("references")).unwrap();
    let found = || {
        let outcome = place.scan(&["incoming"]);
        [outcome.all("match"), outcome.all("evidence")].concat()
    };
    let before = found();
    assert!(before.iter().any(|record| record["accepted"] == true), "{before:#?}");
    let stats = || {
        let args = ["index", "stats", "--index", "index", "--format", "jsonl"];
        place.run(&args).expect(0).one("index_stats")
    };
    assert_eq!(stats()["segments"][0]["format"], 2);
    let upgrade = ["index", "upgrade", "--index", "index"];
    let told = place.run(&upgrade).expect(0).stdout;
    assert!(told.contains("1 of 1 segment written anew"), "{told}");
    assert_eq!(found(), before);
    assert_eq!(stats()["segments"][0]["format"], 3);
    place.run(&["index", "verify", "--index", "index"]).expect(0);
    let again = place.run(&upgrade).expect(0).stdout;
    assert!(again.contains("0 of 1 segment written anew"), "{again}");
    let bytes = place.run(&["index", "stats", "--bytes", "--index", "index"]).expect(0).stdout;
    assert!(bytes.contains("peaks, form 2") && bytes.contains("postings"), "{bytes}");
}

#[test]
fn metadata_file_names_the_reference_in_matches() {
    let place = Place::demo();
    place.write(
        "catalogue.csv",
        "filename,title,artist,isrc,upc,label,owner,colour\n\
         main-theme.ogg,\"Theme, Main\",M. Marino,USABC2600001,012345678905,Label A,Owner B,red\n",
    );
    let args = ["references/main-theme.ogg", "--metadata", "catalogue.csv", "--catalogue", "games"];
    place.add(&args);
    let reference =
        place.scan(&["incoming/night-drive.mp3"]).expect(1).one("match")["reference"].clone();
    assert_eq!(reference["title"], "Theme, Main");
    assert_eq!(reference["artists"][0]["name"], "M. Marino");
    assert_eq!(reference["external_ids"]["isrc"], "USABC2600001");
    assert_eq!(reference["external_ids"]["upc"], "012345678905");
    assert_eq!(reference["label"], "Label A");
    assert_eq!(reference["owner"], "Owner B");
    assert_eq!(reference["catalog"], "games");
}

#[test]
fn bad_row_of_a_metadata_file_is_reported_with_its_line() {
    let place = Place::demo();
    place.write("catalogue.csv", "path,title\n,Nothing\nzalek.ogg,Something\n");
    let args =
        ["index", "add", "--index", "index", "references/zalek.ogg", "--metadata", "catalogue.csv"];
    let outcome = place.run(&args).expect(3);
    assert!(outcome.stderr.contains("catalogue.csv, line 2"), "{}", outcome.stderr);

    place.write("catalogue.csv", "name,title\nzalek.ogg,Something\n");
    place.run(&args).expect(2);
}

#[test]
fn rows_of_metadata_that_are_about_no_file_are_told() {
    let place = Place::demo();
    place.copy("incoming/funky-sax.mp3", "zalek.ogg");
    place.write(
        "catalogue.csv",
        "path,title\nreferences/main-theme.ogg,Theme\nzalek.ogg,Either\nmain-thema.ogg,Misspelt\ngone.ogg,Gone\n",
    );
    let args = [
        "index",
        "add",
        "--index",
        "index",
        "references",
        "zalek.ogg",
        "--metadata",
        "catalogue.csv",
    ];
    let outcome = place.run(&[&args[..], &["--format", "jsonl"]].concat()).expect(0);
    let told = "catalogue.csv: 2 of 4 rows name no file that was found: line 4 (`main-thema.ogg`), line 5 (`gone.ogg`)";
    assert!(outcome.stderr.contains(told), "{}", outcome.stderr);
    assert_eq!(outcome.one("index_add")["unused_rows"], 2);
    // A row names the file at its path, and not another one of its name.
    let list = place.run(&["index", "list", "--index", "index"]).expect(0).stdout;
    assert_eq!(list.matches("Either").count(), 1, "{list}");
}

#[test]
fn file_that_is_in_the_index_is_the_same_file_from_end_to_end() {
    let place = Place::indexed(&["main-theme", "geoscape"]);
    let outcome = place.scan(&["references/geoscape.ogg"]).expect(1);
    let found = outcome.one("match");
    assert_eq!(file_name(&found["reference"]["path"]), "geoscape.ogg");
    assert_eq!(found["match_kind"], "same_file");
    assert_eq!(found["query"]["sha256"].as_str().unwrap().len(), 64);
    for side in ["query_match_pct", "asset_match_pct"] {
        assert!(found[side].as_f64().unwrap() >= 99.0, "{side} {}", found[side]);
    }
    assert!(found["score"].as_f64().unwrap() > 90.0);
}

#[test]
fn foreign_files_in_the_folder_are_left_alone() {
    let place = Place::demo();
    fs::create_dir(place.path("index")).unwrap();
    place.write("index/notes.txt", "mine");
    place.add(&["references/zalek.ogg"]);
    place.run(&["index", "compact", "--index", "index"]).expect(0);
    place.run(&["index", "verify", "--index", "index"]).expect(0);
    assert_eq!(fs::read_to_string(place.path("index/notes.txt")).unwrap(), "mine");
}
