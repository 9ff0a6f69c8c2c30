//! Manifests as JSON Lines: one object a line.
//!
//! Objects inside are spelled out: `{"album": {"title": …}}` is the column `album_title`, and names
//! around that mean nothing are left out (`{"external_ids": {"isrc": …}}` is `isrc`). Lists give a
//! column several values.

use std::collections::HashMap;

use serde_json::Value;

use super::columns::Field;
use super::headers;
use super::row::RowBuilder;
use super::{Column, Form, MAX_CELL, Manifest};

/// Longest line, in bytes.
const MAX_LINE: usize = 1 << 20;
/// Deepest nesting that is looked into.
const MAX_DEPTH: usize = 4;
/// Names that say little without what is around them.
const VAGUE: &[&str] = &["name", "created", "time", "source", "track", "file", "version"];
/// Most values taken from one line.
const MAX_VALUES: usize = 2_000;

/// Most names of columns that are kept; hostile files may name every key differently.
const MAX_NAMES: usize = 10_000;

/// Numbers of columns by their paths.
pub(super) type Paths = HashMap<String, usize>;

pub(super) fn read(manifest: &mut Manifest) {
    let text = std::mem::take(&mut manifest.text);
    let mut paths = Paths::new();
    let mut at = 0;
    for (line, number) in text.split_inclusive('\n').zip(1u64..) {
        let range = (at, line.len());
        at += line.len();
        if line.trim().is_empty() {
            continue;
        }
        if line.len() > MAX_LINE {
            manifest.error(number, "longer than 1 MiB");
            continue;
        }
        let object = match serde_json::from_str(line) {
            Ok(Value::Object(object)) => Value::Object(object),
            Ok(_) => {
                manifest.error(number, "not a JSON object");
                continue;
            }
            Err(e) => {
                manifest.error(number, format!("not JSON: {e}"));
                continue;
            }
        };
        let columns = &mut manifest.columns;
        let row = cells(&object, &mut |path, cell| {
            let at = column(path, &mut paths, columns)?;
            columns[at].filled += u64::from(!cell.trim().is_empty());
            Some((at, columns[at].field?))
        });
        if !manifest.push(number, range, row) {
            break;
        }
    }
    manifest.form = Form::Lines(paths);
    manifest.text = text;
}

/// The row that stands in `line`, read again.
pub(super) fn row(line: &str, paths: &Paths, columns: &[Column]) -> RowBuilder {
    let object = serde_json::from_str(line).unwrap_or_default();
    cells(&object, &mut |path, _| {
        let at = *paths.get(&path.join("."))?;
        Some((at, columns[at].field?))
    })
}

/// The number of the column that `path` stands for, and what it says: its names joined, or as many of the last
/// as mean something.
fn column(path: &[&str], paths: &mut Paths, columns: &mut Vec<Column>) -> Option<usize> {
    let joined = path.join(".");
    if let Some(column) = paths.get(&joined) {
        return Some(*column);
    }
    if paths.len() >= MAX_NAMES {
        return None;
    }
    let field: Option<Field> = (0..path.len()).find_map(|from| {
        // A name alone is a title only at the top: below, it is that of whatever it stands in.
        let vague = from > 0 && VAGUE.contains(&path[from..].join("").as_str());
        if vague { None } else { headers::exact(&path[from..].join(" ")) }
    });
    columns.push(Column::new(&joined, field));
    paths.insert(joined, columns.len() - 1);
    Some(columns.len() - 1)
}

/// Finds the column of a path; told the cell, too.
type Find<'a> = &'a mut dyn FnMut(&[&str], &str) -> Option<(usize, Field)>;

fn cells(object: &Value, find: Find<'_>) -> RowBuilder {
    let mut cells = Cells { find, row: RowBuilder::default(), left: MAX_VALUES };
    cells.add(&mut Vec::new(), object);
    cells.row
}

struct Cells<'a> {
    find: Find<'a>,
    row: RowBuilder,
    left: usize,
}

impl Cells<'_> {
    fn add<'v>(&mut self, path: &mut Vec<&'v str>, value: &'v Value) {
        if path.len() > MAX_DEPTH || self.left == 0 {
            return;
        }
        let text = match value {
            Value::Null => return,
            Value::Object(object) => {
                for (name, value) in object {
                    path.push(name);
                    self.add(path, value);
                    path.pop();
                }
                return;
            }
            Value::Array(list) => {
                for value in list {
                    match value {
                        Value::Object(party) => {
                            if let Some(name) = party.get("name") {
                                self.add(path, name);
                            }
                        }
                        Value::Array(_) => {}
                        _ => self.add(path, value),
                    }
                }
                return;
            }
            Value::String(text) => text.clone(),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
        };
        self.left -= 1;
        if let Some((at, field)) = (self.find)(path, &text).filter(|_| text.len() <= MAX_CELL) {
            self.row.add(field, at, &text);
        }
    }
}
