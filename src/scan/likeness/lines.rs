//! What the lines between copies and other versions are drawn on. Written by `benches/kinds/fit.py`: change it there.

use super::discriminant::{ln, ln_lack, value};
use super::{LevelLikeness, PeakLikeness};
use crate::scan::params::LikenessParams;

/// Whether it is one recording that runs along both.
pub(super) fn is_recording(
    peaks: &PeakLikeness,
    levels: &LevelLikeness,
    params: &LikenessParams,
) -> bool {
    let other = [
        ln(levels.loud, 0.1),
        levels.persistence,
        levels.across,
        levels.kurtosis,
        ln_lack(levels.least_correlation),
        ln_lack(levels.change_correlation),
        peaks.share,
        ln_lack(peaks.exact_time),
        ln_lack(peaks.strong_exact),
        peaks.exact_pitch,
        peaks.looseness,
    ];
    let played_again = [
        ln(levels.loud, 0.1),
        ln(levels.deviation, 0.1),
        ln(levels.excess, 0.002),
        ln(levels.lack, 0.002),
        ln(levels.calm, 0.1),
        ln(levels.gain, 0.1),
        levels.persistence,
        levels.across,
        levels.kurtosis,
        levels.correlation,
        peaks.strong_lead,
        ln_lack(peaks.exact_time),
        peaks.exact_pitch,
        peaks.looseness,
        peaks.note_looseness,
    ];
    value(&params.other, other, params.far) >= 0.0
        && value(&params.played_again, played_again, params.far) >= 0.0
}
