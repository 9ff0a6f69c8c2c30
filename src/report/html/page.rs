//! The page as a whole: banner, what it does not say, table of uploads, groups, uploads, method.
//!
//! Written part by part, a few matches at a time, so that memory does not grow with the report.

use std::collections::BTreeMap;
use std::io::{self, Write};

use rayon::prelude::*;

use super::match_view::Exhibit;
use super::upload_view::{self, Anchors, MAX_FINDINGS};
use super::words::{State, badge, count, label, level_badge, meaning, percent, to_creator};
use super::{cluster_view, escape, svg};
use crate::catalog::declared::Declared;
use crate::level::Level;
use crate::policy::Finding;
use crate::report::evidence::EvidenceRecord;
use crate::report::picture::Pictures;
use crate::report::read::{MatchEntry, Records, Upload};
use crate::report::records::{MatchRecord, VerdictRecord};

/// Rows of the table of uploads.
const MAX_ROWS: usize = 10_000;
/// Uploads that have a part of their own.
const MAX_UPLOADS: usize = 1_000;
/// Exhibits that stand open when the page is opened.
const OPEN: usize = 10;
/// Matches of one upload whose pictures are drawn at the same time.
const AT_ONCE: usize = 8;
const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");
/// Nothing is loaded from anywhere.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; \
                      script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// What the page should be like.
#[derive(Debug, Clone)]
pub struct Options {
    /// Heading; by default it says what the report is about.
    pub title: Option<String>,
    /// Matches, and groups, that are shown in full; the others are in the table only.
    pub limit: usize,
    /// Where spectrograms come from.
    pub pictures: Pictures,
}

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Uploads in the records.
    pub uploads: usize,
    /// Matches in the records.
    pub matches: usize,
    /// Matches shown in full.
    pub exhibits: usize,
    /// Groups shown in full.
    pub clusters: usize,
}

/// Writes the report about `records`.
pub fn write(records: &mut Records, options: &Options, out: &mut dyn Write) -> io::Result<Written> {
    let uploads = std::mem::take(&mut records.contents.uploads);
    let mut page = Page::new(records, options, &uploads);
    out.write_all(page.top().as_bytes())?;
    page.clusters(out)?;
    page.uploads(out)?;
    out.write_all(page.bottom().as_bytes())?;
    let written = page.written;
    records.contents.uploads = uploads;
    Ok(written)
}

struct Page<'a> {
    records: &'a mut Records,
    options: &'a Options,
    uploads: &'a [Upload],
    anchors: Anchors,
    /// Which uploads have a part of their own, by their numbers.
    parts: BTreeMap<&'a str, usize>,
    written: Written,
}

impl<'a> Page<'a> {
    fn new(records: &'a mut Records, options: &'a Options, uploads: &'a [Upload]) -> Page<'a> {
        let mut anchors = Anchors::new();
        let clusters = records.contents.clusters.iter().take(options.limit).enumerate();
        anchors.extend(clusters.map(|(i, c)| (c.cluster_id.clone(), format!("c{}", i + 1))));
        let mut parts = BTreeMap::new();
        let mut exhibits = 0;
        for (i, upload) in uploads.iter().enumerate().take(MAX_UPLOADS) {
            if upload.matches.is_empty() && upload.findings.is_empty() && !is_grave(upload) {
                continue;
            }
            parts.insert(upload.path.as_str(), i + 1);
            for m in upload.matches.iter().take(options.limit - exhibits) {
                exhibits += 1;
                anchors.insert(m.match_id.clone(), format!("m{exhibits}"));
            }
        }
        let written = Written {
            uploads: uploads.len(),
            matches: uploads.iter().map(|u| u.matches.len()).sum(),
            ..Written::default()
        };
        Page { records, options, uploads, anchors, parts, written }
    }

    /// The only upload, where there is no more than one.
    fn single(&self) -> Option<&'a Upload> {
        match self.uploads {
            [only] if self.records.contents.clusters.is_empty() => Some(only),
            _ => None,
        }
    }

