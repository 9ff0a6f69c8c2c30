//! Voting for whole-track duplicates: tracks that several anchors, or several windows, of a query agree on.
//!
//! A scan looks for a few copied seconds and has to follow every seed. Near-duplicates share most of both tracks, so a
//! handful of anchors from all over the track is enough, and a track that only one of them points to is chance.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use rayon::prelude::*;
use soundalike_index::{Hit, Query, Reader, SearchOptions, TrackNo};

use super::candidates::{Candidate, rank};
use super::seeds::{self, Probe, Seed, cell_width};
use crate::fingerprint::descriptor::{self, QueryWindow};
use crate::fingerprint::stored::{SPACE_ANCHOR, SPACE_PEAK_MAP};
use crate::fingerprint::{Constellation, anchor};
use crate::params::FingerprintParams;

/// Anchors by which a track is looked up. Twelve find planted families as well as sixteen.
const ANCHORS: usize = 12;
/// Anchors that must agree on a candidate.
const LEAST_VOTES: usize = 2;
/// Candidates per track.
const CANDIDATES: usize = 64;
/// Nearest codes fetched per probe: enough that a track which repeats itself does not crowd out its copies.
const HITS_PER_PROBE: usize = 96;
/// Hits of one track that one probe may bring.
const HITS_PER_TRACK: usize = 2;
/// Distance of a hit, as a share of the weight of all bits, up to which it counts. Of the 96 nearest among
/// 66,000 anchors of other tracks one in 180 is nearer; of those that lie in a copy 42 in 100 are.
const NEAR: f64 = 0.30;
/// Codes up to which all are compared: those of some hundred tracks. In a batch of 800 that would cost more than
/// all the rest of looking for duplicates.
const EXACT_UP_TO: usize = 8 << 10;
/// Cells opened per segment and probe.
const CELLS: usize = 64;

/// Windows by which a track is looked up at its own speed.
const WINDOWS: usize = 24;
/// Least distance between them, in time units.
const MIN_HOP: u32 = 64;
/// Nearest windows fetched for each.
const HITS_PER_WINDOW: usize = 48;
/// Candidates by windows, per track.
const WINDOW_CANDIDATES: usize = 16;

/// Seeds of one track that agree on ratio and offset.
#[derive(Debug, Clone, PartialEq)]
pub struct Voted {
    /// The track.
    pub track: TrackNo,
    /// Different anchors among the seeds.
    pub anchors: usize,
    /// The seeds.
    pub seeds: Vec<Seed>,
}

/// The tracks of `index` on which anchors of each of `tracks` agree, at the tempo ratios of `tempo_steps`.
pub fn vote_anchors(
    index: &Reader,
    tracks: &[&Constellation],
    tempo_steps: RangeInclusive<i32>,
    params: &FingerprintParams,
) -> Vec<Vec<Voted>> {
    let probes: Vec<Vec<_>> = tracks
        .par_iter()
        .map(|track| {
            let anchors = anchor::sample(track, ANCHORS, params);
            seeds::probes_at(track, &anchors, tempo_steps.clone(), params)
        })
        .collect();
    let queries: Vec<Query> = probes.iter().flatten().map(|&(_, code)| code.into()).collect();
    let mut hits = hits(index, &queries).into_iter();
    let answered: Vec<(Vec<Probe>, Vec<Vec<Hit>>)> = probes
        .iter()
        .map(|own| (own.iter().map(|p| p.0).collect(), hits.by_ref().take(own.len()).collect()))
        .collect();
    tracks
        .par_iter()
        .zip(answered)
        .map(|(track, (probes, hits))| {
            let mut all = voted(&probes, &hits, track.duration, LEAST_VOTES);
            // The track itself may be among them.
            all.truncate(CANDIDATES + 1);
            all
        })
        .collect()
}

