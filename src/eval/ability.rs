//! What the ffmpeg of this machine can do: rows that it cannot make are left out, and that is said.

use std::path::Path;

use super::degrade::change::Change;
use super::degrade::ffmpeg::{Attack, Process};
use super::degrade::{Degradation, How, RATE};
use super::tool::{apply, installed};
use super::{latency, wav};
use crate::audio::{AudioError, DecodeOptions, decode_file};

/// Length of the sound that abilities are tried on, in seconds.
const PROBE_S: u32 = 1;

/// Tries `attack` on a short sound, in the folder `dir`; on success with what was found out.
pub(super) fn probe(attack: &Attack, dir: &Path) -> Option<Attack> {
    let source = dir.join("probe.wav");
    let sound: Vec<f32> =
        (0..PROBE_S * RATE).map(|i| ((i as f32 * 0.3).sin() * 0.4).clamp(-1.0, 1.0)).collect();
    wav::write_pcm(&source, &[sound]).ok()?;
    let result = dir.join(format!("probe-out.{}", attack.extension));
    let mut attack = Attack { redecode: false, ..attack.clone() };
    apply(&attack, &source, PROBE_S, &result).ok()?;
    attack.redecode = match decode_file(&result, &DecodeOptions::default(), &mut |_| {}) {
        Ok(_) => false,
        Err(AudioError::Unsupported { .. }) => true,
        Err(_) => return None,
    };
    if attack.change != Change::NONE {
        attack.delay_s = latency::measure(&attack, dir).ok()?;
    }
    Some(attack)
}

/// Drops the rows that this machine's ffmpeg cannot make, and completes the others with what trying
/// them found out; says which rows are concerned and why.
pub(super) fn retain_possible(rows: &mut Vec<Degradation>, dir: &Path, notes: &mut Vec<String>) {
    if !rows.iter().any(|d| matches!(d.how, How::Ffmpeg(_))) {
        return;
    }
    let present = installed();
    let (mut missing, mut replaced, mut redecoded) = (Vec::new(), Vec::new(), Vec::new());
    rows.retain_mut(|row| {
        let How::Ffmpeg(process) = &mut row.how else { return true };
        if !present {
            missing.push(row.name.clone());
            return false;
        }
        let Some((attack, is_first)) = possible(process, dir) else {
            missing.push(format!("{} ({})", row.name, process.attack.needs));
            return false;
        };
        if !is_first {
            replaced.push(format!("{} ({})", row.name, attack.needs));
        }
        if attack.redecode {
            redecoded.push(row.name.clone());
        }
        process.attack = attack;
        true
    });
    let why = if present { "ffmpeg lacks what they need" } else { "ffmpeg is not on PATH" };
    note(notes, &format!("rows left out, because {why}"), &missing);
    note(notes, "made in another way, because ffmpeg lacks the usual one", &replaced);
    note(notes, "decoded by ffmpeg, because this build cannot", &redecoded);
}

/// The call that this machine's ffmpeg can make, and whether it is the preferred one.
fn possible(process: &Process, dir: &Path) -> Option<(Attack, bool)> {
    let instead = || Some((probe(process.instead.as_ref()?, dir)?, false));
    probe(&process.attack, dir).map(|attack| (attack, true)).or_else(instead)
}

fn note(notes: &mut Vec<String>, what: &str, rows: &[String]) {
    if !rows.is_empty() {
        // Names have commas of their own.
        notes.push(format!("{what}: {}", rows.join("; ")));
    }
}
