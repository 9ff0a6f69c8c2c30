//! The first and the last record of a run: what ran, when, against what, and what it came to.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::dedup::params::DedupParams;
use crate::level::Level;
use crate::policy::Pack;
use crate::rounding::rounded;
use crate::scan::params::ScanParams;

/// Name and version of the record format.
pub const SCHEMA: &str = "soundalike/1";

/// The tool and what it compares with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Begin {
    /// [`SCHEMA`].
    pub schema: Cow<'static, str>,
    /// Identifies inputs, index, depth and version; the same for a repeated scan.
    pub scan_id: String,
    /// Version of this program.
    pub tool_version: Cow<'static, str>,
    /// Name and digest of the parameters that scores and candidates rest on; none in records of versions before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scan_params: Option<String>,
    /// The same of those that resemblances rest on; none where they were not looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work_params: Option<String>,
    /// The same of those that clusters and their scores rest on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedup_params: Option<String>,
    /// When the run began; none in records of versions before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When verdicts were made again, by decisions made since and without another look at the files; none where
    /// they were not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged_at: Option<Timestamp>,
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
            scan_params: Some(ScanParams::V1.id()),
            work_params: None,
            dedup_params: Some(DedupParams::V2.id()),
            started_at: Some(Timestamp::from_second(now.as_second()).unwrap_or(now)),
            judged_at: None,
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
    /// Files without a match that play what references play.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub resembling: usize,
    /// Files that could not be used.
    pub errors: usize,
    /// Files of folders that are sound but not read, and archives.
    #[serde(default)]
    pub not_looked_at: usize,
    /// Messages with which no files were delivered: takedowns, and updates that do not send them again.
    #[serde(default)]
    pub without_files: usize,
    /// Uploads by verdict.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub verdicts: BTreeMap<Level, usize>,
    /// Clusters of near-duplicates.
    #[serde(default)]
    pub clusters: usize,
    /// Families of tracks that play the same without being copies; none where that was not looked for.
    #[doc(hidden)]
    #[serde(default, skip_serializing_if = "is_zero")]
    pub families: usize,
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

fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Summary {
    /// Fills in what depends on the time that the run took.
    pub fn timed(&mut self, wall: Duration) {
        self.wall_ms = wall.as_millis() as u64;
        self.realtime_factor = rounded(self.audio_seconds / wall.as_secs_f64().max(1e-3), 1);
        self.audio_seconds = rounded(self.audio_seconds, 3);
    }
}
