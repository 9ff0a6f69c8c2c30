//! Records read back from a file, for reports.
//!
//! One pass notes what there is and where it stands; large records (evidence, clusters, matches) are
//! read again when their turn comes, so that memory grows with the number of uploads, not with the
//! size of the file. Records come from files that somebody may have edited: a line that cannot be
//! read is a warning with its number, types of later versions are counted and left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::evidence::EvidenceRecord;
use super::records::TracklistEntry;
use super::records::{
    Begin, CredentialRecord, DecoderTraceRecord, MatchRecord, Name, QueryInfo, Record,
    ResemblanceRecord, ScanResult, Summary, VerdictRecord,
};
use super::remarks::remarks;
use crate::dedup::cluster::Cluster;
use crate::dedup::family::Family;
use crate::dedup::shared_loops::SharedLoop;
use crate::level::Level;
use crate::policy::{Finding, Rule};
use crate::trace::Strength;

/// Longest line that is read. Evidence with pictures takes some hundred kilobytes, a cluster of
/// thousands of uploads some megabytes.
const MAX_LINE: usize = 64 << 20;
/// Warnings that are kept in words.
const MAX_WARNINGS: usize = 20;
/// Characters of a title or artist that are kept for the table.
const MAX_CHARS: usize = 300;

/// Where a record stands in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordPosition {
    offset: u64,
    len: usize,
}

/// A match, as far as the table needs it.
#[derive(Debug, Clone)]
pub struct MatchEntry {
    /// The whole record.
    pub place: RecordPosition,
    /// Names query and reference.
    pub match_id: String,
    /// 0 to 100.
    pub score: f64,
    /// Beyond chance.
    pub accepted: bool,
    /// A decision says that it is not held against the upload.
    pub allowed: bool,
    /// Title of the reference, or its path.
    pub reference: String,
    /// Share of the upload, per cent.
    pub query_match_pct: f64,
    /// Share of the reference, per cent.
    pub asset_match_pct: f64,
}

/// An upload, as far as the table needs it.
#[derive(Debug, Clone, Default)]
pub struct UploadEntry {
    /// Path as given; names the upload.
    pub path: String,
    /// Title by declaration or tag.
    pub title: Option<String>,
    /// Artists by declaration or tag.
    pub artists: Option<String>,
    /// Recording code by declaration or tag.
    pub isrc: Option<String>,
    /// Product code of the release, likewise.
    pub upc: Option<String>,
    /// Title of the release, likewise, or its identifier.
    pub release: Option<String>,
    /// Account, as declared.
    pub account: Option<String>,
    /// Decoded length.
    pub duration_ms: u64,
    /// Outcome of the scan, where there was one.
    pub result: Option<ScanResult>,
    /// What of it was not heard.
    pub remarks: Vec<String>,
    /// What sounds when, where it is a mix.
    pub tracklist: Vec<TracklistEntry>,
    /// The same sound that was looked up in its stead.
    pub by_way_of: Option<String>,
    /// Outcome of the policies.
    pub verdict: Option<(Level, RecordPosition)>,
    /// Rules behind the verdict.
    pub reasons: Vec<Rule>,
    /// Matches in order of score.
    pub matches: Vec<MatchEntry>,
    /// What plays the same, the surest first.
    pub resemblances: Vec<RecordPosition>,
    /// Traces of a decoder, where there are any.
    pub trace: Option<RecordPosition>,
    /// Its signed credential, if it has one.
    pub credential: Option<RecordPosition>,
    /// What the policies found, gravest first.
    pub findings: Vec<RecordPosition>,
    /// Why it could not be read.
    pub error: Option<String>,
    /// Clusters it is a member of, by position in [`Contents::clusters`].
    pub clusters: Vec<usize>,
}

impl UploadEntry {
    /// How grave it is, for sorting: its verdict, or what stands in for one.
    pub fn gravity(&self) -> (Level, bool, f64) {
        let level = self.verdict.map_or(Level::Clear, |(level, _)| level);
        let best = self.matches.iter().filter(|m| m.accepted && !m.allowed).map(|m| m.score);
        (level, self.error.is_some(), best.fold(0.0, f64::max))
    }
}

/// A cluster, as far as the table needs it.
#[derive(Debug, Clone)]
pub struct ClusterEntry {
    /// The whole record.
    pub place: RecordPosition,
    /// Names the members.
    pub cluster_id: String,
    /// Number of members.
    pub size: usize,
    /// 0 to 100.
    pub score: f64,
    /// How grave.
    pub level: Level,
}

