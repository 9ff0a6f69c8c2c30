//! Seed and extend (Altschul et al. 1990) for copies at another pitch, tempo or speed.
//!
//! The codes around anchors of the query, with times scaled by several tempo steps, are looked up; every hit is a seed
//! that says at which offset, tempo ratio and pitch the copy would run. Seeds that agree form a hypothesis. Its ratio
//! is only known to half a step, which is enough for a second or two around the anchor: there the line is fitted, and
//! the stretch that it is fitted on is doubled until it spans the query, as a seed is extended. Panako (Six and Leman
//! 2014) reaches pitch and tempo changes by ratios within triplets of peaks; here the index tolerates them by steps.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use soundalike_index::{Hit, TrackNo};

use super::matcher::{MatchParams, Reference};
use super::prefilter::is_long;
use super::transform::Transform;
use super::verify::{Coincidence, VerifyParams, coincidences, estimate, runs};
use crate::fingerprint::anchor::{self, CodedAnchor};
use crate::fingerprint::constellation::FREQ_UNITS_PER_BIN;
use crate::fingerprint::projection::WeightedCode;
use crate::fingerprint::{Constellation, Point};
use crate::params::FingerprintParams;

/// Distance between tempo steps in log ratio; the codes bear half of it on either side.
const TEMPO_STEP: f64 = 0.06;
/// Tempo steps to each side of the query's own tempo.
pub const TEMPO_STEPS: i32 = 6;
/// All of them.
pub const ALL_TEMPO_STEPS: RangeInclusive<i32> = -TEMPO_STEPS..=TEMPO_STEPS;
/// Anchors looked up per block of a query.
const ANCHORS: usize = 48;
/// In a long query, which has more of them to be found by.
const MIN_ANCHORS: usize = 30;
/// Hits kept per probe.
pub const HITS_PER_PROBE: usize = 12;
/// Candidate tracks per block.
pub const CANDIDATES: usize = 40;
/// Width of an offset cell in time units, for stretches up to [`CELL_SPAN`].
const CELL: u32 = 60;
/// Half a tempo step moves hits this far apart by one cell.
const CELL_SPAN: u32 = 2_500;
/// Hits of one track that are looked at.
const HITS_PER_TRACK: usize = 48;
/// Hypotheses fitted per track.
pub const HYPOTHESES: usize = 6;
/// Hits differ by less than this in pitch (frequency units) if they mean the same copy.
const SAME_PITCH: f64 = 8.0;
/// Half-length in time units of the stretch a fit begins with.
const SEED_SPAN: u32 = 375;
/// Ratios tried there, around the tempo step's own.
const SEED_RATIOS: [f64; 7] = [-0.03, -0.02, -0.01, 0.0, 0.01, 0.02, 0.03];
/// Reach in time units of a fit and the score (nats) on twice that reach without which it is not
/// widened, in a long query. Of the hypotheses about an unrelated track, hardly any gets past the first.
const PROMISING: [(u32, f32); 2] = [(SEED_SPAN, 12.0), (4 * SEED_SPAN, 16.0)];
/// Ratios that differ by less than this are tried in their simpler form, too.
const SNAP: f64 = 0.02;
/// Nats by which a free ratio must be better than a simple one.
const SNAP_SCORE: f32 = 3.0;
/// Frequency units per octave.
const UNITS_PER_OCTAVE: f64 = FingerprintParams::V2.bins_per_octave as f64 * FREQ_UNITS_PER_BIN;
/// Fits that score less (nats) are dropped.
const MIN_SCORE: f32 = 10.0;

/// A query vector: the surroundings of `anchor` at `ratio`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Probe {
    /// A peak of the query.
    pub anchor: Point,
    /// Number of the anchor within its block.
    pub number: usize,
    /// Number of the tempo step.
    pub(super) tempo_step: i32,
    /// Assumed time factor.
    ratio: f64,
}

impl Probe {
    /// Whether the anchor lies in a stretch of the query.
    pub(super) fn lies_in(&self, (begin, end): (u32, u32)) -> bool {
        (begin..end).contains(&self.anchor.time)
    }
}

/// A hit and the probe that made it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seed {
    pub(super) probe: Probe,
    /// Time of the reference's anchor.
    time: u32,
    pub(super) weight: f32,
}

impl Seed {
    /// A hit at `distance`; it weighs what it is nearer than the `worst` hit of the same probe.
    pub(super) fn new(probe: Probe, time: u32, distance: u32, worst: u32) -> Seed {
        let nearer = (worst - distance) as f32 + 1.0;
        Seed { probe, time, weight: nearer * nearer }
    }

    /// Where the reference would be at query time `at`.
    pub(super) fn line(&self, at: f64) -> f64 {
        f64::from(self.time) + self.probe.ratio * (at - f64::from(self.probe.anchor.time))
    }
}

