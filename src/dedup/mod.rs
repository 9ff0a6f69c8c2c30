//! Near-duplicates within a batch of uploads: pairs, connected components, explained clusters.
//!
//! ```text
//! track_set ─► pairs ─► component (connected components) ─► explain + score ─► Cluster
//! ```
//!
//! Tracks lie in an index that is made for the batch, or in one that was kept; earlier uploads in another.

pub mod cluster;
pub mod component;
mod explain;
mod member;
pub mod pairs;
pub mod params;
mod score;
pub mod track_set;

use std::collections::BTreeMap;

pub use member::BatchTrack;
pub use score::THRESHOLD_LENGTH;

use cluster::Cluster;
use component::{Component, find_components, ties};
use pairs::{Matcher, Pair};
use track_set::{TrackIx, TrackSet};

use crate::params::FingerprintParams;
use crate::progress::{Cancel, Progress};

/// What a batch has in common.
#[derive(Debug, Default)]
pub struct Clusters {
    /// Clusters of near-duplicates, those with the highest score first.
    pub clusters: Vec<Cluster>,
    /// All accepted pairs, near-duplicates and weaker ties.
    pub pairs: Vec<Pair>,
    /// The search was cut short.
    pub cancelled: bool,
}

/// Finds and explains the near-duplicates of a batch.
///
/// `tracks` holds what is known of each track of `set`, by SHA-256 of its content; several where the same
/// file came several times. What is not in there is described by the index.
pub fn find_clusters(
    set: &TrackSet,
    tracks: BTreeMap<[u8; 32], Vec<BatchTrack>>,
    params: &FingerprintParams,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Clusters {
    let by_node = tracks_by_node(set, tracks);
    let matcher = Matcher::new(set, params);
    let pairs = matcher.pairs(progress, cancel);
    let mut found = find_components(&matcher, &pairs, params);
    let grouped: Vec<bool> = membership(set.len(), &found);
    // The same file several times is a cluster, too.
    let repeated = (0..set.len()).filter(|&n| !grouped[n] && by_node[n].len() > 1);
    found.extend(repeated.map(|node| Component { nodes: vec![node], edges: Vec::new() }));
    let mut clusters: Vec<Cluster> = found
        .iter()
        .map(|component| {
            let ties = ties(component, &pairs);
            explain::describe(component, &ties, &|node: TrackIx| &by_node[node], params)
        })
        .collect();
    clusters.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.members.cmp(&b.members)));
    Clusters { clusters, pairs, cancelled: cancel.is_cancelled() }
}

/// Scores `cluster` anew by what is known of its members by now.
pub fn score_again(cluster: &mut Cluster, members: &[BatchTrack]) {
    score::score(cluster, &members.iter().collect::<Vec<_>>());
}

fn tracks_by_node(
    set: &TrackSet,
    mut tracks: BTreeMap<[u8; 32], Vec<BatchTrack>>,
) -> Vec<Vec<BatchTrack>> {
    (0..set.len())
        .map(|node| {
            let Some(meta) = set.meta(node) else { return Vec::new() };
            let mut known = tracks
                .remove(&meta.sha256)
                .unwrap_or_else(|| vec![BatchTrack::of_index(meta, node >= set.fresh())]);
            // The same file, delivered before under another path; under the same it is this upload again.
            if let Some(before) = set.delivered_before(node)
                && known.iter().all(|track| track.track.path != before.path)
            {
                known.push(BatchTrack::of_index(before, true));
            }
            known
        })
        .collect()
}

fn membership(nodes: usize, find_components: &[Component]) -> Vec<bool> {
    let mut grouped = vec![false; nodes];
    for &node in find_components.iter().flat_map(|g| &g.nodes) {
        grouped[node] = true;
    }
    grouped
}
