//! What the text for people says: nothing that another line contradicts, and what to do next.

use crate::place::{Outcome, Place};

/// The commands that a text names, ready to be run.
fn commands(text: &str) -> Vec<Vec<String>> {
    let lines = text.lines().map(str::trim).filter(|line| line.starts_with("soundalike "));
    // The reason is left to who decides.
    let reason = |word: &String| if word == "…" { "licensed".to_owned() } else { word.clone() };
    lines.map(|line| shlex::split(line).unwrap()[1..].iter().map(reason).collect()).collect()
}

fn text(place: &Place, args: &[&str], code: i32) -> String {
    place.run(args).expect(code).stdout
}

#[test]
fn the_commands_that_are_named_allow_what_was_found() {
    let place = Place::indexed(&["main-theme", "geoscape", "typing-to-jazz"]);
    let scan = ["scan", "incoming", "--index", "index"];
    let told = text(&place, &scan, 1);
    let commands = commands(&told);
    assert_eq!(commands.len(), 3, "one for each match: {told}");
    for command in commands {
        assert_eq!(command[..2], ["allow", "add"]);
        // A service and a container know no $USER.
        let mut command = place.command(&command);
        Outcome::of(command.env_remove("USER").env_remove("LOGNAME").output().unwrap()).expect(0);
    }
    let told = text(&place, &scan, 3);
    assert!(told.contains("0 matched, 2 with allowed matches only, 2 without match"), "{told}");
    assert_eq!(told.matches("\n  ALLOWED  ").count(), 3, "{told}");
    assert!(told.contains("not held against this file, by decision d_"), "{told}");
    for wrong in
        ["MATCH", "soundalike allow", "REVIEW", "HOLD", "no match among 3 references\n\nREVIEW"]
    {
        assert!(!told.contains(wrong), "{wrong} in {told}");
    }
    let alone = text(&place, &["scan", "incoming/night-drive.mp3", "--index", "index"], 0);
    assert!(!alone.contains("Nothing was found"), "something was, and is allowed: {alone}");
}

#[test]
fn a_file_of_any_name_is_blocked_by_the_command_that_is_named() {
    let place = Place::indexed(&["main-theme"]);
    let name = if cfg!(windows) { "it is $HOME.mp3" } else { "-it's \"$HOME\" & `x`.mp3" };
    place.copy("incoming/night-drive.mp3", name);
    let told = text(&place, &["scan", "--index", "index", "--", name], 1);
    let block = commands(&told).into_iter().find(|command| command[0] == "block").unwrap();
    place.run(&block).expect(0);
    let again = place.run(&["scan", "--index", "index", "--", name]).expect(1).stdout;
    assert!(again.contains("(reject)"), "{again}");
}

#[test]
fn points_of_a_cluster_add_up_to_its_score() {
    let place = Place::demo();
    for name in ["a.mp3", "b.mp3", "c.mp3"] {
        place.copy("incoming/night-drive.mp3", name);
    }
    let told = text(&place, &["cluster", "a.mp3", "b.mp3", "c.mp3"], 0);
    let (_, score) = told.split_once("score ").unwrap();
    let score: i64 = score.split(' ').next().unwrap().parse().unwrap();
    let is_points = |line: &&str| line.starts_with("   ") && line.trim().starts_with(['+', '-']);
    let points = told.lines().filter(is_points);
    let points = points.map(|line| line.split_whitespace().next().unwrap().parse::<i64>().unwrap());
    assert_eq!(points.sum::<i64>(), score, "{told}");
}

