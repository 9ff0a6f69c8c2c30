//! Which of the notes is the tune.
//!
//! The highest sounding pitch is the tune in two frames of three. What tells the tune from the
//! accompaniment beyond that is learned: in each frame the likeliest notes are candidates, and
//! each gets a score from what sounds around it, up to two octaves to either side and four seconds
//! before and after (a patch of the posteriorgram about the candidate, in time bins that widen
//! with the distance), how loud it is beside the others, and how high it lies. The score is a
//! network of one hidden layer, the same for every candidate, so that a tune moved by some
//! semitones gives the same patches. The scores of a frame's candidates, and a score for no tune,
//! go through a softmax; the pitch class with the greatest sum wins.
//!
//! Weights: `voice.bin`, fitted by `benches/resemblance/melody/train.py` on renderings whose tune is known:
//! songs of POP909 of odd number, their tunes over made accompaniments, chorales and quartets. On
//! songs and pieces that were not fitted to, the pitch class is right in 79 % of the frames in which
//! the tune sounds, that of the highest pitch in 66 %. A path search (Viterbi) over the scores was
//! tried and gained nothing: the patches hold the context already.

use std::ops::Range;

use multiversion::multiversion;

use super::arithmetic::exp;
use super::network::NOTES;
use super::posteriorgram::Frame;

/// MIDI number of the first note of a frame.
const FIRST_NOTE: u8 = 21;

/// What shapes the choice; the weights are fitted to these.
#[derive(Debug, Clone, PartialEq)]
pub struct VoiceParams {
    /// Notes that can be the tune (MIDI 40 to 100), counted from MIDI 21.
    pub range: Range<usize>,
    /// Least likelihood of a candidate.
    pub likelihood: f32,
    /// The likelihood that the network gives to silence, and the step from there that counts as 1.
    pub silence: f32,
    /// See `silence`.
    pub scale: f32,
    /// The greatest value of a note in a patch.
    pub ceiling: f32,
    /// Levels are log2 of power under the greatest of two seconds, not below this.
    pub quietest: f32,
    /// Frames to either side over which the level of the loudest candidate is averaged.
    pub level_reach: usize,
}

impl VoiceParams {
    /// What the weights were fitted to.
    pub const V1: VoiceParams = VoiceParams {
        range: 19..80,
        likelihood: 0.14,
        silence: 0.12,
        scale: 0.6,
        ceiling: 1.2,
        quietest: -21.0,
        level_reach: 16,
    };
}

/// Candidates of a frame.
const CANDIDATES: usize = 8;
/// Semitones of a patch to either side.
const SPAN: usize = 24;
const PATCH: usize = 2 * SPAN + 1;
/// Frames of the patch's columns, from the candidate's own frame.
const TIMES: [Range<isize>; 15] = [
    -32..-16,
    -16..-8,
    -8..-5,
    -5..-3,
    -3..-2,
    -2..-1,
    -1..0,
    0..1,
    1..2,
    2..3,
    3..4,
    4..6,
    6..9,
    9..17,
    17..33,
];
/// Frames that a choice looks at to either side.
pub const REACH: usize = 32;
/// What is known of a candidate beside its patch.
const FACTS: usize = 9;
const INPUTS: usize = TIMES.len() * PATCH + FACTS;
const HIDDEN: usize = 40;

/// Weights of the hidden layer by input, its bias, of its sum, of the facts, of silence.
const WEIGHTS: usize = INPUTS * HIDDEN + HIDDEN + HIDDEN + FACTS + 2;
const FILE: &[u8; 4 * WEIGHTS] = include_bytes!("voice.bin");

/// The tune in an eighth of a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Voice {
    /// Its likeliest pitch as a MIDI number; only the class is meant to be relied on. `None` where
    /// nothing sounds that could be the tune; where it may rest, `confidence` is low.
    pub pitch: Option<u8>,
    /// How likely the class of `pitch` is to be that of the tune, from 0 to 1; 0 without a pitch.
    pub confidence: f32,
    /// How likely each pitch class, from C up, is to be that of the tune. What is missing to 1 is
    /// the likelihood that there is none. For a comparison this is better than the pitch alone:
    /// where the choice is doubtful, two players of a tune agree on the second place as well.
    pub classes: [f32; 12],
}

