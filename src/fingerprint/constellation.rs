//! The constellation: spectral peaks as points in (time, log-frequency), and their compact form.
//!
//! Pitch, tempo and speed changes are translations and scalings of this point set, so everything
//! after the front end works on it alone: descriptors, alignment, verification and the pictures
//! in a report. The levels of a few wide bands go with it, for the last question only: what else is in the sound.

use super::levels::{BandLevels, BandLevelsError};
use super::prefix_code::PrefixCodeError;
pub use super::time::{MS_PER_TIME_UNIT, TIME_UNITS_PER_SECOND, time_units};
use crate::params::FingerprintParams;
/// Frequency units per log-frequency bin (1/8 bin, 4.2 cents at 36 bins per octave).
pub const FREQ_UNITS_PER_BIN: f64 = 8.0;
/// Ranks are stored in five bits.
pub const MAX_RANK: u8 = 31;

/// Longest track there is, in time units: 48 hours. What is built from a constellation (densities,
/// vote cells) grows with its duration, so that a stored one must not claim any number.
pub const MAX_DURATION: u32 = 48 * 3600 * TIME_UNITS_PER_SECOND as u32;

/// One spectral peak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// Time from the start of the track, in units of 4 ms.
    pub time: u32,
    /// Log-frequency above the lowest bin, in 1/8 bins.
    pub freq: u16,
    /// Rank of its contrast among the peaks of its band within half a second: 0 is the strongest.
    pub rank: u8,
}

/// Peaks of one track, sorted by time, then frequency, and the levels under them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Constellation {
    /// The peaks.
    pub points: Vec<Point>,
    /// Length of the track in time units.
    pub duration: u32,
    /// How loud some wide bands are, over time.
    pub levels: BandLevels,
}

