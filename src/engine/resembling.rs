//! What plays the same: resemblances of an upload, beyond its matches.
//!
//! Recording before work: a reference that an accepted match shows at the same place is not told again.

use std::sync::Arc;

use soundalike_index::{Error as IndexError, TrackRef};

use super::{Engine, References};
use crate::matches::Match;
use crate::policy::Upload;
use crate::report::records::{Record, ResemblanceRecord, WorkExhibit};
use crate::resemblance::{NextBest, Resemblance};
use crate::track::Track;
use crate::works::search::FoundWork;
use crate::works::stored::works;
use crate::works::work::Work;

/// A resemblance with what it rests on.
pub(super) struct Resembling {
    pub(super) r: Resemblance,
    found: FoundWork,
}

impl References {
    /// The works that `upload` resembles, the surest first, without those that its matches explain.
    pub(super) fn resemblances(
        &self,
        upload: &Upload,
        work: &Work,
        in_bulk: bool,
    ) -> Result<Vec<Resembling>, IndexError> {
        let Some(scanner) = &self.works else { return Ok(Vec::new()) };
        let reader = &**self.index.reader();
        let all = scanner.scan(reader, work)?;
        let track = |work: TrackRef| -> Option<Arc<Track>> {
            Some(Arc::new(Track::of_index(reader.meta(reader.track(work.id)?)?)))
        };
        let resembling = |found: &FoundWork| {
            let reference = track(found.work)?;
            let others = all.iter().filter(|other| other.work != found.work);
            let next = others.take(scanner.params().tell.next_best);
            let next = next.filter_map(|other| {
                Some(NextBest { reference: track(other.work)?, z: other.found.leading_z() })
            });
            let among = (scanner.count(), in_bulk);
            let next = next.collect();
            let r = Resemblance::new(&upload.track, &reference, &found.found, among, next);
            Some(Resembling { r, found: found.clone() })
        };
        let told = all.iter().filter_map(resembling);
        Ok(told.filter(|f| !is_explained(&f.r, &upload.matches)).collect())
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
        let all = references.resemblances(upload, work, self.options.in_bulk)?;
        let accepted = |f: &&Resembling| f.r.is_accepted();
        upload.resemblances = all.iter().filter(accepted).map(|f| f.r.clone()).collect();
        let told = all.iter().filter(|f| f.r.is_accepted() || self.options.candidates);
        for f in told.take(self.options.limit) {
            let exhibit = (self.options.evidence && f.r.is_accepted())
                .then(|| exhibit(references, &f.found, work))
                .flatten();
            let record = ResemblanceRecord { exhibit, ..ResemblanceRecord::from(&f.r) };
            records.push(Record::Resemblance(Box::new(record)));
        }
        Ok(Some(upload.resemblances.len()))
    }
}

/// Both sides along an alignment, in the key and at the time of the query.
fn exhibit(references: &References, found: &FoundWork, work: &Work) -> Option<WorkExhibit> {
    let reader = &**references.index.reader();
    let stored = works(reader, &[found.work.id]).ok()?.pop()?;
    let channel = found.found.channel;
    let rows = stored[channel as usize].as_deref()?;
    Some(WorkExhibit::new(&found.found, work.of(channel), rows))
}
