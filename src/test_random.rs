//! Random numbers for tests: seeded, and the same on every machine and for years.
//!
//! ChaCha with eight rounds is a published algorithm, and its crate keeps the sequence across releases; the
//! seed is its key as it stands, for how shorter seeds become keys is a matter of the crate. Tests of the
//! library use this file as a module, those of the program and of whole files include it by its path.

// Every test uses its own part.
#![allow(dead_code)]

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A sequence of random numbers.
pub(crate) struct Random(ChaCha8Rng);

impl Random {
    /// The sequence that `seed` stands for; other seeds have unrelated ones.
    pub(crate) fn new(seed: u64) -> Random {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        Random(ChaCha8Rng::from_seed(key))
    }

    /// 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Evenly from `0..n`.
    pub(crate) fn below(&mut self, n: u32) -> u32 {
        // The upper half of the product: even to within one in four thousand million.
        ((u64::from(self.0.next_u32()) * u64::from(n)) >> 32) as u32
    }

    /// Evenly from `0.0..1.0`.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// `length` samples of white noise, evenly from `-peak..peak`.
    pub(crate) fn noise(&mut self, length: usize, peak: f32) -> Vec<f32> {
        (0..length).map(|_| peak * (2.0 * self.unit() - 1.0) as f32).collect()
    }
}
