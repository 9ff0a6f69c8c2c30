//! The two sides of a match as records describe them.

use serde::{Deserialize, Serialize};
use soundalike_index::Library;

use crate::track::Track;

/// Stands for the codec of a track that is known from its index only.
const INDEXED: &str = "indexed";

/// A person or a band.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Name {
    /// The name.
    pub name: String,
}

/// Industry identifiers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ExternalIds {
    /// International Standard Recording Code.
    pub isrc: Option<String>,
    /// Barcode of the release.
    pub upc: Option<String>,
}

/// The scanned file.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct QueryInfo {
    /// Path as given.
    pub path: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Decoded length.
    pub duration_ms: u64,
    /// Codec.
    pub codec: String,
    /// Tag.
    pub title: Option<String>,
    /// Tag.
    pub artists: Vec<Name>,
    /// Tag.
    pub album: Option<String>,
    /// Tag.
    pub label: Option<String>,
    /// Tags.
    pub external_ids: ExternalIds,
    /// Less was decoded than the file declares, or than is in it where `capped`.
    pub truncated: bool,
    /// Why less was decoded, in words, where the structure of the file tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<Box<str>>,
    /// Only the beginning was looked at: the file is longer than `--max-minutes`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub capped: bool,
    /// Packets that could not be decoded.
    pub damaged_packets: u64,
    /// Audio tracks in the file, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio_tracks: Option<u32>,
    /// Which of several tracks was listened to, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio_track: Option<u32>,
    /// How many of several tracks were not listened to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracks_not_scanned: Option<u32>,
    /// Account that uploaded it, as declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// Release it belongs to, as declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_id: Option<String>,
    /// Delivery batch, as declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_id: Option<String>,
    /// When it came in, as declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_at: Option<String>,
}

impl From<&Track> for QueryInfo {
    fn from(track: &Track) -> QueryInfo {
        let t = track.clone();
        let several = t.audio_tracks > 1;
        QueryInfo {
            sha256: t.sha256_hex(),
            path: t.path,
            duration_ms: t.duration_ms,
            codec: if t.codec.is_empty() { INDEXED.to_owned() } else { t.codec },
            title: t.title,
            artists: names(t.artists),
            album: t.album,
            label: t.label,
            external_ids: ExternalIds { isrc: t.isrc, upc: t.upc },
            truncated: t.truncated || t.capped,
            incomplete: t.incomplete.map(String::into_boxed_str),
            capped: t.capped,
            damaged_packets: t.damaged_packets,
            audio_tracks: several.then_some(t.audio_tracks),
            audio_track: several.then_some(t.audio_track),
            tracks_not_scanned: several.then(|| t.audio_tracks - 1),
            account_id: t.owner,
            release_id: t.release_id,
            batch_id: t.batch_id,
            received_at: t.received_at,
        }
    }
}

/// The reference that was met.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ReferenceInfo {
    /// Identifier of the reference's content.
    pub ref_id: String,
    /// Path it was indexed from.
    pub path: String,
    /// Title.
    pub title: Option<String>,
    /// Artists.
    pub artists: Vec<Name>,
    /// Album.
    pub album: Option<String>,
    /// Identifiers.
    pub external_ids: ExternalIds,
    /// Label.
    pub label: Option<String>,
    /// Catalogue it belongs to.
    pub catalog: Option<String>,
    /// Who owns it.
    pub owner: Option<String>,
    /// The library's words, where it is a loop or a sample of one and no track of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub library: Option<LibraryInfo>,
    /// Length.
    pub duration_ms: u64,
}

/// What a library of loops and samples says of one of its sounds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LibraryInfo {
    /// The pack that it is of.
    pub pack: Option<String>,
    /// The licence, in the library's words.
    pub licence: Option<String>,
    /// Whether one licensee alone may use it; `null` where the library does not say.
    pub exclusive: Option<bool>,
}

impl From<&Track> for ReferenceInfo {
    fn from(track: &Track) -> ReferenceInfo {
        let t = track.clone();
        ReferenceInfo {
            ref_id: t.ref_id(),
            path: t.path,
            title: t.title,
            artists: names(t.artists),
            album: t.album,
            external_ids: ExternalIds { isrc: t.isrc, upc: t.upc },
            label: t.label,
            catalog: t.catalogue,
            owner: t.owner,
            library: t.library.map(|Library { pack, licence, exclusive }| LibraryInfo {
                pack,
                licence,
                exclusive,
            }),
            duration_ms: t.duration_ms,
        }
    }
}

fn names(artists: Vec<String>) -> Vec<Name> {
    artists.into_iter().map(|name| Name { name }).collect()
}

/// All of `names` in one text, with `between` between them; none where there are none.
pub fn credit(names: &[Name], between: &str) -> Option<String> {
    let names: Vec<&str> = names.iter().map(|name| name.name.as_str()).collect();
    (!names.is_empty()).then(|| names.join(between))
}