#[test]
fn a_scan_writes_its_page_as_report_would_and_nothing_else() {
    let place = Place::indexed(&["main-theme", "geoscape"]);
    let now = ["--now", "2026-11-28T12:00:00Z"];
    let scan = ["scan", "incoming", "--index", "index", now[0], now[1]];
    let both = place.run(&[&scan[..], &["--report", "page.html"]].concat()).expect(1);
    assert!(
        both.stderr.contains("wrote page.html: 5 uploads, 2 matches (2 shown in full)"),
        "{}",
        both.stderr
    );
    let page = std::fs::read_to_string(place.path("page.html")).unwrap();
    let records = [&scan[..], &["--format", "jsonl"]].concat();
    place.write("scan.jsonl", place.run(&records).expect(1).stdout);
    place.run(&["report", "scan.jsonl", "--index", "index"]).expect(0);
    let report = std::fs::read_to_string(place.path("scan.html")).unwrap();
    // What differs is what clocks measured.
    assert!(page.len().abs_diff(report.len()) < 64, "{} {}", page.len(), report.len());
    assert!(page.contains("<image") && page.contains("soundalike allow add --match "));

    // Without evidence in the records, there is no more in them than before; in the page there is.
    let quiet = ["--format", "jsonl", "--report", "page.html", "--quiet"];
    let with = place.run(&[&scan[..], &quiet].concat()).expect(1);
    assert_eq!((with.all("evidence").len(), with.stderr.as_str()), (2, ""));
    for wrong in ["-", "incoming", "no/such/folder/page.html", "incoming/night-drive.mp3"] {
        let outcome = place.run(&[&scan[..], &["--report", wrong]].concat()).expect(2);
        assert!(outcome.stderr.contains("--report"), "{}", outcome.stderr);
    }
    let left = std::fs::read_dir(place.path(".")).unwrap().filter(|entry| {
        entry.as_ref().unwrap().file_name().to_string_lossy().starts_with(".report")
    });
    assert_eq!(left.count(), 0, "drafts are gone");
    let clusters = ["cluster", "incoming", "--report", "clusters.html"];
    place.run(&clusters).expect(3);
    assert!(place.path("clusters.html").is_file());
}

#[test]
fn misnamed_paths_are_told_with_what_to_do() {
    let place = Place::indexed(&["main-theme"]);
    let args = [
        "scan",
        "--index",
        "index",
        "https://example.org/a.mp3",
        "-",
        "no-*.mp3",
        "incoming/funky-sax.mp3",
    ];
    let outcome = place.run(&args).expect(3);
    for told in
        ["download it first", "--files-from -", "pattern matches no file", "1 of 4 files scanned"]
    {
        assert!(outcome.stdout.contains(told), "{told}: {}", outcome.stdout);
    }
    let wrong = place.run(&["scna"]).expect(2);
    assert!(wrong.stderr.contains("similar subcommand exists: 'scan'"), "{}", wrong.stderr);
}

#[test]
fn lists_may_end_names_with_zeros() {
    let place = Place::indexed(&["main-theme"]);
    let list = b"incoming/night-drive.mp3\0incoming/funky-sax.mp3\0";
    let args = ["scan", "--index", "index", "--files-from", "-", "-0", "--format", "jsonl"];
    let outcome = place.run_with_input(&args, list).expect(1);
    assert_eq!(outcome.all("scanned").len(), 2);
    place.run(&["scan", "--index", "index", "-0", "incoming"]).expect(2);
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_no_success() {
    let place = Place::indexed(&["main-theme"]);
    place.run(&["index", "add", "incoming/funky-sax.mp3", "--index", "own"]).expect(0);
    for args in [
        &["scan", "incoming/funky-sax.mp3", "--index", "index"][..],
        &["index", "list", "--index", "index"],
        &["explain"],
        &["policy", "list"],
        &["policy", "show", "generic"],
        &["--help"],
        &["-h"],
        &["--version"],
        &["help"],
        &["scan", "--help"],
        &["help", "index", "add"],
        &["columns"],
        &["columns", "ISRC"],
        &["completions", "bash"],
        &["man"],
        &["index", "stats", "--index", "index"],
        &["index", "verify", "--index", "index"],
        &["compare", "incoming/night-drive.mp3", "references/main-theme.ogg"],
        &["cluster", "incoming/night-drive.mp3", "incoming/funky-sax.mp3"],
        &["scan", "incoming/funky-sax.mp3", "--index", "index", "--format", "jsonl"],
        &["scan", "incoming/funky-sax.mp3", "--index", "index", "--format", "csv"],
        &["sweep", "--index", "index", "--catalogue", "own", "--state", "state"],
    ] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = place.command(args).stdout(full).output().unwrap();
        let outcome = Outcome::of(output);
        assert!(outcome.code.unwrap() > 1, "{args:?}: {outcome:?}");
        assert!(outcome.stderr.contains("cannot write the output"), "{args:?}: {outcome:?}");
        let told = outcome.stderr.lines().filter(|line| line.contains("cannot write")).count();
        assert_eq!(told, 1, "one line: {outcome:?}");
        assert!(!outcome.stderr.contains("panicked"), "{outcome:?}");

        // Whoever has read enough is no error.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = place.command(args).stdout(writer).output().unwrap();
        let outcome = Outcome::of(output);
        assert!(outcome.code.unwrap() < 2, "{args:?}: {outcome:?}");
        assert!(!outcome.stderr.contains("write"), "{args:?}: {outcome:?}");
    }
}
