//! What somebody else does to the files of an index that is open: an error, never another result.

#![allow(clippy::unwrap_used)] // helpers too: a panic in a test is the report
#![cfg(unix)]

mod common;

use std::path::{Path, PathBuf};
use std::time::Duration;

use common::{params, track, tracks};
use soundalike_index::{CompactPolicy, Error, Reader, SearchOptions, Writer};

fn open(dir: &Path) -> Writer {
    Writer::open_or_create(dir, params()).unwrap()
}

fn ids(dir: &Path) -> Vec<String> {
    Reader::open(dir).unwrap().tracks().map(|(_, m)| m.ref_id.clone()).collect()
}

/// The files of segments.
fn segments(dir: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(dir).unwrap().map(|f| f.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|e| e == "sal")).collect()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let path = file.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

/// Hits of all windows of a track.
fn hits(reader: &Reader) -> Vec<Vec<soundalike_index::Hit>> {
    let queries: Vec<_> = track(2, 25).windows.iter().map(|w| w.code).collect();
    reader.search(0, &queries, &SearchOptions::default())
}

type Damage = (&'static str, fn(&Path));

const DAMAGES: &[Damage] = &[
    ("emptied", |path| std::fs::write(path, b"").unwrap()),
    ("shortened", |path| {
        let half = std::fs::metadata(path).unwrap().len() / 2;
        std::fs::File::options().write(true).open(path).unwrap().set_len(half).unwrap();
    }),
    ("zeros", |path| {
        let zeros = vec![0; std::fs::metadata(path).unwrap().len() as usize];
        std::fs::write(path, zeros).unwrap();
    }),
    ("other bytes", |path| {
        let other: Vec<u8> = std::fs::read(path).unwrap().iter().map(|b| b ^ 0x5a).collect();
        std::fs::write(path, other).unwrap();
    }),
    ("one byte", |path| {
        let mut other = std::fs::read(path).unwrap();
        let at = other.len() * 2 / 3;
        other[at] ^= 1;
        std::fs::write(path, other).unwrap();
    }),
];

#[test]
fn a_small_index_is_searched_as_it_was_opened_and_its_damage_is_told() {
    for (name, damage) in DAMAGES {
        let dir = tempfile::tempdir().unwrap();
        open(dir.path()).commit(tracks(1..4, 25)).unwrap();
        let reader = Reader::open(dir.path()).unwrap();
        let before = hits(&reader);
        assert!(!before[0].is_empty());
        reader.check_files().unwrap();
        std::thread::sleep(Duration::from_millis(30));
        segments(dir.path()).iter().for_each(|path| damage(path));
        assert!(reader.is_current().unwrap(), "{name}: the manifest says nothing");
        let found = reader.guarded(|| hits(&reader)).unwrap();
        assert_eq!(found, before, "{name}");
        let refused = reader.check_files().unwrap_err();
        assert!(matches!(refused, Error::Corrupt { .. }), "{name}: {refused}");
        assert!(Reader::open(dir.path()).is_err(), "{name}");
    }
}

#[test]
fn a_large_index_that_is_changed_gives_an_error_and_no_result() {
    for (name, damage) in DAMAGES {
        let dir = tempfile::tempdir().unwrap();
        open(dir.path()).commit(tracks(1..4, 25)).unwrap();
        let reader = Reader::open_mapped(dir.path()).unwrap();
        let before = hits(&reader);
        assert_eq!(reader.guarded(|| hits(&reader)).unwrap(), before);
        std::thread::sleep(Duration::from_millis(30));
        segments(dir.path()).iter().for_each(|path| damage(path));
        // Where bytes are gone, to read them would end the process: that is tried elsewhere.
        let is_whole = !matches!(*name, "emptied" | "shortened");
        match reader.guarded(|| is_whole.then(|| hits(&reader))) {
            Err(refused) => {
                assert!(matches!(refused, Error::Corrupt { .. }), "{name}: {refused}");
                assert!(reader.guarded(|| ()).is_err(), "{name}: again");
            }
            // A byte that nobody read.
            Ok(found) => assert_eq!((*name, found.as_ref()), ("one byte", Some(&before))),
        }
        assert!(reader.check_files().is_err(), "{name}");
    }
}

#[test]
fn a_large_index_does_not_mind_what_leaves_its_bytes_alone() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = open(dir.path());
    writer.commit(tracks(1..4, 25)).unwrap();
    let reader = Reader::open_mapped(dir.path()).unwrap();
    let before = hits(&reader);
    std::thread::sleep(Duration::from_millis(30));
    for path in segments(dir.path()) {
        std::fs::hard_link(&path, path.with_extension("backup")).unwrap();
    }
    assert_eq!(reader.guarded(|| hits(&reader)).unwrap(), before);
    // The segment goes, its mapping stays.
    writer.remove(&|meta| meta.ref_id == "ref1").unwrap();
    writer.compact(CompactPolicy::All).unwrap();
    assert!(!reader.is_current().unwrap());
    assert_eq!(reader.guarded(|| hits(&reader)).unwrap(), before);
}

