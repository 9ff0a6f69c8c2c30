//! The decisions in force at a time, and what they say about an upload or a match.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;
use std::path::Path;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::decision::{Decision, Effect, Identity, Target, registrant_of};
use super::entry::{Chain, Entry, Event, Fault};
use super::log::{self, Entries, LogError, Place, Torn};
use crate::id::{hex, match_id, resemblance_id};

/// How far a match may reach beyond an interval, in milliseconds: the ends of segments are not exact,
/// nor are those that people write.
const TOLERANCE_MS: u64 = 1000;
/// Most decisions in a log.
const MAX_DECISIONS: usize = 1_000_000;

/// Whether a decision is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It is.
    Active,
    /// Its time is over.
    Expired,
    /// It was taken back.
    Revoked {
        /// When.
        at: Timestamp,
        /// By whom.
        who: String,
        /// Why.
        reason: String,
    },
}

/// Positions of the decisions in force, by what they are about; each list in the order of the log.
#[derive(Debug, Clone, Default)]
struct InForce {
    /// By the identifiers of both, the smaller first.
    pairs: BTreeMap<(String, String), Vec<usize>>,
    /// By the identifiers of matches.
    matches: BTreeMap<String, Vec<usize>>,
    references: BTreeMap<String, Vec<usize>>,
    intervals: BTreeMap<String, Vec<usize>>,
    /// By the identifier that the content has as a reference.
    audio: BTreeMap<String, Vec<usize>>,
    registrants: BTreeMap<String, Vec<usize>>,
    accounts: BTreeMap<String, Vec<usize>>,
}

impl InForce {
    /// The positions of decisions about `target`; none where it names nothing.
    fn about(&mut self, target: &Target) -> Option<&mut Vec<usize>> {
        Some(match target {
            Target::Pair { a, b } => {
                self.pairs.entry(pair_key(a.ref_id(), b.ref_id())).or_default()
            }
            Target::Match { match_id } => self.matches.entry(match_id.clone()).or_default(),
            Target::Reference { ref_id } => self.references.entry(ref_id.clone()).or_default(),
            Target::Interval { ref_id, .. } => self.intervals.entry(ref_id.clone()).or_default(),
            Target::Audio { sha256 } => match Identity::parse(sha256) {
                Some(identity) => self.audio.entry(identity.ref_id()).or_default(),
                None => return None,
            },
            Target::Registrant { registrant } => {
                self.registrants.entry(registrant.clone()).or_default()
            }
            Target::Account { name } => self.accounts.entry(name.clone()).or_default(),
        })
    }

    fn insert(&mut self, target: &Target, at: usize) {
        if let Some(list) = self.about(target) {
            // Nearly always at its end.
            let place = list.partition_point(|before| *before < at);
            list.insert(place, at);
        }
    }

    fn remove(&mut self, target: &Target, at: usize) {
        if let Some(list) = self.about(target) {
            list.retain(|other| *other != at);
        }
    }
}

fn pair_key(a: String, b: String) -> (String, String) {
    if a <= b { (a, b) } else { (b, a) }
}

/// How much a decision about a match covers, from one pair of files up.
fn breadth(decision: &Decision) -> u8 {
    match (&decision.target, decision.effect) {
        (Target::Pair { .. } | Target::Match { .. }, _) => 0,
        (Target::Interval { .. }, _) => 1,
        // Blocked audio stands for the reference made from it.
        (Target::Reference { .. }, _) | (Target::Audio { .. }, Effect::Block) => 2,
        (Target::Audio { .. }, Effect::Allow) => 3,
        (Target::Account { .. }, _) => 4,
        (Target::Registrant { .. }, _) => 5,
    }
}

/// All decisions of a log, and which of them are in force.
#[derive(Debug, Clone, Default)]
pub struct Decisions {
    all: Vec<(Decision, Status)>,
    by_id: BTreeMap<String, usize>,
    allowed: InForce,
    blocked: InForce,
    chain: Chain,
    torn: Option<Torn>,
    /// How far the log was read; none where its end was incomplete.
    place: Option<Place>,
    /// Decisions that were made with reviews.
    of_reviews: BTreeSet<String>,
}

impl Decisions {
    /// Reads the log at `path` and checks all of it; a log that does not exist is empty.
    pub fn load(path: &Path, now: Timestamp) -> Result<Decisions, LogError> {
        match log::open(path)? {
            Some(mut entries) => Decisions::from_entries(&mut entries, now),
            None => Ok(Decisions::default()),
        }
    }

    /// As [`load`](Decisions::load), of the first `entries` of the log.
    pub fn load_until(path: &Path, now: Timestamp, entries: u64) -> Result<Decisions, LogError> {
        match log::open(path)? {
            Some(mut all) => Decisions::from_first(&mut all, now, entries),
            None => Ok(Decisions::default()),
        }
    }

