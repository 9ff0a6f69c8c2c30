//! Two works against each other. There are no others to measure chance by, so bars in another order take their place.

use rayon::prelude::*;

use super::align::Path;
use super::channel::Channel;
use super::evidence::{Judge, WorkEvidence};
use super::params::WorkParams;
use super::stretch::{Part, align, stretches, way};
use super::surrogate::surrogates;
use super::work::Work;

/// What `query` and `work` have in common, more than the query and the bars of the work in another order have; none
/// where one of them never sounds.
pub fn compare(query: &Work, work: &Work, params: &WorkParams) -> Option<(WorkEvidence, Path)> {
    let stored = Channel::ALL.map(|channel| Some(work.of(channel).stored()));
    let stretches = stretches(query, params);
    let drawn = params.significance.drawn;
    let others =
        stored.each_ref().map(|rows| surrogates(rows.as_deref().unwrap_or_default(), drawn));
    let tests = stretches.len() as f64;
    let judged = stretches.into_iter().filter_map(|stretch| {
        let tempos = Part::new(query, stretch).tempos(params);
        let by_chance = Channel::ALL.map(|channel| {
            let Some(tempos) = &tempos[channel as usize] else { return Vec::new() };
            let others = others[channel as usize].par_iter();
            others.map(|rows| tempos.best(rows).score).collect()
        });
        let judge = Judge::new(by_chance, &Default::default(), tests, params);
        judge.evidence(&align(&tempos, &stored))
    });
    let found = judged.max_by(WorkEvidence::surer).filter(|found| found.aligned.score > 0.0)?;
    let whole = Part::new(query, 0..query.harmony.rows.len()).tempos(params);
    let path = way(&whole, &stored, &found);
    Some((found, path))
}
