//! Where a file ends by its own account: before another that was joined to it, or beyond the last byte there is.
//!
//! `cat a.flac b.flac` makes one file of two. Demuxers end with the first, and the rest is never heard. Downloads
//! break off, and demuxers refuse what is left of MP4 and Matroska because of a size that leads out of the
//! file. So the structure of every container is walked once, by its sizes alone, before a demuxer sees it:
//! files behind one another are opened one by one, and a size that is too large is made to fit.
//!
//! The structures are those of ISO/IEC 14496-12 (MP4), RFC 9559 (Matroska), RFC 3533 (Ogg), RFC 9639 (FLAC), the
//! Core Audio Format Specification (Apple), and EA IFF 85 (WAV, AIFF).

mod chunks;
mod ebml;
mod pages;
mod starts;

use std::io::{self, Read, Seek, SeekFrom};

use super::source::Stop;
use super::veil::Patch;
use super::{matroska, mp4, riff, sniff};
pub(super) use starts::is_container;

/// Most files in one that are opened.
const MAX_PARTS: usize = 4_096;
/// Most parts of a container that are walked over.
const MAX_STEPS: usize = 4_000_000;

/// Why the end of a file is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cut {
    /// In words.
    pub(super) reason: String,
    /// Without what is missing nothing can be decoded.
    pub(super) is_fatal: bool,
    /// What makes the demuxer read what is there, by places in the whole.
    pub(super) patches: Vec<Patch>,
}

impl Cut {
    fn new(reason: impl Into<String>, patches: Vec<Patch>) -> Self {
        Self { reason: reason.into(), is_fatal: false, patches }
    }

    fn fatal(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_fatal: true, patches: Vec::new() }
    }
}

/// One of the files that lie one behind the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) cut: Option<Cut>,
    /// Pieces of it that are damaged, and that the demuxer passes over.
    pub(super) damaged: u64,
}

/// What a walk through one file finds.
struct Extent {
    end: u64,
    cut: Option<Cut>,
    damaged: u64,
}

impl From<(u64, Option<Cut>)> for Extent {
    fn from((end, cut): (u64, Option<Cut>)) -> Self {
        Self { end, cut, damaged: 0 }
    }
}

/// The files that the `len` bytes of `inner` hold, at least one, and whether there are more than are opened.
pub(super) fn parts<R: Read + Seek>(
    inner: &mut R,
    len: u64,
    stop: &Stop,
) -> io::Result<(Vec<Part>, bool)> {
    let mut walk = Walk { inner, len, stop, steps: 0 };
    let mut parts: Vec<Part> = Vec::new();
    let mut start = 0;
    while start < len || parts.is_empty() {
        if parts.len() == MAX_PARTS {
            return Ok((parts, true));
        }
        let Extent { end, cut, damaged } = walk.extent(start)?;
        // A part of no length, or one that is no file, is left to the one before it.
        let end = if end <= start { len } else { end };
        parts.push(Part { start, end, cut, damaged });
        if end >= len || !walk.is_start(end)? {
            break;
        }
        start = end;
    }
    if let Some(last) = parts.last_mut().filter(|last| last.cut.is_none()) {
        // What stands behind the last one are tags, or nothing that is known.
        last.end = len;
    }
    inner.seek(SeekFrom::Start(0))?;
    Ok((parts, false))
}

/// A walk through the containers of one file.
struct Walk<'a, R> {
    inner: &'a mut R,
    /// Where the bytes end.
    len: u64,
    stop: &'a Stop,
    steps: usize,
}

impl<R: Read + Seek> Walk<'_, R> {
    /// Where the file that begins at `start` ends, and what is missing of it.
    fn extent(&mut self, start: u64) -> io::Result<Extent> {
        let mut at = start;
        while let Some(size) = self.id3v2(at)? {
            at += size;
        }
        let head = self.bytes(at, riff::HEAD)?;
        Ok(match &head[..] {
            _ if matroska::is_matroska(&head) => self.matroska(at)?.into(),
            _ if mp4::is_mp4(&head) => self.mp4(at)?.into(),
            [b'c', b'a', b'f', b'f', ..] => self.caf(at)?.into(),
            [b'O', b'g', b'g', b'S', ..] => self.ogg(at)?,
            [b'f', b'L', b'a', b'C', ..] => (self.flac(at)?, None).into(),
            _ if riff::is_riff(&head) => self.riff(at)?.into(),
            _ => (self.bare(at)?, None).into(),
        })
    }

    /// Length of a whole ID3v2 tag at `at`.
    fn id3v2(&mut self, at: u64) -> io::Result<Option<u64>> {
        let head = self.bytes(at, 10)?;
        Ok(sniff::id3v2_size(&head).filter(|&size| size < self.len - at))
    }

    /// Up to `count` bytes at `at`: fewer at the end.
    fn bytes(&mut self, at: u64, count: u64) -> io::Result<Vec<u8>> {
        self.steps += 1;
        if self.steps.is_multiple_of(256) && self.stop.is_due() {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "time limit"));
        }
        sniff::read_at(self.inner, at, count.min(self.len.saturating_sub(at)))
    }

    /// Exactly `N` bytes at `at`, if they are there and the walk has not been too long.
    fn exact<const N: usize>(&mut self, at: u64) -> io::Result<Option<[u8; N]>> {
        if self.steps > MAX_STEPS {
            return Ok(None);
        }
        Ok(self.bytes(at, N as u64)?.try_into().ok())
    }
}

#[cfg(test)]
mod tests;
