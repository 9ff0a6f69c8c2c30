//! Streams of frames without a container: MPEG audio, AAC in ADTS, AC-3 and E-AC-3, known by their headers.
//!
//! A header is short, and chance finds one in any file. But it says how long its frame is, and where that ends the
//! next one begins, of the same kind. Six in a row are no chance. ISO/IEC 11172-3 and 13818-3 (MPEG audio), ISO/IEC
//! 13818-7 (ADTS), ETSI TS 102 366 (AC-3).

/// Frames in a row that prove a stream; fewer do where the bytes end with them.
const PROOF: usize = 6;
const SHORT_PROOF: usize = 3;
/// Bytes of the longest header.
const HEADER: usize = 8;

/// What a frame belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Mpeg,
    Adts,
    Ac3,
    Eac3,
}

impl Kind {
    /// The name of a kind that is not decoded.
    pub(super) fn unsupported(self) -> Option<&'static str> {
        match self {
            Self::Mpeg | Self::Adts => None,
            Self::Ac3 => Some("AC-3 (Dolby Digital)"),
            Self::Eac3 => Some("E-AC-3 (Dolby Digital Plus)"),
        }
    }
}

/// A frame, by its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    /// Bytes, with the header.
    pub(super) len: usize,
    /// What all frames of one stream have in common.
    constant: u32,
}

/// The frame that `bytes` begin with.
pub(super) fn frame(bytes: &[u8]) -> Option<Frame> {
    match *bytes {
        [0xff, b, ..] if b & 0xf6 == 0xf0 => adts(bytes),
        [0xff, b, ..] if b & 0xe0 == 0xe0 => mpeg(bytes),
        [0x0b, 0x77, ..] => ac3(bytes),
        _ => None,
    }
}

/// The kind of stream that begins at `at` in `bytes`, if that is beyond doubt.
pub(super) fn run(bytes: &[u8], at: usize) -> Option<Kind> {
    let mut lengths = Frames { bytes, at, first: frame(bytes.get(at..)?)? };
    let count = lengths.by_ref().take(PROOF).count();
    let is_over = bytes.len().saturating_sub(lengths.at) < HEADER;
    (count == PROOF || (count >= SHORT_PROOF && is_over)).then_some(lengths.first.kind)
}

/// The same in what may be samples: those of a tone whose period fits look like frames, too, but all the same.
pub(super) fn run_among_samples(bytes: &[u8], at: usize) -> Option<Kind> {
    let kind = run(bytes, at)?;
    let frames: Vec<&[u8]> =
        Frames { bytes, at, first: frame(&bytes[at..])? }.filter(|f| f.len() > HEADER).collect();
    let differ = |pair: &[&[u8]]| pair[0].len() != pair[1].len() || pair[0] != pair[1];
    // The last one may be cut off.
    let whole = frames.len().saturating_sub(1);
    let of_samples = |f: &&[u8]| f[4..HEADER] == f[..4];
    let is_stream = frames[..whole].windows(2).any(differ) && !frames.iter().any(of_samples);
    is_stream.then_some(kind)
}

/// Frames of the kind of the first one, each where the one before it ends.
struct Frames<'a> {
    bytes: &'a [u8],
    at: usize,
    first: Frame,
}

impl<'a> Iterator for Frames<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.bytes.get(self.at..).filter(|rest| rest.len() >= HEADER)?;
        let next = frame(rest)?;
        let fits = next.kind == self.first.kind && next.constant == self.first.constant;
        self.at += if fits { next.len } else { 0 };
        fits.then(|| &rest[..next.len.min(rest.len())])
    }
}

/// Sample rates of ADTS by their index.
pub(super) const ADTS_RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

