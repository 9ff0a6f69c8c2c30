//! The MANIFEST: which segments make up the index right now.
//!
//! It is the only file that ever changes, and it changes by rename: readers see the old index or the
//! new one. A file no manifest names does not exist as far as readers are concerned.

use std::path::Path;

use crate::atomic::{EnvelopeWriter, sync_dir};
use crate::bytes::{Bytes, Hold};
use crate::codec::{self, FileEntry, ManifestBody};
use crate::envelope::{Check, Envelope, Kind};
use crate::error::{Error, Result};
use crate::types::{MAX_SPACES, ParamsId};

pub(crate) const MANIFEST_NAME: &str = "MANIFEST";
pub(crate) const MANIFEST: Kind = Kind { magic: *b"SALman\r\n", version: 1, oldest: 1 };
const BODY: u32 = 1;

/// A manifest together with the digest of its file.
#[derive(Debug, Clone)]
pub(crate) struct Manifest {
    pub(crate) body: ManifestBody,
    pub(crate) digest: [u8; 32],
}

impl Manifest {
    /// Reads the manifest of the index in `dir`.
    pub(crate) fn read(dir: &Path) -> Result<Manifest> {
        let path = dir.join(MANIFEST_NAME);
        let bytes = Bytes::open(&path, Hold::Copied).map_err(|e| {
            // A file in place of the folder is no index either.
            let none = e.is_not_found() || dir.is_file();
            if none { Error::NotAnIndex { path: dir.into() } } else { e }
        })?;
        Manifest::parse(bytes, &path)
    }

    /// Parses and validates the bytes of a manifest.
    pub(crate) fn parse(bytes: Bytes, path: &Path) -> Result<Manifest> {
        let envelope = Envelope::parse(bytes, MANIFEST, path, Check::Full)?;
        let body: ManifestBody =
            codec::decode(envelope.section(BODY, path)?).map_err(|e| Error::corrupt(path, e))?;
        validate(&body).map_err(|what| Error::corrupt(path, what))?;
        Ok(Manifest { body, digest: envelope.digest() })
    }

    /// Replaces the manifest in `dir`, unless `still_ours` says at the last moment that it may not. Everything
    /// it names must already be in place.
    pub(crate) fn write(
        dir: &Path,
        body: ManifestBody,
        still_ours: &dyn Fn() -> Result<()>,
    ) -> Result<Manifest> {
        let path = dir.join(MANIFEST_NAME);
        let bytes = codec::encode(&body).map_err(|e| Error::corrupt(&path, e))?;
        // The files it names must be durable under their names before it is.
        sync_dir(dir)?;
        let mut out = EnvelopeWriter::create(dir, "manifest", MANIFEST, 1)?;
        out.section(BODY, &bytes)?;
        let file = out.finish_if(|_| MANIFEST_NAME.to_owned(), still_ours)?;
        sync_dir(dir)?;
        Ok(Manifest { body, digest: file.digest })
    }

    /// Parameters of the index.
    pub(crate) fn params(&self) -> ParamsId {
        ParamsId {
            digest: self.body.params_digest,
            description: self.body.params_description.clone(),
        }
    }

    /// Every file the manifest names.
    pub(crate) fn files(&self) -> impl Iterator<Item = &FileEntry> {
        self.body.segments.iter().flat_map(|s| std::iter::once(&s.file).chain(&s.graph))
    }
}

fn validate(body: &ManifestBody) -> std::result::Result<(), &'static str> {
    let mut tracks = 0u32;
    for segment in &body.segments {
        let graph_ok = segment.graph.as_ref().is_none_or(|g| is_graph_name(&g.name));
        if !is_segment_name(&segment.file.name) || !graph_ok {
            return Err("a segment has an impossible file name");
        }
        tracks = tracks.checked_add(segment.tracks).ok_or("more tracks than can be numbered")?;
        let ascending = segment.dead.windows(2).all(|w| w[0] < w[1]);
        if !ascending || segment.dead.last().is_some_and(|&d| d >= segment.tracks) {
            return Err("tombstones out of order");
        }
        if segment.probes.iter().any(|p| usize::from(p.space) >= MAX_SPACES) {
            return Err("a self-probe of no space");
        }
    }
    Ok(())
}

/// `seg-<16 hex digits>.sal`, and nothing that could lead out of the folder.
pub(crate) fn is_segment_name(name: &str) -> bool {
    has_shape(name, ".sal")
}

/// `seg-<16 hex digits>.graph`.
pub(crate) fn is_graph_name(name: &str) -> bool {
    has_shape(name, ".graph")
}

fn has_shape(name: &str, suffix: &str) -> bool {
    name.strip_prefix("seg-").and_then(|n| n.strip_suffix(suffix)).is_some_and(|id| {
        id.len() == 16 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}