/// Chooses the tune's notes.
pub struct Chooser {
    params: VoiceParams,
    hidden: Vec<[f32; HIDDEN]>,
    bias: [f32; HIDDEN],
    output: [f32; HIDDEN],
    facts: [f32; FACTS],
    /// Score of silence, and what the loudest candidate adds to it.
    silence: [f32; 2],
}

/// A frame's candidates, the likeliest first.
#[derive(Default)]
struct Candidates {
    notes: Vec<usize>,
    /// The level of the loudest, by all harmonics and by the fundamental.
    loudest: [f32; 2],
}

impl Chooser {
    /// Reads the weights.
    pub fn new(params: VoiceParams) -> Self {
        let value = |b: &[u8]| f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
        let mut values = FILE.chunks_exact(4).map(value);
        let mut next = || values.next().unwrap_or_default();
        let hidden = (0..INPUTS).map(|_| std::array::from_fn(|_| next())).collect();
        Chooser {
            params,
            hidden,
            bias: std::array::from_fn(|_| next()),
            output: std::array::from_fn(|_| next()),
            facts: std::array::from_fn(|_| next()),
            silence: std::array::from_fn(|_| next()),
        }
    }

    /// The tune in `wanted` of the frames; up to [`REACH`] frames around them are looked at.
    pub fn choose(&self, frames: &[Frame], wanted: Range<usize>) -> Vec<Voice> {
        let around = wanted.start.saturating_sub(REACH)..(wanted.end + REACH).min(frames.len());
        let frames = &frames[around.clone()];
        let patches: Vec<[f32; NOTES]> = frames
            .iter()
            .map(|frame| frame.notes.map(|likelihood| self.value(likelihood)))
            .collect();
        let candidates: Vec<Candidates> = frames.iter().map(|f| self.candidates(f)).collect();
        let wanted = wanted.start - around.start..wanted.end - around.start;
        wanted.map(|t| self.voice(t, frames, &patches, &candidates)).collect()
    }

    /// A likelihood as patches hold it.
    fn value(&self, likelihood: f32) -> f32 {
        ((likelihood - self.params.silence) / self.params.scale).clamp(0.0, self.params.ceiling)
    }

    fn candidates(&self, frame: &Frame) -> Candidates {
        let live = |note: &usize| frame.notes[*note] > self.params.likelihood;
        let mut notes: Vec<usize> = self.params.range.clone().filter(live).collect();
        notes.sort_by(|a, b| frame.notes[*b].total_cmp(&frame.notes[*a]));
        notes.truncate(CANDIDATES);
        let mut loudest = [self.params.quietest; 2];
        for note in &notes {
            for (loudest, level) in loudest.iter_mut().zip(self.levels(frame, *note)) {
                *loudest = loudest.max(level);
            }
        }
        Candidates { notes, loudest }
    }

    /// The level of a note by its first harmonics and by its fundamental alone.
    fn levels(&self, frame: &Frame, note: usize) -> [f32; 2] {
        [frame.harmonics[note], frame.levels[note]].map(|l| l.max(self.params.quietest))
    }

