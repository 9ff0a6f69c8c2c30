//! The inner product at the heart of the resampler, where most of its time goes.
//!
//! Sixteen running sums, added up in a fixed order, so that every machine computes the same bits:
//! fingerprints must not depend on who made them. For the same reason there is no fused
//! multiply-add here. One second of 44.1 kHz audio costs 24 microseconds with AVX and 70 without.

/// Number of taps must be a multiple of this.
pub(super) const LANES: usize = 8;

/// Portable version, and the reference for the other one.
#[inline(always)]
pub(super) fn portable(row: &[f32], window: &[f32]) -> f32 {
    let mut sums = [[0.0f32; LANES]; 2];
    let (row, window) = (row.as_chunks::<LANES>().0, window.as_chunks::<LANES>().0);
    for (i, (a, b)) in row.iter().zip(window).enumerate() {
        for lane in 0..LANES {
            sums[i % 2][lane] += a[lane] * b[lane];
        }
    }
    let [even, odd] = sums;
    let eight: [f32; 8] = std::array::from_fn(|i| even[i] + odd[i]);
    let four: [f32; 4] = std::array::from_fn(|i| eight[i] + eight[i + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

/// The same sums in AVX registers. The compiler does not find them by itself.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx")]
pub(super) fn avx(row: &[f32], window: &[f32]) -> f32 {
    use std::arch::x86_64::*;

    let product = |a: &[f32; LANES], b: &[f32; LANES]| {
        // SAFETY: both pointers are valid for reads of eight floats, and the load is unaligned.
        let (a, b) = unsafe { (_mm256_loadu_ps(a.as_ptr()), _mm256_loadu_ps(b.as_ptr())) };
        _mm256_mul_ps(a, b)
    };
    let (row, window) = (row.as_chunks::<LANES>().0, window.as_chunks::<LANES>().0);
    let (row_pairs, row_rest) = row.as_chunks::<2>();
    let (window_pairs, window_rest) = window.as_chunks::<2>();
    let (mut even, mut odd) = (_mm256_setzero_ps(), _mm256_setzero_ps());
    for (a, b) in row_pairs.iter().zip(window_pairs) {
        even = _mm256_add_ps(even, product(&a[0], &b[0]));
        odd = _mm256_add_ps(odd, product(&a[1], &b[1]));
    }
    if let ([a], [b]) = (row_rest, window_rest) {
        even = _mm256_add_ps(even, product(a, b));
    }
    let eight = _mm256_add_ps(even, odd);
    let four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
    let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_random::Random;

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn both_versions_give_the_same_bits() {
        if !std::arch::is_x86_feature_detected!("avx") {
            return;
        }
        let values = Random::new(1).noise(600, 1.0);
        for taps in (0..=288).step_by(LANES) {
            let (row, window) = (&values[..taps], &values[311..311 + taps]);
            // SAFETY: AVX was detected above.
            let fast = unsafe { avx(row, window) };
            assert_eq!(fast.to_bits(), portable(row, window).to_bits(), "{taps} taps");
        }
    }
}
