//! The arrows of the design, checked: a lower layer never imports a higher one, and some crates
//! stay behind one door.
//!
//! The sources are read as text, so that code behind a feature or a platform counts, too.

// A panic here is the report.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Top-level modules of the library by floor, the lowest first. A module imports from lower floors only.
const FLOORS: &[&[&str]] = &[
    &["counted", "logarithm", "progress", "regular"],
    &["credentials", "trace"],
    &["audio", "clock", "id", "journal", "level", "rounding"],
    &["params"],
    &["declare", "fingerprint"],
    &["decisions", "loops", "scan", "track", "works"],
    &["indexer", "matches", "resemblance"],
    &["dedup"],
    &["policy"],
    &["report"],
    &["engine"],
    &["advise", "eval", "sweep", "watch"],
    &["serve"],
];

/// Compiled for tests only; every module may import it.
const TESTS_ONLY: &str = "test_random";

/// Modules that import less than their floor allows, and from where.
const ONLY: &[(&str, &[&str])] = &[
    ("declare", &["audio", "counted", "id", "regular"]),
    ("decisions", &["clock", "counted", "declare", "id", "journal"]),
    ("params", &["audio"]),
    ("scan", &["audio", "fingerprint", "params"]),
    ("loops", &[]),
    ("credentials", &["progress", "regular"]),
    ("trace", &["logarithm"]),
    ("works", &["audio", "fingerprint", "id", "params"]),
    (
        "watch",
        &[
            "audio", "counted", "declare", "engine", "id", "journal", "level", "progress",
            "regular", "report",
        ],
    ),
];

/// What the program never touches: it calls the engine for that.
const NOT_FOR_CLI: &[&str] = &["dedup", "fingerprint", "matches", "scan"];

/// Dependencies, and the only files or folders that may name them.
const DOORS: &[(&str, &[&str])] = &[
    ("clap", &["src/cli/", "src/main.rs"]),
    ("indicatif", &["src/cli/bar.rs"]),
    ("anstream", &["src/cli/screen.rs"]),
    ("anstyle", &["src/report/look.rs"]),
    ("textwrap", &["src/report/look.rs"]),
    ("symphonia", &["src/audio/"]),
    ("chardetng", &["src/audio/embedded/code_page.rs"]),
    ("rustix", &["src/audio/isolation/", "src/cli/account.rs", "src/serve/room.rs"]),
    ("maud", &["src/report/html/", "src/serve/pages/"]),
    ("axum", &["src/serve/"]),
    ("tower", &["src/serve/router.rs"]),
    ("tower_http", &["src/serve/router.rs"]),
    ("tokio", &["src/serve/"]),
    ("tokio_util", &["src/serve/"]),
    ("rusqlite", &["src/serve/state/"]),
    ("utoipa", &["src/serve/"]),
    ("argon2", &["src/serve/users.rs"]),
    ("getrandom", &["src/serve/users.rs"]),
    ("rustfft", &["src/fingerprint/spectrum.rs", "src/loops/", "src/trace/spectra.rs"]),
    ("hmac", &["src/serve/webhooks/sign.rs"]),
    ("ureq", &["src/serve/webhooks/"]),
    ("futures_util", &["src/serve/"]),
    ("flacenc", &["src/report/flac.rs"]),
    ("c2pa", &["src/credentials/read.rs"]),
    ("x509_parser", &["src/credentials/trust.rs"]),
    ("bincode", &["index/src/codec.rs"]),
    ("hnsw_rs", &["index/src/graph.rs"]),
    ("memmap2", &["index/src/bytes.rs"]),
];

/// A source file: its path from the repository root and its text without comments.
struct Source {
    path: String,
    code: String,
}

fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    assert!(!files.is_empty(), "no sources in {folder}");
    let read = |path: PathBuf| Source {
        code: without_comments(&std::fs::read_to_string(&path).unwrap()),
        path: path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/"),
    };
    files.into_iter().map(read).collect()
}

fn without_comments(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n")
}

fn is_ident(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The first names after every `prefix`: one, or those of a brace group at its outermost level.
fn names_after(code: &str, prefix: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices(prefix) {
        if code[..at].ends_with(|c| is_ident(c) || c == ':') {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        let Some(group) = rest.strip_prefix('{') else {
            names.insert(rest.chars().take_while(|c| is_ident(*c)).collect());
            continue;
        };
        let (mut depth, mut name, mut fresh) = (0, String::new(), true);
        for c in group.chars() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    names.insert(std::mem::take(&mut name));
                    fresh = true;
                }
                c if depth == 0 && fresh && is_ident(c) => name.push(c),
                c if !c.is_whitespace() => fresh = false,
                _ => {}
            }
        }
        names.insert(name);
    }
    names.remove("");
    names
}

/// The top-level modules of the library that `source` names.
fn imports(source: &Source) -> BTreeSet<String> {
    let mut names = names_after(&source.code, "crate::");
    // What `super` means at the top is the crate, too.
    let parts = source.path.trim_start_matches("src/").trim_end_matches("/mod.rs");
    let up = "super::".repeat(parts.split('/').count());
    let above = names_after(&source.code, &up);
    names.extend(above.into_iter().filter(|name| floor(name).is_some()));
    names
}

/// The top-level module a file belongs to; `None` for the binary and the library's root.
fn module_of(path: &str) -> Option<&str> {
    let name = path.strip_prefix("src/")?.split('/').next()?.trim_end_matches(".rs");
    (!matches!(name, "lib" | "main" | "cli" | TESTS_ONLY)).then_some(name)
}

/// The floor that a module is on.
fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

