//! A few lines per file for people: what matched, where, how sure.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use jiff::Timestamp;

use super::Report;
use super::decide::Commands;
use super::look::{Ink, Look};
use super::phrases::{
    Causes, beside_loops_words, cause, count, kind_words, named, odds, speed, work_words,
};
use super::records::{
    CredentialRecord, DecoderTraceRecord, ErrorRecord, MatchRecord, QueryInfo, Record,
    ResemblanceRecord, ScanResult, Scanned, SegmentRecord, Summary, VerdictRecord,
};
use super::remarks::remarks;
use super::text_batch::{self, Told};
use crate::clock::clock;
use crate::declare::text::visible;
use crate::level::Level;
use crate::policy::Finding;
use crate::trace::Strength;

/// Segments printed per match; a loop may have dozens.
const MAX_SEGMENTS: usize = 6;

/// Other places of a segment that are printed.
const MAX_REPEATS: usize = 12;

/// Indents of what is said about a file, about a match, and about a part of it.
const ABOUT_FILE: (usize, usize) = (2, 2);
const ABOUT_MATCH: (usize, usize) = (4, 2);

/// Writes for people.
pub struct Text<W: Write> {
    out: W,
    look: Look,
    commands: Commands,
    references: Option<usize>,
    started_at: Option<Timestamp>,
    /// The query whose heading stands already.
    current: Option<String>,
    /// Matches shown of it.
    shown: usize,
    /// All accepted matches of the query so far are allowed by decisions.
    only_allowed: bool,
    /// Files that match nothing but what is allowed.
    allowed: usize,
    causes: Causes,
    /// Accepted matches that no decision allows.
    standing: BTreeSet<String>,
    /// Commands that allow matches, by match.
    decide: BTreeMap<String, String>,
    /// Findings whose verdict is to come.
    findings: Vec<Finding>,
    /// Verdicts worth telling, with their findings: they follow when all files were heard.
    verdicts: Vec<(VerdictRecord, Vec<Finding>)>,
}

impl<W: Write> Text<W> {
    /// Writes to `out`: plain, one fact a line.
    pub fn new(out: W) -> Text<W> {
        Text {
            out,
            look: Look::PLAIN,
            commands: Commands::default(),
            references: None,
            started_at: None,
            current: None,
            shown: 0,
            only_allowed: true,
            allowed: 0,
            causes: Causes::default(),
            standing: BTreeSet::new(),
            decide: BTreeMap::new(),
            findings: Vec::new(),
            verdicts: Vec::new(),
        }
    }

    /// Lays lines out as `look` says.
    pub fn looking(self, look: Look) -> Text<W> {
        Text { look, ..self }
    }

    /// Names the commands by which a person decides on what was found.
    pub fn deciding(self, commands: Commands) -> Text<W> {
        Text { commands, ..self }
    }

    fn line(&mut self, indents: (usize, usize), text: &str) -> io::Result<()> {
        self.look.line(&mut self.out, indents, text)
    }

    fn heading(&mut self, query: &QueryInfo) -> io::Result<()> {
        if self.current.as_ref() == Some(&query.path) {
            return Ok(());
        }
        self.current = Some(query.path.clone());
        (self.shown, self.only_allowed) = (0, true);
        let path = self.look.paint(Ink::Heading, &visible(&query.path));
        let heading = format!("{path}  ({}, {})", clock(query.duration_ms), visible(&query.codec));
        self.line((0, 2), &heading)?;
        remarks(query)
            .iter()
            .try_for_each(|remark| self.line(ABOUT_FILE, &format!("note: {remark}")))
    }

