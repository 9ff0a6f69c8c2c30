//! Material of the benchmarks, all of it from the repository.

use std::path::{Path, PathBuf};

use soundalike::audio::{ANALYSIS_RATE, DecodeOptions, decode_file};
use soundalike::fingerprint::{Constellation, Fingerprinter};
use soundalike::params::FingerprintParams;

/// Parameters of all benchmarks.
pub const PARAMS: FingerprintParams = FingerprintParams::V2;

/// The recordings of the demo that play the references: 25, 25, 25 and 20 seconds of music.
const REFERENCES: [&str; 4] = ["main-theme.ogg", "geoscape.ogg", "typing-to-jazz.ogg", "zalek.ogg"];

/// A file below `tests/data`.
pub fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// The analysis signal of a file below `tests/data`.
pub fn decoded(name: &str) -> Vec<f32> {
    let mut samples = Vec::new();
    let mut sink = |chunk: &[f32]| samples.extend_from_slice(chunk);
    decode_file(&data(name), &DecodeOptions::default(), &mut sink).unwrap();
    samples
}

/// A minute and a half of music: the references of the demo, one after the other.
pub fn music() -> Vec<f32> {
    REFERENCES.iter().flat_map(|name| decoded(&format!("demo/references/{name}"))).collect()
}

/// The peaks of `samples`, at `density` times the density of a reference.
pub fn peaks(samples: &[f32], density: f32) -> Constellation {
    let mut fingerprinter = Fingerprinter::new(&PARAMS, density);
    fingerprinter.push(samples);
    fingerprinter.finish()
}

/// Length of `samples` in milliseconds.
pub fn millis(samples: &[f32]) -> u64 {
    samples.len() as u64 * 1000 / u64::from(ANALYSIS_RATE)
}

/// SplitMix64: small, seeded, good enough.
pub struct Random(pub u64);

impl Random {
    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
