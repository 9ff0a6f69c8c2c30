//! Sound with the traits of music that matter here, to try things on.

use std::f64::consts::TAU;

use super::Rng;

/// Notes of random pitch, length and strength: enough like music to have a constellation.
pub(crate) fn notes(seed: u64, seconds: f64, rate: f64) -> Vec<f32> {
    let mut rng = Rng::new(seed, &[b"music"]);
    let len = (seconds * rate) as usize;
    let mut out = vec![0f32; len];
    for _ in 0..(seconds * 12.0) as usize {
        let start = (rng.unit() * len as f64) as usize;
        let hz = 160.0 * 2f64.powf(rng.unit() * 3.5);
        let length = (0.1 + 0.5 * rng.unit()) * rate;
        let level = 0.05 + 0.1 * rng.unit();
        for (i, o) in out[start..].iter_mut().take(length as usize).enumerate() {
            let t = i as f64 / rate;
            let fade = (-4.0 * i as f64 / length).exp();
            let tones: f64 =
                (1..5).map(|h| (TAU * hz * f64::from(h) * t).sin() / f64::from(h)).sum();
            *o += (level * fade * tones) as f32;
        }
    }
    out
}
