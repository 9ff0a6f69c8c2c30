//! How alike two tracks are where they run along: whether it is the same *recording* that runs there.
//!
//! A line that holds for minutes says that one thing runs along the other, not that it is the same: a voice over a
//! backing track, another performance of a score or a piece generated anew do so as well. The share of peaks in
//! common tells these from copies only in part, since noise adds peaks and codecs take some away. Timing tells
//! more: what was recorded once is there to the millisecond.

use super::matcher::Segment;
use super::verify::{VerifyParams, coincidences};
use crate::fingerprint::Constellation;
use crate::params::FingerprintParams;

/// Time distance (time units, 4 ms) up to which a coincidence is exact.
const EXACT: f64 = 1.0;
/// Coincidences around each, whose median time distance is taken off: tape and clocks wander.
const AROUND: usize = 41;

/// What the peaks of two tracks have in common within the segments of a match.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Likeness {
    /// Share of the query's peaks, at the density of a reference, that land on one of the reference, 0 to 1.
    pub query_share: f64,
    /// Share of the reference's peaks that land on one of the query, 0 to 1.
    pub reference_share: f64,
    /// Share of the coincidences that are exact in time, 0 to 1.
    pub exact_share: f64,
}

impl Likeness {
    /// As seen from the other side.
    pub(super) fn turned(self) -> Likeness {
        Likeness { query_share: self.reference_share, reference_share: self.query_share, ..self }
    }

    /// Measures the likeness of `query` and `reference` within `segments`.
    pub fn of(
        query: &Constellation,
        reference: &Constellation,
        segments: &[Segment],
        params: &FingerprintParams,
        verify: &VerifyParams,
    ) -> Likeness {
        let thin = query.thinned(params);
        let (mut here, mut there, mut met_here, mut met_there) = (0, 0, 0, 0);
        let mut exact = (0, 0);
        for s in segments {
            let span = |(from, to): (u64, u64)| ((from / 4) as u32, (to / 4) as u32 + 1);
            let (own, other) = (span(s.query_ms), span(s.reference_ms));
            let own = thin.between(own.0, own.1);
            let other = reference.between(other.0, other.1);
            here += own.len();
            there += other.len();
            met_here += coincidences(own, reference, &s.warp, verify).len();
            let back = s.warp.inverse();
            let met = coincidences(other, query, &back, verify);
            met_there += met.len();
            let late: Vec<f64> = met
                .iter()
                .map(|c| f64::from(c.reference.time) - back.time(f64::from(c.query.time)))
                .collect();
            exact.0 += count_exact(&late);
            exact.1 += late.len();
        }
        let share = |part: usize, of: usize| part as f64 / of.max(1) as f64;
        Likeness {
            query_share: share(met_here, here),
            reference_share: share(met_there, there),
            exact_share: share(exact.0, exact.1),
        }
    }
}

/// How many of the time distances are within [`EXACT`] of the median of those around them.
fn count_exact(late: &[f64]) -> usize {
    let half = AROUND / 2;
    let near = |i: usize| {
        let mut around = late[i.saturating_sub(half)..(i + half + 1).min(late.len())].to_vec();
        let middle = around.len() / 2;
        let (_, median, _) = around.select_nth_unstable_by(middle, f64::total_cmp);
        (late[i] - *median).abs() <= EXACT
    };
    (0..late.len()).filter(|&i| near(i)).count()
}
