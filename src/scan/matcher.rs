//! Comparison of one query with one reference: alignments by offset voting, maximal runs, segments.
//!
//! A long query is aligned block by block, so that a part of it in a long mix is found as easily
//! as in a short clip; every alignment found is then verified along the whole query, and the runs
//! that explain different stretches of the query become the segments of one match.

use std::sync::OnceLock;

use super::align::{AlignParams, ByFrequency, offsets, refine};
use super::background::Background;
use super::independence::discount;
use super::likeness::Likeness;
use super::score;
use super::self_repetition::distinct_share;
use super::transform::{Transform, to_ms};
use super::verify::{Run, VerifyParams, coincidences, estimate, runs};
use crate::fingerprint::anchor::{self, CodedAnchor};
use crate::fingerprint::{Constellation, Point};
use crate::params::FingerprintParams;

/// Longest stretch of a query that is aligned in one piece, in time units (60 s).
const BLOCK: u32 = 15_000;
/// Distance between blocks (45 s).
const BLOCK_STEP: u32 = 11_250;
/// Peaks of the offset histogram verified whatever their height.
const SURE_OFFSETS: usize = 3;
/// Height (standard deviations over chance) from which further top_offsets are verified, too.
const CLEAR_OFFSET: f32 = 6.0;
/// Unrefined alignments that score less (nats) are dropped.
const ESTIMATE_SCORE: f32 = 6.0;
/// Transforms whose lines differ by less than this (time units) over the query are one.
const SAME_LINE: f64 = 10.0;
/// Transforms whose pitch differs by less than this (frequency units) may be one.
const SAME_PITCH: f64 = 6.0;
/// Transforms verified along the whole query, at most.
const MAX_TRANSFORMS: usize = 24;
/// What a change of speed or pitch costs a segment, in nats: looking for them doubles the number
/// of chance runs.
const TRANSFORM_COST: f32 = 4.0;
/// A further segment of a match needs this many nats.
pub(super) const MIN_SEGMENT_SCORE: f32 = 25.0;

/// Tunables of the whole comparison.
#[derive(Debug, Clone, Default)]
pub struct MatchParams {
    /// Alignment.
    pub align: AlignParams,
    /// Verification.
    pub verify: VerifyParams,
}

/// A reference prepared for comparison. What most comparisons with unrelated music never come to
/// ask for is measured when somebody asks.
pub struct Reference {
    points: Constellation,
    bins: usize,
    background: OnceLock<Background>,
    by_frequency: OnceLock<ByFrequency>,
    anchors: OnceLock<Vec<CodedAnchor>>,
}

impl Reference {
    /// A reference with the peaks `points`.
    pub fn new(points: Constellation, params: &FingerprintParams) -> Reference {
        Reference {
            points,
            bins: params.bins,
            background: OnceLock::new(),
            by_frequency: OnceLock::new(),
            anchors: OnceLock::new(),
        }
    }

    /// The reference's peaks.
    pub fn constellation(&self) -> &Constellation {
        &self.points
    }

    /// Densities of the reference's peaks.
    pub fn background(&self) -> &Background {
        self.background.get_or_init(|| Background::new(&self.points, self.bins))
    }

    /// The reference's peaks by frequency.
    pub(super) fn by_frequency(&self) -> &ByFrequency {
        self.by_frequency.get_or_init(|| ByFrequency::new(&self.points))
    }

    /// The reference's anchors.
    pub(super) fn anchors(&self, params: &FingerprintParams) -> &[CodedAnchor] {
        self.anchors.get_or_init(|| anchor::coded(&self.points, params))
    }
}

/// A stretch of the query that runs along a stretch of the reference.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// Begin and end in the query, ms.
    pub query_ms: (u64, u64),
    /// Begin and end in the reference, ms.
    pub reference_ms: (u64, u64),
    /// The map between them.
    pub transform: Transform,
    /// Log-likelihood ratio in nats.
    pub raw_score: f32,
    /// Share of it that does not repeat what the segment said before.
    pub distinct: f32,
    /// Share of its evidence that is independent.
    pub independence: f32,
    /// Query peaks within the segment.
    pub peaks: u32,
    /// Query peaks that land on a reference peak.
    pub matched: u32,
}

