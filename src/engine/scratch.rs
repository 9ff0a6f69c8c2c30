//! Tracks that a run compares with each other: out of the way while files are read, an index afterwards.
//!
//! Peaks and codes of a batch can be larger than memory. Until all files are read they go to a file without a
//! name, which is gone with the process, whatever ends it. Then they become an index in a folder of its own for
//! temporary files; on Unix the folder is removed as soon as the index is open. A run that is killed in between
//! leaves the folder behind, and the next one that needs such a folder removes it.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use soundalike_index::{
    CommitStats, CompactPolicy, Error, ParamsId, Payload, Reader, Result, TrackMeta, TrackRecord,
    Window, Writer,
};
use tempfile::TempDir;

use crate::fingerprint::stored::params_id;
use crate::indexer::{Revision, Target};
use crate::params::FingerprintParams;
use crate::works::stored::with_works;

/// Tracks per segment.
const SEGMENT: usize = 128;
/// How the folders are called.
const PREFIX: &str = "soundalike-scratch-";
/// Age from which a folder that nobody holds is taken for left behind: its owner may be about to lock it.
const ABANDONED: Duration = Duration::from_secs(60);
/// The lock that a writer holds on its index.
const LOCK: &str = "LOCK";

/// Tracks on their way into an index.
pub(super) struct Scratch {
    params: ParamsId,
    spill: BufWriter<File>,
    metas: Vec<TrackMeta>,
    contents: HashSet<[u8; 32]>,
}

/// The folder of an index that is open, where the system keeps it until the index is closed.
pub(super) struct Folder {
    _dir: Option<TempDir>,
}

impl Scratch {
    /// No tracks yet.
    pub(super) fn new(params: &FingerprintParams) -> Result<Scratch> {
        let spill = BufWriter::with_capacity(1 << 18, tempfile::tempfile().map_err(here)?);
        let (metas, contents) = Default::default();
        Ok(Scratch { params: params_id(params), spill, metas, contents })
    }

    /// Adds a track; a content that is there already is left out.
    pub(super) fn add(&mut self, record: TrackRecord) -> Result<bool> {
        if !self.contents.insert(record.meta.sha256) {
            return Ok(false);
        }
        write_track(&mut self.spill, &record).map_err(here)?;
        self.metas.push(record.meta);
        Ok(true)
    }

    /// An index of all tracks.
    pub(super) fn finish(self) -> Result<(Reader, Folder)> {
        let dir = folder()?;
        let mut spill = self.spill.into_inner().map_err(|e| here(e.into_error()))?;
        spill.seek(SeekFrom::Start(0)).map_err(here)?;
        let mut spill = BufReader::with_capacity(1 << 18, spill);
        let mut writer = with_works(Writer::open_or_create(dir.path(), self.params)?)?;
        let mut metas = self.metas.into_iter().peekable();
        while metas.peek().is_some() {
            let next = metas.by_ref().take(SEGMENT);
            let tracks: io::Result<Vec<_>> = next.map(|m| read_track(&mut spill, m)).collect();
            writer.commit(tracks.map_err(here)?)?;
        }
        writer.compact(CompactPolicy::Tiered)?;
        drop(writer);
        let reader = Reader::open(dir.path())?;
        // Open files need no name.
        let dir = if cfg!(unix) { dir.close().map(|()| None).map_err(here)? } else { Some(dir) };
        Ok((reader, Folder { _dir: dir }))
    }
}

impl Target for Scratch {
    fn contains(&self, sha256: &[u8; 32]) -> bool {
        self.contents.contains(sha256)
    }

    fn commit(&mut self, tracks: Vec<TrackRecord>) -> Result<CommitStats> {
        let mut stats = CommitStats::default();
        for track in tracks {
            match self.add(track)? {
                true => stats.added += 1,
                false => stats.skipped += 1,
            }
        }
        Ok(stats)
    }

    fn revise(&mut self, change: &Revision<'_>) -> Result<usize> {
        let mut revised = 0;
        for meta in &mut self.metas {
            if let Some(new) = change(meta) {
                *meta = new;
                revised += 1;
            }
        }
        Ok(revised)
    }

    fn compact(&mut self) -> Result<()> {
        Ok(())
    }
}

/// An error in the folder for temporary files.
fn here(source: io::Error) -> Error {
    Error::Io { path: std::env::temp_dir(), source }
}

fn write_track(out: &mut impl Write, track: &TrackRecord) -> io::Result<()> {
    write_len(out, track.payloads.len())?;
    for payload in &track.payloads {
        write_len(out, payload.name.len())?;
        out.write_all(payload.name.as_bytes())?;
        out.write_all(&payload.codec.to_le_bytes())?;
        write_len(out, payload.bytes.len())?;
        out.write_all(&payload.bytes)?;
    }
    write_len(out, track.windows.len())?;
    for Window { space, time, code } in &track.windows {
        out.write_all(&[*space])?;
        out.write_all(&time.to_le_bytes())?;
        code.iter().try_for_each(|word| out.write_all(&word.to_le_bytes()))?;
    }
    Ok(())
}

