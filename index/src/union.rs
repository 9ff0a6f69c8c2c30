//! Two stores as one: a batch, and what came before it.
//!
//! A track that both have is that of the first. Places of the second begin after those of the first.

use std::collections::HashSet;

use crate::error::Result;
use crate::reference_store::{Effort, Found, ReferenceStore, TrackId, TrackRef};
use crate::types::{Payload, Query, SpaceParams, TrackMeta};

/// Two stores that are searched together.
pub struct UnionStore<'a> {
    first: &'a dyn ReferenceStore,
    second: &'a dyn ReferenceStore,
    /// Places of the first.
    places: u32,
    /// Tracks of the second that the first has, too.
    shared: HashSet<TrackId>,
}

impl<'a> UnionStore<'a> {
    /// Of two stores: `places` is one more than the highest place in the first, `shared` are the tracks of the second
    /// that the first has, too.
    pub fn new(
        first: &'a dyn ReferenceStore,
        places: u32,
        second: &'a dyn ReferenceStore,
        shared: HashSet<TrackId>,
    ) -> UnionStore<'a> {
        UnionStore { first, second, places, shared }
    }

    /// A track of the second; none if it is one of the first, too.
    fn own(&self, track: TrackRef) -> Option<TrackRef> {
        let place = track.place.saturating_add(self.places);
        (!self.shared.contains(&track.id)).then_some(TrackRef { place, ..track })
    }

    /// Answers about `tracks`: of the first, or else of the second.
    fn either<T>(
        &self,
        tracks: &[TrackId],
        first: Vec<Option<T>>,
        second: Vec<Option<T>>,
    ) -> Vec<Option<T>> {
        let both = tracks.iter().zip(first.into_iter().zip(second));
        let one = |(id, (first, second)): (&TrackId, (Option<T>, Option<T>))| {
            first.or(second.filter(|_| !self.shared.contains(id)))
        };
        both.map(one).collect()
    }
}

impl ReferenceStore for UnionStore<'_> {
    fn state(&self) -> String {
        format!("{}+{}", self.first.state(), self.second.state())
    }

    fn count(&self) -> usize {
        self.first.count() + self.second.count() - self.shared.len()
    }

    fn duration_ms(&self) -> u64 {
        self.first.duration_ms().saturating_add(self.second.duration_ms())
    }

    fn spaces(&self) -> Vec<SpaceParams> {
        // All of both: who looks for codes of another kind must find them wherever they are.
        [self.first.spaces(), self.second.spaces()].concat()
    }

    fn search(&self, space: u8, queries: &[Query], effort: &Effort) -> Result<Vec<Vec<Found>>> {
        let mut all = self.first.search(space, queries, effort)?;
        for (into, found) in all.iter_mut().zip(self.second.search(space, queries, effort)?) {
            let own = found.into_iter();
            into.extend(own.filter_map(|hit| Some(Found { track: self.own(hit.track)?, ..hit })));
            into.sort_by_key(|hit| (hit.distance, hit.track, hit.time));
            into.truncate(effort.hits);
        }
        Ok(all)
    }

    fn at(&self, places: &[u32]) -> Result<Vec<Option<TrackId>>> {
        let second: Vec<u32> = places.iter().map(|p| p.wrapping_sub(self.places)).collect();
        let (first, second) = (self.first.at(places)?, self.second.at(&second)?);
        let all = places.iter().zip(first.into_iter().zip(second));
        Ok(all.map(|(&p, (first, second))| if p < self.places { first } else { second }).collect())
    }

    fn metas(&self, tracks: &[TrackId]) -> Result<Vec<Option<TrackMeta>>> {
        Ok(self.either(tracks, self.first.metas(tracks)?, self.second.metas(tracks)?))
    }

    fn count_with(&self, name: &str) -> Result<usize> {
        Ok(self.drawn(name, usize::MAX)?.len())
    }

    fn drawn(&self, name: &str, most: usize) -> Result<Vec<TrackRef>> {
        let mut all = self.first.drawn(name, most)?;
        let second = self.second.drawn(name, most)?.into_iter();
        all.extend(second.filter_map(|track| self.own(track)));
        all.sort_unstable_by_key(|track| track.id);
        all.truncate(most);
        Ok(all)
    }

    fn payloads(&self, tracks: &[TrackId], name: &str) -> Result<Vec<Option<Payload>>> {
        let first = self.first.payloads(tracks, name)?;
        Ok(self.either(tracks, first, self.second.payloads(tracks, name)?))
    }

    fn find(&self, contents: &[[u8; 32]]) -> Result<Vec<Option<TrackRef>>> {
        let second = self.second.find(contents)?.into_iter();
        let both = self.first.find(contents)?.into_iter().zip(second);
        Ok(both.map(|(first, second)| first.or_else(|| self.own(second?))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryStore;
    use crate::types::{TrackRecord, Window};

    fn track(n: u8, bytes: &[u8]) -> TrackRecord {
        TrackRecord {
            meta: TrackMeta { sha256: [n; 32], path: format!("{n}"), ..TrackMeta::default() },
            payloads: vec![Payload::new("rows", 1, bytes.to_vec())],
            windows: vec![Window { space: 2, time: n.into(), code: [n.into(); 4] }],
        }
    }

    #[test]
    fn two_stores_answer_as_one_that_has_the_tracks_of_both() {
        let batch = || vec![track(5, b"five"), track(2, b"two")];
        let before = || vec![track(1, b"one"), track(2, b"another"), track(9, b"nine")];
        let memory = |tracks| MemoryStore::new(tracks, [0; 32]).unwrap();
        let (a, b) = (memory(batch()), memory(before()));
        let both = UnionStore::new(&a, 2, &b, HashSet::from([TrackId::of(&[2; 32])]));
        let whole = memory(batch().into_iter().chain(before()).collect());

        let names = |found: Vec<TrackRef>| -> Vec<TrackId> { found.iter().map(|t| t.id).collect() };
        let drawn = |store: &dyn ReferenceStore, most| names(store.drawn("rows", most).unwrap());
        assert_eq!(drawn(&both, 3), drawn(&whole, 3));
        assert_eq!(both.count_with("rows").unwrap(), 4);
        let ids: Vec<TrackId> = [1, 2, 3, 9].map(|n| TrackId::of(&[n; 32])).to_vec();
        assert_eq!(both.payloads(&ids, "rows").unwrap(), whole.payloads(&ids, "rows").unwrap());
        assert_eq!(both.metas(&ids).unwrap(), whole.metas(&ids).unwrap());
        let effort = Effort { hits: 3, max_distance: 256, ..Effort::default() };
        let hits = |store: &dyn ReferenceStore| -> Vec<(TrackId, u32)> {
            let found = store.search(2, &[Query::from([2; 4])], &effort).unwrap();
            found[0].iter().map(|hit| (hit.track.id, hit.distance)).collect()
        };
        assert_eq!(hits(&both), hits(&whole));
        let place = |n: u8| both.find(&[[n; 32]]).unwrap()[0].map(|track| track.place);
        assert_eq!([place(2), place(9), place(7)], [Some(1), Some(4), None]);
    }
}