impl Segment {
    pub(super) fn new(
        run: &Run,
        transform: Transform,
        query: &Constellation,
        reference: &Constellation,
        verify: &VerifyParams,
    ) -> Segment {
        let ms = |units: f64| to_ms(units).round() as u64;
        let reference_end = f64::from(reference.duration);
        let there = |t: u32| ms(transform.time(f64::from(t)).clamp(0.0, reference_end));
        let distinctive = run.score >= MIN_SEGMENT_SCORE;
        let stretch = query.between(run.begin, run.end.saturating_add(1));
        let independent = || {
            let cut = (run.end - run.begin).saturating_sub(BLOCK) / 2;
            let middle = query.between(run.begin + cut, run.end.saturating_add(1) - cut);
            let share = f64::from(run.matched) / f64::from(run.peaks.max(1));
            discount(&coincidences(middle, reference, &transform, verify), share) as f32
        };
        Segment {
            distinct: if distinctive { distinct_share(stretch) as f32 } else { 1.0 },
            independence: if distinctive { independent() } else { 1.0 },
            query_ms: (ms(f64::from(run.begin)), ms(f64::from(run.end))),
            reference_ms: (there(run.begin), there(run.end)),
            transform,
            raw_score: run.score,
            peaks: run.peaks,
            matched: run.matched,
        }
    }

    /// Nats that count: repeats do not, nor what is not independent, nor length alone, and a changed copy, which
    /// was found among many transforms, pays for the choice.
    fn net(&self) -> f32 {
        let distinct = f64::from(self.distinct);
        let raw_score = f64::from(self.raw_score * self.independence) * distinct;
        let raw_score = score::less_length_penalty(raw_score, self.seconds() * distinct) as f32;
        if self.transform.is_changed() { raw_score - TRANSFORM_COST } else { raw_score }
    }

    /// A sure one at the same speed, of so many milliseconds on both sides.
    #[cfg(test)]
    pub(crate) fn sure(query_ms: (u64, u64), reference_ms: (u64, u64)) -> Segment {
        Segment {
            query_ms,
            reference_ms,
            transform: Transform::shift(0.0),
            raw_score: 100.0,
            distinct: 1.0,
            independence: 1.0,
            peaks: 100,
            matched: 80,
        }
    }

    fn turned(self) -> Segment {
        Segment {
            query_ms: self.reference_ms,
            reference_ms: self.query_ms,
            transform: self.transform.inverse(),
            ..self
        }
    }

    /// Length in the query in seconds.
    pub fn seconds(&self) -> f64 {
        (self.query_ms.1 - self.query_ms.0) as f64 / 1000.0
    }
}

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
        let best = self.segments.iter().max_by(|a, b| a.net().total_cmp(&b.net()));
        // `compare` never makes a match without segments.
        best.unwrap_or(&self.segments[0])
    }

    /// The same evidence, told by other segments; they are brought into query order.
    pub(super) fn with_segments(
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
        let on_line = self.segments.iter().filter(|s| !differ(&s.transform, &best, duration));
        let units = |ms: u64| ms as f64 / to_ms(1.0);
        units(covered(on_line.map(|s| s.query_ms))) / f64::from(duration.max(1))
    }

    /// Whether the evidence is beyond what chance gives.
    pub fn accepted(&self) -> bool {
        self.log10_evalue <= score::ACCEPT_LOG10_EVALUE
    }

    /// Matched peaks per second of matching query.
    pub fn peaks_per_second(&self) -> f64 {
        let matched: u32 = self.segments.iter().map(|s| s.matched).sum();
        let seconds: f64 = self.segments.iter().map(Segment::seconds).sum();
        f64::from(matched) / seconds.max(0.1)
    }
}

/// The stretches of a query that are aligned one by one.
pub fn blocks(duration: u32) -> Vec<(u32, u32)> {
    if duration <= BLOCK + BLOCK / 2 {
        return vec![(0, duration)];
    }
    let last = duration - BLOCK;
    (0..last).step_by(BLOCK_STEP as usize).chain([last]).map(|b| (b, b + BLOCK)).collect()
}

