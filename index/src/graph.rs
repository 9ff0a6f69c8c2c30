//! The HNSW graph over cell representatives: built by hnsw_rs, stored and walked as flat `u32` arrays.
//!
//! hnsw_rs keeps 2-3 KB per point in memory and its dumps are not safe to load (no checksum,
//! `process::exit` on truncation). Its finished graph is therefore copied into one word array that is
//! validated once, mapped, and walked here: 130 bytes per point and no loading time. The graph is a
//! cache; without it the representatives are scanned.
//!
//! ```text
//! cells | levels | entry | orphans
//! per level: nodes | links
//! orphans: ascending cells that the graph does not lead to
//! per level: node ids, ascending (all of them, hence absent, on level 0) | offsets, nodes + 1 | links
//! ```

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use hnsw_rs::prelude::{Distance, Hnsw};
use multiversion::multiversion;

use crate::popcount::{distance, plain, weighted};
use crate::types::{Code, Query};

/// Parameters of the graph.
pub(crate) struct GraphParams {
    /// Links per node on upper levels, twice that on level 0.
    pub(crate) m: usize,
    /// Width of the search that places a new node.
    pub(crate) ef_construction: usize,
    /// Levels at most.
    pub(crate) levels: usize,
    /// Segments with fewer cells get no graph: a scan of so few takes a microsecond.
    pub(crate) min_cells: usize,
}

/// The parameters in use.
pub(crate) const GRAPH: GraphParams =
    GraphParams { m: 16, ef_construction: 100, levels: 16, min_cells: 8 };

/// A graph that misses more than one in this many of its own nodes is discarded.
const MAX_ORPHANS: usize = 20;

/// hnsw_rs sees codes as four `u64`; its own Hamming distance counts unequal elements, not bits.
#[derive(Default)]
struct BitDistance;

impl Distance<u64> for BitDistance {
    fn eval(&self, a: &[u64], b: &[u64]) -> f32 {
        match (a.try_into(), b.try_into()) {
            (Ok(a), Ok(b)) => plain(a, b) as f32,
            _ => f32::MAX,
        }
    }
}

/// Working memory of a search, reused between queries.
#[derive(Default)]
pub(crate) struct Scratch {
    stamps: Vec<u32>,
    stamp: u32,
    frontier: BinaryHeap<Reverse<(u32, u32)>>,
    best: BinaryHeap<(u32, u32)>,
    /// Neighbours of one node that have not been met before, with their distances.
    fresh: Vec<(u32, u32)>,
}

impl Scratch {
    fn restart(&mut self, cells: usize) {
        self.frontier.clear();
        self.best.clear();
        self.stamps.resize(cells.max(self.stamps.len()), 0);
        self.stamp = self.stamp.wrapping_add(1);
        if self.stamp == 0 {
            self.stamps.fill(0);
            self.stamp = 1;
        }
    }
}

/// Where a level lies in the words of a graph.
#[derive(Debug, Clone, PartialEq)]
struct Level {
    /// Empty on level 0.
    nodes: Range<usize>,
    offsets: Range<usize>,
    links: Range<usize>,
}

/// Layout of a validated graph; the words themselves stay where they are mapped.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Layout {
    entry: u32,
    orphans: Range<usize>,
    levels: Vec<Level>,
}

/// A graph ready to be walked.
#[derive(Clone, Copy)]
pub(crate) struct Graph<'a> {
    layout: &'a Layout,
    words: &'a [u32],
    reps: &'a [Code],
}

impl<'a> Graph<'a> {
    /// `layout` must come from [`parse`] on the same words with `reps.len()` cells.
    pub(crate) fn new(layout: &'a Layout, words: &'a [u32], reps: &'a [Code]) -> Self {
        Graph { layout, words, reps }
    }

