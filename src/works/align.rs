//! The best local alignment of a query with a work: Smith and Waterman (1981) over the similarity of pitch classes.
//!
//! Similarity of two places is the mean correlation along the diagonal through them, over some two seconds (as
//! the cross recurrence plots of Serrà et al. (2009) have it, without a threshold); steps are 1:1, and 1:2 or 2:1 at
//! a price, for a tempo that is not quite right or not steady. All twelve keys are tried at each tempo. Whole numbers
//! throughout: a score is the same on every machine, and sixteen cells go through one instruction, since no
//! step stays in its row.

use multiversion::multiversion;

use super::channel::Channel;
use super::params::AlignParams;
use super::sequence::{CLASSES, IntRow, QUERY_UNIT, STORED_UNIT, Sequence};

/// Sums along diagonals are divided by this, so that paths of minutes fit.
const SHIFT: u32 = 4;

/// An alignment's key, tempo and score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Aligned {
    /// Sum of similarity over the threshold along the path.
    pub score: f32,
    /// Semitones by which the query was moved up, below twelve.
    pub up: u8,
    /// How many times more slowly it was played, in per mille.
    pub slower: u16,
    /// Where it ends: row of the query at that tempo, row of the work.
    pub end: (usize, usize),
}

/// The way of an alignment.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// Places that were aligned: row of the query as it was played, row of the work, and their similarity.
    pub cells: Vec<(u32, u32, f32)>,
}

impl Path {
    /// Rows of the work for one of the query, by least squares.
    pub fn slope(&self) -> f64 {
        let count = self.cells.len().max(1) as f64;
        let mean = |place: fn(&(u32, u32, f32)) -> u32| {
            self.cells.iter().map(|cell| f64::from(place(cell))).sum::<f64>() / count
        };
        let (x, y) = (mean(|cell| cell.0), mean(|cell| cell.1));
        let moments = self.cells.iter().map(|(i, j, _)| {
            let across = f64::from(*i) - x;
            (across * across, across * (f64::from(*j) - y))
        });
        let (square, product) = moments.fold((0.0, 0.0), |sum, m| (sum.0 + m.0, sum.1 + m.1));
        if square > 0.0 { product / square } else { 1.0 }
    }

    /// Mean similarity along it.
    pub fn agreement(&self) -> f32 {
        let sum: f32 = self.cells.iter().map(|(_, _, similarity)| similarity).sum();
        sum / self.cells.len().max(1) as f32
    }
}

/// A query at the tempos of an alignment.
pub struct Tempos {
    params: AlignParams,
    threshold: f32,
    /// Rows that are seen as one, to find quickly where paths are.
    stride: usize,
    /// How many times more slowly, in per mille, and the rows.
    versions: Vec<(u16, Vec<IntRow>)>,
}

impl Tempos {
    /// Of a query, for paths row by row.
    pub fn new(query: &Sequence, params: &AlignParams, channel: Channel) -> Tempos {
        let at = |&slower: &u16| (slower, query.slower(slower).quantised(QUERY_UNIT));
        let threshold = params.thresholds[channel as usize];
        let versions = params.tempos.iter().map(at).collect();
        Tempos { params: *params, threshold, stride: 1, versions }
    }

    /// Of a query, two rows as one: a quarter of the work, and lines are looked for near what it finds anyway.
    pub fn coarse(query: &Sequence, params: &AlignParams, channel: Channel) -> Tempos {
        let at = |&slower: &u16| (slower, query.slower(slower).halved().quantised(QUERY_UNIT));
        let threshold = params.thresholds[channel as usize];
        let versions = params.tempos.iter().map(at).collect();
        Tempos { params: *params, threshold, stride: 2, versions }
    }

    /// The best alignments with a work, of each key and tempo at most one, the best first.
    pub fn best(&self, work: &[IntRow], count: usize) -> Vec<Aligned> {
        let (stride, units) = (self.stride, Units::new(&self.params, self.threshold, self.stride));
        let halved = if stride == 2 { halved(work) } else { Vec::new() };
        let work = if stride == 2 { &halved } else { work };
        let mut table = Table::new(work, units.diagonal);
        let mut all = Vec::with_capacity(self.versions.len() * CLASSES);
        for (slower, query) in &self.versions {
            for low in 0..TRITONE {
                table.fill(query, low);
                for half in [0, 1] {
                    let (score, end) = table.best(half, query.len(), &units);
                    let score = f32::from(score) / units.one;
                    let end = (end.0 * stride, end.1 * stride);
                    let up = (low + half * TRITONE) as u8;
                    all.push(Aligned { score, up, slower: *slower, end });
                }
            }
        }
        // Of equal ones the lower key of the first tempo.
        let by_score = |a: &Aligned, b: &Aligned| b.score.total_cmp(&a.score);
        all.sort_by(|a, b| by_score(a, b).then(a.slower.cmp(&b.slower)).then(a.up.cmp(&b.up)));
        all.retain(|aligned| aligned.score > 0.0);
        all.truncate(count);
        all
    }