    fn matched(&mut self, m: &MatchRecord) -> io::Result<()> {
        self.heading(&m.query)?;
        let label = match (m.accepted, &m.allowed_by) {
            (false, _) => self.look.paint(Ink::Aside, "below the line"),
            (true, Some(_)) => self.look.paint(Ink::Level(Level::Clear), "ALLOWED"),
            (true, None) if m.reference.library.is_some() => self.look.paint(Ink::Aside, "LOOP"),
            (true, None) => self.look.paint(Ink::Found, "MATCH"),
        };
        self.shown += 1;
        self.only_allowed &= m.allowed_by.is_some() || !m.accepted;
        if m.accepted && m.allowed_by.is_none() {
            self.standing.insert(m.match_id.clone());
        }
        if let Some(command) = self.commands.allow_match(m).filter(|_| m.accepted) {
            self.decide.insert(m.match_id.clone(), command);
        }
        let r = &m.reference;
        let name = named(r.title.as_deref(), &r.artists, &r.path);
        self.line(ABOUT_FILE, &format!("{label}  {}", visible(&name)))?;
        let (words, odds) = (kind_words(m), odds(m.log10_evalue));
        self.line(ABOUT_MATCH, &format!("{words}; score {:.0} of 100, {odds}", m.score))?;
        self.segments(&m.segments)?;
        let covers = format!(
            "covers {:.0} % of this file and {:.0} % of the reference",
            m.query_match_pct, m.asset_match_pct
        );
        self.line(ABOUT_MATCH, &covers)?;
        if let Some(words) = beside_loops_words(m) {
            self.line(ABOUT_MATCH, &words)?;
        }
        self.allowed_by(m.allowed_by.as_deref())
    }

    fn allowed_by(&mut self, decision: Option<&str>) -> io::Result<()> {
        let Some(decision) = decision.map(visible) else { return Ok(()) };
        self.line(ABOUT_MATCH, &format!("not held against this file, by decision {decision}"))
    }

    fn resembling(&mut self, r: &ResemblanceRecord) -> io::Result<()> {
        self.heading(&r.query)?;
        let label = match (r.accepted, &r.allowed_by) {
            (false, _) => self.look.paint(Ink::Aside, "below the line"),
            (true, Some(_)) => self.look.paint(Ink::Level(Level::Clear), "ALLOWED"),
            (true, None) => self.look.paint(Ink::Level(Level::Review), "RESEMBLES"),
        };
        self.shown += 1;
        let command = self.commands.allow_match_called(&r.resemblance_id);
        if let Some(command) = command.filter(|_| r.accepted) {
            self.decide.insert(r.resemblance_id.clone(), command);
        }
        let name = named(r.reference.title.as_deref(), &r.reference.artists, &r.reference.path);
        self.line(ABOUT_FILE, &format!("{label}  {}", visible(&name)))?;
        let chance = match r.can_tell {
            true => odds(r.log10_evalue),
            false => "too few works to tell what chance gives".to_owned(),
        };
        self.line(ABOUT_MATCH, &format!("{}; {chance}", work_words(r)))?;
        let place = format!(
            "{} – {} here  as  {} – {} there   agreement {:.2}, no copy of the recording",
            clock(r.sample_begin_time_offset_ms),
            clock(r.sample_end_time_offset_ms),
            clock(r.db_begin_time_offset_ms),
            clock(r.db_end_time_offset_ms),
            r.agreement_pct / 100.0
        );
        self.line(ABOUT_MATCH, &place)?;
        let next: Vec<String> = r.next_best.iter().map(|n| format!("{:.1}", n.z)).collect();
        let next = match next.is_empty() {
            true => String::new(),
            false => format!("; the next best works by {}", next.join(", ")),
        };
        self.line(ABOUT_MATCH, &format!("stands out by {:.1} deviations{next}", r.z))?;
        self.allowed_by(r.allowed_by.as_deref())
    }