/// The probes of one of `blocks` stretches of a query at some of the tempo steps, with their codes.
pub fn probes(
    query: &Constellation,
    block: (u32, u32),
    blocks: usize,
    tempo_steps: RangeInclusive<i32>,
    params: &FingerprintParams,
) -> Vec<(Probe, WeightedCode)> {
    let limit = (3 * ANCHORS / 2 / blocks.max(1)).clamp(MIN_ANCHORS, ANCHORS);
    let anchors = anchor::of_query(query, block, limit, params);
    probes_at(query, &anchors, tempo_steps, params)
}

/// The probes of chosen `anchors` of a query at some of the tempo steps, with their codes.
pub fn probes_at(
    query: &Constellation,
    anchors: &[Point],
    tempo_steps: impl IntoIterator<Item = i32>,
    params: &FingerprintParams,
) -> Vec<(Probe, WeightedCode)> {
    let tempo_steps: Vec<(i32, f64)> = tempo_steps
        .into_iter()
        .map(|tempo_step| (tempo_step, (f64::from(tempo_step) * TEMPO_STEP).exp()))
        .collect();
    let all = anchors.iter().enumerate();
    let all =
        all.flat_map(|(number, &anchor)| tempo_steps.iter().map(move |&r| (number, anchor, r)));
    all.filter_map(|(number, anchor, (tempo_step, ratio))| {
        let code = anchor::query_code(query, &anchor, ratio, params)?;
        Some((Probe { anchor, number, tempo_step, ratio }, code))
    })
    .collect()
}

/// Width of an offset cell for hits from all over `block`, in time units.
pub(super) fn cell_width(block: (u32, u32)) -> f64 {
    f64::from(CELL * (block.1 - block.0).max(CELL_SPAN) / CELL_SPAN)
}

/// The tracks whose hits agree best, `limit` at most, with those hits.
///
/// `probes_with_hits` are the probes of `block` with the hits of each.
pub fn rank<'a>(
    probes_with_hits: impl Iterator<Item = (&'a Probe, &'a Vec<Hit>)>,
    block: (u32, u32),
    limit: usize,
) -> Vec<(TrackNo, Vec<Seed>)> {
    let middle = f64::from(block.0 + block.1) / 2.0;
    let cell = cell_width(block);
    let mut by_track: BTreeMap<TrackNo, Vec<Seed>> = BTreeMap::new();
    for (&probe, hits) in probes_with_hits {
        let Some(worst) = hits.last().map(|h| h.distance) else { continue };
        for hit in hits {
            let seed = Seed::new(probe, hit.time, hit.distance, worst);
            by_track.entry(hit.track).or_default().push(seed);
        }
    }
    let support = |seeds: &[Seed]| -> f32 {
        let mut votes: BTreeMap<(i32, i64), f32> = BTreeMap::new();
        for seed in seeds {
            let cell = (seed.line(middle) / cell).floor() as i64;
            *votes.entry((seed.probe.tempo_step, cell)).or_default() += seed.weight;
        }
        let at = |key| votes.get(&key).copied().unwrap_or(0.0);
        let total = |(&(tempo_step, cell), &v): (&(i32, i64), &f32)| {
            v + at((tempo_step, cell - 1)).max(at((tempo_step, cell + 1)))
        };
        votes.iter().map(total).fold(0.0, f32::max)
    };
    let mut ranked: Vec<(f32, TrackNo, Vec<Seed>)> =
        by_track.into_iter().map(|(track, seeds)| (support(&seeds), track, seeds)).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    ranked.truncate(limit);
    ranked.into_iter().map(|(_, track, seeds)| (track, seeds)).collect()
}

/// The hits of `probes` among the anchors of one reference, as an index would return them.
pub fn seeds_in(probes: &[(Probe, WeightedCode)], reference: &[CodedAnchor]) -> Vec<Seed> {
    let mut seeds = Vec::new();
    for &(probe, code) in probes {
        let mut near: Vec<(u32, u32)> =
            reference.iter().map(|a| (code.distance(&a.code), a.time)).collect();
        near.sort_unstable();
        near.truncate(HITS_PER_PROBE);
        let worst = near.last().map_or(0, |n| n.0);
        let near = near.into_iter();
        seeds.extend(near.map(|(distance, time)| Seed::new(probe, time, distance, worst)));
    }
    seeds
}

