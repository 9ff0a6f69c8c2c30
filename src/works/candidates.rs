//! Works that may be the one that a query plays: by the codes of its patches, in twelve keys and at several tempos.
//!
//! For each key and tempo, what the best hits of a work at its three best places have in common more than chance is
//! its score; the best of all keys and tempos counts. The key must come from the place: of a passage between
//! other music no mean over the whole has it.

use std::collections::HashMap;
use std::ops::Range;

use soundalike_index::{
    Breadth, CODE_BITS, Effort, Error as IndexError, Query, ReferenceStore, SearchMode, TrackRef,
};

use super::channel::Channel;
use super::params::WorkParams;
use super::patch::{Patch, margin, patches};
use super::sequence::{CLASSES, Sequence};

/// Bits in which codes of different music agree on average, and more of which say something.
const CHANCE: u32 = CODE_BITS / 2;

/// What is asked of a store: a query in a channel, and the stretches of it.
pub struct Asked<'a> {
    /// The channel.
    pub channel: Channel,
    /// The whole query.
    pub query: &'a Sequence,
    /// Rows of each stretch.
    pub stretches: &'a [Range<usize>],
    /// Which work a track stands for; none if it is none to look for.
    pub work_of: &'a dyn Fn(TrackRef) -> Option<TrackRef>,
}

/// The works most like each stretch of a query in a channel, the likeliest first.
///
/// Patches are those of the whole query, looked up once: one counts for every stretch that it lies in.
///
/// # Errors
/// The store does not answer.
pub fn candidates(
    store: &dyn ReferenceStore,
    asked: &Asked<'_>,
    params: &WorkParams,
) -> Result<Vec<Vec<TrackRef>>, IndexError> {
    let effort = Effort {
        mode: SearchMode::Auto,
        exact_up_to: params.candidates.exact_up_to,
        breadth: Breadth::Lists(params.candidates.lists),
        walk: true,
        hits: params.candidates.hits,
        max_distance: CHANCE,
        ..Effort::default()
    };
    let mut best: Vec<HashMap<TrackRef, u32>> = vec![HashMap::new(); asked.stretches.len()];
    for tempo in params.candidates.tempos {
        let patches = patches(asked.query, tempo, params.patch.query_hop, &params.patch);
        let inside: Vec<Range<usize>> = asked
            .stretches
            .iter()
            .map(|stretch| asked.within(stretch, tempo, &patches, params))
            .collect();
        for up in 0..CLASSES {
            let code = |p: &Patch| Query::from(p.code(asked.channel.projection(), up));
            let codes: Vec<Query> = patches.iter().map(code).collect();
            let found = store.search(asked.channel.space(), &codes, &effort)?;
            for (best, inside) in best.iter_mut().zip(&inside) {
                let found = &found[inside.clone()];
                for (work, score) in scores(found, params.candidates.places, asked.work_of) {
                    let so_far = best.entry(work).or_default();
                    *so_far = score.max(*so_far);
                }
            }
        }
    }
    let ranked = |best: HashMap<TrackRef, u32>| -> Vec<TrackRef> {
        let mut ranked: Vec<(u32, TrackRef)> =
            best.into_iter().map(|(work, s)| (s, work)).collect();
        ranked.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        ranked.truncate(params.candidates.works);
        ranked.into_iter().map(|(_, work)| work).collect()
    };
    Ok(best.into_iter().map(ranked).collect())
}

impl Asked<'_> {
    /// The patches of a stretch, by their places among all.
    fn within(
        &self,
        stretch: &Range<usize>,
        tempo: u16,
        patches: &[Patch],
        params: &WorkParams,
    ) -> Range<usize> {
        if *stretch == (0..self.query.rows.len()) {
            return 0..patches.len();
        }
        let margin = margin(tempo, &params.patch);
        let (from, to) = (stretch.start + margin, stretch.end.saturating_sub(margin));
        let place = |row: usize| patches.partition_point(|p| (p.time as usize) < row);
        place(from)..place(to).max(place(from))
    }
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
