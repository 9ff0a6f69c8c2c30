//! The whole of what a query and a reference share, once it is sure that they share something.
//!
//! Candidates are found by the line that explains most. An edited copy runs along many: short stretches that
//! would mean little by themselves mean much beside a sure one. So the stretches that are still unexplained are
//! searched again, in this one reference, in windows of two seconds at the speeds and pitches known and by
//! anchors at others, and the lines found are spliced ([`super::splice`]). Every way to compare two tracks ends
//! here, so that all give one answer.

use super::align::{AlignParams, ByFrequency, offsets, refine};
use super::likeness::Likeness;
use super::matcher::{MIN_SEGMENT_SCORE, MatchEvidence, MatchParams, Reference, Segment, differ};
use super::seeds;
use super::splice::{NEAR, decode};
use super::transform::{Transform, to_units};
use super::verify::{Run, Steps, estimate, runs};
use crate::fingerprint::{Constellation, Point};
use crate::params::FingerprintParams;

/// Share of the query from which one line leaves nothing to splice.
const EXPLAINED: f64 = 0.97;
/// Windows in which unexplained stretches are searched at known speeds and pitches, in time units (2 s).
const WINDOW: u32 = 500;
/// Distance between them.
const HOP: u32 = 250;
/// Peaks of the offset histogram in a window, their least height and distance (see [`AlignParams`]): closer than in a block, since
/// small cuts move a line by little.
const BESIDE: (usize, f32, usize) = (4, 4.0, 3);
/// Nats that a window must score under a line.
const WINDOW_SCORE: f32 = 8.0;
/// Shortest stretch that is searched at other speeds and pitches, in time units (2.5 s).
const OTHER: u32 = 625;
/// Longest stretch that is searched in one piece for those (15 s): copies that change all the time change every 5.
const PIECE: u32 = 3_750;
/// Nats a stretch must score at another speed or pitch.
const OTHER_SCORE: f32 = 20.0;
/// A line may hold this far (time units, 20 s) to each side of where it was found.
const HOLD: u32 = 5_000;
/// The same where there are few lines (60 s): a copy cut once runs on for long.
const LONG_HOLD: u32 = 15_000;
const FEW_LINES: usize = 24;
/// Lines that are spliced, at most.
const MAX_LINES: usize = 200;
/// Speeds and pitches at which all of the reference is searched, at most, and time of the query (10 min) that is.
const MAX_SPEEDS: usize = 12;
const MAX_SEARCHED: u32 = 150_000;
/// Peaks times lines that are spliced, at most: two bytes each.
const MAX_VALUES: usize = 16 << 20;
/// Rounds of search and splicing.
const ROUNDS: usize = 6;
/// Part of the query (one in so many) that must be explained before the rest is searched at other speeds, where
/// several lines were found and where one was.
const EDITED_PART: u32 = 6;
const WHOLE_PART: u32 = 3;
/// Query time that a round must explain for another, in time units (1 s).
const PROGRESS: u32 = 250;
/// Nats of a stretch beside a sure one: there is little room for chance there.
const BESIDE_SCORE: f32 = 8.0;
/// Runs shorter than this (time units, 10 s) may be strays.
const STRAY: u32 = 2_500;
/// Gap between neighbouring segments that belongs to them, in time units (240 ms): a few peaks.
const SEAM: u32 = 60;
/// Speeds (log ratio) and pitches (frequency units) that are one.
const SAME_SPEED: f64 = 0.003;
const SAME_PITCH: f64 = 6.0;
/// Coverage of the reference from which other places of the same stretch are not looked for.
const COVERED: f64 = 0.9;
/// Longest segment whose other places are looked for, in time units (60 s).
const LONGEST_REPEAT: u32 = 15_000;
/// Places of one stretch that are told, at most.
const MAX_REPEATS: usize = 100;
/// What another place must have of the segment's length, and of its share of matched peaks.
const AS_GOOD: f64 = 0.7;

/// A line and the stretch of the query where it was found.
#[derive(Debug, Clone, Copy)]
struct Line {
    transform: Transform,
    home: (u32, u32),
    raw_score: f32,
}

