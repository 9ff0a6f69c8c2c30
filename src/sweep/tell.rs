//! Tells what a sweep found: one track after the other, judged, and totals.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::judge::{InCommon, JudgedTrack, judge_track};
use super::loops::LoopsOfReferences;
use super::summary::SweepRecord;
use super::{Hash, Sweep, SweepError, SweptTrack};
use crate::decisions::log::Torn;
use crate::engine::index::index_info;
use crate::engine::{Judge, day};
use crate::id::scan_id;
use crate::report::Report;
use crate::report::records::{
    Begin, ErrorRecord, QueryInfo, Record, ScanResult, Scanned, Summary, VerdictRecord,
};
use crate::report::tracklist::tracklist;
use crate::track::Track;

/// Verdicts that wait to be put into the log together.
const LOGGED_AT_ONCE: usize = 1000;

/// What is told, and by whom it is judged.
pub struct Telling<'a> {
    /// Policies and decisions.
    pub judge: &'a Judge,
    /// Enter the verdicts on new matches in the log of decisions.
    pub enter: bool,
    /// Decisions as they were when the last sweep was told: what is known and judged otherwise by now is told
    /// again.
    pub before: Option<&'a Judge>,
    /// Everything that is known of both sides, not only what is new.
    pub all: bool,
    /// Matches told per track.
    pub limit: usize,
    /// When the run began.
    pub now: Timestamp,
}

/// What was told.
pub struct Told {
    /// The record of the sweep.
    pub sweep: SweepRecord,
    /// Totals; exit status is the caller's.
    pub summary: Summary,
    /// What of the log of decisions had to be repaired first.
    pub repaired: Option<Torn>,
}

impl Told {
    /// Fills in what depends on the time that the run took.
    pub fn timed(&mut self, wall: Duration) {
        self.summary.timed(wall);
        self.sweep.wall_ms = self.summary.wall_ms;
    }
}

struct Teller<'a> {
    telling: &'a Telling<'a>,
    report: &'a mut dyn Report,
    begin: Begin,
    told: Told,
    waiting: Vec<VerdictRecord>,
    loops: LoopsOfReferences,
}

/// Tells what `sweep` found, `errors` first. One that was not finished is told when it is: totals are all
/// there is then.
pub fn tell(
    sweep: &mut Sweep,
    finished: bool,
    errors: Vec<ErrorRecord>,
    telling: &Telling<'_>,
    report: &mut dyn Report,
) -> Result<Told, SweepError> {
    let inputs =
        if sweep.is_idle() && !telling.all { 0 } else { sweep.sides().catalogue().track_count() };
    let summary = Summary {
        inputs,
        errors: errors.len(),
        scanned: if finished { inputs } else { 0 },
        interrupted: !finished,
        ..Summary::default()
    };
    let begin = begin(sweep, telling);
    report.record(&Record::Begin(begin.clone()))?;
    for error in errors {
        report.record(&Record::Error(error))?;
    }
    let told = Told { sweep: SweepRecord::new(sweep, finished), summary, repaired: None };
    let mut teller = Teller {
        telling,
        report,
        begin,
        told,
        waiting: Vec::new(),
        loops: LoopsOfReferences::default(),
    };
    if finished {
        teller.tracks(sweep)?;
    }
    if sweep.is_idle() && !telling.all {
        let again = teller.told.sweep.judged_again;
        (teller.told.summary.inputs, teller.told.summary.scanned) = (again, again);
    }
    Ok(teller.told)
}

fn begin(sweep: &Sweep, telling: &Telling<'_>) -> Begin {
    let sides = sweep.sides();
    let (references, catalogue) = (sides.references().index_id(), sides.catalogue().index_id());
    let name = format!("\nsweep {}\n{references}\n{catalogue}\n", sweep.number());
    let mut begin = Begin::new(scan_id([name]), Some(index_info(sides.references())), telling.now);
    begin.work_params = sides.work_params();
    telling.judge.describe(&mut begin, day(telling.now));
    begin
}

