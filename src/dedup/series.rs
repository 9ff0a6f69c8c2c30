//! What shows that files were made in a series: lengths, sizes and encoders that are the same, clips that were joined.
//!
//! A program that makes hundreds of tracks makes all of them alike. None of these facts is held against anybody, nor
//! does it count in the score: they explain how a cluster came about, where most of its members share them and the
//! rest of the batch does not.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::member::BatchTrack;
use crate::counted::{agree, count, thousands};

/// Members, each another file, from which something is a series.
const FEWEST: usize = 3;
/// Share of the members that have it in common.
const MOST: f64 = 0.5;
/// How much more frequent it is among them than in the rest of the batch.
const AHEAD: f64 = 2.0;
/// Seams and repeats whose distance differs by less than this many ms are of one length.
const ONE_PERIOD_MS: f64 = 3.0;
/// Known lengths of clips: seconds, how far off, whose they are.
///
/// 512 columns of a picture are 511 steps of 10 ms; as an MP3 of 44.1 kHz, joined without its tag of padding, 197
/// frames of 1,152 samples (`riffusion/spectrogram_converter.py` of riffusion-hobby, MIT; measured on its output).
const KNOWN_CLIPS: &[(f64, f64, &str)] = &[
    (5.110, 0.004, "a clip of the open Riffusion v1 model (512 columns)"),
    (5.1461, 0.004, "a clip of the open Riffusion v1 model saved as MP3 (197 frames)"),
];

/// Something that files of a series have in common.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SeriesFact {
    /// `length`, `file_size`, `software`, `seams` or `repeats`.
    pub fact: String,
    /// The common value: milliseconds, bytes, a name, or the length of a clip in milliseconds.
    pub value: String,
    /// Members, each another file, that have it.
    pub members: usize,
    /// Of so many.
    pub of: usize,
    /// Files of the rest of the batch that have it.
    pub others: usize,
    /// Of so many.
    pub others_of: usize,
    /// In plain words.
    pub text: String,
}

/// The clusters' members and the rest of a batch, each file once.
pub(super) struct Series<'a> {
    members: Vec<&'a BatchTrack>,
    others: Vec<&'a BatchTrack>,
}

impl<'a> Series<'a> {
    /// Of `members`, in a batch of these files.
    pub(super) fn new(
        members: &[&'a BatchTrack],
        batch: impl Iterator<Item = &'a BatchTrack>,
    ) -> Series<'a> {
        let by_content = |track: &'a BatchTrack| (track.track.sha256, track);
        let own: BTreeMap<[u8; 32], &BatchTrack> =
            members.iter().copied().map(by_content).collect();
        let others = batch.filter(|track| !track.earlier).map(by_content);
        let others: BTreeMap<[u8; 32], &BatchTrack> =
            others.filter(|(content, _)| !own.contains_key(content)).collect();
        Series { members: own.into_values().collect(), others: others.into_values().collect() }
    }

    /// What most members have in common, as far as it tells them from the others.
    pub(super) fn facts(&self) -> Vec<SeriesFact> {
        if self.members.len() < FEWEST {
            return Vec::new();
        }
        let facts = [
            self.common("length", |t| Some(t.track.duration_ms).filter(|ms| *ms > 0), length_words),
            self.common(
                "file_size",
                |t| Some(t.track.file_bytes).filter(|n| *n > 0),
                |bytes| format!("exactly {} bytes large", thousands(*bytes)),
            ),
            self.common(
                "software",
                |t| t.track.software.clone(),
                |name| format!("written by \"{name}\""),
            ),
            self.clips("seams", |t| Some(t.seams.as_ref()?.period_us as f64 / 1000.0), "joined of"),
            self.clips("repeats", |t| t.repeats_ms.map(|ms| ms as f64), "made of repeats of"),
        ];
        facts.into_iter().flatten().collect()
    }

    /// The value that most members have.
    fn common<V: Ord + Clone + std::fmt::Display>(
        &self,
        fact: &str,
        value: impl Fn(&BatchTrack) -> Option<V>,
        words: impl Fn(&V) -> String,
    ) -> Option<SeriesFact> {
        let mut seen: BTreeMap<V, usize> = BTreeMap::new();
        self.members.iter().filter_map(|t| value(t)).for_each(|v| *seen.entry(v).or_default() += 1);
        let (most, members) = seen.into_iter().max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(&a.0)))?;
        let others = self.others.iter().filter(|t| value(t).as_ref() == Some(&most)).count();
        self.told(fact, most.to_string(), (members, others), &words(&most))
    }

    /// The length of the clips that most members are made of.
    fn clips(
        &self,
        fact: &str,
        clip_ms: impl Fn(&BatchTrack) -> Option<f64>,
        how: &str,
    ) -> Option<SeriesFact> {
        let mut own: Vec<f64> = self.members.iter().filter_map(|t| clip_ms(t)).collect();
        own.sort_by(f64::total_cmp);
        let middle = *own.get(own.len() / 2)?;
        let is_same = |ms: &f64| (ms - middle).abs() <= ONE_PERIOD_MS;
        let members = own.iter().filter(|ms| is_same(ms)).count();
        let others = self.others.iter().filter_map(|t| clip_ms(t)).filter(|ms| is_same(ms)).count();
        let seconds = middle / 1000.0;
        let whose =
            known_clip(seconds).map_or(String::new(), |whose| format!(", each as long as {whose}"));
        let words = format!("{how} clips of {seconds:.3} s{whose}");
        self.told(fact, format!("{middle:.1}"), (members, others), &words)
    }

    /// A fact, if it tells the members from the others.
    fn told(
        &self,
        fact: &str,
        value: String,
        (members, others): (usize, usize),
        words: &str,
    ) -> Option<SeriesFact> {
        let (of, others_of) = (self.members.len(), self.others.len());
        let share = |count: usize, of: usize| count as f64 / of.max(1) as f64;
        let is_common = members >= FEWEST && share(members, of) >= MOST;
        if !is_common || AHEAD * share(others, others_of) > share(members, of) {
            return None;
        }
        let verb = agree(members, "is", "are");
        let rest = match (others, others_of) {
            (_, 0) => String::new(),
            (0, 1) => "; the other file of the batch is not".to_owned(),
            (0, _) => format!("; none of the {} of the batch", count(others_of, "other", "others")),
            _ => format!("; {others} of the {} of the batch", count(others_of, "other", "others")),
        };
        let text = format!("{members} of {of} files {verb} {words}{rest}");
        let fact = fact.to_owned();
        Some(SeriesFact { fact, value, members, of, others, others_of, text })
    }
}

