//! Who is at the other end of a connection: a browser, or a proxy that says for whom it asks.
//!
//! What a proxy says of the connection behind it (`X-Forwarded-Proto`, `X-Forwarded-For`) anybody can say. It counts
//! only from an address that is trusted. A cookie that came over TLS never goes without: `Secure`, and a name that
//! begins with `__Host-`, which browsers take from this host alone (RFC 6265bis).

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap, HeaderValue};

use super::Settings;

/// The name of the cookie of a session.
const COOKIE: &str = "soundalike_session";
/// The same where it goes over TLS alone.
const SECURE_COOKIE: &str = "__Host-soundalike_session";

/// Whoever asks, as far as the connection says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer {
    /// The address; none where nobody says.
    pub(super) address: Option<IpAddr>,
    /// It came over TLS.
    pub(super) secure: bool,
}

/// The address at the other end of the connection itself.
fn direct(extensions: &Extensions) -> Option<IpAddr> {
    let direct = extensions.get::<ConnectInfo<SocketAddr>>();
    direct.map(|ConnectInfo(address)| address.ip().to_canonical())
}

/// Whether a proxy asks that is trusted to say for whom.
pub(super) fn is_trusted_proxy(settings: &Settings, extensions: &Extensions) -> bool {
    direct(extensions).is_some_and(|ip| settings.proxies.contains(&ip))
}

impl Peer {
    /// What `settings` let the headers of a request say.
    pub(super) fn of(settings: &Settings, headers: &HeaderMap, extensions: &Extensions) -> Peer {
        let direct = direct(extensions);
        let trusted = is_trusted_proxy(settings, extensions);
        // The last is the one that the trusted proxy added.
        let said = |name: &str| -> Option<&str> {
            let lines = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
            let mut all = lines.flat_map(|line| line.split(',')).map(str::trim);
            all.next_back().filter(|_| trusted)
        };
        let secure = said("x-forwarded-proto").is_some_and(|p| p.eq_ignore_ascii_case("https"));
        let behind = said("x-forwarded-for").and_then(|address| address.parse().ok());
        Peer { address: behind.or(direct), secure: secure || settings.tls }
    }

    /// The cookie that holds `value` for `seconds`.
    pub(super) fn cookie(self, value: &str, seconds: u64) -> Option<HeaderValue> {
        let (name, secure) = match self.secure {
            true => (SECURE_COOKIE, "; Secure"),
            false => (COOKIE, ""),
        };
        let rest = format!("Path=/; HttpOnly; SameSite=Strict{secure}; Max-Age={seconds}");
        HeaderValue::from_str(&format!("{name}={value}; {rest}")).ok()
    }

    /// What such a cookie holds, as a browser sends it.
    pub(super) fn session(self, headers: &HeaderMap) -> Option<String> {
        let name = if self.secure { SECURE_COOKIE } else { COOKIE };
        let lines = headers.get_all(axum::http::header::COOKIE).iter();
        let pairs = lines.filter_map(|value| value.to_str().ok()).flat_map(|line| line.split(';'));
        let mut pairs = pairs.filter_map(|pair| pair.split_once('='));
        pairs.find(|(known, _)| known.trim() == name).map(|(_, value)| value.trim().to_owned())
    }
}
