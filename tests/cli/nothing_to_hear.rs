//! Sounds that are no music: silence, tones, noise and clicks match nothing.

use std::f64::consts::TAU;

use serde_json::Value;

use crate::place::Place;
use crate::test_random::Random;

const RATE: u32 = 16_000;
const SECONDS: usize = 12;

/// A mono 16-bit WAV file.
fn wav(sample: impl FnMut(usize) -> f64) -> Vec<u8> {
    let samples: Vec<i16> =
        (0..SECONDS * RATE as usize).map(sample).map(|s| (s * 32_000.0) as i16).collect();
    let size = 2 * samples.len() as u32;
    let mut bytes = Vec::new();
    bytes.extend(b"RIFF");
    bytes.extend((36 + size).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16u32.to_le_bytes());
    bytes.extend([1u16, 1].map(u16::to_le_bytes).concat());
    bytes.extend([RATE, 2 * RATE].map(u32::to_le_bytes).concat());
    bytes.extend([2u16, 16].map(u16::to_le_bytes).concat());
    bytes.extend(b"data");
    bytes.extend(size.to_le_bytes());
    bytes.extend(samples.into_iter().flat_map(i16::to_le_bytes));
    bytes
}

fn silence() -> Vec<u8> {
    wav(|_| 0.0)
}

fn tone(hertz: f64) -> Vec<u8> {
    wav(move |i| 0.5 * (TAU * hertz * i as f64 / f64::from(RATE)).sin())
}

fn noise(seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    wav(move |_| random.unit() - 0.5)
}

/// Single-sample clicks at random times, about four a second.
fn clicks(seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    wav(move |_| if random.unit() < 4.0 / f64::from(RATE) { 0.9 } else { 0.0 })
}

#[test]
fn silence_and_a_steady_tone_are_not_indexed_and_said_to_be_so() {
    let place = Place::empty();
    place.write("silence.wav", silence());
    place.write("tone.wav", tone(440.0));
    let args = ["index", "add", "--index", "index", "--format", "jsonl"];
    let outcome = place.run(&[&args[..], &["silence.wav", "tone.wav"]].concat()).expect(0);
    let codes: Vec<Value> = outcome.all("error").iter().map(|e| e["code"].clone()).collect();
    assert_eq!(codes, ["no_features", "no_features"]);
    let added = outcome.one("index_add");
    assert_eq!((&added["added"], &added["featureless"]), (&0.into(), &2.into()));
    let scan = place.scan(&["silence.wav", "tone.wav"]).expect(0);
    assert!(scan.all("scanned").iter().all(|s| s["result"] == "no_features"), "{}", scan.stdout);
}

#[test]
fn noise_tones_and_clicks_match_neither_music_nor_each_other() {
    let place = Place::demo();
    for (folder, seed, hertz) in [("known", 11, 440.0), ("new", 22, 523.25)] {
        std::fs::create_dir(place.path(folder)).unwrap();
        place.write(&format!("{folder}/silence.wav"), silence());
        place.write(&format!("{folder}/tone.wav"), tone(hertz));
        place.write(&format!("{folder}/noise.wav"), noise(seed));
        place.write(&format!("{folder}/clicks.wav"), clicks(seed));
    }
    place.add(&["known", "references"]);
    let outcome = place.scan(&["new"]).expect(0);
    assert!(outcome.all("match").is_empty());
    assert_eq!(outcome.one("summary")["scanned"], 4);
    // Nor does music match them.
    let outcome = place.scan(&["incoming/funky-sax.mp3", "incoming/void-sensor.ogg"]).expect(0);
    assert!(outcome.all("match").is_empty());
}

#[test]
fn clip_too_short_for_a_fingerprint_is_no_error() {
    let place = Place::indexed(&["zalek"]);
    // A tenth of a second of noise.
    let mut bytes = noise(3);
    bytes.truncate(44 + RATE as usize / 5);
    place.write("short.wav", bytes);
    let outcome = place.scan(&["short.wav"]).expect(0);
    assert_ne!(outcome.one("scanned")["result"], "matched");
}
