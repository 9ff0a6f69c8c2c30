//! The network of basic-pitch: from a constant-Q transform to the likelihood of each note.
//!
//! Bittner, Bosch, Rubinstein, Meseguer-Brocal and Ewert, "A Lightweight Instrument-Agnostic Model
//! for Polyphonic Note Transcription and Multipitch Estimation", ICASSP 2022; the weights are
//! those of Spotify's package (Apache-2.0; see `basic_pitch.md` beside them). Only the note output
//! is computed, and what it needs: four convolutions of 10 000 weights.
//!
//! The network was trained on windows of two seconds, each normalised by its own least and
//! greatest level. Windows here overlap as theirs do, and the frames whose output a window's edge
//! would reach are computed in its neighbour. What differs: rows come from one transform of the
//! whole signal, not from one of each window with its ends reflected, and silence before the
//! beginning and after the end does not count for the levels.

use multiversion::multiversion;

use super::arithmetic::sigmoid;
use super::constant_q::{BINS, Row};
use super::convolution::{Kernel, Maps, convolve};

/// Notes of the piano, from MIDI 21 up.
pub const NOTES: usize = 88;
/// The likelihood of each note in a frame.
pub type Notes = [f32; NOTES];

/// Frames whose output one window gives.
pub const KEPT: usize = 142;
/// Frames before and after them that count for the normalisation.
pub const OVERLAP: usize = 15;
/// Rows that the convolutions read on either side of a frame of output.
pub const CONTEXT: usize = 3 + 3 + 2 + 1;

/// Bins of the contours, three a note.
const CONTOURS: usize = 3 * NOTES;
/// Where each harmonic (½, 1, 2, 3 ... 7) of a bin is found, in bins above it.
const HARMONICS: [i32; 8] = [-36, 0, 36, 57, 72, 84, 93, 101];
/// The first layer, for each harmonic: 3 frames by 39 bins, to 8 channels.
const FRAMES: usize = 3;
const WIDTH: usize = 39;
const CHANNELS: usize = 8;
/// Bins that the first layer reads about a contour bin, over all harmonics.
const BELOW: usize = 36 + WIDTH / 2;
const SPAN: usize = BELOW + 101 + WIDTH / 2 + 1;

/// Sums of the channels at the bins that a kernel's edge reaches.
type Edge = [[f32; CHANNELS]; WIDTH / 2];

const WEIGHTS: &[u8; 4 * 9972] = include_bytes!("basic_pitch.bin");

/// The layers, ready to run.
pub struct Network {
    scale: f32,
    offset: f32,
    /// The first layer with all harmonics gathered on one axis.
    gathered: Kernel,
    /// The first layer as it is: `[harmonic][frame][bin][channel]`.
    apart: Vec<[f32; CHANNELS]>,
    contour: Kernel,
    thirds: Kernel,
    note: Kernel,
    maps: Layers,
}

/// What the layers give, kept so that the memory is used again.
struct Layers {
    input: Maps,
    channels: Maps,
    contours: Maps,
    columns: Maps,
    thirds: Maps,
    notes: Maps,
}

