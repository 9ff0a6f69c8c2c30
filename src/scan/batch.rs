//! Batch: candidates for near-duplicates, tracks that several anchors or windows of a track agree on.
//!
//! A scan looks for a few copied seconds and has to follow every seed. Near-duplicates share most of both tracks, so a
//! handful of anchors from all over the track is enough, and a track that only one of them points to is chance.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use rayon::prelude::*;
use soundalike_index::{Hit, Query, ReferenceStore, Result as IndexResult, TrackNo};

use super::lookup::search_batch;
use super::params::ScanParams;
use super::probe::{Probe, Prober, Seed};
use super::span::Span;
use super::vote::{Bin, WindowCandidate, by_windows, seed_histogram, seeds};
use crate::fingerprint::descriptor::{self, QueryWindow};
use crate::fingerprint::stored::{SPACE_ANCHOR, SPACE_PEAK_MAP};
use crate::fingerprint::{Constellation, anchor};
use crate::params::FingerprintParams;

/// Seeds of one track that agree on ratio and offset.
#[derive(Debug, Clone, PartialEq)]
pub struct Agreement {
    /// The track.
    pub track: TrackNo,
    /// Different anchors among the seeds.
    pub anchors: usize,
    /// The seeds.
    pub seeds: Vec<Seed>,
}

/// Looks up the tracks of a batch in a store.
pub struct BatchLookup<'a> {
    /// The store.
    pub store: &'a dyn ReferenceStore,
    /// Parameters of the scan.
    pub scan: &'a ScanParams,
    /// Parameters of the fingerprint.
    pub fingerprint: &'a FingerprintParams,
}

impl BatchLookup<'_> {
    /// The tracks of the store on which anchors of each of `tracks` agree, at the tempo ratios of `tempo_steps`.
    ///
    /// # Errors
    /// The store does not answer.
    pub fn by_anchors(
        &self,
        tracks: &[&Constellation],
        tempo_steps: RangeInclusive<i32>,
    ) -> IndexResult<Vec<Vec<Agreement>>> {
        let params = &self.scan.batch;
        let probes: Vec<Vec<_>> = tracks
            .par_iter()
            .map(|&query| {
                let anchors = anchor::sample(query, params.anchors, self.fingerprint);
                let prober = Prober { query, scan: self.scan, fingerprint: self.fingerprint };
                prober.probes_at(&anchors, tempo_steps.clone())
            })
            .collect();
        let queries: Vec<Query> = probes.iter().flatten().map(|&(_, code)| code.into()).collect();
        let mut hits = self.near_anchors(&queries)?.into_iter();
        let answered: Vec<(Vec<Probe>, Vec<Vec<Hit>>)> = probes
            .iter()
            .map(|own| (own.iter().map(|p| p.0).collect(), hits.by_ref().take(own.len()).collect()))
            .collect();
        let found = tracks.par_iter().zip(answered).map(|(track, (probes, hits))| {
            let mut all = agreements(&probes, &hits, track.duration, self.scan);
            // The track itself may be among them.
            all.truncate(params.candidates + 1);
            all
        });
        Ok(found.collect())
    }

    /// The tracks of the store that windows of each of `tracks` point to at its own speed, the best supported ones,
    /// and where. What was made anew keeps few anchors; the map of a window is still alike.
    ///
    /// # Errors
    /// The store does not answer.
    pub fn by_windows(&self, tracks: &[&Constellation]) -> IndexResult<Vec<Vec<WindowCandidate>>> {
        let params = &self.scan.batch;
        let windows: Vec<Vec<QueryWindow>> = tracks
            .par_iter()
            .map(|track| {
                let span = track.duration.saturating_sub(self.fingerprint.window);
                let hop = (span / params.windows).max(params.min_window_hop);
                descriptor::query_windows(track, hop, self.fingerprint)
            })
            .collect();
        let queries: Vec<Query> = windows.iter().flatten().map(|w| w.code.into()).collect();
        let limit = (params.hits_per_window, u32::MAX);
        let mut hits = search_batch(self.store, SPACE_PEAK_MAP, &queries, limit, params)?;
        hits.par_iter_mut().for_each(|hits| spread(hits, params.hits_per_track));
        let mut hits = hits.into_iter();
        let answered: Vec<(Vec<u32>, Vec<Vec<Hit>>)> = windows
            .iter()
            .map(|own| {
                (own.iter().map(|w| w.time).collect(), hits.by_ref().take(own.len()).collect())
            })
            .collect();
        // The track itself may be among them.
        let limit = params.window_candidates + 1;
        let vote = &self.scan.vote;
        let named = answered.par_iter().map(|(times, hits)| by_windows(times, hits, limit, vote));
        Ok(named.collect())
    }

    /// The anchors nearest to `queries` that are near enough to count.
    fn near_anchors(&self, queries: &[Query]) -> IndexResult<Vec<Vec<Hit>>> {
        let params = &self.scan.batch;
        let near = |query: &Query| (f64::from(total_weight(query)) * params.near) as u32;
        let max_distance = queries.iter().map(near).max().unwrap_or(0);
        let limit = (params.hits_per_anchor, max_distance);
        let mut hits = search_batch(self.store, SPACE_ANCHOR, queries, limit, params)?;
        hits.par_iter_mut().zip(queries).for_each(|(hits, query)| {
            hits.retain(|hit| hit.distance <= near(query));
            spread(hits, params.hits_per_track);
        });
        Ok(hits)
    }
}

