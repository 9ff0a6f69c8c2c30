//! Numbers and findings in the words that every form of output for people shares.

use std::collections::BTreeMap;

use super::records::{ErrorRecord, LibraryInfo, MatchRecord, Name, ResemblanceRecord, credit};
pub use crate::counted::{agree, count, thousands};
pub use crate::resemblance::played_words;

use crate::clock;
use crate::declare::text::visible;
use crate::policy::exclusion::Answer;
use crate::resemblance::Channel;
use crate::scan::kind::MatchKind;

/// Expected chance matches (as a power of ten) from which on chance is no explanation any more.
const RULED_OUT: f64 = -7.0;

/// What a platform of users' uploads answers.
pub fn eligibility(answer: Answer) -> &'static str {
    match answer {
        Answer::Ineligible => "not eligible by its terms",
        Answer::Ask => "only after something is shown or left out",
    }
}

/// What a match is; of a loop of a library, whose it is and how it is licensed.
pub fn kind_words(m: &MatchRecord) -> String {
    match &m.reference.library {
        Some(library) => loop_words(library),
        None => recording_words(m),
    }
}

fn loop_words(library: &LibraryInfo) -> String {
    let pack = library.pack.as_ref().map(|pack| format!(" of pack \"{}\"", visible(pack)));
    let exclusive = match library.exclusive {
        Some(true) => "exclusive",
        Some(false) => "non-exclusive",
        None => "whether exclusive is not known",
    };
    let licence = library.licence.as_ref().map(|text| format!(", licence \"{}\"", visible(text)));
    let (pack, licence) = (pack.unwrap_or_default(), licence.unwrap_or_default());
    format!("a known loop{pack} ({exclusive}{licence})")
}

/// What loops of a library leave of a match, where they explain any of it.
pub fn beside_loops_words(m: &MatchRecord) -> Option<String> {
    let loops = match m.loops.len() {
        0 => return None,
        1 => "a known loop explains".to_owned(),
        n => format!("{n} known loops explain"),
    };
    Some(match &m.beside_loops {
        None => format!("{loops} all of it: nothing is left beyond chance"),
        Some(rest) => format!(
            "{loops} some of it; judged by the rest, {:.0} % of this file and {:.0} % of the reference",
            rest.query_match_pct, rest.asset_match_pct
        ),
    })
}

fn recording_words(m: &MatchRecord) -> String {
    let words = match m.match_kind {
        MatchKind::SameFile => "the same file",
        MatchKind::SameAudio => "the same recording from end to end",
        MatchKind::NearDuplicate => "most of the same recording",
        MatchKind::Modified => "the same recording with speed or pitch changed",
        MatchKind::ContainsReference => "contains the whole reference",
        MatchKind::ContainedInReference => "all of it is a part of the reference",
        MatchKind::LoopOfExcerpt => "repeats a part of the reference",
        MatchKind::Version => {
            "the same material runs along, but much else is in it or it was made anew"
        }
        MatchKind::Excerpt => "shares a part with the reference",
    };
    if !m.modified {
        return words.to_owned();
    }
    let change = |value: f64, decimals: usize, unit: &str| match format!("{value:+.decimals$}") {
        // Nothing is played at "-0.0 %".
        text if !text.contains(|c: char| ('1'..='9').contains(&c)) => None,
        text => Some(format!("{text} {unit}")),
    };
    let speed = change(100.0 * (m.time_factor - 1.0), 1, "%").map(|text| format!("speed {text}"));
    let pitch = change(m.pitch_cents, 0, "cents").map(|text| format!("pitch {text}"));
    let changes: Vec<String> = speed.into_iter().chain(pitch).collect();
    if changes.is_empty() { words.to_owned() } else { format!("{words} ({})", changes.join(", ")) }
}

/// Pitch classes, C first.
pub const PITCH_CLASSES: [&str; 12] =
    ["C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"];
/// Strength, of 15, from which a pitch class is named.
const NAMED: f64 = 4.0;
/// Most that are named.
const MOST_NAMED: usize = 4;

/// What two tracks play alike, and in which key and tempo.
pub fn work_words(r: &ResemblanceRecord) -> String {
    let played = played_words(r.transposition_semitones, r.time_factor);
    format!("{}, {played}", channel_words(r.channel))
}

/// What is played alike.
pub fn channel_words(channel: Channel) -> &'static str {
    match channel {
        Channel::Harmony => "the same chords in the same rhythm",
        Channel::Melody => "the same notes in the upper voice",
        Channel::Both => "the same chords and the same upper voice",
    }
}

/// The strongest of twelve pitch classes by name, from C up.
pub fn classes_of(strengths: &[f64; 12]) -> String {
    let mut order: Vec<usize> = (0..12).filter(|class| strengths[*class] >= NAMED).collect();
    order.sort_by(|a, b| strengths[*b].total_cmp(&strengths[*a]));
    order.truncate(MOST_NAMED);
    order.sort_unstable();
    let names: Vec<&str> = order.into_iter().map(|class| PITCH_CLASSES[class]).collect();
    if names.is_empty() { "–".to_owned() } else { names.join(" ") }
}

