//! Every pair of near-duplicates in a batch.
//!
//! A dozen or so anchors of each track ask the index for their like at the tempo ratios that matter; tracks on
//! which several anchors agree are candidates; each is fitted and verified peak by peak along the whole
//! of both tracks. Two tracks of one batch ask about each other, so that only ratios from 1 upwards are
//! needed: of two copies at different speeds one is the slower.

use std::collections::{BTreeMap, HashSet};

use super::pool::{Node, Pool, sounding_ms};
use crate::fingerprint::{Constellation, Point};
use crate::params::FingerprintParams;
use crate::progress::{Cancel, Progress};
use crate::scan::agree::{agreeing, alike};
use crate::scan::candidates::Place;
use crate::scan::compare::overlap;
use crate::scan::matcher::{Found, MatchParams, Reference, verify_warps};
use crate::scan::novelty::{strongest_period, twin_share};
use crate::scan::resolve::resolve;
use crate::scan::verify::coincidences;
use crate::scan::warp::{Warp, to_units};
use crate::scan::warped::{Lead, RUNGS};
use rayon::prelude::*;

/// Candidates verified per track.
const CANDIDATES: usize = 64;
/// Tracks whose questions are asked together.
const CHUNK: usize = 128;
/// Share of both tracks that near-duplicates have in common.
pub const EDGE_COVERAGE: f64 = 0.6;
/// And how sure that must be: a batch of ten thousand tracks is fifty million pairs.
pub const EDGE_LOG10_EVALUE: f64 = -6.0;
/// Stretch in the middle of an overlap that is looked at for a loop, in time units (48 s).
const LOOP_STRETCH: u32 = 12_000;
/// Share of the common peaks that a loop repeats.
const LOOP_SHARE: f64 = 0.7;
/// By how much it must exceed the share in either track as a whole: what is left of a copy repeats itself
/// no more than the whole did, a loop under different music does.
const LOOP_LEAD: f64 = 0.12;

/// What two tracks have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// The track that was looked up: the query.
    pub a: Node,
    /// The track it was found to resemble: the reference.
    pub b: Node,
    /// The evidence.
    pub found: Found,
    /// Share of `a`'s sounding time that is shared, 0 to 1.
    pub a_share: f64,
    /// The same of `b`.
    pub b_share: f64,
    /// All they share is one loop, repeated under different music.
    pub shared_loop: bool,
}

impl Pair {
    /// The tracks, lower node first.
    pub fn nodes(&self) -> (Node, Node) {
        (self.a.min(self.b), self.a.max(self.b))
    }

    /// Whether the tracks are near-duplicates: verified overlap of most of both.
    pub fn is_edge(&self) -> bool {
        self.weaker_share() >= EDGE_COVERAGE
            && self.found.log10_evalue <= EDGE_LOG10_EVALUE
            && !self.shared_loop
    }

    /// The smaller of the two shares.
    pub fn weaker_share(&self) -> f64 {
        self.a_share.min(self.b_share)
    }
}

/// Where two tracks may have something in common.
#[derive(Debug, Clone, Default)]
struct Hint {
    /// Anchors that agree.
    anchors: usize,
    /// What they say, at any speed and pitch.
    leads: Vec<Lead>,
    /// Windows of like maps, at the same speed.
    places: Vec<Place>,
}

/// Compares the tracks of `pool`.
pub struct Matcher<'a> {
    pool: &'a Pool,
    params: &'a FingerprintParams,
    matching: MatchParams,
    seconds: f64,
}

