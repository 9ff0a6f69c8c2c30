//! Records: the contract with everything outside. Field names are stable; fields may be added.
//!
//! Offsets use ACRCloud's names because intake systems parse them already.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::evidence::EvidenceRecord;
use crate::audio::AudioError;
use crate::declare::declared::{AiDisclosure, Declared};
use crate::declare::delivery::DeliveryError;
use crate::declare::inputs::InputError;
use crate::dedup::cluster::Cluster;
use crate::fingerprint::signal::Signal;
use crate::level::Level;
use crate::matches::{AlignedSegment, Match, Measures};
use crate::policy::{Finding, Pack, Rule, Upload, Verdict};
use crate::rounding::rounded;
use crate::scan::kind::MatchKind;
use crate::track::Track;

/// Name and version of the record format.
pub const SCHEMA: &str = "soundalike/1";
/// Stands for the codec of a track that is known from its index only.
const INDEXED: &str = "indexed";

/// One line of output.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Record {
    /// First record of a scan.
    Begin(Begin),
    /// A query that resembles a reference.
    Match(Box<MatchRecord>),
    /// A query is done; says plainly whether anything was found.
    Scanned(Scanned),
    /// A cluster of near-duplicates.
    Cluster(Box<Cluster>),
    /// What a policy makes of an upload.
    Finding(Box<Finding>),
    /// The gravest of the findings on an upload.
    Verdict(Box<VerdictRecord>),
    /// What a report needs to show a match.
    Evidence(Box<EvidenceRecord>),
    /// An input that could not be used.
    Error(ErrorRecord),
    /// Last record of a scan.
    Summary(Summary),
    /// A record of a later version, when records are read back.
    #[serde(other)]
    Unknown,
}

/// The tool and what it compares with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Begin {
    /// [`SCHEMA`].
    pub schema: Cow<'static, str>,
    /// Identifies inputs, index, depth and version; the same for a repeated scan.
    pub scan_id: String,
    /// Version of this program.
    pub tool_version: Cow<'static, str>,
    /// When the run began; none in records of versions before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// The index; none in a comparison of two files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<IndexInfo>,
    /// How closely files were looked at: `standard` or `thorough`; none where that is not a question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<Cow<'static, str>>,
    /// The policies applied; empty where none are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policy: Vec<PolicyInfo>,
    /// State of the decision log that was applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decisions: Option<DecisionsInfo>,
    /// The delivery that was looked at, where one was waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryInfo>,
}

impl Begin {
    /// The first record of a run of this program that begins at `now`; told to the second.
    pub fn new(scan_id: String, index: Option<IndexInfo>, now: Timestamp) -> Begin {
        Begin {
            schema: SCHEMA.into(),
            scan_id,
            tool_version: env!("CARGO_PKG_VERSION").into(),
            started_at: Some(Timestamp::from_second(now.as_second()).unwrap_or(now)),
            index,
            depth: None,
            policy: Vec::new(),
            decisions: None,
            delivery: None,
        }
    }
}

/// A delivery as it was when it was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryInfo {
    /// Name of the file or folder.
    pub name: String,
    /// Digest of the names, sizes and times of change of the files in it.
    pub state: String,
    /// Files in it.
    pub files: u64,
    /// Their size together.
    pub bytes: u64,
}

/// A policy pack as it was applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyInfo {
    /// Name of the pack.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// Version of the pack.
    pub version: String,
    /// When its sources were last looked at (`YYYY-MM-DD`).
    pub verified_on: String,
    /// Whether that is too long ago to rely on.
    pub stale: bool,
}

impl PolicyInfo {
    /// Describes `pack` as of `today`.
    pub fn new(pack: &Pack, today: Date) -> PolicyInfo {
        PolicyInfo {
            id: pack.id.clone(),
            title: pack.title.clone(),
            version: pack.version.clone(),
            verified_on: pack.verified_on.to_string(),
            stale: pack.is_stale(today),
        }
    }
}

/// The state of a decision log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionsInfo {
    /// Entries in the log.
    pub entries: u64,
    /// Hash of the last of them, which vouches for all before it.
    pub head: String,
}

/// Which state of an index was used.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IndexInfo {
    /// Changes with the content of the index.
    pub id: String,
    /// References in it.
    pub tracks: usize,
    /// Digest of the fingerprint parameters.
    pub params_hash: String,
}

/// A person or cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Name {
    /// The name.
    pub name: String,
}

/// Industry identifiers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ExternalIds {
    /// International Standard Recording Code.
    pub isrc: Option<String>,
    /// Barcode of the release.
    pub upc: Option<String>,
}

/// The scanned file.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
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
    /// Account that uploaded it, as declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// Release it belongs to, as declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_id: Option<String>,
    /// Delivery batch, as declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_id: Option<String>,
    /// When it came in, as declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_at: Option<String>,
}

