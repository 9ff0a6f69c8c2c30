//! The records of an upload, as they stand in the file of its job.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use super::Desk;
use super::state::{LineRow, StateError, UploadRow};
use crate::report::read::Records;
use crate::report::records::{MatchRecord, Record, ResemblanceRecord};

/// Longest record that is read, in bytes.
const MAX_LINE: u64 = 64 << 20;

/// Why records cannot be shown.
#[derive(Debug, thiserror::Error)]
pub(super) enum RecordsError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error("the records of this upload cannot be read: {0}")]
    Io(#[from] io::Error),
}

impl Desk {
    /// The records of `upload`, line by line, as they were written; with those of its clusters.
    pub(super) fn lines_of(&self, upload: &UploadRow) -> Result<Vec<u8>, RecordsError> {
        let lines = self.store.lines(upload.n)?;
        let clusters = self.store.clusters(Some(upload.n), 100)?;
        let clusters = clusters.into_iter().filter(|c| c.job == upload.job).map(|c| c.line);
        let mut all: Vec<LineRow> = lines.into_iter().chain(clusters).collect();
        all.sort_by_key(|line| line.start);
        self.read_lines(&upload.job, &all)
    }

    /// These lines of the records of `job`.
    pub(super) fn read_lines(&self, job: &str, lines: &[LineRow]) -> Result<Vec<u8>, RecordsError> {
        let mut file = File::open(self.store.records(job))?;
        let mut out = Vec::new();
        for line in lines.iter().filter(|line| line.length <= MAX_LINE) {
            file.seek(SeekFrom::Start(line.start))?;
            let begin = out.len();
            (&mut file).take(line.length).read_to_end(&mut out)?;
            if out.len() - begin != line.length as usize {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            out.push(b'\n');
        }
        Ok(out)
    }

    /// The same, to be shown.
    pub(super) fn records_of(&self, upload: &UploadRow) -> Result<Records, RecordsError> {
        let lines = self.lines_of(upload)?;
        Ok(Records::spool(&mut lines.as_slice())?)
    }

    /// The matches of `upload`, in the order of the records.
    pub(super) fn matches_of(&self, upload: &UploadRow) -> Result<Vec<MatchRecord>, RecordsError> {
        let matches = self.records_of_kind(upload, "match")?.into_iter();
        let of = |record| if let Record::Match(m) = record { Some(*m) } else { None };
        Ok(matches.filter_map(of).collect())
    }

    /// The resemblances of an upload.
    pub(super) fn resemblances_of(
        &self,
        upload: &UploadRow,
    ) -> Result<Vec<ResemblanceRecord>, RecordsError> {
        let alike = self.records_of_kind(upload, "resemblance")?.into_iter();
        let of = |record| if let Record::Resemblance(r) = record { Some(*r) } else { None };
        Ok(alike.filter_map(of).collect())
    }

    fn records_of_kind(&self, upload: &UploadRow, kind: &str) -> Result<Vec<Record>, RecordsError> {
        let mut lines = self.store.lines(upload.n)?;
        lines.retain(|line| line.kind == kind);
        let text = self.read_lines(&upload.job, &lines)?;
        let records = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        Ok(records.filter_map(|line| serde_json::from_slice(line).ok()).collect())
    }
}
