//! Manifests as tables: CSV and its relatives.

use super::columns::{self, Field};
use super::row::RowBuilder;
use super::{MAX_CELL, Manifest, ManifestError};

/// Rows in which the header is looked for.
const HEADER_ROWS: usize = 20;

pub(super) fn read(text: &str, manifest: &mut Manifest) -> Result<(), ManifestError> {
    let (text, skipped, separator) = separator(text);
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .has_headers(false)
        .delimiter(separator)
        .from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    let mut header: Option<Vec<(String, Option<Field>)>> = None;
    let mut first_row = None;
    let mut rows = 0;
    while let Ok(true) = reader.read_record(&mut record) {
        let line = skipped + record.position().map_or(0, csv::Position::line);
        let Some(header) = &header else {
            let names: Vec<_> =
                record.iter().map(|name| (name.to_owned(), columns::field(name))).collect();
            // A single cell is a header in the first row only; further down it is a line of prose.
            let may_be = names.len() > 1 || rows == 0;
            if may_be && names.iter().any(|(_, field)| *field == Some(Field::File)) {
                header = Some(names);
            } else if rows >= HEADER_ROWS {
                break;
            } else if first_row.as_ref().is_none_or(|r: &csv::StringRecord| r.len() < 2) {
                // A title line may stand above.
                first_row = Some(record.clone());
            }
            rows += 1;
            continue;
        };
        if !take(&record, line, header, manifest) {
            break;
        }
    }
    match header {
        Some(_) => Ok(()),
        None => {
            let found: Vec<&str> = first_row.iter().flatten().map(str::trim).collect();
            let found = crate::audio::cleaned(&found.join(", ")).unwrap_or_else(|| "none".into());
            Err(ManifestError::NoFileColumn { path: manifest.path.clone(), found })
        }
    }
}

/// Takes in one row; `false` when no more are taken.
fn take(
    record: &csv::StringRecord,
    line: u64,
    header: &[(String, Option<Field>)],
    manifest: &mut Manifest,
) -> bool {
    if record.iter().all(|cell| cell.trim().is_empty()) {
        return true;
    }
    if record.iter().any(|cell| cell.len() > MAX_CELL) {
        manifest.error(line, "a cell is longer than 64 KiB: is a quotation mark never closed?");
        return true;
    }
    // Cells beyond the header mean that a separator stands inside a value: all after it is shifted.
    if record.iter().skip(header.len()).any(|cell| !cell.trim().is_empty()) {
        let (cells, columns) = (record.len(), header.len());
        manifest.error(
            line,
            format!(
                "{cells} cells for {columns} columns: does a value hold the separator unquoted?"
            ),
        );
        return true;
    }
    let mut row = RowBuilder::default();
    for ((name, field), cell) in header.iter().zip(record) {
        if let Some(field) = field {
            row.add(*field, name, cell);
        }
    }
    manifest.push(line, row)
}

/// The text without a leading `sep=` line, the lines taken away, and the separator.
///
/// The separator is the sign that splits the line with most known columns into most of them.
fn separator(text: &str) -> (&str, u64, u8) {
    const SIGNS: [char; 4] = [',', ';', '\t', '|'];
    if let Some((first, rest)) = text.split_once('\n') {
        let given = first.trim_end_matches('\r').strip_prefix("sep=");
        let sign = given.and_then(|sign| sign.chars().next());
        if let Some(sign) = sign.filter(|sign| SIGNS.contains(sign)) {
            return (rest, 1, sign as u8);
        }
    }
    let known = |line: &str, sign: char| {
        let columns = line.split(sign).map(|name| name.trim().trim_matches('"'));
        columns.take(1_000).filter(|name| columns::field(name).is_some()).count()
    };
    let lines = text.lines().take(HEADER_ROWS).filter(|line| line.len() < MAX_CELL);
    let mut best = (0, ',');
    for line in lines {
        for sign in SIGNS {
            let count = known(line, sign);
            if count > best.0 {
                best = (count, sign);
            }
        }
    }
    (text, 0, best.1 as u8)
}