fn adts(bytes: &[u8]) -> Option<Frame> {
    let [_, b, c, d, e, f, ..] = *bytes else { return None };
    let rate = usize::from(c >> 2 & 15);
    let len = usize::from(d & 3) << 11 | usize::from(e) << 3 | usize::from(f >> 5);
    let header = if b & 1 == 1 { 7 } else { 9 };
    // Version, layer, checksum, profile, rate, channels.
    let constant = u32::from_be_bytes([0, b, c & 0xfd, d & 0xc0]);
    (rate < ADTS_RATES.len() && len > header).then_some(Frame { kind: Kind::Adts, len, constant })
}

/// Bits a second, by version, layer and index, in thousands.
const V1_L1: [u32; 15] = [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448];
const V1_L2: [u32; 15] = [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384];
const V1_L3: [u32; 15] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const V2_L1: [u32; 15] = [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256];
const V2_L23: [u32; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];

/// Version (1, or 2 with its extension), layer, sample rate, index of the bit rate, padding of a header.
fn mpeg_header(bytes: &[u8]) -> Option<(u8, u8, u32, usize, usize)> {
    let [_, b, c, _, ..] = *bytes else { return None };
    let rate = *[44_100, 48_000, 32_000].get(usize::from(c >> 2 & 3))?;
    let (version, rate) = match b >> 3 & 3 {
        3 => (1, rate),
        2 => (2, rate / 2),
        0 => (2, rate / 4),
        _ => return None,
    };
    let layer = 4 - (b >> 1 & 3);
    (layer < 4).then_some((version, layer, rate, usize::from(c >> 4), usize::from(c >> 1 & 1)))
}

fn bit_rates(header: &[u8]) -> Option<[u32; 15]> {
    let (version, layer, ..) = mpeg_header(header)?;
    Some(match (version, layer) {
        (1, 1) => V1_L1,
        (1, 2) => V1_L2,
        (1, _) => V1_L3,
        (_, 1) => V2_L1,
        _ => V2_L23,
    })
}

fn mpeg(bytes: &[u8]) -> Option<Frame> {
    let (version, layer, rate, index, padding) = mpeg_header(bytes)?;
    let bits = 1_000 * bit_rates(bytes)?.get(index).filter(|&&bits| bits > 0)?;
    let len = match (version, layer) {
        (_, 1) => 4 * ((12 * bits / rate) as usize + padding),
        (2, 3) => (72 * bits / rate) as usize + padding,
        _ => (144 * bits / rate) as usize + padding,
    };
    let constant = u32::from_be_bytes([0, bytes[1], bytes[2] & 0x0c, 0]);
    Some(Frame { kind: Kind::Mpeg, len, constant })
}

/// The stream of MPEG audio that `bytes` begin with, in words.
pub(super) fn words(bytes: &[u8]) -> Option<String> {
    run(bytes, 0).filter(|kind| *kind == Kind::Mpeg)?;
    let (_, layer, rate, index, _) = mpeg_header(bytes)?;
    let rates = bit_rates(bytes)?;
    let bits = rates.get(index)?;
    let mode = if bytes.get(3)? >> 6 == 3 { "mono" } else { "stereo" };
    Some(format!("MPEG audio layer {layer} at {bits} kbit/s and {rate} Hz in {mode}"))
}

/// Are `bytes` MPEG audio whose bit rate is no number of the table ("free format")? Its frames have one length, which
/// is found by the distance of their headers.
pub(super) fn is_free_format(bytes: &[u8]) -> bool {
    let is_header = |at: usize| {
        bytes.get(at..at + 4).is_some_and(|head| {
            head[0] == 0xff
                && head[1] & 0xe0 == 0xe0
                && head[1] == bytes[1]
                && head[2] & 0xfc == bytes[2] & 0xfc
        })
    };
    let header = bytes.first_chunk::<4>().filter(|head| head[0] == 0xff && head[1] & 0xe0 == 0xe0);
    if header.and_then(|head| mpeg_header(head)).is_none_or(|(_, _, _, index, _)| index != 0) {
        return false;
    }
    let padded = |at: usize| (at..at + 2).find(|&at| is_header(at));
    (24..1_600).filter(|&len| is_header(len)).any(|len| {
        let step =
            |at: usize| padded(at + len).or_else(|| Some(at + len - 1).filter(|&at| is_header(at)));
        step(len).and_then(step).is_some()
    })
}

