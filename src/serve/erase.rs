//! Erases what is known of somebody: audio, records, names.
//!
//! What goes: the audio that was sent, what was decoded from it, its records, its place in the index of earlier uploads,
//! remarks, and in the tables everything but what it came to and when. What stays is the log of decisions: it is a chain
//! of hashes, and an entry taken out of it would make all that follow unprovable. It names uploads by their path at the
//! time and the SHA-256 of the file, which no longer lead anywhere.
//!
//! Each step can be done again: an erasure that a kill cut short is done by the next one. The tables are changed last, so
//! that the upload can be named until then.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use axum::extract::Query;
use jiff::{Span, Timestamp};
use serde_json::{Value, json};

use super::Desk;
use super::stamp::now;
use super::state::{Erasure, Kept, StateError, Store, UploadRow};
use super::tell::ERASED;
use crate::engine::{Engine, Error};
use crate::id::path_of_text;
use crate::journal::Draft;

/// Uploads erased by time in one go.
const AT_ONCE: u32 = 50;
/// Sentences in records about several uploads.
const SENTENCES: [&str; 2] = ["explanation", "message"];
/// What stands there in the place of a word that was taken out; not longer than the shortest.
pub(super) const GONE: &str = "…";
/// What is known of a member of a cluster that says who it is.
const NAMES: [&str; 8] =
    ["sha256", "title", "artists", "isrc", "upc", "label", "account", "received_at"];

/// Whose data are erased.
#[derive(Debug, Clone)]
pub enum Whose {
    /// One upload, by its name.
    Upload(String),
    /// All uploads of an account.
    Account(String),
}

/// Why something was not erased.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EraseError {
    /// There is no such upload.
    #[error("there is no upload {0:?}")]
    NoSuch(String),
    /// The state.
    #[error(transparent)]
    State(#[from] StateError),
    /// The index of earlier uploads.
    #[error(transparent)]
    Index(#[from] Error),
    /// A file.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: std::path::PathBuf,
        /// Why.
        source: io::Error,
    },
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> EraseError {
    let path = path.to_owned();
    move |source| EraseError::Io { path, source }
}

impl From<crate::journal::Error> for EraseError {
    fn from(error: crate::journal::Error) -> EraseError {
        EraseError::State(error.into())
    }
}

/// Erases from `store`, and from the index `keep`, what is known of somebody; how many uploads that were.
///
/// # Errors
/// Something cannot be erased: what was erased until then is, and the next attempt goes on.
pub(super) fn erase(
    store: &Store,
    keep: Option<&Path>,
    whose: &Whose,
    (who, why): (&str, &str),
) -> Result<u64, EraseError> {
    let uploads = match whose {
        Whose::Account(account) => store.uploads_of_account(account)?,
        Whose::Upload(id) => {
            let upload = store.upload(id)?.ok_or_else(|| EraseError::NoSuch(id.clone()))?;
            Some(upload).filter(|upload| !upload.erased).into_iter().collect()
        }
    };
    for upload in &uploads {
        erase_one(store, keep, upload)?;
    }
    if let Whose::Account(account) = whose {
        store.forget_views(|address| names(address, account))?;
    }
    forget_older_tables(store)?;
    let count = uploads.len() as u64;
    let erasure = Erasure { at: now(), who: who.to_owned(), why: why.to_owned(), uploads: count };
    store.erased(&erasure)?;
    Ok(count)
}

/// Whether a view of the queue is one of this account, or was searched for by its name.
fn names(address: &str, account: &str) -> bool {
    let uri = address.parse::<axum::http::Uri>().ok();
    let query = uri.and_then(|uri| Query::<Vec<(String, String)>>::try_from_uri(&uri).ok());
    query.is_some_and(|Query(all)| all.iter().any(|(_, value)| value.contains(account)))
}

/// Removes tables that were put aside when they were made anew: they say all that they said.
fn forget_older_tables(store: &Store) -> Result<(), EraseError> {
    let entries = std::fs::read_dir(store.dir()).map_err(io_error(store.dir()))?;
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with("desk.sqlite.before-") {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

fn erase_one(store: &Store, keep: Option<&Path>, upload: &UploadRow) -> Result<(), EraseError> {
    erase_audio(store, upload)?;
    if let Some(keep) = keep.filter(|_| !upload.sha256.is_empty())
        && !store.has_others_of(upload)?
    {
        Engine::forget_in(keep, &upload.sha256)?;
    }
    let records = store.records(&upload.job);
    if records.exists() {
        blank(&records, upload)?;
    }
    store.forget_job_file(&upload.job)?;
    store.forget_notes(&upload.id)?;
    store.erase(upload, &now())?;
    Ok(())
}

/// Removes the audio of an upload that was sent, and what was decoded from it. What lies elsewhere is not ours.
pub(super) fn erase_audio(store: &Store, upload: &UploadRow) -> Result<(), EraseError> {
    let folder = store.folder(&upload.job);
    let path = path_of_text(&upload.path);
    if path.starts_with(&folder) {
        remove(&path)?;
        // Tables that came with it name it, and were read.
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let is_table = entry.path().extension().is_some_and(|end| {
                ["csv", "tsv", "json", "jsonl", "ndjson", "xml"].iter().any(|known| end == *known)
            });
            if is_table {
                remove(&entry.path())?;
            }
        }
        if store.others_of_job(upload)? == 0 {
            // Nobody else's is in it.
            match std::fs::remove_dir_all(&folder) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => {
                    return Err(io_error(&folder)(e));
                }
                _ => {}
            }
        }
    }
    if !upload.sha256.is_empty() && !store.has_others_of(upload)? {
        for end in ["wav", "peaks.json"] {
            remove(&store.cache().join(format!("{}.{end}", upload.sha256)))?;
        }
    }
    Ok(store.audio_erased(upload, &now())?)
}

fn remove(path: &Path) -> Result<(), EraseError> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(io_error(path)(e)),
        _ => Ok(()),
    }
}

