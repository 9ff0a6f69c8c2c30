//! Metadata of references from a table, over what the tags say.
//!
//! The table is a manifest as `scan` reads it, with the same columns, and with two that only references
//! have: their catalogue and their owner. A row is about the file at its path, as written or from the
//! folder of the table, or about the one whose bare name no other row has. A bad row is one error with
//! its line number; the rest goes on.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::by_file::{Assigned, ByFile};
use super::delivery::folder_of;
use super::manifest::columns::Field;
use super::manifest::{Described, Manifest, ManifestError, Note, Row};
use crate::counted::count;

/// Rows that could not be used told one by one.
const MAX_TOLD: usize = 1000;
/// Rows named of those that name no file.
const MAX_NAMED: usize = 3;
/// Longest name of a file that is told, in characters.
const MAX_NAME: usize = 80;

/// Rows of a table of metadata by the file they are about.
#[derive(Debug, Default)]
pub struct Metadata {
    table: Option<Manifest>,
    /// The rows that are entries of `files`.
    rows: Vec<u32>,
    files: ByFile,
    /// The entry about each file, once it is known which there are.
    assigned: HashMap<PathBuf, Option<usize>>,
    /// Rows that name none of the files, once it is known which there are.
    pub unused: usize,
    /// Rows, and values in them, that could not be used, with file and line; the first ones.
    pub bad_rows: Vec<String>,
    /// How many there were in all.
    pub bad: usize,
    /// What was passed over or is doubtful.
    pub notes: Vec<Note>,
}

impl Metadata {
    /// Reads a table, or JSON Lines.
    pub fn read(path: &Path) -> Result<Metadata, ManifestError> {
        let mut manifest = Manifest::read(path)?;
        let mut metadata = Metadata::default();
        for error in std::mem::take(&mut manifest.errors) {
            metadata.bad_row(path, error.line, &error.message);
        }
        metadata.notes = std::mem::take(&mut manifest.notes);
        let folder = folder_of(path);
        for (at, row) in manifest.rows.iter().enumerate() {
            if let Some(first) = metadata.files.known(&folder, &row.file) {
                let first = manifest.rows[metadata.rows[first] as usize].line;
                let message = format!("`{}` was described in line {first} already", row.file);
                metadata.bad_row(path, row.line.into(), &message);
                continue;
            }
            metadata.files.add(&folder, &row.file, metadata.rows.len());
            metadata.rows.push(u32::try_from(at).unwrap_or(u32::MAX));
        }
        metadata.table = Some(manifest);
        Ok(metadata)
    }

    /// Columns that say something of the sounds of a library alone, as they are called.
    pub fn of_library(&self) -> Option<String> {
        self.table.as_ref()?.filled(Field::is_of_library)
    }

    fn bad_row(&mut self, source: &Path, line: u64, message: &str) {
        self.bad += 1;
        if self.bad > MAX_TOLD {
            return;
        }
        self.bad_rows.push(format!("{}, line {line}: {message}", source.display()));
    }

    /// Which rows are about which of `files`, the only ones that [`row`](Metadata::row) is asked about; what is
    /// to be said of those that name none of them, or by a bare name several.
    pub fn assign(&mut self, files: &[PathBuf]) -> Vec<String> {
        let Some(table) = &self.table else { return Vec::new() };
        let paths: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
        let Assigned { found, taken } = self.files.assign(&paths);
        let row = |entry: usize| &table.rows[self.rows[entry] as usize];
        let shown = |row: &Row| {
            let name: String = row.file.chars().take(MAX_NAME).collect();
            format!("line {} (`{name}`)", row.line)
        };
        let entries = 0..self.rows.len();
        let several = entries.clone().filter_map(|entry| {
            let files = taken.get(&entry).filter(|files| **files > 1)?;
            Some(format!(
                "{}: {files} files have this name, so it is about none of them; say which by its folder",
                shown(row(entry))
            ))
        });
        let mut said: Vec<String> = several.take(MAX_TOLD).collect();
        let unused: Vec<usize> = entries.filter(|entry| !taken.contains_key(entry)).collect();
        if !unused.is_empty() {
            let first: Vec<String> =
                unused.iter().take(MAX_NAMED).map(|entry| shown(row(*entry))).collect();
            let more = if unused.len() > MAX_NAMED { ", …" } else { "" };
            said.push(format!(
                "{} of {} {} no file that was found: {}{more}",
                unused.len(),
                count(self.rows.len(), "row", "rows"),
                if unused.len() == 1 { "names" } else { "name" },
                first.join(", ")
            ));
        }
        self.unused = unused.len();
        self.assigned = files.iter().cloned().zip(found).collect();
        said
    }

