//! Search over an index: seeds and candidates by nearest codes, then comparison with each candidate.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;
use soundalike_index::{Reader, SearchMode, SearchOptions, TrackNo};

use super::candidates::{self, VotedOffset};
use super::lookup::{Cells, QueryVectors, Round, search};
use super::matcher::{
    MatchEvidence, MatchParams, Reference, block_transforms, blocks, verify_transforms,
};
use super::prefilter::{PREFILTER_SCORE, is_long, prefilter};
use super::resolve::{gaps, resolve};
use super::seeds::{self, Probe, Seed};
use super::sparse;
use super::transform::{Transform, to_units};
use crate::fingerprint::stored::{self, SPACE_ANCHOR, SPACE_PEAK_MAP};
use crate::fingerprint::{Constellation, descriptor};
use crate::params::FingerprintParams;

/// Share of the query that one line must explain to leave the search for changed copies out.
const EXPLAINED: f64 = 0.85;
/// And how sure it must be: a regular beat alone can carry a wrong line past the acceptance line.
const SURE_LOG10_EVALUE: f64 = -8.0;
/// Descriptor windows looked up per block of a query, about.
const WINDOWS_PER_BLOCK: u32 = 96;
/// In a long query, which has more of them to be found by.
const MIN_WINDOWS_PER_BLOCK: u32 = 48;
/// Cells opened per segment for all windows of a block together. Among 100,000 tracks half as many
/// cost 5 % less and lose a point of recall.
const WINDOW_CELLS: usize = 36_864;
/// The same for all its anchors.
const ANCHOR_CELLS: usize = 120_000;
/// Least distance between query windows in time units (64 ms, the misalignment the codes bear).
const MIN_QUERY_HOP: u32 = 16;
/// Nearest codes fetched per window.
const HITS_PER_WINDOW: usize = 64;
/// Candidate tracks compared per block.
const CANDIDATES: usize = 60;

/// A long query is verified along its whole length with a candidate where some block scores this many
/// nats: what is accepted scores three times as much.
const VERIFIED_SCORE: f32 = 20.0;

/// Shortest stretch without a match that is looked at a second time, in time units (3 s).
const LEAST_GAP: u32 = 750;
/// Time units of its surroundings that are looked at with it (1 s).
const GAP_MARGIN: u32 = 250;

/// How closely a query is looked at. Short ones are always looked at thoroughly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// By few query vectors, spread over all of it: adds about a fifth to what indexing costs.
    #[default]
    Standard,
    /// By these and by all there are: finds a few damaged seconds in the middle, too, for nine times as much.
    Thorough,
}

impl Depth {
    /// Name in records.
    pub fn name(self) -> &'static str {
        match self {
            Depth::Standard => "standard",
            Depth::Thorough => "thorough",
        }
    }
}

/// A match of a query with a track of the index.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackMatch {
    /// The track's number in the index snapshot.
    pub track: TrackNo,
    /// The evidence.
    pub found: MatchEvidence,
}

/// Scans queries against one snapshot of an index.
pub struct Scanner {
    index: Arc<Reader>,
    params: FingerprintParams,
    matching: MatchParams,
    options: SearchOptions,
    searched_seconds: f64,
}

impl Scanner {
    /// A scanner over `index`, which was built with `params`.
    pub fn new(index: Arc<Reader>, params: FingerprintParams, mode: SearchMode) -> Scanner {
        let duration_ms: u64 = index.tracks().map(|(_, meta)| meta.duration_ms).sum();
        Scanner {
            index,
            params,
            matching: MatchParams::default(),
            options: SearchOptions { mode, ..SearchOptions::default() },
            searched_seconds: duration_ms as f64 / 1000.0,
        }
    }

