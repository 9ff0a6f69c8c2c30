//! From uploads to verdicts: the whole way of a batch.
//!
//! ```text
//! Item ─► listen (decode, scan) ─► match, evidence, scanned
//!            └► batch index ─► families ─► cluster
//!                 both, and what is declared ─► rules, packs ─► finding, verdict
//! ```
//!
//! Records of a file go out as soon as it was heard; groups and verdicts follow when all were. Memory holds
//! a chunk of files at a time and a few kilobytes per upload; peaks of the batch lie in an index on disk.

mod batch;
mod heard;
mod judge;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use rayon::prelude::*;
use soundalike_index::{Error as IndexError, Reader, SearchMode};

use crate::audio::DecodeOptions;
use crate::batch::{Track, families, pool::Pool};
use crate::catalog::declared::{Declared, Source};
use crate::catalog::delivery::Delivery;
use crate::decisions::Decisions;
use crate::params::FingerprintParams;
use crate::policy::{Pack, Upload};
use crate::progress::{Cancel, Progress};
use crate::report::Report;
use crate::report::records::{Record, Summary, VerdictRecord};
use crate::scan::scanner::Depth;

use batch::BatchIndex;
use heard::{Listener, Outcome};

/// Files heard before their records are written: bounds memory, keeps the order of inputs.
const CHUNK: usize = 64;

/// A file to look at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Item {
    /// The file.
    pub path: PathBuf,
    /// What manifests, messages and the command line declare about it, with where that was said; tags are
    /// read with the file.
    pub declared: Vec<(Source, Declared)>,
}

impl Item {
    /// A file about which nothing is declared.
    pub fn bare(path: PathBuf) -> Item {
        Item { path, declared: Vec::new() }
    }
}

/// The files of a delivery.
pub fn items(delivery: &Delivery) -> Vec<Item> {
    let source = |file: &std::path::Path| {
        let is_message = file.extension().is_some_and(|e| e.eq_ignore_ascii_case("xml"));
        if is_message { Source::Ern } else { Source::Manifest }
    };
    let uploads = delivery.uploads.iter();
    uploads
        .map(|upload| {
            let origin = upload.origin.as_ref().map_or(Source::Manifest, |o| source(&o.file));
            let declared = upload.declared.iter().map(|d| (origin, d.clone())).collect();
            Item { path: upload.path.clone(), declared }
        })
        .collect()
}

/// What to compare with and how.
pub struct Settings<'a> {
    /// Fingerprint parameters; those of every index.
    pub params: &'a FingerprintParams,
    /// Decoding caps.
    pub decode: DecodeOptions,
    /// References to look for in each file; none to compare the files with each other only.
    pub references: Option<&'a Reader>,
    /// How references are looked up.
    pub search: SearchMode,
    /// How closely each file is looked at.
    pub depth: Depth,
    /// Matches below the acceptance line are told, too.
    pub candidates: bool,
    /// Matches told per file.
    pub limit: usize,
    /// Adds the exhibit to each accepted match.
    pub evidence: bool,
    /// Compares the files with each other, and tells groups of near-duplicates.
    pub cluster: bool,
    /// Earlier uploads to compare the files with, too.
    pub earlier: Option<&'a Reader>,
    /// Policies; none to tell no verdicts.
    pub packs: &'a [Pack],
    /// They were chosen by the user.
    pub policy_chosen: bool,
    /// Standing decisions.
    pub decisions: Option<&'a Decisions>,
}

/// What came of a batch.
#[derive(Debug, Default)]
pub struct Outcomes {
    /// Totals; times, errors before the batch and exit status are the caller's.
    pub summary: Summary,
    /// The verdicts, in the order of the files.
    pub verdicts: Vec<VerdictRecord>,
}

/// Takes the tracks of a batch.
pub type Keep<'a> = &'a mut dyn FnMut(&Reader) -> Result<(), IndexError>;

/// Why a batch could not be worked off.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// Records could not be written.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
    /// The index of the batch could not be kept.
    #[error("cannot keep the batch on disk: {0}")]
    Index(#[from] IndexError),
}

