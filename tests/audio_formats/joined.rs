//! Files joined end to end, files cut off, and streams in files that claim to hold samples: nothing is left out in
//! silence.

use super::made::{
    Packing, Pcm, Track, faststart, matroska, mp3_frames, mpeg_in_wav, samples_in_wav,
};
use super::{bytes, correlate, decode, error_of, noise};

/// Two files, joined: both are heard, one behind the other.
fn assert_joined(name: &str, first: &[u8], second: &[u8]) {
    let (_, one) = decode(name, first).unwrap();
    let (_, two) = decode(name, second).unwrap();
    let (info, samples) = decode(name, &[first, second].concat()).unwrap();
    assert!(!info.truncated && info.incomplete.is_none(), "{name}: {info:?}");
    assert_eq!(info.damaged_packets, 0, "{name}");
    let off = samples.len().abs_diff(one.len() + two.len());
    assert!(off < 800, "{name}: {off} samples too many or too few");
    for (part, alone) in [(&samples[..one.len()], &one), (&samples[one.len()..], &two)] {
        let (similar, shift) = correlate(part, alone);
        assert!(similar > 0.97 && shift.abs() < 800, "{name}: {similar} at {shift}");
    }
}

fn mka() -> Vec<u8> {
    let stream = bytes("bare.mp3");
    matroska(&[Track { frames: mp3_frames(&stream), default: true, packing: Packing::None }])
}

#[test]
fn of_joined_files_all_are_heard() {
    for name in ["flac.flac", "reference.wav", "s16.aiff", "s16.caf", "aac.m4a", "opus.webm"] {
        assert_joined(name, &bytes(name), &bytes(name));
    }
    for name in ["vorbis.ogg", "opus.opus", "adts.aac", "bare.mp3"] {
        assert_joined(name, &bytes(name), &bytes(name));
    }
    assert_joined("joined.mka", &mka(), &mka());
}

#[test]
fn joined_files_may_differ_in_rate_channels_and_format() {
    for (first, second) in [
        ("reference.wav", "s24_96k.wav"),
        ("u8_8k.wav", "surround51.wav"),
        ("vorbis.ogg", "opus.opus"),
        ("aac.m4a", "alac.m4a"),
        ("adts.aac", "aac51.aac"),
        ("aac51.aac", "adts.aac"),
        ("flac.flac", "reference.wav"),
        ("reference.wav", "flac.flac"),
        ("flac.flac", "lame.mp3"),
        ("bare.mp3", "flac.flac"),
        ("aac.m4a", "bare.mp3"),
        ("s16.caf", "vorbis.ogg"),
        ("reference.wav", "aac.m4a"),
        ("reference.wav", "lame.mp3"),
    ] {
        assert_joined(&format!("{first} and {second}"), &bytes(first), &bytes(second));
    }
}

#[test]
fn tags_between_joined_files_cost_nothing() {
    let id3v1 = [&b"TAG"[..], &[0; 125]].concat();
    let id3v2 = [&b"ID3\x04\0\0\0\0\x01\0"[..], &[0; 128]].concat();
    let flac = bytes("flac.flac");
    assert_joined("tagged.flac", &[&flac[..], &id3v1].concat(), &[&id3v2[..], &flac].concat());
}

#[test]
fn a_joined_file_that_cannot_be_decoded_is_told() {
    let mut damaged = bytes("flac.flac");
    let audio = damaged.len() - 50_000;
    damaged[audio..].copy_from_slice(&noise(3, 50_000));
    let joined = [bytes("reference.wav"), damaged].concat();
    let (info, _) = decode("joined.wav", &joined).unwrap();
    assert!((2_000..2_100).contains(&info.duration_ms), "{info:?}");
    assert!(info.truncated);
    let reason = info.incomplete.unwrap();
    assert!(reason.contains("joined to it at 2.0 s is not heard"), "{reason}");
}

#[test]
fn what_is_left_of_a_cut_file_is_heard_and_the_cut_is_told() {
    let fast = faststart(&bytes("aac.m4a"));
    let (whole, _) = decode("fast.m4a", &fast).unwrap();
    assert!(!whole.truncated && whole.duration_ms > 1_900, "{whole:?}");
    let cases = [
        ("fast.m4a", fast, "its sound (mdat)"),
        ("cut.mka", mka(), "its sound (Cluster)"),
        ("cut.webm", bytes("opus.webm"), "its sound (Cluster)"),
        ("cut.ogg", bytes("vorbis.ogg"), "a page of its sound"),
        ("cut.caf", bytes("s16.caf"), "its sound"),
    ];
    for (name, whole, place) in cases {
        let (before, all) = decode(name, &whole).unwrap();
        for part in [70, 90, 98] {
            let (info, samples) = decode(name, &whole[..whole.len() * part / 100]).unwrap();
            assert!(info.truncated, "{name} {part}: {info:?}");
            let reason = info.incomplete.unwrap();
            assert!(reason.contains("ends within") && reason.contains(place), "{name}: {reason}");
            assert!(info.duration_ms < before.duration_ms, "{name} {part}");
            if samples.len() > 8_000 {
                assert!(correlate(&samples, &all).0 > 0.99, "{name} {part}");
            }
        }
    }
}

