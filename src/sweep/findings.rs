//! What was found, ever: `findings.jsonl` in the state folder.
//!
//! Match records as a scan writes them, and resemblances, with the number of the run that found them and `measures`, the same
//! figures unrounded, by which they are judged; after a line that says when the run began. Each has a
//! checksum (`sums`). Lines are only ever added. A run that is killed leaves at most a last line without its end, which the next one cuts off:
//! what it told of had not been recorded as compared.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::compare::Found;
use super::state::unreadable;
use super::sums::{Sums, digest};
use super::{Hash, MAX_LINE, SweepError};
use crate::id::{from_hex, hex, parse_ref_id, ref_id};
use crate::journal::{LineFile, Lines};
use crate::matches::{AlignedSegment, Match, Measures};
use crate::report::records::{MatchRecord, SegmentRecord};
use crate::resemblance::Resemblance;
use crate::track::Track;

/// Name of the file.
pub const FILE_NAME: &str = "findings.jsonl";
/// Most pairs in a file.
const MAX_PAIRS: usize = 20_000_000;
/// Segments kept of a match, the first ones: a loop against a loop has no end of them.
const MAX_SEGMENTS: usize = 4096;

/// A catalogue track and a reference that resemble each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PairKey {
    /// The track.
    pub track: Hash,
    /// The reference, by the bytes of its identifier.
    pub reference: [u8; 8],
    /// By what they play, and not as recordings.
    pub is_work: bool,
}

impl PairKey {
    /// The pair of these two files.
    pub fn new(track: Hash, reference: &Hash) -> PairKey {
        PairKey { track, reference: short(reference), is_work: false }
    }

    /// The same, by what they play.
    pub fn of_works(track: Hash, reference: &Hash) -> PairKey {
        PairKey { is_work: true, ..PairKey::new(track, reference) }
    }

    fn parse(sha256: &str, ref_id: &str, is_work: bool) -> Option<PairKey> {
        Some(PairKey { track: from_hex(sha256)?, reference: parse_ref_id(ref_id)?, is_work })
    }
}

/// The bytes of a reference's identifier.
pub fn short(reference: &Hash) -> [u8; 8] {
    std::array::from_fn(|i| reference[i])
}

/// Where a record stands in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinePosition {
    /// First byte.
    pub offset: u64,
    len: u32,
    line: u64,
    /// Of what stands there.
    digest: u64,
}

/// A line, as far as it has to be known to know what was reported.
#[derive(Deserialize)]
struct Line {
    r#type: String,
    query: Option<Query>,
    reference: Option<Reference>,
    track: Option<String>,
    ref_id: Option<String>,
    /// Digest of all lines before.
    before: Option<String>,
}

#[derive(Deserialize)]
struct Query {
    sha256: String,
}

#[derive(Deserialize)]
struct Reference {
    ref_id: String,
}

/// What a line says.
enum Event {
    Match(PairKey),
    TrackGone(Hash),
    ReferenceGone([u8; 8]),
    Other,
}

impl Event {
    /// `before`: digest of all lines before.
    fn parse(bytes: &[u8], before: impl FnOnce() -> String) -> Result<Event, String> {
        let line: Line = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
        if line.before.is_some_and(|expected| expected != before()) {
            return Err("a line before this one was changed, lost or moved".into());
        }
        match (line.r#type.as_str(), line.query, line.reference) {
            (kind @ ("match" | "resemblance"), Some(query), Some(reference)) => {
                let is_work = kind == "resemblance";
                let pair = PairKey::parse(&query.sha256, &reference.ref_id, is_work);
                pair.map(Event::Match).ok_or_else(|| format!("a {kind} of no known kind of track"))
            }
            (kind @ ("match" | "resemblance"), ..) => Err(format!("a {kind} of nothing")),
            ("forgotten", ..) => {
                let track = line.track.and_then(|hash| from_hex(&hash)).map(Event::TrackGone);
                let id = line.ref_id.and_then(|id| parse_ref_id(&id));
                let gone = track.or(id.map(Event::ReferenceGone));
                gone.ok_or_else(|| "nothing that could be forgotten".into())
            }
            _ => Ok(Event::Other),
        }
    }
}

/// Pairs reported and not forgotten, and where.
#[derive(Debug, Default)]
pub struct Reported {
    pairs: BTreeMap<PairKey, LinePosition>,
    /// Length of all complete lines, in bytes.
    pub length: u64,
    lines: u64,
    sums: Sums,
}

