//! Shell completions and man pages: made from the command line itself, so nothing may be missing.

use std::fs;

use crate::place::{COMMANDS, Place};

/// The commands of the program itself.
fn subcommands() -> impl Iterator<Item = &'static str> {
    COMMANDS.iter().copied().filter(|command| !command.is_empty() && !command.contains(' '))
}

#[test]
fn completions_know_every_subcommand() {
    let place = Place::empty();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = place.run(&["completions", shell]).expect(0).stdout;
        for name in subcommands() {
            assert!(script.contains(name), "{shell}: {name}");
        }
        assert!(script.contains("metadata"), "{shell}: options of nested subcommands");
    }
    place.run(&["completions", "cmd.exe"]).expect(2);
    place.run(&["completions"]).expect(2);
}

#[test]
fn the_page_of_the_program_names_every_subcommand() {
    let page = Place::empty().run(&["man"]).expect(0).stdout;
    assert_begins_with_a_title(&page);
    for name in subcommands() {
        assert!(page.contains(&format!("soundalike\\-{name}(1)")), "{name}: {page}");
    }
}

#[test]
fn every_subcommand_has_a_page_in_the_folder() {
    let place = Place::empty();
    let outcome = place.run(&["man", "--dir", "share/man1"]).expect(0);
    assert_eq!(outcome.stdout, "");
    let names = subcommands().map(|name| format!("soundalike-{name}.1"));
    for name in names.chain(["soundalike.1", "soundalike-index-add.1"].map(str::to_owned)) {
        assert!(place.path(&format!("share/man1/{name}")).is_file(), "{name}");
    }
    for entry in fs::read_dir(place.path("share/man1")).unwrap() {
        assert_begins_with_a_title(&fs::read_to_string(entry.unwrap().path()).unwrap());
    }
    place.write("file", "");
    place.run(&["man", "--dir", "file"]).expect(2);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let place = Place::empty();
    for args in [&["completions", "bash"][..], &["man"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = place.command(args).stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_eq!(output.stderr, b"", "{output:?}");
    }
}

/// Before the title stands only the definition of an apostrophe, which every page of roff begins with.
#[track_caller]
fn assert_begins_with_a_title(page: &str) {
    let first = page.lines().find(|line| !line.starts_with(".ie ") && !line.starts_with(".el "));
    assert!(first.is_some_and(|line| line.starts_with(".TH soundalike")), "{page:.200}");
}
