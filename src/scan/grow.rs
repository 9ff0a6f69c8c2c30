//! Grow: from seeds to lines, for copies at any pitch, tempo or speed (seed and extend, Altschul et al. 1990).
//!
//! Seeds that agree on offset, tempo and pitch form a hypothesis. Its ratio is only known to half a tempo step, which is
//! enough for a second or two around the anchor: there the line is fitted, and the stretch that it is fitted on is
//! doubled until it spans the query, as a seed is extended.

use super::comparison::{Comparison, Scored};
use super::fit::LineFit;
use super::params::{GrowParams, VerifyParams};
use super::prefilter::is_long;
use super::probe::{Seed, seeds_in};
use super::span::Span;
use super::sweep::Sweep;
use super::transform::Transform;
use super::verify::{Coincidence, coincidences};
use super::vote::cell_width;
use crate::fingerprint::constellation::FREQ_UNITS_PER_BIN;
use crate::fingerprint::{Constellation, Point, anchor};

/// What seeds that agree say: the strongest of them, and its pitch shift.
struct Hypothesis {
    seed: Seed,
    shift: f64,
    weight: f32,
}

impl Comparison<'_> {
    /// The lines that `seeds` stand for, the `limit` best supported ones, and verification supports in the stretch
    /// `block`, with their scores there.
    pub fn grow(&self, block: Span, seeds: &[Seed], limit: usize) -> Vec<Scored> {
        let params = &self.scan.grow;
        let mut seeds = seeds.to_vec();
        seeds.sort_by(|a, b| {
            let order = b.weight.total_cmp(&a.weight);
            order.then(a.probe.anchor.cmp(&b.probe.anchor)).then(a.time.cmp(&b.time))
        });
        seeds.truncate(params.seeds);
        self.hypotheses(&seeds, block)
            .into_iter()
            .take(limit)
            .filter_map(|hypothesis| {
                let transform = self.extend(block, &hypothesis)?;
                let line = self.simplest(block, transform);
                (line.raw_score >= params.min_score).then_some(line)
            })
            .collect()
    }

    /// The lines at any speed and pitch that one of `blocks` blocks supports: seeds are looked for among all anchors of
    /// the reference.
    pub(super) fn grow_anywhere(&self, block: Span, blocks: usize) -> Vec<Scored> {
        let limits = &self.scan.plan.thorough;
        let probes = self.prober().probes(block, blocks);
        let anchors = self.reference.anchors(self.fingerprint);
        let seeds = seeds_in(&probes, anchors, limits.hits_per_anchor);
        self.grow(block, &seeds, limits.hypotheses)
    }

    /// Groups seeds that agree on pitch, ratio and offset; the best groups first.
    fn hypotheses(&self, seeds: &[Seed], block: Span) -> Vec<Hypothesis> {
        let (params, fingerprint) = (&self.scan.grow, self.fingerprint);
        let (middle, cell) = (block.middle(), cell_width(block, &self.scan.vote));
        let limit = fingerprint.anchor_pitch_reach as f64 * FREQ_UNITS_PER_BIN;
        let mut groups: Vec<Hypothesis> = Vec::new();
        for seed in seeds {
            for there in anchor::at(self.reference.constellation(), seed.time, fingerprint) {
                let shift = f64::from(seed.probe.anchor.freq) - f64::from(there.freq);
                if shift.abs() > limit {
                    continue;
                }
                let same = groups.iter_mut().find(|group| {
                    let first = &group.seed;
                    (group.shift - shift).abs() <= params.same_pitch
                        && first.probe.tempo_step.abs_diff(seed.probe.tempo_step) <= 1
                        && (first.line(middle) - seed.line(middle)).abs()
                            <= params.same_cells * cell
                });
                match same {
                    Some(group) => group.weight += seed.weight,
                    None => groups.push(Hypothesis { seed: *seed, shift, weight: seed.weight }),
                }
            }
        }
        groups.sort_by(|a, b| b.weight.total_cmp(&a.weight).then(a.seed.time.cmp(&b.seed.time)));
        groups
    }

    /// Fits a line near the seed's anchor, then on twice as much, until it spans the block. None where nothing but
    /// chance shows near the anchor of a long query, which has many such seeds.
    fn extend(&self, block: Span, hypothesis: &Hypothesis) -> Option<Transform> {
        let (params, verify) = (&self.scan.grow, &self.scan.verify);
        let abandons = is_long(self.query, &self.scan.plan);
        let reference = self.reference.constellation();
        let centre = hypothesis.seed.probe.anchor.time;
        let about = |reach: u32| {
            let end = centre.saturating_add(reach).saturating_add(1);
            Span::new(centre.saturating_sub(reach).max(block.begin), end.min(block.end))
        };
        let points = |span: Span| self.query.between(span.begin, span.end);
        let mut transform =
            fit_seed(points(about(params.span)), reference, hypothesis, params, verify);
        let mut reach = params.span;
        loop {
            for _ in 0..params.rounds {
                let found = coincidences(points(about(reach)), reference, &transform, verify);
                transform = fit(&found, &transform, f64::from(centre), params, verify);
            }
            if reach > block.length() {
                return Some(transform);
            }
            let wider = reach.saturating_mul(2);
            let needed = params.abandon.iter().find(|(at, _)| abandons && *at == reach);
            if needed.is_some_and(|(_, n)| self.estimate_within(about(wider), &transform) < *n) {
                return None;
            }
            reach = wider;
        }
    }

    /// The fitted transform, or one near it that changes speed, tempo or pitch alone and explains as much:
    /// that is what people do, and a few seconds of smeared peaks do not fix a ratio to a percent.
    fn simplest(&self, block: Span, fitted: Transform) -> Scored {
        let params = &self.scan.grow;
        let points = self.query.between(block.begin, block.end);
        let scored = |transform: Transform| {
            let found = self.runs(points, &transform);
            Scored { transform, raw_score: found.first().map_or(0.0, |run| run.score) }
        };
        let middle = block.middle();
        let at_ratio = |ratio: f64| Transform {
            offset: fitted.time(middle) - ratio * middle,
            time_factor: ratio,
            ..fitted
        };
        let octave = self.fingerprint.bins_per_octave as f64 * FREQ_UNITS_PER_BIN;
        let speed = (fitted.freq_shift / octave).exp2();
        let same = |ratio: f64| (fitted.time_factor / ratio - 1.0).abs() < params.snap;
        let mut best = scored(fitted);
        if best.raw_score + params.snap_score < params.min_score {
            return best;
        }
        for ratio in [1.0, speed].into_iter().filter(|&ratio| same(ratio)) {
            let simpler = scored(at_ratio(ratio));
            if simpler.raw_score + params.snap_score >= best.raw_score {
                best = simpler;
            }
        }
        best
    }
}

