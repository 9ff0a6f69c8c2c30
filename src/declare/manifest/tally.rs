//! What a column holds, counted over all of its rows: what is passed over, what is not understood, and which
//! order of day and month its dates have.

use super::columns::Field;
use super::row::Unclear;
use super::{Note, RowError};
use crate::declare::text;
use crate::declare::times::{Decided, Order, OrderEvidence, order_in_name};

/// Most columns named in one note.
const MAX_NAMED: usize = 20;
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
    /// The order, once all rows are read; `None` where dates that may be two days stay as written.
    pub order: Option<Order>,
    decided: Option<Decided>,
    named_order: Option<Order>,
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
        Column {
            named_order: order_in_name(&name),
            name: name.chars().take(MAX_NAME).collect(),
            field,
            filled: 0,
            dates: OrderEvidence::default(),
            open_line: None,
            order: None,
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

    /// Decides the order of its dates.
    pub fn settle(&mut self) {
        let decided = self.dates.decide(self.named_order);
        self.decided = Some(decided);
        self.order = match decided {
            Decided::Told(order) | Decided::Usual(order) => Some(order),
            Decided::Mixed => None,
        };
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
        unclear.chain(self.about_order())
    }

    fn about_order(&self) -> Option<Note> {
        let line = self.open_line?;
        let (name, count) = (&self.name, self.dates.open);
        let (code, said) = match self.decided? {
            Decided::Told(_) => return None,
            Decided::Usual(order) => (
                "day_or_month_first",
                format!(
                    "nothing tells whether day or month comes first; read with the {} first. A header such as \
                     `{name} (MM/DD/YYYY)` or dates such as 2026-09-24 would tell",
                    if order == Order::DayFirst { "day" } else { "month" }
                ),
            ),
            Decided::Mixed => (
                "day_and_month_mixed",
                format!(
                    "some dates have the day first, some the month; the {count} that may be either are kept as \
                     written, but not compared"
                ),
            ),
        };
        Some(Note { code, message: format!("column `{name}` (as in line {line}): {said}") })
    }
}

/// What is to be said of the columns of a table.
pub(super) fn notes(columns: &[Column]) -> Vec<Note> {
    let mut notes = Vec::new();
    let numbered = columns.iter().enumerate();
    let passed = numbered.clone().filter(|(_, column)| column.field.is_none() && column.filled > 0);
    let passed: Vec<String> = passed.map(|(at, column)| column.called(at)).collect();
    if !passed.is_empty() {
        let more = match passed.len().checked_sub(MAX_NAMED + 1) {
            Some(more) => format!(" and {} more", more + 1),
            None => String::new(),
        };
        let named =
            passed.iter().take(MAX_NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        let message = format!("columns that are not known and were passed over: {named}{more}");
        notes.push(Note { code: "columns_passed_over", message });
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
