//! The one writer of an index.

use std::collections::HashSet;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use crate::anew::Parted;
use crate::atomic::{TMP_SUFFIX, sync_dir};
use crate::build::{Draft, Kept, Made, check_payloads, write_segment};
use crate::bytes::Hold;
use crate::codec::{ManifestBody, SegmentEntry};
use crate::compact::{Size, plan, rewrite};
use crate::envelope::Check;
use crate::error::{Error, Result};
use crate::hex;
use crate::manifest::{MANIFEST_NAME, Manifest, is_graph_name, is_segment_name};
use crate::postings::Posting;
use crate::reader::{Part, Reader};
use crate::segment::Segment;
use crate::stats::GraphState;
use crate::types::{
    CommitStats, CompactPolicy, CompactStats, MAX_SPACES, ParamsId, TrackMeta, TrackRecord,
};

pub(crate) const LOCK_NAME: &str = "LOCK";

/// Adds, removes and compacts; holds the lock of the index until dropped. Every method is atomic: killed
/// at any point, the index is as it was before the call or after it.
#[derive(Debug)]
pub struct Writer {
    pub(crate) dir: PathBuf,
    pub(crate) manifest: Manifest,
    made: Made,
    /// Content hashes of live tracks.
    contents: HashSet<[u8; 32]>,
    /// Held, and compared with what lies under its name before something is published.
    lock: File,
}

impl Writer {
    /// Opens the index in `dir` for writing, creating folder and index if need be. Refuses an index made
    /// with other parameters, and one that another writer holds.
    pub fn open_or_create(dir: &Path, params: ParamsId) -> Result<Writer> {
        std::fs::create_dir_all(dir).map_err(|e| Error::io(dir, e))?;
        let lock = lock(dir)?;
        if !dir.join(MANIFEST_NAME).exists() {
            if foreign_segments(dir)? {
                return Err(Error::corrupt(dir, "segments without a MANIFEST"));
            }
            Manifest::write(
                dir,
                ManifestBody {
                    generation: 0,
                    params_digest: params.digest,
                    params_description: params.description.clone(),
                    segments: Vec::new(),
                },
                &|| Ok(()),
            )?;
        }
        let reader = Reader::open_checked(dir, Check::OnUse)?;
        if reader.params().digest != params.digest {
            return Err(Error::ParamsMismatch {
                path: dir.into(),
                index: reader.params().label(),
                given: params.label(),
            });
        }
        let contents = reader.tracks().map(|(_, meta)| meta.sha256).collect();
        let mut made = Made { params: params.digest, spaces: [params.digest; MAX_SPACES] };
        for space in reader.spaces() {
            made.spaces[usize::from(space.space)] = space.digest;
        }
        let (manifest, _) = reader.into_parts();
        Ok(Writer { dir: dir.into(), manifest, made, contents, lock })
    }

    /// The same writer, whose codes of `space` are made with parameters of their own, of that digest. Those of
    /// the others are made with the parameters of the index as a whole.
    ///
    /// # Errors
    /// There are codes in that space that were made with others.
    pub fn with_space(mut self, space: u8, digest: [u8; 32]) -> Result<Writer> {
        let reader = Reader::open_checked(&self.dir, Check::OnUse)?;
        let known = reader.spaces().iter().find(|s| s.space == space).map_or(digest, |s| s.digest);
        let slot = self.made.spaces.get_mut(usize::from(space));
        *slot.ok_or_else(|| no_space(space))? = digest;
        if known != digest {
            return Err(Error::ParamsMismatch {
                path: self.dir.clone(),
                index: format!("space {space}: {}", hex(&known[..8])),
                given: hex(&digest[..8]),
            });
        }
        Ok(self)
    }

    /// Parameters of the index.
    pub fn params(&self) -> ParamsId {
        self.manifest.params()
    }

    /// What codes and payloads are made with.
    pub(crate) fn made(&self) -> &Made {
        &self.made
    }

