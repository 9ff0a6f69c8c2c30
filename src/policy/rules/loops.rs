//! AUDIO-008: loops and samples of a library, and what they explain of other matches.
//!
//! A loop that a thousand tracks may use says nothing about who copied whom. So a match with one is named and does not
//! hold by itself, and of a match with somebody's track only that counts which no loop explains.

use super::{cap, observation};
use crate::level::Level;
use crate::matches::Match;
use crate::policy::facts::FactsBuilder;
use crate::policy::observation::{Observation, Rule};
use crate::policy::upload::Upload;
use crate::policy::words::{name_of, quoted, some_of, to_second, visible};
use crate::track::Track;

/// Loops named in a message.
const SHOWN: usize = 3;
/// Share of a match's peaks that must be its own for it to be more than a look.
const MOSTLY: f64 = 0.25;

/// A match with a loop, or one that loops explain as a whole.
pub(super) fn observe(upload: &Upload, m: &Match) -> Observation {
    let licences: Vec<&Track> = match m.is_loop() {
        true => vec![&m.reference],
        false => loops_of(upload, m).map(|l| &*l.reference).collect(),
    };
    let known = |track: &&Track| track.library.as_ref().and_then(|library| library.exclusive);
    let is_exclusive = licences.iter().any(|track| known(track) == Some(true));
    let exclusive = match is_exclusive {
        true => "yes",
        false if licences.iter().all(|track| known(track) == Some(false)) => "no",
        false => "unknown",
    };
    let message = if m.is_loop() { named(m) } else { explained(upload, m) };
    let facts = FactsBuilder::default()
        .word("exclusive", exclusive)
        .flag("loop_itself", m.is_loop())
        .number("query_match_pct", m.measures.query_match_pct)
        .number("asset_match_pct", m.measures.asset_match_pct)
        .number("matched_s", m.matched_s())
        .number("log10_evalue", m.measures.log10_evalue);
    let mut seen = observation(Rule::Audio008, message, facts);
    seen.evidence.push(m.id.clone());
    seen.evidence.extend(m.loops.iter().cloned());
    if let Some(decision) = &m.allowed_by {
        cap(&mut seen, Level::Clear, format!("allowed by decision {}", visible(decision)));
    } else if m.is_loop() {
        cap(&mut seen, Level::Review, "a loop says nothing about who copied whom");
    } else {
        cap(&mut seen, Level::Clear, "a loop that both use explains it");
    }
    seen
}

/// Says of a match that is judged by `rest` of it what the loops are that were taken out.
pub(super) fn tell(upload: &Upload, m: &Match, rest: &Match, seen: &mut Observation) {
    let names: Vec<String> = loops_of(upload, m).map(|l| loop_name(&l.reference)).collect();
    let names = some_of(&names, SHOWN);
    seen.message.push_str(&format!("; not counted is what {names} explains"));
    seen.evidence.extend(m.loops.iter().cloned());
    let peaks = |m: &Match| m.segments.iter().map(|s| f64::from(s.matched_peaks)).sum::<f64>();
    if peaks(rest) < MOSTLY * peaks(m) {
        cap(seen, Level::Review, "most of what is shared is a loop");
    }
}

/// The matches with loops that explain some of `m`.
fn loops_of<'a>(upload: &'a Upload, m: &'a Match) -> impl Iterator<Item = &'a Match> {
    upload.matches.iter().filter(|other| m.loops.contains(&other.id))
}

fn loop_name(track: &Track) -> String {
    let pack = track.library.as_ref().and_then(|library| library.pack.as_deref());
    let pack = pack.map(|pack| format!(" of pack {}", quoted(pack))).unwrap_or_default();
    format!("the loop {}{pack}", name_of(track))
}

/// How the library licenses it, in words.
fn licence(track: &Track) -> String {
    let library = track.library.clone().unwrap_or_default();
    let exclusive = match library.exclusive {
        Some(true) => "exclusive",
        Some(false) => "non-exclusive",
        None => "whether exclusive is not known",
    };
    match library.licence {
        Some(licence) => format!("{exclusive}, licence {}", quoted(&licence)),
        None => exclusive.to_owned(),
    }
}

fn named(m: &Match) -> String {
    let places = match m.segments.len() {
        0 | 1 => String::new(),
        2 => " and at 1 more place".to_owned(),
        n => format!(" and at {} more places", n - 1),
    };
    let (from, to) = m.first().query_ms;
    format!(
        "{:.0} s of {} ({}) sound in it, at {}–{}{places}",
        m.matched_s(),
        loop_name(&m.reference),
        licence(&m.reference),
        to_second(from),
        to_second(to)
    )
}

fn explained(upload: &Upload, m: &Match) -> String {
    let names: Vec<String> = loops_of(upload, m)
        .map(|l| format!("{} ({})", loop_name(&l.reference), licence(&l.reference)))
        .collect();
    format!(
        "what it shares with {} is {} and nothing else that is beyond chance",
        name_of(&m.reference),
        some_of(&names, SHOWN)
    )
}
