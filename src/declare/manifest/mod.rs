//! Manifests: tables (CSV, TSV) and JSON Lines that say what each audio file is.
//!
//! One row is about one file. The separator (comma, semicolon, tab, bar) is told from the header;
//! the header may be preceded by other lines, as in templates with a title. Spreadsheets add byte order
//! marks, `sep=;` lines, notes in headers and old encodings, so these are understood. A row that cannot be
//! used is one [`RowError`]; the rest goes on. What is passed over (columns that are not known, values that
//! mean nothing to us) is named once for each column.
//!
//! A table may have a million rows of which few are wanted, so a row is kept as its place in the text and
//! read again when it is asked for.

pub mod columns;
mod field;
mod headers;
mod joined;
mod json;
mod names;
pub(in crate::declare) mod row;
mod table;
mod tally;

use std::path::{Path, PathBuf};

use soundalike_index::Library;

use self::columns::Field;
use self::tally::Column;
use super::declared::{Declared, DeclaredIn};
use super::text::{self, ReadError};
use crate::counted::count;

/// Largest manifest read, in bytes.
const MAX_BYTES: u64 = 128 << 20;
/// Most rows read.
const MAX_ROWS: usize = 1_000_000;
/// Longest cell, in bytes; longer ones come from a quotation mark that is never closed.
const MAX_CELL: usize = 64 << 10;
/// Most problems reported one by one.
const MAX_ERRORS: usize = 1_000;

/// Which file a row is about, and where the row stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The file, as written: a path or an address.
    pub file: Box<str>,
    /// Line the row begins in, counted from 1.
    pub line: u32,
    /// First byte and length of the row in the text.
    range: (u32, u32),
}

/// What a row says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Described {
    /// What is declared.
    pub declared: Declared,
    /// The catalogue that a reference belongs to.
    pub catalogue: Option<String>,
    /// Who owns a reference.
    pub owner: Option<String>,
    /// What a library says of a loop or sample.
    pub library: Option<Library>,
}

/// A row, or a value in it, that could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError {
    /// Line the row begins in, counted from 1.
    pub line: u64,
    /// What is wrong.
    pub message: String,
}

/// A manifest that cannot be used at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// No column says which file a row is about.
    #[error(
        "{}: no column names the audio file (path, file, filename, track_filename, audio_file …); \
         columns understood: {understood}",
        path.display()
    )]
    NoFileColumn {
        /// The manifest.
        path: PathBuf,
        /// The columns that are known, by our names; what else the file holds is not told.
        understood: String,
    },
    /// It holds nothing.
    #[error("{}: empty", path.display())]
    Empty {
        /// The manifest.
        path: PathBuf,
    },
    /// It holds bytes that no text holds.
    #[error(
        "{}: not a text file (a NUL byte in line {line}); a table (.csv, .tsv) or JSON Lines is expected",
        path.display()
    )]
    NotText {
        /// The manifest.
        path: PathBuf,
        /// The line that holds one.
        line: usize,
    },
    /// It is JSON, but not one object a line.
    #[error("{}: one JSON object a line is expected, not one array", path.display())]
    JsonArray {
        /// The manifest.
        path: PathBuf,
    },
}

impl ManifestError {
    /// Short, stable name of the cause.
    pub fn code(&self) -> &'static str {
        match self {
            ManifestError::Read(_) => "unreadable",
            _ => "bad_manifest",
        }
    }
}

/// Something that was passed over, or read in one of several ways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Short, stable name of what it is.
    pub code: &'static str,
    /// In words.
    pub message: String,
}

/// How the text is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Table(table::Shape),
    Lines(json::Paths),
}

/// A manifest, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// The file it was read from.
    pub path: PathBuf,
    /// Rows in their order.
    pub rows: Vec<Row>,
    /// What could not be used, in the order of lines.
    pub errors: Vec<RowError>,
    /// What was passed over or is doubtful, once for each column.
    pub notes: Vec<Note>,
    text: String,
    form: Form,
    columns: Vec<Column>,
    /// Errors in all.
    problems: usize,
}

impl Manifest {
    /// Reads a manifest. What it is, a table or JSON Lines, is told from its first character.
    pub fn read(path: &Path) -> Result<Manifest, ManifestError> {
        Manifest::of_bytes(path, text::read_capped(path, MAX_BYTES)?)
    }

