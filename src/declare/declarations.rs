//! Declarations looked up by file: for a manifest or message that is given beside the audio.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::by_file::{Assigned, ByFile};
use super::declared::{Declared, DeclaredIn, NotAsked};
use super::delivery::{DeliveryError, Origin, folder_of, not_asked, of_table};
use super::ern::Message;
use super::identifiers::other_isrc;
use super::manifest::Manifest;
use crate::counted::{agree, count};

/// Rows about a file that has one already, told one by one.
const MAX_TOLD: usize = 1000;

/// What is declared about one file.
#[derive(Debug, Clone, PartialEq)]
pub struct Declaration {
    /// What is declared.
    pub declared: Declared,
    /// Manifest or message.
    pub source: DeclaredIn,
    /// Where it was read.
    pub origin: Origin,
    /// What the table has no column for.
    pub not_asked: NotAsked,
    /// ISRCs that further rows or recordings give the same file.
    pub other_isrcs: Vec<String>,
}

/// Where an entry stands, by number.
#[derive(Debug, Clone, Copy)]
enum Place {
    Row { table: usize, row: usize },
    Resource { message: usize, recording: usize, file: usize },
}

/// Declarations of one or more manifests and messages.
#[derive(Debug, Default)]
pub struct Declarations {
    tables: Vec<Manifest>,
    messages: Vec<(PathBuf, Message)>,
    entries: Vec<Place>,
    files: ByFile,
    other_isrcs: HashMap<usize, Vec<String>>,
    repeated: usize,
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
        let (errors, notes) = of_table(&manifest);
        self.errors.extend(errors);
        self.warnings.extend(notes);
        let (folder, table) = (folder_of(path), self.tables.len());
        let files: Vec<Box<str>> = manifest.rows.iter().map(|row| row.file.clone()).collect();
        self.tables.push(manifest);
        for (row, file) in files.iter().enumerate() {
            self.add(&folder, file, Place::Row { table, row });
        }
        self.tell_repeated(path);
        Ok(())
    }

    fn add_message(&mut self, path: &Path) -> Result<(), DeliveryError> {
        let mut read =
            Message::read(path).map_err(|e| DeliveryError::new(path, e.code(), e.to_string()))?;
        for warning in std::mem::take(&mut read.warnings) {
            self.warnings.push(DeliveryError::new(path, "message_warning", warning));
        }
        let (folder, message) = (folder_of(path), self.messages.len());
        self.messages.push((path.to_owned(), read));
        for recording in 0..self.messages[message].1.recordings.len() {
            for file in 0..self.messages[message].1.recordings[recording].files.len() {
                let uri = self.messages[message].1.recordings[recording].files[file].uri.clone();
                self.add(&folder, &uri, Place::Resource { message, recording, file });
            }
        }
        self.tell_repeated(path);
        Ok(())
    }

    /// Manifest or message.
    fn source(&self, place: Place) -> &Path {
        match place {
            Place::Row { table, .. } => &self.tables[table].path,
            Place::Resource { message, .. } => &self.messages[message].0,
        }
    }

    fn line(&self, place: Place) -> Option<u64> {
        match place {
            Place::Row { table, row } => Some(self.tables[table].rows[row].line.into()),
            Place::Resource { .. } => None,
        }
    }

    fn declared(&self, place: Place) -> Declared {
        match place {
            Place::Row { table, row } => {
                let table = &self.tables[table];
                table.described(&table.rows[row]).declared
            }
            Place::Resource { message, recording, file } => {
                let recording = &self.messages[message].1.recordings[recording];
                let mut declared = recording.declared();
                declared.hash.clone_from(&recording.files[file].hash);
                declared
            }
        }
    }

    fn add(&mut self, folder: &Path, file: &str, place: Place) {
        let known = self.files.known(folder, file);
        let first = known.filter(|at| self.source(self.entries[*at]) == self.source(place));
        let Some(first) = first else {
            self.files.add(folder, file, self.entries.len());
            self.entries.push(place);
            return;
        };
        let (one, other) = (self.declared(self.entries[first]), self.declared(place));
        if let Some(isrc) = other_isrc(one.isrc.as_deref(), other.isrc.as_deref()) {
            self.other_isrcs.entry(first).or_default().push(isrc);
        }
        self.repeated += 1;
        if self.repeated <= MAX_TOLD {
            let said = match (self.line(place), self.line(self.entries[first])) {
                (Some(line), Some(first)) => {
                    format!("line {line}: `{file}` was described in line {first} already")
                }
                _ => format!("`{file}` is named again for another recording"),
            };
            let error = DeliveryError::new(self.source(place), "duplicate_row", said);
            self.errors.push(error);
        }
    }

    fn tell_repeated(&mut self, path: &Path) {
        let more = std::mem::take(&mut self.repeated).saturating_sub(MAX_TOLD);
        if more > 0 {
            let said = format!(
                "{} {} about files that were described already",
                count(more, "more row", "more rows"),
                agree(more, "is", "are")
            );
            self.errors.push(DeliveryError::new(path, "duplicate_row", said));
        }
    }

    /// What is declared about each of the files `audio`, in order: by its path, or by its file name where one
    /// entry alone has it.
    ///
    /// A bare name that several of them have declares none: an ISRC on the wrong file accuses somebody. That,
    /// and what is declared about none of them, is a remark in the second list.
    pub fn assign(&self, audio: &[&Path]) -> (Vec<Option<Declaration>>, Vec<DeliveryError>) {
        let Assigned { found, taken } = self.files.assign(audio);
        let mut remarks = Vec::new();
        let mut unused: BTreeMap<&Path, (usize, Option<u64>)> = BTreeMap::new();
        for (index, place) in self.entries.iter().enumerate() {
            let (source, line) = (self.source(*place), self.line(*place));
            if let Some(files) = taken.get(&index).filter(|files| **files > 1) {
                let line = line.map_or(String::new(), |line| format!("line {line}: "));
                let text = format!("{line}{files} files have this name; say which by its folder");
                remarks.push(DeliveryError::new(source, "ambiguous_name", text));
            } else if !taken.contains_key(&index) {
                unused.entry(source).or_insert((0, line)).0 += 1;
            }
        }
        for (file, (number, line)) in unused {
            let line = line.map_or(String::new(), |line| format!(" (the first in line {line})"));
            let are = agree(number, "is", "are");
            let text =
                format!("{number} of the files it describes{line} {are} not among those given");
            remarks.push(DeliveryError::new(file, "unused_declaration", text));
        }
        let given = found.into_iter().map(|index| Some(self.declaration(index?)));
        (given.collect(), remarks)
    }

    fn declaration(&self, index: usize) -> Declaration {
        let place = self.entries[index];
        let (source, asked) = match place {
            Place::Row { table, .. } => (DeclaredIn::Manifest, not_asked(&self.tables[table])),
            Place::Resource { .. } => (DeclaredIn::Ern, NotAsked::default()),
        };
        Declaration {
            declared: self.declared(place),
            source,
            origin: Origin { file: self.source(place).to_owned(), line: self.line(place) },
            not_asked: asked,
            other_isrcs: self.other_isrcs.get(&index).cloned().unwrap_or_default(),
        }
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
        let find = |path: &Path| declarations.assign(&[path]).0.remove(0);
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
        let titles: Vec<_> = found.iter().map(|d| d.as_ref()?.declared.title.as_deref()).collect();
        assert_eq!(titles, [None, None, None, Some("Two")]);
        let told: Vec<_> = remarks.iter().map(|r| (r.code, r.message.as_str())).collect();
        assert_eq!(
            told,
            [
                ("ambiguous_name", "line 2: 2 files have this name; say which by its folder"),
                (
                    "unused_declaration",
                    "1 of the files it describes (the first in line 4) is not among those given"
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

    #[test]
    fn paths_of_another_machine_and_other_case_are_found_where_one_file_alone_fits() {
        let dir = tempfile::tempdir().unwrap();
        let manifest = dir.path().join("m.csv");
        std::fs::write(
            &manifest,
            "path,title\nC:\\Users\\ann\\c.mp3,One\nA.MP3,Two\n/Users/ann/d.mp3,Three\nx/E.mp3,Four\ny/e.mp3,Five\n",
        )
        .unwrap();
        let mut declarations = Declarations::default();
        declarations.add_file(&manifest).unwrap();
        let title = |name: &str| {
            let path = dir.path().join(name);
            declarations.assign(&[path.as_path()]).0.remove(0)?.declared.title
        };
        assert_eq!(title("c.mp3").as_deref(), Some("One"));
        assert_eq!(title("a.mp3").as_deref(), Some("Two"));
        assert_eq!(title("sub/d.mp3").as_deref(), Some("Three"));
        assert_eq!(title("X/e.mp3").as_deref(), Some("Four"));
        assert_eq!(title("e.mp3").as_deref(), Some("Five"), "the one of that very name");
        assert_eq!(title("E.MP3"), None, "it may be either");
    }

    #[test]
    fn one_file_under_two_codes_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let manifest = dir.path().join("m.csv");
        std::fs::write(&manifest, "path,isrc\na.mp3,USRC17607839\n./a.mp3,US-RC1-76-07840\n")
            .unwrap();
        let mut declarations = Declarations::default();
        declarations.add_file(&manifest).unwrap();
        let path = dir.path().join("a.mp3");
        let found = declarations.assign(&[path.as_path()]).0.remove(0).unwrap();
        assert_eq!(found.other_isrcs, ["USRC17607840"]);
        assert!(found.not_asked.rights && !found.not_asked.isrc);
    }
}
