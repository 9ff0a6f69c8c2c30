//! The page as a whole: result, table of uploads, clusters, families, shared loops, uploads, what it does not say, method.
//!
//! Written part by part, a few matches at a time, so that memory does not grow with the report.

use std::io::{self, Write};

use maud::{Markup, html};
use rayon::prelude::*;

use super::anchors::{Anchor, Anchors, MAX_UPLOADS, page_name};
use super::banner::{Banner, CreatorBanner};
use super::cluster_view::ClusterView;
use super::credential_view::CredentialView;
use super::exhibit::Exhibit;
use super::family_view::FamilyView;
use super::foreign::Text;
use super::match_view::MatchView;
use super::overview::{self, Row};
use super::parts::note;
use super::shared_loop_view::shared_loop;
use super::shell::{self, Frame, Hole};
use super::trace_view::TraceView;
use super::upload_view::{MAX_FINDINGS, UploadView};
use super::words::count;
use super::work_view::WorkView;
use super::{guide, masthead, notices};
use crate::declare::declared::Declared;
use crate::policy::Finding;
use crate::report::decide::Commands;
use crate::report::evidence::EvidenceRecord;
use crate::report::picture::Pictures;
use crate::report::read::{Records, UploadEntry};
use crate::report::records::{MatchRecord, VerdictRecord};
use crate::report::sound::{MAX_CLIPPED, Sounds};

/// Clusters, and families, that stand open when the page is opened.
const OPEN: usize = 1;
/// Matches of one upload whose pictures are drawn at the same time.
const AT_ONCE: usize = 8;

/// Resemblances of one upload that are shown in full.
const MAX_WORKS: usize = 10;

/// What the page should be like.
#[derive(Debug, Clone)]
pub struct Options {
    /// Heading; by default it says what the report is about.
    pub title: Option<String>,
    /// Matches, and clusters, that are shown in full; the others are in the table only.
    pub limit: usize,
    /// Where spectrograms come from.
    pub pictures: Pictures,
    /// Where sound comes from.
    pub sounds: Sounds,
    /// Commands by which a person decides on what is shown.
    pub commands: Commands,
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
    /// Clusters shown in full.
    pub clusters: usize,
}

/// Writes the report about `records`.
pub fn write(records: &mut Records, options: &Options, out: &mut dyn Write) -> io::Result<Written> {
    let uploads = std::mem::take(&mut records.contents.uploads);
    let mut page = Page::new(records, options, &uploads);
    let outcome = page.write(out);
    let written = page.written;
    records.contents.uploads = uploads;
    outcome.map(|()| written)
}

/// What a page is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// All of it.
    Whole,
    /// All but the uploads, which have pages of their own.
    Index,
    /// The upload of this number.
    Upload(usize),
}

/// A page in the making.
pub struct Page<'a> {
    records: &'a mut Records,
    options: &'a Options,
    uploads: &'a [UploadEntry],
    anchors: Anchors,
    scope: Scope,
    /// What was written so far.
    pub written: Written,
}

impl<'a> Page<'a> {
    fn new(records: &'a mut Records, options: &'a Options, uploads: &'a [UploadEntry]) -> Page<'a> {
        Page::about(Scope::Whole, records, options, uploads)
    }

    /// The page that others hang from.
    pub fn index(
        records: &'a mut Records,
        options: &'a Options,
        uploads: &'a [UploadEntry],
    ) -> Page<'a> {
        Page::about(Scope::Index, records, options, uploads)
    }

