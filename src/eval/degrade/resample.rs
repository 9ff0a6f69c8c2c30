//! Changes of sample rate and of speed, by windowed-sinc interpolation.

use std::f64::consts::PI;

use super::{Change, Degradation, Piece, RATE, Scene, Take};

/// Zero crossings of the kernel on each side.
const WIDTH: usize = 32;
/// Kernel values kept per zero crossing; linear interpolation in between.
const STEPS: usize = 256;
/// Share of the narrower Nyquist band that passes.
const BAND: f64 = 0.94;
/// Shape of the Kaiser window: what should not pass lies about 85 dB below.
const BETA: f64 = 8.5;
/// Played speeds; the range that the scanner is made for.
const SPEEDS: [f64; 6] = [0.80, 0.90, 0.98, 1.02, 1.10, 1.25];

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
    let speeds = SPEEDS.map(|factor| {
        let name = format!("speed {:+.0} %", (factor - 1.0) * 100.0);
        Degradation::signal("speed", &name, move |scene: &Scene<'_>, _| faster(scene, factor))
    });
    rates.into_iter().chain(speeds).collect()
}

/// The signal played `factor` times as fast, so higher, too.
fn faster(scene: &Scene<'_>, factor: f64) -> Take {
    let out = resample(scene.signal, 1.0 / factor);
    let pieces = vec![Piece::whole(out.len(), Change::speed(factor))];
    Take { channels: vec![out], pieces }
}

/// `signal` with `ratio` times as many samples.
pub(crate) fn resample(signal: &[f32], ratio: f64) -> Vec<f32> {
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

/// A sinc under a Kaiser window, tabulated.
struct Kernel(Vec<f64>);

impl Kernel {
    fn new() -> Kernel {
        let value = |i: usize| {
            let x = i as f64 / STEPS as f64;
            let edge = x / WIDTH as f64;
            let window = bessel_i0(BETA * (1.0 - edge * edge).sqrt()) / bessel_i0(BETA);
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

/// Modified Bessel function of the first kind, order zero, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for k in 1..40 {
        term *= (x / 2.0 / f64::from(k)).powi(2);
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::degrade::tests::{check_rows, level_db, tone};

    #[test]
    fn rows_keep_length_and_repeat() {
        check_rows(rows());
    }

    /// Level of the error of `resample`, in dB below a tone of `hz`, edges aside.
    fn error_db(hz: f64, ratio: f64) -> f64 {
        let signal = tone(hz, 1.0);
        let out = resample(&signal, ratio);
        let step = hz * 2.0 * PI / (f64::from(RATE) * ratio);
        let inner = 1_000..out.len() - 1_000;
        let error: Vec<f32> =
            inner.map(|i| out[i] - (0.5 * (step * i as f64).sin()) as f32).collect();
        level_db(&error) - level_db(&signal)
    }

    #[test]
    fn a_tone_keeps_its_shape_and_place() {
        for ratio in SPEEDS.map(|factor| 1.0 / factor).into_iter().chain([0.5, 0.6890625]) {
            // Up to 90 % of the band that the slower rate leaves.
            for share in [0.01, 0.1, 0.5, 0.9] {
                let hz = share * 0.5 * f64::from(RATE) * ratio.min(1.0) * BAND;
                let error = error_db(hz, ratio);
                assert!(error < -75.0, "{error} dB at {hz} Hz, ratio {ratio}");
            }
        }
    }

    #[test]
    fn what_the_low_rate_cannot_hold_is_gone() {
        for (hz, ratio) in [(6_000.0, 0.5), (7_000.0, 0.8)] {
            let out = resample(&tone(hz, 1.0), ratio);
            assert!(level_db(&out[500..out.len() - 500]) < -80.0, "{hz} Hz, ratio {ratio}");
        }
    }

    #[test]
    fn moments_of_a_faster_copy_map_back_to_the_source() {
        let clicks = [4_000usize, 20_000, 36_000];
        let mut signal = vec![0f32; 40_000];
        clicks.iter().for_each(|&c| signal[c] = 1.0);
        for factor in SPEEDS {
            let take = faster(&Scene { signal: &signal, other: &[] }, factor);
            let (out, piece) = (&take.channels[0], &take.pieces[0]);
            assert!((piece.change.cents - 1_200.0 * factor.log2()).abs() < 1e-9);
            assert!((piece.end_s * factor - 2.5).abs() < 1e-4, "{piece:?}");
            for click in clicks {
                let about = (click as f64 / factor) as usize;
                let near = about - 50..about + 50;
                let top = near.max_by(|&a, &b| out[a].total_cmp(&out[b])).unwrap();
                let source = piece.source_s(top as f64 / f64::from(RATE)) * f64::from(RATE);
                // Half a sample of the result, in samples of the source.
                assert!((source - click as f64).abs() <= 0.5 * factor + 1e-6, "{source} {click}");
            }
        }
    }
}
