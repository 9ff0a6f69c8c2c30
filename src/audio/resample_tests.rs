//! The resampler against the formula of a sine, and against itself.

use std::f64::consts::TAU;

use super::*;

const RATES: [u32; 12] = [
    8_000, 11_025, 12_000, 16_000, 22_050, 32_000, 44_056, 44_100, 48_000, 88_200, 96_000, 192_000,
];

fn sine(rate: u32, hz: f64, seconds: f64) -> Vec<f32> {
    (0..(f64::from(rate) * seconds) as usize)
        .map(|n| (TAU * hz * n as f64 / f64::from(rate)).sin() as f32)
        .collect()
}

fn resampled(rate: u32, input: &[f32], chunk: usize) -> Vec<f32> {
    let (mut resampler, mut output) = (Resampler::new(rate), Vec::new());
    for part in input.chunks(chunk) {
        resampler.push(part.len(), &mut output, |buffer| buffer.extend_from_slice(part));
    }
    resampler.finish(&mut output);
    output
}

/// Largest deviation from the ideal sine, away from the ends.
fn deviation(output: &[f32], hz: f64) -> f64 {
    let inner = 300..output.len() - 300;
    inner
        .map(|n| (f64::from(output[n]) - (TAU * hz * n as f64 / 16_000.0).sin()).abs())
        .fold(0.0, f64::max)
}

#[test]
fn sines_in_the_pass_band_keep_amplitude_and_phase() {
    for rate in RATES {
        let edge = 5_000f64.min(0.45 * f64::from(rate.min(16_000)));
        for hz in [150.0, 440.0, 1_234.5, 0.7 * edge, edge] {
            let output = resampled(rate, &sine(rate, hz, 0.5), 4_096);
            // At low rates the first image lies in the output band, just above the pass band; what
            // the filter leaves of it is bounded by its 70 dB as well.
            let limit = if rate == 44_056 { 2e-3 } else { 1e-3 };
            let error = deviation(&output, hz);
            assert!(error < limit, "{rate} Hz, {hz} Hz: deviation {error}");
        }
    }
}

#[test]
fn what_could_alias_into_the_pass_band_is_gone() {
    for (rate, hz) in
        [(44_100, 12_000.0), (44_100, 20_500.0), (48_000, 11_000.0), (96_000, 15_500.0)]
    {
        let output = resampled(rate, &sine(rate, hz, 1.0), 1_000);
        let rms = output[300..15_000].iter().map(|s| f64::from(s * s)).sum::<f64>() / 14_700.0;
        let db = 10.0 * (rms / 0.5).log10();
        assert!(db < -60.0, "{hz} Hz at {rate} Hz leaves {db:.1} dB");
    }
}

#[test]
fn chunking_does_not_matter() {
    for rate in RATES {
        let input = sine(rate, 997.0, 0.3);
        let whole = resampled(rate, &input, input.len());
        for chunk in [1, 7, 100, 1_153] {
            assert_eq!(resampled(rate, &input, chunk), whole, "{rate} Hz in chunks of {chunk}");
        }
    }
}

#[test]
fn length_is_exact() {
    for rate in RATES.into_iter().chain([1_000, 4_000, 384_000, 768_000]) {
        for len in [0usize, 1, 2, 17, 4_409, 44_101] {
            let expected = (len as f64 * 16_000.0 / f64::from(rate)).round() as usize;
            assert_eq!(resampled(rate, &vec![0.1; len], 512).len(), expected, "{rate} Hz, {len}");
        }
    }
}

#[test]
fn a_click_stays_where_it_is() {
    for rate in RATES {
        let mut input = vec![0.0; rate as usize];
        let at = rate as usize / 2 + 1;
        input[at] = 1.0;
        let output = resampled(rate, &input, 333);
        let loudest =
            (0..output.len()).max_by(|&a, &b| output[a].abs().total_cmp(&output[b].abs()));
        let expected = (at as f64 * 16_000.0 / f64::from(rate)).round() as usize;
        assert_eq!(loudest, Some(expected), "{rate} Hz");
    }
}
