//! The variance over time of the log spectrum, bin by bin, and which bins have any signal.

use multiversion::multiversion;

use super::params::TraceParams;
use super::spectra::{decibels, units};

/// Sums over frames. Integers, so that any order and any grouping gives the same.
#[derive(Debug, Clone)]
pub(super) struct Sums {
    pub(super) frames: u32,
    level: Vec<i64>,
    over: Vec<i64>,
    square: Vec<i64>,
}

/// Sums of few frames, which fit into 32 bits.
#[derive(Debug)]
pub(super) struct Gatherer {
    frames: u32,
    level: Vec<i32>,
    over: Vec<i32>,
    square: Vec<i32>,
    running: Vec<i32>,
    half: usize,
    silence: i32,
}

/// Frames whose sums fit: 64 * (32 * 256)^2 = 2^32 would be too many, and no level is that far from its neighbours.
pub(super) const MOST_FRAMES: u32 = 50;
/// The farthest that a level counts from its neighbours, in units: 75 dB.
const FAR: i32 = 6_400;

impl Gatherer {
    pub(super) fn new(bins: usize, bin_hz: f64, params: &TraceParams) -> Gatherer {
        Gatherer {
            frames: 0,
            level: vec![0; bins],
            over: vec![0; bins],
            square: vec![0; bins],
            running: vec![0; bins + 1],
            half: (params.level_hz / bin_hz).round() as usize,
            silence: units(params.silence_db),
        }
    }

    /// Takes a frame, unless it is silent.
    pub(super) fn add(&mut self, row: &[i32]) {
        if row.iter().max().is_none_or(|loudest| *loudest < self.silence) {
            return;
        }
        let mut sum = 0;
        for (running, level) in self.running[1..].iter_mut().zip(row) {
            sum += level;
            *running = sum;
        }
        let (bins, half) = (row.len(), self.half);
        for k in (0..half.min(bins)).chain(bins.saturating_sub(half).max(half)..bins) {
            let (from, to) = (k.saturating_sub(half), (k + half + 1).min(bins));
            let mean = (self.running[to] - self.running[from]) as f32 / (to - from) as f32;
            let over = (row[k] - mean.round() as i32).clamp(-FAR, FAR);
            self.over[k] += over;
            self.square[k] += over * over;
        }
        let width = 2 * half + 1;
        if bins > width {
            let inner = half..bins - half;
            add_inner(
                &row[inner.clone()],
                &self.running[..bins - width + 1],
                &self.running[width..],
                1.0 / width as f32,
                &mut self.over[inner.clone()],
                &mut self.square[inner],
            );
        }
        self.level.iter_mut().zip(row).for_each(|(sum, level)| *sum += level);
        self.frames += 1;
    }

    /// Whether no further frame fits.
    pub(super) fn is_full(&self) -> bool {
        self.frames >= MOST_FRAMES
    }

    /// Moves what was gathered into `sums`.
    pub(super) fn drain_into(&mut self, sums: &mut Sums) {
        sums.frames += self.frames;
        self.frames = 0;
        for (from, to) in [
            (&mut self.level, &mut sums.level),
            (&mut self.over, &mut sums.over),
            (&mut self.square, &mut sums.square),
        ] {
            for (from, to) in from.iter_mut().zip(to) {
                *to += i64::from(std::mem::take(from));
            }
        }
    }
}

/// The bins whose surroundings are whole.
#[multiversion(targets("x86_64+avx2"))]
fn add_inner(
    row: &[i32],
    before: &[i32],
    after: &[i32],
    share: f32,
    overs: &mut [i32],
    squares: &mut [i32],
) {
    let sums = before.iter().zip(after);
    for ((level, (before, after)), (over_sum, square_sum)) in
        row.iter().zip(sums).zip(overs.iter_mut().zip(squares))
    {
        let mean = (after - before) as f32 * share;
        let mean = (mean + 12_582_912.0).to_bits().wrapping_sub(0x4b40_0000) as i32;
        let over = (level - mean).clamp(-FAR, FAR);
        *over_sum += over;
        *square_sum += over * over;
    }
}

impl Sums {
    pub(super) fn new(bins: usize) -> Sums {
        Sums { frames: 0, level: vec![0; bins], over: vec![0; bins], square: vec![0; bins] }
    }

    pub(super) fn add(&mut self, other: &Sums) {
        self.frames += other.frames;
        for (to, from) in [
            (&mut self.level, &other.level),
            (&mut self.over, &other.over),
            (&mut self.square, &other.square),
        ] {
            to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        }
    }

    /// Variance over time in each bin, in squared level units.
    pub(super) fn variance(&self) -> Vec<f64> {
        let n = f64::from(self.frames.max(1));
        let of = |(over, square): (&i64, &i64)| {
            let mean = *over as f64 / n;
            *square as f64 / n - mean * mean
        };
        self.over.iter().zip(&self.square).map(of).collect()
    }

    /// Mean level in each bin, in dB of full scale.
    pub(super) fn levels_db(&self) -> Vec<f64> {
        let n = f64::from(self.frames.max(1));
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
