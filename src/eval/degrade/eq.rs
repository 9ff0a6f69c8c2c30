//! Equalisers and band limits.

use super::biquad::{BUTTERWORTH4, Biquad};
use super::{Degradation, Scene, Take};

/// The family's rows.
pub(super) fn rows() -> Vec<Degradation> {
    let row = |name, filters: fn() -> Vec<Biquad>| {
        Degradation::signal("eq", name, move |scene: &Scene<'_>, _| {
            let mut out = scene.signal.to_vec();
            chain(&filters(), &mut out);
            Take::aligned(scene, out)
        })
    };
    vec![
        row("bass +12 dB", || vec![Biquad::low_shelf(200.0, 12.0)]),
        row("treble +9 dB", || vec![Biquad::high_shelf(3_000.0, 9.0)]),
        row("mid scoop -12 dB", || vec![Biquad::peaking(1_000.0, 0.7, -12.0)]),
        row("tilt 12 dB to treble", || {
            vec![Biquad::low_shelf(700.0, -6.0), Biquad::high_shelf(700.0, 6.0)]
        }),
        row("low-pass 4 kHz", || low_pass(4_000.0)),
        row("high-pass 500 Hz", || high_pass(500.0)),
    ]
}

/// Fourth-order Butterworth low-pass.
pub(super) fn low_pass(hz: f64) -> Vec<Biquad> {
    BUTTERWORTH4.map(|q| Biquad::low_pass(hz, q)).to_vec()
}

/// Fourth-order Butterworth high-pass.
pub(super) fn high_pass(hz: f64) -> Vec<Biquad> {
    BUTTERWORTH4.map(|q| Biquad::high_pass(hz, q)).to_vec()
}

/// Runs `signal` through `filters`, one after the other.
pub(super) fn chain(filters: &[Biquad], signal: &mut [f32]) {
    for filter in filters {
        filter.run(signal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::degrade::biquad::tests::gain_db;
    use crate::eval::degrade::tests::check_rows;

    #[test]
    fn rows_keep_length_and_repeat() {
        check_rows(rows());
    }

    #[test]
    fn band_limits_are_steep() {
        let gain = |hz, filters: Vec<Biquad>| gain_db(hz, |s| chain(&filters, s));
        assert!(gain(1_000.0, low_pass(4_000.0)).abs() < 0.1);
        assert!(gain(7_900.0, low_pass(4_000.0)) < -24.0);
        assert!(gain(125.0, high_pass(500.0)) < -40.0);
    }
}
