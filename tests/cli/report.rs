//! `soundalike report`: records in, one page out.

use crate::place::Place;

/// A page of the demo's scan.
fn demo_records() -> Place {
    let place = Place::demo();
    let scan = ["scan", "incoming", "--references", "references", "--format", "jsonl"];
    let records = place.run(&scan).expect(1).stdout;
    place.write("scan.jsonl", records);
    place
}

fn page(place: &Place, name: &str) -> String {
    std::fs::read_to_string(place.path(name)).unwrap()
}

#[test]
fn saved_records_become_one_page_that_loads_nothing() {
    let place = demo_records();
    let outcome = place.run(&["report", "scan.jsonl"]).expect(0);
    assert_eq!(outcome.stdout, "");
    assert!(outcome.stderr.contains("5 uploads, 3 matches (3 shown in full)"), "{outcome:?}");
    let page = page(&place, "scan.html");
    for part in [
        "2 uploads to look at",
        "UFO: AI Main Theme",
        "Not an AI detector.",
        "Not a legal conclusion.",
        "Compositions only where asked for.",
        "default-src 'none'",
        "is not an audio file",
        "0:07.3 – 0:19.3",
    ] {
        assert!(page.contains(part), "no {part:?}");
    }
    assert_eq!(page.matches("data:image/png;base64,").count(), 6);
    for (at, _) in page.match_indices("href=\"").chain(page.match_indices("src=\"")) {
        let value = page[at..].split('"').nth(1).unwrap();
        // Audio beside the page is played from there, when somebody wants it.
        let beside = ["incoming/", "references/"].iter().any(|folder| value.starts_with(folder));
        let own = value.starts_with('#') || value.starts_with("data:image/png");
        assert!(own || beside, "{value:.80}");
    }
    // The same again gives the same page, and nothing is left lying about.
    place.run(&["report", "scan.jsonl", "--out", "again.html", "--quiet"]).expect(0);
    assert!(self::page(&place, "again.html") == page);
    let left: Vec<_> =
        std::fs::read_dir(place.path(".")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 5, "{left:?}");
}

#[test]
fn audio_is_opened_only_if_asked_and_only_if_it_is_the_same() {
    let place = demo_records();
    place.run(&["report", "scan.jsonl", "--no-audio"]).expect(0);
    let silent = page(&place, "scan.html");
    assert!(!silent.contains("data:image/png") && silent.contains("(--no-audio)"));

    place.copy("incoming/funky-sax.mp3", "incoming/night-drive.mp3");
    std::fs::remove_file(place.path("references/geoscape.ogg")).unwrap();
    place.run(&["report", "scan.jsonl"]).expect(0);
    let page = page(&place, "scan.html");
    assert!(
        page.contains(
            "No spectrogram of this file: the audio file is not the one that was scanned"
        )
    );
    assert!(page.contains("No spectrogram of the reference: the audio file is not at the place"));
    assert_eq!(page.matches("data:image/png;base64,").count(), 4);
}

#[test]
fn clips_stand_in_the_page_and_what_is_gone_is_made_of_peaks() {
    let place = demo_records();
    std::fs::remove_file(place.path("references/geoscape.ogg")).unwrap();
    std::fs::create_dir(place.path("sent")).unwrap();
    place.run(&["report", "scan.jsonl", "--clips", "-o", "sent/page.html"]).expect(0);
    let page = page(&place, "sent/page.html");
    // Three matches with both sides, but for one reference, whose peaks are heard instead.
    assert_eq!(page.matches("src=\"data:audio/flac;base64,").count(), 6);
    assert_eq!(page.matches("<span class=\"whose\">Peaks of both</span>").count(), 1);
    assert!(page.contains("Reference: the audio was not at hand"));
    assert!(page.contains("media-src 'self' data:") && page.len() < 6_000_000, "{}", page.len());
    assert!(!page.contains("../incoming"), "nothing from outside the folder of the page");
    let again = ["report", "scan.jsonl", "--clips", "-o", "sent/again.html", "--quiet"];
    place.run(&again).expect(0);
    assert!(self::page(&place, "sent/again.html") == page);
    place.run(&["report", "scan.jsonl", "--clips", "--no-audio"]).expect(2);
}

#[test]
fn a_folder_takes_an_index_and_a_page_for_each_upload() {
    let place = demo_records();
    let outcome = place.run(&["report", "scan.jsonl", "-o", "pages/"]).expect(0);
    assert!(outcome.stderr.contains("5 uploads, 3 matches (3 shown in full)"), "{outcome:?}");
    let index = page(&place, "pages/index.html");
    assert!(!index.contains("data:image/png") && index.contains("href=\"upload-0001.html\""));
    let mut pages = Vec::new();
    for entry in std::fs::read_dir(place.path("pages")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name != "index.html" {
            assert!(index.contains(&format!("href=\"{name}\"")), "{name}");
            pages.push(page(&place, &format!("pages/{name}")));
        }
    }
    let exhibits: usize =
        pages.iter().map(|page| page.matches("<details class=\"match\"").count()).sum();
    assert_eq!((pages.len() >= 2, exhibits), (true, 3));
    assert!(pages.iter().all(|page| page.contains("href=\"index.html\"")));
    // A folder that is there is one without a `/`, too.
    place.run(&["report", "scan.jsonl", "-o", "pages", "--quiet"]).expect(0);
    assert!(page(&place, "pages/index.html") == index);
}