/// Completes what was `found` of `query` in `reference`: edits, other places, likeness. What is not accepted stays
/// as it is. Stretches of the query that are `taken` by matches with other references are not searched.
pub fn resolve(
    query: &Constellation,
    reference: &Reference,
    found: MatchEvidence,
    taken: &[(u32, u32)],
    params: &FingerprintParams,
    matching: &MatchParams,
) -> MatchEvidence {
    if !found.accepted() {
        return found;
    }
    let pair = Comparison { query, reference, params, matching };
    let mut found = pair.spliced(found, taken);
    if found.reference_coverage < COVERED {
        found.repeats = pair.repeats(&found);
    }
    found.likeness =
        Likeness::of(query, reference.constellation(), &found.segments, params, &matching.verify);
    found
}

/// Two tracks that share something.
struct Comparison<'a> {
    query: &'a Constellation,
    reference: &'a Reference,
    params: &'a FingerprintParams,
    matching: &'a MatchParams,
}

impl Comparison<'_> {
    fn spliced(&self, found: MatchEvidence, taken: &[(u32, u32)]) -> MatchEvidence {
        if found.best_line_coverage(self.query.duration) >= EXPLAINED {
            return found;
        }
        let best = found.best();
        let share = (f64::from(best.matched) / f64::from(best.peaks.max(1))).clamp(0.15, 0.6);
        let mut lines: Vec<Line> = Vec::new();
        for s in &found.segments {
            let home = (to_units(s.query_ms.0), to_units(s.query_ms.1));
            self.note(&mut lines, Line { transform: s.transform, home, raw_score: s.raw_score });
        }
        let mut spliced: Vec<(Run, Transform)> = Vec::new();
        let mut explained = 0;
        let mut searched: Vec<(u32, u32)> = Vec::new();
        for round in 0..ROUNDS {
            let mut spans: Vec<(u32, u32)> = match round {
                0 => lines.iter().map(|line| line.home).collect(),
                _ => settled(&spliced),
            };
            spans.extend(taken);
            let open = gaps(&spans, self.query.duration);
            let known = lines.clone();
            for &gap in &open {
                self.search_beside(gap, &known, &mut lines);
            }
            // Elsewhere and at other speeds once, and only for what is a good part of the query already: an excerpt
            // lies in other music.
            let part = if spliced.len() > 1 { EDITED_PART } else { WHOLE_PART };
            if round > 0 && explained >= self.query.duration / part {
                spans.append(&mut searched.clone());
                let open = gaps(&spans, self.query.duration);
                let transforms: Vec<Transform> = known.iter().map(|line| line.transform).collect();
                let mut speeds = speeds(&transforms);
                speeds.truncate(MAX_SPEEDS);
                for gap in first(&open, MAX_SEARCHED).filter(|gap| gap.1 - gap.0 >= OTHER) {
                    for speed in &speeds {
                        self.search_everywhere(gap, speed, &mut lines);
                    }
                    self.search_others(gap, &mut lines);
                    searched.push(gap);
                }
            }
            lines.sort_by(|a, b| b.raw_score.total_cmp(&a.raw_score).then(a.home.cmp(&b.home)));
            lines.truncate(MAX_LINES);
            spliced = self.splice(&lines, share);
            let now: u32 = spliced.iter().map(|(run, _)| run.end - run.begin).sum();
            if round > 0 && now < explained + PROGRESS {
                break;
            }
            explained = now;
        }
        self.assembled(found, spliced)
    }

    /// Adds a line unless it is there.
    fn note(&self, lines: &mut Vec<Line>, line: Line) {
        let end = self.query.duration;
        match lines.iter_mut().find(|known| !differ(&known.transform, &line.transform, end)) {
            Some(known) => {
                known.home = (known.home.0.min(line.home.0), known.home.1.max(line.home.1));
                known.raw_score = known.raw_score.max(line.raw_score);
            }
            None => lines.push(line),
        }
    }

    /// Lines in windows of a gap, near those that hold before and after.
    fn search_beside(&self, gap: (u32, u32), known: &[Line], lines: &mut Vec<Line>) {
        for window in self.windows(gap) {
            let distance = |line: &Line| {
                line.home.0.saturating_sub(window.1).max(window.0.saturating_sub(line.home.1))
            };
            let before = known.iter().filter(|line| line.home.0 <= window.0);
            let after = known.iter().filter(|line| line.home.0 > window.0);
            let sides = [before.min_by_key(|l| distance(l)), after.min_by_key(|l| distance(l))];
            let near = sides.into_iter().flatten().filter(|line| distance(line) <= HOLD);
            for beside in near {
                let middle = beside.transform.time(f64::from(window.0 + WINDOW / 2));
                let span = (middle - NEAR - f64::from(WINDOW), middle + NEAR + f64::from(WINDOW));
                for line in self.lines_in(window, &beside.transform, Some(span), BESIDE) {
                    self.note(lines, line);
                }
            }
        }
    }

    /// Lines at the speed and pitch of `speed` in windows of a gap.
    fn search_everywhere(&self, gap: (u32, u32), speed: &Transform, lines: &mut Vec<Line>) {
        for window in self.windows(gap) {
            for line in self.lines_in(window, speed, None, BESIDE) {
                self.note(lines, line);
            }
        }
    }

    /// The windows of a gap; they reach into what is explained beside it, for an edit may lie anywhere.
    fn windows(&self, gap: (u32, u32)) -> impl Iterator<Item = (u32, u32)> {
        let end = (gap.1 + HOP).min(self.query.duration);
        let begins = (gap.0.saturating_sub(HOP)..end).step_by(HOP as usize);
        begins.map(move |at| (at, (at + WINDOW).min(end.max(at + HOP))))
    }

    /// The lines at the speed and pitch of `speed` on which most pairs of peaks of a window agree, in all of the
    /// reference or in a `span` of it.
    fn lines_in(
        &self,
        window: (u32, u32),
        speed: &Transform,
        span: Option<(f64, f64)>,
        (top_offsets, min_excess, separation): (usize, f32, usize),
    ) -> Vec<Line> {
        let points = self.query.between(window.0, window.1);
        let there = |p: &Point| Point {
            time: (f64::from(p.time - window.0) * speed.time_factor).round() as u32,
            freq: (f64::from(p.freq) - speed.freq_shift).round().max(0.0) as u16,
            ..*p
        };
        let moved: Vec<Point> = points.iter().map(there).collect();
        let length = (f64::from(window.1 - window.0) * speed.time_factor).ceil() as u32 + 1;
        let votes =
            AlignParams { top_offsets, min_excess, separation, ..self.matching.align.clone() };
        let reference = self.reference.constellation();
        let (top_offsets, begin) = match span {
            None => {
                let by_frequency = self.reference.by_frequency();
                (offsets(&moved, length, by_frequency, reference.duration, &votes), 0)
            }
            Some((from, to)) => {
                let end = reference.duration;
                let (from, to) = ((from.max(0.0) as u32).min(end), (to.max(0.0) as u32).min(end));
                let stretch = reference.slice(from, to);
                (offsets(&moved, length, &ByFrequency::new(&stretch), to - from, &votes), from)
            }
        };
        let verify = &self.matching.verify;
        let background = self.reference.background();
        top_offsets
            .into_iter()
            .filter_map(|(offset, _)| {
                let offset = offset + f64::from(begin);
                let transform = Transform { offset, ..*speed }.after(window.0);
                let rough = estimate(points, reference, background, &transform, verify);
                if rough < WINDOW_SCORE / 2.0 {
                    return None;
                }
                let transform = refine(points, reference, transform, &self.matching.align, verify);
                let raw_score = estimate(points, reference, background, &transform, verify);
                (raw_score >= WINDOW_SCORE).then_some(Line { transform, home: window, raw_score })
            })
            .collect()
    }

    /// Lines at any speed and pitch in a gap.
    fn search_others(&self, gap: (u32, u32), lines: &mut Vec<Line>) {
        let pieces = (gap.1 - gap.0).div_ceil(PIECE).max(1);
        let step = (gap.1 - gap.0) / pieces;
        for piece in 0..pieces {
            let home = (gap.0 + piece * step, gap.0 + (piece + 1) * step);
            let probes = seeds::probes(self.query, home, 1, seeds::ALL_TEMPO_STEPS, self.params);
            let seeds = seeds::seeds_in(&probes, self.reference.anchors(self.params));
            let limit = seeds::HYPOTHESES;
            let (params, matching) = (self.params, self.matching);
            let transforms = seeds::transforms(
                self.query,
                home,
                self.reference,
                &seeds,
                limit,
                params,
                matching,
            );
            for (transform, raw_score) in transforms.into_iter().filter(|w| w.1 >= OTHER_SCORE) {
                self.note(lines, Line { transform, home, raw_score });
            }
        }
    }

    /// The best sequence of `lines`, with what each of its stretches scores.
    fn splice(&self, lines: &[Line], share: f64) -> Vec<(Run, Transform)> {
        let hold = if lines.len() <= FEW_LINES { LONG_HOLD } else { HOLD };
        let around =
            |line: &Line| (line.home.0.saturating_sub(hold), line.home.1.saturating_add(hold));
        // Of a mix of hours only what lies around the lines: a value is kept for each peak and line.
        let begin = lines.iter().map(|line| around(line).0).min().unwrap_or(0);
        let end = lines.iter().map(|line| around(line).1).max().unwrap_or(0);
        let points = self.query.between(begin, end);
        let lines = &lines[..lines.len().min(MAX_VALUES / points.len().max(1))];
        let index = |time: u32| points.partition_point(|p| p.time < time);
        let reach = |line: &Line| (index(around(line).0), index(around(line).1));
        let there = (self.reference.constellation(), self.reference.background());
        let verify = &self.matching.verify;
        let transforms: Vec<Transform> = lines.iter().map(|line| line.transform).collect();
        let steps: Vec<Steps> = lines
            .iter()
            .map(|line| Steps::new(points, reach(line), there, &line.transform, share, verify))
            .collect();
        let times: Vec<u32> = points.iter().map(|p| p.time).collect();
        let stretches = decode(&times, &transforms, &steps).into_iter();
        let runs = stretches.filter_map(|s| {
            Some((steps[s.line].run(points, s.begin, s.end)?, lines[s.line].transform))
        });
        sure(runs.collect())
    }

    /// The match that `runs` make.
    fn assembled(&self, found: MatchEvidence, runs: Vec<(Run, Transform)>) -> MatchEvidence {
        let (reference, verify) = (self.reference.constellation(), &self.matching.verify);
        let runs = joined(runs, self.query.duration);
        let segments: Vec<Segment> = runs
            .iter()
            .map(|(run, transform)| Segment::new(run, *transform, self.query, reference, verify))
            .collect();
        let spliced = found.clone().with_segments(segments, self.query, reference);
        // Lines are dear here, so that what hardly holds on any may be told in less.
        if spliced.query_covered_ms * 10 < found.query_covered_ms * 9 { found } else { spliced }
    }

    /// Other places of the reference that hold what a segment holds.
    fn repeats(&self, found: &MatchEvidence) -> Vec<Segment> {
        let best = found.best();
        let home = (to_units(best.query_ms.0), to_units(best.query_ms.1));
        if home.1 - home.0 > LONGEST_REPEAT {
            return Vec::new();
        }
        let lines = self.lines_in(home, &best.transform, None, (MAX_REPEATS, 4.0, 8));
        let reference = self.reference.constellation();
        let (verify, background) = (&self.matching.verify, self.reference.background());
        let points = self.query.between(home.0, home.1 + 1);
        let kept = |s: &Segment| f64::from(s.matched) / f64::from(s.peaks.max(1));
        let mut places: Vec<Segment> = Vec::new();
        for line in lines {
            let run =
                runs(points, reference, background, &line.transform, verify).into_iter().next();
            let Some(run) = run.filter(|run| run.score >= MIN_SEGMENT_SCORE) else { continue };
            let segment = Segment::new(&run, line.transform, self.query, reference, verify);
            let as_good = segment.seconds() >= AS_GOOD * best.seconds()
                && kept(&segment) >= AS_GOOD * kept(best);
            let elsewhere = found.segments.iter().chain(&places).all(|s| apart(s, &segment));
            if as_good && elsewhere {
                places.push(segment);
            }
        }
        places.sort_by_key(|s| s.reference_ms);
        places
    }
}

