//! One file, from bytes to constellation.

use std::fs::File;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::{Constellation, Fingerprinter, Signal};
use crate::audio::{AudioError, AudioInfo, DecodeOptions, decode_file};
use crate::id::digest_of;
use crate::params::FingerprintParams;

/// What is known of an analysed file.
#[derive(Debug, Clone)]
pub struct Analysis {
    /// Format, length and tags.
    pub info: AudioInfo,
    /// SHA-256 of the file's bytes.
    pub sha256: [u8; 32],
    /// Its peaks.
    pub constellation: Constellation,
    /// What the signal is made of: silence, noise, repetition.
    pub signal: Signal,
}

/// SHA-256 of a file, read in pieces.
pub fn sha256_of(path: &Path) -> Result<[u8; 32], AudioError> {
    let io = |source: io::Error| AudioError::Io { path: path.to_owned(), source };
    refuse_device(path).map_err(io)?;
    let file = File::open(path).map_err(io)?;
    Ok(digest_of::<Sha256>(file).map_err(io)?.finalize().into())
}

/// A device may never end.
#[cfg(unix)]
fn refuse_device(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::FileTypeExt;
    let kind = std::fs::metadata(path)?.file_type();
    if kind.is_char_device() || kind.is_block_device() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_device(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Decodes and fingerprints `path`, keeping `density` times the peaks of a reference.
pub fn analyse(
    path: &Path,
    params: &FingerprintParams,
    density: f32,
    options: &DecodeOptions,
) -> Result<Analysis, AudioError> {
    let sha256 = sha256_of(path)?;
    let (info, constellation, signal) = analyse_signal(path, params, density, options)?;
    Ok(Analysis { info, sha256, constellation, signal })
}

/// [`analyse`] without the hash, for callers that have it.
pub fn analyse_signal(
    path: &Path,
    params: &FingerprintParams,
    density: f32,
    options: &DecodeOptions,
) -> Result<(AudioInfo, Constellation, Signal), AudioError> {
    let mut fingerprinter = Fingerprinter::new(params, density);
    let info = decode_file(path, options, &mut |samples| fingerprinter.push(samples))?;
    let (constellation, signal) = fingerprinter.finish_with_signal();
    Ok((info, constellation, signal))
}

/// Format, length, tags and peaks alone.
pub fn fingerprint(
    path: &Path,
    params: &FingerprintParams,
    density: f32,
    options: &DecodeOptions,
) -> Result<(AudioInfo, Constellation), AudioError> {
    let mut fingerprinter = Fingerprinter::new(params, density);
    let info = decode_file(path, options, &mut |samples| fingerprinter.push(samples))?;
    Ok((info, fingerprinter.finish()))
}
