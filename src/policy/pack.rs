//! A policy pack: one service's rules as dated data, read from TOML.
//!
//! Services change their rules several times a year, so a pack names for each rule where it was read, how
//! good that source is and when somebody last looked. A pack is refused as a whole when anything in it is
//! not understood: a policy applied by half is worse than none.

use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Date;
use serde::Deserialize;

use super::condition::Condition;
use super::error::PackError;
use super::observation::{Facts, Rule};
use super::words::visible;
use crate::level::Level;

/// Largest pack file read.
pub(super) const MAX_BYTES: u64 = 256 << 10;
/// Most rules, and most sources, of a pack.
const MAX_ENTRIES: usize = 1000;
/// Longest text, in characters.
const MAX_TEXT: usize = 2000;
/// Days after which a pack is stale unless it says otherwise.
const EXPIRES_AFTER_DAYS: i64 = 180;

/// How good a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confidence {
    /// The service's own text was read.
    Primary,
    /// Press or others who quote it.
    Secondary,
    /// Advertising, affiliates, hearsay.
    Weak,
    /// No service's rule but the practice that this tool proposes.
    Design,
}

impl Confidence {
    fn from_tag(tag: &str) -> Option<Confidence> {
        Some(match tag {
            "P" => Confidence::Primary,
            "S" => Confidence::Secondary,
            "W" => Confidence::Weak,
            "D" => Confidence::Design,
            _ => return None,
        })
    }

    /// The same for people.
    pub fn words(self) -> &'static str {
        match self {
            Confidence::Primary => "primary text",
            Confidence::Secondary => "secondary report",
            Confidence::Weak => "weak source, verify",
            Confidence::Design => "default of this tool",
        }
    }
}

/// Where a rule was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Short name within the pack.
    pub id: String,
    /// Address or publication.
    pub publication: String,
    /// How good it is.
    pub confidence: Confidence,
    /// Date of the publication as far as known (`YYYY`, `YYYY-MM` or `YYYY-MM-DD`); else when it was read.
    pub date: String,
}

impl Source {
    /// The source as findings name it.
    pub fn words(&self) -> String {
        format!("{} ({})", self.publication, self.confidence.words())
    }
}

/// What a pack makes of one rule under one condition.
#[derive(Debug, Clone, PartialEq)]
pub struct PackRule {
    /// The rule.
    pub rule: Rule,
    /// How grave.
    pub level: Level,
    /// When.
    pub when: Condition,
    /// What the service asks.
    pub text: String,
    /// Where that was read.
    pub source: Source,
}

/// A policy pack.
#[derive(Debug, Clone, PartialEq)]
pub struct Pack {
    /// Name on the command line and in records.
    pub id: String,
    /// Other names for it.
    pub aliases: Vec<String>,
    /// What people call the service.
    pub title: String,
    /// Version of the pack.
    pub version: String,
    /// When its sources were last looked at.
    pub verified_on: Date,
    /// Days after which they should be looked at again.
    pub expires_after_days: i64,
    /// What to know about the pack as a whole, such as what could not be found out.
    pub note: String,
    /// Where the rules were read.
    pub sources: Vec<Source>,
    /// Its own rules.
    pub rules: Vec<PackRule>,
    /// The pack that decides where this one says nothing.
    pub extends: Option<String>,
    /// File it was read from; "built in" for those of the binary.
    pub origin: String,
    /// [`Pack::extends`], resolved by the set.
    pub(super) base: Option<Arc<Pack>>,
}

impl Pack {
    /// Reads a pack; `origin` names it in errors.
    pub fn parse(text: &str, origin: &str) -> Result<Pack, PackError> {
        let raw: RawPack = toml::from_str(text).map_err(|e| PackError::Syntax {
            origin: origin.to_owned(),
            line: e.span().map_or(1, |s| line_of(text, s.start)),
            message: e.message().trim().to_owned(),
        })?;
        Reader { text, origin }.pack(raw)
    }

    /// Whether its sources were last looked at too long before `today`.
    pub fn is_stale(&self, today: Date) -> bool {
        self.age_days(today) > self.expires_after_days
    }

