//! Probe: the query vectors by which a query is looked up.
//!
//! There are two kinds. *Windows* are maps of the peaks of two seconds, looked up at the query's own speed and pitch.
//! *Anchors* are peaks with their surroundings, with times scaled by several tempo steps: an index that tolerates half
//! a step finds copies at any speed between them. (Panako, Six and Leman 2014, reaches pitch and tempo changes by
//! ratios within triplets of peaks; here the index tolerates them by steps.)
//!
//! A thorough look takes some 1,400 vectors of three minutes, because three damaged seconds anywhere must be found. A
//! sparse one takes a third of the vectors, spread over all of a long query, and finds nearly as much of what hides in
//! whole tracks: 152 of 200 excerpts of 5 to 40 s, at any speed and pitch, among 10,000 tracks, where a thorough look
//! finds 167 for some ten times the price.

use std::ops::RangeInclusive;

use soundalike_index::{Hit, Query};

use super::params::{ProbeParams, ScanParams};
use super::span::Span;
use crate::fingerprint::anchor::{self, CodedAnchor};
use crate::fingerprint::constellation::TIME_UNITS_PER_SECOND;
use crate::fingerprint::projection::WeightedCode;
use crate::fingerprint::{Constellation, Point, descriptor};
use crate::params::FingerprintParams;

impl From<WeightedCode> for Query {
    fn from(code: WeightedCode) -> Query {
        Query { code: code.code, weights: code.weights }
    }
}

/// What the vector of an anchor is about: the surroundings of `anchor` at `ratio`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Probe {
    /// A peak of the query.
    pub anchor: Point,
    /// Number of the anchor within its block.
    pub number: usize,
    /// Number of the tempo step.
    pub(super) tempo_step: i32,
    /// Assumed time factor.
    pub(super) ratio: f64,
}

/// A hit and the probe that made it: it says at which offset, tempo ratio and pitch the copy would run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seed {
    pub(super) probe: Probe,
    /// Time of the reference's anchor.
    pub(super) time: u32,
    pub(super) weight: f32,
}

impl Seed {
    /// A hit at `distance`, where the farthest hit of the same probe is at `worst`.
    pub(super) fn new(probe: Probe, time: u32, distance: u32, worst: u32) -> Seed {
        Seed { probe, time, weight: weight(distance, worst) }
    }

    /// Where the reference would be at query time `at`.
    pub(super) fn line(&self, at: f64) -> f64 {
        f64::from(self.time) + self.probe.ratio * (at - f64::from(self.probe.anchor.time))
    }
}

/// What a hit weighs: by how much it is nearer than the `worst` hit of the same vector, squared. Vectors of common
/// material, whose hits are all alike, say little (as in the ratio test of Lowe 2004).
pub(super) fn weight(distance: u32, worst: u32) -> f32 {
    let nearer = (worst - distance) as f32 + 1.0;
    nearer * nearer
}

/// The query vectors of one block of a query. Vector `i` is about `about[i]`; `hits[i]` is empty until it was searched.
pub struct QueryVectors<T> {
    /// The block.
    pub block: Span,
    /// What each vector is about.
    pub about: Vec<T>,
    /// The nearest codes found for each.
    pub hits: Vec<Vec<Hit>>,
    pub(super) codes: Vec<Query>,
    /// Vectors of one group are searched in the same round.
    pub(super) groups: Vec<usize>,
}

impl<T> QueryVectors<T> {
    /// The vectors of `block`: what each is about, its group and its code.
    pub fn new(block: Span, all: impl Iterator<Item = (T, usize, Query)>) -> QueryVectors<T> {
        let (about, hits, codes, groups) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut vectors = QueryVectors { block, about, hits, codes, groups };
        for (about, group, code) in all {
            vectors.about.push(about);
            vectors.groups.push(group);
            vectors.codes.push(code);
            vectors.hits.push(Vec::new());
        }
        vectors
    }

    /// What each vector is about, with its hits.
    pub fn answers(&self) -> impl Iterator<Item = (&T, &Vec<Hit>)> {
        self.about.iter().zip(&self.hits)
    }
}

impl ProbeParams {
    /// All tempo steps.
    pub fn all_tempo_steps(&self) -> RangeInclusive<i32> {
        -self.tempo_steps..=self.tempo_steps
    }
}

/// Makes the query vectors of a query.
#[derive(Clone, Copy)]
pub struct Prober<'a> {
    /// The query's peaks.
    pub query: &'a Constellation,
    /// Parameters of the scan.
    pub scan: &'a ScanParams,
    /// Parameters of the fingerprint.
    pub fingerprint: &'a FingerprintParams,
}

