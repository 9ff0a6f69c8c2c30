//! What answers say of uploads, jobs and clusters.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::serve::Desk;
use crate::serve::state::{ClusterRow, Job, JobState, UploadRow};

/// An upload.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve) struct Upload {
    /// Its name.
    id: String,
    /// The job it came with.
    job: String,
    /// Its path, as records name it.
    path: String,
    /// Name of the file.
    name: String,
    /// SHA-256 of the file; none where it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    artists: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    album: Option<String>,
    /// What groups the uploads of a release: its identifier, its code or its title.
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    isrc: Option<String>,
    duration_ms: u64,
    /// When it was looked at (RFC 3339).
    received_at: String,
    /// `clear`, `review`, `hold`, `reject`, or `unreadable`.
    verdict: &'static str,
    /// Where it stands: `open`, `parked`, `held`, `rejected`, `passed`, `clear`.
    status: &'static str,
    /// Accepted matches that no decision allows.
    matches: u64,
    /// The surest reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    best: Option<String>,
    /// Share of the upload that runs along it, per cent.
    #[serde(skip_serializing_if = "Option::is_none")]
    best_pct: Option<f64>,
    /// Works that it resembles.
    resemblances: u64,
    /// Clusters it is a member of.
    clusters: u64,
    /// Rules behind the verdict.
    rules: Vec<String>,
    /// The gravest reason in words.
    says: String,
    /// Why it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// State of the index it was compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    index_id: Option<String>,
    /// To be sent with a decision, so that nobody overwrites another.
    revision: i64,
}

impl From<UploadRow> for Upload {
    fn from(row: UploadRow) -> Upload {
        Upload {
            id: row.id,
            job: row.job,
            path: row.path,
            name: row.name,
            sha256: Some(row.sha256).filter(|hash| !hash.is_empty()),
            title: row.title,
            artists: row.artists,
            album: row.album,
            release: row.release,
            label: row.label,
            account: row.account,
            isrc: row.isrc,
            duration_ms: row.duration_ms,
            received_at: row.received_at,
            verdict: row.verdict.name(),
            status: row.status.name(),
            matches: row.matches,
            best: row.best,
            best_pct: row.best_pct,
            resemblances: row.resemblances,
            clusters: row.clusters,
            rules: row.rules.split_whitespace().map(str::to_owned).collect(),
            says: row.says,
            error: row.error,
            index_id: row.index_id,
            revision: row.revision,
        }
    }
}

/// A job.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve) struct JobTold {
    /// Its name.
    id: String,
    /// `queued`, `running`, `done`, `failed`.
    #[schema(value_type = String)]
    state: JobState,
    /// Who sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_by: Option<String>,
    /// When it was sent.
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<String>,
    /// Files, as far as it is known how many there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<usize>,
    /// How many of them are done.
    #[serde(skip_serializing_if = "Option::is_none")]
    files_done: Option<usize>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// Its uploads, once it is done.
    uploads: Vec<String>,
    /// The last record of its run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    summary: Option<Box<RawValue>>,
}

impl JobTold {
    pub(in crate::serve) fn new(desk: &Desk, job: Job, uploads: Vec<String>) -> JobTold {
        let progress = desk.running.progress(&job.id);
        let all = (job.state == JobState::Done).then_some(uploads.len());
        JobTold {
            files: progress.map(|(files, _)| files).or(all),
            files_done: progress.map(|(_, done)| done).or(all),
            id: job.id,
            state: job.state,
            sent_by: job.sent_by,
            created_at: job.created_at,
            started_at: job.started_at,
            finished_at: job.finished_at,
            message: job.message,
            uploads,
            summary: job.summary.and_then(|text| RawValue::from_string(text).ok()),
        }
    }
}

/// A cluster of near-duplicates.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve) struct ClusterTold {
    /// Its name.
    id: String,
    /// The job that found it.
    job: String,
    /// Members.
    size: u64,
    /// 0 to 100.
    score: f64,
    /// How grave.
    level: &'static str,
    /// In a sentence.
    says: String,
}

impl From<ClusterRow> for ClusterTold {
    fn from(row: ClusterRow) -> ClusterTold {
        ClusterTold {
            id: row.id,
            job: row.job,
            size: row.size,
            score: row.score,
            level: row.level.name(),
            says: row.says,
        }
    }
}
