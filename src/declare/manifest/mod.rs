//! Manifests: tables (CSV, TSV) and JSON Lines that say what each audio file is.
//!
//! One row is about one file. The separator (comma, semicolon, tab, bar) is told from the header;
//! the header may be preceded by a few other lines, as in templates with a title; columns that are
//! not known are passed over. Spreadsheets add byte order marks, `sep=;` lines and old encodings, so
//! these are understood. A row that cannot be used is one [`RowError`]; the rest goes on.

pub mod columns;
mod json;
pub(in crate::declare) mod row;
mod table;

use std::path::{Path, PathBuf};

use super::declared::{Declared, DeclaredIn};
use super::text::{self, ReadError};

/// Largest manifest read, in bytes.
const MAX_BYTES: u64 = 128 << 20;
/// Most rows read.
const MAX_ROWS: usize = 1_000_000;
/// Longest cell, in bytes; longer ones come from a quotation mark that is never closed.
const MAX_CELL: usize = 64 << 10;
/// Most problems reported one by one.
const MAX_ERRORS: usize = 1_000;

/// What a manifest says about one file.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The file, as written: a path or an address.
    pub file: String,
    /// Line the row begins in, counted from 1.
    pub line: u64,
    /// What is declared.
    pub declared: Declared,
    /// The catalogue that a reference belongs to.
    pub catalogue: Option<String>,
    /// Who owns a reference.
    pub owner: Option<String>,
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
         columns found: {found}",
        path.display()
    )]
    NoFileColumn {
        /// The manifest.
        path: PathBuf,
        /// The columns of its first row.
        found: String,
    },
    /// It holds nothing.
    #[error("{}: empty", path.display())]
    Empty {
        /// The manifest.
        path: PathBuf,
    },
    /// It holds bytes that no text holds.
    #[error("{}: not a text file; a table (.csv, .tsv) or JSON Lines is expected", path.display())]
    NotText {
        /// The manifest.
        path: PathBuf,
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

/// A manifest, read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Manifest {
    /// The file it was read from.
    pub path: PathBuf,
    /// Rows in their order.
    pub rows: Vec<Row>,
    /// What could not be used, in the order of lines.
    pub errors: Vec<RowError>,
}

impl Manifest {
    /// Reads a manifest. What it is, a table or JSON Lines, is told from its first character.
    pub fn read(path: &Path) -> Result<Manifest, ManifestError> {
        Manifest::parse(path, &text::read_capped(path, MAX_BYTES)?)
    }

    /// Reads `bytes` as the manifest that lies at `path`.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Manifest, ManifestError> {
        let text = text::decode(bytes);
        let mut manifest = Manifest { path: path.to_owned(), ..Manifest::default() };
        if text.contains('\0') {
            return Err(ManifestError::NotText { path: path.to_owned() });
        }
        match text.trim_start().chars().next() {
            None => return Err(ManifestError::Empty { path: path.to_owned() }),
            Some('{') => json::read(&text, &mut manifest),
            Some('[') => return Err(ManifestError::JsonArray { path: path.to_owned() }),
            Some(_) => table::read(&text, &mut manifest)?,
        }
        Ok(manifest)
    }

    fn error(&mut self, line: u64, message: impl Into<String>) {
        match self.errors.len() {
            n if n < MAX_ERRORS => self.errors.push(RowError { line, message: message.into() }),
            MAX_ERRORS => {
                let message = "more problems follow and are left out".to_owned();
                self.errors.push(RowError { line, message });
            }
            _ => {}
        }
    }

    /// Adds a row that is complete; `false` when no more are taken.
    fn push(&mut self, line: u64, row: row::RowBuilder) -> bool {
        let row = row.finish(DeclaredIn::Manifest);
        let Some(file) = row.file else {
            self.error(line, "no file is named");
            return true;
        };
        for problem in row.problems {
            self.error(line, problem);
        }
        if self.rows.len() >= MAX_ROWS {
            self.error(line, format!("more than {MAX_ROWS} rows; the rest is left out"));
            return false;
        }
        let row::Finished { declared, catalogue, owner, .. } = row;
        self.rows.push(Row { file, line, declared, catalogue, owner });
        true
    }
}

