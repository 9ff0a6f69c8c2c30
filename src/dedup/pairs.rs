//! Every pair of near-duplicates in a batch.
//!
//! A dozen or so anchors of each track are looked up in the index at the tempo ratios that matter; tracks on
//! which several anchors agree are candidates; each is fitted and verified peak by peak along the whole
//! of both tracks. Two tracks of one batch look each other up, so that only ratios from 1 upwards are
//! needed: of two copies at different speeds one is the slower.

use std::collections::{BTreeMap, HashSet};

use super::known_loops::Unexplained;
use super::params::{DedupParams, LoopParams, PairParams};
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
use crate::scan::transform::{Transform, to_ms, to_units};
use crate::scan::verify::coincidences;
use crate::scan::vote::VotedOffset;
use rayon::prelude::*;
use soundalike_index::{ReferenceStore, Result as IndexResult};

/// What makes a pair.
const PARAMS: &PairParams = &DedupParams::V2.pair;
/// What loops do to one.
const LOOPS: &LoopParams = &DedupParams::V2.loops;

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
    /// All they share is one loop, repeated under different music, or loops of a library.
    pub shared_loop: bool,
    /// Length in ms of the loop or sample that may be all they share: as long as the overlap, or what it repeats. None
    /// where that is more, and where a library has it.
    pub loop_ms: Option<u64>,
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
    unexplained: &'a Unexplained<'a>,
}

