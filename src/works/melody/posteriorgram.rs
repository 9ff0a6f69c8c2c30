//! Streaming: samples in, the mean likelihood of each note in each eighth of a second out.

use std::collections::VecDeque;

use super::constant_q::{ConstantQ, Row};
use super::network::{CONTEXT, KEPT, NOTES, Network, Notes, OVERLAP};

/// Frames of the result a second.
pub const FRAME_RATE: usize = 8;
/// The network's frames begin this often, in samples at 16 kHz: 4096000 / 22050.
const STEP: (u64, u64) = (4_096_000, 22_050);
const RATE: u64 = 16_000;

/// Reads 16 kHz mono and gives eight frames a second; memory does not grow with the length but for
/// the result.
pub struct Posteriorgram {
    transform: ConstantQ,
    network: Network,
    /// Rows from frame `first`, with the least and the greatest level of each.
    rows: VecDeque<Row>,
    first: i64,
    /// The next frame whose notes are due.
    next: i64,
    samples: u64,
    mean: Mean,
}

/// Averages the network's frames.
#[derive(Default)]
struct Mean {
    sum: Vec<f32>,
    count: usize,
    frames: Vec<Notes>,
}

impl Default for Posteriorgram {
    fn default() -> Self {
        Self::new()
    }
}

impl Posteriorgram {
    /// At the beginning of a signal.
    pub fn new() -> Self {
        let first = -(OVERLAP as i64);
        Posteriorgram {
            transform: ConstantQ::new(first),
            network: Network::new(),
            rows: VecDeque::new(),
            first,
            next: 0,
            samples: 0,
            mean: Mean::default(),
        }
    }

    /// Takes in the next samples.
    pub fn push(&mut self, samples: &[f32]) {
        self.samples += samples.len() as u64;
        self.feed(samples, i64::MAX);
    }

    /// The frames, of which the last may be short.
    pub fn finish(mut self) -> Vec<Notes> {
        // Frames whose centre lies in the signal.
        let total = (self.samples * STEP.1).div_ceil(STEP.0) as i64;
        self.feed(&vec![0.0; ConstantQ::tail()], total);
        // The last window is full of what came before, so that it is normalised by two seconds.
        self.rows.truncate((total - self.first).max(0) as usize);
        let silence = [f32::MIN; super::constant_q::BINS];
        while self.next < total {
            self.window(total, &silence);
        }
        self.mean.close();
        self.mean.frames
    }

    fn feed(&mut self, samples: &[f32], total: i64) {
        // Piece by piece, so that rows do not pile up.
        for piece in samples.chunks(RATE as usize) {
            let rows = &mut self.rows;
            self.transform.push(piece, |row| rows.push_back(*row));
            let last = |next: i64| next + (KEPT + OVERLAP) as i64;
            while last(self.next) <= (self.first + self.rows.len() as i64).min(total) {
                self.window(i64::MAX, &[f32::MIN; super::constant_q::BINS]);
            }
        }
    }

    /// Notes of the next frames, up to `total`.
    fn window(&mut self, total: i64, silence: &Row) {
        let end = (self.next + KEPT as i64).min(total);
        let at = |frame: i64| (frame - self.first) as usize;
        // Two seconds within the signal count for the levels.
        let upper = at(end + OVERLAP as i64).min(self.rows.len());
        let lower = upper.saturating_sub(KEPT + 2 * OVERLAP).max(at(0.max(self.first)));
        let (mut least, mut greatest) = (f32::INFINITY, f32::NEG_INFINITY);
        for level in self.rows.range(lower..upper).flatten() {
            least = least.min(*level);
            greatest = greatest.max(*level);
        }
        let wanted = at(self.next) - CONTEXT..at(end) + CONTEXT;
        let rows: Vec<&Row> = wanted.map(|i| self.rows.get(i).unwrap_or(silence)).collect();
        for notes in self.network.run(&rows, least, greatest) {
            self.mean.add(self.next, &notes);
            self.next += 1;
        }
        // The next window, should it be the last, looks back by its whole length.
        let keep = at(self.next).saturating_sub(KEPT + 2 * OVERLAP);
        self.rows.drain(..keep);
        self.first += keep as i64;
    }
}

impl Mean {
    /// Adds the notes of `frame`, whose centre decides where they count.
    fn add(&mut self, frame: i64, notes: &Notes) {
        let sample = frame as u64 * STEP.0 / STEP.1;
        if (sample * FRAME_RATE as u64 / RATE) as usize > self.frames.len() {
            self.close();
        }
        self.sum.resize(NOTES, 0.0);
        for (sum, note) in self.sum.iter_mut().zip(notes) {
            *sum += note;
        }
        self.count += 1;
    }

    /// Ends a frame of the result.
    fn close(&mut self) {
        if self.count > 0 {
            let count = self.count as f32;
            self.frames.push(std::array::from_fn(|n| self.sum[n] / count));
            self.sum.fill(0.0);
            self.count = 0;
        }
    }
}
