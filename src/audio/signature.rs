//! Formats that are known by their first bytes and not decoded, by name.
//!
//! A decoder that searches a file for something it knows finds it in the strangest places: the
//! header of the WAV that a WavPack was made from, the first song of a tar, a picture's pixels that
//! pass for MP3. So these are told apart before any decoder looks, from the signatures that the
//! formats' own specifications give (most are in the `magic` database of file(1), too).

use std::path::Path;

use super::error::Cause;
use super::frames::{frame, is_free_format};

/// What kind of file a signature belongs to, which is how an error speaks of it.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    /// Sound in a format that cannot be decoded here.
    Audio,
    /// Other files, packed.
    Archive,
    /// No sound.
    Other,
}

use Kind::{Archive, Audio, Other};

/// Bytes at an offset, and what begins so (with an article where it is no kind of sound).
const SIGNATURES: &[(usize, &[u8], Kind, &str)] = &[
    (0, b"wvpk", Audio, "WavPack"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Audio, "Windows Media (ASF)"),
    (0, b"\x7f\xfe\x80\x01", Audio, "DTS"),
    (0, b"\xfe\x7f\x01\x80", Audio, "DTS"),
    (0, b"\x1f\xff\xe8\x00", Audio, "DTS"),
    (0, b"\xff\x1f\x00\xe8", Audio, "DTS"),
    (0, b"\x64\x58\x20\x25", Audio, "DTS-HD"),
    (0, b"DTSHDHDR", Audio, "DTS-HD"),
    (0, b"\x72\xf8\x1f\x4e", Audio, "a bitstream for a receiver (IEC 61937)"),
    (0, b"\xf8\x72\x4e\x1f", Audio, "a bitstream for a receiver (IEC 61937)"),
    (4, b"\xf8\x72\x6f\xba", Audio, "TrueHD"),
    (4, b"\xf8\x72\x6f\xbb", Audio, "MLP"),
    (0, b"DSD \x1c\0\0\0", Audio, "DSD (DSF)"),
    (0, b"FRM8", Audio, "DSD (DFF)"),
    (0, b"MPCK", Audio, "Musepack"),
    (0, b"MP+", Audio, "Musepack"),
    (0, b"MAC ", Audio, "Monkey's Audio"),
    (0, b"TTA1", Audio, "TTA"),
    (0, b"TTA2", Audio, "TTA"),
    (0, b"ajkg", Audio, "Shorten"),
    (0, b"OFR ", Audio, "OptimFROG"),
    (0, b"OFS ", Audio, "OptimFROG"),
    (0, b"LA02", Audio, "Lossless Audio"),
    (0, b"LA03", Audio, "Lossless Audio"),
    (0, b"LA04", Audio, "Lossless Audio"),
    (0, b"tBaK", Audio, "TAK"),
    (0, b"TWIN97012000", Audio, "TwinVQ"),
    (0, b".snd", Audio, "Sun/NeXT audio (AU)"),
    (0, b"Creative Voice File", Audio, "Creative Voice"),
    (0, b"NIST_1A", Audio, "NIST SPHERE"),
    (0, b"#!AMR", Audio, "AMR"),
    (0, b"#!SILK_V3", Audio, "SILK"),
    (0, b"\x02#!SILK_V3", Audio, "SILK"),
    (0, b".RMF", Audio, "RealMedia"),
    (0, b".ra\xfd", Audio, "RealAudio"),
    (0, b"ADIF", Audio, "AAC in ADIF"),
    (0, b"FLV\x01", Audio, "Flash Video"),
    (0, b"\x00\x00\x01\xba", Audio, "an MPEG program stream"),
    (0, b"\x00\x00\x01\xb3", Audio, "an MPEG video"),
    (4, b"moov", Audio, "QuickTime of before 2001 (no ftyp)"),
    (4, b"mdat", Audio, "QuickTime of before 2001 (no ftyp)"),
    (4, b"wide", Audio, "QuickTime of before 2001 (no ftyp)"),
    (0, b"nut/multimedia container\0", Audio, "NUT"),
    (0, b"\x06\x0e\x2b\x34\x02\x05\x01\x01", Audio, "MXF"),
    (0, b"\xb7\xd8\x00\x20\x37\x49\xda\x11", Audio, "Windows Recorded TV (WTV)"),
    (0, b"ea3\x03\x00", Audio, "ATRAC (OpenMG)"),
    (0, b"EA3\x01\x00", Audio, "ATRAC (OpenMG)"),
    (0, b"MMMD", Audio, "Yamaha SMAF"),
    (0, b".SoX", Audio, "a SoX file"),
    (0, b"XoS.", Audio, "a SoX file"),
    (0, b"\x64\xa3\x01\x00", Audio, "IRCAM"),
    (0, b"\x64\xa3\x02\x00", Audio, "IRCAM"),
    (0, b"\x64\xa3\x03\x00", Audio, "IRCAM"),
    (0, b"\x64\xa3\x04\x00", Audio, "IRCAM"),
    (0, b"\x00\x01\xa3\x64", Audio, "IRCAM"),
    (0, b"\x00\x02\xa3\x64", Audio, "IRCAM"),
    (0, b"\x00\x03\xa3\x64", Audio, "IRCAM"),
    (0, b"\x00\x04\xa3\x64", Audio, "IRCAM"),
    (0, b"\xc0\xde\xc2", Audio, "Codec 2"),
    (0, b"ALP ", Audio, "High Voltage ALP"),
    (0, b"HCA\0", Audio, "CRI HCA"),
    (0, b"#!EVRC", Audio, "EVRC"),
    (0, b"fLbC", Audio, "libFLAC of before 1.0"),
    (0, b"LPAC", Audio, "LPAC"),
    (0, b"RKA", Audio, "RK Audio"),
    (0, b"ALS\0", Audio, "MPEG-4 ALS"),
    (0, b"BIKi", Audio, "Bink Video"),
    (0, b"SMK2", Audio, "Smacker Video"),
    (0, b"fmt ", Audio, "the inside of a WAV file without its head"),
    (0, b"MThd", Audio, "MIDI"),
    (0, b"Extended Module: ", Audio, "a tracker module (XM)"),
    (0, b"IMPM", Audio, "a tracker module (IT)"),
    (44, b"SCRM", Audio, "a tracker module (S3M)"),
    (1080, b"M.K.", Audio, "a tracker module (MOD)"),
    (0, b"PK\x03\x04", Archive, "a ZIP archive"),
    (0, b"PK\x05\x06", Archive, "a ZIP archive"),
    (0, b"PK\x07\x08", Archive, "a ZIP archive"),
    (0, b"Rar!\x1a\x07", Archive, "a RAR archive"),
    (0, b"7z\xbc\xaf\x27\x1c", Archive, "a 7z archive"),
    (0, b"\x1f\x8b\x08", Archive, "a gzip file"),
    (0, b"\x1f\x9d", Archive, "a compressed file (.Z)"),
    (0, b"\xfd7zXZ\0", Archive, "an xz file"),
    (0, b"\x28\xb5\x2f\xfd", Archive, "a Zstandard file"),
    (0, b"\x04\x22\x4d\x18", Archive, "an LZ4 file"),
    (0, b"LZIP", Archive, "an lzip file"),
    (257, b"ustar", Archive, "a tar archive"),
    (0, b"MSCF\0\0\0\0", Archive, "a cabinet archive"),
    (0, b"!<arch>\n", Archive, "an ar archive"),
    (0, b"xar!", Archive, "an xar archive"),
    (0, b"%PDF-", Other, "a PDF document"),
    (0, b"\x89PNG\r\n\x1a\n", Other, "a PNG picture"),
    (0, b"\xff\xd8\xff", Other, "a JPEG picture"),
    (0, b"GIF87a", Other, "a GIF picture"),
    (0, b"GIF89a", Other, "a GIF picture"),
    (0, b"II*\0", Other, "a TIFF picture"),
    (0, b"MM\0*", Other, "a TIFF picture"),
    (0, b"8BPS\0\x01", Other, "a Photoshop picture"),
    (0, b"\x7fELF", Other, "a program"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Other, "an Office document"),
    (0, b"{\\rtf", Other, "an RTF document"),
    (0, b"SQLite format 3\0", Other, "an SQLite database"),
];

