//! From descriptor hits to candidate tracks.
//!
//! Every query window asks the index for the nearest codes. A hit says "this track, at this time";
//! hits of one track that agree on the time offset support each other. A hit's weight is its lead
//! over the worst hit the same window got back, so that windows of common material, whose hits are
//! all alike, say little.

use std::collections::BTreeMap;

use soundalike_index::{Hit, TrackNo};

/// Width of an offset cell in time units; a vote counts in its cell and both neighbours.
const CELL: i64 = 60;

/// Orders the tracks hit by the support of their best offset, best first, `limit` at most.
///
/// `hits[i]` are the hits of the window that starts at query time `times[i]`.
pub fn rank(times: &[u32], hits: &[Vec<Hit>], limit: usize) -> Vec<TrackNo> {
    let mut votes: BTreeMap<(TrackNo, i64), f32> = BTreeMap::new();
    for (time, hits) in times.iter().zip(hits) {
        let Some(worst) = hits.last().map(|h| h.distance) else { continue };
        for hit in hits {
            let lead = (worst - hit.distance) as f32 + 1.0;
            let cell = (i64::from(hit.time) - i64::from(*time)).div_euclid(CELL);
            *votes.entry((hit.track, cell)).or_default() += lead * lead;
        }
    }
    let mut best: BTreeMap<TrackNo, f32> = BTreeMap::new();
    for (&(track, cell), weight) in &votes {
        let near = |d: i64| votes.get(&(track, cell + d)).copied().unwrap_or(0.0);
        let support = weight + near(-1).max(near(1));
        let top = best.entry(track).or_default();
        *top = top.max(support);
    }
    let mut ranked: Vec<(TrackNo, f32)> = best.into_iter().collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    ranked.truncate(limit);
    ranked.into_iter().map(|(track, _)| track).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(track: u32, time: u32, distance: u32) -> Hit {
        Hit { track: TrackNo(track), time, distance }
    }

    #[test]
    fn hits_that_agree_on_the_offset_beat_more_hits_that_do_not() {
        let times = [0, 100, 200];
        let hits = vec![
            vec![hit(1, 1000, 70), hit(2, 10, 70), hit(2, 900, 71), hit(3, 5, 90)],
            vec![hit(1, 1100, 70), hit(2, 5000, 70), hit(2, 3000, 71), hit(3, 9, 90)],
            vec![hit(1, 1200, 70), hit(2, 9000, 70), hit(2, 7000, 71), hit(3, 1, 90)],
        ];
        assert_eq!(rank(&times, &hits, 2), vec![TrackNo(1), TrackNo(2)]);
    }
}
