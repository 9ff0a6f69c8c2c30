//! Seams of joined clips: gaps of some milliseconds in the sound, all at one distance.
//!
//! A generator that makes clips of a few seconds gets to minutes by joining them. An MP3 holds whole frames only, and
//! its first samples are the encoder's delay; joined without the tags that tell of both, every clip brings some tens of
//! milliseconds of near-silence with it (the 5.110 s of a clip of Riffusion v1 become 197 frames, 5.1461 s). Music has
//! gaps, too, but not at the ends of equal parts of seconds and nowhere else: told is a grid that most gaps lie on and
//! that lacks few.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Length of a block in seconds.
const BLOCK_S: f64 = 0.001;
/// Blocks on either side of a gap that it is held against.
const BESIDE: usize = 100;
/// Blocks of a gap: shorter ones are zero crossings of a low tone, longer ones rests.
const GAP: std::ops::RangeInclusive<usize> = 3..=150;
/// How far the level of a gap lies below that of the sound before it, in every block: 30 dB. Of clips of Riffusion v1,
/// saved as MP3 and joined, 58 to 114 blocks do, also where the whole was encoded again.
const BELOW_BEFORE: f32 = 1e-3;
/// How far half of it lies below what follows, which may fade in: 20 dB.
const BELOW_AFTER: f32 = 1e-2;
/// Power below which there is no sound that a gap could be in: -50 dB of full scale.
const SOUND: f32 = 1e-5;
/// Gaps of which seams are sought; music with more of them has none.
const MAX_GAPS: usize = 4_000;
/// Distances of seams, in blocks: 2.5 to 12 s.
const PERIOD: std::ops::RangeInclusive<usize> = 2_500..=12_000;
/// A gap this many blocks off the grid lies on it: the pre-echo of a second encoding covers up to 16 of its first ones.
const OFF: f64 = 14.0;
/// Fewest seams.
const FEWEST: usize = 3;
/// Share of the places of the grid at which there is a gap.
const FILLED: f64 = 0.8;
/// Share of the gaps that lie on the grid.
const EXPLAINED: f64 = 0.5;
/// Gaps from which a grid is laid.
const STARTS: usize = 24;

/// Seams of clips that were joined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Seams {
    /// Length of a clip, in microseconds.
    pub period_us: u64,
    /// Seams found.
    pub count: usize,
    /// Seams that there would be were none missing.
    pub of: usize,
    /// The first of them.
    pub first_ms: u64,
}

/// Streaming meter: push samples at the analysis rate, take the seams.
pub struct SeamMeter {
    block: usize,
    /// Of the block in progress: samples, and the sum of their squares.
    samples: usize,
    squares: f32,
    /// Powers of the last blocks, oldest first, as a ring.
    ring: Vec<f32>,
    /// Blocks so far.
    blocks: usize,
    /// Sum of the powers of the last blocks beside the next one.
    recent: f64,
    /// Where the gap in progress began, if the present block may be in one, and the power before it.
    low_since: Option<(usize, f32)>,
    /// Gaps whose far side is not yet known: first block, and the one after the last.
    waiting: VecDeque<(usize, usize)>,
    /// First blocks of gaps.
    gaps: Vec<usize>,
    overflown: bool,
}

/// Blocks that are remembered: a gap with both its sides.
const REMEMBERED: usize = 2 * BESIDE + *GAP.end() + 1;

impl SeamMeter {
    /// A meter for a stream at `rate` Hz.
    pub fn new(rate: u32) -> Self {
        SeamMeter {
            block: ((f64::from(rate) * BLOCK_S) as usize).max(1),
            samples: 0,
            squares: 0.0,
            ring: vec![0.0; REMEMBERED],
            blocks: 0,
            recent: 0.0,
            low_since: None,
            waiting: VecDeque::new(),
            gaps: Vec::new(),
            overflown: false,
        }
    }

