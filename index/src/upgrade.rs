//! Segments of an older format, or with payloads of an older form, written anew: one by one, in place.
//!
//! Tracks keep their numbers, removed ones stay removed, cells and graphs are copied as they are: a search finds
//! the same before and after, bit by bit. Payloads are given to who knows them ([`Recode`]); no audio is needed.
//! The old segment goes before the next is written, so that the largest one is all the disk that is needed
//! besides, and whatever ends the process leaves an index of segments of either format, which is read as before.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::Serialize;

use crate::build::{SpaceArrays, write_graph_file, write_segment_file};
use crate::bytes::Hold;
use crate::codec::{ColumnInfo, SegmentEntry};
use crate::error::{Error, Result};
use crate::segment::Segment;
use crate::types::{MAX_SPACES, Payload, TrackMeta};
use crate::writer::{Writer, bytes_of};

/// How payloads take their newest form.
pub struct Recode<'a> {
    /// Names and forms that it gives.
    pub kinds: &'a [(&'a str, u32)],
    /// The payload of that name of a track in that form, made of the payloads that are stored; what it does not
    /// know it leaves alone.
    pub recode: &'a RecodeOne,
}

/// Makes one payload of those that are stored.
pub type RecodeOne =
    dyn Fn(&str, Vec<Payload>) -> std::result::Result<Option<Payload>, String> + Sync;

/// What an upgrade did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct UpgradeStats {
    /// Segments of the index.
    pub segments: usize,
    /// Segments written anew.
    pub rewritten: usize,
    /// Segments left alone, since they hold codes that this build does not know.
    pub unknown: usize,
    /// Bytes before.
    pub bytes_before: u64,
    /// Bytes after.
    pub bytes_after: u64,
}

impl Writer {
    /// Writes every segment anew whose format or payloads are not the newest.
    ///
    /// # Errors
    /// A segment is damaged or cannot be written. What was upgraded before it holds.
    pub fn upgrade(&mut self, recode: &Recode<'_>) -> Result<UpgradeStats> {
        let mut segments = self.manifest.body.segments.clone();
        let mut stats = UpgradeStats {
            segments: segments.len(),
            bytes_before: segments.iter().map(bytes_of).sum(),
            ..UpgradeStats::default()
        };
        for at in 0..segments.len() {
            let segment = self.open_segment(&segments[at])?;
            if is_newest(&segment, recode) {
                continue;
            }
            if segment.has_other_codes() {
                stats.unknown += 1;
                continue;
            }
            let entry = self.write_anew(&segment, &segments[at], recode)?;
            drop(segment);
            segments[at] = entry;
            self.publish(segments.clone())?;
            stats.rewritten += 1;
        }
        stats.bytes_after = segments.iter().map(bytes_of).sum();
        Ok(stats)
    }

    fn open_segment(&self, entry: &SegmentEntry) -> Result<Segment> {
        let mut segment = self.open_part(entry)?.segment;
        if let Some(graph) = &entry.graph {
            // A damaged one is done without.
            let _ = segment.open_graph(&self.dir, graph, Hold::Mapped);
        }
        Ok(segment)
    }

    fn write_anew(
        &self,
        segment: &Segment,
        entry: &SegmentEntry,
        recode: &Recode<'_>,
    ) -> Result<SegmentEntry> {
        let mut spaces = Vec::new();
        for params in segment.space_params() {
            segment.ensure_space(params.space)?;
            let Some(data) = segment.space(params.space) else { continue };
            spaces.push(SpaceArrays {
                space: params.space,
                digest: params.digest,
                reps: data.reps,
                offsets: data.offsets,
                words: segment.words(params.space),
                postings: Cow::Owned(data.postings.iter().collect()),
                graph: segment.graph_words(params.space),
            });
        }
        debug_assert!(spaces.len() <= MAX_SPACES);
        let payload = |track: usize, column: &ColumnInfo| {
            if entry.dead.binary_search(&(track as u32)).is_ok() {
                return Ok(None);
            }
            let told = |e| {
                let name = &segment.metas()[track].ref_id;
                Error::corrupt(segment.path(), format!("track {name}: {e}"))
            };
            let stored = segment.payloads(track as u32)?;
            let new = (recode.recode)(&column.name, stored).map_err(told)?;
            Ok(new.filter(|payload| payload.codec == column.codec))
        };
        let metas: Vec<&TrackMeta> = segment.metas().iter().collect();
        let params = &self.manifest.body.params_digest;
        let columns = columns(segment, recode);
        let file = write_segment_file(&self.dir, params, &metas, &columns, &payload, &spaces)?;
        let graph = write_graph_file(&self.dir, &file, &spaces)?;
        segment.check_again()?;
        Ok(SegmentEntry { file, graph, ..entry.clone() })
    }
}

/// Whether there is nothing to do.
fn is_newest(segment: &Segment, recode: &Recode<'_>) -> bool {
    let is_old = |kind: &ColumnInfo| {
        recode.kinds.iter().any(|(name, codec)| kind.name == *name && kind.codec < *codec)
    };
    segment.is_in_parts() && !segment.columns().iter().any(|column| is_old(&column.kind))
}

/// The kinds of payloads afterwards.
fn columns(segment: &Segment, recode: &Recode<'_>) -> Vec<ColumnInfo> {
    let new = recode.kinds.iter();
    let new = new.map(|(name, codec)| ColumnInfo { name: (*name).to_owned(), codec: *codec });
    let kept = segment.columns().iter().map(|column| column.kind.clone());
    let kept = kept.filter(|kind| {
        recode.kinds.iter().all(|(name, codec)| kind.name != *name || kind.codec > *codec)
    });
    new.chain(kept).collect::<BTreeSet<_>>().into_iter().collect()
}
