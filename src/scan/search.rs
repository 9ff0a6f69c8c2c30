//! Search: what a query and the tracks of an index have in common. The plan of rounds.
//!
//! A *short* query is looked at thoroughly. A *long* one is looked at sparsely, by few vectors from all over it; at
//! thorough depth by all, too; and the stretches beside what was found are looked at thoroughly in any case. Each look
//! goes on until one line explains the query: first copies at the query's own speed and pitch, by windows, then others,
//! by anchors; of a short query its variants, too. Whatever is accepted is completed in the end.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;
use soundalike_index::{ReferenceStore, Result as IndexResult, SearchMode, TrackNo};

use super::comparison::{Comparison, Scored};
use super::evidence::MatchEvidence;
use super::lookup::{Cells, Fetch, Round, Store};
use super::params::ScanParams;
use super::prefilter::is_long;
use super::probe::{Probe, Prober, QueryVectors, Seed};
use super::reference::Reference;
use super::span::{Span, blocks, gaps};
use super::transform::Transform;
use super::unexplained::unexplained;
use super::variant::Variant;
use super::vote::{VotedOffset, by_anchors, by_windows};
use crate::fingerprint::stored::{SPACE_ANCHOR, SPACE_PEAK_MAP};
use crate::fingerprint::{Constellation, descriptor};
use crate::params::FingerprintParams;

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

/// A match of a query with a track of the store.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackMatch {
    /// The track's place in the store.
    pub track: TrackNo,
    /// The evidence.
    pub found: MatchEvidence,
}

/// A track of the store, and lines along which a query is expected to run.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackLines {
    /// The track's place in the store.
    pub track: TrackNo,
    /// From the query to the track.
    pub lines: Vec<Transform>,
}

impl TrackMatch {
    /// Where it was found.
    pub fn lines(&self) -> TrackLines {
        let lines = self.found.segments.iter().map(|segment| segment.transform).collect();
        TrackLines { track: self.track, lines }
    }
}

/// The surest first.
pub fn best_first(mut matches: Vec<TrackMatch>) -> Vec<TrackMatch> {
    matches.sort_by(|a, b| {
        let order = a.found.log10_evalue.total_cmp(&b.found.log10_evalue);
        order.then(a.track.cmp(&b.track))
    });
    matches
}

/// Scans queries against one state of a store of references.
pub struct Scanner {
    store: Store,
    scan: ScanParams,
    fingerprint: FingerprintParams,
    searched_seconds: f64,
}

impl Scanner {
    /// A scanner over `references`, which were made with `fingerprint`.
    pub fn new(
        references: Arc<dyn ReferenceStore>,
        fingerprint: FingerprintParams,
        mode: SearchMode,
    ) -> Scanner {
        let store = Store::new(references, mode);
        let searched_seconds = store.seconds();
        Scanner { store, scan: ScanParams::V1, fingerprint, searched_seconds }
    }

    /// Does `work`, which scans, and makes sure that the store answered all that was asked.
    ///
    /// # Errors
    /// It did not: what was found may be incomplete.
    pub fn guarded<T>(&self, work: impl FnOnce() -> T) -> IndexResult<T> {
        self.store.guarded(work)
    }

    /// All matches of `query`, accepted or not, best first; within [`guarded`](Scanner::guarded), which tells whether the
    /// store answered.
    pub fn scan(&self, query: &Constellation, depth: Depth) -> Vec<TrackMatch> {
        let mut search = Search::new(self, query);
        let long = query.duration > self.scan.plan.short;
        if long {
            search.probe_sparsely();
        }
        if !long || (depth == Depth::Thorough && !search.is_explained()) {
            search.probe_thoroughly();
        }
        search.resolve(&search.found());
        if long {
            search.probe_gaps();
        }
        search.matches()
    }

