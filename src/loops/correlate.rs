//! Correlation of a frame with a piece of a loop, and how far its peaks stand out.
//!
//! The height of a peak in standard deviations tells a loop from noise, but not from music: two sustained chords agree
//! at many delays at once, and a beat at every stroke. A copied waveform agrees at one delay, to a third of a
//! millisecond. So a peak is measured by the largest value beside it and by what the whole frame reaches, and counts
//! as its *prominence* over the worse of both, in the same units: 2.5 is usual, 4 is rare, 7 was met nowhere among 760
//! unrelated pairs of a loop and a minute of music.

use std::sync::Arc;

use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};

use super::frames::Spectrum;
use super::params::{BINS, DELAYS_PER_SECOND, LoopParams};
use super::template::{PhaseTable, Piece};

/// 99th percentile of the absolute value of complex Gaussian noise of power 1.
const TOP_PERCENT: f32 = 2.146;
/// What the largest of 600 such values is, most often.
const USUAL_LARGEST: f64 = 2.53;

/// A delay at which a piece agrees with a frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// Seconds from the beginning of the frame to that of the piece, 0 to 4.
    pub delay_s: f64,
    /// How far it stands out.
    pub prominence: f64,
}

/// Plans that many correlators share.
pub struct Plans {
    full: Arc<dyn Fft<f32>>,
    comb: Arc<dyn Fft<f32>>,
    table: PhaseTable,
    params: LoopParams,
}

impl Plans {
    /// Plans the transforms.
    pub fn new(params: &LoopParams) -> Plans {
        let mut planner = FftPlanner::<f32>::new();
        Plans {
            full: planner.plan_fft_inverse(BINS),
            comb: planner.plan_fft_inverse(BINS / params.comb),
            table: PhaseTable::default(),
            params: *params,
        }
    }
}

/// Correlates frames with pieces.
pub struct Correlator {
    plans: Arc<Plans>,
    values: Vec<Complex32>,
    scratch: Vec<Complex32>,
    /// Powers at the delays of a frame, in units of noise.
    powers: Vec<f32>,
    sorted: Vec<f32>,
}

impl Correlator {
    /// One that uses `plans`.
    pub fn new(plans: Arc<Plans>) -> Correlator {
        let scratch =
            plans.full.get_inplace_scratch_len().max(plans.comb.get_inplace_scratch_len());
        Correlator {
            plans,
            values: Vec::with_capacity(BINS),
            scratch: vec![Complex32::default(); scratch],
            powers: Vec::with_capacity(BINS / 2),
            sorted: Vec::with_capacity(BINS / 2),
        }
    }

    /// Whether a first look, at every so many bins, finds anything that is worth a second one.
    pub fn is_promising(&mut self, frame: &Spectrum, piece: &Piece) -> bool {
        let Plans { comb, table, params, .. } = &*self.plans;
        let each = params.comb;
        self.values.clear();
        let products = frame.iter().step_by(each).zip(piece.conjugates(table, each));
        self.values.extend(products.map(|(x, y)| x * y));
        comb.process_with_scratch(&mut self.values, &mut self.scratch);
        let line = params.comb_height * params.comb_height * (BINS / each) as f32;
        self.values.iter().any(|x| x.norm_sqr() > line)
    }

