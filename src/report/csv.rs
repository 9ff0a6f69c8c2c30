//! One row per match, or one per file without a match, with a stable set of columns.
//!
//! Rows of a file carry its verdict and its cluster of near-duplicates, so they wait until these are known.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::Report;
use super::records::{
    CredentialRecord, DecoderTraceRecord, ErrorRecord, MatchRecord, Record, ResemblanceRecord,
    Scanned, VerdictRecord, credit,
};
use super::text_batch::joined;
use crate::declare::text::visible;
use crate::dedup::cluster::Cluster;
use crate::dedup::family::Family;

/// The columns, in order. New ones are added at the end.
pub const COLUMNS: &[&str] = &[
    "path",
    "result",
    "match_kind",
    "score",
    "log10_evalue",
    "ref_id",
    "ref_path",
    "ref_title",
    "ref_artist",
    "ref_isrc",
    "query_match_pct",
    "asset_match_pct",
    "modified",
    "time_factor",
    "pitch_cents",
    "sample_begin_ms",
    "sample_end_ms",
    "db_begin_ms",
    "db_end_ms",
    "segments",
    "peaks_per_second",
    "isrc",
    "title",
    "artist",
    "duration_ms",
    "message",
    "verdict",
    "reasons",
    "cluster_id",
    "cluster_size",
    "cluster_score",
    "ai_disclosure",
    "account_id",
    "match_id",
    "started_at",
    "channel",
    "family_id",
    "family_size",
    "eligibility",
    "decoder_trace",
    "decoder_trace_score",
    "credential",
    "credential_says",
    "credential_signer",
];

/// Writes the table.
pub struct Csv<W: Write> {
    writer: csv::Writer<W>,
    /// Rows to be written, in order, with the file that each is about.
    waiting: Vec<(String, Row)>,
    /// Verdict columns by file.
    verdicts: BTreeMap<String, Row>,
    /// When the run began.
    started_at: Row,
    /// Files that were scanned.
    scanned: usize,
    /// Cluster columns by member; the first cluster told has the highest score.
    clusters: BTreeMap<String, Row>,
    /// Family columns by member.
    families: BTreeMap<String, Row>,
    /// Columns of traces by file.
    traces: BTreeMap<String, Row>,
    /// Columns of credentials by file.
    credentials: BTreeMap<String, Row>,
}

/// The answers of platforms of users' uploads as one value: `content_id:ineligible meta:ask`.
fn eligibility(v: &VerdictRecord) -> String {
    let each = v.eligibility.iter().map(|e| format!("{}:{}", e.program.name(), e.answer.name()));
    each.collect::<Vec<_>>().join(" ")
}

