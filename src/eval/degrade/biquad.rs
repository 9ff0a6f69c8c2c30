//! Second-order filters after Robert Bristow-Johnson's "Audio EQ Cookbook".

use std::f64::consts::TAU;

use super::RATE;

/// One second-order section.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Biquad {
    b: [f64; 3],
    a: [f64; 2],
}

/// Q of the two sections of a fourth-order Butterworth filter.
pub(crate) const BUTTERWORTH4: [f64; 2] = [0.541_196, 1.306_563];
/// Q of one second-order Butterworth section; also the shelf slope of 1.
pub(crate) const BUTTERWORTH2: f64 = std::f64::consts::FRAC_1_SQRT_2;

impl Biquad {
    fn new(b: [f64; 3], a: [f64; 3]) -> Biquad {
        Biquad { b: b.map(|x| x / a[0]), a: [a[1] / a[0], a[2] / a[0]] }
    }

    /// Passes what is below `hz`.
    pub(crate) fn low_pass(hz: f64, q: f64) -> Biquad {
        let (cos, alpha) = angle(hz, q);
        let b = 1.0 - cos;
        Biquad::new([b / 2.0, b, b / 2.0], [1.0 + alpha, -2.0 * cos, 1.0 - alpha])
    }

    /// Passes what is above `hz`.
    pub(crate) fn high_pass(hz: f64, q: f64) -> Biquad {
        let (cos, alpha) = angle(hz, q);
        let b = 1.0 + cos;
        Biquad::new([b / 2.0, -b, b / 2.0], [1.0 + alpha, -2.0 * cos, 1.0 - alpha])
    }

    /// Raises (or lowers) by `db` around `hz`.
    pub(crate) fn peaking(hz: f64, q: f64, db: f64) -> Biquad {
        let (cos, alpha) = angle(hz, q);
        let gain = 10f64.powf(db / 40.0);
        Biquad::new(
            [1.0 + alpha * gain, -2.0 * cos, 1.0 - alpha * gain],
            [1.0 + alpha / gain, -2.0 * cos, 1.0 - alpha / gain],
        )
    }

    /// Raises by `db` what is below `hz`.
    pub(crate) fn low_shelf(hz: f64, db: f64) -> Biquad {
        Biquad::shelf(hz, db, 1.0)
    }

    /// Raises by `db` what is above `hz`.
    pub(crate) fn high_shelf(hz: f64, db: f64) -> Biquad {
        Biquad::shelf(hz, db, -1.0)
    }

    /// The cookbook's shelves are mirror images: `side` is the sign of the cosine.
    fn shelf(hz: f64, db: f64, side: f64) -> Biquad {
        let (cos, alpha) = angle(hz, BUTTERWORTH2);
        let (cos, gain) = (side * cos, 10f64.powf(db / 40.0));
        let (up, down, root) = (gain + 1.0, gain - 1.0, 2.0 * gain.sqrt() * alpha);
        Biquad::new(
            [
                gain * (up - down * cos + root),
                side * 2.0 * gain * (down - up * cos),
                gain * (up - down * cos - root),
            ],
            [up + down * cos + root, side * -2.0 * (down + up * cos), up + down * cos - root],
        )
    }

    /// Filters `signal` in place, from rest.
    pub(crate) fn run(&self, signal: &mut [f32]) {
        let (mut s1, mut s2) = (0.0, 0.0);
        for sample in signal {
            let x = f64::from(*sample);
            let y = self.b[0] * x + s1;
            s1 = self.b[1] * x - self.a[0] * y + s2;
            s2 = self.b[2] * x - self.a[1] * y;
            *sample = y as f32;
        }
    }
}

fn angle(hz: f64, q: f64) -> (f64, f64) {
    let w = TAU * hz / f64::from(RATE);
    (w.cos(), w.sin() / (2.0 * q))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::eval::degrade::tests::{level_db, tone};

    /// Gain of `filter` in dB for a tone of `hz`.
    pub(crate) fn gain_db(hz: f64, filter: impl Fn(&mut [f32])) -> f64 {
        let signal = tone(hz, 1.0);
        let mut out = signal.clone();
        filter(&mut out);
        let settled = signal.len() / 2;
        level_db(&out[settled..]) - level_db(&signal[settled..])
    }

    #[test]
    fn gains_are_those_of_the_cookbook() {
        let close = |f: Biquad, hz: f64, db: f64| {
            let got = gain_db(hz, |s| f.run(s));
            assert!((got - db).abs() < 0.3, "{got} dB instead of {db} dB at {hz} Hz");
        };
        close(Biquad::low_shelf(200.0, 12.0), 20.0, 12.0);
        close(Biquad::low_shelf(200.0, 12.0), 4_000.0, 0.0);
        close(Biquad::high_shelf(3_000.0, 9.0), 7_500.0, 9.0);
        close(Biquad::high_shelf(3_000.0, 9.0), 100.0, 0.0);
        close(Biquad::peaking(1_000.0, 0.7, -12.0), 1_000.0, -12.0);
        close(Biquad::low_pass(4_000.0, BUTTERWORTH2), 4_000.0, -3.01);
        close(Biquad::high_pass(500.0, BUTTERWORTH2), 500.0, -3.01);
        close(Biquad::high_pass(500.0, BUTTERWORTH2), 5_000.0, 0.0);
    }
}
