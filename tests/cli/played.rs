//! Pieces played anew, and works that chance is measured by.

use std::path::PathBuf;

use crate::place::Place;
use crate::test_random::Random;

/// Works that chance is measured by; with fewer nothing is told.
pub const OTHERS: usize = 32;

/// A rendering of a piece: `band.ogg`, `piano.ogg` (the same, played anew), `other.ogg`.
pub fn piece(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/works").join(name);
    path.to_str().unwrap().to_owned()
}

/// Chords of three tones over noise, each for a second or two, in no order.
fn music(random: &mut Random, seconds: usize) -> Vec<i16> {
    let rate = 16_000.0;
    let (mut tones, mut left) = ([0.0; 3], 0);
    let sample = |i: usize| {
        if left == 0 {
            let root = 130.0 * 2f64.powf(f64::from(random.below(12)) / 12.0);
            let third = if random.below(2) == 0 { 3.0 } else { 4.0 };
            tones = [0.0, third, 7.0].map(|step: f64| root * 2f64.powf(step / 12.0));
            left = 16_000 * (1 + random.below(2) as usize);
        }
        left -= 1;
        let t = i as f64 / rate;
        // With overtones, as strings have them.
        let tone = |hz: f64| -> f64 {
            (1..=6)
                .map(|h| (std::f64::consts::TAU * hz * f64::from(h) * t).sin() / f64::from(h))
                .sum()
        };
        let noise = f64::from(random.below(400)) - 200.0;
        (2_000.0 * tones.iter().map(|hz| tone(*hz)).sum::<f64>() + noise) as i16
    };
    (0..seconds * 16_000).map(sample).collect()
}

/// A place with works of no name in `others`.
pub fn place() -> Place {
    let place = Place::empty();
    std::fs::create_dir(place.path("others")).unwrap();
    let mut random = Random::new(11);
    for number in 0..OTHERS {
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 16_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let path = place.path(&format!("others/{number:02}.wav"));
        let mut wav = hound::WavWriter::create(path, spec).unwrap();
        music(&mut random, 24).iter().for_each(|s| wav.write_sample(*s).unwrap());
        wav.finalize().unwrap();
    }
    place
}
