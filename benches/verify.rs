//! Speed of comparing a query with one candidate: twelve seconds of a laundered copy with the
//! recording it was made from (25 s), and with another one.

// A panic here is the report; criterion's macros write functions without docs.
#![allow(clippy::unwrap_used, missing_docs)]

use criterion::{Criterion, criterion_group, criterion_main};
use soundalike::fingerprint::constellation::TIME_UNITS_PER_SECOND;
use soundalike::scan::comparison::Comparison;
use soundalike::scan::null_model::NullModel;
use soundalike::scan::params::ScanParams;
use soundalike::scan::reference::Reference;
use soundalike::scan::transform::Transform;
use soundalike::scan::vote::{ByFrequency, PairHistogram};

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
    let (query, scan) = (&query, &ScanParams::V1);
    let seconds = points.duration_ms() as f64 / 1000.0;

    let mut group = c.benchmark_group("verify");
    group.bench_function("prepare a reference", |b| {
        b.iter(|| Reference::new(points.clone(), &PARAMS));
    });

    let by_frequency = ByFrequency::new(&points);
    let vote = || {
        let (from, to) = (query.duration, points.duration);
        PairHistogram::of_all(&query.points, from, &by_frequency, to, &scan.offsets).top()
    };
    let near = vote().into_iter().find(|(offset, _)| (offset - BEGIN).abs() < 10.0);
    let transform = Transform::shift(near.unwrap().0);
    group.bench_function("offsets", |b| b.iter(vote));
    group.bench_function("null model", |b| {
        b.iter(|| NullModel::new(&points, PARAMS.bins, &scan.null_model));
    });

    let (same, other) = (&Reference::new(points, &PARAMS), &Reference::new(other, &PARAMS));
    let pair = |reference| Comparison { query, reference, scan, fingerprint: &PARAMS };
    let (same, other) = (pair(same), pair(other));
    group.bench_function("estimate", |b| b.iter(|| same.estimate(&query.points, &transform)));
    group.bench_function("refine", |b| b.iter(|| same.refine(&query.points, transform)));
    group.bench_function("runs", |b| b.iter(|| same.runs(&query.points, &transform)));
    assert!(same.compare(seconds).is_some_and(|found| found.accepted()));
    group.bench_function("compare with the original", |b| b.iter(|| same.compare(seconds)));
    group.bench_function("compare with other music", |b| b.iter(|| other.compare(seconds)));
    group.finish();
}

criterion_group!(benches, verify);
criterion_main!(benches);
