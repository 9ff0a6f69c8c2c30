//! Two files compared with each other, without an index.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::analyse::Analysed;
use super::resembling::is_explained;
use super::{Engine, Error, Item};
use crate::audio::AudioError;
use crate::id::scan_id;
use crate::matches::Match;
use crate::report::Report;
use crate::report::records::{
    Begin, ErrorRecord, MatchRecord, QueryInfo, Record, ResemblanceRecord, ScanResult, Scanned,
    Summary,
};
use crate::resemblance::Resemblance;
use crate::scan::comparison::Comparison;
use crate::scan::params::ScanParams;
use crate::scan::reference::Reference;
use crate::works::pair::compare;
use crate::works::params::WorkParams;

/// What two files have in common.
#[derive(Debug)]
pub struct Compared {
    /// The match, if the evidence is beyond chance.
    pub found: Option<Match>,
    /// That they play the same, if it is beyond chance and no match explains it; sought where
    /// [`Options::works`](super::Options) says so.
    pub resemblance: Option<Resemblance>,
    /// The files cannot be compared: nothing in one of them can be fingerprinted.
    pub is_featureless: bool,
}

impl Engine {
    /// Compares the file at `query` with the one at `reference`. References and policies play no part.
    ///
    /// # Errors
    /// One of the files cannot be read.
    pub fn compare(&self, query: &Path, reference: &Path) -> Result<Compared, Error> {
        let (query, reference) = self.read_both(query, reference);
        Ok(self.compared(&query?, &reference?))
    }

    /// As [`compare`](Engine::compare), told to `report`, apart from the summary.
    ///
    /// # Errors
    /// Records cannot be written.
    #[doc(hidden)]
    pub fn compare_and_tell(
        &self,
        query: &Path,
        reference: &Path,
        now: Timestamp,
        report: &mut dyn Report,
    ) -> Result<Summary, Error> {
        report.record(&Record::Begin(Begin::new(name(query, reference), None, now)))?;
        let (a, b) = self.read_both(query, reference);
        let mut summary = Summary { inputs: 2, ..Summary::default() };
        let mut usable = Vec::new();
        for (path, analysed) in [(query, a), (reference, b)] {
            match analysed {
                Ok(analysed) => usable.push(analysed),
                Err(error) => {
                    summary.errors += 1;
                    report.record(&Record::Error(ErrorRecord::audio(path, &error)))?;
                }
            }
        }
        if let [query, reference] = usable.as_slice() {
            let compared = self.compared(query, reference);
            tell(query, &compared, report)?;
            let ms = query.upload.track.duration_ms + reference.upload.track.duration_ms;
            summary.scanned = 2;
            summary.matched = usize::from(compared.found.is_some());
            summary.matches = summary.matched;
            summary.resembling =
                usize::from(compared.found.is_none() && compared.resemblance.is_some());
            summary.audio_seconds = ms as f64 / 1000.0;
        }
        Ok(summary)
    }

    fn read_both(
        &self,
        query: &Path,
        reference: &Path,
    ) -> (Result<Analysed, AudioError>, Result<Analysed, AudioError>) {
        let (params, decode) = (&self.options.params, &self.options.decode);
        let works = self.options.works;
        let read = |path: &Path, density| {
            Analysed::new(&Item::bare(path), params, density, decode, works, None)
        };
        rayon::join(|| read(query, params.query_density), || read(reference, 1.0))
    }

    fn compared(&self, query: &Analysed, reference: &Analysed) -> Compared {
        let params = &self.options.params;
        let (a, b) = (&query.upload.track, &reference.upload.track);
        let prepared = Reference::new(reference.constellation.clone(), params);
        let seconds = b.duration_ms as f64 / 1000.0;
        let pair = Comparison {
            query: &query.constellation,
            reference: &prepared,
            scan: &ScanParams::V1,
            fingerprint: params,
        };
        let found = pair.compare(seconds).filter(|found| found.accepted());
        let found = found.map(|found| Match::new(a, b, &found, params));
        let resemblance = resemblance(query, reference);
        let explained = |r: &Resemblance| is_explained(r, found.as_slice());
        let told = resemblance.filter(|r| r.is_accepted() && !explained(r));
        Compared {
            found,
            resemblance: told,
            is_featureless: [query, reference].iter().any(|x| x.constellation.points.is_empty()),
        }
    }
}

/// That they play the same, where that was listened to.
fn resemblance(query: &Analysed, reference: &Analysed) -> Option<Resemblance> {
    let (ours, theirs) = (query.work.as_ref()?, reference.work.as_ref()?);
    let (found, path) = compare(ours, theirs, &WorkParams::V1)?;
    let (a, b) = (&query.upload.track, &reference.upload.track);
    Some(Resemblance::new(a, b, (&found, &path), (1, false), Vec::new()))
}

fn tell(query: &Analysed, compared: &Compared, report: &mut dyn Report) -> Result<(), Error> {
    if let Some(found) = &compared.found {
        report.record(&Record::Match(Box::new(MatchRecord::from(found))))?;
    }
    if let Some(r) = &compared.resemblance {
        report.record(&Record::Resemblance(Box::new(ResemblanceRecord::from(r))))?;
    }
    let matches = usize::from(compared.found.is_some());
    let upload = &query.upload;
    report.record(&Record::Scanned(Scanned {
        query: QueryInfo::from(&*Arc::clone(&upload.track)),
        result: ScanResult::of(matches, compared.is_featureless),
        matches,
        resemblances: query.work.is_some().then_some(usize::from(compared.resemblance.is_some())),
        tracklist: Vec::new(),
        signal: Some(upload.signal.clone()),
        by_way_of: None,
        credential: None,
    }))?;
    Ok(())
}

fn name(query: &Path, reference: &Path) -> String {
    let bytes = |path: &'_ Path| path.as_os_str().as_encoded_bytes().to_vec();
    scan_id([b"\n".to_vec(), bytes(query), b"\n".to_vec(), bytes(reference)])
}