    /// The decisions among `entries` as of `now`.
    pub fn from_entries<R: BufRead>(
        entries: &mut Entries<R>,
        now: Timestamp,
    ) -> Result<Decisions, LogError> {
        Decisions::from_first(entries, now, u64::MAX)
    }

    fn from_first<R: BufRead>(
        entries: &mut Entries<R>,
        now: Timestamp,
        first: u64,
    ) -> Result<Decisions, LogError> {
        let mut decisions = Decisions::default();
        while let Some(entry) = entries.next().transpose()? {
            if entry.seq <= first {
                decisions.take(&entry, now, entries.path())?;
            }
        }
        decisions.read_to(entries);
        Ok(decisions)
    }

    /// Takes over the next entry of the log.
    pub(super) fn take(
        &mut self,
        entry: &Entry,
        now: Timestamp,
        path: &Path,
    ) -> Result<(), LogError> {
        for decision in entry.decisions() {
            let at = self.all.len();
            if at >= MAX_DECISIONS {
                let (path, line) = (path.to_owned(), entry.seq);
                return Err(LogError::Damaged { path, line, fault: Fault::TooMany });
            }
            self.by_id.entry(decision.id.clone()).or_insert(at);
            let over = decision.expires.is_some_and(|expiry| expiry.is_over(now));
            self.all.push((decision, if over { Status::Expired } else { Status::Active }));
            self.put_in_force(at);
        }
        let (ended, who, reason) = entry.ended();
        for id in ended {
            let Some(at) = self.by_id.get(id).copied() else { continue };
            let (who, reason) = (who.to_owned(), reason.to_owned());
            self.set(at, Status::Revoked { at: entry.at, who, reason });
        }
        if let Event::Review(review) = &entry.event {
            self.of_reviews.extend(review.rulings.iter().cloned());
        }
        Ok(())
    }

    /// Notes how far `entries` were read.
    pub(super) fn read_to<R: BufRead>(&mut self, entries: &Entries<R>) {
        self.chain = entries.progress().clone();
        self.torn = entries.torn();
        self.place = entries.place();
    }

    pub(super) fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// Ends, as of `now`, what has an end.
    pub(super) fn expire(&mut self, now: Timestamp) {
        for at in 0..self.all.len() {
            if let Some(status) = self.other_status(at, now) {
                self.set(at, status);
            }
        }
    }

    /// Whether a decision came to its end by `now`, and is not noted as such.
    pub(super) fn any_over(&self, now: Timestamp) -> bool {
        (0..self.all.len()).any(|at| self.other_status(at, now).is_some())
    }

    /// The status of a decision as of `now`, if it has another.
    fn other_status(&self, at: usize, now: Timestamp) -> Option<Status> {
        let (decision, status) = self.all.get(at)?;
        let is_over = decision.expires?.is_over(now);
        match (status, is_over) {
            (Status::Active, true) => Some(Status::Expired),
            // The clock was put back.
            (Status::Expired, false) => Some(Status::Active),
            _ => None,
        }
    }

    fn set(&mut self, at: usize, new: Status) {
        let Some((decision, status)) = self.all.get_mut(at) else { return };
        *status = new;
        let set = match decision.effect {
            Effect::Allow => &mut self.allowed,
            Effect::Block => &mut self.blocked,
        };
        set.remove(&decision.target, at);
        self.put_in_force(at);
    }

    /// Puts the decision at `at` among those that count, if it does.
    fn put_in_force(&mut self, at: usize) {
        let Some((decision, Status::Active)) = self.all.get(at) else { return };
        let set = match decision.effect {
            Effect::Allow => &mut self.allowed,
            Effect::Block => &mut self.blocked,
        };
        set.insert(&decision.target, at);
    }

    /// Whether a decision was made with a review at the desk.
    pub fn is_of_a_review(&self, id: &str) -> bool {
        self.of_reviews.contains(id)
    }

    /// Decisions in force by which this very file is refused.
    pub fn blocks_of(&self, sha256: &str) -> Vec<&Decision> {
        let Some(file) = Identity::parse(sha256) else { return Vec::new() };
        let list = self.blocked.audio.get(&file.ref_id()).into_iter().flatten();
        let decisions = list.filter_map(|at| self.decision(*at));
        let same = |decision: &&Decision| match &decision.target {
            Target::Audio { sha256 } => Identity::parse(sha256).is_some_and(|it| it.same(&file)),
            _ => false,
        };
        decisions.filter(same).collect()
    }