fn write_len(out: &mut impl Write, len: usize) -> io::Result<()> {
    out.write_all(&(len as u64).to_le_bytes())
}

fn read_track(input: &mut impl Read, meta: TrackMeta) -> io::Result<TrackRecord> {
    let count = u64::from_le_bytes(bytes(input)?);
    let payload = |_| {
        let name = String::from_utf8(read_bytes(input)?).map_err(io::Error::other)?;
        let codec = u32::from_le_bytes(bytes(input)?);
        Ok(Payload { name, codec, bytes: read_bytes(input)? })
    };
    let payloads: io::Result<Vec<_>> = (0..count).map(payload).collect();
    let windows = u64::from_le_bytes(bytes(input)?);
    let window = |_| {
        let [space] = bytes(input)?;
        let time = u32::from_le_bytes(bytes(input)?);
        let mut code = [0; 4];
        for word in &mut code {
            *word = u64::from_le_bytes(bytes(input)?);
        }
        Ok(Window { space, time, code })
    };
    let windows: io::Result<Vec<_>> = (0..windows).map(window).collect();
    Ok(TrackRecord { meta, payloads: payloads?, windows: windows? })
}

/// As many bytes as stand before them.
fn read_bytes(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut read = vec![0; u64::from_le_bytes(bytes(input)?) as usize];
    input.read_exact(&mut read)?;
    Ok(read)
}

fn bytes<const N: usize>(input: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    input.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// A new folder; those that earlier runs left behind go.
fn folder() -> Result<TempDir> {
    let place = std::env::temp_dir();
    for left in left_behind(&place) {
        // Another run may have been faster.
        let _ = std::fs::remove_dir_all(left);
    }
    tempfile::Builder::new().prefix(PREFIX).tempdir_in(place).map_err(here)
}

/// Folders of ours in `place` whose owner is gone.
fn left_behind(place: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(place).into_iter().flatten().flatten();
    let ours = entries.filter(|e| e.file_name().to_string_lossy().starts_with(PREFIX));
    ours.map(|entry| entry.path()).filter(|path| is_left_behind(path)).collect()
}

fn is_left_behind(folder: &Path) -> bool {
    let Ok(meta) = std::fs::symlink_metadata(folder) else { return false };
    let age = meta.modified().ok().and_then(|then| SystemTime::now().duration_since(then).ok());
    if !meta.is_dir() || age.is_none_or(|age| age < ABANDONED) {
        return false;
    }
    let lock = folder.join(LOCK);
    match std::fs::symlink_metadata(&lock) {
        Ok(meta) if meta.is_file() => {
            File::options().write(true).open(&lock).is_ok_and(|lock| lock.try_lock().is_ok())
        }
        Ok(_) => false,
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(n: u8) -> TrackRecord {
        let code = [u64::from(n), 1, 2, u64::MAX];
        TrackRecord {
            meta: TrackMeta { sha256: [n; 32], path: n.to_string(), ..TrackMeta::default() },
            payloads: vec![Payload::new("peaks", 1, vec![n; usize::from(n)])],
            windows: (0..n).map(|i| Window { space: i % 2, time: i.into(), code }).collect(),
        }
    }

    #[test]
    fn tracks_come_back_as_they_went() {
        let mut scratch = Scratch::new(&FingerprintParams::V2).unwrap();
        for n in [3, 200, 1, 3] {
            assert_eq!(scratch.add(track(n)).unwrap(), n != 3 || scratch.metas.len() == 1);
        }
        let (reader, _folder) = scratch.finish().unwrap();
        assert_eq!(reader.track_count(), 3);
        for (no, meta) in reader.tracks() {
            let n = meta.sha256[0];
            assert_eq!(reader.payloads(no).unwrap(), track(n).payloads);
            let windows = reader.windows(no, 0).len() + reader.windows(no, 1).len();
            assert_eq!(windows, usize::from(n));
        }
        #[cfg(unix)]
        assert!(!reader.dir().exists(), "an open index needs no folder");
    }

    #[cfg(unix)]
    #[test]
    fn only_what_nobody_holds_is_left_behind() {
        let place = tempfile::tempdir().unwrap();
        let old = SystemTime::now() - 2 * ABANDONED;
        let make = |name: &str| {
            let folder = place.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            let lock = File::create(folder.join(LOCK)).unwrap();
            File::open(&folder).unwrap().set_modified(old).unwrap();
            (folder, lock)
        };
        let (abandoned, _) = make("soundalike-scratch-a");
        let (_, held) = make("soundalike-scratch-b");
        held.lock().unwrap();
        make("somebody-elses");
        let (young, _) = make("soundalike-scratch-c");
        File::open(young).unwrap().set_modified(SystemTime::now()).unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let link = place.path().join("soundalike-scratch-d");
        std::os::unix::fs::symlink(elsewhere.path(), link).unwrap();
        assert_eq!(left_behind(place.path()), [abandoned]);
    }
}
