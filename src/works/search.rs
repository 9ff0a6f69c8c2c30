//! A query against a store of works, and two works against each other.
//!
//! A query is judged by stretches of twenty seconds, which overlap by half, so that a passage counts wherever it is. Of
//! each stretch the likeliest works and some drawn at random are aligned; what they score is the null distribution
//! that the best are seen against. Where there are only two works, bars in another order take the place of others.

use std::collections::BTreeMap;
use std::ops::Range;

use rayon::prelude::*;
use soundalike_index::{Error as IndexError, ReferenceStore, TrackId, TrackRef};

use super::align::{Aligned, Path, Tempos};
use super::candidates::candidates;
use super::params::WorkParams;
use super::sequence::{IntRow, ROWS_PER_SECOND, Sequence};
use super::significance::{Null, tail};
use super::stored::{HARMONY, SPACE_HARMONY, works};
use super::surrogate::surrogates;

/// What two works have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkEvidence {
    /// Key, tempo and score.
    pub aligned: Aligned,
    /// The way of the alignment, in rows of the query as it was played and of the work.
    pub path: Path,
    /// Deviations of the score from those of unrelated works.
    pub z: f64,
    /// Works that would score as high by chance, among all works and stretches.
    pub expected: f64,
    /// Share of works drawn at random that score at least half as high.
    pub common: f64,
    /// Whether the null distribution is of enough works to tell.
    pub can_tell: bool,
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
    /// Those of them that were drawn for null distributions.
    drawn: Vec<(TrackRef, Vec<IntRow>)>,
}

impl WorkScanner {
    /// Over the works of `store`.
    ///
    /// # Errors
    /// The store does not answer, or its works are damaged or of another kind.
    pub fn new(store: &dyn ReferenceStore, params: &WorkParams) -> Result<WorkScanner, IndexError> {
        let theirs = store.spaces().into_iter().find(|space| space.space == SPACE_HARMONY);
        if let Some(theirs) = theirs.filter(|s| s.digest != params.stored_digest()) {
            return Err(IndexError::ParamsMismatch {
                path: store.state().into(),
                index: format!("works {}", short(&theirs.digest)),
                given: format!("{} {}", params.preset, short(&params.stored_digest())),
            });
        }
        let count = store.count_with(HARMONY)?;
        let drawn = read(store, store.drawn(HARMONY, params.significance.drawn)?)?;
        Ok(WorkScanner { params: *params, count, drawn })
    }

    /// Works that can be found.
    pub fn count(&self) -> usize {
        self.count
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
        query: &Sequence,
    ) -> Result<Vec<FoundWork>, IndexError> {
        let stretches = stretches(query, &self.params);
        let tests = (self.count * stretches.len()) as f64;
        let mut best: BTreeMap<TrackRef, (WorkEvidence, Vec<IntRow>)> = BTreeMap::new();
        for stretch in stretches {
            for (work, found, rows) in self.stretch(store, &query.part(stretch), tests)? {
                if best.get(&work).is_none_or(|(known, _)| is_surer(&found, known)) {
                    best.insert(work, (found, rows));
                }
            }
        }
        // Of the whole query the way is known only now.
        let whole = Tempos::new(query, &self.params.align);
        let all = best.into_par_iter().map(|(work, (found, rows))| FoundWork {
            work,
            found: WorkEvidence { path: whole.path(&rows, &found.aligned), ..found },
        });
        let mut all: Vec<FoundWork> = all.collect();
        all.sort_by(|a, b| surer(&b.found, &a.found));
        Ok(all)
    }

