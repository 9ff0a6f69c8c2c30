//! Records: the contract with everything outside. Field names are stable; fields may be added.
//!
//! Offsets use ACRCloud's names because intake systems parse them already.

use serde::Serialize;
use sha2::{Digest, Sha256};
use soundalike_index::TrackMeta;

use crate::audio::AudioError;
use crate::fingerprint::file::Analysis;
use crate::indexer::{hex, ref_id};
use crate::params::FingerprintParams;
use crate::scan::kind::{MatchKind, is_modified};
use crate::scan::matcher::{Found, Segment};

/// Name and version of the record format.
pub const SCHEMA: &str = "soundalike/1";

/// One line of output.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Record {
    /// First record of a scan.
    Begin(Begin),
    /// A query that resembles a reference.
    Match(Box<MatchRecord>),
    /// A query is done; says plainly whether anything was found.
    Scanned(Scanned),
    /// An input that could not be used.
    Error(ErrorRecord),
    /// Last record of a scan.
    Summary(Summary),
}

/// The tool and what it compares with.
#[derive(Debug, Clone, Serialize)]
pub struct Begin {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Identifies inputs, index and version; the same for a repeated scan.
    pub scan_id: String,
    /// Version of this program.
    pub tool_version: &'static str,
    /// The index; none in a comparison of two files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<IndexInfo>,
}

/// Which state of an index was used.
#[derive(Debug, Clone, Serialize)]
pub struct IndexInfo {
    /// Changes with the content of the index.
    pub id: String,
    /// References in it.
    pub tracks: usize,
    /// Digest of the fingerprint parameters.
    pub params_hash: String,
}

/// A person or group.
#[derive(Debug, Clone, Serialize)]
pub struct Name {
    /// The name.
    pub name: String,
}

/// Industry identifiers.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ExternalIds {
    /// International Standard Recording Code.
    pub isrc: Option<String>,
    /// Barcode of the release.
    pub upc: Option<String>,
}

/// The scanned file.
#[derive(Debug, Clone, Serialize)]
pub struct QueryInfo {
    /// Path as given.
    pub path: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Decoded length.
    pub duration_ms: u64,
    /// Codec.
    pub codec: String,
    /// Tag.
    pub title: Option<String>,
    /// Tag.
    pub artists: Vec<Name>,
    /// Tag.
    pub album: Option<String>,
    /// Tag.
    pub label: Option<String>,
    /// Tags.
    pub external_ids: ExternalIds,
    /// Less was decoded than the file declares.
    pub truncated: bool,
    /// Packets that could not be decoded.
    pub damaged_packets: u64,
}

impl QueryInfo {
    /// Describes an analysed file.
    pub fn new(path: &std::path::Path, analysis: &Analysis) -> QueryInfo {
        let (info, tags) = (&analysis.info, &analysis.info.tags);
        QueryInfo {
            path: path.to_string_lossy().into_owned(),
            sha256: hex(&analysis.sha256),
            duration_ms: info.duration_ms,
            codec: info.codec.clone(),
            title: tags.title.clone(),
            artists: names(&tags.artist),
            album: tags.album.clone(),
            label: tags.label.clone(),
            external_ids: ExternalIds { isrc: tags.isrc.clone(), upc: tags.upc.clone() },
            truncated: info.truncated,
            damaged_packets: info.damaged_packets,
        }
    }
}

/// The reference that was met.
#[derive(Debug, Clone, Serialize)]
pub struct ReferenceInfo {
    /// Identifier of the reference's content.
    pub ref_id: String,
    /// Path it was indexed from.
    pub path: String,
    /// Title.
    pub title: Option<String>,
    /// Artists.
    pub artists: Vec<Name>,
    /// Album.
    pub album: Option<String>,
    /// Identifiers.
    pub external_ids: ExternalIds,
    /// Label.
    pub label: Option<String>,
    /// Catalogue it belongs to.
    pub catalog: Option<String>,
    /// Who owns it.
    pub owner: Option<String>,
    /// Length.
    pub duration_ms: u64,
}

impl ReferenceInfo {
    /// Describes an indexed track.
    pub fn of_track(meta: &TrackMeta) -> ReferenceInfo {
        ReferenceInfo {
            ref_id: meta.ref_id.clone(),
            path: meta.path.clone(),
            title: meta.title.clone(),
            artists: names(&meta.artist),
            album: meta.album.clone(),
            external_ids: ExternalIds { isrc: meta.isrc.clone(), upc: meta.upc.clone() },
            label: meta.label.clone(),
            catalog: meta.catalogue.clone(),
            owner: meta.owner.clone(),
            duration_ms: meta.duration_ms,
        }
    }

    /// Describes the second file of a comparison.
    pub fn of_file(path: &std::path::Path, analysis: &Analysis) -> ReferenceInfo {
        let tags = &analysis.info.tags;
        ReferenceInfo {
            ref_id: ref_id(&analysis.sha256),
            path: path.to_string_lossy().into_owned(),
            title: tags.title.clone(),
            artists: names(&tags.artist),
            album: tags.album.clone(),
            external_ids: ExternalIds { isrc: tags.isrc.clone(), upc: tags.upc.clone() },
            label: tags.label.clone(),
            catalog: None,
            owner: None,
            duration_ms: analysis.info.duration_ms,
        }
    }
}

fn names(artist: &Option<String>) -> Vec<Name> {
    artist.iter().map(|name| Name { name: name.clone() }).collect()
}

