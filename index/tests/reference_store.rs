//! One set of tests for every store of references: the index, and its twin in memory.

#![allow(clippy::unwrap_used)] // helpers too: a panic in a test is the report

mod common;

use common::{Random, params, track, tracks};
use proptest::prelude::*;
use soundalike_index::{
    Breadth, CompactPolicy, Effort, MemoryStore, Payload, Query, Reader, ReferenceStore,
    SearchMode, TrackId, TrackRecord, Writer,
};

fn exact(hits: usize, max_distance: u32) -> Effort {
    Effort { mode: SearchMode::Exact, hits, max_distance, ..Effort::default() }
}

/// An index of `tracks`, committed in pieces of `piece`.
fn index(tracks: &[TrackRecord], piece: usize) -> (tempfile::TempDir, Reader) {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::open_or_create(dir.path(), params()).unwrap();
    for piece in tracks.chunks(piece) {
        writer.commit(piece.to_vec()).unwrap();
    }
    let reader = Reader::open(dir.path()).unwrap();
    (dir, reader)
}

fn with_more(mut tracks: Vec<TrackRecord>) -> Vec<TrackRecord> {
    for (i, track) in tracks.iter_mut().enumerate() {
        if i % 3 != 0 {
            track.payloads.push(Payload::new("chroma", 4, vec![i as u8; i]));
        }
    }
    tracks
}

/// What any store of `tracks` must answer.
fn assert_answers(store: &dyn ReferenceStore, tracks: &[TrackRecord]) {
    assert_eq!(store.count(), tracks.len());
    assert_eq!(store.duration_ms(), tracks.iter().map(|t| t.meta.duration_ms).sum::<u64>());
    let contents: Vec<[u8; 32]> = tracks.iter().map(|t| t.meta.sha256).collect();
    let ids: Vec<TrackId> = contents.iter().map(TrackId::of).collect();
    let metas = store.metas(&ids).unwrap();
    let peaks = store.payloads(&ids, "peaks").unwrap();
    let chroma = store.payloads(&ids, "chroma").unwrap();
    let found = store.find(&contents).unwrap();
    for (i, track) in tracks.iter().enumerate() {
        assert_eq!(metas[i].as_ref(), Some(&track.meta));
        assert_eq!(peaks[i].as_ref(), Some(&track.payloads[0]));
        let more = track.payloads.get(1).filter(|p| !p.bytes.is_empty());
        assert_eq!(chroma[i].as_ref(), more);
        assert_eq!(found[i].map(|f| f.id), Some(ids[i]));
    }
    // The order of places is that in which tracks were added.
    assert!(found.is_sorted());
    let nobody = [0xee; 32];
    assert_eq!(store.find(&[nobody]).unwrap(), [None]);
    assert_eq!(store.metas(&[TrackId::of(&nobody)]).unwrap(), [None]);
    assert_eq!(store.payloads(&[TrackId::of(&nobody)], "peaks").unwrap(), [None]);
    let places: Vec<u32> = found.iter().map(|f| f.unwrap().place).collect();
    let named: Vec<_> = ids.iter().copied().map(Some).collect();
    assert_eq!(store.at(&places).unwrap(), named);
    assert_eq!(store.at(&[u32::MAX]).unwrap(), [None]);
    // Half a hash alike is not the same content, though it goes by the same name.
    let mut forged = contents[0];
    forged[31] ^= 1;
    assert_eq!(store.find(&[forged]).unwrap(), [None]);
    assert_eq!(store.spaces().iter().map(|s| s.space).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn every_store_answers_the_same() {
    let tracks = with_more(tracks(1..20, 15));
    let memory = MemoryStore::new(tracks.clone(), params().digest).unwrap();
    assert_answers(&memory, &tracks);
    for piece in [3, 20] {
        let (_dir, reader) = index(&tracks, piece);
        assert_answers(&reader, &tracks);
        assert_eq!(ReferenceStore::spaces(&reader), memory.spaces());
    }
}

#[test]
fn names_of_tracks_hold_over_snapshots() {
    let tracks = tracks(1..12, 15);
    let (dir, before) = index(&tracks, 4);
    let id = TrackId::of(&tracks[9].meta.sha256);
    let mut writer = Writer::open_or_create(dir.path(), params()).unwrap();
    writer.remove(&|meta| meta.ref_id == "ref2").unwrap();
    writer.compact(CompactPolicy::All).unwrap();
    let after = Reader::open(dir.path()).unwrap();
    let query = [Query::from(tracks[9].windows[0].code)];
    let first = |store: &dyn ReferenceStore| store.search(0, &query, &exact(1, 256)).unwrap()[0][0];
    assert_eq!((first(&before).track.id, first(&after).track.id), (id, id));
    assert_ne!(before.state(), after.state());
    let removed = TrackId::of(&tracks[1].meta.sha256);
    assert_eq!(after.metas(&[removed, id]).unwrap(), [None, Some(tracks[9].meta.clone())]);
}

#[test]
fn lists_are_shared_among_segments() {
    let effort = Effort { breadth: Breadth::Lists(36), ..Effort::default() };
    let probes: Vec<usize> = [0, 1, 4, 5, 36].map(|n| effort.options(n, 0).probes).to_vec();
    assert_eq!(probes, [36, 36, 18, 17, 6]);
    let each = Effort { breadth: Breadth::ListsOfEach(48), ..effort };
    assert_eq!(each.options(9, 0).probes, 48);
    // Of a small part no more than one in eight of its codes: with 16 segments of 100 each 0.25 x 10.
    let small = Effort { most_cells: 0.25, ..each };
    assert_eq!(small.options(16, 1_600).probes, 2);
    assert_eq!(small.options(16, 1_600_000).probes, 48);
    assert_eq!(small.options(1, 0).probes, 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Equal codes on purpose, so that ties are many.
    #[test]
    fn hits_and_their_order_are_those_of_the_twin(
        seed in any::<u64>(), piece in 1usize..9, hits in 0usize..40, max_distance in 0u32..200, twins in 0usize..5,
    ) {
        let mut random = Random(seed);
        let mut tracks: Vec<TrackRecord> = (1..9).map(|id| track(id, 1 + random.next() as u32 % 9)).collect();
        for _ in 0..twins {
            let (a, b) = (random.next() as usize % tracks.len(), random.next() as usize % tracks.len());
            tracks[a].windows = tracks[b].windows.clone();
        }
        let memory = MemoryStore::new(tracks.clone(), params().digest).unwrap();
        let (_dir, reader) = index(&tracks, piece);
        let queries: Vec<Query> = tracks
            .iter()
            .map(|t| {
                let code = random.noisy(&t.windows[0].code, 5);
                Query { code, weights: [random.code(), random.code()] }
            })
            .collect();
        for space in 0..3 {
            let effort = exact(hits, max_distance);
            let wanted = memory.search(space, &queries, &effort).unwrap();
            prop_assert_eq!(reader.search(space, &queries, &effort.options(1, 1)).len(), queries.len());
            prop_assert_eq!(ReferenceStore::search(&reader, space, &queries, &effort).unwrap(), wanted);
        }
    }
}
