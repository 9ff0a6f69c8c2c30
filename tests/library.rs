//! The library as a service would use it: an engine that is kept, cloned and brought up to date.

// A panic here is the report.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use soundalike::decisions::change::{Proposal, decide};
use soundalike::decisions::{Effect, Target};
use soundalike::{
    Cancel, Engine, Error, Index, Item, JsonLines, Judge, Level, MatchKind, Options, Rule, Silent,
    Timestamp, Uploads,
};

const DRIVE: &str = "tests/data/demo/incoming/night-drive.mp3";
const THEME: &str = "tests/data/demo/references/main-theme.ogg";
const ZALEK: &str = "tests/data/demo/references/zalek.ogg";

fn index(dir: &Path, files: &[&str]) -> Index {
    Index::add(dir, files, &Silent, &Cancel::new()).unwrap().0
}

#[test]
fn what_came_since_is_taken_over_by_whoever_asks_for_it() {
    let dir = tempfile::tempdir().unwrap();
    let (refs, log) = (dir.path().join("refs"), dir.path().join("decisions.jsonl"));
    let now = Timestamp::now();
    let judge = Judge::by_policies("generic").unwrap().with_decisions(log.clone(), now).unwrap();
    let engine =
        Engine::new(Options::default()).with_references(index(&refs, &[ZALEK])).with_judge(judge);
    assert!(engine.scan(DRIVE).unwrap().matches.is_empty());

    // A reference and a decision come, while a clone is at work.
    let theme = index(&refs, &[THEME]).tracks().find(|t| t.path == THEME).unwrap();
    let target = Target::reference(&theme.ref_id()).unwrap();
    let (reason, who) = ("not ours".to_owned(), "ana".to_owned());
    let effect = Effect::Block;
    decide(&log, now, Proposal { effect, target, reason, who, expires: None, index_id: None })
        .unwrap();
    let mut clone = engine.clone();
    clone.refresh(now).unwrap();
    let checked = clone.check(&Item::bare(DRIVE)).unwrap();
    assert_eq!(checked.scan.matches[0].kind, MatchKind::ContainedInReference);
    assert!(checked.scan.matches[0].blocked_by.is_some());
    assert_eq!(checked.verdict.level, Level::Review, "twelve seconds are for a look");
    assert_eq!(checked.verdict.reasons, [Rule::Audio005]);
    assert!(engine.scan(DRIVE).unwrap().matches.is_empty(), "it keeps what it had");
}

#[test]
fn two_files_are_compared_without_references() {
    let engine = Engine::new(Options::default());
    let compared = engine.compare(Path::new(DRIVE), Path::new(THEME)).unwrap();
    let found = compared.found.unwrap();
    assert!(found.first().reference_ms.0.abs_diff(7_370) < 100, "{found:?}");
    assert!(engine.compare(Path::new(ZALEK), Path::new(THEME)).unwrap().found.is_none());
}

#[test]
fn mistakes_are_errors_that_say_what_is_wrong() {
    let engine = Engine::new(Options::default());
    assert!(matches!(engine.scan(DRIVE), Err(Error::NothingToCompareWith)));
    let text = "tests/data/demo/incoming/not-audio.mp3";
    let error = engine.compare(Path::new(text), Path::new(THEME)).unwrap_err();
    assert!(error.to_string().contains(text), "{error}");
    assert!(Index::open("tests/data/demo").is_err());
    assert!(Judge::by_policies("nobody").is_err());
    let (empty, added) =
        Index::of_files([text, "tests/data/no-such-file.wav"], &Silent, &Cancel::new()).unwrap();
    assert!(empty.is_empty());
    assert_eq!(added.errors.len(), 2, "none is left out in silence");
}

#[test]
fn an_engine_can_be_shared_between_threads() {
    fn shared<T: Clone + Send + Sync + 'static>(_: &T) {}
    shared(&Engine::new(Options::default()));
}

#[test]
fn one_file_is_judged_as_in_a_batch() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::new(Options::default())
        .with_references(index(&dir.path().join("refs"), &[THEME]))
        .with_judge(Judge::by_policies("distrokid").unwrap());
    let checked = engine.check(&Item::bare(DRIVE)).unwrap();
    assert_eq!(checked.verdict.reasons, [Rule::Audio003, Rule::Disc001]);
    assert_eq!(checked.findings.len(), 2);
    let uploads = Uploads::of_paths([DRIVE]);
    let begin = engine.begin(&uploads, Timestamp::UNIX_EPOCH);
    let mut report = JsonLines(Vec::new());
    let outcomes = engine.run(uploads, &begin, &mut report, &Silent, &Cancel::new()).unwrap();
    assert_eq!(outcomes.verdicts[0].reasons, checked.verdict.reasons);
    assert!(report.0.starts_with(br#"{"type":"begin""#));
}
