//! Metadata of references from a CSV file, over what the tags say.
//!
//! The first row names the columns; `path` (or `file`, `filename`) says which file a row is about:
//! the path as indexed, or the bare file name where that is unambiguous. Other known columns are
//! taken, unknown ones ignored. A bad row is one error with its line number; the rest goes on.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use soundalike_index::TrackMeta;

/// Known columns and their aliases.
const COLUMNS: &[(&str, Field)] = &[
    ("title", Field::Title),
    ("track_title", Field::Title),
    ("artist", Field::Artist),
    ("track_artist", Field::Artist),
    ("album", Field::Album),
    ("album_title", Field::Album),
    ("isrc", Field::Isrc),
    ("track_isrc", Field::Isrc),
    ("upc", Field::Upc),
    ("ean", Field::Upc),
    ("label", Field::Label),
    ("catalogue", Field::Catalogue),
    ("catalog", Field::Catalogue),
    ("owner", Field::Owner),
];
const PATH_COLUMNS: &[&str] = &["path", "file", "filename", "track_filename"];
/// Longest value kept.
const MAX_CHARS: usize = 500;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Title,
    Artist,
    Album,
    Isrc,
    Upc,
    Label,
    Catalogue,
    Owner,
}

impl Field {
    fn set(self, meta: &mut TrackMeta, value: String) {
        let slot = match self {
            Field::Artist => return meta.artists = vec![value],
            Field::Title => &mut meta.title,
            Field::Album => &mut meta.album,
            Field::Isrc => &mut meta.isrc,
            Field::Upc => &mut meta.upc,
            Field::Label => &mut meta.label,
            Field::Catalogue => &mut meta.catalogue,
            Field::Owner => &mut meta.owner,
        };
        *slot = Some(value);
    }
}

/// A metadata file that cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum MetadataError {
    /// It cannot be read as CSV.
    #[error("cannot read {}: {source}", path.display())]
    Csv {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: csv::Error,
    },
    /// It has no column that says which file a row is about.
    #[error("{}: no column named path, file or filename", path.display())]
    NoPathColumn {
        /// The file.
        path: PathBuf,
    },
}

/// Rows of a metadata file by the path they are about.
#[derive(Debug, Default)]
pub struct Metadata {
    rows: Vec<Vec<(Field, String)>>,
    by_path: HashMap<String, usize>,
    /// File names; `None` where several rows share one.
    by_name: HashMap<String, Option<usize>>,
    /// Rows that could not be read, with file and line.
    pub bad_rows: Vec<String>,
}

impl Metadata {
    /// Reads a CSV file.
    pub fn read(path: &Path) -> Result<Metadata, MetadataError> {
        let error = |source| MetadataError::Csv { path: path.to_owned(), source };
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(path).map_err(error)?;
        let header: Vec<String> = reader
            .headers()
            .map_err(error)?
            .iter()
            .map(|h| h.trim_start_matches('\u{feff}').trim().to_lowercase())
            .collect();
        let path_column = header
            .iter()
            .position(|h| PATH_COLUMNS.contains(&h.as_str()))
            .ok_or_else(|| MetadataError::NoPathColumn { path: path.to_owned() })?;
        let fields: Vec<Option<Field>> = header
            .iter()
            .map(|h| COLUMNS.iter().find(|(name, _)| name == h).map(|(_, field)| *field))
            .collect();
        let mut metadata = Metadata::default();
        for record in reader.records() {
            match record {
                Ok(record) => metadata.add(&record, path_column, &fields, path),
                Err(e) => metadata.bad_rows.push(format!("{}: {e}", path.display())),
            }
        }
        Ok(metadata)
    }

    fn add(
        &mut self,
        record: &csv::StringRecord,
        path_column: usize,
        fields: &[Option<Field>],
        source: &Path,
    ) {
        let line = record.position().map_or(0, csv::Position::line);
        let Some(file) = record.get(path_column).map(str::trim).filter(|f| !f.is_empty()) else {
            self.bad_rows.push(format!("{}, line {line}: no path", source.display()));
            return;
        };
        let clean = |v: &str| -> String {
            v.trim().chars().filter(|c| !c.is_control()).take(MAX_CHARS).collect()
        };
        let row = fields
            .iter()
            .zip(record)
            .filter_map(|(field, value)| Some(((*field)?, clean(value))))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let index = self.rows.len();
        self.rows.push(row);
        self.by_path.insert(file.to_owned(), index);
        if let Some(name) = Path::new(file).file_name() {
            let name = name.to_string_lossy().into_owned();
            self.by_name.entry(name).and_modify(|row| *row = None).or_insert(Some(index));
        }
    }

    /// Writes what is known of `path` over `meta`.
    pub fn apply(&self, path: &Path, meta: &mut TrackMeta) {
        let name = || path.file_name().map(|n| n.to_string_lossy().into_owned());
        let row = self
            .by_path
            .get(path.to_string_lossy().as_ref())
            .copied()
            .or_else(|| self.by_name.get(&name()?).copied().flatten());
        for (field, value) in row.into_iter().flat_map(|row| &self.rows[row]) {
            field.set(meta, value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Metadata {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("m.csv");
        std::fs::write(&path, text).unwrap();
        Metadata::read(&path).unwrap()
    }

    #[test]
    fn rows_apply_by_path_or_by_unambiguous_name() {
        let m = read(
            "\u{feff}Filename,Title,ISRC,extra\nx/a.mp3,One,USABC2600001,?\nx/b.mp3,Two\ny/b.mp3,Three\n",
        );
        let title = |path: &str| {
            let mut meta = TrackMeta { title: Some("tag".into()), ..TrackMeta::default() };
            m.apply(Path::new(path), &mut meta);
            (meta.title.unwrap(), meta.isrc)
        };
        assert_eq!(title("elsewhere/a.mp3"), ("One".into(), Some("USABC2600001".into())));
        assert_eq!(title("y/b.mp3").0, "Three");
        assert_eq!(title("z/b.mp3").0, "tag");
    }

    #[test]
    fn a_row_without_a_path_is_named_and_the_rest_is_kept() {
        let m = read("path,title\n,Nothing\na.mp3,Something\n");
        assert_eq!(m.bad_rows.len(), 1);
        assert!(m.bad_rows[0].contains("line 2"), "{}", m.bad_rows[0]);
        assert_eq!(m.by_path.len(), 1);
    }
}