    /// `(distance, cell)` of up to `ef` cells near `query`, nearest first, orphans included.
    pub(crate) fn search(
        &self,
        query: &Query,
        ef: usize,
        scratch: &mut Scratch,
        out: &mut Vec<(u32, u32)>,
    ) {
        walk(self, query, ef.max(1), scratch);
        out.clear();
        out.extend(scratch.best.drain());
        for &orphan in &self.words[self.layout.orphans.clone()] {
            out.push((distance(&self.reps[orphan as usize], query), orphan));
        }
        out.sort_unstable();
        out.dedup();
        out.truncate(ef.max(1));
    }

    #[inline(always)]
    fn neighbours(&self, level: &Level, node: u32) -> &'a [u32] {
        let row = if level.nodes.is_empty() {
            node as usize
        } else {
            match self.words[level.nodes.clone()].binary_search(&node) {
                Ok(row) => row,
                Err(_) => return &[],
            }
        };
        let offsets = &self.words[level.offsets.clone()];
        let links = &self.words[level.links.clone()];
        &links[offsets[row] as usize..offsets[row + 1] as usize]
    }
}

/// Leaves the best `ef` cells in `scratch.best`.
#[multiversion(targets("x86_64+popcnt"))]
fn walk(graph: &Graph<'_>, query: &Query, ef: usize, scratch: &mut Scratch) {
    let mut at = graph.layout.entry;
    let mut near = weighted(&graph.reps[at as usize], query);
    for level in graph.layout.levels.iter().skip(1).rev() {
        loop {
            let before = at;
            for &n in graph.neighbours(level, before) {
                let d = weighted(&graph.reps[n as usize], query);
                if (d, n) < (near, at) {
                    (near, at) = (d, n);
                }
            }
            if at == before {
                break;
            }
        }
    }
    scratch.restart(graph.reps.len());
    let Scratch { stamps, stamp, frontier, best, fresh } = scratch;
    stamps[at as usize] = *stamp;
    frontier.push(Reverse((near, at)));
    best.push((near, at));
    let Some(base) = graph.layout.levels.first() else {
        return;
    };
    while let Some(Reverse((d, node))) = frontier.pop() {
        let worst = best.peek().map_or(u32::MAX, |b| b.0);
        if best.len() >= ef && d > worst {
            break;
        }
        // First which, then how far: distances that do not wait for each other's branches overlap
        // their reads of memory, which is where the time goes.
        fresh.clear();
        for &n in graph.neighbours(base, node) {
            if stamps[n as usize] != *stamp {
                stamps[n as usize] = *stamp;
                fresh.push((0, n));
            }
        }
        for (d, n) in fresh.iter_mut() {
            *d = weighted(&graph.reps[*n as usize], query);
        }
        for &(d, n) in fresh.iter() {
            if best.len() < ef {
                best.push((d, n));
                frontier.push(Reverse((d, n)));
            } else if let Some(mut worst) = best.peek_mut()
                && (d, n) < *worst
            {
                *worst = (d, n);
                frontier.push(Reverse((d, n)));
            }
        }
    }
}

/// Builds the graph of `reps` as words, audits it at width `ef` and lists the cells it does not lead
/// to. `None` when there are too few cells or hnsw_rs failed: the caller scans instead.
/// Insertion is sequential because hnsw_rs is reproducible only so.
pub(crate) fn build(reps: &[Code], ef: usize) -> Option<(Vec<u32>, usize)> {
    if reps.len() < GRAPH.min_cells || u32::try_from(reps.len()).is_err() {
        return None;
    }
    let levels = catch_unwind(AssertUnwindSafe(|| build_levels(reps))).ok()??;
    let words = encode(reps.len(), &levels, &[]);
    let layout = parse(&words, reps.len()).ok()?;
    let orphans = audit(&Graph::new(&layout, &words, reps), ef);
    if orphans.len() * MAX_ORPHANS > reps.len() {
        return None;
    }
    Some((encode(reps.len(), &levels, &orphans), orphans.len()))
}

/// `(node, links)` of every level, nodes ascending; the first level has every node.
type Levels = Vec<Vec<(u32, Vec<u32>)>>;

