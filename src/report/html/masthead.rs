//! Which version compared with what, under which policies.

use maud::{Markup, html};

use super::foreign::{Name, Text};
use super::parts;
use super::words::count;
use crate::report::records::{Begin, PolicyInfo};

/// Policies named.
const MAX_POLICIES: usize = 30;
/// Digits of the decision log's head that are shown.
const HEAD_DIGITS: usize = 16;

/// Where the records come from, as far as they say.
pub fn provenance(begin: Option<&Begin>) -> Markup {
    match begin {
        Some(begin) => parts::facts("provenance", &facts(begin)),
        None => html! {
            p.provenance { "The records do not say which index and version they come from." }
        },
    }
}

fn facts(begin: &Begin) -> Vec<(&'static str, Markup)> {
    let mut facts =
        vec![("Program", html! { "soundalike " (Text::of(begin.tool_version.as_ref())) })];
    if let Some(time) = begin.started_at {
        facts.push(("Scanned", html! { (time.strftime("%-d %B %Y, %H:%M UTC").to_string()) }));
    }
    if let Some(index) = &begin.index {
        let tracks = count(index.tracks, "recording", "recordings");
        facts.push(("Index", html! { (code(&index.id)) " (" (tracks) ")" }));
        facts.push(("Fingerprint", code(&index.params_hash)));
    }
    facts.push(("Run", code(&begin.scan_id)));
    if !begin.policy.is_empty() {
        let policies: Vec<Markup> = begin.policy.iter().take(MAX_POLICIES).map(policy).collect();
        facts.push(("Policies", parts::joined(&policies, "; ")));
    }
    if let Some(log) = &begin.decisions {
        let head: String = log.head.chars().take(HEAD_DIGITS).collect();
        let entries = count(log.entries as usize, "entry", "entries");
        facts.push(("Decision log", html! { (entries) ", head " (code(&head)) }));
    }
    facts
}

fn code(id: &str) -> Markup {
    html! { code { (Text::of(id)) } }
}

fn policy(policy: &PolicyInfo) -> Markup {
    html! {
        (Name::of(&policy.title)) " " (Text::of(&policy.version))
        " (sources read " (Text::of(&policy.verified_on))
        @if policy.stale { ", " strong { "too old to rely on" } }
        ")"
    }
}
