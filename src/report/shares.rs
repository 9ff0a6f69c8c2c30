//! What each signal has in the score of a cluster, in whole points that add up to the score shown.
//!
//! The score is `100 * (1 - prod(1 - w * v))` times the excuses, so signals add in logarithms: each has a part of
//! the score in proportion to `-ln(1 - w * v)`. Excuses take off one after the other. The parts are rounded by
//! largest remainders (Hamilton's method), so that nobody adds them up to another number.

use crate::dedup::cluster::{Cluster, Contribution};

/// The points of each contribution of `c`, in their order.
pub fn shares(c: &Cluster) -> Vec<i64> {
    let parts = parts(c);
    let mut points: Vec<i64> = parts.iter().map(|part| part.floor() as i64).collect();
    let missing = c.score.clamp(0.0, 100.0).round() as i64 - points.iter().sum::<i64>();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    let remainder = |at: &usize| parts[*at] - parts[*at].floor();
    order.sort_by(|a, b| remainder(b).total_cmp(&remainder(a)));
    for at in order.into_iter().take(usize::try_from(missing).unwrap_or(0)) {
        points[at] += 1;
    }
    points
}

/// The same, unrounded.
fn parts(c: &Cluster) -> Vec<f64> {
    // Signals weigh less than one, excuses are factors.
    let is_excuse = |c: &Contribution| c.weight >= 1.0;
    let factor = |c: &Contribution| c.value.clamp(0.0, 1.0);
    let strength = |c: &Contribution| -(1.0 - (c.weight * c.value).clamp(0.0, 0.999_999)).ln();
    let (excuses, signals): (Vec<_>, Vec<_>) = c.contributions.iter().partition(|c| is_excuse(c));
    let all: f64 = signals.into_iter().map(strength).sum();
    let mercy: f64 = excuses.into_iter().map(factor).product();
    // The score is the unrounded truth; the values beside it are rounded.
    let full = match mercy > 0.0 {
        true => (c.score.clamp(0.0, 100.0) / mercy).min(100.0),
        false => 100.0 * (1.0 - (-all).exp()),
    };
    let mut left = full;
    let part = |c: &Contribution| {
        let part = if is_excuse(c) {
            left * (factor(c) - 1.0)
        } else if all > 0.0 {
            return full * strength(c) / all;
        } else {
            0.0
        };
        left += part;
        part
    };
    let parts = c.contributions.iter().map(part);
    parts.map(|part| if part.is_finite() { part } else { 0.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rounding::rounded;
    use crate::test_random::Random;

    fn part(weight: f64, value: f64) -> Contribution {
        Contribution { weight, value, ..Contribution::default() }
    }

    /// A cluster with the score that its contributions make, both rounded as in records.
    fn cluster(mut contributions: Vec<Contribution>) -> Cluster {
        let is_signal = |c: &&Contribution| c.weight < 1.0;
        let signals = contributions.iter().filter(is_signal);
        let none: f64 = signals.map(|c| 1.0 - c.weight * c.value).product();
        let mercy: f64 = contributions.iter().filter(|c| !is_signal(c)).map(|c| c.value).product();
        contributions.iter_mut().for_each(|c| c.value = rounded(c.value, 3));
        let score = rounded(100.0 * mercy * (1.0 - none), 1);
        Cluster { contributions, score, ..Cluster::default() }
    }

    #[test]
    fn points_add_up_to_the_score_that_is_shown() {
        let mut random = Random::new(11);
        for _ in 0..2_000 {
            let signals = 1 + random.below(10);
            let mut all: Vec<Contribution> = (0..signals)
                .map(|_| {
                    let (weight, value) = (random.below(450), random.below(1001));
                    part(f64::from(weight) / 1000.0, f64::from(value) / 1007.0)
                })
                .collect();
            all.extend((0..random.below(3)).map(|_| part(1.0, f64::from(random.below(10)) / 10.0)));
            let cluster = cluster(all);
            let points = shares(&cluster);
            assert_eq!(points.iter().sum::<i64>(), cluster.score.round() as i64);
            for (points, exact) in points.iter().zip(parts(&cluster)) {
                assert!((*points as f64 - exact).abs() < 1.0);
            }
        }
    }

    #[test]
    fn records_that_somebody_edited_are_no_trouble() {
        let odd =
            [part(f64::NAN, 1.0), part(0.5, f64::INFINITY), part(1.0, f64::NAN), part(9.0, -3.0)];
        for score in [f64::NAN, -5.0, 1e300, 50.0] {
            let cluster = Cluster { score, contributions: odd.to_vec(), ..Cluster::default() };
            assert_eq!(shares(&cluster).len(), odd.len());
        }
        assert!(shares(&Cluster::default()).is_empty());
    }
}
