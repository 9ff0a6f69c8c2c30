//! A query against a store of works.
//!
//! Of each stretch of the query the likeliest works and some drawn at random are aligned; what they score is the null
//! distribution that the best are seen against. Those drawn are left out where even without them nothing can be told. The works of a batch are looked for in each other: then every query is
//! a test, several copies of a recording are one work, and where there are too few others to measure chance by,
//! their bars in another order take their place, as where two works are compared.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use rayon::prelude::*;
use soundalike_index::{Error as IndexError, ReferenceStore, TrackId, TrackRef};

use super::align::Path;
use super::candidates::{Asked, candidates};
use super::channel::{Channel, KINDS, Listening};
use super::evidence::{Judge, Scores, WorkEvidence};
use super::params::WorkParams;
use super::stored::{Stored, works};
use super::stretch::{InTempos, Part, Ways, by_kind, stretches};
use super::surrogate;
use super::work::Work;
use crate::id::hex;

/// A work that a query resembles.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundWork {
    /// The work.
    pub work: TrackRef,
    /// What is common.
    pub found: WorkEvidence,
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
    ///
    /// # Errors
    /// The store does not answer, or the work in it is damaged.
    pub fn path(&self, store: &dyn ReferenceStore, found: &FoundWork) -> Result<Path, IndexError> {
        let rows = works(store, &[found.work.id])?.pop().unwrap_or_default();
        Ok(self.whole.way(&rows, &found.found))
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

/// Of so many times as many works as are drawn for a null distribution, those drawn are hardly ever what is looked for.
const SPARING: usize = 10;

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

    /// By how much chance is taken for greater than the null distribution has it.
    fn caution(&self) -> f64 {
        if self.is_measured_by_bars() { self.params.significance.bars_caution } else { 1.0 }
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

    /// The works that `query` resembles, the surest first: all that were aligned, or, with `Wanted::Sure`, none where
    /// nothing can be told.
    ///
    /// # Errors
    /// The store does not answer, or a work in it is damaged.
    pub fn scan(
        &self,
        store: &dyn ReferenceStore,
        query: &Work,
        wanted: Wanted,
    ) -> Result<FoundWorks, IndexError> {
        self.scan_but(store, query, wanted, None)
    }

    /// As [`scan`](WorkScanner::scan), where `own` is the query itself and no other work.
    ///
    /// # Errors
    /// Those of [`scan`](WorkScanner::scan).
    pub fn scan_but(
        &self,
        store: &dyn ReferenceStore,
        query: &Work,
        wanted: Wanted,
        own: Option<TrackId>,
    ) -> Result<FoundWorks, IndexError> {
        let parts: Vec<Range<usize>> = stretches(query, &self.params);
        let works = self.count - usize::from(own.is_some()).min(self.count);
        let queries = self.batch.as_ref().map_or(1, |batch| batch.queries);
        let looked = Looked {
            store,
            scanner: self,
            tests: (works * parts.len() * queries) as f64 * self.caution(),
            drawn: self.drawn.iter().filter(|(work, _)| Some(work.id) != own).collect(),
            own,
        };
        let mut parts = looked.candidates(query, parts)?;
        let all = match wanted == Wanted::Sure && looked.can_be_spared(&parts) {
            true => Vec::new(),
            false => looked.with_drawn(&mut parts),
        };
        // Of the whole query the way is known only now.
        let whole = Part::new(query, 0..query.harmony.rows.len()).ways(&self.params);
        Ok(FoundWorks { all, whole })
    }

    /// The work that stands for all copies of a recording.
    fn standing(&self, work: TrackRef) -> TrackRef {
        let copies = self.batch.as_ref().map(|batch| &batch.copies);
        copies.and_then(|copies| copies.get(&work.id)).copied().unwrap_or(work)
    }

    /// Scores with bars in another order, other than those of the query's own work.
    fn by_bars(&self, tempos: &InTempos, own: Option<TrackId>) -> [Vec<f32>; KINDS] {
        let others = self.shuffled.par_iter().filter(|(work, _)| Some(*work) != own);
        let scores: Vec<Scores> = others.map(|(_, rows)| tempos.align(rows)).collect();
        by_kind(scores.iter())
    }
}

/// What of a scan is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// What can be told.
    Sure,
    /// All that was aligned.
    All,
}

/// A stretch of a query with its candidates, as they were aligned.
struct Stretch {
    tempos: InTempos,
    alike: [BTreeSet<TrackRef>; 2],
    aligned: BTreeMap<TrackRef, Scores>,
}

