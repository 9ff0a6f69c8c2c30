//! Every constant that shapes a fingerprint, in one struct whose digest is stored in the index.
//!
//! Two fingerprints can be compared only when they were made with the same parameters, so an
//! index refuses to be read or extended by a build whose digest differs. Presets are never
//! edited once released; a change is a new preset.

use sha2::{Digest, Sha256};

use crate::audio::ANALYSIS_RATE;

/// Number of bands that have a peak quota of their own.
pub const QUOTA_BANDS: usize = 4;

/// Parameters of the analysis chain. Units are in the field names or docs.
#[derive(Debug, Clone, PartialEq)]
pub struct FingerprintParams {
    /// Name and revision of the preset.
    pub preset: &'static str,
    /// Sample rate of the analysed signal in Hz.
    pub rate: u32,
    /// STFT window length in samples (Hann).
    pub fft_len: usize,
    /// Samples between frames.
    pub hop: usize,
    /// Log-frequency bins per octave.
    pub bins_per_octave: usize,
    /// Centre of bin 0 in Hz.
    pub min_hz: f64,
    /// Number of log-frequency bins.
    pub bins: usize,
    /// Spectral levels below this many dB relative to full scale count as silence.
    pub floor_db: f32,
    /// A peak is the maximum over ± this many frames.
    pub peak_frames: usize,
    /// A peak is the maximum over ± this many bins.
    pub peak_bins: usize,
    /// Half-width in frames of the neighbourhood whose mean level is the reference for contrast.
    pub contrast_frames: usize,
    /// Half-width in bins of the same neighbourhood.
    pub contrast_bins: usize,
    /// Least level of a peak over its neighbourhood, in dB.
    pub min_contrast_db: f32,
    /// First bin above each quota band.
    pub quota_edges: [usize; QUOTA_BANDS],
    /// Peaks per second kept in each quota band of a reference.
    pub quota: [usize; QUOTA_BANDS],
    /// A query keeps this many times the peaks of a reference: what was pushed out of a
    /// reference's quota in the degraded copy is still there to be matched.
    pub query_density: f32,
    /// Descriptor window length in time units of 4 ms.
    pub window: u32,
    /// Distance between descriptor windows of a reference, in time units.
    pub reference_hop: u32,
    /// Windows with fewer peaks than this are not indexed.
    pub min_window_peaks: usize,
    /// Windows whose peaks fall on fewer distinct frequencies than this are not indexed.
    pub min_window_pitches: usize,
    /// Anchors of a reference lie in these bins (first, and first beyond): in the middle, so that
    /// their surroundings stay on the axis when the pitch changes.
    pub anchor_bins: [usize; 2],
    /// A query looks for anchors this many bins farther out: the largest pitch change found.
    pub anchor_pitch_reach: usize,
    /// A query takes peaks up to this rank for anchors.
    pub anchor_query_rank: u8,
    /// Number of bands, equal in bins, whose levels are kept.
    pub level_bands: usize,
    /// Frames whose mean makes one level.
    pub level_rows: usize,
}

/// A short-time spectrum on a log-frequency axis. Units as in [`FingerprintParams`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpectrumParams {
    /// Sample rate in Hz.
    pub rate: u32,
    /// Window length in samples (Hann).
    pub fft_len: usize,
    /// Samples between frames.
    pub hop: usize,
    /// Bins per octave.
    pub bins_per_octave: usize,
    /// Centre of bin 0 in Hz.
    pub min_hz: f64,
    /// Number of bins.
    pub bins: usize,
    /// Lowest level, in dB relative to full scale.
    pub floor_db: f32,
}

/// A learned projection from peak maps to codes: one row of 256 `i8` weights per cell of the map.
pub type Projection = [u8; 62 * 32 * 256];
/// For windows on the clock (`benches/train/train_projection.py`).
pub static PROJECTION: &Projection = include_bytes!("fingerprint/projection.bin");
/// For the surroundings of anchors (`benches/train/train_anchors.py`).
pub static ANCHOR_PROJECTION: &Projection = include_bytes!("fingerprint/anchor_projection.bin");

impl FingerprintParams {
    /// The preset every new index uses.
    pub const V2: FingerprintParams = FingerprintParams {
        preset: "v2",
        rate: ANALYSIS_RATE,
        fft_len: 2048,
        hop: 256,
        bins_per_octave: 36,
        min_hz: 150.0,
        bins: 184,
        floor_db: -96.0,
        peak_frames: 5,
        peak_bins: 4,
        contrast_frames: 32,
        contrast_bins: 18,
        min_contrast_db: 3.0,
        quota_edges: [64, 118, 164, 184],
        quota: [10, 11, 10, 5],
        query_density: 1.4,
        window: 500,
        reference_hop: 250,
        min_window_peaks: 10,
        min_window_pitches: 6,
        anchor_bins: [64, 118],
        anchor_pitch_reach: 24,
        anchor_query_rank: 2,
        level_bands: 16,
        level_rows: 8,
    };

    /// The spectrum that peaks are picked from.
    pub fn spectrum(&self) -> SpectrumParams {
        SpectrumParams {
            rate: self.rate,
            fft_len: self.fft_len,
            hop: self.hop,
            bins_per_octave: self.bins_per_octave,
            min_hz: self.min_hz,
            bins: self.bins,
            floor_db: self.floor_db,
        }
    }

    /// Seconds between frames.
    pub fn frame_seconds(&self) -> f64 {
        self.hop as f64 / f64::from(self.rate)
    }

    /// SHA-256 of the canonical text form and the descriptor projections: equal exactly when every
    /// parameter is equal.
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new_with_prefix(format!("{self:?}").as_bytes());
        hash.update(PROJECTION);
        hash.update(ANCHOR_PROJECTION);
        hash.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::FingerprintParams;

    #[test]
    fn digest_changes_with_any_parameter() {
        let mut other = FingerprintParams::V2;
        other.peak_bins += 1;
        assert_ne!(other.digest(), FingerprintParams::V2.digest());
    }
}
