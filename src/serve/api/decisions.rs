//! Decisions and remarks on uploads.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};

use super::listing::found;
use super::told::Upload;
use crate::decisions::review::Action;
use crate::serve::decide::{Reach, Wish};
use crate::serve::extract::Body;
use crate::serve::problem::Problem;
use crate::serve::security::Caller;
use crate::serve::shared::{Shared, blocking};
use crate::serve::stamp::now;
use crate::serve::state::{Note, ReviewRow, Status};

/// Longest remark, in characters.
const MAX_NOTE: usize = 4000;

/// A decision to make.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct DecisionWanted {
    /// `pass`, `hold`, `reject`, `park`, or `reopen`, which takes the last one back.
    #[schema(value_type = String)]
    action: Action,
    /// Why, for those who read the log later.
    reason: String,
    /// Of `pass`: `matches` (what it matches now is not held against it) or `file` (nothing is). By default the
    /// matches, where there are any.
    #[serde(default)]
    reach: Option<Reach>,
    /// Until when a pass holds, or when to look again: a day, a time, or a period (`90d`).
    #[serde(default)]
    until: Option<String>,
    /// `revision` of the upload as it was seen: 409 if somebody has decided since.
    #[serde(default)]
    revision: Option<i64>,
}

/// A decision that was made.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve) struct Decided {
    /// The upload as it stands now.
    upload: Upload,
    /// The entry in the log.
    #[schema(value_type = Object)]
    decision: ReviewRow,
}

/// Decides on an upload
#[utoipa::path(post, path = "/v1/uploads/{id}/decisions", tag = "decisions", request_body = DecisionWanted,
    params(("id" = String, Path, description = "Name of the upload")),
    responses((status = 201, body = Decided), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(in crate::serve) async fn decide(
    State(desk): State<Shared>,
    Path(id): Path<String>,
    Extension(caller): Extension<Caller>,
    Body(wanted): Body<DecisionWanted>,
) -> Result<(StatusCode, Json<Decided>), Problem> {
    let DecisionWanted { action, reason, reach, until, revision } = wanted;
    let wish = Wish { action, reason, who: caller.name, reach, until, seen: revision };
    blocking(&desk, move |desk| {
        let decided = desk.decide(&id, wish)?;
        let (row, decision) = decided.ok_or_else(|| Problem::not_found("no such upload"))?;
        Ok((StatusCode::CREATED, Json(Decided { upload: Upload::from(row), decision })))
    })
    .await
}

/// Decisions that were made on the members of a cluster.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve) struct AllDecided {
    /// Members that were open, as they stand now.
    uploads: Vec<Upload>,
    /// Members on which nothing was decided, and why.
    refused: Vec<Refused>,
}

/// A member on which nothing was decided.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve) struct Refused {
    upload: String,
    detail: String,
}

/// Decides on all open members of a cluster
#[utoipa::path(post, path = "/v1/clusters/{id}/decisions", tag = "decisions", request_body = DecisionWanted,
    params(("id" = String, Path, description = "Name of the cluster")),
    responses((status = 201, body = AllDecided), (status = 404, body = Problem),
              (status = 422, body = Problem)))]
pub(in crate::serve) async fn decide_all(
    State(desk): State<Shared>,
    Path(id): Path<String>,
    Extension(caller): Extension<Caller>,
    Body(wanted): Body<DecisionWanted>,
) -> Result<(StatusCode, Json<AllDecided>), Problem> {
    let DecisionWanted { action, reason, reach, until, .. } = wanted;
    blocking(&desk, move |desk| {
        let cluster = desk.cluster_of(&id)?;
        let mut all = AllDecided { uploads: Vec::new(), refused: Vec::new() };
        let mut first = None;
        for upload in desk.members_of(&id, &cluster)? {
            if upload.status != Status::Open {
                continue;
            }
            let seen = Some(upload.revision);
            let (reason, who, until) = (reason.clone(), caller.name.clone(), until.clone());
            match desk.decide(&upload.id, Wish { action, reason, who, reach, until, seen }) {
                Ok(Some((row, _))) => all.uploads.push(Upload::from(row)),
                Ok(None) => {}
                Err(error) => {
                    let detail = error.to_string();
                    all.refused.push(Refused { upload: upload.id, detail });
                    first.get_or_insert(error);
                }
            }
        }
        match (all.uploads.is_empty(), first) {
            (true, Some(error)) => Err(error.into()),
            (true, None) => Err(Problem::unusable("none of its members is open")),
            _ => Ok((StatusCode::CREATED, Json(all))),
        }
    })
    .await
}

/// What was decided on an upload, and remarked.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve) struct History {
    /// The oldest first.
    #[schema(value_type = Vec<Object>)]
    decisions: Vec<ReviewRow>,
    #[schema(value_type = Vec<Object>)]
    notes: Vec<Note>,
}

/// Who decided what on an upload, and when
#[utoipa::path(get, path = "/v1/uploads/{id}/decisions", tag = "decisions",
    params(("id" = String, Path, description = "Name of the upload")),
    responses((status = 200, body = History), (status = 404, body = Problem)))]
pub(in crate::serve) async fn list(
    State(desk): State<Shared>,
    Path(id): Path<String>,
) -> Result<Json<History>, Problem> {
    blocking(&desk, move |desk| {
        found(desk, &id)?;
        let (decisions, notes) = (desk.store.reviews(&id)?, desk.store.notes(&id)?);
        Ok(Json(History { decisions, notes }))
    })
    .await
}

/// A remark to make.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct NoteWanted {
    /// What it says.
    text: String,
}

/// Adds a remark to an upload
#[utoipa::path(post, path = "/v1/uploads/{id}/notes", tag = "decisions", request_body = NoteWanted,
    params(("id" = String, Path, description = "Name of the upload")),
    responses((status = 201, body = Object), (status = 404, body = Problem),
              (status = 422, body = Problem)))]
pub(in crate::serve) async fn note(
    State(desk): State<Shared>,
    Path(id): Path<String>,
    Extension(caller): Extension<Caller>,
    Body(wanted): Body<NoteWanted>,
) -> Result<(StatusCode, Json<Note>), Problem> {
    let text: String = wanted.text.trim().chars().take(MAX_NOTE).collect();
    if text.is_empty() {
        return Err(Problem::unusable("a remark needs words"));
    }
    blocking(&desk, move |desk| {
        found(desk, &id)?;
        let note = Note { who: caller.name, at: now(), text };
        desk.store.add_note(&id, &note)?;
        Ok((StatusCode::CREATED, Json(note)))
    })
    .await
}
