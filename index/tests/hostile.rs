//! Damaged, truncated, forged and left-over files: a typed error, never a panic.

#![allow(clippy::unwrap_used)] // helpers too: a panic in a test is the report

mod common;

use std::path::{Path, PathBuf};

use common::{params, tracks};
use proptest::prelude::*;
use soundalike_index::{
    Error, FileKind, GraphState, Reader, SearchMode, SearchOptions, Writer, fuzz_manifest,
    fuzz_segment, verify,
};

/// An index with a graph, two segments and a tombstone.
fn sample(dir: &Path) {
    let mut writer = Writer::open_or_create(dir, params()).unwrap();
    writer.commit(tracks(0..10, 40)).unwrap();
    writer.commit(tracks(10..12, 3)).unwrap();
    writer.remove(&|m| m.ref_id == "ref4").unwrap();
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(dir)
        .unwrap()
        .map(|f| f.unwrap().path())
        .filter(|p| !p.ends_with("LOCK"))
        .collect();
    files.sort();
    assert_eq!(files.len(), 4, "{files:?}");
    files
}

/// A damaged graph costs speed only, any other damage is an error that names the file.
fn expect_damage(dir: &Path, file: &Path, what: &str) {
    let name = file.file_name().unwrap().to_str().unwrap();
    let opened = Reader::open(dir);
    let report = verify(dir).unwrap();
    let row = report.rows.iter().find(|row| row.name == name).unwrap();
    assert!(row.problem.is_some(), "{what} of {name} unnoticed by verify");
    if name.ends_with(".graph") {
        let reader = opened.unwrap();
        assert_eq!(reader.stats().segments[0].graph, GraphState::Damaged, "{what}");
        let opts = SearchOptions { mode: SearchMode::Hnsw, ..SearchOptions::default() };
        let code = tracks(1..2, 1)[0].windows[0].code;
        assert!(reader.search(0, &[code], &opts)[0].len() > 1);
        assert!(report.is_ok());
    } else {
        let error = opened.err().unwrap_or_else(|| panic!("{what} of {name} accepted"));
        assert!(
            matches!(error, Error::Corrupt { .. } | Error::Version { .. } | Error::Io { .. }),
            "{what} of {name}: {error:?}"
        );
        assert!(error.to_string().contains(name), "{error}");
        assert!(!report.is_ok());
    }
}

#[test]
fn every_flipped_bit_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    sample(dir.path());
    for file in files(dir.path()) {
        let good = std::fs::read(&file).unwrap();
        // All of header and table, then a stride that hits every section and its padding.
        let front = 64 * 16;
        let step = (good.len() / 150).max(1);
        for at in (0..good.len()).filter(|at| *at < front && at % 5 == 0 || at % step == 0) {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            std::fs::write(&file, &bad).unwrap();
            expect_damage(dir.path(), &file, &format!("flip at {at}"));
        }
        std::fs::write(&file, &good).unwrap();
    }
    assert_eq!(Reader::open(dir.path()).unwrap().track_count(), 11);
}

#[test]
fn every_truncation_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    sample(dir.path());
    for file in files(dir.path()) {
        let good = std::fs::read(&file).unwrap();
        let lengths = (0..good.len()).step_by(64).chain([good.len() - 1]);
        for len in lengths {
            std::fs::write(&file, &good[..len]).unwrap();
            expect_damage(dir.path(), &file, &format!("truncation to {len}"));
        }
        let mut longer = good.clone();
        longer.push(0);
        std::fs::write(&file, &longer).unwrap();
        expect_damage(dir.path(), &file, "extension");
        std::fs::remove_file(&file).unwrap();
        if !file.ends_with("MANIFEST") {
            expect_damage(dir.path(), &file, "removal");
        }
        std::fs::write(&file, &good).unwrap();
    }
}

#[test]
fn a_swapped_file_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    sample(dir.path());
    let segments: Vec<PathBuf> = files(dir.path())
        .into_iter()
        .filter(|f| f.extension().is_some_and(|e| e == "sal"))
        .collect();
    std::fs::copy(&segments[0], &segments[1]).unwrap();
    assert!(matches!(Reader::open(dir.path()), Err(Error::Corrupt { .. })));
}

