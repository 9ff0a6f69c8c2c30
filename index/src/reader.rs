//! A snapshot of an index for searching.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rayon::prelude::*;

use crate::bytes::Hold;
use crate::codec::SegmentEntry;
use crate::envelope::Check;
use crate::error::{Error, Result};
use crate::hex;
use crate::manifest::Manifest;
use crate::reference_store::TrackId;
use crate::segment::Segment;
use crate::stats::{GraphState, IndexStats, collect};
use crate::store::{CandidateStore, Cells, Exact, Live, Want};
use crate::types::{
    Code, Hit, ParamsId, Payload, Query, SearchMode, SearchOptions, SpaceParams, TrackMeta, TrackNo,
};

/// Attempts to open a snapshot while a writer keeps replacing segments.
const OPEN_TRIES: usize = 8;
/// Bytes of all files of an index up to which they are copied into memory when it is opened for searching:
/// what happens to the files afterwards does not matter then. Larger ones are mapped.
const COPIED_UP_TO: u64 = 128 << 20;
/// Queries handled together by one thread: the more, the more of them share the reading of a cell.
const QUERY_BATCH: usize = 4096;

/// A segment of a snapshot.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) entry: SegmentEntry,
    pub(crate) segment: Segment,
    pub(crate) graph: GraphState,
    /// Snapshot number of its first track.
    pub(crate) base: u32,
}

impl Part {
    pub(crate) fn live(&self) -> Live<'_> {
        Live { base: self.base, tracks: self.segment.track_count(), dead: &self.entry.dead }
    }

    /// Local numbers of the tracks that have not been removed.
    pub(crate) fn live_tracks(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.segment.track_count()).filter(|t| self.entry.dead.binary_search(t).is_err())
    }
}

/// An immutable snapshot: the segments one manifest named. It stays valid and unchanged whatever
/// writers do meanwhile; open a new one to see their work.
#[derive(Debug)]
pub struct Reader {
    dir: PathBuf,
    manifest: Manifest,
    params: ParamsId,
    parts: Vec<Part>,
    spaces: Vec<SpaceParams>,
    /// Content hashes of live tracks, sorted.
    by_content: Vec<([u8; 32], TrackNo)>,
    /// Identifiers by number, when somebody asks: of a removed track all zero.
    ids: OnceLock<Vec<TrackId>>,
}

impl Reader {
    /// Opens the index in `dir`. Of a small one every byte is read and checked now. Of a large one in format 3
    /// codes and payloads are checked when they are used first: ask [`Reader::guarded`] whether what was found
    /// holds. A damaged graph is not an error, the search then does without it; see [`Reader::stats`].
    pub fn open(dir: &Path) -> Result<Reader> {
        Reader::open_checked(dir, Check::Full)
    }

    /// As [`Reader::open`], with its files mapped however small they are, for tests of that.
    #[doc(hidden)]
    pub fn open_mapped(dir: &Path) -> Result<Reader> {
        Reader::open_up_to(dir, Check::Full, 0)
    }

    pub(crate) fn open_checked(dir: &Path, check: Check) -> Result<Reader> {
        Reader::open_up_to(dir, check, COPIED_UP_TO)
    }

    /// Opens an index of which up to `copied` bytes are copied.
    fn open_up_to(dir: &Path, check: Check, copied: u64) -> Result<Reader> {
        let mut last = None;
        for _ in 0..OPEN_TRIES {
            let manifest = Manifest::read(dir)?;
            match open_parts(dir, &manifest, check, copied) {
                Ok(parts) => return Reader::assemble(dir, manifest, parts),
                // A compaction may have removed the segment since: then there is a newer manifest.
                Err(e) if e.is_not_found() => {
                    if last.as_ref() == Some(&manifest.digest) {
                        return Err(e);
                    }
                    last = Some(manifest.digest);
                }
                Err(e) => return Err(e),
            }
        }
        Err(Error::corrupt(dir, "the index changed too often while it was being opened"))
    }

