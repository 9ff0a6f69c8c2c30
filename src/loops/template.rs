//! Templates: the pieces of a loop, as an index keeps them.
//!
//! Of the whitened spectrum of a piece only the phases are kept, in sixteen steps: 12 KB for four seconds. Rounding a
//! phase to a sixteenth of a turn costs 0.06 dB.

use rustfft::num_complex::Complex32;

use super::frames::Whitener;
use super::params::{BINS, HOP, LoopParams, RATE};

/// Name of the payload in an index.
pub const PAYLOAD: &str = "loop";
/// Its form: see [`Template::pack`].
pub const FORM: u32 = 1;

/// Steps of a phase.
const STEPS: f32 = 16.0;
/// Bytes of a packed piece: its length in samples, then its phases, two to a byte.
const PIECE_BYTES: usize = 4 + BINS / 2;

/// Up to 4 s of a loop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Samples that it has.
    pub length: usize,
    /// Two phases to a byte, the first in the lower half.
    phases: Box<[u8]>,
}

impl Piece {
    /// The phases of every `each`th bin, as numbers of absolute value 1, conjugated: what a spectrum is multiplied by.
    pub fn conjugates<'a>(
        &'a self,
        table: &'a PhaseTable,
        each: usize,
    ) -> impl Iterator<Item = Complex32> + 'a {
        let step = |bin: usize| self.phases[bin / 2] >> (4 * (bin % 2)) & 15;
        (0..BINS).step_by(each).map(move |bin| table.0[usize::from(step(bin))])
    }

    /// Length in seconds.
    pub fn seconds(&self) -> f64 {
        self.length as f64 / RATE as f64
    }
}

/// The sixteen phases, conjugated.
pub struct PhaseTable([Complex32; 16]);

impl Default for PhaseTable {
    fn default() -> PhaseTable {
        let phase = |step: usize| -std::f32::consts::TAU * step as f32 / STEPS;
        PhaseTable(std::array::from_fn(|step| Complex32::from_polar(1.0, phase(step))))
    }
}

/// A loop: pieces that follow each other, each 4 s after the one before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Template {
    /// At least one, unless the loop is silent or longer than is looked for.
    pub pieces: Vec<Piece>,
}

impl Template {
    /// As an index keeps it.
    pub fn pack(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.pieces.len() * PIECE_BYTES);
        for piece in &self.pieces {
            bytes.extend_from_slice(&(piece.length as u32).to_le_bytes());
            bytes.extend_from_slice(&piece.phases);
        }
        bytes
    }

    /// Reads [`pack`](Template::pack); none where the bytes are something else.
    pub fn unpack(bytes: &[u8]) -> Option<Template> {
        let piece = |bytes: &[u8]| {
            let (length, phases) = bytes.split_first_chunk::<4>()?;
            let length = u32::from_le_bytes(*length) as usize;
            let fits = phases.len() == BINS / 2 && (1..=HOP).contains(&length);
            fits.then(|| Piece { length, phases: phases.into() })
        };
        let pieces: Option<Vec<Piece>> = bytes.chunks(PIECE_BYTES).map(piece).collect();
        Some(Template { pieces: pieces? }).filter(|template| !template.pieces.is_empty())
    }
}

/// Streaming: push the samples of a loop, take its template.
pub struct TemplateMeter {
    params: LoopParams,
    whitener: Whitener,
    pending: Vec<f32>,
    /// Samples that were pushed.
    heard: usize,
    template: Template,
    /// A piece was silent: those after it would lie at a wrong place.
    ended: bool,
}

impl TemplateMeter {
    /// Nothing heard yet.
    pub fn new(params: &LoopParams) -> TemplateMeter {
        TemplateMeter {
            params: *params,
            whitener: Whitener::new(params),
            pending: Vec::new(),
            heard: 0,
            template: Template::default(),
            ended: false,
        }
    }

    /// Takes the next samples.
    pub fn push(&mut self, samples: &[f32]) {
        self.heard += samples.len();
        if self.ended {
            return;
        }
        self.pending.extend_from_slice(samples);
        while self.pending.len() >= HOP && !self.ended {
            let piece: Vec<f32> = self.pending.drain(..HOP).collect();
            self.add(&piece);
        }
    }

    fn add(&mut self, samples: &[f32]) {
        match self.whitener.spectrum(samples, 0, 0.0) {
            Some(spectrum) if self.template.pieces.len() < self.params.pieces => {
                let step = |x: &Complex32| {
                    (x.arg() / std::f32::consts::TAU * STEPS).round().rem_euclid(STEPS) as u8 & 15
                };
                let phases = spectrum.chunks(2).map(|two| step(&two[0]) | step(&two[1]) << 4);
                let piece = Piece { length: samples.len(), phases: phases.collect() };
                self.template.pieces.push(piece);
            }
            _ => {
                self.ended = true;
                self.pending = Vec::new();
            }
        }
    }

    /// The template; none of silence.
    pub fn finish(mut self) -> Option<Template> {
        let rest = std::mem::take(&mut self.pending);
        let is_piece = rest.len() >= self.params.shortest || self.template.pieces.is_empty();
        if !self.ended && is_piece && !rest.is_empty() {
            self.add(&rest);
        }
        Some(self.template).filter(|template| !template.pieces.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(length: usize) -> Vec<f32> {
        let mut state = 7u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..length).map(|_| next()).collect()
    }

    fn template(samples: &[f32]) -> Option<Template> {
        let mut meter = TemplateMeter::new(&LoopParams::V1);
        samples.chunks(4096).for_each(|part| meter.push(part));
        meter.finish()
    }

    #[test]
    fn a_loop_is_kept_in_pieces() {
        let lengths = |samples: usize| -> Vec<usize> {
            template(&noise(samples)).unwrap().pieces.iter().map(|p| p.length).collect()
        };
        assert_eq!(lengths(RATE / 2), [RATE / 2], "a short one whole");
        assert_eq!(lengths(HOP), [HOP]);
        assert_eq!(lengths(HOP + RATE / 2), [HOP], "half a second more says nothing");
        assert_eq!(lengths(2 * HOP + RATE), [HOP, HOP, RATE]);
        assert_eq!(lengths(100 * HOP).len(), LoopParams::V1.pieces);
        assert_eq!(template(&vec![0.0; HOP]), None);
    }

    #[test]
    fn what_is_packed_is_read_and_nothing_else() {
        let template = template(&noise(HOP + 2 * RATE)).unwrap();
        let bytes = template.pack();
        assert_eq!(Template::unpack(&bytes), Some(template));
        assert_eq!(Template::unpack(&[]), None);
        assert_eq!(Template::unpack(&bytes[1..]), None);
        assert_eq!(Template::unpack(&bytes[..PIECE_BYTES + 3]), None);
        let mut too_long = bytes.clone();
        too_long[..4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(Template::unpack(&too_long), None);
    }
}
