//! From what a user names to uploads: which files to read and what is declared about each.
//!
//! A path may be an audio file, a folder of them, a manifest, a DDEX message, the folder of a release
//! (a message and its `resources/`), or a DDEX batch: one such folder for each release and, once all
//! is there, a file `BatchComplete_<BatchId>.xml`. What is declared but not delivered is an error;
//! what is delivered but not declared is still an upload, and a warning. Names inside messages and
//! manifests come from strangers: they never lead out of the folder they lie in.

mod ddex;
mod resolve;

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

pub use self::ddex::{BatchState, batch_state, is_batch_complete, is_marker};
use self::resolve::{Folder, Found, ResolveError};
use super::by_file::{base_name, folded, hash};
use super::declared::{Declared, NotAsked};
use super::identifiers::other_isrc;
use super::inputs::{self, Inputs};
use super::manifest::Manifest;
use super::manifest::columns::Field;
use super::misnamed::hint;
use super::same_file::{FileId, are_links, file_id};
use crate::counted::{agree, count};
use crate::id::path_text;

/// Most rows of one table that name no file that are told one by one.
const MAX_MISSING: usize = 10_000;

/// Where a declaration was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Manifest or message.
    pub file: PathBuf,
    /// Line of a manifest, counted from 1.
    pub line: Option<u64>,
}

/// An audio file to look at, and what is declared about it.
#[derive(Debug, Clone, PartialEq)]
pub struct DeliveredFile {
    /// The file.
    pub path: PathBuf,
    /// What a manifest or message declares; `None` where none names the file.
    pub declared: Option<Declared>,
    /// Where that was read.
    pub origin: Option<Origin>,
    /// What the table has no column for.
    pub not_asked: NotAsked,
    /// ISRCs that are declared for it besides.
    pub other_isrcs: Vec<String>,
    /// Further names of it: hard or symbolic links.
    pub also: Vec<PathBuf>,
}

/// Something that could not be used, or is worth a remark.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{subject}: {message}")]
pub struct DeliveryError {
    /// The file it is about.
    pub subject: String,
    /// Short, stable name of the cause.
    pub code: &'static str,
    /// The cause in words, with the line where there is one.
    pub message: String,
}

impl DeliveryError {
    pub(super) fn new(
        subject: &Path,
        code: &'static str,
        message: impl Into<String>,
    ) -> DeliveryError {
        // Some causes name their file themselves; once is enough.
        let (message, shown) = (message.into(), subject.display());
        let message = match message.strip_prefix(&format!("{shown}: ")) {
            Some(rest) => rest.to_owned(),
            None => message.replacen(&format!("cannot read {shown}: "), "cannot read: ", 1),
        };
        let subject = path_text(subject);
        DeliveryError { subject, code, message }
    }
}

/// What paths expand to.
#[derive(Debug, Default)]
pub struct Delivery {
    /// Files in the order they were met, each once.
    pub uploads: Vec<DeliveredFile>,
    /// What could not be used.
    pub errors: Vec<DeliveryError>,
    /// What is unusual but does no harm.
    pub warnings: Vec<DeliveryError>,
    /// Folders given that hold no audio file.
    pub empty_folders: Vec<PathBuf>,
    /// No DDEX batch among the paths lacks its completeness marker.
    pub complete: bool,
    /// Files of folders that are not read and should be known of.
    pub not_looked_at: Vec<DeliveryError>,
    /// Uploads by the file that they are.
    by_file: HashMap<FileId, usize>,
}

/// What keeps rows of a table from being used, and what was passed over in it.
pub(super) fn of_table(table: &Manifest) -> (Vec<DeliveryError>, Vec<DeliveryError>) {
    let path = &table.path;
    let error = |e: &super::manifest::RowError| {
        DeliveryError::new(path, "bad_row", format!("line {}: {}", e.line, e.message))
    };
    let mut notes: Vec<DeliveryError> = table
        .notes
        .iter()
        .map(|note| DeliveryError::new(path, note.code, &*note.message))
        .collect();
    if let Some(columns) = table.filled(Field::is_of_references) {
        let text = format!(
            "columns that say something of references only (`index add --metadata`) and were passed over: {columns}"
        );
        notes.push(DeliveryError::new(path, "columns_of_references", text));
    }
    let asked = not_asked(table);
    let gaps = [
        (asked.isrc, "no_isrc_column", "which ISRC a recording has", "isrc"),
        (asked.rights, "no_rights_column", "who holds the rights", "rights"),
    ];
    for (_, code, what, column) in
        gaps.iter().filter(|(lacks, ..)| *lacks && !table.rows.is_empty())
    {
        let text = format!(
            "no column says {what} (`{column}`); that is said here, once, and not held against the files it names"
        );
        notes.push(DeliveryError::new(path, code, text));
    }
    (table.errors.iter().map(error).collect(), notes)
}

