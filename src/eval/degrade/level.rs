//! Loudness: a plain gain, and a compressor that changes the gain all the time.

use super::{Degradation, RATE, Scene, Take, rms};

/// Level above which the compressor acts, relative to the excerpt's RMS, in dB.
const THRESHOLD_DB: f64 = -10.0;
/// Decibels in for a decibel out above the threshold.
const RATIO: f64 = 6.0;
const ATTACK_S: f64 = 0.005;
const RELEASE_S: f64 = 0.1;

/// The family's rows.
pub(super) fn rows() -> Vec<Degradation> {
    vec![
        Degradation::signal("level", "gain -20 dB", |scene: &Scene<'_>, _| {
            Take::aligned(scene, scene.signal.iter().map(|s| s * 0.1).collect())
        }),
        Degradation::signal("level", "compressor 6:1", |scene: &Scene<'_>, _| {
            Take::aligned(scene, compress(scene.signal))
        }),
    ]
}

fn compress(signal: &[f32]) -> Vec<f32> {
    let usual = rms(signal);
    let threshold = 20.0 * usual.max(1e-9).log10() + THRESHOLD_DB;
    let pole = |seconds: f64| (-1.0 / (seconds * f64::from(RATE))).exp();
    let (attack, release) = (pole(ATTACK_S), pole(RELEASE_S));
    let mut envelope = 0f64;
    let squeezed: Vec<f32> = signal
        .iter()
        .map(|&s| {
            let level = f64::from(s.abs());
            let pole = if level > envelope { attack } else { release };
            envelope = level + pole * (envelope - level);
            let over = (20.0 * envelope.max(1e-9).log10() - threshold).max(0.0);
            let gain = 10f64.powf(-over * (1.0 - 1.0 / RATIO) / 20.0);
            s * gain as f32
        })
        .collect();
    // Make-up gain: as loud as before.
    let makeup = (usual / rms(&squeezed).max(1e-12)) as f32;
    squeezed.iter().map(|s| s * makeup).collect()
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
    fn differences_of_level_shrink_by_the_ratio() {
        let loud = tone(500.0, 1.0);
        let quiet: Vec<f32> = loud.iter().map(|s| s * 0.5).collect();
        let out = compress(&[loud.clone(), quiet.clone()].concat());
        let late = |part: &[f32]| level_db(&part[part.len() / 2..]);
        let (a, b) = out.split_at(loud.len());
        let before = late(&loud) - late(&quiet);
        let after = late(a) - late(b);
        assert!((after - before / RATIO).abs() < 0.5, "{before} dB became {after} dB");
        assert!((level_db(&out) - level_db(&[loud, quiet].concat())).abs() < 0.1);
    }
}
