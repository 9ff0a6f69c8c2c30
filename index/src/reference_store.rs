//! Where references are looked up, wherever they lie: the face that a search needs of an index.
//!
//! Batch-first, since an answer from another machine costs the same for one question as for a thousand. Tracks go
//! by identifiers that hold in every snapshot and every store ([`TrackId`]). How hard to try is said as
//! [`Effort`], not in cells of segments, which another store has not. All answers can fail.
//!
//! The local index ([`Reader`]) is the first such store, [`crate::MemoryStore`] its slow and obvious twin.

use std::fmt;

use serde::Serialize;

use crate::error::Result;
use crate::reader::Reader;
use crate::types::{
    Hit, Payload, Query, SearchMode, SearchOptions, SpaceParams, TrackMeta, TrackNo,
};

/// A track, by the first 128 bits of its content hash: the same in every snapshot and every store. Shorter ones
/// could be forged.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct TrackId(pub [u8; 16]);

impl TrackId {
    /// Of the content with this hash.
    pub fn of(sha256: &[u8; 32]) -> TrackId {
        TrackId(std::array::from_fn(|i| sha256[i]))
    }
}

impl fmt::Display for TrackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::hex(&self.0))
    }
}

impl fmt::Debug for TrackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A track as a search names it: sorted by its place in the store, which is the order of equal hits. The place
/// holds in one state of one store only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct TrackRef {
    /// Where the track comes among those of the store.
    pub place: u32,
    /// Which it is.
    pub id: TrackId,
}

/// A stored window near a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct Found {
    /// The track.
    pub track: TrackRef,
    /// Start of the window within the track.
    pub time: u32,
    /// Distance to the query: the weights of the bits that differ.
    pub distance: u32,
}

/// How much of a store is compared with each query vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Breadth {
    /// As much as so many cells of an index of one segment are, however many parts the store has: the cost
    /// grows with the root of its size. Of several segments each gives fewer.
    Lists(usize),
    /// So many cells of each part.
    ListsOfEach(usize),
}

/// How hard a search should try.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Effort {
    /// How candidates are found.
    pub mode: SearchMode,
    /// Codes in the store up to which all are compared, in [`SearchMode::Auto`].
    pub exact_up_to: usize,
    /// Beyond that: how much is.
    pub breadth: Breadth,
    /// Of a part with n codes never more cells than this times the root of n, whatever the breadth: a small part is
    /// not compared whole by way of its cells.
    pub most_cells: f64,
    /// Whether cells may be found by walking a graph; see [`SearchOptions::walk`].
    pub walk: bool,
    /// Hits per query.
    pub hits: usize,
    /// Hits farther than this are not reported.
    pub max_distance: u32,
}

impl Default for Effort {
    fn default() -> Effort {
        let SearchOptions { mode, exact_up_to, k, walk, probes, max_distance, .. } =
            SearchOptions::default();
        let breadth = Breadth::ListsOfEach(probes);
        Effort {
            mode,
            exact_up_to,
            breadth,
            most_cells: f64::INFINITY,
            walk,
            hits: k,
            max_distance,
        }
    }
}

impl Effort {
    /// The same for a local index of `segments` segments that hold `codes` codes of the space.
    pub fn options(&self, segments: usize, codes: usize) -> SearchOptions {
        let lists = match self.breadth {
            Breadth::ListsOfEach(lists) => lists,
            // A segment has as many cells as its size has in the root: of several no more codes are read than
            // there would be in one.
            Breadth::Lists(lists) => {
                (lists as f64 / (segments.max(1) as f64).sqrt()).ceil() as usize
            }
        };
        let codes_of_each = codes as f64 / segments.max(1) as f64;
        let most = self.most_cells * codes_of_each.sqrt();
        let lists =
            if self.most_cells.is_finite() { lists.min(most as usize) } else { lists }.max(1);
        SearchOptions {
            mode: self.mode,
            exact_up_to: self.exact_up_to,
            k: self.hits,
            walk: self.walk,
            probes: lists,
            ef: lists,
            max_distance: self.max_distance,
        }
    }
}

/// References, and what is known of them. Every answer is about one state of the store.
pub trait ReferenceStore: Send + Sync {
    /// Identity of the state; every change of the store changes it.
    fn state(&self) -> String;

    /// Number of tracks.
    fn count(&self) -> usize;

    /// Playing time of all tracks together, in milliseconds.
    fn duration_ms(&self) -> u64;

    /// What the codes of each space are.
    fn spaces(&self) -> Vec<SpaceParams>;

