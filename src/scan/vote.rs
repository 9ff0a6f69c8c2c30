//! Vote: which track, and at which offset (Wang 2003).
//!
//! A copy runs along a line, so what it has in common with the reference agrees on the offset between them, and in a
//! histogram over offsets it makes one high peak while chance spreads evenly. This is done twice. The *hits* of a lookup
//! vote for a track, a tempo step and an offset (`Histogram`): who has the votes becomes a candidate. The *pairs of
//! peaks* of like frequency in a query and one candidate vote for the offset between them ([`PairHistogram`]): there
//! alignment begins.

use soundalike_index::{Hit, TrackNo};

use super::params::{OffsetParams, VoteParams};
use super::probe::{Probe, Seed, weight};
use super::span::Span;
use crate::fingerprint::{Constellation, Point};

/// Two windows of like code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VotedOffset {
    /// Start in the query, in time units.
    pub query: u32,
    /// Start in the reference.
    pub reference: u32,
}

/// A track that windows hit.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowCandidate {
    /// Its number.
    pub track: TrackNo,
    /// Weight of the votes for its best offset.
    pub support: f32,
    /// The strongest hit at each of its best offsets, best first; at least one.
    pub places: Vec<VotedOffset>,
}

/// A track that anchors hit.
#[derive(Debug, Clone, PartialEq)]
pub struct AnchorCandidate {
    /// Its number.
    pub track: TrackNo,
    /// All hits, in order of the probes.
    pub seeds: Vec<Seed>,
}

/// The vote of a hit.
#[derive(Debug, Clone, Copy)]
struct Vote {
    track: TrackNo,
    step: i32,
    cell: i64,
    weight: f32,
    hit: usize,
}

/// Votes of hits, by track, tempo step and offset cell.
pub(super) struct Histogram(Vec<Vote>);

/// The votes for one track.
pub(super) struct TrackVotes<'a> {
    pub(super) track: TrackNo,
    votes: &'a [Vote],
}

/// The votes for one cell.
pub(super) struct Bin<'a> {
    step: i32,
    cell: i64,
    pub(super) weight: f32,
    votes: &'a [Vote],
}

impl Histogram {
    /// The votes of hits, each with its track, tempo step, offset and weight, in cells of width `cell`.
    pub(super) fn new(
        cell: f64,
        hits: impl Iterator<Item = (TrackNo, i32, f64, f32)>,
    ) -> Histogram {
        let vote = |(hit, (track, step, offset, weight)): (usize, (TrackNo, i32, f64, f32))| {
            let cell = (offset / cell).floor() as i64;
            Vote { track, step, cell, weight, hit }
        };
        let mut votes: Vec<Vote> = hits.enumerate().map(vote).collect();
        // Votes for one cell stay in the order of the hits: sums have a fixed order.
        votes.sort_unstable_by_key(|v| (v.track, v.step, v.cell, v.hit));
        Histogram(votes)
    }

    /// The votes track by track.
    pub(super) fn tracks(&self) -> impl Iterator<Item = TrackVotes<'_>> {
        let tracks = self.0.chunk_by(|a, b| a.track == b.track);
        tracks.map(|votes| TrackVotes { track: votes[0].track, votes })
    }
}

impl<'a> TrackVotes<'a> {
    /// The cells that have votes, in order of step and offset.
    pub(super) fn bins(&self) -> Vec<Bin<'a>> {
        let cells = self.votes.chunk_by(|a, b| (a.step, a.cell) == (b.step, b.cell));
        cells
            .map(|votes| {
                let weight = votes.iter().map(|v| v.weight).sum();
                Bin { step: votes[0].step, cell: votes[0].cell, weight, votes }
            })
            .collect()
    }

    /// Numbers of the hits, in order.
    fn hits(&self) -> Vec<usize> {
        let mut hits: Vec<usize> = self.votes.iter().map(|v| v.hit).collect();
        hits.sort_unstable();
        hits
    }
}

impl Bin<'_> {
    /// Numbers of the hits that voted, in order.
    pub(super) fn hits(&self) -> impl Iterator<Item = usize> {
        self.votes.iter().map(|v| v.hit)
    }

    /// Number of the hit with most weight, the first of equals.
    fn strongest(&self) -> usize {
        let first = self.votes[0];
        self.votes.iter().fold(first, |best, v| if v.weight > best.weight { *v } else { best }).hit
    }

    /// Whether `other` is the next cell of the same tempo step.
    pub(super) fn is_before(&self, other: &Bin<'_>) -> bool {
        (self.step, self.cell + 1) == (other.step, other.cell)
    }
}

