//! Single-linkage clustering with bridges cut: who hangs together, how closely, and which pairs the search did not name.
//!
//! Clusters are connected components of the graph of near-duplicates. In a family of hundreds of copies
//! each finds only its nearest; the other pairs follow by going from copy to copy, and are verified
//! like any other. A sparse cluster that hangs on a single pair is taken apart there.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rayon::prelude::*;

use super::pairs::{Matcher, Pair};
use super::params::{ClusterParams, DedupParams};
use super::track_set::TrackIx;
use crate::params::FingerprintParams;
use crate::scan::kind::{MatchKind, is_modified};
use crate::scan::transform::Transform;

/// What makes a cluster.
const PARAMS: &ClusterParams = &DedupParams::V2.cluster;

/// Tracks that are near-duplicates of each other, and the evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Component {
    /// The tracks, in order.
    pub nodes: Vec<TrackIx>,
    /// The near-duplicates among them, in order.
    pub edges: Vec<Pair>,
}

impl Component {
    /// Share of all pairs that are edges.
    pub fn density(&self) -> f64 {
        let n = self.nodes.len() as f64;
        if n < 2.0 { 1.0 } else { self.edges.len() as f64 / (n * (n - 1.0) / 2.0) }
    }

    /// The track that shares most with the others, at the same speed and pitch if it can be.
    pub fn representative(&self, params: &FingerprintParams) -> TrackIx {
        let mut shared: BTreeMap<TrackIx, f64> = self.nodes.iter().map(|&n| (n, 0.0)).collect();
        for edge in &self.edges {
            let weight = if is_modified(&edge.found, params) { PARAMS.changed } else { 1.0 };
            for node in [edge.a, edge.b] {
                *shared.entry(node).or_default() += weight * edge.weaker_share();
            }
        }
        let best = shared.into_iter().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
        best.map_or(0, |(node, _)| node)
    }

    /// Whether some other track of the cluster is the same recording as `node`, or a changed copy.
    pub fn is_copy(&self, node: TrackIx, params: &FingerprintParams) -> bool {
        let own = self.edges.iter().filter(|e| e.a == node || e.b == node);
        own.map(|e| MatchKind::of(&e.found, false, params)).any(|kind| kind != MatchKind::Version)
    }

    /// The tracks that are copies of each other, each such part in order: without what is tied as a version only.
    pub fn copies(&self, params: &FingerprintParams) -> Vec<Vec<TrackIx>> {
        let is_copy = |e: &&Pair| MatchKind::of(&e.found, false, params) != MatchKind::Version;
        let parts = components(self.edges.iter().filter(is_copy).cloned().collect());
        let mut parts: Vec<Vec<TrackIx>> = parts.into_iter().map(|part| part.nodes).collect();
        let alone = self.nodes.iter().filter(|node| !parts.iter().any(|p| p.contains(node)));
        let alone: Vec<Vec<TrackIx>> = alone.map(|node| vec![*node]).collect();
        parts.extend(alone);
        parts.sort();
        parts
    }

    /// How each track maps onto `root`, along as few pairs as possible.
    pub fn transforms_to(&self, root: TrackIx) -> BTreeMap<TrackIx, Transform> {
        let mut next: BTreeMap<TrackIx, Vec<(TrackIx, Transform)>> = BTreeMap::new();
        for edge in &self.edges {
            let transform = edge.found.best().transform;
            next.entry(edge.b).or_default().push((edge.a, transform));
            next.entry(edge.a).or_default().push((edge.b, transform.inverse()));
        }
        let mut to_root = BTreeMap::from([(root, Transform::shift(0.0))]);
        let mut queue = VecDeque::from([root]);
        while let Some(node) = queue.pop_front() {
            let here = to_root[&node];
            for (other, transform) in next.get(&node).into_iter().flatten() {
                if !to_root.contains_key(other) {
                    to_root.insert(*other, transform.then(&here));
                    queue.push_back(*other);
                }
            }
        }
        to_root
    }
}

