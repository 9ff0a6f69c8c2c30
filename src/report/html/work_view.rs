//! A resemblance: what both sides play, as chromagrams on one time axis, in the key of the upload.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::foreign::{Name, Text};
use super::parts::recording;
use super::svg::{self, Scale, num};
use crate::clock::clock;
use crate::report::phrases::{PITCH_CLASSES, classes_of, odds, work_words};
use crate::report::records::{ResemblanceRecord, WorkExhibit, credit};

/// Columns that can be told apart; longer alignments are drawn in means.
const MAX_COLUMNS: usize = 240;
/// Longest exhibit that is drawn, in rows; a record may claim anything.
const MAX_ROWS: usize = 100_000;
/// Left edge of the panels; names of pitch classes stand before it.
const LEFT: f64 = 52.0;
const RIGHT: f64 = 992.0;
/// Height of a pitch class.
const CLASS: f64 = 11.0;
const PANEL: f64 = 12.0 * CLASS;
/// Top of the upper panel, room for the agreement, top of the lower one.
const TOP: f64 = 42.0;
const GAP: f64 = 58.0;
const HEIGHT: f64 = TOP + 2.0 * PANEL + GAP + 42.0;
/// Strength, of 15, from which a pitch class is drawn, in steps.
const STEPS: [(f64, &str); 3] = [(3.0, "c1"), (5.5, "c2"), (8.5, "c3")];
/// Length of a bar of the table, ms.
const BAR_MS: f64 = 2_000.0;
/// Bars listed.
const MAX_BARS: usize = 24;

/// A resemblance as it is shown in full.
pub struct WorkView<'a> {
    record: &'a ResemblanceRecord,
    columns: Vec<Column>,
}

/// Some rows of an exhibit, as one.
struct Column {
    /// Strength of the pitch classes, 0 to 15: of the upload, of the reference.
    sides: [[f64; 12]; 2],
    agreement: f64,
    /// Begin in the reference.
    reference_ms: u64,
}

