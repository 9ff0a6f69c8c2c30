//! Speed of comparing a query with one candidate: twelve seconds of a laundered copy with the
//! recording it was made from (25 s), and with another one.

// A panic here is the report; criterion's macros write functions without docs.
#![allow(clippy::unwrap_used, missing_docs)]

use criterion::{Criterion, criterion_group, criterion_main};
use soundalike::fingerprint::constellation::TIME_UNITS_PER_SECOND;
use soundalike::scan::align::{ByFrequency, offsets, refine};
use soundalike::scan::background::Background;
use soundalike::scan::compare::compare;
use soundalike::scan::matcher::{MatchParams, Reference};
use soundalike::scan::transform::Transform;
use soundalike::scan::verify::{estimate, runs};

#[allow(dead_code)]
mod common;
use common::PARAMS;

/// Where the query begins in the reference, in time units (7.37 s, see the demo's README).
const BEGIN: f64 = 7.37 * TIME_UNITS_PER_SECOND;

fn verify(c: &mut Criterion) {
    let peaks = |name, density| common::peaks(&common::decoded(name), density);
    let query = peaks("demo/incoming/night-drive.mp3", PARAMS.query_density);
    let points = peaks("demo/references/main-theme.ogg", 1.0);
    let other = peaks("demo/references/geoscape.ogg", 1.0);
    let params = MatchParams::default();
    let seconds = points.duration_ms() as f64 / 1000.0;

    let mut group = c.benchmark_group("verify");
    group.bench_function("prepare a reference", |b| {
        b.iter(|| Reference::new(points.clone(), &PARAMS));
    });

    let by_frequency = ByFrequency::new(&points);
    let vote =
        || offsets(&query.points, query.duration, &by_frequency, points.duration, &params.align);
    let near = vote().into_iter().find(|(offset, _)| (offset - BEGIN).abs() < 10.0);
    let transform = Transform::shift(near.unwrap().0);
    group.bench_function("offsets", |b| b.iter(vote));

    let background = Background::new(&points, PARAMS.bins);
    group.bench_function("estimate", |b| {
        b.iter(|| estimate(&query.points, &points, &background, &transform, &params.verify));
    });
    group.bench_function("refine", |b| {
        b.iter(|| refine(&query.points, &points, transform, &params.align, &params.verify));
    });
    group.bench_function("runs", |b| {
        b.iter(|| runs(&query.points, &points, &background, &transform, &params.verify));
    });

    let same = Reference::new(points, &PARAMS);
    let other = Reference::new(other, &PARAMS);
    assert!(
        compare(&query, &same, seconds, &PARAMS, &params).is_some_and(|found| found.accepted())
    );
    group.bench_function("compare with the original", |b| {
        b.iter(|| compare(&query, &same, seconds, &PARAMS, &params));
    });
    group.bench_function("compare with other music", |b| {
        b.iter(|| compare(&query, &other, seconds, &PARAMS, &params));
    });
    group.finish();
}

criterion_group!(benches, verify);
criterion_main!(benches);
