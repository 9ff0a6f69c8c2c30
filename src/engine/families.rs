//! Families of what was found in a batch or an index: tracks that play the same without being copies.

use std::collections::HashSet;

use soundalike_index::{Reader, TrackId, UnionStore};

use super::{Engine, Error};
use crate::dedup::Clusters;
use crate::dedup::families::{Works, find_families};
use crate::dedup::family::Family;
use crate::dedup::track_set::TrackSet;
use crate::progress::{Cancel, Progress};
use crate::works::channel::Channel;

impl Engine {
    /// The families among the tracks of `set`, where works are listened for.
    ///
    /// # Errors
    /// What a track plays cannot be read, or the index of earlier tracks has none of it.
    pub(super) fn families(
        &self,
        set: &TrackSet,
        found: &Clusters,
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<Vec<Family>, Error> {
        let listening = self.options.works;
        if !listening.hears_works() || found.cancelled {
            return Ok(Vec::new());
        }
        let params = &self.options.params;
        let find = |store: &dyn soundalike_index::ReferenceStore| {
            find_families(set, found, &Works { store, listening }, params, progress, cancel)
        };
        let families = match set.readers() {
            [batch, earlier] => {
                let both = earlier.tracks().map(|(_, meta)| meta.sha256);
                let both = both.filter(|sha256| batch.find_sha256(sha256).is_some());
                let shared: HashSet<TrackId> = both.map(|sha256| TrackId::of(&sha256)).collect();
                find(&UnionStore::new(&**batch, batch.track_slots(), &**earlier, shared))
            }
            [batch, ..] => find(&**batch),
            [] => return Ok(Vec::new()),
        };
        Ok(families?)
    }

    /// Whether the tracks of an index can be compared by what they play, where that is asked for.
    ///
    /// # Errors
    /// It was made without what its tracks play.
    pub(super) fn ensure_works(&self, reader: &Reader) -> Result<(), Error> {
        let has =
            reader.tracks().any(|(track, _)| reader.has_payload(track, Channel::Harmony.name()));
        if !self.options.works.hears_works() || has || reader.track_count() == 0 {
            return Ok(());
        }
        Err(Error::IndexWithoutWorks { dir: reader.dir().to_owned() })
    }

    /// The same of earlier uploads: without it files are compared by what they play with each other alone.
    ///
    /// # Errors
    /// Those were indexed without what they play.
    #[doc(hidden)]
    pub fn ensure_earlier_works(&self) -> Result<(), Error> {
        self.earlier.as_ref().map_or(Ok(()), |earlier| self.ensure_works(earlier.reader()))
    }
}
