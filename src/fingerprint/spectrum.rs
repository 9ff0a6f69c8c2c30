//! Short-time spectrum on a log-frequency axis.
//!
//! A streaming Hann STFT whose power spectrum is gathered into bins spaced evenly in log-frequency,
//! so that a pitch change is a translation. Bins narrower than an FFT bin read a cubic interpolation
//! of the log spectrum (Catmull-Rom), since a linear one has all its maxima on FFT bins and would
//! quantise low pitches to 90 cents; wider bins sum power under a triangle.
//!
//! Levels are `i16` in 1/256 log2-power units (0.0118 dB): maximum filters and running sums over
//! them are exact, fast, and the same on every machine.

use std::sync::Arc;

use multiversion::multiversion;
use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};

pub use crate::logarithm::fast_log2;
use crate::params::SpectrumParams;

/// Level units per factor of two in power.
pub const UNITS_PER_LOG2: f32 = 256.0;
/// Level units per decibel.
pub const UNITS_PER_DB: f32 = UNITS_PER_LOG2 / 3.010_3;
/// Triangle weights are padded to this many, so that the sums are straight vector code.
const LANES: usize = 4;

/// A value of each of the two frames that go through the transform together.
type Pair = [f32; 2];

/// A log-frequency bin narrower than an FFT bin: weights on four neighbouring log-power values.
#[derive(Debug, Clone)]
struct CubicBand {
    first: usize,
    weights: [f32; 4],
}

/// A wider bin: weights on power values, from `first`; `weights` indexes the shared table.
#[derive(Debug, Clone)]
struct TriangleBand {
    first: usize,
    weights: std::ops::Range<usize>,
}

/// How the log-frequency bins read the FFT: the low ones by interpolation, the rest by triangles.
#[derive(Debug, Clone, Default)]
struct Bands {
    cubic: Vec<CubicBand>,
    triangle: Vec<TriangleBand>,
    weights: Vec<Pair>,
}

/// Streaming analyser: push samples, get one row of `bins` levels per frame.
///
/// Frame `n` is centred on sample `n * hop`. Frames go through one complex FFT in pairs (one as
/// the real, one as the imaginary part), which halves the transforms; only the FFT bins that the
/// log-frequency axis reads are taken apart again.
pub struct Spectrum {
    hop: usize,
    fft: Arc<dyn Fft<f32>>,
    window: Vec<f32>,
    bands: Bands,
    floor: f32,
    pending: Vec<f32>,
    start: usize,
    buffer: Vec<Complex32>,
    scratch: Vec<Complex32>,
    power: Vec<Pair>,
    log_power: Vec<Pair>,
    sums: Vec<Pair>,
    rows: [Vec<i16>; 2],
}

impl Spectrum {
    /// Plans the transform for `params`.
    pub fn new(params: &SpectrumParams) -> Self {
        let n = params.fft_len;
        let fft = FftPlanner::<f32>::new().plan_fft_forward(n);
        // Scaled so that a full-scale sine has power 1 (0 dB) at its bin; the further half undoes
        // the doubling when a pair is taken apart.
        let window: Vec<f32> = (0..n)
            .map(|i| {
                let phase = std::f64::consts::TAU * i as f64 / n as f64;
                ((0.5 - 0.5 * phase.cos()) * 2.0 / n as f64) as f32
            })
            .collect();
        let bands = Bands::new(params);
        let bins = bands.fft_bins();
        Spectrum {
            hop: params.hop,
            window,
            floor: 10f32.powf(params.floor_db / 10.0),
            pending: vec![0.0; n / 2],
            start: 0,
            buffer: vec![Complex32::default(); n],
            scratch: vec![Complex32::default(); fft.get_inplace_scratch_len()],
            power: vec![Pair::default(); bins],
            log_power: vec![Pair::default(); bands.log_bins()],
            sums: vec![Pair::default(); params.bins],
            rows: [vec![0; params.bins], vec![0; params.bins]],
            bands,
            fft,
        }
    }

    /// Analyses `samples`, calling `emit` with each finished row.
    pub fn push(&mut self, samples: &[f32], mut emit: impl FnMut(&[i16])) {
        self.pending.extend_from_slice(samples);
        let pair = self.window.len() + self.hop;
        while self.pending.len() - self.start >= pair {
            self.transform();
            self.gather();
            for row in &self.rows {
                emit(row);
            }
            self.start += 2 * self.hop;
        }
        self.pending.drain(..self.start);
        self.start = 0;
    }

