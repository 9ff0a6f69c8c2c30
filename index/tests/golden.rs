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
    GraphState, Reader, SearchMode, SearchOptions, TrackRecord, Writer, verify,
};

fn golden(version: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/v{version}"))
}

fn content() -> Vec<TrackRecord> {
    let mut content = tracks(1..6, 60);
    for track in &mut content {
        // The second space stays small; the whole folder is to stay under 20 KB.
        track.windows.retain(|w| w.space == 0 || w.time == 0);
    }
    content
}

#[test]
fn version_2_stays_readable() {
    let dir = golden(2);
    let report = verify(&dir).unwrap();
    assert_eq!(report.problems().count(), 0, "{report:?}");
    let reader = Reader::open(&dir).unwrap();
    assert_eq!(*reader.params(), params());
    assert_eq!(reader.track_count(), 4);
    assert_eq!(reader.stats().segments[0].graph, GraphState::Ready);
    for original in content().iter().filter(|t| t.meta.ref_id != "ref2") {
        let no = reader.find_sha256(&original.meta.sha256).unwrap();
        assert_eq!(reader.meta(no), Some(&original.meta));
        assert_eq!(reader.payloads(no).unwrap(), original.payloads);
        for mode in [SearchMode::Exact, SearchMode::Hnsw] {
            let opts = SearchOptions { mode, k: 1, ..SearchOptions::default() };
            for w in &original.windows {
                let hit = reader.search(w.space, &[w.code], &opts)[0][0];
                assert_eq!((hit.track, hit.time, hit.distance), (no, w.time, 0));
            }
        }
    }
}

#[test]
#[ignore = "writes the golden index of the current version"]
fn write_golden_index() {
    let dir = golden(2);
    assert!(!dir.join("MANIFEST").exists(), "remove {} first", dir.display());
    let mut writer = Writer::open_or_create(&dir, params()).unwrap();
    writer.commit(content()).unwrap();
    writer.remove(&|m| m.ref_id == "ref2").unwrap();
    drop(writer);
    std::fs::remove_file(dir.join("LOCK")).unwrap();
}