/// The clusters that `pairs` make, in order of their first track; what is no edge within a cluster is left
/// out, see [`ties`].
pub fn find_components(
    matcher: &Matcher<'_>,
    pairs: &[Pair],
    params: &FingerprintParams,
) -> Vec<Component> {
    let edges: Vec<Pair> = pairs.iter().filter(|p| p.is_edge()).cloned().collect();
    let mut find_components = Vec::new();
    for component in components(edges) {
        let component = complete(matcher, component, params);
        if component.density() >= PARAMS.sparse {
            find_components.push(component);
        } else {
            let bridges = bridges(&component);
            let edges = component.edges.into_iter().filter(|e| !bridges.contains(&e.nodes()));
            find_components.extend(components(edges.collect()));
        }
    }
    find_components.sort_by(|a, b| a.nodes.cmp(&b.nodes));
    find_components
}

/// Pairs between tracks of a cluster and tracks outside it, and weaker ones within: context.
pub fn ties<'a>(component: &Component, pairs: &'a [Pair]) -> Vec<&'a Pair> {
    let inside: BTreeSet<TrackIx> = component.nodes.iter().copied().collect();
    let one_inside = |p: &&Pair| inside.contains(&p.a) != inside.contains(&p.b);
    pairs.iter().filter(one_inside).collect()
}

fn components(edges: Vec<Pair>) -> Vec<Component> {
    let mut parent: BTreeMap<TrackIx, TrackIx> = BTreeMap::new();
    fn root(parent: &mut BTreeMap<TrackIx, TrackIx>, node: TrackIx) -> TrackIx {
        let mut at = node;
        while let Some(&up) = parent.get(&at).filter(|&&up| up != at) {
            at = up;
        }
        parent.insert(node, at);
        at
    }
    for edge in &edges {
        let (a, b) = (root(&mut parent, edge.a), root(&mut parent, edge.b));
        parent.insert(a.max(b), a.min(b));
        parent.entry(a.min(b)).or_insert(a.min(b));
    }
    let mut find_components: BTreeMap<TrackIx, Component> = BTreeMap::new();
    let nodes: Vec<TrackIx> = parent.keys().copied().collect();
    for node in nodes {
        let first = root(&mut parent, node);
        let new = || Component { nodes: Vec::new(), edges: Vec::new() };
        find_components.entry(first).or_insert_with(new).nodes.push(node);
    }
    for edge in edges {
        let first = root(&mut parent, edge.a);
        if let Some(component) = find_components.get_mut(&first) {
            component.edges.push(edge);
        }
    }
    find_components.into_values().collect()
}

/// Compares the pairs of `cluster` that the search did not name.
fn complete(
    matcher: &Matcher<'_>,
    mut component: Component,
    params: &FingerprintParams,
) -> Component {
    if component.nodes.len() > PARAMS.complete {
        return component;
    }
    let known: BTreeSet<(TrackIx, TrackIx)> = component.edges.iter().map(Pair::nodes).collect();
    let to_root = component.transforms_to(component.representative(params));
    let missing: Vec<(TrackIx, TrackIx)> = component
        .nodes
        .iter()
        .flat_map(|&a| component.nodes.iter().map(move |&b| (a, b)))
        .filter(|&(a, b)| a < b && !known.contains(&(a, b)))
        .collect();
    let found: Vec<Pair> = missing
        .into_par_iter()
        .filter_map(|(a, b)| {
            let transform = to_root.get(&a)?.then(&to_root.get(&b)?.inverse());
            matcher.confirm(a, b, transform).filter(Pair::is_edge)
        })
        .collect();
    component.edges.extend(found);
    component.edges.sort_by_key(Pair::nodes);
    component
}

