use std::io::Write;

use super::*;
use crate::decisions::change::{Proposal, decide, revoke};
use crate::decisions::{Effect, Expiry, Status, Target};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn proposal(account: &str, expires: Option<Expiry>) -> Proposal {
    Proposal {
        effect: Effect::Block,
        target: Target::account(account).unwrap(),
        reason: "bulk".into(),
        who: "ana".into(),
        expires,
        index_id: None,
    }
}

/// The names of the entries that were read, and how.
fn caught_up(known: &mut Decisions, path: &Path, now: Timestamp) -> (Followed, Vec<u64>) {
    let mut read = Vec::new();
    let how = known.catch_up(path, now, &mut |entry| read.push(entry.seq)).unwrap();
    let fresh = Decisions::load(path, now).unwrap();
    assert_eq!(known.in_force(), fresh.in_force());
    let all = |d: &Decisions| d.all().map(|(d, s)| (d.clone(), s.clone())).collect::<Vec<_>>();
    assert_eq!(all(known), all(&fresh), "as if all of it had been read");
    (how, read)
}

#[test]
fn of_a_log_that_goes_on_only_what_is_new_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log.jsonl");
    let mut known = Decisions::default();
    assert_eq!(caught_up(&mut known, &path, at(0)), (Followed::Anew, vec![]));
    let first = decide(&path, at(0), proposal("a", None)).unwrap().decision;
    let soon = Expiry::Moment(at(100));
    decide(&path, at(1), proposal("b", Some(soon))).unwrap();
    assert_eq!(caught_up(&mut known, &path, at(2)).1, [1, 2]);
    assert!(known.is_current(&path, at(3)));
    assert_eq!(caught_up(&mut known, &path, at(3)), (Followed::On, vec![]));
    revoke(&path, at(4), Effect::Block, &first.id, "wrong", "ben").unwrap();
    assert!(!known.is_current(&path, at(4)));
    assert_eq!(caught_up(&mut known, &path, at(5)), (Followed::On, vec![3]));
    assert!(matches!(known.get(&first.id).unwrap().1, Status::Revoked { .. }));
    // The time of a decision is over without a change of the file.
    assert!(!known.is_current(&path, at(100)));
    assert_eq!(caught_up(&mut known, &path, at(100)), (Followed::On, vec![]));
    assert!(known.upload_blocked(&"ab".repeat(32), Some("b"), None).is_none());
}

#[test]
fn another_log_in_its_place_is_read_anew() {
    let dir = tempfile::tempdir().unwrap();
    let (path, other) = (dir.path().join("log.jsonl"), dir.path().join("other.jsonl"));
    for name in ["a", "b"] {
        decide(&path, at(0), proposal(name, None)).unwrap();
    }
    let mut known = Decisions::default();
    caught_up(&mut known, &path, at(1));
    // Of the same length, with more of it, with less of it.
    for names in [&["x", "y"][..], &["x", "y", "z"], &["x"], &[]] {
        let _ = std::fs::remove_file(&other);
        for name in names {
            decide(&other, at(0), proposal(name, None)).unwrap();
        }
        let before = known.clone();
        match names.is_empty() {
            true => std::fs::remove_file(&path).unwrap(),
            false => std::fs::copy(&other, &path).map(drop).unwrap(),
        }
        let count = names.len() as u64;
        assert!(!known.is_current(&path, at(1)));
        let read = caught_up(&mut known, &path, at(1));
        assert_eq!(read, (Followed::Anew, (1..=count).collect()), "{names:?}");
        known = before;
    }
}

#[test]
fn an_incomplete_end_is_read_again_once_it_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log.jsonl");
    for name in ["a", "b"] {
        decide(&path, at(0), proposal(name, None)).unwrap();
    }
    let whole = std::fs::read(&path).unwrap();
    let mut known = Decisions::default();
    // The last entry lacks its newline alone, then more.
    for cut in [1, 20] {
        std::fs::write(&path, &whole[..whole.len() - cut]).unwrap();
        caught_up(&mut known, &path, at(1));
        assert!(known.torn().is_some());
        std::fs::write(&path, &whole).unwrap();
        caught_up(&mut known, &path, at(1));
        assert_eq!(known.chain().entries, 2);
    }
    // What is damaged behind the place is an error, and what was known stays.
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"nonsense\n").unwrap();
    assert!(known.catch_up(&path, at(1), &mut |_| {}).is_err());
    assert_eq!(known.chain().entries, 2);
}
