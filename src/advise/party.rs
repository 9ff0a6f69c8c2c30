//! What one party on the way asks about a track: refusals, questions, fields to fill in, proof to attach.

use serde::Serialize;

use crate::declare::declared::AiDisclosure;
use crate::declare::generators::family_in;
use crate::level::Level;
use crate::policy::asked::AskKind;
use crate::policy::{Facts, Observation, Pack, Rule, Source};

/// Something that a party says, with where that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Word {
    /// The rule, where one fires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<Rule>,
    /// How grave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// The field of the form or message, where something is to be declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What is the case.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub because: String,
    /// What the party asks.
    pub text: String,
    /// The policy that says so: the party's own, or common practice.
    pub policy: String,
    /// Where that was read.
    pub source: String,
    /// How good that is: `P`, `S`, `W`, `D`.
    pub grade: &'static str,
    /// Date of the source.
    pub date: String,
    /// Matches that show it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}

/// Two sources that say different things.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// About what.
    pub about: String,
    /// The one.
    pub one: Word,
    /// The other.
    pub other: Word,
}

/// One party on the way of a track: a distributor or a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Party {
    /// The policy.
    pub policy: String,
    /// What people call it.
    pub title: String,
    /// `distributor`, `service`, `program`, `practice`.
    pub role: &'static str,
    /// When its sources were last looked at.
    pub verified_on: String,
    /// The gravest of what it says.
    pub level: Level,
    /// What would be refused as it is.
    pub refused: Vec<Word>,
    /// What is asked before it goes on.
    pub asked: Vec<Word>,
    /// What to know.
    pub notes: Vec<Word>,
    /// What to declare, in which field.
    pub declare: Vec<Word>,
    /// What proof to attach or keep at hand.
    pub attach: Vec<Word>,
    /// How it stands to the generator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generator: Option<Word>,
    /// Where its sources contradict each other.
    pub contradictions: Vec<Conflict>,
    /// What was looked for and not found.
    pub unknown: Vec<String>,
}

fn word(text: &str, policy: &Pack, source: &Source) -> Word {
    Word {
        rule: None,
        level: None,
        field: None,
        because: String::new(),
        text: text.to_owned(),
        policy: policy.id.clone(),
        source: source.publication.clone(),
        grade: source.confidence.tag(),
        date: source.date.clone(),
        evidence: Vec::new(),
    }
}

impl Party {
    /// What `pack` makes of what was `observed` and declared (`facts`).
    pub(super) fn new(
        pack: &Pack,
        observed: &[Observation],
        facts: &Facts,
        ai: &AiDisclosure,
    ) -> Party {
        let mut party = Party {
            policy: pack.id.clone(),
            title: pack.title.clone(),
            role: pack.role.name(),
            verified_on: pack.verified_on.to_string(),
            level: Level::Clear,
            refused: Vec::new(),
            asked: Vec::new(),
            notes: Vec::new(),
            declare: Vec::new(),
            attach: Vec::new(),
            generator: standing(pack, ai),
            contradictions: Vec::new(),
            unknown: pack.unknown.clone(),
        };
        for seen in observed {
            party.add(pack, seen);
        }
        party.add_asks(pack, facts);
        for c in &pack.contradictions {
            let side = |(text, source): &(String, Source)| word(text, pack, source);
            party.contradictions.push(Conflict {
                about: c.about.clone(),
                one: side(&c.one),
                other: side(&c.other),
            });
        }
        party
    }

    fn add(&mut self, pack: &Pack, seen: &Observation) {
        let Some((owner, entry)) = pack.assess(seen.rule, &seen.facts) else { return };
        let ceiling = seen.ceiling.as_ref();
        let level = entry.level.min(ceiling.map_or(Level::Reject, |c| c.level));
        let lowered = match ceiling.filter(|c| c.level < entry.level && !c.reason.is_empty()) {
            Some(c) => format!("{} ({})", seen.message, c.reason),
            None => seen.message.clone(),
        };
        let said = Word {
            rule: Some(seen.rule),
            level: Some(level),
            because: lowered,
            evidence: seen.evidence.clone(),
            ..word(&entry.text, owner, &entry.source)
        };
        self.level = self.level.max(level);
        match level {
            Level::Reject => self.refused.push(said),
            Level::Hold | Level::Review => self.asked.push(said),
            // Notes of common practice are no word of this party.
            Level::Clear if owner.id == pack.id => self.notes.push(said),
            Level::Clear => {}
        }
    }

    fn add_asks(&mut self, pack: &Pack, facts: &Facts) {
        // Its own first, then those of common practice.
        let mut packs = vec![pack];
        while let Some(base) = packs.last().and_then(|p| p.base()) {
            packs.push(base);
        }
        for owner in packs {
            for ask in owner.asks.iter().filter(|ask| ask.when.holds(facts)) {
                let said = Word { field: ask.field.clone(), ..word(&ask.text, owner, &ask.source) };
                match ask.kind {
                    AskKind::Declare => self.declare.push(said),
                    AskKind::Proof => self.attach.push(said),
                    AskKind::Note => self.notes.push(said),
                }
            }
        }
    }
}

/// How a pack stands to the generator that is declared; none where none is, or nothing was read.
fn standing(pack: &Pack, ai: &AiDisclosure) -> Option<Word> {
    let (family, name) = family_in(ai.tool.as_deref()?)?;
    if let Some(found) = pack.standing(&family.id, &name.name) {
        let text = format!("{}. {}", found.standing.name(), found.text);
        return Some(word(&text, pack, &found.source));
    }
    // What is said of another name of the family is worth telling, as such.
    let other = pack.generators.iter().find(|g| g.family == family.id)?;
    let text = format!(
        "nothing was read on {} by that name; of {}: {}. {}",
        name.name,
        other.names.join(", "),
        other.standing.name(),
        other.text
    );
    Some(word(&text, pack, &other.source))
}
