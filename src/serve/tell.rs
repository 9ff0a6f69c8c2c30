//! Writes the records of a job as `scan --format jsonl` does, and notes what the queue shows and where each
//! record stands.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufWriter, Write};

use super::state::{ClusterRow, LineRow, NewCluster, NewUpload, Status, UploadRow, Verdict};
use crate::declare::declared::Declared;
use crate::id::path_of_text;
use crate::journal::Lines;
use crate::level::Level;
use crate::policy::Finding;
use crate::report::Report;
use crate::report::phrases::cause;
use crate::report::records::{
    ErrorRecord, MatchRecord, QueryInfo, Record, Scanned, Summary, VerdictRecord, credit,
};

/// Steps of the rank between two verdicts.
const LEVEL: i64 = 1_000_000;

/// Code of the note that stands in the place of what was erased: its subject is the upload, its message the verdict.
pub(super) const ERASED: &str = "erased";
/// Longest record that is read, in bytes.
const MAX_LINE: usize = 64 << 20;

/// The records of a job on their way into its file.
pub(super) struct Teller {
    out: BufWriter<File>,
    at: u64,
    gathering: Gathering,
}

/// What the queue shows of records.
#[derive(Default)]
struct Gathering {
    uploads: Vec<Gathered>,
    /// Positions in `uploads`, by path.
    places: BTreeMap<String, usize>,
    clusters: Vec<(ClusterRow, Vec<String>)>,
    index_id: Option<String>,
    /// The upload whose matches are being told.
    current: Option<usize>,
}

#[derive(Default)]
struct Gathered {
    path: String,
    query: Option<QueryInfo>,
    declared: Declared,
    result: Option<String>,
    matches: u64,
    best: Option<(f64, String, f64)>,
    resemblances: u64,
    clusters: u64,
    verdict: Option<Level>,
    rules: String,
    /// The reason that is shown, and how much it weighs.
    says: (String, (Level, bool)),
    error: Option<String>,
    lines: Vec<LineRow>,
    erased: bool,
}

/// What a job came to, for the state.
pub(super) struct Told {
    pub(super) uploads: Vec<NewUpload>,
    pub(super) clusters: Vec<NewCluster>,
}

impl Teller {
    pub(super) fn new(file: File) -> Teller {
        Teller { out: BufWriter::new(file), at: 0, gathering: Gathering::default() }
    }

    /// The file, written to its end, and what is in it.
    pub(super) fn finish(self) -> io::Result<(File, Told)> {
        let file = self.out.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok((file, self.gathering.told()))
    }
}

/// Gathers again what stands in the records of a job, with its summary.
pub(super) fn read_records(input: impl BufRead) -> io::Result<(Told, String)> {
    let (mut gathering, mut summary) = (Gathering::default(), String::new());
    let mut lines = Lines::new(input, MAX_LINE);
    let mut start = 0;
    while let Some(line) = lines.read().map_err(io::Error::other)? {
        let length = line.bytes.len() as u64;
        let record: Record = serde_json::from_slice(line.bytes)?;
        if let Record::Summary(told) = &record {
            summary = summary_line(told);
        }
        let (kind, key) = kind_of(&record);
        gathering.note(&record, LineRow { kind: kind.to_owned(), key, start, length });
        start += length + 1;
    }
    Ok((gathering.told(), summary))
}

impl Gathering {
    /// All of it, for the state.
    fn told(self) -> Told {
        let Gathering { uploads, places, clusters, index_id, .. } = self;
        let uploads =
            uploads.into_iter().map(|gathered| gathered.entered(index_id.clone())).collect();
        let clusters = clusters
            .into_iter()
            .map(|(row, members)| NewCluster {
                row,
                uploads: members.iter().filter_map(|path| places.get(path).copied()).collect(),
            })
            .collect();
        Told { uploads, clusters }
    }

    fn upload(&mut self, path: &str) -> (usize, &mut Gathered) {
        let uploads = &mut self.uploads;
        let at = *self.places.entry(path.to_owned()).or_insert_with(|| {
            uploads.push(Gathered { path: path.to_owned(), ..Gathered::default() });
            uploads.len() - 1
        });
        (at, &mut uploads[at])
    }

