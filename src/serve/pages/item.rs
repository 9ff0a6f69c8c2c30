//! An upload: what matched, how sure that is, and what follows.

use std::collections::BTreeSet;
use std::path::PathBuf;

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Html;
use maud::{Markup, html};

use super::choices::{About, decide_on};
use super::layout::{Place, level_badge, moment, status_words, title_of, verdict_badge};
use super::player::player;
use super::{Failed, links, shown};
use crate::audio::DecodeOptions;
use crate::clock::clock;
use crate::counted::count;
use crate::decisions::review::Action;
use crate::declare::declared::Declared;
use crate::id::path_text;
use crate::level::Level;
use crate::policy::wording::duty;
use crate::policy::{Finding, Rule};
use crate::report::html::fragments::{self, Name, Text, recording};
use crate::report::picture::Pictures;
use crate::report::read::Records;
use crate::report::records::{MatchRecord, VerdictRecord, credit};
use crate::serve::Desk;
use crate::serve::api::listing::found;
use crate::serve::media::{Silent, Sound};
use crate::serve::problem::Problem;
use crate::serve::security::Caller;
use crate::serve::shared::{Shared, blocking};
use crate::serve::state::{ClusterRow, Note, ReviewRow, Status, UploadRow};

/// Matches with players; the others are named.
const MAX_PLAYED: usize = 12;
/// Reasons listed.
const MAX_REASONS: usize = 40;

/// The page.
pub(super) async fn page(
    State(desk): State<Shared>,
    Path(id): Path<String>,
    Extension(caller): Extension<Caller>,
) -> Result<Html<String>, Failed> {
    let page = blocking(&desk, move |desk| {
        let upload = found(desk, &id)?;
        let view = View::new(desk, upload)?;
        let title = title_of(&view.upload).to_owned();
        let mut frame = desk.frame(&title, Place::Queue, &caller);
        frame.plays = true;
        Ok(frame.around(&view.markup()))
    })
    .await?;
    Ok(shown(page))
}

/// What a match rests on, drawn: spectrograms are made of the audio when somebody looks.
pub(super) async fn evidence(
    State(desk): State<Shared>,
    Path((id, m)): Path<(String, String)>,
) -> Result<Html<String>, Failed> {
    let part = blocking(&desk, move |desk| {
        let upload = found(desk, &id)?;
        let mut m = desk.match_of(&upload, &m)?;
        let evidence = desk.records_of(&upload)?.evidence(&m.match_id);
        // Only what may be played is opened, and only where it lies.
        let place = |sound: Result<Sound, Silent>| {
            sound.map_or_else(|_| PathBuf::new(), |sound| sound.path)
        };
        m.query.path = path_text(&place(desk.sound_of(&upload)));
        let there = place(desk.reference_sound(&m));
        m.reference.path = path_text(&there);
        let pictures = Pictures { from_audio: true, decode: DecodeOptions::default() };
        // One decoding at a time, as for players.
        desk.decoded(|| None, || Ok(fragments::exhibit(Box::new(m), evidence, &pictures)))
    })
    .await?;
    Ok(shown(part))
}

fn with_peaks(desk: &Desk, upload: &UploadRow) -> Result<BTreeSet<String>, Problem> {
    let lines = desk.store.lines(upload.n)?;
    Ok(lines.into_iter().filter(|line| line.kind == "evidence").map(|line| line.key).collect())
}

/// All that the page shows.
struct View {
    upload: UploadRow,
    records: Records,
    verdict: Option<Box<VerdictRecord>>,
    findings: Vec<Finding>,
    matches: Vec<MatchRecord>,
    clusters: Vec<ClusterRow>,
    reviews: Vec<ReviewRow>,
    notes: Vec<Note>,
    neighbours: [Option<String>; 2],
    left: u64,
    /// Why no reference can be heard.
    silent: Option<Silent>,
    /// Matches whose peaks were recorded.
    with_peaks: BTreeSet<String>,
}

