//! A report in several pages: an index, and a page for each upload of which there is more to say.

use std::io::{self, Write};

use super::anchors::{self, MAX_UPLOADS};
use super::page::{Options, Page, Written};
use crate::report::read::Records;

pub use super::anchors::page_name;

/// Positions, from 1 on, of the uploads that have a page of their own.
pub fn uploads_with_pages(records: &Records) -> Vec<usize> {
    let uploads = records.contents.uploads.iter().enumerate().take(MAX_UPLOADS);
    uploads.filter(|(_, upload)| anchors::is_told(upload)).map(|(i, _)| i + 1).collect()
}

/// Writes the index: result, table, clusters, families.
///
/// # Errors
/// It cannot be written.
pub fn write_index(
    records: &mut Records,
    options: &Options,
    out: &mut dyn Write,
) -> io::Result<Written> {
    let uploads = std::mem::take(&mut records.contents.uploads);
    let mut page = Page::index(records, options, &uploads);
    let outcome = page.write(out);
    let written = page.written;
    records.contents.uploads = uploads;
    outcome.map(|()| written)
}

/// Writes the page of the `number`-th upload, with the clusters it is a member of.
///
/// # Errors
/// It cannot be written.
pub fn write_upload(
    records: &mut Records,
    options: &Options,
    number: usize,
    out: &mut dyn Write,
) -> io::Result<Written> {
    let Some(mut upload) = records.contents.uploads.get(number.wrapping_sub(1)).cloned() else {
        return Ok(Written::default());
    };
    let contents = &mut records.contents;
    let (clusters, families) =
        (std::mem::take(&mut contents.clusters), std::mem::take(&mut contents.families));
    contents.clusters =
        upload.clusters.iter().filter_map(|&at| clusters.get(at)).cloned().collect();
    upload.clusters = (0..contents.clusters.len()).collect();
    let one = [upload];
    let mut page = Page::of_upload(records, options, &one, number);
    let outcome = page.write(out);
    let written = page.written;
    (records.contents.clusters, records.contents.families) = (clusters, families);
    outcome.map(|()| written)
}
