//! Works that may be the one that a query plays: by the codes of its patches, in twelve keys and at several tempos.
//!
//! For each key and tempo, what the best hits of a work at its three best places have in common more than chance is
//! its score; the best of all keys and tempos counts. The key must come from the place: of a passage between
//! other music no mean over the whole has it.

use std::collections::HashMap;

use soundalike_index::{
    Breadth, CODE_BITS, Effort, Error as IndexError, Query, ReferenceStore, SearchMode, TrackRef,
};

use super::channel::Channel;
use super::params::WorkParams;
use super::patch::patches;
use super::sequence::{CLASSES, Sequence};

/// Bits in which codes of different music agree on average, and more of which say something.
const CHANCE: u32 = CODE_BITS / 2;

/// The works most like `query` in a channel, the likeliest first; `work_of` says which work a track stands for, or that
/// it is none to look for.
///
/// # Errors
/// The store does not answer.
pub fn candidates(
    store: &dyn ReferenceStore,
    channel: Channel,
    query: &Sequence,
    params: &WorkParams,
    work_of: &dyn Fn(TrackRef) -> Option<TrackRef>,
) -> Result<Vec<TrackRef>, IndexError> {
    let effort = Effort {
        mode: SearchMode::Auto,
        exact_up_to: params.candidates.exact_up_to,
        breadth: Breadth::Lists(params.candidates.lists),
        walk: true,
        hits: params.candidates.hits,
        max_distance: CHANCE,
    };
    let mut best: HashMap<TrackRef, u32> = HashMap::new();
    for tempo in params.candidates.tempos {
        let patches = patches(query, tempo, params.patch.query_hop, &params.patch);
        for up in 0..CLASSES {
            let codes: Vec<Query> =
                patches.iter().map(|p| Query::from(p.code(channel.projection(), up))).collect();
            let found = store.search(channel.space(), &codes, &effort)?;
            for (work, score) in scores(&found, params.candidates.places, work_of) {
                let so_far = best.entry(work).or_default();
                *so_far = score.max(*so_far);
            }
        }
    }
    let mut ranked: Vec<(u32, TrackRef)> = best.into_iter().map(|(work, s)| (s, work)).collect();
    ranked.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    ranked.truncate(params.candidates.works);
    Ok(ranked.into_iter().map(|(_, work)| work).collect())
}

/// For each work the sum of its best hits at its best places.
fn scores(
    found: &[Vec<soundalike_index::Found>],
    places: usize,
    work_of: &dyn Fn(TrackRef) -> Option<TrackRef>,
) -> Vec<(TrackRef, u32)> {
    let mut hits: HashMap<TrackRef, Vec<u32>> = HashMap::new();
    for place in found {
        let mut nearest: HashMap<TrackRef, u32> = HashMap::new();
        for hit in place {
            let nearness = CHANCE.saturating_sub(hit.distance);
            let Some(work) = work_of(hit.track) else { continue };
            let so_far = nearest.entry(work).or_default();
            *so_far = nearness.max(*so_far);
        }
        for (work, nearness) in nearest {
            hits.entry(work).or_default().push(nearness);
        }
    }
    let sum = |mut nearness: Vec<u32>| -> u32 {
        nearness.sort_unstable_by(|a, b| b.cmp(a));
        nearness.iter().take(places).sum()
    };
    hits.into_iter().map(|(work, nearness)| (work, sum(nearness))).collect()
}