/// Forms of a RIFF file other than WAVE.
const RIFF_FORMS: &[(&[u8], Kind, &str)] = &[
    (b"AVI ", Audio, "an AVI file"),
    (b"RMID", Audio, "MIDI"),
    (b"QLCM", Audio, "QCELP (QCP)"),
    (b"XWMA", Audio, "xWMA"),
    (b"CDXA", Audio, "a Video CD file"),
    (b"sfbk", Other, "a SoundFont"),
    (b"WEBP", Other, "a WebP picture"),
];

/// What an Ogg stream holds whose first packet begins so.
const OGG_STREAMS: &[(&[u8], &str)] = &[
    (b"Speex   ", "Speex"),
    (b"CELT    ", "CELT"),
    (b"PCM     ", "PCM"),
    (b"\x7fFLAC", "FLAC of an unknown version"),
    (b"OpusHead", "Opus with an unusual mapping of channels"),
    (b"\x80theora", "Theora video"),
    (b"BBCD", "Dirac video"),
    (b"fishead", "Ogg Skeleton"),
    (b"Xiph", "OggPCM"),
];

/// Name of what the first stream of an Ogg file holds, for those of which nothing could be decoded.
pub(super) fn ogg_stream(head: &[u8]) -> Option<&'static str> {
    let segments = usize::from(*head.get(26)?);
    let packet = head.strip_prefix(b"OggS").and_then(|_| head.get(27 + segments..))?;
    // Mapping families 0 and 1 are understood.
    if packet.starts_with(b"OpusHead") && packet.get(18).is_none_or(|family| *family < 2) {
        return None;
    }
    // This version is read; what is wrong is something else.
    if packet.starts_with(b"\x7fFLAC\x01") {
        return None;
    }
    OGG_STREAMS.iter().find(|(start, _)| packet.starts_with(start)).map(|(_, name)| *name)
}

