//! What is told about one file, and what the batch keeps of it.

use soundalike_index::TrackRecord;

use super::analyse::{Analysed, is_low_content};
use super::lookups::Found;
use super::loops::loops_among;
use super::{Engine, Error, Hit, Item, References};
use crate::audio::AudioError;
use crate::dedup::BatchTrack;
use crate::fingerprint::Constellation;
use crate::fingerprint::stored::{constellation, payloads, windows};
use crate::policy::Upload;
use crate::report::evidence::EvidenceRecord;
use crate::report::records::{
    CredentialRecord, DecoderTraceRecord, ErrorRecord, MatchRecord, QueryInfo, Record, ScanResult,
    Scanned,
};
use crate::report::tracklist::tracklist;
use crate::scan::params::ScanParams;
use crate::scan::search::TrackMatch;
use crate::works::params::WorkParams;
use crate::works::stored as works;

/// A file that was read, or why not.
pub(super) type Read = Result<Box<Analysed>, ErrorRecord>;

/// A file that was looked at, or why not.
pub(super) type Outcome = Result<Seen, ErrorRecord>;

/// A file that was looked at.
pub(super) struct Seen {
    /// Its records, in order.
    pub(super) records: Vec<Record>,
    /// What rules look at.
    pub(super) upload: Upload,
    /// What the batch knows of it.
    pub(super) track: BatchTrack,
    /// What the batch compares.
    pub(super) kept: TrackRecord,
    /// Loops of a library that sound in it.
    pub(super) loops: Vec<TrackMatch>,
}

impl Engine {
    /// Reads one file, unless it is not wanted any more.
    pub(super) fn read(&self, item: &Item) -> Option<Read> {
        match self.analyse(item, self.references.is_some()) {
            Ok(analysed) => Some(Ok(Box::new(analysed))),
            Err(AudioError::Cancelled { .. }) => None,
            Err(error) => Some(Err(ErrorRecord::audio(&item.path, &error))),
        }
    }

    /// Everything about one file in which this was found. Without references only what the batch needs is worked out.
    ///
    /// # Errors
    /// A work of the references cannot be read.
    pub(super) fn describe(&self, mut analysed: Analysed, found: Found) -> Result<Seen, Error> {
        let loops = loops_among(&found.hits);
        let records = match &self.references {
            Some(references) => self.match_and_tell(references, &mut analysed, found)?,
            None => {
                self.judge.rule(&mut analysed.upload);
                Vec::new()
            }
        };
        let track = batch_track(&analysed.upload);
        let kept = self.kept(&analysed);
        Ok(Seen { records, upload: analysed.upload, track, kept, loops })
    }

    /// Applies decisions, and says what was found.
    fn match_and_tell(
        &self,
        references: &References,
        analysed: &mut Analysed,
        Found { mut hits, by_way_of }: Found,
    ) -> Result<Vec<Record>, Error> {
        let (track, query) = (analysed.upload.track.clone(), &analysed.constellation);
        let accepted = hits.iter().map(|hit| &hit.m).filter(|m| m.is_accepted());
        analysed.upload.matches = accepted.cloned().collect();
        self.judge.rule(&mut analysed.upload);
        // Decisions are about accepted matches only.
        let ruled = hits.iter_mut().filter(|hit| hit.m.is_accepted());
        for (hit, m) in ruled.zip(&analysed.upload.matches) {
            hit.m.clone_from(m);
        }
        let all: Vec<MatchRecord> = hits.iter().map(|hit| MatchRecord::from(&hit.m)).collect();
        let tracklist = tracklist(&all);
        let mut records = Vec::new();
        for (record, hit) in all.into_iter().zip(&hits).take(self.options.limit) {
            records.push(Record::Match(Box::new(record)));
            let evidence = self.evidence(references, query, hit);
            records.extend(evidence.map(|e| Record::Evidence(Box::new(e))));
        }
        let resemblances = self.resembling(
            references,
            &mut analysed.upload,
            analysed.work.as_ref(),
            &mut records,
        )?;
        let matches = analysed.upload.matches.len();
        let traced = analysed.upload.trace.as_ref();
        let trace = traced.map(|t| DecoderTraceRecord::new(&track, t));
        records.extend(trace.map(|t| Record::DecoderTrace(Box::new(t))));
        let credential = analysed.upload.credential.as_ref();
        let told = credential.and_then(|c| CredentialRecord::new(&track, c));
        records.extend(told.map(|c| Record::Credential(Box::new(c))));
        let is_featureless = matches == 0 && references.scanner.is_featureless(query);
        records.push(Record::Scanned(Scanned {
            query: QueryInfo::from(&*track),
            result: ScanResult::of(matches, is_featureless),
            matches,
            resemblances,
            tracklist,
            signal: Some(analysed.upload.signal.clone()),
            credential: credential.map(|c| c.state),
            by_way_of: by_way_of.map(|track| track.path.clone()),
        }));
        Ok(records)
    }

    /// What an accepted match rests on, if that is wanted.
    fn evidence(
        &self,
        references: &References,
        query: &Constellation,
        hit: &Hit,
    ) -> Option<EvidenceRecord> {
        if !self.options.evidence || !hit.m.is_accepted() {
            return None;
        }
        // Damage is told by the reader, which watches over all that is read of it.
        let reference = constellation(references.index.reader(), hit.found.track).ok()??;
        Some(EvidenceRecord::new(
            &hit.m.id,
            query,
            &reference,
            &hit.found.found,
            &self.options.params,
            &ScanParams::V1.verify,
        ))
    }

    /// Its peaks, and what it plays, only where tracks are compared with each other.
    fn kept(&self, analysed: &Analysed) -> TrackRecord {
        let params = &self.options.params;
        let meta = analysed.upload.track.to_index();
        if !self.options.cluster {
            return TrackRecord { meta, ..TrackRecord::default() };
        }
        let track = analysed.as_reference(params);
        let (mut payloads, mut windows) = (payloads(&track), windows(&track, params));
        if let Some(work) = &analysed.work {
            payloads.extend(works::payloads(work));
            windows.extend(works::windows(work, &WorkParams::V1));
        }
        TrackRecord { meta, payloads, windows }
    }
}

/// What the batch knows of an upload.
pub(super) fn batch_track(upload: &Upload) -> BatchTrack {
    BatchTrack {
        track: upload.track.clone(),
        ai: upload.declared.ai.level,
        moved: upload.declared.is_catalog_transfer || upload.declared.is_backfill,
        earlier: false,
        low_content: is_low_content(&upload.signal),
        reference_hit: upload.matches_others(),
        generator: !upload.tags_generator.is_empty(),
        allowed: upload.allowed_by.is_some(),
        seams: upload.signal.seams.clone(),
        repeats_ms: upload.signal.repetition.as_ref().map(|r| r.period_ms),
    }
}