/// The tracks of `index` that windows of each of `tracks` point to at its own speed, the best supported ones, and
/// where. What was made anew keeps few anchors; the map of a window is still like.
pub fn vote_windows(
    index: &Reader,
    tracks: &[&Constellation],
    params: &FingerprintParams,
) -> Vec<Vec<Candidate>> {
    let windows: Vec<Vec<QueryWindow>> = tracks
        .par_iter()
        .map(|track| {
            let span = track.duration.saturating_sub(params.window);
            let hop = (span / WINDOWS as u32).max(MIN_HOP);
            descriptor::query_windows(track, hop, params)
        })
        .collect();
    let queries: Vec<Query> = windows.iter().flatten().map(|w| w.code.into()).collect();
    let options = SearchOptions { k: HITS_PER_WINDOW, max_distance: u32::MAX, ..options() };
    let mut hits = index.search(SPACE_PEAK_MAP, &queries, &options);
    hits.par_iter_mut().for_each(spread);
    let mut hits = hits.into_iter();
    let answered: Vec<(Vec<u32>, Vec<Vec<Hit>>)> = windows
        .iter()
        .map(|own| (own.iter().map(|w| w.time).collect(), hits.by_ref().take(own.len()).collect()))
        .collect();
    // The track itself may be among them.
    answered.par_iter().map(|(times, hits)| rank(times, hits, WINDOW_CANDIDATES + 1)).collect()
}

/// How all of a batch is searched.
fn options() -> SearchOptions {
    SearchOptions {
        walk: false,
        probes: CELLS,
        ef: CELLS,
        exact_up_to: EXACT_UP_TO,
        ..SearchOptions::default()
    }
}

/// The hits of `queries` that are near enough to count.
fn hits(index: &Reader, queries: &[Query]) -> Vec<Vec<Hit>> {
    let near = |query: &Query| (f64::from(total_weight(query)) * NEAR) as u32;
    let max_distance = queries.iter().map(near).max().unwrap_or(0);
    let options = SearchOptions { k: HITS_PER_PROBE, max_distance, ..options() };
    let mut hits = index.search(SPACE_ANCHOR, queries, &options);
    hits.par_iter_mut().zip(queries).for_each(|(hits, query)| {
        hits.retain(|hit| hit.distance <= near(query));
        spread(hits);
    });
    hits
}

/// Distance of a query to its complement.
fn total_weight(query: &Query) -> u32 {
    let ones = |plane: &[u64; 4]| plane.iter().map(|word| word.count_ones()).sum::<u32>();
    ones(&query.weights[0]) + 2 * ones(&query.weights[1])
}

/// Leaves the nearest hits of each track: one that repeats itself says the same each time.
fn spread(hits: &mut Vec<Hit>) {
    let mut seen: BTreeMap<u32, usize> = BTreeMap::new();
    hits.retain(|hit| {
        let count = seen.entry(hit.track.0).or_default();
        *count += 1;
        *count <= HITS_PER_TRACK
    });
}

/// The tracks on which at least `least` anchors agree, those with most anchors first.
///
/// `hits[i]` answer `probes[i]`; `duration` is that of the query in time units.
fn voted(probes: &[Probe], hits: &[Vec<Hit>], duration: u32, least: usize) -> Vec<Voted> {
    let (middle, cell) = (f64::from(duration) / 2.0, cell_width((0, duration)));
    let mut by_track: BTreeMap<TrackNo, BTreeMap<(i32, i64), Vec<Seed>>> = BTreeMap::new();
    for (&probe, hits) in probes.iter().zip(hits) {
        let Some(worst) = hits.last().map(|h| h.distance) else { continue };
        for hit in hits {
            let seed = Seed::new(probe, hit.time, hit.distance, worst);
            let at = (seed.line(middle) / cell).floor() as i64;
            by_track
                .entry(hit.track)
                .or_default()
                .entry((probe.tempo_step, at))
                .or_default()
                .push(seed);
        }
    }
    let mut found: Vec<Voted> = by_track
        .into_iter()
        .filter_map(|(track, cells)| {
            let seeds = densest(&cells)?;
            let anchors = count_anchors(&seeds);
            (anchors >= least).then_some(Voted { track, anchors, seeds })
        })
        .collect();
    found.sort_by(|a, b| b.anchors.cmp(&a.anchors).then(a.track.cmp(&b.track)));
    found
}

/// The seeds of the cell, joined with one of its neighbours in offset, that most anchors agree on.
fn densest(cells: &BTreeMap<(i32, i64), Vec<Seed>>) -> Option<Vec<Seed>> {
    let mut best: Option<(usize, f32, Vec<Seed>)> = None;
    for (&(tempo_step, at), seeds) in cells {
        let beside = cells.get(&(tempo_step, at + 1)).into_iter().flatten();
        let joined: Vec<Seed> = seeds.iter().chain(beside).copied().collect();
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