/// Formats without any header, by the ends of the names that programs give them.
const RAW: &[(&str, &str)] = &[
    ("aptx", "aptX"),
    ("aptxhd", "aptX HD"),
    ("g722", "G.722"),
    ("g723", "G.723"),
    ("g726", "G.726"),
    ("g729", "G.729"),
    ("lc3", "LC3"),
    ("vox", "Dialogic ADPCM"),
    ("al", "A-law"),
    ("ul", "µ-law"),
    ("raw", "samples"),
    ("pcm", "samples"),
    ("sw", "samples"),
    ("s16le", "samples"),
];

/// What a file that content tells nothing of may be, by its name: nothing can be decoded of it, but it can be named.
pub(super) fn raw_format(path: &Path) -> Option<&'static str> {
    let end = path.extension()?.to_str()?;
    RAW.iter().find(|(known, _)| known.eq_ignore_ascii_case(end)).map(|(_, name)| *name)
}

/// Why a file that begins with `head` is not looked into, if it is one of the formats known by name.
pub(super) fn refusal(head: &[u8]) -> Option<Cause> {
    let (kind, name) = known(head)?;
    Some(match kind {
        Audio => Cause::Unsupported(format!("it is {name}, which is not supported")),
        Archive => Cause::Unsupported(format!("it is {name}: unpack it first")),
        Other => Cause::NotAudio(format!("it is {name}")),
    })
}

fn known(head: &[u8]) -> Option<(Kind, &'static str)> {
    let by_bytes = SIGNATURES
        .iter()
        .find(|(at, bytes, ..)| head.get(*at..).is_some_and(|rest| rest.starts_with(bytes)))
        .map(|&(_, _, kind, name)| (kind, name));
    by_bytes.or_else(|| riff_form(head)).or_else(|| by_structure(head))
}

fn riff_form(head: &[u8]) -> Option<(Kind, &'static str)> {
    if !head.starts_with(b"RIFF") {
        return None;
    }
    let form = head.get(8..12)?;
    RIFF_FORMS.iter().find(|(id, ..)| *id == form).map(|&(_, kind, name)| (kind, name))
}

/// Formats whose signature is too short to be trusted by itself.
fn by_structure(head: &[u8]) -> Option<(Kind, &'static str)> {
    let found = [
        (is_bzip2(head), Archive, "a bzip2 file"),
        (is_lzma(head), Archive, "an LZMA file"),
        (is_old_tar(head), Archive, "a tar archive"),
        (is_transport_stream(head), Audio, "an MPEG transport stream"),
        (is_adx(head), Audio, "CRI ADX"),
        (
            head.starts_with(b"\0\0\0\0\x01\xbc") && head.get(14..16) == Some(b"\xe1\xe2"),
            Audio,
            "GXF",
        ),
        (is_flash(head), Audio, "Flash (SWF)"),
        (is_gsm(head), Audio, "GSM 6.10"),
        (is_sbc(head), Audio, "SBC"),
        (is_iff_8svx(head), Audio, "8SVX"),
        (is_loas(head), Audio, "AAC in LATM/LOAS"),
        (is_free_format(head), Audio, "MPEG audio of free format"),
        (is_bmp(head), Other, "a BMP picture"),
        (is_windows_program(head), Other, "a Windows program"),
    ];
    let found = found.into_iter().find(|(is, ..)| *is).map(|(_, kind, name)| (kind, name));
    found.or_else(|| dolby(head)).or_else(|| markup(head))
}

