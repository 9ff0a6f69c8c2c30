//! The service itself: whether it lives, can judge, and by what.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;

use crate::engine::{Index, day};
use crate::report::records::{IndexInfo, PolicyInfo};
use crate::serve::problem::Problem;
use crate::serve::shared::{Shared, blocking};
use crate::serve::state::Status;

/// That the service lives
#[utoipa::path(get, path = "/healthz", tag = "service", responses((status = 200, body = String)))]
pub(in crate::serve) async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether uploads are judged
#[utoipa::path(get, path = "/readyz", tag = "service",
    responses((status = 200, body = String), (status = 503, body = Problem)))]
pub(in crate::serve) async fn readyz(State(desk): State<Shared>) -> Result<&'static str, Problem> {
    match desk.troubled() {
        Some(message) => Err(Problem::unavailable(message)),
        None => {
            blocking(&desk, |desk| {
                desk.store.jobs_by_state()?;
                Ok("ready\n")
            })
            .await
        }
    }
}

/// Counters in the text format of Prometheus
#[utoipa::path(get, path = "/metrics", tag = "service", responses((status = 200, body = String)))]
pub(in crate::serve) async fn metrics(State(desk): State<Shared>) -> Result<Response, Problem> {
    let text = blocking(&desk, |desk| {
        let jobs = desk.store.jobs_by_state()?;
        let open = desk.store.counts()?.of(Some(Status::Open), None);
        let references = desk.engine().references().map_or(0, Index::len);
        Ok(desk.metrics.text(jobs, open, references, desk.troubled().is_none()))
    })
    .await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response())
}

/// Notes how a request was answered.
pub(in crate::serve) async fn counted(
    State(desk): State<Shared>,
    request: Request,
    next: Next,
) -> Response {
    let response = next.run(request).await;
    desk.metrics.answered(response.status().as_u16());
    response
}

/// The policies that uploads are judged by
#[utoipa::path(get, path = "/v1/policies", tag = "service",
    responses((status = 200, body = Vec<Object>)))]
pub(in crate::serve) async fn policies(State(desk): State<Shared>) -> Json<Vec<PolicyInfo>> {
    let today = day(Timestamp::now());
    let engine = desk.engine();
    Json(engine.judge().packs().iter().map(|pack| PolicyInfo::new(pack, today)).collect())
}

/// What uploads are compared with.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve) struct IndexState {
    /// The references.
    #[schema(value_type = Object)]
    references: Option<IndexInfo>,
    /// Entries of the log of decisions that were read.
    decisions: u64,
    /// Why nothing can be judged at present.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
}

/// The state of the index and of the log of decisions
#[utoipa::path(get, path = "/v1/index", tag = "service", responses((status = 200, body = IndexState)))]
pub(in crate::serve) async fn index(State(desk): State<Shared>) -> Result<Response, Problem> {
    let engine = desk.engine();
    let state = IndexState {
        references: engine.references().map(Index::info),
        decisions: engine.judge().decided_until(),
        trouble: desk.troubled(),
    };
    Ok((StatusCode::OK, Json(state)).into_response())
}