    /// Takes the next samples.
    pub fn push(&mut self, mut samples: &[f32]) {
        while !samples.is_empty() {
            let (now, later) = samples.split_at(samples.len().min(self.block - self.samples));
            self.squares += now.iter().map(|x| x * x).sum::<f32>();
            self.samples += now.len();
            if self.samples == self.block {
                self.judge(self.squares / self.block as f32);
                (self.samples, self.squares) = (0, 0.0);
            }
            samples = later;
        }
    }

    /// Ends the stream.
    pub fn finish(&mut self) -> Option<Seams> {
        if self.overflown { None } else { grid(&self.gaps, self.blocks) }
    }

    /// Mean power of the blocks from `from` up to `to`, which are remembered.
    fn power(&self, from: usize, to: usize) -> f32 {
        let all = (from..to).map(|block| self.ring[block % REMEMBERED]);
        all.sum::<f32>() / (to - from).max(1) as f32
    }

    /// Takes the power of the next block.
    fn judge(&mut self, power: f32) {
        let at = self.blocks;
        let before = (self.recent / BESIDE as f64) as f32;
        let (since, before) = self.low_since.unwrap_or((at, before));
        let is_low = before > SOUND && power < BELOW_BEFORE * before && at - since < *GAP.end();
        if is_low {
            self.low_since = Some((since, before));
        } else if self.low_since.take().is_some() && GAP.contains(&(at - since)) {
            self.waiting.push_back((since, at));
        }
        let leaving = at.checked_sub(BESIDE).map_or(0.0, |old| self.ring[old % REMEMBERED]);
        self.recent = (self.recent + f64::from(power) - f64::from(leaving)).max(0.0);
        self.ring[at % REMEMBERED] = power;
        self.blocks += 1;
        let due = self.waiting.front().copied().filter(|(_, end)| end + BESIDE == at + 1);
        if let Some((since, end)) = due {
            self.waiting.pop_front();
            self.keep(since, end);
        }
    }

    /// Keeps a gap if there is sound on its far side, too.
    fn keep(&mut self, since: usize, end: usize) {
        let after = self.power(end, end + BESIDE);
        let quiet = (since..end).filter(|b| self.ring[b % REMEMBERED] < BELOW_AFTER * after);
        if after > SOUND && 2 * quiet.count() >= end - since {
            self.overflown |= self.gaps.len() >= MAX_GAPS;
            if !self.overflown {
                self.gaps.push(since);
            }
        }
    }
}

/// The grid that most of `gaps` lie on, in a track of `blocks`.
fn grid(gaps: &[usize], blocks: usize) -> Option<Seams> {
    let mut best: Option<Seams> = None;
    for (i, &start) in gaps.iter().enumerate().take(STARTS) {
        let periods = gaps[i + 1..].iter().map(|next| next - start);
        for period in periods.skip_while(|p| p < PERIOD.start()).take_while(|p| PERIOD.contains(p))
        {
            let Some(seams) = laid(gaps, blocks, start, period as f64) else { continue };
            if best.as_ref().is_none_or(|best| seams.count > best.count) {
                best = Some(seams);
            }
        }
    }
    best
}

/// The grid of about this `period` through about this `start`, if it is filled and explains the gaps.
fn laid(gaps: &[usize], blocks: usize, start: usize, period: f64) -> Option<Seams> {
    let (mut line, mut reach) = (Line { start: start as f64, period }, 2.0 * period);
    let mut on = line.gaps(gaps, reach);
    // A period that is a block off is a second off after a thousand: the fit of few gaps finds the next ones.
    while reach < 2.0 * blocks as f64 {
        line = Line::through(&on)?;
        reach *= 2.0;
        on = line.gaps(gaps, reach);
    }
    let places = |span: f64| (span / line.period).floor().max(0.0) as usize;
    // A clip at the very end has no seam after it.
    let of = places(line.start + OFF) + places(blocks as f64 - line.start - 0.1 * line.period) + 1;
    let count = on.len();
    let is_grid = count >= FEWEST
        && count as f64 >= FILLED * of as f64
        && count as f64 >= EXPLAINED * gaps.len() as f64
        && PERIOD.contains(&(line.period as usize));
    is_grid.then(|| Seams {
        period_us: (line.period * BLOCK_S * 1e6).round() as u64,
        count,
        of: of.max(count),
        first_ms: on.first().map_or(0, |(_, gap)| *gap as u64),
    })
}