    /// Live tracks.
    pub fn track_count(&self) -> usize {
        self.contents.len()
    }

    /// Whether a live track has this content.
    pub fn contains(&self, sha256: &[u8; 32]) -> bool {
        self.contents.contains(sha256)
    }

    /// Adds tracks as one segment. Content already in the index, or earlier in the batch, is skipped;
    /// a batch with nothing new changes nothing.
    pub fn commit(&mut self, tracks: Vec<TrackRecord>) -> Result<CommitStats> {
        let mut stats = CommitStats::default();
        let mut fresh = HashSet::new();
        let mut draft = Draft::default();
        for track in &tracks {
            let sha256 = track.meta.sha256;
            if self.contents.contains(&sha256) || !fresh.insert(sha256) {
                stats.skipped += 1;
                continue;
            }
            let local = draft.tracks.len() as u32;
            check_payloads(&track.payloads)?;
            draft.tracks.push((&track.meta, Kept::Here(&track.payloads)));
            for w in &track.windows {
                let rows = draft.windows.get_mut(usize::from(w.space));
                let rows = rows.ok_or_else(|| no_space(w.space))?;
                rows.push((Posting { track: local, time: w.time }, w.code));
            }
        }
        if draft.tracks.is_empty() {
            return Ok(stats);
        }
        stats.added = draft.tracks.len();
        stats.windows = draft.window_count();
        self.check_room(stats.added)?;
        let entry = write_segment(&self.dir, &self.made, draft)?;
        stats.bytes = bytes_of(&entry);
        let mut segments = self.manifest.body.segments.clone();
        segments.push(entry);
        self.publish(segments)?;
        self.contents.extend(fresh);
        Ok(stats)
    }

    /// Removes the tracks that `sel` chooses and returns them. Their bytes go at the next compaction,
    /// those of a segment without live tracks at once.
    pub fn remove(&mut self, sel: &dyn Fn(&TrackMeta) -> bool) -> Result<Vec<TrackMeta>> {
        let reader = Reader::open_checked(&self.dir, Check::OnUse)?;
        let parted = Parted::new(&reader, |meta| sel(meta).then(|| meta.clone()));
        if parted.chosen.is_empty() {
            return Ok(Vec::new());
        }
        let removed = self.publish_without(parted)?;
        for meta in &removed {
            self.contents.remove(&meta.sha256);
        }
        Ok(removed)
    }

    /// Describes tracks anew: `change` gives the new description of a track, or none where it stays. Content
    /// and features stay as they are; the new descriptions become one segment. Tells how many were changed.
    pub fn revise(&mut self, change: &dyn Fn(&TrackMeta) -> Option<TrackMeta>) -> Result<usize> {
        let reader = Reader::open(&self.dir)?;
        let parted = Parted::new(&reader, |meta| {
            // What makes a track the track that it is does not change.
            let new = change(meta).map(|new| TrackMeta {
                ref_id: meta.ref_id.clone(),
                sha256: meta.sha256,
                duration_ms: meta.duration_ms,
                ..new
            });
            new.filter(|new| new != meta)
        });
        if !parted.chosen.is_empty() {
            self.publish_anew(&reader, &parted, |draft, revised| {
                for ((meta, _), new) in draft.tracks.iter_mut().zip(revised) {
                    *meta = new;
                }
                Ok(())
            })?;
        }
        Ok(parted.chosen.len())
    }

