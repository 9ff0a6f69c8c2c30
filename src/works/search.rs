//! A query against a store of works, and two works against each other.
//!
//! A query is judged by stretches of twenty seconds, which overlap by half, so that a passage counts wherever it is. Of
//! each stretch the likeliest works and some drawn at random are aligned; what they score is the null distribution
//! that the best are seen against. Where there are only two works, bars in another order take the place of others.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use rayon::prelude::*;
use soundalike_index::{Error as IndexError, ReferenceStore, TrackId, TrackRef};

use super::align::{Aligned, Path, Tempos};
use super::candidates::candidates;
use super::channel::{Channel, Listening};
use super::params::WorkParams;
use super::sequence::{ROWS_PER_SECOND, Sequence};
use super::significance::{Null, joint, tail};
use super::stored::{Stored, works};
use super::surrogate::surrogates;
use super::work::Work;
use crate::id::hex;

/// What two works have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkEvidence {
    /// The channel that says most.
    pub channel: Channel,
    /// Both together say more than either.
    pub is_both: bool,
    /// Key, tempo and score in that channel.
    pub aligned: Aligned,
    /// The way of the alignment, in rows of the query as it was played and of the work.
    pub path: Path,
    /// Deviations of the score from those of unrelated works, in each channel that both have.
    pub z: [Option<f64>; 2],
    /// Works that would agree as well by chance, among all works and stretches.
    pub expected: f64,
    /// Share of works drawn at random that score at least half as high.
    pub common: f64,
    /// Whether the null distribution is of enough works to tell.
    pub can_tell: bool,
}

impl WorkEvidence {
    /// Deviations in the channel that says most; 0 where nothing can be told.
    pub fn leading_z(&self) -> f64 {
        self.z[self.channel as usize].unwrap_or(0.0)
    }
}

/// A work that a query resembles.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundWork {
    /// The work.
    pub work: TrackRef,
    /// What is common.
    pub found: WorkEvidence,
}

/// Works to look up, opened once.
pub struct WorkScanner {
    params: WorkParams,
    /// Works of the store.
    count: usize,
    /// Some of them are kept with their tune.
    has_melody: bool,
    /// Those of them that were drawn for null distributions.
    drawn: Vec<(TrackRef, Stored)>,
}

/// Works that were aligned with a stretch.
type Aligneds = BTreeMap<TrackRef, (WorkEvidence, Stored)>;

impl WorkScanner {
    /// Over the works of `store`.
    ///
    /// # Errors
    /// The store does not answer, or its works are damaged or of another kind.
    pub fn new(store: &dyn ReferenceStore, params: &WorkParams) -> Result<WorkScanner, IndexError> {
        for channel in Channel::ALL {
            let ours = params.stored_digest(channel);
            let theirs = store.spaces().into_iter().find(|space| space.space == channel.space());
            if let Some(theirs) = theirs.filter(|theirs| theirs.digest != ours) {
                return Err(IndexError::ParamsMismatch {
                    path: store.state().into(),
                    index: format!("{} {}", channel.name(), hex(&theirs.digest[..8])),
                    given: format!("{} {}", params.preset, hex(&ours[..8])),
                });
            }
        }
        // What sounds at all has harmony.
        let count = store.count_with(Channel::Harmony.name())?;
        let has_melody = store.count_with(Channel::Melody.name())? > 0;
        let drawn = store.drawn(Channel::Harmony.name(), params.significance.drawn)?;
        let drawn = read(store, drawn)?;
        Ok(WorkScanner { params: *params, count, has_melody, drawn })
    }

    /// Works that can be found.
    pub fn count(&self) -> usize {
        self.count
    }

    /// What works are kept with.
    pub fn listening(&self) -> Listening {
        if self.has_melody { Listening::All } else { Listening::Harmony }
    }

    /// The parameters.
    pub fn params(&self) -> &WorkParams {
        &self.params
    }

