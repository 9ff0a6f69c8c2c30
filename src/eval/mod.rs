//! Measures the scanner on the user's own audio.
//!
//! ```text
//! files ─► held out ──────────► excerpts ─┐
//!      └─► indexed (temporary) ─► excerpts ┴─► degraded ─► files ─► scan ─► right? where? how fast?
//! ```
//!
//! A share of the files never enters the index: what matches there is a false alarm. Excerpts of
//! both sides, with exact positions, are degraded in many ways and go through the same decoder,
//! fingerprint and scanner as any user's file. All choices follow from the contents of the files
//! and a seed, so the table can be made again, whatever the number of threads.
//!
//! Every query knows where each part of it was cut, and how fast and how high it plays; a query made
//! of two references has two right answers and is scored for each.
//!
//! Limits, to be kept in mind with the numbers: damage other than codecs, pitch and tempo is done
//! to the 16 kHz mono signal, so that a copy at a lower speed lacks the band above 8 kHz that would
//! come down; where ffmpeg changed the tempo, true positions are known to about 10 ms; excerpts of
//! one track are not independent, so intervals are somewhat too narrow when tracks are few;
//! recordings that share audio, or hold the same passage twice, count against the scanner.

mod ability;
mod clock;
mod degrade;
mod error;
mod judge;
mod latency;
mod material;
mod query;
mod report;
mod rng;
mod speed;
mod stats;
mod tally;
mod tool;
mod wav;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use rayon::prelude::*;
use soundalike_index::{Reader, SearchMode, Writer};
use tempfile::TempDir;

pub use error::EvalError;
pub use report::{EvalReport, EvalRow, Material, Pair, Skipped, Speed, UnknownRow};
pub use stats::{Interval, wilson};

use crate::audio::DecodeOptions;
use crate::declare::metadata::Metadata;
use crate::fingerprint::stored::params_id;
use crate::indexer::{self, AddOptions, Added};
use crate::params::FingerprintParams;
use crate::progress::{Cancel, Progress};
use crate::scan::search::Scanner;
use degrade::{Degradation, How, Other};
use material::{Cut, SourceFile, SourceTrack};
use query::{Bench, Task};
use tally::Tally;

/// What to measure.
#[derive(Debug, Clone)]
pub struct EvalOptions {
    /// Seed of all random choices.
    pub seed: u64,
    /// Queries per degradation and length, on each side; fewer if the material is short.
    pub queries: usize,
    /// Lengths of the excerpts in seconds.
    pub lengths_s: Vec<u32>,
    /// Share of the files held out, between 0 and 1.
    pub holdout: f64,
    /// Families of degradations to measure; all if empty.
    pub only: Vec<String>,
    /// Folder to keep the degraded audio in.
    pub keep_dir: Option<PathBuf>,
    /// Decoding caps.
    pub decode: DecodeOptions,
    /// Fingerprint parameters.
    pub params: FingerprintParams,
}

impl Default for EvalOptions {
    fn default() -> Self {
        EvalOptions {
            seed: 1,
            queries: 40,
            lengths_s: vec![5, 10],
            holdout: 0.2,
            only: Vec::new(),
            keep_dir: None,
            decode: DecodeOptions::default(),
            params: FingerprintParams::V2,
        }
    }
}

impl EvalOptions {
    fn shortest(&self) -> u32 {
        self.lengths_s.iter().copied().min().unwrap_or(1)
    }

    fn longest(&self) -> u32 {
        self.lengths_s.iter().copied().max().unwrap_or(1)
    }

    fn check(&self) -> Result<(), EvalError> {
        let wrong = |why: &str| Err(EvalError::Option(why.to_owned()));
        if self.lengths_s.is_empty() || self.shortest() == 0 {
            return wrong("query lengths must be whole seconds, at least one");
        }
        if !(0.0..1.0).contains(&self.holdout) {
            return wrong("the share to hold out must be at least 0 and below 1");
        }
        let known = families();
        match self.only.iter().find(|f| !known.contains(&f.as_str())) {
            Some(f) => {
                wrong(&format!("no degradations called {f:?}; there are {}", known.join(", ")))
            }
            None => Ok(()),
        }
    }
}

