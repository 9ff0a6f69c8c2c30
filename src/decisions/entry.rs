//! One line of the log: how it is hashed, written and read back.
//!
//! ```text
//! {"seq":7,"at":"2026-11-24T22:00:00Z","prev":"…","kind":"allow", … ,"hash":"…"}
//! ```
//!
//! `hash` is the SHA-256 of the line without it: of the bytes before `,"hash":` and a closing brace. They
//! are hashed as they stand, so that no two writings of one value exist and any program can check them
//! without knowing what they mean. `prev` is the `hash` of the line before, 64 zeros in the first.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::clean;
use super::decision::{Decision, Effect, Identity, Target};
use super::reviewed::{Made, ReviewEntry};
use super::terms::Expiry;
use crate::id::hex;

/// Longest line, in bytes. What this program writes stays well below.
pub const MAX_LINE: usize = 256 * 1024;
/// Most entries in a log.
pub const MAX_ENTRIES: u64 = 50_000_000;
/// Most rules, policies and decisions that an entry of a verdict keeps of each.
const MAX_ITEMS: usize = 100;
/// Longest path that an entry of a verdict keeps, in characters.
const MAX_SUBJECT: usize = 4096;
/// Longest identifier that an entry keeps, in characters.
const MAX_ID: usize = 100;

const HASH_KEY: &[u8] = b",\"hash\":\"";
const HASH_END: &[u8] = b"\"}";
const HASH_LEN: usize = 64;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// Something was allowed.
    Allow(Ruling),
    /// Something was blocked.
    Block(Ruling),
    /// A decision was taken back.
    Revoke(Revocation),
    /// A scan came to a verdict.
    Verdict(VerdictEntry),
    /// A reviewer decided on an upload, or took that back.
    Review(Box<ReviewEntry>),
    /// The incomplete end of the file was cut off, left by a run that was killed while writing.
    Repair(Repair),
}

impl Event {
    /// Name in the log.
    pub fn kind(&self) -> &'static str {
        match self {
            Event::Allow(_) => "allow",
            Event::Block(_) => "block",
            Event::Revoke(_) => "revoke",
            Event::Verdict(_) => "verdict",
            Event::Review(_) => "review",
            Event::Repair(_) => "repair",
        }
    }

    /// Names of all kinds.
    pub const KINDS: [&'static str; 6] =
        ["allow", "block", "revoke", "verdict", "review", "repair"];
}

/// A decision without what its entry says already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruling {
    /// See [`Decision::id`].
    pub id: String,
    /// See [`Decision::target`].
    pub target: Target,
    /// See [`Decision::reason`].
    pub reason: String,
    /// See [`Decision::who`].
    pub who: String,
    /// See [`Decision::expires`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Expiry>,
    /// See [`Decision::index_id`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index_id: Option<String>,
}

/// The end of a decision before its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// The decision.
    pub id: String,
    /// Why, in the words of who revoked.
    pub reason: String,
    /// Who revoked.
    pub who: String,
}

/// What was cut off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repair {
    /// How much.
    pub removed_bytes: u64,
    /// SHA-256 of it.
    pub removed_sha256: String,
}

/// A policy pack that a verdict rests on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PolicyVersion {
    /// Name of the pack.
    pub id: String,
    /// Its version.
    pub version: String,
}

/// A verdict, and what it was made on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VerdictEntry {
    /// The upload: its path.
    pub subject: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Its level: `clear`, `review`, `hold`, `reject`.
    pub verdict: String,
    /// Identifiers of the rules behind it.
    pub rules: Vec<String>,
    /// State of the index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index_id: Option<String>,
    /// Policies applied, with their versions.
    pub policies: Vec<PolicyVersion>,
    /// Decisions that took findings away or added them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<String>,
    /// The scan.
    pub scan_id: String,
    /// When it began (RFC 3339); none in entries of versions before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// Version of the program.
    pub tool_version: String,
    /// Name and digest of the parameters of the scan; none in entries of versions before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scan_params: Option<String>,
}

