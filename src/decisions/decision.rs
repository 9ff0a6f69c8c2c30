//! One decision: what it is about, what follows from it, and why.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::terms::Expiry;
use crate::clock::exact;
use crate::id::{from_hex, hex};

/// Longest reason kept, in characters.
pub const MAX_REASON: usize = 1000;
/// Longest name of a person or an account kept, in characters.
pub const MAX_NAME: usize = 200;

/// What follows from a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// What matches is not held against the upload.
    Allow,
    /// What matches is refused.
    Block,
}

impl Effect {
    /// Name in the log, in records and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Effect::Allow => "allow",
            Effect::Block => "block",
        }
    }
}

/// Names the content of a file: by its SHA-256 (64 hexadecimal digits), or by the identifier of a
/// reference (`r_` and the first 16 of them).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Identity(String);

impl Identity {
    /// Reads either form; `None` where `text` is neither.
    pub fn parse(text: &str) -> Option<Identity> {
        let text = text.to_ascii_lowercase();
        let (digits, wanted) = match text.strip_prefix("r_") {
            Some(digits) => (digits, 16),
            None => (text.as_str(), 64),
        };
        let fits = digits.len() == wanted && digits.bytes().all(|b| b.is_ascii_hexdigit());
        fits.then_some(Identity(text))
    }

    /// The content with this hash.
    pub fn of_sha256(sha256: &[u8; 32]) -> Identity {
        Identity(hex(sha256))
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The identifier that this content has as a reference.
    pub fn ref_id(&self) -> String {
        match self.sha256() {
            Some(sha256) => format!("r_{}", sha256.get(..16).unwrap_or_default()),
            None => self.0.clone(),
        }
    }

    /// The full hash, where it is known.
    pub fn sha256(&self) -> Option<&str> {
        (!self.0.starts_with("r_")).then_some(self.0.as_str())
    }

    /// Whether both name the same content; by the full hash where both have it.
    pub fn same(&self, other: &Identity) -> bool {
        match (self.sha256(), other.sha256()) {
            (Some(a), Some(b)) => a == b,
            _ => self.ref_id() == other.ref_id(),
        }
    }
}

impl TryFrom<String> for Identity {
    type Error = String;

    fn try_from(text: String) -> Result<Identity, String> {
        Identity::parse(&text).ok_or_else(|| "neither a SHA-256 nor a reference".to_owned())
    }
}

impl From<Identity> for String {
    fn from(identity: Identity) -> String {
        identity.0
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a decision is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Target {
    /// One file against another, whichever of them is the reference.
    Pair {
        /// The one.
        a: Identity,
        /// The other.
        b: Identity,
    },
    /// One match, or one resemblance, as records name it: one file against one reference. The name is of the contents,
    /// so that every copy of the file has it, too.
    Match {
        /// Its identifier, `m_…` or `w_…`.
        match_id: String,
    },
    /// Whatever resembles a reference.
    Reference {
        /// Its identifier, `r_…`.
        ref_id: String,
    },
    /// Whatever resembles a stretch of a reference.
    Interval {
        /// Its identifier, `r_…`.
        ref_id: String,
        /// Begin in the reference, in milliseconds.
        begin_ms: u64,
        /// End in the reference, in milliseconds.
        end_ms: u64,
    },
    /// One file, to the byte; a block of it also stands for the reference made from it.
    Audio {
        /// SHA-256 of the file, 64 hexadecimal digits.
        sha256: String,
    },
    /// Uploads that declare an ISRC of this registrant.
    Registrant {
        /// Country and registrant code, five characters (`USABC`).
        registrant: String,
    },
    /// Uploads of an account.
    Account {
        /// Its name as declared.
        name: String,
    },
}

/// Why a target cannot be decided on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// Not an identifier of a reference.
    #[error("{0:?} is no identifier of a reference (r_ and 16 hexadecimal digits)")]
    RefId(String),
    /// Not an identifier of a match.
    #[error("{0:?} is no identifier of a match (m_ or w_ and 16 hexadecimal digits)")]
    MatchId(String),
    /// Not a hash.
    #[error("{0:?} is no SHA-256 (64 hexadecimal digits)")]
    Sha256(String),
    /// Both sides of a pair are one file.
    #[error("both sides of the pair are the same file, {0}")]
    SamePair(Identity),
    /// An interval without length.
    #[error("the interval ends before it begins")]
    EmptyInterval,
    /// Not the first five characters of an ISRC.
    #[error(
        "{0:?} is no ISRC registrant: two letters and three letters or digits, such as USABC, \
         or a whole ISRC"
    )]
    Registrant(String),
    /// An account without a name.
    #[error("the account has no name")]
    Account,
}

impl Target {
    /// A pair of files.
    pub fn pair(a: Identity, b: Identity) -> Result<Target, TargetError> {
        if a.same(&b) {
            return Err(TargetError::SamePair(a));
        }
        Ok(Target::Pair { a, b })
    }

    /// A match or a resemblance by its identifier.
    pub fn matched(match_id: &str) -> Result<Target, TargetError> {
        let id = match_id.trim().to_ascii_lowercase();
        let digits = id.strip_prefix("m_").or_else(|| id.strip_prefix("w_"));
        match digits.and_then(from_hex::<8>) {
            Some(_) => Ok(Target::Match { match_id: id }),
            None => Err(TargetError::MatchId(match_id.to_owned())),
        }
    }

    /// A reference by its identifier.
    pub fn reference(ref_id: &str) -> Result<Target, TargetError> {
        Ok(Target::Reference { ref_id: checked_ref_id(ref_id)? })
    }

