//! The table of uploads: one row each, with what was found and where it is shown.

use maud::{Markup, Render, html};

use super::anchors::{Anchor, Anchors, linked};
use super::foreign::{Name, Text};
use super::parts::Column::{Numbers, Words};
use super::parts::{joined, table_head};
use super::upload_view;
use super::words::{State, badge, count, percent};
use crate::policy::Rule;
use crate::report::read::{MatchEntry, UploadEntry};

/// Rows of the table.
pub const MAX_ROWS: usize = 10_000;
/// Rules named in a row.
const MAX_RULES: usize = 8;
/// Matches, and clusters, linked in a row.
const MAX_LINKS: (usize, usize) = (6, 3);

/// The table around its rows.
pub fn table(rows: impl Render) -> Markup {
    let columns = [
        Words("No."),
        Words("Verdict"),
        Words("Upload"),
        Words("Reasons"),
        Words("Best match"),
        Numbers("Score"),
        Numbers("Of the upload"),
        Words("Shown"),
    ];
    html! {
        section #uploads {
            h2 { "Uploads" }
            div.scroll { table.uploads { (table_head(&columns)) tbody { (rows) } } }
        }
    }
}

/// The best match of an upload.
struct Best<'a> {
    reference: Name<'a>,
    /// What it does not count for, where it does not count.
    standing: Option<&'static str>,
    score: String,
    share: String,
}

impl Best<'_> {
    fn new(m: &MatchEntry) -> Best<'_> {
        Best {
            reference: Name::of(&m.reference),
            standing: match (m.allowed, m.accepted) {
                (true, _) => Some("(allowed)"),
                (false, false) => Some("(below the line)"),
                (false, true) => None,
            },
            score: format!("{:.0}", m.score.clamp(0.0, 100.0)),
            share: percent(m.query_match_pct),
        }
    }
}

/// An upload in the table.
pub struct Row<'a> {
    number: usize,
    state: State,
    title: Markup,
    path: Name<'a>,
    rules: Vec<Rule>,
    codes: Vec<(&'static str, Name<'a>)>,
    best: Option<Best<'a>>,
    /// Why it could not be read.
    error: Option<Text<'a>>,
    /// Parts of the page about it.
    shown: Vec<Anchor>,
    /// A page of its own.
    page: Option<Anchor>,
    matches: usize,
}

impl<'a> Row<'a> {
    /// The row of the `number`-th upload on a page with at most `limit` clusters.
    pub fn new(number: usize, upload: &'a UploadEntry, anchors: &Anchors, limit: usize) -> Row<'a> {
        let matches =
            upload.matches.iter().filter_map(|m| anchors.evidence(&upload.path, &m.match_id));
        let clusters =
            upload.clusters.iter().filter(|&&c| c < limit).map(|c| Anchor::Cluster(c + 1));
        Row {
            number,
            state: State::of(upload),
            title: linked(anchors.upload(&upload.path), upload_view::title(upload)),
            path: Name::of(&upload.path),
            rules: upload.reasons.iter().take(MAX_RULES).copied().collect(),
            codes: upload_view::codes_of(upload),
            best: upload.matches.first().map(Best::new),
            error: upload.error.as_deref().map(Text::of),
            shown: matches.take(MAX_LINKS.0).chain(clusters.take(MAX_LINKS.1)).collect(),
            page: anchors.upload(&upload.path).filter(|part| matches!(part, Anchor::Page(_))),
            matches: upload.matches.len(),
        }
    }

    /// The row in HTML.
    pub fn markup(&self) -> Markup {
        let rules: Vec<_> = self
            .rules
            .iter()
            .map(|rule| html! { span title=(rule.id()) { (rule.title()) } })
            .collect();
        html! {
            tr {
                th scope="row" { (self.number) }
                td { (badge(self.state)) }
                td { (self.title) br; span.path { (self.path) } (upload_view::codes(&self.codes)) }
                td.rules { (joined(&rules, "; ")) }
                (self.best())
                td { (self.shown()) }
            }
        }
    }

    fn best(&self) -> Markup {
        html! {
            @if let Some(best) = &self.best {
                td {
                    (best.reference)
                    @if let Some(standing) = best.standing { " " span.muted { (standing) } }
                }
                td.n { (best.score) }
                td.n { (best.share) }
            } @else {
                td.error { @if let Some(error) = &self.error { span.muted { (error) } } }
                td.n {}
                td.n {}
            }
        }
    }

    fn shown(&self) -> Markup {
        if self.shown.is_empty() && self.page.is_some() {
            return html! { @if let Some(page) = self.page { (page.link()) } };
        }
        if self.shown.is_empty() && self.matches > 0 {
            let matches = count(self.matches, "match", "matches");
            return html! { span.muted { (matches) ", in this table only" } };
        }
        joined(&self.shown.iter().map(|part| part.link()).collect::<Vec<_>>(), ", ")
    }
}
