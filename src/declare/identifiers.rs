//! Industry identifiers: recordings (ISRC), products (UPC, EAN), works (ISWC), releases (GRid).
//!
//! Sources: ISO 3901 (ISRC), GS1 General Specifications (GTIN check digit), ISO 15707 (ISWC), IFPI's
//! GRid standard with its ISO/IEC 7064 MOD 37,36 check character. Separators, a leading label and
//! case are tolerated because files in the wild carry all of them; what is wrong is told apart into
//! "not of that form" and "form fits, check digit does not", as the second is mostly a typing error.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::declared::Declared;

/// Which identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum IdentifierKind {
    /// International Standard Recording Code.
    Isrc,
    /// UPC-A, EAN-13 or GTIN-14.
    Upc,
    /// International Standard Musical Work Code.
    Iswc,
    /// Global Release Identifier.
    Grid,
}

impl fmt::Display for IdentifierKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            IdentifierKind::Isrc => "ISRC",
            IdentifierKind::Upc => "UPC/EAN",
            IdentifierKind::Iswc => "ISWC",
            IdentifierKind::Grid => "GRid",
        })
    }
}

/// Why a text is not a valid identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentifierError {
    /// It does not have the form.
    #[error("{kind} `{value}` is malformed: {reason}")]
    Malformed {
        /// Which identifier it was taken for.
        kind: IdentifierKind,
        /// As written, shortened.
        value: String,
        /// What does not fit.
        reason: String,
    },
    /// It has the form, but the check digit is another one.
    #[error("{kind} `{value}` has check digit {found}, but {expected} would be right")]
    CheckDigit {
        /// Which identifier.
        kind: IdentifierKind,
        /// As written, shortened.
        value: String,
        /// Computed from the other digits.
        expected: char,
        /// As written.
        found: char,
    },
}

impl IdentifierError {
    /// Which identifier was looked at.
    pub fn kind(&self) -> IdentifierKind {
        match self {
            IdentifierError::Malformed { kind, .. } | IdentifierError::CheckDigit { kind, .. } => {
                *kind
            }
        }
    }

    /// The form is right and only the check digit is not.
    pub fn is_check_digit(&self) -> bool {
        matches!(self, IdentifierError::CheckDigit { .. })
    }
}

/// `value` in upper case without separators and without a leading `label` (`ISRC:`, `UPC `).
fn compact(value: &str, labels: &[&str]) -> String {
    let separator = |c: char| c.is_whitespace() || "-‐‑‒–—−.:_/'\u{feff}\u{200b}".contains(c);
    let text: String =
        value.chars().take(200).filter(|c| !separator(*c)).flat_map(char::to_uppercase).collect();
    let label = labels.iter().find_map(|label| text.strip_prefix(label));
    label.map(str::to_owned).unwrap_or(text)
}

fn malformed(kind: IdentifierKind, value: &str, reason: impl Into<String>) -> IdentifierError {
    let short: String = value.trim().chars().take(40).collect();
    IdentifierError::Malformed { kind, value: short, reason: reason.into() }
}

fn checked(
    kind: IdentifierKind,
    value: &str,
    expected: char,
    found: char,
) -> Result<(), IdentifierError> {
    if expected == found {
        return Ok(());
    }
    let value = value.trim().chars().take(40).collect();
    Err(IdentifierError::CheckDigit { kind, value, expected, found })
}

/// A recording code `CCXXXYYNNNNN`: country or agency, registrant, year, designation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Isrc(String);

