//! The main exhibit: both spectrograms over one time axis, their peaks, and what joins them.

use std::fmt::Write as _;

use super::escape;
use super::svg::{self, Scale, badge, dots, lines, num, style};
use crate::report::evidence::{EvidenceRecord, Side};
use crate::report::records::SegmentRecord;
use crate::report::text::clock;

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

/// A side with everything that places it.
struct Panel<'a> {
    side: &'a Side,
    time: Scale,
    pitch: Scale,
    top: f64,
    /// What is added to a time before it is mapped.
    shift: f64,
}

impl Panel<'_> {
    fn x(&self, ms: u64) -> f64 {
        self.time.at(ms as f64 + self.shift).clamp(LEFT, RIGHT)
    }

    fn point(&self, peak: &[u32; 2]) -> (f64, f64) {
        let y = self.pitch.at(f64::from(peak[1]));
        (self.x(u64::from(peak[0])), y.clamp(self.top, self.top + PANEL))
    }
}

/// Draws `evidence` with the `segments` of its match. `title` goes into the description.
pub fn draw(evidence: &EvidenceRecord, segments: &[SegmentRecord], title: &str) -> String {
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
    let mut out = format!(
        "<svg class=\"align\" viewBox=\"0 0 1000 {HEIGHT}\" role=\"img\" aria-label=\"{}\">",
        escape::text(title)
    );
    backdrop(&mut out, &above, "This file", "top");
    backdrop(&mut out, &below, "Reference", "bottom");
    bands(&mut out, &above, &below, segments);
    points(&mut out, &above, &below, &evidence.pairs);
    for (i, s) in segments.iter().enumerate().take(MAX_SEGMENTS) {
        let x = above.x(s.sample_begin_time_offset_ms) + above.x(s.sample_end_time_offset_ms);
        let x2 = below.x(s.db_begin_time_offset_ms) + below.x(s.db_end_time_offset_ms);
        out.push_str(&badge((x + x2) / 4.0, TOP + PANEL + GAP / 2.0, i + 1, &style(i)));
    }
    out.push_str("</svg>");
    out
}

fn length(s: &SegmentRecord) -> u64 {
    s.sample_end_time_offset_ms.saturating_sub(s.sample_begin_time_offset_ms)
}

fn pitch(side: &Side, top: f64) -> Scale {
    let cents = if (600..20_000).contains(&side.cents) { side.cents } else { CENTS };
    Scale::new((0.0, f64::from(cents)), (top + PANEL, top))
}

/// Picture, frame and axes of a panel.
fn backdrop(out: &mut String, panel: &Panel<'_>, label: &str, place: &str) {
    let (left, right) = (panel.x(panel.side.begin_ms), panel.x(panel.side.end_ms));
    let (x, y) = (num(left), num(panel.top));
    let width = num((right - left).max(1.0));
    let frame = format!("x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{PANEL}\"");
    let _ = write!(out, "<rect class=\"ground\" {frame}/>");
    if let Some(png) = &panel.side.spectrogram_png {
        // What is no base64 was sorted out; here it is made sure of once more.
        let _ = write!(
            out,
            "<image {frame} preserveAspectRatio=\"none\" href=\"data:image/png;base64,{}\"/>",
            escape_base64(png)
        );
    }
    let octaves = [
        (0, "150"),
        (1_200, "300"),
        (2_400, "600"),
        (3_600, "1.2k"),
        (4_800, "2.4k"),
        (6_000, "4.8k"),
    ];
    for (cents, hz) in octaves {
        let y = num(panel.pitch.at(f64::from(cents)));
        let _ = write!(
            out,
            "<path class=\"grid\" d=\"M{x} {y}h{width}\"/>\
             <text class=\"tick\" x=\"{}\" y=\"{y}\" dy=\".32em\" text-anchor=\"end\">{hz}</text>",
            num(LEFT - 7.0)
        );
    }
    let _ = write!(out, "<rect class=\"frame\" {frame}/>");
    let is_top = place == "top";
    let edge = if is_top { panel.top } else { panel.top + PANEL };
    let (tick, text) = if is_top { (-5.0, edge - 9.0) } else { (5.0, edge + 18.0) };
    let domain = (panel.side.begin_ms as f64, panel.side.end_ms as f64);
    let share = (right - left) / (RIGHT - LEFT);
    for t in svg::ticks(domain, 10.0 * share) {
        let x = num(panel.x(t));
        let _ = write!(
            out,
            "<path class=\"axis\" d=\"M{x} {}v{tick}\"/>\
             <text class=\"tick\" x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            num(edge),
            num(text),
            clock(t)
        );
    }
    let y = if is_top { edge - 29.0 } else { edge + 38.0 };
    let _ = write!(
        out,
        "<text class=\"side\" x=\"{LEFT}\" y=\"{}\">{label}</text>\
         <text class=\"tick\" x=\"{RIGHT}\" y=\"{}\" text-anchor=\"end\">Hz over minutes:seconds</text>",
        num(y),
        num(y)
    );
}