    fn top(&mut self) -> String {
        let title = match (&self.options.title, self.single()) {
            (Some(title), _) => title.clone(),
            (None, Some(_)) => "Similarity report for one track".to_owned(),
            (None, None) => {
                format!("Similarity report for {}", count(self.uploads.len(), "upload", "uploads"))
            }
        };
        let title = escape::text(&title);
        let mut out = format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <meta name=\"referrer\" content=\"no-referrer\"><title>{title}</title>\
             <style>{STYLE}</style></head><body>{}<a class=\"skip\" href=\"#uploads\">Skip to the \
             uploads</a><header class=\"masthead\"><p class=\"kind\">soundalike evidence report</p>\
             <h1>{title}</h1>",
            svg::patterns()
        );
        self.provenance(&mut out);
        out.push_str("</header><main>");
        self.banner(&mut out);
        limits(&mut out, self.single().is_some());
        self.notices(&mut out);
        self.table(&mut out);
        out
    }

    /// Which version compared with what, under which policies.
    fn provenance(&self, out: &mut String) {
        let contents = &self.records.contents;
        let Some(begin) = &contents.begin else {
            out.push_str(
                "<p class=\"provenance\">The records do not say which index and version they come \
                 from.</p>",
            );
            return;
        };
        out.push_str("<dl class=\"provenance\">");
        let mut fact = |term: &str, value: String| {
            put!(out, "<div><dt>{term}</dt><dd>{value}</dd></div>");
        };
        fact("Program", format!("soundalike {}", escape::text(&begin.tool_version)));
        if let Some(index) = &begin.index {
            let tracks = count(index.tracks, "recording", "recordings");
            fact("Index", format!("<code>{}</code> ({tracks})", escape::text(&index.id)));
            fact("Fingerprint", format!("<code>{}</code>", escape::text(&index.params_hash)));
        }
        fact("Run", format!("<code>{}</code>", escape::text(&begin.scan_id)));
        if !begin.policy.is_empty() {
            let policies: Vec<String> = begin
                .policy
                .iter()
                .take(30)
                .map(|p| {
                    let stale = if p.stale { ", <strong>too old to rely on</strong>" } else { "" };
                    let (title, version) = (escape::name(&p.title), escape::text(&p.version));
                    let read = escape::text(&p.verified_on);
                    format!("{title} {version} (sources read {read}{stale})")
                })
                .collect();
            fact("Policies", policies.join("; "));
        }
        if let Some(log) = &begin.decisions {
            let head: String = log.head.chars().take(16).collect();
            let entries = count(log.entries as usize, "entry", "entries");
            fact("Decision log", format!("{entries}, head <code>{}</code>", escape::text(&head)));
        }
        out.push_str("</dl>");
    }

    fn banner(&mut self, out: &mut String) {
        if let Some(upload) = self.single() {
            return self.creator_banner(out, upload);
        }
        let mut levels: BTreeMap<Level, usize> = BTreeMap::new();
        for upload in self.uploads {
            if let Some((level, _)) = upload.verdict {
                *levels.entry(level).or_default() += 1;
            }
        }
        let state = |wanted: State| self.uploads.iter().filter(|u| State::of(u) == wanted).count();
        let (matched, unreadable) = (state(State::Matched), state(State::Unreadable));
        let gravest = levels.keys().next_back().copied();
        let class = gravest.map_or(if matched > 0 { "review" } else { "clear" }, Level::name);
        put!(out, "<section class=\"banner {class}\" aria-label=\"Result\"><h2>{}</h2>", {
            headline(gravest, &levels, self.uploads.len(), matched)
        });
        let mut line = gravest.map_or(String::new(), |level| meaning(level).to_owned());
        if gravest.is_none() {
            line =
                "No policy was applied, so that there are no verdicts: only what was found.".into();
        }
        put!(out, "<p>{line}</p><ul class=\"tiles\">");
        for level in Level::ALL.into_iter().rev() {
            if let Some(n) = levels.get(&level) {
                put!(out, "<li class=\"{}\"><b>{n}</b> {}</li>", level.name(), label(level));
            }
        }
        for (n, what) in [
            (matched, "with matches, no verdict"),
            (unreadable, "unreadable"),
            (self.records.contents.clusters.len(), "groups of near-duplicates"),
        ] {
            if n > 0 {
                put!(out, "<li><b>{n}</b> {what}</li>");
            }
        }
        out.push_str("</ul>");
        self.frequent_reasons(out);
        out.push_str("</section>");
    }

    fn frequent_reasons(&self, out: &mut String) {
        let mut reasons = BTreeMap::new();
        for rule in self.uploads.iter().flat_map(|u| &u.reasons) {
            *reasons.entry(*rule).or_insert(0usize) += 1;
        }
        let mut reasons: Vec<_> = reasons.into_iter().collect();
        reasons.sort_by_key(|&(rule, n)| (std::cmp::Reverse(n), rule));
        if reasons.is_empty() {
            return;
        }
        out.push_str("<h3>Most frequent reasons</h3><ul class=\"reasons\">");
        for (rule, n) in reasons.into_iter().take(5) {
            let uploads = count(n, "upload", "uploads");
            put!(
                out,
                "<li><code>{}</code> {}: {uploads}</li>",
                rule.id(),
                escape::text(rule.title())
            );
        }
        out.push_str("</ul>");
    }

    fn creator_banner(&mut self, out: &mut String, upload: &Upload) {
        let state = State::of(upload);
        let (headline, advice) = to_creator(state);
        put!(
            out,
            "<section class=\"banner {}\" aria-label=\"Result\"><h2>{headline}</h2>\
             <p class=\"about\">{}</p><p>{advice}</p>",
            state.badge().0,
            upload_view::title(upload)
        );
        let verdict = upload.verdict.and_then(|(_, place)| self.records.verdict(place));
        if let Some(verdict) = verdict.filter(|v| !v.explanation.is_empty()) {
            out.push_str("<h3>Reasons</h3><ul class=\"reasons\">");
            for sentence in verdict.explanation.iter().take(8) {
                put!(out, "<li>{}</li>", escape::text(sentence));
            }
            out.push_str("</ul>");
        }
        out.push_str("</section>");
    }

    /// What is missing from the page, or from the records.
    fn notices(&self, out: &mut String) {
        let contents = &self.records.contents;
        let mut notices = Vec::new();
        if contents.bad_lines > 0 {
            let lines = count(contents.bad_lines, "line", "lines");
            notices.push(format!("{lines} of the records could not be read and are missing here."));
        }
        if contents.unknown > 0 {
            let records = count(contents.unknown, "record", "records");
            notices
                .push(format!("{records} of a kind that this version does not know are left out."));
        }
        if contents.runs > 1 {
            notices.push(format!(
                "The records come from {} runs; index and version above are those of the first.",
                contents.runs
            ));
        }
        if contents.summary.as_ref().is_some_and(|s| s.interrupted) {
            notices
                .push("The run was interrupted: uploads that it did not reach are missing.".into());
        }
        let exhibits = self.anchors.values().filter(|a| a.starts_with('m')).count();
        if exhibits < self.written.matches {
            notices.push(format!(
                "{exhibits} of {} are shown in full, those of the gravest uploads first; the others \
                 are in the table only (option --limit).",
                count(self.written.matches, "match", "matches")
            ));
        }
        let clusters = contents.clusters.len();
        if clusters > self.options.limit {
            notices.push(format!("{} of {clusters} groups are shown.", self.options.limit));
        }
        if self.uploads.len() > MAX_UPLOADS {
            notices.push(format!(
                "Only the gravest {MAX_UPLOADS} of {} uploads are shown in detail.",
                self.uploads.len()
            ));
        }
        if self.uploads.len() > MAX_ROWS {
            notices.push(format!(
                "The table lists the gravest {MAX_ROWS} of {} uploads.",
                self.uploads.len()
            ));
        }
        if !notices.is_empty() {
            put!(out, "<ul class=\"notices\"><li>{}</li></ul>", notices.join("</li><li>"));
        }
    }

    fn table(&self, out: &mut String) {
        if self.single().is_some() || self.uploads.is_empty() {
            return;
        }
        out.push_str(
            "<section id=\"uploads\"><h2>Uploads</h2><div class=\"scroll\"><table class=\"uploads\">\
             <thead><tr><th scope=\"col\">No.</th><th scope=\"col\">Verdict</th>\
             <th scope=\"col\">Upload</th><th scope=\"col\">Reasons</th><th scope=\"col\">Best match</th>\
             <th scope=\"col\" class=\"n\">Score</th><th scope=\"col\" class=\"n\">Of the upload</th>\
             <th scope=\"col\">Shown</th></tr></thead><tbody>",
        );
        for (i, upload) in self.uploads.iter().enumerate().take(MAX_ROWS) {
            self.row(out, i + 1, upload);
        }
        out.push_str("</tbody></table></div></section>");
    }

    fn row(&self, out: &mut String, number: usize, upload: &Upload) {
        let state = State::of(upload);
        let title = upload_view::title(upload);
        let title = match self.parts.get(upload.path.as_str()) {
            Some(_) => format!("<a href=\"#u{number}\">{title}</a>"),
            None => title,
        };
        let rules: Vec<&str> = upload.reasons.iter().take(8).map(|r| r.id()).collect();
        let error = upload.error.as_deref().map(escape::text).unwrap_or_default();
        let (best, score, share) = match upload.matches.first() {
            Some(m) => (
                format!("{}{}", escape::name(&m.reference), standing(m)),
                format!("{:.0}", m.score.clamp(0.0, 100.0)),
                percent(m.query_match_pct),
            ),
            None => (format!("<span class=\"muted\">{error}</span>"), String::new(), String::new()),
        };
        let mut shown: Vec<String> = Vec::new();
        for m in &upload.matches {
            if let Some(anchor) = self.anchors.get(&m.match_id).filter(|_| shown.len() < 6) {
                shown.push(format!("<a href=\"#{anchor}\">match {}</a>", &anchor[1..]));
            }
        }
        for c in upload.clusters.iter().filter(|&&c| c < self.options.limit).take(3) {
            shown.push(format!("<a href=\"#c{0}\">group {0}</a>", c + 1));
        }
        if shown.is_empty() && !upload.matches.is_empty() {
            shown.push(format!(
                "<span class=\"muted\">{}, in this table only</span>",
                count(upload.matches.len(), "match", "matches")
            ));
        }
        put!(
            out,
            "<tr><th scope=\"row\">{number}</th><td>{}</td><td>{title}<br>\
             <span class=\"path\">{}</span></td><td class=\"rules\">{}</td><td>{best}</td>\
             <td class=\"n\">{score}</td><td class=\"n\">{share}</td><td>{}</td></tr>",
            badge(state),
            escape::name(&upload.path),
            rules.iter().map(|r| format!("<code>{r}</code>")).collect::<Vec<_>>().join(" "),
            shown.join(", ")
        );
    }

    fn clusters(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let places: Vec<_> = self.records.contents.clusters.iter().map(|c| c.place).collect();
        if places.is_empty() {
            return Ok(());
        }
        out.write_all(b"<section id=\"groups\"><h2>Groups of near-duplicates</h2>")?;
        for (i, place) in places.into_iter().take(self.options.limit).enumerate() {
            let Some(cluster) = self.records.cluster(place) else { continue };
            let anchor = |path: &str| self.parts.get(path).map(|n| format!("u{n}"));
            let section = cluster_view::section(i + 1, &cluster, i < OPEN, &anchor);
            out.write_all(section.as_bytes())?;
            self.written.clusters += 1;
        }
        out.write_all(b"</section>")
    }

    fn uploads(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.parts.is_empty() {
            return Ok(());
        }
        let heading = if self.single().is_some() { "What was found" } else { "Uploads in detail" };
        write!(out, "<section id=\"details\"><h2>{heading}</h2>")?;
        for (i, upload) in self.uploads.iter().enumerate().take(MAX_UPLOADS) {
            if self.parts.contains_key(upload.path.as_str()) {
                self.upload(i + 1, upload, out)?;
            }
        }
        out.write_all(b"</section>")
    }

    fn upload(&mut self, number: usize, upload: &Upload, out: &mut dyn Write) -> io::Result<()> {
        let verdict: Option<Box<VerdictRecord>> =
            upload.verdict.and_then(|(_, place)| self.records.verdict(place));
        let findings = upload.findings.iter().take(MAX_FINDINGS);
        let findings: Vec<Box<Finding>> =
            findings.filter_map(|&place| self.records.finding(place)).collect();
        let head = upload_view::head(number, upload, verdict.as_deref(), &findings, &self.anchors);
        out.write_all(head.as_bytes())?;
        let declared = verdict.map(|v| v.declared).unwrap_or_default();
        let left = self.options.limit - self.written.exhibits;
        for part in upload.matches[..upload.matches.len().min(left)].chunks(AT_ONCE) {
            let part: Vec<_> = part
                .iter()
                .filter_map(|m| {
                    let record = self.records.matched(m.place)?;
                    Some((record, self.records.evidence(&m.match_id)))
                })
                .collect();
            self.exhibits(part, &declared, out)?;
        }
        let rest = upload.matches.len().saturating_sub(left);
        if rest > 0 {
            let matches = count(rest, "match is", "matches are");
            write!(out, "<p class=\"note\">{matches} not shown in full.</p>")?;
        }
        out.write_all(b"</section>")
    }

    fn exhibits(
        &mut self,
        part: Vec<(Box<MatchRecord>, Option<Box<EvidenceRecord>>)>,
        declared: &Declared,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let first = self.written.exhibits;
        let pictures = &self.options.pictures;
        let done: Vec<String> = part
            .into_par_iter()
            .enumerate()
            .map(|(i, (record, evidence))| {
                let number = first + i + 1;
                Exhibit::new(record, evidence, pictures).html(number, declared, number <= OPEN)
            })
            .collect();
        for html in &done {
            out.write_all(html.as_bytes())?;
        }
        self.written.exhibits += done.len();
        Ok(())
    }

    fn bottom(&self) -> String {
        format!("{METHOD}</main><script>{SCRIPT}</script></body></html>\n")
    }
}

