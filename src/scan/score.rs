//! What a run's score is worth: the expected number of equally good runs by chance.
//!
//! The best chance run of a query against an index follows an extreme-value law, so the expected
//! number of chance runs scoring at least `S` nats is `E = K * N * exp(-lambda * S)`, with `N` the
//! length of the index (Karlin and Altschul 1990). Independent peaks would give `lambda = 1`; real
//! music shares keys, chords and beats, so `lambda` and `K` are measured on queries of music that
//! is not in the index.

/// Decay of chance runs per nat of score.
const LAMBDA: f64 = 0.17;
/// Score (nats) at which one chance run is expected in one hour of references.
const HOUR_SCORE: f64 = 0.8;

/// Matches with `log10(E)` at or below this are reported.
pub const ACCEPT_LOG10_EVALUE: f64 = -3.0;

/// `log10` of the expected number of chance runs scoring `nats` or more in `reference_seconds` of
/// references. Less than an hour counts as an hour: one pair of tracks can share a beat or a key.
pub fn log10_evalue(nats: f64, reference_seconds: f64) -> f64 {
    let hours = (reference_seconds / 3600.0).max(1.0);
    hours.log10() - LAMBDA * (nats - HOUR_SCORE) / std::f64::consts::LN_10
}

/// The score shown to people: 0 to 100, 50 at the acceptance line, rising with evidence.
pub fn score(log10_evalue: f64) -> f64 {
    let surprise = (-log10_evalue).max(0.0);
    let line = -ACCEPT_LOG10_EVALUE;
    100.0 * surprise / (surprise + line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn score_is_fifty_at_the_line_and_rises_with_evidence() {
        assert!((score(ACCEPT_LOG10_EVALUE) - 50.0).abs() < 1e-9);
        assert!(score(-40.0) > score(-10.0));
        assert_eq!(score(2.0), 0.0);
    }

    #[test]
    fn a_larger_index_makes_the_same_run_less_telling() {
        assert!(log10_evalue(60.0, 3600.0) < log10_evalue(60.0, 36_000.0));
    }
}
