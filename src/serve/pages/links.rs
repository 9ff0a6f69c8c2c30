//! Addresses within the desk, and links to them.

use maud::{Markup, html};

use crate::report::html::fragments::Name;

/// `text` as a value in an address (RFC 3986: all but unreserved characters).
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out += &format!("%{byte:02X}"),
        }
    }
    out
}

/// The address of the page of an account.
pub(super) fn of_account(name: &str) -> String {
    format!("/account?name={}", escaped(name))
}

/// A link to the page of an account.
pub(super) fn account(name: &str) -> Markup {
    html! { a.account href=(of_account(name)) { (Name::of(name)) } }
}
