//! A second opinion: does the spectrum fluctuate as one whose phase was rebuilt from magnitudes?
//!
//! Griffin and Lim's way of finding a phase makes the short-time spectrum hug the smooth magnitudes that it was given,
//! most in the window it was done with. So the spread of magnitudes around their local mean is small in a window of
//! that length, and smaller than in a shorter one. It does not depend on equalisation or on a limit of the band, but
//! reverberation and noise hide it. By itself it decides nothing; `close` asks less of rows at another pitch where it
//! agrees.

use super::params::{Grid, TraceParams, WindowMatchParams};
use super::spectra::{Spectra, UNITS};

/// Spread of the magnitudes of one window length, frame by frame.
pub(super) struct Spread {
    /// First bin of the band in a row, and the first after it.
    band: (usize, usize),
    half: usize,
    /// Energy and spread of each frame.
    frames: Vec<(f32, f32)>,
    magnitudes: Vec<f32>,
}

impl Spread {
    /// For rows in a raster from `first_hz` in steps of `bin_hz`, of frames of `window_s`.
    pub(super) fn new(first_hz: f64, bin_hz: f64, window_s: f64, p: &WindowMatchParams) -> Spread {
        let bin = |hz: f64| ((hz - first_hz) / bin_hz).round() as usize;
        Spread {
            band: (bin(p.band_hz.0), bin(p.band_hz.1)),
            half: (p.smooth / window_s / bin_hz).round() as usize,
            frames: Vec::new(),
            magnitudes: Vec::new(),
        }
    }

    /// Takes the levels of a frame.
    pub(super) fn add(&mut self, row: &[i32]) {
        let (from, to) = (self.band.0 - self.half, self.band.1 + self.half);
        self.magnitudes.clear();
        let magnitude = |level: &i32| (*level as f32 / (2.0 * UNITS)).exp2();
        self.magnitudes.extend(row[from..to].iter().map(magnitude));
        let width = 2 * self.half + 1;
        let mut local: f64 = self.magnitudes[..width - 1].iter().map(|m| f64::from(*m)).sum();
        let (mut sum, mut square, mut energy) = (0.0, 0.0, 0.0);
        let count = self.magnitudes.len() - width + 1;
        for k in 0..count {
            local += f64::from(self.magnitudes[k + width - 1]);
            let own = f64::from(self.magnitudes[k + self.half]);
            let r = own / (local / width as f64 + 1e-12);
            (sum, square, energy) = (sum + r, square + r * r, energy + own * own);
            local -= f64::from(self.magnitudes[k]);
        }
        let mean = sum / count as f64;
        let spread = (square / count as f64 - mean * mean).max(0.0).sqrt();
        self.frames.push((energy as f32, spread as f32));
    }

    /// The median of the frames that are no pauses.
    fn median(&self, energy_share: f32) -> Option<f64> {
        let middle = |mut values: Vec<f32>| {
            let at = values.len() / 2;
            (values.len() >= 4)
                .then(|| f64::from(*values.select_nth_unstable_by(at, f32::total_cmp).1))
        };
        let usual = middle(self.frames.iter().map(|frame| frame.0).collect())? as f32;
        let loud = self.frames.iter().filter(|frame| frame.0 > energy_share * usual);
        middle(loud.map(|frame| frame.1).collect())
    }
}

/// Listens for the match.
pub(super) struct WindowMatch {
    params: &'static TraceParams,
    long: Spread,
    short: Spread,
    shorter: Spectra,
    frame: usize,
}

impl WindowMatch {
    pub(super) fn new(params: &'static TraceParams) -> WindowMatch {
        let p = &params.window_match;
        // Frames as far apart as those of the longer window that are looked at.
        let lag_s = params.close.hop_s * p.stride as f64;
        let grid =
            Grid { bin_hz: params.close.bin_hz * 2.0, lag_s, hop_s: 2.0 * lag_s, ..params.close };
        // Whole bins from the same start.
        let range = (params.range_hz.0, params.range_hz.1);
        WindowMatch {
            long: Spread::new(range.0, params.close.bin_hz, p.windows_s.0, p),
            short: Spread::new(range.0, grid.bin_hz, p.windows_s.1, p),
            shorter: Spectra::new(p.windows_s.1, grid, range),
            frame: 0,
            params,
        }
    }

    /// Takes samples.
    pub(super) fn push(&mut self, rate: u32, samples: &[f32]) {
        let WindowMatch { shorter, short, .. } = self;
        shorter.push(rate, samples, |pair| {
            short.add(pair.first);
            short.add(pair.second);
        });
    }

    /// Takes the row of the next frame of the longer window.
    pub(super) fn add(&mut self, row: &[i32]) {
        if self.frame.is_multiple_of(self.params.window_match.stride) {
            self.long.add(row);
        }
        self.frame += 1;
    }

    /// Spread in the longer window, and its ratio to that in the shorter.
    pub(super) fn finish(&self) -> Option<(f64, f64)> {
        let share = self.params.window_match.energy_share;
        let (long, short) = (self.long.median(share)?, self.short.median(share)?);
        Some((long, long / short.max(1e-9)))
    }
}
