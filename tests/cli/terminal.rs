//! What people see in a terminal: a pseudo-terminal stands in for it, and an emulator shows what is on its screen.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Stdio;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::place::{COMMANDS, Outcome, Place};

/// Rows of the screen: nothing scrolls away.
const ROWS: u16 = 500;
/// What a bar is drawn with.
const BAR: [char; 2] = ['█', '░'];
const NOW: [&str; 2] = ["--now", "2026-11-28T12:00:00Z"];

/// What came out of a run in a terminal.
struct Seen {
    code: Option<i32>,
    raw: String,
    screen: vt100::Parser,
}

impl Seen {
    /// The rows with something in them, as they stand at the end.
    fn rows(&self) -> Vec<String> {
        let screen = self.screen.screen();
        let (_, columns) = screen.size();
        screen.rows(0, columns).filter(|row| !row.trim().is_empty()).collect()
    }
}

/// Runs the binary with standard output and standard error in a terminal of so many `columns`.
fn look(place: &Place, args: &[&str], columns: u16, variables: &[(&str, &str)]) -> Seen {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let size = Winsize { ws_row: ROWS, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&master, size).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let name = Path::new(std::ffi::OsStr::from_bytes(name.as_bytes()));
    let slave: OwnedFd = OpenOptions::new().read(true).write(true).open(name).unwrap().into();
    let mut child = {
        let mut command = place.command(args);
        for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI", "COLUMNS"] {
            command.env_remove(variable);
        }
        command.env("TERM", "xterm-256color").envs(variables.iter().copied());
        command.stdin(Stdio::null()).stdout(slave.try_clone().unwrap()).stderr(slave);
        command.spawn().unwrap()
        // The terminal ends when its last holder does: not one of them is kept here.
    };
    let (mut raw, mut part) = (Vec::new(), [0; 4096]);
    let mut master = File::from(master);
    // Linux says that the other end is gone by an error.
    while let Ok(n @ 1..) = master.read(&mut part) {
        raw.extend_from_slice(&part[..n]);
    }
    let mut screen = vt100::Parser::new(ROWS, columns, 0);
    screen.process(&raw);
    let raw = String::from_utf8(raw).unwrap();
    assert!(!raw.contains("panicked at"), "{raw}");
    Seen { code: child.wait().unwrap().code(), raw, screen }
}

