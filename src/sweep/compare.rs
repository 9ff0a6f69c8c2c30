//! Compares tracks of one index with all of another, without any audio.

use std::collections::BTreeSet;

use soundalike_index::{Error as IndexError, Reader, SearchMode, TrackMeta, TrackNo};

use super::{Hash, SweepError};
use crate::fingerprint::Constellation;
use crate::indexer::{FLAG_PARTIAL, hex};
use crate::params::FingerprintParams;
use crate::report::records::{ExternalIds, MatchRecord, Name, QueryInfo, ReferenceInfo};
use crate::scan::compare::compare;
use crate::scan::matcher::{Found, MatchParams, Reference};
use crate::scan::scanner::{Depth, Scanner};

/// Stands for the codec of a track that is known from its index only.
const CODEC: &str = "indexed";

/// Both indexes, ready to be searched.
pub struct Sides<'a> {
    /// The references.
    pub references: &'a Reader,
    /// The catalogue.
    pub catalogue: &'a Reader,
    /// Fingerprint parameters of both.
    pub params: &'a FingerprintParams,
    in_references: Scanner<'a>,
    in_catalogue: Scanner<'a>,
    reference_seconds: f64,
}

impl<'a> Sides<'a> {
    /// Makes both indexes ready; they were made with `params`.
    pub fn new(
        references: &'a Reader,
        catalogue: &'a Reader,
        params: &'a FingerprintParams,
    ) -> Sides<'a> {
        let ms: u64 = references.tracks().map(|(_, meta)| meta.duration_ms).sum();
        Sides {
            references,
            catalogue,
            params,
            in_references: Scanner::new(references, params, SearchMode::Auto),
            in_catalogue: Scanner::new(catalogue, params, SearchMode::Auto),
            reference_seconds: ms as f64 / 1000.0,
        }
    }

    /// Matches of a catalogue track with any reference, best first.
    pub fn track(&self, track: &Hash) -> Result<Vec<(Hash, MatchRecord)>, SweepError> {
        let Some(own) = known(self.catalogue, track)? else { return Ok(Vec::new()) };
        let found = self.in_references.scan(&own.points, Depth::Standard).into_iter();
        let found = found.filter(|m| m.found.accepted()).filter_map(|m| {
            let reference = self.references.meta(m.track)?;
            Some((reference.sha256, self.record(own.meta, reference, &m.found)))
        });
        Ok(found.collect())
    }

    /// Matches of a reference with those `tracks` of the catalogue, as matches of theirs with it, best first.
    ///
    /// The reference is what is looked up here. Each track found is then compared with it as a scan of
    /// that track would, since the roles are not alike: of a part that the one side repeats, all
    /// places are found only if that side is the query.
    pub fn reference(
        &self,
        reference: &Hash,
        tracks: &BTreeSet<Hash>,
    ) -> Result<Vec<(Hash, MatchRecord)>, SweepError> {
        let Some(own) = known(self.references, reference)? else { return Ok(Vec::new()) };
        let prepared = Reference::new(own.points.clone(), self.params);
        let mut matches = Vec::new();
        for m in self.in_catalogue.scan(&own.points, Depth::Standard) {
            let meta = self.catalogue.meta(m.track).filter(|meta| tracks.contains(&meta.sha256));
            let Some(meta) = meta.filter(|_| m.found.accepted()) else { continue };
            let track = points(self.catalogue, m.track)?;
            let (seconds, matching) = (self.reference_seconds, MatchParams::default());
            let turned = compare(&track, &prepared, seconds, self.params, &matching);
            let found = turned.filter(Found::accepted).unwrap_or_else(|| m.found.turned());
            matches.push((meta.sha256, self.record(meta, own.meta, &found)));
        }
        Ok(matches)
    }

    fn record(&self, track: &TrackMeta, reference: &TrackMeta, found: &Found) -> MatchRecord {
        let same_bytes = track.sha256 == reference.sha256;
        let info = ReferenceInfo::of_track(reference);
        MatchRecord::new(query_info(track), info, found, same_bytes, self.params)
    }
}

/// A track of an index.
struct Known<'a> {
    meta: &'a TrackMeta,
    points: Constellation,
}

fn known<'a>(index: &'a Reader, hash: &Hash) -> Result<Option<Known<'a>>, SweepError> {
    let Some(track) = index.find_sha256(hash) else { return Ok(None) };
    let Some(meta) = index.meta(track) else { return Ok(None) };
    Ok(Some(Known { meta, points: points(index, track)? }))
}

fn points(index: &Reader, track: TrackNo) -> Result<Constellation, SweepError> {
    let bytes = index.constellation(track).unwrap_or_default();
    let damaged = |e: crate::fingerprint::constellation::ConstellationError| IndexError::Corrupt {
        path: index.dir().to_owned(),
        what: format!("track {}: {e}", index.meta(track).map_or("?", |meta| meta.ref_id.as_str())),
    };
    Ok(Constellation::from_bytes(bytes).map_err(damaged)?)
}

/// Describes a track of the catalogue as a query.
pub fn query_info(meta: &TrackMeta) -> QueryInfo {
    QueryInfo {
        path: meta.path.clone(),
        sha256: hex(&meta.sha256),
        duration_ms: meta.duration_ms,
        codec: CODEC.to_owned(),
        title: meta.title.clone(),
        artists: meta.artist.iter().map(|name| Name { name: name.clone() }).collect(),
        album: meta.album.clone(),
        label: meta.label.clone(),
        external_ids: ExternalIds { isrc: meta.isrc.clone(), upc: meta.upc.clone() },
        truncated: meta.flags & FLAG_PARTIAL != 0,
        damaged_packets: 0,
        account_id: meta.owner.clone(),
        release_id: None,
        batch_id: None,
        received_at: None,
    }
}
