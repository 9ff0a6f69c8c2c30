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
//!
//! A large section need not be read to be opened (a hash tree of two levels; Merkle, CRYPTO '87): its second
//! word says how it is digested. `0`: whole. `1`: by blocks of 64 KiB, whose digests lie in the last section;
//! the table has the digest of that list, and a block is compared with its own when it is first used. `2`: by
//! its pieces, whose checksums another section lists.

use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

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

/// Bytes of a block that is digested by itself: what is read for the first use of a byte.
pub(crate) const BLOCK: usize = 64 << 10;
/// Section with the digests of all blocks; the last one where there is one.
pub(crate) const DIGESTS: u32 = u32::MAX;
/// Bytes of a digest.
pub(crate) const DIGEST: usize = 32;
/// First version of a kind of file whose sections may be digested in parts, by magic: segments only.
const PARTS_SINCE: u32 = 3;

/// A kind of file: its magic bytes, the version of it that this build writes, and the oldest that it reads.
/// The line break in the magic shows transfers that rewrite text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) magic: [u8; 8],
    pub(crate) version: u32,
    pub(crate) oldest: u32,
}

/// How a section is digested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Digested {
    /// As a whole.
    Whole,
    /// Block by block.
    Blocks,
    /// By pieces that another section lists.
    Pieces,
}

impl Digested {
    pub(crate) fn word(self) -> u32 {
        self as u32
    }

    fn of(word: u32, version: u32) -> Option<Digested> {
        let parts = version >= PARTS_SINCE;
        match word {
            0 => Some(Digested::Whole),
            1 if parts => Some(Digested::Blocks),
            2 if parts => Some(Digested::Pieces),
            // Version 2 never looked at this word.
            _ if !parts => Some(Digested::Whole),
            _ => None,
        }
    }
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
    by: Digested,
    /// Number of its first block among those of the file.
    first_block: usize,
}

impl Section {
    fn blocks(&self) -> usize {
        if self.by == Digested::Blocks { self.range.len().div_ceil(BLOCK) } else { 0 }
    }
}

/// An opened file with a valid header and table.
#[derive(Debug)]
pub(crate) struct Envelope {
    bytes: Bytes,
    digest: [u8; 32],
    sections: Vec<Section>,
    checked: Check,
    version: u32,
    /// Blocks that were compared with their digests, a bit each.
    seen: Box<[AtomicU64]>,
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
        if !(kind.oldest..=kind.version).contains(&found) {
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
        let sections =
            read_table(b, count, table_end, found).ok_or_else(|| bad("section layout"))?;
        let blocks: usize = sections.iter().map(Section::blocks).sum();
        let seen = (0..blocks.div_ceil(64)).map(|_| AtomicU64::new(0)).collect();
        let in_parts = found >= PARTS_SINCE && sections.iter().any(|s| s.id == DIGESTS);
        // What is digested as a whole is small where there are blocks.
        let checked = if in_parts { Check::Full } else { check };
        let envelope = Envelope { digest, sections, checked, version: found, seen, bytes };
        let lists = envelope.sections.iter().find(|s| s.id == DIGESTS).map_or(0, |s| s.range.len());
        if lists != blocks * DIGEST {
            return Err(bad("digests of blocks"));
        }
        if checked == Check::Full {
            // The digests of the blocks first: the others rest on them.
            for section in envelope.sections.iter().rev() {
                envelope.check_section(section, path)?;
            }
        }
        Ok(envelope)
    }

    /// Compares a section with the digest that the table has of it: of blocks, their list.
    fn check_section(&self, section: &Section, path: &Path) -> Result<()> {
        let holds = match section.by {
            Digested::Whole => digest_of(&self.bytes[section.range.clone()]) == section.digest,
            Digested::Blocks => digest_of(self.list_of(section)) == section.digest,
            Digested::Pieces => section.digest == [0; DIGEST],
        };
        if !holds {
            return Err(Error::corrupt(
                path,
                format!("section {} does not match its digest", section.id),
            ));
        }
        Ok(())
    }

    /// The digests of the blocks of a section.
    fn list_of(&self, section: &Section) -> &[u8] {
        let all = self.sections.iter().find(|s| s.id == DIGESTS).map(|s| s.range.clone());
        let all = all.map_or(&[][..], |range| self.slice(&range));
        let first = section.first_block * DIGEST;
        all.get(first..first + section.blocks() * DIGEST).unwrap_or_default()
    }

    /// Makes sure that a part of a section, digested by blocks, is what was written. Other
    /// sections are sound since they were opened.
    ///
    /// Cheap where all of it was used before.
    pub(crate) fn ensure(&self, id: u32, part: Range<usize>, path: &Path) -> Result<()> {
        let section = self.find(id, path)?;
        if section.by != Digested::Blocks || part.is_empty() {
            return Ok(());
        }
        let blocks = part.start / BLOCK..part.end.div_ceil(BLOCK).min(section.blocks());
        if blocks.len() <= 4 {
            return blocks.into_iter().try_for_each(|b| self.ensure_block(section, b, path));
        }
        blocks.into_par_iter().try_for_each(|b| self.ensure_block(section, b, path))
    }

