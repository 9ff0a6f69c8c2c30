//! What a run's score is worth: the expected number of equally good runs by chance.
//!
//! The best chance run of a query against an index follows an extreme-value law, so the expected
//! number of chance runs scoring at least `S` nats is `E = K * M * N * exp(-lambda * S)`, with `M` and
//! `N` the lengths of query and index (Karlin and Altschul 1990). Independent peaks would give
//! `lambda = 1`; real music shares keys, chords and beats, so `lambda` and `K` are measured on queries
//! of music that is not in the index.
//!
//! The law holds where chance loses on average. Two pieces with a steady beat gain for as long as they
//! are laid over each other at the ratio of their tempos, so a long run pays for its length.

/// Decay of chance runs per nat of score. `benches/robustness/unknown.sh` counts 0.23 between E-values of 0.1 and 0.01 and
/// 0.3 below; pieces over drones and loops fall off more slowly.
const LAMBDA: f64 = 0.2;
/// Score (nats) at which a query of [`QUERY_SECONDS`] expects one chance run in one hour of references.
const HOUR_SCORE: f64 = 5.4;
/// Queries up to this length have equally many chances; longer ones proportionally more.
const QUERY_SECONDS: f64 = 10.0;
/// Nats a second that a run pays beyond [`QUERY_SECONDS`]. Drums laid over a drone for a minute gained
/// 1.9 a second; copies gain 5 and more, even under other music as loud as they are.
const LENGTH_PENALTY: f64 = 2.0;

/// Matches with `log10(E)` at or below this are reported.
pub const ACCEPT_LOG10_EVALUE: f64 = -3.0;

/// What `nats` collected along `seconds` that do not repeat each other are worth.
pub fn less_length_penalty(raw_score: f64, seconds: f64) -> f64 {
    raw_score - LENGTH_PENALTY * (seconds - QUERY_SECONDS).max(0.0)
}

/// `log10` of the expected number of chance runs scoring `nats` or more when a query is compared with
/// references of these lengths. Less than an hour of references counts as an hour: one pair of tracks
/// can share a beat or a key.
pub fn log10_evalue(raw_score: f64, query_seconds: f64, reference_seconds: f64) -> f64 {
    let hours = (reference_seconds / 3600.0).max(1.0);
    let queries = (query_seconds / QUERY_SECONDS).max(1.0);
    (queries * hours).log10() - LAMBDA * (raw_score - HOUR_SCORE) / std::f64::consts::LN_10
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
    fn a_larger_index_or_a_longer_query_makes_the_same_run_less_telling() {
        assert!(log10_evalue(60.0, 10.0, 3600.0) < log10_evalue(60.0, 10.0, 36_000.0));
        assert!(log10_evalue(60.0, 10.0, 3600.0) < log10_evalue(60.0, 3600.0, 3600.0));
    }

    #[test]
    fn a_weak_run_does_not_become_evidence_by_going_on() {
        assert!(less_length_penalty(1.9 * 600.0, 600.0) < less_length_penalty(1.9 * 10.0, 10.0));
        assert!(less_length_penalty(5.0 * 600.0, 600.0) > less_length_penalty(5.0 * 10.0, 10.0));
    }
}
