//! Self-repetition discount: the share of a stretch that does not repeat what it said before.
//!
//! Evidence is added up as if every peak said something of its own. A click track or a drum machine says one thing
//! again and again: a wrong line that meets it once meets it every time, and chance becomes certainty. So what repeats
//! exactly, over and over, counts once. (Sequence search masks low-complexity regions for the same reason: Wootton and
//! Federhen 1993.)

use crate::fingerprint::Point;

/// Shortest period looked for, in time units (0.2 s).
const MIN_LAG: u32 = 50;
/// Longest (12 s).
const MAX_LAG: u32 = 3_000;
/// Distance in time units up to which a peak repeats an earlier one.
const SAME_TIME: u32 = 3;
/// The same in frequency units.
const SAME_FREQ: u16 = 4;
/// Share of peaks with a twin one period earlier from which a stretch is a loop. Music with a steady
/// beat stays well below: instruments and voices go on while drums repeat.
const LOOP: f64 = 0.75;

/// Share of the evidence in `points` (one stretch, in time order) that is new: 1 unless the stretch
/// repeats itself throughout, then what one period is of the whole.
pub fn distinct_share(points: &[Point]) -> f64 {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return 1.0 };
    let length = last.time - first.time;
    let longest = MAX_LAG.min(length / 2);
    if longest <= MIN_LAG {
        return 1.0;
    }
    let twins = twins(points, longest);
    // A period's neighbours get some of its twins: the peak of the hill is the period.
    let share = |lag: u32| f64::from(twins[lag as usize]) / after(points, lag).len().max(1) as f64;
    let period = (MIN_LAG..longest).find(|&lag| share(lag) >= LOOP);
    period.map_or(1.0, |lag| (f64::from(lag) / f64::from(length)).max(1.0 - share(lag)))
}

/// The period at which most peaks of `points` (one stretch, in time order) have a twin one period earlier,
/// in time units, with their share.
pub fn strongest_period(points: &[Point]) -> Option<(u32, f64)> {
    let length = points.last()?.time - points.first()?.time;
    let longest = MAX_LAG.min(length / 2);
    let counts = (longest > MIN_LAG).then(|| twins(points, longest))?;
    let share = |lag: u32| f64::from(counts[lag as usize]) / after(points, lag).len().max(1) as f64;
    let best = (MIN_LAG..longest).map(|lag| (lag, share(lag)));
    best.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
}

/// Share of peaks that have a twin `lag` time units earlier.
pub fn twin_share(points: &[Point], lag: u32) -> f64 {
    let later = after(points, lag);
    let has_twin = |p: &&Point| {
        let at = p.time - lag;
        let from = points.partition_point(|q| q.time + SAME_TIME < at);
        let mut near = points[from..].iter().take_while(|q| q.time <= at + SAME_TIME);
        near.any(|q| q.freq.abs_diff(p.freq) <= SAME_FREQ)
    };
    later.iter().filter(has_twin).count() as f64 / later.len().max(1) as f64
}

/// The points that are at least `lag` after the first.
fn after(points: &[Point], lag: u32) -> &[Point] {
    let first = points.first().map_or(0, |p| p.time);
    &points[points.partition_point(|p| p.time < first + lag)..]
}

/// Peaks with a twin about `lag` earlier, for every lag up to `longest`.
fn twins(points: &[Point], longest: u32) -> Vec<u32> {
    let mut counts = vec![0u32; (longest + SAME_TIME) as usize + 1];
    let mut seen = vec![u32::MAX; counts.len()];
    // Earlier times by frequency, in cells as wide as twins may differ: only neighbouring cells matter.
    let cell = |freq: u16| usize::from(freq / (SAME_FREQ + 1));
    let top = points.iter().map(|p| cell(p.freq)).max().unwrap_or(0);
    let mut earlier: Vec<Vec<Point>> = vec![Vec::new(); top + 2];
    for (i, p) in points.iter().enumerate() {
        let own = cell(p.freq);
        for column in &earlier[own.saturating_sub(1)..=own + 1] {
            for q in column.iter().rev().take_while(|q| p.time - q.time <= longest) {
                if q.freq.abs_diff(p.freq) > SAME_FREQ {
                    continue;
                }
                let lag = p.time - q.time;
                for near in lag.saturating_sub(SAME_TIME)..=lag + SAME_TIME {
                    // One twin a peak and lag.
                    let slot = near as usize;
                    if slot < counts.len() && seen[slot] != i as u32 {
                        seen[slot] = i as u32;
                        counts[slot] += 1;
                    }
                }
            }
        }
        earlier[own].push(*p);
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::test_points::scattered;

    #[test]
    fn a_loop_counts_once() {
        let bar = scattered(9, 60, 500);
        let repeated = (0..10u32)
            .flat_map(|n| bar.iter().map(move |p| Point { time: p.time + 500 * n, ..*p }))
            .collect::<Vec<_>>();
        let share = distinct_share(&repeated);
        assert!((0.08..0.14).contains(&share), "{share}");
    }

    #[test]
    fn the_period_of_a_loop_is_found_under_other_music() {
        let bar = scattered(9, 60, 500);
        let looped: Vec<Point> = (0..10)
            .flat_map(|n| bar.iter().map(move |p| Point { time: p.time + 500 * n, ..*p }))
            .collect();
        let (period, share) = strongest_period(&looped).unwrap();
        // Any of its multiples, to within what twins may differ by.
        assert!((period + SAME_TIME) % 500 <= 2 * SAME_TIME, "{period}");
        assert!(share > 0.95, "{share}");
        let mut mixed = scattered(10, 600, 5_000);
        mixed.extend(looped);
        mixed.sort();
        assert!((0.4..0.8).contains(&twin_share(&mixed, 500)), "{}", twin_share(&mixed, 500));
        assert_eq!(strongest_period(&[]), None);
    }

    #[test]
    fn music_that_goes_on_counts_in_full() {
        assert_eq!(distinct_share(&scattered(10, 600, 5_000)), 1.0);
        assert_eq!(distinct_share(&[]), 1.0);
        // Drums that repeat under a tune that does not.
        let bar = scattered(9, 25, 500);
        let mut mixed = scattered(10, 300, 5_000);
        mixed.extend(
            (0..10).flat_map(|n| bar.iter().map(move |p| Point { time: p.time + 500 * n, ..*p })),
        );
        mixed.sort();
        assert_eq!(distinct_share(&mixed), 1.0);
    }
}
