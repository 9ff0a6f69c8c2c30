//! Speed of decoding to the analysis signal, by format. Throughput counts samples at 16 kHz:
//! 16 Melem/s is a thousand times real time.

// A panic here is the report; criterion's macros write functions without docs.
#![allow(clippy::unwrap_used, missing_docs)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use soundalike::audio::{DecodeOptions, decode_bytes};

#[allow(dead_code)]
mod common;

/// The lossless ones are two seconds long, so that opening counts for more there.
const FILES: [&str; 6] = [
    "formats/reference.wav",
    "formats/flac.flac",
    "formats/alac.m4a",
    "demo/incoming/night-drive.mp3",
    "demo/incoming/summer-medley.m4a",
    "demo/references/main-theme.ogg",
];

fn decode(c: &mut Criterion) {
    let mut group = c.benchmark_group("decode");
    let options = DecodeOptions::default();
    for name in FILES {
        let bytes = std::fs::read(common::data(name)).unwrap();
        let run = || {
            let mut samples = 0;
            decode_bytes(name, &bytes, &options, &mut |s| samples += s.len()).unwrap();
            samples
        };
        group.throughput(Throughput::Elements(run() as u64));
        group.bench_function(name, |b| b.iter(run));
    }
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
