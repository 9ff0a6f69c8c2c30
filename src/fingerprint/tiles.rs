//! The spectrogram of a whole file at several scales, cut into tiles: what a page shows while somebody zooms.
//!
//! The file is decoded once. A scale has half the columns of the one below it, as an image pyramid has; of long
//! files the finest scale is coarser, so that neither memory nor tiles grow with the length.

use std::path::Path;

use super::spectrogram::{GAMMA, GREYS, RANGE_DB, Spectrogram};
use super::spectrum::{Spectrum, UNITS_PER_DB};
use crate::audio::{AudioError, DecodeOptions, decode_file};
use crate::params::FingerprintParams;

/// Columns of a tile.
pub const TILE: usize = 512;
/// Columns of the finest scale, at most.
const MAX_COLUMNS: usize = 1 << 15;
/// Part of the fall of music's spectrum towards high frequencies that is evened out.
const EVENED: f32 = 0.6;
/// Bins on each side over which that fall is smoothed.
const SMOOTHED: usize = 27;
/// Share of the pixels that may be louder than black.
const BURNT: f64 = 0.003;
/// Pixels from which black is found.
const SAMPLED: usize = 1 << 18;

/// Scales of a spectrogram.
#[derive(Debug, Clone, PartialEq)]
pub struct Tiles {
    /// Length of a column of the finest scale, ms.
    pub column_ms: f64,
    /// Log-frequency bins.
    pub bins: usize,
    /// Scales, the finest first: column by column, the lowest bin first, 0 to 255 (loudest).
    scales: Vec<Vec<u8>>,
}

/// The spectrogram of the file at `path`.
///
/// # Errors
/// It cannot be decoded.
pub fn of_file(
    path: &Path,
    params: &FingerprintParams,
    options: &DecodeOptions,
) -> Result<Tiles, AudioError> {
    let mut gatherer = Gatherer::new(params.bins);
    let mut spectrum = Spectrum::new(&params.spectrum());
    decode_file(path, options, &mut |samples| spectrum.push(samples, |row| gatherer.add(row)))?;
    spectrum.finish(|row| gatherer.add(row));
    Ok(gatherer.developed(params.frame_seconds() * 1000.0))
}

/// Sums of levels in columns that grow with the file.
struct Gatherer {
    bins: usize,
    /// Frames in a column.
    frames: usize,
    /// Frames in the last column.
    filled: usize,
    sums: Vec<i32>,
}

impl Gatherer {
    fn new(bins: usize) -> Gatherer {
        Gatherer { bins, frames: 1, filled: 1, sums: Vec::new() }
    }

    fn add(&mut self, row: &[i16]) {
        if self.filled == self.frames {
            if self.sums.len() == MAX_COLUMNS * self.bins {
                self.halve();
            }
            if self.filled == self.frames {
                self.sums.resize(self.sums.len() + self.bins, 0);
                self.filled = 0;
            }
        }
        let last = self.sums.len() - self.bins;
        for (sum, level) in self.sums[last..].iter_mut().zip(row) {
            *sum += i32::from(*level);
        }
        self.filled += 1;
    }

    /// Joins columns two by two; their number is even, and all are full.
    fn halve(&mut self) {
        let bins = self.bins;
        for at in 0..self.sums.len() / (2 * bins) {
            for bin in 0..bins {
                let sum = self.sums[2 * at * bins + bin] + self.sums[(2 * at + 1) * bins + bin];
                self.sums[at * bins + bin] = sum;
            }
        }
        self.sums.truncate(self.sums.len() / 2);
        self.frames *= 2;
        self.filled = self.frames;
    }

    fn developed(self, frame_ms: f64) -> Tiles {
        let bins = self.bins;
        let columns = self.sums.len() / bins;
        let frames = |column: usize| match column + 1 == columns {
            true => self.filled.max(1),
            false => self.frames,
        };
        let mut levels: Vec<f32> = Vec::with_capacity(self.sums.len());
        for (column, sums) in self.sums.chunks_exact(bins).enumerate() {
            levels.extend(sums.iter().map(|sum| *sum as f32 / frames(column) as f32));
        }
        even_out(&mut levels, bins);
        let mut scales = vec![greys(&levels)];
        while let Some(last) = scales.last().filter(|last| last.len() > TILE * bins) {
            scales.push(halved(last, bins));
        }
        Tiles { column_ms: frame_ms * self.frames as f64, bins, scales }
    }
}

/// Takes most of the fall towards high frequencies away.
fn even_out(levels: &mut [f32], bins: usize) {
    let columns = (levels.len() / bins).max(1) as f32;
    let mut means = vec![0f64; bins];
    for column in levels.chunks_exact(bins) {
        means.iter_mut().zip(column).for_each(|(mean, level)| *mean += f64::from(*level));
    }
    let fall: Vec<f32> = (0..bins)
        .map(|bin| {
            let near = &means[bin.saturating_sub(SMOOTHED)..(bin + SMOOTHED + 1).min(bins)];
            let sum: f64 = near.iter().sum();
            (sum / near.len() as f64) as f32 / columns * EVENED
        })
        .collect();
    for column in levels.chunks_exact_mut(bins) {
        column.iter_mut().zip(&fall).for_each(|(level, fall)| *level -= fall);
    }
}

