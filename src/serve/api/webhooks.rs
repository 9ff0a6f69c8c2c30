//! Receivers of messages, and what became of messages to them. For who looks after the service.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::serve::extract::Asked;
use crate::serve::problem::Problem;
use crate::serve::shared::{Shared, blocking};
use crate::serve::state::Message;

/// Messages listed.
const MAX_LISTED: u32 = 500;

/// A receiver; its secret is not told.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(in crate::serve) struct ReceiverTold {
    name: String,
    url: String,
    /// What it is told of; all, where nothing is named.
    events: Vec<String>,
    /// It may lie in a private network.
    private: bool,
}

/// Who is told of what
#[utoipa::path(get, path = "/v1/webhooks", tag = "webhooks",
    responses((status = 200, body = Vec<ReceiverTold>)))]
pub(in crate::serve) async fn receivers(State(desk): State<Shared>) -> Json<Vec<ReceiverTold>> {
    let all = desk.settings.receivers.as_ref().map(|receivers| receivers.all());
    let told = all.iter().flat_map(|all| all.iter()).map(|r| ReceiverTold {
        name: r.name.clone(),
        url: r.url.clone(),
        events: r.events.clone(),
        private: r.private,
    });
    Json(told.collect())
}

/// Which messages are wanted.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::serve) struct MessagesWanted {
    /// `waiting`, `sent` or `dead`.
    state: Option<String>,
}

/// Messages, the latest first
#[utoipa::path(get, path = "/v1/webhooks/messages", tag = "webhooks", params(MessagesWanted),
    responses((status = 200, body = Vec<Object>), (status = 400, body = Problem)))]
pub(in crate::serve) async fn messages(
    State(desk): State<Shared>,
    Asked(wanted): Asked<MessagesWanted>,
) -> Result<Json<Vec<Message>>, Problem> {
    let state = wanted.state.filter(|state| !state.is_empty());
    if let Some(other) = state.as_deref().filter(|s| !["waiting", "sent", "dead"].contains(s)) {
        return Err(Problem::bad(format!("there is no state {other:?}")));
    }
    blocking(&desk, move |desk| Ok(Json(desk.store.messages(state.as_deref(), MAX_LISTED)?))).await
}

/// Sends a message again that was given up, or waits
#[utoipa::path(post, path = "/v1/webhooks/messages/{id}/send", tag = "webhooks",
    params(("id" = String, Path, description = "Name of the message")),
    responses((status = 202, body = Object), (status = 404, body = Problem),
              (status = 409, body = Problem)))]
pub(in crate::serve) async fn again(
    State(desk): State<Shared>,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<Message>), Problem> {
    blocking(&desk, move |desk| {
        let missing = || Problem::not_found("no such message");
        desk.store.message(&id)?.ok_or_else(missing)?;
        if !desk.store.send_again(&id)? {
            return Err(Problem::conflict("the receiver has it"));
        }
        let message = desk.store.message(&id)?.ok_or_else(missing)?;
        Ok((StatusCode::ACCEPTED, Json(message)))
    })
    .await
}

/// Sends a message that tells of nothing, to see whether it arrives
#[utoipa::path(post, path = "/v1/webhooks/{name}/ping", tag = "webhooks",
    params(("name" = String, Path, description = "Name of the receiver")),
    responses((status = 202, body = Object), (status = 404, body = Problem)))]
pub(in crate::serve) async fn ping(
    State(desk): State<Shared>,
    Path(name): Path<String>,
) -> Result<(StatusCode, Json<Message>), Problem> {
    blocking(&desk, move |desk| {
        let all = desk.settings.receivers.as_ref().map(|receivers| receivers.all());
        if !all.is_some_and(|all| all.iter().any(|receiver| receiver.name == name)) {
            return Err(Problem::not_found("no such receiver"));
        }
        let id = desk.store.ping(&name)?;
        let message = desk.store.message(&id)?;
        let message = message.ok_or_else(|| Problem::internal("the message is gone"))?;
        Ok((StatusCode::ACCEPTED, Json(message)))
    })
    .await
}
