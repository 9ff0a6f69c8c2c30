//! Reads a pack from TOML. A pack is refused as a whole when anything in it is not understood, and when a weak
//! source carries more than a look: hearsay holds nobody's release.

use jiff::civil::Date;
use serde::Deserialize;

use super::asked::{Ask, AskKind, Contradiction, GeneratorStanding, Role, Standing};
use super::condition::Condition;
use super::error::PackError;
use super::exclusion::{Answer, Case, Exclusion, Program};
use super::observation::Rule;
use super::pack::{Pack, PackRule};
use super::source::{Confidence, Source};
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
    role: Option<String>,
    #[serde(default)]
    generators: Vec<toml::Spanned<RawStanding>>,
    #[serde(default)]
    asks: Vec<toml::Spanned<RawAsk>>,
    #[serde(default)]
    exclusions: Vec<toml::Spanned<RawExclusion>>,
    #[serde(default)]
    contradictions: Vec<toml::Spanned<RawContradiction>>,
    #[serde(default)]
    unknown: Vec<String>,
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStanding {
    family: String,
    #[serde(default)]
    names: Vec<String>,
    standing: String,
    text: String,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAsk {
    kind: String,
    field: Option<String>,
    #[serde(default)]
    when: toml::Table,
    text: String,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawExclusion {
    programs: Vec<String>,
    cases: Vec<String>,
    answer: String,
    text: String,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawContradiction {
    about: String,
    one: String,
    one_source: String,
    other: String,
    other_source: String,
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
        let generators = self.each(raw.generators, |line, g| self.standing(line, g, &sources))?;
        let asks = self.each(raw.asks, |line, a| self.ask(line, a, &sources))?;
        let exclusions = self.each(raw.exclusions, |line, e| self.exclusion(line, e, &sources))?;
        let contradictions =
            self.each(raw.contradictions, |line, c| self.contradiction(line, c, &sources))?;
        for text in &raw.unknown {
            self.check_text(1, "unknown", text, false)?;
        }
        let role = match raw.role {
            Some(name) => one_of(&name, Role::from_name, Role::NAMES)
                .map_err(|e| self.error(1, format!("role: {e}")))?,
            None => Role::Practice,
        };
        Ok(Pack {
            role,
            generators,
            asks,
            exclusions,
            contradictions,
            unknown: raw.unknown,
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
        let others = raw.generators.len().max(raw.asks.len()).max(raw.exclusions.len());
        let others = others.max(raw.contradictions.len()).max(raw.unknown.len());
        if raw.rules.len().max(raw.sources.len()).max(others) > MAX_ENTRIES {
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
        let source = self.named_source(&raw.source, sources).map_err(wrong)?;
        if source.confidence == Confidence::Weak && level > Level::Review {
            return Err(wrong(format!(
                "level {} on a weak source ({}); hearsay carries no more than review",
                level.name(),
                source.id
            )));
        }
        self.check_text(line, "text", &raw.text, false)?;
        let when = Condition::parse(&raw.when).map_err(wrong)?;
        Ok(PackRule { rule, level, when, text: raw.text, source })
    }

    /// Reads each of a list of tables.
    fn each<R, T>(
        &self,
        raw: Vec<toml::Spanned<R>>,
        read: impl Fn(usize, R) -> Result<T, PackError>,
    ) -> Result<Vec<T>, PackError> {
        let line = |at: &toml::Spanned<R>| line_of(self.text, at.span().start);
        raw.into_iter().map(|entry| read(line(&entry), entry.into_inner())).collect()
    }

    fn named_source(&self, id: &str, sources: &[Source]) -> Result<Source, String> {
        let found = sources.iter().find(|s| s.id == id).cloned();
        found.ok_or_else(|| format!("source `{}` is not among the pack's sources", visible(id)))
    }

    fn standing(
        &self,
        line: usize,
        raw: RawStanding,
        sources: &[Source],
    ) -> Result<GeneratorStanding, PackError> {
        let wrong = |message: String| self.error(line, format!("generators: {message}"));
        let known = &crate::declare::generators::families().all;
        let Some(family) = known.iter().find(|f| f.id == raw.family) else {
            let near = super::words::nearest(&raw.family, known.iter().map(|f| f.id.as_str()));
            let hint = near.map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
            return Err(wrong(format!("unknown family `{}`{hint}", visible(&raw.family))));
        };
        for name in &raw.names {
            if !family.names.iter().any(|n| n.name == *name) {
                let family = &family.id;
                return Err(wrong(format!("`{}` is no name of {family}", visible(name))));
            }
        }
        self.check_text(line, "text", &raw.text, false)?;
        Ok(GeneratorStanding {
            family: raw.family,
            names: raw.names,
            standing: one_of(&raw.standing, Standing::from_name, Standing::NAMES).map_err(wrong)?,
            text: raw.text,
            source: self.named_source(&raw.source, sources).map_err(wrong)?,
        })
    }

    fn ask(&self, line: usize, raw: RawAsk, sources: &[Source]) -> Result<Ask, PackError> {
        let wrong = |message: String| self.error(line, format!("asks: {message}"));
        self.check_text(line, "text", &raw.text, false)?;
        if let Some(field) = &raw.field {
            self.check_text(line, "field", field, false)?;
        }
        let kind = one_of(&raw.kind, AskKind::from_name, AskKind::NAMES).map_err(wrong)?;
        if kind == AskKind::Declare && raw.field.is_none() {
            return Err(wrong("what is to be declared needs a field".to_owned()));
        }
        Ok(Ask {
            kind,
            field: raw.field,
            when: Condition::parse(&raw.when).map_err(wrong)?,
            text: raw.text,
            source: self.named_source(&raw.source, sources).map_err(wrong)?,
        })
    }

    fn exclusion(
        &self,
        line: usize,
        raw: RawExclusion,
        sources: &[Source],
    ) -> Result<Exclusion, PackError> {
        let wrong = |message: String| self.error(line, format!("exclusions: {message}"));
        self.check_text(line, "text", &raw.text, false)?;
        if raw.programs.is_empty() || raw.cases.is_empty() {
            return Err(wrong("programs and cases must not be empty".to_owned()));
        }
        let programs = raw.programs.iter();
        let programs = programs.map(|p| one_of(p, Program::from_name, Program::NAMES));
        let cases = raw.cases.iter().map(|c| one_of(c, Case::from_name, Case::NAMES));
        let answer = one_of(&raw.answer, Answer::from_name, Answer::NAMES).map_err(wrong)?;
        let source = self.named_source(&raw.source, sources).map_err(wrong)?;
        if source.confidence == Confidence::Weak && answer == Answer::Ineligible {
            return Err(wrong(format!(
                "`ineligible` on a weak source ({}); hearsay carries no more than `ask`",
                source.id
            )));
        }
        Ok(Exclusion {
            programs: programs.collect::<Result<_, _>>().map_err(wrong)?,
            cases: cases.collect::<Result<_, _>>().map_err(wrong)?,
            answer,
            text: raw.text,
            source,
        })
    }

    fn contradiction(
        &self,
        line: usize,
        raw: RawContradiction,
        sources: &[Source],
    ) -> Result<Contradiction, PackError> {
        let wrong = |message: String| self.error(line, format!("contradictions: {message}"));
        for (what, text) in [("about", &raw.about), ("one", &raw.one), ("other", &raw.other)] {
            self.check_text(line, what, text, false)?;
        }
        Ok(Contradiction {
            about: raw.about,
            one: (raw.one, self.named_source(&raw.one_source, sources).map_err(wrong)?),
            other: (raw.other, self.named_source(&raw.other_source, sources).map_err(wrong)?),
        })
    }
}

/// The value called `name`, or which there are.
fn one_of<T>(name: &str, of: fn(&str) -> Option<T>, known: &[&str]) -> Result<T, String> {
    of(name).ok_or_else(|| format!("`{}` is none of {}", visible(name), known.join(", ")))
}

/// Whether `id` can name a pack.
fn is_id(id: &str) -> bool {
    let of_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !id.is_empty() && id.len() <= 64 && id.chars().all(of_id)
}
