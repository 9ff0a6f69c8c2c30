//! What is left of a match once other finds in the same query are taken out of it.
//!
//! Two strangers that use one loop have the loop in common and nothing else. Whether that is so is asked of the peaks: of
//! the query those are taken away that coincide with the loop where it sounds, and the lines of the match are walked
//! again over what is left. A copy runs on along them; of two strangers chance is left.

use std::collections::BTreeSet;

use super::comparison::{Comparison, Scored};
use super::evidence::MatchEvidence;
use super::params::ScanParams;
use super::transform::to_units;
use super::verify::coincidences;
use crate::fingerprint::{Constellation, Point};

/// The peaks of `query` that none of these matches, each with its reference, explains.
pub fn unexplained<'a>(
    query: &Constellation,
    by: impl Iterator<Item = (&'a Constellation, &'a MatchEvidence)>,
    scan: &ScanParams,
) -> Constellation {
    let mut taken: BTreeSet<Point> = BTreeSet::new();
    for (reference, found) in by {
        for segment in &found.segments {
            let (from, to) = segment.query_ms;
            let stretch = query.between(to_units(from), to_units(to).saturating_add(1));
            let met = coincidences(stretch, reference, &segment.transform, &scan.verify);
            taken.extend(met.into_iter().map(|c| c.query));
        }
    }
    let points = query.points.iter().filter(|point| !taken.contains(point)).copied().collect();
    Constellation { points, ..query.clone() }
}

impl Comparison<'_> {
    /// What the query, of which only unexplained peaks are left, has in common with the reference along the lines of
    /// `found`; none unless it is accepted.
    pub fn still(&self, found: &MatchEvidence, searched_seconds: f64) -> Option<MatchEvidence> {
        let lines = found.segments.iter();
        let lines = lines.map(|s| Scored { transform: s.transform, raw_score: s.raw_score });
        let left = self.chain(lines.collect(), searched_seconds)?;
        left.accepted().then_some(MatchEvidence { likeness: found.likeness, ..left })
    }
}
