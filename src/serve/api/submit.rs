//! Takes audio, with what is declared about it: sent, or by path below an allowed root.
//!
//! Bytes go to disk as they come, under a limit. What is acknowledged is synced: the files, then the job.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use super::told::JobTold;
use crate::id::{hex, path_text};
use crate::serve::check::{CheckWanted, RECEIPTS};
use crate::serve::extract::Body;
use crate::serve::flow::Flow;
use crate::serve::problem::Problem;
use crate::serve::roots::{below, file_name};
use crate::serve::security::Caller;
use crate::serve::shared::{Shared, blocking};
use crate::serve::stamp::{job_id, now};
use crate::serve::state::{NewJob, Source, Submitted};

/// Files taken in one request.
const MAX_FILES: usize = 500;
/// Largest text among the parts of a form, in bytes.
const MAX_TEXT: usize = 256 << 10;
/// Largest table or message, in bytes.
const MAX_MANIFEST: u64 = 64 << 20;
/// Longest name that a sender may give a request.
const MAX_KEY: usize = 200;
/// How long a sender may be silent within a form.
const MAX_SILENCE: Duration = Duration::from_secs(60);
/// How much of a file comes before it is looked whether there is still room.
const LOOK_AT_ROOM: u64 = 16 << 20;
/// Name of the table of what was declared with a request.
const DECLARED: &str = "declared.jsonl";

/// Audio by its path.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct ByPath {
    /// File, folder or delivery below an allowed root.
    path: String,
    /// Table or message that describes it, below an allowed root.
    #[serde(default)]
    manifest: Option<String>,
    /// What is declared about the file: columns of a manifest and their values.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    declared: Option<Map<String, Value>>,
}

/// A form with audio.
#[derive(utoipa::ToSchema)]
#[allow(dead_code)]
pub(in crate::serve) struct Form {
    /// The audio; may be given several times.
    #[schema(value_type = Vec<String>, content_media_type = "application/octet-stream")]
    audio: Vec<u8>,
    /// Table (.csv .tsv .jsonl) or DDEX message (.xml) that describes it.
    #[schema(value_type = Option<String>, content_media_type = "application/octet-stream")]
    manifest: Option<Vec<u8>>,
    /// What is declared about all of it: an object with columns of a manifest.
    declared: Option<String>,
}

/// Submits audio
#[utoipa::path(post, path = "/v1/uploads", tag = "uploads",
    request_body(content((Form = "multipart/form-data"), (ByPath = "application/json"))),
    params(("Idempotency-Key" = Option<String>, Header,
            description = "What the sender calls the request: sent again, it is not taken twice")),
    responses((status = 202, body = JobTold), (status = 400, body = Problem), (status = 403, body = Problem),
              (status = 409, body = Problem), (status = 413, body = Problem), (status = 422, body = Problem),
              (status = 429, body = Problem), (status = 507, body = Problem)))]
pub(in crate::serve) async fn submit(
    State(desk): State<Shared>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Problem> {
    taken(&desk, caller, &headers, request, false).await
}

/// Submits audio of which somebody only wants to know what would be found; the audio is deleted after a while
#[utoipa::path(post, path = "/v1/checks", tag = "uploads",
    request_body(content((Form = "multipart/form-data"))),
    responses((status = 202, body = JobTold), (status = 400, body = Problem), (status = 413, body = Problem)))]
