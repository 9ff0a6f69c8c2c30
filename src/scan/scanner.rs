//! Scans queries against an index: candidates, then comparison with each of them.

use std::collections::BTreeMap;

use rayon::prelude::*;
use soundalike_index::{Reader, SearchMode, SearchOptions, TrackNo};

use super::candidates;
use super::matcher::{Found, MatchParams, Reference, block_warps, blocks, verify_warps};
use super::warp::Warp;
use crate::fingerprint::Constellation;
use crate::fingerprint::descriptor;
use crate::params::FingerprintParams;

/// Descriptor space of the peak map.
pub const SPACE_PEAK_MAP: u8 = 0;
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
    pub fn scan(&self, query: &Constellation) -> Vec<TrackMatch> {
        let blocks = blocks(query.duration);
        let mut candidates: BTreeMap<TrackNo, Vec<(u32, u32)>> = BTreeMap::new();
        for block in blocks {
            for track in self.candidates(query, block) {
                candidates.entry(track).or_default().push(block);
            }
        }
        let candidates: Vec<_> = candidates.into_iter().collect();
        let mut matches: Vec<TrackMatch> = candidates
            .par_iter()
            .filter_map(|(track, blocks)| self.compare(query, *track, blocks))
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

    fn compare(
        &self,
        query: &Constellation,
        track: TrackNo,
        blocks: &[(u32, u32)],
    ) -> Option<TrackMatch> {
        let points = Constellation::from_bytes(self.index.constellation(track)?).ok()?;
        let reference = Reference::new(points, self.params);
        let warps: Vec<(Warp, f32)> = blocks
            .iter()
            .flat_map(|&block| block_warps(query, block, &reference, &self.matching))
            .collect();
        let found = verify_warps(query, &reference, warps, self.searched_seconds, &self.matching)?;
        Some(TrackMatch { track, found })
    }
}
