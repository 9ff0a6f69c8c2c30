//! An index, open for searching, and how one is made.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use soundalike_index::{
    CompactPolicy, Error as IndexError, Reader, SpaceParams, UpgradeStats, Writer,
};

use super::Error;
use super::scratch::{Folder, Scratch};
use crate::audio::AudioError;
use crate::declare::inputs::{Inputs, collect};
use crate::declare::metadata::Metadata;
use crate::fingerprint::stored::{RECODE, SPACE_ANCHOR, SPACE_PEAK_MAP, params_id};
use crate::id::hex;
use crate::indexer::{AddOptions, Added, add};
use crate::loops::listen::Loops;
use crate::loops::params::LoopParams;
use crate::loops::template::PAYLOAD;
use crate::params::FingerprintParams;
use crate::progress::{Cancel, Progress};
use crate::report::records::IndexInfo;
use crate::track::Track;
use crate::works::channel::{Channel, Listening};
use crate::works::stored::with_works;

/// One state of an index, shared and read-only. Its fingerprints are of the kind that this version makes.
#[derive(Clone)]
pub struct Index {
    reader: Arc<Reader>,
    /// Loops of a library that are listened for.
    loops: Option<Arc<Loops>>,
    /// Where it lies, if it goes with the last of its users.
    temporary: Option<Arc<Folder>>,
}

impl Index {
    /// Opens the index in the folder `dir`.
    ///
    /// # Errors
    /// There is none, it is damaged, or its fingerprints are of another kind.
    pub fn open(dir: impl AsRef<Path>) -> Result<Index, Error> {
        Index::of_reader(open(dir.as_ref(), &FingerprintParams::V2)?, None)
    }

