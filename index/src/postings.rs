//! Whose window each code is: postings, as they are, or packed to as many bits as a segment needs.
//!
//! Packed by frame of reference with one frame a segment (Goldstein, Ramakrishnan and Shaft, ICDE 1998; Lemire
//! and Boytsov, 2015): every posting has the same width, so that one can be read without the others, as a hit
//! is. 20,000 tracks of four minutes need 31 bits instead of 64.

use bytemuck::{Pod, Zeroable};

/// Whose window a code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct Posting {
    /// Local number of the track.
    pub(crate) track: u32,
    pub(crate) time: u32,
}

/// The postings of one space.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Postings<'a> {
    Plain(&'a [Posting]),
    Packed { words: &'a [u64], len: usize, widths: Widths },
}

/// Bits of a packed posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Widths {
    track: u32,
    pub(crate) time: u32,
}

impl Widths {
    /// Widths for `tracks` tracks and times of `time` bits; none where that is no width.
    pub(crate) fn new(tracks: u32, time: u32) -> Option<Widths> {
        let track = bits_of(tracks.saturating_sub(1));
        (1..=32).contains(&time).then_some(Widths { track, time })
    }

    /// The least widths for these postings.
    pub(crate) fn of(tracks: u32, postings: &[Posting]) -> Widths {
        let latest = postings.iter().map(|p| p.time).max().unwrap_or(0);
        Widths { track: bits_of(tracks.saturating_sub(1)), time: bits_of(latest).max(1) }
    }

    fn bits(self) -> usize {
        (self.track + self.time) as usize
    }

    /// Words that `len` postings take.
    pub(crate) fn words(self, len: usize) -> Option<usize> {
        Some(len.checked_mul(self.bits())?.div_ceil(64))
    }

    /// Bytes in which the postings of a range lie.
    pub(crate) fn bytes(self, range: std::ops::Range<usize>) -> std::ops::Range<usize> {
        range.start * self.bits() / 64 * 8..(range.end * self.bits()).div_ceil(64) * 8
    }
}

fn bits_of(value: u32) -> u32 {
    32 - value.leading_zeros()
}

/// Packs postings.
pub(crate) fn pack(postings: &[Posting], widths: Widths) -> Vec<u64> {
    let mut words = vec![0u64; widths.words(postings.len()).unwrap_or(0)];
    for (i, p) in postings.iter().enumerate() {
        let value = u64::from(p.track) << widths.time | u64::from(p.time);
        let (word, shift) = (i * widths.bits() / 64, i * widths.bits() % 64);
        words[word] |= value << shift;
        if shift + widths.bits() > 64 {
            words[word + 1] |= value >> (64 - shift);
        }
    }
    words
}

impl<'a> Postings<'a> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Postings::Plain(all) => all.len(),
            Postings::Packed { len, .. } => *len,
        }
    }

    #[inline]
    pub(crate) fn get(&self, at: usize) -> Posting {
        match self {
            Postings::Plain(all) => all[at],
            Postings::Packed { words, widths, .. } => {
                let bits = widths.bits();
                let (word, shift) = (at * bits / 64, at * bits % 64);
                let mut value = words[word] >> shift;
                if shift + bits > 64 {
                    value |= words[word + 1] << (64 - shift);
                }
                let time = value & ((1 << widths.time) - 1);
                // Where the width is that of a word, nothing is above it.
                let track = (value >> widths.time) & ((1u64 << widths.track) - 1);
                Posting { track: track as u32, time: time as u32 }
            }
        }
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Posting> + 'a {
        (0..self.len()).map(move |at| self.get(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn packed_postings_come_back(tracks in 1u32.., shift in 0u32..32, raw in prop::collection::vec((any::<u32>(), any::<u32>()), 0..70)) {
            let postings: Vec<Posting> = raw
                .into_iter()
                .map(|(track, time)| Posting { track: track % tracks, time: time >> shift })
                .collect();
            let widths = Widths::of(tracks, &postings);
            let words = pack(&postings, widths);
            prop_assert_eq!(Some(words.len()), widths.words(postings.len()));
            prop_assert_eq!(Widths::new(tracks, widths.time), Some(widths));
            let packed = Postings::Packed { words: &words, len: postings.len(), widths };
            prop_assert!(packed.iter().eq(postings.iter().copied()));
            for at in 0..postings.len() {
                let bytes = widths.bytes(at..at + 1);
                prop_assert!(bytes.end <= words.len() * 8 && bytes.start < bytes.end);
            }
        }
    }
}
