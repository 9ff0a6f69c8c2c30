//! What commits, removals, compactions and merges mean.

#![allow(clippy::unwrap_used)] // helpers too: a panic in a test is the report

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use common::{meta, params, track, tracks};
use soundalike_index::{
    Code, CompactPolicy, Error, ParamsId, Payload, Reader, SearchMode, SearchOptions, TrackMeta,
    Writer,
};

fn open(dir: &Path) -> Writer {
    Writer::open_or_create(dir, params()).unwrap()
}

fn ids(reader: &Reader) -> Vec<String> {
    reader.tracks().map(|(_, m)| m.ref_id.clone()).collect()
}

/// Metadata, payloads and windows of a track.
type Content = (TrackMeta, Vec<Payload>, Vec<(u32, Code)>);

/// Everything an index says about its tracks.
fn content(dir: &Path) -> BTreeMap<String, Content> {
    let reader = Reader::open(dir).unwrap();
    reader
        .tracks()
        .map(|(no, m)| {
            let windows = (0..4).flat_map(|s| reader.windows(no, s)).collect();
            (m.ref_id.clone(), (m.clone(), reader.payloads(no).unwrap(), windows))
        })
        .collect()
}

fn file_names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(dir)
        .unwrap()
        .map(|f| f.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn bytes_of(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    file_names(dir)
        .into_iter()
        .filter(|name| name != "LOCK")
        .map(|name| (name.clone(), std::fs::read(dir.join(name)).unwrap()))
        .collect()
}

#[test]
fn what_is_committed_is_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = open(dir.path());
    let stats = writer.commit(tracks(1..4, 25)).unwrap();
    assert_eq!((stats.added, stats.skipped, stats.windows), (3, 0, 150));
    let reader = Reader::open(dir.path()).unwrap();
    assert_eq!(ids(&reader), ["ref1", "ref2", "ref3"]);
    for (no, m) in reader.tracks() {
        let original = track(m.duration_ms / 1000, 25);
        assert_eq!(*m, original.meta);
        assert_eq!(reader.meta(no), Some(m));
        assert_eq!(reader.payloads(no).unwrap(), original.payloads);
        assert_eq!(reader.find_sha256(&m.sha256), Some(no));
        let mut own: Vec<_> =
            original.windows.iter().filter(|w| w.space == 1).map(|w| (w.time, w.code)).collect();
        own.sort_unstable();
        assert_eq!(reader.windows(no, 1), own);
    }
    let stats = reader.stats();
    assert_eq!((stats.tracks, stats.dead, stats.duration_ms), (3, 0, 6000));
    assert_eq!(stats.windows, [75, 75, 0, 0]);
}

#[test]
fn adding_twice_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = open(dir.path());
    let mut batch = tracks(0..3, 5);
    batch.extend(tracks(2..4, 5));
    assert_eq!(writer.commit(batch).unwrap().skipped, 1);
    assert!(writer.contains(&meta(3).sha256) && !writer.contains(&meta(4).sha256));
    let before = bytes_of(dir.path());
    assert_eq!(writer.commit(tracks(0..4, 5)).unwrap().added, 0);
    assert_eq!(writer.commit(Vec::new()).unwrap().added, 0);
    drop(writer);
    let mut writer = open(dir.path());
    assert_eq!(writer.commit(tracks(1..3, 5)).unwrap().skipped, 2);
    assert_eq!(bytes_of(dir.path()), before);
}

#[test]
fn removed_tracks_are_gone_and_can_return() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = open(dir.path());
    writer.commit(tracks(0..4, 10)).unwrap();
    writer.commit(tracks(4..5, 10)).unwrap();
    let code = track(1, 1).windows[0].code;
    let removed = writer.remove(&|m| matches!(m.ref_id.as_str(), "ref1" | "ref4")).unwrap();
    assert_eq!(removed.iter().map(|m| m.ref_id.as_str()).collect::<Vec<_>>(), ["ref1", "ref4"]);
    assert!(writer.remove(&|m| m.ref_id == "ref1").unwrap().is_empty());

    let reader = Reader::open(dir.path()).unwrap();
    assert_eq!(ids(&reader), ["ref0", "ref2", "ref3"]);
    assert_eq!(reader.stats().segments.len(), 1, "a segment without live tracks is dropped");
    assert_eq!(reader.find_sha256(&meta(1).sha256), None);
    let dead = soundalike_index::TrackNo(1);
    assert!(reader.meta(dead).is_none() && reader.payloads(dead).unwrap().is_empty());
    assert!(reader.windows(dead, 0).is_empty());
    for mode in [SearchMode::Exact, SearchMode::Hnsw] {
        let opts = SearchOptions { mode, k: 100, ..SearchOptions::default() };
        assert!(reader.search(0, &[code], &opts)[0].iter().all(|h| h.track != dead));
    }

    assert_eq!(writer.commit(tracks(0..5, 10)).unwrap().added, 2);
    assert_eq!(content(dir.path()).len(), 5);
    assert_eq!(writer.remove(&|_| true).unwrap().len(), 5);
    assert!(content(dir.path()).is_empty());
    assert_eq!(writer.commit(tracks(0..5, 10)).unwrap().added, 5);
}

