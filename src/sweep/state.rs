//! What is remembered between sweeps: `progress.jsonl` in the state folder.
//!
//! The first line says how the current or last run began, every further line what has been compared
//! since, the last one that the run is over. A run that is killed leaves at most a last line without its
//! end, which counts for nothing. When a run begins, the file is written anew and replaces the old one in
//! one step.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::plan::Seen;
use super::{Hash, MAX_LINE, SweepError};
use crate::id::{from_hex, hex};
use crate::journal::{self, Draft, LineError, LineFile, Lines, Lock};

/// Name of the file.
pub const FILE_NAME: &str = "progress.jsonl";
const LOCK_NAME: &str = "LOCK";
/// Says by which decisions the last sweep was told.
const DECIDED_NAME: &str = "decisions.json";
const FORMAT: &str = "soundalike-sweep";
const VERSION: u32 = 1;
/// Hashes a line holds where all of them are written.
const HASHES_PER_LINE: usize = 4096;
/// Most hashes in a state.
const MAX_HASHES: usize = 50_000_000;

/// What a run has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// References that were not there at the run before.
    pub new_references: u64,
    /// Tracks compared with all references.
    pub tracks: u64,
    /// Those of them that are not new, but gone over anew because of many new references.
    pub again: u64,
    /// References removed since the run before.
    pub gone_references: u64,
    /// Tracks removed since the run before.
    pub gone_tracks: u64,
    /// Pairs of track and reference compared.
    pub pairs: u64,
    /// Matches found that an earlier run had reported.
    pub known: u64,
}

impl Counts {
    /// Adds what `more` counts.
    pub fn add(&mut self, more: &Counts) {
        macro_rules! sum {
            ($($field:ident)*) => { $( self.$field = self.$field.saturating_add(more.$field); )* };
        }
        sum!(new_references tracks again gone_references gone_tracks pairs known);
    }
}

/// How a run began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    format: String,
    version: u32,
    /// Digest of the fingerprint parameters; what met under others has to meet again.
    pub params: String,
    /// Number of the run, from 1.
    pub run: u64,
    /// When it began.
    pub started_at: Timestamp,
    /// Where its findings begin in the file of findings, in bytes.
    pub findings_from: u64,
    /// How long that file was when this line was written.
    pub findings_length: u64,
    /// What it had done by then, where it was taken up again.
    pub counts: Counts,
}

impl Header {
    /// The first line of a run. Its findings begin at `findings_from`.
    pub fn new(params: String, run: u64, started_at: Timestamp, findings_from: u64) -> Header {
        Header {
            format: FORMAT.to_owned(),
            version: VERSION,
            params,
            run,
            started_at,
            findings_from,
            findings_length: findings_from,
            counts: Counts::default(),
        }
    }

    /// The first line of a run that goes on, now with these parameters.
    pub fn resumed(progress: Progress, params: String, findings_length: u64) -> Header {
        Header { params, findings_length, counts: progress.counts, ..progress.header }
    }
}

/// A step.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    /// References that have met all tracks seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    references: Vec<String>,
    /// Tracks that have met all references seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tracks: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    counts: Option<Counts>,
    /// Length of the file of findings by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    findings: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    finished_at: Option<Timestamp>,
}

impl Line {
    fn hashes(&self) -> Option<(Vec<Hash>, Vec<Hash>)> {
        let read = |list: &[String]| -> Option<Vec<Hash>> {
            list.iter().map(|hash| from_hex(hash)).collect()
        };
        Some((read(&self.references)?, read(&self.tracks)?))
    }
}

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// How the run began.
    pub header: Header,
    /// What has met.
    pub seen: Seen,
    /// What the run has done so far.
    pub counts: Counts,
    /// When it was over; none if it was cut short.
    pub finished_at: Option<Timestamp>,
    /// Least length of the file of findings: what was compared has been written there before.
    pub findings_length: u64,
}

