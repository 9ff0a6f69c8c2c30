//! What people mean by the name of a file or reference: a path, a hash, an identifier.

use std::path::Path;

use soundalike::decisions::Identity;
use soundalike::engine::sha256_of;
use soundalike_index::{Reader, TrackMeta};

use super::common::Failure;

/// Finds files and references by name.
pub(super) struct Names<'a> {
    /// The index to look in, if there is one.
    pub index: Option<&'a Reader>,
}

impl Names<'_> {
    /// The content that `name` stands for: a file on disk, a path as indexed, `r_…` or a SHA-256.
    pub fn content(&self, name: &str) -> Result<Identity, Failure> {
        if let Some(identity) = Identity::parse(name) {
            // Anybody may quote the hash of a file that is nowhere here; a reference has to be one.
            return match (identity.sha256(), self.index) {
                (None, Some(_)) => self.indexed(&identity).map(of_track),
                _ => Ok(identity),
            };
        }
        if Path::new(name).is_file() {
            return content_of(Path::new(name));
        }
        self.indexed_path(name)?.map(of_track).ok_or_else(|| self.unknown(name))
    }

    /// The reference that `name` stands for, and its length in milliseconds if it is in an index:
    /// `r_…`, a SHA-256, a path as indexed, or a file on disk whose content is in the index.
    pub fn reference(&self, name: &str) -> Result<(String, Option<u64>), Failure> {
        let identity = match Identity::parse(name) {
            Some(identity) => identity,
            None => match self.indexed_path(name)? {
                Some(meta) => of_track(meta),
                None if self.index.is_some() && Path::new(name).is_file() => {
                    content_of(Path::new(name))?
                }
                None => return Err(self.unknown(name)),
            },
        };
        if self.index.is_none() {
            return Ok((identity.ref_id(), None));
        }
        let meta = self.indexed(&identity)?;
        Ok((meta.ref_id.clone(), Some(meta.duration_ms)))
    }

    fn tracks(&self) -> impl Iterator<Item = &TrackMeta> {
        self.index.into_iter().flat_map(Reader::tracks).map(|(_, meta)| meta)
    }

    fn indexed(&self, identity: &Identity) -> Result<&TrackMeta, Failure> {
        let found = self.tracks().find(|meta| of_track(meta).same(identity));
        found.ok_or_else(|| {
            Failure::usage(format!(
                "{}: there is no such reference in the index; see `soundalike index list`",
                identity.ref_id()
            ))
        })
    }

    fn indexed_path(&self, path: &str) -> Result<Option<&TrackMeta>, Failure> {
        let found: Vec<&TrackMeta> = self.tracks().filter(|meta| meta.path == path).collect();
        match found.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(one)),
            several => {
                let ids: Vec<&str> = several.iter().map(|meta| meta.ref_id.as_str()).collect();
                Err(Failure::usage(format!(
                    "{path}: several references were indexed from this path; name one of {}",
                    ids.join(", ")
                )))
            }
        }
    }

    fn unknown(&self, name: &str) -> Failure {
        let hint = match self.index {
            Some(_) => "no file, no path of a reference in the index (see `soundalike index list`)",
            None => "no file (to name references by path, give --index)",
        };
        Failure::usage(format!("{name}: {hint}, no identifier (r_…) and no SHA-256"))
    }
}

fn of_track(meta: &TrackMeta) -> Identity {
    Identity::of_sha256(&meta.sha256)
}

/// Hashes a file.
pub(super) fn content_of(path: &Path) -> Result<Identity, Failure> {
    let sha256 = sha256_of(path).map_err(|error| Failure::usage(error.to_string()))?;
    Ok(Identity::of_sha256(&sha256))
}
