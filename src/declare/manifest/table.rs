//! Manifests as tables: CSV (RFC 4180) and its relatives, as spreadsheets and templates write them.

use std::collections::HashSet;

use csv::{ReaderBuilder, StringRecord};

use super::columns::{self, Field};
use super::joined::{self, Kind, Told};
use super::row::RowBuilder;
use super::{Column, Form, MAX_CELL, Manifest, ManifestError};
use crate::counted::count;

/// Rows in which the header is looked for.
const HEADER_ROWS: usize = 50;
/// Bytes in which the header is looked for.
const HEADER_BYTES: usize = 256 << 10;
/// Rows after a row that could be the header in which a better one may follow: a line of prose may begin
/// with a word that is a column, and some templates have a row of groups above the names.
const BETTER_WITHIN: usize = 3;
/// Signs that may stand between cells.
const SIGNS: [char; 4] = [',', ';', '\t', '|'];
/// Most columns looked at.
const MAX_COLUMNS: usize = 2_000;

/// How the rows of a table are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    separator: u8,
}

/// Where a header was found.
struct Header {
    names: Vec<String>,
    separator: u8,
    /// Columns that are known.
    known: usize,
    /// Byte after it.
    end: usize,
    /// Line after it.
    next_line: u64,
}

pub(super) fn read(manifest: &mut Manifest) -> Result<(), ManifestError> {
    let text = std::mem::take(&mut manifest.text);
    let result = read_rows(&text, manifest);
    manifest.text = text;
    result
}

fn read_rows(text: &str, manifest: &mut Manifest) -> Result<(), ManifestError> {
    let Some(header) = find_header(text) else {
        let understood = understood(text);
        return Err(ManifestError::NoFileColumn { path: manifest.path.clone(), understood });
    };
    let shape = Shape { separator: header.separator };
    manifest.form = Form::Table(shape);
    manifest.columns =
        header.names.iter().map(|name| Column::new(name, columns::field(name))).collect();
    let mut table = Table { manifest, shape, names: header.names, told: Told::default() };
    let mut reader = reader(&text[header.end..], shape.separator);
    let mut record = StringRecord::new();
    loop {
        let (before, line) =
            (header.end + byte(&reader), header.next_line + reader.position().line() - 1);
        match reader.read_record(&mut record) {
            Ok(true) => {}
            _ => break,
        }
        let raw = &text[before..header.end + byte(&reader)];
        // Blank lines before a row count as lines and are no row.
        let blank = raw.len() - raw.trim_start_matches('\n').len();
        let row = Raw {
            text: &raw[blank..],
            line: line + blank as u64,
            range: (before + blank, raw.len() - blank),
            is_last: before + raw.len() == text.len(),
        };
        if !table.take(&record, row) {
            break;
        }
    }
    table.told.say(table.manifest);
    Ok(())
}

fn byte(reader: &csv::Reader<&[u8]>) -> usize {
    usize::try_from(reader.position().byte()).unwrap_or(usize::MAX)
}

fn reader(text: &str, separator: u8) -> csv::Reader<&[u8]> {
    ReaderBuilder::new()
        .flexible(true)
        .has_headers(false)
        .delimiter(separator)
        .from_reader(text.as_bytes())
}

/// A table being read.
struct Table<'m> {
    manifest: &'m mut Manifest,
    shape: Shape,
    names: Vec<String>,
    told: Told,
}

/// A row as it stands in the text.
struct Raw<'t> {
    text: &'t str,
    line: u64,
    range: (usize, usize),
    is_last: bool,
}

impl Table<'_> {
    /// Takes in one row; `false` when no more are taken.
    fn take(&mut self, record: &StringRecord, raw: Raw<'_>) -> bool {
        let line = raw.line;
        if record.iter().all(|cell| cell.trim().is_empty()) {
            return true;
        }
        if let Some(error) = self.unusable(record, &raw) {
            self.manifest.error(line, error);
            return true;
        }
        let columns = self.manifest.columns.len();
        let other = otherwise_separated(raw.text, self.shape, &self.manifest.columns);
        let record = match &other {
            Some((sign, record)) => {
                self.told.separators.entry(*sign).or_insert((line, 0)).1 += 1;
                record
            }
            None => record,
        };
        match joined::kind(record, &self.names) {
            Kind::Row => {}
            Kind::SameHeader => {
                self.told.headers.add(line);
                return true;
            }
            Kind::Total => {
                self.told.totals.add(line);
                return true;
            }
            Kind::OtherHeader => {
                let message = "another header begins here, with other columns: what is below it is not read; \
                               split the file";
                self.manifest.error(line, message);
                return false;
            }
        }
        // Cells beyond the header mean that a separator stands inside a value: all after it is shifted.
        if record.iter().skip(columns).any(|cell| !cell.trim().is_empty()) {
            let message = format!(
                "{} cells for {}: does a value hold the separator unquoted?",
                record.len(),
                count(columns, "column", "columns")
            );
            self.manifest.error(line, message);
            return true;
        }
        if record.len() < columns {
            self.told.short.add(line);
        }
        for (column, cell) in self.manifest.columns.iter_mut().zip(record) {
            column.filled += u64::from(!cell.trim().is_empty());
        }
        let row = cells(record, &self.manifest.columns);
        self.manifest.push(line, raw.range, row)
    }

    /// Why a row is none.
    fn unusable(&self, record: &StringRecord, raw: &Raw<'_>) -> Option<String> {
        if record.iter().any(|cell| cell.len() > MAX_CELL) {
            let message = "a cell is longer than 64 KiB: is a quotation mark never closed?";
            return Some(message.to_owned());
        }
        if raw.is_last && is_unbalanced(raw.text) {
            let message = "a quotation mark is never closed; what follows it is not read";
            return Some(message.to_owned());
        }
        let lines = joined::rows_within(record, self.shape.separator, &self.manifest.columns)?;
        Some(format!(
            "a quotation mark opens a value that runs on to line {}, over what looks like {} of its own; none of \
             it is read",
            raw.line + raw.text.trim_end().matches('\n').count() as u64,
            count(lines, "row", "rows")
        ))
    }
}