    /// Reads `bytes` as the manifest that lies at `path`.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Manifest, ManifestError> {
        Manifest::of_bytes(path, bytes.to_vec())
    }

    fn of_bytes(path: &Path, bytes: Vec<u8>) -> Result<Manifest, ManifestError> {
        let text::Decoded { mut text, guess } = text::decode_lines(bytes);
        if text.contains('\u{feff}') {
            // Files that were joined bring theirs along.
            text = text.trim_start_matches('\u{feff}').replace("\n\u{feff}", "\n");
        }
        let path = path.to_owned();
        if let Some(at) = text.find('\0') {
            let line = 1 + text[..at].matches('\n').count();
            return Err(ManifestError::NotText { path, line });
        }
        let first = text.trim_start().chars().next();
        let mut manifest = Manifest {
            path,
            rows: Vec::new(),
            errors: Vec::new(),
            notes: Vec::new(),
            text,
            form: Form::Lines(json::Paths::new()),
            columns: Vec::new(),
            problems: 0,
        };
        match first {
            None => return Err(ManifestError::Empty { path: manifest.path }),
            Some('{') => json::read(&mut manifest),
            Some('[') => return Err(ManifestError::JsonArray { path: manifest.path }),
            Some(_) => table::read(&mut manifest)?,
        }
        manifest.settle();
        if let Some((code, message)) = guess.map(text::Guess::words) {
            manifest.notes.insert(0, Note { code, message });
        }
        Ok(manifest)
    }

    /// Whether it has a column that says `field`.
    pub fn has(&self, field: Field) -> bool {
        self.columns.iter().any(|column| column.field == Some(field))
    }

    /// Columns with something in them that say something of the kind `of`, as they are called.
    pub fn filled(&self, of: impl Fn(Field) -> bool) -> Option<String> {
        tally::filled(&self.columns, of)
    }

    /// What `row`, one of its rows, says.
    pub fn described(&self, row: &Row) -> Described {
        let (start, length) = (row.range.0 as usize, row.range.1 as usize);
        let raw = self.text.get(start..start + length).unwrap_or_default();
        let cells = match &self.form {
            Form::Table(shape) => table::row(raw, *shape, &self.columns),
            Form::Lines(paths) => json::row(raw, paths, &self.columns),
        };
        let row::Finished { mut declared, catalogue, owner, library, received, .. } =
            cells.finish(DeclaredIn::Manifest);
        if let Some(received) = received {
            let column = &self.columns[received.column];
            let zone = column.zone.as_ref().or_else(|| self.columns[received.clock].zone.as_ref());
            let time = received.written.resolve(column.order, zone);
            // What is no day in the order of its column stays as it is written.
            declared.received_at = time.map(|time| time.to_string()).or(declared.received_at);
        }
        Described { declared, catalogue, owner, library }
    }

    fn error(&mut self, line: u64, message: impl Into<String>) {
        self.problems += 1;
        if self.problems <= MAX_ERRORS {
            self.errors.push(RowError { line, message: message.into() });
        }
    }

    /// Adds a row that is complete and stands at `range` of the text; `false` when no more are taken.
    fn push(&mut self, line: u64, range: (usize, usize), row: row::RowBuilder) -> bool {
        let row = row.finish(DeclaredIn::Manifest);
        let Some(file) = row.file else {
            self.error(line, "no file is named");
            return true;
        };
        if self.rows.len() >= MAX_ROWS {
            self.error(line, format!("more than {MAX_ROWS} rows; the rest is left out"));
            return false;
        }
        for unclear in row.unclear {
            let of_column = &mut self.columns[unclear.column];
            of_column.unclear(line, unclear);
        }
        if let Some(received) = &row.received {
            self.columns[received.column].time(line, &received.written);
            self.columns[received.clock].clock(&received.written);
        }
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let (range, line) =
            ((number(range.0), number(range.1)), u32::try_from(line).unwrap_or(u32::MAX));
        self.rows.push(Row { file: file.into_boxed_str(), line, range });
        true
    }

    /// Decides what only whole columns tell, and says what was passed over.
    fn settle(&mut self) {
        for column in &mut self.columns {
            column.settle();
        }
        let more = self.problems.saturating_sub(MAX_ERRORS);
        for column in &self.columns {
            self.errors.extend(column.errors());
        }
        self.errors.sort_by_key(|error| error.line);
        if more > 0 {
            let message = format!("{} could not be used", count(more, "more row", "more rows"));
            let line = self.errors.last().map_or(0, |error| error.line);
            self.errors.push(RowError { line, message });
        }
        self.notes.splice(0..0, tally::notes(&self.columns, self.rows.len()));
        self.rows.shrink_to_fit();
    }
}

#[cfg(test)]
mod joined_tests;
#[cfg(test)]
mod spelling_tests;
#[cfg(test)]
mod template_tests;
#[cfg(test)]
mod tests;
