//! The question of whoever made a track with the help of a generator: may it go to this service, by way of which
//! distributor, and what has to be said about it?
//!
//! For each way the policies are asked what they ask: what would be refused, what is to be declared in which field,
//! what proof to attach. What is in the sound comes from the engine, as in a scan. What nobody can tell here
//! (copyright in generated works, whose voice it is) is said as such, with sources and dates. Nothing here is a legal
//! conclusion.
//!
//! ```text
//! Question ─► Engine::examine ─► Upload, Observations ─► Party (one a pack) ─► Route (distributor → service)
//! ```

mod law;
mod party;
mod recorded;
mod said;
mod text;

use serde::Serialize;

use crate::credentials::{self, State};
use crate::declare::declared::{AiDisclosure, Declared, DeclaredIn};
use crate::engine::{Engine, Error, Examined, Item};
use crate::level::Level;
use crate::policy::wording::{LIMITS, VOICE_LIMIT};
use crate::policy::{
    Eligibility, Facts, Observation, Pack, PackError, PackSet, Rule, Upload, eligibility,
};
use crate::report::records::MatchRecord;
use crate::trace::words::statement;

pub use law::{Statement, known as jurisdictions};
pub use party::{Conflict, Party, Word};
pub use recorded::parties_by_records;
pub use said::{Parts, Said};
pub use text::{grade, write as write_text};

/// What is asked.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// The services, by the names of their policies.
    pub to: Vec<String>,
    /// The distributors; none: delivered without one.
    pub via: Vec<String>,
    /// What is said of how it was made.
    pub said: Said,
    /// What else is declared: title, artist, rights.
    pub declared: Declared,
    /// Where copyright is asked about: `us`, `uk`, `eu`.
    pub jurisdiction: Option<String>,
}

/// One way: a distributor and the service it delivers to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Route {
    /// The distributor's policy; none where it is delivered without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// The service's policy; none where only the distributor was asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The gravest of what both say.
    pub level: Level,
    /// Who would refuse it as it is.
    pub refused_by: Vec<String>,
    /// Who asks something first.
    pub asked_by: Vec<String>,
}

/// What was found in the sound and the file.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Found {
    /// References that it was compared with; none where there were none.
    pub compared_with: Option<usize>,
    /// Nothing in it can be fingerprinted, so nothing can be said of matches.
    pub is_featureless: bool,
    /// Accepted matches, the surest first.
    pub matches: Vec<MatchRecord>,
    /// What the rules observed in sound and file, in plain words, with the rule.
    pub observed: Vec<(Rule, String)>,
    /// Tags that name a generator: field and generator.
    pub tags: Vec<(String, String)>,
    /// Traces of decoders and signed credentials, in plain words.
    pub traces: Vec<String>,
}

/// Something that cannot be told here, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unknown {
    /// What.
    pub what: String,
    /// What was read on it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub read: Vec<Statement>,
}

