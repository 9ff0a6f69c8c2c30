//! Steady noise: energy without pitch or rhythm, whatever its colour.
//!
//! Noise has two marks that music lacks together. Averaged over some seconds, its spectrum is
//! smooth: what rises above its neighbours is chance, while tones pile up at their pitch. And its
//! level, band by band, is the same a moment later, while strokes, syllables and bars come and go.
//! Both are measured on the rows of the spectrogram, block by block; where the spectrum is cut
//! off by a filter or an encoder, what is left is judged.

use super::spectrum::UNITS_PER_DB;
use crate::params::FingerprintParams;

/// Every this many rows one is looked at: windows overlap by half then, which is independent.
const EVERY: u32 = 4;
/// Rows looked at that make a block (4 s).
const BLOCK: usize = 62;
/// A last block is judged if it has this many.
const MIN_BLOCK: usize = 16;
/// Bins whose levels are averaged to see whether a band is steady.
const BAND: usize = 23;
/// A band counts if at least this many of its bins do.
const MIN_BAND: usize = 12;
/// Bins counted need this level over the floor, in dB, and may lie so far below the loudest one.
const OVER_FLOOR_DB: f32 = 6.0;
const BELOW_TOP_DB: f32 = 50.0;
/// Fewer bins are no broadband sound.
const MIN_BINS: usize = 30;
/// Half-width in bins of the stretch of spectrum that a bin is compared with.
const NEIGHBOURS: usize = 9;
/// Largest RMS deviation of a bin's mean level from its neighbours', in dB. Noise of any colour,
/// filtered and encoded, stays at 0.4 to 0.5; one in 130 blocks of music gets below.
const MAX_ROUGHNESS_DB: f32 = 1.0;
/// RMS change of a band's level between rows in dB, in the median band: chance alone makes 1.3 to
/// 1.9 of it in noise and rain; what hardly changes is no noise but the floor of the spectrogram.
const FLUTTER_DB: [f32; 2] = [0.5, 2.5];
/// The largest in any band: the lowest have few independent bins, and reach 4 by chance.
const MAX_FLUTTER_DB: f32 = 5.0;

/// Streaming meter: push rows of the spectrogram, take the number of rows that are noise.
pub struct NoiseMeter {
    /// Level below which a bin is not counted.
    least: f32,
    next: u32,
    rows: Vec<Vec<i16>>,
    filled: usize,
    noisy: u64,
}

impl NoiseMeter {
    /// A meter for the spectrogram of `params`.
    pub fn new(params: &FingerprintParams) -> Self {
        NoiseMeter {
            least: params.floor_db + OVER_FLOOR_DB,
            next: 0,
            rows: vec![vec![0; params.bins]; BLOCK],
            filled: 0,
            noisy: 0,
        }
    }

    /// Takes the levels of the next frame.
    pub fn push(&mut self, level: &[i16]) {
        if self.next == 0 {
            self.rows[self.filled].copy_from_slice(level);
            self.filled += 1;
            if self.filled == BLOCK {
                self.judge();
            }
        }
        self.next = (self.next + 1) % EVERY;
    }

    /// Ends the stream; returns the number of frames in noise.
    pub fn finish(&mut self) -> u64 {
        if self.filled >= MIN_BLOCK {
            self.judge();
        }
        self.noisy
    }

    /// Decides about the block in progress.
    fn judge(&mut self) {
        let rows = &self.rows[..self.filled];
        if is_noise(rows, self.least) {
            self.noisy += rows.len() as u64 * u64::from(EVERY);
        }
        self.filled = 0;
    }
}

fn is_noise(rows: &[Vec<i16>], least: f32) -> bool {
    let mean = mean_levels(rows);
    let top = mean.iter().copied().fold(f32::MIN, f32::max);
    let counted: Vec<bool> = mean.iter().map(|&m| m > least.max(top - BELOW_TOP_DB)).collect();
    counted.iter().filter(|&&c| c).count() >= MIN_BINS
        && roughness(&mean, &counted) <= MAX_ROUGHNESS_DB
        && is_steady(&flutter(rows, &counted))
}

/// Whether bands that change by `flutter` (sorted) change as noise does.
fn is_steady(flutter: &[f32]) -> bool {
    let (Some(median), Some(worst)) = (flutter.get(flutter.len() / 2), flutter.last()) else {
        return false;
    };
    (FLUTTER_DB[0]..=FLUTTER_DB[1]).contains(median) && *worst <= MAX_FLUTTER_DB
}

/// Mean level of each bin in dB.
fn mean_levels(rows: &[Vec<i16>]) -> Vec<f32> {
    let mut sums = vec![0i32; rows.first().map_or(0, Vec::len)];
    for row in rows {
        for (sum, level) in sums.iter_mut().zip(row) {
            *sum += i32::from(*level);
        }
    }
    sums.into_iter().map(|sum| sum as f32 / (rows.len() as f32 * UNITS_PER_DB)).collect()
}

