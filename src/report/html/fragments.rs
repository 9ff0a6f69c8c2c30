//! Parts of the page for other pages: the desk shows them beside its players and decisions.

use maud::{Markup, html};

use super::anchors::Anchors;
use super::cluster_view::ClusterView;
use super::credential_view::CredentialView;
use super::exhibit::Exhibit;
use super::family_view::FamilyView;
use super::finding_view::{self, FindingRow};
use super::listen_view;
use super::match_view::{MatchView, Statement};
use super::metadata_view::Comparison;
use super::svg;
use super::tracklist_view::Tracklist;
use super::work_view::WorkView;
use crate::declare::declared::Declared;
use crate::dedup::cluster::Cluster;
use crate::dedup::family::Family;
use crate::policy::Finding;
use crate::report::decide::Commands;
use crate::report::evidence::EvidenceRecord;
use crate::report::picture::Pictures;
use crate::report::read::UploadEntry;
use crate::report::records::{CredentialRecord, MatchRecord, ResemblanceRecord};
use crate::report::sound::Source::At;
use crate::report::sound::{self, Heard, Sound};

pub use super::foreign::{Name, Source, Text};
pub use super::parts::recording;
pub use super::shell::{SCRIPT, STYLE};

/// Patterns that drawings refer to: once in each page with drawings.
pub fn patterns() -> Markup {
    svg::patterns()
}

/// What a match is, in a sentence or two.
pub fn statement(m: &MatchRecord) -> Markup {
    Statement::new(m).markup()
}

/// What a match rests on: spectrograms, offsets, coverage, segments.
pub fn exhibit(
    m: Box<MatchRecord>,
    evidence: Option<Box<EvidenceRecord>>,
    pictures: &Pictures,
) -> Markup {
    let exhibit = Exhibit::new(m, evidence, pictures);
    MatchView::new(&exhibit, &Declared::default(), &Commands::default()).drawn()
}

/// What both sides of a match say about themselves.
pub fn metadata(m: &MatchRecord, declared: &Declared) -> Markup {
    Comparison::new(m, declared).markup()
}

/// A work that plays the same.
pub fn resemblance(r: &ResemblanceRecord, is_open: bool) -> Markup {
    WorkView::new(r).markup(is_open)
}

/// A signed credential.
pub fn credential(record: &CredentialRecord) -> Markup {
    CredentialView::new(record).markup()
}

/// What the policies found.
pub fn findings(findings: &[Finding]) -> Markup {
    let anchors = Anchors::default();
    let rows: Vec<FindingRow<'_>> =
        findings.iter().map(|finding| FindingRow::new(finding, &anchors)).collect();
    html! { @if !rows.is_empty() { (finding_view::table(&rows)) } }
}

/// What sounds when, where an upload is a mix.
pub fn tracklist(upload: &UploadEntry) -> Markup {
    let list = Tracklist::new(&upload.path, &upload.tracklist, &Anchors::default());
    html! { @if let Some(list) = &list { (list.markup()) } }
}

/// Players of the matched seconds of `m`: names of files (`upload.flac`, `reference.flac`, `peaks.flac`) with addresses.
pub fn listen(m: &MatchRecord, clips: &[(&str, String)]) -> Markup {
    let held = sound::held(m);
    let at = |file: &str, side: usize| {
        let (holds, from_ms) = held?[side];
        let (_, address) = clips.iter().find(|(name, _)| *name == file)?;
        Some(Sound { source: At(address.clone()), holds, from_ms })
    };
    let sides = [at("upload.flac", 0), at("reference.flac", 1)];
    listen_view::markup(&Heard { sides, peaks: at("peaks.flac", 0), slope: sound::slope(m) })
}

/// A family of tracks that play the same, the `number`-th of its page.
pub fn family(f: &Family, number: usize) -> Markup {
    FamilyView::new(f, &Anchors::default()).markup(number, false)
}

/// A cluster, with its members.
pub fn cluster(c: &Cluster) -> Markup {
    ClusterView::new(c, &Anchors::default()).drawn()
}
