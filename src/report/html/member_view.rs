//! The tracks of a cluster, each with what it declares and how it differs from the representative.

use maud::{Markup, html};

use super::anchors::{Anchors, linked};
use super::foreign::{Name, Text};
use super::parts::Column::{Numbers, Words};
use super::parts::{or_absent, table_head};
use super::segments_view::{cents, speed};
use crate::clock::clock;
use crate::dedup::cluster::{Cluster, Member};

/// Members listed.
const MAX_ROWS: usize = 500;

/// A track in the table.
pub enum MemberRow<'a> {
    /// With all that is known of it.
    Detailed(Box<Details<'a>>),
    /// By its path, where nothing else was recorded.
    Bare(Name<'a>),
}

/// What is known of a track.
pub struct Details<'a> {
    title: Markup,
    /// It is no upload of this batch.
    is_earlier: bool,
    path: Name<'a>,
    /// Artist, ISRC, account, and when it came in.
    declared: [Option<Name<'a>>; 4],
    length: String,
    /// How it relates to the representative.
    relation: Text<'a>,
}

impl<'a> Details<'a> {
    fn new(m: &'a Member, representative: &str, anchors: &Anchors) -> Details<'a> {
        let title = Name::of(m.title.as_ref().unwrap_or(&m.path));
        let artists = (!m.artists.is_empty()).then(|| Name::of(m.artists.join("; ")));
        let [isrc, account, received] =
            [&m.isrc, &m.account, &m.received_at].map(|value| value.as_ref().map(Name::of));
        let relation = if m.path == representative {
            Text::of("representative")
        } else if m.differs.is_empty() {
            Text::of(format!("speed {}, pitch {}", speed(m.time_factor), cents(m.pitch_cents)))
        } else {
            Text::of(&m.differs)
        };
        Details {
            title: linked(anchors.upload(&m.path), html! { (title) }),
            is_earlier: m.earlier,
            path: Name::of(&m.path),
            declared: [artists, isrc, account, received],
            length: clock(m.duration_ms),
            relation,
        }
    }

    fn cells(&self) -> Markup {
        html! {
            td {
                (self.title)
                @if self.is_earlier { " " span.muted { "(earlier upload)" } }
                br;
                span.path { (self.path) }
            }
            @for value in &self.declared { td { (or_absent(value.as_ref(), "–")) } }
            td.n { (self.length) }
            td { (self.relation) }
        }
    }
}

/// The first tracks of `c`.
pub fn rows<'a>(c: &'a Cluster, anchors: &Anchors) -> Vec<MemberRow<'a>> {
    if c.member_details.is_empty() {
        let paths = c.members.iter().take(MAX_ROWS);
        return paths.map(|path| MemberRow::Bare(Name::of(path))).collect();
    }
    let members = c.member_details.iter().take(MAX_ROWS);
    members
        .map(|m| MemberRow::Detailed(Box::new(Details::new(m, &c.representative, anchors))))
        .collect()
}

/// The table of the first tracks of `all`.
pub fn table(rows: &[MemberRow<'_>], all: usize) -> Markup {
    let columns = [
        Words("No."),
        Words("Title"),
        Words("Artist"),
        Words("ISRC"),
        Words("Account"),
        Words("Received"),
        Numbers("Length"),
        Words("Against the representative"),
    ];
    html! {
        h4 { "Tracks" }
        div.scroll { table.members {
            (table_head(&columns))
            tbody { @for (i, row) in rows.iter().enumerate() {
                tr {
                    th scope="row" { (i + 1) }
                    @match row {
                        MemberRow::Detailed(details) => { (details.cells()) }
                        MemberRow::Bare(path) => td colspan="7" { (path) },
                    }
                }
            } }
        } }
        @if all > MAX_ROWS { p.note { (all - MAX_ROWS) " more are not listed." } }
    }
}
