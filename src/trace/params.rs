//! Every constant of the traces, in one struct whose digest stands in records.
//!
//! A preset is never edited once released. Where the numbers come from: `docs/src/how/traces.md`.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Parameters of the traces. Frequencies are in Hz, times in seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceParams {
    /// Name of the preset.
    pub preset: &'static str,
    /// Length of a frame (Hann).
    pub window_s: f64,
    /// Pairs of frames of the gate.
    pub glance: Grid,
    /// Pairs of frames of the closer look.
    pub close: Grid,
    /// What is between these is looked at.
    pub range_hz: (f64, f64),
    /// A level counts over the mean of its frame within so much to either side.
    pub level_hz: f64,
    /// The most that a change of level counts, in dB.
    pub most_db: f32,
    /// A mean change counts over the mean of the profile within so much to either side.
    pub whiten_hz: f64,
    /// The most that it counts, in median deviations (as standard deviations).
    pub clip: f64,
    /// Bands whose scores are summed.
    pub bands: &'static [(f64, f64)],
    /// Rows that are looked for.
    pub lattices: &'static [Lattice],
    /// Changes of pitch that are looked for: the smallest and the largest, and the step, as logarithms.
    pub pitch: (f64, f64, f64),
    /// A frame below this level (dB of full scale, in the range) is silence.
    pub silence_db: f32,
    /// A bin whose mean level is below this (dB of full scale) is without signal,
    pub least_db: f32,
    /// and so is one so much below the loudest.
    pub range_db: f32,
    /// Share of a band that must have signal for the band to count.
    pub band_share: f64,
    /// Bands that must count.
    pub least_bands: usize,
    /// Shortest stretch of sound that is measured.
    pub least_s: f64,
    /// The gate scores stretches of twice so many milliseconds, half of which the next one shares.
    pub glance_half_ms: u32,
    /// Scores of the gate from which a closer look is taken.
    pub glance_least: GlanceScores,
    /// The closer look scores windows of so many seconds, one a second.
    pub close_window_s: usize,
    /// From this score on a pattern is strong at its own pitch,
    pub strong: f64,
    /// strong at another pitch,
    pub strong_pitched: f64,
    /// and strong at another pitch where the second opinion agrees,
    pub strong_agreed: f64,
    /// and weak at its own,
    pub weak: f64,
    /// and at another.
    pub weak_pitched: f64,
    /// Windows in a row that must be strong for a stretch to be.
    pub strong_windows: usize,
    /// The second opinion.
    pub window_match: WindowMatchParams,
    /// What human recordings score.
    pub human: Human,
}

/// What human recordings score that went through no such codec (`benches/trace`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Human {
    /// Versions of them that were measured: as they are, encoded, filtered, changed in pitch.
    pub versions: u32,
    /// The highest score at their own pitch.
    pub highest: f64,
    /// The highest at any pitch.
    pub highest_pitched: f64,
}

impl Human {
    /// The highest score, at any pitch or at their own.
    pub fn highest(&self, at_any_pitch: bool) -> f64 {
        if at_any_pitch { self.highest_pitched } else { self.highest }
    }
}

/// The highest scores at a glance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct GlanceScores {
    /// Of the whole, against the first lattice.
    pub whole: f64,
    /// Of a stretch, against the first lattice.
    pub stretch: f64,
    /// Of the whole, against the other lattices.
    pub other_rows: f64,
    /// Of the whole at any pitch, against the first lattice.
    pub pitched: f64,
}

/// A raster of pairs of frames, and of frequencies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    /// Distance of bins.
    pub bin_hz: f64,
    /// From the first frame of a pair to the second.
    pub lag_s: f64,
    /// From one pair to the next.
    pub hop_s: f64,
    /// The same in the first so many seconds, which may be all there is.
    pub first_s: f64,
    /// And how far pairs are apart there.
    pub first_hop_s: f64,
}

/// A scale on which rows are evenly spaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// HTK's: 2595 log10(1 + f / 700), as the HTK Book has it and torchaudio by default.
    Htk,
    /// Slaney's: linear up to 1 kHz, logarithmic above (Auditory Toolbox, 1998), as librosa has it by default.
    Slaney,
}

/// Rows of a mel spectrogram: triangles that are evenly spaced on a mel scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lattice {
    /// Name in records.
    pub name: &'static str,
    /// What leaves it, in words.
    pub words: &'static str,
    /// How they are spaced.
    pub scale: Scale,
    /// Rows.
    pub rows: u32,
    /// From where to where they reach.
    pub range_hz: (f64, f64),
    /// They are looked for at other pitches, too.
    pub at_any_pitch: bool,
}

