//! Bytes of an opened file: mapped, or owned with the alignment that casts need.

use std::fs::File;
use std::ops::Deref;
use std::path::Path;

use crate::error::{Error, Result};

/// Immutable bytes, aligned to at least 8.
#[derive(Debug)]
pub(crate) enum Bytes {
    /// A memory-mapped file.
    Mapped(memmap2::Mmap),
    /// A copy; only the first `len` bytes count.
    Owned {
        /// Storage in words, for the alignment.
        words: Vec<u64>,
        /// Bytes in use.
        len: usize,
    },
}

impl Bytes {
    /// Maps a regular file that is not empty.
    pub(crate) fn map(path: &Path) -> Result<Bytes> {
        // Looked at before it is opened: opening a FIFO would wait for its writer.
        let meta = std::fs::metadata(path).map_err(|e| Error::io(path, e))?;
        if !meta.is_file() {
            return Err(Error::corrupt(path, "not a regular file"));
        }
        if meta.len() == 0 {
            return Err(Error::corrupt(path, "empty file"));
        }
        let file = File::open(path).map_err(|e| Error::io(path, e))?;
        // SAFETY: index files are written under another name, renamed into place and never modified
        // or truncated afterwards; removal keeps the mapping alive. Someone who truncates a file in
        // place can make the process receive SIGBUS, as with any mapped file.
        let map = unsafe { memmap2::Mmap::map(&file) }.map_err(|e| Error::io(path, e))?;
        Ok(Bytes::Mapped(map))
    }

    /// Copies `bytes`.
    pub(crate) fn copy_of(bytes: &[u8]) -> Bytes {
        let mut words = vec![0u64; bytes.len().div_ceil(8)];
        bytemuck::cast_slice_mut::<u64, u8>(&mut words)[..bytes.len()].copy_from_slice(bytes);
        Bytes::Owned { words, len: bytes.len() }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Bytes::Mapped(map) => map,
            Bytes::Owned { words, len } => &bytemuck::cast_slice(words)[..*len],
        }
    }
}