impl Progress {
    /// Reads the file; errors name `path`. An incomplete last line counts for nothing.
    pub fn parse(path: &Path, input: impl BufRead) -> Result<Progress, SweepError> {
        let mut lines = Lines::new(input, MAX_LINE);
        let first = lines.read().map_err(unreadable(path))?;
        let first =
            first.ok_or_else(|| SweepError::damaged(path, 1, "the first line is missing"))?;
        let header = header(path, first.bytes)?;
        let counts = header.counts;
        let seen = Seen::default();
        let findings_length = header.findings_length.max(header.findings_from);
        let mut progress = Progress { header, seen, counts, finished_at: None, findings_length };
        while let Some(line) = lines.read().map_err(unreadable(path))? {
            let step = serde_json::from_slice::<Line>(line.bytes).map_err(|e| e.to_string());
            let taken = step.and_then(|step| progress.take(&step).map_err(str::to_owned));
            taken.map_err(|what| SweepError::damaged(path, line.number, what))?;
        }
        Ok(progress)
    }

    fn take(&mut self, line: &Line) -> Result<(), &'static str> {
        if self.finished_at.is_some() {
            return Err("something follows the end of the run");
        }
        let (references, tracks) = line.hashes().ok_or("no SHA-256 in hexadecimal")?;
        let known = self.seen.references.len() + self.seen.tracks.len();
        if known + references.len() + tracks.len() > MAX_HASHES {
            return Err("too many hashes");
        }
        self.seen.references.extend(references);
        self.seen.tracks.extend(tracks);
        self.counts.add(&line.counts.unwrap_or_default());
        self.finished_at = line.finished_at;
        self.findings_length = self.findings_length.max(line.findings.unwrap_or(0));
        Ok(())
    }
}

fn header(path: &Path, line: &[u8]) -> Result<Header, SweepError> {
    #[derive(Deserialize)]
    struct Mark {
        format: String,
        version: u32,
    }
    let damaged = |what: String| SweepError::damaged(path, 1, what);
    let mark: Mark = serde_json::from_slice(line).map_err(|e| damaged(e.to_string()))?;
    if mark.format != FORMAT {
        return Err(damaged("this is not the state of a sweep".into()));
    }
    if mark.version != VERSION {
        let (path, found) = (path.to_owned(), mark.version);
        return Err(SweepError::Version { path, found, supported: VERSION });
    }
    serde_json::from_slice(line).map_err(|e| damaged(e.to_string()))
}

/// The error for a line of the file at `path` that cannot be read.
pub(super) fn unreadable(path: &Path) -> impl FnOnce(LineError) -> SweepError + '_ {
    move |error| match error {
        LineError::Io(source) => SweepError::io(path)(source),
        LineError::TooLong { line } => SweepError::damaged(path, line, "the line is too long"),
    }
}

impl From<journal::Error> for SweepError {
    fn from(error: journal::Error) -> SweepError {
        match error {
            journal::Error::Locked { path } => SweepError::Locked { path },
            journal::Error::Io { path, source } => SweepError::Io { path, source },
        }
    }
}

/// The state folder, locked.
#[derive(Debug)]
pub struct Folder {
    dir: PathBuf,
    _lock: Lock,
}

/// How long the log of decisions was, and when: some run out.
#[derive(Serialize, Deserialize)]
struct Decided {
    entries: u64,
    /// None in files of versions before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<Timestamp>,
}