impl From<&Track> for QueryInfo {
    fn from(track: &Track) -> QueryInfo {
        let t = track.clone();
        QueryInfo {
            sha256: t.sha256_hex(),
            path: t.path,
            duration_ms: t.duration_ms,
            codec: if t.codec.is_empty() { INDEXED.to_owned() } else { t.codec },
            title: t.title,
            artists: names(t.artists),
            album: t.album,
            label: t.label,
            external_ids: ExternalIds { isrc: t.isrc, upc: t.upc },
            truncated: t.truncated,
            damaged_packets: t.damaged_packets,
            account_id: t.owner,
            release_id: t.release_id,
            batch_id: t.batch_id,
            received_at: t.received_at,
        }
    }
}

/// Outcome for one upload.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct VerdictRecord {
    /// The upload: its path.
    pub subject: String,
    /// The gravest level of its findings.
    pub verdict: Level,
    /// Rules behind it: those of its findings at `review` and above, gravest first.
    pub reasons: Vec<Rule>,
    /// The same in plain words, one sentence a finding.
    pub explanation: Vec<String>,
    /// What each policy asks about the reasons, with source and date.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub asks: Vec<String>,
    /// The verdict of each policy applied.
    pub by_policy: BTreeMap<String, Level>,
    /// What was declared about generators.
    pub ai_disclosure: AiDisclosure,
    /// Matches and clusters behind it.
    pub evidence: Vec<String>,
    /// Decisions that took findings away or added them.
    pub decisions: Vec<String>,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Decoded length.
    pub duration_ms: u64,
    /// What the upload says about itself.
    pub declared: Declared,
    /// What this tool does not look at: `not_ai_detection`, `not_composition_match`, `not_legal_advice`.
    pub limits: Vec<String>,
}

impl VerdictRecord {
    /// The record of a verdict on `upload`, in which `decisions` played a part.
    pub fn new(upload: &Upload, verdict: Verdict, decisions: Vec<String>) -> VerdictRecord {
        VerdictRecord {
            subject: upload.track.path.clone(),
            verdict: verdict.level,
            reasons: verdict.reasons,
            explanation: verdict.explanation,
            asks: verdict.asks,
            by_policy: verdict.by_policy,
            ai_disclosure: upload.declared.ai.clone(),
            evidence: verdict.evidence,
            decisions,
            sha256: upload.track.sha256_hex(),
            duration_ms: upload.track.duration_ms,
            declared: upload.declared.clone(),
            limits: verdict.limits,
        }
    }
}

/// The reference that was met.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
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

impl From<&Track> for ReferenceInfo {
    fn from(track: &Track) -> ReferenceInfo {
        let t = track.clone();
        ReferenceInfo {
            ref_id: t.ref_id(),
            path: t.path,
            title: t.title,
            artists: names(t.artists),
            album: t.album,
            external_ids: ExternalIds { isrc: t.isrc, upc: t.upc },
            label: t.label,
            catalog: t.catalogue,
            owner: t.owner,
            duration_ms: t.duration_ms,
        }
    }
}

fn names(artists: Vec<String>) -> Vec<Name> {
    artists.into_iter().map(|name| Name { name }).collect()
}

/// A stretch of the query and the stretch of the reference it runs along.
#[derive(Debug, Clone, Serialize, Deserialize)]
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
    /// Another place of the reference that holds what an earlier segment of the query is; not counted as covered.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repeat: bool,
}

impl SegmentRecord {
    fn new(s: &AlignedSegment, repeat: bool) -> SegmentRecord {
        SegmentRecord {
            sample_begin_time_offset_ms: s.query_ms.0,
            sample_end_time_offset_ms: s.query_ms.1,
            db_begin_time_offset_ms: s.reference_ms.0,
            db_end_time_offset_ms: s.reference_ms.1,
            matched_peaks: s.matched_peaks,
            query_peaks: s.query_peaks,
            peaks_per_second: rounded(s.peaks_per_second(), 1),
            time_factor: rounded(s.time_factor, 5),
            pitch_cents: rounded(s.pitch_cents, 1),
            repeat,
        }
    }

    /// The segment, as exactly as the record tells it.
    pub fn segment(&self) -> AlignedSegment {
        AlignedSegment {
            query_ms: (self.sample_begin_time_offset_ms, self.sample_end_time_offset_ms),
            reference_ms: (self.db_begin_time_offset_ms, self.db_end_time_offset_ms),
            matched_peaks: self.matched_peaks,
            query_peaks: self.query_peaks,
            time_factor: self.time_factor,
            pitch_cents: self.pitch_cents,
        }
    }
}

/// A resemblance and its evidence.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MatchRecord {
    /// Names query and reference; the same for a repeated scan.
    pub match_id: String,
    /// What it is.
    pub match_kind: MatchKind,
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
    /// Where, on both sides, in query order; then other places of the reference that hold the same.
    pub segments: Vec<SegmentRecord>,
    /// The decision by which the match is not held against the upload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_by: Option<String>,
}

impl MatchRecord {
    /// The segments that are counted as covered: all but repeats.
    pub fn own_segments(&self) -> impl DoubleEndedIterator<Item = &SegmentRecord> {
        self.segments.iter().filter(|s| !s.repeat)
    }

