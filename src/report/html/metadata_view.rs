//! What both sides say about themselves, beside each other.

use unicode_normalization::UnicodeNormalization;

use super::escape;
use crate::catalog::declared::Declared;
use crate::report::records::{MatchRecord, Name};
use crate::report::text::clock;

/// One line of the comparison.
struct Row {
    label: &'static str,
    query: Option<String>,
    reference: Option<String>,
    /// Whether a difference means something.
    compared: bool,
}

/// The table. What the upload declares weighs more than its tags.
pub fn table(m: &MatchRecord, declared: &Declared) -> String {
    let mut out = String::from(
        "<div class=\"scroll\"><table class=\"compare\"><thead><tr><th scope=\"col\">Field</th>\
         <th scope=\"col\">This file</th><th scope=\"col\"><span class=\"sr\">Comparison</span></th>\
         <th scope=\"col\">Reference</th></tr></thead><tbody>",
    );
    for row in rows(m, declared) {
        if row.query.is_none() && row.reference.is_none() {
            continue;
        }
        let (class, mark, said) = match (&row.query, &row.reference) {
            (Some(a), Some(b)) if row.compared && folded(a) == folded(b) => ("same", "=", "same"),
            (Some(_), Some(_)) if row.compared => ("differs", "≠", "differs"),
            _ => ("plain", "", ""),
        };
        let cell = |value: &Option<String>| match value {
            Some(value) => escape::name(value),
            None => "<span class=\"muted\">not stated</span>".to_owned(),
        };
        put!(
            out,
            "<tr class=\"{class}\"><th scope=\"row\">{}</th><td>{}</td>\
             <td class=\"mark\"><span aria-hidden=\"true\">{mark}</span> {said}</td><td>{}</td></tr>",
            row.label,
            cell(&row.query),
            cell(&row.reference)
        );
    }
    out.push_str("</tbody></table></div>");
    out
}

fn rows(m: &MatchRecord, declared: &Declared) -> Vec<Row> {
    let (q, r) = (&m.query, &m.reference);
    let row = |label, query: Option<String>, reference: Option<String>| Row {
        label,
        query: query.filter(|v| !v.is_empty()),
        reference: reference.filter(|v| !v.is_empty()),
        compared: true,
    };
    let lone = |label, query, reference| Row { compared: false, ..row(label, query, reference) };
    let or = |a: &Option<String>, b: &Option<String>| a.clone().or_else(|| b.clone());
    let artists = match declared.artists.is_empty() {
        true => names(&q.artists),
        false => Some(declared.artists.join("; ")),
    };
    vec![
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
    ]
}

fn names(names: &[Name]) -> Option<String> {
    let names: Vec<_> = names.iter().take(30).map(|n| n.name.as_str()).collect();
    (!names.is_empty()).then(|| names.join("; "))
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