    fn assemble(dir: &Path, manifest: Manifest, parts: Vec<Part>) -> Result<Reader> {
        let spaces = spaces_of(&parts)?;
        let mut by_content: Vec<_> = parts
            .iter()
            .flat_map(|p| {
                p.live_tracks().map(|t| (p.segment.metas()[t as usize].sha256, TrackNo(p.base + t)))
            })
            .collect();
        by_content.sort_unstable();
        let params = manifest.params();
        Ok(Reader {
            dir: dir.into(),
            params,
            manifest,
            parts,
            spaces,
            by_content,
            ids: OnceLock::new(),
        })
    }

    /// Folder of the index.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Parameters the fingerprints were made with.
    pub fn params(&self) -> &ParamsId {
        &self.params
    }

    /// What the codes of each space are, of those that some track has any of.
    pub fn spaces(&self) -> &[SpaceParams] {
        &self.spaces
    }

    /// Identity of this snapshot; every change of the index changes it.
    pub fn index_id(&self) -> String {
        hex(&self.manifest.digest)
    }

    /// Whether nothing was written since this snapshot was opened.
    pub fn is_current(&self) -> Result<bool> {
        Ok(Manifest::read(&self.dir)?.digest == self.manifest.digest)
    }

    /// Does `work`, which reads this snapshot, and makes sure afterwards that what it read were the bytes that
    /// were written: damage may be found on use, and somebody may copy over the files of a live index.
    ///
    /// # Errors
    /// A file is damaged, or was changed. Nothing that `work` found is to be relied on, nor a panic of it.
    pub fn guarded<T>(&self, work: impl FnOnce() -> T) -> Result<T> {
        let done = catch_unwind(AssertUnwindSafe(work));
        self.check_again()?;
        Ok(done.unwrap_or_else(|panic| resume_unwind(panic)))
    }

    /// Whether damage was found on use.
    pub(crate) fn check_damage(&self) -> Result<()> {
        self.parts.iter().try_for_each(|part| part.segment.check_damage())
    }

    /// Content hashes of live tracks, sorted.
    pub(crate) fn contents(&self) -> &[([u8; 32], TrackNo)] {
        &self.by_content
    }

    /// Identifiers of all tracks by their numbers; of a removed one all zero.
    pub(crate) fn ids(&self) -> &[TrackId] {
        self.ids.get_or_init(|| {
            let mut ids = vec![TrackId([0; 16]); self.track_slots() as usize];
            for (content, track) in &self.by_content {
                ids[track.0 as usize] = TrackId::of(content);
            }
            ids
        })
    }

    /// Makes sure that what was read so far were the bytes that were written.
    pub(crate) fn check_again(&self) -> Result<()> {
        self.parts.iter().try_for_each(|part| part.segment.check_again())
    }

    /// Makes sure that the files of this snapshot, as they lie in its folder, are still sound; to be asked
    /// where it [is current](Reader::is_current). Reads only what looks different from before.
    ///
    /// # Errors
    /// A file was removed, changed or replaced by another.
    pub fn check_files(&self) -> Result<()> {
        let params = &self.manifest.body.params_digest;
        for part in &self.parts {
            if let Some(look) = part.segment.was_replaced()? {
                let entry = &part.entry;
                let (check, hold) = (Check::Full, Hold::Copied);
                Segment::open(&self.dir, &entry.file, entry.tracks, params, check, hold)?;
                part.segment.found_right(look);
            }
        }
        Ok(())
    }

    /// Live tracks.
    pub fn track_count(&self) -> usize {
        self.by_content.len()
    }

    /// All [`TrackNo`]s of this snapshot are below this; some belong to removed tracks.
    pub fn track_slots(&self) -> u32 {
        self.parts.last().map_or(0, |p| p.base + p.segment.track_count())
    }

    /// Codes of a space, those of removed tracks included.
    pub fn code_count(&self, space: u8) -> usize {
        let codes = |part: &Part| part.segment.space(space).map_or(0, |data| data.postings.len());
        self.parts.iter().map(codes).sum()
    }

