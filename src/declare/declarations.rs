//! Declarations looked up by file: for a manifest or message that is given beside the audio.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use super::by_file::ByFile;
use super::declared::{Declared, DeclaredIn};
use super::delivery::{DeliveryError, Origin, folder_of};
use super::ern::Message;
use super::manifest::Manifest;

/// What is declared about one file.
#[derive(Debug, Clone, PartialEq)]
pub struct Declaration {
    /// What is declared.
    pub declared: Declared,
    /// Manifest or message.
    pub source: DeclaredIn,
    /// Where it was read.
    pub origin: Origin,
}

/// Declarations of one or more manifests and messages.
#[derive(Debug, Default)]
pub struct Declarations {
    entries: Vec<Declaration>,
    files: ByFile,
    /// What could not be used.
    pub errors: Vec<DeliveryError>,
    /// What is unusual.
    pub warnings: Vec<DeliveryError>,
}

impl Declarations {
    /// Adds what a manifest declares, or a message where the name ends in `.xml`.
    ///
    /// Fails where the file cannot be used at all; rows that cannot be used go to `errors`.
    pub fn add_file(&mut self, path: &Path) -> Result<(), DeliveryError> {
        if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("xml")) {
            return self.add_message(path);
        }
        let manifest =
            Manifest::read(path).map_err(|e| DeliveryError::new(path, e.code(), e.to_string()))?;
        for error in &manifest.errors {
            let message = format!("line {}: {}", error.line, error.message);
            self.errors.push(DeliveryError::new(path, "bad_row", message));
        }
        for row in manifest.rows {
            let origin = Origin { file: path.to_owned(), line: Some(row.line) };
            let entry =
                Declaration { declared: row.declared, source: DeclaredIn::Manifest, origin };
            self.add(&folder_of(path), &row.file, entry);
        }
        Ok(())
    }

    fn add_message(&mut self, path: &Path) -> Result<(), DeliveryError> {
        let message =
            Message::read(path).map_err(|e| DeliveryError::new(path, e.code(), e.to_string()))?;
        for warning in message.warnings {
            self.warnings.push(DeliveryError::new(path, "message_warning", warning));
        }
        for recording in message.recordings {
            for file in recording.files {
                let mut declared = recording.declared.clone();
                declared.hash = file.hash;
                let origin = Origin { file: path.to_owned(), line: None };
                let entry = Declaration { declared, source: DeclaredIn::Ern, origin };
                self.add(&folder_of(path), &file.uri, entry);
            }
        }
        Ok(())
    }

    fn add(&mut self, folder: &Path, file: &str, entry: Declaration) {
        let origin = &entry.origin;
        let of_this_table = |first: usize| {
            let first = &self.entries[first].origin;
            (first.file == origin.file).then_some(first)
        };
        let first = self.files.known(folder, file).find_map(of_this_table);
        if let Some(first) = first {
            let line = |origin: &Origin| origin.line.map_or(0, |line| line);
            let message = format!(
                "line {}: `{file}` was described in line {} already",
                line(origin),
                line(first)
            );
            self.errors.push(DeliveryError::new(&origin.file, "duplicate_row", message));
            return;
        }
        self.files.add(folder, file, self.entries.len());
        self.entries.push(entry);
    }

    /// What is declared about each of the files `audio`, in order: by its path, or by its file name where one
    /// entry alone has it.
    ///
    /// A bare name that several of them have declares none: an ISRC on the wrong file accuses somebody. That,
    /// and what is declared about none of them, is a remark in the second list.
    pub fn assign(&self, audio: &[&Path]) -> (Vec<Option<&Declaration>>, Vec<DeliveryError>) {
        let mut taken: HashMap<usize, usize> = HashMap::new();
        let mut found: Vec<Option<usize>> =
            audio.iter().map(|path| self.files.by_path(path)).collect();
        let exact: HashSet<usize> = found.iter().flatten().copied().collect();
        for (place, path) in found.iter_mut().zip(audio).filter(|(place, _)| place.is_none()) {
            *place = self.files.by_name(path).filter(|index| !exact.contains(index));
            if let Some(index) = *place {
                *taken.entry(index).or_default() += 1;
            }
        }
        let shared = |index: &usize| taken.get(index).is_some_and(|files| *files > 1);
        let mut remarks = Vec::new();
        let mut unused: BTreeMap<&Path, (usize, Option<u64>)> = BTreeMap::new();
        for (index, entry) in self.entries.iter().enumerate() {
            let origin = &entry.origin;
            if shared(&index) {
                let files = taken[&index];
                let line = origin.line.map_or(String::new(), |line| format!("line {line}: "));
                let text = format!("{line}{files} files have this name; say which by its folder");
                remarks.push(DeliveryError::new(&origin.file, "ambiguous_name", text));
            } else if !exact.contains(&index) && !taken.contains_key(&index) {
                let of_file = unused.entry(&origin.file).or_insert((0, origin.line));
                of_file.0 += 1;
            }
        }
        for (file, (count, line)) in unused {
            let line = line.map_or(String::new(), |line| format!(" (the first in line {line})"));
            let text = format!("{count} of the files it describes{line} are not among those given");
            remarks.push(DeliveryError::new(file, "unused_declaration", text));
        }
        let given = found
            .into_iter()
            .map(|index| index.filter(|index| !shared(index)).map(|index| &self.entries[index]));
        (given.collect(), remarks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_by_path_then_by_unambiguous_name() {
        let dir = tempfile::tempdir().unwrap();
        let manifest = dir.path().join("m.csv");
        std::fs::write(
            &manifest,
            "path,title\nx/a.mp3,One\nx/b.mp3,Two\ny/b.mp3,Three\n./x/a.mp3,Again\n",
        )
        .unwrap();
        let mut declarations = Declarations::default();
        declarations.add_file(&manifest).unwrap();
        let find = |path: &Path| declarations.assign(&[path]).0.remove(0).cloned();
        let title = |path: &Path| find(path)?.declared.title;
        assert_eq!(title(&dir.path().join("x/b.mp3")).as_deref(), Some("Two"));
        assert_eq!(title(&dir.path().join("y/../y/b.mp3")).as_deref(), Some("Three"));
        assert_eq!(title(Path::new("elsewhere/a.mp3")).as_deref(), Some("One"));
        assert_eq!(title(Path::new("elsewhere/b.mp3")), None, "two files are called so");
        assert_eq!(declarations.errors.len(), 1);
        assert_eq!(declarations.errors[0].code, "duplicate_row");
        assert_eq!(find(Path::new("a.mp3")).unwrap().origin.line, Some(2));
    }

    #[test]
    fn a_name_that_several_files_have_declares_none_of_them() {
        let dir = tempfile::tempdir().unwrap();
        let manifest = dir.path().join("m.csv");
        std::fs::write(&manifest, "path,title\na.mp3,One\nb.mp3,Two\nc.mp3,Three\n").unwrap();
        let mut declarations = Declarations::default();
        declarations.add_file(&manifest).unwrap();
        let exact = dir.path().join("b.mp3");
        let files = ["x/a.mp3", "y/a.mp3", "x/b.mp3"].map(Path::new);
        let (found, remarks) =
            declarations.assign(&[files[0], files[1], files[2], exact.as_path()]);
        let titles: Vec<_> =
            found.iter().map(|d| d.and_then(|d| d.declared.title.as_deref())).collect();
        assert_eq!(titles, [None, None, None, Some("Two")]);
        let told: Vec<_> = remarks.iter().map(|r| (r.code, r.message.as_str())).collect();
        assert_eq!(
            told,
            [
                ("ambiguous_name", "line 2: 2 files have this name; say which by its folder"),
                (
                    "unused_declaration",
                    "1 of the files it describes (the first in line 4) are not among those given"
                ),
            ]
        );
    }

    #[test]
    fn a_manifest_that_cannot_be_used_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("m.csv");
        std::fs::write(&path, "title\nOne\n").unwrap();
        let error = Declarations::default().add_file(&path).unwrap_err();
        assert_eq!(error.code, "bad_manifest");
    }
}
