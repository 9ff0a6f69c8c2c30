//! What is told about a family of tracks that play the same without being copies; also the form it has in records.

use serde::{Deserialize, Serialize};

use super::cluster::{IdentitySpread, Window};
use crate::level::Level;
use crate::resemblance::Channel;

/// One track of a family, and how it relates to the representative.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FamilyMember {
    /// Path as given, or as indexed.
    pub path: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Decoded length.
    pub duration_ms: u64,
    /// Declared title.
    pub title: Option<String>,
    /// Declared artists.
    pub artists: Vec<String>,
    /// Declared recording code.
    pub isrc: Option<String>,
    /// Declared product code.
    pub upc: Option<String>,
    /// Label.
    pub label: Option<String>,
    /// Account that uploaded it.
    pub account: Option<String>,
    /// When it came in.
    pub received_at: Option<String>,
    /// Declared use of generators: `undeclared`, `none`, `partly`, `all`.
    pub ai: String,
    /// It is no upload of this batch but lies in the index of earlier ones.
    pub earlier: bool,
    /// The cluster of near-duplicates that it belongs to: all of them are one recording of the family.
    pub cluster_id: Option<String>,
    /// Against the representative: above 0, this one sounds so many semitones higher, -5 to 6.
    pub transposition_semitones: i8,
    /// Against the representative: above 1, this one plays faster.
    pub time_factor: f64,
    /// The same in words.
    pub differs: String,
}

/// That two members play the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FamilyTie {
    /// Names the two; the same for a repeated run.
    pub resemblance_id: String,
    /// Position of the first in `member_details`.
    pub a: usize,
    /// Position of the second.
    pub b: usize,
    /// What they have in common: `harmony`, `melody` or `both`.
    pub channel: Channel,
    /// Begin in the first.
    pub a_begin_ms: u64,
    /// End in the first.
    pub a_end_ms: u64,
    /// Begin in the second.
    pub b_begin_ms: u64,
    /// End in the second.
    pub b_end_ms: u64,
    /// Above 0: the second sounds so many semitones higher, -5 to 6; octaves are not told apart.
    pub transposition_semitones: i8,
    /// Above 1: the second plays faster.
    pub time_factor: f64,
    /// Mean correlation along the alignment, per cent.
    pub agreement_pct: f64,
    /// Deviations of the score from those of unrelated works.
    pub z: f64,
    /// The same of the chords, where both have any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub harmony_z: Option<f64>,
    /// The same of the tune.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub melody_z: Option<f64>,
    /// `log10` of the expected number of ties as good by chance among all pairs that were looked at.
    pub log10_evalue: f64,
    /// Share of unrelated works that score at least half as high, per cent: high for common progressions.
    pub common_pct: f64,
}

/// What chance is measured by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeasuredBy {
    /// The other works.
    #[default]
    Works,
    /// Their bars in another order: there were too few others.
    ShuffledBars,
}

/// Recordings that share what is played, not what is heard.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Family {
    /// Names the members; the same for a repeated run.
    pub family_id: String,
    /// Members.
    pub size: usize,
    /// Recordings among them: near-duplicates are one.
    pub recordings: usize,
    /// Never more than `review`.
    pub level: Level,
    /// What is shared and how, in one or two sentences.
    pub explanation: String,
    /// How many identities share it.
    pub identity: IdentitySpread,
    /// When they came in.
    pub window: Window,
    /// Path of the member that the others stand out with most.
    pub representative: String,
    /// Paths of the members, sorted by path.
    pub members: Vec<String>,
    /// The same with what is known of each.
    pub member_details: Vec<FamilyMember>,
    /// Which members play the same, one tie for two recordings.
    pub ties: Vec<FamilyTie>,
    /// `log10` of the expected number of chance ties as good as the weakest.
    pub weakest_log10_evalue: f64,
    /// Works that each was looked for among.
    pub works: usize,
    /// What chance is measured by: `works`, or `shuffled_bars` where there were too few of them.
    pub measured_by: MeasuredBy,
}
