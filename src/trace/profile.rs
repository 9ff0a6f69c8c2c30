//! How far the spectrum changes from one frame to another, bin by bin, and which bins have any signal.
//!
//! The level of a bin counts over the mean of its neighbours, so that what all frequencies do together (a note, a
//! beat, a gain) is none of the change. A change counts up to a cap: what falls into a deep dip of the phases says
//! how deep, not how often.

use multiversion::multiversion;

use super::params::{Grid, TraceParams};
use super::spectra::{Pair, decibels, units};

/// Sums over pairs of frames. Integers, so that any order and any grouping gives the same.
#[derive(Debug, Clone)]
pub(super) struct Sums {
    pairs: u32,
    /// What they stand for.
    pub(super) heard_ms: u32,
    level: Vec<i64>,
    change: Vec<i64>,
}

/// Sums of few pairs, which fit into 32 bits.
#[derive(Debug)]
pub(super) struct Gatherer {
    pairs: u32,
    heard_ms: u32,
    level: Vec<i32>,
    change: Vec<i32>,
    running: Vec<i32>,
    /// How far the neighbourhood of a bin reaches.
    half: usize,
    silence: i32,
    cap: i32,
}

/// Pairs whose sums fit: two levels of at most 53 * 256 (the floor) each are added per pair.
const MOST_PAIRS: u32 = 50_000;

impl Gatherer {
    pub(super) fn new(bins: usize, grid: Grid, params: &TraceParams) -> Gatherer {
        Gatherer {
            pairs: 0,
            heard_ms: 0,
            level: vec![0; bins],
            change: vec![0; bins],
            running: vec![0; bins + 1],
            half: (params.level_hz / grid.bin_hz).round() as usize,
            silence: units(params.silence_db),
            cap: units(params.most_db),
        }
    }

    /// What was gathered stands for so much.
    pub(super) fn heard_ms(&self) -> u32 {
        self.heard_ms
    }

    /// Takes a pair of frames, unless one of them is silent.
    pub(super) fn add(&mut self, pair: &Pair<'_>) {
        let Pair { first, second, .. } = *pair;
        let is_silent =
            |row: &[i32]| row.iter().max().is_none_or(|loudest| *loudest < self.silence);
        if self.pairs >= MOST_PAIRS || is_silent(first) || is_silent(second) {
            return;
        }
        let mut sum = 0;
        let both = first.iter().zip(second);
        for ((running, level), (a, b)) in
            self.running[1..].iter_mut().zip(&mut self.level).zip(both)
        {
            sum += b - a;
            *running = sum;
            *level += a + b;
        }
        let (bins, half) = (first.len(), self.half);
        for k in (0..half.min(bins)).chain(bins.saturating_sub(half).max(half)..bins) {
            let (from, to) = (k.saturating_sub(half), (k + half + 1).min(bins));
            let mean = (self.running[to] - self.running[from]) as f32 / (to - from) as f32;
            let change = second[k] - first[k] - mean.round() as i32;
            self.change[k] += change.abs().min(self.cap);
        }
        let width = 2 * half + 1;
        if bins > width {
            let inner = half..bins - half;
            add_inner(
                (&first[inner.clone()], &second[inner.clone()]),
                (&self.running[..bins - width + 1], &self.running[width..]),
                1.0 / width as f32,
                self.cap,
                &mut self.change[inner],
            );
        }
        self.pairs += 1;
        self.heard_ms += pair.hop_ms;
    }

    /// Moves what was gathered into `sums`.
    pub(super) fn drain_into(&mut self, sums: &mut Sums) {
        sums.pairs += std::mem::take(&mut self.pairs);
        sums.heard_ms = sums.heard_ms.saturating_add(std::mem::take(&mut self.heard_ms));
        for (from, to) in [(&mut self.level, &mut sums.level), (&mut self.change, &mut sums.change)]
        {
            for (from, to) in from.iter_mut().zip(to) {
                *to += i64::from(std::mem::take(from));
            }
        }
    }
}

/// The bins whose surroundings are whole; `running` are the sums of changes before and after them.
#[multiversion(targets("x86_64+avx2"))]
fn add_inner(
    rows: (&[i32], &[i32]),
    running: (&[i32], &[i32]),
    share: f32,
    cap: i32,
    changes: &mut [i32],
) {
    let sums = running.0.iter().zip(running.1);
    for (((a, b), (before, after)), change) in rows.0.iter().zip(rows.1).zip(sums).zip(changes) {
        let mean = (after - before) as f32 * share;
        let mean = (mean + 12_582_912.0).to_bits().wrapping_sub(0x4b40_0000) as i32;
        *change += (b - a - mean).abs().min(cap);
    }
}

impl Sums {
    pub(super) fn new(bins: usize) -> Sums {
        Sums { pairs: 0, heard_ms: 0, level: vec![0; bins], change: vec![0; bins] }
    }

    pub(super) fn add(&mut self, other: &Sums) {
        self.pairs += other.pairs;
        self.heard_ms = self.heard_ms.saturating_add(other.heard_ms);
        for (to, from) in [(&mut self.level, &other.level), (&mut self.change, &other.change)] {
            to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        }
    }

    /// Mean change in each bin, in level units.
    pub(super) fn change(&self) -> Vec<f64> {
        let n = f64::from(self.pairs.max(1));
        self.change.iter().map(|change| *change as f64 / n).collect()
    }

    /// Mean level in each bin, in dB of full scale.
    pub(super) fn levels_db(&self) -> Vec<f64> {
        let n = 2.0 * f64::from(self.pairs.max(1));
        self.level.iter().map(|level| decibels(*level as f64 / n)).collect()
    }

    /// Bins that have signal, at least `margin` bins away from one that has none.
    pub(super) fn audible(&self, margin: usize, params: &TraceParams) -> Vec<bool> {
        let levels = self.levels_db();
        let loudest = levels.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let least = f64::from(params.least_db).max(loudest - f64::from(params.range_db));
        let mut audible = vec![true; levels.len()];
        for k in (0..levels.len()).filter(|k| levels[*k] < least) {
            let (from, to) = (k.saturating_sub(margin), (k + margin + 1).min(levels.len()));
            audible[from..to].fill(false);
        }
        audible
    }
}