    /// The nearest stored windows of each query, nearest first; equal ones by place, then time.
    ///
    /// # Errors
    /// The store does not answer, or what it would answer from is damaged.
    fn search(&self, space: u8, queries: &[Query], effort: &Effort) -> Result<Vec<Vec<Found>>>;

    /// Which tracks stand at these places; none where there is none.
    ///
    /// # Errors
    /// The store does not answer.
    fn at(&self, places: &[u32]) -> Result<Vec<Option<TrackId>>>;

    /// What is known of each track; none of those that the store does not have.
    ///
    /// # Errors
    /// The store does not answer.
    fn metas(&self, tracks: &[TrackId]) -> Result<Vec<Option<TrackMeta>>>;

    /// Tracks that have a payload of that name.
    ///
    /// # Errors
    /// The store does not answer.
    fn count_with(&self, name: &str) -> Result<usize>;

    /// So many of them, or all there are: those with the lowest identifiers, which are digests and so are as good as
    /// drawn at random, and are the same wherever the tracks lie.
    ///
    /// # Errors
    /// The store does not answer.
    fn drawn(&self, name: &str, most: usize) -> Result<Vec<TrackRef>>;

    /// The payload of that name of each track; none where there is none.
    ///
    /// # Errors
    /// The store does not answer, or what it would answer is damaged.
    fn payloads(&self, tracks: &[TrackId], name: &str) -> Result<Vec<Option<Payload>>>;

    /// The tracks with these contents.
    ///
    /// # Errors
    /// The store does not answer.
    fn find(&self, contents: &[[u8; 32]]) -> Result<Vec<Option<TrackRef>>>;
}

impl Reader {
    /// The live track that goes by this identifier.
    pub fn track(&self, id: TrackId) -> Option<TrackNo> {
        let contents = self.contents();
        let at = contents.partition_point(|(content, _)| TrackId::of(content) < id);
        let (content, track) = contents.get(at)?;
        (TrackId::of(content) == id).then_some(*track)
    }

    fn track_ref(&self, track: TrackNo) -> Option<TrackRef> {
        Some(TrackRef { place: track.0, id: TrackId::of(&self.meta(track)?.sha256) })
    }
}

impl ReferenceStore for Reader {
    fn state(&self) -> String {
        self.index_id()
    }

    fn count(&self) -> usize {
        self.track_count()
    }

    fn duration_ms(&self) -> u64 {
        self.tracks().map(|(_, meta)| meta.duration_ms).fold(0, u64::saturating_add)
    }

    fn spaces(&self) -> Vec<SpaceParams> {
        Reader::spaces(self).to_vec()
    }

    fn search(&self, space: u8, queries: &[Query], effort: &Effort) -> Result<Vec<Vec<Found>>> {
        let options = effort.options(self.segment_count(), self.code_count(space));
        let hits = Reader::search(self, space, queries, &options);
        self.check_damage()?;
        let ids = self.ids();
        let found = |Hit { track, time, distance }| {
            let track = TrackRef { place: track.0, id: *ids.get(track.0 as usize)? };
            Some(Found { track, time, distance })
        };
        Ok(hits.into_iter().map(|hits| hits.into_iter().filter_map(found).collect()).collect())
    }

    fn at(&self, places: &[u32]) -> Result<Vec<Option<TrackId>>> {
        let of = |&place: &u32| Some(TrackId::of(&self.meta(TrackNo(place))?.sha256));
        Ok(places.iter().map(of).collect())
    }

    fn metas(&self, tracks: &[TrackId]) -> Result<Vec<Option<TrackMeta>>> {
        Ok(tracks.iter().map(|&id| self.meta(self.track(id)?).cloned()).collect())
    }

    fn count_with(&self, name: &str) -> Result<usize> {
        Ok(self.contents().iter().filter(|(_, track)| self.has_payload(*track, name)).count())
    }

    fn drawn(&self, name: &str, most: usize) -> Result<Vec<TrackRef>> {
        let having = self.contents().iter().filter(|(_, track)| self.has_payload(*track, name));
        Ok(having.filter_map(|(_, track)| self.track_ref(*track)).take(most).collect())
    }

    fn payloads(&self, tracks: &[TrackId], name: &str) -> Result<Vec<Option<Payload>>> {
        let payload = |&id: &TrackId| match self.track(id) {
            Some(track) => self.payload(track, name),
            None => Ok(None),
        };
        tracks.iter().map(payload).collect()
    }

    fn find(&self, contents: &[[u8; 32]]) -> Result<Vec<Option<TrackRef>>> {
        Ok(contents.iter().map(|c| self.track_ref(self.find_sha256(c)?)).collect())
    }
}
