//! A reference prepared for comparison.

use std::sync::OnceLock;

use super::null_model::NullModel;
use super::params::NullModelParams;
use super::vote::ByFrequency;
use crate::fingerprint::Constellation;
use crate::fingerprint::anchor::{self, CodedAnchor};
use crate::params::FingerprintParams;

/// A reference prepared for comparison. What most comparisons with unrelated music never come to ask for is measured
/// when somebody asks, once: by the parameters of whoever asks first.
pub struct Reference {
    points: Constellation,
    bins: usize,
    null_model: OnceLock<NullModel>,
    by_frequency: OnceLock<ByFrequency>,
    anchors: OnceLock<Vec<CodedAnchor>>,
}

impl Reference {
    /// A reference with the peaks `points`.
    pub fn new(points: Constellation, params: &FingerprintParams) -> Reference {
        Reference {
            points,
            bins: params.bins,
            null_model: OnceLock::new(),
            by_frequency: OnceLock::new(),
            anchors: OnceLock::new(),
        }
    }

    /// The reference's peaks.
    pub fn constellation(&self) -> &Constellation {
        &self.points
    }

    /// Densities of the reference's peaks.
    pub fn null_model(&self, params: &NullModelParams) -> &NullModel {
        self.null_model.get_or_init(|| NullModel::new(&self.points, self.bins, params))
    }

    /// The reference's peaks by frequency.
    pub(super) fn by_frequency(&self) -> &ByFrequency {
        self.by_frequency.get_or_init(|| ByFrequency::new(&self.points))
    }

    /// The reference's anchors.
    pub(super) fn anchors(&self, params: &FingerprintParams) -> &[CodedAnchor] {
        self.anchors.get_or_init(|| anchor::coded(&self.points, params))
    }
}
