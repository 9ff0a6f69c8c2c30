//! Candidates for whole-track duplicates: tracks that several anchors of a query agree on.
//!
//! A scan looks for a few copied seconds and has to follow every lead. Near-duplicates share most of
//! both tracks, so a handful of anchors from all over the track is enough, and a track that only one
//! of them points to is chance.

use std::collections::BTreeMap;

use soundalike_index::{Hit, TrackNo};

use super::warped::{Lead, Probe, cell_width};

/// Leads of one track that agree on ratio and offset.
#[derive(Debug, Clone, PartialEq)]
pub struct Agreement {
    /// The track.
    pub track: TrackNo,
    /// Different anchors among the leads.
    pub anchors: usize,
    /// The leads.
    pub leads: Vec<Lead>,
}

/// The tracks on which at least `least` anchors agree, those with most anchors first.
///
/// `hits[i]` answer `probes[i]`; `duration` is that of the query in time units.
pub fn agreements(
    probes: &[Probe],
    hits: &[Vec<Hit>],
    duration: u32,
    least: usize,
) -> Vec<Agreement> {
    let (middle, cell) = (f64::from(duration) / 2.0, cell_width((0, duration)));
    let mut by_track: BTreeMap<TrackNo, BTreeMap<(i32, i64), Vec<Lead>>> = BTreeMap::new();
    for (&probe, hits) in probes.iter().zip(hits) {
        let Some(worst) = hits.last().map(|h| h.distance) else { continue };
        for hit in hits {
            let lead = Lead::new(probe, hit.time, hit.distance, worst);
            let at = (lead.line(middle) / cell).floor() as i64;
            by_track.entry(hit.track).or_default().entry((probe.rung, at)).or_default().push(lead);
        }
    }
    let mut found: Vec<Agreement> = by_track
        .into_iter()
        .filter_map(|(track, cells)| {
            let leads = densest(&cells)?;
            let anchors = count_anchors(&leads);
            (anchors >= least).then_some(Agreement { track, anchors, leads })
        })
        .collect();
    found.sort_by(|a, b| b.anchors.cmp(&a.anchors).then(a.track.cmp(&b.track)));
    found
}

/// The leads of the cell, joined with one of its neighbours in offset, that most anchors agree on.
fn densest(cells: &BTreeMap<(i32, i64), Vec<Lead>>) -> Option<Vec<Lead>> {
    let mut best: Option<(usize, f32, Vec<Lead>)> = None;
    for (&(rung, at), leads) in cells {
        let beside = cells.get(&(rung, at + 1)).into_iter().flatten();
        let joined: Vec<Lead> = leads.iter().chain(beside).copied().collect();
        let anchors = count_anchors(&joined);
        let weight: f32 = joined.iter().map(|l| l.weight).sum();
        if best.as_ref().is_none_or(|(a, w, _)| (anchors, weight) > (*a, *w)) {
            best = Some((anchors, weight, joined));
        }
    }
    best.map(|(.., leads)| leads)
}

fn count_anchors(leads: &[Lead]) -> usize {
    let mut numbers: Vec<usize> = leads.iter().map(|l| l.probe.number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers.len()
}