/// Whether two segments share less than a tenth of either's reference time.
fn apart(a: &Segment, b: &Segment) -> bool {
    let (a, b) = (a.reference_ms, b.reference_ms);
    let shared = a.1.min(b.1).saturating_sub(a.0.max(b.0));
    10 * shared <= (a.1 - a.0).min(b.1 - b.0)
}

/// The stretches of a query of `duration` that none of `spans` covers.
pub(super) fn gaps(spans: &[(u32, u32)], duration: u32) -> Vec<(u32, u32)> {
    let mut sorted = spans.to_vec();
    sorted.sort_unstable();
    let (mut gaps, mut reached) = (Vec::new(), 0);
    for (begin, end) in sorted.into_iter().chain([(duration, duration)]) {
        if begin > reached {
            gaps.push((reached, begin));
        }
        reached = reached.max(end);
    }
    gaps
}

/// The first of `gaps`, up to a total length.
fn first(gaps: &[(u32, u32)], mut length: u32) -> impl Iterator<Item = (u32, u32)> {
    gaps.iter().map_while(move |&(begin, end)| {
        let end = end.min(begin + length);
        length -= end - begin;
        (end > begin).then_some((begin, end))
    })
}

/// The different speeds and pitches of `transforms`.
fn speeds(transforms: &[Transform]) -> Vec<Transform> {
    let mut speeds: Vec<Transform> = Vec::new();
    for transform in transforms {
        let same = |s: &Transform| {
            (s.time_factor / transform.time_factor).ln().abs() < SAME_SPEED
                && (s.freq_shift - transform.freq_shift).abs() < SAME_PITCH
        };
        if !speeds.iter().any(same) {
            speeds.push(*transform);
        }
    }
    speeds
}