/// A family, as far as others point to it.
#[derive(Debug, Clone)]
pub struct FamilyEntry {
    /// The whole record.
    pub place: RecordPosition,
    /// Names the members.
    pub family_id: String,
}

/// What a file of records holds.
#[derive(Debug, Default)]
pub struct Contents {
    /// The first run.
    pub begin: Option<Begin>,
    /// Runs whose records were written to the file one after the other.
    pub runs: usize,
    /// Uploads, the gravest first.
    pub uploads: Vec<UploadEntry>,
    /// Clusters, by score.
    pub clusters: Vec<ClusterEntry>,
    /// Families that play the same.
    pub families: Vec<FamilyEntry>,
    /// Loops that several artists share.
    pub shared_loops: Vec<RecordPosition>,
    /// Totals of the last run.
    pub summary: Option<Summary>,
    /// Lines that could not be read.
    pub bad_lines: usize,
    /// What is wrong with the first of them.
    pub warnings: Vec<String>,
    /// Records of types that this version does not know.
    pub unknown: usize,
    /// Records understood.
    pub records: usize,
    evidence: BTreeMap<String, RecordPosition>,
}

/// A file of records, at hand for a second look.
#[derive(Debug)]
pub struct Records {
    file: BufReader<File>,
    /// What it holds.
    pub contents: Contents,
}

impl Records {
    /// Reads `path`; `-` is standard input, which is kept in a temporary file meanwhile.
    pub fn open(path: &Path) -> io::Result<Records> {
        if path == Path::new("-") {
            return Records::spool(&mut io::stdin().lock());
        }
        if !std::fs::metadata(path)?.is_file() {
            // A pipe can be read once only.
            return Records::spool(&mut File::open(path)?);
        }
        Records::read(File::open(path)?)
    }

    /// Reads records from a stream.
    pub fn spool(stream: &mut dyn Read) -> io::Result<Records> {
        let mut file = tempfile::tempfile()?;
        io::copy(stream, &mut file)?;
        file.flush()?;
        file.rewind()?;
        Records::read(file)
    }

    /// Reads records from the beginning of an open file, which nobody else changes.
    pub fn of_file(mut file: File) -> io::Result<Records> {
        file.rewind()?;
        Records::read(file)
    }

    fn read(file: File) -> io::Result<Records> {
        let mut file = BufReader::with_capacity(1 << 16, file);
        let contents = Survey::default().read(&mut file)?;
        Ok(Records { file, contents })
    }

    fn get(&mut self, place: RecordPosition) -> Option<Record> {
        self.file.seek(SeekFrom::Start(place.offset)).ok()?;
        let mut line = vec![0; place.len];
        self.file.read_exact(&mut line).ok()?;
        serde_json::from_slice(&line).ok()
    }

    /// The whole record of a match; none if the file has changed under our hands.
    pub fn matched(&mut self, place: RecordPosition) -> Option<Box<MatchRecord>> {
        match self.get(place)? {
            Record::Match(m) => Some(m),
            _ => None,
        }
    }

    /// The evidence of a match, where it was recorded.
    pub fn evidence(&mut self, match_id: &str) -> Option<Box<EvidenceRecord>> {
        let place = *self.contents.evidence.get(match_id)?;
        match self.get(place)? {
            Record::Evidence(e) => Some(e),
            _ => None,
        }
    }

    /// The whole record of a cluster.
    pub fn cluster(&mut self, place: RecordPosition) -> Option<Box<Cluster>> {
        match self.get(place)? {
            Record::Cluster(c) => Some(c),
            _ => None,
        }
    }

    /// The whole record of a family.
    pub fn family(&mut self, place: RecordPosition) -> Option<Box<Family>> {
        match self.get(place)? {
            Record::Family(f) => Some(f),
            _ => None,
        }
    }

    /// The whole record of a loop that several share.
    pub fn shared_loop(&mut self, place: RecordPosition) -> Option<Box<SharedLoop>> {
        match self.get(place)? {
            Record::SharedLoop(shared) => Some(shared),
            _ => None,
        }
    }

    /// The whole record of a resemblance.
    pub fn resemblance(&mut self, place: RecordPosition) -> Option<Box<ResemblanceRecord>> {
        match self.get(place)? {
            Record::Resemblance(r) => Some(r),
            _ => None,
        }
    }

    /// The whole record of what a decoder left.
    pub fn trace(&mut self, place: RecordPosition) -> Option<Box<DecoderTraceRecord>> {
        match self.get(place)? {
            Record::DecoderTrace(t) => Some(t),
            _ => None,
        }
    }