    fn note(&mut self, record: &Record, line: LineRow) {
        match record {
            Record::Begin(begin) => {
                self.index_id = begin.index.as_ref().map(|index| index.id.clone());
            }
            Record::Match(m) => self.matched(m, line),
            Record::Evidence(_) => {
                if let Some(upload) = self.current.and_then(|at| self.uploads.get_mut(at)) {
                    upload.lines.push(line);
                }
            }
            Record::Resemblance(r) => {
                let (_, upload) = self.upload(&r.query.path);
                upload.resemblances += u64::from(r.accepted && r.allowed_by.is_none());
                upload.lines.push(line);
            }
            Record::DecoderTrace(t) => self.upload(&t.query.path).1.lines.push(line),
            Record::Credential(c) => self.upload(&c.query.path).1.lines.push(line),
            Record::Scanned(scanned) => self.scanned(scanned, line),
            Record::Finding(finding) => self.finding(finding, line),
            Record::Verdict(verdict) => self.verdict(verdict, line),
            Record::Error(error) => self.error(error, line),
            Record::Cluster(cluster) => {
                for member in &cluster.members {
                    if let Some(at) = self.places.get(member).copied() {
                        self.uploads[at].clusters += 1;
                    }
                }
                let row = ClusterRow {
                    id: cluster.cluster_id.clone(),
                    job: String::new(),
                    size: cluster.size as u64,
                    score: cluster.score,
                    level: Verdict::Level(cluster.level),
                    says: cluster.explanation.clone(),
                    line,
                };
                self.clusters.push((row, cluster.members.clone()));
            }
            Record::Family(family) => {
                for member in &family.members {
                    if let Some(at) = self.places.get(member).copied() {
                        self.uploads[at].lines.push(line.clone());
                    }
                }
            }
            Record::SharedLoop(shared) => {
                for place in &shared.tracks {
                    if let Some(at) = self.places.get(&place.path).copied() {
                        self.uploads[at].lines.push(line.clone());
                    }
                }
            }
            Record::Note(note) if note.code == ERASED && !note.subject.is_empty() => {
                let verdict = Level::ALL.into_iter().find(|level| level.name() == note.message);
                let (_, upload) = self.upload(&note.subject);
                (upload.erased, upload.verdict) = (true, verdict);
                // What could not be read has no verdict.
                upload.error = verdict.is_none().then(String::new);
            }
            Record::Summary(_) | Record::Note(_) | Record::Unknown => {}
        }
    }

    fn matched(&mut self, m: &MatchRecord, line: LineRow) {
        let (at, upload) = self.upload(&m.query.path);
        upload.lines.push(line);
        if m.accepted && m.allowed_by.is_none() {
            upload.matches += 1;
            if upload.best.as_ref().is_none_or(|(score, ..)| m.score > *score) {
                let title = m.reference.title.clone().unwrap_or_else(|| name_of(&m.reference.path));
                let by = credit(&m.reference.artists, ", ");
                let named = by.map_or(title.clone(), |by| format!("{title} – {by}"));
                upload.best = Some((m.score, named, m.query_match_pct));
            }
        }
        self.current = Some(at);
    }

    fn scanned(&mut self, scanned: &Scanned, line: LineRow) {
        let (at, upload) = self.upload(&scanned.query.path);
        upload.query = Some(scanned.query.clone());
        upload.result = Some(scanned.result.name().to_owned());
        upload.lines.push(line);
        self.current = Some(at);
    }

    fn finding(&mut self, finding: &Finding, line: LineRow) {
        let (_, upload) = self.upload(&finding.subject);
        upload.lines.push(line);
        // Of equals, what can be heard says more than what is written on it.
        let is_heard = ["AUDIO", "WORK", "BULK"].iter().any(|k| finding.rule.id().starts_with(k));
        let weight = (finding.level, is_heard);
        if finding.level > Level::Clear && (upload.says.0.is_empty() || weight > upload.says.1) {
            upload.says = (sentence(&finding.message), weight);
        }
    }

    fn verdict(&mut self, verdict: &VerdictRecord, line: LineRow) {
        let (_, upload) = self.upload(&verdict.subject);
        upload.verdict = Some(verdict.verdict);
        upload.declared = verdict.declared.clone();
        upload.rules = verdict.reasons.iter().map(|r| r.id()).collect::<Vec<_>>().join(" ");
        upload.lines.push(line);
    }

    fn error(&mut self, error: &ErrorRecord, line: LineRow) {
        let (_, upload) = self.upload(&error.subject);
        // Its name stands above it.
        upload.error = Some(sentence(cause(error)));
        upload.lines.push(line);
    }
}

