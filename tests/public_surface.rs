//! The public surface of the library, as a text that a reviewer reads: what `src/lib.rs` re-exports, with
//! fields, variants and signatures. A change of it is a change of `tests/public_surface.txt`, too.
//!
//! Read from the sources with syn: what rustdoc knows of a crate can be had in JSON from nightly Rust only.

// A panic here is the report.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use quote::ToTokens;
use syn::{
    Attribute, Fields, FnArg, ImplItem, Item, ItemImpl, Signature, TraitItem, Type, UseTree,
    Visibility,
};

const SURFACE: &str = "tests/public_surface.txt";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every item of a room: of the file or folder of the top-level module, test modules left out.
fn items(room: &str) -> Vec<Item> {
    let (file, folder) = (root().join(format!("src/{room}.rs")), root().join("src").join(room));
    let mut paths = if file.exists() { vec![file] } else { Vec::new() };
    let mut folders = if folder.is_dir() { vec![folder] } else { Vec::new() };
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false if path.extension().is_some_and(|e| e == "rs") => paths.push(path),
                false => {}
            }
        }
    }
    paths.sort();
    paths.iter().flat_map(|path| parse(path).items).collect()
}

fn parse(path: &Path) -> syn::File {
    syn::parse_file(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn is_hidden(attributes: &[Attribute]) -> bool {
    let text = |a: &Attribute| a.to_token_stream().to_string();
    attributes.iter().map(text).any(|t| t.contains("doc (hidden)") || t.contains("cfg (test)"))
}

/// The names that `src/lib.rs` re-exports, by the room they come from.
fn facade() -> BTreeMap<String, BTreeSet<String>> {
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for item in parse(&root().join("src/lib.rs")).items {
        match item {
            Item::Use(item) if matches!(item.vis, Visibility::Public(_)) => {
                let UseTree::Path(path) = item.tree else { panic!("a re-export of no module") };
                let room = names.entry(path.ident.to_string()).or_default();
                leaves(&path.tree, room);
            }
            Item::Mod(module) => {
                let hidden = is_hidden(&module.attrs);
                assert!(hidden, "the module {} is public and not hidden", module.ident);
            }
            _ => {}
        }
    }
    names
}

fn leaves(tree: &UseTree, into: &mut BTreeSet<String>) {
    match tree {
        UseTree::Path(path) => leaves(&path.tree, into),
        UseTree::Name(name) => drop(into.insert(name.ident.to_string())),
        UseTree::Group(group) => group.items.iter().for_each(|tree| leaves(tree, into)),
        UseTree::Rename(_) | UseTree::Glob(_) => panic!("one thing has one name"),
    }
}

/// Tokens as rustfmt would join them, nearly.
fn text(tokens: impl ToTokens) -> String {
    let mut text = tokens.to_token_stream().to_string();
    for (loose, tight) in [
        (" :: ", "::"),
        (":: ", "::"),
        (" < ", "<"),
        ("< ", "<"),
        (" >", ">"),
        (" ,", ","),
        ("& ", "&"),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        (" : ", ": "),
        (" [", "["),
        ("[ ", "["),
        (" ]", "]"),
        (" ;", ";"),
    ] {
        text = text.replace(loose, tight);
    }
    text.replace("->(", "-> (").replace("&mut(", "&mut (")
}

fn signature(signature: &Signature) -> String {
    let argument = |argument: &FnArg| match argument {
        FnArg::Receiver(receiver) => text(receiver),
        FnArg::Typed(typed) => format!("{}: {}", text(&typed.pat), text(&typed.ty)),
    };
    let arguments: Vec<String> = signature.inputs.iter().map(argument).collect();
    let constant = if signature.constness.is_some() { "const " } else { "" };
    format!(
        "{constant}fn {}{}({}){}",
        signature.ident,
        text(&signature.generics),
        arguments.join(", "),
        text(&signature.output).replacen("->", " ->", 1)
    )
}

/// Derives and the like that users rely on.
fn marks(attributes: &[Attribute]) -> String {
    let kept = attributes.iter().map(|a| text(&a.meta));
    let kept: Vec<String> =
        kept.filter(|t| t.starts_with("derive") || t == "non_exhaustive").collect();
    kept.iter().map(|t| format!("#[{t}] ")).collect()
}

fn fields(fields: &Fields, out: &mut String) {
    let mut private = false;
    for field in fields {
        if is_hidden(&field.attrs) {
            continue;
        }
        match (&field.vis, &field.ident) {
            (Visibility::Public(_), Some(name)) => {
                writeln!(out, "    {name}: {}", text(&field.ty)).unwrap();
            }
            (Visibility::Public(_), None) => writeln!(out, "    {}", text(&field.ty)).unwrap(),
            _ => private = true,
        }
    }
    if private {
        writeln!(out, "    ..").unwrap();
    }
}

fn definition(item: &Item, name: &str) -> Option<String> {
    let mut out = String::new();
    match item {
        Item::Struct(s) if s.ident == name => {
            writeln!(out, "{}struct {name}{}", marks(&s.attrs), text(&s.generics)).unwrap();
            fields(&s.fields, &mut out);
        }
        Item::Enum(e) if e.ident == name => {
            writeln!(out, "{}enum {name}{}", marks(&e.attrs), text(&e.generics)).unwrap();
            for v in &e.variants {
                writeln!(out, "    {}", variant(v)).unwrap();
            }
        }
        Item::Trait(t) if t.ident == name => {
            let bounds = text(&t.supertraits);
            let bounds = if bounds.is_empty() { bounds } else { format!(": {bounds}") };
            writeln!(out, "trait {name}{bounds}").unwrap();
            for item in &t.items {
                if let TraitItem::Fn(function) = item {
                    writeln!(out, "    {}", signature(&function.sig)).unwrap();
                }
            }
        }
        // What a macro of ours writes: its tokens say as much as a reader needs.
        Item::Macro(m) if text(&m.mac.tokens).contains(&format!("enum {name} ")) => {
            writeln!(out, "enum {name}, by the macro {}", text(&m.mac.path)).unwrap();
        }
        _ => return None,
    }
    Some(out)
}

/// A variant with its fields in one line.
fn variant(variant: &syn::Variant) -> String {
    let one = |field: &syn::Field| match &field.ident {
        Some(name) => format!("{name}: {}", text(&field.ty)),
        None => text(&field.ty),
    };
    let all = variant.fields.iter().map(one).collect::<Vec<_>>().join(", ");
    match &variant.fields {
        Fields::Unit => variant.ident.to_string(),
        Fields::Named(_) => format!("{} {{ {all} }}", variant.ident),
        Fields::Unnamed(_) => format!("{}({all})", variant.ident),
    }
}

fn is_of(item: &ItemImpl, name: &str) -> bool {
    let Type::Path(path) = &*item.self_ty else { return false };
    path.path.segments.last().is_some_and(|segment| segment.ident == name)
}

fn methods(item: &Item, name: &str) -> Vec<String> {
    let Item::Impl(block) = item else { return Vec::new() };
    if !is_of(block, name) || is_hidden(&block.attrs) {
        return Vec::new();
    }
    if let Some((_, of, _)) = &block.trait_ {
        return vec![format!("    impl {}", text(of))];
    }
    let public = block.items.iter().filter_map(|item| match item {
        ImplItem::Fn(f) if matches!(f.vis, Visibility::Public(_)) && !is_hidden(&f.attrs) => {
            Some(format!("    {}", signature(&f.sig)))
        }
        _ => None,
    });
    public.collect()
}

fn surface() -> String {
    let mut out = String::new();
    for (room, names) in facade() {
        if ["jiff", "soundalike_index"].contains(&room.as_str()) {
            writeln!(out, "use {room}::{}\n", names.into_iter().collect::<Vec<_>>().join(", "))
                .unwrap();
            continue;
        }
        let items = items(&room);
        for name in names {
            let definitions: Vec<String> =
                items.iter().filter_map(|item| definition(item, &name)).collect();
            assert_eq!(definitions.len(), 1, "{room}: what is {name}?");
            out.push_str(&definitions[0]);
            for line in items.iter().flat_map(|item| methods(item, &name)) {
                writeln!(out, "{line}").unwrap();
            }
            out.push('\n');
        }
    }
    out
}

#[test]
fn the_public_surface_is_the_one_that_was_reviewed() {
    let (now, path) = (surface(), root().join(SURFACE));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let reviewed = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    let changed: Vec<&str> =
        now.lines().filter(|line| !reviewed.lines().any(|l| l == *line)).collect();
    assert!(
        now == reviewed,
        "the public surface is not what {SURFACE} says; read what changed, then run this test with BLESS=1:\n{}",
        changed.join("\n")
    );
}

#[test]
fn the_public_surface_is_short_enough_to_read() {
    let lines = surface().lines().count();
    assert!(lines <= 410, "{lines} lines");
}
