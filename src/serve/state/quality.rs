//! How well rules and verdicts do, by what people decided; and views of the queue that somebody keeps.

use std::collections::BTreeMap;

use rusqlite::params;

use super::rows::COLUMNS;
use super::{Act, StateError, Store, UploadRow};

/// The tables.
pub(super) const TABLES: &str = "
CREATE TABLE filters (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  address TEXT NOT NULL,
  who TEXT NOT NULL
) STRICT;
-- What people found when they looked at uploads that were called clear.
CREATE TABLE audits (
  upload TEXT PRIMARY KEY,
  outcome TEXT NOT NULL CHECK (outcome IN ('right', 'missed')),
  who TEXT NOT NULL,
  at TEXT NOT NULL
) STRICT;
CREATE INDEX uploads_by_day ON uploads (verdict, received_at);
";

/// Views that are kept, at most.
const MAX_FILTERS: i64 = 100;

/// A view of the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterRow {
    /// Its number.
    pub n: i64,
    /// What it is called.
    pub name: String,
    /// The address of the queue.
    pub address: String,
    /// Who keeps it.
    pub who: String,
}

/// What became of uploads that a rule spoke against.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Refused.
    pub rejected: u64,
    /// Kept back.
    pub held: u64,
    /// Let through, because what was found is licensed or owned, or for another reason.
    pub passed: u64,
    /// Let through, because what was found is not so.
    pub wrong: u64,
    /// Nobody has decided yet.
    pub open: u64,
}

/// An upload that was called clear and drawn for a look, with what was found, by whom.
pub type Audited = (UploadRow, Option<(String, String)>);

impl Store {
    /// The views that are kept, by name.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn filters(&self) -> Result<Vec<FilterRow>, StateError> {
        self.read(|db| {
            let mut query =
                db.prepare_cached("SELECT n, name, address, who FROM filters ORDER BY name")?;
            let rows = query.query_map([], |row| {
                Ok(FilterRow {
                    n: row.get(0)?,
                    name: row.get(1)?,
                    address: row.get(2)?,
                    who: row.get(3)?,
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Keeps a view; one of the same name is replaced. False where there are too many.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn keep_filter(&self, name: &str, address: &str, who: &str) -> Result<bool, StateError> {
        let act =
            Act::View { name: name.to_owned(), address: address.to_owned(), who: who.to_owned() };
        self.keep_act(&act)?;
        self.enter_filter(name, address, who)
    }

    /// Enters a view that was written down before.
    pub(super) fn enter_filter(
        &self,
        name: &str,
        address: &str,
        who: &str,
    ) -> Result<bool, StateError> {
        self.write(|db| {
            let kept = db.execute(
                "INSERT INTO filters (name, address, who) SELECT ?1, ?2, ?3 \
                 WHERE (SELECT count(*) FROM filters WHERE name <> ?1) < ?4 \
                 ON CONFLICT (name) DO UPDATE SET address = excluded.address, who = excluded.who",
                params![name, address, who, MAX_FILTERS],
            )?;
            Ok(kept > 0)
        })
    }

    /// Forgets a view.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn drop_filter(&self, n: i64) -> Result<(), StateError> {
        let Some(view) = self.filters()?.into_iter().find(|view| view.n == n) else {
            return Ok(());
        };
        self.keep_act(&Act::ViewDropped { name: view.name.clone() })?;
        self.forget_filter(&view.name)
    }

    /// Forgets a view by its name.
    pub(super) fn forget_filter(&self, name: &str) -> Result<(), StateError> {
        self.write(|db| Ok(db.execute("DELETE FROM filters WHERE name = ?1", [name]).map(drop)?))
    }

    /// What became of the uploads that each rule spoke against; `wrong`: how reasons begin that say that what was found
    /// is not so.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn tallies(&self, wrong: &str) -> Result<BTreeMap<String, Tally>, StateError> {
        self.read(|db| {
            let mut query = db.prepare_cached(
                "SELECT u.rules, u.status, coalesce(r.reason, ''), count(*) FROM uploads u \
                 LEFT JOIN reviews r ON r.seq = u.revision AND r.upload = u.id \
                 WHERE u.rules <> '' AND u.verdict > 0 GROUP BY 1, 2, \
                 CASE WHEN u.status = 'passed' THEN r.reason LIKE ?1 END",
            )?;
            let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
            let mut rows = query.query([format!("{wrong}%")])?;
            while let Some(row) = rows.next()? {
                let (rules, status): (String, String) = (row.get(0)?, row.get(1)?);
                let reason: String = row.get(2)?;
                let n = row.get::<_, i64>(3)?.unsigned_abs();
                for rule in rules.split_whitespace() {
                    let tally = tallies.entry(rule.to_owned()).or_default();
                    let place = match status.as_str() {
                        "rejected" => &mut tally.rejected,
                        "held" => &mut tally.held,
                        "passed" if reason.starts_with(wrong) => &mut tally.wrong,
                        "passed" => &mut tally.passed,
                        _ => &mut tally.open,
                    };
                    *place += n;
                }
            }
            Ok(tallies)
        })
    }

    /// Uploads that were called clear since the day `from`, drawn by chance: names of uploads are digests, so that the
    /// first by name are a sample of which nobody chose the members, and the same whoever looks.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn clear_sample(&self, from: &str, most: u32) -> Result<Vec<Audited>, StateError> {
        self.read(|db| {
            let query = format!(
                "SELECT {}, a.outcome, a.who FROM uploads u LEFT JOIN audits a ON a.upload = u.id \
                 WHERE u.verdict = 0 AND u.received_at >= ?1 ORDER BY u.id LIMIT ?2",
                COLUMNS.split(", ").map(|c| format!("u.{c}")).collect::<Vec<_>>().join(", ")
            );
            let columns = COLUMNS.split(", ").count();
            let mut query = db.prepare_cached(&query)?;
            let rows = query.query_map(params![from, most], |row| {
                let outcome: Option<String> = row.get(columns)?;
                let who: Option<String> = row.get(columns + 1)?;
                Ok((UploadRow::of(row)?, outcome.zip(who)))
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// How many uploads were called clear since the day `from`.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn clear_since(&self, from: &str) -> Result<u64, StateError> {
        self.read(|db| {
            let n: i64 = db.query_row(
                "SELECT count(*) FROM uploads WHERE verdict = 0 AND received_at >= ?1",
                [from],
                |row| row.get(0),
            )?;
            Ok(n.unsigned_abs())
        })
    }

    /// Notes what somebody found in an upload that was called clear.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn audit(
        &self,
        upload: &str,
        is_right: bool,
        who: &str,
        at: &str,
    ) -> Result<(), StateError> {
        self.keep_act(&Act::Audit {
            upload: upload.to_owned(),
            is_right,
            who: who.to_owned(),
            at: at.to_owned(),
        })?;
        self.enter_audit(upload, is_right, who, at)
    }

    /// Enters what somebody found that was written down before.
    pub(super) fn enter_audit(
        &self,
        upload: &str,
        is_right: bool,
        who: &str,
        at: &str,
    ) -> Result<(), StateError> {
        let outcome = if is_right { "right" } else { "missed" };
        self.write(|db| {
            db.execute(
                "INSERT OR REPLACE INTO audits VALUES (?1, ?2, ?3, ?4)",
                params![upload, outcome, who, at],
            )?;
            Ok(())
        })
    }
}