    fn segments(&mut self, segments: &[SegmentRecord]) -> io::Result<()> {
        let (repeats, own): (Vec<_>, Vec<_>) = segments.iter().partition(|s| s.repeat);
        for s in own.iter().take(MAX_SEGMENTS) {
            self.line(ABOUT_MATCH, &segment(s))?;
        }
        if let Some(more) = own.len().checked_sub(MAX_SEGMENTS).filter(|more| *more > 0) {
            let more = count(more, "more segment", "more segments");
            self.line(ABOUT_MATCH, &format!("and {more}"))?;
        }
        if repeats.is_empty() {
            return Ok(());
        }
        let places: Vec<String> = repeats.iter().take(MAX_REPEATS).map(|s| place(s)).collect();
        let more = match repeats.len().saturating_sub(MAX_REPEATS) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let text = format!("the same sounds there at {}{more}, too", places.join(", "));
        self.line(ABOUT_MATCH, &text)
    }

    fn traced(&mut self, t: &DecoderTraceRecord) -> io::Result<()> {
        if !matches!(t.result, Strength::Weak | Strength::Strong) {
            return Ok(());
        }
        self.heading(&t.query)?;
        let label = self.look.paint(Ink::Found, "DECODER TRACE");
        let text = format!("{label}  {}: {}", t.result.name(), visible(&t.statement));
        self.line(ABOUT_FILE, &text)
    }

    fn signed(&mut self, c: &CredentialRecord) -> io::Result<()> {
        self.heading(&c.query)?;
        let label = self.look.paint(Ink::Found, "CREDENTIAL");
        let text = format!("{label}  {}: {}", c.state.name(), visible(&c.statement));
        self.line(ABOUT_FILE, &text)
    }

    fn scanned(&mut self, s: &Scanned) -> io::Result<()> {
        self.heading(&s.query)?;
        let among =
            self.references.map(|n| format!(" among {}", count(n, "reference", "references")));
        let among = among.unwrap_or_default();
        match s.result {
            ScanResult::NoFeatures => self.line(
                ABOUT_FILE,
                "nothing to compare: silence, a steady tone, or too short for a fingerprint",
            )?,
            ScanResult::NoMatch if s.resemblances.unwrap_or(0) > 0 => {
                self.line(ABOUT_FILE, &format!("no copy{among}"))?
            }
            ScanResult::NoMatch if self.shown > 0 => {
                self.line(ABOUT_FILE, &format!("nothing above the line{among}"))?
            }
            ScanResult::NoMatch => self.line(ABOUT_FILE, &format!("no match{among}"))?,
            ScanResult::Matched => self.allowed += usize::from(self.only_allowed),
        }
        if let Some(path) = &s.by_way_of {
            let text = format!("the same sound as {}, which was looked up for both", visible(path));
            self.line(ABOUT_FILE, &text)?;
        }
        if self.references.is_none() {
            // Two files: no totals follow.
            let compared = format!("compared{}", self.time());
            self.line(ABOUT_FILE, &compared)?;
        }
        if !s.tracklist.is_empty() {
            let heading = self.look.paint(Ink::Found, "TRACKLIST");
            let text = format!("{heading}  a mix of {} stretches", s.tracklist.len());
            self.line(ABOUT_FILE, &text)?;
        }
        for entry in &s.tracklist {
            let name = named(entry.title.as_deref(), &entry.artists, &entry.path);
            let begin = clock(entry.sample_begin_time_offset_ms);
            let end = clock(entry.sample_end_time_offset_ms);
            self.line(ABOUT_MATCH, &format!("{begin} – {end}  {}", visible(&name)))?;
        }
        writeln!(self.out)
    }

    fn error(&mut self, e: &ErrorRecord) -> io::Result<()> {
        self.causes.add(e);
        let subject = self.look.paint(Ink::Heading, &visible(&e.subject));
        self.line((0, 2), &subject)?;
        let label = self.look.paint(Ink::Error, "ERROR");
        self.line(ABOUT_FILE, &format!("{label}  {}", visible(cause(e))))?;
        writeln!(self.out)
    }