    /// What `query` has in common with tracks of the index along the lines given for each, best first; none unless
    /// all of them are accepted.
    pub fn confirm(
        &self,
        query: &Constellation,
        expected: &[TrackLines],
    ) -> Option<Vec<TrackMatch>> {
        let Scanner { scan, fingerprint, .. } = self;
        let prober = Prober { query, scan, fingerprint };
        let confirm = |expected: &TrackLines| {
            let reference = self.store.reference(expected.track, fingerprint)?;
            let lines = expected.lines.iter().copied();
            let found = prober.against(&reference).along(lines, self.searched_seconds)?;
            Some(TrackMatch { track: expected.track, found })
        };
        expected.iter().map(confirm).collect::<Option<_>>().map(best_first)
    }

    /// What `query` and the track of `found` still have in common beside what the matches `by` explain; none unless it
    /// is accepted.
    pub fn beside(
        &self,
        query: &Constellation,
        found: &TrackMatch,
        by: &[&TrackMatch],
    ) -> Option<MatchEvidence> {
        let Scanner { scan, fingerprint, .. } = self;
        let query = &self.unexplained(query, by);
        let reference = &*self.store.reference(found.track, fingerprint)?;
        let pair = Comparison { query, reference, scan, fingerprint };
        pair.still(&found.found, self.searched_seconds)
    }

    /// The peaks of `query` that none of the matches `by` explains.
    pub fn unexplained(&self, query: &Constellation, by: &[&TrackMatch]) -> Constellation {
        let reference = |track| self.store.reference(track, &self.fingerprint);
        let known: Vec<_> =
            by.iter().filter_map(|m| Some((reference(m.track)?, &m.found))).collect();
        let by = known.iter().map(|(reference, found)| (reference.constellation(), *found));
        unexplained(query, by, &self.scan)
    }

    /// Whether nothing of `query` can be looked up: silence, a steady tone, hardly any length.
    pub fn is_featureless(&self, query: &Constellation) -> bool {
        descriptor::windows(query, self.fingerprint.window, &self.fingerprint).is_empty()
    }
}

/// Tracks to compare with, and where each is to be looked at.
type Wanted<T> = BTreeMap<TrackNo, Vec<T>>;
/// Seeds of a block of the query.
type Seeds = (Span, Vec<Seed>);
/// Places of a block of the query, which count from its beginning, at the query's own speed.
type Places = (Span, Vec<VotedOffset>);

/// A track that is being compared with.
struct Candidate {
    reference: Arc<Reference>,
    /// Blocks of the query that were aligned with it at the same speed and pitch.
    aligned: Vec<Span>,
    /// Alignments so far.
    lines: Vec<Scored>,
    /// What they add up to.
    found: Option<MatchEvidence>,
}

/// The search for one query, and what it has come to.
struct Search<'a> {
    scanner: &'a Scanner,
    query: &'a Constellation,
    candidates: BTreeMap<TrackNo, Candidate>,
}

