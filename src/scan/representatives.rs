//! Representatives: of clips that are the same sound one is looked up, and what was found of it is checked on the
//! others one by one.
//!
//! Generators deliver short clips by the hundred, most of them another clip again, encoded anew, a little shorter or
//! louder. To look five seconds up costs many times what indexing them costs, to compare them with another clip next
//! to nothing. This is leader clustering (Hartigan, "Clustering algorithms", 1975): a clip that sounds like none
//! before it is a representative itself. Each match of a representative is verified on the clip, peak by peak, and a clip
//! on which one of them fails is looked up by itself. So is one with more in it than its representative explains. That
//! nothing was found of a representative is taken to hold for the clip.

use soundalike_index::{Hit, TrackNo};

use super::comparison::Comparison;
use super::params::{RepresentativeParams, ScanParams};
use super::reference::Reference;
use super::transform::Transform;
use super::verify::coincidences;
use super::vote::by_windows;
use crate::fingerprint::descriptor::{query_windows, windows};
use crate::fingerprint::projection::{Code, WeightedCode};
use crate::fingerprint::{Constellation, Point};
use crate::params::FingerprintParams;

/// The clips of a run that were looked up, in order.
pub struct Representatives {
    peaks: Vec<Reference>,
    /// Code of each window of theirs, and where it is.
    codes: Vec<(Code, Hit)>,
    fingerprint: FingerprintParams,
    scan: &'static ScanParams,
}

/// Which representative a clip sounds like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Represented {
    /// Its number.
    pub by: usize,
    /// From the clip to the representative.
    pub transform: Transform,
}

impl Representatives {
    /// None yet; all clips are fingerprinted with `fingerprint`.
    pub fn new(fingerprint: &FingerprintParams) -> Representatives {
        let (peaks, codes) = (Vec::new(), Vec::new());
        Representatives { peaks, codes, fingerprint: fingerprint.clone(), scan: &ScanParams::V1 }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.peaks.len()
    }

    /// Whether `clip` is short enough for looking it up to be dear, and has anything to be known by.
    pub fn concern(&self, clip: &Constellation) -> bool {
        clip.duration <= self.scan.plan.short && clip.points.len() >= self.params().min_peaks
    }

    /// Makes `clip` a representative, unless there are enough of them; its number.
    pub fn add(&mut self, clip: &Constellation) -> Option<usize> {
        let params = self.params();
        let number = self.peaks.len();
        if number >= params.most {
            return None;
        }
        let track = TrackNo(number as u32);
        let own = windows(clip, params.hop, &self.fingerprint).into_iter();
        self.codes.extend(own.map(|w| (w.code, Hit { track, time: w.time, distance: 0 })));
        // Without the band levels, which say what else is in a match.
        let (points, duration) = (clip.points.clone(), clip.duration);
        let peaks = Constellation { points, duration, ..Constellation::default() };
        self.peaks.push(Reference::new(peaks, &self.fingerprint));
        Some(number)
    }

    /// The representative, of those from number `from` on, that `clip` sounds like.
    pub fn of(&self, clip: &Constellation, from: usize) -> Option<Represented> {
        let (times, hits) = self.near(clip, from);
        let named = by_windows(&times, &hits, self.params().candidates, &self.scan.vote);
        named.into_iter().find_map(|candidate| {
            let by = candidate.track.0 as usize;
            let pair = Comparison {
                query: clip,
                reference: &self.peaks[by],
                scan: self.scan,
                fingerprint: &self.fingerprint,
            };
            let lines = candidate.places.iter().filter_map(|&place| pair.prefiltered_line(place));
            let mut lines = lines.map(|line| line.transform);
            let transform = lines.find(|transform| pair.is_same_sound(transform))?;
            Some(Represented { by, transform })
        })
    }