impl VerdictEntry {
    /// The same within the limits of a line: an upload that makes its entry grow without end would
    /// otherwise keep the log from being written.
    pub(super) fn capped(&self) -> VerdictEntry {
        let id = |text: &String| clean(text, MAX_ID);
        let ids = |list: &[String]| list.iter().take(MAX_ITEMS).map(id).collect();
        VerdictEntry {
            subject: self.subject.chars().take(MAX_SUBJECT).collect(),
            sha256: id(&self.sha256),
            verdict: id(&self.verdict),
            rules: ids(&self.rules),
            index_id: self.index_id.as_ref().map(id),
            policies: self
                .policies
                .iter()
                .take(MAX_ITEMS)
                .map(|p| PolicyVersion { id: id(&p.id), version: id(&p.version) })
                .collect(),
            decisions: ids(&self.decisions),
            scan_id: id(&self.scan_id),
            started_at: self.started_at.as_ref().map(id),
            tool_version: id(&self.tool_version),
            scan_params: self.scan_params.as_ref().map(id),
        }
    }
}

/// The fields of a line before its hash, in the order written.
#[derive(Debug, Serialize, Deserialize)]
struct Body {
    seq: u64,
    at: Timestamp,
    prev: String,
    #[serde(flatten)]
    event: Event,
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its number, from 1.
    pub seq: u64,
    /// When it was written.
    pub at: Timestamp,
    /// Hash of the entry before; 64 zeros in the first.
    pub prev: String,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
    /// Hash of this entry.
    pub hash: String,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// It has no hash where one belongs.
    #[error("this is no entry of a decision log")]
    NotAnEntry,
    /// It is not the entry that was written.
    #[error(
        "this is another log, or one that was made anew: the entry is not the one that was written here"
    )]
    OtherLog,
    /// The hash is not that of the rest.
    #[error("the entry was edited: its content does not have the hash it carries")]
    Altered,
    /// The hash is right and the content means nothing.
    #[error("the entry cannot be read: {0}")]
    Unreadable(String),
    /// Its number is too high.
    #[error("entries were removed: number {found} stands where {expected} belongs")]
    Gap {
        /// The number that should be there.
        expected: u64,
        /// The number that is.
        found: u64,
    },
    /// Its number is too low.
    #[error("entries were inserted or reordered: number {found} stands where {expected} belongs")]
    Repeated {
        /// The number that should be there.
        expected: u64,
        /// The number that is.
        found: u64,
    },
    /// It follows another entry than the one before it.
    #[error("the entry does not follow the one before it: that one was replaced")]
    Unlinked,
    /// The line does not end in time.
    #[error("the line is longer than {MAX_LINE} bytes")]
    TooLong,
    /// The log does not end in time.
    #[error("the log has more than {MAX_ENTRIES} entries")]
    TooMany,
}

/// How far a chain has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Entries so far.
    pub entries: u64,
    /// Hash of the last of them; 64 zeros where there are none.
    pub head: String,
}

impl Default for Chain {
    fn default() -> Chain {
        Chain { entries: 0, head: "0".repeat(HASH_LEN) }
    }
}

impl Chain {
    /// Goes on with `entry`, if it is the next one.
    pub fn follow(&mut self, entry: &Entry) -> Result<(), Fault> {
        let (expected, found) = (self.entries + 1, entry.seq);
        if found > expected {
            return Err(Fault::Gap { expected, found });
        }
        if found < expected {
            return Err(Fault::Repeated { expected, found });
        }
        if entry.prev != self.head {
            return Err(Fault::Unlinked);
        }
        if expected > MAX_ENTRIES {
            return Err(Fault::TooMany);
        }
        *self = entry.chain();
        Ok(())
    }

    /// An identifier that no other entry has: it depends on the place in the chain.
    pub(super) fn next_id(&self) -> String {
        named(&format!("{} {}", self.entries + 1, self.head))
    }

    /// The same of the decision at this position within the next entry.
    pub(super) fn next_id_within(&self, at: usize) -> String {
        named(&format!("{} {} {at}", self.entries + 1, self.head))
    }
}

fn named(place: &str) -> String {
    format!("d_{}", hex(&Sha256::digest(place)).chars().take(16).collect::<String>())
}

