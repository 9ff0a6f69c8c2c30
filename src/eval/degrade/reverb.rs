//! Reverberation after Schroeder, in the form of Jezar's "Freeverb": eight damped combs in
//! parallel, four all-passes in series.

use super::{Degradation, RATE, Scene, Take};

/// Delays at 44.1 kHz, as published.
const COMBS: [usize; 8] = [1_116, 1_188, 1_277, 1_356, 1_422, 1_491, 1_557, 1_617];
const ALL_PASSES: [usize; 4] = [556, 441, 341, 225];
const DAMPING: f32 = 0.3;

/// The family's rows.
pub(super) fn rows() -> Vec<Degradation> {
    let row = |name, place: fn(&[f32]) -> Vec<f32>| {
        Degradation::signal("reverb", name, move |scene: &Scene<'_>, _| {
            Take::aligned(scene, place(scene.signal))
        })
    };
    vec![row("reverb, room", room), row("reverb, hall", hall)]
}

/// Reverberation time about 0.7 s.
pub(super) fn room(signal: &[f32]) -> Vec<f32> {
    reverb(signal, 0.72, 0.3)
}

/// Reverberation time about 2.5 s.
fn hall(signal: &[f32]) -> Vec<f32> {
    reverb(signal, 0.91, 0.6)
}

/// The share `wet` of the reverberated signal, by power, and the rest dry; the tail is cut off.
fn reverb(signal: &[f32], feedback: f32, wet: f32) -> Vec<f32> {
    let mut tail = vec![0f32; signal.len()];
    for delay in COMBS {
        comb(signal, at_our_rate(delay), feedback, &mut tail);
    }
    for delay in ALL_PASSES {
        all_pass(&mut tail, at_our_rate(delay));
    }
    let dry = (1.0 - wet).sqrt();
    let scale = (super::rms(signal) / super::rms(&tail).max(1e-12)) as f32 * wet.sqrt();
    signal.iter().zip(&tail).map(|(s, t)| s * dry + t * scale).collect()
}

fn at_our_rate(delay: usize) -> usize {
    delay * RATE as usize / 44_100
}

fn comb(signal: &[f32], delay: usize, feedback: f32, out: &mut [f32]) {
    let mut line = vec![0f32; delay];
    let mut low = 0f32;
    for (i, (s, o)) in signal.iter().zip(out).enumerate() {
        let echo = line[i % delay];
        low = echo * (1.0 - DAMPING) + low * DAMPING;
        line[i % delay] = s + low * feedback;
        *o += echo;
    }
}

fn all_pass(signal: &mut [f32], delay: usize) {
    let mut line = vec![0f32; delay];
    for (i, s) in signal.iter_mut().enumerate() {
        let echo = line[i % delay];
        line[i % delay] = *s + echo * 0.5;
        *s = echo - *s;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::degrade::tests::{check_rows, level_db, tone};

    #[test]
    fn rows_keep_length_and_repeat() {
        check_rows(rows());
    }

    #[test]
    fn sound_lingers_and_dies_away() {
        let mut signal = tone(500.0, 0.5);
        signal.resize(4 * RATE as usize, 0.0);
        let out = reverb(&signal, 0.72, 0.3);
        let at = |s: f64| {
            let from = (s * f64::from(RATE)) as usize;
            level_db(&out[from..from + 1_600])
        };
        assert!(at(0.6) > at(0.3) - 25.0, "{} {}", at(0.6), at(0.3));
        assert!(at(2.5) < at(0.3) - 50.0, "{} {}", at(2.5), at(0.3));
    }
}
