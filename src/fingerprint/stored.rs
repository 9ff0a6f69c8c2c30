//! What an index keeps of a track to find it by: windows of two descriptor spaces.

use soundalike_index::{ParamsId, Window};

use super::{Constellation, anchor, descriptor};
use crate::params::FingerprintParams;

/// Descriptor space of the peak map.
pub const SPACE_PEAK_MAP: u8 = 0;
/// Descriptor space of the anchors.
pub const SPACE_ANCHOR: u8 = 1;

/// The identity that an index made with `params` carries.
pub fn params_id(params: &FingerprintParams) -> ParamsId {
    ParamsId { digest: params.digest(), description: format!("fingerprint {}", params.preset) }
}

/// What an index stores of a reference to find it by: windows on the clock, and anchors.
pub fn windows(track: &Constellation, params: &FingerprintParams) -> Vec<Window> {
    let clock = descriptor::windows(track, params.reference_hop, params).into_iter();
    let clock = clock.map(|w| Window { space: SPACE_PEAK_MAP, time: w.time, code: w.code });
    let anchors = anchor::coded(track, params).into_iter();
    let anchors = anchors.map(|a| Window { space: SPACE_ANCHOR, time: a.time, code: a.code });
    clock.chain(anchors).collect()
}
