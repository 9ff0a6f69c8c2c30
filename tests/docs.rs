//! The documentation, kept: every command that a page shows is run and does what the page says, links lead
//! somewhere, and the reference leaves nothing out.
//!
//! A fenced `console` block holds commands (after `$ `) and their output. The blocks of a page run in order, in
//! one copy of `tests/data/demo`; comments above a block say more:
//!
//! - `<!-- in: PATH as NAME -->` copies a file or folder of the repository into that folder first (`as` may be
//!   left out), `<!-- with: catalogue.index -->` the index of the demo's references;
//! - `<!-- exit: 1 0 -->` gives the exit status of each command, where one is not 0;
//! - `<!-- not run: REASON -->` excuses a block of commands that is no `console` block.
//!
//! Where a block shows output, the output must be that. A line `…` stands for any lines, `…` within a line for
//! anything; dates, hashes and speeds may differ. `cargo run --release --` stands for the binary.

// A panic here is the report.
#![allow(clippy::unwrap_used)]
#![cfg(unix)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex};

use serde_json::Value;
use tempfile::TempDir;

/// Most lines of the README: five minutes.
const README_LINES: usize = 160;
/// The index that pages share, as the page about indexes makes it.
const SHARED_INDEX: &str = "catalogue.index";

fn repo() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A Markdown file.
struct Page {
    /// Path from the root of the repository.
    path: String,
    text: String,
}

impl Page {
    fn read(path: &Path) -> Page {
        let name = path.strip_prefix(repo()).unwrap().to_str().unwrap().to_owned();
        Page { path: name, text: fs::read_to_string(path).unwrap() }
    }

    fn folder(&self) -> PathBuf {
        repo().join(&self.path).parent().unwrap().to_owned()
    }
}

/// All files below `folder` with this ending, sorted.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut folders = vec![repo().join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_str().is_some_and(|p| p.ends_with(ending)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The README and the pages of the book.
fn pages() -> Vec<Page> {
    let book = files("docs/src", ".md");
    std::iter::once(repo().join("README.md")).chain(book).map(|path| Page::read(&path)).collect()
}

/// The same, and what contributors read.
fn all_pages() -> Vec<Page> {
    let more = ["ARCHITECTURE.md", "CONTRIBUTING.md"];
    pages().into_iter().chain(more.map(|name| Page::read(&repo().join(name)))).collect()
}

/// A fenced block with the comments above it.
struct Block {
    /// Line of its fence, from 1.
    line: usize,
    language: String,
    lines: Vec<String>,
    notes: Vec<(String, String)>,
}

impl Block {
    fn notes<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.notes.iter().filter(move |(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    /// Whether a line of it begins like a command.
    fn has_commands(&self) -> bool {
        let begins = |line: &str| is_command(line) || line.starts_with("$ ");
        self.lines.iter().any(|line| begins(line))
    }
}

fn is_command(line: &str) -> bool {
    let programs = ["cargo ", "soundalike ", "benches/", "apt-get ", "pip "];
    programs.iter().any(|program| line.trim_start().starts_with(program))
}

/// `<!-- key: value -->` on a line of its own.
fn note(line: &str) -> Option<(String, String)> {
    let inside = line.trim().strip_prefix("<!--")?.strip_suffix("-->")?;
    let (key, value) = inside.split_once(':')?;
    Some((key.trim().to_owned(), value.trim().to_owned()))
}

/// The fenced blocks of a page, and its other lines with their numbers.
fn blocks(text: &str) -> (Vec<Block>, Vec<(usize, &str)>) {
    let (mut blocks, mut prose) = (Vec::new(), Vec::new());
    let mut notes: Vec<(String, String)> = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in text.lines().enumerate().map(|(i, line)| (i + 1, line)) {
        let fence = line.trim_start().strip_prefix("```");
        match (&mut open, fence) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => block.lines.push(line.to_owned()),
            (None, Some(language)) => {
                let (language, notes) = (language.trim().to_owned(), std::mem::take(&mut notes));
                open = Some(Block { line: number, language, lines: Vec::new(), notes });
            }
            (None, None) => {
                match note(line) {
                    Some(note) => notes.push(note),
                    None if !line.trim().is_empty() => notes.clear(),
                    None => {}
                }
                prose.push((number, line));
            }
        }
    }
    assert!(open.is_none(), "a fence is not closed");
    (blocks, prose)
}

/// A command of a `console` block and the output shown below it.
struct Step {
    command: String,
    shown: Vec<String>,
    exit: i32,
}

fn steps(block: &Block) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut goes_on = false;
    for line in &block.lines {
        if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step { command: command.to_owned(), shown: Vec::new(), exit: 0 });
        } else if let Some(step) = steps.last_mut() {
            if goes_on {
                step.command.push('\n');
                step.command.push_str(line.strip_prefix("> ").unwrap_or(line));
            } else {
                step.shown.push(line.clone());
            }
        }
        goes_on = line.ends_with('\\') && steps.last().is_some_and(|s| s.shown.is_empty());
    }
    let exits: Vec<i32> =
        block.notes("exit").flat_map(str::split_whitespace).map(|e| e.parse().unwrap()).collect();
    assert!(exits.len() <= steps.len(), "more exit statuses than commands at {}", block.line);
    for (step, exit) in steps.iter_mut().zip(exits) {
        step.exit = exit;
    }
    steps
}

