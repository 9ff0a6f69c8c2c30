//! Writes a segment and its graph, and probes what it wrote.

use std::path::Path;

use rayon::prelude::*;

use crate::atomic::EnvelopeWriter;
use crate::cells::Cells as CellTable;
use crate::codec::{self, FileEntry, GraphInfo, ProbeRow, SegmentEntry, SegmentInfo, SpaceInfo};
use crate::error::{Error, Result};
use crate::graph::{self, Graph};
use crate::planes::WORDS;
use crate::segment::{self, GRAPH_FILE, Posting, SEGMENT, SpaceData};
use crate::store::{CandidateStore, Cells, Live, Want};
use crate::types::{Code, MAX_SPACES, Query, TrackMeta};
use crate::{DEFAULT_EF, DEFAULT_PROBES, hex};

/// Windows searched for by the self-probe of a space, at most.
const PROBE_SAMPLE: usize = 256;

/// What a segment will contain. Windows name tracks by their position in `tracks`.
#[derive(Default)]
pub(crate) struct Draft<'a> {
    pub(crate) tracks: Vec<(&'a TrackMeta, &'a [u8])>,
    pub(crate) windows: [Vec<(Posting, Code)>; MAX_SPACES],
}

impl Draft<'_> {
    /// Windows over all spaces.
    pub(crate) fn window_count(&self) -> u64 {
        self.windows.iter().map(|w| w.len() as u64).sum()
    }
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

/// Writes the files of a segment into `dir` and returns what the manifest needs to know. The result
/// depends on the draft alone, not on the number of threads or the order of its windows.
pub(crate) fn write_segment(
    dir: &Path,
    params: &[u8; 32],
    draft: Draft<'_>,
) -> Result<SegmentEntry> {
    let windows = draft.window_count();
    for (what, n) in [("tracks in one segment", draft.tracks.len())]
        .into_iter()
        .chain(draft.windows.iter().map(|w| ("windows in one segment", w.len())))
    {
        if n > u32::MAX as usize {
            return Err(Error::TooLarge { what, value: n as u64, limit: u32::MAX.into() });
        }
    }
    let Draft { tracks, windows: per_space } = draft;
    let spaces: Vec<BuiltSpace> = per_space
        .into_par_iter()
        .enumerate()
        .filter(|(_, rows)| !rows.is_empty())
        .map(|(space, rows)| build_space(space as u8, rows))
        .collect();
    let file = write_segment_file(dir, params, &tracks, &spaces)?;
    let graph = write_graph_file(dir, &file, &spaces)?;
    Ok(SegmentEntry {
        file,
        graph,
        tracks: tracks.len() as u32,
        windows,
        probes: spaces.into_iter().map(|s| s.probe).collect(),
        dead: Vec::new(),
    })
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
    let hits = store.search(&queries, want, Live { base: 0, dead: &[] });
    let found = |hits: &Vec<_>| !hits.is_empty();
    (queries.len() as u32, hits.iter().filter(|h| !found(h)).count() as u32)
}

fn write_segment_file(
    dir: &Path,
    params: &[u8; 32],
    tracks: &[(&TrackMeta, &[u8])],
    spaces: &[BuiltSpace],
) -> Result<FileEntry> {
    let too_large = |e: String| Error::corrupt(dir, e);
    let info = SegmentInfo {
        params_digest: *params,
        tracks: tracks.len() as u32,
        spaces: spaces
            .iter()
            .map(|s| SpaceInfo {
                space: s.space,
                codes: s.postings.len() as u32,
                cells: s.cells.reps.len() as u32,
            })
            .collect(),
    };
    let sections = 5 + spaces.len() * segment::SPACE_SECTIONS;
    let mut out = EnvelopeWriter::create(dir, "segment", SEGMENT, sections)?;
    out.section(segment::INFO, &codec::encode(&info).map_err(too_large)?)?;

    let mut offsets = vec![0u64];
    let mut blob = Vec::new();
    for (meta, _) in tracks {
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

    let mut end = 0;
    let ends = tracks.iter().map(|(_, constellation)| {
        end += constellation.len() as u64;
        end
    });
    let offsets: Vec<u64> = std::iter::once(0).chain(ends).collect();
    out.section(segment::CONSTELLATION_OFFSETS, bytemuck::cast_slice(&offsets))?;
    out.begin(segment::CONSTELLATIONS)?;
    for (_, constellation) in tracks {
        out.write(constellation)?;
    }

    for s in spaces {
        let [reps, offsets, codes, postings] = segment::space_sections(s.space);
        out.section(reps, bytemuck::cast_slice(&s.cells.reps))?;
        out.section(offsets, bytemuck::cast_slice(&s.cells.offsets))?;
        out.section(codes, bytemuck::cast_slice(&s.words))?;
        out.section(postings, bytemuck::cast_slice(&s.postings))?;
    }
    out.finish(|digest| format!("seg-{}.sal", hex(&digest[..8])))
}

fn write_graph_file(
    dir: &Path,
    file: &FileEntry,
    spaces: &[BuiltSpace],
) -> Result<Option<FileEntry>> {
    let graphs: Vec<(u8, &[u32])> =
        spaces.iter().filter_map(|s| Some((s.space, s.graph.as_deref()?))).collect();
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
