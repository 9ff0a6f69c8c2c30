//! Results judged again when somebody has decided, or the time of a decision is over.
//!
//! What was held and is allowed by now must not be held any longer, and what passed and is blocked by now must be
//! told of. The result is written anew under its name: what was found stays, verdicts, findings, clusters and
//! totals are those of today, the first record says when they were made (`judged_at`), and a note what the verdict
//! was before. No audio is read, and it makes no difference whether the delivery still lies in the folder.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::BufReader;
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;

use super::ledger::Done;
use super::results::{Results, said};
use super::{ResultFormat, Service, ServiceError};
use crate::counted::count;
use crate::engine::{Outcomes, day};
use crate::journal::Lines;
use crate::level::Level;
use crate::report::records::{Begin, NoteRecord, Record, Summary};
use crate::report::{JsonLines, Report};

/// How soon it is noticed that the time of a decision is over.
const EXPIRY: Duration = Duration::from_secs(60);
/// Longest line of a result that is read.
const MAX_LINE: usize = 64 << 20;
/// Code of the note that tells the verdict before.
const JUDGED_AGAIN: &str = "judged_again";

/// What is remembered of decisions between rounds.
#[derive(Debug, Default)]
pub(super) struct Rulings {
    /// Size and time of the log when it was read, and when that was.
    log: Option<(Option<(u64, SystemTime)>, Instant)>,
    /// The decisions by which all results are judged.
    in_force: Option<String>,
}

impl Service<'_> {
    /// Judges results again, if other decisions are in force than those they were judged by.
    ///
    /// # Errors
    /// The log of decisions cannot be read, or a result not be written; the others are judged all the same.
    pub(super) fn judge_again(&mut self, summaries: &mut Vec<Summary>) -> Result<(), ServiceError> {
        let Some(log) = self.engine.judge().log() else { return Ok(()) };
        let stamp = std::fs::metadata(log).and_then(|meta| Ok((meta.len(), meta.modified()?))).ok();
        let read =
            self.rulings.log.is_some_and(|(then, at)| then == stamp && at.elapsed() < EXPIRY);
        if read {
            return Ok(());
        }
        self.engine.refresh_decisions((self.options.clock)())?;
        let in_force = self.engine.judge().in_force();
        let mut refused = None;
        if self.rulings.in_force.as_ref() != Some(&in_force) {
            let mut without = 0;
            for (name, done) in self.results.ruled_otherwise(&in_force)? {
                if self.options.cancel.is_cancelled() {
                    return Ok(());
                }
                match self.again(&name, done, &in_force) {
                    Ok(Again::Judged(summary)) => summaries.push(summary),
                    Ok(Again::NothingKept) => without += 1,
                    Ok(Again::Stands) => {}
                    Err(error) => {
                        self.say(&name, &error.to_string());
                        refused.get_or_insert(error);
                    }
                }
            }
            if without > 0 {
                (self.options.say)(&format!(
                    "decisions were made, and what was made by a version before cannot be judged by them: {}; \
                     remove a result to have its delivery looked into again",
                    count(without, "result", "results")
                ));
            }
        }
        match refused {
            Some(error) => Err(error),
            None => {
                self.rulings.log = Some((stamp, Instant::now()));
                self.rulings.in_force = Some(in_force);
                Ok(())
            }
        }
    }

    /// Judges the result of the delivery called `name` by the decisions `in_force`.
    fn again(&self, name: &OsStr, done: Done, in_force: &str) -> Result<Again, ServiceError> {
        let Some((older, evidence)) = self.results.result_and_evidence(name, &done) else {
            // It will be looked into anew if it still lies there.
            return Ok(Again::Stands);
        };
        let Some(mut evidence) = evidence else {
            self.results.set_ruled(name, in_force)?;
            return Ok(Again::NothingKept);
        };
        if !evidence.rule_again(self.engine.judge()) {
            self.results.set_ruled(name, in_force)?;
            return Ok(Again::Stands);
        }
        let is_there = |form| self.results.result(name, form).exists();
        let table = self.options.table || is_there(ResultFormat::Table);
        let page = self.options.page || is_there(ResultFormat::Page);
        let before = evidence.judged.clone();
        let mut told = JsonLines(Vec::new());
        let outcomes = self.engine.judge_again(evidence, &mut told)?;
        let mut result = Results::begin(&self.results, name, table)?;
        let retold = Retold::new(&outcomes, (self.options.clock)());
        let (begin, mut summary) = retold.take_over(self, older, &mut result)?;
        for ((level, decisions), verdict) in before.iter().zip(&outcomes.verdicts) {
            if *level != verdict.verdict {
                let note = note((*level, decisions), (verdict.verdict, &verdict.decisions));
                let (subject, code) = (verdict.subject.clone(), JUDGED_AGAIN.into());
                result.record(&Record::Note(NoteRecord { subject, code, message: note }))?;
            }
        }
        for line in told.0.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            result.take(line, serde_json::from_slice(line).ok().as_ref())?;
        }
        summary.exit_code = (self.options.exit)(&summary);
        result.record(&Record::Summary(summary.clone()))?;
        if self.options.audit {
            let changed = before.iter().zip(&outcomes.verdicts);
            let changed = changed.filter(|(b, v)| (b.0, &b.1) != (v.verdict, &v.decisions));
            let repaired = self.engine.judge().enter_once(&begin, changed.map(|(_, v)| v))?;
            repaired.iter().for_each(|torn| (self.options.say)(&torn.repaired()));
        }
        let ruled = Some(in_force.to_owned());
        let state = done.state.clone();
        result.replace(&self.results, name, page, Done { ruled, ..done })?;
        // Last: if the run is killed before, all this is done once more, and tells the same.
        self.results.keep_evidence(name, &state, &outcomes.evidence)?;
        self.say(name, &format!("judged again, by decisions made since: {}", said(&summary)));
        Ok(Again::Judged(summary))
    }
}