/// A copy of a file or folder.
fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap_or_else(|e| panic!("{}: {e}", from.display()));
    }
}

/// The folder that a page runs in.
struct Place(TempDir);

impl Place {
    fn demo() -> Place {
        let place = Place(tempfile::tempdir().unwrap());
        for folder in ["references", "incoming"] {
            copy(&repo().join("tests/data/demo").join(folder), &place.0.path().join(folder));
        }
        place
    }

    /// Puts a block's inputs in.
    fn prepare(&self, block: &Block) {
        for input in block.notes("in") {
            let (from, to) = input.split_once(" as ").unwrap_or((input, input));
            copy(&repo().join(from), &self.0.path().join(to));
        }
        for name in block.notes("with") {
            assert_eq!(name, SHARED_INDEX, "only that one is shared");
            copy(SHARED.0.path().join(name).as_path(), &self.0.path().join(name));
        }
    }

    fn run(&self, command: &str) -> Output {
        let binary = Path::new(env!("CARGO_BIN_EXE_soundalike")).parent().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(command.replace("cargo run --release -- ", "soundalike "));
        let variables = [
            "SOUNDALIKE_INDEX",
            "SOUNDALIKE_DECISIONS",
            "SOUNDALIKE_POLICIES",
            "SOURCE_DATE_EPOCH",
        ];
        for variable in variables {
            shell.env_remove(variable);
        }
        shell.env("PATH", format!("{}:{path}", binary.display())).env("USER", "ana");
        shell.current_dir(self.0.path()).output().unwrap()
    }

    /// Whether all programs of a command are here.
    fn can_run(&self, step: &Step) -> bool {
        let missing = programs(&step.command).into_iter().find(|program| !self.has(program));
        if let Some(program) = &missing {
            eprintln!("not run, for there is no {program} here: {}", step.command);
        }
        missing.is_none()
    }

    /// What is wrong with a step.
    fn fault(&self, step: &Step) -> Option<String> {
        let output = self.run(&step.command);
        let (out, mut err) = (lines(&output.stdout), lines(&output.stderr));
        // Policies grow old by themselves, and then say so.
        err.retain(|line| !line.ends_with(" days ago: check them anew"));
        let both: Vec<String> = out.iter().chain(&err).cloned().collect();
        if output.status.code() != Some(step.exit) {
            let status = output.status.code();
            return Some(format!("exits with {status:?}, not {}:\n{}", step.exit, both.join("\n")));
        }
        let names = paths(&step.command);
        let is_here = |name: &&String| {
            !name.starts_with(['/', '~']) && self.0.path().join(name.as_str()).exists()
        };
        if let Some(name) = names.iter().find(|name| !is_here(name)) {
            return Some(format!("names {name}, which is not there"));
        }
        let shown = &step.shown;
        let is_shown = shown.is_empty() || same(shown, &out) || same(shown, &both);
        (!is_shown).then(|| format!("prints\n{}", both.join("\n")))
    }

