//! Harmony: the strength of the twelve pitch classes, eight times a second.
//!
//! Chroma of a whitened log-frequency spectrum (a chromagram; Fujishima 1999, Müller and Ewert 2011): levels over the
//! mean of the octave around, clipped, without picking peaks; folded to pitch classes at the tuning that most peaks
//! have. A window of 4,096 samples is needed, since the 2,048 of the peaks do not part semitones below 500 Hz.
//!
//! What is kept of a frame is its direction: the square root, smoothed, less its mean and less half of what sounds all
//! along (a drone, the key), at unit length; a silent frame is zero.

use crate::fingerprint::spectrum::{Spectrum, UNITS_PER_DB};

use super::params::ChromaParams;
use super::sequence::{CLASSES, Row};

/// Frames a second that are analysed.
pub const FRAMES_PER_SECOND: usize = 8;
/// Pitch class of bin 0, 55 Hz: an A, where C is 0.
const LOWEST_CLASS: usize = 9;
/// Bins of a semitone.
const BINS: usize = 3;

/// Streaming: push samples, take the harmony of the whole.
pub struct Chroma {
    params: ChromaParams,
    spectrum: Spectrum,
    /// Levels of all frames, in dB over the lowest, a byte each: whitening needs to know how loud the track is.
    levels: Vec<u8>,
}

impl Chroma {
    /// Nothing heard yet.
    pub fn new(params: &ChromaParams) -> Chroma {
        let spectrum = Spectrum::new(&params.spectrum);
        Chroma { params: *params, spectrum, levels: Vec::new() }
    }

    /// Takes the next samples.
    pub fn push(&mut self, samples: &[f32]) {
        let Chroma { spectrum, levels, params } = self;
        let floor_db = params.spectrum.floor_db;
        spectrum.push(samples, |row| levels.extend(row.iter().map(|&l| decibels(l, floor_db))));
    }

    /// Ends the stream: a row for each eighth of a second, of unit length or zero.
    pub fn finish(mut self) -> Vec<Row> {
        let Chroma { spectrum, levels, params } = &mut self;
        let floor_db = params.spectrum.floor_db;
        spectrum.finish(|row| levels.extend(row.iter().map(|&l| decibels(l, floor_db))));
        directions(&self.folded(), &self.params)
    }

    /// Strength of the pitch classes, in dB over what is around them.
    fn folded(&self) -> Vec<Row> {
        let bins = self.params.spectrum.bins;
        let loud = self.loud();
        let mut whitened = vec![0.0; self.levels.len()];
        for (levels, out) in self.levels.chunks_exact(bins).zip(whitened.chunks_exact_mut(bins)) {
            whiten(levels, loud, &self.params, out);
        }
        let tuning = tuning(&whitened, bins, self.params.tuning_bins);
        whitened.chunks_exact(bins).map(|row| fold(row, tuning)).collect()
    }

    /// The loud level, in dB over the lowest.
    fn loud(&self) -> f32 {
        let rows = self.levels.chunks_exact(self.params.spectrum.bins);
        let mut loudest: Vec<u8> = rows.filter_map(|row| row.iter().max().copied()).collect();
        loudest.sort_unstable();
        quantile(&loudest, self.params.loud_quantile).map_or(0.0, f32::from)
    }
}

fn decibels(level: i16, floor_db: f32) -> u8 {
    (f32::from(level) / UNITS_PER_DB - floor_db).round() as u8
}

fn quantile<T: Copy>(sorted: &[T], share: f64) -> Option<T> {
    sorted.get((share * sorted.len().saturating_sub(1) as f64).round() as usize).copied()
}

