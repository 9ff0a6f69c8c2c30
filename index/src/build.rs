//! Writes a segment and its graph, and probes what it wrote.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;

use rayon::prelude::*;

use crate::atomic::EnvelopeWriter;
use crate::cells::Cells as CellTable;
use crate::codec::{
    self, ColumnInfo, FileEntry, GraphInfo, ProbeRow, SegmentEntry, SegmentInfo, SpaceInfo,
};
use crate::columns::{self, Row, Sum};
use crate::envelope::Digested;
use crate::error::{Error, Result};
use crate::graph::{self, Graph};
use crate::planes::WORDS;
use crate::postings::{Posting, Widths, pack};
use crate::segment::{self, GRAPH_FILE, SEGMENT, Segment, SpaceData};
use crate::store::{CandidateStore, Cells, Live, Want};
use crate::types::{CODE_BITS, Code, MAX_SPACES, Payload, Query, TrackMeta};
use crate::{DEFAULT_EF, DEFAULT_PROBES, hex};

/// Tracks whose payloads are made at a time.
const COLUMN_BATCH: usize = 512;
/// Windows searched for by the self-probe of a space, at most.
const PROBE_SAMPLE: usize = 256;

/// What a segment will contain. Windows name tracks by their position in `tracks`.
#[derive(Default)]
pub(crate) struct Draft<'a> {
    pub(crate) tracks: Vec<(&'a TrackMeta, Kept<'a>)>,
    pub(crate) windows: [Vec<(Posting, Code)>; MAX_SPACES],
}

/// Where the payloads of a track are.
#[derive(Clone, Copy)]
pub(crate) enum Kept<'a> {
    /// At hand.
    Here(&'a [Payload]),
    /// In a segment, under this number.
    Stored(&'a Segment, u32),
    /// In a segment, under this number, and more at hand.
    More(&'a Segment, u32, &'a [Payload]),
}

impl Draft<'_> {
    /// Windows over all spaces.
    pub(crate) fn window_count(&self) -> u64 {
        self.windows.iter().map(|w| w.len() as u64).sum()
    }

    /// The kinds of payloads that its tracks may have, ascending.
    fn columns(&self) -> Vec<ColumnInfo> {
        let mut columns = BTreeSet::new();
        // Whole segments have the same columns.
        let mut last = std::ptr::null();
        for (_, kept) in &self.tracks {
            match kept {
                Kept::Here(payloads) => columns.extend(payloads.iter().map(column_of)),
                Kept::Stored(segment, _) | Kept::More(segment, _, _) => {
                    if !std::ptr::eq(*segment, last) {
                        last = *segment;
                        columns.extend(segment.columns().iter().map(|c| c.kind.clone()));
                    }
                }
            }
            if let Kept::More(_, _, payloads) = kept {
                columns.extend(payloads.iter().map(column_of));
            }
        }
        columns.into_iter().collect()
    }

    fn payload(&self, track: usize, column: &ColumnInfo) -> Result<Option<Payload>> {
        match self.tracks[track].1 {
            Kept::Here(payloads) => Ok(payloads.iter().find(|p| is_of(p, column)).cloned()),
            Kept::More(_, _, payloads) if payloads.iter().any(|p| is_of(p, column)) => {
                Ok(payloads.iter().find(|p| is_of(p, column)).cloned())
            }
            Kept::Stored(segment, track) | Kept::More(segment, track, _) => {
                match segment.columns().iter().find(|c| c.kind == *column) {
                    Some(column) => segment.payload_in(column, track),
                    None => Ok(None),
                }
            }
        }
    }
}

fn column_of(payload: &Payload) -> ColumnInfo {
    ColumnInfo { name: payload.name.clone(), codec: payload.codec }
}

fn is_of(payload: &Payload, column: &ColumnInfo) -> bool {
    payload.name == column.name && payload.codec == column.codec
}

/// Whether the payloads of one track can be stored.
pub(crate) fn check_payloads(payloads: &[Payload]) -> Result<()> {
    for (at, payload) in payloads.iter().enumerate() {
        let again = payloads[..at].iter().any(|p| p.name == payload.name);
        if again || !columns::is_name(&payload.name) {
            return Err(Error::BadPayload { name: payload.name.clone() });
        }
    }
    Ok(())
}

/// One space, ready to be written.
struct BuiltSpace {
    space: u8,
    cells: CellTable,
    /// Cell by cell, as [`SpaceData`] wants them.
    words: Vec<u64>,
    postings: Vec<Posting>,
    graph: Option<Vec<u32>>,
    probe: ProbeRow,
}

/// What the fingerprints of an index were made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Made {
    /// Digest of the parameters as a whole.
    pub(crate) params: [u8; 32],
    /// Digests of those of each space.
    pub(crate) spaces: [[u8; 32]; MAX_SPACES],
}

