//! Time without sound, measured while the samples stream by.
//!
//! Judged on the analysis signal, in which inverted channels do not cancel (see
//! `audio::downmix`), and without its mean, so that an offset is no sound. What lies above the
//! analysis band alone (8 kHz on) is not heard here.

use multiversion::multiversion;

/// Samples that are summed side by side.
const LANES: usize = 8;
/// Length of a block in seconds.
const BLOCK_S: f64 = 0.064;
/// RMS level in dB of full scale below which a block is silent. Fade-outs and quiet openings pass
/// through here within a second or two; at a listening level that suits the rest of the record
/// this is inaudible.
const SILENT_DB: f64 = -65.0;

/// Silence of a stream, in samples.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Silence {
    /// All of it.
    pub total: u64,
    /// Before the first sound.
    pub leading: u64,
    /// After the last sound.
    pub trailing: u64,
    /// The longest stretch.
    pub longest: u64,
}

/// Streaming meter: push samples, take the silence.
pub struct SilenceMeter {
    block: usize,
    silent_power: f64,
    /// Of the block in progress: samples, the first of them, and what the others differ from it
    /// (so that an offset takes no digits away): sum and sum of squares.
    samples: usize,
    pivot: f32,
    sum: f64,
    squares: f64,
    found: Silence,
    /// Length of the silence in progress.
    run: u64,
    sounded: bool,
}

impl SilenceMeter {
    /// A meter for a stream at `rate` Hz.
    pub fn new(rate: u32) -> Self {
        SilenceMeter {
            block: ((f64::from(rate) * BLOCK_S) as usize).max(1),
            silent_power: 10f64.powf(SILENT_DB / 10.0),
            samples: 0,
            pivot: 0.0,
            sum: 0.0,
            squares: 0.0,
            found: Silence::default(),
            run: 0,
            sounded: false,
        }
    }

    /// Takes the next samples.
    pub fn push(&mut self, mut samples: &[f32]) {
        while !samples.is_empty() {
            let (now, later) = samples.split_at(samples.len().min(self.block - self.samples));
            if self.samples == 0 {
                self.pivot = now[0];
            }
            let (sum, squares) = sums(now, self.pivot);
            self.samples += now.len();
            self.sum += sum;
            self.squares += squares;
            if self.samples == self.block {
                self.judge();
            }
            samples = later;
        }
    }

    /// Ends the stream.
    pub fn finish(&mut self) -> Silence {
        if self.samples > 0 {
            self.judge();
        }
        self.found.trailing = self.run;
        if !self.sounded {
            self.found.leading = self.run;
        }
        self.found.clone()
    }

    /// Decides about the block in progress.
    fn judge(&mut self) {
        let n = self.samples as f64;
        let power = (self.squares - self.sum * self.sum / n) / n;
        if power < self.silent_power {
            self.run += self.samples as u64;
            self.found.total += self.samples as u64;
            self.found.longest = self.found.longest.max(self.run);
        } else {
            if !self.sounded {
                self.found.leading = self.run;
            }
            self.sounded = true;
            self.run = 0;
        }
        (self.samples, self.sum, self.squares) = (0, 0.0, 0.0);
    }
}

/// Sum of the differences from `pivot`, and of their squares.
#[multiversion(targets("x86_64+avx2"))]
fn sums(samples: &[f32], pivot: f32) -> (f64, f64) {
    let (mut sums, mut squares) = ([0f32; LANES], [0f32; LANES]);
    let (chunks, rest) = samples.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            let x = chunk[lane] - pivot;
            sums[lane] += x;
            squares[lane] += x * x;
        }
    }
    for (lane, x) in rest.iter().enumerate() {
        let x = x - pivot;
        sums[lane] += x;
        squares[lane] += x * x;
    }
    let total = |lanes: [f32; LANES]| lanes.iter().map(|&x| f64::from(x)).sum();
    (total(sums), total(squares))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 16_000;

    fn measured(samples: &[f32]) -> Silence {
        let mut meter = SilenceMeter::new(RATE);
        samples.chunks(777).for_each(|chunk| meter.push(chunk));
        meter.finish()
    }

    /// `seconds` of a 440 Hz tone whose RMS is `db`, on top of `offset`.
    fn tone(seconds: f64, db: f64, offset: f32) -> Vec<f32> {
        let peak = 2f64.sqrt() * 10f64.powf(db / 20.0);
        let at = |i: usize| (std::f64::consts::TAU * 440.0 * i as f64 / f64::from(RATE)).sin();
        let samples = (seconds * f64::from(RATE)) as usize;
        (0..samples).map(|i| (peak * at(i)) as f32 + offset).collect()
    }

    fn seconds(samples: u64) -> f64 {
        samples as f64 / f64::from(RATE)
    }

    #[test]
    fn padding_and_gaps_are_told_apart() {
        let parts = [(5.0, -70.0), (10.0, -20.0), (7.0, -80.0), (10.0, -50.0), (3.0, -200.0)];
        let track: Vec<f32> = parts.iter().flat_map(|&(s, db)| tone(s, db, 0.0)).collect();
        let found = measured(&track);
        let near = |samples: u64, expected: f64| (seconds(samples) - expected).abs() < 0.15;
        assert!(near(found.leading, 5.0), "{found:?}");
        assert!(near(found.longest, 7.0), "{found:?}");
        assert!(near(found.trailing, 3.0), "{found:?}");
        assert!(near(found.total, 15.0), "{found:?}");
    }

    #[test]
    fn an_offset_is_no_sound() {
        let track = tone(10.0, -75.0, 0.7);
        let all = track.len() as u64;
        let silent = Silence { total: all, leading: all, trailing: all, longest: all };
        assert_eq!(measured(&track), silent);
        assert_eq!(measured(&tone(10.0, -55.0, 0.7)), Silence::default());
        assert_eq!(measured(&[]), Silence::default());
    }
}
