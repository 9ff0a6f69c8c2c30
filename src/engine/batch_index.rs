//! The peaks of a batch in an index of their own, on disk for as long as the batch is looked at.

use std::sync::Arc;

use soundalike_index::{CompactPolicy, Reader, Result, TrackRecord, Writer};
use tempfile::TempDir;

use super::index::scratch_folder;
use crate::fingerprint::stored::params_id;
use crate::params::FingerprintParams;

/// Tracks per segment.
const SEGMENT: usize = 128;

/// An index that is being made.
pub(super) struct BatchIndex {
    writer: Writer,
    pending: Vec<TrackRecord>,
    folder: TempDir,
}

/// A finished one; its files go when it does.
pub(super) struct BatchReader {
    pub(super) reader: Arc<Reader>,
    _folder: TempDir,
}

impl BatchIndex {
    /// An empty one in a temporary folder.
    pub(super) fn create(params: &FingerprintParams) -> Result<BatchIndex> {
        let folder = scratch_folder()?;
        let writer = Writer::open_or_create(folder.path(), params_id(params))?;
        Ok(BatchIndex { writer, pending: Vec::new(), folder })
    }

    /// Adds a track; a content that is there already is left out.
    pub(super) fn add(&mut self, record: TrackRecord) -> Result<()> {
        self.pending.push(record);
        if self.pending.len() >= SEGMENT { self.commit() } else { Ok(()) }
    }

    fn commit(&mut self) -> Result<()> {
        self.writer.commit(std::mem::take(&mut self.pending)).map(|_| ())
    }

    /// Opens what was added.
    pub(super) fn finish(mut self) -> Result<BatchReader> {
        self.commit()?;
        self.writer.compact(CompactPolicy::Tiered)?;
        drop(self.writer);
        let reader = Arc::new(Reader::open(self.folder.path())?);
        Ok(BatchReader { reader, _folder: self.folder })
    }
}
