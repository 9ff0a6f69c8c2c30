//! What rules look at: an upload, what was heard in it, and the batch it came with. Plain data; the
//! commands fill it from scan results.

use std::sync::OnceLock;

use soundalike_index::TrackMeta;

use super::accounts::Accounts;
use super::confusable::Names;
use crate::batch::cluster::Cluster;
use crate::catalog::declared::Declared;
use crate::fingerprint::signal::Signal;
use crate::params::FingerprintParams;
use crate::scan::kind::{MatchKind, is_modified};
use crate::scan::matcher::Found;

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

/// An accepted match of an upload with a reference.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// Identifier of the match record (`m_…`).
    pub match_id: String,
    /// Kind of match.
    pub kind: MatchKind,
    /// Share of the upload inside segments, per cent.
    pub query_match_pct: f64,
    /// Share of the reference inside segments, per cent.
    pub asset_match_pct: f64,
    /// 0 to 100, 50 at the acceptance line.
    pub score: f64,
    /// `log10` of the expected number of chance matches as good.
    pub log10_evalue: f64,
    /// Speed or pitch was changed.
    pub modified: bool,
    /// Above 1: the upload plays faster.
    pub time_factor: f64,
    /// Above 0: the upload sounds higher.
    pub pitch_cents: f64,
    /// Longest segment, in seconds of the upload.
    pub longest_segment_s: f64,
    /// Seconds of the upload inside segments.
    pub matched_s: f64,
    /// Seconds of the reference inside segments; less where the upload repeats a part.
    pub asset_matched_s: f64,
    /// Matched peaks per second of matching upload.
    pub peaks_per_second: f64,
    /// Begin and end of the first segment in the upload, ms.
    pub first_query_ms: (u64, u64),
    /// The stretch of the reference that it runs along, ms.
    pub first_reference_ms: (u64, u64),
    /// Segments.
    pub segments: usize,
    /// The reference.
    pub reference: TrackMeta,
    /// The decision by which the match is not held against the upload.
    pub allowed_by: Option<String>,
    /// The decision by which the reference is on the block list.
    pub blocked_by: Option<String>,
}

impl Heard {
    /// What `found` says of a match with `reference`; no decision applied.
    pub fn new(
        match_id: String,
        found: &Found,
        same_bytes: bool,
        reference: TrackMeta,
        params: &FingerprintParams,
    ) -> Heard {
        let warp = found.best().warp;
        let first = found.segments.first().unwrap_or_else(|| found.best());
        let longest = found.segments.iter().map(|s| s.seconds()).fold(0.0, f64::max);
        Heard {
            match_id,
            kind: MatchKind::of(found, same_bytes, params),
            query_match_pct: 100.0 * found.query_coverage,
            asset_match_pct: 100.0 * found.reference_coverage,
            score: found.score,
            log10_evalue: found.log10_evalue,
            modified: is_modified(found, params),
            time_factor: warp.time_factor,
            pitch_cents: warp.pitch_cents(params),
            longest_segment_s: longest,
            matched_s: found.query_covered_ms as f64 / 1000.0,
            asset_matched_s: found.reference_covered_ms as f64 / 1000.0,
            peaks_per_second: found.peaks_per_second(),
            first_query_ms: first.query_ms,
            first_reference_ms: first.reference_ms,
            segments: found.segments.len(),
            reference,
            allowed_by: None,
            blocked_by: None,
        }
    }
}

/// One file, as heard and as declared.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Upload {
    /// Path as given: the subject of findings, and its name in clusters.
    pub path: String,
    /// SHA-256 of the file in hexadecimal.
    pub sha256: String,
    /// Decoded length.
    pub duration_ms: u64,
    /// Less was decoded than the file declares.
    pub truncated: bool,
    /// Packets that could not be decoded.
    pub damaged_packets: u64,
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
    pub heard: Vec<Heard>,
    /// The decision by which its account or ISRC registrant is on the block list.
    pub blocked_by: Option<String>,
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
