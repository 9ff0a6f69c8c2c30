//! Music for tests: pitch classes that last a while.

use super::sequence::{CLASSES, Row, Sequence};
use crate::test_random::Random;

/// So many rows of unit length; a chord lasts three of them.
pub(super) fn music(random: &mut Random, rows: usize) -> Sequence {
    let mut chord = [0.0f32; CLASSES];
    let row = |i: usize| -> Row {
        if i.is_multiple_of(3) {
            chord = std::array::from_fn(|_| random.below(1000) as f32 / 500.0 - 1.0);
            let mean = chord.iter().sum::<f32>() / CLASSES as f32;
            chord.iter_mut().for_each(|value| *value -= mean);
            let norm = chord.iter().map(|value| value * value).sum::<f32>().sqrt();
            chord.iter_mut().for_each(|value| *value /= norm);
        }
        chord
    };
    Sequence { rows: (0..rows).map(row).collect() }
}
