//! Conditions of pack rules on facts.
//!
//! In a pack: `when = { asset_match_pct = ">= 95", ai_level = ["partly", "all"], same_party = false }`.
//! All of them must hold. A number is compared (`>=`, `>`, `<=`, `<`, `=`; a list of comparisons: all of
//! them), a word must be one of those given, a flag as given. A fact that an observation does not state
//! makes the condition fail: what is not known is never held against an upload.

use super::facts::{FactKind, FactSpec, spec};
use super::observation::{Fact, Facts};

/// How a number is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    AtLeast,
    Above,
    AtMost,
    Below,
    Equal,
}

/// Signs as written; longer ones first, since they begin alike.
const SIGNS: &[(&str, Sign)] = &[
    (">=", Sign::AtLeast),
    ("<=", Sign::AtMost),
    ("==", Sign::Equal),
    (">", Sign::Above),
    ("<", Sign::Below),
    ("=", Sign::Equal),
];

impl Sign {
    fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Sign::AtLeast => value >= bound,
            Sign::Above => value > bound,
            Sign::AtMost => value <= bound,
            Sign::Below => value < bound,
            Sign::Equal => value == bound,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Sign::AtLeast => "at least",
            Sign::Above => "more than",
            Sign::AtMost => "at most",
            Sign::Below => "less than",
            Sign::Equal => "exactly",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Test {
    Flag(bool),
    Numbers(Vec<(Sign, f64)>),
    Words(Vec<String>),
}

/// Everything that must hold for a rule of a pack to apply; empty: always.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Condition(Vec<(&'static str, Test)>);

impl Condition {
    /// Reads a `when` table; the error says what is wrong with it.
    pub(super) fn parse(table: &toml::Table) -> Result<Condition, String> {
        let mut tests = Vec::new();
        for (name, value) in table {
            let spec = spec(name).ok_or_else(|| unknown(name))?;
            let test = test(spec, value).map_err(|e| format!("`{name}`: {e}"))?;
            tests.push((spec.name, test));
        }
        tests.sort_by_key(|(name, _)| *name);
        Ok(Condition(tests))
    }

    /// Whether it holds for `facts`.
    pub fn holds(&self, facts: &Facts) -> bool {
        self.0.iter().all(|(name, test)| match (test, facts.get(*name)) {
            (Test::Flag(wanted), Some(Fact::Flag(is))) => wanted == is,
            (Test::Numbers(all), Some(Fact::Number(n))) => {
                all.iter().all(|(sign, bound)| sign.holds(*n, *bound))
            }
            (Test::Words(any), Some(Fact::Word(word))) => {
                any.iter().any(|w| w.eq_ignore_ascii_case(word))
            }
            _ => false,
        })
    }

    /// Whether it holds for anything.
    pub fn is_always(&self) -> bool {
        self.0.is_empty()
    }

