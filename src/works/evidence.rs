//! What an alignment is worth: scores of a stretch among those of unrelated works.

use std::cmp::Ordering;

use super::channel::{BOTH, Channel, KINDS};
use super::line::Line;
use super::params::WorkParams;
use super::significance::{Null, best_test, tail};

/// What two works have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkEvidence {
    /// The channel that says most.
    pub channel: Channel,
    /// Both along one line say more than either.
    pub is_both: bool,
    /// Key, tempo and score of what says most.
    pub line: Line,
    /// Deviations of the score from those of unrelated works: harmony, melody, both along one line; none of what one of
    /// both has not.
    pub z: [Option<f64>; KINDS],
    /// Works that would agree as well by chance, among all works and stretches.
    pub expected: f64,
    /// Share of works drawn at random that score at least half as high.
    pub common: f64,
    /// Whether the null distribution is of enough works to tell.
    pub can_tell: bool,
}

impl WorkEvidence {
    /// Deviations of what says most; 0 where nothing can be told.
    pub fn leading_z(&self) -> f64 {
        self.z[if self.is_both { BOTH } else { self.channel as usize }].unwrap_or(0.0)
    }

    /// By what chance gives; of equal ones by how far they stand out and by their scores, so that where there is no null
    /// distribution there is an order, too.
    pub fn surer(&self, other: &WorkEvidence) -> Ordering {
        let z = |found: &WorkEvidence| found.z.iter().flatten().fold(f64::MIN, |a, b| a.max(*b));
        let by_chance = other.expected.total_cmp(&self.expected);
        let by_z = by_chance.then(z(self).total_cmp(&z(other)));
        by_z.then(self.line.score.total_cmp(&other.line.score))
    }
}

/// The best lines with a work, in each kind that both have.
pub type Scores = [Option<Line>; KINDS];

/// What scores of a stretch are worth.
pub struct Judge<'a> {
    nulls: [Option<Null>; KINDS],
    by_chance: [Vec<f32>; KINDS],
    tests: f64,
    params: &'a WorkParams,
}

impl Judge<'_> {
    /// Of the scores in each kind with works drawn by chance and with those most alike.
    pub fn new<'a>(
        by_chance: [Vec<f32>; KINDS],
        near: &[Vec<f32>; KINDS],
        tests: f64,
        params: &'a WorkParams,
    ) -> Judge<'a> {
        let null = |kind: usize| Null::new(&by_chance[kind], &near[kind], &params.significance);
        Judge { nulls: std::array::from_fn(null), by_chance, tests, params }
    }

    /// What a work's scores are worth; none where nothing was aligned.
    pub fn evidence(&self, scores: &Scores) -> Option<WorkEvidence> {
        let z: [Option<f64>; KINDS] =
            std::array::from_fn(|kind| Some(self.nulls[kind].as_ref()?.z(scores[kind]?.score)));
        let tails = &self.params.significance.tails;
        let shares: [Option<f64>; KINDS] =
            std::array::from_fn(|kind| Some(tail(z[kind]?, &tails[kind])));
        let best = best_test(&shares);
        let score = |c: &Channel| scores[*c as usize].map(|line| line.score);
        let says = |c: &Channel| (z[*c as usize].unwrap_or(f64::MIN), score(c).unwrap_or(0.0));
        let heard = Channel::ALL.into_iter().filter(|c| score(c).is_some());
        let channel = heard.max_by(|a, b| {
            let (a, b) = (says(a), says(b));
            a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
        })?;
        let (kind, share) = best.unwrap_or((channel as usize, 1.0));
        let channel = Channel::ALL.into_iter().find(|c| *c as usize == kind).unwrap_or(channel);
        let line = scores[kind]?;
        let by_chance = &self.by_chance[kind];
        let as_high = by_chance.iter().filter(|s| **s >= 0.5 * line.score).count();
        Some(WorkEvidence {
            channel,
            is_both: kind == BOTH,
            line,
            z,
            expected: self.tests * share,
            common: as_high as f64 / by_chance.len().max(1) as f64,
            can_tell: self.nulls[kind].is_some(),
        })
    }
}
