//! Discrete Fourier transform of eight signals at once.
//!
//! A library's FFT chooses its instructions, and with them its rounding, by the machine. Here the
//! signals are the lanes of the vector code, every sum has one order, and the bits are the same
//! everywhere. Stockham's self-sorting radix-2 algorithm.

use multiversion::multiversion;

use super::arithmetic::sin_cos;

/// Signals that are transformed together.
pub const LANES: usize = 8;
/// Points of a transform.
pub const POINTS: usize = 512;

/// A point of every signal.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Point {
    /// Real parts.
    pub re: [f32; LANES],
    /// Imaginary parts.
    pub im: [f32; LANES],
}

/// A transform of [`POINTS`] points.
pub struct Fourier {
    twiddles: Vec<[f32; 2]>,
    scratch: Vec<Point>,
}

impl Fourier {
    /// Forward: a signal to its spectrum.
    pub fn forward() -> Self {
        Self::with_sign(-1.0)
    }

    /// Backward, without the division by [`POINTS`].
    pub fn backward() -> Self {
        Self::with_sign(1.0)
    }

    fn with_sign(sign: f64) -> Self {
        let twiddle = |p: usize| {
            let (sin, cos) = sin_cos(sign * p as f64 / POINTS as f64);
            [cos as f32, sin as f32]
        };
        Fourier {
            twiddles: (0..POINTS / 2).map(twiddle).collect(),
            scratch: vec![Point::default(); POINTS],
        }
    }

    /// Transforms `data`, of [`POINTS`] points, in place.
    pub fn transform(&mut self, data: &mut Vec<Point>) {
        let mut run = 1;
        while run < POINTS {
            stage(data, &mut self.scratch, &self.twiddles, run);
            std::mem::swap(data, &mut self.scratch);
            run *= 2;
        }
    }
}

/// One halving: signals of `POINTS / run` points, `run` of them interleaved.
#[multiversion(targets("x86_64+avx2"))]
fn stage(from: &[Point], to: &mut [Point], twiddles: &[[f32; 2]], run: usize) {
    let (first, second) = from.split_at(POINTS / 2);
    let pairs = first.chunks_exact(run).zip(second.chunks_exact(run));
    let twiddles = twiddles.iter().step_by(run);
    for ((to, (first, second)), twiddle) in to.chunks_exact_mut(2 * run).zip(pairs).zip(twiddles) {
        let (sums, differences) = to.split_at_mut(run);
        for q in 0..run {
            let (a, b) = (&first[q], &second[q]);
            for lane in 0..LANES {
                sums[q].re[lane] = a.re[lane] + b.re[lane];
                sums[q].im[lane] = a.im[lane] + b.im[lane];
                let (re, im) = (a.re[lane] - b.re[lane], a.im[lane] - b.im[lane]);
                differences[q].re[lane] = re * twiddle[0] - im * twiddle[1];
                differences[q].im[lane] = re * twiddle[1] + im * twiddle[0];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every lane is the transform by its definition, and back again.
    #[test]
    fn it_is_the_discrete_fourier_transform() {
        let value = |i: usize, lane: usize| ((i * (lane + 3) * 7919) % 101) as f32 / 101.0 - 0.5;
        let mut data: Vec<Point> = (0..POINTS)
            .map(|i| Point {
                re: std::array::from_fn(|lane| value(i, lane)),
                im: std::array::from_fn(|lane| value(i + 5, lane)),
            })
            .collect();
        let original = data.clone();
        Fourier::forward().transform(&mut data);
        for k in [0, 1, 2, 100, 256, 511] {
            for lane in 0..LANES {
                let (mut re, mut im) = (0.0, 0.0);
                for (i, point) in original.iter().enumerate() {
                    let (sin, cos) = sin_cos(-((i * k % POINTS) as f64) / POINTS as f64);
                    let (a, b) = (f64::from(point.re[lane]), f64::from(point.im[lane]));
                    re += a * cos - b * sin;
                    im += a * sin + b * cos;
                }
                assert!((f64::from(data[k].re[lane]) - re).abs() < 1e-3, "{k} {lane}");
                assert!((f64::from(data[k].im[lane]) - im).abs() < 1e-3, "{k} {lane}");
            }
        }
        Fourier::backward().transform(&mut data);
        for (point, original) in data.iter().zip(&original) {
            for lane in 0..LANES {
                let back = point.re[lane] / POINTS as f32;
                assert!((back - original.re[lane]).abs() < 1e-5);
            }
        }
    }
}