impl Isrc {
    /// Reads a code with or without hyphens, blanks and the label `ISRC`, in any case.
    pub fn parse(value: &str) -> Result<Isrc, IdentifierError> {
        let bad = |reason: &str| malformed(IdentifierKind::Isrc, value, reason);
        let mut text = compact(value, &[]);
        // `ISRC` is no agency, so a code cannot begin with it.
        if let Some(rest) = text.strip_prefix("ISRC") {
            text = rest.to_owned();
        }
        if !text.is_ascii() {
            return Err(bad("it holds characters other than letters and digits"));
        }
        if text.len() != 12 {
            return Err(bad(&format!("{} characters instead of 12", text.len())));
        }
        let bytes = text.as_bytes();
        if !bytes[..2].iter().all(u8::is_ascii_uppercase) {
            return Err(bad("it does not begin with two letters"));
        }
        if !bytes[2..5].iter().all(u8::is_ascii_alphanumeric) {
            return Err(bad("the registrant is not three letters or digits"));
        }
        if !bytes[5..].iter().all(u8::is_ascii_digit) {
            let letter_o = bytes[5..].contains(&b'O');
            return Err(bad(if letter_o {
                "the last seven characters are not digits (letter O for zero?)"
            } else {
                "the last seven characters are not digits"
            }));
        }
        Ok(Isrc(text))
    }

    /// Whether `value` asks the distributor to assign a code.
    pub fn is_to_be_assigned(value: &str) -> bool {
        matches!(value.trim().to_ascii_lowercase().as_str(), "auto" | "assign" | "generate")
    }

    /// The twelve characters, without separators.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first five characters: who issued the code.
    pub fn registrant(&self) -> &str {
        &self.0[..5]
    }

    /// The last two digits of the year in which the code was assigned.
    pub fn year(&self) -> &str {
        &self.0[5..7]
    }
}

impl fmt::Display for Isrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A product code: UPC-A (12 digits), EAN-13 or GTIN-14.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Upc(String);

impl Upc {
    /// Reads a code of 12, 13 or 14 digits and verifies the last.
    pub fn parse(value: &str) -> Result<Upc, IdentifierError> {
        let bad = |reason: String| malformed(IdentifierKind::Upc, value, reason);
        let trimmed = value.trim();
        let number = trimmed.to_ascii_uppercase();
        if number.contains("E+") {
            return Err(bad(
                "a spreadsheet turned it into a rounded number; export the column as text".into(),
            ));
        }
        // `840123456789.0`: a spreadsheet's number again, but nothing is lost.
        let trimmed = trimmed.strip_suffix(".0").unwrap_or(trimmed);
        let text = compact(trimmed, &["UPC", "EAN", "GTIN", "ICPN"]);
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(bad("it holds characters other than digits".into()));
        }
        let digits = text.len();
        if digits == 11 {
            let full = format!("0{text}");
            let hint =
                if gtin_check(&full) == last(&full) { format!(": {full}?") } else { "?".into() };
            return Err(bad(format!("11 digits; did a spreadsheet drop a leading zero{hint}")));
        }
        if !(12..=14).contains(&digits) {
            return Err(bad(format!("{digits} digits instead of 12 or 13")));
        }
        if text.bytes().all(|b| b == b'0') {
            return Err(bad("all zeros".into()));
        }
        checked(IdentifierKind::Upc, value, gtin_check(&text), last(&text))?;
        Ok(Upc(text))
    }

    /// The digits as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Fourteen digits: the same for a UPC-A and the EAN-13 that is its zero-padded form.
    pub fn gtin14(&self) -> String {
        format!("{:0>14}", self.0)
    }
}

fn last(text: &str) -> char {
    text.chars().next_back().unwrap_or('?')
}

/// Check digit of the digits before the last: weights 3 and 1 from the right.
fn gtin_check(digits: &str) -> char {
    let body = digits.bytes().rev().skip(1).enumerate();
    let sum: u32 = body.map(|(i, b)| u32::from(b - b'0') * if i % 2 == 0 { 3 } else { 1 }).sum();
    digit((10 - sum % 10) % 10)
}

fn digit(value: u32) -> char {
    char::from_digit(value, 10).unwrap_or('?')
}

/// A work code `T-NNN.NNN.NNN-C`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Iswc(String);

