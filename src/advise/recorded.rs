//! What each party asks about an upload that was scanned before, by what its records keep of it.

use super::party::Party;
use super::{facts, of_disclosure};
use crate::declare::declared::{AiDisclosure, AiLevel};
use crate::policy::{Ceiling, Fact, Finding, Observation, Pack};
use crate::report::records::VerdictRecord;

/// What `packs` ask about the upload of `verdict`, on which there are these findings.
pub fn parties_by_records(
    packs: &[&Pack],
    verdict: &VerdictRecord,
    findings: &[Finding],
) -> Vec<Party> {
    let observed: Vec<Observation> = verdict
        .observed
        .iter()
        .map(|seen| {
            // Records keep the words of what some policy said something of.
            let told = findings.iter().find(|finding| finding.rule == seen.rule);
            let ceiling = |level| Ceiling { level, reason: String::new() };
            Observation {
                rule: seen.rule,
                message: told.map_or_else(String::new, |finding| finding.message.clone()),
                evidence: told.map_or_else(Vec::new, |finding| finding.evidence.clone()),
                facts: seen.facts.clone(),
                ceiling: seen.ceiling.map(ceiling),
            }
        })
        .collect();
    let ai = disclosure(&observed);
    let facts = facts(&observed, &ai);
    packs.iter().map(|pack| Party::new(pack, &observed, &facts, &ai)).collect()
}

/// What was declared of generators, as far as observations tell: the level, and the tool.
fn disclosure(observed: &[Observation]) -> AiDisclosure {
    let seen = of_disclosure(observed);
    let word = |name: &str| match seen.and_then(|o| o.facts.get(name)) {
        Some(Fact::Word(word)) if !word.is_empty() => Some(word.clone()),
        _ => None,
    };
    let named = |level: &AiLevel| word("ai_level").is_some_and(|name| name == level.name());
    let levels = [AiLevel::None, AiLevel::Partly, AiLevel::All];
    let level = levels.into_iter().find(named).unwrap_or_default();
    AiDisclosure { level, tool: word("tool"), ..AiDisclosure::default() }
}