impl Entry {
    /// Makes the next entry of a chain, and its line with the newline.
    pub(super) fn write(
        chain: &Chain,
        at: Timestamp,
        event: Event,
    ) -> Result<(Entry, Vec<u8>), Fault> {
        let (seq, prev) = (chain.entries + 1, chain.head.clone());
        let body = Body { seq, at, prev, event };
        let mut line =
            serde_json::to_vec(&body).map_err(|error| Fault::Unreadable(error.to_string()))?;
        let hash = hex(&Sha256::digest(&line));
        line.pop();
        line.extend_from_slice(HASH_KEY);
        line.extend_from_slice(hash.as_bytes());
        line.extend_from_slice(HASH_END);
        if line.len() > MAX_LINE {
            return Err(Fault::TooLong);
        }
        line.push(b'\n');
        let Body { seq, at, prev, event } = body;
        Ok((Entry { seq, at, prev, event, hash }, line))
    }

    /// Reads a line (without newline) and checks its hash.
    pub fn parse(line: &[u8]) -> Result<Entry, Fault> {
        let at = line.len().checked_sub(HASH_KEY.len() + HASH_LEN + HASH_END.len());
        let (fields, tail) =
            at.and_then(|at| line.split_at_checked(at)).ok_or(Fault::NotAnEntry)?;
        let hash = hash_in(tail).ok_or(Fault::NotAnEntry)?;
        let mut body = fields.to_vec();
        body.push(b'}');
        if hex(&Sha256::digest(&body)) != hash {
            return Err(Fault::Altered);
        }
        let body: Body =
            serde_json::from_slice(&body).map_err(|e| Fault::Unreadable(e.to_string()))?;
        let Body { seq, at, prev, event } = body;
        Ok(Entry { seq, at, prev, event, hash: hash.to_owned() })
    }

    /// The chain that ends with this entry.
    pub fn chain(&self) -> Chain {
        Chain { entries: self.seq, head: self.hash.clone() }
    }

    /// The decisions that this entry brings; none in some kinds.
    pub fn decisions(&self) -> Vec<Decision> {
        let single = |effect, ruling: &Ruling| {
            let Ruling { id, target, reason, who, expires, index_id } = ruling.clone();
            vec![Decision { id, effect, target, reason, who, at: self.at, expires, index_id }]
        };
        match &self.event {
            Event::Allow(ruling) => single(Effect::Allow, ruling),
            Event::Block(ruling) => single(Effect::Block, ruling),
            Event::Review(review) => review.made.iter().map(|made| self.of(review, made)).collect(),
            _ => Vec::new(),
        }
    }

    /// A decision within the review that this entry is.
    fn of(&self, review: &ReviewEntry, made: &Made) -> Decision {
        let Made { id, effect, target, expires } = made.clone();
        let (reason, who) = (review.reason.clone(), review.who.clone());
        let index_id = review.index_id.clone();
        Decision { id, effect, target, reason, who, at: self.at, expires, index_id }
    }

    /// The decisions that end with this entry, who says so, and why.
    pub fn ended(&self) -> (&[String], &str, &str) {
        match &self.event {
            Event::Revoke(r) => (std::slice::from_ref(&r.id), &r.who, &r.reason),
            Event::Review(r) => (&r.ended, &r.who, &r.reason),
            _ => (&[], "", ""),
        }
    }

    /// Whether this entry is about `what`: a decision, a file by its path, hash or identifier as a
    /// reference, a registrant or an account.
    pub fn is_about(&self, what: &str) -> bool {
        let file = Identity::parse(what);
        let same = |text: &str| {
            text == what
                || matches!((&file, Identity::parse(text)), (Some(a), Some(b)) if a.same(&b))
        };
        let concerns = |target: &Target| match target {
            Target::Pair { a, b } => same(a.as_str()) || same(b.as_str()),
            Target::Match { match_id } => same(match_id),
            Target::Reference { ref_id } | Target::Interval { ref_id, .. } => same(ref_id),
            Target::Audio { sha256 } => same(sha256),
            Target::Registrant { registrant } => same(registrant),
            Target::Account { name } => same(name),
        };
        match &self.event {
            Event::Allow(ruling) | Event::Block(ruling) => {
                ruling.id == what || concerns(&ruling.target)
            }
            Event::Revoke(revocation) => revocation.id == what,
            Event::Verdict(verdict) => {
                same(&verdict.subject)
                    || same(&verdict.sha256)
                    || verdict.decisions.iter().any(|id| id == what)
            }
            Event::Review(review) => {
                [&review.id, &review.upload].iter().any(|id| *id == what)
                    || same(&review.subject)
                    || same(&review.sha256)
                    || review.rulings.iter().any(|id| id == what)
                    || review.made.iter().any(|made| concerns(&made.target))
            }
            Event::Repair(_) => false,
        }
    }
}

