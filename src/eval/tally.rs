//! From verdicts to rows.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use soundalike_index::Reader;

use super::degrade::CLEAN;
use super::judge::{Errors, Part, Stray, Verdict};
use super::query::{Obstacle, Task};
use super::report::{EvalRow, Pair, UnknownRow};
use super::stats::{quantile, wilson};
use crate::counted::count;

/// A position farther off than this (ms) is another place in the track.
const MISPLACED_MS: f64 = 1_000.0;

/// A time factor is right if it is no farther off than this share of the true one.
const TEMPO_RIGHT: f64 = 0.005;
/// A pitch is right if it is no farther off than this, in cents.
const PITCH_RIGHT: f64 = 10.0;

/// Verdicts of one degradation and length.
#[derive(Default)]
struct Group {
    queries: usize,
    parts: usize,
    first: usize,
    accepted_by_part: Vec<usize>,
    stray: usize,
    changed: bool,
    errors: Vec<Errors>,
}

impl Group {
    fn part(&mut self, part: &Part) {
        self.parts += 1;
        self.first += usize::from(part.first);
        if self.accepted_by_part.len() <= part.number {
            self.accepted_by_part.resize(part.number + 1, 0);
        }
        self.accepted_by_part[part.number] += usize::from(part.accepted.is_some());
        self.errors.extend(part.accepted);
    }

    /// How many of what was accepted is within `limit`, and the median, by `error`; only for changed
    /// copies.
    fn estimate(&self, error: fn(&Errors) -> f64, limit: f64) -> (Option<usize>, Option<f64>) {
        if !self.changed {
            return (None, None);
        }
        let mut errors: Vec<f64> = self.errors.iter().map(error).collect();
        (Some(errors.iter().filter(|e| **e <= limit).count()), quantile(&mut errors, 0.5))
    }

    fn row(&self, task: &Task<'_>) -> EvalRow {
        let accepted = self.accepted_by_part.iter().sum();
        let ci = wilson(accepted, self.parts);
        let mut offsets: Vec<f64> = self.errors.iter().map(|e| e.offset_ms).collect();
        let (tempo_right, tempo_error) = self.estimate(|e| e.tempo, TEMPO_RIGHT);
        let (pitch_right, pitch_error_cents) = self.estimate(|e| e.cents, PITCH_RIGHT);
        EvalRow {
            family: task.degradation.family,
            degradation: task.degradation.name.clone(),
            length_s: task.length_s,
            queries: self.queries,
            parts: self.parts,
            first: self.first,
            accepted,
            accepted_by_part: self.accepted_by_part.clone(),
            wrong: self.stray,
            misplaced: offsets.iter().filter(|ms| **ms > MISPLACED_MS).count(),
            ci_low: ci.low,
            ci_high: ci.high,
            offset_median_ms: quantile(&mut offsets, 0.5),
            offset_p95_ms: quantile(&mut offsets, 0.95),
            tempo_right,
            tempo_error_pct: tempo_error.map(|share| 100.0 * share),
            pitch_right,
            pitch_error_cents,
        }
    }
}

/// Collects verdicts in the order of their tasks.
pub(super) struct Tally<'a> {
    index: &'a Reader,
    known: BTreeMap<(usize, u32), (Task<'a>, Group)>,
    unknown: BTreeMap<(usize, u32), (Task<'a>, Group)>,
    pairs: BTreeMap<(&'static str, String, String), Pair>,
    /// Degradations some of whose queries could not be made: how many, and what the first said.
    failed: BTreeMap<&'a str, (usize, String)>,
    alone: BTreeMap<&'a str, usize>,
}

impl<'a> Tally<'a> {
    /// Nothing yet; names of references come from `index`.
    pub(super) fn new(index: &'a Reader) -> Tally<'a> {
        Tally {
            index,
            known: BTreeMap::new(),
            unknown: BTreeMap::new(),
            pairs: BTreeMap::new(),
            failed: BTreeMap::new(),
            alone: BTreeMap::new(),
        }
    }

    /// Takes the next verdict.
    pub(super) fn add(&mut self, task: Task<'a>, verdict: Result<Verdict, Obstacle>) {
        let name = task.degradation.name.as_str();
        let verdict = match verdict {
            Ok(verdict) => verdict,
            Err(Obstacle::NoPartner) => return *self.alone.entry(name).or_default() += 1,
            Err(Obstacle::Failed(why)) => {
                return self.failed.entry(name).or_insert((0, why)).0 += 1;
            }
        };
        let is_known = task.cut.track.is_some();
        let side = if is_known { &mut self.known } else { &mut self.unknown };
        let (_, group) =
            side.entry((task.row, task.length_s)).or_insert_with(|| (task, Group::default()));
        group.queries += 1;
        group.stray += usize::from(!verdict.stray.is_empty());
        group.changed |= verdict.changed;
        verdict.parts.iter().for_each(|part| group.part(part));
        for stray in &verdict.stray {
            self.pair(&task, stray);
        }
    }

    fn pair(&mut self, task: &Task<'_>, stray: &Stray) {
        let kind = if task.cut.track.is_some() { "wrong" } else { "false_alarm" };
        let query = task.cut.path.to_string_lossy().into_owned();
        let reference = self.index.meta(stray.track).map(|m| m.path.clone()).unwrap_or_default();
        let key = (kind, query.clone(), reference.clone());
        let pair = self.pairs.entry(key).or_insert_with(|| Pair {
            kind,
            query_path: query,
            reference_path: reference,
            queries: 0,
            best_score: 0.0,
            best_log10_evalue: f64::INFINITY,
            clean: false,
            degradations: Vec::new(),
        });
        pair.queries += 1;
        if stray.log10_evalue < pair.best_log10_evalue {
            pair.best_log10_evalue = stray.log10_evalue;
            pair.best_score = stray.score;
        }
        let name = &task.degradation.name;
        pair.clean |= name == CLEAN;
        if !pair.degradations.contains(name) {
            pair.degradations.push(name.clone());
        }
    }

    /// Rows of the known queries.
    pub(super) fn rows(&self) -> Vec<EvalRow> {
        self.known.values().map(|(task, group)| group.row(task)).collect()
    }

    /// Rows of the unknown queries.
    pub(super) fn unknown_rows(&self) -> Vec<UnknownRow> {
        let row = |(task, group): &(Task<'_>, Group)| {
            let ci = wilson(group.stray, group.queries);
            UnknownRow {
                family: task.degradation.family,
                degradation: task.degradation.name.clone(),
                length_s: task.length_s,
                queries: group.queries,
                false_alarms: group.stray,
                ci_low: ci.low,
                ci_high: ci.high,
            }
        };
        self.unknown.values().map(row).collect()
    }

    /// What could not be measured.
    pub(super) fn notes(&self) -> Vec<String> {
        let alone = self.alone.iter().map(|(row, n)| {
            format!(
                "{row}: {} not made, no excerpt of another track to add",
                count(*n, "query", "queries")
            )
        });
        let failed = self.failed.iter().map(|(row, (n, why))| {
            format!("{row}: {} could not be made ({why})", count(*n, "query", "queries"))
        });
        alone.chain(failed).collect()
    }

    /// Wrong and false matches, most frequent first.
    pub(super) fn into_pairs(self) -> Vec<Pair> {
        let mut pairs: Vec<Pair> = self.pairs.into_values().collect();
        pairs.sort_by_key(|p| Reverse(p.queries));
        pairs
    }
}
