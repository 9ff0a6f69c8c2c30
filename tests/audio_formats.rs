//! Every supported format gives the same signal, and every bad file gives the right error.
//!
//! The fixtures are described in `tests/data/formats/README.md`.

// Helpers may unwrap like the tests they serve: a panic here is the report.
#![allow(clippy::unwrap_used)]

#[path = "audio_formats/joined.rs"]
mod joined;
#[path = "audio_formats/made.rs"]
mod made;
#[path = "audio_formats/table.rs"]
mod table;
#[path = "../src/test_random.rs"]
mod test_random;

use std::path::{Path, PathBuf};
use std::time::Duration;

use soundalike::audio::{AudioError, AudioInfo, DecodeOptions, decode_bytes, decode_file};
use test_random::Random;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/formats").join(name)
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(fixture(name)).unwrap()
}

fn decode(name: &str, bytes: &[u8]) -> Result<(AudioInfo, Vec<f32>), AudioError> {
    let mut samples = Vec::new();
    let mut sink = |chunk: &[f32]| samples.extend_from_slice(chunk);
    let info = decode_bytes(name, bytes, &DecodeOptions::default(), &mut sink)?;
    Ok((info, samples))
}

fn error_of(name: &str, bytes: &[u8]) -> AudioError {
    let error = decode(name, bytes).unwrap_err();
    assert!(error.to_string().contains(name), "{error}");
    error
}

/// Best normalised correlation of `a` with `b` over shifts up to 80 ms, and that shift.
fn correlate(a: &[f32], b: &[f32]) -> (f64, i64) {
    const SHIFT: usize = 1_280;
    let window = (a.len().min(b.len()) - 100).saturating_sub(2 * SHIFT).clamp(1_200, 6_000);
    let start = SHIFT.min((a.len() - window) / 2);
    let a = &a[start..start + window];
    let power = |x: &[f32]| x.iter().map(|s| f64::from(s * s)).sum::<f64>();
    let mut best = (0.0f64, 0);
    for from in 0..(start + SHIFT).min(b.len() - window) {
        let b = &b[from..from + window];
        let cross: f32 = a.iter().zip(b).map(|(x, y)| x * y).sum();
        let value = f64::from(cross) / (power(a) * power(b)).sqrt().max(1e-12);
        if value.abs() > best.0.abs() {
            best = (value, from as i64 - start as i64);
        }
    }
    best
}

struct Case {
    file: &'static str,
    codec: &'static str,
    seconds: f64,
    /// Lowest correlation with the reference.
    similar: f64,
    /// Largest shift against the reference, in analysis samples.
    shift: i64,
}

const fn case(
    file: &'static str,
    codec: &'static str,
    seconds: f64,
    similar: f64,
    shift: i64,
) -> Case {
    Case { file, codec, seconds, similar, shift }
}

const CASES: &[Case] = &[
    case("lame.mp3", "mp3", 2.0, 0.97, 1),
    case("bare.mp3", "mp3", 2.0, 0.95, 1_280),
    case("aac.m4a", "aac", 2.0, 0.97, 1_280),
    case("adts.aac", "aac", 2.0, 0.97, 1_280),
    case("alac.m4a", "alac", 2.0, 0.99, 1),
    case("flac.flac", "flac", 2.0, 0.99, 1),
    case("vorbis.ogg", "vorbis", 2.0, 0.95, 1),
    case("u8_8k.wav", "pcm_u8", 2.0, 0.9, 1),
    case("s24_96k.wav", "pcm_s24le", 0.25, 0.97, 1),
    case("f32_11k.wav", "pcm_f32le", 0.5, 0.95, 1),
    case("s32_11k.wav", "pcm_s32le", 0.5, 0.95, 1),
    case("s16.aiff", "pcm_s16be", 2.0, 0.95, 1),
    case("s16.caf", "pcm_s16be", 1.0, 0.95, 1),
    case("surround51.wav", "pcm_s16le", 0.5, 0.9, 1),
    case("opus.opus", "opus", 2.0, 0.85, 2),
];