/// The spans of `runs` that need no other look: a short one far from where its neighbours run may be a repeat.
fn settled(runs: &[(Run, Transform)]) -> Vec<(u32, u32)> {
    let far = |a: &(Run, Transform), b: &(Run, Transform)| {
        (b.1.time(f64::from(b.0.begin)) - a.1.time(f64::from(a.0.end))).abs() > 2.0 * NEAR
    };
    let doubtful = |i: usize| {
        let short = runs[i].0.end - runs[i].0.begin < STRAY;
        let before = i > 0 && far(&runs[i - 1], &runs[i]);
        let after = i + 1 < runs.len() && far(&runs[i], &runs[i + 1]);
        short && (before || after)
    };
    (0..runs.len()).filter(|&i| !doubtful(i)).map(|i| (runs[i].0.begin, runs[i].0.end)).collect()
}

/// The runs that are sure by themselves, or beside one that is.
fn sure(runs: Vec<(Run, Transform)>) -> Vec<(Run, Transform)> {
    let mut kept: Vec<bool> = runs.iter().map(|(run, _)| run.score >= MIN_SEGMENT_SCORE).collect();
    let beside = |i: usize, j: usize| {
        let ((a, to_a), (b, to_b)) = (&runs[i], &runs[j]);
        let here = b.begin.saturating_sub(a.end);
        let there = to_b.time(f64::from(b.begin)) - to_a.time(f64::from(a.end));
        f64::from(here) <= NEAR && there.abs() <= 2.0 * NEAR
    };
    let forward = (1..runs.len()).map(|i| (i - 1, i, i));
    let backward = (1..runs.len()).rev().map(|i| (i - 1, i, i - 1));
    for (before, after, which) in forward.chain(backward) {
        let other = if which == after { before } else { after };
        if kept[other] && runs[which].0.score >= BESIDE_SCORE && beside(before, after) {
            kept[which] = true;
        }
    }
    runs.into_iter().zip(kept).filter(|(_, kept)| *kept).map(|(run, _)| run).collect()
}