impl Folder {
    /// Creates the folder if need be, and locks it.
    pub fn open(dir: &Path) -> Result<Folder, SweepError> {
        std::fs::create_dir_all(dir).map_err(SweepError::io(dir))?;
        let lock = Lock::take(&dir.join(LOCK_NAME))?;
        Ok(Folder { dir: dir.to_owned(), _lock: lock })
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Puts a file out of the way, under its name with `.old` added.
    pub fn set_aside(&self, name: &str) -> Result<(), SweepError> {
        Ok(journal::set_aside(&self.dir.join(name), ".old")?)
    }

    /// Reads what is remembered; nothing before the first run.
    pub fn progress(&self) -> Result<Option<Progress>, SweepError> {
        let path = self.dir.join(FILE_NAME);
        match File::open(&path) {
            Ok(file) => Progress::parse(&path, BufReader::with_capacity(1 << 17, file)).map(Some),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(SweepError::io(&path)(e)),
        }
    }

    /// Entries that the log of decisions had when the last sweep was told, and when that was, as far as it is
    /// known.
    pub fn decided_until(&self) -> Option<(u64, Option<Timestamp>)> {
        let text = std::fs::read_to_string(self.dir.join(DECIDED_NAME)).ok()?;
        serde_json::from_str::<Decided>(&text).ok().map(|decided| (decided.entries, decided.at))
    }

    /// Notes them.
    pub fn set_decided_until(&self, entries: u64, at: Timestamp) -> Result<(), SweepError> {
        let path = self.dir.join(DECIDED_NAME);
        let (draft, file) = Draft::at(&self.dir.join(format!("{DECIDED_NAME}.tmp")), &path)?;
        serde_json::to_writer(&file, &Decided { entries, at: Some(at) })
            .map_err(|e| SweepError::io(&path)(e.into()))?;
        Ok(draft.put_in_place(file)?)
    }

    /// Begins a run that `header` describes, with what `seen` has met already.
    pub fn begin(&self, header: &Header, seen: &Seen) -> Result<ProgressLog, SweepError> {
        let path = self.dir.join(FILE_NAME);
        let temporary = self.dir.join(format!("{FILE_NAME}.tmp"));
        let (draft, file) = Draft::at(&temporary, &path)?;
        let file = write_new(file, header, seen).map_err(SweepError::io(&temporary))?;
        draft.publish(file, None)?;
        ProgressLog::open(path)
    }
}

fn write_new(file: File, header: &Header, seen: &Seen) -> io::Result<File> {
    let mut out = io::BufWriter::new(file);
    let mut line = |value: &dyn Fn(&mut dyn Write) -> serde_json::Result<()>| {
        value(&mut out)?;
        out.write_all(b"\n")
    };
    line(&|out| serde_json::to_writer(out, header))?;
    let references: Vec<&Hash> = seen.references.iter().collect();
    for chunk in references.chunks(HASHES_PER_LINE) {
        let step = Line { references: hashes(chunk), ..Line::default() };
        line(&|out| serde_json::to_writer(out, &step))?;
    }
    let tracks: Vec<&Hash> = seen.tracks.iter().collect();
    for chunk in tracks.chunks(HASHES_PER_LINE) {
        let step = Line { tracks: hashes(chunk), ..Line::default() };
        line(&|out| serde_json::to_writer(out, &step))?;
    }
    out.into_inner().map_err(io::IntoInnerError::into_error)
}

fn hashes(list: &[&Hash]) -> Vec<String> {
    list.iter().map(|hash| hex(*hash)).collect()
}

/// The file while a run goes on.
#[derive(Debug)]
pub struct ProgressLog {
    path: PathBuf,
    file: LineFile,
}

impl ProgressLog {
    fn open(path: PathBuf) -> Result<ProgressLog, SweepError> {
        let file = LineFile::open(&path).map_err(SweepError::io(&path))?;
        Ok(ProgressLog { path, file })
    }

    /// References have met all tracks seen; `findings` is the length of the file of findings now.
    pub fn references(
        &mut self,
        done: &[Hash],
        counts: Counts,
        findings: u64,
    ) -> Result<(), SweepError> {
        let references = done.iter().map(|hash| hex(hash)).collect();
        let (counts, findings) = (Some(counts), Some(findings));
        self.append(&Line { references, counts, findings, ..Line::default() })
    }

    /// Tracks have met all references.
    pub fn tracks(
        &mut self,
        done: &[Hash],
        counts: Counts,
        findings: u64,
    ) -> Result<(), SweepError> {
        let tracks = done.iter().map(|hash| hex(hash)).collect();
        let (counts, findings) = (Some(counts), Some(findings));
        self.append(&Line { tracks, counts, findings, ..Line::default() })
    }