impl Iswc {
    /// Reads a code with or without separators and verifies its last digit.
    pub fn parse(value: &str) -> Result<Iswc, IdentifierError> {
        let bad = |reason: &str| malformed(IdentifierKind::Iswc, value, reason);
        let text = compact(value, &["ISWC"]);
        let Some(digits) = text.strip_prefix('T') else {
            return Err(bad("it does not begin with T"));
        };
        if digits.len() != 10 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(bad("T is not followed by ten digits"));
        }
        let body = digits.bytes().take(9).zip(1u32..);
        let sum: u32 = 1 + body.map(|(b, weight)| u32::from(b - b'0') * weight).sum::<u32>();
        checked(IdentifierKind::Iswc, value, digit((10 - sum % 10) % 10), last(digits))?;
        Ok(Iswc(text))
    }

    /// `T` and ten digits, without separators.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A release identifier `A1-XXXXX-XXXXXXXXXX-C`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Grid(String);

impl Grid {
    /// Reads a code with or without separators and verifies its last character.
    pub fn parse(value: &str) -> Result<Grid, IdentifierError> {
        let bad = |reason: &str| malformed(IdentifierKind::Grid, value, reason);
        let text = compact(value, &["GRID"]);
        if text.len() != 18 || !text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()) {
            return Err(bad("it is not 18 letters and digits"));
        }
        if !text.starts_with("A1") {
            return Err(bad("it does not begin with A1"));
        }
        checked(IdentifierKind::Grid, value, mod_37_36(&text[..17]), last(&text))?;
        Ok(Grid(text))
    }

    /// The eighteen characters, without separators.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Check character of ISO/IEC 7064 MOD 37,36 over upper-case letters and digits.
fn mod_37_36(text: &str) -> char {
    let mut product = 36;
    for c in text.chars() {
        let sum = (product + c.to_digit(36).unwrap_or(0)) % 36;
        product = (if sum == 0 { 36 } else { sum }) * 2 % 37;
    }
    let check = (37 - product) % 36;
    char::from_digit(check, 36).map_or('?', |c| c.to_ascii_uppercase())
}

/// The second of two recording codes for one file, where both are codes and they differ.
pub fn other_isrc(one: Option<&str>, other: Option<&str>) -> Option<String> {
    let (one, other) = (Isrc::parse(one?).ok()?, Isrc::parse(other?).ok()?);
    (one != other).then(|| other.as_str().to_owned())
}

/// What is wrong with the identifiers of a declaration; absent ones are not wrong.
pub fn problems(declared: &Declared) -> Vec<IdentifierError> {
    let mut found = Vec::new();
    let Declared { isrc, upc, iswc, grid, .. } = declared;
    found.extend(isrc.as_deref().and_then(|v| Isrc::parse(v).err()));
    found.extend(upc.as_deref().and_then(|v| Upc::parse(v).err()));
    found.extend(iswc.as_deref().and_then(|v| Iswc::parse(v).err()));
    found.extend(grid.as_deref().and_then(|v| Grid::parse(v).err()));
    found
}

/// An ISRC that several recordings carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IsrcReuse {
    /// The code.
    pub isrc: Isrc,
    /// The different recordings, each with the uploads it was seen in, sorted.
    pub recordings: Vec<(String, Vec<String>)>,
}

