//! Content Credentials of a file (C2PA): who signed how it was made, and whether it is unchanged since.
//!
//! The Coalition for Content Provenance and Authenticity (C2PA Technical Specification 2.2, May 2025) lets the maker
//! of a file embed a *manifest store*: claims such as "created by a trained model" or "trimmed", bound to the bytes of
//! the file by a hash and signed with an X.509 certificate. A WAV has it in a chunk `C2PA`, MP3 and FLAC in a GEOB
//! frame of an ID3v2 tag, MP4 in a `uuid` box.
//!
//! ```text
//! file ─► locate ─► read (crate c2pa, in a worker) ─► Credential ─► words
//!         is there   signature, hash, certificate,     facts        sentences
//!         one?       against the trust list
//! ```
//!
//! Everything happens offline: a manifest that is kept elsewhere is named and never fetched, certificates are judged by
//! the list that is given and by nothing else. A credential proves who signed what and that nothing changed since;
//! whether what was signed is true is the signer's word. Its absence proves nothing: most files have none, and any
//! conversion removes it. Watermarks such as SynthID, AudioSeal or Resemble's are another matter: only their makers
//! can read them, and they are not looked for.
//!
//! Reading needs the feature `credentials`. Without it a credential is seen, but not read.

mod credential;
pub mod locate;
#[cfg(feature = "credentials")]
mod read;
mod stream;
pub mod trust;
pub mod words;

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Duration;

pub use credential::{Action, Claim, Credential, Origin, State};
use locate::{Located, locate};
use stream::Watched;
pub use trust::TrustList;

use crate::progress::Cancel;
use crate::regular;

/// Largest manifest store that is read. Those of audio have a few kilobytes, with a picture of the cover some hundred.
pub const MAX_STORE: u64 = 16 << 20;
/// Largest ID3 tag in which one is read: pictures stand there, too.
pub const MAX_TAG: u64 = 64 << 20;
/// Longest that reading one may take. The whole file is hashed for it: a gigabyte takes a second or three.
pub const MAX_TIME: Duration = Duration::from_secs(60);

/// Where the file at `path` has a credential, if it has one; also whatever cannot be read has none.
pub fn find(path: &Path) -> Option<Located> {
    let mut file = regular::open(path).ok()?;
    locate(&mut file).ok().flatten()
}

/// Reads the credential of the file at `path`, which stands where it was `located`, within `time`; none if there turns
/// out to be none. Signers are judged by `trust`.
pub fn read_here(
    path: &Path,
    located: &Located,
    trust: Option<&TrustList>,
    time: Duration,
    cancel: &Cancel,
) -> Option<Credential> {
    if let Some(reason) = located.too_large() {
        return Some(Credential::not_read(located, reason));
    }
    match regular::open(path) {
        Ok(file) => read_file(file, located, trust, time, cancel),
        Err(error) => Some(Credential::not_read(located, error.to_string())),
    }
}

fn read_file(
    file: File,
    located: &Located,
    trust: Option<&TrustList>,
    time: Duration,
    cancel: &Cancel,
) -> Option<Credential> {
    let (stream, over) = Watched::new(file, time, cancel.clone());
    // What is read comes from strangers; it must not end the batch.
    let read = catch_unwind(AssertUnwindSafe(|| read_stream(stream, located, trust)));
    match read {
        _ if over.is_over() => {
            let reason = format!("it was not read within {} s", time.as_secs());
            Some(Credential::not_read(located, reason))
        }
        Ok(credential) => credential,
        Err(_) => Some(Credential::not_read(located, "its reader failed".to_owned())),
    }
}

#[cfg(feature = "credentials")]
use read::read as read_stream;

#[cfg(not(feature = "credentials"))]
fn read_stream(_: Watched, located: &Located, _: Option<&TrustList>) -> Option<Credential> {
    let reason = "this program was built without reading credentials";
    Some(Credential::not_read(located, reason.to_owned()))
}

/// Reads what is in memory as a file would be read; for the fuzzer.
#[doc(hidden)]
#[cfg(feature = "credentials")]
pub fn read_bytes(bytes: &[u8], trust: Option<&TrustList>) -> Option<Credential> {
    let located = locate(&mut std::io::Cursor::new(bytes)).ok().flatten()?;
    if located.too_large().is_some() {
        return None;
    }
    read::read(std::io::Cursor::new(bytes.to_vec()), &located, trust)
}

#[cfg(test)]
mod tests;
