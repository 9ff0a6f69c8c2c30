//! The exhibit behind a match: what a report needs to draw both sides without hearing them again.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::fingerprint::constellation::{FREQ_UNITS_PER_BIN, MS_PER_TIME_UNIT};
use crate::fingerprint::{Constellation, Point};
use crate::params::FingerprintParams;
use crate::scan::evidence::MatchEvidence;
use crate::scan::params::VerifyParams;
use crate::scan::verify::coincidences;

/// Shown before and after the outermost segments, in ms: a reader sees where the likeness ends.
const MARGIN_MS: u64 = 3_000;
/// Peaks kept on each side; a picture 1,000 pixels wide holds no more that can be told apart.
pub const MAX_PEAKS: usize = 6_000;
/// Length of a time unit.
const UNIT_MS: u64 = MS_PER_TIME_UNIT as u64;

/// One side of an exhibit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Side {
    /// Where the part shown begins, ms.
    pub begin_ms: u64,
    /// Where it ends.
    pub end_ms: u64,
    /// Peaks within: `[time in ms, log-frequency in cents above 150 Hz]`, in order of time.
    pub peaks: Vec<[u32; 2]>,
    /// Grey-scale picture of the spectrogram (levels over log-frequency, 150 Hz at the bottom), a PNG in
    /// base64; none where the audio was not at hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spectrogram_png: Option<String>,
    /// Log-frequency span of the picture and of the peaks, in cents above 150 Hz.
    pub cents: u32,
}

/// What a match, or an edge of a cluster, rests on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EvidenceRecord {
    /// The match it belongs to.
    pub match_id: String,
    /// The scanned file.
    pub query: Side,
    /// The reference.
    pub reference: Side,
    /// Peaks that coincide: position in `query.peaks`, position in `reference.peaks`, position of the segment
    /// in the match's `segments`.
    pub pairs: Vec<[u32; 3]>,
}

impl EvidenceRecord {
    /// Gathers what `found` rests on. `params` and `verify` are those of the comparison.
    ///
    /// Of long matches the peaks that coincide are kept first, then those of the best rank, up to
    /// [`MAX_PEAKS`] on each side.
    pub fn new(
        match_id: &str,
        query: &Constellation,
        reference: &Constellation,
        found: &MatchEvidence,
        params: &FingerprintParams,
        verify: &VerifyParams,
    ) -> EvidenceRecord {
        let mut met = meetings(query, reference, found, verify);
        if met.len() > MAX_PEAKS {
            met.sort_by_key(|m| (query.points[m.query].rank, scattered(m.query)));
            met.truncate(MAX_PEAKS);
            met.sort_by_key(|m| (m.segment, m.query));
        }
        let spans = found.segments.iter().map(|s| (s.query_ms, s.reference_ms));
        let (heard, there): (Vec<_>, Vec<_>) = spans.unzip();
        let (query, query_places) = side(query, &heard, met.iter().map(|m| m.query), params);
        let (reference, reference_places) =
            side(reference, &there, met.iter().map(|m| m.reference), params);
        let place = |places: &[usize], index| places.binary_search(&index).ok().map(|i| i as u32);
        let pair = |m: &Meeting| {
            let a = place(&query_places, m.query)?;
            let b = place(&reference_places, m.reference)?;
            Some([a, b, m.segment])
        };
        let pairs = met.iter().filter_map(pair).collect();
        EvidenceRecord { match_id: match_id.to_owned(), query, reference, pairs }
    }
}

/// A query peak and a reference peak that coincide, by their positions, and the segment.
struct Meeting {
    query: usize,
    reference: usize,
    segment: u32,
}

fn meetings(
    query: &Constellation,
    reference: &Constellation,
    found: &MatchEvidence,
    verify: &VerifyParams,
) -> Vec<Meeting> {
    let position = |points: &[Point], p: &Point| points.binary_search(p).ok();
    let mut met = Vec::new();
    for (number, segment) in found.segments.iter().enumerate() {
        let (from, to) = segment.query_ms;
        let stretch = query.between(units(from), units(to).saturating_add(1));
        for c in coincidences(stretch, reference, &segment.transform, verify) {
            let at = position(&query.points, &c.query);
            if let Some((query, reference)) = at.zip(position(&reference.points, &c.reference)) {
                met.push(Meeting { query, reference, segment: number as u32 });
            }
        }
    }
    met
}

