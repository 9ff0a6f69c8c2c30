//! From samples to constellations and descriptor codes.

pub mod anchor;
pub mod constellation;
pub mod descriptor;
pub mod file;
pub mod levels;
pub mod noise;
mod packed;
mod packed_levels;
pub mod peaks;
mod prefix_code;
pub mod projection;
pub mod repetition;
pub mod seams;
pub mod signal;
pub mod silence;
pub mod spectrogram;
pub mod spectrum;
pub mod stored;
#[cfg(test)]
pub(crate) mod test_audio;
#[cfg(test)]
pub(crate) mod test_points;
pub mod tiles;
pub mod time;
pub mod twins;

pub use constellation::{Constellation, Point};

pub use signal::Signal;

use crate::params::FingerprintParams;
use constellation::TIME_UNITS_PER_SECOND;

/// Streaming fingerprinter: push mono samples at the analysis rate, take the constellation.
pub struct Fingerprinter {
    spectrum: spectrum::Spectrum,
    picker: peaks::PeakPicker,
    silence: silence::SilenceMeter,
    seams: seams::SeamMeter,
    noise: noise::NoiseMeter,
    levels: levels::LevelMeter,
    params: FingerprintParams,
    samples: u64,
}

impl Fingerprinter {
    /// A fingerprinter that keeps `density` times the peaks of a reference.
    pub fn new(params: &FingerprintParams, density: f32) -> Self {
        Fingerprinter {
            spectrum: spectrum::Spectrum::new(&params.spectrum()),
            picker: peaks::PeakPicker::new(params, density),
            silence: silence::SilenceMeter::new(params.rate),
            seams: seams::SeamMeter::new(params.rate),
            noise: noise::NoiseMeter::new(params),
            levels: levels::LevelMeter::new(params),
            params: params.clone(),
            samples: 0,
        }
    }

    /// Takes the next samples.
    pub fn push(&mut self, samples: &[f32]) {
        self.samples += samples.len() as u64;
        self.silence.push(samples);
        self.seams.push(samples);
        let Fingerprinter { spectrum, picker, noise, levels, .. } = self;
        spectrum.push(samples, |row| {
            picker.push(row);
            noise.push(row);
            levels.push(row);
        });
    }

    /// Ends the stream.
    pub fn finish(self) -> Constellation {
        self.end().0
    }

    /// Ends the stream and says what the signal is made of, too.
    pub fn finish_with_signal(self) -> (Constellation, Signal) {
        let params = self.params.clone();
        let (constellation, mut signal) = self.end();
        // What an encoder leaves in silence may repeat, too.
        if signal.silence_ms * 2 < signal.duration_ms {
            signal.repetition = repetition::repetition(&constellation, &params);
        }
        (constellation, signal)
    }

    /// All but the repetition, which takes a search of its own.
    fn end(mut self) -> (Constellation, Signal) {
        let Fingerprinter { spectrum, picker, noise, levels, .. } = &mut self;
        spectrum.finish(|row| {
            picker.push(row);
            noise.push(row);
            levels.push(row);
        });
        let signal = self.signal();
        let duration = self.samples as f64 / f64::from(self.params.rate) * TIME_UNITS_PER_SECOND;
        let duration = duration.round() as u32;
        let mut points = self.picker.finish();
        // Refinement may move a peak of the last frame a little past the end.
        for p in points.iter_mut().rev().take_while(|p| p.time > duration) {
            p.time = duration;
        }
        points.sort_unstable();
        (Constellation { points, duration, levels: self.levels.finish() }, signal)
    }

    fn signal(&mut self) -> Signal {
        let ms = |samples: u64| samples * 1000 / u64::from(self.params.rate);
        let silence = self.silence.finish();
        let duration_ms = ms(self.samples);
        let noise_ms = (self.noise.finish() as f64 * self.params.frame_seconds() * 1000.0) as u64;
        Signal {
            duration_ms,
            silence_ms: ms(silence.total),
            leading_silence_ms: ms(silence.leading),
            trailing_silence_ms: ms(silence.trailing),
            longest_silence_ms: ms(silence.longest),
            // What is too quiet to count as sound is no noise, either.
            noise_ms: noise_ms.min(ms(self.samples - silence.total)),
            repetition: None,
            seams: self.seams.finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_audio::clip;

    const PARAMS: FingerprintParams = FingerprintParams::V2;

    fn analysed(samples: &[f32], chunk: usize) -> (Constellation, Signal) {
        let mut fingerprinter = Fingerprinter::new(&PARAMS, 1.0);
        samples.chunks(chunk).for_each(|samples| fingerprinter.push(samples));
        fingerprinter.finish_with_signal()
    }

    #[test]
    fn music_between_near_silence_is_told_apart_whatever_the_chunks() {
        let hush = |seconds: usize| (0..seconds * 16_000).map(|i| ((i * i) % 7) as f32 * 1e-4);
        let music = clip("demo/references/zalek.ogg");
        let track: Vec<f32> = hush(6).chain(music.iter().copied()).chain(hush(9)).collect();
        let (points, signal) = analysed(&track, 1_152);
        assert_eq!((points, signal.clone()), analysed(&track, 5_000));
        let near = |ms: u64, s: u64| ms.abs_diff(s * 1_000) < 200;
        assert!(near(signal.leading_silence_ms, 6), "{signal:?}");
        assert!(near(signal.trailing_silence_ms, 9), "{signal:?}");
        assert!(near(signal.longest_silence_ms, 9), "{signal:?}");
        assert!(near(signal.silence_ms, 15), "{signal:?}");
        assert_eq!(signal.duration_ms, track.len() as u64 / 16);
        assert_eq!((signal.noise_ms, signal.repetition), (0, None));
    }

    #[test]
    fn music_is_neither_silence_nor_noise() {
        let names = [
            "references/main-theme.ogg",
            "references/typing-to-jazz.ogg",
            "incoming/night-drive.mp3",
        ];
        for name in names {
            let (_, signal) = analysed(&clip(&format!("demo/{name}")), 4_096);
            assert!(signal.silence_ms * 10 < signal.duration_ms, "{name}: {signal:?}");
            assert!(signal.noise_ms * 5 < signal.duration_ms, "{name}: {signal:?}");
        }
    }
}
