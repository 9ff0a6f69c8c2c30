//! Speed of the candidate search: the exact scan against the HNSW graph, by size of the index.
//! Throughput counts queries; a block of a query asks about a hundred at once.
//!
//! Codes are those of real windows. Every track carries them under a noise of its own (30 % of the
//! bits, so tracks lie as far apart as different music) and one per window (5 %); queries are stored
//! codes with 12 % of their bits flipped.

// A panic here is the report; criterion's macros write functions without docs.
#![allow(clippy::unwrap_used, missing_docs)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use soundalike::fingerprint::descriptor;
use soundalike_index::{
    Code, ParamsId, Reader, SearchMode, SearchOptions, TrackMeta, TrackRecord, Window, Writer,
};

#[allow(dead_code)]
mod common;
use common::{PARAMS, Random};

const SIZES: [usize; 2] = [10_000, 100_000];
const WINDOWS_PER_TRACK: usize = 200;
const QUERIES: usize = 96;
/// Nearest codes fetched per query.
const HITS: usize = 64;

/// A mask in which every bit is set with this probability.
fn noise(random: &mut Random, percent: u64) -> Code {
    let mut mask = Code::default();
    for bit in 0..256 {
        mask[bit / 64] |= u64::from(random.next() % 100 < percent) << (bit % 64);
    }
    mask
}

fn flipped(code: &Code, mask: &Code) -> Code {
    std::array::from_fn(|i| code[i] ^ mask[i])
}

fn tracks(count: usize, random: &mut Random) -> Vec<TrackRecord> {
    let points = common::peaks(&common::music(), 1.0);
    let windows = descriptor::windows(&points, points.duration / 210, &PARAMS);
    assert!(windows.len() >= WINDOWS_PER_TRACK);
    let track = |t: usize| {
        let own = noise(random, 30);
        let windows = windows[..WINDOWS_PER_TRACK]
            .iter()
            .map(|w| {
                let code = flipped(&flipped(&w.code, &own), &noise(random, 5));
                Window { space: 0, time: w.time, code }
            })
            .collect();
        let mut sha256 = [0; 32];
        sha256[..8].copy_from_slice(&(t as u64).to_le_bytes());
        let meta = TrackMeta { ref_id: format!("t{t}"), sha256, ..TrackMeta::default() };
        TrackRecord { meta, payloads: Vec::new(), windows }
    };
    (0..count).map(track).collect()
}

fn search(c: &mut Criterion) {
    let mut group = c.benchmark_group("search");
    group.sample_size(20);
    group.throughput(Throughput::Elements(QUERIES as u64));
    for size in SIZES {
        let mut random = Random(1);
        let tracks = tracks(size / WINDOWS_PER_TRACK, &mut random);
        let queries: Vec<Code> = (0..QUERIES)
            .map(|_| {
                let track = &tracks[random.next() as usize % tracks.len()];
                let window = &track.windows[random.next() as usize % track.windows.len()];
                flipped(&window.code, &noise(&mut random, 12))
            })
            .collect();
        let folder = tempfile::tempdir().unwrap();
        let params = ParamsId { digest: [0; 32], description: "bench".into() };
        Writer::open_or_create(folder.path(), params).unwrap().commit(tracks).unwrap();
        let index = Reader::open(folder.path()).unwrap();
        for (name, mode) in [("exact", SearchMode::Exact), ("hnsw", SearchMode::Hnsw)] {
            let options = SearchOptions { mode, k: HITS, ..SearchOptions::default() };
            group.bench_function(BenchmarkId::new(name, size), |b| {
                b.iter(|| index.search(0, &queries, &options));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, search);
criterion_main!(benches);
