//! From peak positions to 256 bits by a learned projection.
//!
//! The peaks of a window are laid on a coarse (log-frequency, time) map and projected on directions
//! in which different music differs most and degraded copies of the same music differ least
//! (linear discriminant analysis on real pairs, see `benches/train`). The signs of the projections
//! are the code; Hamming distance between codes then stands for the angle between maps. All
//! arithmetic is on integers: a code is the same on every machine.

use crate::params::Projection;

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
/// Frequency units from the bottom of the map to its middle.
pub(super) const MIDDLE_FREQ: i32 = FREQ_CELLS * FREQ_STEP / 2;

const _: () = assert!(size_of::<Projection>() == (FREQ_CELLS * TIME_CELLS) as usize * CODE_BITS);

/// What becomes of peaks outside the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outside {
    /// They count in the nearest cell.
    Clamped,
    /// They do not count.
    Dropped,
}

/// The code of peaks at `positions` (time, frequency) above the map's corner.
pub(super) fn encode(
    positions: impl Iterator<Item = (i32, i32)>,
    projection: &Projection,
    outside: Outside,
) -> Code {
    let mut sums = [0i32; CODE_BITS];
    for (time, freq) in positions {
        // Bilinear share of the four nearest cells, in 1/384.
        let (t, f) = (time - TIME_STEP / 2, freq - FREQ_STEP / 2);
        let (t0, wt) = (t.div_euclid(TIME_STEP), t.rem_euclid(TIME_STEP));
        let (f0, wf) = (f.div_euclid(FREQ_STEP), f.rem_euclid(FREQ_STEP));
        for (fc, wf) in [(f0, FREQ_STEP - wf), (f0 + 1, wf)] {
            for (tc, wt) in [(t0, TIME_STEP - wt), (t0 + 1, wt)] {
                let (f, t) = (fc.clamp(0, FREQ_CELLS - 1), tc.clamp(0, TIME_CELLS - 1));
                if outside == Outside::Clamped || (f, t) == (fc, tc) {
                    add_row(&mut sums, projection, (f * TIME_CELLS + t) as usize, wf * wt);
                }
            }
        }
    }
    let mut code = Code::default();
    for (i, sum) in sums.iter().enumerate() {
        code[i / 64] |= u64::from(*sum > 0) << (i % 64);
    }
    code
}

fn add_row(sums: &mut [i32; CODE_BITS], projection: &Projection, cell: usize, weight: i32) {
    let row = &projection[cell * CODE_BITS..(cell + 1) * CODE_BITS];
    for (s, w) in sums.iter_mut().zip(row) {
        *s += i32::from(*w as i8) * weight;
    }
}
