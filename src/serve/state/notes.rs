//! Remarks of reviewers on uploads.

use rusqlite::params;
use serde::{Deserialize, Serialize};

use super::{StateError, Store};

/// A remark.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Note {
    /// Who made it.
    pub who: String,
    /// When (RFC 3339).
    pub at: String,
    /// What it says.
    pub text: String,
}

impl Store {
    /// Adds a remark on an upload.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn add_note(&self, upload: &str, note: &Note) -> Result<(), StateError> {
        self.keep_note(upload, note)?;
        self.enter_note(upload, note)
    }

    /// Enters a remark that was written down before.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn enter_note(&self, upload: &str, note: &Note) -> Result<(), StateError> {
        self.write(|db| {
            db.execute(
                "INSERT INTO notes (upload, who, at, text) VALUES (?1, ?2, ?3, ?4)",
                params![upload, note.who, note.at, note.text],
            )?;
            Ok(())
        })
    }

    /// The remarks on an upload, the oldest first.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn notes(&self, upload: &str) -> Result<Vec<Note>, StateError> {
        self.read(|db| {
            let mut query =
                db.prepare_cached("SELECT who, at, text FROM notes WHERE upload = ?1 ORDER BY n")?;
            let rows = query.query_map([upload], |row| {
                Ok(Note { who: row.get(0)?, at: row.get(1)?, text: row.get(2)? })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}
