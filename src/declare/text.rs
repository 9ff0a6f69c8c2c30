//! Text from strangers: what a cell of a table means.

use std::io::{self, Read};
use std::path::Path;

use jiff::SpanRelativeTo;
use jiff::fmt::temporal::SpanParser;
use unicode_normalization::UnicodeNormalization;

use crate::audio::cleaned;
use crate::regular;

pub use super::encoding::{Decoded, Guess, decode, decode_lines, decode_xml, is_utf16_or_marked};

/// Why a file of text was not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The system says no.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: std::path::PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Larger than anything that is meant to be read here.
    #[error("{}: larger than {} MiB", path.display(), limit >> 20)]
    TooLarge {
        /// The file.
        path: std::path::PathBuf,
        /// The cap, in bytes.
        limit: u64,
    },
}

/// `text` without characters that would command a terminal, or turn the order of letters around so that
/// a name reads as another.
pub fn visible(text: &str) -> String {
    let commands = |c: char| {
        c.is_control()
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            // Ends of lines that are no control characters.
            || matches!(c, '\u{2028}' | '\u{2029}')
    };
    text.chars().map(|c| if commands(c) { '\u{fffd}' } else { c }).collect()
}

/// Reads a whole file of at most `limit` bytes. What is no file, a pipe for one, is refused and not waited
/// for.
pub fn read_capped(path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
    let error = |source| ReadError::Io { path: path.to_owned(), source };
    let file = regular::open(path).map_err(error)?;
    let len = file.metadata().map_err(error)?.len().min(limit);
    let mut bytes = Vec::with_capacity(usize::try_from(len).unwrap_or(0) + 1);
    file.take(limit + 1).read_to_end(&mut bytes).map_err(error)?;
    if bytes.len() as u64 > limit {
        return Err(ReadError::TooLarge { path: path.to_owned(), limit });
    }
    Ok(bytes)
}

/// `text` cleaned of control characters, capped in length and composed (NFC), so that names compare
/// equal whichever system wrote them. `None` where nothing is left.
pub fn value(text: &str) -> Option<String> {
    // Most values, and there may be millions.
    let bare = text.trim();
    if bare.len() <= 200 && bare.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return (!bare.is_empty()).then(|| bare.to_owned());
    }
    Some(cleaned(text)?.nfc().collect())
}

/// Yes or no, in the spellings of tables and messages.
pub fn flag(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "yes" | "y" | "true" | "t" | "1" | "x" | "on" | "✓" | "ja" | "oui" | "si" | "sí" | "sì"
        | "sim" | "wahr" | "vrai" | "verdadero" | "verdadeiro" | "vero" => Some(true),
        "no" | "n" | "false" | "f" | "0" | "off" | "nein" | "non" | "não" | "nao" | "falsch"
        | "faux" | "falso" => Some(false),
        _ => None,
    }
}

/// Longest length believed, in milliseconds: a year.
const MAX_MS: f64 = 366.0 * 86_400_000.0;

fn milliseconds(ms: f64) -> Option<u64> {
    (ms.is_finite() && (0.0..=MAX_MS).contains(&ms)).then(|| ms.round() as u64)
}

/// Unit of a bare number in a column of lengths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeUnit {
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Not said: seconds, unless that would be longer than five and a half hours.
    Unknown,
}

/// A length in milliseconds from `215000`, `215.4`, `3:35`, `0:03:35.4`, `PT3M35S` or `215 s`.
pub fn duration_ms(text: &str, unit: TimeUnit) -> Option<u64> {
    let text = text.trim();
    if text.starts_with(['P', 'p']) {
        return iso_duration_ms(text);
    }
    if text.contains(':') {
        return clock_ms(text);
    }
    let lower = text.to_lowercase();
    let (number, unit) = match lower.strip_suffix("ms") {
        Some(number) => (number, TimeUnit::Milliseconds),
        None => match ["seconds", "secs", "sec", "s"].iter().find_map(|s| lower.strip_suffix(s)) {
            Some(number) => (number, TimeUnit::Seconds),
            None => (lower.as_str(), unit),
        },
    };
    let number: f64 = number.trim().replace(',', ".").parse().ok()?;
    let in_ms = match unit {
        TimeUnit::Milliseconds => true,
        TimeUnit::Seconds => false,
        TimeUnit::Unknown => number >= 20_000.0,
    };
    milliseconds(if in_ms { number } else { 1_000.0 * number })
}

fn clock_ms(text: &str) -> Option<u64> {
    let parts: Vec<&str> = text.split(':').collect();
    if !(2..=3).contains(&parts.len()) {
        return None;
    }
    let mut seconds = 0.0;
    for (i, part) in parts.iter().enumerate() {
        let whole = i + 1 < parts.len();
        let allowed = |c: char| c.is_ascii_digit() || (!whole && matches!(c, '.' | ','));
        if part.is_empty() || !part.chars().all(allowed) {
            return None;
        }
        seconds = 60.0 * seconds + part.replace(',', ".").parse::<f64>().ok()?;
    }
    milliseconds(1_000.0 * seconds)
}

/// ISO 8601 duration such as `PT3M35S`, `PT215.4S` or `P0DT0H3M35S`. Negative ones are refused, and so
/// are years and months, which have no fixed length.
pub fn iso_duration_ms(text: &str) -> Option<u64> {
    static PARSER: SpanParser = SpanParser::new();
    let text = text.trim();
    if !text.starts_with(['P', 'p']) {
        return None;
    }
    let span = PARSER.parse_span(to_nanoseconds(text)).ok()?;
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    milliseconds(1_000.0 * length.as_secs_f64())
}

