//! Convolutions over frames and bins, for small networks.
//!
//! A sum runs over a kernel's weights in their order, for all bins of a row at once: bins are the
//! lanes of the vector code, so that it gives the same bits with lanes of any width.

use multiversion::multiversion;

/// Rows of values by frame and channel, each between zeros that kernels may read.
#[derive(Default)]
pub struct Maps {
    /// How many frames.
    pub frames: usize,
    channels: usize,
    width: usize,
    before: usize,
    after: usize,
    values: Vec<f32>,
}

/// A convolution: weights as `[output][input][frame][bin]`.
pub struct Kernel {
    /// The weights.
    pub weights: Vec<f32>,
    /// What each output starts from.
    pub bias: Vec<f32>,
    /// Channels that it reads.
    pub inputs: usize,
    /// Frames that it reads.
    pub frames: usize,
    /// Bins that it reads.
    pub width: usize,
}

impl Maps {
    /// Nothing yet: rows of `width` with so many zeros before and after.
    pub fn new(channels: usize, before: usize, width: usize, after: usize) -> Self {
        Maps { frames: 0, channels, width, before, after, values: Vec::new() }
    }

    /// Makes room for `frames`; the memory of earlier ones is used again, and rows must be written
    /// anew.
    pub fn resize(&mut self, frames: usize) {
        self.frames = frames;
        self.values.resize(frames * self.channels * self.stride(), 0.0);
    }

    fn stride(&self) -> usize {
        self.before + self.width + self.after
    }

    /// The bins of a channel in a frame, with the zeros about them.
    pub fn padded(&self, frame: usize, channel: usize) -> &[f32] {
        &self.values[(frame * self.channels + channel) * self.stride()..][..self.stride()]
    }

    /// The bins alone.
    pub fn row(&self, frame: usize, channel: usize) -> &[f32] {
        &self.padded(frame, channel)[self.before..][..self.width]
    }

    /// The same, to be changed.
    pub fn row_mut(&mut self, frame: usize, channel: usize) -> &mut [f32] {
        let begin = (frame * self.channels + channel) * self.stride() + self.before;
        &mut self.values[begin..][..self.width]
    }

    /// Applies `f` to every value but the zeros about the rows.
    pub fn map(&mut self, f: impl Fn(f32) -> f32) {
        let (stride, before, width) = (self.stride(), self.before, self.width);
        for padded in self.values.chunks_exact_mut(stride) {
            for value in &mut padded[before..before + width] {
                *value = f(*value);
            }
        }
    }

    /// Negative values become 0.
    pub fn rectify(&mut self) {
        self.map(|value| value.max(0.0));
    }

    /// Takes the only channel of `from`, padded, at every `stride` from its first bin on, from its
    /// second on, and so forth, and lays what each gives one after the other. A kernel that moves
    /// by `stride` reads neighbours there; `width` is the number of its steps.
    pub fn take_columns(&mut self, from: &Maps, stride: usize, width: usize) {
        self.resize(from.frames);
        for frame in 0..from.frames {
            let columns = self.row_mut(frame, 0).chunks_exact_mut(width);
            for (column, begin) in columns.zip(0..) {
                let bins = from.padded(frame, 0)[begin..].iter().step_by(stride);
                for (value, bin) in column.iter_mut().zip(bins) {
                    *value = *bin;
                }
            }
        }
    }
}

/// Convolves `input`, with weights of neighbouring bins `step` bins apart; frames beyond its edges
/// are not made up.
pub fn convolve(input: &Maps, kernel: &Kernel, step: usize, out: &mut Maps) {
    out.resize(input.frames + 1 - kernel.frames);
    let per_output = kernel.inputs * kernel.frames * kernel.width;
    for frame in 0..out.frames {
        for (output, weights) in kernel.weights.chunks_exact(per_output).enumerate() {
            let sums = out.row_mut(frame, output);
            sums.fill(kernel.bias[output]);
            for (i, weights) in weights.chunks_exact(kernel.width).enumerate() {
                let row = input.padded(frame + i % kernel.frames, i / kernel.frames);
                correlate(sums, row, weights, step);
            }
        }
    }
}

/// Adds the products of some weights with a row from its beginning, from `step` bins on, from
/// twice `step` on, and so forth.
#[multiversion(targets("x86_64+avx2"))]
fn correlate(sums: &mut [f32], row: &[f32], weights: &[f32], step: usize) {
    match weights.len() {
        3 => pass::<3>(sums, row, weights, step),
        5 => pass::<5>(sums, row, weights, step),
        7 => pass::<7>(sums, row, weights, step),
        _ => {
            for (k, weight) in weights.chunks(1).enumerate() {
                pass::<1>(sums, &row[k * step..], weight, step);
            }
        }
    }
}

/// The same for a number of weights that is known, so that a sum is read and written once.
#[inline(always)]
fn pass<const N: usize>(sums: &mut [f32], row: &[f32], weights: &[f32], step: usize) {
    let n = sums.len();
    let rows: [&[f32]; N] = std::array::from_fn(|k| &row[k * step..][..n]);
    let weights: [f32; N] = std::array::from_fn(|k| weights[k]);
    for i in 0..n {
        let mut sum = sums[i];
        for k in 0..N {
            sum += weights[k] * rows[k][i];
        }
        sums[i] = sum;
    }
}
