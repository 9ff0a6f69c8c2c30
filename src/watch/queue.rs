//! What lies in the folder of deliveries: each folder, audio file or list of files is one.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
#[cfg(unix)]
use std::time::{Duration, UNIX_EPOCH};

use super::result_store::is_result;
use crate::audio::is_audio_extension;
use crate::declare::delivery::{BatchState, Delivery, batch_state, expand_within, is_marker};
use crate::declare::text::visible;
use crate::id::path_text;
use crate::report::records::ErrorRecord;

/// Ends of names under which programs write what is not whole yet.
const TEMPORARY: &[&str] = &[".part", ".partial", ".filepart", ".tmp", ".temp", ".crdownload", "~"];

/// Tables that may lie in a folder beside the files they describe.
const TABLES: &[&str] = &["csv", "tsv", "jsonl", "ndjson"];
/// Lists of files.
const LISTS: &[&str] = &["csv", "tsv", "jsonl", "ndjson", "json", "xml"];
/// What people send though it cannot be read; they are to be told.
const UNREADABLE: &[&str] = &["zip", "xlsx", "xls", "ods"];

/// Kinds of deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitKind {
    /// A folder: a DDEX batch, a release, or simply files.
    Folder,
    /// An audio file, or one that cannot be read.
    File,
    /// A manifest or DDEX message, with the files it names.
    List,
    /// A link, or something that is neither file nor folder. It is told of and not opened.
    Strange,
}

/// Size and time of change of an entry itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Bytes.
    pub len: u64,
    /// When it was changed; for a folder, when something at its top came or went.
    pub modified: SystemTime,
    /// When the system last noted a change, which nobody can set.
    noted: Option<SystemTime>,
}

impl Stamp {
    fn of(meta: &Metadata) -> Stamp {
        let modified = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        Stamp { len: meta.len(), modified, noted: noted(meta) }
    }
}

/// A delivery.
#[derive(Debug, Clone, PartialEq)]
pub struct Unit {
    /// Name in the folder.
    pub name: OsString,
    /// The file or folder.
    pub path: PathBuf,
    /// What it is.
    pub kind: UnitKind,
    /// Of the file or folder itself.
    pub stamp: Stamp,
    /// Files that a list names, as far as they are there.
    pub named: Vec<PathBuf>,
}

impl Unit {
    /// What there is in it, and what is declared. Nothing outside of a folder is looked at, nor what a link in
    /// the place of a file or folder leads to.
    pub fn expand(&self) -> Delivery {
        match self.kind {
            UnitKind::Strange => Delivery::default(),
            UnitKind::Folder => expand_within(&self.path, &self.paths()),
            _ => expand_within(self.folder(), &self.paths()),
        }
    }

    /// Why there is nothing to look into.
    pub fn nothing_in(&self) -> ErrorRecord {
        let subject = path_text(&self.path);
        let is_link = self.path.is_symlink();
        let (code, message) = match self.kind {
            UnitKind::Strange if is_link => (
                "path_outside_delivery",
                "it is a link, which is not followed: put the file or folder itself there",
            ),
            UnitKind::Strange => ("io_error", "it is neither a file nor a folder"),
            _ => ("no_audio", "there is no audio in this delivery"),
        };
        ErrorRecord { subject, code: code.into(), message: message.into() }
    }

    /// What to expand into uploads: in a folder without DDEX messages, tables say what is in it.
    fn paths(&self) -> Vec<PathBuf> {
        let mut paths = Vec::new();
        if self.kind == UnitKind::Folder && batch_state(&self.path) == BatchState::NoBatch {
            let entries = std::fs::read_dir(&self.path).into_iter().flatten().flatten();
            let tables = entries
                .map(|entry| entry.path())
                .filter(|path| !path.file_name().is_some_and(is_passing))
                .filter(|path| has_extension(path, TABLES) && !path.is_dir());
            paths.extend(tables);
            paths.sort();
        }
        paths.push(self.path.clone());
        paths
    }

    /// Where it lies.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    #[cfg(test)]
    pub(super) fn folder_at(path: &Path) -> Unit {
        Unit {
            name: path.file_name().unwrap().to_owned(),
            path: path.to_owned(),
            kind: UnitKind::Folder,
            stamp: Stamp::of(&std::fs::metadata(path).unwrap()),
            named: Vec::new(),
        }
    }
}

/// When the system last noted a change of the file or of what it knows about it.
#[cfg(unix)]
pub(super) fn noted(meta: &Metadata) -> Option<SystemTime> {
    use std::os::unix::fs::MetadataExt;
    let seconds = Duration::from_secs(u64::try_from(meta.ctime()).ok()?);
    let rest = Duration::from_nanos(u64::try_from(meta.ctime_nsec()).ok()?);
    UNIX_EPOCH.checked_add(seconds)?.checked_add(rest)
}

