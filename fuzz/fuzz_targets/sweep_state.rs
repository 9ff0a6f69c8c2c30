//! The state of a sweep: read or refused; what is read comes back as it was, and an end cut off takes
//! nothing away from what was before it.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use soundalike::sweep::findings::Reported;
use soundalike::sweep::state::{Folder, Progress};

fuzz_target!(|data: &[u8]| {
    let path = Path::new("state");
    if let Ok(reported) = Reported::parse(path, data) {
        assert!(reported.length <= data.len() as u64);
        assert!(reported.pairs().all(|(_, place)| place.offset < reported.length));
    }
    let Ok(progress) = Progress::parse(path, data) else { return };
    let line = data.iter().position(|b| *b == b'\n').unwrap() + 1;
    let half = Progress::parse(path, &data[..line + (data.len() - line) / 2]).unwrap();
    assert!(half.seen.references.is_subset(&progress.seen.references));
    assert!(half.seen.tracks.is_subset(&progress.seen.tracks));

    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::open(dir.path()).unwrap();
    folder.begin(&progress.header, &progress.seen).unwrap();
    let again = folder.progress().unwrap().unwrap();
    assert_eq!(again.seen, progress.seen);
    assert_eq!(again.header, progress.header);
});