/// Writes the files of a segment into `dir` and returns what the manifest needs to know. The result
/// depends on the draft alone, not on the number of threads or the order of its windows.
pub(crate) fn write_segment(dir: &Path, made: &Made, mut draft: Draft<'_>) -> Result<SegmentEntry> {
    let windows = draft.window_count();
    for (what, n) in [("tracks in one segment", draft.tracks.len())]
        .into_iter()
        .chain(draft.windows.iter().map(|w| ("windows in one segment", w.len())))
    {
        if n > u32::MAX as usize {
            return Err(Error::TooLarge { what, value: n as u64, limit: u32::MAX.into() });
        }
    }
    let columns = draft.columns();
    if columns.len() > columns::MAX_COLUMNS {
        let (value, limit) = (columns.len() as u64, columns::MAX_COLUMNS as u64);
        return Err(Error::TooLarge { what: "kinds of payloads in one segment", value, limit });
    }
    let built: Vec<BuiltSpace> = std::mem::take(&mut draft.windows)
        .into_par_iter()
        .enumerate()
        .filter(|(_, rows)| !rows.is_empty())
        .map(|(space, rows)| build_space(space as u8, rows))
        .collect();
    let spaces: Vec<SpaceArrays<'_>> = built.iter().map(|s| s.arrays(made)).collect();
    let metas: Vec<&TrackMeta> = draft.tracks.iter().map(|(meta, _)| *meta).collect();
    let payload = |track: usize, column: &ColumnInfo| draft.payload(track, column);
    let file = write_segment_file(dir, &made.params, &metas, &columns, &payload, &spaces)?;
    let graph = write_graph_file(dir, &file, &spaces)?;
    Ok(SegmentEntry {
        file,
        graph,
        tracks: metas.len() as u32,
        windows,
        probes: built.into_iter().map(|s| s.probe).collect(),
        dead: Vec::new(),
    })
}

/// The arrays of a space to be written.
pub(crate) struct SpaceArrays<'a> {
    pub(crate) space: u8,
    pub(crate) digest: [u8; 32],
    pub(crate) reps: &'a [Code],
    pub(crate) offsets: &'a [u32],
    pub(crate) words: &'a [u64],
    pub(crate) postings: Cow<'a, [Posting]>,
    pub(crate) graph: Option<&'a [u32]>,
}

impl BuiltSpace {
    fn arrays(&self, made: &Made) -> SpaceArrays<'_> {
        SpaceArrays {
            space: self.space,
            digest: made.spaces[usize::from(self.space)],
            reps: &self.cells.reps,
            offsets: &self.cells.offsets,
            words: &self.words,
            postings: Cow::Borrowed(&self.postings),
            graph: self.graph.as_deref(),
        }
    }
}

fn build_space(space: u8, mut rows: Vec<(Posting, Code)>) -> BuiltSpace {
    rows.par_sort_unstable();
    let codes: Vec<Code> = rows.iter().map(|(_, code)| *code).collect();
    let cells = CellTable::build(&codes);
    let postings: Vec<Posting> = cells.order.iter().map(|&at| rows[at as usize].0).collect();
    let mut words = Vec::with_capacity(codes.len() * WORDS);
    for (from, to) in cells.offsets.iter().zip(&cells.offsets[1..]) {
        let cell = &cells.order[*from as usize..*to as usize];
        (0..WORDS).for_each(|w| words.extend(cell.iter().map(|&at| codes[at as usize][w])));
    }
    let built = graph::build(&cells.reps, DEFAULT_EF);
    let data = SpaceData::new(&cells.reps, &cells.offsets, &words, &postings);
    let (sampled, missed) = self_probe(data, built.as_ref().map(|(words, _)| words.as_slice()));
    let probe = ProbeRow {
        space,
        cells: cells.reps.len() as u32,
        orphans: built.as_ref().map_or(0, |(_, orphans)| *orphans as u32),
        sampled,
        missed,
    };
    BuiltSpace { space, graph: built.map(|(words, _)| words), probe, cells, words, postings }
}

/// Searches for stored windows the way production does; returns how many were tried and missed.
fn self_probe(data: SpaceData<'_>, words: Option<&[u32]>) -> (u32, u32) {
    let layout = words.and_then(|w| graph::parse(w, data.reps.len()).ok());
    let graph =
        layout.as_ref().zip(words).map(|(layout, words)| Graph::new(layout, words, data.reps));
    let store = Cells::new(data, graph, DEFAULT_PROBES, DEFAULT_EF);
    let n = data.postings.len();
    let step = n.div_ceil(PROBE_SAMPLE.min(n.div_ceil(16)).max(1)).max(1);
    let queries: Vec<Query> = data.codes().step_by(step).map(Query::from).collect();
    // An equal code may answer instead, so a hit at distance zero is what counts.
    let want = Want { k: 1, max_distance: 0 };
    let hits = store.search(&queries, want, Live { base: 0, tracks: u32::MAX, dead: &[] });
    let found = |hits: &Vec<_>| !hits.is_empty();
    (queries.len() as u32, hits.iter().filter(|h| !found(h)).count() as u32)
}

/// Reads or makes the payload of a track, by its position, of one kind.
pub(crate) type Fetch<'a> = dyn Fn(usize, &ColumnInfo) -> Result<Option<Payload>> + Sync + 'a;