/// The part of `track` around `spans` (ms) with its peaks, and their positions in the track.
fn side(
    track: &Constellation,
    spans: &[(u64, u64)],
    wanted: impl Iterator<Item = usize>,
    params: &FingerprintParams,
) -> (Side, Vec<usize>) {
    let begin = spans.iter().map(|s| s.0).min().unwrap_or(0).saturating_sub(MARGIN_MS);
    let end = spans.iter().map(|s| s.1).max().unwrap_or(0).saturating_add(MARGIN_MS);
    let end = end.min(track.duration_ms());
    let first = track.points.partition_point(|p| p.time < units(begin));
    let last = track.points.partition_point(|p| p.time <= units(end));
    let mut kept: BTreeSet<usize> = wanted.filter(|i| (first..last).contains(i)).collect();
    let mut others: Vec<usize> = (first..last).filter(|i| !kept.contains(i)).collect();
    others.sort_by_key(|&i| (track.points[i].rank, scattered(i)));
    others.truncate(MAX_PEAKS.saturating_sub(kept.len()));
    kept.extend(others);
    let kept: Vec<usize> = kept.into_iter().collect();
    let cents_per_bin = 1200.0 / params.bins_per_octave as f64;
    let peak = |&i: &usize| {
        let p = &track.points[i];
        let cents = f64::from(p.freq) / FREQ_UNITS_PER_BIN * cents_per_bin;
        [(u64::from(p.time) * UNIT_MS) as u32, cents.round() as u32]
    };
    let peaks = kept.iter().map(peak).collect();
    let cents = (params.bins as f64 * cents_per_bin).round() as u32;
    (Side { begin_ms: begin, end_ms: end, peaks, spectrogram_png: None, cents }, kept)
}

fn units(ms: u64) -> u32 {
    u32::try_from(ms / UNIT_MS).unwrap_or(u32::MAX)
}

/// Spreads neighbours far apart, so that cutting a sorted list thins it evenly over time.
fn scattered(index: usize) -> u32 {
    (index as u32).wrapping_mul(0x9e37_79b1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::comparison::Comparison;
    use crate::scan::params::ScanParams;
    use crate::scan::reference::Reference;
    use crate::test_random::Random;

    /// Peaks that no two stretches share, `per_second` of them for `seconds`.
    fn track(seconds: u32, per_second: u32) -> Constellation {
        let mut random = Random::new(7);
        let mut points: Vec<Point> = (0..seconds * per_second)
            .map(|i| Point {
                time: i * 250 / per_second,
                freq: random.below(1_400) as u16,
                rank: random.below(12) as u8,
            })
            .collect();
        points.sort();
        points.dedup();
        Constellation { points, duration: seconds * 250, ..Constellation::default() }
    }

    fn evidence(
        query: &Constellation,
        reference: &Constellation,
    ) -> (EvidenceRecord, MatchEvidence) {
        let (scan, fingerprint) = (&ScanParams::V1, &FingerprintParams::V2);
        let prepared = &Reference::new(reference.clone(), fingerprint);
        let pair = Comparison { query, reference: prepared, scan, fingerprint };
        let found = pair.compare(60.0).unwrap();
        let record =
            EvidenceRecord::new("m_1", query, reference, &found, fingerprint, &scan.verify);
        (record, found)
    }

    #[test]
    fn pairs_join_the_same_peak_on_both_sides() {
        let reference = track(60, 30);
        let query = reference.slice(20 * 250, 40 * 250);
        let (record, found) = evidence(&query, &reference);
        assert_eq!(found.segments.len(), 1);
        assert_eq!((record.query.begin_ms, record.query.end_ms), (0, 20_000));
        assert!(record.reference.begin_ms.abs_diff(17_000) < 200, "{}", record.reference.begin_ms);
        assert!(record.pairs.len() > 550, "{}", record.pairs.len());
        for [a, b, segment] in &record.pairs {
            let (a, b) = (record.query.peaks[*a as usize], record.reference.peaks[*b as usize]);
            assert_eq!((a[0] + 20_000, a[1], *segment), (b[0], b[1], 0));
        }
        assert!(record.query.peaks.is_sorted_by_key(|p| p[0]));
        assert_eq!(record.query.cents, 6133);
    }

    #[test]
    fn long_matches_are_thinned_and_coinciding_peaks_stay() {
        let reference = track(400, 30);
        let (record, _) = evidence(&reference, &reference);
        assert_eq!(record.query.peaks.len(), MAX_PEAKS);
        assert_eq!(record.reference.peaks.len(), MAX_PEAKS);
        assert!(record.pairs.len() > MAX_PEAKS * 9 / 10, "{}", record.pairs.len());
        // Evenly over the whole length.
        let late = record.query.peaks.iter().filter(|p| p[0] > 200_000).count();
        assert!(late.abs_diff(MAX_PEAKS / 2) < MAX_PEAKS / 10, "{late}");
    }

    #[test]
    fn json_is_compact_and_reads_back() {
        let reference = track(30, 30);
        let (record, _) = evidence(&reference, &reference);
        let json = serde_json::to_string(&record).unwrap();
        assert!(!json.contains('.'), "integers only");
        assert_eq!(serde_json::from_str::<EvidenceRecord>(&json).unwrap(), record);
    }
}
