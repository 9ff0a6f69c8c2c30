//! The ffmpeg program: whether it is there, what it can do, and calling it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::degrade::ffmpeg::Attack;
use super::degrade::{Degradation, How, RATE};
use super::wav;
use crate::audio::{AudioError, DecodeOptions, decode_file};

/// Length of the sound that abilities are tried on, in seconds.
const PROBE_S: u32 = 1;

/// What became of a try.
pub(super) enum Ability {
    /// It works, and our decoder reads the result.
    Direct,
    /// It works, but our decoder cannot read the result; ffmpeg decodes it, too.
    Redecoded,
    /// It does not work.
    Missing,
}

/// Whether ffmpeg can be started.
pub(super) fn installed() -> bool {
    run(&mut command(), &["-version".into()]).is_ok()
}

/// Tries `attack` on a short sound, in the folder `dir`.
pub(super) fn probe(attack: &Attack, dir: &Path) -> Ability {
    let source = dir.join("probe.wav");
    let sound: Vec<f32> =
        (0..PROBE_S * RATE).map(|i| ((i as f32 * 0.3).sin() * 0.4).clamp(-1.0, 1.0)).collect();
    let made = wav::write_pcm(&source, &[sound]).map_err(|e| e.to_string());
    let result = dir.join(format!("probe.{}", attack.extension));
    // The source must not be overwritten by a result of the same name.
    let result = if result == source { dir.join("probe-out.wav") } else { result };
    if made.and_then(|()| apply(attack, &source, PROBE_S, &result)).is_err() {
        return Ability::Missing;
    }
    match decode_file(&result, &DecodeOptions::default(), &mut |_| {}) {
        Ok(_) => Ability::Direct,
        Err(AudioError::Unsupported { .. }) => Ability::Redecoded,
        Err(_) => Ability::Missing,
    }
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

/// Applies `attack` to the first `seconds` of `source`.
pub(super) fn apply(
    attack: &Attack,
    source: &Path,
    seconds: u32,
    out: &Path,
) -> Result<(), String> {
    let mut args = vec!["-t".into(), seconds.to_string().into()];
    args.extend(input(source));
    args.extend(attack.args.iter().map(OsString::from));
    // Nothing random in the file, so that two runs scan the same bytes.
    args.extend(["-flags:a", "+bitexact", "-fflags", "+bitexact"].map(OsString::from));
    args.push(file(out));
    run(&mut command(), &args)
}

/// Decodes `source` into the WAV file `out`.
pub(super) fn decode(source: &Path, out: &Path) -> Result<(), String> {
    let mut args = input(source);
    args.extend([OsString::from("-c:a"), "pcm_s16le".into(), file(out)]);
    run(&mut command(), &args)
}

/// Drops the rows that this machine's ffmpeg cannot make; says which and why.
pub(super) fn retain_possible(
    rows: &mut Vec<Degradation>,
    dir: &Path,
    notes: &mut Vec<String>,
) -> Redecoded {
    let mut redecoded = Redecoded::default();
    if !rows.iter().any(|d| matches!(d.how, How::Ffmpeg(_))) {
        return redecoded;
    }
    let present = installed();
    let mut missing: Vec<String> = Vec::new();
    rows.retain(|row| {
        let How::Ffmpeg(attack) = &row.how else { return true };
        let ability = if present { probe(attack, dir) } else { Ability::Missing };
        match ability {
            Ability::Direct => return true,
            Ability::Redecoded => {
                redecoded.0.push(row.name.clone());
                return true;
            }
            Ability::Missing if present => missing.push(format!("{} ({})", row.name, attack.needs)),
            Ability::Missing => missing.push(row.name.clone()),
        }
        false
    });
    if !missing.is_empty() {
        let why = if present { "ffmpeg lacks what they need" } else { "ffmpeg is not on PATH" };
        notes.push(format!("rows left out, because {why}: {}", missing.join(", ")));
    }
    if !redecoded.0.is_empty() {
        let names = redecoded.0.join(", ");
        notes.push(format!("decoded by ffmpeg, because this build cannot: {names}"));
    }
    redecoded
}

/// Names of the rows whose results ffmpeg must decode for us.
#[derive(Debug, Default)]
pub(super) struct Redecoded(Vec<String>);

impl Redecoded {
    /// Whether `row` is one.
    pub(super) fn contains(&self, row: &Degradation) -> bool {
        self.0.contains(&row.name)
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
