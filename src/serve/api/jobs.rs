//! What became of what was sent.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};

use super::told::JobTold;
use crate::serve::Desk;
use crate::serve::problem::Problem;
use crate::serve::security::Caller;
use crate::serve::shared::{Shared, blocking};
use crate::serve::state::{Job, JobState};
use crate::serve::users::Role;

/// The job of this name. Who may only send sees his own, and cannot tell others from none.
pub(in crate::serve) fn found(desk: &Desk, id: &str, caller: &Caller) -> Result<Job, Problem> {
    let sees = |job: &Job| {
        caller.role > Role::Submit || job.sent_by.as_deref() == Some(caller.name.as_str())
    };
    desk.store.job(id)?.filter(sees).ok_or_else(|| Problem::not_found("no such job"))
}

/// How far a job has come
#[utoipa::path(get, path = "/v1/jobs/{id}", tag = "jobs",
    params(("id" = String, Path, description = "Name of the job")),
    responses((status = 200, body = JobTold), (status = 404, body = Problem)))]
pub(in crate::serve) async fn one(
    State(desk): State<Shared>,
    Path(id): Path<String>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<JobTold>, Problem> {
    blocking(&desk, move |desk| {
        let job = found(desk, &id, &caller)?;
        let uploads = desk.store.uploads_of(&id)?;
        Ok(Json(JobTold::new(desk, job, uploads)))
    })
    .await
}

/// All records of a job, as `soundalike scan --format jsonl` writes them
#[utoipa::path(get, path = "/v1/jobs/{id}/records", tag = "jobs",
    params(("id" = String, Path, description = "Name of the job")),
    responses((status = 200, content_type = "application/x-ndjson", body = String),
              (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(in crate::serve) async fn records(
    State(desk): State<Shared>,
    Path(id): Path<String>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Problem> {
    let path = blocking(&desk, move |desk| {
        let job = found(desk, &id, &caller)?;
        match job.state {
            JobState::Done => Ok(desk.store.records(&id)),
            _ => Err(Problem::conflict("the job is not done")),
        }
    })
    .await?;
    let file = tokio::fs::File::open(&path).await;
    let file = file.map_err(|e| Problem::internal(format!("its records cannot be read: {e}")))?;
    let body = axum::body::Body::from_stream(tokio_util::io::ReaderStream::new(file));
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response())
}
