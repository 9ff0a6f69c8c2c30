//! Align: copies at the query's own speed and pitch, by offset voting and a robust line fit (Wang 2003; iteratively
//! trimmed least squares).
//!
//! The highest offsets in the histogram of pairs of peaks are refined by a fit of time and pitch over the coincidences
//! that they produce. Peaks alone are needed.

use super::comparison::{Comparison, Scored};
use super::fit::LineFit;
use super::params::{AlignParams, ScanParams, VerifyParams};
use super::span::Span;
use super::transform::Transform;
use super::verify::{Coincidence, coincidences};
use super::vote::PairHistogram;
use crate::fingerprint::{Constellation, Point};

impl Comparison<'_> {
    /// The lines at the query's own speed and pitch that the stretch `block` supports, with their scores there.
    pub fn align(&self, block: Span) -> Vec<Scored> {
        let local = self.query.slice(block.begin, block.end);
        let local = &local.points;
        let (params, there) = (&self.scan.align, self.reference.constellation());
        let by_frequency = self.reference.by_frequency();
        let offsets = PairHistogram::of_all(
            local,
            block.length(),
            by_frequency,
            there.duration,
            &self.scan.offsets,
        );
        let is_worth = |(i, (_, height)): &(usize, (f64, f32))| {
            *i < params.sure_offsets || *height >= params.clear_offset
        };
        let line = |(_, (offset, _)): (usize, (f64, f32))| {
            let transform = Transform::shift(offset);
            if self.estimate(local, &transform) < params.min_estimate {
                return None;
            }
            let transform = self.refine(local, transform);
            let raw_score = self.runs(local, &transform).first()?.score;
            Some(Scored { transform: transform.after(block.begin), raw_score })
        };
        offsets.top().into_iter().enumerate().filter(is_worth).filter_map(line).collect()
    }

    /// Refines `transform` over the query points given.
    pub fn refine(&self, points: &[Point], transform: Transform) -> Transform {
        refine(points, self.reference.constellation(), transform, self.scan)
    }
}

/// Refines `transform` over the query points given: offset and pitch by medians, tempo by least squares
/// when there are coincidences enough.
fn refine(
    query: &[Point],
    reference: &Constellation,
    transform: Transform,
    scan: &ScanParams,
) -> Transform {
    let (params, verify) = (&scan.align, &scan.verify);
    let wide = VerifyParams { sigma_time: params.first_reach * verify.sigma_time, ..*verify };
    let mut fitted = transform;
    for round in 0..params.rounds {
        let found =
            coincidences(query, reference, &fitted, if round == 0 { &wide } else { verify });
        if found.len() < params.min_coincidences {
            return fitted;
        }
        let dt =
            |c: &Coincidence| f64::from(c.reference.time) - fitted.time(f64::from(c.query.time));
        let df = |c: &Coincidence| {
            f64::from(c.query.freq) - f64::from(c.reference.freq) - fitted.freq_shift
        };
        let shift = median(found.iter().map(dt).collect());
        let bend = median(found.iter().map(df).collect());
        let next = if round > 0 && found.len() >= params.min_fit {
            line(&found, &fitted, params, verify)
        } else {
            Transform { offset: fitted.offset + shift, ..fitted }
        };
        let next = Transform { freq_shift: fitted.freq_shift + bend, ..next };
        if (next.time_factor - transform.time_factor).abs() > params.max_tempo_error {
            return fitted;
        }
        fitted = next;
    }
    fitted
}

/// The line through the coincidences, each weighted by its closeness in time. Its slope is fitted where they span a few
/// seconds; else it is noise.
fn line(
    found: &[Coincidence],
    transform: &Transform,
    params: &AlignParams,
    verify: &VerifyParams,
) -> Transform {
    let mut fit = LineFit::default();
    for c in found {
        let x = f64::from(c.query.time);
        let y = f64::from(c.reference.time);
        let residual = (y - transform.time(x)) / verify.sigma_time;
        fit.add(x, y, (-0.5 * residual * residual).exp());
    }
    let time_factor = fit.slope(0.0, params.min_spread).unwrap_or(transform.time_factor);
    Transform { offset: fit.intercept(time_factor), time_factor, ..*transform }
}

fn median(mut values: Vec<f64>) -> f64 {
    let middle = values.len() / 2;
    let (_, m, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    *m
}
