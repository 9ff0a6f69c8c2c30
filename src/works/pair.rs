//! Two works against each other. There are no others to measure chance by, so bars in another order take their place.

use rayon::prelude::*;

use super::align::Path;
use super::channel::Channel;
use super::evidence::{Judge, Scores, WorkEvidence};
use super::params::WorkParams;
use super::stored::Stored;
use super::stretch::{Part, by_kind, stretches};
use super::surrogate::shuffled;
use super::work::Work;

/// What `query` and `work` have in common, more than the query and the bars of the work in another order have; none
/// where one of them never sounds.
pub fn compare(query: &Work, work: &Work, params: &WorkParams) -> Option<(WorkEvidence, Path)> {
    let stored: Stored = Channel::ALL.map(|channel| Some(work.of(channel).stored()));
    let stretches = stretches(query, params);
    let others = shuffled(&stored, params.significance.drawn);
    let tests = stretches.len() as f64 * params.significance.bars_caution;
    let judged = stretches.into_iter().filter_map(|stretch| {
        let tempos = Part::new(query, stretch).tempos(params);
        let by_chance: Vec<Scores> = others.par_iter().map(|rows| tempos.align(rows)).collect();
        let by_chance = by_kind(by_chance.iter());
        let judge = Judge::new(by_chance, &Default::default(), tests, params);
        judge.evidence(&tempos.align(&stored))
    });
    let found = judged.max_by(WorkEvidence::surer).filter(|found| found.line.score > 0.0)?;
    let whole = Part::new(query, 0..query.harmony.rows.len()).ways(params);
    let path = whole.way(&stored, &found);
    Some((found, path))
}
