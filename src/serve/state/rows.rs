//! What the state holds of uploads and clusters, as the queue shows them.

use rusqlite::Row;
use serde::{Deserialize, Serialize};

use crate::level::Level;

/// What an upload came to, with the case that nothing can be said of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It could not be read.
    Unreadable,
    /// A level.
    Level(Level),
}

impl Verdict {
    /// All, the gravest first.
    pub const ALL: [Verdict; 5] = [
        Verdict::Level(Level::Reject),
        Verdict::Level(Level::Hold),
        Verdict::Level(Level::Review),
        Verdict::Level(Level::Clear),
        Verdict::Unreadable,
    ];

    /// Name in the interface.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Unreadable => "unreadable",
            Verdict::Level(level) => level.name(),
        }
    }

    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Verdict> {
        Verdict::ALL.into_iter().find(|v| v.name() == name)
    }

    pub(super) fn number(self) -> i64 {
        match self {
            Verdict::Unreadable => -1,
            Verdict::Level(level) => level as i64,
        }
    }

    pub(super) fn of(number: i64) -> Verdict {
        Verdict::ALL.into_iter().find(|v| v.number() == number).unwrap_or(Verdict::Unreadable)
    }
}

/// Where an upload stands at the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Somebody should decide.
    Open,
    /// Put aside.
    Parked,
    /// Kept back.
    Held,
    /// Refused.
    Rejected,
    /// Let through by a person.
    Passed,
    /// Nothing to decide.
    Clear,
}

impl Status {
    /// All, in the order of the desk.
    pub const ALL: [Status; 6] = [
        Status::Open,
        Status::Parked,
        Status::Held,
        Status::Rejected,
        Status::Passed,
        Status::Clear,
    ];

    /// Name in the interface.
    pub fn name(self) -> &'static str {
        match self {
            Status::Open => "open",
            Status::Parked => "parked",
            Status::Held => "held",
            Status::Rejected => "rejected",
            Status::Passed => "passed",
            Status::Clear => "clear",
        }
    }

    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Status> {
        Status::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// An upload to be entered.
#[derive(Debug, Clone)]
pub struct NewUpload {
    /// What is shown; its name, number and decisions are given by the state.
    pub row: UploadRow,
    /// Its records.
    pub lines: Vec<LineRow>,
}

/// Where a record stands in the file of its job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineRow {
    /// Type of the record.
    pub kind: String,
    /// What it is called: a match, a cluster; else nothing.
    pub key: String,
    /// First byte.
    pub start: u64,
    /// Bytes, without the newline.
    pub length: u64,
}

/// A cluster to be entered, with the positions of its uploads among those of the job.
#[derive(Debug, Clone)]
pub struct NewCluster {
    /// What is shown.
    pub row: ClusterRow,
    /// Its uploads.
    pub uploads: Vec<usize>,
}

/// A cluster of near-duplicates.
#[derive(Debug, Clone)]
pub struct ClusterRow {
    /// Its name.
    pub id: String,
    /// The job that found it.
    pub job: String,
    /// Members.
    pub size: u64,
    /// 0 to 100.
    pub score: f64,
    /// How grave.
    pub level: Verdict,
    /// In a sentence.
    pub says: String,
    /// Where its record stands.
    pub line: LineRow,
}

