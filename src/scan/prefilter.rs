//! Prefilter: a cheap score around the place that a hit names, before a candidate is compared as a whole.
//!
//! Comparing a minute of a query with all of a reference costs a millisecond, and an unknown track has some hundred
//! candidates a minute, all of them chance. A copy shows where its code was found: a few seconds around it, on one
//! offset near the one that the hit tells. BLAST extends a seed without gaps first for the same reason.

use super::candidates::VotedOffset;
use super::matcher::{MatchParams, Reference};
use super::transform::Transform;
use super::verify::estimate;
use crate::fingerprint::Constellation;

/// Queries longer than this (time units, 32 s) are compared only with what a first look supports. A
/// shorter one has few places to be found at, and few candidates.
const LONG: u32 = 8_000;
/// What a first look must score (nats). Copies that are accepted score 60 and more in all, 4 a second at
/// least; unrelated music seldom more than 12.
pub const PREFILTER_SCORE: f32 = 16.0;

/// Whether `query` has so many candidates that a first look at them pays.
pub fn is_long(query: &Constellation) -> bool {
    query.duration > LONG
}

/// How far (time units) the copy may lie from the offset of a hit: codes are a second apart.
const MISALIGNED: u32 = 64;
/// Time units that are looked at to each side of the window that was hit.
const MARGIN: u32 = 375;

/// The best line at the query's own speed near `place`, and the nats that its surroundings score on it.
pub fn prefilter(
    query: &Constellation,
    place: VotedOffset,
    reference: &Reference,
    window: u32,
    params: &MatchParams,
) -> (Transform, f32) {
    let offset = best_offset(query, place, reference.constellation(), window, params);
    let around = query
        .between(place.query.saturating_sub(MARGIN), place.query.saturating_add(window + MARGIN));
    let (peaks, background) = (reference.constellation(), reference.background());
    let transform = Transform::shift(offset);
    (transform, estimate(around, peaks, background, &transform, &params.verify))
}

/// The offset near that of `place` on which most pairs of peaks of like frequency agree.
fn best_offset(
    query: &Constellation,
    place: VotedOffset,
    reference: &Constellation,
    window: u32,
    params: &MatchParams,
) -> f64 {
    let cell = params.align.cell;
    let mut votes = vec![0u32; (2 * MISALIGNED / cell) as usize + 3];
    let points = query.between(place.query, place.query + window);
    let there = &reference.points;
    // The time in the reference at which a peak at the window's begin may lie, less the misalignment;
    // both sides moved by it so that nothing is negative.
    let begin = place.reference + MISALIGNED;
    let mut from = there.partition_point(|r| r.time + 2 * MISALIGNED < begin);
    for p in points {
        let earliest = place.reference + (p.time - place.query);
        while there.get(from).is_some_and(|r| r.time + MISALIGNED < earliest) {
            from += 1;
        }
        for r in there[from..].iter().take_while(|r| r.time <= earliest + MISALIGNED) {
            if r.freq.abs_diff(p.freq) <= params.align.freq_reach {
                votes[((r.time + MISALIGNED - earliest) / cell) as usize + 1] += 1;
            }
        }
    }
    let smooth = |i: usize| votes[i - 1] + 2 * votes[i] + votes[i + 1];
    let mut best = (0, 1);
    for i in 1..votes.len() - 1 {
        if smooth(i) > best.0 {
            best = (smooth(i), i);
        }
    }
    f64::from(place.reference) - f64::from(place.query) - f64::from(MISALIGNED)
        + (best.1 as f64 - 0.5) * f64::from(cell)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::{Point, test_points};
    use crate::params::FingerprintParams;

    fn scattered(seed: u64, length: u32) -> Vec<Point> {
        test_points::scattered(seed, length / 9, length)
    }

    #[test]
    fn five_seconds_of_a_copy_show_where_the_hit_says_and_chance_does_not() {
        let params = FingerprintParams::V2;
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
        let query = Constellation { points, duration: 10_000, ..Constellation::default() };
        let reference = Reference::new(reference, &params);
        let look = |at: u32, there: u32| {
            let place = VotedOffset { query: at, reference: there };
            prefilter(&query, place, &reference, params.window, &MatchParams::default()).1
        };
        // Codes lie a second apart: the hit is off by up to a quarter of it.
        for there in [5_240, 5_300, 5_360] {
            assert!(look(2_300, there) > 2.0 * PREFILTER_SCORE, "{there}: {}", look(2_300, there));
        }
        for there in [2_000, 9_000, 12_000] {
            assert!(look(2_300, there) < PREFILTER_SCORE, "{there}: {}", look(2_300, there));
        }
        // At either end nothing is out of bounds.
        look(9_900, 14_990);
        look(0, 0);
    }
}
