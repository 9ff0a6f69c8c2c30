//! Hamming distance and the scans built on it.
//!
//! The x86-64 baseline has no `popcnt`, so the kernels are compiled for several levels of the
//! processor and chosen at run time. All give the same numbers.

use multiversion::multiversion;

use crate::planes::{Planes, WORDS};
use crate::types::{Code, Query};

/// Codes compared before their distances are looked at.
pub(crate) const BLOCK: usize = 128;
/// Distances looked at together.
const LANES: usize = 16;

/// Bits set, as wide as the word, so that vector code need not change the width in between.
#[inline(always)]
fn bits(word: u64) -> u64 {
    u64::from(word.count_ones())
}

/// Bits in which two codes differ.
#[inline(always)]
pub(crate) fn hamming(a: &Code, b: &Code) -> u32 {
    let mut sum = 0;
    for i in 0..WORDS {
        sum += bits(a[i] ^ b[i]);
    }
    sum as u32
}

/// Weights of the bits in which a code differs from a query.
#[inline(always)]
pub(crate) fn weighted(code: &Code, query: &Query) -> u32 {
    let [once, twice] = &query.weights;
    let mut sums = [0, 0];
    for i in 0..WORDS {
        let differs = code[i] ^ query.code[i];
        sums[0] += bits(differs & once[i]);
        sums[1] += bits(differs & twice[i]);
    }
    (sums[0] + 2 * sums[1]) as u32
}

/// Bits of `mask` in which two codes differ: half the work of weighing them.
#[inline(always)]
fn masked(code: &Code, query: &Code, mask: &Code) -> u32 {
    let mut sum = 0;
    for i in 0..WORDS {
        sum += bits((code[i] ^ query[i]) & mask[i]);
    }
    sum as u32
}

/// Fills `out` with a number for each code. Written so that it becomes vector code.
#[inline(always)]
fn for_each_code(codes: Planes<'_>, out: &mut [u32], number: impl Fn(Code) -> u32) {
    let n = out.len();
    let [a, b, c, d] = codes.words;
    let (a, b, c, d) = (&a[..n], &b[..n], &c[..n], &d[..n]);
    for i in 0..n {
        out[i] = number([a[i], b[i], c[i], d[i]]);
    }
}

/// Appends `(distance, position)` of every one of at most [`BLOCK`] codes within `limit` of `query`.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512vl+avx512dq+avx512vpopcntdq",
    "x86_64+popcnt"
))]
pub(crate) fn scan(codes: Planes<'_>, query: &Query, limit: u32, found: &mut Vec<(u32, u32)>) {
    let mut distances = [0u32; BLOCK];
    let distances = &mut distances[..codes.len()];
    let [once, twice] = &query.weights;
    if *twice == [0; WORDS] {
        for_each_code(codes, distances, |code| masked(&code, &query.code, once));
    } else {
        for_each_code(codes, distances, |code| weighted(&code, query));
    }
    let mut from = 0;
    while from < distances.len() {
        let chunk = &distances[from..distances.len().min(from + LANES)];
        let mut any = false;
        for &d in chunk {
            any |= d <= limit;
        }
        if any {
            for (i, &d) in chunk.iter().enumerate() {
                if d <= limit {
                    found.push((d, (from + i) as u32));
                }
            }
        }
        from += LANES;
    }
}

/// `(distance, position)` of the nearest code, the first of equals; `u32::MAX` twice when there is none.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512vl+avx512dq+avx512vpopcntdq",
    "x86_64+popcnt"
))]
pub(crate) fn nearest(codes: Planes<'_>, query: &Code) -> (u32, u32) {
    let mut best = (u32::MAX, u32::MAX);
    let mut distances = [0u32; BLOCK];
    for (from, block) in codes.blocks(BLOCK) {
        let distances = &mut distances[..block.len()];
        for_each_code(block, distances, |code| hamming(&code, query));
        let mut least = u32::MAX;
        for &d in distances.iter() {
            least = least.min(d);
        }
        if least < best.0
            && let Some(at) = distances.iter().position(|d| *d == least)
        {
            best = (least, (from + at) as u32);
        }
    }
    best
}

/// Distance of a code from a query, for callers outside a kernel.
#[multiversion(targets("x86_64+popcnt"))]
pub(crate) fn distance(code: &Code, query: &Query) -> u32 {
    weighted(code, query)
}

/// Bits in which two codes differ, for callers outside a kernel.
#[multiversion(targets("x86_64+popcnt"))]
pub(crate) fn plain(a: &Code, b: &Code) -> u32 {
    hamming(a, b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planes::PlaneBuf;
    use crate::test_random::codes;

    #[test]
    fn popcount_equals_bit_loop() {
        for four in codes(1, 800).chunks(4) {
            let (a, b, weights) = (four[0], four[1], [four[2], four[3]]);
            let (mut plain, mut heavy) = (0, 0);
            for bit in 0..256 {
                let of = |c: &Code| (c[bit / 64] >> (bit % 64) & 1) as u32;
                let differs = of(&a) ^ of(&b);
                plain += differs;
                heavy += differs * (of(&weights[0]) + 2 * of(&weights[1]));
            }
            assert_eq!(hamming(&a, &b), plain);
            assert_eq!(distance(&a, &b.into()), plain);
            assert_eq!(distance(&a, &Query { code: b, weights }), heavy);
        }
    }

    #[test]
    fn scans_find_what_a_loop_finds() {
        let codes = codes(1, 3 * BLOCK + 77);
        let query = Query { code: codes[3], weights: [codes[4], codes[5]] };
        let planes: PlaneBuf = codes.iter().collect();
        for n in [0, 1, 7, 16, 100, BLOCK] {
            let mut found = Vec::new();
            scan(planes.as_planes().slice(0..n), &query, 190, &mut found);
            let all = codes[..n].iter().map(|c| weighted(c, &query)).zip(0..);
            assert_eq!(found, all.filter(|(d, _)| *d <= 190).collect::<Vec<_>>());
        }
        for query in &codes[BLOCK - 3..] {
            let reps = &codes[..BLOCK + 1];
            let all = reps.iter().map(|c| hamming(c, query)).zip(0..);
            assert_eq!(nearest(planes.as_planes().slice(0..reps.len()), query), all.min().unwrap());
        }
    }
}