    /// What the table says about the file at `path`, one of those that were assigned.
    pub fn row(&self, path: &Path) -> Option<Described> {
        // Most indexes are made without.
        let table = self.table.as_ref()?;
        let found = (*self.assigned.get(path)?)?;
        Some(table.described(&table.rows[self.rows[found] as usize]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::declare::declared::Declared;

    /// What it says about the file at `path`, if that is the only one.
    fn about(m: &mut Metadata, path: &str) -> Option<Described> {
        m.assign(&[path.into()]);
        m.row(Path::new(path))
    }

    fn read(text: &str) -> Metadata {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("m.csv");
        std::fs::write(&path, text).unwrap();
        Metadata::read(&path).unwrap()
    }

    #[test]
    fn rows_apply_by_path_or_by_unambiguous_name() {
        let mut m = read(
            "\u{feff}Filename,Title,ISRC,extra\nx/a.mp3,One,USABC2600001,?\nx/b.mp3,Two\ny/b.mp3,Three\n",
        );
        let mut row = |path: &str| about(&mut m, path).map(|row| row.declared);
        let one = row("elsewhere/a.mp3").unwrap();
        assert_eq!(one.title.as_deref(), Some("One"));
        assert_eq!(one.isrc.as_deref(), Some("USABC2600001"));
        assert_eq!(row("y/b.mp3").unwrap().title.as_deref(), Some("Three"));
        assert_eq!(row("z/b.mp3"), None);
    }

    #[test]
    fn a_table_good_for_a_scan_is_good_for_an_index() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("m.csv");
        let title = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            let mut metadata = Metadata::read(&path).unwrap();
            let row = about(&mut metadata, "a.wav").unwrap();
            (row.declared.title.clone(), row.owner.clone())
        };
        let expected = (Some("Ärger".to_owned()), Some("O".to_owned()));
        let table = "path;title;owner\r\na.wav;Ärger;O\r\n";
        let utf16: Vec<u8> = "\u{feff}"
            .encode_utf16()
            .chain(table.encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(title(&utf16), expected);
        assert_eq!(title(b"path,title,owner\na.wav,\xC4rger,O\n"), expected);
        for text in [
            table,
            "Bulk upload v3;;\n\nAudio File;Track Title;Owner\na.wav;Ärger;O\n",
            "sep=|\nTrack Filename|Song Name|owner\na.wav|Ärger|O\n",
            "{\"file\":\"a.wav\",\"track\":{\"title\":\"Ärger\"},\"owner\":\"O\"}\n",
        ] {
            assert_eq!(title(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn every_known_column_is_read() {
        let mut m = read(
            "path,title,artist,Artist 2,album,isrc,upc,label,catalogue,owner\n\
             a.mp3,T,One & Two,Three,A,USABC2600001,036000291452,L,C,O\n\
             b.mp3,,,,,auto,,,,\n",
        );
        let row = about(&mut m, "a.mp3").unwrap();
        let d = row.declared;
        let all = [d.title, d.album, d.isrc, d.upc, d.label, row.catalogue, row.owner];
        let written = ["T", "A", "USABC2600001", "036000291452", "L", "C", "O"];
        assert_eq!(all.map(Option::unwrap), written);
        assert_eq!(d.artists, ["One & Two", "Three"]);
        let blank = about(&mut m, "b.mp3").unwrap();
        let nothing = Declared::default();
        assert_eq!(blank.declared, nothing, "blank cells and codes to be assigned say nothing");
    }

    #[test]
    fn a_file_described_twice_is_named_and_the_first_row_holds() {
        let mut m = read("path,title\nx/a.mp3,One\n./x/a.mp3,Two\n");
        assert_eq!(m.bad_rows.len(), 1);
        assert!(
            m.bad_rows[0].ends_with("m.csv, line 3: `./x/a.mp3` was described in line 2 already"),
            "{}",
            m.bad_rows[0]
        );
        let row = about(&mut m, "x/a.mp3").unwrap();
        assert_eq!(row.declared.title.as_deref(), Some("One"));
    }

    #[test]
    fn paths_are_read_from_the_folder_of_the_table_too() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("m.csv");
        std::fs::write(&path, "path,title\nx/a.mp3,One\ny/a.mp3,Two\n").unwrap();
        let mut m = Metadata::read(&path).unwrap();
        let file = dir.path().join("y/a.mp3");
        m.assign(std::slice::from_ref(&file));
        let row = m.row(&file).unwrap();
        assert_eq!(row.declared.title.as_deref(), Some("Two"));
    }

    #[test]
    fn a_row_without_a_path_is_named_and_the_rest_is_kept() {
        let m = read("path,title\n,Nothing\na.mp3,Something\n");
        assert_eq!(m.bad_rows.len(), 1);
        assert!(m.bad_rows[0].contains("line 2"), "{}", m.bad_rows[0]);
        assert_eq!(m.rows.len(), 1);
    }

    #[test]
    fn rows_that_name_no_file_or_several_are_told() {
        let mut m = read("path,title\na.mp3,A\nb.mp3,B\ngone.mp3,C\nx/d.mp3,D\naway.mp3,E\n");
        let files: Vec<PathBuf> =
            ["x/a.mp3", "y/a.mp3", "b.mp3", "x/d.mp3", "y/d.mp3"].map(PathBuf::from).into();
        let said = m.assign(&files);
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].starts_with("line 2 (`a.mp3`): 2 files have this name"), "{said:?}");
        assert_eq!(
            said[1],
            "2 of 5 rows name no file that was found: line 4 (`gone.mp3`), line 6 (`away.mp3`)"
        );
        assert_eq!(m.unused, 2);
        let titles: Vec<Option<String>> =
            files.iter().map(|file| m.row(file)?.declared.title).collect();
        let some = |title: &str| Some(title.to_owned());
        assert_eq!(
            titles,
            [None, None, some("B"), some("D"), None],
            "none to a file it is not about"
        );
        // The same file given twice is one.
        let twice = ["b.mp3", "b.mp3"].map(PathBuf::from);
        m.assign(&twice);
        assert!(m.row(&twice[0]).is_some());
    }
}
