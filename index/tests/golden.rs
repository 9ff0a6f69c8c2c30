//! Indexes written by earlier builds stay readable: one small index per format version. Version 1 was
//! never released and is gone.
//!
//! After a change of format, raise the version, keep the old folder, and write the new one with
//! `cargo test -p soundalike-index --test golden -- --ignored`.

#![allow(clippy::unwrap_used)] // helpers too: a panic in a test is the report

mod common;

use std::path::{Path, PathBuf};

use common::{params, tracks};
use soundalike_index::{
    CompactPolicy, GraphState, Payload, Reader, Recode, SearchMode, SearchOptions, TrackRecord,
    Writer, verify,
};

fn golden(version: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/v{version}"))
}

fn content() -> Vec<TrackRecord> {
    let mut content = tracks(1..6, 60);
    for track in &mut content {
        // The second space stays small; the whole folder is to stay under 20 KB.
        track.windows.retain(|w| w.space == 0 || w.time == 0);
        let levels = track.meta.duration_ms.to_le_bytes().to_vec();
        track.payloads.insert(0, Payload::new("levels", 7, levels));
        track.payloads.reverse();
    }
    content
}

#[test]
fn every_version_stays_readable() {
    for version in [2, 3] {
        let dir = golden(version);
        let report = verify(&dir).unwrap();
        assert_eq!(report.problems().count(), 0, "{report:?}");
        for reader in [Reader::open(&dir).unwrap(), Reader::open_mapped(&dir).unwrap()] {
            assert_eq!(reader.stats().segments[0].format, version);
            assert_holds_all(&reader, version);
        }
    }
}

fn assert_holds_all(reader: &Reader, version: u32) {
    assert_eq!(*reader.params(), params());
    assert_eq!(reader.track_count(), 4);
    assert_eq!(reader.stats().segments[0].graph, GraphState::Ready);
    for original in content().iter().filter(|t| t.meta.ref_id != "ref2") {
        let no = reader.find_sha256(&original.meta.sha256).unwrap();
        assert_eq!(reader.meta(no), Some(&original.meta));
        // Version 2 has one payload only.
        let is_kept = |p: &&Payload| version > 2 || p.name == "peaks";
        let mut kept: Vec<_> = original.payloads.iter().filter(is_kept).cloned().collect();
        kept.sort_by(|a, b| a.name.cmp(&b.name));
        assert_eq!(reader.payloads(no).unwrap(), kept);
        for mode in [SearchMode::Exact, SearchMode::Hnsw] {
            let opts = SearchOptions { mode, k: 1, ..SearchOptions::default() };
            for w in &original.windows {
                let hit = reader.search(w.space, &[w.code], &opts)[0][0];
                assert_eq!((hit.track, hit.time, hit.distance), (no, w.time, 0));
            }
        }
    }
}

/// The same as bytes in reverse, under a newer form.
fn recode_one(name: &str, payloads: Vec<Payload>) -> Result<Option<Payload>, String> {
    Ok(reversed(payloads)?.into_iter().find(|p| p.name == name))
}

fn reversed(payloads: Vec<Payload>) -> Result<Vec<Payload>, String> {
    let new = |p: Payload| match (p.name.as_str(), p.codec) {
        ("peaks", 1) => Payload::new("peaks", 2, p.bytes.into_iter().rev().collect()),
        _ => p,
    };
    Ok(payloads.into_iter().map(new).collect())
}

/// The index of version 2 in a folder of its own.
fn copy_of_version_2() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(golden(2)).unwrap() {
        let path = file.unwrap().path();
        std::fs::copy(&path, dir.path().join(path.file_name().unwrap())).unwrap();
    }
    dir
}

#[test]
fn an_upgrade_finds_the_same_and_needs_no_audio() {
    let dir = copy_of_version_2();
    let queries: Vec<_> = content().iter().flat_map(|t| &t.windows).map(|w| w.code).collect();
    let hits = |reader: &Reader| {
        [SearchMode::Exact, SearchMode::Hnsw].map(|mode| {
            let opts = SearchOptions { mode, k: 9, probes: 2, ef: 4, ..SearchOptions::default() };
            [0, 1].map(|space| reader.search(space, &queries, &opts))
        })
    };
    let before = Reader::open(dir.path()).unwrap();
    let recode = Recode { kinds: &[("peaks", 2)], recode: &recode_one };
    let mut writer = Writer::open_or_create(dir.path(), params()).unwrap();
    assert_eq!(writer.upgrade(&recode).unwrap().rewritten, 1);
    assert_eq!(writer.upgrade(&recode).unwrap().rewritten, 0);
    let after = Reader::open(dir.path()).unwrap();
    assert_eq!(hits(&after), hits(&before));
    assert_eq!(after.stats().segments[0].format, 3);
    assert_eq!(after.stats().segments[0].probes, before.stats().segments[0].probes);
    assert!(after.tracks().eq(before.tracks()));
    for (track, _) in before.tracks() {
        let old = before.payloads(track).unwrap();
        assert_eq!(after.payloads(track).unwrap(), reversed(old).unwrap());
    }
    // A refusal leaves everything as it is.
    let refuse = |_: &str, _| Err("no".to_owned());
    let recode = Recode { kinds: &[("peaks", 3)], recode: &refuse };
    assert!(writer.upgrade(&recode).unwrap_err().to_string().contains("ref"));
    assert_eq!(Reader::open(dir.path()).unwrap().index_id(), after.index_id());
}

#[test]
fn segments_of_both_versions_are_one_index() {
    let dir = copy_of_version_2();
    let mut writer = Writer::open_or_create(dir.path(), params()).unwrap();
    writer.commit(tracks(20..23, 30)).unwrap();
    let mixed = Reader::open_mapped(dir.path()).unwrap();
    let formats =
        |reader: &Reader| reader.stats().segments.iter().map(|s| s.format).collect::<Vec<_>>();
    assert_eq!(formats(&mixed), [2, 3]);
    let queries: Vec<_> =
        tracks(20..23, 30).iter().flat_map(|t| &t.windows).map(|w| w.code).collect();
    let opts = SearchOptions { mode: SearchMode::Exact, k: 5, ..SearchOptions::default() };
    let named = |reader: &Reader| {
        let hits = reader.search(0, &queries, &opts).into_iter().flatten();
        let named = hits.map(|h| (reader.meta(h.track).unwrap().clone(), h.time, h.distance));
        named.collect::<Vec<_>>()
    };
    let before = named(&mixed);
    writer.compact(CompactPolicy::All).unwrap();
    let merged = Reader::open_mapped(dir.path()).unwrap();
    assert_eq!(formats(&merged), [3]);
    assert_eq!(named(&merged), before);
    for (track, meta) in mixed.tracks() {
        let now = merged.find_sha256(&meta.sha256).unwrap();
        assert_eq!(merged.payloads(now).unwrap(), mixed.payloads(track).unwrap());
    }
}

#[test]
#[ignore = "writes the golden index of the current version"]
fn write_golden_index() {
    let dir = golden(3);
    assert!(!dir.join("MANIFEST").exists(), "remove {} first", dir.display());
    let mut writer = Writer::open_or_create(&dir, params()).unwrap();
    writer.commit(content()).unwrap();
    writer.remove(&|m| m.ref_id == "ref2").unwrap();
    drop(writer);
    std::fs::remove_file(dir.join("LOCK")).unwrap();
}
