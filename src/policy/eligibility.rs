//! Whether a track can stand as a reference on platforms of users' uploads: YouTube Content ID, Meta Rights
//! Manager and its audio library, TikTok. Its own answer, beside the verdict.
//!
//! Such a platform claims every upload that sounds like the reference, so it asks for what is exclusive and
//! distinct, and refuses what may well be distributed: a licensed loop, a remix, a slowed version. The question
//! is decided by *what kind of thing* the track is ([`Case`]): a changed copy, a loop, a mash-up, karaoke,
//! public domain. What is found or declared makes the cases; the packs say what a platform answers to each.

use serde::{Deserialize, Serialize};

use super::exclusion::{Answer, Case, Exclusion, Program};
use super::identity::is_mix;
use super::observation::{Fact, Observation, Rule};
use super::pack::Pack;
use super::upload::Upload;
use super::words::quoted;
use crate::declare::declared::{AiLevel, Voice};
use crate::level::Level;
use crate::matches::Match;

/// Why a platform answers as it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// What kind of thing it is.
    pub case: Case,
    /// The answer to that.
    pub answer: Answer,
    /// What makes it one, in plain words.
    pub because: String,
    /// What the platform says, in our words.
    pub text: String,
    /// The pack that says so.
    pub policy: String,
    /// Where that was read, and how good that is.
    pub source: String,
    /// Date of that source.
    pub date: String,
    /// When somebody last looked there (`YYYY-MM-DD`).
    pub verified_on: String,
    /// Matches and resemblances that show it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}

/// The answer of one platform. Where none is given, nothing was found that speaks against the track: that it is
/// exclusive, only its owner can say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Eligibility {
    /// The platform.
    pub program: Program,
    /// The gravest of its reasons.
    pub answer: Answer,
    /// Why, the gravest first.
    pub reasons: Vec<Reason>,
}

/// A case that was found.
struct Found {
    case: Case,
    because: String,
    evidence: Vec<String>,
    /// The evidence is thin: no more than a question follows.
    thin: bool,
}

/// The answers about `upload`, of which this was `observed`: those of `programs`, which speak always, and of
/// `chosen`, the packs applied.
pub fn eligibility<'p>(
    upload: &Upload,
    observed: &[Observation],
    programs: impl Iterator<Item = &'p Pack>,
    chosen: &'p [Pack],
) -> Vec<Eligibility> {
    let found = cases(upload, observed);
    if found.is_empty() {
        return Vec::new();
    }
    let mut packs: Vec<&Pack> = programs.collect();
    packs.extend(
        chosen.iter().filter(|pack| packs.iter().all(|p| p.id != pack.id)).collect::<Vec<_>>(),
    );
    let of_program = |program: &Program| {
        let mut reasons: Vec<Reason> = found
            .iter()
            .flat_map(|f| packs.iter().filter_map(move |p| reason(f, p, *program)))
            .collect();
        reasons.sort_by(|a, b| b.answer.cmp(&a.answer).then(a.case.cmp(&b.case)));
        let answer = reasons.first()?.answer;
        Some(Eligibility { program: *program, answer, reasons })
    };
    Program::ALL.iter().filter_map(of_program).collect()
}

fn reason(found: &Found, pack: &Pack, program: Program) -> Option<Reason> {
    let about = |e: &&Exclusion| e.programs.contains(&program) && e.cases.contains(&found.case);
    // Of several the gravest; of equals the first.
    let entries = pack.exclusions.iter().filter(about);
    let entry = entries.reduce(|best, e| if e.answer > best.answer { e } else { best })?;
    Some(Reason {
        case: found.case,
        answer: if found.thin { Answer::Ask } else { entry.answer },
        because: found.because.clone(),
        text: entry.text.clone(),
        policy: pack.id.clone(),
        source: entry.source.words(),
        date: entry.source.date.clone(),
        verified_on: pack.verified_on.to_string(),
        evidence: found.evidence.clone(),
    })
}

/// The cases that an upload is, each once, in their order.
fn cases(upload: &Upload, observed: &[Observation]) -> Vec<Found> {
    let mut all: Vec<Found> = observed.iter().flat_map(of_observation).collect();
    all.extend(several(upload));
    all.extend(declared(upload));
    let mut merged: Vec<Found> = Vec::new();
    for found in all {
        match merged.iter_mut().find(|m| m.case == found.case) {
            Some(known) => {
                // What is surer is told.
                if known.thin && !found.thin {
                    known.because = found.because;
                }
                known.thin &= found.thin;
                known.evidence.extend(found.evidence);
                known.evidence.dedup();
            }
            None => merged.push(found),
        }
    }
    merged.sort_by_key(|f| f.case);
    merged
}

fn is(observation: &Observation, name: &str, wanted: &Fact) -> bool {
    observation.facts.get(name) == Some(wanted)
}

fn word(text: &str) -> Fact {
    Fact::Word(text.to_owned())
}

fn of_observation(observation: &Observation) -> Option<Found> {
    let ceiling = observation.ceiling.as_ref().map_or(Level::Reject, |c| c.level);
    // Allowed, or of the uploader's own: nobody else's.
    let own = ceiling == Level::Clear || is(observation, "same_party", &Fact::Flag(true));
    let modified = is(observation, "modified", &Fact::Flag(true));
    let looped = is(observation, "kind", &word("loop_of_excerpt"));
    let case = match observation.rule {
        Rule::Audio001 | Rule::Audio006 => Case::Copy,
        Rule::Audio002 => Case::Modified,
        Rule::Audio003 | Rule::Audio004 if looped => Case::Loop,
        Rule::Audio003 | Rule::Audio004 if modified => Case::Modified,
        Rule::Audio003 | Rule::Audio004 => Case::Excerpt,
        Rule::Audio007 | Rule::Work001 => Case::Soundalike,
        Rule::Bulk006 => Case::Loop,
        Rule::Tech002 => Case::Generic,
        Rule::Disc005 => Case::VoiceClone,
        _ => return None,
    };
    if own && !matches!(case, Case::Generic | Case::VoiceClone) {
        return None;
    }
    let thin = ceiling <= Level::Review && !matches!(case, Case::Loop);
    Some(Found {
        case,
        because: observation.message.clone(),
        evidence: observation.evidence.clone(),
        thin,
    })
}

