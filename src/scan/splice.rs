//! Spliced alignment: the best sequence of lines along which a query runs.
//!
//! An edited copy (a breath cut out, silences removed, a stutter, pieces at speeds and pitches of their own)
//! runs along several lines of the plane of query time and reference time. Which line explains which stretch
//! is decoded by the Viterbi algorithm (1967): a state is a line or the null state, in which a peak lies
//! anywhere; a peak's log-likelihood ratio under a line is that of verification; changing to another line
//! costs nats, little where the reference goes on near where it was left, more elsewhere, so that a track
//! which repeats itself is not laid over its repeats where one line explains all. This is spliced alignment of
//! sequences (Gelfand, Mironov and Pevzner, PNAS 1996), or JumpDTW of music (Fremerey, Müller and Clausen,
//! ISMIR 2010), on points.

use super::params::SpliceParams;
use super::transform::Transform;
use super::verify::Steps;

/// A stretch of the query's peaks that one line explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Number of the line.
    pub line: usize,
    /// First peak.
    pub begin: usize,
    /// Peak after the last.
    pub end: usize,
}

/// The best sequence of `lines` for the peaks at `times` (time units, in order); `steps[l]` holds what each of
/// them scores under line `l`.
pub fn decode(
    times: &[u32],
    lines: &[Transform],
    steps: &[Steps],
    params: &SpliceParams,
) -> Vec<Stretch> {
    let count = lines.len();
    let null = count;
    if count == 0 || times.is_empty() {
        return Vec::new();
    }
    // Where a state came from: itself, or the state before a change.
    let mut from: Vec<u16> = Vec::with_capacity(times.len() * (count + 1));
    let mut value = vec![f32::NEG_INFINITY; count + 1];
    value[null] = 0.0;
    let mut next = value.clone();
    let mut sources: Vec<usize> = Vec::with_capacity(params.sources);
    for (i, &time) in times.iter().enumerate() {
        strongest(&value[..count], params.sources, &mut sources);
        for line in 0..count {
            let (mut best, mut origin) = (value[line], line);
            let mut offer = |value: f32, state: usize| {
                if value > best {
                    (best, origin) = (value, state);
                }
            };
            offer(value[null] - params.far_cost, null);
            for &source in sources.iter().filter(|&&s| s != line) {
                let t = f64::from(time);
                let near = (lines[source].time(t) - lines[line].time(t)).abs() <= params.near;
                offer(
                    value[source] - if near { params.near_cost } else { params.far_cost },
                    source,
                );
            }
            next[line] = best + steps[line].at(i);
            from.push(origin as u16);
        }
        let (mut best, mut origin) = (value[null], null);
        if let Some(&source) = sources.first()
            && value[source] - params.leave_cost > best
        {
            (best, origin) = (value[source] - params.leave_cost, source);
        }
        next[null] = best;
        from.push(origin as u16);
        std::mem::swap(&mut value, &mut next);
    }
    let last = (0..=count).max_by(|&a, &b| value[a].total_cmp(&value[b])).unwrap_or(null);
    trace(&from, count + 1, last)
}

/// The states with the highest values, highest first.
fn strongest(values: &[f32], count: usize, sources: &mut Vec<usize>) {
    sources.clear();
    for (state, &value) in values.iter().enumerate() {
        if value == f32::NEG_INFINITY {
            continue;
        }
        let place = sources.partition_point(|&s| values[s] >= value);
        if place < count {
            sources.truncate(count - 1);
            sources.insert(place, state);
        }
    }
}

/// Follows `from` back from state `last`; the null state, the last of `states`, leaves no stretch.
fn trace(from: &[u16], states: usize, last: usize) -> Vec<Stretch> {
    let mut stretches: Vec<Stretch> = Vec::new();
    let mut state = last;
    for i in (0..from.len() / states).rev() {
        if state + 1 < states {
            match stretches.last_mut() {
                Some(s) if s.line == state && s.begin == i + 1 => s.begin = i,
                _ => stretches.push(Stretch { line: state, begin: i, end: i + 1 }),
            }
        }
        state = usize::from(from[i * states + state]);
    }
    stretches.reverse();
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::params::ScanParams;

    const PARAMS: &SpliceParams = &ScanParams::V1.splice;

    fn steps(values: impl Iterator<Item = f32>) -> Steps {
        Steps::from(values.collect::<Vec<_>>())
    }

    /// Peaks a tenth of a second apart.
    fn times(count: u32) -> Vec<u32> {
        (0..count).map(|i| i * 25).collect()
    }

    #[test]
    fn a_cut_changes_the_line_where_it_is() {
        let lines = [Transform::shift(100.0), Transform::shift(140.0)];
        let explained = |from: usize, to: usize| {
            steps((0..60).map(move |i| if (from..to).contains(&i) { 2.0 } else { -0.4 }))
        };
        let found = decode(&times(60), &lines, &[explained(0, 30), explained(30, 60)], PARAMS);
        assert_eq!(
            found,
            [Stretch { line: 0, begin: 0, end: 30 }, Stretch { line: 1, begin: 30, end: 60 }]
        );
    }

    #[test]
    fn a_repeat_that_fits_as_well_is_left_alone() {
        let lines = [Transform::shift(0.0), Transform::shift(5_000.0)];
        let all = || steps((0..60).map(|_| 2.0));
        let repeat = steps((0..60).map(|i| if (20..40).contains(&i) { 2.5 } else { -0.4 }));
        assert_eq!(
            decode(&times(60), &lines, &[all(), repeat], PARAMS),
            [Stretch { line: 0, begin: 0, end: 60 }]
        );
    }

    #[test]
    fn what_no_line_explains_belongs_to_none() {
        let lines = [Transform::shift(0.0)];
        let ends = steps((0..90).map(|i| if (30..60).contains(&i) { -1.0 } else { 2.0 }));
        let found = decode(&times(90), &lines, &[ends], PARAMS);
        assert_eq!(found.iter().map(|s| (s.begin, s.end)).collect::<Vec<_>>(), [(0, 30), (60, 90)]);
        assert_eq!(decode(&times(90), &lines, &[steps((0..90).map(|_| -0.1))], PARAMS), []);
        assert_eq!(decode(&[], &lines, &[steps([].into_iter())], PARAMS), []);
    }
}
