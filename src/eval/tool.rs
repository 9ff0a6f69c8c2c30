//! The ffmpeg program: whether it is there, and calling it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::degrade::ffmpeg::Attack;

/// Whether ffmpeg can be started.
pub(super) fn installed() -> bool {
    run(&mut command(), &["-version".into()]).is_ok()
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
