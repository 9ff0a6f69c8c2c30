//! Erases what is known of an upload or an account. For who looks after the service.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};

use crate::serve::erase::Whose;
use crate::serve::extract::Body;
use crate::serve::problem::Problem;
use crate::serve::security::Caller;
use crate::serve::shared::{Shared, blocking};
use crate::serve::state::Erasure;

/// Erasures listed.
const MAX_LISTED: u32 = 500;

/// What is to be erased: an upload or an account.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct ErasureWanted {
    /// Name of the upload.
    #[serde(default)]
    upload: Option<String>,
    /// The account, exactly.
    #[serde(default)]
    account: Option<String>,
    /// Why, without naming anybody: it is kept.
    reason: String,
}

/// What was erased.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve) struct Erased {
    /// Uploads.
    uploads: u64,
}

/// Erases what is known of an upload or an account: audio, records, names
#[utoipa::path(post, path = "/v1/erasures", tag = "service", request_body = ErasureWanted,
    responses((status = 200, body = Erased), (status = 404, body = Problem),
              (status = 422, body = Problem)))]
pub(in crate::serve) async fn erase(
    State(desk): State<Shared>,
    Extension(caller): Extension<Caller>,
    Body(wanted): Body<ErasureWanted>,
) -> Result<(StatusCode, Json<Erased>), Problem> {
    let whose = match (wanted.upload, wanted.account) {
        (Some(upload), None) => Whose::Upload(upload),
        (None, Some(account)) => Whose::Account(account),
        _ => return Err(Problem::unusable("name an `upload` or an `account`")),
    };
    let why = wanted.reason.trim().chars().take(500).collect::<String>();
    if why.is_empty() {
        return Err(Problem::unusable("an erasure needs a reason"));
    }
    blocking(&desk, move |desk| {
        let uploads = desk.erase(&whose, &caller.name, &why)?;
        Ok((StatusCode::OK, Json(Erased { uploads })))
    })
    .await
}

/// What was erased, the latest first
#[utoipa::path(get, path = "/v1/erasures", tag = "service",
    responses((status = 200, body = Vec<Object>)))]
pub(in crate::serve) async fn list(
    State(desk): State<Shared>,
) -> Result<Json<Vec<Erasure>>, Problem> {
    blocking(&desk, |desk| Ok(Json(desk.store.erasures(MAX_LISTED)?))).await
}
