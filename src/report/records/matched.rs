//! What was found in a query: matches with their segments, and the outcome.

use serde::{Deserialize, Serialize};

use super::{Name, QueryInfo, ReferenceInfo};
use crate::credentials::State;
use crate::fingerprint::signal::Signal;
use crate::matches::{AlignedSegment, Match, Measures};
use crate::rounding::rounded;
use crate::scan::kind::MatchKind;

/// A stretch of the query and the stretch of the reference it runs along.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SegmentRecord {
    /// Begin in the query.
    pub sample_begin_time_offset_ms: u64,
    /// End in the query.
    pub sample_end_time_offset_ms: u64,
    /// Begin in the reference.
    pub db_begin_time_offset_ms: u64,
    /// End in the reference.
    pub db_end_time_offset_ms: u64,
    /// Query peaks that land on a reference peak.
    pub matched_peaks: u32,
    /// Query peaks in the segment.
    pub query_peaks: u32,
    /// Matched peaks per second.
    pub peaks_per_second: f64,
    /// Above 1: the query plays faster.
    pub time_factor: f64,
    /// Above 0: the query sounds higher.
    pub pitch_cents: f64,
    /// Another place of the reference that holds what an earlier segment of the query is; not counted as covered.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repeat: bool,
}

impl SegmentRecord {
    fn new(s: &AlignedSegment, repeat: bool) -> SegmentRecord {
        SegmentRecord {
            sample_begin_time_offset_ms: s.query_ms.0,
            sample_end_time_offset_ms: s.query_ms.1,
            db_begin_time_offset_ms: s.reference_ms.0,
            db_end_time_offset_ms: s.reference_ms.1,
            matched_peaks: s.matched_peaks,
            query_peaks: s.query_peaks,
            peaks_per_second: rounded(s.peaks_per_second(), 1),
            time_factor: rounded(s.time_factor, 5),
            pitch_cents: rounded(s.pitch_cents, 1),
            repeat,
        }
    }

    /// The segment, as exactly as the record tells it.
    pub fn segment(&self) -> AlignedSegment {
        AlignedSegment {
            query_ms: (self.sample_begin_time_offset_ms, self.sample_end_time_offset_ms),
            reference_ms: (self.db_begin_time_offset_ms, self.db_end_time_offset_ms),
            matched_peaks: self.matched_peaks,
            query_peaks: self.query_peaks,
            time_factor: self.time_factor,
            pitch_cents: self.pitch_cents,
        }
    }
}

/// A resemblance and its evidence.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MatchRecord {
    /// Names query and reference; the same for a repeated scan.
    pub match_id: String,
    /// What it is.
    pub match_kind: MatchKind,
    /// Whether the evidence is beyond chance; matches that are not are shown on request only.
    pub accepted: bool,
    /// 0 to 100, 50 at the acceptance line; comparable between queries.
    pub score: f64,
    /// `log10` of the expected number of chance matches as good, in an index of this size.
    pub log10_evalue: f64,
    /// The scanned file.
    pub query: QueryInfo,
    /// The reference.
    pub reference: ReferenceInfo,
    /// Share of the query inside segments.
    pub query_match_pct: f64,
    /// Share of the reference inside segments.
    pub asset_match_pct: f64,
    /// Matched peaks per second of matching query.
    pub peaks_per_second: f64,
    /// Speed or pitch was changed.
    pub modified: bool,
    /// Of the best segment: above 1, the query plays faster.
    pub time_factor: f64,
    /// Of the best segment: frequency ratio of the pitch change.
    pub frequency_factor: f64,
    /// Of the best segment: above 0, the query sounds higher.
    pub pitch_cents: f64,
    /// Where, on both sides, in query order; then other places of the reference that hold the same.
    pub segments: Vec<SegmentRecord>,
    /// Matches with loops of a library that explain some of it, or all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub loops: Vec<String>,
    /// What is left of it beside those loops, by which it is judged; none where nothing is that is beyond chance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside_loops: Option<Box<BesideLoops>>,
    /// The decision by which the match is not held against the upload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_by: Option<String>,
}

/// What is left of a match beside the loops of a library that sound in both tracks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BesideLoops {
    /// What it is.
    pub match_kind: MatchKind,
    /// `log10` of the expected number of chance matches as good.
    pub log10_evalue: f64,
    /// Share of the query inside its segments.
    pub query_match_pct: f64,
    /// Share of the reference inside its segments.
    pub asset_match_pct: f64,
    /// Where, on both sides, in query order.
    pub segments: Vec<SegmentRecord>,
}