/// `text` without what its fraction has beyond nine digits, which jiff refuses: programs write all that
/// a float has.
fn to_nanoseconds(text: &str) -> String {
    let Some((whole, fraction)) = text.split_once(['.', ',']) else { return text.to_owned() };
    let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, unit) = fraction.split_at(digits);
    format!("{whole}.{}{unit}", &digits[..digits.len().min(9)])
}

/// A position on a release: `7`, `7.0`, `07`, `7/12`, `1-07` (disc and track).
pub fn track_number(value: &str) -> Option<u32> {
    let value = value.split('/').next().unwrap_or(value).trim();
    let value = value.rsplit_once('-').map_or(value, |(_, track)| track);
    value.strip_suffix(".0").unwrap_or(value).parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_do_not_command_the_terminal() {
        assert_eq!(visible("a\u{1b}[2J\u{202e}3pm.exe\n"), "a\u{fffd}[2J\u{fffd}3pm.exe\u{fffd}");
        assert_eq!(visible("Größe, 夜, \u{200f}"), "Größe, 夜, \u{200f}");
    }

    #[test]
    fn pipes_and_devices_are_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        assert!(read_capped(dir.path(), 10).unwrap_err().to_string().contains("folder"));
        #[cfg(unix)]
        {
            let error = read_capped(Path::new("/dev/zero"), 10).unwrap_err().to_string();
            assert!(error.contains("regular file"), "{error}");
        }
    }

    #[test]
    fn names_are_composed_and_cleaned() {
        assert_eq!(value(" Bjo\u{308}rk\u{202e}\u{0} ").as_deref(), Some("Björk"));
        assert_eq!(value(" \u{feff} "), None);
    }

    #[test]
    fn lengths_in_all_spellings() {
        for text in ["215", "215.0", "215000", "3:35", "0:03:35", "PT3M35S", "PT215.000S", "215 s"]
        {
            assert_eq!(duration_ms(text, TimeUnit::Unknown), Some(215_000), "{text}");
        }
        assert_eq!(duration_ms("215", TimeUnit::Milliseconds), Some(215));
        assert_eq!(duration_ms("P1DT1H", TimeUnit::Unknown), Some(90_000_000));
        for text in ["", "x", "-5", "NaN", "inf", "1:x", "P", "PT", "P1Y", "::", "1e300", "PTS"] {
            assert_eq!(duration_ms(text, TimeUnit::Unknown), None, "{text}");
        }
    }

    #[test]
    fn positions_on_a_release() {
        for text in ["7", "7.0", "07", "7/12", "1-07"] {
            assert_eq!(track_number(text), Some(7), "{text}");
        }
        for text in ["", "seven", "-", "99999999999"] {
            assert_eq!(track_number(text), None, "{text}");
        }
    }

    #[test]
    fn iso_durations_of_messages() {
        for (text, ms) in [
            ("PT3M25S", 205_000),
            ("PT00H03M25S", 205_000),
            ("PT205.5S", 205_500),
            ("PT205,5S", 205_500),
            ("P0DT0H3M25S", 205_000),
            ("P0Y0M0DT0H3M25S", 205_000),
            (" pt3m25s ", 205_000),
            ("PT1.5M", 90_000),
            ("PT1H", 3_600_000),
            ("P1W", 604_800_000),
            ("P366D", 31_622_400_000),
            ("PT0S", 0),
            // Written from floats.
            ("PT205.06666666666667S", 205_067),
            ("PT3M25.0004999999999999999999999999S", 205_000),
        ] {
            assert_eq!(iso_duration_ms(text), Some(ms), "{text}");
        }
    }

    #[test]
    fn hostile_durations_are_none() {
        let long = format!("PT{}S", "9".repeat(10_000));
        let zeros = format!("PT0.{}", "0".repeat(10_000));
        for text in [
            "P1Y",
            "P1M",
            "P1Y2M3DT4H5M6S",
            "-PT3M25S",
            "+PT3M25S",
            "P-1D",
            "PT-3M",
            "PT99999999999S",
            "PT99999999999999999999S",
            "P367D",
            "PT1E5S",
            "PT1.2.3S",
            "PT1.S",
            "PT25S3M",
            "PT1M1M",
            "PT3M25",
            "PTINFS",
            "PTNANS",
            "P",
            "PT",
            "P1",
            "P.",
            "PT.é",
            "P\u{661}D",
            "3m 25s",
            "",
            &long,
            &zeros,
        ] {
            assert_eq!(iso_duration_ms(text), None, "{text:.40}");
        }
    }

    proptest! {
        #[test]
        fn whole_seconds_survive_in_iso_8601(s in 0u64..31_622_400, mixed in "P[0-9TWDHMS.,-]{0,24}") {
            let (h, m) = (s / 3_600, s / 60 % 60);
            prop_assert_eq!(iso_duration_ms(&format!("PT{s}S")), Some(1_000 * s));
            prop_assert_eq!(iso_duration_ms(&format!("PT{h}H{m}M{}S", s % 60)), Some(1_000 * s));
            iso_duration_ms(&mixed);
        }

        #[test]
        fn any_bytes_decode_and_any_text_is_judged(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let text = decode(&bytes);
            duration_ms(&text, TimeUnit::Unknown);
            flag(&text);
            if let Some(value) = value(&text) {
                prop_assert!(!value.contains(char::is_control));
            }
        }
    }
}
