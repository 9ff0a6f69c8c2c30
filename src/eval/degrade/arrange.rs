//! Rearranged excerpts: silence or other music around them, loops, two recordings one after the
//! other.

use std::f64::consts::FRAC_PI_2;

use super::{Change, Degradation, Other, Piece, RATE, Scene, Take};

/// Silence before and after, in seconds.
const PADDING_S: usize = 2;
/// Lengths of the loops, in seconds.
const LOOPS_S: [u32; 2] = [5, 8];
/// How long a loop goes on, in seconds.
const LOOPED_S: usize = 30;
/// How long two recordings sound together where one fades into the other, in seconds.
const FADE_S: usize = 2;

/// The family's rows.
pub(super) fn rows() -> Vec<Degradation> {
    let row = |name: &str, arrange: fn(&Scene<'_>) -> Take| {
        Degradation::signal("arrange", name, move |scene: &Scene<'_>, _| arrange(scene))
    };
    let loops = LOOPS_S.map(|seconds| {
        let name = format!("loop of {seconds} s, for {LOOPED_S} s");
        Degradation::signal("arrange", &name, move |scene: &Scene<'_>, _| looped(scene, seconds))
            .taking(seconds)
    });
    let mut rows = vec![row("silence around", padded)];
    rows.extend(loops);
    rows.push(row("two tracks joined", joined).with(Other::SameSide));
    rows.push(row("two tracks cross-faded", cross_faded).with(Other::SameSide));
    rows.push(row("amid unknown, a third", amid).with(Other::TwoUnknown));
    rows
}

fn padded(scene: &Scene<'_>) -> Take {
    let silence = vec![0f32; PADDING_S * RATE as usize];
    let out = [&silence, scene.signal, &silence].concat();
    let piece = whole(scene.signal).moved(silence.len());
    Take { channels: vec![out], pieces: vec![piece] }
}

/// The first `seconds` over and over; the last round may be cut off.
fn looped(scene: &Scene<'_>, seconds: u32) -> Take {
    let len = scene.signal.len().min((seconds * RATE) as usize);
    let total = LOOPED_S * RATE as usize;
    let out = scene.signal[..len].iter().copied().cycle().take(total).collect();
    let round = |from: usize| Piece::whole(len.min(total - from), Change::NONE).moved(from);
    Take { channels: vec![out], pieces: (0..total).step_by(len.max(1)).map(round).collect() }
}

fn joined(scene: &Scene<'_>) -> Take {
    let second = whole(scene.other).of_part(1).moved(scene.signal.len());
    Take {
        channels: vec![[scene.signal, scene.other].concat()],
        pieces: vec![whole(scene.signal), second],
    }
}

/// The second excerpt fades in while the first one fades out, at like power.
fn cross_faded(scene: &Scene<'_>) -> Take {
    let (first, second) = (scene.signal, scene.other);
    let both = (FADE_S * RATE as usize).min(first.len() / 2).min(second.len() / 2);
    let begin = first.len() - both;
    let mut out = [first, &second[both..]].concat();
    for (i, sample) in second[..both].iter().enumerate() {
        let (rise, fall) = (FRAC_PI_2 * (i as f64 + 0.5) / both as f64).sin_cos();
        let o = &mut out[begin + i];
        *o = *o * fall as f32 + sample * rise as f32;
    }
    let pieces = vec![whole(first), whole(second).of_part(1).moved(begin)];
    Take { channels: vec![out], pieces }
}

/// Unknown music before and after, as long as the excerpt on either side.
fn amid(scene: &Scene<'_>) -> Take {
    let (before, after) = scene.other.split_at(scene.other.len() / 2);
    let piece = whole(scene.signal).moved(before.len());
    Take { channels: vec![[before, scene.signal, after].concat()], pieces: vec![piece] }
}

fn whole(signal: &[f32]) -> Piece {
    Piece::whole(signal.len(), Change::NONE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::degrade::tests::{check_rows, level_db, music};

    /// Where in the result `piece` lies, in samples.
    fn place(piece: &Piece) -> std::ops::Range<usize> {
        let at = |s: f64| (s * f64::from(RATE)).round() as usize;
        at(piece.begin_s)..at(piece.end_s)
    }

    #[test]
    fn rows_repeat_and_their_pieces_are_true() {
        check_rows(rows());
        let (a, b) = (music(1, 9.0), music(2, 9.0));
        let scene = Scene { signal: &a, other: &b };
        for take in [padded(&scene), looped(&scene, 8), joined(&scene), amid(&scene)] {
            for piece in &take.pieces {
                let (source, here) = ([&a, &b][piece.part], place(piece));
                assert_eq!(take.channels[0][here.clone()], source[..here.len()]);
            }
        }
    }

    #[test]
    fn loops_fill_their_time() {
        let a = music(1, 9.0);
        let take = looped(&Scene { signal: &a, other: &[] }, 8);
        let ends: Vec<f64> = take.pieces.iter().map(|p| p.end_s).collect();
        assert_eq!(ends, [8.0, 16.0, 24.0, 30.0]);
        assert_eq!(take.channels[0].len(), LOOPED_S * RATE as usize);
    }

    #[test]
    fn both_tracks_sound_where_they_cross_and_alone_elsewhere() {
        let (a, b) = (music(1, 5.0), music(2, 5.0));
        let take = cross_faded(&Scene { signal: &a, other: &b });
        let (out, both) = (&take.channels[0], FADE_S * RATE as usize);
        let (first, second) = (place(&take.pieces[0]), place(&take.pieces[1]));
        assert_eq!((second.start, second.end), (first.end - both, out.len()));
        assert_eq!(out[..second.start], a[..second.start]);
        assert_eq!(out[first.end..], b[both..]);
        let middle = second.start + both / 2;
        let sum = |i: usize| (a[i] + b[i - second.start]) * std::f32::consts::FRAC_1_SQRT_2;
        let near = middle - 50..middle + 50;
        let error: Vec<f32> = near.clone().map(|i| out[i] - sum(i)).collect();
        assert!(level_db(&error) < level_db(&out[near]) - 30.0);
    }
}
