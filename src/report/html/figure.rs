//! The main exhibit: both spectrograms over one time axis, their peaks, and what joins them.

use std::collections::BTreeSet;

use maud::{Markup, Render, html};

use super::svg::{self, Scale, badge, dots, lines, num, style};
use super::words::count;
use crate::clock::clock;
use crate::report::evidence::{EvidenceRecord, Side};
use crate::report::records::SegmentRecord;

/// Left edge of the panels; the labels of the frequency axis stand before it.
const LEFT: f64 = 52.0;
const RIGHT: f64 = 992.0;
const PANEL: f64 = 168.0;
/// Room between the panels, where the joins show.
const GAP: f64 = 74.0;
const TOP: f64 = 44.0;
const HEIGHT: f64 = TOP + PANEL + GAP + PANEL + 44.0;
/// Peaks drawn on a side that coincide with nothing; more would be a grey haze.
const MAX_LONE: usize = 2_500;
/// Pairs of peaks drawn.
const MAX_PAIRS: usize = 2_500;
/// Pairs joined by a line.
const MAX_JOINS: usize = 160;
/// Segments that are drawn.
pub const MAX_SEGMENTS: usize = 60;
/// Span of the frequency axis where a record does not say.
const CENTS: u32 = 6_133;

/// Octaves of the frequency axis: cents above its begin, and Hz.
const OCTAVES: [(u32, &str); 6] =
    [(0, "150"), (1_200, "300"), (2_400, "600"), (3_600, "1.2k"), (4_800, "2.4k"), (6_000, "4.8k")];

/// A side with everything that places it.
struct Panel<'a> {
    side: &'a Side,
    time: Scale,
    pitch: Scale,
    top: f64,
    /// What is added to a time before it is mapped.
    shift: f64,
}

/// A picture in base64, as the address of an image.
struct Png<'a>(&'a str);

impl Render for Png<'_> {
    fn render_to(&self, out: &mut String) {
        out.push_str("data:image/png;base64,");
        // What is no base64 was sorted out; here it is made sure of once more. What is left needs
        // no escapes, and pictures are the bulk of a page.
        out.extend(
            self.0.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')),
        );
    }
}

impl Panel<'_> {
    fn x(&self, ms: u64) -> f64 {
        self.time.at(ms as f64 + self.shift).clamp(LEFT, RIGHT)
    }

    fn point(&self, peak: &[u32; 2]) -> (f64, f64) {
        let y = self.pitch.at(f64::from(peak[1]));
        (self.x(u64::from(peak[0])), y.clamp(self.top, self.top + PANEL))
    }

    /// Left edge and width of what is shown of the side.
    fn extent(&self) -> (f64, f64) {
        let left = self.x(self.side.begin_ms);
        (left, self.x(self.side.end_ms) - left)
    }

    /// Picture, frame and axes; the times stand `above` the panel or below it.
    fn backdrop(&self, label: &str, above: bool) -> Markup {
        let (left, width) = self.extent();
        let (x, y, width) = (num(left), num(self.top), num(width.max(1.0)));
        html! {
            rect.ground x=(x) y=(y) width=(width) height=(PANEL) {}
            @if let Some(png) = &self.side.spectrogram_png {
                image x=(x) y=(y) width=(width) height=(PANEL) preserveAspectRatio="none"
                    href=(Png(png)) {}
            }
            @for (cents, hz) in OCTAVES {
                @let y = num(self.pitch.at(f64::from(cents)));
                path.grid d={ "M" (x) " " (y) "h" (width) } {}
                text.tick x=(num(LEFT - 7.0)) y=(y) dy=".32em" text-anchor="end" { (hz) }
            }
            rect.frame x=(x) y=(y) width=(width) height=(PANEL) {}
            (self.time_axis(label, above))
        }
    }

    fn time_axis(&self, label: &str, above: bool) -> Markup {
        let edge = if above { self.top } else { self.top + PANEL };
        // Length of a tick, and where its time and the label of the panel stand.
        let (tick, time, side) = match above {
            true => (-5.0, edge - 9.0, edge - 29.0),
            false => (5.0, edge + 18.0, edge + 38.0),
        };
        let domain = (self.side.begin_ms as f64, self.side.end_ms as f64);
        let share = self.extent().1 / (RIGHT - LEFT);
        html! {
            @for t in svg::ticks(domain, 10.0 * share) {
                @let x = num(self.x(t));
                path.axis d={ "M" (x) " " (num(edge)) "v" (tick) } {}
                text.tick x=(x) y=(num(time)) text-anchor="middle" { (clock(t)) }
            }
            text.side x=(LEFT) y=(num(side)) { (label) }
            text.tick x=(RIGHT) y=(num(side)) text-anchor="end" { "Hz over minutes:seconds" }
        }
    }
}

