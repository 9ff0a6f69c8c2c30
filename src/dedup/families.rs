//! Families of a batch: tracks that play the same without being copies, as restyles and covers of a generator do.
//!
//! Recording before work: near-duplicates are one recording, for which one of them stands, and where two recordings
//! have the same stretch of sound in common, no tie is told. What is left are recordings that resemble each other
//! beyond chance, by the line of scans of many files and with every pair counted; those that hang together are a family.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;
use soundalike_index::{Error as IndexError, ReferenceStore, TrackId, TrackRef};

use super::family::{Family, MeasuredBy};
use super::kin::{Kin, Tie, describe};
use super::track_set::{TrackIx, TrackSet};
use super::{Clusters, Recording};
use crate::params::FingerprintParams;
use crate::progress::{Cancel, Progress};
use crate::resemblance::Resemblance;
use crate::scan::comparison::Comparison;
use crate::scan::evidence::MatchEvidence;
use crate::scan::params::ScanParams;
use crate::scan::reference::Reference;
use crate::works::channel::{Channel, Listening};
use crate::works::params::WorkParams;
use crate::works::search::{Batch, Wanted, WorkScanner};
use crate::works::stored::{heard, works};

/// Recordings that are looked up together.
const CHUNK: usize = 64;

/// What works are looked for in.
pub struct Works<'a> {
    /// The tracks of the set, with what they play.
    pub store: &'a dyn ReferenceStore,
    /// What is listened for.
    pub listening: Listening,
}

/// The families of what was found in `set`, those with the most recordings first; none where works are not listened for.
///
/// # Errors
/// A work cannot be read.
pub fn find_families(
    set: &TrackSet,
    found: &Clusters,
    within: &Works<'_>,
    params: &FingerprintParams,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<Vec<Family>, IndexError> {
    let search = Search::new(set, found, within, params)?;
    let mut ties: BTreeMap<(TrackIx, TrackIx), Tie> = BTreeMap::new();
    progress.start(search.asked.len());
    for chunk in search.asked.chunks(CHUNK) {
        if cancel.is_cancelled() {
            break;
        }
        let looked = chunk.par_iter().with_max_len(1).map(|&node| {
            let ties = search.ties_of(node);
            let meta = set.meta(node);
            let (path, ms) = meta.map_or(("", 0), |m| (m.path.as_str(), m.duration_ms));
            progress.file_done(std::path::Path::new(path), ms);
            ties
        });
        let looked: Result<Vec<Vec<Tie>>, IndexError> = looked.collect();
        for tie in looked?.into_iter().flatten() {
            // Both ways round are looked at; the surer one is told.
            let known = ties.get(&tie.nodes());
            if known.is_none_or(|known| tie.r.log10_evalue < known.r.log10_evalue) {
                ties.insert(tie.nodes(), tie);
            }
        }
    }
    progress.finish();
    let ties = ties.into_values().collect();
    let measured = (search.scanner.count().saturating_sub(1), search.measured_by());
    let mut families: Vec<Family> = Kin::all(ties)
        .iter()
        .map(|kin| describe(kin, &search.recordings, found, measured))
        .collect();
    families.sort_by(|a, b| b.recordings.cmp(&a.recordings).then(a.members.cmp(&b.members)));
    Ok(families)
}

/// Works of a batch, each looked for among the others.
struct Search<'a> {
    set: &'a TrackSet,
    found: &'a Clusters,
    within: &'a Works<'a>,
    params: &'a FingerprintParams,
    scanner: WorkScanner,
    /// Recordings of which some track is of this batch.
    asked: Vec<TrackIx>,
    /// The tracks that stand for recordings.
    roots: HashMap<TrackId, TrackIx>,
    /// The recordings that are kept with what they play.
    recordings: Vec<Recording>,
}

/// What is gathered of recordings.
#[derive(Default)]
struct Found {
    copies: HashMap<TrackId, TrackRef>,
    roots: HashMap<TrackId, TrackIx>,
    asked: Vec<TrackIx>,
    recordings: Vec<Recording>,
}

/// The track of a recording that stands for it: its representative, or the first that is kept with what it plays.
fn standing(
    set: &TrackSet,
    recording: &Recording,
    within: &Works<'_>,
) -> Result<Option<TrackIx>, IndexError> {
    for node in std::iter::once(recording.root).chain(recording.nodes()) {
        if plays(set, node, within)? {
            return Ok(Some(node));
        }
    }
    Ok(None)
}

/// Whether a track is kept with what it plays.
fn plays(set: &TrackSet, node: TrackIx, within: &Works<'_>) -> Result<bool, IndexError> {
    let Some(meta) = set.meta(node) else { return Ok(false) };
    let payload = within.store.payloads(&[TrackId::of(&meta.sha256)], Channel::Harmony.name())?;
    Ok(payload.iter().any(Option::is_some))
}

