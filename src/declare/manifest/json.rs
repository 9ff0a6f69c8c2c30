//! Manifests as JSON Lines: one object a line.
//!
//! Objects inside are spelled out: `{"album": {"title": …}}` is the column `album_title`, and names
//! around that mean nothing are left out (`{"external_ids": {"isrc": …}}` is `isrc`). Lists give a
//! column several values.

use std::collections::HashMap;

use serde_json::Value;

use super::columns::{self, Field};
use super::row::RowBuilder;
use super::{MAX_CELL, Manifest};

/// Longest line, in bytes.
const MAX_LINE: usize = 1 << 20;
/// Deepest nesting that is looked into.
const MAX_DEPTH: usize = 4;
/// Names that say little without what is around them.
const VAGUE: &[&str] = &["name", "created", "time", "source", "track", "file", "version"];
/// Most values taken from one line.
const MAX_VALUES: usize = 2_000;

pub(super) fn read(text: &str, manifest: &mut Manifest) {
    let mut known = HashMap::new();
    for (line, number) in text.lines().zip(1u64..) {
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
        let mut cells = Cells { known: &mut known, row: RowBuilder::default(), left: MAX_VALUES };
        cells.add(&mut Vec::new(), &object);
        if !manifest.push(number, cells.row) {
            return;
        }
    }
}

struct Cells<'a> {
    /// Columns by name, as far as they were met: the table of names is long.
    known: &'a mut HashMap<String, Option<Field>>,
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
        if text.len() <= MAX_CELL
            && let Some(field) = self.field(path)
        {
            self.row.add(field, &path.join("."), &text);
        }
    }

    /// The column that `path` stands for: its names joined, or as many of the last as mean something.
    fn field(&mut self, path: &[&str]) -> Option<Field> {
        let joined = path.join(" ");
        if let Some(field) = self.known.get(&joined) {
            return *field;
        }
        let field = (0..path.len()).find_map(|from| {
            // A name alone is a title only at the top: below, it is that of whatever it stands in.
            let vague = from > 0 && VAGUE.contains(&path[from..].join("").as_str());
            if vague { None } else { columns::field(&path[from..].join(" ")) }
        });
        // Hostile files may name every key differently.
        if self.known.len() < 10_000 {
            self.known.insert(joined, field);
        }
        field
    }
}
