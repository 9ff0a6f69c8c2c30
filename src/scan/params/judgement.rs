//! Constants of the stages that weigh, put together and name.

use crate::fingerprint::twins::Tolerance;

/// Coincidence kernel and walk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VerifyParams {
    /// Standard deviation of a true coincidence in time units.
    pub sigma_time: f64,
    /// Standard deviation of a true coincidence in frequency units.
    pub sigma_freq: f64,
    /// Coincidences farther than this many standard deviations do not count.
    pub reach: f64,
    /// Assumed shares of query peaks that have a partner; the best-scoring one is used, the middle one for estimates.
    pub shares: [f64; 3],
    /// Exponent of the crowding at a moment (an onset) in the chance density.
    pub busy: f64,
    /// Taken off the walk at every step (nats): chance coincidences in music come in clusters, so that without it slow
    /// drifts over half a minute reach the scores of short true matches.
    pub step_cost: f32,
    /// A run ends when the walk falls this far (nats) below its top.
    pub drop: f32,
    /// Runs scoring less than this (nats) are not reported.
    pub min_run: f32,
    /// Score (nats) of a peak where a line cannot be.
    pub outside: f32,
}

/// Density of a reference's peaks by chance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NullModelParams {
    /// Length of a density block.
    pub block: u32,
    /// Weight of a pseudo-count, in peaks per bin and block, of an evenly filled constellation.
    pub prior: f32,
    /// Peaks per bin that are everywhere: no density is 0.
    pub floor: f32,
    /// Smoothing kernel over neighbouring bins.
    pub kernel: [f32; 7],
}

/// Transforms that are one, or none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TransformParams {
    /// Deviation of the time factor up to which a copy counts as unchanged: drifting clocks.
    pub same_speed: f64,
    /// Deviation of the pitch (frequency units, 21 cents) up to which it does.
    pub same_pitch: f64,
    /// Lines that differ by less than this (time units) over the query are one.
    pub same_line: f64,
    /// If their pitch differs by no more than this (frequency units).
    pub same_line_pitch: f64,
}

/// Segments of a match.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SegmentParams {
    /// Transforms verified along the whole query, at most.
    pub max_transforms: usize,
    /// What a change of speed or pitch costs a segment, in nats: looking for them doubles the number of chance runs.
    pub transform_cost: f32,
    /// A further segment of a match needs this many nats.
    pub min_score: f32,
}

/// Discount for a stretch that says one thing again and again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RepetitionParams {
    /// Shortest period looked for.
    pub min_lag: u32,
    /// Longest.
    pub max_lag: u32,
    /// Distance up to which a peak repeats an earlier one.
    pub twin: Tolerance,
    /// Share of peaks with a twin one period earlier from which a stretch is a loop. Music with a steady beat stays
    /// well below: instruments and voices go on while drums repeat.
    pub loop_share: f64,
}

/// Discount for evidence that is not independent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IndependenceParams {
    /// Coincidences looked at together: in longer rows pitches come again.
    pub row: usize,
    /// Pitches closer than half a bin (frequency units) are one.
    pub pitch: u16,
    /// Moments closer than this are one: a peak lasts as long.
    pub moment: u32,
    /// Different pitches a coincidence from which all of them count.
    pub pitches: f64,
    /// The same of moments.
    pub moments: f64,
    /// Share of a run's peaks that coincide from which its evidence is discounted once: clean copies of drones and
    /// drums share 0.65 to 0.75 of their peaks.
    pub clean: f64,
    /// And up to which twice: weak copies share 0.3 to 0.5, chance runs 0.2 to 0.45.
    pub weak: f64,
}

/// E-value and score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoreParams {
    /// Decay of chance runs per nat of score. `benches/robustness/unknown.sh` counts 0.23 between E-values of 0.1 and
    /// 0.01 and 0.3 below; pieces over drones and loops fall off more slowly.
    pub lambda: f64,
    /// Score (nats) at which a query of `query_seconds` expects one chance run in one hour of references.
    pub hour_score: f64,
    /// Queries up to this length have equally many chances; longer ones proportionally more.
    pub query_seconds: f64,
    /// Nats a second that a run pays beyond `query_seconds`. Drums laid over a drone for a minute gained 1.9 a second;
    /// copies gain 5 and more, even under other music as loud as they are.
    pub length_penalty: f64,
    /// Matches with `log10(E)` at or below this are accepted.
    pub accept_log10_evalue: f64,
}

/// The sequence of lines along which a query runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpliceParams {
    /// What changing to a line costs where the reference goes on within `near` of where it was left, in nats.
    pub near_cost: f32,
    /// What changing to any other line costs, or beginning one.
    pub far_cost: f32,
    /// What leaving a line for the null state costs.
    pub leave_cost: f32,
    /// Distance in the reference up to which an edit is a small one, in time units.
    pub near: f64,
    /// Lines from which a change may come, at each peak.
    pub sources: usize,
}