    /// Merges segments and drops removed tracks. Searches give the same hits before and after, up to the
    /// numbering of tracks and what the graph search overlooks.
    ///
    /// Done step by step: whatever was merged goes before the next is, so that little disk is needed besides, and
    /// what was done holds if the rest is not.
    pub fn compact(&mut self, policy: CompactPolicy) -> Result<CompactStats> {
        let before = self.manifest.body.segments.clone();
        let mut stats = CompactStats {
            segments_before: before.len(),
            bytes_before: before.iter().map(bytes_of).sum(),
            ..CompactStats::default()
        };
        let sizes: Vec<Size> = before.iter().map(Size::of).collect();
        let groups = plan(&sizes, policy);
        if !groups.is_empty() {
            // What became of each segment.
            let mut now: Vec<Vec<SegmentEntry>> = before.into_iter().map(|s| vec![s]).collect();
            for group in &groups {
                // Opened for this step only, so that their bytes are free when they have been merged.
                let open = |&at: &usize| self.open_part(&now[at][0]);
                let chosen = group.iter().map(open).collect::<Result<Vec<Part>>>()?;
                if chosen.iter().any(|part| part.segment.has_other_codes()) {
                    continue;
                }
                let selection = chosen.iter().enumerate();
                let selection = selection.flat_map(|(at, p)| p.live_tracks().map(move |t| (at, t)));
                let entries = rewrite(&self.dir, &self.made, &chosen, &selection.collect())?;
                stats.rewritten += group.len();
                stats.dropped_tracks += chosen.iter().map(|p| p.entry.dead.len()).sum::<usize>();
                drop(chosen);
                group.iter().for_each(|&at| now[at].clear());
                if let Some(&first) = group.first() {
                    now[first] = entries;
                }
                self.publish(now.concat())?;
            }
        }
        let after = &self.manifest.body.segments;
        stats.segments_after = after.len();
        stats.bytes_after = after.iter().map(bytes_of).sum();
        Ok(stats)
    }

    /// Adds the live tracks of another index made with the same parameters; content present in both is
    /// skipped.
    pub fn merge_from(&mut self, other: &Reader) -> Result<CommitStats> {
        if other.params().digest != self.manifest.body.params_digest {
            return Err(Error::ParamsMismatch {
                path: other.dir().into(),
                index: other.params().label(),
                given: self.params().label(),
            });
        }
        for theirs in other.spaces() {
            let ours = self.made.spaces[usize::from(theirs.space)];
            if theirs.digest != ours {
                let name =
                    |digest: &[u8; 32]| format!("space {}: {}", theirs.space, hex(&digest[..8]));
                return Err(Error::ParamsMismatch {
                    path: other.dir().into(),
                    index: name(&theirs.digest),
                    given: name(&ours),
                });
            }
        }
        let mut stats = CommitStats::default();
        let mut fresh = HashSet::new();
        let mut selection = Vec::new();
        for (at, part) in other.parts().iter().enumerate() {
            for local in part.live_tracks() {
                let sha256 = part.segment.metas()[local as usize].sha256;
                if self.contents.contains(&sha256) || !fresh.insert(sha256) {
                    stats.skipped += 1;
                } else {
                    selection.push((at, local));
                }
            }
        }
        if selection.is_empty() {
            return Ok(stats);
        }
        stats.added = selection.len();
        self.check_room(stats.added)?;
        let entries = rewrite(&self.dir, &self.made, other.parts(), &selection)?;
        stats.windows = entries.iter().map(|e| e.windows).sum();
        stats.bytes = entries.iter().map(bytes_of).sum();
        let mut segments = self.manifest.body.segments.clone();
        segments.extend(entries);
        self.publish(segments)?;
        self.contents.extend(fresh);
        Ok(stats)
    }

    /// Opens a segment to read all of it, without its graph.
    pub(crate) fn open_part(&self, entry: &SegmentEntry) -> Result<Part> {
        let params = &self.manifest.body.params_digest;
        let (check, hold) = (Check::Full, Hold::Mapped);
        let segment = Segment::open(&self.dir, &entry.file, entry.tracks, params, check, hold)?;
        Ok(Part { entry: entry.clone(), segment, graph: GraphState::None, base: 0 })
    }

    pub(crate) fn check_room(&self, added: usize) -> Result<()> {
        let slots: u64 = self.manifest.body.segments.iter().map(|s| u64::from(s.tracks)).sum();
        let value = slots + added as u64;
        let limit = u64::from(u32::MAX);
        if value > limit {
            return Err(Error::TooLarge { what: "tracks in one index", value, limit });
        }
        Ok(())
    }