    fn has(&self, program: &str) -> bool {
        program == "soundalike" || self.run(&format!("command -v {program}")).status.success()
    }
}

/// The index of the demo's references.
static SHARED: LazyLock<Place> = LazyLock::new(|| {
    let place = Place::demo();
    let command =
        format!("soundalike index add references --index {SHARED_INDEX} --catalogue games");
    assert!(place.run(&command).status.success());
    place
});

fn lines(bytes: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect()
}

/// Words of a command outside quotes.
fn words(command: &str) -> Vec<String> {
    let mut quote = None;
    let bare = command.chars().map(|c| match (quote, c) {
        (None, '"' | '\'') => {
            quote = Some(c);
            '\u{1}'
        }
        (Some(q), _) if q == c => {
            quote = None;
            '\u{1}'
        }
        (Some(_), _) => '\u{1}',
        (None, _) => c,
    });
    bare.collect::<String>().split_whitespace().map(str::to_owned).collect()
}

/// Programs that a command starts.
fn programs(command: &str) -> BTreeSet<String> {
    let words = words(&command.replace("cargo run --release -- ", "soundalike "));
    let starts = |i: usize| i == 0 || ["|", "&&", ";"].contains(&words[i - 1].as_str());
    let is_program = |(i, word): &(usize, &String)| starts(*i) && !word.contains('=');
    words.iter().enumerate().filter(is_program).map(|(_, word)| word.clone()).collect()
}

/// Words of a command that name files: with a slash or a known ending.
fn paths(command: &str) -> Vec<String> {
    const ENDINGS: &[&str] = &[
        "wav", "mp3", "ogg", "m4a", "flac", "csv", "tsv", "jsonl", "xml", "html", "toml", "index",
    ];
    let is_path = |word: &String| {
        let ending = word.rsplit_once('.').map(|(_, ending)| ending);
        let plain = !word.starts_with('-') && !word.contains(['*', '$', '\u{1}', '{', '\\']);
        plain && (word.contains('/') || ending.is_some_and(|e| ENDINGS.contains(&e)))
    };
    words(command).into_iter().filter(|word| is_path(word) && word != "/dev/null").collect()
}

/// Whether `actual` is what is `shown`; a line `…` stands for any number of lines.
fn same(shown: &[String], actual: &[String]) -> bool {
    match shown.split_first() {
        None => actual.iter().all(|line| line.trim().is_empty()),
        Some((line, rest)) if line.trim() == "…" => {
            (0..=actual.len()).any(|skipped| same(rest, &actual[skipped..]))
        }
        Some((line, rest)) => {
            let first = actual.first();
            first.is_some_and(|first| same_line(line, first)) && same(rest, &actual[1..])
        }
    }
}

