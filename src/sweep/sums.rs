//! Checksums of lines, so that a bit that flips shows.
//!
//! A line of JSON ends with `,"sum":"…"}`: the first half of the SHA-256 of what stands before that. Lines of
//! versions before have none; no line without one may follow one with it. What a line cannot say of itself, that
//! one before it is lost, or that one without a sum is still what it was, is said by the digest of all that
//! stands [before](Sums::before) it, which some lines hold.

use sha2::{Digest, Sha256};

use crate::id::hex;

/// Before the digits of a sum, and after them.
const AROUND: (&[u8], &[u8]) = (b",\"sum\":\"", b"\"}");
/// Bytes of a sum.
const BYTES: usize = 16;
/// What a sum takes at the end of a line.
const TAIL: usize = AROUND.0.len() + 2 * BYTES + AROUND.1.len();
/// Characters around a sum that have to be there for a line to be taken for one with a damaged sum.
const ENOUGH: usize = 7;

/// The lines up to one.
#[derive(Debug, Default, Clone)]
pub(super) struct Sums {
    /// Of all of them.
    all: Sha256,
    /// A line had a sum.
    any: bool,
    /// Lines that had none.
    without: u64,
}

impl Sums {
    /// Takes a line in, without its newline; what is wrong with it.
    pub(super) fn take(&mut self, line: &[u8]) -> Result<(), String> {
        match split(line) {
            Tail::Sum(text, sum) if sum_of(text).as_bytes() == sum => self.any = true,
            Tail::Sum(..) => {
                return Err("the line is not what was written: its checksum differs".into());
            }
            Tail::Damaged => return Err("its checksum is damaged".into()),
            Tail::None if self.any => return Err("its checksum is missing".into()),
            Tail::None => self.without += 1,
        }
        self.add(line);
        Ok(())
    }

    /// Puts the sum at the end of a line, which is an object that holds something, and takes it in.
    pub(super) fn seal(&mut self, line: &mut Vec<u8>) {
        line.pop();
        let sum = sum_of(line);
        line.extend(AROUND.0);
        line.extend(sum.as_bytes());
        line.extend(AROUND.1);
        self.any = true;
        self.add(line);
    }

    fn add(&mut self, line: &[u8]) {
        self.all.update(line);
        self.all.update(b"\n");
    }

    /// Digest of all lines so far.
    pub(super) fn before(&self) -> String {
        hex(&self.all.clone().finalize()[..BYTES])
    }

    /// Lines that have no sum, if none has one.
    pub(super) fn without(&self) -> u64 {
        if self.any { 0 } else { self.without }
    }
}

fn sum_of(text: &[u8]) -> String {
    hex(&Sha256::digest(text)[..BYTES])
}

/// How a line ends.
enum Tail<'a> {
    /// With a sum: what stands before it, and its digits.
    Sum(&'a [u8], &'a [u8]),
    /// With what once was one.
    Damaged,
    /// Without.
    None,
}

fn split(line: &[u8]) -> Tail<'_> {
    let Some(at) = line.len().checked_sub(TAIL) else { return Tail::None };
    let (text, tail) = line.split_at(at);
    let (before, rest) = tail.split_at(AROUND.0.len());
    let (digits, after) = rest.split_at(2 * BYTES);
    if (before, after) == AROUND {
        return Tail::Sum(text, digits);
    }
    let here = before.iter().chain(after).zip(AROUND.0.iter().chain(AROUND.1));
    match here.filter(|(found, expected)| found == expected).count() >= ENOUGH {
        true => Tail::Damaged,
        false => Tail::None,
    }
}

/// A short digest of a line, to know it again.
pub(super) fn digest(line: &[u8]) -> u64 {
    let digest = Sha256::digest(line);
    u64::from_le_bytes(std::array::from_fn(|i| digest[i]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sealed(lines: &[String]) -> Vec<Vec<u8>> {
        let mut sums = Sums::default();
        let seal = |text: &String| {
            let mut line = format!("{{\"text\":{text:?}}}").into_bytes();
            sums.seal(&mut line);
            line
        };
        lines.iter().map(seal).collect()
    }

    /// The first line that is refused, counted from 0.
    fn refused<'a>(lines: impl IntoIterator<Item = &'a Vec<u8>>) -> Option<usize> {
        let mut sums = Sums::default();
        lines.into_iter().position(|line| sums.take(line).is_err())
    }

    proptest! {
        #[test]
        fn no_bit_flips_unnoticed(
            texts in prop::collection::vec("[a-z0-9]{0,40}", 1..5),
            line in any::<prop::sample::Index>(),
            bit in any::<prop::sample::Index>(),
        ) {
            let mut lines = sealed(&texts);
            prop_assert_eq!(refused(&lines), None);
            let at = line.index(lines.len());
            let bit = bit.index(8 * lines[at].len());
            lines[at][bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(refused(&lines), Some(at));
        }
    }

    #[test]
    fn lines_of_versions_before_are_told_from_damaged_ones() {
        let old =
            [&b"{\"a\":1}"[..], b"{\"catalogue\":\"0123456789abcdef0123456789abcdef0123456789\"}"];
        let mut sums = Sums::default();
        old.iter().for_each(|line| sums.take(line).unwrap());
        let before = sums.before();
        assert_eq!(sums.without(), 2);
        let mut last = b"{\"b\":1}".to_vec();
        sums.seal(&mut last);
        assert_eq!(sums.without(), 0);
        assert_ne!(sums.before(), before);
        let [a, b] = old.map(<[u8]>::to_vec);
        assert_eq!(refused([&a, &b, &last]), None);
        assert_eq!(refused([&a, &b, &last, &a]), Some(3), "none comes after");
        let mut other = Sums::default();
        other.take(&b).unwrap();
        other.take(&a).unwrap();
        assert_ne!(other.before(), before, "in another order");
    }
}
