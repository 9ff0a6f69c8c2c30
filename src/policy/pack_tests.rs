//! Tests over all built-in packs: when each entry decides and when not, that every source has a date, and that weak
//! sources hold nobody up.

use std::collections::BTreeSet;

use super::exclusion::Answer;
use super::facts::{FactKind, spec};
use super::observation::{Fact, Facts, Rule};
use super::pack::Pack;
use super::packset::{PACKS, PackSet};
use super::source::Confidence;
use crate::level::Level;

const CASES: &str = include_str!("pack_cases.txt");

fn facts(words: &str) -> Facts {
    let fact = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or_else(|| panic!("{pair}"));
        let kind = spec(name).unwrap_or_else(|| panic!("no fact {name}")).kind;
        let fact = match kind {
            FactKind::Flag => Fact::Flag(value == "true"),
            FactKind::Number => Fact::Number(value.parse().unwrap()),
            FactKind::Word(_) => {
                Fact::Word(value.replace('_', " ").replace(' ', sign(kind, value)))
            }
        };
        (name.to_owned(), fact)
    };
    words.split_whitespace().map(fact).collect()
}

/// What a "_" stands for: itself in words of a list, a blank in names.
fn sign(kind: FactKind, value: &str) -> &'static str {
    match kind {
        FactKind::Word(known) if known.contains(&value) => "_",
        _ => " ",
    }
}

/// The entry that decides: its pack, and its place there.
fn decides(pack: &Pack, rule: Rule, facts: &Facts) -> Option<(String, usize, Level)> {
    let (owner, entry) = pack.assess(rule, facts)?;
    let place = owner.rules.iter().position(|r| std::ptr::eq(r, entry)).unwrap();
    Some((owner.id.clone(), place, entry.level))
}

#[test]
fn every_entry_of_every_pack_is_seen_to_decide_and_not_to() {
    let set = PackSet::load(None).unwrap();
    // Entries seen to decide; and those that did not on a line of their pack and rule.
    let (mut fired, mut passed) = (BTreeSet::new(), BTreeSet::new());
    for line in CASES.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let (given, result) = line.split_once(" -> ").unwrap_or_else(|| panic!("{line}"));
        let mut words = given.splitn(3, ' ');
        let (policy, rule) = (words.next().unwrap(), words.next().unwrap());
        let pack = set.get(policy).unwrap();
        let rule = Rule::from_id(rule).unwrap_or_else(|| panic!("{line}"));
        let found = decides(pack, rule, &facts(words.next().unwrap_or("")));
        let told = found
            .as_ref()
            .map_or("-".to_owned(), |(id, _, level)| format!("{}@{id}", level.name()));
        assert_eq!(told, result, "{line}");
        for (place, _) in pack.rules.iter().enumerate().filter(|(_, r)| r.rule == rule) {
            let key = (pack.id.clone(), place);
            match &found {
                Some((id, at, _)) if *id == pack.id && *at == place => fired.insert(key),
                _ => passed.insert(key),
            };
        }
    }
    for pack in set.packs() {
        for (place, entry) in pack.rules.iter().enumerate() {
            let (key, rule) = ((pack.id.clone(), place), entry.rule.id());
            assert!(
                fired.contains(&key),
                "{} {rule} (entry {place}): no case in which it decides",
                pack.id
            );
            assert!(
                entry.when.is_always() || passed.contains(&key),
                "{} {rule} (entry {place}): no case in which it does not decide",
                pack.id
            );
        }
    }
}

#[test]
fn every_source_has_a_date_of_its_own() {
    for (id, text) in PACKS {
        let table: toml::Table = text.parse().unwrap();
        for source in table["sources"].as_array().unwrap() {
            assert!(source.get("date").is_some(), "{id}: {source}");
        }
    }
    for pack in PackSet::load(None).unwrap().packs() {
        let used: BTreeSet<&str> = pack
            .rules
            .iter()
            .map(|r| r.source.id.as_str())
            .chain(pack.asks.iter().map(|a| a.source.id.as_str()))
            .chain(pack.exclusions.iter().map(|e| e.source.id.as_str()))
            .chain(pack.generators.iter().map(|g| g.source.id.as_str()))
            .chain(
                pack.contradictions
                    .iter()
                    .flat_map(|c| [c.one.1.id.as_str(), c.other.1.id.as_str()]),
            )
            .collect();
        for source in &pack.sources {
            assert!(
                used.contains(source.id.as_str()),
                "{}: nothing rests on {}",
                pack.id,
                source.id
            );
            assert!(
                source.date.len() >= 4 && source.date <= pack.verified_on.to_string(),
                "{source:?}"
            );
        }
        assert!(pack.id == "generic" || pack.base().is_some(), "{}", pack.id);
    }
}

