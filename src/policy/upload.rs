//! What rules look at: an upload and what it resembles. Plain data, filled by the engine.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::identity::{Identity, PartyBasis};
use crate::credentials::Credential;
use crate::declare::declared::{Declared, NotAsked};
use crate::fingerprint::signal::Signal;
use crate::level::Level;
use crate::matches::Match;
use crate::resemblance::Resemblance;
use crate::trace::Traced;
use crate::track::Track;

/// Hashes of an audio file, in hexadecimal, for comparison with a declared one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FileHashes {
    /// MD5.
    pub md5: Option<String>,
    /// SHA-1.
    pub sha1: Option<String>,
    /// SHA-256.
    pub sha256: Option<String>,
}

/// One file: what it is, what it declares, and what it resembles.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Upload {
    /// The file; its path is the subject of findings, and its name in clusters.
    pub track: Arc<Track>,
    /// What it says about itself, all sources merged.
    pub declared: Declared,
    /// A row of a manifest or a delivery message describes it; else only tags do, or nothing.
    pub has_declaration: bool,
    /// What no table that describes it has a column for.
    pub not_asked: NotAsked,
    /// Recording codes that are declared for this one file, where there are several.
    pub isrcs: Vec<String>,
    /// Tags that name a generator: field and generator.
    pub tags_generator: Vec<(String, String)>,
    /// Silence, noise, repetition.
    pub signal: Signal,
    /// Traces of a decoder, where they were listened for.
    pub trace: Option<Traced>,
    /// Its signed credential, where one was looked for.
    pub credential: Option<Credential>,
    /// Hashes of the file, where they were computed.
    pub file_hashes: FileHashes,
    /// Accepted matches.
    pub matches: Vec<Match>,
    /// What plays the same, beyond the matches; accepted ones only.
    #[serde(default)]
    pub resemblances: Vec<Resemblance>,
    /// The decision by which its account or ISRC registrant is on the block list.
    pub blocked_by: Option<String>,
    /// The decision by which nothing it resembles is held against it: about its audio, account or ISRC registrant.
    pub allowed_by: Option<String>,
}

impl Upload {
    /// A track of which only its description is known.
    pub fn of_track(track: Arc<Track>) -> Upload {
        Upload { declared: track.declared(), track, ..Upload::default() }
    }

    /// Matches that are held against it: those that no decision allows.
    pub fn standing_matches(&self) -> impl Iterator<Item = &Match> {
        self.matches.iter().filter(|m| m.allowed_by.is_none())
    }

    /// Whether it matches a reference that no sign says to be its own.
    pub fn matches_others(&self) -> bool {
        let own = Identity::declared(&self.declared);
        let of_others = |m: &&Match| !m.is_loop() && m.own_part().is_some();
        self.standing_matches().filter(of_others).any(|m| {
            let basis = PartyBasis::of(&self.declared, &own, &Identity::reference(&m.reference));
            basis.is_none_or(|basis| basis.ceiling() > Level::Clear)
        })
    }

    /// The reference of one of its matches, to be changed.
    #[cfg(test)]
    pub(crate) fn reference_mut(&mut self, index: usize) -> &mut Track {
        Arc::make_mut(&mut self.matches[index].reference)
    }

    /// Its track, to be changed.
    #[cfg(test)]
    pub(crate) fn track_mut(&mut self) -> &mut Track {
        Arc::make_mut(&mut self.track)
    }
}
