//! Every constant of the second tier, in one struct whose digest is stored with its codes and stands in records.
//!
//! As for [`FingerprintParams`](crate::params::FingerprintParams) and [`ScanParams`](crate::scan::params::ScanParams):
//! a preset is never edited once released. Where the numbers come from: `docs/src/how/works.md`.

use sha2::{Digest, Sha256};

use crate::audio::ANALYSIS_RATE;
use crate::id::hex;
use crate::params::SpectrumParams;

use super::channel::{Channel, KINDS};
use super::melody::VoiceParams;

/// Parameters of the second tier.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WorkParams {
    /// Name of the preset.
    pub preset: &'static str,
    /// How harmony is heard.
    pub chroma: ChromaParams,
    /// Codes of eight seconds.
    pub patch: PatchParams,
    /// How works are found.
    pub candidates: CandidateParams,
    /// Local alignment.
    pub align: AlignParams,
    /// Straight lines near the best paths.
    pub line: LineParams,
    /// From scores to E-values.
    pub significance: SignificanceParams,
    /// What is told.
    pub tell: TellParams,
}

/// From samples to twelve pitch classes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChromaParams {
    /// The spectrum.
    pub spectrum: SpectrumParams,
    /// A level counts over the mean of this many bins to either side: an octave in all.
    pub whiten_bins: usize,
    /// The most a level counts, in dB over that mean.
    pub top_db: f32,
    /// What is so many dB under the track's loud level is silent.
    pub gate_db: f32,
    /// What is so many dB over the lowest level, or less, is silent in any track.
    pub least_db: f32,
    /// Quantile of the frames' maxima that is the loud level.
    pub loud_quantile: f64,
    /// Bins whose peaks tell the tuning.
    pub tuning_bins: usize,
    /// Frames (of 1/8 s) over which the mean is taken that what sounds all along is heard by.
    pub local_frames: usize,
    /// Share of that mean that is taken away.
    pub local_share: f32,
    /// Frames with less than this share of the norm of a loud one are silent.
    pub silent_share: f32,
    /// Quantile of the frames' norms that is a loud one.
    pub norm_quantile: f64,
}

/// Patches and their codes. A patch is eight seconds at two frames a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PatchParams {
    /// Frames of half a second between the codes of a reference: harmony, melody.
    pub reference_hop: [usize; 2],
    /// The same of a query.
    pub query_hop: usize,
    /// Share of its half that a patch may reach beyond the ends of a track.
    pub overhang: f32,
}

/// How rarely unrelated works score so many deviations over the mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TailParams {
    /// Deviations from which it is exponential.
    pub from: f64,
    /// Share of unrelated works beyond that.
    pub share: f64,
    /// Its scale.
    pub scale: f64,
}

/// Candidates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CandidateParams {
    /// Tempos that a query is asked at, in per mille of its own.
    pub tempos: [u16; 5],
    /// Hits of each code.
    pub hits: usize,
    /// Lists of the inverted file that are read for each code.
    pub lists: usize,
    /// Codes up to which all are compared.
    pub exact_up_to: usize,
    /// Places, of one key and tempo, whose best hits make a work's score.
    pub places: usize,
    /// Works that are aligned.
    pub works: usize,
}

/// Local alignment of two sequences of four frames a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AlignParams {
    /// Tempos at which a query is aligned, in per mille of its own.
    pub tempos: [u16; 3],
    /// Similarity from which a cell adds to a path: harmony, melody.
    pub thresholds: [f32; 2],
    /// Cells of a diagonal whose mean is the similarity of the middle one.
    pub diagonal: usize,
    /// What a step of 1:2 or 2:1 costs.
    pub oblique: f32,
}

/// Straight lines.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LineParams {
    /// Paths of each channel near which lines are searched.
    pub paths: usize,
    /// Similarity from which a row adds to a segment.
    pub threshold: f32,
    /// Step between tempos, in per mille of the path's.
    pub tempo_step: u16,
    /// Steps to either side.
    pub tempo_reach: u16,
}

