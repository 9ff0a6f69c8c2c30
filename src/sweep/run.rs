//! One sweep, from what is remembered to what is new.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use rayon::prelude::*;
use soundalike_index::{Reader, TrackMeta};

use super::compare::{Found, Sides};
use super::findings::{self, Findings, LinePosition, PairKey, short};
use super::plan::Plan;
use super::state::{Counts, Folder, Header, ProgressLog};
use super::{Hash, SweepError};
use crate::engine::Index;
use crate::matches::Match;
use crate::progress::{Cancel, Progress};
use crate::resemblance::Resemblance;
use crate::track::Track;
use crate::works::channel::Listening;

/// Tracks compared before what was found is written: bounds memory, and what a crash costs.
const CHUNK: usize = 32;

/// A catalogue track with findings.
#[derive(Debug, Clone)]
pub struct SweptTrack {
    /// The track.
    pub sha256: Hash,
    /// Found by this run, and not only by one before.
    pub is_new: bool,
    /// Its matches: the reference, and where the record stands.
    places: Vec<(Hash, LinePosition)>,
    /// The same of what it plays that references play.
    works: Vec<(Hash, LinePosition)>,
}

/// A sweep in its state folder.
pub struct Sweep {
    sides: Sides,
    findings: Findings,
    plan: Plan,
    header: Header,
    counts: Counts,
    /// References and tracks that are still to be compared.
    pending: (usize, usize),
    /// None where there is nothing to do.
    journal: Option<ProgressLog>,
    resumed: bool,
    /// Locked as long as this lives.
    folder: Folder,
}

impl Sweep {
    /// Takes up the state in `folder`: begins a run, or goes on with one that was cut short. Nothing is
    /// written where nothing has changed since the last run.
    #[doc(hidden)]
    pub fn open(
        folder: Folder,
        references: &Index,
        catalogue: &Index,
        works: Listening,
        now: Timestamp,
    ) -> Result<Sweep, SweepError> {
        let last = folder.progress()?;
        let mut findings = Findings::open(folder.dir())?;
        if last.as_ref().is_some_and(|l| l.findings_length > findings.reported().length) {
            let path = folder.dir().join(findings::FILE_NAME);
            return Err(SweepError::damaged(&path, 1, "it is shorter than it was"));
        }
        let sides = Sides::new(references, catalogue, works)?;
        let (references, catalogue) = (sides.references(), sides.catalogue());
        let digest = sides.compared_by();
        let seen = last.as_ref().filter(|l| l.header.params == digest).map(|l| l.seen.clone());
        let seen = seen.unwrap_or_default();
        let (knew_references, knew_tracks) = (seen.references.len(), seen.tracks.len());
        let plan = Plan::new(seen, &hashes(references), &hashes(catalogue));
        let gone = (plan.gone_references.len(), plan.gone_tracks.len());
        if knew_references > 0 && knew_tracks > 0 && gone == (knew_references, knew_tracks) {
            return Err(SweepError::OtherIndexes { path: folder.dir().to_owned() });
        }
        let pending = (plan.references.len(), plan.tracks.len());
        let resumed = last.as_ref().is_some_and(|l| l.finished_at.is_none());
        if plan.is_empty() && !resumed {
            let header = last.map_or_else(|| Header::new(digest, 0, now, 0), |l| l.header);
            let (counts, journal) = (Counts::default(), None);
            return Ok(Sweep {
                sides,
                findings,
                plan,
                header,
                counts,
                pending,
                journal,
                resumed,
                folder,
            });
        }
        findings.forget(&plan.gone_tracks, &plan.gone_references)?;
        let mut header = match last {
            Some(last) if resumed => Header::resumed(last, digest, findings.reported().length),
            last => {
                let run = last.map_or(0, |l| l.header.run) + 1;
                let from = findings.reported().length;
                findings.begin_run(run, now, &references.index_id(), &catalogue.index_id())?;
                Header::new(digest, run, now, from)
            }
        };
        header.counts.add(&begin_counts(&plan));
        let journal = Some(folder.begin(&header, &plan.seen)?);
        let counts = header.counts;
        Ok(Sweep { sides, findings, plan, header, counts, pending, journal, resumed, folder })
    }