impl BesideLoops {
    fn of(m: &Match) -> BesideLoops {
        BesideLoops {
            match_kind: m.kind,
            log10_evalue: rounded(m.measures.log10_evalue, 2),
            query_match_pct: rounded(m.measures.query_match_pct, 1),
            asset_match_pct: rounded(m.measures.asset_match_pct, 1),
            segments: m.segments.iter().map(|s| SegmentRecord::new(s, false)).collect(),
        }
    }
}

impl MatchRecord {
    /// The segments that are counted as covered: all but repeats.
    pub fn own_segments(&self) -> impl DoubleEndedIterator<Item = &SegmentRecord> {
        self.segments.iter().filter(|s| !s.repeat)
    }

    /// What was measured, as exactly as the record tells it.
    pub fn measures(&self) -> Measures {
        Measures {
            score: self.score,
            log10_evalue: self.log10_evalue,
            query_match_pct: self.query_match_pct,
            asset_match_pct: self.asset_match_pct,
            peaks_per_second: self.peaks_per_second,
            time_factor: self.time_factor,
            pitch_cents: self.pitch_cents,
        }
    }
}

impl From<&Match> for MatchRecord {
    fn from(m: &Match) -> MatchRecord {
        let own = m.segments.iter().map(|s| SegmentRecord::new(s, false));
        let repeats = m.repeats.iter().map(|s| SegmentRecord::new(s, true));
        let measured = &m.measures;
        MatchRecord {
            match_id: m.id.clone(),
            match_kind: m.kind,
            accepted: m.is_accepted(),
            score: rounded(measured.score, 2),
            log10_evalue: rounded(measured.log10_evalue, 2),
            query: QueryInfo::from(&*m.query),
            reference: ReferenceInfo::from(&*m.reference),
            query_match_pct: rounded(measured.query_match_pct, 1),
            asset_match_pct: rounded(measured.asset_match_pct, 1),
            peaks_per_second: rounded(measured.peaks_per_second, 1),
            modified: m.modified,
            time_factor: rounded(measured.time_factor, 5),
            frequency_factor: rounded((measured.pitch_cents / 1200.0).exp2(), 5),
            pitch_cents: rounded(measured.pitch_cents, 1),
            segments: own.chain(repeats).collect(),
            loops: m.loops.clone(),
            beside_loops: m.beside_loops.as_deref().map(|rest| Box::new(BesideLoops::of(rest))),
            allowed_by: m.allowed_by.clone(),
        }
    }
}

/// Whether anything was found in a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScanResult {
    /// At least one accepted match.
    Matched,
    /// None.
    NoMatch,
    /// Nothing in it can be fingerprinted (silence, a steady tone), so nothing can be said.
    NoFeatures,
}

impl ScanResult {
    /// The result of a query with so many accepted `matches`; `featureless`: nothing in it can be
    /// fingerprinted.
    pub fn of(matches: usize, featureless: bool) -> ScanResult {
        match matches {
            0 if featureless => ScanResult::NoFeatures,
            0 => ScanResult::NoMatch,
            _ => ScanResult::Matched,
        }
    }

    /// Name in records.
    pub fn name(self) -> &'static str {
        match self {
            ScanResult::Matched => "matched",
            ScanResult::NoMatch => "no_match",
            ScanResult::NoFeatures => "no_features",
        }
    }
}

/// Outcome for one query.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Scanned {
    /// The scanned file.
    pub query: QueryInfo,
    /// Whether anything was found.
    pub result: ScanResult,
    /// Accepted matches.
    pub matches: usize,
    /// References that play the same, beyond those that match; none where they were not looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resemblances: Option<usize>,
    /// What sounds when, where the matches make a mix; empty otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tracklist: Vec<TracklistEntry>,
    /// Silence, noise, repetition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<Signal>,
    /// Path of the file, the same sound, that was looked up in its stead; each of its matches was then verified on
    /// this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_way_of: Option<String>,
    /// What became of its signed credential, `none` where it has none; absent where none was looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<State>,
}

/// A stretch of a mix and the reference that sounds in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TracklistEntry {
    /// Begin in the file.
    pub sample_begin_time_offset_ms: u64,
    /// End in the file.
    pub sample_end_time_offset_ms: u64,
    /// The match that says so.
    pub match_id: String,
    /// Identifier of the reference's content.
    pub ref_id: String,
    /// Path the reference was indexed from.
    pub path: String,
    /// Title of the reference.
    pub title: Option<String>,
    /// Artists of the reference.
    pub artists: Vec<Name>,
}
