//! The usual look at a long query: questions spread thinly over all of it.
//!
//! A thorough look asks some 1,400 questions about three minutes and compares with dozens of tracks that the
//! answers name, because three damaged seconds anywhere must be found. A third of the questions and a tenth
//! of the tracks find nearly as much of what hides in whole tracks: 152 of 200 excerpts of 5 to 40 s, at
//! any speed and pitch, among 10,000 tracks, where a thorough look finds 167 for some ten times the price.
//! That price grows with the length of the query, as the one of decoding does, and adds a fifth to it
//! (`benches/robustness/hidden.py` measures both).

use soundalike_index::{Query, Reader};

use super::lookup::Questions;
use super::warped::{self, Probe};
use crate::fingerprint::constellation::TIME_UNITS_PER_SECOND;
use crate::fingerprint::projection::WeighedCode;
use crate::fingerprint::{Constellation, anchor, descriptor};
use crate::params::FingerprintParams;

/// Seconds of the query for each anchor asked about at the query's own tempo: nearly all anchors.
const OWN_TEMPO: f64 = 1.0;
/// Seconds for each anchor asked about at other tempi.
const OTHER_TEMPI: f64 = 6.0;
/// And at least so many of them: shorter queries have few.
const LEAST_OTHERS: usize = 10;
/// Rungs asked about for those: every other one. A code is found nearly as often between them, and all of
/// them would cost twice as much.
const RUNGS: [i32; 6] = [-6, -4, -2, 2, 4, 6];
/// Queries up to this long (time units, 12 s) are looked at thoroughly: they cost little, and every part of
/// them counts.
pub(super) const SHORT: u32 = 3_000;
/// Nearest codes fetched per question.
pub(super) const HITS: usize = 6;
/// Candidate tracks compared per block. Twice as many find nothing more.
pub(super) const CANDIDATES: usize = 4;
/// The same where something was found: others may hold the same.
pub(super) const LIKE_CANDIDATES: usize = 12;
/// Hypotheses fitted per candidate and block.
pub(super) const HYPOTHESES: usize = 2;
/// Cells opened for a question in an index of one segment.
const CELLS: usize = 36;

/// What is asked about `query`.
pub(super) fn questions(query: &Constellation, params: &FingerprintParams) -> Questions<Probe> {
    let seconds = f64::from(query.duration) / TIME_UNITS_PER_SECOND;
    let own = anchor::sample(query, (seconds / OWN_TEMPO).ceil() as usize, params);
    let others = ((seconds / OTHER_TEMPI).ceil() as usize).max(LEAST_OTHERS);
    let others = anchor::sample(query, others, params);
    let mut probes = warped::probes_at(query, &own, [0], params);
    probes.extend(warped::probes_at(query, &others, RUNGS, params));
    let all = probes.into_iter().map(|(probe, code)| (probe, probe.number, sure_bits(code)));
    Questions::new((0, query.duration), all)
}

/// Seconds of the query for each window asked about at its own tempo.
const WINDOW_SECONDS: f64 = 6.0;
/// And at least so many of them in a stretch, as long as windows do not overlap.
const LEAST_WINDOWS: u32 = 12;
/// Nearest windows fetched per question.
pub(super) const WINDOW_HITS: usize = 16;

/// What is asked about the windows of a stretch of `query`; times count from its beginning.
pub(super) fn windows(
    query: &Constellation,
    block: (u32, u32),
    params: &FingerprintParams,
) -> Questions<u32> {
    let hop = (WINDOW_SECONDS * TIME_UNITS_PER_SECOND) as u32;
    let hop = hop.min((block.1 - block.0) / LEAST_WINDOWS).max(params.window);
    let windows = descriptor::query_windows(&query.slice(block.0, block.1), hop, params);
    let all = windows.into_iter().enumerate();
    Questions::new(block, all.map(|(i, window)| (window.time, i, sure_bits(window.code))))
}

/// A question by the surer half of a code's bits, each counting once: four excerpts of 200 fewer than by weighed
/// bits, for half of the work of comparing.
fn sure_bits(code: WeighedCode) -> Query {
    Query { code: code.code, weights: [code.weights[1], Default::default()] }
}

/// Cells opened per segment for a question: of several segments no more codes are read than there would be
/// in one. A segment has as many cells as its size has in the root.
pub(super) fn cells(index: &Reader) -> usize {
    let segments = index.segment_count().max(1) as f64;
    (CELLS as f64 / segments.sqrt()).ceil() as usize
}
