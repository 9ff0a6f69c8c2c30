//! The file of the log: read and checked entry by entry, appended to under a lock.
//!
//! A run that is killed while it appends leaves at most a last line without its end ([`journal`]). Readers
//! pass over such an end and say so; the next append cuts it off and makes an entry of that, too. Nothing
//! else is ever cut off: what could be a whole entry is kept, or refused where its hash is wrong.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Take};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::entry::{Chain, Entry, Event, Fault, MAX_LINE, Repair, VerdictEntry, whole_entry};
use super::place::{self, Anchor};
use crate::id::hex;
use crate::journal::{self, LineError, LineFile, Lines};

pub use super::error::LogError;
pub use super::place::LOG_NAME;

/// The end of a log that was not written to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Torn {
    /// The line.
    pub line: u64,
    /// Bytes that the next append cuts off; 0 where only the newline is missing.
    pub bytes: u64,
}

impl Torn {
    /// What an append did about it, in words.
    pub fn repaired(&self) -> String {
        match self {
            Torn { line, bytes: 0 } => {
                format!("line {line} of the decision log lacked its end, which was put back")
            }
            Torn { line, bytes } => format!(
                "line {line} of the decision log was incomplete, left by a run that was cut short; its \
                 {bytes} bytes were cut off, and the log says so"
            ),
        }
    }

    /// What the next append will do about it, in words.
    pub fn pending(&self) -> String {
        format!(
            "line {} of the decision log is incomplete, left by a run that was cut short; the next \
             decision repairs that",
            self.line
        )
    }
}

/// The entries of a log in their order, each checked against the one before. Ends at the first fault.
#[derive(Debug)]
pub struct Entries<R> {
    lines: Lines<R>,
    path: PathBuf,
    chain: Chain,
    torn: Option<Torn>,
    /// What is known of it from elsewhere.
    anchor: Option<Anchor>,
    ended: bool,
    /// Bytes before those that are read.
    base: u64,
    /// Length of the last entry with its newline.
    last: u64,
}

impl<R: BufRead> Entries<R> {
    /// Reads a log from `input`; errors name `path`.
    pub fn new(path: &Path, input: R) -> Entries<R> {
        Entries::going_on(path, input, &Place::default())
    }

    /// The same of what follows `place`.
    pub(super) fn going_on(path: &Path, input: R, place: &Place) -> Entries<R> {
        let lines = Lines::new(input, MAX_LINE);
        let (path, chain) = (path.to_owned(), place.chain.clone());
        let (base, last) = (place.offset, place.last);
        Entries { lines, path, chain, torn: None, anchor: None, ended: false, base, last }
    }

    /// How far this has been read; none where the end is incomplete, which the next append changes.
    pub(super) fn place(&self) -> Option<Place> {
        let offset = self.base + self.lines.length();
        self.torn.is_none().then(|| Place { offset, last: self.last, chain: self.chain.clone() })
    }

    /// Makes it an error if there is less than `anchor` says, or something else.
    pub(super) fn anchored(self, anchor: Option<Anchor>) -> Entries<R> {
        Entries { anchor, ..self }
    }

    /// Makes sure that the entry just read is the one that was written.
    fn is_known(&self, entry: &Entry) -> bool {
        let anchor = self.anchor.as_ref().filter(|anchor| anchor.entries == entry.seq);
        anchor.is_none_or(|anchor| anchor.head == entry.hash)
    }

    /// How far the chain has come.
    pub fn progress(&self) -> &Chain {
        &self.chain
    }

    /// The file that errors name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The incomplete end, known once there are no more entries.
    pub fn torn(&self) -> Option<Torn> {
        self.torn
    }

