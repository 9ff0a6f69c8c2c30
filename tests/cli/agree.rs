//! What two commands say of one match or one delivery must be the same.

use serde_json::{Value, json};

use crate::material::put;
use crate::place::Place;

#[test]
fn a_duo_delivered_again_is_one_artist_credit() {
    let place = Place::indexed(&["zalek"]);
    let table =
        |file: &str| format!("file,title,artists,account\n{file},Main Theme,\"Ann; Bob\",acme\n");
    std::fs::create_dir_all(place.path("queue/one")).unwrap();
    place.copy("references/main-theme.ogg", "queue/one/first.ogg");
    place.write("queue/one/batch.csv", table("first.ogg"));
    let watch = ["watch", "queue", "--index", "index", "--out", "results", "--keep", "kept"];
    place.run(&[&watch[..], &["--once", "--settle", "0", "--exit-zero"]].concat()).expect(0);
    // The same recording, encoded anew, by the same two.
    put(&place, "anew.wav", "again.wav");
    place.write("again.csv", table("again.wav"));
    let again = place.run(&[
        "scan",
        "again.csv",
        "--index",
        "index",
        "--earlier",
        "kept",
        "--format",
        "jsonl",
    ]);
    let cluster = again.one("cluster");
    assert_eq!(cluster["identity"]["artists"], 1, "{cluster}");
    let credits: Vec<&Value> =
        cluster["member_details"].as_array().unwrap().iter().map(|m| &m["artists"]).collect();
    assert_eq!(credits, [&json!(["Ann", "Bob"]), &json!(["Ann", "Bob"])]);
}