/// RMS distance in dB of the counted bins from a straight line through their neighbours.
fn roughness(mean: &[f32], counted: &[bool]) -> f32 {
    let (mut squares, mut bins) = (0.0, 0.0);
    for b in (0..mean.len()).filter(|&b| counted[b]) {
        let near = b.saturating_sub(NEIGHBOURS)..(b + NEIGHBOURS + 1).min(mean.len());
        let (mut n, mut x, mut y, mut xx, mut xy) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for k in near.filter(|&k| counted[k]) {
            let (dx, level) = (k as f32 - b as f32, mean[k]);
            n += 1.0;
            x += dx;
            y += level;
            xx += dx * dx;
            xy += dx * level;
        }
        let spread = n * xx - x * x;
        let line = if spread > 0.0 { (xx * y - x * xy) / spread } else { y / n };
        squares += (mean[b] - line).powi(2);
        bins += 1.0;
    }
    (squares / f32::max(bins, 1.0)).sqrt()
}

/// RMS change of the level from row to row in dB, of every band that counts, smallest first.
fn flutter(rows: &[Vec<i16>], counted: &[bool]) -> Vec<f32> {
    let mut found = Vec::new();
    for (band, counted) in counted.chunks(BAND).enumerate() {
        let bins = counted.iter().filter(|&&c| c).count();
        if bins < MIN_BAND {
            continue;
        }
        let level = |row: &Vec<i16>| {
            let levels = row[band * BAND..].iter().zip(counted);
            let sum: i32 = levels.map(|(&l, &c)| if c { i32::from(l) } else { 0 }).sum();
            sum as f32 / (bins as f32 * UNITS_PER_DB)
        };
        let levels: Vec<f32> = rows.iter().map(level).collect();
        let squares: f32 = levels.windows(2).map(|w| (w[1] - w[0]).powi(2)).sum();
        found.push((squares / (levels.len() - 1).max(1) as f32).sqrt());
    }
    found.sort_by(f32::total_cmp);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::spectrum::Spectrum;
    use crate::test_random::Random;

    const PARAMS: FingerprintParams = FingerprintParams::V2;
    const SECONDS: usize = 16;

    /// White noise, uniform between -1 and 1.
    fn white() -> Vec<f32> {
        Random::new(1).noise(SECONDS * PARAMS.rate as usize, 1.0)
    }

    /// `samples` through a one-pole low-pass.
    fn low_passed(samples: &[f32], share: f32) -> Vec<f32> {
        let mut low = 0.0;
        let mut next = |x: &f32| {
            low += share * (x - low);
            low
        };
        samples.iter().map(&mut next).collect()
    }

    fn scaled(samples: &[f32], gain: impl Fn(f32) -> f32) -> Vec<f32> {
        let at = |i: usize| i as f32 / PARAMS.rate as f32;
        samples.iter().enumerate().map(|(i, x)| x * gain(at(i))).collect()
    }

    /// Share of the frames that are noise.
    fn share(samples: &[f32]) -> f64 {
        let mut spectrum = Spectrum::new(&PARAMS.spectrum());
        let mut meter = NoiseMeter::new(&PARAMS);
        spectrum.push(samples, |row| meter.push(row));
        spectrum.finish(|row| meter.push(row));
        meter.finish() as f64 * PARAMS.hop as f64 / samples.len() as f64
    }

    #[test]
    fn noise_of_any_colour_and_level_is_noise() {
        let white = white();
        let kinds = [
            ("white", scaled(&white, |_| 0.3)),
            ("quiet", scaled(&white, |_| 0.01)),
            ("brown", low_passed(&white, 0.02)),
            ("dull", low_passed(&low_passed(&low_passed(&white, 0.2), 0.2), 0.2)),
            ("waves", scaled(&white, |t| 0.3 + 0.25 * (0.8 * t).sin())),
            ("rain", {
                // Sixty drops a second, of a twentieth second each, over a bed.
                let drops = scaled(&white, |t| (-(t * 60.0).fract() * 3.0).exp());
                let bed = low_passed(&white, 0.3);
                drops.iter().zip(&bed).map(|(d, b)| 0.1 * d + 0.3 * b).collect()
            }),
        ];
        for (kind, samples) in kinds {
            let share = share(&samples);
            assert!(share > 0.9, "{kind}: {share}");
        }
    }

    #[test]
    fn what_has_rhythm_or_pitch_or_nothing_is_no_noise() {
        let white = white();
        let sines = |hz: &[f32]| -> Vec<f32> {
            let sine = |t: f32| hz.iter().map(|hz| (std::f32::consts::TAU * hz * t).sin()).sum();
            scaled(&vec![0.05; white.len()], sine)
        };
        let chord = sines(&[220.0, 277.2, 329.6, 440.0, 554.4, 880.0, 1_760.0]);
        let kinds = [
            ("strokes", scaled(&white, |t| 0.5 * (-(t * 3.0).fract() * 6.0).exp())),
            (
                "applause of one",
                scaled(&white, |t| if (t * 4.0).fract() < 0.2 { 0.4 } else { 0.1 }),
            ),
            ("chord", chord.clone()),
            ("chord in hiss", chord.iter().zip(&white).map(|(c, w)| c + 0.02 * w).collect()),
            ("silence", vec![0.0; white.len()]),
        ];
        for (kind, samples) in kinds {
            let share = share(&samples);
            assert!(share < 0.1, "{kind}: {share}");
        }
    }
}
