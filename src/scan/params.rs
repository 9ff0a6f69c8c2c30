//! Every constant that a candidate or a score rests on, in one struct whose digest stands in the records of a run.
//!
//! An E-value is measured under these numbers and means nothing under others. So a preset ([`ScanParams::V1`]) is
//! never edited once released: a change is a new preset, with a new digest, calibrated anew
//! (`benches/robustness/calibrate.sh`). The sub-structs follow the stages of a scan in their order.
//!
//! Times are in time units of 4 ms ([`TIME_UNITS_PER_SECOND`](crate::fingerprint::constellation::TIME_UNITS_PER_SECOND)),
//! frequencies in frequency units of an eighth of a bin, scores in nats.

mod discriminants;
mod judgement;
mod stages;
mod v1;

use sha2::{Digest, Sha256};

pub use judgement::{
    Discriminant, IndependenceParams, KindParams, LevelParams, LikenessParams, NullModelParams,
    PeakParams, RepetitionParams, ResolveParams, ScoreParams, SegmentParams, SpliceParams,
    TransformParams, VerifyParams,
};
pub use stages::{
    AlignParams, BatchParams, GrowParams, LookupParams, OffsetParams, PlanParams, PrefilterParams,
    ProbeParams, RepresentativeParams, ShortlistParams, SparseParams, VariantParams, VoteParams,
};

/// Parameters of the scan, stage by stage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScanParams {
    /// Name of the preset.
    pub preset: &'static str,
    /// The plan of rounds.
    pub plan: PlanParams,
    /// Query vectors of a thorough look, and tempo steps.
    pub probe: ProbeParams,
    /// Query vectors of a sparse look.
    pub sparse: SparseParams,
    /// A short query at other pitches and tempos.
    pub variant: VariantParams,
    /// Search for the codes nearest to query vectors.
    pub lookup: LookupParams,
    /// The histogram of hits.
    pub vote: VoteParams,
    /// The cheap estimate before a comparison.
    pub prefilter: PrefilterParams,
    /// The histogram of pairs of peaks.
    pub offsets: OffsetParams,
    /// Line fit.
    pub align: AlignParams,
    /// From a seed to a line.
    pub grow: GrowParams,
    /// The walk along a line.
    pub verify: VerifyParams,
    /// Density of peaks by chance.
    pub null_model: NullModelParams,
    /// Transforms that are one, or that are none.
    pub transform: TransformParams,
    /// Segments of a match.
    pub segment: SegmentParams,
    /// Discount for self-repetition.
    pub repetition: RepetitionParams,
    /// Discount for evidence that is not independent.
    pub independence: IndependenceParams,
    /// E-value and score.
    pub score: ScoreParams,
    /// The sequence of lines.
    pub splice: SpliceParams,
    /// What is unexplained, and what repeats.
    pub resolve: ResolveParams,
    /// Whether it is one recording.
    pub likeness: LikenessParams,
    /// Names of matches.
    pub kind: KindParams,
    /// Candidates for near-duplicates in a batch.
    pub batch: BatchParams,
    /// Clips that need not be looked up.
    pub representative: RepresentativeParams,
}

impl ScanParams {
    /// SHA-256 of the canonical text form, learned discriminants and all: equal exactly when every parameter is equal.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(format!("{self:?}").as_bytes()).into()
    }

    /// Preset and short digest, as records name them.
    pub fn id(&self) -> String {
        let digest: String = self.digest()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{} {digest}", self.preset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_changes_with_any_parameter() {
        let mut other = ScanParams::V1;
        other.splice.near_cost += 0.1;
        assert_ne!(other.digest(), ScanParams::V1.digest());
        let mut other = ScanParams::V1;
        other.sparse.tempo_steps[0] += 1;
        assert_ne!(other.digest(), ScanParams::V1.digest());
    }

    /// A released preset is not edited: an E-value of last year's records must mean what it meant.
    #[test]
    fn the_released_preset_is_what_it_was() {
        assert_eq!(ScanParams::V1.id(), "v1 e8f6638ba67b6d57");
    }
}
