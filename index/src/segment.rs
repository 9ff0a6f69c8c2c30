//! Immutable segments: tracks, payloads, and per space the codes grouped into cells.
//!
//! A segment file is named after its digest and never changes. All that leads from one place in it to another is
//! validated, digest or not: a checksum does not make a file honest. What is small is read when the segment is
//! opened. Codes and postings of a mapped segment are compared with their digests cell by cell, when a search
//! first comes to them, and payloads whenever they are read. What is found to be damaged then makes all that was
//! found void ([`Segment::check_again`]).

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::bytes::{Bytes, Hold, Look};
use crate::codec::{self, FileEntry, SegmentInfo, SpaceInfo};
use crate::columns::{self, Column, is_partition};
use crate::envelope::{Check, Envelope, Kind};
use crate::error::{Error, Result};
use crate::graph::{self, Graph, Layout};
use crate::planes::{Planes, WORDS};
use crate::postings::{Posting, Postings, Widths};
use crate::types::{CODE_BITS, Code, MAX_SPACES, Payload, SpaceParams, TrackMeta};

pub(crate) const SEGMENT: Kind = Kind { magic: *b"SALseg\r\n", version: 3, oldest: 2 };
pub(crate) const GRAPH_FILE: Kind = Kind { magic: *b"SALgrf\r\n", version: 1, oldest: 1 };

pub(crate) const INFO: u32 = 1;
pub(crate) const META_OFFSETS: u32 = 2;
pub(crate) const METAS: u32 = 3;
/// Sections of space `s` are `SPACE_BASE + 4 * s` and up, in this order.
const SPACE_BASE: u32 = 16;
pub(crate) const SPACE_SECTIONS: usize = 4;

/// Section ids of a space: representatives, cell offsets, codes, postings.
pub(crate) fn space_sections(space: u8) -> [u32; SPACE_SECTIONS] {
    std::array::from_fn(|i| SPACE_BASE + (SPACE_SECTIONS as u32) * u32::from(space) + i as u32)
}

/// The arrays of one space.
#[derive(Clone, Copy)]
pub(crate) struct SpaceData<'a> {
    pub(crate) reps: &'a [Code],
    pub(crate) offsets: &'a [u32],
    words: &'a [u64],
    pub(crate) postings: Postings<'a>,
    /// The segment whose cells are to be checked before they are read.
    unchecked: Option<(&'a Segment, &'a Space)>,
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
        SpaceData { reps, offsets, words, postings: Postings::Plain(postings), unchecked: None }
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

    /// Whether the bytes of a cell are those that were written. Where they are not, the segment remembers it.
    #[inline]
    pub(crate) fn is_sound(&self, cell: u32) -> bool {
        self.unchecked.is_none_or(|(segment, space)| segment.check_cell(space, cell, self))
    }

    /// Notes a posting of a track that does not exist.
    #[cold]
    pub(crate) fn note_bad_posting(&self) {
        if let Some((segment, _)) = self.unchecked {
            let what = "a posting of a track that does not exist";
            segment.note(&Error::corrupt(&segment.path, what));
        }
    }
}

