//! What people did at the desk that neither the log of decisions nor the records of jobs hold: a line each in
//! `STATE/acts.jsonl`, written before the tables are changed, so that they can be made anew.
//!
//! A line that a kill cut short was not acknowledged. The tables follow from the lines in their order, so that both say the
//! same after a rebuild.

use serde::{Deserialize, Serialize};

use super::{Check, Erasure, StateError, Store};

/// Something that somebody did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    /// Somebody listened to an upload that was called clear.
    Audit {
        /// The upload.
        upload: String,
        /// It was rightly called so.
        is_right: bool,
        /// Who listened.
        who: String,
        /// When (RFC 3339).
        at: String,
    },
    /// Somebody keeps a view of the queue.
    View {
        /// What it is called.
        name: String,
        /// The address of the queue.
        address: String,
        /// Who keeps it.
        who: String,
    },
    /// Nobody needs a view any more.
    ViewDropped {
        /// What it was called.
        name: String,
    },
    /// A creator sent a track to be told about.
    Check(Check),
    /// Audio and receipts of a check were deleted.
    CheckDeleted {
        /// Its job.
        job: String,
        /// When (RFC 3339).
        at: String,
    },
    /// The audio of an upload was deleted.
    AudioErased {
        /// The upload.
        upload: String,
        /// When (RFC 3339).
        at: String,
    },
    /// What is known of whose an upload was is erased.
    Erased {
        /// The upload.
        upload: String,
        /// When (RFC 3339).
        at: String,
    },
    /// Somebody wanted something erased.
    Erasure(Erasure),
}

impl Store {
    /// Writes an act down.
    pub(super) fn keep_act(&self, act: &Act) -> Result<(), StateError> {
        let _one = super::locked(&self.journals);
        super::kept::append(&self.dir.join("acts.jsonl"), act)
    }

    /// What people did, in order.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn kept_acts(&self) -> Result<Vec<Act>, StateError> {
        super::kept::lines(&self.dir.join("acts.jsonl"))
    }

    /// Writes down what a version before only entered.
    pub(super) fn keep_older_acts(&self) -> Result<(), StateError> {
        let path = self.dir.join("acts.jsonl");
        if path.exists() {
            return Ok(());
        }
        let mut acts: Vec<Act> = self.checks()?.into_iter().map(Act::Check).collect();
        let deleted = acts.iter().filter_map(|act| match act {
            Act::Check(check) => {
                let at = check.deleted_at.clone()?;
                Some(Act::CheckDeleted { job: check.job.clone(), at })
            }
            _ => None,
        });
        let deleted: Vec<Act> = deleted.collect();
        acts.extend(deleted);
        acts.extend(self.filters()?.into_iter().map(|view| Act::View {
            name: view.name,
            address: view.address,
            who: view.who,
        }));
        acts.extend(self.audits_made()?);
        acts.extend(self.erased_uploads()?);
        acts.extend(self.erasures(u32::MAX)?.into_iter().rev().map(Act::Erasure));
        super::kept::write_lines(&path, &acts)
    }

    fn audits_made(&self) -> Result<Vec<Act>, StateError> {
        self.read(|db| {
            let mut query =
                db.prepare("SELECT upload, outcome, who, at FROM audits ORDER BY at")?;
            let rows = query.query_map([], |row| {
                Ok(Act::Audit {
                    upload: row.get(0)?,
                    is_right: row.get::<_, String>(1)? == "right",
                    who: row.get(2)?,
                    at: row.get(3)?,
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    fn erased_uploads(&self) -> Result<Vec<Act>, StateError> {
        self.read(|db| {
            let mut query = db.prepare(
                "SELECT id, audio_erased_at, erased_at FROM uploads \
                 WHERE audio_erased_at IS NOT NULL OR erased_at IS NOT NULL ORDER BY n",
            )?;
            let mut rows = query.query([])?;
            let mut acts = Vec::new();
            while let Some(row) = rows.next()? {
                let upload: String = row.get(0)?;
                if let Some(at) = row.get(1)? {
                    acts.push(Act::AudioErased { upload: upload.clone(), at });
                }
                if let Some(at) = row.get(2)? {
                    acts.push(Act::Erased { upload, at });
                }
            }
            Ok(acts)
        })
    }

    /// Enters an act that was written down before.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn enter_act(&self, act: &Act) -> Result<(), StateError> {
        match act {
            Act::Audit { upload, is_right, who, at } => {
                self.enter_audit(upload, *is_right, who, at)
            }
            Act::View { name, address, who } => self.enter_filter(name, address, who).map(drop),
            Act::ViewDropped { name } => self.forget_filter(name),
            Act::Check(check) => self.enter_check(check),
            Act::CheckDeleted { job, at } => self.enter_check_deleted(job, at),
            Act::AudioErased { upload, at } => self.enter_erased(upload, at, false),
            Act::Erased { upload, at } => self.enter_erased(upload, at, true),
            Act::Erasure(erasure) => self.enter_erasure(erasure),
        }
    }

    /// Forgets the views at certain addresses.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn forget_views(&self, names: impl Fn(&str) -> bool) -> Result<(), StateError> {
        for view in self.filters()?.iter().filter(|view| names(&view.address)) {
            self.forget_filter(&view.name)?;
        }
        let _one = super::locked(&self.journals);
        let mut acts = self.kept_acts()?;
        let before = acts.len();
        acts.retain(|act| !matches!(act, Act::View { address, .. } if names(address)));
        match acts.len() == before {
            true => Ok(()),
            false => super::kept::write_lines(&self.dir.join("acts.jsonl"), &acts),
        }
    }
}
