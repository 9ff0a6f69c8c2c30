//! WAV files of the analysis rate: degraded queries as users would have them, excerpts as they are.

use std::io;
use std::path::{Path, PathBuf};

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};

use super::EvalError;
use super::degrade::{RATE, peak};

/// Writes `channels` as 16-bit PCM, turned down if they would clip, as any editor does.
pub(super) fn write_pcm(path: &Path, channels: &[Vec<f32>]) -> Result<(), EvalError> {
    write_pcm_at(path, channels, RATE)
}

/// The same, of samples at another rate.
pub(super) fn write_pcm_at(
    path: &Path,
    channels: &[Vec<f32>],
    sample_rate: u32,
) -> Result<(), EvalError> {
    let top = channels.iter().map(|c| peak(c)).fold(1.0, f32::max);
    let scale = f32::from(i16::MAX) / top;
    let frames = channels.iter().map(Vec::len).min().unwrap_or(0);
    let samples =
        (0..frames).flat_map(|i| channels.iter().map(move |c| (c[i] * scale).round() as i16));
    let spec = spec(channels.len() as u16, 16, SampleFormat::Int);
    write(path, WavSpec { sample_rate, ..spec }, samples)
}

/// Writes one channel without loss.
pub(super) fn write_exact(path: &Path, signal: &[f32]) -> Result<(), EvalError> {
    write(path, spec(1, 32, SampleFormat::Float), signal.iter().copied())
}

/// Reads the first `len` samples of what [`write_exact`] wrote.
pub(super) fn read_exact(path: &Path, len: usize) -> Result<Vec<f32>, EvalError> {
    let mut reader = WavReader::open(path).map_err(|e| error(path, e))?;
    let samples: Result<Vec<f32>, _> = reader.samples::<f32>().take(len).collect();
    samples.map_err(|e| error(path, e))
}

fn spec(channels: u16, bits_per_sample: u16, sample_format: SampleFormat) -> WavSpec {
    WavSpec { channels, sample_rate: RATE, bits_per_sample, sample_format }
}

fn write<S: hound::Sample>(
    path: &Path,
    spec: WavSpec,
    samples: impl Iterator<Item = S>,
) -> Result<(), EvalError> {
    let mut writer = WavWriter::create(path, spec).map_err(|e| error(path, e))?;
    for sample in samples {
        writer.write_sample(sample).map_err(|e| error(path, e))?;
    }
    writer.finalize().map_err(|e| error(path, e))
}

fn error(path: &Path, error: hound::Error) -> EvalError {
    let source = match error {
        hound::Error::IoError(source) => source,
        other => io::Error::other(other),
    };
    EvalError::Io { path: PathBuf::from(path), source }
}
