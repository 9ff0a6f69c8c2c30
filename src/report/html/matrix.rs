//! Who resembles whom in a cluster: a square for each pair, the darker the more it shares.

use maud::{Markup, html};

use super::svg::num;
use crate::dedup::cluster::Cluster;

/// Members in the matrix; more would be smaller than a letter.
const MAX_MEMBERS: usize = 80;
/// Members up to which the cells hold numbers.
const MAX_WRITTEN: usize = 20;
/// Where the cells begin: the numbers of the tracks stand before.
const LEFT: f64 = 26.0;
const TOP: f64 = 22.0;
/// Width and height of all cells where they are not too small or large for it.
const SIDE: f64 = 420.0;
/// Members up to which the drawing grows with their number (`style.css`: no page that forbids styles within it
/// could say so itself).
const FEW: usize = 14;
/// Height of a number.
const LETTER: f64 = 14.0;
/// Share from which on the number on a cell is white, per cent.
const DARK: f64 = 72.0;

/// What one pair shares.
struct Cell {
    row: usize,
    column: usize,
    /// Of the side of which less is shared, per cent.
    share: f64,
}

/// The matrix of a cluster.
pub struct Matrix {
    /// Members shown.
    members: usize,
    all: usize,
    cells: Vec<Cell>,
}

impl Matrix {
    /// The verified overlaps of the first members of `c`, each pair in both orders.
    pub fn new(c: &Cluster) -> Matrix {
        let all = c.member_details.len();
        let n = all.min(MAX_MEMBERS);
        let edges = c.edges.iter().filter(|e| e.a < n && e.b < n && e.a != e.b);
        let cells = edges.take(MAX_MEMBERS * MAX_MEMBERS / 2).flat_map(|e| {
            let share = e.a_pct.min(e.b_pct).clamp(0.0, 100.0);
            [(e.a, e.b), (e.b, e.a)].map(|(row, column)| Cell { row, column, share })
        });
        Matrix { members: n, all, cells: cells.collect() }
    }

    /// Width of a cell.
    fn cell(&self) -> f64 {
        (SIDE / self.members as f64).clamp(5.0, 30.0)
    }

    /// The matrix in HTML.
    pub fn markup(&self) -> Markup {
        html! {
            h4 { "Similarity" }
            figure {
                (self.drawing())
                figcaption {
                    "Per cent of the shorter side that each pair shares; the stronger the colour, the more; \
                     empty: no verified overlap of most of both."
                    @if self.all > self.members {
                        " The first " (self.members) " of " (self.all) " tracks are shown."
                    }
                }
            }
        }
    }

    fn drawing(&self) -> Markup {
        let n = self.members;
        let side = self.cell() * n as f64;
        let (width, height) = (num(LEFT + side + 2.0), num(TOP + side + 2.0));
        // As many as do not run into each other.
        let step = (LETTER / self.cell()).ceil().max(1.0) as usize;
        let exact = format!("{side:.1}");
        html! {
            svg.matrix.{ "m" (n.min(FEW)) } viewBox={ "0 0 " (width) " " (height) } role="img"
                aria-label={ "Share in common of each pair of " (n) " tracks" } {
                rect.ground.frame x=(LEFT) y=(TOP) width=(exact) height=(exact) {}
                @for i in (0..n).step_by(step) { (self.tick(i)) }
                @for cell in &self.cells { (self.pair(cell)) }
            }
        }
    }

    /// Number and diagonal of a member.
    fn tick(&self, index: usize) -> Markup {
        let cell = self.cell();
        let (begin, middle) = (index as f64 * cell, (index as f64 + 0.5) * cell);
        let number = index + 1;
        html! {
            text.tick x=(num(LEFT + middle)) y=(num(TOP - 6.0)) text-anchor="middle" { (number) }
            text.tick x=(num(LEFT - 5.0)) y=(num(TOP + middle)) dy=".35em" text-anchor="end" {
                (number)
            }
            rect.self x=(num(LEFT + begin)) y=(num(TOP + begin)) width=(num(cell))
                height=(num(cell)) {}
        }
    }

    fn pair(&self, pair: &Cell) -> Markup {
        let cell = self.cell();
        let (x, y) = (LEFT + pair.column as f64 * cell, TOP + pair.row as f64 * cell);
        let opacity = format!("{:.2}", 0.06 + 0.84 * pair.share / 100.0);
        html! {
            rect.cell x=(num(x)) y=(num(y)) width=(num(cell)) height=(num(cell))
                fill-opacity=(opacity) {}
            @if self.members <= MAX_WRITTEN {
                text.value.on[pair.share > DARK] x=(num(x + cell / 2.0)) y=(num(y + cell / 2.0))
                    dy=".35em" { (format_args!("{:.0}", pair.share)) }
            }
        }
    }
}