/// Recordings of several others in one, each in another place.
fn several(upload: &Upload) -> Option<Found> {
    let long = |m: &&Match| m.matched_s() >= 3.0;
    let matches: Vec<&Match> = upload.standing_matches().filter(long).collect();
    let apart = |a: &Match, b: &Match| {
        let span = |m: &Match| m.segments.iter().map(|s| s.query_ms).collect::<Vec<_>>();
        let common: u64 =
            span(a).iter().flat_map(|x| span(b).into_iter().map(move |y| overlap(*x, y))).sum();
        let shorter = a.matched_s().min(b.matched_s()) * 1000.0;
        (common as f64) < shorter / 2.0
    };
    let other = |a: &Match, b: &Match| a.reference.sha256 != b.reference.sha256;
    let (first, second) = matches.iter().enumerate().find_map(|(i, a)| {
        let b = matches[i + 1..].iter().find(|b| other(a, b) && apart(a, b))?;
        Some((*a, *b))
    })?;
    Some(Found {
        case: Case::Mashup,
        because: "parts of several recordings of others are in it, one here and one there"
            .to_owned(),
        evidence: vec![first.id.clone(), second.id.clone()],
        thin: matches.len() < 3,
    })
}

fn overlap(a: (u64, u64), b: (u64, u64)) -> u64 {
    a.1.min(b.1).saturating_sub(a.0.max(b.0))
}

/// Words of titles and versions that name a case. They are looked for as whole words.
const NAMED: &[(Case, &[&str])] = &[
    (
        Case::Modified,
        &[
            "sped up",
            "sped-up",
            "speed up",
            "slowed",
            "slowed down",
            "nightcore",
            "daycore",
            "chopped and screwed",
            "8d audio",
            "bass boosted",
            "pitched up",
            "pitched down",
        ],
    ),
    (Case::Mashup, &["mashup", "mash-up", "mash up"]),
    (Case::Remix, &["remix", "bootleg", "flip", "rework"]),
    (
        Case::Karaoke,
        &["karaoke", "backing track", "backing tracks", "playback version", "sing along version"],
    ),
    (
        Case::Soundalike,
        &[
            "cover",
            "cover version",
            "tribute",
            "tribute to",
            "in the style of",
            "soundalike",
            "sound-alike",
            "originally performed by",
            "made famous by",
            "as made famous by",
        ],
    ),
];

/// Words of rights lines and versions that say that all may use it.
const FREE: &[&str] = &[
    "public domain",
    "cc0",
    "creative commons",
    "cc by",
    "cc-by",
    "royalty free",
    "royalty-free",
    "gemeinfrei",
    "domaine public",
    "dominio publico",
    "dominio público",
];

/// Genres of what is not distinct.
const GENERIC: &[&str] = &[
    "white noise",
    "nature sounds",
    "sound effects",
    "sound effect",
    "asmr",
    "meditation",
    "binaural",
    "sleep",
    "soundscapes",
    "ambient sounds",
];

/// Cases that the declaration makes.
fn declared(upload: &Upload) -> Vec<Found> {
    let d = &upload.declared;
    let mut all = Vec::new();
    let found = |case, because: String| Found { case, because, evidence: Vec::new(), thin: false };
    // In a title, what stands in brackets or after a dash tells the version; the rest is a name.
    let told = d.title.as_deref().and_then(super::identity::in_brackets);
    let told: Vec<&str> = told.into_iter().chain(d.version.as_deref()).collect();
    for (case, names) in NAMED {
        let hit = told
            .iter()
            .find_map(|text| names.iter().find(|n| has_word(text, n)).map(|n| (text, n)));
        if let Some((text, _)) = hit {
            all.push(found(*case, format!("the title or version says {}", quoted(text))));
        }
    }
    if is_mix(d) {
        all.push(found(Case::Mix, "it is declared as a mix".to_owned()));
    }
    let rights = [&d.p_line, &d.c_line, &d.version];
    let free = rights.into_iter().flatten().find(|text| FREE.iter().any(|w| has_word(text, w)));
    if let Some(text) = free {
        all.push(found(
            Case::PublicDomain,
            format!("the rights line or version says {}", quoted(text)),
        ));
    }
    if let Some(genre) = &d.genre {
        if ["classical", "klassik", "classique", "clásica"].iter().any(|w| has_word(genre, w)) {
            all.push(found(Case::Classical, format!("the genre is {}", quoted(genre))));
        }
        if GENERIC.iter().any(|w| has_word(genre, w)) {
            all.push(found(Case::Generic, format!("the genre is {}", quoted(genre))));
        }
    }
    if d.ai.level == AiLevel::All {
        all.push(found(Case::Generated, "all of it is declared as generated".to_owned()));
    }
    if d.ai.voice == Voice::Cloned {
        all.push(found(Case::VoiceClone, "a voice is declared to imitate a person".to_owned()));
    }
    all
}

/// Whether `text` has `word` in it as a word of its own, in either case.
fn has_word(text: &str, word: &str) -> bool {
    let text = text.to_lowercase();
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}
