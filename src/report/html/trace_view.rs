//! The exhibit of a decoder's trace: the changes folded by the place inside a row, and where in the file it stands.

use maud::{Markup, html};

use super::foreign::{Name, Text};
use super::svg::{Scale, num, ticks};
use crate::clock::clock;
use crate::report::records::{CloseLook, DecoderTraceRecord};
use crate::trace::Strength;
use crate::trace::params::TraceParams;

/// Edges of both drawings.
const LEFT: f64 = 40.0;
const RIGHT: f64 = 610.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 130.0;
/// Windows that are drawn; of more, each stands for several.
const MAX_WINDOWS: usize = 600;
/// Least height of a drawing, in the units of what it shows.
const LEAST_PATTERN: f64 = 0.5;

/// What is said about the trace in one upload.
pub struct TraceView<'a> {
    record: &'a DecoderTraceRecord,
    statement: Text<'a>,
    lattice: Option<Name<'a>>,
}

impl<'a> TraceView<'a> {
    /// The exhibit of `record`.
    pub fn new(record: &'a DecoderTraceRecord) -> TraceView<'a> {
        let lattice = record.close.as_ref().map(|close| Name::of(&close.lattice));
        TraceView { record, statement: Text::whole(&record.statement), lattice }
    }

    /// The exhibit in HTML.
    pub fn markup(&self) -> Markup {
        let heading = match self.record.result {
            Strength::Strong => "Trace of a decoder: strong",
            _ => "Trace of a decoder: weak",
        };
        html! {
            section.trace {
                h4 { (heading) }
                p { (self.statement) }
                @if let Some(close) = &self.record.close {
                    (pattern(close))
                    p.note {
                        "Change in time of the log spectrum, by the place between two rows of "
                        @if let Some(lattice) = &self.lattice { code { (lattice) } }
                        ". Rows of a spectrogram leave a hump at their centres; music itself leaves a level line. \
                         Score " (num(close.score)) "; the highest of " (close.human_versions)
                        " versions of human tracks is " (num(close.human_highest)) "."
                    }
                    @if close.windows.iter().flatten().count() > 1 {
                        (timeline(close))
                        p.note { "Scores of windows of " (close.window_ms / 1000) " s; the line is where strong begins." }
                    }
                }
            }
        }
    }
}

/// The folded pattern.
fn pattern(close: &CloseLook) -> Markup {
    let values = || close.pattern.iter().copied().filter(|v| v.is_finite());
    let most = values().map(f64::abs).fold(LEAST_PATTERN, f64::max);
    let x = Scale::new((-0.5, 0.5), (LEFT, RIGHT));
    let y = Scale::new((-most, most), (BOTTOM, TOP));
    let cells = close.pattern.len().max(1) as f64;
    let place = |(i, value): (usize, f64)| (x.at((i as f64 + 0.5) / cells - 0.5), y.at(value));
    let points: Vec<(f64, f64)> = values().enumerate().map(place).collect();
    html! {
        svg.plot viewBox={ "0 0 620 " (BOTTOM + 22.0) } role="img"
            aria-label="Change of the spectrum by the place inside a row" {
            (ground())
            path.grid d={ "M" (num(x.at(0.0))) " " (TOP) "V" (BOTTOM) "M" (LEFT) " " (num(y.at(0.0))) "H" (RIGHT) } {}
            path.run.s0 d=(polyline(&points)) fill="none" {}
            text.tick x=(num(x.at(0.0))) y=(BOTTOM + 16.0) text-anchor="middle" { "centre of a row" }
            text.tick x=(LEFT) y=(BOTTOM + 16.0) { "half a row below" }
            text.tick x=(RIGHT) y=(BOTTOM + 16.0) text-anchor="end" { "half a row above" }
        }
    }
}

/// Scores of the windows along the file.
fn timeline(close: &CloseLook) -> Markup {
    let step = close.windows.len().div_ceil(MAX_WINDOWS).max(1);
    let half = close.window_ms as f64 / 2.0;
    let scores: Vec<(f64, f64)> = close
        .windows
        .chunks(step)
        .enumerate()
        .filter_map(|(i, part)| {
            let highest = part.iter().flatten().copied().reduce(f64::max)?;
            Some(((i * step) as f64 * 1000.0 + half, highest))
        })
        .collect();
    let end = close.windows.len() as f64 * 1000.0 + close.window_ms as f64;
    let strong = TraceParams::V2.strong;
    let most = scores.iter().map(|(_, score)| *score).fold(strong * 1.5, f64::max);
    let x = Scale::new((0.0, end), (LEFT, RIGHT));
    let y = Scale::new((-strong / 2.0, most), (BOTTOM, TOP));
    let points: Vec<(f64, f64)> = scores.iter().map(|(t, s)| (x.at(*t), y.at(*s))).collect();
    html! {
        svg.plot viewBox={ "0 0 620 " (BOTTOM + 22.0) } role="img" aria-label="Scores along the file" {
            (ground())
            path.grid d={ "M" (LEFT) " " (num(y.at(strong))) "H" (RIGHT) } {}
            text.tick x=(LEFT - 5.0) y=(num(y.at(strong))) dy=".32em" text-anchor="end" { (num(strong)) }
            path.run.s1 d=(polyline(&points)) fill="none" {}
            @for t in ticks((0.0, end), 10.0) {
                text.tick x=(num(x.ms(t))) y=(BOTTOM + 16.0) text-anchor="middle" { (clock(t)) }
            }
        }
    }
}

fn ground() -> Markup {
    html! { rect.ground.frame x=(LEFT) y=(TOP) width=(RIGHT - LEFT) height=(BOTTOM - TOP) {} }
}

/// A line through points.
fn polyline(points: &[(f64, f64)]) -> String {
    let parts = points.iter().enumerate().map(|(i, (x, y))| {
        let command = if i == 0 { 'M' } else { 'L' };
        format!("{command}{} {}", num(*x), num(*y))
    });
    parts.collect()
}
