//! The time unit of peaks.

/// Time units per second (4 ms each).
pub const TIME_UNITS_PER_SECOND: f64 = 250.0;

/// Milliseconds per time unit.
pub const MS_PER_TIME_UNIT: u32 = 1_000 / TIME_UNITS_PER_SECOND as u32;

/// Whole time units in `ms` milliseconds.
pub const fn time_units(ms: u32) -> u32 {
    ms / MS_PER_TIME_UNIT
}