fn build_levels(reps: &[Code]) -> Option<Levels> {
    let hnsw = Hnsw::<u64, BitDistance>::new(
        GRAPH.m,
        reps.len(),
        GRAPH.levels,
        GRAPH.ef_construction,
        BitDistance,
    );
    for (id, rep) in reps.iter().enumerate() {
        hnsw.insert((rep.as_slice(), id));
    }
    let points = hnsw.get_point_indexation();
    let top = usize::from(hnsw.get_max_level_observed());
    let mut levels: Levels = vec![Vec::new(); top + 1];
    for layer in 0..=top {
        for point in points.get_layer_iterator(layer) {
            let id = u32::try_from(point.get_origin_id()).ok()?;
            for (level, links) in point.get_neighborhood_id().iter().take(layer + 1).enumerate() {
                let links = links.iter().map(|n| n.get_origin_id() as u32).collect();
                levels[level].push((id, links));
            }
        }
    }
    for level in &mut levels {
        level.sort_unstable();
    }
    Some(levels)
}

fn encode(cells: usize, levels: &Levels, orphans: &[u32]) -> Vec<u32> {
    let entry = levels.last().and_then(|top| top.first()).map_or(0, |node| node.0);
    let mut words = vec![cells as u32, levels.len() as u32, entry, orphans.len() as u32];
    for level in levels {
        words.push(level.len() as u32);
        words.push(level.iter().map(|(_, links)| links.len() as u32).sum());
    }
    words.extend_from_slice(orphans);
    for (i, level) in levels.iter().enumerate() {
        if i > 0 {
            words.extend(level.iter().map(|(id, _)| id));
        }
        let mut offset = 0;
        words.push(offset);
        for (_, links) in level {
            offset += links.len() as u32;
            words.push(offset);
        }
        words.extend(level.iter().flat_map(|(_, links)| links));
    }
    words
}

/// Cells that a search for their own representative does not return.
fn audit(graph: &Graph<'_>, ef: usize) -> Vec<u32> {
    let mut scratch = Scratch::default();
    let mut found = Vec::new();
    let mut missed = Vec::new();
    for (id, rep) in graph.reps.iter().enumerate() {
        graph.search(&Query::from(*rep), ef, &mut scratch, &mut found);
        if !found.contains(&(0, id as u32)) {
            missed.push(id as u32);
        }
    }
    missed
}

/// Hands out consecutive parts of the words.
struct Cursor {
    at: usize,
    len: usize,
}

impl Cursor {
    fn take(&mut self, n: usize) -> Result<Range<usize>, &'static str> {
        let end = self.at.checked_add(n).filter(|&e| e <= self.len).ok_or("graph is cut off")?;
        let range = self.at..end;
        self.at = end;
        Ok(range)
    }
}

/// Validates a graph of `cells` cells, so that walking it cannot leave its arrays.
pub(crate) fn parse(words: &[u32], cells: usize) -> Result<Layout, &'static str> {
    let mut cursor = Cursor { at: 0, len: words.len() };
    let head = &words[cursor.take(4)?];
    let (count, entry) = (head[1] as usize, head[2]);
    if head[0] as usize != cells || entry as usize >= cells {
        return Err("graph is of another set of cells");
    }
    if count == 0 || count > GRAPH.levels {
        return Err("graph has a wrong number of levels");
    }
    let sizes = &words[cursor.take(2 * count)?];
    let orphans = cursor.take(head[3] as usize)?;
    if !ascending_below(&words[orphans.clone()], cells) {
        return Err("graph has unordered orphans");
    }
    let mut levels = Vec::with_capacity(count);
    for (i, size) in sizes.chunks_exact(2).enumerate() {
        let (nodes, links) = (size[0] as usize, size[1] as usize);
        if if i == 0 { nodes != cells } else { nodes == 0 } {
            return Err("graph level has a wrong number of nodes");
        }
        let level = Level {
            nodes: cursor.take(if i == 0 { 0 } else { nodes })?,
            offsets: cursor.take(nodes + 1)?,
            links: cursor.take(links)?,
        };
        let offsets = &words[level.offsets.clone()];
        if !ascending_below(&words[level.nodes.clone()], cells)
            || offsets[0] != 0
            || offsets[nodes] as usize != links
            || offsets.windows(2).any(|w| w[0] > w[1])
            || words[level.links.clone()].iter().any(|&n| n as usize >= cells)
        {
            return Err("graph level is inconsistent");
        }
        levels.push(level);
    }
    if cursor.at != words.len() {
        return Err("graph has words after its end");
    }
    Ok(Layout { entry, orphans, levels })
}

