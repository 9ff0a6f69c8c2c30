//! What the tables say of people, taken out of them.

use rusqlite::{Transaction, params};
use serde::{Deserialize, Serialize};

use super::rows::COLUMNS;
use super::{Act, StateError, Store, UploadRow};
use crate::serve::erase::GONE;

/// What was erased, without saying of whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// When (RFC 3339).
    pub at: String,
    /// Who wanted it.
    pub who: String,
    /// Why.
    pub why: String,
    /// Uploads.
    pub uploads: u64,
}

/// Which uploads have had their time.
#[derive(Debug, Clone, Copy)]
pub enum Kept {
    /// Those whose audio is still there.
    Audio,
    /// Those that still say something of people.
    Personal,
}

/// Where nobody is waiting for anything any more.
const SETTLED: &str = "('clear', 'passed', 'rejected')";

impl Store {
    /// Uploads of `account` that were not erased.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn uploads_of_account(&self, account: &str) -> Result<Vec<UploadRow>, StateError> {
        self.read(|db| {
            let query = format!(
                "SELECT {COLUMNS} FROM uploads WHERE account = ?1 AND erased_at IS NULL ORDER BY n"
            );
            let mut query = db.prepare_cached(&query)?;
            let rows = query.query_map([account], UploadRow::of)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Uploads that were looked at before `moment`, on which nothing is to be decided, and of which something is kept.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn over(&self, kept: Kept, moment: &str, most: u32) -> Result<Vec<UploadRow>, StateError> {
        let column = match kept {
            Kept::Audio => "audio_erased_at",
            Kept::Personal => "erased_at",
        };
        self.read(|db| {
            let query = format!(
                "SELECT {COLUMNS} FROM uploads WHERE received_at < ?1 AND {column} IS NULL \
                 AND status IN {SETTLED} ORDER BY received_at LIMIT ?2"
            );
            let mut query = db.prepare_cached(&query)?;
            let rows = query.query_map(params![moment, most], UploadRow::of)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Whether another upload of this content is kept.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn has_others_of(&self, upload: &UploadRow) -> Result<bool, StateError> {
        self.read(|db| {
            let found: i64 = db.query_row(
                "SELECT count(*) FROM uploads WHERE sha256 = ?1 AND n <> ?2 AND erased_at IS NULL",
                params![upload.sha256, upload.n],
                |row| row.get(0),
            )?;
            Ok(found > 0)
        })
    }

    /// How many uploads of a job were not erased, `upload` aside.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn others_of_job(&self, upload: &UploadRow) -> Result<u64, StateError> {
        self.read(|db| {
            let found: i64 = db.query_row(
                "SELECT count(*) FROM uploads WHERE job = ?1 AND n <> ?2 AND erased_at IS NULL",
                params![upload.job, upload.n],
                |row| row.get(0),
            )?;
            Ok(found.unsigned_abs())
        })
    }

    /// Notes that the audio of an upload is gone.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn audio_erased(&self, upload: &UploadRow, now: &str) -> Result<(), StateError> {
        self.keep_act(&Act::AudioErased { upload: upload.id.clone(), at: now.to_owned() })?;
        self.enter_erased(&upload.id, now, false)
    }

    /// Enters when the audio of an upload, or `all` that says whose it was, was erased, which was written down before.
    pub(super) fn enter_erased(&self, upload: &str, at: &str, all: bool) -> Result<(), StateError> {
        self.write(|db| {
            db.execute(
                "UPDATE uploads SET audio_erased_at = coalesce(audio_erased_at, ?2), \
                 erased_at = CASE WHEN ?3 THEN ?2 ELSE erased_at END WHERE id = ?1",
                params![upload, at, all],
            )?;
            Ok(())
        })
    }

    /// Takes out of the tables what they say of people in an upload. What it came to, and when, stays: the log tells of
    /// it by its name.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn erase(&self, upload: &UploadRow, now: &str) -> Result<(), StateError> {
        self.keep_act(&Act::Erased { upload: upload.id.clone(), at: now.to_owned() })?;
        self.write(|db| {
            forget_words(db, upload)?;
            for word in upload.words() {
                for table in ["uploads", "clusters"] {
                    let change = format!(
                        "UPDATE {table} SET says = replace(says, ?1, ?2) \
                         WHERE job = ?3 AND instr(says, ?1) > 0"
                    );
                    db.execute(&change, [word.as_str(), GONE, &upload.job])?;
                }
            }
            db.execute(
                "UPDATE uploads SET path = '', name = 'erased', sha256 = '', title = NULL, \
                 artists = NULL, album = NULL, release = NULL, label = NULL, account = NULL, \
                 isrc = NULL, best = NULL, says = '', error = NULL, \
                 audio_erased_at = coalesce(audio_erased_at, ?2), erased_at = ?2 WHERE n = ?1",
                params![upload.n, now],
            )?;
            db.execute("DELETE FROM lines WHERE upload = ?1", [upload.n])?;
            db.execute("DELETE FROM notes WHERE upload = ?1", [&upload.id])?;
            // What it was sent with says names of files; it was looked at.
            db.execute(
                "UPDATE jobs SET source = '{}' WHERE id = ?1 AND state IN ('done', 'failed')",
                [&upload.job],
            )?;
            Ok(())
        })?;
        self.no_traces()
    }

    /// Notes that something was erased.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn erased(&self, erasure: &Erasure) -> Result<(), StateError> {
        self.keep_act(&Act::Erasure(erasure.clone()))?;
        self.enter_erasure(erasure)
    }

    /// Enters an erasure that was written down before.
    pub(super) fn enter_erasure(&self, erasure: &Erasure) -> Result<(), StateError> {
        self.write(|db| {
            db.execute(
                "INSERT INTO erasures (at, who, why, uploads) VALUES (?1, ?2, ?3, ?4)",
                params![erasure.at, erasure.who, erasure.why, erasure.uploads as i64],
            )?;
            // The search keeps what it was told to forget until its parts are merged.
            db.execute("INSERT INTO uploads_text (uploads_text) VALUES ('optimize')", [])?;
            Ok(())
        })?;
        self.no_traces()
    }

    /// What was erased, the latest first.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn erasures(&self, most: u32) -> Result<Vec<Erasure>, StateError> {
        self.read(|db| {
            let mut query = db.prepare_cached(
                "SELECT at, who, why, uploads FROM erasures ORDER BY n DESC LIMIT ?1",
            )?;
            let rows = query.query_map([most], |row| {
                Ok(Erasure {
                    at: row.get(0)?,
                    who: row.get(1)?,
                    why: row.get(2)?,
                    uploads: row.get::<_, i64>(3)?.unsigned_abs(),
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Moves what SQLite still has in its own log into the database, where what was erased is overwritten.
    fn no_traces(&self) -> Result<(), StateError> {
        let db = super::locked(&self.writer);
        // Readers may be in the way; the next one does it then.
        db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }
}

/// Takes the words of an upload out of the search: it keeps no copy, and is told what they were.
fn forget_words(db: &Transaction<'_>, u: &UploadRow) -> Result<(), StateError> {
    if u.erased {
        return Ok(());
    }
    db.execute(
        "INSERT INTO uploads_text (uploads_text, rowid, title, artists, name, isrc, best) \
         VALUES ('delete', ?1, ?2, ?3, ?4, ?5, ?6)",
        params![u.n, u.title, u.artists, u.name, u.isrc, u.best],
    )?;
    Ok(())
}
