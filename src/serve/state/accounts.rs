//! What the state knows of one account over time.

use rusqlite::{Connection, params};

use super::reviews::review_of;
use super::rows::COLUMNS;
use super::uploads::cluster_of;
use super::{ClusterRow, LineRow, ReviewRow, StateError, Status, Store, UploadRow, Verdict};

/// Uploads of one day (UTC) that came to the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayRow {
    /// The day, as in `2026-01-31`.
    pub day: String,
    /// What they came to.
    pub verdict: Verdict,
    /// Where they stand.
    pub status: Status,
    /// How many.
    pub uploads: u64,
}

/// A value that an account gave, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedRow {
    /// As written.
    pub value: String,
    /// In so many uploads.
    pub uploads: u64,
    /// The first day.
    pub first: String,
    /// The last day.
    pub last: String,
}

/// What is asked about, by the name of its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Used {
    /// Credited artists.
    Artists,
    /// Labels.
    Label,
    /// Releases.
    Release,
    /// Registrants: the first five characters of recording codes.
    Registrant,
}

impl Used {
    fn expression(self) -> &'static str {
        match self {
            Used::Artists => "artists",
            Used::Label => "label",
            Used::Release => "coalesce(album, release)",
            Used::Registrant => "upper(substr(replace(isrc, '-', ''), 1, 5))",
        }
    }
}

/// A review, with the name and the title of its upload.
pub type Reviewed = (ReviewRow, String, String);

impl Store {
    /// How many uploads of `account` came on each day, the earliest day first.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn days_of(&self, account: &str) -> Result<Vec<DayRow>, StateError> {
        self.read(|db| {
            let mut query = db.prepare_cached(
                "SELECT substr(received_at, 1, 10), verdict, status, count(*) FROM uploads \
                 WHERE account = ?1 GROUP BY 1, 2, 3 ORDER BY 1, 2 DESC, 3",
            )?;
            let rows = query.query_map([account], |row| {
                Ok(DayRow {
                    day: row.get(0)?,
                    verdict: Verdict::of(row.get(1)?),
                    status: Status::from_name(&row.get::<_, String>(2)?).unwrap_or(Status::Open),
                    uploads: row.get::<_, i64>(3)?.unsigned_abs(),
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// What `account` gave of this kind, the most frequent first; and how many different ones there are.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn used_by(
        &self,
        account: &str,
        what: Used,
        most: u32,
    ) -> Result<(Vec<UsedRow>, u64), StateError> {
        self.read(|db| {
            let value = what.expression();
            let grouped = format!(
                "SELECT {value} AS value, count(*) AS uploads, min(substr(received_at, 1, 10)), \
                 max(substr(received_at, 1, 10)) FROM uploads \
                 WHERE account = ?1 AND value IS NOT NULL AND value <> '' GROUP BY value"
            );
            let different = format!("SELECT count(*) FROM ({grouped})");
            let different: i64 =
                db.prepare_cached(&different)?.query_row([account], |row| row.get(0))?;
            let query = format!("{grouped} ORDER BY uploads DESC, value LIMIT ?2");
            let mut query = db.prepare_cached(&query)?;
            let rows = query.query_map(params![account, most], |row| {
                Ok(UsedRow {
                    value: row.get(0)?,
                    uploads: row.get::<_, i64>(1)?.unsigned_abs(),
                    first: row.get(2)?,
                    last: row.get(3)?,
                })
            })?;
            Ok((rows.collect::<rusqlite::Result<_>>()?, different.unsigned_abs()))
        })
    }

    /// The latest uploads of `account`, the latest first.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn latest_of(&self, account: &str, most: u32) -> Result<Vec<UploadRow>, StateError> {
        self.read(|db| {
            let query = format!(
                "SELECT {COLUMNS} FROM uploads WHERE account = ?1 ORDER BY n DESC LIMIT ?2"
            );
            let mut query = db.prepare_cached(&query)?;
            let rows = query.query_map(params![account, most], UploadRow::of)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Decisions on uploads of `account`, the latest first.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn reviews_of_account(
        &self,
        account: &str,
        most: u32,
    ) -> Result<Vec<Reviewed>, StateError> {
        self.read(|db| {
            let mut query = db.prepare_cached(
                "SELECT r.seq, r.id, r.action, r.reason, r.who, r.at, r.until, r.rulings, r.undoes, \
                 u.id, coalesce(u.title, u.name) FROM uploads u JOIN reviews r ON r.upload = u.id \
                 WHERE u.account = ?1 ORDER BY r.seq DESC LIMIT ?2",
            )?;
            let rows = query.query_map(params![account, most], |row| {
                Ok((review_of(row)?, row.get(9)?, row.get(10)?))
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Clusters with uploads of `account`, the latest first, with how many of theirs are its.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn clusters_of_account(
        &self,
        account: &str,
        most: u32,
    ) -> Result<Vec<(ClusterRow, u64)>, StateError> {
        self.read(|db| {
            let mut query = db.prepare_cached(
                "SELECT c.id, c.job, c.size, c.score, c.level, c.says, c.start, c.length, count(*) \
                 FROM uploads u JOIN cluster_uploads m ON m.upload = u.n \
                 JOIN clusters c ON c.n = m.cluster WHERE u.account = ?1 \
                 GROUP BY c.n ORDER BY c.n DESC LIMIT ?2",
            )?;
            let rows = query.query_map(params![account, most], |row| {
                Ok((cluster_of(row)?, row.get::<_, i64>(8)?.unsigned_abs()))
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Where the verdicts on the latest uploads of `account` stand: job, day, line; the latest first.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn verdicts_of_account(
        &self,
        account: &str,
        most: u32,
    ) -> Result<Vec<(String, String, LineRow)>, StateError> {
        self.read(|db| verdict_lines(db, account, most))
    }
}

fn verdict_lines(
    db: &Connection,
    account: &str,
    most: u32,
) -> Result<Vec<(String, String, LineRow)>, StateError> {
    let mut query = db.prepare_cached(
        "SELECT u.job, substr(u.received_at, 1, 10), l.start, l.length FROM uploads u \
         JOIN lines l ON l.upload = u.n AND l.kind = 'verdict' \
         WHERE u.account = ?1 ORDER BY u.n DESC LIMIT ?2",
    )?;
    let rows = query.query_map(params![account, most], |row| {
        let line = LineRow {
            kind: "verdict".to_owned(),
            key: String::new(),
            start: row.get::<_, i64>(2)?.unsigned_abs(),
            length: row.get::<_, i64>(3)?.unsigned_abs(),
        };
        Ok((row.get(0)?, row.get(1)?, line))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
