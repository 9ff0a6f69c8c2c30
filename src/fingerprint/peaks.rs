//! Peak picking on the log-frequency spectrogram.
//!
//! A peak is a 2-D local maximum that stands out from the mean level of its neighbourhood (half a
//! second and half an octave to each side). Peaks compete within their quota band over a sliding
//! second: everything is local and free of block grids, so a trimmed or padded copy keeps the
//! peaks of the original from its first half second on. Quotas per band keep the constellation
//! spread over the spectrum, so that a band-limited copy still has the peaks of the bands left.

use std::collections::VecDeque;

use multiversion::multiversion;

use super::constellation::{FREQ_UNITS_PER_BIN, MAX_RANK, Point, TIME_UNITS_PER_SECOND, band_of};
use super::spectrum::UNITS_PER_DB;
use crate::params::{FingerprintParams, QUOTA_BANDS};

/// A local maximum that has not yet competed for its band's quota.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    point: Point,
    contrast: i32,
}

/// Streaming picker: push one row of levels per frame, take the points.
pub struct PeakPicker {
    params: FingerprintParams,
    quota: [usize; QUOTA_BANDS],
    /// Time units per frame.
    frame_units: f64,
    rival_span: u32,
    /// The last rows, oldest first: levels, and maxima over frequency.
    rows: VecDeque<Row>,
    /// Sum over the rows of the contrast neighbourhood.
    sums: Vec<i32>,
    maxima: Vec<i16>,
    /// Frame number of the next row to come.
    next: u64,
    rivals: [VecDeque<Candidate>; QUOTA_BANDS],
    /// How many of a band's oldest rivals have been decided already.
    decided: [usize; QUOTA_BANDS],
    points: Vec<Point>,
}

#[derive(Debug, Clone, Default)]
struct Row {
    level: Vec<i16>,
    /// Maxima over ± `peak_bins`.
    freq_max: Vec<i16>,
    /// The same over this row and the [`RUN`] - 1 before it.
    run_max: Vec<i16>,
}

/// Rows whose maximum is kept, so that the window in time is put together from a few of them.
const RUN: usize = 4;

impl PeakPicker {
    /// A picker that keeps `density` times the reference quota.
    pub fn new(params: &FingerprintParams, density: f32) -> Self {
        let depth = 2 * params.contrast_frames + 1;
        let silence = (params.floor_db * UNITS_PER_DB) as i16;
        let row = vec![silence; params.bins];
        let blank = Row { level: row.clone(), freq_max: row.clone(), run_max: row };
        PeakPicker {
            quota: params
                .quota
                .map(|q| ((q as f32 * density).round() as usize).min(MAX_RANK as usize + 1)),
            frame_units: params.frame_seconds() * TIME_UNITS_PER_SECOND,
            rival_span: (TIME_UNITS_PER_SECOND / 2.0) as u32,
            rows: vec![blank; depth].into(),
            sums: vec![i32::from(silence) * depth as i32; params.bins],
            maxima: vec![0; params.bins],
            next: 0,
            rivals: Default::default(),
            decided: [0; QUOTA_BANDS],
            points: Vec::new(),
            params: params.clone(),
        }
    }

    /// Takes the levels of the next frame.
    pub fn push(&mut self, level: &[i16]) {
        let Some(mut row) = self.rows.pop_front() else { return };
        for (s, (new, old)) in self.sums.iter_mut().zip(level.iter().zip(&row.level)) {
            *s += i32::from(*new) - i32::from(*old);
        }
        row.level.copy_from_slice(level);
        max_filter(&row.level, self.params.peak_bins, &mut row.freq_max, &mut self.maxima);
        row.run_max.copy_from_slice(&row.freq_max);
        for earlier in self.rows.iter().rev().take(RUN - 1) {
            raise(&mut row.run_max, &earlier.freq_max);
        }
        self.rows.push_back(row);
        self.next += 1;
        if self.next > self.params.contrast_frames as u64 {
            self.pick(self.next - 1 - self.params.contrast_frames as u64);
        }
    }

    /// Ends the stream; returns the points sorted by time, then frequency.
    pub fn finish(mut self) -> Vec<Point> {
        let silence = vec![(self.params.floor_db * UNITS_PER_DB) as i16; self.params.bins];
        for _ in 0..self.params.contrast_frames {
            self.push(&silence);
        }
        for band in 0..QUOTA_BANDS {
            self.decide(band, u32::MAX);
        }
        self.points.sort_unstable();
        self.points
    }

