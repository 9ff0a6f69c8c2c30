//! One cluster of near-duplicates: why it is one, who is in it, and when they came.

use maud::{Markup, html};

use super::anchors::{Anchor, Anchors};
use super::foreign::{Name, Text};
use super::matrix::Matrix;
use super::member_view::{self, MemberRow};
use super::parts::Column::{Numbers, Words};
use super::parts::{facts, table_head};
use super::segments_view::{cents, speed};
use super::timeline::Timeline;
use super::words::{count, level_badge, percent};
use crate::clock::clock;
use crate::dedup::cluster::{Cluster, Contribution, Tie};
use crate::level::Level;
use crate::report::shares::shares;

/// Signals listed.
const MAX_SIGNALS: usize = 40;
/// Weaker ties listed.
const MAX_TIES: usize = 50;

/// A cluster as it is shown in full.
pub struct ClusterView<'a> {
    size: usize,
    level: Level,
    score: f64,
    explanation: Option<Text<'a>>,
    facts: Vec<(&'static str, Markup)>,
    signals: Vec<Signal<'a>>,
    /// Who resembles whom, and who came when; neither where nothing is known of the members.
    drawings: Option<(Matrix, Timeline<'a>)>,
    /// What shows that the files were made in a series.
    series: Vec<Text<'a>>,
    members: Vec<MemberRow<'a>>,
    all_members: usize,
    ties: Vec<TieRow<'a>>,
    all_ties: usize,
    id: Text<'a>,
}

impl<'a> ClusterView<'a> {
    /// The view of `c` on a page with these `anchors`.
    pub fn new(c: &'a Cluster, anchors: &Anchors) -> ClusterView<'a> {
        let is_detailed = !c.member_details.is_empty();
        let signals = c.contributions.iter().zip(shares(c));
        ClusterView {
            size: c.size,
            level: c.level,
            score: c.score.clamp(0.0, 100.0),
            explanation: (!c.explanation.is_empty()).then(|| Text::of(&c.explanation)),
            facts: in_short(c),
            signals: signals.take(MAX_SIGNALS).map(Signal::new).collect(),
            drawings: is_detailed.then(|| (Matrix::new(c), Timeline::new(&c.member_details))),
            series: c.series.iter().map(|fact| Text::of(&fact.text)).collect(),
            members: member_view::rows(c, anchors),
            all_members: c.member_details.len().max(c.members.len()),
            ties: c.context.iter().take(MAX_TIES).map(TieRow::new).collect(),
            all_ties: c.context.len(),
            id: Text::of(&c.cluster_id),
        }
    }

    /// The cluster in HTML as the `number`-th of its page.
    pub fn markup(&self, number: usize, is_open: bool) -> Markup {
        html! {
            details.cluster id=(Anchor::Cluster(number)) open[is_open] {
                summary {
                    h3 {
                        "Cluster " (number) " "
                        span.with {
                            (count(self.size, "track", "tracks")) " that share one recording"
                        }
                    }
                    span.facts {
                        (level_badge(self.level)) " score " (format_args!("{:.0}", self.score))
                        " of 100"
                    }
                }
                (self.drawn())
                p.ids { "Cluster id " code { (self.id) } }
            }
        }
    }

    /// Why it is one, who is in it, and when they came.
    pub fn drawn(&self) -> Markup {
        html! {
            @if let Some(explanation) = &self.explanation { p.statement { (explanation) } }
            (facts("facts-list", &self.facts))
            (signals(&self.signals))
            @if let Some((matrix, timeline)) = &self.drawings {
                div.pair-of {
                    div { (matrix.markup()) }
                    div.wide { (timeline.markup()) }
                }
            }
            (series(&self.series))
            (member_view::table(&self.members, self.all_members))
            (ties(&self.ties, self.all_ties))
        }
    }
}

/// What can be told of the cluster in numbers.
fn in_short(c: &Cluster) -> Vec<(&'static str, Markup)> {
    let i = &c.identity;
    let registrants = count(i.isrc_registrants, "registrant", "registrants");
    let spread = c.duration_ms.iqr as f64 / 2000.0;
    let ([low, high], [slow, fast]) = (c.pitch_cents_range, c.time_factor_range);
    let mut facts = vec![
        ("Titles", i.titles.to_string()),
        ("Artists", i.artists.to_string()),
        ("ISRCs", format!("{} of {registrants}", i.isrcs)),
        ("Accounts", i.accounts.to_string()),
        ("Labels", i.labels.to_string()),
        ("Length", format!("{} ± {spread:.1} s", clock(c.duration_ms.p50))),
        ("Pitch", from_to(&cents(low), &cents(high))),
    ];
    if slow > 0.0 {
        facts.push(("Speed", from_to(&speed(slow), &speed(fast))));
    }
    if let Some(seconds) = c.window.seconds {
        facts.push(("Came in within", span(seconds)));
    }
    facts.push(("Pairs that overlap", percent(100.0 * c.density)));
    facts.push(("Weakest tie", format!("{} shared", percent(c.weakest_edge_pct))));
    facts.into_iter().map(|(term, value)| (term, html! { (value) })).collect()
}

/// A range; one value where both ends are told alike.
fn from_to(low: &str, high: &str) -> String {
    if low == high { low.to_owned() } else { format!("{low} … {high}") }
}

fn span(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// What one signal adds to the score.
struct Signal<'a> {
    name: Text<'a>,
    points: i64,
    value: f64,
    weight: f64,
    words: Text<'a>,
}

impl<'a> Signal<'a> {
    fn new((part, points): (&'a Contribution, i64)) -> Signal<'a> {
        Signal {
            name: Text::of(&part.signal),
            points,
            value: part.value,
            weight: part.weight,
            words: Text::of(&part.text),
        }
    }

    fn markup(&self) -> Markup {
        let class = if self.points < 0 { "less" } else { "more" };
        html! {
            tr {
                th scope="row" { code { (self.name) } }
                td.bar {
                    svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
                        rect.ground width="100" height="10" {}
                        rect.(class) width=(self.points.unsigned_abs().min(100)) height="10" {}
                    }
                    " " b { (format_args!("{:+}", self.points)) }
                }
                td { (format_args!("{:.2} × {:.2}", self.value, self.weight)) }
                td { (self.words) }
            }
        }
    }
}

fn signals(signals: &[Signal<'_>]) -> Markup {
    let columns = [
        Words("Signal"),
        Words("Points of the score"),
        Words("Strength × weight"),
        Words("In words"),
    ];
    html! {
        @if !signals.is_empty() {
            h4 { "What the score is made of" }
            div.scroll { table.bars {
                (table_head(&columns))
                tbody { @for signal in signals { (signal.markup()) } }
            } }
        }
    }
}

/// What shows that the files were made in a series.
fn series(facts: &[Text<'_>]) -> Markup {
    html! {
        @if !facts.is_empty() {
            h4 { "Made in a series" }
            ul.series { @for fact in facts { li { (fact) } } }
            p.note {
                "What most of the files have in common beside their sound, and the rest of the batch has not. It \
                 explains how they came about, and counts neither in the score nor against anybody: one export of \
                 one program does the same."
            }
        }
    }
}

/// A weaker tie to a track outside the cluster.
struct TieRow<'a> {
    member: Name<'a>,
    other: Name<'a>,
    /// Shares of the member and of the other.
    shares: [String; 2],
}

impl<'a> TieRow<'a> {
    fn new(tie: &'a Tie) -> TieRow<'a> {
        TieRow {
            member: Name::of(&tie.member),
            other: Name::of(&tie.other),
            shares: [tie.member_pct, tie.other_pct].map(percent),
        }
    }
}

fn ties(ties: &[TieRow<'_>], all: usize) -> Markup {
    let columns =
        [Words("Member"), Words("Other track"), Numbers("Of the member"), Numbers("Of the other")];
    html! {
        @if !ties.is_empty() {
            h4 { "Weaker ties" }
            p.note {
                "Tracks outside the cluster that share a part with a member, a common loop for \
                 instance. They are context and do not count."
            }
            div.scroll { table.ties {
                (table_head(&columns))
                tbody { @for tie in ties {
                    tr {
                        td { (tie.member) }
                        td { (tie.other) }
                        @for share in &tie.shares { td.n { (share) } }
                    }
                } }
            } }
            @if all > ties.len() { p.note { (all - ties.len()) " more are not listed." } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_time_read_well() {
        assert_eq!(
            (span(41), span(2_460), span(14_400)),
            ("41 s".into(), "41 min".into(), "4 h".into())
        );
    }
}
