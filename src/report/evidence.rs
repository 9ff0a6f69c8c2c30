//! The exhibit behind a match: what a report needs to draw both sides without hearing them again.

use serde::{Deserialize, Serialize};

/// One side of an exhibit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Side {
    /// Where the part shown begins, ms.
    pub begin_ms: u64,
    /// Where it ends.
    pub end_ms: u64,
    /// Peaks within: `[time in ms, log-frequency in cents above 150 Hz]`, in order of time.
    pub peaks: Vec<[u32; 2]>,
    /// Grey-scale picture of the spectrogram (levels over log-frequency, 150 Hz at the bottom), a PNG in
    /// base64; none where the audio was not at hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spectrogram_png: Option<String>,
    /// Log-frequency span of the picture and of the peaks, in cents above 150 Hz.
    pub cents: u32,
}

/// What a match, or an edge of a cluster, rests on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EvidenceRecord {
    /// The match it belongs to.
    pub match_id: String,
    /// The scanned file.
    pub query: Side,
    /// The reference.
    pub reference: Side,
    /// Peaks that coincide: position in `query.peaks`, position in `reference.peaks`, position of the segment
    /// in the match's `segments`.
    pub pairs: Vec<[u32; 3]>,
}