fn bare(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// `lines` but the last, in which a clock has its say.
fn timeless(lines: &str) -> String {
    lines.trim_end().rsplit_once('\n').unwrap().0.to_owned()
}

#[test]
fn the_bar_leaves_every_line_whole_at_any_width() {
    let place = Place::demo();
    place.run(&["index", "add", "references", "--index", "index"]).expect(0);
    let long = "長い曲名と🎸の絵文字を持つとても長い名前のファイル-with-a-long-latin-tail-too.mp3";
    place.copy("incoming/night-drive.mp3", &format!("incoming/{long}"));
    let args = ["scan", "incoming", "--index", "index", NOW[0], NOW[1]];
    let piped = place.run(&args).expect(1);
    assert_eq!(piped.stderr, "", "no bar off a terminal");
    assert!(piped.stdout.contains(long) && !piped.stdout.contains('\u{1b}'));
    for columns in [40, 80, 200] {
        let seen = look(&place, &args, columns, &[]);
        assert_eq!(seen.code, Some(1));
        let rows = seen.rows();
        assert!(!rows.iter().any(|row| row.contains(BAR)), "{columns}: {rows:#?}");
        let told = timeless(&rows.join("\n"));
        assert_eq!(bare(&told), bare(&timeless(&piped.stdout)), "{columns}: {rows:#?}");
        let (screen, mut is_command) = (seen.screen.screen(), false);
        for (number, row) in screen.rows(0, columns).enumerate() {
            // What is to be copied is left in one piece, for the terminal to break.
            is_command |= row.contains("soundalike allow");
            let is_broken = screen.row_wrapped(number as u16);
            assert!(!is_broken || is_command, "{columns}: {row}");
            is_command &= is_broken;
        }
        let quiet = look(&place, &[&args[..], &["--quiet"]].concat(), columns, &[]);
        assert!(!quiet.raw.contains(BAR), "{columns}");
    }
}

#[test]
fn the_bar_is_gone_when_an_error_ends_the_run() {
    let place = Place::demo();
    place.write("bad.ogg", "no audio");
    let args = ["scan", "incoming", "--references", "bad.ogg"];
    let seen = look(&place, &args, 80, &[]);
    assert_eq!(seen.code, Some(2));
    let rows = seen.rows();
    assert!(!rows.iter().any(|row| row.contains(BAR)), "{rows:#?}");
    assert!(rows.last().unwrap().contains("none of the references could be used"), "{rows:#?}");
    assert!(rows.iter().all(|row| row.starts_with("soundalike: ") || row.starts_with("  ")));
}

#[test]
fn colours_go_by_terminal_option_and_environment() {
    let place = Place::demo();
    place.run(&["index", "add", "references", "--index", "index"]).expect(0);
    let scan = ["scan", "incoming/night-drive.mp3", "--index", "index"];
    let coloured = |text: &str| text.contains("\u{1b}[33m") || text.contains("\u{1b}[1m");
    for (args, variables, expected) in [
        (&[][..], &[][..], true),
        (&[], &[("NO_COLOR", "1")], false),
        (&[], &[("NO_COLOR", "")], true),
        (&[], &[("TERM", "dumb")], false),
        (&["--color", "never"], &[("CLICOLOR_FORCE", "1")], false),
        (&["--color", "always"], &[("NO_COLOR", "1")], true),
    ] {
        let seen = look(&place, &[&scan[..], args].concat(), 80, variables);
        assert_eq!(coloured(&seen.raw), expected, "{args:?} {variables:?}: {}", seen.raw);
    }
    for (args, variable, expected) in [
        (&[][..], None, false),
        (&["--color", "auto"], None, false),
        (&["--color", "always"], None, true),
        (&[], Some("CLICOLOR_FORCE"), true),
    ] {
        let mut command = place.command(&[&scan[..], args].concat());
        command.env_remove("CLICOLOR_FORCE").env_remove("NO_COLOR").env("TERM", "xterm");
        let output = command.envs(variable.map(|name| (name, "1"))).output().unwrap();
        let outcome = Outcome::of(output).expect(1);
        assert_eq!(coloured(&outcome.stdout), expected, "{args:?} {variable:?}");
    }
    // Every other command that tells of levels.
    for args in [
        &["policy", "show", "generic"][..],
        &["explain", "AUDIO-003"],
        &["index", "verify", "--index", "index"],
    ] {
        assert!(coloured(&look(&place, args, 80, &[]).raw), "{args:?}");
        assert!(!coloured(&place.run(args).expect(0).stdout), "{args:?}");
    }
}

#[test]
fn help_and_mistakes_break_no_word_at_any_width() {
    let place = Place::empty();
    let help = COMMANDS.iter().flat_map(|command| {
        let words: Vec<&str> = command.split_whitespace().collect();
        [[&words[..], &["--help"]].concat(), [&words[..], &["-h"]].concat()]
    });
    let mistakes = [
        &["scann"][..],
        &["scan", "--no-such-option-of-this-program", "x"],
        &["scan", "x", "--format", "pdf"],
        &["allow", "add", "--reason", "x"],
        &["allow", "add", "--account", "a", "--registrant", "USABC", "--reason", "x"],
        &["index", "add"],
        &["eval", "--queries", "0", "x"],
        &["sweep", "--fail-on", "grave"],
        &["watch", "in", "--settle", "1000000000"],
        &["compare", "one"],
    ];
    let all = help.chain(mistakes.iter().map(|words| words.to_vec()));
    for args in all.collect::<Vec<_>>() {
        for columns in [40, 80, 200] {
            let seen = look(&place, &args, columns, &[]);
            assert!(matches!(seen.code, Some(0 | 2)), "{args:?}: {:?}", seen.code);
            let (screen, mut is_command) = (seen.screen.screen(), false);
            for (number, row) in screen.rows(0, columns).enumerate() {
                // What is to be copied is left in one piece, for the terminal to break.
                is_command |=
                    row.trim_start().starts_with("soundalike ") || row.contains(" | soundalike ");
                let is_broken = screen.row_wrapped(number as u16);
                assert!(!is_broken || is_command, "{args:?} at {columns}: {row}");
                is_command &= is_broken;
            }
        }
    }
}

/// What a sweep tells: no word broken but of what is to be copied, further lines under the value that they go on with,
/// and no other words than off a terminal.
#[test]
fn a_sweep_is_laid_out_at_any_width() {
    let place = Place::demo();
    for (index, folder) in [("refs", "references"), ("own", "incoming")] {
        place.run(&["index", "add", folder, "--index", index, "--quiet"]);
    }
    let args = ["sweep", "--index", "refs", "--catalogue", "own", "--all", NOW[0], NOW[1]];
    let run = |state: &'static str| [&args[..], &["--state", state]].concat();
    place.run(&run("off")).expect(0);
    let piped = place.run(&run("off")).expect(0).stdout;
    // Without the line that says when it ran, and how long that took.
    let words = |text: &str| -> String {
        let (before, rest) = text.split_once("Sweep 1 of").unwrap();
        bare(&[before, rest.split_once("  references").unwrap().1].concat())
    };
    for columns in [40, 80, 200] {
        let seen = look(&place, &run("off"), columns, &[("NO_COLOR", "1")]);
        assert_eq!(seen.code, Some(0));
        let (rows, screen) = (seen.rows(), seen.screen.screen());
        assert_eq!(words(&rows.join("\n")), words(&piped), "{columns}: {rows:#?}");
        let mut is_command = false;
        for (number, row) in screen.rows(0, columns).enumerate() {
            is_command |= row.starts_with("  soundalike ") || row.starts_with("  --all ");
            let is_broken = screen.row_wrapped(number as u16);
            assert!(!is_broken || is_command, "{columns}: {row}");
            is_command &= is_broken;
        }
        let begin = rows.iter().position(|row| row.starts_with("  references")).unwrap();
        let end = rows.iter().position(|row| row.starts_with("Gravest:")).unwrap();
        for row in &rows[begin..end] {
            let value = row.chars().skip(14).find(|c| !c.is_whitespace());
            let is_aligned = row.chars().take(14).skip(12).all(char::is_whitespace);
            assert!(is_aligned && value.is_some(), "{columns}: {row:?}");
        }
        // A command is a line of its own, so that it can be copied as it stands.
        let command = "  soundalike explain AUDIO-003";
        assert!(rows.iter().any(|row| row.trim_end() == command), "{columns}: {rows:#?}");
    }
}

/// On a wide screen nothing is drawn out over all of it: lines longer than 120 columns are hard to follow.
#[test]
fn prose_is_no_wider_than_people_read_however_wide_the_screen() {
    let place = Place::demo();
    place.run(&["index", "add", "references", "--index", "index"]).expect(0);
    for args in [
        &["scan", "incoming", "--index", "index", NOW[0], NOW[1]][..],
        &["cluster", "incoming", NOW[0], NOW[1]],
        &["compare", "incoming/night-drive.mp3", "references/main-theme.ogg"],
        &["policy", "show", "generic"],
        &["policy", "list"],
        &["explain", "AUDIO-003"],
        &["index", "stats", "--index", "index"],
        &["index", "list", "--index", "index"],
        &["index", "verify", "--index", "index"],
        &["advise", "incoming/night-drive.mp3", "--to", "spotify", "--via", "distrokid"],
    ] {
        let rows = look(&place, args, 200, &[("NO_COLOR", "1")]).rows();
        assert!(!rows.is_empty(), "{args:?}");
        for row in rows.iter().filter(|row| !row.contains("soundalike ")) {
            let wide = row.trim_end().chars().count();
            assert!(wide <= 120, "{args:?}: {wide} columns: {row}");
        }
    }
}