/// Levels over the mean of the octave around.
fn whiten(levels: &[u8], loud: f32, params: &ChromaParams, out: &mut [f32]) {
    let (span, last) = (params.whiten_bins as isize, levels.len() as isize - 1);
    // Beyond the ends as at the ends.
    let at = |i: isize| i32::from(levels[i.clamp(0, last) as usize]);
    let mut sum: i32 = (-span..=span).map(at).sum();
    let width = (2 * span + 1) as f32;
    for (i, (&level, out)) in levels.iter().zip(out).enumerate() {
        let over = f32::from(level) - sum as f32 / width;
        let is_loud = f32::from(level) >= params.least_db.max(loud - params.gate_db);
        *out = if is_loud { over.clamp(0.0, params.top_db) } else { 0.0 };
        sum += at(i as isize + span + 1) - at(i as isize - span);
    }
}

/// At which of the three bins of a semitone most peaks lie.
fn tuning(whitened: &[f32], bins: usize, used: usize) -> usize {
    let mut sums = [0.0f64; BINS];
    for row in whitened.chunks_exact(bins) {
        for (i, w) in row[..used.min(bins)].windows(3).enumerate() {
            if w[1] >= w[0] && w[1] > w[2] {
                sums[(i + 1) % BINS] += f64::from(w[1]);
            }
        }
    }
    // Of equal ones the first.
    (1..BINS).fold(0, |best, b| if sums[b] > sums[best] { b } else { best })
}

/// The greatest level of each semitone, summed over octaves.
fn fold(row: &[f32], tuning: usize) -> Row {
    let mut classes = [0.0; CLASSES];
    // Two thirds of a semitone above one are a third below the next.
    let first = LOWEST_CLASS + usize::from(tuning == 2);
    let at = |bin: usize| bin.checked_sub(1).and_then(|bin| row.get(bin)).copied().unwrap_or(0.0);
    for semitone in 0..(row.len() - tuning) / BINS {
        let bin = BINS * semitone + tuning;
        // One bin to either side, in a row that begins a bin early.
        let level = at(bin).max(at(bin + 1)).max(at(bin + 2));
        classes[(semitone + first) % CLASSES] += level;
    }
    classes
}

/// What is kept of each frame.
pub(super) fn directions(folded: &[Row], params: &ChromaParams) -> Vec<Row> {
    let roots: Vec<Row> = folded.iter().map(|row| row.map(f32::sqrt)).collect();
    let zero = [0.0; CLASSES];
    let at = |i: usize| roots.get(i).unwrap_or(&zero);
    let smooth = |i: usize| -> Row {
        let (before, here, after) = (i.checked_sub(1).map_or(&zero, at), at(i), at(i + 1));
        std::array::from_fn(|c| 0.25 * before[c] + 0.5 * here[c] + 0.25 * after[c])
    };
    let mut rows: Vec<Row> = (0..roots.len()).map(smooth).collect();
    let norms: Vec<f32> = rows.iter().map(norm).collect();
    let mut sorted = norms.clone();
    sorted.sort_by(f32::total_cmp);
    let quiet = params.silent_share * quantile(&sorted, params.norm_quantile).unwrap_or(0.0);
    rows.iter_mut().for_each(centre);
    let around = local_means(&rows, params.local_frames);
    for ((row, mean), strength) in rows.iter_mut().zip(&around).zip(norms) {
        for (value, mean) in row.iter_mut().zip(mean) {
            *value -= params.local_share * mean;
        }
        centre(row);
        let length = norm(row);
        let is_silent = strength <= quiet + 1e-9 || length <= 1e-6;
        *row = if is_silent { zero } else { row.map(|value| value / length) };
    }
    rows
}

/// The mean of so many frames around each; beyond the ends there is nothing.
fn local_means(rows: &[Row], frames: usize) -> Vec<Row> {
    let frames = frames.min(rows.len()).max(1);
    let mut sums = vec![[0.0f64; CLASSES]; rows.len() + 1];
    for (i, row) in rows.iter().enumerate() {
        sums[i + 1] = std::array::from_fn(|c| sums[i][c] + f64::from(row[c]));
    }
    let mean = |i: usize| -> Row {
        let last = (i + 1 + (frames - 1) / 2).min(rows.len());
        let first = (i + 1 + (frames - 1) / 2).saturating_sub(frames);
        std::array::from_fn(|c| ((sums[last][c] - sums[first][c]) / frames as f64) as f32)
    };
    (0..rows.len()).map(mean).collect()
}

