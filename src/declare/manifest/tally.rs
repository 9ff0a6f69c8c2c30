//! What a column holds, counted over all of its rows: what is passed over, what is not understood, and which
//! order of day and month its dates have.

use jiff::tz::TimeZone;

use super::columns::Field;
use super::row::Unclear;
use super::{Note, RowError};
use crate::counted::{self, agree};
use crate::declare::text;
use crate::declare::times::zones::{self, Named};
use crate::declare::times::{Decided, Order, OrderEvidence, Written, order_in_name};

/// Most columns named in one note.
const MAX_NAMED: usize = 20;
/// Most lines named in one note.
const MAX_LINES: usize = 5;
/// Columns that rules rest on: where one is there and says nothing of any file, an export may have lost it.
const ASKED: &[Field] = &[
    Field::Title,
    Field::Artist,
    Field::Isrc,
    Field::Upc,
    Field::Account,
    Field::ReceivedAt,
    Field::Rights,
];
/// Longest name of a column that is told, in characters.
const MAX_NAME: usize = 40;
/// Most kinds of values of one column that are told.
const MAX_KINDS: usize = 4;

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Column {
    /// Its header, shortened.
    pub name: String,
    /// What it says; `None` where that is not known.
    pub field: Option<Field>,
    /// Cells with something in them.
    pub filled: u64,
    /// What its dates say about their order.
    pub dates: OrderEvidence,
    /// First line with a date that may be two days.
    pub open_line: Option<u64>,
    /// The order, once all rows are read.
    pub order: Option<Order>,
    /// The zone of its times, where its name says one.
    pub zone: Option<TimeZone>,
    unknown_zone: Option<String>,
    /// Times without a zone of their own.
    zoneless: u64,
    decided: Option<Decided>,
    named_order: Option<Order>,
    /// First lines with dates that have one order only: the day first, the month first.
    one_order: [Vec<u64>; 2],
    unclear: Vec<Group>,
}

/// Values of one column that are not what they should be, for one reason.
#[derive(Debug, Clone, PartialEq)]
struct Group {
    line: u64,
    first: Unclear,
    count: u64,
}

impl Column {
    pub fn new(header: &str, field: Option<Field>) -> Column {
        let name = text::value(header).unwrap_or_default();
        let is_time = field == Some(Field::ReceivedAt);
        let (zone, unknown_zone) = match zones::in_name(&name).filter(|_| is_time) {
            Some(Named::Zone(zone)) => (Some(zone), None),
            Some(Named::Unknown(zone)) => (None, Some(zone)),
            None => (None, None),
        };
        Column {
            zone,
            unknown_zone,
            zoneless: 0,
            one_order: [Vec::new(), Vec::new()],
            named_order: order_in_name(&name),
            name: name.chars().take(MAX_NAME).collect(),
            field,
            filled: 0,
            dates: OrderEvidence::default(),
            order: None,
            open_line: None,
            decided: None,
            unclear: Vec::new(),
        }
    }

    /// Takes in a value that is not understood.
    pub fn unclear(&mut self, line: u64, value: Unclear) {
        if let Some(group) = self.unclear.iter_mut().find(|g| g.first.meant == value.meant) {
            group.count += 1;
        } else if self.unclear.len() < MAX_KINDS {
            self.unclear.push(Group { line, first: value, count: 1 });
        }
    }

    /// Takes in a time of the row in `line`.
    pub fn time(&mut self, line: u64, written: &Written) {
        self.dates.add(written);
        if written.is_open() {
            self.open_line.get_or_insert(line);
        }
        if let Some(order) = written.only_order() {
            let lines = &mut self.one_order[usize::from(order == Order::MonthFirst)];
            if lines.len() < MAX_LINES {
                lines.push(line);
            }
        }
    }

    /// Takes in a time of day that it has.
    pub fn clock(&mut self, written: &Written) {
        self.zoneless += u64::from(written.is_zoneless());
    }

    /// Decides the order of its dates.
    pub fn settle(&mut self) {
        let decided = self.dates.decide(self.named_order);
        (self.decided, self.order) = (Some(decided), Some(decided.order()));
    }

