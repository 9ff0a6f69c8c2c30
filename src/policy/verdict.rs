//! From observations to findings and a verdict: the packs say how grave, the strictest wins.
//!
//! A pack that says nothing of its own about an observation lets the pack it extends decide; findings
//! that several packs have from there are told once. Notes (level clear) are kept but are no reasons.

use std::collections::BTreeMap;

use super::eligibility::Eligibility;
use super::observation::{Finding, Observation, Rule};
use super::pack::{Pack, PackRule};
use super::packset::DEFAULT_PACK;
use super::wording::{LIMITS, headline};
use crate::level::Level;

/// Outcome for one upload.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdict {
    /// The gravest level of its findings.
    pub level: Level,
    /// The verdict of each pack applied.
    pub by_policy: BTreeMap<String, Level>,
    /// Rules of the findings at `review` and above, gravest first.
    pub reasons: Vec<Rule>,
    /// The outcome in plain words, then one sentence a reason.
    pub explanation: Vec<String>,
    /// What each pack asks about the reasons, and services about notes, with source and date.
    pub asks: Vec<String>,
    /// Matches and clusters behind the reasons.
    pub evidence: Vec<String>,
    /// What this tool does not look at.
    pub limits: Vec<String>,
    /// Whether it can be a reference on platforms of users' uploads: an answer of its own, beside the level. Only
    /// platforms that something speaks against.
    pub eligibility: Vec<Eligibility>,
}

/// What `packs` make of the observations on `subject`. Findings are in order of level (gravest first), rule
/// and pack.
pub fn judge(
    subject: &str,
    observations: &[Observation],
    packs: &[Pack],
) -> (Vec<Finding>, Verdict) {
    let mut by_policy: BTreeMap<String, Level> =
        packs.iter().map(|p| (p.id.clone(), Level::Clear)).collect();
    // By rule and the pack that the deciding entry stands in.
    let mut drafts: BTreeMap<(Rule, &str), Draft<'_>> = BTreeMap::new();
    for pack in packs {
        let mut own: BTreeMap<(Rule, &str), Draft<'_>> = BTreeMap::new();
        for observation in observations {
            let Some((owner, entry)) = pack.assess(observation.rule, &observation.facts) else {
                continue;
            };
            let opinion = Opinion::new(observation, entry);
            let level = by_policy.entry(pack.id.clone()).or_default();
            *level = (*level).max(opinion.level);
            own.entry((observation.rule, owner.id.as_str()))
                .or_insert_with(|| Draft { owner, opinions: Vec::new() })
                .opinions
                .push(opinion);
        }
        for (key, draft) in own {
            // Inherited by several packs: those may decide on different observations by themselves.
            let known = drafts
                .entry(key)
                .or_insert_with(|| Draft { owner: draft.owner, opinions: Vec::new() });
            for opinion in draft.opinions {
                if !known.opinions.iter().any(|o| std::ptr::eq(o.observation, opinion.observation))
                {
                    known.opinions.push(opinion);
                }
            }
        }
    }
    let mut told: Vec<(Finding, bool)> =
        drafts.into_iter().map(|((rule, _), draft)| draft.finding(subject, rule)).collect();
    told.sort_by(|(a, _), (b, _)| {
        b.level.cmp(&a.level).then(a.rule.cmp(&b.rule)).then_with(|| a.policy.cmp(&b.policy))
    });
    let verdict = Verdict::of(&told, by_policy);
    (told.into_iter().map(|(finding, _)| finding).collect(), verdict)
}

/// An observation as one entry of a pack sees it.
struct Opinion<'a> {
    observation: &'a Observation,
    entry: &'a PackRule,
    level: Level,
}

impl<'a> Opinion<'a> {
    fn new(observation: &'a Observation, entry: &'a PackRule) -> Opinion<'a> {
        let ceiling = observation.ceiling.as_ref().map_or(Level::Reject, |c| c.level);
        Opinion { observation, entry, level: entry.level.min(ceiling) }
    }

    fn is_lowered(&self) -> bool {
        self.level < self.entry.level
    }

    fn message(&self) -> String {
        let text = &self.observation.message;
        match &self.observation.ceiling {
            Some(c) if self.is_lowered() && c.level == Level::Clear => {
                format!("{text}; not held against the upload: {}", c.reason)
            }
            Some(c) if self.is_lowered() => {
                format!("{text}; no more than {} is called for: {}", c.level.name(), c.reason)
            }
            _ => text.clone(),
        }
    }
}