    /// Takes up the state in the folder `dir`, which is created where there is none, as
    /// [`open`](Sweep::open) does.
    ///
    /// # Errors
    /// The state is damaged, of other indexes, or in use by another sweep.
    pub fn in_folder(
        dir: &Path,
        references: &Index,
        catalogue: &Index,
        now: Timestamp,
    ) -> Result<Sweep, SweepError> {
        Sweep::open(Folder::open(dir)?, references, catalogue, Listening::Recordings, now)
    }

    /// What this run found and none before, in order of the tracks' paths.
    ///
    /// # Errors
    /// What was found cannot be read back.
    pub fn new_matches(&mut self) -> Result<Vec<Match>, SweepError> {
        let mut all = Vec::new();
        for swept in self.tracks(false) {
            if let Some(track) = self.track(&swept) {
                all.extend(self.matches(&swept, &track)?);
            }
        }
        Ok(all)
    }

    /// Pairs of track and reference that were compared.
    pub fn pairs(&self) -> u64 {
        self.counts.pairs
    }

    /// Number of the run, from 1; of the last one where there is nothing to do.
    pub fn number(&self) -> u64 {
        self.header.run
    }

    /// When the run began.
    pub fn started_at(&self) -> Timestamp {
        self.header.started_at
    }

    /// Whether a run that was cut short goes on.
    pub fn is_resumed(&self) -> bool {
        self.resumed
    }

    /// Whether nothing has changed since the last run.
    pub fn is_idle(&self) -> bool {
        self.journal.is_none()
    }

    /// What the run has done so far, also before it was cut short.
    #[doc(hidden)]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// References and tracks that are still to be compared.
    #[doc(hidden)]
    pub fn pending(&self) -> (usize, usize) {
        self.pending
    }

    /// The indexes.
    #[doc(hidden)]
    pub fn sides(&self) -> &Sides {
        &self.sides
    }

    /// Compares what there is to compare. Returns false if it was asked to stop before the end.
    pub fn run(&mut self, progress: &dyn Progress, cancel: &Cancel) -> Result<bool, SweepError> {
        progress.start(self.plan.references.len() + self.plan.tracks.len());
        // New references first: a track may count as seen only when it has met every reference that does.
        let finished = match self.meet_references(progress, cancel) {
            Ok(true) => self.meet_tracks(progress, cancel),
            other => other,
        };
        progress.finish();
        finished
    }

