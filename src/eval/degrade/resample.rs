//! Changes of sample rate and of speed, by windowed-sinc interpolation.

use std::f64::consts::PI;

use super::{Degradation, Piece, RATE, Scene, Take};

/// Zero crossings of the kernel on each side.
const WIDTH: usize = 24;
/// Kernel values kept per zero crossing; linear interpolation in between.
const STEPS: usize = 256;
/// Share of the narrower Nyquist band that passes.
const BAND: f64 = 0.94;

/// The family's rows.
pub(super) fn rows() -> Vec<Degradation> {
    let rates = [8_000.0, 11_025.0].map(|rate| {
        let name = format!("resampled to {} kHz", rate / 1_000.0);
        Degradation::signal("rate", &name, move |scene: &Scene<'_>, _| {
            let there = resample(scene.signal, rate / f64::from(RATE));
            let mut back = resample(&there, f64::from(RATE) / rate);
            back.resize(scene.signal.len(), 0.0);
            Take::aligned(scene, back)
        })
    });
    let speeds = [-0.10, -0.05, -0.02, 0.02, 0.05, 0.10].map(|change: f64| {
        let name = format!("speed {:+.0} %", change * 100.0);
        Degradation::signal("speed", &name, move |scene: &Scene<'_>, _| faster(scene, 1.0 + change))
    });
    rates.into_iter().chain(speeds).collect()
}

/// The signal played `factor` times as fast, so higher, too.
fn faster(scene: &Scene<'_>, factor: f64) -> Take {
    let out = resample(scene.signal, 1.0 / factor);
    let pieces = vec![Piece::whole(out.len(), factor)];
    Take { channels: vec![out], pieces }
}

/// `signal` with `ratio` times as many samples.
pub(super) fn resample(signal: &[f32], ratio: f64) -> Vec<f32> {
    let band = ratio.min(1.0) * BAND;
    let kernel = Kernel::new();
    let reach = WIDTH as f64 / band;
    let len = (signal.len() as f64 * ratio).round() as usize;
    (0..len)
        .map(|i| {
            let centre = i as f64 / ratio;
            let from = (centre - reach).ceil().max(0.0) as usize;
            let to = ((centre + reach).floor() as usize + 1).min(signal.len());
            let at = |j: usize| kernel.at((j as f64 - centre) * band);
            let sum: f64 = (from..to).map(|j| f64::from(signal[j]) * at(j)).sum();
            (sum * band) as f32
        })
        .collect()
}

/// A sinc under a Hann window, tabulated.
struct Kernel(Vec<f64>);

impl Kernel {
    fn new() -> Kernel {
        let value = |i: usize| {
            let x = i as f64 / STEPS as f64;
            let window = 0.5 + 0.5 * (PI * x / WIDTH as f64).cos();
            if i == 0 { 1.0 } else { (PI * x).sin() / (PI * x) * window }
        };
        // One more, so that interpolation at the very end finds its right neighbour.
        let mut table: Vec<f64> = (0..WIDTH * STEPS).map(value).collect();
        table.extend([0.0, 0.0]);
        Kernel(table)
    }

    fn at(&self, x: f64) -> f64 {
        let x = x.abs() * STEPS as f64;
        let (i, part) = (x as usize, x.fract());
        match self.0.get(i..i + 2) {
            Some(&[a, b]) => a + (b - a) * part,
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::degrade::tests::{check_rows, level_db, tone};

    #[test]
    fn rows_keep_length_and_repeat() {
        check_rows(rows());
    }

    #[test]
    fn a_tone_keeps_its_shape() {
        let signal = tone(1_000.0, 1.0);
        for ratio in [0.5, 0.9, 1.0 / 1.05, 1.1] {
            let out = resample(&signal, ratio);
            let step = 1_000.0 * 2.0 * PI / (f64::from(RATE) * ratio);
            let inner = 1_000..out.len() - 1_000;
            let error: Vec<f32> =
                inner.map(|i| out[i] - (0.5 * (step * i as f64).sin()) as f32).collect();
            assert!(level_db(&error) < level_db(&signal) - 55.0, "ratio {ratio}");
        }
    }

    #[test]
    fn what_the_low_rate_cannot_hold_is_gone() {
        let out = resample(&tone(6_000.0, 1.0), 0.5);
        assert!(level_db(&out[500..out.len() - 500]) < -60.0);
    }
}
