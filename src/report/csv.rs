//! One row per match, or one per file without a match, with a stable set of columns.

use std::io::{self, Write};

use super::Report;
use super::records::{ErrorRecord, MatchRecord, Record, Scanned};

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
];

/// Writes the table.
pub struct Csv<W: Write> {
    writer: csv::Writer<W>,
}

impl<W: Write> Csv<W> {
    /// Starts the table with its header row.
    pub fn new(out: W) -> io::Result<Csv<W>> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(COLUMNS)?;
        writer.flush()?;
        Ok(Csv { writer })
    }

    fn row(&mut self, values: &[(&str, String)]) -> io::Result<()> {
        let value = |column: &&str| {
            values.iter().find(|(name, _)| name == column).map_or("", |(_, v)| v.as_str())
        };
        self.writer.write_record(COLUMNS.iter().map(|column| inert(value(column))))?;
        self.writer.flush()
    }

    fn matched(&mut self, m: &MatchRecord) -> io::Result<()> {
        // The longest segment stands for the match; `segments` says whether there are more.
        let longest = m.segments.iter().max_by_key(|s| {
            s.sample_end_time_offset_ms.saturating_sub(s.sample_begin_time_offset_ms)
        });
        let mut row = vec![
            ("path", m.query.path.clone()),
            ("result", if m.accepted { "matched" } else { "candidate" }.to_owned()),
            ("match_kind", m.match_kind.to_string()),
            ("score", m.score.to_string()),
            ("log10_evalue", m.log10_evalue.to_string()),
            ("ref_id", m.reference.ref_id.clone()),
            ("ref_path", m.reference.path.clone()),
            ("ref_title", m.reference.title.clone().unwrap_or_default()),
            ("ref_artist", join(&m.reference.artists)),
            ("ref_isrc", m.reference.external_ids.isrc.clone().unwrap_or_default()),
            ("query_match_pct", m.query_match_pct.to_string()),
            ("asset_match_pct", m.asset_match_pct.to_string()),
            ("modified", m.modified.to_string()),
            ("time_factor", m.time_factor.to_string()),
            ("pitch_cents", m.pitch_cents.to_string()),
            ("segments", m.segments.len().to_string()),
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
        row.extend(query_columns(&m.query));
        self.row(&row)
    }

    fn unmatched(&mut self, s: &Scanned) -> io::Result<()> {
        let mut row = vec![("path", s.query.path.clone()), ("result", s.result.to_string())];
        row.extend(query_columns(&s.query));
        self.row(&row)
    }

    fn error(&mut self, e: &ErrorRecord) -> io::Result<()> {
        self.row(&[
            ("path", e.subject.clone()),
            ("result", format!("error:{}", e.code)),
            ("message", e.message.clone()),
        ])
    }
}

impl<W: Write> Report for Csv<W> {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        match record {
            Record::Match(m) => self.matched(m),
            Record::Scanned(s) if s.matches == 0 => self.unmatched(s),
            Record::Error(e) => self.error(e),
            _ => Ok(()),
        }
    }
}

fn query_columns(query: &super::records::QueryInfo) -> [(&'static str, String); 4] {
    [
        ("isrc", query.external_ids.isrc.clone().unwrap_or_default()),
        ("title", query.title.clone().unwrap_or_default()),
        ("artist", join(&query.artists)),
        ("duration_ms", query.duration_ms.to_string()),
    ]
}

fn join(names: &[super::records::Name]) -> String {
    names.iter().map(|n| n.name.as_str()).collect::<Vec<_>>().join("; ")
}

/// A value that no spreadsheet takes for a formula: tags and file names come from strangers.
fn inert(value: &str) -> String {
    let is_number = value.parse::<f64>().is_ok();
    if value.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_number {
        format!("'{value}")
    } else {
        value.to_owned()
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
    }
}
