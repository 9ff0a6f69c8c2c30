//! Small parts that several views share.

use maud::{Markup, Render, html};

use super::foreign::Name;

/// A column of a table.
pub enum Column {
    /// Of words.
    Words(&'static str),
    /// Of numbers: to the right, in one line.
    Numbers(&'static str),
}

/// The head of a table.
pub fn table_head(columns: &[Column]) -> Markup {
    html! {
        thead { tr { @for column in columns {
            @match column {
                Column::Words(label) => th scope="col" { (label) },
                Column::Numbers(label) => th.n scope="col" { (label) },
            }
        } } }
    }
}

/// Terms with their values, as a list of the class `class`.
pub fn facts(class: &str, facts: &[(&str, Markup)]) -> Markup {
    html! {
        dl class=(class) { @for (term, value) in facts {
            div { dt { (term) } dd { (value) } }
        } }
    }
}

/// A remark.
pub fn note(words: &str) -> Markup {
    html! { p.note { (words) } }
}

/// A name, or `absent` where there is none.
pub fn or_absent(name: Option<&Name<'_>>, absent: &str) -> Markup {
    html! {
        @match name {
            Some(name) => { (name) }
            None => span.muted { (absent) },
        }
    }
}

/// Items one after the other with `separator` between.
pub fn joined(items: &[impl Render], separator: &str) -> Markup {
    html! {
        @for (i, item) in items.iter().enumerate() {
            @if i > 0 { (separator) }
            (item)
        }
    }
}

/// A recording by title and artist, or by its path.
pub fn recording(title: Option<&str>, artist: Option<&str>, path: &str) -> Markup {
    html! {
        @match (title, artist) {
            (Some(title), Some(artist)) => { "“" (Name::of(title)) "” by " (Name::of(artist)) }
            (Some(title), None) => { "“" (Name::of(title)) "”" }
            (None, _) => { (Name::of(path)) }
        }
    }
}
