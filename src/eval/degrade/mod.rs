//! What is done to an excerpt before it is scanned: one file per family of damage.
//!
//! Damage by signal processing works on the 16 kHz mono signal that the fingerprint sees; codecs,
//! pitch and tempo go through ffmpeg on the original file at its own rate ([`ffmpeg`], [`warp`]).
//! Every degradation says where in the source each part of its result comes from, and how fast and
//! how high it plays ([`Piece`]), so that reported places and changes can be held against the truth.

mod arrange;
mod biquad;
pub(super) mod change;
mod distort;
mod eq;
pub(super) mod ffmpeg;
mod level;
mod mix;
mod noise;
pub(super) mod notes;
pub(super) mod resample;
mod reverb;
mod stereo;
mod warp;

use super::rng::Rng;
use crate::audio::ANALYSIS_RATE;
use change::Change;
use ffmpeg::Process;

/// Rate of all signals in here, in Hz.
pub(super) const RATE: u32 = ANALYSIS_RATE;

/// What a degradation has to work on.
pub(super) struct Scene<'a> {
    /// The excerpt.
    pub(super) signal: &'a [f32],
    /// The other excerpts that the degradation asked for, one after the other; empty if none.
    pub(super) other: &'a [f32],
}

/// Which other excerpts a degradation needs, each as long as the excerpt itself.
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
    /// Two that are in no index; one twice, if there is but one.
    TwoUnknown,
}

impl Other {
    /// How many excerpts that is.
    pub(super) fn count(self) -> usize {
        match self {
            Other::None => 0,
            Other::SameSide | Other::Unknown | Other::Reference => 1,
            Other::TwoUnknown => 2,
        }
    }
}

/// A stretch of the result and where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    /// 0 is the excerpt, 1 the next one; the piece begins where that excerpt begins.
    pub(super) part: usize,
    /// Begin in the result, in seconds.
    pub(super) begin_s: f64,
    /// End in the result, in seconds.
    pub(super) end_s: f64,
    /// How fast and how high it plays.
    pub(super) change: Change,
}

impl Piece {
    /// The first `samples` samples of the result.
    pub(super) fn whole(samples: usize, change: Change) -> Piece {
        Piece { part: 0, begin_s: 0.0, end_s: samples as f64 / f64::from(RATE), change }
    }

    fn moved(self, samples: usize) -> Piece {
        self.later(samples as f64 / f64::from(RATE))
    }

    /// The same, `seconds` later in the result.
    pub(super) fn later(self, seconds: f64) -> Piece {
        Piece { begin_s: self.begin_s + seconds, end_s: self.end_s + seconds, ..self }
    }

    /// The same, of another excerpt.
    fn of_part(self, part: usize) -> Piece {
        Piece { part, ..self }
    }

    /// Seconds into the excerpt at `at_s` seconds of the result.
    pub(super) fn source_s(&self, at_s: f64) -> f64 {
        (at_s - self.begin_s) * self.change.factor
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
        Take {
            channels: vec![samples],
            pieces: vec![Piece::whole(scene.signal.len(), Change::NONE)],
        }
    }
}

/// Damage done to samples.
pub(super) type Spoil = Box<dyn Fn(&Scene<'_>, &mut Rng) -> Take + Send + Sync>;

/// How a degradation is made.
pub(super) enum How {
    /// Here, from samples.
    Signal(Spoil),
    /// By ffmpeg, from the original file.
    Ffmpeg(Process),
}

/// One row of the table.
pub(super) struct Degradation {
    /// Group of rows, for `--only`.
    pub(super) family: &'static str,
    /// Name for people; unique.
    pub(super) name: String,
    /// The other excerpts it needs.
    pub(super) other: Other,
    /// Seconds that it takes of the excerpt, if these are always the same: then it is measured
    /// once, and not for every length of excerpts.
    pub(super) takes_s: Option<u32>,
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
        Degradation { family, name: name.to_owned(), other: Other::None, takes_s: None, how }
    }

    fn with(self, other: Other) -> Degradation {
        Degradation { other, ..self }
    }

    fn taking(self, seconds: u32) -> Degradation {
        Degradation { takes_s: Some(seconds), ..self }
    }

    /// Which of `lengths_s` it is measured at.
    pub(super) fn lengths(&self, lengths_s: &[u32]) -> Vec<u32> {
        match self.takes_s {
            None => lengths_s.to_vec(),
            Some(takes) => {
                lengths_s.iter().copied().filter(|l| *l >= takes).min().into_iter().collect()
            }
        }
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
    rows.extend(warp::rows());
    rows.extend(warp::chain_rows());
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

    /// Something like music.
    pub(crate) fn music(seed: u64, seconds: f64) -> Vec<f32> {
        notes::notes(seed, seconds, f64::from(RATE))
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
            if take.pieces == [Piece::whole(signal.len(), Change::NONE)] {
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