#[test]
fn every_format_gives_the_same_signal() {
    let (_, reference) = decode("reference.wav", &bytes("reference.wav")).unwrap();
    for case in CASES {
        let mut samples = Vec::new();
        let info = decode_file(&fixture(case.file), &DecodeOptions::default(), &mut |chunk| {
            samples.extend_from_slice(chunk);
        })
        .unwrap();
        let name = case.file;
        assert_eq!(info.codec, case.codec, "{name}");
        assert_eq!(info.damaged_packets, 0, "{name}");
        assert!(!info.truncated, "{name}: {info:?}");
        assert_eq!(info.duration_ms, samples.len() as u64 / 16, "{name}");
        let off = info.duration_ms as f64 / 1000.0 - case.seconds;
        // Codecs without gapless information keep their priming samples.
        let slack = if case.shift > 2 { 0.2 } else { 0.002 };
        assert!(off.abs() < slack, "{name}: {off} s too long");
        let (similar, shift) = correlate(&samples, &reference);
        assert!(similar > case.similar, "{name}: correlation {similar} at {shift}");
        assert!(shift.abs() <= case.shift, "{name}: shifted by {shift} samples");
    }
}

#[test]
fn tags_come_along() {
    let tags = |name| decode(name, &bytes(name)).unwrap().0.tags;
    for name in ["lame.mp3", "aac.m4a", "flac.flac", "vorbis.ogg"] {
        let tags = tags(name);
        assert_eq!(tags.title.as_deref(), Some("Funky Sax"), "{name}");
        assert_eq!(tags.artists, ["Riffusion"], "{name}");
        assert_eq!(tags.album.as_deref(), Some("Fixtures"), "{name}");
        if name != "aac.m4a" {
            assert_eq!(tags.isrc.as_deref(), Some("USABC2300001"), "{name}");
        }
    }
    assert_eq!(tags("flac.flac").label.as_deref(), Some("Test Label"));
    assert_eq!(tags("flac.flac").upc.as_deref(), Some("0123456789012"));
    assert_eq!(tags("lame.mp3").label.as_deref(), Some("Test Label"));
}

#[test]
fn the_name_does_not_matter() {
    let (_, plain) = decode("flac.flac", &bytes("flac.flac")).unwrap();
    for name in ["song.mp3", "song", "song.txt", ""] {
        let (info, samples) = decode(name, &bytes("flac.flac")).unwrap();
        assert_eq!(info.codec, "flac");
        assert_eq!(samples, plain);
    }
    assert_eq!(decode("noext", &bytes("lame.mp3")).unwrap().0.codec, "mp3");
    // Junk before the first frame, as streamed recordings have it.
    let mut junk = b"some station banner\r\n\r\n".repeat(20);
    junk.extend(bytes("bare.mp3"));
    assert_eq!(decode("stream.mp3", &junk).unwrap().0.codec, "mp3");
}

#[test]
fn truncated_files_give_what_is_there() {
    for name in ["lame.mp3", "flac.flac", "vorbis.ogg", "reference.wav", "s16.aiff"] {
        let whole = bytes(name);
        let (info, _) = decode(name, &whole[..whole.len() * 6 / 10]).unwrap();
        assert!((800..1_600).contains(&info.duration_ms), "{name}: {info:?}");
        // Ogg keeps its length in its last page, which is gone.
        assert!(info.truncated || name == "vorbis.ogg", "{name}: {info:?}");
    }
}

#[test]
fn damage_costs_the_damaged_packet_only() {
    for name in ["lame.mp3", "flac.flac"] {
        let mut damaged = bytes(name);
        let middle = damaged.len() / 2;
        damaged[middle..middle + 64].fill(0x55);
        let (info, samples) = decode(name, &damaged).unwrap();
        let (before, clean) = decode(name, &bytes(name)).unwrap();
        assert!(before.duration_ms - info.duration_ms < 400, "{name}: {info:?}");
        let (similar, _) = correlate(&samples, &clean);
        assert!(similar > 0.99, "{name}: {similar}");
    }
}