    fn read(&mut self) -> Result<Option<Entry>, LogError> {
        let number = self.chain.entries + 1;
        let damaged = |fault| LogError::Damaged { path: self.path.clone(), line: number, fault };
        let line = self.lines.read().map_err(|e| match e {
            LineError::Io(source) => io_error(&self.path, source),
            LineError::TooLong { .. } => damaged(Fault::TooLong),
        })?;
        if let Some(line) = line {
            let entry = Entry::parse(line.bytes).map_err(damaged)?;
            self.last = line.bytes.len() as u64 + 1;
            self.chain.follow(&entry).map_err(damaged)?;
            if !self.is_known(&entry) {
                return Err(damaged(Fault::OtherLog));
            }
            return Ok(Some(entry));
        }
        self.ended = true;
        let end = self.lines.torn();
        if end.is_empty() {
            let found = self.chain.entries;
            return match self.anchor.as_ref().filter(|anchor| anchor.entries > found) {
                Some(anchor) => Err(anchor.missing(&self.path, found)),
                None => Ok(None),
            };
        }
        let tail = Tail::of(end, &mut self.chain).map_err(damaged)?;
        self.torn = Some(Torn { line: number, bytes: tail.cut(end).len() as u64 });
        Ok(tail.entry)
    }
}

impl<R: BufRead> Iterator for Entries<R> {
    type Item = Result<Entry, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let read = self.read().transpose();
        self.ended |= !matches!(read, Some(Ok(_)));
        read
    }
}

/// A place between two entries of a log, at which it is gone on with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// Bytes before it.
    pub(super) offset: u64,
    /// How many of them are the last entry.
    pub(super) last: u64,
    /// The entries before it.
    pub(super) chain: Chain,
}

impl Place {
    /// Whether `line`, the bytes before the place, is the entry that was read there.
    pub(super) fn follows(&self, line: &[u8]) -> bool {
        let entry = line.strip_suffix(b"\n").and_then(|line| Entry::parse(line).ok());
        entry.is_some_and(|entry| entry.chain() == self.chain)
    }
}

/// What comes after the last newline.
#[derive(Default)]
struct Tail {
    /// An entry that lacks nothing but its newline.
    entry: Option<Entry>,
    /// Its length.
    kept: usize,
}

impl Tail {
    /// Looks for a whole entry; takes it into the chain, or refuses it.
    fn of(bytes: &[u8], chain: &mut Chain) -> Result<Tail, Fault> {
        let Some(kept) = whole_entry(bytes) else { return Ok(Tail::default()) };
        let entry = Entry::parse(bytes.get(..kept).unwrap_or_default())?;
        chain.follow(&entry)?;
        Ok(Tail { entry: Some(entry), kept })
    }

    fn cut<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        bytes.get(self.kept..).unwrap_or_default()
    }
}

pub(super) fn io_error(path: &Path, source: io::Error) -> LogError {
    LogError::Io { path: path.to_owned(), source }
}

/// Opens a log for reading: what is in it now, not what is appended meanwhile. `None` where there is no
/// such file.
pub fn open(path: &Path) -> Result<Option<Entries<BufReader<Take<File>>>>, LogError> {
    let path = &place::to_read(path);
    let error = |e| io_error(path, e);
    // Before the log, which is longer by then rather than shorter.
    let anchor = Anchor::of(path);
    match std::fs::metadata(path) {
        Ok(meta) if !meta.is_file() => return Err(LogError::NotAFile { path: path.to_owned() }),
        Ok(_) => {}
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return anchor.map_or(Ok(None), |anchor| Err(anchor.missing(path, 0)));
        }
        Err(e) => return Err(error(e)),
    }
    let file = journal::read_committed(path).map_err(error)?;
    let entries = Entries::new(path, BufReader::with_capacity(1 << 17, file));
    Ok(Some(entries.anchored(anchor)))
}

/// What [`verify`] found in a sound log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How far the chain goes.
    pub chain: Chain,
    /// An incomplete end.
    pub torn: Option<Torn>,
    /// Number of the entry with the hash asked for; 0 for that of an empty log.
    pub found: Option<u64>,
}

