//! Lookup: the codes of an index nearest to query vectors (inverted file with multi-probe; Jégou et al. 2011).
//!
//! A third of the query vectors finds most copies, and a track found needs no more; the others, and more cells for
//! each, are for what is still unexplained then. All blocks of a query are searched at once: the more vectors, the more
//! of them share the reading of a cell.
//!
//! Here alone a scan touches references, wherever they lie: a [`ReferenceStore`]. Within one scan a track goes by its
//! place in the store.

use std::sync::{Arc, Mutex, PoisonError};

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use soundalike_index::{
    Breadth, Effort, Error as IndexError, Found, Hit, Query, ReferenceStore, Result as IndexResult,
    SearchMode, TrackNo,
};

use super::params::{BatchParams, LookupParams};
use super::probe::QueryVectors;
use super::reference::Reference;
use crate::fingerprint::stored;
use crate::params::FingerprintParams;

/// Which vectors to search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Round {
    /// A share, spread evenly.
    First,
    /// All others.
    Rest,
}

impl Round {
    /// Both, in order.
    pub const BOTH: [Round; 2] = [Round::First, Round::Rest];

    /// How many of `limit` candidates are worth comparing: what a third of the vectors finds is
    /// near the top, or it is not found.
    pub fn candidates(self, limit: usize) -> usize {
        if self == Round::First { limit / 2 } else { limit }
    }

    fn takes(self, group: usize, params: &LookupParams) -> bool {
        group.is_multiple_of(params.first_round) == (self == Round::First)
    }
}

/// Cells opened per segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cells {
    /// So many in the second round for all vectors of a block together: one of many may miss its hits, one of a few
    /// may not.
    Shared(usize),
    /// So many for each vector in an index of one segment. Of several segments no more codes are read than there
    /// would be in one; a segment has as many cells as its size has in the root.
    Each(usize),
}

/// What to fetch for each vector, and from where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fetch {
    /// Nearest codes fetched per vector.
    pub hits: usize,
    /// Whether the HNSW graph is walked where there is one.
    pub walk: bool,
    /// Cells opened.
    pub cells: Cells,
}

/// Peaks of references that are kept ready. Clips meet the same few hundred tracks again and again, and to read one
/// and to measure its densities costs as much as to compare it.
const KEPT_PEAKS: u64 = 2_000_000;
/// Tracks that these are, about.
const KEPT_TRACKS: usize = 400;

/// The references that are searched.
pub struct Store {
    references: Arc<dyn ReferenceStore>,
    mode: SearchMode,
    ready: Cache<u32, Arc<Reference>, Peaks>,
    /// How often it did not answer, and what it said the last time.
    trouble: Mutex<(u64, String)>,
}

/// What a reference in the cache weighs.
#[derive(Clone)]
struct Peaks;

impl Weighter<u32, Arc<Reference>> for Peaks {
    fn weight(&self, _: &u32, reference: &Arc<Reference>) -> u64 {
        reference.constellation().points.len().max(1) as u64
    }
}

impl Store {
    /// One state of a store.
    pub fn new(references: Arc<dyn ReferenceStore>, mode: SearchMode) -> Store {
        let ready = Cache::with_weighter(KEPT_TRACKS, KEPT_PEAKS, Peaks);
        Store { references, mode, ready, trouble: Mutex::default() }
    }

    /// Length of all its tracks.
    pub fn seconds(&self) -> f64 {
        self.references.duration_ms() as f64 / 1000.0
    }

    /// Does `work`, which asks the store, and makes sure that it answered all that was asked meanwhile, by whomever: of
    /// two that ask at once both are told.
    pub fn guarded<T>(&self, work: impl FnOnce() -> T) -> IndexResult<T> {
        let trouble = || self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (before, _) = trouble();
        let done = work();
        match trouble() {
            (after, _) if after == before => Ok(done),
            (_, what) => Err(IndexError::Store { store: self.references.state(), what }),
        }
    }

    /// What it answered; nothing where it did not, which [`guarded`](Store::guarded) tells.
    fn answered<T: Default>(&self, answer: IndexResult<T>) -> T {
        answer.unwrap_or_else(|error| {
            let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
            *trouble = (trouble.0 + 1, error.to_string());
            T::default()
        })
    }

    /// A track, prepared for comparison; none if it cannot be read.
    pub fn reference(
        &self,
        track: TrackNo,
        fingerprint: &FingerprintParams,
    ) -> Option<Arc<Reference>> {
        if let Some(reference) = self.ready.get(&track.0) {
            return Some(reference);
        }
        let id = self.answered(self.references.at(&[track.0])).pop()??;
        let points = stored::constellations(&*self.references, &[id]);
        let points = self.answered(points).pop()??;
        let reference = Arc::new(Reference::new(points, fingerprint));
        self.ready.insert(track.0, reference.clone());
        Some(reference)
    }

