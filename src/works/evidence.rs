//! What an alignment is worth: scores of a stretch among those of unrelated works.

use std::cmp::Ordering;

use super::align::Aligned;
use super::channel::Channel;
use super::params::WorkParams;
use super::significance::{Null, joint, tail};

/// What two works have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkEvidence {
    /// The channel that says most.
    pub channel: Channel,
    /// Both together say more than either.
    pub is_both: bool,
    /// Key, tempo and score in that channel.
    pub aligned: Aligned,
    /// Deviations of the score from those of unrelated works, in each channel that both have.
    pub z: [Option<f64>; 2],
    /// Works that would agree as well by chance, among all works and stretches.
    pub expected: f64,
    /// Share of works drawn at random that score at least half as high.
    pub common: f64,
    /// Whether the null distribution is of enough works to tell.
    pub can_tell: bool,
}

impl WorkEvidence {
    /// Deviations in the channel that says most; 0 where nothing can be told.
    pub fn leading_z(&self) -> f64 {
        self.z[self.channel as usize].unwrap_or(0.0)
    }

    /// By what chance gives; of equal ones by how far they stand out and by their scores, so that where there is no null
    /// distribution there is an order, too.
    pub fn surer(&self, other: &WorkEvidence) -> Ordering {
        let z = |found: &WorkEvidence| found.z.iter().flatten().fold(f64::MIN, |a, b| a.max(*b));
        let by_chance = other.expected.total_cmp(&self.expected);
        let by_z = by_chance.then(z(self).total_cmp(&z(other)));
        by_z.then(self.aligned.score.total_cmp(&other.aligned.score))
    }
}

/// How a work was aligned in each channel that both have.
pub type Scores = [Option<Aligned>; 2];

/// What scores of a stretch are worth.
pub struct Judge<'a> {
    nulls: [Option<Null>; 2],
    by_chance: [Vec<f32>; 2],
    tests: f64,
    params: &'a WorkParams,
}

impl Judge<'_> {
    /// Of the scores in each channel with works drawn by chance and with those most alike.
    pub fn new<'a>(
        by_chance: [Vec<f32>; 2],
        near: &[Vec<f32>; 2],
        tests: f64,
        params: &'a WorkParams,
    ) -> Judge<'a> {
        let null =
            |c: Channel| Null::new(&by_chance[c as usize], &near[c as usize], &params.significance);
        Judge { nulls: Channel::ALL.map(null), by_chance, tests, params }
    }

    /// What a work's scores are worth; none where nothing was aligned.
    pub fn evidence(&self, scores: &Scores) -> Option<WorkEvidence> {
        let z = Channel::ALL
            .map(|c| Some(self.nulls[c as usize].as_ref()?.z(scores[c as usize]?.score)));
        let shares = Channel::ALL.map(|c| Some(tail(z[c as usize]?, self.params.of(c))));
        let (share, is_both) = joint(shares, self.params.significance.joint_weight);
        let score = |c: &Channel| scores[*c as usize].map(|aligned| aligned.score);
        let says = |c: &Channel| (z[*c as usize].unwrap_or(f64::MIN), score(c).unwrap_or(0.0));
        let heard = Channel::ALL.into_iter().filter(|c| score(c).is_some());
        let channel = heard.max_by(|a, b| {
            let (a, b) = (says(a), says(b));
            a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
        })?;
        let aligned = scores[channel as usize]?;
        let by_chance = &self.by_chance[channel as usize];
        let as_high = by_chance.iter().filter(|s| **s >= 0.5 * aligned.score).count();
        Some(WorkEvidence {
            channel,
            is_both,
            aligned,
            z,
            expected: self.tests * share,
            common: as_high as f64 / by_chance.len().max(1) as f64,
            can_tell: self.nulls[channel as usize].is_some(),
        })
    }
}