/// Whether a line is what is shown; `…` stands for anything.
fn same_line(shown: &str, actual: &str) -> bool {
    let (shown, actual) = (normal(shown), normal(actual));
    let parts: Vec<&str> = shown.split('…').collect();
    let [first, middle @ .., last] = parts.as_slice() else { return shown == actual };
    let Some(mut rest) = actual.strip_prefix(first) else { return false };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// A line without its end of blanks, and with dates, times of day behind them, hashes, numbers of decisions and
/// speeds made alike.
fn normal(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line.trim_end();
    if rest.ends_with(" x real time") {
        return rest.replace(|c: char| c.is_ascii_digit() || c == ',', "");
    }
    while let Some(c) = rest.chars().next() {
        let at_start = !out.ends_with(|c: char| c.is_ascii_alphanumeric());
        let hex = rest.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(rest.len());
        if at_start && has_shape(rest, "0000-00-00T00:00:00Z") {
            out.push_str("DATE");
            rest = &rest[20..];
        } else if at_start && has_shape(rest, "0000-00-00") {
            out.push_str("DATE");
            let clocks = [" 00:00 UTC", " at 00:00 UTC"];
            let clock = clocks.into_iter().find(|clock| has_shape(&rest[10..], clock));
            rest = &rest[10 + clock.map_or(0, str::len)..];
        } else if at_start && hex == 64 {
            out.push_str("HASH");
            rest = &rest[64..];
        } else if let Some(digits) = rest.strip_prefix("d_").filter(|_| at_start) {
            out.push_str("d_");
            rest = digits.trim_start_matches(|c: char| c.is_ascii_hexdigit());
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// Whether `text` begins with digits where `shape` has zeros, and with its other signs.
fn has_shape(text: &str, shape: &str) -> bool {
    let fits = |(a, b): (u8, u8)| if b == b'0' { a.is_ascii_digit() } else { a == b };
    text.len() >= shape.len() && text.bytes().zip(shape.bytes()).all(fits)
}

/// Runs a page's commands; what went wrong.
fn run(page: &Page) -> Vec<String> {
    let (blocks, _) = blocks(&page.text);
    let consoles: Vec<&Block> = blocks.iter().filter(|b| b.language == "console").collect();
    if consoles.is_empty() {
        return Vec::new();
    }
    let place = Place::demo();
    let mut faults = Vec::new();
    for block in consoles {
        place.prepare(block);
        // What follows a command that cannot be run may need what it would have made.
        for step in steps(block).into_iter().take_while(|step| place.can_run(step)) {
            if let Some(fault) = place.fault(&step) {
                faults.push(format!("{}:{}: `{}` {fault}", page.path, block.line, step.command));
            }
        }
    }
    faults
}

#[test]
fn every_command_does_what_its_page_shows() {
    let pages = pages();
    let (next, faults) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(page) = pages.get(next.fetch_add(1, Ordering::Relaxed)) {
                    faults.lock().unwrap().extend(run(page));
                }
            });
        }
    });
    let faults = faults.into_inner().unwrap();
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

#[test]
fn a_reader_gets_the_folder_that_a_page_runs_in() {
    for page in pages().iter().filter(|page| !is_table(&page.path)) {
        let dir = tempfile::tempdir().unwrap();
        let name = page.path.strip_prefix("docs/src/").unwrap_or(&page.path);
        let script = repo().join("docs/try.sh");
        let binary = Path::new(env!("CARGO_BIN_EXE_soundalike")).parent().unwrap();
        let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap_or_default());
        let mut made = Command::new("bash");
        made.arg(script).arg(name).arg(dir.path()).env("PATH", path);
        assert!(made.output().unwrap().status.success(), "{name}");
        let place = Place(tempfile::tempdir().unwrap());
        blocks(&page.text).0.iter().for_each(|block| place.prepare(block));
        let missing =
            paths_below(place.0.path()).into_iter().find(|p| !dir.path().join(p).exists());
        assert_eq!(missing, None, "{name}");
    }
}

/// Paths of all files below a folder, from there.
fn paths_below(folder: &Path) -> Vec<PathBuf> {
    let all = files(folder.to_str().unwrap(), "").into_iter();
    all.map(|path| path.strip_prefix(folder).unwrap().to_owned()).collect()
}

#[test]
fn commands_stand_in_blocks_that_run_or_say_why_not() {
    for page in all_pages() {
        let (blocks, prose) = blocks(&page.text);
        for block in &blocks {
            let at = format!("{}:{}", page.path, block.line);
            match block.language.as_str() {
                "console" => {
                    assert!(block.has_commands(), "{at}: a console block without a `$ ` command");
                    let first = block.lines.iter().find(|line| !line.is_empty());
                    assert!(first.is_some_and(|line| line.starts_with("$ ")), "{at}");
                }
                language => {
                    let excused = block.notes("not run").any(|reason| reason.len() > 10);
                    let harmless = !block.has_commands() && language != "sh";
                    assert!(harmless || excused, "{at}: commands that nobody runs; say why not");
                }
            }
        }
        let indented = |line: &str| line.starts_with("    ") && is_command(line);
        let found = prose.iter().find(|(_, line)| indented(line));
        assert_eq!(found, None, "{}: a command in an indented block", page.path);
    }
}

#[test]
fn the_readme_can_be_read_in_five_minutes() {
    let lines = fs::read_to_string(repo().join("README.md")).unwrap().lines().count();
    assert!(lines <= README_LINES, "{lines} lines");
}

/// Targets of links and pictures in a line.
fn links(line: &str) -> Vec<&str> {
    let ends = line.match_indices("](").map(|(at, _)| at + 2);
    ends.filter_map(|at| line[at..].split_once(')').map(|(target, _)| target)).collect()
}

