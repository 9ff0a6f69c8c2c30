//! Prefilter: a cheap score before the dear one, near the place that a hit names.
//!
//! Comparing a minute of a query with all of a reference costs a millisecond, and an unknown track has some hundred
//! candidates a minute, all of them chance. A copy shows where its code was found: a few seconds around it, on one
//! offset near the one that the hit tells. BLAST extends a seed without gaps first for the same reason. The same
//! estimate abandons hypotheses that do not show by themselves what they were grown from.

use super::comparison::{Comparison, Scored};
use super::params::PlanParams;
use super::span::Span;
use super::transform::Transform;
use super::vote::{PairHistogram, VotedOffset};
use crate::fingerprint::Constellation;

/// Whether `query` has so many candidates that weak lines and hypotheses are abandoned early.
pub(super) fn is_long(query: &Constellation, plan: &PlanParams) -> bool {
    query.duration > plan.long
}

impl Comparison<'_> {
    /// The line at the query's own speed near `place`, a window of the query, if the estimate shows a copy there.
    pub(super) fn prefilter(&self, place: VotedOffset) -> Option<Scored> {
        let (window, params) = (self.fingerprint.window, &self.scan.prefilter);
        let (offset, excess) = self.best_offset(place, window);
        if excess < params.min_excess {
            return None;
        }
        let transform = Transform::shift(offset);
        let around = Span::new(
            place.query.saturating_sub(params.margin),
            place.query.saturating_add(window + params.margin),
        );
        let raw_score = self.estimate_within(around, &transform);
        (raw_score >= params.min_score).then_some(Scored { transform, raw_score })
    }

    /// The same line, refined over all of the query.
    pub(super) fn prefiltered_line(&self, place: VotedOffset) -> Option<Scored> {
        let Scored { transform, raw_score } = self.prefilter(place)?;
        Some(Scored { transform: self.refine(&self.query.points, transform), raw_score })
    }

    /// A cheap estimate of what a stretch of the query scores under `transform`.
    pub(super) fn estimate_within(&self, span: Span, transform: &Transform) -> f32 {
        self.estimate(self.query.between(span.begin, span.end), transform)
    }

    /// The offset near that of `place` on which most pairs of peaks of like frequency agree, and how far it stands out.
    fn best_offset(&self, place: VotedOffset, window: u32) -> (f64, f32) {
        let points = self.query.between(place.query, place.query + window);
        let (reference, around) = (self.reference.constellation(), self.scan.prefilter.misaligned);
        PairHistogram::near(points, place, reference, around, &self.scan.offsets).highest()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::{Point, test_points};
    use crate::params::FingerprintParams;
    use crate::scan::params::ScanParams;
    use crate::scan::reference::Reference;

    fn scattered(seed: u64, length: u32) -> Vec<Point> {
        test_points::scattered(seed, length / 9, length)
    }

    #[test]
    fn five_seconds_of_a_copy_show_where_the_hit_says_and_chance_does_not() {
        let (scan, fingerprint) = (&ScanParams::V1, &FingerprintParams::V2);
        let reference = Constellation {
            points: scattered(1, 15_000),
            duration: 15_000,
            ..Constellation::default()
        };
        let mut points = scattered(2, 10_000);
        points.retain(|p| !(2_000..3_250).contains(&p.time));
        let copied = reference.between(5_000, 6_250).iter();
        points.extend(copied.map(|p| Point { time: p.time - 3_000, ..*p }));
        points.sort();
        let query = &Constellation { points, duration: 10_000, ..Constellation::default() };
        let reference = &Reference::new(reference, fingerprint);
        let pair = Comparison { query, reference, scan, fingerprint };
        let shown = |query: u32, reference: u32| pair.prefilter(VotedOffset { query, reference });
        // Codes lie a second apart: the hit is off by up to a quarter of it.
        for there in [5_240, 5_300, 5_360] {
            let score = shown(2_300, there).map_or(0.0, |line| line.raw_score);
            assert!(score > 2.0 * scan.prefilter.min_score, "{there}: {score}");
        }
        for there in [2_000, 9_000, 12_000] {
            assert_eq!(shown(2_300, there), None, "{there}");
        }
        // At either end nothing is out of bounds.
        shown(9_900, 14_990);
        shown(0, 0);
    }
}
