//! The vocabulary of the index: codes, windows, tracks, hits.

use serde::{Deserialize, Serialize};

/// 256-bit descriptor code, compared by Hamming distance.
pub type Code = [u64; 4];

/// Bits in a [`Code`].
pub const CODE_BITS: u32 = 256;

/// A code to search for, with a weight of 0 to 3 for each of its bits.
///
/// Who makes a code knows which of its bits hung by a hair; who stores it does not keep that.
/// Weighing the query's bits finds neighbours that the plain Hamming distance overlooks, at the
/// price of a second popcount ("asymmetric distance" in the literature on hashing).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query {
    /// The code.
    pub code: Code,
    /// The weights in binary: bits set in the first plane count one, in the second two.
    pub weights: [Code; 2],
}

impl From<Code> for Query {
    /// Every bit counts one: the plain Hamming distance.
    fn from(code: Code) -> Query {
        Query { code, weights: [[u64::MAX; 4], [0; 4]] }
    }
}

/// Descriptor spaces an index can hold; [`Window::space`] is below it.
pub const MAX_SPACES: usize = 4;

/// Number of a track within one snapshot: segment order, then position. Another snapshot may number
/// the same track differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct TrackNo(pub u32);

/// One window of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Descriptor space the code belongs to, below [`MAX_SPACES`]; spaces are never compared with each other.
    pub space: u8,
    /// Start of the window, in the caller's frame unit.
    pub time: u32,
    /// The descriptor.
    pub code: Code,
}

/// What a library of loops and samples says of one of its sounds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Library {
    /// The pack that it is sold or given away in.
    pub pack: Option<String>,
    /// The licence, in the library's words.
    pub licence: Option<String>,
    /// Whether one licensee alone may use it; `None` where the library does not say.
    pub exclusive: Option<bool>,
}

/// What is known about a track besides its sound. The index stores it and never interprets it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TrackMeta {
    /// Identifier of the track in the caller's catalogue.
    pub ref_id: String,
    /// File the track was read from.
    pub path: String,
    /// Title.
    pub title: Option<String>,
    /// Artists in the order credited.
    pub artists: Vec<String>,
    /// Album or release title.
    pub album: Option<String>,
    /// International Standard Recording Code.
    pub isrc: Option<String>,
    /// Product code of the release.
    pub upc: Option<String>,
    /// Record label.
    pub label: Option<String>,
    /// Catalogue the reference belongs to.
    pub catalogue: Option<String>,
    /// Owner or account that delivered the track.
    pub owner: Option<String>,
    /// What a sample library says of it, where it is one of its sounds and no track of its own.
    pub library: Option<Library>,
    /// Length of the audio in milliseconds.
    pub duration_ms: u64,
    /// Content hash of the audio file: the identity of a track in the index.
    pub sha256: [u8; 32],
    /// Caller-defined flags, for example a partial decode.
    pub flags: u32,
}

/// Something kept of a track besides codes and metadata, opaque here: its peaks, say. A track has at most one
/// of a name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Payload {
    /// What it is.
    pub name: String,
    /// In what form: who made it reads it by that number. The name and form of peaks in indexes of format 2
    /// are [`crate::FORMAT_2_PAYLOAD`].
    pub codec: u32,
    /// The bytes; a payload without any is none.
    pub bytes: Vec<u8>,
}

impl Payload {
    /// A payload.
    pub fn new(name: impl Into<String>, codec: u32, bytes: Vec<u8>) -> Payload {
        Payload { name: name.into(), codec, bytes }
    }
}

/// A track as handed to the writer.
#[derive(Debug, Clone, Default)]
pub struct TrackRecord {
    /// Metadata.
    pub meta: TrackMeta,
    /// What else is kept of it.
    pub payloads: Vec<Payload>,
    /// Windows of all spaces, in any order.
    pub windows: Vec<Window>,
}