    /// Adds audio files, and those in folders, to the index in `dir`, described by their tags, and opens it;
    /// creates it where there is none. Content that it has already is passed over.
    ///
    /// # Errors
    /// The index cannot be written, or another process writes to it. Files that cannot be read are no
    /// error: they are listed in what is returned.
    pub fn add<P: AsRef<Path>>(
        dir: impl AsRef<Path>,
        paths: impl IntoIterator<Item = P>,
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<(Index, Added), Error> {
        let inputs = collected(paths);
        let (params, metadata) = (FingerprintParams::V2, Metadata::default());
        let options = AddOptions::new(&params, &metadata);
        let mut writer = writer(dir.as_ref())?;
        let added = add(&mut writer, &inputs.files, &options, progress, cancel)?;
        drop(writer);
        Ok((Index::open(dir)?, with_unread(added, inputs)))
    }

    /// An index of audio files, and those in folders, that lies in a temporary folder and goes with the last
    /// that uses it.
    ///
    /// # Errors
    /// The folder cannot be written. Files that cannot be read are listed in what is returned.
    pub fn of_files<P: AsRef<Path>>(
        paths: impl IntoIterator<Item = P>,
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<(Index, Added), Error> {
        let inputs = collected(paths);
        let (params, metadata) = (FingerprintParams::V2, Metadata::default());
        let options = AddOptions::new(&params, &metadata);
        let (index, added) = Index::temporary(&inputs.files, &options, progress, cancel)?;
        Ok((index, with_unread(added, inputs)))
    }

    /// As [`Index::of_files`], for files that were collected and are read as `options` say.
    #[doc(hidden)]
    pub fn temporary(
        files: &[PathBuf],
        options: &AddOptions<'_>,
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<(Index, Added), Error> {
        let mut scratch = Scratch::new(options.params).map_err(Error::Scratch)?;
        let added = add(&mut scratch, files, options, progress, cancel).map_err(Error::Scratch)?;
        let (reader, folder) = scratch.finish().map_err(Error::Scratch)?;
        Ok((Index::of_reader(reader, Some(folder.into()))?, added))
    }

    fn of_reader(reader: Reader, temporary: Option<Arc<Folder>>) -> Result<Index, Error> {
        let loops = Loops::of(&reader, &LoopParams::V1)?.map(Arc::new);
        Ok(Index { reader: reader.into(), loops, temporary })
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        self.reader.dir()
    }

    /// Number of tracks in it.
    pub fn len(&self) -> usize {
        self.reader.track_count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its tracks, in the order in which they were added.
    pub fn tracks(&self) -> impl Iterator<Item = Track> + '_ {
        self.reader.tracks().map(|(_, meta)| Track::of_index(meta))
    }

    /// Takes over what was added or removed since it was opened; whether there was anything.
    ///
    /// # Errors
    /// As for [`Index::open`].
    pub fn refresh(&mut self) -> Result<bool, Error> {
        if self.temporary.is_some() {
            return Ok(false);
        }
        if self.reader.is_current()? {
            // What is searched is as it was opened. But if its files are not sound any more, somebody should
            // know before the next start.
            self.reader.check_files()?;
            return Ok(false);
        }
        *self = Index::open(self.dir())?;
        Ok(true)
    }

    /// What the first record of a run says of it.
    pub(crate) fn info(&self) -> IndexInfo {
        index_info(&self.reader)
    }

    /// Loops of a library among its tracks.
    pub(super) fn loops(&self) -> Option<&Arc<Loops>> {
        self.loops.as_ref()
    }

    pub(crate) fn reader(&self) -> &Arc<Reader> {
        &self.reader
    }
}

fn collected<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Inputs {
    let paths: Vec<PathBuf> = paths.into_iter().map(|path| path.as_ref().to_owned()).collect();
    collect(&paths)
}

/// What adding did, and the paths that could not be looked into.
fn with_unread(mut added: Added, inputs: Inputs) -> Added {
    let unread = inputs.errors.into_iter();
    added.errors.extend(unread.map(|e| AudioError::Io { path: e.path, source: e.source }));
    added
}

/// What the first record of a run says of an index.
pub(crate) fn index_info(reader: &Reader) -> IndexInfo {
    IndexInfo {
        id: reader.index_id(),
        tracks: reader.track_count(),
        params_hash: hex(&reader.params().digest[..8]),
    }
}

/// Opens an index for reading and checks that its fingerprints were made with `params`.
pub fn open(dir: &Path, params: &FingerprintParams) -> Result<Reader, IndexError> {
    let reader = Reader::open(dir)?;
    let ours = params_id(params);
    let mismatch = |index: String| IndexError::ParamsMismatch {
        path: dir.to_owned(),
        index,
        given: ours.description.clone(),
    };
    if reader.params().digest != ours.digest {
        return Err(mismatch(reader.params().description.clone()));
    }
    // What an index of another version holds beside the recordings does not keep it from being searched for them.
    let is_other = |space: &&SpaceParams| {
        matches!(space.space, SPACE_PEAK_MAP | SPACE_ANCHOR) && space.digest != ours.digest
    };
    match reader.spaces().iter().find(is_other) {
        Some(other) => Err(mismatch(format!("codes {}", hex(&other.digest[..8])))),
        None => Ok(reader),
    }
}

/// What an index holds of works.
#[derive(Debug, Clone, Default)]
pub struct Works {
    /// How many works there are: with harmony, with melody.
    pub kept: [usize; 2],
    /// Content that is there without.
    pub without: [HashSet<[u8; 32]>; 2],
}

impl Works {
    /// What is listened for in what is added: once some tracks have it, all do.
    pub fn listening(&self) -> Listening {
        match self.kept {
            [_, melody] if melody > 0 => Listening::All,
            [harmony, _] if harmony > 0 => Listening::Harmony,
            _ => Listening::Recordings,
        }
    }
}

/// What the index in `dir` holds of works.
///
/// # Errors
/// The index cannot be read.
pub fn works(dir: &Path) -> Result<Works, IndexError> {
    let reader = Reader::open(dir)?;
    let mut works = Works::default();
    for channel in Channel::ALL {
        for (track, meta) in reader.tracks() {
            match reader.has_payload(track, channel.name()) {
                true => works.kept[channel as usize] += 1,
                false => drop(works.without[channel as usize].insert(meta.sha256)),
            }
        }
    }
    Ok(works)
}

/// Content of the index in `dir` that is there without the waveform by which loops are found.
///
/// # Errors
/// The index cannot be read.
pub fn without_loop(dir: &Path) -> Result<HashSet<[u8; 32]>, IndexError> {
    let reader = Reader::open(dir)?;
    let lacks = |(track, _): &(_, _)| !reader.has_payload(*track, PAYLOAD);
    Ok(reader.tracks().filter(lacks).map(|(_, meta)| meta.sha256).collect())
}

/// Opens the index in `dir` for changes, or creates it.
pub fn writer(dir: &Path) -> Result<Writer, IndexError> {
    with_works(Writer::open_or_create(dir, params_id(&FingerprintParams::V2))?)
}

/// Writes what is of an older form in the index behind `writer` anew.
pub fn upgrade_index(writer: &mut Writer) -> Result<UpgradeStats, IndexError> {
    writer.upgrade(&RECODE)
}

/// Takes the track made of the file with this SHA-256 out of the index in `dir`; whether it was there.
pub(crate) fn forget_in(dir: &Path, sha256: &str) -> Result<bool, IndexError> {
    let is_it = |meta: &soundalike_index::TrackMeta| crate::id::hex(&meta.sha256) == sha256;
    Ok(!writer(dir)?.remove(&is_it)?.is_empty())
}

/// Adds the tracks of `from` to the index in `dir`.
pub(crate) fn merge_into(dir: &Path, from: &Reader) -> Result<(), IndexError> {
    let mut writer = writer(dir)?;
    writer.merge_from(from)?;
    writer.compact(CompactPolicy::Tiered).map(drop)
}