#[test]
fn nothing_above_review_rests_on_a_weak_source() {
    for pack in PackSet::load(None).unwrap().packs() {
        for rule in &pack.rules {
            let weak = rule.source.confidence == Confidence::Weak;
            assert!(!weak || rule.level <= Level::Review, "{} {}", pack.id, rule.rule.id());
        }
        for entry in &pack.exclusions {
            let weak = entry.source.confidence == Confidence::Weak;
            assert!(!weak || entry.answer == Answer::Ask, "{}", pack.id);
        }
    }
    let head = "id = 'm'\ntitle = 'M'\nversion = '1'\nverified_on = 2026-03-01\n[[sources]]\nid = 'A'\npublication = 'H'\ntag = 'W'\n";
    let with =
        |more: &str| Pack::parse(&format!("{head}{more}"), "m.toml").map_err(|e| e.to_string());
    let rule = |level: &str| {
        with(&format!(
            "[[rules]]\nrule = 'META-001'\nlevel = '{level}'\ntext = 't'\nsource = 'A'\n"
        ))
    };
    assert!(rule("review").is_ok());
    for level in ["hold", "reject"] {
        let error = rule(level).unwrap_err();
        assert!(error.starts_with("m.toml:9:") && error.contains("weak source"), "{error}");
    }
    let exclusion = |answer: &str| {
        with(&format!(
            "[[exclusions]]\nprograms = ['meta']\ncases = ['loop']\nanswer = '{answer}'\ntext = 't'\nsource = 'A'\n"
        ))
    };
    assert!(exclusion("ask").is_ok());
    assert!(exclusion("ineligible").unwrap_err().contains("weak source"));
}

#[test]
fn mistakes_in_what_is_asked_are_named_with_their_line() {
    let head = "id = 'm'\ntitle = 'M'\nversion = '1'\nverified_on = 2026-03-01\n[[sources]]\nid = 'A'\npublication = 'H'\ntag = 'P'\n";
    for (more, named) in [
        (
            "[[generators]]\nfamily = 'riffusoin'\nstanding = 'refused'\ntext = 't'\nsource = 'A'\n",
            "did you mean `riffusion`?",
        ),
        (
            "[[generators]]\nfamily = 'riffusion'\nnames = ['Suno']\nstanding = 'refused'\ntext = 't'\nsource = 'A'\n",
            "no name of riffusion",
        ),
        (
            "[[generators]]\nfamily = 'suno'\nstanding = 'banned'\ntext = 't'\nsource = 'A'\n",
            "none of licensed, permitted, refused",
        ),
        ("[[asks]]\nkind = 'declare'\ntext = 't'\nsource = 'A'\n", "needs a field"),
        ("[[asks]]\nkind = 'proof'\ntext = 't'\nsource = 'B'\n", "not among"),
        (
            "[[exclusions]]\nprograms = []\ncases = ['loop']\nanswer = 'ask'\ntext = 't'\nsource = 'A'\n",
            "must not be empty",
        ),
        (
            "[[exclusions]]\nprograms = ['vimeo']\ncases = ['loop']\nanswer = 'ask'\ntext = 't'\nsource = 'A'\n",
            "none of content_id",
        ),
        (
            "[[contradictions]]\nabout = ' '\none = 'a'\none_source = 'A'\nother = 'b'\nother_source = 'A'\n",
            "about is empty",
        ),
    ] {
        let error = Pack::parse(&format!("{head}{more}"), "m.toml").unwrap_err().to_string();
        assert!(error.starts_with("m.toml:9:") && error.contains(named), "{error}");
    }
}
