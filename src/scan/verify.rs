//! Verification of one alignment, peak by peak: maximal-scoring segments of a log-likelihood ratio
//! (Karlin and Altschul 1990; Ruzzo and Tompa 1999).
//!
//! Under a transform, every query peak has a place in the reference. If the query is a copy, a share of
//! its peaks lies close to a reference peak (spread by a narrow kernel), the rest anywhere; if it
//! is not, all lie anywhere. The log-likelihood ratio of the two, peak by peak in time order, is a
//! random walk that drifts down on unrelated music and climbs along a true copy, so the
//! maximal-scoring runs are the matching segments. This is local alignment in the sense of Karlin
//! and Altschul (PNAS 1990, "Methods for assessing the statistical significance of molecular
//! sequence features by using general scoring schemes"): the same theory turns a run's score into
//! an expected number of chance runs (see `score`).

use super::comparison::Comparison;
use super::null_model::NullModel;
use super::params::VerifyParams;
use super::sweep::{Sweep, floor};
use super::transform::Transform;
use crate::fingerprint::{Constellation, Point};

/// A query peak and the reference peak it lands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coincidence {
    /// The query peak.
    pub query: Point,
    /// The reference peak.
    pub reference: Point,
}

/// A maximal-scoring run of query peaks under one transform.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Log-likelihood ratio in nats.
    pub score: f32,
    /// First query time (time units) of the run.
    pub begin: u32,
    /// Last query time of the run.
    pub end: u32,
    /// Query peaks within the run.
    pub peaks: u32,
    /// Query peaks within the run that have a partner within reach.
    pub matched: u32,
}

impl Comparison<'_> {
    /// A cheap estimate: the best run's score for the middle share only.
    pub fn estimate(&self, points: &[Point], transform: &Transform) -> f32 {
        let params = &self.scan.verify;
        let steps = self.evidence(points, transform);
        walk(&steps, params.shares[1], params).iter().map(|r| r.score).fold(0.0, f32::max)
    }

    /// The runs of `points` of the query under `transform`, best first.
    pub fn runs(&self, points: &[Point], transform: &Transform) -> Vec<Run> {
        let params = &self.scan.verify;
        let steps = self.evidence(points, transform);
        let mut best: Vec<Run> = Vec::new();
        for share in params.shares {
            let found = walk(&steps, share, params);
            let top = |r: &[Run]| r.iter().map(|r| r.score).fold(0.0, f32::max);
            if top(&found) > top(&best) {
                best = found;
            }
        }
        best.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.begin.cmp(&b.begin)));
        best
    }

    /// What each peak of `points[from..to]` scores under `transform` for one assumed share of partnered peaks; other
    /// peaks, and those that land outside of the reference, count against the line.
    pub(super) fn steps(
        &self,
        points: &[Point],
        (from, to): (usize, usize),
        transform: &Transform,
        share: f64,
    ) -> Steps {
        let (share, count, params) = (share as f32, to - from, &self.scan.verify);
        let outside = params.outside;
        let mut steps = Steps {
            first: from,
            scores: vec![outside; count],
            matched: vec![false; count],
            outside,
        };
        for step in self.evidence(&points[from..to], transform) {
            let i = step.index;
            steps.scores[i] = (1.0 - share + share * step.ratio).ln() - params.step_cost;
            steps.matched[i] = step.ratio > 0.0;
        }
        steps
    }

    fn evidence(&self, points: &[Point], transform: &Transform) -> Vec<Step> {
        let null_model = self.reference.null_model(&self.scan.null_model);
        evidence(points, self.reference.constellation(), null_model, transform, &self.scan.verify)
    }
}

/// The coincidences within reach under `transform`, one per query peak (its nearest).
pub fn coincidences(
    query: &[Point],
    reference: &Constellation,
    transform: &Transform,
    params: &VerifyParams,
) -> Vec<Coincidence> {
    let mut out = Vec::new();
    nearest(query, reference, transform, params, |query, found| {
        if let Some((reference, ..)) = found {
            out.push(Coincidence { query, reference });
        }
    });
    out
}

/// What each of a row of query peaks scores under one transform.
#[derive(Debug, Clone, Default)]
pub struct Steps {
    /// Peak and score of the first peak that was looked at, and of those after it.
    first: usize,
    scores: Vec<f32>,
    matched: Vec<bool>,
    /// Score of all others.
    outside: f32,
}

impl Steps {
    /// The score of peak `i`.
    pub fn at(&self, i: usize) -> f32 {
        i.checked_sub(self.first).and_then(|i| self.scores.get(i)).copied().unwrap_or(self.outside)
    }

    fn is_matched(&self, i: usize) -> bool {
        i.checked_sub(self.first).and_then(|i| self.matched.get(i)).copied().unwrap_or(false)
    }

