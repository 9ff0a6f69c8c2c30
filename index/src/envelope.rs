//! The container of every file of the index: magic, version, section table, BLAKE3.
//!
//! ```text
//! 0   magic 8 | version u32 | sections u32 | file length u64 | zero u64 | digest of these 32 bytes and the table
//! 64  table: id u32 | zero u32 | offset u64 | length u64 | zero u64 | digest of the section
//! ..  sections in table order, each on a 64-byte boundary, zeros between them
//! ```
//!
//! Every byte of a file is pinned by the digest in the header, which is therefore the identity of the
//! whole file; all lengths are checked against the real file before anything is read or allocated.
//! Numbers are little-endian and sections are cast in place, so only little-endian hosts are supported.

use std::ops::Range;
use std::path::Path;

use bytemuck::Pod;

use crate::bytes::Bytes;
use crate::error::{Error, Result};

#[cfg(target_endian = "big")]
compile_error!("index files are mapped as little-endian arrays");

pub(crate) const ALIGN: usize = 64;
pub(crate) const HEADER_LEN: usize = 64;
pub(crate) const ENTRY_LEN: usize = 64;
pub(crate) const MAX_SECTIONS: usize = 64;
/// Sections above this are digested with all threads of the pool.
const PARALLEL_DIGEST: usize = 1 << 20;

/// A kind of file: its magic bytes and the one version of it that this build reads and writes.
/// The line break in the magic shows transfers that rewrite text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) magic: [u8; 8],
    pub(crate) version: u32,
}

/// How much of a file is compared with its digests when it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// Everything.
    Full,
    /// Header and table now, each section when it is decoded.
    OnUse,
}

#[derive(Debug, Clone)]
struct Section {
    id: u32,
    range: Range<usize>,
    digest: [u8; 32],
}

/// An opened file with a valid header and table.
#[derive(Debug)]
pub(crate) struct Envelope {
    bytes: Bytes,
    digest: [u8; 32],
    sections: Vec<Section>,
    checked: Check,
}

pub(crate) fn align_up(n: usize) -> Option<usize> {
    n.checked_next_multiple_of(ALIGN)
}

fn le_u32(bytes: &[u8], at: usize) -> Option<u32> {
    let b = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(b.try_into().ok()?))
}

fn le_u64(bytes: &[u8], at: usize) -> Option<u64> {
    let b = bytes.get(at..at.checked_add(8)?)?;
    Some(u64::from_le_bytes(b.try_into().ok()?))
}

fn le_usize(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(le_u64(bytes, at)?).ok()
}

fn digest_at(bytes: &[u8], at: usize) -> Option<[u8; 32]> {
    bytes.get(at..at.checked_add(32)?)?.try_into().ok()
}

/// Digest of a section; independent of the number of threads.
pub(crate) fn digest_of(bytes: &[u8]) -> [u8; 32] {
    if bytes.len() < PARALLEL_DIGEST {
        return *blake3::hash(bytes).as_bytes();
    }
    *blake3::Hasher::new().update_rayon(bytes).finalize().as_bytes()
}

/// Digest of header and table, hence of the file.
pub(crate) fn header_digest(fixed: &[u8], table: &[u8]) -> [u8; 32] {
    *blake3::Hasher::new().update(fixed).update(table).finalize().as_bytes()
}

impl Envelope {
    /// Checks header, table and layout of `bytes`, and with [`Check::Full`] all section digests.
    /// `path` is for messages.
    pub(crate) fn parse(bytes: Bytes, kind: Kind, path: &Path, check: Check) -> Result<Envelope> {
        let bad = |what: &str| Error::corrupt(path, what);
        let b: &[u8] = &bytes;
        if b.len() < HEADER_LEN {
            return Err(bad("shorter than a header"));
        }
        if b[..8] != kind.magic {
            return Err(bad("wrong magic bytes"));
        }
        let found = le_u32(b, 8).ok_or_else(|| bad("header"))?;
        if found != kind.version {
            return Err(Error::Version { path: path.into(), found, supported: kind.version });
        }
        let count = le_u32(b, 12).ok_or_else(|| bad("header"))? as usize;
        if le_usize(b, 16) != Some(b.len()) {
            return Err(bad("length differs from the one in the header"));
        }
        let table_end = HEADER_LEN + count.min(MAX_SECTIONS) * ENTRY_LEN;
        if count > MAX_SECTIONS || table_end > b.len() {
            return Err(bad("section table exceeds the file"));
        }
        let table = &b[HEADER_LEN..table_end];
        let digest = digest_at(b, 32).ok_or_else(|| bad("header"))?;
        if header_digest(&b[..32], table) != digest {
            return Err(bad("header does not match its digest"));
        }
        let sections = read_table(b, count, table_end).ok_or_else(|| bad("section layout"))?;
        let envelope = Envelope { digest, sections, checked: check, bytes };
        if check == Check::Full {
            for section in &envelope.sections {
                envelope.check_section(section, path)?;
            }
        }
        Ok(envelope)
    }

