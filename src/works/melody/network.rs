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

use super::arithmetic::sigmoid;
use super::constant_q::Row;
use super::convolution::{Kernel, Maps, convolve};
use super::harmonic::{CHANNELS, FRAMES, FirstLayer, HARMONICS, WIDTH};

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
const WEIGHTS: &[u8; 4 * 9972] = include_bytes!("basic_pitch.bin");

/// The layers, ready to run.
pub struct Network {
    scale: f32,
    offset: f32,
    first: FirstLayer,
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
            first: FirstLayer::new(&first),
            contour: file.kernel(1, CHANNELS, 5, 5),
            thirds: file.kernel(32, 1, 7, 7),
            note: file.kernel(1, 32, 7, 3),
            maps: Layers {
                input: FirstLayer::input(),
                channels: Maps::new(CHANNELS, 2, CONTOURS, 2),
                contours: Maps::new(1, 2, CONTOURS, 2),
                columns: Maps::new(1, 0, 7 * NOTES, 0),
                thirds: Maps::new(32, 1, NOTES, 1),
                notes: Maps::new(1, 0, NOTES, 0),
            },
        }
    }

    /// Notes of all but the first and last [`CONTEXT`] rows, normalised from `least` to `greatest`.
    pub fn run(&mut self, rows: &[&Row], least: f32, greatest: f32) -> Vec<Notes> {
        self.normalise(rows, least, greatest);
        let maps = &mut self.maps;
        self.first.run(&maps.input, &mut maps.channels);
        maps.channels.rectify();

        convolve(&maps.channels, &self.contour, 1, &mut maps.contours);
        maps.contours.map(sigmoid);

        // This kernel moves by three bins.
        maps.columns.take_columns(&maps.contours, 3, NOTES);
        convolve(&maps.columns, &self.thirds, NOTES, &mut maps.thirds);
        maps.thirds.rectify();

        convolve(&maps.thirds, &self.note, 1, &mut maps.notes);
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
