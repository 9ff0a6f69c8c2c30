//! Evidence: what was found of a query in one reference.
//!
//! Alignments found in one block are verified along the whole query, and the runs that explain different stretches of
//! it become the segments of one match.

use super::comparison::{Comparison, Scored};
use super::likeness::Likeness;
use super::params::{PlanParams, ScanParams};
use super::segment::Segment;
use super::span::Span;
use super::transform::{Transform, to_ms};
use crate::fingerprint::Constellation;

/// What a finished match is asked by: whether it is accepted, and which segment says most. It travels without the
/// parameters of the comparison, which are those of the build.
const JUDGED_BY: &ScanParams = &ScanParams::V1;

/// What was found of a query in one reference.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MatchEvidence {
    /// Segments in query order; at least one.
    pub segments: Vec<Segment>,
    /// Score in nats of the best segment, less the price of its length and of a change of speed or pitch.
    pub raw_score: f32,
    /// `log10` of the expected number of chance matches as good as the best segment.
    pub log10_evalue: f64,
    /// 0 to 100, 50 at the acceptance line.
    pub score: f64,
    /// Query time inside segments, ms.
    pub query_covered_ms: u64,
    /// Reference time inside segments, ms; less than the query's when the query repeats a part.
    pub reference_covered_ms: u64,
    /// Share of the query inside segments, 0 to 1.
    pub query_coverage: f64,
    /// Share of the reference inside segments, 0 to 1.
    pub reference_coverage: f64,
    /// Other places of the reference that hold what the best segment holds, in reference order; not covered.
    pub repeats: Vec<Segment>,
    /// How alike the tracks are within the segments; measured for accepted matches.
    pub likeness: Likeness,
}

impl MatchEvidence {
    /// The segment with the most evidence.
    pub fn best(&self) -> &Segment {
        let best =
            self.segments.iter().max_by(|a, b| a.net(JUDGED_BY).total_cmp(&b.net(JUDGED_BY)));
        // `compare` never makes a match without segments.
        best.unwrap_or(&self.segments[0])
    }

    /// The stretches of the query that it covers.
    pub(super) fn spans(&self) -> impl Iterator<Item = Span> {
        self.segments.iter().map(Segment::span)
    }

    /// The same evidence, told by other segments; they are brought into query order.
    pub fn with_segments(
        self,
        mut segments: Vec<Segment>,
        query: &Constellation,
        reference: &Constellation,
    ) -> MatchEvidence {
        segments.sort_by_key(|s| (s.query_ms, s.reference_ms));
        let query_covered_ms = covered(segments.iter().map(|s| s.query_ms));
        let reference_covered_ms = covered(segments.iter().map(|s| s.reference_ms));
        MatchEvidence {
            query_covered_ms,
            reference_covered_ms,
            query_coverage: share(query_covered_ms, query.duration_ms()),
            reference_coverage: share(reference_covered_ms, reference.duration_ms()),
            segments,
            ..self
        }
    }

    /// The match as seen from the other side: query and reference in each other's place.
    #[must_use]
    pub fn turned(self) -> MatchEvidence {
        // What lies at several places of the reference is several stretches of it, seen from there.
        let all = self.segments.into_iter().chain(self.repeats);
        let mut segments: Vec<Segment> = all.map(Segment::turned).collect();
        segments.sort_by_key(|s| (s.query_ms, s.reference_ms));
        let query_covered_ms = covered(segments.iter().map(|s| s.query_ms));
        let duration = self.reference_covered_ms as f64 / self.reference_coverage.max(1e-9);
        MatchEvidence {
            segments,
            query_covered_ms,
            reference_covered_ms: self.query_covered_ms,
            query_coverage: (query_covered_ms as f64 / duration.max(1.0)).min(1.0),
            reference_coverage: self.query_coverage,
            repeats: Vec::new(),
            ..self
        }
    }

    /// Share of a query of `duration` time units that the best segment's line explains. Segments on
    /// other lines may be repeats, or scraps of a copy at another speed.
    pub fn best_line_coverage(&self, duration: u32) -> f64 {
        let best = self.best().transform;
        let on_line = self
            .segments
            .iter()
            .filter(|s| !s.transform.differs(&best, duration, &JUDGED_BY.transform));
        let units = |ms: u64| ms as f64 / to_ms(1.0);
        units(covered(on_line.map(|s| s.query_ms))) / f64::from(duration.max(1))
    }

    /// Whether nothing of `query` is left to explain by a copy at another speed or pitch.
    pub(super) fn explains(&self, query: &Constellation, plan: &PlanParams) -> bool {
        self.log10_evalue <= plan.sure_log10_evalue
            && self.best_line_coverage(query.duration) >= plan.explained
    }

    /// Whether the evidence is beyond what chance gives.
    pub fn accepted(&self) -> bool {
        self.log10_evalue <= JUDGED_BY.score.accept_log10_evalue
    }

