//! Times in decisions: until when one holds, and which stretch of a reference it is about.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

/// Longest time into the future that can be given as a number of days, weeks or hours: a century.
const MAX_DAYS: i64 = 36_500;
/// Latest time in a reference, in milliseconds: the longest file that is ever read.
const MAX_TIME_MS: u64 = 48 * 3_600_000;

/// A time in an option that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TermError {
    /// Not a date, a time or a number of days.
    #[error("{0:?} is no date (2027-01-31), time (2027-01-31T12:00:00Z) or period (90d, 12w, 36h)")]
    Expiry(String),
    /// It is over already.
    #[error("{0} is past already")]
    Past(Expiry),
    /// Not an interval.
    #[error("{0:?} is no interval: write 0:12-0:31, 1:02:03-1:02:40 or 12.5-31 (seconds)")]
    Interval(String),
}

/// The end of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Expiry {
    /// It holds to the end of this day (UTC).
    Day(Date),
    /// It holds before this moment.
    Moment(Timestamp),
}

impl Expiry {
    /// Reads a date, a time (RFC 3339), or a period from `now` on in days, weeks or hours.
    pub fn parse(text: &str, now: Timestamp) -> Result<Expiry, TermError> {
        let text = text.trim();
        let wrong = || TermError::Expiry(text.to_owned());
        let expiry = match Expiry::period(text, now) {
            Some(expiry) => expiry,
            None => Expiry::try_from(text.to_owned()).map_err(|_| wrong())?,
        };
        if expiry.is_over(now) { Err(TermError::Past(expiry)) } else { Ok(expiry) }
    }

    fn period(text: &str, now: Timestamp) -> Option<Expiry> {
        let unit = text.chars().last()?;
        let count = text.strip_suffix(unit)?;
        if count.is_empty() || !count.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let count: i64 = count.parse().ok()?;
        let days = match unit {
            'd' => count,
            'w' => count.checked_mul(7)?,
            'h' if count <= MAX_DAYS * 24 => {
                let end = now.as_second().checked_add(count * 3600)?;
                return Timestamp::from_second(end).ok().map(Expiry::Moment);
            }
            _ => return None,
        };
        let span = Span::new().try_days(days).ok().filter(|_| days <= MAX_DAYS)?;
        let today = now.to_zoned(TimeZone::UTC).date();
        today.checked_add(span).ok().map(Expiry::Day)
    }

    /// Whether it has come at `now`.
    pub fn is_over(&self, now: Timestamp) -> bool {
        match self {
            Expiry::Day(day) => now.to_zoned(TimeZone::UTC).date() > *day,
            Expiry::Moment(moment) => now >= *moment,
        }
    }
}

impl TryFrom<String> for Expiry {
    type Error = String;

    fn try_from(text: String) -> Result<Expiry, String> {
        // A date parser would take a time as well, and drop its hour.
        if text.len() == 10 {
            return text.parse().map(Expiry::Day).map_err(|e| e.to_string());
        }
        text.parse().map(Expiry::Moment).map_err(|e| e.to_string())
    }
}

impl From<Expiry> for String {
    fn from(expiry: Expiry) -> String {
        expiry.to_string()
    }
}

impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expiry::Day(day) => day.fmt(f),
            Expiry::Moment(moment) => moment.fmt(f),
        }
    }
}

/// Reads `BEGIN-END`, each in `H:MM:SS`, `M:SS` or seconds, with or without decimals; milliseconds.
pub fn parse_interval(text: &str) -> Result<(u64, u64), TermError> {
    let wrong = || TermError::Interval(text.to_owned());
    let (begin, end) = text.split_once(['-', '–']).ok_or_else(wrong)?;
    let (begin, end) = (time_ms(begin).ok_or_else(wrong)?, time_ms(end).ok_or_else(wrong)?);
    if begin < end { Ok((begin, end)) } else { Err(wrong()) }
}

fn time_ms(text: &str) -> Option<u64> {
    let parts: Vec<&str> = text.trim().split(':').collect();
    let (seconds, larger) = parts.split_last()?;
    if larger.len() > 2 {
        return None;
    }
    let (whole, decimals) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let mut total = 0u64;
    for (i, part) in larger.iter().chain([&whole]).enumerate() {
        let value = number(part)?;
        // After a colon, minutes and seconds end at 59.
        if i > 0 && value > 59 {
            return None;
        }
        total = total.checked_mul(60)?.checked_add(value)?;
    }
    number(decimals)?;
    let millis = number(&format!("{decimals:0<3}").chars().take(3).collect::<String>())?;
    total.checked_mul(1000)?.checked_add(millis).filter(|ms| *ms <= MAX_TIME_MS)
}

fn number(digits: &str) -> Option<u64> {
    let fits = (1..=9).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::exact;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn an_expiry_is_a_day_a_moment_or_a_period() {
        let now = at("2026-11-24T22:00:00Z");
        let parse = |text| Expiry::parse(text, now).map(|e| e.to_string());
        assert_eq!(parse("2027-01-31").unwrap(), "2027-01-31");
        assert_eq!(parse("90d").unwrap(), "2027-02-22");
        assert_eq!(parse("2w").unwrap(), "2026-12-08");
        assert_eq!(parse("36h").unwrap(), "2026-11-26T10:00:00Z");
        assert_eq!(parse("2027-01-31T12:00:00+02:00").unwrap(), "2027-01-31T10:00:00Z");
        for wrong in ["", "d", "soon", "-3d", "2027-02-30", "99999999d", "99999999999999999999h"] {
            assert!(matches!(parse(wrong), Err(TermError::Expiry(_))), "{wrong}");
        }
        assert!(matches!(parse("2026-11-23"), Err(TermError::Past(_))));
        assert!(matches!(parse("0h"), Err(TermError::Past(_))));
    }

    #[test]
    fn a_day_ends_at_midnight() {
        let day = Expiry::try_from("2027-01-31".to_owned()).unwrap();
        assert!(!day.is_over(at("2027-01-31T23:59:59Z")));
        assert!(day.is_over(at("2027-02-01T00:00:00Z")));
        let last = Expiry::try_from("9999-12-31".to_owned()).unwrap();
        assert!(!last.is_over(Timestamp::MAX));
    }

    #[test]
    fn intervals_are_read_as_people_write_them() {
        assert_eq!(parse_interval("0:12-0:31"), Ok((12_000, 31_000)));
        assert_eq!(parse_interval("12.5 – 31"), Ok((12_500, 31_000)));
        assert_eq!(parse_interval("1:02:03.25-1:02:40"), Ok((3_723_250, 3_760_000)));
        assert_eq!(parse_interval("90-100"), Ok((90_000, 100_000)));
        for wrong in
            ["", "-", "12", "0:31-0:12", "1:60-2:00", "1:1:1:1-2:00", "a-b", "1.-2", "0-60:00:00"]
        {
            assert!(parse_interval(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_printed_is_read_back(begin in 0u64..100_000_000, length in 1u64..1_000_000) {
            let text = format!("{}-{}", exact(begin), exact(begin + length));
            prop_assert_eq!(parse_interval(&text), Ok((begin, begin + length)));
        }

        #[test]
        fn no_text_is_too_strange(text in ".*") {
            let _ = parse_interval(&text);
            let _ = Expiry::parse(&text, Timestamp::UNIX_EPOCH);
        }
    }
}