    /// Days from the last look to `today`; negative if it lies ahead.
    pub fn age_days(&self, today: Date) -> i64 {
        (today - self.verified_on).get_days().into()
    }

    /// The first day on which it is stale; none beyond the calendar.
    pub fn stale_from(&self) -> Option<Date> {
        self.verified_on.checked_add((self.expires_after_days + 1).days()).ok()
    }

    /// The gravest entry for `rule` whose condition holds, and the pack it stands in: this one, or, where
    /// none of its own does, the one it extends.
    pub fn assess(&self, rule: Rule, facts: &Facts) -> Option<(&Pack, &PackRule)> {
        let mut best: Option<&PackRule> = None;
        for entry in self.rules.iter().filter(|r| r.rule == rule && r.when.holds(facts)) {
            // The first of equals stays.
            if best.is_none_or(|b| entry.level > b.level) {
                best = Some(entry);
            }
        }
        match best {
            Some(entry) => Some((self, entry)),
            None => self.base.as_ref()?.assess(rule, facts),
        }
    }

    /// All entries that may apply to `rule`, its own first, each with the pack it stands in.
    pub fn entries(&self, rule: Rule) -> Vec<(&Pack, &PackRule)> {
        let own = self.rules.iter().filter(|r| r.rule == rule).map(|r| (self, r));
        own.chain(self.base.iter().flat_map(|base| base.entries(rule))).collect()
    }

    /// The pack it extends.
    pub fn base(&self) -> Option<&Pack> {
        self.base.as_deref()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPack {
    id: String,
    #[serde(default)]
    aliases: Vec<String>,
    title: String,
    version: String,
    verified_on: toml::Value,
    expires_after_days: Option<i64>,
    #[serde(default)]
    note: String,
    extends: Option<String>,
    #[serde(default)]
    sources: Vec<toml::Spanned<RawSource>>,
    #[serde(default)]
    rules: Vec<toml::Spanned<RawRule>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSource {
    id: String,
    url: Option<String>,
    publication: Option<String>,
    tag: String,
    date: Option<toml::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    rule: String,
    level: String,
    #[serde(default)]
    when: toml::Table,
    text: String,
    source: String,
}

/// The 1-based line of a byte position.
fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|b| *b == b'\n').count()
}

/// A date written as a TOML date or as text.
fn date_text(value: &toml::Value) -> String {
    match value {
        toml::Value::Datetime(date) => date.to_string(),
        toml::Value::String(text) => text.clone(),
        toml::Value::Integer(year) => year.to_string(),
        _ => String::new(),
    }
}

/// Whether `text` is a year, a month or a day.
fn is_date(text: &str) -> bool {
    let full = match text.len() {
        4 => format!("{text}-01-01"),
        7 => format!("{text}-01"),
        _ => text.to_owned(),
    };
    full.len() == 10 && full.parse::<Date>().is_ok()
}

struct Reader<'a> {
    text: &'a str,
    origin: &'a str,
}

