//! Log spectra of a signal at whatever rate, on one raster of frequencies.
//!
//! The length of the transform is chosen by the rate so that bins are equally far apart in Hz: streams that
//! change their rate go on in the same raster, and everything above knows no rates. Frames come in pairs, a fixed
//! time apart: what is measured is how far the second is from the first. A pair goes through the transform at once,
//! one frame as the real and one as the imaginary part, and only the bins that are looked at are taken apart.
//!
//! Levels are integers in 1/256 log2-power units: sums of them are exact and the same in any order.

use std::sync::Arc;

use multiversion::multiversion;
use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};

use crate::logarithm::fast_log2;

use super::params::Grid;

/// Level units per factor of two in power.
pub(super) const UNITS: f32 = 256.0;
/// Levels are no lower than this, in dB of full scale: what the arithmetic itself leaves of a loud signal.
const FLOOR_DB: f32 = -160.0;

/// Level units of a level in dB.
pub(super) fn units(db: f32) -> i32 {
    (db / 10.0 * std::f32::consts::LOG2_10 * UNITS).round() as i32
}

/// Level units as dB.
pub(super) fn decibels(units: f64) -> f64 {
    units / f64::from(UNITS) * 10.0 * f64::from(std::f32::consts::LOG10_2)
}

/// The levels of two frames, a fixed time apart.
pub(super) struct Pair<'a> {
    pub(super) first: &'a [i32],
    pub(super) second: &'a [i32],
    /// When the first begins, in seconds.
    pub(super) begin_s: f64,
    /// How much of the signal it stands for: until the next pair begins, in milliseconds.
    pub(super) hop_ms: u32,
}

/// Streaming analyser: push samples, get pairs of frames.
pub(super) struct Spectra {
    window_s: f64,
    grid: Grid,
    first: usize,
    bins: usize,
    floor: f32,
    plan: Option<Plan>,
    pending: Vec<f32>,
    /// Samples that are passed over before the next pair begins: pairs may lie apart.
    skip: usize,
    /// Seconds before `pending`, when nothing is passed over.
    begun_s: f64,
    rows: [Vec<i32>; 2],
}

/// What depends on the rate.
struct Plan {
    rate: u32,
    fft: Arc<dyn Fft<f32>>,
    window: Vec<f32>,
    /// From the first frame of a pair to the second, and to the next pair.
    lag: usize,
    hop: usize,
    first_hop: usize,
    /// Length of the transform; longer than the window or equal to it.
    buffer: Vec<Complex32>,
    scratch: Vec<Complex32>,
    /// Bins below half the rate.
    known: usize,
}

impl Plan {
    fn new(rate: u32, window_s: f64, grid: Grid, first: usize, bins: usize) -> Plan {
        let samples = |seconds: f64| ((f64::from(rate) * seconds).round() as usize).max(2);
        let (window, length) = (samples(window_s), samples(1.0 / grid.bin_hz));
        let length = length.max(window);
        let fft = FftPlanner::<f32>::new().plan_fft_forward(length);
        // A sine of full scale has power 1 at its bin; the further half undoes the doubling when a pair is
        // taken apart.
        let weight = |i: usize| {
            let phase = std::f64::consts::TAU * i as f64 / window as f64;
            ((0.5 - 0.5 * phase.cos()) * 2.0 / window as f64) as f32
        };
        Plan {
            rate,
            window: (0..window).map(weight).collect(),
            lag: samples(grid.lag_s),
            hop: samples(grid.hop_s),
            first_hop: samples(grid.first_hop_s),
            buffer: vec![Complex32::default(); length],
            scratch: vec![Complex32::default(); fft.get_inplace_scratch_len()],
            known: (length / 2).saturating_sub(first).min(bins),
            fft,
        }
    }
}

impl Spectra {
    /// An analyser with frames of `window_s` in the raster `grid`, for what lies in `range_hz`.
    pub(super) fn new(window_s: f64, grid: Grid, range_hz: (f64, f64)) -> Spectra {
        let first = (range_hz.0 / grid.bin_hz).round() as usize;
        let bins = (range_hz.1 / grid.bin_hz).round() as usize - first;
        Spectra {
            window_s,
            grid,
            first,
            bins,
            floor: 10f32.powf(FLOOR_DB / 10.0),
            plan: None,
            pending: Vec::new(),
            skip: 0,
            begun_s: 0.0,
            rows: [vec![0; bins], vec![0; bins]],
        }
    }

