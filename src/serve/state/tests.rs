//! The state as the service uses it: taken, looked at, decided on.

use super::*;
use crate::decisions::Expiry;
use crate::decisions::review::{Action, ReviewEntry};
use crate::level::Level;

const NOW: &str = "2026-11-28T12:00:00Z";

fn upload(name: &str, level: Level, rank: i64) -> NewUpload {
    let text = |value: &str| Some(value.to_owned());
    let row = UploadRow {
        path: format!("/in/{name}"),
        name: name.to_owned(),
        sha256: "ab".repeat(32),
        title: text("Näher an dir"),
        artists: text("Quick \"Q\" 100%"),
        release: text("REL-1"),
        account: text("acc-1"),
        codec: "mp3".to_owned(),
        verdict: Verdict::Level(level),
        rank,
        status: if level == Level::Clear { Status::Clear } else { Status::Open },
        ..UploadRow::for_tests()
    };
    NewUpload { row, lines: Vec::new() }
}

/// A state with one job that is done.
fn state(uploads: &[NewUpload]) -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let job = NewJob {
        id: "j_1".to_owned(),
        key: None,
        request: String::new(),
        source: Source::default(),
        sent_by: None,
        created_at: NOW.to_owned(),
    };
    assert_eq!(store.submit(&job).unwrap(), Submitted::New);
    assert_eq!(store.begin_next(NOW).unwrap().unwrap().attempts, 1);
    store.finish("j_1", uploads, &[], "{}", NOW).unwrap();
    (dir, store)
}

fn review(upload: &str, action: Action, until: Option<&str>) -> ReviewEntry {
    ReviewEntry {
        id: "d_1".to_owned(),
        action,
        upload: upload.to_owned(),
        subject: String::new(),
        sha256: String::new(),
        verdict: None,
        reason: "x".to_owned(),
        who: "ana".to_owned(),
        until: until.map(|text| Expiry::try_from(text.to_owned()).unwrap()),
        index_id: None,
        rulings: Vec::new(),
        made: Vec::new(),
        ended: Vec::new(),
        undoes: None,
    }
}

#[test]
fn the_queue_is_searched_filtered_and_walked() {
    let levels = [Level::Review, Level::Hold, Level::Clear, Level::Hold];
    let uploads: Vec<NewUpload> = levels
        .into_iter()
        .enumerate()
        .map(|(at, level)| upload(&format!("{at}.mp3"), level, level as i64 * 10))
        .collect();
    let (_dir, store) = state(&uploads);
    let names = |filter: Filter| -> Vec<String> {
        let (rows, _) = store.uploads(&filter, None, 10).unwrap();
        rows.into_iter().map(|row| row.name).collect()
    };
    let open = Filter { status: Some(Status::Open), ..Filter::default() };
    assert_eq!(names(open), ["1.mp3", "3.mp3", "0.mp3"]);
    for (text, found) in [
        ("näher", 4),
        ("Näher an", 4),
        ("\"Q\" 100%", 4),
        ("0%", 4),
        ("0_", 0),
        ("3.mp", 1),
        ("nobody", 0),
    ] {
        let searched = Filter { text: Some(text.to_owned()), ..Filter::default() };
        assert_eq!(names(searched).len(), found, "{text}");
    }
    let (rows, _) = store.uploads(&Filter::default(), None, 10).unwrap();
    let third = rows.iter().find(|row| row.name == "3.mp3").unwrap();
    let [before, after] = store.neighbours(third).unwrap();
    let name = |id: Option<String>| store.upload(&id.unwrap()).unwrap().unwrap().name;
    assert_eq!((name(before), name(after)), ("1.mp3".to_owned(), "0.mp3".to_owned()));
}

#[test]
fn what_was_parked_comes_back_when_its_time_is_over() {
    let (_dir, store) =
        state(&[upload("a.mp3", Level::Hold, 20), upload("b.mp3", Level::Hold, 20)]);
    let ids = store.uploads_of("j_1").unwrap();
    let reviews = [
        (1, NOW.to_owned(), review(&ids[0], Action::Park, Some("2026-11-30"))),
        (2, NOW.to_owned(), review(&ids[1], Action::Park, Some("2026-11-29T08:00:00Z"))),
    ];
    store.take_reviews(&reviews, &(2, "x".to_owned()), (false, false)).unwrap();
    let parked = || store.counts().unwrap().of(Some(Status::Parked), None);
    assert_eq!(parked(), 2);
    for (today, moment, left) in [
        ("2026-11-28", "2026-11-28T23:00:00Z", 2),
        ("2026-11-29", "2026-11-29T08:00:00Z", 1),
        ("2026-11-30", "2026-11-30T23:00:00Z", 1),
        ("2026-12-01", "2026-12-01T00:00:00Z", 0),
    ] {
        store.unpark(today, moment).unwrap();
        assert_eq!(parked(), left, "{moment}");
    }
    // Another log: what it does not hold was not decided.
    store.take_reviews(&[], &(0, String::new()), (true, false)).unwrap();
    assert!(store.reviews(&ids[0]).unwrap().is_empty());
}

#[test]
fn a_state_has_one_service_and_keeps_what_was_acknowledged() {
    let (dir, store) = state(&[]);
    assert!(matches!(Store::open(dir.path()), Err(StateError::Locked(_))));
    let left = store.folder("j_0123");
    std::fs::create_dir_all(&left).unwrap();
    std::fs::create_dir_all(store.folder("j_1")).unwrap();
    drop(store);
    let store = Store::open(dir.path()).unwrap();
    store.tidy().unwrap();
    assert!(!left.exists() && store.folder("j_1").exists());
    assert_eq!(store.job("j_1").unwrap().unwrap().state, JobState::Done);
}