/// What is unexplained in a match, and what repeats.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ResolveParams {
    /// Share of the query from which one line leaves nothing to splice.
    pub explained: f64,
    /// Bounds of the share of peaks that are assumed to have a partner.
    pub shares: [f64; 2],
    /// Windows in which unexplained stretches are searched at known speeds and pitches.
    pub window: u32,
    /// Distance between them.
    pub hop: u32,
    /// Offsets of a window that are looked at; nearer to each other than in a block, since small cuts move a line by
    /// little.
    pub window_top: usize,
    /// Their least height (standard deviations over chance).
    pub window_excess: f32,
    /// Their least distance in cells.
    pub window_separation: usize,
    /// Nats that a window must score under a line, and half of it before the line is refined.
    pub window_score: f32,
    /// Shortest stretch that is searched at other speeds and pitches.
    pub other: u32,
    /// Longest stretch that is searched in one piece for those: copies that change all the time change every 5 s.
    pub piece: u32,
    /// Nats a stretch must score at another speed or pitch.
    pub other_score: f32,
    /// A line may hold this far to each side of where it was found.
    pub hold: u32,
    /// The same where there are few lines: a copy cut once runs on for long.
    pub long_hold: u32,
    /// Lines that are few.
    pub few_lines: usize,
    /// Lines that are spliced, at most.
    pub max_lines: usize,
    /// Speeds and pitches at which all of the reference is searched, at most.
    pub max_speeds: usize,
    /// Time of the query that is.
    pub max_searched: u32,
    /// Peaks times lines that are spliced, at most: two bytes each.
    pub max_values: usize,
    /// Rounds of search and splicing.
    pub rounds: usize,
    /// Part of the query (one in so many) that must be explained before the rest is searched at other speeds, where
    /// several lines were found.
    pub edited_part: u32,
    /// The same where one was.
    pub whole_part: u32,
    /// Query time that a round must explain for another.
    pub progress: u32,
    /// Nats of a stretch beside a sure one: there is little room for chance there.
    pub beside_score: f32,
    /// Runs shorter than this may be strays.
    pub stray: u32,
    /// Gap between neighbouring segments that belongs to them: a few peaks.
    pub seam: u32,
    /// Speeds (log ratio) that are one.
    pub same_speed: f64,
    /// Pitches (frequency units) that are one.
    pub same_pitch: f64,
    /// Coverage of the reference from which other places of the same stretch are not looked for.
    pub covered: f64,
    /// Longest segment whose other places are looked for.
    pub max_repeat: u32,
    /// Places of one stretch that are told, at most.
    pub max_repeats: usize,
    /// Least height of their offsets (standard deviations over chance).
    pub repeat_excess: f32,
    /// Least distance of their offsets in cells.
    pub repeat_separation: usize,
    /// What another place must have of the segment's length, and of its share of matched peaks.
    pub as_good: f64,
}

/// Whether it is one recording that runs along both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LikenessParams {
    /// Time of the segments that is measured, in time units: twice as much tells nothing more.
    pub measured: f64,
    /// Coincidences below which the measures say nothing: some four seconds of a copy.
    pub min_coincidences: usize,
    /// How peaks coincide.
    pub peaks: PeakParams,
    /// How band levels differ.
    pub levels: LevelParams,
    /// Standard deviations from the mean beyond which a measure tells a discriminant nothing more.
    pub far: f64,
    /// Copies against much else in it, a voice or a lead over a backing track, and against performances on other
    /// instruments.
    pub other: Discriminant<11>,
    /// Copies against performances on the very same instrument.
    pub played_again: Discriminant<15>,
}

/// How peaks coincide.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PeakParams {
    /// Distance in units of time and of frequency up to which a coincidence is exact.
    pub exact: f64,
    /// Coincidences around each, whose median time distance is taken off: tape and clocks wander.
    pub around: usize,
    /// Time between two peaks that belong to different onsets, mostly.
    pub neighbours: (u32, u32),
    /// The same where they may belong to one note.
    pub note: (u32, u32),
    /// Frequency units up to which two peaks are of one note, and from which they are not.
    pub note_freq: (u16, u16),
    /// Differences of time count up to this many time units: farther is chance.
    pub cut: f64,
    /// Least looseness between notes that looseness within them is held against.
    pub min_between: f64,
}

/// How band levels differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LevelParams {
    /// Cells that are compared as one (256 ms): what lies a little off a line does not matter, then.
    pub cells: u32,
    /// Levels count down to this far below the level that one in twenty exceeds, in dB.
    pub range_db: f64,
    /// A band counts if it is above that in this share of the cells.
    pub alive: f64,
    /// Moments below which nothing is said: four seconds.
    pub min_moments: usize,
    /// Bands below which nothing is said.
    pub min_bands: usize,
    /// Share of the moments of a band that are loud.
    pub loud: f64,
    /// Difference in dB that is much.
    pub much_db: f64,
}

/// A quadratic function of `N` measures, fitted by `benches/kinds/fit.py`: above 0 on the side of recordings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Discriminant<const N: usize> {
    /// Mean of the measures.
    pub mean: [f64; N],
    /// Their standard deviation.
    pub deviation: [f64; N],
    /// Constant term.
    pub constant: f64,
    /// Weights of the measures.
    pub linear: [f64; N],
    /// Weights of their products, row by row of the upper triangle.
    pub quadratic: &'static [f64],
}

/// Names of matches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KindParams {
    /// Speed change from which a copy counts as modified (Pex's published line).
    pub modified_time: f64,
    /// Pitch change in cents from which it does.
    pub modified_cents: f64,
    /// Coverage of one side from which it counts as covered.
    pub covered: f64,
    /// Coverage of both sides from which a match is the same audio.
    pub same: f64,
    /// Time covered on one side over time covered on the other, from which the one repeats the other.
    pub repeated: f64,
}
