//! Logging in with a token, and out again.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use maud::{Markup, html};
use serde::Deserialize;

use super::layout::{Frame, Place};
use super::{Failed, shown};
use crate::serve::peer::Peer;
use crate::serve::problem::Problem;
use crate::serve::shared::{Shared, blocking};
use crate::serve::users::{Role, SESSION};

/// What the form sends.
#[derive(Deserialize)]
pub(in crate::serve) struct Token {
    token: String,
}

fn form(failed: bool) -> Markup {
    let content = html! {
        div.login {
            h1 { "Log in" }
            p { "With the token that was made for you." }
            form method="post" action="/login" {
                label { span { "Token" }
                    input type="password" name="token" required autofocus autocomplete="current-password"
                        aria-invalid=[failed.then_some("true")] aria-describedby=[failed.then_some("wrong")];
                }
                @if failed { p.wrong #wrong role="alert" { "This token is not known here." } }
                button.strong { "Log in" }
            }
        }
    };
    let frame = Frame {
        title: "Log in",
        place: Place::Nowhere,
        caller: None,
        trouble: None,
        plays: false,
        listens: false,
    };
    frame.around(&content)
}

/// The form.
pub(super) async fn page(State(desk): State<Shared>) -> Response {
    match desk.settings.users {
        Some(_) => shown(form(false)).into_response(),
        None => Redirect::to("/").into_response(),
    }
}

/// Lets somebody in.
pub(super) async fn enter(
    State(desk): State<Shared>,
    Extension(peer): Extension<Peer>,
    Form(Token { token }): Form<Token>,
) -> Result<Response, Failed> {
    let entered = blocking(&desk, move |desk| {
        let user = desk.settings.users.as_ref().and_then(|users| users.who_has(token.trim()));
        let Some(user) = user else { return Ok(None) };
        let home = if user.role >= Role::Review { "/" } else { "/submit" };
        let name = desk.sessions.begin(user).map_err(|e| Problem::internal(e.to_string()))?;
        Ok(Some((name, home)))
    })
    .await?;
    let Some((name, home)) = entered else {
        let page: Html<String> = shown(form(true));
        return Ok((axum::http::StatusCode::FORBIDDEN, page).into_response());
    };
    let mut response = Redirect::to(home).into_response();
    if let Some(cookie) = peer.cookie(&name, SESSION.as_secs()) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Ends a session.
pub(super) async fn leave(
    State(desk): State<Shared>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Response {
    if let Some(name) = peer.session(&headers) {
        desk.sessions.end(&name);
    }
    let mut response = Redirect::to("/login").into_response();
    if let Some(gone) = peer.cookie("", 0) {
        response.headers_mut().insert(header::SET_COOKIE, gone);
    }
    response
}
