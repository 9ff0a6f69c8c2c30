//! Is a closer look worth its cost? Few frames, coarse bins, the same folding.
//!
//! Every file that is scanned pays for this, so it must cost a fraction of a fingerprint: a pair of frames every
//! 200 ms. Only the first 12 s, which may be all there is, are listened to four times as often: of a clip of 5 s, 25
//! pairs tell too little. The gate lets through what may be a trace, and most of what is none is spared a closer
//! look; it decides nothing else.

use serde::{Deserialize, Serialize};

use super::lattice::{GLANCE, Raster};
use super::params::{GlanceScores, TraceParams};
use super::profile::{Gatherer, Sums};
use super::spectra::Spectra;

/// What the gate saw.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Glance {
    /// There is sound enough, high enough, to measure anything.
    pub measurable: bool,
    /// The highest scores.
    #[serde(flatten)]
    pub scores: GlanceScores,
}

impl Glance {
    /// A closer look is worth its cost.
    pub fn asks_for_more(&self) -> bool {
        let (seen, least) = (&self.scores, &TraceParams::V2.glance_least);
        self.measurable
            && (seen.whole >= least.whole
                || seen.stretch >= least.stretch
                || seen.other_rows >= least.other_rows
                || seen.pitched >= least.pitched)
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
    /// The highest score of a stretch.
    stretch: f64,
}

impl Gate {
    pub(super) fn new(params: &'static TraceParams) -> Gate {
        let spectra = Spectra::new(params.window_s, params.glance, params.range_hz);
        let bins = spectra.bins();
        Gate {
            now: Gatherer::new(bins, params.glance, params),
            whole: Sums::new(bins),
            halves: [Sums::new(bins), Sums::new(bins)],
            stretch: 0.0,
            params,
            spectra,
        }
    }

    pub(super) fn push(&mut self, rate: u32, samples: &[f32]) {
        let Gate { params, spectra, now, whole, halves, stretch } = self;
        spectra.push(rate, samples, |pair| {
            now.add(pair);
            if now.heard_ms() >= params.glance_half_ms {
                half_is_full(params, now, whole, halves, stretch);
            }
        });
    }

    pub(super) fn finish(mut self) -> Glance {
        let Gate { params, now, whole, .. } = &mut self;
        now.drain_into(whole);
        let Some(whitened) = whitened(&GLANCE, whole, params) else { return Glance::default() };
        let own = GLANCE.own_pitch(&whitened);
        let (first, others) = own.split_first().unzip();
        let others = others.unwrap_or_default().iter().map(|score| score.sum);
        let whole = first.map_or(0.0, |score| score.sum);
        let scores = GlanceScores {
            whole,
            stretch: self.stretch.max(whole),
            other_rows: others.fold(0.0, f64::max),
            pitched: GLANCE.best_pitch(&whitened, 0).1.sum,
        };
        Glance { measurable: true, scores }
    }
}

/// Half a stretch is heard: scores it together with the half before it.
fn half_is_full(
    params: &TraceParams,
    now: &mut Gatherer,
    whole: &mut Sums,
    halves: &mut [Sums; 2],
    highest: &mut f64,
) {
    let mut half = Sums::new(GLANCE.bins());
    now.drain_into(&mut half);
    whole.add(&half);
    let [before, latest] = halves;
    *before = std::mem::replace(latest, half);
    if before.heard_ms + latest.heard_ms < 2 * params.glance_half_ms {
        return;
    }
    let mut stretch = before.clone();
    stretch.add(latest);
    if let Some(whitened) = whitened(&GLANCE, &stretch, params) {
        let score = GLANCE.own_pitch(&whitened).first().map_or(0.0, |score| score.sum);
        *highest = highest.max(score);
    }
}

/// The profile of `sums`, where it can be measured.
pub(super) fn whitened(
    raster: &Raster,
    sums: &Sums,
    params: &TraceParams,
) -> Option<super::lattice::Whitened> {
    let heard_s = f64::from(sums.heard_ms) / 1e3 + raster.lag_s() + params.window_s;
    let whitened = (heard_s >= params.least_s).then(|| {
        let audible = sums.audible(raster.margin(), params);
        raster.whiten(&sums.change(), &audible)
    })?;
    (whitened.used.iter().filter(|used| **used).count() >= params.least_bands).then_some(whitened)
}