/// What a match does not count for, where it does not count.
fn standing(m: &MatchEntry) -> &'static str {
    match (m.allowed, m.accepted) {
        (true, _) => " <span class=\"muted\">(allowed)</span>",
        (false, false) => " <span class=\"muted\">(below the line)</span>",
        (false, true) => "",
    }
}

fn is_grave(upload: &Upload) -> bool {
    upload.verdict.is_some_and(|(level, _)| level > Level::Clear)
}

fn headline(
    gravest: Option<Level>,
    levels: &BTreeMap<Level, usize>,
    uploads: usize,
    matched: usize,
) -> String {
    let Some(gravest) = gravest else {
        return match matched {
            0 => format!("Nothing found in {}", count(uploads, "upload", "uploads")),
            n => format!("{n} of {} resemble a recording", count(uploads, "upload", "uploads")),
        };
    };
    let n = levels.get(&gravest).copied().unwrap_or(0);
    match gravest {
        Level::Clear => format!("All {} clear", count(n, "upload", "uploads")),
        Level::Review => format!("{} to look at", count(n, "upload", "uploads")),
        Level::Hold => format!("{} on hold", count(n, "upload", "uploads")),
        Level::Reject => format!("{} refused by policy", count(n, "upload", "uploads")),
    }
}

fn limits(out: &mut String, is_single: bool) {
    let last =
        if is_single { "What this tool cannot know" } else { "What this report does not say" };
    put!(out, "<section class=\"limits\"><h2>{last}</h2>{LIMITS}</section>");
    if !is_single {
        put!(out, "<p class=\"key\">");
        for level in Level::ALL {
            put!(out, "<span>{} {}</span>", level_badge(level), meaning(level));
        }
        put!(out, "</p>");
    }
}

