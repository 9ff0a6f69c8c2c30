//! Immutable segments: tracks, constellations, and per space the codes grouped into cells.
//!
//! A segment file is named after its digest and never changes. All indices inside it are validated when
//! it is opened, digest or not: a checksum does not make a file honest.

use std::ops::Range;
use std::path::{Path, PathBuf};

use bytemuck::{Pod, Zeroable};

use crate::bytes::{Bytes, Hold, Look};
use crate::codec::{self, FileEntry, SegmentInfo};
use crate::envelope::{Check, Envelope, Kind};
use crate::error::{Error, Result};
use crate::graph::{self, Graph, Layout};
use crate::planes::{Planes, WORDS};
use crate::types::{Code, MAX_SPACES, TrackMeta};

pub(crate) const SEGMENT: Kind = Kind { magic: *b"SALseg\r\n", version: 2 };
pub(crate) const GRAPH_FILE: Kind = Kind { magic: *b"SALgrf\r\n", version: 1 };

pub(crate) const INFO: u32 = 1;
pub(crate) const META_OFFSETS: u32 = 2;
pub(crate) const METAS: u32 = 3;
pub(crate) const CONSTELLATION_OFFSETS: u32 = 4;
pub(crate) const CONSTELLATIONS: u32 = 5;
/// Sections of space `s` are `SPACE_BASE + 4 * s` and up, in this order.
const SPACE_BASE: u32 = 16;
pub(crate) const SPACE_SECTIONS: usize = 4;

/// Section ids of a space: representatives, cell offsets, codes, postings.
pub(crate) fn space_sections(space: u8) -> [u32; SPACE_SECTIONS] {
    std::array::from_fn(|i| SPACE_BASE + (SPACE_SECTIONS as u32) * u32::from(space) + i as u32)
}

/// Whose window a code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct Posting {
    /// Local number of the track.
    pub(crate) track: u32,
    pub(crate) time: u32,
}

/// The arrays of one space.
#[derive(Clone, Copy)]
pub(crate) struct SpaceData<'a> {
    pub(crate) reps: &'a [Code],
    offsets: &'a [u32],
    words: &'a [u64],
    pub(crate) postings: &'a [Posting],
}

impl<'a> SpaceData<'a> {
    /// `offsets` must cut `0..postings.len()` into one piece per representative; `words` are the codes
    /// of the cells, each cell's as [`Planes`].
    pub(crate) fn new(
        reps: &'a [Code],
        offsets: &'a [u32],
        words: &'a [u64],
        postings: &'a [Posting],
    ) -> Self {
        SpaceData { reps, offsets, words, postings }
    }

    /// Positions of the codes of a cell.
    pub(crate) fn cell(&self, cell: u32) -> Range<usize> {
        self.offsets[cell as usize] as usize..self.offsets[cell as usize + 1] as usize
    }

    /// The codes of a cell.
    pub(crate) fn codes_of(&self, cell: u32) -> Planes<'a> {
        let Range { start, end } = self.cell(cell);
        Planes::new(&self.words[start * WORDS..end * WORDS])
    }

    /// All codes, in the order of the postings.
    pub(crate) fn codes(&self) -> impl Iterator<Item = Code> {
        (0..self.reps.len() as u32).flat_map(|cell| self.codes_of(cell).iter())
    }
}

/// Sections of a space whose contents have been validated.
#[derive(Debug)]
struct Space {
    reps: Range<usize>,
    offsets: Range<usize>,
    codes: Range<usize>,
    postings: Range<usize>,
}

/// An opened graph file.
#[derive(Debug)]
struct Graphs {
    path: PathBuf,
    envelope: Envelope,
    spaces: [Option<(Range<usize>, Layout)>; MAX_SPACES],
}

/// An opened segment.
#[derive(Debug)]
pub(crate) struct Segment {
    path: PathBuf,
    envelope: Envelope,
    metas: Vec<TrackMeta>,
    constellation_offsets: Range<usize>,
    constellations: Range<usize>,
    spaces: [Option<Space>; MAX_SPACES],
    graphs: Option<Graphs>,
}

impl Segment {
    /// Opens a segment and compares it with what the manifest says about it.
    pub(crate) fn open(
        dir: &Path,
        file: &FileEntry,
        tracks: u32,
        params: &[u8; 32],
        check: Check,
        hold: Hold,
    ) -> Result<Segment> {
        let path = dir.join(&file.name);
        let bytes = Bytes::open(&path, hold)?;
        if bytes.len() as u64 != file.len {
            return Err(Error::corrupt(
                &path,
                format!("{} bytes, manifest says {}", bytes.len(), file.len),
            ));
        }
        let segment = Segment::parse(bytes, &path, check)?;
        let info_params = segment.info()?.params_digest;
        if segment.envelope.digest() != file.digest {
            return Err(Error::corrupt(&path, "not the file the manifest names"));
        }
        if segment.track_count() != tracks || info_params != *params {
            return Err(Error::corrupt(&path, "tracks or parameters differ from the manifest"));
        }
        Ok(segment)
    }

