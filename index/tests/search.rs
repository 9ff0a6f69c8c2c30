//! Search against slow and obvious twins.

#![allow(clippy::unwrap_used)] // helpers too: a panic in a test is the report

mod common;

use common::{Random, meta, params, tracks};
use soundalike_index::{Code, Hit, Reader, SearchMode, SearchOptions, TrackRecord, Window, Writer};

fn options(mode: SearchMode, k: usize) -> SearchOptions {
    SearchOptions { mode, k, ..SearchOptions::default() }
}

/// Bit by bit, over the public view of the tracks.
fn naive(reader: &Reader, space: u8, query: &Code, k: usize, max_distance: u32) -> Vec<Hit> {
    let mut hits = Vec::new();
    for (track, _) in reader.tracks() {
        for (time, code) in reader.windows(track, space) {
            let differ = |b: &usize| code[b / 64] >> (b % 64) & 1 != query[b / 64] >> (b % 64) & 1;
            let distance = (0..256).filter(differ).count() as u32;
            if distance <= max_distance {
                hits.push(Hit { track, time, distance });
            }
        }
    }
    hits.sort_by_key(|h| (h.distance, h.track.0, h.time));
    hits.truncate(k);
    hits
}

#[test]
fn exact_equals_naive_loop_over_several_segments_and_tombstones() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::open_or_create(dir.path(), params()).unwrap();
    for part in 0..3 {
        writer.commit(tracks(part * 10..part * 10 + 10, 40)).unwrap();
    }
    writer.remove(&|m| m.ref_id.ends_with('3')).unwrap();
    let reader = Reader::open(dir.path()).unwrap();
    assert_eq!((reader.track_count(), reader.track_slots()), (27, 30));
    let mut random = Random(77);
    let mut queries = vec![random.code(), [0; 4], [u64::MAX; 4]];
    for track in tracks(0..30, 2) {
        queries.push(random.noisy(&track.windows[0].code, 10));
    }
    for space in 0..3 {
        for (k, max_distance) in [(1, 256), (17, 256), (5000, 110), (0, 256)] {
            let opts = SearchOptions { max_distance, ..options(SearchMode::Exact, k) };
            let got = reader.search(space, &queries, &opts);
            assert_eq!(got.len(), queries.len());
            for (query, got) in queries.iter().zip(got) {
                assert_eq!(got, naive(&reader, space, query, k, max_distance));
            }
        }
    }
}

#[test]
fn opening_every_cell_is_exact() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::open_or_create(dir.path(), params()).unwrap();
    writer.commit(tracks(0..30, 60)).unwrap();
    let reader = Reader::open(dir.path()).unwrap();
    let queries: Vec<Code> = tracks(0..30, 3).iter().map(|t| t.windows[4].code).collect();
    let all = SearchOptions { probes: 4096, ..options(SearchMode::Hnsw, 20) };
    let exact = reader.search(1, &queries, &options(SearchMode::Exact, 20));
    assert_eq!(reader.search(1, &queries, &all), exact);
    assert_eq!(reader.search(1, &queries, &options(SearchMode::Auto, 20)), exact);
}

/// 8,000 clustered codes and 5 piles of 1,000 equal ones: the attack that makes a fifth of the unrelated
/// codes unreachable in a plain HNSW.
#[test]
fn piles_of_duplicates_hide_nothing() {
    let mut random = Random(5);
    let mut codes: Vec<Code> = Vec::new();
    for _ in 0..160 {
        let centre = random.code();
        codes.extend((0..50).map(|_| random.noisy(&centre, 15)));
    }
    let piles: Vec<Code> = (0..5).map(|i| random.noisy(&codes[i * 1000], 15)).collect();
    let single = codes.len();
    for pile in &piles {
        codes.extend(vec![*pile; 1000]);
    }
    let windows: Vec<Window> = codes
        .iter()
        .enumerate()
        .map(|(i, &code)| Window { space: 0, time: i as u32, code })
        .collect();
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::open_or_create(dir.path(), params()).unwrap();
    writer.commit(vec![TrackRecord { meta: meta(1), payloads: Vec::new(), windows }]).unwrap();
    let reader = Reader::open(dir.path()).unwrap();
    let probe = &reader.stats().segments[0].probes[0];
    assert_eq!((probe.orphans, probe.missed), (0, 0), "{probe:?}");

    let found = reader.search(0, &codes[..single], &options(SearchMode::Hnsw, 1));
    let missed = found.iter().filter(|h| h.first().is_none_or(|h| h.distance > 0)).count();
    assert_eq!(missed, 0, "single codes not found by themselves");

    for (i, hits) in reader.search(0, &piles, &options(SearchMode::Hnsw, 1000)).iter().enumerate() {
        let first = (single + 1000 * i) as u32;
        let times: Vec<u32> = hits.iter().map(|h| h.time).collect();
        assert_eq!(times, (first..first + 1000).collect::<Vec<_>>());
        assert!(hits.iter().all(|h| h.distance == 0));
    }
}

#[test]
fn hnsw_recall_on_clustered_codes() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::open_or_create(dir.path(), params()).unwrap();
    writer.commit(tracks(0..100, 100)).unwrap();
    let reader = Reader::open(dir.path()).unwrap();
    let mut random = Random(9);
    let queries: Vec<Code> =
        tracks(0..100, 2).iter().map(|t| random.noisy(&t.windows[0].code, 15)).collect();
    let exact = reader.search(0, &queries, &options(SearchMode::Exact, 10));
    let hnsw = reader.search(0, &queries, &options(SearchMode::Hnsw, 10));
    let common: usize =
        exact.iter().zip(&hnsw).map(|(e, h)| e.iter().filter(|x| h.contains(x)).count()).sum();
    assert!(common >= 990, "recall@10 {}", common as f64 / 1000.0);
}

#[test]
fn nothing_to_search() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::open_or_create(dir.path(), params()).unwrap();
    let empty = Reader::open(dir.path()).unwrap();
    assert_eq!(empty.search(0, &[[0; 4]], &SearchOptions::default()), [[]]);
    // A track without windows is a track all the same.
    writer.commit(vec![TrackRecord { meta: meta(1), ..TrackRecord::default() }]).unwrap();
    let reader = Reader::open(dir.path()).unwrap();
    assert_eq!(reader.track_count(), 1);
    assert_eq!(reader.search(0, &[[0; 4]], &SearchOptions::default()), [[]]);
    assert!(reader.search::<Code>(9, &[], &SearchOptions::default()).is_empty());
    assert_eq!(reader.search(200, &[[0; 4]], &SearchOptions::default()), [[]]);
}