    /// All matches of `query`, accepted or not, best first.
    pub fn scan(&self, query: &Constellation, depth: Depth) -> Vec<TrackMatch> {
        let mut candidates = BTreeMap::new();
        let long = query.duration > sparse::SHORT;
        if long {
            self.sparse_anchors(query, &mut candidates);
        }
        if !long || (depth == Depth::Thorough && !explains_any(query, &candidates)) {
            self.look_up(query, &mut candidates);
        }
        let found: Vec<TrackNo> = accepted(&candidates).map(|(track, _)| track).collect();
        self.resolve(query, &mut candidates, &found);
        if long {
            self.second_look(query, &mut candidates);
        }
        let found = candidates.into_iter().filter_map(|(track, c)| Some((track, c.found?)));
        best_first(found.map(|(track, found)| TrackMatch { track, found }).collect())
    }

    /// Completes what was accepted. What another track explains better is not searched for edits.
    fn resolve(&self, query: &Constellation, candidates: &mut Candidates, which: &[TrackNo]) {
        let all: Vec<_> = accepted(candidates)
            .map(|(track, found)| (track, found.log10_evalue, spans(found)))
            .collect();
        let chosen = candidates.par_iter_mut().filter(|(track, _)| which.contains(track));
        chosen.for_each(|(track, candidate)| {
            let Some(found) = candidate.found.take_if(|found| found.accepted()) else { return };
            let others = all.iter().filter(|other| other.0 != *track);
            let better = others.filter(|other| other.1 < found.log10_evalue);
            let taken: Vec<(u32, u32)> = better.flat_map(|other| &other.2).copied().collect();
            let (reference, params, matching) =
                (&candidate.reference, &self.params, &self.matching);
            candidate.found = Some(resolve(query, reference, found, &taken, params, matching));
        });
    }

    /// Looks thoroughly at the stretches that no accepted match covers, where there is one: who holds one track
    /// often holds more, and what a few vectors miss lies between what they find.
    fn second_look(&self, query: &Constellation, candidates: &mut Candidates) {
        let spans: Vec<(u32, u32)> =
            accepted(candidates).flat_map(|(_, found)| spans(found)).collect();
        if spans.is_empty() {
            return;
        }
        let mut more: BTreeMap<TrackNo, Vec<(Transform, f32)>> = BTreeMap::new();
        for (begin, end) in gaps(&spans, query.duration) {
            if end - begin < LEAST_GAP {
                continue;
            }
            let begin = begin.saturating_sub(GAP_MARGIN);
            let stretch = query.slice(begin, (end + GAP_MARGIN).min(query.duration));
            let mut inside = BTreeMap::new();
            self.look_up(&stretch, &mut inside);
            for (track, candidate) in inside {
                if candidate.found.is_some_and(|found| found.accepted()) {
                    let later = |(transform, raw_score): (Transform, f32)| {
                        (transform.after(begin), raw_score)
                    };
                    more.entry(track)
                        .or_default()
                        .extend(candidate.transforms.into_iter().map(later));
                }
            }
        }
        let known: Vec<TrackNo> = more.keys().copied().collect();
        self.compare(query, more, candidates, |&found, _| vec![found]);
        self.resolve(query, candidates, &known);
    }

    /// Fills `candidates` with what a few vectors find, until one of them explains the query.
    fn sparse_anchors(&self, query: &Constellation, candidates: &mut Candidates) {
        let best = |vectors: &QueryVectors<Probe>, limit| {
            let mut wanted = Wanted::new();
            for block in blocks(query.duration) {
                let probes_with_hits =
                    vectors.probes_with_hits().filter(|(probe, _)| probe.lies_in(block));
                for (track, seeds) in seeds::rank(probes_with_hits, block, limit) {
                    wanted.entry(track).or_default().push((block, seeds));
                }
            }
            wanted
        };
        let mut vectors = [sparse::vectors(query, &self.params)];
        let cells = Cells::Each(sparse::cells(&self.index));
        let options = SearchOptions { k: sparse::HITS, walk: false, ..self.options };
        for (round, limit) in [(Round::First, 1), (Round::Rest, sparse::CANDIDATES)] {
            search(&self.index, SPACE_ANCHOR, &mut vectors, round, cells, &options);
            self.follow(query, best(&vectors[0], limit), sparse::HYPOTHESES, candidates);
            if explains_any(query, candidates) {
                break;
            }
        }
        if !explains_any(query, candidates) {
            self.sparse_windows(query, candidates);
        }
        // What is in the index once may be there more than once.
        if candidates.values().flat_map(|c| &c.found).any(MatchEvidence::accepted) {
            let mut others = best(&vectors[0], sparse::LIKE_CANDIDATES);
            others.retain(|track, _| candidates.get(track).is_none_or(|c| c.found.is_none()));
            self.follow(query, others, sparse::HYPOTHESES, candidates);
        }
    }