    /// Finds the maxima of the middle row, which is frame `frame`.
    fn pick(&mut self, frame: u64) {
        let p = &self.params;
        let middle = p.contrast_frames;
        let (first, last) = (middle - p.peak_frames, middle + p.peak_frames);
        self.maxima.copy_from_slice(&self.rows[(first + RUN - 1).min(last)].run_max);
        for row in (first + RUN - 1..=last).rev().step_by(RUN) {
            raise(&mut self.maxima, &self.rows[row].run_max);
        }
        let depth = self.rows.len() as i32;
        let least = (p.min_contrast_db * UNITS_PER_DB) as i32;
        let level = &self.rows[middle].level;
        let (before, after) = (&self.rows[middle - 1].level, &self.rows[middle + 1].level);
        for b in maxima_of(level, &self.maxima) {
            // Equal neighbours: the first of them is the peak.
            if b == 0 || b + 1 >= p.bins || before[b] == level[b] || level[b - 1] == level[b] {
                continue;
            }
            let lo = b.saturating_sub(p.contrast_bins);
            let hi = (b + p.contrast_bins + 1).min(p.bins);
            let mean = self.sums[lo..hi].iter().sum::<i32>() / (depth * (hi - lo) as i32);
            let contrast = i32::from(level[b]) - mean;
            if contrast < least {
                continue;
            }
            let dt = parabola(before[b], level[b], after[b]);
            let df = parabola(level[b - 1], level[b], level[b + 1]);
            let time = ((frame as f64 + dt) * self.frame_units).round().max(0.0) as u32;
            let freq = ((b as f64 + df) * FREQ_UNITS_PER_BIN).round() as u16;
            let point = Point { time, freq, rank: 0 };
            self.rivals[band_of(p, b)].push_back(Candidate { point, contrast });
        }
        let now = (frame as f64 * self.frame_units) as u32;
        for band in 0..QUOTA_BANDS {
            self.decide(band, now);
        }
    }

    /// Ranks the candidates whose rivals are all known by `now` and keeps those within quota.
    fn decide(&mut self, band: usize, now: u32) {
        let rivals = &mut self.rivals[band];
        // One frame of margin: sub-frame refinement may have moved a later candidate back.
        let margin = self.rival_span + 2 * self.frame_units as u32;
        while let Some(c) = rivals.get(self.decided[band]).copied() {
            if now != u32::MAX && c.point.time + margin > now {
                break;
            }
            let rank = rivals
                .iter()
                .filter(|r| r.point.time.abs_diff(c.point.time) <= self.rival_span)
                .filter(|r| (r.contrast, c.point) > (c.contrast, r.point))
                .count();
            if rank < self.quota[band] {
                self.points.push(Point { rank: rank as u8, ..c.point });
            }
            self.decided[band] += 1;
        }
        if let Some(c) = rivals.get(self.decided[band]).copied() {
            while rivals.front().is_some_and(|r| r.point.time + margin < c.point.time) {
                rivals.pop_front();
                self.decided[band] -= 1;
            }
        }
    }
}

/// Raises each of `maxima` to the value in `row`.
#[multiversion(targets("x86_64+avx2"))]
fn raise(maxima: &mut [i16], row: &[i16]) {
    for (m, x) in maxima.iter_mut().zip(row) {
        *m = (*m).max(*x);
    }
}

/// The places where `level` equals `maxima`. They are few, so eight are compared at a time.
fn maxima_of<'a>(level: &'a [i16], maxima: &'a [i16]) -> impl Iterator<Item = usize> + 'a {
    const LANES: usize = 8;
    let chunks = level.chunks(LANES).zip(maxima.chunks(LANES)).enumerate();
    chunks.flat_map(|(i, (level, maxima))| {
        let any = level.iter().zip(maxima).fold(false, |any, (a, b)| any | (a == b));
        let len = if any { level.len() } else { 0 };
        (0..len).filter(|&k| level[k] == maxima[k]).map(move |k| i * LANES + k)
    })
}

/// Maximum over ± `half` bins, by doubling: log2 passes that vectorise, whatever the width.
///
/// `scratch` is as long as `row`; passes go through it because an in-place pass does not vectorise.
#[multiversion(targets("x86_64+avx2"))]
fn max_filter(row: &[i16], half: usize, out: &mut [i16], scratch: &mut [i16]) {
    let n = row.len();
    out.copy_from_slice(row);
    // out[i] = max(row[i..i + width]), width growing to 2 * half + 1, then shifted back.
    let mut width = 1;
    while width < 2 * half + 1 {
        let step = width.min(2 * half + 1 - width);
        scratch.copy_from_slice(out);
        for (o, (a, b)) in out.iter_mut().zip(scratch.iter().zip(&scratch[step..])) {
            *o = (*a).max(*b);
        }
        width += step;
    }
    out.copy_within(0..n - half, half);
    for (i, o) in out.iter_mut().enumerate().take(half) {
        *o = row[..(i + half + 1).min(n)].iter().copied().max().unwrap_or(*o);
    }
}

/// Vertex of the parabola through three equally spaced values, relative to the middle one.
fn parabola(a: i16, b: i16, c: i16) -> f64 {
    let (a, b, c) = (f64::from(a), f64::from(b), f64::from(c));
    let curvature = a - 2.0 * b + c;
    if curvature >= 0.0 {
        return 0.0;
    }
    (0.5 * (a - c) / curvature).clamp(-0.5, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn max_filter_equals_the_naive_one(
            row in proptest::collection::vec(any::<i16>(), 20..60),
            half in 1usize..8,
        ) {
            let mut out = vec![0; row.len()];
            let mut scratch = vec![0; row.len()];
            max_filter(&row, half, &mut out, &mut scratch);
            for (i, o) in out.iter().enumerate() {
                let lo = i.saturating_sub(half);
                let hi = (i + half + 1).min(row.len());
                prop_assert_eq!(o, row[lo..hi].iter().max().unwrap());
            }
        }
    }

    #[test]
    fn silence_has_no_peaks() {
        let params = FingerprintParams::V2;
        let mut picker = PeakPicker::new(&params, 1.0);
        for _ in 0..500 {
            picker.push(&vec![(params.floor_db * UNITS_PER_DB) as i16; params.bins]);
        }
        assert!(picker.finish().is_empty());
    }
}