/// However little is missing of a file whose header counts its sound, it is told; of a whole one nothing is.
#[test]
fn an_end_that_is_missing_is_told_by_what_the_header_counts() {
    let pcm = Pcm::of(&bytes("reference.wav"));
    let cases = [
        ("cut.wav", pcm.wav(), 0.5, "within its sound (data)"),
        ("cut24.wav", bytes("s24_96k.wav"), 0.5, "within its sound (data)"),
        ("cut_rf64.wav", pcm.rf64(b"RF64"), 0.5, "within its sound (data)"),
        ("cut_rifx.wav", pcm.rifx(), 0.5, "within its sound (data)"),
        ("cut_many.wav", pcm.spread(18).wav(), 0.5, "within its sound (data)"),
        ("cut.w64", pcm.wave64(|n| n), 0.5, "within its sound (data)"),
        ("cut.aiff", bytes("s16.aiff"), 0.5, "within its sound (SSND)"),
        ("cut.aifc", bytes("ima4.aifc"), 1.0, "within its sound (SSND)"),
        ("cut.flac", bytes("flac.flac"), 0.5, "that its header declares"),
        ("cut.mp3", bytes("lame.mp3"), 5.0, "frames that its header counts"),
        ("mp3.wav", mpeg_in_wav(&bytes("lame.mp3"), 0x55), 0.5, "within its sound (data)"),
        ("flac.wav", mpeg_in_wav(&bytes("flac.flac"), 0xf1ac), 0.5, "within its sound (data)"),
    ];
    for (name, whole, least, words) in cases {
        let (info, all) = decode(name, &whole).unwrap();
        assert!(!info.truncated && info.incomplete.is_none(), "{name}: {info:?}");
        for percent in [0.5, 1.0, 3.0, 5.0, 10.0, 50.0] {
            let len = whole.len() - (whole.len() as f64 * percent / 100.0) as usize;
            let (info, samples) = decode(name, &whole[..len]).unwrap();
            if percent >= least {
                let reason = info.incomplete.as_deref().unwrap_or_default();
                assert!(info.truncated && reason.contains(words), "{name} {percent}: {info:?}");
            }
            assert!(
                samples.len() <= all.len() && samples.len() * 3 > all.len(),
                "{name} {percent}"
            );
        }
    }
}

#[test]
fn of_joined_files_each_end_that_is_missing_is_told() {
    let wav = bytes("reference.wav");
    let flac = bytes("flac.flac");
    let short = |file: &[u8]| file[..file.len() - file.len() / 50].to_vec();
    for (first, second) in
        [(wav.clone(), short(&wav)), (short(&flac), flac.clone()), (flac.clone(), short(&flac))]
    {
        let (info, _) = decode("joined", &[first, second].concat()).unwrap();
        assert!(info.truncated && info.incomplete.is_some(), "{info:?}");
    }
}

/// Tags and padding behind the sound are no part of what a header counts.
#[test]
fn what_stands_behind_the_sound_hides_no_cut_and_makes_none() {
    let id3v1 = [&b"TAG"[..], &[0; 125]].concat();
    for name in ["reference.wav", "flac.flac", "lame.mp3", "s16.aiff"] {
        let whole = [bytes(name), id3v1.clone()].concat();
        assert_eq!(decode(name, &whole).unwrap().0.incomplete, None, "{name}");
    }
    let mut cut = bytes("lame.mp3");
    cut.truncate(cut.len() * 9 / 10);
    cut.extend(&id3v1);
    assert!(decode("cut.mp3", &cut).unwrap().0.incomplete.is_some());
}

#[test]
fn raw_formats_are_named_by_the_name() {
    for (name, words) in [("a.aptx", "raw aptX"), ("b.G722", "raw G.722"), ("c.raw", "raw samples")]
    {
        let text = error_of(name, &noise(5, 20_000)).to_string();
        assert!(text.contains(words) && text.contains("no header"), "{text}");
    }
    assert!(!error_of("d.mp3", &noise(5, 20_000)).to_string().contains("by its name"));
}

#[test]
fn a_file_without_its_index_is_called_truncated() {
    let whole = bytes("aac.m4a");
    for len in [100, 5_000, whole.len() - 1_000, whole.len() - 1] {
        let error = error_of("cut.m4a", &whole[..len]);
        assert_eq!(error.code(), "decode_failed");
        let text = error.to_string();
        assert!(text.contains("truncated") && text.contains("index (moov)"), "{text}");
    }
    let mka = mka();
    assert!(error_of("cut.mka", &mka[..60]).to_string().contains("truncated"));
}

#[test]
fn streams_that_claim_to_be_samples_are_found() {
    for name in ["lame.mp3", "adts.aac", "aac51.aac", "flac.flac", "vorbis.ogg", "layer2.mp2"] {
        let (direct, samples) = decode(name, &bytes(name)).unwrap();
        for silence in [0, 4_000, 700_001] {
            let data = [vec![0; silence], bytes(name)].concat();
            let (info, inside) = decode("stream.wav", &samples_in_wav(&data)).unwrap();
            assert_eq!(info.codec, direct.codec, "{name} behind {silence}");
            assert_eq!(inside.len().abs_diff(samples.len()) / 1_600, 0, "{name} {silence}");
        }
    }
}

#[test]
fn samples_are_not_taken_for_streams() {
    let loud = |seed| noise(seed, 60_000);
    let tone = |period: usize, from: &[u8]| from[..period].repeat(60_000 / period);
    let mut all: Vec<Vec<u8>> = (0..40).map(loud).collect();
    all.extend((1..200).map(|period| tone(4 * period, &noise(period as u64, 1_000))));
    // Quiet samples below zero, which are full of sync bytes, and frames that are all the same.
    all.extend((0..40).map(|seed| noise(seed, 60_000).iter().map(|b| b | 0xf8).collect()));
    all.push(tone(384, &[&[0xff, 0xfb, 0x94, 0x64][..], &noise(9, 380)].concat()));
    all.extend([vec![0xff; 60_000], vec![0x80; 60_000]]);
    for (i, data) in all.iter().enumerate() {
        let (info, _) = decode("noise.wav", &samples_in_wav(data)).unwrap();
        assert_eq!(info.codec, "pcm_s16le", "{i}");
    }
}