#[test]
fn the_same_bytes_written_anew_are_no_damage() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).commit(tracks(1..4, 25)).unwrap();
    let reader = Reader::open(dir.path()).unwrap();
    std::thread::sleep(Duration::from_millis(30));
    for path in segments(dir.path()) {
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes).unwrap();
        std::fs::write(path.with_extension("copy"), &bytes).unwrap();
        std::fs::rename(path.with_extension("copy"), path).unwrap();
    }
    reader.check_files().unwrap();
    segments(dir.path()).iter().for_each(|path| std::fs::remove_file(path).unwrap());
    assert!(reader.check_files().is_err(), "gone");
}

#[test]
fn a_writer_whose_lock_was_taken_away_keeps_what_the_other_added() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = open(dir.path());
    first.commit(tracks(1..3, 25)).unwrap();
    std::fs::remove_file(dir.path().join("LOCK")).unwrap();
    let mut second = open(dir.path());
    second.commit(vec![track(7, 25)]).unwrap();
    type Change = fn(&mut Writer) -> soundalike_index::Result<()>;
    let changes: [Change; 3] = [
        |writer| writer.commit(vec![track(8, 25)]).map(drop),
        |writer| writer.remove(&|meta| meta.ref_id == "ref1").map(drop),
        |writer| {
            let other = tempfile::tempdir().unwrap();
            open(other.path()).commit(vec![track(9, 25)])?;
            writer.merge_from(&Reader::open(other.path())?).map(drop)
        },
    ];
    for change in changes {
        let refused = change(&mut first).unwrap_err();
        assert!(matches!(refused, Error::Displaced { .. }), "{refused}");
        assert_eq!(ids(dir.path()), ["ref1", "ref2", "ref7"]);
    }
    assert!(!dir.path().join("manifest.tmp").exists());
    // The second has the lock that others find.
    second.commit(vec![track(8, 25)]).unwrap();
    second.compact(CompactPolicy::All).unwrap();
    assert_eq!(ids(dir.path()), ["ref1", "ref2", "ref7", "ref8"]);
}

#[test]
fn an_index_that_was_replaced_under_its_writer_is_not_written_to() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut writer = open(dir.path());
    writer.commit(tracks(1..3, 25)).unwrap();
    open(other.path()).commit(tracks(4..6, 25)).unwrap();
    // The lock stays what it was: its content does not matter.
    copy(other.path(), dir.path());
    let refused = writer.commit(vec![track(8, 25)]).unwrap_err();
    assert!(matches!(refused, Error::Displaced { .. }), "{refused}");
    drop(writer);
    assert_eq!(ids(dir.path()), ["ref4", "ref5"]);
    let mut writer = open(dir.path());
    std::fs::remove_file(dir.path().join("MANIFEST")).unwrap();
    assert!(matches!(writer.commit(vec![track(8, 25)]), Err(Error::Displaced { .. })));
}
