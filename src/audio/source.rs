//! The bytes of a file, with a deadline.
//!
//! A demuxer that searches for a marker may read for a long time before it returns, so the time
//! limit is enforced where every such search must pass: at the reads.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Instant;

use symphonia::core::io::MediaSource;

/// ID3v2 tags beyond this size (cover art, usually) are skipped unread: the tag reader would
/// hold them in memory, and they can claim 256 MB.
const MAX_ID3: u64 = 32 << 20;

/// Bytes at the start of the file that are looked at before the probe.
const HEAD: usize = 1_024;

/// A readable, seekable source that refuses to go on after its deadline.
pub(super) struct Source<R> {
    inner: R,
    /// Where the part begins that is shown to the demuxer.
    base: u64,
    len: u64,
    payload: Payload,
    deadline: Instant,
}

/// What a glance at the start of the file tells.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Payload {
    /// Number of bytes behind a leading ID3v2 tag.
    pub(super) len: u64,
    /// Is there a Xing, Info or VBRI header, where MPEG streams declare their length?
    pub(super) has_mpeg_length: bool,
    /// Does it begin like one of the usual audio containers?
    pub(super) has_magic: bool,
}

/// Opens `path` if it is a regular file.
pub(super) fn open_file(path: &Path, deadline: Instant) -> io::Result<Source<File>> {
    // Asked before opening: opening a pipe without a writer would block for ever.
    let metadata = std::fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
    }
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    Source::new(File::open(path)?, metadata.len(), deadline)
}

/// A source over bytes in memory.
pub(super) fn open_bytes<B: AsRef<[u8]>>(
    bytes: B,
    deadline: Instant,
) -> io::Result<Source<Cursor<B>>> {
    let len = bytes.as_ref().len() as u64;
    Source::new(Cursor::new(bytes), len, deadline)
}

impl<R: Read + Seek> Source<R> {
    fn new(mut inner: R, len: u64, deadline: Instant) -> io::Result<Self> {
        let (id3, base) = match id3_size(&mut inner)? {
            // The tag's size is damaged: skip its header only and let the probe find the audio.
            size if size > len => (10, 10),
            size if size > MAX_ID3 => (size, size),
            size => (size, 0),
        };
        inner.seek(SeekFrom::Start(id3))?;
        let mut head = Vec::with_capacity(HEAD);
        inner.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
        inner.seek(SeekFrom::Start(base))?;
        let payload = Payload {
            len: len.saturating_sub(id3),
            has_mpeg_length: head.windows(4).any(|w| matches!(w, b"Xing" | b"Info" | b"VBRI")),
            has_magic: has_magic(&head),
        };
        Ok(Self { inner, base, len: len.saturating_sub(base), payload, deadline })
    }

    /// Number of bytes in all.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// See [`Payload`].
    pub(super) fn payload(&self) -> Payload {
        self.payload
    }

    fn check_deadline(&self) -> io::Result<()> {
        if Instant::now() >= self.deadline {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "time limit"));
        }
        Ok(())
    }
}

/// Size of a leading ID3v2 tag with its header, 0 if there is none.
fn id3_size<R: Read>(inner: &mut R) -> io::Result<u64> {
    let mut head = Vec::with_capacity(10);
    inner.by_ref().take(10).read_to_end(&mut head)?;
    Ok(match head[..] {
        [b'I', b'D', b'3', _, _, _, a, b, c, d] => {
            10 + [a, b, c, d].iter().fold(0, |size, byte| size << 7 | u64::from(byte & 0x7f))
        }
        _ => 0,
    })
}

fn has_magic(head: &[u8]) -> bool {
    const MAGIC: [&[u8]; 6] = [b"fLaC", b"OggS", b"RIFF", b"FORM", b"caff", b"\x1a\x45\xdf\xa3"];
    MAGIC.iter().any(|magic| head.starts_with(magic)) || head.get(4..8) == Some(b"ftyp")
}

impl<R: Read + Seek> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.check_deadline()?;
        self.inner.read(buffer)
    }
}

impl<R: Read + Seek> Seek for Source<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.check_deadline()?;
        let to = match to {
            SeekFrom::Start(position) => SeekFrom::Start(position.saturating_add(self.base)),
            relative => relative,
        };
        let position = self.inner.seek(to)?;
        position.checked_sub(self.base).ok_or_else(|| io::ErrorKind::InvalidInput.into())
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

    #[test]
    fn reads_stop_at_the_deadline() {
        let mut late = open_bytes([1u8; 20], Instant::now()).unwrap();
        assert_eq!(late.read(&mut [0; 4]).unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn the_payload_begins_behind_the_tag() {
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut bytes = b"ID3\x04\x00\x00\x00\x00\x01\x00".to_vec();
        bytes.resize(1_000, 0);
        assert_eq!(open_bytes(&bytes, deadline).unwrap().payload().len, 1_000 - 138);
        assert_eq!(open_bytes(b"ID3", deadline).unwrap().payload().len, 3);
    }

    #[test]
    fn giant_and_damaged_tags_are_hidden() {
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut bytes = b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f".to_vec();
        bytes.resize(100, 1);
        let mut source = open_bytes(&bytes, deadline).unwrap();
        assert_eq!(source.len(), 90);
        assert_eq!(source.seek(SeekFrom::Start(0)).unwrap(), 0);
        assert_eq!(source.seek(SeekFrom::End(0)).unwrap(), 90);

        let tag = MAX_ID3 as usize + 10 + (1 << 14);
        bytes[6..10].copy_from_slice(&[16, 1, 0, 0]);
        bytes.resize(tag + 5, 2);
        assert_eq!(open_bytes(&bytes, deadline).unwrap().len(), 5);
    }
}
