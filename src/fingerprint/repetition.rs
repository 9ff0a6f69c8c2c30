//! One part repeated back to back, found in the constellation.
//!
//! A loop is made by copying samples, so its peaks come back exactly: same pitch, same distance,
//! bar after bar, and most of them survive a lossy encoder. Played or sequenced music with a steady
//! beat repeats its drums while the rest goes on. So first all pairs of peaks of equal pitch vote
//! on a period (the self-match histogram), then each promising period is held against the track:
//! where does nearly every peak have its twin one period earlier, without a break?
//!
//! Only a run without a break counts: music made of parts that sound twice each (AABBCC) has a twin
//! for every peak, and yet no part that is repeated often.

use super::constellation::{Constellation, FREQ_UNITS_PER_BIN, MS_PER_TIME_UNIT, Point, band_of};
use super::signal::Repetition;
use super::twins::{Tolerance, pairs, twins};
use crate::params::FingerprintParams;

/// Shortest period looked for, in time units (0.5 s).
const MIN_LAG: u32 = 125;
/// Longest (60 s).
const MAX_LAG: u32 = 15_000;
/// What is a twin.
const SAME: Tolerance = Tolerance::USUAL;
/// Peaks of up to this rank vote on the period, and at most so many of them, taken from the middle
/// of the track, which a loop worth the name fills: the cost grows with the square of the peaks of
/// one pitch.
const VOTER_RANK: u8 = 2;
const MAX_VOTERS: usize = 5_000;
/// Half-width in time units of the surroundings that the votes for a period must stand out from.
const SURROUNDINGS: usize = 60;
/// Votes per peak, beyond the surroundings, that make a period worth a look, and the share of the
/// most promising period's votes.
const MIN_VOTES: f64 = 0.25;
const NEARLY_BEST: f64 = 0.6;
/// Most periods that are looked at, shortest first: the longer ones are multiples.
const MAX_CANDIDATES: usize = 12;
/// Distance in time units between the places where a track is held against itself (0.2 s).
const STEP: u32 = 50;
/// Shortest and longest stretch in time units that is judged at a place. As long as the period in
/// between: shorter ones hold too few peaks, longer ones would reach across a part that differs.
const WINDOW: [u32; 2] = [250, 1_000];
/// Share of peaks with a twin where a run starts, and where it ends.
const ENTER: f64 = 0.6;
const LEAVE: f64 = 0.45;
/// Fewer peaks than this in a window say nothing: the run goes on as it was.
const MIN_PEAKS: usize = 4;
/// A period explains as much as another from this share of its time and twins on.
const AS_MUCH: f64 = 0.9;
/// A part that makes up less of the track is not reported.
const MIN_SHARE: f64 = 0.5;

/// How well a track agrees with itself one period earlier.
#[derive(Debug, Clone, Copy)]
struct Fit {
    /// The period in time units, refined below one unit.
    period: f64,
    /// Time units of the longest stretch made of repeats.
    covered: f64,
    /// Share of its peaks that have a twin.
    twins: f64,
}

/// The part that at least half of the track repeats back to back; the shortest one that explains as
/// much as its multiples. Looks at the peaks of a reference's density, whatever the density of
/// `track`.
pub fn repetition(track: &Constellation, params: &FingerprintParams) -> Option<Repetition> {
    let points = reference_points(track, params);
    let fits: Vec<Fit> = periods(&points, track.duration)
        .into_iter()
        .filter_map(|lag| fit(&points, lag, track.duration))
        .collect();
    let best =
        fits.iter().max_by(|a, b| (a.covered * a.twins).total_cmp(&(b.covered * b.twins)))?;
    let enough = |f: &&Fit| f.covered >= AS_MUCH * best.covered && f.twins >= AS_MUCH * best.twins;
    let found = fits.iter().find(enough)?;
    let share = (found.covered / f64::from(track.duration)).min(1.0);
    (share >= MIN_SHARE).then(|| Repetition {
        period_ms: (found.period * f64::from(MS_PER_TIME_UNIT)).round() as u64,
        repeats: round(found.covered / found.period, 10.0),
        share: round(share, 1000.0),
    })
}

fn round(x: f64, steps: f64) -> f64 {
    (x * steps).round() / steps
}

/// The peaks that a reference of the same track has: the densities differ in the quota alone.
fn reference_points(track: &Constellation, params: &FingerprintParams) -> Vec<Point> {
    let quota = |p: &Point| {
        let bin = (f64::from(p.freq) / FREQ_UNITS_PER_BIN).round() as usize;
        params.quota[band_of(params, bin)]
    };
    track.points.iter().filter(|p| usize::from(p.rank) < quota(p)).copied().collect()
}

