//! Stretches of twenty seconds, by which a query is judged; they overlap by half, so that a passage counts wherever it is.

use std::ops::Range;

use super::align::{Aligned, Path, Tempos};
use super::channel::{Channel, KINDS};
use super::evidence::{Scores, WorkEvidence};
use super::line::Lines;
use super::params::WorkParams;
use super::sequence::{ROWS_PER_SECOND, Sequence};
use super::stored::Stored;
use super::work::Work;

/// A part of a query at the tempos of an alignment, in each channel that sounds.
pub struct InTempos {
    paths: [Option<Tempos>; 2],
    lines: Lines,
    /// Paths of each channel near which lines are searched.
    few: usize,
}

/// A stretch of a query: the rows of each channel that sounds in it.
pub struct Part {
    channels: [Option<Sequence>; 2],
}

impl Part {
    /// Of these rows of `query`.
    pub fn new(query: &Work, stretch: Range<usize>) -> Part {
        let channel = |channel: Channel| {
            let part = query.of(channel).part(stretch.clone());
            let least = part.rows.len() / LEAST_SOUNDING;
            (part.sounding() > least).then_some(part)
        };
        Part { channels: Channel::ALL.map(channel) }
    }

    /// The channels that sound, with their rows.
    pub fn channels(&self) -> impl Iterator<Item = (Channel, &Sequence)> {
        Channel::ALL.into_iter().filter_map(|c| Some((c, self.channels[c as usize].as_ref()?)))
    }

    /// At the tempos of an alignment.
    pub fn tempos(&self, params: &WorkParams) -> InTempos {
        let paths = Channel::ALL.map(|channel| {
            let query = self.channels[channel as usize].as_ref()?;
            Some(Tempos::coarse(query, &params.align, channel))
        });
        let lines = Lines::new(&self.channels, &params.align, &params.line);
        InTempos { paths, lines, few: params.line.paths }
    }

    /// For the ways of alignments.
    pub fn ways(&self, params: &WorkParams) -> Ways {
        Ways(Channel::ALL.map(|channel| {
            let query = self.channels[channel as usize].as_ref()?;
            Some(Tempos::new(query, &params.align, channel))
        }))
    }
}

/// A stretch in a channel is judged where more than one in so many of its rows sounds.
const LEAST_SOUNDING: usize = 3;

impl InTempos {
    /// Whether anything sounds in a channel.
    pub fn sounds(&self, channel: Channel) -> bool {
        self.paths[channel as usize].is_some()
    }

    /// The best lines with a work, near the best paths of each channel.
    pub fn align(&self, work: &Stored) -> Scores {
        let both = self.paths.iter().zip(work);
        let both = both.filter_map(|(tempos, rows)| Some((tempos.as_ref()?, rows.as_ref()?)));
        let paths: Vec<Aligned> =
            both.flat_map(|(tempos, rows)| tempos.best(rows, self.few)).collect();
        self.lines.best(work, &paths)
    }
}

/// A query in each channel that sounds, to follow alignments in.
pub struct Ways([Option<Tempos>; 2]);

impl Ways {
    /// The way of an alignment, in the channel that says most, in the key and near the tempo of the line.
    pub fn way(&self, work: &Stored, found: &WorkEvidence) -> Path {
        let channel = found.channel as usize;
        let both = self.0[channel].as_ref().zip(work[channel].as_ref());
        let (up, slower) = (found.line.up, found.line.near);
        both.map_or(Path { cells: Vec::new() }, |(tempos, rows)| tempos.path(rows, up, slower))
    }
}

/// The scores of many works, apart by kind.
pub fn by_kind<'a>(all: impl Iterator<Item = &'a Scores> + Clone) -> [Vec<f32>; KINDS] {
    std::array::from_fn(|kind| all.clone().filter_map(|scores| Some(scores[kind]?.score)).collect())
}

/// The stretches of a query in which something sounds.
pub fn stretches(query: &Work, params: &WorkParams) -> Vec<Range<usize>> {
    let sounds = |stretch: &Range<usize>| Part::new(query, stretch.clone()).channels().count() > 0;
    cut(query.harmony.rows.len(), params).into_iter().filter(sounds).collect()
}

/// Stretches of so many rows.
fn cut(rows: usize, params: &WorkParams) -> Vec<Range<usize>> {
    let length = params.significance.stretch_s as usize * ROWS_PER_SECOND;
    // What is not much longer is one.
    if rows <= length + length / 2 {
        return std::iter::once(0..rows).collect();
    }
    let step = length / 2;
    let count = (rows - length).div_ceil(step) + 1;
    // Spread evenly, the last one ends with the query.
    let from = |i: usize| i * (rows - length) / (count - 1);
    (0..count).map(|i| from(i)..from(i) + length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_cover_a_query() {
        let params = WorkParams::V1;
        assert_eq!(cut(100, &params).as_slice(), std::slice::from_ref(&(0..100)));
        let many = cut(721, &params);
        assert_eq!((many[0].start, many[many.len() - 1].end), (0, 721));
        assert!(many.windows(2).all(|w| w[1].start - w[0].start <= 40));
        assert!(many.iter().all(|s| s.len() == 80));
    }
}