impl<'a> Search<'a> {
    fn new(scanner: &'a Scanner, query: &'a Constellation) -> Search<'a> {
        Search { scanner, query, candidates: BTreeMap::new() }
    }

    /// Few vectors from all over the query, until a track explains it: anchors, then windows, since where noise or
    /// another player leave few anchors, maps are still alike.
    fn probe_sparsely(&mut self) {
        let (plan, lookup) = (&self.scanner.scan.plan, &self.scanner.scan.lookup);
        let (limits, cells) = (plan.sparse, Cells::Each(lookup.sparse_cells));
        let mut vectors = [self.prober().sparse_anchors()];
        let fetch = Fetch { hits: limits.hits_per_anchor, walk: false, cells };
        for (round, limit) in Round::BOTH.into_iter().zip([1, limits.anchor_candidates]) {
            self.scanner.store.search(SPACE_ANCHOR, &mut vectors, round, fetch, lookup);
            self.grow(self.votes_by_block(&vectors[0], limit), limits.hypotheses);
            if self.is_explained() {
                break;
            }
        }
        if !self.is_explained() {
            self.probe_windows_sparsely();
        }
        // What is in the index once may be there more than once.
        if self.accepted().next().is_some() {
            let mut others = self.votes_by_block(&vectors[0], plan.like_candidates);
            let is_new =
                |track: &TrackNo| self.candidates.get(track).is_none_or(|c| c.found.is_none());
            others.retain(|track, _| is_new(track));
            self.grow(others, limits.hypotheses);
        }
    }

    fn probe_windows_sparsely(&mut self) {
        let (plan, lookup) = (&self.scanner.scan.plan, &self.scanner.scan.lookup);
        let limits = plan.sparse;
        let mut windows: Vec<_> =
            self.blocks().into_iter().map(|block| self.prober().sparse_windows(block)).collect();
        let cells = Cells::Each(lookup.sparse_cells);
        let fetch = Fetch { hits: limits.hits_per_window, walk: false, cells };
        for round in Round::BOTH {
            self.scanner.store.search(SPACE_PEAK_MAP, &mut windows, round, fetch, lookup);
        }
        self.align_prefiltered(self.votes_of_windows(&windows, limits.window_candidates));
    }

    /// All vectors of the query, until a track explains it: windows for copies at its own speed and pitch, then
    /// anchors for others.
    fn probe_thoroughly(&mut self) {
        let (plan, lookup) = (&self.scanner.scan.plan, &self.scanner.scan.lookup);
        let (limits, blocks) = (plan.thorough, self.blocks());
        let mut windows: Vec<_> =
            blocks.iter().map(|&block| self.prober().windows(block, blocks.len())).collect();
        for round in Round::BOTH {
            // Most copies lie near their codes, where the HNSW graph leads; what it has not found by then is
            // farther than it finds, and all representatives are compared.
            let (walk, cells) = (round == Round::First, Cells::Shared(lookup.window_cells));
            let fetch = Fetch { hits: limits.hits_per_window, walk, cells };
            self.scanner.store.search(SPACE_PEAK_MAP, &mut windows, round, fetch, lookup);
            let limit = round.candidates(limits.window_candidates);
            self.align(self.votes_of_windows(&windows, limit));
            if self.is_explained() {
                return;
            }
        }
        let mut anchors: Vec<_> =
            blocks.iter().map(|&block| self.prober().anchors(block, blocks.len())).collect();
        for round in Round::BOTH {
            let cells = Cells::Shared(lookup.anchor_cells);
            let fetch = Fetch { hits: limits.hits_per_anchor, walk: false, cells };
            self.scanner.store.search(SPACE_ANCHOR, &mut anchors, round, fetch, lookup);
            let limit = round.candidates(limits.anchor_candidates);
            self.grow(self.votes_of_anchors(&anchors, limit), limits.hypotheses);
            if self.is_explained() {
                return;
            }
        }
        if self.query.duration <= plan.short && self.accepted().next().is_none() {
            self.probe_variants();
        }
    }

    /// Windows of the query at other pitches and tempos.
    fn probe_variants(&mut self) {
        let Scanner { scan, fingerprint, .. } = self.scanner;
        let (params, prober) = (&scan.variant, self.prober());
        let variants = Variant::all(self.query, params, fingerprint);
        let windows = |variant: &Variant| {
            let whole = Span::new(0, variant.query.duration);
            Prober { query: &variant.query, ..prober }.confident_windows(whole, params.window_hop)
        };
        let mut vectors: Vec<QueryVectors<u32>> = variants.iter().map(windows).collect();
        let cells = Cells::Each(params.cells);
        let fetch = Fetch { hits: params.hits, walk: false, cells };
        for round in Round::BOTH {
            self.scanner.store.search(SPACE_PEAK_MAP, &mut vectors, round, fetch, &scan.lookup);
        }
        let [of_each, over_all] = params.candidates;
        let named = |(i, q): (usize, &QueryVectors<u32>)| {
            let named = by_windows(&q.about, &q.hits, of_each, &scan.vote);
            named.into_iter().map(move |candidate| (i, candidate))
        };
        let mut named: Vec<_> = vectors.iter().enumerate().flat_map(named).collect();
        named.sort_by(|(i, a), (j, b)| {
            b.support.total_cmp(&a.support).then(a.track.cmp(&b.track)).then(i.cmp(j))
        });
        named.truncate(over_all);
        let mut wanted: Wanted<(usize, Vec<VotedOffset>)> = Wanted::new();
        for (i, candidate) in named {
            wanted.entry(candidate.track).or_default().push((i, candidate.places));
        }
        self.compare(wanted, |pair, (i, places), _| {
            let variant = &variants[*i];
            let there = Prober { query: &variant.query, ..prober }.against(pair.reference);
            let lines = places.iter().filter_map(|&place| there.prefiltered_line(place));
            lines.map(|line| variant.line_of_query(line)).collect()
        });
    }

    /// Looks thoroughly at the stretches that no accepted match covers, where there is one: who holds one track
    /// often holds more, and what a few vectors miss lies between what they find.
    fn probe_gaps(&mut self) {
        let plan = &self.scanner.scan.plan;
        let spans: Vec<Span> = self.accepted().flat_map(|(_, found)| found.spans()).collect();
        if spans.is_empty() {
            return;
        }
        let mut more: Wanted<Scored> = BTreeMap::new();
        for gap in gaps(&spans, self.query.duration) {
            if gap.length() < plan.min_gap {
                continue;
            }
            let begin = gap.begin.saturating_sub(plan.gap_margin);
            let end = (gap.end + plan.gap_margin).min(self.query.duration);
            let stretch = self.query.slice(begin, end);
            let mut inside = Search::new(self.scanner, &stretch);
            inside.probe_thoroughly();
            for track in inside.found() {
                let Some(candidate) = inside.candidates.remove(&track) else { continue };
                let later =
                    |line: Scored| Scored { transform: line.transform.after(begin), ..line };
                more.entry(track).or_default().extend(candidate.lines.into_iter().map(later));
            }
        }
        let known: Vec<TrackNo> = more.keys().copied().collect();
        self.compare(more, |_, &line, _| vec![line]);
        self.resolve(&known);
    }

    /// Completes the accepted matches with some tracks. What another track explains better is not searched for edits.
    fn resolve(&mut self, which: &[TrackNo]) {
        let all: Vec<(TrackNo, f64, Vec<Span>)> = self
            .accepted()
            .map(|(track, found)| (track, found.log10_evalue, found.spans().collect()))
            .collect();
        let prober = self.prober();
        let chosen = self.candidates.par_iter_mut().filter(|(track, _)| which.contains(track));
        chosen.for_each(|(track, candidate)| {
            let Some(found) = candidate.found.take_if(|found| found.accepted()) else { return };
            let others = all.iter().filter(|other| other.0 != *track);
            let better = others.filter(|other| other.1 < found.log10_evalue);
            let taken: Vec<Span> = better.flat_map(|other| &other.2).copied().collect();
            candidate.found = Some(prober.against(&candidate.reference).resolve(found, &taken));
        });
    }

    /// All that was found, best first.
    fn matches(self) -> Vec<TrackMatch> {
        let found = self.candidates.into_iter().filter_map(|(track, c)| Some((track, c.found?)));
        best_first(found.map(|(track, found)| TrackMatch { track, found }).collect())
    }

    /// The candidates that are accepted, with what was found.
    fn accepted(&self) -> impl Iterator<Item = (TrackNo, &MatchEvidence)> {
        let found =
            self.candidates.iter().filter_map(|(track, c)| Some((*track, c.found.as_ref()?)));
        found.filter(|(_, found)| found.accepted())
    }

    /// Their tracks.
    fn found(&self) -> Vec<TrackNo> {
        self.accepted().map(|(track, _)| track).collect()
    }

    /// Whether a candidate leaves nothing to explain.
    fn is_explained(&self) -> bool {
        let mut found = self.candidates.values().flat_map(|c| &c.found);
        found.any(|found| found.explains(self.query, &self.scanner.scan.plan))
    }

    fn blocks(&self) -> Vec<Span> {
        blocks(self.query.duration, &self.scanner.scan.plan)
    }

    /// The query with the parameters of the scan.
    fn prober(&self) -> Prober<'a> {
        let Scanner { scan, fingerprint, .. } = self.scanner;
        Prober { query: self.query, scan, fingerprint }
    }

    /// The tracks that sparse anchors name, block by block.
    fn votes_by_block(&self, vectors: &QueryVectors<Probe>, limit: usize) -> Wanted<Seeds> {
        let mut wanted = Wanted::new();
        for block in self.blocks() {
            let answers = vectors.answers().filter(|(probe, _)| block.contains(probe.anchor.time));
            for found in by_anchors(answers, block, limit, &self.scanner.scan.vote) {
                wanted.entry(found.track).or_default().push((block, found.seeds));
            }
        }
        wanted
    }

    /// The tracks that the anchors of blocks name.
    fn votes_of_anchors(&self, anchors: &[QueryVectors<Probe>], limit: usize) -> Wanted<Seeds> {
        let mut wanted = Wanted::new();
        for q in anchors {
            for found in by_anchors(q.answers(), q.block, limit, &self.scanner.scan.vote) {
                wanted.entry(found.track).or_default().push((q.block, found.seeds));
            }
        }
        wanted
    }

    /// The tracks that the windows of blocks name.
    fn votes_of_windows(&self, windows: &[QueryVectors<u32>], limit: usize) -> Wanted<Places> {
        let mut wanted = Wanted::new();
        for q in windows {
            for found in by_windows(&q.about, &q.hits, limit, &self.scanner.scan.vote) {
                wanted.entry(found.track).or_default().push((q.block, found.places));
            }
        }
        wanted
    }

    /// Aligns blocks of the query with the tracks of `wanted` at the query's own speed and pitch, unless they were.
    fn align(&mut self, mut wanted: Wanted<Places>) {
        // Alignment does not look at the hits: once is enough.
        wanted.retain(|track, places| {
            let known = self.candidates.get(track);
            places.retain(|(block, _)| known.is_none_or(|c| !c.aligned.contains(block)));
            !places.is_empty()
        });
        self.align_prefiltered(wanted);
    }

    /// Aligns them where the prefilter shows a copy.
    fn align_prefiltered(&mut self, wanted: Wanted<Places>) {
        self.compare(wanted, |pair, (block, places), aligned| {
            let of_query =
                |place: &VotedOffset| VotedOffset { query: block.begin + place.query, ..*place };
            if !places.iter().any(|place| pair.prefilter(of_query(place)).is_some()) {
                return Vec::new();
            }
            aligned.push(*block);
            pair.align(*block)
        });
    }

    /// Compares with the tracks of `wanted` along the lines that seeds of a block stand for, as many as `hypotheses`
    /// each.
    fn grow(&mut self, wanted: Wanted<Seeds>, hypotheses: usize) {
        self.compare(wanted, |pair, (block, seeds), _| pair.grow(*block, seeds, hypotheses));
    }

    /// Finds lines in each track of `wanted` wherever `look` is told to look, and verifies what that adds to the
    /// candidate. `look` may note the blocks that were aligned.
    fn compare<T: Sync + Send>(
        &mut self,
        wanted: Wanted<T>,
        look: impl Fn(&Comparison<'_>, &T, &mut Vec<Span>) -> Vec<Scored> + Sync,
    ) {
        let (plan, seconds) = (&self.scanner.scan.plan, self.scanner.searched_seconds);
        let needed = if is_long(self.query, plan) { plan.verified_score } else { 0.0 };
        let prober = self.prober();
        let work: Vec<_> = wanted
            .into_iter()
            .map(|(track, places)| (track, places, self.candidates.remove(&track)))
            .collect();
        let done: Vec<(TrackNo, Candidate)> = work
            .into_par_iter()
            .filter_map(|(track, places, known)| {
                let mut candidate = known.or_else(|| self.scanner.candidate(track))?;
                let Candidate { reference, aligned, lines, found } = &mut candidate;
                let pair = prober.against(reference);
                let added: Vec<Scored> =
                    places.iter().flat_map(|place| look(&pair, place, aligned)).collect();
                let distinctive = added.iter().any(|line| line.raw_score >= needed);
                lines.extend(added);
                if distinctive {
                    *found = pair.chain(lines.clone(), seconds);
                }
                Some((track, candidate))
            })
            .collect();
        self.candidates.extend(done);
    }
}

impl Scanner {
    fn candidate(&self, track: TrackNo) -> Option<Candidate> {
        let reference = self.store.reference(track, &self.fingerprint)?;
        Some(Candidate { reference, aligned: Vec::new(), lines: Vec::new(), found: None })
    }
}
