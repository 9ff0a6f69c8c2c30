//! Traces of decoders, as records tell them.

use serde::{Deserialize, Serialize};

use super::QueryInfo;
use crate::rounding::rounded;
use crate::trace::evidence::{BandScore, Edge, Stretch, WindowMatch};
use crate::trace::params::{GlanceScores, TraceParams};
use crate::trace::words::statement;
use crate::trace::{Glance, Strength, Trace, Traced};
use crate::track::Track;

/// Traces of a decoder in one query: evidence of a codec, not of who or what made the music.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DecoderTraceRecord {
    /// The file.
    pub query: QueryInfo,
    /// How strong: `strong`, `weak`, `none` or `not_measurable`.
    pub result: Strength,
    /// What that means and what it does not, in words.
    pub statement: String,
    /// Name and digest of the parameters.
    #[serde(default)]
    pub params: String,
    /// What a look at few frames gave.
    pub glance: Glance,
    /// What a closer look gave; none where the glance saw nothing.
    #[serde(flatten)]
    pub close: Option<CloseLook>,
}

/// What a closer look gave.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CloseLook {
    /// Score of the whole file, in standard deviations of white noise.
    pub score: f64,
    /// The highest score of a window of `window_ms`, or of the whole.
    pub highest_score: f64,
    /// Versions of human tracks that were measured.
    pub human_versions: u32,
    /// The highest score among them, at any pitch where the rows are at another one.
    pub human_highest: f64,
    /// Rows that fit best.
    pub lattice: String,
    /// Their pitch against where the decoder puts them.
    pub pitch_factor: f64,
    /// The score by band.
    pub bands: Vec<BandScore>,
    /// Parts in which every window is strong.
    pub stretches: Vec<Stretch>,
    /// Length of a window; one begins every second.
    pub window_ms: u64,
    /// Scores of the windows from the beginning on; none where there is silence.
    pub windows: Vec<Option<f64>>,
    /// The second opinion, where there was enough to hear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_match: Option<WindowMatch>,
    /// A step down in the spectrum near 10 kHz, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edge: Option<Edge>,
    /// The changes folded by the place inside a row, from half a row below its centre to half a row above.
    pub pattern: Vec<f64>,
}

impl DecoderTraceRecord {
    /// What was found in `track`.
    pub fn new(track: &Track, traced: &Traced) -> DecoderTraceRecord {
        let Glance { measurable, scores } = traced.glance;
        let scores = GlanceScores {
            whole: rounded(scores.whole, 1),
            stretch: rounded(scores.stretch, 1),
            other_rows: rounded(scores.other_rows, 1),
            pitched: rounded(scores.pitched, 1),
        };
        let measured = traced.close.as_ref().filter(|t| t.strength != Strength::NotMeasurable);
        DecoderTraceRecord {
            query: QueryInfo::from(track),
            result: traced.strength(),
            statement: statement(traced),
            params: TraceParams::V2.id(),
            glance: Glance { measurable, scores },
            close: measured.map(CloseLook::new),
        }
    }
}

impl CloseLook {
    fn new(trace: &Trace) -> CloseLook {
        let human = &TraceParams::V2.human;
        let short = |value: f64| rounded(value, 1);
        let band = |b: &BandScore| BandScore { score: b.score.map(short), ..b.clone() };
        let stretch = |s: &Stretch| Stretch { score: short(s.score), ..s.clone() };
        let opinion = |w: &WindowMatch| WindowMatch {
            spread: rounded(w.spread, 3),
            ratio: rounded(w.ratio, 3),
            ..w.clone()
        };
        CloseLook {
            score: short(trace.score),
            highest_score: short(trace.highest()),
            human_versions: human.versions,
            human_highest: human.highest(trace.is_pitched()),
            lattice: trace.lattice.clone(),
            pitch_factor: rounded(trace.pitch_factor, 4),
            bands: trace.bands.iter().map(band).collect(),
            stretches: trace.stretches.iter().map(stretch).collect(),
            window_ms: trace.window_ms,
            windows: trace.windows.iter().map(|score| score.map(short)).collect(),
            window_match: trace.window_match.as_ref().map(opinion),
            edge: trace.edge.as_ref().map(|e| Edge { db: short(e.db), ..e.clone() }),
            pattern: trace.pattern.iter().map(|value| rounded(*value, 3)).collect(),
        }
    }
}
