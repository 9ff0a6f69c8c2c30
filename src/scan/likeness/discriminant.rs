//! Quadratic discriminants.

/// Standard deviations from the mean beyond which a measure tells nothing more.
const FAR: f64 = 4.0;

/// A quadratic function of `N` measures: above 0 on the side of recordings.
pub(super) struct Discriminant<const N: usize> {
    /// Mean and standard deviation of the measures.
    pub mean: [f64; N],
    pub deviation: [f64; N],
    pub constant: f64,
    pub linear: [f64; N],
    /// Weights of the products, row by row of the upper triangle.
    pub quadratic: &'static [f64],
}

impl<const N: usize> Discriminant<N> {
    pub(super) fn at(&self, measures: [f64; N]) -> f64 {
        let z: [f64; N] = std::array::from_fn(|i| {
            ((measures[i] - self.mean[i]) / self.deviation[i]).clamp(-FAR, FAR)
        });
        let pairs = (0..N).flat_map(|i| (i..N).map(move |j| (i, j)));
        let products = pairs.zip(self.quadratic).map(|((i, j), w)| w * z[i] * z[j]);
        let linear = self.linear.iter().zip(z).map(|(w, z)| w * z);
        self.constant + linear.sum::<f64>() + products.sum::<f64>()
    }
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
        assert_eq!(d.at([3.0, 2.0]), 16.5);
        assert_eq!(d.at([3.0, 1e9]), d.at([3.0, 4.0]));
    }
}