/// The E-value of one pair among all of a batch as a frequency.
pub fn batch_odds(log10_evalue: f64) -> String {
    if log10_evalue <= RULED_OUT {
        return "chance is practically ruled out".to_owned();
    }
    let per = 10f64.powf(-log10_evalue).round();
    format!("chance gives one in 1 of {} such batches", thousands(per as u64))
}

/// The E-value as a frequency a person can weigh. Beyond that, records have its logarithm.
pub fn odds(log10_evalue: f64) -> String {
    if log10_evalue > -0.5 {
        return "as good as chance gives".to_owned();
    }
    if log10_evalue <= RULED_OUT {
        return "chance is practically ruled out".to_owned();
    }
    let per = 10f64.powf(-log10_evalue).round();
    format!("chance gives this in 1 of {} scans", thousands(per as u64))
}

/// A reference by title, artists and path, as far as they are known.
pub fn named(title: Option<&str>, artists: &[Name], path: &str) -> String {
    match (title, credit(artists, ", ")) {
        (Some(title), Some(artists)) => format!("\"{title}\" by {artists}  [{path}]"),
        (Some(title), None) => format!("\"{title}\"  [{path}]"),
        (None, _) => path.to_owned(),
    }
}

/// How long something took: `0.4 s`, `3:05`, `1:02:03`.
pub fn elapsed(ms: u64) -> String {
    match ms {
        0..59_950 => format!("{:.1} s", ms as f64 / 1000.0),
        _ => clock::seconds(ms + 500),
    }
}

/// How much audio was worked through in what time, and how fast that is.
pub fn speed(audio_seconds: f64, wall_ms: u64) -> String {
    let audio_ms = (audio_seconds * 1000.0).round() as u64;
    let factor = (audio_ms as f64 / wall_ms.max(1) as f64).round() as u64;
    let (audio, wall) = (clock::seconds(audio_ms), elapsed(wall_ms));
    format!("{audio} of audio in {wall}, {} x real time", thousands(factor))
}

/// A size in the unit in which it is read best: `512 bytes`, `26.3 kB`, `1.4 GB` (powers of 1,000).
pub fn size(bytes: u64) -> String {
    let units = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return count(bytes as usize, "byte", "bytes");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", units[unit])
}

/// Why files could not be used, counted by the codes of their errors.
#[derive(Debug, Default)]
pub struct Causes(BTreeMap<String, usize>);

impl Causes {
    /// Counts `error`.
    pub fn add(&mut self, error: &ErrorRecord) {
        *self.0.entry(error.code.replace('_', " ")).or_default() += 1;
    }

    /// ` (not audio)`, ` (1 io error, 2 not audio)`, or nothing.
    pub fn words(&self) -> String {
        let all: Vec<String> = match self.0.len() {
            1 => self.0.keys().cloned().collect(),
            _ => self.0.iter().map(|(cause, n)| format!("{n} {cause}")).collect(),
        };
        if all.is_empty() { String::new() } else { format!(" ({})", all.join(", ")) }
    }
}

/// What an error says beyond the name of the file it is about, which stands above it already.
pub fn cause(error: &ErrorRecord) -> &str {
    let rest =
        error.message.strip_prefix(&error.subject).map(|rest| rest.trim_start_matches([':', ' ']));
    let rest = rest.map(|rest| rest.strip_prefix("is ").unwrap_or(rest));
    rest.filter(|rest| !rest.is_empty()).unwrap_or(&error.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odds_read_well() {
        assert_eq!(odds(0.3), "as good as chance gives");
        assert_eq!(odds(-3.0), "chance gives this in 1 of 1,000 scans");
        assert_eq!(odds(-6.9), "chance gives this in 1 of 7,943,282 scans");
        assert_eq!(odds(-821.2), "chance is practically ruled out");
    }

    #[test]
    fn numbers_have_the_noun_and_the_unit_they_need() {
        assert_eq!(count(1, "match", "matches"), "1 match");
        assert_eq!(count(12_345_678, "peak", "peaks"), "12,345,678 peaks");
        assert_eq!(
            [999, 1000, 26_328, 999_999, 1_400_000_000].map(size),
            ["999 bytes", "1.0 kB", "26.3 kB", "1.0 MB", "1.4 GB"]
        );
        assert_eq!(
            [400, 59_900, 59_999, 185_400].map(elapsed),
            ["0.4 s", "59.9 s", "1:00", "3:05"]
        );
        assert_eq!(speed(58.0, 400), "0:58 of audio in 0.4 s, 145 x real time");
    }

    #[test]
    fn an_error_is_told_without_the_name_that_stands_above_it() {
        let error = |subject: &str, message: &str| ErrorRecord {
            subject: subject.into(),
            code: "not_audio".into(),
            message: message.into(),
        };
        assert_eq!(cause(&error("a.mp3", "a.mp3 is not an audio file")), "not an audio file");
        assert_eq!(cause(&error("a.mp3", "a.mp3: too short")), "too short");
        assert_eq!(cause(&error("a.mp3", "cannot read a.mp3")), "cannot read a.mp3");
        let mut causes = Causes::default();
        assert_eq!(causes.words(), "");
        causes.add(&error("a.mp3", ""));
        assert_eq!(causes.words(), " (not audio)");
        causes.add(&ErrorRecord { code: "io_error".into(), ..error("b.mp3", "") });
        assert_eq!(causes.words(), " (1 io error, 1 not audio)");
    }
}
