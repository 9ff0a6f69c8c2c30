//! Prefix codes with a table for each context: what packs peaks and levels.
//!
//! Huffman codes of limited length (package-merge; Larmore and Hirschberg, JACM 1990), canonical, so that lengths
//! alone tell them. They are counted for each track and sent before its symbols: nothing is learned elsewhere. Of
//! ways to code a symbol this is not the tightest, but it is whole numbers only, the same everywhere, and one look
//! into a table a symbol: a scan unpacks dozens of tracks.

/// Lengths are sent in four bits; those beyond [`LONGEST`] mean runs of symbols that do not occur.
const LONGEST: u8 = 12;
/// The next four bits and 2 say how many.
const SHORT_RUN: u64 = 13;
/// The next eight bits and 18 do.
const LONG_RUN: u64 = 14;
/// No more symbols occur.
const END: u64 = 15;
/// Bits of an entry of a table that are a length.
const LENGTH_BITS: u32 = 4;

/// The symbols of one context: below `size`, none longer than `longest` bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Alphabet {
    pub(super) size: u16,
    pub(super) longest: u8,
}

/// Why bits are no symbols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrefixCodeError {
    /// A table is no code.
    #[error("a table of its packed form is none")]
    Table,
    /// Bits that no symbol has.
    #[error("bits of its packed form that mean nothing")]
    Symbol,
    /// Fewer bits, or more, than there are symbols.
    #[error("its packed form has a wrong length")]
    Length,
}

/// Appends `symbols`, each with the number of its context, and the codes of all contexts.
pub(super) fn encode(alphabets: &[Alphabet], symbols: &[(u16, u16)], out: &mut Vec<u8>) {
    let mut counts: Vec<Vec<u32>> =
        alphabets.iter().map(|a| vec![0; usize::from(a.size)]).collect();
    for &(context, symbol) in symbols {
        counts[usize::from(context)][usize::from(symbol)] += 1;
    }
    let mut bits = BitWriter { out, buffer: 0, filled: 0 };
    let codes: Vec<Vec<(u16, u8)>> = counts
        .iter()
        .zip(alphabets)
        .map(|(counts, alphabet)| {
            let lengths = lengths(counts, alphabet.longest);
            write_lengths(&lengths, &mut bits);
            canonical(&lengths)
        })
        .collect();
    for &(context, symbol) in symbols {
        let (code, length) = codes[usize::from(context)][usize::from(symbol)];
        bits.put(code.into(), length.into());
    }
    bits.finish();
}

/// Lengths of the codes of symbols that occur so often, none above `longest`.
fn lengths(counts: &[u32], longest: u8) -> Vec<u8> {
    let mut lengths = vec![0u8; counts.len()];
    let mut single: Vec<(u32, u16)> =
        counts.iter().copied().zip(0u16..).filter(|(count, _)| *count > 0).collect();
    single.sort_unstable();
    if let [(_, only)] = single.as_slice() {
        lengths[usize::from(*only)] = 1;
        return lengths;
    }
    // Weights at each level, with the symbol of what is no package.
    let single: Vec<(u64, Option<u16>)> =
        single.into_iter().map(|(count, symbol)| (u64::from(count), Some(symbol))).collect();
    let mut levels = vec![single.clone()];
    for _ in 1..longest {
        let below = levels.last().map_or(&[][..], Vec::as_slice);
        let mut level: Vec<_> =
            below.chunks_exact(2).map(|pair| (pair[0].0 + pair[1].0, None)).collect();
        level.extend_from_slice(&single);
        // Stable: equal weights stay in their order, which depends on the counts alone.
        level.sort_by_key(|(weight, _)| *weight);
        levels.push(level);
    }
    // Every time that a symbol is among what was taken, its code is a bit longer; packages take two from below.
    let mut taken = 2 * single.len().saturating_sub(1);
    for level in levels.iter().rev() {
        let mut packages = 0;
        for (_, symbol) in &level[..taken.min(level.len())] {
            match symbol {
                Some(symbol) => lengths[usize::from(*symbol)] += 1,
                None => packages += 1,
            }
        }
        taken = 2 * packages;
    }
    lengths
}

/// The codes of these lengths, first bit lowest.
fn canonical(lengths: &[u8]) -> Vec<(u16, u8)> {
    let mut codes = vec![(0u16, 0u8); lengths.len()];
    let mut next = 0u32;
    for length in 1..=LONGEST {
        next <<= 1;
        for (code, _) in codes.iter_mut().zip(lengths).filter(|(_, l)| **l == length) {
            *code = ((next as u16).reverse_bits() >> (16 - length), length);
            next += 1;
        }
    }
    codes
}

