//! What both sides say about themselves, beside each other.

use maud::{Markup, html};
use unicode_normalization::UnicodeNormalization;

use super::foreign::Name;
use super::parts::or_absent;
use crate::clock::clock;
use crate::declare::declared::Declared;
use crate::report::records::{self, MatchRecord};

/// Artists named.
const MAX_ARTISTS: usize = 30;

/// What came of comparing a field.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    Same,
    Differs,
    /// It was not compared: a side is silent, or a difference would mean nothing.
    Plain,
}

impl Outcome {
    /// Class of the row, sign and word.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Outcome::Same => ("same", "=", "same"),
            Outcome::Differs => ("differs", "≠", "differs"),
            Outcome::Plain => ("plain", "", ""),
        }
    }
}

/// One line of the comparison.
struct Row {
    label: &'static str,
    query: Option<Name<'static>>,
    reference: Option<Name<'static>>,
    outcome: Outcome,
}

impl Row {
    /// None where both sides are silent. `compared` says whether a difference means something.
    fn new(
        label: &'static str,
        query: Option<String>,
        reference: Option<String>,
        compared: bool,
    ) -> Option<Row> {
        let query = query.filter(|v| !v.is_empty());
        let reference = reference.filter(|v| !v.is_empty());
        let outcome = match (&query, &reference) {
            (None, None) => return None,
            (Some(a), Some(b)) if compared && folded(a) == folded(b) => Outcome::Same,
            (Some(_), Some(_)) if compared => Outcome::Differs,
            _ => Outcome::Plain,
        };
        Some(Row { label, query: query.map(Name::of), reference: reference.map(Name::of), outcome })
    }

    fn markup(&self) -> Markup {
        let (class, sign, word) = self.outcome.words();
        html! {
            tr.(class) {
                th scope="row" { (self.label) }
                td { (or_absent(self.query.as_ref(), "not stated")) }
                td.mark { span aria-hidden="true" { (sign) } " " (word) }
                td { (or_absent(self.reference.as_ref(), "not stated")) }
            }
        }
    }
}

/// Both sides field by field.
pub struct Comparison {
    rows: Vec<Row>,
}

impl Comparison {
    /// Compares the sides of `m`. What the upload declares weighs more than its tags.
    pub fn new(m: &MatchRecord, declared: &Declared) -> Comparison {
        let (q, r) = (&m.query, &m.reference);
        let row = |label, query, reference| Row::new(label, query, reference, true);
        let lone = |label, query, reference| Row::new(label, query, reference, false);
        let or = |a: &Option<String>, b: &Option<String>| a.clone().or_else(|| b.clone());
        let artists = match declared.artists.is_empty() {
            true => names(&q.artists),
            false => Some(declared.artists.join("; ")),
        };
        let rows = [
            row("Title", or(&declared.title, &q.title), r.title.clone()),
            lone("Version", declared.version.clone(), None),
            row("Artist", artists, names(&r.artists)),
            row("Release", or(&declared.album, &q.album), r.album.clone()),
            row("Label", or(&declared.label, &q.label), r.label.clone()),
            row("ISRC", or(&declared.isrc, &q.external_ids.isrc), r.external_ids.isrc.clone()),
            row("UPC / EAN", or(&declared.upc, &q.external_ids.upc), r.external_ids.upc.clone()),
            lone("Length", Some(clock(q.duration_ms)), Some(clock(r.duration_ms))),
            lone("Account / owner", or(&declared.account, &q.account_id), r.owner.clone()),
            lone("Release id", or(&declared.release_id, &q.release_id), None),
            lone("Batch", or(&declared.batch_id, &q.batch_id), None),
            lone("Received", or(&declared.received_at, &q.received_at), None),
            lone("Catalogue", None, r.catalog.clone()),
            lone("File", Some(q.path.clone()), Some(r.path.clone())),
            lone("Content", Some(format!("SHA-256 {}", q.sha256)), Some(r.ref_id.clone())),
        ];
        Comparison { rows: rows.into_iter().flatten().collect() }
    }

    /// The table.
    pub fn markup(&self) -> Markup {
        html! {
            div.scroll { table.compare {
                thead { tr {
                    th scope="col" { "Field" }
                    th scope="col" { "This file" }
                    th scope="col" { span.sr { "Comparison" } }
                    th scope="col" { "Reference" }
                } }
                tbody { @for row in &self.rows { (row.markup()) } }
            } }
        }
    }
}

fn names(names: &[records::Name]) -> Option<String> {
    records::credit(&names[..names.len().min(MAX_ARTISTS)], "; ")
}

/// `value` as it is compared: letters and digits only, in lower case.
fn folded(value: &str) -> String {
    let decomposed = value.nfkd().flat_map(char::to_lowercase);
    decomposed.filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_is_no_difference() {
        assert_eq!(folded("US-S1Z-99 00001"), folded("uss1z9900001"));
        assert_eq!(folded("Café del Mar!"), folded("CAFE DEL MAR"));
        assert_ne!(folded("Night Drive"), folded("Main Theme"));
    }
}