#[test]
fn a_newer_format_is_named_as_such() {
    let dir = tempfile::tempdir().unwrap();
    sample(dir.path());
    let path = dir.path().join("MANIFEST");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[8] = 2;
    std::fs::write(&path, bytes).unwrap();
    let error = Reader::open(dir.path()).unwrap_err();
    assert!(matches!(error, Error::Version { found: 2, supported: 1, .. }), "{error:?}");
}

#[test]
fn what_a_killed_writer_leaves_is_ignored_then_removed() {
    let dir = tempfile::tempdir().unwrap();
    sample(dir.path());
    let before = Reader::open(dir.path()).unwrap().index_id();
    // Killed while writing a segment, after renaming one, and before renaming the manifest.
    let segment = files(dir.path()).pop().unwrap();
    let orphan = dir.path().join("seg-0123456789abcdef.sal");
    std::fs::copy(&segment, &orphan).unwrap();
    std::fs::write(dir.path().join("segment.tmp"), b"half").unwrap();
    std::fs::write(dir.path().join("manifest.tmp"), b"").unwrap();
    std::fs::write(dir.path().join("notes.txt"), b"mine").unwrap();
    std::fs::create_dir(dir.path().join("graph.tmp")).unwrap();
    std::fs::remove_dir(dir.path().join("graph.tmp")).unwrap();

    assert_eq!(Reader::open(dir.path()).unwrap().index_id(), before);
    let report = verify(dir.path()).unwrap();
    assert!(report.is_ok());
    let kind = |kind| report.rows.iter().filter(|r| r.kind == kind).count();
    assert_eq!((kind(FileKind::Orphan), kind(FileKind::Foreign), kind(FileKind::Lock)), (3, 1, 1));

    let mut writer = Writer::open_or_create(dir.path(), params()).unwrap();
    writer.commit(tracks(50..51, 3)).unwrap();
    assert!(!orphan.exists() && !dir.path().join("segment.tmp").exists());
    assert!(dir.path().join("notes.txt").exists());
    assert_eq!(Reader::open(dir.path()).unwrap().track_count(), 12);
}

#[test]
fn a_lost_manifest_does_not_become_an_empty_index() {
    let dir = tempfile::tempdir().unwrap();
    sample(dir.path());
    std::fs::remove_file(dir.path().join("MANIFEST")).unwrap();
    assert!(matches!(Reader::open(dir.path()), Err(Error::NotAnIndex { .. })));
    assert!(matches!(Writer::open_or_create(dir.path(), params()), Err(Error::Corrupt { .. })));
    assert!(!verify(dir.path()).unwrap().is_ok());
    let nowhere = Reader::open(&dir.path().join("nowhere"));
    assert!(matches!(nowhere, Err(Error::NotAnIndex { .. })));
}

#[test]
fn folders_in_place_of_files_are_errors() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("MANIFEST")).unwrap();
    assert!(matches!(Reader::open(dir.path()), Err(Error::Corrupt { .. })));
}

/// Everything that can be asked of an index: what it answers, or why it does not.
fn ask_all(dir: &Path) -> Result<impl PartialEq + std::fmt::Debug, Error> {
    let reader = Reader::open_mapped(dir)?;
    let codes: Vec<_> = tracks(0..12, 3).iter().flat_map(|t| &t.windows).map(|w| w.code).collect();
    let (answers, payloads) = reader.guarded(|| {
        let search = |mode| {
            let opts = SearchOptions { mode, k: 40, probes: 500, ..SearchOptions::default() };
            [0, 1].map(|space| reader.search(space, &codes, &opts))
        };
        let answers = [SearchMode::Exact, SearchMode::Auto, SearchMode::Hnsw].map(search);
        let payloads = reader.tracks().map(|(track, _)| reader.payloads(track));
        (answers, payloads.collect::<Result<Vec<_>, _>>())
    })?;
    let windows = reader.guarded(|| {
        reader.tracks().map(|(track, _)| reader.windows(track, 0)).collect::<Vec<_>>()
    })?;
    let metas: Vec<_> = reader.tracks().map(|(_, meta)| meta.clone()).collect();
    Ok((answers, payloads?, windows, metas))
}