/// What a table has no column for.
pub(super) fn not_asked(table: &Manifest) -> NotAsked {
    NotAsked { isrc: !table.has(Field::Isrc), rights: !table.has(Field::Rights) }
}

/// What is told of one file by one source.
struct Told {
    declared: Declared,
    origin: Origin,
    not_asked: NotAsked,
}

/// Expands `paths`. They themselves may be links, as the user names them; below a folder, no link is followed
/// out of it.
pub fn expand(paths: &[PathBuf]) -> Delivery {
    expand_if(paths, |_| true)
}

/// Expands `paths` as far as they lie in the folder `root`, symbolic links followed.
pub fn expand_within(root: &Path, paths: &[PathBuf]) -> Delivery {
    expand_if(paths, |path| inputs::lies_within(path, root))
}

fn expand_if(paths: &[PathBuf], is_inside: impl Fn(&Path) -> bool) -> Delivery {
    let mut delivery = Delivery { complete: true, ..Delivery::default() };
    for path in paths {
        match std::fs::metadata(path) {
            Err(source) => delivery.fail(path, "io_error", unreadable(path, &source)),
            Ok(_) if !is_inside(path) => delivery.fail_outside(path),
            Ok(meta) if meta.is_dir() => delivery.add_folder(path),
            Ok(_) => delivery.add_file(path),
        }
    }
    delivery
}

fn unreadable(path: &Path, source: &std::io::Error) -> String {
    format!("cannot read {}: {source}{}", path.display(), hint(path))
}

impl Delivery {
    fn fail(&mut self, subject: &Path, code: &'static str, message: impl Into<String>) {
        self.errors.push(DeliveryError::new(subject, code, message));
    }

    fn fail_outside(&mut self, link: &Path) {
        let error = ResolveError::Outside;
        self.fail(link, error.code(), format!("the link {error}"));
    }

    fn warn(&mut self, subject: &Path, code: &'static str, message: impl Into<String>) {
        self.warnings.push(DeliveryError::new(subject, code, message));
    }

    fn add_file(&mut self, path: &Path) {
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        match extension.as_str() {
            "xml" => self.add_message_file(path),
            "csv" | "tsv" | "jsonl" | "ndjson" | "json" => self.add_manifest(path),
            "zip" => {
                self.fail(path, "archive_not_supported", "archives are not read: unpack it first");
            }
            "xlsx" | "xls" | "ods" => self.fail(
                path,
                "spreadsheet_not_supported",
                "spreadsheets are not read: export it as CSV first",
            ),
            _ => self.add_plain(path),
        }
    }

    fn add_folder(&mut self, folder: &Path) {
        let releases = ddex::find_releases(folder);
        if releases.is_empty() {
            self.add_plain(folder);
        } else {
            self.add_ddex(folder, &releases);
        }
    }

    /// Adds an audio file, or all those below a folder.
    fn add_plain(&mut self, path: &Path) {
        let mut found = match path.is_dir() {
            true => inputs::collect_within(path, path),
            false => inputs::collect(&[path.to_owned()]),
        };
        for error in std::mem::take(&mut found.errors) {
            self.fail(&error.path, "io_error", error.to_string());
        }
        self.empty_folders.append(&mut found.empty_folders);
        self.tell_of(&mut found);
        for path in found.files {
            self.upload(path, None);
        }
        for (link, _) in found.links {
            self.upload(link, None);
        }
    }

    /// Tells what of a folder is not looked at, and which links lead out of it.
    fn tell_of(&mut self, found: &mut Inputs) {
        std::mem::take(&mut found.outside).iter().for_each(|link| self.fail_outside(link));
        for other in found.others.drain(..) {
            let told = DeliveryError::new(&other.path, "not_looked_at", other.why);
            if !self.not_looked_at.contains(&told) {
                self.not_looked_at.push(told);
            }
        }
    }