impl Reported {
    /// Reads the file; errors name `path`. An incomplete last line counts for nothing.
    pub fn parse(path: &Path, input: impl BufRead) -> Result<Reported, SweepError> {
        let mut reported = Reported::default();
        let mut tracks: BTreeMap<Hash, u64> = BTreeMap::new();
        let mut references: BTreeMap<[u8; 8], u64> = BTreeMap::new();
        let mut lines = Lines::new(input, MAX_LINE);
        let mut sums = Sums::default();
        while let Some(line) = lines.read().map_err(unreadable(path))? {
            let damaged = |what| SweepError::damaged(path, line.number, what);
            let event = Event::parse(line.bytes, || sums.before());
            sums.take(line.bytes).map_err(damaged)?;
            match event.map_err(damaged)? {
                Event::Match(pair) => {
                    let len = line.bytes.len() as u32 + 1;
                    let (offset, digest) = (line.offset, digest(line.bytes));
                    let place = LinePosition { offset, len, line: line.number, digest };
                    reported.pairs.insert(pair, place);
                    if reported.pairs.len() > MAX_PAIRS {
                        return Err(damaged("too many matches".into()));
                    }
                }
                Event::TrackGone(track) => drop(tracks.insert(track, line.offset)),
                Event::ReferenceGone(id) => drop(references.insert(id, line.offset)),
                Event::Other => {}
            }
        }
        (reported.lines, reported.length) = (lines.count(), lines.length());
        reported.sums = sums;
        reported.pairs.retain(|pair, place| {
            let since = |gone: Option<&u64>| gone.is_none_or(|at| *at < place.offset);
            since(tracks.get(&pair.track)) && since(references.get(&pair.reference))
        });
        Ok(reported)
    }

    /// Where a pair was reported, if it was.
    pub fn get(&self, pair: &PairKey) -> Option<LinePosition> {
        self.pairs.get(pair).copied()
    }

    /// All pairs.
    pub fn pairs(&self) -> impl Iterator<Item = (&PairKey, &LinePosition)> {
        self.pairs.iter()
    }
}

/// The file, open for adding and for looking things up.
#[derive(Debug)]
pub struct Findings {
    path: PathBuf,
    file: LineFile,
    reported: Reported,
    unsummed: u64,
}

/// Says that lines have checksums from here on.
#[derive(Serialize)]
struct SumsLine {
    r#type: &'static str,
    before: String,
}

#[derive(Serialize)]
struct RunLine<'a> {
    r#type: &'static str,
    run: u64,
    started_at: Timestamp,
    references: &'a str,
    catalogue: &'a str,
    before: String,
}

/// What was found of a pair.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum FoundLine<'a> {
    Match {
        run: u64,
        #[serde(flatten)]
        stored: Box<StoredMatch>,
    },
    /// Unrounded; query and reference stand for whom it is about, as in a match.
    Resemblance { run: u64, query: TrackName, reference: RefName, found: &'a Resemblance },
}

#[derive(Serialize)]
struct TrackName {
    sha256: String,
}

#[derive(Serialize)]
struct RefName {
    ref_id: String,
}

/// A resemblance as a line keeps it.
#[derive(Deserialize)]
struct StoredResemblance {
    found: Resemblance,
}

impl FoundLine<'_> {
    fn new(run: u64, found: &Found) -> FoundLine<'_> {
        match found {
            Found::Match(m) => FoundLine::Match { run, stored: Box::new(StoredMatch::new(m)) },
            Found::Resemblance(r) => FoundLine::Resemblance {
                run,
                query: TrackName { sha256: r.query.sha256_hex() },
                reference: RefName { ref_id: r.reference.ref_id() },
                found: r,
            },
        }
    }

    fn pair(&self) -> Option<PairKey> {
        match self {
            FoundLine::Match { stored, .. } => {
                let record = &stored.record;
                PairKey::parse(&record.query.sha256, &record.reference.ref_id, false)
            }
            FoundLine::Resemblance { query, reference, .. } => {
                PairKey::parse(&query.sha256, &reference.ref_id, true)
            }
        }
    }
}

/// A match as a line keeps it: as records show it, and what was measured as it is judged, unrounded.
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredMatch {
    #[serde(flatten)]
    record: MatchRecord,
    /// None in lines of versions before: what they show rounded is all there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    measures: Option<Measures>,
    /// What is left of it beside loops of a library, as it is judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rest: Option<Box<StoredMatch>>,
}

impl StoredMatch {
    fn new(m: &Match) -> StoredMatch {
        let mut record = MatchRecord::from(m);
        record.segments.truncate(MAX_SEGMENTS);
        let rest = m.beside_loops.as_deref().map(|rest| Box::new(StoredMatch::new(rest)));
        StoredMatch { record, measures: Some(m.measures), rest }
    }