/// Promising periods in time units, shortest first.
fn periods(points: &[Point], duration: u32) -> Vec<u32> {
    let strong: Vec<Point> = points.iter().filter(|p| p.rank <= VOTER_RANK).copied().collect();
    let skipped = strong.len().saturating_sub(MAX_VOTERS) / 2;
    let voters = &strong[skipped..strong.len() - skipped];
    let (Some(first), Some(last)) = (voters.first(), voters.last()) else { return Vec::new() };
    let longest = MAX_LAG.min(duration / 2).min(last.time - first.time);
    if longest <= MIN_LAG {
        return Vec::new();
    }
    let votes = Votes::count(voters, longest + SAME.time + SURROUNDINGS as u32);
    // A vote needs an earlier peak: few peaks can vote for a long period.
    let able = |lag: u32| {
        (voters.len() - voters.partition_point(|p| p.time < first.time + lag)).max(1) as f64
    };
    let score: Vec<f64> =
        (0..=longest + SAME.time).map(|lag| votes.beyond(lag as usize) / able(lag)).collect();
    let best = score[MIN_LAG as usize..=longest as usize].iter().copied().fold(0.0, f64::max);
    let least = MIN_VOTES.max(NEARLY_BEST * best);
    (MIN_LAG..=longest)
        .filter(|&lag| {
            let (here, near) = (lag as usize, SAME.time as usize);
            // The first of equals.
            score[here] >= least
                && score[here - near..here].iter().all(|&other| other < score[here])
                && score[here..=here + near].iter().all(|&other| other <= score[here])
        })
        .take(MAX_CANDIDATES)
        .collect()
}

/// Running sums of the pairs of peaks of equal pitch, by their distance in time.
struct Votes(Vec<u64>);

impl Votes {
    /// Counts the pairs up to `longest` time units apart.
    fn count(points: &[Point], longest: u32) -> Votes {
        let mut counts = vec![0u32; longest as usize + 1];
        pairs(points, longest, SAME, |_, lag| counts[lag as usize] += 1);
        let sums = counts.iter().scan(0, |sum, &n| {
            *sum += u64::from(n);
            Some(*sum)
        });
        Votes(std::iter::once(0).chain(sums).collect())
    }

    /// Votes for `lag` and its neighbours, less what the surroundings make likely.
    fn beyond(&self, lag: usize) -> f64 {
        let sum = |half: usize| {
            let (from, to) = (lag.saturating_sub(half), (lag + half + 1).min(self.0.len() - 1));
            ((self.0[to] - self.0[from]) as f64, (to - from) as f64)
        };
        let (near, width) = sum(SAME.time as usize);
        let (around, whole) = sum(SURROUNDINGS);
        near - (around - near) / (whole - width).max(1.0) * width
    }
}

/// Holds the track against itself `lag` earlier; `None` where no run starts.
fn fit(points: &[Point], lag: u32, duration: u32) -> Option<Fit> {
    let (mut count, mut distance) = (0u32, 0i64);
    let mut sums = Vec::with_capacity(points.len() + 1);
    sums.push(0u32);
    for twin in twins(points, lag, SAME) {
        count += u32::from(twin.is_some());
        distance += i64::from(twin.unwrap_or(0));
        sums.push(count);
    }
    let half = lag.clamp(WINDOW[0], WINDOW[1]) / 2;
    let (mut from, mut to) = (0, 0);
    let mut run: Option<Run> = None;
    let mut best: Option<Run> = None;
    for now in (lag..=duration).step_by(STEP as usize) {
        from += points[from..].iter().take_while(|p| p.time + half < now).count();
        to += points[to..].iter().take_while(|p| p.time < now + half).count();
        let share = f64::from(sums[to] - sums[from]) / (to - from).max(1) as f64;
        let enough = if run.is_some() { LEAVE } else { ENTER };
        if to - from >= MIN_PEAKS {
            if share >= enough {
                let run = run.get_or_insert(Run { start: now, end: now, points: from..to });
                run.end = now;
                run.points.end = to;
                if best.as_ref().is_none_or(|b| run.end - run.start > b.end - b.start) {
                    best = Some(run.clone());
                }
            } else {
                run = None;
            }
        }
    }
    let Run { start, end, points: range } = best?;
    let share = f64::from(sums[range.end] - sums[range.start]) / range.len().max(1) as f64;
    let period = if count > 0 { distance as f64 / f64::from(count) } else { f64::from(lag) };
    Some(Fit { period, covered: f64::from(end - start) + period, twins: share })
}