/// The transforms that `seeds` into one reference stand for, the `limit` best supported ones, and verification
/// supports in the stretch `block`, with the score it gave them there.
pub fn transforms(
    query: &Constellation,
    block: (u32, u32),
    reference: &Reference,
    seeds: &[Seed],
    limit: usize,
    params: &FingerprintParams,
    matching: &MatchParams,
) -> Vec<(Transform, f32)> {
    let mut seeds = seeds.to_vec();
    seeds.sort_by(|a, b| {
        let order = b.weight.total_cmp(&a.weight);
        order.then(a.probe.anchor.cmp(&b.probe.anchor)).then(a.time.cmp(&b.time))
    });
    seeds.truncate(HITS_PER_TRACK);
    let points = query.between(block.0, block.1);
    let (verify, abandon) = (&matching.verify, is_long(query));
    hypotheses(&seeds, reference, block, params)
        .into_iter()
        .take(limit)
        .filter_map(|(seed, shift)| {
            let transform = grow(points, block, reference, &seed, shift, abandon, verify)?;
            let (transform, best) = simplest(points, block, reference, transform, verify);
            (best >= MIN_SCORE).then_some((transform, best))
        })
        .collect()
}

/// The fitted transform, or one near it that changes speed, tempo or pitch alone and explains as much:
/// that is what people do, and a few seconds of smeared peaks do not fix a ratio to a percent.
fn simplest(
    points: &[Point],
    block: (u32, u32),
    reference: &Reference,
    fitted: Transform,
    verify: &VerifyParams,
) -> (Transform, f32) {
    let score = |transform: &Transform| {
        let found =
            runs(points, reference.constellation(), reference.background(), transform, verify);
        found.first().map_or(0.0, |run| run.score)
    };
    let middle = f64::from(block.0 + block.1) / 2.0;
    let at_ratio = |ratio: f64| Transform {
        offset: fitted.time(middle) - ratio * middle,
        time_factor: ratio,
        ..fitted
    };
    let speed = (fitted.freq_shift / UNITS_PER_OCTAVE).exp2();
    let same = |ratio: f64| (fitted.time_factor / ratio - 1.0).abs() < SNAP;
    let simpler = [1.0, speed].into_iter().filter(|&ratio| same(ratio)).map(at_ratio);
    let mut best = (fitted, score(&fitted));
    if best.1 + SNAP_SCORE < MIN_SCORE {
        return best;
    }
    for transform in simpler {
        let raw_score = score(&transform);
        if raw_score + SNAP_SCORE >= best.1 {
            best = (transform, raw_score);
        }
    }
    best
}

/// Groups seeds that agree on pitch, ratio and offset; returns the strongest of each of the best
/// groups with its pitch shift.
fn hypotheses(
    seeds: &[Seed],
    reference: &Reference,
    block: (u32, u32),
    params: &FingerprintParams,
) -> Vec<(Seed, f64)> {
    let middle = f64::from(block.0 + block.1) / 2.0;
    let cell = cell_width(block);
    let limit = params.anchor_pitch_reach as f64 * FREQ_UNITS_PER_BIN;
    let mut groups: Vec<(Seed, f64, f32)> = Vec::new();
    for seed in seeds {
        for there in anchor::at(reference.constellation(), seed.time, params) {
            let shift = f64::from(seed.probe.anchor.freq) - f64::from(there.freq);
            if shift.abs() > limit {
                continue;
            }
            let same = groups.iter_mut().find(|(first, s, _)| {
                (s - shift).abs() <= SAME_PITCH
                    && first.probe.tempo_step.abs_diff(seed.probe.tempo_step) <= 1
                    && (first.line(middle) - seed.line(middle)).abs() <= 2.0 * cell
            });
            match same {
                Some((.., weight)) => *weight += seed.weight,
                None => groups.push((*seed, shift, seed.weight)),
            }
        }
    }
    groups.sort_by(|a, b| b.2.total_cmp(&a.2).then(a.0.time.cmp(&b.0.time)));
    groups.truncate(HYPOTHESES);
    groups.into_iter().map(|(seed, shift, _)| (seed, shift)).collect()
}

/// Fits a line near the seed's anchor, then on twice as much, until it spans the block. None where
/// nothing but chance shows near the anchor, and the fit is to `abandon` such.
fn grow(
    points: &[Point],
    block: (u32, u32),
    reference: &Reference,
    seed: &Seed,
    shift: f64,
    abandon: bool,
    verify: &VerifyParams,
) -> Option<Transform> {
    let centre = seed.probe.anchor.time;
    let about = |reach: u32| {
        let from = points.partition_point(|p| p.time + reach < centre);
        let to = points.partition_point(|p| p.time <= centre.saturating_add(reach));
        &points[from..to.max(from)]
    };
    let peaks = reference.constellation();
    let mut transform = fit_seed(about(SEED_SPAN), peaks, seed, shift, verify);
    let mut reach = SEED_SPAN;
    loop {
        for _ in 0..2 {
            let found = coincidences(about(reach), peaks, &transform, verify);
            transform = fit(&found, &transform, f64::from(centre), verify);
        }
        if reach > block.1 - block.0 {
            return Some(transform);
        }
        let wider = reach.saturating_mul(2);
        let needed = PROMISING.iter().find(|(at, _)| abandon && *at == reach);
        if let Some((_, needed)) = needed
            && estimate(about(wider), peaks, reference.background(), &transform, verify) < *needed
        {
            return None;
        }
        reach = wider;
    }
}

