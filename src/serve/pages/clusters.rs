//! Clusters of near-duplicates: their members audible one after the other.

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Html;
use maud::{Markup, html};

use super::choices::{About, decide_on};
use super::layout::{Place, status_words, verdict_badge};
use super::{Failed, shown};
use crate::clock::clock;
use crate::counted::count;
use crate::dedup::cluster::{Cluster, Member};
use crate::report::html::fragments::{self, Name, Text};
use crate::serve::Desk;
use crate::serve::problem::Problem;
use crate::serve::security::Caller;
use crate::serve::shared::{Shared, blocking};
use crate::serve::state::{Status, UploadRow};

/// Clusters listed.
const LISTED: u32 = 100;
/// Members that can be heard.
const MAX_MEMBERS: usize = 200;

/// The list.
pub(super) async fn list(
    State(desk): State<Shared>,
    Extension(caller): Extension<Caller>,
) -> Result<Html<String>, Failed> {
    let page = blocking(&desk, move |desk| {
        let clusters = desk.store.clusters(None, LISTED)?;
        let content = html! {
            h1 { "Clusters of near-duplicates" }
            @if clusters.is_empty() {
                div.empty {
                    h2 { "There are none" }
                    p { "Uploads of one delivery are compared with each other, and with earlier ones where the service keeps them (" code { "--keep" } ")." }
                }
            }
            ol.rows {
                @for c in &clusters {
                    li.row.cluster-row {
                        div.verdict { (verdict_badge(c.level)) }
                        div.what {
                            a.open href={ "/clusters/" (c.id) } {
                                span.title { (count(c.size as usize, "track", "tracks")) " that share one recording" }
                            }
                            p.why { (Text::of(&c.says)) }
                        }
                        div.when { "score " (format!("{:.0}", c.score)) " of 100" }
                    }
                }
            }
        };
        Ok(desk.frame("Clusters", Place::Clusters, &caller).around(&content))
    })
    .await?;
    Ok(shown(page))
}

/// One of them.
pub(super) async fn page(
    State(desk): State<Shared>,
    Path(id): Path<String>,
    Extension(caller): Extension<Caller>,
) -> Result<Html<String>, Failed> {
    let page = blocking(&desk, move |desk| {
        let row = desk.store.cluster(&id)?;
        let row = row.ok_or_else(|| Problem::not_found("no such cluster"))?;
        let cluster = desk.cluster_of(&id)?;
        let members = members(desk, &id, &cluster)?;
        let decided_on = desk.members_of(&id, &cluster)?;
        let open = decided_on.iter().filter(|upload| upload.status == Status::Open).count();
        let content = html! {
            div.item data-page="item" data-decide={ "/v1/clusters/" (id) "/decisions" } data-title=(count(open, "upload", "uploads")) {
                nav.crumbs aria-label="Clusters" { a href="/clusters" { "← Clusters" } }
                header.head {
                    div.badges { (verdict_badge(row.level)) span.muted { "score " (format!("{:.0}", row.score)) " of 100" } }
                    h1 { (count(cluster.size, "track", "tracks")) " that share one recording" }
                }
                div.columns-item {
                    div.evidence {
                        (listen(&id, &members))
                        section.why-one { (fragments::cluster(&cluster)) }
                    }
                    aside.panel aria-label="Decision" {
                        @if open > 0 { (decide_on(&About::Members(open))) }
                        @else { section.decide-on { h2 { "Decided" } p.note { "None of its members is open." } } }
                    }
                }
                p.ids { "Cluster " code { (id) } " · " a href={ "/v1/clusters/" (id) } { "record" } }
            }
        };
        let mut frame = desk.frame("Cluster", Place::Clusters, &caller);
        frame.plays = true;
        Ok(frame.around(&content))
    })
    .await?;
    Ok(shown(page))
}

/// The members, each with the upload it is, where it came in here.
fn members<'c>(
    desk: &Desk,
    id: &str,
    cluster: &'c Cluster,
) -> Result<Vec<(&'c Member, Option<UploadRow>)>, Problem> {
    let uploads = desk.members_of(id, cluster)?;
    // Copies of one content are uploads of their own: the path tells them apart.
    let of = |member: &Member| {
        let same = |upload: &&UploadRow| upload.path == member.path;
        let alike = |upload: &&UploadRow| upload.sha256 == member.sha256;
        uploads.iter().find(same).or_else(|| uploads.iter().find(alike)).cloned()
    };
    let all = cluster.member_details.iter().take(MAX_MEMBERS);
    Ok(all.map(|member| (member, of(member))).collect())
}

impl Desk {
    /// The uploads that are members of a cluster: those of its job, and of members from earlier the latest of that content.
    pub(in crate::serve) fn members_of(
        &self,
        id: &str,
        cluster: &Cluster,
    ) -> Result<Vec<UploadRow>, Problem> {
        let mut uploads = self.store.members(id)?;
        for member in cluster.member_details.iter().filter(|member| member.earlier) {
            let latest = self.store.upload_of_content(&member.sha256)?;
            uploads.extend(latest.filter(|upload| uploads.iter().all(|u| u.id != upload.id)));
        }
        Ok(uploads)
    }
}

/// The moment, on the side of a member, that all members share, ms: where the last of them has begun.
fn shared(member: &Member, members: &[(&Member, Option<UploadRow>)]) -> u64 {
    let all_begun = members.iter().map(|(m, _)| m.offset_ms).max().unwrap_or(0).max(0);
    let speed = if member.time_factor > 0.0 { member.time_factor } else { 1.0 };
    ((all_begun - member.offset_ms).max(0) as f64 / speed) as u64
}

fn listen(id: &str, members: &[(&Member, Option<UploadRow>)]) -> Markup {
    html! {
        section.members-heard data-cluster {
            h2 { "Listen to them" }
            p.note { "One after the other, each from the moment that they share; " kbd { "space" } " plays or pauses, " kbd { "x" } " goes to the next." }
            div.transport {
                button.play type="button" aria-label="Play" { span.shape aria-hidden="true" {} span.words { "Play" } }
                button.following type="button" { "Next " kbd { "x" } }
                output.time { "0:00.0" }
                p.said role="status" {}
            }
            ol.heard {
                @for (at, (member, upload)) in members.iter().enumerate() {
                    li data-audio={ "/v1/clusters/" (id) "/members/" (at) "/audio" } data-begin=(shared(member, members)) {
                        button.hear type="button" { span.muted { (at + 1) } " " (Name::of(member.title.as_deref().unwrap_or(&member.path))) }
                        span.who-of {
                            @if !member.artists.is_empty() { (Name::of(member.artists.join(", "))) }
                            @if let Some(account) = &member.account { span.muted { " · " (Name::of(account)) } }
                        }
                        span.differs { (Text::of(&member.differs)) }
                        span.length { (clock(member.duration_ms)) }
                        @match upload {
                            Some(upload) => a href={ "/uploads/" (upload.id) } { (status_words(upload.status)) },
                            None => span.muted { @if member.earlier { "earlier" } },
                        }
                    }
                }
            }
        }
    }
}
