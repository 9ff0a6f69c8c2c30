//! A source in which some bytes read otherwise than they are stored.
//!
//! So the demuxer passes over parts of a container that it would read into memory whole: their names become those
//! of padding. Nothing moves, so that offsets within the container stay true.

use std::io::{self, Read, Seek, SeekFrom};

/// Bytes that read otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Patch {
    /// Where they begin.
    pub(super) at: u64,
    /// What is read instead.
    pub(super) bytes: Vec<u8>,
}

/// A source behind patches.
pub(super) struct Veil<R> {
    inner: R,
    at: u64,
    /// In order, without overlap.
    patches: Vec<Patch>,
}

impl<R: Read + Seek> Veil<R> {
    /// Puts `patches` over `inner`, whatever its position.
    pub(super) fn new(mut inner: R, mut patches: Vec<Patch>) -> io::Result<Self> {
        patches.sort_by_key(|patch| patch.at);
        let at = inner.seek(SeekFrom::Start(0))?;
        Ok(Self { inner, at, patches })
    }
}

impl<R: Read> Read for Veil<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        let (start, end) = (self.at, self.at + n as u64);
        let first =
            self.patches.partition_point(|patch| patch.at + patch.bytes.len() as u64 <= start);
        for patch in self.patches[first..].iter().take_while(|patch| patch.at < end) {
            for (at, byte) in
                (patch.at..).zip(&patch.bytes).filter(|(at, _)| (start..end).contains(at))
            {
                buffer[(at - start) as usize] = *byte;
            }
        }
        self.at = end;
        Ok(n)
    }
}

impl<R: Seek> Seek for Veil<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = self.inner.seek(to)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn patches_show_however_the_source_is_read() {
        let patch = |at, bytes: &[u8]| Patch { at, bytes: bytes.to_vec() };
        let patches = vec![patch(8, b"yz"), patch(2, b"XY")];
        let mut veil = Veil::new(Cursor::new(b"0123456789".to_vec()), patches).unwrap();
        let mut all = String::new();
        veil.read_to_string(&mut all).unwrap();
        assert_eq!(all, "01XY4567yz");
        for at in 0..10 {
            veil.seek(SeekFrom::Start(at)).unwrap();
            let mut byte = [0];
            veil.read_exact(&mut byte).unwrap();
            assert_eq!(byte[0], all.as_bytes()[at as usize]);
        }
    }
}
