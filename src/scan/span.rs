//! Stretches of a track, in time units.

use super::params::PlanParams;

/// A stretch of a track, in time units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Where it begins.
    pub begin: u32,
    /// Where it ends.
    pub end: u32,
}

impl Span {
    /// From `begin` to `end`.
    pub fn new(begin: u32, end: u32) -> Span {
        Span { begin, end }
    }

    /// How long it is.
    pub fn length(self) -> u32 {
        self.end - self.begin
    }

    /// The time in the middle.
    pub fn middle(self) -> f64 {
        f64::from(self.begin + self.end) / 2.0
    }

    /// Whether `time` lies within; the end does not.
    pub fn contains(self, time: u32) -> bool {
        (self.begin..self.end).contains(&time)
    }
}

/// The blocks of a query of `duration`, which are aligned one by one: so a part of it in a long mix is found as
/// easily as in a short clip.
pub fn blocks(duration: u32, plan: &PlanParams) -> Vec<Span> {
    let block = plan.block;
    if duration <= block + block / 2 {
        return vec![Span::new(0, duration)];
    }
    let last = duration - block;
    let begins = (0..last).step_by(plan.block_step as usize).chain([last]);
    begins.map(|begin| Span::new(begin, begin + block)).collect()
}

/// The stretches of a query of `duration` that none of `spans` covers.
pub(super) fn gaps(spans: &[Span], duration: u32) -> Vec<Span> {
    let mut sorted = spans.to_vec();
    sorted.sort_unstable();
    let (mut gaps, mut reached) = (Vec::new(), 0);
    for Span { begin, end } in sorted.into_iter().chain([Span::new(duration, duration)]) {
        if begin > reached {
            gaps.push(Span::new(reached, begin));
        }
        reached = reached.max(end);
    }
    gaps
}

/// The first of `spans`, up to a total length.
pub(super) fn first(spans: &[Span], mut length: u32) -> impl Iterator<Item = Span> {
    spans.iter().map_while(move |&Span { begin, end }| {
        let end = end.min(begin + length);
        length -= end - begin;
        (end > begin).then_some(Span { begin, end })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::params::ScanParams;

    fn spans(all: &[(u32, u32)]) -> Vec<Span> {
        all.iter().map(|&(begin, end)| Span { begin, end }).collect()
    }

    #[test]
    fn blocks_cover_every_moment() {
        for duration in [0, 500, 15_000, 22_500, 22_501, 50_000, 900_000] {
            let blocks = blocks(duration, &ScanParams::V1.plan);
            assert_eq!(blocks[0].begin, 0);
            assert_eq!(blocks[blocks.len() - 1].end, duration);
            assert!(blocks.windows(2).all(|w| w[1].begin <= w[0].end));
        }
    }

    #[test]
    fn gaps_are_what_no_span_covers() {
        let covered = spans(&[(10, 20), (15, 30), (50, 60)]);
        assert_eq!(gaps(&covered, 100), spans(&[(0, 10), (30, 50), (60, 100)]));
        assert_eq!(gaps(&[], 5), spans(&[(0, 5)]));
        assert_eq!(gaps(&spans(&[(0, 5)]), 5), []);
    }

    #[test]
    fn no_more_is_searched_than_a_total_length() {
        let gaps = spans(&[(0, 10), (20, 50), (60, 70)]);
        assert_eq!(first(&gaps, 25).collect::<Vec<_>>(), spans(&[(0, 10), (20, 35)]));
        assert_eq!(first(&gaps, 100).collect::<Vec<_>>(), gaps);
    }
}
