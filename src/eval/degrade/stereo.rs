//! Channel tricks that cancel in a careless mix to mono.

use super::noise::{add, white};
use super::{Degradation, Rng, Scene, Take};

/// The right channel's share of the left one, inverted.
const INVERTED: f32 = -0.98;
/// How far below the music the noise lies that makes the channels differ a little, in dB.
const DECORRELATION_DB: f64 = 40.0;

/// The family's rows.
pub(super) fn rows() -> Vec<Degradation> {
    vec![Degradation::signal(
        "stereo",
        "right channel inverted",
        |scene: &Scene<'_>, rng: &mut Rng| inverted(scene, rng),
    )]
}

fn inverted(scene: &Scene<'_>, rng: &mut Rng) -> Take {
    let noise = white(scene.signal.len(), rng);
    let right = add(scene.signal, &noise, DECORRELATION_DB).iter().map(|s| s * INVERTED).collect();
    let mut take = Take::aligned(scene, scene.signal.to_vec());
    take.channels.push(right);
    take
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::degrade::tests::{check_rows, level_db, music};

    #[test]
    fn the_channels_all_but_cancel() {
        check_rows(rows());
        let signal = music(1, 2.0);
        let take = inverted(&Scene { signal: &signal, other: &[] }, &mut Rng::new(1, &[]));
        let sum: Vec<f32> =
            take.channels[0].iter().zip(&take.channels[1]).map(|(l, r)| l + r).collect();
        assert!(level_db(&sum) < level_db(&signal) - 30.0);
    }
}