/// A grid: where its place 0 lies, and how far the places are apart, in blocks.
#[derive(Clone, Copy)]
struct Line {
    start: f64,
    period: f64,
}

impl Line {
    /// Least squares through gaps at their places.
    fn through(on: &[(f64, f64)]) -> Option<Line> {
        let n = on.len() as f64;
        let mean = |of: &dyn Fn(&(f64, f64)) -> f64| on.iter().map(of).sum::<f64>() / n;
        let (place, gap) = (mean(&|p| p.0), mean(&|p| p.1));
        let spread: f64 = on.iter().map(|p| (p.0 - place).powi(2)).sum();
        let both: f64 = on.iter().map(|p| (p.0 - place) * (p.1 - gap)).sum();
        let period = both / spread;
        (spread > 0.0).then_some(Line { start: gap - period * place, period })
    }

    /// The gaps on it that are at most `reach` from its start: place, and where they lie; one a place.
    fn gaps(&self, gaps: &[usize], reach: f64) -> Vec<(f64, f64)> {
        let mut on: Vec<(f64, f64)> = Vec::new();
        for &gap in gaps {
            let distance = gap as f64 - self.start;
            let place = (distance / self.period).round();
            let is_on = distance.abs() <= reach && (distance - place * self.period).abs() <= OFF;
            if is_on && on.last().is_none_or(|(last, _)| *last != place) {
                on.push((place, gap as f64));
            }
        }
        on
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_audio::clip;
    use super::*;

    const RATE: u32 = 16_000;

    fn measured(samples: &[f32], chunk: usize) -> Option<Seams> {
        let mut meter = SeamMeter::new(RATE);
        samples.chunks(chunk).for_each(|chunk| meter.push(chunk));
        meter.finish()
    }

    /// Real music in parts of `seconds`, each followed by `gap_ms` of near-silence.
    fn joined(seconds: f64, gap_ms: usize) -> Vec<f32> {
        let music = clip("demo/references/typing-to-jazz.ogg");
        let part = (seconds * f64::from(RATE)) as usize - gap_ms * 16;
        let all = music.iter().cycle().take(8 * part).copied().collect::<Vec<f32>>();
        let gap = |i: usize| (0..gap_ms * 16).map(move |j| (((i + j) % 5) as f32 - 2.0) * 1e-4);
        all.chunks(part)
            .enumerate()
            .flat_map(|(i, part)| part.iter().copied().chain(gap(i)))
            .collect()
    }

    #[test]
    fn clips_joined_with_gaps_are_told_with_their_length_whatever_the_chunks() {
        for (seconds, gap) in [(5.1461, 40), (5.1461, 8), (3.0, 30), (10.0, 5)] {
            let track = joined(seconds, gap);
            let found = measured(&track, 1_152).expect("seams");
            assert!((found.period_us as f64 / 1e6 - seconds).abs() < 0.002, "{found:?}");
            assert!(found.count >= 7 && found.of <= 8, "{found:?}");
            assert_eq!(Some(found), measured(&track, 777));
        }
    }

    #[test]
    fn music_has_no_seams() {
        for name in
            ["references/main-theme.ogg", "references/zalek.ogg", "references/typing-to-jazz.ogg"]
        {
            assert_eq!(measured(&clip(&format!("demo/{name}")), 4_096), None, "{name}");
        }
        assert_eq!(measured(&joined(5.0, 0), 1_000), None);
        assert_eq!(measured(&[], 1), None);
    }

    #[test]
    fn a_beat_with_rests_is_no_series_of_clips() {
        // A staccato: 120 ms of sound, 40 ms of rest, throughout; every fortieth rest lies on a grid of 6.4 s.
        let tone = |i: usize| {
            if i % 2_560 < 1_920 { ((i * i % 97) as f32 / 97.0 - 0.5) * 0.3 } else { 0.0 }
        };
        let track: Vec<f32> = (0..16_000 * 60).map(tone).collect();
        assert_eq!(measured(&track, 3_000), None);
    }
}
