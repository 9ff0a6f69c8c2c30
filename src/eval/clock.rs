//! CPU time of the current thread.
//!
//! Ratios of work are taken on CPU time where the system tells it, so that another program on the
//! same machine does not spoil them. Elsewhere wall-clock time stands in.

use std::time::{Duration, Instant};

/// Runs `work` and returns the time this thread spent on it.
pub(super) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let wall = Instant::now();
    let before = thread_cpu();
    let result = work();
    let spent = match (before, thread_cpu()) {
        (Some(a), Some(b)) if b > a => b - a,
        _ => wall.elapsed(),
    };
    (result, spent)
}

/// Linux accounts for threads in nanoseconds here; the first number is the time on a CPU.
fn thread_cpu() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanos = text.split_ascii_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanos))
}
