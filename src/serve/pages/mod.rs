//! The desk: the queue, an upload with its players, clusters, sending, and who is there.
//!
//! Pages are made of the same parts as the report ([`fragments`](crate::report::html::fragments)); what moves in
//! them is one small script of ours. Nothing is loaded from elsewhere, and nothing stands in a page that a Content
//! Security Policy without exceptions would not let run.

mod account;
mod advice;
mod assets;
mod check;
mod choices;
mod clusters;
mod item;
mod layout;
mod links;
mod login;
mod player;
mod quality;
mod queue;
mod send;

use axum::Router;
use axum::extract::Request;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use maud::Markup;

use super::problem::Problem;
use super::shared::Shared;

/// Addresses of pages.
pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/", get(queue::page))
        .route("/uploads/{id}", get(item::page))
        .route("/uploads/{id}/matches/{match}/evidence", get(item::evidence))
        .route("/account", get(account::page))
        .route("/check", get(check::page))
        .route("/check/{id}", get(check::result))
        .route("/check/{id}/appeal.zip", get(check::appeal_folder))
        .route("/check/{id}/{upload}/{match}/{file}", get(check::clip))
        .route("/clusters", get(clusters::list))
        .route("/clusters/{id}", get(clusters::page))
        .route("/quality", get(quality::page))
        .route("/quality/{id}", post(quality::looked))
        .route("/views", post(quality::keep))
        .route("/views/{n}/forget", post(quality::forget))
        .route("/submit", get(send::page))
        .route("/login", get(login::page).post(login::enter))
        .route("/logout", post(login::leave))
        .route("/assets/{name}", get(assets::asset))
}

/// The answer where there is nothing: a page for people, a problem for programs.
pub(super) async fn nothing_here(request: Request) -> Response {
    let problem = Problem::not_found("there is no such address");
    match request.uri().path().starts_with("/v1/") {
        true => problem.into_response(),
        false => Failed(problem).into_response(),
    }
}

/// A page that could not be made.
pub(in crate::serve) struct Failed(Problem);

impl<T: Into<Problem>> From<T> for Failed {
    fn from(problem: T) -> Failed {
        Failed(problem.into())
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let (status, page) = layout::failed(&self.0);
        (status, shown(page)).into_response()
    }
}

fn shown(page: Markup) -> Html<String> {
    Html(page.into_string())
}
