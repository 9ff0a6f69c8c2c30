//! Constant-Q transform at three bins a semitone, from 27.5 Hz up, 86.13 frames a second.
//!
//! What basic-pitch looks at (there at 22.05 kHz, one frame each 256 samples), computed from the
//! 16 kHz that are decoded anyway: Schörkhuber and Klapuri's scheme (Constant-Q transform toolbox
//! for music processing, SMC 2010). The signal is halved in rate again and again, and each octave
//! is read at the lowest rate that holds it, so that all octaves share one set of kernels. A
//! kernel is a Hann window of `Q` periods times a complex exponential; being symmetric about its
//! centre, it is applied to the sums and differences of the samples on either side.
//!
//! A frame's centre is rounded to a sample of its octave: that is at most a 500th of a window,
//! and only magnitudes are used. Kernels are computed in `f64` with functions of our own, and
//! every sum has one order, with frames as the lanes of the vector code: the result has the same
//! bits on every machine, however the samples are cut into pushes.

use multiversion::multiversion;

use super::arithmetic::{log2, sin_cos, third_semitones};

/// Bins of a frame: 309 of 36 an octave, the last at 10.4 kHz.
pub const BINS: usize = 309;
/// Bins that 16 kHz can hold (up to 7.6 kHz); the others are given the frame's least level.
pub const HEARD: usize = 293;
/// The logarithms of one frame's power, by bin.
pub type Row = [f32; BINS];

const RATE: i64 = 16_000;
/// Frames are this many samples apart at the network's rate.
const HOP: i64 = 256;
const NETWORK_RATE: i64 = 22_050;
const LOWEST_HZ: f64 = 27.5;
const PER_OCTAVE: usize = 36;
/// The lowest bin that is read at the full rate; 36 fewer at each halving.
const FIRST_AT_FULL_RATE: usize = 251;
const LEVELS: usize = 8;
/// Half of the longest kernel, in samples of its rate.
const REACH: usize = 122;
/// Frames that go through the kernels together.
const LANES: usize = 16;
/// What is added to a power before its logarithm.
const FLOOR: f32 = 1e-10;
/// Coefficients on either side of the halving filter's centre that are not 0: those of odd number.
const HALF_BAND: usize = 24;
/// Samples on either side that the halving filter reads.
const FILTER_REACH: i64 = 2 * HALF_BAND as i64 - 1;

type Lanes = [f32; LANES];

/// One bin's kernel, from its centre outwards: window times cosine, window times sine.
struct Kernel {
    taps: Vec<[f32; 2]>,
}

/// The signal at one rate: what later frames and the next halving still read.
struct Level {
    samples: Vec<f32>,
    /// Index of `samples[0]` at this rate; sample 0 is the beginning of the signal.
    first: i64,
}

/// Streaming transform: push samples, get rows.
pub struct ConstantQ {
    levels: Vec<Level>,
    kernels: Vec<Kernel>,
    filter: [f32; HALF_BAND],
    /// By bin: the factor that turns the power of a kernel of unit sum into librosa's scale.
    scale: Vec<f32>,
    /// The next frame to come.
    frame: i64,
    sums: Vec<Lanes>,
    differences: Vec<Lanes>,
}

impl ConstantQ {
    /// Plans the transform; the first row will be that of frame `first`, which may lie before the
    /// beginning of the signal.
    pub fn new(first: i64) -> Self {
        let q = 1.0 / (third_semitones(1) - 1.0);
        let hz = |bin: usize| LOWEST_HZ * third_semitones(bin as u32);
        let kernel = |bin| Kernel::new(hz(bin) / RATE as f64, q);
        let scale = |bin| (q * NETWORK_RATE as f64 / hz(bin)).ceil() as f32;
        let level = |halvings: usize| {
            // Silence before the signal, as far as the first frame or the filters read.
            let centre = centre(first.min(0), halvings);
            let first = centre - REACH as i64 - 2 * FILTER_REACH;
            let begin = if halvings == 0 { 0 } else { -FILTER_REACH };
            Level { samples: vec![0.0; (begin - first) as usize], first }
        };
        ConstantQ {
            levels: (0..LEVELS).map(level).collect(),
            kernels: (FIRST_AT_FULL_RATE..HEARD).map(kernel).collect(),
            filter: half_band(),
            scale: (0..HEARD).map(scale).collect(),
            frame: first,
            sums: vec![[0.0; LANES]; REACH],
            differences: vec![[0.0; LANES]; REACH],
        }
    }

