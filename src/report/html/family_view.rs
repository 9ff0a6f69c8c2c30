//! One family: tracks that play the same without being copies, in which key and tempo, and where.

use maud::{Markup, html};

use super::anchors::{Anchor, Anchors, linked};
use super::foreign::{Name, Text};
use super::parts::Column::{Numbers, Words};
use super::parts::{facts, or_absent, table_head};
use super::words::{count, level_badge};
use crate::clock::clock;
use crate::dedup::family::{Family, FamilyMember, FamilyTie, MeasuredBy};
use crate::report::phrases::{batch_odds, channel_words, played_words};

/// Members listed.
const MAX_MEMBERS: usize = 500;
/// Ties listed.
const MAX_TIES: usize = 100;

/// A family as it is shown in full.
pub struct FamilyView<'a> {
    family: &'a Family,
    anchors: &'a Anchors,
}

impl<'a> FamilyView<'a> {
    /// The view of `family` on a page with these `anchors`.
    pub fn new(family: &'a Family, anchors: &'a Anchors) -> FamilyView<'a> {
        FamilyView { family, anchors }
    }

    /// The family in HTML as the `number`-th of its page.
    pub fn markup(&self, number: usize, is_open: bool) -> Markup {
        let f = self.family;
        html! {
            details.cluster id=(Anchor::Family(number)) open[is_open] {
                summary {
                    h3 {
                        "Family " (number) " "
                        span.with {
                            (count(f.recordings, "recording", "recordings")) " that play the same"
                        }
                    }
                    span.facts { (level_badge(f.level)) }
                }
                p.statement { (Text::of(&f.explanation)) }
                p.note {
                    "A resemblance of what is played is no copy, and no proof that one was made after the other: \
                     many songs share a progression. Listen to both places."
                }
                (facts("facts-list", &in_short(f)))
                (members(f, self.anchors))
                (ties(f))
                p.ids { "Family id " code { (Text::of(&f.family_id)) } }
            }
        }
    }
}

fn in_short(f: &Family) -> Vec<(&'static str, Markup)> {
    let measured = match f.measured_by {
        MeasuredBy::Works => count(f.works, "other work", "other works"),
        MeasuredBy::ShuffledBars => "their bars in another order: too few other works".to_owned(),
    };
    let facts = [
        ("Titles", f.identity.titles.to_string()),
        ("Artists", f.identity.artists.to_string()),
        ("Accounts", f.identity.accounts.to_string()),
        ("Weakest tie", batch_odds(f.weakest_log10_evalue)),
        ("Chance measured by", measured),
    ];
    facts.into_iter().map(|(term, value)| (term, html! { (value) })).collect()
}

fn members(f: &Family, anchors: &Anchors) -> Markup {
    let columns = [
        Words("No."),
        Words("Title"),
        Words("Artist"),
        Words("ISRC"),
        Words("Account"),
        Numbers("Length"),
        Words("Against the representative"),
    ];
    html! {
        h4 { "Tracks" }
        div.scroll { table.members {
            (table_head(&columns))
            tbody { @for (i, m) in f.member_details.iter().take(MAX_MEMBERS).enumerate() {
                tr { th scope="row" { (i + 1) } (cells(m, anchors)) }
            } }
        } }
        @if f.member_details.len() > MAX_MEMBERS {
            p.note { (f.member_details.len() - MAX_MEMBERS) " more are not listed." }
        }
    }
}

fn cells(m: &FamilyMember, anchors: &Anchors) -> Markup {
    let title = Name::of(m.title.as_ref().unwrap_or(&m.path));
    let artists = (!m.artists.is_empty()).then(|| Name::of(m.artists.join("; ")));
    let [isrc, account] = [&m.isrc, &m.account].map(|value| value.as_ref().map(Name::of));
    html! {
        td {
            (linked(anchors.upload(&m.path), html! { (title) }))
            @if m.earlier { " " span.muted { "(earlier upload)" } }
            br;
            span.path { (Name::of(&m.path)) }
        }
        @for value in [artists, isrc, account] { td { (or_absent(value.as_ref(), "–")) } }
        td.n { (clock(m.duration_ms)) }
        td { (Text::of(&m.differs)) }
    }
}

fn ties(f: &Family) -> Markup {
    let columns = [
        Words("Track"),
        Words("Plays as"),
        Words("What"),
        Words("Against the first"),
        Numbers("Agreement"),
        Words("Chance"),
    ];
    html! {
        h4 { "Ties" }
        div.scroll { table.ties {
            (table_head(&columns))
            tbody { @for tie in f.ties.iter().take(MAX_TIES) { (tie_row(f, tie)) } }
        } }
        @if f.ties.len() > MAX_TIES {
            p.note { (f.ties.len() - MAX_TIES) " more are not listed." }
        }
    }
}

fn tie_row(f: &Family, tie: &FamilyTie) -> Markup {
    let side = |at: usize, begin: u64, end: u64| {
        let path = f.member_details.get(at).map_or("", |m| m.path.as_str());
        html! { td {
            (Name::of(path)) br; span.path { (clock(begin)) " – " (clock(end)) }
        } }
    };
    html! {
        tr {
            (side(tie.a, tie.a_begin_ms, tie.a_end_ms))
            (side(tie.b, tie.b_begin_ms, tie.b_end_ms))
            td { (channel_words(tie.channel)) }
            td { (played_words(tie.transposition_semitones, tie.time_factor)) }
            td.n { (format_args!("{:.2}", tie.agreement_pct / 100.0)) }
            td { (batch_odds(tie.log10_evalue)) }
        }
    }
}