    /// Parses and validates the bytes of a segment. With [`Check::OnUse`] only the track table is
    /// decoded, which is all a writer needs.
    pub(crate) fn parse(bytes: Bytes, path: &Path, check: Check) -> Result<Segment> {
        let envelope = Envelope::parse(bytes, SEGMENT, path, check)?;
        let info = read_info(&envelope, path)?;
        let tracks = info.tracks as usize;
        let metas = read_metas(&envelope, tracks, path)?;
        let mut segment = Segment {
            path: path.into(),
            metas,
            constellation_offsets: envelope.range(CONSTELLATION_OFFSETS, path)?,
            constellations: envelope.range(CONSTELLATIONS, path)?,
            spaces: Default::default(),
            graphs: None,
            envelope,
        };
        if check == Check::Full {
            segment.validate(&info)?;
        }
        Ok(segment)
    }

    fn info(&self) -> Result<SegmentInfo> {
        read_info(&self.envelope, &self.path)
    }

    fn validate(&mut self, info: &SegmentInfo) -> Result<()> {
        let path = &self.path;
        let bad = |what: &str| Error::corrupt(path, what);
        let offsets: &[u64] = self.envelope.array(CONSTELLATION_OFFSETS, path)?;
        if !is_partition(offsets, self.metas.len(), self.constellations.len()) {
            return Err(bad("constellation offsets"));
        }
        let mut previous = None;
        for row in &info.spaces {
            if usize::from(row.space) >= MAX_SPACES || previous >= Some(row.space) {
                return Err(bad("spaces out of order"));
            }
            previous = Some(row.space);
            let [reps, offsets, codes, postings] = space_sections(row.space);
            let (cells, n) = (row.cells as usize, row.codes as usize);
            let e = &self.envelope;
            if e.array::<Code>(reps, path)?.len() != cells
                || e.array::<u64>(codes, path)?.len() != n * WORDS
                || e.array::<Posting>(postings, path)?.len() != n
            {
                return Err(bad("a space has arrays of wrong length"));
            }
            let cell_offsets: &[u32] = e.array(offsets, path)?;
            if cells == 0 || n == 0 || !is_partition(cell_offsets, cells, n) {
                return Err(bad("cell offsets"));
            }
            let all: &[Posting] = e.array(postings, path)?;
            if all.iter().any(|p| p.track >= info.tracks) {
                return Err(bad("a posting of a track that does not exist"));
            }
            self.spaces[usize::from(row.space)] = Some(Space {
                reps: e.range(reps, path)?,
                offsets: e.range(offsets, path)?,
                codes: e.range(codes, path)?,
                postings: e.range(postings, path)?,
            });
        }
        Ok(())
    }

    /// Opens the graph file beside the segment. The graph is a cache: on error the segment is as usable
    /// as before, only slower.
    pub(crate) fn open_graph(&mut self, dir: &Path, file: &FileEntry, hold: Hold) -> Result<()> {
        let path = dir.join(&file.name);
        let bytes = Bytes::open(&path, hold)?;
        if bytes.len() as u64 != file.len {
            return Err(Error::corrupt(&path, "length differs from the manifest"));
        }
        let envelope = Envelope::parse(bytes, GRAPH_FILE, &path, Check::Full)?;
        if envelope.digest() != file.digest {
            return Err(Error::corrupt(&path, "not the file the manifest names"));
        }
        self.adopt_graph(envelope, &path)
    }

    /// Validates a graph file against this segment and keeps it.
    pub(crate) fn adopt_graph(&mut self, envelope: Envelope, path: &Path) -> Result<()> {
        let info: codec::GraphInfo =
            codec::decode(envelope.section(INFO, path)?).map_err(|e| Error::corrupt(path, e))?;
        if info.segment_digest != self.envelope.digest() {
            return Err(Error::corrupt(path, "graph of another segment"));
        }
        let mut spaces: [Option<(Range<usize>, Layout)>; MAX_SPACES] = Default::default();
        for space in info.spaces {
            let data =
                self.space(space).ok_or_else(|| Error::corrupt(path, "graph of no space"))?;
            let id = graph_section(space);
            let words: &[u32] = envelope.array(id, path)?;
            let layout =
                graph::parse(words, data.reps.len()).map_err(|e| Error::corrupt(path, e))?;
            spaces[usize::from(space)] = Some((envelope.range(id, path)?, layout));
        }
        self.graphs = Some(Graphs { path: path.to_owned(), envelope, spaces });
        Ok(())
    }

