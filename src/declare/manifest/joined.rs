//! What is in tables that are no rows: headers and totals in between, rows of another program.
//!
//! Exports are joined (`cat a.csv b.csv`), cut and added up. What then stands between the rows is told apart by its
//! words, left out or read as what it is, and named once.

use std::collections::BTreeMap;
use std::path::Path;

use csv::StringRecord;

use super::columns::{self, Field};
use super::headers::key;
use super::{Column, Manifest, Note};
use crate::audio::is_audio_extension;
use crate::counted::{agree, count};

/// Most lines named in one note.
const MAX_LINES: usize = 5;
/// Words that a row of totals begins with, as [`key`] has them.
const TOTALS: &[&str] = &[
    "total",
    "totals",
    "grandtotal",
    "subtotal",
    "sum",
    "summe",
    "gesamt",
    "gesamtsumme",
    "insgesamt",
    "zwischensumme",
    "totalgeneral",
    "soustotal",
    "somme",
    "totale",
    "somma",
    "suma",
    "soma",
];

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A row about a file.
    Row,
    /// The header once more.
    SameHeader,
    /// The header of another table.
    OtherHeader,
    /// What the rows above come to.
    Total,
}

/// What the row `record` is in a table whose header has these `names`.
pub(super) fn kind(record: &StringRecord, names: &[String]) -> Kind {
    let bare = |cell: &str| cell.trim_start_matches('\u{feff}').trim().to_lowercase();
    let filled = record.iter().filter(|cell| !cell.trim().is_empty()).count();
    if filled > 1
        && record.len() == names.len()
        && record.iter().zip(names).all(|(a, b)| bare(a) == bare(b))
    {
        return Kind::SameHeader;
    }
    let first = record.iter().find(|cell| !cell.trim().is_empty()).unwrap_or_default();
    // A song may be called `Total`, a file hardly, and not without an extension.
    let file = names.iter().position(|name| columns::field(name) == Some(Field::File));
    let named = file.and_then(|at| record.get(at)).unwrap_or_default();
    let word = key(first.split([':', '(']).next().unwrap_or(first));
    let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
    if TOTALS.contains(&word) && !named.contains(['.', '/', '\\']) {
        return Kind::Total;
    }
    let fields: Vec<Field> = record.iter().filter_map(columns::field).collect();
    let all = filled > 2 && 2 * fields.len() > filled && fields.contains(&Field::File);
    // The name of a file may be that of a column; then most of the row would have to be.
    if all && !named.contains('.') { Kind::OtherHeader } else { Kind::Row }
}

/// Whether a row of these cells names an audio file.
pub(super) fn names_audio<'c>(
    mut cells: impl Iterator<Item = &'c str>,
    columns: &[Column],
) -> bool {
    let at = columns.iter().position(|column| column.field == Some(Field::File));
    let named = at.and_then(|at| cells.nth(at)).map_or("", |cell| cell.trim().trim_matches('"'));
    is_audio_extension(Path::new(named))
}

/// How many lines within cells look like rows of their own: a quotation mark that is never closed swallows what
/// follows it, up to the next one.
pub(super) fn rows_within(
    record: &StringRecord,
    separator: u8,
    columns: &[Column],
) -> Option<usize> {
    let is_row = |line: &&str| {
        let cells: Vec<&str> = line.split(char::from(separator)).collect();
        cells.len() > 1
            && 2 * cells.len() > columns.len()
            && names_audio(cells.iter().copied(), columns)
    };
    let within = record.iter().filter(|cell| cell.contains('\n'));
    let lines: usize = within.map(|cell| cell.split('\n').skip(1).filter(is_row).count()).sum();
    (lines > 0).then_some(lines)
}

/// Lines of one kind.
#[derive(Debug, Default)]
pub(super) struct Lines {
    first: Vec<u64>,
    count: usize,
}

impl Lines {
    pub(super) fn add(&mut self, line: u64) {
        self.count += 1;
        if self.first.len() < MAX_LINES {
            self.first.push(line);
        }
    }

    /// "line 7", "lines 7, 9, …".
    fn words(&self) -> String {
        let lines: Vec<String> = self.first.iter().map(u64::to_string).collect();
        let more = if self.count > self.first.len() { ", …" } else { "" };
        format!("{} {}{more}", agree(self.count, "line", "lines"), lines.join(", "))
    }
}

/// What was met, to be told once for each kind.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) headers: Lines,
    pub(super) totals: Lines,
    /// Rows with fewer cells than the header.
    pub(super) short: Lines,
    /// First line and number of rows under other separators.
    pub(super) separators: BTreeMap<char, (u64, usize)>,
}

impl Told {
    pub(super) fn say(&self, manifest: &mut Manifest) {
        let mut say = |code, message| manifest.notes.push(Note { code, message });
        if self.headers.count > 0 {
            let is = agree(self.headers.count, "is", "are");
            say(
                "header_again",
                format!("{} {is} the header once more, and no row", self.headers.words()),
            );
        }
        if self.totals.count > 0 {
            let is = agree(self.totals.count, "is a total", "are totals");
            say("total_row", format!("{} {is}, and no row", self.totals.words()));
        }
        for (sign, (line, number)) in &self.separators {
            let sign = if *sign == '\t' { "a tab".to_owned() } else { format!("`{sign}`") };
            let rows = count(*number, "row", "rows");
            say(
                "separator_changes",
                format!(
                    "{rows}, the first in line {line}, separated by {sign} unlike the header; read so"
                ),
            );
        }
        if self.short.count > 0 {
            let have = agree(self.short.count, "row has", "rows have");
            let message = format!(
                "{} {have} fewer cells than the header ({}); what is missing counts as empty",
                self.short.count,
                self.short.words()
            );
            say("short_row", message);
        }
    }
}