/// Sections of a space whose contents have been validated.
#[derive(Debug)]
pub(crate) struct Space {
    info: SpaceInfo,
    reps: Range<usize>,
    offsets: Range<usize>,
    codes: Range<usize>,
    postings: Range<usize>,
    /// Width of packed postings.
    widths: Option<Widths>,
    /// Cells that were checked, a bit each; empty where all were when the segment was opened.
    checked: Box<[AtomicU64]>,
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
    info: SegmentInfo,
    metas: Vec<TrackMeta>,
    columns: Vec<Column>,
    spaces: [Option<Space>; MAX_SPACES],
    graphs: Option<Graphs>,
    /// What was first found to be damaged after the segment was opened.
    damage: OnceLock<String>,
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
        if segment.envelope.digest() != file.digest {
            return Err(Error::corrupt(&path, "not the file the manifest names"));
        }
        if segment.track_count() != tracks || segment.info.params_digest != *params {
            return Err(Error::corrupt(&path, "tracks or parameters differ from the manifest"));
        }
        Ok(segment)
    }

    /// Parses and validates the bytes of a segment. With [`Check::OnUse`] only the track table of a segment of
    /// version 2 is decoded, which is all a writer needs.
    pub(crate) fn parse(bytes: Bytes, path: &Path, check: Check) -> Result<Segment> {
        let envelope = Envelope::parse(bytes, SEGMENT, path, check)?;
        let info = codec::decode_info(envelope.section(INFO, path)?, envelope.version())
            .map_err(|e| Error::corrupt(path, e))?;
        let metas = read_metas(&envelope, info.tracks as usize, path)?;
        let mut segment = Segment {
            path: path.into(),
            metas,
            columns: columns::read(&envelope, &info, path)?,
            spaces: Default::default(),
            graphs: None,
            damage: OnceLock::new(),
            envelope,
            info,
        };
        if check == Check::Full || segment.is_in_parts() {
            segment.validate()?;
        }
        // What is in memory in any case is checked in any case.
        if segment.is_in_parts() && !segment.envelope.bytes().is_mapped() {
            segment.check_all()?;
        }
        Ok(segment)
    }

    /// Whether large sections are digested in parts.
    pub(crate) fn is_in_parts(&self) -> bool {
        self.envelope.version() >= 3
    }

    fn validate(&mut self) -> Result<()> {
        for column in &self.columns {
            column.validate_2(&self.envelope, self.metas.len(), &self.path)?;
        }
        let mut previous = None;
        for at in 0..self.info.spaces.len() {
            let row = self.info.spaces[at].clone();
            if usize::from(row.space) >= MAX_SPACES || previous >= Some(row.space) {
                return Err(Error::corrupt(&self.path, "spaces out of order"));
            }
            previous = Some(row.space);
            // Of another width: kept as it is.
            if row.bits == CODE_BITS {
                let number = usize::from(row.space);
                self.spaces[number] = Some(self.read_space(row)?);
            }
        }
        Ok(())
    }

    fn read_space(&self, info: SpaceInfo) -> Result<Space> {
        let (path, e) = (&self.path, &self.envelope);
        let bad = |what: &str| Error::corrupt(path, what);
        let [reps, offsets, codes, postings] = space_sections(info.space);
        let (cells, n) = (info.cells as usize, info.codes as usize);
        let packed = self.is_in_parts();
        let widths = if packed { Widths::new(self.info.tracks, info.time_bits) } else { None };
        if packed && widths.is_none() {
            return Err(bad("a space has postings of no width"));
        }
        let bytes = match widths {
            Some(widths) => widths.words(n).and_then(|words| words.checked_mul(8)),
            None => n.checked_mul(size_of::<Posting>()),
        };
        let (codes_range, postings_range) = (e.range(codes, path)?, e.range(postings, path)?);
        if e.array::<Code>(reps, path)?.len() != cells
            || Some(codes_range.len()) != n.checked_mul(size_of::<Code>())
            || Some(postings_range.len()) != bytes
        {
            return Err(bad("a space has arrays of wrong length"));
        }
        let cell_offsets: &[u32] = e.array(offsets, path)?;
        if cells == 0 || n == 0 || !is_partition(cell_offsets, cells, n) {
            return Err(bad("cell offsets"));
        }
        if !packed {
            let all: &[Posting] = e.array(postings, path)?;
            if all.iter().any(|p| p.track >= self.info.tracks) {
                return Err(bad("a posting of a track that does not exist"));
            }
        }
        let words = if packed && e.bytes().is_mapped() { cells.div_ceil(64) } else { 0 };
        Ok(Space {
            reps: e.range(reps, path)?,
            offsets: e.range(offsets, path)?,
            codes: codes_range,
            postings: postings_range,
            widths,
            checked: (0..words).map(|_| AtomicU64::new(0)).collect(),
            info,
        })
    }

    /// Compares everything with its digests.
    pub(crate) fn check_all(&self) -> Result<()> {
        for space in self.spaces.iter().flatten() {
            self.check_space(space)?;
        }
        for info in self.info.spaces.iter().filter(|info| info.bits != CODE_BITS) {
            for id in space_sections(info.space) {
                self.envelope.ensure_all(id, &self.path)?;
            }
        }
        self.columns
            .iter()
            .try_for_each(|c| c.check(&self.envelope, self.track_count(), &self.path))
    }

    /// Compares all of a space with its digests; for who reads all of it.
    pub(crate) fn ensure_space(&self, space: u8) -> Result<()> {
        match self.spaces.get(usize::from(space)) {
            Some(Some(space)) => self.check_space(space),
            _ => Ok(()),
        }
    }

    fn check_space(&self, space: &Space) -> Result<()> {
        if !self.is_in_parts() {
            return Ok(());
        }
        let [_, _, codes, postings] = space_sections(space.info.space);
        self.envelope.ensure_all(codes, &self.path)?;
        self.envelope.ensure_all(postings, &self.path)?;
        let data = self.data_of(space);
        if data.postings.iter().any(|p| p.track >= self.info.tracks) {
            return Err(Error::corrupt(&self.path, "a posting of a track that does not exist"));
        }
        Ok(())
    }

    /// Whether a cell is what was written; asked before it is read.
    #[inline]
    fn check_cell(&self, space: &Space, cell: u32, data: &SpaceData<'_>) -> bool {
        let (word, bit) = (cell as usize / 64, 1u64 << (cell % 64));
        if space.checked[word].load(Ordering::Acquire) & bit != 0 {
            return true;
        }
        match self.check_cell_first(space, data.cell(cell)) {
            Ok(()) => {
                space.checked[word].fetch_or(bit, Ordering::Release);
                true
            }
            Err(error) => {
                self.note(&error);
                false
            }
        }
    }

    #[cold]
    fn check_cell_first(&self, space: &Space, range: Range<usize>) -> Result<()> {
        let [_, _, codes, postings] = space_sections(space.info.space);
        let bytes = range.start * size_of::<Code>()..range.end * size_of::<Code>();
        self.envelope.ensure(codes, bytes, &self.path)?;
        match space.widths {
            Some(widths) => self.envelope.ensure(postings, widths.bytes(range), &self.path),
            None => Ok(()),
        }
    }

    /// Remembers that something is damaged.
    fn note(&self, error: &Error) {
        let what = match error {
            Error::Corrupt { what, .. } => what.clone(),
            other => other.to_string(),
        };
        let _ = self.damage.set(what);
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

    /// Makes sure that what was read of the segment and its graph were their bytes: that nothing was found to be
    /// damaged on use, and nothing changed where somebody may have done so since.
    pub(crate) fn check_again(&self) -> Result<()> {
        self.check_damage()?;
        self.envelope.check_again(&self.path)?;
        match &self.graphs {
            Some(graphs) => graphs.envelope.check_again(&graphs.path),
            None => Ok(()),
        }
    }

    /// Whether anything was found to be damaged on use.
    pub(crate) fn check_damage(&self) -> Result<()> {
        match self.damage.get() {
            Some(what) => Err(Error::corrupt(&self.path, what.clone())),
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

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Version of its format.
    pub(crate) fn format(&self) -> u32 {
        self.envelope.version()
    }

    pub(crate) fn track_count(&self) -> u32 {
        self.metas.len() as u32
    }

    pub(crate) fn metas(&self) -> &[TrackMeta] {
        &self.metas
    }

    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// What the codes of each space are.
    pub(crate) fn space_params(&self) -> impl Iterator<Item = SpaceParams> + '_ {
        self.info.spaces.iter().map(|s| SpaceParams {
            space: s.space,
            bits: s.bits,
            digest: s.digest,
        })
    }

    /// Whether it holds codes of a width that this build cannot group.
    pub(crate) fn has_other_codes(&self) -> bool {
        self.info.spaces.iter().any(|s| s.bits != CODE_BITS)
    }

    /// The payload of a track in one of the columns.
    pub(crate) fn payload_in(&self, column: &Column, track: u32) -> Result<Option<Payload>> {
        let read = column.payload(&self.envelope, track, &self.path);
        read.inspect_err(|error| self.note(error))
    }

    /// The payload of a track by name.
    pub(crate) fn payload(&self, track: u32, name: &str) -> Result<Option<Payload>> {
        for column in self.columns.iter().filter(|column| column.kind.name == name) {
            if let Some(payload) = self.payload_in(column, track)? {
                return Ok(Some(payload));
            }
        }
        Ok(None)
    }

    /// Whether a track has a payload of that name.
    pub(crate) fn has_payload(&self, track: u32, name: &str) -> bool {
        let mut columns = self.columns.iter().filter(|column| column.kind.name == name);
        columns.any(|column| column.has(&self.envelope, track))
    }

    /// All payloads of a track.
    pub(crate) fn payloads(&self, track: u32) -> Result<Vec<Payload>> {
        let read = self.columns.iter().map(|column| self.payload_in(column, track));
        read.filter_map(Result::transpose).collect()
    }

    /// Arrays of a space, if the segment has codes in it.
    pub(crate) fn space(&self, space: u8) -> Option<SpaceData<'_>> {
        Some(self.data_of(self.spaces.get(usize::from(space))?.as_ref()?))
    }

    fn data_of<'a>(&'a self, s: &'a Space) -> SpaceData<'a> {
        let postings = match s.widths {
            Some(widths) => {
                let (words, len) = (self.envelope.cast(&s.postings), s.info.codes as usize);
                Postings::Packed { words, len, widths }
            }
            None => Postings::Plain(self.envelope.cast(&s.postings)),
        };
        SpaceData {
            reps: self.envelope.cast(&s.reps),
            offsets: self.envelope.cast(&s.offsets),
            words: self.envelope.cast(&s.codes),
            postings,
            unchecked: (!s.checked.is_empty()).then_some((self, s)),
        }
    }

    /// All codes of a space, in the layout in which they are stored.
    pub(crate) fn words(&self, space: u8) -> &[u64] {
        match self.spaces.get(usize::from(space)) {
            Some(Some(s)) => self.envelope.cast(&s.codes),
            _ => &[],
        }
    }

    /// Graph over the representatives of a space, if there is a good one.
    pub(crate) fn graph(&self, space: u8) -> Option<Graph<'_>> {
        let graphs = self.graphs.as_ref()?;
        let (range, layout) = graphs.spaces.get(usize::from(space))?.as_ref()?;
        Some(Graph::new(layout, graphs.envelope.cast(range), self.space(space)?.reps))
    }

    /// The graph of a space as it is stored.
    pub(crate) fn graph_words(&self, space: u8) -> Option<&[u32]> {
        let graphs = self.graphs.as_ref()?;
        let (range, _) = graphs.spaces.get(usize::from(space))?.as_ref()?;
        Some(graphs.envelope.cast(range))
    }

    /// Bytes per kind.
    pub(crate) fn sizes(&self) -> Sizes {
        let len = |id| self.envelope.section_len(id) as u64;
        let mut sizes = Sizes {
            payloads: self.columns.iter().map(|c| (c.kind.clone(), c.size())).collect(),
            metadata: len(META_OFFSETS) + len(METAS),
            file: self.envelope.len() as u64,
            ..Sizes::default()
        };
        for space in 0..MAX_SPACES as u8 {
            let [reps, offsets, codes, postings] = space_sections(space);
            sizes.cells += len(reps) + len(offsets);
            sizes.codes += len(codes);
            sizes.postings += len(postings);
        }
        sizes
    }
}

/// Bytes of a segment by what they are.
#[derive(Debug, Default)]
pub(crate) struct Sizes {
    pub(crate) payloads: Vec<(codec::ColumnInfo, u64)>,
    pub(crate) codes: u64,
    pub(crate) postings: u64,
    pub(crate) cells: u64,
    pub(crate) metadata: u64,
    pub(crate) file: u64,
}

/// Section of the graph of a space in a graph file.
pub(crate) fn graph_section(space: u8) -> u32 {
    SPACE_BASE + u32::from(space)
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
