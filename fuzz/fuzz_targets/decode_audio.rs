//! Any bytes as an audio file: decoded or refused, within the caps, without a panic of ours.

#![no_main]

use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use soundalike::audio::{ANALYSIS_RATE, AudioError, DecodeOptions, decode_bytes};

const SECONDS: u64 = 5;

fuzz_target!(|data: &[u8]| {
    let options = DecodeOptions {
        max_duration: Duration::from_secs(SECONDS),
        timeout: Duration::from_secs(SECONDS),
        ..DecodeOptions::default()
    };
    let start = Instant::now();
    let mut samples = 0u64;
    let mut sink = |chunk: &[f32]| {
        assert!(chunk.iter().all(|s| s.is_finite()), "a sample that is no number");
        samples += chunk.len() as u64;
    };
    let decoded = decode_bytes("fuzz", data, &options, &mut sink);
    // A panic that the decoder caught is a row in a report for users, but a find here.
    if let Err(AudioError::Panicked { reason, .. }) = &decoded {
        eprintln!("the decoder panicked: {reason}");
        std::process::abort();
    }
    // One second of grace: the cap and the clock are looked at between packets.
    assert!(samples <= (SECONDS + 1) * u64::from(ANALYSIS_RATE), "{samples} samples");
    assert!(start.elapsed() < Duration::from_secs(3 * SECONDS), "{:?}", start.elapsed());
});
