//! Loops of a sample library: named, not held against anybody, and taken out of what strangers share.

use serde_json::{Value, json};

use crate::material::{LOOP_AT, LOUD, put};
use crate::place::{Outcome, Place, file_name};

/// A song that uses a loop is the reference; a stranger uses it, too, another one uses it once and quietly, and the
/// song comes again.
fn place(with_library: bool) -> Place {
    let place = Place::empty();
    for name in ["song.wav", "loop.wav", "user.wav", "quiet-user.wav"] {
        put(&place, name, name);
    }
    put(&place, "song.wav", "again.wav");
    let bytes = std::fs::read(place.path("again.wav")).unwrap();
    std::fs::write(place.path("again.wav"), [&bytes[..], b"more"].concat()).unwrap();
    place.run(&["index", "add", "--index", "index", "song.wav"]).expect(0);
    if with_library {
        let table = "path,title,pack,licence,exclusive\nloop.wav,Rising,Night Pack,Royalty-free,non-exclusive\n";
        place.write("loops.csv", table);
        let add = ["index", "add", "--index", "index", "loop.wav", "--kind", "library"];
        place.run(&[&add[..], &["--metadata", "loops.csv"]].concat()).expect(0);
    }
    place
}

fn scan(place: &Place, file: &str) -> Outcome {
    let args = ["scan", "--index", "index", "--policy", "generic", "--format", "jsonl", file];
    place.run(&args)
}

fn verdict(outcome: &Outcome) -> String {
    outcome.one("verdict")["verdict"].as_str().unwrap().to_owned()
}

fn with_loop(outcome: &Outcome) -> Vec<Value> {
    let matches = outcome.all("match").into_iter();
    matches.filter(|m| file_name(&m["reference"]["path"]) == "loop.wav").collect()
}

#[test]
fn strangers_that_use_one_loop_are_not_held_for_it_and_the_loop_is_named() {
    let before = scan(&place(false), "user.wav");
    assert_eq!(before.matched("user.wav"), ["song.wav"]);
    let place = place(true);
    let after = scan(&place, "user.wav");
    assert_eq!(verdict(&after), "clear");
    let loops = with_loop(&after);
    let library = json!({"pack": "Night Pack", "licence": "Royalty-free", "exclusive": false});
    assert_eq!(loops[0]["reference"]["library"], library);
    assert_eq!(loops[0]["segments"].as_array().unwrap().len(), 4);
    let song =
        after.all("match").into_iter().find(|m| m["reference"]["library"].is_null()).unwrap();
    assert_eq!(song["loops"], json!([loops[0]["match_id"]]));
    assert!(song.get("beside_loops").is_none(), "{song}");
    let told: Vec<String> =
        after.all("finding").iter().map(|f| f["message"].as_str().unwrap().to_owned()).collect();
    let says = |words: &str| told.iter().any(|message| message.contains(words));
    assert!(says("16 s of the loop \"Rising\" of pack \"Night Pack\" (non-exclusive"), "{told:?}");
    let text = place.run(&["scan", "--index", "index", "user.wav"]).expect(1).stdout;
    assert!(text.contains("a known loop of pack \"Night Pack\""), "{text}");
    assert!(
        text.contains("a known loop explains all of it: nothing is left beyond chance"),
        "{text}"
    );
}

#[test]
fn a_copy_of_a_song_is_held_whatever_loops_are_in_it() {
    let outcome = scan(&place(true), "again.wav");
    assert_eq!(verdict(&outcome), "hold");
    assert_eq!(with_loop(&outcome).len(), 1);
}

#[test]
fn a_quiet_loop_is_heard_where_it_plays() {
    let outcome = scan(&place(true), "quiet-user.wav");
    let loops = with_loop(&outcome);
    assert_eq!(loops.len(), 1);
    let begin = loops[0]["segments"][0]["sample_begin_time_offset_ms"].as_f64().unwrap();
    assert!((begin - 1000.0 * LOOP_AT).abs() <= 2.0, "{begin}");
    assert_eq!(verdict(&outcome), "clear");
}

