//! Time zones in the names of columns: `Uploaded (UTC+2)`, `created_at [CET]`, `time (Europe/Berlin)`.
//!
//! Offsets and names of the IANA database are what they say; its rules are compiled in, so that the same table
//! means the same everywhere. An abbreviation is the offset that it stands for, all year round. Those that stand
//! for several (`IST`: India, Israel, Ireland), and `local time`, cannot be read, and are told of.

use jiff::tz::{Offset, TimeZone};

/// Abbreviations that mean one offset wherever they are used, in minutes.
const ABBREVIATIONS: &[(&str, i32)] = &[
    ("UTC", 0),
    ("GMT", 0),
    ("Z", 0),
    ("WET", 0),
    ("WEST", 60),
    ("CET", 60),
    ("MEZ", 60),
    ("CEST", 120),
    ("MESZ", 120),
    ("EET", 120),
    ("EEST", 180),
    ("MSK", 180),
    ("EST", -300),
    ("EDT", -240),
    ("CDT", -300),
    ("MDT", -360),
    ("MST", -420),
    ("PST", -480),
    ("PDT", -420),
    ("JST", 540),
    ("KST", 540),
    ("AEST", 600),
    ("AEDT", 660),
    ("NZST", 720),
    ("NZDT", 780),
];

/// What names a zone, and nobody can say which.
const UNKNOWN: &[&str] = &[
    "IST",
    "CST",
    "BST",
    "AST",
    "GST",
    "SST",
    "ET",
    "CT",
    "MT",
    "PT",
    "LOCAL",
    "LOCAL TIME",
    "LOCALTIME",
    "ORTSZEIT",
    "LOKALZEIT",
    "HEURE LOCALE",
    "HORA LOCAL",
    "ORA LOCALE",
];

/// A zone that is named.
#[derive(Debug, Clone, PartialEq)]
pub enum Named {
    /// This one.
    Zone(TimeZone),
    /// One that is not known, as it is written.
    Unknown(String),
}

/// The zone in the name of a column: in brackets, or at its end.
pub fn in_name(name: &str) -> Option<Named> {
    let bracketed = name.split(['(', '[', '{', '（']).skip(1);
    let bracketed = bracketed.filter_map(|rest| rest.split([')', ']', '}', '）']).next());
    let of_note = |note: &str| note.split([',', ';']).find_map(|part| zone(part.trim()));
    bracketed.clone().find_map(of_note).or_else(|| {
        let (_, last) = split_end(name)?;
        zone(last)
    })
}

/// The name of a column without the zone at its end, if there is one.
pub fn without_end(name: &str) -> Option<&str> {
    let (rest, last) = split_end(name)?;
    zone(last).map(|_| rest)
}

/// What stands before the last word, and that: `created_at_utc`, `Upload time - UTC+1`.
fn split_end(name: &str) -> Option<(&str, &str)> {
    let name = name.trim_end();
    let (rest, last) = name.rsplit_once([' ', '_'])?;
    let is_clear = last.len() >= 3
        && (last.starts_with(|c: char| c.is_ascii_uppercase())
            || ["utc", "gmt"].iter().any(|zone| last.starts_with(zone)))
        && !last.ends_with('.');
    is_clear.then(|| (rest.trim_end_matches([' ', '-', '_', '–', ',', ':']), last))
}

fn zone(text: &str) -> Option<Named> {
    let known = |zone| Some(Named::Zone(zone));
    let unknown = || Some(Named::Unknown(text.to_owned()));
    let upper = text.to_uppercase().replace('\u{2212}', "-");
    let bare = upper.strip_suffix(" TIME").unwrap_or(&upper).trim();
    if let Some((_, minutes)) = ABBREVIATIONS.iter().find(|(name, _)| *name == bare) {
        return known(TimeZone::fixed(Offset::from_seconds(60 * minutes).ok()?));
    }
    if UNKNOWN.contains(&upper.as_str()) || UNKNOWN.contains(&bare) {
        return unknown();
    }
    let of_utc = ["UTC", "GMT"].iter().find_map(|name| bare.strip_prefix(name)).map(str::trim);
    let shift = of_utc.unwrap_or(bare);
    if shift.starts_with(['+', '-']) && shift[1..].starts_with(|c: char| c.is_ascii_digit()) {
        return match offset(shift) {
            Some(offset) => known(TimeZone::fixed(offset)),
            None if of_utc.is_some() => unknown(),
            None => None,
        };
    }
    in_database(text)
}

/// `Europe/Berlin`: a region that the database has, with a place.
fn in_database(text: &str) -> Option<Named> {
    const REGIONS: &[&str] = &[
        "africa",
        "america",
        "antarctica",
        "asia",
        "atlantic",
        "australia",
        "europe",
        "indian",
        "pacific",
        "etc",
    ];
    let name = text.split_whitespace().next()?;
    let (region, place) = name.split_once('/')?;
    if place.is_empty() || !REGIONS.contains(&region.to_lowercase().as_str()) {
        return None;
    }
    Some(match TimeZone::get(name) {
        Ok(zone) => Named::Zone(zone),
        Err(_) => Named::Unknown(text.to_owned()),
    })
}

/// `+2`, `-05:30`, `+0100`.
fn offset(text: &str) -> Option<Offset> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let digits: String = text[1..].chars().filter(|c| *c != ':' && *c != ' ').collect();
    if digits.is_empty() || digits.len() > 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: i32 = digits.parse().ok()?;
    let (hours, minutes) =
        if digits.len() <= 2 { (number, 0) } else { (number / 100, number % 100) };
    let in_use = hours <= 14 && minutes < 60;
    in_use.then(|| Offset::from_seconds(sign * (3_600 * hours + 60 * minutes)).ok())?
}