    /// Values that are not understood, once for each kind. Times are told by [`notes`]: they stay as written.
    pub fn errors(&self) -> impl Iterator<Item = RowError> + '_ {
        let is_time = self.field == Some(Field::ReceivedAt);
        self.unclear
            .iter()
            .filter(move |_| !is_time)
            .map(|group| RowError { line: group.line, message: self.words(group) })
    }

    fn words(&self, group: &Group) -> String {
        let Unclear { meant, value, .. } = &group.first;
        let more = match group.count {
            1 => String::new(),
            2 => "; 1 more in this column is not".to_owned(),
            count => format!("; {} more in this column are not", count - 1),
        };
        format!("column `{}`: `{value}` is not {meant}{more}", self.name)
    }

    /// Its name, or its number from 1.
    fn called(&self, at: usize) -> String {
        if self.name.is_empty() {
            format!("column {} (no name)", at + 1)
        } else {
            format!("`{}`", self.name)
        }
    }

    fn about_times(&self) -> impl Iterator<Item = Note> + '_ {
        let is_time = self.field == Some(Field::ReceivedAt);
        let unclear = self.unclear.iter().filter(move |_| is_time).map(|group| Note {
            code: "time_not_understood",
            message: format!(
                "line {}: {}; kept as written, but not compared",
                group.line,
                self.words(group)
            ),
        });
        unclear.chain(self.about_zone()).chain(self.against_order()).chain(self.about_order())
    }

    fn about_zone(&self) -> Option<Note> {
        let zone = self.unknown_zone.as_ref().filter(|_| self.zoneless > 0)?;
        Some(Note {
            code: "zone_not_understood",
            message: format!(
                "column `{}`: the time zone `{zone}` is not one that is known for sure; its times are taken as UTC. \
                 A header such as `uploaded (UTC+2)` or `uploaded (Europe/Berlin)` would tell",
                self.name
            ),
        })
    }

    /// Dates that have no place in the order of the column.
    fn against_order(&self) -> Option<Note> {
        let order = self.decided?.order();
        let (first, against, count) = match order {
            Order::DayFirst => ("day", &self.one_order[1], self.dates.month_first),
            Order::MonthFirst => ("month", &self.one_order[0], self.dates.day_first),
        };
        let lines: Vec<String> = against.iter().map(u64::to_string).collect();
        if lines.is_empty() {
            return None;
        }
        let named = match self.named_order.filter(|named| *named != order) {
            Some(_) => ", though its name says otherwise",
            None => "",
        };
        let number = usize::try_from(count).unwrap_or(usize::MAX);
        let more = if number > lines.len() { ", …" } else { "" };
        Some(Note {
            code: "day_and_month_mixed",
            message: format!(
                "column `{}`: read with the {first} first{named}; {} cannot be read so ({} {}{more}) and {} kept as \
                 written, but not compared",
                self.name,
                counted::count(number, "date", "dates"),
                agree(number, "line", "lines"),
                lines.join(", "),
                agree(number, "is", "are"),
            ),
        })
    }

    /// Dates that may be two days, where nothing tells which.
    fn about_order(&self) -> Option<Note> {
        let line = self.open_line.filter(|_| self.one_order.iter().all(Vec::is_empty))?;
        let Decided::Usual(order) = self.decided? else { return None };
        let name = &self.name;
        Some(Note {
            code: "day_or_month_first",
            message: format!(
                "column `{name}` (as in line {line}): nothing tells whether day or month comes first; read with the \
                 {} first. A header such as `{name} (MM/DD/YYYY)` or dates such as 2026-09-24 would tell",
                if order == Order::DayFirst { "day" } else { "month" }
            ),
        })
    }
}

/// Columns that are filled in and say something of the kind `of`, by their names.
pub(super) fn filled(columns: &[Column], of: impl Fn(Field) -> bool) -> Option<String> {
    let found = columns
        .iter()
        .enumerate()
        .filter(|(_, column)| column.filled > 0 && column.field.is_some_and(&of));
    let found: Vec<String> = found.map(|(at, column)| column.called(at)).collect();
    (!found.is_empty()).then(|| listed(&found))
}

/// The first of many names, and how many more there are.
fn listed(names: &[String]) -> String {
    let more = match names.len().checked_sub(MAX_NAMED + 1) {
        Some(more) => format!(" and {} more", more + 1),
        None => String::new(),
    };
    let first = names.iter().take(MAX_NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    first + &more
}

/// What is to be said of the columns of a table.
pub(super) fn notes(columns: &[Column], rows: usize) -> Vec<Note> {
    let mut notes = Vec::new();
    let numbered = columns.iter().enumerate();
    let passed = numbered.clone().filter(|(_, column)| column.field.is_none() && column.filled > 0);
    let passed: Vec<String> = passed.map(|(at, column)| column.called(at)).collect();
    if !passed.is_empty() {
        let named = listed(&passed);
        let message = format!("columns that are not known and were passed over: {named}");
        notes.push(Note { code: "columns_passed_over", message });
    }
    let empty = numbered.clone().filter(|(_, column)| {
        let matters = column.field.is_some_and(|field| ASKED.contains(&field));
        matters
            && column.filled == 0
            && !columns.iter().any(|c| c.field == column.field && c.filled > 0)
    });
    let empty: Vec<String> = empty.map(|(at, column)| column.called(at)).collect();
    if rows > 1 && !empty.is_empty() {
        let message = format!(
            "{} {} empty in all {rows} rows",
            empty.join(", "),
            agree(empty.len(), "is", "are")
        );
        notes.push(Note { code: "column_empty", message });
    }
    for (at, column) in numbered {
        let Some(field) = column.field.filter(|field| field.is_single() && column.filled > 0)
        else {
            continue;
        };
        let earlier = columns[..at].iter().enumerate();
        let mut earlier = earlier.filter(|(_, c)| c.field == Some(field) && c.filled > 0);
        if let Some((first, before)) = earlier.next() {
            let (this, before) = (column.called(at), before.called(first));
            let message = format!(
                "{before} and {this} both say `{}`; where both are filled in, the first holds",
                field.name()
            );
            notes.push(Note { code: "column_twice", message });
        }
    }
    notes.extend(columns.iter().flat_map(Column::about_times));
    notes
}
