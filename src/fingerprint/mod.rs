//! From samples to constellations and descriptor codes.

pub mod anchor;
pub mod constellation;
pub mod descriptor;
pub mod file;
pub mod peaks;
pub mod projection;
pub mod signal;
pub mod spectrogram;
pub mod spectrum;

pub use constellation::{Constellation, Point};

use crate::params::FingerprintParams;
use constellation::TIME_UNITS_PER_SECOND;

/// Streaming fingerprinter: push mono samples at the analysis rate, take the constellation.
pub struct Fingerprinter {
    spectrum: spectrum::Spectrum,
    picker: peaks::PeakPicker,
    rate: u32,
    samples: u64,
}

impl Fingerprinter {
    /// A fingerprinter that keeps `density` times the peaks of a reference.
    pub fn new(params: &FingerprintParams, density: f32) -> Self {
        Fingerprinter {
            spectrum: spectrum::Spectrum::new(params),
            picker: peaks::PeakPicker::new(params, density),
            rate: params.rate,
            samples: 0,
        }
    }

    /// Takes the next samples.
    pub fn push(&mut self, samples: &[f32]) {
        self.samples += samples.len() as u64;
        let picker = &mut self.picker;
        self.spectrum.push(samples, |row| picker.push(row));
    }

    /// Ends the stream.
    pub fn finish(mut self) -> Constellation {
        let picker = &mut self.picker;
        self.spectrum.finish(|row| picker.push(row));
        let duration = self.samples as f64 / f64::from(self.rate) * TIME_UNITS_PER_SECOND;
        let duration = duration.round() as u32;
        let mut points = self.picker.finish();
        // Refinement may move a peak of the last frame a little past the end.
        for p in points.iter_mut().rev().take_while(|p| p.time > duration) {
            p.time = duration;
        }
        points.sort_unstable();
        Constellation { points, duration }
    }
}
