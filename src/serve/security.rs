//! Who is let in, from where, and what browsers may do with what they are sent.
//!
//! A page of somebody else must not use the service through a visitor's browser: requests that change something
//! carry the mark of our own pages (Fetch Metadata, else `Origin`), names that lead here by DNS rebinding are
//! refused by `Host`, and cookies are `SameSite=Strict`. What we send runs no script but ours.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::Desk;
use super::peer::Peer;
use super::problem::Problem;
use super::shared::{Shared, blocking};
use super::users::{Role, User, Users};

/// How long a small request that changes something may take.
const MAX_BODY_TIME: Duration = Duration::from_secs(60);

/// Whoever asks.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) name: String,
    pub(super) role: Role,
    /// Logged in with a browser, so that there is something to log out of.
    pub(super) session: bool,
}

/// Under which names the service may be addressed.
pub(super) struct Gate {
    hosts: Vec<String>,
    /// Any: others reach it, and nobody is let in by his address.
    any: bool,
}

impl Gate {
    pub(super) fn new(desk: &Desk, local: SocketAddr) -> Gate {
        let mut hosts = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "[::1]".to_owned()];
        hosts.push(match local.ip() {
            IpAddr::V6(ip) => format!("[{ip}]"),
            ip => ip.to_string(),
        });
        hosts.extend(desk.settings.hosts.iter().map(|host| host.to_ascii_lowercase()));
        let any = desk.settings.knows_users() && desk.settings.hosts.is_empty();
        Gate { hosts, any }
    }

    fn admits(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.any || self.hosts.iter().any(|known| *known == without_port(&host))
    }
}

/// `host` without its port; an address of version 6 keeps its brackets.
fn without_port(host: &str) -> &str {
    match (host.rfind(':'), host.rfind(']')) {
        (Some(colon), bracket) if bracket.is_none_or(|bracket| colon > bracket) => {
            host.get(..colon).unwrap_or(host)
        }
        _ => host,
    }
}

/// Lets a request pass, with who asks, or answers it.
pub(super) async fn guard(
    State((desk, gate)): State<(Shared, Arc<Gate>)>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path().to_owned();
    if let Err(problem) = is_ours(&gate, request.method(), request.headers(), request.uri().host())
    {
        return problem.into_response();
    }
    let peer = Peer::of(&desk.settings, request.headers(), request.extensions());
    request.extensions_mut().insert(peer);
    let caller = match caller(&desk, peer, request.headers(), request.extensions()).await {
        Ok(caller) => caller,
        Err(problem) => return problem.into_response(),
    };
    let is_open = is_open(&path);
    if changes(request.method()) {
        let from = peer.address.map_or_else(String::new, |address| address.to_string());
        let name = caller.as_ref().map_or(from, |caller| caller.name.clone());
        if !desk.rate.take(&name, Instant::now()) {
            return Problem::busy().into_response();
        }
    }
    let mut response = match caller {
        Some(caller) if is_open || caller.role >= needed(request.method(), &path) => {
            request.extensions_mut().insert(caller);
            in_time(next, request).await
        }
        Some(caller) => {
            let role = caller.role.name();
            Problem::forbidden(format!("the role {role} may not do this")).into_response()
        }
        None if is_open => in_time(next, request).await,
        None if is_page(&path) && desk.settings.users.is_some() => {
            Redirect::to("/login").into_response()
        }
        None => Problem::unauthorized().into_response(),
    };
    if peer.secure {
        let always = HeaderValue::from_static("max-age=31536000");
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, always);
    }
    response
}

/// Answers a request. Whoever changes something sends little, an upload aside, which has a time of its own: a body that
/// does not come holds no place.
async fn in_time(next: Next, request: Request) -> Response {
    if !changes(request.method()) || matches!(request.uri().path(), "/v1/uploads" | "/v1/checks") {
        return next.run(request).await;
    }
    match tokio::time::timeout(MAX_BODY_TIME, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::busy().into_response(),
    }
}

/// Whether a request comes from our own pages, or from no browser.
fn is_ours(
    gate: &Gate,
    method: &Method,
    headers: &HeaderMap,
    authority: Option<&str>,
) -> Result<(), Problem> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).or(authority).unwrap_or_default();
    if !gate.admits(host) {
        return Err(Problem::forbidden(format!(
            "this service is not called {host:?} (see --host)"
        )));
    }
    if !changes(method) {
        return Ok(());
    }
    let from_elsewhere = match text(HeaderName::from_static("sec-fetch-site")) {
        Some(site) => !matches!(site, "same-origin" | "none"),
        None => text(header::ORIGIN).is_some_and(|origin| {
            let named = origin.split_once("://").map_or("", |(_, named)| named);
            !named.eq_ignore_ascii_case(host)
        }),
    };
    match from_elsewhere {
        true => Err(Problem::forbidden("this request comes from another site")),
        false => Ok(()),
    }
}

