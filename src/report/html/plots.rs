//! The smaller drawings of a match: where its pairs lie in both files, and how much of each is covered.

use std::fmt::Write as _;

use super::figure::MAX_SEGMENTS;
use super::svg::{STYLES, Scale, badge, dots, num, style, ticks};
use crate::report::evidence::EvidenceRecord;
use crate::report::records::SegmentRecord;
use crate::report::text::clock;

/// Pairs drawn in the dot-plot.
const MAX_DOTS: usize = 3_000;
const PLOT: (f64, f64) = (62.0, 380.0);
/// Width of a strip.
const STRIP: f64 = 620.0;

/// Time in the file across, time in the reference upwards: a copy is a straight line, a loop is a
/// saw, a change of speed is another slope.
pub fn dot_plot(evidence: &EvidenceRecord, segments: &[SegmentRecord]) -> String {
    let (left, right) = PLOT;
    let side = right - left;
    let bottom = side + 12.0;
    let (q, r) = (&evidence.query, &evidence.reference);
    let heard = (q.begin_ms as f64, (q.end_ms as f64).max(q.begin_ms as f64 + 1.0));
    let there = (r.begin_ms as f64, (r.end_ms as f64).max(r.begin_ms as f64 + 1.0));
    let (x, y) = (Scale::new(heard, (left, right)), Scale::new(there, (bottom, 12.0)));
    let inside = |p: (f64, f64)| (p.0.clamp(left, right), p.1.clamp(12.0, bottom));
    let mut out = format!(
        "<svg class=\"plot\" viewBox=\"0 0 404 {}\" role=\"img\" aria-label=\"Dot-plot: time in this \
         file against time in the reference\">\
         <rect class=\"ground frame\" x=\"{left}\" y=\"12\" width=\"{side}\" height=\"{side}\"/>",
        bottom + 44.0
    );
    for t in ticks(heard, 6.0) {
        let at = num(x.ms(t));
        let _ = write!(
            out,
            "<path class=\"grid\" d=\"M{at} 12V{bottom}\"/><text class=\"tick\" x=\"{at}\" y=\"{}\" \
             text-anchor=\"middle\">{}</text>",
            bottom + 17.0,
            clock(t)
        );
    }
    for t in ticks(there, 7.0) {
        let at = num(y.ms(t));
        let _ = write!(
            out,
            "<path class=\"grid\" d=\"M{left} {at}H{right}\"/><text class=\"tick\" x=\"{}\" y=\"{at}\" \
             dy=\".32em\" text-anchor=\"end\">{}</text>",
            left - 7.0,
            clock(t)
        );
    }
    let step = evidence.pairs.len().div_ceil(MAX_DOTS).max(1);
    let pairs = evidence.pairs.iter().step_by(step).filter_map(|[a, b, _]| {
        let (a, b) = (q.peaks.get(*a as usize)?, r.peaks.get(*b as usize)?);
        Some(inside((x.at(f64::from(a[0])), y.at(f64::from(b[0])))))
    });
    let _ = write!(out, "<path class=\"pair\" d=\"{}\"/>", dots(pairs));
    for (i, s) in segments.iter().enumerate().take(MAX_SEGMENTS) {
        let a = inside((x.ms(s.sample_begin_time_offset_ms), y.ms(s.db_begin_time_offset_ms)));
        let b = inside((x.ms(s.sample_end_time_offset_ms), y.ms(s.db_end_time_offset_ms)));
        let _ = write!(
            out,
            "<path class=\"run {}\" d=\"M{} {}L{} {}\"/>{}",
            style(i),
            num(a.0),
            num(a.1),
            num(b.0),
            num(b.1),
            badge(b.0.min(right - 10.0), b.1.max(22.0), i + 1, &style(i))
        );
    }
    let _ = write!(
        out,
        "<text class=\"tick\" x=\"{right}\" y=\"{y}\" text-anchor=\"end\">time in this file →</text>\
         <text class=\"tick\" transform=\"translate(14 12) rotate(-90)\" text-anchor=\"end\">\
         time in the reference →</text></svg>",
        y = bottom + 37.0
    );
    out
}

/// One file from begin to end, with its segments marked.
pub fn strip(duration_ms: u64, spans: &[(u64, u64)], label: &str) -> String {
    let longest = spans.iter().map(|s| s.1).max().unwrap_or(0);
    let end = duration_ms.max(longest).max(1);
    let x = Scale::new((0.0, end as f64), (1.0, STRIP - 1.0));
    let mut out = format!(
        "<svg class=\"strip\" viewBox=\"0 0 {STRIP} 50\" role=\"img\" aria-label=\"{label}\">\
         <rect class=\"ground frame\" x=\"1\" y=\"2\" width=\"{}\" height=\"26\"/>",
        STRIP - 2.0
    );
    for (i, &(from, to)) in spans.iter().enumerate().take(MAX_SEGMENTS) {
        let (a, b) = (x.ms(from.min(to)), x.ms(to));
        let width = (b - a).max(2.0);
        let _ = write!(
            out,
            "<rect class=\"part {}\" x=\"{}\" y=\"2\" width=\"{}\" height=\"26\" fill=\"url(#h{})\"/>",
            style(i),
            num(a),
            num(width),
            i % STYLES
        );
        if width > 24.0 {
            out.push_str(&badge(a + width / 2.0, 15.0, i + 1, &style(i)));
        }
    }
    for t in ticks((0.0, end as f64), 10.0) {
        let at = x.ms(t);
        let anchor = if at < 20.0 {
            "start"
        } else if at > STRIP - 20.0 {
            "end"
        } else {
            "middle"
        };
        let at = num(at);
        let _ = write!(
            out,
            "<path class=\"axis\" d=\"M{at} 28v4\"/>\
             <text class=\"tick\" x=\"{at}\" y=\"46\" text-anchor=\"{anchor}\">{}</text>",
            clock(t)
        );
    }
    out.push_str("</svg>");
    out
}
