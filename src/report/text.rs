//! A few lines per file for people: what matched, where, how sure.

use std::io::{self, Write};

use jiff::Timestamp;

use super::Report;
use super::records::{
    ErrorRecord, MatchRecord, Name, QueryInfo, Record, ScanResult, Scanned, SegmentRecord, Summary,
    VerdictRecord, credit,
};
use super::text_batch;
use crate::clock::clock;
use crate::declare::text::visible;
use crate::level::Level;
use crate::policy::Finding;
use crate::scan::kind::MatchKind;

/// Segments printed per match; a loop may have dozens.
const MAX_SEGMENTS: usize = 6;

/// Other places of a segment that are printed.
const MAX_REPEATS: usize = 12;

/// Writes for people.
pub struct Text<W: Write> {
    out: W,
    references: Option<usize>,
    started_at: Option<Timestamp>,
    /// The query whose heading stands already.
    current: Option<String>,
    /// Findings whose verdict is to come.
    findings: Vec<Finding>,
    /// Verdicts worth telling, with their findings: they follow when all files were heard.
    verdicts: Vec<(VerdictRecord, Vec<Finding>)>,
}

impl<W: Write> Text<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Text<W> {
        Text {
            out,
            references: None,
            started_at: None,
            current: None,
            findings: Vec::new(),
            verdicts: Vec::new(),
        }
    }

    fn heading(&mut self, query: &QueryInfo) -> io::Result<()> {
        if self.current.as_ref() == Some(&query.path) {
            return Ok(());
        }
        self.current = Some(query.path.clone());
        let length = clock(query.duration_ms);
        writeln!(self.out, "{}  ({length}, {})", visible(&query.path), query.codec)?;
        if query.truncated || query.damaged_packets > 0 {
            let damage = query.damaged_packets;
            writeln!(self.out, "  note: the file is incomplete or damaged ({damage} bad packets)")?;
        }
        if let (Some(all), Some(this)) = (query.audio_tracks, query.audio_track) {
            let others = if all == 2 { "the other was" } else { "the others were" };
            writeln!(
                self.out,
                "  note: of its {all} audio tracks only number {this} was looked at; {others} not"
            )?;
        }
        Ok(())
    }

    fn matched(&mut self, m: &MatchRecord) -> io::Result<()> {
        self.heading(&m.query)?;
        let label = if m.accepted { "MATCH" } else { "below the line" };
        let r = &m.reference;
        let name = named(r.title.as_deref(), &r.artists, &r.path);
        writeln!(self.out, "  {label}  {}", visible(&name))?;
        let words = kind_words(m);
        writeln!(self.out, "    {words}; score {:.0} of 100, {}", m.score, odds(m.log10_evalue))?;
        let (repeats, own): (Vec<_>, Vec<_>) = m.segments.iter().partition(|s| s.repeat);
        for s in own.iter().take(MAX_SEGMENTS) {
            writeln!(self.out, "    {}", segment(s))?;
        }
        if let Some(more) = own.len().checked_sub(MAX_SEGMENTS + 1) {
            writeln!(self.out, "    and {} more segments", more + 1)?;
        }
        if !repeats.is_empty() {
            let places: Vec<String> = repeats.iter().take(MAX_REPEATS).map(|s| place(s)).collect();
            let more = match repeats.len().checked_sub(MAX_REPEATS + 1) {
                Some(more) => format!(" and {} more", more + 1),
                None => String::new(),
            };
            writeln!(self.out, "    the same sounds there at {}{more}, too", places.join(", "))?;
        }
        writeln!(
            self.out,
            "    covers {:.0} % of this file and {:.0} % of the reference",
            m.query_match_pct, m.asset_match_pct
        )
    }

    fn scanned(&mut self, s: &Scanned) -> io::Result<()> {
        self.heading(&s.query)?;
        match (s.result, self.references) {
            (ScanResult::NoFeatures, _) => writeln!(
                self.out,
                "  nothing to compare: silence, a steady tone, or too short for a fingerprint"
            )?,
            (ScanResult::NoMatch, Some(n)) => {
                writeln!(self.out, "  no match among {n} references")?
            }
            (ScanResult::NoMatch, None) => writeln!(self.out, "  no match")?,
            _ => {}
        }
        if self.references.is_none() {
            // Two files: no totals follow.
            writeln!(self.out, "  compared{}", self.time())?;
        }
        if !s.tracklist.is_empty() {
            writeln!(self.out, "  TRACKLIST  a mix of {} stretches", s.tracklist.len())?;
        }
        for entry in &s.tracklist {
            let name = named(entry.title.as_deref(), &entry.artists, &entry.path);
            let begin = clock(entry.sample_begin_time_offset_ms);
            let end = clock(entry.sample_end_time_offset_ms);
            writeln!(self.out, "    {begin} – {end}  {}", visible(&name))?;
        }
        writeln!(self.out)
    }

    fn error(&mut self, e: &ErrorRecord) -> io::Result<()> {
        writeln!(self.out, "{}\n  ERROR  {}\n", visible(&e.subject), visible(&e.message))
    }

    fn verdicts(&mut self, s: &Summary) -> io::Result<()> {
        let verdicts = std::mem::take(&mut self.verdicts);
        if let (1, 0, [(verdict, findings)]) = (s.inputs, s.clusters, verdicts.as_slice()) {
            return text_batch::single(&mut self.out, verdict, findings);
        }
        let grave = verdicts.iter().filter(|(v, _)| v.verdict > Level::Clear);
        let mut any = false;
        for (verdict, findings) in grave {
            any = true;
            text_batch::verdict(&mut self.out, verdict, findings)?;
        }
        if any { writeln!(self.out) } else { Ok(()) }
    }

    /// " on 2026-11-28 at 12:00 UTC".
    fn time(&self) -> String {
        let text = |time: Timestamp| time.strftime(" on %Y-%m-%d at %H:%M UTC").to_string();
        self.started_at.map(text).unwrap_or_default()
    }

    fn summary(&mut self, s: &Summary) -> io::Result<()> {
        self.verdicts(s)?;
        if self.references.is_none() && s.verdicts.is_empty() {
            return writeln!(
                self.out,
                "{} of {} files compared with each other{}: {}, {} unreadable",
                s.scanned,
                s.inputs,
                self.time(),
                clusters(s.clusters),
                s.errors
            );
        }
        let interrupted = if s.interrupted { ", interrupted" } else { "" };
        writeln!(
            self.out,
            "{} of {} files scanned{}{interrupted}: {} matched, {} without match, {} unreadable",
            s.scanned,
            s.inputs,
            self.time(),
            s.matched,
            s.scanned - s.matched,
            s.errors
        )?;
        let told: Vec<String> =
            s.verdicts.iter().map(|(level, n)| format!("{n} {}", level.name())).collect();
        if s.inputs > 1 && !told.is_empty() {
            let with =
                if s.clusters > 0 { format!("; {}", clusters(s.clusters)) } else { String::new() };
            writeln!(self.out, "verdicts: {}{with}", told.join(", "))?;
        }
        Ok(())
    }
}

