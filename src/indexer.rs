//! Adds files to an index: analysed in parallel, committed in order.
//!
//! Files are taken in chunks of fixed size; a chunk is analysed on all cores and becomes one
//! committed segment before the next begins. Memory is bounded by the chunk, a killed run keeps
//! every chunk committed, and segments do not depend on the number of threads.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use soundalike_index::{
    Addition, CommitStats, CompactPolicy, Error as IndexError, Library, Payload, TrackMeta,
    TrackRecord, Writer,
};

use crate::audio::{AudioError, AudioInfo, DecodeOptions, decode_file};
use crate::declare::declared::Declared;
use crate::declare::manifest::Described;
use crate::declare::metadata::Metadata;
use crate::fingerprint::file::{fingerprint, sha256_within};
use crate::fingerprint::stored::{SPACE_PEAK_MAP, payloads, windows};
use crate::loops::params::LoopParams;
use crate::loops::template::{FORM, PAYLOAD, TemplateMeter};
use crate::params::FingerprintParams;
use crate::progress::{Cancel, Progress};
use crate::track::Track;
use crate::works::channel::{Channel, Listening};
use crate::works::params::WorkParams;
use crate::works::stored;
use crate::works::work::{Work, WorkMeter};

/// Files per committed segment.
const CHUNK: usize = 128;
/// References described anew at once.
const REVISED: usize = 4096;

/// What the files are that are added.
#[derive(Debug, Clone, Default)]
pub enum AddedAs {
    /// Nobody says: new ones are recordings, others stay what they are.
    #[default]
    Unsaid,
    /// Tracks that somebody released.
    Recordings,
    /// Loops and samples of a library, described so where their metadata says nothing else.
    Loops(Library),
}

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
    /// What the files are. Metadata alone makes no loop of a recording: tables of recordings have licences, too.
    pub added_as: AddedAs,
    /// Content that is in the index without the waveform by which loops are found; it is added where they are some.
    pub without_loop: HashSet<[u8; 32]>,
    /// What is kept of what they play, so that it is found played anew.
    pub works: Listening,
    /// Content that is in the index without its harmony, without its melody, which is added where `works` says so.
    pub without_works: [HashSet<[u8; 32]>; 2],
}

impl<'a> AddOptions<'a> {
    /// Files as `metadata` and their tags describe them, decoded within the usual caps.
    pub fn new(params: &'a FingerprintParams, metadata: &'a Metadata) -> AddOptions<'a> {
        let (catalogue, owner) = (None, None);
        let decode = DecodeOptions::default();
        AddOptions {
            params,
            decode,
            metadata,
            catalogue,
            owner,
            added_as: AddedAs::default(),
            without_loop: HashSet::new(),
            works: Listening::Recordings,
            without_works: Default::default(),
        }
    }
}

impl AddOptions<'_> {
    /// What a library says of the file at `path`, where the files are its sounds.
    fn library_of(&self, path: &Path) -> Option<Library> {
        let AddedAs::Loops(library) = &self.added_as else { return None };
        Some(overlaid(library, self.metadata.row(path).and_then(|row| row.library)))
    }
}

/// Gives the new description of a track, or none where it stays.
pub type Revision<'a> = dyn Fn(&TrackMeta) -> Option<TrackMeta> + 'a;

