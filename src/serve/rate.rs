//! How often somebody may change something: a bucket that fills with time, one for each caller.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Requests at once.
const BURST: f64 = 400.0;
/// Requests a second in the long run.
const RATE: f64 = 40.0;
/// Callers that are remembered; of those that are not, all begin with a full bucket.
const MAX_CALLERS: usize = 10_000;

/// The buckets.
#[derive(Debug, Default)]
pub(super) struct Buckets(Mutex<HashMap<String, (f64, Instant)>>);

impl Buckets {
    /// Takes one from the bucket of `caller`; false where it is empty.
    pub(super) fn take(&self, caller: &str, now: Instant) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MAX_CALLERS {
            let full = Duration::from_secs_f64(BURST / RATE);
            all.retain(|_, (_, since)| now.saturating_duration_since(*since) < full);
        }
        let (left, since) = all.entry(caller.to_owned()).or_insert((BURST, now));
        let gained = now.saturating_duration_since(*since).as_secs_f64() * RATE;
        *left = (*left + gained).min(BURST);
        *since = now;
        let may = *left >= 1.0;
        if may {
            *left -= 1.0;
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_too_often_waits_and_others_do_not() {
        let (buckets, begin) = (Buckets::default(), Instant::now());
        let taken = (0..1000).filter(|_| buckets.take("a", begin)).count();
        assert_eq!(taken, BURST as usize);
        assert!(buckets.take("b", begin));
        let later = begin + Duration::from_millis(100);
        let taken = (0..1000).filter(|_| buckets.take("a", later)).count();
        assert_eq!(taken, (RATE / 10.0) as usize);
    }
}