#[test]
fn what_is_no_audio_is_called_so() {
    let text = "FF FB is a sync word, this is prose.\n".repeat(400);
    let noise = noise(0, 300_000);
    let mut binary = vec![0u8; 50_000];
    binary[10_000..10_004].copy_from_slice(&[0xff, 0xfb, 0x90, 0x64]);
    for content in [text.as_bytes(), &noise, &binary, b"x", &bytes("README.md")] {
        let error = error_of("text.mp3", content);
        assert!(matches!(error.code(), "not_audio" | "unsupported_codec"), "{error}");
    }
    let error = error_of("text.mp3", text.as_bytes());
    assert_eq!(error.code(), "not_audio");
    assert_eq!(
        error.to_string(),
        "text.mp3 is not an audio file: its content is no known audio format"
    );
}

#[test]
fn errors_name_file_and_cause() {
    assert_eq!(error_of("nothing.wav", b"").code(), "empty");
    let cut = error_of("nothing.wav", &bytes("reference.wav")[..44]);
    assert_eq!(cut.code(), "decode_failed");
    assert!(cut.to_string().contains("the file ends within its sound (data)"), "{cut}");
    let open = |path: &Path| decode_file(path, &DecodeOptions::default(), &mut |_| {}).unwrap_err();
    let missing = open(Path::new("/no/such/file.mp3"));
    assert_eq!(missing.code(), "io_error");
    assert!(missing.to_string().starts_with("cannot read /no/such/file.mp3: "), "{missing}");
    assert_eq!(open(&fixture("")).code(), "io_error");
    let mut garbled = bytes("flac.flac");
    let audio = garbled.len() - 50_000;
    for (byte, noise) in garbled[audio..].iter_mut().zip(noise(5, 50_000)) {
        *byte = noise;
    }
    assert!(["decode_failed", "empty"].contains(&error_of("garbled.flac", &garbled).code()));
}

#[test]
fn limits_hold() {
    let run = |options: DecodeOptions| {
        let mut count = 0;
        let result = decode_bytes("x", bytes("reference.wav"), &options, &mut |c| count += c.len());
        (result, count)
    };
    let second = Duration::from_secs(1);
    let (info, count) = run(DecodeOptions { max_duration: second, ..DecodeOptions::default() });
    assert_eq!(count, 16_000);
    assert!(info.unwrap().capped);
    let (error, _) = run(DecodeOptions { timeout: Duration::ZERO, ..DecodeOptions::default() });
    assert_eq!(error.unwrap_err().code(), "timeout");
    let (info, _) = run(DecodeOptions {
        max_duration: Duration::MAX,
        timeout: Duration::MAX,
        ..DecodeOptions::default()
    });
    assert!(!info.unwrap().truncated);
}

#[test]
fn a_panic_in_the_sink_is_contained() {
    let mut sink = |_: &[f32]| panic!("sink");
    let result = decode_bytes("x.wav", bytes("u8_8k.wav"), &DecodeOptions::default(), &mut sink);
    assert_eq!(result.unwrap_err().code(), "internal_error");
}

#[test]
fn a_length_header_cannot_hide_the_song() {
    let mut lying = bytes("lame.mp3");
    let at = lying.windows(4).position(|w| w == b"Xing" || w == b"Info").unwrap() + 8;
    lying[at..at + 4].copy_from_slice(&3u32.to_be_bytes());
    let (info, _) = decode("lying.mp3", &lying).unwrap();
    assert!(info.duration_ms > 1_800, "{info:?}");
}

#[test]
fn chained_ogg_goes_on() {
    let mut chained = bytes("vorbis.ogg");
    chained.extend(bytes("vorbis.ogg"));
    let (info, samples) = decode("chained.ogg", &chained).unwrap();
    assert_eq!(info.duration_ms, 4_000, "{info:?}");
    let (similar, shift) = correlate(&samples[..32_000], &samples[32_000..]);
    assert!(similar > 0.9999 && shift == 0, "{similar} at {shift}");
}