    /// The same by windows at the query's own speed: where noise or another player leave few anchors, maps are
    /// still like.
    fn sparse_windows(&self, query: &Constellation, candidates: &mut Candidates) {
        let mut windows: Vec<_> = blocks(query.duration)
            .into_iter()
            .map(|block| sparse::windows(query, block, &self.params))
            .collect();
        let cells = Cells::Each(sparse::cells(&self.index));
        let options = SearchOptions { k: sparse::WINDOW_HITS, walk: false, ..self.options };
        for round in [Round::First, Round::Rest] {
            search(&self.index, SPACE_PEAK_MAP, &mut windows, round, cells, &options);
        }
        let mut wanted = WantedOffsets::new();
        for q in &windows {
            for found in candidates::rank(&q.about, &q.hits, sparse::CANDIDATES) {
                wanted.entry(found.track).or_default().push((q.block, found.places));
            }
        }
        self.align_prefiltered(query, wanted, candidates);
    }

    /// Fills `candidates`, until one of them explains the query.
    ///
    /// Copies at the query's own speed and pitch are looked for first; changed copies only where
    /// those leave a good part of the query unexplained.
    fn look_up(&self, query: &Constellation, candidates: &mut Candidates) {
        let blocks = blocks(query.duration);
        let mut windows: Vec<_> =
            blocks.iter().map(|&block| self.windows_of(query, block, blocks.len())).collect();
        for round in [Round::First, Round::Rest] {
            self.plain(query, &mut windows, round, candidates);
            if explains_any(query, candidates) {
                return;
            }
        }
        let mut anchors: Vec<_> =
            blocks.iter().map(|&block| self.anchors_of(query, block, blocks.len())).collect();
        for round in [Round::First, Round::Rest] {
            self.changed(query, &mut anchors, round, candidates);
            if explains_any(query, candidates) {
                return;
            }
        }
    }

    /// Compares with candidates at the query's own speed and pitch.
    fn plain(
        &self,
        query: &Constellation,
        windows: &mut [QueryVectors<u32>],
        round: Round,
        candidates: &mut Candidates,
    ) {
        // Most copies lie near their codes, where the HNSW graph leads; what it has not found by then is
        // farther than it finds, and all representatives are compared.
        let walk = round == Round::First;
        let options = SearchOptions { k: HITS_PER_WINDOW, walk, ..self.options };
        search(
            &self.index,
            SPACE_PEAK_MAP,
            windows,
            round,
            Cells::Shared(WINDOW_CELLS * windows.len()),
            &options,
        );
        let mut wanted = WantedOffsets::new();
        for q in windows {
            for found in candidates::rank(&q.about, &q.hits, round.candidates(CANDIDATES)) {
                // Alignment does not look at the hits: once is enough.
                let track = found.track;
                if candidates.get(&track).is_none_or(|c| !c.aligned.contains(&q.block)) {
                    wanted.entry(track).or_default().push((q.block, found.places));
                }
            }
        }
        if is_long(query) {
            return self.align_prefiltered(query, wanted, candidates);
        }
        self.compare(query, wanted, candidates, |(block, _), candidate| {
            candidate.aligned.push(*block);
            block_transforms(query, *block, &candidate.reference, &self.matching)
        });
    }

