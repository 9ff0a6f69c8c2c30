//! What a file says of its tracks, beyond what Symphonia's readers tell.

use std::collections::HashMap;

/// Facts on the tracks of one file, by their numbers.
#[derive(Debug, Default)]
pub(super) struct TrackFacts {
    /// Tracks that players prefer.
    pub(super) preferred: Vec<u32>,
    /// What the file is called as a whole.
    pub(super) title: Option<String>,
    /// Tags may be about the file as a whole (an album, by the letter), where they name its one track as well.
    pub(super) tags_of_whole: bool,
    /// Audio tracks in all, where the file was asked; the reader leaves out those of unknown codecs.
    pub(super) audio_tracks: usize,
    /// Codecs that are not decoded, by name.
    pub(super) names: HashMap<u32, String>,
    /// Tracks that cannot be read, and why.
    pub(super) unreadable: HashMap<u32, String>,
}
