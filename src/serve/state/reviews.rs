//! A copy of the reviews in the log of decisions, so that the queue can be filtered by them.

use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde::Serialize;
use serde_json::{Value, json};

use super::checks::UNDECIDED;
use super::{StateError, Status, Store};
use crate::decisions::review::{Action, ReviewEntry};

/// A review as the desk shows it.
#[derive(Debug, Clone, Serialize)]
pub struct ReviewRow {
    /// Its number in the log.
    pub seq: i64,
    /// Its name, `d_…`.
    pub id: String,
    /// What was done.
    pub action: Action,
    /// Why.
    pub reason: String,
    /// Who decided.
    pub who: String,
    /// When (RFC 3339).
    pub at: String,
    /// Until when it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// What was allowed or blocked with it, or taken back.
    pub rulings: Vec<String>,
    /// The review that it takes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undoes: Option<String>,
}

/// How far the log was read, and its head there.
pub type Read = (u64, String);

const READ: &str = "log";

impl Store {
    /// How far the log of decisions was read.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn log_read(&self) -> Result<Read, StateError> {
        self.read(|db| {
            let found: Option<String> = db
                .query_row("SELECT value FROM meta WHERE key = ?1", [READ], |row| row.get(0))
                .optional()?;
            let found = found.and_then(|text| {
                let (entries, head) = text.split_once(' ')?;
                Some((entries.parse().ok()?, head.to_owned()))
            });
            Ok(found.unwrap_or_default())
        })
    }

    /// Takes reviews over from the log, which is read up to `read` now; `anew`: forgets those that it had. `tell`: they
    /// are news, and receivers are told.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn take_reviews(
        &self,
        reviews: &[(u64, String, ReviewEntry)],
        read: &Read,
        (anew, tell): (bool, bool),
    ) -> Result<(), StateError> {
        self.write(|db| {
            if anew {
                db.execute("DELETE FROM reviews", [])?;
                db.execute(&format!("UPDATE uploads SET revision = 0, status = {UNDECIDED}"), [])?;
            }
            for (seq, at, review) in reviews {
                take(db, *seq, at, review)?;
                if tell {
                    self.tell(db, "decision.made", || told(*seq, at, review))?;
                }
            }
            db.execute(
                "INSERT OR REPLACE INTO meta VALUES (?1, ?2)",
                params![READ, format!("{} {}", read.0, read.1)],
            )?;
            Ok(())
        })
    }

    /// Opens what was parked until a time that is over: `today` in UTC, and the moment.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn unpark(&self, today: &str, moment: &str) -> Result<usize, StateError> {
        self.write(|db| {
            Ok(db.execute(
                "UPDATE uploads SET status = 'open' WHERE status = 'parked' AND EXISTS ( \
                   SELECT 1 FROM reviews WHERE reviews.upload = uploads.id \
                   AND reviews.seq = uploads.revision AND until IS NOT NULL AND \
                   CASE WHEN length(until) = 10 THEN until < ?1 ELSE until <= ?2 END)",
                [today, moment],
            )?)
        })
    }

    /// The reviews of an upload, the oldest first.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn reviews(&self, upload: &str) -> Result<Vec<ReviewRow>, StateError> {
        self.read(|db| {
            let mut query = db.prepare_cached(
                "SELECT seq, id, action, reason, who, at, until, rulings, undoes FROM reviews \
                 WHERE upload = ?1 ORDER BY seq",
            )?;
            let rows = query.query_map([upload], review_of)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}

fn told(seq: u64, at: &str, review: &ReviewEntry) -> Value {
    json!({
        "upload": review.upload, "action": review.action, "decision": review.id,
        "reason": review.reason, "who": review.who, "at": at, "entry": seq,
        "sha256": review.sha256, "undoes": review.undoes,
    })
}

fn take(db: &Transaction<'_>, seq: u64, at: &str, review: &ReviewEntry) -> Result<(), StateError> {
    db.execute(
        "INSERT OR REPLACE INTO reviews VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            seq as i64,
            review.id,
            review.upload,
            review.action.name(),
            review.reason,
            review.who,
            at,
            review.until.map(|until| until.to_string()),
            review.rulings.join(" "),
            review.undoes
        ],
    )?;
    let status = match review.action {
        Action::Pass => Status::Passed.name(),
        Action::Hold => Status::Held.name(),
        Action::Reject => Status::Rejected.name(),
        Action::Park => Status::Parked.name(),
        Action::Reopen => "",
    };
    db.execute(
        &format!(
            "UPDATE uploads SET revision = ?2, status = CASE WHEN ?3 <> '' THEN ?3 \
             ELSE {UNDECIDED} END WHERE id = ?1"
        ),
        params![review.upload, seq as i64, status],
    )?;
    Ok(())
}

pub(super) fn review_of(row: &Row<'_>) -> rusqlite::Result<ReviewRow> {
    let action: String = row.get(2)?;
    let rulings: String = row.get(7)?;
    Ok(ReviewRow {
        seq: row.get(0)?,
        id: row.get(1)?,
        action: Action::from_name(&action).unwrap_or(Action::Hold),
        reason: row.get(3)?,
        who: row.get(4)?,
        at: row.get(5)?,
        until: row.get(6)?,
        rulings: rulings.split_whitespace().map(str::to_owned).collect(),
        undoes: row.get(8)?,
    })
}
