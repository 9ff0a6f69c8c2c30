//! Quadratic discriminants.

use crate::scan::params::Discriminant;

/// Value of a discriminant; a measure farther than `far` standard deviations from the mean tells nothing more.
pub(super) fn value<const N: usize>(d: &Discriminant<N>, measures: [f64; N], far: f64) -> f64 {
    let z: [f64; N] =
        std::array::from_fn(|i| ((measures[i] - d.mean[i]) / d.deviation[i]).clamp(-far, far));
    let pairs = (0..N).flat_map(|i| (i..N).map(move |j| (i, j)));
    let products = pairs.zip(d.quadratic).map(|((i, j), w)| w * z[i] * z[j]);
    let linear = d.linear.iter().zip(z).map(|(w, z)| w * z);
    d.constant + linear.sum::<f64>() + products.sum::<f64>()
}

/// Logarithm of what is 0 at least.
pub(super) fn ln(value: f64, least: f64) -> f64 {
    (value + least).ln()
}

/// Logarithm of what a share or a correlation lacks to 1.
pub(super) fn ln_lack(value: f64) -> f64 {
    (1.01 - value.max(-0.5)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_products_and_clamping() {
        let d = Discriminant {
            mean: [1.0, 0.0],
            deviation: [2.0, 1.0],
            constant: 0.5,
            linear: [1.0, -1.0],
            quadratic: &[1.0, 2.0, 3.0],
        };
        // z = (1, 2): 0.5 + 1 - 2 + 1 + 2 * 2 + 3 * 4.
        assert_eq!(value(&d, [3.0, 2.0], 4.0), 16.5);
        assert_eq!(value(&d, [3.0, 1e9], 4.0), value(&d, [3.0, 4.0], 4.0));
    }
}