/// The weight of each cell joined with that of its heavier neighbour: hits of one copy may lie on both sides of a line
/// between two.
fn support(bins: &[Bin<'_>]) -> impl Iterator<Item = f32> {
    bins.iter().enumerate().map(|(i, bin)| {
        let before = i.checked_sub(1).map(|i| &bins[i]).filter(|b| b.is_before(bin));
        let after = bins.get(i + 1).filter(|b| bin.is_before(b));
        let weight = |b: Option<&Bin<'_>>| b.map_or(0.0, |b| b.weight);
        bin.weight + weight(before).max(weight(after))
    })
}

/// Orders tracks by support, best first, and keeps `limit`.
fn ranked<T>(tracks: impl Iterator<Item = (f32, TrackNo, T)>, limit: usize) -> Vec<(TrackNo, T)> {
    let mut ranked: Vec<(f32, TrackNo, T)> = tracks.collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    ranked.truncate(limit);
    ranked.into_iter().map(|(_, track, what)| (track, what)).collect()
}

/// The tracks whose best offset has most support by windows, `limit` at most.
///
/// `hits[i]` are the hits of the window that starts at query time `times[i]`.
pub fn by_windows(
    times: &[u32],
    hits: &[Vec<Hit>],
    limit: usize,
    params: &VoteParams,
) -> Vec<WindowCandidate> {
    let mut places: Vec<VotedOffset> = Vec::with_capacity(hits.iter().map(Vec::len).sum());
    let mut voters: Vec<(TrackNo, f32)> = Vec::with_capacity(places.capacity());
    for (&query, hits) in times.iter().zip(hits) {
        let Some(worst) = hits.last().map(|h| h.distance) else { continue };
        for hit in hits {
            places.push(VotedOffset { query, reference: hit.time });
            voters.push((hit.track, weight(hit.distance, worst)));
        }
    }
    let offset = |place: &VotedOffset| f64::from(place.reference) - f64::from(place.query);
    let votes = voters.iter().zip(&places).map(|(&(track, w), place)| (track, 0, offset(place), w));
    let histogram = Histogram::new(f64::from(params.cell), votes);
    let tracks = histogram.tracks().map(|track| {
        let bins = track.bins();
        let mut best: Vec<(f32, VotedOffset)> =
            support(&bins).zip(&bins).map(|(s, bin)| (s, places[bin.strongest()])).collect();
        best.sort_by(|a, b| b.0.total_cmp(&a.0));
        best.truncate(params.places);
        (best[0].0, track.track, best)
    });
    let candidate = |(track, best): (TrackNo, Vec<(f32, VotedOffset)>)| WindowCandidate {
        track,
        support: best[0].0,
        places: best.into_iter().map(|(_, place)| place).collect(),
    };
    ranked(tracks, limit).into_iter().map(candidate).collect()
}

/// The hits of probes, with the track of each.
pub(super) fn seeds<'a>(
    answers: impl Iterator<Item = (&'a Probe, &'a Vec<Hit>)>,
) -> Vec<(TrackNo, Seed)> {
    let mut seeds = Vec::new();
    for (&probe, hits) in answers {
        let Some(worst) = hits.last().map(|h| h.distance) else { continue };
        let seed = |hit: &Hit| (hit.track, Seed::new(probe, hit.time, hit.distance, worst));
        seeds.extend(hits.iter().map(seed));
    }
    seeds
}

/// The votes of `seeds` from all over `span` for the offset in its middle.
pub(super) fn seed_histogram(
    seeds: &[(TrackNo, Seed)],
    span: Span,
    params: &VoteParams,
) -> Histogram {
    let (middle, cell) = (span.middle(), cell_width(span, params));
    let vote = |(track, seed): &(TrackNo, Seed)| {
        (*track, seed.probe.tempo_step, seed.line(middle), seed.weight)
    };
    Histogram::new(cell, seeds.iter().map(vote))
}

/// The tracks whose seeds agree best, `limit` at most.
///
/// `answers` are the probes of `span` with the hits of each.
pub fn by_anchors<'a>(
    answers: impl Iterator<Item = (&'a Probe, &'a Vec<Hit>)>,
    span: Span,
    limit: usize,
    params: &VoteParams,
) -> Vec<AnchorCandidate> {
    let seeds = seeds(answers);
    let histogram = seed_histogram(&seeds, span, params);
    let best = |track: &TrackVotes<'_>| support(&track.bins()).fold(0.0, f32::max);
    let tracks = histogram.tracks().map(|track| (best(&track), track.track, track));
    let candidate = |(track, votes): (TrackNo, TrackVotes<'_>)| AnchorCandidate {
        track,
        seeds: votes.hits().into_iter().map(|hit| seeds[hit].1).collect(),
    };
    ranked(tracks, limit).into_iter().map(candidate).collect()
}

