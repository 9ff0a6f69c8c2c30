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

use super::matcher::Segment;
use super::verify::VerifyParams;
use crate::fingerprint::Constellation;
use crate::params::FingerprintParams;

/// Time of the segments that is measured, in time units (60 s): twice as much tells nothing more.
const MEASURED: f64 = 15_000.0;
/// Coincidences below which the measures say nothing: some four seconds of a copy.
const MIN_COINCIDENCES: usize = 60;

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
            Some(levels) if self.peaks.coincidences >= MIN_COINCIDENCES => {
                lines::is_recording(&self.peaks, levels)
            }
            _ => true,
        }
    }

    /// Measures the likeness of `query` and `reference` within `segments`.
    pub fn of(
        query: &Constellation,
        reference: &Constellation,
        segments: &[Segment],
        params: &FingerprintParams,
        verify: &VerifyParams,
    ) -> Likeness {
        let query = query.thinned(params);
        let total: f64 = segments.iter().map(|s| s.seconds() * 250.0).sum();
        let part = (MEASURED / total.max(1.0)).min(1.0);
        let mut sides = [peaks::Side::default(), peaks::Side::default()];
        let mut levels = [levels::Side::default(), levels::Side::default()];
        for s in segments {
            let (here, there) = (middle(s.query_ms, part), middle(s.reference_ms, part));
            let back = s.transform.inverse();
            sides[0].add(query.between(here.0, here.1), reference, &s.transform, verify);
            sides[1].add(reference.between(there.0, there.1), &query, &back, verify);
            levels[0].add(&query, reference, here, &s.transform, params);
            levels[1].add(reference, &query, there, &back, params);
        }
        let [here, there] = levels.map(levels::Side::likeness);
        Likeness {
            peaks: PeakLikeness::mean(sides[0].likeness(), sides[1].likeness()),
            levels: here.zip(there).map(|(a, b)| LevelLikeness::mean(a, b)),
        }
    }
}

/// The middle `part` of a stretch, in time units.
fn middle((begin, end): (u64, u64), part: f64) -> (u32, u32) {
    let (begin, end) = (begin as f64 / 4.0, end as f64 / 4.0);
    let cut = (end - begin) * (1.0 - part) / 2.0;
    ((begin + cut) as u32, (end - cut) as u32 + 1)
}