    /// Aligns blocks of the query with the tracks of `wanted` where a first look shows a copy.
    fn align_prefiltered(
        &self,
        query: &Constellation,
        wanted: WantedOffsets,
        candidates: &mut Candidates,
    ) {
        self.compare(query, wanted, candidates, |(block, places), candidate| {
            if !self.passing(query, block.0, places, &candidate.reference) {
                return Vec::new();
            }
            candidate.aligned.push(*block);
            block_transforms(query, *block, &candidate.reference, &self.matching)
        });
    }

    /// Whether a first look at one of `places`, of a block that begins at `begin`, shows a copy.
    fn passing(
        &self,
        query: &Constellation,
        begin: u32,
        places: &[VotedOffset],
        reference: &Reference,
    ) -> bool {
        places.iter().any(|place| {
            let place = VotedOffset { query: begin + place.query, ..*place };
            let look = prefilter(query, place, reference, self.params.window, &self.matching);
            look.1 >= PREFILTER_SCORE
        })
    }

    /// Compares with candidates at other speeds and pitches.
    fn changed(
        &self,
        query: &Constellation,
        anchors: &mut [QueryVectors<Probe>],
        round: Round,
        candidates: &mut Candidates,
    ) {
        let options = SearchOptions { k: seeds::HITS_PER_PROBE, walk: false, ..self.options };
        search(
            &self.index,
            SPACE_ANCHOR,
            anchors,
            round,
            Cells::Shared(ANCHOR_CELLS * anchors.len()),
            &options,
        );
        let mut wanted = Wanted::new();
        for q in anchors {
            let limit = round.candidates(seeds::CANDIDATES);
            for (track, seeds) in seeds::rank(q.probes_with_hits(), q.block, limit) {
                wanted.entry(track).or_default().push((q.block, seeds));
            }
        }
        self.follow(query, wanted, seeds::HYPOTHESES, candidates);
    }

    /// Compares with the tracks of `wanted` along the lines that seeds of a block stand for, as many as
    /// `hypotheses` each.
    fn follow(
        &self,
        query: &Constellation,
        wanted: Wanted,
        hypotheses: usize,
        candidates: &mut Candidates,
    ) {
        let (params, matching) = (&self.params, &self.matching);
        self.compare(query, wanted, candidates, |(block, seeds), candidate| {
            let reference = &candidate.reference;
            seeds::transforms(query, *block, reference, seeds, hypotheses, params, matching)
        });
    }

    /// Aligns the query with each track of `wanted` wherever `align` is told to look, and verifies
    /// what that adds to the candidate.
    fn compare<T: Sync + Send>(
        &self,
        query: &Constellation,
        wanted: BTreeMap<TrackNo, Vec<T>>,
        candidates: &mut Candidates,
        align: impl Fn(&T, &mut Candidate) -> Vec<(Transform, f32)> + Sync,
    ) {
        let needed = if is_long(query) { VERIFIED_SCORE } else { 0.0 };
        let work: Vec<_> = wanted
            .into_iter()
            .map(|(track, places)| (track, places, candidates.remove(&track)))
            .collect();
        let done: Vec<(TrackNo, Candidate)> = work
            .into_par_iter()
            .filter_map(|(track, places, known)| {
                let mut candidate = known.or_else(|| self.candidate(track))?;
                let transforms: Vec<_> =
                    places.iter().flat_map(|place| align(place, &mut candidate)).collect();
                let distinctive = transforms.iter().any(|w| w.1 >= needed);
                candidate.transforms.extend(transforms);
                if distinctive {
                    let (reference, transforms) =
                        (&candidate.reference, candidate.transforms.clone());
                    let (seconds, matching) = (self.searched_seconds, &self.matching);
                    candidate.found =
                        verify_transforms(query, reference, transforms, seconds, matching);
                }
                Some((track, candidate))
            })
            .collect();
        candidates.extend(done);
    }

