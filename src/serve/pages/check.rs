//! The page of creators: a track, three questions, and what would be found, in plain words.

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use jiff::Timestamp;
use maud::{Markup, html};

use super::layout::{Place, level_badge, title_of};
use super::{Failed, advice, shown};
use crate::advise::{Party, parties_by_records};
use crate::clock::clock;
use crate::engine::day;
use crate::level::Level;
use crate::policy::wording::{self, LIMITS, headline};
use crate::policy::{Finding, Pack};
use crate::report::html::fragments::{self, Name, Text, recording};
use crate::report::phrases::size;
use crate::report::records::{MatchRecord, PolicyInfo, credit};
use crate::report::sound;
use crate::serve::Desk;
use crate::serve::check::Side;
use crate::serve::media::answer_bytes;
use crate::serve::problem::Problem;
use crate::serve::security::Caller;
use crate::serve::shared::{Shared, blocking};
use crate::serve::state::{Check, Job, JobState, UploadRow};

/// Matches with players.
const MAX_MATCHES: usize = 6;
/// Reasons told.
const MAX_REASONS: usize = 12;

/// The form.
pub(super) async fn page(
    State(desk): State<Shared>,
    Extension(caller): Extension<Caller>,
) -> Html<String> {
    let today = day(Timestamp::now());
    let engine = desk.engine();
    let services: Vec<PolicyInfo> =
        engine.judge().packs().iter().map(|pack| PolicyInfo::new(pack, today)).collect();
    let content = html! {
        div.send data-page="check" {
            h1 { "Check a track before you submit it" }
            p.lead { "It is compared with the references here, and you are told what a reviewer would see." }
            form #check {
                div.drop {
                    label.file {
                        strong { "Drop a track here, or choose one" }
                        span.muted { "Any audio format, up to " (size(desk.settings.max_upload)) }
                        input type="file" name="audio" required
                            accept="audio/*,video/mp4,video/webm,.flac,.wav,.aif,.aiff,.caf,.m4a,.mp3,.ogg,.opus,.mka,.mkv";
                    }
                    ul.chosen {}
                }
                p.promise { (promise(&desk)) }
                (questions())
                @if services.len() > 1 {
                    fieldset.ask { legend { "Which services is it for?" }
                        div.options { @for service in &services {
                            label { input type="checkbox" name="service" value=(service.id) checked; span { (Name::of(&service.title)) } }
                        } }
                    }
                }
                fieldset.declare {
                    legend { "Names " span.muted { "(as you would submit it; as far as you like)" } }
                    label { span { "Title" } input name="title" autocomplete="off"; }
                    label { span { "Artist" } input name="artist" autocomplete="off"; }
                    label { span { "ISRC" } input name="isrc" autocomplete="off"; }
                    label { span { "Label" } input name="label" autocomplete="off"; }
                    label.wide { span { "Licences, invoices, letters, for an appeal" }
                        input type="file" name="receipt" multiple;
                    }
                }
                div.do { button.strong { "Check it" } }
            }
            section.jobs aria-live="polite" hidden { h2 { "Your track" } ol {} }
        }
    };
    shown(desk.frame("Check a track", Place::Check, &caller).around(&content))
}

fn promise(desk: &Desk) -> String {
    match desk.settings.checked_for.as_secs() / 3_600 {
        0 => "The audio is deleted as soon as the result stands.".to_owned(),
        1 => "The audio is deleted after an hour. Nobody is asked to decide on it.".to_owned(),
        hours => {
            format!("The audio is deleted after {hours} hours. Nobody is asked to decide on it.")
        }
    }
}

fn questions() -> Markup {
    let ask = |legend: &str, name: &str, answers: &[(&str, &str)]| {
        html! {
            fieldset.ask { legend { (legend) }
                div.options { @for (value, words) in answers {
                    label { input type="radio" name=(name) value=(value) required; span { (words) } }
                } }
            }
        }
    };
    html! {
        (ask("Do you hold the rights in the recording?", "rights",
             &[("yes", "Yes, or I have licensed them"), ("no", "No"), ("", "I do not know")]))
        (ask("Was a generator (AI) used in the music?", "ai",
             &[("none", "No"), ("partly", "In part"), ("all", "All of it")]))
        (ask("Are there samples, loops or backing tracks of others in it?", "samples",
             &[("none", "No"), ("cleared", "Yes, licensed or cleared"), ("uncleared", "Yes, not cleared, or I do not know")]))
    }
}

/// What came of it.
pub(super) async fn result(
    State(desk): State<Shared>,
    Path(id): Path<String>,
    Extension(caller): Extension<Caller>,
) -> Result<Html<String>, Failed> {
    let page = blocking(&desk, move |desk| {
        let (job, check) = desk.check_of(&id, &caller)?;
        let content = match job.state {
            JobState::Queued | JobState::Running => waiting(&job),
            JobState::Failed => failed(&job),
            JobState::Done => done(desk, &job, &check)?,
        };
        let mut frame = desk.frame("What was found", Place::Check, &caller);
        frame.listens = true;
        Ok(frame.around(&content))
    })
    .await?;
    Ok(shown(page))
}