impl<'a> Search<'a> {
    fn new(
        set: &'a TrackSet,
        found: &'a Clusters,
        within: &'a Works<'a>,
        params: &'a FingerprintParams,
    ) -> Result<Search<'a>, IndexError> {
        let id = |node: TrackIx| set.meta(node).map(|meta| TrackId::of(&meta.sha256));
        let mut search = Found::default();
        for recording in &found.recordings {
            let Some(root) = standing(set, recording, within)? else { continue };
            let recording = Recording { root, ..recording.clone() };
            let Some(meta) = set.meta(root) else { continue };
            let Some(Some(work)) = within.store.find(&[meta.sha256])?.pop() else { continue };
            if recording.nodes().any(|node| node < set.fresh()) {
                search.asked.push(root);
            }
            let others = recording.nodes().filter(|node| *node != root);
            // Without what they play they are not among the works.
            for other in others {
                if let Some(id) = id(other)
                    && plays(set, other, within)?
                {
                    search.copies.insert(id, work);
                }
            }
            search.roots.insert(work.id, root);
            search.recordings.push(recording);
        }
        let Found { copies, roots, asked, recordings } = search;
        let batch = Batch { queries: asked.len(), copies };
        let scanner = WorkScanner::of_batch(within.store, &WorkParams::V1, batch)?;
        Ok(Search { set, found, within, params, scanner, asked, roots, recordings })
    }

    fn measured_by(&self) -> MeasuredBy {
        match self.scanner.is_measured_by_bars() {
            true => MeasuredBy::ShuffledBars,
            false => MeasuredBy::Works,
        }
    }

    /// What a recording plays that others play, and no match of the recording explains.
    fn ties_of(&self, node: TrackIx) -> Result<Vec<Tie>, IndexError> {
        let Some(meta) = self.set.meta(node) else { return Ok(Vec::new()) };
        let own = TrackId::of(&meta.sha256);
        let stored = works(self.within.store, &[own])?.pop().unwrap_or_default();
        if stored[Channel::Harmony as usize].is_none() {
            return Ok(Vec::new());
        }
        let query = heard(&stored, self.within.listening);
        let found = self.scanner.scan_but(self.within.store, &query, Wanted::Sure, Some(own))?;
        let among = (self.scanner.count().saturating_sub(1), true);
        let mut ties = Vec::new();
        let likely = found.all.iter().filter(|f| Resemblance::may_be_accepted(&f.found, true));
        for other in likely {
            let Some(&reference) = self.roots.get(&other.work.id) else { continue };
            let (Some(a), Some(b)) = (self.found.track(node), self.found.track(reference)) else {
                continue;
            };
            let path = found.path(self.within.store, other)?;
            let r = Resemblance::new(a, b, (&other.found, &path), among, Vec::new());
            let tie = Tie { query: node, reference, r };
            if tie.r.is_accepted() && !self.is_explained(&tie) {
                ties.push(tie);
            }
        }
        Ok(ties)
    }

    /// Whether the two have most of the stretch in common as a recording.
    fn is_explained(&self, tie: &Tie) -> bool {
        let (begin, end) = tie.r.query_ms;
        let common = |spans: Vec<(u64, u64)>| -> u64 {
            spans.iter().map(|(from, to)| to.min(&end).saturating_sub(*from.max(&begin))).sum()
        };
        let is_most = |spans: Vec<(u64, u64)>| 2 * common(spans) >= end - begin;
        let known = self.found.pairs.iter().filter(|pair| pair.nodes() == tie.nodes());
        let known = known.map(|pair| spans(&pair.found, pair.a == tie.query));
        known.into_iter().any(is_most)
            || self.compared(tie).is_some_and(|found| is_most(spans(&found, true)))
    }

    /// What the two have in common as recordings: the search for near-duplicates does not look for every excerpt.
    fn compared(&self, tie: &Tie) -> Option<MatchEvidence> {
        let query = self.set.constellation(tie.query)?;
        let reference = Reference::new(self.set.constellation(tie.reference)?, self.params);
        let seconds = self.set.meta(tie.reference)?.duration_ms as f64 / 1000.0;
        let pair = Comparison {
            query: &query,
            reference: &reference,
            scan: &ScanParams::V1,
            fingerprint: self.params,
        };
        pair.compare(seconds).filter(MatchEvidence::accepted)
    }
}

/// What a match covers of its query, or of its reference.
fn spans(found: &MatchEvidence, of_query: bool) -> Vec<(u64, u64)> {
    let span =
        |s: &crate::scan::segment::Segment| if of_query { s.query_ms } else { s.reference_ms };
    found.segments.iter().map(span).collect()
}
