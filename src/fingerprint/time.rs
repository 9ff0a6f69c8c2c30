//! The time unit of peaks.

/// Time units per second (4 ms each).
pub const TIME_UNITS_PER_SECOND: f64 = 250.0;