/// The anchor that a heading gets.
fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    let title = heading.trim_start_matches('#').trim().to_lowercase();
    title.chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn anchors(text: &str) -> BTreeSet<String> {
    let (_, prose) = blocks(text);
    prose.iter().filter(|(_, l)| l.starts_with('#')).map(|(_, l)| anchor(l)).collect()
}

#[test]
fn links_lead_somewhere() {
    let others = files("benches", "README.md").into_iter().chain(files("tests/data", "README.md"));
    for page in all_pages().into_iter().chain(others.map(|path| Page::read(&path))) {
        let (_, prose) = blocks(&page.text);
        for (number, line) in prose {
            for target in links(line) {
                if target.contains("://") || target.starts_with("mailto:") {
                    continue;
                }
                let at = format!("{}:{number}: {target}", page.path);
                let (file, name) = target.split_once('#').unwrap_or((target, ""));
                let linked = if file.is_empty() {
                    repo().join(&page.path)
                } else {
                    page.folder().join(file)
                };
                assert!(linked.exists(), "{at}");
                if !name.is_empty() {
                    let text = fs::read_to_string(&linked).unwrap();
                    assert!(anchors(&text).contains(name), "{at}: no such heading");
                }
            }
        }
    }
}

/// Tables of the measurements: parts of pages, and the pages that include them.
fn is_table(path: &str) -> bool {
    path.starts_with("docs/src/measurements/tables/")
}

#[test]
fn the_summary_lists_every_page() {
    let summary = fs::read_to_string(repo().join("docs/src/SUMMARY.md")).unwrap();
    let listed: BTreeSet<&str> = summary.lines().flat_map(links).collect();
    for page in pages() {
        let Some(name) = page.path.strip_prefix("docs/src/") else { continue };
        let listed = listed.contains(name);
        assert_eq!(listed, name != "SUMMARY.md" && !is_table(&page.path), "{name}");
    }
}

#[test]
fn every_table_is_on_a_page_and_says_what_made_it() {
    let mut included = BTreeMap::new();
    for page in pages() {
        for line in page.text.lines() {
            let Some(target) = line.trim().strip_prefix("{{#include ") else { continue };
            let path = page.folder().join(target.trim_end_matches("}}"));
            assert!(path.exists(), "{}: {target}", page.path);
            *included.entry(path).or_insert(0) += 1;
        }
    }
    let tables = files("docs/src/measurements/tables", ".md");
    assert!(!tables.is_empty());
    for path in tables {
        assert_eq!(included.get(&path), Some(&1), "{}", path.display());
        let text = fs::read_to_string(&path).unwrap();
        let head = text.lines().next().unwrap();
        let parts: Vec<&str> = head.splitn(3, ", ").collect();
        let says = parts.len() == 3
            && parts[0].starts_with("Revision ")
            && has_shape(parts[1], "0000-00-00")
            && parts[2].starts_with("command: `");
        assert!(says, "{}: {head}", path.display());
    }
}

/// Names of the fields of a JSON value, those inside of it, too.
fn fields(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (name, inner) in map {
                names.insert(name.clone());
                // Names of policies and levels, which are data.
                if !["by_policy", "verdicts", "findings"].contains(&name.as_str()) {
                    fields(inner, names);
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|inner| fields(inner, names)),
        _ => {}
    }
}

/// Checks that a page of the reference has each of `names` as code.
fn assert_told<'a>(page: &str, names: impl IntoIterator<Item = &'a str>) {
    let text = fs::read_to_string(repo().join("docs/src/reference").join(page)).unwrap();
    let missing: Vec<&str> =
        names.into_iter().filter(|name| !text.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "{page} does not tell of {missing:?}");
}