    /// Compares new references with the tracks seen.
    fn meet_references(
        &mut self,
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<bool, SweepError> {
        let (hashes, index) = (self.plan.references.clone(), self.sides.references().clone());
        for chunk in hashes.chunks(CHUNK) {
            let tracks = &self.plan.seen.tracks;
            let others = tracks.len() as u64;
            let look = |hash: &Hash| {
                let found = self.sides.reference(hash, tracks)?.into_iter();
                Ok(found.map(|(track, found)| (key(track, hash, &found), found)).collect())
            };
            let looking = || look_for(chunk, &index, look, progress, cancel);
            let results = self.sides.guarded(looking)?;
            let done = self.keep(chunk, results)?;
            let (new_references, known) = (done.hashes.len() as u64, done.known);
            let pairs = new_references * others;
            let counts = Counts { new_references, pairs, known, ..Counts::default() };
            if let Some(journal) = self.journal.as_mut().filter(|_| new_references > 0) {
                journal.references(&done.hashes, counts, done.findings)?;
            }
            self.counts.add(&counts);
            self.pending.0 -= done.hashes.len();
            if cancel.is_cancelled() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Compares new tracks with all references.
    fn meet_tracks(
        &mut self,
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<bool, SweepError> {
        let (hashes, index) = (self.plan.tracks.clone(), self.sides.catalogue().clone());
        let others = self.sides.references().track_count() as u64;
        for chunk in hashes.chunks(CHUNK) {
            let look = |hash: &Hash| {
                let found = self.sides.track(hash)?.into_iter();
                let keyed = |(reference, found)| (key(*hash, &reference, &found), found);
                Ok(found.map(keyed).collect())
            };
            let looking = || look_for(chunk, &index, look, progress, cancel);
            let results = self.sides.guarded(looking)?;
            let done = self.keep(chunk, results)?;
            let (tracks, known) = (done.hashes.len() as u64, done.known);
            let counts = Counts { tracks, pairs: tracks * others, known, ..Counts::default() };
            if let Some(journal) = self.journal.as_mut().filter(|_| tracks > 0) {
                journal.tracks(&done.hashes, counts, done.findings)?;
            }
            self.counts.add(&counts);
            self.pending.1 -= done.hashes.len();
            if cancel.is_cancelled() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Writes what is new in `results`, those of `chunk`.
    fn keep(&mut self, chunk: &[Hash], results: Vec<Option<Looked>>) -> Result<Done, SweepError> {
        let mut done = Done::default();
        let mut new = Vec::new();
        for (hash, looked) in chunk.iter().zip(results) {
            let Some(looked) = looked else { continue };
            for (pair, m) in looked? {
                match self.findings.reported().get(&pair) {
                    // Written by this run before it was cut short.
                    Some(place) if place.offset >= self.header.findings_from => {}
                    Some(_) => done.known += 1,
                    None => new.push(m),
                }
            }
            done.hashes.push(*hash);
        }
        self.findings.add(self.header.run, &new)?;
        done.findings = self.findings.reported().length;
        Ok(done)
    }

    /// Lines of its findings that a version before wrote without checksums, where this run is the first to meet
    /// them.
    #[doc(hidden)]
    pub fn unsummed(&self) -> u64 {
        self.findings.unsummed()
    }

    /// The tracks with findings of this run, or with any (`all`), in order of their paths.
    #[doc(hidden)]
    pub fn tracks(&self, all: bool) -> Vec<SweptTrack> {
        let from = self.header.findings_from;
        let is_new = |place: &LinePosition| !self.is_idle() && place.offset >= from;
        let mut pairs =
            self.findings.reported().pairs().filter(|(_, p)| all || is_new(p)).peekable();
        if pairs.peek().is_none() {
            return Vec::new();
        }
        let by_id: BTreeMap<[u8; 8], Hash> =
            self.sides.references().tracks().map(|(_, m)| (short(&m.sha256), m.sha256)).collect();
        let mut tracks: Vec<SweptTrack> = Vec::new();
        for (pair, place) in pairs {
            let Some(reference) = by_id.get(&pair.reference) else { continue };
            if tracks.last().is_none_or(|track| track.sha256 != pair.track) {
                let (places, works) = Default::default();
                tracks.push(SweptTrack { sha256: pair.track, is_new: false, places, works });
            }
            if let Some(track) = tracks.last_mut() {
                track.is_new |= is_new(place);
                let of = if pair.is_work { &mut track.works } else { &mut track.places };
                of.push((*reference, *place));
            }
        }
        let path = |t: &SweptTrack| self.meta(t).map_or("", |meta| meta.path.as_str());
        tracks.retain(|t| self.meta(t).is_some());
        tracks.sort_by(|a, b| path(a).cmp(path(b)).then(a.sha256.cmp(&b.sha256)));
        tracks
    }

    /// What the catalogue knows of a track.
    fn meta(&self, track: &SweptTrack) -> Option<&TrackMeta> {
        let catalogue = self.sides.catalogue();
        catalogue.meta(catalogue.find_sha256(&track.sha256)?)
    }

    /// A track as the catalogue describes it.
    #[doc(hidden)]
    pub fn track(&self, track: &SweptTrack) -> Option<Arc<Track>> {
        Some(Arc::new(Track::of_index(self.meta(track)?)))
    }

    /// Reads the matches of `query`, which is what the catalogue knows of `track`.
    #[doc(hidden)]
    pub fn matches(
        &mut self,
        track: &SweptTrack,
        query: &Arc<Track>,
    ) -> Result<Vec<Match>, SweepError> {
        let mut matches = Vec::new();
        for (reference, place) in &track.places {
            let references = self.sides.references();
            let meta = references.find_sha256(reference).and_then(|no| references.meta(no));
            let Some(reference) = meta.map(|meta| Arc::new(Track::of_index(meta))) else {
                continue;
            };
            matches.push(self.findings.read(*place)?.restored(query.clone(), reference));
        }
        Ok(matches)
    }

    /// Reads what `query`, which is what the catalogue knows of `track`, plays that references play.
    #[doc(hidden)]
    pub fn resemblances(
        &mut self,
        track: &SweptTrack,
        query: &Arc<Track>,
    ) -> Result<Vec<Resemblance>, SweepError> {
        let mut all = Vec::new();
        for (reference, place) in &track.works {
            let references = self.sides.references();
            let meta = references.find_sha256(reference).and_then(|no| references.meta(no));
            let Some(reference) = meta.map(|meta| Arc::new(Track::of_index(meta))) else {
                continue;
            };
            let stored = self.findings.read_resemblance(*place)?;
            all.push(Resemblance { query: query.clone(), reference, ..stored });
        }
        Ok(all)
    }

    /// How long the log of decisions was when the last sweep was told, and when that was; none if that is not
    /// known.
    #[doc(hidden)]
    pub fn decided_until(&self) -> Option<(u64, Option<Timestamp>)> {
        self.folder.decided_until()
    }

    /// Notes how long the log of decisions was by which this one was told.
    #[doc(hidden)]
    pub fn set_decided_until(&self, entries: u64, at: Timestamp) -> Result<(), SweepError> {
        self.folder.set_decided_until(entries, at)
    }

    /// Records that the run is over and was reported.
    pub fn finish(&mut self, now: Timestamp) -> Result<(), SweepError> {
        self.journal.as_mut().map_or(Ok(()), |journal| journal.finish(now))
    }
}

fn hashes(index: &Reader) -> BTreeSet<Hash> {
    index.tracks().map(|(_, meta)| meta.sha256).collect()
}

/// What is done by planning alone. New references that are yet to be compared count when they are.
fn begin_counts(plan: &Plan) -> Counts {
    Counts {
        new_references: (plan.new_references - plan.references.len()) as u64,
        again: plan.again as u64,
        gone_references: plan.gone_references.len() as u64,
        gone_tracks: plan.gone_tracks.len() as u64,
        ..Counts::default()
    }
}

/// What looking for one track brought.
type Looked = Result<Vec<(PairKey, Found)>, SweepError>;

fn key(track: Hash, reference: &Hash, found: &Found) -> PairKey {
    match found {
        Found::Match(_) => PairKey::new(track, reference),
        Found::Resemblance(_) => PairKey::of_works(track, reference),
    }
}

/// What of a chunk is done.
#[derive(Default)]
struct Done {
    hashes: Vec<Hash>,
    /// Matches that an earlier run had reported.
    known: u64,
    /// Length of the file of findings afterwards.
    findings: u64,
}

/// Looks for each of `chunk`, on all cores; nothing for those that came after the request to stop.
fn look_for(
    chunk: &[Hash],
    index: &Reader,
    look: impl Fn(&Hash) -> Looked + Sync,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Vec<Option<Looked>> {
    chunk
        .par_iter()
        .with_max_len(1)
        .map(|hash| {
            let looked = (!cancel.is_cancelled()).then(|| look(hash))?;
            let meta = index.find_sha256(hash).and_then(|no| index.meta(no));
            let (path, ms) = meta.map_or(("", 0), |m| (m.path.as_str(), m.duration_ms));
            progress.file_done(Path::new(path), ms);
            Some(looked)
        })
        .collect()
}