impl<'a> Matcher<'a> {
    /// A matcher over the tracks of `pool`, which were fingerprinted with `params`.
    pub fn new(pool: &'a Pool, params: &'a FingerprintParams) -> Matcher<'a> {
        Matcher { pool, params, matching: MatchParams::default(), seconds: pool.seconds() }
    }

    /// All accepted pairs with a track of the batch, near-duplicates and weaker ties, in order of their
    /// nodes.
    pub fn pairs(&self, progress: &dyn Progress, cancel: &Cancel) -> Vec<Pair> {
        let fresh: Vec<Node> = (0..self.pool.fresh()).collect();
        let mut found: BTreeMap<(Node, Node), Pair> = BTreeMap::new();
        progress.start(fresh.len());
        for chunk in fresh.chunks(CHUNK) {
            if cancel.is_cancelled() {
                break;
            }
            let known: HashSet<(Node, Node)> =
                found.values().filter(|p| p.is_edge()).map(Pair::nodes).collect();
            for pair in self.chunk(chunk, &known, progress) {
                let better = |old: &Pair| {
                    let key = |p: &Pair| (p.is_edge(), -p.found.log10_evalue);
                    key(&pair) > key(old)
                };
                if found.get(&pair.nodes()).is_none_or(better) {
                    found.insert(pair.nodes(), pair);
                }
            }
        }
        progress.finish();
        found.into_values().collect()
    }

    fn chunk(
        &self,
        nodes: &[Node],
        known: &HashSet<(Node, Node)>,
        progress: &dyn Progress,
    ) -> Vec<Pair> {
        let tracks: Vec<(Node, Constellation)> = nodes
            .par_iter()
            .filter_map(|&node| Some((node, self.pool.constellation(node)?)))
            .collect();
        let mut candidates: Vec<BTreeMap<Node, Hint>> = vec![BTreeMap::new(); tracks.len()];
        for reader in 0..self.pool.readers().len() {
            // Earlier tracks do not ask back: there the slower copy may be ours.
            let least = if reader == 0 { 0 } else { -RUNGS };
            let index = &self.pool.readers()[reader];
            let asking: Vec<&Constellation> = tracks.iter().map(|(_, track)| track).collect();
            let answers = agreeing(index, &asking, least..=RUNGS, self.params);
            let like = alike(index, &asking, self.params);
            for (((own, into), agreeing), like) in
                tracks.iter().zip(&mut candidates).zip(answers).zip(like)
            {
                let node = |track| self.pool.node(reader, track).filter(|&node| node != own.0);
                for agreement in agreeing {
                    if let Some(node) = node(agreement.track) {
                        let hint = into.entry(node).or_default();
                        (hint.anchors, hint.leads) = (agreement.anchors, agreement.leads);
                    }
                }
                for candidate in like {
                    if let Some(node) = node(candidate.track) {
                        into.entry(node).or_default().places = candidate.places;
                    }
                }
            }
        }
        tracks
            .par_iter()
            .zip(candidates)
            .flat_map_iter(|((node, track), candidates)| {
                let mut ranked: Vec<(Node, Hint)> = candidates.into_iter().collect();
                ranked.sort_by(|a, b| b.1.anchors.cmp(&a.1.anchors).then(a.0.cmp(&b.0)));
                ranked.truncate(CANDIDATES);
                let pairs: Vec<Pair> = ranked
                    .into_iter()
                    .filter(|(other, _)| !known.contains(&(*node.min(other), *node.max(other))))
                    .filter_map(|(other, hint)| self.verify(*node, track, other, &hint))
                    .collect();
                let path = self.pool.meta(*node).map_or("", |m| m.path.as_str());
                progress.file_done(std::path::Path::new(path), track.duration_ms());
                pairs
            })
            .collect()
    }

    /// Fits and verifies a candidate.
    fn verify(&self, node: Node, track: &Constellation, other: Node, hint: &Hint) -> Option<Pair> {
        let reference = self.pool.reference(other, self.params)?;
        let (seconds, matching) = (self.seconds, &self.matching);
        let (leads, places) = (&hint.leads, &hint.places);
        let found = overlap(track, &reference, leads, places, seconds, self.params, matching)?;
        Some(self.pair(node, track, other, &reference, found))
    }

    /// The pair of two tracks that run along each other by `warp`, if verification confirms it.
    pub fn confirm(&self, a: Node, b: Node, warp: Warp) -> Option<Pair> {
        let track = self.pool.constellation(a)?;
        let reference = self.pool.reference(b, self.params)?;
        let (align, verify) = (&self.matching.align, &self.matching.verify);
        let warp = crate::scan::align::refine(
            &track.points,
            reference.constellation(),
            warp,
            align,
            verify,
        );
        let warps = vec![(warp, 0.0)];
        let found = verify_warps(&track, &reference, warps, self.seconds, &self.matching)?;
        let found = resolve(&track, &reference, found, &[], self.params, &self.matching);
        found.accepted().then(|| self.pair(a, &track, b, &reference, found))
    }

    fn pair(
        &self,
        a: Node,
        track: &Constellation,
        b: Node,
        reference: &Reference,
        found: Found,
    ) -> Pair {
        let share = |covered: u64, track: &Constellation| {
            (covered as f64 / sounding_ms(track).max(1) as f64).min(1.0)
        };
        let there = reference.constellation();
        let mut pair = Pair {
            a,
            b,
            a_share: share(found.query_covered_ms, track),
            b_share: share(found.reference_covered_ms, there),
            shared_loop: false,
            found,
        };
        pair.shared_loop = pair.is_edge() && self.is_loop(track, there, &pair.found);
        pair
    }

    /// Whether what two tracks share is one loop under different music.
    fn is_loop(&self, track: &Constellation, reference: &Constellation, found: &Found) -> bool {
        let best = found.best();
        let middle = (to_units(best.query_ms.0) + to_units(best.query_ms.1)) / 2;
        let (from, to) = (middle.saturating_sub(LOOP_STRETCH / 2), middle + LOOP_STRETCH / 2);
        let own = track.between(from, to);
        let common = coincidences(own, reference, &best.warp, &self.matching.verify);
        let (here, mut there): (Vec<Point>, Vec<Point>) =
            common.iter().map(|c| (c.query, c.reference)).unzip();
        let Some((period, share)) = strongest_period(&here).filter(|p| p.1 >= LOOP_SHARE) else {
            return false;
        };
        let period_there = (f64::from(period) * best.warp.time_factor).round() as u32;
        there.sort_unstable();
        let (Some(first), Some(last)) = (there.first(), there.last()) else { return false };
        let others = reference.between(first.time, last.time + 1);
        let whole = twin_share(own, period).max(twin_share(others, period_there));
        share >= whole + LOOP_LEAD
    }
}
