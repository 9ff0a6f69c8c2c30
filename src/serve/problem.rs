//! Errors as RFC 9457 has them.

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::decisions::change::ChangeError;
use crate::serve::decide::DecideError;
use crate::serve::erase::EraseError;
use crate::serve::records::RecordsError;
use crate::serve::state::StateError;

/// The media type of problems.
const PROBLEM: &str = "application/problem+json";

/// What went wrong with a request.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub(in crate::serve) struct Problem {
    /// Names the kind of problem; the page of the interface explains it.
    #[serde(rename = "type")]
    kind: String,
    /// The kind in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is the case this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl Problem {
    fn new(status: StatusCode, kind: &str, title: &'static str) -> Problem {
        let kind = format!("urn:soundalike:problem:{kind}");
        Problem { kind, title, status: status.as_u16(), detail: None }
    }

    fn because(self, detail: impl Into<String>) -> Problem {
        Problem { detail: Some(detail.into()), ..self }
    }

    /// What the request says makes no sense.
    pub(in crate::serve) fn bad(detail: impl Into<String>) -> Problem {
        let title = "The request cannot be understood";
        Problem::new(StatusCode::BAD_REQUEST, "bad-request", title).because(detail)
    }

    /// There is no such thing.
    pub(in crate::serve) fn not_found(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "not-found", "There is no such thing").because(detail)
    }

    /// Nobody said who asks.
    pub(in crate::serve) fn unauthorized() -> Problem {
        Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", "Say who you are")
            .because("send a token: Authorization: Bearer …")
    }

    /// Whoever asks may not.
    pub(in crate::serve) fn forbidden(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::FORBIDDEN, "forbidden", "This is not allowed").because(detail)
    }

    /// Something else came in between.
    pub(in crate::serve) fn conflict(detail: impl Into<String>) -> Problem {
        let title = "Somebody else was faster, or the name is taken";
        Problem::new(StatusCode::CONFLICT, "conflict", title).because(detail)
    }

    /// More than is taken.
    pub(in crate::serve) fn too_large(detail: impl Into<String>) -> Problem {
        let title = "This is larger than what is taken";
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", title).because(detail)
    }

    /// Too much at once.
    pub(in crate::serve) fn busy() -> Problem {
        let title = "Too much at once; try again in a moment";
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "busy", title)
    }

    /// The disk is nearly full.
    pub(in crate::serve) fn no_room(detail: impl Into<String>) -> Problem {
        let title = "There is no room for this";
        Problem::new(StatusCode::INSUFFICIENT_STORAGE, "no-room", title).because(detail)
    }

    /// It makes sense, but not here.
    pub(in crate::serve) fn unusable(detail: impl Into<String>) -> Problem {
        let title = "The request is well formed and cannot be carried out";
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "unprocessable", title).because(detail)
    }

    /// A request for a part that there is not.
    pub(in crate::serve) fn range() -> Problem {
        let title = "There is no such part";
        Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "range", title)
    }

    /// Our fault, or the system's.
    pub(in crate::serve) fn internal(detail: impl Into<String>) -> Problem {
        let title = "The service failed";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", title).because(detail)
    }

    /// Not now.
    pub(in crate::serve) fn unavailable(detail: impl Into<String>) -> Problem {
        let title = "The service cannot do this at present";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", title).because(detail)
    }

    /// A title and what is the case, for a page.
    pub(in crate::serve) fn words(&self) -> (u16, &'static str, Option<&str>) {
        (self.status, self.title, self.detail.as_deref())
    }
}

/// Gives what the interface answers to requests that no function of ours saw (a method that there is not, an address that is
/// no text) the form of all other problems.
pub(in crate::serve) async fn uniform(request: Request, next: Next) -> Response {
    let is_interface = request.uri().path().starts_with("/v1/");
    let response = next.run(request).await;
    let status = response.status();
    let failed = status.is_client_error() || status.is_server_error();
    let kind = response.headers().get(header::CONTENT_TYPE);
    if !is_interface || !failed || kind.is_some_and(|kind| kind == PROBLEM) {
        return response;
    }
    let words = status.canonical_reason().unwrap_or("The request cannot be answered");
    let allowed = response.headers().get(header::ALLOW).cloned();
    let mut response = Problem::new(status, "request", words).into_response();
    if let Some(allowed) = allowed {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        let kind = HeaderValue::from_static(PROBLEM);
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        match status {
            StatusCode::UNAUTHORIZED => {
                let how = HeaderValue::from_static("Bearer");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, how);
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}

impl From<StateError> for Problem {
    fn from(error: StateError) -> Problem {
        Problem::internal(error.to_string())
    }
}

impl From<RecordsError> for Problem {
    fn from(error: RecordsError) -> Problem {
        Problem::internal(error.to_string())
    }
}

impl From<EraseError> for Problem {
    fn from(error: EraseError) -> Problem {
        let detail = error.to_string();
        match error {
            EraseError::NoSuch(_) => Problem::not_found(detail),
            _ => Problem::internal(detail),
        }
    }
}

impl From<DecideError> for Problem {
    fn from(error: DecideError) -> Problem {
        let detail = error.to_string();
        match error {
            DecideError::Conflict => Problem::conflict(detail),
            DecideError::NothingToUndo
            | DecideError::Blocked { .. }
            | DecideError::TooMany(_)
            | DecideError::NoEnd(_)
            | DecideError::Term(_)
            | DecideError::Target(_)
            | DecideError::NoLog
            | DecideError::Change(ChangeError::NoReason | ChangeError::Nobody) => {
                Problem::unusable(detail)
            }
            DecideError::Change(_)
            | DecideError::Follow(_)
            | DecideError::Records(_)
            | DecideError::State(_) => Problem::internal(detail),
        }
    }
}
