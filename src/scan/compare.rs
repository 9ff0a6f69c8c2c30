//! Compare: what two tracks have in common, without an index.

use super::comparison::{Comparison, Scored};
use super::evidence::MatchEvidence;
use super::probe::Seed;
use super::span::{Span, blocks};
use super::transform::Transform;
use super::vote::VotedOffset;

impl Comparison<'_> {
    /// What the two tracks have in common, accepted or not.
    ///
    /// `searched_seconds` is the length of all the references the query is compared with.
    pub fn compare(&self, searched_seconds: f64) -> Option<MatchEvidence> {
        let blocks = blocks(self.query.duration, &self.scan.plan);
        let mut lines: Vec<Scored> = blocks.iter().flat_map(|&block| self.align(block)).collect();
        let mut found = self.chain(lines.clone(), searched_seconds);
        if !found.as_ref().is_some_and(|found| found.explains(self.query, &self.scan.plan)) {
            for &block in &blocks {
                lines.extend(self.grow_anywhere(block, blocks.len()));
            }
            found = self.chain(lines, searched_seconds);
        }
        found.map(|found| self.resolve(found, &[]))
    }

    /// What they have in common along the lines that `seeds` stand for and those at the same speed near `places`, and
    /// along others beside them; none unless it is accepted.
    pub fn overlap(
        &self,
        seeds: &[Seed],
        places: &[VotedOffset],
        searched_seconds: f64,
    ) -> Option<MatchEvidence> {
        let whole = Span::new(0, self.query.duration);
        let mut lines = self.grow(whole, seeds, self.scan.plan.thorough.hypotheses);
        lines.extend(places.iter().filter_map(|&place| self.prefiltered_line(place)));
        self.completed(lines, searched_seconds)
    }

    /// What they have in common along `transforms`, each refined, and along others beside them; none unless it is
    /// accepted.
    pub fn along(
        &self,
        transforms: impl IntoIterator<Item = Transform>,
        searched_seconds: f64,
    ) -> Option<MatchEvidence> {
        let refined = |transform| self.refine(&self.query.points, transform);
        let lines = transforms.into_iter().map(refined);
        let lines = lines.map(|transform| Scored { transform, raw_score: 0.0 }).collect();
        self.completed(lines, searched_seconds)
    }

    fn completed(&self, lines: Vec<Scored>, searched_seconds: f64) -> Option<MatchEvidence> {
        let found = self.chain(lines, searched_seconds)?;
        found.accepted().then(|| self.resolve(found, &[]))
    }
}
