//! Convolutions over frames and bins, for small networks.
//!
//! A sum runs over a kernel's weights in their order, for all bins of a row at once: bins are the
//! lanes of the vector code, so that it gives the same bits with lanes of any width.

use multiversion::multiversion;

/// Weights that are applied in one pass over a row.
const PASS: usize = 8;

/// Rows of values by frame and channel.
pub struct Maps {
    /// How many frames.
    pub frames: usize,
    channels: usize,
    width: usize,
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
    /// Zeros.
    pub fn new(frames: usize, channels: usize, width: usize) -> Self {
        Maps { frames, channels, width, values: vec![0.0; frames * channels * width] }
    }

    /// The bins of a channel in a frame.
    pub fn row(&self, frame: usize, channel: usize) -> &[f32] {
        &self.values[(frame * self.channels + channel) * self.width..][..self.width]
    }

    /// The same, to be changed.
    pub fn row_mut(&mut self, frame: usize, channel: usize) -> &mut [f32] {
        &mut self.values[(frame * self.channels + channel) * self.width..][..self.width]
    }

    /// Applies `f` to every value.
    pub fn map(&mut self, f: impl Fn(f32) -> f32) {
        for value in &mut self.values {
            *value = f(*value);
        }
    }

    /// Negative values become 0.
    pub fn rectify(&mut self) {
        self.map(|value| value.max(0.0));
    }

    /// With zeros before and after each row.
    pub fn padded(&self, before: usize, after: usize) -> Maps {
        let mut wide = Maps::new(self.frames, self.channels, before + self.width + after);
        let rows = wide.values.chunks_exact_mut(before + self.width + after);
        for (wide, row) in rows.zip(self.values.chunks_exact(self.width)) {
            wide[before..before + self.width].copy_from_slice(row);
        }
        wide
    }

    /// The only channel's bins at every `stride`, from each of `count` bins: what the columns of
    /// a kernel with that stride read, as channels.
    pub fn columns(&self, count: usize, stride: usize, width: usize) -> Maps {
        let mut columns = Maps::new(self.frames, count, width);
        for frame in 0..self.frames {
            for column in 0..count {
                let bins = self.row(frame, 0)[column..].iter().step_by(stride);
                for (value, bin) in columns.row_mut(frame, column).iter_mut().zip(bins) {
                    *value = *bin;
                }
            }
        }
        columns
    }
}

impl Kernel {
    /// This kernel for [`Maps::columns`] of its only input.
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

/// Convolves `input`, giving `width` bins; frames and bins beyond its edges are not made up.
pub fn convolve(input: &Maps, kernel: &Kernel, width: usize) -> Maps {
    let outputs = kernel.bias.len();
    let mut out = Maps::new(input.frames + 1 - kernel.frames, outputs, width);
    let per_output = kernel.inputs * kernel.frames * kernel.width;
    for frame in 0..out.frames {
        for (output, weights) in kernel.weights.chunks_exact(per_output).enumerate() {
            let sums = out.row_mut(frame, output);
            sums.fill(kernel.bias[output]);
            for (i, weights) in weights.chunks_exact(kernel.width).enumerate() {
                let row = input.row(frame + i % kernel.frames, i / kernel.frames);
                correlate(sums, row, weights);
            }
        }
    }
    out
}

/// Adds a row's correlation with some weights.
#[multiversion(targets("x86_64+avx2"))]
fn correlate(sums: &mut [f32], row: &[f32], weights: &[f32]) {
    let n = sums.len();
    let (passes, rest) = weights.as_chunks::<PASS>();
    for (pass, weights) in passes.iter().enumerate() {
        let rows: [&[f32]; PASS] = std::array::from_fn(|k| &row[pass * PASS + k..][..n]);
        for i in 0..n {
            let mut sum = sums[i];
            for k in 0..PASS {
                sum += weights[k] * rows[k][i];
            }
            sums[i] = sum;
        }
    }
    for (k, weight) in rest.iter().enumerate() {
        for (sum, value) in sums.iter_mut().zip(&row[passes.len() * PASS + k..]) {
            *sum += weight * value;
        }
    }
}
