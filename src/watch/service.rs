//! Looks into deliveries as they become whole, one after the other, and leaves a result for each.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::results::Results;
use super::{Look, Queue, Ready, ResultStore, ServiceError, Snapshot, Watch, shown};
use crate::declare::delivery::expand;
use crate::engine::{Engine, Uploads};
use crate::level::Level;
use crate::progress::{Cancel, Progress};
use crate::report::Report;
use crate::report::records::{ErrorRecord, Summary};

/// How soon a request to stop is noticed while there is nothing to do.
const NAP: Duration = Duration::from_millis(100);

/// What a service writes and whom it tells.
pub struct ServiceOptions<'a> {
    /// Index to which the tracks of every delivery are added once it was looked into.
    pub keep: Option<PathBuf>,
    /// Enter verdicts other than clear in the log of decisions.
    pub audit: bool,
    /// Also write a page for people.
    pub page: bool,
    /// Also write a table.
    pub table: bool,
    /// Takes what happens, for people.
    pub say: &'a dyn Fn(&str),
    /// A display of progress for one delivery.
    pub progress: &'a dyn Fn() -> Box<dyn Progress>,
    /// The exit status that a summary calls for.
    pub exit: &'a dyn Fn(&Summary) -> u8,
    /// The request to stop.
    pub cancel: &'a Cancel,
}

/// Watches a folder and looks into what comes.
pub struct Service<'a> {
    dir: PathBuf,
    settle: Duration,
    engine: Engine,
    options: ServiceOptions<'a>,
    results: ResultStore,
    watch: Watch,
    /// Attempts at deliveries that something else than the delivery prevented.
    failed: BTreeMap<OsString, u32>,
}

impl<'a> Service<'a> {
    /// Looks into what comes into the folder `dir`, apart from the paths `own`, once nothing in it has changed
    /// for `settle`.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn new(
        dir: &Path,
        own: impl Iterator<Item = PathBuf>,
        settle: Duration,
        results: ResultStore,
        engine: Engine,
        options: ServiceOptions<'a>,
    ) -> Result<Service<'a>, ServiceError> {
        let unreadable = |source| ServiceError::Queue { dir: dir.to_owned(), source };
        let queue = Queue::new(dir, own).map_err(unreadable)?;
        let watch = Watch::new(queue, settle);
        let (dir, failed) = (dir.to_owned(), BTreeMap::new());
        Ok(Service { dir, settle, engine, options, results, watch, failed })
    }

    /// What is whole now, after waiting for what has no marker.
    ///
    /// # Errors
    /// Something else than a delivery is at fault.
    pub fn once(&mut self) -> Result<Vec<Summary>, ServiceError> {
        // What has no marker takes two looks.
        let first = self.look()?;
        if first.unsettled > 0 {
            sleep(self.settle, self.options.cancel);
        }
        self.round()
    }

    fn say(&self, name: &OsStr, text: &str) {
        (self.options.say)(&format!("{}: {text}", shown(name)));
    }

    fn look(&mut self) -> Result<Look, ServiceError> {
        let look = self.watch.look(&self.results, Instant::now());
        let look = look.map_err(|source| ServiceError::Queue { dir: self.dir.clone(), source })?;
        for name in &look.open_batches {
            self.say(name, "waits for BatchComplete_*.xml");
        }
        Ok(look)
    }

    /// Looks into all deliveries that are whole and not done.
    ///
    /// # Errors
    /// Something else than a delivery is at fault. The delivery stays, and comes last the next time.
    pub fn round(&mut self) -> Result<Vec<Summary>, ServiceError> {
        let mut summaries = Vec::new();
        let mut ready = self.look()?.ready;
        // What failed before does not keep the others waiting.
        ready.sort_by_key(|r| self.failed.get(&r.unit.name).copied().unwrap_or_default());
        for ready in ready {
            // Others took their time.
            if Snapshot::of(&ready.unit).pulse != ready.snapshot.pulse {
                continue;
            }
            let name = &ready.unit.name;
            match self.deliver(&ready) {
                Ok(Some(summary)) => {
                    self.failed.remove(name);
                    summaries.push(summary);
                }
                Ok(None) => break,
                Err(error) => {
                    *self.failed.entry(name.clone()).or_default() += 1;
                    let (delivery, source) = (shown(name), Box::new(error));
                    return Err(ServiceError::At { delivery, source });
                }
            }
        }
        Ok(summaries)
    }

    /// Looks into a delivery and writes the result; none if it was asked to stop.
    fn deliver(&mut self, ready: &Ready) -> Result<Option<Summary>, ServiceError> {
        if self.options.cancel.is_cancelled() {
            return Ok(None);
        }
        let started = Instant::now();
        let name = &ready.unit.name;
        let again = if ready.again { " again, as it changed" } else { "" };
        self.say(name, &format!("begun{again} ({} files)", ready.snapshot.files));
        let now = Timestamp::now();
        self.engine.refresh(now)?;
        let uploads = Uploads::of_delivery(&expand(&ready.unit.paths()));
        uploads.notes.iter().for_each(|note| (self.options.say)(&note.to_string()));
        let mut result = Results::begin(&self.results, name, self.options.table)?;
        let summary = self.judge(ready, uploads, &mut result, (now, started))?;
        if summary.interrupted {
            self.say(name, "cut short; it will be begun anew");
            return Ok(None);
        }
        let page = self.options.page.then(|| &self.engine.options().decode);
        result.publish(&self.results, name, page)?;
        self.say(name, &format!("done: {}", said(&summary)));
        Ok(Some(summary))
    }

    /// Writes everything about a delivery to `report`.
    fn judge(
        &self,
        ready: &Ready,
        mut uploads: Uploads,
        report: &mut dyn Report,
        (now, started): (Timestamp, Instant),
    ) -> Result<Summary, ServiceError> {
        let mut begin = self.engine.begin(&uploads, now);
        begin.delivery = Some(ready.snapshot.info(&ready.unit.name));
        if uploads.items.is_empty() && uploads.errors.is_empty() {
            uploads.errors.push(without_audio(&ready.unit.path));
        }
        let progress = (self.options.progress)();
        // Before the result is in its place: if the run is killed in between, the delivery is looked into
        // anew, is not taken for a copy of itself, and its tracks are in the index once all the same.
        let mut keep = |tracks: &soundalike_index::Reader| match &self.options.keep {
            Some(dir) => Engine::keep_in(dir, tracks),
            None => Ok(()),
        };
        let cancel = self.options.cancel;
        let outcomes =
            self.engine.run_and_keep(uploads, &begin, report, &*progress, cancel, &mut keep)?;
        if self.options.audit && !outcomes.summary.interrupted {
            let repaired = self.engine.judge().audit(&begin, &outcomes.verdicts)?;
            repaired.iter().for_each(|torn| (self.options.say)(&torn.repaired()));
        }
        let exit = (self.options.exit)(&outcomes.summary);
        Ok(outcomes.close(exit, started, report)?)
    }
}