    /// Takes in `samples` and calls `emit` with every row that is finished.
    pub fn push(&mut self, samples: &[f32], mut emit: impl FnMut(&Row)) {
        // In pieces, so that the memory does not depend on how much is pushed at once.
        for piece in samples.chunks(RATE as usize) {
            self.levels[0].samples.extend_from_slice(piece);
            for halvings in 1..LEVELS {
                let (finer, coarser) = self.levels.split_at_mut(halvings);
                coarser[0].fill_from(&finer[halvings - 1], &self.filter);
            }
            while self.ready() {
                for row in &self.rows() {
                    emit(row);
                }
                self.frame += LANES as i64;
            }
            for halvings in 0..LEVELS {
                let kernels = centre(self.frame, halvings) - REACH as i64;
                let next = self.levels.get(halvings + 1).map(|level| 2 * level.end());
                let filter = next.map_or(kernels, |next| next - FILTER_REACH);
                self.levels[halvings].forget_before(kernels.min(filter));
            }
        }
    }

    /// Samples of silence after the end that bring out every row whose centre lies in the signal.
    pub fn tail() -> usize {
        let delay = (REACH + HALF_BAND * 4) << (LEVELS - 1);
        delay + LANES * (HOP * RATE / NETWORK_RATE + 1) as usize
    }

    /// Whether all of the next frames' samples have come, at every rate.
    fn ready(&self) -> bool {
        let last = self.frame + LANES as i64 - 1;
        let needed = |halvings| centre(last, halvings) + REACH as i64;
        self.levels.iter().enumerate().all(|(halvings, level)| level.end() > needed(halvings))
    }

    /// The next rows.
    fn rows(&mut self) -> [Row; LANES] {
        let mut rows = [[0.0; BINS]; LANES];
        for halvings in 0..LEVELS {
            let level = &self.levels[halvings];
            for lane in 0..LANES {
                let at = (centre(self.frame + lane as i64, halvings) - level.first) as usize;
                let around = &level.samples[at - REACH..=at + REACH];
                for t in 0..REACH {
                    let (before, after) = (around[REACH - t], around[REACH + t]);
                    self.sums[t][lane] = before + after;
                    self.differences[t][lane] = after - before;
                }
            }
            let above = if halvings == 0 { self.kernels.len() } else { PER_OCTAVE };
            for (k, kernel) in self.kernels[..above].iter().enumerate() {
                let Some(bin) = (FIRST_AT_FULL_RATE + k).checked_sub(halvings * PER_OCTAVE) else {
                    continue;
                };
                let levels = levels(kernel, &self.sums, &self.differences, self.scale[bin]);
                for (row, level) in rows.iter_mut().zip(levels) {
                    row[bin] = level;
                }
            }
        }
        for row in &mut rows {
            let least = row[..HEARD].iter().copied().fold(f32::INFINITY, f32::min);
            row[HEARD..].fill(least);
        }
        rows
    }
}

/// The sample of the level after `halvings` that is nearest to a frame's centre.
fn centre(frame: i64, halvings: usize) -> i64 {
    let step = NETWORK_RATE << halvings;
    (2 * frame * HOP * RATE + step).div_euclid(2 * step)
}

impl Kernel {
    /// For a frequency in cycles a sample.
    fn new(frequency: f64, q: f64) -> Self {
        let half = q / frequency / 2.0;
        let window = |t: f64| 0.5 + 0.5 * sin_cos(t / half / 2.0).1;
        let steps = half.ceil() as usize;
        debug_assert!(steps <= REACH);
        let sum = 1.0 + 2.0 * (1..steps).map(|t| window(t as f64)).sum::<f64>();
        let tap = |t: usize| {
            // The centre is its own neighbour on both sides.
            let weight = window(t as f64) / sum * if t == 0 { 0.5 } else { 1.0 };
            let (sin, cos) = sin_cos(frequency * t as f64);
            [(weight * cos) as f32, (weight * sin) as f32]
        };
        Kernel { taps: (0..steps).map(tap).collect() }
    }
}

/// Logarithms of a bin's power in all lanes.
#[multiversion(targets("x86_64+avx2"))]
fn levels(kernel: &Kernel, sums: &[Lanes], differences: &[Lanes], scale: f32) -> Lanes {
    let (mut re, mut im) = ([0.0; LANES], [0.0; LANES]);
    for ((tap, sum), difference) in kernel.taps.iter().zip(sums).zip(differences) {
        for lane in 0..LANES {
            re[lane] += tap[0] * sum[lane];
            im[lane] += tap[1] * difference[lane];
        }
    }
    let mut levels = [0.0; LANES];
    for lane in 0..LANES {
        let power = re[lane] * re[lane] + im[lane] * im[lane];
        levels[lane] = log2(power * scale + FLOOR);
    }
    levels
}

impl Level {
    /// Index after the last sample.
    fn end(&self) -> i64 {
        self.first + self.samples.len() as i64
    }