#[test]
fn a_false_header_is_no_change_of_the_stream() {
    let mut file = bytes("bare.mp3");
    let frames: Vec<usize> = made::mp3_frames(&file).iter().map(|frame| frame.len()).collect();
    let at: usize = frames[..20].iter().sum();
    // One frame says mono.
    file[at + 3] |= 0xc0;
    let (info, _) = decode("one_mono.mp3", &file).unwrap();
    assert_eq!(info.damaged_packets, 1);
    let (whole, _) = decode("bare.mp3", &bytes("bare.mp3")).unwrap();
    assert_eq!(info.duration_ms, whole.duration_ms);
}

#[test]
fn joined_streams_keep_their_offsets() {
    let (_, first) = decode("bare.mp3", &bytes("bare.mp3")).unwrap();
    let (_, second) = decode("mono.mp3", &bytes("mono.mp3")).unwrap();
    let joined = [bytes("bare.mp3"), bytes("mono.mp3")].concat();
    let (info, samples) = decode("joined.mp3", &joined).unwrap();
    assert_eq!(info.damaged_packets, 0);
    assert!(samples.len().abs_diff(first.len() + second.len()) < 1_600, "{info:?}");
    let (similar, shift) = correlate(&samples[first.len()..], &second);
    assert!(similar > 0.99 && shift.abs() < 800, "{similar} at {shift}");
}

#[test]
fn silence_in_front_does_not_hide_the_music() {
    let (info, samples) = decode("two.m4a", &bytes("two_tracks.m4a")).unwrap();
    assert_eq!((info.audio_tracks, info.audio_track), (2, 2));
    let (_, reference) = decode("reference.wav", &bytes("reference.wav")).unwrap();
    assert!(correlate(&samples, &reference).0 > 0.95);
}

#[test]
fn the_default_track_comes_first() {
    let stream = bytes("bare.mp3");
    for default in [0, 1] {
        let track = |i| made::Track {
            frames: made::mp3_frames(&stream),
            default: i == default,
            packing: made::Packing::None,
        };
        let (info, _) = decode("two.mka", &made::matroska(&[track(0), track(1)])).unwrap();
        assert_eq!((info.audio_tracks, info.audio_track), (2, default + 1));
    }
}

#[test]
fn a_giant_cover_does_no_harm() {
    let size = 5usize << 20;
    let mut file = b"ID3\x03\x00\x00".to_vec();
    file.extend([21, 14, 7, 0].map(|shift| ((size + 10) >> shift & 0x7f) as u8));
    file.extend(b"APIC");
    file.extend((size as u32).to_be_bytes());
    file.extend([0, 0]);
    file.extend(b"\0image/png\0\x03\0");
    file.resize(20 + size, 0xff);
    file.extend(bytes("bare.mp3"));
    let (info, _) = decode("cover.mp3", &file).unwrap();
    assert!((1_900..2_200).contains(&info.duration_ms), "{info:?}");
}

/// A WAV file of `samples` (interleaved, 16-bit).
fn wav(rate: u32, channels: u16, samples: &[i16]) -> Vec<u8> {
    let mut file = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0".to_vec();
    file.extend(channels.to_le_bytes());
    file.extend(rate.to_le_bytes());
    file.extend((rate * u32::from(channels) * 2).to_le_bytes());
    file.extend((channels * 2).to_le_bytes());
    file.extend(b"\x10\0data\xff\xff\xff\xff");
    file.extend(samples.iter().flat_map(|s| s.to_le_bytes()));
    file
}