/// The answer.
#[derive(Debug, Clone, Serialize)]
pub struct Advice {
    /// The file.
    pub track: String,
    /// SHA-256 of it.
    pub sha256: String,
    /// Decoded length.
    pub duration_ms: u64,
    /// How it was made, as it would be declared.
    pub said: Parts,
    /// What was found in it.
    pub found: Found,
    /// The ways, in the order asked for.
    pub routes: Vec<Route>,
    /// Everybody on them, each once.
    pub parties: Vec<Party>,
    /// Whether it can be a reference on platforms of users' uploads.
    pub eligibility: Vec<Eligibility>,
    /// What cannot be told here.
    pub cannot_be_told: Vec<Unknown>,
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdviseError {
    /// The file cannot be looked at.
    #[error(transparent)]
    Engine(#[from] Error),
    /// There is no such policy.
    #[error(transparent)]
    Policy(#[from] PackError),
    /// Neither a service nor a distributor was named.
    #[error("which way should it go? Name a service or a distributor")]
    NoWay,
}

/// Answers `question` about the file of `item`: `engine` looks at it and compares it with its references, if it has
/// any; `set` has the policies.
///
/// # Errors
/// The file cannot be read, or a policy is not there.
pub fn advise(
    engine: &Engine,
    set: &PackSet,
    item: &Item,
    question: &Question,
) -> Result<Advice, AdviseError> {
    let select = |names: &[String]| -> Result<Vec<Pack>, PackError> {
        names.iter().map(|name| set.get(name).cloned()).collect()
    };
    let (via, to) = (select(&question.via)?, select(&question.to)?);
    if via.is_empty() && to.is_empty() {
        return Err(AdviseError::NoWay);
    }
    let (parts, ai) = question.said.parts();
    let mut item = item.clone();
    let mut declared = question.declared.clone();
    declared.ai.overlay(ai.clone());
    item.declared.push((DeclaredIn::Cli, declared));
    let examined = engine.examine(&item)?;
    let ai = examined.upload.declared.ai.clone();
    let facts = facts(&examined.observed, &ai);
    let mut parties: Vec<Party> = Vec::new();
    for pack in via.iter().chain(&to) {
        if parties.iter().all(|p| p.policy != pack.id) {
            parties.push(Party::new(pack, &examined.observed, &facts, &ai));
        }
    }
    let chosen: Vec<Pack> = via.iter().chain(&to).cloned().collect();
    let eligibility = eligibility(&examined.upload, &examined.observed, set.programs(), &chosen);
    Ok(Advice {
        track: examined.upload.track.path.clone(),
        sha256: examined.upload.track.sha256_hex(),
        duration_ms: examined.upload.track.duration_ms,
        routes: routes(&via, &to, &parties),
        parties,
        eligibility,
        cannot_be_told: unknown(question, &parts),
        said: parts,
        found: found(engine, examined),
    })
}

/// What is observed of the disclosure, or anything where nothing is.
fn of_disclosure(observed: &[Observation]) -> Option<&Observation> {
    let about = |rule| observed.iter().find(|o| o.rule == rule);
    about(Rule::Disc003).or_else(|| about(Rule::Disc001)).or(observed.first())
}

/// The facts of the disclosure, on which what is to be declared depends; those of any observation where none is.
fn facts(observed: &[Observation], ai: &AiDisclosure) -> Facts {
    let mut facts = of_disclosure(observed).map(|o| o.facts.clone()).unwrap_or_default();
    let word = |text: &str| crate::policy::Fact::Word(text.to_owned());
    facts.insert("ai_level".to_owned(), word(ai.level.name()));
    facts.insert("voice".to_owned(), word(ai.voice.name()));
    facts
}

fn routes(via: &[Pack], to: &[Pack], parties: &[Party]) -> Vec<Route> {
    let ways: Vec<(Option<&Pack>, Option<&Pack>)> = match (via.is_empty(), to.is_empty()) {
        (true, _) => to.iter().map(|t| (None, Some(t))).collect(),
        (_, true) => via.iter().map(|v| (Some(v), None)).collect(),
        _ => via.iter().flat_map(|v| to.iter().map(move |t| (Some(v), Some(t)))).collect(),
    };
    let route = |(via, to): (Option<&Pack>, Option<&Pack>)| {
        let on_it: Vec<&Party> = [via, to]
            .into_iter()
            .flatten()
            .filter_map(|pack| parties.iter().find(|p| p.policy == pack.id))
            .collect();
        let titles = |level: fn(Level) -> bool| {
            on_it.iter().filter(|p| level(p.level)).map(|p| p.title.clone()).collect()
        };
        Route {
            via: via.map(|p| p.id.clone()),
            to: to.map(|p| p.id.clone()),
            level: on_it.iter().map(|p| p.level).max().unwrap_or_default(),
            refused_by: titles(|level| level == Level::Reject),
            asked_by: titles(|level| matches!(level, Level::Review | Level::Hold)),
        }
    };
    ways.into_iter().map(route).collect()
}

fn found(engine: &Engine, examined: Examined) -> Found {
    let Examined { upload, observed, is_featureless } = examined;
    // What the declaration says is told elsewhere.
    let heard = |rule: Rule| {
        let id = rule.id();
        ["AUDIO", "WORK", "TECH", "BULK"].iter().any(|family| id.starts_with(family))
    };
    Found {
        compared_with: engine.references().map(crate::engine::Index::len),
        is_featureless,
        matches: upload.matches.iter().map(MatchRecord::from).collect(),
        observed: observed
            .iter()
            .filter(|o| heard(o.rule))
            .map(|o| (o.rule, o.message.clone()))
            .collect(),
        tags: upload.tags_generator.clone(),
        traces: upload.trace.iter().map(statement).chain(credential(&upload)).collect(),
    }
}

/// What its signed credential says, if it has one.
fn credential(upload: &Upload) -> Option<String> {
    let credential = upload.credential.as_ref().filter(|c| c.state != State::None)?;
    Some(credentials::words::statement(credential))
}

/// What cannot be told here.
fn unknown(question: &Question, parts: &Parts) -> Vec<Unknown> {
    let mut all = Vec::new();
    let bare = |what: String| Unknown { what, read: Vec::new() };
    let generated = parts.made_with.is_some();
    if generated || question.jurisdiction.is_some() {
        let read: Vec<Statement> =
            question.jurisdiction.iter().flat_map(|j| law::on(j)).cloned().collect();
        let what = match (&question.jurisdiction, read.is_empty()) {
            (Some(j), true) => format!(
                "Whether and in what this track has copyright: nothing was read on {} (known: {}).",
                crate::declare::text::visible(j),
                law::known().join(", ")
            ),
            (Some(_), false) => format!(
                "Whether and in what this track has copyright. This was read, last looked at on {}:",
                law::verified_on()
            ),
            (None, _) => format!(
                "Whether and in what this track has copyright; it differs by country (--jurisdiction {}).",
                law::known().join(", ")
            ),
        };
        all.push(Unknown { what, read });
    }
    if generated {
        all.push(bare(
            "Whether the generator's terms allow this use: the plan and the day it was made decide.".to_owned(),
        ));
        all.push(bare(format!(
            "Whether the sound has a watermark, and what it says. {}",
            credentials::words::NOT_READABLE
        )));
    }
    all.push(bare(VOICE_LIMIT.to_owned()));
    let limits = LIMITS.iter().filter(|limit| limit.text != VOICE_LIMIT);
    all.extend(limits.map(|limit| bare(limit.text.to_owned())));
    all
}