/// Checks every entry, and looks for the one with the hash `head`. `None` where there is no such file.
pub fn verify(path: &Path, head: Option<&str>) -> Result<Option<Verified>, LogError> {
    let Some(mut entries) = open(path)? else { return Ok(None) };
    let mut found = (head == Some(entries.chain.head.as_str())).then_some(0);
    for entry in entries.by_ref() {
        let entry = entry?;
        if head == Some(entry.hash.as_str()) {
            found = Some(entry.seq);
        }
    }
    Ok(Some(Verified { chain: entries.chain, torn: entries.torn, found }))
}

/// A log locked for appending. Nothing is written before [`commit`](Appender::commit).
#[derive(Debug)]
pub struct Appender {
    file: LineFile,
    path: PathBuf,
    chain: Chain,
    out: Vec<u8>,
    now: Timestamp,
    torn: Option<Torn>,
}

impl Appender {
    /// Opens or creates the log and waits until no other process appends to it. Checks its end, not all
    /// of it.
    pub fn open(path: &Path, now: Timestamp) -> Result<Appender, LogError> {
        if std::fs::metadata(path).is_ok_and(|meta| !meta.is_file()) {
            return Err(LogError::NotAFile { path: path.to_owned() });
        }
        let path = &place::to_read(path);
        let known = Anchor::of(path);
        if let Some(known) = known.as_ref().filter(|_| !path.exists()) {
            return Err(known.missing(path, 0));
        }
        let path = &place::to_create(path);
        let file = LineFile::open_locked(path).map_err(|e| io_error(path, e))?;
        // Entries bear whole seconds: nobody reads more into them.
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let mut log = Appender {
            file,
            path: path.to_owned(),
            chain: Chain::default(),
            out: Vec::new(),
            now,
            torn: None,
        };
        log.find_end()?;
        let found = log.chain.entries;
        match known.filter(|known| log.torn.is_none() && known.entries > found) {
            Some(known) => Err(known.missing(path, found)),
            None => Ok(log),
        }
    }

    /// Finds the last entry, and what has to be cut off or completed after it.
    fn find_end(&mut self) -> Result<(), LogError> {
        let ending = self.file.ending(MAX_LINE).map_err(|e| io_error(&self.path, e))?;
        if let Some(last) = &ending.last {
            self.chain = Entry::parse(last).map_err(|fault| self.fault(fault))?.chain();
        }
        let rest = &ending.torn;
        if rest.len() > MAX_LINE {
            return Err(self.fault(Fault::TooLong));
        }
        if rest.is_empty() {
            return Ok(());
        }
        let line = self.chain.entries + 1;
        let tail = Tail::of(rest, &mut self.chain).map_err(|fault| self.fault(fault))?;
        let cut = tail.cut(rest);
        self.torn = Some(Torn { line, bytes: cut.len() as u64 });
        self.file.end_at(self.file.end() - cut.len() as u64);
        if tail.entry.is_some() {
            self.out.push(b'\n');
        }
        if !cut.is_empty() {
            let removed_sha256 = hex(&Sha256::digest(cut));
            self.push(Event::Repair(Repair { removed_bytes: cut.len() as u64, removed_sha256 }))?;
        }
        Ok(())
    }

    /// The error for a fault near the end: all lines are read for the number of the first bad one.
    fn fault(&self, fault: Fault) -> LogError {
        let mut entries = match self.entries() {
            Ok(entries) => entries,
            Err(e) => return e,
        };
        let first = entries.find_map(Result::err);
        let line = entries.chain.entries + 1;
        first.unwrap_or(LogError::Damaged { path: self.path.clone(), line, fault })
    }

    /// Entries so far, with those that [`commit`](Appender::commit) will write.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// What the last run left incomplete, and this one repairs.
    pub fn torn(&self) -> Option<Torn> {
        self.torn
    }

    /// The entries that are on disk.
    pub fn entries(&self) -> Result<Entries<BufReader<Take<&File>>>, LogError> {
        let file = self.file.reader().map_err(|e| io_error(&self.path, e))?;
        Ok(Entries::new(&self.path, BufReader::new(file)))
    }

