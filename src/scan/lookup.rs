//! Lookup: the codes of an index nearest to query vectors (inverted file with multi-probe; Jégou et al. 2011).
//!
//! A third of the query vectors finds most copies, and a track found needs no more; the others, and more cells for
//! each, are for what is still unexplained then. All blocks of a query are searched at once: the more vectors, the more
//! of them share the reading of a cell.
//!
//! Here alone a scan touches an index.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use soundalike_index::{Breadth, Effort, Hit, Query, Reader, SearchMode, SearchOptions, TrackNo};

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

/// The index that is searched.
pub struct Store {
    index: Arc<Reader>,
    mode: SearchMode,
    ready: Cache<u32, Arc<Reference>, Peaks>,
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
    /// One snapshot of an index.
    pub fn new(index: Arc<Reader>, mode: SearchMode) -> Store {
        let ready = Cache::with_weighter(KEPT_TRACKS, KEPT_PEAKS, Peaks);
        Store { index, mode, ready }
    }

    /// Length of all its tracks.
    pub fn seconds(&self) -> f64 {
        let duration_ms: u64 = self.index.tracks().map(|(_, meta)| meta.duration_ms).sum();
        duration_ms as f64 / 1000.0
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
        // Damage is told by the reader, which watches over all that is read of it.
        let points = stored::constellation(&self.index, track).ok()??;
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
        let options = self.options(space, vectors.len(), total, round, fetch, params);
        let mut found = self.index.search(space, &codes, &options).into_iter();
        for q in vectors {
            for (i, hits) in chosen(q).into_iter().zip(found.by_ref()) {
                q.hits[i] = hits;
            }
        }
    }

    fn options(
        &self,
        space: u8,
        blocks: usize,
        total: usize,
        round: Round,
        fetch: Fetch,
        params: &LookupParams,
    ) -> SearchOptions {
        let [least, most] = params.cells;
        let segments = self.index.segment_count();
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
        let effort = Effort { mode, exact_up_to, breadth, walk, hits, ..defaults };
        let options = effort.options(segments);
        let codes = self.index.code_count(space) as f64 / segments.max(1) as f64;
        let cells = options.probes.min((params.most_cells * codes.sqrt()) as usize).max(1);
        SearchOptions { probes: cells, ef: cells, ..options }
    }
}

/// Looks for the codes of `space` that are nearest to each of the vectors of a batch: so many, up to a distance.
pub(super) fn search_batch(
    index: &Reader,
    space: u8,
    queries: &[Query],
    (k, max_distance): (usize, u32),
    params: &BatchParams,
) -> Vec<Vec<Hit>> {
    let (probes, ef, exact_up_to) = (params.cells, params.cells, params.exact_up_to);
    let options =
        SearchOptions { k, max_distance, probes, ef, exact_up_to, ..SearchOptions::default() };
    index.search(space, queries, &SearchOptions { walk: false, ..options })
}

#[cfg(test)]
mod tests {
    use soundalike_index::{ParamsId, TrackMeta, TrackRecord, Window, Writer};

    use super::*;
    use crate::scan::params::ScanParams;
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
}
