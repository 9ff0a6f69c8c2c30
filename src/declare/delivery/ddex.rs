//! Folders as the DDEX choreographies lay them out: batches of releases, messages and resources.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::resolve::{Folder, Found, ResolveError, resolve};
use super::{Delivery, Origin, Told, folder_of};
use crate::audio::is_audio_extension;
use crate::declare::declared::NotAsked;
use crate::declare::ern::{Message, Purpose, Recording, ResourceFile, batch_messages};
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
        let places = Folder::new(folder, RESOURCES);
        // One at a time: a message may be large, and a folder may hold many.
        let mut all_read = true;
        for path in self.in_order(messages) {
            match Message::read(path) {
                Ok(message) => self.add_message(&places, path, &message, batch),
                Err(e) => {
                    all_read = false;
                    let message = e.to_string();
                    self.fail(path, e.code(), message);
                }
            }
        }
        all_read
    }

    /// `messages` by the time they were written: where an update lies beside the first delivery, the later one
    /// holds.
    fn in_order<'m>(&self, messages: &'m [PathBuf]) -> Vec<&'m PathBuf> {
        let mut all: Vec<&PathBuf> = messages.iter().collect();
        if let [_, _, ..] = messages {
            all.sort_by_cached_key(|path| {
                Message::read(path).ok().and_then(|message| message.created_at)
            });
        }
        all
    }

    fn add_message(
        &mut self,
        places: &Folder<'_>,
        path: &Path,
        message: &Message,
        batch: Option<&str>,
    ) {
        for warning in &message.warnings {
            self.warn(path, "message_warning", warning.clone());
        }
        if message.is_test {
            self.warn(path, "test_message", "the message is marked as a test");
        }
        let releases = match message.releases.as_slice() {
            [] => "a release that it does not name".to_owned(),
            [one] => format!("release {one}"),
            several => format!("releases {}", several.join(", ")),
        };
        if message.purpose == Purpose::Purge {
            let text = format!(
                "takes down {releases} and asks to delete it; nothing was delivered with it"
            );
            return self.warn(path, "takedown", text);
        }
        let files = message.recordings.iter().flat_map(|recording| &recording.files);
        let is_there =
            |file: &ResourceFile| !matches!(places.find(&file.uri), Err(ResolveError::Missing));
        let delivers = message.purpose == Purpose::Delivery || files.clone().any(is_there);
        if delivers {
            for recording in &message.recordings {
                self.add_recording(places, path, recording, batch);
            }
            return;
        }
        let named = match files.count() {
            0 => "it names no files".to_owned(),
            1 => "the file it names was not sent again".to_owned(),
            count => format!("the {count} files it names were not sent again"),
        };
        let (code, what) = match message.purpose {
            Purpose::Takedown => ("takedown", "has no deals (any more): it takes down"),
            _ => ("update_without_files", "updates"),
        };
        let text = format!("{what} {releases}; nothing was delivered with it: {named}");
        self.warn(path, code, text);
    }

    fn add_recording(
        &mut self,
        places: &Folder<'_>,
        message: &Path,
        recording: &Recording,
        batch: Option<&str>,
    ) {
        let Recording { reference, files, .. } = recording;
        let mut common = recording.declared();
        common.batch_id = common.batch_id.or(batch.map(str::to_owned));
        if files.is_empty() {
            let text = format!("no file is named for recording {reference}");
            self.warn(message, "recording_without_file", text);
        }
        for file in files {
            match places.find(&file.uri) {
                Ok((path, _)) if self.is_declared_by(&path, message) => {
                    self.note_isrc(&path, common.isrc.as_deref());
                    let text = format!("`{}` is named again for recording {reference}", file.uri);
                    self.warn(message, "resource_named_twice", text);
                }
                Ok((path, how)) => {
                    if how != Found::AsWritten {
                        let text = format!("`{}` is {} here", file.uri, path.display());
                        self.warn(message, "found_by_name", text);
                    }
                    let mut declared = common.clone();
                    declared.hash.clone_from(&file.hash);
                    let origin = Origin { file: message.to_owned(), line: None };
                    self.upload(
                        path,
                        Some(Told { declared, origin, not_asked: NotAsked::default() }),
                    );
                }
                Err(e) => {
                    let isrc = common.isrc.as_deref().unwrap_or("no ISRC");
                    let text = format!("`{}` of recording {reference} ({isrc}) {e}", file.uri);
                    // What is missing is the file, what is wrong is the message.
                    match e {
                        ResolveError::Missing => {
                            let named =
                                places.root().join(file.uri.trim_start_matches(['/', '\\']));
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
        let mut found = inputs::collect_within(folder, root);
        for error in std::mem::take(&mut found.errors) {
            self.fail(&error.path, "unreadable", format!("cannot read: {}", error.source));
        }
        self.tell_of(&mut found);
        let links = found.links.into_iter().map(|(link, _)| link);
        for path in found.files.into_iter().chain(links) {
            if self.known(&path).is_some() {
                // As a further name of it.
                self.upload(path, None);
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