    fn verdicts(&mut self, s: &Summary) -> io::Result<()> {
        let verdicts = std::mem::take(&mut self.verdicts);
        let told = Told { look: self.look, commands: &self.commands, matches: &self.decide };
        let groups = s.clusters + s.families;
        if let (1, 0, [(verdict, findings)]) = (s.inputs, groups, verdicts.as_slice()) {
            return text_batch::single(&mut self.out, &told, verdict, findings);
        }
        let mut any = false;
        for (verdict, findings) in &verdicts {
            // A match that is shown and does not count is explained.
            let explains = |f: &&Finding| f.evidence.iter().any(|id| self.standing.contains(id));
            let told_of: Vec<&Finding> = match verdict.verdict {
                Level::Clear => findings.iter().filter(explains).collect(),
                _ => findings.iter().filter(|f| f.level > Level::Clear).collect(),
            };
            if verdict.verdict > Level::Clear || !told_of.is_empty() {
                any = true;
                text_batch::verdict(&mut self.out, &told, verdict, &told_of)?;
            }
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
        let only_clusters = self.references.is_none() && s.verdicts.is_empty();
        let did = if only_clusters { "compared with each other" } else { "scanned" };
        let files = count(s.inputs, "file", "files");
        let interrupted = if s.interrupted { ", interrupted" } else { "" };
        let done = format!("{} of {files} {did}{}{interrupted}: ", s.scanned, self.time());
        let mut results = Vec::new();
        if only_clusters {
            results.push(groups(s));
        } else {
            results.push(format!("{} matched", s.matched));
            if self.allowed > 0 {
                results.push(format!("{} with allowed matches only", self.allowed));
            }
            let without = s.scanned.saturating_sub(s.matched + self.allowed);
            results.push(format!("{without} without match"));
        }
        results.push(format!("{} unreadable{}", s.errors, self.causes.words()));
        if s.not_looked_at > 0 {
            results.push(format!("{} not looked at", s.not_looked_at));
        }
        self.line((0, 2), &(done + &results.join(", ")))?;
        let left = s.inputs.saturating_sub(s.scanned + s.errors);
        if s.interrupted && left > 0 {
            let left = count(left, "file was", "files were");
            self.line((0, 2), &format!("{left} not reached"))?;
        }
        let levels = s.verdicts.iter().rev().filter(|(_, n)| **n > 0);
        let told: Vec<String> =
            levels.map(|(level, n)| format!("{n} {}", self.look.level(*level))).collect();
        if s.inputs > 1 && !told.is_empty() {
            let any = s.clusters + s.families > 0;
            let with = if any { format!("; {}", groups(s)) } else { String::new() };
            self.line((0, 2), &format!("verdicts: {}{with}", told.join(", ")))?;
        }
        if s.wall_ms > 0 {
            self.line((0, 2), &speed(s.audio_seconds, s.wall_ms))?;
        }
        Ok(())
    }
}

fn groups(s: &Summary) -> String {
    let clusters = count(s.clusters, "cluster", "clusters") + " of near-duplicates";
    match s.families {
        0 => clusters,
        n => format!("{clusters}, {} that play the same", count(n, "family", "families")),
    }
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
            Record::Resemblance(r) => self.resembling(r),
            Record::DecoderTrace(t) => self.traced(t),
            Record::Credential(c) => self.signed(c),
            Record::Scanned(s) => self.scanned(s),
            Record::Error(e) => self.error(e),
            // Other remarks are told on standard error.
            Record::Note(n) if n.is_not_looked_at() => {
                self.line((0, 2), &visible(&n.subject))?;
                self.line(ABOUT_FILE, &format!("NOT LOOKED AT  {}", visible(&n.message)))?;
                writeln!(self.out)
            }
            Record::Cluster(c) => text_batch::cluster(&mut self.out, self.look, c),
            Record::Family(f) => text_batch::family(&mut self.out, self.look, f),
            Record::SharedLoop(l) => text_batch::shared_loop(&mut self.out, self.look, l),
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

/// Where a segment lies in the reference.
fn place(s: &SegmentRecord) -> String {
    format!("{} – {}", clock(s.db_begin_time_offset_ms), clock(s.db_end_time_offset_ms))
}