/// Opinions of one pack on one rule.
struct Draft<'a> {
    owner: &'a Pack,
    opinions: Vec<Opinion<'a>>,
}

impl Draft<'_> {
    /// The finding, and whether a ceiling lowered it.
    fn finding(mut self, subject: &str, rule: Rule) -> (Finding, bool) {
        // Gravest first; of equals, as observed.
        self.opinions.sort_by_key(|o| std::cmp::Reverse(o.level));
        let first = &self.opinions[0];
        let grave = self.opinions.iter().filter(|o| o.level == first.level).count() - 1;
        let milder = self.opinions.len() - 1 - grave;
        let mut message = first.message();
        if grave > 0 {
            message.push_str(&format!("; and {grave} more of the kind"));
        }
        if milder > 0 {
            message.push_str(&format!("; and {milder} less grave"));
        }
        let mut evidence: Vec<String> = Vec::new();
        for id in self.opinions.iter().flat_map(|o| &o.observation.evidence) {
            if !evidence.contains(id) {
                evidence.push(id.clone());
            }
        }
        let finding = Finding {
            rule,
            level: first.level,
            subject: subject.to_owned(),
            message,
            policy_text: Some(first.entry.text.clone()),
            evidence,
            policy: self.owner.id.clone(),
            source: first.entry.source.words(),
            verified_on: self.owner.verified_on.to_string(),
        };
        (finding, first.is_lowered())
    }
}

impl Verdict {
    fn of(told: &[(Finding, bool)], by_policy: BTreeMap<String, Level>) -> Verdict {
        let level = by_policy.values().copied().max().unwrap_or_default();
        let mut verdict = Verdict {
            level,
            by_policy,
            explanation: vec![headline(level).to_owned()],
            limits: LIMITS.iter().map(|l| l.id.to_owned()).collect(),
            ..Verdict::default()
        };
        for (finding, lowered) in told {
            let is_reason = finding.level > Level::Clear;
            if is_reason {
                verdict.add_reason(finding);
            }
            // What a service says about a note is worth telling; common practice is not.
            if is_reason || !(*lowered || finding.policy == DEFAULT_PACK) {
                verdict.asks.extend(ask(finding));
            }
        }
        verdict
    }

    fn add_reason(&mut self, finding: &Finding) {
        if !self.reasons.contains(&finding.rule) {
            self.reasons.push(finding.rule);
            self.explanation.push(sentence(&finding.message));
        }
        for id in &finding.evidence {
            if !self.evidence.contains(id) {
                self.evidence.push(id.clone());
            }
        }
    }
}

fn ask(finding: &Finding) -> Option<String> {
    let text = finding.policy_text.as_ref()?;
    let Finding { policy, source, verified_on, .. } = finding;
    Some(format!("{policy}: {text} [{source}, looked at on {verified_on}]"))
}