    fn candidate(&self, track: TrackNo) -> Option<Candidate> {
        let points = stored::constellation(&self.index, track).ok()??;
        let reference = Reference::new(points, &self.params);
        Some(Candidate { reference, aligned: Vec::new(), transforms: Vec::new(), found: None })
    }

    /// Whether nothing of `query` can be looked up: silence, a steady tone, hardly any length.
    pub fn is_featureless(&self, query: &Constellation) -> bool {
        descriptor::windows(query, self.params.window, &self.params).is_empty()
    }

    /// The windows by which one of `blocks` blocks of the query is looked up.
    fn windows_of(
        &self,
        query: &Constellation,
        block: (u32, u32),
        blocks: usize,
    ) -> QueryVectors<u32> {
        let windows =
            (2 * WINDOWS_PER_BLOCK / blocks as u32).clamp(MIN_WINDOWS_PER_BLOCK, WINDOWS_PER_BLOCK);
        let span = (block.1 - block.0).saturating_sub(self.params.window);
        let hop = (span / windows).max(MIN_QUERY_HOP);
        let stretch = query.slice(block.0, block.1);
        let windows = descriptor::query_windows(&stretch, hop, &self.params).into_iter();
        let all = windows.enumerate().map(|(i, w)| (w.time, i, w.code.into()));
        QueryVectors::new(block, all)
    }

    /// The same for the anchors.
    fn anchors_of(
        &self,
        query: &Constellation,
        block: (u32, u32),
        blocks: usize,
    ) -> QueryVectors<Probe> {
        let probes =
            seeds::probes(query, block, blocks, seeds::ALL_TEMPO_STEPS, &self.params).into_iter();
        let all = probes.map(|(probe, code)| (probe, probe.number, code.into()));
        QueryVectors::new(block, all)
    }
}

type Candidates = BTreeMap<TrackNo, Candidate>;
/// Tracks to compare with, with the blocks of the query and their seeds in each.
type Wanted = BTreeMap<TrackNo, Vec<((u32, u32), Vec<Seed>)>>;

/// The same with places in each at the query's own speed.
type WantedOffsets = BTreeMap<TrackNo, Vec<((u32, u32), Vec<VotedOffset>)>>;

/// A track that is being compared with.
struct Candidate {
    reference: Reference,
    /// Blocks of the query that were aligned with it at the same speed and pitch.
    aligned: Vec<(u32, u32)>,
    /// Alignments so far, with the score that led to them.
    transforms: Vec<(Transform, f32)>,
    /// What they add up to.
    found: Option<MatchEvidence>,
}

/// The candidates that are accepted, with what was found.
fn accepted(candidates: &Candidates) -> impl Iterator<Item = (TrackNo, &MatchEvidence)> {
    let found = candidates.iter().filter_map(|(track, c)| Some((*track, c.found.as_ref()?)));
    found.filter(|(_, found)| found.accepted())
}

/// The stretches of the query that a match covers, in time units.
fn spans(found: &MatchEvidence) -> Vec<(u32, u32)> {
    found.segments.iter().map(|s| (to_units(s.query_ms.0), to_units(s.query_ms.1))).collect()
}

/// Whether one of `candidates` leaves nothing to explain.
fn explains_any(query: &Constellation, candidates: &Candidates) -> bool {
    candidates.values().flat_map(|c| &c.found).any(|found| is_explained(query, found))
}

/// Whether nothing is left to explain by a copy at another speed or pitch.
pub(super) fn is_explained(query: &Constellation, found: &MatchEvidence) -> bool {
    found.log10_evalue <= SURE_LOG10_EVALUE && found.best_line_coverage(query.duration) >= EXPLAINED
}

fn best_first(mut matches: Vec<TrackMatch>) -> Vec<TrackMatch> {
    matches.sort_by(|a, b| {
        let order = a.found.log10_evalue.total_cmp(&b.found.log10_evalue);
        order.then(a.track.cmp(&b.track))
    });
    matches
}
