//! Times of arrival, as tables write them.
//!
//! Spreadsheets write a time the way the country of their user does: `9/24/2026 10:00 AM`, `24.09.2026 10:00`,
//! `46289.42`. What is written is read into [`Written`]; `03/04/2026` is two days until somebody says which
//! ([`Order`]), and only the whole column can ([`OrderEvidence`]). A time without a zone is one of the zone that
//! its column names ([`zones`]), else UTC.

pub mod zones;

use std::cmp::Ordering;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use unicode_normalization::UnicodeNormalization;

use super::text::value;

/// Years that a delivery may come from.
const YEARS: std::ops::RangeInclusive<i64> = 1970..=2199;
/// Days since the last of 1899 that are a date: 1990 to 2099.
const SERIALS: std::ops::Range<f64> = 32_874.0..73_051.0;

/// Which number comes first in `03/04/2026`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The third of April.
    DayFirst,
    /// The fourth of March.
    MonthFirst,
}

/// A time as it is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Written {
    day: Option<Day>,
    time: Option<Time>,
    offset: Option<Offset>,
    /// It has AM or PM.
    twelve_hours: bool,
    /// What the day says about the order of its column.
    tells: Option<Order>,
    /// In the other order it would be no day.
    one_order: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Day {
    One(Date),
    /// The two days that it may be: the first number the day, the second number the day.
    Either(Date, Date),
}

impl Written {
    fn at(time: Timestamp) -> Written {
        let civil = time.to_zoned(TimeZone::UTC).datetime();
        Written {
            day: Some(Day::One(civil.date())),
            time: Some(civil.time()),
            offset: Some(Offset::UTC),
            twelve_hours: false,
            tells: None,
            one_order: false,
        }
    }

    /// A time on some clock on some wall.
    fn on(civil: DateTime) -> Written {
        Written { offset: None, ..Written::at(Timestamp::UNIX_EPOCH) }.with(civil)
    }

    fn with(self, civil: DateTime) -> Written {
        Written { day: Some(Day::One(civil.date())), time: Some(civil.time()), ..self }
    }

    /// The time that it is in a column whose dates have this `order`, by the clocks of `zone` unless it says
    /// otherwise; none where the order is needed and not known, or makes no day of it.
    pub fn resolve(&self, order: Option<Order>, zone: Option<&TimeZone>) -> Option<Timestamp> {
        let day = match (self.day?, order) {
            _ if self.contradicts(order) => return None,
            (Day::One(day), _) | (Day::Either(day, _), Some(Order::DayFirst)) => day,
            (Day::Either(_, day), Some(Order::MonthFirst)) => day,
            (Day::Either(..), None) => return None,
        };
        let civil = DateTime::from_parts(day, self.time.unwrap_or(Time::midnight()));
        match (self.offset, zone) {
            (None, Some(zone)) => zone.to_timestamp(civil).ok(),
            (offset, _) => offset.unwrap_or(Offset::UTC).to_timestamp(civil).ok(),
        }
    }

    /// Whether it can only be read in the other order than `order`.
    pub fn contradicts(&self, order: Option<Order>) -> bool {
        self.one_order && order.is_some() && self.tells != order
    }

    /// The order in which alone it can be read, if there is only one.
    pub fn only_order(&self) -> Option<Order> {
        self.tells.filter(|_| self.one_order)
    }

    /// Whether it says which day.
    pub fn has_day(&self) -> bool {
        self.day.is_some()
    }

    /// Whether it does not say by which clocks.
    pub fn is_zoneless(&self) -> bool {
        self.offset.is_none()
    }

    /// Whether it is one of two days.
    pub fn is_open(&self) -> bool {
        matches!(self.day, Some(Day::Either(..)))
    }

    /// This and `other` together, where one is a day and the other a time of day: templates have two columns.
    pub fn joined(self, other: Written) -> Option<Written> {
        match (self.day, self.time, other.day, other.time) {
            (Some(_), None, None, Some(_)) => Some(Written {
                time: other.time,
                offset: other.offset,
                twelve_hours: other.twelve_hours,
                ..self
            }),
            (None, Some(_), Some(_), None) => other.joined(self),
            _ => None,
        }
    }
}