    /// The match of `query` with `reference`, as it was found.
    pub fn restored(self, query: Arc<Track>, reference: Arc<Track>) -> Match {
        let StoredMatch { record, measures, rest } = self;
        let rest = rest.map(|rest| Box::new(rest.restored(query.clone(), reference.clone())));
        let segments = |repeat: bool| -> Vec<AlignedSegment> {
            let all = record.segments.iter().filter(|s| s.repeat == repeat);
            all.map(SegmentRecord::segment).collect()
        };
        Match {
            measures: measures.unwrap_or_else(|| record.measures()),
            segments: segments(false),
            repeats: segments(true),
            id: record.match_id,
            kind: record.match_kind,
            modified: record.modified,
            beside_loops: rest,
            loops: record.loops,
            query,
            reference,
            allowed_by: None,
            blocked_by: None,
        }
    }
}

#[derive(Serialize)]
struct ForgottenLine {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    track: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ref_id: Option<String>,
}

impl Findings {
    /// Opens or creates the file in the state folder, and cuts off an incomplete last line. The folder
    /// must be locked.
    pub fn open(dir: &Path) -> Result<Findings, SweepError> {
        let path = dir.join(FILE_NAME);
        let mut file = LineFile::open(&path).map_err(SweepError::io(&path))?;
        let input = file.reader().map_err(SweepError::io(&path))?;
        let reported = Reported::parse(&path, BufReader::with_capacity(1 << 17, input))?;
        file.end_at(reported.length);
        file.cut().map_err(SweepError::io(&path))?;
        let unsummed = reported.sums.without();
        let mut findings = Findings { path, file, reported, unsummed };
        if unsummed > 0 {
            // From now on nothing in it changes unnoticed.
            let before = findings.reported.sums.before();
            findings.append(&[SumsLine { r#type: "checksums_begin", before }])?;
        }
        Ok(findings)
    }

    /// Lines that a version before wrote without checksums, where this is the first to meet them: whether they
    /// are as they were written, nobody can say.
    pub fn unsummed(&self) -> u64 {
        self.unsummed
    }

    /// What is in it.
    pub fn reported(&self) -> &Reported {
        &self.reported
    }

    /// Says that a run begins.
    pub fn begin_run(
        &mut self,
        run: u64,
        started_at: Timestamp,
        references: &str,
        catalogue: &str,
    ) -> Result<(), SweepError> {
        let (r#type, before) = ("sweep_run", self.reported.sums.before());
        self.append(&[RunLine { r#type, run, started_at, references, catalogue, before }]).map(drop)
    }

    /// Adds what is not reported yet.
    pub fn add(&mut self, run: u64, found: &[Found]) -> Result<(), SweepError> {
        let lines: Vec<FoundLine<'_>> = found.iter().map(|f| FoundLine::new(run, f)).collect();
        let places = self.append(&lines)?;
        for (line, place) in lines.iter().zip(places) {
            if let Some(pair) = line.pair() {
                self.reported.pairs.insert(pair, place);
            }
        }
        Ok(())
    }

    /// Forgets what was reported about files that are there no more: should they come back, it is new.
    pub fn forget(&mut self, tracks: &[Hash], references: &[Hash]) -> Result<(), SweepError> {
        let tracks: BTreeSet<Hash> = tracks.iter().copied().collect();
        let ids: BTreeMap<[u8; 8], &Hash> = references.iter().map(|r| (short(r), r)).collect();
        let mut lines: BTreeMap<String, ForgottenLine> = BTreeMap::new();
        for (pair, _) in self.reported.pairs() {
            if tracks.contains(&pair.track) {
                let track = hex(&pair.track);
                let line =
                    ForgottenLine { r#type: "forgotten", track: Some(track.clone()), ref_id: None };
                lines.insert(track, line);
            }
            if let Some(reference) = ids.get(&pair.reference) {
                let id = ref_id(reference);
                let line =
                    ForgottenLine { r#type: "forgotten", track: None, ref_id: Some(id.clone()) };
                lines.insert(id, line);
            }
        }
        self.append(&lines.into_values().collect::<Vec<_>>())?;
        self.reported
            .pairs
            .retain(|pair, _| !tracks.contains(&pair.track) && !ids.contains_key(&pair.reference));
        Ok(())
    }

    /// Reads a match again.
    pub fn read(&mut self, place: LinePosition) -> Result<StoredMatch, SweepError> {
        self.line(place)
    }

    /// Reads a resemblance again.
    pub fn read_resemblance(&mut self, place: LinePosition) -> Result<Resemblance, SweepError> {
        Ok(self.line::<StoredResemblance>(place)?.found)
    }

    fn line<T: DeserializeOwned>(&mut self, place: LinePosition) -> Result<T, SweepError> {
        let bytes = self.file.read_at(place.offset, place.len as usize);
        let bytes = bytes.map_err(SweepError::io(&self.path))?;
        if digest(bytes.strip_suffix(b"\n").unwrap_or(&bytes)) != place.digest {
            let what = "the line is not what it was when the sweep began".to_owned();
            return Err(SweepError::damaged(&self.path, place.line, what));
        }
        serde_json::from_slice(&bytes)
            .map_err(|e| SweepError::damaged(&self.path, place.line, e.to_string()))
    }

    fn append(&mut self, lines: &[impl Serialize]) -> Result<Vec<LinePosition>, SweepError> {
        if lines.is_empty() {
            return Ok(Vec::new());
        }
        let (mut bytes, mut places) = (Vec::new(), Vec::with_capacity(lines.len()));
        let mut sums = self.reported.sums.clone();
        for line in lines {
            let mut text =
                serde_json::to_vec(line).map_err(|e| SweepError::io(&self.path)(e.into()))?;
            sums.seal(&mut text);
            let offset = self.reported.length + bytes.len() as u64;
            let line = self.reported.lines + 1 + places.len() as u64;
            let (len, digest) = (text.len() as u32 + 1, digest(&text));
            places.push(LinePosition { offset, len, line, digest });
            bytes.extend(text);
            bytes.push(b'\n');
        }
        self.file.append(&bytes).map_err(SweepError::io(&self.path))?;
        self.reported.length += bytes.len() as u64;
        self.reported.lines += lines.len() as u64;
        self.reported.sums = sums;
        Ok(places)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(bytes: &[u8]) -> Result<Reported, SweepError> {
        Reported::parse(Path::new("findings.jsonl"), bytes)
    }

    fn line(track: u8, reference: u8) -> String {
        let (sha256, id) = (hex(&[track; 32]), ref_id(&[reference; 32]));
        format!(
            "{{\"type\":\"match\",\"run\":1,\"query\":{{\"sha256\":\"{sha256}\",\"path\":\"a\"}},\"reference\":{{\"ref_id\":\"{id}\"}}}}\n"
        )
    }

    fn pair(track: u8, reference: u8) -> PairKey {
        PairKey::new([track; 32], &[reference; 32])
    }

    #[test]
    fn what_was_forgotten_counts_again_only_once_it_was_found_again() {
        let gone = format!("{{\"type\":\"forgotten\",\"ref_id\":\"{}\"}}\n", ref_id(&[9; 32]));
        let run = "{\"type\":\"sweep_run\",\"run\":2,\"references\":\"id\",\"catalogue\":\"id\"}\n";
        let text = [run, &line(1, 9), &line(1, 8), &gone, run].concat();
        let reported = parse(text.as_bytes()).unwrap();
        assert!(reported.get(&pair(1, 9)).is_none());
        assert!(reported.get(&pair(1, 8)).is_some());
        let again = parse((text.clone() + &line(1, 9)).as_bytes()).unwrap();
        assert_eq!(again.get(&pair(1, 9)).unwrap().offset, text.len() as u64);
    }

    #[test]
    fn an_incomplete_end_is_cut_off_and_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE_NAME);
        let whole = line(1, 9);
        std::fs::write(&path, whole.clone() + &line(2, 9)[..50]).unwrap();
        let mut findings = Findings::open(dir.path()).unwrap();
        assert!(findings.reported().get(&pair(2, 9)).is_none());
        assert_eq!(findings.unsummed(), 1, "as a version before wrote it");
        assert!(std::fs::read_to_string(&path).unwrap().starts_with(&whole));
        findings.forget(&[[1; 32], [7; 32]], &[]).unwrap();
        assert_eq!(findings.reported().pairs().count(), 0);
        let text = std::fs::read_to_string(&path).unwrap();
        let forgotten = text.matches("\"forgotten\"").count();
        assert_eq!(forgotten, 1, "the track that nothing was reported of is left out");
        drop(findings);
        let findings = Findings::open(dir.path()).unwrap();
        assert_eq!((findings.reported().pairs().count(), findings.unsummed()), (0, 0));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "nothing to vouch for");
    }

    proptest! {
        #[test]
        fn strange_lines_are_refused_with_their_number(
            before in 0..4u8,
            bytes in prop::collection::vec(any::<u8>(), 0..100),
        ) {
            let mut text: Vec<u8> = (0..before).flat_map(|n| line(n, 9).into_bytes()).collect();
            text.extend(&bytes);
            text.push(b'\n');
            let at_fault = u64::from(before) + 1;
            let refused = match parse(&text) {
                Err(SweepError::Damaged { line, .. }) => line >= at_fault,
                _ => false,
            };
            prop_assert!(refused);
        }
    }
}