/// Where tracks are added.
pub trait Target: Sync {
    /// Whether this content is there.
    fn contains(&self, sha256: &[u8; 32]) -> bool;
    /// Adds tracks; content that is there is skipped.
    ///
    /// # Errors
    /// They cannot be written.
    fn commit(&mut self, tracks: Vec<TrackRecord>) -> Result<CommitStats, IndexError>;
    /// Adds to content that is there what it plays; tells how many there were. What is new here has it from the
    /// beginning.
    ///
    /// # Errors
    /// It cannot be written.
    fn enrich(&mut self, _works: &[Addition]) -> Result<usize, IndexError> {
        Ok(0)
    }
    /// Describes tracks anew, where `change` gives another description; tells how many were changed.
    ///
    /// # Errors
    /// They cannot be written.
    fn revise(&mut self, change: &Revision<'_>) -> Result<usize, IndexError>;
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

    fn enrich(&mut self, works: &[Addition]) -> Result<usize, IndexError> {
        Writer::enrich(self, works)
    }

    fn commit(&mut self, tracks: Vec<TrackRecord>) -> Result<CommitStats, IndexError> {
        Writer::commit(self, tracks)
    }

    fn revise(&mut self, change: &Revision<'_>) -> Result<usize, IndexError> {
        Writer::revise(self, change)
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
    /// Those of them to which what they play was added.
    pub enriched: usize,
    /// Those of them whose description in the index was corrected by the table.
    pub corrected: usize,
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
    /// With what the table says about it.
    Present([u8; 32], Option<Box<Described>>, Option<Box<Addition>>),
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
    let mut told = HashMap::new();
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
        commit(writer, chunk, outcomes, &mut told, &mut summary)?;
        if told.len() >= REVISED {
            revise(writer, &mut told, &options.added_as, &mut summary)?;
        }
        if cancel.is_cancelled() {
            summary.cancelled = true;
            break;
        }
    }
    progress.finish();
    revise(writer, &mut told, &options.added_as, &mut summary)?;
    if !summary.cancelled {
        writer.compact()?;
    }
    Ok(summary)
}

fn commit(
    writer: &mut impl Target,
    files: &[PathBuf],
    outcomes: Vec<Outcome>,
    told: &mut HashMap<[u8; 32], Described>,
    summary: &mut Added,
) -> Result<(), IndexError> {
    let (mut records, mut works) = (Vec::new(), Vec::new());
    for (path, outcome) in files.iter().zip(outcomes) {
        match outcome {
            Outcome::Added(record) => records.push(*record),
            Outcome::Present(sha256, described, work) => {
                summary.present += 1;
                works.extend(work.map(|work| *work));
                // Of several copies of one file, the first holds.
                if let Some(described) = described {
                    told.entry(sha256).or_insert(*described);
                }
            }
            Outcome::Featureless => summary.featureless.push(path.clone()),
            Outcome::Failed(error) => summary.errors.push(error),
            Outcome::Skipped => {}
        }
    }
    summary.audio_ms += records.iter().map(|r| r.meta.duration_ms).sum::<u64>();
    let stats = writer.commit(records)?;
    summary.added += stats.added;
    summary.present += stats.skipped;
    if !works.is_empty() {
        summary.enriched += writer.enrich(&works)?;
    }
    Ok(())
}

/// Corrects what the index knows of the tracks in `told`.
fn revise(
    writer: &mut impl Target,
    told: &mut HashMap<[u8; 32], Described>,
    added_as: &AddedAs,
    summary: &mut Added,
) -> Result<(), IndexError> {
    if told.is_empty() {
        return Ok(());
    }
    summary.corrected += writer.revise(&|meta| {
        let row = told.get(&meta.sha256)?;
        let track = Track::of_index(meta);
        let mut declared = track.declared();
        declared.overlay(row.declared.clone());
        let or =
            |new: &Option<String>, known: &Option<String>| new.as_ref().or(known.as_ref()).cloned();
        let revised = Track {
            catalogue: or(&row.catalogue, &track.catalogue),
            owner: or(&row.owner, &track.owner),
            library: match (added_as, &track.library) {
                (AddedAs::Recordings, _) | (AddedAs::Unsaid, None) => None,
                (_, known) => {
                    let known = known.clone().unwrap_or_default();
                    Some(overlaid(&known, row.library.clone()))
                }
            },
            ..track.clone().described(&declared)
        };
        Some(revised.to_index())
    })?;
    told.clear();
    Ok(())
}

/// What is listened for in a file besides its peaks.
struct Ears {
    work: Option<WorkMeter>,
    waveform: Option<TemplateMeter>,
}

impl Ears {
    fn new(works: Listening, is_loop: bool) -> Ears {
        Ears {
            work: WorkMeter::new(works, &WorkParams::V1),
            waveform: is_loop.then(|| TemplateMeter::new(&LoopParams::V1)),
        }
    }

    fn are_closed(&self) -> bool {
        self.work.is_none() && self.waveform.is_none()
    }

    fn push(&mut self, samples: &[f32]) {
        if let Some(work) = &mut self.work {
            work.push(samples);
        }
        if let Some(waveform) = &mut self.waveform {
            waveform.push(samples);
        }
    }

