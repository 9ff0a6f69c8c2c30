//! What is told about a cluster of near-duplicates; also the form it has in records.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::series::SeriesFact;
use crate::level::Level;
use crate::scan::kind::MatchKind;

/// How many different values the members of a cluster declare; absent values do not count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IdentitySpread {
    /// Titles.
    pub titles: usize,
    /// Artists.
    pub artists: usize,
    /// Recording codes.
    pub isrcs: usize,
    /// Registrant parts of the recording codes.
    pub isrc_registrants: usize,
    /// Accounts.
    pub accounts: usize,
    /// Labels.
    pub labels: usize,
    /// Product codes.
    pub upcs: usize,
}

/// When the members came in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Window {
    /// First arrival as declared.
    pub first: Option<String>,
    /// Last arrival as declared.
    pub last: Option<String>,
    /// Time between them.
    pub seconds: Option<u64>,
}

/// Lengths of the members.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Durations {
    /// Median.
    pub p50: u64,
    /// Distance between the quartiles.
    pub iqr: u64,
}

/// One track of a cluster, and how it relates to the representative.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Member {
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
    /// Against the representative: above 1, this one plays faster.
    pub time_factor: f64,
    /// Against the representative: above 0, this one sounds higher.
    pub pitch_cents: f64,
    /// Time in the representative that this one begins with; negative when this one begins earlier.
    pub offset_ms: i64,
    /// How it differs from the representative, in words: "pitch +40 cents, encoded anew".
    pub differs: String,
}

/// A verified overlap of two members.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Edge {
    /// Position of the first in `member_details`.
    pub a: usize,
    /// Position of the second.
    pub b: usize,
    /// Share of the first that runs along the second, per cent.
    pub a_pct: f64,
    /// Share of the second.
    pub b_pct: f64,
    /// `log10` of the expected number of overlaps as good by chance.
    pub log10_evalue: f64,
    /// Above 1: the second plays faster.
    pub time_factor: f64,
    /// Above 0: the second sounds higher.
    pub pitch_cents: f64,
    /// What the two have in common.
    pub kind: MatchKind,
}

impl Cluster {
    /// Paths of the members that are tied to the one at `path` as versions only, not as copies.
    pub fn versions_of(&self, path: &str) -> BTreeSet<&str> {
        let name = |i: usize| self.member_details.get(i).map_or("", |m| m.path.as_str());
        let tied = self.edges.iter().filter(|e| e.kind == MatchKind::Version);
        let other = |e: &Edge| match (name(e.a), name(e.b)) {
            (a, b) if a == path => Some(b),
            (a, b) if b == path => Some(a),
            _ => None,
        };
        tied.filter_map(other).collect()
    }
}

/// A weaker tie to a track outside the cluster, shown as context.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tie {
    /// The member, by its path.
    pub member: String,
    /// The other track, by its path.
    pub other: String,
    /// Share of the member that is shared, per cent.
    pub member_pct: f64,
    /// Share of the other.
    pub other_pct: f64,
    /// `log10` of the expected number of overlaps as good by chance.
    pub log10_evalue: f64,
}

/// What one signal adds to the score of a cluster.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Contribution {
    /// Name of the signal.
    pub signal: String,
    /// Its weight, 0 to 1.
    pub weight: f64,
    /// How strongly it is present, 0 to 1.
    pub value: f64,
    /// Points of the score that would be missing without it.
    pub points: f64,
    /// In plain words.
    pub text: String,
}

/// A cluster of near-duplicates.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cluster {
    /// Names the members; the same for a repeated run.
    pub cluster_id: String,
    /// Members.
    pub size: usize,
    /// 0 to 100.
    pub score: f64,
    /// `review` from 40 on, `hold` from 70 on.
    pub level: Level,
    /// What is shared and how, in one or two sentences.
    pub explanation: String,
    /// How many identities share the recording.
    pub identity: IdentitySpread,
    /// When they came in.
    pub window: Window,
    /// Lengths.
    pub duration_ms: Durations,
    /// Least and greatest pitch against the representative.
    pub pitch_cents_range: [f64; 2],
    /// Least and greatest speed against the representative.
    pub time_factor_range: [f64; 2],
    /// Path of the member that most others overlap with best.
    pub representative: String,
    /// Paths of the members, sorted by path.
    pub members: Vec<String>,
    /// The same with what is known of each.
    pub member_details: Vec<Member>,
    /// Verified overlaps between members.
    pub edges: Vec<Edge>,
    /// Share of the possible pairs that were compared and are edges, 0 to 1.
    pub density: f64,
    /// Smaller coverage of the weakest edge that holds the cluster together, per cent.
    pub weakest_edge_pct: f64,
    /// What the score is made of, greatest first.
    pub contributions: Vec<Contribution>,
    /// Weaker ties to tracks outside.
    pub context: Vec<Tie>,
    /// What shows that its files were made in a series; context, too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub series: Vec<SeriesFact>,
}
