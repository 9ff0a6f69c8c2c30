//! Candidate stores: where the nearest stored windows of a batch of queries come from.
//!
//! One trait, batch-first, so that a store on another machine can stand behind it as well. Two
//! implementations over the arrays of one segment: [`Exact`] looks at every code and is the oracle of
//! the tests, [`Cells`] opens only the cells near the query.

use std::collections::BinaryHeap;

use crate::graph::{Graph, Scratch};
use crate::popcount::scan;
use crate::segment::SpaceData;
use crate::topk::TopK;
use crate::types::{Code, Hit, Query, TrackNo};

/// Codes per block of the exact scan: 16 KB stay in the first-level cache while all queries pass over them.
const BLOCK: usize = 512;

/// Cells opened as soon as they are known, so that the others can be skimmed for better hits only. The
/// others wait until all queries of a batch have named theirs, and are opened in the order in which
/// they lie: on large segments reading a cell costs far more than comparing its codes, and queries of
/// one batch often want the same.
const AT_ONCE: usize = 4;

/// Which tracks of a segment may be reported, and under which number.
#[derive(Clone, Copy)]
pub struct Live<'a> {
    /// Snapshot number of the first track of the segment.
    pub base: u32,
    /// Local numbers of removed tracks, ascending.
    pub dead: &'a [u32],
}

impl Live<'_> {
    fn hit(&self, track: u32, time: u32, distance: u32) -> Option<Hit> {
        let dead = !self.dead.is_empty() && self.dead.binary_search(&track).is_ok();
        (!dead).then(|| Hit { track: TrackNo(self.base + track), time, distance })
    }
}

/// What is wanted per query.
#[derive(Debug, Clone, Copy)]
pub struct Want {
    /// Hits per query.
    pub k: usize,
    /// Farthest distance reported.
    pub max_distance: u32,
}

/// A set of codes that can be searched.
pub trait CandidateStore: Sync {
    /// Codes in the store, those of removed tracks included.
    fn count(&self) -> usize;

    /// The nearest live windows of each query, sorted.
    fn search(&self, queries: &[Query], want: Want, live: Live<'_>) -> Vec<Vec<Hit>>;
}

/// Looks at every code.
pub(crate) struct Exact<'a> {
    pub(crate) data: SpaceData<'a>,
}

impl CandidateStore for Exact<'_> {
    fn count(&self) -> usize {
        self.data.codes.len()
    }

    fn search(&self, queries: &[Query], want: Want, live: Live<'_>) -> Vec<Vec<Hit>> {
        let mut best = start(queries, want);
        let mut found = Vec::new();
        for (i, block) in self.data.codes.chunks(BLOCK).enumerate() {
            for (query, best) in queries.iter().zip(&mut best) {
                offer_block(&self.data, i * BLOCK, block, query, live, best, &mut found);
            }
        }
        best.into_iter().map(TopK::into_sorted).collect()
    }
}

/// How [`Cells`] finds the nearest representatives.
pub(crate) enum Finder<'a> {
    /// All of them are compared.
    Scan,
    /// The graph is walked.
    Graph(Graph<'a>),
}

/// Opens the cells whose representatives are nearest to the query.
pub(crate) struct Cells<'a> {
    pub(crate) data: SpaceData<'a>,
    pub(crate) finder: Finder<'a>,
    pub(crate) probes: usize,
    pub(crate) ef: usize,
}

impl<'a> Cells<'a> {
    /// Walks `graph`, or compares all representatives where it is missing.
    pub(crate) fn new(
        data: SpaceData<'a>,
        graph: Option<Graph<'a>>,
        probes: usize,
        ef: usize,
    ) -> Self {
        let probes = probes.max(1);
        let ef = ef.max(probes);
        let finder = graph.map_or(Finder::Scan, Finder::Graph);
        Cells { data, finder, probes, ef }
    }

    fn nearest_cells(&self, query: &Query, scratch: &mut Scratch, cells: &mut Vec<(u32, u32)>) {
        match &self.finder {
            Finder::Graph(graph) => graph.search(query, self.ef, scratch, cells),
            Finder::Scan => nearest_by_scan(self.data.reps, query, self.probes, cells),
        }
        cells.truncate(self.probes);
    }
}

impl CandidateStore for Cells<'_> {
    fn count(&self) -> usize {
        self.data.codes.len()
    }

    fn search(&self, queries: &[Query], want: Want, live: Live<'_>) -> Vec<Vec<Hit>> {
        let mut best = start(queries, want);
        let (mut scratch, mut cells, mut found) = (Scratch::default(), Vec::new(), Vec::new());
        let mut later: Vec<(u32, u32)> = Vec::new();
        let mut open = |cell: u32, query: &Query, best: &mut TopK| {
            let range = self.data.cell(cell);
            for from in range.clone().step_by(BLOCK) {
                let block = &self.data.codes[from..range.end.min(from + BLOCK)];
                offer_block(&self.data, from, block, query, live, best, &mut found);
            }
        };
        for (i, (query, best)) in queries.iter().zip(&mut best).enumerate() {
            self.nearest_cells(query, &mut scratch, &mut cells);
            let (first, rest) = cells.split_at(cells.len().min(AT_ONCE));
            for &(_, cell) in first {
                open(cell, query, best);
            }
            later.extend(rest.iter().map(|&(_, cell)| (cell, i as u32)));
        }
        later.sort_unstable();
        for (cell, i) in later {
            open(cell, &queries[i as usize], &mut best[i as usize]);
        }
        best.into_iter().map(TopK::into_sorted).collect()
    }
}

/// The `count` nearest representatives as `(distance, cell)`, nearest first.
fn nearest_by_scan(reps: &[Code], query: &Query, count: usize, cells: &mut Vec<(u32, u32)>) {
    let mut best = BinaryHeap::new();
    for (i, block) in reps.chunks(BLOCK).enumerate() {
        let limit = match best.peek() {
            Some(&(worst, _)) if best.len() >= count => worst,
            _ => u32::MAX,
        };
        cells.clear();
        scan(block, query, limit, cells);
        for &(distance, at) in cells.iter() {
            let cell = (distance, (i * BLOCK) as u32 + at);
            if best.len() < count {
                best.push(cell);
            } else if let Some(mut worst) = best.peek_mut()
                && cell < *worst
            {
                *worst = cell;
            }
        }
    }
    cells.clear();
    cells.extend(best.into_sorted_vec());
}

fn start(queries: &[Query], want: Want) -> Vec<TopK> {
    queries.iter().map(|_| TopK::new(want.k, want.max_distance)).collect()
}

/// Offers the codes of one block, which starts at position `from`, to one query.
#[allow(clippy::too_many_arguments)] // private, and a struct for it would be used once
fn offer_block(
    data: &SpaceData<'_>,
    from: usize,
    block: &[Code],
    query: &Query,
    live: Live<'_>,
    best: &mut TopK,
    found: &mut Vec<(u32, u32)>,
) {
    let Some(limit) = best.limit() else { return };
    found.clear();
    scan(block, query, limit, found);
    for &(distance, at) in found.iter() {
        let posting = data.postings[from + at as usize];
        if let Some(hit) = live.hit(posting.track, posting.time, distance) {
            best.offer(hit);
        }
    }
}