    /// What it plays, and its waveform as an index keeps it.
    fn finish(self) -> (Option<Work>, Option<Payload>) {
        let template = self.waveform.and_then(TemplateMeter::finish);
        let payload = template.map(|template| Payload::new(PAYLOAD, FORM, template.pack()));
        (self.work.map(WorkMeter::finish), payload)
    }
}

fn read(
    path: &Path,
    index: &impl Target,
    options: &AddOptions<'_>,
    decode: &DecodeOptions,
) -> Outcome {
    let sha256 = match sha256_within(path, decode) {
        Ok(hash) if index.contains(&hash) => return present(path, hash, options, decode),
        Ok(hash) => hash,
        Err(AudioError::Cancelled { .. }) => return Outcome::Skipped,
        Err(error) => return Outcome::Failed(error),
    };
    let mut ears = Ears::new(options.works, options.library_of(path).is_some());
    let mut hear = |samples: &[f32]| ears.push(samples);
    let (info, constellation) = match fingerprint(path, options.params, 1.0, decode, &mut hear) {
        Ok(done) => done,
        Err(AudioError::Cancelled { .. }) => return Outcome::Skipped,
        Err(error) => return Outcome::Failed(error),
    };
    let mut windows = windows(&constellation, options.params);
    let (work, template) = ears.finish();
    // A loop is found by its waveform, too, however few peaks it has.
    if template.is_none() && !windows.iter().any(|w| w.space == SPACE_PEAK_MAP) {
        return Outcome::Featureless;
    }
    let meta = described(path, &info, sha256, options);
    let mut payloads = payloads(&constellation);
    payloads.extend(template);
    if let Some(work) = work {
        payloads.extend(stored::payloads(&work));
        windows.extend(stored::windows(&work, &WorkParams::V1));
    }
    Outcome::Added(Box::new(TrackRecord { meta, payloads, windows }))
}

/// Content that is there, and may get what it plays.
fn present(
    path: &Path,
    sha256: [u8; 32],
    options: &AddOptions<'_>,
    decode: &DecodeOptions,
) -> Outcome {
    let mut described = options.metadata.row(path).map(Box::new);
    let library = options.library_of(path);
    if !matches!(options.added_as, AddedAs::Unsaid) {
        let row = described.get_or_insert_default();
        row.library = library.clone().or(row.library.take());
    }
    let lacks = |channel: &Channel| {
        options.works.hears(*channel) && options.without_works[*channel as usize].contains(&sha256)
    };
    let lacking: Vec<Channel> = Channel::ALL.into_iter().filter(lacks).collect();
    let lacks_loop = library.is_some() && options.without_loop.contains(&sha256);
    let works = if lacking.is_empty() { Listening::Recordings } else { options.works };
    let mut ears = Ears::new(works, lacks_loop);
    if ears.are_closed() {
        return Outcome::Present(sha256, described, None);
    }
    let mut hear = |samples: &[f32]| ears.push(samples);
    match decode_file(path, decode, &mut hear) {
        Ok(_) => {
            let (work, template) = ears.finish();
            let work = work.unwrap_or_default();
            let (mut payloads, mut windows) =
                (stored::payloads(&work), stored::windows(&work, &WorkParams::V1));
            payloads.retain(|p| lacking.iter().any(|channel| channel.name() == p.name));
            windows.retain(|w| lacking.iter().any(|channel| channel.space() == w.space));
            payloads.extend(template);
            // What never sounds has no work, however often it is asked for.
            let any = !payloads.is_empty();
            let addition = any.then(|| Box::new(Addition { sha256, payloads, windows }));
            Outcome::Present(sha256, described, addition)
        }
        Err(AudioError::Cancelled { .. }) => Outcome::Skipped,
        Err(error) => Outcome::Failed(error),
    }
}

/// What is `known` of a sound of a library, and what is `told` of it over that.
fn overlaid(known: &Library, told: Option<Library>) -> Library {
    let (known, told) = (known.clone(), told.unwrap_or_default());
    Library {
        pack: told.pack.or(known.pack),
        licence: told.licence.or(known.licence),
        exclusive: told.exclusive.or(known.exclusive),
    }
}

/// The file as its tags describe it, and the table of metadata over them.
fn described(
    path: &Path,
    info: &AudioInfo,
    sha256: [u8; 32],
    options: &AddOptions<'_>,
) -> TrackMeta {
    let mut declared = Declared::from_tags(&info.tags);
    let row = options.metadata.row(path).unwrap_or_default();
    declared.overlay(row.declared);
    Track {
        catalogue: row.catalogue.or_else(|| options.catalogue.clone()),
        owner: row.owner.or_else(|| options.owner.clone()),
        library: options.library_of(path),
        ..Track::of_file(path, sha256, info).described(&declared)
    }
    .to_index()
}