#[cfg(not(unix))]
pub(super) fn noted(_: &Metadata) -> Option<SystemTime> {
    None
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    extensions.contains(&extension.as_str())
}

/// What lies at `path`, links not followed; none for what is no delivery.
fn kind(path: &Path, meta: &Metadata) -> Option<UnitKind> {
    if meta.is_dir() {
        return Some(UnitKind::Folder);
    }
    let is_list = has_extension(path, LISTS) && !is_marker(path);
    let is_file = is_audio_extension(path) || has_extension(path, UNREADABLE);
    // A link to a folder may be called anything.
    let is_linked_folder = meta.is_symlink() && path.is_dir();
    if !meta.is_file() && (is_list || is_file || is_linked_folder) {
        return Some(UnitKind::Strange);
    }
    match meta.is_file() {
        true if is_list => Some(UnitKind::List),
        true if is_file => Some(UnitKind::File),
        _ => None,
    }
}

/// What a list named when it was read.
#[derive(Debug)]
struct Named {
    stamp: Stamp,
    files: Vec<PathBuf>,
    /// Something it names was not there.
    missing: bool,
}

/// A folder of deliveries.
#[derive(Debug)]
pub struct Queue {
    dir: PathBuf,
    excluded: Vec<PathBuf>,
    named: BTreeMap<OsString, Named>,
    names: BTreeSet<OsString>,
}

impl Queue {
    /// The deliveries in `dir`, without folders that are or hold one of `excluded`: results and indexes.
    pub fn new(dir: &Path, excluded: impl IntoIterator<Item = PathBuf>) -> io::Result<Queue> {
        let absolute = |path: PathBuf| path.canonicalize().unwrap_or(path);
        Ok(Queue {
            dir: dir.canonicalize()?,
            excluded: excluded.into_iter().map(absolute).collect(),
            named: BTreeMap::new(),
            names: BTreeSet::new(),
        })
    }

    /// What lies there now, by name. Files that a list names belong to the list.
    pub fn look(&mut self) -> io::Result<Vec<Unit>> {
        let mut units = Vec::new();
        for entry in std::fs::read_dir(&self.dir)? {
            let name = entry?.file_name();
            if is_passing(&name) {
                continue;
            }
            let path = self.dir.join(&name);
            // Gone meanwhile.
            let Ok(meta) = std::fs::symlink_metadata(&path) else { continue };
            // A folder is no result, whatever it is called.
            if !meta.is_dir() && is_result(&name) {
                continue;
            }
            let Some(kind) = kind(&path, &meta) else { continue };
            if self.excluded.iter().any(|own| own.starts_with(&path)) {
                continue;
            }
            units.push(Unit { name, path, kind, stamp: Stamp::of(&meta), named: Vec::new() });
        }
        units.sort_by(|a, b| a.name.cmp(&b.name));
        self.read_lists(&mut units);
        let named: BTreeSet<&PathBuf> = units.iter().flat_map(|unit| &unit.named).collect();
        let of_a_list: BTreeSet<PathBuf> = named.into_iter().cloned().collect();
        units.retain(|unit| unit.kind != UnitKind::File || !of_a_list.contains(&unit.path));
        Ok(units)
    }

    /// Finds out what lists name: of new and changed ones, and of those whose files may have come by now.
    fn read_lists(&mut self, units: &mut [Unit]) {
        let names: BTreeSet<OsString> = units.iter().map(|unit| unit.name.clone()).collect();
        let came = names != self.names;
        self.named.retain(|name, _| names.contains(name));
        for unit in units.iter_mut().filter(|unit| unit.kind == UnitKind::List) {
            let known = self.named.get(&unit.name);
            let holds =
                known.is_some_and(|named| named.stamp == unit.stamp && !(named.missing && came));
            if !holds {
                self.named.insert(unit.name.clone(), read_list(unit));
            }
            unit.named = self.named.get(&unit.name).map(|n| n.files.clone()).unwrap_or_default();
        }
        self.names = names;
    }
}

fn read_list(unit: &Unit) -> Named {
    let delivery = unit.expand();
    let of_it = |upload: &&crate::declare::delivery::DeliveredFile| {
        upload.origin.as_ref().is_some_and(|origin| origin.file == unit.path)
    };
    Named {
        stamp: unit.stamp,
        files: delivery.uploads.iter().filter(of_it).map(|upload| upload.path.clone()).collect(),
        missing: delivery.errors.iter().any(|error| error.code == "missing_resource"),
    }
}

/// A name as it can be shown in one line.
pub fn shown(name: &OsStr) -> String {
    visible(&path_text(Path::new(name)))
}

/// Whether a name is that of a file in the making, or hidden.
pub(super) fn is_passing(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_lowercase();
    name.starts_with('.') || TEMPORARY.iter().any(|end| name.ends_with(end))
}
