//! What decisions say about uploads and matches.

use std::path::PathBuf;

use super::*;
use crate::decisions::Expiry;
use crate::decisions::change::{ChangeError, Proposal, decide, revoke};
use crate::decisions::log::LOG_NAME;

const QUERY: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const OTHER: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const REFERENCE: &str = "r_cccccccccccccccc";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-11-24T22:00:00Z")
}

/// A log in a folder of its own.
struct Log(tempfile::TempDir);

impl Log {
    fn new() -> Log {
        Log(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join(LOG_NAME)
    }

    fn add(&self, effect: Effect, target: Target) -> String {
        self.add_until(effect, target, None)
    }

    fn add_until(&self, effect: Effect, target: Target, expires: Option<Expiry>) -> String {
        let (reason, who) = ("because".into(), "ada".into());
        let proposal = Proposal { effect, target, reason, who, expires, index_id: None };
        decide(&self.path(), now(), proposal).unwrap().decision.id
    }

    fn load(&self) -> Decisions {
        Decisions::load(&self.path(), now()).unwrap()
    }
}

fn id(decision: Option<&Decision>) -> Option<&str> {
    decision.map(|d| d.id.as_str())
}

fn identity(text: &str) -> Identity {
    Identity::parse(text).unwrap()
}

#[test]
fn a_pair_is_allowed_in_both_directions_and_by_either_name() {
    let log = Log::new();
    let pair = Target::pair(identity(QUERY), identity(REFERENCE)).unwrap();
    let pair = log.add(Effect::Allow, pair);
    let decisions = log.load();
    let allowed = |query, reference| decisions.match_allowed(query, reference, None, None, &[]);
    assert_eq!(id(allowed(QUERY, REFERENCE)), Some(pair.as_str()));
    // The reference comes in as an upload and meets the upload among the references.
    let swapped = "c".repeat(64);
    assert_eq!(id(allowed(&swapped, "r_aaaaaaaaaaaaaaaa")), Some(pair.as_str()));
    assert_eq!(allowed(OTHER, REFERENCE), None);
    assert_eq!(allowed(QUERY, "r_dddddddddddddddd"), None);
    // The hash is known in full: one that begins like it is another file.
    let alike = format!("{}{}", "a".repeat(16), "0".repeat(48));
    assert_eq!(allowed(&alike, REFERENCE), None);
    assert_eq!(decisions.match_blocked(QUERY, REFERENCE, &[]), None);
}

#[test]
fn an_interval_allows_what_lies_within_give_or_take_a_second() {
    let log = Log::new();
    let first = log.add(Effect::Allow, Target::interval(REFERENCE, (12_000, 31_000)).unwrap());
    let allowed = |segments: &[(u64, u64)]| {
        let decisions = log.load();
        id(decisions.match_allowed(QUERY, REFERENCE, None, None, segments)).map(str::to_owned)
    };
    assert_eq!(allowed(&[(12_500, 30_000)]), Some(first.clone()));
    assert_eq!(allowed(&[(11_000, 32_000)]), Some(first.clone()));
    assert_eq!(allowed(&[(10_999, 20_000)]), None);
    assert_eq!(allowed(&[(20_000, 32_001)]), None);
    assert_eq!(allowed(&[(12_500, 30_000), (60_000, 70_000)]), None, "all segments count");
    assert_eq!(allowed(&[]), None, "nothing is known of where it matches");
    let second = log.add(Effect::Allow, Target::interval(REFERENCE, (31_000, 40_000)).unwrap());
    assert_eq!(allowed(&[(25_000, 38_000)]), Some(first.clone()), "two that touch are one");
    assert_eq!(allowed(&[(35_000, 38_000)]), Some(second.clone()));
    log.add(Effect::Allow, Target::interval(REFERENCE, (60_000, 70_000)).unwrap());
    assert_eq!(allowed(&[(12_500, 30_000), (60_000, 70_000)]), Some(first));
    assert_eq!(allowed(&[(35_000, 62_000)]), None, "the gap between two is not allowed");
    assert_eq!(allowed(&[(0, u64::MAX)]), None);
}

#[test]
fn references_accounts_registrants_and_files_are_allowed() {
    let log = Log::new();
    let account = log.add(Effect::Allow, Target::account(" acc-1 ").unwrap());
    let registrant = log.add(Effect::Allow, Target::registrant("us-abc").unwrap());
    let file = log.add(Effect::Allow, Target::audio(OTHER).unwrap());
    let decisions = log.load();
    let allowed = |query, account, isrc| {
        id(decisions.match_allowed(query, REFERENCE, account, isrc, &[(0, 5000)]))
    };
    assert_eq!(allowed(QUERY, Some("acc-1"), None), Some(account.as_str()));
    assert_eq!(allowed(QUERY, Some("ACC-1"), None), None);
    assert_eq!(allowed(QUERY, None, Some("US-ABC-26-00001")), Some(registrant.as_str()));
    assert_eq!(allowed(QUERY, None, Some("USABD2600001")), None);
    assert_eq!(allowed(QUERY, None, Some("USABC")), Some(registrant.as_str()));
    assert_eq!(allowed(OTHER, None, None), Some(file.as_str()));
    // The more specific decision is named.
    let reference = log.add(Effect::Allow, Target::reference(REFERENCE).unwrap());
    let pair = Target::pair(identity(OTHER), identity(REFERENCE)).unwrap();
    let pair = log.add(Effect::Allow, pair);
    let decisions = log.load();
    let named = |query| id(decisions.match_allowed(query, REFERENCE, Some("acc-1"), None, &[]));
    assert_eq!(named(QUERY), Some(reference.as_str()));
    assert_eq!(named(OTHER), Some(pair.as_str()));
    assert_eq!(id(decisions.upload_allowed(OTHER, None, None)), Some(file.as_str()));
}

#[test]
fn blocked_audio_is_found_as_a_file_and_as_a_reference() {
    let log = Log::new();
    let audio = log.add(Effect::Block, Target::audio(QUERY).unwrap());
    let account = log.add(Effect::Block, Target::account("acc-9").unwrap());
    let reference = log.add(Effect::Block, Target::reference("r_bbbbbbbbbbbbbbbb").unwrap());
    let part = log.add(Effect::Block, Target::interval(REFERENCE, (10_000, 20_000)).unwrap());
    let decisions = log.load();
    let upload = |query| id(decisions.upload_blocked(query, None, None));
    assert_eq!(upload(QUERY), Some(audio.as_str()));
    assert_eq!(upload(OTHER), Some(reference.as_str()), "the reference itself comes in");
    let new = "d".repeat(64);
    assert_eq!(upload(&new), None);
    assert_eq!(id(decisions.upload_blocked(&new, Some("acc-9"), None)), Some(account.as_str()));
    let matched = |ref_id, segments: &[_]| id(decisions.match_blocked(&new, ref_id, segments));
    assert_eq!(matched("r_aaaaaaaaaaaaaaaa", &[]), Some(audio.as_str()));
    assert_eq!(matched("r_bbbbbbbbbbbbbbbb", &[]), Some(reference.as_str()));
    assert_eq!(matched(REFERENCE, &[(0, 11_500)]), Some(part.as_str()));
    assert_eq!(matched(REFERENCE, &[(0, 11_000), (20_000, 30_000)]), None);
    assert_eq!(decisions.match_allowed(&new, REFERENCE, Some("acc-9"), None, &[(0, 5)]), None);
}

#[test]
fn an_exception_goes_before_the_rule_and_a_block_before_trust() {
    let log = Log::new();
    log.add(Effect::Allow, Target::account("acc-1").unwrap());
    let pair = Target::pair(identity(QUERY), identity(REFERENCE)).unwrap();
    let pair = log.add(Effect::Allow, pair);
    let block = log.add(Effect::Block, Target::reference(REFERENCE).unwrap());
    let ruling = |log: &Log, query| {
        let decisions = log.load();
        let ruling = decisions.match_ruling(query, REFERENCE, Some("acc-1"), None, &[(0, 9000)]);
        id(ruling).map(str::to_owned)
    };
    assert_eq!(ruling(&log, QUERY), Some(pair));
    assert_eq!(ruling(&log, OTHER), Some(block.clone()));
    log.add(Effect::Allow, Target::reference(REFERENCE).unwrap());
    assert_eq!(ruling(&log, OTHER), Some(block.clone()));
    revoke(&log.path(), now(), Effect::Block, &block, "mistake", "bob").unwrap();
    assert_ne!(ruling(&log, OTHER), Some(block));
}

#[test]
fn what_is_over_or_taken_back_does_not_apply() {
    let log = Log::new();
    let reference = || Target::reference(REFERENCE).unwrap();
    let day = Expiry::parse("2026-11-30", now()).unwrap();
    let expiring = log.add_until(Effect::Allow, reference(), Some(day));
    let allowed = |time: &str| {
        let decisions = Decisions::load(&log.path(), at(time)).unwrap();
        id(decisions.match_allowed(QUERY, REFERENCE, None, None, &[])).map(str::to_owned)
    };
    assert_eq!(allowed("2026-11-30T23:59:59Z"), Some(expiring.clone()));
    assert_eq!(allowed("2026-12-01T00:00:00Z"), None);
    let lasting = log.add(Effect::Allow, reference());
    assert_ne!(expiring, lasting);
    assert_eq!(allowed("2026-12-01T00:00:00Z"), Some(lasting.clone()));
    let remove = |effect, id: &str| revoke(&log.path(), now(), effect, id, "lapsed", "bob");
    assert!(matches!(remove(Effect::Block, &lasting), Err(ChangeError::OtherEffect { .. })));
    remove(Effect::Allow, &lasting).unwrap();
    assert_eq!(allowed("2026-12-01T00:00:00Z"), None);
    assert!(matches!(remove(Effect::Allow, &lasting), Err(ChangeError::Revoked { .. })));
    assert!(matches!(remove(Effect::Allow, "d_0"), Err(ChangeError::Unknown { .. })));
    let decisions = Decisions::load(&log.path(), at("2026-12-01T00:00:00Z")).unwrap();
    let statuses: Vec<_> = decisions.all().map(|(_, status)| status.clone()).collect();
    let (who, reason) = ("bob".to_owned(), "lapsed".to_owned());
    assert_eq!(statuses, [Status::Expired, Status::Revoked { at: now(), who, reason }]);
    assert_eq!(decisions.chain().entries, 3);
}

#[test]
fn nothing_is_decided_without_a_reason_and_a_name() {
    let log = Log::new();
    let proposal = |reason: &str, who: &str| Proposal {
        effect: Effect::Allow,
        target: Target::account("a").unwrap(),
        reason: reason.into(),
        who: who.into(),
        expires: None,
        index_id: None,
    };
    let decide = |reason, who| decide(&log.path(), now(), proposal(reason, who));
    assert!(matches!(decide(" \n", "ada"), Err(ChangeError::NoReason)));
    assert!(matches!(decide("because", ""), Err(ChangeError::Nobody)));
    assert!(!log.path().exists());
}
