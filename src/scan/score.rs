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

use super::params::ScoreParams;

impl ScoreParams {
    /// What `raw_score` nats collected along `seconds` that do not repeat each other are worth.
    pub fn less_length_penalty(&self, raw_score: f64, seconds: f64) -> f64 {
        raw_score - self.length_penalty * (seconds - self.query_seconds).max(0.0)
    }

    /// `log10` of the expected number of chance runs scoring `raw_score` nats or more when a query is compared with
    /// references of these lengths. Less than an hour of references counts as an hour: one pair of tracks
    /// can share a beat or a key.
    pub fn log10_evalue(&self, raw_score: f64, query_seconds: f64, reference_seconds: f64) -> f64 {
        let hours = (reference_seconds / 3600.0).max(1.0);
        let queries = (query_seconds / self.query_seconds).max(1.0);
        let worth = self.lambda * (raw_score - self.hour_score) / std::f64::consts::LN_10;
        (queries * hours).log10() - worth
    }

    /// The score shown to people: 0 to 100, 50 at the acceptance line, rising with evidence.
    pub fn score(&self, log10_evalue: f64) -> f64 {
        let surprise = (-log10_evalue).max(0.0);
        let line = -self.accept_log10_evalue;
        100.0 * surprise / (surprise + line)
    }
}

#[cfg(test)]
mod tests {
    use crate::scan::params::ScanParams;

    const PARAMS: &super::ScoreParams = &ScanParams::V1.score;

    #[test]
    fn score_is_fifty_at_the_line_and_rises_with_evidence() {
        assert!((PARAMS.score(PARAMS.accept_log10_evalue) - 50.0).abs() < 1e-9);
        assert!(PARAMS.score(-40.0) > PARAMS.score(-10.0));
        assert_eq!(PARAMS.score(2.0), 0.0);
    }

    #[test]
    fn a_larger_index_or_a_longer_query_makes_the_same_run_less_telling() {
        assert!(
            PARAMS.log10_evalue(60.0, 10.0, 3600.0) < PARAMS.log10_evalue(60.0, 10.0, 36_000.0)
        );
        assert!(
            PARAMS.log10_evalue(60.0, 10.0, 3600.0) < PARAMS.log10_evalue(60.0, 3600.0, 3600.0)
        );
    }

    #[test]
    fn a_weak_run_does_not_become_evidence_by_going_on() {
        assert!(
            PARAMS.less_length_penalty(1.9 * 600.0, 600.0)
                < PARAMS.less_length_penalty(1.9 * 10.0, 10.0)
        );
        assert!(
            PARAMS.less_length_penalty(5.0 * 600.0, 600.0)
                > PARAMS.less_length_penalty(5.0 * 10.0, 10.0)
        );
    }
}