#[cfg(test)]
mod template_tests;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::declare::declared::AiLevel;

    fn parse(text: &str) -> Manifest {
        Manifest::parse(Path::new("m.csv"), text.as_bytes()).unwrap()
    }

    #[test]
    fn separators_headers_and_encodings_are_told_by_themselves() {
        let expected = parse("path,title,isrc\na.wav,One,USABC2600001\n").rows;
        assert_eq!(expected[0].declared.title.as_deref(), Some("One"));
        for text in [
            "\u{feff}path;title;isrc\r\na.wav;One;USABC2600001\r\n",
            "Path\tTitle\tISRC\tshoe size\na.wav\tOne\tUSABC2600001\t43\n",
            "path|title|isrc\na.wav|One|USABC2600001",
            "{\"path\":\"a.wav\",\"title\":\"One\",\"isrc\":\"USABC2600001\"}\n",
        ] {
            let rows = parse(text).rows;
            assert_eq!(rows[0].declared, expected[0].declared, "{text}");
        }
        let utf16: Vec<u8> = [0xFEFFu16]
            .into_iter()
            .chain("path\ttitle\na.wav\tÄrger\n".encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        let manifest = Manifest::parse(Path::new("m"), &utf16).unwrap();
        assert_eq!(manifest.rows[0].declared.title.as_deref(), Some("Ärger"));
    }

    #[test]
    fn lines_before_the_header_are_passed_over_and_counted() {
        let manifest =
            parse("sep=;\nBulk upload template v3;;\n\nfilename;title\na.wav;One\n;Two\n");
        assert_eq!((manifest.rows[0].file.as_str(), manifest.rows[0].line), ("a.wav", 5));
        assert_eq!(manifest.errors, [RowError { line: 6, message: "no file is named".into() }]);
    }

    #[test]
    fn a_row_with_a_stray_separator_is_an_error_and_the_rest_goes_on() {
        let manifest = parse("path,title,isrc\na.wav,One, two,USABC2600001\nb.wav,Three\n");
        assert_eq!(manifest.errors[0].line, 2);
        assert!(manifest.errors[0].message.contains("4 cells"), "{:?}", manifest.errors);
        assert_eq!(manifest.rows.len(), 1);
        assert_eq!(manifest.rows[0].line, 3);
    }

    #[test]
    fn quoted_cells_may_span_lines() {
        let manifest = parse("path,title\n\"a.wav\",\"One\nmore\"\nb.wav,Two\n");
        assert_eq!(manifest.rows[0].declared.title.as_deref(), Some("One more"));
        assert_eq!(manifest.rows[1].line, 4);
    }

    #[test]
    fn json_lines_nest_and_list() {
        let manifest = parse(concat!(
            "{\"file\":\"a.wav\",\"track\":{\"title\":\"One\",\"isrc\":null},\"artists\":[\"A\",{\"name\":\"B\"}],",
            "\"duration_ms\":53000,\"contains_ai\":true,\"album\":{\"title\":\"LP\",\"upc\":\"036000291452\",\"label\":{\"name\":\"L\"},",
            "\"studio\":{\"name\":\"S\"}}}\n",
            "not json\n\n{\"title\":\"no file\"}\n",
        ));
        let declared = &manifest.rows[0].declared;
        assert_eq!(declared.title.as_deref(), Some("One"));
        assert_eq!(declared.artists, ["A", "B"]);
        assert_eq!(declared.duration_ms, Some(53_000));
        assert_eq!(declared.ai.level, AiLevel::Partly);
        assert_eq!(declared.album.as_deref(), Some("LP"));
        assert_eq!(declared.label.as_deref(), Some("L"));
        assert_eq!(declared.upc.as_deref(), Some("036000291452"));
        let lines: Vec<u64> = manifest.errors.iter().map(|e| e.line).collect();
        assert_eq!(lines, [2, 4]);
    }

    #[test]
    fn what_is_no_manifest_is_refused_in_words() {
        let refused = |text: &str| {
            Manifest::parse(Path::new("m.csv"), text.as_bytes()).unwrap_err().to_string()
        };
        assert!(refused("title,artist\nOne,A\n").contains("title, artist"));
        assert!(refused("").contains("empty"));
        assert!(refused("[{\"path\":\"a\"}]").contains("array"));
    }

    #[test]
    fn a_quote_that_is_never_closed_does_not_swallow_the_file_in_silence() {
        let mut text = "path,title\na.wav,\"One\n".to_owned();
        for i in 0..6_000 {
            text.push_str(&format!("file-{i}.wav,Title {i}\n"));
        }
        let manifest = parse(&text);
        assert!(manifest.errors[0].message.contains("quotation mark"), "{:?}", manifest.errors);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let mut with_header = b"path,title,ai,duration\n".to_vec();
            with_header.extend(&bytes);
            for bytes in [&bytes, &with_header] {
                if let Ok(manifest) = Manifest::parse(Path::new("m"), bytes) {
                    for row in &manifest.rows {
                        prop_assert!(!row.file.is_empty() && !row.file.contains(char::is_control));
                    }
                }
            }
        }
    }
}
