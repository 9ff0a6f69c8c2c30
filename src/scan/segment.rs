//! Segments: stretches of a query that run along stretches of a reference, and what their evidence is worth.

use super::comparison::Comparison;
use super::independence::discount;
use super::params::ScanParams;
use super::repetition::distinct_share;
use super::span::Span;
use super::transform::{Transform, to_ms, to_units};
use super::verify::{Run, coincidences};

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
    /// The segment of a run of the query.
    pub(super) fn new(run: &Run, transform: Transform, pair: &Comparison<'_>) -> Segment {
        let (query, reference, scan) = (pair.query, pair.reference.constellation(), pair.scan);
        let ms = |units: f64| to_ms(units).round() as u64;
        let reference_end = f64::from(reference.duration);
        let there = |t: u32| ms(transform.time(f64::from(t)).clamp(0.0, reference_end));
        let distinctive = run.score >= scan.segment.min_score;
        let distinct = || {
            let stretch = query.between(run.begin, run.end.saturating_add(1));
            distinct_share(stretch, &scan.repetition) as f32
        };
        let independent = || {
            let cut = (run.end - run.begin).saturating_sub(scan.plan.block) / 2;
            let middle = query.between(run.begin + cut, run.end.saturating_add(1) - cut);
            let share = f64::from(run.matched) / f64::from(run.peaks.max(1));
            let found = coincidences(middle, reference, &transform, &scan.verify);
            discount(&found, share, &scan.independence) as f32
        };
        Segment {
            distinct: if distinctive { distinct() } else { 1.0 },
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
    pub(super) fn net(&self, scan: &ScanParams) -> f32 {
        let distinct = f64::from(self.distinct);
        let raw_score = f64::from(self.raw_score * self.independence) * distinct;
        let raw_score = scan.score.less_length_penalty(raw_score, self.seconds() * distinct) as f32;
        let changed = self.transform.is_changed(&scan.transform);
        if changed { raw_score - scan.segment.transform_cost } else { raw_score }
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

    /// As seen from the other side.
    pub(super) fn turned(self) -> Segment {
        Segment {
            query_ms: self.reference_ms,
            reference_ms: self.query_ms,
            transform: self.transform.inverse(),
            ..self
        }
    }

    /// The stretch of the query.
    pub(super) fn span(&self) -> Span {
        Span::new(to_units(self.query_ms.0), to_units(self.query_ms.1))
    }

    /// Share of its peaks that have a partner.
    pub(super) fn matched_share(&self) -> f64 {
        f64::from(self.matched) / f64::from(self.peaks.max(1))
    }

    /// Length in the query in seconds.
    pub fn seconds(&self) -> f64 {
        (self.query_ms.1 - self.query_ms.0) as f64 / 1000.0
    }
}
