//! How rarely unrelated works score as high: z, and the expected number of works that would.
//!
//! Scores of different queries do not compare: a held chord scores high with everything. So a query's scores are
//! seen among its own scores with unrelated works, drawn at random and those that look most like it, the best few left
//! out, as the true ones are among them; the stricter of both holds, since a null distribution of another style is
//! far too hopeful. The tail beyond is exponential, as for local alignments of sequences (Karlin and Altschul 1990).

use super::params::{SignificanceParams, TailParams};

/// Scores of a query with unrelated works.
#[derive(Debug, Clone, PartialEq)]
pub struct Null {
    /// Means and deviations of the parts.
    parts: Vec<(f64, f64)>,
    /// Works that it is made of.
    pub works: usize,
}

impl Null {
    /// Of the scores with works drawn at random and with those most alike; none where they are too few to tell.
    pub fn new(drawn: &[f32], alike: &[f32], params: &SignificanceParams) -> Option<Null> {
        let parts = [drawn, alike].into_iter().filter_map(|scores| moments(scores, params));
        let parts: Vec<(f64, f64)> = parts.collect();
        let works = drawn.len().max(alike.len());
        (!parts.is_empty()).then_some(Null { parts, works })
    }

    /// Deviations of a score from the mean; the least by any part.
    pub fn z(&self, score: f32) -> f64 {
        let z = |(mean, deviation): &(f64, f64)| (f64::from(score) - mean) / deviation;
        self.parts.iter().map(z).fold(f64::INFINITY, f64::min)
    }
}

/// Mean and deviation without the best; none of too few.
fn moments(scores: &[f32], params: &SignificanceParams) -> Option<(f64, f64)> {
    if scores.len() < params.fewest {
        return None;
    }
    let mut sorted: Vec<f64> = scores.iter().map(|score| f64::from(*score)).collect();
    sorted.sort_by(f64::total_cmp);
    let left_out = (sorted.len() as f64 * params.left_out).ceil() as usize;
    sorted.truncate(sorted.len() - left_out);
    let count = sorted.len() as f64;
    let mean = sorted.iter().sum::<f64>() / count;
    let variance = sorted.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / count;
    Some((mean, variance.sqrt() + f64::from(params.floor)))
}

/// Share of unrelated works that score so many deviations over the mean, or more.
pub fn tail(z: f64, params: &TailParams) -> f64 {
    if z <= params.from {
        // Down to the mean, which every other work reaches, on the cautious side of what is seen.
        return params.share.powf((z / params.from).max(0.0));
    }
    params.share * (-(z - params.from) / params.scale).exp()
}

/// How rarely the best of several tests says so much by chance: each is one more that might. The index tells which it
/// was; none where nothing was tested.
pub fn best_test(shares: &[Option<f64>]) -> Option<(usize, f64)> {
    let tests = shares.iter().flatten().count() as f64;
    let known = shares.iter().enumerate().filter_map(|(test, share)| Some((test, (*share)?)));
    // Of equal ones the first.
    let (test, share) = known.min_by(|a, b| a.1.total_cmp(&b.1))?;
    Some((test, (tests * share).min(1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::works::params::WorkParams;

    const PARAMS: SignificanceParams = WorkParams::V1.significance;
    const HARMONY: TailParams = PARAMS.tails[0];

    #[test]
    fn the_stricter_null_holds_and_too_few_works_tell_nothing() {
        let spread = |mean: f32| -> Vec<f32> { (0..100).map(|i| mean + (i % 10) as f32).collect() };
        let (drawn, alike) = (spread(5.0), spread(20.0));
        let both = Null::new(&drawn, &alike, &PARAMS).unwrap();
        let one = Null::new(&drawn, &[], &PARAMS).unwrap();
        assert!(both.z(40.0) < one.z(40.0));
        assert_eq!(both.works, 100);
        assert!(tail(both.z(60.0), &HARMONY) < tail(both.z(40.0), &HARMONY));
        assert_eq!(Null::new(&drawn[..20], &alike[..20], &PARAMS), None);
    }

    #[test]
    fn the_one_that_resembles_is_no_part_of_its_null() {
        let mut scores: Vec<f32> = (0..100).map(|i| (i % 10) as f32).collect();
        let without = Null::new(&scores, &[], &PARAMS).unwrap().z(50.0);
        scores[3] = 50.0;
        let with = Null::new(&scores, &[], &PARAMS).unwrap().z(50.0);
        assert!((with - without).abs() < 0.5, "{with} {without}");
    }

    #[test]
    fn the_best_test_counts_the_others() {
        assert_eq!(best_test(&[Some(1e-6), Some(1.0), None]), Some((0, 2e-6)));
        assert_eq!(best_test(&[Some(1e-6), None, None]), Some((0, 1e-6)));
        assert_eq!(best_test(&[Some(0.9), Some(0.8), Some(0.7)]), Some((2, 1.0)));
        assert_eq!(best_test(&[None, None]), None);
    }
}