    /// The same for all of it.
    pub(crate) fn ensure_all(&self, id: u32, path: &Path) -> Result<()> {
        self.ensure(id, 0..self.find(id, path)?.range.len(), path)
    }

    fn ensure_block(&self, section: &Section, block: usize, path: &Path) -> Result<()> {
        let number = section.first_block + block;
        let (word, bit) = (&self.seen[number / 64], 1u64 << (number % 64));
        if word.load(Ordering::Acquire) & bit != 0 {
            return Ok(());
        }
        self.check_block(section, block, path)?;
        word.fetch_or(bit, Ordering::Release);
        Ok(())
    }

    fn block(&self, section: &Section, block: usize) -> &[u8] {
        let start = section.range.start + block * BLOCK;
        self.slice(&(start..section.range.end.min(start + BLOCK)))
    }

    fn check_block(&self, section: &Section, block: usize, path: &Path) -> Result<()> {
        let wanted = self.list_of(section).get(block * DIGEST..(block + 1) * DIGEST);
        if wanted != Some(blake3::hash(self.block(section, block)).as_bytes().as_slice()) {
            return Err(Error::corrupt(
                path,
                format!("section {} does not match its digest", section.id),
            ));
        }
        Ok(())
    }

    /// Compares everything that was used with its digests again if the file may have changed since it was last
    /// found right.
    pub(crate) fn check_again(&self, path: &Path) -> Result<()> {
        let Some(look) = self.bytes.looks_changed(path)? else { return Ok(()) };
        let table_end = HEADER_LEN + self.sections.len() * ENTRY_LEN;
        let front = self.bytes.get(..table_end).unwrap_or_default();
        let holds = digest_at(front, 32) == Some(self.digest)
            && header_digest(&front[..32], &front[HEADER_LEN..]) == self.digest;
        if !holds {
            return Err(Error::corrupt(path, "changed while it was in use"));
        }
        let changed = |_| Error::corrupt(path, "changed while it was in use");
        for section in self.sections.iter().rev() {
            self.check_section(section, path).map_err(changed)?;
            for block in 0..section.blocks() {
                let number = section.first_block + block;
                if self.seen[number / 64].load(Ordering::Acquire) >> (number % 64) & 1 == 1 {
                    self.check_block(section, block, path).map_err(changed)?;
                }
            }
        }
        self.bytes.found_used_right(look);
        Ok(())
    }

    /// The bytes as they were opened.
    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Version of the kind of file.
    pub(crate) fn version(&self) -> u32 {
        self.version
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
fn read_table(b: &[u8], count: usize, table_end: usize, version: u32) -> Option<Vec<Section>> {
    let mut sections: Vec<Section> = Vec::with_capacity(count);
    let mut end = table_end;
    let mut first_block = 0;
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
        let by = Digested::of(le_u32(b, at + 4)?, version)?;
        if id == DIGESTS && by != Digested::Whole {
            return None;
        }
        let digest = digest_at(b, at + 32)?;
        let section = Section { id, range: start..stop, digest, by, first_block };
        first_block += section.blocks();
        sections.push(section);
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
    let version = le_u32(b, 8).unwrap_or(0);
    let count = (le_u32(b, 12).unwrap_or(0) as usize).min(MAX_SECTIONS);
    let table_end = HEADER_LEN + count * ENTRY_LEN;
    if table_end > b.len() {
        return;
    }
    let range_of = |b: &[u8], i: usize| {
        let at = HEADER_LEN + i * ENTRY_LEN;
        let (start, len) = (le_usize(b, at + 8)?, le_usize(b, at + 16)?);
        let range = start..start.checked_add(len)?;
        b.get(range.clone()).map(|_| range)
    };
    let mut lists = Vec::new();
    for i in 0..count {
        let at = HEADER_LEN + i * ENTRY_LEN;
        let Some(range) = range_of(b, i) else { continue };
        let by = le_u32(b, at + 4).and_then(|word| Digested::of(word, version));
        let digest = match by {
            Some(Digested::Blocks) => {
                let list: Vec<u8> = b[range]
                    .chunks(BLOCK)
                    .flat_map(|block| *blake3::hash(block).as_bytes())
                    .collect();
                lists.extend_from_slice(&list);
                digest_of(&list)
            }
            Some(Digested::Pieces) => continue,
            _ => {
                if le_u32(b, at) == Some(DIGESTS) && range.len() == lists.len() {
                    b[range.clone()].copy_from_slice(&lists);
                }
                digest_of(&b[range])
            }
        };
        b[at + 32..at + 64].copy_from_slice(&digest);
    }
    let digest = header_digest(&b[..32], &b[HEADER_LEN..table_end]);
    b[32..64].copy_from_slice(&digest);
}
