//! What plays the same: resemblances of an upload, beyond its matches.
//!
//! Recording before work: a reference that an accepted match shows at the same place is not told again.

use std::sync::Arc;

use soundalike_index::{Error as IndexError, Reader, TrackRef};

use super::{Engine, Options, References};
use crate::matches::Match;
use crate::policy::Upload;
use crate::report::records::{Record, ResemblanceRecord, WorkExhibit};
use crate::resemblance::{NextBest, Resemblance};
use crate::track::Track;
use crate::works::align::Path;
use crate::works::evidence::WorkEvidence;
use crate::works::search::{FoundWork, FoundWorks, Wanted, WorkScanner};
use crate::works::stored::works;
use crate::works::work::Work;

/// A resemblance with what it rests on.
pub(crate) struct Resembling {
    /// The resemblance.
    pub(crate) r: Resemblance,
    work: TrackRef,
    found: WorkEvidence,
    path: Path,
}

/// References, and what looks for their works.
pub(crate) struct Looking<'a> {
    /// Looks for the works.
    pub(crate) scanner: &'a WorkScanner,
    /// Where they are kept.
    pub(crate) reader: &'a Reader,
    /// Tracks are looked at by the many.
    pub(crate) in_bulk: bool,
}

impl Looking<'_> {
    /// The works that `track` resembles, the surest first, without those that its matches explain: all that are
    /// accepted, and so many that are not.
    pub(crate) fn resemblances(
        &self,
        track: &Arc<Track>,
        matches: &[Match],
        work: &Work,
        unsure: usize,
    ) -> Result<Vec<Resembling>, IndexError> {
        let wanted = if unsure > 0 { Wanted::All } else { Wanted::Sure };
        let works = self.scanner.scan(self.reader, work, wanted)?;
        let mut told = Vec::new();
        // The way of an alignment costs as much as the alignment: only where it is told.
        for found in &works.all {
            let any = told.len() < unsure;
            if !any && !Resemblance::may_be_accepted(&found.found, self.in_bulk) {
                continue;
            }
            let new = self.resembling(track, &works, found)?;
            let new = new.filter(|f| !is_explained(&f.r, matches));
            told.extend(new.filter(|f| any || f.r.is_accepted()));
        }
        Ok(told)
    }

    fn resembling(
        &self,
        track: &Arc<Track>,
        works: &FoundWorks,
        found: &FoundWork,
    ) -> Result<Option<Resembling>, IndexError> {
        let Some(reference) = self.track(found.work) else { return Ok(None) };
        let others = works.all.iter().filter(|other| other.work != found.work);
        let next = others.take(self.scanner.params().tell.next_best).filter_map(|other| {
            Some(NextBest { reference: self.track(other.work)?, z: other.found.leading_z() })
        });
        let among = (self.scanner.count(), self.in_bulk);
        let path = works.path(self.reader, found)?;
        let r = (&found.found, &path);
        let r = Resemblance::new(track, &reference, r, among, next.collect());
        Ok(Some(Resembling { r, work: found.work, found: found.found.clone(), path }))
    }

    fn track(&self, work: TrackRef) -> Option<Arc<Track>> {
        Some(Arc::new(Track::of_index(self.reader.meta(self.reader.track(work.id)?)?)))
    }
}

impl References {
    /// The works that `upload` resembles, as [`Looking::resemblances`] has them.
    pub(super) fn resemblances(
        &self,
        upload: &Upload,
        work: &Work,
        in_bulk: bool,
        unsure: usize,
    ) -> Result<Vec<Resembling>, IndexError> {
        let Some(scanner) = &self.works else { return Ok(Vec::new()) };
        let looking = Looking { scanner, reader: self.index.reader(), in_bulk };
        looking.resemblances(&upload.track, &upload.matches, work, unsure)
    }
}

/// Whether a match with the same reference covers most of it.
pub(super) fn is_explained(r: &Resemblance, matches: &[Match]) -> bool {
    let (begin, end) = r.query_ms;
    let common = |m: &Match| -> u64 {
        let spans = m.segments.iter().map(|s| s.query_ms);
        spans.map(|(from, to)| to.min(end).saturating_sub(from.max(begin))).sum()
    };
    let same = matches.iter().filter(|m| m.reference.sha256 == r.reference.sha256);
    same.map(common).any(|common| 2 * common >= end - begin)
}

impl Engine {
    /// Notes and tells what `upload` plays that references play, after its matches; how many were accepted, none
    /// where it was not looked for.
    ///
    /// # Errors
    /// A work of the references cannot be read.
    pub(super) fn resembling(
        &self,
        references: &References,
        upload: &mut Upload,
        work: Option<&Work>,
        records: &mut Vec<Record>,
    ) -> Result<Option<usize>, IndexError> {
        let Some(work) = work.filter(|_| references.works.is_some()) else { return Ok(None) };
        let Options { in_bulk, limit, candidates, evidence, .. } = self.options;
        let unsure = if candidates { limit } else { 0 };
        let mut all = references.resemblances(upload, work, in_bulk, unsure)?;
        let accepted = |f: &&Resembling| f.r.is_accepted();
        upload.resemblances = all.iter().filter(accepted).map(|f| f.r.clone()).collect();
        self.judge.rule(upload);
        // Decisions are about accepted ones only.
        let ruled = all.iter_mut().filter(|f| f.r.is_accepted());
        for (f, r) in ruled.zip(&upload.resemblances) {
            f.r.clone_from(r);
        }
        for f in all.iter().take(limit) {
            let exhibit =
                (evidence && f.r.is_accepted()).then(|| exhibit(references, f, work)).flatten();
            let record = ResemblanceRecord { exhibit, ..ResemblanceRecord::from(&f.r) };
            records.push(Record::Resemblance(Box::new(record)));
        }
        Ok(Some(upload.resemblances.len()))
    }
}

/// Both sides along an alignment, in the key and at the time of the query.
fn exhibit(references: &References, f: &Resembling, work: &Work) -> Option<WorkExhibit> {
    let reader = &**references.index.reader();
    let stored = works(reader, &[f.work.id]).ok()?.pop()?;
    let channel = f.found.channel;
    let rows = stored[channel as usize].as_deref()?;
    let tempo = (f.found.line.up, f.found.line.near);
    Some(WorkExhibit::new(tempo, &f.path, work.of(channel), rows))
}
