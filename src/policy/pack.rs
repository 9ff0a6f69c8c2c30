//! A policy pack: one service's rules as dated data, read from TOML.
//!
//! Services change their rules several times a year, so a pack names for each rule where it was read, how
//! good that source is and when somebody last looked. A pack is refused as a whole when anything in it is
//! not understood: a policy applied by half is worse than none.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Date;

use super::asked::{Ask, Contradiction, GeneratorStanding, Role};
use super::condition::Condition;
use super::exclusion::Exclusion;
use super::observation::{Fact, Facts, Rule};
use super::source::Source;
use crate::level::Level;

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
    /// What kind of party the rules are of.
    pub role: Role,
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
    /// Which generators it takes or refuses, by name.
    pub generators: Vec<GeneratorStanding>,
    /// What is to be declared and where, and what proof is asked for.
    pub asks: Vec<Ask>,
    /// What may not be claimed on platforms of users' uploads, by kind of match.
    pub exclusions: Vec<Exclusion>,
    /// Where sources say different things.
    pub contradictions: Vec<Contradiction>,
    /// What was looked for and not found.
    pub unknown: Vec<String>,
    /// The pack that decides where this one says nothing.
    pub extends: Option<String>,
    /// File it was read from; "built in" for those of the binary.
    pub origin: String,
    /// [`Pack::extends`], resolved by the set.
    pub(super) base: Option<Arc<Pack>>,
}

impl Pack {
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
        let facts = &self.with_standing(facts);
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

    /// The facts, and how this service stands to the generator that they name: the only fact that differs from
    /// service to service.
    fn with_standing<'f>(&self, facts: &'f Facts) -> Cow<'f, Facts> {
        let Some(Fact::Word(family)) = facts.get("generator") else { return Cow::Borrowed(facts) };
        let name = match facts.get("generator_name") {
            Some(Fact::Word(name)) => name.as_str(),
            _ => "",
        };
        let mut facts = facts.clone();
        let standing = self.standing(family, name).map_or("unknown", |s| s.standing.name());
        facts.insert("generator_standing".to_owned(), Fact::Word(standing.to_owned()));
        Cow::Owned(facts)
    }

    /// How it stands to the generator of `family` that is called `name`; none where nothing was read. What the
    /// pack it extends says of another service does not count.
    pub fn standing(&self, family: &str, name: &str) -> Option<&GeneratorStanding> {
        let of = self.generators.iter().filter(|g| g.family == family);
        of.filter(|g| g.is_about(name)).max_by_key(|g| g.names.len().min(1))
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::policy::PackError;

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
