//! Band levels, packed without loss: the differences of [`super::levels`] by prefix codes ([`super::prefix_code`]),
//! in the contexts of the same difference in the band below, and in the cell before.

use super::prefix_code::{Alphabet, Decoder, PrefixCodeError, encode};

/// Codes of differences of levels.
const CODES: usize = 16;
/// Kinds of differences in the band below, and in the cell before, that are told apart.
const BELOW: usize = 7;
const BEFORE: usize = 3;

/// Appends the codes of levels, cell by cell; `differences` are what they stand for.
pub(super) fn write_levels(
    codes: &[u8],
    bands: usize,
    differences: &[i16; CODES],
    out: &mut Vec<u8>,
) {
    let kinds = Kinds::of(differences);
    let symbols: Vec<(u16, u16)> = (0..codes.len())
        .map(|at| (kinds.context(&codes[..at], bands) as u16, codes[at].into()))
        .collect();
    encode(&LEVEL_ALPHABETS, &symbols, out);
}

/// Reads `count` codes that [`write_levels`] wrote, to the last byte.
pub(super) fn read_levels(
    bytes: &[u8],
    count: usize,
    bands: usize,
    differences: &[i16; CODES],
) -> Result<Vec<u8>, PrefixCodeError> {
    if count > bytes.len().saturating_mul(8) {
        return Err(PrefixCodeError::Length);
    }
    let kinds = Kinds::of(differences);
    let mut decoder = Decoder::new(&LEVEL_ALPHABETS, bytes)?;
    let mut codes = vec![0; count];
    // Of each band, the kind of the difference in the cell before.
    let mut before = vec![BEFORE / 2; bands];
    for cell in codes.chunks_mut(bands.max(1)) {
        let mut below = BELOW / 2;
        for (i, (code, before)) in cell.iter_mut().zip(&mut before).enumerate() {
            if i % 4 == 0 {
                decoder.refill();
            }
            *code = decoder.next(below * BEFORE + *before) as u8 & (CODES as u8 - 1);
            below = usize::from(kinds.below[usize::from(*code)]);
            *before = usize::from(kinds.before[usize::from(*code)]);
        }
    }
    decoder.finish().map(|()| codes)
}

const LEVEL_ALPHABETS: [Alphabet; BELOW * BEFORE] =
    [Alphabet { size: CODES as u16, longest: 8 }; BELOW * BEFORE];

/// The kinds of differences that codes stand for.
struct Kinds {
    below: [u8; CODES],
    before: [u8; CODES],
}

impl Kinds {
    fn of(differences: &[i16; CODES]) -> Kinds {
        let kind = |d: i16, step: i16, most: i16| {
            ((d + d.signum() * step / 2) / step).clamp(-most, most) + most
        };
        Kinds {
            below: differences.map(|d| kind(d, 3, BELOW as i16 / 2) as u8),
            before: differences.map(|d| kind(d, 5, BEFORE as i16 / 2) as u8),
        }
    }

    /// Context of the code that comes after `codes`.
    #[inline]
    fn context(&self, codes: &[u8], bands: usize) -> usize {
        let (same, at) = ((BELOW / 2) as u8, codes.len());
        let below =
            if at.is_multiple_of(bands) { same } else { self.below[usize::from(codes[at - 1])] };
        let before = at.checked_sub(bands).map_or(1, |at| self.before[usize::from(codes[at])]);
        usize::from(below) * BEFORE + usize::from(before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400), count in 0usize..500) {
            let _ = read_levels(&bytes, count, 3, &[7; CODES]);
        }
    }

    #[test]
    fn a_claim_of_billions_of_levels_is_refused_before_any_allocation() {
        let bytes = [0, 0, 0, 1, 255, 255, 255, 255, 0, 0, 0];
        assert_eq!(read_levels(&bytes, 1 << 40, 16, &[7; CODES]), Err(PrefixCodeError::Length));
    }
}
