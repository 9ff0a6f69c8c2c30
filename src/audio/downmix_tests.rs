//! What must not get lost between two channels and one.

use super::*;
use crate::test_random::Random;

const RATE: u32 = 8_000;

/// Deterministic noise in -0.5..0.5.
fn noise(seed: u64, len: usize) -> Vec<f32> {
    Random::new(seed).noise(len, 0.5)
}

fn mixed(left: &[f32], right: &[f32]) -> Vec<f32> {
    let mut downmixer = Downmixer::new(RATE);
    let block = downmixer.block();
    let mut mono = Vec::new();
    for (l, r) in left.chunks(block).zip(right.chunks(block)) {
        downmixer.mix(l, r, &mut mono);
    }
    mono
}

fn stereo(shared: f32, seed: u64, len: usize) -> (Vec<f32>, Vec<f32>) {
    let (middle, a, b) = (noise(seed, len), noise(seed + 1, len), noise(seed + 2, len));
    let side = |own: &[f32]| middle.iter().zip(own).map(|(m, s)| shared * m + s).collect();
    (side(&a), side(&b))
}

fn inverted(x: &[f32]) -> Vec<f32> {
    x.iter().map(|s| -s).collect()
}

#[test]
fn inverting_one_channel_changes_at_most_the_sign() {
    for shared in [0.0, 0.3, 1.0, 5.0] {
        let (left, right) = stereo(shared, 7, 20 * RATE as usize);
        let original = mixed(&left, &right);
        assert_eq!(mixed(&left, &inverted(&right)), original, "right, {shared}");
        assert_eq!(inverted(&mixed(&inverted(&left), &right)), original, "left, {shared}");
    }
}

#[test]
fn identical_channels_pass_through() {
    let left = noise(3, 3 * RATE as usize);
    assert_eq!(mixed(&left, &left), left);
    assert_eq!(mixed(&left, &inverted(&left)), left);
}

#[test]
fn a_channel_inverted_midway_is_followed_within_a_second() {
    let second = RATE as usize;
    let (left, mut right) = stereo(3.0, 11, 20 * second);
    let original = mixed(&left, &right);
    for sample in &mut right[10 * second..] {
        *sample = -*sample;
    }
    let attacked = mixed(&left, &right);
    assert_eq!(attacked[..10 * second], original[..10 * second]);
    let after = 11 * second + second / 4;
    assert_eq!(attacked[after..], original[after..]);
}

#[test]
fn a_constant_offset_does_not_hide_an_inversion() {
    let (left, right) = stereo(3.0, 5, 4 * RATE as usize);
    let plain = mixed(&left, &inverted(&right));
    let offset = |x: &[f32]| -> Vec<f32> { x.iter().map(|s| s + 0.9).collect() };
    let shifted = mixed(&offset(&left), &offset(&inverted(&right)));
    let error = plain.iter().zip(&shifted).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(error < 1e-5, "{error}");
}

#[test]
fn silence_first_does_not_fix_the_choice() {
    let second = RATE as usize;
    let (mut left, mut right) = (vec![0.0; second], vec![0.0; second]);
    let (l, r) = stereo(3.0, 9, 4 * second);
    left.extend(&l);
    right.extend(inverted(&r));
    assert_eq!(mixed(&left, &right)[second..], mixed(&l, &r)[..]);
}
