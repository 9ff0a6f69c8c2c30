//! Is a closer look worth its cost? Few frames, coarse bins, the same folding.
//!
//! Every file that is scanned pays for this, so it must cost a fraction of a fingerprint. It lets through what may
//! be a trace and most of what is none is spared a closer look; it decides nothing else.

use serde::{Deserialize, Serialize};

use super::lattice::{GLANCE, Raster};
use super::params::TraceParams;
use super::profile::{Gatherer, MOST_FRAMES, Sums};
use super::spectra::Spectra;

/// What the gate saw.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Glance {
    /// There is sound enough, high enough, to measure anything.
    pub measurable: bool,
    /// The highest score of the whole or of a stretch, at its own pitch.
    pub score: f64,
    /// The highest score of the whole at any pitch.
    pub pitched: f64,
}

impl Glance {
    /// A closer look is worth its cost.
    pub fn asks_for_more(&self) -> bool {
        let (own, pitched) = TraceParams::V1.glance_score;
        self.measurable && (self.score >= own || self.pitched >= pitched)
    }
}

/// Listens at a glance.
pub(super) struct Gate {
    params: &'static TraceParams,
    spectra: Spectra,
    now: Gatherer,
    whole: Sums,
    /// Half a stretch, and the half before it.
    halves: [Sums; 2],
    score: f64,
}

impl Gate {
    pub(super) fn new(params: &'static TraceParams) -> Gate {
        let spectra = Spectra::new(params.window_s, params.glance, params.range_hz);
        let bins = spectra.bins();
        Gate {
            now: Gatherer::new(bins, params.glance.bin_hz, params),
            whole: Sums::new(bins),
            halves: [Sums::new(bins), Sums::new(bins)],
            score: f64::NEG_INFINITY,
            params,
            spectra,
        }
    }

    pub(super) fn push(&mut self, rate: u32, samples: &[f32]) {
        let Gate { params, spectra, now, whole, halves, score } = self;
        spectra.push(rate, samples, |row, _| {
            now.add(row);
            if now.is_full() {
                half_is_full(params, now, whole, halves, score);
            }
        });
    }

    pub(super) fn finish(mut self) -> Glance {
        let Gate { params, spectra, now, whole, .. } = &mut self;
        spectra.finish(&mut |row, _| now.add(row));
        now.drain_into(whole);
        let Some(whitened) = whitened(&GLANCE, whole, params) else {
            return Glance { measurable: false, score: 0.0, pitched: 0.0 };
        };
        let best = GLANCE.own_pitch(&whitened).iter().map(|s| s.sum).fold(self.score, f64::max);
        Glance { measurable: true, score: best, pitched: GLANCE.best_sum(&whitened) }
    }
}

/// Half a stretch is heard: scores it together with the half before it.
fn half_is_full(
    params: &TraceParams,
    now: &mut Gatherer,
    whole: &mut Sums,
    halves: &mut [Sums; 2],
    score: &mut f64,
) {
    let mut half = Sums::new(GLANCE.bins());
    now.drain_into(&mut half);
    whole.add(&half);
    let [before, latest] = halves;
    *before = std::mem::replace(latest, half);
    if before.frames + latest.frames < params.glance_frames as u32 {
        return;
    }
    let mut stretch = before.clone();
    stretch.add(latest);
    if let Some(whitened) = whitened(&GLANCE, &stretch, params) {
        let scores = GLANCE.own_pitch(&whitened);
        *score = scores.iter().map(|s| s.sum).fold(*score, f64::max);
    }
}

/// The profile of `sums`, where it can be measured.
pub(super) fn whitened(
    raster: &Raster,
    sums: &Sums,
    params: &TraceParams,
) -> Option<super::lattice::Whitened> {
    let heard_s = f64::from(sums.frames) * raster.hop_s();
    let whitened = (heard_s + params.window_s >= params.least_s).then(|| {
        let audible = sums.audible(raster.margin(), params);
        raster.whiten(&sums.variance(), &audible)
    })?;
    (whitened.used.iter().filter(|used| **used).count() >= params.least_bands).then_some(whitened)
}

const _: () = assert!(MOST_FRAMES * 2 == TraceParams::V1.glance_frames as u32);
