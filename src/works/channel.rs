//! What is played can be heard in two ways: its chords, and its tune.

use serde::{Deserialize, Serialize};

/// A learned projection from patches to codes: for each value of a patch a row of 256 little-endian `f32` weights.
pub type Projection = [u8; 16 * 12 * 256 * 4];
/// For harmony (`benches/resemblance/train.py`).
static HARMONY_PROJECTION: &Projection = include_bytes!("projection_harmony.f32");
/// For the tune.
static MELODY_PROJECTION: &Projection = include_bytes!("projection_melody.f32");

/// What works are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Chords and bass, in the same rhythm.
    Harmony,
    /// The leading voice.
    Melody,
}

/// What is listened for. The tune costs several times what all else does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Listening {
    /// Recordings alone.
    #[default]
    Recordings,
    /// Chords, too.
    Harmony,
    /// Chords and the tune, too.
    All,
}

impl Listening {
    /// Whether that is listened for.
    pub fn hears(self, channel: Channel) -> bool {
        match channel {
            Channel::Harmony => self >= Listening::Harmony,
            Channel::Melody => self == Listening::All,
        }
    }

    /// Whether works are listened for at all.
    pub fn hears_works(self) -> bool {
        self > Listening::Recordings
    }
}

/// What is scored: harmony, melody, and both along one line.
pub const KINDS: usize = 3;
/// Both along one line.
pub const BOTH: usize = 2;

impl Channel {
    /// All of them.
    pub const ALL: [Channel; 2] = [Channel::Harmony, Channel::Melody];

    /// Descriptor space of its codes.
    pub fn space(self) -> u8 {
        match self {
            Channel::Harmony => 2,
            Channel::Melody => 3,
        }
    }

    /// Name of its payload, and in records.
    pub fn name(self) -> &'static str {
        match self {
            Channel::Harmony => "harmony",
            Channel::Melody => "melody",
        }
    }

    /// The projection of its patches.
    pub fn projection(self) -> &'static Projection {
        match self {
            Channel::Harmony => HARMONY_PROJECTION,
            Channel::Melody => MELODY_PROJECTION,
        }
    }
}
