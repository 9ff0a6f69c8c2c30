//! The tune of a recording: the pitch that leads, eight times a second.
//!
//! Three steps, each fed by the one before as the samples come: a constant-Q transform
//! (`constant_q`), the likelihood of every note by the network of basic-pitch (`network`,
//! `posteriorgram`), and the choice of the tune among them (`voice`). All arithmetic is plain `f32`
//! additions and multiplications in one order, so that the result has the same bits on every
//! machine and however the samples are cut.

mod arithmetic;
mod constant_q;
mod convolution;
mod fourier;
mod harmonic;
mod network;
mod posteriorgram;
#[cfg(test)]
mod tests;
mod voice;

pub use posteriorgram::{FRAME_RATE, Frame, Posteriorgram};
pub use voice::{Chooser, Voice, VoiceParams};

/// Frames that are chosen among at once.
const BLOCK: usize = 256;

/// Finds the tune of one recording, given its samples piece by piece.
///
/// What is kept does not grow with the recording, but for the result: 60 bytes a frame.
pub struct Melody {
    posteriorgram: Posteriorgram,
    chooser: Chooser,
    /// Frames that are not chosen among, after [`voice::REACH`] that are.
    frames: Vec<Frame>,
    chosen: usize,
    voices: Vec<Voice>,
}

impl Default for Melody {
    fn default() -> Self {
        Self::new()
    }
}

impl Melody {
    /// At the beginning of a recording.
    pub fn new() -> Self {
        Melody {
            posteriorgram: Posteriorgram::new(),
            chooser: Chooser::new(VoiceParams::V1),
            frames: Vec::new(),
            chosen: 0,
            voices: Vec::new(),
        }
    }

    /// Takes in the next samples, 16 kHz mono.
    pub fn push(&mut self, samples: &[f32]) {
        self.frames.extend(self.posteriorgram.push(samples));
        while self.frames.len() >= self.chosen + BLOCK + voice::REACH {
            self.choose(self.chosen + BLOCK);
            let old = self.chosen.saturating_sub(voice::REACH);
            self.frames.drain(..old);
            self.chosen -= old;
        }
    }

    /// The tune, [`FRAME_RATE`] times a second from the beginning: frame `n` lasts from `n / 8` s
    /// to `(n + 1) / 8` s.
    pub fn finish(mut self) -> Vec<Voice> {
        self.frames.extend(self.posteriorgram.finish());
        self.choose(self.frames.len());
        self.voices
    }

    fn choose(&mut self, end: usize) {
        self.voices.extend(self.chooser.choose(&self.frames, self.chosen..end));
        self.chosen = end;
    }
}

/// The tune of a whole recording.
pub fn melody(samples: &[f32]) -> Vec<Voice> {
    let mut melody = Melody::new();
    melody.push(samples);
    melody.finish()
}
