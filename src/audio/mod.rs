//! From any audio file to one plain signal: mono, 16 kHz, `f32`, delivered in chunks.
//!
//! Everything above this module sees only that signal and an [`AudioInfo`] that says how it came
//! about. The way of a file:
//!
//! ```text
//! source   bytes with a deadline ─► container   named or opened ─► open    tracks, decoders
//!                                    ┌─────────────────────────────────────┘
//! decode   packet loop, damage, caps ◄┘ ─► downmix  two channel groups ─► one signal
//!                                                       │
//!                              sink ◄─ resample  16 kHz ◄┘
//! ```
//!
//! Files come from strangers. So a damaged packet costs that packet (silence takes its place and
//! later offsets stay true), a hopeless file is one typed [`AudioError`], nothing panics, time and
//! length are capped, and memory does not depend on the length of the file.

mod aac;
mod adts;
mod caf;
mod container;
mod convert;
mod credential;
mod decode;
mod dot;
mod downmix;
mod embedded;
mod error;
mod extent;
mod facts;
mod filter;
mod frames;
#[cfg(all(unix, feature = "cli"))]
#[doc(hidden)]
pub mod isolation;
mod layout;
mod limits;
mod matroska;
mod mp4;
mod mpeg;
mod mpeg_length;
mod open;
mod opus;
mod oversize;
mod pipeline;
mod resample;
mod riff;
mod segment;
mod signature;
mod sniff;
mod source;
mod survey;
mod tags;
mod tally;
mod veil;
mod vendor;

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::progress::Cancel;
use crate::trace::{Heard, Listening};
pub use credential::read_credential;
pub use decode::{decode_bytes, decode_file};
pub(crate) use embedded::guessed_encoding;
pub use error::AudioError;
#[doc(hidden)]
pub use source::tags_around;
pub use tags::{Tags, cleaned};

/// Sample rate of the signal that [`decode_file`] delivers, in Hz. The fingerprint looks at
/// 150 Hz to 5 kHz, so 16 kHz leaves room for a cheap resampling filter.
pub const ANALYSIS_RATE: u32 = 16_000;

/// Caps for decoding one file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DecodeOptions {
    /// Longest stretch of audio to decode. What follows is dropped and the result is marked
    /// `truncated`: a few kilobytes can claim, and some codecs can really produce, days of audio.
    pub max_duration: Duration,
    /// Wall-clock limit for one file.
    pub timeout: Duration,
    /// Ends decoding early, however long the file is.
    #[serde(skip)]
    pub cancel: Cancel,
    /// How closely the signal is listened to for traces of decoders, at its own rate.
    #[doc(hidden)]
    pub traces: Listening,
}

impl Default for DecodeOptions {
    fn default() -> Self {
        Self {
            max_duration: Duration::from_secs(6 * 3600),
            timeout: Duration::from_secs(300),
            cancel: Cancel::new(),
            traces: Listening::Off,
        }
    }
}

/// What a decoded file turned out to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AudioInfo {
    /// Codec, for example `mp3`, `aac`, `flac`, `vorbis`, `opus`, `pcm_s16le`.
    pub codec: String,
    /// Container, for example `ogg`, `isomp4`, `wave`; for bare streams the same as the codec.
    pub container: Option<String>,
    /// Sample rate of the stream in Hz, at its start.
    pub sample_rate: u32,
    /// Number of channels at the start of the stream.
    pub channels: u16,
    /// Length of the signal delivered to the sink, in milliseconds.
    pub duration_ms: u64,
    /// Length that the file claims, in milliseconds.
    pub declared_ms: Option<u64>,
    /// Audio tracks in the file.
    pub audio_tracks: u32,
    /// Which of them this is, counted from 1. The others were not listened to.
    pub audio_track: u32,
    /// Packets that could not be decoded; silence of the same length stands in for them.
    pub damaged_packets: u64,
    /// Clearly less was decoded than declared (below 95 %), or than the file holds.
    pub truncated: bool,
    /// Why, in words, where the file's structure tells: it ends within its sound, or a file joined to it cannot be
    /// decoded.
    pub incomplete: Option<String>,
    /// The length cap was hit: the file goes on.
    pub capped: bool,
    /// Descriptive tags.
    pub tags: Tags,
    /// Length of the file in bytes.
    pub file_bytes: u64,
    /// What was heard of traces of decoders, where that was asked.
    pub heard: Option<Heard>,
}

/// Extensions that a folder walk takes for audio. Content decides in the end, not the name.
const AUDIO_EXTENSIONS: &[&str] = &[
    "aac", "aif", "aifc", "aiff", "alac", "caf", "flac", "m4a", "m4b", "m4r", "mka", "mp1", "mp2",
    "mp3", "mp4", "mpga", "oga", "ogg", "ogx", "opus", "w64", "wav", "wave", "weba", "webm",
];

/// Does the name of `path` end like an audio file? A folder walk uses this; files that the user
/// names one by one are decoded whatever they are called.
pub fn is_audio_extension(path: &Path) -> bool {
    path.extension()
        .and_then(|ext| ext.to_str())
        .is_some_and(|ext| AUDIO_EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(ext)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_case_insensitive() {
        assert!(is_audio_extension(Path::new("a/b/Song.MP3")));
        assert!(is_audio_extension(Path::new("x.flac")));
        assert!(!is_audio_extension(Path::new("cover.jpg")));
        assert!(!is_audio_extension(Path::new("mp3")));
    }
}