fn write_lengths(lengths: &[u8], bits: &mut BitWriter<'_>) {
    let last = lengths.iter().rposition(|&l| l > 0).map_or(0, |at| at + 1);
    let mut at = 0;
    while at < last {
        let run = lengths[at..last].iter().take_while(|&&l| l == 0).count();
        match run {
            0 | 1 => {
                bits.put(lengths[at].into(), 4);
                at += 1;
            }
            2..=17 => {
                bits.put(SHORT_RUN | (run as u64 - 2) << 4, 8);
                at += run;
            }
            _ => {
                let run = run.min(18 + 255);
                bits.put(LONG_RUN | (run as u64 - 18) << 4, 12);
                at += run;
            }
        }
    }
    bits.put(END, 4);
}

struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    buffer: u64,
    filled: u32,
}

impl BitWriter<'_> {
    fn put(&mut self, bits: u64, count: u32) {
        self.buffer |= bits << self.filled;
        self.filled += count;
        while self.filled >= 8 {
            self.out.push(self.buffer as u8);
            self.buffer >>= 8;
            self.filled -= 8;
        }
    }

    fn finish(self) {
        if self.filled > 0 {
            self.out.push(self.buffer as u8);
        }
    }
}

/// Hands out symbols.
pub(super) struct Decoder<'a> {
    bits: BitReader<'a>,
    /// Tables of all contexts, one after the other: entry `low bits of the stream` is a symbol and its length.
    entries: Vec<u16>,
    /// Where the table of a context begins, and the mask of the bits that it looks at.
    tables: Vec<(u32, u32)>,
    /// Bits of a symbol that has none: a sign that something is wrong, looked at once at the end.
    wrong: bool,
}

impl<'a> Decoder<'a> {
    /// Reads the codes of all contexts.
    pub(super) fn new(
        alphabets: &[Alphabet],
        bytes: &'a [u8],
    ) -> Result<Decoder<'a>, PrefixCodeError> {
        let mut bits = BitReader { bytes, at: 0, buffer: 0, filled: 0, zeros: 0 };
        let (mut entries, mut tables) = (Vec::new(), Vec::with_capacity(alphabets.len()));
        let mut lengths = Vec::new();
        for alphabet in alphabets {
            read_lengths(&mut bits, alphabet, &mut lengths)?;
            let width = lengths.iter().copied().max().unwrap_or(0);
            let begin = entries.len();
            tables.push((begin as u32, (1 << width) - 1));
            entries.resize(begin + (1 << width), 0);
            fill(&lengths, width, &mut entries[begin..])?;
        }
        Ok(Decoder { bits, entries, tables, wrong: false })
    }

    /// Makes room for four symbols.
    #[inline]
    pub(super) fn refill(&mut self) {
        self.bits.refill();
    }

    /// The next symbol of a context. Four in a row need one [`refill`](Self::refill).
    #[inline]
    pub(super) fn next(&mut self, context: usize) -> u16 {
        let (begin, mask) = self.tables[context];
        let entry = self.entries[begin as usize + (self.bits.buffer as u32 & mask) as usize];
        let length = u32::from(entry) & ((1 << LENGTH_BITS) - 1);
        self.wrong |= length == 0;
        self.bits.skip(length);
        entry >> LENGTH_BITS
    }

    /// Whether all symbols were some, and all bits were used.
    pub(super) fn finish(self) -> Result<(), PrefixCodeError> {
        if self.wrong {
            return Err(PrefixCodeError::Symbol);
        }
        let bytes = self.bits.spent().div_ceil(8);
        if bytes == self.bits.bytes.len() as u64 { Ok(()) } else { Err(PrefixCodeError::Length) }
    }
}

fn read_lengths(
    bits: &mut BitReader<'_>,
    alphabet: &Alphabet,
    lengths: &mut Vec<u8>,
) -> Result<(), PrefixCodeError> {
    lengths.clear();
    loop {
        bits.refill();
        let run = match bits.take(4) {
            END => return Ok(()),
            SHORT_RUN => bits.take(4) as usize + 2,
            LONG_RUN => bits.take(8) as usize + 18,
            length if length <= u64::from(alphabet.longest) => {
                lengths.push(length as u8);
                0
            }
            _ => return Err(PrefixCodeError::Table),
        };
        lengths.resize(lengths.len() + run, 0);
        if lengths.len() > usize::from(alphabet.size) {
            return Err(PrefixCodeError::Table);
        }
    }
}

/// Fills a table of `1 << width` entries.
fn fill(lengths: &[u8], width: u8, table: &mut [u16]) -> Result<(), PrefixCodeError> {
    let room = 1u64 << width;
    let taken: u64 = lengths.iter().filter(|&&l| l > 0).map(|&l| room >> l).sum();
    if taken > room {
        return Err(PrefixCodeError::Table);
    }
    for (symbol, (code, length)) in (0u16..).zip(canonical(lengths)) {
        if length > 0 {
            let entry = symbol << LENGTH_BITS | u16::from(length);
            table[usize::from(code)..].iter_mut().step_by(1 << length).for_each(|e| *e = entry);
        }
    }
    Ok(())
}

struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
    buffer: u64,
    filled: u32,
    /// Bits in the buffer, now or earlier, that come from nowhere.
    zeros: u64,
}

impl BitReader<'_> {
    /// Fills the buffer to 56 bits or more; after the end come zeros.
    #[inline]
    fn refill(&mut self) {
        if let Some(&next) = self.bytes[self.at..].first_chunk::<8>() {
            self.buffer |= u64::from_le_bytes(next) << self.filled;
            self.at += ((63 - self.filled) / 8) as usize;
            self.filled |= 56;
        } else {
            while self.filled < 56 {
                match self.bytes.get(self.at) {
                    Some(&next) => {
                        self.buffer |= u64::from(next) << self.filled;
                        self.at += 1;
                    }
                    None => self.zeros += 8,
                }
                self.filled += 8;
            }
        }
    }

    #[inline]
    fn skip(&mut self, count: u32) {
        self.buffer >>= count;
        self.filled -= count;
    }

    /// Bits handed out.
    fn spent(&self) -> u64 {
        self.at as u64 * 8 + self.zeros - u64::from(self.filled)
    }

    fn take(&mut self, count: u32) -> u64 {
        let bits = self.buffer & ((1 << count) - 1);
        self.skip(count);
        bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALPHABETS: [Alphabet; 3] = [
        Alphabet { size: 257, longest: 12 },
        Alphabet { size: 8, longest: 8 },
        Alphabet { size: 32, longest: 8 },
    ];

    fn decode(bytes: &[u8], contexts: &[u16]) -> Result<Vec<u16>, PrefixCodeError> {
        let mut decoder = Decoder::new(&ALPHABETS, bytes)?;
        let one = |&context: &u16| {
            decoder.refill();
            decoder.next(context.into())
        };
        let symbols = contexts.iter().map(one).collect();
        decoder.finish().map(|()| symbols)
    }

    proptest! {
        #[test]
        fn symbols_come_back(raw in prop::collection::vec((0u16..3, any::<u16>(), 0u32..9), 0..600)) {
            // Squared towards zero, so that lengths differ.
            let symbols: Vec<(u16, u16)> = raw
                .into_iter()
                .map(|(c, s, shift)| (c, (s >> shift) % ALPHABETS[usize::from(c)].size))
                .collect();
            let mut bytes = Vec::new();
            encode(&ALPHABETS, &symbols, &mut bytes);
            let contexts: Vec<u16> = symbols.iter().map(|s| s.0).collect();
            let wanted: Vec<u16> = symbols.iter().map(|s| s.1).collect();
            prop_assert_eq!(decode(&bytes, &contexts), Ok(wanted));
            bytes.push(0);
            prop_assert_eq!(decode(&bytes, &contexts), Err(PrefixCodeError::Length));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes, &[0, 1, 2, 0, 0, 1]);
        }

        /// The slow twin: no code of whole lengths is shorter than Huffman's own, made by merging the two rarest.
        #[test]
        fn codes_are_as_short_as_they_can_be(counts in prop::collection::vec(0u32..50, 2..30)) {
            let occurring = counts.iter().filter(|c| **c > 0).count();
            prop_assume!(occurring > 1);
            let lengths = lengths(&counts, LONGEST);
            let own: u64 = counts.iter().zip(&lengths).map(|(c, l)| u64::from(*c) * u64::from(*l)).sum();
            let mut heap: Vec<u64> = counts.iter().filter(|c| **c > 0).map(|c| u64::from(*c)).collect();
            let mut least = 0;
            while heap.len() > 1 {
                heap.sort_unstable_by(|a, b| b.cmp(a));
                let merged = heap.pop().unwrap() + heap.pop().unwrap();
                least += merged;
                heap.push(merged);
            }
            let kraft: u64 = lengths.iter().filter(|l| **l > 0).map(|l| 1u64 << (LONGEST - l)).sum();
            prop_assert_eq!(kraft, 1 << LONGEST);
            // Thirty symbols of counts below fifty need twelve bits hardly ever.
            prop_assert!(own >= least && own <= least + least / 50);
        }
    }

    #[test]
    fn rare_symbols_stay_within_the_limit() {
        let counts: Vec<u32> = (0..32).map(|i| 1u32 << (i / 2)).collect();
        let lengths = lengths(&counts, 8);
        assert!(lengths.iter().all(|&l| (1..=8).contains(&l)));
        assert_eq!(lengths.iter().map(|&l| 1u32 << (8 - l)).sum::<u32>(), 256);
    }
}