/// Draws `evidence` with the `segments` of its match.
pub fn draw(evidence: &EvidenceRecord, segments: &[SegmentRecord]) -> Markup {
    let (query, reference) = (&evidence.query, &evidence.reference);
    // The longest segment stands upright: what is one above the other sounds the same there.
    let longest = segments.iter().max_by_key(|s| length(s));
    let shift = longest
        .map_or(0.0, |s| s.sample_begin_time_offset_ms as f64 - s.db_begin_time_offset_ms as f64);
    let from = (query.begin_ms as f64).min(reference.begin_ms as f64 + shift);
    let to = (query.end_ms as f64).max(reference.end_ms as f64 + shift);
    let time = Scale::new((from, to.max(from + 1.0)), (LEFT, RIGHT));
    let panel = |side, top, shift| Panel { side, time, pitch: pitch(side, top), top, shift };
    let above = panel(query, TOP, 0.0);
    let below = panel(reference, TOP + PANEL + GAP, shift);
    let drawn = segments.iter().enumerate().take(MAX_SEGMENTS);
    html! {
        svg.align viewBox={ "0 0 1000 " (HEIGHT) } role="img"
            aria-label=(description(evidence.pairs.len(), segments.len())) {
            (above.backdrop("This file", true))
            (below.backdrop("Reference", false))
            @for (i, segment) in drawn.clone() { (band(&above, &below, i, segment)) }
            (lone(&above, &evidence.pairs, 0))
            (lone(&below, &evidence.pairs, 1))
            (coinciding(&above, &below, &evidence.pairs))
            @for (i, segment) in drawn { (number(&above, &below, i, segment)) }
        }
    }
}

fn description(pairs: usize, segments: usize) -> String {
    format!(
        "Spectrograms of this file (above) and the reference (below) over one time axis; {pairs} \
         coinciding peaks in {}.",
        count(segments, "segment", "segments")
    )
}

fn length(s: &SegmentRecord) -> u64 {
    s.sample_end_time_offset_ms.saturating_sub(s.sample_begin_time_offset_ms)
}

fn pitch(side: &Side, top: f64) -> Scale {
    let cents = if (600..20_000).contains(&side.cents) { side.cents } else { CENTS };
    Scale::new((0.0, f64::from(cents)), (top + PANEL, top))
}

/// The stretch of a segment on both sides, and a band from one to the other.
fn band(above: &Panel<'_>, below: &Panel<'_>, index: usize, s: &SegmentRecord) -> Markup {
    let (a, b) = (above.x(s.sample_begin_time_offset_ms), above.x(s.sample_end_time_offset_ms));
    let (c, d) = (below.x(s.db_begin_time_offset_ms), below.x(s.db_end_time_offset_ms));
    let [a, b, c, d] = [a, b.max(a + 1.0), c, d.max(c + 1.0)].map(num);
    let [top, gap, foot, end] =
        [above.top, above.top + PANEL, below.top, below.top + PANEL].map(num);
    let area = format_args!("M{a} {gap}L{b} {gap}L{d} {foot}L{c} {foot}Z");
    let edges = format_args!("M{a} {top}V{gap}L{c} {foot}V{end}M{b} {top}V{gap}L{d} {foot}V{end}");
    let style = style(index);
    html! {
        path.band.(style) d=(area) {}
        path.edge.(style) d=(edges) {}
    }
}

/// The number of a segment, in the middle of its band.
fn number(above: &Panel<'_>, below: &Panel<'_>, index: usize, s: &SegmentRecord) -> Markup {
    let x = above.x(s.sample_begin_time_offset_ms) + above.x(s.sample_end_time_offset_ms);
    let x2 = below.x(s.db_begin_time_offset_ms) + below.x(s.db_end_time_offset_ms);
    badge((x + x2) / 4.0, TOP + PANEL + GAP / 2.0, index + 1, &style(index))
}

/// Peaks of a side that coincide with nothing, small and grey. `column` of a pair is the side's.
fn lone(panel: &Panel<'_>, pairs: &[[u32; 3]], column: usize) -> Markup {
    let met: BTreeSet<u32> = pairs.iter().map(|p| p[column]).collect();
    let lone = panel.side.peaks.iter().enumerate();
    let lone: Vec<_> = lone.filter(|(i, _)| !met.contains(&(*i as u32))).collect();
    let places = thinned(&lone, MAX_LONE).map(|(_, peak)| panel.point(peak));
    html! { path.lone d=(dots(places)) {} }
}

/// Coinciding peaks in the colour of their segment, some of them joined.
fn coinciding(above: &Panel<'_>, below: &Panel<'_>, pairs: &[[u32; 3]]) -> Markup {
    let pair = |&[a, b, segment]: &[u32; 3]| {
        let a = above.side.peaks.get(a as usize)?;
        let b = below.side.peaks.get(b as usize)?;
        Some((above.point(a), below.point(b), segment as usize))
    };
    let drawn: Vec<_> = pairs.iter().filter_map(pair).collect();
    let drawn: Vec<_> = thinned(&drawn, MAX_PAIRS).copied().collect();
    let joined: Vec<_> = thinned(&drawn, MAX_JOINS).copied().collect();
    html! {
        @for i in 0..MAX_SEGMENTS {
            @if drawn.iter().any(|p| p.2 == i) {
                @let joins = lines(joined.iter().filter(|p| p.2 == i).map(|p| (p.0, p.1)));
                @let ends = dots(drawn.iter().filter(|p| p.2 == i).flat_map(|p| [p.0, p.1]));
                path.join.(style(i)) d=(joins) {}
                path.met.(style(i)) d=(ends) {}
            }
        }
    }
}

/// At most `most` of `all`, evenly.
fn thinned<T>(all: &[T], most: usize) -> impl Iterator<Item = &T> {
    let step = all.len().div_ceil(most.max(1)).max(1);
    all.iter().step_by(step)
}
