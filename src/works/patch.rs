//! Eight seconds of pitch classes to 256 bits, by a learned projection.
//!
//! A patch is sixteen rows, two a second. The projection is a linear discriminant analysis of patches of the same
//! passages in other renderings against those of other passages (`benches/resemblance/train.py`), turned so that
//! all bits say as much; the signs are the code. Sums have a fixed order: a code is the same on every machine.

use multiversion::multiversion;
use soundalike_index::{CODE_BITS, Code};

use super::channel::Projection;
use super::params::PatchParams;
use super::sequence::{CLASSES, ROWS_PER_SECOND, Row, Sequence, resample};

/// Bits of a code.
const BITS: usize = CODE_BITS as usize;
/// Rows of a patch.
const STEPS: usize = 16;
/// Rows a second of a patch.
const PER_SECOND: usize = 2;
/// Rows of a sequence in one of a patch.
pub const STRIDE: usize = ROWS_PER_SECOND / PER_SECOND;
/// Values of a patch.
const VALUES: usize = STEPS * CLASSES;

const _: () = assert!(size_of::<Projection>() == VALUES * BITS * 4);

/// A patch with a code, or more than one.
#[derive(Debug, Clone, PartialEq)]
pub struct Patch {
    /// Its middle, in rows of the sequence it is of.
    pub time: u32,
    values: Box<[f32; VALUES]>,
}

/// Patches of `sequence` played `per_mille` times more slowly, every `hop` of half a second.
pub fn patches(
    sequence: &Sequence,
    per_mille: u16,
    hop: usize,
    params: &PatchParams,
) -> Vec<Patch> {
    let rows = &sequence.rows;
    let pair = |i: usize| -> Row {
        let before = i.checked_sub(1).map_or([0.0; CLASSES], |i| rows[i]);
        std::array::from_fn(|c| 0.5 * (rows[i][c] + before[c]))
    };
    let pairs: Vec<Row> = (0..rows.len()).map(pair).collect();
    let step = STRIDE as f64 * 1000.0 / f64::from(per_mille);
    let halves = resample(&pairs, step);
    let half = STEPS / 2;
    let inside = inside(params);
    // Of a short sequence there is the one patch about its middle.
    let middles = match halves.len() {
        0 => 0..0,
        n if n > 2 * inside => inside..n - inside,
        n => n / 2..n / 2 + 1,
    };
    let patch = |middle: usize| {
        let mut values = Box::new([0.0f32; VALUES]);
        for (i, to) in values.as_chunks_mut::<CLASSES>().0.iter_mut().enumerate() {
            let row = (middle + i).checked_sub(half).and_then(|at| halves.get(at));
            to.copy_from_slice(row.unwrap_or(&[0.0; CLASSES]));
        }
        let sounds = values.iter().any(|value| *value != 0.0);
        sounds.then(|| Patch { time: (middle as f64 * step).round() as u32, values })
    };
    middles.step_by(hop.max(1)).filter_map(patch).collect()
}

/// Frames of a patch between its middle and the end that it may not reach beyond.
fn inside(params: &PatchParams) -> usize {
    let half = STEPS / 2;
    half - (params.overhang * half as f32) as usize
}

/// Rows between the middle of the first patch and the begin of a sequence, `per_mille` times slower.
pub fn margin(per_mille: u16, params: &PatchParams) -> usize {
    (inside(params) * STRIDE * 1000).div_ceil(usize::from(per_mille))
}

impl Patch {
    /// Its code by `projection`, moved up by so many semitones.
    pub fn code(&self, projection: &Projection, semitones: usize) -> Code {
        let mut sums = [0.0f32; BITS];
        let weights = projection.as_chunks::<{ BITS * 4 }>().0;
        for (step, row) in self.values.as_chunks::<CLASSES>().0.iter().enumerate() {
            for (class, value) in row.iter().enumerate() {
                let moved = step * CLASSES + (class + semitones) % CLASSES;
                add(&mut sums, &weights[moved], *value);
            }
        }
        let mut code = Code::default();
        for (i, sum) in sums.iter().enumerate() {
            code[i / 64] |= u64::from(*sum > 0.0) << (i % 64);
        }
        code
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn add(sums: &mut [f32; BITS], weights: &[u8; BITS * 4], value: f32) {
    for (sum, weight) in sums.iter_mut().zip(weights.as_chunks::<4>().0) {
        *sum += f32::from_le_bytes(*weight) * value;
    }
}