fn clusters(count: usize) -> String {
    let clusters = if count == 1 { "cluster" } else { "clusters" };
    format!("{count} {clusters} of near-duplicates")
}

impl<W: Write> Report for Text<W> {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        match record {
            Record::Begin(b) => {
                self.references = b.index.as_ref().map(|i| i.tracks);
                self.started_at = b.started_at;
                Ok(())
            }
            Record::Match(m) => self.matched(m),
            Record::Scanned(s) => self.scanned(s),
            Record::Error(e) => self.error(e),
            Record::Cluster(c) => text_batch::cluster(&mut self.out, c),
            Record::Finding(f) => {
                self.findings.push((**f).clone());
                Ok(())
            }
            Record::Verdict(v) => {
                let findings = std::mem::take(&mut self.findings);
                self.verdicts.push(((**v).clone(), findings));
                Ok(())
            }
            Record::Summary(s) => self.summary(s),
            _ => Ok(()),
        }?;
        self.out.flush()
    }
}

pub(super) fn kind_words(m: &MatchRecord) -> String {
    let words = match m.match_kind {
        MatchKind::SameFile => "the same file",
        MatchKind::SameAudio => "the same recording from end to end",
        MatchKind::NearDuplicate => "most of the same recording",
        MatchKind::Modified => "the same recording with speed or pitch changed",
        MatchKind::ContainsReference => "contains the whole reference",
        MatchKind::ContainedInReference => "all of it is a part of the reference",
        MatchKind::LoopOfExcerpt => "repeats a part of the reference",
        MatchKind::Version => {
            "the same material runs along, but much else is in it or it was made anew"
        }
        MatchKind::Excerpt => "shares a part with the reference",
    };
    if !m.modified {
        return words.to_owned();
    }
    format!(
        "{words} (speed {:+.1} %, pitch {:+.0} cents)",
        100.0 * (m.time_factor - 1.0),
        m.pitch_cents
    )
}

fn segment(s: &SegmentRecord) -> String {
    format!(
        "{} – {} here  =  {} – {} there   {} of {} peaks, {:.0} a second",
        clock(s.sample_begin_time_offset_ms),
        clock(s.sample_end_time_offset_ms),
        clock(s.db_begin_time_offset_ms),
        clock(s.db_end_time_offset_ms),
        s.matched_peaks,
        s.query_peaks,
        s.peaks_per_second
    )
}

/// A reference by title, artists and path, as far as they are known.
pub(super) fn named(title: Option<&str>, artists: &[Name], path: &str) -> String {
    match (title, credit(artists, ", ")) {
        (Some(title), Some(artists)) => format!("\"{title}\" by {artists}  [{path}]"),
        (Some(title), None) => format!("\"{title}\"  [{path}]"),
        (None, _) => path.to_owned(),
    }
}

/// Where a segment lies in the reference.
fn place(s: &SegmentRecord) -> String {
    format!("{} – {}", clock(s.db_begin_time_offset_ms), clock(s.db_end_time_offset_ms))
}

/// The E-value as a frequency a person can weigh.
pub(super) fn odds(log10_evalue: f64) -> String {
    if log10_evalue > -0.5 {
        return "as good as chance gives".to_owned();
    }
    let power = (-log10_evalue).floor() as i64;
    if power < 7 {
        let per = 10f64.powf(-log10_evalue).round();
        return format!("chance gives this in 1 of {per:.0} scans");
    }
    format!("chance gives this in fewer than 1 of 10^{power} scans")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odds_read_well() {
        assert_eq!(odds(0.3), "as good as chance gives");
        assert_eq!(odds(-3.0), "chance gives this in 1 of 1000 scans");
        assert_eq!(odds(-41.2), "chance gives this in fewer than 1 of 10^41 scans");
    }
}
