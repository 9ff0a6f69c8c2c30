//! The queue: what is to be decided, the gravest first, rows of one release together.

use axum::Extension;
use axum::extract::State;
use axum::response::Html;
use maud::{Markup, html};

use super::layout::{Place, moment, status_words, title_of, verdict_badge, verdict_words};
use super::links::{self, escaped};
use super::{Failed, shown};
use crate::clock::seconds;
use crate::counted::{count, thousands};
use crate::report::html::fragments::{Name, Text};
use crate::serve::Desk;
use crate::serve::api::listing::Wanted;
use crate::serve::extract::Asked;
use crate::serve::problem::Problem;
use crate::serve::security::Caller;
use crate::serve::shared::{Shared, blocking};
use crate::serve::state::{Counts, FilterRow, Status, UploadRow, Verdict};

/// Rows of a page.
const ROWS: u32 = 60;
/// Accounts and labels offered.
const OFFERED: u32 = 50;

/// The queue.
pub(super) async fn page(
    State(desk): State<Shared>,
    Asked(wanted): Asked<Wanted>,
    Extension(caller): Extension<Caller>,
) -> Result<Html<String>, Failed> {
    let page = blocking(&desk, move |desk| made(desk, wanted, &caller)).await?;
    Ok(shown(page))
}

fn made(desk: &Desk, mut wanted: Wanted, caller: &Caller) -> Result<Markup, Problem> {
    // Who opens the desk wants what is to be done; an empty value asks for all.
    let status = wanted.status.get_or_insert_with(|| "open".to_owned()).clone();
    let filter = wanted.filter()?;
    let counts = desk.store.counts()?;
    let (rows, next) = desk.store.uploads(&filter, wanted.after.as_deref(), ROWS)?;
    let [accounts, labels] = desk.store.senders(OFFERED)?;
    let views_kept = desk.store.filters()?;
    let waiting = desk.store.jobs_by_state()?;
    let waiting = waiting[0] + waiting[1];
    let content = html! {
        div.queue-head {
            h1 { "Queue" }
            @if waiting > 0 {
                p.working { (count(waiting as usize, "job is", "jobs are")) " being looked at" }
            }
        }
        (views(&wanted, &views_kept))
        (tabs(&wanted, &status, &counts))
        (filters(&wanted, &accounts, &labels, &counts, filter.status))
        @if rows.is_empty() {
            (nothing(&wanted, &counts))
        } @else {
            (table(&rows))
            @if let Some(next) = next {
                p.more {
                    a.button href=(Wanted { after: Some(next), ..wanted.clone() }.address()) {
                        "Further uploads"
                    }
                }
            }
            p.keys {
                kbd { "j" } " " kbd { "k" } " choose a row, " kbd { "Enter" } " opens it, "
                kbd { "/" } " searches"
            }
        }
    };
    let title = format!("Queue, {} open", counts.of(Some(Status::Open), None));
    Ok(desk.frame(&title, Place::Queue, caller).around(&content))
}

impl Wanted {
    /// The address of the queue as it is wanted.
    pub(super) fn address(&self) -> String {
        let pairs = [
            ("status", &self.status),
            ("verdict", &self.verdict),
            ("account", &self.account),
            ("label", &self.label),
            ("release", &self.release),
            ("job", &self.job),
            ("since", &self.since),
            ("before", &self.before),
            ("q", &self.q),
            ("order", &self.order),
            ("after", &self.after),
        ];
        let said = pairs.into_iter().filter_map(|(name, value)| {
            let value = value.as_deref()?;
            // Empty is said only where it means something: all of them.
            let keep = !value.is_empty() || name == "status";
            keep.then(|| format!("{name}={}", escaped(value)))
        });
        let said: Vec<String> = said.collect();
        if said.is_empty() { "/".to_owned() } else { format!("/?{}", said.join("&")) }
    }
}