/// The line through the seed's anchor whose ratio, of [`SEED_RATIOS`] around the seed's own, brings
/// the peaks of `points` closest to peaks of the reference.
///
/// One sweep for all ratios: so near the anchor they differ by less than the kernel is wide.
fn fit_seed(
    points: &[Point],
    reference: &Constellation,
    seed: &Seed,
    shift: f64,
    verify: &VerifyParams,
) -> Transform {
    let centre = f64::from(seed.probe.anchor.time);
    let pivot = |ratio: f64| Transform {
        offset: f64::from(seed.time) - ratio * centre,
        time_factor: ratio,
        freq_shift: shift,
    };
    let ratios = SEED_RATIOS.map(|d| seed.probe.ratio * (1.0 + d));
    let (slowest, fastest) = (ratios[0], ratios[ratios.len() - 1]);
    let span = verify.reach * verify.sigma_time;
    let band = verify.reach * verify.sigma_freq;
    let reach = verify.reach * verify.reach;
    let there = &reference.points;
    let start = |x: f64| f64::from(seed.time) + (slowest * x).min(fastest * x) - span;
    let first = points.first().map_or(0.0, |p| start(f64::from(p.time) - centre));
    let mut from = there.partition_point(|r| f64::from(r.time) < first);
    let mut closeness = [0.0; SEED_RATIOS.len()];
    for p in points {
        let x = f64::from(p.time) - centre;
        let begin = start(x);
        let end = f64::from(seed.time) + (slowest * x).max(fastest * x) + span;
        while there.get(from).is_some_and(|r| f64::from(r.time) < begin) {
            from += 1;
        }
        let freq = f64::from(p.freq) - shift;
        let mut nearest = [f64::MAX; SEED_RATIOS.len()];
        for r in there[from..].iter().take_while(|r| f64::from(r.time) <= end) {
            let df = f64::from(r.freq) - freq;
            if df.abs() > band {
                continue;
            }
            let df = df / verify.sigma_freq;
            let y = f64::from(r.time) - f64::from(seed.time);
            for (near, ratio) in nearest.iter_mut().zip(&ratios) {
                let dt = (y - ratio * x) / verify.sigma_time;
                *near = near.min(dt * dt + df * df);
            }
        }
        for (sum, near) in closeness.iter_mut().zip(nearest) {
            if near <= reach {
                *sum += (-0.5 * near).exp();
            }
        }
    }
    let best = closeness.iter().zip(ratios).max_by(|a, b| a.0.total_cmp(b.0));
    best.map_or_else(|| pivot(seed.probe.ratio), |(_, ratio)| pivot(ratio))
}

/// Weight of a coincidence under `transform`: 1 when exact, falling with distance.
fn weight(c: &Coincidence, transform: &Transform, verify: &VerifyParams) -> f64 {
    let (time, freq) = transform.apply(&c.query);
    let dt = (f64::from(c.reference.time) - time) / verify.sigma_time;
    let df = (f64::from(c.reference.freq) - freq) / verify.sigma_freq;
    (-0.5 * (dt * dt + df * df)).exp()
}

/// Weighted least squares for offset and ratio about `centre`, and the mean pitch. A weak pull
/// towards the ratio there was keeps a handful of points from bending the line.
fn fit(
    found: &[Coincidence],
    transform: &Transform,
    centre: f64,
    verify: &VerifyParams,
) -> Transform {
    /// Spread of the ratio before anything was seen.
    const SLACK: f64 = 0.01;
    let (mut sw, mut sx, mut sy, mut sxx, mut sxy, mut sf) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    for c in found {
        let w = weight(c, transform, verify);
        let x = f64::from(c.query.time) - centre;
        let y = f64::from(c.reference.time) - transform.time(f64::from(c.query.time));
        sw += w;
        sx += w * x;
        sy += w * y;
        sxx += w * x * x;
        sxy += w * x * y;
        sf += w * (f64::from(c.query.freq) - f64::from(c.reference.freq) - transform.freq_shift);
    }
    if sw < 1.0 {
        return *transform;
    }
    let pull = (verify.sigma_time / SLACK).powi(2);
    let slope = (sxy - sx * sy / sw) / (sxx - sx * sx / sw + pull);
    let shift = (sy - slope * sx) / sw;
    Transform {
        offset: transform.offset + shift - slope * centre,
        time_factor: transform.time_factor + slope,
        freq_shift: transform.freq_shift + sf / sw,
    }
}
