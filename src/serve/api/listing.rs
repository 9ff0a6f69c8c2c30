//! Lists uploads and clusters, and tells one of them.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::told::{ClusterTold, Upload};
use crate::serve::Desk;
use crate::serve::extract::Asked;
use crate::serve::problem::Problem;
use crate::serve::shared::{Shared, blocking};
use crate::serve::state::{Filter, Order, Status, UploadRow, Verdict};

/// Uploads listed at once.
const MAX_LISTED: u32 = 500;
const LISTED: u32 = 50;

/// Which uploads are wanted, as it stands in an address.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::serve) struct Wanted {
    /// `open`, `parked`, `held`, `rejected`, `passed` or `clear`.
    pub(in crate::serve) status: Option<String>,
    /// `clear`, `review`, `hold`, `reject` or `unreadable`.
    pub(in crate::serve) verdict: Option<String>,
    /// The account, exactly.
    pub(in crate::serve) account: Option<String>,
    /// The label, exactly.
    pub(in crate::serve) label: Option<String>,
    /// The release, exactly.
    pub(in crate::serve) release: Option<String>,
    /// The job.
    pub(in crate::serve) job: Option<String>,
    /// Looked at at this time or later: a day, or a time (RFC 3339), in UTC.
    pub(in crate::serve) since: Option<String>,
    /// Looked at before this time.
    pub(in crate::serve) before: Option<String>,
    /// A part of title, artist, name of the file, ISRC or reference; or a SHA-256.
    pub(in crate::serve) q: Option<String>,
    /// `gravest` (default), `newest` or `oldest`.
    pub(in crate::serve) order: Option<String>,
    /// `next` of the page before.
    pub(in crate::serve) after: Option<String>,
    /// Uploads wanted, 500 at most.
    pub(in crate::serve) limit: Option<u32>,
}

impl Wanted {
    /// As the state takes it.
    pub(in crate::serve) fn filter(&self) -> Result<Filter, Problem> {
        let given = |value: &Option<String>| value.clone().filter(|v| !v.trim().is_empty());
        let known = |what: &str, name: &str| Problem::bad(format!("there is no {what} {name:?}"));
        let status = given(&self.status)
            .map(|name| Status::from_name(&name).ok_or_else(|| known("status", &name)));
        let verdict = given(&self.verdict)
            .map(|name| Verdict::from_name(&name).ok_or_else(|| known("verdict", &name)));
        let order = match given(&self.order).as_deref() {
            None | Some("gravest") => Order::Gravest,
            Some("newest") => Order::Newest,
            Some("oldest") => Order::Oldest,
            Some(other) => return Err(known("order", other)),
        };
        Ok(Filter {
            status: status.transpose()?,
            verdict: verdict.transpose()?,
            account: given(&self.account),
            label: given(&self.label),
            release: given(&self.release),
            text: given(&self.q),
            job: given(&self.job),
            since: given(&self.since).map(|text| moment(&text)).transpose()?,
            before: given(&self.before).map(|text| moment(&text)).transpose()?,
            order,
        })
    }
}

/// A day or a time, as the state keeps times.
fn moment(text: &str) -> Result<String, Problem> {
    let day = || {
        let day: jiff::civil::Date = text.parse().ok()?;
        day.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|time| time.timestamp())
    };
    let moment = text.parse::<jiff::Timestamp>().ok().or_else(day);
    // Without its `Z` it sorts before all that begins with it, as times in a column of text should.
    moment.map(|moment| moment.to_string().trim_end_matches('Z').to_owned()).ok_or_else(|| {
        Problem::bad(format!("{text:?} is no day (2026-11-30) and no time (2026-11-30T12:00:00Z)"))
    })
}

/// A page of uploads.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve) struct Listed {
    uploads: Vec<Upload>,
    /// To be given as `after` for those that follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Uploads, filtered and in order
#[utoipa::path(get, path = "/v1/uploads", tag = "uploads", params(Wanted),
    responses((status = 200, body = Listed), (status = 400, body = Problem)))]
pub(in crate::serve) async fn list(
    State(desk): State<Shared>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Json<Listed>, Problem> {
    let filter = wanted.filter()?;
    let most = wanted.limit.unwrap_or(LISTED).clamp(1, MAX_LISTED);
    blocking(&desk, move |desk| {
        let (rows, next) = desk.store.uploads(&filter, wanted.after.as_deref(), most)?;
        Ok(Json(Listed { uploads: rows.into_iter().map(Upload::from).collect(), next }))
    })
    .await
}

/// The upload of this name.
pub(in crate::serve) fn found(desk: &Desk, id: &str) -> Result<UploadRow, Problem> {
    desk.store.upload(id)?.ok_or_else(|| Problem::not_found("no such upload"))
}

/// An upload
#[utoipa::path(get, path = "/v1/uploads/{id}", tag = "uploads",
    params(("id" = String, Path, description = "Name of the upload")),
    responses((status = 200, body = Upload), (status = 404, body = Problem)))]
pub(in crate::serve) async fn one(
    State(desk): State<Shared>,
    Path(id): Path<String>,
) -> Result<Json<Upload>, Problem> {
    blocking(&desk, move |desk| Ok(Json(Upload::from(found(desk, &id)?)))).await
}

/// The records of an upload, byte for byte as `soundalike scan --format jsonl` writes them
#[utoipa::path(get, path = "/v1/uploads/{id}/records", tag = "uploads",
    params(("id" = String, Path, description = "Name of the upload")),
    responses((status = 200, content_type = "application/x-ndjson", body = String),
              (status = 404, body = Problem)))]
pub(in crate::serve) async fn records(
    State(desk): State<Shared>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let lines = blocking(&desk, move |desk| Ok(desk.lines_of(&found(desk, &id)?)?)).await?;
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], lines).into_response())
}

/// Clusters of near-duplicates, the latest first
#[utoipa::path(get, path = "/v1/clusters", tag = "clusters",
    responses((status = 200, body = Vec<ClusterTold>)))]
pub(in crate::serve) async fn clusters(
    State(desk): State<Shared>,
) -> Result<Json<Vec<ClusterTold>>, Problem> {
    blocking(&desk, move |desk| {
        let rows = desk.store.clusters(None, MAX_LISTED)?;
        Ok(Json(rows.into_iter().map(ClusterTold::from).collect()))
    })
    .await
}

/// The record of a cluster
#[utoipa::path(get, path = "/v1/clusters/{id}", tag = "clusters",
    params(("id" = String, Path, description = "Name of the cluster")),
    responses((status = 200, content_type = "application/json", body = Object),
              (status = 404, body = Problem)))]
pub(in crate::serve) async fn cluster(
    State(desk): State<Shared>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let line = blocking(&desk, move |desk| {
        let row = desk.store.cluster(&id)?;
        let row = row.ok_or_else(|| Problem::not_found("no such cluster"))?;
        Ok(desk.read_lines(&row.job, &[row.line])?)
    })
    .await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], line).into_response())
}
