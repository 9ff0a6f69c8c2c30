//! Sizes and condition of a snapshot.

use serde::Serialize;

use crate::manifest::Manifest;
use crate::reader::Part;
use crate::types::MAX_SPACES;

/// Whether a segment can be searched through its graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum GraphState {
    /// It can.
    Ready,
    /// It was built without one: too few cells. They are scanned.
    None,
    /// The graph file is missing or damaged. Cells are scanned until a compaction rebuilds it.
    Damaged,
}

/// Result of the self-probe made when a space of a segment was built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProbeResult {
    /// The space.
    pub space: u8,
    /// Cells, that is representatives in the graph.
    pub cells: u32,
    /// Representatives the graph does not lead to; they are always compared exactly.
    pub orphans: u32,
    /// Stored windows searched for at default settings.
    pub sampled: u32,
    /// Those of them not found.
    pub missed: u32,
}

/// Payloads of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PayloadStats {
    /// Name.
    pub name: String,
    /// Form.
    pub codec: u32,
    /// Bytes, with the places and checksums of them.
    pub bytes: u64,
}

/// One segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SegmentStats {
    /// File name.
    pub file: String,
    /// Version of its format.
    pub format: u32,
    /// Tracks, removed ones included.
    pub tracks: u32,
    /// Removed tracks.
    pub dead: u32,
    /// Windows over all spaces.
    pub windows: u64,
    /// Bytes of segment and graph file.
    pub bytes: u64,
    /// Condition of the graph.
    pub graph: GraphState,
    /// Self-probe per space.
    pub probes: Vec<ProbeResult>,
}

/// An index in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct IndexStats {
    /// Commits so far.
    pub generation: u64,
    /// Live tracks.
    pub tracks: usize,
    /// Removed tracks whose bytes are still there.
    pub dead: usize,
    /// Playing time of the live tracks.
    pub duration_ms: u64,
    /// Windows per space, those of removed tracks included.
    pub windows: [u64; MAX_SPACES],
    /// Cells per space.
    pub cells: [u64; MAX_SPACES],
    /// Bytes of payloads: peaks and levels.
    pub bytes_constellations: u64,
    /// Bytes of codes, postings and cells.
    pub bytes_codes: u64,
    /// Bytes of postings among them.
    pub bytes_postings: u64,
    /// Bytes of cells among them.
    pub bytes_cells: u64,
    /// Bytes of graphs.
    pub bytes_graph: u64,
    /// Bytes of track metadata.
    pub bytes_metadata: u64,
    /// Bytes of all files but the manifest.
    pub bytes_total: u64,
    /// Bytes of each kind of payload, by name and form.
    pub payloads: Vec<PayloadStats>,
    /// The segments.
    pub segments: Vec<SegmentStats>,
}

pub(crate) fn collect(manifest: &Manifest, parts: &[Part]) -> IndexStats {
    let mut stats = IndexStats { generation: manifest.body.generation, ..IndexStats::default() };
    for part in parts {
        let sizes = part.segment.sizes();
        for (kind, bytes) in sizes.payloads {
            stats.bytes_constellations += bytes;
            let is_same = |p: &&mut PayloadStats| p.name == kind.name && p.codec == kind.codec;
            match stats.payloads.iter_mut().find(is_same) {
                Some(known) => known.bytes += bytes,
                None => {
                    stats.payloads.push(PayloadStats { name: kind.name, codec: kind.codec, bytes });
                }
            }
        }
        let graph = part.entry.graph.as_ref().map_or(0, |g| g.len);
        stats.bytes_codes += sizes.codes + sizes.postings + sizes.cells;
        stats.bytes_postings += sizes.postings;
        stats.bytes_cells += sizes.cells;
        stats.bytes_metadata += sizes.metadata;
        stats.bytes_graph += graph;
        stats.bytes_total += sizes.file + graph;
        stats.dead += part.entry.dead.len();
        for t in part.live_tracks() {
            stats.tracks += 1;
            let duration = part.segment.metas()[t as usize].duration_ms;
            stats.duration_ms = stats.duration_ms.saturating_add(duration);
        }
        for space in 0..MAX_SPACES {
            if let Some(data) = part.segment.space(space as u8) {
                stats.windows[space] += data.postings.len() as u64;
                stats.cells[space] += data.reps.len() as u64;
            }
        }
        stats.segments.push(SegmentStats {
            file: part.entry.file.name.clone(),
            tracks: part.entry.tracks,
            dead: part.entry.dead.len() as u32,
            windows: part.entry.windows,
            bytes: sizes.file + graph,
            format: part.segment.format(),
            graph: part.graph,
            probes: part.entry.probes.iter().map(probe_result).collect(),
        });
    }
    stats
}

fn probe_result(row: &crate::codec::ProbeRow) -> ProbeResult {
    ProbeResult {
        space: row.space,
        cells: row.cells,
        orphans: row.orphans,
        sampled: row.sampled,
        missed: row.missed,
    }
}
