//! Folders as the DDEX choreographies lay them out: batches of releases, messages and resources.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::resolve::{ResolveError, resolve};
use super::{Delivery, Origin, folder_of};
use crate::audio::is_audio_extension;
use crate::declare::ern::{Message, Recording, batch_messages};
use crate::declare::inputs;
use crate::regular;

/// Folders below a given one in which messages are looked for: batches in a drop, releases in a batch.
const MAX_DEPTH: usize = 4;
/// Bytes of a file looked at to tell whether it is a message.
const SNIFF_BYTES: u64 = 64 << 10;
/// What may stand before the name of a batch.
const PRIORITIES: &[&str] = &["P_", "M_", "N_"];
/// Where a release keeps its files.
const RESOURCES: &[&str] = &["resources", "Resources"];

/// Folders of releases with the messages in them.
pub(super) type Releases = BTreeMap<PathBuf, Vec<PathBuf>>;

/// Whether the batch in `folder` is complete: its `BatchComplete_<BatchId>.xml` is there. The sender
/// writes it last; it may be empty.
pub fn is_batch_complete(folder: &Path) -> bool {
    marker(folder).is_some()
}

/// How far a folder has come by the choreography of DDEX batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchState {
    /// It is no batch: nothing will say when it is whole.
    NoBatch,
    /// A batch (or several) of which one lacks its marker.
    Open,
    /// All markers are there.
    Complete,
}

/// Whether `folder` is a DDEX batch, or holds some, and whether they are complete. Messages are recognised
/// by their beginning and not read. A folder that is only called like a batch counts as one while no audio
/// lies in it directly: resources may come before the messages.
pub fn batch_state(folder: &Path) -> BatchState {
    let releases = find_releases(folder);
    let is_release = |release: &&PathBuf| release.as_path() != folder;
    let mut batches: BTreeSet<PathBuf> =
        releases.keys().filter(is_release).map(|release| folder_of(release)).collect();
    if releases.is_empty() && is_called_batch(folder) && !holds_audio(folder) {
        batches.insert(folder.to_owned());
    }
    if batches.is_empty() {
        BatchState::NoBatch
    } else if batches.iter().all(|batch| is_batch_complete(batch)) {
        BatchState::Complete
    } else {
        BatchState::Open
    }
}

/// `[PNM_]yyyymmddhhmmss[nnn]`, with the letter of a priority.
fn is_called_batch(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let bare = PRIORITIES.iter().find_map(|priority| name.strip_prefix(priority));
    let digits = bare.unwrap_or(&name);
    matches!(digits.len(), 14 | 17) && digits.bytes().all(|b| b.is_ascii_digit())
}

fn holds_audio(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).any(|path| is_audio_extension(&path))
}

fn marker(folder: &Path) -> Option<PathBuf> {
    let mut markers: Vec<PathBuf> = std::fs::read_dir(folder)
        .ok()?
        .flatten()
        // A pipe says nothing, and a link may lead anywhere.
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .map(|entry| entry.path())
        .filter(|path| is_marker(path))
        .collect();
    markers.sort();
    markers.into_iter().next()
}

/// Whether a file is called like the marker of a batch.
pub fn is_marker(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    name.starts_with("batchcomplete") && name.ends_with(".xml")
}

/// The messages below `folder`, by the folder they lie in.
pub(super) fn find_releases(folder: &Path) -> Releases {
    let mut releases = Releases::new();
    let skipped = |name: &str| name.starts_with('.') || name == "acknowledgements";
    let entries = WalkDir::new(folder)
        .max_depth(MAX_DEPTH)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|e| e.depth() == 0 || !skipped(&e.file_name().to_string_lossy()));
    for entry in entries.flatten() {
        let path = entry.path();
        let is_xml = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("xml"));
        if is_xml && entry.file_type().is_file() && !is_marker(path) && looks_like_message(path) {
            releases.entry(folder_of(path)).or_default().push(path.to_owned());
        }
    }
    releases
}

/// Whether a file looks like a message about releases, or is called like the folder it lies in, so
/// that a broken message is reported and not passed over.
fn looks_like_message(path: &Path) -> bool {
    let folder = folder_of(path);
    if path.file_stem().is_some() && path.file_stem() == folder.file_name() {
        return true;
    }
    let mut head = Vec::new();
    let read =
        regular::open_itself(path).and_then(|file| file.take(SNIFF_BYTES).read_to_end(&mut head));
    // UTF-16 has a zero beside each letter.
    head.retain(|byte| *byte != 0);
    read.is_ok() && head.windows(14).any(|window| window == b"ReleaseMessage")
}

impl Delivery {
    /// Adds all releases below `folder`, and the audio files there that no message names.
    pub(super) fn add_ddex(&mut self, folder: &Path, releases: &Releases) {
        let is_batch = releases.keys().any(|release| release != folder);
        if is_batch {
            let batches: BTreeSet<PathBuf> = releases.keys().map(|r| folder_of(r)).collect();
            for batch in &batches {
                match marker(batch) {
                    Some(marker) => self.check_batch(batch, &marker),
                    None => self.complete = false,
                }
            }
        }
        let mut any_read = true;
        for (release, messages) in releases {
            let batch = is_batch.then(|| batch_id(&folder_of(release))).flatten();
            any_read &= self.add_release(release, messages, batch.as_deref());
        }
        self.add_unnamed(folder, folder, any_read);
    }

