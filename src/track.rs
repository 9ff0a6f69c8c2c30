//! A track: which content it is, and what is known about it.
//!
//! Whatever is told of a file or of an entry of an index travels in this one form: to the rules, into
//! clusters, into records and back into an index. What an upload *declares* beyond that (rights, use of
//! generators, dates, contributors) is [`Declared`].

use std::path::Path;

use serde::{Deserialize, Serialize};
use soundalike_index::{Library, TrackMeta};

use crate::audio::AudioInfo;
use crate::declare::declared::Declared;
use crate::id::{hex, path_text, ref_id};

/// [`TrackMeta::flags`]: the file ended early or was damaged.
pub const FLAG_PARTIAL: u32 = 1;

/// A track, as a file or as an index describes it. Absent texts are `None`, never empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Track {
    /// Path as given, or as indexed.
    pub path: String,
    /// SHA-256 of the file's bytes: its identity.
    #[serde(with = "in_hex")]
    pub sha256: [u8; 32],
    /// Decoded length in milliseconds.
    pub duration_ms: u64,
    /// Codec; empty where only an index is known.
    pub codec: String,
    /// Less was decoded than the file declares, or, of an indexed track, it was damaged.
    pub truncated: bool,
    /// Why it is incomplete, in words, where its structure tells.
    pub incomplete: Option<String>,
    /// It is longer than what was to be looked at, and only its beginning was.
    pub capped: bool,
    /// Packets that could not be decoded.
    pub damaged_packets: u64,
    /// Length of the file in bytes; 0 where only an index is known.
    pub file_bytes: u64,
    /// What wrote it, by its tags and by the stream's own signature.
    pub software: Option<String>,
    /// Audio tracks in the file; 0 where only an index is known.
    pub audio_tracks: u32,
    /// Which of them was listened to, counted from 1.
    pub audio_track: u32,
    /// Title.
    pub title: Option<String>,
    /// Artists in the order credited, one name each as far as the source tells them apart.
    pub artists: Vec<String>,
    /// Release title.
    pub album: Option<String>,
    /// Label.
    pub label: Option<String>,
    /// Recording code as written.
    pub isrc: Option<String>,
    /// Product code as written.
    pub upc: Option<String>,
    /// Catalogue that it belongs to.
    pub catalogue: Option<String>,
    /// Who owns it: the account that uploaded it, or the owner of a reference.
    pub owner: Option<String>,
    /// What a library of loops and samples says of it, where it is one of its sounds.
    pub library: Option<Library>,
    /// The sender's own name of the release.
    pub release_id: Option<String>,
    /// Delivery batch.
    pub batch_id: Option<String>,
    /// When it came in, as written.
    pub received_at: Option<String>,
}

impl Track {
    /// The file at `path` as it was decoded; nothing is known of it besides.
    #[doc(hidden)]
    pub fn of_file(path: &Path, sha256: [u8; 32], info: &AudioInfo) -> Track {
        Track {
            path: path_text(path),
            sha256,
            duration_ms: info.duration_ms,
            codec: info.codec.clone(),
            truncated: info.truncated,
            incomplete: info.incomplete.clone(),
            capped: info.capped,
            damaged_packets: info.damaged_packets,
            file_bytes: info.file_bytes,
            software: software(info),
            audio_tracks: info.audio_tracks,
            audio_track: info.audio_track,
            ..Track::default()
        }
    }

    /// The same track, described as `declared` says.
    #[must_use]
    #[doc(hidden)]
    pub fn described(self, declared: &Declared) -> Track {
        let d = declared.clone();
        Track {
            title: d.title,
            artists: d.artists,
            album: d.album,
            label: d.label,
            isrc: d.isrc,
            upc: d.upc,
            owner: d.account,
            release_id: d.release_id,
            batch_id: d.batch_id,
            received_at: d.received_at,
            ..self
        }
    }

    /// What this description declares, for rules about tracks of which nothing else is known.
    #[doc(hidden)]
    pub fn declared(&self) -> Declared {
        let t = self.clone();
        Declared {
            title: t.title,
            artists: t.artists,
            album: t.album,
            label: t.label,
            isrc: t.isrc,
            upc: t.upc,
            account: t.owner,
            release_id: t.release_id,
            batch_id: t.batch_id,
            received_at: t.received_at,
            ..Declared::default()
        }
    }

    /// A track of an index.
    #[doc(hidden)]
    pub fn of_index(meta: &TrackMeta) -> Track {
        let m = meta.clone();
        Track {
            path: m.path,
            sha256: m.sha256,
            duration_ms: m.duration_ms,
            truncated: m.flags & FLAG_PARTIAL != 0,
            title: m.title,
            artists: m.artists,
            album: m.album,
            label: m.label,
            isrc: m.isrc,
            upc: m.upc,
            catalogue: m.catalogue,
            owner: m.owner,
            library: m.library,
            ..Track::default()
        }
    }

    /// As an index keeps it.
    #[doc(hidden)]
    pub fn to_index(&self) -> TrackMeta {
        let t = self.clone();
        TrackMeta {
            ref_id: t.ref_id(),
            flags: if t.truncated || t.capped || t.damaged_packets > 0 { FLAG_PARTIAL } else { 0 },
            path: t.path,
            title: t.title,
            artists: t.artists,
            album: t.album,
            isrc: t.isrc,
            upc: t.upc,
            label: t.label,
            catalogue: t.catalogue,
            owner: t.owner,
            library: t.library,
            duration_ms: t.duration_ms,
            sha256: t.sha256,
        }
    }

    /// The identifier that it has as a reference.
    pub fn ref_id(&self) -> String {
        ref_id(&self.sha256)
    }

    /// SHA-256 in lower-case hexadecimal.
    pub fn sha256_hex(&self) -> String {
        hex(&self.sha256)
    }

    /// Its artists in one text, where any are known.
    pub fn credit(&self) -> Option<String> {
        (!self.artists.is_empty()).then(|| self.artists.join(", "))
    }
}

/// A digest as people and records write it.
mod in_hex {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::id::{from_hex, hex};

    pub(super) fn serialize<S: Serializer>(digest: &[u8; 32], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex(digest))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[u8; 32], D::Error> {
        from_hex(&String::deserialize(from)?).ok_or_else(|| D::Error::custom("no SHA-256"))
    }
}

/// What a file says to have written it: the program in its tags, the library in its stream.
fn software(info: &AudioInfo) -> Option<String> {
    let (program, library) = (info.tags.encoder.as_deref(), info.tags.writing_library.as_deref());
    let names: Vec<&str> =
        program.into_iter().chain(library.filter(|l| Some(*l) != program)).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_keeps_who_made_a_track_one_by_one() {
        let declared = Declared {
            title: Some("T".into()),
            artists: vec!["Ann".into(), "Bob".into()],
            account: Some("acme".into()),
            ..Declared::default()
        };
        let track = Track { duration_ms: 7, sha256: [3; 32], ..Track::default() };
        let track = track.described(&declared);
        assert_eq!(Track::of_index(&track.to_index()), track);
        assert_eq!(track.declared(), declared);
        let damaged = Track { damaged_packets: 1, ..track };
        assert!(Track::of_index(&damaged.to_index()).truncated);
    }
}