    /// The way of the best alignment in a key and at a tempo.
    pub fn path(&self, work: &[IntRow], up: u8, slower: u16) -> Path {
        let units = Units::new(&self.params, self.threshold, 1);
        let mut table = Table::new(work, units.diagonal);
        let version = self.versions.iter().find(|(tempo, _)| *tempo == slower);
        let Some((_, query)) = version else { return Path { cells: Vec::new() } };
        let up = usize::from(up);
        table.fill(query, up % TRITONE);
        table.path(up / TRITONE, query.len(), &units)
    }
}

/// Threshold and price in the whole numbers of the table.
struct Units {
    /// Cells of a diagonal, an odd number.
    diagonal: usize,
    one: f32,
    threshold: i16,
    oblique: i16,
}

impl Units {
    fn new(params: &AlignParams, threshold: f32, stride: usize) -> Units {
        let diagonal = (params.diagonal / stride) | 1;
        // A row of several is their sum.
        let stored = STORED_UNIT * stride as f32;
        let one = QUERY_UNIT * stored * diagonal as f32 / (1 << SHIFT) as f32;
        let whole = |x: f32| (x * one).round() as i16;
        Units { diagonal, one, threshold: whole(threshold), oblique: whole(params.oblique) }
    }
}

/// Rows of a work that are correlated at a time.
const LANES: usize = 16;
/// Half an octave: correlations in keys that far apart have their products in common.
const TRITONE: usize = CLASSES / 2;
/// So many rows: sums of pitch classes a tritone apart, and their differences.
///
/// With `s` and `d` for them on both sides, `2 Σ x y = Σ s s' + Σ d d'`, and a tritone higher `Σ s s' - Σ d d'`: two
/// keys for the products of one.
type Block = [[[i16; LANES]; TRITONE]; 2];

/// Correlations of all rows of a query with all of a work in a key and a tritone higher, with a margin of zeros.
struct Table {
    /// The work, the last block filled up with silence.
    work: Vec<Block>,
    columns: usize,
    /// Cells of the diagonal before the middle one.
    half: usize,
    /// Zeros before each row, which a sum along a diagonal may reach into.
    margin: usize,
    /// Rows of `margin + columns + half`, `margin` of them before the first, in both keys.
    cells: [Vec<i16>; 2],
}

impl Table {
    fn new(work: &[IntRow], diagonal: usize) -> Table {
        let block = |rows: &[IntRow]| -> Block {
            let folded = |lane: usize| rows.get(lane).map(|row| fold(&row.map(i16::from)));
            let folded: [_; LANES] = std::array::from_fn(|lane| folded(lane).unwrap_or_default());
            let of = |part: usize, c: usize| std::array::from_fn(|lane| folded[lane][part][c]);
            std::array::from_fn(|part| std::array::from_fn(|c| of(part, c)))
        };
        let half = diagonal / 2;
        Table {
            work: work.chunks(LANES).map(block).collect(),
            columns: work.len(),
            half,
            margin: 2 * half + 1,
            cells: Default::default(),
        }
    }

    fn width(&self) -> usize {
        self.margin + self.work.len() * LANES + self.half
    }

    /// Correlations with `query` moved up by `up` semitones, and a tritone more.
    fn fill(&mut self, query: &[IntRow], up: usize) {
        let (width, margin) = (self.width(), self.margin);
        for cells in &mut self.cells {
            cells.clear();
            cells.resize(width * (margin + query.len() + self.half), 0);
        }
        let [low, high] = &mut self.cells;
        let rows = low.chunks_exact_mut(width).zip(high.chunks_exact_mut(width)).skip(margin);
        for ((low, high), query) in rows.zip(query) {
            let moved = |class: usize| i16::from(query[(class + CLASSES - up) % CLASSES]);
            let query = fold(&std::array::from_fn(moved));
            let [low, high] = [low, high].map(|row| row[margin..].as_chunks_mut::<LANES>().0);
            correlate(low, high, &self.work, &query);
        }
    }

    fn row(&self, key: usize, i: usize) -> &[i16] {
        &self.cells[key][i * self.width()..(i + 1) * self.width()]
    }

