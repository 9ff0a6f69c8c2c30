//! Jobs: what was sent in one request, and how far the look at it has come.

use rusqlite::{OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use super::uploads::{insert_cluster, insert_upload};
use super::{NewCluster, NewUpload, StateError, Store};

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
}

/// A job to be.
#[derive(Debug, Clone)]
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
}

impl Job {
    const COLUMNS: &str = "id, state, source, sent_by, created_at, started_at, finished_at, \
                           attempts, message, summary";

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
        })
    }
}

impl Store {
    /// Takes a job; what is answered by this is on disk.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn submit(&self, job: &NewJob) -> Result<Submitted, StateError> {
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
            Ok(Submitted::New)
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

    /// Says that nothing comes of a job, and why.
    ///
    /// # Errors
    /// The state cannot be written.
    pub fn fail(&self, id: &str, message: &str, now: &str) -> Result<(), StateError> {
        self.write(|db| {
            db.execute(
                "UPDATE jobs SET state = 'failed', message = ?2, finished_at = ?3 WHERE id = ?1",
                params![id, message, now],
            )?;
            Ok(())
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
            for cluster in clusters {
                insert_cluster(db, id, cluster, &numbers)?;
            }
            db.execute(
                "UPDATE jobs SET state = 'done', message = NULL, summary = ?2, finished_at = ?3 \
                 WHERE id = ?1",
                params![id, summary, now],
            )?;
            Ok(())
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