    /// The condition for people; "always" where there is none.
    pub fn words(&self) -> String {
        if self.0.is_empty() {
            return "always".to_owned();
        }
        self.0.iter().map(|(name, test)| words(name, test)).collect::<Vec<_>>().join("; ")
    }
}

fn unknown(name: &str) -> String {
    let near = super::words::nearest(name, super::facts::FACTS.iter().map(|f| f.name));
    let hint = near.map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
    format!("unknown fact `{}`{hint}", super::words::visible(name))
}

fn test(spec: &FactSpec, value: &toml::Value) -> Result<Test, String> {
    match spec.kind {
        FactKind::Flag => {
            value.as_bool().map(Test::Flag).ok_or_else(|| "needs true or false".into())
        }
        FactKind::Number => match value {
            toml::Value::Array(list) if list.is_empty() => Err("an empty list".into()),
            toml::Value::Array(list) => list.iter().map(comparison).collect::<Result<_, _>>(),
            other => comparison(other).map(|c| vec![c]),
        }
        .map(Test::Numbers),
        FactKind::Word(known) => {
            let list = match value {
                toml::Value::Array(list) => list.as_slice(),
                other => std::slice::from_ref(other),
            };
            if list.is_empty() {
                return Err("an empty list".into());
            }
            list.iter().map(|w| one_of(w, known)).collect::<Result<_, _>>().map(Test::Words)
        }
    }
}

fn comparison(value: &toml::Value) -> Result<(Sign, f64), String> {
    const NEEDED: &str = "needs a number or a comparison such as \">= 95\"";
    let (sign, number) = match value {
        toml::Value::Integer(n) => return Ok((Sign::Equal, *n as f64)),
        toml::Value::Float(n) => (Sign::Equal, Some(*n)),
        toml::Value::String(text) => {
            let text = text.trim();
            let (mark, sign) =
                SIGNS.iter().find(|(mark, _)| text.starts_with(mark)).ok_or(NEEDED)?;
            (*sign, text[mark.len()..].trim().parse().ok())
        }
        _ => (Sign::Equal, None),
    };
    let number = number.filter(|n| n.is_finite()).ok_or(NEEDED)?;
    Ok((sign, number))
}

fn one_of(value: &toml::Value, known: &[&str]) -> Result<String, String> {
    let word = value.as_str().ok_or("needs a word or a list of words")?;
    if known.is_empty() || known.contains(&word) {
        return Ok(word.to_owned());
    }
    Err(format!("`{}` is none of {}", super::words::visible(word), known.join(", ")))
}

fn words(name: &str, test: &Test) -> String {
    let (what, unit) = spec(name).map_or((name, ""), |s| (s.words, s.unit()));
    match test {
        Test::Flag(true) => what.to_owned(),
        Test::Flag(false) => format!("it is not so that {what}"),
        Test::Numbers(all) => {
            let all: Vec<_> = all.iter().map(|(s, n)| format!("{} {n}{unit}", s.words())).collect();
            format!("{what} {}", all.join(" and "))
        }
        Test::Words(any) => format!("{what}: {}", any.join(" or ").replace('_', " ")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::facts::FactsBuilder;
    use super::*;

    fn parse(text: &str) -> Result<Condition, String> {
        Condition::parse(&text.parse::<toml::Table>().unwrap())
    }

    #[test]
    fn all_tests_must_hold_and_what_is_not_known_does_not() {
        let c = parse(
            "asset_match_pct = '>= 95'\nai_level = ['partly', 'all']\nsame_party = false\nduration_s = ['>= 30', '< 45']",
        )
        .unwrap();
        let facts = |pct: f64, level: &str, length: f64| {
            FactsBuilder::default()
                .number("asset_match_pct", pct)
                .word("ai_level", level)
                .flag("same_party", false)
                .number("duration_s", length)
                .done()
        };
        assert!(c.holds(&facts(95.0, "all", 30.0)));
        assert!(!c.holds(&facts(94.9, "all", 30.0)));
        assert!(!c.holds(&facts(95.0, "none", 30.0)));
        assert!(!c.holds(&facts(95.0, "all", 45.0)));
        assert!(!c.holds(&FactsBuilder::default().number("asset_match_pct", 99.0).done()));
    }

    #[test]
    fn mistakes_are_named() {
        for (text, named) in [
            ("asset_match = '>= 95'", "did you mean `asset_match_pct`?"),
            ("asset_match_pct = 'lots'", "comparison"),
            ("asset_match_pct = '>= nan'", "comparison"),
            ("asset_match_pct = []", "empty"),
            ("ai_level = 'some'", "none of undeclared"),
            ("same_party = 'no'", "true or false"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(named), "{text}: {error}");
        }
    }

    #[test]
    fn conditions_read_as_words() {
        let c = parse("query_match_pct = '>= 95'\nsame_party = false").unwrap();
        assert_eq!(
            c.words(),
            "share of the upload that matches at least 95 %; it is not so that upload and reference belong to the same party"
        );
        assert_eq!(Condition::default().words(), "always");
    }
}
