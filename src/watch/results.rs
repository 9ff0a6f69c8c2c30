//! The files of the result of a delivery in the making.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::time::SystemTime;

use super::{Draft, ResultFormat, ResultStore, ServiceError, Snapshot, shown};
use crate::audio::DecodeOptions;
use crate::report::csv::Csv;
use crate::report::decide::Commands;
use crate::report::html::{self, Options};
use crate::report::picture::Pictures;
use crate::report::read::Records;
use crate::report::records::Record;
use crate::report::{JsonLines, Report};

/// Matches shown in full in a page.
const SHOWN: usize = 200;

/// The files of a result in the making.
pub(super) struct Results {
    records: (Draft, File, JsonLines<BufWriter<File>>),
    table: Option<(Draft, File, Csv<BufWriter<File>>)>,
}

impl Results {
    /// Begins the result of the delivery `name`.
    pub(super) fn begin(
        results: &ResultStore,
        name: &OsStr,
        table: bool,
    ) -> Result<Results, ServiceError> {
        let (draft, file) = results.draft(name, ResultFormat::Records)?;
        let handle = file.try_clone()?;
        let records = (draft, handle, JsonLines(BufWriter::new(file)));
        let table = match table {
            true => {
                let (draft, file) = results.draft(name, ResultFormat::Table)?;
                let handle = file.try_clone()?;
                Some((draft, handle, Csv::new(BufWriter::new(file))?))
            }
            false => None,
        };
        Ok(Results { records, table })
    }

    /// Puts all files in their places, the records last: they say that the delivery is done, in the `state` that
    /// looked like `seen`. With a page for people, where it is said how audio is decoded for its pictures.
    pub(super) fn publish(
        self,
        results: &ResultStore,
        name: &OsStr,
        page: Option<&DecodeOptions>,
        state: &str,
        seen: (&Snapshot, SystemTime),
    ) -> Result<(), ServiceError> {
        let (records, file, JsonLines(writer)) = self.records;
        drop(writer.into_inner().map_err(|e| e.into_error())?);
        if let Some((table, file, csv)) = self.table {
            // Every row was flushed when it was written.
            drop(csv);
            table.publish(file, false)?;
        }
        if let Some(decode) = page {
            write_page(results, name, &file, decode)?;
        }
        Ok(results.publish(name, (records, file), state, seen)?)
    }
}

impl Report for Results {
    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.records.2.record(record)?;
        self.table.iter_mut().try_for_each(|(_, _, csv)| csv.record(record))
    }
}

/// Makes the page of the records in `file`: not of what lies under its name by now.
fn write_page(
    results: &ResultStore,
    name: &OsStr,
    records: &File,
    decode: &DecodeOptions,
) -> Result<(), ServiceError> {
    let (draft, file) = results.draft(name, ResultFormat::Page)?;
    let mut records = Records::of_file(records.try_clone()?)?;
    let options = Options {
        title: Some(format!("Delivery {}", shown(name))),
        limit: SHOWN,
        pictures: Pictures { from_audio: true, decode: decode.clone() },
        commands: Commands::of_some_index(),
    };
    let mut page = BufWriter::new(file);
    html::write(&mut records, &options, &mut page)?;
    page.flush()?;
    let file = page.into_inner().map_err(|e| e.into_error())?;
    Ok(draft.publish(file, false)?)
}
