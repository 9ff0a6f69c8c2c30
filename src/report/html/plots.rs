//! The smaller drawings of a match: where its pairs lie in both files, and how much of each is covered.

use maud::{Markup, html};

use super::figure::MAX_SEGMENTS;
use super::svg::{STYLES, Scale, badge, dots, num, style, ticks};
use crate::clock::clock;
use crate::report::evidence::{EvidenceRecord, Side};
use crate::report::records::SegmentRecord;

/// Pairs drawn in the dot-plot.
const MAX_DOTS: usize = 3_000;
/// Edges of the dot-plot.
const LEFT: f64 = 62.0;
const RIGHT: f64 = 380.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = TOP + RIGHT - LEFT;
/// Width of a strip.
const STRIP: f64 = 620.0;
/// Part of a strip that has room for a number.
const ROOM: f64 = 24.0;

/// Time in the file across, time in the reference upwards.
struct Plot<'a> {
    evidence: &'a EvidenceRecord,
    x: Scale,
    y: Scale,
}

/// A copy is a straight line in it, a loop is a saw, a change of speed is another slope.
pub fn dot_plot(evidence: &EvidenceRecord, segments: &[SegmentRecord]) -> Markup {
    let plot = Plot {
        evidence,
        x: Scale::new(domain(&evidence.query), (LEFT, RIGHT)),
        y: Scale::new(domain(&evidence.reference), (BOTTOM, TOP)),
    };
    html! {
        svg.plot viewBox={ "0 0 404 " (BOTTOM + 44.0) } role="img"
            aria-label="Dot-plot: time in this file against time in the reference" {
            rect.ground.frame x=(LEFT) y=(TOP) width=(RIGHT - LEFT) height=(BOTTOM - TOP) {}
            (plot.grid())
            path.pair d=(plot.pairs()) {}
            @for (i, segment) in segments.iter().enumerate().take(MAX_SEGMENTS) {
                (plot.run(i, segment))
            }
            text.tick x=(RIGHT) y=(BOTTOM + 37.0) text-anchor="end" { "time in this file →" }
            text.tick transform="translate(14 12) rotate(-90)" text-anchor="end" {
                "time in the reference →"
            }
        }
    }
}

fn domain(side: &Side) -> (f64, f64) {
    (side.begin_ms as f64, (side.end_ms as f64).max(side.begin_ms as f64 + 1.0))
}

impl Plot<'_> {
    fn inside(x: f64, y: f64) -> (f64, f64) {
        (x.clamp(LEFT, RIGHT), y.clamp(TOP, BOTTOM))
    }

    fn grid(&self) -> Markup {
        html! {
            @for t in ticks(domain(&self.evidence.query), 6.0) {
                @let x = num(self.x.ms(t));
                path.grid d={ "M" (x) " " (TOP) "V" (BOTTOM) } {}
                text.tick x=(x) y=(BOTTOM + 17.0) text-anchor="middle" { (clock(t)) }
            }
            @for t in ticks(domain(&self.evidence.reference), 7.0) {
                @let y = num(self.y.ms(t));
                path.grid d={ "M" (LEFT) " " (y) "H" (RIGHT) } {}
                text.tick x=(LEFT - 7.0) y=(y) dy=".32em" text-anchor="end" { (clock(t)) }
            }
        }
    }

    /// Coinciding peaks as dots.
    fn pairs(&self) -> String {
        let (q, r) = (&self.evidence.query.peaks, &self.evidence.reference.peaks);
        let step = self.evidence.pairs.len().div_ceil(MAX_DOTS).max(1);
        dots(self.evidence.pairs.iter().step_by(step).filter_map(|[a, b, _]| {
            let (a, b) = (q.get(*a as usize)?, r.get(*b as usize)?);
            Some(Plot::inside(self.x.at(f64::from(a[0])), self.y.at(f64::from(b[0]))))
        }))
    }

    /// A segment as a line with its number at the end.
    fn run(&self, index: usize, s: &SegmentRecord) -> Markup {
        let (x, y) = (&self.x, &self.y);
        let (x1, y1) =
            Plot::inside(x.ms(s.sample_begin_time_offset_ms), y.ms(s.db_begin_time_offset_ms));
        let (x2, y2) =
            Plot::inside(x.ms(s.sample_end_time_offset_ms), y.ms(s.db_end_time_offset_ms));
        let style = style(index);
        html! {
            path.run.(style) d={ "M" (num(x1)) " " (num(y1)) "L" (num(x2)) " " (num(y2)) } {}
            (badge(x2.min(RIGHT - 10.0), y2.max(TOP + 10.0), index + 1, &style))
        }
    }
}

/// One file from begin to end, with its segments marked.
pub fn strip(duration_ms: u64, spans: &[(u64, u64)], label: &str) -> Markup {
    let longest = spans.iter().map(|s| s.1).max().unwrap_or(0);
    let end = duration_ms.max(longest).max(1);
    let x = Scale::new((0.0, end as f64), (1.0, STRIP - 1.0));
    html! {
        svg.strip viewBox={ "0 0 " (STRIP) " 50" } role="img" aria-label=(label) {
            rect.ground.frame x="1" y="2" width=(STRIP - 2.0) height="26" {}
            @for (i, &(from, to)) in spans.iter().enumerate().take(MAX_SEGMENTS) {
                (part(i, x.ms(from.min(to)), x.ms(to)))
            }
            @for t in ticks((0.0, end as f64), 10.0) { (strip_tick(x.ms(t), t)) }
        }
    }
}

/// A segment in a strip, with its number where there is room.
fn part(index: usize, from: f64, to: f64) -> Markup {
    let width = (to - from).max(2.0);
    let style = style(index);
    html! {
        rect.part.(style) x=(num(from)) y="2" width=(num(width)) height="26"
            fill={ "url(#h" (index % STYLES) ")" } {}
        @if width > ROOM { (badge(from + width / 2.0, 15.0, index + 1, &style)) }
    }
}

fn strip_tick(at: f64, ms: u64) -> Markup {
    // Labels at the ends stay within the drawing.
    let anchor = match at {
        _ if at < 20.0 => "start",
        _ if at > STRIP - 20.0 => "end",
        _ => "middle",
    };
    let at = num(at);
    html! {
        path.axis d={ "M" (at) " 28v4" } {}
        text.tick x=(at) y="46" text-anchor=(anchor) { (clock(ms)) }
    }
}