impl View {
    fn new(desk: &Desk, upload: UploadRow) -> Result<View, Problem> {
        let mut records = desk.records_of(&upload)?;
        let entry = records.contents.uploads.iter().find(|u| u.path == upload.path).cloned();
        let entry = entry.unwrap_or_default();
        let verdict = entry.verdict.and_then(|(_, place)| records.verdict(place));
        let findings = entry.findings.iter().filter_map(|&place| records.finding(place));
        let findings = findings.map(|finding| *finding).collect();
        let matches = entry.matches.iter().filter_map(|m| records.matched(m.place));
        let matches = matches.map(|m| *m).collect();
        Ok(View {
            verdict,
            findings,
            matches,
            clusters: desk.store.clusters(Some(upload.n), 20)?,
            reviews: desk.store.reviews(&upload.id)?,
            notes: desk.store.notes(&upload.id)?,
            neighbours: desk.store.neighbours(&upload)?,
            left: desk.store.counts()?.of(Some(Status::Open), None),
            with_peaks: with_peaks(desk, &upload)?,
            silent: desk.settings.media_roots.is_empty().then_some(Silent::NoRoot),
            upload,
            records,
        })
    }

    fn markup(mut self) -> Markup {
        let works = self.works();
        let credential = self.credential();
        let declared = self.verdict.as_ref().map(|v| v.declared.clone()).unwrap_or_default();
        let u = &self.upload;
        html! {
            div.item data-page="item" data-upload=(u.id) data-decide={ "/v1/uploads/" (u.id) "/decisions" } data-revision=(u.revision) data-title=(Text::of(title_of(u)))
                data-next=[self.neighbours[1].as_deref()] data-previous=[self.neighbours[0].as_deref()] {
                (self.crumbs())
                header.head {
                    div.badges {
                        (verdict_badge(u.verdict))
                        @if !matches!(u.status, Status::Open | Status::Clear) { span.stands { (status_words(u.status)) } }
                    }
                    h1 { (Name::of(title_of(u))) }
                    @if let Some(artists) = &u.artists { p.by { "by " (Name::of(artists)) } }
                    (self.facts())
                }
                div.columns-item {
                    div.evidence {
                        (self.why())
                        (self.heard(&declared))
                        (works)
                        (credential)
                        (self.bulk())
                        (self.policies())
                        (self.raw())
                    }
                    aside.panel aria-label="Decision" { (decide_on(&About::of(&self.upload))) (self.history()) }
                }
            }
        }
    }

    fn crumbs(&self) -> Markup {
        let [previous, next] = &self.neighbours;
        let to = |id: &Option<String>, words: &str, key: &str| {
            html! {
                @match id {
                    Some(id) => a href={ "/uploads/" (id) } { (words) " " kbd { (key) } },
                    None => span.muted { (words) },
                }
            }
        };
        html! {
            nav.crumbs aria-label="Queue" {
                a href="/" { "← Queue" } span.muted { (count(self.left as usize, "open", "open")) }
                span.between { (to(previous, "Previous", "k")) (to(next, "Next", "j")) }
            }
        }
    }

    fn facts(&self) -> Markup {
        let u = &self.upload;
        let named = |value: &Option<String>| value.as_ref().map(|v| html! { (Name::of(v)) });
        let facts = [
            ("Account", u.account.as_deref().map(links::account)),
            ("Label", named(&u.label)),
            ("Release", named(&u.album.clone().or_else(|| u.release.clone()))),
            ("ISRC", named(&u.isrc)),
            ("Length", (u.duration_ms > 0).then(|| html! { (clock(u.duration_ms)) })),
            ("Received", Some(moment(&u.received_at))),
            ("File", Some(html! { (Name::of(&u.name)) })),
        ];
        html! {
            dl.facts-list {
                @for (term, value) in facts {
                    @if let Some(value) = value { div { dt { (term) } dd { (value) } } }
                }
            }
        }
    }

    /// The reasons, in words, gravest first; each once, whatever the number of policies that say so.
    fn reasons(&self) -> Vec<(Level, Rule, &str)> {
        let mut reasons: Vec<(Level, Rule, &str)> = Vec::new();
        for f in self.findings.iter().filter(|f| f.level > Level::Clear) {
            if !reasons.iter().any(|(_, rule, text)| *rule == f.rule && *text == f.message) {
                reasons.push((f.level, f.rule, &f.message));
            }
        }
        reasons.truncate(MAX_REASONS);
        reasons
    }

