//! One upload: what came of it, what the policies say, and room for its matches.

use maud::{Markup, Render, html};

use super::anchors::{Anchor, Anchors};
use super::finding_view::{self, FindingRow};
use super::foreign::{Name, Text};
use super::parts::{note, recording};
use super::tracklist_view::Tracklist;
use super::verdict_view::VerdictView;
use super::words::{State, badge, count};
use crate::clock::clock;
use crate::policy::Finding;
use crate::report::read::UploadEntry;
use crate::report::records::VerdictRecord;

/// Findings listed.
pub const MAX_FINDINGS: usize = 60;

/// What is said about an upload besides its matches.
pub struct UploadView<'a> {
    number: usize,
    state: State,
    title: Markup,
    path: Name<'a>,
    length: String,
    codes: Vec<(&'static str, Name<'a>)>,
    /// Why it could not be read.
    error: Option<Text<'a>>,
    /// What of it was not heard.
    remarks: Vec<Text<'a>>,
    verdict: Option<VerdictView<'a>>,
    tracklist: Option<Tracklist>,
    by_way_of: Option<Name<'a>>,
    findings: Vec<FindingRow<'a>>,
    /// Findings that are not listed.
    left_out: usize,
    clusters: Vec<Anchor>,
}

impl<'a> UploadView<'a> {
    /// The `number`-th upload with its verdict and the first of its findings.
    pub fn new(
        number: usize,
        upload: &'a UploadEntry,
        verdict: Option<&'a VerdictRecord>,
        findings: &'a [Box<Finding>],
        anchors: &Anchors,
    ) -> UploadView<'a> {
        UploadView {
            number,
            state: State::of(upload),
            title: title(upload),
            path: Name::of(&upload.path),
            length: clock(upload.duration_ms),
            codes: codes_of(upload),
            error: upload.error.as_deref().map(Text::of),
            remarks: upload.remarks.iter().map(String::as_str).map(Text::of).collect(),
            verdict: verdict.map(|verdict| VerdictView::new(verdict, anchors)),
            tracklist: Tracklist::new(&upload.path, &upload.tracklist, anchors),
            by_way_of: upload.by_way_of.as_deref().map(Name::of),
            findings: findings.iter().map(|finding| FindingRow::new(finding, anchors)).collect(),
            left_out: upload.findings.len().saturating_sub(findings.len()),
            clusters: upload.clusters.iter().map(|&cluster| Anchor::Cluster(cluster + 1)).collect(),
        }
    }

    /// The part about the upload in HTML, with its `exhibits`; so many matches are not among them.
    pub fn section(&self, exhibits: impl Render, unshown: usize, is_single: bool) -> Markup {
        let unshown = (unshown > 0).then(|| count(unshown, "match is", "matches are"));
        let more = html! {
            @if let Some(matches) = unshown { (note(&format!("{matches} not shown in full."))) }
        };
        // Of many, each is folded: the table above is the summary.
        html! {
            @if is_single {
                section.upload id=(Anchor::Upload(self.number)) {
                    (self.header())
                    (self.remarks())
                    (exhibits)
                    (more)
                }
            } @else {
                details.upload id=(Anchor::Upload(self.number)) {
                    summary { (self.header()) }
                    (self.remarks())
                    (exhibits)
                    (more)
                }
            }
        }
    }

    fn header(&self) -> Markup {
        html! {
            header {
                h3 {
                    (badge(self.state))
                    span.no { "Upload " (self.number) } " "
                    (self.title)
                }
                p.path { (self.path) " · " (self.length) }
                (codes(&self.codes))
            }
        }
    }

    fn remarks(&self) -> Markup {
        html! {
            @if let Some(error) = &self.error { p.note { "It could not be read: " (error) } }
            @for remark in &self.remarks { p.note { "Note: " (remark) "." } }
            @if let Some(verdict) = &self.verdict { (verdict.markup()) }
            @if let Some(path) = &self.by_way_of {
                p.note { "The same sound as " (path) ", which was looked up for both." }
            }
            @if let Some(tracklist) = &self.tracklist { (tracklist.markup()) }
            @if !self.findings.is_empty() {
                details.findings-of {
                    summary { (count(self.findings.len() + self.left_out, "finding", "findings")) ", with what the policies say" }
                    (finding_view::table(&self.findings))
                    @if self.left_out > 0 {
                        p.note { (count(self.left_out, "finding is", "findings are")) " not listed." }
                    }
                }
            }
            @for cluster in &self.clusters {
                p.note { "Member of " (cluster.link()) " of near-duplicates." }
            }
        }
    }
}

/// Codes and names by which others know an upload.
pub fn codes_of(upload: &UploadEntry) -> Vec<(&'static str, Name<'_>)> {
    let all = [
        ("ISRC", &upload.isrc),
        ("UPC", &upload.upc),
        ("Release", &upload.release),
        ("Account", &upload.account),
    ];
    all.into_iter().filter_map(|(what, v)| Some((what, Name::of(v.as_deref()?)))).collect()
}

/// The same in a line, if there are any.
pub fn codes(codes: &[(&'static str, Name<'_>)]) -> Markup {
    html! {
        @if !codes.is_empty() {
            p.codes { @for (what, value) in codes { span { b { (what) } " " (value) } } }
        }
    }
}

/// Title and artist, or the name of the file.
pub fn title(upload: &UploadEntry) -> Markup {
    let file = upload.path.rsplit(['/', '\\']).next().unwrap_or(&upload.path);
    recording(upload.title.as_deref(), upload.artists.as_deref(), file)
}
