//! What policies and decisions make of the matches of a catalogue track.

use std::sync::Arc;

use crate::engine::Judge;
use crate::matches::Match;
use crate::policy::{Finding, Observation, Rule, Upload};
use crate::report::records::{MatchRecord, ResemblanceRecord, VerdictRecord};
use crate::resemblance::Resemblance;
use crate::track::Track;

/// A track with what it is held to resemble.
#[derive(Debug)]
pub struct JudgedTrack {
    /// Matches, the surest first, decisions noted.
    pub matches: Vec<MatchRecord>,
    /// What it plays that references play, the surest first.
    pub resemblances: Vec<ResemblanceRecord>,
    /// What the policies make of them, gravest first.
    pub findings: Vec<Finding>,
    /// The gravest of that.
    pub verdict: VerdictRecord,
}

/// What a track of the catalogue and references have in common.
#[derive(Debug, Clone, Default)]
pub struct InCommon {
    /// Recordings.
    pub matches: Vec<Match>,
    /// What is played.
    pub resemblances: Vec<Resemblance>,
}

impl InCommon {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.matches.is_empty() && self.resemblances.is_empty()
    }
}

/// Judges a track of the catalogue by what it has in common with references. What it lacks or declares is no concern of a sweep: it has
/// long been delivered.
pub fn judge_track(judge: &Judge, track: &Arc<Track>, found: InCommon) -> JudgedTrack {
    let InCommon { mut matches, mut resemblances } = found;
    resemblances.sort_by(|a, b| {
        let order = a.log10_evalue.total_cmp(&b.log10_evalue);
        order.then_with(|| a.reference.sha256.cmp(&b.reference.sha256))
    });
    matches.sort_by(|a, b| {
        let order = a.measures.log10_evalue.total_cmp(&b.measures.log10_evalue);
        order.then_with(|| a.reference.sha256.cmp(&b.reference.sha256))
    });
    let mut upload = Upload { matches, resemblances, ..Upload::of_track(track.clone()) };
    judge.rule(&mut upload);
    let (findings, verdict) = judge.alone(&upload, concerns_matches).recorded(&upload);
    let matches = upload.matches.iter().map(MatchRecord::from).collect();
    let resemblances = upload.resemblances.iter().map(ResemblanceRecord::from).collect();
    JudgedTrack { matches, resemblances, findings, verdict }
}

fn concerns_matches(observation: &Observation) -> bool {
    !observation.evidence.is_empty() || observation.rule == Rule::Audio005
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::Level;
    use crate::matches::{AlignedSegment, Measures};
    use crate::scan::kind::MatchKind;
    use crate::sweep::compare::Found;
    use crate::sweep::findings::{Findings, PairKey};

    /// Half a minute of an upload of a minute, or nearly.
    fn matched(query_match_pct: f64) -> Match {
        let query = Arc::new(Track { sha256: [1; 32], duration_ms: 60_000, ..Track::default() });
        let reference =
            Arc::new(Track { sha256: [2; 32], duration_ms: 600_000, ..Track::default() });
        let measures = Measures {
            score: 97.0,
            log10_evalue: -60.0,
            query_match_pct,
            asset_match_pct: 5.0,
            ..Measures::default()
        };
        let segment = AlignedSegment {
            query_ms: (0, 29_976),
            reference_ms: (0, 29_976),
            ..AlignedSegment::default()
        };
        Match {
            id: "m_1".into(),
            kind: MatchKind::Excerpt,
            query,
            reference,
            measures,
            modified: false,
            segments: vec![segment],
            repeats: Vec::new(),
            beside_loops: None,
            loops: Vec::new(),
            allowed_by: None,
            blocked_by: None,
        }
    }

    #[test]
    fn a_share_that_only_rounding_lifts_over_a_line_is_below_it_at_night_as_by_day() {
        let judge = Judge::by_policies("generic").unwrap();
        for (share, level) in [(49.96, Level::Review), (50.0, Level::Hold)] {
            let by_day = matched(share);
            let upload =
                Upload { matches: vec![by_day.clone()], ..Upload::of_track(by_day.query.clone()) };
            let verdict = judge.alone(&upload, concerns_matches).verdict;
            assert_eq!(verdict.level, level, "{share} in a scan");

            // Through the file of findings, as a sweep judges.
            let dir = tempfile::tempdir().unwrap();
            let mut findings = Findings::open(dir.path()).unwrap();
            findings.add(1, &[Found::Match(by_day.clone())]).unwrap();
            let place = findings.reported().get(&PairKey::new([1; 32], &[2; 32])).unwrap();
            let stored = findings.read(place).unwrap();
            let read = stored.restored(by_day.query.clone(), by_day.reference.clone());
            assert_eq!(read, by_day);
            let judged = judge_track(
                &judge,
                &by_day.query,
                InCommon { matches: vec![read], ..InCommon::default() },
            );
            assert_eq!(judged.matches[0].query_match_pct, 50.0, "what is shown is rounded");
            assert_eq!(judged.verdict.verdict, level, "{share} in a sweep");
        }
    }
}
