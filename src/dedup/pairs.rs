//! Every pair of near-duplicates in a batch.
//!
//! A dozen or so anchors of each track are looked up in the index at the tempo ratios that matter; tracks on
//! which several anchors agree are candidates; each is fitted and verified peak by peak along the whole
//! of both tracks. Two tracks of one batch look each other up, so that only ratios from 1 upwards are
//! needed: of two copies at different speeds one is the slower.

use std::collections::{BTreeMap, HashSet};

use super::params::{DedupParams, PairParams};
use super::track_set::{TrackIx, TrackSet, sounding_ms};
use crate::fingerprint::{Constellation, Point};
use crate::params::FingerprintParams;
use crate::progress::{Cancel, Progress};
use crate::scan::batch::BatchLookup;
use crate::scan::comparison::Comparison;
use crate::scan::evidence::MatchEvidence;
use crate::scan::params::ScanParams;
use crate::scan::probe::Seed;
use crate::scan::reference::Reference;
use crate::scan::repetition::{strongest_period, twin_share};
use crate::scan::transform::{Transform, to_units};
use crate::scan::verify::coincidences;
use crate::scan::vote::VotedOffset;
use rayon::prelude::*;

/// What makes a pair.
const PARAMS: &PairParams = &DedupParams::V1.pair;

/// What two tracks have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// The track that was looked up: the query.
    pub a: TrackIx,
    /// The track it was found to resemble: the reference.
    pub b: TrackIx,
    /// The evidence.
    pub found: MatchEvidence,
    /// Share of `a`'s sounding time that is shared, 0 to 1.
    pub a_share: f64,
    /// The same of `b`.
    pub b_share: f64,
    /// All they share is one loop, repeated under different music.
    pub shared_loop: bool,
}

impl Pair {
    /// The tracks, lower node first.
    pub fn nodes(&self) -> (TrackIx, TrackIx) {
        (self.a.min(self.b), self.a.max(self.b))
    }

    /// Whether the tracks are near-duplicates: verified overlap of most of both.
    pub fn is_edge(&self) -> bool {
        self.weaker_share() >= PARAMS.edge_coverage
            && self.found.log10_evalue <= PARAMS.edge_log10_evalue
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
    seeds: Vec<Seed>,
    /// Windows of like maps, at the same speed.
    places: Vec<VotedOffset>,
}

/// Compares the tracks of `pool`.
pub struct Matcher<'a> {
    set: &'a TrackSet,
    params: &'a FingerprintParams,
    scan: &'static ScanParams,
    seconds: f64,
}