/// The first block begins with the digits of pi, an empty file with those of its square root.
fn is_bzip2(head: &[u8]) -> bool {
    head.starts_with(b"BZh")
        && head.get(3).is_some_and(u8::is_ascii_digit)
        && head
            .get(4..10)
            .is_some_and(|b| b == b"\x31\x41\x59\x26\x53\x59" || b == b"\x17\x72\x45\x38\x50\x90")
}

/// LZMA alone: properties of every common encoder, a dictionary of a power of two.
fn is_lzma(head: &[u8]) -> bool {
    head.starts_with(b"\x5d\0\0") && head.len() > 13 && {
        let dictionary = u32::from_le_bytes([head[1], head[2], head[3], head[4]]);
        let size = &head[5..13];
        dictionary.is_power_of_two() && (size == [0xff; 8] || size[5..] == [0; 3])
    }
}

/// A tar header from before POSIX has no signature, but a sum of its bytes, in octal digits.
fn is_old_tar(head: &[u8]) -> bool {
    let Some(header) = head.get(..512) else { return false };
    let digits = header[148..156].iter().skip_while(|b| **b == b' ');
    let mut sum = 0;
    let mut count = 0;
    for digit in digits.take_while(|b| (b'0'..=b'7').contains(*b)) {
        sum = sum * 8 + u32::from(digit - b'0');
        count += 1;
    }
    let actual = |(i, b): (usize, &u8)| u32::from(if (148..156).contains(&i) { b' ' } else { *b });
    header[0] != 0 && count > 0 && sum == header.iter().enumerate().map(actual).sum::<u32>()
}

/// Packets of 188 bytes (204 with parity, 192 with a time in front), each with a sync byte.
fn is_transport_stream(head: &[u8]) -> bool {
    [(0, 188), (4, 192), (0, 204)]
        .iter()
        .any(|&(first, step)| (0..5).all(|n| head.get(first + n * step) == Some(&0x47)))
}

/// A sync word of 11 bits, a length of 13, and the same again behind that.
fn is_loas(head: &[u8]) -> bool {
    let sync = |at: usize| match head.get(at..at + 3) {
        Some(&[0x56, b, c]) if b >> 5 == 7 => Some(usize::from(b & 0x1f) << 8 | usize::from(c)),
        _ => None,
    };
    sync(0).and_then(|len| sync(len + 3)).is_some()
}

/// A header whose length leads to the name of its makers.
fn is_adx(head: &[u8]) -> bool {
    let Some(&[0x80, 0, a, b, ..]) = head.first_chunk::<16>() else { return false };
    let end = usize::from(u16::from_be_bytes([a, b])) + 4;
    end >= 6 && head.get(end - 6..end) == Some(b"(c)CRI")
}

/// Plain, deflated, or packed by LZMA, and a version.
fn is_flash(head: &[u8]) -> bool {
    matches!(head, [b'F' | b'C' | b'Z', b'W', b'S', 1..=50, ..])
}

/// Frames of 33 bytes, each with the same four bits in front.
fn is_gsm(head: &[u8]) -> bool {
    const FRAMES: usize = 32;
    let frames = head.chunks_exact(33).take(FRAMES);
    frames.len() == FRAMES
        && head.chunks_exact(33).take(FRAMES).all(|frame| frame[0] >> 4 == 0xd)
        && head[1..33] != head[34..66]
}

/// Frames of Bluetooth's SBC, by their sync byte and the length that their header gives.
fn is_sbc(head: &[u8]) -> bool {
    let len = |at: usize| {
        let &[0x9c, kind, pool, _] = head.get(at..at + 4)?.first_chunk::<4>()? else { return None };
        let blocks = 4 * (usize::from(kind >> 4 & 3) + 1);
        let (mode, bands) = (kind >> 2 & 3, if kind & 1 == 1 { 8 } else { 4 });
        let (channels, pool) = (if mode == 0 { 1 } else { 2 }, usize::from(pool));
        let bits = match mode {
            0 | 1 => blocks * channels * pool,
            2 => blocks * pool,
            _ => bands + blocks * pool,
        };
        Some(4 + bands * channels / 2 + bits.div_ceil(8))
    };
    let mut at = 0;
    for _ in 0..8 {
        let Some(len) = len(at) else { return false };
        at += len;
    }
    true
}

