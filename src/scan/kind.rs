//! Names what a match is, from its coverage, its transform and how alike the tracks are.

use serde::{Deserialize, Serialize};

use super::evidence::MatchEvidence;
use super::params::{KindParams, ScanParams};
use crate::params::FingerprintParams;

/// What names a match. A match is named long after it was found, where the parameters of the comparison are not at
/// hand: by those of the build.
pub const NAMED_BY: &KindParams = &ScanParams::V1.kind;

/// What a match is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchKind {
    /// The same bytes.
    SameFile,
    /// The same recording from end to end, encoded, processed or cut anew.
    SameAudio,
    /// Most of both.
    NearDuplicate,
    /// Most of both, at another speed or pitch.
    Modified,
    /// The query contains the whole reference.
    ContainsReference,
    /// The whole query lies within the reference.
    ContainedInReference,
    /// A part of the reference, repeated.
    LoopOfExcerpt,
    /// A part of each.
    #[default]
    Excerpt,
    /// The same material runs along, but much else lies over it, or it was made anew: a voice over a backing
    /// track, another performance, a variant generated again.
    Version,
}

impl MatchKind {
    /// All of them.
    pub const ALL: [MatchKind; 9] = [
        MatchKind::SameFile,
        MatchKind::SameAudio,
        MatchKind::NearDuplicate,
        MatchKind::Modified,
        MatchKind::ContainsReference,
        MatchKind::ContainedInReference,
        MatchKind::LoopOfExcerpt,
        MatchKind::Excerpt,
        MatchKind::Version,
    ];

    /// Classifies a match; `same_bytes` when both files have one hash.
    #[doc(hidden)]
    pub fn of(found: &MatchEvidence, same_bytes: bool, params: &FingerprintParams) -> MatchKind {
        let (query, reference) = (found.query_coverage, found.reference_coverage);
        let times = found.query_covered_ms as f64 / found.reference_covered_ms.max(1) as f64;
        let many = found.segments.len() > 1;
        let &KindParams { covered, same, repeated: often, .. } = NAMED_BY;
        let (repeats, repeated) = (many && times >= often, many && 1.0 / times >= often);
        if same_bytes {
            MatchKind::SameFile
        } else if found.accepted() && !found.likeness.is_recording() {
            MatchKind::Version
        } else if repeats && reference >= covered {
            MatchKind::ContainsReference
        } else if repeated && query >= covered {
            MatchKind::ContainedInReference
        } else if repeats {
            MatchKind::LoopOfExcerpt
        } else if query >= covered && reference >= covered && is_modified(found, params) {
            MatchKind::Modified
        } else if query >= same && reference >= same {
            MatchKind::SameAudio
        } else if query >= covered && reference >= covered {
            MatchKind::NearDuplicate
        } else if reference >= covered {
            MatchKind::ContainsReference
        } else if query >= covered {
            MatchKind::ContainedInReference
        } else {
            MatchKind::Excerpt
        }
    }

    /// Name in records.
    pub fn name(self) -> &'static str {
        match self {
            MatchKind::SameFile => "same_file",
            MatchKind::SameAudio => "same_audio",
            MatchKind::NearDuplicate => "near_duplicate",
            MatchKind::Modified => "modified",
            MatchKind::ContainsReference => "contains_reference",
            MatchKind::ContainedInReference => "contained_in_reference",
            MatchKind::LoopOfExcerpt => "loop_of_excerpt",
            MatchKind::Excerpt => "excerpt",
            MatchKind::Version => "version",
        }
    }
}

/// Whether speed or pitch was changed.
pub fn is_modified(found: &MatchEvidence, params: &FingerprintParams) -> bool {
    let transform = found.best().transform;
    (transform.time_factor - 1.0).abs() >= NAMED_BY.modified_time
        || transform.pitch_cents(params).abs() >= NAMED_BY.modified_cents
}
