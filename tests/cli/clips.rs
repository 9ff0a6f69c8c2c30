//! Batches of clips: what one is spared because another was looked up, and what it is not.

use serde_json::Value;

use crate::material::{CLIPS, put};
use crate::place::{Outcome, Place, file_name};

fn place() -> Place {
    let place = Place::indexed(&["main-theme", "zalek"]);
    CLIPS.iter().for_each(|clip| put(&place, clip, clip));
    place
}

/// The clip by way of which another was looked up.
fn by_way_of(outcome: &Outcome, clip: &str) -> Option<String> {
    let all = outcome.all("scanned");
    let scanned = all.iter().find(|s| file_name(&s["query"]["path"]) == clip).unwrap();
    scanned.get("by_way_of").map(file_name)
}

#[test]
fn a_clip_again_is_spared_a_look_and_its_match_is_its_own() {
    let outcome = place().scan(&CLIPS).expect(1);
    assert_eq!(by_way_of(&outcome, "clip.wav"), None);
    assert_eq!(by_way_of(&outcome, "clip-again.wav").as_deref(), Some("clip.wav"));
    assert_eq!(outcome.matched("clip-again.wav"), ["main-theme.ogg"]);
    let matches = outcome.all("match");
    let begin = |clip: &str| {
        let of_clip = |m: &&Value| file_name(&m["query"]["path"]) == clip;
        let m = matches.iter().find(of_clip).unwrap();
        m["segments"][0]["db_begin_time_offset_ms"].as_i64().unwrap()
            - m["segments"][0]["sample_begin_time_offset_ms"].as_i64().unwrap()
    };
    // It lacks 0.15 s at its beginning.
    assert!((begin("clip-again.wav") - begin("clip.wav") - 150).abs() <= 20);
    assert_eq!(by_way_of(&outcome, "stranger-again.wav").as_deref(), Some("stranger.wav"));
    assert!(outcome.matched("stranger-again.wav").is_empty());
}

#[test]
fn a_clip_with_more_in_it_is_looked_up_by_itself() {
    let outcome = place().scan(&CLIPS).expect(1);
    for clip in ["stranger-with-an-end.wav", "stranger-over-clip.wav"] {
        assert_eq!(by_way_of(&outcome, clip), None, "{clip}");
        assert_eq!(outcome.matched(clip), ["main-theme.ogg"], "{clip}");
    }
}

#[test]
fn who_is_spared_does_not_depend_on_threads_and_is_told_in_words() {
    let place = place();
    let spared = |threads: &str| {
        let outcome = place.scan(&[&CLIPS[..], &["--threads", threads]].concat()).expect(1);
        CLIPS.map(|clip| (by_way_of(&outcome, clip), outcome.matched(clip)))
    };
    assert_eq!(spared("1"), spared("2"));
    let args = [&["scan", "--index", "index"], &CLIPS[..]].concat();
    let text = place.run(&args).expect(1).stdout;
    assert!(
        text.contains("the same sound as stranger.wav, which was looked up for both"),
        "{text}"
    );
    // Who wants to see what lies below the line sees that of each.
    let outcome = place.scan(&[&CLIPS[..], &["--min-level", "candidate"]].concat()).expect(1);
    assert!(CLIPS.iter().all(|clip| by_way_of(&outcome, clip).is_none()));
}
