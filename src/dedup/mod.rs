//! What tracks of a batch have in common: near-duplicates, and what plays the same without being a copy.
//!
//! ```text
//! track_set ─► pairs ─► component (connected components) ─► explain + score ─► Cluster
//!                              └► recordings ─► families (works of each other) ─► kin ─► Family
//! ```
//!
//! Tracks lie in an index that is made for the batch, or in one that was kept; earlier uploads in another.

pub mod cluster;
pub mod component;
mod explain;
pub mod families;
pub mod family;
mod kin;
pub mod known_loops;
mod member;
pub mod pairs;
pub mod params;
mod score;
pub mod series;
pub mod shared_loops;
pub mod track_set;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use member::BatchTrack;
pub use score::THRESHOLD_LENGTH;
use soundalike_index::Result as IndexResult;

use cluster::Cluster;
use component::{Component, find_components, ties};
use known_loops::Unexplained;
use pairs::{Matcher, Pair};
use series::{Series, SeriesFact};
use track_set::{TrackIx, TrackSet};

use crate::params::FingerprintParams;
use crate::progress::{Cancel, Progress};
use crate::track::Track;

/// What a batch has in common.
#[derive(Debug, Default)]
pub struct Clusters {
    /// Clusters of near-duplicates, those with the highest score first.
    pub clusters: Vec<Cluster>,
    /// All accepted pairs, near-duplicates and weaker ties.
    pub pairs: Vec<Pair>,
    /// The recordings that the batch is made of, in order of their first track.
    pub recordings: Vec<Recording>,
    /// What is known of each track of the set; several where the same file came several times.
    pub tracks: Vec<Vec<BatchTrack>>,
    /// The search was cut short.
    pub cancelled: bool,
}

impl Clusters {
    /// What is known of a track.
    fn track(&self, node: TrackIx) -> Option<&Arc<Track>> {
        Some(&self.tracks.get(node)?.first()?.track)
    }
}

/// A recording: a track, or near-duplicates of each other.
#[derive(Debug, Clone)]
pub struct Recording {
    /// The track that stands for it.
    pub root: TrackIx,
    /// Its tracks, and how each maps onto the representative of the cluster: time factor, cents.
    played: BTreeMap<TrackIx, (f64, f64)>,
    /// The cluster of near-duplicates.
    pub cluster_id: Option<String>,
}

impl Recording {
    /// Of one track.
    fn alone(node: TrackIx) -> Recording {
        let played = BTreeMap::from([(node, (1.0, 0.0))]);
        Recording { root: node, played, cluster_id: None }
    }

    /// Those of a cluster: what is tied as a version only may be played anew, and is a recording of its own.
    fn of_cluster(
        component: &Component,
        cluster: &Cluster,
        params: &FingerprintParams,
    ) -> Vec<Recording> {
        let representative = component.representative(params);
        let to_root = component.transforms_to(representative);
        let of = |nodes: Vec<TrackIx>| {
            let root = nodes.iter().find(|&&node| node == representative).or(nodes.first());
            let played = |node: &TrackIx| {
                let transform = to_root.get(node);
                (*node, transform.map_or((1.0, 0.0), |t| (t.time_factor, t.pitch_cents(params))))
            };
            Some(Recording {
                root: *root?,
                played: nodes.iter().map(played).collect(),
                cluster_id: Some(cluster.cluster_id.clone()),
            })
        };
        component.copies(params).into_iter().filter_map(of).collect()
    }

    /// Its tracks, in order.
    pub fn nodes(&self) -> impl Iterator<Item = TrackIx> {
        self.played.keys().copied()
    }

    /// How many times faster a track of it plays than the one that stands for it, and how many cents higher.
    fn against_root(&self, node: TrackIx) -> (f64, f64) {
        let of = |node| self.played.get(&node).copied().unwrap_or((1.0, 0.0));
        let (own, root) = (of(node), of(self.root));
        (own.0 / root.0, own.1 - root.1)
    }
}

/// Finds and explains the near-duplicates of a batch.
///
/// `tracks` holds what is known of each track of `set`, by SHA-256 of its content; several where the same
/// file came several times. What is not in there is described by the index.
///
/// # Errors
/// An index does not answer.
pub fn find_clusters(
    set: &TrackSet,
    tracks: BTreeMap<[u8; 32], Vec<BatchTrack>>,
    params: &FingerprintParams,
    unexplained: &Unexplained<'_>,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> IndexResult<Clusters> {
    let by_node = tracks_by_node(set, tracks);
    let matcher = Matcher::new(set, params, unexplained);
    let pairs = matcher.pairs(progress, cancel)?;
    let mut found = find_components(&matcher, &pairs, params);
    let grouped: Vec<bool> = membership(set.len(), &found);
    // The same file several times is a cluster, too.
    let repeated = (0..set.len()).filter(|&n| !grouped[n] && by_node[n].len() > 1);
    found.extend(repeated.map(|node| Component { nodes: vec![node], edges: Vec::new() }));
    let mut clusters: Vec<Cluster> = found
        .iter()
        .map(|component| {
            let ties = ties(component, &pairs);
            let of_node = |node: TrackIx| by_node[node].as_slice();
            let mut cluster = explain::describe(component, &ties, &of_node, params);
            cluster.series = series(component, &by_node);
            cluster
        })
        .collect();
    let mut recordings: Vec<Recording> = (0..set.len())
        .filter(|&node| !grouped[node] && by_node[node].len() == 1)
        .map(Recording::alone)
        .collect();
    let several = found.iter().zip(&clusters);
    recordings.extend(several.flat_map(|(of, cluster)| Recording::of_cluster(of, cluster, params)));
    recordings.sort_by_key(|recording| recording.nodes().next());
    clusters.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.members.cmp(&b.members)));
    let cancelled = cancel.is_cancelled();
    Ok(Clusters { clusters, pairs, recordings, tracks: by_node, cancelled })
}

/// What shows that the files of a cluster were made in a series.
fn series(component: &Component, by_node: &[Vec<BatchTrack>]) -> Vec<SeriesFact> {
    let members: Vec<&BatchTrack> = component.nodes.iter().flat_map(|&n| &by_node[n]).collect();
    Series::new(&members, by_node.iter().flatten()).facts()
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
