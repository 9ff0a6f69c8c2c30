//! Candidate tracks by voting: a histogram over track and time offset (Wang 2003), weighted by how distinctive a hit is.
//!
//! Every query window looks up the nearest codes. A hit says "this track, at this time"; hits of one track that agree
//! on the offset support each other. A hit's weight is its distance from the worst hit that the same window got, so
//! that windows of common material, whose hits are all alike, say little (as in the ratio test of Lowe 2004).

use soundalike_index::{Hit, TrackNo};

/// Width of an offset cell in time units; a vote counts in its cell and both neighbours.
const CELL: i64 = 60;

/// Offsets kept per track.
const PLACES: usize = 3;

/// Two windows of like code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VotedOffset {
    /// Start in the query, in time units.
    pub query: u32,
    /// Start in the reference.
    pub reference: u32,
}

/// A track that was hit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its number.
    pub track: TrackNo,
    /// The strongest hit at each of its best offsets, best first; at least one.
    pub places: Vec<VotedOffset>,
}

/// A hit and what it votes for.
struct Vote {
    track: TrackNo,
    cell: i64,
    weight: f32,
    place: VotedOffset,
}

/// The hits of one track on one offset.
struct OffsetBin {
    cell: i64,
    weight: f32,
    strongest: (f32, VotedOffset),
}

/// Orders the tracks hit by the support of their best offset, best first, `limit` at most.
///
/// `hits[i]` are the hits of the window that starts at query time `times[i]`.
pub fn rank(times: &[u32], hits: &[Vec<Hit>], limit: usize) -> Vec<Candidate> {
    let mut votes: Vec<Vote> = Vec::with_capacity(hits.iter().map(Vec::len).sum());
    for (&query, hits) in times.iter().zip(hits) {
        let Some(worst) = hits.last().map(|h| h.distance) else { continue };
        for hit in hits {
            let seed = (worst - hit.distance) as f32 + 1.0;
            let cell = (i64::from(hit.time) - i64::from(query)).div_euclid(CELL);
            let place = VotedOffset { query, reference: hit.time };
            votes.push(Vote { track: hit.track, cell, weight: seed * seed, place });
        }
    }
    // Stable: votes for one cell stay in the order of the windows.
    votes.sort_by_key(|v| (v.track, v.cell));
    let mut ranked: Vec<(f32, Candidate)> =
        votes.chunk_by(|a, b| a.track == b.track).map(candidate).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.track.cmp(&b.1.track)));
    ranked.truncate(limit);
    ranked.into_iter().map(|(_, candidate)| candidate).collect()
}

/// What the votes for one track, sorted by cell, come to.
fn candidate(votes: &[Vote]) -> (f32, Candidate) {
    let offset_bins: Vec<OffsetBin> =
        votes.chunk_by(|a, b| a.cell == b.cell).map(offset_bin).collect();
    let beside = |i: Option<usize>, cell: i64| {
        let offset_bin = i.and_then(|i| offset_bins.get(i)).filter(|p| p.cell == cell);
        offset_bin.map_or(0.0, |p| p.weight)
    };
    let support = |(i, p): (usize, &OffsetBin)| {
        let (before, after) =
            (beside(i.checked_sub(1), p.cell - 1), beside(Some(i + 1), p.cell + 1));
        (p.weight + before.max(after), p.strongest.1)
    };
    let mut best: Vec<(f32, VotedOffset)> = offset_bins.iter().enumerate().map(support).collect();
    best.sort_by(|a, b| b.0.total_cmp(&a.0));
    best.truncate(PLACES);
    let places = best.iter().map(|b| b.1).collect();
    (best[0].0, Candidate { track: votes[0].track, places })
}

fn offset_bin(votes: &[Vote]) -> OffsetBin {
    let mut strongest = (votes[0].weight, votes[0].place);
    for vote in &votes[1..] {
        if vote.weight > strongest.0 {
            strongest = (vote.weight, vote.place);
        }
    }
    OffsetBin { cell: votes[0].cell, weight: votes.iter().map(|v| v.weight).sum(), strongest }
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
        let ranked = rank(&times, &hits, 2);
        assert_eq!(ranked.iter().map(|c| c.track).collect::<Vec<_>>(), [TrackNo(1), TrackNo(2)]);
        // The strongest of the three that agree; track 2 was hit at six offsets.
        assert_eq!(ranked[0].places, [VotedOffset { query: 0, reference: 1000 }]);
        assert_eq!(ranked[1].places.len(), PLACES);
    }
}
