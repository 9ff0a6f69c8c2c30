//! One file, from bytes to constellation.

use std::fs::File;
use std::io;
use std::path::Path;
#[cfg(unix)]
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::{Constellation, Fingerprinter, Signal};
use crate::audio::{AudioError, AudioInfo, DecodeOptions, decode_file};
use crate::id::digest_of;
use crate::params::FingerprintParams;

/// How often a pipe is looked at.
#[cfg(unix)]
const PAUSE: Duration = Duration::from_millis(10);

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
    sha256_within(path, &DecodeOptions::default())
}

/// SHA-256 of a file, read in pieces. A pipe is waited for as long as `options` allow.
pub fn sha256_within(path: &Path, options: &DecodeOptions) -> Result<[u8; 32], AudioError> {
    let io = |source: io::Error| AudioError::Io { path: path.to_owned(), source };
    refuse_device(path).map_err(io)?;
    #[cfg(unix)]
    if std::os::unix::fs::FileTypeExt::is_fifo(&std::fs::metadata(path).map_err(io)?.file_type()) {
        return sha256_of_pipe(path, options);
    }
    let file = File::open(path).map_err(io)?;
    Ok(digest_of::<Sha256>(file).map_err(io)?.finalize().into())
}

/// To open a pipe, and to read it, waits for whoever writes to it: here, no longer than is wanted.
#[cfg(unix)]
fn sha256_of_pipe(path: &Path, options: &DecodeOptions) -> Result<[u8; 32], AudioError> {
    use std::io::Read;
    use std::os::unix::fs::OpenOptionsExt;

    let io = |source: io::Error| AudioError::Io { path: path.to_owned(), source };
    let begun = Instant::now();
    let mut pipe =
        File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path).map_err(io)?;
    let (mut hash, mut piece, mut is_written) = (Sha256::new(), vec![0; 1 << 16], false);
    loop {
        if options.cancel.is_cancelled() {
            return Err(AudioError::Cancelled { path: path.to_owned() });
        }
        if begun.elapsed() >= options.timeout {
            return Err(AudioError::Timeout { path: path.to_owned(), limit: options.timeout });
        }
        match pipe.read(&mut piece) {
            Ok(0) if is_written => return Ok(hash.finalize().into()),
            Ok(n) if n > 0 => {
                is_written = true;
                hash.update(&piece[..n]);
                continue;
            }
            // Nobody writes yet.
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => is_written = true,
            Err(error) => return Err(io(error)),
        }
        std::thread::sleep(PAUSE);
    }
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

/// Hears the samples that are fingerprinted, at the analysis rate, so that a file is decoded once.
pub type Listener<'a> = dyn FnMut(&[f32]) + 'a;

/// Decodes and fingerprints `path`, keeping `density` times the peaks of a reference.
pub fn analyse(
    path: &Path,
    params: &FingerprintParams,
    density: f32,
    options: &DecodeOptions,
    also: &mut Listener<'_>,
) -> Result<Analysis, AudioError> {
    let sha256 = sha256_within(path, options)?;
    let (info, fingerprinter) = decode(path, params, density, options, also)?;
    let (constellation, signal) = fingerprinter.finish_with_signal();
    Ok(Analysis { info, sha256, constellation, signal })
}

/// [`analyse`] without the hash, for callers that have it.
pub fn analyse_signal(
    path: &Path,
    params: &FingerprintParams,
    density: f32,
    options: &DecodeOptions,
) -> Result<(AudioInfo, Constellation, Signal), AudioError> {
    let (info, fingerprinter) = decode(path, params, density, options, &mut |_| ())?;
    let (constellation, signal) = fingerprinter.finish_with_signal();
    Ok((info, constellation, signal))
}

/// Format, length, tags and peaks alone.
pub fn fingerprint(
    path: &Path,
    params: &FingerprintParams,
    density: f32,
    options: &DecodeOptions,
    also: &mut Listener<'_>,
) -> Result<(AudioInfo, Constellation), AudioError> {
    let (info, fingerprinter) = decode(path, params, density, options, also)?;
    Ok((info, fingerprinter.finish()))
}

fn decode(
    path: &Path,
    params: &FingerprintParams,
    density: f32,
    options: &DecodeOptions,
    also: &mut Listener<'_>,
) -> Result<(AudioInfo, Fingerprinter), AudioError> {
    let mut fingerprinter = Fingerprinter::new(params, density);
    let mut hear = |samples: &[f32]| {
        fingerprinter.push(samples);
        also(samples);
    };
    let info = decode_file(path, options, &mut hear)?;
    Ok((info, fingerprinter))
}
