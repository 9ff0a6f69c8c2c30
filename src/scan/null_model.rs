//! Null model: how many of a reference's peaks chance would meet, by time and frequency (the *background* of Karlin
//! and Altschul 1990).
//!
//! A peak that lands on a peak means little where peaks are dense (a held note, a hi-hat) and much where they are
//! sparse. The density is estimated per frequency bin over a few seconds around each moment (a kernel estimate), so
//! that shared tonality and shared drum patterns are worth what they are worth.

use super::params::NullModelParams;
use crate::fingerprint::Constellation;
use crate::fingerprint::constellation::FREQ_UNITS_PER_BIN;

/// Peak density of one track over (time, frequency).
pub struct NullModel {
    /// Length of a block in time units.
    block: u32,
    bins: usize,
    blocks: usize,
    /// Peaks per time unit and frequency unit, `blocks` rows of `bins`. Not their logarithms: of these
    /// thousands, a comparison with unrelated music asks for some dozens.
    density: Vec<f32>,
    /// Peaks per time unit, all frequencies, one a block.
    rate: Vec<f64>,
}

impl NullModel {
    /// Measures the densities of `track` on an axis of `bins` bins.
    pub fn new(track: &Constellation, bins: usize, params: &NullModelParams) -> NullModel {
        let (length, prior) = (params.block, params.prior);
        let blocks = (track.duration / length) as usize + 1;
        let mut counts = vec![0f32; blocks * bins];
        for p in &track.points {
            let bin = usize::from(p.freq) / FREQ_UNITS_PER_BIN as usize;
            let block = (p.time / length) as usize;
            if let Some(c) = counts.get_mut(block * bins + bin.min(bins - 1)) {
                *c += 1.0;
            }
        }
        let smooth = smooth_bins(&counts, bins, &params.kernel);
        let mut density = vec![0f32; blocks * bins];
        let mut rate = vec![0f64; blocks];
        for block in 0..blocks {
            let near = block.saturating_sub(1)..(block + 2).min(blocks);
            let row = &mut density[block * bins..(block + 1) * bins];
            for n in near.clone() {
                for (d, s) in row.iter_mut().zip(&smooth[n * bins..(n + 1) * bins]) {
                    *d += s;
                }
            }
            rate[block] =
                f64::from(row.iter().sum::<f32>()) / (near.len() as f64 * f64::from(length));
            let mean = row.iter().sum::<f32>() / bins as f32;
            let area = near.len() as f32 * length as f32 * FREQ_UNITS_PER_BIN as f32;
            for d in row.iter_mut() {
                *d = (*d + prior * mean + params.floor) / ((1.0 + prior) * area);
            }
        }
        NullModel { block: params.block, bins, blocks, density, rate }
    }

    /// Peaks per time unit around a reference time, over all frequencies.
    pub fn rate(&self, time: f64) -> f64 {
        self.rate[((time.max(0.0) as u32 / self.block) as usize).min(self.blocks - 1)]
    }

    /// The density at a reference position, in peaks per time and frequency unit; above 0.
    pub fn density(&self, time: f64, freq: f64) -> f32 {
        let block = ((time.max(0.0) as u32 / self.block) as usize).min(self.blocks - 1);
        let bin = ((freq.max(0.0) / FREQ_UNITS_PER_BIN) as usize).min(self.bins - 1);
        self.density[block * self.bins + bin]
    }
}

fn smooth_bins(counts: &[f32], bins: usize, kernel: &[f32]) -> Vec<f32> {
    let half = kernel.len() / 2;
    let mut out = vec![0f32; counts.len()];
    for (row, smooth) in counts.chunks(bins).zip(out.chunks_mut(bins)) {
        for (b, &count) in row.iter().enumerate().filter(|(_, c)| **c > 0.0) {
            for (k, w) in kernel.iter().enumerate() {
                // Mass beyond the edge stays on the edge bin.
                let to = (b + k).saturating_sub(half).min(bins - 1);
                smooth[to] += w * count;
            }
        }
    }
    out
}