    /// A stretch of a reference, from and to these milliseconds.
    pub fn interval(ref_id: &str, (begin_ms, end_ms): (u64, u64)) -> Result<Target, TargetError> {
        if begin_ms >= end_ms {
            return Err(TargetError::EmptyInterval);
        }
        Ok(Target::Interval { ref_id: checked_ref_id(ref_id)?, begin_ms, end_ms })
    }

    /// A file by its hash.
    pub fn audio(sha256: &str) -> Result<Target, TargetError> {
        match Identity::parse(sha256).as_ref().and_then(Identity::sha256) {
            Some(sha256) => Ok(Target::Audio { sha256: sha256.to_owned() }),
            None => Err(TargetError::Sha256(sha256.to_owned())),
        }
    }

    /// A registrant by its five characters, or by any of its codes.
    pub fn registrant(code: &str) -> Result<Target, TargetError> {
        match registrant_of(code) {
            Some(registrant) => Ok(Target::Registrant { registrant }),
            None => Err(TargetError::Registrant(code.to_owned())),
        }
    }

    /// An account by its name.
    pub fn account(name: &str) -> Result<Target, TargetError> {
        let name = super::clean(name, MAX_NAME);
        if name.is_empty() { Err(TargetError::Account) } else { Ok(Target::Account { name }) }
    }
}

fn checked_ref_id(text: &str) -> Result<String, TargetError> {
    match Identity::parse(text) {
        Some(identity) if identity.sha256().is_none() => Ok(identity.0),
        _ => Err(TargetError::RefId(text.to_owned())),
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The identifiers are short enough to read; the log has the full hashes.
            Target::Pair { a, b } => write!(f, "pair {} and {}", a.ref_id(), b.ref_id()),
            Target::Match { match_id } if match_id.starts_with("w_") => {
                write!(f, "resemblance {match_id}")
            }
            Target::Match { match_id } => write!(f, "match {match_id}"),
            Target::Reference { ref_id } => write!(f, "reference {ref_id}"),
            Target::Interval { ref_id, begin_ms, end_ms } => {
                write!(f, "reference {ref_id} from {} to {}", exact(*begin_ms), exact(*end_ms))
            }
            Target::Audio { sha256 } => write!(f, "file {sha256}"),
            Target::Registrant { registrant } => write!(f, "ISRC registrant {registrant}"),
            Target::Account { name } => write!(f, "account {}", super::clean(name, MAX_NAME)),
        }
    }
}

/// Country and registrant code (ISO 3901: two letters, three letters or digits) of a recording code or
/// of such five characters, in capitals; hyphens and spaces do not count. `None` where `code` is neither.
pub fn registrant_of(code: &str) -> Option<String> {
    let mut kept = String::new();
    for c in code.trim().chars().filter(|c| !matches!(c, '-' | ' ')) {
        if !c.is_ascii_alphanumeric() || kept.len() > 16 {
            return None;
        }
        kept.push(c.to_ascii_uppercase());
    }
    // Some systems write the name of the code before it.
    let code = kept.strip_prefix("ISRC").filter(|rest| rest.len() == 12).unwrap_or(&kept);
    if !matches!(code.len(), 5 | 12) {
        return None;
    }
    let letters = code.bytes().take(2).all(|b| b.is_ascii_uppercase());
    let digits = code.bytes().skip(5).all(|b| b.is_ascii_digit());
    (letters && digits).then(|| code.chars().take(5).collect())
}

/// A decision as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// Identifier, `d_` and 16 hexadecimal digits.
    pub id: String,
    /// What follows from it.
    pub effect: Effect,
    /// What it is about.
    pub target: Target,
    /// Why, in the words of who decided.
    pub reason: String,
    /// Who decided.
    pub who: String,
    /// When.
    pub at: Timestamp,
    /// Until when it holds; for good where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Expiry>,
    /// State of the index it was decided on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_hash_and_by_its_identifier() {
        let sha = "ab".repeat(32);
        let full = Identity::parse(&sha.to_uppercase()).unwrap();
        let short = Identity::parse("r_abababababababab").unwrap();
        assert_eq!(full.ref_id(), short.as_str());
        assert!(full.same(&short) && short.same(&full));
        // Two files with one beginning of the hash are told apart where the rest is known.
        let other = Identity::parse(&format!("{}{}", "ab".repeat(16), "cd".repeat(16))).unwrap();
        assert!(!full.same(&other) && other.same(&short));
        for wrong in ["", "r_", "r_ab", "abc", "r_ababababababababx", "ä"] {
            assert_eq!(Identity::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_registrant_is_read_from_any_way_to_write_its_codes() {
        for code in ["USABC", "usabc", "US-ABC-26-00001", "USABC2600001", "ISRC US-ABC-26-00001"] {
            assert_eq!(registrant_of(code).as_deref(), Some("USABC"), "{code}");
        }
        for code in ["", "USAB", "U1ABC", "USABC26", "USABC26000O1", "USÄBC", "1SABC2600001"] {
            assert_eq!(registrant_of(code), None, "{code}");
        }
    }

    #[test]
    fn targets_that_mean_nothing_are_refused() {
        let id = Identity::parse("r_abababababababab").unwrap();
        let sha = Identity::parse(&"ab".repeat(32)).unwrap();
        assert!(matches!(Target::pair(id, sha), Err(TargetError::SamePair(_))));
        assert!(Target::reference(&"ab".repeat(32)).is_err());
        assert!(Target::audio("r_abababababababab").is_err());
        let empty = Target::interval("r_abababababababab", (5, 5));
        assert_eq!(empty, Err(TargetError::EmptyInterval));
        assert_eq!(Target::account(" \u{7} "), Err(TargetError::Account));
    }
}