const LIMITS: &str = "<div class=\"columns\"><ul>\
<li><strong>Not an AI detector.</strong> Whether a recording was generated is not measured. What is \
said about generated parts is what the upload declares.</li>\
<li><strong>Not a legal conclusion.</strong> The same audio can be delivered rightfully: a licence, a \
re-release, a transfer of a catalogue. Whether it is, papers tell, not this report.</li>\
<li><strong>No composition or cover matching.</strong> Compared are recordings. The same song played \
anew is found only where it follows the other closely; music in the same style is not.</li>\
<li><strong>Only this index.</strong> No match means: none among the recordings it was compared with.\
</li></ul><div><h3>If you think it is wrong</h3><p>Listen to both sides at the times given: they are \
exact to about a tenth of a second. Short matches with a score barely above 50 may be a shared sample, \
loop or drum pattern. To contest a result, name the match id and the index id to whoever sent you this \
report, with what shows your right to the recording. A trust team records its decision with \
<code>soundalike allow</code>, with reason and expiry; the next run applies it, and the log of \
decisions keeps it.</p></div></div>";

const METHOD: &str = "<section class=\"method\"><h2>How to read the exhibits</h2><dl>\
<dt>Spectral peak</dt><dd>A moment and pitch that stands out of its surroundings, between 150 Hz and \
5 kHz. A recording has some thirty a second; together they are its fingerprint.</dd>\
<dt>Coinciding peaks</dt><dd>Peaks of both files that fall on each other when one is laid over the \
other at the offset, speed and pitch given.</dd>\
<dt>Score</dt><dd>0 to 100, with the acceptance line at 50. It follows from the number of matches as \
good as this one that chance would give in one scan of an index of this size; at the line that is 1 in \
1,000.</dd>\
<dt>Speed and pitch</dt><dd>Of the upload against the reference: +3 % plays faster, +50 cents sounds a \
quarter tone higher.</dd>\
<dt>Coverage</dt><dd>Share of the file that lies in segments, for each side.</dd>\
<dt>Segments</dt><dd>Numbered, and told apart by dashes and hatching besides colour, so that the report \
can be read in print.</dd></dl></section>";