pub(in crate::serve) async fn check(
    State(desk): State<Shared>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Problem> {
    taken(&desk, caller, &headers, request, true).await
}

async fn taken(
    desk: &Shared,
    caller: Caller,
    headers: &HeaderMap,
    request: Request,
    is_check: bool,
) -> Result<Response, Problem> {
    let key = key_of(headers)?;
    let id = job_id().map_err(|e| Problem::internal(e.to_string()))?;
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let parcel = Parcel { folder: desk.store.folder(&id), used: false };
    let mut check = None;
    let (source, request) = if kind.starts_with("multipart/form-data") {
        let _place = desk.store_room().await?;
        let length =
            headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
        room(desk, length.unwrap_or(0)).await?;
        let flow = Flow::default();
        let request = request.map(|body| flow.metered(body));
        let form = Multipart::from_request(request, desk).await;
        let form = form.map_err(|e| Problem::bad(e.body_text()))?;
        let wanted = is_check.then(|| check.insert(CheckWanted::default()));
        let taken = sent(desk, &parcel.folder, form, &flow, wanted).await;
        taken.map_err(|problem| if flow.is_stuck() { endless() } else { problem })?
    } else if kind.starts_with("application/json") && !is_check {
        let Body(wanted) = Body::<ByPath>::from_request(request, desk).await?;
        let folder = parcel.folder.clone();
        blocking(desk, move |desk| by_path(&desk.settings.allow_roots, &folder, wanted)).await?
    } else {
        return Err(Problem::bad(
            "send multipart/form-data with a part `audio`, or application/json",
        ));
    };
    let job = NewJob { id, key, request, source, sent_by: Some(caller.name), created_at: now() };
    blocking(desk, move |desk| {
        let is_check = check.is_some();
        if let Some(check) = check {
            desk.store.add_check(&check.of_job(&job.id, &job.created_at))?;
        }
        let submitted = desk.store.submit(&job)?;
        if is_check && submitted != Submitted::New {
            desk.store.drop_check(&job.id)?;
        }
        let (id, status) = match submitted {
            Submitted::New => {
                parcel.keep();
                desk.wake();
                (job.id, StatusCode::ACCEPTED)
            }
            Submitted::Before(id) => (id, StatusCode::OK),
            Submitted::Other => {
                return Err(Problem::conflict("this Idempotency-Key stands for another request"));
            }
        };
        let job = desk.store.job(&id)?.ok_or_else(|| Problem::internal("the job is gone"))?;
        let uploads = desk.store.uploads_of(&id)?;
        let place = format!("/v1/jobs/{id}");
        let told = Json(JobTold::new(desk, job, uploads));
        Ok((status, [(header::LOCATION, place)], told).into_response())
    })
    .await
}

/// What came with a request; goes away unless the request is taken.
struct Parcel {
    folder: PathBuf,
    used: bool,
}

impl Parcel {
    fn keep(mut self) {
        self.used = true;
    }
}

impl Drop for Parcel {
    fn drop(&mut self) {
        if !self.used {
            // It may not be there, or go at the next start.
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

fn key_of(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    let key = key.to_str().ok().map(|key| key.trim().trim_matches('"'));
    match key.filter(|key| !key.is_empty() && key.len() <= MAX_KEY) {
        Some(key) => Ok(Some(key.to_owned())),
        None => Err(Problem::bad(format!("Idempotency-Key takes 1 to {MAX_KEY} characters"))),
    }
}

/// Whether there is room for `more` bytes.
async fn room(desk: &Shared, more: u64) -> Result<(), Problem> {
    blocking(desk, move |desk| desk.room_for(more)).await
}

fn endless() -> Problem {
    Problem::bad(
        "there is no end to the headers of a part of this form, or to what comes before it",
    )
}

/// Takes a form to disk.
async fn sent(
    desk: &Shared,
    folder: &Path,
    mut form: Multipart,
    flow: &Flow,
    mut check: Option<&mut CheckWanted>,
) -> Result<(Source, String), Problem> {
    tokio::fs::create_dir_all(folder).await.map_err(disk)?;
    let (mut files, mut manifests, mut declared) = (Vec::new(), Vec::new(), None);
    let mut names = BTreeSet::from([DECLARED.to_owned(), RECEIPTS.to_owned()]);
    let mut left = desk.settings.max_upload;
    let mut digest: BTreeSet<String> = BTreeSet::new();
    while let Some(field) = in_time(form.next_field()).await? {
        flow.began();
        let part = field.name().unwrap_or_default().to_owned();
        match part.as_str() {
            "audio" | "manifest" => {
                if files.len() + manifests.len() >= MAX_FILES {
                    return Err(Problem::too_large(format!("more than {MAX_FILES} files")));
                }
                let name = free_name(&mut names, field.file_name().unwrap_or_default());
                let path = folder.join(&name);
                let is_audio = part == "audio";
                let most = if is_audio { left } else { left.min(MAX_MANIFEST) };
                let (hash, length) = into_file((desk, flow), field, &path, most).await?;
                left -= length;
                digest.insert(format!("{part} {name} {hash}"));
                if is_audio { &mut files } else { &mut manifests }.push(path);
            }
            "receipt" if check.is_some() => {
                let papers = folder.join(RECEIPTS);
                tokio::fs::create_dir_all(&papers).await.map_err(disk)?;
                if names.len() > MAX_FILES {
                    return Err(Problem::too_large(format!("more than {MAX_FILES} files")));
                }
                let name = free_name(&mut names, field.file_name().unwrap_or_default());
                let most = left.min(MAX_MANIFEST);
                let (hash, length) =
                    into_file((desk, flow), field, &papers.join(&name), most).await?;
                left -= length;
                digest.insert(format!("receipt {name} {hash}"));
            }
            "check" if check.is_some() => {
                let text = text_of(flow, field).await?;
                if let Some(check) = check.as_deref_mut() {
                    *check = CheckWanted::parse(&text)?;
                }
                digest.insert(format!("check {text}"));
            }
            "declared" if declared.is_some() => {
                return Err(Problem::bad("`declared` is there twice; give it once, for all of it"));
            }
            "declared" => {
                let text = text_of(flow, field).await?;
                let object: Map<String, Value> = serde_json::from_str(&text)
                    .map_err(|e| Problem::bad(format!("`declared` is no JSON object: {e}")))?;
                digest.insert(format!("declared {text}"));
                declared = Some(object);
            }
            other => return Err(Problem::bad(format!("there is no part {other:?} in this form"))),
        }
    }
    if files.is_empty() {
        return Err(Problem::bad("there is no part `audio` with a file"));
    }
    let texts = |paths: &[PathBuf]| paths.iter().map(|path| path_text(path)).collect();
    let mut source =
        Source { files: texts(&files), manifests: texts(&manifests), ..Source::default() };
    let folder = folder.to_owned();
    blocking(desk, move |_| {
        if let Some(object) = declared {
            source.manifests.push(declare(&folder, &files, &object)?);
        }
        sync(&folder)?;
        let parts = Vec::from_iter(digest).join("\n");
        Ok((source, hex(&Sha256::digest(parts))))
    })
    .await
}

/// What a form gives next, unless nothing comes for too long: whoever sends nothing holds no place.
async fn in_time<T>(next: impl Future<Output = Result<T, MultipartError>>) -> Result<T, Problem> {
    match tokio::time::timeout(MAX_SILENCE, next).await {
        Ok(next) => next.map_err(|error| Problem::bad(error.body_text())),
        Err(_) => Err(Problem::bad("nothing came for a minute")),
    }
}

async fn chunk(flow: &Flow, field: &mut Field<'_>) -> Result<Option<Bytes>, Problem> {
    let chunk = in_time(field.chunk()).await?;
    flow.took(chunk.as_ref().map_or(0, Bytes::len));
    Ok(chunk)
}

fn disk(error: std::io::Error) -> Problem {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            Problem::no_room("there is no room on the disk")
        }
        _ => Problem::internal(format!("cannot write what was sent: {error}")),
    }
}

/// A name that no other file of the request has.
fn free_name(taken: &mut BTreeSet<String>, given: &str) -> String {
    let name = file_name(given);
    let mut free = name.clone();
    let mut number = 2;
    // Some file systems take no notice of case.
    while !taken.insert(free.to_lowercase()) {
        free = format!("{number}-{name}");
        number += 1;
    }
    free
}

/// Writes a part to `path`; its SHA-256 and length.
async fn into_file(
    (desk, flow): (&Shared, &Flow),
    mut field: Field<'_>,
    path: &Path,
    most: u64,
) -> Result<(String, u64), Problem> {
    let mut file = tokio::fs::File::create_new(path).await.map_err(disk)?;
    let (mut hash, mut length, mut looked) = (Sha256::new(), 0u64, 0u64);
    while let Some(chunk) = chunk(flow, &mut field).await? {
        length += chunk.len() as u64;
        if length - looked > LOOK_AT_ROOM {
            looked = length;
            room(desk, 0).await?;
        }
        if length > most {
            return Err(Problem::too_large("the request holds more than --max-upload allows"));
        }
        hash.update(&chunk);
        file.write_all(&chunk).await.map_err(disk)?;
    }
    file.flush().await.map_err(disk)?;
    file.sync_all().await.map_err(disk)?;
    Ok((hex(&hash.finalize()), length))
}

async fn text_of(flow: &Flow, mut field: Field<'_>) -> Result<String, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = chunk(flow, &mut field).await? {
        if bytes.len() + chunk.len() > MAX_TEXT {
            return Err(Problem::too_large("`declared` is longer than 256 KiB"));
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|_| Problem::bad("`declared` is no text"))
}

/// Writes what is declared about `files` as a table beside them, as the command line would be given it.
fn declare(
    folder: &Path,
    files: &[PathBuf],
    object: &Map<String, Value>,
) -> Result<String, Problem> {
    let mut text = String::new();
    for file in files {
        let mut row = Map::new();
        row.insert("file".to_owned(), Value::String(path_text(file)));
        // The file is the one that was sent, whatever is said of it.
        row.extend(
            object.iter().filter(|(key, _)| *key != "file").map(|(k, v)| (k.clone(), v.clone())),
        );
        text += &Value::Object(row).to_string();
        text.push('\n');
    }
    std::fs::create_dir_all(folder).map_err(disk)?;
    let path = folder.join(DECLARED);
    let mut file = std::fs::File::create(&path).map_err(disk)?;
    std::io::Write::write_all(&mut file, text.as_bytes()).map_err(disk)?;
    file.sync_all().map_err(disk)?;
    Ok(path_text(&path))
}

/// Sees to it that the folder and its name are on disk.
fn sync(folder: &Path) -> Result<(), Problem> {
    for folder in [Some(folder), folder.parent()].into_iter().flatten() {
        std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(disk)?;
    }
    Ok(())
}

/// What lies at a path.
fn by_path(roots: &[PathBuf], folder: &Path, wanted: ByPath) -> Result<(Source, String), Problem> {
    let request = serde_json::to_string(&wanted).map_err(|e| Problem::bad(e.to_string()))?;
    let inside = |text: &str| {
        // What lies elsewhere and what there is not are not told apart.
        below(Path::new(text), roots).ok_or_else(|| {
            Problem::forbidden(format!(
                "{text:?} does not lie below a root that --allow-root names"
            ))
        })
    };
    let path = inside(&wanted.path)?;
    let mut source = Source { paths: vec![path_text(&path)], ..Source::default() };
    if let Some(manifest) = &wanted.manifest {
        source.manifests.push(path_text(&inside(manifest)?));
    }
    if let Some(object) = &wanted.declared {
        if !path.is_file() {
            return Err(Problem::unusable(
                "`declared` describes one file; give a manifest for more",
            ));
        }
        source.manifests.push(declare(folder, &[path], object)?);
        sync(folder)?;
    }
    Ok((source, hex(&Sha256::digest(request))))
}
