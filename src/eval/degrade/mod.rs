//! What is done to an excerpt before it is scanned: one file per family of damage.
//!
//! Damage by signal processing works on the 16 kHz mono signal that the fingerprint sees; codecs,
//! pitch and tempo go through ffmpeg on the original file at its own rate ([`ffmpeg`]). Every
//! degradation says where in the source each part of its result comes from ([`Piece`]), so that
//! reported offsets can be held against the truth.

mod arrange;
mod biquad;
mod distort;
mod eq;
pub(super) mod ffmpeg;
mod level;
mod mix;
mod noise;
mod resample;
mod reverb;
mod stereo;

use super::rng::Rng;
use crate::audio::ANALYSIS_RATE;
use ffmpeg::Attack;

/// Rate of all signals in here, in Hz.
pub(super) const RATE: u32 = ANALYSIS_RATE;

/// What a degradation has to work on.
pub(super) struct Scene<'a> {
    /// The excerpt.
    pub(super) signal: &'a [f32],
    /// The second excerpt that the degradation asked for; empty if none.
    pub(super) other: &'a [f32],
}

/// Which second excerpt a degradation needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Other {
    /// None.
    None,
    /// One from the same side: a second reference for a reference, an unknown for an unknown.
    SameSide,
    /// One that is in no index.
    Unknown,
    /// One from another reference. Unknown queries have no such row: the match would be right.
    Reference,
}

/// A stretch of the result and where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    /// 0 is the excerpt, 1 the second one; the piece begins where that excerpt begins.
    pub(super) part: usize,
    /// Begin in the result, in seconds.
    pub(super) begin_s: f64,
    /// End in the result, in seconds.
    pub(super) end_s: f64,
    /// Seconds of the source per second of the result.
    pub(super) factor: f64,
}

impl Piece {
    /// The first `samples` samples of the result, played `factor` times as fast as the excerpt.
    pub(super) fn whole(samples: usize, factor: f64) -> Piece {
        Piece { part: 0, begin_s: 0.0, end_s: samples as f64 / f64::from(RATE), factor }
    }

    fn moved(mut self, samples: usize) -> Piece {
        let by = samples as f64 / f64::from(RATE);
        self.begin_s += by;
        self.end_s += by;
        self
    }

    /// Seconds into the excerpt at `at_s` seconds of the result.
    pub(super) fn source_s(&self, at_s: f64) -> f64 {
        (at_s - self.begin_s) * self.factor
    }
}

/// A degraded excerpt.
pub(super) struct Take {
    /// Samples per channel.
    pub(super) channels: Vec<Vec<f32>>,
    /// Where it comes from.
    pub(super) pieces: Vec<Piece>,
}

impl Take {
    /// `samples` are in step with the excerpt.
    fn aligned(scene: &Scene<'_>, samples: Vec<f32>) -> Take {
        Take { channels: vec![samples], pieces: vec![Piece::whole(scene.signal.len(), 1.0)] }
    }
}

