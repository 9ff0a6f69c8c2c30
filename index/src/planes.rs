//! Codes stored word by word: all first words, then all second words, and so on.
//!
//! In this layout comparing a stretch of codes with a query is straight vector code, eight codes at a
//! time where the processor can count bits in vectors. Codes that are looked up one by one (the
//! representatives that a graph walk visits) stay whole instead.

use std::ops::Range;

use crate::types::Code;

/// Words of a code.
pub(crate) const WORDS: usize = 4;

/// A stretch of codes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Planes<'a> {
    pub(crate) words: [&'a [u64]; WORDS],
}

impl<'a> Planes<'a> {
    /// The codes in `words`, one plane after the other; what is left over does not count.
    pub(crate) fn new(words: &'a [u64]) -> Self {
        let n = words.len() / WORDS;
        Planes { words: std::array::from_fn(|w| &words[w * n..(w + 1) * n]) }
    }

    pub(crate) fn len(&self) -> usize {
        self.words[0].len()
    }

    pub(crate) fn code(&self, at: usize) -> Code {
        self.words.map(|plane| plane[at])
    }

    #[inline]
    pub(crate) fn slice(&self, range: Range<usize>) -> Planes<'a> {
        let [a, b, c, d] = self.words;
        let (from, to) = (range.start, range.end);
        Planes { words: [&a[from..to], &b[from..to], &c[from..to], &d[from..to]] }
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Code> + 'a {
        (0..self.len()).map(move |at| self.code(at))
    }

    /// Pieces of `size` codes, with the position of the first of each.
    pub(crate) fn blocks(self, size: usize) -> impl Iterator<Item = (usize, Planes<'a>)> {
        let starts = (0..self.len()).step_by(size);
        starts.map(move |from| (from, self.slice(from..self.len().min(from + size))))
    }
}

/// Codes that own their planes and can grow.
#[derive(Debug, Default)]
pub(crate) struct PlaneBuf {
    words: [Vec<u64>; WORDS],
}

impl PlaneBuf {
    pub(crate) fn push(&mut self, code: &Code) {
        for (plane, word) in self.words.iter_mut().zip(code) {
            plane.push(*word);
        }
    }

    pub(crate) fn as_planes(&self) -> Planes<'_> {
        Planes { words: self.words.each_ref().map(Vec::as_slice) }
    }
}

impl<'a> FromIterator<&'a Code> for PlaneBuf {
    fn from_iter<I: IntoIterator<Item = &'a Code>>(codes: I) -> Self {
        let mut planes = PlaneBuf::default();
        codes.into_iter().for_each(|code| planes.push(code));
        planes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_come_back_from_their_words() {
        let codes: Vec<Code> = (0..7).map(|i| [i, 10 + i, 20 + i, 30 + i]).collect();
        let planes: PlaneBuf = codes.iter().collect();
        let words = planes.words.concat();
        let read = Planes::new(&words);
        assert!(read.iter().eq(codes.iter().copied()));
        assert_eq!(read.slice(2..4).code(1), codes[3]);
        assert_eq!(
            read.blocks(3).map(|(at, b)| (at, b.len())).collect::<Vec<_>>(),
            [(0, 3), (3, 3), (6, 1)]
        );
    }
}
