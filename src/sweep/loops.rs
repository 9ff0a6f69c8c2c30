//! Loops that a night suggests: a stretch of a reference that many tracks of other artists have in them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Hash;
use crate::dedup::params::DedupParams;
use crate::dedup::shared_loops::{SharedLoop, Use, each_once, made_by, suggested, whole};
use crate::matches::Match;
use crate::track::Track;

/// Matches that are remembered: a hundred megabytes at most. A night has a few thousand.
const MAX_USES: usize = 200_000;

/// A track with a stretch of a reference.
struct Known {
    track: Arc<Track>,
    /// Where, in the reference.
    spans: Vec<(u64, u64)>,
    place: (u64, u64),
    loop_ms: u64,
}

impl Known {
    /// A sweep does not compare tracks with each other: each is taken for a recording of its own.
    fn of_track((recording, known): (usize, &Known)) -> Use<'_> {
        let Known { track, spans, place, loop_ms } = known;
        Use {
            track,
            who: made_by(track, &track.path),
            recording,
            spans: spans.clone(),
            place: *place,
            loop_ms: *loop_ms,
        }
    }
}

/// Gathers which tracks have which stretch of which reference.
#[derive(Default)]
pub struct LoopsOfReferences {
    uses: BTreeMap<Hash, (Arc<Track>, Vec<Known>)>,
    count: usize,
}

impl LoopsOfReferences {
    /// Takes note of a match that may be of a loop: short in the reference, however often it comes in the track.
    pub fn take(&mut self, m: &Match) {
        let params = &DedupParams::V2.loops;
        let spans = joined(m.segments.iter().map(|s| s.reference_ms).collect());
        let loop_ms = spans.iter().map(|(from, to)| to - from).sum();
        let is_short = (params.shortest_ms..=params.longest_ms).contains(&loop_ms);
        if !is_short || m.is_loop() || m.own_part().is_none() || self.count >= MAX_USES {
            return;
        }
        self.count += 1;
        let here: Vec<(u64, u64)> = m.segments.iter().map(|s| s.query_ms).collect();
        let known = Known { track: m.query.clone(), spans, place: whole(&here), loop_ms };
        let (_, uses) = self
            .uses
            .entry(m.reference.sha256)
            .or_insert_with(|| (m.reference.clone(), Vec::new()));
        uses.push(known);
    }

    /// What may be a loop.
    pub fn suggested(&self) -> Vec<SharedLoop> {
        let of = |(source, known): &(Arc<Track>, Vec<Known>)| {
            let uses: Vec<Use<'_>> = known.iter().enumerate().map(Known::of_track).collect();
            suggested(source, &made_by(source, &source.path), &uses)
        };
        each_once(self.uses.values().filter_map(of).collect())
    }
}

/// Stretches without those that lie in others, in order.
fn joined(mut spans: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    spans.sort_unstable();
    let mut all: Vec<(u64, u64)> = Vec::new();
    for (from, to) in spans {
        match all.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => all.push((from, to)),
        }
    }
    all
}
