//! Fit: weighted least squares for a line.

/// Weighted sums over points (x, y), from which the line through them follows.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LineFit {
    pub(super) weight: f64,
    x: f64,
    y: f64,
    xx: f64,
    xy: f64,
}

impl LineFit {
    /// Adds a point.
    #[inline]
    pub(super) fn add(&mut self, x: f64, y: f64, weight: f64) {
        self.weight += weight;
        self.x += weight * x;
        self.y += weight * y;
        self.xx += weight * x * x;
        self.xy += weight * x * y;
    }

    /// The slope, pulled towards 0: `prior` is the variance of y over what the variance of the slope was before anything
    /// was seen. None where x spreads by less than `min_spread` (its standard deviation).
    pub(super) fn slope(&self, prior: f64, min_spread: f64) -> Option<f64> {
        let spread = self.weight * self.xx - self.x * self.x;
        let least = self.weight * self.weight * min_spread * min_spread;
        if min_spread > 0.0 && spread <= least {
            return None;
        }
        Some((self.weight * self.xy - self.x * self.y) / (spread + self.weight * prior))
    }

    /// y at x = 0 on the line of that slope.
    pub(super) fn intercept(&self, slope: f64) -> f64 {
        (self.y - slope * self.x) / self.weight
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(points: impl Iterator<Item = (f64, f64)>) -> LineFit {
        let mut fit = LineFit::default();
        points.for_each(|(x, y)| fit.add(x, y, 0.5));
        fit
    }

    #[test]
    fn points_of_a_line_give_the_line() {
        let line = fit((0..9).map(|i| f64::from(i) * 100.0).map(|x| (x, 30.0 + 1.25 * x)));
        let slope = line.slope(0.0, 250.0).unwrap();
        assert!((slope - 1.25).abs() < 1e-12, "{slope}");
        assert!((line.intercept(slope) - 30.0).abs() < 1e-9);
        // The more one knew before, the less a few points change.
        let pulled = line.slope(300_000.0, 0.0).unwrap();
        assert!((0.5..0.8).contains(&pulled), "{pulled}");
    }

    #[test]
    fn points_of_one_moment_have_no_slope() {
        let line = fit((0..9).map(|i| (f64::from(i), f64::from(i * i))));
        assert_eq!(line.slope(0.0, 250.0), None);
        assert_eq!(fit(std::iter::empty()).slope(0.0, 250.0), None);
    }
}
