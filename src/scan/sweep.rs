//! Sweep: which peaks of a reference lie near each of a row of query peaks. Both are in time order, so one pass does.

use crate::fingerprint::Point;

/// A stretch of a reference that moves on with the query.
pub(super) struct Sweep<'a> {
    points: &'a [Point],
    from: usize,
    to: usize,
}

impl<'a> Sweep<'a> {
    /// Begins where peaks are not before `first` (time units).
    pub(super) fn from(points: &'a [Point], first: f64) -> Sweep<'a> {
        let from = points.partition_point(|r| f64::from(r.time) < first);
        Sweep { points, from, to: from }
    }

    /// The peaks from `earliest` to `latest`, neither of which is less than the last time.
    #[inline]
    pub(super) fn between(&mut self, earliest: f64, latest: f64) -> &'a [Point] {
        let (earliest, latest) = (ceil(earliest), floor(latest));
        while self.points.get(self.from).is_some_and(|r| i64::from(r.time) < earliest) {
            self.from += 1;
        }
        self.to = self.to.max(self.from);
        while self.points.get(self.to).is_some_and(|r| i64::from(r.time) <= latest) {
            self.to += 1;
        }
        &self.points[self.from..self.to]
    }
}

/// `x.floor()` as an integer, without the call into the C library that it is on older processors.
#[inline]
pub(super) fn floor(x: f64) -> i64 {
    let whole = x as i64;
    whole - i64::from(whole as f64 > x)
}

/// `x.ceil()` likewise.
#[inline]
fn ceil(x: f64) -> i64 {
    -floor(-x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::test_points::scattered;

    #[test]
    fn a_sweep_sees_what_a_look_at_all_sees() {
        let (query, there) = (scattered(1, 90, 900), scattered(2, 300, 1_000));
        let near = |p: &Point| (1.06 * f64::from(p.time) - 7.5, 1.06 * f64::from(p.time) + 7.5);
        let mut sweep = Sweep::from(&there, near(&query[0]).0);
        for p in &query {
            let (from, to) = near(p);
            let inside = |r: &&Point| (from..=to).contains(&f64::from(r.time));
            let all: Vec<Point> = there.iter().filter(inside).copied().collect();
            assert_eq!(sweep.between(from, to), all);
        }
    }

    #[test]
    fn rounding_is_that_of_the_library() {
        for x in [-2.5, -2.0, -0.1, 0.0, 0.4, 3.0, 3.9_f64] {
            assert_eq!((floor(x), ceil(x)), (x.floor() as i64, x.ceil() as i64));
        }
    }
}
