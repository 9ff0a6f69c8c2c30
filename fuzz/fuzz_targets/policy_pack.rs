//! Policy packs: read or refused with a line; what is read can be asked about any observation.

#![no_main]

use libfuzzer_sys::fuzz_target;
use soundalike::policy::{Fact, Facts, Pack, Rule};

/// What nearly every input would fail at before it reached a rule.
const HEAD: &str = "id = 'x'\ntitle = 'x'\nversion = '1'\nverified_on = 2026-01-01\n\
    sources = [{ id = 'A', publication = 'a', tag = 'P' }]\n";

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for text in [text.to_owned(), format!("{HEAD}{text}")] {
        let pack = match Pack::parse(&text, "fuzz.toml") {
            Ok(pack) => pack,
            Err(error) => {
                assert!(error.to_string().starts_with("fuzz.toml:"), "{error}");
                continue;
            }
        };
        let mut facts = Facts::new();
        facts.insert("query_match_pct".into(), Fact::Number(95.0));
        facts.insert("ai_level".into(), Fact::Word("all".into()));
        facts.insert("same_party".into(), Fact::Flag(false));
        for rule in Rule::ALL {
            if let Some((_, entry)) = pack.assess(*rule, &facts) {
                assert!(entry.rule == *rule && entry.when.holds(&facts));
            }
        }
        for entry in &pack.rules {
            assert!(!entry.text.is_empty() && !entry.when.words().is_empty());
        }
        let _ = pack.stale_from();
    }
});
