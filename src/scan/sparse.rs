//! Sparse probing of a long query: few query vectors, spread over all of it.
//!
//! A thorough search looks up some 1,400 vectors of three minutes and compares with dozens of tracks that they name,
//! because three damaged seconds anywhere must be found. A third of the vectors and a tenth of the tracks find nearly as
//! much of what hides in whole tracks: 152 of 200 excerpts of 5 to 40 s, at any speed and pitch, among 10,000 tracks,
//! where a thorough search finds 167 for some ten times the price.

use soundalike_index::{Query, Reader};

use super::lookup::QueryVectors;
use super::seeds::{self, Probe};
use crate::fingerprint::constellation::TIME_UNITS_PER_SECOND;
use crate::fingerprint::projection::WeightedCode;
use crate::fingerprint::{Constellation, anchor, descriptor};
use crate::params::FingerprintParams;

/// Seconds of the query for each anchor looked up at the query's own tempo: nearly all anchors.
const OWN_TEMPO: f64 = 1.0;
/// Seconds for each anchor looked up at other tempi.
const OTHER_TEMPI: f64 = 6.0;
/// And at least so many of them: shorter queries have few.
const LEAST_OTHERS: usize = 10;
/// Tempo steps looked up for those: every other one. A code is found nearly as often between them, and all of
/// them would cost twice as much.
const TEMPO_STEPS: [i32; 6] = [-6, -4, -2, 2, 4, 6];
/// Queries up to this long (time units, 12 s) are looked at thoroughly: they cost little, and every part of
/// them counts.
pub(super) const SHORT: u32 = 3_000;
/// Nearest codes fetched per vector.
pub(super) const HITS: usize = 6;
/// Candidate tracks compared per block. Twice as many find nothing more.
pub(super) const CANDIDATES: usize = 4;
/// The same where something was found: others may hold the same.
pub(super) const LIKE_CANDIDATES: usize = 12;
/// Hypotheses fitted per candidate and block.
pub(super) const HYPOTHESES: usize = 2;
/// Cells opened for a vector in an index of one segment.
const CELLS: usize = 36;

/// The query vectors of `query`.
pub(super) fn vectors(query: &Constellation, params: &FingerprintParams) -> QueryVectors<Probe> {
    let seconds = f64::from(query.duration) / TIME_UNITS_PER_SECOND;
    let own = anchor::sample(query, (seconds / OWN_TEMPO).ceil() as usize, params);
    let others = ((seconds / OTHER_TEMPI).ceil() as usize).max(LEAST_OTHERS);
    let others = anchor::sample(query, others, params);
    let mut probes = seeds::probes_at(query, &own, [0], params);
    probes.extend(seeds::probes_at(query, &others, TEMPO_STEPS, params));
    let all = probes.into_iter().map(|(probe, code)| (probe, probe.number, confident_bits(code)));
    QueryVectors::new((0, query.duration), all)
}

/// Seconds of the query for each window looked up at its own tempo.
const WINDOW_SECONDS: f64 = 6.0;
/// And at least so many of them in a stretch, as long as windows do not overlap.
const LEAST_WINDOWS: u32 = 12;
/// Nearest windows fetched per vector.
pub(super) const WINDOW_HITS: usize = 16;

/// The query vectors of the windows of a stretch of `query`; times count from its beginning.
pub(super) fn windows(
    query: &Constellation,
    block: (u32, u32),
    params: &FingerprintParams,
) -> QueryVectors<u32> {
    let hop = (WINDOW_SECONDS * TIME_UNITS_PER_SECOND) as u32;
    let hop = hop.min((block.1 - block.0) / LEAST_WINDOWS).max(params.window);
    let windows = descriptor::query_windows(&query.slice(block.0, block.1), hop, params);
    let all = windows.into_iter().enumerate();
    QueryVectors::new(block, all.map(|(i, window)| (window.time, i, confident_bits(window.code))))
}

/// A query vector of the surer half of a code's bits, each counting once: four excerpts of 200 fewer than by weighted
/// bits, for half of the work of comparing.
fn confident_bits(code: WeightedCode) -> Query {
    Query { code: code.code, weights: [code.weights[1], Default::default()] }
}

/// Cells opened per segment for a vector: of several segments no more codes are read than there would be
/// in one. A segment has as many cells as its size has in the root.
pub(super) fn cells(index: &Reader) -> usize {
    let segments = index.segment_count().max(1) as f64;
    (CELLS as f64 / segments.sqrt()).ceil() as usize
}