    /// The whole record of a signed credential.
    pub fn credential(&mut self, place: RecordPosition) -> Option<Box<CredentialRecord>> {
        match self.get(place)? {
            Record::Credential(c) => Some(c),
            _ => None,
        }
    }

    /// The whole record of a verdict.
    pub fn verdict(&mut self, place: RecordPosition) -> Option<Box<VerdictRecord>> {
        match self.get(place)? {
            Record::Verdict(v) => Some(v),
            _ => None,
        }
    }

    /// The whole record of a finding.
    pub fn finding(&mut self, place: RecordPosition) -> Option<Box<Finding>> {
        match self.get(place)? {
            Record::Finding(f) => Some(f),
            _ => None,
        }
    }
}

/// The first pass.
#[derive(Default)]
struct Survey {
    contents: Contents,
    positions: BTreeMap<String, usize>,
    /// Matches by upload, and clusters.
    seen: BTreeSet<(String, String)>,
    findings: Vec<(String, Level, RecordPosition)>,
    members: Vec<(usize, String)>,
}

impl Survey {
    fn read(mut self, file: &mut impl BufRead) -> io::Result<Contents> {
        let (mut offset, mut number) = (0u64, 0usize);
        let mut line = Vec::new();
        loop {
            line.clear();
            number += 1;
            let len = file.by_ref().take(MAX_LINE as u64 + 1).read_until(b'\n', &mut line)?;
            if len == 0 {
                break;
            }
            if len > MAX_LINE {
                self.bad(number, &format!("longer than {} MB", MAX_LINE >> 20));
                offset += len as u64 + skip_line(file)?;
                continue;
            }
            self.line(number, &line, RecordPosition { offset, len });
            offset += len as u64;
        }
        Ok(self.finish())
    }

    fn line(&mut self, number: usize, line: &[u8], place: RecordPosition) {
        if line.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        match serde_json::from_slice::<Record>(line) {
            Ok(Record::Unknown) => self.contents.unknown += 1,
            Ok(record) => {
                self.contents.records += 1;
                self.record(record, place);
            }
            Err(error) => self.bad(number, &reason(&error)),
        }
    }

    fn bad(&mut self, number: usize, cause: &str) {
        self.contents.bad_lines += 1;
        if self.contents.warnings.len() < MAX_WARNINGS {
            self.contents.warnings.push(format!("line {number}: {cause}"));
        }
    }

    fn record(&mut self, record: Record, place: RecordPosition) {
        match record {
            Record::Begin(begin) => {
                self.contents.runs += 1;
                self.contents.begin.get_or_insert(begin);
            }
            Record::Match(m) => self.matched(*m, place),
            Record::Resemblance(r) => self.resembling(&r, place),
            Record::Scanned(s) => {
                let upload = self.query(&s.query);
                upload.result = Some(s.result);
                upload.tracklist = s.tracklist;
                upload.by_way_of = s.by_way_of;
            }
            Record::DecoderTrace(t) => {
                let found = matches!(t.result, Strength::Weak | Strength::Strong);
                self.query(&t.query).trace = found.then_some(place);
            }
            Record::Credential(c) => self.query(&c.query).credential = Some(place),
            Record::Cluster(c) => self.cluster(*c, place),
            Record::Family(f) => {
                if self.seen.insert((String::new(), f.family_id.clone())) {
                    self.contents.families.push(FamilyEntry { place, family_id: f.family_id });
                }
            }
            Record::SharedLoop(l) => {
                if self.seen.insert((String::new(), l.loop_id)) {
                    self.contents.shared_loops.push(place);
                }
            }
            Record::Finding(f) => self.findings.push((f.subject, f.level, place)),
            Record::Verdict(v) => self.verdict(*v, place),
            Record::Evidence(e) => {
                self.contents.evidence.entry(e.match_id).or_insert(place);
            }
            Record::Error(e) => {
                let message = if e.message.is_empty() { e.code.into_owned() } else { e.message };
                self.upload(&e.subject).error = Some(shortened(&message));
            }
            Record::Summary(summary) => self.contents.summary = Some(summary),
            Record::Note(_) | Record::Unknown => {}
        }
    }

    fn upload(&mut self, path: &str) -> &mut UploadEntry {
        let uploads = &mut self.contents.uploads;
        let position = *self.positions.entry(path.to_owned()).or_insert_with(|| {
            uploads.push(UploadEntry { path: path.to_owned(), ..UploadEntry::default() });
            uploads.len() - 1
        });
        &mut uploads[position]
    }

