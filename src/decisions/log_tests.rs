//! The log as a file: whatever happens to it is noticed, and nothing whole is lost.

use std::io::Cursor;

use proptest::prelude::*;

use super::*;
use crate::decisions::{Decisions, Effect, Target, change};

fn now() -> Timestamp {
    "2026-11-24T22:00:00Z".parse().unwrap()
}

fn verdict(subject: &str) -> VerdictEntry {
    VerdictEntry {
        subject: subject.into(),
        sha256: "ab".repeat(32),
        verdict: "hold".into(),
        rules: vec!["AUDIO-001".into()],
        ..VerdictEntry::default()
    }
}

fn allow(path: &Path, account: &str) -> change::Change {
    let proposal = change::Proposal {
        effect: Effect::Allow,
        target: Target::account(account).unwrap(),
        reason: "licensed".into(),
        who: "ada".into(),
        expires: None,
        index_id: Some("i_1".into()),
    };
    change::decide(path, now(), proposal).unwrap()
}

/// A log of five entries of every common kind, and a folder for it.
fn sample() -> (tempfile::TempDir, PathBuf, Vec<u8>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(LOG_NAME);
    let first = allow(&path, "acc-1");
    append_verdicts(&path, &[verdict("a.mp3"), verdict("b\u{1b}ü.mp3")]).unwrap();
    change::revoke(&path, now(), Effect::Allow, &first.decision.id, "lapsed", "bob").unwrap();
    allow(&path, "acc-2");
    let bytes = std::fs::read(&path).unwrap();
    (dir, path, bytes)
}

/// Reads `bytes` to the end: entries, what is torn off, and the first fault.
fn read(bytes: &[u8]) -> (Vec<Entry>, Option<Torn>, Option<LogError>) {
    let mut entries = Entries::new(Path::new("log"), Cursor::new(bytes));
    let mut read = Vec::new();
    for entry in entries.by_ref() {
        match entry {
            Ok(entry) => read.push(entry),
            Err(error) => return (read, None, Some(error)),
        }
    }
    let torn = entries.torn();
    (read, torn, None)
}

fn fault(bytes: &[u8]) -> (u64, Fault) {
    match read(bytes).2 {
        Some(LogError::Damaged { line, fault, .. }) => (line, fault),
        other => panic!("{other:?}"),
    }
}

fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect()
}

#[test]
fn entries_are_read_back_in_order_and_chained() {
    let (_dir, path, bytes) = sample();
    let (entries, torn, error) = read(&bytes);
    assert!(torn.is_none() && error.is_none());
    let kinds: Vec<_> = entries.iter().map(|e| e.event.kind()).collect();
    assert_eq!(kinds, ["allow", "verdict", "verdict", "revoke", "allow"]);
    let head = entries.last().unwrap().hash.clone();
    let verified = verify(&path, Some(&entries[1].hash)).unwrap().unwrap();
    assert_eq!(verified.chain, Chain { entries: 5, head });
    assert_eq!(verified.found, Some(2));
    let found = |head: &str| verify(&path, Some(head)).unwrap().unwrap().found;
    assert_eq!(found("0"), None);
    assert_eq!(found(&Chain::default().head), Some(0), "a scan before the first entry");
}