    fn add_manifest(&mut self, path: &Path) {
        let manifest = match Manifest::read(path) {
            Ok(manifest) => manifest,
            Err(e) => return self.fail(path, e.code(), e.to_string()),
        };
        let (errors, notes) = of_table(&manifest);
        self.errors.extend(errors);
        self.warnings.extend(notes);
        let root = folder_of(path);
        let folder = Folder::new(&root, &[]);
        let repeated = OnceCell::new();
        let asked = not_asked(&manifest);
        let (mut missing, mut by_name) = (0usize, Vec::new());
        for row in &manifest.rows {
            let line = u64::from(row.line);
            let found = folder.find(&row.file).and_then(|(file, how)| {
                // Several rows with one name cannot all mean the one file of that name.
                let several = how == Found::ByName
                    && repeated
                        .get_or_init(|| repeated_names(&manifest))
                        .contains(&name_of(&row.file));
                if several { Err(ResolveError::Missing) } else { Ok((file, how)) }
            });
            let (file, how) = match found {
                Ok(found) => found,
                Err(e) => {
                    missing += 1;
                    if missing <= MAX_MISSING {
                        self.fail(path, e.code(), format!("line {line}: `{}` {e}", row.file));
                    }
                    continue;
                }
            };
            if how != Found::AsWritten {
                by_name.push((line, row.file.clone()));
            }
            let declared = manifest.described(row).declared;
            if let Some(first) = self.declared_line(&file, path) {
                self.note_isrc(&file, declared.isrc.as_deref());
                let message =
                    format!("line {line}: `{}` was described in line {first} already", row.file);
                self.fail(path, "duplicate_row", message);
            } else {
                let origin = Origin { file: path.to_owned(), line: Some(line) };
                self.upload(file, Some(Told { declared, origin, not_asked: asked }));
            }
        }
        if missing > MAX_MISSING {
            let more = missing - MAX_MISSING;
            self.fail(
                path,
                "missing_resource",
                format!(
                    "{} {} files that are not there",
                    count(more, "more row", "more rows"),
                    agree(more, "names", "name")
                ),
            );
        }
        if let Some((line, file)) = by_name.first() {
            let text = format!(
                "line {line}: `{file}` is not there under that path or in that case; the one file of its name \
                 was taken (so for {})",
                count(by_name.len(), "row", "rows")
            );
            self.warn(path, "found_by_name", text);
        }
    }

    /// The line of `manifest` that declares `file`, if one was met.
    fn declared_line(&self, file: &Path, manifest: &Path) -> Option<u64> {
        let origin = self.known(file)?.origin.as_ref()?;
        (origin.file == manifest).then_some(origin.line).flatten()
    }

    /// The upload that `file` is, however its path was spelled.
    fn known(&self, file: &Path) -> Option<&DeliveredFile> {
        self.by_file.get(&file_id(file)).map(|at| &self.uploads[*at])
    }

    /// Keeps the ISRC that another source gives `file`, if it is another.
    fn note_isrc(&mut self, file: &Path, isrc: Option<&str>) {
        let Some(at) = self.by_file.get(&file_id(file)) else { return };
        let upload = &mut self.uploads[*at];
        let known = upload.declared.as_ref().and_then(|declared| declared.isrc.as_deref());
        if let Some(isrc) =
            other_isrc(known, isrc).filter(|isrc| !upload.other_isrcs.contains(isrc))
        {
            upload.other_isrcs.push(isrc);
        }
    }

    /// Adds an upload, or adds a declaration to one that has none.
    fn upload(&mut self, path: PathBuf, told: Option<Told>) {
        let key = file_id(&path);
        let Some(&at) = self.by_file.get(&key) else {
            self.by_file.insert(key, self.uploads.len());
            let asked = told.as_ref().map(|told| told.not_asked).unwrap_or_default();
            let (declared, origin) = told.map(|told| (told.declared, told.origin)).unzip();
            self.uploads.push(DeliveredFile {
                path,
                declared,
                origin,
                not_asked: asked,
                other_isrcs: Vec::new(),
                also: Vec::new(),
            });
            return;
        };
        let first = &self.uploads[at].path;
        let known = std::iter::once(first).chain(&self.uploads[at].also);
        if known.clone().all(|known| are_links(&path, known)) {
            let text =
                format!("leads to the same file as {}; it is looked at once", first.display());
            self.warn(&path, "same_file", text);
            self.uploads[at].also.push(path.clone());
        }
        let Some(told) = told else { return };
        let is_message = |origin: &Origin| {
            origin.file.extension().is_some_and(|e| e.eq_ignore_ascii_case("xml"))
        };
        let before = self.uploads[at].origin.as_ref();
        // Where an update lies beside the first delivery, the later message corrects the other.
        let corrects = before.is_some_and(|before| {
            before.file != told.origin.file && is_message(before) && is_message(&told.origin)
        });
        if !corrects {
            // What held so far is the other one from now on.
            let (new, old) = (told.declared.isrc.clone(), self.uploads[at].declared.as_ref());
            let old = old.and_then(|declared| declared.isrc.clone());
            if let Some(isrc) = other_isrc(new.as_deref(), old.as_deref()) {
                self.uploads[at].other_isrcs.push(isrc);
            }
        }
        let upload = &mut self.uploads[at];
        (upload.declared, upload.origin) = (Some(told.declared), Some(told.origin));
        upload.not_asked = told.not_asked;
    }
}

/// The name at the end of a path, without regard to case, as a number.
fn name_of(file: &str) -> u64 {
    hash(&base_name(Path::new(&file.replace('\\', "/"))).map(|name| folded(&name)))
}

/// Names that several rows have, in whatever folders.
fn repeated_names(manifest: &Manifest) -> HashSet<u64> {
    let mut seen = HashSet::new();
    let names = manifest.rows.iter().map(|row| name_of(&row.file));
    names.filter(|name| !seen.insert(*name)).collect()
}

/// The folder a file lies in, `.` for a bare name.
pub(super) fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests;