    /// The works that `query` resembles, the surest first: all that were aligned.
    ///
    /// # Errors
    /// The store does not answer, or a work in it is damaged.
    pub fn scan(
        &self,
        store: &dyn ReferenceStore,
        query: &Work,
    ) -> Result<Vec<FoundWork>, IndexError> {
        let stretches = stretches(query, &self.params);
        let tests = (self.count * stretches.len()) as f64;
        let mut best = Aligneds::new();
        for stretch in stretches {
            for (work, found) in self.stretch(store, &Part::new(query, stretch), tests)? {
                if best.get(&work).is_none_or(|(known, _)| surer(&found.0, known).is_gt()) {
                    best.insert(work, found);
                }
            }
        }
        // Of the whole query the way is known only now.
        let whole = Part::new(query, 0..query.harmony.rows.len());
        let whole = whole.tempos(&self.params);
        let all = best.into_par_iter().map(|(work, (found, rows))| FoundWork {
            work,
            found: WorkEvidence { path: way(&whole, &rows, &found), ..found },
        });
        let mut all: Vec<FoundWork> = all.collect();
        all.sort_by(|a, b| surer(&b.found, &a.found));
        Ok(all)
    }

    /// All works that were aligned with a stretch.
    fn stretch(
        &self,
        store: &dyn ReferenceStore,
        part: &Part,
        tests: f64,
    ) -> Result<Aligneds, IndexError> {
        let mut alike: [BTreeSet<TrackRef>; 2] = Default::default();
        for (channel, query) in part.channels() {
            let likely = candidates(store, channel, query, &self.params)?;
            alike[channel as usize] = likely.into_iter().collect();
        }
        let drawn: BTreeSet<TrackRef> = self.drawn.iter().map(|(work, _)| *work).collect();
        let others: BTreeSet<TrackRef> = alike.iter().flatten().copied().collect();
        let others: Vec<TrackRef> = others.difference(&drawn).copied().collect();
        let others = read(store, others)?;
        let tempos = part.tempos(&self.params);
        let all: Vec<&(TrackRef, Stored)> = self.drawn.iter().chain(&others).collect();
        let scores: Vec<Scores> = all.par_iter().map(|(_, rows)| align(&tempos, rows)).collect();
        let of = |works: &BTreeSet<TrackRef>, channel: Channel| -> Vec<f32> {
            let both = all.iter().zip(&scores).filter(|((work, _), _)| works.contains(work));
            both.filter_map(|(_, scores)| Some(scores[channel as usize]?.score)).collect()
        };
        let by_chance = Channel::ALL.map(|channel| of(&drawn, channel));
        let near = Channel::ALL.map(|channel| of(&alike[channel as usize], channel));
        let judge = Judge::new(by_chance, &near, tests, &self.params);
        let found = all.iter().zip(&scores).filter_map(|((work, rows), scores)| {
            Some((*work, (judge.evidence(scores)?, rows.clone())))
        });
        Ok(found.collect())
    }
}

/// What `query` and `work` have in common, more than the query and the bars of the work in another order have; none
/// where one of them never sounds.
pub fn compare(query: &Work, work: &Work, params: &WorkParams) -> Option<WorkEvidence> {
    let stored = Channel::ALL.map(|channel| Some(work.of(channel).stored()));
    let stretches = stretches(query, params);
    let drawn = params.significance.drawn;
    let others =
        stored.each_ref().map(|rows| surrogates(rows.as_deref().unwrap_or_default(), drawn));
    let tests = stretches.len() as f64;
    let judged = stretches.into_iter().filter_map(|stretch| {
        let tempos = Part::new(query, stretch).tempos(params);
        let by_chance = Channel::ALL.map(|channel| {
            let Some(tempos) = &tempos[channel as usize] else { return Vec::new() };
            let others = others[channel as usize].par_iter();
            others.map(|rows| tempos.best(rows).score).collect()
        });
        let judge = Judge::new(by_chance, &Default::default(), tests, params);
        judge.evidence(&align(&tempos, &stored))
    });
    let found = judged.max_by(surer).filter(|found| found.aligned.score > 0.0)?;
    let whole = Part::new(query, 0..query.harmony.rows.len()).tempos(params);
    Some(WorkEvidence { path: way(&whole, &stored, &found), ..found })
}

/// A stretch of a query: the rows of each channel that sounds in it.
struct Part {
    channels: [Option<Sequence>; 2],
}

impl Part {
    fn new(query: &Work, stretch: Range<usize>) -> Part {
        let channel = |channel: Channel| {
            let part = query.of(channel).part(stretch.clone());
            let least = part.rows.len() / LEAST_SOUNDING;
            (part.sounding() > least).then_some(part)
        };
        Part { channels: Channel::ALL.map(channel) }
    }

    fn channels(&self) -> impl Iterator<Item = (Channel, &Sequence)> {
        Channel::ALL.into_iter().filter_map(|c| Some((c, self.channels[c as usize].as_ref()?)))
    }