    /// The page of one upload, the `number`-th of all.
    pub fn of_upload(
        records: &'a mut Records,
        options: &'a Options,
        one: &'a [UploadEntry; 1],
        number: usize,
    ) -> Page<'a> {
        Page::about(Scope::Upload(number), records, options, one)
    }

    fn about(
        scope: Scope,
        records: &'a mut Records,
        options: &'a Options,
        uploads: &'a [UploadEntry],
    ) -> Page<'a> {
        let contents = &records.contents;
        let parts = if scope == Scope::Index { Anchors::of_index } else { Anchors::new };
        let anchors = parts(uploads, &contents.clusters, &contents.families, options.limit);
        let written = Written {
            uploads: uploads.len(),
            matches: uploads.iter().map(|u| u.matches.len()).sum(),
            ..Written::default()
        };
        Page { records, options, uploads, anchors, scope, written }
    }

    /// Writes it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let title = self.title();
        let provenance = masthead::provenance(self.records.contents.begin.as_ref());
        let hears = self.options.sounds.any();
        let page = shell::document(&Text::of(title), &provenance, hears, Hole);
        let closing = self.closing();
        Frame::from(page).write(out, |out| {
            put(out, &self.opening())?;
            self.table(out)?;
            self.clusters(out)?;
            self.families(out)?;
            self.shared_loops(out)?;
            self.uploads(out)?;
            put(out, &closing)
        })?;
        out.write_all(b"\n")
    }

    fn has_no_groups(&self) -> bool {
        let contents = &self.records.contents;
        contents.clusters.is_empty() && contents.families.is_empty()
    }

    /// Whether the words for the uploader of one track say all: nothing else was found beside it, or a verdict has
    /// taken that into account.
    fn is_told_alone(&self, only: &UploadEntry) -> bool {
        match self.scope {
            Scope::Whole => self.has_no_groups(),
            Scope::Index => false,
            Scope::Upload(_) => self.has_no_groups() || only.verdict.is_some(),
        }
    }

    /// Whether the page is about one upload.
    fn is_about_one(&self) -> bool {
        self.single().is_some() || matches!(self.scope, Scope::Upload(_))
    }

    /// The only upload, where there is no more than one.
    fn single(&self) -> Option<&'a UploadEntry> {
        match self.uploads {
            [only] if self.is_told_alone(only) => Some(only),
            _ => None,
        }
    }

    fn title(&self) -> String {
        match (&self.options.title, self.single()) {
            (Some(title), _) if !matches!(self.scope, Scope::Upload(_)) => title.clone(),
            _ if matches!(self.scope, Scope::Upload(_)) => self.title_of_upload(),
            (_, Some(_)) => "Similarity report for one track".to_owned(),
            (_, None) => {
                format!("Similarity report for {}", count(self.uploads.len(), "upload", "uploads"))
            }
        }
    }

    fn title_of_upload(&self) -> String {
        let upload = self.uploads.first();
        let title = upload.map(|u| u.title.as_deref().unwrap_or(&u.path));
        format!("Similarity report: {}", title.unwrap_or_default())
    }

    /// Ways between the pages of a folder.
    fn ways(&self) -> Markup {
        let Scope::Upload(number) = self.scope else { return Markup::default() };
        html! {
            nav.ways aria-label="Pages" {
                a href="index.html" { "← All uploads" }
                " " span.muted { "Upload " (number) ", " (page_name(number)) }
            }
        }
    }

    /// How far it reaches, and how it is read.
    fn closing(&self) -> Markup {
        let single = self.single();
        html! {
            (guide::limits(single.is_some()))
            @if single.is_none() { (guide::key()) }
        }
    }

    /// The result.
    fn opening(&mut self) -> Markup {
        let single = self.single();
        let result = match single {
            Some(upload) => CreatorBanner::new(upload, self.verdict(upload).as_deref()).markup(),
            None => {
                let contents = &self.records.contents;
                let (clusters, families) = (contents.clusters.len(), contents.families.len());
                Banner::new(self.uploads, clusters, families).markup()
            }
        };
        let (contents, limit) = (&self.records.contents, self.options.limit);
        html! {
            (self.ways())
            (result)
            p.reach { (guide::in_short()) " " a href="#limits" { "What this does not say" } }
            @if self.options.sounds.clips && self.written.matches > MAX_CLIPPED {
                (note(&format!("Only the first {MAX_CLIPPED} matches have sound in this page.")))
            }
            (notices::notices(contents, self.uploads, &self.anchors, limit))
        }
    }

    fn verdict(&mut self, upload: &UploadEntry) -> Option<Box<VerdictRecord>> {
        upload.verdict.and_then(|(_, place)| self.records.verdict(place))
    }

    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.is_about_one() || self.uploads.is_empty() {
            return Ok(());
        }
        Frame::from(overview::table(Hole)).write(out, |out| {
            for (i, upload) in self.uploads.iter().enumerate().take(overview::MAX_ROWS) {
                let row = Row::new(i + 1, upload, &self.anchors, self.options.limit);
                put(out, &row.markup())?;
            }
            Ok(())
        })
    }

    fn clusters(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let places: Vec<_> = self.records.contents.clusters.iter().map(|c| c.place).collect();
        if places.is_empty() {
            return Ok(());
        }
        let section = html! { section #groups { h2 { "Clusters of near-duplicates" } (Hole) } };
        Frame::from(section).write(out, |out| {
            for (i, place) in places.into_iter().take(self.options.limit).enumerate() {
                let Some(cluster) = self.records.cluster(place) else { continue };
                let view = ClusterView::new(&cluster, &self.anchors);
                put(out, &view.markup(i + 1, i < OPEN))?;
                self.written.clusters += 1;
            }
            Ok(())
        })
    }

    fn families(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let places: Vec<_> = self.records.contents.families.iter().map(|f| f.place).collect();
        if places.is_empty() {
            return Ok(());
        }
        let section = html! { section #families { h2 { "Families that play the same" } (Hole) } };
        Frame::from(section).write(out, |out| {
            for (i, place) in places.into_iter().take(self.options.limit).enumerate() {
                let Some(family) = self.records.family(place) else { continue };
                put(out, &FamilyView::new(&family, &self.anchors).markup(i + 1, i < OPEN))?;
            }
            Ok(())
        })
    }

    fn shared_loops(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let places = self.records.contents.shared_loops.clone();
        if places.is_empty() {
            return Ok(());
        }
        let section = html! { section #loops { h2 { "Loops that several artists share" } (Hole) } };
        Frame::from(section).write(out, |out| {
            for place in places.into_iter().take(self.options.limit) {
                let Some(shared) = self.records.shared_loop(place) else { continue };
                put(out, &shared_loop(&shared))?;
            }
            Ok(())
        })
    }

    fn uploads(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.anchors.has_no_uploads() || self.scope == Scope::Index {
            return Ok(());
        }
        let is_single = self.is_about_one();
        let heading = if is_single { "What was found" } else { "Uploads in detail" };
        let section = html! { section #details { h2 { (heading) } (Hole) } };
        Frame::from(section).write(out, |out| {
            for upload in self.uploads.iter().take(MAX_UPLOADS) {
                if let Some(Anchor::Upload(at)) = self.anchors.upload(&upload.path) {
                    let number = if let Scope::Upload(number) = self.scope { number } else { at };
                    self.upload(number, upload, out)?;
                }
            }
            Ok(())
        })
    }

    fn upload(
        &mut self,
        number: usize,
        upload: &UploadEntry,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let verdict = self.verdict(upload);
        let findings = upload.findings.iter().take(MAX_FINDINGS);
        let findings: Vec<Box<Finding>> =
            findings.filter_map(|&place| self.records.finding(place)).collect();
        let left = self.options.limit - self.written.exhibits;
        let (shown, unshown) = upload.matches.split_at(left.min(upload.matches.len()));
        let view = UploadView::new(number, upload, verdict.as_deref(), &findings, &self.anchors);
        let section = view.section(Hole, unshown.len(), self.is_about_one());
        let declared = verdict.map(|v| v.declared).unwrap_or_default();
        Frame::from(section).write(out, |out| {
            for part in shown.chunks(AT_ONCE) {
                let part = part.iter().filter_map(|m| {
                    let record = self.records.matched(m.place)?;
                    Some((record, self.records.evidence(&m.match_id)))
                });
                let part = part.collect();
                self.exhibits(part, &declared, out)?;
            }
            self.works(upload, out)?;
            self.trace(upload, out)?;
            self.credential(upload, out)
        })
    }

    fn trace(&mut self, upload: &UploadEntry, out: &mut dyn Write) -> io::Result<()> {
        match upload.trace.and_then(|place| self.records.trace(place)) {
            Some(record) => put(out, &TraceView::new(&record).markup()),
            None => Ok(()),
        }
    }

    fn credential(&mut self, upload: &UploadEntry, out: &mut dyn Write) -> io::Result<()> {
        match upload.credential.and_then(|place| self.records.credential(place)) {
            Some(record) => put(out, &CredentialView::new(&record).markup()),
            None => Ok(()),
        }
    }

    fn works(&mut self, upload: &UploadEntry, out: &mut dyn Write) -> io::Result<()> {
        for (i, &place) in upload.resemblances.iter().take(MAX_WORKS).enumerate() {
            if let Some(record) = self.records.resemblance(place) {
                put(out, &WorkView::new(&record).markup(i == 0))?;
            }
        }
        match upload.resemblances.len().saturating_sub(MAX_WORKS) {
            0 => Ok(()),
            more => {
                let words = count(more, "resemblance is", "resemblances are");
                put(out, &note(&format!("{words} not shown in full.")))
            }
        }
    }

    fn exhibits(
        &mut self,
        part: Vec<(Box<MatchRecord>, Option<Box<EvidenceRecord>>)>,
        declared: &Declared,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let first = self.written.exhibits;
        let Options { pictures, sounds, commands, .. } = self.options;
        // Of one track, the first match is what the page is about.
        let is_single = self.is_about_one();
        let done: Vec<Markup> = part
            .into_par_iter()
            .enumerate()
            .map(|(i, (record, evidence))| {
                let number = first + i + 1;
                let exhibit = Exhibit::new(record, evidence, pictures).with_sound(sounds, number);
                let view = MatchView::new(&exhibit, declared, commands);
                view.markup(number, is_single && number == 1)
            })
            .collect();
        self.written.exhibits += done.len();
        done.iter().try_for_each(|exhibit| put(out, exhibit))
    }
}

fn put(out: &mut dyn Write, part: &Markup) -> io::Result<()> {
    out.write_all(part.0.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::DecodeOptions;
    use serde_json::json;

    /// Mark-up, a turn of direction, and the mark of a hole.
    const BAD: &str = "<img src=x onerror='a'>\"\u{202e}<!--hole-->";

    /// A record of each kind that is shown, with hostile text wherever there is text.
    fn hostile() -> String {
        let side = json!({"path": BAD, "sha256": BAD, "duration_ms": 9, "codec": BAD, "title": BAD,
            "artists": [{"name": BAD}], "album": BAD, "label": BAD, "truncated": false,
            "external_ids": {"isrc": BAD, "upc": BAD}, "damaged_packets": 0,
            "ref_id": BAD, "catalog": BAD, "owner": BAD});
        let member = json!({"path": BAD, "title": BAD, "artists": [BAD], "isrc": BAD, "account": BAD,
            "received_at": "2026-01-02", "differs": BAD});
        let records = [
            json!({"type": "begin", "schema": BAD, "scan_id": BAD, "tool_version": BAD,
                "index": {"id": BAD, "tracks": 1, "params_hash": BAD},
                "policy": [{"id": BAD, "title": BAD, "version": BAD, "verified_on": BAD, "stale": true}],
                "decisions": {"entries": 1, "head": BAD}}),
            json!({"type": "match", "match_id": BAD, "match_kind": "excerpt", "accepted": false, "score": 1,
                "log10_evalue": 0, "query_match_pct": 1, "asset_match_pct": 1, "peaks_per_second": 1,
                "modified": false, "time_factor": 1, "frequency_factor": 1, "pitch_cents": 0,
                "allowed_by": BAD, "query": side, "reference": side, "segments": []}),
            json!({"type": "finding", "rule": "META-006", "level": "hold", "subject": BAD,
                "message": BAD, "policy_text": BAD, "evidence": [BAD], "policy": BAD,
                "source": BAD, "verified_on": BAD}),
            json!({"type": "verdict", "subject": BAD, "verdict": "hold", "reasons": ["META-006"],
                "explanation": [BAD], "by_policy": {BAD: "hold"}, "evidence": [BAD],
                "decisions": [BAD], "ai_disclosure": {"level": "all", "tool": BAD}}),
            json!({"type": "cluster", "cluster_id": "c", "explanation": BAD, "members": [BAD],
                "member_details": [member], "contributions": [{"signal": BAD, "text": BAD}],
                "context": [{"member": BAD, "other": BAD}]}),
            json!({"type": "decoder_trace", "query": side, "result": "strong", "statement": BAD, "params": BAD,
                "glance": {"measurable": true, "whole": 1, "stretch": 1, "other_rows": 1, "pitched": 1}, "score": 9, "highest_score": 9,
                "human_versions": 1, "human_highest": 1, "lattice": BAD, "pitch_factor": 1, "bands": [],
                "stretches": [], "window_ms": 5000, "windows": [9, null, 8], "pattern": [1, 2, 1]}),
            json!({"type": "credential", "query": side, "state": "broken", "statement": BAD, "says": "generated",
                "place": BAD, "reasons": [BAD], "remote": BAD,
                "claim": {"signer": BAD, "issuer": BAD, "signed_at": BAD, "generator": BAD, "agents": [BAD],
                "actions": [{"action": BAD, "source_type": BAD, "agent": BAD, "when": BAD}],
                "ingredients": 1, "ingredient_sources": [BAD]}}),
            json!({"type": "error", "subject": BAD, "code": BAD, "message": BAD}),
        ];
        records.map(|record| format!("{record}\n")).concat()
    }

    #[test]
    fn nothing_from_a_file_is_shown_as_it_came() {
        let mut records = Records::spool(&mut hostile().as_bytes()).unwrap();
        assert_eq!(records.contents.warnings, [""; 0]);
        let pictures = Pictures { from_audio: false, decode: DecodeOptions::default() };
        let commands = Commands::of_some_index();
        let sounds = crate::report::sound::Sounds::default();
        let options = Options { title: Some(BAD.to_owned()), limit: 9, pictures, sounds, commands };
        let mut page = Vec::new();
        let written = write(&mut records, &options, &mut page).unwrap();
        assert_eq!((written.uploads, written.exhibits, written.clusters), (1, 1, 1));
        let page = String::from_utf8(page).unwrap();
        for bad in ["<img", "\u{202e}", "<!--"] {
            assert!(!page.contains(bad), "{bad}");
        }
        assert!(page.matches("[U+202E]").count() > 50, "it is there, but spelled out");
        assert!(page.ends_with("</html>\n"), "the frame is closed");
    }
}