impl Stretch {
    /// Scores with works, as far as they were aligned.
    fn scores<'a>(
        &'a self,
        works: impl Iterator<Item = &'a TrackRef> + Clone,
    ) -> [Vec<f32>; KINDS] {
        by_kind(works.filter_map(|work| self.aligned.get(work)))
    }

    /// Scores with the works most alike: of a channel those that are it in that one, of both all.
    fn near(&self) -> [Vec<f32>; KINDS] {
        let [harmony, melody] = self.alike.each_ref().map(|works| self.scores(works.iter()));
        let mut near = self.scores(self.alike[0].union(&self.alike[1]));
        for (channel, scores) in Channel::ALL.into_iter().zip([harmony, melody]) {
            near[channel as usize].clone_from(&scores[channel as usize]);
        }
        near
    }
}

/// A query being looked up.
struct Looked<'a> {
    store: &'a dyn ReferenceStore,
    scanner: &'a WorkScanner,
    tests: f64,
    drawn: Vec<&'a (TrackRef, Stored)>,
    own: Option<TrackId>,
}

impl Looked<'_> {
    /// The stretches of a query, each aligned with the works that are most like it.
    fn candidates(
        &self,
        query: &Work,
        stretches: Vec<Range<usize>>,
    ) -> Result<Vec<Stretch>, IndexError> {
        let params = &self.scanner.params;
        let work_of = |work: TrackRef| {
            Some(self.scanner.standing(work)).filter(|work| Some(work.id) != self.own)
        };
        let parts: Vec<Part> =
            stretches.iter().map(|stretch| Part::new(query, stretch.clone())).collect();
        let mut alike: Vec<[BTreeSet<TrackRef>; 2]> = vec![Default::default(); parts.len()];
        for channel in Channel::ALL {
            let sounds =
                |at: &usize| parts[*at].channels().any(|(sounding, _)| sounding == channel);
            let sounding: Vec<usize> = (0..parts.len()).filter(sounds).collect();
            let stretches: Vec<Range<usize>> =
                sounding.iter().map(|at| stretches[*at].clone()).collect();
            let asked = Asked {
                channel,
                query: query.of(channel),
                stretches: &stretches,
                work_of: &work_of,
            };
            for (at, likely) in sounding.into_iter().zip(candidates(self.store, &asked, params)?) {
                alike[at][channel as usize] = likely.into_iter().collect();
            }
        }
        parts.iter().zip(alike).map(|(part, alike)| self.aligned(part, alike)).collect()
    }

    fn aligned(&self, part: &Part, alike: [BTreeSet<TrackRef>; 2]) -> Result<Stretch, IndexError> {
        let tempos = part.tempos(&self.scanner.params);
        let works: BTreeSet<TrackRef> = alike.iter().flatten().copied().collect();
        let works = read(self.store, works.into_iter().collect())?;
        let aligned = works.par_iter().map(|(work, rows)| (*work, tempos.align(rows)));
        let aligned: Vec<(TrackRef, Scores)> = aligned.collect();
        Ok(Stretch { tempos, alike, aligned: aligned.into_iter().collect() })
    }

    /// Whether works drawn by chance need not be asked: by those most alike alone, to which they only add caution,
    /// nothing can be told. Not where they are a good part of all works, since some of them may be what is looked for.
    fn can_be_spared(&self, stretches: &[Stretch]) -> bool {
        let params = &self.scanner.params;
        let line = params.tell.expected;
        let is_hopeless = |stretch: &Stretch| {
            let near = stretch.near();
            let is_known = Channel::ALL.into_iter().all(|channel| {
                !stretch.tempos.sounds(channel)
                    || near[channel as usize].len() >= params.significance.fewest
            });
            let judge = Judge::new(Default::default(), &near, self.tests, params);
            let mut found = stretch.aligned.values();
            is_known
                && found
                    .all(|scores| judge.evidence(scores).is_none_or(|found| found.expected > line))
        };
        self.scanner.count >= SPARING * params.significance.drawn
            && stretches.iter().all(is_hopeless)
    }

    /// All works that were aligned with any stretch and those drawn by chance, the surest first.
    fn with_drawn(&self, stretches: &mut [Stretch]) -> Vec<FoundWork> {
        let mut best = BTreeMap::<TrackRef, FoundWork>::new();
        for stretch in stretches {
            for found in self.judged(stretch) {
                let known = best.get(&found.work);
                if known.is_none_or(|known| found.found.surer(&known.found).is_gt()) {
                    best.insert(found.work, found);
                }
            }
        }
        let mut all: Vec<FoundWork> = best.into_values().collect();
        all.sort_by(|a, b| b.found.surer(&a.found));
        all
    }

    /// All works of a stretch.
    fn judged(&self, stretch: &mut Stretch) -> Vec<FoundWork> {
        let drawn = self.drawn.par_iter().filter(|(work, _)| !stretch.aligned.contains_key(work));
        let drawn = drawn.map(|(work, rows)| (*work, stretch.tempos.align(rows)));
        let drawn: Vec<(TrackRef, Scores)> = drawn.collect();
        stretch.aligned.extend(drawn);
        let by_chance = match self.scanner.is_measured_by_bars() {
            true => self.scanner.by_bars(&stretch.tempos, self.own),
            false => stretch.scores(self.drawn.iter().map(|(work, _)| work)),
        };
        let judge = Judge::new(by_chance, &stretch.near(), self.tests, &self.scanner.params);
        let found = stretch.aligned.iter().filter_map(|(work, scores)| {
            Some(FoundWork { work: *work, found: judge.evidence(scores)? })
        });
        found.collect()
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

#[cfg(test)]
mod tests {
    use soundalike_index::{MemoryStore, TrackMeta, TrackRecord};

    use super::*;
    use crate::test_random::Random;
    use crate::works::{stored, test_music};

    const PARAMS: WorkParams = WorkParams::V1;

    /// A work of chords alone.
    fn music(random: &mut Random, rows: usize) -> Work {
        Work { harmony: test_music::music(random, rows), ..Work::default() }
    }

    fn higher(work: &Work) -> Work {
        let mut work = work.clone();
        work.harmony.rows.iter_mut().for_each(|row| row.rotate_right(3));
        work
    }

    fn store(works: &[Work]) -> MemoryStore {
        let track = |(number, work): (u32, &Work)| {
            let mut sha256 = [0; 32];
            sha256[..4].copy_from_slice(&number.wrapping_mul(0x9e37_79b9).to_be_bytes());
            TrackRecord {
                meta: TrackMeta { sha256, ..TrackMeta::default() },
                payloads: stored::payloads(work),
                windows: stored::windows(work, &PARAMS),
            }
        };
        let tracks = (0..).zip(works).map(track).collect();
        MemoryStore::new(tracks, PARAMS.stored_digest(Channel::Harmony)).unwrap()
    }

    #[test]
    fn works_drawn_by_chance_are_asked_only_where_something_may_be_told() {
        let mut random = Random::new(9);
        let count = SPARING * PARAMS.significance.drawn;
        let works: Vec<Work> = (0..count).map(|_| music(&mut random, 60)).collect();
        let store = store(&works);
        let scanner = WorkScanner::new(&store, &PARAMS).unwrap();
        let scan = |query: &Work, wanted| scanner.scan(&store, query, wanted).unwrap().all;
        let known = higher(&works[700]);
        let sure = scan(&known, Wanted::Sure);
        assert_eq!(sure[0].work.place, 700);
        assert_eq!((sure[0].found.line.up, sure[0].found.expected < 1e-3), (9, true));
        assert_eq!(sure, scan(&known, Wanted::All), "what can be told is told as before");
        let other = music(&mut random, 60);
        assert!(scan(&other, Wanted::Sure).is_empty());
        let all = scan(&other, Wanted::All);
        assert!(all.len() > PARAMS.significance.drawn && all[0].found.expected > 0.01);
    }

    #[test]
    fn copies_of_a_work_are_one_and_the_query_is_no_part_of_its_null() {
        let mut random = Random::new(4);
        let mut works: Vec<Work> = (0..5).map(|_| music(&mut random, 60)).collect();
        works.push(higher(&works[0]));
        // As the same recording encoded anew has it.
        works.push(works[5].clone());
        let store = store(&works);
        let place = |at: usize| {
            let number = (at as u32).wrapping_mul(0x9e37_79b9).to_be_bytes();
            let mut content = [0; 32];
            content[..4].copy_from_slice(&number);
            store.find(&[content]).unwrap()[0].unwrap()
        };
        let copies = HashMap::from([(place(6).id, place(5))]);
        let batch = Batch { queries: 6, copies };
        let scanner = WorkScanner::of_batch(&store, &PARAMS, batch).unwrap();
        assert_eq!((scanner.count(), scanner.is_measured_by_bars()), (6, true));
        let scan =
            |query: &Work, own| scanner.scan_but(&store, query, Wanted::Sure, own).unwrap().all;
        let found = scan(&works[0], Some(place(0).id));
        assert_eq!(found.len(), 5, "neither itself nor a copy: {found:?}");
        assert_eq!(found[0].work, place(5));
        assert!(found[0].found.can_tell && found[0].found.expected < 1e-3, "{found:?}");
        assert!(found[1].found.expected > 1e-3, "{found:?}");
    }
}