fn waiting(job: &Job) -> Markup {
    html! {
        div.send data-page="checking" data-job=(job.id) {
            h1 { "It is being listened to" }
            p.lead role="status" { "This page shows the result when it is there." }
            progress aria-label="Progress" max="1" {}
            p { a.button href={ "/check/" (job.id) } { "Look again" } }
        }
    }
}

fn failed(job: &Job) -> Markup {
    html! {
        div.send {
            h1 { "It could not be checked" }
            p.lead { (Text::of(job.message.as_deref().unwrap_or_default())) }
            p { a.button href="/check" { "Check another track" } }
        }
    }
}

fn done(desk: &Desk, job: &Job, check: &Check) -> Result<Markup, Problem> {
    let uploads = desk.checked(job)?;
    let mut results = Vec::new();
    for upload in uploads {
        results.push(Outcome::new(desk, upload, check)?);
    }
    let again = html! { p.again { a.button href="/check" { "Check another track" } } };
    Ok(html! {
        div.checked data-page="checked" {
            @if results.is_empty() {
                h1 { "There was no track in it" }
                p.lead { "Nothing in what was sent could be taken as audio." }
            }
            @for result in &results { (result.markup(job)) }
            (appeal(desk, job, check))
            (limits())
            (again)
        }
    })
}

/// What is told about a track.
struct Outcome {
    upload: UploadRow,
    /// The gravest level under the services that were asked about.
    level: Option<Level>,
    services: Vec<(String, Level)>,
    findings: Vec<Finding>,
    /// What those who were asked about ask.
    parties: Vec<Party>,
    matches: Vec<(MatchRecord, Vec<Side>)>,
    families: usize,
    check: Check,
}

impl Outcome {
    fn new(desk: &Desk, upload: UploadRow, check: &Check) -> Result<Outcome, Problem> {
        let mut records = desk.records_of(&upload)?;
        let entry = records.contents.uploads.iter().find(|u| u.path == upload.path).cloned();
        let entry = entry.unwrap_or_default();
        let verdict = entry.verdict.and_then(|(_, place)| records.verdict(place));
        let is_asked = |id: &str| {
            check.services.is_empty() || check.services.iter().any(|service| service == id)
        };
        let services: Vec<(String, Level)> = verdict
            .iter()
            .flat_map(|v| &v.by_policy)
            .filter(|(id, _)| is_asked(id))
            .map(|(id, level)| (id.clone(), *level))
            .collect();
        let findings = entry.findings.iter().filter_map(|&place| records.finding(place));
        let findings: Vec<Finding> = findings.map(|f| *f).filter(|f| is_asked(&f.policy)).collect();
        let level = services.iter().map(|(_, level)| *level).max();
        let matches = entry.matches.iter().filter_map(|m| records.matched(m.place));
        let matches = matches
            .filter(|m| m.accepted && m.allowed_by.is_none())
            .take(MAX_MATCHES)
            .map(|m| {
                let sides = audible(desk, &upload, &m);
                (*m, sides)
            })
            .collect();
        Ok(Outcome {
            level: level.or(verdict.as_ref().map(|v| v.verdict)),
            parties: verdict.as_deref().map_or_else(Vec::new, |verdict| {
                let engine = desk.engine();
                let packs = engine.judge().packs().iter();
                let chosen: Vec<&Pack> = packs.filter(|pack| is_asked(&pack.id)).collect();
                parties_by_records(&chosen, verdict, &findings)
            }),
            families: records.contents.families.len(),
            services,
            findings,
            matches,
            upload,
            check: check.clone(),
        })
    }

    fn markup(&self, job: &Job) -> Markup {
        let class = self.level.map_or("none", Level::name);
        html! {
            section.banner.(class) aria-label="Result" {
                h1 { (self.headline()) }
                p.about { (recording(self.upload.title.as_deref(), self.upload.artists.as_deref(), title_of(&self.upload))) span.muted { " · " (clock(self.upload.duration_ms)) } }
                p { (self.advice()) }
                @if self.services.len() > 1 {
                    ul.by-service aria-label="By service" { @for (service, level) in &self.services {
                        li { (Name::of(service)) " " (level_badge(*level)) }
                    } }
                }
            }
            (self.reasons())
            @for (at, (m, sides)) in self.matches.iter().enumerate() { (self.matched(job, at, m, sides)) }
            (self.next())
        }
    }

