//! Works that never were: a work's own bars in another order, every other time upside down.
//!
//! Surrogates (Theiler et al. 1992) make a null distribution where there is no catalogue: they have the chords, the
//! instruments and the style of the work, and nothing of what makes it this one.

use super::sequence::{CLASSES, IntRow};
use super::stored::Stored;

/// Rows of a bar: two seconds, less than which alignment does not see.
const BAR: usize = 8;

/// So many surrogates of a work, its channels in the same order of bars.
pub fn shuffled(work: &Stored, count: usize) -> Vec<Stored> {
    let channels = work.each_ref().map(|rows| rows.as_ref().map(|rows| surrogates(rows, count)));
    let nth = |n: usize| channels.each_ref().map(|all| Some(all.as_ref()?[n].clone()));
    (0..count).map(nth).collect()
}

/// So many surrogates of the rows of a channel; the same ones for the same rows.
pub fn surrogates(work: &[IntRow], count: usize) -> Vec<Vec<IntRow>> {
    (0..count).map(|number| surrogate(work, number)).collect()
}

fn surrogate(work: &[IntRow], number: usize) -> Vec<IntRow> {
    let mut bars: Vec<&[IntRow]> = work.chunks(BAR).collect();
    let mut random = SplitMix(number as u64);
    // Fisher and Yates.
    for i in (1..bars.len()).rev() {
        bars.swap(i, (random.next() % (i as u64 + 1)) as usize);
    }
    let inverted = number % 2 == 1;
    let row = |row: &IntRow| -> IntRow {
        match inverted {
            true => std::array::from_fn(|class| row[(CLASSES - class) % CLASSES]),
            false => *row,
        }
    };
    bars.into_iter().flatten().map(row).collect()
}

/// SplitMix64 (Steele et al. 2014).
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surrogates_have_the_same_rows_in_another_order() {
        let work: Vec<IntRow> = (0..100).map(|i| [i as i8; CLASSES]).collect();
        let all = surrogates(&work, 4);
        assert_eq!(all, surrogates(&work, 4));
        for surrogate in &all {
            assert_ne!(*surrogate, work);
            let mut sorted = surrogate.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, work);
        }
        assert_ne!(all[0], all[2]);
        assert!(surrogates(&[], 2).iter().all(Vec::is_empty));
    }
}
