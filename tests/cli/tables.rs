//! Tables, lists and folders as people have them, and what a gate makes of nothing.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::place::Place;

#[test]
fn a_list_of_windows_is_read_as_any_other() {
    let place = Place::indexed(&["main-theme"]);
    let list = "\u{feff}incoming\\funky-sax.mp3\r\n\"incoming/summer-medley.m4a\"\r\n";
    let utf16: Vec<u8> = list.encode_utf16().flat_map(u16::to_le_bytes).collect();
    place.write("list.txt", utf16);
    place.write(
        "list.m3u",
        "#EXTM3U\n#EXTINF:1,A\nincoming/funky-sax.mp3\nincoming/summer-medley.m4a\n",
    );
    for list in ["list.txt", "list.m3u"] {
        let outcome = place.scan(&["--files-from", list, "--exit-zero"]).expect(0);
        assert_eq!(outcome.all("scanned").len(), 2, "{list}");
    }
}

#[test]
fn a_table_of_a_template_declares_what_it_says_and_names_the_rest() {
    let place = Place::indexed(&["main-theme"]);
    place.write(
        "m.csv",
        "Bulk upload,,,\nAudio File Name *,Track Title (required),ISRC Code (leave blank ...),Mood\n\
         C:\\Music\\FUNKY-SAX.MP3,One,\"=\"\"USRC17607839\"\"\",happy\n",
    );
    let outcome = place.scan(&["incoming/funky-sax.mp3", "--manifest", "m.csv", "--exit-zero"]);
    let outcome = outcome.expect(0);
    let query = &outcome.one("scanned")["query"];
    assert_eq!(query["title"], "One");
    assert_eq!(query["external_ids"]["isrc"], "USRC17607839");
    let notes = outcome.all("note");
    let passed = notes.iter().find(|note| note["code"] == "columns_passed_over").unwrap();
    assert!(passed["message"].as_str().unwrap().contains("`Mood`"), "{passed}");
    assert!(outcome.stderr.contains("`Mood`"), "{}", outcome.stderr);
    let findings = outcome.all("finding");
    let rights = findings.iter().find(|finding| finding["rule"] == "META-010").unwrap();
    assert_eq!(rights["level"], "clear", "the table has no such column: {rights}");
}

/// A table of a library given to a scan: what it says of references alone is named, once, and nothing else is held.
#[test]
fn columns_that_only_references_have_are_named() {
    let place = Place::indexed(&["main-theme"]);
    let table = "file,isrc,rights,Sample Pack,Licence,Exclusive,Catalog,Owner,Kit\n\
                 incoming/funky-sax.mp3,USRC17607839,yes,Brass,royalty-free,no,C1,,\n";
    place.write("m.csv", table);
    let scan = place.scan(&["incoming/funky-sax.mp3", "--manifest", "m.csv", "--exit-zero"]);
    let note = scan.expect(0).one("note");
    assert_eq!(note["code"], "columns_of_references");
    let message = note["message"].as_str().unwrap();
    assert!(message.ends_with(": `Sample Pack`, `Licence`, `Exclusive`, `Catalog`"), "{message}");

    let add = ["index", "add", "incoming/funky-sax.mp3", "--metadata", "m.csv", "--index", "index"];
    let recordings = place.run(&add).expect(0);
    assert!(
        recordings.stderr.contains("`Sample Pack`, `Licence`, `Exclusive`"),
        "{}",
        recordings.stderr
    );
    let library = place.run(&[&add[..], &["--kind", "library"]].concat()).expect(0);
    assert!(!library.stderr.contains("passed over"), "{}", library.stderr);
}