/// Whether the spectrum fluctuates as one does whose phase was rebuilt from magnitudes of 100 ms.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowMatchParams {
    /// The band that is looked at.
    pub band_hz: (f64, f64),
    /// Windows that are compared.
    pub windows_s: (f64, f64),
    /// A magnitude counts by the mean within this over the window to either side.
    pub smooth: f64,
    /// Share of the median energy below which frames are left out.
    pub energy_share: f32,
    /// Every so many-th frame is looked at.
    pub stride: usize,
    /// The most that the spread in the longer window, and its ratio to that in the shorter, may be.
    pub most: (f64, f64),
}

/// What Riffusion v1 and its kin write, the first before others. Rows of 256 and fewer are not
/// told from music safely: `docs/src/measurements/traces.md`.
const LATTICES: &[Lattice] = &[
    Lattice {
        name: "mel_512_10k",
        words: "a 512-row mel spectrogram up to 10 kHz, as Riffusion v1's decoder leaves it",
        scale: Scale::Htk,
        rows: 512,
        range_hz: (0.0, 10_000.0),
        at_any_pitch: true,
    },
    Lattice {
        name: "mel_512_20k",
        words: "a 512-row mel spectrogram of 10 Hz to 20 kHz, the optional range of Riffusion v1's decoder",
        scale: Scale::Htk,
        rows: 512,
        range_hz: (10.0, 20_000.0),
        at_any_pitch: true,
    },
    Lattice {
        name: "mel_512_22k",
        words: "a 512-row mel spectrogram up to 22.05 kHz, as general mel vocoders use it",
        scale: Scale::Htk,
        rows: 512,
        range_hz: (0.0, 22_050.0),
        at_any_pitch: true,
    },
    Lattice {
        name: "mel_512_11k",
        words: "a 512-row mel spectrogram up to 11.025 kHz, as mel vocoders at 22.05 kHz can have it",
        scale: Scale::Htk,
        rows: 512,
        range_hz: (0.0, 11_025.0),
        at_any_pitch: false,
    },
    Lattice {
        name: "slaney_512_11k",
        words: "a 512-row mel spectrogram (Slaney's scale) up to 11.025 kHz, as mel vocoders at 22.05 kHz can have it",
        scale: Scale::Slaney,
        rows: 512,
        range_hz: (0.0, 11_025.0),
        at_any_pitch: false,
    },
];

impl TraceParams {
    /// The preset that is used.
    pub const V2: TraceParams = TraceParams {
        preset: "v2",
        window_s: 0.1,
        glance: Grid { bin_hz: 10.0, lag_s: 0.06, hop_s: 0.2, first_s: 12.0, first_hop_s: 0.05 },
        close: Grid { bin_hz: 5.0, lag_s: 0.06, hop_s: 0.04, first_s: 0.0, first_hop_s: 0.04 },
        range_hz: (1_900.0, 11_500.0),
        level_hz: 50.0,
        most_db: 12.0,
        whiten_hz: 76.0,
        clip: 3.0,
        bands: &[(2_600.0, 4_200.0), (4_200.0, 6_000.0), (6_000.0, 7_800.0), (7_800.0, 9_700.0)],
        lattices: LATTICES,
        pitch: (-0.223, 0.223, 0.0008),
        silence_db: -90.0,
        least_db: -128.0,
        range_db: 85.0,
        band_share: 0.5,
        least_bands: 2,
        least_s: 3.0,
        glance_half_ms: 4_000,
        glance_least: GlanceScores { whole: 2.9, stretch: 3.9, other_rows: 3.4, pitched: 4.2 },
        close_window_s: 5,
        strong: 5.5,
        strong_pitched: 7.0,
        strong_agreed: 6.3,
        weak: 4.5,
        weak_pitched: 6.0,
        strong_windows: 4,
        window_match: WindowMatchParams {
            band_hz: (6_500.0, 9_500.0),
            windows_s: (0.1, 0.05),
            smooth: 6.0,
            energy_share: 0.2,
            stride: 5,
            most: (0.53, 0.78),
        },
        human: Human { versions: 928, highest: 4.6, highest_pitched: 6.2 },
    };

    /// Name and digest of the preset, as records state it.
    pub fn id(&self) -> String {
        let digest = Sha256::digest(format!("{self:?}").as_bytes());
        let short: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        format!("{} {short}", self.preset)
    }
}

#[cfg(test)]
mod tests {
    use super::TraceParams;

    #[test]
    fn the_name_changes_with_any_parameter() {
        let mut other = TraceParams::V2;
        other.window_match.stride += 1;
        assert_ne!(other.id(), TraceParams::V2.id());
    }
}
