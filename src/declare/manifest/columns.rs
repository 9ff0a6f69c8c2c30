//! The columns of manifests, for whoever asks what they are called.
//!
//! Their names are in `names.rs`, after common delivery templates (Mixbank, Believe, Toolost, UMW, and the
//! exports of do-it-yourself distributors); how headers are read is in `headers.rs`.

pub use super::field::Field;
pub use super::headers::field;
use super::names::NAMES;

/// Every column with all of its names, for people.
pub fn overview() -> String {
    let mut text = String::new();
    for (field, names) in NAMES {
        let names: Vec<&str> = names.split_ascii_whitespace().collect();
        text.push_str(&format!("{}: {}\n", field.name(), names.join(", ")));
    }
    text
}

/// The columns with some of their names each, for the help of the command line.
pub fn summary() -> String {
    const SHOWN: usize = 3;
    let of = |(field, names): &(Field, &str)| {
        let names: Vec<&str> = names.split_ascii_whitespace().take(SHOWN).collect();
        format!("{} ({})", field.name(), names.join(", "))
    };
    NAMES.iter().map(of).collect::<Vec<_>>().join("; ")
}