#[test]
fn a_table_without_codes_holds_nothing_and_says_so_once() {
    let place = Place::indexed(&["main-theme"]);
    place.write("m.csv", "file,title\nfunky-sax.mp3,One\nsummer-medley.m4a,Two\n");
    let files = ["incoming/funky-sax.mp3", "incoming/summer-medley.m4a", "--manifest", "m.csv"];
    let outcome = place.scan(&[&files[..], &["--exit-zero"]].concat()).expect(0);
    let codes: Vec<_> = outcome.all("note").iter().map(|n| n["code"].clone()).collect();
    assert_eq!(codes, ["no_isrc_column", "no_rights_column"]);
    let held = outcome.all("finding");
    let held = held.iter().filter(|f| f["rule"] == "META-001" && f["level"] != "clear");
    assert_eq!(held.count(), 0);
}

#[test]
fn one_file_under_two_codes_is_a_finding() {
    let place = Place::indexed(&["main-theme"]);
    place.write(
        "m.csv",
        "file,isrc\nincoming/funky-sax.mp3,USRC17607839\n./incoming/funky-sax.mp3,USRC17607840\n",
    );
    let outcome = place.scan(&["incoming/funky-sax.mp3", "--manifest", "m.csv", "--exit-zero"]);
    let findings = outcome.all("finding");
    let finding = findings.iter().find(|finding| finding["rule"] == "META-012").unwrap();
    assert_eq!(finding["level"], "review");
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains("USRC17607839") && message.contains("USRC17607840"), "{message}");
}

#[test]
fn sound_that_is_not_read_is_named_and_a_gate_does_not_let_it_pass() {
    let place = Place::indexed(&["main-theme"]);
    fs::create_dir(place.path("in")).unwrap();
    place.copy("incoming/void-sensor.ogg", "in/a.ogg");
    for name in ["b.wma", "c.ac3", "cover.jpg", "notes.txt", "0036.xml", "pack.zip"] {
        place.write(&format!("in/{name}"), "x");
    }
    let outcome = place.scan(&["in"]).expect(0);
    let named: Vec<_> = outcome.all("note").iter().map(|note| note["subject"].clone()).collect();
    assert_eq!(named, ["in/b.wma", "in/c.ac3", "in/pack.zip"]);
    assert_eq!(outcome.one("summary")["not_looked_at"], 3);
    let text = place.run(&["scan", "in", "--index", "index"]).expect(0).stdout;
    assert!(
        text.contains("in/b.wma\n  NOT LOOKED AT") && text.contains("3 not looked at"),
        "{text}"
    );
    place.scan(&["in", "--fail-on", "hold"]).expect(3);
    place.scan(&["in/a.ogg", "--fail-on", "hold"]).expect(0);
}

#[test]
fn a_gate_passes_on_nothing() {
    let place = Place::indexed(&["main-theme"]);
    fs::create_dir(place.path("empty")).unwrap();
    let outcome = place.scan(&["empty"]).expect(0);
    assert!(outcome.stderr.contains("nothing was looked at"), "{}", outcome.stderr);
    place.scan(&["empty", "--fail-on", "reject"]).expect(3);
    place.scan(&["incoming/not-audio.mp3", "--fail-on", "reject"]).expect(3);
    // An index without references finds nothing in anything.
    place.run(&["index", "remove", "--index", "index", "references"]).expect(0);
    let outcome = place.scan(&["incoming/void-sensor.ogg", "--fail-on", "reject"]).expect(4);
    assert!(outcome.stderr.contains("the index is empty"), "{}", outcome.stderr);
    // A message that takes a release down sends nothing to look at.
    place.write(
        "purge.xml",
        "<PurgeReleaseMessage><MessageHeader/><PurgedRelease><ReleaseId><ICPN>0036000291452</ICPN></ReleaseId></PurgedRelease>\
         </PurgeReleaseMessage>",
    );
    let outcome = place.scan(&["purge.xml", "--fail-on", "reject"]).expect(0);
    assert!(outcome.one("note")["message"].as_str().unwrap().contains("0036000291452"));
    assert_eq!(outcome.one("summary")["without_files"], 1);
}

