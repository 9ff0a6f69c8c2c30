//! Rearranged excerpts: silence around them, loops, two recordings joined.

use super::{Degradation, Other, Piece, RATE, Scene, Take};

/// Silence before and after, in seconds.
const PADDING_S: usize = 2;
/// Longest loop, in seconds.
const LOOP_S: usize = 8;
/// Times that a loop is played.
const ROUNDS: usize = 4;

/// The family's rows.
pub(super) fn rows() -> Vec<Degradation> {
    vec![
        Degradation::signal("arrange", "silence around", |scene: &Scene<'_>, _| padded(scene)),
        Degradation::signal("arrange", "looped 4 times", |scene: &Scene<'_>, _| looped(scene)),
        Degradation::signal("arrange", "two tracks joined", |scene: &Scene<'_>, _| joined(scene))
            .with(Other::SameSide),
    ]
}

fn padded(scene: &Scene<'_>) -> Take {
    let silence = vec![0f32; PADDING_S * RATE as usize];
    let out = [&silence, scene.signal, &silence].concat();
    let piece = Piece::whole(scene.signal.len(), 1.0).moved(silence.len());
    Take { channels: vec![out], pieces: vec![piece] }
}

fn looped(scene: &Scene<'_>) -> Take {
    let len = scene.signal.len().min(LOOP_S * RATE as usize);
    let out = scene.signal[..len].repeat(ROUNDS);
    let pieces = (0..ROUNDS).map(|i| Piece::whole(len, 1.0).moved(i * len)).collect();
    Take { channels: vec![out], pieces }
}

fn joined(scene: &Scene<'_>) -> Take {
    let second = Piece { part: 1, ..Piece::whole(scene.other.len(), 1.0) };
    Take {
        channels: vec![[scene.signal, scene.other].concat()],
        pieces: vec![Piece::whole(scene.signal.len(), 1.0), second.moved(scene.signal.len())],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::degrade::tests::{check_rows, music};

    #[test]
    fn rows_repeat_and_their_pieces_are_true() {
        check_rows(rows());
        let (a, b) = (music(1, 3.0), music(2, 3.0));
        let scene = Scene { signal: &a, other: &b };
        for take in [padded(&scene), looped(&scene), joined(&scene)] {
            for piece in &take.pieces {
                let source = [&a, &b][piece.part];
                let from = (piece.begin_s * f64::from(RATE)).round() as usize;
                let to = (piece.end_s * f64::from(RATE)).round() as usize;
                assert_eq!(take.channels[0][from..to], source[..to - from]);
            }
        }
    }
}
