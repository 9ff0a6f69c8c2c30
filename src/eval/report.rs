//! What an evaluation found, in a form that can be printed or written as JSON.

use std::path::Path;

use serde::Serialize;

use crate::audio::AudioError;

/// Everything measured.
#[derive(Debug, Clone, Serialize)]
pub struct EvalReport {
    /// What it was measured on.
    pub material: Material,
    /// Queries whose track is in the index, one row per degradation and length.
    pub rows: Vec<EvalRow>,
    /// Queries whose track is not, likewise.
    pub unknowns: Vec<UnknownRow>,
    /// Wrong and false matches, by pair of files, most frequent first.
    pub pairs: Vec<Pair>,
    /// How fast it went.
    pub speed: Speed,
    /// What the reader must know to judge the numbers.
    pub notes: Vec<String>,
    /// Files left out.
    pub skipped: Vec<Skipped>,
}

/// What was measured on.
#[derive(Debug, Clone, Serialize)]
pub struct Material {
    /// Seed of all random choices.
    pub seed: u64,
    /// Tracks in the index.
    pub references: usize,
    /// Their length in hours.
    pub reference_hours: f64,
    /// Tracks held out.
    pub unknown_tracks: usize,
    /// Excerpts cut from the references.
    pub known_excerpts: usize,
    /// Excerpts cut from the tracks held out.
    pub unknown_excerpts: usize,
}

/// One degradation and query length, tracks that are in the index.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EvalRow {
    /// Group of degradations.
    pub family: &'static str,
    /// What was done to the excerpts.
    pub degradation: String,
    /// Length of the excerpts before that, in seconds.
    pub length_s: u32,
    /// Queries.
    pub queries: usize,
    /// Right answers in all: a query counts once for every track that it was made of.
    pub parts: usize,
    /// Right tracks ranked before all others, whatever their scores.
    pub first: usize,
    /// Right tracks accepted: recall is `accepted / parts`.
    pub accepted: usize,
    /// The same for the first track of every query, the second one, and so on.
    pub accepted_by_part: Vec<usize>,
    /// Queries with an accepted match in any other track.
    pub wrong: usize,
    /// Right tracks accepted more than a second away from the right place: the
    /// music repeats there, or chance helped.
    pub misplaced: usize,
    /// Lower end of recall's 95 % interval, 0 to 1.
    pub ci_low: f64,
    /// Upper end.
    pub ci_high: f64,
    /// Median error of the position reported for accepted right tracks, in ms.
    pub offset_median_ms: Option<f64>,
    /// 95th percentile of the same.
    pub offset_p95_ms: Option<f64>,
    /// Accepted right tracks whose time factor is within 0.5 % of the true one. This and the next
    /// three are for copies at another speed, tempo or pitch only.
    pub tempo_right: Option<usize>,
    /// Median error of the time factor, in per cent of the true one.
    pub tempo_error_pct: Option<f64>,
    /// Accepted right tracks whose pitch is within 10 cents of the true one.
    pub pitch_right: Option<usize>,
    /// Median error of the pitch, in cents.
    pub pitch_error_cents: Option<f64>,
}

/// One degradation and query length, tracks that are not in the index.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UnknownRow {
    /// Group of degradations.
    pub family: &'static str,
    /// What was done to the excerpts.
    pub degradation: String,
    /// Length of the excerpts before that, in seconds.
    pub length_s: u32,
    /// Queries.
    pub queries: usize,
    /// Queries with any accepted match.
    pub false_alarms: usize,
    /// Lower end of the false-alarm rate's 95 % interval, 0 to 1.
    pub ci_low: f64,
    /// Upper end.
    pub ci_high: f64,
}

/// Two files that matched though one was not cut from the other.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pair {
    /// `wrong`: the query's track is in the index, too; `false_alarm`: it was held out.
    pub kind: &'static str,
    /// The file that the queries were cut from.
    pub query_path: String,
    /// The reference they matched.
    pub reference_path: String,
    /// How many queries did.
    pub queries: usize,
    /// The best match's score, 0 to 100.
    pub best_score: f64,
    /// Its `log10` E-value.
    pub best_log10_evalue: f64,
    /// Whether they match without any damage, too: then the files probably share audio.
    pub clean: bool,
    /// Degradations in which they did.
    pub degradations: Vec<String>,
}

/// How fast it went.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Speed {
    /// Audio indexed, in seconds.
    pub index_audio_s: f64,
    /// Time it took, in seconds, with `threads` threads.
    pub index_wall_s: f64,
    /// Seconds of audio indexed per second.
    pub index_x_realtime: f64,
    /// Threads used.
    pub threads: usize,
    /// Audio that the two costs below were measured on, in seconds.
    pub sample_audio_s: f64,
    /// Seconds of audio decoded to 16 kHz mono per second of one thread.
    pub decode_x_realtime: f64,
    /// Cost of decoding and fingerprinting over decoding alone, one thread, same files.
    pub index_cpu_ratio: f64,
    /// Queries that scanning was timed on.
    pub scan_queries: usize,
    /// Length of those, in seconds.
    pub scan_length_s: u32,
    /// Scan of one fingerprinted query on one thread, median, in ms.
    pub scan_median_ms: f64,
    /// 95th percentile of the same.
    pub scan_p95_ms: f64,
}

/// A file left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// The file.
    pub path: String,
    /// Why.
    pub reason: String,
}

impl Skipped {
    pub(super) fn new(path: &Path, reason: impl Into<String>) -> Skipped {
        Skipped { path: path.to_string_lossy().into_owned(), reason: reason.into() }
    }

    pub(super) fn audio(error: &AudioError) -> Skipped {
        Skipped::new(error.path(), error.to_string())
    }
}