/// Writes the records of a job anew without what they say of `upload`. Lines keep their places and
/// lengths, since the tables say where each begins.
fn blank(records: &Path, upload: &UploadRow) -> Result<(), EraseError> {
    let mut text = Vec::new();
    let read = File::open(records).and_then(|mut file| file.read_to_end(&mut text));
    read.map_err(io_error(records))?;
    let (draft, mut file) = Draft::beside(records, ".erased-", ".part")?;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let kept = blanked(line, upload);
        file.write_all(kept.as_deref().unwrap_or(line)).map_err(io_error(records))?;
    }
    let time = std::fs::metadata(records).and_then(|meta| meta.modified());
    if let Ok(time) = time {
        // It is the time at which they were made.
        let _ = file.set_modified(time);
    }
    Ok(draft.put_in_place(file)?)
}

/// A line without what it says of `upload`; none where it says nothing. What names it is its name at the desk.
fn blanked(line: &[u8], upload: &UploadRow) -> Option<Vec<u8>> {
    let subject = upload.path.as_str();
    let body = line.strip_suffix(b"\n").unwrap_or(line);
    let mut record: Value = serde_json::from_slice(body).ok()?;
    let is = |value: Option<&Value>| value.and_then(Value::as_str) == Some(subject);
    let is_about =
        is(record.get("subject")) || is(record.get("path")) || is(record.pointer("/query/path"));
    let mut text = if is_about {
        json!({"type": "note", "subject": upload.id, "code": ERASED,
               "message": upload.verdict.name()})
        .to_string()
    } else {
        let before = record.clone();
        forget(&mut record, subject, &upload.id);
        let words = upload.words();
        for field in SENTENCES {
            if let Some(Value::String(text)) = record.get_mut(field) {
                *text = words.iter().fold(text.clone(), |text, word| text.replace(word, GONE));
            }
        }
        if record == before {
            return None;
        }
        record.to_string()
    };
    if text.len() > body.len() {
        text = json!({"type": "note", "subject": "", "code": "", "message": ""}).to_string();
    }
    text.extend(std::iter::repeat_n(' ', body.len().saturating_sub(text.len())));
    let mut line = text.into_bytes();
    line.push(b'\n');
    Some(line)
}

/// Takes the upload at `subject` out of a record about several, which calls it `name` then.
fn forget(value: &mut Value, subject: &str, name: &str) {
    match value {
        Value::String(text) if text == subject => name.clone_into(text),
        Value::Array(all) => all.iter_mut().for_each(|value| forget(value, subject, name)),
        Value::Object(object) => {
            if object.get("path").and_then(Value::as_str) == Some(subject) {
                for known in NAMES {
                    object.remove(known);
                }
            }
            object.values_mut().for_each(|value| forget(value, subject, name));
        }
        _ => {}
    }
}

