//! The arrows of the design, checked: a lower layer never imports a higher one, and some crates
//! stay behind one door.
//!
//! The sources are read as text, so that code behind a feature or a platform counts, too.

// A panic here is the report.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Top-level modules of the library, lowest first, and the ones each may import.
const ALLOWED: &[(&str, &[&str])] = &[
    ("progress", &[]),
    ("level", &[]),
    ("journal", &[]),
    ("audio", &[]),
    ("params", &["audio"]),
    ("fingerprint", &["audio", "params"]),
    ("catalog", &["audio"]),
    ("scan", &["audio", "params", "fingerprint"]),
    ("indexer", &["progress", "audio", "params", "fingerprint", "catalog", "scan"]),
    (
        "batch",
        &["progress", "level", "audio", "params", "fingerprint", "catalog", "scan", "indexer"],
    ),
    ("decisions", &["catalog"]),
    (
        "policy",
        &[
            "level",
            "audio",
            "params",
            "fingerprint",
            "catalog",
            "scan",
            "indexer",
            "batch",
            "decisions",
        ],
    ),
    (
        "report",
        &[
            "level",
            "audio",
            "params",
            "fingerprint",
            "catalog",
            "scan",
            "indexer",
            "batch",
            "decisions",
            "policy",
        ],
    ),
    (
        "intake",
        &[
            "progress",
            "level",
            "audio",
            "params",
            "fingerprint",
            "catalog",
            "scan",
            "indexer",
            "batch",
            "decisions",
            "policy",
            "report",
        ],
    ),
    (
        "sweep",
        &[
            "progress",
            "level",
            "audio",
            "params",
            "fingerprint",
            "catalog",
            "scan",
            "indexer",
            "batch",
            "decisions",
            "policy",
            "report",
            "intake",
        ],
    ),
    ("watch", &["audio", "catalog", "indexer", "report"]),
    ("eval", &["progress", "audio", "params", "fingerprint", "catalog", "scan", "indexer"]),
];

/// Dependencies, and the only files or folders that may name them.
const DOORS: &[(&str, &[&str])] = &[
    ("clap", &["src/cli/", "src/main.rs"]),
    ("indicatif", &["src/cli/bar.rs"]),
    ("symphonia", &["src/audio/"]),
    ("rustfft", &["src/fingerprint/spectrum.rs"]),
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
    names.extend(above.into_iter().filter(|n| ALLOWED.iter().any(|(module, _)| module == n)));
    names
}

/// The top-level module a file belongs to; `None` for the binary and the library's root.
fn module_of(path: &str) -> Option<&str> {
    let name = path.strip_prefix("src/")?.split('/').next()?.trim_end_matches(".rs");
    (!matches!(name, "lib" | "main" | "cli")).then_some(name)
}

#[test]
fn a_lower_layer_never_imports_a_higher_one() {
    let mut wrong = Vec::new();
    for source in sources("src") {
        let Some(module) = module_of(&source.path) else { continue };
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!("{}: module `{module}` has no row in ALLOWED", source.path));
            continue;
        };
        for name in imports(&source) {
            if name != module && !allowed.contains(&name.as_str()) {
                wrong.push(format!("{}: `{module}` imports `{name}`", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_has_no_arrow_upwards() {
    for (i, (module, allowed)) in ALLOWED.iter().enumerate() {
        for name in *allowed {
            let at = ALLOWED.iter().position(|(m, _)| m == name);
            assert!(at.is_some_and(|at| at < i), "{module} -> {name}");
        }
    }
}

#[test]
fn some_crates_stay_behind_one_door() {
    let mut wrong = Vec::new();
    for source in sources("src").iter().chain(&sources("index/src")) {
        for (dependency, doors) in DOORS {
            let named = source.code.match_indices(dependency).any(|(at, _)| {
                let end = at + dependency.len();
                !source.code[..at].ends_with(|c| is_ident(c) || c == '"')
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
