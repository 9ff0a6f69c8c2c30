//! The tracklist of a mix: which reference sounds when.

use super::records::{MatchRecord, TracklistEntry};

/// References from which a file is a mix.
const LEAST: usize = 3;
/// Share of a file that one reference may take up in a mix, per cent.
const MOST_PCT: f64 = 60.0;
/// Segments of one reference closer than this belong to one entry, in ms.
const PAUSE_MS: u64 = 10_000;
/// Shortest entry, in ms.
const SHORTEST_MS: u64 = 4_000;

impl TracklistEntry {
    fn new(m: &MatchRecord, (begin, end): (u64, u64)) -> TracklistEntry {
        TracklistEntry {
            sample_begin_time_offset_ms: begin,
            sample_end_time_offset_ms: end,
            match_id: m.match_id.clone(),
            ref_id: m.reference.ref_id.clone(),
            path: m.reference.path.clone(),
            title: m.reference.title.clone(),
            artists: m.reference.artists.clone(),
        }
    }

    fn ms(&self) -> u64 {
        self.sample_end_time_offset_ms - self.sample_begin_time_offset_ms
    }

    fn shared_ms(&self, other: &TracklistEntry) -> u64 {
        let end = self.sample_end_time_offset_ms.min(other.sample_end_time_offset_ms);
        end.saturating_sub(self.sample_begin_time_offset_ms.max(other.sample_begin_time_offset_ms))
    }
}

/// What sounds in a file whose accepted `matches` (best first) make a mix, in order of time; nothing of any other
/// file. Of references that sound at the same time the best stands for all.
pub fn tracklist(matches: &[MatchRecord]) -> Vec<TracklistEntry> {
    let accepted = || matches.iter().filter(|m| m.accepted);
    if accepted().any(|m| m.query_match_pct >= MOST_PCT) {
        return Vec::new();
    }
    let mut entries: Vec<TracklistEntry> = Vec::new();
    for m in accepted() {
        for span in spans(m) {
            let entry = TracklistEntry::new(m, span);
            let free = entries.iter().all(|e| 2 * e.shared_ms(&entry) <= e.ms().min(entry.ms()));
            if entry.ms() >= SHORTEST_MS && free {
                entries.push(entry);
            }
        }
    }
    let mut references: Vec<&str> = entries.iter().map(|e| e.ref_id.as_str()).collect();
    references.sort_unstable();
    references.dedup();
    if references.len() < LEAST {
        return Vec::new();
    }
    entries.sort_by_key(|e| e.sample_begin_time_offset_ms);
    entries
}

/// The stretches of the file that a match covers, with short pauses closed.
fn spans(m: &MatchRecord) -> Vec<(u64, u64)> {
    let mut spans: Vec<(u64, u64)> = Vec::new();
    for s in m.own_segments() {
        let (begin, end) = (s.sample_begin_time_offset_ms, s.sample_end_time_offset_ms);
        match spans.last_mut() {
            Some(last) if begin <= last.1 + PAUSE_MS => last.1 = last.1.max(end),
            _ => spans.push((begin, end)),
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::matches::Match;
    use crate::params::FingerprintParams;
    use crate::scan::evidence::MatchEvidence;
    use crate::scan::segment::Segment;
    use crate::track::Track;

    /// A match of the file's stretch `from..to` (seconds) with a reference.
    fn found(reference: &str, from: u64, to: u64, pct: f64) -> MatchRecord {
        let segment = Segment::sure((from * 1000, to * 1000), (0, (to - from) * 1000));
        let found = MatchEvidence {
            segments: vec![segment],
            raw_score: 100.0,
            log10_evalue: -40.0,
            score: 90.0,
            query_coverage: pct / 100.0,
            reference_coverage: 0.9,
            ..MatchEvidence::default()
        };
        let track = Arc::new(Track { sha256: [1; 32], ..Track::default() });
        let m = Match::new(&Arc::default(), &track, &found, &FingerprintParams::V2);
        let mut record = MatchRecord::from(&m);
        record.reference.ref_id = reference.into();
        record
    }

    fn names(matches: &[MatchRecord]) -> Vec<String> {
        tracklist(matches).into_iter().map(|entry| entry.ref_id).collect()
    }

    #[test]
    fn a_mix_is_told_in_order_of_time_with_fades_between() {
        let mix = [found("c", 120, 200, 40.0), found("a", 0, 66, 33.0), found("b", 58, 130, 36.0)];
        assert_eq!(names(&mix), ["a", "b", "c"]);
    }

    #[test]
    fn what_sounds_at_the_same_time_is_told_once() {
        let same = [
            found("a", 0, 60, 30.0),
            found("b", 60, 120, 30.0),
            found("b again", 61, 120, 29.0),
            found("c", 120, 180, 30.0),
        ];
        assert_eq!(names(&same), ["a", "b", "c"]);
    }

    #[test]
    fn a_copy_with_a_sample_or_two_is_no_mix() {
        let copy = [found("a", 0, 170, 95.0), found("b", 0, 20, 11.0), found("c", 30, 50, 11.0)];
        assert!(names(&copy).is_empty());
        assert!(names(&copy[1..]).is_empty());
    }
}
