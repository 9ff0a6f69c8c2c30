//! References in memory: the slow and obvious twin of the index, for tests, and for what is too small for one.
//!
//! Every code is compared, whatever effort is asked for.

use std::collections::HashMap;

use crate::error::{Error, Result};
use crate::popcount::distance;
use crate::reference_store::{Effort, Found, ReferenceStore, TrackId, TrackRef};
use crate::types::{CODE_BITS, MAX_SPACES, Payload, Query, SpaceParams, TrackMeta, TrackRecord};

/// Tracks as they were given, in their order.
#[derive(Debug, Default)]
pub struct MemoryStore {
    tracks: Vec<TrackRecord>,
    by_id: HashMap<TrackId, u32>,
    params: [u8; 32],
}

impl MemoryStore {
    /// A store of `tracks`, made with the parameters that have this digest; of equal contents the first is kept.
    ///
    /// # Errors
    /// A window is in no space.
    pub fn new(tracks: Vec<TrackRecord>, params: [u8; 32]) -> Result<MemoryStore> {
        let mut store = MemoryStore { params, ..MemoryStore::default() };
        for track in tracks {
            let beyond = track.windows.iter().find(|w| usize::from(w.space) >= MAX_SPACES);
            if let Some(window) = beyond {
                let (value, limit) = (window.space.into(), MAX_SPACES as u64 - 1);
                return Err(Error::TooLarge { what: "descriptor space", value, limit });
            }
            let id = TrackId::of(&track.meta.sha256);
            if !store.by_id.contains_key(&id) {
                store.by_id.insert(id, store.tracks.len() as u32);
                store.tracks.push(track);
            }
        }
        Ok(store)
    }

    fn get(&self, id: &TrackId) -> Option<&TrackRecord> {
        self.tracks.get(*self.by_id.get(id)? as usize)
    }
}

impl ReferenceStore for MemoryStore {
    fn state(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for track in &self.tracks {
            hasher.update(&track.meta.sha256);
        }
        crate::hex(hasher.finalize().as_bytes())
    }

    fn count(&self) -> usize {
        self.tracks.len()
    }

    fn duration_ms(&self) -> u64 {
        self.tracks.iter().fold(0, |all, track| all.saturating_add(track.meta.duration_ms))
    }

    fn spaces(&self) -> Vec<SpaceParams> {
        let has =
            |space: &u8| self.tracks.iter().any(|t| t.windows.iter().any(|w| w.space == *space));
        let spaces = (0..MAX_SPACES as u8).filter(has);
        spaces.map(|space| SpaceParams { space, bits: CODE_BITS, digest: self.params }).collect()
    }

    fn search(&self, space: u8, queries: &[Query], effort: &Effort) -> Result<Vec<Vec<Found>>> {
        let one = |query: &Query| {
            let mut found = Vec::new();
            for (place, track) in (0..).zip(&self.tracks) {
                let track_ref = TrackRef { place, id: TrackId::of(&track.meta.sha256) };
                for window in track.windows.iter().filter(|w| w.space == space) {
                    let distance = distance(&window.code, query);
                    if distance <= effort.max_distance {
                        found.push(Found { track: track_ref, time: window.time, distance });
                    }
                }
            }
            found.sort_by_key(|f| (f.distance, f.track, f.time));
            found.truncate(effort.hits);
            found
        };
        Ok(queries.iter().map(one).collect())
    }

    fn at(&self, places: &[u32]) -> Result<Vec<Option<TrackId>>> {
        let of = |&place: &u32| Some(TrackId::of(&self.tracks.get(place as usize)?.meta.sha256));
        Ok(places.iter().map(of).collect())
    }

    fn metas(&self, tracks: &[TrackId]) -> Result<Vec<Option<TrackMeta>>> {
        Ok(tracks.iter().map(|id| Some(self.get(id)?.meta.clone())).collect())
    }

    fn count_with(&self, name: &str) -> Result<usize> {
        Ok(self.drawn(name, usize::MAX)?.len())
    }

    fn drawn(&self, name: &str, most: usize) -> Result<Vec<TrackRef>> {
        let has =
            |t: &TrackRecord| t.payloads.iter().any(|p| p.name == name && !p.bytes.is_empty());
        let all = (0..).zip(&self.tracks).filter(|(_, track)| has(track));
        let mut all: Vec<TrackRef> = all
            .map(|(place, track)| TrackRef { place, id: TrackId::of(&track.meta.sha256) })
            .collect();
        all.sort_unstable_by_key(|track| track.id);
        all.truncate(most);
        Ok(all)
    }

    fn payloads(&self, tracks: &[TrackId], name: &str) -> Result<Vec<Option<Payload>>> {
        let of = |id: &TrackId| {
            let mut own = self.get(id)?.payloads.iter();
            own.find(|p| p.name == name && !p.bytes.is_empty()).cloned()
        };
        Ok(tracks.iter().map(of).collect())
    }

    fn find(&self, contents: &[[u8; 32]]) -> Result<Vec<Option<TrackRef>>> {
        let of = |content: &[u8; 32]| {
            let id = TrackId::of(content);
            let place = *self.by_id.get(&id)?;
            let is_same = self.tracks[place as usize].meta.sha256 == *content;
            is_same.then_some(TrackRef { place, id })
        };
        Ok(contents.iter().map(of).collect())
    }
}