    /// Makes `segments` the index, then removes what it no longer names.
    pub(crate) fn publish(&mut self, segments: Vec<SegmentEntry>) -> Result<()> {
        let mut body = self.manifest.body.clone();
        body.generation += 1;
        body.segments = segments;
        let still_ours = || self.ensure_alone();
        self.manifest = Manifest::write(&self.dir, body, &still_ours)?;
        // The change is made; what cannot be cleaned up now is after a later one.
        let _ = self.collect_garbage();
        Ok(())
    }

    /// Makes sure that no other writer can have been at work: the lock that is held is the one that another would
    /// find, and the manifest is the one that this writer read or wrote.
    fn ensure_alone(&self) -> Result<()> {
        let lock = self.dir.join(LOCK_NAME);
        if !is_same(&lock, &self.lock).map_err(|e| Error::io(&lock, e))? {
            return Err(Error::Displaced { path: lock });
        }
        let path = self.dir.join(MANIFEST_NAME);
        match Manifest::read(&self.dir) {
            Ok(manifest) if manifest.digest == self.manifest.digest => Ok(()),
            Ok(_) | Err(Error::NotAnIndex { .. }) => Err(Error::Displaced { path }),
            Err(error) => Err(error),
        }
    }

    /// Only files with names of ours are touched. Readers that still map a removed file keep it.
    fn collect_garbage(&self) -> Result<()> {
        let named: HashSet<&str> = self.manifest.files().map(|f| f.name.as_str()).collect();
        for name in own_files(&self.dir)? {
            if !named.contains(name.as_str()) {
                let path = self.dir.join(&name);
                // Windows refuses while a reader maps the file.
                let _ = std::fs::remove_file(path);
            }
        }
        sync_dir(&self.dir)
    }
}

pub(crate) fn no_space(space: u8) -> Error {
    let limit = MAX_SPACES as u64 - 1;
    Error::TooLarge { what: "descriptor space", value: space.into(), limit }
}

pub(crate) fn bytes_of(entry: &SegmentEntry) -> u64 {
    entry.file.len + entry.graph.as_ref().map_or(0, |g| g.len)
}

/// Whether `path` is the open `file`. Where the system does not say, it is if it is there.
fn is_same(path: &Path, file: &File) -> std::io::Result<bool> {
    let named = match std::fs::metadata(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        other => other?,
    };
    let open = file.metadata()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        Ok((named.dev(), named.ino()) == (open.dev(), open.ino()))
    }
    #[cfg(not(unix))]
    Ok(named.is_file() && open.is_file())
}

fn lock(dir: &Path) -> Result<File> {
    let path = dir.join(LOCK_NAME);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|e| Error::io(&path, e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Locked { path }),
        Err(TryLockError::Error(e)) => Err(Error::io(&path, e)),
    }
}

/// Names of segments, graphs and temporary files in the folder, sorted.
pub(crate) fn own_files(dir: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for item in std::fs::read_dir(dir).map_err(|e| Error::io(dir, e))? {
        let name = item.map_err(|e| Error::io(dir, e))?.file_name();
        if let Some(name) = name.to_str().filter(|name| is_own_name(name)) {
            names.push(name.to_owned());
        }
    }
    names.sort_unstable();
    Ok(names)
}

pub(crate) fn is_own_name(name: &str) -> bool {
    is_segment_name(name) || is_graph_name(name) || is_temporary(name)
}

pub(crate) fn is_temporary(name: &str) -> bool {
    let stem = name.strip_suffix(TMP_SUFFIX);
    matches!(stem, Some("segment" | "graph" | "manifest"))
}

/// Whether a folder without a manifest holds segments, which a new index would delete.
fn foreign_segments(dir: &Path) -> Result<bool> {
    Ok(own_files(dir)?.iter().any(|name| is_segment_name(name)))
}