/// Views that are kept, and a way to keep this one.
fn views(wanted: &Wanted, kept: &[FilterRow]) -> Markup {
    let here = Wanted { after: None, ..wanted.clone() }.address();
    let is_kept = kept.iter().any(|view| view.address == here);
    html! {
        div.views-kept {
            @if !kept.is_empty() {
                ul aria-label="Kept views" { @for view in kept {
                    li {
                        a href=(view.address) aria-current=[(view.address == here).then_some("true")] title={ "Kept by " (Text::of(&view.who)) } { (Name::of(&view.name)) }
                        @if view.address == here {
                            form method="post" action={ "/views/" (view.n) "/forget" } { button.plain aria-label={ "Forget the view " (Text::of(&view.name)) } { "✕" } }
                        }
                    }
                } }
            }
            @if !is_kept {
                details {
                    summary { "Keep this view" }
                    form method="post" action="/views" {
                        input type="hidden" name="address" value=(Text::whole(here.as_str()));
                        label { span { "Name" } input name="name" maxlength="60" required autocomplete="off"; }
                        button { "Keep" }
                    }
                }
            }
        }
    }
}

fn tabs(wanted: &Wanted, status: &str, counts: &Counts) -> Markup {
    let address = |name: &str| {
        Wanted { status: Some(name.to_owned()), after: None, verdict: None, ..wanted.clone() }
            .address()
    };
    html! {
        nav.tabs aria-label="Where uploads stand" {
            @for s in Status::ALL {
                a href=(address(s.name())) aria-current=[(s.name() == status).then_some("true")] {
                    (status_words(s)) " " span.count { (thousands(counts.of(Some(s), None))) }
                }
            }
            a href=(address("")) aria-current=[status.is_empty().then_some("true")] {
                "All " span.count { (thousands(counts.of(None, None))) }
            }
        }
    }
}

fn filters(
    wanted: &Wanted,
    accounts: &[String],
    labels: &[String],
    counts: &Counts,
    status: Option<Status>,
) -> Markup {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let chosen = |value: &Option<String>, name: &str| value.as_deref() == Some(name);
    let is_filtered =
        [&wanted.verdict, &wanted.account, &wanted.label, &wanted.release, &wanted.q, &wanted.job]
            .iter()
            .any(|value| value.as_deref().is_some_and(|v| !v.is_empty()));
    let plain =
        Wanted { status: wanted.status.clone(), order: wanted.order.clone(), ..Wanted::default() };
    html! {
        form.filters method="get" action="/" role="search" {
            input type="hidden" name="status" value=(text(&wanted.status));
            label.grow { span { "Search" }
                input type="search" name="q" value=(Text::of(text(&wanted.q)))
                    placeholder="Title, artist, file, ISRC, reference";
            }
            label { span { "Verdict" }
                select name="verdict" {
                    option value="" { "Any" }
                    @for verdict in Verdict::ALL {
                        @let n = counts.of(status, Some(verdict));
                        option value=(verdict.name()) selected[chosen(&wanted.verdict, verdict.name())] {
                            (verdict_words(verdict)) " (" (thousands(n)) ")"
                        }
                    }
                }
            }
            label { span { "Account" }
                input name="account" list="accounts" value=(Text::of(text(&wanted.account)));
            }
            label { span { "Label" }
                input name="label" list="labels" value=(Text::of(text(&wanted.label)));
            }
            label { span { "Release" }
                input name="release" value=(Text::of(text(&wanted.release)));
            }
            label { span { "Order" }
                select name="order" {
                    @for (name, words) in [("gravest", "Gravest first"), ("newest", "Newest first"), ("oldest", "Oldest first")] {
                        option value=(name) selected[chosen(&wanted.order, name)] { (words) }
                    }
                }
            }
            datalist #accounts { @for name in accounts { option value=(Text::of(name)) {} } }
            datalist #labels { @for name in labels { option value=(Text::of(name)) {} } }
            div.do {
                button { "Show" }
                @if is_filtered { a href=(plain.address()) { "Clear" } }
            }
        }
    }
}

