//! Scans queries against an index: candidates, then comparison with each of them.

use std::collections::BTreeMap;

use rayon::prelude::*;
use soundalike_index::{Reader, SearchMode, SearchOptions, TrackNo};

use super::candidates;
use super::matcher::{Found, MatchParams, Reference, block_warps, blocks, verify_warps};
use super::warp::Warp;
use super::warped;
use crate::fingerprint::{Constellation, anchor, descriptor};
use crate::params::FingerprintParams;

/// Descriptor space of the peak map.
pub const SPACE_PEAK_MAP: u8 = 0;
/// Descriptor space of the anchors.
pub const SPACE_ANCHOR: u8 = 1;
/// Share of the query that one line must explain to leave the search for changed copies out.
const EXPLAINED: f64 = 0.85;
/// And how sure it must be: a regular beat alone can carry a wrong line past the acceptance line.
const SURE_LOG10_EVALUE: f64 = -8.0;
/// Descriptor windows asked per block of a query, about.
const WINDOWS_PER_BLOCK: u32 = 96;
/// Least distance between query windows in time units (64 ms, the misalignment the codes bear).
const MIN_QUERY_HOP: u32 = 16;
/// Nearest codes fetched per window.
const HITS_PER_WINDOW: usize = 64;
/// Candidate tracks compared per block.
const CANDIDATES: usize = 60;

/// A match of a query with a track of the index.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackMatch {
    /// The track's number in the index snapshot.
    pub track: TrackNo,
    /// The evidence.
    pub found: Found,
}

/// Scans queries against one snapshot of an index.
pub struct Scanner<'a> {
    index: &'a Reader,
    params: &'a FingerprintParams,
    matching: MatchParams,
    options: SearchOptions,
    searched_seconds: f64,
}