impl<'a> Matcher<'a> {
    /// A matcher over the tracks of `set`, which were fingerprinted with `params`; `unexplained`: what known loops leave
    /// of them.
    pub fn new(
        set: &'a TrackSet,
        params: &'a FingerprintParams,
        unexplained: &'a Unexplained<'a>,
    ) -> Matcher<'a> {
        Matcher { set, params, scan: &ScanParams::V1, seconds: set.seconds(), unexplained }
    }

    /// All accepted pairs with a track of the batch, near-duplicates and weaker ties, in order of their
    /// nodes.
    ///
    /// # Errors
    /// An index does not answer.
    pub fn pairs(&self, progress: &dyn Progress, cancel: &Cancel) -> IndexResult<Vec<Pair>> {
        let fresh: Vec<TrackIx> = (0..self.set.fresh()).collect();
        let mut found: BTreeMap<(TrackIx, TrackIx), Pair> = BTreeMap::new();
        progress.start(fresh.len());
        for chunk in fresh.chunks(PARAMS.chunk) {
            if cancel.is_cancelled() {
                break;
            }
            let known: HashSet<(TrackIx, TrackIx)> =
                found.values().filter(|p| p.is_edge()).map(Pair::nodes).collect();
            for pair in self.chunk(chunk, &known, progress)? {
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
        Ok(found.into_values().collect())
    }

    fn chunk(
        &self,
        nodes: &[TrackIx],
        known: &HashSet<(TrackIx, TrackIx)>,
        progress: &dyn Progress,
    ) -> IndexResult<Vec<Pair>> {
        let tracks: Vec<(TrackIx, Constellation)> = nodes
            .par_iter()
            .filter_map(|&node| Some((node, self.set.constellation(node)?)))
            .collect();
        let mut candidates: Vec<BTreeMap<TrackIx, Hint>> = vec![BTreeMap::new(); tracks.len()];
        for reader in 0..self.set.readers().len() {
            // Earlier tracks are not looked up themselves: there the slower copy may be ours.
            let steps = self.scan.probe.tempo_steps;
            let least = if reader == 0 { 0 } else { -steps };
            let store: &dyn ReferenceStore = &*self.set.readers()[reader];
            let lookup = BatchLookup { store, scan: self.scan, fingerprint: self.params };
            let queries: Vec<&Constellation> = tracks.iter().map(|(_, track)| track).collect();
            let agreements = lookup.by_anchors(&queries, least..=steps)?;
            let alike = lookup.by_windows(&queries)?;
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
        let found =
            tracks.par_iter().zip(candidates).flat_map_iter(|((node, track), candidates)| {
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
            });
        Ok(found.collect())
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
            loop_ms: None,
            found,
        };
        let period = self.period(track, there, &pair.found);
        let is_edge = pair.is_edge();
        pair.shared_loop =
            is_edge && period.is_some_and(|p| self.is_loop(track, there, &pair.found, p));
        let is_known = |pair: &Pair| self.is_of_known_loops(track, reference, pair);
        if is_edge && !pair.shared_loop {
            pair.shared_loop = is_known(&pair);
        } else {
            pair.loop_ms = loop_ms(&pair.found, period).filter(|_| !is_known(&pair));
        }
        pair
    }

    /// Whether loops of a library are what two tracks share: hardly anything of the overlap is left beside them.
    fn is_of_known_loops(&self, track: &Constellation, reference: &Reference, pair: &Pair) -> bool {
        let there = reference.constellation();
        let rest =
            |node, track: &Constellation| (self.unexplained)(&self.set.meta(node)?.sha256, track);
        let (own, others) = (rest(pair.a, track), rest(pair.b, there));
        if own.is_none() && others.is_none() {
            return false;
        }
        let is_more = |rest: &Option<Constellation>, of: &Constellation| {
            let left =
                |rest: &Constellation| rest.points.len() as f64 / of.points.len().max(1) as f64;
            rest.as_ref().is_none_or(|rest| left(rest) >= LOOPS.least_left)
        };
        // Files that are the loops and nothing else are copies of each other, and none of a song that uses them.
        match (is_more(&own, track), is_more(&others, there)) {
            (false, false) => return false,
            (true, true) => {}
            _ => return true,
        }
        let others = others.map(|points| Reference::new(points, self.params));
        let (query, reference) =
            (own.as_ref().unwrap_or(track), others.as_ref().unwrap_or(reference));
        let left = self.comparison(query, reference).still(&pair.found, self.seconds);
        let all = agreement(&pair.found, (track, there));
        !left.is_some_and(|left| {
            let rest = reference.constellation();
            let covers = |ms: u64, of: &Constellation| {
                ms as f64 >= LOOPS.coverage_beside * sounding_ms(of) as f64
            };
            left.log10_evalue <= PARAMS.edge_log10_evalue
                && covers(left.query_covered_ms, query)
                && covers(left.reference_covered_ms, rest)
                && agreement(&left, (query, rest)) >= LOOPS.agreement_beside * all
        })
    }

    /// The period of what two tracks share, in time units, and which share of the common peaks repeats after it, if
    /// most do; looked for in the middle of the overlap.
    fn period(
        &self,
        track: &Constellation,
        reference: &Constellation,
        found: &MatchEvidence,
    ) -> Option<(u32, f64)> {
        let (own, transform) = (middle(track, found), &found.best().transform);
        let common = coincidences(own, reference, transform, &self.scan.verify);
        let here: Vec<Point> = common.iter().map(|c| c.query).collect();
        strongest_period(&here, &self.scan.repetition).filter(|p| p.1 >= PARAMS.loop_share)
    }

    /// Whether what two tracks share, and repeats by `period` as far as that share, is a loop under different music.
    fn is_loop(
        &self,
        track: &Constellation,
        reference: &Constellation,
        found: &MatchEvidence,
        (period, share): (u32, f64),
    ) -> bool {
        let (own, transform) = (middle(track, found), &found.best().transform);
        let common = coincidences(own, reference, transform, &self.scan.verify);
        let mut there: Vec<Point> = common.iter().map(|c| c.reference).collect();
        let twins = &self.scan.repetition;
        let period_there = (f64::from(period) * transform.time_factor).round() as u32;
        there.sort_unstable();
        let (Some(first), Some(last)) = (there.first(), there.last()) else { return false };
        let others = reference.between(first.time, last.time + 1);
        let whole = twin_share(own, period, twins).max(twin_share(others, period_there, twins));
        share >= whole + PARAMS.loop_lead
    }
}

/// Share of the peaks along an overlap that coincide, of the track that has more there.
fn agreement(found: &MatchEvidence, (query, reference): (&Constellation, &Constellation)) -> f64 {
    let peaks = |of: &Constellation, (from, to): (u64, u64)| {
        of.between(to_units(from), to_units(to).saturating_add(1)).len()
    };
    let along = found.segments.iter();
    let matched: u32 = along.clone().map(|s| s.matched).sum();
    let here: usize = along.clone().map(|s| peaks(query, s.query_ms)).sum();
    let there: usize = along.map(|s| peaks(reference, s.reference_ms)).sum();
    f64::from(matched) / here.max(there).max(1) as f64
}

/// The peaks in the middle of an overlap.
fn middle<'a>(track: &'a Constellation, found: &MatchEvidence) -> &'a [Point] {
    let best = found.best();
    let middle = (to_units(best.query_ms.0) + to_units(best.query_ms.1)) / 2;
    track.between(middle.saturating_sub(PARAMS.loop_stretch / 2), middle + PARAMS.loop_stretch / 2)
}

/// Length of the loop that an overlap may be, by the period of what is common.
fn loop_ms(found: &MatchEvidence, period: Option<(u32, f64)>) -> Option<u64> {
    let repeated = period.map(|(units, _)| to_ms(f64::from(units)).round() as u64);
    let overlap = found.query_covered_ms;
    let ms = repeated.unwrap_or(overlap);
    (LOOPS.shortest_ms..=LOOPS.longest_ms).contains(&ms).then_some(ms)
}