/// The edges whose removal takes the cluster apart into parts of at least two tracks each.
///
/// Tarjan, "A note on finding the bridges of a graph" (1974), without recursion.
fn bridges(component: &Component) -> BTreeSet<(TrackIx, TrackIx)> {
    let mut next: BTreeMap<TrackIx, Vec<TrackIx>> = BTreeMap::new();
    for edge in &component.edges {
        next.entry(edge.a).or_default().push(edge.b);
        next.entry(edge.b).or_default().push(edge.a);
    }
    let Some(&start) = component.nodes.first() else { return BTreeSet::new() };
    /// A track on the way down: where it came from, how many neighbours were visited.
    struct Step {
        node: TrackIx,
        from: Option<TrackIx>,
        visited: usize,
    }
    let mut order: BTreeMap<TrackIx, (usize, usize, usize)> = BTreeMap::new();
    let mut path = vec![Step { node: start, from: None, visited: 0 }];
    let mut found = BTreeSet::new();
    while let Some(step) = path.last_mut() {
        let number = order.len();
        order.entry(step.node).or_insert((number, number, 1));
        let neighbours = next.get(&step.node).map_or(&[][..], Vec::as_slice);
        if let Some(&other) = neighbours.get(step.visited) {
            step.visited += 1;
            let (node, from) = (step.node, step.from);
            match order.get(&other).copied() {
                None => path.push(Step { node: other, from: Some(node), visited: 0 }),
                Some((seen, ..)) if Some(other) != from => {
                    if let Some(own) = order.get_mut(&node) {
                        own.1 = own.1.min(seen);
                    }
                }
                Some(_) => {}
            }
            continue;
        }
        let Some(done) = path.pop() else { break };
        let (_, low, below) = order[&done.node];
        let Some(from) = done.from else { continue };
        let Some(up) = order.get_mut(&from) else { continue };
        up.1 = up.1.min(low);
        up.2 += below;
        if low > up.0 && below >= 2 && component.nodes.len() - below >= 2 {
            found.insert((from.min(done.node), from.max(done.node)));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::evidence::MatchEvidence;
    use crate::scan::segment::Segment;

    fn pair(a: TrackIx, b: TrackIx) -> Pair {
        let transform = Transform { offset: 10.0, time_factor: 1.0, freq_shift: 2.0 };
        let segment = Segment { transform, ..Segment::sure((0, 60_000), (0, 60_000)) };
        let found = MatchEvidence {
            segments: vec![segment],
            raw_score: 100.0,
            log10_evalue: -40.0,
            score: 90.0,
            query_covered_ms: 60_000,
            reference_covered_ms: 60_000,
            query_coverage: 1.0,
            reference_coverage: 1.0,
            ..MatchEvidence::default()
        };
        Pair { a, b, found, a_share: 1.0, b_share: 1.0, shared_loop: false, loop_ms: None }
    }

    #[test]
    fn components_are_apart_and_in_order() {
        let found = components(vec![pair(5, 4), pair(1, 2), pair(2, 0), pair(7, 5)]);
        let nodes: Vec<_> = found.iter().map(|g| g.nodes.clone()).collect();
        assert_eq!(nodes, [vec![0, 1, 2], vec![4, 5, 7]]);
        assert_eq!(found[0].edges.len(), 2);
    }

    #[test]
    fn warps_add_up_along_the_way() {
        let component = components(vec![pair(0, 1), pair(1, 2)]).remove(0);
        let transforms = component.transforms_to(2);
        assert_eq!(transforms[&0], Transform { offset: 20.0, time_factor: 1.0, freq_shift: 4.0 });
    }

    #[test]
    fn a_recording_represents_its_faster_copies() {
        let mut edges = vec![pair(0, 1), pair(0, 2), pair(1, 2)];
        for edge in &mut edges {
            edge.found.segments[0].transform = Transform::shift(0.0);
        }
        // Track 0 is whole and fast, the end of track 2 is missing.
        for edge in &mut edges[..2] {
            edge.found.segments[0].transform.time_factor = 1.04;
        }
        edges[1].a_share = 0.9;
        edges[2].a_share = 0.9;
        let component = components(edges).remove(0);
        assert_eq!(component.representative(&FingerprintParams::V2), 1);
    }

    #[test]
    fn two_families_that_hang_on_one_pair_are_parted_there() {
        let family = |from: TrackIx| {
            (from..from + 4).flat_map(move |a| (a + 1..from + 4).map(move |b| pair(a, b)))
        };
        let joined: Vec<Pair> = family(0).chain(family(10)).chain([pair(3, 10)]).collect();
        let component = components(joined).remove(0);
        assert_eq!(bridges(&component), BTreeSet::from([(3, 10)]));
        // One track more on a family is a member of it, not a family.
        let tail: Vec<Pair> = family(0).chain([pair(3, 10)]).collect();
        assert!(bridges(&components(tail).remove(0)).is_empty());
    }
}
