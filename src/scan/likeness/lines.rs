//! The lines between copies and other versions. Written by `benches/kinds/fit.py`: change it there.

#![allow(clippy::approx_constant)] // a weight may lie near to one

use super::discriminant::{Discriminant, ln, ln_lack};
use super::{LevelLikeness, PeakLikeness};

/// Copies against much else in it, a voice or a lead over a backing track, and against performances on other
/// instruments.
const OTHER: Discriminant<11> = Discriminant {
    mean: [
        0.9549, 0.3188, 0.1257, 1.9424, -1.9104, -1.604, 0.6506, -1.3374, -1.4241, 0.8328, 2.1119,
    ],
    deviation: [
        0.9302, 0.2397, 0.1874, 0.6834, 1.2399, 1.1012, 0.2169, 1.0719, 1.0956, 0.1508, 1.6132,
    ],
    constant: 4.1489,
    linear: [
        -1.9136, 0.1258, -0.8878, -0.8826, -1.2353, -0.5407, 0.6605, 0.2022, -0.3905, -0.7495,
        0.7485,
    ],
    quadratic: &[
        -0.8221, -0.2043, -0.3494, -0.325, -0.7048, -0.6079, 0.486, -0.0248, -0.566, -0.1304,
        -0.0727, 0.4962, 0.2004, 0.2062, 0.021, 0.3736, -0.1749, 0.0754, 0.1281, -0.3053, -0.1603,
        0.7896, -0.5514, 0.3562, -0.2907, -0.0251, 0.2001, -0.3052, -0.3476, 0.3666, 0.2542,
        0.2689, 0.0923, 0.0001, 0.0084, -0.0571, -0.2243, 0.1601, -0.1985, -0.3941, 0.4407, 0.1293,
        -0.4993, -0.1205, 0.3978, 0.034, -0.1139, 0.6974, 0.0855, -0.671, 0.7215, -0.0667, -0.2723,
        0.1107, 0.0977, 0.1617, 0.6658, 0.4191, 0.0341, 0.1462, 0.2553, 0.1727, 0.0176, 0.0857,
        1.21, -1.419,
    ],
};

/// Copies against performances on the very same instrument.
const PLAYED_AGAIN: Discriminant<15> = Discriminant {
    mean: [
        0.5416, 0.4915, -4.527, -5.1264, -0.9248, -0.4042, 0.241, 0.0787, 2.0559, 0.9275, 0.1317,
        -1.3746, 0.8631, 2.0995, 0.8732,
    ],
    deviation: [
        0.7228, 0.7143, 1.1275, 0.9987, 0.714, 0.8458, 0.2328, 0.177, 0.7564, 0.0705, 0.0703,
        1.1612, 0.1267, 1.3812, 0.2869,
    ],
    constant: 4.1489,
    linear: [
        -0.6517, -0.1585, 0.0791, -0.6998, -0.0098, -0.5466, -0.0565, 0.0812, -0.052, 0.3512,
        -0.2528, -1.0081, -0.2523, -0.596, 0.4199,
    ],
    quadratic: &[
        -0.0691, 0.0011, 0.1179, -0.1564, -0.1179, -0.3617, 0.0793, 0.0767, -0.2773, -0.2397,
        -0.2842, -0.6023, -0.4506, -0.3967, 0.487, 0.2132, 0.4062, 0.05, 0.2272, -0.0623, 0.0234,
        -0.0198, -0.2115, -0.0218, 0.2107, -0.223, -0.2037, 0.1277, 0.2885, 0.6913, 0.2399, 0.3118,
        0.1849, 0.1641, -0.0613, 0.0307, -0.1335, 0.4385, 0.0019, -0.0153, 0.5537, 0.1354, 0.0552,
        -0.1433, -0.3303, 0.0486, 0.0608, -0.4342, -0.4, -0.1862, -0.6475, -0.3473, -0.0615,
        0.2965, 0.2739, -0.0591, -0.2276, 0.0286, -0.2781, 0.7659, 0.5372, -0.0425, -0.1701, 0.476,
        0.3884, 0.426, 0.2096, 0.2707, -0.1842, 0.1172, 0.1376, -0.7103, -0.189, -0.9556, -0.1578,
        0.608, 0.1565, -0.221, -0.3112, 0.309, 0.1672, -0.3362, 0.4594, 0.2948, 0.5032, -0.192,
        -0.1861, 0.3104, 0.1908, 0.1803, 0.0644, 0.0137, 0.2491, -0.1717, 0.0031, -0.2339, -0.0017,
        -0.4223, -0.334, 0.4747, 0.0605, 0.0886, 0.2174, 0.6849, -0.2973, 0.0888, -0.1834, -0.2894,
        -0.0168, -0.0277, -0.7404, -0.5047, -0.5824, 0.2939, 0.0984, -0.0482, -0.3885, 0.2362,
        0.3714, 0.0446,
    ],
};

/// Whether it is one recording that runs along both.
pub(super) fn is_recording(peaks: &PeakLikeness, levels: &LevelLikeness) -> bool {
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
    OTHER.at(other) >= 0.0 && PLAYED_AGAIN.at(played_again) >= 0.0
}
