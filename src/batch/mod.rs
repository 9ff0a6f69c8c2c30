//! Near-duplicates within a batch of uploads: pairs, groups, explanations.
//!
//! ```text
//! pool ─► pairs ─► group ─► explain + score ─► Cluster
//! ```
//!
//! Tracks lie in an index that is made for the batch, or in one that was kept; earlier uploads in another.

pub mod cluster;
mod explain;
pub mod group;
mod member;
pub mod pairs;
pub mod pool;
mod score;

use std::collections::BTreeMap;

pub use member::BatchTrack;
pub use score::THRESHOLD_LENGTH;

use cluster::Cluster;
use group::{Group, groups, ties};
use pairs::{Matcher, Pair};
use pool::{Node, Pool};

use crate::params::FingerprintParams;
use crate::progress::{Cancel, Progress};

/// What a batch has in common.
#[derive(Debug, Default)]
pub struct Families {
    /// Groups of near-duplicates, those with the highest score first.
    pub clusters: Vec<Cluster>,
    /// All accepted pairs, near-duplicates and weaker ties.
    pub pairs: Vec<Pair>,
    /// The search was cut short.
    pub cancelled: bool,
}

/// Finds and explains the near-duplicates of a batch.
///
/// `tracks` holds what is known of each track of `pool`, by SHA-256 of its content; several where the same
/// file came several times. What is not in there is described by the index.
pub fn families(
    pool: &Pool,
    tracks: BTreeMap<[u8; 32], Vec<BatchTrack>>,
    params: &FingerprintParams,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Families {
    let by_node = tracks_by_node(pool, tracks);
    let matcher = Matcher::new(pool, params);
    let pairs = matcher.pairs(progress, cancel);
    let mut found = groups(&matcher, &pairs, params);
    let grouped: Vec<bool> = membership(pool.len(), &found);
    // The same file several times is a group, too.
    let repeated = (0..pool.len()).filter(|&n| !grouped[n] && by_node[n].len() > 1);
    found.extend(repeated.map(|node| Group { nodes: vec![node], edges: Vec::new() }));
    let mut clusters: Vec<Cluster> = found
        .iter()
        .map(|group| {
            let ties = ties(group, &pairs);
            explain::describe(group, &ties, &|node: Node| &by_node[node], params)
        })
        .collect();
    clusters.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.members.cmp(&b.members)));
    Families { clusters, pairs, cancelled: cancel.is_cancelled() }
}

fn tracks_by_node(
    pool: &Pool,
    mut tracks: BTreeMap<[u8; 32], Vec<BatchTrack>>,
) -> Vec<Vec<BatchTrack>> {
    (0..pool.len())
        .map(|node| {
            let Some(meta) = pool.meta(node) else { return Vec::new() };
            let mut known = tracks
                .remove(&meta.sha256)
                .unwrap_or_else(|| vec![BatchTrack::of_index(meta, node >= pool.fresh())]);
            // The same file, delivered before under another path; under the same it is this upload again.
            if let Some(before) = pool.delivered_before(node)
                && known.iter().all(|track| track.track.path != before.path)
            {
                known.push(BatchTrack::of_index(before, true));
            }
            known
        })
        .collect()
}

fn membership(nodes: usize, groups: &[Group]) -> Vec<bool> {
    let mut grouped = vec![false; nodes];
    for &node in groups.iter().flat_map(|g| &g.nodes) {
        grouped[node] = true;
    }
    grouped
}