impl Reader<'_> {
    fn error(&self, line: usize, message: impl Into<String>) -> PackError {
        PackError::Invalid { origin: self.origin.to_owned(), line, message: message.into() }
    }

    fn pack(&self, raw: RawPack) -> Result<Pack, PackError> {
        self.check_head(&raw)?;
        let verified = date_text(&raw.verified_on);
        let verified_on = verified.parse::<Date>().map_err(|_| {
            let message = format!("verified_on: `{}` is no date (YYYY-MM-DD)", visible(&verified));
            self.error(1, message)
        })?;
        let sources = self.sources(raw.sources, verified_on)?;
        let mut rules = Vec::new();
        for rule in raw.rules {
            let line = line_of(self.text, rule.span().start);
            rules.push(self.rule(line, rule.into_inner(), &sources)?);
        }
        Ok(Pack {
            id: raw.id,
            aliases: raw.aliases,
            title: raw.title,
            version: raw.version,
            verified_on,
            expires_after_days: raw.expires_after_days.unwrap_or(EXPIRES_AFTER_DAYS),
            note: raw.note,
            sources,
            rules,
            extends: raw.extends,
            origin: self.origin.to_owned(),
            base: None,
        })
    }

    fn check_head(&self, raw: &RawPack) -> Result<(), PackError> {
        for id in std::iter::once(&raw.id).chain(&raw.aliases).chain(&raw.extends) {
            if !is_id(id) {
                let id = visible(id);
                let needs = "lower-case letters, digits and hyphens";
                return Err(self.error(1, format!("`{id}` is no name of a pack: {needs}")));
            }
        }
        if !(1..=3650).contains(&raw.expires_after_days.unwrap_or(EXPIRES_AFTER_DAYS)) {
            return Err(self.error(1, "expires_after_days must be from 1 to 3650"));
        }
        if raw.rules.len() > MAX_ENTRIES || raw.sources.len() > MAX_ENTRIES {
            return Err(self.error(1, format!("more than {MAX_ENTRIES} rules or sources")));
        }
        self.check_text(1, "title", &raw.title, false)?;
        self.check_text(1, "version", &raw.version, false)?;
        self.check_text(1, "note", &raw.note, true)
    }

    fn sources(
        &self,
        raw: Vec<toml::Spanned<RawSource>>,
        read_on: Date,
    ) -> Result<Vec<Source>, PackError> {
        let mut sources: Vec<Source> = Vec::new();
        for source in raw {
            let line = line_of(self.text, source.span().start);
            let source = self.source(line, source.into_inner(), read_on)?;
            if sources.iter().any(|s| s.id == source.id) {
                return Err(self.error(line, format!("source {} is there twice", source.id)));
            }
            sources.push(source);
        }
        Ok(sources)
    }

    fn check_text(
        &self,
        line: usize,
        what: &str,
        text: &str,
        may_be_empty: bool,
    ) -> Result<(), PackError> {
        if text.trim().is_empty() && !may_be_empty {
            return Err(self.error(line, format!("{what} is empty")));
        }
        if text.chars().count() > MAX_TEXT {
            return Err(self.error(line, format!("{what} is longer than {MAX_TEXT} characters")));
        }
        if text.chars().any(char::is_control) {
            return Err(self.error(line, format!("{what} has control characters")));
        }
        Ok(())
    }

    fn source(&self, line: usize, raw: RawSource, read_on: Date) -> Result<Source, PackError> {
        let publication = raw.url.or(raw.publication).ok_or_else(|| {
            self.error(line, format!("source {}: no url or publication", visible(&raw.id)))
        })?;
        self.check_text(line, "source id", &raw.id, false)?;
        self.check_text(line, "publication", &publication, false)?;
        let confidence = Confidence::from_tag(&raw.tag).ok_or_else(|| {
            self.error(line, format!("tag `{}` is none of P, S, W, D", visible(&raw.tag)))
        })?;
        let date = raw.date.map_or_else(|| read_on.to_string(), |d| date_text(&d));
        if !is_date(&date) {
            return Err(self.error(line, format!("date `{}` is no date", visible(&date))));
        }
        Ok(Source { id: raw.id, publication, confidence, date })
    }

    fn rule(&self, line: usize, raw: RawRule, sources: &[Source]) -> Result<PackRule, PackError> {
        let rule = Rule::from_id(&raw.rule).ok_or_else(|| {
            let near = super::nearest_rule(&raw.rule);
            let hint = near.map(|n| format!("; did you mean {}?", n.id())).unwrap_or_default();
            self.error(line, format!("unknown rule `{}`{hint}", visible(&raw.rule)))
        })?;
        let wrong = |message: String| self.error(line, format!("rule {}: {message}", rule.id()));
        let level = Level::from_name(&raw.level).ok_or_else(|| {
            let known = Level::ALL.map(Level::name).join(", ");
            wrong(format!("level `{}` is none of {known}", visible(&raw.level)))
        })?;
        let source = sources.iter().find(|s| s.id == raw.source).ok_or_else(|| {
            wrong(format!("source `{}` is not among the pack's sources", visible(&raw.source)))
        })?;
        self.check_text(line, "text", &raw.text, false)?;
        let when = Condition::parse(&raw.when).map_err(wrong)?;
        Ok(PackRule { rule, level, when, text: raw.text, source: source.clone() })
    }
}

