//! Filter tables for [`resample`](super::resample): one Kaiser-windowed sinc per output phase.
//!
//! Only content below 5 kHz is ever looked at, so the filter need not be steep: aliases may fall
//! anywhere above the pass band. That loose transition makes 32 taps do at 44.1 kHz where a
//! general-purpose resampler spends a hundred.

use std::collections::HashMap;
use std::f64::consts::PI;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use super::ANALYSIS_RATE;
use super::dot::LANES;

/// Highest frequency that must come through untouched, in Hz.
const PASS_HZ: f64 = 5_000.0;
/// Attenuation of whatever could alias or image into the pass band, in dB.
const STOP_DB: f64 = 70.0;
/// Odd rates such as 44,056 Hz would need thousands of phases; beyond this many the nearest one
/// is taken. The timing error is then at most 1/2048 of an input sample.
const MAX_PHASES: u64 = 1_024;
/// Tables kept for reuse: building one costs 0.3 ms, as much as decoding a third of a second.
const CACHE_SIZE: usize = 16;

/// Rates outside this range are no audio; files that claim them are damaged or hostile.
pub(super) const RATES: std::ops::RangeInclusive<u32> = 1_000..=768_000;

/// One filter per phase, and the exact step from one output sample to the next.
#[derive(Debug)]
pub(super) struct FilterBank {
    /// Taps per phase, a multiple of [`dot::LANES`](super::dot::LANES).
    pub(super) taps: usize,
    /// Whole input samples per output sample.
    pub(super) step: usize,
    /// Remaining part of the step, in units of 1 / `denominator` input samples.
    pub(super) remainder: u64,
    /// See `remainder`.
    pub(super) denominator: u64,
    phases: u64,
    /// `phases + 1` rows of `taps` coefficients; the last row serves phases that round up to 1.
    rows: Vec<f32>,
}

impl FilterBank {
    /// The table for `rate`, built once per process.
    pub(super) fn shared(rate: u32) -> Arc<Self> {
        static CACHE: LazyLock<Mutex<HashMap<u32, Arc<FilterBank>>>> =
            LazyLock::new(Mutex::default);
        let mut cache = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bank) = cache.get(&rate) {
            return Arc::clone(bank);
        }
        if cache.len() >= CACHE_SIZE {
            cache.clear();
        }
        let bank = Arc::new(Self::new(rate));
        cache.insert(rate, Arc::clone(&bank));
        bank
    }

    fn new(rate: u32) -> Self {
        let rate = rate.clamp(*RATES.start(), *RATES.end());
        let divisor = gcd(u64::from(rate), u64::from(ANALYSIS_RATE));
        let denominator = u64::from(ANALYSIS_RATE) / divisor;
        let numerator = u64::from(rate) / divisor;
        let (pass, stop) = band_edges(f64::from(rate));
        let taps = tap_count((stop - pass) / f64::from(rate));
        let phases = denominator.min(MAX_PHASES);
        let cutoff = 0.5 * (pass + stop) / f64::from(rate);
        let rows = (0..=phases).flat_map(|p| row(taps, cutoff, p as f64 / phases as f64)).collect();
        Self {
            taps,
            step: (numerator / denominator) as usize,
            remainder: numerator % denominator,
            denominator,
            phases,
            rows,
        }
    }

    /// Coefficients for an output sample that lies `fraction / denominator` after an input sample.
    #[inline]
    pub(super) fn row(&self, fraction: u64) -> &[f32] {
        let phase = if self.phases == self.denominator {
            fraction
        } else {
            (fraction * self.phases + self.denominator / 2) / self.denominator
        };
        let start = phase as usize * self.taps;
        &self.rows[start..start + self.taps]
    }
}

/// Edge of the pass band and of the stop band in Hz.
///
/// Going down, content at `f` lands on `16000 - f`, so only what lies above `16000 - pass` can
/// reach the pass band. Going up, images of the pass band begin at `rate - pass`.
fn band_edges(rate: f64) -> (f64, f64) {
    let out = f64::from(ANALYSIS_RATE);
    let pass = PASS_HZ.min(0.45 * rate.min(out));
    (pass, (rate.min(out) - pass).max(1.1 * pass))
}

/// Kaiser's estimate for a transition of `width` (in units of the input rate).
fn tap_count(width: f64) -> usize {
    let taps = (STOP_DB - 7.95) / (14.357 * width);
    (taps / LANES as f64).ceil().max(1.0) as usize * LANES
}

/// Windowed sinc, shifted by `shift` input samples, with a gain of exactly 1 at 0 Hz.
fn row(taps: usize, cutoff: f64, shift: f64) -> Vec<f32> {
    let half = (taps / 2) as f64;
    let beta = 0.1102 * (STOP_DB - 8.7);
    let row: Vec<f64> = (0..taps)
        .map(|k| {
            let t = k as f64 - (half - 1.0) - shift;
            sinc(2.0 * cutoff * t) * kaiser(t / half, beta)
        })
        .collect();
    let sum: f64 = row.iter().sum();
    row.iter().map(|tap| (tap / sum) as f32).collect()
}

fn sinc(x: f64) -> f64 {
    if x.abs() < 1e-12 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

/// Kaiser window at `x` in -1..1, not normalised.
fn kaiser(x: f64, beta: f64) -> f64 {
    bessel_i0(beta * (1.0 - x * x).max(0.0).sqrt())
}

/// Modified Bessel function of the first kind, order zero, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..64 {
        term *= quarter / f64::from(k * k);
        sum += term;
        if term < sum * 1e-12 {
            break;
        }
    }
    sum
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_rates_get_short_filters_and_exact_phases() {
        let bank = FilterBank::new(44_100);
        assert_eq!((bank.taps, bank.denominator, bank.phases), (32, 160, 160));
        let bank = FilterBank::new(48_000);
        assert_eq!((bank.step, bank.remainder, bank.denominator), (3, 0, 1));
        assert_eq!(FilterBank::new(44_056).phases, MAX_PHASES);
    }

    #[test]
    fn extreme_rates_stay_small() {
        for rate in [0, 1, 1_000, 15_999, 16_001, 767_999, u32::MAX] {
            let bank = FilterBank::new(rate);
            assert!(bank.rows.len() < 1 << 20, "{rate}: {}", bank.rows.len());
            assert!(bank.rows.iter().all(|c| c.is_finite()));
        }
    }
}