/// Whether a row of several lines, the last of its file, has a quotation mark that is never closed: it then
/// holds all that follows.
fn is_unbalanced(raw: &str) -> bool {
    raw.trim_end().contains('\n') && raw.bytes().filter(|byte| *byte == b'"').count() % 2 == 1
}

fn cells(record: &StringRecord, columns: &[Column]) -> RowBuilder {
    let mut row = RowBuilder::default();
    for (at, (column, cell)) in columns.iter().zip(record).enumerate() {
        if let Some(field) = column.field {
            row.add(field, at, cell);
        }
    }
    row
}

/// The row that stands in `raw`, read again.
pub(super) fn row(raw: &str, shape: Shape, columns: &[Column]) -> RowBuilder {
    if let Some((_, record)) = otherwise_separated(raw, shape, columns) {
        return cells(&record, columns);
    }
    let mut record = StringRecord::new();
    // It was read before.
    _ = reader(raw, shape.separator).read_record(&mut record);
    cells(&record, columns)
}

/// A row that has all of its cells under another separator, and one cell under that of its table: exports of two
/// programs were joined.
fn otherwise_separated(
    raw: &str,
    shape: Shape,
    columns: &[Column],
) -> Option<(char, StringRecord)> {
    if columns.len() < 2 || raw.as_bytes().contains(&shape.separator) {
        return None;
    }
    SIGNS.into_iter().find_map(|sign| {
        let mut record = StringRecord::new();
        let read = reader(raw, sign as u8).read_record(&mut record);
        let whole = matches!(read, Ok(true)) && record.len() == columns.len();
        (whole && joined::names_audio(record.iter(), columns)).then_some((sign, record))
    })
}

/// The header of a table, under the separator that makes most columns of it known.
fn find_header(text: &str) -> Option<Header> {
    let (given, start) = given_separator(text);
    let given = given.and_then(|sign| header_under(text, start, sign as u8));
    given.or_else(|| {
        // Of equals the one with most columns, or a header of one known column would be a single cell.
        let rank = |header: &Header| (header.known, header.names.len());
        let found = SIGNS.into_iter().filter_map(|sign| header_under(text, start, sign as u8));
        found.reduce(|best, next| if rank(&next) > rank(&best) { next } else { best })
    })
}

/// The separator that a first line `sep=;` gives, and where the line after it begins.
fn given_separator(text: &str) -> (Option<char>, usize) {
    let first = text.split('\n').next().unwrap_or_default();
    let bare = first.trim_matches(['"', ' ']);
    let sign = bare
        .get(..4)
        .filter(|start| start.eq_ignore_ascii_case("sep="))
        .and_then(|_| bare[4..].chars().next());
    // `"sep=;";;` of a program that took the line for data.
    match sign.filter(|sign| matches!(sign, ',' | ';' | '\t' | '|')) {
        Some(sign) => (Some(sign), (first.len() + 1).min(text.len())),
        None => (None, 0),
    }
}

fn header_under(text: &str, start: usize, separator: u8) -> Option<Header> {
    let mut end = text.len().min(start + HEADER_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut reader = reader(&text[start..end], separator);
    let mut record = StringRecord::new();
    let mut best: Option<(Header, usize)> = None;
    for row in 0..HEADER_ROWS {
        let settled =
            best.as_ref().is_some_and(|(header, at)| header.known > 1 && row > at + BETTER_WITHIN);
        if settled || !matches!(reader.read_record(&mut record), Ok(true)) {
            break;
        }
        let names: Vec<String> = record.iter().take(MAX_COLUMNS).map(str::to_owned).collect();
        let fields: Vec<Field> = names.iter().filter_map(|name| columns::field(name)).collect();
        let distinct: HashSet<&str> = fields.iter().map(|field| field.name()).collect();
        // A single cell is a header in the first row only; further down it is a line of prose.
        let may_be = (names.len() > 1 || row == 0) && fields.contains(&Field::File);
        if !may_be || best.as_ref().is_some_and(|(best, _)| distinct.len() <= best.known) {
            continue;
        }
        let position = reader.position();
        let header = Header {
            names,
            separator,
            known: distinct.len(),
            end: start + usize::try_from(position.byte()).unwrap_or(0),
            next_line: position.line() + u64::from(start > 0),
        };
        best = Some((header, row));
    }
    best.map(|(header, _)| header)
}

/// The columns that are known in the row with most of them, by our names: what else stands in a file that is
/// no table is nobody's business.
fn understood(text: &str) -> String {
    let lines = text.split('\n').take(HEADER_ROWS).filter(|line| line.len() < MAX_CELL);
    let mut best: Vec<&str> = Vec::new();
    for line in lines {
        for sign in [',', ';', '\t', '|'] {
            let names =
                line.split(sign).take(MAX_COLUMNS).map(|name| name.trim().trim_matches('"'));
            let known: Vec<&str> = names.filter_map(columns::field).map(Field::name).collect();
            // One known word is no row of columns.
            if known.len() > best.len().max(1) {
                best = known;
            }
        }
    }
    if best.is_empty() { "none".to_owned() } else { best.join(", ") }
}
