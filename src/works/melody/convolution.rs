//! Convolutions over frames and bins, for small networks.
//!
//! A sum runs over a kernel's weights in their order, for all bins of a row at once: bins are the
//! lanes of the vector code, so that it gives the same bits with lanes of any width.

use multiversion::multiversion;

/// Weights that are applied in one pass over a row.
const PASS: usize = 8;

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

    /// Takes the only channel of `from`, padded, at every `stride`, from each of its first bins
    /// on: what the columns of a kernel with that stride read, as channels.
    pub fn take_columns(&mut self, from: &Maps, stride: usize) {
        self.resize(from.frames);
        for frame in 0..from.frames {
            for column in 0..self.channels {
                let bins = from.padded(frame, 0)[column..].iter().step_by(stride);
                for (value, bin) in self.row_mut(frame, column).iter_mut().zip(bins) {
                    *value = *bin;
                }
            }
        }
    }
}

impl Kernel {
    /// This kernel for [`Maps::take_columns`] of its only input.
    pub fn columns_as_inputs(&self) -> Kernel {
        let mut weights = Vec::with_capacity(self.weights.len());
        for output in self.weights.chunks_exact(self.frames * self.width) {
            for column in 0..self.width {
                weights.extend(output[column..].iter().step_by(self.width));
            }
        }
        let bias = self.bias.clone();
        Kernel { weights, bias, inputs: self.width, frames: self.frames, width: 1 }
    }
}

/// Convolves `input`; frames beyond its edges are not made up.
pub fn convolve(input: &Maps, kernel: &Kernel, out: &mut Maps) {
    out.resize(input.frames + 1 - kernel.frames);
    let per_output = kernel.inputs * kernel.frames * kernel.width;
    for frame in 0..out.frames {
        for (output, weights) in kernel.weights.chunks_exact(per_output).enumerate() {
            let sums = out.row_mut(frame, output);
            sums.fill(kernel.bias[output]);
            for (i, weights) in weights.chunks_exact(kernel.width).enumerate() {
                let row = input.padded(frame + i % kernel.frames, i / kernel.frames);
                correlate(sums, row, weights);
            }
        }
    }
}

/// Adds a row's correlation with some weights.
#[multiversion(targets("x86_64+avx2"))]
fn correlate(sums: &mut [f32], row: &[f32], weights: &[f32]) {
    let (passes, rest) = weights.as_chunks::<PASS>();
    for (pass, weights) in passes.iter().enumerate() {
        for (sum, row) in sums.iter_mut().zip(row[pass * PASS..].windows(PASS)) {
            let mut next = *sum;
            for k in 0..PASS {
                next += weights[k] * row[k];
            }
            *sum = next;
        }
    }
    for (k, weight) in rest.iter().enumerate() {
        for (sum, value) in sums.iter_mut().zip(&row[passes.len() * PASS + k..]) {
            *sum += weight * value;
        }
    }
}
