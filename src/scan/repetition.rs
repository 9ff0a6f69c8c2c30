//! Repetition: the share of a stretch that does not repeat what it said before.
//!
//! Evidence is added up as if every peak said something of its own. A click track or a drum machine says one thing
//! again and again: a wrong line that meets it once meets it every time, and chance becomes certainty. So what repeats
//! exactly, over and over, counts once. (Sequence search masks low-complexity regions for the same reason: Wootton and
//! Federhen 1993.)

use super::params::RepetitionParams;
use crate::fingerprint::Point;
use crate::fingerprint::twins::{Tolerance, pairs, twins};

/// Share of the evidence in `points` (one stretch, in time order) that is new: 1 unless the stretch
/// repeats itself throughout, then what one period is of the whole.
pub fn distinct_share(points: &[Point], params: &RepetitionParams) -> f64 {
    let Some(shares) = Shares::of(points, params) else { return 1.0 };
    // A period's neighbours get some of its twins: the peak of the hill is the period.
    let period = shares.lags().find(|&lag| shares.at(lag) >= params.loop_share);
    let of_all = |lag: u32| f64::from(lag) / f64::from(length(points));
    period.map_or(1.0, |lag| of_all(lag).max(1.0 - shares.at(lag)))
}

/// The period at which most peaks of `points` (one stretch, in time order) have a twin one period earlier,
/// in time units, with their share.
pub fn strongest_period(points: &[Point], params: &RepetitionParams) -> Option<(u32, f64)> {
    let shares = Shares::of(points, params)?;
    let all = shares.lags().map(|lag| (lag, shares.at(lag)));
    all.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
}

/// Share of peaks that have a twin `lag` time units earlier.
pub fn twin_share(points: &[Point], lag: u32, params: &RepetitionParams) -> f64 {
    let later = after(points, lag).len();
    let all = twins(points, lag, params.twin).skip(points.len() - later);
    all.filter(Option::is_some).count() as f64 / later.max(1) as f64
}

/// Time from the first to the last of `points`.
fn length(points: &[Point]) -> u32 {
    points.first().zip(points.last()).map_or(0, |(first, last)| last.time - first.time)
}

/// How many peaks of a stretch have a twin one period earlier, for every period.
struct Shares<'a> {
    points: &'a [Point],
    counts: Vec<u32>,
    lags: std::ops::Range<u32>,
}

impl Shares<'_> {
    /// None where the stretch is too short to tell.
    fn of<'a>(points: &'a [Point], params: &RepetitionParams) -> Option<Shares<'a>> {
        let longest = params.max_lag.min(length(points) / 2);
        let lags = params.min_lag..longest;
        (longest > params.min_lag).then(|| {
            let counts = count(points, longest, params.twin);
            Shares { points, counts, lags }
        })
    }

    fn lags(&self) -> std::ops::Range<u32> {
        self.lags.clone()
    }

    fn at(&self, lag: u32) -> f64 {
        f64::from(self.counts[lag as usize]) / after(self.points, lag).len().max(1) as f64
    }
}

/// The points that are at least `lag` after the first.
fn after(points: &[Point], lag: u32) -> &[Point] {
    let first = points.first().map_or(0, |p| p.time);
    &points[points.partition_point(|p| p.time < first + lag)..]
}

/// Peaks with a twin about so much earlier, for every lag up to `longest`.
fn count(points: &[Point], longest: u32, twin: Tolerance) -> Vec<u32> {
    let mut counts = vec![0u32; (longest + twin.time) as usize + 1];
    let mut seen = vec![usize::MAX; counts.len()];
    pairs(points, longest, twin, |i, lag| {
        let near = lag.saturating_sub(twin.time) as usize..=(lag + twin.time) as usize;
        for (count, seen) in counts[near.clone()].iter_mut().zip(&mut seen[near]) {
            // One twin a peak and lag.
            if *seen != i {
                *seen = i;
                *count += 1;
            }
        }
    });
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::test_points::scattered;
    use crate::scan::params::ScanParams;

    const PARAMS: &RepetitionParams = &ScanParams::V1.repetition;

    #[test]
    fn a_loop_counts_once() {
        let bar = scattered(9, 60, 500);
        let repeated = (0..10u32)
            .flat_map(|n| bar.iter().map(move |p| Point { time: p.time + 500 * n, ..*p }))
            .collect::<Vec<_>>();
        let share = distinct_share(&repeated, PARAMS);
        assert!((0.08..0.14).contains(&share), "{share}");
    }

    #[test]
    fn the_period_of_a_loop_is_found_under_other_music() {
        let bar = scattered(9, 60, 500);
        let looped: Vec<Point> = (0..10)
            .flat_map(|n| bar.iter().map(move |p| Point { time: p.time + 500 * n, ..*p }))
            .collect();
        let (period, share) = strongest_period(&looped, PARAMS).unwrap();
        // Any of its multiples, to within what twins may differ by.
        assert!((period + PARAMS.twin.time) % 500 <= 2 * PARAMS.twin.time, "{period}");
        assert!(share > 0.95, "{share}");
        let mut mixed = scattered(10, 600, 5_000);
        mixed.extend(looped);
        mixed.sort();
        assert!(
            (0.4..0.8).contains(&twin_share(&mixed, 500, PARAMS)),
            "{}",
            twin_share(&mixed, 500, PARAMS)
        );
        assert_eq!(strongest_period(&[], PARAMS), None);
    }

    #[test]
    fn music_that_goes_on_counts_in_full() {
        assert_eq!(distinct_share(&scattered(10, 600, 5_000), PARAMS), 1.0);
        assert_eq!(distinct_share(&[], PARAMS), 1.0);
        // Drums that repeat under a tune that does not.
        let bar = scattered(9, 25, 500);
        let mut mixed = scattered(10, 300, 5_000);
        mixed.extend(
            (0..10).flat_map(|n| bar.iter().map(move |p| Point { time: p.time + 500 * n, ..*p })),
        );
        mixed.sort();
        assert_eq!(distinct_share(&mixed, PARAMS), 1.0);
    }
}
