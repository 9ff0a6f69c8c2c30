//! Small records to bytes and back. The only user of bincode.
//!
//! bincode 2 without a limit can be made to abort the process by nine bytes, so every decode is
//! limited, must consume its input to the last byte, and happens after the digest check. `legacy()`
//! is fixed-width little-endian, the bincode 1 format, which other crates write too: the crate can be
//! replaced without changing a file.

use bincode::{Decode, Encode, config};

use crate::types::{Library, TrackMeta};

/// A track's metadata may not be larger; a title of a megabyte is an attack.
pub(crate) const META_LIMIT: usize = 1 << 20;
/// Room for the tombstones of some ten million tracks.
pub(crate) const BODY_LIMIT: usize = 64 << 20;

/// Body of the MANIFEST file.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub(crate) struct ManifestBody {
    pub(crate) generation: u64,
    pub(crate) params_digest: [u8; 32],
    pub(crate) params_description: String,
    pub(crate) segments: Vec<SegmentEntry>,
}

/// One segment as the manifest names it.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub(crate) struct SegmentEntry {
    pub(crate) file: FileEntry,
    pub(crate) graph: Option<FileEntry>,
    pub(crate) tracks: u32,
    pub(crate) windows: u64,
    pub(crate) probes: Vec<ProbeRow>,
    /// Local numbers of removed tracks, ascending.
    pub(crate) dead: Vec<u32>,
}

/// A file of the index: name inside the folder, length and digest.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub(crate) struct FileEntry {
    pub(crate) name: String,
    pub(crate) len: u64,
    pub(crate) digest: [u8; 32],
}

/// Result of the self-probe of one space of a segment.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub(crate) struct ProbeRow {
    pub(crate) space: u8,
    pub(crate) cells: u32,
    pub(crate) orphans: u32,
    pub(crate) sampled: u32,
    pub(crate) missed: u32,
}

/// First section of a segment: how long every other one has to be.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub(crate) struct SegmentInfo {
    pub(crate) params_digest: [u8; 32],
    pub(crate) tracks: u32,
    pub(crate) spaces: Vec<SpaceInfo>,
    pub(crate) columns: Vec<ColumnInfo>,
}

/// Size and kind of one space of a segment.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub(crate) struct SpaceInfo {
    pub(crate) space: u8,
    pub(crate) codes: u32,
    pub(crate) cells: u32,
    /// Bits of a code.
    pub(crate) bits: u32,
    /// Bits of a time among the postings; 0 where they are not packed.
    pub(crate) time_bits: u32,
    /// What the codes were made with.
    pub(crate) digest: [u8; 32],
}

/// Payloads of one name and form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub(crate) struct ColumnInfo {
    pub(crate) name: String,
    pub(crate) codec: u32,
}

/// The first section of a segment of version 2.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
struct SegmentInfo2 {
    params_digest: [u8; 32],
    tracks: u32,
    spaces: Vec<SpaceInfo2>,
}

#[derive(Debug, Clone, PartialEq, Encode, Decode)]
struct SpaceInfo2 {
    space: u8,
    codes: u32,
    cells: u32,
}

/// Decodes the first section of a segment of `version`.
pub(crate) fn decode_info(bytes: &[u8], version: u32) -> Result<SegmentInfo, String> {
    if version >= 3 {
        return decode(bytes);
    }
    let old: SegmentInfo2 = decode(bytes)?;
    let digest = old.params_digest;
    let space = |s: SpaceInfo2| SpaceInfo {
        space: s.space,
        codes: s.codes,
        cells: s.cells,
        bits: crate::CODE_BITS,
        time_bits: 0,
        digest,
    };
    Ok(SegmentInfo {
        params_digest: digest,
        tracks: old.tracks,
        spaces: old.spaces.into_iter().map(space).collect(),
        columns: Vec::new(),
    })
}

/// First section of a graph file.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub(crate) struct GraphInfo {
    pub(crate) segment_digest: [u8; 32],
    pub(crate) spaces: Vec<u8>,
}

/// Stored form of [`TrackMeta`]: the file format does not change when the public type does.
#[derive(Encode, Decode)]
struct TrackRow {
    ref_id: String,
    path: String,
    title: Option<String>,
    artist: Option<String>,
    album: Option<String>,
    isrc: Option<String>,
    upc: Option<String>,
    label: Option<String>,
    catalogue: Option<String>,
    owner: Option<String>,
    duration_ms: u64,
    sha256: [u8; 32],
    flags: u32,
}

/// What follows a row whose track has more than one artist, or is of a library; other rows end before it.
#[derive(Encode, Decode)]
struct MoreArtists(Vec<String>);

/// What follows that where the track is a sound of a library.
#[derive(Encode, Decode)]
struct LibraryRow {
    pack: Option<String>,
    licence: Option<String>,
    exclusive: Option<bool>,
}