#[test]
fn a_loop_for_one_alone_is_for_a_look() {
    let place = place(true);
    place.write("loops.csv", "path,exclusive\nloop.wav,yes\n");
    let add = ["index", "add", "--index", "index", "loop.wav", "--metadata", "loops.csv"];
    place.run(&add).expect(0);
    let outcome = scan(&place, "quiet-user.wav");
    assert_eq!(verdict(&outcome), "review");
    let pack = &with_loop(&outcome)[0]["reference"]["library"];
    assert_eq!(pack["pack"], "Night Pack", "what is not told again stays");
}

#[test]
fn a_column_of_licences_makes_no_loop_of_a_recording() {
    let place = place(false);
    place.write("songs.csv", "path,license,exclusive\nsong.wav,CC-BY,yes\n");
    let add = ["index", "add", "--index", "index", "song.wav", "--metadata", "songs.csv"];
    place.run(&add).expect(0);
    let again = scan(&place, "again.wav");
    assert_eq!(verdict(&again), "hold");
    assert!(again.one("match")["reference"].get("library").is_none());
    // The same for a file that is new.
    let add = ["index", "add", "--index", "fresh", "song.wav", "--metadata", "songs.csv"];
    place.run(&add).expect(0);
    let listed = place.run(&["index", "list", "--index", "fresh", "--format", "jsonl"]).expect(0);
    assert!(!listed.stdout.contains("library"), "{listed:?}");
}

#[test]
fn a_loop_can_be_made_a_recording_again() {
    let place = place(true);
    let add = ["index", "add", "--index", "index", "loop.wav"];
    place.run(&add).expect(0);
    assert_eq!(with_loop(&scan(&place, "quiet-user.wav")).len(), 1, "it stays what it is");
    place.run(&[&add[..], &["--kind", "recordings"]].concat()).expect(0);
    assert!(with_loop(&scan(&place, "quiet-user.wav")).is_empty());
}

#[test]
fn what_was_indexed_as_a_recording_can_be_made_a_loop() {
    let place = place(false);
    place.run(&["index", "add", "--index", "index", "loop.wav"]).expect(0);
    assert!(with_loop(&scan(&place, "quiet-user.wav")).is_empty());
    let add = ["index", "add", "--index", "index", "loop.wav", "--kind", "library", "--pack", "P"];
    place.run(&add).expect(0);
    assert_eq!(with_loop(&scan(&place, "quiet-user.wav")).len(), 1);
}

/// Strangers with one loud loop throughout, and one of them again.
fn loud() -> Place {
    let place = Place::empty();
    std::fs::create_dir(place.path("queue")).unwrap();
    for name in LOUD {
        put(&place, name, &format!("queue/{name}"));
    }
    let bytes = std::fs::read(place.path("queue/loud-1.wav")).unwrap();
    std::fs::write(place.path("queue/loud-1-again.wav"), [&bytes[..], b"more"].concat()).unwrap();
    put(&place, "loop.wav", "loop.wav");
    put(&place, "song.wav", "song.wav");
    place
}

/// Names of the members of the clusters, each sorted.
fn clusters(outcome: &Outcome) -> Vec<Vec<String>> {
    let members = |c: &Value| {
        c["members"].as_array().unwrap().iter().map(|m| file_name(m).to_owned()).collect()
    };
    outcome.all("cluster").iter().map(members).collect()
}

#[test]
fn a_known_loop_makes_strangers_no_cluster_and_copies_stay_one() {
    let place = loud();
    let args = ["scan", "--index", "index", "--format", "jsonl", "queue"];
    place.run(&["index", "add", "--index", "index", "song.wav"]).expect(0);
    let before = clusters(&place.run(&args));
    assert_eq!(before.iter().map(Vec::len).max(), Some(5), "{before:?}");
    let add = ["index", "add", "--index", "index", "loop.wav", "--kind", "library"];
    place.run(&add).expect(0);
    assert_eq!(clusters(&place.run(&args)), [["loud-1-again.wav", "loud-1.wav"]]);
    // The same among the tracks of an index, of which the loop is one.
    place.run(&["index", "add", "--index", "all", "queue"]).expect(0);
    let in_index = ["cluster", "--index", "all", "--format", "jsonl"];
    assert_eq!(clusters(&place.run(&in_index))[0].len(), 5);
    place.run(&["index", "add", "--index", "all", "loop.wav", "--kind", "library"]).expect(0);
    assert_eq!(clusters(&place.run(&in_index)), [["loud-1-again.wav", "loud-1.wav"]]);
}