/// Width of an offset cell for hits from all over `span`, in time units.
pub(super) fn cell_width(span: Span, params: &VoteParams) -> f64 {
    f64::from(params.cell * span.length().max(params.cell_span) / params.cell_span)
}

/// A track's points by frequency, for pairing with points of like frequency.
pub struct ByFrequency {
    /// `starts[f]..starts[f + 1]` are the times of the points of frequency unit `f`.
    starts: Vec<u32>,
    times: Vec<u32>,
}

impl ByFrequency {
    /// Sorts the points of `track` by frequency (counting sort).
    pub fn new(track: &Constellation) -> ByFrequency {
        let top = track.points.iter().map(|p| usize::from(p.freq)).max().unwrap_or(0);
        let mut starts = vec![0u32; top + 2];
        for p in &track.points {
            starts[usize::from(p.freq) + 1] += 1;
        }
        for f in 1..starts.len() {
            starts[f] += starts[f - 1];
        }
        let mut next = starts.clone();
        let mut times = vec![0; track.points.len()];
        for p in &track.points {
            let slot = &mut next[usize::from(p.freq)];
            times[*slot as usize] = p.time;
            *slot += 1;
        }
        ByFrequency { starts, times }
    }

    fn times(&self, from: u16, to: u16) -> &[u32] {
        let last = self.starts.len() - 1;
        let a = self.starts[usize::from(from).min(last)] as usize;
        let b = self.starts[(usize::from(to) + 1).min(last)] as usize;
        &self.times[a..b]
    }
}

/// Pairs of a query peak and a reference peak of like frequency, by the offset between them.
pub struct PairHistogram<'a> {
    cells: Vec<u16>,
    /// Offset at which the first cell begins.
    origin: f64,
    params: &'a OffsetParams,
}

impl PairHistogram<'_> {
    /// Of the peaks of a query of length `query_len` and all of a reference; offsets run from `-query_len` to
    /// `reference_len`.
    pub fn of_all<'a>(
        query: &[Point],
        query_len: u32,
        reference: &ByFrequency,
        reference_len: u32,
        params: &'a OffsetParams,
    ) -> PairHistogram<'a> {
        let (width, reach) = (params.cell, params.freq_reach);
        let mut cells = vec![0u16; ((query_len + reference_len) / width) as usize + 2];
        for q in query {
            let shift = query_len.saturating_sub(q.time);
            for &t in reference.times(q.freq.saturating_sub(reach), q.freq + reach) {
                let cell = &mut cells[((t + shift) / width) as usize];
                *cell = cell.saturating_add(1);
            }
        }
        PairHistogram { cells, origin: -f64::from(query_len), params }
    }

    /// Of the peaks of a stretch of a query near one offset: that at which its begin, at query time
    /// `place.query`, lies at `place.reference`, and `around` time units to each side.
    pub fn near<'a>(
        query: &[Point],
        place: VotedOffset,
        reference: &Constellation,
        around: u32,
        params: &'a OffsetParams,
    ) -> PairHistogram<'a> {
        // A cell more at either end: only what has neighbours is looked at.
        let mut cells = vec![0u16; (2 * around / params.cell) as usize + 3];
        let there = &reference.points;
        // Both sides are moved by `around`, so that nothing is negative.
        let begin = place.reference + around;
        let mut from = there.partition_point(|r| r.time + 2 * around < begin);
        for p in query {
            let earliest = place.reference + (p.time - place.query);
            while there.get(from).is_some_and(|r| r.time + around < earliest) {
                from += 1;
            }
            for r in there[from..].iter().take_while(|r| r.time <= earliest + around) {
                if r.freq.abs_diff(p.freq) <= params.freq_reach {
                    let cell =
                        &mut cells[((r.time + around - earliest) / params.cell) as usize + 1];
                    *cell = cell.saturating_add(1);
                }
            }
        }
        let offset = f64::from(place.reference) - f64::from(place.query);
        let origin = offset - f64::from(around) - f64::from(params.cell);
        PairHistogram { cells, origin, params }
    }

    /// Votes per cell, smoothed over its neighbours, without the first cell and the last.
    fn smooth(&self) -> Vec<u32> {
        let weighed = |w: &[u16]| u32::from(w[0]) + 2 * u32::from(w[1]) + u32::from(w[2]);
        self.cells.windows(3).map(weighed).collect()
    }

    /// The offset in the middle of a cell of [`smooth`](Self::smooth).
    fn offset(&self, cell: usize) -> f64 {
        (cell as f64 + 1.5) * f64::from(self.params.cell) + self.origin
    }

    /// The offset with most votes, the first of equals, with its height in standard deviations over the mean.
    pub fn highest(&self) -> (f64, f32) {
        let smooth = self.smooth();
        let mut best = (0, 0);
        for (cell, &votes) in smooth.iter().enumerate() {
            if votes > best.0 {
                best = (votes, cell);
            }
        }
        let mean = smooth.iter().sum::<u32>() as f32 / smooth.len().max(1) as f32;
        let excess = (best.0 as f32 - mean) / (mean + self.params.prior_votes).sqrt();
        (self.offset(best.1), excess)
    }

    /// The offsets that stand out most, best first, with their height in standard deviations over what the two
    /// densities give by chance around them.
    pub fn top(&self) -> Vec<(f64, f32)> {
        let (smooth, params) = (self.smooth(), self.params);
        let local = local_mean(&smooth, (params.surroundings / params.cell) as usize);
        let excess =
            |i: usize| (smooth[i] as f32 - local[i]) / (local[i] + params.prior_votes).sqrt();
        let mut peaks: Vec<usize> = (1..smooth.len().saturating_sub(1))
            .filter(|&i| smooth[i] > smooth[i - 1] && smooth[i] >= smooth[i + 1])
            .filter(|&i| excess(i) >= params.min_excess)
            .collect();
        peaks.sort_by(|&a, &b| excess(b).total_cmp(&excess(a)).then(a.cmp(&b)));
        let mut taken: Vec<usize> = Vec::new();
        for i in peaks {
            if taken.len() == params.top {
                break;
            }
            if taken.iter().all(|&t| t.abs_diff(i) > params.separation) {
                taken.push(i);
            }
        }
        taken.into_iter().map(|i| (self.offset(i), excess(i))).collect()
    }
}

