//! Seeded random numbers: xoshiro256++ (Blackman and Vigna 2019), seeded through splitmix64.
//!
//! A measurement must be repeatable on every machine and for years, which a general crate's
//! default generator does not promise. It is written out here, and not taken from a crate that does, because
//! published figures rest on this sequence: the seed of a benchmark names its excerpts. Every query draws from a stream of its own, named by what
//! it is, so that results do not depend on the order in which threads take them.

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub(crate) struct Rng([u64; 4]);

impl Rng {
    /// The stream that `seed` and the names in `parts` stand for.
    pub(crate) fn new(seed: u64, parts: &[&[u8]]) -> Rng {
        let mut state = splitmix(&mut { seed });
        for part in parts {
            state = hash(state, part);
        }
        Rng(std::array::from_fn(|_| splitmix(&mut state)))
    }

    /// 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        let s = &mut self.0;
        let out = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        out
    }

    /// Uniform in `0.0..1.0`.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Standard normal (Box and Muller).
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }
}

fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// FNV-1a over `bytes`, stirred; the length closes the part, so that neighbours cannot run together.
fn hash(state: u64, bytes: &[u8]) -> u64 {
    let step = |h: u64, b: &u8| (h ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3);
    let mut h = bytes.iter().fold(state ^ 0xcbf2_9ce4_8422_2325, step) ^ bytes.len() as u64;
    splitmix(&mut h)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_repeat_and_differ_by_name() {
        let draw = |seed, name: &[u8]| Rng::new(seed, &[name, b"x"]).bits();
        assert_eq!(draw(1, b"a"), draw(1, b"a"));
        assert_ne!(draw(1, b"a"), draw(1, b"b"));
        assert_ne!(draw(1, b"a"), draw(2, b"a"));
    }

    #[test]
    fn moments_are_right() {
        let mut rng = Rng::new(7, &[]);
        let n = 100_000;
        let uniform = (0..n).map(|_| rng.unit()).sum::<f64>() / f64::from(n);
        assert!((uniform - 0.5).abs() < 0.01);
        let normal: Vec<f64> = (0..n).map(|_| rng.normal()).collect();
        let mean = normal.iter().sum::<f64>() / f64::from(n);
        let var = normal.iter().map(|x| x * x).sum::<f64>() / f64::from(n);
        assert!(mean.abs() < 0.02 && (var - 1.0).abs() < 0.02);
    }
}