    /// The peaks `begin..end` of `points`, less those without a partner at either end; none where no peak has one.
    pub fn run(&self, points: &[Point], begin: usize, end: usize) -> Option<Run> {
        let first = (begin..end).find(|&i| self.is_matched(i))?;
        let last = (begin..end).rev().find(|&i| self.is_matched(i))?;
        let inside = first..=last;
        Some(Run {
            score: inside.clone().map(|i| self.at(i)).sum(),
            begin: points[first].time,
            end: points[last].time,
            peaks: (last - first + 1) as u32,
            matched: inside.filter(|&i| self.is_matched(i)).count() as u32,
        })
    }
}

#[cfg(test)]
impl From<Vec<f32>> for Steps {
    fn from(scores: Vec<f32>) -> Steps {
        let matched = scores.iter().map(|&s| s > 0.0).collect();
        Steps { first: 0, scores, matched, outside: -2.0 }
    }
}

/// One query peak on the walk.
struct Step {
    /// Its place among the peaks scored.
    index: usize,
    time: u32,
    /// Kernel density over background density at the nearest partner; 0 without one.
    ratio: f32,
}

fn evidence(
    query: &[Point],
    reference: &Constellation,
    null_model: &NullModel,
    transform: &Transform,
    params: &VerifyParams,
) -> Vec<Step> {
    let norm = 1.0 / (std::f64::consts::TAU * params.sigma_time * params.sigma_freq);
    let mut steps = Vec::with_capacity(query.len());
    let mut index = 0;
    nearest(query, reference, transform, params, |p, found| {
        index += 1;
        let (time, freq) = transform.apply(&p);
        if time < 0.0 || time > f64::from(reference.duration) {
            return;
        }
        let ratio = found.map_or(0.0, |(_, squared, crowd)| {
            let usual = (null_model.rate(time) * 2.0 * params.reach * params.sigma_time).max(1.0);
            let busy = f64::from(crowd) / usual;
            let kernel = norm * (-0.5 * squared).exp() / f64::from(null_model.density(time, freq));
            (if busy > 1.0 { kernel * busy.powf(-params.busy) } else { kernel }) as f32
        });
        steps.push(Step { index: index - 1, time: p.time, ratio });
    });
    steps
}

/// Calls `visit` with every query peak and its nearest reference peak within reach, with the
/// squared distance in standard deviations and the number of reference peaks of any frequency at
/// that moment. Both sides are in time order, so one sweep does.
///
/// This is where a scan spends most of its time, and most peaks have no partner: integers tell
/// which reference peaks are near enough to be measured.
fn nearest(
    query: &[Point],
    reference: &Constellation,
    transform: &Transform,
    params: &VerifyParams,
    mut visit: impl FnMut(Point, Option<(Point, f64, u32)>),
) {
    let reach = params.reach * params.reach;
    let span = params.reach * params.sigma_time;
    // A unit wider than the kernel, so that rounding decides nothing.
    let band = params.reach * params.sigma_freq + 1.0;
    let width = (2.0 * band) as u32;
    // A short stretch of the query lies anywhere in a long reference.
    let first = query.first().map_or(0.0, |p| transform.apply(p).0 - span);
    let mut sweep = Sweep::from(&reference.points, first);
    for p in query {
        let (time, freq) = transform.apply(p);
        let near = sweep.between(time - span, time + span);
        let lowest = floor(freq - band) as i32;
        let mut best: Option<(Point, f64)> = None;
        for r in near {
            if i32::from(r.freq).wrapping_sub(lowest) as u32 > width + 1 {
                continue;
            }
            let dt = (f64::from(r.time) - time) / params.sigma_time;
            let df = (f64::from(r.freq) - freq) / params.sigma_freq;
            let squared = dt * dt + df * df;
            if squared <= reach && best.is_none_or(|(_, b)| squared < b) {
                best = Some((*r, squared));
            }
        }
        visit(*p, best.map(|(r, squared)| (r, squared, near.len() as u32)));
    }
}

/// The maximal-scoring runs of the walk for one assumed share of partnered peaks.
fn walk(steps: &[Step], share: f64, params: &VerifyParams) -> Vec<Run> {
    let share = share as f32;
    // Most peaks have no partner; a logarithm for each of them would cost more than all the rest.
    let alone = (1.0 - share).ln();
    let mut runs = Vec::new();
    let mut i = 0;
    while i < steps.len() {
        // One excursion: from a reset to the fall that ends it.
        let (mut sum, mut top, mut end) = (0f32, 0f32, i);
        let begin = i;
        let mut j = i;
        while j < steps.len() {
            let ratio = steps[j].ratio;
            let step = if ratio > 0.0 { (1.0 - share + share * ratio).ln() } else { alone };
            sum += step - params.step_cost;
            j += 1;
            if sum > top {
                top = sum;
                end = j;
            }
            if sum <= 0.0 || sum < top - params.drop {
                break;
            }
        }
        if top >= params.min_run {
            let inside = &steps[begin..end];
            runs.push(Run {
                score: top,
                begin: inside[0].time,
                end: inside[inside.len() - 1].time,
                peaks: inside.len() as u32,
                matched: inside.iter().filter(|s| s.ratio > 0.0).count() as u32,
            });
        }
        i = if top > 0.0 && end > begin { end } else { j };
    }
    runs
}