impl Prober<'_> {
    /// The windows of one of `blocks` blocks, for a thorough look; times count from its beginning.
    pub fn windows(&self, block: Span, blocks: usize) -> QueryVectors<u32> {
        let [least, most] = self.scan.probe.windows;
        let windows = (2 * most / blocks as u32).clamp(least, most);
        let span = block.length().saturating_sub(self.fingerprint.window);
        let hop = (span / windows).max(self.scan.probe.min_window_hop);
        let stretch = self.query.slice(block.begin, block.end);
        let windows = descriptor::query_windows(&stretch, hop, self.fingerprint).into_iter();
        let all = windows.enumerate().map(|(i, w)| (w.time, i, w.code.into()));
        QueryVectors::new(block, all)
    }

    /// The anchors of one of `blocks` blocks at all tempo steps, for a thorough look.
    pub fn anchors(&self, block: Span, blocks: usize) -> QueryVectors<Probe> {
        let probes = self.probes(block, blocks).into_iter();
        QueryVectors::new(block, probes.map(|(probe, code)| (probe, probe.number, code.into())))
    }

    /// The windows of a block, for a sparse look; times count from its beginning.
    pub fn sparse_windows(&self, block: Span) -> QueryVectors<u32> {
        let sparse = &self.scan.sparse;
        let hop = sparse.window_hop.min(block.length() / sparse.min_windows);
        let hop = hop.max(self.fingerprint.window);
        self.confident_windows(block, hop)
    }

    /// The windows of a block, one every `hop`, by their surer bits; times count from its beginning.
    pub fn confident_windows(&self, block: Span, hop: u32) -> QueryVectors<u32> {
        let stretch = self.query.slice(block.begin, block.end);
        let windows = descriptor::query_windows(&stretch, hop, self.fingerprint).into_iter();
        let all = windows.enumerate().map(|(i, w)| (w.time, i, confident_bits(w.code)));
        QueryVectors::new(block, all)
    }

    /// Anchors from all over the query, for a sparse look: many at its own tempo, fewer at others.
    pub fn sparse_anchors(&self) -> QueryVectors<Probe> {
        let sparse = &self.scan.sparse;
        let seconds = f64::from(self.query.duration) / TIME_UNITS_PER_SECOND;
        let own = (seconds / sparse.own_tempo_seconds).ceil() as usize;
        let others = (seconds / sparse.other_tempo_seconds).ceil() as usize;
        let own = anchor::sample(self.query, own, self.fingerprint);
        let others =
            anchor::sample(self.query, others.max(sparse.min_other_tempo), self.fingerprint);
        let mut probes = self.probes_at(&own, [0]);
        probes.extend(self.probes_at(&others, sparse.tempo_steps));
        let all = probes.into_iter().map(|(p, code)| (p, p.number, confident_bits(code)));
        QueryVectors::new(Span::new(0, self.query.duration), all)
    }

    /// The probes of one of `blocks` blocks at all tempo steps, with their codes.
    pub fn probes(&self, block: Span, blocks: usize) -> Vec<(Probe, WeightedCode)> {
        let [least, most] = self.scan.probe.anchors;
        let limit = (3 * most / 2 / blocks.max(1)).clamp(least, most);
        let anchors =
            anchor::of_query(self.query, (block.begin, block.end), limit, self.fingerprint);
        self.probes_at(&anchors, self.scan.probe.all_tempo_steps())
    }

    /// The probes of chosen `anchors` at some of the tempo steps, with their codes.
    pub fn probes_at(
        &self,
        anchors: &[Point],
        tempo_steps: impl IntoIterator<Item = i32>,
    ) -> Vec<(Probe, WeightedCode)> {
        let ratio = |step: i32| (f64::from(step) * self.scan.probe.tempo_step).exp();
        let steps: Vec<(i32, f64)> = tempo_steps.into_iter().map(|s| (s, ratio(s))).collect();
        let all = anchors.iter().enumerate();
        let all = all.flat_map(|(number, &anchor)| steps.iter().map(move |&s| (number, anchor, s)));
        all.filter_map(|(number, anchor, (tempo_step, ratio))| {
            let code = anchor::query_code(self.query, &anchor, ratio, self.fingerprint)?;
            Some((Probe { anchor, number, tempo_step, ratio }, code))
        })
        .collect()
    }
}

/// A query vector of the surer half of a code's bits, each counting once: four excerpts of 200 fewer than by weighted
/// bits, for half of the work of comparing.
fn confident_bits(code: WeightedCode) -> Query {
    Query { code: code.code, weights: [code.weights[1], Default::default()] }
}

/// The `limit` nearest hits of each of `probes` among the anchors of one reference, as an index would return them.
pub(super) fn seeds_in(
    probes: &[(Probe, WeightedCode)],
    reference: &[CodedAnchor],
    limit: usize,
) -> Vec<Seed> {
    let mut seeds = Vec::new();
    for &(probe, code) in probes {
        let mut near: Vec<(u32, u32)> =
            reference.iter().map(|a| (code.distance(&a.code), a.time)).collect();
        near.sort_unstable();
        near.truncate(limit);
        let worst = near.last().map_or(0, |n| n.0);
        let near = near.into_iter();
        seeds.extend(near.map(|(distance, time)| Seed::new(probe, time, distance, worst)));
    }
    seeds
}
