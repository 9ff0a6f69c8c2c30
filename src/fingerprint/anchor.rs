//! Descriptor codes around anchors, for copies at another pitch, tempo or speed.
//!
//! An anchor is a peak that stands out: the strongest of its band within half a second to each
//! side, about one a second. Its code describes the peaks around it by their distance in time and
//! log-frequency *from the anchor*, so it does not know the pitch, and nothing hangs on a grid.
//! A query scales the times first by a few ratios (tempo steps), so that tempo does not matter either;
//! speed is both at once. This is the local descriptor of computer vision (Lowe, "Distinctive image
//! features from scale-invariant keypoints", 2004) on constellations. Every hit also says which
//! pitch, ratio and offset it stands for.

use super::descriptor::is_telling;
use super::projection::{Code, MIDDLE_FREQ, Outside, WeightedCode, encode, weigh};
use super::{Constellation, Point};
use crate::fingerprint::constellation::FREQ_UNITS_PER_BIN;
use crate::params::{ANCHOR_PROJECTION, FingerprintParams};

/// An anchor of a reference with its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodedAnchor {
    /// Time of the anchor in time units.
    pub time: u32,
    /// The code.
    pub code: Code,
}

/// The anchors of a reference with their codes, in time order.
pub fn coded(track: &Constellation, params: &FingerprintParams) -> Vec<CodedAnchor> {
    let anchors = track.points.iter().filter(|p| is_anchor(p, params));
    anchors
        .filter_map(|p| Some(CodedAnchor { time: p.time, code: code(track, p, params)? }))
        .collect()
}

/// The anchors at one moment of a reference: what a hit at that time can mean.
pub fn at<'a>(
    track: &'a Constellation,
    time: u32,
    params: &'a FingerprintParams,
) -> impl Iterator<Item = &'a Point> {
    track.between(time, time.saturating_add(1)).iter().filter(|p| is_anchor(p, params))
}

/// `limit` anchors of a reference at most, spread evenly over the track: what a whole track is looked up
/// by among others of its kind.
pub fn sample(track: &Constellation, limit: usize, params: &FingerprintParams) -> Vec<Point> {
    let all: Vec<Point> = track.points.iter().filter(|p| is_anchor(p, params)).copied().collect();
    if all.len() <= limit {
        return all;
    }
    // From the middle of each share: first and last seconds are faded, trimmed or padded.
    (0..limit).map(|i| all[(2 * i + 1) * all.len() / (2 * limit)]).collect()
}

/// Peaks of a query from `begin` to `end` that may be anchors of a reference, `limit` at most, in
/// time order. Strong ones come first; a surplus is thinned evenly.
pub fn of_query(
    track: &Constellation,
    (begin, end): (u32, u32),
    limit: usize,
    params: &FingerprintParams,
) -> Vec<Point> {
    let [low, high] = params.anchor_bins.map(|b| b as i32 * FREQ_UNITS_PER_BIN as i32);
    let reach = params.anchor_pitch_reach as i32 * FREQ_UNITS_PER_BIN as i32;
    let span = low - reach..high + reach;
    let mut chosen: Vec<Point> = Vec::new();
    for rank in 0..=params.anchor_query_rank {
        let points = track.between(begin, end).iter();
        let next: Vec<Point> = points
            .filter(|p| p.rank == rank && span.contains(&i32::from(p.freq)))
            .copied()
            .collect();
        let room = limit - chosen.len();
        if next.len() <= room {
            chosen.extend(next);
        } else {
            chosen.extend((0..room).map(|i| next[i * next.len() / room]));
        }
    }
    chosen.sort_unstable();
    chosen
}

/// The code around an anchor of a reference; none where there is too little.
fn code(track: &Constellation, anchor: &Point, params: &FingerprintParams) -> Option<Code> {
    let around = surroundings(track, anchor, 1.0, params)?;
    Some(encode(around, ANCHOR_PROJECTION, Outside::Dropped))
}

/// The code around a query's `anchor` with all times scaled by `ratio`; none where there is too
/// little.
pub fn query_code(
    track: &Constellation,
    anchor: &Point,
    ratio: f64,
    params: &FingerprintParams,
) -> Option<WeightedCode> {
    let around = surroundings(track, anchor, ratio, params)?;
    Some(weigh(around, ANCHOR_PROJECTION, Outside::Dropped))
}

/// Positions on the map of the peaks around `anchor`.
fn surroundings<'a>(
    track: &'a Constellation,
    anchor: &'a Point,
    ratio: f64,
    params: &FingerprintParams,
) -> Option<impl Iterator<Item = (i32, i32)> + 'a> {
    let half = params.window / 2;
    let reach = (f64::from(half) / ratio).ceil() as u32;
    let points = track.between(anchor.time.saturating_sub(reach), anchor.time + reach);
    if !is_telling(points, params) {
        return None;
    }
    Some(points.iter().filter(move |p| *p != anchor).map(move |p| {
        let time = (f64::from(p.time) - f64::from(anchor.time)) * ratio;
        let freq = i32::from(p.freq) - i32::from(anchor.freq);
        (time.round() as i32 + half as i32, freq + MIDDLE_FREQ)
    }))
}

fn is_anchor(p: &Point, params: &FingerprintParams) -> bool {
    let bin = usize::from(p.freq) / FREQ_UNITS_PER_BIN as usize;
    p.rank == 0 && (params.anchor_bins[0]..params.anchor_bins[1]).contains(&bin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::test_points;

    fn scattered() -> Constellation {
        let mut points = test_points::scattered(5, 700, 5_000);
        for p in &mut points {
            *p = Point { freq: 200 + p.freq % 1_000, rank: 1, ..*p };
        }
        points.push(Point { time: 2_500, freq: 700, rank: 0 });
        points.sort();
        Constellation { points, duration: 5_000, ..Constellation::default() }
    }

    #[test]
    fn pitch_does_not_matter_and_a_ratio_undoes_a_tempo() {
        let params = FingerprintParams::V2;
        let plain = scattered();
        let reference = coded(&plain, &params);
        assert_eq!(reference.len(), 1);
        let mut copy = plain.clone();
        for p in &mut copy.points {
            (p.time, p.freq) = (p.time * 4 / 5, p.freq + 60);
        }
        let anchor = copy.points.iter().find(|p| p.rank == 0).copied().unwrap();
        let distance = |ratio: f64| -> u32 {
            query_code(&copy, &anchor, ratio, &params).unwrap().distance(&reference[0].code)
        };
        assert!(distance(1.25) < 25, "{}", distance(1.25));
        assert!(distance(1.0) > 80, "{}", distance(1.0));
    }
}