    /// Looks for the codes of `space` that are nearest to each vector of one round.
    pub fn search<T>(
        &self,
        space: u8,
        vectors: &mut [QueryVectors<T>],
        round: Round,
        fetch: Fetch,
        params: &LookupParams,
    ) {
        let total: usize = vectors.iter().map(|q| q.codes.len()).sum();
        let chosen = |q: &QueryVectors<T>| -> Vec<usize> {
            (0..q.codes.len()).filter(|&i| round.takes(q.groups[i], params)).collect()
        };
        let codes: Vec<Query> =
            vectors.iter().flat_map(|q| chosen(q).into_iter().map(|i| q.codes[i])).collect();
        let effort = self.effort(vectors.len(), total, round, fetch, params);
        let found = self.answered(self.references.search(space, &codes, &effort));
        let mut found = found.into_iter().map(placed);
        for q in vectors {
            for (i, hits) in chosen(q).into_iter().zip(found.by_ref()) {
                q.hits[i] = hits;
            }
        }
    }

    fn effort(
        &self,
        blocks: usize,
        total: usize,
        round: Round,
        fetch: Fetch,
        params: &LookupParams,
    ) -> Effort {
        let [least, most] = params.cells;
        let breadth = match (fetch.cells, round) {
            (Cells::Each(cells), _) => Breadth::Lists(cells),
            (Cells::Shared(_), Round::First) => Breadth::ListsOfEach(least),
            (Cells::Shared(all), Round::Rest) => {
                Breadth::ListsOfEach((all * blocks / total.max(1)).clamp(least, most))
            }
        };
        let defaults = Effort::default();
        let exact_up_to = defaults.exact_up_to.min(params.exact_comparisons / total.max(1));
        let (mode, hits, walk) = (self.mode, fetch.hits, fetch.walk);
        let most_cells = params.most_cells;
        Effort { mode, exact_up_to, breadth, most_cells, walk, hits, ..defaults }
    }
}

/// What was found, by places.
fn placed(found: Vec<Found>) -> Vec<Hit> {
    let hit = |f: Found| Hit { track: TrackNo(f.track.place), time: f.time, distance: f.distance };
    found.into_iter().map(hit).collect()
}

/// Looks for the codes of `space` that are nearest to each of the vectors of a batch: so many, up to a distance.
///
/// # Errors
/// The store does not answer.
pub(super) fn search_batch(
    store: &dyn ReferenceStore,
    space: u8,
    queries: &[Query],
    (hits, max_distance): (usize, u32),
    params: &BatchParams,
) -> IndexResult<Vec<Vec<Hit>>> {
    let (breadth, exact_up_to) = (Breadth::ListsOfEach(params.cells), params.exact_up_to);
    let effort =
        Effort { hits, max_distance, breadth, exact_up_to, walk: false, ..Effort::default() };
    Ok(store.search(space, queries, &effort)?.into_iter().map(placed).collect())
}

#[cfg(test)]
mod tests {
    use soundalike_index::{
        MemoryStore, ParamsId, Payload, Reader, SpaceParams, TrackId, TrackMeta, TrackRecord,
        TrackRef, Window, Writer,
    };

    use super::*;
    use crate::fingerprint::Constellation;
    use crate::fingerprint::test_points::scattered;
    use crate::scan::params::ScanParams;
    use crate::scan::search::{Depth, Scanner};
    use crate::scan::span::Span;

    #[test]
    fn two_rounds_search_every_vector_once() {
        let dir = tempfile::tempdir().unwrap();
        let params = ParamsId { digest: [1; 32], description: "test".into() };
        let windows = (0..10).map(|i| Window { space: 0, time: i, code: [1 << i, 0, 0, 0] });
        let track = TrackRecord {
            meta: TrackMeta { ref_id: "t".into(), ..TrackMeta::default() },
            payloads: Vec::new(),
            windows: windows.collect(),
        };
        Writer::open_or_create(dir.path(), params).unwrap().commit(vec![track]).unwrap();
        let store = Store::new(Arc::new(Reader::open(dir.path()).unwrap()), SearchMode::Auto);
        let query = |i: u32| Query::from([1 << i, 0, 0, 0]);
        let block = |from: u32| {
            let all = (from..from + 5).map(|i| (i, (i - from) as usize, query(i)));
            QueryVectors::new(Span::new(0, 1), all)
        };
        let mut vectors = [block(0), block(5)];
        let fetch = Fetch { hits: 1, walk: true, cells: Cells::Shared(50) };
        let answered = |vectors: &[QueryVectors<u32>]| {
            vectors.iter().flat_map(|q| &q.hits).filter(|hits| !hits.is_empty()).count()
        };
        let params = &ScanParams::V1.lookup;
        store.search(0, &mut vectors, Round::First, fetch, params);
        assert_eq!(answered(&vectors), 4);
        store.search(0, &mut vectors, Round::Rest, fetch, params);
        for q in &vectors {
            for (about, hits) in q.answers() {
                assert_eq!((hits[0].time, hits[0].distance), (*about, 0));
            }
        }
    }