/// A stretch of the query and the stretch of the reference it runs along.
#[derive(Debug, Clone, Serialize)]
pub struct SegmentRecord {
    /// Begin in the query.
    pub sample_begin_time_offset_ms: u64,
    /// End in the query.
    pub sample_end_time_offset_ms: u64,
    /// Begin in the reference.
    pub db_begin_time_offset_ms: u64,
    /// End in the reference.
    pub db_end_time_offset_ms: u64,
    /// Query peaks that land on a reference peak.
    pub matched_peaks: u32,
    /// Query peaks in the segment.
    pub query_peaks: u32,
    /// Matched peaks per second.
    pub peaks_per_second: f64,
    /// Above 1: the query plays faster.
    pub time_factor: f64,
    /// Above 0: the query sounds higher.
    pub pitch_cents: f64,
}

impl SegmentRecord {
    fn new(s: &Segment, params: &FingerprintParams) -> SegmentRecord {
        SegmentRecord {
            sample_begin_time_offset_ms: s.query_ms.0,
            sample_end_time_offset_ms: s.query_ms.1,
            db_begin_time_offset_ms: s.reference_ms.0,
            db_end_time_offset_ms: s.reference_ms.1,
            matched_peaks: s.matched,
            query_peaks: s.peaks,
            peaks_per_second: round(f64::from(s.matched) / s.seconds().max(0.1), 1),
            time_factor: round(s.warp.time_factor, 5),
            pitch_cents: round(s.warp.pitch_cents(params), 1),
        }
    }
}

/// A resemblance and its evidence.
#[derive(Debug, Clone, Serialize)]
pub struct MatchRecord {
    /// Names query and reference; the same for a repeated scan.
    pub match_id: String,
    /// See [`MatchKind`].
    pub match_kind: &'static str,
    /// Whether the evidence is beyond chance; matches that are not are shown on request only.
    pub accepted: bool,
    /// 0 to 100, 50 at the acceptance line; comparable between queries.
    pub score: f64,
    /// `log10` of the expected number of chance matches as good, in an index of this size.
    pub log10_evalue: f64,
    /// The scanned file.
    pub query: QueryInfo,
    /// The reference.
    pub reference: ReferenceInfo,
    /// Share of the query inside segments.
    pub query_match_pct: f64,
    /// Share of the reference inside segments.
    pub asset_match_pct: f64,
    /// Matched peaks per second of matching query.
    pub peaks_per_second: f64,
    /// Speed or pitch was changed.
    pub modified: bool,
    /// Of the best segment: above 1, the query plays faster.
    pub time_factor: f64,
    /// Of the best segment: frequency ratio of the pitch change.
    pub frequency_factor: f64,
    /// Of the best segment: above 0, the query sounds higher.
    pub pitch_cents: f64,
    /// Where, on both sides, in query order.
    pub segments: Vec<SegmentRecord>,
}

impl MatchRecord {
    /// The record of `found`.
    pub fn new(
        query: QueryInfo,
        reference: ReferenceInfo,
        found: &Found,
        same_bytes: bool,
        params: &FingerprintParams,
    ) -> MatchRecord {
        let warp = found.best().warp;
        let cents = warp.pitch_cents(params);
        let name = format!("{}/{}", query.sha256, reference.ref_id);
        MatchRecord {
            match_id: format!("m_{}", hex(&Sha256::digest(name.as_bytes())[..8])),
            match_kind: MatchKind::of(found, same_bytes, params).name(),
            accepted: found.accepted(),
            score: round(found.score, 2),
            log10_evalue: round(found.log10_evalue, 2),
            query_match_pct: round(100.0 * found.query_coverage, 1),
            asset_match_pct: round(100.0 * found.reference_coverage, 1),
            peaks_per_second: round(found.peaks_per_second(), 1),
            modified: is_modified(found, params),
            time_factor: round(warp.time_factor, 5),
            frequency_factor: round((cents / 1200.0).exp2(), 5),
            pitch_cents: round(cents, 1),
            segments: found.segments.iter().map(|s| SegmentRecord::new(s, params)).collect(),
            query,
            reference,
        }
    }
}

/// Outcome for one query.
#[derive(Debug, Clone, Serialize)]
pub struct Scanned {
    /// The scanned file.
    pub query: QueryInfo,
    /// `matched`, `no_match`, or `no_features`: nothing in it can be fingerprinted (silence, a
    /// steady tone), so nothing can be said.
    pub result: &'static str,
    /// Accepted matches.
    pub matches: usize,
}

/// An input that could not be used.
#[derive(Debug, Clone, Serialize)]
pub struct ErrorRecord {
    /// The input.
    pub subject: String,
    /// Short, stable name of the cause.
    pub code: &'static str,
    /// The cause in words.
    pub message: String,
}

impl ErrorRecord {
    /// The record of a file that could not be analysed.
    pub fn audio(path: &std::path::Path, error: &AudioError) -> ErrorRecord {
        ErrorRecord {
            subject: path.to_string_lossy().into_owned(),
            code: error.code(),
            message: error.to_string(),
        }
    }
}

/// Totals of a scan.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Summary {
    /// Files asked for.
    pub inputs: usize,
    /// Files scanned.
    pub scanned: usize,
    /// Files with at least one accepted match.
    pub matched: usize,
    /// Accepted matches.
    pub matches: usize,
    /// Files that could not be used.
    pub errors: usize,
    /// Audio scanned.
    pub audio_seconds: f64,
    /// Wall-clock time.
    pub wall_ms: u64,
    /// Audio time over wall-clock time.
    pub realtime_factor: f64,
    /// Whether the scan was cut short.
    pub interrupted: bool,
    /// Exit status of the program.
    pub exit_code: u8,
}

/// `value` with `digits` decimals.
pub fn round(value: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    // Adding zero turns -0.0 into 0.0.
    (value * scale).round() / scale + 0.0
}