#[test]
fn each_way_to_tamper_is_named_with_its_line() {
    let (_dir, _path, bytes) = sample();
    let whole = lines(&bytes);
    let without = |at: usize| {
        let mut lines = whole.clone();
        lines.remove(at);
        lines.concat()
    };
    assert_eq!(fault(&without(0)), (1, Fault::Gap { expected: 1, found: 2 }));
    assert_eq!(fault(&without(2)), (3, Fault::Gap { expected: 3, found: 4 }));
    let mut swapped = whole.clone();
    swapped.swap(1, 2);
    assert_eq!(fault(&swapped.concat()), (2, Fault::Gap { expected: 2, found: 3 }));
    let mut inserted = whole.clone();
    inserted.insert(3, whole[1].clone());
    assert_eq!(fault(&inserted.concat()), (4, Fault::Repeated { expected: 4, found: 2 }));
    let edited = String::from_utf8(bytes.clone()).unwrap().replacen("acc-1", "acc-7", 1);
    assert_eq!(fault(edited.as_bytes()), (1, Fault::Altered));
    // An entry made anew with a right hash of its own, by someone who stops there.
    let first = Entry::parse(&whole[0][..whole[0].len() - 1]).unwrap();
    let forged = Event::Verdict(verdict("forged.mp3"));
    let (_, line) = Entry::write(&first.chain(), now(), forged).unwrap();
    let mut replaced = whole.clone();
    replaced[1] = line;
    assert_eq!(fault(&replaced.concat()), (3, Fault::Unlinked));
    let mut blank = whole.clone();
    blank.insert(2, b"\n".to_vec());
    assert_eq!(fault(&blank.concat()), (3, Fault::NotAnEntry));
}

#[test]
fn a_line_without_end_is_refused_in_bounded_memory() {
    let (_dir, path, mut bytes) = sample();
    bytes.extend(vec![b'x'; 3 * MAX_LINE]);
    assert_eq!(fault(&bytes), (6, Fault::TooLong));
    std::fs::write(&path, &bytes).unwrap();
    let error = append_verdicts(&path, &[verdict("c.mp3")]).unwrap_err();
    assert!(matches!(error, LogError::Damaged { line: 6, fault: Fault::TooLong, .. }), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[test]
fn wherever_a_write_was_cut_short_the_next_one_goes_on() {
    let (_dir, path, bytes) = sample();
    let last = lines(&bytes).pop().unwrap().len();
    let start = bytes.len() - last;
    for cut in start..bytes.len() {
        std::fs::write(&path, &bytes[..cut]).unwrap();
        let (entries, torn, error) = read(&bytes[..cut]);
        assert!(error.is_none(), "{error:?}");
        // Without its newline only, the last entry is there.
        let whole = if cut == bytes.len() - 1 { 5 } else { 4 };
        assert_eq!(entries.len(), whole, "cut at {cut}");
        let dropped = if whole == 5 { 0 } else { (cut - start) as u64 };
        let expected = (cut > start).then_some(Torn { line: 5, bytes: dropped });
        assert_eq!(torn, expected);
        let repaired = append_verdicts(&path, &[verdict("c.mp3")]).unwrap();
        assert_eq!(repaired, expected);
        let (after, torn, error) = read(&std::fs::read(&path).unwrap());
        assert!(torn.is_none() && error.is_none(), "{error:?}");
        assert_eq!(after[..whole], entries[..]);
        // What was cut off is told in the log itself.
        let repairs: Vec<_> = after[whole..].iter().map(|e| e.event.kind()).collect();
        let told = if dropped > 0 { &["repair", "verdict"][..] } else { &["verdict"] };
        assert_eq!(repairs, told, "cut at {cut}");
    }
}

#[test]
fn a_whole_entry_is_never_cut_off() {
    let (_dir, path, bytes) = sample();
    // Its newline overwritten, more rubbish after it.
    let mut marred = bytes.clone();
    marred.pop();
    marred.extend(b"\0\0}\0");
    std::fs::write(&path, &marred).unwrap();
    assert_eq!(append_verdicts(&path, &[verdict("c")]).unwrap(), Some(Torn { line: 5, bytes: 4 }));
    let after = std::fs::read(&path).unwrap();
    assert!(after.starts_with(&bytes));
    assert_eq!(read(&after).0.len(), 7);
    // Edited and without newline: not torn off, but tampered with; left as it is.
    let mut edited = bytes.clone();
    edited.pop();
    let at = edited.len() - 200;
    edited[at] ^= 1;
    std::fs::write(&path, &edited).unwrap();
    let error = append_verdicts(&path, &[verdict("c")]).unwrap_err();
    assert!(matches!(error, LogError::Damaged { line: 5, .. }), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), edited);
}

#[test]
fn a_damaged_end_is_not_built_upon() {
    let (_dir, path, bytes) = sample();
    let mut edited = bytes.clone();
    let at = edited.len() - 200;
    edited[at] ^= 1;
    std::fs::write(&path, &edited).unwrap();
    let error = append_verdicts(&path, &[verdict("c")]).unwrap_err();
    assert!(matches!(error, LogError::Damaged { line: 5, .. }), "{error}");
    std::fs::write(&path, "not a log\n").unwrap();
    let error = append_verdicts(&path, &[verdict("c")]).unwrap_err();
    assert!(error.to_string().contains("line 1"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"not a log\n");
}

#[test]
fn only_files_are_logs_and_a_missing_one_is_empty() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(open(dir.path()), Err(LogError::NotAFile { .. })));
    let error = append_verdicts(dir.path(), &[verdict("c")]).unwrap_err();
    assert!(matches!(error, LogError::NotAFile { .. }));
    let none = dir.path().join("none");
    assert!(open(&none).unwrap().is_none());
    assert_eq!(Decisions::load(&none, now()).unwrap().chain(), &Chain::default());
    // Nothing to say makes no file.
    append_verdicts(&none, &[]).unwrap();
    assert!(!none.exists());
}