    /// Number of bins.
    pub(super) fn bins(&self) -> usize {
        self.bins
    }

    /// Takes samples at `rate` Hz; `emit` gets each pair.
    pub(super) fn push(&mut self, rate: u32, samples: &[f32], mut emit: impl FnMut(&Pair<'_>)) {
        if self.plan.as_ref().is_none_or(|plan| plan.rate != rate) {
            self.enter(rate);
        }
        let Some(plan) = &mut self.plan else { return };
        let passed = self.skip.min(samples.len());
        self.skip -= passed;
        self.begun_s += passed as f64 / f64::from(rate);
        self.pending.extend_from_slice(&samples[passed..]);
        let (pair, mut start) = (plan.window.len() + plan.lag, 0);
        while self.pending.len() >= start + pair {
            let first = &self.pending[start..start + plan.window.len()];
            let second = &self.pending[start + plan.lag..start + pair];
            transform(plan, first, second, self.first, self.floor, &mut self.rows);
            let [first, second] = &self.rows;
            let begin_s = self.begun_s + start as f64 / f64::from(rate);
            let (hop, hop_s) = match begin_s < self.grid.first_s {
                true => (plan.first_hop, self.grid.first_hop_s),
                false => (plan.hop, self.grid.hop_s),
            };
            emit(&Pair { first, second, begin_s, hop_ms: (hop_s * 1e3).round() as u32 });
            start += hop;
        }
        let used = start.min(self.pending.len());
        self.skip += start - used;
        self.begun_s += used as f64 / f64::from(rate);
        self.pending.drain(..used);
    }

    /// Another rate: what is left of the signal before is too short for a pair.
    fn enter(&mut self, rate: u32) {
        if let Some(before) = &self.plan {
            self.begun_s += self.pending.len() as f64 / f64::from(before.rate);
        }
        self.pending.clear();
        self.skip = 0;
        self.plan = Some(Plan::new(rate, self.window_s, self.grid, self.first, self.bins));
    }
}

/// Levels of two frames.
fn transform(
    plan: &mut Plan,
    first: &[f32],
    second: &[f32],
    from: usize,
    floor: f32,
    rows: &mut [Vec<i32>; 2],
) {
    let Plan { fft, window, buffer, scratch, known, .. } = plan;
    let (head, rest) = buffer.split_at_mut(window.len());
    window_pair(first, second, window, head);
    rest.fill(Complex32::default());
    fft.process_with_scratch(buffer, scratch);
    let [a, b] = rows;
    if *known > 0 {
        let bins = &buffer[from..from + *known];
        let mirrored = &buffer[buffer.len() - from - *known + 1..buffer.len() - from + 1];
        levels(bins, mirrored, floor, &mut a[..*known], &mut b[..*known]);
    }
    let lowest = (fast_log2(floor) * UNITS) as i32;
    a[*known..].fill(lowest);
    b[*known..].fill(lowest);
}

/// Two windowed frames as the real and the imaginary part of one.
#[multiversion(targets("x86_64+avx2"))]
fn window_pair(first: &[f32], second: &[f32], window: &[f32], out: &mut [Complex32]) {
    for (z, ((a, b), w)) in out.iter_mut().zip(first.iter().zip(second).zip(window)) {
        *z = Complex32::new(a * w, b * w);
    }
}

/// Takes apart the spectrum of two frames that went through the transform as one. Adding 1.5 * 2^23 leaves the
/// rounded integer in the low bits, which vectorises where a saturating cast does not.
#[multiversion(targets("x86_64+avx2"))]
fn levels(bins: &[Complex32], mirrored: &[Complex32], floor: f32, a: &mut [i32], b: &mut [i32]) {
    let rounded = |power: f32| {
        let bits = (fast_log2(power) * UNITS + 12_582_912.0).to_bits();
        bits.wrapping_sub(0x4b40_0000) as i32
    };
    let both = bins.iter().zip(mirrored.iter().rev());
    for ((z, m), (a, b)) in both.zip(a.iter_mut().zip(b)) {
        let (sum_re, sum_im) = (z.re + m.re, z.im - m.im);
        let (dif_re, dif_im) = (z.re - m.re, z.im + m.im);
        *a = rounded(sum_re * sum_re + sum_im * sum_im + floor);
        *b = rounded(dif_re * dif_re + dif_im * dif_im + floor);
    }
}
