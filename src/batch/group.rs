//! From pairs to groups: who hangs together, how closely, and which pairs the search did not name.
//!
//! Groups are the connected components of the graph of near-duplicates. In a family of hundreds of copies
//! each finds only its nearest; the other pairs follow by going from copy to copy, and are verified
//! like any other. A sparse group that hangs on a single pair is taken apart there.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rayon::prelude::*;

use super::pairs::{Matcher, Pair};
use super::pool::Node;
use crate::params::FingerprintParams;
use crate::scan::kind::{MatchKind, is_modified};
use crate::scan::warp::Warp;

/// Groups up to this size have all their pairs compared; in larger ones the search has compared each
/// track with its nearest.
const COMPLETE: usize = 160;
/// Groups with a smaller share of their pairs among the edges are looked at for bridges.
const SPARSE: f64 = 0.3;

/// What an overlap at another speed or pitch counts for when the representative is chosen, against one
/// without: of a recording and a faster copy of it, what most others agree with is the recording.
const CHANGED: f64 = 0.5;

/// Tracks that are near-duplicates of each other, and the evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// The tracks, in order.
    pub nodes: Vec<Node>,
    /// The near-duplicates among them, in order.
    pub edges: Vec<Pair>,
}

impl Group {
    /// Share of all pairs that are edges.
    pub fn density(&self) -> f64 {
        let n = self.nodes.len() as f64;
        if n < 2.0 { 1.0 } else { self.edges.len() as f64 / (n * (n - 1.0) / 2.0) }
    }

    /// The track that shares most with the others, at the same speed and pitch if it can be.
    pub fn representative(&self, params: &FingerprintParams) -> Node {
        let mut shared: BTreeMap<Node, f64> = self.nodes.iter().map(|&n| (n, 0.0)).collect();
        for edge in &self.edges {
            let weight = if is_modified(&edge.found, params) { CHANGED } else { 1.0 };
            for node in [edge.a, edge.b] {
                *shared.entry(node).or_default() += weight * edge.weaker_share();
            }
        }
        let best = shared.into_iter().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
        best.map_or(0, |(node, _)| node)
    }

    /// Whether some other track of the group is the same recording as `node`, or a changed copy.
    pub fn is_copy(&self, node: Node, params: &FingerprintParams) -> bool {
        let own = self.edges.iter().filter(|e| e.a == node || e.b == node);
        own.map(|e| MatchKind::of(&e.found, false, params)).any(|kind| kind != MatchKind::Version)
    }

    /// How each track maps onto `root`, along as few pairs as possible.
    pub fn warps_to(&self, root: Node) -> BTreeMap<Node, Warp> {
        let mut next: BTreeMap<Node, Vec<(Node, Warp)>> = BTreeMap::new();
        for edge in &self.edges {
            let warp = edge.found.best().warp;
            next.entry(edge.b).or_default().push((edge.a, warp));
            next.entry(edge.a).or_default().push((edge.b, warp.inverse()));
        }
        let mut to_root = BTreeMap::from([(root, Warp::shift(0.0))]);
        let mut queue = VecDeque::from([root]);
        while let Some(node) = queue.pop_front() {
            let here = to_root[&node];
            for (other, warp) in next.get(&node).into_iter().flatten() {
                if !to_root.contains_key(other) {
                    to_root.insert(*other, warp.then(&here));
                    queue.push_back(*other);
                }
            }
        }
        to_root
    }
}

/// The groups that `pairs` make, in order of their first track; what is no edge within a group is left
/// out, see [`ties`].
pub fn groups(matcher: &Matcher<'_>, pairs: &[Pair], params: &FingerprintParams) -> Vec<Group> {
    let edges: Vec<Pair> = pairs.iter().filter(|p| p.is_edge()).cloned().collect();
    let mut groups = Vec::new();
    for group in components(edges) {
        let group = complete(matcher, group, params);
        if group.density() >= SPARSE {
            groups.push(group);
        } else {
            let bridges = bridges(&group);
            let edges = group.edges.into_iter().filter(|e| !bridges.contains(&e.nodes()));
            groups.extend(components(edges.collect()));
        }
    }
    groups.sort_by(|a, b| a.nodes.cmp(&b.nodes));
    groups
}

/// Pairs between tracks of a group and tracks outside it, and weaker ones within: context.
pub fn ties<'a>(group: &Group, pairs: &'a [Pair]) -> Vec<&'a Pair> {
    let inside: BTreeSet<Node> = group.nodes.iter().copied().collect();
    let one_inside = |p: &&Pair| inside.contains(&p.a) != inside.contains(&p.b);
    pairs.iter().filter(one_inside).collect()
}