type Spoil = Box<dyn Fn(&Scene<'_>, &mut Rng) -> Take + Send + Sync>;

/// How a degradation is made.
pub(super) enum How {
    /// Here, from samples.
    Signal(Spoil),
    /// By ffmpeg, from the original file.
    Ffmpeg(Attack),
}

/// One row of the table.
pub(super) struct Degradation {
    /// Group of rows, for `--only`.
    pub(super) family: &'static str,
    /// Name for people; unique.
    pub(super) name: String,
    /// The second excerpt it needs.
    pub(super) other: Other,
    /// How it is made.
    pub(super) how: How,
}

impl Degradation {
    fn signal(
        family: &'static str,
        name: &str,
        spoil: impl Fn(&Scene<'_>, &mut Rng) -> Take + Send + Sync + 'static,
    ) -> Degradation {
        let how = How::Signal(Box::new(spoil));
        Degradation { family, name: name.to_owned(), other: Other::None, how }
    }

    fn with(self, other: Other) -> Degradation {
        Degradation { other, ..self }
    }
}

/// All rows, in the order of the table.
pub(super) fn all() -> Vec<Degradation> {
    let clean = Degradation::signal("clean", CLEAN, |scene: &Scene<'_>, _| {
        Take::aligned(scene, scene.signal.to_vec())
    });
    let mut rows = vec![clean];
    rows.extend(ffmpeg::codec_rows());
    rows.extend(noise::rows());
    rows.extend(eq::rows());
    rows.extend(distort::rows());
    rows.extend(level::rows());
    rows.extend(reverb::rows());
    rows.extend(stereo::rows());
    rows.extend(arrange::rows());
    rows.extend(mix::rows());
    rows.extend(resample::rows());
    rows.extend(ffmpeg::warp_rows());
    rows
}

/// Name of the row without damage.
pub(super) const CLEAN: &str = "clean excerpt";

/// Root mean square.
pub(super) fn rms(signal: &[f32]) -> f64 {
    let sum: f64 = signal.iter().map(|s| f64::from(*s) * f64::from(*s)).sum();
    (sum / signal.len().max(1) as f64).sqrt()
}

/// Largest magnitude.
pub(super) fn peak(signal: &[f32]) -> f32 {
    signal.iter().fold(0.0, |top, s| top.max(s.abs()))
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::HashSet;
    use std::f64::consts::TAU;

    use super::*;

    /// Level in dB relative to an RMS of 1.
    pub(crate) fn level_db(signal: &[f32]) -> f64 {
        20.0 * rms(signal).max(1e-12).log10()
    }

    /// A tone at half of full scale.
    pub(crate) fn tone(hz: f64, seconds: f64) -> Vec<f32> {
        let step = TAU * hz / f64::from(RATE);
        let len = (seconds * f64::from(RATE)) as usize;
        (0..len).map(|i| (0.5 * (step * i as f64).sin()) as f32).collect()
    }

    /// Notes of random pitch, length and strength: enough like music to have a constellation.
    pub(crate) fn music(seed: u64, seconds: f64) -> Vec<f32> {
        let mut rng = Rng::new(seed, &[b"music"]);
        let len = (seconds * f64::from(RATE)) as usize;
        let mut out = vec![0f32; len];
        for _ in 0..(seconds * 12.0) as usize {
            let start = (rng.unit() * len as f64) as usize;
            let hz = 160.0 * 2f64.powf(rng.unit() * 3.5);
            let length = (0.1 + 0.5 * rng.unit()) * f64::from(RATE);
            let level = 0.05 + 0.1 * rng.unit();
            for (i, o) in out[start..].iter_mut().take(length as usize).enumerate() {
                let t = i as f64 / f64::from(RATE);
                let fade = (-4.0 * i as f64 / length).exp();
                let tones: f64 =
                    (1..5).map(|h| (TAU * hz * f64::from(h) * t).sin() / f64::from(h)).sum();
                *o += (level * fade * tones) as f32;
            }
        }
        out
    }

    /// What every row promises: the same result from the same seed, and results as long as their
    /// pieces say.
    pub(crate) fn check_rows(rows: Vec<Degradation>) {
        let (signal, other) = (music(1, 2.0), music(2, 2.0));
        for row in rows {
            let How::Signal(spoil) = row.how else { continue };
            let scene = Scene { signal: &signal, other: &other };
            let take = spoil(&scene, &mut Rng::new(5, &[]));
            let again = spoil(&scene, &mut Rng::new(5, &[]));
            assert_eq!(take.channels, again.channels, "{}", row.name);
            let len = take.channels[0].len();
            let end = take.pieces.iter().map(|p| p.end_s).fold(0.0, f64::max);
            let end = (end * f64::from(RATE)).round() as usize;
            assert!(take.channels.iter().all(|c| c.len() == len && end <= len), "{}", row.name);
            if take.pieces == [Piece::whole(signal.len(), 1.0)] {
                assert_eq!(len, signal.len(), "{}", row.name);
            }
            assert!(take.channels[0].iter().all(|s| s.is_finite()), "{}", row.name);
        }
    }

    #[test]
    fn names_are_unique() {
        let names: HashSet<String> = all().into_iter().map(|d| d.name).collect();
        assert_eq!(names.len(), all().len());
    }
}
