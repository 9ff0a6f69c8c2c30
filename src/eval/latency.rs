//! How late ffmpeg's filters let the sound out.
//!
//! Filters that change tempo or pitch work in windows, and differ, from version to version, too, by
//! some hundredths of a second in where they put the first. That is more than the scanner is off,
//! so it is measured on a sound of ours, and the truth of such queries is moved by it. The sound is
//! like music on purpose: single strokes come out up to 40 ms earlier than music does, because these
//! filters look for like waves to join, and silence is like everything.

use std::path::Path;

use super::degrade::ffmpeg::Attack;
use super::degrade::notes::notes;
use super::degrade::{RATE, rms};
use super::{tool, wav};
use crate::audio::{DecodeOptions, decode_file};

/// Rate of the sound in Hz, as of most music: windows depend on it.
const SOUND_RATE: u32 = 44_100;
/// Its length, in seconds.
const LENGTH_S: u32 = 16;
/// Samples in a millisecond, the step of all measures here.
const STEP: usize = RATE as usize / 1_000;
/// Loudness is taken over this many steps.
const FRAME: usize = 6;
/// Loudness must rise within this many steps to count.
const RISE: usize = 4;
/// Delays looked for, in steps.
const REACH: i32 = 120;

/// How much later than it should the sound comes out of `attack`, in seconds; `dir` is for files.
pub(super) fn measure(attack: &Attack, dir: &Path) -> Result<f64, String> {
    let source = dir.join("sound.wav");
    let sound = notes(1, f64::from(LENGTH_S), f64::from(SOUND_RATE));
    wav::write_pcm_at(&source, &[sound], SOUND_RATE).map_err(|e| e.to_string())?;
    let result = dir.join(format!("sound-out.{}", attack.extension));
    let result = tool::apply(attack, &source, LENGTH_S, &result)?;
    Ok(delay_s(&read(&source)?, &read(&result)?, attack.change.factor))
}

/// Samples of a file at the analysis rate.
fn read(path: &Path) -> Result<Vec<f32>, String> {
    let mut signal = Vec::new();
    let all = &mut |chunk: &[f32]| signal.extend_from_slice(chunk);
    decode_file(path, &DecodeOptions::default(), all).map_err(|e| e.to_string())?;
    Ok(signal)
}

/// The delay with which the rises of `copy`, `factor` times as fast, best fall on those of `source`.
fn delay_s(source: &[f32], copy: &[f32], factor: f64) -> f64 {
    let (source, copy) = (rises(source), rises(copy));
    // A rise is numbered by the begin of its frames, but lies in the middle of them.
    let middle = (FRAME + RISE) as f64 / 2.0;
    let likeness = |lag: &i32| -> f64 {
        let at = |i: usize| (i as f64 + middle - f64::from(*lag)) * factor - middle;
        let there = |i: usize| value(&source, at(i));
        copy.iter().enumerate().map(|(i, rise)| rise * there(i)).sum()
    };
    let best = (-REACH..=REACH).max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    f64::from(best.unwrap_or(0)) / 1_000.0
}

/// How much the loudness rises at every step: notes begin where it does.
fn rises(signal: &[f32]) -> Vec<f64> {
    let loudness: Vec<f64> =
        signal.windows(FRAME * STEP).step_by(STEP).map(|w| (rms(w) + 1e-4).ln()).collect();
    loudness.windows(RISE + 1).map(|w| (w[RISE] - w[0]).max(0.0)).collect()
}

/// Value at a place between two elements.
fn value(values: &[f64], at: f64) -> f64 {
    let i = at.max(0.0) as usize;
    match values.get(i..i + 2) {
        Some(&[a, b]) if at >= 0.0 => a + (b - a) * at.fract(),
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::degrade::resample::resample;

    #[test]
    fn a_known_delay_is_found_at_any_speed() {
        let source = notes(1, 8.0, f64::from(RATE));
        for factor in [0.65, 1.0, 1.35] {
            for late in [0usize, 20, 45] {
                let silence = vec![0f32; late * STEP];
                let copy = [silence, resample(&source, 1.0 / factor)].concat();
                let error = delay_s(&source, &copy, factor) - late as f64 / 1_000.0;
                assert!(error.abs() <= 0.0021, "{error} s at {factor}");
            }
        }
    }
}
