//! Looks into deliveries as they become whole, one after the other, and leaves a result for each.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;

use super::again::Rulings;
use super::results::{Results, said};
use super::snapshot::content_state;
use super::{Look, Queue, Ready, ResultStore, ServiceError, Snapshot, Watch, WatchError, shown};
use crate::counted::count;
use crate::declare::text::visible;
use crate::engine::{Engine, Outcomes, Uploads};
use crate::id::path_text;
use crate::progress::{Cancel, Progress};
use crate::report::Report;
use crate::report::records::{ErrorRecord, Record, Summary};

/// How soon a request to stop is noticed while there is nothing to do.
const NAP: Duration = Duration::from_millis(100);

/// Attempts at a delivery that ended the service, after which it is given up. Not fewer: a machine may go down
/// for other reasons.
const MAX_DEATHS: u32 = 5;

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
    /// The time, by which decisions end.
    pub clock: &'a dyn Fn() -> Timestamp,
}

/// Watches a folder and looks into what comes.
pub struct Service<'a> {
    dir: PathBuf,
    settle: Duration,
    pub(super) engine: Engine,
    pub(super) options: ServiceOptions<'a>,
    pub(super) results: ResultStore,
    watch: Watch,
    /// Attempts at deliveries that something else than the delivery prevented.
    failed: BTreeMap<OsString, u32>,
    pub(super) rulings: Rulings,
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
        let (dir, failed, rulings) = (dir.to_owned(), BTreeMap::new(), Rulings::default());
        Ok(Service { dir, settle, engine, options, results, watch, failed, rulings })
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

    pub(super) fn say(&self, name: &OsStr, text: &str) {
        (self.options.say)(&format!("{}: {text}", shown(name)));
    }

    fn look(&mut self) -> Result<Look, ServiceError> {
        let look = self.watch.look(&self.results, Instant::now(), self.options.cancel);
        let look = look.map_err(|source| ServiceError::Queue { dir: self.dir.clone(), source })?;
        for name in &look.open_batches {
            self.say(name, "waits for BatchComplete_*.xml");
        }
        Ok(look)
    }

    /// Judges again what decisions were made about, and looks into all deliveries that are whole and not done.
    ///
    /// # Errors
    /// Something else than a delivery is at fault. The delivery stays, and comes last the next time. Where a
    /// sender is to blame, by what lies in the place of a result, the others are looked into all the same.
    pub fn round(&mut self) -> Result<Vec<Summary>, ServiceError> {
        let mut summaries = Vec::new();
        let judged = self.judge_again(&mut summaries);
        self.deliveries(&mut summaries)?;
        judged.map(|()| summaries)
    }

    fn deliveries(&mut self, summaries: &mut Vec<Summary>) -> Result<(), ServiceError> {
        let mut refused = None;
        let mut ready = self.look()?.ready;
        // What failed before does not keep the others waiting, and even less what the service died over.
        ready.sort_by_key(|r| {
            let failed = self.failed.get(&r.unit.name).copied().unwrap_or_default();
            (self.results.deaths(&r.unit.name, &r.snapshot.glance), failed)
        });
        for mut ready in ready {
            // Others took their time, in which somebody may have decided; what that fails of is told by the
            // next round.
            let _ = self.judge_again(summaries);
            if Snapshot::of(&ready.unit).pulse != ready.snapshot.pulse {
                continue;
            }
            match self.attempt(&mut ready) {
                Ok(Came::Done(summary)) => {
                    self.watch.finished(&ready.unit, Instant::now());
                    self.failed.remove(&ready.unit.name);
                    summaries.push(summary);
                }
                Ok(Came::Changed) => self.say(&ready.unit.name, "changed meanwhile"),
                Ok(Came::Stopped) => break,
                Err(error) => {
                    *self.failed.entry(ready.unit.name.clone()).or_default() += 1;
                    let (delivery, source) = (shown(&ready.unit.name), Box::new(error));
                    let in_the_way =
                        matches!(*source, ServiceError::Watch(WatchError::InTheWay { .. }));
                    let error = ServiceError::At { delivery, source };
                    if !in_the_way {
                        return Err(error);
                    }
                    (self.options.say)(&error.to_string());
                    refused.get_or_insert(error);
                }
            }
        }
        match refused {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Looks into a delivery, and notes meanwhile that it does.
    fn attempt(&mut self, ready: &mut Ready) -> Result<Came, ServiceError> {
        let (name, glance) = (&ready.unit.name, &ready.snapshot.glance);
        ready.deaths = self.results.deaths(name, glance);
        if ready.state.is_none() {
            let read_at = SystemTime::now();
            let state = content_state(&ready.unit, self.options.cancel);
            ready.state = state.map(|state| (state, read_at));
        }
        let Some((state, read_at)) = ready.state.clone() else { return Ok(Came::Stopped) };
        if ready.deaths >= MAX_DEATHS {
            let summary = self.give_up(ready, &state, read_at)?;
            self.results.ended(name)?;
            return Ok(Came::Done(summary));
        }
        self.results.begun(name, glance)?;
        let came = self.deliver(ready, &state, read_at);
        self.results.ended(name)?;
        came
    }

    /// Writes the result of a delivery.
    fn deliver(
        &mut self,
        ready: &Ready,
        state: &str,
        read_at: SystemTime,
    ) -> Result<Came, ServiceError> {
        let started = Instant::now();
        let name = &ready.unit.name;
        let again = ready.again.map(|why| format!(" again, {why}")).unwrap_or_default();
        self.say(
            name,
            &format!("begun{again} ({})", count(ready.snapshot.files as usize, "file", "files")),
        );
        let now = (self.options.clock)();
        self.engine.refresh(now)?;
        let uploads = Uploads::of_delivery(&ready.unit.expand());
        uploads.notes.iter().for_each(|note| (self.options.say)(&visible(&note.to_string())));
        let mut result = Results::begin(&self.results, name, self.options.table)?;
        let judged = self.judge((ready, state), uploads, &mut result, (now, started))?;
        let Some(summary) = judged else { return Ok(Came::Changed) };
        if summary.interrupted {
            self.say(name, "cut short; it will be begun anew");
            return Ok(Came::Stopped);
        }
        let page = self.options.page.then(|| &self.engine.options().decode);
        result.publish(&self.results, name, page, state, (&ready.snapshot, read_at))?;
        self.results.set_ruled(name, &self.engine.judge().in_force())?;
        self.say(name, &format!("done: {}", said(&summary)));
        Ok(Came::Done(summary))
    }

    /// Writes everything about a delivery to `report`; none if it changed under way.
    fn judge(
        &self,
        (ready, state): (&Ready, &str),
        mut uploads: Uploads,
        report: &mut dyn Report,
        (now, started): (Timestamp, Instant),
    ) -> Result<Option<Summary>, ServiceError> {
        let mut begin = self.engine.begin(&uploads, now);
        begin.delivery = Some(ready.snapshot.info(&ready.unit.name, state));
        if uploads.items.is_empty() && uploads.errors.is_empty() {
            uploads.errors.push(ready.unit.nothing_in());
        }
        let progress = (self.options.progress)();
        let mut changed = false;
        // Before the result is in its place: if the run is killed in between, the delivery is looked into
        // anew, is not taken for a copy of itself, and its tracks are in the index once all the same.
        let mut keep = |tracks: &soundalike_index::Reader| {
            // What was found must be what the state is about.
            changed = Snapshot::of(&ready.unit).pulse != ready.snapshot.pulse;
            match &self.options.keep {
                Some(dir) if !changed => Engine::keep_in(dir, tracks),
                _ => Ok(()),
            }
        };
        let cancel = self.options.cancel;
        let outcomes =
            self.engine.run_and_keep(uploads, &begin, report, &*progress, cancel, &mut keep)?;
        if changed || Snapshot::of(&ready.unit).pulse != ready.snapshot.pulse {
            return Ok(None);
        }
        if self.options.audit && !outcomes.summary.interrupted {
            let judge = self.engine.judge();
            let repaired = match ready.deaths {
                0 => judge.audit(&begin, &outcomes.verdicts)?,
                _ => judge.audit_once(&begin, &outcomes.verdicts)?,
            };
            repaired.iter().for_each(|torn| (self.options.say)(&torn.repaired()));
        }
        if !outcomes.summary.interrupted {
            self.results.keep_evidence(&ready.unit.name, state, &outcomes.evidence)?;
        }
        let exit = (self.options.exit)(&outcomes.summary);
        Ok(Some(outcomes.close(exit, started, report)?))
    }

    /// Says in the place of a result that there is none.
    fn give_up(
        &self,
        ready: &Ready,
        state: &str,
        read_at: SystemTime,
    ) -> Result<Summary, ServiceError> {
        let started = Instant::now();
        let name = &ready.unit.name;
        let message = format!(
            "looking into it ended the service {MAX_DEATHS} times, so it is left out until it changes; \
             remove this result to have it tried again"
        );
        self.say(name, &message);
        let uploads = Uploads::default();
        let mut begin = self.engine.begin(&uploads, (self.options.clock)());
        begin.delivery = Some(ready.snapshot.info(name, state));
        let mut result = Results::begin(&self.results, name, self.options.table)?;
        result.record(&Record::Begin(begin))?;
        let subject = path_text(&ready.unit.path);
        result.record(&Record::Error(ErrorRecord { subject, code: "crashed".into(), message }))?;
        let mut outcomes = Outcomes::default();
        (outcomes.summary.inputs, outcomes.summary.errors) = (1, 1);
        let exit = (self.options.exit)(&outcomes.summary);
        self.results.keep_evidence(name, state, &outcomes.evidence)?;
        let summary = outcomes.close(exit, started, &mut result)?;
        let page = self.options.page.then(|| &self.engine.options().decode);
        result.publish(&self.results, name, page, state, (&ready.snapshot, read_at))?;
        Ok(summary)
    }
}

/// What came of an attempt.
enum Came {
    /// There is a result.
    Done(Summary),
    /// It is to be begun anew when it has settled.
    Changed,
    /// A request to stop came.
    Stopped,
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
