//! What is told of traces: how strong, where, and what it rests on.

use serde::{Deserialize, Serialize};

use super::gate::Glance;

/// How strong a trace is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// There is too little sound, or none above 5 kHz: nothing can be said.
    NotMeasurable,
    /// No trace was found; that says nothing.
    #[default]
    None,
    /// As much as chance gives now and then.
    Weak,
    /// Beyond anything that was seen in human recordings.
    Strong,
}

impl Strength {
    /// Name in records.
    pub fn name(self) -> &'static str {
        match self {
            Strength::NotMeasurable => "not_measurable",
            Strength::None => "none",
            Strength::Weak => "weak",
            Strength::Strong => "strong",
        }
    }
}

/// The score of one band.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BandScore {
    /// Where it begins.
    pub begin_hz: u32,
    /// Where it ends.
    pub end_hz: u32,
    /// Its part of the score; none where there is no signal, so that it was left out.
    pub score: Option<f64>,
}

/// A part of a file in which every window is strong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stretch {
    /// Begin of the first window.
    pub begin_ms: u64,
    /// End of the last.
    pub end_ms: u64,
    /// The highest score of a window.
    pub score: f64,
}

/// Whether the phase looks rebuilt from magnitudes of 100 ms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WindowMatch {
    /// Whether it does.
    pub agrees: bool,
    /// Spread of magnitudes around their local mean in a window of 100 ms.
    pub spread: f64,
    /// Its ratio to that in a window of 50 ms.
    pub ratio: f64,
}

/// A step down in the mean spectrum near 10 kHz.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Edge {
    /// Where.
    pub hz: u32,
    /// By how much.
    pub db: f64,
}

/// What a closer look at one file found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// How strong the trace is.
    pub strength: Strength,
    /// Rows that fit best, by the name of their lattice.
    pub lattice: String,
    /// Score of the whole file, in standard deviations of white noise.
    pub score: f64,
    /// Pitch of the rows against where the decoder puts them.
    pub pitch_factor: f64,
    /// The score by band.
    pub bands: Vec<BandScore>,
    /// Scores of windows of `window_ms`, one a second from the beginning; none where there is silence.
    pub windows: Vec<Option<f64>>,
    /// Their length.
    pub window_ms: u64,
    /// Where windows are strong.
    pub stretches: Vec<Stretch>,
    /// The second opinion, where there was enough to hear.
    pub window_match: Option<WindowMatch>,
    /// A step in the spectrum near 10 kHz, if there is one.
    pub edge: Option<Edge>,
    /// The changes folded by the place inside a row, from half a row below a centre to half a row above, in
    /// median deviations.
    pub pattern: Vec<f64>,
}

impl Trace {
    /// The highest score of a window, or of the whole.
    pub fn highest(&self) -> f64 {
        self.windows.iter().flatten().copied().fold(self.score, f64::max)
    }

    /// The rows are at another pitch than where the decoder puts them.
    pub fn is_pitched(&self) -> bool {
        self.pitch_factor != 1.0
    }
}

/// What is known of traces in one file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Traced {
    /// What the gate saw.
    pub glance: Glance,
    /// What the closer look found, where one was worth its cost.
    pub close: Option<Trace>,
    /// Why there is none though it was.
    pub failed: Option<String>,
}

impl Traced {
    /// How strong the trace is.
    pub fn strength(&self) -> Strength {
        match (&self.close, &self.failed) {
            (Some(trace), _) => trace.strength,
            (None, None) if self.glance.measurable => Strength::None,
            (None, _) => Strength::NotMeasurable,
        }
    }
}