/// Recording codes that stand on different audio.
///
/// Each item is a code as written, a name for the audio (its hash, or the cluster it belongs to, so
/// that a new encoding of the same recording does not count as different) and the upload. Codes that
/// are no ISRC are passed over: what is malformed is another finding.
pub fn reused_isrcs<'a>(
    items: impl IntoIterator<Item = (&'a str, &'a str, &'a str)>,
) -> Vec<IsrcReuse> {
    let mut codes: BTreeMap<Isrc, BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
    for (isrc, audio, upload) in items {
        if let Ok(isrc) = Isrc::parse(isrc) {
            codes.entry(isrc).or_default().entry(audio).or_default().insert(upload);
        }
    }
    let several = codes.into_iter().filter(|(_, recordings)| recordings.len() > 1);
    several
        .map(|(isrc, recordings)| IsrcReuse {
            isrc,
            recordings: recordings
                .into_iter()
                .map(|(audio, uploads)| {
                    (audio.to_owned(), uploads.into_iter().map(str::to_owned).collect())
                })
                .collect(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn isrcs_are_normalised_and_split() {
        for text in ["USRC17607839", "us-rc1-76-07839", "ISRC US RC1 76 07839", "isrc:USRC17607839"]
        {
            let isrc = Isrc::parse(text).unwrap();
            assert_eq!((isrc.as_str(), isrc.registrant()), ("USRC17607839", "USRC1"), "{text}");
        }
        for text in ["", "auto", "USRC1760783", "USRC176O7839", "1SRC17607839", "USRC176078391"] {
            assert!(!Isrc::parse(text).unwrap_err().is_check_digit(), "{text}");
        }
        assert!(Isrc::is_to_be_assigned(" Auto ") && !Isrc::is_to_be_assigned("USRC17607839"));
        assert!(Isrc::parse("USRC176O7839").unwrap_err().to_string().contains("letter O"));
    }

    #[test]
    fn product_codes_are_checked() {
        for text in ["036000291452", "0036000291452", "4006381333931", "UPC 036000291452"] {
            assert!(Upc::parse(text).is_ok(), "{text}");
        }
        let forms = ["036000291452", "0036000291452"].map(|t| Upc::parse(t).unwrap().gtin14());
        assert_eq!(forms[0], forms[1]);
        let error = Upc::parse("036000291453").unwrap_err();
        assert!(error.is_check_digit());
        assert!(error.to_string().contains("2 would be right"), "{error}");
    }

    #[test]
    fn what_spreadsheets_do_to_product_codes_is_said() {
        let lost = Upc::parse("36000291452").unwrap_err();
        assert!(!lost.is_check_digit());
        assert!(lost.to_string().contains("036000291452?"), "{lost}");
        assert!(Upc::parse("8.40123E+11").unwrap_err().to_string().contains("spreadsheet"));
        assert!(Upc::parse("036000291452.0").is_ok());
    }

    #[test]
    fn works_and_releases_are_checked() {
        assert_eq!(Iswc::parse("T-034.524.680-1").unwrap().as_str(), "T0345246801");
        assert!(Iswc::parse("T-034.524.680-2").unwrap_err().is_check_digit());
        assert!(!Iswc::parse("034.524.680-1").unwrap_err().is_check_digit());
        // The example of the standard.
        assert_eq!(Grid::parse("A1-2425G-ABC1234002-M").unwrap().as_str(), "A12425GABC1234002M");
        assert!(Grid::parse("A1-2425G-ABC1234002-X").unwrap_err().is_check_digit());
        assert!(!Grid::parse("B1-2425G-ABC1234002-M").unwrap_err().is_check_digit());
    }

    #[test]
    fn reuse_counts_recordings_not_uploads() {
        let items = [
            ("US-RC1-76-07839", "aa", "1.mp3"),
            ("USRC17607839", "aa", "2.mp3"),
            ("USRC17607840", "bb", "3.mp3"),
            ("usrc17607840", "cc", "4.mp3"),
            ("?", "dd", "5.mp3"),
        ];
        let reused = reused_isrcs(items);
        assert_eq!(reused.len(), 1);
        assert_eq!(reused[0].isrc.as_str(), "USRC17607840");
        assert_eq!(reused[0].recordings.len(), 2);
    }

    proptest! {
        #[test]
        fn any_text_is_judged_without_panic(text in "\\PC{0,40}") {
            let declared = Declared {
                isrc: Some(text.clone()),
                upc: Some(text.clone()),
                iswc: Some(text.clone()),
                grid: Some(text),
                ..Declared::default()
            };
            problems(&declared);
        }

        #[test]
        fn one_wrong_digit_is_noticed(body in "[0-9]{11}", at in 0usize..12, by in 1u32..10) {
            let mut code = format!("{body}0");
            let check = gtin_check(&code);
            code.replace_range(11.., &check.to_string());
            prop_assume!(code.bytes().any(|b| b != b'0'));
            prop_assert!(Upc::parse(&code).is_ok());
            let wrong = (code.as_bytes()[at] - b'0') as u32 + by;
            code.replace_range(at..=at, &(wrong % 10).to_string());
            prop_assert!(Upc::parse(&code).is_err());
        }
    }
}