    fn why(&self) -> Markup {
        let reasons = self.reasons();
        let u = &self.upload;
        let level = self.verdict.as_ref().map(|v| v.verdict);
        html! {
            section.why aria-labelledby="why" {
                h2 #why {
                    @match level {
                        Some(Level::Clear) => "Nothing speaks against it",
                        Some(_) => "Why it is here",
                        None => "It could not be judged",
                    }
                }
                @if let Some(error) = &u.error { p.unread { (Text::of(error)) } }
                @if let Some(level) = level { p.duty { (duty(level)) } }
                @if !reasons.is_empty() {
                    ol.because {
                        @for (level, rule, text) in &reasons {
                            li {
                                (level_badge(*level))
                                div {
                                    strong { (rule.title()) }
                                    p { (Text::whole(*text)) ". " code.rule { (rule.id()) } }
                                }
                            }
                        }
                    }
                }
                @for (i, upload) in self.records.contents.uploads.iter().enumerate() {
                    @if i == 0 {
                        @for remark in &upload.remarks { p.note { "Note: " (Text::of(remark)) "." } }
                        (fragments::tracklist(upload))
                    }
                }
            }
        }
    }

    fn heard(&self, declared: &Declared) -> Markup {
        let (shown, more) = self.matches.split_at(self.matches.len().min(MAX_PLAYED));
        html! {
            @if self.matches.is_empty() && self.upload.error.is_none() && self.upload.result.is_some() {
                section.alone {
                    h2 { "Listen" }
                    p.note { "It matches no reference." }
                    audio controls preload="none" src={ "/v1/uploads/" (self.upload.id) "/audio" } {}
                }
            }
            @for (at, m) in shown.iter().enumerate() { (self.matched(at, m, declared)) }
            @if !more.is_empty() {
                section.more-matches {
                    h2 { (count(more.len(), "further match", "further matches")) }
                    ul { @for m in more {
                        li { (named(m)) span.muted { (format!(" · {:.0} % of this file", m.query_match_pct)) } }
                    } }
                }
            }
        }
    }

    fn matched(&self, at: usize, m: &MatchRecord, declared: &Declared) -> Markup {
        let address = format!("/uploads/{}/matches/{}/evidence", self.upload.id, m.match_id);
        html! {
            section.match-card data-match=(at) aria-labelledby={ "match-" (at) } {
                header {
                    h2 id={ "match-" (at) } {
                        span.no { @if self.matches.len() > 1 { "Match " (at + 1) } @else { "Match" } } " "
                        (named(m))
                    }
                    dl.sure {
                        div { dt { "Of this upload" } dd { (format!("{:.0} %", m.query_match_pct)) } }
                        div { dt { "Of the reference" } dd { (format!("{:.0} %", m.asset_match_pct)) } }
                        div { dt { "Score" } dd { (format!("{:.0}", m.score)) span.muted { " of 100" } } }
                    }
                }
                (fragments::statement(m))
                (player(&self.upload.id, m, self.silent, self.with_peaks.contains(&m.match_id)))
                details.meta open[at == 0] {
                    summary { "What both sides say of themselves" }
                    (fragments::metadata(m, declared))
                }
                details.drawn data-part=(address) {
                    summary { "Peaks that coincide, offsets, coverage" }
                    div.part { p.note { "Drawn when it is opened." } }
                }
            }
        }
    }

    fn works(&mut self) -> Markup {
        let entry = self.records.contents.uploads.iter().find(|u| u.path == self.upload.path);
        let places = entry.map(|u| u.resemblances.clone()).unwrap_or_default();
        let records: Vec<_> = places
            .into_iter()
            .take(10)
            .filter_map(|place| self.records.resemblance(place))
            .collect();
        let families: Vec<_> = self.records.contents.families.iter().map(|f| f.place).collect();
        let families: Vec<_> =
            families.into_iter().take(10).filter_map(|f| self.records.family(f)).collect();
        html! {
            @if !records.is_empty() {
                section.works {
                    h2 { "Plays what a reference plays" }
                    @for (at, r) in records.iter().enumerate() { (fragments::resemblance(r, at == 0)) }
                }
            }
            @if !families.is_empty() {
                section.works {
                    h2 { "Uploads that play the same" }
                    @for (at, f) in families.iter().enumerate() { (fragments::family(f, at + 1)) }
                }
            }
        }
    }

    fn credential(&mut self) -> Markup {
        let entry = self.records.contents.uploads.iter().find(|u| u.path == self.upload.path);
        let place = entry.and_then(|u| u.credential);
        let record = place.and_then(|place| self.records.credential(place));
        html! { @if let Some(record) = &record { (fragments::credential(record)) } }
    }

    fn bulk(&self) -> Markup {
        html! {
            @if !self.clusters.is_empty() {
                section.bulk {
                    h2 { "Near-duplicates" }
                    ul.cluster-links { @for c in &self.clusters {
                        li {
                            (verdict_badge(c.level)) " "
                            a href={ "/clusters/" (c.id) } { (count(c.size as usize, "track", "tracks")) " that share one recording" }
                            p { (Text::of(&c.says)) }
                        }
                    } }
                }
            }
        }
    }

    fn policies(&self) -> Markup {
        html! {
            @if !self.findings.is_empty() {
                details.policies-of {
                    summary { "What the policies say, with their sources" }
                    (fragments::findings(&self.findings))
                }
            }
        }
    }

    fn raw(&self) -> Markup {
        let u = &self.upload;
        html! {
            p.ids {
                "Upload " code { (u.id) } " · "
                a href={ "/v1/uploads/" (u.id) "/records" } { "records" } " · "
                a href={ "/v1/jobs/" (u.job) } { "job" }
                @if !u.sha256.is_empty() { " · SHA-256 " code { (u.sha256) } }
            }
        }
    }

    fn history(&self) -> Markup {
        let last = self.reviews.last().filter(|review| review.action != Action::Reopen);
        html! {
            section.history {
                h2 { "What was decided" }
                @if self.reviews.is_empty() { p.note { "Nothing yet." } }
                ol { @for review in self.reviews.iter().rev() {
                    li {
                        p { span.did.(review.action.name()) { (done(review.action)) } " by " (Name::of(&review.who)) ", " (moment(&review.at)) }
                        p.reason { (Text::whole(&review.reason)) }
                        @if let Some(until) = &review.until { p.note { "until " (until) } }
                        p.ids { code { (review.id) } @if !review.rulings.is_empty() { " · with " @for ruling in review.rulings.iter().take(6) { code { (ruling) } " " } } }
                    }
                } }
                @if last.is_some() {
                    button.undo-decision type="button" data-action="reopen" { "Take it back " kbd { "z" } }
                }
            }
            section.notes {
                h2 { "Notes" }
                ol { @for note in &self.notes {
                    li { p.reason { (Text::whole(&note.text)) } p.note { (Name::of(&note.who)) ", " (moment(&note.at)) } }
                } }
                form.note-form {
                    label { span { "Add a note" } textarea name="text" rows="2" maxlength="4000" required {} }
                    button type="submit" { "Add" }
                }
            }
            section.keys-of {
                h2 { "Keys" }
                dl {
                    @for (key, what) in KEYS { div { dt { @for k in key.split(' ') { kbd { (k) } " " } } dd { (what) } } }
                }
            }
        }
    }
}

const KEYS: &[(&str, &str)] = &[
    ("space", "play or pause"),
    ("x", "hear the other side at the same moment"),
    ("y", "hear the peaks of both sides"),
    ("s", "spectrogram or waveform"),
    ("b", "back to the beginning of the match"),
    ("[ ]", "segment before, segment after"),
    ("← →", "five seconds back, ahead"),
    ("1 … 9", "go to a match"),
    ("p h r a", "pass, hold, reject, park"),
    ("z", "take the last decision back"),
    ("j k", "next upload, previous upload"),
];

pub(super) fn done(action: Action) -> &'static str {
    match action {
        Action::Pass => "Passed",
        Action::Hold => "Held",
        Action::Reject => "Rejected",
        Action::Park => "Parked",
        Action::Reopen => "Taken back",
    }
}

/// The reference of a match.
fn named(m: &MatchRecord) -> Markup {
    let artists = credit(&m.reference.artists, ", ");
    recording(m.reference.title.as_deref(), artists.as_deref(), &m.reference.path)
}
