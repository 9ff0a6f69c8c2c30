//! A match: what two tracks have in common, in the units that people and rules use.
//!
//! The comparison ([`crate::scan`]) works in time units, frequency units and nats. What comes of it is put
//! into this one form, unrounded; rules judge it, records write it down, and a sweep reads it back.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::id::match_id;
use crate::params::FingerprintParams;
use crate::scan::evidence::{MatchEvidence, covered};
use crate::scan::kind::{MatchKind, is_modified};
use crate::scan::params::ScanParams;
use crate::scan::segment::Segment;
use crate::track::Track;

/// A stretch of the query and the stretch of the reference that it runs along.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct AlignedSegment {
    /// Begin and end in the query, ms.
    pub query_ms: (u64, u64),
    /// Begin and end in the reference, ms.
    pub reference_ms: (u64, u64),
    /// Query peaks that land on a reference peak.
    pub matched_peaks: u32,
    /// Query peaks in the segment.
    pub query_peaks: u32,
    /// Above 1: the query plays faster.
    pub time_factor: f64,
    /// Above 0: the query sounds higher.
    pub pitch_cents: f64,
}

impl AlignedSegment {
    fn new(s: &Segment, params: &FingerprintParams) -> AlignedSegment {
        AlignedSegment {
            query_ms: s.query_ms,
            reference_ms: s.reference_ms,
            matched_peaks: s.matched,
            query_peaks: s.peaks,
            time_factor: s.transform.time_factor,
            pitch_cents: s.transform.pitch_cents(params),
        }
    }

    /// Length in the query in seconds.
    pub fn seconds(&self) -> f64 {
        self.query_ms.1.saturating_sub(self.query_ms.0) as f64 / 1000.0
    }

    /// Matched peaks per second.
    pub fn peaks_per_second(&self) -> f64 {
        f64::from(self.matched_peaks) / self.seconds().max(0.1)
    }
}

/// What was measured of a match as a whole, unrounded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Measures {
    /// 0 to 100, 50 at the acceptance line; comparable between queries.
    pub score: f64,
    /// `log10` of the expected number of chance matches as good, in an index of this size.
    pub log10_evalue: f64,
    /// Share of the query inside segments, per cent.
    pub query_match_pct: f64,
    /// Share of the reference inside segments, per cent.
    pub asset_match_pct: f64,
    /// Matched peaks per second of matching query.
    pub peaks_per_second: f64,
    /// Of the best segment: above 1, the query plays faster.
    pub time_factor: f64,
    /// Of the best segment: above 0, the query sounds higher.
    pub pitch_cents: f64,
}

/// A query and a reference that have something in common.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Match {
    /// Names query and reference (`m_…`); the same for a repeated scan.
    pub id: String,
    /// What it is.
    pub kind: MatchKind,
    /// The track in question.
    pub query: Arc<Track>,
    /// The track that it resembles.
    pub reference: Arc<Track>,
    /// What was measured.
    pub measures: Measures,
    /// Speed or pitch was changed.
    pub modified: bool,
    /// Where, on both sides, in query order; at least one.
    pub segments: Vec<AlignedSegment>,
    /// Other places of the reference that hold what a segment holds; not counted as covered.
    pub repeats: Vec<AlignedSegment>,
    /// What is left of it beside the loops of a library that sound in the query; none where nothing is left that is
    /// beyond chance, or where no loop takes anything away.
    #[serde(default)]
    #[doc(hidden)]
    pub beside_loops: Option<Box<Match>>,
    /// The matches with loops that explain some of it, or all.
    #[serde(default)]
    #[doc(hidden)]
    pub loops: Vec<String>,
    /// The decision by which the match is not held against the upload.
    pub allowed_by: Option<String>,
    /// The decision by which the reference is on the block list.
    pub blocked_by: Option<String>,
}

impl Match {
    /// What `found` says of `query` and `reference`; no decision applied.
    #[doc(hidden)]
    pub fn new(
        query: &Arc<Track>,
        reference: &Arc<Track>,
        found: &MatchEvidence,
        params: &FingerprintParams,
    ) -> Match {
        let transform = found.best().transform;
        let same_bytes = query.sha256 == reference.sha256;
        let segments = |all: &[Segment]| -> Vec<AlignedSegment> {
            all.iter().map(|s| AlignedSegment::new(s, params)).collect()
        };
        Match {
            id: match_id(&query.sha256_hex(), &reference.ref_id()),
            kind: MatchKind::of(found, same_bytes, params),
            query: query.clone(),
            reference: reference.clone(),
            measures: Measures {
                score: found.score,
                log10_evalue: found.log10_evalue,
                query_match_pct: 100.0 * found.query_coverage,
                asset_match_pct: 100.0 * found.reference_coverage,
                peaks_per_second: found.peaks_per_second(),
                time_factor: transform.time_factor,
                pitch_cents: transform.pitch_cents(params),
            },
            modified: is_modified(found, params),
            segments: segments(&found.segments),
            repeats: segments(&found.repeats),
            beside_loops: None,
            loops: Vec::new(),
            allowed_by: None,
            blocked_by: None,
        }
    }

    /// Whether the evidence is beyond what chance gives.
    pub fn is_accepted(&self) -> bool {
        self.measures.log10_evalue <= ScanParams::V1.score.accept_log10_evalue
    }

    /// The reference is a loop or a sample of a library, which many may use.
    #[doc(hidden)]
    pub fn is_loop(&self) -> bool {
        self.reference.library.is_some()
    }

    /// What it is judged by: the part of it that no loop of a library explains; none where a loop explains all.
    #[doc(hidden)]
    pub fn own_part(&self) -> Option<&Match> {
        match (&self.beside_loops, self.loops.is_empty()) {
            (Some(rest), _) => Some(rest),
            (None, true) => Some(self),
            (None, false) => None,
        }
    }

    /// Longest segment, in seconds of the query.
    pub fn longest_segment_s(&self) -> f64 {
        self.segments.iter().map(AlignedSegment::seconds).fold(0.0, f64::max)
    }

    /// Seconds of the query inside segments.
    pub fn matched_s(&self) -> f64 {
        covered(self.segments.iter().map(|s| s.query_ms)) as f64 / 1000.0
    }

    /// Seconds of the reference inside segments; less where the query repeats a part.
    pub fn asset_matched_s(&self) -> f64 {
        covered(self.segments.iter().map(|s| s.reference_ms)) as f64 / 1000.0
    }

    /// The first segment in the query.
    pub fn first(&self) -> AlignedSegment {
        self.segments.first().copied().unwrap_or_default()
    }

    /// Where the reference is met, in query order.
    #[doc(hidden)]
    pub fn reference_spans(&self) -> Vec<(u64, u64)> {
        self.segments.iter().map(|s| s.reference_ms).collect()
    }
}
