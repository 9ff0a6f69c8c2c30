//! White and pink noise at an exact signal-to-noise ratio.

use super::{Degradation, Rng, Scene, Take, rms};

/// The family's rows.
pub(super) fn rows() -> Vec<Degradation> {
    let row = |kind: &str, db: f64, noise: fn(usize, &mut Rng) -> Vec<f32>| {
        Degradation::signal(
            "noise",
            &format!("{kind} noise {db:.0} dB"),
            move |scene: &Scene<'_>, rng: &mut Rng| {
                Take::aligned(scene, add(scene.signal, &noise(scene.signal.len(), rng), db))
            },
        )
    };
    let white = [15.0, 10.0, 5.0, 0.0].map(|db| row("white", db, white));
    let pink = [10.0, 5.0, 0.0].map(|db| row("pink", db, pink));
    white.into_iter().chain(pink).collect()
}

/// `signal` with `noise` so scaled that it lies `snr_db` below.
pub(super) fn add(signal: &[f32], noise: &[f32], snr_db: f64) -> Vec<f32> {
    let wanted = rms(signal) / 10f64.powf(snr_db / 20.0);
    let scale = (wanted / rms(noise).max(1e-12)) as f32;
    // A shorter disturbance repeats.
    signal.iter().zip(noise.iter().cycle()).map(|(s, n)| s + n * scale).collect()
}

/// White Gaussian noise.
pub(super) fn white(len: usize, rng: &mut Rng) -> Vec<f32> {
    (0..len).map(|_| rng.normal() as f32).collect()
}

/// Noise that falls by 3 dB an octave: white noise through one-pole low-passes an octave or two
/// apart (Paul Kellet's "economy" filter, within about 0.5 dB).
fn pink(len: usize, rng: &mut Rng) -> Vec<f32> {
    let mut b = [0.0; 3];
    let mut next = || {
        let white = rng.normal();
        b[0] = 0.997_65 * b[0] + white * 0.099_046;
        b[1] = 0.963_00 * b[1] + white * 0.296_516_4;
        b[2] = 0.570_00 * b[2] + white * 1.052_691_3;
        (b.iter().sum::<f64>() + white * 0.184_8) as f32
    };
    (0..len).map(|_| next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::degrade::eq::{chain, high_pass, low_pass};
    use crate::eval::degrade::tests::{check_rows, level_db, music};

    #[test]
    fn rows_keep_length_and_repeat() {
        check_rows(rows());
    }

    #[test]
    fn the_ratio_is_exact() {
        let signal = music(1, 3.0);
        let mut rng = Rng::new(1, &[]);
        for make in [white, pink] {
            for db in [15.0, 5.0, 0.0] {
                let out = add(&signal, &make(signal.len(), &mut rng), db);
                let noise: Vec<f32> = out.iter().zip(&signal).map(|(o, s)| o - s).collect();
                let got = level_db(&signal) - level_db(&noise);
                assert!((got - db).abs() < 0.1, "{got} dB instead of {db} dB");
            }
        }
    }

    #[test]
    fn pink_noise_has_like_power_in_every_octave() {
        let noise = pink(400_000, &mut Rng::new(3, &[]));
        let band = |hz: f64| {
            let mut out = noise.clone();
            chain(&high_pass(hz), &mut out);
            chain(&low_pass(2.0 * hz), &mut out);
            level_db(&out)
        };
        let levels = [150.0, 300.0, 600.0, 1_200.0, 2_400.0].map(band);
        let spread = levels.iter().fold(f64::MIN, |a, &b| a.max(b))
            - levels.iter().fold(f64::MAX, |a, &b| a.min(b));
        assert!(spread < 2.0, "{levels:?}");
    }
}
