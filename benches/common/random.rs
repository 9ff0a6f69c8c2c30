//! A small generator of random numbers that gives the same ones on every machine.
//!
//! Published figures rest on its sequence: the distractors and batches of the benchmarks are made of it.

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    /// One for each of many streams: neighbouring seeds give unrelated numbers.
    pub fn stream(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x2545_f491_4f6c_dd1d))
    }

    /// The next number, evenly from `0..below`.
    pub fn next(&mut self, below: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((u64::from((z ^ (z >> 31)) as u32) * u64::from(below.max(1))) >> 32) as u32
    }
}
