//! Payloads of the tracks of a segment: one column for each name and form.
//!
//! A column is the payloads one after the other, and a section of rows that say where each ends and what its
//! checksum is. So one can be read from the file alone, at its position, and be compared with its checksum,
//! whenever it is wanted; it need not stay in memory. A segment of version 2 has one column, without checksums:
//! it is digested as a whole when it is opened.

use std::ops::Range;
use std::path::Path;

use bytemuck::{Pod, Zeroable};
use rayon::prelude::*;

use crate::codec::{ColumnInfo, SegmentInfo};
use crate::envelope::Envelope;
use crate::error::{Error, Result};
use crate::types::Payload;

/// Columns of a segment at most.
pub(crate) const MAX_COLUMNS: usize = 16;
/// Name and form of what segments of version 2 keep of a track: peaks, with band levels after them.
pub const FORMAT_2_PAYLOAD: (&str, u32) = ("peaks", 1);
/// Longest name of a payload.
const MAX_NAME: usize = 64;

/// Sections of version 2.
const OFFSETS_2: u32 = 4;
const BLOB_2: u32 = 5;
/// Sections of column `c` are this and `2 * c` more, and the next.
const COLUMN_BASE: u32 = 64;
/// Sections that a column takes.
pub(crate) const COLUMN_SECTIONS: usize = 2;

/// Section ids of a column: the payloads, and the rows about them.
pub(crate) fn column_sections(column: usize) -> [u32; COLUMN_SECTIONS] {
    std::array::from_fn(|i| COLUMN_BASE + (COLUMN_SECTIONS * column + i) as u32)
}

/// Checksum of a payload: a BLAKE3 digest, cut to half.
pub(crate) type Sum = [u8; 16];

/// Where a payload ends, and its checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct Row {
    pub(crate) end: u64,
    pub(crate) sum: Sum,
}

pub(crate) fn sum_of(bytes: &[u8]) -> Sum {
    let digest = blake3::hash(bytes);
    std::array::from_fn(|i| digest.as_bytes()[i])
}

/// One column of an opened segment.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) kind: ColumnInfo,
    blob: Range<usize>,
    rows: Range<usize>,
    /// Whether there are checksums.
    sums: bool,
}

/// The columns of a segment.
pub(crate) fn read(envelope: &Envelope, info: &SegmentInfo, path: &Path) -> Result<Vec<Column>> {
    if envelope.version() < 3 {
        let (name, codec) = FORMAT_2_PAYLOAD;
        return Ok(vec![Column {
            kind: ColumnInfo { name: name.into(), codec },
            blob: envelope.range(BLOB_2, path)?,
            rows: envelope.range(OFFSETS_2, path)?,
            sums: false,
        }]);
    }
    let bad = |what: &str| Error::corrupt(path, what);
    let kinds = &info.columns;
    if kinds.len() > MAX_COLUMNS || kinds.windows(2).any(|w| w[0] >= w[1]) {
        return Err(bad("payloads out of order"));
    }
    let column = |(c, kind): (usize, &ColumnInfo)| {
        let [blob, rows] = column_sections(c);
        let column = Column {
            kind: kind.clone(),
            blob: envelope.range(blob, path)?,
            rows: envelope.range(rows, path)?,
            sums: true,
        };
        let rows: &[Row] = envelope.array(rows, path)?;
        let ends = rows.iter().map(|row| row.end);
        let last = rows.last().map_or(0, |row| row.end);
        if !is_name(&kind.name)
            || rows.len() != info.tracks as usize
            || last != column.blob.len() as u64
            || !ends.is_sorted()
        {
            return Err(bad("places of payloads"));
        }
        Ok(column)
    };
    kinds.iter().enumerate().map(column).collect()
}

/// Whether a payload may be called so.
pub(crate) fn is_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic())
}

impl Column {
    /// Validates the places of a column of version 2, which are not digested where it is opened to be written.
    pub(crate) fn validate_2(&self, envelope: &Envelope, tracks: usize, path: &Path) -> Result<()> {
        if self.sums {
            return Ok(());
        }
        let offsets: &[u64] = envelope.array(OFFSETS_2, path)?;
        if !is_partition(offsets, tracks, self.blob.len()) {
            return Err(Error::corrupt(path, "constellation offsets"));
        }
        Ok(())
    }

    /// Where the payload of a track lies in the file, with its checksum; none where it has none.
    fn place(&self, envelope: &Envelope, track: u32) -> Option<(Range<usize>, Option<Sum>)> {
        let at = track as usize;
        let (from, to, sum) = if self.sums {
            let rows: &[Row] = envelope.cast(&self.rows);
            let row = rows.get(at)?;
            let from = at.checked_sub(1).map_or(0, |before| rows[before].end);
            (from, row.end, Some(row.sum))
        } else {
            let offsets: &[u64] = envelope.cast(&self.rows);
            (*offsets.get(at)?, *offsets.get(at + 1)?, None)
        };
        let start = self.blob.start;
        let range = start.checked_add(from as usize)?..start.checked_add(to as usize)?;
        (range.start < range.end && range.end <= self.blob.end).then_some((range, sum))
    }

    /// Whether a track has one.
    pub(crate) fn has(&self, envelope: &Envelope, track: u32) -> bool {
        self.place(envelope, track).is_some()
    }

    /// The payload of a track, compared with its checksum; none where it has none.
    pub(crate) fn payload(
        &self,
        envelope: &Envelope,
        track: u32,
        path: &Path,
    ) -> Result<Option<Payload>> {
        let Some((range, sum)) = self.place(envelope, track) else { return Ok(None) };
        let bytes = envelope.bytes().copy_at(range, path)?;
        if sum.is_some_and(|sum| sum != sum_of(&bytes)) {
            return Err(self.damaged(track, path));
        }
        Ok(Some(Payload { name: self.kind.name.clone(), codec: self.kind.codec, bytes }))
    }

    /// Compares all payloads with their checksums.
    pub(crate) fn check(&self, envelope: &Envelope, tracks: u32, path: &Path) -> Result<()> {
        (0..tracks).into_par_iter().try_for_each(|track| match self.place(envelope, track) {
            Some((range, Some(sum))) if sum != sum_of(envelope.slice(&range)) => {
                Err(self.damaged(track, path))
            }
            _ => Ok(()),
        })
    }

    fn damaged(&self, track: u32, path: &Path) -> Error {
        let name = &self.kind.name;
        Error::corrupt(path, format!("{name} of track {track} do not match their checksum"))
    }

    /// Bytes that the column takes.
    pub(crate) fn size(&self) -> u64 {
        (self.blob.len() + self.rows.len()) as u64
    }
}

/// Whether `offsets` cut `0..total` into `parts` consecutive pieces.
pub(crate) fn is_partition<T: Copy + Into<u64>>(offsets: &[T], parts: usize, total: usize) -> bool {
    let at = |i: usize| -> u64 { offsets[i].into() };
    offsets.len().checked_sub(1) == Some(parts)
        && at(0) == 0
        && at(parts) == total as u64
        && offsets.windows(2).all(|w| w[0].into() <= w[1].into())
}
