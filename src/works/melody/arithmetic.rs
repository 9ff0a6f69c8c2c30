//! Elementary functions that give the same bits on every machine.
//!
//! The library's `sin`, `exp` and `ln` belong to the platform and may differ in the last place.
//! Here they are polynomials of plain additions and multiplications in one order, which the
//! compiler may neither reorder nor fuse.

use std::f32::consts::{LN_2, LOG2_E};
use std::f64::consts::TAU;

pub use crate::fingerprint::spectrum::fast_log2 as log2;

/// Sine and cosine of `turns` full turns; error below 1e-15.
pub fn sin_cos(turns: f64) -> (f64, f64) {
    let quarters = (turns * 4.0).round();
    let x = (turns - quarters / 4.0) * TAU;
    let (sin, cos) = (series(x, x, 1), series(1.0, x, 0));
    match quarters.rem_euclid(4.0) as u8 {
        0 => (sin, cos),
        1 => (cos, -sin),
        2 => (-sin, -cos),
        _ => (-cos, sin),
    }
}

/// The Taylor series of the sine (`degree` 1) or the cosine (`degree` 0) on an eighth of a turn.
fn series(first: f64, x: f64, degree: u32) -> f64 {
    let (mut term, mut sum) = (first, first);
    for k in 1..10 {
        let n = f64::from(degree + 2 * k);
        term *= -x * x / (n * (n - 1.0));
        sum += term;
    }
    sum
}

/// `2^(k/36)`: the ratio of pitches that are `k` thirds of a semitone apart.
pub fn third_semitones(k: u32) -> f64 {
    /// 2^(1/36)
    const THIRD: f64 = 1.019_440_643_702_144_4;
    let octaves = (0..k / 36).fold(1.0, |product, _| product * 2.0);
    (0..k % 36).fold(octaves, |product, _| product * THIRD)
}

/// The exponential function; relative error below 1e-6 where the result is a normal number.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    // 2^y by its whole part, as an exponent, and its fraction in -0.5..0.5, by a polynomial.
    let y = (x * LOG2_E).clamp(-126.0, 126.0);
    let whole = (y + 126.5) as i32 - 126;
    let f = y - whole as f32;
    let taylor = [LN_2, 0.240_226_5, 0.055_504_11, 0.009_618_129, 0.001_333_355_8, 0.000_154_035_3];
    let mut fraction = 0.0;
    for factor in taylor.iter().rev() {
        fraction = f * (factor + fraction);
    }
    f32::from_bits(((whole + 127) as u32) << 23) * (1.0 + fraction)
}

/// The logistic function; error below 1e-6.
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_close_to_the_library() {
        for i in -3000..3000 {
            let x = f64::from(i) * 0.0137;
            let (sin, cos) = sin_cos(x);
            assert!((sin - (x * TAU).sin()).abs() < 1e-12, "{x}");
            assert!((cos - (x * TAU).cos()).abs() < 1e-12, "{x}");
            let y = x as f32;
            let error = (sigmoid(y) - 1.0 / (1.0 + (-y).exp())).abs();
            assert!(error < 1e-6, "{x}: {error}");
            let relative = f64::from(exp(y * 0.5)) / f64::from(y * 0.5).exp() - 1.0;
            assert!(relative.abs() < 4e-6, "{x}: {relative}");
        }
        for k in [0, 1, 35, 36, 308] {
            let error = third_semitones(k) / (f64::from(k) / 36.0).exp2() - 1.0;
            assert!(error.abs() < 1e-13, "{k}: {error}");
        }
    }
}