    /// Calls `each` with the similarities of each row of the query, in its order.
    fn rows(&self, key: usize, queries: usize, mut each: impl FnMut(usize, &[i16])) {
        let length = self.columns + self.half;
        let (mut new, mut old) = (vec![0i16; length + 1], vec![0i16; length + 1]);
        for i in 0..queries + self.half {
            // Row `i` comes in at the front of the diagonal, the one before its end goes.
            let comes = &self.row(key, i + self.margin)[self.margin..];
            let goes = self.row(key, i);
            slide(&mut new[1..], &old, comes, goes);
            if i >= self.half {
                each(i - self.half, &new[self.half + 1..]);
            }
            std::mem::swap(&mut new, &mut old);
        }
    }

    /// The highest score of a path, and where it ends.
    fn best(&self, key: usize, queries: usize, units: &Units) -> (i16, (usize, usize)) {
        // Two columns before the first, for the steps.
        let mut scores: [Vec<i16>; 3] = std::array::from_fn(|_| vec![0; self.columns + 2]);
        let mut best = (0, (0, 0));
        self.rows(key, queries, |i, similarities| {
            let [two_before, before, here] = &mut scores;
            let score = step(here, before, two_before, similarities, units);
            if score > best.0 {
                best = (score, (i, column_of(score, here)));
            }
            scores.rotate_left(1);
        });
        best
    }

    /// The path with the highest score.
    fn path(&self, key: usize, queries: usize, units: &Units) -> Path {
        let width = self.columns + 2;
        // Two rows before the first, too.
        let mut scores = vec![0i16; (queries + 2) * width];
        let mut similarities = vec![0i16; queries * self.columns];
        let mut end = (0, (0, 0));
        self.rows(key, queries, |i, row| {
            let (above, rest) = scores.split_at_mut((i + 2) * width);
            let (two_before, before) = above[i * width..].split_at(width);
            let here = &mut rest[..width];
            let best = step(here, before, two_before, row, units);
            if best > end.0 {
                end = (best, (i, column_of(best, here)));
            }
            similarities[i * self.columns..][..self.columns].copy_from_slice(&row[..self.columns]);
        });
        let at = |i: usize, j: usize| scores[i * width + j];
        let (mut cells, (mut i, mut j)) = (Vec::new(), end.1);
        // Scores lie two rows and two columns farther in than similarities.
        while end.0 > 0 && at(i + 2, j + 2) > 0 {
            let sum = f32::from(similarities[i * self.columns + j]);
            let similarity = sum / (units.one * (1 << SHIFT) as f32);
            cells.push((i as u32, j as u32, similarity));
            let steps = [(1, 1, 0), (1, 2, units.oblique), (2, 1, units.oblique)];
            let worth = |&(di, dj, price): &(usize, usize, i16)| at(i + 2 - di, j + 2 - dj) - price;
            let best = steps.iter().map(worth).max().unwrap_or(0);
            let Some((di, dj, _)) = steps.iter().find(|s| worth(s) == best).filter(|_| best > 0)
            else {
                break;
            };
            let (Some(above), Some(left)) = (i.checked_sub(*di), j.checked_sub(*dj)) else { break };
            (i, j) = (above, left);
        }
        cells.reverse();
        Path { cells }
    }
}

/// Each two rows as their sum.
fn halved(work: &[IntRow]) -> Vec<IntRow> {
    let sum = |[a, b]: &[IntRow; 2]| std::array::from_fn(|c| a[c] + b[c]);
    work.as_chunks::<2>().0.iter().map(sum).collect()
}

/// The first column of a row of scores that has this one.
fn column_of(score: i16, row: &[i16]) -> usize {
    row[2..].iter().position(|here| *here == score).unwrap_or(0)
}

/// Sums of pitch classes a tritone apart, and differences.
fn fold(row: &[i16; CLASSES]) -> [[i16; TRITONE]; 2] {
    let both = |sign: i16| std::array::from_fn(|c| row[c] + sign * row[c + TRITONE]);
    [both(1), both(-1)]
}

/// A row of a query with all of a work, and a tritone higher.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl", "x86_64+avx2"))]
fn correlate(
    low: &mut [[i16; LANES]],
    high: &mut [[i16; LANES]],
    work: &[Block],
    query: &[[i16; TRITONE]; 2],
) {
    for ((low, high), block) in low.iter_mut().zip(high).zip(work) {
        // Indices, since iterators in iterators are not taken apart here.
        let mut sums = [0i16; LANES];
        let mut differences = [0i16; LANES];
        for class in 0..TRITONE {
            for lane in 0..LANES {
                sums[lane] += block[0][class][lane] * query[0][class];
                differences[lane] += block[1][class][lane] * query[1][class];
            }
        }
        // Each is twice a whole number.
        for lane in 0..LANES {
            low[lane] = (sums[lane] + differences[lane]) >> 1;
            high[lane] = (sums[lane] - differences[lane]) >> 1;
        }
    }
}

