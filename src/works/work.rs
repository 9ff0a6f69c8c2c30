//! A work: what is heard of a track besides its recording.

use super::channel::{Channel, Listening};
use super::chroma::{Chroma, FRAMES_PER_SECOND, directions};
use super::melody::Melody;
use super::params::{ChromaParams, WorkParams};
use super::sequence::{ROWS_PER_SECOND, Row, Sequence};

/// Frames of a row.
const PER_ROW: usize = FRAMES_PER_SECOND / ROWS_PER_SECOND;

/// What a track plays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Work {
    /// Its chords.
    pub harmony: Sequence,
    /// What leads, and how sure that is.
    pub melody: Sequence,
}

impl Work {
    /// The rows of a channel.
    pub fn of(&self, channel: Channel) -> &Sequence {
        match channel {
            Channel::Harmony => &self.harmony,
            Channel::Melody => &self.melody,
        }
    }
}

/// Streaming: push samples at the analysis rate, take the work.
pub struct WorkMeter {
    params: WorkParams,
    chroma: Chroma,
    /// Where the tune is listened for.
    melody: Option<Melody>,
}

impl WorkMeter {
    /// Nothing heard yet; none where works are not listened for.
    pub fn new(listening: Listening, params: &WorkParams) -> Option<WorkMeter> {
        listening.hears_works().then(|| WorkMeter {
            params: *params,
            chroma: Chroma::new(&params.chroma),
            melody: listening.hears(Channel::Melody).then(Melody::new),
        })
    }

    /// Takes the next samples.
    pub fn push(&mut self, samples: &[f32]) {
        self.chroma.push(samples);
        if let Some(melody) = &mut self.melody {
            melody.push(samples);
        }
    }

    /// Ends the stream.
    pub fn finish(self) -> Work {
        let voices = self.melody.map(Melody::finish).unwrap_or_default();
        // How likely each pitch class leads says more than which is likeliest. A tune that stays on its note still is one.
        let classes: Vec<Row> = voices.iter().map(|voice| voice.classes).collect();
        let params = ChromaParams { local_share: 0.0, ..self.params.chroma };
        Work {
            harmony: Sequence::of_frames(&self.chroma.finish(), PER_ROW),
            melody: Sequence::of_frames(&directions(&classes, &params), PER_ROW),
        }
    }
}
