//! A query against a store of works.
//!
//! Of each stretch of the query the likeliest works and some drawn at random are aligned; what they score is the null
//! distribution that the best are seen against. The works of a batch are looked for in each other: then every query is
//! a test, several copies of a recording are one work, and where there are too few others to measure chance by,
//! their bars in another order take their place, as where two works are compared.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;
use soundalike_index::{Error as IndexError, ReferenceStore, TrackId, TrackRef};

use super::align::Path;
use super::candidates::candidates;
use super::channel::{Channel, Listening};
use super::evidence::{Judge, Scores, WorkEvidence};
use super::line::{BOTH, KINDS};
use super::params::WorkParams;
use super::stored::{Stored, works};
use super::stretch::{InTempos, Part, Ways, by_kind, stretches};
use super::surrogate;
use super::work::Work;
use crate::id::hex;

/// A work that a query resembles.
#[derive(Debug, Clone)]
pub struct FoundWork {
    /// The work.
    pub work: TrackRef,
    /// What is common.
    pub found: WorkEvidence,
    rows: Stored,
}

/// The works that were aligned with a query, the surest first.
pub struct FoundWorks {
    /// The works.
    pub all: Vec<FoundWork>,
    /// The whole query.
    whole: Ways,
}

impl FoundWorks {
    /// The way of an alignment along the whole query, in rows of the query as it was played and of the work.
    pub fn path(&self, found: &FoundWork) -> Path {
        self.whole.way(&found.rows, &found.found)
    }
}

/// Works that are looked for in each other.
#[derive(Debug, Default)]
pub struct Batch {
    /// Queries there will be.
    pub queries: usize,
    /// Copies of a recording, each with the one that stands for all of them.
    pub copies: HashMap<TrackId, TrackRef>,
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
    /// Bars in another order, each with the work that they are of, where works are too few for a null distribution.
    shuffled: Vec<(TrackId, Stored)>,
    /// Where works are looked for in each other.
    batch: Option<Batch>,
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
            let theirs =
                store.spaces().into_iter().filter(|theirs| theirs.space == channel.space());
            if let Some(theirs) = theirs.into_iter().find(|theirs| theirs.digest != ours) {
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
        let shuffled = Vec::new();
        Ok(WorkScanner { params: *params, count, has_melody, drawn, shuffled, batch: None })
    }

    /// Over the works of `store`, which are looked for in each other.
    ///
    /// # Errors
    /// Those of [`WorkScanner::new`].
    pub fn of_batch(
        store: &dyn ReferenceStore,
        params: &WorkParams,
        batch: Batch,
    ) -> Result<WorkScanner, IndexError> {
        let all = WorkScanner::new(store, params)?;
        let significance = &params.significance;
        let most = significance.drawn.saturating_add(batch.copies.len());
        let mut drawn = store.drawn(Channel::Harmony.name(), most)?;
        drawn.retain(|work| !batch.copies.contains_key(&work.id));
        drawn.truncate(significance.drawn);
        let count = all.count.saturating_sub(batch.copies.len());
        let drawn = read(store, drawn)?;
        // Of a query's own work there is no other.
        let others = count.saturating_sub(1);
        let shuffled = match others >= significance.fewest {
            true => Vec::new(),
            false => shuffled(&drawn, significance.drawn.div_ceil(others.max(1))),
        };
        Ok(WorkScanner { count, drawn, shuffled, batch: Some(batch), ..all })
    }

