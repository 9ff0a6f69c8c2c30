//! `soundalike eval`, as far as it needs no ffmpeg.

use serde_json::Value;

use crate::place::Place;

const ARGS: [&str; 8] =
    ["eval", "references", "--lengths", "5", "--queries", "4", "--only", "clean,arrange,speed"];

#[test]
fn the_table_has_a_column_for_tempo_and_pitch_and_a_line_for_either_track() {
    let place = Place::demo();
    let text = place.run(&ARGS).expect(0).stdout;
    let head = text.lines().find(|l| l.starts_with("degradation")).unwrap();
    assert!(head.contains("tempo") && head.contains("pitch"), "{head}");
    let row = |name: &str| text.lines().find(|l| l.starts_with(name)).unwrap();
    assert!(row("speed +25 %").contains("[") && row("clean excerpt").contains(" - "), "{text}");
    assert!(text.contains("of these, the first track"), "{text}");
    assert!(text.contains("note: loop of 8 s, for 30 s: left out"), "{text}");
}

#[test]
fn records_say_how_many_right_answers_there_were() {
    let place = Place::demo();
    let lines = place.run(&[&ARGS[..], &["--format", "jsonl"]].concat()).expect(0).stdout;
    let rows: Vec<Value> = lines
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .filter(|v: &Value| v["type"] == "eval_row")
        .collect();
    let row = |name: &str| rows.iter().find(|r| r["degradation"] == name).unwrap();
    let number = |name: &str, field: &str| row(name)[field].as_u64().unwrap();
    let joined = "two tracks joined";
    assert_eq!(number(joined, "parts"), 2 * number(joined, "queries"));
    assert_eq!(row(joined)["accepted_by_part"].as_array().unwrap().len(), 2);
    assert_eq!(number("clean excerpt", "parts"), number("clean excerpt", "queries"));
    assert!(row("clean excerpt")["tempo_right"].is_null());
    assert!(number("speed -20 %", "tempo_right") <= number("speed -20 %", "accepted"));
}
