//! Compares two tracks with each other, without an index.

use super::align::refine;
use super::candidates::Place;
use super::matcher::{Found, MatchParams, Reference, block_warps, blocks, verify_warps};
use super::resolve::resolve;
use super::scanner::is_explained;
use super::sieve::{PROMISING_NATS, first_look};
use super::warped::{self, Lead};
use crate::fingerprint::Constellation;
use crate::params::FingerprintParams;

/// What a query and one reference have in common.
pub fn compare(
    query: &Constellation,
    reference: &Reference,
    searched_seconds: f64,
    params: &FingerprintParams,
    matching: &MatchParams,
) -> Option<Found> {
    let blocks = blocks(query.duration);
    let mut warps: Vec<_> =
        blocks.iter().flat_map(|&block| block_warps(query, block, reference, matching)).collect();
    let verify = |warps| verify_warps(query, reference, warps, searched_seconds, matching);
    let mut found = verify(warps.clone());
    if !found.as_ref().is_some_and(|found| is_explained(query, found)) {
        for &block in &blocks {
            let probes = warped::probes(query, block, blocks.len(), warped::ALL_RUNGS, params);
            let leads = warped::leads_in(&probes, reference.anchors(params));
            let limit = warped::HYPOTHESES;
            warps.extend(warped::warps(query, block, reference, &leads, limit, params, matching));
        }
        found = verify(warps);
    }
    found.map(|found| resolve(query, reference, found, &[], params, matching))
}

/// What two tracks have in common along the lines that `leads` stand for and those at the same speed near `places`,
/// and along others beside them; none unless it is accepted.
pub fn overlap(
    query: &Constellation,
    reference: &Reference,
    leads: &[Lead],
    places: &[Place],
    searched_seconds: f64,
    params: &FingerprintParams,
    matching: &MatchParams,
) -> Option<Found> {
    let (whole, limit) = ((0, query.duration), warped::HYPOTHESES);
    let mut warps = warped::warps(query, whole, reference, leads, limit, params, matching);
    for place in places {
        let (warp, look) = first_look(query, *place, reference, params.window, matching);
        if look >= PROMISING_NATS {
            let (align, verify) = (&matching.align, &matching.verify);
            let warp = refine(&query.points, reference.constellation(), warp, align, verify);
            warps.push((warp, look));
        }
    }
    let found = verify_warps(query, reference, warps, searched_seconds, matching)?;
    found.accepted().then(|| resolve(query, reference, found, &[], params, matching))
}