    /// Works that can be found.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Whether chance is measured by bars in another order.
    pub fn is_measured_by_bars(&self) -> bool {
        !self.shuffled.is_empty()
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
    pub fn scan(&self, store: &dyn ReferenceStore, query: &Work) -> Result<FoundWorks, IndexError> {
        self.scan_but(store, query, None)
    }

    /// As [`scan`](WorkScanner::scan), where `own` is the query itself and no other work.
    ///
    /// # Errors
    /// Those of [`scan`](WorkScanner::scan).
    pub fn scan_but(
        &self,
        store: &dyn ReferenceStore,
        query: &Work,
        own: Option<TrackId>,
    ) -> Result<FoundWorks, IndexError> {
        let stretches = stretches(query, &self.params);
        let works = self.count - usize::from(own.is_some()).min(self.count);
        let queries = self.batch.as_ref().map_or(1, |batch| batch.queries);
        let tests = (works * stretches.len() * queries) as f64;
        let mut best = Aligneds::new();
        for stretch in stretches {
            let part = Part::new(query, stretch);
            for (work, found) in self.stretch(store, &part, own, tests)? {
                if best.get(&work).is_none_or(|(known, _)| found.0.surer(known).is_gt()) {
                    best.insert(work, found);
                }
            }
        }
        let all = best.into_iter().map(|(work, (found, rows))| FoundWork { work, found, rows });
        let mut all: Vec<FoundWork> = all.collect();
        all.sort_by(|a, b| b.found.surer(&a.found));
        // Of the whole query the way is known only now.
        let whole = Part::new(query, 0..query.harmony.rows.len()).ways(&self.params);
        Ok(FoundWorks { all, whole })
    }

    /// All works that were aligned with a stretch.
    fn stretch(
        &self,
        store: &dyn ReferenceStore,
        part: &Part,
        own: Option<TrackId>,
        tests: f64,
    ) -> Result<Aligneds, IndexError> {
        let other = |work: TrackRef| self.standing(work).filter(|work| Some(work.id) != own);
        let mut alike: [BTreeSet<TrackRef>; 2] = Default::default();
        for (channel, query) in part.channels() {
            let likely = candidates(store, channel, query, &self.params, &other)?;
            alike[channel as usize] = likely.into_iter().collect();
        }
        let drawn = || self.drawn.iter().filter(|(work, _)| Some(work.id) != own);
        let by_chance: BTreeSet<TrackRef> = drawn().map(|(work, _)| *work).collect();
        let others: BTreeSet<TrackRef> = alike.iter().flatten().copied().collect();
        let others: Vec<TrackRef> = others.difference(&by_chance).copied().collect();
        let others = read(store, others)?;
        let tempos = part.tempos(&self.params);
        let all: Vec<&(TrackRef, Stored)> = drawn().chain(&others).collect();
        let scores: Vec<Scores> = all.par_iter().map(|(_, rows)| tempos.align(rows)).collect();
        let of = |works: &BTreeSet<TrackRef>| -> [Vec<f32>; KINDS] {
            let both = all.iter().zip(&scores).filter(|((work, _), _)| works.contains(work));
            by_kind(both.map(|(_, scores)| scores))
        };
        let by_chance = match self.is_measured_by_bars() {
            true => self.by_bars(&tempos, own),
            false => of(&by_chance),
        };
        // Those most like the query in one channel are it for both, too.
        let [mut near, melody] = alike.each_ref().map(of);
        near[Channel::Melody as usize] = melody[Channel::Melody as usize].clone();
        near[BOTH] = of(&alike.iter().flatten().copied().collect())[BOTH].clone();
        let judge = Judge::new(by_chance, &near, tests, &self.params);
        let found = all.iter().zip(&scores).filter_map(|((work, rows), scores)| {
            Some((*work, (judge.evidence(scores)?, rows.clone())))
        });
        Ok(found.collect())
    }

    /// The work that stands for all copies of a recording.
    fn standing(&self, work: TrackRef) -> Option<TrackRef> {
        let copies = self.batch.as_ref().map(|batch| &batch.copies);
        Some(copies.and_then(|copies| copies.get(&work.id)).copied().unwrap_or(work))
    }

    /// Scores with bars in another order, other than those of the query's own work.
    fn by_bars(&self, tempos: &InTempos, own: Option<TrackId>) -> [Vec<f32>; KINDS] {
        let others = self.shuffled.par_iter().filter(|(work, _)| Some(*work) != own);
        let scores: Vec<Scores> = others.map(|(_, rows)| tempos.align(rows)).collect();
        by_kind(scores.iter())
    }
}

/// So many works of each that never were.
fn shuffled(works: &[(TrackRef, Stored)], of_each: usize) -> Vec<(TrackId, Stored)> {
    let of_work = |(work, rows): &(TrackRef, Stored)| {
        let id = work.id;
        surrogate::shuffled(rows, of_each).into_iter().map(move |rows| (id, rows))
    };
    works.iter().flat_map(of_work).collect()
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
