//! Which tools belong together, as dated data: one family for one maker's line of generators, with all the
//! names it went by.
//!
//! A track may name the tool as it was called when the track was made ("Riffusion"), as it was called later
//! ("Producer.ai") or as it is called now ("Flow Music"). Policies speak of families; where a service speaks
//! of one name only, the name counts, too.

use std::sync::OnceLock;

use serde::Deserialize;

const DATA: &str = include_str!("families.toml");

/// A source of what is said about a family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FamilySource {
    /// Address or publication.
    pub publication: String,
    /// How good it is: `P` primary, `S` secondary, `W` weak.
    pub tag: String,
    /// Its date.
    pub date: String,
}

/// A name that a family goes or went by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FamilyName {
    /// As people spell it.
    pub name: String,
    /// As it is looked for, in lower case.
    pub spelled: Vec<String>,
    /// Also a word or a name of people.
    pub common: bool,
    /// From when it is in use (`YYYY` or `YYYY-MM`), as far as known.
    pub since: Option<String>,
    /// Where that was read.
    pub source: Option<FamilySource>,
}

/// A maker's line of generators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// Name in policies and records.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// What is to be known of it.
    pub note: String,
    /// Where that was read.
    pub source: Option<FamilySource>,
    /// Its names, the oldest first.
    pub names: Vec<FamilyName>,
}

impl Family {
    /// Its names in the order in which they were used: "Riffusion → Producer.ai → Flow Music".
    pub fn line(&self) -> String {
        let mut names: Vec<&str> = self.names.iter().map(|n| n.name.as_str()).collect();
        names.dedup();
        names.join(" → ")
    }
}

/// All families, and the day on which they were last looked at.
#[derive(Debug, Clone, Default)]
pub struct Families {
    /// The families, by their order in the file.
    pub all: Vec<Family>,
    /// `YYYY-MM-DD`.
    pub verified_on: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    verified_on: toml::Value,
    sources: Vec<RawSource>,
    families: Vec<RawFamily>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSource {
    id: String,
    publication: String,
    tag: String,
    date: toml::Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFamily {
    id: String,
    title: String,
    #[serde(default)]
    note: String,
    source: Option<String>,
    names: Vec<RawName>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawName {
    name: String,
    spelled: Vec<String>,
    #[serde(default)]
    common: bool,
    since: Option<String>,
    source: Option<String>,
}

fn date(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn parse(text: &str) -> Result<Families, String> {
    let raw: Raw = toml::from_str(text).map_err(|e| e.to_string())?;
    let source = |id: &Option<String>| -> Result<Option<FamilySource>, String> {
        let Some(id) = id else { return Ok(None) };
        let found = raw.sources.iter().find(|s| s.id == *id);
        let found = found.ok_or_else(|| format!("no source {id}"))?;
        Ok(Some(FamilySource {
            publication: found.publication.clone(),
            tag: found.tag.clone(),
            date: date(&found.date),
        }))
    };
    let mut all = Vec::new();
    for family in &raw.families {
        let mut names = Vec::new();
        for name in &family.names {
            names.push(FamilyName {
                name: name.name.clone(),
                spelled: name.spelled.clone(),
                common: name.common,
                since: name.since.clone(),
                source: source(&name.source)?,
            });
        }
        all.push(Family {
            id: family.id.clone(),
            title: family.title.clone(),
            note: family.note.clone(),
            source: source(&family.source)?,
            names,
        });
    }
    Ok(Families { all, verified_on: date(&raw.verified_on) })
}

/// The families known to this version.
pub fn families() -> &'static Families {
    static FAMILIES: OnceLock<Families> = OnceLock::new();
    // The file is part of the program; a test reads it.
    FAMILIES.get_or_init(|| parse(DATA).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_file_can_be_read_and_every_source_has_a_date() {
        let families = parse(DATA).unwrap();
        assert_eq!(families.verified_on.len(), 10);
        let ids: BTreeSet<_> = families.all.iter().map(|f| &f.id).collect();
        assert_eq!(ids.len(), families.all.len(), "one family a name");
        let mut spelled = BTreeSet::new();
        for family in &families.all {
            assert!(!family.names.is_empty(), "{}", family.id);
            assert!(family.note.is_empty() || family.source.is_some(), "{}", family.id);
            let sources = family.names.iter().filter_map(|n| n.source.as_ref());
            for source in sources.chain(&family.source) {
                assert!(source.date.len() >= 4 && source.date.starts_with("20"), "{source:?}");
                assert!(["P", "S", "W"].contains(&source.tag.as_str()), "{source:?}");
            }
            for name in &family.names {
                assert!(name.since.is_none() || name.source.is_some(), "{}", name.name);
                for spelling in &name.spelled {
                    assert_eq!(*spelling, spelling.to_lowercase());
                    assert!(spelled.insert(spelling.clone()), "{spelling} is there twice");
                }
            }
        }
    }

    #[test]
    fn mistakes_are_errors() {
        assert!(parse("verified_on = 2026-01-01\nsources = []\nfamilies = [{ id = 'a', title = 'A', source = 'X', names = [] }]").is_err());
        assert!(parse("verified_on = ").is_err());
    }
}