#[test]
fn threads_that_append_at_once_make_one_chain() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(LOG_NAME);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let path = &path;
            scope.spawn(move || {
                for i in 0..5 {
                    let verdicts = [verdict(&format!("{thread}/{i}/a")), verdict("b")];
                    append_verdicts(path, &verdicts).unwrap();
                }
            });
        }
    });
    let verified = verify(&path, None).unwrap().unwrap();
    assert_eq!((verified.chain.entries, verified.torn), (40, None));
}

/// Whether a log is as it should be from the first byte to the last.
fn is_sound(bytes: &[u8]) -> bool {
    let (_, torn, error) = read(bytes);
    torn.is_none() && error.is_none()
}

#[test]
fn any_flipped_byte_is_noticed() {
    let (_dir, _path, bytes) = sample();
    assert!(is_sound(&bytes));
    for at in 0..bytes.len() {
        for mask in [1, 0x20, 0xff, bytes[at] ^ b'\n', bytes[at] ^ b'}'] {
            if mask != 0 {
                let mut flipped = bytes.clone();
                flipped[at] ^= mask;
                assert!(!is_sound(&flipped), "byte {at} with {mask:#x}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_bytes_are_entries_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let (entries, _, error) = read(&bytes);
        prop_assert!(entries.is_empty());
        prop_assert!(error.is_some() || !bytes.contains(&b'\n'));
    }

    #[test]
    fn any_splice_of_a_log_is_noticed_or_only_its_end_is_gone(
        from in 0usize..3000,
        to in 0usize..3000,
        filling in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let (_dir, _path, bytes) = sample();
        let (from, to) = (from.min(bytes.len()), to.min(bytes.len()));
        let spliced = [&bytes[..from], &filling, &bytes[to..]].concat();
        if is_sound(&spliced) {
            prop_assert!(bytes.starts_with(&spliced), "a cut from {from} to {to} went unnoticed");
        }
    }

    #[test]
    fn what_is_written_is_what_is_read(subject in ".{0,80}", rules in prop::collection::vec("[A-Z0-9-]{1,12}", 0..5)) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(LOG_NAME);
        let written = VerdictEntry { subject, rules, ..verdict("") };
        append_verdicts(&path, std::slice::from_ref(&written)).unwrap();
        let (entries, _, error) = read(&std::fs::read(&path).unwrap());
        prop_assert!(error.is_none());
        prop_assert_eq!(&entries[0].event, &Event::Verdict(written));
    }
}