    fn voice(
        &self,
        t: usize,
        frames: &[Frame],
        patches: &[[f32; NOTES]],
        candidates: &[Candidates],
    ) -> Voice {
        let here = &candidates[t];
        let near = t.saturating_sub(self.params.level_reach)
            ..(t + self.params.level_reach + 1).min(frames.len());
        let count = near.len() as f32;
        let usual = candidates[near].iter().map(|c| c.loudest[0]).sum::<f32>() / count;

        let mut scores = Vec::with_capacity(CANDIDATES);
        let mut strongest = 0.0f32;
        for &note in &here.notes {
            let value = patches[t][note];
            strongest = strongest.max(value);
            let [harmonics, fundamental] = self.levels(&frames[t], note);
            let above = here.notes.iter().filter(|other| **other > note).count() as f32;
            let height = (note as f32 - 44.0) / 12.0;
            let facts = [
                (harmonics - here.loudest[0]) / 4.0,
                (fundamental - here.loudest[1]) / 4.0,
                (harmonics - usual) / 4.0,
                (fundamental - harmonics) / 4.0,
                height,
                height * height,
                above / 4.0,
                if above == 0.0 { 1.0 } else { 0.0 },
                value,
            ];
            scores.push(self.score(&patch(patches, t, note), &facts));
        }
        let silent = self.silence[0] + self.silence[1] * strongest;
        pick(&here.notes, &scores, silent)
    }

    /// The network: its inputs are the patch and the facts, and the facts count once more by
    /// themselves.
    fn score(&self, patch: &[f32], facts: &[f32; FACTS]) -> f32 {
        let mut sums = self.bias;
        weigh(&mut sums, patch, &self.hidden);
        weigh(&mut sums, facts, &self.hidden[patch.len()..]);
        let mut score = 0.0;
        for (sum, weight) in sums.iter().zip(&self.output) {
            score += sum.max(0.0) * weight;
        }
        for (fact, weight) in facts.iter().zip(&self.facts) {
            score += fact * weight;
        }
        score
    }
}

/// Adds each input times its weights.
#[multiversion(targets("x86_64+avx2"))]
fn weigh(sums: &mut [f32; HIDDEN], inputs: &[f32], weights: &[[f32; HIDDEN]]) {
    let mut next = *sums;
    for (input, weights) in inputs.iter().zip(weights) {
        for (next, weight) in next.iter_mut().zip(weights) {
            *next += input * weight;
        }
    }
    *sums = next;
}

/// What sounds about a candidate: by column of time, the mean of each semitone.
fn patch(values: &[[f32; NOTES]], t: usize, note: usize) -> Vec<f32> {
    let mut patch = vec![0.0; TIMES.len() * PATCH];
    // Semitones of the patch that are notes.
    let low = note.saturating_sub(SPAN);
    let high = (note + SPAN + 1).min(NOTES);
    let skipped = low + SPAN - note;
    for (column, times) in patch.chunks_exact_mut(PATCH).zip(&TIMES) {
        let column = &mut column[skipped..skipped + high - low];
        for offset in times.clone() {
            let frame = t.checked_add_signed(offset).and_then(|t| values.get(t));
            for (sum, value) in column.iter_mut().zip(frame.map_or(&[][..], |f| &f[low..high])) {
                *sum += value;
            }
        }
        for sum in column {
            *sum /= times.len() as f32;
        }
    }
    patch
}

/// The class with the greatest sum, and the likeliest candidate in it.
fn pick(notes: &[usize], scores: &[f32], silent: f32) -> Voice {
    let class = |note: usize| (note + usize::from(FIRST_NOTE)) % 12;
    let greatest = scores.iter().copied().fold(silent, f32::max);
    let silent = exp(silent - greatest);
    let mut classes = [0.0f32; 12];
    let mut sum = silent;
    for (note, score) in notes.iter().zip(scores) {
        let weight = exp(score - greatest);
        classes[class(*note)] += weight;
        sum += weight;
    }
    let mut best = 0;
    for (class, weight) in classes.iter().enumerate() {
        if *weight > classes[best] {
            best = class;
        }
    }
    let classes = classes.map(|weight| weight / sum);
    let in_class = notes.iter().zip(scores).filter(|(note, _)| class(**note) == best);
    match in_class.reduce(|a, b| if b.1 > a.1 { b } else { a }) {
        Some((note, _)) => {
            let pitch = Some(FIRST_NOTE + *note as u8);
            Voice { pitch, confidence: classes[best], classes }
        }
        None => Voice { pitch: None, confidence: 0.0, classes },
    }
}
