//! Sound made from peaks alone: what a match rests on can be heard where the audio is gone.
//!
//! Each peak becomes a short tone at its moment and pitch. Those that coincide sound in the middle; of the others,
//! those of the scanned file sound on the left, those of the reference on the right, laid over the file as the
//! segments say (the change of speed and pitch undone). A copy sounds from the middle; unrelated music sounds from
//! both sides. Peaks hold no levels, so that all tones are of one loudness: this is no recording, and pages say so.

use std::f64::consts::TAU;

use super::evidence::EvidenceRecord;
use super::records::SegmentRecord;
use super::wave;

/// Samples a second: the highest peak is at 5.2 kHz.
pub const RATE: u32 = 16_000;
/// Longest sound, in ms; of longer matches the part around the longest segment.
const MAX_MS: u64 = 10 * 60_000;
/// Length of a tone.
const TONE: usize = RATE as usize / 12;
/// How fast a tone sets in.
const ATTACK: usize = RATE as usize / 250;
/// How much a tone dies away over its length.
const DECAY: f64 = 5.0;
/// Pitch of a peak at 0 cents, in Hz.
const LOWEST_HZ: f64 = 150.0;
/// Tones of one side are as loud as this; those in the middle add up on both.
const LOUDNESS: f64 = 0.12;

/// Sound in two channels.
#[derive(Debug, Clone, PartialEq)]
pub struct Sonified {
    /// Where it begins, in the time of the scanned file, ms.
    pub begin_ms: u64,
    /// Left and right.
    pub frames: Vec<[f32; 2]>,
}

/// Where a tone comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Middle,
    Right,
}

/// The sound of `evidence` of a match with these `segments`.
pub fn sonify(evidence: &EvidenceRecord, segments: &[SegmentRecord]) -> Sonified {
    let (begin, end) = extent(evidence, segments);
    let length = ((end - begin) as usize * RATE as usize) / 1000 + TONE;
    let mut sound = Sonified { begin_ms: begin, frames: vec![[0.0; 2]; length] };
    for (at_ms, cents, side) in tones(evidence, segments) {
        if (begin as f64..end as f64).contains(&at_ms) {
            sound.add(at_ms - begin as f64, cents, side);
        }
    }
    sound.frames.iter_mut().flatten().for_each(|value| *value = value.tanh());
    sound
}

/// The part that is made to sound, in the time of the scanned file.
fn extent(evidence: &EvidenceRecord, segments: &[SegmentRecord]) -> (u64, u64) {
    let (begin, end) =
        (evidence.query.begin_ms, evidence.query.end_ms.max(evidence.query.begin_ms));
    if end - begin <= MAX_MS {
        return (begin, end);
    }
    let longest = segments
        .iter()
        .max_by_key(|s| s.sample_end_time_offset_ms.saturating_sub(s.sample_begin_time_offset_ms));
    let from = longest.map_or(begin, |s| s.sample_begin_time_offset_ms.saturating_sub(5_000));
    let from = from.clamp(begin, end - MAX_MS);
    (from, from + MAX_MS)
}

/// All tones: when (ms, time of the scanned file), how high (cents), from where.
fn tones<'a>(
    evidence: &'a EvidenceRecord,
    segments: &'a [SegmentRecord],
) -> impl Iterator<Item = (f64, f64, Side)> + 'a {
    let (heard, there) = (&evidence.query.peaks, &evidence.reference.peaks);
    let mut met = [vec![false; heard.len()], vec![false; there.len()]];
    for &[a, b, _] in &evidence.pairs {
        let places = [(0, a as usize), (1, b as usize)];
        for (side, at) in places {
            if let Some(met) = met[side].get_mut(at) {
                *met = true;
            }
        }
    }
    let [met, met_there] = met;
    let heard = heard.iter().zip(met).map(|(peak, met)| {
        let side = if met { Side::Middle } else { Side::Left };
        (f64::from(peak[0]), f64::from(peak[1]), side)
    });
    let alone = there.iter().zip(met_there).filter(|(_, met)| !met);
    let laid = alone.flat_map(move |(peak, _)| {
        let (at, cents) = (f64::from(peak[0]), f64::from(peak[1]));
        let mapped =
            segments.iter().enumerate().filter_map(move |(i, s)| laid_over(at, i, s, segments));
        mapped.map(move |(at, shift)| (at, cents + shift, Side::Right)).collect::<Vec<_>>()
    });
    heard.chain(laid)
}