    /// Makes sure that what was read of the segment and its graph were their bytes, where somebody may have
    /// changed them since.
    pub(crate) fn check_again(&self) -> Result<()> {
        self.envelope.check_again(&self.path)?;
        match &self.graphs {
            Some(graphs) => graphs.envelope.check_again(&graphs.path),
            None => Ok(()),
        }
    }

    /// Whether the file that lies where the segment was opened is not, or may not be, the one that was: how
    /// it looks then.
    pub(crate) fn was_replaced(&self) -> Result<Option<Look>> {
        self.envelope.bytes().was_replaced(&self.path)
    }

    /// Notes that the file was found right while it looked like `look`.
    pub(crate) fn found_right(&self, look: Look) {
        self.envelope.bytes().found_right(look);
    }

    pub(crate) fn track_count(&self) -> u32 {
        self.metas.len() as u32
    }

    pub(crate) fn metas(&self) -> &[TrackMeta] {
        &self.metas
    }

    /// Constellation of a track by local number.
    pub(crate) fn constellation(&self, track: u32) -> Option<&[u8]> {
        let offsets: &[u64] = self.envelope.cast(&self.constellation_offsets);
        let (start, end) = (*offsets.get(track as usize)?, *offsets.get(track as usize + 1)?);
        self.envelope.slice(&self.constellations).get(start as usize..end as usize)
    }

    /// Arrays of a space, if the segment has codes in it.
    pub(crate) fn space(&self, space: u8) -> Option<SpaceData<'_>> {
        let s = self.spaces.get(usize::from(space))?.as_ref()?;
        Some(SpaceData {
            reps: self.envelope.cast(&s.reps),
            offsets: self.envelope.cast(&s.offsets),
            words: self.envelope.cast(&s.codes),
            postings: self.envelope.cast(&s.postings),
        })
    }

    /// Graph over the representatives of a space, if there is a good one.
    pub(crate) fn graph(&self, space: u8) -> Option<Graph<'_>> {
        let graphs = self.graphs.as_ref()?;
        let (range, layout) = graphs.spaces.get(usize::from(space))?.as_ref()?;
        Some(Graph::new(layout, graphs.envelope.cast(range), self.space(space)?.reps))
    }

    /// Bytes per kind: constellations, codes with postings and cells, metadata, whole file.
    pub(crate) fn sizes(&self) -> [u64; 4] {
        let len = |id| self.envelope.section_len(id) as u64;
        let codes = (0..MAX_SPACES as u8).flat_map(space_sections).map(len).sum();
        let constellations = len(CONSTELLATION_OFFSETS) + len(CONSTELLATIONS);
        [constellations, codes, len(META_OFFSETS) + len(METAS), self.envelope.len() as u64]
    }
}

/// Section of the graph of a space in a graph file.
pub(crate) fn graph_section(space: u8) -> u32 {
    SPACE_BASE + u32::from(space)
}

fn read_info(envelope: &Envelope, path: &Path) -> Result<SegmentInfo> {
    codec::decode(envelope.section(INFO, path)?).map_err(|e| Error::corrupt(path, e))
}

fn read_metas(envelope: &Envelope, tracks: usize, path: &Path) -> Result<Vec<TrackMeta>> {
    let offsets: &[u64] = envelope.array(META_OFFSETS, path)?;
    let blob = envelope.section(METAS, path)?;
    if !is_partition(offsets, tracks, blob.len()) {
        return Err(Error::corrupt(path, "metadata offsets"));
    }
    offsets
        .windows(2)
        .map(|w| {
            codec::decode_meta(&blob[w[0] as usize..w[1] as usize])
                .map_err(|e| Error::corrupt(path, format!("metadata: {e}")))
        })
        .collect()
}

/// Whether `offsets` cut `0..total` into `parts` consecutive pieces.
fn is_partition<T: Copy + Into<u64>>(offsets: &[T], parts: usize, total: usize) -> bool {
    let at = |i: usize| -> u64 { offsets[i].into() };
    offsets.len().checked_sub(1) == Some(parts)
        && at(0) == 0
        && at(parts) == total as u64
        && offsets.windows(2).all(|w| w[0].into() <= w[1].into())
}