    fn query(&mut self, query: &QueryInfo) -> &mut UploadEntry {
        let upload = self.upload(&query.path);
        upload.duration_ms = query.duration_ms;
        upload.remarks = remarks(query);
        // A declaration, if there is one, weighs more than a tag.
        if upload.title.is_none() {
            upload.title = query.title.as_deref().map(shortened);
        }
        if upload.artists.is_none() {
            upload.artists = joined(query.artists.iter().map(|Name { name }| name.as_str()));
        }
        let tags = [
            (&mut upload.isrc, &query.external_ids.isrc),
            (&mut upload.upc, &query.external_ids.upc),
            (&mut upload.release, &query.album),
            (&mut upload.account, &query.account_id),
        ];
        for (kept, tag) in tags.into_iter().filter(|(kept, _)| kept.is_none()) {
            *kept = tag.as_deref().map(shortened);
        }
        upload
    }

    fn matched(&mut self, m: MatchRecord, place: RecordPosition) {
        let upload = self.query(&m.query).path.clone();
        // Copies of one file have matches of the same name; the same one again comes from another run.
        if !self.seen.insert((upload.clone(), m.match_id.clone())) {
            return;
        }
        let entry = MatchEntry {
            place,
            match_id: m.match_id,
            score: m.score,
            accepted: m.accepted,
            allowed: m.allowed_by.is_some(),
            reference: shortened(m.reference.title.as_deref().unwrap_or(&m.reference.path)),
            query_match_pct: m.query_match_pct,
            asset_match_pct: m.asset_match_pct,
        };
        self.upload(&upload).matches.push(entry);
    }

    fn resembling(&mut self, r: &ResemblanceRecord, place: RecordPosition) {
        let upload = self.query(&r.query).path.clone();
        if self.seen.insert((upload.clone(), r.resemblance_id.clone())) {
            self.upload(&upload).resemblances.push(place);
        }
    }

    fn cluster(&mut self, c: Cluster, place: RecordPosition) {
        if !self.seen.insert((String::new(), c.cluster_id.clone())) {
            return;
        }
        let number = self.contents.clusters.len();
        let earlier: BTreeSet<&str> =
            c.member_details.iter().filter(|m| m.earlier).map(|m| m.path.as_str()).collect();
        let uploads = c.members.iter().filter(|path| !earlier.contains(path.as_str()));
        self.members.extend(uploads.map(|path| (number, path.clone())));
        let (cluster_id, size, score, level) = (c.cluster_id, c.size, c.score, c.level);
        self.contents.clusters.push(ClusterEntry { place, cluster_id, size, score, level });
    }

    fn verdict(&mut self, v: VerdictRecord, place: RecordPosition) {
        let upload = self.upload(&v.subject);
        upload.verdict = Some((v.verdict, place));
        upload.reasons = v.reasons;
        if v.duration_ms > 0 {
            upload.duration_ms = v.duration_ms;
        }
        if let Some(title) = &v.declared.title {
            upload.title = Some(shortened(title));
        }
        let artists = joined(v.declared.artists.iter().map(String::as_str));
        upload.artists = artists.or(upload.artists.take());
        let d = &v.declared;
        let declared = [
            (&mut upload.isrc, &d.isrc),
            (&mut upload.upc, &d.upc),
            (&mut upload.release, if d.album.is_some() { &d.album } else { &d.release_id }),
            (&mut upload.account, &d.account),
        ];
        for (kept, value) in declared {
            *kept = value.as_deref().map(shortened).or(kept.take());
        }
    }

    /// Puts together what came in any order.
    fn finish(mut self) -> Contents {
        self.findings.sort_by_key(|f| std::cmp::Reverse(f.1));
        for (subject, _, place) in std::mem::take(&mut self.findings) {
            self.upload(&subject).findings.push(place);
        }
        let mut order: Vec<usize> = (0..self.contents.clusters.len()).collect();
        let clusters = &self.contents.clusters;
        order.sort_by(|&a, &b| {
            let (a, b) = (&clusters[a], &clusters[b]);
            b.level.cmp(&a.level).then(b.score.total_cmp(&a.score)).then(b.size.cmp(&a.size))
        });
        let mut rank = vec![0; order.len()];
        for (new, &old) in order.iter().enumerate() {
            rank[old] = new;
        }
        for (cluster, path) in std::mem::take(&mut self.members) {
            self.upload(&path).clusters.push(rank[cluster]);
        }
        let mut contents = self.contents;
        contents.clusters = order.iter().map(|&i| contents.clusters[i].clone()).collect();
        for upload in &mut contents.uploads {
            upload.matches.sort_by(|a, b| b.score.total_cmp(&a.score));
            upload.clusters.sort_unstable();
        }
        contents.uploads.sort_by(|a, b| {
            let ((a_level, a_error, a_score), (b_level, b_error, b_score)) =
                (a.gravity(), b.gravity());
            let by_level = b_level.cmp(&a_level).then(b_score.total_cmp(&a_score));
            by_level.then(b_error.cmp(&a_error)).then(a.path.cmp(&b.path))
        });
        contents
    }
}

