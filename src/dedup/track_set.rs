//! The tracks of a batch under one numbering: those of the batch itself, then earlier ones.

use std::sync::Arc;

use soundalike_index::{Reader, TrackMeta, TrackNo};

use super::params::DedupParams;
use crate::fingerprint::constellation::MS_PER_TIME_UNIT;
use crate::fingerprint::{Constellation, stored};
use crate::params::FingerprintParams;
use crate::scan::reference::Reference;

/// Number of a track in a [`TrackSet`].
pub type TrackIx = usize;

/// Tracks of one or two indexes. Those of the first index are compared with all; tracks of the second are
/// not compared with each other.
pub struct TrackSet {
    readers: Vec<Arc<Reader>>,
    /// Live tracks: number of the reader, number of the track there.
    tracks: Vec<(usize, TrackNo)>,
    /// TrackIx by reader and track number.
    nodes: Vec<Vec<Option<TrackIx>>>,
    /// Nodes below this are of the first reader.
    fresh: usize,
}

impl TrackSet {
    /// The tracks of `batch`, then those of `earlier` that are not in `batch`.
    pub fn new(batch: Arc<Reader>, earlier: Option<Arc<Reader>>) -> TrackSet {
        let readers: Vec<Arc<Reader>> = std::iter::once(batch).chain(earlier).collect();
        let mut tracks = Vec::new();
        let mut nodes = Vec::new();
        let mut fresh = 0;
        for (number, reader) in readers.iter().enumerate() {
            let mut own = vec![None; reader.track_slots() as usize];
            // Loops of a library are nobody's uploads.
            for (track, meta) in reader.tracks().filter(|(_, meta)| meta.library.is_none()) {
                if number > 0 && readers[0].find_sha256(&meta.sha256).is_some() {
                    continue;
                }
                own[track.0 as usize] = Some(tracks.len());
                tracks.push((number, track));
            }
            nodes.push(own);
            if number == 0 {
                fresh = tracks.len();
            }
        }
        TrackSet { readers, tracks, nodes, fresh }
    }

    /// The indexes.
    pub fn readers(&self) -> &[Arc<Reader>] {
        &self.readers
    }

    /// Number of tracks.
    pub fn len(&self) -> usize {
        self.tracks.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.tracks.is_empty()
    }

    /// Number of tracks of the batch itself; their nodes come first.
    pub fn fresh(&self) -> usize {
        self.fresh
    }

    /// The node of a track of one of the readers.
    pub fn node(&self, reader: usize, track: TrackNo) -> Option<TrackIx> {
        *self.nodes.get(reader)?.get(track.0 as usize)?
    }

    /// What is known of a track.
    pub fn meta(&self, node: TrackIx) -> Option<&TrackMeta> {
        let &(reader, track) = self.tracks.get(node)?;
        self.readers[reader].meta(track)
    }

    /// What the index of earlier tracks knows of the file that is this track of the batch.
    pub fn delivered_before(&self, node: TrackIx) -> Option<&TrackMeta> {
        let earlier = self.readers.get(1).filter(|_| node < self.fresh)?;
        earlier.meta(earlier.find_sha256(&self.meta(node)?.sha256)?)
    }

    /// The peaks of a track; none if they are damaged.
    pub fn constellation(&self, node: TrackIx) -> Option<Constellation> {
        let &(reader, track) = self.tracks.get(node)?;
        stored::constellation(&self.readers[reader], track).ok()?
    }

    /// A track prepared for comparison.
    pub fn reference(&self, node: TrackIx, params: &FingerprintParams) -> Option<Reference> {
        Some(Reference::new(self.constellation(node)?, params))
    }

    /// Length of all tracks together in seconds.
    pub fn seconds(&self) -> f64 {
        let ms = (0..self.len()).filter_map(|n| self.meta(n)).map(|m| m.duration_ms);
        ms.sum::<u64>() as f64 / 1000.0
    }
}

/// Time of a track in which there is something to match, in milliseconds: padding with silence must not
/// make a copy less of a copy.
pub fn sounding_ms(track: &Constellation) -> u64 {
    let gaps = track.points.windows(2).map(|w| w[1].time - w[0].time);
    let units: u32 = gaps.map(|gap| if gap > DedupParams::V2.pair.pause { 0 } else { gap }).sum();
    u64::from(units) * u64::from(MS_PER_TIME_UNIT)
}
