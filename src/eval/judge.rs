//! Holds the scanner's answer against the truth.
//!
//! A query made of two tracks has two right answers, and is asked for each of them.

use std::collections::BTreeSet;

use soundalike_index::TrackNo;

use super::degrade::Piece;
use super::degrade::change::Change;
use super::material::Cut;
use crate::fingerprint::constellation::TIME_UNITS_PER_SECOND;
use crate::params::FingerprintParams;
use crate::scan::search::TrackMatch;
use crate::scan::segment::Segment;
use crate::scan::transform::to_ms;

/// What came of a query.
pub(super) struct Verdict {
    /// One for each track that the query was cut from; none for an unknown query.
    pub(super) parts: Vec<Part>,
    /// Whether the query plays at another speed or pitch than its tracks.
    pub(super) changed: bool,
    /// Accepted matches that should not be.
    pub(super) stray: Vec<Stray>,
}

/// What came of one of the query's tracks.
#[derive(Debug, PartialEq)]
pub(super) struct Part {
    /// Number of the track among the query's: 0 for the excerpt, 1 for what was added.
    pub(super) number: usize,
    /// It was ranked before all tracks that are not in the query.
    pub(super) first: bool,
    /// What was said of it, if it was accepted.
    pub(super) accepted: Option<Errors>,
}

/// How far an accepted right match is from the truth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Errors {
    /// Error of the reported position in ms.
    pub(super) offset_ms: f64,
    /// Error of the time factor, as a share of the true one.
    pub(super) tempo: f64,
    /// Error of the pitch in cents.
    pub(super) cents: f64,
}

/// An accepted match that should not be.
pub(super) struct Stray {
    pub(super) track: TrackNo,
    pub(super) score: f64,
    pub(super) log10_evalue: f64,
}

/// A stretch of the query, and the track and position it was taken from.
#[derive(Debug, Clone)]
pub(super) struct Truth {
    track: TrackNo,
    begin_s: f64,
    piece: Piece,
}

/// The right answers, given the excerpts that the pieces count; none for an unknown query.
pub(super) fn truth(cuts: &[&Cut], pieces: Vec<Piece>) -> Vec<Truth> {
    let part = |piece: Piece| {
        let cut = cuts.get(piece.part)?;
        Some(Truth { track: cut.track?, begin_s: cut.begin_s, piece })
    };
    pieces.into_iter().filter_map(part).collect()
}

/// Judges `matches`, best first.
pub(super) fn judge(
    matches: &[TrackMatch],
    truth: &[Truth],
    params: &FingerprintParams,
) -> Verdict {
    let is_right = |track: TrackNo| truth.iter().any(|t| t.track == track);
    let numbers: BTreeSet<(usize, TrackNo)> =
        truth.iter().map(|t| (t.piece.part, t.track)).collect();
    let part = |(number, track): (usize, TrackNo)| {
        let rank = matches.iter().position(|m| m.track == track);
        let found = rank.map(|r| &matches[r].found).filter(|found| found.accepted());
        Part {
            number,
            first: rank.is_some_and(|r| matches[..r].iter().all(|m| is_right(m.track))),
            accepted: found.and_then(|found| errors(found.best(), track, truth, params)),
        }
    };
    let stray = matches
        .iter()
        .filter(|m| m.found.accepted() && !is_right(m.track))
        .map(|m| Stray { track: m.track, score: m.found.score, log10_evalue: m.found.log10_evalue })
        .collect();
    Verdict {
        parts: numbers.into_iter().map(part).collect(),
        changed: truth.iter().any(|t| t.piece.change != Change::NONE),
        stray,
    }
}