    /// Matched peaks per second of matching query.
    pub fn peaks_per_second(&self) -> f64 {
        let matched: u32 = self.segments.iter().map(|s| s.matched).sum();
        let seconds: f64 = self.segments.iter().map(Segment::seconds).sum();
        f64::from(matched) / seconds.max(0.1)
    }
}

impl Comparison<'_> {
    /// Verifies `lines` along the whole query and chains what they explain.
    ///
    /// `searched_seconds` is the length of all the references the query was compared with.
    pub fn chain(&self, mut lines: Vec<Scored>, searched_seconds: f64) -> Option<MatchEvidence> {
        let (query, scan) = (self.query, self.scan);
        lines.sort_by(|a, b| {
            let order = b.raw_score.total_cmp(&a.raw_score);
            order.then(a.transform.offset.total_cmp(&b.transform.offset))
        });
        let mut transforms: Vec<Transform> = Vec::new();
        for Scored { transform, .. } in lines {
            let is_new = |t: &Transform| t.differs(&transform, query.duration, &scan.transform);
            if transforms.len() < scan.segment.max_transforms && transforms.iter().all(is_new) {
                transforms.push(transform);
            }
        }
        let mut found: Vec<Segment> = Vec::new();
        for transform in transforms {
            let runs = self.runs(&query.points, &transform);
            found.extend(runs.iter().map(|run| Segment::new(run, transform, self)));
        }
        found.sort_by(|a, b| b.net(scan).total_cmp(&a.net(scan)).then(a.query_ms.cmp(&b.query_ms)));
        let raw_score = found.first()?.net(scan);
        let mut segments: Vec<Segment> = Vec::new();
        for segment in found {
            let further = segments.is_empty() || segment.raw_score >= scan.segment.min_score;
            if further && segments.iter().all(|s| mostly_apart(s, &segment)) {
                segments.push(segment);
            }
        }
        let query_seconds = query.duration_ms() as f64 / 1000.0;
        let log10_evalue =
            scan.score.log10_evalue(f64::from(raw_score), query_seconds, searched_seconds);
        let found = MatchEvidence {
            raw_score,
            log10_evalue,
            score: scan.score.score(log10_evalue),
            ..MatchEvidence::default()
        };
        Some(found.with_segments(segments, query, self.reference.constellation()))
    }
}

/// Whether two segments share less than half of the shorter one's query time.
fn mostly_apart(a: &Segment, b: &Segment) -> bool {
    let shared = a.query_ms.1.min(b.query_ms.1).saturating_sub(a.query_ms.0.max(b.query_ms.0));
    let shorter = (a.query_ms.1 - a.query_ms.0).min(b.query_ms.1 - b.query_ms.0);
    2 * shared <= shorter
}

/// Length of the union of the intervals.
pub fn covered(intervals: impl Iterator<Item = (u64, u64)>) -> u64 {
    let mut sorted: Vec<_> = intervals.collect();
    sorted.sort_unstable();
    let (mut covered, mut reached) = (0, 0);
    for (begin, end) in sorted {
        covered += end.saturating_sub(begin.max(reached));
        reached = reached.max(end);
    }
    covered
}

fn share(part_ms: u64, total_ms: u64) -> f64 {
    (part_ms as f64 / total_ms.max(1) as f64).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coverage_counts_shared_time_once() {
        assert_eq!(covered([(0, 500), (250, 750), (2_000, 3_000)].into_iter()), 1_750);
    }

    #[test]
    fn turned_twice_a_match_is_what_it_was() {
        let transform = Transform { offset: 500.0, time_factor: 1.25, freq_shift: 24.0 };
        let segment = |begin: u64| Segment {
            query_ms: (begin, begin + 4000),
            reference_ms: (begin + 7000, begin + 12_000),
            transform,
            raw_score: 90.0,
            distinct: 1.0,
            independence: 1.0,
            peaks: 100,
            matched: 80,
        };
        let found = MatchEvidence {
            segments: vec![segment(1000), segment(9000)],
            raw_score: 90.0,
            log10_evalue: -9.0,
            score: 75.0,
            query_covered_ms: 8000,
            reference_covered_ms: 10_000,
            query_coverage: 0.5,
            reference_coverage: 0.25,
            ..MatchEvidence::default()
        };
        let turned = found.clone().turned();
        assert_eq!(turned.segments[0].query_ms, (8000, 13_000));
        assert_eq!(turned.segments[0].transform.time_factor, 0.8);
        assert_eq!(turned.segments[0].transform.time(500.0 + 1.25 * 80.0), 80.0);
        assert_eq!((turned.query_coverage, turned.query_covered_ms), (0.25, 10_000));
        assert_eq!(turned.turned(), found);
    }
}