/// Encodes a small record; fails when it exceeds [`BODY_LIMIT`].
pub(crate) fn encode<T: Encode>(value: &T) -> Result<Vec<u8>, String> {
    let bytes = bincode::encode_to_vec(value, config::legacy()).map_err(|e| e.to_string())?;
    if bytes.len() > BODY_LIMIT {
        return Err(format!("record of {} bytes", bytes.len()));
    }
    Ok(bytes)
}

/// Decodes a small record from exactly these bytes.
pub(crate) fn decode<T: Decode<()>>(bytes: &[u8]) -> Result<T, String> {
    let config = config::legacy().with_limit::<BODY_LIMIT>();
    exact(bytes, bincode::decode_from_slice(bytes, config))
}

/// Encodes the metadata of one track.
pub(crate) fn encode_meta(meta: &TrackMeta) -> Result<Vec<u8>, String> {
    let m = meta.clone();
    let mut artists = m.artists.into_iter();
    let row = TrackRow {
        ref_id: m.ref_id,
        path: m.path,
        title: m.title,
        artist: artists.next(),
        album: m.album,
        isrc: m.isrc,
        upc: m.upc,
        label: m.label,
        catalogue: m.catalogue,
        owner: m.owner,
        duration_ms: m.duration_ms,
        sha256: m.sha256,
        flags: m.flags,
    };
    let encode = |e: bincode::error::EncodeError| e.to_string();
    let mut bytes = bincode::encode_to_vec(row, config::legacy()).map_err(encode)?;
    let more = MoreArtists(artists.collect());
    if !more.0.is_empty() || m.library.is_some() {
        bytes.extend(bincode::encode_to_vec(more, config::legacy()).map_err(encode)?);
    }
    if let Some(Library { pack, licence, exclusive }) = m.library {
        let row = LibraryRow { pack, licence, exclusive };
        bytes.extend(bincode::encode_to_vec(row, config::legacy()).map_err(encode)?);
    }
    if bytes.len() > META_LIMIT {
        return Err(format!("metadata of {} bytes", bytes.len()));
    }
    Ok(bytes)
}

/// Decodes the metadata of one track from exactly these bytes.
pub(crate) fn decode_meta(bytes: &[u8]) -> Result<TrackMeta, String> {
    let config = config::legacy().with_limit::<META_LIMIT>();
    let (r, read): (TrackRow, usize) =
        bincode::decode_from_slice(bytes, config).map_err(|e| e.to_string())?;
    let rest = bytes.get(read..).unwrap_or_default();
    let mut artists: Vec<String> = r.artist.into_iter().collect();
    let mut library = None;
    if !rest.is_empty() {
        let (MoreArtists(more), read): (MoreArtists, usize) =
            bincode::decode_from_slice(rest, config).map_err(|e| e.to_string())?;
        let rest = rest.get(read..).unwrap_or_default();
        if !rest.is_empty() {
            let LibraryRow { pack, licence, exclusive } =
                exact(rest, bincode::decode_from_slice(rest, config))?;
            library = Some(Library { pack, licence, exclusive });
        } else if more.is_empty() {
            return Err("an empty list of further artists".into());
        }
        artists.extend(more);
    }
    Ok(TrackMeta {
        ref_id: r.ref_id,
        path: r.path,
        title: r.title,
        artists,
        album: r.album,
        isrc: r.isrc,
        upc: r.upc,
        label: r.label,
        catalogue: r.catalogue,
        owner: r.owner,
        library,
        duration_ms: r.duration_ms,
        sha256: r.sha256,
        flags: r.flags,
    })
}

fn exact<T>(
    bytes: &[u8],
    decoded: Result<(T, usize), bincode::error::DecodeError>,
) -> Result<T, String> {
    let (value, read) = decoded.map_err(|e| e.to_string())?;
    if read != bytes.len() {
        return Err(format!("{} bytes after the record", bytes.len() - read));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meta_round_trip_and_trailing_byte() {
        let meta = TrackMeta {
            ref_id: "r".into(),
            isrc: Some("X".into()),
            duration_ms: 7,
            sha256: [9; 32],
            ..TrackMeta::default()
        };
        let several = ["A", "B", "C"].map(str::to_owned).to_vec();
        for artists in [vec![], vec!["A".to_owned()], several] {
            let pack = Library { pack: Some("P".into()), licence: None, exclusive: Some(false) };
            for library in [None, Some(Library::default()), Some(pack)] {
                let meta = TrackMeta { artists: artists.clone(), library, ..meta.clone() };
                assert_eq!(decode_meta(&encode_meta(&meta).unwrap()).unwrap(), meta);
            }
        }
        let mut bytes = encode_meta(&meta).unwrap();
        bytes.push(0);
        assert!(decode_meta(&bytes).is_err());
    }

    #[test]
    fn length_bomb_is_an_error() {
        let mut bytes = vec![0u8; 40];
        bytes.extend_from_slice(&(1u64 << 40).to_le_bytes());
        assert!(decode::<ManifestBody>(&bytes).is_err());
        assert!(decode_meta(&(1u64 << 40).to_le_bytes()).is_err());
    }
}
