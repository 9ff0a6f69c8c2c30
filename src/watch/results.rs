//! The files of the result of a delivery in the making.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::time::SystemTime;

use super::ledger::Done;
use super::{Draft, ResultFormat, ResultStore, ServiceError, Snapshot, shown};
use crate::audio::DecodeOptions;
use crate::counted::count;
use crate::level::Level;
use crate::report::csv::Csv;
use crate::report::decide::Commands;
use crate::report::html::{self, Options};
use crate::report::picture::Pictures;
use crate::report::read::Records;
use crate::report::records::{Record, Summary};
use crate::report::sound::Sounds;
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
        let pictures = page.map(|decode| Pictures { from_audio: true, decode: decode.clone() });
        let records = self.finish(results, name, pictures)?;
        Ok(results.publish(name, records, state, seen)?)
    }

    /// The same for a result that was judged again: what is done stays so, and no audio is read.
    pub(super) fn replace(
        self,
        results: &ResultStore,
        name: &OsStr,
        page: bool,
        done: Done,
    ) -> Result<(), ServiceError> {
        let decode = DecodeOptions::default();
        let pictures = page.then_some(Pictures { from_audio: false, decode });
        let records = self.finish(results, name, pictures)?;
        Ok(results.replace(name, records, done)?)
    }

    /// Puts table and page in their places; the records, for the same.
    fn finish(
        self,
        results: &ResultStore,
        name: &OsStr,
        page: Option<Pictures>,
    ) -> Result<(Draft, File), ServiceError> {
        let (records, file, JsonLines(writer)) = self.records;
        drop(writer.into_inner().map_err(|e| e.into_error())?);
        if let Some((table, file, csv)) = self.table {
            // Every row was flushed when it was written.
            drop(csv);
            table.publish(file, false)?;
        }
        if let Some(pictures) = page {
            write_page(results, name, &file, pictures)?;
        }
        Ok((records, file))
    }

    /// Takes a line of an older result as it stands; `record`, where it can be read.
    pub(super) fn take(&mut self, line: &[u8], record: Option<&Record>) -> io::Result<()> {
        let out = &mut self.records.2.0;
        out.write_all(line)?;
        out.write_all(b"\n")?;
        match (&mut self.table, record) {
            (Some((_, _, csv)), Some(record)) => csv.record(record),
            _ => Ok(()),
        }
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
    pictures: Pictures,
) -> Result<(), ServiceError> {
    let (draft, file) = results.draft(name, ResultFormat::Page)?;
    let mut records = Records::of_file(records.try_clone()?)?;
    let options = Options {
        title: Some(format!("Delivery {}", shown(name))),
        limit: SHOWN,
        pictures,
        // Where the page is read is not known.
        sounds: Sounds::default(),
        commands: Commands::of_some_index(),
    };
    let mut page = BufWriter::new(file);
    html::write(&mut records, &options, &mut page)?;
    page.flush()?;
    let file = page.into_inner().map_err(|e| e.into_error())?;
    Ok(draft.publish(file, false)?)
}

/// "12 uploads (1 hold, 11 clear), 3 matches, 1 cluster, 2 unreadable; 41.2 s".
pub(super) fn said(summary: &Summary) -> String {
    let mut text = count(summary.scanned, "upload", "uploads");
    let levels = summary.verdicts.iter().rev().filter(|(_, n)| **n > 0);
    let levels: Vec<String> =
        levels.map(|(level, n): (&Level, _)| format!("{n} {}", level.name())).collect();
    if !levels.is_empty() {
        text += &format!(" ({})", levels.join(", "));
    }
    let rest = [
        (summary.matches, "match", "matches"),
        (summary.clusters, "cluster", "clusters"),
        (summary.families, "family", "families"),
        (summary.errors, "error", "errors"),
    ];
    for (n, one, many) in rest {
        if n > 0 {
            text += &format!(", {}", count(n, one, many));
        }
    }
    text + &format!("; {:.1} s", summary.wall_ms as f64 / 1000.0)
}
