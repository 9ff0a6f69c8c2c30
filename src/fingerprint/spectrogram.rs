//! A picture of what the fingerprint sees: levels over time and log-frequency, in few greys.
//!
//! Drawn for reports from the same spectrum that the peaks are picked from, so that a constellation
//! laid over it lies where it should.

use std::path::Path;
use std::time::Duration;

use super::spectrum::{Spectrum, UNITS_PER_DB};
use crate::audio::{AudioError, DecodeOptions, decode_file};
use crate::params::FingerprintParams;

/// Greys of a picture.
pub const GREYS: u8 = 16;
/// Levels from white to black, in dB below the loudest: what is softer is white.
pub(super) const RANGE_DB: f32 = 45.0;
/// Above 1: middling levels come out lighter, so that what is laid over them can be seen.
pub(super) const GAMMA: f32 = 1.5;
/// Part of the fall of music's spectrum towards high frequencies that is evened out.
const EVENED: f32 = 0.6;
/// Share of the pixels that may be louder than black.
const BURNT: f64 = 0.003;

/// Levels of a stretch of audio as greys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spectrogram {
    /// Columns; the first begins where the stretch does.
    pub width: usize,
    /// Rows: log-frequency bins, the highest first.
    pub height: usize,
    /// Row by row: 0 (nothing) to [`GREYS`] - 1 (loudest).
    pub pixels: Vec<u8>,
}

/// Draws `path` from `begin_ms` to `end_ms` in at most `max_width` columns. Where the file ends
/// earlier, the rest stays empty.
pub fn of_file(
    path: &Path,
    (begin_ms, end_ms): (u64, u64),
    max_width: usize,
    params: &FingerprintParams,
    options: &DecodeOptions,
) -> Result<Spectrogram, AudioError> {
    let mut canvas = Canvas::new((begin_ms, end_ms), max_width, params);
    let mut spectrum = Spectrum::new(&params.spectrum());
    // Half a window beyond the end is heard in the last frame.
    let enough = Duration::from_millis(end_ms.saturating_add(1_000));
    let options =
        DecodeOptions { max_duration: options.max_duration.min(enough), ..options.clone() };
    decode_file(path, &options, &mut |samples| spectrum.push(samples, |row| canvas.add(row)))?;
    spectrum.finish(|row| canvas.add(row));
    Ok(canvas.develop())
}

/// Sums of levels for each column.
struct Canvas {
    begin: f64,
    seconds_per_column: f64,
    frame_seconds: f64,
    bins: usize,
    frame: u64,
    sums: Vec<i32>,
    counts: Vec<i32>,
}

impl Canvas {
    fn new((begin_ms, end_ms): (u64, u64), max_width: usize, params: &FingerprintParams) -> Canvas {
        let seconds = end_ms.saturating_sub(begin_ms) as f64 / 1000.0;
        let frames = (seconds / params.frame_seconds()).ceil().max(1.0);
        let width = frames.min(max_width.max(1) as f64) as usize;
        Canvas {
            begin: begin_ms as f64 / 1000.0,
            seconds_per_column: seconds.max(params.frame_seconds()) / width as f64,
            frame_seconds: params.frame_seconds(),
            bins: params.bins,
            frame: 0,
            sums: vec![0; width * params.bins],
            counts: vec![0; width],
        }
    }

    fn add(&mut self, row: &[i16]) {
        let time = self.frame as f64 * self.frame_seconds - self.begin;
        self.frame += 1;
        if time < 0.0 {
            return;
        }
        let column = (time / self.seconds_per_column) as usize;
        let Some(count) = self.counts.get_mut(column) else { return };
        *count += 1;
        let sums = &mut self.sums[column * self.bins..][..self.bins];
        for (sum, level) in sums.iter_mut().zip(row) {
            *sum += i32::from(*level);
        }
    }

    /// Means as greys, from the loudest pixels down.
    fn develop(self) -> Spectrogram {
        let (width, bins) = (self.counts.len(), self.bins);
        let mean = |column: usize, bin: usize| match self.counts[column] {
            0 => f32::NEG_INFINITY,
            n => self.sums[column * bins + bin] as f32 / n as f32,
        };
        let fall: Vec<f32> = (0..bins).map(|bin| row_level(&self, bin) * EVENED).collect();
        let level = |column: usize, bin: usize| mean(column, bin) - fall[bin];
        let mut all: Vec<f32> = (0..width)
            .flat_map(|c| (0..bins).map(move |b| (c, b)))
            .map(|(c, b)| level(c, b))
            .filter(|l| l.is_finite())
            .collect();
        all.sort_by(f32::total_cmp);
        let black = all.len().saturating_sub(1 + (all.len() as f64 * BURNT) as usize);
        let black = all.get(black).copied().unwrap_or(0.0);
        let white = black - RANGE_DB * UNITS_PER_DB;
        let grey = |(bin, column)| {
            let share = (level(column, bin) - white) / (black - white);
            (share.clamp(0.0, 1.0).powf(GAMMA) * f32::from(GREYS - 1)).round() as u8
        };
        let places = (0..bins).rev().flat_map(|bin| (0..width).map(move |column| (bin, column)));
        Spectrogram { width, height: bins, pixels: places.map(grey).collect() }
    }
}

/// Mean level of a bin over the whole picture, smoothed over an octave and a half.
fn row_level(canvas: &Canvas, bin: usize) -> f32 {
    let from = bin.saturating_sub(27);
    let to = (bin + 28).min(canvas.bins);
    let frames: i64 = canvas.counts.iter().map(|&n| i64::from(n)).sum();
    let sum: i64 = canvas
        .sums
        .chunks_exact(canvas.bins)
        .flat_map(|column| &column[from..to])
        .map(|&s| i64::from(s))
        .sum();
    sum as f32 / (frames.max(1) * (to - from) as i64) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demo(name: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/demo").join(name)
    }

    fn draw(range: (u64, u64), width: usize) -> Spectrogram {
        let path = demo("references/main-theme.ogg");
        of_file(&path, range, width, &FingerprintParams::V2, &DecodeOptions::default()).unwrap()
    }

    #[test]
    fn music_gives_a_picture_of_many_greys() {
        let picture = draw((5_000, 15_000), 300);
        assert_eq!((picture.width, picture.height), (300, 184));
        let mut seen = [0usize; GREYS as usize];
        for &p in &picture.pixels {
            seen[usize::from(p)] += 1;
        }
        assert!(seen.iter().all(|&n| n > 0), "{seen:?}");
        assert!(seen[0] < picture.pixels.len() / 2, "mostly white: {seen:?}");
    }

    #[test]
    fn beyond_the_end_there_is_nothing_and_short_stretches_are_not_stretched() {
        let picture = draw((20_000, 40_000), 100);
        let right = picture.pixels.chunks(100).map(|row| row[99]).max();
        assert_eq!(right, Some(0));
        assert_eq!(draw((1_000, 1_160), 1_000).width, 10);
    }

    #[test]
    fn a_stretch_is_the_same_in_a_longer_picture() {
        let whole = draw((0, 20_000), 200);
        let part = draw((10_000, 20_000), 100);
        let differ: usize = (0..184 * 100)
            .filter(|i| {
                let (row, column) = (i / 100, i % 100);
                let a = whole.pixels[row * 200 + 100 + column];
                a.abs_diff(part.pixels[row * 100 + column]) > 3
            })
            .count();
        assert!(differ < 184 * 100 / 20, "{differ}");
    }
}
