use std::fs;

use super::*;

struct Place {
    dir: tempfile::TempDir,
    watch: Watch,
    results: ResultStore,
    now: Instant,
}

impl Place {
    fn new() -> Place {
        let dir = tempfile::tempdir().unwrap();
        let queue = dir.path().join("in");
        fs::create_dir(&queue).unwrap();
        let results = ResultStore::open(&queue.join("results")).unwrap();
        let queue = Queue::new(&queue, [queue.join("results")]).unwrap();
        let watch = Watch::new(queue, Duration::from_secs(30));
        Place { dir, watch, results, now: Instant::now() }
    }

    fn write(&self, name: &str, content: &str) {
        let path = self.dir.path().join("in").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Names of what is ready after `seconds` more.
    fn after(&mut self, seconds: u64) -> Vec<String> {
        self.now += Duration::from_secs(seconds);
        let look = self.watch.look(&self.results, self.now, &Cancel::new()).unwrap();
        look.ready.iter().map(|r| r.unit.name.to_string_lossy().into_owned()).collect()
    }

    fn done(&self, name: &str) {
        let unit = Unit::folder_at(&self.dir.path().join("in").join(name));
        let snapshot = Snapshot::of(&unit);
        let (draft, file) = self.results.draft(&unit.name, ResultFormat::Records).unwrap();
        let mut begin =
            crate::report::records::Begin::new("s_1".into(), None, jiff::Timestamp::UNIX_EPOCH);
        let state = content_state(&unit, &Cancel::new()).unwrap();
        begin.delivery = Some(snapshot.info(&unit.name, &state));
        let record = crate::report::records::Record::Begin(begin);
        serde_json::to_writer(&file, &record).unwrap();
        // So long after the last change that a glance is enough.
        let now = SystemTime::now() + Duration::from_secs(100);
        self.results.publish(&unit.name, (draft, file), &state, (&snapshot, now)).unwrap();
    }
}

#[test]
fn a_folder_is_whole_when_it_has_not_changed_for_a_while() {
    let mut place = Place::new();
    fs::create_dir(place.dir.path().join("in/empty")).unwrap();
    place.write("one/a.wav", "1");
    assert!(place.after(0).is_empty());
    assert!(place.after(29).is_empty());
    place.write("one/b.wav.part", "1");
    assert!(place.after(10).is_empty(), "somebody writes");
    assert!(place.after(29).is_empty());
    assert_eq!(place.after(1), ["one"]);
    place.done("one");
    assert!(place.after(1).is_empty());
    place.write("one/c.wav", "1");
    assert!(place.after(1).is_empty(), "changed, and not settled");
    assert_eq!(place.after(31), ["one"]);
}

#[test]
fn a_change_deep_inside_what_is_done_is_noticed_in_the_end() {
    let mut place = Place::new();
    place.write("one/sub/a.wav", "1");
    place.done("one");
    assert!(place.after(0).is_empty());
    place.write("one/sub/b.wav", "1");
    assert!(place.after(60).is_empty());
    assert!(place.after(300).is_empty());
    assert_eq!(place.after(31), ["one"]);
}

#[test]
fn a_marker_needs_no_patience_and_without_one_none_helps() {
    let mut place = Place::new();
    let message = include_str!("../../tests/data/ern/album_382.xml");
    place.write("N_20260912100000/036000291452/036000291452.xml", message);
    place.write("N_20260912100000/036000291452/resources/A1_01.flac", "x");
    let look = place.watch.look(&place.results, place.now, &Cancel::new()).unwrap();
    assert_eq!(look.open_batches, ["N_20260912100000"]);
    let later = place.now + Duration::from_secs(1000);
    let look = place.watch.look(&place.results, later, &Cancel::new()).unwrap();
    assert!(look.ready.is_empty() && look.open_batches.is_empty(), "told once");
    place.write("N_20260912100000/BatchComplete_20260912100000.xml", "");
    assert_eq!(place.after(1001), ["N_20260912100000"]);
}

#[test]
fn files_belong_to_the_list_that_names_them() {
    let mut place = Place::new();
    place.write("a.wav", "1");
    place.write("b.wav", "1");
    place.write("list.csv", "file,title\nb.wav,B\nc.wav,C\n");
    place.write("notes.txt", "1");
    place.write("late.wav.part", "1");
    place.write("old.mp3.soundalike.jsonl", "{}");
    place.write("BatchComplete_1.xml", "");
    place.after(0);
    let mut ready = place.after(30);
    ready.sort();
    assert_eq!(ready, ["a.wav", "list.csv"]);
    // What the list names has come: it is no delivery of its own, and the list is done anew.
    place.write("c.wav", "1");
    assert_eq!(place.after(1), ["a.wav"]);
    let mut ready = place.after(31);
    ready.sort();
    assert_eq!(ready, ["a.wav", "list.csv"]);
}

#[test]
fn tables_in_a_folder_say_what_lies_beside_them() {
    let place = Place::new();
    place.write("one/a.wav", "1");
    place.write("one/meta.csv", "file,title\na.wav,A\n");
    place.write("one/.hidden.csv", "x");
    let unit = Unit::folder_at(&place.dir.path().join("in/one"));
    let delivery = unit.expand();
    assert_eq!(delivery.uploads.len(), 1, "{delivery:?}");
    assert!(delivery.uploads[0].declared.is_some() && delivery.errors.is_empty());
}