impl UploadRow {
    /// What says whose it is and may stand in a sentence about others, the longest first.
    pub(super) fn words(&self) -> Vec<String> {
        let name = path_of_text(&self.path);
        let name = name.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        let artists = self.artists.iter().flat_map(|all| all.split(", ")).map(str::to_owned);
        let said = [&self.title, &self.artists, &self.account, &self.label, &self.isrc];
        let said = said.into_iter().flatten().cloned();
        let mut words: Vec<String> =
            said.chain(artists).chain(name).chain([self.path.clone()]).collect();
        words.retain(|word| word.len() >= GONE.len());
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        words
    }
}

impl Desk {
    /// Erases what is known of somebody.
    pub(super) fn erase(&self, whose: &Whose, who: &str, why: &str) -> Result<u64, EraseError> {
        // Whoever looks at a job now writes records; none is erased under his hands.
        let _one = self.erasing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        erase(&self.store, self.settings.keep.as_deref(), whose, (who, why))
    }

    /// Erases what has had its time, a few at once; false where there is nothing more.
    pub(super) fn erase_by_time(&self) -> Result<bool, EraseError> {
        let _one = self.erasing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let before = |days: u32| {
            let hours = Span::new().hours(i64::from(days) * 24);
            Timestamp::now().checked_sub(hours).map(|moment| moment.to_string()).ok()
        };
        let mut more = false;
        if let Some(moment) = self.settings.audio_days.and_then(before) {
            let over = self.store.over(Kept::Audio, &moment, AT_ONCE)?;
            more |= over.len() as u32 == AT_ONCE;
            for upload in &over {
                erase_audio(&self.store, upload)?;
            }
        }
        if let Some(moment) = self.settings.personal_days.and_then(before) {
            let over = self.store.over(Kept::Personal, &moment, AT_ONCE)?;
            more |= over.len() as u32 == AT_ONCE;
            for upload in &over {
                erase_one(&self.store, self.settings.keep.as_deref(), upload)?;
            }
            if !over.is_empty() {
                let (at, uploads) = (now(), over.len() as u64);
                let (who, why) = ("the service".to_owned(), "--personal-days".to_owned());
                self.store.erased(&Erasure { at, who, why, uploads })?;
            }
        }
        Ok(more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn erased(line: &str, path: &str) -> Option<String> {
        let line = format!("{line}\n");
        let upload =
            UploadRow { path: path.to_owned(), id: "u_0".to_owned(), ..UploadRow::for_tests() };
        let kept = blanked(line.as_bytes(), &upload)?;
        assert_eq!(kept.len(), line.len(), "every line keeps its place");
        Some(String::from_utf8(kept).unwrap().trim_end().to_owned())
    }

    #[test]
    fn records_say_nothing_more_of_an_upload_and_all_of_others() {
        let a = "/state/uploads/j_1/night drive.mp3";
        let line = |kind: &str, path: &str| {
            format!(
                "{{\"type\":\"{kind}\",\"query\":{{\"path\":\"{path}\",\"title\":\"Night Drive\"}}}}"
            )
        };
        for kind in ["match", "scanned"] {
            let kept = erased(&line(kind, a), a).unwrap();
            assert!(!kept.contains("ight"), "{kept}");
            let kept: Value = serde_json::from_str(&kept).unwrap();
            assert_eq!(kept["type"], "note");
            assert_eq!(erased(&line(kind, "/state/uploads/j_1/b.mp3"), a), None);
        }
        let cluster = format!(
            "{{\"type\":\"cluster\",\"members\":[\"{a}\",\"b\"],\"representative\":\"{a}\",\
             \"member_details\":[{{\"path\":\"{a}\",\"title\":\"Night Drive\",\"account\":\"acc\",\
             \"offset_ms\":5}},{{\"path\":\"b\",\"title\":\"B\"}}]}}"
        );
        let kept = erased(&cluster, a).unwrap();
        let kept: Value = serde_json::from_str(&kept).unwrap();
        assert_eq!(kept["members"], json!(["u_0", "b"]));
        assert_eq!(
            kept["member_details"],
            json!([{"path": "u_0", "offset_ms": 5}, {"path": "b", "title": "B"}])
        );
        let note = "{\"type\":\"note\",\"subject\":\"m.csv\",\"code\":\"x\",\
                    \"message\":\"night drive.mp3 stands in two rows\"}";
        let kept = erased(note, a).unwrap();
        assert!(!kept.contains("night") && kept.contains("stands in two rows"), "{kept}");
        assert_eq!(erased("{\"type\":\"summary\",\"scanned\":2}", a), None);
    }
}
