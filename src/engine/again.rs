//! Verdicts made again: what decisions made since make of uploads that were looked at before.

use super::judged_batch::JudgedBatch;
use super::run::Outcomes;
use super::{Engine, Error};
use crate::report::Report;

impl Engine {
    /// Tells clusters and verdicts of the `evidence`, after [`JudgedBatch::rule_again`]; the summary counts what
    /// depends on decisions alone.
    ///
    /// # Errors
    /// Records cannot be written.
    #[doc(hidden)]
    pub fn judge_again(
        &self,
        mut evidence: JudgedBatch,
        report: &mut dyn Report,
    ) -> Result<Outcomes, Error> {
        evidence.score_again();
        let mut outcomes = Outcomes { evidence, ..Outcomes::default() };
        let standing = outcomes.evidence.uploads.iter().map(|u| u.standing_matches().count());
        let standing: Vec<usize> = standing.collect();
        outcomes.summary.matches = standing.iter().sum();
        outcomes.summary.matched = standing.iter().filter(|n| **n > 0).count();
        self.tell_verdicts(&mut outcomes, report)?;
        Ok(outcomes)
    }
}