fn centre(row: &mut Row) {
    let mean = row.iter().sum::<f32>() / CLASSES as f32;
    row.iter_mut().for_each(|value| *value -= mean);
}

fn norm(row: &Row) -> f32 {
    row.iter().map(|value| value * value).sum::<f32>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::test_audio::clip;
    use crate::works::params::WorkParams;

    const PARAMS: ChromaParams = WorkParams::V1.chroma;

    fn heard(samples: &[f32], piece: usize) -> Vec<Row> {
        let mut chroma = Chroma::new(&PARAMS);
        samples.chunks(piece).for_each(|samples| chroma.push(samples));
        chroma.finish()
    }

    /// The pitch classes that stand out most during a second, ascending.
    fn strongest(rows: &[Row], second: usize, count: usize) -> Vec<usize> {
        let part = &rows[second * FRAMES_PER_SECOND..][..FRAMES_PER_SECOND];
        let sum = |class: usize| part.iter().map(|row| row[class]).sum::<f32>();
        let mut classes: Vec<usize> = (0..CLASSES).collect();
        classes.sort_by(|a, b| sum(*b).total_cmp(&sum(*a)));
        classes.truncate(count);
        classes.sort_unstable();
        classes
    }

    #[test]
    fn the_chords_of_a_piece_are_heard_whatever_the_chunks() {
        let piece = clip("works/piano.ogg");
        let rows = heard(&piece, 1_000);
        assert_eq!(rows, heard(&piece, 12_345));
        // C, A minor, F, G; two seconds each.
        assert_eq!(strongest(&rows, 1, 3), [0, 4, 7]);
        assert_eq!(strongest(&rows, 3, 3), [0, 4, 9]);
        assert_eq!(strongest(&rows, 5, 3), [0, 5, 9]);
        assert_eq!(strongest(&rows, 7, 3), [2, 7, 11]);
        // The same three semitones higher: A flat is the fourth.
        let band = heard(&clip("works/band.ogg"), 4_096);
        assert_eq!(strongest(&band, 1, 3), [3, 7, 10]);
    }

    #[test]
    fn a_tone_counts_for_its_pitch_class_at_any_tuning() {
        let bins = PARAMS.spectrum.bins;
        for tuning_bin in 0..BINS {
            // Two tones a fifth apart, from the A of 55 Hz up, so many thirds of a semitone sharp.
            let mut row = vec![0.0; bins];
            for semitone in [12, 19] {
                row[BINS * semitone + tuning_bin] = 20.0;
            }
            let found = tuning(&row, bins, PARAMS.tuning_bins);
            assert_eq!(found, tuning_bin);
            let classes = fold(&row, found);
            // Two thirds sharp is a third flat of the next.
            let first = LOWEST_CLASS + usize::from(tuning_bin == 2);
            let loud: Vec<usize> = (0..CLASSES).filter(|c| classes[*c] > 0.0).collect();
            let mut expected = [first % CLASSES, (first + 7) % CLASSES];
            expected.sort_unstable();
            assert_eq!(loud, expected);
        }
    }

    #[test]
    fn silence_says_nothing() {
        let mut samples = clip("works/piano.ogg")[..4 * 16_000].to_vec();
        samples.extend(vec![0.0; 4 * 16_000]);
        let rows = heard(&samples, 4_096);
        assert_eq!(rows.len(), 8 * FRAMES_PER_SECOND + 1);
        assert!((norm(&rows[16]) - 1.0).abs() < 1e-5);
        assert_eq!(rows[56], [0.0; CLASSES]);
        assert!(heard(&[], 1).iter().all(|row| *row == [0.0; CLASSES]));
    }
}