/// An upload as the queue shows it.
#[derive(Debug, Clone)]
pub struct UploadRow {
    /// Number in the order of arrival.
    pub n: i64,
    /// Its name, `u_` and 16 hexadecimal digits.
    pub id: String,
    /// The job it came with.
    pub job: String,
    /// Its path, as records name it.
    pub path: String,
    /// Name of the file.
    pub name: String,
    /// SHA-256 of the file; empty where it could not be read.
    pub sha256: String,
    /// Title, as declared or tagged.
    pub title: Option<String>,
    /// Artists, likewise.
    pub artists: Option<String>,
    /// Title of the release.
    pub album: Option<String>,
    /// What groups the uploads of a release: its identifier, its code or its title.
    pub release: Option<String>,
    /// Label.
    pub label: Option<String>,
    /// Account.
    pub account: Option<String>,
    /// Recording code.
    pub isrc: Option<String>,
    /// Decoded length.
    pub duration_ms: u64,
    /// Codec.
    pub codec: String,
    /// When it was looked at (RFC 3339).
    pub received_at: String,
    /// What it came to.
    pub verdict: Verdict,
    /// Order of the queue.
    pub rank: i64,
    /// Outcome of the search.
    pub result: Option<String>,
    /// Accepted matches that nobody allowed.
    pub matches: u64,
    /// The surest reference.
    pub best: Option<String>,
    /// Share of the upload that runs along it, per cent.
    pub best_pct: Option<f64>,
    /// Works that it resembles.
    pub resemblances: u64,
    /// Clusters it is a member of.
    pub clusters: u64,
    /// Rules behind the verdict, separated by blanks.
    pub rules: String,
    /// The gravest reason in words.
    pub says: String,
    /// Why it could not be read.
    pub error: Option<String>,
    /// State of the index it was compared with.
    pub index_id: Option<String>,
    /// Where it stands at the desk.
    pub status: Status,
    /// What a reviewer has seen, so that nobody overwrites another.
    pub revision: i64,
    /// What it said of people was taken out of it.
    pub erased: bool,
}

/// The columns of an upload, in the order of [`UploadRow::of`].
pub(super) const COLUMNS: &str = "n, id, job, path, name, sha256, title, artists, album, release, label, \
    account, isrc, duration_ms, codec, received_at, verdict, rank, result, matches, best, best_pct, \
    resemblances, clusters, rules, says, error, index_id, status, revision, erased_at IS NOT NULL";

impl UploadRow {
    #[cfg(test)]
    pub(in crate::serve) fn for_tests() -> UploadRow {
        UploadRow {
            n: 0,
            id: String::new(),
            job: String::new(),
            path: String::new(),
            name: String::new(),
            sha256: String::new(),
            title: None,
            artists: None,
            album: None,
            release: None,
            label: None,
            account: None,
            isrc: None,
            duration_ms: 1,
            codec: String::new(),
            received_at: String::new(),
            verdict: Verdict::Unreadable,
            rank: 0,
            result: None,
            matches: 0,
            best: None,
            best_pct: None,
            resemblances: 0,
            clusters: 0,
            rules: String::new(),
            says: String::new(),
            error: None,
            index_id: None,
            status: Status::Open,
            revision: 0,
            erased: false,
        }
    }

    pub(super) fn of(row: &Row<'_>) -> rusqlite::Result<UploadRow> {
        let count = |at| row.get::<_, i64>(at).map(i64::unsigned_abs);
        let status: String = row.get(28)?;
        Ok(UploadRow {
            n: row.get(0)?,
            id: row.get(1)?,
            job: row.get(2)?,
            path: row.get(3)?,
            name: row.get(4)?,
            sha256: row.get(5)?,
            title: row.get(6)?,
            artists: row.get(7)?,
            album: row.get(8)?,
            release: row.get(9)?,
            label: row.get(10)?,
            account: row.get(11)?,
            isrc: row.get(12)?,
            duration_ms: count(13)?,
            codec: row.get(14)?,
            received_at: row.get(15)?,
            verdict: Verdict::of(row.get(16)?),
            rank: row.get(17)?,
            result: row.get(18)?,
            matches: count(19)?,
            best: row.get(20)?,
            best_pct: row.get(21)?,
            resemblances: count(22)?,
            clusters: count(23)?,
            rules: row.get(24)?,
            says: row.get(25)?,
            error: row.get(26)?,
            index_id: row.get(27)?,
            status: Status::from_name(&status).unwrap_or(Status::Open),
            revision: row.get(29)?,
            erased: row.get(30)?,
        })
    }
}
