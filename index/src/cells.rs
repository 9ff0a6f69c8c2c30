//! Groups the codes of a segment into cells around representatives.
//!
//! A graph over all codes would cost 2-3 KB of memory and a millisecond per window, and piles of equal
//! codes make unrelated ones unreachable in it. So only representatives enter the graph: they are kept
//! apart from each other by [`MERGE_RADIUS`], and equal codes share one cell by construction.
//!
//! Everything is deterministic: samples are drawn in the order of a hash of the code itself, parallel
//! steps are maps whose results do not depend on each other.

use rayon::prelude::*;

use crate::planes::PlaneBuf;
use crate::popcount::nearest;
use crate::types::Code;

/// Distinct codes per representative in a small segment.
pub(crate) const CODES_PER_CELL: usize = 32;
/// Square of the number of representatives over that of distinct codes in a larger one. A query is compared
/// with all representatives and with the codes of a few dozen cells, and it costs least where both are
/// about as many. Half as many representatives find less for the same price.
pub(crate) const CELLS_SQUARED_PER_CODE: usize = 64;
/// Representatives at most. Four times as many cost four times as much to compare with a query, and
/// among as many cells opened the right one is found less often (77 against 83 %).
pub(crate) const MAX_CELLS: usize = 16 << 10;
/// Representatives closer than this are one: nearly equal codes (a loop, a re-encode) share a cell.
pub(crate) const MERGE_RADIUS: u32 = 24;
/// Rounds of binary k-means (the centre of a cell is the majority of each bit).
const MAJORITY_ROUNDS: usize = 2;
/// Codes per representative that take part in them.
const MAJORITY_SAMPLE: usize = 4;

/// The cells of one space of one segment.
pub(crate) struct Cells {
    /// One representative per cell.
    pub(crate) reps: Vec<Code>,
    /// Cell `c` holds `order[offsets[c]..offsets[c + 1]]`.
    pub(crate) offsets: Vec<u32>,
    /// Positions of the input codes, cell by cell, in input order within a cell.
    pub(crate) order: Vec<u32>,
}

impl Cells {
    /// Chooses representatives for `codes` and assigns every code to one. The number of codes must fit `u32`.
    pub(crate) fn build(codes: &[Code]) -> Cells {
        let mut distinct = codes.to_vec();
        distinct.par_sort_unstable();
        distinct.dedup();
        distinct.par_sort_unstable_by_key(|c| (mix(c), *c));
        let mut reps = choose(&distinct);
        for _ in 0..MAJORITY_ROUNDS {
            let sample = &distinct[..distinct.len().min(reps.len() * MAJORITY_SAMPLE)];
            let moved = majority(&reps, sample);
            reps = spread(&moved, moved.len());
        }
        let assigned = assign(&reps, codes);
        collect(reps, &assigned)
    }
}

/// Greedy sample in hash order: skips codes near one already chosen.
fn choose(distinct: &[Code]) -> Vec<Code> {
    let balanced = (distinct.len() * CELLS_SQUARED_PER_CODE).isqrt();
    let wanted = distinct.len().div_ceil(CODES_PER_CELL).min(balanced).min(MAX_CELLS);
    let candidates = &distinct[..distinct.len().min(wanted * 4)];
    spread(candidates, wanted)
}

/// The first `wanted` codes that keep more than [`MERGE_RADIUS`] from all kept before them.
fn spread(candidates: &[Code], wanted: usize) -> Vec<Code> {
    let mut kept: Vec<Code> = Vec::with_capacity(wanted);
    let mut planes = PlaneBuf::default();
    for code in candidates {
        if kept.len() == wanted {
            break;
        }
        if nearest(planes.as_planes(), code).0 > MERGE_RADIUS {
            kept.push(*code);
            planes.push(code);
        }
    }
    kept
}

/// Moves every representative to the bitwise majority of the sample codes nearest to it; undecided bits stay.
fn majority(reps: &[Code], sample: &[Code]) -> Vec<Code> {
    let assigned = assign(reps, sample);
    let mut sums = vec![[0i32; 256]; reps.len()];
    for (code, &cell) in sample.iter().zip(&assigned) {
        for (bit, sum) in sums[cell as usize].iter_mut().enumerate() {
            *sum += 2 * ((code[bit / 64] >> (bit % 64)) & 1) as i32 - 1;
        }
    }
    let moved = reps.iter().zip(&sums).map(|(rep, sums)| {
        let mut code = *rep;
        for (bit, &sum) in sums.iter().enumerate() {
            let mask = 1u64 << (bit % 64);
            if sum > 0 {
                code[bit / 64] |= mask;
            } else if sum < 0 {
                code[bit / 64] &= !mask;
            }
        }
        code
    });
    moved.collect()
}

/// Cell of every code.
fn assign(reps: &[Code], codes: &[Code]) -> Vec<u32> {
    let planes: PlaneBuf = reps.iter().collect();
    codes.par_iter().with_min_len(64).map(|code| nearest(planes.as_planes(), code).1).collect()
}

/// Sorts positions by cell and drops cells that got nothing.
fn collect(reps: Vec<Code>, assigned: &[u32]) -> Cells {
    let mut counts = vec![0u32; reps.len()];
    for &cell in assigned {
        counts[cell as usize] += 1;
    }
    let mut starts = vec![0u32; reps.len()];
    let mut offsets = vec![0u32];
    let mut kept = Vec::with_capacity(reps.len());
    let mut total = 0;
    for (cell, rep) in reps.into_iter().enumerate() {
        starts[cell] = total;
        total += counts[cell];
        if counts[cell] > 0 {
            kept.push(rep);
            offsets.push(total);
        }
    }
    let mut order = vec![0u32; assigned.len()];
    for (position, &cell) in assigned.iter().enumerate() {
        let slot = &mut starts[cell as usize];
        order[*slot as usize] = position as u32;
        *slot += 1;
    }
    Cells { reps: kept, offsets, order }
}

/// Hash of a code that orders samples.
fn mix(code: &Code) -> u64 {
    let mut h = 0x9e37_79b9_7f4a_7c15u64;
    for word in code {
        h = (h ^ word).wrapping_mul(0xff51_afd7_ed55_8ccd);
        h ^= h >> 32;
    }
    h
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_random;

    #[test]
    fn every_code_lands_in_one_cell_and_equal_codes_share_it() {
        let mut codes = test_random::codes(1, 3000);
        codes.extend(vec![codes[7]; 500]);
        let cells = Cells::build(&codes);
        let mut seen = cells.order.clone();
        seen.sort_unstable();
        assert!(seen.iter().enumerate().all(|(i, &p)| i as u32 == p));
        assert_eq!(cells.offsets.len(), cells.reps.len() + 1);
        assert!(cells.offsets.windows(2).all(|w| w[0] < w[1]));
        let cell_of = |p: u32| {
            let at = cells.order.iter().position(|&x| x == p).unwrap() as u32;
            cells.offsets.partition_point(|&o| o <= at)
        };
        assert!((3000..3500).all(|p| cell_of(p) == cell_of(7)));
        assert!(cells.reps.len() > 60 && cells.reps.len() < 120, "{}", cells.reps.len());
    }

    #[test]
    fn no_codes_no_cells() {
        let cells = Cells::build(&[]);
        assert_eq!((cells.reps.len(), cells.offsets.len(), cells.order.len()), (0, 1, 0));
    }
}