    /// The entries that are on disk behind `place`; none where the log is not the one that was read there.
    pub(super) fn entries_from(
        &self,
        place: &Place,
    ) -> Result<Option<Entries<BufReader<Take<&File>>>>, LogError> {
        let error = |e| io_error(&self.path, e);
        if place.offset > self.file.end() {
            return Ok(None);
        }
        if place.offset > 0 {
            let begin = place.offset.saturating_sub(place.last);
            let last = self.file.read_at(begin, place.last as usize).map_err(error)?;
            if !place.follows(&last) {
                return Ok(None);
            }
        }
        let file = self.file.reader_from(place.offset).map_err(error)?;
        Ok(Some(Entries::going_on(&self.path, BufReader::new(file), place)))
    }

    /// Puts an entry to those to be written.
    pub fn push(&mut self, event: Event) -> Result<Entry, LogError> {
        let refused = |fault| LogError::Refused { path: self.path.clone(), fault };
        let (entry, line) = Entry::write(&self.chain, self.now, event).map_err(refused)?;
        self.chain.follow(&entry).map_err(refused)?;
        self.out.extend_from_slice(&line);
        Ok(entry)
    }

    /// Writes and syncs what was pushed. Fails without a trace, or with an incomplete last line that the
    /// next append cuts off.
    pub fn commit(mut self) -> Result<(), LogError> {
        self.file.append(&self.out).map_err(|e| io_error(&self.path, e))?;
        Anchor::note(&self.path, &self.chain);
        place::keep_names(&self.path);
        Ok(())
    }
}

/// Entries at the end of a log among which verdicts are looked for that were entered already.
const LOOK_BACK: u64 = 100_000;

/// Appends those of `verdicts` that are not the last that was entered about their file, so that a run that was
/// killed after it had entered some, and is done again, enters each once. Returns what had to be repaired first.
///
/// A verdict is the same if all of it is, but for the time at which the run began: the file and its content,
/// the verdict and its reasons, what it was compared with and judged by.
pub fn append_verdicts_once(
    path: &Path,
    verdicts: &[VerdictEntry],
) -> Result<Option<Torn>, LogError> {
    if verdicts.is_empty() {
        return Ok(None);
    }
    let timeless = |v: &VerdictEntry| VerdictEntry { started_at: None, ..v.clone() };
    let mut log = Appender::open(path, Timestamp::now())?;
    let wanted: std::collections::BTreeSet<&str> =
        verdicts.iter().map(|v| v.sha256.as_str()).collect();
    let from = log.chain().entries.saturating_sub(LOOK_BACK);
    let mut known = std::collections::BTreeMap::new();
    for entry in log.entries()? {
        let Entry { seq, event, .. } = entry?;
        if let Event::Verdict(v) = event
            && seq > from
            && wanted.contains(v.sha256.as_str())
        {
            known.insert((v.subject.clone(), v.sha256.clone()), timeless(&v));
        }
    }
    for verdict in verdicts.iter().map(VerdictEntry::capped) {
        let last = known.get(&(verdict.subject.clone(), verdict.sha256.clone()));
        if last != Some(&timeless(&verdict)) {
            log.push(Event::Verdict(verdict))?;
        }
    }
    let torn = log.torn();
    log.commit()?;
    Ok(torn)
}

/// Appends verdicts, all or (if the run is killed) the first of them. Returns what had to be repaired
/// first.
pub fn append_verdicts(path: &Path, verdicts: &[VerdictEntry]) -> Result<Option<Torn>, LogError> {
    if verdicts.is_empty() {
        return Ok(None);
    }
    let mut log = Appender::open(path, Timestamp::now())?;
    for verdict in verdicts {
        log.push(Event::Verdict(verdict.capped()))?;
    }
    let torn = log.torn();
    log.commit()?;
    Ok(torn)
}

#[cfg(test)]
#[path = "log_tests.rs"]
mod tests;
