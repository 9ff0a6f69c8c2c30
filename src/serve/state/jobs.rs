//! Jobs: what was sent in one request, and how far the look at it has come.

use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::uploads::{insert_cluster, insert_upload, upload_id};
use super::{NewCluster, NewUpload, StateError, Store};

/// Uploads that a message names.
const MAX_TOLD: usize = 500;

/// How far a job has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It waits.
    Queued,
    /// It is being looked at.
    Running,
    /// Its uploads are in the queue of the desk.
    Done,
    /// It could not be looked at; its message says why.
    Failed,
}

impl JobState {
    fn from_name(name: &str) -> JobState {
        match name {
            "queued" => JobState::Queued,
            "running" => JobState::Running,
            "done" => JobState::Done,
            _ => JobState::Failed,
        }
    }
}

/// What a job looks at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Source {
    /// Files that were sent, as records name paths.
    pub files: Vec<String>,
    /// Paths below allowed roots: files, folders, deliveries.
    pub paths: Vec<String>,
    /// Tables and messages that describe them.
    pub manifests: Vec<String>,
    /// What came into a watched folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
}

/// A delivery in a watched folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The folder.
    pub folder: String,
    /// Its name in it.
    pub name: String,
    /// Digest of its names and contents.
    pub state: String,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// A job to be.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewJob {
    /// Its name.
    pub id: String,
    /// What the sender calls it.
    pub key: Option<String>,
    /// Digest of what was sent.
    pub request: String,
    /// What it looks at.
    pub source: Source,
    /// Who sent it.
    pub sent_by: Option<String>,
    /// When (RFC 3339).
    pub created_at: String,
}

/// What came of sending a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Submitted {
    /// It waits.
    New,
    /// The same was sent before; that is the one.
    Before(String),
    /// Something else was sent by this name before.
    Other,
}

/// A job as it stands.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its name.
    pub id: String,
    /// How far it has come.
    pub state: JobState,
    /// What it looks at.
    pub source: Source,
    /// Who sent it.
    pub sent_by: Option<String>,
    /// When it was sent.
    pub created_at: String,
    /// When the last attempt began.
    pub started_at: Option<String>,
    /// When it was over.
    pub finished_at: Option<String>,
    /// How often it was begun.
    pub attempts: u32,
    /// Why it failed.
    pub message: Option<String>,
    /// The last record of its run.
    pub summary: Option<String>,
    /// Its verdicts may be in the log already.
    pub audited: bool,
}

impl Job {
    const COLUMNS: &str = "id, state, source, sent_by, created_at, started_at, finished_at, \
                           attempts, message, summary, audited";

    fn of(row: &Row<'_>) -> rusqlite::Result<Job> {
        let source: String = row.get(2)?;
        Ok(Job {
            id: row.get(0)?,
            state: JobState::from_name(&row.get::<_, String>(1)?),
            source: serde_json::from_str(&source).unwrap_or_default(),
            sent_by: row.get(3)?,
            created_at: row.get(4)?,
            started_at: row.get(5)?,
            finished_at: row.get(6)?,
            attempts: row.get(7)?,
            message: row.get(8)?,
            summary: row.get(9)?,
            audited: row.get(10)?,
        })
    }
}

