//! A part of a file, shown to a demuxer as if it were the whole.

use std::io::{self, Read, Seek, SeekFrom};

use symphonia::core::io::MediaSource;

/// `len` bytes of `inner` from `start` on.
pub(super) struct Segment<S> {
    inner: S,
    start: u64,
    len: u64,
    position: u64,
}

impl<S: Seek> Segment<S> {
    pub(super) fn new(mut inner: S, start: u64, len: u64) -> io::Result<Self> {
        inner.seek(SeekFrom::Start(start))?;
        Ok(Self { inner, start, len, position: 0 })
    }
}

impl<S: Read> Read for Segment<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = self.len.saturating_sub(self.position);
        let want = buffer.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        let count = self.inner.read(&mut buffer[..want])?;
        self.position += count as u64;
        Ok(count)
    }
}

impl<S: Seek> Seek for Segment<S> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.len.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        let to = to.ok_or(io::ErrorKind::InvalidInput)?;
        self.inner.seek(SeekFrom::Start(self.start.saturating_add(to)))?;
        self.position = to;
        Ok(to)
    }
}

impl<S: Read + Seek + Send + Sync> MediaSource for Segment<S> {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.len)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn nothing_beyond_the_part_is_seen() {
        let mut part = Segment::new(Cursor::new(b"abcdefgh"), 2, 4).unwrap();
        let mut text = String::new();
        part.read_to_string(&mut text).unwrap();
        assert_eq!(text, "cdef");
        assert_eq!(part.seek(SeekFrom::End(-1)).unwrap(), 3);
        assert_eq!(part.read(&mut [0; 9]).unwrap(), 1);
        assert_eq!(part.seek(SeekFrom::Current(-4)).unwrap(), 0);
        assert!(part.seek(SeekFrom::Current(-1)).is_err());
        assert_eq!(part.seek(SeekFrom::Start(90)).unwrap(), 90);
        assert_eq!(part.read(&mut [0; 9]).unwrap(), 0);
    }
}
