//! Compares tracks of one index with all of another, without any audio.

use std::collections::BTreeSet;
use std::sync::Arc;

use soundalike_index::{Error as IndexError, Reader, SearchMode, TrackMeta, TrackNo};

use super::{Hash, SweepError};
use crate::engine::Index;
use crate::fingerprint::{Constellation, stored};
use crate::matches::Match;
use crate::params::FingerprintParams;
use crate::scan::comparison::Comparison;
use crate::scan::evidence::MatchEvidence;
use crate::scan::params::ScanParams;
use crate::scan::reference::Reference;
use crate::scan::search::{Depth, Scanner};
use crate::track::Track;

/// Both indexes, ready to be searched.
pub struct Sides {
    references: Arc<Reader>,
    catalogue: Arc<Reader>,
    params: FingerprintParams,
    in_references: Scanner,
    in_catalogue: Scanner,
    reference_seconds: f64,
}

impl Sides {
    /// Makes both indexes ready.
    pub fn new(references: &Index, catalogue: &Index) -> Sides {
        let params = FingerprintParams::V2;
        let scanner =
            |index: &Index| Scanner::new(index.reader().clone(), params.clone(), SearchMode::Auto);
        let ms: u64 = references.reader().tracks().map(|(_, meta)| meta.duration_ms).sum();
        Sides {
            in_references: scanner(references),
            in_catalogue: scanner(catalogue),
            references: references.reader().clone(),
            catalogue: catalogue.reader().clone(),
            reference_seconds: ms as f64 / 1000.0,
            params,
        }
    }

    /// Does `work`, which reads both indexes, and makes sure afterwards that nobody changed them under it.
    ///
    /// # Errors
    /// Somebody did.
    pub fn guarded<T>(&self, work: impl FnOnce() -> T) -> Result<T, SweepError> {
        Ok(self.references.guarded(|| self.catalogue.guarded(work))??)
    }

    /// The references.
    pub fn references(&self) -> &Arc<Reader> {
        &self.references
    }

    /// The catalogue.
    pub fn catalogue(&self) -> &Arc<Reader> {
        &self.catalogue
    }

    /// Fingerprint parameters of both.
    pub fn params(&self) -> &FingerprintParams {
        &self.params
    }

    /// Matches of a catalogue track with any reference, best first.
    pub fn track(&self, track: &Hash) -> Result<Vec<(Hash, Match)>, SweepError> {
        let Some(own) = known(&self.catalogue, track)? else { return Ok(Vec::new()) };
        let found = self.in_references.scan(&own.points, Depth::Standard).into_iter();
        let found = found.filter(|m| m.found.accepted()).filter_map(|m| {
            let reference = self.references.meta(m.track)?;
            Some((reference.sha256, self.matched(own.meta, reference, &m.found)))
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
    ) -> Result<Vec<(Hash, Match)>, SweepError> {
        let Some(own) = known(&self.references, reference)? else { return Ok(Vec::new()) };
        let prepared = Reference::new(own.points.clone(), &self.params);
        let mut matches = Vec::new();
        for m in self.in_catalogue.scan(&own.points, Depth::Standard) {
            let meta = self.catalogue.meta(m.track).filter(|meta| tracks.contains(&meta.sha256));
            let Some(meta) = meta.filter(|_| m.found.accepted()) else { continue };
            let track = points(&self.catalogue, m.track)?;
            let pair = Comparison {
                query: &track,
                reference: &prepared,
                scan: &ScanParams::V1,
                fingerprint: &self.params,
            };
            let turned = pair.compare(self.reference_seconds);
            let found = turned.filter(MatchEvidence::accepted).unwrap_or_else(|| m.found.turned());
            matches.push((meta.sha256, self.matched(meta, own.meta, &found)));
        }
        Ok(matches)
    }

    fn matched(&self, track: &TrackMeta, reference: &TrackMeta, found: &MatchEvidence) -> Match {
        let (track, reference) = (Track::of_index(track), Track::of_index(reference));
        Match::new(&Arc::new(track), &Arc::new(reference), found, &self.params)
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
    let lost = || IndexError::Corrupt {
        path: index.dir().to_owned(),
        what: format!("no peaks of track {}", index.meta(track).map_or("?", |m| m.ref_id.as_str())),
    };
    Ok(stored::constellation(index, track)?.ok_or_else(lost)?)
}
