//! Constants of the stages that find: plan, probe, lookup, vote, prefilter, alignment, growth.

/// The plan of rounds: which queries are looked at how, and when that is enough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlanParams {
    /// Queries up to this long are looked at thoroughly: they cost little, and every part of them counts.
    pub short: u32,
    /// In longer ones weak lines and hypotheses are abandoned early. A shorter one has few places to be found at, and
    /// few candidates.
    pub long: u32,
    /// Longest stretch of a query that is aligned in one piece.
    pub block: u32,
    /// Distance between blocks.
    pub block_step: u32,
    /// Share of the query that one line must explain to leave the search for transformed copies out.
    pub explained: f64,
    /// And how sure it must be (`log10` of the E-value): a regular beat alone can carry a wrong line past the
    /// acceptance line.
    pub sure_log10_evalue: f64,
    /// A long query is verified along its whole length with a candidate where some block scores this many nats:
    /// what is accepted scores three times as much.
    pub verified_score: f32,
    /// Shortest stretch without a match that is looked at a second time.
    pub min_gap: u32,
    /// How much of its surroundings is looked at with it.
    pub gap_margin: u32,
    /// What is fetched and compared in a thorough look.
    pub thorough: ShortlistParams,
    /// The same in a sparse one.
    pub sparse: ShortlistParams,
    /// Candidate tracks per block in a sparse look where something was found: others may hold the same.
    pub like_candidates: usize,
}

/// How much of what a lookup finds is looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShortlistParams {
    /// Nearest codes fetched per window.
    pub hits_per_window: usize,
    /// Nearest codes fetched per anchor and tempo step.
    pub hits_per_anchor: usize,
    /// Candidate tracks per block that windows name.
    pub window_candidates: usize,
    /// Candidate tracks per block that anchors name.
    pub anchor_candidates: usize,
    /// Hypotheses fitted per candidate and block.
    pub hypotheses: usize,
}

/// Query vectors of a thorough look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProbeParams {
    /// Descriptor windows looked up per block of a query, about: at least, in a long query, which has more of them
    /// to be found by, and at most.
    pub windows: [u32; 2],
    /// Least distance between query windows: the misalignment the codes bear.
    pub min_window_hop: u32,
    /// Anchors looked up per block of a query, likewise.
    pub anchors: [usize; 2],
    /// Distance between tempo steps in log ratio; the codes bear half of it on either side.
    pub tempo_step: f64,
    /// Tempo steps to each side of the query's own tempo.
    pub tempo_steps: i32,
}

/// Query vectors of a sparse look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SparseParams {
    /// Seconds of the query for each anchor looked up at the query's own tempo: nearly all anchors.
    pub own_tempo_seconds: f64,
    /// Seconds for each anchor looked up at other tempos.
    pub other_tempo_seconds: f64,
    /// And at least so many of them: shorter queries have few.
    pub min_other_tempo: usize,
    /// Tempo steps looked up for those: every other one. A code is found nearly as often between them, and all of
    /// them would cost twice as much.
    pub tempo_steps: [i32; 6],
    /// Distance between windows looked up at the query's own tempo.
    pub window_hop: u32,
    /// And at least so many of them in a stretch, as long as windows do not overlap.
    pub min_windows: u32,
}

/// A short query at other pitches and tempos.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VariantParams {
    /// Distance between pitches, in frequency units: a cell of the map, a semitone.
    pub pitch_step: i32,
    /// Pitches to each side of the query's own.
    pub pitch_steps: i32,
    /// Distance between tempos in log ratio.
    pub tempo_step: f64,
    /// Tempos to each side of the query's own.
    pub tempo_steps: i32,
    /// Distance between windows of a variant. A third of it finds as much, for three times as much.
    pub window_hop: u32,
    /// Cells opened for a window in an index of one segment.
    pub cells: usize,
    /// Nearest codes fetched per window.
    pub hits: usize,
    /// Candidate tracks per variant, and over all.
    pub candidates: [usize; 2],
}

/// Search for the codes nearest to query vectors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LookupParams {
    /// One vector in this many is searched in the first round.
    pub first_round: usize,
    /// Bounds of the cells opened per segment for one vector in a thorough look; its first round keeps to the lower
    /// one.
    pub cells: [usize; 2],
    /// Cells opened per segment for all windows of a block together in the second round. Among 100,000 tracks half as
    /// many cost 5 % less and lose a point of recall.
    pub window_cells: usize,
    /// The same for all its anchors.
    pub anchor_cells: usize,
    /// Cells opened for a vector of a sparse look in an index of one segment.
    pub sparse_cells: usize,
    /// No more cells than this times the root of the codes in a segment: one in eight of a small segment.
    pub most_cells: f64,
    /// Codes compared at most for all the vectors of a query before only the nearest cells are opened: 11 ms. Looking
    /// at all the 60,000 anchors of 372 tracks instead took 0.12 s, as long as decoding a track; of 60 tracks with a
    /// hidden excerpt either way finds one that the other misses.
    pub exact_comparisons: usize,
}

/// The histogram of hits over track, tempo step and offset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VoteParams {
    /// Width of an offset cell, for stretches up to `cell_span`.
    pub cell: u32,
    /// Half a tempo step moves hits this far apart by one cell.
    pub cell_span: u32,
    /// Offsets of windows kept per track.
    pub places: usize,
}

