//! Decisions kept up to date: of a log that goes on, only what is new is read.
//!
//! A log is appended to and never changed. So whoever has read it up to a place goes on from there, once the entry
//! before that place turns out to be the one that was read: its hash stands for all that came before. Where it is
//! another, or the log is shorter, all of it is read anew.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Take};
use std::path::Path;

use jiff::Timestamp;

use super::active::Decisions;
use super::entry::Entry;
use super::log::{self, Appender, Entries, LogError, Place, io_error};
use super::place::{self, Anchor};
use crate::journal;

/// How a log was followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followed {
    /// It goes on where it was read to.
    On,
    /// It is another, or it was not read before: all entries were read.
    Anew,
}

impl Decisions {
    /// Takes over what is new in the log at `path` as of `now`, and shows each entry that is read to `each`. A log that
    /// does not exist is empty.
    ///
    /// # Errors
    /// The log cannot be read, or it is damaged. What was known stays then.
    pub fn catch_up(
        &mut self,
        path: &Path,
        now: Timestamp,
        each: &mut dyn FnMut(&Entry),
    ) -> Result<Followed, LogError> {
        if let Some(place) = self.place().cloned()
            && let Some(entries) = open_at(path, &place)?
        {
            self.go_on(entries, now, each)?;
            return Ok(Followed::On);
        }
        let mut anew = Decisions::default();
        if let Some(entries) = log::open(path)? {
            anew.go_on(entries, now, each)?;
        }
        *self = anew;
        Ok(Followed::Anew)
    }

    /// The same of a log that is locked for appending.
    ///
    /// # Errors
    /// As for [`Decisions::catch_up`].
    pub fn catch_up_locked(&mut self, log: &Appender, now: Timestamp) -> Result<(), LogError> {
        let on = match self.place().cloned() {
            Some(place) => log.entries_from(&place)?,
            None => None,
        };
        match on {
            Some(entries) => self.go_on(entries, now, &mut |_| {}),
            None => {
                let mut anew = Decisions::default();
                anew.go_on(log.entries()?, now, &mut |_| {})?;
                *self = anew;
                Ok(())
            }
        }
    }

    /// Whether there is nothing new in the log at `path`, nor anything that came to its end by `now`.
    pub fn is_current(&self, path: &Path, now: Timestamp) -> bool {
        let length = std::fs::metadata(place::to_read(path)).map(|meta| meta.len()).ok();
        let as_far = self.place().is_some_and(|place| Some(place.offset) == length);
        as_far
            && !self.any_over(now)
            && self.place().is_some_and(|place| open_at(path, place).is_ok_and(|at| at.is_some()))
    }

    fn go_on<R: BufRead>(
        &mut self,
        mut entries: Entries<R>,
        now: Timestamp,
        each: &mut dyn FnMut(&Entry),
    ) -> Result<(), LogError> {
        while let Some(entry) = entries.next().transpose()? {
            self.take(&entry, now, entries.path())?;
            each(&entry);
        }
        self.read_to(&entries);
        self.expire(now);
        Ok(())
    }
}

/// Opens the log at `path` behind `place`; none where it is not the one that was read there.
fn open_at(path: &Path, place: &Place) -> Result<Option<Entries<BufReader<Take<File>>>>, LogError> {
    let path = &place::to_read(path);
    let error = |e| io_error(path, e);
    // Before the log, which is longer by then rather than shorter.
    let anchor = Anchor::of(path);
    if !std::fs::metadata(path).is_ok_and(|meta| meta.is_file()) {
        return Ok(None);
    }
    let mut file = journal::read_committed(path).map_err(error)?;
    let length = file.limit();
    if place.offset == 0 || place.offset > length {
        return Ok(None);
    }
    let mut last = Vec::new();
    let begin = place.offset.saturating_sub(place.last);
    file.get_mut().seek(SeekFrom::Start(begin)).map_err(error)?;
    file.by_ref().take(place.last).read_to_end(&mut last).map_err(error)?;
    if !place.follows(&last) {
        return Ok(None);
    }
    file.get_mut().seek(SeekFrom::Start(place.offset)).map_err(error)?;
    file.set_limit(length - place.offset);
    Ok(Some(Entries::going_on(path, BufReader::new(file), place).anchored(anchor)))
}

#[cfg(test)]
#[path = "follow_tests.rs"]
mod tests;
