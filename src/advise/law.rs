//! What was read on copyright in generated works, by jurisdiction: dated data, told with its source. Nothing is
//! concluded from it.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

const DATA: &str = include_str!("jurisdictions.toml");

/// Something that was read on a jurisdiction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// `us`, `uk`, `eu`.
    pub jurisdiction: String,
    /// `copyright`, `marking`.
    pub about: String,
    /// What it says, in our words.
    pub text: String,
    /// Where that was read.
    pub source: String,
    /// How good that is: `P`, `S`, `W`.
    pub grade: String,
    /// Its date.
    pub date: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    verified_on: toml::Value,
    statements: Vec<RawStatement>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStatement {
    jurisdiction: String,
    about: String,
    text: String,
    source: String,
    tag: String,
    date: toml::Value,
}

fn words(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn parse(text: &str) -> Result<(String, Vec<Statement>), toml::de::Error> {
    let raw: Raw = toml::from_str(text)?;
    let statement = |s: RawStatement| Statement {
        jurisdiction: s.jurisdiction,
        about: s.about,
        text: s.text,
        source: s.source,
        grade: s.tag,
        date: words(&s.date),
    };
    Ok((words(&raw.verified_on), raw.statements.into_iter().map(statement).collect()))
}

fn all() -> &'static (String, Vec<Statement>) {
    static ALL: OnceLock<(String, Vec<Statement>)> = OnceLock::new();
    // The file is part of the program; a test reads it.
    ALL.get_or_init(|| parse(DATA).unwrap_or_default())
}

/// What was read on `jurisdiction`; nothing where none was.
pub fn on(jurisdiction: &str) -> impl Iterator<Item = &'static Statement> {
    let wanted = jurisdiction.trim().to_lowercase();
    all().1.iter().filter(move |s| s.jurisdiction == wanted)
}

/// The jurisdictions that something was read on.
pub fn known() -> Vec<&'static str> {
    let mut known: Vec<&str> = all().1.iter().map(|s| s.jurisdiction.as_str()).collect();
    known.dedup();
    known
}

/// When somebody last looked.
pub fn verified_on() -> &'static str {
    &all().0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_has_a_source_and_a_date_and_concludes_nothing() {
        let (verified_on, statements) = parse(DATA).unwrap();
        assert_eq!(verified_on.len(), 10);
        assert!(statements.len() >= 4);
        for s in &statements {
            assert!(s.date.starts_with("20") && !s.source.is_empty(), "{s:?}");
            assert!(["P", "S", "W"].contains(&s.grade.as_str()), "{s:?}");
            let text = s.text.to_lowercase();
            for word in ["your track is", "you own", "infring", "illegal"] {
                assert!(!text.contains(word), "{text}");
            }
        }
        assert_eq!(known(), ["us", "uk", "eu"]);
        assert!(on(" US ").next().is_some() && on("fr").next().is_none());
    }
}