/// The line through the seed's anchor whose ratio, of some around the seed's own, brings the peaks of `points` closest
/// to peaks of the reference.
///
/// One sweep for all ratios: so near the anchor they differ by less than the kernel is wide.
fn fit_seed(
    points: &[Point],
    reference: &Constellation,
    hypothesis: &Hypothesis,
    params: &GrowParams,
    verify: &VerifyParams,
) -> Transform {
    let (seed, shift) = (&hypothesis.seed, hypothesis.shift);
    let (here, there) = (f64::from(seed.probe.anchor.time), f64::from(seed.time));
    let ratios = params.ratios.map(|d| seed.probe.ratio * (1.0 + d));
    let (slowest, fastest) = (ratios[0], ratios[ratios.len() - 1]);
    let span = verify.reach * verify.sigma_time;
    let band = verify.reach * verify.sigma_freq;
    let reach = verify.reach * verify.reach;
    let start = |x: f64| there + (slowest * x).min(fastest * x) - span;
    let end = |x: f64| there + (slowest * x).max(fastest * x) + span;
    let first = points.first().map_or(0.0, |p| start(f64::from(p.time) - here));
    let mut sweep = Sweep::from(&reference.points, first);
    let mut closeness = params.ratios.map(|_| 0.0);
    for p in points {
        let x = f64::from(p.time) - here;
        let freq = f64::from(p.freq) - shift;
        let mut nearest = params.ratios.map(|_| f64::MAX);
        for r in sweep.between(start(x), end(x)) {
            let df = f64::from(r.freq) - freq;
            if df.abs() > band {
                continue;
            }
            let df = df / verify.sigma_freq;
            let y = f64::from(r.time) - there;
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
    let best = closeness.iter().zip(ratios).max_by(|a: &(&f64, f64), b| a.0.total_cmp(b.0));
    let ratio = best.map_or(seed.probe.ratio, |(_, ratio)| ratio);
    Transform { offset: there - ratio * here, time_factor: ratio, freq_shift: shift }
}

/// Weight of a coincidence under `transform`: 1 when exact, falling with distance.
fn weight(c: &Coincidence, transform: &Transform, verify: &VerifyParams) -> f64 {
    let (time, freq) = transform.apply(&c.query);
    let dt = (f64::from(c.reference.time) - time) / verify.sigma_time;
    let df = (f64::from(c.reference.freq) - freq) / verify.sigma_freq;
    (-0.5 * (dt * dt + df * df)).exp()
}

/// Offset and ratio about `centre` by least squares, and the mean pitch. A weak pull towards the ratio there was keeps
/// a handful of points from bending the line.
fn fit(
    found: &[Coincidence],
    transform: &Transform,
    centre: f64,
    params: &GrowParams,
    verify: &VerifyParams,
) -> Transform {
    let (mut line, mut sharp) = (LineFit::default(), 0.0);
    for c in found {
        let w = weight(c, transform, verify);
        let x = f64::from(c.query.time) - centre;
        let y = f64::from(c.reference.time) - transform.time(f64::from(c.query.time));
        line.add(x, y, w);
        sharp += w * (f64::from(c.query.freq) - f64::from(c.reference.freq) - transform.freq_shift);
    }
    // Less than one coincidence says nothing.
    if line.weight < 1.0 {
        return *transform;
    }
    let prior = (verify.sigma_time / params.slack).powi(2);
    let slope = line.slope(prior, 0.0).unwrap_or(0.0);
    Transform {
        offset: transform.offset + line.intercept(slope) - slope * centre,
        time_factor: transform.time_factor + slope,
        freq_shift: transform.freq_shift + sharp / line.weight,
    }
}