    /// Digest of the decisions in force: the same as long as the same count.
    pub fn in_force(&self) -> String {
        let mut digest = Sha256::new();
        for (decision, _) in self.all.iter().filter(|(_, status)| *status == Status::Active) {
            digest.update(decision.id.as_bytes());
            digest.update(b"\n");
        }
        hex(&digest.finalize())
    }

    /// All decisions, those that are not in force any more, too, in the order of the log.
    pub fn all(&self) -> impl Iterator<Item = (&Decision, &Status)> {
        self.all.iter().map(|(decision, status)| (decision, status))
    }

    /// A decision by its identifier.
    pub fn get(&self, id: &str) -> Option<(&Decision, &Status)> {
        let (decision, status) = self.all.get(*self.by_id.get(id)?)?;
        Some((decision, status))
    }

    /// Entries of the log, and the hash of the last.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The incomplete end of the log, if a run was killed while writing to it.
    pub fn torn(&self) -> Option<Torn> {
        self.torn
    }

    /// The decision by which a match is not held against an upload: one about the two files, about the
    /// stretches of the reference that match (`reference_segments_ms`: all of them, give or take a
    /// second), about the reference, or about the upload ([`upload_allowed`](Self::upload_allowed)). The
    /// most specific is named, the oldest of several.
    pub fn match_allowed(
        &self,
        query_sha256: &str,
        ref_id: &str,
        account: Option<&str>,
        isrc: Option<&str>,
        reference_segments_ms: &[(u64, u64)],
    ) -> Option<&Decision> {
        let set = &self.allowed;
        self.named(set, query_sha256, ref_id)
            .or_else(|| self.pair(set, query_sha256, ref_id))
            .or_else(|| self.within(set, ref_id, reference_segments_ms))
            .or_else(|| self.first(set.references.get(ref_id)))
            .or_else(|| self.upload_allowed(query_sha256, account, isrc))
    }

    /// The decision by which nothing is held against an upload, whatever it matches: one about the file,
    /// its account or the registrant of its ISRC. The latter two are what the upload *declares*.
    pub fn upload_allowed(
        &self,
        query_sha256: &str,
        account: Option<&str>,
        isrc: Option<&str>,
    ) -> Option<&Decision> {
        self.upload(&self.allowed, query_sha256, account, isrc)
    }

    /// The decision by which an upload is refused because of a match: one about the two files, about a
    /// stretch of the reference that matches for more than a second, about the reference, or about the
    /// audio that the reference was made from.
    pub fn match_blocked(
        &self,
        query_sha256: &str,
        ref_id: &str,
        reference_segments_ms: &[(u64, u64)],
    ) -> Option<&Decision> {
        let set = &self.blocked;
        self.named(set, query_sha256, ref_id)
            .or_else(|| self.pair(set, query_sha256, ref_id))
            .or_else(|| self.touched(set, ref_id, reference_segments_ms))
            .or_else(|| self.first(set.references.get(ref_id)))
            .or_else(|| self.first(set.audio.get(ref_id)))
    }

    /// The decision that settles a match where some allow it and others block it
    /// ([`match_allowed`](Self::match_allowed), [`match_blocked`](Self::match_blocked)): the more specific
    /// one, so that a licence for one file is an exception from a blocked reference, and a trusted account is
    /// not; of two about the same, the one that blocks.
    pub fn match_ruling(
        &self,
        query_sha256: &str,
        ref_id: &str,
        account: Option<&str>,
        isrc: Option<&str>,
        reference_segments_ms: &[(u64, u64)],
    ) -> Option<&Decision> {
        let segments = reference_segments_ms;
        let allowed = self.match_allowed(query_sha256, ref_id, account, isrc, segments);
        let blocked = self.match_blocked(query_sha256, ref_id, segments);
        match (allowed, blocked) {
            (Some(allow), Some(block)) if breadth(allow) < breadth(block) => Some(allow),
            (allow, block) => block.or(allow),
        }
    }

    /// The decision by which what plays the same is not held against an upload: one that names the resemblance, or one
    /// that settles a match of the two so ([`match_ruling`](Self::match_ruling)). Decisions that block are about
    /// recordings: what plays the same is looked at, and never refused for that alone.
    pub fn resemblance_allowed(
        &self,
        query_sha256: &str,
        ref_id: &str,
        account: Option<&str>,
        isrc: Option<&str>,
        reference_ms: (u64, u64),
    ) -> Option<&Decision> {
        let named = self.allowed.matches.get(&resemblance_id(query_sha256, ref_id));
        let ruling = || self.match_ruling(query_sha256, ref_id, account, isrc, &[reference_ms]);
        self.first(named).or_else(|| ruling().filter(|decision| decision.effect == Effect::Allow))
    }