/// What came of a result.
enum Again {
    /// It was judged again.
    Judged(Summary),
    /// Nothing that was decided concerns it.
    Stands,
    /// A version before made it, and kept nothing to judge it by.
    NothingKept,
}

/// "was hold, is clear now, by decision d_…".
fn note(before: (Level, &[String]), now: (Level, &[String])) -> String {
    let by = match now.1 {
        same if same == before.1 => "by what was decided about others of the delivery".to_owned(),
        [] => "as a decision is not in force any more".to_owned(),
        [one] => format!("by decision {one}"),
        all => format!("by decisions {}", all.join(", ")),
    };
    let (before, now) = (before.0.name(), now.0.name());
    format!("judged again without another look: was {before}, is {now} now, {by}")
}

/// What of an older result is told again.
struct Retold<'a> {
    outcomes: &'a Outcomes,
    now: Timestamp,
    /// Which decision allows a match or a resemblance of an upload.
    allowed: BTreeMap<(&'a str, &'a str), Option<&'a String>>,
}

impl<'a> Retold<'a> {
    fn new(outcomes: &'a Outcomes, now: Timestamp) -> Retold<'a> {
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let allowed = outcomes.evidence.allowed();
        Retold { outcomes, now, allowed }
    }

    /// Copies to `result` what decisions do not change; returns the first record and the last.
    fn take_over(
        &self,
        service: &Service<'_>,
        older: File,
        result: &mut Results,
    ) -> Result<(Begin, Summary), ServiceError> {
        let mut lines = Lines::new(BufReader::new(older), MAX_LINE);
        let mut begin = Begin::new(String::new(), None, self.now);
        let mut summary = Summary::default();
        let unreadable = |error| match error {
            crate::journal::LineError::Io(error) => error,
            error => std::io::Error::other(error),
        };
        while let Some(line) = lines.read().map_err(unreadable)? {
            let record: Option<Record> = serde_json::from_slice(line.bytes).ok();
            match record {
                Some(Record::Begin(first)) => {
                    begin = Begin { judged_at: Some(self.now), ..first };
                    service.engine.judge().describe(&mut begin, day(self.now));
                    result.record(&Record::Begin(begin.clone()))?;
                }
                Some(Record::Match(mut m)) => {
                    let key = (m.query.path.as_str(), m.match_id.as_str());
                    if let Some(by) = self.allowed.get(&key) {
                        m.allowed_by = by.cloned();
                    }
                    result.record(&Record::Match(m))?;
                }
                Some(Record::Resemblance(mut r)) => {
                    let key = (r.query.path.as_str(), r.resemblance_id.as_str());
                    if let Some(by) = self.allowed.get(&key) {
                        r.allowed_by = by.cloned();
                    }
                    result.record(&Record::Resemblance(r))?;
                }
                Some(Record::Summary(last)) => summary = last,
                Some(
                    Record::Cluster(_)
                    | Record::Family(_)
                    | Record::SharedLoop(_)
                    | Record::Finding(_)
                    | Record::Verdict(_),
                ) => {}
                Some(Record::Note(note)) if note.code == JUDGED_AGAIN => {}
                record => result.take(line.bytes, record.as_ref())?,
            }
        }
        let counted = &self.outcomes.summary;
        summary.matches = counted.matches;
        summary.matched = counted.matched;
        summary.clusters = counted.clusters;
        summary.families = counted.families;
        summary.verdicts.clone_from(&counted.verdicts);
        Ok((begin, summary))
    }
}
