//! Peaks of the demo's clips, and what a change of speed or pitch makes of them.

use std::path::Path;

use soundalike::audio::DecodeOptions;
use soundalike::fingerprint::Constellation;
use soundalike::fingerprint::file::fingerprint;
use soundalike::params::FingerprintParams;

pub const PARAMS: FingerprintParams = FingerprintParams::V1;

/// The peaks of a clip at `density` times those of a reference.
pub fn peaks(name: &str, density: f32) -> Constellation {
    let clip = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/demo").join(name);
    fingerprint(&clip, &PARAMS, density, &DecodeOptions::default()).unwrap().1
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
