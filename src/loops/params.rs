//! Every constant that an occurrence of a loop rests on.

use sha2::{Digest, Sha256};

/// Samples a second of what is listened to: the rate of analysis.
pub const RATE: usize = 16_000;
/// Samples of a frame: 8 s.
pub const FRAME: usize = 8 * RATE;
/// Samples between frames, and of a whole piece of a loop: 4 s.
pub const HOP: usize = FRAME / 2;
/// First bin of the band (an eighth of a hertz each): 500 Hz.
pub const FIRST_BIN: usize = 4_000;
/// Bins of the band: 3 kHz, so the delays of a correlation are a third of a millisecond apart.
pub const BINS: usize = 24_000;
/// Delays a second.
pub const DELAYS_PER_SECOND: f64 = BINS as f64 * RATE as f64 / FRAME as f64;

/// Parameters of the search for loops.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoopParams {
    /// Name of the preset.
    pub preset: &'static str,
    /// Seconds over which the ends of a frame or a piece rise: a cut is a click, and clicks are alike.
    pub taper_s: f64,
    /// Bins over which the usual magnitude around a bin is taken.
    pub around: usize,
    /// How much of the magnitude over that a bin keeps: 0, phases alone.
    pub colour: f32,
    /// Most that a bin has of the usual magnitude.
    pub most: f32,
    /// Shortest piece, in samples, unless a loop is shorter as a whole.
    pub shortest: usize,
    /// Longest part of a loop that is kept, in pieces.
    pub pieces: usize,
    /// Every so many bins are looked at first, where there are many pieces.
    pub comb: usize,
    /// From how many pieces on.
    pub comb_from: usize,
    /// The height in standard deviations above which such a first look is followed by a second one.
    pub comb_height: f32,
    /// Height of a peak that is looked at closely, in standard deviations.
    pub height: f32,
    /// Delays around a peak that it is measured by, and those next to it that belong to it.
    pub beside: (usize, usize),
    /// Peaks of one frame and piece.
    pub peaks: usize,
    /// Seconds of the blocks of a piece that are looked at one by one.
    pub block_s: f64,
    /// Height in standard deviations from which a block is there.
    pub block_height: f64,
    /// Share of a piece, by power, that must be there: a drum stroke that many loops share is none of them.
    pub support: f64,
    /// Share of a piece that two of its places do not have in common.
    pub apart: f64,
    /// `log10` of the number of chance peaks as prominent as 4 for a piece and a minute; measured on unrelated music
    /// (`benches/loops/loops.py`).
    pub chance: f64,
    /// How much that falls for each further unit of prominence.
    pub decay: f64,
    /// `log10` of the expected number of chance occurrences up to which a loop is named.
    pub accept_log10_evalue: f64,
    /// Further places of a loop that was named are held to this.
    pub again_log10_evalue: f64,
    /// Seconds within which the pieces of one loop agree on where it begins.
    pub agree_s: f64,
}

impl LoopParams {
    /// The preset every search uses.
    pub const V1: LoopParams = LoopParams {
        preset: "loops1",
        taper_s: 0.1,
        around: 400,
        colour: 0.4,
        most: 3.0,
        shortest: RATE,
        pieces: 16,
        comb: 8,
        comb_from: 64,
        comb_height: 3.6,
        height: 4.5,
        beside: (300, 6),
        peaks: 8,
        block_s: 0.5,
        block_height: 1.5,
        support: 0.5,
        apart: 0.9,
        chance: -1.22,
        decay: 0.86,
        accept_log10_evalue: -3.0,
        again_log10_evalue: -1.0,
        agree_s: 0.005,
    };

    /// Preset and short digest, as records name them.
    pub fn id(&self) -> String {
        let digest =
            Sha256::digest(format!("{self:?} {RATE} {FRAME} {FIRST_BIN} {BINS}").as_bytes());
        let digest: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{} {digest}", self.preset)
    }
}