/// Mean over ± `half` cells.
fn local_mean(values: &[u32], half: usize) -> Vec<f32> {
    let mut prefix = vec![0u64; values.len() + 1];
    for (i, v) in values.iter().enumerate() {
        prefix[i + 1] = prefix[i] + u64::from(*v);
    }
    (0..values.len())
        .map(|i| {
            let (a, b) = (i.saturating_sub(half), (i + half + 1).min(values.len()));
            (prefix[b] - prefix[a]) as f32 / (b - a) as f32
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::params::ScanParams;

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
        let params = &ScanParams::V1.vote;
        let ranked = by_windows(&times, &hits, 2, params);
        assert_eq!(ranked.iter().map(|c| c.track).collect::<Vec<_>>(), [TrackNo(1), TrackNo(2)]);
        // The strongest of the three that agree; track 2 was hit at six offsets.
        assert_eq!(ranked[0].places, [VotedOffset { query: 0, reference: 1000 }]);
        assert_eq!(ranked[1].places.len(), params.places);
    }

    #[test]
    fn seeds_agree_at_their_tempo_only() {
        let probe = |time: u32, tempo_step: i32, ratio: f64| Probe {
            anchor: Point { time, freq: 700, rank: 0 },
            number: time as usize,
            tempo_step,
            ratio,
        };
        let probes = [probe(0, 0, 1.0), probe(1_000, 0, 1.0), probe(2_000, 1, 1.0618)];
        // Track 1 runs along at the query's tempo; track 2 was hit as often and as closely.
        let hits = [
            vec![hit(1, 5_000, 60), hit(2, 800, 60), hit(3, 9, 80)],
            vec![hit(1, 6_000, 60), hit(2, 4_000, 60), hit(3, 7, 80)],
            vec![hit(2, 2_800, 60), hit(1, 100, 80)],
        ];
        let ranked =
            by_anchors(probes.iter().zip(&hits), Span::new(0, 2_500), 2, &ScanParams::V1.vote);
        assert_eq!(ranked.iter().map(|c| c.track).collect::<Vec<_>>(), [TrackNo(1), TrackNo(2)]);
        let times: Vec<u32> = ranked[0].seeds.iter().map(|s| s.time).collect();
        assert_eq!(times, [5_000, 6_000, 100]);
    }
}
