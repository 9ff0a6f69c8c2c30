//! The melody of whole clips.

use std::path::Path;

use super::*;
use crate::audio::{DecodeOptions, decode_file};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/");

fn decoded(clip: &str, seconds: usize) -> Vec<f32> {
    let mut samples = Vec::new();
    let path = Path::new(DATA).join(clip);
    decode_file(&path, &DecodeOptions::default(), &mut |piece| samples.extend(piece)).unwrap();
    samples.truncate(seconds * 16_000);
    samples
}

fn rows(table: &str) -> Vec<[f32; 3]> {
    let text = std::fs::read_to_string(Path::new(DATA).join(table)).unwrap();
    let row = |line: &str| {
        let fields: Vec<f32> = line.split('\t').map(|f| f.parse().unwrap()).collect();
        fields.try_into().unwrap()
    };
    text.lines().map(row).collect()
}

fn frames_of(samples: &[f32]) -> Vec<Frame> {
    let mut posteriorgram = Posteriorgram::new();
    let mut frames = posteriorgram.push(samples);
    frames.extend(posteriorgram.finish());
    frames
}

/// What ONNX Runtime makes of the original network and the clips at 22.05 kHz.
#[test]
fn notes_agree_with_the_original() {
    for (clip, seconds, table) in [
        ("performances/player-a.ogg", 14, "melody/player-a.tsv"),
        ("demo/references/main-theme.ogg", 12, "melody/main-theme.tsv"),
    ] {
        let frames = frames_of(&decoded(clip, seconds));
        assert_eq!(frames.len(), seconds * FRAME_RATE, "{clip}");
        let expected = rows(table);
        let ours = |row: &[f32; 3]| frames[row[0] as usize].notes[row[1] as usize - 21];
        let errors: Vec<f32> = expected.iter().map(|r| (ours(r) - r[2] / 100.0).abs()).collect();
        let mean = errors.iter().sum::<f32>() / errors.len() as f32;
        let worst = errors.iter().copied().fold(0.0, f32::max);
        assert!(mean < 0.04 && worst < 0.2, "{clip}: {mean} {worst}");
        // And nothing else sounds.
        for (t, frame) in frames.iter().enumerate() {
            for (n, likelihood) in frame.notes.iter().enumerate() {
                let listed = |row: &[f32; 3]| row[0] as usize == t && row[1] as usize == n + 21;
                assert!(*likelihood < 0.4 || expected.iter().any(listed), "{clip}: {t} {n}");
            }
        }
    }
}

/// A tune over chords, both on the piano, as it was composed. The highest pitch finds 70 %.
#[test]
fn the_tune_is_told_from_its_chords() {
    let voices = melody(&decoded("performances/player-a.ogg", 14));
    let (mut right, mut all) = (0, 0);
    for [begin, end, pitch] in rows("melody/player-a-tune.tsv") {
        // Frames that the note fills.
        for voice in &voices[(begin * 8.0).ceil() as usize..(end * 8.0) as usize] {
            all += 1;
            right += usize::from(voice.pitch.map(|heard| heard % 12) == Some(pitch as u8 % 12));
        }
    }
    assert!(all > 50 && right * 20 >= all * 17, "{right} of {all}");
}

#[test]
fn the_result_does_not_depend_on_the_pieces() {
    let samples = decoded("demo/references/main-theme.ogg", 25);
    let whole = melody(&samples);
    // Longer than a block, so that frames are given up on the way.
    let long: Vec<f32> = samples.iter().chain(&samples).copied().collect();
    let whole_long = melody(&long);
    for (samples, whole) in [(&samples, &whole), (&long, &whole_long)] {
        let mut melody = Melody::new();
        for piece in samples.chunks(4_321) {
            melody.push(piece);
        }
        assert_eq!(&melody.finish(), whole);
    }
    assert_eq!(whole_long.len(), 400);
}

/// The same bits on every machine: a change here is a change of what is stored.
#[test]
fn the_bits_are_the_same_everywhere() {
    let tone = |i: usize, hz: f64| arithmetic::sin_cos(hz * i as f64 / 16_000.0).0;
    let samples: Vec<f32> = (0..48_000)
        .map(|i| (0.3 * tone(i, 440.0) + 0.2 * tone(i, 261.6) + 0.1 * tone(i, 880.0)) as f32)
        .collect();
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for frame in frames_of(&samples) {
        for value in frame.notes.iter().chain(&frame.levels).chain(&frame.harmonics) {
            for byte in value.to_bits().to_le_bytes() {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
    }
    assert_eq!(hash, 0xb484_384e_94a8_fe60, "{hash:#x}");
}

#[test]
fn nothing_and_silence_have_no_tune() {
    assert_eq!(melody(&[]), []);
    assert_eq!(melody(&[0.5]).len(), 1);
    for seconds in [1, 40] {
        let voices = melody(&vec![0.0; seconds * 16_000]);
        assert_eq!(voices.len(), seconds * FRAME_RATE);
        assert!(voices.iter().all(|voice| voice.pitch.is_none() && voice.confidence == 0.0));
    }
}