/// Looks at `items` and tells everything about them to `report`, apart from begin and summary.
pub fn run(
    items: &[Item],
    settings: &Settings<'_>,
    report: &mut dyn Report,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<Outcomes, IntakeError> {
    run_and_keep(items, settings, report, progress, cancel, &mut |_| Ok(()))
}

/// As [`run`]; afterwards hands the tracks of the batch to `keep`, as an index with what is declared about
/// them, unless the run was cut short or nothing was to be compared with each other.
pub fn run_and_keep(
    items: &[Item],
    settings: &Settings<'_>,
    report: &mut dyn Report,
    progress: &dyn Progress,
    cancel: &Cancel,
    keep: Keep<'_>,
) -> Result<Outcomes, IntakeError> {
    let mut work = Work {
        listener: Listener::new(settings),
        settings,
        batch: settings.cluster.then(BatchIndex::create).transpose()?,
        uploads: Vec::new(),
        tracks: BTreeMap::new(),
        outcomes: Outcomes::default(),
    };
    work.listen(items, report, progress, cancel)?;
    work.conclude(report, progress, cancel, keep)?;
    Ok(work.outcomes)
}

struct Work<'a> {
    settings: &'a Settings<'a>,
    listener: Listener<'a>,
    batch: Option<BatchIndex>,
    uploads: Vec<Upload>,
    tracks: BTreeMap<[u8; 32], Vec<Track>>,
    outcomes: Outcomes,
}

impl Work<'_> {
    fn listen(
        &mut self,
        items: &[Item],
        report: &mut dyn Report,
        progress: &dyn Progress,
        cancel: &Cancel,
    ) -> Result<(), IntakeError> {
        progress.start(items.len());
        for chunk in items.chunks(CHUNK) {
            let listener = &self.listener;
            let done: Vec<Option<Outcome>> = chunk
                .par_iter()
                .with_max_len(1)
                .map(|item| {
                    let outcome = (!cancel.is_cancelled()).then(|| listener.listen(item))?;
                    progress.file_done(&item.path, outcome.audio_ms());
                    Some(outcome)
                })
                .collect();
            for outcome in done.into_iter().flatten() {
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

    /// Tells what was heard and keeps what the batch needs of it.
    fn take(&mut self, outcome: Outcome, report: &mut dyn Report) -> Result<(), IntakeError> {
        let summary = &mut self.outcomes.summary;
        let heard = match outcome {
            Outcome::Failed(error) => {
                summary.errors += 1;
                report.record(&Record::Error(error))?;
                return Ok(());
            }
            Outcome::Heard(heard) => *heard,
        };
        let accepted = heard.upload.heard.iter().filter(|h| h.allowed_by.is_none()).count();
        summary.scanned += 1;
        summary.matches += accepted;
        summary.matched += usize::from(accepted > 0);
        summary.audio_seconds += heard.upload.duration_ms as f64 / 1000.0;
        for record in &heard.records {
            report.record(record)?;
        }
        if let Some(batch) = &mut self.batch {
            batch.add(heard.record)?;
            self.tracks.entry(heard.track.sha256).or_default().push(heard.track);
        }
        self.uploads.push(heard.upload);
        Ok(())
    }

    /// Groups and verdicts.
    fn conclude(
        &mut self,
        report: &mut dyn Report,
        progress: &dyn Progress,
        cancel: &Cancel,
        keep: Keep<'_>,
    ) -> Result<(), IntakeError> {
        let mut clusters = Vec::new();
        let reader = self.batch.take().map(BatchIndex::finish).transpose()?;
        if let Some(reader) = &reader {
            let pool = Pool::new(reader, self.settings.earlier);
            let tracks = std::mem::take(&mut self.tracks);
            let found = families(&pool, tracks, self.settings.params, progress, cancel);
            clusters = found.clusters;
            self.outcomes.summary.interrupted |= found.cancelled;
        }
        for cluster in &clusters {
            report.record(&Record::Cluster(Box::new(cluster.clone())))?;
        }
        self.outcomes.summary.clusters = clusters.len();
        let verdicts = judge::judge(&self.uploads, &clusters, self.settings);
        for (findings, verdict) in verdicts {
            for finding in findings {
                report.record(&Record::Finding(Box::new(finding)))?;
            }
            *self.outcomes.summary.verdicts.entry(verdict.verdict).or_default() += 1;
            report.record(&Record::Verdict(Box::new(verdict.clone())))?;
            self.outcomes.verdicts.push(verdict);
        }
        if let Some(reader) = reader.filter(|_| !self.outcomes.summary.interrupted) {
            keep(&reader)?;
        }
        Ok(())
    }
}
