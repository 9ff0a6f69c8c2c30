//! What is to be looked at: files, with what is declared about them.

use std::path::{Path, PathBuf};

use crate::declare::declared::{Declared, DeclaredIn};
use crate::declare::delivery::{self, Delivery};
use crate::report::records::ErrorRecord;

/// A file to look at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Item {
    /// The file.
    pub path: PathBuf,
    /// What manifests, messages and the command line declare about it, with where that was said; tags are
    /// read with the file.
    pub declared: Vec<(DeclaredIn, Declared)>,
}

impl Item {
    /// A file about which nothing is declared.
    pub fn bare(path: impl Into<PathBuf>) -> Item {
        Item { path: path.into(), declared: Vec::new() }
    }
}

/// Uploads with their declarations, and what could not be used.
#[derive(Debug, Default)]
pub struct Uploads {
    /// The files.
    pub items: Vec<Item>,
    /// Paths, rows and messages that could not be used.
    pub errors: Vec<ErrorRecord>,
    /// What is worth a remark and keeps nothing from being looked at.
    pub remarks: Vec<String>,
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
            Item { path: upload.path.clone(), declared }
        };
        let empty = delivery.empty_folders.iter();
        let empty = empty.map(|dir| format!("{}: no audio files in this folder", dir.display()));
        Uploads {
            items: delivery.uploads.iter().map(item).collect(),
            errors: delivery.errors.iter().map(ErrorRecord::from).collect(),
            remarks: empty.chain(delivery.warnings.iter().map(ToString::to_string)).collect(),
        }
    }
}

fn source(file: &Path) -> DeclaredIn {
    let is_message = file.extension().is_some_and(|e| e.eq_ignore_ascii_case("xml"));
    if is_message { DeclaredIn::Ern } else { DeclaredIn::Manifest }
}