    fn check_section(&self, section: &Section, path: &Path) -> Result<()> {
        if digest_of(&self.bytes[section.range.clone()]) != section.digest {
            return Err(Error::corrupt(
                path,
                format!("section {} does not match its digest", section.id),
            ));
        }
        Ok(())
    }

    /// Compares everything with its digests again if the file may have changed since it was last found right.
    pub(crate) fn check_again(&self, path: &Path) -> Result<()> {
        let Some(look) = self.bytes.looks_changed(path)? else { return Ok(()) };
        let table_end = HEADER_LEN + self.sections.len() * ENTRY_LEN;
        let front = self.bytes.get(..table_end).unwrap_or_default();
        let holds = digest_at(front, 32) == Some(self.digest)
            && header_digest(&front[..32], &front[HEADER_LEN..]) == self.digest;
        if !holds {
            return Err(Error::corrupt(path, "changed while it was in use"));
        }
        for section in &self.sections {
            self.check_section(section, path)
                .map_err(|_| Error::corrupt(path, "changed while it was in use"))?;
        }
        self.bytes.found_right(look);
        Ok(())
    }

    /// The bytes as they were opened.
    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Digest that identifies the file.
    pub(crate) fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// Length of the file.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Where a section lies, without looking at its content.
    pub(crate) fn range(&self, id: u32, path: &Path) -> Result<Range<usize>> {
        Ok(self.find(id, path)?.range.clone())
    }

    /// Length of a section, zero when there is none.
    pub(crate) fn section_len(&self, id: u32) -> usize {
        self.sections.iter().find(|s| s.id == id).map_or(0, |s| s.range.len())
    }

    fn find(&self, id: u32, path: &Path) -> Result<&Section> {
        self.sections
            .iter()
            .find(|s| s.id == id)
            .ok_or_else(|| Error::corrupt(path, format!("section {id} is missing")))
    }

    /// A section whose digest is known to hold: checked at open, or now.
    pub(crate) fn section(&self, id: u32, path: &Path) -> Result<&[u8]> {
        let section = self.find(id, path)?;
        if self.checked == Check::OnUse {
            self.check_section(section, path)?;
        }
        Ok(&self.bytes[section.range.clone()])
    }

    /// The same as an array.
    pub(crate) fn array<T: Pod>(&self, id: u32, path: &Path) -> Result<&[T]> {
        bytemuck::try_cast_slice(self.section(id, path)?)
            .map_err(|_| Error::corrupt(path, format!("section {id} has a broken length")))
    }

    /// Bytes of a range obtained from [`Envelope::range`]; empty when it does not fit.
    pub(crate) fn slice(&self, range: &Range<usize>) -> &[u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }

    /// The same as an array.
    pub(crate) fn cast<T: Pod>(&self, range: &Range<usize>) -> &[T] {
        bytemuck::try_cast_slice(self.slice(range)).unwrap_or_default()
    }
}

/// Sections must follow each other in table order without gaps other than zero padding, up to the end.
fn read_table(b: &[u8], count: usize, table_end: usize) -> Option<Vec<Section>> {
    let mut sections: Vec<Section> = Vec::with_capacity(count);
    let mut end = table_end;
    for i in 0..count {
        let at = HEADER_LEN + i * ENTRY_LEN;
        let id = le_u32(b, at)?;
        let start = le_usize(b, at + 8)?;
        let stop = start.checked_add(le_usize(b, at + 16)?)?;
        let ascending = sections.last().is_none_or(|s| s.id < id);
        if !ascending || start != align_up(end)? || stop > b.len() {
            return None;
        }
        if b.get(end..start)?.iter().any(|&x| x != 0) {
            return None;
        }
        sections.push(Section { id, range: start..stop, digest: digest_at(b, at + 32)? });
        end = stop;
    }
    (end == b.len()).then_some(sections)
}

/// Recomputes all digests of a file in memory, so that fuzzing reaches the code behind them.
pub(crate) fn reseal(b: &mut [u8]) {
    let len = b.len() as u64;
    if b.len() < HEADER_LEN {
        return;
    }
    b[16..24].copy_from_slice(&len.to_le_bytes());
    let count = (le_u32(b, 12).unwrap_or(0) as usize).min(MAX_SECTIONS);
    let table_end = HEADER_LEN + count * ENTRY_LEN;
    if table_end > b.len() {
        return;
    }
    for i in 0..count {
        let at = HEADER_LEN + i * ENTRY_LEN;
        let range = le_usize(b, at + 8)
            .zip(le_usize(b, at + 16))
            .and_then(|(start, len)| Some(start..start.checked_add(len)?));
        let Some(digest) = range.and_then(|r| b.get(r)).map(digest_of) else {
            continue;
        };
        b[at + 32..at + 64].copy_from_slice(&digest);
    }
    let digest = header_digest(&b[..32], &b[HEADER_LEN..table_end]);
    b[32..64].copy_from_slice(&digest);
}
