//! What an index keeps of a track: windows of two descriptor spaces to find it by, peaks and band levels to compare
//! it.

use std::path::Path;

use soundalike_index::{
    Error as IndexError, FORMAT_2_PAYLOAD, ParamsId, Payload, Reader, Recode, ReferenceStore,
    TrackId, TrackNo, Window,
};

use super::constellation::ConstellationError;
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

/// Payload of the peaks.
pub const PEAKS: &str = FORMAT_2_PAYLOAD.0;
/// Payload of the band levels.
pub const LEVELS: &str = "levels";
/// Form of peaks with levels after them, three bytes a peak and half a byte a level ([`Constellation::to_bytes`]).
const PLAIN: u32 = FORMAT_2_PAYLOAD.1;
/// Form of either, packed.
const PACKED: u32 = 2;

/// What an index stores of a reference to compare it.
pub fn payloads(track: &Constellation) -> Vec<Payload> {
    std::iter::once(peaks(track)).chain(levels(track)).collect()
}

fn peaks(track: &Constellation) -> Payload {
    Payload::new(PEAKS, PACKED, track.packed_points())
}

fn levels(track: &Constellation) -> Option<Payload> {
    let has_any = track.levels.cells() > 0;
    has_any.then(|| Payload::new(LEVELS, PACKED, track.packed_levels()))
}

/// Why what is stored is not what a track is compared by.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoredError {
    /// It is none.
    #[error(transparent)]
    Constellation(#[from] ConstellationError),
    /// It was written by a newer version.
    #[error("{name} are stored in form {codec}, which this version does not read")]
    Unknown {
        /// Of what.
        name: String,
        /// The form.
        codec: u32,
    },
}

/// Reads peaks and, where there are any, levels.
pub fn read(peaks: &Payload, levels: Option<&Payload>) -> Result<Constellation, StoredError> {
    let levels = match levels {
        Some(levels) if levels.codec != PACKED => return Err(unknown(levels)),
        levels => levels.map(|levels| levels.bytes.as_slice()),
    };
    match peaks.codec {
        PLAIN => Ok(Constellation::from_bytes(&peaks.bytes)?),
        PACKED => Ok(Constellation::from_packed(&peaks.bytes, levels)?),
        _ => Err(unknown(peaks)),
    }
}

fn unknown(payload: &Payload) -> StoredError {
    StoredError::Unknown { name: payload.name.clone(), codec: payload.codec }
}

/// The peaks and levels of a track of `index`; none where it keeps none of it.
///
/// # Errors
/// What is stored is damaged, or none.
pub fn constellation(index: &Reader, track: TrackNo) -> Result<Option<Constellation>, IndexError> {
    let Some(peaks) = index.payload(track, PEAKS)? else { return Ok(None) };
    let levels = index.payload(track, LEVELS)?;
    let told = |e| damaged(index.dir(), index.meta(track).map_or("?", |m| m.ref_id.as_str()), &e);
    read(&peaks, levels.as_ref()).map(Some).map_err(told)
}

/// The same of many tracks of a store.
///
/// # Errors
/// The store does not answer, or what it answers is damaged, or none.
pub fn constellations(
    store: &dyn ReferenceStore,
    tracks: &[TrackId],
) -> Result<Vec<Option<Constellation>>, IndexError> {
    let peaks = store.payloads(tracks, PEAKS)?;
    let levels = store.payloads(tracks, LEVELS)?;
    let one = |((peaks, levels), id): ((Option<Payload>, Option<Payload>), &TrackId)| {
        let Some(peaks) = peaks else { return Ok(None) };
        let told = |e| damaged(Path::new(&store.state()), &id.to_string(), &e);
        read(&peaks, levels.as_ref()).map(Some).map_err(told)
    };
    peaks.into_iter().zip(levels).zip(tracks).map(one).collect()
}

fn damaged(place: &Path, track: &str, error: &StoredError) -> IndexError {
    IndexError::Corrupt { path: place.to_owned(), what: format!("track {track}: {error}") }
}

/// How payloads of an older form become those that [`payloads`] makes.
pub const RECODE: Recode<'static> =
    Recode { kinds: &[(LEVELS, PACKED), (PEAKS, PACKED)], recode: &recode };

fn recode(name: &str, stored: Vec<Payload>) -> Result<Option<Payload>, String> {
    let is_plain = |p: &&Payload| p.name == PEAKS && p.codec == PLAIN;
    let plain = stored.iter().find(is_plain).filter(|_| name == PEAKS || name == LEVELS);
    let Some(plain) = plain else { return Ok(stored.into_iter().find(|p| p.name == name)) };
    let track = read(plain, None).map_err(|e| e.to_string())?;
    Ok(if name == PEAKS { Some(peaks(&track)) } else { levels(&track) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::Point;

    #[test]
    fn either_form_holds_the_same_and_a_newer_one_is_named() {
        let point =
            |i: u32| Point { time: 7 * i, freq: (i * 37 % 1400) as u16, rank: (i % 11) as u8 };
        let track = Constellation {
            points: (0..500).map(point).collect(),
            duration: 4_000,
            ..Constellation::default()
        };
        let plain = Payload::new(PEAKS, PLAIN, track.to_bytes());
        assert_eq!(read(&plain, None).as_ref(), Ok(&track));
        let chroma = Payload::new("chroma", 7, vec![1]);
        let new = |name| recode(name, vec![plain.clone(), chroma.clone()]).unwrap();
        assert_eq!(new("chroma"), Some(chroma.clone()));
        let peaks = new(PEAKS).unwrap();
        assert_eq!(peaks.codec, PACKED);
        assert_eq!(read(&peaks, new(LEVELS).as_ref()).as_ref(), Ok(&track));
        let newer = Payload::new(PEAKS, 9, peaks.bytes);
        let message = read(&newer, None).unwrap_err().to_string();
        assert_eq!(message, "peaks are stored in form 9, which this version does not read");
        assert!(recode(PEAKS, vec![Payload::new(PEAKS, PLAIN, vec![1])]).is_err());
    }
}