    /// Segments of the snapshot, which are searched one by one.
    pub fn segment_count(&self) -> usize {
        self.parts.len()
    }

    /// Live tracks in ascending order of their number.
    pub fn tracks(&self) -> impl Iterator<Item = (TrackNo, &TrackMeta)> {
        self.parts.iter().flat_map(|p| {
            p.live_tracks().map(|t| (TrackNo(p.base + t), &p.segment.metas()[t as usize]))
        })
    }

    /// Metadata of a live track.
    pub fn meta(&self, track: TrackNo) -> Option<&TrackMeta> {
        let (part, local) = self.locate(track)?;
        part.segment.metas().get(local as usize)
    }

    /// A payload of a live track, by its name.
    ///
    /// # Errors
    /// It is damaged, or cannot be read.
    pub fn payload(&self, track: TrackNo, name: &str) -> Result<Option<Payload>> {
        match self.locate(track) {
            Some((part, local)) => part.segment.payload(local, name),
            None => Ok(None),
        }
    }

    /// Whether a live track has a payload of that name.
    pub fn has_payload(&self, track: TrackNo, name: &str) -> bool {
        self.locate(track).is_some_and(|(part, local)| part.segment.has_payload(local, name))
    }

    /// All payloads of a live track.
    ///
    /// # Errors
    /// One is damaged, or cannot be read.
    pub fn payloads(&self, track: TrackNo) -> Result<Vec<Payload>> {
        match self.locate(track) {
            Some((part, local)) => part.segment.payloads(local),
            None => Ok(Vec::new()),
        }
    }

    /// Windows of a live track as `(time, code)`, in order of time. Reads all postings of a segment; where it
    /// is damaged there are none, and [`Reader::guarded`] tells.
    pub fn windows(&self, track: TrackNo, space: u8) -> Vec<(u32, Code)> {
        let Some((part, local)) = self.locate(track) else {
            return Vec::new();
        };
        let Some(data) = part.segment.space(space) else {
            return Vec::new();
        };
        if (0..data.reps.len() as u32).any(|cell| !data.is_sound(cell)) {
            return Vec::new();
        }
        let own = data.postings.iter().zip(data.codes()).filter(|(p, _)| p.track == local);
        let mut windows: Vec<_> = own.map(|(p, code)| (p.time, code)).collect();
        windows.sort_unstable();
        windows
    }

    /// The live track with this content.
    pub fn find_sha256(&self, sha256: &[u8; 32]) -> Option<TrackNo> {
        let at = self.by_content.binary_search_by(|(content, _)| content.cmp(sha256)).ok()?;
        Some(self.by_content[at].1)
    }

    /// Sizes and condition of the snapshot.
    pub fn stats(&self) -> IndexStats {
        collect(&self.manifest, &self.parts)
    }

    /// Nearest stored windows of each query, nearest first. What lies in a damaged part of a file is left out,
    /// and [`Reader::guarded`] tells. Uses the caller's rayon pool; the result
    /// does not depend on the number of threads.
    pub fn search<Q>(&self, space: u8, queries: &[Q], opts: &SearchOptions) -> Vec<Vec<Hit>>
    where
        Q: Into<Query> + Copy + Sync,
    {
        let want = Want { k: opts.k, max_distance: opts.max_distance };
        let codes = |p: &Part| p.segment.space(space).map_or(0, |data| data.postings.len());
        let total: usize = self.parts.iter().map(codes).sum();
        let exact_up_to = match opts.mode {
            SearchMode::Exact => usize::MAX,
            SearchMode::Hnsw => 0,
            SearchMode::Auto if total <= opts.exact_up_to => usize::MAX,
            SearchMode::Auto => 0,
        };
        queries
            .par_chunks(QUERY_BATCH)
            .flat_map_iter(|batch| {
                let batch: Vec<Query> = batch.iter().map(|&q| q.into()).collect();
                let mut merged: Vec<Vec<Hit>> = vec![Vec::new(); batch.len()];
                for part in &self.parts {
                    let Some(store) = store_for(part, space, opts, exact_up_to) else {
                        continue;
                    };
                    let found = store.search(&batch, want, part.live());
                    for (all, hits) in merged.iter_mut().zip(found) {
                        all.extend(hits);
                    }
                }
                for hits in &mut merged {
                    hits.sort_unstable();
                    hits.truncate(opts.k);
                }
                merged
            })
            .collect()
    }

    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    pub(crate) fn into_parts(self) -> (Manifest, Vec<Part>) {
        (self.manifest, self.parts)
    }