    /// The run is over and was reported.
    pub fn finish(&mut self, now: Timestamp) -> Result<(), SweepError> {
        self.append(&Line { finished_at: Some(now), ..Line::default() })
    }

    fn append(&mut self, line: &Line) -> Result<(), SweepError> {
        let mut write = || {
            let mut bytes = serde_json::to_vec(line)?;
            bytes.push(b'\n');
            self.file.append(&bytes)
        };
        write().map_err(SweepError::io(&self.path))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(bytes: &[u8]) -> Result<Progress, SweepError> {
        Progress::parse(Path::new("progress.jsonl"), bytes)
    }

    fn header() -> Header {
        Header::new("p".into(), 3, "2026-11-24T02:00:00Z".parse().unwrap(), 7)
    }

    fn file(folder: &Folder) -> Vec<u8> {
        std::fs::read(folder.dir().join(FILE_NAME)).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn what_is_written_is_read_and_an_end_cut_off_takes_whole_steps(
            references in prop::collection::vec(any::<[u8; 32]>(), 0..9),
            tracks in prop::collection::vec(any::<[u8; 32]>(), 0..9),
            cut in any::<prop::sample::Index>(),
        ) {
            let dir = tempfile::tempdir().unwrap();
            let folder = Folder::open(dir.path()).unwrap();
            let old = Seen { references: references.iter().take(4).copied().collect(), ..Seen::default() };
            let mut journal = folder.begin(&header(), &old).unwrap();
            let begun = file(&folder).len();
            let counts = Counts { pairs: 5, ..Counts::default() };
            journal.references(&references, counts, 70).unwrap();
            journal.tracks(&tracks, counts, 90).unwrap();
            let seen = Seen {
                references: references.iter().copied().collect(),
                tracks: tracks.iter().copied().collect(),
            };
            let read = folder.progress().unwrap().unwrap();
            prop_assert_eq!(&read.seen, &seen);
            prop_assert_eq!((read.counts.pairs, read.findings_length), (10, 90));
            prop_assert_eq!(&read.header, &header());
            prop_assert!(read.finished_at.is_none());

            let bytes = file(&folder);
            let cut = begun + cut.index(bytes.len() - begun);
            let shorter = parse(&bytes[..cut]).unwrap();
            prop_assert!(shorter.seen == old || shorter.seen.references == seen.references);
            prop_assert!(shorter.seen.tracks.is_empty());

            journal.finish("2026-11-24T03:00:00Z".parse().unwrap()).unwrap();
            prop_assert!(folder.progress().unwrap().unwrap().finished_at.is_some());
            journal.tracks(&tracks, counts, 90).unwrap();
            prop_assert!(folder.progress().is_err());
        }

        #[test]
        fn strange_bytes_are_an_error_with_a_line(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let damaged = matches!(parse(&bytes), Err(SweepError::Damaged { line: 1, .. }));
            prop_assert!(damaged);
        }
    }

    #[test]
    fn one_sweep_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let first = Folder::open(dir.path()).unwrap();
        assert!(matches!(Folder::open(dir.path()), Err(SweepError::Locked { .. })));
        drop(first);
        assert!(Folder::open(dir.path()).is_ok());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_run_that_cannot_begin_leaves_the_state_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path()).unwrap();
        folder.begin(&header(), &Seen::default()).unwrap();
        let before = file(&folder);
        let draft = dir.path().join("progress.jsonl.tmp");
        // A folder is in the way of the new state.
        std::fs::create_dir(&draft).unwrap();
        let seen = Seen { tracks: [[7; 32]].into(), ..Seen::default() };
        let refused = folder.begin(&header(), &seen).unwrap_err();
        assert!(matches!(&refused, SweepError::Io { path, .. } if *path == draft), "{refused}");
        assert_eq!(file(&folder), before);
        std::fs::remove_dir(&draft).unwrap();
        folder.begin(&header(), &seen).unwrap();
        assert_eq!(folder.progress().unwrap().unwrap().seen, seen);
    }
}