fn may_import(module: &str, other: &str) -> bool {
    if module == other {
        return true;
    }
    match ONLY.iter().find(|(name, _)| *name == module) {
        Some((_, only)) => only.contains(&other),
        None => floor(other) < floor(module),
    }
}

#[test]
fn a_lower_layer_never_imports_a_higher_one() {
    let mut wrong = Vec::new();
    for source in sources("src") {
        let Some(module) = module_of(&source.path) else { continue };
        if floor(module).is_none() {
            wrong.push(format!("{}: module `{module}` is on no floor", source.path));
            continue;
        }
        for name in imports(&source) {
            if floor(&name).is_some() && !may_import(module, &name) {
                wrong.push(format!("{}: `{module}` imports `{name}`", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_program_calls_the_engine() {
    let mut wrong = Vec::new();
    for source in sources("src").iter().filter(|source| source.path.starts_with("src/cli/")) {
        for name in names_after(&source.code, "soundalike::") {
            if NOT_FOR_CLI.contains(&name.as_str()) {
                wrong.push(format!("{}: imports `{name}`", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_tables_have_no_arrow_upwards() {
    for (module, only) in ONLY {
        for name in *only {
            assert!(floor(name).is_some() && floor(name) < floor(module), "{module} -> {name}");
        }
    }
}

/// A file as a module of the crate: `scan/verify.rs` is `scan::verify`, `scan/mod.rs` is `scan`.
fn path_of_module(source: &Source) -> String {
    let path = source.path.trim_start_matches("src/").trim_end_matches(".rs");
    path.trim_end_matches("/mod").replace('/', "::")
}

/// The modules of the library that `source` names in `use`s, by their whole paths.
fn modules_named<'a>(source: &Source, all: &'a BTreeSet<String>) -> BTreeSet<&'a str> {
    let own = path_of_module(source);
    let mut here: Vec<&str> = own.split("::").collect();
    if !source.path.ends_with("/mod.rs") {
        here.pop();
    }
    let mut named = BTreeSet::new();
    let code = source.code.split("#[cfg(test)]").next().unwrap_or_default();
    for statement in code.split(';').filter_map(|s| s.rsplit_once("use ").map(|(_, path)| path)) {
        for path in paths(statement.trim()) {
            let path = match path.strip_prefix("crate::") {
                Some(path) => path.to_owned(),
                None => match path.strip_prefix("super::") {
                    Some(path) => [&here.join("::"), path].join("::"),
                    None => continue,
                },
            };
            let known = all.iter().filter(|m| path == **m || path.starts_with(&format!("{m}::")));
            named.extend(known.max_by_key(|m| m.len()).map(String::as_str));
        }
    }
    named.remove(own.as_str());
    named
}

/// `a::{b, c::{d, e}}` as `a::b`, `a::c::d`, `a::c::e`.
fn paths(tree: &str) -> Vec<String> {
    let Some((head, rest)) = tree.split_once('{') else { return vec![tree.trim().to_owned()] };
    let inner = rest.rsplit_once('}').map_or(rest, |(inner, _)| inner);
    let (mut depth, mut part, mut parts) = (0, String::new(), Vec::new());
    for c in inner.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(std::mem::take(&mut part));
                continue;
            }
            _ => {}
        }
        part.push(c);
    }
    parts.push(part);
    let parts = parts.iter().map(|p| p.trim()).filter(|p| !p.is_empty());
    parts.flat_map(paths).map(|path| head.trim().to_owned() + &path).collect()
}

#[test]
fn no_two_files_import_each_other() {
    let sources: Vec<Source> =
        sources("src").into_iter().filter(|s| module_of(&s.path).is_some()).collect();
    let all: BTreeSet<String> = sources.iter().map(path_of_module).collect();
    let named: Vec<(String, BTreeSet<&str>)> =
        sources.iter().map(|s| (path_of_module(s), modules_named(s, &all))).collect();
    let mut wrong = Vec::new();
    for (a, of_a) in &named {
        for (b, of_b) in named.iter().filter(|(b, _)| b > a) {
            // A module and what lies in it are one thing.
            let nested = b.starts_with(&format!("{a}::"));
            if !nested && of_a.contains(b.as_str()) && of_b.contains(a.as_str()) {
                wrong.push(format!("{a} and {b}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn some_crates_stay_behind_one_door() {
    let mut wrong = Vec::new();
    for source in sources("src").iter().chain(&sources("index/src")) {
        for (dependency, doors) in DOORS {
            let named = source.code.match_indices(dependency).any(|(at, _)| {
                let end = at + dependency.len();
                // In a text, alone or as a part of a name: a media type, a namespace.
                !source.code[..at].ends_with(|c| is_ident(c) || matches!(c, '"' | '/' | '-'))
                    && !source.code[end..].starts_with(is_ident)
            });
            if named && !doors.iter().any(|door| source.path.starts_with(door)) {
                wrong.push(format!("{}: names `{dependency}`", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn groups_and_single_imports_are_understood() {
    let code = "use crate::{audio::{Tags, decode::X}, scan};\nfn f(p: &crate::params::P) {}\n";
    let names: Vec<_> = names_after(code, "crate::").into_iter().collect();
    assert_eq!(names, ["audio", "params", "scan"]);
    let up = Source { path: "src/audio/tags.rs".into(), code: "use super::super::report;".into() };
    assert!(imports(&up).contains("report"));
    let near = Source { path: "src/audio/mod.rs".into(), code: "use super::cli;".into() };
    assert!(!imports(&near).contains("cli"), "not a module of the library");
}
