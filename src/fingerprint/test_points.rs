//! Peaks at random places, for tests: music that no other music resembles.

use super::Point;
use crate::test_random::Random;

/// `count` peaks within `length` time units, in order, the same ones for the same `seed`.
pub(crate) fn scattered(seed: u64, count: u32, length: u32) -> Vec<Point> {
    let mut random = Random::new(seed);
    let one = |_| Point { time: random.below(length), freq: random.below(1_400) as u16, rank: 0 };
    let mut points: Vec<_> = (0..count).map(one).collect();
    points.sort();
    points
}
