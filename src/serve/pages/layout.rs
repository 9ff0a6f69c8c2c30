//! What all pages share: the frame, badges, times.

use axum::http::StatusCode;
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, html};

use super::assets::address;
use crate::level::Level;
use crate::policy::wording::label;
use crate::report::html::fragments::{Name, Text, patterns};
use crate::serve::Desk;
use crate::serve::problem::Problem;
use crate::serve::security::Caller;
use crate::serve::state::{Status, UploadRow, Verdict};
use crate::serve::users::Role;

/// Where a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Queue,
    Clusters,
    Quality,
    Send,
    Check,
    Nowhere,
}

/// A page around `content`.
pub(in crate::serve) struct Frame<'a> {
    pub(super) title: &'a str,
    pub(super) place: Place,
    pub(super) caller: Option<&'a Caller>,
    /// What the service cannot do at present.
    pub(super) trouble: Option<String>,
    /// Has players.
    pub(super) plays: bool,
    /// Has players of clips, as reports have.
    pub(super) listens: bool,
}

impl Frame<'_> {
    /// The whole page.
    pub(super) fn around(&self, content: &Markup) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (Text::of(self.title)) " · soundalike" }
                    link rel="icon" href=(address("icon.svg"));
                    link rel="stylesheet" href=(address("report.css"));
                    link rel="stylesheet" href=(address("desk.css"));
                    @if self.plays {
                        script src=(address("spectrum.js")) defer {}
                        script src=(address("player.js")) defer {}
                    }
                    @if self.listens { script src=(address("report.js")) defer {} }
                    script src=(address("desk.js")) defer {}
                }
                body {
                    (patterns())
                    a.skip href="#content" { "Skip to the content" }
                    (self.bar())
                    @if let Some(trouble) = &self.trouble {
                        p.trouble role="status" {
                            strong { "Nothing is judged at present: " } (Text::of(trouble))
                        }
                    }
                    main #content tabindex="-1" { (content) }
                    div.toast role="status" aria-live="polite" hidden {}
                }
            }
        }
    }

    fn bar(&self) -> Markup {
        let link = |place: Place, address: &str, words: &str| {
            let here = (self.place == place).then_some("page");
            html! { a href=(address) aria-current=[here] { (words) } }
        };
        let reviews = self.caller.is_some_and(|caller| caller.role >= Role::Review);
        html! {
            header.topbar {
                a.brand href="/" { span.mark aria-hidden="true" {} "soundalike" }
                @if let Some(caller) = self.caller {
                    nav aria-label="Desk" {
                        @if reviews {
                            (link(Place::Queue, "/", "Queue"))
                            (link(Place::Clusters, "/clusters", "Clusters"))
                            (link(Place::Quality, "/quality", "Quality"))
                        }
                        (link(Place::Send, "/submit", "Send audio"))
                        (link(Place::Check, "/check", "Check a track"))
                    }
                    div.who {
                        span title="Decisions are entered under this name" { (Name::of(&caller.name)) }
                        @if caller.session {
                            form method="post" action="/logout" { button.plain { "Log out" } }
                        }
                    }
                }
            }
        }
    }
}

/// The page for what went wrong.
pub(super) fn failed(problem: &Problem) -> (StatusCode, Markup) {
    let (status, title, detail) = problem.words();
    let content = html! {
        div.empty {
            h1 { (title) }
            @if let Some(detail) = detail { p { (Text::of(detail)) } }
            p { a.button href="/" { "To the queue" } }
        }
    };
    let frame = Frame {
        title,
        place: Place::Nowhere,
        caller: None,
        trouble: None,
        plays: false,
        listens: false,
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, frame.around(&content))
}

impl Desk {
    /// The frame of a page for `caller`.
    pub(super) fn frame<'a>(&self, title: &'a str, place: Place, caller: &'a Caller) -> Frame<'a> {
        Frame {
            title,
            place,
            caller: Some(caller),
            trouble: self.troubled(),
            plays: false,
            listens: false,
        }
    }
}

/// A badge for a level: a shape and a word, so that colour is not needed.
pub(super) fn level_badge(level: Level) -> Markup {
    html! { span.level.(level.name()) { (label(level)) } }
}

/// A badge for what an upload came to.
pub(super) fn verdict_badge(verdict: Verdict) -> Markup {
    match verdict {
        Verdict::Level(level) => level_badge(level),
        Verdict::Unreadable => html! { span.level.none { "Unreadable" } },
    }
}

/// What stands for a verdict in a choice.
pub(super) fn verdict_words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Level(level) => label(level),
        Verdict::Unreadable => "Unreadable",
    }
}

/// Where an upload stands, as the desk calls it.
pub(super) fn status_words(status: Status) -> &'static str {
    match status {
        Status::Open => "Open",
        Status::Parked => "Parked",
        Status::Held => "Held",
        Status::Rejected => "Rejected",
        Status::Passed => "Passed",
        Status::Clear => "Clear",
    }
}

/// Title, or the name of the file.
pub(super) fn title_of(upload: &UploadRow) -> &str {
    upload.title.as_deref().unwrap_or(&upload.name)
}

/// A moment, and how long ago that is.
pub(super) fn moment(text: &str) -> Markup {
    let parsed: Option<Timestamp> = text.parse().ok();
    let shown = parsed.map(|time| time.strftime("%Y-%m-%d %H:%M UTC").to_string());
    html! {
        time datetime=(Text::of(text)) title=[shown.as_deref()] {
            (parsed.map_or_else(|| text.to_owned(), ago))
        }
    }
}

/// "3 min ago".
fn ago(time: Timestamp) -> String {
    let seconds = Timestamp::now().as_second().saturating_sub(time.as_second()).max(0);
    match seconds {
        0..60 => "just now".to_owned(),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..86_400 => format!("{} h ago", seconds / 3_600),
        86_400..172_800 => "yesterday".to_owned(),
        _ => format!("{} days ago", seconds / 86_400),
    }
}