impl<'a> Matcher<'a> {
    /// A matcher over the tracks of `pool`, which were fingerprinted with `params`.
    pub fn new(set: &'a TrackSet, params: &'a FingerprintParams) -> Matcher<'a> {
        Matcher { set, params, scan: &ScanParams::V1, seconds: set.seconds() }
    }

    /// All accepted pairs with a track of the batch, near-duplicates and weaker ties, in order of their
    /// nodes.
    pub fn pairs(&self, progress: &dyn Progress, cancel: &Cancel) -> Vec<Pair> {
        let fresh: Vec<TrackIx> = (0..self.set.fresh()).collect();
        let mut found: BTreeMap<(TrackIx, TrackIx), Pair> = BTreeMap::new();
        progress.start(fresh.len());
        for chunk in fresh.chunks(PARAMS.chunk) {
            if cancel.is_cancelled() {
                break;
            }
            let known: HashSet<(TrackIx, TrackIx)> =
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
        nodes: &[TrackIx],
        known: &HashSet<(TrackIx, TrackIx)>,
        progress: &dyn Progress,
    ) -> Vec<Pair> {
        let tracks: Vec<(TrackIx, Constellation)> = nodes
            .par_iter()
            .filter_map(|&node| Some((node, self.set.constellation(node)?)))
            .collect();
        let mut candidates: Vec<BTreeMap<TrackIx, Hint>> = vec![BTreeMap::new(); tracks.len()];
        for reader in 0..self.set.readers().len() {
            // Earlier tracks are not looked up themselves: there the slower copy may be ours.
            let steps = self.scan.probe.tempo_steps;
            let least = if reader == 0 { 0 } else { -steps };
            let index = &self.set.readers()[reader];
            let lookup = BatchLookup { index, scan: self.scan, fingerprint: self.params };
            let queries: Vec<&Constellation> = tracks.iter().map(|(_, track)| track).collect();
            let agreements = lookup.by_anchors(&queries, least..=steps);
            let alike = lookup.by_windows(&queries);
            for (((own, into), agreements), alike) in
                tracks.iter().zip(&mut candidates).zip(agreements).zip(alike)
            {
                let node = |track| self.set.node(reader, track).filter(|&node| node != own.0);
                for agreement in agreements {
                    if let Some(node) = node(agreement.track) {
                        let hint = into.entry(node).or_default();
                        (hint.anchors, hint.seeds) = (agreement.anchors, agreement.seeds);
                    }
                }
                for candidate in alike {
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
                let mut ranked: Vec<(TrackIx, Hint)> = candidates.into_iter().collect();
                ranked.sort_by(|a, b| b.1.anchors.cmp(&a.1.anchors).then(a.0.cmp(&b.0)));
                ranked.truncate(PARAMS.candidates);
                let pairs: Vec<Pair> = ranked
                    .into_iter()
                    .filter(|(other, _)| !known.contains(&(*node.min(other), *node.max(other))))
                    .filter_map(|(other, hint)| self.verify(*node, track, other, &hint))
                    .collect();
                let path = self.set.meta(*node).map_or("", |m| m.path.as_str());
                progress.file_done(std::path::Path::new(path), track.duration_ms());
                pairs
            })
            .collect()
    }

    /// Fits and verifies a candidate.
    fn verify(
        &self,
        node: TrackIx,
        track: &Constellation,
        other: TrackIx,
        hint: &Hint,
    ) -> Option<Pair> {
        let reference = self.set.reference(other, self.params)?;
        let pair = self.comparison(track, &reference);
        let found = pair.overlap(&hint.seeds, &hint.places, self.seconds)?;
        Some(self.pair(node, track, other, &reference, found))
    }

    /// The pair of two tracks that run along each other by `transform`, if verification confirms it.
    pub fn confirm(&self, a: TrackIx, b: TrackIx, transform: Transform) -> Option<Pair> {
        let track = self.set.constellation(a)?;
        let reference = self.set.reference(b, self.params)?;
        let found = self.comparison(&track, &reference).along([transform], self.seconds)?;
        Some(self.pair(a, &track, b, &reference, found))
    }

    fn comparison<'b>(
        &'b self,
        query: &'b Constellation,
        reference: &'b Reference,
    ) -> Comparison<'b> {
        Comparison { query, reference, scan: self.scan, fingerprint: self.params }
    }

    fn pair(
        &self,
        a: TrackIx,
        track: &Constellation,
        b: TrackIx,
        reference: &Reference,
        found: MatchEvidence,
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
    fn is_loop(
        &self,
        track: &Constellation,
        reference: &Constellation,
        found: &MatchEvidence,
    ) -> bool {
        let best = found.best();
        let middle = (to_units(best.query_ms.0) + to_units(best.query_ms.1)) / 2;
        let (from, to) =
            (middle.saturating_sub(PARAMS.loop_stretch / 2), middle + PARAMS.loop_stretch / 2);
        let own = track.between(from, to);
        let common = coincidences(own, reference, &best.transform, &self.scan.verify);
        let (here, mut there): (Vec<Point>, Vec<Point>) =
            common.iter().map(|c| (c.query, c.reference)).unzip();
        let twins = &self.scan.repetition;
        let Some((period, share)) =
            strongest_period(&here, twins).filter(|p| p.1 >= PARAMS.loop_share)
        else {
            return false;
        };
        let period_there = (f64::from(period) * best.transform.time_factor).round() as u32;
        there.sort_unstable();
        let (Some(first), Some(last)) = (there.first(), there.last()) else { return false };
        let others = reference.between(first.time, last.time + 1);
        let whole = twin_share(own, period, twins).max(twin_share(others, period_there, twins));
        share >= whole + PARAMS.loop_lead
    }
}
