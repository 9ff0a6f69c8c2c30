//! A log of decisions: read or refused; what can be appended to is sound afterwards.

#![no_main]

use std::io::Cursor;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use soundalike::decisions::log::{self, Entries};
use soundalike::decisions::{Decisions, VerdictEntry};

fuzz_target!(|data: &[u8]| {
    let now = "2026-11-24T22:00:00Z".parse().unwrap();
    let mut entries = Entries::new(Path::new("log"), Cursor::new(data));
    let Ok(decisions) = Decisions::from_entries(&mut entries, now) else { return };
    let before = decisions.chain().entries;
    for (decision, _) in decisions.all() {
        let _ = decision.target.to_string();
    }
    let _ = decisions.match_ruling("", "r_", Some(""), Some(""), &[(0, 1)]);

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(log::LOG_NAME);
    std::fs::write(&path, data).unwrap();
    let torn = log::append_verdicts(&path, &[VerdictEntry::default()]).unwrap();
    assert_eq!(torn, entries.torn());
    let after = log::verify(&path, None).unwrap().unwrap();
    let repair = torn.is_some_and(|torn| torn.bytes > 0);
    assert_eq!(after.chain.entries, before + 1 + u64::from(repair));
    assert_eq!(after.torn, None);
});
