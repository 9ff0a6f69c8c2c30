//! Left and right become one signal that cannot cancel.
//!
//! Inverting one channel leaves a song sounding the same on two speakers, while the plain sum of
//! both loses everything they share: a known trick against fingerprints. So for every stretch the
//! louder one of sum and difference is taken. Which one is louder is the sign of the correlation;
//! it is smoothed over about a second and must clearly change before the choice does.

/// Length of one block, in seconds.
const BLOCK_S: f64 = 0.25;
/// Time constant of the smoothing, in seconds.
const SMOOTHING_S: f64 = 1.0;
/// Correlation (-1..1) that the other side must reach before the choice changes.
const HYSTERESIS: f64 = 0.05;
/// Length of the cross-fade at a change, in seconds.
const FADE_S: f64 = 0.01;
/// Mean square below which a block is silence and says nothing about correlation (-100 dB).
const SILENCE: f64 = 1e-10;

/// Mixes two channel groups block by block.
pub(super) struct Downmixer {
    /// Frames per block.
    block: usize,
    fade: usize,
    decay: f64,
    /// Smoothed product of both groups.
    cross: f64,
    /// Smoothed sum of their energies.
    energy: f64,
    /// What the right group is multiplied by: 1 for the sum, -1 for the difference, 0 as long as
    /// nothing has been heard.
    sign: f32,
}

impl Downmixer {
    /// A downmixer for a stream at `rate` Hz.
    pub(super) fn new(rate: u32) -> Self {
        let rate = f64::from(rate);
        Self {
            block: ((rate * BLOCK_S) as usize).max(1),
            fade: ((rate * FADE_S) as usize).max(1),
            decay: (-BLOCK_S / SMOOTHING_S).exp(),
            cross: 0.0,
            energy: 0.0,
            sign: 0.0,
        }
    }

    /// Number of frames that [`mix`](Self::mix) expects, except for the last block.
    pub(super) fn block(&self) -> usize {
        self.block
    }

    /// Mixes one block and appends the result to `output`.
    pub(super) fn mix(&mut self, left: &[f32], right: &[f32], output: &mut Vec<f32>) {
        let before = self.sign;
        let after = self.decide(Moments::of(left, right));
        let fading = if before == after || before == 0.0 { 0 } else { self.fade.min(left.len()) };
        for (i, (l, r)) in left.iter().zip(right).take(fading).enumerate() {
            let gain = before + (after - before) * (i as f32 / fading as f32);
            output.push(0.5 * (l + gain * r));
        }
        let half = 0.5 * after;
        let rest = right.get(fading..).unwrap_or_default();
        output.extend(left[fading..].iter().zip(rest).map(|(l, r)| 0.5 * l + half * r));
    }

    /// The sign for the block with these moments.
    fn decide(&mut self, block: Moments) -> f32 {
        let silent = block.energy <= SILENCE * block.frames;
        if !silent {
            self.cross = self.decay * self.cross + block.cross;
            self.energy = self.decay * self.energy + block.energy;
            let correlation = 2.0 * self.cross / self.energy;
            if self.sign == 0.0 {
                // The first audible block decides without hysteresis: an inverted copy must come
                // out as the mirror image of its original from the first sample on.
                self.sign = if correlation < 0.0 { -1.0 } else { 1.0 };
            } else if f64::from(self.sign) * correlation < -HYSTERESIS {
                self.sign = -self.sign;
            }
        }
        if self.sign == 0.0 { 1.0 } else { self.sign }
    }
}

/// Sums over one block, freed from DC: a constant offset in both channels must not pass for
/// correlation.
struct Moments {
    cross: f64,
    energy: f64,
    frames: f64,
}

impl Moments {
    fn of(left: &[f32], right: &[f32]) -> Self {
        const LANES: usize = 8;
        const STRIDE: usize = 4;
        let mut sums = [[0.0f32; LANES]; 4];
        let l_chunks = left.as_chunks::<LANES>().0;
        let r_chunks = right.as_chunks::<LANES>().0;
        let mut frames = 0.0;
        for (l, r) in l_chunks.iter().zip(r_chunks).step_by(STRIDE) {
            frames += LANES as f64;
            for i in 0..LANES {
                sums[0][i] += l[i];
                sums[1][i] += r[i];
                sums[2][i] += l[i] * r[i];
                sums[3][i] += l[i] * l[i] + r[i] * r[i];
            }
        }
        let [l, r, lr, energy] = sums.map(|lanes| lanes.iter().map(|&s| f64::from(s)).sum::<f64>());
        let count = f64::max(frames, 1.0);
        Self {
            cross: lr - l * r / count,
            energy: (energy - (l * l + r * r) / count).max(0.0),
            frames,
        }
    }
}

#[cfg(test)]
#[path = "downmix_tests.rs"]
mod tests;