/// What the codes of one descriptor space are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SpaceParams {
    /// The space.
    pub space: u8,
    /// Bits of a code. Spaces of other codes than [`CODE_BITS`] are kept, but neither searched nor merged.
    pub bits: u32,
    /// Digest of the parameters that the codes were made with.
    pub digest: [u8; 32],
}

/// Which fingerprint parameters an index was made with. Codes of different parameters do not compare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ParamsId {
    /// Digest of the canonical parameters; decides compatibility.
    pub digest: [u8; 32],
    /// The same for people.
    pub description: String,
}

impl ParamsId {
    /// Short name for messages.
    pub(crate) fn label(&self) -> String {
        format!("{} {}", self.description, crate::hex(&self.digest[..8]))
    }
}

/// How candidates are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub enum SearchMode {
    /// Every code up to [`SearchOptions::exact_up_to`] of them, beyond that the codes of the nearest cells.
    #[default]
    Auto,
    /// The HNSW graph over cell representatives, then the postings of the nearest cells.
    Hnsw,
    /// Every code of every segment: slow on large indexes, misses nothing.
    Exact,
}

/// What a search should return and how hard it should try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SearchOptions {
    /// How candidates are found.
    pub mode: SearchMode,
    /// Codes of a space in the whole snapshot up to which [`SearchMode::Auto`] looks at all of them. Who
    /// asks very many questions at once sets it lower.
    pub exact_up_to: usize,
    /// Hits kept per query.
    pub k: usize,
    /// Whether [`SearchMode::Auto`] walks the graph to the nearest cells instead of comparing all
    /// representatives. Queries near to what is stored are found either way. For the others, with 16,384
    /// cells and 15 % of the bits wrong, comparing takes 12 µs and has the right cell among the first 128 in
    /// 83 %, the walk takes 59 µs and has it in 71 %; with 62,000 cells 38 µs and 77 % against 97 µs and 60 %.
    pub walk: bool,
    /// Cells opened per segment.
    pub probes: usize,
    /// Width of a walk; at least `probes` is used.
    pub ef: usize,
    /// Hits farther than this are not reported.
    pub max_distance: u32,
}

impl Default for SearchOptions {
    fn default() -> Self {
        SearchOptions {
            mode: SearchMode::Auto,
            exact_up_to: crate::EXACT_MAX_CODES,
            k: 32,
            walk: true,
            probes: crate::DEFAULT_PROBES,
            ef: crate::DEFAULT_EF,
            max_distance: u32::MAX,
        }
    }
}

/// A stored window near a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct Hit {
    /// The track.
    pub track: TrackNo,
    /// Start of the window within the track.
    pub time: u32,
    /// Distance to the query: the weights of the bits that differ.
    pub distance: u32,
}

impl Hit {
    fn key(&self) -> (u32, TrackNo, u32) {
        (self.distance, self.track, self.time)
    }
}

/// Nearest first; ties go by track, then time, so that a list of hits has one order only.
impl Ord for Hit {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for Hit {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// What a commit or merge did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CommitStats {
    /// Tracks added.
    pub added: usize,
    /// Tracks left out because their content is already in the index, or twice in the batch.
    pub skipped: usize,
    /// Windows added.
    pub windows: u64,
    /// Bytes written, manifest aside.
    pub bytes: u64,
}

/// Which segments a compaction rewrites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompactPolicy {
    /// Everything, into as few segments as the size limit allows.
    All,
    /// Runs of similar small segments and segments with many removed tracks: cheap, and keeps the
    /// number of segments logarithmic in the size of the index.
    Tiered,
}

/// What a compaction did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CompactStats {
    /// Segments before.
    pub segments_before: usize,
    /// Segments after.
    pub segments_after: usize,
    /// Segments rewritten.
    pub rewritten: usize,
    /// Removed tracks whose bytes are gone.
    pub dropped_tracks: usize,
    /// Bytes before.
    pub bytes_before: u64,
    /// Bytes after.
    pub bytes_after: u64,
}
