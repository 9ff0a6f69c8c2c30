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
pub(crate) struct Live<'a> {
    /// Snapshot number of the first track of the segment.
    pub(crate) base: u32,
    /// Tracks of the segment.
    pub(crate) tracks: u32,
    /// Local numbers of removed tracks, ascending.
    pub(crate) dead: &'a [u32],
}

impl Live<'_> {
    fn hit(&self, track: u32, time: u32, distance: u32) -> Option<Hit> {
        let dead = !self.dead.is_empty() && self.dead.binary_search(&track).is_ok();
        (!dead).then(|| Hit { track: TrackNo(self.base + track), time, distance })
    }
}

/// What is wanted per query.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Want {
    /// Hits per query.
    pub(crate) k: usize,
    /// Farthest distance reported.
    pub(crate) max_distance: u32,
}

/// A set of codes that can be searched.
pub(crate) trait CandidateStore: Sync {
    /// The nearest live windows of each query, sorted.
    fn search(&self, queries: &[Query], want: Want, live: Live<'_>) -> Vec<Vec<Hit>>;
}

/// Looks at every code.
pub(crate) struct Exact<'a> {
    pub(crate) data: SpaceData<'a>,
}

impl CandidateStore for Exact<'_> {
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

    /// The cells to open for each query, nearest first.
    fn nearest_cells(&self, queries: &[Query]) -> Vec<Vec<(u32, u32)>> {
        let mut all = match &self.finder {
            Finder::Graph(graph) => {
                let mut scratch = Scratch::default();
                let walk = |query| {
                    let mut cells = Vec::new();
                    graph.search(query, self.ef, &mut scratch, &mut cells);
                    cells
                };
                queries.iter().map(walk).collect()
            }
            Finder::Scan(reps) => nearest_by_scan(reps.as_planes(), queries, self.probes),
        };
        all.iter_mut().for_each(|cells| self.limit(cells));
        all
    }

    /// Leaves as many cells as are to be opened. Crowded cells are opened the more often, too: what counts
    /// is what there is to read.
    fn limit(&self, cells: &mut Vec<(u32, u32)>) {
        cells.truncate(self.probes);
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
    fn search(&self, queries: &[Query], want: Want, live: Live<'_>) -> Vec<Vec<Hit>> {
        let mut best = Best::start(queries, want);
        let mut found = Vec::new();
        // Cell and query in one number, which sorts fast.
        let mut later: Vec<u64> = Vec::new();
        let wanted = self.nearest_cells(queries);
        for (i, ((query, best), cells)) in queries.iter().zip(&mut best).zip(&wanted).enumerate() {
            let (first, rest) = cells.split_at(cells.len().min(AT_ONCE));
            for &(_, cell) in first {
                best.open(&self.data, cell, query, live, &mut found);
            }
            later.extend(rest.iter().map(|&(_, cell)| u64::from(cell) << 32 | i as u64));
        }
        later.sort_unstable();
        for both in later {
            let (cell, i) = ((both >> 32) as u32, (both & u64::from(u32::MAX)) as usize);
            best[i].open(&self.data, cell, &queries[i], live, &mut found);
        }
        Best::finish(best)
    }
}

/// The `count` nearest representatives of each query as `(distance, cell)`, nearest first.
///
/// A block of representatives stays in the first-level cache while all queries pass over it.
fn nearest_by_scan(reps: Planes<'_>, queries: &[Query], count: usize) -> Vec<Vec<(u32, u32)>> {
    let mut best: Vec<TopK<(u32, u32)>> = queries.iter().map(|_| TopK::new(count)).collect();
    let mut found = Vec::new();
    for (from, block) in reps.blocks(BLOCK) {
        for (query, best) in queries.iter().zip(&mut best) {
            let limit = best.worst().map_or(u32::MAX, |&(worst, _)| worst);
            found.clear();
            scan(block, query, limit, &mut found);
            for &(distance, at) in &found {
                best.offer((distance, from as u32 + at));
            }
        }
    }
    best.into_iter().map(TopK::into_sorted).collect()
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
        if !data.is_sound(cell) {
            return;
        }
        let first = data.cell(cell).start;
        for (from, block) in data.codes_of(cell).blocks(BLOCK) {
            let limit = self.hits.worst().map_or(u32::MAX, |worst| worst.distance);
            found.clear();
            scan(block, query, limit.min(self.max_distance), found);
            for &(distance, at) in found.iter() {
                let posting = data.postings.get(first + from + at as usize);
                if posting.track >= live.tracks {
                    data.note_bad_posting();
                } else if let Some(hit) = live.hit(posting.track, posting.time, distance) {
                    self.hits.offer(hit);
                }
            }
        }
    }
}