/// Whether `id` can name a pack.
fn is_id(id: &str) -> bool {
    let of_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !id.is_empty() && id.len() <= 64 && id.chars().all(of_id)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEAD: &str = "id = 'mine'\ntitle = 'Mine'\nversion = '1'\nverified_on = 2026-03-01\n\
        [[sources]]\nid = 'A'\npublication = 'House rules'\ntag = 'P'\n";

    fn with_rule(rule: &str) -> Result<Pack, PackError> {
        Pack::parse(&format!("{HEAD}{rule}"), "mine.toml")
    }

    #[test]
    fn a_rule_has_condition_level_text_source_and_date() {
        let pack = with_rule(
            "[[rules]]\nrule = 'DISC-003'\nlevel = 'reject'\nwhen = { ai_level = 'all' }\ntext = 'No.'\nsource = 'A'\n",
        )
        .unwrap();
        let rule = &pack.rules[0];
        assert_eq!((rule.rule, rule.level), (Rule::Disc003, Level::Reject));
        assert_eq!(rule.source.words(), "House rules (primary text)");
        assert_eq!(rule.source.date, "2026-03-01", "the day it was read where none is given");
    }

    #[test]
    fn mistakes_are_named_with_file_and_line() {
        let rule = |key: &str, value: &str| {
            let mut fields = vec![
                ("rule", "'META-001'"),
                ("level", "'hold'"),
                ("text", "'Give one.'"),
                ("source", "'A'"),
            ];
            fields.retain(|(k, _)| *k != key);
            fields.push((key, value));
            let lines: String = fields.iter().map(|(k, v)| format!("{k} = {v}\n")).collect();
            with_rule(&format!("[[rules]]\n{lines}")).unwrap_err().to_string()
        };
        for (key, value, named) in [
            ("rule", "'META-01'", "did you mean META-001?"),
            ("level", "'ban'", "none of clear, review, hold, reject"),
            ("source", "'B'", "not among"),
            ("when", "{ colour = 'red' }", "unknown fact `colour`"),
            ("text", "' '", "text is empty"),
            ("whem", "{}", "unknown field"),
        ] {
            let error = rule(key, value);
            assert!(error.contains(named), "{error}");
            let line: usize = error.split(':').nth(1).unwrap().parse().unwrap();
            assert!(error.starts_with("mine.toml:") && line >= 9, "{error}");
        }
        let error = Pack::parse("id = \n", "x.toml").unwrap_err().to_string();
        assert!(error.starts_with("x.toml:1:"), "{error}");
    }

    #[test]
    fn a_pack_is_stale_after_its_days_and_not_before() {
        let pack = with_rule("").unwrap();
        let day = |text: &str| text.parse::<Date>().unwrap();
        assert!(!pack.is_stale(day("2026-08-28")), "180 days");
        assert!(pack.is_stale(day("2026-08-29")), "181 days");
        assert_eq!(pack.stale_from(), Some(day("2026-08-29")));
        assert!(!pack.is_stale(day("2025-01-01")));
    }

    proptest! {
        #[test]
        fn arbitrary_text_is_read_or_refused(text in "\\PC*") {
            let _ = Pack::parse(&text, "x.toml");
        }

        #[test]
        fn arbitrary_values_are_read_or_refused(
            key in "[a-z_]{1,12}",
            value in "(\"[^\"\\\\\n]{0,20}\"|-?[0-9]{1,20}|true|\\[\\]|\\{ ?\\}|[0-9]{4}-[0-9]{2}-[0-9]{2}|nan)",
        ) {
            for text in [
                format!("{key} = {value}\n{HEAD}"),
                format!("{HEAD}{key} = {value}\n"),
                format!("{HEAD}[[rules]]\nrule='AUDIO-001'\nlevel='hold'\ntext='t'\nsource='A'\nwhen = {{ {key} = {value} }}\n"),
                format!("{HEAD}[[rules]]\nrule='AUDIO-001'\nlevel='hold'\ntext='t'\nsource='A'\n{key} = {value}\n"),
            ] {
                if let Err(e) = Pack::parse(&text, "x.toml") {
                    prop_assert!(e.to_string().starts_with("x.toml:"));
                }
            }
        }
    }
}