#[test]
fn the_reference_tells_of_every_record_field() {
    let place = Place::demo();
    copy(&repo().join("tests/data/formats"), &place.0.path().join("formats"));
    let commands = [
        "soundalike scan incoming formats --references references --format jsonl --audit --decisions log.jsonl",
        "soundalike index add references --index r.index --quiet --format jsonl",
        "soundalike index list --index r.index --format jsonl",
        "soundalike index stats --index r.index --format jsonl",
        "soundalike index verify --index r.index --format jsonl",
        "soundalike index add incoming --index c.index --quiet",
        "soundalike sweep --index r.index --catalogue c.index --state s --quiet --format jsonl",
        "soundalike policy list --format jsonl; soundalike policy check --format jsonl",
        "soundalike explain AUDIO-003 --format jsonl",
        "soundalike block add --account a --reason b --decisions log.jsonl --format jsonl",
        "soundalike block list --decisions log.jsonl --format jsonl",
        "soundalike audit list --decisions log.jsonl --format jsonl",
        "soundalike audit verify --decisions log.jsonl --format jsonl",
    ];
    let mut names = BTreeSet::new();
    for command in commands {
        for line in lines(&place.run(command).stdout) {
            if let Ok(value) = serde_json::from_str(&line) {
                fields(&value, &mut names);
            }
        }
    }
    assert!(names.len() > 150, "{names:?}");
    assert_told("records.md", names.iter().map(String::as_str));
}

#[test]
fn the_reference_tells_of_every_column() {
    let table =
        Place::demo().run("soundalike scan references --format csv --references references");
    let out = lines(&table.stdout);
    let columns: Vec<&str> = out.first().unwrap().split(',').collect();
    assert!(columns.len() > 30);
    assert_told("csv.md", columns);
}

#[test]
fn the_reference_tells_of_every_rule_and_policy() {
    let place = Place::demo();
    let rules = lines(&place.run("soundalike explain").stdout);
    let rules = rules.iter().take_while(|line| !line.is_empty());
    assert_told("policies.md", rules.filter_map(|line| line.split_whitespace().next()));
    let packs = lines(&place.run("soundalike policy list").stdout);
    assert_told("policies.md", packs.iter().filter_map(|line| line.split_whitespace().next()));
}

#[test]
fn the_reference_tells_of_every_command() {
    let place = Place::demo();
    let help = lines(&place.run("soundalike help").stdout);
    let commands = help.iter().skip_while(|line| *line != "Commands:").skip(1);
    let commands: Vec<&str> = commands
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(commands.len() > 10, "{help:?}");
    assert_told("commands.md", commands);
}

mod the_checks_themselves {
    use super::*;

    fn shown(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|&line| line.to_owned()).collect()
    }

    #[test]
    fn ellipses_stand_for_anything_and_the_rest_for_itself() {
        let out = shown(&["one", "two 3 s", "three"]);
        assert!(same(&shown(&["one", "…"]), &out));
        assert!(same(&shown(&["…", "two … s", "three"]), &out));
        assert!(!same(&shown(&["one", "two 3 s"]), &out), "what follows must be shown or marked");
        assert!(!same(&shown(&["one", "…", "four"]), &out));
    }

    #[test]
    fn dates_hashes_and_decisions_may_differ() {
        assert_eq!(normal("at 2026-11-28T03:07:22Z"), "at DATE");
        assert_eq!(normal("1 of 2026-11-28 03:06 UTC;"), "1 of DATE;");
        assert_eq!(normal("on 2026-11-28 at 12:00 UTC: 1"), "on DATE: 1");
        assert_eq!(normal(&format!("head {}", "0a".repeat(32))), "head HASH");
        assert_eq!(normal("d_7c93a967d6ee2a64  made"), "d_  made");
        assert_eq!(normal("0:07.3 – 0:19.3 there  "), "0:07.3 – 0:19.3 there");
    }

    #[test]
    fn blocks_come_with_their_notes_and_steps() {
        let text = "a\n<!-- exit: 1 -->\n\n```console\n$ x a.wav \\\n> -b\nout\n$ y | jq .\n```\n";
        let (blocks, _) = blocks(text);
        let steps = steps(&blocks[0]);
        assert_eq!((steps[0].exit, steps[1].exit), (1, 0));
        assert_eq!(steps[0].command, "x a.wav \\\n-b");
        assert_eq!(steps[0].shown, ["out"]);
        assert_eq!(programs(&steps[1].command), ["jq", "y"].map(String::from).into());
        assert_eq!(paths(&steps[0].command), ["a.wav"]);
    }
}
