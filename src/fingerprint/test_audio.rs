//! Real recordings for the tests.

use std::path::Path;

use crate::audio::{DecodeOptions, decode_file};

/// The analysis signal of a file below `tests/data`.
pub(crate) fn clip(name: &str) -> Vec<f32> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    let mut samples = Vec::new();
    let mut sink = |chunk: &[f32]| samples.extend_from_slice(chunk);
    decode_file(&path, &DecodeOptions::default(), &mut sink).unwrap();
    samples
}
