//! How much of the evidence in a run is independent.
//!
//! Evidence is added up as if every coincidence said something of its own. A drone meets another at the same few
//! pitches for as long as both sound, and two drum grids meet at every stroke with all the peaks of the stroke.
//! So the coincidences of a run count in full only where they lie on as many different pitches and moments as
//! those of copied music do. Weak copies among 1,327 damaged excerpts lie on 0.63 pitches and 0.78 moments a
//! coincidence (medians of runs of 40); chance runs over drones on 0.38 pitches, over drum loops on 0.31 moments
//! (`benches/robustness/unknown.sh`).

use super::verify::Coincidence;

/// Coincidences looked at together: in longer rows pitches come again.
const ROW: usize = 40;
/// Pitches closer than half a bin (frequency units) are one.
const PITCH: u16 = 4;
/// Moments closer than this (time units, 20 ms) are one: a peak lasts as long.
const MOMENT: u32 = 5;
/// Different pitches a coincidence from which all of them count.
const PITCHES: f64 = 0.6;
/// The same of moments.
const MOMENTS: f64 = 0.65;

/// Share of a run's peaks that coincide from which its evidence is discounted once, and up to which twice: clean
/// copies of drones and drums share 0.65 to 0.75 of their peaks, weak copies 0.3 to 0.5, chance runs 0.2 to 0.45.
const CLEAN: f64 = 0.5;
const WEAK: f64 = 0.3;

/// Share of the evidence in `found` (in time order) that counts, above 0 and at most 1; `share` of the run's peaks
/// coincide.
pub fn discount(found: &[Coincidence], share: f64) -> f64 {
    let power = 1.0 + ((CLEAN - share) / (CLEAN - WEAK)).clamp(0.0, 1.0);
    independence(found).powf(power)
}

/// Share of the evidence in `found` that is independent.
fn independence(found: &[Coincidence]) -> f64 {
    if found.is_empty() {
        return 1.0;
    }
    let rows = found.len().div_ceil(ROW);
    let (mut pitches, mut moments) = (0, 0);
    for row in 0..rows {
        let row = &found[row * found.len() / rows..(row + 1) * found.len() / rows];
        pitches += distinct(row.iter().map(|c| u32::from(c.query.freq / PITCH)));
        moments += distinct(row.iter().map(|c| c.query.time / MOMENT));
    }
    let of_all = |count: usize| count as f64 / found.len() as f64;
    (of_all(pitches) / PITCHES).min(of_all(moments) / MOMENTS).min(1.0)
}

fn distinct(values: impl Iterator<Item = u32>) -> usize {
    let mut all: Vec<u32> = values.collect();
    all.sort_unstable();
    all.dedup();
    all.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::Point;

    fn at(place: impl Fn(u32) -> (u32, u16)) -> Vec<Coincidence> {
        let point = |i| {
            let (time, freq) = place(i);
            Point { time, freq, rank: 0 }
        };
        (0..80).map(|i| Coincidence { query: point(i), reference: point(i) }).collect()
    }

    #[test]
    fn a_drone_and_a_drum_grid_say_less_than_a_tune() {
        let tune = at(|i| (i * 9, (i * 97 % 1_400) as u16));
        assert_eq!(independence(&tune), 1.0);
        let drone = at(|i| (i * 9, 200 * (i % 5) as u16));
        assert!(independence(&drone) < 0.3, "{}", independence(&drone));
        let strokes = at(|i| (i / 8 * 70, (i * 97 % 1_400) as u16));
        assert!(independence(&strokes) < 0.3, "{}", independence(&strokes));
        assert_eq!(independence(&[]), 1.0);
        let clean = discount(&drone, 0.7);
        assert_eq!(clean, independence(&drone));
        assert!((discount(&drone, 0.3) - clean * clean).abs() < 1e-9);
        assert_eq!(discount(&tune, 0.3), 1.0);
    }
}