/// Values by column.
type Row = Vec<(&'static str, String)>;

impl<W: Write> Csv<W> {
    /// Starts the table with its header row.
    pub fn new(out: W) -> io::Result<Csv<W>> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(COLUMNS)?;
        writer.flush()?;
        Ok(Csv {
            writer,
            waiting: Vec::new(),
            verdicts: BTreeMap::new(),
            started_at: Row::new(),
            scanned: 0,
            clusters: BTreeMap::new(),
            families: BTreeMap::new(),
            traces: BTreeMap::new(),
            credentials: BTreeMap::new(),
        })
    }

    /// Writes the rows that waited.
    fn flush(&mut self) -> io::Result<()> {
        let empty = Row::new();
        for (path, row) in std::mem::take(&mut self.waiting) {
            let verdict = self.verdicts.get(&path).unwrap_or(&empty);
            let cluster = self.clusters.get(&path).unwrap_or(&empty);
            let family = self.families.get(&path).unwrap_or(&empty);
            let trace = self.traces.get(&path).unwrap_or(&empty);
            let credential = self.credentials.get(&path).unwrap_or(&empty);
            let value = |column: &&str| {
                let told = trace.iter().chain(credential);
                let groups = cluster.iter().chain(family).chain(told).chain(&self.started_at);
                let mut values = row.iter().chain(verdict).chain(groups);
                values.find(|(name, _)| name == column).map_or("", |(_, v)| v.as_str())
            };
            self.writer.write_record(COLUMNS.iter().map(|column| inert(value(column))))?;
        }
        self.writer.flush()
    }

    fn row(&mut self, path: &str, row: Row) {
        self.waiting.push((path.to_owned(), row));
    }

    fn matched(&mut self, m: &MatchRecord) {
        // The longest segment stands for the match; `segments` says whether there are more.
        let longest = m.own_segments().max_by_key(|s| {
            s.sample_end_time_offset_ms.saturating_sub(s.sample_begin_time_offset_ms)
        });
        let mut row = vec![
            ("path", m.query.path.clone()),
            ("result", if m.accepted { "matched" } else { "candidate" }.to_owned()),
            ("match_kind", m.match_kind.name().to_owned()),
            ("score", m.score.to_string()),
            ("log10_evalue", m.log10_evalue.to_string()),
            ("ref_id", m.reference.ref_id.clone()),
            ("ref_path", m.reference.path.clone()),
            ("ref_title", m.reference.title.clone().unwrap_or_default()),
            ("ref_artist", credit(&m.reference.artists, "; ").unwrap_or_default()),
            ("ref_isrc", m.reference.external_ids.isrc.clone().unwrap_or_default()),
            ("query_match_pct", m.query_match_pct.to_string()),
            ("asset_match_pct", m.asset_match_pct.to_string()),
            ("modified", m.modified.to_string()),
            ("time_factor", m.time_factor.to_string()),
            ("pitch_cents", m.pitch_cents.to_string()),
            ("segments", m.own_segments().count().to_string()),
            ("peaks_per_second", m.peaks_per_second.to_string()),
        ];
        if let Some(s) = longest {
            row.extend([
                ("sample_begin_ms", s.sample_begin_time_offset_ms.to_string()),
                ("sample_end_ms", s.sample_end_time_offset_ms.to_string()),
                ("db_begin_ms", s.db_begin_time_offset_ms.to_string()),
                ("db_end_ms", s.db_end_time_offset_ms.to_string()),
            ]);
        }
        row.push(("match_id", m.match_id.clone()));
        row.extend(query_columns(&m.query));
        self.row(&m.query.path, row);
    }

    fn resembling(&mut self, r: &ResemblanceRecord) {
        let row = vec![
            ("path", r.query.path.clone()),
            ("result", if r.accepted { "resembles" } else { "candidate" }.to_owned()),
            ("log10_evalue", r.log10_evalue.to_string()),
            ("ref_id", r.reference.ref_id.clone()),
            ("ref_path", r.reference.path.clone()),
            ("ref_title", r.reference.title.clone().unwrap_or_default()),
            ("ref_artist", credit(&r.reference.artists, "; ").unwrap_or_default()),
            ("ref_isrc", r.reference.external_ids.isrc.clone().unwrap_or_default()),
            ("time_factor", r.time_factor.to_string()),
            ("pitch_cents", (100 * i32::from(r.transposition_semitones)).to_string()),
            ("sample_begin_ms", r.sample_begin_time_offset_ms.to_string()),
            ("sample_end_ms", r.sample_end_time_offset_ms.to_string()),
            ("db_begin_ms", r.db_begin_time_offset_ms.to_string()),
            ("db_end_ms", r.db_end_time_offset_ms.to_string()),
            ("match_id", r.resemblance_id.clone()),
            ("channel", r.channel.name().to_owned()),
        ];
        let row = row.into_iter().chain(query_columns(&r.query)).collect();
        self.row(&r.query.path, row);
    }

    fn unmatched(&mut self, s: &Scanned) {
        let mut row = vec![("path", s.query.path.clone()), ("result", s.result.name().to_owned())];
        row.extend(query_columns(&s.query));
        self.row(&s.query.path, row);
    }

    fn traced(&mut self, t: &DecoderTraceRecord) {
        let score = t.close.as_ref().map(|close| close.score.to_string());
        let row = vec![
            ("decoder_trace", t.result.name().to_owned()),
            ("decoder_trace_score", score.unwrap_or_default()),
        ];
        self.traces.insert(t.query.path.clone(), row);
    }

    fn signed(&mut self, c: &CredentialRecord) {
        let signer = c.claim.as_ref().and_then(|c| c.signer.clone().or(c.issuer.clone()));
        let row = vec![
            ("credential", c.state.name().to_owned()),
            ("credential_says", c.says.name().to_owned()),
            ("credential_signer", signer.unwrap_or_default()),
        ];
        self.credentials.insert(c.query.path.clone(), row);
    }

    fn error(&mut self, e: &ErrorRecord) {
        let row = vec![
            ("path", e.subject.clone()),
            ("result", format!("error:{}", e.code)),
            ("message", e.message.clone()),
        ];
        self.row(&e.subject, row);
    }

    fn verdict(&mut self, v: &VerdictRecord) {
        let row = vec![
            ("verdict", v.verdict.name().to_owned()),
            ("reasons", joined(&v.reasons)),
            ("ai_disclosure", v.ai_disclosure.level.name().to_owned()),
            ("eligibility", eligibility(v)),
        ];
        self.verdicts.insert(v.subject.clone(), row);
    }

    /// Notes the cluster of each member; where no file was scanned on its own, the members are the rows.
    fn cluster(&mut self, c: &Cluster) {
        for member in &c.member_details {
            let row = vec![
                ("cluster_id", c.cluster_id.clone()),
                ("cluster_size", c.size.to_string()),
                ("cluster_score", c.score.to_string()),
            ];
            self.clusters.entry(member.path.clone()).or_insert(row);
            if self.scanned == 0 {
                let row = vec![
                    ("path", member.path.clone()),
                    ("result", "grouped".to_owned()),
                    ("title", member.title.clone().unwrap_or_default()),
                    ("artist", member.artists.join("; ")),
                    ("isrc", member.isrc.clone().unwrap_or_default()),
                    ("account_id", member.account.clone().unwrap_or_default()),
                    ("duration_ms", member.duration_ms.to_string()),
                    ("time_factor", member.time_factor.to_string()),
                    ("pitch_cents", member.pitch_cents.to_string()),
                    ("message", member.differs.clone()),
                ];
                self.row(&member.path, row);
            }
        }
    }
}

