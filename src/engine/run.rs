//! From uploads to verdicts: the whole way of a batch.
//!
//! Records of a file go out as soon as it was looked at; clusters and verdicts follow when all were. Memory
//! holds a chunk of files at a time and a few kilobytes per upload; peaks of the batch lie in an index on disk.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use rayon::prelude::*;
use soundalike_index::Reader;

use super::analyse::Analysed;
use super::describe::{Outcome, Read, Seen};
use super::index::{Index, forget_in, index_info, merge_into};
use super::judge::day;
use super::judged_batch::JudgedBatch;
use super::lookups::{Found, Lookups};
use super::loops::{LoopsOfFiles, LoopsOfIndex};
use super::scratch::Scratch;
use super::{Engine, Error, Item, Uploads};
use crate::dedup::shared_loops::shared_loops;
use crate::dedup::{BatchTrack, find_clusters, track_set::TrackSet};
use crate::fingerprint::Constellation;
use crate::id::scan_id;
use crate::policy::{Batch, Upload};
use crate::progress::{Cancel, Progress};
use crate::report::Report;
use crate::report::records::{Begin, Record, Summary, VerdictRecord};
use crate::works::channel::Listening;
use crate::works::params::WorkParams;

/// Files looked at before their records are written: bounds memory, keeps the order of inputs.
const CHUNK: usize = 64;

/// Takes the tracks of a batch.
pub type Keep<'a> = &'a mut dyn FnMut(&Reader) -> Result<(), Error>;

/// What came of a batch.
#[derive(Debug, Default)]
pub struct Outcomes {
    /// Totals; times and exit status are the caller's.
    pub summary: Summary,
    /// The verdicts, in the order of the files.
    pub verdicts: Vec<VerdictRecord>,
    /// What they rest on.
    #[doc(hidden)]
    pub evidence: JudgedBatch,
}

impl Outcomes {
    /// Writes the last record of a run that began at `started`.
    ///
    /// # Errors
    /// The record cannot be written.
    pub fn close(
        mut self,
        exit_code: u8,
        started: Instant,
        report: &mut dyn Report,
    ) -> Result<Summary, Error> {
        self.summary.exit_code = exit_code;
        self.summary.timed(started.elapsed());
        report.record(&Record::Summary(self.summary.clone()))?;
        Ok(self.summary)
    }
}

impl Engine {
    /// The first record of a run over `uploads` that begins at `now`: what they are compared with and
    /// judged by.
    pub fn begin(&self, uploads: &Uploads, now: Timestamp) -> Begin {
        let depth = self.references.is_some().then(|| self.options.depth.name());
        let compared = self.references().or(self.earlier.as_ref());
        let against = compared.map(|index| index.reader().index_id()).unwrap_or_default();
        let name = named(&uploads.items, &self.against(against, depth));
        let mut begin = Begin::new(name, compared.map(Index::info), now);
        begin.depth = depth.map(Into::into);
        begin.work_params = self.work_params();
        self.judge.describe(&mut begin, day(now));
        begin
    }

    /// What the name of a run says of what it looks through.
    fn against(&self, index: String, depth: Option<&str>) -> String {
        let depth = depth.map(|depth| format!("\n{depth}")).unwrap_or_default();
        match self.options.works {
            Listening::Recordings => index + &depth,
            works => format!("{index}{depth}\nworks {works:?}"),
        }
    }

    fn work_params(&self) -> Option<String> {
        self.options.works.hears_works().then(|| WorkParams::V1.id())
    }

