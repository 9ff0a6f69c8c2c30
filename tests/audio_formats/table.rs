//! What becomes of every format and variant that is known here, as the documentation lists it.
//!
//! Each row of the table in `docs/src/reference/formats.md` is a case that is run: the page says what
//! the test has seen. After a change: `BLESS=1 cargo test --test audio_formats table`.

use std::path::Path;

use super::made::{
    Packing, Pcm, Track, faststart, matroska, mp3_frames, mpeg_in_wav, samples_in_wav,
};
use super::{bytes, correlate, decode};

const PAGE: &str = "docs/src/reference/formats.md";
const BEGIN: &str = "<!-- made by tests/audio_formats/table.rs -->\n";
const END: &str = "<!-- end of what is made -->";

/// What is expected of a file.
enum Expect {
    /// This many seconds of the reference, to this correlation.
    Sound(f64, f64),
    /// The beginning, of so many seconds, and these words on the rest.
    Partly(f64, &'static str),
    /// An error that contains these words.
    Refused(&'static str),
}
use Expect::{Partly, Refused, Sound};

struct Row {
    format: &'static str,
    variant: String,
    file: Vec<u8>,
    expect: Expect,
}

fn row(format: &'static str, variant: impl Into<String>, file: Vec<u8>, expect: Expect) -> Row {
    Row { format, variant: variant.into(), file, expect }
}

fn reference() -> Pcm {
    Pcm::of(&bytes("reference.wav"))
}

fn wav_rows() -> Vec<Row> {
    let pcm = reference();
    let same = |n: u32| n;
    let whole = || Sound(2.0, 0.99);
    let mut rows = vec![
        row("WAV", "16-bit PCM", pcm.wav(), whole()),
        row("WAV", "8-bit PCM", bytes("u8_8k.wav"), Sound(2.0, 0.9)),
        row("WAV", "24-bit PCM, 96 kHz", bytes("s24_96k.wav"), Sound(0.25, 0.97)),
        row("WAV", "32-bit PCM", bytes("s32_11k.wav"), Sound(0.5, 0.95)),
        row("WAV", "32-bit float", bytes("f32_11k.wav"), Sound(0.5, 0.95)),
        row("WAV", "5.1", bytes("surround51.wav"), Sound(0.5, 0.9)),
        row("WAV", "big-endian (RIFX)", pcm.rifx(), whole()),
        row("RF64", "sizes in `ds64`", pcm.rf64(b"RF64"), whole()),
        row("BW64", "sizes in `ds64`", pcm.rf64(b"BW64"), whole()),
        row("WAV", "both sizes 0", pcm.sized(|_| 0, |_| 0), whole()),
        row("WAV", "size of the form 0", pcm.sized(|_| 0, same), whole()),
        row("WAV", "size of the data 0", pcm.sized(same, |_| 0), whole()),
        row("WAV", "size of the form 8 too small", pcm.sized(|n| n - 8, same), whole()),
        row("WAV", "size of the form too large", pcm.sized(|n| n + 5_000, same), whole()),
        row("WAV", "size of the whole for that of the data", pcm.sized(same, |n| n + 44), whole()),
        row(
            "WAV",
            "size of the data too large",
            pcm.sized(same, |n| n + 999),
            Partly(2.0, "within its sound (data)"),
        ),
        row("WAV", "cut off by a hundredth", cut(&pcm.wav(), 1), Partly(2.0, "within its sound")),
        row("WAV", "size of the data 0x7FFFFFFF", pcm.sized(same, |_| 0x7fff_ffff), whole()),
        row("WAV", "size of the data 0x7FFFF000", pcm.sized(same, |_| 0x7fff_f000), whole()),
        row("WAV", "size of the data 0xFFFFFFFF", pcm.sized(same, |_| u32::MAX), whole()),
        row("WAV", "both sizes 0xFFFFFFFF", pcm.sized(|_| u32::MAX, |_| u32::MAX), whole()),
        row("WAV", "tag that is longer than its list", pcm.with_title(500), whole()),
        row("WAV", "odd chunk, padded", pcm.with_odd_chunk(true), whole()),
        row("WAV", "odd chunk, not padded", pcm.with_odd_chunk(false), whole()),
        row("WAV", "MP3 inside (0x55)", mpeg_in_wav(&bytes("bare.mp3"), 0x55), Sound(2.0, 0.95)),
        row(
            "WAV",
            "MPEG audio inside (0x50)",
            mpeg_in_wav(&bytes("layer2.mp2"), 0x50),
            Sound(1.0, 0.9),
        ),
        row(
            "WAV",
            "AAC inside, in ADTS (0xFF)",
            mpeg_in_wav(&bytes("adts.aac"), 0xff),
            Sound(2.05, 0.97),
        ),
        row(
            "WAV",
            "AAC inside, bare packets",
            mpeg_in_wav(&bare_packets(), 0xff),
            Refused("AAC in a WAV file"),
        ),
        row(
            "WAV",
            "FLAC inside (0xF1AC)",
            mpeg_in_wav(&bytes("flac.flac"), 0xf1ac),
            Sound(2.0, 0.99),
        ),
        row(
            "WAV",
            "FLAC inside, bare frames",
            mpeg_in_wav(&bare_packets(), 0xf1ac),
            Refused("FLAC in a WAV file"),
        ),
        row(
            "WAV",
            "Vorbis inside, in Ogg",
            mpeg_in_wav(&bytes("vorbis.ogg"), 0x674f),
            Sound(2.0, 0.95),
        ),
        row("WAV", "AC-3 inside", mpeg_in_wav(&[0; 100], 0x2000), Refused("AC-3 in a WAV file")),
        row("WAV", "DTS in PCM", dts_in_wav(), Refused("DTS in a WAV file")),
        row("WAV", "MP3 in PCM", samples_in_wav(&bytes("lame.mp3")), Sound(2.0, 0.97)),
        row("WAV", "AAC (ADTS) in PCM", samples_in_wav(&bytes("adts.aac")), Sound(2.05, 0.97)),
        row("WAV", "FLAC in PCM", samples_in_wav(&bytes("flac.flac")), Sound(2.0, 0.99)),
        row("WAV", "Ogg in PCM", samples_in_wav(&bytes("vorbis.ogg")), Sound(2.0, 0.95)),
        row("WAV", "AC-3 in PCM", samples_in_wav(&dolby(0x40)), Refused("AC-3")),
        row("WAV", "E-AC-3 in PCM", samples_in_wav(&dolby(0x80)), Refused("E-AC-3")),
        row("WAV", "`LIST` that claims the sound", pcm.with_list(60_000), whole()),
        row("WAV", "`LIST` that claims more than there is", pcm.with_list(0x7000_0000), whole()),
        row("WAV", "an empty chunk of sound first", pcm.in_chunks(&[0]), whole()),
        row("WAV", "several chunks of sound", pcm.in_chunks(&[20_000, 30_000]), whole()),
        row("WAV", "size of the data too small", pcm.sized(same, |_| 4_000), whole()),
        row("WAV", "two files joined", [pcm.wav(), pcm.wav()].concat(), Sound(4.0, 0.99)),
    ];
    rows.extend([
        row("Wave64", "16-bit PCM", pcm.wave64(|n| n), whole()),
        row(
            "Wave64",
            "24 channels",
            reference().cut(0.5).spread(24).wave64(|n| n),
            Sound(0.5, 0.9),
        ),
        row("Wave64", "size of the data 0", pcm.wave64(|_| 0), whole()),
        row("Wave64", "size of the data 0x7FFFFFFFFFFFFFFF", pcm.wave64(|_| !0 >> 1), whole()),
        row("Wave64", "two files joined", pcm.wave64(|n| n).repeat(2), Sound(4.0, 0.99)),
        row("Wave64", "cut off", half(&pcm.wave64(|n| n)), Partly(1.0, "within its sound")),
    ]);
    for count in [3, 4, 8, 18, 19, 24, 32, 33, 64] {
        let many = reference().cut(0.5).spread(count);
        rows.push(row("WAV", format!("{count} channels"), many.wav(), Sound(0.5, 0.9)));
        let format = format!("{count} channels, no mask (extensible)");
        rows.push(row("WAV", format, many.extensible(0), Sound(0.5, 0.9)));
    }
    let many = reference().cut(0.1).spread(65);
    rows.push(row("WAV", "65 channels", many.wav(), Refused("65 channels")));
    rows
}

/// What follows the head of a FLAC: nothing by which a stream could be known.
fn bare_packets() -> Vec<u8> {
    bytes("flac.flac")[20_000..30_000].to_vec()
}

fn dts_in_wav() -> Vec<u8> {
    let mut pcm = reference().cut(0.5);
    pcm.samples[..4].copy_from_slice(&[0x1fff, -0x1800, 0x07f1, 0]);
    pcm.wav()
}

fn aiff_rows() -> Vec<Row> {
    let pcm = reference();
    let whole = || Sound(2.0, 0.99);
    vec![
        row("AIFF", "16-bit PCM", bytes("s16.aiff"), Sound(2.0, 0.95)),
        row("AIFF", "size of the form 0", pcm.aiff_sized(|_| 0, |n| n), whole()),
        row("AIFF", "size of the sound 0", pcm.aiff_sized(|n| n, |_| 0), whole()),
        row("AIFF", "both sizes 0", pcm.aiff_sized(|_| 0, |_| 0), whole()),
        row("AIFF", "size of the form too large", pcm.aiff_sized(|n| n + 500, |n| n), whole()),
        row(
            "AIFF",
            "size of the whole for that of the sound",
            pcm.aiff_sized(|n| n, |n| n + 46),
            whole(),
        ),
        row(
            "AIFF",
            "size of the sound too large",
            pcm.aiff_sized(|n| n, |n| n + 999),
            Partly(2.0, "within its sound (SSND)"),
        ),
        row(
            "AIFF",
            "cut off by a hundredth",
            cut(&pcm.aiff(None), 1),
            Partly(2.0, "within its sound"),
        ),
        row("AIFF", "both sizes 0xFFFFFFFF", pcm.aiff_sized(|_| !0, |_| !0), whole()),
        row("AIFF", "33 channels", pcm.spread(33).cut(0.5).aiff(None), Sound(0.5, 0.9)),
        row("AIFF-C", "`NONE`", pcm.aiff(Some(b"NONE")), whole()),
        row("AIFF-C", "`sowt`", pcm.aiff(Some(b"sowt")), whole()),
        row("AIFF-C", "`ima4`", bytes("ima4.aifc"), Sound(2.0, 0.9)),
        row("AIFF-C", "`MAC6`", pcm.aiff(Some(b"MAC6")), Refused("MACE 6:1 in an AIFF file")),
        row(
            "AIFF",
            "two files joined",
            [pcm.aiff(None), pcm.aiff(None)].concat(),
            Sound(4.0, 0.99),
        ),
        row("CAF", "16-bit PCM", bytes("s16.caf"), Sound(1.0, 0.95)),
        row("CAF", "24 channels", reference().cut(0.5).spread(24).caf(), Sound(0.5, 0.9)),
        row("CAF", "64 channels", reference().cut(0.5).spread(64).caf(), Sound(0.5, 0.9)),
        row("CAF", "two files joined", [pcm.caf(), pcm.caf()].concat(), Sound(4.0, 0.99)),
        row("CAF", "cut off", half(&pcm.caf()), Partly(1.0, "within its sound")),
    ]
}

fn coded_rows() -> Vec<Row> {
    let join = |files: &[&str]| files.iter().flat_map(|name| bytes(name)).collect::<Vec<u8>>();
    let with = |mut file: Vec<u8>, tail: &[u8]| {
        file.extend(tail);
        file
    };
    let id3v1 = [&b"TAG"[..], &[0; 125]].concat();
    let ape = [&b"APETAGEX\xd0\x07\0\0\x20\0\0\0\0\0\0\0\0\0\0\0"[..], &[0; 8]].concat();
    let id3v2 = [&b"ID3\x04\0\0\0\0\x01\0"[..], &[0; 128]].concat();
    let flac = || bytes("flac.flac");
    vec![
        row("MP3", "LAME header and ID3v2", bytes("lame.mp3"), Sound(2.0, 0.97)),
        row(
            "MP3",
            "LAME header, cut off by a twentieth",
            cut(&bytes("lame.mp3"), 5),
            Partly(1.9, "frames"),
        ),
        row("MP3", "no header", bytes("bare.mp3"), Sound(2.05, 0.95)),
        row(
            "MP3",
            "stereo, then mono at another rate",
            join(&["bare.mp3", "mono.mp3"]),
            Sound(3.1, 0.95),
        ),
        row(
            "MP3",
            "mono, then stereo at another rate",
            join(&["mono.mp3", "bare.mp3"]),
            Sound(3.1, 0.9),
        ),
        row("MP2", "layer II", bytes("layer2.mp2"), Sound(1.0, 0.9)),
        row("MP1", "layer I", layer_1(), Sound(1.0, 0.0)),
        row("AAC", "AAC-LC in MP4", bytes("aac.m4a"), Sound(2.05, 0.97)),
        row("AAC", "AAC-LC in ADTS", bytes("adts.aac"), Sound(2.05, 0.97)),
        row("AAC", "AAC-LC 5.1 in MP4", bytes("aac51.m4a"), Sound(0.55, 0.85)),
        row("AAC", "AAC-LC 5.1 in ADTS", bytes("aac51.aac"), Sound(0.55, 0.85)),
        row("AAC", "stereo, then 5.1 (ADTS)", join(&["adts.aac", "aac51.aac"]), Sound(2.6, 0.85)),
        row(
            "MP4",
            "cut off, index in front",
            half(&faststart(&bytes("aac.m4a"))),
            Partly(0.9, "mdat"),
        ),
        row("MP4", "cut off, index behind", half(&bytes("aac.m4a")), Refused("truncated")),
        row("MP4", "two files joined", join(&["aac.m4a", "alac.m4a"]), Sound(4.05, 0.97)),
        row("ALAC", "in MP4", bytes("alac.m4a"), Sound(2.0, 0.99)),
        row("FLAC", "native", flac(), Sound(2.0, 0.99)),
        row(
            "FLAC",
            "cut off by a hundredth",
            cut(&flac(), 1),
            Partly(1.9, "that its header declares"),
        ),
        row("FLAC", "two files joined", join(&["flac.flac", "flac.flac"]), Sound(4.0, 0.99)),
        row("FLAC", "an MP3 joined to it", join(&["flac.flac", "lame.mp3"]), Sound(4.0, 0.97)),
        row("FLAC", "ID3v1 behind it", with(flac(), &id3v1), Sound(2.0, 0.99)),
        row("FLAC", "APE tag behind it", with(flac(), &ape), Sound(2.0, 0.99)),
        row("FLAC", "ID3v2 in front of it", [id3v2, flac()].concat(), Sound(2.0, 0.99)),
        row("Vorbis", "in Ogg", bytes("vorbis.ogg"), Sound(2.0, 0.95)),
        row(
            "Ogg",
            "chained: Vorbis, then Opus",
            join(&["vorbis.ogg", "opus.opus"]),
            Sound(4.0, 0.85),
        ),
        row("Opus", "in Ogg", bytes("opus.opus"), Sound(2.0, 0.85)),
        row("Opus", "speech, 60 ms frames", bytes("speech.opus"), Sound(1.0, 0.8)),
        row("Opus", "5.1 in Ogg", bytes("opus51.opus"), Sound(0.5, 0.8)),
        row("Opus", "in WebM", bytes("opus.webm"), Sound(1.0, 0.85)),
        row("Opus", "in MP4", bytes("opus.mp4"), Sound(1.0, 0.85)),
    ]
}

/// A second of a tone in layer I, 32 kHz, mono, 64 kbit/s: every sample of the second band the same.
fn layer_1() -> Vec<u8> {
    let mut frame = vec![0xff, 0xff, 0x28, 0xc0];
    // Four bits a sample in band 1, no other; scale factor 12; then twelve samples.
    let mut bits = String::from("00000011") + &"0000".repeat(30) + "001100";
    (0..12).for_each(|i| bits += if i % 2 == 0 { "1100" } else { "0010" });
    while !bits.len().is_multiple_of(8) {
        bits.push('0');
    }
    let digit = |at: usize| u8::from(bits.as_bytes()[at] == b'1');
    frame.extend((0..bits.len() / 8).map(|i| (0..8).fold(0, |b, k| b << 1 | digit(8 * i + k))));
    frame.resize(96, 0);
    frame.repeat(83)
}

fn matroska_rows() -> Vec<Row> {
    let stream = bytes("bare.mp3");
    let with = |packing| {
        let frames = mp3_frames(&stream);
        matroska(&[Track { frames, default: true, packing }])
    };
    let whole = || Sound(2.05, 0.95);
    vec![
        row("Matroska", "MP3", with(Packing::None), whole()),
        row("Matroska", "MP3, blocks compressed by zlib", with(Packing::Zlib), whole()),
        row("Matroska", "MP3, headers stripped", with(Packing::Stripped), whole()),
        row("Matroska", "MP3, blocks compressed by LZO", with(Packing::Lzo), Refused("LZO")),
        row("Matroska", "cut off", half(&with(Packing::None)), Partly(1.0, "Cluster")),
        row("Matroska", "two files joined", with(Packing::None).repeat(2), Sound(4.1, 0.95)),
        row("Matroska", "encrypted", with(Packing::Encrypted), Refused("encrypted")),
        row("MP4", "a silent track, then music", bytes("two_tracks.m4a"), Sound(1.05, 0.95)),
    ]
}

/// Formats that are known by their first bytes.
fn named_rows() -> Vec<Row> {
    let filled = |start: &[u8]| {
        let mut file = start.to_vec();
        file.resize(6_000, 0x55);
        file
    };
    let wavpack = [&b"wvpk\x50\x01\0\0\x10\x04\0\0"[..], &bytes("reference.wav")].concat();
    let mut tar = vec![0; 512];
    tar[..7].copy_from_slice(b"one.wav");
    tar[257..262].copy_from_slice(b"ustar");
    tar.extend(bytes("reference.wav"));
    let stored = |start: &[u8]| [start, &bytes("lame.mp3")].concat();
    let mut packets = vec![0; 188 * 40];
    packets.iter_mut().step_by(188).for_each(|sync| *sync = 0x47);
    let tagged = [&b"ID3\x04\0\0\0\0\x01\0"[..], &[0; 128], &wavpack].concat();
    let asf = b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c";
    vec![
        row("WavPack", "", wavpack, Refused("it is WavPack")),
        row("WavPack", "ID3v2 in front of it", tagged, Refused("it is WavPack")),
        row("Windows Media", "ASF: `.wma`, `.wmv`", filled(asf), Refused("Windows Media")),
        row("AC-3", "`.ac3`", dolby(0x40), Refused("it is AC-3")),
        row("E-AC-3", "`.eac3`", dolby(0x80), Refused("it is E-AC-3")),
        row("DTS", "`.dts`", filled(b"\x7f\xfe\x80\x01\xfc"), Refused("it is DTS")),
        row("DSD", "`.dsf`", filled(b"DSD \x1c\0\0\0\0\0\0\0"), Refused("it is DSD")),
        row("DSD", "`.dff`", filled(b"FRM8\0\0\0\0\0\0\x10\0DSD "), Refused("it is DSD")),
        row("Musepack", "SV7, SV8", filled(b"MPCKSH"), Refused("it is Musepack")),
        row("Monkey's Audio", "", filled(b"MAC \x96\x0f"), Refused("it is Monkey's Audio")),
        row("TTA", "", filled(b"TTA1\x01\0"), Refused("it is TTA")),
        row("Shorten", "", filled(b"ajkg\x02"), Refused("it is Shorten")),
        row("OptimFROG", "", filled(b"OFR \x0c\0\0\0"), Refused("it is OptimFROG")),
        row("MPEG transport stream", "`.ts`, `.m2ts`", packets, Refused("transport stream")),
        row("MIDI", "", filled(b"MThd\0\0\0\x06"), Refused("it is MIDI")),
        row("NUT", "`.nut`", filled(b"nut/multimedia container\0"), Refused("it is NUT")),
        row("CRI ADX", "`.adx`", adx(), Refused("it is CRI ADX")),
        row("MXF", "", filled(b"\x06\x0e\x2b\x34\x02\x05\x01\x01"), Refused("it is MXF")),
        row("MP3", "free format", free_format(), Refused("free format")),
        row("MP2", "384 kbit/s, mono", high_mono(), Refused("MPEG audio layer 2")),
        row("Sun/NeXT audio", "`.au`", filled(b".snd\0\0\0\x18"), Refused("Sun/NeXT audio")),
        row(
            "ZIP",
            "MP3 stored in it",
            stored(b"PK\x03\x04\x0a\0\0\0\0\0"),
            Refused("a ZIP archive"),
        ),
        row("tar", "WAV in it", tar, Refused("a tar archive")),
        row("gzip", "", filled(b"\x1f\x8b\x08\0"), Refused("a gzip file")),
        row("bzip2", "", filled(b"BZh91AY&SY"), Refused("a bzip2 file")),
        row("xz", "", filled(b"\xfd7zXZ\0"), Refused("an xz file")),
        row("Zstandard", "", filled(b"\x28\xb5\x2f\xfd"), Refused("a Zstandard file")),
        row("7z", "", filled(b"7z\xbc\xaf\x27\x1c"), Refused("a 7z archive")),
        row("RAR", "", filled(b"Rar!\x1a\x07\x01\0"), Refused("a RAR archive")),
        row("PDF", "", filled(b"%PDF-1.7"), Refused("a PDF document")),
        row(
            "pictures",
            "JPEG, PNG, GIF, TIFF, WebP",
            filled(b"\xff\xd8\xff\xe0"),
            Refused("a JPEG picture"),
        ),
        row("HTML", "", b"<!DOCTYPE html><p>404".to_vec(), Refused("an HTML page")),
    ]
}

/// A file without so many hundredths at its end.
fn cut(file: &[u8], percent: usize) -> Vec<u8> {
    file[..file.len() - file.len() * percent / 100].to_vec()
}

/// The first half of a file.
fn half(file: &[u8]) -> Vec<u8> {
    file[..file.len() / 2].to_vec()
}

fn adx() -> Vec<u8> {
    let mut file = vec![0x80, 0, 0, 0x20, 3, 18, 4, 2];
    file.resize(0x1e, 0);
    file.extend(b"(c)CRI");
    file.resize(5_000, 0x11);
    file
}

/// Frames of MPEG audio with this header, `len` bytes each.
fn mpeg_frames(header: [u8; 4], len: usize) -> Vec<u8> {
    let mut frame = header.to_vec();
    frame.extend((4..len).map(|i| (i % 200) as u8));
    frame.repeat(30)
}

fn free_format() -> Vec<u8> {
    mpeg_frames([0xff, 0xfb, 0x00, 0x64], 900)
}

fn high_mono() -> Vec<u8> {
    mpeg_frames([0xff, 0xfd, 0xe4, 0xc0], 1_152)
}

fn dolby(id: u8) -> Vec<u8> {
    let mut file = vec![0; 768 * 4];
    for (i, frame) in file.chunks_mut(768).enumerate() {
        // No two frames of sound are the same.
        frame[100] = i as u8;
        // For AC-3 the fifth byte says 48 kHz and 192 kbit/s, for E-AC-3 the third and fourth the size.
        frame[..6].copy_from_slice(&[0x0b, 0x77, 0x01, 0x7f, 20, id]);
    }
    file
}

/// Runs a case; what its row of the table says.
fn seen(row: &Row, reference: &[f32]) -> String {
    let name = format!("{} {}", row.format, row.variant);
    match (&row.expect, decode(&name, &row.file)) {
        (Sound(seconds, similar), Ok((info, samples))) => {
            let off = info.duration_ms as f64 / 1000.0 - seconds;
            assert!(off.abs() < 0.1, "{name}: {off} s too long: {info:?}");
            assert_eq!(info.damaged_packets, 0, "{name}: {info:?}");
            assert!(!info.truncated, "{name}: {info:?}");
            if *similar > 0.0 {
                let (found, shift) = correlate(&samples, reference);
                assert!(found > *similar, "{name}: correlation {found} at {shift}");
            }
            assert!(samples.iter().any(|s| s.abs() > 0.01), "{name}: silence");
            "decoded".to_owned()
        }
        (Refused(words), Err(error)) => {
            let text = error.to_string();
            assert!(text.contains(words), "{name}: {text}");
            let codes = ["unsupported_codec", "not_audio", "decode_failed"];
            assert!(codes.contains(&error.code()), "{name}: {text}");
            let reason = match error.code() {
                "not_audio" => text.split_once("file: "),
                _ => text.split_once(&format!("{name}: ")),
            };
            let reason = reason.map_or("", |(_, reason)| reason);
            format!("refused: {reason}")
        }
        (Partly(seconds, words), Ok((info, _))) => {
            let off = info.duration_ms as f64 / 1000.0 - seconds;
            assert!(off.abs() < 0.2 && info.truncated, "{name}: {off} s too long: {info:?}");
            let reason = info.incomplete.unwrap_or_default();
            assert!(reason.contains(words), "{name}: {reason}");
            format!("decoded as far as it goes, and told: {reason}")
        }
        (Sound(..) | Partly(..), Err(error)) => panic!("{name}: {error}"),
        (Refused(_), Ok((info, _))) => panic!("{name} was decoded: {info:?}"),
    }
}

fn table() -> String {
    let (_, reference) = decode("reference.wav", &bytes("reference.wav")).unwrap();
    let mut text = "| format | variant | what becomes of it |\n| --- | --- | --- |\n".to_owned();
    let rows = [wav_rows(), aiff_rows(), coded_rows(), matroska_rows(), named_rows()];
    for row in rows.iter().flatten() {
        let result = seen(row, &reference);
        text += &format!("| {} | {} | {result} |\n", row.format, row.variant);
    }
    text
}

#[test]
fn the_table_of_formats_says_what_is_so() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let page = std::fs::read_to_string(&path).unwrap();
    let begin = page.find(BEGIN).expect("the page has a mark where the table begins") + BEGIN.len();
    let end = begin + page[begin..].find(END).expect("and one where it ends");
    let made = table();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, [&page[..begin], &made, &page[end..]].concat()).unwrap();
    } else {
        assert!(page[begin..end] == made, "{PAGE} says otherwise; BLESS=1 rewrites it:\n{made}");
    }
}
