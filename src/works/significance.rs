//! How rarely unrelated works score as high: z, and the expected number of works that would.
//!
//! Scores of different queries do not compare: a held chord scores high with everything. So a query's scores are
//! seen among its own scores with unrelated works, drawn at random and those that look most like it, the best few left
//! out, as the true ones are among them; the stricter of both holds, since a null distribution of another style is
//! far too hopeful. The tail beyond is exponential, as for local alignments of sequences (Karlin and Altschul 1990).

use super::params::{ChannelParams, SignificanceParams};

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
pub fn tail(z: f64, params: &ChannelParams) -> f64 {
    if z <= params.tail_from {
        // Down to the mean, which every other work reaches, on the cautious side of what is seen.
        return params.tail_share.powf((z / params.tail_from).max(0.0));
    }
    params.tail_share * (-(z - params.tail_from) / params.tail_scale).exp()
}

/// How rarely two channels that know nothing of each other agree so well by chance: the better of both, which are two
/// tests, or both together by Fisher's method (1925), whichever says more; the flag tells that it is both.
///
/// Neither alone would do: a tune over other chords is drowned by a sum, and where tune and chords are kept and the rest
/// is not, both are weak.
pub fn joint(shares: [Option<f64>; 2], weight: f64) -> (f64, bool) {
    let [Some(a), Some(b)] = shares else {
        return (shares.into_iter().flatten().fold(1.0, f64::min), false);
    };
    let single = 2.0 * a.min(b);
    let product = (a * b).max(f64::MIN_POSITIVE);
    let both = weight * product * (1.0 - product.ln());
    (single.min(both).min(1.0), both < single)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::works::params::WorkParams;

    const PARAMS: SignificanceParams = WorkParams::V1.significance;
    const HARMONY: ChannelParams = WorkParams::V1.channels[0];

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
    fn one_channel_is_not_drowned_and_two_weak_ones_add_up() {
        assert_eq!(joint([Some(1e-6), Some(1.0)], 10.0), (2e-6, false));
        assert_eq!(joint([Some(1e-6), None], 10.0), (1e-6, false));
        assert_eq!(joint([None, None], 10.0), (1.0, false));
        let (share, both) = joint([Some(1e-4), Some(1e-4)], 10.0);
        assert!(both && share < 1e-5, "{share}");
    }
}