/// Whether a request may change something.
fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Who asks; none where nobody says so and that is required.
async fn caller(
    desk: &Shared,
    peer: Peer,
    headers: &HeaderMap,
    extensions: &Extensions,
) -> Result<Option<Caller>, Problem> {
    let settings = &desk.settings;
    if !settings.knows_users() {
        let name = settings.who.clone();
        return Ok(Some(Caller { name, role: Role::Admin, session: false }));
    }
    if let Some(remark) = settings.users.as_ref().and_then(Users::refresh) {
        desk.say(&remark);
    }
    let named = |user: User, session| Caller { name: user.name, role: user.role, session };
    if let Some(token) = bearer(headers) {
        let user = blocking(desk, move |desk| {
            Ok(desk.settings.users.as_ref().and_then(|users| users.who_has(&token)))
        })
        .await?;
        return user.map(|user| Some(named(user, false))).ok_or_else(Problem::unauthorized);
    }
    if let Some(login) = &settings.proxy_login
        && let Some(user) = login.user(settings, headers, extensions)?
    {
        return Ok(Some(named(user, false)));
    }
    let Some(users) = &settings.users else { return Ok(None) };
    let session = peer.session(headers).and_then(|name| desk.sessions.user(&name));
    // Whose token is gone, or allows something else by now, logs in again.
    let session = session.filter(|user| users.holds(user));
    Ok(session.map(|user| named(user, true)))
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

/// What anybody may ask for.
fn is_open(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz" | "/openapi.json" | "/login")
        || path.starts_with("/assets/")
}

fn is_page(path: &str) -> bool {
    !path.starts_with("/v1/") && path != "/metrics"
}

/// What it takes to do this.
fn needed(method: &Method, path: &str) -> Role {
    match (method, path) {
        (_, "/metrics") => Role::Admin,
        (_, "/v1/erasures") => Role::Admin,
        (_, path) if path.starts_with("/v1/webhooks") => Role::Admin,
        (&Method::POST, "/v1/uploads" | "/v1/checks" | "/logout") => Role::Submit,
        (_, "/submit" | "/check") => Role::Submit,
        // Whose a check is, is asked where it is shown.
        (&Method::GET, path) if path.starts_with("/check/") => Role::Submit,
        (_, path) if path.starts_with("/v1/jobs/") => Role::Submit,
        _ => Role::Review,
    }
}

/// Content Security Policy (W3C CSP 3): nothing from anywhere else, no script or style within a page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    media-src 'self'; connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'";

/// Says to browsers what they may do with an answer.
pub(super) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), microphone=(), geolocation=(), usb=()",
        ),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(hosts: &[&str], any: bool) -> Gate {
        Gate { hosts: hosts.iter().map(|host| (*host).to_owned()).collect(), any }
    }

    fn asked(method: Method, lines: &[(&'static str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.insert(*name, value.parse().unwrap());
        }
        let gate = gate(&["localhost", "127.0.0.1", "[::1]"], false);
        is_ours(&gate, &method, &headers, None).is_ok()
    }

    #[test]
    fn only_our_own_names_are_answered() {
        for host in ["localhost:8750", "127.0.0.1", "LOCALHOST:1", "[::1]:8750", "[::1]"] {
            assert!(asked(Method::GET, &[("host", host)]), "{host}");
        }
        for host in ["evil.example", "localhost.evil.example:8750", "", "127.0.0.1.nip.io"] {
            assert!(!asked(Method::GET, &[("host", host)]), "{host}");
        }
        assert!(gate(&[], true).admits("desk.example"));
    }

    #[test]
    fn other_sites_cannot_change_anything() {
        let host = ("host", "localhost:8750");
        let post = |more: &[(&'static str, &str)]| asked(Method::POST, &[&[host], more].concat());
        assert!(post(&[]), "a program");
        assert!(post(&[("sec-fetch-site", "same-origin")]));
        assert!(post(&[("origin", "http://localhost:8750")]));
        for site in ["cross-site", "same-site", "x"] {
            assert!(!post(&[("sec-fetch-site", site)]), "{site}");
        }
        for origin in ["http://evil.example", "null", "http://localhost:1", "http://localhost"] {
            assert!(!post(&[("origin", origin)]), "{origin}");
        }
        let both = [("sec-fetch-site", "cross-site"), ("origin", "http://localhost:8750")];
        assert!(!post(&both));
        assert!(asked(Method::GET, &[host, ("sec-fetch-site", "cross-site")]), "a link");
    }

    #[test]
    fn roles_reach_as_far_as_they_say() {
        assert_eq!(needed(&Method::POST, "/v1/uploads"), Role::Submit);
        assert_eq!(needed(&Method::GET, "/v1/uploads"), Role::Review);
        assert_eq!(needed(&Method::POST, "/v1/uploads/u_1/decisions"), Role::Review);
        assert_eq!(needed(&Method::GET, "/metrics"), Role::Admin);
        assert!(!is_open("/v1/index") && is_open("/assets/desk.css") && !is_open("/"));
    }
}
