//! Candidate stores: where the nearest stored windows of a batch of queries come from.
//!
//! One trait, batch-first, so that a store on another machine can stand behind it as well. Two
//! implementations over the arrays of one segment: [`Exact`] looks at every code and is the oracle of
//! the tests, [`Cells`] opens only the cells near the query.

use crate::graph::{Graph, Scratch};
use crate::planes::{PlaneBuf, Planes};
use crate::popcount::{BLOCK, scan};
use crate::segment::SpaceData;
use crate::topk::TopK;
use crate::types::{Hit, Query, TrackNo};

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
        self.data.postings.len()
    }

    fn search(&self, queries: &[Query], want: Want, live: Live<'_>) -> Vec<Vec<Hit>> {
        let mut best = Best::start(queries, want);
        let mut found = Vec::new();
        // A cell stays in the first-level cache while all queries pass over it.
        for cell in 0..self.data.reps.len() as u32 {
            for (query, best) in queries.iter().zip(&mut best) {
                best.open(&self.data, cell, query, live, &mut found);
            }
        }
        Best::finish(best)
    }
}

/// How [`Cells`] finds the nearest representatives.
pub(crate) enum Finder<'a> {
    /// All of them are compared.
    Scan(PlaneBuf),
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
        let finder = graph.map_or_else(|| Finder::Scan(data.reps.iter().collect()), Finder::Graph);
        Cells { data, finder, probes, ef }
    }

    fn nearest_cells(&self, query: &Query, scratch: &mut Scratch, cells: &mut Vec<(u32, u32)>) {
        match &self.finder {
            Finder::Graph(graph) => graph.search(query, self.ef, scratch, cells),
            Finder::Scan(reps) => nearest_by_scan(reps.as_planes(), query, self.probes, cells),
        }
        cells.truncate(self.probes);
        // Crowded cells are opened the more often, too: what counts is what there is to read.
        let average = self.data.postings.len().div_ceil(self.data.reps.len().max(1));
        let mut room = (self.probes * average) as isize;
        let enough = |&(_, cell): &(u32, u32)| {
            room -= self.data.cell(cell).len() as isize;
            room < 0
        };
        let fit = cells.iter().position(enough).unwrap_or(cells.len());
        cells.truncate(fit.max(AT_ONCE));
    }
}

impl CandidateStore for Cells<'_> {
    fn count(&self) -> usize {
        self.data.postings.len()
    }

    fn search(&self, queries: &[Query], want: Want, live: Live<'_>) -> Vec<Vec<Hit>> {
        let mut best = Best::start(queries, want);
        let (mut scratch, mut cells, mut found) = (Scratch::default(), Vec::new(), Vec::new());
        let mut later: Vec<(u32, u32)> = Vec::new();
        for (i, (query, best)) in queries.iter().zip(&mut best).enumerate() {
            self.nearest_cells(query, &mut scratch, &mut cells);
            let (first, rest) = cells.split_at(cells.len().min(AT_ONCE));
            for &(_, cell) in first {
                best.open(&self.data, cell, query, live, &mut found);
            }
            later.extend(rest.iter().map(|&(_, cell)| (cell, i as u32)));
        }
        later.sort_unstable();
        for (cell, i) in later {
            best[i as usize].open(&self.data, cell, &queries[i as usize], live, &mut found);
        }
        Best::finish(best)
    }
}

/// The `count` nearest representatives as `(distance, cell)`, nearest first.
fn nearest_by_scan(reps: Planes<'_>, query: &Query, count: usize, cells: &mut Vec<(u32, u32)>) {
    let mut best = TopK::new(count);
    for (from, block) in reps.blocks(BLOCK) {
        let limit = best.worst().map_or(u32::MAX, |&(worst, _)| worst);
        cells.clear();
        scan(block, query, limit, cells);
        for &(distance, at) in cells.iter() {
            best.offer((distance, from as u32 + at));
        }
    }
    *cells = best.into_sorted();
}

/// Best hits of a query so far.
struct Best {
    hits: TopK<Hit>,
    max_distance: u32,
}

impl Best {
    fn start(queries: &[Query], want: Want) -> Vec<Best> {
        let one = || Best { hits: TopK::new(want.k), max_distance: want.max_distance };
        queries.iter().map(|_| one()).collect()
    }

    fn finish(all: Vec<Best>) -> Vec<Vec<Hit>> {
        all.into_iter().map(|best| best.hits.into_sorted()).collect()
    }

    /// Offers the codes of a cell.
    fn open(
        &mut self,
        data: &SpaceData<'_>,
        cell: u32,
        query: &Query,
        live: Live<'_>,
        found: &mut Vec<(u32, u32)>,
    ) {
        let first = data.cell(cell).start;
        for (from, block) in data.codes_of(cell).blocks(BLOCK) {
            let limit = self.hits.worst().map_or(u32::MAX, |worst| worst.distance);
            found.clear();
            scan(block, query, limit.min(self.max_distance), found);
            for &(distance, at) in found.iter() {
                let posting = data.postings[first + from + at as usize];
                if let Some(hit) = live.hit(posting.track, posting.time, distance) {
                    self.hits.offer(hit);
                }
            }
        }
    }
}