fn ascending_below(values: &[u32], end: usize) -> bool {
    values.windows(2).all(|w| w[0] < w[1]) && values.last().is_none_or(|&v| (v as usize) < end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::popcount::hamming;
    use crate::test_random::{self, Random};

    fn reps(n: usize) -> Vec<Code> {
        test_random::codes(1, n)
    }

    #[test]
    fn walk_finds_what_a_scan_finds() {
        let reps = reps(400);
        let (words, orphans) = build(&reps, 64).unwrap();
        assert_eq!(orphans, 0);
        let layout = parse(&words, reps.len()).unwrap();
        assert!(layout.levels.len() > 1);
        let graph = Graph::new(&layout, &words, &reps);
        let (mut scratch, mut found) = (Scratch::default(), Vec::new());
        for (id, rep) in reps.iter().enumerate() {
            graph.search(&Query::from(*rep), 400, &mut scratch, &mut found);
            let mut all: Vec<(u32, u32)> =
                reps.iter().enumerate().map(|(i, r)| (hamming(r, rep), i as u32)).collect();
            all.sort_unstable();
            assert_eq!(found, all);
            assert_eq!(found[0], (0, id as u32));
        }
    }

    #[test]
    fn a_cut_off_node_is_an_orphan_and_still_found() {
        let reps = reps(50);
        let mut levels = build_levels(&reps).unwrap();
        for (_, links) in levels.iter_mut().flatten() {
            links.retain(|&n| n != 7);
        }
        levels.truncate(1);
        levels[0][0].1 = vec![1];
        let words = encode(50, &levels, &[]);
        let layout = parse(&words, 50).unwrap();
        let missed = audit(&Graph::new(&layout, &words, &reps), 64);
        assert!(missed.contains(&7));
        let words = encode(50, &levels, &missed);
        let layout = parse(&words, 50).unwrap();
        assert!(audit(&Graph::new(&layout, &words, &reps), 64).is_empty());
    }

    #[test]
    fn forged_graphs_never_panic() {
        let reps = reps(60);
        let (words, _) = build(&reps, 64).unwrap();
        let (mut scratch, mut found, mut random) = (Scratch::default(), Vec::new(), Random::new(3));
        for _ in 0..5000 {
            let mut forged = words.clone();
            for _ in 0..1 + random.bits() % 2 {
                let span = if random.bits().is_multiple_of(2) { forged.len() } else { 12 };
                let at = random.bits() as usize % span;
                forged[at] = match random.bits() % 3 {
                    0 => u32::MAX,
                    1 => forged[at].wrapping_add(1),
                    _ => random.bits() as u32 % 64,
                };
            }
            if let Ok(layout) = parse(&forged, reps.len()) {
                Graph::new(&layout, &forged, &reps).search(
                    &reps[0].into(),
                    64,
                    &mut scratch,
                    &mut found,
                );
            }
        }
        for len in 0..words.len() {
            assert!(parse(&words[..len], reps.len()).is_err());
        }
        assert!(parse(&words, 61).is_err());
    }

    #[test]
    fn building_is_reproducible() {
        let reps = reps(300);
        assert_eq!(build(&reps, 64), build(&reps, 64));
    }
}