    /// Reports messages that the manifest of a batch lists and that are not there.
    fn check_batch(&mut self, batch: &Path, marker: &Path) {
        let listed = match batch_messages(marker) {
            Ok(listed) => listed,
            Err(e) => {
                let text = e.to_string();
                return self.fail(marker, e.code(), text);
            }
        };
        for message in listed {
            let written = message.replace('\\', "/");
            let parts: Vec<&str> = written.split('/').filter(|part| !part.is_empty()).collect();
            // Paths begin at the root of the server, which may lie anywhere above the batch.
            let tails = (1..=parts.len().min(4)).map(|n| parts[parts.len() - n..].join("/"));
            let found = tails.clone().any(|tail| resolve(batch, &[], &tail).is_ok());
            if !found {
                let text = format!("`{message}` is listed in the batch but was not delivered");
                self.fail(marker, "missing_message", text);
            }
        }
    }

    /// Adds a message that was named itself.
    pub(super) fn add_message_file(&mut self, message: &Path) {
        let folder = folder_of(message);
        let read = self.add_release(&folder, &[message.to_owned()], None);
        for resources in RESOURCES.iter().map(|name| folder.join(name)) {
            if resources.is_dir() {
                self.add_unnamed(&resources, &folder, read);
                break;
            }
        }
    }

    /// Adds what `messages` name in the folder of a release; whether all could be read.
    fn add_release(&mut self, folder: &Path, messages: &[PathBuf], batch: Option<&str>) -> bool {
        let mut read = Vec::new();
        for path in messages {
            match Message::read(path) {
                Ok(message) => read.push((path, message)),
                Err(e) => {
                    let message = e.to_string();
                    self.fail(path, e.code(), message);
                }
            }
        }
        // Where an update lies beside the first delivery, the later message holds.
        read.sort_by(|(_, a), (_, b)| a.created_at.cmp(&b.created_at));
        let all_read = read.len() == messages.len();
        for (path, message) in read {
            for warning in &message.warnings {
                self.warn(path, "message_warning", warning.clone());
            }
            if message.is_test {
                self.warn(path, "test_message", "the message is marked as a test");
            }
            for recording in message.recordings {
                self.add_recording(folder, path, recording, batch);
            }
        }
        all_read
    }

    fn add_recording(
        &mut self,
        folder: &Path,
        message: &Path,
        recording: Recording,
        batch: Option<&str>,
    ) {
        let Recording { reference, files, mut declared } = recording;
        declared.batch_id = declared.batch_id.or(batch.map(str::to_owned));
        if files.is_empty() {
            let text = format!("no file is named for recording {reference}");
            self.warn(message, "recording_without_file", text);
        }
        for file in files {
            match resolve(folder, RESOURCES, &file.uri) {
                Ok(path) if self.is_declared_by(&path, message) => {
                    let text = format!("`{}` is named again for recording {reference}", file.uri);
                    self.warn(message, "resource_named_twice", text);
                }
                Ok(path) => {
                    let mut declared = declared.clone();
                    declared.hash = file.hash;
                    let origin = Origin { file: message.to_owned(), line: None };
                    self.upload(path, Some((declared, origin)));
                }
                Err(e) => {
                    let isrc = declared.isrc.as_deref().unwrap_or("no ISRC");
                    let text = format!("`{}` of recording {reference} ({isrc}) {e}", file.uri);
                    // What is missing is the file, what is wrong is the message.
                    match e {
                        ResolveError::Missing => {
                            let named = folder.join(file.uri.trim_start_matches(['/', '\\']));
                            let text = format!("{text}; named by {}", message.display());
                            self.fail(&named, e.code(), text);
                        }
                        _ => self.fail(message, e.code(), text),
                    }
                }
            }
        }
    }

    fn is_declared_by(&self, file: &Path, message: &Path) -> bool {
        self.known(file)
            .and_then(|u| u.origin.as_ref())
            .is_some_and(|origin| origin.file == message)
    }

    /// Adds audio files below `folder` that no message named, as far as they lie in `root`.
    fn add_unnamed(&mut self, folder: &Path, root: &Path, warn: bool) {
        let found = inputs::collect_within(folder, root);
        found.outside.iter().for_each(|link| self.fail_outside(link));
        for error in found.errors {
            self.fail(&error.path, "unreadable", format!("cannot read: {}", error.source));
        }
        for path in found.files {
            if self.known(&path).is_some() {
                continue;
            }
            if warn {
                self.warn(&path, "unreferenced_resource", "no message names this file");
            }
            self.upload(path, None);
        }
    }
}

/// The name of a batch: from its marker, or from its folder without the letter of its priority.
fn batch_id(folder: &Path) -> Option<String> {
    let from_marker = marker(folder).and_then(|marker| {
        let stem = marker.file_stem()?.to_string_lossy().into_owned();
        let id = stem.get("BatchComplete".len()..)?.trim_start_matches('_').to_owned();
        (!id.is_empty()).then_some(id)
    });
    let id = from_marker.or_else(|| {
        let name = folder.file_name()?.to_string_lossy().into_owned();
        let bare = PRIORITIES.iter().find_map(|priority| name.strip_prefix(priority));
        Some(bare.unwrap_or(&name).to_owned())
    });
    id.and_then(|id| crate::declare::text::value(&id))
}