fn ac3(bytes: &[u8]) -> Option<Frame> {
    let [_, _, c, d, rate, id, ..] = *bytes else { return None };
    let (kind, len) = match id >> 3 {
        ..=10 => (Kind::Ac3, ac3_len(rate)?),
        11..=16 => (Kind::Eac3, 2 * ((usize::from(c & 7) << 8 | usize::from(d)) + 1)),
        _ => return None,
    };
    Some(Frame { kind, len, constant: u32::from_be_bytes([0, 0, rate & 0xc0, id & 0xf8]) })
}

/// Bytes in an AC-3 frame, by the byte that holds sample rate and size.
fn ac3_len(byte: u8) -> Option<usize> {
    const KBPS: [usize; 19] =
        [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640];
    let code = usize::from(byte & 0x3f);
    let kbps = *KBPS.get(code / 2)?;
    match byte >> 6 {
        0 => Some(4 * kbps),
        1 => Some(2 * (kbps * 96_000 / 44_100 + code % 2)),
        2 => Some(6 * kbps),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames with this header, `len` bytes each, filled with other bytes.
    fn stream(header: &[u8], len: usize, count: usize) -> Vec<u8> {
        let mut frame = header.to_vec();
        frame.extend((0..len - header.len()).map(|i| (i * 7 % 251) as u8));
        frame.repeat(count)
    }

    #[test]
    fn streams_are_known_by_frames_in_a_row() {
        let mp3 = stream(&[0xff, 0xfb, 0x90, 0x64], 417, 8);
        assert_eq!(run(&mp3, 0), Some(Kind::Mpeg));
        assert_eq!(run(&mp3, 417), Some(Kind::Mpeg));
        assert_eq!(run(&mp3, 1), None);
        assert_eq!(run(&mp3[..417 * 3], 0), Some(Kind::Mpeg));
        assert_eq!(run(&mp3[..417 * 2], 0), None);
        let adts = stream(&[0xff, 0xf1, 0x50, 0x80, 0x2e, 0x9f, 0xfc], 372, 8);
        assert_eq!(run(&adts, 0), Some(Kind::Adts));
        let ac3 = stream(&[0x0b, 0x77, 0, 0, 20, 0x40], 768, 8);
        assert_eq!(run(&ac3, 0), Some(Kind::Ac3));
        let eac3 = stream(&[0x0b, 0x77, 0x01, 0x7f, 0x3f, 0x80], 768, 8);
        assert_eq!(run(&eac3, 0), Some(Kind::Eac3));
    }

    #[test]
    fn samples_that_repeat_are_no_stream() {
        // 48 kHz and 128 kbit/s: 384 bytes, a multiple of four, and the period of 500 Hz in 16-bit stereo.
        let constant = [0xff, 0xfb, 0x94, 0x64].repeat(1_000);
        let tone = stream(&[0xff, 0xfb, 0x94, 0x64], 384, 40);
        for samples in [&constant[..], &tone, &[0xff; 9_000], &[0; 9_000], b""] {
            assert_eq!(run_among_samples(samples, 0), None);
        }
        let mut song = tone.clone();
        song[384 * 9 + 100] ^= 1;
        assert_eq!(run_among_samples(&song, 0), Some(Kind::Mpeg));
    }

    #[test]
    fn free_format_is_told_by_the_distance_of_headers() {
        let header = [0xff, 0xfb, 0x00, 0x64];
        assert!(is_free_format(&stream(&header, 1_000, 5)));
        assert!(!is_free_format(&stream(&[0xff, 0xfb, 0x90, 0x64], 417, 8)));
        assert!(!is_free_format(&stream(&header, 1_000, 2)));
        assert!(!is_free_format(b""));
    }
}
