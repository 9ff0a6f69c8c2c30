//! What is said about a scan: records, and their forms for machines, tables and people.

pub mod csv;
pub mod decide;
pub mod evidence;
mod flac;
pub mod html;
pub mod look;
pub mod phrases;
pub mod picture;
pub mod read;
pub mod records;
mod remarks;
mod shares;
pub mod sonify;
pub mod sound;
pub mod text;
mod text_batch;
pub mod tracklist;
pub mod wave;

use records::Record;

/// Writes records in one form.
pub trait Report {
    /// Takes the next record. Records of one query come together, begin and summary at the ends.
    fn record(&mut self, record: &Record) -> std::io::Result<()>;
}

/// One JSON object a line.
pub struct JsonLines<W: std::io::Write>(pub W);

impl<W: std::io::Write> Report for JsonLines<W> {
    fn record(&mut self, record: &Record) -> std::io::Result<()> {
        serde_json::to_writer(&mut self.0, record)?;
        self.0.write_all(b"\n")?;
        // A reader at the other end of a pipe sees each query as soon as it is done.
        self.0.flush()
    }
}