/// A stretch that repeats what was one period earlier, without a break.
#[derive(Debug, Clone)]
struct Run {
    start: u32,
    end: u32,
    points: std::ops::Range<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::Fingerprinter;
    use crate::fingerprint::test_audio::clip;
    use crate::fingerprint::test_points::scattered;

    const PARAMS: FingerprintParams = FingerprintParams::V2;

    fn found(points: Vec<Point>, duration: u32) -> Option<Repetition> {
        repetition(&Constellation { points, duration, ..Constellation::default() }, &PARAMS)
    }

    fn analysed(samples: &[f32], density: f32) -> Option<Repetition> {
        let mut fingerprinter = Fingerprinter::new(&PARAMS, density);
        fingerprinter.push(samples);
        repetition(&fingerprinter.finish(), &PARAMS)
    }

    /// The parts one after the other, `length` time units each.
    fn in_turn<'a>(parts: impl Iterator<Item = &'a Vec<Point>>, length: u32) -> Vec<Point> {
        let shifted = parts.enumerate().flat_map(|(n, part)| {
            part.iter().map(move |p| Point { time: p.time + n as u32 * length, ..*p })
        });
        shifted.collect()
    }

    /// A loop cut out of a recording is found whatever the volume does, with its period.
    #[test]
    fn a_loop_of_music_is_found() {
        let music = clip("demo/references/geoscape.ogg");
        // 3.2 s and a bit: no multiple of a frame.
        let part = &music[30_000..30_000 + 51_307];
        let total = 12 * part.len();
        let fade = |i: usize| (i.min(total - i) as f32 / 48_000.0).min(1.0);
        let looped: Vec<f32> =
            part.iter().cycle().take(total).enumerate().map(|(i, x)| 0.4 * x * fade(i)).collect();
        let result = analysed(&looped, 1.0).unwrap();
        assert!(result.period_ms.abs_diff(3_207) <= 2, "{result:?}");
        assert!(result.share > 0.9 && result.repeats > 11.0, "{result:?}");
        assert_eq!(analysed(&looped, PARAMS.query_density).unwrap(), result);
    }

    /// (`typing-to-jazz` is left out: its generator made the same five seconds anew, five times.)
    #[test]
    fn music_is_no_loop() {
        for name in ["references/main-theme", "references/geoscape", "incoming/void-sensor"] {
            let result = analysed(&clip(&format!("demo/{name}.ogg")), 1.0);
            assert!(result.as_ref().is_none_or(|r| r.repeats < 4.0), "{name}: {result:?}");
        }
    }

    #[test]
    fn the_shortest_period_counts() {
        let bar = scattered(3, 70, 500);
        let result = found(in_turn(std::iter::repeat_n(&bar, 40), 500), 20_000).unwrap();
        assert_eq!(result.period_ms, 2_000);
        assert!(result.repeats > 39.0 && result.share > 0.97, "{result:?}");
    }

    #[test]
    fn half_a_track_of_loop_is_half_a_track() {
        let mut points = scattered(5, 1_400, 10_000);
        let bar = scattered(3, 70, 500);
        let looped = in_turn(std::iter::repeat_n(&bar, 24), 500);
        points.extend(looped.iter().map(|p| Point { time: p.time + 10_000, ..*p }));
        let result = found(points, 22_000).unwrap();
        assert_eq!(result.period_ms, 2_000);
        assert!((result.share - 0.545).abs() < 0.05, "{result:?}");
    }

    /// Every peak has a twin one bar before or after, but no bar sounds four times.
    #[test]
    fn parts_in_pairs_are_no_loop() {
        let bars: Vec<_> = (0..20).map(|seed| scattered(seed, 70, 500)).collect();
        let pairs = bars.iter().flat_map(|bar| [bar, bar]);
        assert_eq!(found(in_turn(pairs, 500), 20_000), None);
    }

    #[test]
    fn drums_under_a_tune_are_no_loop() {
        let bar = scattered(3, 35, 500);
        let mut points = in_turn(std::iter::repeat_n(&bar, 40), 500);
        points.extend(scattered(5, 1_400, 20_000));
        points.sort();
        assert_eq!(found(points, 20_000), None);
    }

    #[test]
    fn nothing_repeats_in_nothing() {
        assert_eq!(found(Vec::new(), 0), None);
        assert_eq!(found(Vec::new(), 50_000), None);
        let same = vec![Point { time: 400, freq: 3, rank: 0 }; 5_000];
        assert_eq!(found(same, 400), None);
    }
}