/// Why stored bytes are not a constellation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConstellationError {
    /// The bytes end inside a header or a point.
    #[error("constellation ends early")]
    Truncated,
    /// The point count does not fit the bytes.
    #[error("constellation of {bytes} bytes claims {points} points")]
    Count {
        /// Number of points the header claims.
        points: u32,
        /// Number of bytes there are.
        bytes: usize,
    },
    /// The duration is beyond [`MAX_DURATION`].
    #[error("constellation claims a duration of {0} time units")]
    Duration(u32),
    /// A time would pass the end of the track.
    #[error("constellation has a point after its end")]
    Time,
    /// Points are packed in a way that they cannot be unpacked.
    #[error("constellation: {0}")]
    Packed(#[from] PrefixCodeError),
    /// What follows the points is no band levels.
    #[error(transparent)]
    Levels(#[from] BandLevelsError),
}

impl Constellation {
    /// Duration in milliseconds.
    pub fn duration_ms(&self) -> u64 {
        u64::from(self.duration) * u64::from(MS_PER_TIME_UNIT)
    }

    /// What a reference keeps of a track that was analysed more densely: ranks count all rivals, whatever
    /// is kept, so a quota is a bound on the rank.
    pub fn thinned(&self, params: &FingerprintParams) -> Constellation {
        let kept = |p: &&Point| {
            let bin = usize::from(p.freq) / FREQ_UNITS_PER_BIN as usize;
            usize::from(p.rank) < params.quota[band_of(params, bin)]
        };
        let points = self.points.iter().filter(kept).copied().collect();
        Constellation { points, duration: self.duration, levels: self.levels.clone() }
    }

    /// The same peaks, every time multiplied by `ratio`.
    pub fn stretched(&self, ratio: f64) -> Constellation {
        let scaled = |time: u32| (f64::from(time) * ratio).round() as u32;
        let points = self.points.iter().map(|p| Point { time: scaled(p.time), ..*p }).collect();
        Constellation { points, duration: scaled(self.duration), ..Constellation::default() }
    }

    /// The same peaks `units` frequency units higher, without those that leave the axis.
    pub fn transposed(&self, units: i32, params: &FingerprintParams) -> Constellation {
        let top = (params.bins as f64 * FREQ_UNITS_PER_BIN) as i32;
        let moved = |p: &Point| {
            let freq = i32::from(p.freq) + units;
            (0..top).contains(&freq).then_some(Point { freq: freq as u16, ..*p })
        };
        let points = self.points.iter().filter_map(moved).collect();
        Constellation { points, duration: self.duration, ..Constellation::default() }
    }

    /// The points with `from <= time < to`.
    pub fn between(&self, from: u32, to: u32) -> &[Point] {
        let a = self.points.partition_point(|p| p.time < from);
        let b = self.points.partition_point(|p| p.time < to);
        &self.points[a..b.max(a)]
    }

    /// The peaks from `from` to `to` as a constellation of its own, starting at time zero.
    pub fn slice(&self, from: u32, to: u32) -> Constellation {
        let points = self.between(from, to.saturating_add(1));
        let points = points.iter().map(|p| Point { time: p.time - from, ..*p }).collect();
        Constellation { points, duration: to - from, levels: BandLevels::default() }
    }

    /// Compact bytes: `duration u32, count u32`, then three bytes a point: time since the previous
    /// point (255 = add 255, no point yet), and `freq << 5 | rank` little-endian; the band levels are the rest.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(8 + self.points.len() * 3 + self.duration as usize / 255);
        out.extend_from_slice(&self.duration.to_le_bytes());
        out.extend_from_slice(&(self.points.len() as u32).to_le_bytes());
        let mut now = 0;
        for p in &self.points {
            let mut delta = p.time - now;
            while delta >= 255 {
                out.push(255);
                delta -= 255;
            }
            out.push(delta as u8);
            out.extend_from_slice(&(p.freq << 5 | u16::from(p.rank.min(MAX_RANK))).to_le_bytes());
            now = p.time;
        }
        self.levels.write(&mut out);
        out
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote; any other bytes are an error.
    pub fn from_bytes(bytes: &[u8]) -> Result<Constellation, ConstellationError> {
        let (head, mut rest) = bytes.split_at_checked(8).ok_or(ConstellationError::Truncated)?;
        let word = |i: usize| u32::from_le_bytes([head[i], head[i + 1], head[i + 2], head[i + 3]]);
        let (duration, count) = (word(0), word(4));
        if duration > MAX_DURATION {
            return Err(ConstellationError::Duration(duration));
        }
        if count as usize > rest.len() / 3 {
            return Err(ConstellationError::Count { points: count, bytes: bytes.len() });
        }
        let mut points = Vec::with_capacity(count as usize);
        let mut time = 0u32;
        while points.len() < count as usize {
            let (&delta, tail) = rest.split_first().ok_or(ConstellationError::Truncated)?;
            rest = tail;
            time = time.saturating_add(u32::from(delta));
            if time > duration {
                return Err(ConstellationError::Time);
            }
            if delta == 255 {
                continue;
            }
            let (packed, tail) = rest.split_at_checked(2).ok_or(ConstellationError::Truncated)?;
            rest = tail;
            let packed = u16::from_le_bytes([packed[0], packed[1]]);
            points.push(Point { time, freq: packed >> 5, rank: (packed & 31) as u8 });
        }
        Ok(Constellation { points, duration, levels: BandLevels::read(rest)? })
    }
}

/// The quota band of a log-frequency bin.
pub fn band_of(params: &FingerprintParams, bin: usize) -> usize {
    params.quota_edges.iter().position(|&edge| bin < edge).unwrap_or(params.quota.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn constellation() -> impl Strategy<Value = Constellation> {
        let point = (0u32..5_000, 0u16..1_472, 0u8..=MAX_RANK);
        proptest::collection::vec(point, 0..200).prop_map(|list| {
            let mut points: Vec<_> =
                list.into_iter().map(|(time, freq, rank)| Point { time, freq, rank }).collect();
            points.sort();
            Constellation { points, duration: 5_000, ..Constellation::default() }
        })
    }

    proptest! {
        #[test]
        fn bytes_round_trip(c in constellation()) {
            prop_assert_eq!(Constellation::from_bytes(&c.to_bytes()).unwrap(), c);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(c) = Constellation::from_bytes(&bytes) {
                prop_assert!(c.points.is_sorted_by_key(|p| p.time));
            }
        }
    }

    #[test]
    fn a_claim_of_months_of_audio_is_refused() {
        let bytes = [255, 255, 255, 255, 0, 0, 0, 0];
        assert_eq!(Constellation::from_bytes(&bytes), Err(ConstellationError::Duration(u32::MAX)));
    }

    #[test]
    fn a_claim_of_billions_of_points_is_refused_before_any_allocation() {
        let bytes = [0, 0, 0, 1, 255, 255, 255, 255, 0, 0, 0];
        assert!(matches!(Constellation::from_bytes(&bytes), Err(ConstellationError::Count { .. })));
    }
}
