//! Adds files to an index: analysed in parallel, committed in order.
//!
//! Files are taken in chunks of fixed size; a chunk is analysed on all cores and becomes one
//! committed segment before the next begins. Memory is bounded by the chunk, a killed run keeps
//! every chunk committed, and segments do not depend on the number of threads.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use soundalike_index::{
    CommitStats, CompactPolicy, Error as IndexError, TrackMeta, TrackRecord, Writer,
};

use crate::audio::{AudioError, AudioInfo, DecodeOptions};
use crate::declare::declared::Declared;
use crate::declare::metadata::Metadata;
use crate::fingerprint::file::{fingerprint, sha256_of};
use crate::fingerprint::stored::{SPACE_PEAK_MAP, windows};
use crate::params::FingerprintParams;
use crate::progress::{Cancel, Progress};
use crate::track::Track;

/// Files per committed segment.
const CHUNK: usize = 128;

/// What to add and how.
pub struct AddOptions<'a> {
    /// Fingerprint parameters; must be those of the index.
    pub params: &'a FingerprintParams,
    /// Decoding caps.
    pub decode: DecodeOptions,
    /// Metadata that overrides the tags.
    pub metadata: &'a Metadata,
    /// Catalogue name of files whose metadata has none.
    pub catalogue: Option<String>,
    /// Owner of files whose metadata has none.
    pub owner: Option<String>,
}

impl<'a> AddOptions<'a> {
    /// Files as `metadata` and their tags describe them, decoded within the usual caps.
    pub fn new(params: &'a FingerprintParams, metadata: &'a Metadata) -> AddOptions<'a> {
        let (catalogue, owner) = (None, None);
        AddOptions { params, decode: DecodeOptions::default(), metadata, catalogue, owner }
    }
}

/// Where tracks are added.
pub trait Target: Sync {
    /// Whether this content is there.
    fn contains(&self, sha256: &[u8; 32]) -> bool;
    /// Adds tracks; content that is there is skipped.
    ///
    /// # Errors
    /// They cannot be written.
    fn commit(&mut self, tracks: Vec<TrackRecord>) -> Result<CommitStats, IndexError>;
    /// Tidies up when all is added.
    ///
    /// # Errors
    /// What is tidied cannot be written.
    fn compact(&mut self) -> Result<(), IndexError>;
}

impl Target for Writer {
    fn contains(&self, sha256: &[u8; 32]) -> bool {
        Writer::contains(self, sha256)
    }

    fn commit(&mut self, tracks: Vec<TrackRecord>) -> Result<CommitStats, IndexError> {
        Writer::commit(self, tracks)
    }

    fn compact(&mut self) -> Result<(), IndexError> {
        Writer::compact(self, CompactPolicy::Tiered).map(drop)
    }
}

/// What adding did.
#[derive(Debug, Default)]
pub struct Added {
    /// Files added.
    pub added: usize,
    /// Files whose content was in the index already.
    pub present: usize,
    /// Files with audio but nothing to fingerprint (silence, steady tones).
    pub featureless: Vec<PathBuf>,
    /// Files that could not be read.
    pub errors: Vec<AudioError>,
    /// Audio added, in ms.
    pub audio_ms: u64,
    /// Whether the run was cut short.
    pub cancelled: bool,
}

/// What became of one file.
enum Outcome {
    Added(Box<TrackRecord>),
    Present,
    Featureless,
    Failed(AudioError),
    Skipped,
}

/// Adds `files` to the index behind `writer`.
pub fn add<T: Target>(
    writer: &mut T,
    files: &[PathBuf],
    options: &AddOptions<'_>,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<Added, IndexError> {
    let mut summary = Added::default();
    let decode = DecodeOptions { cancel: cancel.clone(), ..options.decode.clone() };
    progress.start(files.len());
    for chunk in files.chunks(CHUNK) {
        let known = &*writer;
        let outcomes: Vec<Outcome> = chunk
            .par_iter()
            .with_max_len(1)
            .map(|path| {
                if cancel.is_cancelled() {
                    return Outcome::Skipped;
                }
                let outcome = read(path, known, options, &decode);
                let audio_ms = match &outcome {
                    Outcome::Added(record) => record.meta.duration_ms,
                    _ => 0,
                };
                progress.file_done(path, audio_ms);
                outcome
            })
            .collect();
        commit(writer, chunk, outcomes, &mut summary)?;
        if cancel.is_cancelled() {
            summary.cancelled = true;
            break;
        }
    }
    progress.finish();
    if !summary.cancelled {
        writer.compact()?;
    }
    Ok(summary)
}

fn commit(
    writer: &mut impl Target,
    files: &[PathBuf],
    outcomes: Vec<Outcome>,
    summary: &mut Added,
) -> Result<(), IndexError> {
    let mut records = Vec::new();
    for (path, outcome) in files.iter().zip(outcomes) {
        match outcome {
            Outcome::Added(record) => records.push(*record),
            Outcome::Present => summary.present += 1,
            Outcome::Featureless => summary.featureless.push(path.clone()),
            Outcome::Failed(error) => summary.errors.push(error),
            Outcome::Skipped => {}
        }
    }
    summary.audio_ms += records.iter().map(|r| r.meta.duration_ms).sum::<u64>();
    let stats = writer.commit(records)?;
    summary.added += stats.added;
    summary.present += stats.skipped;
    Ok(())
}

fn read(
    path: &Path,
    index: &impl Target,
    options: &AddOptions<'_>,
    decode: &DecodeOptions,
) -> Outcome {
    let sha256 = match sha256_of(path) {
        Ok(hash) if index.contains(&hash) => return Outcome::Present,
        Ok(hash) => hash,
        Err(error) => return Outcome::Failed(error),
    };
    let (info, constellation) = match fingerprint(path, options.params, 1.0, decode) {
        Ok(done) => done,
        Err(AudioError::Cancelled { .. }) => return Outcome::Skipped,
        Err(error) => return Outcome::Failed(error),
    };
    let windows = windows(&constellation, options.params);
    if !windows.iter().any(|w| w.space == SPACE_PEAK_MAP) {
        return Outcome::Featureless;
    }
    let meta = described(path, &info, sha256, options);
    Outcome::Added(Box::new(TrackRecord { meta, constellation: constellation.to_bytes(), windows }))
}

/// The file as its tags describe it, and the table of metadata over them.
fn described(
    path: &Path,
    info: &AudioInfo,
    sha256: [u8; 32],
    options: &AddOptions<'_>,
) -> TrackMeta {
    let mut declared = Declared::from_tags(&info.tags);
    let row = options.metadata.row(path);
    if let Some(row) = row {
        declared.overlay(row.declared.clone());
    }
    let or = |value: Option<&String>, all: &Option<String>| value.or(all.as_ref()).cloned();
    Track {
        catalogue: or(row.and_then(|row| row.catalogue.as_ref()), &options.catalogue),
        owner: or(row.and_then(|row| row.owner.as_ref()), &options.owner),
        ..Track::of_file(path, sha256, info).described(&declared)
    }
    .to_index()
}
