//! Compares two tracks with each other, without an index.

use super::align::refine;
use super::candidates::VotedOffset;
use super::matcher::{
    MatchEvidence, MatchParams, Reference, block_transforms, blocks, verify_transforms,
};
use super::prefilter::{PREFILTER_SCORE, prefilter};
use super::resolve::resolve;
use super::scanner::is_explained;
use super::seeds::{self, Seed};
use crate::fingerprint::Constellation;
use crate::params::FingerprintParams;

/// What a query and one reference have in common.
pub fn compare(
    query: &Constellation,
    reference: &Reference,
    searched_seconds: f64,
    params: &FingerprintParams,
    matching: &MatchParams,
) -> Option<MatchEvidence> {
    let blocks = blocks(query.duration);
    let mut transforms: Vec<_> = blocks
        .iter()
        .flat_map(|&block| block_transforms(query, block, reference, matching))
        .collect();
    let verify =
        |transforms| verify_transforms(query, reference, transforms, searched_seconds, matching);
    let mut found = verify(transforms.clone());
    if !found.as_ref().is_some_and(|found| is_explained(query, found)) {
        for &block in &blocks {
            let probes = seeds::probes(query, block, blocks.len(), seeds::ALL_TEMPO_STEPS, params);
            let seeds = seeds::seeds_in(&probes, reference.anchors(params));
            let limit = seeds::HYPOTHESES;
            transforms.extend(seeds::transforms(
                query, block, reference, &seeds, limit, params, matching,
            ));
        }
        found = verify(transforms);
    }
    found.map(|found| resolve(query, reference, found, &[], params, matching))
}

/// What two tracks have in common along the lines that `seeds` stand for and those at the same speed near `places`,
/// and along others beside them; none unless it is accepted.
pub fn overlap(
    query: &Constellation,
    reference: &Reference,
    seeds: &[Seed],
    places: &[VotedOffset],
    searched_seconds: f64,
    params: &FingerprintParams,
    matching: &MatchParams,
) -> Option<MatchEvidence> {
    let (whole, limit) = ((0, query.duration), seeds::HYPOTHESES);
    let mut transforms = seeds::transforms(query, whole, reference, seeds, limit, params, matching);
    for place in places {
        let (transform, look) = prefilter(query, *place, reference, params.window, matching);
        if look >= PREFILTER_SCORE {
            let (align, verify) = (&matching.align, &matching.verify);
            let transform =
                refine(&query.points, reference.constellation(), transform, align, verify);
            transforms.push((transform, look));
        }
    }
    let found = verify_transforms(query, reference, transforms, searched_seconds, matching)?;
    found.accepted().then(|| resolve(query, reference, found, &[], params, matching))
}