    /// Pads the end with silence and emits the frames whose centre lies within the signal.
    pub fn finish(&mut self, mut emit: impl FnMut(&[i16])) {
        let half = self.window.len() / 2;
        // Samples after the centre of the next frame decide how many frames are left.
        let left = (self.pending.len() - half) / self.hop + 1;
        let mut done = 0;
        self.push(&vec![0.0; half + 2 * self.hop], |row| {
            if done < left {
                emit(row);
            }
            done += 1;
        });
        self.pending.clear();
        self.pending.resize(half, 0.0);
    }

    /// Power spectra of the next two frames.
    fn transform(&mut self) {
        let n = self.window.len();
        let first = &self.pending[self.start..self.start + n];
        let second = &self.pending[self.start + self.hop..self.start + self.hop + n];
        window_pair(first, second, &self.window, &mut self.buffer);
        self.fft.process_with_scratch(&mut self.buffer, &mut self.scratch);
        power_of_pair(&self.buffer, self.floor, &mut self.power);
    }

    /// Fills both rows from the power spectra of the pair.
    fn gather(&mut self) {
        logarithms(&self.power, self.floor, &mut self.log_power);
        interpolate(&self.bands.cubic, &self.log_power, fast_log2(self.floor), &mut self.sums);
        sum_triangles(&self.bands, &self.power, &mut self.sums[self.bands.cubic.len()..]);
        levels(&self.sums, &mut self.rows);
    }
}

/// Two windowed frames as the real and the imaginary part of one.
#[multiversion(targets("x86_64+avx2"))]
fn window_pair(first: &[f32], second: &[f32], window: &[f32], out: &mut [Complex32]) {
    for (z, ((a, b), w)) in out.iter_mut().zip(first.iter().zip(second).zip(window)) {
        *z = Complex32::new(a * w, b * w);
    }
}

/// Takes apart the spectrum of two frames that went through the transform as one.
#[multiversion(targets("x86_64+avx2"))]
fn power_of_pair(spectrum: &[Complex32], floor: f32, power: &mut [Pair]) {
    let mirrored = spectrum[1..].iter().rev();
    let bins = spectrum[1..].iter().zip(mirrored);
    for ((z, m), power) in bins.zip(&mut power[1..]) {
        let (sum_re, sum_im) = (z.re + m.re, z.im - m.im);
        let (dif_re, dif_im) = (z.re - m.re, z.im + m.im);
        *power =
            [sum_re * sum_re + sum_im * sum_im + floor, dif_re * dif_re + dif_im * dif_im + floor];
    }
}

/// Base-2 logarithms of the first bins, of `floor` at least.
#[multiversion(targets("x86_64+avx2"))]
fn logarithms(power: &[Pair], floor: f32, out: &mut [Pair]) {
    for (l, p) in out.as_flattened_mut().iter_mut().zip(power.as_flattened()) {
        *l = fast_log2(p.max(floor));
    }
}

/// Log power in the narrow bins, of `floor` at least.
#[multiversion(targets("x86_64+avx2"))]
fn interpolate(bands: &[CubicBand], log_power: &[Pair], floor: f32, out: &mut [Pair]) {
    for (sums, band) in out.iter_mut().zip(bands) {
        let l = &log_power[band.first..band.first + 4];
        for (i, sum) in sums.iter_mut().enumerate() {
            let weighted: f32 = band.weights.iter().zip(l).map(|(w, x)| w * x[i]).sum();
            *sum = weighted.max(floor);
        }
    }
}

/// Log power in the wider bins.
#[multiversion(targets("x86_64+avx2"))]
fn sum_triangles(bands: &Bands, power: &[Pair], out: &mut [Pair]) {
    for (sums, band) in out.iter_mut().zip(&bands.triangle) {
        let weights = &bands.weights[band.weights.clone()];
        *sums = dot_pairs(weights, &power[band.first..band.first + weights.len()]);
    }
    for sum in out.as_flattened_mut() {
        *sum = fast_log2(*sum);
    }
}

/// Level units of base-2 logarithms, rounded. Adding 1.5 * 2^23 leaves the integer in the low
/// bits, which vectorises where a saturating cast does not; levels lie far inside its range.
#[multiversion(targets("x86_64+avx2"))]
fn levels(log2: &[Pair], rows: &mut [Vec<i16>; 2]) {
    for (i, row) in rows.iter_mut().enumerate() {
        for (level, log2) in row.iter_mut().zip(log2) {
            *level = (log2[i] * UNITS_PER_LOG2 + 12_582_912.0).to_bits() as i16;
        }
    }
}

