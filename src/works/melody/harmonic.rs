//! The first layer of the network: eight harmonics, three frames and 39 bins, to eight channels.
//!
//! The original stacks eight copies of the spectrum, each moved by a harmonic's interval, and
//! convolves them. They are the same row, so that all of a channel's weights add up to one kernel
//! of 176 bins: four fifths of the network's work, done here as a product of spectra. Two
//! neighbouring frames go through the transform as the real and imaginary part of one signal, and
//! stay apart, since kernels are real.

use multiversion::multiversion;

use super::constant_q::BINS;
use super::convolution::{Kernel, Maps};
use super::fourier::{Fourier, LANES, POINTS, Point};

/// Channels of the result.
pub const CHANNELS: usize = LANES;
/// Frames and bins of the kernel.
pub const FRAMES: usize = 3;
/// See [`FRAMES`].
pub const WIDTH: usize = 39;
/// Where each harmonic (½, 1, 2, 3 ... 7) of a bin is found, in bins above it.
pub const HARMONICS: [i32; 8] = [-36, 0, 36, 57, 72, 84, 93, 101];

/// Bins below and from a bin on that the kernel of all harmonics reads.
const BELOW: usize = 36 + WIDTH / 2;
const SPAN: usize = BELOW + 101 + WIDTH / 2 + 1;
/// Bins of the result.
const CONTOURS: usize = 264;
/// Bins beyond an end of the result that a harmonic's kernel reads.
const REACH: usize = WIDTH / 2;

/// Sums of the channels at the bins that a kernel's edge reaches.
type Edge = [[f32; CHANNELS]; REACH];

/// The layer.
pub struct FirstLayer {
    /// By frame of the kernel: its conjugate spectrum for every channel.
    spectra: [Vec<Point>; FRAMES],
    /// The weights as they are: `[harmonic][frame][bin][channel]`.
    apart: Vec<[f32; CHANNELS]>,
    bias: Vec<f32>,
    forward: Fourier,
    backward: Fourier,
    /// Spectra of the rows.
    rows: Vec<Vec<[f32; 2]>>,
    points: Vec<Point>,
}

impl FirstLayer {
    /// From the weights as `[channel][harmonic][frame][bin]`.
    pub fn new(weights: &Kernel) -> Self {
        let columns = HARMONICS.len() * FRAMES * WIDTH;
        let all = |i: usize| std::array::from_fn(|channel| weights.weights[channel * columns + i]);
        let apart: Vec<[f32; CHANNELS]> = (0..columns).map(all).collect();
        let mut forward = Fourier::forward();
        FirstLayer {
            spectra: std::array::from_fn(|frame| spectrum(&apart, frame, &mut forward)),
            apart,
            bias: weights.bias.clone(),
            forward,
            backward: Fourier::backward(),
            rows: Vec::new(),
            points: vec![Point::default(); POINTS],
        }
    }

    /// An input for [`run`](Self::run): rows with as much silence about them as it reads.
    pub fn input() -> Maps {
        Maps::new(1, BELOW, BINS, SPAN + CONTOURS - BINS)
    }

    /// Convolves all but the first and the last row.
    pub fn run(&mut self, input: &Maps, out: &mut Maps) {
        out.resize(input.frames + 1 - FRAMES);
        self.transform_rows(input);
        for t in (0..out.frames).step_by(2) {
            product(&self.spectra, &self.rows[t..], &mut self.points);
            self.backward.transform(&mut self.points);
            for channel in 0..CHANNELS {
                let bias = self.bias[channel];
                for (value, point) in out.row_mut(t, channel).iter_mut().zip(&self.points) {
                    *value = point.re[channel] + bias;
                }
                if t + 1 < out.frames {
                    for (value, point) in out.row_mut(t + 1, channel).iter_mut().zip(&self.points) {
                        *value = point.im[channel] + bias;
                    }
                }
            }
        }
        self.cut_harmonics(input, out);
    }

    /// Spectra of all rows, and of silence after them.
    fn transform_rows(&mut self, input: &Maps) {
        // The second frame of the last pair may be beyond the end.
        self.rows.resize(input.frames + 1, vec![[0.0; 2]; POINTS]);
        for first in (0..self.rows.len()).step_by(LANES) {
            self.points.fill(Point::default());
            let lanes = LANES.min(self.rows.len() - first);
            for lane in 0..lanes.min(input.frames.saturating_sub(first)) {
                let row = input.padded(first + lane, 0);
                for (point, value) in self.points.iter_mut().zip(row) {
                    point.re[lane] = *value;
                }
            }
            self.forward.transform(&mut self.points);
            for lane in 0..lanes {
                for (bin, point) in self.rows[first + lane].iter_mut().zip(&self.points) {
                    *bin = [point.re[lane], point.im[lane]];
                }
            }
        }
    }

    /// Takes out again what the kernel of all harmonics reads of one beyond the 264 bins that the
    /// original stacks, where that has zeros.
    fn cut_harmonics(&self, input: &Maps, out: &mut Maps) {
        for t in 0..out.frames {
            let (mut below, mut above): (Edge, Edge) = Default::default();
            for (h, shift) in HARMONICS.iter().enumerate() {
                for dt in 0..FRAMES {
                    let begin = (BELOW as i32 + shift) as usize - REACH;
                    let bins = &input.padded(t + dt, 0)[begin..];
                    let kernel = &self.apart[(h * FRAMES + dt) * WIDTH..][..WIDTH];
                    let (left, right) = (&bins[..REACH], &bins[REACH + CONTOURS..][..REACH]);
                    if left.iter().any(|level| *level != 0.0) {
                        subtract_left(&mut below, left, kernel);
                    }
                    if right.iter().any(|level| *level != 0.0) {
                        subtract_right(&mut above, right, kernel);
                    }
                }
            }
            for channel in 0..CHANNELS {
                let row = out.row_mut(t, channel);
                for (f, sum) in below.iter().enumerate() {
                    row[f] += sum[channel];
                }
                for (f, sum) in above.iter().enumerate() {
                    row[CONTOURS - REACH + f] += sum[channel];
                }
            }
        }
    }
}