    /// Segment and local number of a live track.
    pub(crate) fn locate(&self, track: TrackNo) -> Option<(&Part, u32)> {
        let at = self.parts.partition_point(|p| p.base <= track.0).checked_sub(1)?;
        let part = &self.parts[at];
        let local = track.0 - part.base;
        let live =
            local < part.segment.track_count() && part.entry.dead.binary_search(&local).is_err();
        live.then_some((part, local))
    }
}

/// What the codes of each space are, on which all segments must agree.
fn spaces_of(parts: &[Part]) -> Result<Vec<SpaceParams>> {
    let mut spaces: Vec<SpaceParams> = Vec::new();
    for part in parts {
        for own in part.segment.space_params() {
            match spaces.iter().find(|known| known.space == own.space) {
                Some(known) if *known != own => {
                    let what =
                        format!("codes of space {} differ from those of other segments", own.space);
                    return Err(Error::corrupt(part.segment.path(), what));
                }
                Some(_) => {}
                None => spaces.push(own),
            }
        }
    }
    spaces.sort_unstable_by_key(|s| s.space);
    Ok(spaces)
}

/// The store that answers for one segment.
fn store_for<'a>(
    part: &'a Part,
    space: u8,
    opts: &SearchOptions,
    exact_up_to: usize,
) -> Option<Box<dyn CandidateStore + 'a>> {
    let data = part.segment.space(space)?;
    if data.postings.len() <= exact_up_to {
        return Some(Box::new(Exact { data }));
    }
    let walk = opts.walk || opts.mode == SearchMode::Hnsw;
    let graph = if walk { part.segment.graph(space) } else { None };
    Some(Box::new(Cells::new(data, graph, opts.probes, opts.ef)))
}

fn open_parts(dir: &Path, manifest: &Manifest, check: Check, copied: u64) -> Result<Vec<Part>> {
    let mut parts = Vec::with_capacity(manifest.body.segments.len());
    let mut base = 0;
    let bytes = manifest.files().fold(0u64, |all, file| all.saturating_add(file.len));
    let small = check == Check::Full && bytes <= copied;
    let hold = if small { Hold::Copied } else { Hold::Mapped };
    for entry in &manifest.body.segments {
        let params = &manifest.body.params_digest;
        let mut segment = Segment::open(dir, &entry.file, entry.tracks, params, check, hold)?;
        let graph = match &entry.graph {
            Some(file) if check == Check::Full => match segment.open_graph(dir, file, hold) {
                Ok(()) => GraphState::Ready,
                Err(_) => GraphState::Damaged,
            },
            _ => GraphState::None,
        };
        parts.push(Part { entry: entry.clone(), segment, graph, base });
        base += entry.tracks;
    }
    Ok(parts)
}

/// Reads and searches all of a segment, for fuzzing.
pub(crate) fn exercise(segment: &Segment) {
    let want = Want { k: 3, max_distance: u32::MAX };
    let live = Live { base: 0, tracks: segment.track_count(), dead: &[] };
    for space in 0..crate::MAX_SPACES as u8 {
        let Some(data) = segment.space(space) else {
            continue;
        };
        let Some(code) = data.codes().next() else {
            continue;
        };
        let queries = &[code.into()];
        Exact { data }.search(queries, want, live);
        Cells::new(data, segment.graph(space), 4, 8).search(queries, want, live);
    }
    for track in 0..segment.track_count() {
        let _ = segment.payloads(track);
    }
}