/// Dot products of weights with both frames; the length is a multiple of [`LANES`].
#[inline(always)]
fn dot_pairs(weights: &[Pair], power: &[Pair]) -> Pair {
    let mut sums = [[0f32; 2]; LANES];
    for (w, p) in weights.as_chunks::<LANES>().0.iter().zip(power.as_chunks::<LANES>().0) {
        for lane in 0..LANES {
            for frame in 0..2 {
                sums[lane][frame] += w[lane][frame] * p[lane][frame];
            }
        }
    }
    [0, 1].map(|i| (sums[0][i] + sums[2][i]) + (sums[1][i] + sums[3][i]))
}

impl Bands {
    fn new(params: &SpectrumParams) -> Bands {
        let bin_hz = f64::from(params.rate) / params.fft_len as f64;
        let step = (1.0 / params.bins_per_octave as f64).exp2() - 1.0;
        let mut bands = Bands::default();
        for b in 0..params.bins {
            let hz = params.min_hz * (b as f64 / params.bins_per_octave as f64).exp2();
            let half = hz * step;
            if half < bin_hz {
                bands.cubic.push(cubic(hz / bin_hz));
            } else {
                bands.add_triangle(hz / bin_hz, half / bin_hz);
            }
        }
        bands
    }

    /// A triangle of half-width `half` around `centre`, both in FFT bins.
    fn add_triangle(&mut self, centre: f64, half: f64) {
        let first = (centre - half).ceil() as usize;
        let last = (centre + half).floor() as usize;
        let from = self.weights.len();
        let weight = |k: usize| [(1.0 - (k as f64 - centre).abs() / half).max(0.0) as f32; 2];
        self.weights.extend((first..=last).map(weight));
        let padded = (self.weights.len() - from).next_multiple_of(LANES);
        self.weights.resize(from + padded, Pair::default());
        self.triangle.push(TriangleBand { first, weights: from..self.weights.len() });
    }

    /// FFT bins whose power is needed.
    fn fft_bins(&self) -> usize {
        self.triangle.iter().map(|b| b.first + b.weights.len()).max().unwrap_or(0)
    }

    /// FFT bins whose logarithm is needed.
    fn log_bins(&self) -> usize {
        self.cubic.iter().map(|b| b.first + 4).max().unwrap_or(0)
    }
}

/// Catmull-Rom weights to read the log spectrum at a fractional FFT bin.
fn cubic(position: f64) -> CubicBand {
    let base = position.floor();
    let t = position - base;
    let weights = [
        0.5 * (-t + 2.0 * t * t - t * t * t),
        0.5 * (2.0 - 5.0 * t * t + 3.0 * t * t * t),
        0.5 * (t + 4.0 * t * t - 3.0 * t * t * t),
        0.5 * (-t * t + t * t * t),
    ];
    CubicBand { first: (base as usize).saturating_sub(1), weights: weights.map(|w| w as f32) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::FingerprintParams;

    /// The level at a sine's own bin is its power, whatever the frequency.
    #[test]
    fn full_scale_sine_peaks_at_its_bin() {
        let params = FingerprintParams::V2.spectrum();
        for hz in [180.0, 310.0, 440.0, 1_234.5, 3_000.0] {
            let samples: Vec<f32> = (0..16_000)
                .map(|i| (std::f64::consts::TAU * hz * i as f64 / 16_000.0).sin() as f32)
                .collect();
            let mut rows = Vec::new();
            let mut spectrum = Spectrum::new(&params);
            spectrum.push(&samples, |row| rows.push(row.to_vec()));
            let row = &rows[30];
            let best = (0..row.len()).max_by_key(|&b| row[b]).unwrap();
            let expected = params.bins_per_octave as f64 * (hz / params.min_hz).log2();
            assert!((best as f64 - expected).abs() <= 0.75, "{hz}: {best} {expected}");
        }
    }

    #[test]
    fn rows_do_not_depend_on_chunking() {
        let params = FingerprintParams::V2.spectrum();
        let samples: Vec<f32> = (0..20_000).map(|i| ((i * i) % 97) as f32 / 97.0 - 0.5).collect();
        let whole = {
            let mut rows = Vec::new();
            let mut s = Spectrum::new(&params);
            s.push(&samples, |row| rows.push(row.to_vec()));
            s.finish(|row| rows.push(row.to_vec()));
            rows
        };
        let mut rows = Vec::new();
        let mut s = Spectrum::new(&params);
        for chunk in samples.chunks(777) {
            s.push(chunk, |row| rows.push(row.to_vec()));
        }
        s.finish(|row| rows.push(row.to_vec()));
        assert_eq!(rows, whole);
        assert_eq!(rows.len(), 20_000 / params.hop + 1);
    }
}