/// Passes over the rest of a line; its length.
fn skip_line(file: &mut impl BufRead) -> io::Result<u64> {
    let mut skipped = 0;
    loop {
        let buffer = file.fill_buf()?;
        if buffer.is_empty() {
            return Ok(skipped);
        }
        let end = buffer.iter().position(|&b| b == b'\n');
        let n = end.map_or(buffer.len(), |at| at + 1);
        file.consume(n);
        skipped += n as u64;
        if end.is_some() {
            return Ok(skipped);
        }
    }
}

/// What is wrong with a line, without the position, which would be that within the line.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or("");
    format!("not a record: {}", shortened(text))
}

fn shortened(text: &str) -> String {
    text.chars().take(MAX_CHARS).collect()
}

fn joined<'a>(names: impl Iterator<Item = &'a str>) -> Option<String> {
    let names = names.filter(|n| !n.is_empty()).take(20).collect::<Vec<_>>().join("; ");
    (!names.is_empty()).then(|| shortened(&names))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Records {
        Records::spool(&mut text.as_bytes()).unwrap()
    }

    #[test]
    fn bad_lines_are_named_and_the_rest_is_read() {
        let records = read(concat!(
            "{\"type\":\"verdict\",\"subject\":\"a.wav\",\"verdict\":\"hold\"}\n",
            "no json\n\n",
            "{\"type\":\"from_the_future\",\"x\":1}\n",
            "{\"type\":\"match\",\"match_id\":\"m_1\"}\n",
            "{\"type\":\"error\",\"subject\":\"b.wav\",\"code\":\"not_audio\",\"message\":\"text\"}"
        ));
        let contents = &records.contents;
        assert_eq!((contents.records, contents.unknown, contents.bad_lines), (2, 1, 2));
        assert!(contents.warnings[0].starts_with("line 2: "), "{:?}", contents.warnings);
        assert!(contents.warnings[1].starts_with("line 5: "), "{:?}", contents.warnings);
        assert_eq!(contents.uploads[0].path, "a.wav");
        assert_eq!(contents.uploads[1].error.as_deref(), Some("text"));
    }

    #[test]
    fn records_are_found_again_where_they_stand() {
        let mut records = read(concat!(
            "{\"type\":\"evidence\",\"match_id\":\"m_1\",\"pairs\":[[1,2,3]]}\n",
            "\u{fffd}\u{fffd} broken\n",
            "{\"type\":\"finding\",\"rule\":\"BULK-002\",\"level\":\"hold\",\"subject\":\"a\",",
            "\"message\":\"m\",\"evidence\":[],\"policy\":\"p\",\"source\":\"s\",\"verified_on\":\"\"}\n",
            "{\"type\":\"cluster\",\"cluster_id\":\"c_1\",\"score\":80,\"level\":\"hold\",\"members\":[\"a\"]}\n",
        ));
        assert_eq!(records.evidence("m_1").unwrap().pairs, [[1, 2, 3]]);
        assert!(records.evidence("m_2").is_none());
        let upload = records.contents.uploads[0].clone();
        assert_eq!((upload.path.as_str(), upload.clusters.as_slice()), ("a", &[0][..]));
        assert_eq!(records.finding(upload.findings[0]).unwrap().rule, Rule::Bulk002);
        let place = records.contents.clusters[0].place;
        assert_eq!(records.cluster(place).unwrap().cluster_id, "c_1");
    }

    #[test]
    fn endless_lines_are_skipped_without_being_held() {
        struct Endless(usize);
        impl Read for Endless {
            fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
                let n = out.len().min(self.0);
                out[..n].fill(b'x');
                self.0 -= n;
                Ok(n)
            }
        }
        let last = "\n{\"type\":\"verdict\",\"subject\":\"a\"}\n".as_bytes();
        let stream = Endless(MAX_LINE + 5_000).chain(last);
        let contents = Survey::default().read(&mut BufReader::new(stream)).unwrap();
        assert_eq!((contents.bad_lines, contents.records), (1, 1));
        assert!(contents.warnings[0].contains("longer than"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let records = Records::spool(&mut &bytes[..]).unwrap();
            prop_assert!(records.contents.bad_lines <= bytes.len());
        }
    }
}
