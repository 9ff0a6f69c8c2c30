//! What is missing from the page, or from the records.

use maud::{Markup, html};

use super::anchors::{Anchors, MAX_UPLOADS};
use super::overview::MAX_ROWS;
use super::words::count;
use crate::counted::agree;
use crate::report::read::{Contents, UploadEntry};

/// The notices, if there are any. At most `limit` clusters are shown.
pub fn notices(
    contents: &Contents,
    uploads: &[UploadEntry],
    anchors: &Anchors,
    limit: usize,
) -> Markup {
    let mut notices = of_records(contents);
    notices.extend(of_page(contents, uploads, anchors, limit));
    html! {
        @if !notices.is_empty() {
            ul.notices { @for notice in &notices { li { (notice) } } }
        }
    }
}

/// What the records lack.
fn of_records(contents: &Contents) -> Vec<String> {
    let mut notices = Vec::new();
    if contents.bad_lines > 0 {
        let lines = count(contents.bad_lines, "line", "lines");
        notices.push(format!("{lines} of the records could not be read and are missing here."));
    }
    if contents.unknown > 0 {
        let records = count(contents.unknown, "record", "records");
        notices.push(format!("{records} of a kind that this version does not know are left out."));
    }
    if contents.runs > 1 {
        notices.push(format!(
            "The records come from {} runs; index and version above are those of the first.",
            contents.runs
        ));
    }
    if contents.summary.as_ref().is_some_and(|s| s.interrupted) {
        notices.push("The run was interrupted: uploads that it did not reach are missing.".into());
    }
    notices
}

/// What the page leaves out.
fn of_page(
    contents: &Contents,
    uploads: &[UploadEntry],
    anchors: &Anchors,
    limit: usize,
) -> Vec<String> {
    let mut notices = Vec::new();
    let (matches, shown) = (uploads.iter().map(|u| u.matches.len()).sum(), anchors.exhibits());
    if shown < matches {
        notices.push(format!(
            "{shown} of {} {} shown in full, those of the gravest uploads first; the others are \
             in the table only (option --limit).",
            count(matches, "match", "matches"),
            agree(shown, "is", "are")
        ));
    }
    let groups = [(contents.clusters.len(), "clusters"), (contents.families.len(), "families")];
    for (number, what) in groups.into_iter().filter(|(number, _)| *number > limit) {
        let are = agree(limit, "is", "are");
        notices.push(format!("{limit} of {number} {what} {are} shown."));
    }
    let all = uploads.len();
    if all > MAX_UPLOADS {
        notices
            .push(format!("Only the gravest {MAX_UPLOADS} of {all} uploads are shown in detail."));
    }
    if all > MAX_ROWS {
        notices.push(format!("The table lists the gravest {MAX_ROWS} of {all} uploads."));
    }
    notices
}