fn escape_base64(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')).collect()
}

/// The stretch of each segment on both sides, and a band from one to the other.
fn bands(out: &mut String, above: &Panel<'_>, below: &Panel<'_>, segments: &[SegmentRecord]) {
    let bottom = above.top + PANEL;
    for (i, s) in segments.iter().enumerate().take(MAX_SEGMENTS) {
        let (a, b) = (above.x(s.sample_begin_time_offset_ms), above.x(s.sample_end_time_offset_ms));
        let (c, d) = (below.x(s.db_begin_time_offset_ms), below.x(s.db_end_time_offset_ms));
        let style = style(i);
        let [a, b, c, d] = [a, b.max(a + 1.0), c, d.max(c + 1.0)].map(num);
        let (top, gap, foot) = (num(above.top), num(bottom), num(below.top));
        let end = num(below.top + PANEL);
        let _ = write!(
            out,
            "<path class=\"band {style}\" d=\"M{a} {gap}L{b} {gap}L{d} {foot}L{c} {foot}Z\"/>\
             <path class=\"edge {style}\" d=\"M{a} {top}V{gap}L{c} {foot}V{end}M{b} {top}V{gap}L{d} {foot}V{end}\"/>"
        );
    }
}

/// Peaks: lone ones small and grey, coinciding ones in the colour of their segment, some joined.
fn points(out: &mut String, above: &Panel<'_>, below: &Panel<'_>, pairs: &[[u32; 3]]) {
    for (panel, column) in [(above, 0), (below, 1)] {
        let met: std::collections::BTreeSet<u32> = pairs.iter().map(|p| p[column]).collect();
        let lone = panel.side.peaks.iter().enumerate();
        let lone: Vec<_> = lone.filter(|(i, _)| !met.contains(&(*i as u32))).collect();
        let lone = thinned(&lone, MAX_LONE).map(|(_, peak)| panel.point(peak));
        let _ = write!(out, "<path class=\"lone\" d=\"{}\"/>", dots(lone));
    }
    let pair = |&[a, b, segment]: &[u32; 3]| {
        let a = above.side.peaks.get(a as usize)?;
        let b = below.side.peaks.get(b as usize)?;
        Some((above.point(a), below.point(b), segment))
    };
    let drawn: Vec<_> = pairs.iter().filter_map(pair).collect();
    let drawn: Vec<_> = thinned(&drawn, MAX_PAIRS).copied().collect();
    let joined: Vec<_> = thinned(&drawn, MAX_JOINS).copied().collect();
    for i in 0..MAX_SEGMENTS {
        let of = |p: &&((f64, f64), (f64, f64), u32)| p.2 as usize == i;
        if !drawn.iter().any(|p| of(&p)) {
            continue;
        }
        let joins = lines(joined.iter().filter(of).map(|p| (p.0, p.1)));
        let ends = dots(drawn.iter().filter(of).flat_map(|p| [p.0, p.1]));
        let style = style(i);
        let _ = write!(
            out,
            "<path class=\"join {style}\" d=\"{joins}\"/><path class=\"met {style}\" d=\"{ends}\"/>"
        );
    }
}

/// At most `most` of `all`, evenly.
fn thinned<T>(all: &[T], most: usize) -> impl Iterator<Item = &T> {
    let step = all.len().div_ceil(most.max(1)).max(1);
    all.iter().step_by(step)
}