    /// The decision by which an upload is refused, whatever it matches: one about the file (also as a
    /// reference), its account or the registrant of its ISRC.
    pub fn upload_blocked(
        &self,
        query_sha256: &str,
        account: Option<&str>,
        isrc: Option<&str>,
    ) -> Option<&Decision> {
        let as_reference = || {
            let ref_id = Identity::parse(query_sha256)?.ref_id();
            self.first(self.blocked.references.get(&ref_id))
        };
        self.upload(&self.blocked, query_sha256, account, isrc).or_else(as_reference)
    }

    /// One about the match of a file with a reference, by its name.
    fn named(&self, set: &InForce, query_sha256: &str, ref_id: &str) -> Option<&Decision> {
        if set.matches.is_empty() {
            return None;
        }
        self.first(set.matches.get(&match_id(query_sha256, ref_id)))
    }

    fn decision(&self, at: usize) -> Option<&Decision> {
        self.all.get(at).map(|(decision, _)| decision)
    }

    fn first(&self, list: Option<&Vec<usize>>) -> Option<&Decision> {
        self.decision(*list?.first()?)
    }

    fn pair(&self, set: &InForce, query_sha256: &str, ref_id: &str) -> Option<&Decision> {
        let (query, reference) = (Identity::parse(query_sha256)?, Identity::parse(ref_id)?);
        let list = set.pairs.get(&pair_key(query.ref_id(), reference.ref_id()))?;
        list.iter().filter_map(|at| self.decision(*at)).find(|decision| match &decision.target {
            Target::Pair { a, b } => {
                (a.same(&query) && b.same(&reference)) || (b.same(&query) && a.same(&reference))
            }
            _ => false,
        })
    }

    fn upload(
        &self,
        set: &InForce,
        query_sha256: &str,
        account: Option<&str>,
        isrc: Option<&str>,
    ) -> Option<&Decision> {
        let by_file = || {
            let query = Identity::parse(query_sha256)?;
            let list = set.audio.get(&query.ref_id())?;
            list.iter().filter_map(|at| self.decision(*at)).find(|decision| {
                let audio = match &decision.target {
                    Target::Audio { sha256 } => Identity::parse(sha256),
                    _ => None,
                };
                audio.is_some_and(|audio| audio.same(&query))
            })
        };
        let by_account = || self.first(set.accounts.get(account?.trim()));
        let by_registrant = || self.first(set.registrants.get(&registrant_of(isrc?)?));
        by_file().or_else(by_account).or_else(by_registrant)
    }

    /// The intervals of a reference that are decided on, in the order of the log.
    fn intervals(&self, set: &InForce, ref_id: &str) -> Vec<(u64, u64, &Decision)> {
        let list = set.intervals.get(ref_id).into_iter().flatten();
        let decisions = list.filter_map(|at| self.decision(*at));
        let intervals = decisions.filter_map(|decision| match decision.target {
            Target::Interval { begin_ms, end_ms, .. } => Some((begin_ms, end_ms, decision)),
            _ => None,
        });
        intervals.collect()
    }

    /// The first interval met, if all segments lie within intervals.
    fn within(&self, set: &InForce, ref_id: &str, segments: &[(u64, u64)]) -> Option<&Decision> {
        // A stretch may run through several intervals that touch each other.
        let intervals = self.intervals(set, ref_id);
        let mut spans: Vec<(u64, u64)> =
            intervals.iter().map(|(from, to, _)| (*from, *to)).collect();
        spans.sort_unstable();
        spans.dedup_by(|next, kept| {
            let touch = next.0 <= kept.1;
            if touch {
                kept.1 = kept.1.max(next.1);
            }
            touch
        });
        let inside = |(begin, end): &(u64, u64)| {
            spans.iter().any(|span| {
                begin.saturating_add(TOLERANCE_MS) >= span.0
                    && *end <= span.1.saturating_add(TOLERANCE_MS)
            })
        };
        let (begin, end) = segments.first().filter(|_| segments.iter().all(inside))?;
        intervals
            .into_iter()
            .find(|(from, to, _)| {
                begin.saturating_add(TOLERANCE_MS) >= *from
                    && *begin <= to.saturating_add(TOLERANCE_MS)
                    && end >= from
            })
            .map(|(_, _, decision)| decision)
    }

    /// The first interval that a segment shares more than a second with.
    fn touched(&self, set: &InForce, ref_id: &str, segments: &[(u64, u64)]) -> Option<&Decision> {
        self.intervals(set, ref_id)
            .into_iter()
            .find(|(from, to, _)| {
                segments.iter().any(|(begin, end)| {
                    (*end).min(*to) > (*begin).max(*from).saturating_add(TOLERANCE_MS)
                })
            })
            .map(|(_, _, decision)| decision)
    }
}

#[cfg(test)]
#[path = "active_tests.rs"]
mod tests;
