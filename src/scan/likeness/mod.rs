//! How alike two tracks are where they run along: whether it is the same *recording* that runs there.
//!
//! A line that holds for minutes says that one thing runs along the other, not that it is the same: a voice over a
//! backing track, another performance of a score or a piece generated anew do so as well. How many peaks the two
//! have in common does not tell them apart: a voice leaves as many as noise does, and another performance on the
//! same piano more. How they coincide does (`peaks`), and what else there is in the bands around them (`levels`).
//! `benches/kinds` makes pairs of all these, shows the measures of each and fits the `lines` between them.

mod discriminant;
mod levels;
mod lines;
mod peaks;

pub use levels::LevelLikeness;
pub use peaks::PeakLikeness;

use super::comparison::Comparison;
use super::params::{LikenessParams, ScanParams};
use super::segment::Segment;
use super::span::Span;
use crate::fingerprint::constellation::{MS_PER_TIME_UNIT, TIME_UNITS_PER_SECOND};

/// What likeness is judged by, long after it was measured: the parameters of the build.
const JUDGED_BY: &LikenessParams = &ScanParams::V1.likeness;

/// How alike two tracks are within the segments of a match. The same from either side.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Likeness {
    /// How their peaks coincide.
    pub peaks: PeakLikeness,
    /// How their band levels differ; none where too little of them is known.
    pub levels: Option<LevelLikeness>,
}

impl Likeness {
    /// Whether it is one recording that runs along both, as far as the measures can tell; else another version of
    /// the same material, or one that much else lies over.
    pub fn is_recording(&self) -> bool {
        match &self.levels {
            Some(levels) if self.peaks.coincidences >= JUDGED_BY.min_coincidences => {
                lines::is_recording(&self.peaks, levels, JUDGED_BY)
            }
            _ => true,
        }
    }

    /// Measures the likeness of the tracks of `pair` within `segments`.
    pub(super) fn of(pair: &Comparison<'_>, segments: &[Segment]) -> Likeness {
        let (verify, params) = (&pair.scan.verify, &pair.scan.likeness);
        let (query, reference) =
            (&pair.query.thinned(pair.fingerprint), pair.reference.constellation());
        let total: f64 = segments.iter().map(|s| s.seconds() * TIME_UNITS_PER_SECOND).sum();
        let part = (params.measured / total.max(1.0)).min(1.0);
        let mut sides = [peaks::Side::default(), peaks::Side::default()];
        let mut levels = [levels::Side::default(), levels::Side::default()];
        for s in segments {
            let (here, there) = (middle(s.query_ms, part), middle(s.reference_ms, part));
            let back = s.transform.inverse();
            let points =
                [query.between(here.begin, here.end), reference.between(there.begin, there.end)];
            sides[0].add(points[0], reference, &s.transform, verify, &params.peaks);
            sides[1].add(points[1], query, &back, verify, &params.peaks);
            let along = levels::Along { query, reference, fingerprint: pair.fingerprint };
            levels[0].add(along, here, &s.transform, &params.levels);
            levels[1].add(along.turned(), there, &back, &params.levels);
        }
        let [here, there] = levels.map(|side| side.likeness(&params.levels));
        let [mine, theirs] = sides.map(|side| side.likeness(&params.peaks));
        Likeness {
            peaks: PeakLikeness::mean(mine, theirs),
            levels: here.zip(there).map(|(a, b)| LevelLikeness::mean(a, b)),
        }
    }
}

/// The middle `part` of a stretch in ms.
fn middle((begin, end): (u64, u64), part: f64) -> Span {
    let units = |ms: u64| ms as f64 / f64::from(MS_PER_TIME_UNIT);
    let (begin, end) = (units(begin), units(end));
    let cut = (end - begin) * (1.0 - part) / 2.0;
    Span::new((begin + cut) as u32, (end - cut) as u32 + 1)
}
