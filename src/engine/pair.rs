//! Two files compared with each other, without an index.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::analyse::Analysed;
use super::{Engine, Error, Item};
use crate::audio::AudioError;
use crate::id::scan_id;
use crate::matches::Match;
use crate::report::Report;
use crate::report::records::{
    Begin, ErrorRecord, MatchRecord, QueryInfo, Record, ScanResult, Scanned, Summary,
};
use crate::scan::comparison::Comparison;
use crate::scan::params::ScanParams;
use crate::scan::reference::Reference;

/// What two files have in common.
#[derive(Debug)]
pub struct Compared {
    /// The match, if the evidence is beyond chance.
    pub found: Option<Match>,
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
        let read = |path: &Path, density| Analysed::new(&Item::bare(path), params, density, decode);
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
        Compared {
            found: found.map(|found| Match::new(a, b, &found, params)),
            is_featureless: [query, reference].iter().any(|x| x.constellation.points.is_empty()),
        }
    }
}

fn tell(query: &Analysed, compared: &Compared, report: &mut dyn Report) -> Result<(), Error> {
    if let Some(found) = &compared.found {
        report.record(&Record::Match(Box::new(MatchRecord::from(found))))?;
    }
    let matches = usize::from(compared.found.is_some());
    let upload = &query.upload;
    report.record(&Record::Scanned(Scanned {
        query: QueryInfo::from(&*Arc::clone(&upload.track)),
        result: ScanResult::of(matches, compared.is_featureless),
        matches,
        tracklist: Vec::new(),
        signal: Some(upload.signal.clone()),
        by_way_of: None,
    }))?;
    Ok(())
}

fn name(query: &Path, reference: &Path) -> String {
    let bytes = |path: &'_ Path| path.as_os_str().as_encoded_bytes().to_vec();
    scan_id([b"\n".to_vec(), bytes(query), b"\n".to_vec(), bytes(reference)])
}