    fn tempos(&self, params: &WorkParams) -> [Option<Tempos>; 2] {
        Channel::ALL.map(|channel| {
            let query = self.channels[channel as usize].as_ref()?;
            Some(Tempos::new(query, &params.align, params.of(channel).threshold))
        })
    }
}

/// A stretch in a channel is judged where more than one in so many of its rows sounds.
const LEAST_SOUNDING: usize = 3;

/// How a work was aligned in each channel that both have.
type Scores = [Option<Aligned>; 2];

fn align(tempos: &[Option<Tempos>; 2], work: &Stored) -> Scores {
    Channel::ALL.map(|c| Some(tempos[c as usize].as_ref()?.best(work[c as usize].as_ref()?)))
}

/// The way of an alignment in the channel that says most.
fn way(tempos: &[Option<Tempos>; 2], work: &Stored, found: &WorkEvidence) -> Path {
    let channel = found.channel as usize;
    let both = tempos[channel].as_ref().zip(work[channel].as_ref());
    both.map_or(Path { cells: Vec::new() }, |(tempos, rows)| tempos.path(rows, &found.aligned))
}

/// What scores of a stretch are worth.
struct Judge<'a> {
    nulls: [Option<Null>; 2],
    by_chance: [Vec<f32>; 2],
    tests: f64,
    params: &'a WorkParams,
}

impl Judge<'_> {
    fn new<'a>(
        by_chance: [Vec<f32>; 2],
        near: &[Vec<f32>; 2],
        tests: f64,
        params: &'a WorkParams,
    ) -> Judge<'a> {
        let null =
            |c: Channel| Null::new(&by_chance[c as usize], &near[c as usize], &params.significance);
        Judge { nulls: Channel::ALL.map(null), by_chance, tests, params }
    }

    /// None where nothing was aligned.
    fn evidence(&self, scores: &Scores) -> Option<WorkEvidence> {
        let z = Channel::ALL
            .map(|c| Some(self.nulls[c as usize].as_ref()?.z(scores[c as usize]?.score)));
        let shares = Channel::ALL.map(|c| Some(tail(z[c as usize]?, self.params.of(c))));
        let (share, is_both) = joint(shares, self.params.significance.joint_weight);
        let score = |c: &Channel| scores[*c as usize].map(|aligned| aligned.score);
        let says = |c: &Channel| (z[*c as usize].unwrap_or(f64::MIN), score(c).unwrap_or(0.0));
        let heard = Channel::ALL.into_iter().filter(|c| score(c).is_some());
        let channel = heard.max_by(|a, b| {
            let (a, b) = (says(a), says(b));
            a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
        })?;
        let aligned = scores[channel as usize]?;
        let by_chance = &self.by_chance[channel as usize];
        let as_high = by_chance.iter().filter(|s| **s >= 0.5 * aligned.score).count();
        Some(WorkEvidence {
            channel,
            is_both,
            aligned,
            path: Path { cells: Vec::new() },
            z,
            expected: self.tests * share,
            common: as_high as f64 / by_chance.len().max(1) as f64,
            can_tell: self.nulls[channel as usize].is_some(),
        })
    }
}

/// Those of the tracks that are stored as works, with their rows.
fn read(
    store: &dyn ReferenceStore,
    tracks: Vec<TrackRef>,
) -> Result<Vec<(TrackRef, Stored)>, IndexError> {
    let ids: Vec<TrackId> = tracks.iter().map(|track| track.id).collect();
    let rows = works(store, &ids)?;
    let both = tracks.into_iter().zip(rows);
    Ok(both.filter(|(_, rows)| rows.iter().any(Option::is_some)).collect())
}

/// By what chance gives; of equal ones by how far they stand out and by their scores, so that where there is no null
/// distribution there is an order, too.
fn surer(a: &WorkEvidence, b: &WorkEvidence) -> std::cmp::Ordering {
    let z = |found: &WorkEvidence| found.z.iter().flatten().fold(f64::MIN, |a, b| a.max(*b));
    let by_chance = b.expected.total_cmp(&a.expected);
    by_chance.then(z(a).total_cmp(&z(b))).then(a.aligned.score.total_cmp(&b.aligned.score))
}

/// The stretches of a query in which something sounds.
fn stretches(query: &Work, params: &WorkParams) -> Vec<Range<usize>> {
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
