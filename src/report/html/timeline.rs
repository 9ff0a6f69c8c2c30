//! When the members of a cluster came in, a line for each account.

use std::collections::BTreeMap;

use jiff::Timestamp;
use maud::{Markup, html};

use super::foreign::Text;
use super::parts::note;
use super::svg::{Scale, num};
use super::words::count;
use crate::declare::times::instant;
use crate::dedup::cluster::Member;

/// Accounts that have a line of their own.
const MAX_LANES: usize = 8;
/// Characters of an account that are shown.
const MAX_CHARS: usize = 50;
/// Discs above each other in a line.
const ROWS: usize = 8;
/// Discs of a line from which on they are small and bear no numbers.
const MAX_LARGE: usize = 120;
const LEFT: f64 = 30.0;
const RIGHT: f64 = 590.0;
/// Height of a line's label, and room below the line.
const LABEL: f64 = 18.0;
const GAP: f64 = 10.0;

/// Whose uploads a line shows; lines stand in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Lane<'a> {
    NotStated,
    Account(&'a str),
    Others,
}

impl<'a> Lane<'a> {
    fn of(member: &'a Member) -> Lane<'a> {
        match member.account.as_deref() {
            None | Some("") => Lane::NotStated,
            Some(account) => Lane::Account(account),
        }
    }

    fn label(self) -> Text<'a> {
        match self {
            Lane::NotStated => Text::of("account not stated"),
            Lane::Account(account) => Text::of(account.chars().take(MAX_CHARS).collect::<String>()),
            Lane::Others => Text::of("other accounts"),
        }
    }
}

/// A track that came in at a time, by its number in the list.
#[derive(Debug, Clone, Copy)]
struct Arrival {
    second: i64,
    number: usize,
}

/// When the members came in.
pub struct Timeline<'a> {
    lanes: BTreeMap<Lane<'a>, Vec<Arrival>>,
    /// First and last arrival; none where no member says.
    span: Option<(i64, i64)>,
    /// Members that do not say, and all of them.
    untimed: usize,
    all: usize,
}

impl<'a> Timeline<'a> {
    /// Sorts the arrivals of `members` by account.
    pub fn new(members: &'a [Member]) -> Timeline<'a> {
        let mut lanes: BTreeMap<Lane<'a>, Vec<Arrival>> = BTreeMap::new();
        let mut seconds = Vec::new();
        for (i, member) in members.iter().enumerate() {
            let Some(second) = arrival(member) else { continue };
            seconds.push(second);
            let lane = Lane::of(member);
            let is_full = lanes.len() >= MAX_LANES && !lanes.contains_key(&lane);
            let lane = if is_full { Lane::Others } else { lane };
            lanes.entry(lane).or_default().push(Arrival { second, number: i + 1 });
        }
        for arrivals in lanes.values_mut() {
            arrivals.sort_by_key(|a| (a.second, a.number));
        }
        Timeline {
            lanes,
            span: seconds.iter().min().copied().zip(seconds.iter().max().copied()),
            untimed: members.len() - seconds.len(),
            all: members.len(),
        }
    }

    /// The timeline in HTML.
    pub fn markup(&self) -> Markup {
        html! {
            h4 { "Upload timeline" }
            @if let Some(span) = self.span {
                figure.scroll {
                    (self.drawing(span))
                    figcaption {
                        "Each disc is a track, by its number in the list."
                        @if self.untimed > 0 {
                            " " (self.untimed) " of " (self.all) " have no time of arrival."
                        }
                    }
                }
            } @else {
                (note("The records do not say when these tracks came in."))
            }
        }
    }

    fn drawing(&self, (first, last): (i64, i64)) -> Markup {
        let x = Scale::new((first as f64, last.max(first + 1) as f64), (LEFT, RIGHT));
        let mut foot = 8.0;
        let mut lanes = Vec::new();
        for (lane, arrivals) in &self.lanes {
            let discs = Discs::new(arrivals, &x, foot + LABEL);
            lanes.push(html! {
                (discs.markup())
                text.tick x="0" y=(num(foot + 10.0)) {
                    tspan.iso { (lane.label()) } ": " (count(arrivals.len(), "track", "tracks"))
                }
            });
            foot += LABEL + discs.height + GAP;
        }
        let (first, last) = (moment(first), moment(last));
        let (axis, label) = (num(foot), num(foot + 17.0));
        html! {
            svg.timeline viewBox={ "0 0 620 " (num(foot + 26.0)) } role="img"
                aria-label={ "Arrivals from " (first) " to " (last) } {
                @for lane in &lanes { (lane) }
                path.axis d={ "M" (LEFT) " " (axis) "H" (RIGHT) } {}
                text.tick x=(LEFT) y=(label) { (first) }
                text.tick x=(RIGHT) y=(label) text-anchor="end" { (last) }
            }
        }
    }
}

/// The discs of a line, stacked where they would hide each other.
struct Discs {
    radius: f64,
    /// Height of the highest stack.
    height: f64,
    /// RecordPosition and number of each.
    discs: Vec<(f64, f64, usize)>,
}

impl Discs {
    /// Places the discs of `arrivals`, which are in order of time, below `top`.
    fn new(arrivals: &[Arrival], x: &Scale, top: f64) -> Discs {
        let radius = if arrivals.len() <= MAX_LARGE { 8.0 } else { 3.5 };
        let pitch = 2.0 * radius + 1.0;
        let mut free = [f64::NEG_INFINITY; ROWS];
        let (mut height, mut discs) = (0.0, Vec::with_capacity(arrivals.len()));
        for arrival in arrivals {
            let at = x.at(arrival.second as f64);
            let row = free.iter().position(|&f| f <= at).unwrap_or(ROWS - 1);
            free[row] = at + pitch;
            let y = top + radius + row as f64 * pitch;
            height = f64::max(height, y + radius - top);
            discs.push((at, y, arrival.number));
        }
        Discs { radius, height, discs }
    }

    fn markup(&self) -> Markup {
        html! {
            @for &(x, y, number) in &self.discs {
                circle.upload-dot cx=(num(x)) cy=(num(y)) r=(self.radius) {}
                @if self.radius > 5.0 {
                    text.upload-no x=(num(x)) y=(num(y)) dy=".36em" { (number) }
                }
            }
        }
    }
}

/// A time of arrival, where it can be told.
fn arrival(member: &Member) -> Option<i64> {
    Some(instant(member.received_at.as_deref()?)?.as_second())
}

fn moment(second: i64) -> String {
    let text = Timestamp::from_second(second).map(|t| t.to_string()).unwrap_or_default();
    text.replace('T', " ").replace('Z', " UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_are_read_with_and_without_an_offset() {
        let at = |text: &str| {
            arrival(&Member { received_at: Some(text.to_owned()), ..Member::default() })
        };
        assert_eq!(at("1970-01-01T02:00:00+02:00"), Some(0));
        assert_eq!(at("1970-01-01 00:01:00"), Some(60));
        assert_eq!(at("1970-01-02"), Some(86_400));
        assert_eq!(at("yesterday"), None);
    }
}
