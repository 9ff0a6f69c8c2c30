//! Streaming: samples in, the mean likelihood and level of each note in each eighth of a second
//! out.

use std::collections::VecDeque;

use super::constant_q::{BINS, ConstantQ, Row};
use super::network::{CONTEXT, KEPT, NOTES, Network, Notes, OVERLAP};

/// Frames of the result a second.
pub const FRAME_RATE: usize = 8;
/// The network's frames begin this often, in samples at 16 kHz: 256 at 22.05 kHz.
const STEP: (u64, u64) = (256 * RATE, 22_050);
const RATE: u64 = 16_000;
/// Bins above a note's where its second and third harmonics are.
const OVERTONES: [usize; 2] = [36, 57];

/// An eighth of a second, by note from MIDI 21 up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// How likely the note sounds.
    pub notes: Notes,
    /// The power at its pitch: log2, under the greatest within two seconds.
    pub levels: Notes,
    /// The same, the mean over its first three harmonics.
    pub harmonics: Notes,
}

/// Reads 16 kHz mono, gives eight frames a second; memory does not depend on the length.
pub struct Posteriorgram {
    transform: ConstantQ,
    network: Network,
    /// Rows from frame `first` on.
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
    /// Eighths of a second that are finished.
    closed: u64,
    finished: Vec<Frame>,
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

    /// Takes in the next samples and returns the frames that are finished.
    pub fn push(&mut self, samples: &[f32]) -> Vec<Frame> {
        self.samples += samples.len() as u64;
        self.feed(samples, i64::MAX);
        std::mem::take(&mut self.mean.finished)
    }

    /// The last frames; the very last may stand for less than an eighth of a second.
    pub fn finish(&mut self) -> Vec<Frame> {
        // Frames whose centre lies in the signal.
        let total = (self.samples * STEP.1).div_ceil(STEP.0) as i64;
        self.feed(&vec![0.0; ConstantQ::tail()], total);
        self.rows.truncate((total - self.first).max(0) as usize);
        while self.next < total {
            self.window(total);
        }
        self.mean.close();
        std::mem::take(&mut self.mean.finished)
    }

    fn feed(&mut self, samples: &[f32], total: i64) {
        // Piece by piece, so that rows do not pile up.
        for piece in samples.chunks(RATE as usize) {
            let rows = &mut self.rows;
            self.transform.push(piece, |row| rows.push_back(*row));
            let seen = |next: i64| next + (KEPT + OVERLAP) as i64;
            while seen(self.next) <= (self.first + self.rows.len() as i64).min(total) {
                self.window(i64::MAX);
            }
        }
    }

    /// Notes of the next window's frames, up to `total`.
    fn window(&mut self, total: i64) {
        let end = (self.next + KEPT as i64).min(total);
        let at = |frame: i64| (frame - self.first) as usize;
        // Two seconds within the signal count for the levels; the last of them where it ends.
        let upper = at(end + OVERLAP as i64).min(self.rows.len());
        let lower = upper.saturating_sub(KEPT + 2 * OVERLAP).max(at(0.max(self.first)));
        let (mut least, mut greatest) = (f32::INFINITY, f32::NEG_INFINITY);
        for level in self.rows.range(lower..upper).flatten() {
            least = least.min(*level);
            greatest = greatest.max(*level);
        }
        let silence = [f32::MIN; BINS];
        let begin = at(self.next);
        let wanted = begin - CONTEXT..at(end) + CONTEXT;
        let rows: Vec<&Row> = wanted.map(|i| self.rows.get(i).unwrap_or(&silence)).collect();
        for (t, notes) in self.network.run(&rows, least, greatest).iter().enumerate() {
            self.mean.add(self.next, notes, &self.rows[begin + t], greatest);
            self.next += 1;
        }
        // The next window, should it be the last, looks back by its whole length.
        let keep = (begin + KEPT).saturating_sub(KEPT + 2 * OVERLAP).min(self.rows.len());
        self.rows.drain(..keep);
        self.first += keep as i64;
    }
}

impl Mean {
    /// Adds `frame`, whose centre decides where it counts.
    fn add(&mut self, frame: i64, notes: &Notes, row: &Row, greatest: f32) {
        let sample = frame as u64 * STEP.0 / STEP.1;
        if sample * FRAME_RATE as u64 / RATE > self.closed {
            self.close();
        }
        self.sum.resize(3 * NOTES, 0.0);
        for (n, note) in notes.iter().enumerate() {
            let level = level(row, 3 * n);
            let overtones = OVERTONES.map(|above| self::level(row, (3 * n + above).min(BINS - 1)));
            let harmonics = (level + overtones[0] + overtones[1]) / 3.0;
            self.sum[n] += note;
            self.sum[NOTES + n] += level - greatest;
            self.sum[2 * NOTES + n] += harmonics - greatest;
        }
        self.count += 1;
    }

    /// Ends a frame of the result.
    fn close(&mut self) {
        if self.count > 0 {
            let count = self.count as f32;
            let mean = |from: usize| std::array::from_fn(|n| self.sum[from + n] / count);
            let (notes, levels, harmonics) = (mean(0), mean(NOTES), mean(2 * NOTES));
            self.finished.push(Frame { notes, levels, harmonics });
            self.closed += 1;
            self.sum.fill(0.0);
            self.count = 0;
        }
    }
}

/// The greatest of the three bins of a note.
fn level(row: &Row, bin: usize) -> f32 {
    let bins = &row[bin.saturating_sub(1)..(bin + 2).min(BINS)];
    bins.iter().copied().fold(f32::MIN, f32::max)
}