/// The alignments of the query's stretch `block` in `reference` that verification supports, with
/// the score it gave them there.
pub fn block_transforms(
    query: &Constellation,
    block: (u32, u32),
    reference: &Reference,
    params: &MatchParams,
) -> Vec<(Transform, f32)> {
    let local = query.slice(block.0, block.1);
    let local = &local.points;
    let top_offsets = offsets(
        local,
        block.1 - block.0,
        reference.by_frequency(),
        reference.points.duration,
        &params.align,
    );
    let worth =
        |(i, top_offset): (usize, &(f64, f32))| i < SURE_OFFSETS || top_offset.1 >= CLEAR_OFFSET;
    top_offsets
        .iter()
        .enumerate()
        .filter(|(i, top_offset)| worth((*i, top_offset)))
        .filter_map(|(_, &(offset, _))| {
            let transform = Transform::shift(offset);
            let first = estimate(
                local,
                &reference.points,
                reference.background(),
                &transform,
                &params.verify,
            );
            if first < ESTIMATE_SCORE {
                return None;
            }
            let transform =
                refine(local, &reference.points, transform, &params.align, &params.verify);
            let run = best_run(local, reference, &transform, params)?;
            Some((transform.after(block.0), run.score))
        })
        .collect()
}

fn best_run(
    points: &[Point],
    reference: &Reference,
    transform: &Transform,
    params: &MatchParams,
) -> Option<Run> {
    runs(points, &reference.points, reference.background(), transform, &params.verify)
        .into_iter()
        .next()
}

/// Verifies `transforms` (with their block scores) along the whole query and chains what they explain.
///
/// `searched_seconds` is the length of all the references the query was compared with.
pub fn verify_transforms(
    query: &Constellation,
    reference: &Reference,
    mut transforms: Vec<(Transform, f32)>,
    searched_seconds: f64,
    params: &MatchParams,
) -> Option<MatchEvidence> {
    transforms.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.offset.total_cmp(&b.0.offset)));
    let mut lines: Vec<Transform> = Vec::new();
    for (transform, _) in transforms {
        if lines.len() < MAX_TRANSFORMS
            && lines.iter().all(|l| differ(l, &transform, query.duration))
        {
            lines.push(transform);
        }
    }
    let mut found: Vec<Segment> = Vec::new();
    for transform in lines {
        let runs = runs(
            &query.points,
            &reference.points,
            reference.background(),
            &transform,
            &params.verify,
        );
        let segment = |run| Segment::new(run, transform, query, &reference.points, &params.verify);
        found.extend(runs.iter().map(segment));
    }
    found.sort_by(|a, b| b.net().total_cmp(&a.net()).then(a.query_ms.cmp(&b.query_ms)));
    let raw_score = found.first()?.net();
    let mut segments: Vec<Segment> = Vec::new();
    for segment in found {
        let further = segments.is_empty() || segment.raw_score >= MIN_SEGMENT_SCORE;
        if further && segments.iter().all(|s| mostly_apart(s, &segment)) {
            segments.push(segment);
        }
    }
    let query_seconds = query.duration_ms() as f64 / 1000.0;
    let log10_evalue = score::log10_evalue(f64::from(raw_score), query_seconds, searched_seconds);
    let found = MatchEvidence {
        raw_score,
        log10_evalue,
        score: score::score(log10_evalue),
        ..MatchEvidence::default()
    };
    Some(found.with_segments(segments, query, &reference.points))
}

pub(super) fn differ(a: &Transform, b: &Transform, query_end: u32) -> bool {
    let gap = |t: f64| (a.time(t) - b.time(t)).abs();
    gap(0.0).max(gap(f64::from(query_end))) > SAME_LINE
        || (a.freq_shift - b.freq_shift).abs() > SAME_PITCH
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
    fn blocks_cover_every_moment() {
        for duration in [0, 500, 15_000, 22_500, 22_501, 50_000, 900_000] {
            let blocks = blocks(duration);
            assert_eq!(blocks[0].0, 0);
            assert_eq!(blocks[blocks.len() - 1].1, duration);
            assert!(blocks.windows(2).all(|w| w[1].0 <= w[0].1));
        }
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
