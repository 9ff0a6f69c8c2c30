//! Speed of the front end, stage by stage. Throughput counts milliseconds of audio: 1 Melem/s is a
//! thousand times real time.

// A panic here is the report; criterion's macros write functions without docs.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use soundalike::fingerprint::peaks::PeakPicker;
use soundalike::fingerprint::spectrum::Spectrum;
use soundalike::fingerprint::{Constellation, descriptor};

#[allow(dead_code)]
mod common;
use common::PARAMS;

/// About what one decoded packet holds.
const CHUNK: usize = 1_152;
/// Distance between the windows of a short query, in time units.
const QUERY_HOP: u32 = 16;

fn rows(samples: &[f32], mut emit: impl FnMut(&[i16])) {
    let mut spectrum = Spectrum::new(&PARAMS.spectrum());
    for chunk in samples.chunks(CHUNK) {
        spectrum.push(chunk, &mut emit);
    }
    spectrum.finish(&mut emit);
}

fn fingerprint(c: &mut Criterion) {
    let music = common::music();
    let mut levels = Vec::new();
    rows(&music, |row| levels.push(row.to_vec()));
    let points: Constellation = common::peaks(&music, 1.0);

    let mut group = c.benchmark_group("fingerprint");
    group.throughput(Throughput::Elements(common::millis(&music)));
    group.bench_function("spectrum", |b| {
        b.iter(|| rows(&music, |row| _ = black_box(row)));
    });
    group.bench_function("peaks", |b| {
        b.iter(|| {
            let mut picker = PeakPicker::new(&PARAMS, 1.0);
            levels.iter().for_each(|row| picker.push(row));
            picker.finish()
        });
    });
    group.bench_function("whole", |b| b.iter(|| common::peaks(&music, 1.0)));
    group.bench_function("windows of a reference", |b| {
        b.iter(|| descriptor::windows(&points, PARAMS.reference_hop, &PARAMS));
    });
    group.bench_function("windows of a query", |b| {
        b.iter(|| descriptor::windows(&points, QUERY_HOP, &PARAMS));
    });
    group.bench_function("store and load", |b| {
        b.iter(|| Constellation::from_bytes(&points.to_bytes()).unwrap());
    });
    group.finish();
}

criterion_group!(benches, fingerprint);
criterion_main!(benches);