impl Store {
    /// Takes a job; what is answered by this is on disk.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn submit(&self, job: &NewJob) -> Result<Submitted, StateError> {
        self.keep_job(job)?;
        let submitted = self.enter(job);
        if !matches!(submitted, Ok(Submitted::New)) {
            self.drop_job(&job.id);
        }
        submitted
    }

    fn enter(&self, job: &NewJob) -> Result<Submitted, StateError> {
        self.write(|db| {
            if let Some(key) = &job.key {
                let before = db
                    .query_row(
                        "SELECT id, request FROM jobs WHERE idempotency_key = ?1 AND sent_by IS ?2",
                        params![key, job.sent_by],
                        |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)),
                    )
                    .optional()?;
                match before {
                    Some((id, request)) if request == job.request => {
                        return Ok(Submitted::Before(id));
                    }
                    Some(_) => return Ok(Submitted::Other),
                    None => {}
                }
            }
            insert_job(db, job)?;
            Ok(Submitted::New)
        })
    }

    /// Takes a delivery with the job that looks at it, in the place of what was known of it. `glance`: how it looks, where
    /// that is to be relied on.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn take_delivery(&self, job: &NewJob, glance: Option<&str>) -> Result<(), StateError> {
        self.keep_job(job)?;
        let taken = self.write(|db| {
            insert_job(db, job)?;
            insert_delivery(db, job, glance)
        });
        if taken.is_err() {
            self.drop_job(&job.id);
        }
        taken
    }

    /// Enters a job that was taken before, into tables that do not know it.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn enter_anew(&self, job: &NewJob) -> Result<(), StateError> {
        let enter = |job: &NewJob| {
            self.write(|db| {
                insert_job(db, job)?;
                insert_delivery(db, job, None)
            })
        };
        match enter(job) {
            // Another came by the same name meanwhile; this one was not acknowledged by it.
            Err(StateError::Database(error)) if is_taken(&error) => {
                enter(&NewJob { key: None, ..job.clone() })
            }
            done => done,
        }
    }

    /// In which state a delivery was taken, and how it looked.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn delivery(
        &self,
        folder: &str,
        name: &str,
    ) -> Result<Option<(String, Option<String>)>, StateError> {
        self.read(|db| {
            let mut query = db.prepare_cached(
                "SELECT state, glance FROM deliveries WHERE folder = ?1 AND name = ?2",
            )?;
            let row = query.query_row([folder, name], |row| Ok((row.get(0)?, row.get(1)?)));
            Ok(row.optional()?)
        })
    }

    /// Notes how a delivery that did not change looks.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn confirm_delivery(
        &self,
        folder: &str,
        name: &str,
        glance: &str,
    ) -> Result<(), StateError> {
        self.write(|db| {
            db.execute(
                "UPDATE deliveries SET glance = ?3 WHERE folder = ?1 AND name = ?2",
                [folder, name, glance],
            )?;
            Ok(())
        })
    }

    /// Says that nothing comes of the job of a delivery, which is taken anew once it is whole.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn release_delivery(&self, job: &str, message: &str, now: &str) -> Result<(), StateError> {
        self.write(|db| {
            // A later job may have it by now.
            db.execute("DELETE FROM deliveries WHERE job = ?1", [job])?;
            fail(db, job, message, now)?;
            self.tell(db, "job.failed", || json!({"job": job, "message": message}))
        })
    }

    /// A job by its name.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn job(&self, id: &str) -> Result<Option<Job>, StateError> {
        self.read(|db| {
            let query = format!("SELECT {} FROM jobs WHERE id = ?1", Job::COLUMNS);
            Ok(db.query_row(&query, [id], Job::of).optional()?)
        })
    }

    /// How many jobs are in each state: queued, running, done, failed.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn jobs_by_state(&self) -> Result<[u64; 4], StateError> {
        self.read(|db| {
            let mut counts = [0; 4];
            let mut query = db.prepare_cached("SELECT state, count(*) FROM jobs GROUP BY state")?;
            let mut rows = query.query([])?;
            while let Some(row) = rows.next()? {
                let at = JobState::from_name(&row.get::<_, String>(0)?) as usize;
                counts[at] = row.get::<_, i64>(1)?.unsigned_abs();
            }
            Ok(counts)
        })
    }

    /// Puts jobs that a killed service had begun back to those that wait.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn resume(&self) -> Result<usize, StateError> {
        self.write(|db| {
            Ok(db.execute("UPDATE jobs SET state = 'queued' WHERE state = 'running'", [])?)
        })
    }

    /// The next job, begun `now`; what the service died over before comes after the others, and so does what could not be
    /// looked at when it was its turn.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn begin_next(&self, now: &str) -> Result<Option<Job>, StateError> {
        self.write(|db| {
            let query = format!(
                "UPDATE jobs SET state = 'running', started_at = ?1, attempts = attempts + 1 \
                 WHERE n = (SELECT n FROM jobs WHERE state = 'queued' \
                 ORDER BY attempts > 2, started_at IS NOT NULL, started_at, n LIMIT 1) \
                 RETURNING {}",
                Job::COLUMNS
            );
            Ok(db.query_row(&query, [now], Job::of).optional()?)
        })
    }

    /// Puts a job that was cut short back.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn put_back(&self, id: &str, counts: bool) -> Result<(), StateError> {
        let query = match counts {
            true => "UPDATE jobs SET state = 'queued' WHERE id = ?1",
            false => "UPDATE jobs SET state = 'queued', attempts = attempts - 1 WHERE id = ?1",
        };
        self.write(|db| Ok(db.execute(query, [id]).map(drop)?))
    }

    /// Notes that the verdicts of a job go into the log now.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn audits(&self, id: &str) -> Result<(), StateError> {
        self.write(|db| {
            Ok(db.execute("UPDATE jobs SET audited = 1 WHERE id = ?1", [id]).map(drop)?)
        })
    }

    /// Says that nothing comes of a job, and why.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn fail(&self, id: &str, message: &str, now: &str) -> Result<(), StateError> {
        self.write(|db| {
            fail(db, id, message, now)?;
            self.tell(db, "job.failed", || json!({"job": id, "message": message}))
        })
    }

    /// Takes what came of a job. What an attempt before left is replaced.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn finish(
        &self,
        id: &str,
        uploads: &[NewUpload],
        clusters: &[NewCluster],
        summary: &str,
        now: &str,
    ) -> Result<(), StateError> {
        self.write(|db| {
            let mut numbers = Vec::with_capacity(uploads.len());
            for (at, upload) in uploads.iter().enumerate() {
                numbers.push(insert_upload(db, id, at, upload, now)?);
            }
            // What only its creator asked about waits for nobody.
            db.execute(
                "UPDATE uploads SET status = 'clear' WHERE job = ?1 \
                 AND EXISTS (SELECT 1 FROM checks WHERE checks.job = ?1)",
                [id],
            )?;
            for cluster in clusters {
                insert_cluster(db, id, cluster, &numbers)?;
            }
            db.execute(
                "UPDATE jobs SET state = 'done', message = NULL, summary = ?2, finished_at = ?3 \
                 WHERE id = ?1",
                params![id, summary, now],
            )?;
            self.tell(db, "job.done", || done(id, uploads))
        })
    }

    /// The uploads of a job.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn uploads_of(&self, job: &str) -> Result<Vec<String>, StateError> {
        self.read(|db| {
            let mut query =
                db.prepare_cached("SELECT id FROM uploads WHERE job = ?1 ORDER BY n")?;
            let rows = query.query_map([job], |row| row.get(0))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}

/// What is told of a job that is done: what came of each upload, and of how many where they are too many to name.
fn done(job: &str, uploads: &[NewUpload]) -> Value {
    let each: Vec<Value> = uploads
        .iter()
        .take(MAX_TOLD)
        .enumerate()
        .map(|(at, upload)| {
            json!({"id": upload_id(job, at), "verdict": upload.row.verdict.name(),
                   "sha256": upload.row.sha256})
        })
        .collect();
    json!({"job": job, "count": uploads.len(), "uploads": each})
}

fn is_taken(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation)
}

fn insert_delivery(
    db: &Transaction<'_>,
    job: &NewJob,
    glance: Option<&str>,
) -> Result<(), StateError> {
    let Some(delivery) = &job.source.delivery else { return Ok(()) };
    db.execute(
        "INSERT OR REPLACE INTO deliveries VALUES (?1, ?2, ?3, ?4, ?5)",
        params![delivery.folder, delivery.name, delivery.state, glance, job.id],
    )?;
    Ok(())
}

fn insert_job(db: &Transaction<'_>, job: &NewJob) -> Result<(), StateError> {
    db.execute(
        "INSERT INTO jobs (id, idempotency_key, request, state, source, sent_by, created_at) \
         VALUES (?1, ?2, ?3, 'queued', ?4, ?5, ?6)",
        params![
            job.id,
            job.key,
            job.request,
            serde_json::to_string(&job.source)?,
            job.sent_by,
            job.created_at
        ],
    )?;
    Ok(())
}

fn fail(db: &Transaction<'_>, id: &str, message: &str, now: &str) -> Result<(), StateError> {
    db.execute(
        "UPDATE jobs SET state = 'failed', message = ?2, finished_at = ?3 WHERE id = ?1",
        params![id, message, now],
    )?;
    Ok(())
}
