//! Non-linear damage: clipping, overdrive, coarse quantisation, the telephone.

use super::eq::{chain, high_pass, low_pass};
use super::{Degradation, Scene, Take, peak};

/// +12 dB as a factor.
const DRIVE: f32 = 3.981;
/// Constant of the mu-law (ITU-T G.711).
const MU: f32 = 255.0;

/// The family's rows.
pub(super) fn rows() -> Vec<Degradation> {
    let row = |name, spoil: fn(&[f32]) -> Vec<f32>| {
        Degradation::signal("distortion", name, move |scene: &Scene<'_>, _| {
            Take::aligned(scene, spoil(scene.signal))
        })
    };
    vec![
        row("hard clipping +12 dB", clip),
        row("soft overdrive +12 dB", overdrive),
        row("8-bit quantisation", eight_bit),
        row("telephone, mu-law", telephone),
    ]
}

fn driven(signal: &[f32]) -> impl Iterator<Item = f32> + '_ {
    let scale = DRIVE / peak(signal).max(1e-9);
    signal.iter().map(move |s| s * scale)
}

fn clip(signal: &[f32]) -> Vec<f32> {
    driven(signal).map(|s| s.clamp(-1.0, 1.0)).collect()
}

fn overdrive(signal: &[f32]) -> Vec<f32> {
    driven(signal).map(f32::tanh).collect()
}

fn eight_bit(signal: &[f32]) -> Vec<f32> {
    signal.iter().map(|s| (s * 127.0).round().clamp(-128.0, 127.0) / 127.0).collect()
}

/// 300 to 3400 Hz, then eight bits on mu-law's scale.
fn telephone(signal: &[f32]) -> Vec<f32> {
    let mut out = signal.to_vec();
    chain(&high_pass(300.0), &mut out);
    chain(&low_pass(3_400.0), &mut out);
    let top = peak(&out).max(1e-9);
    out.iter().map(|s| mu_law(s / top) * top).collect()
}

/// Compresses, rounds to eight bits and expands.
fn mu_law(s: f32) -> f32 {
    let squeezed = (MU * s.abs()).ln_1p() / MU.ln_1p();
    let rounded = (squeezed * 127.0).round() / 127.0;
    s.signum() * (rounded * MU.ln_1p()).exp_m1() / MU
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::degrade::tests::{check_rows, level_db, music};

    #[test]
    fn rows_keep_length_and_repeat() {
        check_rows(rows());
    }

    #[test]
    fn clipping_flattens_the_top_quarter() {
        let out = clip(&music(1, 1.0));
        assert!((peak(&out) - 1.0).abs() < 1e-6);
        assert!(out.iter().filter(|s| s.abs() == 1.0).count() > out.len() / 100);
        assert!(peak(&overdrive(&music(1, 1.0))) < 1.0);
    }

    #[test]
    fn eight_bits_leave_256_levels() {
        let out = eight_bit(&music(1, 1.0));
        assert!(out.iter().all(|s| (s * 127.0 - (s * 127.0).round()).abs() < 1e-4));
    }

    #[test]
    fn mu_law_keeps_a_like_ratio_at_all_levels() {
        let signal = music(2, 1.0);
        for gain in [1.0, 0.1] {
            let quiet: Vec<f32> = signal.iter().map(|s| s * gain / peak(&signal)).collect();
            let error: Vec<f32> = quiet.iter().map(|s| mu_law(*s) - s).collect();
            let ratio = level_db(&quiet) - level_db(&error);
            assert!((25.0..45.0).contains(&ratio), "{ratio} dB");
        }
    }
}