fn nothing(wanted: &Wanted, counts: &Counts) -> Markup {
    let is_new = counts.of(None, None) == 0;
    let is_done = wanted.filter().is_ok_and(|f| {
        f.status == Some(Status::Open)
            && f.text.is_none()
            && f.verdict.is_none()
            && f.account.is_none()
    });
    html! {
        div.empty {
            @if is_new {
                h2 { "Nothing has come in yet" }
                p { "Send audio here, or with " code { "POST /v1/uploads" } "." }
                p { a.button.strong href="/submit" { "Send audio" } }
            } @else if is_done {
                h2 { "Nothing is waiting for a decision" }
                p { "What comes in and calls for a look appears here." }
            } @else {
                h2 { "No upload is like that" }
                p { "Change the search, or look at " a href="/?status=" { "all uploads" } "." }
            }
        }
    }
}

/// Rows in which those of a release stand together, where its first one stands.
fn grouped(rows: &[UploadRow]) -> Vec<(Option<&str>, Vec<&UploadRow>)> {
    let mut groups: Vec<(Option<&str>, Vec<&UploadRow>)> = Vec::new();
    for row in rows {
        let release = row.release.as_deref();
        let same = |group: &&mut (Option<&str>, Vec<&UploadRow>)| {
            group.0.is_some() && group.0 == release && group.1[0].account == row.account
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.1.push(row),
            None => groups.push((release, vec![row])),
        }
    }
    groups
}

fn table(rows: &[UploadRow]) -> Markup {
    html! {
        ol.rows {
            @for (release, rows) in grouped(rows) {
                @if rows.len() > 1 {
                    li.release {
                        p.release-head {
                            span.tag { "Release" } " "
                            (Name::of(rows[0].album.as_deref().or(release).unwrap_or_default()))
                            span.muted { " · " (count(rows.len(), "upload", "uploads")) " here" }
                        }
                        ol.rows { @for row in &rows { (line(row)) } }
                    }
                } @else {
                    @for row in &rows { (line(row)) }
                }
            }
        }
    }
}

pub(super) fn line(row: &UploadRow) -> Markup {
    let why = match (&row.error, row.says.is_empty()) {
        (Some(error), _) => error.as_str(),
        (None, false) => row.says.as_str(),
        (None, true) if row.result.as_deref() == Some("no_features") => {
            "Nothing can be heard in it, so nothing can be said."
        }
        (None, true) => "Nothing found that speaks against it.",
    };
    html! {
        li.row {
            div.verdict {
                (verdict_badge(row.verdict))
                @if row.status != Status::Open && row.status != Status::Clear {
                    span.stands { (status_words(row.status)) }
                }
            }
            div.what {
                a.open href={ "/uploads/" (row.id) } {
                    span.title { (Name::of(title_of(row))) }
                    @if let Some(artists) = &row.artists {
                        span.by { " by " (Name::of(artists)) }
                    }
                }
                p.why { (Text::of(why)) }
                @if let Some(best) = &row.best {
                    p.best {
                        span.tag { "Match" } " " (Name::of(best))
                        @if let Some(pct) = row.best_pct { span.muted { " · " (format!("{pct:.0} %")) " of this file" } }
                        @if row.matches > 1 { span.muted { " · " (row.matches - 1) " more" } }
                    }
                }
            }
            dl.from {
                @if let Some(name) = &row.account { div { dt { "Account" } dd { (links::account(name)) } } }
                @if let Some(label) = &row.label { div { dt { "Label" } dd { (Name::of(label)) } } }
                @if let Some(album) = row.album.as_ref().or(row.release.as_ref()) { div { dt { "Release" } dd { (Name::of(album)) } } }
            }
            div.when {
                (moment(&row.received_at))
                @if row.duration_ms > 0 { span.length { (seconds(row.duration_ms)) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_keep_what_is_wanted_and_escape_it() {
        let wanted = Wanted {
            status: Some("open".into()),
            account: Some("a&b=c d\"ä".into()),
            verdict: Some(String::new()),
            ..Wanted::default()
        };
        assert_eq!(wanted.address(), "/?status=open&account=a%26b%3Dc%20d%22%C3%A4");
        assert_eq!(Wanted::default().address(), "/");
    }
}