/// A large index is not read when it is opened. What is damaged is found when it is used.
#[test]
fn damage_of_a_mapped_index_is_an_error_on_use_and_never_another_answer() {
    let dir = tempfile::tempdir().unwrap();
    sample(dir.path());
    let answers = ask_all(dir.path()).unwrap();
    let mut unused = 0;
    for file in files(dir.path()) {
        let name = file.file_name().unwrap().to_str().unwrap();
        let good = std::fs::read(&file).unwrap();
        for at in (0..good.len()).step_by((good.len() / 200).max(1)) {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            std::fs::write(&file, &bad).unwrap();
            match ask_all(dir.path()) {
                // Cells are compared one and all where the graph is damaged.
                Ok(same) if name.ends_with(".graph") => assert_eq!(same, answers, "flip at {at}"),
                // Payloads of a removed track are asked for by nobody; who looks for damage finds it.
                Ok(same) => {
                    assert_eq!(same, answers, "flip at {at}");
                    assert!(!verify(dir.path()).unwrap().is_ok(), "flip at {at} of {name}");
                    unused += 1;
                }
                Err(error) => assert!(error.to_string().contains(name), "{error}"),
            }
        }
        std::fs::write(&file, &good).unwrap();
    }
    assert!(unused <= 2, "{unused} flips went unnoticed");
    assert_eq!(ask_all(dir.path()).unwrap(), answers);
}

#[test]
fn a_damaged_payload_harms_no_other() {
    let dir = tempfile::tempdir().unwrap();
    sample(dir.path());
    let segment =
        files(dir.path()).into_iter().filter(|f| f.extension().is_some_and(|e| e == "sal"));
    let segment = segment.max_by_key(|f| std::fs::metadata(f).unwrap().len()).unwrap();
    let mut bytes = std::fs::read(&segment).unwrap();
    let wanted = &tracks(7..8, 1)[0].payloads[0].bytes;
    let at = bytes.windows(wanted.len()).position(|w| w == wanted.as_slice()).unwrap();
    bytes[at + 3] ^= 1;
    std::fs::write(&segment, &bytes).unwrap();
    let reader = Reader::open_mapped(dir.path()).unwrap();
    for (track, meta) in reader.tracks() {
        assert_eq!(
            reader.payload(track, "peaks").is_err(),
            meta.ref_id == "ref7",
            "{}",
            meta.ref_id
        );
    }
    assert!(reader.guarded(|| ()).is_err());
}

/// Valid files, for mutations that survive the digests because those are recomputed.
fn valid() -> (Vec<u8>, Vec<u8>) {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::open_or_create(dir.path(), params()).unwrap();
    writer.commit(tracks(0..3, 30)).unwrap();
    writer.remove(&|m| m.ref_id == "ref1").unwrap();
    let segment = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|f| f.unwrap().path())
        .find(|p| p.extension().is_some_and(|e| e == "sal"))
        .unwrap();
    (std::fs::read(dir.path().join("MANIFEST")).unwrap(), std::fs::read(segment).unwrap())
}

#[test]
fn recomputed_digests_pass() {
    let (manifest, segment) = valid();
    fuzz_manifest(&manifest).unwrap();
    fuzz_segment(&segment).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_an_error(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(fuzz_manifest(&bytes).is_err());
        prop_assert!(fuzz_segment(&bytes).is_err());
    }
}

/// A forged file has valid digests, so only the validation stands between it and the search.
#[test]
fn forged_files_never_panic() {
    let (manifest, segment) = valid();
    let mut random = common::Random(11);
    for file in [&manifest, &segment] {
        for round in 0..4000 {
            let mut forged = file.clone();
            for _ in 0..1 + random.next() % 3 {
                // Half of the mutations go to the table and the small sections after it.
                let span = if round % 2 == 0 { forged.len() } else { forged.len().min(2500) };
                let at = random.next() as usize % span;
                forged[at] = match random.next() % 4 {
                    0 => 0,
                    1 => 0xff,
                    2 => forged[at].wrapping_add(1),
                    _ => random.next() as u8,
                };
            }
            if random.next().is_multiple_of(8) {
                forged.truncate(random.next() as usize % forged.len());
            }
            let _ = fuzz_manifest(&forged);
            let _ = fuzz_segment(&forged);
        }
    }
}
