//! Every constant that pairs, clusters and their scores rest on, as [`crate::scan::params`] has those of a scan: a
//! preset is never edited once released.

use sha2::{Digest, Sha256};

use crate::fingerprint::constellation::time_units;
use crate::id::hex;

/// Parameters of the search for near-duplicates in a batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DedupParams {
    /// Name of the preset.
    pub preset: &'static str,
    /// What makes a pair.
    pub pair: PairParams,
    /// What makes a cluster.
    pub cluster: ClusterParams,
    /// What makes a cluster suspicious.
    pub score: HarvestParams,
    /// What loops do to pairs, known ones and others.
    pub loops: LoopParams,
}

/// What loops do to pairs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoopParams {
    /// Share of both tracks, without the peaks that known loops explain, that near-duplicates still have in common:
    /// half of what they have with them, since what is left is sparser and lies in more pieces.
    pub coverage_beside: f64,
    /// And the share of the peaks there that coincide, against the share with the loops: copies keep 0.73 and more of it,
    /// strangers over one loud loop 0.39 to 0.55 (what a library's file does not explain of a loop, both have).
    pub agreement_beside: f64,
    /// Share of its peaks that a track must keep beside known loops to be more than these loops.
    pub least_left: f64,
    /// Other recordings, all of other artists, that share a stretch of a track from which it may be a loop.
    pub unrelated: usize,
    /// Longest stretch or period that may be one, in milliseconds.
    pub longest_ms: u64,
    /// Shortest.
    pub shortest_ms: u64,
}

/// What makes a pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairParams {
    /// Candidates verified per track.
    pub candidates: usize,
    /// Tracks that are looked up together.
    pub chunk: usize,
    /// Share of both tracks that near-duplicates have in common.
    pub edge_coverage: f64,
    /// And how sure that must be (`log10` of the E-value): a batch of ten thousand tracks is fifty million pairs.
    pub edge_log10_evalue: f64,
    /// Stretch in the middle of an overlap that is looked at for a loop, in time units.
    pub loop_stretch: u32,
    /// Share of the common peaks that a loop repeats.
    pub loop_share: f64,
    /// By how much it must exceed the share in either track as a whole: what is left of a copy repeats itself no more
    /// than the whole did, a loop under different music does.
    pub loop_lead: f64,
    /// Silence between two peaks beyond which it does not count as sounding time, in time units.
    pub pause: u32,
}

/// What makes a cluster.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClusterParams {
    /// Clusters up to this size have all their pairs compared; in larger ones the search has compared each track with
    /// its nearest.
    pub complete: usize,
    /// Clusters with a smaller share of their pairs among the edges are looked at for bridges.
    pub sparse: f64,
    /// What an overlap at another speed or pitch counts for when the representative is chosen, against one without: of
    /// a recording and a faster copy of it, what most others agree with is the recording.
    pub changed: f64,
}

/// What makes a cluster suspicious.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HarvestParams {
    /// Score from which a person should look.
    pub review: f64,
    /// Score from which nothing goes out until somebody has decided.
    pub hold: f64,
    /// Lengths that just earn a royalty, in ms: from, and below.
    pub threshold_length: [u64; 2],
    /// Size at which a cluster is as large as it takes.
    pub large: f64,
    /// Members an hour from which uploads come in a burst.
    pub burst_per_hour: f64,
    /// Quartile distance, as a share of the median length, from which lengths are not the same.
    pub same_length: f64,
    /// Variants of one source that may be edits of a release; twice as many are a harvest by themselves.
    pub few: f64,
    /// Weight of each signal: what it takes off the rest of the score where it is full.
    pub weights: SignalWeights,
    /// What is left of a score where there is an innocent reason.
    pub excuses: ExcuseFactors,
}

/// Weights of the signals, by their names in records.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs)] // the records' page explains them
pub struct SignalWeights {
    pub identity_spread: f64,
    pub registrant_spread: f64,
    pub transform_spread: f64,
    pub account_concentration: f64,
    pub burst: f64,
    pub size: f64,
    pub threshold_length: f64,
    pub many: f64,
    pub duration_sameness: f64,
    pub reference_hit: f64,
    pub loop_or_noise: f64,
    pub undisclosed_ai: f64,
}

/// Factors of innocent reasons, by their names in records.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs)] // the records' page explains them
pub struct ExcuseFactors {
    pub same_isrc: f64,
    pub transfer: f64,
    pub allowed: f64,
}

impl DedupParams {
    /// The preset every batch uses. Released: never edited.
    pub const V2: DedupParams = DedupParams {
        preset: "v2",
        pair: PairParams {
            candidates: 64,
            chunk: 128,
            edge_coverage: 0.6,
            edge_log10_evalue: -6.0,
            loop_stretch: time_units(48_000),
            loop_share: 0.7,
            loop_lead: 0.12,
            pause: time_units(2_000),
        },
        cluster: ClusterParams { complete: 160, sparse: 0.3, changed: 0.5 },
        score: HarvestParams {
            review: 40.0,
            hold: 70.0,
            threshold_length: [30_000, 45_000],
            large: 50.0,
            burst_per_hour: 10.0,
            same_length: 0.05,
            few: 5.0,
            weights: SignalWeights {
                identity_spread: 0.45,
                registrant_spread: 0.35,
                transform_spread: 0.30,
                account_concentration: 0.25,
                burst: 0.25,
                size: 0.20,
                threshold_length: 0.20,
                many: 0.45,
                duration_sameness: 0.15,
                reference_hit: 0.40,
                loop_or_noise: 0.20,
                undisclosed_ai: 0.15,
            },
            excuses: ExcuseFactors { same_isrc: 0.2, transfer: 0.3, allowed: 0.0 },
        },
        loops: LoopParams {
            coverage_beside: 0.3,
            agreement_beside: 0.66,
            least_left: 0.25,
            unrelated: 3,
            longest_ms: 12_000,
            shortest_ms: 1_000,
        },
    };

    /// SHA-256 of the canonical text form: equal exactly when every parameter is equal.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(format!("{self:?}").as_bytes()).into()
    }

    /// Preset and short digest, as records name them.
    pub fn id(&self) -> String {
        format!("{} {}", self.preset, hex(&self.digest()[..8]))
    }
}

#[cfg(test)]
mod tests {
    use super::DedupParams;

    #[test]
    fn digest_changes_with_any_parameter() {
        let mut other = DedupParams::V2;
        other.score.weights.size += 0.01;
        assert_ne!(other.digest(), DedupParams::V2.digest());
    }

    /// A released preset is not edited: the score of an old cluster must mean what it meant.
    #[test]
    fn the_released_preset_is_what_it_was() {
        assert_eq!(DedupParams::V2.id(), "v2 2bfaee4e66e7e375");
    }
}