impl Report for Teller {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        let line = serde_json::to_vec(record)?;
        self.out.write_all(&line)?;
        self.out.write_all(b"\n")?;
        let (kind, key) = kind_of(record);
        let (start, length) = (self.at, line.len() as u64);
        self.at += length + 1;
        self.gathering.note(record, LineRow { kind: kind.to_owned(), key, start, length });
        Ok(())
    }
}

fn kind_of(record: &Record) -> (&'static str, String) {
    match record {
        Record::Begin(_) => ("begin", String::new()),
        Record::Match(m) => ("match", m.match_id.clone()),
        Record::Resemblance(r) => ("resemblance", r.resemblance_id.clone()),
        Record::DecoderTrace(_) => ("decoder_trace", String::new()),
        Record::Credential(_) => ("credential", String::new()),
        Record::Scanned(_) => ("scanned", String::new()),
        Record::Cluster(c) => ("cluster", c.cluster_id.clone()),
        Record::Family(f) => ("family", f.family_id.clone()),
        Record::SharedLoop(l) => ("shared_loop", l.loop_id.clone()),
        Record::Finding(f) => ("finding", f.rule.id().to_owned()),
        Record::Verdict(_) => ("verdict", String::new()),
        Record::Evidence(e) => ("evidence", e.match_id.clone()),
        Record::Error(e) => ("error", e.code.to_string()),
        Record::Note(n) => ("note", n.code.to_string()),
        Record::Summary(_) => ("summary", String::new()),
        Record::Unknown => ("unknown", String::new()),
    }
}

impl Gathered {
    fn entered(self, index_id: Option<String>) -> NewUpload {
        let q = self.query.unwrap_or_default();
        let d = self.declared;
        let artists = match d.artists.is_empty() {
            true => credit(&q.artists, ", "),
            false => Some(d.artists.join(", ")),
        };
        let album = d.album.or(q.album);
        let upc = d.upc.or(q.external_ids.upc);
        let verdict = match (self.verdict, &self.error) {
            (Some(level), _) => Verdict::Level(level),
            (None, Some(_)) => Verdict::Unreadable,
            (None, None) if self.matches > 0 => Verdict::Level(Level::Review),
            (None, None) => Verdict::Level(Level::Clear),
        };
        let sure = self.best.as_ref().map_or(0.0, |(score, ..)| *score);
        // What nobody could read is looked at after what somebody must look at.
        let rank = match verdict {
            Verdict::Level(level) => level as i64 * LEVEL,
            Verdict::Unreadable => LEVEL / 2,
        } + (sure.clamp(0.0, 100.0) * 1000.0) as i64;
        let status =
            if verdict == Verdict::Level(Level::Clear) { Status::Clear } else { Status::Open };
        let row = UploadRow {
            n: 0,
            id: String::new(),
            job: String::new(),
            name: if self.erased { ERASED.to_owned() } else { name_of(&self.path) },
            path: if self.erased { String::new() } else { self.path },
            sha256: q.sha256,
            title: d.title.or(q.title),
            artists,
            release: d.release_id.or(q.release_id).or(upc).or_else(|| album.clone()),
            album,
            label: d.label.or(q.label),
            account: d.account.or(q.account_id),
            isrc: d.isrc.or(q.external_ids.isrc),
            duration_ms: q.duration_ms,
            codec: q.codec,
            received_at: String::new(),
            verdict,
            rank,
            result: self.result,
            matches: self.matches,
            best_pct: self.best.as_ref().map(|(.., pct)| *pct),
            best: self.best.map(|(_, named, _)| named),
            resemblances: self.resemblances,
            clusters: self.clusters,
            rules: self.rules,
            says: self.says.0,
            error: self.error,
            index_id,
            status,
            revision: 0,
            erased: self.erased,
        };
        NewUpload { row, lines: self.lines }
    }
}

/// `text` as a sentence.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().into_iter().flat_map(char::to_uppercase);
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    first.chain(chars).chain(end.chars()).collect()
}

/// The name of a file without its folders.
fn name_of(path: &str) -> String {
    let name = path_of_text(path);
    name.file_name().map_or_else(|| path.to_owned(), |name| name.to_string_lossy().into_owned())
}

/// The last record of a run, as it is told.
pub(super) fn summary_line(summary: &Summary) -> String {
    serde_json::to_string(summary).unwrap_or_default()
}