/// Sums along the diagonals, one row on.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl", "x86_64+avx2"))]
fn slide(new: &mut [i16], old: &[i16], comes: &[i16], goes: &[i16]) {
    for (((new, old), comes), goes) in new.iter_mut().zip(old).zip(comes).zip(goes) {
        *new = old + comes - goes;
    }
}

/// One row of the recursion; the highest score in it. Scores begin two columns before the similarities.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl", "x86_64+avx2"))]
fn step(
    here: &mut [i16],
    before: &[i16],
    two_before: &[i16],
    similarities: &[i16],
    units: &Units,
) -> i16 {
    let (threshold, oblique) = (units.threshold, units.oblique);
    let mut best = 0;
    let straight = &before[1..];
    let cells = here[2..].iter_mut().zip(straight).zip(before).zip(&two_before[1..]);
    for ((((here, straight), across), down), sum) in cells.zip(similarities) {
        let oblique = (*across).max(*down).saturating_sub(oblique);
        let score = straight.max(&oblique).saturating_add((sum >> SHIFT) - threshold);
        *here = score.max(0);
        best = best.max(*here);
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_random::Random;
    use crate::works::params::WorkParams;
    use crate::works::test_music::music;

    const PARAMS: AlignParams = WorkParams::V1.align;
    const THRESHOLD: f32 = PARAMS.thresholds[0];

    /// The recursion cell by cell.
    fn slow_best(query: &[IntRow], work: &[IntRow], up: usize) -> i16 {
        let units = Units::new(&PARAMS, THRESHOLD, 1);
        let half = (PARAMS.diagonal / 2) as i64;
        let dot = |i: i64, j: i64| -> i16 {
            let (Some(q), Some(r)) = (query.get(i as usize), work.get(j as usize)) else {
                return 0;
            };
            (0..CLASSES).map(|c| i16::from(q[c]) * i16::from(r[(c + up) % CLASSES])).sum()
        };
        let (n, m) = (query.len(), work.len());
        let mut scores = vec![vec![0i16; m + 2]; n + 2];
        let mut best = 0;
        for i in 0..n {
            for j in 0..m {
                let sum: i16 = (-half..=half)
                    .filter(|d| i as i64 + d >= 0 && j as i64 + d >= 0)
                    .map(|d| dot(i as i64 + d, j as i64 + d))
                    .sum();
                let before = scores[i + 1][j + 1]
                    .max(scores[i + 1][j] - units.oblique)
                    .max(scores[i][j + 1] - units.oblique);
                let score = (before + (sum >> SHIFT) - units.threshold).max(0);
                scores[i + 2][j + 2] = score;
                best = best.max(score);
            }
        }
        best
    }

    #[test]
    fn the_fast_recursion_is_the_slow_one() {
        let mut random = Random::new(3);
        for rows in [1, 7, 15, 16, 17, 100] {
            let query = music(&mut random, 40);
            let work = music(&mut random, rows).stored();
            let query = query.quantised(QUERY_UNIT);
            let mut table = Table::new(&work, PARAMS.diagonal);
            for up in [0, 5, 6, 11] {
                let key = up / TRITONE;
                table.fill(&query, up % TRITONE);
                let (best, _) = table.best(key, query.len(), &Units::new(&PARAMS, THRESHOLD, 1));
                assert_eq!(best, slow_best(&query, &work, up), "{rows} {up}");
                let path = table.path(key, query.len(), &Units::new(&PARAMS, THRESHOLD, 1));
                assert_eq!(path.cells.is_empty(), best == 0);
            }
        }
    }

    #[test]
    fn what_is_played_in_another_key_and_tempo_is_found_where_it_is() {
        let mut random = Random::new(5);
        let work = music(&mut random, 400);
        let mut query = work.part(200..300).slower(1190);
        for row in &mut query.rows {
            row.rotate_right(2);
        }
        // Played more slowly by a fifth: it must be played faster.
        let query = Sequence { rows: query.rows };
        let tempos = Tempos::new(&query, &PARAMS, Channel::Harmony);
        let found = tempos.best(&work.stored(), 1)[0];
        assert_eq!((found.up, found.slower), (10, 840));
        let path = tempos.path(&work.stored(), found.up, found.slower);
        assert!(path.agreement() > 0.7, "{}", path.agreement());
        let (first, last) = (path.cells[0], path.cells[path.cells.len() - 1]);
        assert!(first.1.abs_diff(200) < 8 && last.1.abs_diff(299) < 8, "{first:?} {last:?}");
        let other = music(&mut random, 400).stored();
        assert!(tempos.best(&other, 1)[0].score < found.score / 4.0);
        assert_eq!(tempos.best(&[], 1), []);
    }
}
