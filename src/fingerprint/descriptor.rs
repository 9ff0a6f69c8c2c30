//! Descriptor codes: 256 bits for two seconds of constellation.
//!
//! The peaks of a window are laid on a coarse (log-frequency, time) map and projected on directions
//! in which different music differs most and degraded copies of the same music differ least
//! (linear discriminant analysis on real pairs, see `benches/train/train_projection.py`). The signs
//! of the projections are the code; Hamming distance between codes then stands for the angle
//! between maps. All arithmetic is on integers: a code is the same on every machine.

use crate::fingerprint::{Constellation, Point};
use crate::params::{FingerprintParams, PROJECTION};

/// Bits of a code.
pub const CODE_BITS: usize = 256;
/// A descriptor code.
pub type Code = [u64; CODE_BITS / 64];

/// Frequency units per map cell (three bins).
const FREQ_STEP: i32 = 24;
/// Time units per map cell (64 ms).
const TIME_STEP: i32 = 16;
const FREQ_CELLS: i32 = 62;
const TIME_CELLS: i32 = 32;

const _: () = assert!(PROJECTION.len() == (FREQ_CELLS * TIME_CELLS) as usize * CODE_BITS);

/// One coded window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodedWindow {
    /// Start of the window in time units.
    pub time: u32,
    /// Its code.
    pub code: Code,
}

/// Codes of the windows of `track` that start every `hop` time units, and of one that ends with
/// the track. Windows too empty or too uniform to tell anything are left out.
pub fn windows(track: &Constellation, hop: u32, params: &FingerprintParams) -> Vec<CodedWindow> {
    let last = track.duration.saturating_sub(params.window);
    let starts = (0..last).step_by(hop.max(1) as usize).chain([last]);
    starts
        .filter_map(|time| {
            let points = track.between(time, time + params.window);
            is_telling(points, params).then(|| CodedWindow { time, code: encode(points, time) })
        })
        .collect()
}

/// Whether a window has peaks enough, on frequencies enough: silence and steady tones have not,
/// and would match each other everywhere.
fn is_telling(points: &[Point], params: &FingerprintParams) -> bool {
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

/// The code of `points` as a window that starts at `start`.
fn encode(points: &[Point], start: u32) -> Code {
    let mut sums = [0i32; CODE_BITS];
    for p in points {
        // Bilinear share of the four nearest cells, in 1/384.
        let t = (p.time - start) as i32 - TIME_STEP / 2;
        let f = i32::from(p.freq) - FREQ_STEP / 2;
        let (t0, wt) = (t.div_euclid(TIME_STEP), t.rem_euclid(TIME_STEP));
        let (f0, wf) = (f.div_euclid(FREQ_STEP), f.rem_euclid(FREQ_STEP));
        for (fc, wf) in [(f0, FREQ_STEP - wf), (f0 + 1, wf)] {
            for (tc, wt) in [(t0, TIME_STEP - wt), (t0 + 1, wt)] {
                let cell = fc.clamp(0, FREQ_CELLS - 1) * TIME_CELLS + tc.clamp(0, TIME_CELLS - 1);
                add_row(&mut sums, cell as usize, wf * wt);
            }
        }
    }
    let mut code = Code::default();
    for (i, sum) in sums.iter().enumerate() {
        code[i / 64] |= u64::from(*sum > 0) << (i % 64);
    }
    code
}

fn add_row(sums: &mut [i32; CODE_BITS], cell: usize, weight: i32) {
    let row = &PROJECTION[cell * CODE_BITS..(cell + 1) * CODE_BITS];
    for (s, w) in sums.iter_mut().zip(row) {
        *s += i32::from(*w as i8) * weight;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(time: u32, freq: u16) -> Point {
        Point { time, freq, rank: 0 }
    }

    fn scattered(seed: u32) -> Constellation {
        let mut state = seed;
        let mut next = |n: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % n
        };
        let mut points: Vec<_> = (0..400).map(|_| point(next(2_500), next(1_470) as u16)).collect();
        points.sort();
        Constellation { points, duration: 2_500 }
    }

    fn distance(a: &Code, b: &Code) -> u32 {
        a.iter().zip(b).map(|(x, y)| (x ^ y).count_ones()).sum()
    }

    #[test]
    fn a_steady_tone_or_an_empty_track_has_no_windows() {
        let params = FingerprintParams::V1;
        let tone = (0..200).map(|i| point(i * 12, 700)).collect();
        let tone = Constellation { points: tone, duration: 2_400 };
        assert!(windows(&tone, 250, &params).is_empty());
        assert!(windows(&Constellation::default(), 250, &params).is_empty());
    }

    #[test]
    fn a_little_displacement_changes_few_bits_and_other_music_half() {
        let params = FingerprintParams::V1;
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