/// Writes a segment of tracks that are described by `metas`.
pub(crate) fn write_segment_file(
    dir: &Path,
    params: &[u8; 32],
    metas: &[&TrackMeta],
    columns: &[ColumnInfo],
    payload: &Fetch<'_>,
    spaces: &[SpaceArrays<'_>],
) -> Result<FileEntry> {
    let tracks = metas.len() as u32;
    let widths: Vec<Widths> = spaces.iter().map(|s| Widths::of(tracks, &s.postings)).collect();
    let info = SegmentInfo {
        params_digest: *params,
        tracks,
        spaces: spaces.iter().zip(&widths).map(|(s, w)| s.info(*w)).collect(),
        columns: columns.to_vec(),
    };
    let sections =
        4 + spaces.len() * segment::SPACE_SECTIONS + columns.len() * columns::COLUMN_SECTIONS;
    let mut out = EnvelopeWriter::create(dir, "segment", SEGMENT, sections)?;
    out.section(segment::INFO, &codec::encode(&info).map_err(|e| Error::corrupt(dir, e))?)?;

    let mut offsets = vec![0u64];
    let mut blob = Vec::new();
    for meta in metas {
        let row = codec::encode_meta(meta).map_err(|_| Error::TooLarge {
            what: "bytes of metadata of one track",
            value: (meta.path.len() + meta.ref_id.len()) as u64,
            limit: codec::META_LIMIT as u64,
        })?;
        blob.extend_from_slice(&row);
        offsets.push(blob.len() as u64);
    }
    out.section(segment::META_OFFSETS, bytemuck::cast_slice(&offsets))?;
    out.section(segment::METAS, &blob)?;

    for (s, widths) in spaces.iter().zip(widths) {
        let [reps, offsets, codes, postings] = segment::space_sections(s.space);
        out.section(reps, bytemuck::cast_slice(s.reps))?;
        out.section(offsets, bytemuck::cast_slice(s.offsets))?;
        out.section_in_blocks(codes, bytemuck::cast_slice(s.words))?;
        out.section_in_blocks(postings, bytemuck::cast_slice(&pack(&s.postings, widths)))?;
    }
    for (c, column) in columns.iter().enumerate() {
        write_column(&mut out, c, column, metas.len(), payload)?;
    }
    out.digests()?;
    out.finish(|digest| format!("seg-{}.sal", hex(&digest[..8])))
}

impl SpaceArrays<'_> {
    fn info(&self, widths: Widths) -> SpaceInfo {
        SpaceInfo {
            space: self.space,
            codes: self.postings.len() as u32,
            cells: self.reps.len() as u32,
            bits: CODE_BITS,
            time_bits: widths.time,
            digest: self.digest,
        }
    }
}

/// Writes the payloads of one kind, so many tracks at a time as their making is worth a thread each.
fn write_column(
    out: &mut EnvelopeWriter,
    number: usize,
    column: &ColumnInfo,
    tracks: usize,
    payload: &Fetch<'_>,
) -> Result<()> {
    let [blob, rows] = columns::column_sections(number);
    out.begin(blob, Digested::Pieces)?;
    let mut all = Vec::with_capacity(tracks);
    let mut end = 0;
    for first in (0..tracks).step_by(COLUMN_BATCH) {
        let batch = first..tracks.min(first + COLUMN_BATCH);
        let made: Vec<(Vec<u8>, Sum)> = batch
            .into_par_iter()
            .map(|track| {
                let bytes = payload(track, column)?.map_or_else(Vec::new, |p| p.bytes);
                let sum = columns::sum_of(&bytes);
                Ok((bytes, sum))
            })
            .collect::<Result<_>>()?;
        for (bytes, sum) in made {
            end += bytes.len() as u64;
            all.push(Row { end, sum });
            out.write(&bytes)?;
        }
    }
    out.section(rows, bytemuck::cast_slice(&all))
}

/// Writes the graphs of a segment, if there are any.
pub(crate) fn write_graph_file(
    dir: &Path,
    file: &FileEntry,
    spaces: &[SpaceArrays<'_>],
) -> Result<Option<FileEntry>> {
    let graphs: Vec<(u8, &[u32])> =
        spaces.iter().filter_map(|s| Some((s.space, s.graph?))).collect();
    if graphs.is_empty() {
        return Ok(None);
    }
    let info = GraphInfo {
        segment_digest: file.digest,
        spaces: graphs.iter().map(|(space, _)| *space).collect(),
    };
    let mut out = EnvelopeWriter::create(dir, "graph", GRAPH_FILE, 1 + graphs.len())?;
    out.section(segment::INFO, &codec::encode(&info).map_err(|e| Error::corrupt(dir, e))?)?;
    for (space, words) in graphs {
        out.section(segment::graph_section(space), bytemuck::cast_slice(words))?;
    }
    out.finish(|digest| format!("seg-{}.graph", hex(&digest[..8]))).map(Some)
}
