//! Style and script of the desk, in the program itself.

use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::report::html::fragments::{SCRIPT, STYLE};
use crate::serve::problem::Problem;

const DESK_STYLE: &str = include_str!("assets/desk.css");
const DESK_SCRIPT: &str = include_str!("assets/desk.js");
const PLAYER_SCRIPT: &str = include_str!("assets/player.js");
const SPECTRUM_SCRIPT: &str = include_str!("assets/spectrum.js");
const ICON: &str = include_str!("assets/icon.svg");

/// A file of the desk.
pub(super) async fn asset(Path(name): Path<String>) -> Response {
    let (text, kind) = match name.as_str() {
        "report.css" => (STYLE, "text/css; charset=utf-8"),
        "report.js" => (SCRIPT, "text/javascript; charset=utf-8"),
        "desk.css" => (DESK_STYLE, "text/css; charset=utf-8"),
        "desk.js" => (DESK_SCRIPT, "text/javascript; charset=utf-8"),
        "player.js" => (PLAYER_SCRIPT, "text/javascript; charset=utf-8"),
        "spectrum.js" => (SPECTRUM_SCRIPT, "text/javascript; charset=utf-8"),
        "icon.svg" => (ICON, "image/svg+xml"),
        _ => return Problem::not_found("no such file").into_response(),
    };
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    // Pages name the version: what is kept is never stale.
    let kept = HeaderValue::from_static("public, max-age=86400");
    headers.insert(header::CACHE_CONTROL, kept);
    response
}

/// The address of a file of the desk, which changes with what is in it.
pub(super) fn address(name: &str) -> String {
    let text = match name {
        "report.css" => STYLE,
        "report.js" => SCRIPT,
        "desk.css" => DESK_STYLE,
        "desk.js" => DESK_SCRIPT,
        "player.js" => PLAYER_SCRIPT,
        "spectrum.js" => SPECTRUM_SCRIPT,
        _ => ICON,
    };
    format!("/assets/{name}?{}", crate::id::digest_name(text.as_bytes()))
}
