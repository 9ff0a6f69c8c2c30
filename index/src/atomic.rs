//! Writes files that exist completely or not at all.
//!
//! Content goes to a temporary name, is synced, and is renamed into place; the folder is synced by the
//! caller once per commit. A process killed at any point leaves temporary files, never half a file.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::codec::FileEntry;
use crate::envelope::{
    ALIGN, BLOCK, DIGEST, DIGESTS, Digested, ENTRY_LEN, HEADER_LEN, Kind, header_digest,
};
use crate::error::{Error, Result};

/// Suffix of files being written.
pub(crate) const TMP_SUFFIX: &str = ".tmp";

/// Streams an envelope to disk section by section.
pub(crate) struct EnvelopeWriter {
    dir: PathBuf,
    tmp: PathBuf,
    out: BufWriter<File>,
    kind: Kind,
    capacity: usize,
    table: Vec<u8>,
    at: u64,
    open: Option<OpenSection>,
    /// Digests of the blocks so far.
    lists: Vec<u8>,
    /// It has its name.
    in_place: bool,
}

/// The section being written.
struct OpenSection {
    id: u32,
    start: u64,
    by: Digested,
    /// Of the whole section, or of the block that is not full yet.
    hasher: blake3::Hasher,
    /// Bytes in that block.
    filled: usize,
    /// First of its digests in [`EnvelopeWriter::lists`].
    first: usize,
}

/// What could not be finished goes away: on a full disk it may hold the last free bytes.
impl Drop for EnvelopeWriter {
    fn drop(&mut self) {
        if !self.in_place {
            let _ = std::fs::remove_file(&self.tmp);
        }
    }
}

impl EnvelopeWriter {
    /// Starts a file of exactly `sections` sections in `dir`; `stem` distinguishes temporary files.
    pub(crate) fn create(dir: &Path, stem: &str, kind: Kind, sections: usize) -> Result<Self> {
        let tmp = dir.join(format!("{stem}{TMP_SUFFIX}"));
        // A new one: what was left there by a run that was killed goes, and no link is followed.
        let _ = std::fs::remove_file(&tmp);
        let file = File::create_new(&tmp).map_err(|e| Error::io(&tmp, e))?;
        let mut out = BufWriter::with_capacity(1 << 18, file);
        let front = HEADER_LEN + sections * ENTRY_LEN;
        out.write_all(&vec![0; front]).map_err(|e| Error::io(&tmp, e))?;
        Ok(EnvelopeWriter {
            dir: dir.into(),
            tmp,
            out,
            kind,
            capacity: sections,
            table: Vec::new(),
            at: front as u64,
            open: None,
            lists: Vec::new(),
            in_place: false,
        })
    }

    /// Begins the next section; ids must ascend.
    pub(crate) fn begin(&mut self, id: u32, by: Digested) -> Result<()> {
        self.end();
        let pad = self.at.next_multiple_of(ALIGN as u64) - self.at;
        let zeros = [0u8; ALIGN];
        self.out.write_all(&zeros[..pad as usize]).map_err(|e| Error::io(&self.tmp, e))?;
        self.at += pad;
        let (hasher, first) = (blake3::Hasher::new(), self.lists.len());
        self.open = Some(OpenSection { id, start: self.at, by, hasher, filled: 0, first });
        Ok(())
    }

