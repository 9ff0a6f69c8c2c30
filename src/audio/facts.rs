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
    /// Tracks that cannot be read, and why.
    pub(super) unreadable: HashMap<u32, String>,
}
