//! Descriptor codes: 256 bits for two seconds of constellation.
//!
//! Windows lie where the clock puts them, and a window's map covers the whole frequency axis: made
//! for copies at the same speed and pitch. See [`anchor`](super::anchor) for the others.

use super::projection::{Code, Outside, WeightedCode, encode, weigh};
use crate::fingerprint::{Constellation, Point};
use crate::params::{FingerprintParams, PROJECTION};

/// One coded window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodedWindow {
    /// Start of the window in time units.
    pub time: u32,
    /// Its code.
    pub code: Code,
}

/// One window of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryWindow {
    /// Start of the window in time units.
    pub time: u32,
    /// Its code.
    pub code: WeightedCode,
}

/// Codes of the windows of `track` that start every `hop` time units, and of one that ends with
/// the track. Windows too empty or too uniform to tell anything are left out.
pub fn windows(track: &Constellation, hop: u32, params: &FingerprintParams) -> Vec<CodedWindow> {
    distinctive(track, hop, params)
        .map(|(time, points)| {
            let code = encode(positions(points, time), PROJECTION, Outside::Clamped);
            CodedWindow { time, code }
        })
        .collect()
}

/// The same windows as a query asks for them.
pub fn query_windows(
    track: &Constellation,
    hop: u32,
    params: &FingerprintParams,
) -> Vec<QueryWindow> {
    distinctive(track, hop, params)
        .map(|(time, points)| {
            let code = weigh(positions(points, time), PROJECTION, Outside::Clamped);
            QueryWindow { time, code }
        })
        .collect()
}

/// Starts and peaks of the windows that tell something.
fn distinctive<'a>(
    track: &'a Constellation,
    hop: u32,
    params: &'a FingerprintParams,
) -> impl Iterator<Item = (u32, &'a [Point])> {
    let last = track.duration.saturating_sub(params.window);
    let starts = (0..last).step_by(hop.max(1) as usize).chain([last]);
    starts
        .map(move |time| (time, track.between(time, time + params.window)))
        .filter(|(_, points)| is_telling(points, params))
}

/// Positions of `points` on the map of a window that starts at `start`.
fn positions(points: &[Point], start: u32) -> impl Iterator<Item = (i32, i32)> {
    points.iter().map(move |p| ((p.time - start) as i32, i32::from(p.freq)))
}

/// Whether a window has peaks enough, on frequencies enough: silence and steady tones have not,
/// and would match each other everywhere.
pub(super) fn is_telling(points: &[Point], params: &FingerprintParams) -> bool {
    if points.len() < params.min_window_peaks {
        return false;
    }
    // 184 bins fit three words; neighbouring pairs of bins count as one frequency.
    let mut seen = [0u64; 4];
    for p in points {
        let pair = usize::from(p.freq) / 16;
        seen[(pair / 64).min(3)] |= 1 << (pair % 64);
    }
    seen.iter().map(|w| w.count_ones() as usize).sum::<usize>() >= params.min_window_pitches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::test_points;

    fn point(time: u32, freq: u16) -> Point {
        Point { time, freq, rank: 0 }
    }

    fn scattered(seed: u64) -> Constellation {
        let points = test_points::scattered(seed, 400, 2_500);
        Constellation { points, duration: 2_500, ..Constellation::default() }
    }

    fn distance(a: &Code, b: &Code) -> u32 {
        a.iter().zip(b).map(|(x, y)| (x ^ y).count_ones()).sum()
    }

    #[test]
    fn a_steady_tone_or_an_empty_track_has_no_windows() {
        let params = FingerprintParams::V2;
        let tone = (0..200).map(|i| point(i * 12, 700)).collect();
        let tone = Constellation { points: tone, duration: 2_400, ..Constellation::default() };
        assert!(windows(&tone, 250, &params).is_empty());
        assert!(windows(&Constellation::default(), 250, &params).is_empty());
    }

    #[test]
    fn a_little_displacement_changes_few_bits_and_other_music_half() {
        let params = FingerprintParams::V2;
        let a = scattered(1);
        let mut moved = a.clone();
        for p in &mut moved.points {
            p.time += 4;
        }
        let (a, b, c) = (
            windows(&a, 250, &params),
            windows(&moved, 250, &params),
            windows(&scattered(2), 250, &params),
        );
        assert!(distance(&a[2].code, &b[2].code) < 50);
        assert!(distance(&a[2].code, &c[2].code) > 80);
    }
}