impl<W: Write> Csv<W> {
    /// Notes the family of each member; where no file was scanned on its own, the members are the rows.
    fn family(&mut self, f: &Family) {
        for (at, member) in f.member_details.iter().enumerate() {
            let row = vec![("family_id", f.family_id.clone()), ("family_size", f.size.to_string())];
            self.families.entry(member.path.clone()).or_insert(row);
            if self.scanned > 0 {
                continue;
            }
            let mut row = vec![
                ("path", member.path.clone()),
                ("result", "family".to_owned()),
                ("title", member.title.clone().unwrap_or_default()),
                ("artist", member.artists.join("; ")),
                ("isrc", member.isrc.clone().unwrap_or_default()),
                ("account_id", member.account.clone().unwrap_or_default()),
                ("duration_ms", member.duration_ms.to_string()),
                ("time_factor", member.time_factor.to_string()),
                ("pitch_cents", (100 * i32::from(member.transposition_semitones)).to_string()),
                ("message", member.differs.clone()),
            ];
            let own = f.ties.iter().filter(|tie| tie.a == at || tie.b == at);
            let surest = own.min_by(|a, b| a.log10_evalue.total_cmp(&b.log10_evalue));
            if let Some(tie) = surest {
                row.push(("log10_evalue", tie.log10_evalue.to_string()));
                row.push(("channel", tie.channel.name().to_owned()));
                row.push(("match_id", tie.resemblance_id.clone()));
            }
            self.row(&member.path, row);
        }
    }
}

impl<W: Write> Report for Csv<W> {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        match record {
            Record::Begin(b) => {
                let time = b.started_at.map(|time| time.to_string());
                self.started_at = vec![("started_at", time.unwrap_or_default())];
            }
            Record::Match(m) => self.matched(m),
            Record::Resemblance(r) => self.resembling(r),
            Record::Scanned(s) => {
                self.scanned += 1;
                if let Some(state) = s.credential {
                    let row = || vec![("credential", state.name().to_owned())];
                    self.credentials.entry(s.query.path.clone()).or_insert_with(row);
                }
                if s.matches == 0 && s.resemblances.unwrap_or(0) == 0 {
                    self.unmatched(s);
                }
            }
            Record::DecoderTrace(t) => self.traced(t),
            Record::Credential(c) => self.signed(c),
            Record::Error(e) => self.error(e),
            Record::Cluster(c) => self.cluster(c),
            Record::Family(f) => self.family(f),
            Record::Verdict(v) => self.verdict(v),
            Record::Summary(_) => self.flush()?,
            _ => {}
        }
        Ok(())
    }
}

fn query_columns(query: &super::records::QueryInfo) -> [(&'static str, String); 5] {
    [
        ("isrc", query.external_ids.isrc.clone().unwrap_or_default()),
        ("title", query.title.clone().unwrap_or_default()),
        ("artist", credit(&query.artists, "; ").unwrap_or_default()),
        ("duration_ms", query.duration_ms.to_string()),
        ("account_id", query.account_id.clone().unwrap_or_default()),
    ]
}

/// A value that no spreadsheet takes for a formula and no terminal for a command: tags and file names come
/// from strangers.
fn inert(value: &str) -> String {
    let is_number = value.parse::<f64>().is_ok();
    if is_number {
        return visible(value);
    }
    let shown = visible(value);
    let mut inert = String::with_capacity(shown.len() + 1);
    // At the beginning, and wherever a cell would begin for a spreadsheet that takes other separators: then
    // quotation marks of the comma's rules do not hold a value together.
    let mut begins = true;
    for c in shown.chars() {
        if begins && matches!(c, '=' | '+' | '-' | '@') {
            inert.push('\'');
        }
        begins = matches!(c, ';' | '|') || begins && (c == '"' || c == '\'' || c.is_whitespace());
        inert.push(c);
    }
    match value.starts_with(['\t', '\r']) {
        true => format!("'{inert}"),
        false => inert,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_defused_and_numbers_kept() {
        assert_eq!(inert("=HYPERLINK(\"http://x\")"), "'=HYPERLINK(\"http://x\")");
        assert_eq!(inert("-41.2"), "-41.2");
        assert_eq!(inert("plain"), "plain");
        for (value, expected) in [
            ("x;=HYPERLINK(1)", "x;'=HYPERLINK(1)"),
            ("x; \"@SUM(1)", "x; \"'@SUM(1)"),
            ("a|+1;-2", "a|'+1;'-2"),
            (" =1", " '=1"),
            ("Ann; Bob", "Ann; Bob"),
            ("a-b;c=d", "a-b;c=d"),
            ("\t=1", "'\u{fffd}=1"),
        ] {
            assert_eq!(inert(value), expected);
        }
        assert_eq!(inert("red \u{1b}[31m"), "red \u{fffd}[31m");
    }
}
