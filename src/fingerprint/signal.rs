//! What the signal of a track is made of besides music: silence, noise, repetition.
//!
//! Heard in mono at the analysis rate, by [`silence`](super::silence), [`noise`](super::noise), [`seams`](super::seams)
//! and [`repetition`](super::repetition); the same whatever density of peaks is kept.

use serde::{Deserialize, Serialize};

use super::seams::Seams;

/// A part that is repeated back to back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Repetition {
    /// Length of the part.
    pub period_ms: u64,
    /// How often it sounds, one after the other.
    pub repeats: f64,
    /// Share of the track that these repeats make up, 0 to 1.
    pub share: f64,
}

/// Technical findings about the signal of one track; all times in milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Signal {
    /// Decoded length.
    pub duration_ms: u64,
    /// Time without any signal to speak of.
    pub silence_ms: u64,
    /// Silence or near-silence before the first sound.
    pub leading_silence_ms: u64,
    /// Silence or near-silence after the last sound.
    pub trailing_silence_ms: u64,
    /// Longest stretch of silence or near-silence.
    pub longest_silence_ms: u64,
    /// Time of steady noise (hiss, rain, static): energy without pitch or rhythm.
    pub noise_ms: u64,
    /// The part that most of the track repeats exactly, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repetition: Option<Repetition>,
    /// Where clips of one length were joined, if that is to be heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seams: Option<Seams>,
}
