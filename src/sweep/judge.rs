//! What policies and decisions make of the matches of a catalogue track.

use std::sync::Arc;

use crate::engine::Judge;
use crate::matches::Match;
use crate::policy::{Finding, Observation, Rule, Upload};
use crate::report::records::{MatchRecord, VerdictRecord};
use crate::track::Track;

/// A track with what it is held to resemble.
#[derive(Debug)]
pub struct JudgedTrack {
    /// Matches, the surest first, decisions noted.
    pub matches: Vec<MatchRecord>,
    /// What the policies make of them, gravest first.
    pub findings: Vec<Finding>,
    /// The gravest of that.
    pub verdict: VerdictRecord,
}

/// Judges a track of the catalogue by `matches`. What it lacks or declares is no concern of a sweep: it has
/// long been delivered.
pub fn judge_track(judge: &Judge, track: &Arc<Track>, mut matches: Vec<Match>) -> JudgedTrack {
    matches.sort_by(|a, b| {
        let order = a.measures.log10_evalue.total_cmp(&b.measures.log10_evalue);
        order.then_with(|| a.reference.sha256.cmp(&b.reference.sha256))
    });
    let mut upload = Upload { matches, ..Upload::of_track(track.clone()) };
    judge.rule(&mut upload);
    let (findings, verdict) = judge.alone(&upload, concerns_matches).recorded(&upload);
    let matches = upload.matches.iter().map(MatchRecord::from).collect();
    JudgedTrack { matches, findings, verdict }
}

fn concerns_matches(observation: &Observation) -> bool {
    !observation.evidence.is_empty() || observation.rule == Rule::Audio005
}