/// What the values of a column say about the order of day and month in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OrderEvidence {
    /// Values that have the day first.
    pub day_first: u64,
    /// Values that have the month first.
    pub month_first: u64,
    twelve_hours: bool,
    /// Values that may be two days.
    pub open: u64,
}

/// The order of a column, and whether its values or its name say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    /// The values or the name tell, or there is nothing to tell.
    Told(Order),
    /// Nothing tells; this is the usual reading.
    Usual(Order),
}

impl Decided {
    /// The order.
    pub fn order(self) -> Order {
        match self {
            Decided::Told(order) | Decided::Usual(order) => order,
        }
    }
}

impl OrderEvidence {
    /// Takes in a value.
    pub fn add(&mut self, written: &Written) {
        self.open += u64::from(written.is_open());
        self.twelve_hours |= written.twelve_hours;
        match written.tells {
            Some(Order::DayFirst) => self.day_first += 1,
            Some(Order::MonthFirst) => self.month_first += 1,
            None => {}
        }
    }

    /// What it comes to, for a column whose name says `named`: a column is read one way, that of most of its
    /// values.
    ///
    /// Where nothing tells, a clock of twelve hours is taken for the United States, and anything else for
    /// the rest of the world.
    pub fn decide(&self, named: Option<Order>) -> Decided {
        match (self.day_first.cmp(&self.month_first), named) {
            (Ordering::Greater, _) => Decided::Told(Order::DayFirst),
            (Ordering::Less, _) => Decided::Told(Order::MonthFirst),
            (Ordering::Equal, Some(order)) => Decided::Told(order),
            (Ordering::Equal, None) if self.twelve_hours => Decided::Usual(Order::MonthFirst),
            (Ordering::Equal, None) => Decided::Usual(Order::DayFirst),
        }
    }
}

/// The order that the name of a column gives away: `Upload date (MM/DD/YYYY)`, `Datum (TT.MM.JJJJ)`.
pub fn order_in_name(name: &str) -> Option<Order> {
    let letters: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
    let letters = letters.to_lowercase();
    let has = |forms: &[&str]| forms.iter().any(|form| letters.contains(form));
    if has(&["mmddyy", "mdyy", "mmddaa"]) {
        Some(Order::MonthFirst)
    } else if has(&["ddmmyy", "dmyy", "ttmmjj", "jjmmaa", "ddmmaa", "ggmmaa"]) {
        Some(Order::DayFirst)
    } else {
        None
    }
}

/// A time of arrival as RFC 3339 in UTC where it can be understood (see [`instant`]). Others stay as
/// written.
pub fn timestamp(text: &str) -> Option<String> {
    let text = value(text)?;
    Some(instant(&text).map_or(text, |time| time.to_string()))
}

/// The time that `text` means, where it means one only, whatever column it stands in: RFC 3339, a date with a
/// time or alone (taken as UTC), seconds or milliseconds since 1970, or days as spreadsheets count them.
pub fn instant(text: &str) -> Option<Timestamp> {
    let written = read(text)?;
    // A column may have been read in the other order, and this been told of.
    if written.only_order().is_some() { None } else { written.resolve(None, None) }
}

/// Reads a time; `None` where it is not understood.
pub fn read(text: &str) -> Option<Written> {
    // Browsers put narrow blanks before AM, spreadsheets hard ones.
    let text: String = text.nfkd().filter(|c| !is_mark(*c)).flat_map(char::to_lowercase).collect();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.len() > 64 {
        return None;
    }
    if let Some(written) = number(&text) {
        return Some(written);
    }
    let mut rest = Rest(&text);
    // Nobody writes a month first with dots unless it has to be one.
    let dots = text.bytes().take_while(|b| b.is_ascii_digit() || *b == b' ').count();
    let dotted = text.as_bytes().get(dots) == Some(&b'.');
    let (day, tells) = match rest.day() {
        Some((day, tells)) => (Some(day), tells),
        None => (None, None),
    };
    let one_order = tells.is_some_and(|order| !dotted || order == Order::MonthFirst);
    rest.connector(day.is_some());
    let mut written =
        Written { day, time: None, offset: None, twelve_hours: false, tells, one_order };
    if rest.is_empty() {
        return day.map(|_| written);
    }
    (written.time, written.twelve_hours) = rest.time()?;
    written.offset = rest.offset();
    rest.is_empty().then_some(written)
}

fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

/// A bare number: since 1970, a day as spreadsheets count, or a day in eight digits.
fn number(text: &str) -> Option<Written> {
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 15 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let given: i64 = whole.parse().ok()?;
    let exact: f64 = format!("{whole}.{fraction}0").parse().ok()?;
    if SERIALS.contains(&exact) {
        let seconds = (exact * 86_400.0).round() as i64;
        let start = Date::constant(1899, 12, 30).to_datetime(Time::midnight());
        return start.checked_add(SignedDuration::from_secs(seconds)).ok().map(Written::on);
    }
    if fraction.is_empty() && matches!(whole.len(), 8 | 12 | 14) {
        let part = |from: usize, to: usize| whole.get(from..to).and_then(|p| p.parse::<i64>().ok());
        let time = |from| part(from, from + 2).unwrap_or(0) as i8;
        let day = date(part(0, 4)?, part(4, 6)?, part(6, 8)?);
        let clock = Time::new(time(8), time(10), time(12), 0).ok();
        if let (Some(day), Some(clock)) = (day, clock) {
            return Some(Written::on(DateTime::from_parts(day, clock)));
        }
    }
    let seconds = if given >= 100_000_000_000 { given / 1_000 } else { given };
    // A year or a small count is no time of arrival.
    (seconds >= 100_000_000).then(|| Timestamp::from_second(seconds).ok())?.map(Written::at)
}