    /// Filters and halves what has come in at twice the rate.
    fn fill_from(&mut self, finer: &Level, filter: &[f32; HALF_BAND]) {
        let end = (finer.end() - FILTER_REACH + 1).div_euclid(2);
        let count = usize::try_from(end - self.end()).unwrap_or(0);
        let first = (2 * self.end() - FILTER_REACH - finer.first) as usize;
        let from = self.samples.len();
        self.samples.resize(from + count, 0.0);
        // Neighbours at odd distances, and the centres between them.
        let odd: Vec<f32> = finer.samples[first..].iter().step_by(2).copied().collect();
        let centres = finer.samples[first + FILTER_REACH as usize..].iter().step_by(2);
        for (out, centre) in self.samples[from..].iter_mut().zip(centres) {
            *out = 0.5 * centre;
        }
        add_neighbours(&mut self.samples[from..], &odd, filter);
    }

    /// Gives the memory of samples before `index` back, now and then.
    fn forget_before(&mut self, index: i64) {
        let old = usize::try_from(index - self.first).unwrap_or(0);
        if 2 * old > self.samples.len() {
            self.samples.drain(..old);
            self.first = index;
        }
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn add_neighbours(out: &mut [f32], odd: &[f32], filter: &[f32; HALF_BAND]) {
    let n = out.len();
    for (k, &weight) in filter.iter().enumerate() {
        let before = &odd[HALF_BAND - 1 - k..][..n];
        let after = &odd[HALF_BAND + k..][..n];
        for ((out, before), after) in out.iter_mut().zip(before).zip(after) {
            *out += weight * (before + after);
        }
    }
}

/// A half-band low-pass: a sinc under a Kaiser window for 80 dB, flat up to 0.89 of the new
/// Nyquist frequency. The coefficients at distances 1, 3, 5 and so on; the centre is 0.5 and the
/// others are 0.
fn half_band() -> [f32; HALF_BAND] {
    const BETA: f64 = 7.857;
    let reach = 2.0 * HALF_BAND as f64;
    let taps: Vec<f64> = (0..HALF_BAND)
        .map(|k| {
            let t = 2.0 * k as f64 + 1.0;
            let sinc = if k % 2 == 0 { 1.0 } else { -1.0 } / (std::f64::consts::PI * t);
            sinc * bessel_i0(BETA * (1.0 - (t / reach) * (t / reach)).sqrt()) / bessel_i0(BETA)
        })
        .collect();
    // Exactly 1 at 0 Hz.
    let sum: f64 = taps.iter().sum();
    std::array::from_fn(|k| (taps[k] * 0.25 / sum) as f32)
}

/// The modified Bessel function of the first kind, order 0.
fn bessel_i0(x: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for k in 1..40 {
        let factor = x / (2.0 * f64::from(k));
        term *= factor * factor;
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows_of(samples: &[f32], piece: usize) -> Vec<Row> {
        let mut transform = ConstantQ::new(0);
        let mut rows = Vec::new();
        for piece in samples.chunks(piece) {
            transform.push(piece, |row| rows.push(*row));
        }
        transform.push(&vec![0.0; ConstantQ::tail()], |row| rows.push(*row));
        rows
    }

    fn sine(hz: f64, seconds: f64) -> Vec<f32> {
        let sample = |i: usize| 0.5 * sin_cos(hz * i as f64 / RATE as f64).0 as f32;
        (0..(seconds * RATE as f64) as usize).map(sample).collect()
    }

    /// A sine stands out at its own bin and nowhere else, in every octave.
    #[test]
    fn a_sine_peaks_at_its_bin() {
        for bin in [0usize, 20, 34, 35, 70, 71, 106, 107, 200, 250, 251, 286, 287, 292] {
            let hz = LOWEST_HZ * third_semitones(bin as u32);
            let rows = rows_of(&sine(hz, 5.0), 4096);
            let row = &rows[215];
            let best = (0..HEARD).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap();
            assert_eq!(best, bin);
            // Amplitude 0.5: a magnitude of 0.25 times the root of the kernel's length.
            let scale = (third_semitones(1) - 1.0).recip() * NETWORK_RATE as f64 / hz;
            let expected = (0.0625 * scale.ceil()).log2();
            assert!((f64::from(row[bin]) - expected).abs() < 0.1, "{bin}: {} {expected}", row[bin]);
            for (other, level) in row[..HEARD].iter().enumerate() {
                let off = other.abs_diff(bin);
                assert!(off < 6 || expected - f64::from(*level) > 10.0, "{bin} {other}: {level}");
            }
        }
    }

    #[test]
    fn rows_do_not_depend_on_the_pieces() {
        let mut samples = sine(440.0, 3.0);
        for (sample, other) in samples.iter_mut().zip(sine(93.0, 2.0)) {
            *sample += other;
        }
        let whole = rows_of(&samples, samples.len());
        assert!(whole.len() as i64 >= 3 * NETWORK_RATE / HOP);
        assert_eq!(rows_of(&samples, 1), whole);
        assert_eq!(rows_of(&samples, 777), whole);
    }
}