    /// What was measured, as exactly as the record tells it.
    pub fn measures(&self) -> Measures {
        Measures {
            score: self.score,
            log10_evalue: self.log10_evalue,
            query_match_pct: self.query_match_pct,
            asset_match_pct: self.asset_match_pct,
            peaks_per_second: self.peaks_per_second,
            time_factor: self.time_factor,
            pitch_cents: self.pitch_cents,
        }
    }
}

impl From<&Match> for MatchRecord {
    fn from(m: &Match) -> MatchRecord {
        let own = m.segments.iter().map(|s| SegmentRecord::new(s, false));
        let repeats = m.repeats.iter().map(|s| SegmentRecord::new(s, true));
        let measured = &m.measures;
        MatchRecord {
            match_id: m.id.clone(),
            match_kind: m.kind,
            accepted: m.is_accepted(),
            score: rounded(measured.score, 2),
            log10_evalue: rounded(measured.log10_evalue, 2),
            query: QueryInfo::from(&*m.query),
            reference: ReferenceInfo::from(&*m.reference),
            query_match_pct: rounded(measured.query_match_pct, 1),
            asset_match_pct: rounded(measured.asset_match_pct, 1),
            peaks_per_second: rounded(measured.peaks_per_second, 1),
            modified: m.modified,
            time_factor: rounded(measured.time_factor, 5),
            frequency_factor: rounded((measured.pitch_cents / 1200.0).exp2(), 5),
            pitch_cents: rounded(measured.pitch_cents, 1),
            segments: own.chain(repeats).collect(),
            allowed_by: m.allowed_by.clone(),
        }
    }
}

/// Whether anything was found in a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScanResult {
    /// At least one accepted match.
    Matched,
    /// None.
    NoMatch,
    /// Nothing in it can be fingerprinted (silence, a steady tone), so nothing can be said.
    NoFeatures,
}

impl ScanResult {
    /// The result of a query with so many accepted `matches`; `featureless`: nothing in it can be
    /// fingerprinted.
    pub fn of(matches: usize, featureless: bool) -> ScanResult {
        match matches {
            0 if featureless => ScanResult::NoFeatures,
            0 => ScanResult::NoMatch,
            _ => ScanResult::Matched,
        }
    }

    /// Name in records.
    pub fn name(self) -> &'static str {
        match self {
            ScanResult::Matched => "matched",
            ScanResult::NoMatch => "no_match",
            ScanResult::NoFeatures => "no_features",
        }
    }
}

/// Outcome for one query.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Scanned {
    /// The scanned file.
    pub query: QueryInfo,
    /// Whether anything was found.
    pub result: ScanResult,
    /// Accepted matches.
    pub matches: usize,
    /// What sounds when, where the matches make a mix; empty otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tracklist: Vec<TracklistEntry>,
    /// Silence, noise, repetition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<Signal>,
}

/// A stretch of a mix and the reference that sounds in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TracklistEntry {
    /// Begin in the file.
    pub sample_begin_time_offset_ms: u64,
    /// End in the file.
    pub sample_end_time_offset_ms: u64,
    /// The match that says so.
    pub match_id: String,
    /// Identifier of the reference's content.
    pub ref_id: String,
    /// Path the reference was indexed from.
    pub path: String,
    /// Title of the reference.
    pub title: Option<String>,
    /// Artists of the reference.
    pub artists: Vec<Name>,
}

/// An input that could not be used.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ErrorRecord {
    /// The input.
    pub subject: String,
    /// Short, stable name of the cause.
    pub code: Cow<'static, str>,
    /// The cause in words.
    pub message: String,
}

impl ErrorRecord {
    /// The record of a file that could not be analysed.
    pub fn audio(path: &std::path::Path, error: &AudioError) -> ErrorRecord {
        ErrorRecord {
            subject: path.to_string_lossy().into_owned(),
            code: error.code().into(),
            message: error.to_string(),
        }
    }

    /// The record of a file with which something else went wrong.
    pub fn other(path: &std::path::Path, error: &dyn std::error::Error) -> ErrorRecord {
        ErrorRecord {
            subject: path.to_string_lossy().into_owned(),
            code: "internal".into(),
            message: error.to_string(),
        }
    }
}

impl From<&DeliveryError> for ErrorRecord {
    fn from(error: &DeliveryError) -> ErrorRecord {
        ErrorRecord {
            subject: error.subject.clone(),
            code: error.code.into(),
            message: error.message.clone(),
        }
    }
}

impl From<&InputError> for ErrorRecord {
    fn from(error: &InputError) -> ErrorRecord {
        ErrorRecord {
            subject: error.path.to_string_lossy().into_owned(),
            code: "io_error".into(),
            message: error.to_string(),
        }
    }
}

/// Totals of a scan.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
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
    /// Uploads by verdict.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub verdicts: BTreeMap<Level, usize>,
    /// Clusters of near-duplicates.
    #[serde(default)]
    pub clusters: usize,
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

impl Summary {
    /// Fills in what depends on the time that the run took.
    pub fn timed(&mut self, wall: Duration) {
        self.wall_ms = wall.as_millis() as u64;
        self.realtime_factor = rounded(self.audio_seconds / wall.as_secs_f64().max(1e-3), 1);
        self.audio_seconds = rounded(self.audio_seconds, 3);
    }
}
