//! Random numbers for tests: seeded, and the same on every machine and for years (ChaCha with eight
//! rounds, the seed its key). As in the other package, whose tests are published apart from these.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::Code;

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
}

/// `n` random codes.
pub(crate) fn codes(seed: u64, n: usize) -> Vec<Code> {
    let mut random = Random::new(seed);
    (0..n).map(|_| std::array::from_fn(|_| random.bits())).collect()
}
