//! Traces that a decoder leaves in sound: the rows of the mel spectrogram that it was rebuilt from.
//!
//! A vocoder that knows only 512 numbers a column makes thousands of frequencies of them: between two rows the
//! magnitude is an interpolation of both. Neighbouring rows change independently, so *how far the log spectrum
//! changes from one moment to the next* is most at the centres of rows and least half-way between them. Folded by
//! the place inside a row, that shows a pattern that music itself has no reason for. Riffusion v1 (512 HTK-mel rows up to
//! 10 kHz) leaves it; so does any recording, a person's own one included, that was passed through its codec. It is
//! evidence of a codec, not of who or what made the music, and its absence says nothing.
//!
//! ```text
//! samples ─► spectra ─► profile ─► lattice ─► evidence
//! at the     log levels  changes    folded:    strong, weak
//! own rate   of pairs    by bin     a score    or none, and where
//!                                   window_match: a second opinion
//! ```
//!
//! `gate` does that with few frames, for every file; `close` with many, for those in which the gate sees
//! something. Both listen to the signal at the file's own rate, within the decoder ([`Meter`]), because the
//! pattern is finest and strongest above the 8 kHz to which fingerprints listen.

mod close;
pub mod evidence;
mod gate;
mod lattice;
pub mod params;
mod profile;
mod spectra;
mod window_match;
pub mod words;

use serde::{Deserialize, Serialize};

pub use evidence::{Strength, Trace, Traced};
use params::TraceParams;

/// How closely a file is listened to for traces.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Listening {
    /// Not at all.
    #[default]
    Off,
    /// With few frames: is a closer look worth its cost?
    Glance,
    /// With all that the measurement needs.
    Close,
}

/// What was heard of a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Heard {
    /// At a glance.
    Glance(gate::Glance),
    /// Closely.
    Close(Box<Trace>),
}

/// Listens to a mono signal at its own rate.
pub struct Meter(Kind);

enum Kind {
    Glance(Box<gate::Gate>),
    Close(Box<close::Close>),
}

impl Meter {
    /// A meter that listens as closely as is wanted.
    pub fn new(listening: Listening) -> Option<Meter> {
        let params = &TraceParams::V2;
        match listening {
            Listening::Off => None,
            Listening::Glance => Some(Meter(Kind::Glance(Box::new(gate::Gate::new(params))))),
            Listening::Close => Some(Meter(Kind::Close(Box::new(close::Close::new(params))))),
        }
    }

    /// Takes the next samples, which are at `rate` Hz.
    pub fn push(&mut self, rate: u32, samples: &[f32]) {
        match &mut self.0 {
            Kind::Glance(gate) => gate.push(rate, samples),
            Kind::Close(close) => close.push(rate, samples),
        }
    }

    /// Ends the signal.
    pub fn finish(self) -> Heard {
        match self.0 {
            Kind::Glance(gate) => Heard::Glance(gate.finish()),
            Kind::Close(close) => Heard::Close(Box::new(close.finish())),
        }
    }
}

pub use gate::Glance;

#[cfg(test)]
mod tests;