    /// Appends to the current section.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match &mut self.open {
            Some(OpenSection { by: Digested::Whole, hasher, .. }) => {
                hasher.update(bytes);
            }
            Some(open) if open.by == Digested::Blocks => {
                let mut rest = bytes;
                while !rest.is_empty() {
                    let (now, later) = rest.split_at(rest.len().min(BLOCK - open.filled));
                    open.hasher.update(now);
                    open.filled += now.len();
                    if open.filled == BLOCK {
                        open.close_block(&mut self.lists);
                    }
                    rest = later;
                }
            }
            _ => {}
        }
        self.out.write_all(bytes).map_err(|e| Error::io(&self.tmp, e))?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    /// A whole section at once.
    pub(crate) fn section(&mut self, id: u32, bytes: &[u8]) -> Result<()> {
        self.begin(id, Digested::Whole)?;
        self.write(bytes)
    }

    /// The same, digested by blocks.
    pub(crate) fn section_in_blocks(&mut self, id: u32, bytes: &[u8]) -> Result<()> {
        self.begin(id, Digested::Blocks)?;
        self.write(bytes)
    }

    /// The digests of all blocks: the last section of a file that has sections digested by blocks.
    pub(crate) fn digests(&mut self) -> Result<()> {
        self.end();
        let lists = std::mem::take(&mut self.lists);
        self.section(DIGESTS, &lists)
    }

    fn end(&mut self) {
        let Some(mut open) = self.open.take() else { return };
        if open.filled > 0 {
            open.close_block(&mut self.lists);
        }
        let digest = match open.by {
            Digested::Whole => *open.hasher.finalize().as_bytes(),
            Digested::Blocks => *blake3::hash(&self.lists[open.first..]).as_bytes(),
            Digested::Pieces => [0; DIGEST],
        };
        self.table.extend_from_slice(&open.id.to_le_bytes());
        self.table.extend_from_slice(&open.by.word().to_le_bytes());
        self.table.extend_from_slice(&open.start.to_le_bytes());
        self.table.extend_from_slice(&(self.at - open.start).to_le_bytes());
        self.table.extend_from_slice(&0u64.to_le_bytes());
        self.table.extend_from_slice(&digest);
    }

    /// Writes header and table, syncs, and renames the file to the name made from its digest.
    pub(crate) fn finish(self, name: impl FnOnce(&[u8; 32]) -> String) -> Result<FileEntry> {
        self.finish_if(name, &|| Ok(()))
    }

    /// The same, unless `may` says right before the file is renamed that it may not.
    pub(crate) fn finish_if(
        mut self,
        name: impl FnOnce(&[u8; 32]) -> String,
        may: &dyn Fn() -> Result<()>,
    ) -> Result<FileEntry> {
        self.end();
        debug_assert_eq!(self.table.len(), self.capacity * ENTRY_LEN);
        let mut header = [0u8; 32];
        header[..8].copy_from_slice(&self.kind.magic);
        header[8..12].copy_from_slice(&self.kind.version.to_le_bytes());
        header[12..16].copy_from_slice(&(self.capacity as u32).to_le_bytes());
        header[16..24].copy_from_slice(&self.at.to_le_bytes());
        let digest = header_digest(&header, &self.table);
        let tmp = self.tmp.clone();
        let io = |e| Error::io(&tmp, e);
        self.out.seek(SeekFrom::Start(0)).map_err(io)?;
        self.out.write_all(&header).map_err(io)?;
        self.out.write_all(&digest).map_err(io)?;
        self.out.write_all(&self.table).map_err(io)?;
        self.out.flush().map_err(io)?;
        self.out.get_ref().sync_all().map_err(io)?;
        let name = name(&digest);
        let path = self.dir.join(&name);
        may()?;
        std::fs::rename(&self.tmp, &path).map_err(|e| Error::io(&path, e))?;
        self.in_place = true;
        Ok(FileEntry { name, len: self.at, digest })
    }
}

impl OpenSection {
    fn close_block(&mut self, lists: &mut Vec<u8>) {
        lists.extend_from_slice(self.hasher.finalize().as_bytes());
        self.hasher.reset();
        self.filled = 0;
    }
}

/// Makes renames and removals in a folder durable.
pub(crate) fn sync_dir(dir: &Path) -> Result<()> {
    #[cfg(unix)]
    File::open(dir).and_then(|d| d.sync_all()).map_err(|e| Error::io(dir, e))?;
    #[cfg(not(unix))]
    let _ = dir;
    Ok(())
}