#[test]
fn the_summary_comes_first_and_names_codes_and_reasons_in_words() {
    let place = demo_records();
    let declared = "file,isrc,upc,album,account\nincoming/night-drive.mp3,USS1Z9900001,4006381333931,Nights,acc-9\n";
    place.write("declared.csv", declared);
    let scan = [
        "scan",
        "incoming",
        "--references",
        "references",
        "--format",
        "jsonl",
        "--manifest",
        "declared.csv",
    ];
    let records = place.run(&scan).stdout;
    place.write("scan.jsonl", records);
    place.run(&["report", "scan.jsonl"]).expect(0);
    let page = page(&place, "scan.html");
    for part in ["USS1Z9900001", "4006381333931", "Nights", "acc-9"] {
        assert!(page.contains(part), "no {part}");
    }
    let at = |part: &str| page.find(part).unwrap_or_else(|| panic!("no {part}"));
    assert!(at("id=\"uploads\"") < at("id=\"details\""));
    assert!(at("id=\"details\"") < at("id=\"limits\""), "what it does not say comes last");
    assert!(!page.contains("<details class=\"upload\" open"), "folded");
    let table = &page[at("id=\"uploads\"")..at("id=\"details\"")];
    assert!(!table.contains("<code>AUDIO-"), "words, no codes");
}

#[test]
fn standard_input_goes_to_standard_output() {
    let place = demo_records();
    let records = std::fs::read(place.path("scan.jsonl")).unwrap();
    let args = ["report", "-", "--no-audio", "--title", "Q3 <intake>"];
    let outcome = place.run_with_input(&args, &records).expect(0);
    assert!(outcome.stdout.starts_with("<!DOCTYPE html>"));
    assert!(outcome.stdout.contains("<title>Q3 &lt;intake&gt;</title>"));
}

#[test]
fn one_file_is_told_what_to_do() {
    let place = Place::indexed(&["main-theme"]);
    for file in ["incoming/night-drive.mp3", "incoming/funky-sax.mp3"] {
        let records = place.scan(&[file]).stdout;
        // In the words of the text, which are those of the verdict.
        let text = place.run(&["scan", "--index", "index", file]).stdout;
        let verdict: serde_json::Value = records
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
            .find(|record| record["type"] == "verdict")
            .unwrap();
        let words = verdict["explanation"][0].as_str().unwrap();
        assert!(text.contains(&format!("\n{words}  (")), "{text}");
        let outcome = place.run_with_input(&["report", "-"], records.as_bytes()).expect(0);
        assert!(outcome.stdout.contains(&format!("<h2>{words}</h2>")), "{file}");
        assert!(outcome.stdout.contains("What this tool cannot know"));
        assert!(!outcome.stdout.to_lowercase().contains("guilty"));
    }
}

#[test]
fn matches_beyond_the_limit_are_listed_and_that_is_said() {
    let place = demo_records();
    let outcome = place.run(&["report", "scan.jsonl", "--limit", "1"]).expect(0);
    assert!(outcome.stderr.contains("3 matches (1 shown in full)"), "{outcome:?}");
    let page = page(&place, "scan.html");
    assert_eq!(page.matches("<details class=\"match\"").count(), 1);
    assert!(page.contains("1 of 3 matches is shown in full"));
    assert!(page.contains("Summer Medley") && page.contains("2 matches, in this table only"));
}

#[test]
fn bad_lines_are_named_and_the_rest_is_shown() {
    let place = demo_records();
    let mut records = page(&place, "scan.jsonl");
    records
        .insert_str(0, "{\"type\":\"match\",\"score\":\"high\"}\n{\"type\":\"of_later\"}\n\u{0}\n");
    place.write("scan.jsonl", records);
    let outcome = place.run(&["report", "scan.jsonl"]).expect(3);
    assert!(outcome.stderr.contains("scan.jsonl: line 1: not a record"), "{outcome:?}");
    assert!(outcome.stderr.contains("scan.jsonl: line 3: not a record"), "{outcome:?}");
    let page = page(&place, "scan.html");
    assert!(page.contains("2 lines of the records could not be read"));
    assert!(page.contains("1 record of a kind that this version does not know"));
    assert!(page.contains("UFO: AI Main Theme"));
}

#[test]
fn what_cannot_be_reported_is_one_clear_error_and_leaves_the_old_page() {
    let place = Place::empty();
    place.write("empty.jsonl", "\n");
    place.write("text.jsonl", "a letter\n");
    place.write("empty.html", "old");
    for (args, said) in [
        (&["report", "nowhere.jsonl"][..], "cannot read the records nowhere.jsonl"),
        (&["report", "empty.jsonl"], "there are no records in it"),
        (&["report", "text.jsonl"], "there are no records in it"),
        (&["report", "empty.jsonl", "-o", "empty.jsonl"], "would overwrite its records"),
        (&["report", "empty.jsonl", "--limit", "many"], "--limit"),
    ] {
        let outcome = place.run(args).expect(2);
        assert!(outcome.stderr.contains(said), "{outcome:?}");
    }
    assert_eq!(page(&place, "empty.html"), "old");
    let records = "{\"type\":\"verdict\",\"subject\":\"a\"}\n";
    place.write("good.jsonl", records);
    let outcome = place.run(&["report", "good.jsonl", "-o", "no/such/folder.html"]).expect(2);
    assert!(outcome.stderr.contains("cannot write no/such/folder.html"), "{outcome:?}");
}

#[test]
fn an_upload_in_which_nothing_but_a_trace_was_found_is_told_with_its_exhibit() {
    let place = demo_records();
    place.run(&["report", "scan.jsonl"]).expect(0);
    let page = page(&place, "scan.html");
    // The medley, and the clip that matches nothing.
    assert_eq!(page.matches("Trace of a decoder: strong").count(), 2);
    let caveat = "audio passed through its codec, a person&#39;s own recording included.";
    assert_eq!(page.replace('\'', "&#39;").matches(caveat).count(), 2, "to its last word");
}
