//! From what a user names to uploads: which files to read and what is declared about each.
//!
//! A path may be an audio file, a folder of them, a manifest, a DDEX message, the folder of a release
//! (a message and its `resources/`), or a DDEX batch: one such folder for each release and, once all
//! is there, a file `BatchComplete_<BatchId>.xml`. What is declared but not delivered is an error;
//! what is delivered but not declared is still an upload, and a warning. Names inside messages and
//! manifests come from strangers: they never lead out of the folder they lie in.

mod ddex;
mod resolve;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

pub use self::ddex::{BatchState, batch_state, is_batch_complete, is_marker};
use self::resolve::{ResolveError, resolve};
use super::declared::Declared;
use super::inputs;
use super::manifest::Manifest;
use crate::id::path_text;

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
    /// Uploads by [`identity`].
    by_path: HashMap<PathBuf, usize>,
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
    format!("cannot read {}: {source}", path.display())
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
        let found = match path.is_dir() {
            true => inputs::collect_within(path, path),
            false => inputs::collect(&[path.to_owned()]),
        };
        for error in found.errors {
            self.fail(&error.path, "io_error", error.to_string());
        }
        found.outside.iter().for_each(|link| self.fail_outside(link));
        self.empty_folders.extend(found.empty_folders);
        for path in found.files {
            self.upload(path, None);
        }
    }

    fn add_manifest(&mut self, path: &Path) {
        let manifest = match Manifest::read(path) {
            Ok(manifest) => manifest,
            Err(e) => return self.fail(path, e.code(), e.to_string()),
        };
        for error in &manifest.errors {
            self.fail(path, "bad_row", format!("line {}: {}", error.line, error.message));
        }
        let root = folder_of(path);
        for row in manifest.rows {
            let line = row.line;
            match resolve(&root, &[], &row.file) {
                Ok(file) => {
                    let origin = Origin { file: path.to_owned(), line: Some(line) };
                    if let Some(first) = self.declared_line(&file, path) {
                        let message = format!(
                            "line {line}: `{}` was described in line {first} already",
                            row.file
                        );
                        self.fail(path, "duplicate_row", message);
                    } else {
                        self.upload(file, Some((row.declared, origin)));
                    }
                }
                Err(e) => self.fail(path, e.code(), format!("line {line}: `{}` {e}", row.file)),
            }
        }
    }

    /// The line of `manifest` that declares `file`, if one was met.
    fn declared_line(&self, file: &Path, manifest: &Path) -> Option<u64> {
        let origin = self.known(file)?.origin.as_ref()?;
        (origin.file == manifest).then_some(origin.line).flatten()
    }

    /// The upload that `file` is, however its path was spelled.
    fn known(&self, file: &Path) -> Option<&DeliveredFile> {
        self.by_path.get(&identity(file)).map(|at| &self.uploads[*at])
    }

    /// Adds an upload, or adds a declaration to one that has none.
    fn upload(&mut self, path: PathBuf, declaration: Option<(Declared, Origin)>) {
        let (declared, origin) = declaration.unzip();
        let key = identity(&path);
        match self.by_path.get(&key) {
            Some(&at) => {
                let upload = &mut self.uploads[at];
                if declared.is_some() {
                    (upload.declared, upload.origin) = (declared, origin);
                }
            }
            None => {
                self.by_path.insert(key, self.uploads.len());
                self.uploads.push(DeliveredFile { path, declared, origin });
            }
        }
    }
}

/// The same for all spellings of a path, so that no file is taken for a copy of itself.
///
/// A link at its end is not followed: two links into a store of files are two uploads.
fn identity(path: &Path) -> PathBuf {
    let folder = folder_of(path).canonicalize();
    folder.ok().zip(path.file_name()).map_or_else(|| path.to_owned(), |(f, name)| f.join(name))
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
