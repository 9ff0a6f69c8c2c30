//! Twins: peaks of a track that come again one period later, at the same pitch.
//!
//! What repeats exactly shows as peaks that all have a twin at one and the same distance. This is counted for two
//! purposes: to tell that a track is a loop ([`super::repetition`]), and to discount evidence that says the same thing
//! over and over (`scan::repetition`).

use super::constellation::Point;

/// How far a peak may be from where its twin would lie exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tolerance {
    /// In time units.
    pub time: u32,
    /// In frequency units.
    pub freq: u16,
}

impl Tolerance {
    /// A frame, and half a bin.
    pub const USUAL: Tolerance = Tolerance { time: 3, freq: 4 };
}

/// Calls `visit` with the number of each of `points` (in time order) and its distance from each earlier one of like
/// frequency, up to `longest`. In no order that means anything.
pub fn pairs(
    points: &[Point],
    longest: u32,
    tolerance: Tolerance,
    mut visit: impl FnMut(usize, u32),
) {
    // Earlier peaks in rows as high as twins may differ: only neighbouring rows matter.
    let row = |freq: u16| usize::from(freq / (tolerance.freq + 1));
    let top = points.iter().map(|p| row(p.freq)).max().unwrap_or(0);
    let mut earlier: Vec<Vec<Point>> = vec![Vec::new(); top + 2];
    for (i, p) in points.iter().enumerate() {
        let own = row(p.freq);
        for near in &earlier[own.saturating_sub(1)..=own + 1] {
            for q in near.iter().rev().take_while(|q| p.time - q.time <= longest) {
                if q.freq.abs_diff(p.freq) <= tolerance.freq {
                    visit(i, p.time - q.time);
                }
            }
        }
        earlier[own].push(*p);
    }
}

/// How far before each of `points` (in time order) its twin of about `lag` earlier lies; of several the nearest.
pub fn twins(
    points: &[Point],
    lag: u32,
    tolerance: Tolerance,
) -> impl Iterator<Item = Option<u32>> {
    let mut oldest = 0;
    points.iter().map(move |p| {
        let wanted = p.time.checked_sub(lag)?;
        let late = |q: &&Point| q.time + tolerance.time < wanted;
        oldest += points[oldest..].iter().take_while(late).count();
        let near = points[oldest..].iter().take_while(|q| q.time <= wanted + tolerance.time);
        let twin = near
            .filter(|q| q.freq.abs_diff(p.freq) <= tolerance.freq)
            .min_by_key(|q| (q.time.abs_diff(wanted), q.freq.abs_diff(p.freq)))?;
        Some(p.time.saturating_sub(twin.time))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::test_points::scattered;

    const SAME: Tolerance = Tolerance::USUAL;

    #[test]
    fn pairs_are_those_that_a_look_at_all_finds() {
        let points = scattered(4, 400, 2_000);
        let mut all = Vec::new();
        for (i, p) in points.iter().enumerate() {
            let earlier = points[..i].iter().filter(|q| q.freq.abs_diff(p.freq) <= SAME.freq);
            all.extend(earlier.map(|q| (i, p.time - q.time)).filter(|(_, lag)| *lag <= 700));
        }
        let mut found = Vec::new();
        pairs(&points, 700, SAME, |i, lag| found.push((i, lag)));
        all.sort_unstable();
        found.sort_unstable();
        assert!(!all.is_empty());
        assert_eq!(found, all);
    }

    #[test]
    fn a_peak_that_comes_again_has_a_twin() {
        let mut points = scattered(9, 60, 500);
        let again: Vec<Point> =
            points.iter().map(|p| Point { time: p.time + 502, freq: p.freq + 1, ..*p }).collect();
        points.extend(again);
        points.sort();
        let found: Vec<Option<u32>> = twins(&points, 500, SAME).collect();
        let later = points.iter().zip(&found).filter(|(p, _)| p.time >= 502);
        assert!(later.clone().all(|(_, twin)| twin.is_some_and(|t| t.abs_diff(500) <= SAME.time)));
        assert!(later.count() >= 60);
        assert!(points.iter().zip(&found).all(|(p, twin)| p.time >= 497 || twin.is_none()));
    }
}
