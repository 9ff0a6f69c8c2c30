//! A work: what is heard of a track besides its recording.

use soundalike_index::{Payload, Window};

use super::chroma::{Chroma, FRAMES_PER_SECOND};
use super::params::WorkParams;
use super::sequence::{ROWS_PER_SECOND, Sequence};
use super::stored;

/// What a track plays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Work {
    /// Its chords.
    pub harmony: Sequence,
}

impl Work {
    /// What an index stores of it to align it by.
    pub fn payloads(&self) -> Vec<Payload> {
        stored::payload(&self.harmony).into_iter().collect()
    }

    /// What an index stores of it to find it by.
    pub fn windows(&self, params: &WorkParams) -> Vec<Window> {
        stored::windows(&self.harmony, params)
    }
}

/// Streaming: push samples at the analysis rate, take the work.
pub struct WorkMeter {
    chroma: Chroma,
}

impl WorkMeter {
    /// Nothing heard yet.
    pub fn new(params: &WorkParams) -> WorkMeter {
        WorkMeter { chroma: Chroma::new(&params.chroma) }
    }

    /// Takes the next samples.
    pub fn push(&mut self, samples: &[f32]) {
        self.chroma.push(samples);
    }

    /// Ends the stream.
    pub fn finish(self) -> Work {
        let frames = self.chroma.finish();
        Work { harmony: Sequence::of_frames(&frames, FRAMES_PER_SECOND / ROWS_PER_SECOND) }
    }
}