fn components(edges: Vec<Pair>) -> Vec<Group> {
    let mut parent: BTreeMap<Node, Node> = BTreeMap::new();
    fn root(parent: &mut BTreeMap<Node, Node>, node: Node) -> Node {
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
    let mut groups: BTreeMap<Node, Group> = BTreeMap::new();
    let nodes: Vec<Node> = parent.keys().copied().collect();
    for node in nodes {
        let first = root(&mut parent, node);
        let new = || Group { nodes: Vec::new(), edges: Vec::new() };
        groups.entry(first).or_insert_with(new).nodes.push(node);
    }
    for edge in edges {
        let first = root(&mut parent, edge.a);
        if let Some(group) = groups.get_mut(&first) {
            group.edges.push(edge);
        }
    }
    groups.into_values().collect()
}

/// Compares the pairs of `group` that the search did not name.
fn complete(matcher: &Matcher<'_>, mut group: Group, params: &FingerprintParams) -> Group {
    if group.nodes.len() > COMPLETE {
        return group;
    }
    let known: BTreeSet<(Node, Node)> = group.edges.iter().map(Pair::nodes).collect();
    let to_root = group.warps_to(group.representative(params));
    let missing: Vec<(Node, Node)> = group
        .nodes
        .iter()
        .flat_map(|&a| group.nodes.iter().map(move |&b| (a, b)))
        .filter(|&(a, b)| a < b && !known.contains(&(a, b)))
        .collect();
    let found: Vec<Pair> = missing
        .into_par_iter()
        .filter_map(|(a, b)| {
            let warp = to_root.get(&a)?.then(&to_root.get(&b)?.inverse());
            matcher.confirm(a, b, warp).filter(Pair::is_edge)
        })
        .collect();
    group.edges.extend(found);
    group.edges.sort_by_key(Pair::nodes);
    group
}

/// The edges whose removal takes the group apart into parts of at least two tracks each.
///
/// Tarjan, "A note on finding the bridges of a graph" (1974), without recursion.
fn bridges(group: &Group) -> BTreeSet<(Node, Node)> {
    let mut next: BTreeMap<Node, Vec<Node>> = BTreeMap::new();
    for edge in &group.edges {
        next.entry(edge.a).or_default().push(edge.b);
        next.entry(edge.b).or_default().push(edge.a);
    }
    let Some(&start) = group.nodes.first() else { return BTreeSet::new() };
    /// A track on the way down: where it came from, how many neighbours were visited.
    struct Step {
        node: Node,
        from: Option<Node>,
        visited: usize,
    }
    let mut order: BTreeMap<Node, (usize, usize, usize)> = BTreeMap::new();
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
        if low > up.0 && below >= 2 && group.nodes.len() - below >= 2 {
            found.insert((from.min(done.node), from.max(done.node)));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::matcher::{Found, Segment};

    fn pair(a: Node, b: Node) -> Pair {
        let warp = Warp { offset: 10.0, time_factor: 1.0, freq_shift: 2.0 };
        let segment = Segment { warp, ..Segment::sure((0, 60_000), (0, 60_000)) };
        let found = Found {
            segments: vec![segment],
            nats: 100.0,
            log10_evalue: -40.0,
            score: 90.0,
            query_covered_ms: 60_000,
            reference_covered_ms: 60_000,
            query_coverage: 1.0,
            reference_coverage: 1.0,
            ..Found::default()
        };
        Pair { a, b, found, a_share: 1.0, b_share: 1.0, shared_loop: false }
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
        let group = components(vec![pair(0, 1), pair(1, 2)]).remove(0);
        let warps = group.warps_to(2);
        assert_eq!(warps[&0], Warp { offset: 20.0, time_factor: 1.0, freq_shift: 4.0 });
    }

    #[test]
    fn a_recording_represents_its_faster_copies() {
        let mut edges = vec![pair(0, 1), pair(0, 2), pair(1, 2)];
        for edge in &mut edges {
            edge.found.segments[0].warp = Warp::shift(0.0);
        }
        // Track 0 is whole and fast, the end of track 2 is missing.
        for edge in &mut edges[..2] {
            edge.found.segments[0].warp.time_factor = 1.04;
        }
        edges[1].a_share = 0.9;
        edges[2].a_share = 0.9;
        let group = components(edges).remove(0);
        assert_eq!(group.representative(&FingerprintParams::V2), 1);
    }

    #[test]
    fn two_families_that_hang_on_one_pair_are_parted_there() {
        let family = |from: Node| {
            (from..from + 4).flat_map(move |a| (a + 1..from + 4).map(move |b| pair(a, b)))
        };
        let joined: Vec<Pair> = family(0).chain(family(10)).chain([pair(3, 10)]).collect();
        let group = components(joined).remove(0);
        assert_eq!(bridges(&group), BTreeSet::from([(3, 10)]));
        // One track more on a family is a member of it, not a family.
        let tail: Vec<Pair> = family(0).chain([pair(3, 10)]).collect();
        assert!(bridges(&components(tail).remove(0)).is_empty());
    }
}
