//! Streaming resampler from any rate to [`ANALYSIS_RATE`](super::ANALYSIS_RATE).
//!
//! Output sample `n` is the input at time `n / 16000` s: no delay, no drift. The step through the
//! input is an exact fraction, so an hour of 44,056 Hz audio ends on the right sample, and any
//! division of the input into chunks gives the same output bit for bit.

use std::sync::Arc;

use super::filter::FilterBank;
use super::{ANALYSIS_RATE, dot};

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

    /// Takes `input` and appends to `output` what can be computed from it.
    pub(super) fn push(&mut self, input: &[f32], output: &mut Vec<f32>) {
        self.consumed += input.len() as u64;
        match self.bank.clone() {
            None => {
                self.produced += input.len() as u64;
                output.extend_from_slice(input);
            }
            Some(bank) => {
                self.buffer.extend_from_slice(input);
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
        let (mut next, mut fraction) = (self.next, self.fraction);
        while output.len() - before < wanted {
            let Some(window) = self.buffer.get(next..next + bank.taps) else {
                break;
            };
            output.push(dot(bank.row(fraction), window));
            next += bank.step;
            fraction += bank.remainder;
            if fraction >= bank.denominator {
                fraction -= bank.denominator;
                next += 1;
            }
        }
        self.produced += (output.len() - before) as u64;
        // What stays is shorter than one filter, so moving it to the front costs next to nothing.
        let used = next.min(self.buffer.len());
        self.buffer.drain(..used);
        (self.next, self.fraction) = (next - used, fraction);
    }
}

#[cfg(test)]
#[path = "resample_tests.rs"]
mod tests;
