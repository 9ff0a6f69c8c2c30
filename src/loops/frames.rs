//! Frames of sound as whitened spectra.

use std::sync::Arc;

use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};

use super::params::{BINS, FIRST_BIN, FRAME, HOP, LoopParams, RATE};

/// The band of a frame, one value for each bin, of power 1 on average.
pub type Spectrum = Vec<Complex32>;

/// Transforms up to a frame of samples.
pub struct Whitener {
    params: LoopParams,
    fft: Arc<dyn Fft<f32>>,
    buffer: Vec<Complex32>,
    scratch: Vec<Complex32>,
}

impl Whitener {
    /// Plans the transform.
    pub fn new(params: &LoopParams) -> Whitener {
        let fft = FftPlanner::<f32>::new().plan_fft_forward(FRAME);
        let scratch = vec![Complex32::default(); fft.get_inplace_scratch_len()];
        Whitener { params: *params, fft, buffer: vec![Complex32::default(); FRAME], scratch }
    }

    /// The whitened band of `samples`, which begin at `at` of the frame, with `colour` of their own magnitudes; none
    /// of silence.
    pub fn spectrum(&mut self, samples: &[f32], at: usize, colour: f32) -> Option<Spectrum> {
        self.buffer.fill(Complex32::default());
        let rise = ((self.params.taper_s * RATE as f64) as usize).min(samples.len() / 4).max(1);
        for (i, (slot, sample)) in self.buffer.iter_mut().skip(at).zip(samples).enumerate() {
            let edge = (i + 1).min(samples.len() - i);
            let phase = std::f32::consts::FRAC_PI_2 * (edge as f32 / rise as f32).min(1.0);
            slot.re = sample * phase.sin() * phase.sin();
        }
        self.fft.process_with_scratch(&mut self.buffer, &mut self.scratch);
        let band = &self.buffer[FIRST_BIN..FIRST_BIN + BINS];
        whitened(band, colour, &self.params)
    }
}

fn whitened(band: &[Complex32], colour: f32, params: &LoopParams) -> Option<Spectrum> {
    let magnitudes: Vec<f32> = band.iter().map(|x| x.norm()).collect();
    let mut sums = Vec::with_capacity(BINS + 1);
    sums.push(0.0f64);
    for m in &magnitudes {
        sums.push(sums[sums.len() - 1] + f64::from(*m));
    }
    // Nothing but rounding.
    if sums[BINS] < 1e-6 * BINS as f64 {
        return None;
    }
    let usual = |bin: usize| {
        let (from, to) =
            (bin.saturating_sub(params.around / 2), (bin + params.around / 2).min(BINS));
        ((sums[to] - sums[from]) / (to - from) as f64) as f32
    };
    let mut white: Spectrum = band
        .iter()
        .zip(&magnitudes)
        .enumerate()
        .map(|(bin, (x, &magnitude))| {
            let phase = *x / magnitude.max(1e-12);
            match colour > 0.0 {
                true => phase * (magnitude / usual(bin).max(1e-12)).min(params.most).powf(colour),
                false => phase,
            }
        })
        .collect();
    let power: f64 = white.iter().map(|x| f64::from(x.norm_sqr())).sum::<f64>() / BINS as f64;
    let scale = (1.0 / power.max(1e-12)).sqrt() as f32;
    white.iter_mut().for_each(|x| *x *= scale);
    Some(white)
}

/// Cuts a stream of samples into frames. The first begins a hop before the stream, so that every moment of it lies in
/// the second half of one frame and in the first half of the next.
#[derive(Default)]
pub struct Framer {
    pending: Vec<f32>,
    /// Frames that were handed out.
    count: usize,
}

/// Where the samples of a frame lie.
pub struct Place {
    /// First sample of the frame, counted from the beginning of the stream; the first frame begins before it.
    pub begin: i64,
    /// Where in the frame its samples begin.
    pub at: usize,
}

impl Framer {
    /// Takes the next samples; `visit` is called with every frame that is complete.
    pub fn push(&mut self, samples: &[f32], mut visit: impl FnMut(Place, &[f32])) {
        self.pending.extend_from_slice(samples);
        while self.pending.len() >= self.wanted() {
            self.hand_out(&mut visit);
        }
    }

    /// The frames that the end leaves incomplete.
    pub fn finish(mut self, mut visit: impl FnMut(Place, &[f32])) {
        let least = |count: usize| if count == 0 { 0 } else { HOP / 4 };
        while self.pending.len() > least(self.count) {
            self.hand_out(&mut visit);
        }
    }

    fn wanted(&self) -> usize {
        if self.count == 0 { HOP } else { FRAME }
    }

    fn hand_out(&mut self, visit: &mut impl FnMut(Place, &[f32])) {
        let begin = (self.count as i64 - 1) * HOP as i64;
        let at = if self.count == 0 { HOP } else { 0 };
        let length = self.wanted().min(self.pending.len());
        visit(Place { begin, at }, &self.pending[..length]);
        // The second frame begins with the stream, as the samples of the first do.
        let passed = if self.count == 0 { 0 } else { HOP.min(self.pending.len()) };
        self.pending.drain(..passed);
        self.count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_is_in_two_frames() {
        for length in [1000, HOP, HOP + 1, FRAME, 3 * FRAME + 777] {
            let samples: Vec<f32> = (0..length).map(|i| i as f32).collect();
            let mut seen = vec![0; length];
            let mut framer = Framer::default();
            let mut count = |place: Place, frame: &[f32]| {
                assert!(place.at + frame.len() <= FRAME);
                for (i, sample) in frame.iter().enumerate() {
                    let there = place.begin + (place.at + i) as i64;
                    assert_eq!(*sample, there as f32, "{length}");
                    seen[there as usize] += 1;
                }
            };
            for part in samples.chunks(5000) {
                framer.push(part, &mut count);
            }
            framer.finish(&mut count);
            // Of the last second of a frame that hardly begins, one is enough.
            let sure = length.saturating_sub(HOP / 4);
            assert!(seen[..sure].iter().all(|n| *n == 2), "{length}");
            assert!(seen.iter().all(|n| *n >= 1), "{length}");
        }
    }

    #[test]
    fn silence_has_no_spectrum() {
        let mut whitener = Whitener::new(&LoopParams::V1);
        assert!(whitener.spectrum(&[0.0; RATE], 0, 0.4).is_none());
        let noise: Vec<f32> =
            (0..RATE).map(|i| ((i * i * 7919) % 1000) as f32 / 1e3 - 0.5).collect();
        let spectrum = whitener.spectrum(&noise, 0, 0.4).unwrap();
        let power: f32 = spectrum.iter().map(|x| x.norm_sqr()).sum::<f32>() / BINS as f32;
        assert!((power - 1.0).abs() < 1e-3, "{power}");
    }
}