    /// All works that were aligned with a stretch.
    fn stretch(
        &self,
        store: &dyn ReferenceStore,
        part: &Sequence,
        tests: f64,
    ) -> Result<Vec<(TrackRef, WorkEvidence, Vec<IntRow>)>, IndexError> {
        let tempos = Tempos::new(part, &self.params.align);
        let likely = read(store, candidates(store, part, &self.params)?)?;
        let drawn: BTreeMap<TrackRef, Aligned> =
            self.drawn.par_iter().map(|(work, rows)| (*work, tempos.best(rows))).collect();
        let alike = likely.into_par_iter().map(|(work, rows)| {
            let aligned = drawn.get(&work).copied().unwrap_or_else(|| tempos.best(&rows));
            (work, aligned, rows)
        });
        let alike: Vec<(TrackRef, Aligned, Vec<IntRow>)> = alike.collect();
        let by_chance: Vec<f32> = drawn.values().map(|aligned| aligned.score).collect();
        let near: Vec<f32> = alike.iter().map(|(_, aligned, _)| aligned.score).collect();
        let judge = Judge::new(&by_chance, &near, tests, &self.params);
        let is_alike = |work: &TrackRef| alike.iter().any(|(other, ..)| other == work);
        let others = self.drawn.iter().filter(|(work, _)| !is_alike(work));
        let others = others.map(|(work, rows)| (*work, drawn[work], rows.clone()));
        let all = others.collect::<Vec<_>>().into_iter().chain(alike);
        Ok(all.map(|(work, aligned, rows)| (work, judge.evidence(aligned), rows)).collect())
    }
}

/// What `query` and `work` have in common, more than the query and the bars of the work in another order have; none
/// where one of them never sounds.
pub fn compare(query: &Sequence, work: &[IntRow], params: &WorkParams) -> Option<WorkEvidence> {
    let stretches = stretches(query, params);
    let others = surrogates(work, params.significance.drawn);
    let tests = stretches.len() as f64;
    let judged = stretches.into_iter().map(|stretch| {
        let tempos = Tempos::new(&query.part(stretch), &params.align);
        let by_chance: Vec<f32> = others.par_iter().map(|rows| tempos.best(rows).score).collect();
        Judge::new(&by_chance, &[], tests, params).evidence(tempos.best(work))
    });
    let found = judged.max_by(surer).filter(|found| found.aligned.score > 0.0)?;
    let path = Tempos::new(query, &params.align).path(work, &found.aligned);
    Some(WorkEvidence { path, ..found })
}

/// What scores of a stretch are worth.
struct Judge<'a> {
    null: Option<Null>,
    by_chance: &'a [f32],
    tests: f64,
    params: &'a WorkParams,
}

impl Judge<'_> {
    fn new<'a>(
        by_chance: &'a [f32],
        near: &[f32],
        tests: f64,
        params: &'a WorkParams,
    ) -> Judge<'a> {
        let null = Null::new(by_chance, near, &params.significance);
        Judge { null, by_chance, tests, params }
    }

    fn evidence(&self, aligned: Aligned) -> WorkEvidence {
        let z = self.null.as_ref().map_or(0.0, |null| null.z(aligned.score));
        let as_high = self.by_chance.iter().filter(|s| **s >= 0.5 * aligned.score).count();
        WorkEvidence {
            aligned,
            path: Path { cells: Vec::new() },
            z,
            expected: self.tests * tail(z, &self.params.significance),
            common: as_high as f64 / self.by_chance.len().max(1) as f64,
            can_tell: self.null.is_some(),
        }
    }
}

/// Those of the tracks that are stored as works, with their rows.
fn read(
    store: &dyn ReferenceStore,
    tracks: Vec<TrackRef>,
) -> Result<Vec<(TrackRef, Vec<IntRow>)>, IndexError> {
    let ids: Vec<TrackId> = tracks.iter().map(|track| track.id).collect();
    let rows = works(store, &ids)?;
    Ok(tracks.into_iter().zip(rows).filter_map(|(track, rows)| Some((track, rows?))).collect())
}

fn short(digest: &[u8; 32]) -> String {
    digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// By how far they stand out; of equal ones by their scores, so that where there is no null distribution there is an
/// order, too.
fn surer(a: &WorkEvidence, b: &WorkEvidence) -> std::cmp::Ordering {
    a.z.total_cmp(&b.z).then(a.aligned.score.total_cmp(&b.aligned.score))
}

fn is_surer(a: &WorkEvidence, b: &WorkEvidence) -> bool {
    surer(a, b).is_gt()
}

/// The stretches of a query in most of which something sounds.
fn stretches(query: &Sequence, params: &WorkParams) -> Vec<Range<usize>> {
    let sounds = |stretch: &Range<usize>| {
        let part = query.part(stretch.clone());
        2 * part.sounding() >= part.rows.len() && !part.rows.is_empty()
    };
    cut(query.rows.len(), params).into_iter().filter(sounds).collect()
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