/// "exactly 10.220 s long, 2 times 5.110 s: …".
fn length_words(ms: &u64) -> String {
    let seconds = *ms as f64 / 1000.0;
    let known = KNOWN_CLIPS.iter().find_map(|(clip, off, whose)| {
        let clips = (seconds / clip).round();
        // A clip is cut to samples, and its length told in ms: further on, chance takes over.
        let is_whole = (1.0..=8.0).contains(&clips) && (seconds - clips * clip).abs() <= *off;
        is_whole.then(|| match clips as u32 {
            1 => format!(", as long as {whose}"),
            n => format!(", {n} times {clip:.3} s: each as long as {whose}"),
        })
    });
    format!("exactly {seconds:.3} s long{}", known.unwrap_or_default())
}

fn known_clip(seconds: f64) -> Option<&'static str> {
    let known = KNOWN_CLIPS.iter().find(|(clip, off, _)| (seconds - clip).abs() <= *off);
    known.map(|(_, _, whose)| *whose)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::fingerprint::seams::Seams;
    use crate::track::Track;

    fn file(number: u8, duration_ms: u64, file_bytes: u64, software: &str) -> BatchTrack {
        let track = Track {
            sha256: [number; 32],
            duration_ms,
            file_bytes,
            software: Some(software.into()),
            ..Track::default()
        };
        BatchTrack { track: Arc::new(track), ..BatchTrack::default() }
    }

    fn facts(members: &[BatchTrack], others: &[BatchTrack]) -> Vec<SeriesFact> {
        let members: Vec<&BatchTrack> = members.iter().collect();
        let batch = members.iter().copied().chain(others);
        Series::new(&members, batch).facts()
    }

    #[test]
    fn what_members_share_and_others_do_not_is_told() {
        let clip = |n| file(n, 5_110, 496_740, "Lavf58.29.100, LAME3.100");
        let other = |n| file(n, 180_000 + u64::from(n), 4_000_000 + u64::from(n), "LAME3.99r");
        let found = facts(&[clip(1), clip(2), clip(3)], &[other(8), other(9)]);
        let told: Vec<(&str, &str)> =
            found.iter().map(|f| (f.fact.as_str(), f.value.as_str())).collect();
        let software = ("software", "Lavf58.29.100, LAME3.100");
        assert_eq!(told, [("length", "5110"), ("file_size", "496740"), software]);
        assert_eq!(
            found[0].text,
            "3 of 3 files are exactly 5.110 s long, as long as a clip of the open Riffusion v1 model (512 columns); none of \
             the 2 others of the batch"
        );
        assert!(found[1].text.contains("496,740 bytes"), "{found:?}");
    }

    #[test]
    fn what_the_whole_batch_shares_explains_nothing() {
        let one = |n| file(n, 60_000 + u64::from(n), 1_000 + u64::from(n), "Lavf60.16.100");
        assert_eq!(facts(&[one(1), one(2), one(3)], &[one(8), one(9)]), []);
        // Half as common outside is still told, with the number.
        let found =
            facts(&[one(1), one(2), one(3)], &[one(8), file(9, 1, 1, "x"), file(7, 2, 2, "y")]);
        assert!(found[0].text.ends_with("; 1 of the 3 others of the batch"), "{found:?}");
    }

    #[test]
    fn one_file_many_times_is_no_series() {
        let same = |n| BatchTrack { earlier: false, ..file(n, 5_110, 9, "a") };
        assert_eq!(facts(&[same(1), same(1), same(1), same(2)], &[]), []);
    }

    #[test]
    fn clips_are_named_by_their_length() {
        let seams = |n: u8, period_us| {
            let seams = Seams { period_us, count: 10, of: 11, first_ms: 5_146 };
            BatchTrack { seams: Some(seams), ..file(n, 60_000 + u64::from(n), 0, "") }
        };
        let found = facts(&[seams(1, 5_146_100), seams(2, 5_146_000), seams(3, 5_146_400)], &[]);
        let seamed = found.iter().find(|f| f.fact == "seams").expect("seams");
        assert!(
            seamed
                .text
                .starts_with("3 of 3 files are joined of clips of 5.146 s, each as long as "),
            "{seamed:?}"
        );
        assert_eq!(
            length_words(&10_221),
            "exactly 10.221 s long, 2 times 5.110 s: each as long as a clip of the open Riffusion v1 model (512 columns)"
        );
        assert_eq!(length_words(&30_000), "exactly 30.000 s long");
    }
}