/// The hash in the last bytes of a line, `,"hash":"…"}`.
fn hash_in(tail: &[u8]) -> Option<&str> {
    let digits = tail.strip_prefix(HASH_KEY)?.strip_suffix(HASH_END)?;
    let fits =
        digits.len() == HASH_LEN && digits.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    std::str::from_utf8(digits).ok().filter(|_| fits)
}

/// The length of what looks like a whole entry at the beginning of `bytes`: up to the first hash. Within
/// strings, the quotes of the hash's name would be escaped.
pub(super) fn whole_entry(bytes: &[u8]) -> Option<usize> {
    let len = HASH_KEY.len() + HASH_LEN + HASH_END.len();
    bytes.windows(len).position(|tail| hash_in(tail).is_some()).map(|at| at + len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(subject: &str) -> Event {
        Event::Verdict(VerdictEntry { subject: subject.into(), ..VerdictEntry::default() })
    }

    #[test]
    fn anybody_can_check_the_hash_of_a_line() {
        let at = "2026-11-24T22:00:00Z".parse().unwrap();
        let (entry, line) = Entry::write(&Chain::default(), at, verdict("a \"b\" {c}")).unwrap();
        let text = String::from_utf8(line.clone()).unwrap();
        let (fields, rest) = text.rsplit_once(",\"hash\":").unwrap();
        assert_eq!(rest, format!("\"{}\"}}\n", entry.hash));
        assert_eq!(hex(&Sha256::digest(format!("{fields}}}"))), entry.hash);
        assert!(text.starts_with("{\"seq\":1,\"at\":\"2026-11-24T22:00:00Z\",\"prev\":\"0000"));
        assert_eq!(Entry::parse(&line[..line.len() - 1]), Ok(entry));
        assert_eq!(whole_entry(&line), Some(line.len() - 1));
        assert_eq!(whole_entry(&line[..line.len() - 2]), None);
    }

    #[test]
    fn a_verdict_always_fits_a_line() {
        let long = "\u{1}\u{10ffff}".repeat(10_000);
        let entry = VerdictEntry {
            subject: "\u{1}".repeat(100_000),
            sha256: long.clone(),
            verdict: long.clone(),
            rules: vec![long.clone(); 1000],
            index_id: Some(long.clone()),
            policies: vec![PolicyVersion { id: long.clone(), version: long.clone() }; 1000],
            decisions: vec![long.clone(); 1000],
            scan_id: long.clone(),
            started_at: Some(long.clone()),
            tool_version: long.clone(),
            scan_params: Some(long),
        };
        let event = Event::Verdict(entry.capped());
        let (_, line) = Entry::write(&Chain::default(), Timestamp::UNIX_EPOCH, event).unwrap();
        assert!(line.len() <= MAX_LINE);
    }

    #[test]
    fn an_entry_is_found_by_whatever_names_its_file() {
        let sha256 = "ab".repeat(32);
        let event = Event::Verdict(VerdictEntry {
            subject: "in/a.mp3".into(),
            sha256: sha256.clone(),
            decisions: vec!["d_1".into()],
            ..VerdictEntry::default()
        });
        let (entry, _) = Entry::write(&Chain::default(), Timestamp::UNIX_EPOCH, event).unwrap();
        for name in ["in/a.mp3", &sha256, "r_abababababababab", "d_1"] {
            assert!(entry.is_about(name), "{name}");
        }
        assert!(!entry.is_about("a.mp3") && !entry.is_about("r_abababababababac"));
    }
}