/// Significance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignificanceParams {
    /// Works drawn from the catalogue for the null distribution.
    pub drawn: usize,
    /// Share of the best scores that is left out of it: the true ones are among them.
    pub left_out: f64,
    /// Fewest works of a null distribution: with fewer nothing can be told.
    pub fewest: usize,
    /// Added to the deviation, as a share of the greatest score.
    pub floor: f32,
    /// What chance gives: harmony, melody, both along one line.
    pub tails: [TailParams; KINDS],
    /// By how much chance is taken for greater where bars in another order are the null distribution: they know nothing of
    /// progressions that many songs share. Among 55 pop songs in five batches they gave two false ties that they said come
    /// once in some 6,000 batches (`docs/src/how/works.md`).
    pub bars_caution: f64,
    /// Length in seconds of the stretches that a query is judged by; they overlap by half.
    pub stretch_s: u32,
}

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TellParams {
    /// A resemblance of one track is told where the expected number of chance ones is below this.
    pub expected: f64,
    /// The same for harmony alone and for batches.
    pub expected_strict: f64,
    /// Least aligned length, in seconds.
    pub aligned_s: f64,
    /// Works named beside the one that resembles.
    pub next_best: usize,
}

impl WorkParams {
    /// The preset that every index uses.
    pub const V1: WorkParams = WorkParams {
        preset: "works-v1",
        chroma: ChromaParams {
            spectrum: SpectrumParams {
                rate: ANALYSIS_RATE,
                fft_len: 4096,
                hop: 2000,
                bins_per_octave: 36,
                min_hz: 55.0,
                bins: 228,
                floor_db: -100.0,
            },
            whiten_bins: 18,
            top_db: 25.0,
            gate_db: 45.0,
            least_db: 20.0,
            loud_quantile: 0.9,
            tuning_bins: 180,
            local_frames: 64,
            local_share: 0.5,
            silent_share: 0.05,
            norm_quantile: 0.95,
        },
        patch: PatchParams { reference_hop: [4, 8], query_hop: 2, overhang: 0.25 },
        candidates: CandidateParams {
            tempos: [820, 910, 1000, 1100, 1220],
            hits: 200,
            lists: 32,
            exact_up_to: 1_000_000,
            places: 3,
            works: 100,
        },
        align: AlignParams {
            tempos: [840, 1000, 1190],
            thresholds: [0.45, 0.3],
            diagonal: 9,
            oblique: 0.3,
        },
        line: LineParams { paths: 3, threshold: 0.2, tempo_step: 20, tempo_reach: 5 },
        significance: SignificanceParams {
            drawn: 150,
            left_out: 0.03,
            fewest: 30,
            floor: 0.02,
            tails: [
                TailParams { from: 2.0, share: 0.0035, scale: 0.52 },
                TailParams { from: 2.0, share: 0.0027, scale: 0.43 },
                TailParams { from: 2.0, share: 0.0026, scale: 0.45 },
            ],
            bars_caution: 1000.0,
            stretch_s: 20,
        },
        tell: TellParams { expected: 0.01, expected_strict: 0.001, aligned_s: 8.0, next_best: 3 },
    };

    /// SHA-256 of the canonical text form and the projections: equal exactly when every parameter is equal.
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new_with_prefix(format!("{self:?}{:?}", VoiceParams::V1).as_bytes());
        Channel::ALL.iter().for_each(|channel| hash.update(channel.projection()));
        hash.finalize().into()
    }

    /// Digest of what is stored of a channel: how it is heard and its codes, not how they are compared.
    pub fn stored_digest(&self, channel: Channel) -> [u8; 32] {
        let mut hash = Sha256::new_with_prefix(format!("{:?}{:?}", self.chroma, self.patch));
        if channel == Channel::Melody {
            hash.update(format!("{:?}", VoiceParams::V1));
        }
        hash.update(channel.projection());
        hash.finalize().into()
    }

    /// Preset and short digest, as records name them.
    pub fn id(&self) -> String {
        format!("{} {}", self.preset, hex(&self.digest()[..8]))
    }
}
