//! Peaks of the demo's clips, and what a change of speed or pitch makes of them.

use std::path::Path;

use soundalike::audio::{DecodeOptions, decode_file};
use soundalike::fingerprint::{Constellation, Fingerprinter};
use soundalike::params::FingerprintParams;

pub const PARAMS: FingerprintParams = FingerprintParams::V2;

/// The samples of a clip, as they are analysed.
pub fn samples(name: &str) -> Vec<f32> {
    let clip = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/demo").join(name);
    let mut all = Vec::new();
    decode_file(&clip, &DecodeOptions::default(), &mut |part| all.extend_from_slice(part)).unwrap();
    all
}

/// The peaks of samples at `density` times those of a reference.
pub fn peaks_of(samples: &[f32], density: f32) -> Constellation {
    let mut fingerprinter = Fingerprinter::new(&PARAMS, density);
    fingerprinter.push(samples);
    fingerprinter.finish()
}

/// The peaks of a clip at `density` times those of a reference.
pub fn peaks(name: &str, density: f32) -> Constellation {
    peaks_of(&samples(name), density)
}

/// `track` played `speed` times as fast and `cents` higher.
pub fn changed(track: &Constellation, speed: f64, cents: f64) -> Constellation {
    let shift = cents / 1200.0 * 36.0 * 8.0;
    let mut copy = track.clone();
    copy.duration = (f64::from(copy.duration) / speed) as u32;
    copy.points.retain_mut(|p| {
        p.time = (f64::from(p.time) / speed).round() as u32;
        let freq = f64::from(p.freq) + shift;
        p.freq = freq.round().max(0.0) as u16;
        p.time <= copy.duration && (0.0..1_472.0).contains(&freq)
    });
    copy.points.sort_unstable();
    copy
}
