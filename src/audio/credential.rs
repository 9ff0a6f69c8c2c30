//! The signed credential of a file, read where files are decoded: in a worker, where there are any.

use std::path::Path;

use super::{AudioError, DecodeOptions};
use crate::credentials::{Credential, MAX_TIME, TrustList, find, read_here};

/// Reads the credential of the file at `path`; none where it has none. `trust`: those whose signatures are trusted.
/// Whatever happens to its reader is told in it; the file itself is none the worse for it.
///
/// # Errors
/// It is not wanted any more.
pub fn read_credential(
    path: &Path,
    trust: Option<&TrustList>,
    options: &DecodeOptions,
) -> Result<Option<Credential>, AudioError> {
    let Some(located) = find(path) else { return Ok(None) };
    if let Some(reason) = located.too_large() {
        return Ok(Some(Credential::not_read(&located, reason)));
    }
    let options = DecodeOptions { timeout: options.timeout.min(MAX_TIME), ..options.clone() };
    #[cfg(all(unix, feature = "cli"))]
    if let Some(read) = super::isolation::credential(path, &options, &located, trust) {
        return match read {
            Ok(credential) => Ok(credential),
            Err(error @ AudioError::Cancelled { .. }) => Err(error),
            Err(error) => Ok(Some(Credential::not_read(&located, why(&error)))),
        };
    }
    let read = read_here(path, &located, trust, options.timeout, &options.cancel);
    match options.cancel.is_cancelled() {
        true => Err(AudioError::Cancelled { path: path.to_owned() }),
        false => Ok(read),
    }
}

/// What became of its reader, without the name of the file.
#[cfg(all(unix, feature = "cli"))]
fn why(error: &AudioError) -> String {
    match error {
        AudioError::Crashed { reason, .. } => reason.replace("decoder", "reader"),
        AudioError::Timeout { limit, .. } => {
            format!("it was not read within {} s", limit.as_secs())
        }
        error => error.to_string(),
    }
}
