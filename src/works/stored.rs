//! What an index keeps of a work: codes to find it by, rows of pitch classes to align it with.

use std::path::Path;

use soundalike_index::{Error as IndexError, Payload, ReferenceStore, TrackId, Window};

use super::params::WorkParams;
use super::patch::patches;
use super::sequence::{IntRow, Sequence, pack, unpack};

/// Descriptor space of harmony.
pub const SPACE_HARMONY: u8 = 2;
/// Payload of harmony.
pub const HARMONY: &str = "harmony";
/// Form of the payload: [`pack`].
const PACKED: u32 = 1;

/// Codes of a work to find it by. Times are in rows of its sequence.
pub fn windows(harmony: &Sequence, params: &WorkParams) -> Vec<Window> {
    let patches = patches(harmony, 1000, params.patch.reference_hop, &params.patch);
    let window =
        |p: &super::patch::Patch| Window { space: SPACE_HARMONY, time: p.time, code: p.code(0) };
    patches.iter().map(window).collect()
}

/// What it is aligned by; none of what never sounds.
pub fn payload(harmony: &Sequence) -> Option<Payload> {
    let sounds = harmony.sounding() > 0;
    sounds.then(|| Payload::new(HARMONY, PACKED, pack(&harmony.stored())))
}

/// The works of these tracks; none of those that are not stored as works.
///
/// # Errors
/// The store does not answer, or what it answers is no work.
pub fn works(
    store: &dyn ReferenceStore,
    tracks: &[TrackId],
) -> Result<Vec<Option<Vec<IntRow>>>, IndexError> {
    let one = |(payload, id): (Option<Payload>, &TrackId)| {
        let Some(payload) = payload else { return Ok(None) };
        let damaged = |what: String| IndexError::Corrupt {
            path: Path::new(&store.state()).to_owned(),
            what: format!("track {id}: {what}"),
        };
        if payload.codec != PACKED {
            let codec = payload.codec;
            return Err(damaged(format!(
                "{HARMONY} is stored in form {codec}, which this version does not read"
            )));
        }
        let rows = unpack(&payload.bytes);
        rows.map(Some).ok_or_else(|| damaged(format!("{HARMONY} is not whole rows")))
    };
    store.payloads(tracks, HARMONY)?.into_iter().zip(tracks).map(one).collect()
}
