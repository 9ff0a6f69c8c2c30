//! The bytes of a file, with a deadline.
//!
//! A demuxer that searches for a marker may read for a long time before it returns, so the time
//! limit is enforced where every such search must pass: at the reads.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Instant;

use symphonia::core::io::MediaSource;

use super::mpeg_length::MpegLength;
use super::tags::Tags;
use super::veil::{Patch, Veil};
use super::{embedded, oversize, vendor};
use crate::progress::Cancel;
use crate::regular;

/// Bytes at the start of the file that are looked at before the probe.
const HEAD: usize = 1_024;

/// When to stop reading.
#[derive(Debug, Clone)]
pub(super) struct Stop {
    /// Time is up then.
    pub(super) deadline: Instant,
    /// Or as soon as this says so.
    pub(super) cancel: Cancel,
}

impl Stop {
    pub(super) fn is_due(&self) -> bool {
        self.cancel.is_cancelled() || Instant::now() >= self.deadline
    }
}

/// A readable, seekable source that refuses to go on after its deadline.
pub(super) struct Source<R> {
    inner: Veil<R>,
    /// Where the part begins that is shown to the demuxer.
    base: u64,
    /// Where reading goes on, in the file.
    at: u64,
    /// Length of that part.
    len: u64,
    payload: Payload,
    tags: Tags,
    stop: Stop,
}

/// What a glance at the start of the file tells.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Payload {
    /// Number of bytes between the tags at its start and its end.
    pub(super) len: u64,
    /// Is there a Xing, Info or VBRI header, where MPEG streams declare their length?
    pub(super) has_mpeg_length: bool,
    /// What that header counts.
    pub(super) mpeg_length: Option<MpegLength>,
    /// Does it begin like one of the usual audio containers?
    pub(super) has_magic: bool,
}

/// Opens `path` if it is a regular file, and says how long it is.
pub(super) fn open_file(path: &Path) -> io::Result<(File, u64)> {
    let file = regular::open(path)?;
    let len = file.metadata()?.len();
    Ok((file, len))
}

/// Bytes in memory, and how many.
pub(super) fn open_bytes<B: AsRef<[u8]>>(bytes: B) -> (Cursor<B>, u64) {
    let len = bytes.as_ref().len() as u64;
    (Cursor::new(bytes), len)
}

/// What the tags around the audio in `bytes` say, for fuzzing.
///
/// # Errors
/// Memory has none.
#[doc(hidden)]
pub fn tags_around(bytes: &[u8]) -> io::Result<Tags> {
    let deadline = Instant::now() + std::time::Duration::from_secs(60);
    let (bytes, len) = open_bytes(bytes);
    let mut source = Source::new(bytes, len, Stop { deadline, cancel: Cancel::new() }, &[])?;
    io::copy(&mut source, &mut io::sink())?;
    Ok(source.take_tags())
}

impl<R: Read + Seek> Source<R> {
    /// A source over `inner`, which is `len` bytes long, behind `patches`.
    pub(super) fn new(mut inner: R, len: u64, stop: Stop, patches: &[Patch]) -> io::Result<Self> {
        let embedded::Found { start, end, mut tags, mut hidden } = embedded::read(&mut inner, len)?;
        hidden.extend(oversize::hidden(&mut inner, start, end)?);
        hidden.extend_from_slice(patches);
        let mut inner = Veil::new(inner, hidden)?;
        inner.seek(SeekFrom::Start(start))?;
        let mut head = Vec::with_capacity(HEAD);
        inner.by_ref().take((end - start).min(HEAD as u64)).read_to_end(&mut head)?;
        tags.writing_library = vendor::writing_library(&head);
        inner.seek(SeekFrom::Start(start))?;
        let payload = Payload {
            len: end - start,
            has_mpeg_length: head.windows(4).any(|w| matches!(w, b"Xing" | b"Info" | b"VBRI")),
            mpeg_length: MpegLength::of(&head),
            has_magic: has_magic(&head),
        };
        Ok(Self { inner, base: start, at: start, len: end - start, payload, tags, stop })
    }

    /// What the tags around the audio say.
    pub(super) fn take_tags(&mut self) -> Tags {
        std::mem::take(&mut self.tags)
    }

    /// Number of bytes in all.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// See [`Payload`].
    pub(super) fn payload(&self) -> Payload {
        self.payload
    }

