//! A resemblance: that two tracks play the same, in the units that people and rules use.
//!
//! Beside, never among, the matches: a [`Match`](crate::matches::Match) says that two tracks have a recording in
//! common, a resemblance only that one plays what the other plays, on whatever instruments, in whatever key and tempo.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::counted::count;
use crate::id::resemblance_id;
use crate::track::Track;
use crate::works::align::Path;
use crate::works::channel::Channel as Heard;
use crate::works::evidence::WorkEvidence;
use crate::works::params::WorkParams;
use crate::works::sequence::{CLASSES, ROWS_PER_SECOND};

/// Milliseconds of a row.
const ROW_MS: f64 = 1000.0 / ROWS_PER_SECOND as f64;

/// What two tracks have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Chords and bass, in the same rhythm.
    Harmony,
    /// The leading voice.
    Melody,
    /// Both, of which neither says as much.
    Both,
}

impl Channel {
    /// What `found` rests on.
    fn of(found: &WorkEvidence) -> Channel {
        match found.channel {
            _ if found.is_both => Channel::Both,
            Heard::Harmony => Channel::Harmony,
            Heard::Melody => Channel::Melody,
        }
    }

    /// Name in records.
    pub fn name(self) -> &'static str {
        match self {
            Channel::Harmony => "harmony",
            Channel::Melody => "melody",
            Channel::Both => "both",
        }
    }
}

/// Another work that a query was aligned with, and how far it stands out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NextBest {
    /// The work.
    pub reference: Arc<Track>,
    /// Deviations of its score from those of unrelated works.
    pub z: f64,
}

/// A query and a reference that play the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resemblance {
    /// Names query and reference (`w_…`); the same for a repeated scan.
    pub id: String,
    /// What they have in common.
    pub channel: Channel,
    /// The track in question.
    pub query: Arc<Track>,
    /// The track that plays the same.
    pub reference: Arc<Track>,
    /// Begin and end in the query, ms.
    pub query_ms: (u64, u64),
    /// Begin and end in the reference, ms.
    pub reference_ms: (u64, u64),
    /// Semitones by which the query sounds higher, -5 to 6; octaves are not told apart.
    pub transposition: i8,
    /// Above 1: the query plays faster.
    pub time_factor: f64,
    /// Mean correlation along the alignment, 0 to 1.
    pub agreement: f64,
    /// Deviations of the score from those of unrelated works, in the channel that says most.
    pub z: f64,
    /// The same of the chords, where both sides have any.
    pub harmony_z: Option<f64>,
    /// The same of the tune.
    pub melody_z: Option<f64>,
    /// It was looked for in many files at once, so that more must speak for it.
    pub in_bulk: bool,
    /// `log10` of the expected number of works that would score as high by chance.
    pub log10_evalue: f64,
    /// Share of works drawn at random that score at least half as high, per cent: whether it is a common progression.
    pub common_pct: f64,
    /// Works that it was looked for among.
    pub works: usize,
    /// Whether they are enough to tell what chance gives.
    pub can_tell: bool,
    /// The best other works, the best first.
    pub next_best: Vec<NextBest>,
    /// The decision by which it is not held against the query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_by: Option<String>,
}

impl Resemblance {
    /// What `found` along `path` says of `query` and `reference`, among so many works.
    #[doc(hidden)]
    pub fn new(
        query: &Arc<Track>,
        reference: &Arc<Track>,
        (found, path): (&WorkEvidence, &Path),
        (works, in_bulk): (usize, bool),
        next_best: Vec<NextBest>,
    ) -> Resemblance {
        let slower = f64::from(found.line.near) / 1000.0;
        let (query_ms, reference_ms) = spans(path, slower);
        Resemblance {
            id: resemblance_id(&query.sha256_hex(), &reference.ref_id()),
            channel: Channel::of(found),
            query: query.clone(),
            reference: reference.clone(),
            query_ms,
            reference_ms,
            transposition: semitones(-i32::from(found.line.up)),
            time_factor: slower * path.slope(),
            agreement: f64::from(path.agreement()),
            z: found.leading_z(),
            harmony_z: found.z[Heard::Harmony as usize],
            melody_z: found.z[Heard::Melody as usize],
            in_bulk,
            log10_evalue: log10_evalue(found),
            common_pct: 100.0 * found.common,
            works,
            can_tell: found.can_tell,
            next_best,
            allowed_by: None,
        }
    }

    /// Seconds of the query that are aligned.
    pub fn seconds(&self) -> f64 {
        self.query_ms.1.saturating_sub(self.query_ms.0) as f64 / 1000.0
    }

    /// Whether it is beyond what chance gives, and long enough.
    pub fn is_accepted(&self) -> bool {
        let is_beyond = is_beyond_chance(self.channel, self.log10_evalue, self.in_bulk);
        self.can_tell && is_beyond && self.seconds() >= WorkParams::V1.tell.aligned_s
    }

    /// Whether what was `found` may be accepted, if it is long enough.
    #[doc(hidden)]
    pub fn may_be_accepted(found: &WorkEvidence, in_bulk: bool) -> bool {
        found.can_tell && is_beyond_chance(Channel::of(found), log10_evalue(found), in_bulk)
    }
}

/// Semitones without octaves, -5 to 6.
#[doc(hidden)]
pub fn semitones(up: i32) -> i8 {
    let classes = CLASSES as i32;
    let up = up.rem_euclid(classes);
    (if 2 * up > classes { up - classes } else { up }) as i8
}

/// In which key and tempo something is played against something else: "3 semitones lower, 9 % slower".
#[doc(hidden)]
pub fn played_words(semitones: i8, faster: f64) -> String {
    let key = match semitones {
        0 => "in the same key".to_owned(),
        up => {
            let size = count(usize::from(up.unsigned_abs()), "semitone", "semitones");
            format!("{size} {}", if up > 0 { "higher" } else { "lower" })
        }
    };
    let change = 100.0 * (faster - 1.0);
    let tempo = match change.abs() {
        0.0..1.0 => "at the same tempo".to_owned(),
        size => format!("{size:.0} % {}", if change > 0.0 { "faster" } else { "slower" }),
    };
    format!("{key}, {tempo}")
}

fn log10_evalue(found: &WorkEvidence) -> f64 {
    found.expected.max(f64::MIN_POSITIVE).log10()
}

/// Harmony alone must be far beyond chance: three chords that repeat are no find. So must what is one of many.
fn is_beyond_chance(channel: Channel, log10_evalue: f64, in_bulk: bool) -> bool {
    let tell = &WorkParams::V1.tell;
    let is_strict = in_bulk || channel == Channel::Harmony;
    let line = if is_strict { tell.expected_strict } else { tell.expected };
    log10_evalue <= line.log10()
}

/// Where an alignment lies on both sides, in ms; the query was played `slower`.
fn spans(path: &Path, slower: f64) -> ((u64, u64), (u64, u64)) {
    let (Some(first), Some(last)) = (path.cells.first(), path.cells.last()) else {
        return ((0, 0), (0, 0));
    };
    let query = |row: u32| (f64::from(row) / slower * ROW_MS).round() as u64;
    let reference = |row: u32| (f64::from(row) * ROW_MS).round() as u64;
    ((query(first.0), query(last.0 + 1)), (reference(first.1), reference(last.1 + 1)))
}