/// The conjugate spectrum of one frame of the kernel, with all harmonics where they fall, divided
/// by the number of points.
fn spectrum(apart: &[[f32; CHANNELS]], frame: usize, forward: &mut Fourier) -> Vec<Point> {
    let mut points = vec![Point::default(); POINTS];
    for (harmonic, shift) in HARMONICS.iter().enumerate() {
        let place = (BELOW as i32 + shift) as usize - REACH;
        let kernel = &apart[(harmonic * FRAMES + frame) * WIDTH..][..WIDTH];
        for (point, weights) in points[place..].iter_mut().zip(kernel) {
            for (sum, weight) in point.re.iter_mut().zip(weights) {
                *sum += weight;
            }
        }
    }
    forward.transform(&mut points);
    for point in &mut points {
        point.re = point.re.map(|value| value / POINTS as f32);
        point.im = point.im.map(|value| -value / POINTS as f32);
    }
    points
}

/// The spectra of two frames of the result, as one: `rows` begin with the first frame's.
#[multiversion(targets("x86_64+avx2"))]
fn product(kernel: &[Vec<Point>; FRAMES], rows: &[Vec<[f32; 2]>], out: &mut [Point]) {
    for (k, out) in out.iter_mut().enumerate() {
        let mut sum = Point::default();
        for (dt, kernel) in kernel.iter().enumerate() {
            let (row, next) = (rows[dt][k], rows[dt + 1][k]);
            let (re, im) = (row[0] - next[1], row[1] + next[0]);
            let weights = &kernel[k];
            for lane in 0..LANES {
                sum.re[lane] += weights.re[lane] * re - weights.im[lane] * im;
                sum.im[lane] += weights.re[lane] * im + weights.im[lane] * re;
            }
        }
        *out = sum;
    }
}

/// Takes from the first bins what kernels about them read of the bins left of bin 0.
#[multiversion(targets("x86_64+avx2"))]
fn subtract_left(sums: &mut Edge, left: &[f32], kernel: &[[f32; CHANNELS]]) {
    for (f, sum) in sums.iter_mut().enumerate() {
        subtract(sum, &left[f..], kernel);
    }
}

/// The same at the last bins.
#[multiversion(targets("x86_64+avx2"))]
fn subtract_right(sums: &mut Edge, right: &[f32], kernel: &[[f32; CHANNELS]]) {
    for (f, sum) in sums.iter_mut().enumerate() {
        subtract(sum, &right[..=f], &kernel[WIDTH - 1 - f..]);
    }
}

#[inline(always)]
fn subtract(sum: &mut [f32; CHANNELS], row: &[f32], kernel: &[[f32; CHANNELS]]) {
    let mut next = *sum;
    for (value, weights) in row.iter().zip(kernel) {
        for (next, weight) in next.iter_mut().zip(weights) {
            *next -= value * weight;
        }
    }
    *sum = next;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the original does it: eight rows, each moved by a harmonic and cut to the bins of the
    /// result, convolved with zeros about them.
    #[test]
    fn it_is_the_convolution_of_the_harmonics() {
        let random = |i: usize| ((i * 7919 + i * i * 31) % 1009) as f32 / 1009.0 - 0.5;
        let kernel = Kernel {
            weights: (0..CHANNELS * HARMONICS.len() * FRAMES * WIDTH).map(random).collect(),
            bias: (0..CHANNELS).map(random).collect(),
            inputs: HARMONICS.len(),
            frames: FRAMES,
            width: WIDTH,
        };
        let mut layer = FirstLayer::new(&kernel);
        let (mut input, mut out) = (FirstLayer::input(), Maps::new(CHANNELS, 2, CONTOURS, 2));
        // An odd number of results, and a second time in the same memory.
        for frames in [12, 5] {
            input.resize(frames);
            for t in 0..frames {
                for (f, value) in input.row_mut(t, 0).iter_mut().enumerate() {
                    *value = random(t * BINS + f + 17 * frames);
                }
            }
            layer.run(&input, &mut out);
            assert_eq!(out.frames, frames - 2);
            for t in 0..out.frames {
                for channel in [0, 5] {
                    for f in (0..30).chain(100..110).chain(230..CONTOURS) {
                        let expected = by_definition(&kernel, &input, t, channel, f);
                        let error = (out.row(t, channel)[f] - expected).abs();
                        assert!(error < 1e-3, "{t} {channel} {f}: {error}");
                    }
                }
            }
        }
    }

    fn by_definition(kernel: &Kernel, input: &Maps, t: usize, channel: usize, f: usize) -> f32 {
        let mut sum = kernel.bias[channel];
        for (h, shift) in HARMONICS.iter().enumerate() {
            for dt in 0..FRAMES {
                for k in 0..WIDTH {
                    let place = (channel * HARMONICS.len() + h) * FRAMES + dt;
                    let stacked = f as i32 + k as i32 - REACH as i32;
                    let bin = usize::try_from(stacked + shift).ok().filter(|bin| *bin < BINS);
                    let inside = (0..CONTOURS as i32).contains(&stacked);
                    if let Some(bin) = bin.filter(|_| inside) {
                        sum += kernel.weights[place * WIDTH + k] * input.row(t + dt, 0)[bin];
                    }
                }
            }
        }
        sum
    }
}