fn date(year: i64, month: i64, day: i64) -> Option<Date> {
    if !YEARS.contains(&year) {
        return None;
    }
    Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// What is left to read of a text in lower case with single blanks.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn eat(&mut self, what: &str) -> bool {
        match self.0.strip_prefix(what) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    fn eat_any(&mut self, words: &[&str]) -> bool {
        words.iter().any(|word| self.eat(word))
    }

    /// A number of `lengths` digits, and how many it has.
    fn digits(&mut self, lengths: std::ops::RangeInclusive<usize>) -> Option<(i64, usize)> {
        let length = self.0.bytes().take_while(u8::is_ascii_digit).count();
        if !lengths.contains(&length) {
            return None;
        }
        let (digits, rest) = self.0.split_at(length);
        self.0 = rest;
        Some((digits.parse().ok()?, length))
    }

    fn letters(&mut self) -> &'a str {
        let end = self.0.find(|c: char| !c.is_alphabetic()).unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at(end);
        self.0 = rest;
        word
    }

    /// The sign between two parts of a date; dots and commas may have a blank behind them.
    fn separator(&mut self) -> Option<char> {
        self.eat(" ");
        let sign = self.0.chars().next().filter(|c| matches!(c, '/' | '.' | '-' | ','));
        if let Some(sign) = sign {
            self.0 = &self.0[sign.len_utf8()..];
        }
        self.eat(" ");
        sign
    }

    /// Tries `read`; where it fails nothing was read.
    fn attempt<T>(&mut self, read: impl FnOnce(&mut Rest<'a>) -> Option<T>) -> Option<T> {
        let mut ahead = Rest(self.0);
        let found = read(&mut ahead)?;
        self.0 = ahead.0;
        Some(found)
    }

    fn day(&mut self) -> Option<(Day, Option<Order>)> {
        self.attempt(Rest::year_first)
            .or_else(|| self.attempt(Rest::year_last))
            .or_else(|| self.attempt(Rest::with_month_in_words))
    }

    fn year_first(&mut self) -> Option<(Day, Option<Order>)> {
        if let Some((compact, _)) = self.attempt(|rest| rest.digits(8..=8)) {
            let day = date(compact / 10_000, compact / 100 % 100, compact % 100)?;
            return Some((Day::One(day), None));
        }
        let (year, _) = self.digits(4..=4)?;
        let first = self.separator().filter(|sign| *sign != ',')?;
        let (month, _) = self.digits(1..=2)?;
        (self.separator()? == first).then_some(())?;
        let (day, _) = self.digits(1..=2)?;
        Some((Day::One(date(year, month, day)?), None))
    }

    fn year_last(&mut self) -> Option<(Day, Option<Order>)> {
        let (first, _) = self.digits(1..=2)?;
        let sign = self.separator().filter(|sign| *sign != ',')?;
        let (second, _) = self.digits(1..=2)?;
        (self.separator()? == sign).then_some(())?;
        let year = self.year(sign != '-')?;
        let (day_first, month_first) = (date(year, second, first), date(year, first, second));
        Some(match (day_first, month_first) {
            (Some(day), Some(other)) if day == other => (Day::One(day), None),
            // Nobody writes a month first with dots.
            (Some(day), Some(_)) if sign == '.' => (Day::One(day), None),
            (Some(day), Some(other)) => (Day::Either(day, other), None),
            (Some(day), None) => (Day::One(day), Some(Order::DayFirst)),
            (None, Some(day)) => (Day::One(day), Some(Order::MonthFirst)),
            (None, None) => return None,
        })
    }

    /// A year of four digits, or of two where `short`.
    fn year(&mut self, short: bool) -> Option<i64> {
        match self.digits(2..=4)? {
            (year, 4) => Some(year),
            (year, 2) if short => Some(if year < 70 { 2000 + year } else { 1900 + year }),
            _ => None,
        }
    }

    /// `24 sep 2026`, `24. september 2026`, `sep 24, 2026`, `24-sep-26`, `24 de septiembre de 2026`.
    fn with_month_in_words(&mut self) -> Option<(Day, Option<Order>)> {
        // A weekday before it.
        self.attempt(|rest| {
            let word = rest.letters();
            let follows = rest.eat(", ") || rest.eat(". ") || rest.eat(" ");
            (word.len() > 1 && month(word).is_none() && follows).then_some(())
        });
        let day_before = self.attempt(|rest| rest.digits(1..=2)).map(|(day, _)| day);
        if day_before.is_some() {
            self.separator();
            self.eat("de ");
        }
        let month = month(self.letters())?;
        self.eat(".");
        self.separator();
        self.eat_any(&["de ", "del "]);
        let day = match day_before {
            Some(day) => day,
            None => {
                let (day, _) = self.digits(1..=2)?;
                self.eat_any(&["st", "nd", "rd", "th"]);
                self.separator();
                day
            }
        };
        let year = self.year(true)?;
        Some((Day::One(date(year, month, day)?), None))
    }

    /// What may stand between a date and a time.
    fn connector(&mut self, after_day: bool) {
        if !after_day {
            return;
        }
        self.eat(",");
        self.eat(" ");
        self.eat_any(&[
            "- ",
            "um ",
            "at ",
            "a las ",
            "as ",
            "alle ore ",
            "alle ",
            "ore ",
            "a ",
            "t",
        ]);
    }

    /// A time of day, and whether it has AM or PM.
    fn time(&mut self) -> Option<(Option<Time>, bool)> {
        let (mut minute, mut second, mut nanosecond) = (0, 0, 0);
        let mut parts = 1;
        let compact = self.attempt(|rest| rest.digits(4..=6).filter(|(_, length)| *length != 5));
        let hour = match compact {
            Some((number, length)) => {
                let number = if length == 4 { 100 * number } else { number };
                (minute, second, parts) = (number / 100 % 100, number % 100, 3);
                number / 10_000
            }
            None => self.digits(1..=2)?.0,
        };
        if compact.is_some() {
            // `100000` has all of its parts.
        } else if self.eat(":") || self.eat(".") || self.eat("h") {
            (minute, parts) = (self.digits(2..=2)?.0, 2);
            if self.eat(":") || self.eat(".") {
                (second, parts) = (self.digits(2..=2)?.0, 3);
                if self.eat(".") || self.eat(",") {
                    let length = self.0.bytes().take_while(u8::is_ascii_digit).count();
                    let (digits, rest) = self.0.split_at(length);
                    self.0 = rest;
                    let nine: String = digits.chars().chain("000000000".chars()).take(9).collect();
                    nanosecond = nine.parse().ok()?;
                }
            }
        }
        let half = self.half_of_day();
        let hour = match (half, hour) {
            (Some(_), hour) if !(1..=12).contains(&hour) => return None,
            (Some(is_afternoon), hour) => hour % 12 + if is_afternoon { 12 } else { 0 },
            // An hour alone is a number.
            (None, _) if parts < 2 && !self.eat_any(&[" uhr", "uhr", "h", " h"]) => return None,
            (None, hour) => hour,
        };
        self.eat_any(&[" uhr", " h", "h"]);
        // A leap second is told as the one before.
        let second = if second == 60 { 59 } else { second };
        let part = |n: i64| i8::try_from(n).ok();
        let time = Time::new(part(hour)?, part(minute)?, part(second)?, nanosecond).ok()?;
        Some((Some(time), half.is_some()))
    }

    /// AM (`false`) or PM (`true`).
    fn half_of_day(&mut self) -> Option<bool> {
        self.attempt(|rest| {
            rest.eat(" ");
            let afternoon = match rest.0.chars().next()? {
                'a' => false,
                'p' => true,
                _ => return None,
            };
            rest.0 = &rest.0[1..];
            rest.eat(".");
            rest.eat(" ");
            rest.eat("m").then_some(())?;
            rest.eat(".");
            Some(afternoon)
        })
    }

    /// `Z`, `+02:00`, `UTC`, `GMT+2`; names of other zones are not understood.
    fn offset(&mut self) -> Option<Offset> {
        self.eat(" ");
        let named = self.eat_any(&["utc", "gmt", "z"]);
        let sign = match self.0.chars().next() {
            Some('+') => 1,
            Some('-' | '\u{2212}') => -1,
            _ => return named.then_some(Offset::UTC),
        };
        self.attempt(|rest| {
            let mut letters = rest.0.chars();
            letters.next();
            rest.0 = letters.as_str();
            let (given, length) = rest.digits(1..=4)?;
            let (hours, minutes) = match length {
                1 | 2 if rest.eat(":") => (given, rest.digits(2..=2)?.0),
                1 | 2 => (given, 0),
                _ => (given / 100, given % 100),
            };
            Offset::from_seconds(sign * i32::try_from(hours * 3_600 + minutes * 60).ok()?).ok()
        })
    }
}

/// A month by its name in the languages of templates, in lower case without accents; `None` for other words.
fn month(word: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = [
        "january januar jan jaenner janner janvier janv enero ene janeiro gennaio gen",
        "february februar feb fevrier fevr febrero fevereiro fev febbraio febb",
        "march marz mar maerz mrz mars marzo marco",
        "april apr avril avr abril abr aprile",
        "may mai mayo maio maggio mag",
        "june juni jun juin junio junho giugno giu",
        "july juli jul juillet juil julio julho luglio lug",
        "august aug aout agosto ago",
        "september sep sept septembre septiembre setiembre set setembro settembre sett",
        "october oktober oct okt octobre octubre outubro out ottobre ott",
        "november nov novembre noviembre novembro",
        "december dezember dec dez decembre diciembre dic dezembro dicembre",
    ];
    let names = |names: &&str| names.split(' ').any(|name| name == word);
    MONTHS.iter().position(names).map(|place| place as i64 + 1)
}

#[cfg(test)]
mod tests;