#[test]
fn rates_and_channel_counts_from_telephone_to_studio() {
    for (rate, channels) in [(8_000, 1), (11_025, 2), (44_056, 2), (176_400, 8), (192_000, 8)] {
        let tone = |n: u32| (f64::from(n) / f64::from(rate) * 700.0 * std::f64::consts::TAU).sin();
        let samples: Vec<i16> = (0..rate)
            .flat_map(|n| std::iter::repeat_n((8_000.0 * tone(n)) as i16, channels.into()))
            .collect();
        // The header has no length, as when a program writes into a pipe.
        let (info, samples) = decode("pipe.wav", &wav(rate, channels, &samples)).unwrap();
        assert_eq!((info.sample_rate, info.channels), (rate, channels));
        assert_eq!(samples.len(), 16_000, "{rate} Hz");
        assert!(!info.truncated, "{info:?}");
        let peak = samples.iter().fold(0.0f32, |peak, s| peak.max(s.abs()));
        assert!((0.23..0.26).contains(&peak), "{rate} Hz, {channels} channels: peak {peak}");
    }
}

#[test]
fn an_inverted_channel_does_not_cancel() {
    let reference = bytes("reference.wav");
    let stereo: Vec<i16> =
        reference[44..].as_chunks::<2>().0.iter().map(|&b| i16::from_le_bytes(b)).collect();
    let mut attacked = stereo.clone();
    for sample in attacked.iter_mut().skip(1).step_by(2) {
        *sample = sample.saturating_neg();
    }
    let (_, original) = decode("original", &wav(22_050, 2, &stereo)).unwrap();
    let (_, attacked) = decode("attacked", &wav(22_050, 2, &attacked)).unwrap();
    let (similar, shift) = correlate(&attacked, &original);
    assert!(similar.abs() > 0.999 && shift == 0, "{similar} at {shift}");
}

/// Deterministic noise.
fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut random = Random::new(seed);
    (0..len).map(|_| random.bits() as u8).collect()
}

/// Damages `file` in one of several ways, chosen by `seed`.
fn mutate(mut file: Vec<u8>, seed: u64) -> Vec<u8> {
    let dice = noise(seed, 64);
    let number = |i: usize| usize::from(dice[i]) << 8 | usize::from(dice[i + 1]);
    let len = file.len();
    let span = if dice[0] & 1 == 0 { 512.min(len) } else { len };
    match dice[1] % 4 {
        0 => file.truncate(number(2) * len / 65_536),
        1 => {
            (0..4).for_each(|i| file[number(4 + 2 * i) * span / 65_536] ^= 1 << (dice[20 + i] % 8))
        }
        2 => (0..12).for_each(|i| file[number(4 + 2 * i) * span / 65_536] = dice[40 + i]),
        _ => {
            let from = number(2) * len / 65_536;
            let to = (from + number(4) % 3_000).min(len);
            file.drain(from..to);
        }
    }
    file
}

/// More cases: `SOUNDALIKE_MUTANTS=500 cargo test --release mutants`.
#[test]
fn mutants_never_panic() {
    let count = std::env::var("SOUNDALIKE_MUTANTS").ok().and_then(|n| n.parse().ok()).unwrap_or(12);
    let options = DecodeOptions { timeout: Duration::from_secs(60), ..DecodeOptions::default() };
    let more = ["aac51.aac", "aac51.m4a", "ima4.aifc", "layer2.mp2", "opus.mp4", "opus.webm"];
    let more = more.into_iter().chain(["opus51.opus", "speech.opus", "two_tracks.m4a"]);
    for (i, file) in CASES.iter().map(|case| case.file).chain(more).enumerate() {
        let original = bytes(file);
        for seed in 0..count {
            let mutant = mutate(original.clone(), seed * 1_000 + i as u64);
            let mut sane = true;
            let mut sink = |chunk: &[f32]| sane &= chunk.iter().all(|s| s.is_finite());
            if let Err(error) = decode_bytes(file, &mutant, &options, &mut sink) {
                let code = error.code();
                assert!(!["internal_error", "timeout"].contains(&code), "seed {seed}: {error}");
            }
            assert!(sane, "{file}: seed {seed} gives samples that are no numbers");
        }
    }
}