/// Closes the seams between neighbouring runs, which meet where an edit is, and joins those of one line.
fn joined(runs: Vec<(Run, Transform)>, duration: u32) -> Vec<(Run, Transform)> {
    let mut out: Vec<(Run, Transform)> = Vec::new();
    for (mut run, transform) in runs {
        if let Some((before, line)) = out.last_mut()
            && run.begin.saturating_sub(before.end) <= SEAM
        {
            if !differ(line, &transform, duration) {
                before.end = run.end;
                before.score += run.score;
                before.peaks += run.peaks;
                before.matched += run.matched;
                continue;
            }
            let seam = u32::midpoint(before.end, run.begin);
            before.end = seam;
            run.begin = seam;
        }
        out.push((run, transform));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_what_no_span_covers() {
        assert_eq!(gaps(&[(10, 20), (15, 30), (50, 60)], 100), [(0, 10), (30, 50), (60, 100)]);
        assert_eq!(gaps(&[], 5), [(0, 5)]);
        assert_eq!(gaps(&[(0, 5)], 5), []);
    }

    #[test]
    fn no_more_is_searched_than_a_total_length() {
        let gaps = [(0, 10), (20, 50), (60, 70)];
        assert_eq!(first(&gaps, 25).collect::<Vec<_>>(), [(0, 10), (20, 35)]);
        assert_eq!(first(&gaps, 100).collect::<Vec<_>>(), gaps);
    }

    #[test]
    fn a_weak_stretch_counts_beside_a_sure_one_only() {
        let run = |begin, end, score| {
            (Run { score, begin, end, peaks: 10, matched: 8 }, Transform::shift(0.0))
        };
        let all =
            vec![run(0, 500, 90.0), run(520, 700, 9.0), run(720, 800, 9.0), run(4_000, 4_100, 9.0)];
        assert_eq!(sure(all).len(), 3);
    }
}