    fn headline(&self) -> &'static str {
        match (self.level, &self.upload.error) {
            (_, Some(_)) => "It could not be read",
            (Some(Level::Clear) | None, None)
                if self.upload.result.as_deref() == Some("no_features") =>
            {
                "Nothing can be heard in it"
            }
            (Some(level), None) => headline(level),
            (None, None) => "No policy was applied",
        }
    }

    fn advice(&self) -> &str {
        match (self.level, &self.upload.error) {
            (_, Some(error)) => error,
            (Some(level), None) => wording::advice(level),
            (None, None) => "Only what was found is told.",
        }
    }

    fn reasons(&self) -> Markup {
        let mut told: Vec<&Finding> = Vec::new();
        for finding in self.findings.iter().filter(|f| f.level > Level::Clear) {
            if !told.iter().any(|f| f.rule == finding.rule && f.message == finding.message) {
                told.push(finding);
            }
        }
        html! {
            @if !told.is_empty() {
                section.card { h2 { "Why" }
                    ol.because { @for f in told.iter().take(MAX_REASONS) {
                        li { (level_badge(f.level)) div { strong { (f.rule.title()) } p { (Text::whole(&f.message)) "." } } }
                    } }
                }
            }
            @if self.families > 0 {
                p.note { "Other uploads here play the same without being copies." }
            }
        }
    }

    fn matched(&self, job: &Job, at: usize, m: &MatchRecord, sides: &[Side]) -> Markup {
        let artists = credit(&m.reference.artists, ", ");
        let address = |side: Side| {
            format!("/check/{}/{}/{}/{}", job.id, self.upload.id, m.match_id, side.file())
        };
        html! {
            section.card.match-of aria-labelledby={ "match-" (self.upload.id) "-" (at) } {
                h2 id={ "match-" (self.upload.id) "-" (at) } { "It sounds like " (recording(m.reference.title.as_deref(), artists.as_deref(), &m.reference.path)) }
                (fragments::statement(m))
                (fragments::listen(m, &sides.iter().map(|side| (side.file(), address(*side))).collect::<Vec<_>>()))
                p.ids { "Match " code { (m.match_id) } }
            }
        }
    }

    /// What can be done.
    fn next(&self) -> Markup {
        html! {
            (advice::advice(&self.parties))
            @if self.check.samples == "uncleared" {
                section.card { h2 { "Samples" }
                    p { "You said that samples in it are not cleared. Whoever holds the rights in them can have it taken down, whatever was found here: ask for a licence, or take them out." }
                }
            }
        }
    }
}

/// What of a match can be heard at present.
fn audible(desk: &Desk, upload: &UploadRow, m: &MatchRecord) -> Vec<Side> {
    let mut sides = Vec::new();
    if desk.sound_of(upload).is_ok() {
        sides.push(Side::Query);
    }
    if desk.reference_sound(m).is_ok() {
        sides.push(Side::Reference);
    }
    if sides.len() < 2
        && sound::held(m).is_some()
        && desk.evidence_of(upload, m).ok().flatten().is_some()
    {
        sides.push(Side::Peaks);
    }
    sides
}

fn appeal(desk: &Desk, job: &Job, check: &Check) -> Markup {
    let goes_at = desk.goes_at(check).map(|at| at.strftime("%Y-%m-%d %H:%M UTC").to_string());
    html! {
        section.card { h2 { "If you think it is wrong" }
            p { "The folder holds the result, the matched seconds, what you declared, your papers, and dated hashes: send it along when you contest a decision." }
            p { a.button.strong href={ "/check/" (job.id) "/appeal.zip" } download { "Download the appeal folder" } }
            p.note {
                @match (&check.deleted_at, goes_at) {
                    (Some(at), _) => { "The audio was deleted on " (Text::of(at)) "." }
                    (None, Some(at)) => { "The audio is deleted on " (at) ", papers with it. The result stays." }
                    (None, None) => {}
                }
            }
        }
    }
}

fn limits() -> Markup {
    html! {
        details.card.limits-of {
            summary { "What this cannot know" }
            ul { @for limit in LIMITS { li { strong { (limit.title) "." } " " (limit.text) } } }
        }
    }
}

/// Some seconds of a match.
pub(super) async fn clip(
    State(desk): State<Shared>,
    Path((job, upload, m, file)): Path<(String, String, String, String)>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let flac = blocking(&desk, move |desk| {
        let (job, _) = desk.check_of(&job, &caller)?;
        let side = Side::of_file(&file).ok_or_else(|| Problem::not_found("no such sound"))?;
        let upload = desk.checked(&job)?.into_iter().find(|u| u.id == upload);
        let upload = upload.ok_or_else(|| Problem::not_found("no such upload"))?;
        let m = desk.match_of(&upload, &m)?;
        desk.clip_of(&upload, &m, side)
    })
    .await?;
    answer_bytes(flac, "audio/flac", &headers)
}

/// The folder for an appeal.
pub(super) async fn appeal_folder(
    State(desk): State<Shared>,
    Path(id): Path<String>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Problem> {
    let (id, zip) = blocking(&desk, move |desk| {
        let (job, check) = desk.check_of(&id, &caller)?;
        if job.state != JobState::Done {
            return Err(Problem::conflict("the check is not done"));
        }
        Ok((job.id.clone(), desk.appeal(&job, &check)?))
    })
    .await?;
    let mut response = zip.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(named) = format!("attachment; filename=\"appeal-{id}.zip\"").parse() {
        headers.insert(header::CONTENT_DISPOSITION, named);
    }
    Ok(response)
}