/// Sleeps until `time` has passed or a request to stop came.
pub fn sleep(time: Duration, cancel: &Cancel) {
    let end = Instant::now() + time;
    while let Some(left) = end.checked_duration_since(Instant::now()).filter(|l| !l.is_zero()) {
        if cancel.is_cancelled() {
            return;
        }
        std::thread::sleep(left.min(NAP));
    }
}

fn without_audio(path: &Path) -> ErrorRecord {
    ErrorRecord {
        subject: path.to_string_lossy().into_owned(),
        code: "no_audio".into(),
        message: "there is no audio in this delivery".into(),
    }
}

/// "12 uploads (1 hold, 11 clear), 3 matches, 1 cluster, 2 unreadable; 41.2 s".
fn said(summary: &Summary) -> String {
    let count = |n: usize, one: &str, many: &str| match n {
        1 => format!("1 {one}"),
        n => format!("{n} {many}"),
    };
    let mut text = count(summary.scanned, "upload", "uploads");
    let levels = summary.verdicts.iter().rev().filter(|(_, n)| **n > 0);
    let levels: Vec<String> =
        levels.map(|(level, n): (&Level, _)| format!("{n} {}", level.name())).collect();
    if !levels.is_empty() {
        text += &format!(" ({})", levels.join(", "));
    }
    let rest = [
        (summary.matches, "match", "matches"),
        (summary.clusters, "cluster", "clusters"),
        (summary.errors, "error", "errors"),
    ];
    for (n, one, many) in rest {
        if n > 0 {
            text += &format!(", {}", count(n, one, many));
        }
    }
    text + &format!("; {:.1} s", summary.wall_ms as f64 / 1000.0)
}
