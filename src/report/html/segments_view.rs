//! The segments of a match: how much of both files they cover, and each in numbers.

use maud::{Markup, html};

use super::parts::Column::{Numbers, Words};
use super::parts::table_head;
use super::words::{count, percent};
use super::{plots, svg};
use crate::clock::clock;
use crate::report::records::{MatchRecord, SegmentRecord};

/// Segments listed; a loop may have hundreds.
const MAX_ROWS: usize = 60;

/// How much of one side is covered.
pub struct Coverage {
    label: String,
    strip: Markup,
}

impl Coverage {
    /// Of the file, and of the reference.
    pub fn of_both(m: &MatchRecord) -> [Coverage; 2] {
        let s = &m.segments;
        let heard = s.iter().map(|s| (s.sample_begin_time_offset_ms, s.sample_end_time_offset_ms));
        let there = s.iter().map(|s| (s.db_begin_time_offset_ms, s.db_end_time_offset_ms));
        let (heard, there): (Vec<_>, Vec<_>) = (heard.collect(), there.collect());
        [
            Coverage::new("this file", m.query_match_pct, m.query.duration_ms, &heard),
            Coverage::new("the reference", m.asset_match_pct, m.reference.duration_ms, &there),
        ]
    }

    fn new(what: &str, share: f64, duration_ms: u64, spans: &[(u64, u64)]) -> Coverage {
        let label = format!("{} of {what} ({}) is covered", percent(share), clock(duration_ms));
        let strip = plots::strip(duration_ms, spans, &label);
        Coverage { label, strip }
    }

    /// The strip under its label.
    pub fn markup(&self) -> Markup {
        html! { p.strip-label { (self.label) } (self.strip) }
    }
}

/// The table of `segments`.
pub fn table(segments: &[SegmentRecord]) -> Markup {
    let columns = [
        Words("No."),
        Words("This file"),
        Words("Reference"),
        Numbers("Coinciding peaks"),
        Numbers("A second"),
        Numbers("Speed"),
        Numbers("Pitch"),
    ];
    let more = segments.len().saturating_sub(MAX_ROWS);
    html! {
        div.scroll { table.segments {
            (table_head(&columns))
            tbody {
                @for (i, segment) in segments.iter().enumerate().take(MAX_ROWS) {
                    (row(i, segment))
                }
            }
        } }
        @if more > 0 {
            p.note { (count(more, "further segment is", "further segments are")) " not listed." }
        }
    }
}

fn row(index: usize, s: &SegmentRecord) -> Markup {
    html! {
        tr {
            th scope="row" { span.dot.(svg::style(index)) { (index + 1) } }
            td { (clock(s.sample_begin_time_offset_ms)) " – " (clock(s.sample_end_time_offset_ms)) }
            td {
                (clock(s.db_begin_time_offset_ms)) " – " (clock(s.db_end_time_offset_ms))
                @if s.repeat { ", the same again" }
            }
            td.n { (s.matched_peaks) " of " (s.query_peaks) }
            td.n { (format_args!("{:.0}", s.peaks_per_second)) }
            td.n { (speed(s.time_factor)) }
            td.n { (cents(s.pitch_cents)) }
        }
    }
}

/// Speed against the reference: `unchanged`, `+3.0 %`.
pub fn speed(factor: f64) -> String {
    let percent = 100.0 * (factor - 1.0);
    if percent.abs() < 0.05 { "unchanged".into() } else { format!("{percent:+.1} %") }
}

/// Pitch against the reference: `unchanged`, `+50 cents`.
pub fn cents(cents: f64) -> String {
    if cents.abs() < 5.0 { "unchanged".into() } else { format!("{cents:+.0} cents") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_speed_and_pitch_read_well() {
        assert_eq!(
            (speed(1.0002), speed(1.03), speed(0.8)),
            ("unchanged".into(), "+3.0 %".into(), "-20.0 %".into())
        );
        assert_eq!((cents(2.0), cents(-50.2)), ("unchanged".into(), "-50 cents".into()));
    }
}
