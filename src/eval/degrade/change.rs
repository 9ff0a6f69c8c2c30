//! How fast and how high a copy plays.

/// Speed and pitch of a copy against its source.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Change {
    /// Seconds of the source per second of the copy: above 1 the copy plays faster.
    pub(crate) factor: f64,
    /// How much higher than the source the copy sounds, in cents.
    pub(crate) cents: f64,
}

impl Change {
    /// As fast and as high as the source.
    pub(crate) const NONE: Change = Change { factor: 1.0, cents: 0.0 };

    /// Played at another speed, as a tape: what is faster is also higher.
    pub(crate) fn speed(factor: f64) -> Change {
        Change { factor, cents: 1_200.0 * factor.log2() }
    }

    /// Faster or slower, at the same pitch.
    pub(crate) fn tempo(factor: f64) -> Change {
        Change { factor, cents: 0.0 }
    }

    /// `ratio` times as high, at the same tempo.
    pub(crate) fn pitch(ratio: f64) -> Change {
        Change { factor: 1.0, cents: 1_200.0 * ratio.log2() }
    }
}
