//! Lines read one by one, the torn end told apart.

use std::io::{self, BufRead, Read};

/// A complete line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its number, from 1.
    pub number: u64,
    /// Bytes before it.
    pub offset: u64,
    /// What is in it, without its newline.
    pub bytes: &'a [u8],
}

/// Why a line cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// The system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// There are more bytes without a newline than a line may have.
    #[error("line {line} is too long")]
    TooLong {
        /// Its number, from 1.
        line: u64,
    },
}

/// Complete lines, each at most so long. What is kept in memory is one line, whatever the input.
#[derive(Debug)]
pub struct Lines<R> {
    input: R,
    /// Longest line, without its newline.
    most: usize,
    line: Vec<u8>,
    number: u64,
    length: u64,
    ended: bool,
}

impl<R: BufRead> Lines<R> {
    /// Reads the lines of `input`, at most `most` bytes each without their newline.
    pub fn new(input: R, most: usize) -> Lines<R> {
        Lines { input, most, line: Vec::new(), number: 0, length: 0, ended: false }
    }

    /// The next complete line; none at the end, torn or not.
    ///
    /// # Errors
    ///
    /// [`LineError`] if the input cannot be read, or the line is too long, complete or not.
    pub fn read(&mut self) -> Result<Option<Line<'_>>, LineError> {
        if self.ended {
            return Ok(None);
        }
        self.line.clear();
        let mut input = self.input.by_ref().take(self.most as u64 + 1);
        input.read_until(b'\n', &mut self.line)?;
        let Some(bytes) = self.line.strip_suffix(b"\n") else {
            if self.line.len() > self.most {
                return Err(LineError::TooLong { line: self.number + 1 });
            }
            self.ended = true;
            return Ok(None);
        };
        let offset = self.length;
        self.number += 1;
        self.length += self.line.len() as u64;
        Ok(Some(Line { number: self.number, offset, bytes }))
    }

    /// What follows the last newline, known once there are no more lines. Empty unless the end is torn.
    pub fn torn(&self) -> &[u8] {
        if self.ended { &self.line } else { &[] }
    }

    /// Number of the lines read.
    pub fn count(&self) -> u64 {
        self.number
    }

    /// Length of the lines read, in bytes, with their newlines.
    pub fn length(&self) -> u64 {
        self.length
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Whatever was read until the end or the first error: lines, torn end, and the line at fault.
    fn read(bytes: &[u8], most: usize) -> (Vec<Vec<u8>>, Vec<u8>, Option<u64>) {
        let mut lines = Lines::new(bytes, most);
        let mut all = Vec::new();
        loop {
            match lines.read() {
                Ok(Some(line)) => {
                    assert_eq!(line.number, all.len() as u64 + 1);
                    assert!(bytes[line.offset as usize..].starts_with(line.bytes));
                    all.push(line.bytes.to_vec());
                }
                Ok(None) => return (all, lines.torn().to_vec(), None),
                Err(LineError::TooLong { line }) => {
                    return (all, lines.torn().to_vec(), Some(line));
                }
                Err(LineError::Io(e)) => panic!("{e}"),
            }
        }
    }

    #[test]
    fn a_line_may_be_just_as_long_as_allowed() {
        let line = |text: &str| text.as_bytes().to_vec();
        assert_eq!(read(b"abc\nabc", 3), (vec![line("abc")], line("abc"), None));
        assert_eq!(read(b"ab\nabcd\n", 3), (vec![line("ab")], vec![], Some(2)));
        assert_eq!(read(b"abcd", 3), (vec![], vec![], Some(1)));
        assert_eq!(read(b"\n\n", 0), (vec![vec![], vec![]], vec![], None));
        assert_eq!(read(b"", 3), (vec![], vec![], None));
    }

    #[test]
    fn the_torn_end_stays_known() {
        let mut lines = Lines::new(&b"a\nb"[..], 9);
        assert_eq!(lines.read().unwrap().unwrap().bytes, b"a");
        assert_eq!(lines.torn(), b"", "not known yet");
        for _ in 0..2 {
            assert!(lines.read().unwrap().is_none());
            assert_eq!((lines.torn(), lines.length(), lines.count()), (&b"b"[..], 2, 1));
        }
    }

    #[test]
    fn a_line_without_end_is_refused_in_bounded_memory() {
        let mut lines = Lines::new(io::BufReader::new(io::repeat(b'x')), 1000);
        assert!(matches!(lines.read(), Err(LineError::TooLong { line: 1 })));
        assert!(lines.line.capacity() < 10_000);
    }

    proptest! {
        #[test]
        fn lines_are_what_splitting_gives(
            bytes in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'a'), any::<u8>()], 0..60),
            most in 0..20usize,
        ) {
            let mut parts: Vec<Vec<u8>> = bytes.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
            let (lines, torn, at_fault) = read(&bytes, most);
            match parts.iter().position(|part| part.len() > most) {
                Some(long) => {
                    prop_assert_eq!(lines, parts[..long].to_vec());
                    prop_assert_eq!(at_fault, Some(long as u64 + 1));
                }
                None => {
                    prop_assert_eq!(torn, parts.pop().unwrap());
                    prop_assert_eq!(lines, parts);
                    prop_assert!(at_fault.is_none());
                }
            }
        }
    }
}
