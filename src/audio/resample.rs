//! Streaming resampler from any rate to [`ANALYSIS_RATE`](super::ANALYSIS_RATE).
//!
//! Output sample `n` is the input at time `n / 16000` s: no delay, no drift. The step through the
//! input is an exact fraction, so an hour of 44,056 Hz audio ends on the right sample, and any
//! division of the input into chunks gives the same output bit for bit.

use std::sync::Arc;

use super::filter::FilterBank;
use super::{ANALYSIS_RATE, dot};

/// Filter length at 44.1 kHz, the rate of most music.
const COMMON_TAPS: usize = 32;

/// State of one stream.
pub(super) struct Resampler {
    rate: u32,
    /// `None` when the input already has the analysis rate.
    bank: Option<Arc<FilterBank>>,
    /// Input not yet used up, preceded by half a filter of history.
    buffer: Vec<f32>,
    /// Start of the next output's window in `buffer`.
    next: usize,
    /// Fraction of an input sample beyond `next`, in units of the bank's denominator.
    fraction: u64,
    consumed: u64,
    produced: u64,
}

impl Resampler {
    /// A resampler for input at `rate` Hz.
    pub(super) fn new(rate: u32) -> Self {
        let bank = (rate != ANALYSIS_RATE).then(|| FilterBank::shared(rate));
        let history = bank.as_ref().map_or(0, |bank| bank.taps / 2 - 1);
        Self {
            rate,
            bank,
            buffer: vec![0.0; history],
            next: 0,
            fraction: 0,
            consumed: 0,
            produced: 0,
        }
    }

    /// Takes `frames` samples, which `write` appends to the buffer it is given, and appends to
    /// `output` what can be computed from them.
    pub(super) fn push(
        &mut self,
        frames: usize,
        output: &mut Vec<f32>,
        write: impl FnOnce(&mut Vec<f32>),
    ) {
        self.consumed += frames as u64;
        match self.bank.clone() {
            None => {
                self.produced += frames as u64;
                write(output);
            }
            Some(bank) => {
                write(&mut self.buffer);
                self.run(&bank, u64::MAX, output);
            }
        }
    }

    /// Ends the stream: the output then holds `round(input * 16000 / rate)` samples in all.
    pub(super) fn finish(&mut self, output: &mut Vec<f32>) {
        let Some(bank) = self.bank.clone() else {
            return;
        };
        let rate = u128::from(self.rate);
        let scaled = u128::from(self.consumed) * u128::from(ANALYSIS_RATE) + rate / 2;
        let total = (scaled / rate.max(1)) as u64;
        self.buffer.resize(self.buffer.len() + bank.taps + bank.step + 1, 0.0);
        self.run(&bank, total, output);
    }

    fn run(&mut self, bank: &FilterBank, total: u64, output: &mut Vec<f32>) {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx") {
            // SAFETY: the processor has AVX, and that is all the function asks for.
            return unsafe { self.run_avx(bank, total, output) };
        }
        self.filter(bank, total, output, dot::portable);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx")]
    fn run_avx(&mut self, bank: &FilterBank, total: u64, output: &mut Vec<f32>) {
        if bank.taps == COMMON_TAPS {
            return self.filter(bank, total, output, |row, window| {
                match (row.first_chunk::<COMMON_TAPS>(), window.first_chunk::<COMMON_TAPS>()) {
                    (Some(row), Some(window)) => dot::avx(row, window),
                    _ => 0.0,
                }
            });
        }
        self.filter(bank, total, output, |row, window| dot::avx(row, window));
    }

    /// Computes outputs as long as the buffer lasts, up to `total` since the start.
    #[inline(always)]
    fn filter(
        &mut self,
        bank: &FilterBank,
        total: u64,
        output: &mut Vec<f32>,
        dot: impl Fn(&[f32], &[f32]) -> f32,
    ) {
        let before = output.len();
        let wanted = usize::try_from(total - self.produced).unwrap_or(usize::MAX);
        let ready = wanted.min(self.ready(bank));
        let (mut next, mut fraction) = (self.next, self.fraction);
        output.resize(before + ready, 0.0);
        for sample in &mut output[before..] {
            *sample = dot(bank.row(fraction), &self.buffer[next..next + bank.taps]);
            next += bank.step;
            fraction += bank.remainder;
            if fraction >= bank.denominator {
                fraction -= bank.denominator;
                next += 1;
            }
        }
        self.produced += ready as u64;
        // What stays is shorter than one filter, so moving it to the front costs next to nothing.
        let used = next.min(self.buffer.len());
        self.buffer.drain(..used);
        (self.next, self.fraction) = (next - used, fraction);
    }

    /// Number of outputs whose whole window is in the buffer.
    fn ready(&self, bank: &FilterBank) -> usize {
        // Output `n` begins at `next + floor((fraction + n * step) / denominator)`, with the step
        // in units of 1 / denominator.
        let Some(room) = self.buffer.len().checked_sub(self.next + bank.taps) else { return 0 };
        let step = bank.step as u128 * u128::from(bank.denominator) + u128::from(bank.remainder);
        let last =
            (room as u128 + 1) * u128::from(bank.denominator) - 1 - u128::from(self.fraction);
        usize::try_from(last / step.max(1) + 1).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
#[path = "resample_tests.rs"]
mod tests;