    /// Looks at `uploads` and tells everything about them to `report`, apart from the summary.
    ///
    /// # Errors
    /// Records cannot be written, or the peaks of the batch cannot be kept on disk. A file that cannot be
    /// read is a record, and the rest goes on.
    pub fn run(
        &self,
        uploads: Uploads,
        begin: &Begin,
        report: &mut dyn Report,
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<Outcomes, Error> {
        self.run_and_keep(uploads, begin, report, progress, cancel, &mut |_| Ok(()))
    }

    /// As [`run`](Engine::run); afterwards hands the tracks of the batch to `keep`, as an index with what is
    /// declared about them, unless the run was cut short or nothing was to be compared with each other.
    ///
    /// # Errors
    /// Those of [`run`](Engine::run) and of `keep`.
    #[doc(hidden)]
    pub fn run_and_keep(
        &self,
        uploads: Uploads,
        begin: &Begin,
        report: &mut dyn Report,
        progress: &dyn Progress,
        cancel: &Cancel,
        keep: Keep<'_>,
    ) -> Result<Outcomes, Error> {
        // Within a file, too: some decode for minutes.
        let mut engine = self.clone();
        engine.options.decode.cancel = cancel.clone();
        engine.options.in_bulk = uploads.items.len() > 1;
        let cluster = self.options.cluster;
        let batch = cluster.then(|| Scratch::new(&self.options.params)).transpose();
        let mut work = Work {
            engine: &engine,
            batch: batch.map_err(Error::Scratch)?,
            uploads: Vec::new(),
            tracks: BTreeMap::new(),
            lookups: Lookups::new(&engine),
            loops: LoopsOfFiles::new(),
            outcomes: Outcomes::default(),
        };
        report.record(&Record::Begin(begin.clone()))?;
        let unusable = uploads.errors.len();
        for error in uploads.errors {
            report.record(&Record::Error(error))?;
        }
        for note in uploads.notes {
            work.outcomes.summary.not_looked_at += usize::from(note.is_not_looked_at());
            work.outcomes.summary.without_files += usize::from(note.is_without_files());
            report.record(&Record::Note(note))?;
        }
        work.outcomes.summary.inputs = uploads.items.len() + unusable;
        work.outcomes.summary.errors = unusable;
        work.look_at(&uploads.items, report, progress, cancel)?;
        work.conclude(report, progress, cancel, keep)?;
        Ok(work.outcomes)
    }

    /// Tells the clusters of near-duplicates among the tracks of `index`, apart from the summary.
    ///
    /// # Errors
    /// Records cannot be written.
    pub fn clusters(
        &self,
        index: &Index,
        now: Timestamp,
        report: &mut dyn Report,
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<Outcomes, Error> {
        self.ensure_works(index.reader())?;
        let name = named(&[], &self.against(index.reader().index_id(), None));
        let mut begin = Begin::new(name, Some(index_info(index.reader())), now);
        begin.work_params = self.work_params();
        report.record(&Record::Begin(begin))?;
        let set = TrackSet::new(index.reader().clone(), None);
        let params = &self.options.params;
        let loops = LoopsOfIndex::new(index.reader(), &self.options)?;
        let unexplained = |_: &[u8; 32], track: &Constellation| loops.as_ref()?.beside(track);
        let find = || find_clusters(&set, BTreeMap::new(), params, &unexplained, progress, cancel);
        let found = index.reader().guarded(find)??;
        for cluster in &found.clusters {
            report.record(&Record::Cluster(Box::new(cluster.clone())))?;
        }
        let find = || self.families(&set, &found, progress, cancel);
        let families = index.reader().guarded(find)??;
        for family in &families {
            report.record(&Record::Family(Box::new(family.clone())))?;
        }
        for shared in shared_loops(&found) {
            report.record(&Record::SharedLoop(Box::new(shared)))?;
        }
        let summary = Summary {
            inputs: set.len(),
            scanned: set.len(),
            clusters: found.clusters.len(),
            families: families.len(),
            audio_seconds: set.seconds(),
            interrupted: found.cancelled || cancel.is_cancelled(),
            ..Summary::default()
        };
        Ok(Outcomes { summary, ..Outcomes::default() })
    }

    /// Tells the clusters of what was found, and the verdicts on all of it.
    pub(super) fn tell_verdicts(
        &self,
        outcomes: &mut Outcomes,
        report: &mut dyn Report,
    ) -> Result<(), Error> {
        let Outcomes { summary, verdicts, evidence } = outcomes;
        for cluster in &evidence.clusters {
            report.record(&Record::Cluster(Box::new(cluster.clone())))?;
        }
        for family in &evidence.families {
            report.record(&Record::Family(Box::new(family.clone())))?;
        }
        for shared in &evidence.loops {
            report.record(&Record::SharedLoop(Box::new(shared.clone())))?;
        }
        summary.clusters = evidence.clusters.len();
        summary.families = evidence.families.len();
        let batch = match evidence.compared {
            true => Batch::new(&evidence.uploads, &evidence.clusters).families(&evidence.families),
            false => Batch::not_compared(&evidence.uploads),
        };
        let judged = self.judge.batch(batch, self.protected_artists());
        for (judged, upload) in judged.into_iter().zip(&evidence.uploads) {
            let (findings, verdict) = judged.recorded(upload);
            for finding in findings {
                report.record(&Record::Finding(Box::new(finding)))?;
            }
            *summary.verdicts.entry(verdict.verdict).or_default() += 1;
            report.record(&Record::Verdict(Box::new(verdict.clone())))?;
            verdicts.push(verdict);
        }
        evidence.judged = verdicts.iter().map(|v| (v.verdict, v.decisions.clone())).collect();
        Ok(())
    }

    /// Adds the tracks of a batch to the index in `dir`, for [`Engine::run_and_keep`].
    ///
    /// # Errors
    /// The index cannot be written.
    #[doc(hidden)]
    pub fn keep_in(dir: &std::path::Path, tracks: &Reader) -> Result<(), Error> {
        Ok(merge_into(dir, tracks)?)
    }

    /// Takes the track made of the file with this SHA-256 (hexadecimal) out of the index in `dir`; whether it was there.
    ///
    /// # Errors
    /// The index cannot be written.
    #[doc(hidden)]
    pub fn forget_in(dir: &std::path::Path, sha256: &str) -> Result<bool, Error> {
        Ok(forget_in(dir, sha256)?)
    }
}

/// Names inputs, what they are compared with, and version.
fn named(items: &[Item], against: &str) -> String {
    let paths = items.iter().flat_map(|i| [i.path.as_os_str().as_encoded_bytes(), b"\n"]);
    scan_id([b"\n", against.as_bytes(), b"\n"].into_iter().chain(paths))
}

/// What became of the files of a chunk, in order, without those that were not wanted any more.
fn read_and_look_up(
    engine: &Engine,
    lookups: &mut Lookups,
    chunk: &[Item],
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<Vec<Outcome>, Error> {
    let read = |item: &Item| if cancel.is_cancelled() { None } else { engine.read(item) };
    let files: Vec<Option<Read>> = chunk.par_iter().with_max_len(1).map(read).collect();
    let files: Vec<Read> = files.into_iter().flatten().collect();
    let analysed: Vec<&Analysed> = files.iter().filter_map(|f| f.as_deref().ok()).collect();
    let mut found = lookups.look_up(engine, &analysed).into_iter();
    let found: Vec<(Read, Option<Found>)> = files
        .into_iter()
        .map(|file| match file.is_ok() {
            true => (file, found.next()),
            false => (file, None),
        })
        .collect();
    let describe = |(file, found): (Read, Option<Found>)| {
        let outcome = match file {
            Ok(file) => Ok(engine.describe(*file, found.unwrap_or_default())?),
            Err(error) => Err(error),
        };
        let (path, audio_ms) = match &outcome {
            Ok(seen) => (&seen.upload.track.path, seen.upload.track.duration_ms),
            Err(error) => (&error.subject, 0),
        };
        progress.file_done(Path::new(path), audio_ms);
        Ok(outcome)
    };
    found.into_par_iter().with_max_len(1).map(describe).collect()
}

struct Work<'a> {
    engine: &'a Engine,
    batch: Option<Scratch>,
    uploads: Vec<Upload>,
    tracks: BTreeMap<[u8; 32], Vec<BatchTrack>>,
    lookups: Lookups,
    /// The loops that sound in the files, where the batch is compared.
    loops: LoopsOfFiles,
    outcomes: Outcomes,
}

impl Work<'_> {
    fn look_at(
        &mut self,
        items: &[Item],
        report: &mut dyn Report,
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<(), Error> {
        progress.start(items.len());
        for chunk in items.chunks(CHUNK) {
            let (engine, lookups) = (self.engine, &mut self.lookups);
            let done =
                engine.guarded(|| read_and_look_up(engine, lookups, chunk, progress, cancel))??;
            for outcome in done {
                self.take(outcome, report)?;
            }
            if cancel.is_cancelled() {
                self.outcomes.summary.interrupted = true;
                break;
            }
        }
        progress.finish();
        Ok(())
    }

    /// Tells what was found and keeps what the batch needs of it.
    fn take(&mut self, outcome: Outcome, report: &mut dyn Report) -> Result<(), Error> {
        let summary = &mut self.outcomes.summary;
        let Seen { records, upload, track, kept, loops } = match outcome {
            Ok(seen) => seen,
            Err(error) => {
                summary.errors += 1;
                report.record(&Record::Error(error))?;
                return Ok(());
            }
        };
        let standing = upload.standing_matches().count();
        summary.scanned += 1;
        summary.matches += standing;
        summary.matched += usize::from(standing > 0);
        summary.resembling += usize::from(standing == 0 && !upload.resemblances.is_empty());
        summary.audio_seconds += upload.track.duration_ms as f64 / 1000.0;
        for record in &records {
            report.record(record)?;
        }
        if let Some(batch) = &mut self.batch {
            batch.add(kept).map_err(Error::Scratch)?;
            if !loops.is_empty() {
                self.loops.insert(track.track.sha256, loops);
            }
            self.tracks.entry(track.track.sha256).or_default().push(track);
        }
        self.uploads.push(upload);
        Ok(())
    }

    /// Clusters and verdicts.
    fn conclude(
        &mut self,
        report: &mut dyn Report,
        progress: &dyn Progress,
        cancel: &Cancel,
        keep: Keep<'_>,
    ) -> Result<(), Error> {
        let (mut clusters, mut families, mut shared) = (Vec::new(), Vec::new(), Vec::new());
        let batch = self.batch.take().map(Scratch::finish).transpose().map_err(Error::Scratch)?;
        let batch = batch.map(|(reader, folder)| (Arc::new(reader), folder));
        if let Some((reader, _)) = &batch {
            let earlier = self.engine.earlier.as_ref().map(|index| index.reader().clone());
            let set = TrackSet::new(reader.clone(), earlier);
            let tracks = std::mem::take(&mut self.tracks);
            let params = &self.engine.options.params;
            let (loops, references) = (std::mem::take(&mut self.loops), &self.engine.references);
            let unexplained = |sha256: &[u8; 32], track: &Constellation| {
                references.as_ref()?.beside_loops(&loops, sha256, track)
            };
            let find = || {
                let found = find_clusters(&set, tracks, params, &unexplained, progress, cancel)?;
                let families = self.engine.families(&set, &found, progress, cancel);
                families.map(|families| (found, families))
            };
            let found = match &self.engine.earlier {
                Some(earlier) => earlier.reader().guarded(find)?,
                None => find(),
            };
            let (found, kin) = found?;
            shared = shared_loops(&found);
            (clusters, families) = (found.clusters, kin);
            self.outcomes.summary.interrupted |= found.cancelled || cancel.is_cancelled();
        }
        let uploads = std::mem::take(&mut self.uploads);
        let compared = self.engine.options.cluster;
        let judged = Vec::new();
        self.outcomes.evidence =
            JudgedBatch { uploads, clusters, families, loops: shared, compared, judged };
        self.engine.tell_verdicts(&mut self.outcomes, report)?;
        if let Some((reader, _folder)) = batch.filter(|_| !self.outcomes.summary.interrupted) {
            keep(&reader)?;
        }
        Ok(())
    }
}
