//! The desk: pages for reviewers.

use axum::Router;
use axum::response::{IntoResponse, Response};

use super::api::Shared;
use super::api::problem::Problem;

pub(super) fn routes() -> Router<Shared> {
    Router::new()
}

pub(super) async fn nothing_here() -> Response {
    Problem::not_found("there is no such address").into_response()
}
