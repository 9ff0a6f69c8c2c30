//! What somebody says of how a track was made, in the terms of a declaration.
//!
//! A creator says which parts *people* made; forms ask which parts a generator made. The one follows from the other,
//! as far as the parts are known: lyrics, vocals, instruments, composition. An arrangement is human work that has no
//! field of its own anywhere, so it is kept in words.

use serde::Serialize;

use crate::declare::declared::{AiDisclosure, AiFacet, AiLevel, DeclaredIn, Voice};
use crate::declare::generators::family_in;

/// The parts of a recording that are asked for.
const PARTS: [AiFacet; 4] =
    [AiFacet::Vocals, AiFacet::Instruments, AiFacet::Composition, AiFacet::Lyrics];

/// Beginnings of words for parts.
const WORDS: &[(&str, &[AiFacet])] = &[
    ("everything", &PARTS),
    ("all of it", &PARTS),
    ("lyric", &[AiFacet::Lyrics]),
    ("words", &[AiFacet::Lyrics]),
    ("text", &[AiFacet::Lyrics]),
    ("vocal", &[AiFacet::Vocals]),
    ("voice", &[AiFacet::Vocals]),
    ("singing", &[AiFacet::Vocals]),
    ("singer", &[AiFacet::Vocals]),
    ("rap", &[AiFacet::Vocals]),
    ("instrument", &[AiFacet::Instruments]),
    ("guitar", &[AiFacet::Instruments]),
    ("drum", &[AiFacet::Instruments]),
    ("bass", &[AiFacet::Instruments]),
    ("piano", &[AiFacet::Instruments]),
    ("beat", &[AiFacet::Instruments]),
    ("recording", &[AiFacet::Vocals, AiFacet::Instruments]),
    ("composition", &[AiFacet::Composition]),
    ("melody", &[AiFacet::Composition]),
    ("songwriting", &[AiFacet::Composition, AiFacet::Lyrics]),
    ("music", &[AiFacet::Instruments, AiFacet::Composition]),
];

/// Human work that is asked for nowhere as a part that may be generated.
const BESIDE: &[&str] = &["arrang", "mix", "master", "produc", "edit", "artwork", "cover", "video"];

/// What is said of how a track was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// The generator, as named.
    pub made_with: Option<String>,
    /// The parts that people made, as named.
    pub human: Option<String>,
    /// Whether a voice imitates a person.
    pub voice: Voice,
    /// The person.
    pub voice_of: Option<String>,
}

/// The same as it would be declared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Parts {
    /// The generator, as named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made_with: Option<String>,
    /// Its family, and all the names of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// `undeclared`, `none`, `partly`, `all`.
    pub level: &'static str,
    /// Parts that a generator made, as follows from those that people made.
    pub generated: Vec<&'static str>,
    /// Parts that people made.
    pub human: Vec<&'static str>,
    /// What else people did, in their words.
    pub beside: Vec<String>,
    /// Words that were not understood.
    pub not_understood: Vec<String>,
    /// `undeclared`, `nobody`, `licensed`, `cloned`.
    pub voice: &'static str,
}

impl Said {
    /// The parts, and the disclosure that goes with them.
    pub fn parts(&self) -> (Parts, AiDisclosure) {
        let mut parts = Parts { made_with: self.made_with.clone(), ..Parts::default() };
        let mut human: Vec<AiFacet> = Vec::new();
        for word in self.human.iter().flat_map(|h| h.split([',', ';', '|', '/'])) {
            let word = word.trim();
            let lower = word.to_lowercase();
            let begins = |start: &str| {
                let tokens = lower.split(|c: char| !c.is_alphanumeric());
                lower == start || tokens.into_iter().any(|token| token.starts_with(start))
            };
            let hits: Vec<&AiFacet> =
                WORDS.iter().filter(|(w, _)| begins(w)).flat_map(|(_, of)| *of).collect();
            if !hits.is_empty() {
                human.extend(hits);
            } else if BESIDE.iter().any(|b| begins(b)) {
                parts.beside.push(word.to_owned());
            } else if !word.is_empty() {
                parts.not_understood.push(word.to_owned());
            }
        }
        human.sort_unstable();
        human.dedup();
        let generated: Vec<AiFacet> = match &self.made_with {
            Some(_) => PARTS.into_iter().filter(|p| !human.contains(p)).collect(),
            None => Vec::new(),
        };
        let nothing_said = self.made_with.is_none() && self.human.is_none();
        let level = match (&self.made_with, human.is_empty() && parts.beside.is_empty()) {
            (Some(_), true) => AiLevel::All,
            (Some(_), false) => AiLevel::Partly,
            (None, _) if nothing_said => AiLevel::Undeclared,
            // Said to be made by people, and no generator named.
            (None, _) if human.len() == PARTS.len() => AiLevel::None,
            (None, _) => AiLevel::Undeclared,
        };
        parts.family = self.made_with.as_deref().and_then(family_in).map(|(f, _)| f.line());
        parts.level = level.name();
        parts.generated = generated.iter().map(|f| f.name()).collect();
        parts.human = human.iter().map(|f| f.name()).collect();
        parts.voice = self.voice.name();
        let ai = AiDisclosure {
            level,
            facets: generated,
            tool: self.made_with.clone(),
            source: (level != AiLevel::Undeclared).then_some(DeclaredIn::Cli),
            voice: self.voice,
            voice_of: self.voice_of.clone(),
        };
        (parts, ai)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(made_with: &str, human: &str) -> (Parts, AiDisclosure) {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Said { made_with: some(made_with), human: some(human), ..Said::default() }.parts()
    }

    #[test]
    fn what_people_made_says_what_the_generator_made() {
        let (p, ai) = parts("riffusion", "lyrics, vocals, arrangement");
        assert_eq!(p.generated, ["instruments", "composition"]);
        assert_eq!(p.human, ["vocals", "lyrics"]);
        assert_eq!(p.beside, ["arrangement"]);
        assert_eq!(ai.level, AiLevel::Partly);
        assert_eq!(p.family.as_deref(), Some("Riffusion → Producer.ai → Flow Music"));
    }

    #[test]
    fn levels_follow_and_what_is_not_understood_is_told() {
        assert_eq!(parts("Suno", "").1.level, AiLevel::All);
        assert_eq!(parts("Suno", "").0.generated.len(), 4);
        assert_eq!(parts("", "").1.level, AiLevel::Undeclared);
        assert_eq!(parts("", "everything").1.level, AiLevel::None);
        assert_eq!(parts("Suno", "graphics").0.not_understood, ["graphics"]);
        let (p, ai) = parts("Suno", "kazoo solo, words");
        assert_eq!(p.not_understood, ["kazoo solo"]);
        assert_eq!(ai.level, AiLevel::Partly);
        assert_eq!(parts("Suno", "everything").1.level, AiLevel::Partly);
        assert!(parts("Suno", "everything").0.generated.is_empty());
    }
}
