//! Works off what was sent: one job after the other, each by the engine of the command line.
//!
//! ```text
//! queued ─► running ─► records published ─► uploads entered, done      (one transaction)
//!    ▲         │ killed here, or stopped: begun anew
//!    └─────────┘ five times killed: failed, which is told
//! ```

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::stamp::now;
use super::state::{Job, Source};
use super::tell::{Teller, summary_line};
use super::{Desk, queues};
use crate::declare::declarations::Declarations;
use crate::declare::delivery::expand_within;
use crate::engine::{Engine, Error, Item, Uploads};
use crate::id::path_of_text;
use crate::journal::Draft;
use crate::progress::{Cancel, Progress};
use crate::report::records::ErrorRecord;

/// How often a job may end the service before it is left out.
const MAX_DEATHS: u32 = 5;
/// How long the worker sleeps where nothing wakes it.
const NAP: Duration = Duration::from_millis(500);
/// How often it is looked for what has had its time.
const BETWEEN_ERASURES: Duration = Duration::from_secs(600);
/// How long it waits after the index or the disk failed.
const PAUSE: Duration = Duration::from_secs(5);

/// How far running jobs have come.
#[derive(Debug, Default)]
pub(super) struct Running(Mutex<BTreeMap<String, Arc<Tally>>>);

/// Files of a job.
#[derive(Debug, Default)]
pub(super) struct Tally {
    files: AtomicUsize,
    done: AtomicUsize,
}

impl Running {
    /// Files of `job`, and how many are done.
    pub(super) fn progress(&self, job: &str) -> Option<(usize, usize)> {
        let running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tally = running.get(job)?;
        Some((tally.files.load(Ordering::Relaxed), tally.done.load(Ordering::Relaxed)))
    }

    fn begin(&self, job: &str) -> Arc<Tally> {
        let tally = Arc::<Tally>::default();
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.insert(job.to_owned(), tally.clone());
        tally
    }

    fn end(&self, job: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(job);
    }
}

impl Progress for Tally {
    fn start(&self, files: usize) {
        self.files.store(files, Ordering::Relaxed);
    }

    fn file_done(&self, _: &Path, _: u64) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    fn finish(&self) {}
}

/// Why a job was not looked at to its end.
enum Stopped {
    /// A request to stop.
    Cancelled,
    /// Index, log or disk: another attempt may do better.
    Trouble(String),
    /// The delivery is not what it was: it is taken anew once it is whole.
    Changed(&'static str),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Stopped {
        Stopped::Trouble(error.to_string())
    }
}

impl From<std::io::Error> for Stopped {
    fn from(error: std::io::Error) -> Stopped {
        Stopped::Trouble(error.to_string())
    }
}

impl From<crate::journal::Error> for Stopped {
    fn from(error: crate::journal::Error) -> Stopped {
        Stopped::Trouble(error.to_string())
    }
}

impl From<super::state::StateError> for Stopped {
    fn from(error: super::state::StateError) -> Stopped {
        Stopped::Trouble(error.to_string())
    }
}

/// Works until `cancel`.
pub(super) fn work(desk: &Desk, cancel: &Cancel) {
    while !cancel.is_cancelled() {
        // The hook of the program tells of a panic; the service does not go on without somebody who works.
        if catch_unwind(AssertUnwindSafe(|| next(desk, cancel))).is_err() {
            desk.trouble(Some("an internal error; please report this".to_owned()));
            pause(cancel, PAUSE);
        }
    }
}

/// Looks around, and at the next job.
fn next(desk: &Desk, cancel: &Cancel) {
    desk.look_around();
    desk.erase_in_turn();
    if let Err(error) = desk.delete_checked() {
        desk.trouble(Some(error.to_string()));
    }
    match desk.store.begin_next(&now()) {
        Ok(Some(job)) => attempt(desk, &job, cancel),
        Ok(None) => desk.wait_for_work(NAP),
        Err(error) => {
            desk.trouble(Some(error.to_string()));
            pause(cancel, PAUSE);
        }
    }
}

impl Desk {
    /// Erases what has had its time, now and then.
    fn erase_in_turn(&self) {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.is_some_and(|at| at.elapsed() < BETWEEN_ERASURES) {
            return;
        }
        match self.erase_by_time() {
            Ok(true) => {}
            Ok(false) => *looked = Some(Instant::now()),
            Err(error) => {
                self.say(&format!("what has had its time cannot be erased: {error}"));
                *looked = Some(Instant::now());
            }
        }
    }
}