impl<'a> Scanner<'a> {
    /// A scanner over `index`, which was built with `params`.
    pub fn new(index: &'a Reader, params: &'a FingerprintParams, mode: SearchMode) -> Scanner<'a> {
        let duration_ms: u64 = index.tracks().map(|(_, meta)| meta.duration_ms).sum();
        Scanner {
            index,
            params,
            matching: MatchParams::default(),
            options: SearchOptions { mode, k: HITS_PER_WINDOW, ..SearchOptions::default() },
            searched_seconds: duration_ms as f64 / 1000.0,
        }
    }

    /// All matches of `query`, accepted or not, best first.
    ///
    /// Copies at the query's own speed and pitch are looked for first; changed copies only where
    /// those leave a good part of the query unexplained.
    pub fn scan(&self, query: &Constellation) -> Vec<TrackMatch> {
        let mut warps: BTreeMap<TrackNo, Vec<(Warp, f32)>> = BTreeMap::new();
        self.plain(query, &mut warps);
        let matches = self.verified(query, &warps);
        if matches.iter().any(|m| is_explained(query, &m.found)) {
            return matches;
        }
        self.changed(query, &mut warps);
        self.verified(query, &warps)
    }

    /// Alignments at the query's own speed and pitch.
    fn plain(&self, query: &Constellation, warps: &mut BTreeMap<TrackNo, Vec<(Warp, f32)>>) {
        for block in blocks(query.duration) {
            let tracks = self.candidates(query, block);
            let found: Vec<_> = tracks
                .par_iter()
                .filter_map(|&track| {
                    let reference = self.reference(track)?;
                    Some((track, block_warps(query, block, &reference, &self.matching)))
                })
                .collect();
            collect(found, warps);
        }
    }

    /// Alignments at other speeds and pitches.
    fn changed(&self, query: &Constellation, warps: &mut BTreeMap<TrackNo, Vec<(Warp, f32)>>) {
        let options = SearchOptions { k: warped::HITS_PER_PROBE, ..self.options.clone() };
        for block in blocks(query.duration) {
            let (probes, codes) = warped::probes(query, block, self.params);
            let hits = self.index.search(SPACE_ANCHOR, &codes, &options);
            let found: Vec<_> = warped::rank(&probes, &hits, block)
                .into_par_iter()
                .filter_map(|(track, leads)| {
                    let reference = self.reference(track)?;
                    let (params, matching) = (self.params, &self.matching);
                    let found = warped::warps(query, block, &reference, leads, params, matching);
                    Some((track, found))
                })
                .collect();
            collect(found, warps);
        }
    }

    fn reference(&self, track: TrackNo) -> Option<Reference> {
        let points = Constellation::from_bytes(self.index.constellation(track)?).ok()?;
        Some(Reference::new(points, self.params))
    }

    /// Verifies warps along the whole query; best match first.
    fn verified(
        &self,
        query: &Constellation,
        warps: &BTreeMap<TrackNo, Vec<(Warp, f32)>>,
    ) -> Vec<TrackMatch> {
        let mut matches: Vec<TrackMatch> = warps
            .par_iter()
            .filter_map(|(&track, warps)| {
                let reference = self.reference(track)?;
                let (seconds, params) = (self.searched_seconds, &self.matching);
                let found = verify_warps(query, &reference, warps.clone(), seconds, params)?;
                Some(TrackMatch { track, found })
            })
            .collect();
        matches.sort_by(|a, b| {
            let order = a.found.log10_evalue.total_cmp(&b.found.log10_evalue);
            order.then(a.track.cmp(&b.track))
        });
        matches
    }

    /// Whether nothing of `query` can be looked up: silence, a steady tone, hardly any length.
    pub fn is_featureless(&self, query: &Constellation) -> bool {
        descriptor::windows(query, self.params.window, self.params).is_empty()
    }

    /// Candidate tracks of one block of the query.
    fn candidates(&self, query: &Constellation, block: (u32, u32)) -> Vec<TrackNo> {
        let span = (block.1 - block.0).saturating_sub(self.params.window);
        let hop = (span / WINDOWS_PER_BLOCK).max(MIN_QUERY_HOP);
        let stretch = query.slice(block.0, block.1);
        let windows = descriptor::windows(&stretch, hop, self.params);
        let codes: Vec<_> = windows.iter().map(|w| w.code).collect();
        let times: Vec<_> = windows.iter().map(|w| w.time).collect();
        let hits = self.index.search(SPACE_PEAK_MAP, &codes, &self.options);
        candidates::rank(&times, &hits, CANDIDATES)
    }
}

/// Whether nothing is left to explain by a copy at another speed or pitch.
fn is_explained(query: &Constellation, found: &Found) -> bool {
    found.log10_evalue <= SURE_LOG10_EVALUE && found.best_line_coverage(query.duration) >= EXPLAINED
}

fn collect(
    found: Vec<(TrackNo, Vec<(Warp, f32)>)>,
    warps: &mut BTreeMap<TrackNo, Vec<(Warp, f32)>>,
) {
    for (track, found) in found {
        if !found.is_empty() {
            warps.entry(track).or_default().extend(found);
        }
    }
}

/// Compares a query with one reference, without an index.
pub fn compare(
    query: &Constellation,
    reference: &Reference,
    searched_seconds: f64,
    params: &FingerprintParams,
    matching: &MatchParams,
) -> Option<Found> {
    let mut warps = Vec::new();
    for block in blocks(query.duration) {
        warps.extend(block_warps(query, block, reference, matching));
    }
    let plain = verify_warps(query, reference, warps.clone(), searched_seconds, matching);
    if plain.as_ref().is_some_and(|found| is_explained(query, found)) {
        return plain;
    }
    let anchors = anchor::coded(reference.constellation(), params);
    for block in blocks(query.duration) {
        let (probes, codes) = warped::probes(query, block, params);
        let leads = warped::leads_in(&probes, &codes, &anchors);
        warps.extend(warped::warps(query, block, reference, leads, params, matching));
    }
    verify_warps(query, reference, warps, searched_seconds, matching)
}
