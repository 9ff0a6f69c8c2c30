//! What rules look at: an upload, what it resembles, and the batch it came with. Plain
//! data, filled by the engine.

use std::sync::{Arc, OnceLock};

use super::accounts::Accounts;
use super::confusable::Names;
use crate::batch::cluster::Cluster;
use crate::catalog::declared::Declared;
use crate::fingerprint::signal::Signal;
use crate::matches::Match;
use crate::track::Track;

/// Hashes of an audio file, in hexadecimal, for comparison with a declared one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileHashes {
    /// MD5.
    pub md5: Option<String>,
    /// SHA-1.
    pub sha1: Option<String>,
    /// SHA-256.
    pub sha256: Option<String>,
}

/// One file: what it is, what it declares, and what it resembles.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Upload {
    /// The file; its path is the subject of findings, and its name in clusters.
    pub track: Arc<Track>,
    /// What it says about itself, all sources merged.
    pub declared: Declared,
    /// A row of a manifest or a delivery message describes it; else only tags do, or nothing.
    pub has_declaration: bool,
    /// Tags that name a generator: field and generator.
    pub tags_generator: Vec<(String, String)>,
    /// Silence, noise, repetition.
    pub signal: Signal,
    /// Hashes of the file, where they were computed.
    pub file_hashes: FileHashes,
    /// Accepted matches.
    pub matches: Vec<Match>,
    /// The decision by which its account or ISRC registrant is on the block list.
    pub blocked_by: Option<String>,
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

/// Uploads that came together, and what was found between them.
#[derive(Debug, Default)]
pub struct Batch<'a> {
    /// The uploads.
    pub uploads: &'a [Upload],
    /// Groups of near-duplicates among them; members are named by path.
    pub clusters: &'a [Cluster],
    /// The uploads were compared with each other, so that no group means no resemblance.
    pub compared: bool,
    /// A policy was chosen explicitly, so that what it wants declared counts for bare files, too.
    pub policy_chosen: bool,
    protected: Names,
    accounts: OnceLock<Accounts>,
}

impl<'a> Batch<'a> {
    /// A batch whose uploads were compared with each other, `clusters` being what came of it.
    pub fn new(uploads: &'a [Upload], clusters: &'a [Cluster]) -> Batch<'a> {
        Batch { uploads, clusters, compared: true, ..Batch::default() }
    }

    /// Uploads that were not compared with each other.
    pub fn not_compared(uploads: &'a [Upload]) -> Batch<'a> {
        Batch { uploads, ..Batch::default() }
    }

    /// Says whether a policy was chosen explicitly.
    #[must_use]
    pub fn policy_chosen(mut self, chosen: bool) -> Batch<'a> {
        self.policy_chosen = chosen;
        self
    }

    /// Names of artists that must not be imitated, such as those of the index.
    #[must_use]
    pub fn protected_artists<'n>(mut self, names: impl Iterator<Item = &'n str>) -> Batch<'a> {
        self.protected = Names::new(names);
        self
    }

    /// The protected names.
    pub(super) fn protected(&self) -> &Names {
        &self.protected
    }

    /// What is known of accounts, releases and codes; counted when first asked for.
    pub(super) fn accounts(&self) -> &Accounts {
        self.accounts.get_or_init(|| Accounts::count(self))
    }
}