fn pause(cancel: &Cancel, time: Duration) {
    let end = Instant::now() + time;
    while Instant::now() < end && !cancel.is_cancelled() {
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn attempt(desk: &Desk, job: &Job, cancel: &Cancel) {
    let given_up = format!("looking at it ended the service {MAX_DEATHS} times, so it is left out");
    let done = if job.attempts > MAX_DEATHS {
        desk.store.fail(&job.id, &given_up, &now())
    } else {
        let tally = desk.running.begin(&job.id);
        let outcome = catch_unwind(AssertUnwindSafe(|| look_at(desk, job, &tally, cancel)));
        desk.running.end(&job.id);
        match outcome {
            Ok(Ok(())) => {
                desk.trouble(None);
                Ok(())
            }
            Ok(Err(Stopped::Cancelled)) => desk.store.put_back(&job.id, false),
            Ok(Err(Stopped::Changed(why))) => {
                desk.say(&format!("{}: {why}", job.id));
                desk.store.release_delivery(&job.id, why, &now())
            }
            Ok(Err(Stopped::Trouble(message))) => {
                desk.say(&format!("{}: {message}; it is tried again", job.id));
                desk.trouble(Some(message));
                let put_back = desk.store.put_back(&job.id, false);
                pause(cancel, PAUSE);
                put_back
            }
            // The hook of the program has told of it.
            Err(_) => {
                let message = "an internal error ended the look at it; please report this";
                desk.store.fail(&job.id, message, &now())
            }
        }
    };
    if let Err(error) = done {
        desk.trouble(Some(error.to_string()));
        pause(cancel, PAUSE);
    }
}

/// Looks at all files of a job, publishes its records, and enters its uploads.
fn look_at(desk: &Desk, job: &Job, tally: &Tally, cancel: &Cancel) -> Result<(), Stopped> {
    let started = Instant::now();
    let time = Timestamp::now();
    let is_check = desk.store.check(&job.id)?.is_some();
    let engine = desk.engine_of(time)?;
    let engine = if is_check { engine.without_earlier() } else { engine };
    let turn = match &job.source.delivery {
        None => None,
        Some(delivery) => match queues::turn(desk, delivery, cancel) {
            Some(turn) => Some(turn),
            None if cancel.is_cancelled() => return Err(Stopped::Cancelled),
            None => return Err(Stopped::Changed("it changed or went before it was its turn")),
        },
    };
    let mut uploads = uploads_of(&job.source, &desk.settings.allow_roots);
    let account = job.source.delivery.as_ref().and_then(|d| d.account.as_deref());
    if let Some(turn) = &turn {
        uploads = turn.uploads(account);
    }
    let target = desk.store.records(&job.id);
    let (draft, file) = Draft::at(&target.with_extension("part"), &target)?;
    let mut report = Teller::new(file);
    let mut begin = engine.begin(&uploads, time);
    if let (Some(turn), Some(delivery)) = (&turn, &job.source.delivery) {
        begin.delivery = Some(turn.snapshot.info(&turn.unit.name, &delivery.state));
    }
    // What was found must be what the state of the delivery is about.
    let is_same = || turn.as_ref().is_none_or(queues::Turn::is_same);
    let mut keep = |tracks: &soundalike_index::Reader| match &desk.settings.keep {
        // What a creator only asks about is no earlier upload of anybody.
        Some(dir) if is_same() && !is_check => Engine::keep_in(dir, tracks),
        _ => Ok(()),
    };
    let outcomes = engine.run_and_keep(uploads, &begin, &mut report, tally, cancel, &mut keep)?;
    if outcomes.summary.interrupted {
        return Err(Stopped::Cancelled);
    }
    if !is_same() {
        return Err(Stopped::Changed("it changed while it was looked at"));
    }
    if desk.settings.audit {
        // Only after an attempt that got as far it is looked up what the log has.
        let judge = engine.judge();
        let repaired = match job.audited {
            true => judge.audit_once(&begin, &outcomes.verdicts)?,
            false => {
                desk.store.audits(&job.id)?;
                judge.audit(&begin, &outcomes.verdicts)?
            }
        };
        repaired.iter().for_each(|torn| desk.say(&torn.repaired()));
    }
    let exit = (desk.settings.exit)(&outcomes.summary);
    let summary = outcomes.close(exit, started, &mut report)?;
    let (file, told) = report.finish()?;
    // Records first: an upload in the queue has some.
    let _one = desk.erasing.lock().unwrap_or_else(PoisonError::into_inner);
    draft.publish(file, None)?;
    desk.store.finish(&job.id, &told.uploads, &told.clusters, &summary_line(&summary), &now())?;
    desk.metrics.judged(told.uploads.len(), summary.audio_seconds, started.elapsed());
    Ok(())
}

/// The files of a job with what is declared about them, as the command line puts them together.
fn uploads_of(source: &Source, roots: &[PathBuf]) -> Uploads {
    let mut uploads = Uploads::default();
    for path in &source.paths {
        let path = path_of_text(path);
        let delivered = match roots.iter().find(|root| path.starts_with(root)) {
            Some(root) => Uploads::of_delivery(&expand_within(root, &[path])),
            None => {
                let message = "it does not lie below an allowed root any more".to_owned();
                let subject = crate::id::path_text(&path);
                let error = ErrorRecord { subject, code: "path_not_allowed".into(), message };
                Uploads { errors: vec![error], ..Uploads::default() }
            }
        };
        uploads.items.extend(delivered.items);
        uploads.errors.extend(delivered.errors);
        uploads.notes.extend(delivered.notes);
    }
    // What was sent is audio and nothing else: a table among it is not looked into.
    uploads.items.extend(source.files.iter().map(|file| Item::bare(path_of_text(file))));
    let mut declarations = Declarations::default();
    for manifest in &source.manifests {
        if let Err(error) = declarations.add_file(&path_of_text(manifest)) {
            uploads.errors.push(ErrorRecord::from(&error));
        }
    }
    uploads.note(&declarations.warnings);
    uploads.errors.extend(declarations.errors.iter().map(ErrorRecord::from));
    uploads.describe(&declarations);
    uploads
}
