//! What is to be looked at: files, with what is declared about them.

use std::path::{Path, PathBuf};

use crate::declare::declarations::{Declaration, Declarations};
use crate::declare::declared::{Declared, DeclaredIn, NotAsked};
use crate::declare::delivery::{self, Delivery, DeliveryError};
use crate::report::records::{ErrorRecord, NoteRecord};

/// A file to look at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Item {
    /// The file.
    pub path: PathBuf,
    /// What manifests, messages and the command line declare about it, with where that was said; tags are
    /// read with the file.
    pub declared: Vec<(DeclaredIn, Declared)>,
    /// What no table that describes it has a column for: a gap there is not held against it.
    pub not_asked: NotAsked,
    /// ISRCs that a table or message gives it besides the one in `declared`.
    pub other_isrcs: Vec<String>,
    /// Further paths that lead to the same file.
    pub also: Vec<PathBuf>,
}

impl Item {
    /// A file about which nothing is declared.
    pub fn bare(path: impl Into<PathBuf>) -> Item {
        Item { path: path.into(), ..Item::default() }
    }

    /// Adds what a table or message beside the audio declares about it.
    #[doc(hidden)]
    pub fn declare(&mut self, found: Declaration) {
        let asked = found.not_asked;
        self.not_asked = if self.declared.is_empty() { asked } else { self.not_asked.and(asked) };
        self.other_isrcs.extend(found.other_isrcs);
        self.declared.push((found.source, found.declared));
    }
}

/// Uploads with their declarations, and what could not be used.
#[derive(Debug, Default)]
pub struct Uploads {
    /// The files.
    pub items: Vec<Item>,
    /// Paths, rows and messages that could not be used.
    pub errors: Vec<ErrorRecord>,
    /// What is worth a remark: files that nobody looks at, columns that were passed over, messages with which
    /// nothing was delivered.
    pub notes: Vec<NoteRecord>,
}

impl Uploads {
    /// What `paths` name: audio files, folders to walk, manifests (`.csv`, `.tsv`, `.jsonl`), DDEX messages
    /// (`.xml`), folders of DDEX releases or batches. What cannot be used is listed in it.
    pub fn of_paths<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Uploads {
        let paths: Vec<PathBuf> = paths.into_iter().map(|path| path.as_ref().to_owned()).collect();
        Uploads::of_delivery(&delivery::expand(&paths))
    }

    /// The files of a delivery.
    #[doc(hidden)]
    pub fn of_delivery(delivery: &Delivery) -> Uploads {
        let item = |upload: &delivery::DeliveredFile| {
            let origin = upload.origin.as_ref().map_or(DeclaredIn::Manifest, |o| source(&o.file));
            let declared = upload.declared.iter().map(|d| (origin, d.clone())).collect();
            Item {
                path: upload.path.clone(),
                declared,
                not_asked: upload.not_asked,
                other_isrcs: upload.other_isrcs.clone(),
                also: upload.also.clone(),
            }
        };
        let empty = delivery.empty_folders.iter();
        let empty =
            empty.map(|dir| NoteRecord::new(dir, "empty_folder", "no audio files in this folder"));
        let told = delivery.warnings.iter().chain(&delivery.not_looked_at).map(NoteRecord::from);
        Uploads {
            items: delivery.uploads.iter().map(item).collect(),
            errors: delivery.errors.iter().map(ErrorRecord::from).collect(),
            notes: empty.chain(told).collect(),
        }
    }

    /// Adds what tables and messages beside the audio declare.
    #[doc(hidden)]
    pub fn describe(&mut self, declarations: &Declarations) {
        // A table may name a file by any of the links to it.
        let named = |at: usize, item: &Item| -> Vec<(usize, PathBuf)> {
            std::iter::once(&item.path).chain(&item.also).map(|path| (at, path.clone())).collect()
        };
        let names: Vec<(usize, PathBuf)> =
            self.items.iter().enumerate().flat_map(|(at, item)| named(at, item)).collect();
        let paths: Vec<&Path> = names.iter().map(|(_, path)| path.as_path()).collect();
        let (given, remarks) = declarations.assign(&paths);
        self.note(&remarks);
        for ((at, _), found) in names.iter().zip(given) {
            if let Some(found) = found {
                self.items[*at].declare(found);
            }
        }
    }

    /// Adds remarks of tables and messages beside the audio.
    #[doc(hidden)]
    pub fn note(&mut self, remarks: &[DeliveryError]) {
        self.notes.extend(remarks.iter().map(NoteRecord::from));
    }
}

fn source(file: &Path) -> DeclaredIn {
    let is_message = file.extension().is_some_and(|e| e.eq_ignore_ascii_case("xml"));
    if is_message { DeclaredIn::Ern } else { DeclaredIn::Manifest }
}
