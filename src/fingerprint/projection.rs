//! From peak positions to 256 bits by a learned projection.
//!
//! The peaks of a window are laid on a coarse (log-frequency, time) map and projected on directions
//! in which different music differs most and degraded copies of the same music differ least
//! (linear discriminant analysis on real pairs, see `benches/train`). The signs of the projections
//! are the code; Hamming distance between codes then stands for the angle between maps. All
//! arithmetic is on integers: a code is the same on every machine.

use multiversion::multiversion;

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

/// A code that knows how sure each of its bits is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeightedCode {
    /// The code.
    pub code: Code,
    /// Weights of 0 to 3, one a bit, in binary: the first plane counts one, the second two.
    pub weights: [Code; 2],
}

impl WeightedCode {
    /// The quarter of the bits with the smallest sums weighs nothing, the next one, and so on.
    fn new(sums: &Sums) -> WeightedCode {
        let mut sizes = sums.map(i32::unsigned_abs);
        sizes.sort_unstable();
        let quarter = |i: usize| sizes[i * CODE_BITS / 4];
        let (one, two, three) = (quarter(1), quarter(2), quarter(3));
        let mut weights = [Code::default(); 2];
        for (i, sum) in sums.iter().enumerate() {
            let size = sum.unsigned_abs();
            let weight = u64::from(size > one) + u64::from(size > two) + u64::from(size > three);
            weights[0][i / 64] |= (weight & 1) << (i % 64);
            weights[1][i / 64] |= (weight >> 1) << (i % 64);
        }
        WeightedCode { code: signs(sums), weights }
    }

    /// Weights of the bits in which `code` differs.
    pub fn distance(&self, code: &Code) -> u32 {
        let words = code.iter().zip(&self.code).map(|(a, b)| a ^ b).enumerate();
        let weigh = |(i, differs): (usize, u64)| {
            (differs & self.weights[0][i]).count_ones()
                + 2 * (differs & self.weights[1][i]).count_ones()
        };
        words.map(weigh).sum()
    }
}

type Sums = [i32; CODE_BITS];

/// The code of peaks at `positions` (time, frequency) above the map's corner.
pub(super) fn encode(
    positions: impl Iterator<Item = (i32, i32)>,
    projection: &Projection,
    outside: Outside,
) -> Code {
    signs(&project(positions, projection, outside))
}

/// The same for a query.
pub(super) fn weigh(
    positions: impl Iterator<Item = (i32, i32)>,
    projection: &Projection,
    outside: Outside,
) -> WeightedCode {
    WeightedCode::new(&project(positions, projection, outside))
}

fn signs(sums: &Sums) -> Code {
    let mut code = Code::default();
    for (i, sum) in sums.iter().enumerate() {
        code[i / 64] |= u64::from(*sum > 0) << (i % 64);
    }
    code
}

fn project(
    positions: impl Iterator<Item = (i32, i32)>,
    projection: &Projection,
    outside: Outside,
) -> Sums {
    let mut sums = [0i32; CODE_BITS];
    let rows = projection.as_chunks::<CODE_BITS>().0;
    for (time, freq) in positions {
        // Bilinear share of the four nearest cells, in 1/384.
        let (t, f) = (time - TIME_STEP / 2, freq - FREQ_STEP / 2);
        let (t0, wt) = (t.div_euclid(TIME_STEP), t.rem_euclid(TIME_STEP) as i16);
        let (f0, wf) = (f.div_euclid(FREQ_STEP), f.rem_euclid(FREQ_STEP) as i16);
        let (vt, vf) = (TIME_STEP as i16 - wt, FREQ_STEP as i16 - wf);
        let cell = |fc: i32, tc: i32, weight: i16| {
            let (f, t) = (fc.clamp(0, FREQ_CELLS - 1), tc.clamp(0, TIME_CELLS - 1));
            let counts = outside == Outside::Clamped || (f, t) == (fc, tc);
            (&rows[(f * TIME_CELLS + t) as usize], if counts { weight } else { 0 })
        };
        let cells = [
            cell(f0, t0, vf * vt),
            cell(f0, t0 + 1, vf * wt),
            cell(f0 + 1, t0, wf * vt),
            cell(f0 + 1, t0 + 1, wf * wt),
        ];
        add_rows(&mut sums, &cells);
    }
    sums
}

#[multiversion(targets("x86_64+avx2"))]
fn add_rows(sums: &mut Sums, cells: &[(&[u8; CODE_BITS], i16); 4]) {
    let [(a, wa), (b, wb), (c, wc), (d, wd)] = *cells;
    for i in 0..CODE_BITS {
        let part = |row: &[u8; CODE_BITS], weight: i16| {
            i32::from(i16::from(row[i] as i8)) * i32::from(weight)
        };
        sums[i] += (part(a, wa) + part(b, wb)) + (part(c, wc) + part(d, wd));
    }
}