/// With a capital and a full stop.
fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next().map(|c| c.to_uppercase().collect::<String>()).unwrap_or_default();
    let end = if message.ends_with(['.', '!', '?', '…']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::super::facts::FactsBuilder;
    use super::super::observation::Ceiling;
    use super::super::packset::PackSet;
    use super::*;

    fn pack(id: &str, rules: &str) -> Pack {
        let head = format!(
            "id = '{id}'\ntitle = '{id}'\nversion = '1'\nverified_on = '2026-03-01'\n[[sources]]\nid = 'A'\npublication = 'Rules of {id}'\ntag = 'P'\n"
        );
        let rules = rules.lines().map(|line| {
            let (rule, rest) = line.split_once(' ').unwrap();
            let (level, when) = rest.split_once(' ').unwrap_or((rest, "{}"));
            format!("[[rules]]\nrule='{rule}'\nlevel='{level}'\nwhen={when}\ntext='{id} says'\nsource='A'\n")
        });
        Pack::parse(&(head + &rules.collect::<String>()), id).unwrap()
    }

    fn seen(rule: Rule, message: &str, pct: f64) -> Observation {
        Observation {
            rule,
            message: message.into(),
            evidence: vec![format!("m_{message}")],
            facts: FactsBuilder::default().number("query_match_pct", pct).done(),
            ceiling: None,
        }
    }

    #[test]
    fn the_strictest_pack_wins_and_each_is_told() {
        let packs = [pack("mild", "META-001 review"), pack("strict", "META-001 reject")];
        let (findings, verdict) = judge("a.wav", &[seen(Rule::Meta001, "none", 0.0)], &packs);
        assert_eq!(verdict.level, Level::Reject);
        assert_eq!(verdict.by_policy["mild"], Level::Review);
        assert_eq!(verdict.by_policy["strict"], Level::Reject);
        assert_eq!(verdict.reasons, [Rule::Meta001]);
        assert_eq!(verdict.explanation.len(), 2, "headline and one sentence a rule");
        assert_eq!(verdict.explanation[1], "None.");
        assert_eq!(findings[0].policy, "strict");
        assert_eq!(findings[0].source, "Rules of strict (primary text)");
        assert_eq!(findings[0].verified_on, "2026-03-01");
        assert_eq!(verdict.asks.len(), 2);
    }

    #[test]
    fn the_gravest_entry_whose_condition_holds_decides() {
        let rules = "AUDIO-001 review\nAUDIO-001 reject {query_match_pct='>= 95'}\nAUDIO-001 hold {query_match_pct='>= 50'}";
        for (pct, level) in [(10.0, Level::Review), (60.0, Level::Hold), (99.0, Level::Reject)] {
            let (_, verdict) = judge("a", &[seen(Rule::Audio001, "x", pct)], &[pack("p", rules)]);
            assert_eq!(verdict.level, level);
        }
    }

    #[test]
    fn a_ceiling_holds_under_any_pack_and_tells_why() {
        let mut observation = seen(Rule::Audio001, "same", 100.0);
        observation.ceiling =
            Some(Ceiling { level: Level::Clear, reason: "allowed by decision d_1".into() });
        let (findings, verdict) = judge("a", &[observation], &[pack("p", "AUDIO-001 reject")]);
        assert_eq!(verdict.level, Level::Clear);
        assert!(verdict.reasons.is_empty());
        assert!(
            findings[0].message.contains("not held against the upload: allowed by decision d_1")
        );
    }

    #[test]
    fn several_observations_of_one_rule_are_one_finding() {
        let all = [
            seen(Rule::Audio003, "a", 10.0),
            seen(Rule::Audio003, "b", 90.0),
            seen(Rule::Audio003, "c", 91.0),
        ];
        let rules = "AUDIO-003 review\nAUDIO-003 hold {query_match_pct='>= 50'}";
        let (findings, _) = judge("x", &all, &[pack("p", rules)]);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].message, "b; and 1 more of the kind; and 1 less grave");
        assert_eq!(findings[0].evidence, ["m_b", "m_c", "m_a"]);
    }

    #[test]
    fn what_two_packs_inherit_is_told_once_and_counts_for_both() {
        let packs = PackSet::load(None).unwrap().select("spotify,deezer").unwrap();
        let mut bad = seen(Rule::Meta005, "wrong digit", 0.0);
        bad.facts.clear();
        let (findings, verdict) = judge("a", &[bad], &packs);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].policy, "generic");
        assert!(verdict.by_policy.values().all(|l| *l == verdict.level && *l > Level::Clear));
    }

    #[test]
    fn nothing_observed_is_clear_for_every_pack() {
        let packs = PackSet::load(None).unwrap().select("generic,cdbaby").unwrap();
        let (findings, verdict) = judge("a", &[], &packs);
        assert!(findings.is_empty());
        assert_eq!(verdict.level, Level::Clear);
        assert_eq!(verdict.by_policy.len(), 2);
        assert_eq!(
            verdict.limits,
            [
                "not_ai_detection",
                "not_composition_match",
                "not_voice_identification",
                "not_legal_advice"
            ]
        );
    }
}