fn is_iff_8svx(head: &[u8]) -> bool {
    head.starts_with(b"FORM") && matches!(head.get(8..12), Some(b"8SVX" | b"16SV"))
}

fn is_bmp(head: &[u8]) -> bool {
    head.starts_with(b"BM")
        && head.get(6..10) == Some(&[0; 4])
        && head.get(15..18) == Some(&[0; 3])
        && matches!(head.get(14), Some(12 | 40 | 52 | 56 | 64 | 108 | 124))
}

fn is_windows_program(head: &[u8]) -> bool {
    let at = head.get(0x3c..0x40).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize);
    head.starts_with(b"MZ")
        && at.is_some_and(|at| head.get(at..).is_some_and(|rest| rest.starts_with(b"PE\0\0")))
}

/// AC-3 and E-AC-3: two frames in a row, or one that is longer than what is there, in either byte order.
fn dolby(head: &[u8]) -> Option<(Kind, &'static str)> {
    let swapped: Vec<u8>;
    let head = match head {
        [0x77, 0x0b, ..] => {
            swapped = head.as_chunks::<2>().0.iter().flat_map(|&[a, b]| [b, a]).collect();
            &swapped[..]
        }
        _ => head,
    };
    let first = frame(head)?;
    let name = first.kind.unsupported()?;
    let next = head.get(first.len..first.len + 2);
    next.is_none_or(|sync| sync == [0x0b, 0x77]).then_some((Audio, name))
}

fn markup(head: &[u8]) -> Option<(Kind, &'static str)> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let begins =
        |with: &[u8]| head.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    match () {
        () if begins(b"<!doctype html") || begins(b"<html") => Some((Other, "an HTML page")),
        () if begins(b"<?xml") => Some((Other, "an XML document")),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(head: &[u8]) -> String {
        match refusal(head) {
            Some(Cause::Unsupported(reason) | Cause::NotAudio(reason)) => reason,
            Some(_) => panic!("another cause"),
            None => String::new(),
        }
    }

    #[test]
    fn formats_are_named() {
        assert_eq!(told(b"wvpk\x20\0\0\0"), "it is WavPack, which is not supported");
        assert!(told(b"PK\x03\x04rest").contains("a ZIP archive"));
        assert_eq!(told(b"\xff\xd8\xff\xe0"), "it is a JPEG picture");
        assert_eq!(told(b"  <HTML lang=de>"), "it is an HTML page");
        assert_eq!(told(b"RIFF\0\0\0\0AVI LIST"), "it is an AVI file, which is not supported");
        assert_eq!(told(b"RIFF\0\0\0\0WAVEfmt "), "");
    }

    #[test]
    fn a_tar_is_known_by_its_sum_alone() {
        let mut header = vec![0u8; 512];
        header[..9].copy_from_slice(b"one/a.wav");
        header[100..107].copy_from_slice(b"0000644");
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        assert!(told(&header).contains("tar archive"));
        header[0] = b'p';
        assert_eq!(told(&header), "");
    }

    #[test]
    fn short_sync_words_need_a_second_one() {
        let mut ac3 = vec![0u8; 1_000];
        // 48 kHz, 192 kbit/s: 768 bytes.
        ac3[..6].copy_from_slice(&[0x0b, 0x77, 0, 0, 20, 0x40]);
        assert_eq!(told(&ac3), "");
        ac3[768..770].copy_from_slice(&[0x0b, 0x77]);
        assert!(told(&ac3).contains("AC-3"));
        let swapped: Vec<u8> = ac3.as_chunks::<2>().0.iter().flat_map(|&[a, b]| [b, a]).collect();
        assert!(told(&swapped).contains("AC-3"));
        let mut ts = vec![0u8; 1_000];
        ts[0] = 0x47;
        assert_eq!(told(&ts), "");
        (0..5).for_each(|n| ts[188 * n] = 0x47);
        assert!(told(&ts).contains("transport stream"));
    }

    #[test]
    fn sound_that_is_decoded_has_no_signature_here() {
        for start in
            [&b"fLaC"[..], b"OggS", b"FORM\0\0\0\0AIFF", b"caff\0\x01", b"\x1a\x45\xdf\xa3"]
        {
            assert_eq!(told(start), "");
        }
        assert_eq!(told(&[0xff, 0xfb, 0x90, 0x64]), "");
        assert_eq!(told(b"\0\0\0\x20ftypM4A "), "");
        assert_eq!(told(b""), "");
    }
}