    fn check(&self) -> io::Result<()> {
        if self.stop.is_due() {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "time limit"));
        }
        Ok(())
    }
}

fn has_magic(head: &[u8]) -> bool {
    const MAGIC: [&[u8]; 7] =
        [b"fLaC", b"OggS", b"RIFF", b"riff\x2e\x91", b"FORM", b"caff", b"\x1a\x45\xdf\xa3"];
    MAGIC.iter().any(|magic| head.starts_with(magic)) || head.get(4..8) == Some(b"ftyp")
}

impl<R: Read + Seek> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        let left = (self.base + self.len).saturating_sub(self.at);
        let n = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let n = self.inner.read(&mut buffer[..n])?;
        self.at += n as u64;
        Ok(n)
    }
}

impl<R: Read + Seek> Seek for Source<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.check()?;
        let place = match to {
            SeekFrom::Start(position) => self.base.checked_add(position),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => (self.base + self.len).checked_add_signed(by),
        };
        // A header that points out of the file is damage of the file, no failure of the system.
        let in_reach = |place: &u64| *place >= self.base && i64::try_from(*place).is_ok();
        let place = place.filter(in_reach).ok_or(io::ErrorKind::UnexpectedEof)?;
        // File systems refuse places far beyond their largest file; nothing is read there anyway.
        self.inner.seek(SeekFrom::Start(place.min(self.base + self.len)))?;
        self.at = place;
        Ok(self.at - self.base)
    }
}

impl<R: Read + Seek + Send + Sync> MediaSource for Source<R> {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.len)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn open_bytes<B: AsRef<[u8]>>(bytes: B, stop: Stop) -> io::Result<Source<Cursor<B>>> {
        let (bytes, len) = super::open_bytes(bytes);
        Source::new(bytes, len, stop, &[])
    }

    fn within(seconds: u64) -> Stop {
        let deadline = Instant::now() + Duration::from_secs(seconds);
        Stop { deadline, cancel: Cancel::new() }
    }

    #[test]
    fn reads_stop_at_the_deadline() {
        let mut late = open_bytes([1u8; 20], within(0)).unwrap();
        assert_eq!(late.read(&mut [0; 4]).unwrap_err().kind(), io::ErrorKind::TimedOut);
        let stop = within(60);
        let mut unwanted = open_bytes([1u8; 20], stop.clone()).unwrap();
        stop.cancel.cancel();
        assert!(unwanted.read(&mut [0; 4]).is_err());
    }

    #[test]
    fn the_payload_lies_between_the_tags() {
        let mut bytes = b"ID3\x04\x00\x00\x00\x00\x01\x00".to_vec();
        bytes.resize(1_000, 0);
        bytes[999] = 7;
        assert_eq!(open_bytes(&bytes, within(60)).unwrap().payload().len, 1_000 - 138);
        assert_eq!(open_bytes(b"ID3", within(60)).unwrap().payload().len, 3);
        bytes.extend(b"TAG");
        bytes.resize(1_128, 0);
        let mut source = open_bytes(&bytes, within(60)).unwrap();
        assert_eq!(source.payload().len, 1_000 - 138);
        let mut all = Vec::new();
        source.read_to_end(&mut all).unwrap();
        assert_eq!((all.len(), all.last()), (862, Some(&7)));
        assert_eq!(source.seek(SeekFrom::End(-1)).unwrap(), 861);
        assert!(source.seek(SeekFrom::Current(-862)).is_err());
        assert_eq!(source.seek(SeekFrom::Start(1 << 62)).unwrap(), 1 << 62);
        assert_eq!(source.read(&mut [0; 4]).unwrap(), 0);
    }

    #[test]
    fn giant_and_damaged_tags_are_hidden() {
        let mut bytes = b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f".to_vec();
        bytes.resize(100, 1);
        let mut source = open_bytes(&bytes, within(60)).unwrap();
        assert_eq!(source.len(), 90);
        assert_eq!(source.seek(SeekFrom::Start(0)).unwrap(), 0);
        assert_eq!(source.seek(SeekFrom::End(0)).unwrap(), 90);

        let tag = (32 << 20) + 10 + (1 << 14);
        bytes[6..10].copy_from_slice(&[16, 1, 0, 0]);
        bytes.resize(tag + 5, 2);
        assert_eq!(open_bytes(&bytes, within(60)).unwrap().len(), 5);
    }
}