    /// A store that answers nothing.
    #[derive(Debug)]
    struct Broken;

    impl ReferenceStore for Broken {
        fn state(&self) -> String {
            String::new()
        }
        fn count(&self) -> usize {
            1
        }
        fn duration_ms(&self) -> u64 {
            1_000
        }
        fn spaces(&self) -> Vec<SpaceParams> {
            Vec::new()
        }
        fn search(&self, _: u8, _: &[Query], _: &Effort) -> IndexResult<Vec<Vec<Found>>> {
            Err(broken())
        }
        fn at(&self, _: &[u32]) -> IndexResult<Vec<Option<TrackId>>> {
            Err(broken())
        }
        fn metas(&self, _: &[TrackId]) -> IndexResult<Vec<Option<TrackMeta>>> {
            Err(broken())
        }
        fn count_with(&self, _: &str) -> IndexResult<usize> {
            Err(broken())
        }
        fn drawn(&self, _: &str, _: usize) -> IndexResult<Vec<TrackRef>> {
            Err(broken())
        }
        fn payloads(&self, _: &[TrackId], _: &str) -> IndexResult<Vec<Option<Payload>>> {
            Err(broken())
        }
        fn find(&self, _: &[[u8; 32]]) -> IndexResult<Vec<Option<TrackRef>>> {
            Err(broken())
        }
    }

    fn broken() -> IndexError {
        IndexError::NotAnIndex { path: "nowhere".into() }
    }

    fn constellation(seed: u64, seconds: u32) -> Constellation {
        let duration = seconds * 250;
        let points = scattered(seed, seconds * 30, duration);
        Constellation { points, duration, ..Constellation::default() }
    }

    fn record(id: u8, track: &Constellation) -> TrackRecord {
        let meta = TrackMeta {
            ref_id: id.to_string(),
            sha256: [id; 32],
            duration_ms: u64::from(track.duration) * 4,
            ..TrackMeta::default()
        };
        let windows = stored::windows(track, &FingerprintParams::V2);
        TrackRecord { meta, payloads: stored::payloads(track), windows }
    }

    #[test]
    fn a_scan_finds_the_same_in_every_store_and_says_when_one_does_not_answer() {
        let tracks: Vec<_> = (1..7).map(|seed| constellation(seed, 40)).collect();
        let records =
            || (1..7).zip(&tracks).map(|(id, track)| record(id, track)).collect::<Vec<_>>();
        let params = ParamsId { digest: [1; 32], description: "test".into() };
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Writer::open_or_create(dir.path(), params).unwrap();
        records().chunks(2).for_each(|part| writer.commit(part.to_vec()).map(drop).unwrap());
        let reader: Arc<dyn ReferenceStore> = Arc::new(Reader::open(dir.path()).unwrap());
        let memory: Arc<dyn ReferenceStore> =
            Arc::new(MemoryStore::new(records(), [1; 32]).unwrap());
        let scanner = |store: &Arc<dyn ReferenceStore>| {
            Scanner::new(store.clone(), FingerprintParams::V2, SearchMode::Exact)
        };
        for query in [tracks[3].slice(2_500, 5_000), tracks[0].clone(), constellation(99, 10)] {
            for depth in [Depth::Standard, Depth::Thorough] {
                let (here, there) = (scanner(&reader), scanner(&memory));
                let found = here.guarded(|| here.scan(&query, depth)).unwrap();
                assert_eq!(found, there.guarded(|| there.scan(&query, depth)).unwrap());
            }
        }
        let best = &scanner(&memory).scan(&tracks[3].slice(2_500, 5_000), Depth::Standard)[0];
        assert!(best.found.accepted() && best.track == TrackNo(3));
        let store: Arc<dyn ReferenceStore> = Arc::new(Broken);
        let nowhere = scanner(&store);
        let told = nowhere.guarded(|| nowhere.scan(&tracks[0], Depth::Standard)).unwrap_err();
        assert!(told.to_string().contains("not an index"), "{told}");
        // Whoever asked at the same time is told, too, and nobody else.
        let both =
            nowhere.guarded(|| nowhere.guarded(|| nowhere.scan(&tracks[0], Depth::Standard)));
        assert!(both.is_err());
        nowhere.guarded(|| ()).unwrap();
    }
}
