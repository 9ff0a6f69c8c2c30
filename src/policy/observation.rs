//! The vocabulary of policy: rules, what they observe, what packs make of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::level::Level;

macro_rules! rules {
    ($($variant:ident $id:literal $title:literal;)*) => {
        /// What can be observed. Identifiers are stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Rule {
            $(#[doc = $title] #[serde(rename = $id)] $variant,)*
        }

        impl Rule {
            /// The rule with this identifier, in either case.
            pub fn from_id(id: &str) -> Option<Rule> {
                Rule::ALL.iter().copied().find(|r| r.id().eq_ignore_ascii_case(id))
            }

            /// All rules, in the order of their identifiers.
            pub const ALL: &'static [Rule] = &[$(Rule::$variant,)*];

            /// Identifier in records and packs.
            pub fn id(self) -> &'static str {
                match self { $(Rule::$variant => $id,)* }
            }

            /// What it observes, in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Rule::$variant => $title,)* }
            }
        }
    };
}

rules! {
    Audio001 "AUDIO-001" "Reference reproduced from end to end";
    Audio002 "AUDIO-002" "Reference reproduced with speed or pitch changed";
    Audio003 "AUDIO-003" "Long excerpt of a reference";
    Audio004 "AUDIO-004" "Short resemblance to a reference";
    Audio005 "AUDIO-005" "Audio on the block list";
    Audio006 "AUDIO-006" "One recording under identities of different registrants";
    Audio007 "AUDIO-007" "Another version of a reference, or much else over it";
    Audio008 "AUDIO-008" "A known loop or sample";
    Bulk001 "BULK-001" "Member of a cluster of near-duplicates";
    Bulk002 "BULK-002" "One recording under many identities";
    Bulk003 "BULK-003" "Unusually many uploads of one account";
    Bulk004 "BULK-004" "Many tracks just over the length that earns royalties";
    Bulk005 "BULK-005" "Release made of one track repeated";
    Bulk006 "BULK-006" "One loop repeated";
    Tech001 "TECH-001" "Silence";
    Tech002 "TECH-002" "Noise";
    Tech004 "TECH-004" "Truncated or damaged file";
    Tech005 "TECH-005" "Length differs from the declared one";
    Tech006 "TECH-006" "Hash differs from the declared one";
    Tech007 "TECH-007" "Near-silent padding";
    Tech008 "TECH-008" "Only its beginning was looked at";
    Meta001 "META-001" "No ISRC";
    Meta002 "META-002" "Malformed identifier";
    Meta003 "META-003" "ISRC used for different audio";
    Meta004 "META-004" "Same audio under several ISRCs";
    Meta005 "META-005" "Wrong check digit of a product code";
    Meta006 "META-006" "Audio seen before under another title or artist";
    Meta010 "META-010" "No declaration of rights";
    Meta011 "META-011" "Title or artist made to be mistaken";
    Meta012 "META-012" "One file under several ISRCs";
    Disc001 "DISC-001" "Use of generators not declared";
    Disc002 "DISC-002" "Declared free of generated parts, but the file names a generator";
    Disc003 "DISC-003" "Generated parts declared";
    Disc005 "DISC-005" "A voice that imitates a person, declared or named";
    Disc006 "DISC-006" "Signed credential that does not hold";
    Disc007 "DISC-007" "Signed credential of the same recording missing here";
    Work001 "WORK-001" "Plays what a reference plays";
    Work002 "WORK-002" "Plays what other uploads play";
}

/// A number, word or yes/no that an observation rests on; packs put conditions on them by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Fact {
    /// Yes or no.
    Flag(bool),
    /// A quantity; its unit is in its name (`_pct`, `_s`, `_ms`).
    Number(f64),
    /// A word, for example an AI level.
    Word(String),
}

/// Facts by name.
pub type Facts = BTreeMap<String, Fact>;

/// The gravest level that any policy may give an observation, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ceiling {
    /// The level.
    pub level: Level,
    /// The reason, to be added to the message where the ceiling lowers a level.
    pub reason: String,
}

/// Something that is the case for an upload, before any policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// What kind of thing.
    pub rule: Rule,
    /// In plain words, for the record.
    pub message: String,
    /// Identifiers of matches (`m_…`), resemblances (`w_…`), clusters (`c_…`) and families (`f_…`) that show it.
    pub evidence: Vec<String>,
    /// What the message rests on.
    pub facts: Facts,
    /// Set where weak evidence, a decision or the declaration itself speaks against more.
    pub ceiling: Option<Ceiling>,
}

/// An observation as records keep it, so that other policies can be tried on it later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observed {
    /// What kind of thing.
    pub rule: Rule,
    /// The gravest level that any policy may give it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<Level>,
    /// What it rests on, unrounded.
    pub facts: Facts,
}

impl From<&Observation> for Observed {
    fn from(seen: &Observation) -> Observed {
        Observed {
            rule: seen.rule,
            ceiling: seen.ceiling.as_ref().map(|c| c.level),
            facts: seen.facts.clone(),
        }
    }
}

/// An observation as a policy pack judges it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What kind of thing.
    pub rule: Rule,
    /// How grave under this policy.
    pub level: Level,
    /// The upload: its path.
    pub subject: String,
    /// What is the case, in plain words.
    pub message: String,
    /// What the policy asks, in our words; none where the pack says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_text: Option<String>,
    /// Identifiers of matches and clusters that show it.
    pub evidence: Vec<String>,
    /// The pack.
    pub policy: String,
    /// Where the policy is published.
    pub source: String,
    /// When somebody last looked there (`YYYY-MM-DD`).
    pub verified_on: String,
}