/// Weights in their order in the file.
struct Reader(std::slice::ChunksExact<'static, u8>);

impl Reader {
    fn take(&mut self, count: usize) -> Vec<f32> {
        let value = |b: &[u8]| f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
        self.0.by_ref().take(count).map(value).collect()
    }

    fn kernel(&mut self, outputs: usize, inputs: usize, frames: usize, width: usize) -> Kernel {
        let weights = self.take(outputs * inputs * frames * width);
        Kernel { weights, bias: self.take(outputs), inputs, frames, width }
    }
}

impl Network {
    /// Reads the weights.
    pub fn new() -> Self {
        let mut file = Reader(WEIGHTS.chunks_exact(4));
        let (scale, offset) = (file.take(1)[0], file.take(1)[0]);
        let first = file.kernel(CHANNELS, HARMONICS.len(), FRAMES, WIDTH);
        Network {
            scale,
            offset,
            gathered: gather(&first),
            apart: apart(&first),
            contour: file.kernel(1, CHANNELS, 5, 5),
            thirds: file.kernel(32, 1, 7, 7).columns_as_inputs(),
            note: file.kernel(1, 32, 7, 3),
            maps: Layers {
                input: Maps::new(1, BELOW, BINS, SPAN + CONTOURS - BINS),
                channels: Maps::new(CHANNELS, 2, CONTOURS, 2),
                contours: Maps::new(1, 2, CONTOURS, 2),
                columns: Maps::new(7, 0, NOTES, 0),
                thirds: Maps::new(32, 1, NOTES, 1),
                notes: Maps::new(1, 0, NOTES, 0),
            },
        }
    }

    /// Notes of all but the first and last [`CONTEXT`] rows, normalised from `least` to `greatest`.
    pub fn run(&mut self, rows: &[&Row], least: f32, greatest: f32) -> Vec<Notes> {
        self.normalise(rows, least, greatest);
        let maps = &mut self.maps;
        convolve(&maps.input, &self.gathered, &mut maps.channels);
        cut_harmonics(&maps.input, &self.apart, &mut maps.channels);
        maps.channels.rectify();

        convolve(&maps.channels, &self.contour, &mut maps.contours);
        maps.contours.map(sigmoid);

        // A stride of three bins: one channel for each column of the kernel.
        maps.columns.take_columns(&maps.contours, 3);
        convolve(&maps.columns, &self.thirds, &mut maps.thirds);
        maps.thirds.rectify();

        convolve(&maps.thirds, &self.note, &mut maps.notes);
        maps.notes.map(sigmoid);
        let notes = &self.maps.notes;
        (0..notes.frames).map(|t| std::array::from_fn(|n| notes.row(t, 0)[n])).collect()
    }

    /// Rows from 0 to 1, through the batch normalisation.
    fn normalise(&mut self, rows: &[&Row], least: f32, greatest: f32) {
        let range = greatest - least;
        let factor = if range > 0.0 { 1.0 / range } else { 0.0 };
        self.maps.input.resize(rows.len());
        for (t, row) in rows.iter().enumerate() {
            for (value, level) in self.maps.input.row_mut(t, 0).iter_mut().zip(row.iter()) {
                let level = ((level - least) * factor).clamp(0.0, 1.0);
                *value = level * self.scale + self.offset;
            }
        }
    }
}

/// Takes out again what the gathered kernel reads of a harmonic beyond the contours' 264 bins,
/// where the original has zeros.
fn cut_harmonics(input: &Maps, apart: &[[f32; CHANNELS]], out: &mut Maps) {
    let reach = WIDTH / 2;
    let (mut below, mut above): (Edge, Edge);
    for t in 0..out.frames {
        (below, above) = Default::default();
        for (h, shift) in HARMONICS.iter().enumerate() {
            for dt in 0..FRAMES {
                let bins =
                    &input.padded(t + dt, 0)[(BELOW as i32 + shift - reach as i32) as usize..];
                let kernel = &apart[(h * FRAMES + dt) * WIDTH..][..WIDTH];
                let (left, right) = (&bins[..reach], &bins[reach + CONTOURS..][..reach]);
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
                row[CONTOURS - reach + f] += sum[channel];
            }
        }
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

/// The first layer with the weights of all harmonics added where they fall on the same bin: the
/// harmonics are one row, moved, so that this is a single, wider kernel.
fn gather(first: &Kernel) -> Kernel {
    let mut weights = vec![0.0; CHANNELS * FRAMES * SPAN];
    for (i, weight) in first.weights.iter().enumerate() {
        let (column, dt) = (i % WIDTH, i / WIDTH % FRAMES);
        let (harmonic, channel) =
            (i / (WIDTH * FRAMES) % HARMONICS.len(), i / (WIDTH * FRAMES * HARMONICS.len()));
        let place = (BELOW as i32 + HARMONICS[harmonic]) as usize + column - WIDTH / 2;
        weights[(channel * FRAMES + dt) * SPAN + place] += weight;
    }
    Kernel { weights, bias: first.bias.clone(), inputs: 1, frames: FRAMES, width: SPAN }
}

/// The first layer with the channels of a column beside each other.
fn apart(first: &Kernel) -> Vec<[f32; CHANNELS]> {
    let columns = HARMONICS.len() * FRAMES * WIDTH;
    let all = |i: usize| std::array::from_fn(|channel| first.weights[channel * columns + i]);
    (0..columns).map(all).collect()
}
