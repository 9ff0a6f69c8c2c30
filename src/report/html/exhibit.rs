//! What there is to show of a match: its record, the evidence behind it, and pictures of the audio.

use crate::id::path_of_text;
use crate::report::evidence::{EvidenceRecord, Side};
use crate::report::picture::{Identity, Pictures};
use crate::report::records::MatchRecord;
use crate::report::sound::{Heard, Sounds};

/// Shown around the segments where no evidence was recorded, in ms.
const MARGIN_MS: u64 = 3_000;

/// A match with what there is to show of it.
pub struct Exhibit {
    /// The match.
    pub record: Box<MatchRecord>,
    /// What it rests on; where nothing was recorded, only the extent of its segments.
    pub evidence: Box<EvidenceRecord>,
    /// Peaks were recorded.
    pub has_peaks: bool,
    /// What of it can be heard.
    pub heard: Heard,
    /// Why a side, the file's or the reference's, has no picture.
    pub missing: [Option<String>; 2],
}

impl Exhibit {
    /// Puts an exhibit together; opens audio if `pictures` may.
    pub fn new(
        record: Box<MatchRecord>,
        evidence: Option<Box<EvidenceRecord>>,
        pictures: &Pictures,
    ) -> Exhibit {
        let has_peaks = evidence.is_some();
        let mut evidence = evidence.unwrap_or_else(|| Box::new(extent(&record)));
        let (q, r) = (&record.query, &record.reference);
        let (query, reference) = (&mut evidence.query, &mut evidence.reference);
        // Each decodes a file: side by side.
        let (heard, there) = rayon::join(
            || pictures.complete(query, &path_of_text(&q.path), Identity::Sha256(&q.sha256)),
            || pictures.complete(reference, &path_of_text(&r.path), Identity::RefId(&r.ref_id)),
        );
        let missing = [heard, there].map(|outcome| outcome.err().map(|why| why.to_string()));
        Exhibit { record, evidence, has_peaks, heard: Heard::default(), missing }
    }

    /// With what can be heard of it as the `number`-th of its page.
    pub fn with_sound(mut self, sounds: &Sounds, number: usize) -> Exhibit {
        let peaks = self.has_peaks.then_some(&*self.evidence);
        self.heard = sounds.of(&self.record, peaks, number);
        self
    }
}

/// What the segments span, where nothing else was recorded.
fn extent(m: &MatchRecord) -> EvidenceRecord {
    let side = |spans: &mut dyn Iterator<Item = (u64, u64)>, duration_ms: u64| {
        let (from, to) = spans.fold((u64::MAX, 0), |all, s| (all.0.min(s.0), all.1.max(s.1)));
        let from = if from > to { 0 } else { from };
        Side {
            begin_ms: from.saturating_sub(MARGIN_MS),
            end_ms: to.saturating_add(MARGIN_MS).min(duration_ms.max(to)),
            ..Side::default()
        }
    };
    let s = &m.segments;
    let mut heard = s.iter().map(|s| (s.sample_begin_time_offset_ms, s.sample_end_time_offset_ms));
    let mut there = s.iter().map(|s| (s.db_begin_time_offset_ms, s.db_end_time_offset_ms));
    EvidenceRecord {
        match_id: m.match_id.clone(),
        query: side(&mut heard, m.query.duration_ms),
        reference: side(&mut there, m.reference.duration_ms),
        pairs: Vec::new(),
    }
}
