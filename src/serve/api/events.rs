//! Progress of a job as server-sent events (WHATWG HTML, 9.2), for who does not want to ask again and again.

use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::OwnedSemaphorePermit;

use super::jobs::found;
use super::told::JobTold;
use crate::serve::problem::Problem;
use crate::serve::security::Caller;
use crate::serve::shared::{Shared, blocking};
use crate::serve::state::JobState;

/// How often it is looked for progress.
const LOOK: Duration = Duration::from_millis(300);

/// Somebody who watches a job.
struct Watcher {
    desk: Shared,
    caller: Caller,
    id: String,
    /// What was told last.
    last: String,
    over: bool,
    _place: OwnedSemaphorePermit,
}

/// Progress of a job, until it is over: events `progress`, then `done` or `failed`, each with the job as data
#[utoipa::path(get, path = "/v1/jobs/{id}/events", tag = "jobs",
    params(("id" = String, Path, description = "Name of the job")),
    responses((status = 200, content_type = "text/event-stream", body = String),
              (status = 404, body = Problem), (status = 429, body = Problem)))]
pub(in crate::serve) async fn follow(
    State(desk): State<Shared>,
    Path(id): Path<String>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Problem> {
    let _place = desk.watching.clone().try_acquire_owned().map_err(|_| Problem::busy())?;
    let (name, who) = (id.clone(), caller.clone());
    blocking(&desk, move |desk| found(desk, &name, &who).map(drop)).await?;
    let watcher = Watcher { desk, caller, id, last: String::new(), over: false, _place };
    let events = stream::unfold(watcher, |mut watcher| async move {
        let event = watcher.next().await?;
        Some((Ok::<_, Infallible>(event), watcher))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

impl Watcher {
    /// What is to be told next; none once the job is over.
    async fn next(&mut self) -> Option<Event> {
        while !self.over {
            let (id, caller) = (self.id.clone(), self.caller.clone());
            let told = blocking(&self.desk, move |desk| {
                let job = found(desk, &id, &caller)?;
                let state = job.state;
                let told = JobTold::new(desk, job, desk.store.uploads_of(&id)?);
                Ok((state, serde_json::to_string(&told).unwrap_or_default()))
            })
            .await;
            let Ok((state, told)) = told else {
                self.over = true;
                break;
            };
            let name = match state {
                JobState::Done => "done",
                JobState::Failed => "failed",
                JobState::Queued | JobState::Running => "progress",
            };
            self.over = name != "progress";
            if told != self.last {
                self.last.clone_from(&told);
                return Some(Event::default().event(name).data(told));
            }
            tokio::time::sleep(LOOK).await;
        }
        None
    }
}