    /// The delays at which `piece` agrees with `frame`, the highest first.
    pub fn peaks(&mut self, frame: &Spectrum, piece: &Piece) -> Vec<Peak> {
        let Plans { full, table, params, .. } = &*self.plans;
        self.values.clear();
        let products = frame.iter().zip(piece.conjugates(table, 1));
        self.values.extend(products.map(|(x, y)| x * y));
        full.process_with_scratch(&mut self.values, &mut self.scratch);
        self.powers.clear();
        let noise = 1.0 / BINS as f32;
        self.powers.extend(self.values[..BINS / 2].iter().map(|x| x.norm_sqr() * noise));
        let line = params.height * params.height;
        if self.powers.iter().all(|power| *power < line) {
            return Vec::new();
        }
        self.sorted.clone_from(&self.powers);
        let top = self.sorted.len() * 99 / 100;
        let (_, top, _) = self.sorted.select_nth_unstable_by(top, f32::total_cmp);
        let usual = f64::from((top.sqrt() / TOP_PERCENT).max(1.0));
        let apart = (params.apart * piece.seconds() * DELAYS_PER_SECOND) as usize;
        let mut free = self.powers.clone();
        let mut places = Vec::new();
        for _ in 0..params.peaks {
            let best =
                free.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
            let Some((at, power)) = best.filter(|(_, power)| **power >= line) else { break };
            let height = f64::from(power.sqrt());
            let prominence = prominence(&self.powers, at, usual, params.beside).min(height);
            if prominence >= f64::from(params.height) {
                places.push((at, prominence));
            }
            let (from, to) = (at.saturating_sub(apart), (at + apart + 1).min(free.len()));
            free[from..to].fill(0.0);
        }
        self.supported(frame, piece, places)
    }

    /// Those of these delays at which more than a stroke of the piece is there.
    fn supported(
        &mut self,
        frame: &Spectrum,
        piece: &Piece,
        places: Vec<(usize, f64)>,
    ) -> Vec<Peak> {
        if places.is_empty() {
            return Vec::new();
        }
        let Plans { full, table, params, .. } = &*self.plans;
        let mut sound = frame.clone();
        full.process_with_scratch(&mut sound, &mut self.scratch);
        let mut wave: Vec<Complex32> = piece.conjugates(table, 1).map(|x| x.conj()).collect();
        full.process_with_scratch(&mut wave, &mut self.scratch);
        wave.truncate((piece.seconds() * DELAYS_PER_SECOND).ceil() as usize);
        let block = ((params.block_s * DELAYS_PER_SECOND) as usize).max(1);
        places
            .into_iter()
            .filter(|(at, _)| support(&sound[*at..], &wave, block, params) >= params.support)
            .map(|(at, prominence)| Peak { delay_s: at as f64 / DELAYS_PER_SECOND, prominence })
            .collect()
    }
}

/// Share of the power of `wave` in blocks that `sound` has, too.
fn support(sound: &[Complex32], wave: &[Complex32], block: usize, params: &LoopParams) -> f64 {
    let blocks: Vec<(Complex32, f64, f64)> = sound
        .chunks(block)
        .zip(wave.chunks(block))
        .map(|(sound, wave)| {
            let product: Complex32 = sound.iter().zip(wave).map(|(x, y)| x * y.conj()).sum();
            let power = |x: &[Complex32]| x.iter().map(|x| f64::from(x.norm_sqr())).sum::<f64>();
            (product, power(sound) / sound.len() as f64, power(wave))
        })
        .collect();
    let total: Complex32 = blocks.iter().map(|(product, ..)| product).sum();
    let turn = total.conj() / total.norm().max(1e-12);
    let is_there = |(product, sound, wave): &&(Complex32, f64, f64)| {
        let noise = (0.5 * sound * wave).sqrt();
        f64::from((product * turn).re) >= params.block_height * noise
    };
    let power: f64 = blocks.iter().map(|(.., wave)| wave).sum();
    blocks.iter().filter(is_there).map(|(.., wave)| wave).sum::<f64>() / power.max(1e-12)
}

/// How far the peak at `at` stands out of what is beside it, and of what is `usual` in the frame.
fn prominence(powers: &[f32], at: usize, usual: f64, (around, own): (usize, usize)) -> f64 {
    let before = &powers[at.saturating_sub(around)..at.saturating_sub(own)];
    let after = &powers[(at + own + 1).min(powers.len())..(at + around + 1).min(powers.len())];
    let beside = || before.iter().chain(after);
    let count = (before.len() + after.len()).max(1);
    let mean: f64 = beside().map(|power| f64::from(*power)).sum::<f64>() / count as f64;
    let largest = f64::from(beside().copied().fold(0.0, f32::max)).sqrt();
    let height = f64::from(powers[at]).sqrt();
    let by_scale = height / mean.sqrt().max(usual);
    let by_largest = USUAL_LARGEST * height / largest.max(1e-9);
    by_scale.min(by_largest)
}
