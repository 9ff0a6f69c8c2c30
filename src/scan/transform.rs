//! Time and pitch scale modification: how a query's time and frequency axes map onto a reference's.

use super::params::TransformParams;
use crate::fingerprint::Point;
use crate::fingerprint::constellation::{FREQ_UNITS_PER_BIN, TIME_UNITS_PER_SECOND};
use crate::params::FingerprintParams;

/// An affine map from query points to reference points: pitch, tempo and speed changes are
/// translations and scalings of the constellation, so this is all a copy can do to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transform {
    /// Reference time of query time zero, in time units.
    pub offset: f64,
    /// Reference time units per query time unit: above 1 the query plays faster.
    pub time_factor: f64,
    /// Query frequency minus reference frequency, in frequency units: above 0 it sounds higher.
    pub freq_shift: f64,
}

impl Transform {
    /// Same speed and pitch, shifted by `offset` time units.
    pub fn shift(offset: f64) -> Transform {
        Transform { offset, time_factor: 1.0, freq_shift: 0.0 }
    }

    /// Reference time of a query time.
    #[inline]
    pub fn time(&self, query_time: f64) -> f64 {
        self.offset + self.time_factor * query_time
    }

    /// Where a query point should lie in the reference.
    #[inline]
    pub fn apply(&self, p: &Point) -> (f64, f64) {
        (self.time(f64::from(p.time)), f64::from(p.freq) - self.freq_shift)
    }

    /// The way back.
    #[must_use]
    pub fn inverse(&self) -> Transform {
        Transform {
            offset: -self.offset / self.time_factor,
            time_factor: 1.0 / self.time_factor,
            freq_shift: -self.freq_shift,
        }
    }

    /// The same line where the query's time zero lay at `begin`.
    #[must_use]
    pub fn after(&self, begin: u32) -> Transform {
        Transform { offset: self.offset - self.time_factor * f64::from(begin), ..*self }
    }

    /// First along `self`, then along `next`.
    #[must_use]
    pub fn then(&self, next: &Transform) -> Transform {
        Transform {
            offset: next.time(self.offset),
            time_factor: self.time_factor * next.time_factor,
            freq_shift: self.freq_shift + next.freq_shift,
        }
    }

    /// Whether this is another speed or pitch, beyond what drifting clocks and rounding do.
    pub fn is_changed(&self, params: &TransformParams) -> bool {
        (self.time_factor - 1.0).abs() > params.same_speed
            || self.freq_shift.abs() > params.same_pitch
    }

    /// Whether this is another line than `other` along a query that ends at `query_end`.
    pub(super) fn differs(
        &self,
        other: &Transform,
        query_end: u32,
        params: &TransformParams,
    ) -> bool {
        let gap = |t: f64| (self.time(t) - other.time(t)).abs();
        gap(0.0).max(gap(f64::from(query_end))) > params.same_line
            || (self.freq_shift - other.freq_shift).abs() > params.same_line_pitch
    }

    /// Pitch change in cents.
    pub fn pitch_cents(&self, params: &FingerprintParams) -> f64 {
        self.freq_shift / FREQ_UNITS_PER_BIN * 1200.0 / params.bins_per_octave as f64
    }
}

/// Time units to milliseconds.
pub fn to_ms(units: f64) -> f64 {
    units * 1000.0 / TIME_UNITS_PER_SECOND
}

/// Milliseconds to whole time units.
pub fn to_units(ms: u64) -> u32 {
    (ms as f64 * TIME_UNITS_PER_SECOND / 1000.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_leads_home() {
        let transform = Transform { offset: 120.0, time_factor: 1.06, freq_shift: 8.0 };
        let home = transform.then(&transform.inverse());
        assert!(home.offset.abs() < 1e-9, "{home:?}");
        assert!((home.time_factor - 1.0).abs() < 1e-12);
        assert_eq!(home.freq_shift, 0.0);
    }
}