/// Where a moment of the reference falls in the scanned file by the `i`-th segment, and what is added to its pitch:
/// within the segment, before the first of all, behind the last of all.
fn laid_over(at: f64, i: usize, s: &SegmentRecord, all: &[SegmentRecord]) -> Option<(f64, f64)> {
    let (from, to) = (s.db_begin_time_offset_ms as f64, s.db_end_time_offset_ms as f64);
    let is_before = i == 0 && at < from;
    let is_behind = i + 1 == all.len() && at > to;
    if to <= from || !((from..=to).contains(&at) || is_before || is_behind) {
        return None;
    }
    let (begin, end) = (s.sample_begin_time_offset_ms as f64, s.sample_end_time_offset_ms as f64);
    Some((begin + (at - from) * (end - begin) / (to - from), s.pitch_cents))
}

impl Sonified {
    fn add(&mut self, at_ms: f64, cents: f64, side: Side) {
        let hz = LOWEST_HZ * (cents / 1200.0).exp2();
        if !(20.0..f64::from(RATE) / 2.0).contains(&hz) {
            return;
        }
        let from = (at_ms * f64::from(RATE) / 1000.0) as usize;
        // The ear hears high tones as louder.
        let loudness = LOUDNESS * (LOWEST_HZ / hz).powf(0.35);
        let step = TAU * hz / f64::from(RATE);
        let Some(frames) = self.frames.get_mut(from..) else { return };
        for (i, frame) in frames.iter_mut().take(TONE).enumerate() {
            let rise = (i as f64 / ATTACK as f64).min(1.0);
            let left = 1.0 - i as f64 / TONE as f64;
            let fall = (-DECAY * i as f64 / TONE as f64).exp() * left;
            let value = (loudness * rise * fall * (step * i as f64).sin()) as f32;
            match side {
                Side::Left => frame[0] += value,
                Side::Right => frame[1] += value,
                Side::Middle => frame.iter_mut().for_each(|channel| *channel += value),
            }
        }
    }

    /// As a WAV file.
    pub fn wav(&self) -> Vec<u8> {
        let mut bytes = wave::header(2, RATE, self.frames.len() as u64).to_vec();
        bytes.extend(self.frames.iter().flatten().flat_map(|v| wave::sample(*v).to_le_bytes()));
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::evidence::Side as Peaks;

    /// The reference plays 10 % slower, 100 cents lower, and begins 2 s later.
    fn segment() -> SegmentRecord {
        SegmentRecord {
            sample_begin_time_offset_ms: 1_000,
            sample_end_time_offset_ms: 11_000,
            db_begin_time_offset_ms: 3_000,
            db_end_time_offset_ms: 14_000,
            pitch_cents: 100.0,
            ..SegmentRecord::default()
        }
    }

    fn energy(sound: &Sonified, at_ms: u64) -> [f32; 2] {
        let from = (at_ms - sound.begin_ms) as usize * RATE as usize / 1000;
        let part = &sound.frames[from..from + TONE];
        [0, 1].map(|c| part.iter().map(|frame| frame[c].powi(2)).sum())
    }

    #[test]
    fn what_coincides_sounds_in_the_middle_and_the_rest_on_its_side() {
        let query = Peaks {
            begin_ms: 500,
            end_ms: 11_500,
            peaks: vec![[2_000, 1_200], [4_000, 2_400]],
            ..Peaks::default()
        };
        // 2 s of the file is 4.1 s of the reference; 6 s is 8.5 s.
        let peaks = vec![[4_100, 1_100], [8_500, 900]];
        let reference = Peaks { begin_ms: 0, end_ms: 14_500, peaks, ..Peaks::default() };
        let evidence = EvidenceRecord {
            query,
            reference,
            pairs: vec![[0, 0, 0]],
            ..EvidenceRecord::default()
        };
        let sound = sonify(&evidence, &[segment()]);
        assert_eq!(sound.begin_ms, 500);
        let [left, right] = energy(&sound, 2_000);
        assert!(left > 0.1 && (left - right).abs() < 1e-6, "{left} {right}");
        let [left, right] = energy(&sound, 4_000);
        assert!(left > 0.1 && right == 0.0, "{left} {right}");
        let [left, right] = energy(&sound, 6_000);
        assert!(left == 0.0 && right > 0.1, "{left} {right}");
        assert_eq!(energy(&sound, 9_000), [0.0, 0.0]);
        let wav = sound.wav();
        assert_eq!((&wav[..4], wav.len()), (&b"RIFF"[..], 44 + 4 * sound.frames.len()));
    }

    #[test]
    fn records_of_anybody_make_no_endless_sound() {
        let mut evidence = EvidenceRecord {
            query: Peaks { end_ms: u64::MAX / 4, peaks: vec![[0, u32::MAX]], ..Peaks::default() },
            pairs: vec![[9, 9, 9]],
            ..EvidenceRecord::default()
        };
        let sound = sonify(&evidence, &[segment()]);
        assert!(sound.frames.len() <= (MAX_MS as usize / 1000 + 1) * RATE as usize);
        (evidence.query.begin_ms, evidence.query.end_ms) = (9, 3);
        assert_eq!(sonify(&evidence, &[]).frames.len(), TONE);
    }
}