/// Levels as greys, from the loudest pixels down.
fn greys(levels: &[f32]) -> Vec<u8> {
    let step = levels.len().div_ceil(SAMPLED).max(1);
    let mut some: Vec<f32> = levels.iter().copied().step_by(step).collect();
    some.sort_by(f32::total_cmp);
    let black = some.len().saturating_sub(1 + (some.len() as f64 * BURNT) as usize);
    let black = some.get(black).copied().unwrap_or(0.0);
    let white = black - RANGE_DB * UNITS_PER_DB;
    let grey = |level: &f32| {
        let share = ((level - white) / (black - white)).clamp(0.0, 1.0);
        (share.powf(GAMMA) * 255.0).round() as u8
    };
    levels.iter().map(grey).collect()
}

/// The next scale.
fn halved(scale: &[u8], bins: usize) -> Vec<u8> {
    let mean = |pair: &[u8]| {
        let (a, b) = pair.split_at(bins.min(pair.len()));
        let both = |(bin, a): (usize, &u8)| match b.get(bin) {
            Some(b) => (u16::from(*a) + u16::from(*b)).div_ceil(2) as u8,
            None => *a,
        };
        a.iter().enumerate().map(both).collect::<Vec<u8>>()
    };
    scale.chunks(2 * bins).flat_map(mean).collect()
}

impl Tiles {
    /// Columns of each scale, the finest first.
    pub fn columns(&self) -> Vec<usize> {
        self.scales.iter().map(|scale| scale.len() / self.bins).collect()
    }

    /// The tile at this position of a scale.
    pub fn tile(&self, scale: usize, at: usize) -> Option<Spectrogram> {
        let scale = self.scales.get(scale)?;
        let all = scale.len() / self.bins;
        let from = at.checked_mul(TILE).filter(|from| *from < all)?;
        let width = TILE.min(all - from);
        let columns = scale.get(from * self.bins..(from + width) * self.bins)?;
        let step = 255 / u16::from(GREYS - 1);
        let place = |bin: usize, column: usize| {
            let grey = u16::from(columns[column * self.bins + bin]);
            ((grey + step / 2) / step) as u8
        };
        let pixels = (0..self.bins).rev().flat_map(|bin| (0..width).map(move |c| (bin, c)));
        let pixels = pixels.map(|(bin, column)| place(bin, column)).collect();
        Some(Spectrogram { width, height: self.bins, pixels })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::spectrogram;

    #[test]
    fn a_tile_shows_what_a_picture_of_the_same_stretch_shows() {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/demo/references/main-theme.ogg");
        let (params, options) = (FingerprintParams::V2, DecodeOptions::default());
        let tiles = of_file(&path, &params, &options).unwrap();
        let columns = tiles.columns();
        assert!(columns[0] > 1_200 && columns.is_sorted_by(|a, b| *a == b * 2 || *a == b * 2 - 1));
        assert!(*columns.last().unwrap() <= TILE);
        let tile = tiles.tile(0, 1).unwrap();
        assert_eq!((tile.width, tile.height), (TILE, params.bins));
        let ms = |column: usize| (column as f64 * tiles.column_ms) as u64;
        let range = (ms(TILE), ms(2 * TILE));
        let picture = spectrogram::of_file(&path, range, TILE, &params, &options).unwrap();
        let near = tile.pixels.iter().zip(&picture.pixels).filter(|(a, b)| a.abs_diff(**b) <= 3);
        assert!(near.count() > tile.pixels.len() * 8 / 10);
        assert_eq!(tiles.tile(0, columns[0] / TILE + 1), None);
        assert_eq!(tiles.tile(columns.len(), 0), None);
    }

    #[test]
    fn long_files_have_coarser_columns_and_every_frame_counts() {
        let mut gatherer = Gatherer::new(2);
        for frame in 0..2 * MAX_COLUMNS + 3 {
            // Loud at the very end only.
            let level = if frame >= 2 * MAX_COLUMNS { 9_000 } else { 0 };
            gatherer.add(&[level, -level]);
        }
        assert_eq!(gatherer.frames, 4);
        let tiles = gatherer.developed(16.0);
        assert_eq!(tiles.column_ms, 64.0);
        assert_eq!(tiles.columns()[0], MAX_COLUMNS / 2 + 1);
        let last = tiles.tile(0, MAX_COLUMNS / 2 / TILE).unwrap();
        assert_eq!((last.width, last.pixels.len()), (1, 2));
        assert!(last.pixels[1] > last.pixels[0]);
    }
}
