//! The whole of what a query and a reference share, once it is sure that they share something.
//!
//! Candidates are found by the line that explains most. An edited copy runs along many: short stretches that
//! would mean little by themselves mean much beside a sure one. So the stretches that are still unexplained are
//! searched again, in this one reference, in windows of two seconds at the speeds and pitches known and by
//! anchors at others, and the lines found are spliced ([`super::splice`]). Every way to compare two tracks ends
//! here, so that all give one answer.

use super::comparison::Comparison;
use super::evidence::MatchEvidence;
use super::likeness::Likeness;
use super::params::{OffsetParams, ScanParams};
use super::segment::Segment;
use super::span::{Span, first, gaps};
use super::splice::decode;
use super::transform::Transform;
use super::verify::{Run, Steps};
use super::vote::{ByFrequency, PairHistogram};
use crate::fingerprint::Point;

/// A line and the stretch of the query where it was found.
#[derive(Debug, Clone, Copy)]
struct Line {
    transform: Transform,
    home: Span,
    raw_score: f32,
}

impl Comparison<'_> {
    /// Completes what was `found`: edits, other places, likeness. What is not accepted stays as it is. Stretches of the
    /// query that are `taken` by matches with other references are not searched.
    pub fn resolve(&self, found: MatchEvidence, taken: &[Span]) -> MatchEvidence {
        if !found.accepted() {
            return found;
        }
        let mut found = self.spliced(found, taken);
        if found.reference_coverage < self.scan.resolve.covered {
            found.repeats = self.repeats(&found);
        }
        found.likeness = Likeness::of(self, &found.segments);
        found
    }

    fn spliced(&self, found: MatchEvidence, taken: &[Span]) -> MatchEvidence {
        let params = &self.scan.resolve;
        if found.best_line_coverage(self.query.duration) >= params.explained {
            return found;
        }
        let share = found.best().matched_share().clamp(params.shares[0], params.shares[1]);
        let mut lines: Vec<Line> = Vec::new();
        for s in &found.segments {
            let line = Line { transform: s.transform, home: s.span(), raw_score: s.raw_score };
            self.note(&mut lines, line);
        }
        let mut spliced: Vec<(Run, Transform)> = Vec::new();
        let mut explained = 0;
        let mut searched: Vec<Span> = Vec::new();
        for round in 0..params.rounds {
            let mut spans: Vec<Span> = match round {
                0 => lines.iter().map(|line| line.home).collect(),
                _ => settled(&spliced, self.scan),
            };
            spans.extend(taken);
            let known = lines.clone();
            for gap in gaps(&spans, self.query.duration) {
                self.search_beside(gap, &known, &mut lines);
            }
            // Elsewhere and at other speeds once, and only for what is a good part of the query already: an excerpt
            // lies in other music.
            let part = if spliced.len() > 1 { params.edited_part } else { params.whole_part };
            if round > 0 && explained >= self.query.duration / part {
                spans.extend(&searched);
                self.search_elsewhere(&spans, &known, &mut lines, &mut searched);
            }
            lines.sort_by(|a, b| b.raw_score.total_cmp(&a.raw_score).then(a.home.cmp(&b.home)));
            lines.truncate(params.max_lines);
            spliced = self.splice(&lines, share);
            let now: u32 = spliced.iter().map(|(run, _)| run.end - run.begin).sum();
            if round > 0 && now < explained + params.progress {
                break;
            }
            explained = now;
        }
        self.assembled(found, spliced)
    }

    /// Adds a line unless it is there.
    fn note(&self, lines: &mut Vec<Line>, line: Line) {
        let (end, params) = (self.query.duration, &self.scan.transform);
        match lines.iter_mut().find(|l| !l.transform.differs(&line.transform, end, params)) {
            Some(known) => {
                known.home.begin = known.home.begin.min(line.home.begin);
                known.home.end = known.home.end.max(line.home.end);
                known.raw_score = known.raw_score.max(line.raw_score);
            }
            None => lines.push(line),
        }
    }

    /// Lines in windows of a gap, near those that hold before and after.
    fn search_beside(&self, gap: Span, known: &[Line], lines: &mut Vec<Line>) {
        let (params, near) = (&self.scan.resolve, self.scan.splice.near);
        for window in self.windows(gap) {
            let distance = |line: &Line| {
                let (before, after) = (window.begin, window.end);
                line.home.begin.saturating_sub(after).max(before.saturating_sub(line.home.end))
            };
            let before = known.iter().filter(|line| line.home.begin <= window.begin);
            let after = known.iter().filter(|line| line.home.begin > window.begin);
            let sides = [before.min_by_key(|l| distance(l)), after.min_by_key(|l| distance(l))];
            for beside in sides.into_iter().flatten().filter(|l| distance(l) <= params.hold) {
                let middle = beside.transform.time(f64::from(window.begin + params.window / 2));
                let length = f64::from(params.window);
                let span = (middle - near - length, middle + near + length);
                for line in self.lines_in(window, &beside.transform, Some(span)) {
                    self.note(lines, line);
                }
            }
        }
    }

    /// Lines anywhere in the reference, and at other speeds, in what none of `spans` covers. Adds that to `searched`.
    fn search_elsewhere(
        &self,
        spans: &[Span],
        known: &[Line],
        lines: &mut Vec<Line>,
        searched: &mut Vec<Span>,
    ) {
        let params = &self.scan.resolve;
        let open = gaps(spans, self.query.duration);
        let transforms: Vec<Transform> = known.iter().map(|line| line.transform).collect();
        let speeds = speeds(&transforms, self.scan);
        for gap in first(&open, params.max_searched).filter(|gap| gap.length() >= params.other) {
            for speed in speeds.iter().take(params.max_speeds) {
                for window in self.windows(gap) {
                    for line in self.lines_in(window, speed, None) {
                        self.note(lines, line);
                    }
                }
            }
            self.search_others(gap, lines);
            searched.push(gap);
        }
    }

    /// The windows of a gap; they reach into what is explained beside it, for an edit may lie anywhere.
    fn windows(&self, gap: Span) -> impl Iterator<Item = Span> + use<> {
        let (window, hop) = (self.scan.resolve.window, self.scan.resolve.hop);
        let end = (gap.end + hop).min(self.query.duration);
        let begins = (gap.begin.saturating_sub(hop)..end).step_by(hop as usize);
        begins.map(move |at| Span::new(at, (at + window).min(end.max(at + hop))))
    }

    /// The lines at the speed and pitch of `speed` on which most pairs of peaks of a window agree, in all of the
    /// reference or in a `span` of it.
    fn lines_in(&self, window: Span, speed: &Transform, span: Option<(f64, f64)>) -> Vec<Line> {
        let params = &self.scan.resolve;
        let votes = OffsetParams {
            top: params.window_top,
            min_excess: params.window_excess,
            separation: params.window_separation,
            ..self.scan.offsets
        };
        self.lines_of(window, speed, span, &votes)
    }

    /// The same with the histogram given.
    fn lines_of(
        &self,
        window: Span,
        speed: &Transform,
        span: Option<(f64, f64)>,
        votes: &OffsetParams,
    ) -> Vec<Line> {
        let points = self.query.between(window.begin, window.end);
        let there = |p: &Point| Point {
            time: (f64::from(p.time - window.begin) * speed.time_factor).round() as u32,
            freq: (f64::from(p.freq) - speed.freq_shift).round().max(0.0) as u16,
            ..*p
        };
        let moved: Vec<Point> = points.iter().map(there).collect();
        let length = (f64::from(window.length()) * speed.time_factor).ceil() as u32 + 1;
        let reference = self.reference.constellation();
        let (end, pairs) = (reference.duration, PairHistogram::of_all);
        let (offsets, begin) = match span {
            None => (pairs(&moved, length, self.reference.by_frequency(), end, votes).top(), 0),
            Some((from, to)) => {
                let (from, to) = ((from.max(0.0) as u32).min(end), (to.max(0.0) as u32).min(end));
                let stretch = ByFrequency::new(&reference.slice(from, to));
                (pairs(&moved, length, &stretch, to - from, votes).top(), from)
            }
        };
        let min_score = self.scan.resolve.window_score;
        let line = |(offset, _): (f64, f32)| {
            let offset = offset + f64::from(begin);
            let transform = Transform { offset, ..*speed }.after(window.begin);
            if self.estimate(points, &transform) < min_score / 2.0 {
                return None;
            }
            let transform = self.refine(points, transform);
            let raw_score = self.estimate(points, &transform);
            (raw_score >= min_score).then_some(Line { transform, home: window, raw_score })
        };
        offsets.into_iter().filter_map(line).collect()
    }

    /// Lines at any speed and pitch in a gap.
    fn search_others(&self, gap: Span, lines: &mut Vec<Line>) {
        let params = &self.scan.resolve;
        let pieces = gap.length().div_ceil(params.piece).max(1);
        let step = gap.length() / pieces;
        for piece in 0..pieces {
            let home = Span::new(gap.begin + piece * step, gap.begin + (piece + 1) * step);
            let grown = self.grow_anywhere(home, 1);
            for line in grown.into_iter().filter(|line| line.raw_score >= params.other_score) {
                let (transform, raw_score) = (line.transform, line.raw_score);
                self.note(lines, Line { transform, home, raw_score });
            }
        }
    }

    /// The best sequence of `lines`, with what each of its stretches scores.
    fn splice(&self, lines: &[Line], share: f64) -> Vec<(Run, Transform)> {
        let params = &self.scan.resolve;
        let hold = if lines.len() <= params.few_lines { params.long_hold } else { params.hold };
        let around = |line: &Line| {
            Span::new(line.home.begin.saturating_sub(hold), line.home.end.saturating_add(hold))
        };
        // Of a mix of hours only what lies around the lines: a value is kept for each peak and line.
        let begin = lines.iter().map(|line| around(line).begin).min().unwrap_or(0);
        let end = lines.iter().map(|line| around(line).end).max().unwrap_or(0);
        let points = self.query.between(begin, end);
        let lines = &lines[..lines.len().min(params.max_values / points.len().max(1))];
        let index = |time: u32| points.partition_point(|p| p.time < time);
        let reach = |line: &Line| (index(around(line).begin), index(around(line).end));
        let transforms: Vec<Transform> = lines.iter().map(|line| line.transform).collect();
        let steps: Vec<Steps> = lines
            .iter()
            .map(|line| self.steps(points, reach(line), &line.transform, share))
            .collect();
        let times: Vec<u32> = points.iter().map(|p| p.time).collect();
        let stretches = decode(&times, &transforms, &steps, &self.scan.splice).into_iter();
        let runs = stretches.filter_map(|s| {
            Some((steps[s.line].run(points, s.begin, s.end)?, lines[s.line].transform))
        });
        sure(runs.collect(), self.scan)
    }

    /// The match that `runs` make.
    fn assembled(&self, found: MatchEvidence, runs: Vec<(Run, Transform)>) -> MatchEvidence {
        let runs = joined(runs, self.query.duration, self.scan);
        let segments: Vec<Segment> =
            runs.iter().map(|(run, transform)| Segment::new(run, *transform, self)).collect();
        let reference = self.reference.constellation();
        let spliced = found.clone().with_segments(segments, self.query, reference);
        // Lines are dear here, so that what hardly holds on any may be told in less.
        if spliced.query_covered_ms * 10 < found.query_covered_ms * 9 { found } else { spliced }
    }

    /// Other places of the reference that hold what a segment holds.
    fn repeats(&self, found: &MatchEvidence) -> Vec<Segment> {
        let params = &self.scan.resolve;
        let best = found.best();
        let home = best.span();
        if home.length() > params.max_repeat {
            return Vec::new();
        }
        let votes = OffsetParams {
            top: params.max_repeats,
            min_excess: params.repeat_excess,
            separation: params.repeat_separation,
            ..self.scan.offsets
        };
        let points = self.query.between(home.begin, home.end + 1);
        let mut places: Vec<Segment> = Vec::new();
        for line in self.lines_of(home, &best.transform, None, &votes) {
            let run = self.runs(points, &line.transform).into_iter().next();
            let is_sure = |run: &Run| run.score >= self.scan.segment.min_score;
            let Some(run) = run.filter(is_sure) else { continue };
            let segment = Segment::new(&run, line.transform, self);
            let as_good = segment.seconds() >= params.as_good * best.seconds()
                && segment.matched_share() >= params.as_good * best.matched_share();
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

/// The different speeds and pitches of `transforms`.
fn speeds(transforms: &[Transform], scan: &ScanParams) -> Vec<Transform> {
    let params = &scan.resolve;
    let mut speeds: Vec<Transform> = Vec::new();
    for transform in transforms {
        let same = |s: &Transform| {
            (s.time_factor / transform.time_factor).ln().abs() < params.same_speed
                && (s.freq_shift - transform.freq_shift).abs() < params.same_pitch
        };
        if !speeds.iter().any(same) {
            speeds.push(*transform);
        }
    }
    speeds
}

/// The spans of `runs` that need no other look: a short one far from where its neighbours run may be a repeat.
fn settled(runs: &[(Run, Transform)], scan: &ScanParams) -> Vec<Span> {
    let near = scan.splice.near;
    let far = |a: &(Run, Transform), b: &(Run, Transform)| {
        (b.1.time(f64::from(b.0.begin)) - a.1.time(f64::from(a.0.end))).abs() > 2.0 * near
    };
    let doubtful = |i: usize| {
        let short = runs[i].0.end - runs[i].0.begin < scan.resolve.stray;
        let before = i > 0 && far(&runs[i - 1], &runs[i]);
        let after = i + 1 < runs.len() && far(&runs[i], &runs[i + 1]);
        short && (before || after)
    };
    let span = |i: usize| Span::new(runs[i].0.begin, runs[i].0.end);
    (0..runs.len()).filter(|&i| !doubtful(i)).map(span).collect()
}

/// The runs that are sure by themselves, or beside one that is.
fn sure(runs: Vec<(Run, Transform)>, scan: &ScanParams) -> Vec<(Run, Transform)> {
    let (near, least) = (scan.splice.near, scan.segment.min_score);
    let mut kept: Vec<bool> = runs.iter().map(|(run, _)| run.score >= least).collect();
    let beside = |i: usize, j: usize| {
        let ((a, to_a), (b, to_b)) = (&runs[i], &runs[j]);
        let here = b.begin.saturating_sub(a.end);
        let there = to_b.time(f64::from(b.begin)) - to_a.time(f64::from(a.end));
        f64::from(here) <= near && there.abs() <= 2.0 * near
    };
    let forward = (1..runs.len()).map(|i| (i - 1, i, i));
    let backward = (1..runs.len()).rev().map(|i| (i - 1, i, i - 1));
    for (before, after, which) in forward.chain(backward) {
        let other = if which == after { before } else { after };
        if kept[other] && runs[which].0.score >= scan.resolve.beside_score && beside(before, after)
        {
            kept[which] = true;
        }
    }
    runs.into_iter().zip(kept).filter(|(_, kept)| *kept).map(|(run, _)| run).collect()
}

/// Closes the seams between neighbouring runs, which meet where an edit is, and joins those of one line.
fn joined(runs: Vec<(Run, Transform)>, duration: u32, scan: &ScanParams) -> Vec<(Run, Transform)> {
    let mut out: Vec<(Run, Transform)> = Vec::new();
    for (mut run, transform) in runs {
        if let Some((before, line)) = out.last_mut()
            && run.begin.saturating_sub(before.end) <= scan.resolve.seam
        {
            if !line.differs(&transform, duration, &scan.transform) {
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
    fn a_weak_stretch_counts_beside_a_sure_one_only() {
        let run = |begin, end, score| {
            (Run { score, begin, end, peaks: 10, matched: 8 }, Transform::shift(0.0))
        };
        let all =
            vec![run(0, 500, 90.0), run(520, 700, 9.0), run(720, 800, 9.0), run(4_000, 4_100, 9.0)];
        assert_eq!(sure(all, &ScanParams::V1).len(), 3);
    }
}