#[test]
fn compaction_keeps_content_and_hits() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = open(dir.path());
    for id in 0..6 {
        writer.commit(tracks(id * 3..id * 3 + 3, 20)).unwrap();
    }
    writer.remove(&|m| m.duration_ms % 4000 == 0).unwrap();
    let before = content(dir.path());
    let query = [track(7, 1).windows[0].code];
    let hits = |dir: &Path| {
        let reader = Reader::open(dir).unwrap();
        let opts = SearchOptions { k: 30, ..SearchOptions::default() };
        let hits = reader.search(0, &query, &opts).remove(0);
        let named =
            hits.iter().map(|h| (h.distance, reader.meta(h.track).unwrap().ref_id.clone(), h.time));
        let mut named: Vec<_> = named.collect();
        named.sort();
        named
    };
    let hits_before = hits(dir.path());
    let stats = writer.compact(CompactPolicy::All).unwrap();
    assert_eq!((stats.segments_before, stats.segments_after, stats.dropped_tracks), (6, 1, 5));
    assert_eq!(content(dir.path()), before);
    assert_eq!(hits(dir.path()), hits_before);
    assert_eq!(writer.compact(CompactPolicy::All).unwrap().rewritten, 0, "nothing left to do");
    assert_eq!(file_names(dir.path()).len(), 4, "{:?}", file_names(dir.path()));
}

#[test]
fn tiered_compaction_waits_for_company() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = open(dir.path());
    for id in 0..7 {
        writer.commit(tracks(id..id + 1, 4)).unwrap();
    }
    assert_eq!(writer.compact(CompactPolicy::Tiered).unwrap().rewritten, 0);
    writer.commit(tracks(7..8, 4)).unwrap();
    let stats = writer.compact(CompactPolicy::Tiered).unwrap();
    assert_eq!((stats.rewritten, stats.segments_after), (8, 1));
    assert_eq!(content(dir.path()).len(), 8);
}

#[test]
fn readers_keep_their_snapshot() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = open(dir.path());
    writer.commit(tracks(0..5, 20)).unwrap();
    writer.commit(tracks(5..9, 20)).unwrap();
    let reader = Reader::open(dir.path()).unwrap();
    let id = reader.index_id();
    let query = [track(6, 1).windows[0].code];
    let opts = SearchOptions::default();
    let hits = reader.search(0, &query, &opts);
    writer.remove(&|m| m.ref_id != "ref0").unwrap();
    writer.compact(CompactPolicy::All).unwrap();
    assert_eq!(reader.search(0, &query, &opts), hits);
    assert_eq!((ids(&reader).len(), reader.index_id()), (9, id.clone()));
    assert!(!reader.is_current().unwrap());
    let now = Reader::open(dir.path()).unwrap();
    assert_eq!(now.track_count(), 1);
    assert_ne!(now.index_id(), id);
    assert!(now.is_current().unwrap());
}

#[test]
fn readers_open_while_a_writer_compacts() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = open(dir.path());
    writer.commit(tracks(0..2, 5)).unwrap();
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            (0..200).map(|_| Reader::open(dir.path()).map(|r| r.track_count())).collect::<Vec<_>>()
        });
        for id in 2..20 {
            writer.commit(tracks(id..id + 1, 5)).unwrap();
            writer.compact(CompactPolicy::All).unwrap();
        }
        for count in reading.join().unwrap() {
            assert!(count.unwrap() >= 2);
        }
    });
}

#[test]
fn merging_adds_what_is_missing() {
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut one = open(a.path());
    one.commit(tracks(0..5, 10)).unwrap();
    let mut two = open(b.path());
    two.commit(tracks(3..6, 10)).unwrap();
    two.commit(tracks(6..9, 10)).unwrap();
    two.remove(&|m| m.ref_id == "ref8").unwrap();
    let stats = one.merge_from(&Reader::open(b.path()).unwrap()).unwrap();
    assert_eq!((stats.added, stats.skipped, stats.windows), (3, 2, 60));
    let mut expected = content(b.path());
    expected.extend(content(a.path()));
    assert_eq!(content(a.path()).len(), 8);
    assert_eq!(content(a.path()), expected);
    assert_eq!(one.merge_from(&Reader::open(b.path()).unwrap()).unwrap().added, 0);

    let other = ParamsId { digest: [9; 32], description: "other".into() };
    let c = tempfile::tempdir().unwrap();
    Writer::open_or_create(c.path(), other).unwrap();
    let refused = one.merge_from(&Reader::open(c.path()).unwrap());
    assert!(matches!(refused, Err(Error::ParamsMismatch { .. })));
}

#[test]
fn other_parameters_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    let other = ParamsId { digest: [9; 32], description: "v2 preset".into() };
    let message = Writer::open_or_create(dir.path(), other).unwrap_err().to_string();
    assert!(message.contains("[test 0303") && message.contains("[v2 preset 0909"), "{message}");
}

#[test]
fn one_writer_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let writer = open(dir.path());
    assert!(matches!(Writer::open_or_create(dir.path(), params()), Err(Error::Locked { .. })));
    drop(writer);
    open(dir.path());
}

#[test]
fn files_do_not_depend_on_the_number_of_threads() {
    let build = |threads| {
        let dir = tempfile::tempdir().unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut writer = open(dir.path());
            writer.commit(tracks(0..30, 60)).unwrap();
            writer.commit(tracks(30..60, 60)).unwrap();
            let two = bytes_of(dir.path());
            writer.compact(CompactPolicy::All).unwrap();
            (two, bytes_of(dir.path()))
        })
    };
    let one = build(1);
    assert!(one.0.keys().any(|name| name.ends_with(".graph")));
    assert_eq!(one, build(2));
}

#[test]
fn a_window_of_no_space_is_refused_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = open(dir.path());
    let mut bad = track(1, 3);
    bad.windows[0].space = 4;
    assert!(matches!(writer.commit(vec![bad]), Err(Error::TooLarge { .. })));
    assert!(!writer.contains(&meta(1).sha256));
    assert_eq!(writer.commit(vec![track(1, 3)]).unwrap().added, 1);
}