    /// Times of some windows of `clip`, and the nearest codes of representatives for each.
    fn near(&self, clip: &Constellation, from: usize) -> (Vec<u32>, Vec<Vec<Hit>>) {
        let params = self.params();
        // As many windows as lie between two of a representative: one of them begins where one of those does.
        let length = self.fingerprint.window + params.hop;
        let begin = clip.duration.saturating_sub(length) / 2;
        let middle = clip.slice(begin, (begin + length).min(clip.duration));
        let asked = query_windows(&middle, self.scan.probe.min_window_hop, &self.fingerprint);
        let first = self.codes.partition_point(|(_, hit)| (hit.track.0 as usize) < from);
        let near = |code: &WeightedCode| {
            let all = self.codes[first..].iter();
            let mut near: Vec<Hit> =
                all.map(|(there, hit)| Hit { distance: code.distance(there), ..*hit }).collect();
            let wanted = params.hits.min(near.len());
            if (1..near.len()).contains(&wanted) {
                near.select_nth_unstable(wanted);
            }
            near.truncate(wanted);
            near.sort_unstable();
            near
        };
        asked.iter().map(|window| (begin + window.time, near(&window.code))).unzip()
    }

    fn params(&self) -> &'static RepresentativeParams {
        &self.scan.representative
    }
}

impl Comparison<'_> {
    /// Whether the query is the sound of the reference along `transform`: at the same speed and pitch nearly all its
    /// peaks lie on one there, and no part of it holds what the other does not.
    fn is_same_sound(&self, transform: &Transform) -> bool {
        let params = &self.scan.representative;
        if transform.is_changed(&self.scan.transform) {
            return false;
        }
        let (points, there) = (&self.query.points, self.reference.constellation());
        let common = coincidences(points, there, transform, &self.scan.verify);
        let matched: Vec<Point> = common.iter().map(|c| c.query).collect();
        let within = |points: &[Point], begin: u32| {
            let before = |time: u32| points.partition_point(|p| p.time < time);
            before(begin + params.part) - before(begin)
        };
        let mut parts = (0..self.query.duration).step_by(params.part as usize);
        matched.len() as f64 >= params.share * points.len() as f64
            && parts.all(|begin| {
                let (matched, all) = (within(&matched, begin), within(points, begin));
                all < params.min_part_peaks || matched as f64 >= params.part_share * all as f64
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::test_points::scattered;

    fn clip(points: Vec<Point>) -> Constellation {
        Constellation { points, duration: 1_250, ..Constellation::default() }
    }

    #[test]
    fn a_clip_is_represented_by_the_same_sound_and_not_by_one_that_holds_less() {
        let mut all = Representatives::new(&FingerprintParams::V2);
        let sound = |seed: u64| scattered(seed, 200, 1_500);
        let first = |points: Vec<Point>| points.into_iter().filter(|p| p.time < 1_250).collect();
        assert_eq!(all.add(&clip(first(sound(1)))), Some(0));
        assert_eq!(all.add(&clip(first(sound(2)))), Some(1));
        // Cut 0.2 s later.
        let later = sound(2).into_iter().filter(|p| (50..1_250).contains(&p.time));
        let later = clip(later.map(|p| Point { time: p.time - 50, ..p }).collect());
        let found = all.of(&later, 0).unwrap();
        assert_eq!(found.by, 1);
        assert!((found.transform.offset - 50.0).abs() < 1.0, "{found:?}");
        assert_eq!(all.of(&clip(first(sound(3))), 0), None);
        assert_eq!(all.of(&later, 2), None);
        // A second of something else in it.
        let mut other: Vec<Point> = first(sound(2));
        other.retain(|p| !(500..750).contains(&p.time));
        other.extend(sound(4).into_iter().filter(|p| (500..750).contains(&p.time)));
        other.sort();
        assert_eq!(all.of(&clip(other), 0), None);
        // Something else all over it.
        let mut over: Vec<Point> = first(sound(2));
        over.extend(first(sound(5)));
        over.sort();
        assert_eq!(all.of(&clip(over), 0), None);
    }
}
