//! Small parts of drawings: scales, ticks, numbers, dots.
//!
//! An element of SVG without content is written as `rect {}`, not `rect;`: in SVG there are no void
//! elements, and a start tag alone would swallow what follows.

use std::fmt::Write as _;

use maud::{Markup, html};

/// Colours, dashes and hatchings there are; segments beyond take them in turn.
pub const STYLES: usize = 6;
/// A part of a drawing never lies farther out than this, whatever a record says.
const FAR: f64 = 1e5;

/// Class of the `index`-th segment: gives colour and dashes (see `style.css`).
pub fn style(index: usize) -> String {
    format!("s{}", index % STYLES)
}

/// A linear map from values to places in a drawing.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    from: f64,
    per: f64,
    at: f64,
}

impl Scale {
    /// Maps `domain` to `range`; either may run backwards.
    pub fn new(domain: (f64, f64), range: (f64, f64)) -> Scale {
        let length = domain.1 - domain.0;
        let length = if length.abs() < 1e-9 { 1.0 } else { length };
        Scale { from: domain.0, per: (range.1 - range.0) / length, at: range.0 }
    }

    /// The place of `value`.
    pub fn at(&self, value: f64) -> f64 {
        let place = self.at + (value - self.from) * self.per;
        if place.is_finite() { place.clamp(-FAR, FAR) } else { self.at }
    }

    /// The place of a time.
    pub fn ms(&self, ms: u64) -> f64 {
        self.at(ms as f64)
    }
}

/// A coordinate with a tenth at most.
pub fn num(value: f64) -> String {
    let tenths = (value * 10.0).round() / 10.0 + 0.0;
    format!("{tenths}")
}

/// Times (ms) for about `wanted` ticks within `domain`, at round distances.
pub fn ticks(domain: (f64, f64), wanted: f64) -> Vec<u64> {
    const STEPS: [u64; 17] = [
        100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000,
        600_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000,
    ];
    let (from, to) = (domain.0.max(0.0), domain.1.min(4e8));
    let least = (to - from) / wanted.max(1.0);
    let step = STEPS.into_iter().find(|&s| s as f64 >= least).unwrap_or(86_400_000);
    let first = (from / step as f64).ceil().max(0.0) as u64 * step;
    (first..).step_by(step as usize).take_while(|&t| t as f64 <= to).take(40).collect()
}

/// Dots as one path: short, and drawn fast. Their size is the width of the stroke.
pub fn dots(points: impl Iterator<Item = (f64, f64)>) -> String {
    let mut out = String::new();
    for (x, y) in points {
        let _ = write!(out, "M{} {}h0", num(x), num(y));
    }
    out
}

/// Lines as one path.
pub fn lines(ends: impl Iterator<Item = ((f64, f64), (f64, f64))>) -> String {
    let mut out = String::new();
    for ((x1, y1), (x2, y2)) in ends {
        let _ = write!(out, "M{} {}L{} {}", num(x1), num(y1), num(x2), num(y2));
    }
    out
}

/// A number in a disc, to tell segments apart without colour.
pub fn badge(x: f64, y: f64, number: usize, class: &str) -> Markup {
    let (x, y) = (num(x), num(y));
    html! {
        g.badge.(class) {
            circle cx=(x) cy=(y) r="9" {}
            text x=(x) y=(y) dy=".36em" { (number) }
        }
    }
}

/// Hatchings that the coverage strips refer to; stands once on the page.
pub fn patterns() -> Markup {
    let strokes: [&str; STYLES] = [
        "M-2 10L10 -2M4 16L16 4",
        "M-2 2L10 14M4 -4L16 8",
        "M0 3H12M0 9H12",
        "M3 0V12M9 0V12",
        "M-2 10L10 -2M4 16L16 4M-2 2L10 14M4 -4L16 8",
        "M3 3h.1M9 9h.1",
    ];
    html! {
        svg.defs width="0" height="0" aria-hidden="true" { defs {
            @for (i, stroke) in strokes.iter().enumerate() {
                pattern.(style(i)) id={ "h" (i) } width="12" height="12"
                    patternUnits="userSpaceOnUse" {
                    rect.tint width="12" height="12" {}
                    path.hatch d=(stroke) {}
                }
            }
        } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_map_and_never_leave_the_drawing() {
        let scale = Scale::new((1_000.0, 3_000.0), (10.0, 20.0));
        assert_eq!(scale.ms(2_000), 15.0);
        assert!(scale.ms(u64::MAX) <= FAR);
        assert!(Scale::new((5.0, 5.0), (0.0, 1.0)).at(f64::NAN).is_finite());
    }

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(
            ticks((7_300.0, 19_300.0), 8.0),
            [8_000, 10_000, 12_000, 14_000, 16_000, 18_000]
        );
        assert!(ticks((0.0, 1e18), 10.0).len() <= 40);
        assert!(ticks((9.0, 3.0), 10.0).len() <= 40);
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!((num(12.04), num(-0.01), num(3.26)), ("12".into(), "0".into(), "3.3".into()));
    }
}
