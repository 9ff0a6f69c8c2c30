//! Checks: what creators sent to be told about, and when its audio was deleted.

use rusqlite::{OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use super::{Act, StateError, Store};

/// The table.
pub(super) const TABLES: &str = "
CREATE TABLE checks (
  job TEXT PRIMARY KEY,
  -- Policies that were asked about, by their names, one after the other; none: all.
  services TEXT NOT NULL,
  -- What was said of samples.
  samples TEXT NOT NULL,
  created_at TEXT NOT NULL,
  -- When audio and receipts were deleted.
  deleted_at TEXT
) STRICT;
CREATE INDEX checks_by_time ON checks (created_at) WHERE deleted_at IS NULL;
";

/// Where an upload stands whom nobody decided on: what only its creator asked about waits for nobody.
pub(super) const UNDECIDED: &str =
    "CASE WHEN verdict = 0 OR job IN (SELECT job FROM checks) THEN 'clear' ELSE 'open' END";

/// What a creator sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Its job.
    pub job: String,
    /// Policies that were asked about; none: all.
    pub services: Vec<String>,
    /// What was said of samples: `none`, `cleared`, `uncleared`, or nothing.
    pub samples: String,
    /// When it was sent (RFC 3339).
    pub created_at: String,
    /// When audio and receipts were deleted.
    pub deleted_at: Option<String>,
}

impl Check {
    fn of(row: &Row<'_>) -> rusqlite::Result<Check> {
        let services: String = row.get(1)?;
        Ok(Check {
            job: row.get(0)?,
            services: services.split_whitespace().map(str::to_owned).collect(),
            samples: row.get(2)?,
            created_at: row.get(3)?,
            deleted_at: row.get(4)?,
        })
    }
}

impl Store {
    /// Notes that a job is a check. Comes before the job itself, so that none is taken for something else.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn add_check(&self, check: &Check) -> Result<(), StateError> {
        self.keep_act(&Act::Check(check.clone()))?;
        self.enter_check(check)
    }

    /// Enters a check that was written down before.
    pub(super) fn enter_check(&self, check: &Check) -> Result<(), StateError> {
        self.write(|db| {
            db.execute(
                "INSERT OR REPLACE INTO checks (job, services, samples, created_at) VALUES (?1, ?2, ?3, ?4)",
                params![check.job, check.services.join(" "), check.samples, check.created_at],
            )?;
            Ok(())
        })
    }

    /// Forgets a check that came to no job.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn drop_check(&self, job: &str) -> Result<(), StateError> {
        self.write(|db| {
            db.execute(
                "DELETE FROM checks WHERE job = ?1 AND NOT EXISTS (SELECT 1 FROM jobs WHERE id = ?1)",
                [job],
            )?;
            Ok(())
        })
    }

    /// The check of a job, if it is one.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn check(&self, job: &str) -> Result<Option<Check>, StateError> {
        self.read(|db| {
            let mut query = db.prepare_cached(
                "SELECT job, services, samples, created_at, deleted_at FROM checks WHERE job = ?1",
            )?;
            Ok(query.query_row([job], Check::of).optional()?)
        })
    }

    /// All checks, the oldest first.
    pub(super) fn checks(&self) -> Result<Vec<Check>, StateError> {
        self.read(|db| {
            let mut query = db.prepare(
                "SELECT job, services, samples, created_at, deleted_at FROM checks ORDER BY created_at",
            )?;
            let rows = query.query_map([], Check::of)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Checks whose result stands and that came in no later than `before`, and whose audio is still there.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn due_checks(&self, before: &str, most: u32) -> Result<Vec<String>, StateError> {
        self.read(|db| {
            let mut query = db.prepare_cached(
                "SELECT c.job FROM checks c JOIN jobs j ON j.id = c.job WHERE c.deleted_at IS NULL \
                 AND c.created_at <= ?1 AND j.state IN ('done', 'failed') ORDER BY c.created_at LIMIT ?2",
            )?;
            let rows = query.query_map(params![before, most], |row| row.get(0))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Notes that audio and receipts of a check are gone.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn check_deleted(&self, job: &str, now: &str) -> Result<(), StateError> {
        self.keep_act(&Act::CheckDeleted { job: job.to_owned(), at: now.to_owned() })?;
        self.enter_check_deleted(job, now)
    }

    /// Enters that audio and receipts of a check are gone, which was written down before.
    pub(super) fn enter_check_deleted(&self, job: &str, now: &str) -> Result<(), StateError> {
        self.write(|db| {
            db.execute("UPDATE checks SET deleted_at = ?2 WHERE job = ?1", [job, now])?;
            Ok(())
        })
    }
}