/// What a track and references have in common.
fn in_common(
    sweep: &mut Sweep,
    swept: &SweptTrack,
    track: &Arc<Track>,
) -> Result<InCommon, SweepError> {
    let matches = sweep.matches(swept, track)?;
    Ok(InCommon { matches, resemblances: sweep.resemblances(swept, track)? })
}

impl Teller<'_> {
    fn tracks(&mut self, sweep: &mut Sweep) -> Result<(), SweepError> {
        for (swept, decided) in self.swept(sweep)? {
            let Some(track) = sweep.track(&swept) else { continue };
            let found = in_common(sweep, &swept, &track)?;
            if found.is_empty() {
                continue;
            }
            found.matches.iter().for_each(|m| self.loops.take(m));
            let judged = judge_track(self.telling.judge, &track, found);
            self.told.sweep.count(&judged);
            if decided {
                self.told.sweep.judged_again += 1;
                self.told.sweep.matches_again += judged.matches.len();
            }
            if (swept.is_new || decided) && self.telling.enter {
                self.waiting.push(judged.verdict.clone());
                if self.waiting.len() >= LOGGED_AT_ONCE {
                    self.enter()?;
                }
            }
            self.track(&track, judged)?;
        }
        for shared in self.loops.suggested() {
            self.report.record(&Record::SharedLoop(Box::new(shared)))?;
        }
        self.enter()
    }

    /// What is to be told, and whether that is because of decisions made since the last time.
    fn swept(&self, sweep: &mut Sweep) -> Result<Vec<(SweptTrack, bool)>, SweepError> {
        let told = sweep.tracks(self.telling.all);
        let mut all: Vec<_> = told.into_iter().map(|swept| (swept, false)).collect();
        let Some(before) = self.telling.before else { return Ok(all) };
        let known: BTreeSet<Hash> = all.iter().map(|(swept, _)| swept.sha256).collect();
        for swept in sweep.tracks(true) {
            if known.contains(&swept.sha256) {
                continue;
            }
            let Some(track) = sweep.track(&swept) else { continue };
            let found = in_common(sweep, &swept, &track)?;
            let [then, now] = [before, self.telling.judge]
                .map(|judge| judge_track(judge, &track, found.clone()).verdict);
            if (then.verdict, &then.decisions) != (now.verdict, &now.decisions) {
                all.push((swept, true));
            }
        }
        Ok(all)
    }

    fn track(&mut self, track: &Track, judged: JudgedTrack) -> Result<(), SweepError> {
        let JudgedTrack { matches, resemblances, findings, verdict } = judged;
        let (count, tracklist) = (matches.len(), tracklist(&matches));
        let summary = &mut self.told.summary;
        summary.matched += usize::from(count > 0);
        summary.matches += count;
        summary.resembling += usize::from(count == 0);
        *summary.verdicts.entry(verdict.verdict).or_default() += 1;
        for record in matches.into_iter().take(self.telling.limit) {
            self.report.record(&Record::Match(Box::new(record)))?;
        }
        let resembling = self.begin.work_params.is_some().then_some(resemblances.len());
        for record in resemblances.into_iter().take(self.telling.limit) {
            self.report.record(&Record::Resemblance(Box::new(record)))?;
        }
        for finding in findings {
            self.report.record(&Record::Finding(Box::new(finding)))?;
        }
        self.report.record(&Record::Verdict(Box::new(verdict)))?;
        let scanned = Scanned {
            query: QueryInfo::from(track),
            result: ScanResult::of(count, false),
            matches: count,
            resemblances: resembling,
            tracklist,
            signal: None,
            by_way_of: None,
            credential: None,
        };
        Ok(self.report.record(&Record::Scanned(scanned))?)
    }

    fn enter(&mut self) -> Result<(), SweepError> {
        let waiting = std::mem::take(&mut self.waiting);
        if !waiting.is_empty() {
            let torn = self.telling.judge.enter(&self.begin, waiting.iter())?;
            self.told.repaired = self.told.repaired.or(torn);
        }
        Ok(())
    }
}