/// Names of the families of degradations.
pub fn families() -> Vec<&'static str> {
    let mut names: Vec<_> = degrade::all().iter().map(|d| d.family).collect();
    names.dedup();
    names
}

/// Measures recall, false alarms, offsets and speed on `files`, on the current thread pool.
pub fn run_eval(
    files: &[PathBuf],
    options: &EvalOptions,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<EvalReport, EvalError> {
    options.check()?;
    let temp = tempfile::Builder::new().prefix("soundalike-eval-").tempdir();
    let temp = temp.map_err(|source| EvalError::Io { path: std::env::temp_dir(), source })?;
    let mut skipped = Vec::new();
    let mut notes = Vec::new();

    let mut sources = material::identify(files, options.seed, &mut skipped);
    let held = material::hold_out(&mut sources, options);
    let mut speed = Speed { threads: rayon::current_num_threads(), ..Speed::default() };
    let index =
        build_index(&temp, &sources, options, (progress, cancel), &mut skipped, &mut speed)?;
    let tracks = indexed_tracks(&index, &sources, options);
    if held.is_empty() || tracks.is_empty() {
        let usable = held.len() + tracks.len();
        return Err(EvalError::TooLittle { usable, shortest_s: options.shortest() });
    }

    let cuts = folder(&temp.path().join("cuts"))?;
    let (known, silent) = material::cut(&tracks, options, &cuts)?;
    let (unknown, silent_unknown) = material::cut(&held, options, &cuts)?;
    note_silence(silent + silent_unknown, &mut notes);
    let rows = possible_rows(options, temp.path(), &known, &unknown, &mut notes);

    let dir = folder(options.keep_dir.as_deref().unwrap_or(&temp.path().join("queries")))?;
    let bench = Bench {
        scanner: Scanner::new(index.clone(), options.params.clone(), SearchMode::Auto),
        options,
        known: &known,
        unknown: &unknown,
        dir: &dir,
    };
    let tally = run_queries(&bench, &rows, &index, progress, cancel)?;
    speed::indexing(&sources, options, &mut speed);
    speed::scanning(&bench, &known, &mut speed);
    notes.extend(tally.notes());
    let material = Material {
        seed: options.seed,
        references: index.track_count(),
        reference_hours: speed.index_audio_s / 3600.0,
        unknown_tracks: held.len(),
        known_excerpts: known.len(),
        unknown_excerpts: unknown.len(),
    };
    let (rows, unknowns) = (tally.rows(), tally.unknown_rows());
    Ok(EvalReport { material, rows, unknowns, pairs: tally.into_pairs(), speed, notes, skipped })
}

fn folder(path: &Path) -> Result<PathBuf, EvalError> {
    let made = std::fs::create_dir_all(path);
    made.map_err(|source| EvalError::Io { path: path.to_owned(), source })?;
    Ok(path.to_owned())
}

fn build_index(
    temp: &TempDir,
    sources: &[SourceFile],
    options: &EvalOptions,
    (progress, cancel): (&dyn Progress, &Cancel),
    skipped: &mut Vec<Skipped>,
    speed: &mut Speed,
) -> Result<Arc<Reader>, EvalError> {
    let dir = temp.path().join("index");
    let files: Vec<PathBuf> = sources.iter().map(|s| s.path.clone()).collect();
    let metadata = Metadata::default();
    let add = AddOptions {
        decode: options.decode.clone(),
        ..AddOptions::new(&options.params, &metadata)
    };
    let mut writer = Writer::open_or_create(&dir, params_id(&options.params))?;
    let started = Instant::now();
    let summary = indexer::add(&mut writer, &files, &add, progress, cancel)?;
    speed.index_wall_s = started.elapsed().as_secs_f64();
    if summary.cancelled {
        return Err(EvalError::Cancelled);
    }
    speed.index_audio_s = summary.audio_ms as f64 / 1000.0;
    speed.index_x_realtime = speed.index_audio_s / speed.index_wall_s.max(1e-6);
    skipped.extend(unusable(&summary));
    Ok(Arc::new(Reader::open(&dir)?))
}

fn unusable(summary: &Added) -> Vec<Skipped> {
    let silent = |path: &PathBuf| Skipped::new(path, "nothing to fingerprint");
    let featureless = summary.featureless.iter().map(silent);
    let unread = summary.errors.iter().map(Skipped::audio);
    featureless.chain(unread).collect()
}

/// The tracks of the index that are long enough to cut from.
fn indexed_tracks(
    index: &Reader,
    sources: &[SourceFile],
    options: &EvalOptions,
) -> Vec<SourceTrack> {
    let track = |source: &SourceFile| {
        let number = index.find_sha256(&source.sha256)?;
        let seconds = index.meta(number)?.duration_ms as f64 / 1000.0;
        let long = seconds >= f64::from(options.shortest());
        long.then(|| SourceTrack { source: source.clone(), seconds, number: Some(number) })
    };
    sources.iter().filter_map(track).collect()
}

fn note_silence(count: usize, notes: &mut Vec<String>) {
    if count > 0 {
        notes.push(format!("{count} excerpts fell on silence and were not used"));
    }
}

/// The rows asked for that can be made on this machine.
fn possible_rows(
    options: &EvalOptions,
    temp: &Path,
    known: &[Cut],
    unknown: &[Cut],
    notes: &mut Vec<String>,
) -> Vec<Degradation> {
    let mut rows = degrade::all();
    rows.retain(|d| options.only.is_empty() || options.only.iter().any(|f| f == d.family));
    rows.retain(|d| {
        let measured = !d.lengths(&options.lengths_s).is_empty();
        if let (false, Some(takes)) = (measured, d.takes_s) {
            notes.push(format!("{}: left out, it takes excerpts of {takes} s or more", d.name));
        }
        measured
    });
    ability::retain_possible(&mut rows, temp, notes);
    if rows.iter().any(|d| matches!(d.how, How::Ffmpeg(_))) {
        known.par_iter().chain(unknown).for_each(|cut| {
            let seconds = cut.len as f64 / f64::from(degrade::RATE);
            // Without its source the query fails, and is then reported as failed.
            let _ = tool::cut(&cut.path, cut.begin_s, seconds, &cut.native);
        });
    }
    rows
}

/// Makes all queries; their verdicts are taken in the order of the table.
fn run_queries<'a>(
    bench: &Bench<'a>,
    rows: &'a [Degradation],
    index: &'a Reader,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<Tally<'a>, EvalError> {
    let tasks = tasks(bench, rows);
    progress.start(tasks.len());
    let verdicts: Vec<_> = tasks
        .par_iter()
        .with_max_len(1)
        .map(|task| {
            let verdict = (!cancel.is_cancelled()).then(|| bench.run(task));
            progress.file_done(&task.cut.path, u64::from(task.length_s) * 1000);
            verdict
        })
        .collect();
    progress.finish();
    let mut tally = Tally::new(index);
    for (task, verdict) in tasks.into_iter().zip(verdicts) {
        tally.add(task, verdict.ok_or(EvalError::Cancelled)?);
    }
    Ok(tally)
}

fn tasks<'a>(bench: &Bench<'a>, rows: &'a [Degradation]) -> Vec<Task<'a>> {
    let mut tasks = Vec::new();
    for (row, degradation) in rows.iter().enumerate() {
        for length_s in degradation.lengths(&bench.options.lengths_s) {
            let sides = bench.known.iter().chain(bench.unknown);
            let fitting = sides
                .filter(|c| c.fits(length_s))
                .filter(|c| degradation.other != Other::Reference || c.track.is_some());
            tasks.extend(fitting.map(|cut| Task { row, degradation, length_s, cut }));
        }
    }
    tasks
}

#[cfg(test)]
mod tests;
