//! The ffmpeg program: whether it is there, what it can do, and calling it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::degrade::change::Change;
use super::degrade::ffmpeg::{Attack, Process};
use super::degrade::{Degradation, How, RATE};
use super::{latency, wav};
use crate::audio::{AudioError, DecodeOptions, decode_file};

/// Length of the sound that abilities are tried on, in seconds.
const PROBE_S: u32 = 1;

/// Whether ffmpeg can be started.
pub(super) fn installed() -> bool {
    run(&mut command(), &["-version".into()]).is_ok()
}

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

/// Cuts `seconds` from `begin_s` out of `source` at its own rate. The file is decoded from its
/// start: seeking is not exact in every format.
pub(super) fn cut(source: &Path, begin_s: f64, seconds: f64, out: &Path) -> Result<(), String> {
    let filter = format!("atrim=start={begin_s:.6}:duration={seconds:.6},asetpts=PTS-STARTPTS");
    let mut args = input(source);
    args.extend(["-map", "0:a:0", "-af", &filter, "-c:a", "pcm_s16le"].map(OsString::from));
    args.push(file(out));
    run(&mut command(), &args)
}

/// Applies `attack` to the first `seconds` of `source`; the file to read is `out`, or one beside it
/// that holds the same in a form that our decoder can read.
pub(super) fn apply(
    attack: &Attack,
    source: &Path,
    seconds: u32,
    out: &Path,
) -> Result<PathBuf, String> {
    let mut args = vec!["-t".into(), seconds.to_string().into()];
    args.extend(input(source));
    args.extend(attack.args.iter().map(OsString::from));
    // Nothing random in the file, so that two runs scan the same bytes.
    args.extend(["-flags:a", "+bitexact", "-fflags", "+bitexact"].map(OsString::from));
    args.push(file(out));
    run(&mut command(), &args)?;
    if !attack.redecode {
        return Ok(out.to_owned());
    }
    let decoded = out.with_extension(format!("{}.wav", attack.extension));
    decode(out, &decoded).map(|()| decoded)
}

/// Decodes `source` into the WAV file `out`.
fn decode(source: &Path, out: &Path) -> Result<(), String> {
    let mut args = input(source);
    args.extend([OsString::from("-c:a"), "pcm_s16le".into(), file(out)]);
    run(&mut command(), &args)
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

fn command() -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-hide_banner", "-loglevel", "error", "-y"]);
    command
}

/// The input options. A file that is really a playlist must not make ffmpeg fetch anything.
fn input(path: &Path) -> Vec<OsString> {
    vec!["-protocol_whitelist".into(), "file".into(), "-i".into(), file(path)]
}

/// A path that ffmpeg cannot take for an option or a URL.
fn file(path: &Path) -> OsString {
    let mut name = OsString::from("file:");
    name.push(PathBuf::from(path));
    name
}

/// Runs to the end; on failure the last line of what it said.
fn run(command: &mut Command, args: &[OsString]) -> Result<(), String> {
    let output = command.args(args).stdin(Stdio::null()).output();
    let output = output.map_err(|e| format!("ffmpeg: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("ffmpeg: {}", said.lines().last().unwrap_or("failed")))
}
