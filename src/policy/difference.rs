//! Two packs, or two versions of one, side by side: what was added, taken away and changed.

use serde::Serialize;

use super::pack::{Pack, PackRule};
use crate::level::Level;

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// `added`, `removed` or `changed`.
    pub change: &'static str,
    /// What it is about: `head`, `rule`, `generator`, `ask`, `exclusion`, `unknown`, `contradiction`.
    pub about: &'static str,
    /// Which of them.
    pub name: String,
    /// As it was.
    pub before: Option<String>,
    /// As it is.
    pub after: Option<String>,
    /// Level before and after, of rules.
    pub levels: Option<(Option<Level>, Option<Level>)>,
}

/// What differs from `old` to `new`, in the order of the packs.
pub fn difference(old: &Pack, new: &Pack) -> Vec<Difference> {
    let mut all = head(old, new);
    all.extend(rules(old, new));
    let generators = |pack: &Pack| {
        let each = pack.generators.iter();
        each.map(|g| {
            (
                key(&[&g.family, &g.names.join(", ")]),
                said(&[g.standing.name(), &g.text, &g.source.words(), &g.source.date]),
            )
        })
        .collect()
    };
    all.extend(listed("generator", generators(old), generators(new)));
    let asks = |pack: &Pack| {
        let each = pack.asks.iter();
        each.map(|a| {
            (
                key(&[a.kind.name(), a.field.as_deref().unwrap_or(""), &a.when.words()]),
                said(&[&a.text, &a.source.words(), &a.source.date]),
            )
        })
        .collect()
    };
    all.extend(listed("ask", asks(old), asks(new)));
    let exclusions = |pack: &Pack| {
        let each = pack.exclusions.iter();
        let names = |e: &super::exclusion::Exclusion| {
            let programs: Vec<_> = e.programs.iter().map(|p| p.name()).collect();
            let cases: Vec<_> = e.cases.iter().map(|c| c.name()).collect();
            key(&[&programs.join(", "), &cases.join(", ")])
        };
        each.map(|e| {
            (names(e), said(&[e.answer.name(), &e.text, &e.source.words(), &e.source.date]))
        })
        .collect()
    };
    all.extend(listed("exclusion", exclusions(old), exclusions(new)));
    let contradictions = |pack: &Pack| {
        let each = pack.contradictions.iter();
        each.map(|c| (c.about.clone(), said(&[&c.one.0, &c.other.0]))).collect()
    };
    all.extend(listed("contradiction", contradictions(old), contradictions(new)));
    let unknown = |pack: &Pack| pack.unknown.iter().map(|u| (u.clone(), String::new())).collect();
    all.extend(listed("unknown", unknown(old), unknown(new)));
    all
}

fn key(parts: &[&str]) -> String {
    parts.iter().filter(|p| !p.is_empty()).copied().collect::<Vec<_>>().join(", ")
}

fn said(parts: &[&str]) -> String {
    parts.join(" | ")
}

fn head(old: &Pack, new: &Pack) -> Vec<Difference> {
    let of = |pack: &Pack| {
        vec![
            ("id".to_owned(), pack.id.clone()),
            ("title".to_owned(), pack.title.clone()),
            ("version".to_owned(), pack.version.clone()),
            ("verified_on".to_owned(), pack.verified_on.to_string()),
            ("extends".to_owned(), pack.extends.clone().unwrap_or_default()),
            ("role".to_owned(), pack.role.name().to_owned()),
            ("note".to_owned(), pack.note.clone()),
        ]
    };
    listed("head", of(old), of(new))
}

fn rules(old: &Pack, new: &Pack) -> Vec<Difference> {
    let named = |entry: &PackRule| format!("{} {}", entry.rule.id(), entry.when.words());
    let of = |pack: &Pack| {
        let each = pack.rules.iter();
        each.map(|r| {
            (named(r), said(&[r.level.name(), &r.text, &r.source.words(), &r.source.date]))
        })
        .collect()
    };
    let level =
        |pack: &Pack, name: &str| pack.rules.iter().find(|r| named(r) == name).map(|r| r.level);
    let mut all = listed("rule", of(old), of(new));
    for one in &mut all {
        one.levels = Some((level(old, &one.name), level(new, &one.name)));
    }
    all
}

/// What differs between two lists of named things; a name that is there several times is compared in order.
fn listed(
    about: &'static str,
    old: Vec<(String, String)>,
    new: Vec<(String, String)>,
) -> Vec<Difference> {
    let one = |change, name: &str, before: Option<&String>, after: Option<&String>| Difference {
        change,
        about,
        name: name.to_owned(),
        before: before.cloned(),
        after: after.cloned(),
        levels: None,
    };
    let mut left: Vec<Option<(String, String)>> = new.into_iter().map(Some).collect();
    let mut all = Vec::new();
    for (name, before) in &old {
        let same = |slot: &Option<(String, String)>, exactly: bool| {
            slot.as_ref().is_some_and(|(n, after)| n == name && (!exactly || after == before))
        };
        let at = left
            .iter()
            .position(|s| same(s, true))
            .or_else(|| left.iter().position(|s| same(s, false)));
        match at.and_then(|at| left[at].take()) {
            Some((_, after)) if after == *before => {}
            Some((_, after)) => all.push(one("changed", name, Some(before), Some(&after))),
            None => all.push(one("removed", name, Some(before), None)),
        }
    }
    all.extend(left.iter().flatten().map(|(name, after)| one("added", name, None, Some(after))));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack(rules: &str) -> Pack {
        let head = "id = 'm'\ntitle = 'M'\nversion = '1'\nverified_on = 2026-03-01\n[[sources]]\nid = 'A'\npublication = 'H'\ntag = 'P'\ndate = 2026-01-01\n";
        Pack::parse(&format!("{head}{rules}"), "m.toml").unwrap()
    }

    fn rule(id: &str, level: &str) -> String {
        format!("[[rules]]\nrule = '{id}'\nlevel = '{level}'\ntext = 't'\nsource = 'A'\n")
    }

    #[test]
    fn added_removed_and_changed_entries_are_told_and_equal_ones_are_not() {
        let old = pack(&(rule("META-001", "hold") + &rule("META-002", "hold")));
        let new = pack(&(rule("META-001", "review") + &rule("META-005", "hold")));
        let all = difference(&old, &new);
        let told: Vec<_> = all.iter().map(|d| (d.change, d.name.as_str())).collect();
        assert_eq!(
            told,
            [
                ("changed", "META-001 always"),
                ("removed", "META-002 always"),
                ("added", "META-005 always")
            ]
        );
        assert_eq!(all[0].levels, Some((Some(Level::Hold), Some(Level::Review))));
        assert!(difference(&old, &old).is_empty());
    }
}
