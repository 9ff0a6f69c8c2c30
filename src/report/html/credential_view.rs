//! The exhibit of a signed credential: who signed what, what was checked, and what that shows and does not.

use maud::{Markup, html};

use super::foreign::{Name, Text};
use super::parts::facts;
use super::words::count;
use crate::credentials::words::{DOES_NOT_PROVE, NOT_READABLE, PROVES, action, source_words};
use crate::credentials::{Action, Claim, State};
use crate::report::records::CredentialRecord;

/// Actions listed.
const MAX_ACTIONS: usize = 20;

/// What is said about the credential of one upload.
pub struct CredentialView<'a> {
    record: &'a CredentialRecord,
}

impl<'a> CredentialView<'a> {
    /// The exhibit of `record`.
    pub fn new(record: &'a CredentialRecord) -> CredentialView<'a> {
        CredentialView { record }
    }

    /// The exhibit in HTML.
    pub fn markup(&self) -> Markup {
        let heading = match self.record.state {
            State::Trusted => "Signed credential: intact, signer trusted",
            State::Intact => "Signed credential: intact, signer not known",
            State::Broken => "Signed credential: does not hold",
            State::Remote => "Signed credential: kept elsewhere",
            State::NotRead | State::None => "Signed credential: not read",
        };
        html! {
            section.credential {
                h4 { (heading) }
                p { (Text::whole(&self.record.statement)) }
                @if let Some(claim) = &self.record.claim { (claimed(claim, &self.record.place)) }
                p.note { (PROVES) " " (DOES_NOT_PROVE) }
                p.note { (NOT_READABLE) }
            }
        }
    }
}

/// What the credential claims, as a list.
fn claimed(claim: &Claim, place: &str) -> Markup {
    let mut rows: Vec<(&'static str, Markup)> = Vec::new();
    let stamped = if claim.time_is_trusted { "Signed at" } else { "Signed at, by a time-stamp" };
    let named = [
        ("Signer", &claim.signer),
        ("Issuer", &claim.issuer),
        (stamped, &claim.signed_at),
        ("Claim made by", &claim.generator),
    ];
    for (what, value) in named {
        rows.extend(value.as_deref().map(|value| (what, html! { (Name::of(value)) })));
    }
    if !claim.actions.is_empty() {
        rows.push(("Said to have been done", done(&claim.actions)));
    }
    if !claim.agents.is_empty() {
        rows.push(("Programs", list(claim.agents.iter().map(String::as_str))));
    }
    if claim.ingredients > 0 {
        let files = count(claim.ingredients, "other file", "other files");
        rows.push(("Made from", html! { (files) }));
    }
    if !claim.ingredient_sources.is_empty() {
        let sources: Vec<String> =
            claim.ingredient_sources.iter().map(|source| source_words(source)).collect();
        rows.push(("Said of those", list(sources.iter().map(String::as_str))));
    }
    if !place.is_empty() {
        rows.push(("Where", html! { (Text::of(place)) }));
    }
    facts("facts-list", &rows)
}

fn done(actions: &[Action]) -> Markup {
    html! {
        @for (i, done) in actions.iter().take(MAX_ACTIONS).enumerate() {
            @if i > 0 { "; " }
            (Name::of(action(done)))
            @if let Some(when) = &done.when { " (" (Text::of(when)) ")" }
        }
        @if actions.len() > MAX_ACTIONS { "; and " (actions.len() - MAX_ACTIONS) " more" }
    }
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> Markup {
    html! {
        @for (i, name) in names.enumerate() {
            @if i > 0 { ", " }
            (Name::of(name))
        }
    }
}