/// The cheap estimate around the place that a hit names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PrefilterParams {
    /// What it must score (nats). Copies that are accepted score 60 and more in all, 4 a second at least; unrelated
    /// music seldom more than 12.
    pub min_score: f32,
    /// How far the copy may lie from the offset of a hit: codes are a second apart.
    pub misaligned: u32,
    /// What is looked at to each side of the window that was hit.
    pub margin: u32,
    /// How far the best offset must stand out of the others, in standard deviations of chance, to be scored at all.
    pub min_excess: f32,
}

/// The histogram of pairs of peaks of like frequency over the offset between them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OffsetParams {
    /// Width of a cell.
    pub cell: u32,
    /// Pairs farther apart than this in frequency do not vote.
    pub freq_reach: u16,
    /// Half-width of the surroundings whose mean a cell is judged against.
    pub surroundings: u32,
    /// Votes added to that mean: a few votes where none are expected say little.
    pub prior_votes: f32,
    /// Peaks of the histogram taken from one candidate track.
    pub top: usize,
    /// Least height of one, in standard deviations over what chance gives.
    pub min_excess: f32,
    /// Peaks closer than this many cells are one.
    pub separation: usize,
}

/// Which offsets become lines, and how lines are fitted to coincidences.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AlignParams {
    /// Offsets verified whatever their height.
    pub sure_offsets: usize,
    /// Height (standard deviations over chance) from which further ones are verified, too.
    pub clear_offset: f32,
    /// Unrefined alignments that score less (nats) are dropped.
    pub min_estimate: f32,
    /// Rounds of a refinement.
    pub rounds: usize,
    /// The first looks this many times as far in time: a cell is wider than the kernel.
    pub first_reach: f64,
    /// Coincidences needed to refine anything.
    pub min_coincidences: usize,
    /// And to fit the tempo, too.
    pub min_fit: usize,
    /// Standard deviation of their times (time units) without which the slope is noise.
    pub min_spread: f64,
    /// Largest deviation of the fitted time factor from the assumed one.
    pub max_tempo_error: f64,
}

/// From a seed to a line along a stretch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GrowParams {
    /// Seeds of one track that are looked at.
    pub seeds: usize,
    /// Seeds differ by less than this in pitch (frequency units) if they mean the same copy.
    pub same_pitch: f64,
    /// And by up to so many offset cells.
    pub same_cells: f64,
    /// Half-length of the stretch a fit begins with.
    pub span: u32,
    /// Ratios tried there, around the tempo step's own.
    pub ratios: [f64; 7],
    /// Fits at each reach.
    pub rounds: usize,
    /// Spread of the ratio before anything was seen.
    pub slack: f64,
    /// Reach of a fit and the score (nats) on twice that reach without which it is not widened, in a long query. Of
    /// the hypotheses about an unrelated track, hardly any gets past the first.
    pub abandon: [(u32, f32); 2],
    /// Ratios that differ by less than this are tried in their simpler form, too.
    pub snap: f64,
    /// Nats by which a free ratio must be better than a simple one.
    pub snap_score: f32,
    /// Fits that score less (nats) are dropped.
    pub min_score: f32,
}

/// Candidates for near-duplicates in a batch: tracks that share most of both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchParams {
    /// Anchors by which a track is looked up. Twelve find planted families as well as sixteen.
    pub anchors: usize,
    /// Anchors that must agree on a candidate.
    pub min_votes: usize,
    /// Candidates per track.
    pub candidates: usize,
    /// Nearest codes fetched per anchor and tempo step: enough that a track which repeats itself does not crowd out
    /// its copies.
    pub hits_per_anchor: usize,
    /// Hits of one track that one query vector may bring.
    pub hits_per_track: usize,
    /// Distance of a hit, as a share of the weight of all bits, up to which it counts. Of the 96 nearest among 66,000
    /// anchors of other tracks one in 180 is nearer; of those that lie in a copy 42 in 100 are.
    pub near: f64,
    /// Codes up to which all are compared: those of some hundred tracks. In a batch of 800 that would cost more than
    /// all the rest of looking for duplicates.
    pub exact_up_to: usize,
    /// Cells opened per segment and query vector.
    pub cells: usize,
    /// Windows by which a track is looked up at its own speed.
    pub windows: u32,
    /// Least distance between them.
    pub min_window_hop: u32,
    /// Nearest windows fetched for each.
    pub hits_per_window: usize,
    /// Candidates by windows, per track.
    pub window_candidates: usize,
}

/// Clips that are the same sound as one that was looked up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RepresentativeParams {
    /// Representatives that are kept: their windows are compared with those of every clip.
    pub most: usize,
    /// Peaks without which a clip is not known by any.
    pub min_peaks: usize,
    /// Distance between windows of a representative.
    pub hop: u32,
    /// Nearest windows that vote, for each of the clip.
    pub hits: usize,
    /// Representatives that a clip is compared with.
    pub candidates: usize,
    /// Share of a clip's peaks that must lie on one of the representative. Of clips encoded anew at 64 kbit/s two
    /// thirds have it, with other music mixed in 6 dB lower one in six, as loud none (`benches/batch/clips.py`).
    pub share: f64,
    /// Parts of a clip that must each have their share.
    pub part: u32,
    /// That share.
    pub part_share: f64,
    /// Parts with fewer peaks say nothing.
    pub min_part_peaks: usize,
}
