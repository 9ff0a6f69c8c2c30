//! Who asks, as a proxy in front says: single sign-on (OpenID Connect, SAML) is done by it (oauth2-proxy, Authelia,
//! `mod_auth_openidc`), and the name of whoever logged in comes in a header.
//!
//! Anybody can send that header: it counts only from an address that is trusted, and only once. The proxy has to remove
//! it from what comes from outside; where it adds its own to a forged one, there are two, and nobody is let in.

use axum::http::{Extensions, HeaderMap, HeaderName};

use super::Settings;
use super::peer::is_trusted_proxy;
use super::problem::Problem;
use super::users::{Role, User, Users};

/// Longest name, in characters.
const MAX_NAME: usize = 200;

/// How a proxy says who asks.
#[derive(Debug, Clone)]
pub struct ProxyLogin {
    header: HeaderName,
    /// What those may do of whom the file of tokens says nothing; none: nothing.
    role: Option<Role>,
}

impl ProxyLogin {
    /// Names stand in the header `header`; whoever is named there and not in the file of tokens has `role`.
    ///
    /// # Errors
    /// No header can be called so.
    pub fn new(header: &str, role: Option<Role>) -> Result<ProxyLogin, String> {
        let spoken = ["authorization", "cookie", "host", "origin", "connection"];
        match header.parse::<HeaderName>() {
            Ok(name) if !spoken.contains(&name.as_str()) => Ok(ProxyLogin { header: name, role }),
            _ => Err(format!("{header:?} is no header that a name could stand in")),
        }
    }

    /// Whom a trusted proxy names, with what he may do.
    ///
    /// # Errors
    /// He may do nothing, or it is not clear who it is.
    pub(super) fn user(
        &self,
        settings: &Settings,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Result<Option<User>, Problem> {
        if !is_trusted_proxy(settings, extensions) {
            return Ok(None);
        }
        let Some(name) = named(&self.header, headers)? else { return Ok(None) };
        let known = settings.users.as_ref().and_then(|users: &Users| users.named(&name));
        match known
            .or_else(|| self.role.map(|role| User { name: name.clone(), role, hash: "".into() }))
        {
            Some(user) => Ok(Some(user)),
            None => Err(Problem::forbidden(format!(
                "nobody has said what {name} may do here (a line in the file of tokens, or --proxy-role)"
            ))),
        }
    }
}

/// The name in a header; none where there is none.
fn named(header: &HeaderName, headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut all = headers.get_all(header).iter();
    let Some(value) = all.next() else { return Ok(None) };
    let name = std::str::from_utf8(value.as_bytes()).unwrap_or_default().trim();
    let is_name = !name.is_empty()
        && name.chars().count() <= MAX_NAME
        && !name.chars().any(|c| c.is_control() || c == ',');
    match is_name && all.next().is_none() {
        true => Ok(Some(name.to_owned())),
        false => Err(Problem::forbidden(format!("the header {header} does not name one person"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_names_one_person_or_nobody() {
        let header = HeaderName::from_static("remote-user");
        let of = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(
                    &header,
                    axum::http::HeaderValue::from_bytes(value.as_bytes()).unwrap(),
                );
            }
            named(&header, &headers).map_err(|_| ())
        };
        assert_eq!(of(&[]), Ok(None));
        assert_eq!(of(&[" ana@example.org "]), Ok(Some("ana@example.org".to_owned())));
        assert_eq!(of(&["Zoë"]), Ok(Some("Zoë".to_owned())));
        for wrong in [&["ana", "ben"][..], &["ana", "ana"], &["ana, ben"], &[""], &["a\tb"]] {
            assert_eq!(of(wrong), Err(()), "{wrong:?}");
        }
        assert_eq!(of(&[&"a".repeat(201)]), Err(()));
    }

    #[test]
    fn headers_that_mean_something_else_are_refused() {
        for wrong in ["", "a b", "Cookie", "authorization", "Host", "x:y"] {
            assert!(ProxyLogin::new(wrong, None).is_err(), "{wrong}");
        }
        ProxyLogin::new("X-Forwarded-User", None).unwrap();
    }
}
