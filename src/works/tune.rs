//! The tune as it is kept: eight times a second the pitch class that leads, and how sure that is.

use super::chroma::directions;
use super::melody::Voice;
use super::params::ChromaParams;
use super::sequence::{CLASSES, Row};

/// Stands for no pitch.
const NONE: u8 = 15;
/// Steps of sureness.
const SURE: f32 = 15.0;

/// A tune: of each eighth of a second a byte, the pitch class (15: none) and how sure it is, of 15.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tune {
    bytes: Vec<u8>,
}

impl Tune {
    /// Of the voice that leads.
    pub fn of(voices: &[Voice]) -> Tune {
        let byte = |voice: &Voice| {
            let sure = (voice.confidence.clamp(0.0, 1.0) * SURE).round() as u8;
            let class = voice.pitch.map_or(NONE, |pitch| pitch % CLASSES as u8);
            class << 4 | if class == NONE { 0 } else { sure }
        };
        Tune { bytes: voices.iter().map(byte).collect() }
    }

    /// As it was stored.
    pub fn of_bytes(bytes: Vec<u8>) -> Tune {
        Tune { bytes }
    }

    /// To be stored.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The directions of its frames, as those of a chromagram.
    pub fn directions(&self, params: &ChromaParams) -> Vec<Row> {
        let row = |byte: &u8| -> Row {
            let (class, sure) = (usize::from(byte >> 4), f32::from(byte & 15) / SURE);
            std::array::from_fn(|c| if c == class { sure } else { 0.0 })
        };
        let rows: Vec<Row> = self.bytes.iter().map(row).collect();
        // A tune that stays on its note still is a tune.
        directions(&rows, &ChromaParams { local_share: 0.0, ..*params })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::works::params::WorkParams;

    #[test]
    fn what_leads_is_kept_and_what_is_not_there_is_silent() {
        let voice = |pitch, confidence| Voice { pitch, confidence };
        let mut voices = vec![voice(Some(69), 1.0); 8];
        voices.extend(vec![voice(None, 0.0); 8]);
        let tune = Tune::of(&voices);
        assert_eq!(Tune::of_bytes(tune.bytes().to_vec()), tune);
        let rows = tune.directions(&WorkParams::V1.chroma);
        let loudest = (0..CLASSES).max_by(|a, b| rows[4][*a].total_cmp(&rows[4][*b]));
        assert_eq!(loudest, Some(9));
        assert_eq!(rows[12], [0.0; CLASSES]);
    }
}