#[test]
fn a_file_longer_than_the_limit_is_not_called_damaged() {
    let place = Place::indexed(&["main-theme"]);
    // Half a minute of silence three times over.
    let samples = vec![0u8; 8_000 * 90];
    let mut wav = b"RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00".to_vec();
    wav[4..8].copy_from_slice(&(36 + samples.len() as u32).to_le_bytes());
    wav.extend(8_000u32.to_le_bytes());
    wav.extend(8_000u32.to_le_bytes());
    wav.extend([1, 0, 8, 0]);
    wav.extend(b"data");
    wav.extend((samples.len() as u32).to_le_bytes());
    wav.extend(samples.iter().map(|_| 128u8));
    place.write("long.wav", wav);
    let outcome = place.scan(&["long.wav", "--max-minutes", "1", "--exit-zero"]).expect(0);
    assert_eq!(outcome.one("scanned")["query"]["capped"], true);
    let rules: Vec<_> = outcome.all("finding").iter().map(|f| f["rule"].clone()).collect();
    assert!(rules.contains(&"TECH-008".into()) && !rules.contains(&"TECH-004".into()), "{rules:?}");
    let text =
        place.run(&["scan", "long.wav", "--index", "index", "--max-minutes", "1", "--exit-zero"]);
    assert!(text.stdout.contains("only the first 1 min were looked at"), "{}", text.stdout);
    assert!(
        !text.stdout.contains("damaged") && !text.stdout.contains("again; it"),
        "{}",
        text.stdout
    );
}

#[test]
fn a_second_table_corrects_what_is_in_the_index() {
    let place = Place::demo();
    let names =
        "Path;Title;Owner\nreferences/zalek.ogg;Wrong;Ann\nreferences/main-theme.ogg;Right;Ann\n";
    place.write("m.csv", names);
    assert_eq!(place.add(&["references", "--metadata", "m.csv"])["corrected"], 0);
    place.write("m.csv", names.replace("Wrong;Ann", "Zalek;"));
    let again = place.add(&["references", "--metadata", "m.csv"]);
    assert_eq!((&again["added"], &again["corrected"]), (&0.into(), &1.into()));
    let listed = place.run(&["index", "list", "--index", "index", "--format", "jsonl"]).expect(0);
    let of = |path: &str| {
        let all = listed.all("reference");
        all.into_iter().find(|reference| reference["path"] == path).unwrap()
    };
    let zalek = of("references/zalek.ogg");
    assert_eq!(
        (&zalek["title"], &zalek["owner"]),
        (&"Zalek".into(), &of("references/main-theme.ogg")["owner"])
    );
    // The sound is as it was.
    let outcome = place.scan(&["references/zalek.ogg", "--exit-zero"]).expect(0);
    assert_eq!(outcome.all("match")[0]["match_kind"], "same_file");
    let verify = place.run(&["index", "verify", "--index", "index"]).expect(0);
    assert!(verify.stdout.contains("the index is sound"), "{}", verify.stdout);
    let text =
        place.run(&["index", "add", "--index", "index", "references", "--metadata", "m.csv"]);
    assert!(!text.stdout.contains("corrected"), "{}", text.stdout);
}

#[cfg(unix)]
#[test]
fn pipes_are_not_waited_for() {
    let place = Place::indexed(&["main-theme"]);
    for name in ["m.csv", "m.xml", "list"] {
        let made = Command::new("mkfifo").arg(place.path(name)).status();
        assert!(made.is_ok_and(|status| status.success()));
    }
    for args in [
        &["incoming/void-sensor.ogg", "--manifest", "m.csv"][..],
        &["incoming/void-sensor.ogg", "--manifest", "m.xml"],
        &["--files-from", "list"],
        &["m.csv"],
        &["m.xml"],
    ] {
        let mut command = place.command(&[&["scan", "--index", "index"][..], args].concat());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            // Long enough for any machine: an open pipe is waited for without end.
            if begun.elapsed() > Duration::from_secs(120) {
                child.kill().unwrap();
                panic!("{args:?} waits for a pipe");
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        assert!(matches!(status.code(), Some(2 | 3)), "{args:?}: {status}");
    }
}