impl<'a> WorkView<'a> {
    /// The view of `record`.
    pub fn new(record: &'a ResemblanceRecord) -> WorkView<'a> {
        WorkView { record, columns: record.exhibit.as_ref().map(columns).unwrap_or_default() }
    }

    /// The resemblance in HTML.
    pub fn markup(&self, is_open: bool) -> Markup {
        let r = self.record;
        let artists = credit(&r.reference.artists, ", ");
        html! {
            details.match.work open[is_open] {
                summary {
                    h4 {
                        "Resemblance " span.with {
                            "to " (recording(r.reference.title.as_deref(), artists.as_deref(), &r.reference.path))
                        }
                    }
                    span.facts { (Text::of(facts(r))) }
                }
                p.statement {
                    (Text::of(capitalised(&work_words(r)))) ". "
                    strong { (clock(r.sample_begin_time_offset_ms)) " – " (clock(r.sample_end_time_offset_ms)) }
                    " of this file plays what "
                    strong { (clock(r.db_begin_time_offset_ms)) " – " (clock(r.db_end_time_offset_ms)) }
                    " of the reference plays; " (odds(r.log10_evalue)) ". This is no copy of its recording, and the \
                     same chords do not make the same song: listen to both places."
                }
                @if let Some(decision) = &r.allowed_by {
                    p.note { "Not held against the upload: decision " (Name::of(decision)) "." }
                }
                @if !r.can_tell {
                    p.note { "Too few works are in the index to tell what chance gives." }
                }
                @if !r.accepted && r.can_tell {
                    p.note { "Below the line: unrelated works resemble each other as much. Shown on request only." }
                }
                @if !self.columns.is_empty() { (self.chromagrams()) (self.bars()) }
                (self.others())
                p.ids { "Resemblance id " code { (Text::of(&r.resemblance_id)) } " · reference " code { (Text::of(&r.reference.ref_id)) } }
            }
        }
    }

    /// Where a column begins in the upload, ms.
    fn time(&self, column: usize) -> f64 {
        let (begin, end) =
            (self.record.sample_begin_time_offset_ms, self.record.sample_end_time_offset_ms);
        let length = end.saturating_sub(begin) as f64;
        begin as f64 + length * column as f64 / self.columns.len().max(1) as f64
    }

    fn chromagrams(&self) -> Markup {
        let domain = (self.time(0), self.time(self.columns.len()));
        let time = Scale::new(domain, (LEFT, RIGHT));
        let below = TOP + PANEL + GAP;
        let label = format!(
            "Chromagrams of this file (above) and of the reference (below), moved to its key and tempo, over {} s",
            ((domain.1 - domain.0) / 1000.0).round()
        );
        html! {
            figure.scroll {
                svg.align viewBox={ "0 0 1000 " (HEIGHT) } role="img" aria-label=(label) {
                    (self.panel(0, TOP, time))
                    (self.panel(1, below, time))
                    (self.agreement(time))
                    text.side x=(LEFT) y=(num(TOP - 26.0)) { "This file" }
                    text.side x=(LEFT) y=(num(below + PANEL + 36.0)) { "Reference" (Text::of(moved(self.record))) }
                    @for t in svg::ticks(domain, 10.0) {
                        @let x = num(time.ms(t));
                        path.axis d={ "M" (x) " " (num(TOP)) "v-5" } {}
                        text.tick x=(x) y=(num(TOP - 9.0)) text-anchor="middle" { (clock(t)) }
                    }
                    @for (x, ms) in self.places_below(time) {
                        path.axis d={ "M" (num(x)) " " (num(below + PANEL)) "v5" } {}
                        text.tick x=(num(x)) y=(num(below + PANEL + 17.0)) text-anchor="middle" { (clock(ms)) }
                    }
                }
                figcaption {
                    "What sounds, by pitch class: above this file, below the reference, moved to the key and the \
                     tempo of this file. In colour: sounds in both at the same moment. The line between is their \
                     agreement, from none (0) to the same (1)."
                }
            }
        }
    }

    /// Times of the reference below its panel.
    fn places_below(&self, time: Scale) -> Vec<(f64, u64)> {
        let step = (self.columns.len() / 8).max(1);
        let columns = self.columns.iter().enumerate().step_by(step);
        let places = columns.map(|(i, column)| (time.at(self.time(i)), column.reference_ms));
        // A time at the edge would be cut off.
        places.filter(|(x, _)| *x < RIGHT - 20.0).collect()
    }

    fn panel(&self, side: usize, top: f64, time: Scale) -> Markup {
        let mut paths: [(&str, String); 4] = [
            ("c1", String::new()),
            ("c2", String::new()),
            ("c3", String::new()),
            ("both s0", String::new()),
        ];
        let width = (RIGHT - LEFT) / self.columns.len().max(1) as f64;
        for (i, column) in self.columns.iter().enumerate() {
            let x = num(time.at(self.time(i)));
            for class in 0..12 {
                let strengths = column.sides.map(|side| side[class]);
                let Some(step) = STEPS.iter().rposition(|(from, _)| strengths[side] >= *from)
                else {
                    continue;
                };
                let in_both = strengths.iter().all(|s| *s >= STEPS[1].0);
                let path = &mut paths[if in_both { 3 } else { step }].1;
                let y = num(top + CLASS * (11 - class) as f64);
                let _ = write!(path, "M{x} {y}h{}v{}h-{}z", num(width), num(CLASS), num(width));
            }
        }
        html! {
            rect.ground x=(num(LEFT)) y=(num(top)) width=(num(RIGHT - LEFT)) height=(num(PANEL)) {}
            @for (class, path) in &paths { path.chroma.(class) d=(path) {} }
            @for (class, name) in PITCH_CLASSES.iter().enumerate() {
                text.tick.pitch x=(num(LEFT - 7.0)) y=(num(top + CLASS * (11.5 - class as f64))) dy=".34em"
                    text-anchor="end" { (name) }
            }
            rect.frame x=(num(LEFT)) y=(num(top)) width=(num(RIGHT - LEFT)) height=(num(PANEL)) {}
        }
    }

    fn agreement(&self, time: Scale) -> Markup {
        let level = Scale::new((0.0, 100.0), (TOP + PANEL + GAP - 8.0, TOP + PANEL + 8.0));
        let mut path = String::new();
        for (i, column) in self.columns.iter().enumerate() {
            let command = if i == 0 { 'M' } else { 'L' };
            let y = level.at(column.agreement.clamp(0.0, 100.0));
            let _ = write!(path, "{command}{} {}", num(time.at(self.time(i))), num(y));
        }
        html! {
            @for (share, name) in [(0.0, "0"), (100.0, "1")] {
                path.grid d={ "M" (num(LEFT)) " " (num(level.at(share))) "H" (num(RIGHT)) } {}
                text.tick x=(num(LEFT - 7.0)) y=(num(level.at(share))) dy=".34em" text-anchor="end" { (name) }
            }
            path.run.s0 d=(path) {}
        }
    }

    /// Bar by bar, the strongest pitch classes of both sides.
    fn bars(&self) -> Markup {
        let length = self.time(1) - self.time(0);
        let per_bar = ((BAR_MS / length.max(1.0)).round() as usize).max(1);
        let bars: Vec<&[Column]> = self.columns.chunks(per_bar).collect();
        html! {
            details.bars-of {
                summary { "Two seconds by two seconds" }
                div.scroll {
                    table.chords {
                        thead { tr {
                            th scope="col" { "This file" } th scope="col" { "plays" }
                            th scope="col" { "Reference" } th scope="col" { "plays, in this key" }
                            th.n scope="col" { "Agreement" }
                        } }
                        tbody { @for (i, bar) in bars.iter().enumerate().take(MAX_BARS) {
                            tr {
                                td { (clock(self.time(i * per_bar) as u64)) }
                                td { (classes_of(&mean(bar, 0))) }
                                td { (clock(bar.first().map_or(0, |c| c.reference_ms))) }
                                td { (classes_of(&mean(bar, 1))) }
                                td.n { (num(bar.iter().map(|c| c.agreement).sum::<f64>() / bar.len() as f64 / 100.0)) }
                            }
                        } }
                    }
                }
                @if bars.len() > MAX_BARS { p.note { "And so on." } }
            }
        }
    }

    /// How far it stands out.
    fn others(&self) -> Markup {
        let r = self.record;
        let next = r.next_best.iter().map(|n| {
            let artists = credit(&n.reference.artists, ", ");
            (recording(n.reference.title.as_deref(), artists.as_deref(), &n.reference.path), n.z)
        });
        html! {
            p.note {
                "It stands out from unrelated works by " (num(r.z)) " standard deviations"
                @for (i, (name, z)) in next.enumerate() {
                    @if i == 0 { "; the next best works are " } @else { ", " }
                    (name) " (" (num(z)) ")"
                }
                ". " (num(r.common_pct)) " % of works drawn at random resemble it at least half as much."
            }
        }
    }
}

fn facts(r: &ResemblanceRecord) -> String {
    let seconds = r.sample_end_time_offset_ms.saturating_sub(r.sample_begin_time_offset_ms) / 1000;
    format!("{} · {seconds} s alike · agreement {:.2}", r.channel.name(), r.agreement_pct / 100.0)
}

/// What was done to the reference to lay it beside.
fn moved(r: &ResemblanceRecord) -> String {
    match r.transposition_semitones {
        0 => ", in its own key".to_owned(),
        up => format!(", {} semitones {}", up.unsigned_abs(), if up > 0 { "up" } else { "down" }),
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |c| c.to_uppercase().chain(chars).collect())
}

fn mean(columns: &[Column], side: usize) -> [f64; 12] {
    let sum = |class: usize| columns.iter().map(|c| c.sides[side][class]).sum::<f64>();
    std::array::from_fn(|class| sum(class) / columns.len().max(1) as f64)
}

/// The rows of an exhibit as so many columns as can be told apart; rows that are not whole are left out.
fn columns(exhibit: &WorkExhibit) -> Vec<Column> {
    let rows = exhibit.query.iter().zip(&exhibit.reference).take(MAX_ROWS);
    let rest = exhibit.reference_ms.iter().zip(&exhibit.agreement_pct);
    let rows = rows.zip(rest).filter_map(|((query, reference), (at, agreement))| {
        let sides = [strengths(query)?, strengths(reference)?];
        Some(Column { sides, agreement: f64::from(*agreement), reference_ms: *at })
    });
    let rows: Vec<Column> = rows.collect();
    let per_column = rows.len().div_ceil(MAX_COLUMNS).max(1);
    let column = |rows: &[Column]| Column {
        sides: [mean(rows, 0), mean(rows, 1)],
        agreement: rows.iter().map(|r| r.agreement).sum::<f64>() / rows.len() as f64,
        reference_ms: rows.first().map_or(0, |r| r.reference_ms),
    };
    rows.chunks(per_column).map(column).collect()
}

fn strengths(digits: &str) -> Option<[f64; 12]> {
    let values: Option<Vec<f64>> = digits.chars().map(|c| c.to_digit(16).map(f64::from)).collect();
    values?.try_into().ok()
}