/// How far `segment`'s line through `track` is from the truth: its position where the middle of the
/// segment is said to come from.
fn errors(
    segment: &Segment,
    track: TrackNo,
    truth: &[Truth],
    params: &FingerprintParams,
) -> Option<Errors> {
    let middle_s = (segment.query_ms.0 + segment.query_ms.1) as f64 / 2_000.0;
    let reported_ms = to_ms(segment.transform.time(middle_s * TIME_UNITS_PER_SECOND));
    let distance = |p: &Piece| (p.begin_s - middle_s).max(middle_s - p.end_s).max(0.0);
    // The piece that holds the middle of the segment; the nearest one, if none does.
    let here = truth.iter().filter(|t| t.track == track);
    let t = here.min_by(|a, b| distance(&a.piece).total_cmp(&distance(&b.piece)))?;
    let change = t.piece.change;
    Some(Errors {
        offset_ms: (reported_ms - 1_000.0 * (t.begin_s + t.piece.source_s(middle_s))).abs(),
        tempo: (segment.transform.time_factor / change.factor - 1.0).abs(),
        cents: (segment.transform.pitch_cents(params) - change.cents).abs(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::constellation::FREQ_UNITS_PER_BIN;
    use crate::scan::evidence::MatchEvidence;
    use crate::scan::transform::Transform;

    const PARAMS: FingerprintParams = FingerprintParams::V2;

    fn found(
        track: TrackNo,
        query_ms: (u64, u64),
        transform: Transform,
        log10_evalue: f64,
    ) -> TrackMatch {
        let (raw_score, peaks, matched) = (100.0, 10, 10);
        let distinct = 1.0;
        let segment = Segment {
            query_ms,
            reference_ms: query_ms,
            transform,
            raw_score,
            distinct,
            independence: 1.0,
            peaks,
            matched,
        };
        let found = MatchEvidence {
            segments: vec![segment],
            raw_score,
            log10_evalue,
            score: 90.0,
            query_covered_ms: query_ms.1 - query_ms.0,
            reference_covered_ms: query_ms.1 - query_ms.0,
            query_coverage: 0.5,
            reference_coverage: 0.1,
            ..MatchEvidence::default()
        };
        TrackMatch { track, found }
    }

    fn at(seconds: f64) -> Transform {
        Transform::shift(seconds * TIME_UNITS_PER_SECOND)
    }

    /// Five seconds of track 1 from its 20th second, then five of track 2 from its 60th.
    fn joined() -> Vec<Truth> {
        let piece = |part: usize| Piece {
            part,
            begin_s: 5.0 * part as f64,
            end_s: 5.0 * part as f64 + 5.0,
            change: Change::NONE,
        };
        vec![
            Truth { track: TrackNo(1), begin_s: 20.0, piece: piece(0) },
            Truth { track: TrackNo(2), begin_s: 60.0, piece: piece(1) },
        ]
    }

    #[test]
    fn a_joined_query_is_scored_for_each_of_its_tracks() {
        let one = found(TrackNo(1), (0, 5_000), at(20.0), -30.0);
        let two = found(TrackNo(2), (5_000, 10_000), at(55.02), -20.0);
        let both = judge(&[one.clone(), two.clone()], &joined(), &PARAMS);
        assert_eq!(both.parts.len(), 2);
        assert!(both.parts.iter().all(|p| p.first), "either ranks before all strangers");
        let offset = |p: &Part| p.accepted.unwrap().offset_ms;
        assert!(offset(&both.parts[0]) < 1e-6);
        assert!((offset(&both.parts[1]) - 20.0).abs() < 1e-6, "{:?}", both.parts);
        assert!(both.stray.is_empty() && !both.changed);

        let stranger = found(TrackNo(7), (5_000, 10_000), at(0.0), -25.0);
        let weak = found(TrackNo(2), (5_000, 10_000), at(55.0), -1.0);
        let half = judge(&[one, stranger, weak], &joined(), &PARAMS);
        let seen: Vec<_> = half.parts.iter().map(|p| (p.first, p.accepted.is_some())).collect();
        assert_eq!(seen, [(true, true), (false, false)]);
        assert_eq!(half.stray.len(), 1);
    }

    #[test]
    fn a_speed_change_is_judged_by_what_it_truly_is() {
        let change = Change::speed(1.25);
        let piece = Piece { part: 0, begin_s: 0.0, end_s: 8.0, change };
        let truth = [Truth { track: TrackNo(1), begin_s: 30.0, piece }];
        let units_per_cent = PARAMS.bins_per_octave as f64 * FREQ_UNITS_PER_BIN / 1_200.0;
        let transform = |factor: f64, cents: f64| Transform {
            offset: 30.0 * TIME_UNITS_PER_SECOND,
            time_factor: factor,
            freq_shift: cents * units_per_cent,
        };
        let errors = |transform| {
            let verdict =
                judge(&[found(TrackNo(1), (0, 8_000), transform, -30.0)], &truth, &PARAMS);
            assert!(verdict.changed);
            verdict.parts[0].accepted.unwrap()
        };
        let right = errors(transform(1.25, change.cents));
        assert!(right.offset_ms < 1e-6 && right.tempo < 1e-9 && right.cents < 1e-6, "{right:?}");
        let off = errors(transform(1.25 * 1.01, change.cents - 30.0));
        assert!((off.tempo - 0.01).abs() < 1e-9 && (off.cents - 30.0).abs() < 1e-6, "{off:?}");
        // One per cent of the five seconds of the source that have gone by in the middle.
        assert!((off.offset_ms - 50.0).abs() < 1e-6, "{off:?}");
    }
}