/// Distance of a query to its complement.
fn total_weight(query: &Query) -> u32 {
    let ones = |plane: &[u64; 4]| plane.iter().map(|word| word.count_ones()).sum::<u32>();
    ones(&query.weights[0]) + 2 * ones(&query.weights[1])
}

/// Leaves the nearest `limit` hits of each track: one that repeats itself says the same each time.
fn spread(hits: &mut Vec<Hit>, limit: usize) {
    let mut seen: BTreeMap<u32, usize> = BTreeMap::new();
    hits.retain(|hit| {
        let count = seen.entry(hit.track.0).or_default();
        *count += 1;
        *count <= limit
    });
}

/// The tracks on which enough anchors agree, those with most anchors first.
///
/// `hits[i]` answer `probes[i]`; `duration` is that of the query in time units.
fn agreements(
    probes: &[Probe],
    hits: &[Vec<Hit>],
    duration: u32,
    scan: &ScanParams,
) -> Vec<Agreement> {
    let seeds = seeds(probes.iter().zip(hits));
    let histogram = seed_histogram(&seeds, Span::new(0, duration), &scan.vote);
    let mut found: Vec<Agreement> = histogram
        .tracks()
        .filter_map(|votes| {
            let seeds = densest(&votes.bins(), |hit| seeds[hit].1)?;
            let (track, anchors) = (votes.track, count_anchors(&seeds));
            (anchors >= scan.batch.min_votes).then_some(Agreement { track, anchors, seeds })
        })
        .collect();
    found.sort_by(|a, b| b.anchors.cmp(&a.anchors).then(a.track.cmp(&b.track)));
    found
}

/// The seeds of the cell, joined with the next in offset, that most anchors agree on.
fn densest(bins: &[Bin<'_>], seed: impl Fn(usize) -> Seed) -> Option<Vec<Seed>> {
    let mut best: Option<(usize, f32, Vec<Seed>)> = None;
    for (i, bin) in bins.iter().enumerate() {
        let beside = bins.get(i + 1).filter(|next| bin.is_before(next));
        let hits = bin.hits().chain(beside.into_iter().flat_map(Bin::hits));
        let joined: Vec<Seed> = hits.map(&seed).collect();
        let anchors = count_anchors(&joined);
        let weight: f32 = joined.iter().map(|l| l.weight).sum();
        if best.as_ref().is_none_or(|(a, w, _)| (anchors, weight) > (*a, *w)) {
            best = Some((anchors, weight, joined));
        }
    }
    best.map(|(.., seeds)| seeds)
}

fn count_anchors(seeds: &[Seed]) -> usize {
    let mut numbers: Vec<usize> = seeds.iter().map(|l| l.probe.number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers.len()
}
